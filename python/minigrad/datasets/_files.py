"""Find the files of a data set: the user's folder, the cache, or its public home."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from minigrad._check import DataError, choice
from minigrad.datasets._dataset import Progress

__all__ = ["HOMES", "Home", "RemoteFile", "fetch"]


@dataclass(frozen=True)
class RemoteFile:
    """One file as its publishers know it."""

    size: int  # bytes
    sha256: str


@dataclass(frozen=True)
class Home:
    """Where a data set lives: equivalent folders to download from, and its files."""

    mirrors: tuple[str, ...]
    files: dict[str, RemoteFile]
    alternative: str  # what runs without any download
    archive: str = ""  # the zip file that the mirrors pack the files in


HOMES = {
    "mnist": Home(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ),
        files={
            "train-images-idx3-ubyte.gz": RemoteFile(
                9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            ),
            "train-labels-idx1-ubyte.gz": RemoteFile(
                28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            ),
            "t10k-images-idx3-ubyte.gz": RemoteFile(
                1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            ),
            "t10k-labels-idx1-ubyte.gz": RemoteFile(
                4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            ),
        },
        alternative="the generated 'digits'",
    ),
    "fashion-mnist": Home(
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        files={
            "train-images-idx3-ubyte.gz": RemoteFile(
                26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
            ),
            "train-labels-idx1-ubyte.gz": RemoteFile(
                29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
            ),
            "t10k-images-idx3-ubyte.gz": RemoteFile(
                4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
            ),
            "t10k-labels-idx1-ubyte.gz": RemoteFile(
                5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
            ),
        },
        alternative="the generated 'digits'",
    ),
    "cifar10": Home(
        mirrors=("https://www.cs.toronto.edu/~kriz/",),
        files={
            "cifar-10-binary.tar.gz": RemoteFile(
                170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
            ),
        },
        alternative="the generated 'digits'",
    ),
    "movielens-100k": Home(
        mirrors=("https://files.grouplens.org/datasets/movielens/",),
        files={
            "u.data": RemoteFile(1979173, "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"),
            "u.item": RemoteFile(236344, "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701"),
            "u1.test": RemoteFile(392629, "18c6014a4b2c7324f250a63f8904a7b16b2b19f911129e346141507b0cbac950"),
            "u2.test": RemoteFile(395225, "4de658d1e04ed9104629509a2e2528fce833ac8e048280183f1df167632038c3"),
            "u3.test": RemoteFile(396627, "0f548b51c78327de4c156461d3e430b7e5579fe2b5681586a59416e48fd35f6d"),
            "u4.test": RemoteFile(397295, "7c02ad0a1e7ab1083c8b9d4b627203a051dd7b5eab46d99fa44de33470de8db9"),
            "u5.test": RemoteFile(397397, "351cc52e0d15b6c721466276fc24671d40936899e3d01fadeaf312915b8c5634"),
        },
        alternative="the generated 'synthetic-ratings'",
        archive="ml-100k.zip",
    ),
    "movielens-latest-small": Home(
        mirrors=("https://files.grouplens.org/datasets/movielens/",),
        files={
            "ratings.csv": RemoteFile(2483723, "aa289ca83157595d0df6aea1be6a4ded676ddc4385472e8313a8ed9805352646"),
            "movies.csv": RemoteFile(494431, "5a5f32dd9bb3797b8e728a1b98958789d2b13f294a69fdfbc5727f8a9611aa07"),
        },
        alternative="the generated 'synthetic-ratings'",
        archive="ml-latest-small.zip",
    ),
}

_TIMEOUT = 20.0  # seconds without a byte before the next mirror is tried


def fetch(name: str, file: str, progress: Progress | None = None, *, download: bool = True) -> Path:
    """Return the path of a data set's file, downloading it if it is nowhere yet.

    Looks in ``$MINIGRAD_DATA/<name>/``, then in the cache (``$MINIGRAD_CACHE/<name>/``, or the
    platform's cache folder), then downloads into the cache. Whichever is found has its SHA-256
    checked; a download appears under its name only when it is complete and right.

    Parameters
    ----------
    name : str
        A data set that consists of files: ``"mnist"``, ``"fashion-mnist"``, ``"cifar10"``, ``"movielens-100k"`` or
        ``"movielens-latest-small"``.
    file : str
        The name of one of its files.
    progress : callable, optional
        Called as ``progress(file, received, total)`` while a download runs, in bytes; `total` is 0
        if the server does not tell.
    download : bool, default True
        Whether to go to the network for a file that is not at hand.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        If the file is damaged, or is missing and cannot be downloaded. The message says which file to
        fetch, where to put it, and what works without it.
    ValueError
        If `name` or `file` is unknown.
    """
    home = HOMES[choice(name, "fetch", "name", tuple(HOMES))]
    remote = home.files[choice(file, "fetch", "file", tuple(home.files))]
    folder = os.environ.get("MINIGRAD_DATA")
    if folder and (Path(folder) / name / file).is_file():
        path = Path(folder) / name / file
        problem = _damage(path, remote)
        if problem:
            raise DataError(f"{path}: {problem}; replace it by {_address(home, file)}")
        return path
    path = _cache() / name / file
    if path.is_file() and not _damage(path, remote):
        return path
    if not download:
        raise DataError(f"{name}: {file} is missing; {_remedy(home, name, file)}")
    _download(home, name, file, path, progress)
    return path


def _address(home: Home, file: str) -> str:
    """Say where a file comes from."""
    return f"{file} in {home.mirrors[0]}{home.archive}" if home.archive else f"{home.mirrors[0]}{file}"


def _remedy(home: Home, name: str, file: str) -> str:
    """Say what to fetch for a missing file, with its size, where to put it, and what else is missing."""
    data = os.environ.get("MINIGRAD_DATA")
    folders = ([Path(data) / name] if data else []) + [_cache() / name]
    others = [other for other in home.files if other != file and not any((at / other).is_file() for at in folders)]
    also = f" with {', '.join(f'{other} ({home.files[other].size:,} bytes)' for other in others)}" if others else ""
    return (
        f"fetch {_address(home, file)} ({home.files[file].size:,} bytes) and put it into "
        f"{' or '.join(map(str, folders))}{also}"
    )


def _unpack(home: Home, archive: Path, folder: Path) -> str:
    """Move the files of a home out of its archive into `folder`; return what is wrong, nothing if all are right."""
    try:
        with zipfile.ZipFile(archive) as pack:
            members = {info.filename.rpartition("/")[2]: info for info in pack.infolist()}
            for file, remote in home.files.items():
                # Only what is expected is unpacked, and never more of it than is expected.
                info = members.get(file)
                if info is None or info.file_size != remote.size:
                    return f"without the {file} that was published"
                part = archive.with_name(file)
                part.write_bytes(pack.read(info))
                damage = _damage(part, remote)
                if damage:
                    return f"with {file} {damage}"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        return f"damaged ({error})"
    for file in home.files:
        os.replace(archive.with_name(file), folder / file)
    return ""


def _cache() -> Path:
    """Return the folder under which downloads are kept."""
    folder = os.environ.get("MINIGRAD_CACHE")
    if folder:
        return Path(folder)
    import pooch  # slow to import, and not needed where the files are at hand

    return Path(pooch.os_cache("minigrad"))


def _damage(path: Path, remote: RemoteFile) -> str:
    """Return what is wrong with a file; nothing if it is the one that was published."""
    try:
        size = path.stat().st_size
        if size != remote.size:
            return f"{'truncated' if size < remote.size else 'damaged'} ({size} bytes instead of {remote.size})"
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if digest != remote.sha256:
        return f"damaged (its SHA-256 begins {digest[:8]} instead of {remote.sha256[:8]})"
    return ""


class _ProgressBar:
    """What pooch's downloader expects of a progress bar, handing on to a callback."""

    def __init__(self, file: str, progress: Progress) -> None:
        self.total = 0  # set by the downloader
        self._file = file
        self._progress = progress
        self._received = 0

    def update(self, count: int) -> None:
        self._received += count
        if self.total:
            self._received = min(self._received, self.total)  # it counts the last chunk as a full one
        self._progress(self._file, self._received, self.total)

    def reset(self) -> None:
        self._received = 0

    def close(self) -> None:
        pass


def _download(home: Home, name: str, file: str, path: Path, progress: Progress | None) -> None:
    """Download a file from the first mirror that has it, complete and right."""
    import pooch

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=path.parent, prefix=".download-")
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror}); set MINIGRAD_CACHE to another folder") from None
    problem = ""
    with folder:
        arrival = Path(folder.name) / (home.archive or file)
        for mirror in home.mirrors:
            download = pooch.HTTPDownloader(
                progressbar=False if progress is None else _ProgressBar(file, progress),
                chunk_size=1 << 16,
                timeout=_TIMEOUT,
                headers={"Accept-Encoding": "identity"},  # the .gz itself, not its contents
            )
            try:
                download(f"{mirror}{arrival.name}", str(arrival), None)
            except OSError as error:  # what every failure of requests is
                problem = problem or f"cannot be downloaded ({type(error).__name__})"
                continue
            damage = _unpack(home, arrival, path.parent) if home.archive else _damage(arrival, home.files[file])
            if not damage:
                if not home.archive:
                    os.replace(arrival, path)
                return
            problem = f"arrived {damage}"
    raise DataError(f"{name}: {file} is missing and {problem}; {_remedy(home, name, file)}, or use {home.alternative}")
