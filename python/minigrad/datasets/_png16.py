"""PNG with 16 bits for each of several channels, which Pillow reads and writes as 8."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from minigrad.image import undo_row_filters

__all__ = ["decode_png16", "encode_png16", "is_png16"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 4: 2, 6: 4}  # by the header's colour type
_TYPES = {channels: type_ for type_, channels in _CHANNELS.items()}
# Adam7: first row, first column, and the steps of both, of each pass.
_PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
_BAND = 256  # rows filtered together


def is_png16(data: bytes) -> bool:
    """Whether a file begins as a PNG of several channels of 16 bits."""
    return data[:8] == _SIGNATURE and data[12:16] == b"IHDR" and data[24:25] == b"\x10" and data[25] in _CHANNELS


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and contents of each chunk up to the end's."""
    at = len(_SIGNATURE)
    while True:
        head = data[at : at + 8]
        if len(head) < 8:
            raise ValueError("it ends before its last chunk")
        (size,), name = struct.unpack(">I", head[:4]), head[4:]
        contents, check = data[at + 8 : at + 8 + size], data[at + 8 + size : at + 12 + size]
        if len(check) < 4:
            raise ValueError(f"the chunk {name!r} is cut short")
        if zlib.crc32(contents, zlib.crc32(name)) != struct.unpack(">I", check)[0]:
            raise ValueError(f"the chunk {name!r} has another checksum than its contents")
        if name == b"IEND":
            return
        yield name, contents
        at += 12 + size


def decode_png16(data: bytes) -> np.ndarray:
    """Return the pixels, uint16 (height, width, channels); a colour marked as clear makes a fourth channel.

    Raises
    ------
    ValueError
        If the file is damaged or cut short.
    """
    packed, head, clear = [], b"", b""
    for name, contents in _chunks(data):
        if name == b"IHDR":
            head = contents
        elif name == b"IDAT":
            packed.append(contents)
        elif name == b"tRNS":
            clear = contents
    if len(head) != 13:
        raise ValueError("its header is damaged")
    width, height, depth, type_, compression, filters, interlaced = struct.unpack(">IIBBBBB", head)
    if (depth, compression, filters) != (16, 0, 0) or type_ not in _CHANNELS or interlaced > 1:
        raise ValueError("its header is damaged")
    channels = _CHANNELS[type_]
    grids = [
        (row, column, down, right, -((row - height) // down), -((column - width) // right))
        for row, column, down, right in (_PASSES if interlaced else ((0, 0, 1, 1),))
        if row < height and column < width
    ]
    sizes = [rows * (1 + 2 * channels * columns) for *_, rows, columns in grids]
    raw = zlib.decompressobj().decompress(b"".join(packed), sum(sizes))
    if len(raw) < sum(sizes):
        raise ValueError(f"it holds {len(raw)} of {sum(sizes)} bytes")
    pixels, at = np.empty((height, width, channels), np.uint16), 0
    for (row, column, down, right, rows, columns), size in zip(grids, sizes, strict=True):
        filtered = np.frombuffer(raw, np.uint8, size, at).reshape(rows, -1)
        part = np.ascontiguousarray(undo_row_filters(filtered, 2 * channels)).view(">u2")
        pixels[row::down, column::right] = part.reshape(rows, columns, channels)
        at += size
    if type_ == 2 and len(clear) == 6:
        seen = (pixels != np.frombuffer(clear, ">u2")).any(axis=2, keepdims=True)
        pixels = np.concatenate([pixels, np.where(seen, np.uint16(65535), np.uint16(0))], axis=2)
    return pixels


def encode_png16(pixels: np.ndarray, profile: bytes | None = None) -> bytes:
    """Return a PNG of pixels, uint16 (height, width, 2 to 4 channels), with an ICC profile if there is one."""
    height, width, channels = pixels.shape
    packer, packed = zlib.compressobj(6), []
    rows = np.ascontiguousarray(pixels.astype(">u2")).view(np.uint8).reshape(height, -1)
    for top in range(0, height, _BAND):
        packed.append(packer.compress(_filtered(rows, top, min(top + _BAND, height), 2 * channels).tobytes()))
    packed.append(packer.flush())
    head = struct.pack(">IIBBBBB", width, height, 16, _TYPES[channels], 0, 0, 0)
    named = [] if profile is None else [(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))]
    chunks = [(b"IHDR", head), *named, (b"IDAT", b"".join(packed)), (b"IEND", b"")]
    written = [
        struct.pack(">I", len(contents)) + name + contents + struct.pack(">I", zlib.crc32(contents, zlib.crc32(name)))
        for name, contents in chunks
    ]
    return _SIGNATURE + b"".join(written)


def _filtered(rows: np.ndarray, first: int, last: int, step: int) -> np.ndarray:
    """Return rows with the filter, of none, left and above, whose bytes are the smallest."""
    here = rows[first:last]
    left, above = np.zeros_like(here), np.zeros_like(here)
    left[:, step:] = here[:, :-step]
    above[1:] = here[:-1]
    if first > 0:
        above[0] = rows[first - 1]
    tried = [here, here - left, here - above]  # modulo 256
    sizes = np.stack([np.abs(t.view(np.int8).astype(np.int16)).sum(axis=1) for t in tried])
    best = sizes.argmin(axis=0)
    output = np.empty((len(here), 1 + here.shape[1]), np.uint8)
    output[:, 0] = best
    for number, values in enumerate(tried):
        output[best == number, 1:] = values[best == number]
    return output
