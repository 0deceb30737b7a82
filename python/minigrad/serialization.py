"""Files written whole or not at all, and named arrays in the safetensors format.

A reader of a path written here sees the old file or the new one, never a part: the bytes go
to a temporary name in the same folder, reach the disk, and are renamed over the target.

The safetensors format holds named arrays, and nothing that runs: eight bytes give the length
of the header, a JSON object from names to ``{"dtype", "shape", "data_offsets"}``; the arrays follow, one
after the other without gaps, little-endian and row-major.

This knows arrays only; tensors and what holds them are kept by `minigrad.storage`.
"""

from __future__ import annotations

import errno
import json
import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minigrad._check import DataError

__all__ = ["check_target", "read_safetensors", "write_atomically", "write_safetensors"]

_DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_LONGEST_HEADER = 100_000_000  # bytes, the format's own limit


def check_target(path: str | os.PathLike[str]) -> None:
    """Refuse a path that nothing could be written to, before the work whose result belongs there.

    Parameters
    ----------
    path : path-like

    Raises
    ------
    DataError
        If its folder is missing or may not be written to, or the path is not a regular file.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        # Renaming over a device or a folder would replace or shadow it.
        raise DataError(f"cannot write {path}: it is not a regular file; choose another path")
    if not target.parent.is_dir():
        raise DataError(f"cannot write {path}: {os.strerror(errno.ENOENT)}; choose another path")
    if not os.access(target.parent, os.W_OK):
        raise DataError(f"cannot write {path}: {os.strerror(errno.EACCES)}; choose another path")


def write_atomically(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write `data` to `path` so that a failure leaves the file that was there.

    A symbolic link is followed, so that what it points to is replaced and not the link.

    Parameters
    ----------
    path : path-like
        The file to write. Its folder must exist.
    data : bytes
        The whole content.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    DataError
        If the folder is missing, the target is not a regular file, or the system refuses
        (no permission, disk full); the message says which, and the earlier file is intact.
    """
    path = Path(path)
    check_target(path)
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        try:
            with open(temporary, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            if target.exists():
                os.chmod(temporary, target.stat().st_mode & 0o7777)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        kept = " (the earlier file is unchanged)" if target.exists() else ""
        reason = error.strerror or str(error)
        raise DataError(f"cannot write {path}: {reason}{kept}; choose another path") from error
    return path


def pack(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """Return the bytes of a safetensors file.

    Parameters
    ----------
    arrays : mapping of str to ndarray
    metadata : mapping of str to str, optional

    Returns
    -------
    bytes

    Raises
    ------
    TypeError
        If a name or a piece of metadata is not a string, or the format has no such element type.
    """
    header: dict[str, Any] = {}
    if metadata:
        for key, text in metadata.items():
            if not isinstance(key, str) or not isinstance(text, str):
                raise TypeError(f"write_safetensors: metadata must map strings to strings; got {key!r}: {text!r}")
        header["__metadata__"] = dict(metadata)
    # The widest elements first, so that every array begins at a multiple of its element's size.
    order = sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize)
    chunks, position = [], 0
    for name in order:
        array = arrays[name]
        dtype = array.dtype.newbyteorder("<")
        if not isinstance(name, str) or name == "__metadata__":
            raise TypeError(f"write_safetensors: a name must be a string other than '__metadata__'; got {name!r}")
        if dtype not in _NAMES:
            raise TypeError(f"write_safetensors: {name} must be of a numeric type; got dtype {array.dtype}")
        chunk = np.ascontiguousarray(array, dtype).tobytes()
        header[name] = {
            "dtype": _NAMES[dtype],
            "shape": list(array.shape),
            "data_offsets": [position, position + len(chunk)],
        }
        chunks.append(chunk)
        position += len(chunk)
    head = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    head += b" " * (-len(head) % 8)
    return b"".join([len(head).to_bytes(8, "little"), head, *chunks])


def write_safetensors(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
) -> Path:
    """Write named arrays to a safetensors file, atomically.

    Parameters
    ----------
    path : path
    arrays : mapping of str to ndarray
    metadata : mapping of str to str, optional

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    DataError
        If the file cannot be written; the earlier one is unchanged.
    TypeError
        If a name is not a string, or the format has no such element type.
    """
    return write_atomically(path, pack(arrays, metadata))


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read a safetensors file.

    Parameters
    ----------
    path : path

    Returns
    -------
    arrays : dict of str to ndarray
        Writable. bfloat16 elements come as float32.
    metadata : dict of str to str

    Raises
    ------
    DataError
        If the file is missing, or is not a whole and consistent file of the format.
    """
    return unpack(read_bytes(path), os.fsdecode(path))


def read_bytes(path: str | os.PathLike[str]) -> bytearray:
    """Return a file's content, in memory that arrays may change."""
    try:
        with open(path, "rb") as stream:
            data = bytearray(os.fstat(stream.fileno()).st_size)
            read = stream.readinto(data)
            return data[:read] + stream.read()
    except FileNotFoundError:
        raise DataError(f"{os.fsdecode(path)}: there is no such file; check the path") from None
    except OSError as error:
        raise DataError(f"{os.fsdecode(path)}: cannot be read ({error.strerror}); check the path") from None


def unpack(data: bytearray, where: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the arrays and metadata in the bytes of a safetensors file.

    Parameters
    ----------
    data : bytearray
        The arrays share its memory.
    where : str
        Names the file in messages.

    Returns
    -------
    arrays : dict of str to ndarray
    metadata : dict of str to str

    Raises
    ------
    DataError
        If it is not a whole and consistent file of the format.
    """
    header, start = _header(data, where)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise _damaged(where, "its metadata are not strings")
    arrays, spans = {}, []
    for name, entry in header.items():
        arrays[name], span = _array(data, start, name, entry, where)
        spans.append(span)
    position = 0
    for begin, end in sorted(spans):
        if begin != position:
            raise _damaged(where, "its arrays overlap or leave gaps")
        position = end
    if start + position != len(data):
        raise _damaged(where, f"it has {len(data)} bytes, and its header describes {start + position}")
    return arrays, metadata


def _damaged(where: str, why: str) -> DataError:
    return DataError(f"{where}: is damaged or not a safetensors file: {why}; restore it from a copy")


def _header(data: bytearray, where: str) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_LONGEST_HEADER, len(data) - 8):
        raise _damaged(where, f"it is cut short, or begins with something else ({bytes(data[:8])!r})")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a name appears twice")
        return dict(pairs)

    try:
        header = json.loads(data[8 : 8 + length].decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise _damaged(where, f"its header cannot be read ({error})") from None
    if not isinstance(header, dict):
        raise _damaged(where, "its header is not an object")
    return header, 8 + length


def _array(data: bytearray, start: int, name: str, entry: Any, where: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the array that an entry of the header describes, and where it lies."""
    try:
        kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        sound = all(type(n) is int and n >= 0 for n in (*shape, begin, end))
    except (TypeError, KeyError, ValueError):
        sound = False
    if not sound:
        raise _damaged(where, f"the entry of {name} is not complete")
    dtype = _DTYPES.get(kind) if kind != "BF16" else np.dtype("<u2")
    if dtype is None:
        raise DataError(f"{where}: {name} has elements of type {kind}; convert them to one that NumPy has")
    count = math.prod(shape)
    if end - begin != count * dtype.itemsize or start + end > len(data):
        raise _damaged(where, f"{name} of shape {shape} does not fit the bytes {begin} to {end}")
    array = np.frombuffer(data, dtype, count, start + begin) if count else np.empty(0, dtype)
    if kind == "BF16":
        array = (array.astype(np.uint32) << 16).view(np.float32)
    elif sys.byteorder == "big" or not array.flags.aligned:
        array = array.astype(dtype.newbyteorder("="))
    return array.reshape(shape), (begin, end)
