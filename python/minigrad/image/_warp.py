"""Warp an image by a projective map, and build affine ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad import _check
from minigrad._native import check_status, lib, pointer

__all__ = ["affine", "warp"]

_INTERPOLATIONS = {
    "nearest": lib.MG_INTERPOLATION_NEAREST,
    "bilinear": lib.MG_INTERPOLATION_BILINEAR,
    "bicubic": lib.MG_INTERPOLATION_BICUBIC,
    "lanczos": lib.MG_INTERPOLATION_LANCZOS,
}
_EDGES = {
    "constant": lib.MG_EDGE_CONSTANT,
    "replicate": lib.MG_EDGE_REPLICATE,
    "reflect": lib.MG_EDGE_REFLECT,
    "wrap": lib.MG_EDGE_WRAP,
}
_FUNCTIONS = {
    np.dtype(np.uint8): lib.mg_image_warp_u8,
    np.dtype(np.uint16): lib.mg_image_warp_u16,
    np.dtype(np.float32): lib.mg_image_warp_f32,
    np.dtype(np.float64): lib.mg_image_warp_f64,
}
_MAX_CHANNELS = 4  # of the core


def warp(
    image: Any,
    matrix: Any,
    output_shape: tuple[int, int] | None = None,
    *,
    interpolation: str = "bilinear",
    mode: str = "constant",
    antialias: bool | None = None,
    alpha: bool = False,
) -> np.ndarray:
    """Move the pixels of an image by an affine or projective map.

    ``output(x', y') = image(x, y)`` where ``w (x', y', 1) = matrix (x, y, 1)``, ``w > 0``.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, channels)
        uint8, uint16, float32 or float64.
    matrix : array_like of shape (3, 3)
        Takes input coordinates ``(x, y)`` to output coordinates; a common factor is without
        meaning. See `affine` and `homography`.
    output_shape : tuple of int, optional
        ``(height, width)`` of the result; by default the image's own.
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos"}
        Between pixel centres: linear in each direction; the nearest pixel (at a tie the right
        and the lower); Keys' cubic with a = -1/2; Lanczos' window of 3 lobes.
    mode : {"constant", "replicate", "reflect", "wrap"}
        What the image is beyond its border: 0; its nearest pixel; itself mirrored, border pixels
        doubled (``dcba|abcd|dcba``); itself again.
    antialias : bool, optional
        Where the map shrinks, average the source over the output pixel's footprint, so that what is
        too fine for the result does not turn into moire. By default done for every interpolation
        but "nearest", for which it cannot be.
    alpha : bool, default False
        The last of 2 or 4 channels is opacity, and colours are averaged by it (premultiplied), so
        that what a transparent pixel holds beneath does not bleed into its neighbours.

    Returns
    -------
    ndarray of shape output_shape or output_shape + (channels,)
        Of the image's dtype. Integers are the interpolated values rounded to the nearest, halves
        to even, and held within the type's range.

    Raises
    ------
    TypeError
        If the image is of another dtype, or another argument has the wrong type.
    ValueError
        If the image has not 2 or 3 dimensions; if the matrix is not 3 x 3, finite and
        invertible; if another argument is not among those listed; if `alpha` is asked of an image
        without 2 or 4 channels, or `antialias` of "nearest".
    MemoryError
        If the result does not fit into memory.

    Notes
    -----
    Each output pixel looks up its source through the inverse map, with float64 coordinates;
    uint8 and float32 are interpolated in float32, uint16 and float64 in float64. Where the map
    moves whole pixels (shifts, quarter turns, mirrors) they are copied bit for bit. Beyond the
    horizon of a projective map, where ``w`` has another sign than in the middle of the image,
    the result is 0 in every mode. NaN and infinity spread to the pixels interpolated from them.
    The result has the same bits for any number of threads and on every instruction set.

    Where the Jacobian of the inverse map has a singular value s > 1 (source pixels per output
    pixel along an axis), Keys' cubic is stretched by it along that axis. From s = 2 on, the image
    is first halved about log2 s times, each time by Lanczos' window, which makes the cost of an
    output pixel independent of s. A map that keeps the axes and has s <= 16 averages columns and
    rows of the image itself, one after the other: with Keys' cubic for "bicubic", Lanczos' kernel
    for "lanczos", and for "bilinear" the latter made up to 1.5 times as wide, which lets nothing
    pass that is finer than the result can show, and is a little softer for it.

    References
    ----------
    P. S. Heckbert (1989), "Fundamentals of Texture Mapping and Image Warping", master's thesis,
    University of California, Berkeley. R. G. Keys (1981), "Cubic convolution interpolation for
    digital image processing", IEEE Transactions on Acoustics, Speech, and Signal Processing 29.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.image import affine, warp
    >>> image = np.array([[10, 20], [30, 40]], dtype=np.uint8)
    >>> warp(image, affine(translation=(0.5, 0)))
    array([[ 5, 15],
           [15, 35]], dtype=uint8)
    >>> warp(image, affine(translation=(0.5, 0)), mode="replicate")
    array([[10, 15],
           [30, 35]], dtype=uint8)
    >>> warp(image, affine(rotation=90, center=(0.5, 0.5)))
    array([[20, 40],
           [10, 30]], dtype=uint8)
    """
    pixels = _image(image)
    forward = _matrix(matrix)
    code = _INTERPOLATIONS[_check.choice(interpolation, "warp", "interpolation", tuple(_INTERPOLATIONS))]
    edge = _EDGES[_check.choice(mode, "warp", "mode", tuple(_EDGES))]
    height, width = _pair(output_shape) if output_shape is not None else pixels.shape[:2]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    options = 0
    if alpha:
        if channels not in (2, 4):
            raise ValueError(f"warp: alpha must be False for an image without 2 or 4 channels; got {channels} channels")
        options |= lib.MG_WARP_ALPHA
    if antialias is not None and not isinstance(antialias, (bool, np.bool_)):
        raise TypeError(f"warp: antialias must be True, False or None; got {antialias!r}")
    if antialias and interpolation == "nearest":
        raise ValueError("warp: antialias must not be True with interpolation 'nearest', which averages nothing")
    if antialias is not False:
        options |= lib.MG_WARP_ANTIALIAS
    output = _empty((height, width, *pixels.shape[2:]), pixels.dtype)
    if channels > _MAX_CHANNELS:
        for c in range(0, channels, _MAX_CHANNELS):
            part = np.ascontiguousarray(pixels[..., c : c + _MAX_CHANNELS])
            output[..., c : c + _MAX_CHANNELS] = warp(
                part, forward, (height, width), interpolation=interpolation, mode=mode, antialias=antialias
            )
        return output
    if channels == 0:
        return output
    status = _FUNCTIONS[pixels.dtype](
        *pixels.shape[:2],
        channels,
        pointer(pixels),
        pointer(forward),
        height,
        width,
        pointer(output, True),
        code,
        edge,
        options,
    )
    if status == lib.MG_ERR_SINGULAR:
        raise ValueError(f"warp: matrix must be invertible; got {forward.tolist()}")
    check_status(status, "warp")
    return output


def _image(image: Any) -> np.ndarray:
    """Return the image as a contiguous array of a type that the core warps."""
    pixels = np.asarray(image)
    native = pixels.dtype.newbyteorder("=")
    if native not in _FUNCTIONS:
        raise TypeError(f"warp: image must be uint8, uint16, float32 or float64; got dtype {pixels.dtype}")
    if pixels.ndim not in (2, 3):
        raise ValueError(f"warp: image must be (height, width) or (height, width, channels); got shape {pixels.shape}")
    return np.require(pixels, native, ["C_CONTIGUOUS", "ALIGNED"])


def _matrix(matrix: Any) -> np.ndarray:
    """Return the matrix in float64, which must be 3 x 3 and finite."""
    values = _check.array(matrix, "warp", "matrix", ndim=2, dtype=np.float64)
    if values.shape != (3, 3):
        raise ValueError(f"warp: matrix must be of shape (3, 3); got shape {values.shape}")
    return values


def _pair(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the output shape as two sizes."""
    if not isinstance(shape, Sequence) or len(shape) != 2:
        raise ValueError(f"warp: output_shape must be (height, width); got {shape!r}")
    height, width = (_check.integer(size, "warp", "output_shape", 0) for size in shape)
    return height, width


