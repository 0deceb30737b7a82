"""The transforms as functions: what they do is said by their arguments, nothing is random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad import _check
from minigrad.image import affine as affine_matrix
from minigrad.image import warp
from minigrad.nn._tensor import Tensor, fresh
from minigrad.vision._picture import opened

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_saturation",
    "affine",
    "center_crop",
    "crop",
    "hflip",
    "normalize",
    "pad",
    "pil_to_tensor",
    "resize",
    "rgb_to_grayscale",
    "rotate",
    "to_pil_image",
    "to_tensor",
    "vflip",
]

_GREY = np.array([0.299, 0.587, 0.114])  # of red, green and blue in brightness (ITU-R BT.601)


def pair(value: Any, owner: str, name: str) -> tuple[int, int]:
    """Return a size, one number or two, as two numbers of at least 1."""
    two = tuple(value) if isinstance(value, Sequence) else (value, value)
    two = two * 2 if len(two) == 1 else two
    if len(two) != 2:
        raise ValueError(f"{owner}: {name} must be one number or two; got {value!r}")
    return _check.integer(two[0], owner, name, 1), _check.integer(two[1], owner, name, 1)


def to_tensor(pic: Any) -> Tensor:
    """Return a picture as a float tensor, (channels, height, width), from 0 to 1 if it was uint8.

    Parameters
    ----------
    pic : Pillow image, or ndarray of shape (height, width) or (height, width, channels)

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(pic, Tensor):
        raise TypeError("to_tensor: pic must be a Pillow image or an array; got Tensor")
    pixels, _ = opened(pic, "to_tensor")
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    if planes.dtype == np.uint8:
        return fresh(np.divide(planes, np.float32(255), dtype=np.float32))
    return fresh(planes.astype(np.float32) if planes.dtype.kind == "b" else planes)


def pil_to_tensor(pic: Any) -> Tensor:
    """Return a picture as a tensor, (channels, height, width), with its values as they are.

    Parameters
    ----------
    pic : Pillow image or ndarray

    Returns
    -------
    Tensor
    """
    return fresh(np.ascontiguousarray(opened(pic, "pil_to_tensor")[0].transpose(2, 0, 1)))


def to_pil_image(pic: Any) -> Any:
    """Return a tensor or array as a Pillow image; floats are taken to lie between 0 and 1.

    Parameters
    ----------
    pic : Tensor of shape (channels, height, width), or ndarray of shape (height, width[, channels])

    Returns
    -------
    PIL.Image.Image
    """
    from PIL import Image

    pixels, _ = opened(pic, "to_pil_image")
    if pixels.dtype.kind == "f":
        pixels = (np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))


