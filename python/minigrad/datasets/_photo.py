"""Photographs in files: read whole with what they are, and written in the format that a name asks for."""

from __future__ import annotations

import io
import os
import struct
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minigrad._check import DataError
from minigrad.datasets._png16 import decode_png16, encode_png16, is_png16

__all__ = ["Photo", "encode_photo", "read_photo"]

_LARGEST = 100_000_000  # pixels; a file of a few kilobytes can claim any number
_UPRIGHT = {  # EXIF's orientation: how the stored pixels become upright
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "mirrored upside down",
    5: "mirrored and turned",
    6: "turned by 90 degrees",
    7: "mirrored and turned",
    8: "turned by 270 degrees",
}
# The same, of an array: whether rows and columns change places, and which are then reversed.
_TURNS: dict[int, tuple[bool, Any]] = {
    2: (False, np.s_[:, ::-1]),
    3: (False, np.s_[::-1, ::-1]),
    4: (False, np.s_[::-1]),
    5: (True, np.s_[:]),
    6: (True, np.s_[:, ::-1]),
    7: (True, np.s_[::-1, ::-1]),
    8: (True, np.s_[::-1]),
}
_SUFFIXES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".ppm": "PPM",
    ".pgm": "PPM",
}
_OPTIONS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}
_KINDS = {1: "grey", 2: "grey with alpha", 3: "RGB", 4: "RGB with alpha"}


@dataclass(frozen=True)
class Photo:
    """A picture and what is known of its file.

    Attributes
    ----------
    pixels : ndarray of shape (height, width) or (height, width, channels)
        Upright; uint8 or uint16; grey, grey and alpha, RGB, or RGB and alpha.
    format : str
        The file's format, such as ``"JPEG"``.
    notes : tuple of str
        What was done to the file's pixels, in words.
    profile : bytes or None
        The ICC profile that says which colours the numbers mean.
    """

    pixels: np.ndarray
    format: str = ""
    notes: tuple[str, ...] = field(default=())
    profile: bytes | None = None

    @property
    def kind(self) -> str:
        """The colours in words, such as ``"RGB with alpha, 8 bits"``."""
        channels = self.pixels.shape[2] if self.pixels.ndim == 3 else 1
        return f"{_KINDS[channels]}, {8 * self.pixels.dtype.itemsize} bits"


def read_photo(path: str | os.PathLike[str], *, frame: int | None = None) -> Photo:
    """Read a photograph as it is meant to be seen.

    Parameters
    ----------
    path : path-like
        In any format that Pillow reads.
    frame : int, optional
        Which picture of an animation or of many pages, from 0.

    Returns
    -------
    Photo
        EXIF's orientation is applied. Palettes become RGB (with alpha if they have a transparent
        colour), black and white becomes grey, CMYK, YCbCr and Lab become RGB. 16 bits stay: of grey,
        and of colour in PNG; of colour in TIFF, Pillow reads 8. A note tells of each change.

    Raises
    ------
    DataError
        If the file is missing, not a picture, damaged or cut short, without pixels, larger than
        100 million pixels, or has several frames of which none is named.

    Examples
    --------
    >>> from minigrad import datasets
    >>> photo = datasets.read_photo(datasets.photo_path())
    >>> photo.pixels.shape, photo.kind
    ((600, 512, 3), 'RGB, 8 bits')
    """
    where = os.fsdecode(path)
    try:
        data = Path(where).read_bytes()
    except FileNotFoundError:
        raise DataError(f"{where}: there is no such file; check the path") from None
    except OSError as error:
        raise DataError(f"{where}: cannot be read ({error.strerror}); check the path") from None
    if not data:
        raise DataError(f"{where}: is empty; use another file")
    # A damaged file can make a decoder raise anything; none of it is a defect of the caller's.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(data, where, frame)
    except DataError:
        raise
    except MemoryError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{where}: the picture is damaged or cut short ({reason}); restore it from a copy") from None


def _decode(data: bytes, where: str, frame: int | None) -> Photo:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture: Any = Image.open(io.BytesIO(data))
    except UnidentifiedImageError:
        raise DataError(f"{where}: is not a picture in a known format (it begins with {data[:8]!r})") from None
    except Image.DecompressionBombError as error:
        raise DataError(f"{where}: {error}; make it smaller first") from None
    with picture:
        kind = picture.format or ""
        _check_size(picture, where)
        notes = _choose_frame(picture, where, frame)
        picture.load()
        _check_size(picture, where)  # a frame may have a size of its own
        orientation = picture.getexif().get(0x0112, 1)
        if orientation in _UPRIGHT:
            notes.append(f"{_UPRIGHT[orientation]}, as its EXIF orientation {orientation} asks")
            picture = ImageOps.exif_transpose(picture)
        # A profile of inks says nothing of the RGB that they were turned into.
        profile = picture.info.get("icc_profile") if picture.mode in ("L", "LA", "P", "PA", "RGB", "RGBA") else None
        if kind == "PNG" and is_png16(data) and getattr(picture, "n_frames", 1) == 1:
            pixels = _turned(decode_png16(data), orientation)
        else:
            pixels = _pixels(picture, notes)
            if _depth(picture, data) == 16 and pixels.dtype == np.uint8:
                notes.append("16 bits per channel read as 8")
    return Photo(pixels, kind, tuple(notes), profile or None)


def _check_size(picture: Any, where: str) -> None:
    width, height = picture.size
    if width < 1 or height < 1:
        raise DataError(f"{where}: has {width} x {height} pixels; there is nothing to show")
    if width * height > _LARGEST:
        raise DataError(f"{where}: has {width} x {height} pixels, more than 100 million; make it smaller first")


