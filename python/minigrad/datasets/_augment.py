"""Augmentation: small distortions that leave a picture's meaning alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import _check
from minigrad.image import displace, smooth_fields
from minigrad.random import Generator

__all__ = ["augment"]

_CHUNK = 128
"""Images bent together."""


def augment(
    images: Any,
    generator: Generator,
    *,
    shift: float = 1.0,
    rotate: float = 7.5,
    scale: float = 0.1,
    elastic: float = 24.0,
    sigma: float = 4.0,
) -> np.ndarray:
    """Return each image shifted, turned, scaled and elastically bent by amounts of its own.

    Parameters
    ----------
    images : array_like of shape (n_images, size, size)
        Grey images, converted to float32.
    generator : minigrad.random.Generator
        Where the amounts come from; its position moves on.
    shift : float, default 1
        Largest shift in each direction, in pixels.
    rotate : float, default 7.5
        Largest angle to either side, in degrees.
    scale : float, default 0.1
        Largest relative change of each direction's scale.
    elastic : float, default 24
        Strength alpha of the displacement field, in pixels before smoothing; 0 for none.
    sigma : float, default 4
        Standard deviation, in pixels, of the Gaussian that smooths the field.

    Returns
    -------
    ndarray of shape images.shape, float32

    Raises
    ------
    TypeError, ValueError
        If an argument is not in its range, or the images are not square.

    Notes
    -----
    The displacements are independent uniform numbers in (-1, 1), smoothed, times alpha; at the
    defaults, their standard deviation is about a pixel. All distortions are one map, and the
    image is resampled once. Images are treated some hundred at a time, so that their fields
    stay in cache.

    References
    ----------
    P. Y. Simard, D. Steinkraus and J. C. Platt (2003), "Best practices for convolutional neural
    networks applied to visual document analysis", ICDAR, section 2.

    Examples
    --------
    >>> from minigrad import datasets
    >>> from minigrad.random import Generator
    >>> digits = datasets.load("digits", n_samples=10).images
    >>> datasets.augment(digits, Generator(1)).shape
    (10, 28, 28)
    """
    values = _check.array(images, "augment", "images", ndim=3, dtype=np.float32)
    if values.shape[1] != values.shape[2]:
        raise ValueError(f"augment: images must be square; got shape {values.shape}")
    limits = [
        _check.real(value, "augment", name, 0.0)
        for name, value in (("shift", shift), ("rotate", rotate), ("scale", scale), ("elastic", elastic))
    ]
    n, size, _ = values.shape
    maps = _maps(n, size, generator, limits[0], limits[1], limits[2])
    if limits[3] == 0:
        return displace(values, maps)
    output = np.empty_like(values)
    for first in range(0, n, _CHUNK):
        part = slice(first, min(first + _CHUNK, n))
        noise = generator.uniform(-1.0, 1.0, size=(part.stop - first, 2, size, size), dtype=np.float32)
        fields = smooth_fields(noise, sigma)
        fields *= np.float32(limits[3])
        output[part] = displace(values[part], maps[part], fields)
    return output


def _maps(n: int, size: int, generator: Generator, shift: float, rotate: float, scale: float) -> np.ndarray:
    """Draw n maps from output to input coordinates that turn and scale about the centre and shift."""
    amounts = generator.uniform(-1.0, 1.0, size=(n, 5), dtype=np.float32)
    angle = np.deg2rad(rotate * amounts[:, 0])
    across, down = 1 + scale * amounts[:, 1], 1 + scale * amounts[:, 2]
    centre = (size - 1) / 2
    maps = np.empty((n, 2, 3), np.float32)
    maps[:, 0, 0], maps[:, 0, 1] = np.cos(angle) * across, np.sin(angle) * down
    maps[:, 1, 0], maps[:, 1, 1] = -np.sin(angle) * across, np.cos(angle) * down
    # The centre goes to itself, then the shift.
    maps[:, :, 2] = centre - centre * (maps[:, :, 0] + maps[:, :, 1]) + shift * amounts[:, 3:]
    return maps