def normalize(tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> Tensor:
    """Subtract each channel's mean and divide by its deviation.

    Parameters
    ----------
    tensor : Tensor of shape (..., channels, height, width)
        Floating point.
    mean, std : sequence of float
        One per channel, or one for all.
    inplace : bool, default False
        Change `tensor`.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        If it is not a floating-point tensor.
    ValueError
        If it has fewer than three dimensions, or a deviation is 0.
    """
    if not isinstance(tensor, Tensor) or tensor._data.dtype.kind != "f":
        got = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
        raise TypeError(f"normalize: tensor must be a floating-point Tensor; got {got}")
    if tensor.ndim < 3:
        raise ValueError(f"normalize: tensor must be (channels, height, width); got shape {tuple(tensor.shape)}")
    dtype = tensor._data.dtype
    centre, spread = (np.asarray(v, dtype).reshape(-1, 1, 1) for v in (mean, std))
    if (spread == 0).any():
        raise ValueError(f"normalize: std must not be 0; got {std!r}")
    if inplace:
        np.subtract(tensor._data, centre, out=tensor._data)
        np.divide(tensor._data, spread, out=tensor._data)
        tensor._bump()
        return tensor
    return fresh((tensor._data - centre) / spread)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """Cut a rectangle out of a picture; what lies outside it is black.

    Parameters
    ----------
    img : picture
    top, left, height, width : int

    Returns
    -------
    picture
    """
    pixels, close = opened(img, "crop")
    h, w = pixels.shape[:2]
    if top >= 0 and left >= 0 and top + height <= h and left + width <= w:
        return close(pixels[top : top + height, left : left + width])
    out = np.zeros((height, width, pixels.shape[2]), pixels.dtype)
    y0, y1, x0, x1 = max(top, 0), min(top + height, h), max(left, 0), min(left + width, w)
    if y0 < y1 and x0 < x1:
        out[y0 - top : y1 - top, x0 - left : x1 - left] = pixels[y0:y1, x0:x1]
    return close(out)


def center_crop(img: Any, output_size: Any) -> Any:
    """Cut the middle out of a picture; what lies outside it is black.

    Parameters
    ----------
    img : picture
    output_size : int or (height, width)

    Returns
    -------
    picture
    """
    height, width = pair(output_size, "center_crop", "output_size")
    h, w = opened(img, "center_crop")[0].shape[:2]
    return crop(img, round((h - height) / 2.0), round((w - width) / 2.0), height, width)


_MODES = {"constant": "constant", "edge": "edge", "reflect": "reflect", "symmetric": "symmetric"}


def pad(img: Any, padding: Any, fill: float = 0, padding_mode: str = "constant") -> Any:
    """Put a border around a picture.

    Parameters
    ----------
    img : picture
    padding : int, (horizontal, vertical) or (left, top, right, bottom)
    fill : float, default 0
    padding_mode : {"constant", "edge", "reflect", "symmetric"}

    Returns
    -------
    picture

    Raises
    ------
    ValueError
        If `padding` has another number of numbers, or the mode is unknown.
    """
    left, top, right, bottom = borders(padding)
    mode = _MODES[_check.choice(padding_mode, "pad", "padding_mode", tuple(_MODES))]
    pixels, close = opened(img, "pad")
    widths = ((top, bottom), (left, right), (0, 0))
    options: dict[str, Any] = {"constant_values": fill} if mode == "constant" else {}
    return close(np.pad(pixels, widths, mode, **options))  # type: ignore[call-overload]


def borders(padding: Any) -> tuple[int, int, int, int]:
    """Return a padding as left, top, right and bottom."""
    given = tuple(padding) if isinstance(padding, Sequence) else (padding,)
    if len(given) not in (1, 2, 4):
        raise ValueError(f"pad: padding must be 1, 2 or 4 numbers; got {padding!r}")
    sides = given * (4 // len(given))
    return tuple(_check.integer(n, "pad", "padding", 0) for n in sides)  # type: ignore[return-value]


def hflip(img: Any) -> Any:
    """Mirror a picture left to right.

    Parameters
    ----------
    img : picture

    Returns
    -------
    picture
    """
    pixels, close = opened(img, "hflip")
    return close(np.ascontiguousarray(pixels[:, ::-1]))


def vflip(img: Any) -> Any:
    """Mirror a picture top to bottom.

    Parameters
    ----------
    img : picture

    Returns
    -------
    picture
    """
    pixels, close = opened(img, "vflip")
    return close(np.ascontiguousarray(pixels[::-1]))


def resize(img: Any, size: Any, interpolation: str = "bilinear") -> Any:
    """Scale a picture, averaging where it shrinks.

    Parameters
    ----------
    img : picture
    size : int or (height, width)
        One number is the length of the shorter side.
    interpolation : {"nearest", "bilinear", "bicubic"}

    Returns
    -------
    picture

    Raises
    ------
    ValueError
        If the size is not one or two numbers of at least 1, or the interpolation is unknown.
    """
    from PIL import Image

    names = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR}
    names["bicubic"] = Image.Resampling.BICUBIC
    method = names[
        _check.choice(str(getattr(interpolation, "value", interpolation)), "resize", "interpolation", tuple(names))
    ]
    pixels, close = opened(img, "resize")
    h, w = pixels.shape[:2]
    if isinstance(size, int) or len(size) == 1:
        short = pair(size, "resize", "size")[0]
        height, width = (short, int(short * w / h)) if h <= w else (int(short * h / w), short)
    else:
        height, width = pair(size, "resize", "size")
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(pixels[..., c])).resize((width, height), method))
        for c in range(pixels.shape[2])
    ]
    return close(np.stack(planes, axis=-1))


