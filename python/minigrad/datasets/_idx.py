"""Read the IDX format, in which MNIST and its relatives are published."""

from __future__ import annotations

import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from minigrad._check import DataError

__all__ = ["read_idx"]


def _unpack(data: bytes) -> bytes:
    """Return the contents of a gzip file of one member.

    The length that stands at its end makes room in one step, which saves a quarter of the
    time; it is not trusted beyond what deflate can expand to.
    """
    length = int.from_bytes(data[-4:], "little")
    return zlib.decompress(data, wbits=31, bufsize=max(1, min(length, 1032 * len(data))))


def read_idx(path: str | os.PathLike[str], *, ndim: int | None = None) -> np.ndarray:
    """Read an array of bytes from an IDX file, plain or packed by gzip.

    Parameters
    ----------
    path : path
    ndim : int, optional
        The number of dimensions it must have.

    Returns
    -------
    ndarray
        uint8, of the shape that the file states; read-only.

    Raises
    ------
    DataError
        If the file is missing, its gzip stream damaged or cut short, its magic number not that of
        an IDX file of unsigned bytes (of `ndim` dimensions), or its length not what its header says.

    Notes
    -----
    Two zero bytes, the element type (8: unsigned bytes), the number of dimensions, each
    size as a big-endian 32-bit integer, then the elements in row-major order (LeCun,
    Cortes & Burges, *The MNIST database of handwritten digits*).
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
    expected = "0x0000080?" if ndim is None else f"0x{0x800 + ndim:08x}"
    if len(data) < 4 or data[:3] != b"\0\0\x08" or (ndim is not None and data[3] != ndim):
        got = f"0x{data[:4].hex()}" if data else "nothing"
        raise DataError(f"{where}: is not the IDX file expected (it begins with {got} instead of {expected})")
    start = 4 + 4 * data[3]
    if len(data) < start:
        raise DataError(f"{where}: is cut short in its header; fetch it again")
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    wanted = start + math.prod(shape)
    if len(data) != wanted:
        sizes = " x ".join(map(str, shape))
        raise DataError(f"{where}: holds {len(data)} bytes, but {sizes} elements need {wanted}; fetch it again")
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)
