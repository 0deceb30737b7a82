"""What a loader returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Dataset", "Progress"]

# Called with a file's name, the bytes received so far, and their total (0 if unknown).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Named samples.

    Attributes
    ----------
    name : str
        The name it was loaded by.
    data : ndarray of shape (n_samples, n_features)
        float64, or float32 for grey images: the levels 0 to 255, unscaled; uint8 for colour images.
    target : ndarray of shape (n_samples,) or None
        int64 class of each sample, an index into `target_names`.
    feature_names : tuple of str
        One per column of `data`.
    target_names : tuple of str
        One per class.
    description : str
        What it is and who made it, in a sentence or two.
    source : str
        Where these very numbers come from: ``"embedded"``, ``"generated"``, or the file read.
    synthetic : bool
        True if the samples were generated, not measured.
    images : ndarray of shape (n_samples, height, width) or (n_samples, height, width, 3), or None
        The uint8 images whose pixels `data` holds in rows.
    """

    name: str
    data: np.ndarray
    target: np.ndarray | None
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    description: str
    source: str
    synthetic: bool = False
    images: np.ndarray | None = None

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """``(height, width)`` of an image, and 3 if it has colours; None if the samples are not images."""
        return None if self.images is None else self.images.shape[1:]