def _warped(img: Any, owner: str, interpolation: str, **options: Any) -> Any:
    pixels, close = opened(img, owner)
    pixels = pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32)
    h, w = pixels.shape[:2]
    name = str(getattr(interpolation, "value", interpolation))
    middle = options.pop("center", None) or ((w - 1) / 2, (h - 1) / 2)
    matrix = affine_matrix(center=middle, **options)
    return close(warp(np.ascontiguousarray(pixels), matrix, interpolation=name, antialias=False))


def rotate(img: Any, angle: float, interpolation: str = "nearest", center: Any = None) -> Any:
    """Turn a picture counter-clockwise; the corners that come in are black.

    Parameters
    ----------
    img : picture
    angle : float
        Degrees.
    interpolation : {"nearest", "bilinear", ...}
        As `minigrad.image.warp` knows them.
    center : (x, y), optional
        The middle by default.

    Returns
    -------
    picture
    """
    return _warped(img, "rotate", interpolation, rotation=angle, center=center)


def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Any,
    interpolation: str = "nearest",
    center: Any = None,
) -> Any:
    """Turn, shift, scale and shear a picture.

    Parameters
    ----------
    img : picture
    angle : float
        Degrees, clockwise (as torchvision has it).
    translate : (x, y)
        Pixels.
    scale : float
    shear : float or (x, y)
        Degrees.
    interpolation : {"nearest", "bilinear", ...}
    center : (x, y), optional
        The middle by default.

    Returns
    -------
    picture
    """
    import math

    sx, sy = (*shear, 0.0)[:2] if isinstance(shear, Sequence) else (shear, 0.0)
    tangents = (-math.tan(math.radians(sx)), -math.tan(math.radians(sy)))
    return _warped(
        img,
        "affine",
        interpolation,
        rotation=-angle,
        translation=tuple(float(t) for t in translate),
        scale=scale,
        shear=tangents,
        center=center,
    )


def _blend(pixels: np.ndarray, other: Any, factor: float) -> np.ndarray:
    """Return ``factor * pixels + (1 - factor) * other`` within the range of the pixels' type."""
    top = 255.0 if pixels.dtype == np.uint8 else 1.0
    mixed = factor * pixels.astype(np.float32) + (1.0 - factor) * np.asarray(other, np.float32)
    return np.clip(mixed, 0.0, top).astype(pixels.dtype)


def _luma(pixels: np.ndarray) -> np.ndarray:
    """Return the brightness of each pixel, (height, width, 1)."""
    if pixels.shape[2] != 3:
        return pixels[..., :1].astype(np.float32)
    red, green, blue = (pixels[..., c : c + 1].astype(np.float32) * np.float32(_GREY[c]) for c in range(3))
    luma: np.ndarray = red + green + blue
    return np.floor(luma) if pixels.dtype == np.uint8 else luma


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """Multiply the brightness.

    Parameters
    ----------
    img : picture
    brightness_factor : float
        0 is black, 1 changes nothing.

    Returns
    -------
    picture
    """
    pixels, close = opened(img, "adjust_brightness")
    return close(_blend(pixels, 0.0, brightness_factor))


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """Multiply the distance from the mean grey.

    Parameters
    ----------
    img : picture
    contrast_factor : float
        0 is grey, 1 changes nothing.

    Returns
    -------
    picture
    """
    pixels, close = opened(img, "adjust_contrast")
    return close(_blend(pixels, _luma(pixels).mean(), contrast_factor))


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """Multiply the distance of each pixel from grey.

    Parameters
    ----------
    img : picture
    saturation_factor : float
        0 is black and white, 1 changes nothing.

    Returns
    -------
    picture
    """
    pixels, close = opened(img, "adjust_saturation")
    return close(_blend(pixels, _luma(pixels), saturation_factor))


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Return a picture without its colours.

    Parameters
    ----------
    img : picture
    num_output_channels : {1, 3}

    Returns
    -------
    picture
    """
    pixels, close = opened(img, "rgb_to_grayscale")
    grey = _luma(pixels).astype(pixels.dtype)
    return close(np.repeat(grey, num_output_channels, axis=2))