def _choose_frame(picture: Any, where: str, frame: int | None) -> list[str]:
    """Go to the frame asked for; return a note of it."""
    # A telephone's MPO holds the photograph first, and then its other views.
    frames = 1 if picture.format == "MPO" else int(getattr(picture, "n_frames", 1))
    if frame is None and frames > 1:
        raise DataError(
            f"{where}: is animated or has pages ({frames} frames); choose one with --frame 0 to {frames - 1}"
        )
    if frame is not None and not 0 <= frame < frames:
        raise DataError(f"{where}: has {frames} frame(s), from 0 to {frames - 1}; got frame {frame}")
    if frames == 1:
        return []
    picture.seek(frame)
    return [f"frame {frame} of {frames}"]


def _depth(picture: Any, data: bytes) -> int:
    """Return the bits per channel that the header of a PNG or TIFF tells; 8 for other formats."""
    if picture.format == "TIFF":
        bits = picture.tag_v2.get(258, 8)
        return int(max(bits) if isinstance(bits, tuple) else bits)
    return data[24] if picture.format == "PNG" and len(data) > 24 else 8


def _turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Return an array as EXIF's orientation means it."""
    swaps, order = _TURNS.get(orientation, (False, np.s_[:]))
    return np.ascontiguousarray((pixels.swapaxes(0, 1) if swaps else pixels)[order])


def _pixels(picture: Any, notes: list[str]) -> np.ndarray:
    """Return a decoded picture as uint8 or uint16, grey or RGB, with or without alpha."""
    mode = picture.mode
    clear = "transparency" in picture.info
    if mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        return np.array(picture).astype(np.uint16)
    if mode in ("I", "F"):
        return _wide(np.array(picture), mode, notes)
    if mode in ("L", "RGB") and not clear:
        return np.array(picture)
    if mode in ("LA", "RGBA"):
        return np.array(picture)
    wanted = {"1": "L", "L": "LA", "La": "LA", "PA": "RGBA", "RGBa": "RGBA"}.get(mode)
    if wanted is None:
        wanted = "RGBA" if clear else "RGB"
    names = {"1": "black and white", "P": "palette", "PA": "palette with alpha"}
    notes.append(f"{names.get(mode, mode)} turned into {wanted}")
    return np.array(picture.convert(wanted))


def _wide(values: np.ndarray, mode: str, notes: list[str]) -> np.ndarray:
    """Return 32-bit grey as uint16 where it fits, or stretched to it."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if mode == "I" and low >= 0 and high <= 65535:
        return values.astype(np.uint16)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError("its values are not finite; use another file")
    notes.append(f"values from {low:g} to {high:g} stretched to 16 bits")
    share = (np.nan_to_num(values.astype(np.float64), nan=low) - low) / ((high - low) or 1.0)
    return np.rint(65535 * share).astype(np.uint16)


def encode_photo(
    pixels: np.ndarray, path: str | os.PathLike[str], *, profile: bytes | None = None
) -> tuple[bytes, tuple[str, ...]]:
    """Return the bytes of a picture file in the format that a name's suffix asks for.

    Parameters
    ----------
    pixels : ndarray of shape (height, width) or (height, width, channels)
        As in `Photo`.
    path : path-like
        Only its suffix is looked at: png, jpg, tif, webp, bmp, gif, ppm or pgm.
    profile : bytes, optional
        The ICC profile to go with it, in a format that has room for one.

    Returns
    -------
    data : bytes
    notes : tuple of str
        What the format could not keep, in words.

    Raises
    ------
    DataError
        If the suffix is unknown, or the format cannot hold a picture of this size.
    """
    from PIL import Image

    where = os.fsdecode(path)
    kind = _SUFFIXES.get(Path(where).suffix.lower())
    if kind is None:
        raise DataError(f"{where}: the name must end in {', '.join(sorted(_SUFFIXES))}")
    pixels, notes = _fit(np.ascontiguousarray(pixels), kind)
    if kind == "PNG" and pixels.dtype == np.uint16 and pixels.ndim == 3:
        return encode_png16(pixels, profile), tuple(notes)
    stream = io.BytesIO()
    options = dict(_OPTIONS.get(kind, {}))
    if profile is not None and kind in ("PNG", "JPEG", "TIFF", "WEBP"):
        options["icc_profile"] = profile
    try:
        Image.fromarray(pixels).save(stream, kind, **options)
    except (OSError, ValueError, OverflowError, struct.error) as error:
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise DataError(f"{where}: {kind} cannot hold this picture of {size} ({error}); use PNG") from None
    return stream.getvalue(), tuple(notes)


def _fit(pixels: np.ndarray, kind: str) -> tuple[np.ndarray, list[str]]:
    """Bring pixels into what a format holds; return notes of what that cost."""
    notes = []
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.dtype == np.uint16 and kind != "PNG" and (pixels.ndim == 3 or kind != "TIFF"):
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
        notes.append(f"16 bits rounded to 8, all that {kind} takes here")
    alpha = pixels.ndim == 3 and pixels.shape[2] in (2, 4)
    if alpha and kind in ("JPEG", "BMP", "PPM"):
        opacity = pixels[..., -1:].astype(np.uint32)
        colours = pixels[..., :-1] * opacity + 255 * (255 - opacity)
        pixels = ((colours + 127) // 255).astype(np.uint8)
        if pixels.shape[2] == 1:
            pixels = pixels[..., 0]
        notes.append(f"laid on white, because {kind} has no transparency")
    if kind == "GIF" and pixels.ndim == 3:
        notes.append("256 colours, all that GIF has")
    return pixels, notes
