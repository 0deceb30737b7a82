"""Picture files: one, or a folder or archive of them sorted by class."""

from __future__ import annotations

import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from minigrad._check import DataError

__all__ = ["read_image", "read_images"]

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp", ".gif")


def read_image(path: str | os.PathLike[str], *, mode: str = "RGB") -> np.ndarray:
    """Read a picture file.

    Parameters
    ----------
    path : path
        In any format that Pillow reads.
    mode : {"RGB", "L"}
        In colours or in grey.

    Returns
    -------
    ndarray of shape (height, width, 3) or (height, width)
        uint8.

    Raises
    ------
    DataError
        If the file is missing or is not a whole picture.
    """
    where = os.fsdecode(path)
    try:
        return _decode(Path(where).read_bytes(), where, mode)
    except FileNotFoundError:
        raise DataError(f"{where}: there is no such file; check the path") from None
    except OSError as error:
        raise DataError(f"{where}: cannot be read ({error.strerror}); check the path and its permissions") from None


def _decode(data: bytes, where: str, mode: str) -> np.ndarray:
    """Return the pixels of a picture in a format that Pillow reads."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture.convert(mode))
    except UnidentifiedImageError:
        raise DataError(f"{where}: is not a picture in a known format") from None
    except (OSError, SyntaxError, ValueError, EOFError, zlib.error, Image.DecompressionBombError) as error:
        raise DataError(f"{where}: the picture is damaged or cut short ({error})") from None


def read_images(
    path: str | os.PathLike[str], *, prefix: str = "", mode: str = "RGB"
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Read a folder or archive of pictures of one size, a folder within per class.

    Parameters
    ----------
    path : path
        A folder, or a tar (plain, gz, bz2 or xz) or zip archive, in which ``prefix/CLASS/NAME`` are pictures.
    prefix : str, default ""
        Only what lies below this, as in ``"train"``.
    mode : {"RGB", "L"}
        In colours or in grey.

    Returns
    -------
    images : ndarray of shape (n, height, width, 3) or (n, height, width)
        uint8, in the order of the classes' and files' names.
    labels : ndarray of shape (n,)
        int64, an index into `classes`.
    classes : tuple of str
        The folders' names, sorted.

    Raises
    ------
    DataError
        If there is no picture, one cannot be read, or they differ in size.
    """
    where = os.fsdecode(path)
    head = PurePosixPath(prefix).parts
    found: list[tuple[str, str, np.ndarray]] = []
    for name, data in _members(where, head):
        parts = PurePosixPath(name).parts
        # An archive may hold everything in a folder of its own; a leading "./" is no part.
        at = len(parts) - 2 - len(head)
        if at in (0, 1) and parts[at : at + len(head)] == head and name.lower().endswith(_SUFFIXES):
            found.append((parts[-2], parts[-1], _decode(data, f"{where}: {name}", mode)))
    if not found:
        below = f" below {prefix}/" if prefix else ""
        raise DataError(f"{where}: holds no pictures sorted by class{below} (CLASS/NAME.jpg or the like)")
    found.sort(key=lambda item: item[:2])
    shape = found[0][2].shape
    for kind, name, image in found:
        if image.shape != shape:
            raise DataError(f"{where}: pictures must have one size; {kind}/{name} is {image.shape}, the first {shape}")
    classes = tuple(sorted({kind for kind, _, _ in found}))
    numbers = {kind: i for i, kind in enumerate(classes)}
    labels = np.array([numbers[kind] for kind, _, _ in found], dtype=np.int64)
    return np.stack([image for _, _, image in found]), labels, classes


def _members(where: str, head: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of the files in a folder or archive."""
    path = Path(where)
    try:
        if path.is_dir():
            for file in sorted(path.joinpath(*head).glob("*/*")):
                if file.is_file():
                    yield file.relative_to(path).as_posix(), file.read_bytes()
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as pack:
                for name in pack.namelist():
                    if not name.endswith("/"):
                        yield name, pack.read(name)
        else:
            yield from _tar_members(path, head)
    except FileNotFoundError:
        raise DataError(f"{where}: there is no such file or folder; check the path") from None
    except tarfile.ReadError:
        raise DataError(f"{where}: is not a whole tar or zip archive, nor a folder; fetch it again") from None
    except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, EOFError, zlib.error) as error:
        raise DataError(f"{where}: the archive is damaged or cut short ({error}); fetch it again") from None
    except OSError as error:
        raise DataError(f"{where}: cannot be read ({error.strerror or error}); check the path") from None


def _tar_members(path: Path, head: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path, "r:*") as pack:
        for member in pack:
            if member.isfile() and (not head or set(head) <= set(PurePosixPath(member.name).parts)):
                stream = pack.extractfile(member)
                if stream is not None:
                    yield member.name, stream.read()
