"""What a transform works on: the pixels of a Pillow image, an array or a tensor, channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.nn._tensor import Tensor, fresh

__all__ = ["opened", "size_of"]


def opened(image: Any, owner: str) -> tuple[np.ndarray, Callable[[np.ndarray], Any]]:
    """Return the pixels of an image, (height, width, channels), and how to make such an image of others.

    Parameters
    ----------
    image : PIL.Image.Image, ndarray or Tensor
        An array is (height, width) or (height, width, channels), a tensor (channels, height, width).
    owner : str
        Names the transform in messages.

    Returns
    -------
    pixels : ndarray
    close : callable

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If its dimensions are not those of a picture.
    """
    if isinstance(image, Tensor):
        if image.ndim not in (2, 3):
            raise ValueError(f"{owner}: a tensor must be (channels, height, width); got shape {tuple(image.shape)}")
        flat = image.ndim == 2
        data = image._data[None] if flat else image._data

        def to_tensor(pixels: np.ndarray) -> Tensor:
            planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
            return fresh(planes[0] if flat else planes)

        return data.transpose(1, 2, 0), to_tensor
    if isinstance(image, np.ndarray):
        if image.ndim not in (2, 3):
            raise ValueError(f"{owner}: an array must be (height, width[, channels]); got shape {image.shape}")
        if image.ndim == 2:
            return image[..., None], lambda pixels: pixels[..., 0]
        return image, lambda pixels: pixels
    if hasattr(image, "getbands"):  # a Pillow image, without importing Pillow for those who have none
        from PIL import Image

        pixels = np.asarray(image.convert("L") if image.mode == "1" else image)

        def to_pillow(changed: np.ndarray) -> Any:
            return Image.fromarray(np.ascontiguousarray(changed[..., 0] if changed.shape[2] == 1 else changed))

        return pixels[..., None] if pixels.ndim == 2 else pixels, to_pillow
    raise TypeError(f"{owner}: an image must be a Pillow image, an array or a Tensor; got {type(image).__name__}")


def size_of(image: Any, owner: str) -> tuple[int, int]:
    """Return the height and width of an image."""
    height, width = opened(image, owner)[0].shape[:2]
    return height, width