def _empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return an array for the result; a size that no memory holds is named."""
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError, OverflowError):
        size = math.prod(shape) * dtype.itemsize
        raise MemoryError(f"warp: output_shape must fit into memory; got {shape}, {size} bytes") from None


def affine(
    *,
    rotation: float = 0.0,
    scale: float | tuple[float, float] = 1.0,
    shear: float | tuple[float, float] = 0.0,
    translation: tuple[float, float] = (0.0, 0.0),
    center: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Return the matrix of an affine map: first shear, then scale, rotate, and translate.

    ``matrix = T(translation) T(center) R S H T(-center)`` with

    ``H = [1 hx; hy 1]``, ``S = [sx 0; 0 sy]``, ``R = [cos r  sin r; -sin r  cos r]``.

    Parameters
    ----------
    rotation : float, default 0
        Degrees, counter-clockwise as seen on the screen (where y points down).
    scale : float or tuple of float, default 1
        The factor, or one for each of x and y; negative mirrors.
    shear : float or tuple of float, default 0
        ``hx``, by which x grows per unit of y; or ``(hx, hy)``.
    translation : tuple of float, default (0, 0)
        Pixels to the right and down.
    center : tuple of float, default (0, 0)
        The point ``(x, y)`` that rotation, scale and shear leave where it is.

    Returns
    -------
    ndarray of shape (3, 3)
        float64. Rotations by multiples of 90 degrees are exact.

    Raises
    ------
    TypeError
        If an argument is not a number, or pair of numbers.
    ValueError
        If a number is not finite, a pair has not two, a scale is 0, or the shears multiply to 1,
        so that the map has no inverse.

    Examples
    --------
    >>> from minigrad.image import affine
    >>> affine(rotation=90, translation=(0, 7))
    array([[ 0.,  1.,  0.],
           [-1.,  0.,  7.],
           [ 0.,  0.,  1.]])
    """
    cos, sin = _cos_sin(_check.real(rotation, "affine", "rotation"))
    sx, sy = _two(scale, "scale", both=True)
    hx, hy = _two(shear, "shear", both=False)
    tx, ty = _two(translation, "translation")
    cx, cy = _two(center, "center")
    if sx == 0 or sy == 0:
        raise ValueError(f"affine: scale must not be 0; got {scale!r}")
    if hx * hy == 1:
        raise ValueError(f"affine: shear must not multiply to 1, which flattens the plane; got {shear!r}")
    a, b = cos * sx + sin * sy * hy, cos * sx * hx + sin * sy
    d, e = cos * sy * hy - sin * sx, cos * sy - sin * sx * hx
    rows = [[a, b, tx + cx - (a * cx + b * cy)], [d, e, ty + cy - (d * cx + e * cy)], [0.0, 0.0, 1.0]]
    return np.array(rows) + 0.0  # no minus zeros


def _cos_sin(degrees: float) -> tuple[float, float]:
    """Return the cosine and sine of an angle, exact for multiples of 90 degrees.

    The remainder modulo 360 is exact in floating point; what is left is taken as quarter
    turns and an angle of at most 45 degrees either way.
    """
    degrees = math.fmod(degrees, 360.0)
    quarters = round(degrees / 90.0)
    angle = math.radians(degrees - 90.0 * quarters)
    cos, sin = math.cos(angle), math.sin(angle)
    return [(cos, sin), (-sin, cos), (-cos, -sin), (sin, -cos)][quarters % 4]


def _two(value: Any, name: str, both: bool | None = None) -> tuple[float, float]:
    """Return a pair of finite numbers.

    Where one number may stand for the pair, `both` says whether it is meant for the second too.
    """
    if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str):
        if len(value) != 2:
            raise ValueError(f"affine: {name} must be a pair (x, y); got {value!r}")
        return _check.real(value[0], "affine", name), _check.real(value[1], "affine", name)
    if both is None:
        raise TypeError(f"affine: {name} must be a pair (x, y); got {value!r}")
    single = _check.real(value, "affine", name)
    return single, single if both else 0.0
