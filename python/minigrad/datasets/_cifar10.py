"""CIFAR-10: 60,000 photographs of 32 by 32 pixels, from whatever form of it is at hand."""

from __future__ import annotations

import os
import tarfile
import zlib
from pathlib import Path

import numpy as np

from minigrad._check import DataError, choice
from minigrad.datasets._dataset import Dataset, Progress
from minigrad.datasets._files import fetch
from minigrad.datasets._idx import _unpack
from minigrad.datasets._images import read_images
from minigrad.datasets._mnist import pixel_names

__all__ = ["load_cifar10", "read_cifar10_batch"]

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_RECORD = 1 + 3 * 32 * 32
_ARCHIVE = "cifar-10-binary.tar.gz"
_BATCHES = {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)}
_COUNTS = {"train": 50_000, "test": 10_000}
_PACKED = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


def read_cifar10_batch(path: str | os.PathLike[str]) -> tuple[np.ndarray, np.ndarray]:
    """Read a file of CIFAR-10's binary format, plain or packed by gzip.

    Parameters
    ----------
    path : path

    Returns
    -------
    images : ndarray of shape (n, 32, 32, 3)
        uint8.
    labels : ndarray of shape (n,)
        int64, from 0 to 9.

    Raises
    ------
    DataError
        If the file is missing, damaged, not a whole number of records long, or has a label above 9.

    Notes
    -----
    A record has 3,073 bytes: the label, then the red, the green and the blue values, each row by row
    (Krizhevsky 2009).
    """
    where = os.fsdecode(path)
    try:
        data = Path(where).read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = _unpack(data)
    except FileNotFoundError:
        raise DataError(f"{where}: there is no such file; check the path") from None
    except zlib.error as error:
        raise DataError(f"{where}: the gzip file is damaged or cut short ({error}); fetch it again") from None
    except OSError as error:
        raise DataError(f"{where}: cannot be read ({error.strerror}); check the path and its permissions") from None
    return _parse(data, where)


def _parse(data: bytes, where: str) -> tuple[np.ndarray, np.ndarray]:
    if not data or len(data) % _RECORD:
        raise DataError(
            f"{where}: must hold records of {_RECORD} bytes; got {len(data)} bytes, {len(data) % _RECORD} too many"
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, _RECORD)
    labels = records[:, 0].astype(np.int64)
    if labels.max() >= len(CLASSES):
        bad = int(np.argmax(labels >= len(CLASSES)))
        raise DataError(f"{where}: labels must be from 0 to 9; got {labels[bad]} in record {bad + 1}")
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels


def load_cifar10(
    split: str = "train",
    *,
    path: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    download: bool = True,
) -> Dataset:
    """Return CIFAR-10: 50,000 training or 10,000 test photographs of ten kinds of things.

    Parameters
    ----------
    split : {"train", "test"}
    path : path, optional
        A folder with the binary batches, the archive of these, or an archive or folder of pictures
        (``train/CLASS/NAME.jpg``); or a folder with one of these in it. By default
        ``$MINIGRAD_DATA/cifar10``, and if there is none of them, the published archive (`fetch`).
    progress : callable, optional
        See `fetch`.
    download : bool, default True
        Whether to go to the network if nothing is at hand.

    Returns
    -------
    Dataset
        ``images`` are uint8 (n, 32, 32, 3); ``data`` is uint8 (n, 3072), the same memory.

    Raises
    ------
    DataError
        If what is found is damaged or incomplete, or nothing is found and it cannot be downloaded.

    Notes
    -----
    JPEG pictures differ from the original pixels by the losses of that format.

    References
    ----------
    A. Krizhevsky (2009), "Learning multiple layers of features from tiny images", University of Toronto.
    """
    choice(split, "load('cifar10')", "split", tuple(_COUNTS))
    folder = os.environ.get("MINIGRAD_DATA")
    source = Path(path) if path is not None else _found(Path(folder) / "cifar10") if folder else None
    if path is not None and source is not None:
        source = _found(source) or source
    if source is None:
        source = fetch("cifar10", _ARCHIVE, progress, download=download)
    images, labels = _read(source, split)
    if len(images) != _COUNTS[split]:
        raise DataError(f"{source}: must hold {_COUNTS[split]} {split} images; got {len(images)}")
    return Dataset(
        name="cifar10",
        data=images.reshape(len(images), -1),
        target=labels,
        feature_names=tuple(f"{name} {c}" for name in pixel_names(32, 32) for c in ("red", "green", "blue")),
        target_names=CLASSES,
        description=f"CIFAR-10: {len(images)} photographs, the {split} set (Krizhevsky)",
        source=str(source),
        images=images,
    )


def _found(folder: Path) -> Path | None:
    """Return what in a folder, or the folder itself, is a form of CIFAR-10; the exact pixels first."""
    if not folder.is_dir():
        return folder if folder.is_file() else None
    for place in (folder, folder / "cifar-10-batches-bin"):
        if (place / "test_batch.bin").is_file():
            return place
    for file in (folder / _ARCHIVE, *sorted(folder.glob("cifar*10*"))):
        if file.is_file() and file.name.endswith(_PACKED):
            return file
    return folder if (folder / "train").is_dir() else None


def _read(source: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    if source.is_dir() and (source / "test_batch.bin").is_file():
        parts = [read_cifar10_batch(source / name) for name in _BATCHES[split]]
        return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])
    if source.is_file() and source.name.endswith((".tar.gz", ".tgz")):
        packed = _read_archive(source, split)
        if packed is not None:
            return packed
    images, labels, classes = read_images(source, prefix=split)
    if classes != CLASSES or images.shape[1:] != (32, 32, 3):
        raise DataError(
            f"{source}: must hold pictures of (32, 32) in the ten folders {', '.join(CLASSES)}; "
            f"got {images.shape[1:3]} in {', '.join(classes)}"
        )
    return images, labels


def _read_archive(path: Path, split: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Read the binary batches out of an archive; None if it holds none."""
    parts = {}
    try:
        with tarfile.open(path, "r:gz") as pack:
            for member in pack:
                name = member.name.rpartition("/")[2]
                stream = pack.extractfile(member) if name in _BATCHES[split] else None
                if stream is not None:
                    parts[name] = _parse(stream.read(), f"{path}: {member.name}")
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DataError(f"{path}: the archive is damaged or cut short ({error}); fetch it again") from None
    if not parts:
        return None
    for name in _BATCHES[split]:
        if name not in parts:
            raise DataError(f"{path}: {name} is missing; fetch the archive again")
    ordered = [parts[name] for name in _BATCHES[split]]
    return np.concatenate([images for images, _ in ordered]), np.concatenate([labels for _, labels in ordered])
