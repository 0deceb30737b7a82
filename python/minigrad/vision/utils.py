"""Pictures put side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn._tensor import Tensor, as_tensor, fresh

__all__ = ["make_grid"]


def make_grid(tensor: Any, nrow: int = 8, padding: int = 2, normalize: bool = False, pad_value: float = 0.0) -> Tensor:
    """Put a batch of pictures into one, row by row.

    Parameters
    ----------
    tensor : Tensor of shape (n, channels, height, width), or list of Tensor
    nrow : int, default 8
        How many stand in a row.
    padding : int, default 2
        Pixels between them and around.
    normalize : bool, default False
        Scale the values to 0 ... 1 first.
    pad_value : float, default 0

    Returns
    -------
    Tensor of shape (3, height, width)
        Or with as many channels as the pictures, if these are not grey.

    Raises
    ------
    ValueError
        If it is not a batch of pictures.
    """
    images = np.stack([t._data for t in tensor]) if isinstance(tensor, (list, tuple)) else as_tensor(tensor)._data
    if images.ndim == 2:
        images = images[None]
    if images.ndim == 3:
        images = images[None] if images.shape[0] in (1, 3) else images[:, None]
    if images.ndim != 4 or not len(images):
        raise ValueError(f"make_grid: tensor must be (n, channels, height, width), n >= 1; got shape {images.shape}")
    if normalize:
        low, high = images.min(), images.max()
        images = (images - low) / max(high - low, 1e-5)
    if images.shape[1] == 1:
        images = np.repeat(images, 3, axis=1)
    n, channels, height, width = images.shape
    columns = min(nrow, n)
    rows = -(-n // columns)
    height, width = height + padding, width + padding
    grid = np.full((channels, rows * height + padding, columns * width + padding), pad_value, images.dtype)
    for i, image in enumerate(images):
        y, x = i // columns * height + padding, i % columns * width + padding
        grid[:, y : y + image.shape[1], x : x + image.shape[2]] = image
    return fresh(grid)
