"""Colours as vectors, and the matrices that change them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad import _check
from minigrad._native import check_status, lib, pointer
from minigrad.image._filter import _image

__all__ = [
    "apply_color",
    "brightness_matrix",
    "contrast_matrix",
    "greyscale_matrix",
    "hue_matrix",
    "invert_matrix",
    "premultiply",
    "saturation_matrix",
    "sepia_matrix",
    "unpremultiply",
]

# The shares of red, green and blue in luminance: ITU-R BT.709.
_LUMA = (0.2126, 0.7152, 0.0722)
_SEPIA = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))


def apply_color(image: Any, matrix: Any) -> np.ndarray:
    """Multiply the colour of every pixel by a matrix.

    ``(r', g', b', 1) = matrix (r, g, b, 1)``, colours counted from 0 to 1.

    Parameters
    ----------
    image : array_like of shape (height, width, 3) or (height, width, 4)
        uint8, uint16, float32 or float64. Full intensity is 255, 65535 or 1. A fourth channel is alpha,
        which stays as it is; the colours are not multiplied by it.
    matrix : array_like of shape (4, 4)
        Its last row is 0 0 0 1. Products of such matrices compose, the right factor first.

    Returns
    -------
    ndarray
        Of the image's shape and dtype; integers are rounded, halves to even, and clamped.

    Raises
    ------
    TypeError
        If an array has another dtype.
    ValueError
        If the image has not 3 dimensions and 3 or 4 channels, or the matrix is not 4 x 4, finite, with
        the last row 0 0 0 1.
    MemoryError
        If the result does not fit into memory.

    Notes
    -----
    The weights of an interpolation sum to 1, so that it does not matter whether a picture's colours
    are changed before it is warped or after.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.image import apply_color, invert_matrix, saturation_matrix
    >>> red = np.array([[[200, 0, 0]]], np.uint8)
    >>> apply_color(red, invert_matrix())
    array([[[ 55, 255, 255]]], dtype=uint8)
    >>> apply_color(red, saturation_matrix(0.0))
    array([[[43, 43, 43]]], dtype=uint8)
    """
    pixels, real, suffix = _image(image, "apply_color")
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise ValueError(f"apply_color: image must be of shape (height, width, 3 or 4); got shape {pixels.shape}")
    values = _check.array(matrix, "apply_color", "matrix", ndim=2, dtype=np.float64)
    if values.shape != (4, 4):
        raise ValueError(f"apply_color: matrix must be of shape (4, 4); got shape {values.shape}")
    if values[3].tolist() != [0, 0, 0, 1]:
        raise ValueError(f"apply_color: matrix must have the last row 0 0 0 1; got {values[3].tolist()}")
    channels = pixels.shape[2]
    full = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    rows = np.zeros((channels, channels + 1), real)
    rows[:3, :3] = values[:3, :3]
    rows[:3, channels] = values[:3, 3] * full
    if channels == 4:
        rows[3, 3] = 1
    output = np.empty_like(pixels)
    function = getattr(lib, f"mg_image_color_{suffix}")
    status = function(
        pixels.shape[0] * pixels.shape[1], channels, pointer(pixels), pointer(rows), pointer(output, True)
    )
    check_status(status, "apply_color")
    return output


def greyscale_matrix() -> np.ndarray:
    """Return the colour matrix that leaves the luminance alone (ITU-R BT.709's shares).

    Examples
    --------
    >>> from minigrad.image import greyscale_matrix
    >>> greyscale_matrix()[0].tolist()
    [0.2126, 0.7152, 0.0722, 0.0]
    """
    return saturation_matrix(0.0)


def sepia_matrix(amount: float = 1.0) -> np.ndarray:
    """Return the colour matrix of an old photograph's brown.

    Parameters
    ----------
    amount : float, default 1
        From 0 (no change) to 1.

    Returns
    -------
    ndarray of shape (4, 4)

    Raises
    ------
    TypeError, ValueError
        If `amount` is not a number from 0 to 1.
    """
    amount = _check.real(amount, "sepia_matrix", "amount", 0, 1)
    return _matrix([[amount * _SEPIA[i][j] + (1 - amount) * (i == j) for j in range(3)] for i in range(3)])


def brightness_matrix(amount: float) -> np.ndarray:
    """Return the colour matrix that adds a share of full intensity.

    Parameters
    ----------
    amount : float
        From -1 (black) to 1 (white).

    Returns
    -------
    ndarray of shape (4, 4)

    Raises
    ------
    TypeError, ValueError
        If `amount` is not a number from -1 to 1.
    """
    amount = _check.real(amount, "brightness_matrix", "amount", -1, 1)
    return _matrix([[float(i == j) for j in range(3)] for i in range(3)], amount)


def contrast_matrix(factor: float) -> np.ndarray:
    """Return the colour matrix that stretches colours away from mid-grey.

    Parameters
    ----------
    factor : float
        From 0 (all grey) to 100; 1 changes nothing.

    Returns
    -------
    ndarray of shape (4, 4)

    Raises
    ------
    TypeError, ValueError
        If `factor` is not a number from 0 to 100.
    """
    factor = _check.real(factor, "contrast_matrix", "factor", 0, 100)
    return _matrix([[factor * (i == j) for j in range(3)] for i in range(3)], 0.5 - 0.5 * factor)


def saturation_matrix(factor: float) -> np.ndarray:
    """Return the colour matrix that stretches colours away from the grey of their luminance.

    Parameters
    ----------
    factor : float
        From 0 (greyscale) to 100; 1 changes nothing.

    Returns
    -------
    ndarray of shape (4, 4)

    Raises
    ------
    TypeError, ValueError
        If `factor` is not a number from 0 to 100.
    """
    factor = _check.real(factor, "saturation_matrix", "factor", 0, 100)
    return _matrix([[factor * (i == j) + (1 - factor) * _LUMA[j] for j in range(3)] for i in range(3)])


def hue_matrix(degrees: float) -> np.ndarray:
    """Return the colour matrix that turns colours about the axis of greys.

    Parameters
    ----------
    degrees : float
        120 takes red to green, green to blue and blue to red.

    Returns
    -------
    ndarray of shape (4, 4)
        A rotation: greys and the lengths of colours stay.

    Raises
    ------
    TypeError, ValueError
        If `degrees` is not a finite number.

    Notes
    -----
    Rodrigues' formula for the unit axis u = (1, 1, 1) / sqrt 3:
    ``cos I + (1 - cos) u u' + sin [u]``, ``[u]`` being the matrix of the cross product with u.
    """
    angle = math.radians(math.fmod(_check.real(degrees, "hue_matrix", "degrees"), 360.0))
    cos, sin = math.cos(angle), math.sin(angle) / math.sqrt(3)
    cross = ((0, -1, 1), (1, 0, -1), (-1, 1, 0))
    return _matrix([[cos * (i == j) + (1 - cos) / 3 + sin * cross[i][j] for j in range(3)] for i in range(3)])


def invert_matrix() -> np.ndarray:
    """Return the colour matrix of the negative."""
    return _matrix([[-float(i == j) for j in range(3)] for i in range(3)], 1.0)


def premultiply(image: Any, full: float = 1.0) -> np.ndarray:
    """Multiply colours by their alpha, so that they can be averaged with others.

    Parameters
    ----------
    image : array_like of shape (height, width, channels)
        The last channel is alpha. Becomes float32.
    full : float, default 1
        The alpha of an opaque pixel.

    Returns
    -------
    ndarray of float32, shape (height, width, channels)

    Raises
    ------
    TypeError
        If the image is not of real numbers.
    ValueError
        If it has not 3 dimensions and a channel, or `full` is not above 0.

    Examples
    --------
    >>> from minigrad.image import premultiply, unpremultiply
    >>> premultiply([[[200, 100, 0, 127.5]]], full=255)
    array([[[100. ,  50. ,   0. , 127.5]]], dtype=float32)
    """
    return _alpha(image, full, "premultiply", lib.mg_image_premultiply_f32)


def unpremultiply(image: Any, full: float = 1.0) -> np.ndarray:
    """Divide colours by their alpha; where that is 0 they become 0.

    Parameters
    ----------
    image : array_like of shape (height, width, channels)
        The last channel is alpha. Becomes float32.
    full : float, default 1
        The alpha of an opaque pixel.

    Returns
    -------
    ndarray of float32, shape (height, width, channels)

    Raises
    ------
    TypeError
        If the image is not of real numbers.
    ValueError
        If it has not 3 dimensions and a channel, or `full` is not above 0.
    """
    return _alpha(image, full, "unpremultiply", lib.mg_image_unpremultiply_f32)


def _alpha(image: Any, full: float, owner: str, function: Any) -> np.ndarray:
    full = _check.real(full, owner, "full", 0, 3e38, closed="right")
    pixels = _check.array(image, owner, "image", ndim=3, dtype=np.float32, finite=False)
    if pixels.shape[2] == 0:
        raise ValueError(f"{owner}: image must have a channel of alpha; got shape {pixels.shape}")
    output = np.empty_like(pixels)
    n = pixels.shape[0] * pixels.shape[1]
    check_status(function(n, pixels.shape[2], pointer(pixels), full, pointer(output, True)), owner)
    return output


def _matrix(rows: Sequence[Sequence[float]], offset: float = 0.0) -> np.ndarray:
    return np.array([*([*row, offset] for row in rows), [0.0, 0.0, 0.0, 1.0]]) + 0.0
