"""Filters that look at a pixel's neighbours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import _check
from minigrad._native import check_status, lib, pointer

__all__ = ["convolve", "gaussian_blur", "gradient_magnitude", "unsharp_mask"]

_BORDERS = {
    "constant": lib.MG_BORDER_CONSTANT,
    "replicate": lib.MG_BORDER_REPLICATE,
    "reflect": lib.MG_BORDER_REFLECT,
    "wrap": lib.MG_BORDER_WRAP,
}
# The element types, what the core computes with, and the ends of its functions' names.
_TYPES: dict[np.dtype[Any], tuple[Any, str]] = {
    np.dtype(np.uint8): (np.float32, "u8"),
    np.dtype(np.uint16): (np.float32, "u16"),
    np.dtype(np.float32): (np.float32, "f32"),
    np.dtype(np.float64): (np.float64, "f64"),
}
_LARGEST_KERNEL = 1 << 20  # numbers; more is a mistake, and would take hours
_SOBEL = ([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[-1, -2, -1], [0, 0, 0], [1, 2, 1]])


def convolve(image: Any, kernel: Any, *, mode: str = "reflect") -> np.ndarray:
    """Convolve each channel of an image with a kernel.

    ``output(y, x) = sum over i, j of kernel(i, j) image(y - i, x - j)``, the kernel's indices counted
    from its middle: a single bright pixel becomes the kernel.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, channels)
        uint8, uint16, float32 or float64.
    kernel : array_like of shape (rows, columns)
        Both odd. To lay the numbers over the neighbours as they are written (a correlation), pass
        ``kernel[::-1, ::-1]``.
    mode : {"reflect", "constant", "replicate", "wrap"}
        What lies beyond the border of ``a b c d``: ``d c b a`` mirrored at the edge, zeros, the
        border pixel again, or the other side.

    Returns
    -------
    ndarray
        Of the image's shape and dtype; integers are rounded, halves to even, and clamped.

    Raises
    ------
    TypeError
        If an array has another dtype.
    ValueError
        If the image has not 2 or 3 dimensions, the kernel has not 2, even sides or a number that is not
        finite, or the mode is unknown.
    MemoryError
        If the result does not fit into memory.

    Notes
    -----
    A direct sum: rows * columns multiplications for each value (zeros of the kernel cost nothing).
    uint8, uint16 and float32 images are computed in float32, float64 in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.image import convolve
    >>> spot = np.zeros((3, 4), np.uint8)
    >>> spot[1, 1] = 10
    >>> convolve(spot, [[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    array([[10, 20, 30,  0],
           [40, 50, 60,  0],
           [70, 80, 90,  0]], dtype=uint8)
    """
    pixels, real, suffix = _image(image, "convolve")
    weights = _check.array(kernel, "convolve", "kernel", ndim=2, dtype=real)
    if weights.shape[0] % 2 == 0 or weights.shape[1] % 2 == 0 or weights.size > _LARGEST_KERNEL:
        raise ValueError(f"convolve: kernel must have odd sides, at most 2**20 numbers; got shape {weights.shape}")
    border = _border(mode, "convolve")
    flipped = np.ascontiguousarray(weights[::-1, ::-1])
    output = np.empty_like(pixels)
    function = getattr(lib, f"mg_image_correlate_{suffix}")
    status = function(*_size(pixels), pointer(pixels), *weights.shape, pointer(flipped), border, pointer(output, True))
    check_status(status, "convolve")
    return output


def gaussian_blur(image: Any, sigma: float, *, mode: str = "reflect") -> np.ndarray:
    """Blur an image with a Gaussian.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, channels)
        uint8, uint16, float32 or float64.
    sigma : float
        Standard deviation in pixels, from 0 (no change) to 1000.
    mode : {"reflect", "constant", "replicate", "wrap"}
        What lies beyond the border, as for `convolve`.

    Returns
    -------
    ndarray
        Of the image's shape and dtype.

    Raises
    ------
    TypeError
        If the image has another dtype.
    ValueError
        If the image has not 2 or 3 dimensions, sigma is out of range, or the mode is unknown.
    MemoryError
        If the result does not fit into memory.

    Notes
    -----
    ``exp(-(x**2 + y**2) / (2 sigma**2))`` is a product of one factor for x and one for y, so rows and
    columns are summed one after the other: 2 (2 r + 1) multiplications per value. The radius
    r = ceil(4 sigma) leaves out less than 1e-4 of the mass; the weights are scaled to the sum 1, so
    that a flat picture keeps its value.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.image import gaussian_blur
    >>> gaussian_blur(np.array([[0, 0, 0, 100, 0, 0, 0]], np.uint8), 0.8)
    array([[ 0,  2, 23, 50, 23,  2,  0]], dtype=uint8)
    """
    pixels, real, suffix = _image(image, "gaussian_blur")
    sigma = _check.real(sigma, "gaussian_blur", "sigma", 0, 1000)
    border = _border(mode, "gaussian_blur")
    weights = np.array(_gaussian(sigma), real)
    output = np.empty_like(pixels)
    function = getattr(lib, f"mg_image_separable_{suffix}")
    n, w = len(weights), pointer(weights)
    check_status(function(*_size(pixels), pointer(pixels), n, w, n, w, border, pointer(output, True)), "gaussian_blur")
    return output


def gradient_magnitude(image: Any, *, mode: str = "reflect") -> np.ndarray:
    """Return how steep each channel of an image is, by Sobel's two kernels.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, channels)
        uint8, uint16, float32 or float64.
    mode : {"reflect", "constant", "replicate", "wrap"}
        What lies beyond the border, as for `convolve`.

    Returns
    -------
    ndarray
        Of the image's shape and dtype: ``sqrt(dx**2 + dy**2) / 4``, so that a straight edge from black to
        white is white.

    Raises
    ------
    TypeError
        If the image has another dtype.
    ValueError
        If the image has not 2 or 3 dimensions, or the mode is unknown.
    MemoryError
        If the result does not fit into memory.

    Notes
    -----
    ``dx`` smooths by 1 2 1 along y and differences by -1 0 1 along x; ``dy`` the other way round.

    References
    ----------
    I. Sobel, G. Feldman (1968), "A 3x3 isotropic gradient operator for image processing".

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.image import gradient_magnitude
    >>> gradient_magnitude(np.array([[0, 0, 255, 255]] * 3, np.uint8))[1]
    array([  0, 255, 255,   0], dtype=uint8)
    """
    pixels, real, suffix = _image(image, "gradient_magnitude")
    border = _border(mode, "gradient_magnitude")
    kernels = np.array(_SOBEL, real) / 4
    output = np.empty_like(pixels)
    function = getattr(lib, f"mg_image_magnitude_{suffix}")
    check_status(
        function(*_size(pixels), pointer(pixels), 3, 3, pointer(kernels), border, pointer(output, True)),
        "gradient_magnitude",
    )
    return output


def unsharp_mask(image: Any, amount: float = 1.0, *, sigma: float = 1.0, mode: str = "reflect") -> np.ndarray:
    """Sharpen an image by adding what a blur takes away.

    ``output = image + amount (image - blurred)``.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, channels)
        uint8, uint16, float32 or float64.
    amount : float, default 1
        From 0 (no change) to 100.
    sigma : float, default 1
        Of the blur, in pixels, from 0 to 50.
    mode : {"reflect", "constant", "replicate", "wrap"}
        What lies beyond the border, as for `convolve`.

    Returns
    -------
    ndarray
        Of the image's shape and dtype.

    Raises
    ------
    TypeError
        If the image has another dtype.
    ValueError
        If the image has not 2 or 3 dimensions, a number is out of range, or the mode is unknown.
    MemoryError
        If the result does not fit into memory.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.image import unsharp_mask
    >>> unsharp_mask(np.array([[100, 100, 100, 200, 200, 200]] * 3, np.uint8), sigma=0.5)[1]
    array([100, 100,  89, 211, 200, 200], dtype=uint8)
    """
    amount = _check.real(amount, "unsharp_mask", "amount", 0, 100)
    sigma = _check.real(sigma, "unsharp_mask", "sigma", 0, 50)
    row = [0.0 - amount * w for w in _gaussian(sigma)]
    kernel = [[w * v for v in _gaussian(sigma)] for w in row]
    kernel[len(row) // 2][len(row) // 2] += 1 + amount
    return convolve(image, kernel, mode=mode)


def _gaussian(sigma: float) -> list[float]:
    """Return the weights of a Gaussian, which sum to 1."""
    radius = math.ceil(4 * sigma)
    values = [math.exp(-0.5 * (x / sigma) ** 2) if x else 1.0 for x in range(-radius, radius + 1)]
    total = math.fsum(values)
    return [value / total for value in values]


def _image(image: Any, owner: str) -> tuple[np.ndarray, Any, str]:
    """Return the image as a contiguous array, what it is computed in, and the end of the C functions' names."""
    pixels = np.asarray(image)
    native = pixels.dtype.newbyteorder("=")
    if native not in _TYPES:
        raise TypeError(f"{owner}: image must be uint8, uint16, float32 or float64; got dtype {pixels.dtype}")
    if pixels.ndim not in (2, 3):
        shape = f"got shape {pixels.shape}"
        raise ValueError(f"{owner}: image must be (height, width) or (height, width, channels); {shape}")
    return np.require(pixels, native, ["C_CONTIGUOUS", "ALIGNED"]), *_TYPES[native]


def _size(pixels: np.ndarray) -> tuple[int, int, int]:
    return pixels.shape[0], pixels.shape[1], pixels.shape[2] if pixels.ndim == 3 else 1


def _border(mode: str, owner: str) -> int:
    return int(_BORDERS[_check.choice(mode, owner, "mode", tuple(_BORDERS))])
