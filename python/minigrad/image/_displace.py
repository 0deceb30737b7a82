"""Bend many small images, each by a map and a displacement field of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import _check
from minigrad._native import NULL, check_status, lib, pointer
from minigrad.linalg import matmul

__all__ = ["displace", "smooth_fields"]


def smooth_fields(noise: Any, sigma: float) -> np.ndarray:
    """Smooth many random fields with a Gaussian of standard deviation `sigma` pixels.

    Parameters
    ----------
    noise : array_like of shape (..., size, size)
        Independent, identically distributed values; square fields.
    sigma : float
        More than 0.

    Returns
    -------
    ndarray of shape noise.shape, float32
        Fields whose values have the variance of the noise times ``(sum of squared weights)**2``.

    Raises
    ------
    TypeError, ValueError
        If `noise` is not of numbers, its last two extents differ, or `sigma` is not positive.

    Notes
    -----
    A Gaussian is separable, and convolving the rows of a field with it is one matrix product
    with the Toeplitz matrix G of its weights, cut at the border: rows by ``F G``, columns by
    ``G F``. For many fields at once the second product is done on the transposed fields. The
    transpose is not undone: independent noise looks the same either way.
    """
    fields = _check.array(noise, "smooth_fields", "noise", ndim=(2, 3, 4), dtype=np.float32)
    size = fields.shape[-1]
    if fields.shape[-2] != size:
        raise ValueError(f"smooth_fields: noise must hold square fields; got shape {fields.shape}")
    sigma = _check.real(sigma, "smooth_fields", "sigma", 0.0, closed="neither")
    if fields.size == 0:
        return fields
    distance = np.arange(size)[:, None] - np.arange(size)[None, :]
    weights = np.exp(-0.5 * (distance / sigma) ** 2).astype(np.float32)
    weights /= np.float32(sigma * math.sqrt(2 * math.pi))
    rows = matmul(fields.reshape(-1, size), weights)
    turned = np.ascontiguousarray(rows.reshape(-1, size, size).swapaxes(1, 2))
    smoothed: np.ndarray = matmul(turned.reshape(-1, size), weights).reshape(fields.shape)
    return smoothed


def displace(images: Any, maps: Any = None, fields: Any = None) -> np.ndarray:
    """Resample each image at the places that its map and its displacement field name.

    Parameters
    ----------
    images : array_like of shape (n_images, height, width)
        float32, or converted to it.
    maps : array_like of shape (n_images, 2, 3), optional
        Affine maps from output to input coordinates ``(x, y)``; the identity by default.
    fields : array_like of shape (n_images, 2, height, width), optional
        Displacements in pixels, to the right and down, added to the source; none by default.

    Returns
    -------
    ndarray of shape images.shape, float32
        Bilinear; 0 beyond the border.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of finite numbers, or the shapes do not belong together.

    References
    ----------
    P. Y. Simard, D. Steinkraus and J. C. Platt (2003), "Best practices for convolutional neural
    networks applied to visual document analysis", ICDAR, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.array([[[0, 10, 20]]], dtype=np.float32)
    >>> displace(image, fields=np.full((1, 2, 1, 3), [[[0.5]], [[0.0]]], np.float32))
    array([[[ 5., 15., 10.]]], dtype=float32)
    """
    values = _check.array(images, "displace", "images", ndim=3, dtype=np.float32)
    n, height, width = values.shape
    if maps is None:
        maps = np.broadcast_to(np.eye(2, 3, dtype=np.float32), (n, 2, 3))
    rows = _check.array(maps, "displace", "maps", ndim=3, dtype=np.float32)
    if rows.shape != (n, 2, 3):
        raise ValueError(f"displace: maps must have shape {(n, 2, 3)}; got {rows.shape}")
    field_pointer = NULL
    if fields is not None:
        bends = _check.array(fields, "displace", "fields", ndim=4, dtype=np.float32)
        if bends.shape != (n, 2, height, width):
            raise ValueError(f"displace: fields must have shape {(n, 2, height, width)}; got {bends.shape}")
        field_pointer = pointer(bends)
    output = np.empty_like(values)
    status = lib.mg_image_displace_f32(
        n, height, width, pointer(values), pointer(rows), field_pointer, pointer(output, writable=True)
    )
    check_status(status, "displace")
    return output
