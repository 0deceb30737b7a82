"""Data sets as tensors that are ready for a model, in one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import datasets
from minigrad.nn._tensor import Tensor, fresh

__all__ = ["cifar10", "digits", "fashion_mnist", "mnist"]


def _ready(loaded: datasets.Dataset, flatten: bool) -> tuple[Tensor, Tensor]:
    """Return images from 0 to 1, channels first, and their labels."""
    assert loaded.images is not None and loaded.target is not None
    images = loaded.images if loaded.images.ndim == 4 else loaded.images[..., None]
    scaled = np.divide(images.transpose(0, 3, 1, 2), np.float32(255), dtype=np.float32, order="C")
    return fresh(scaled.reshape(len(scaled), -1) if flatten else scaled), fresh(loaded.target)


def mnist(split: str = "train", *, flatten: bool = False, progress: Any = None) -> tuple[Tensor, Tensor]:
    """Return MNIST as tensors.

    Parameters
    ----------
    split : {"train", "test"}
    flatten : bool, default False
        A picture as a row of 784 numbers.
    progress : callable, optional
        See `minigrad.datasets.fetch`.

    Returns
    -------
    images : Tensor of shape (n, 1, 28, 28) or (n, 784)
        float32, from 0 to 1.
    labels : Tensor of shape (n,)
        int64.

    Raises
    ------
    DataError
        If a file is damaged, or missing and cannot be downloaded.
    """
    return _ready(datasets.load_mnist(split, progress=progress), flatten)


def fashion_mnist(split: str = "train", *, flatten: bool = False, progress: Any = None) -> tuple[Tensor, Tensor]:
    """Return Fashion-MNIST as tensors; see `mnist`.

    Parameters
    ----------
    split : {"train", "test"}
    flatten : bool, default False
    progress : callable, optional

    Returns
    -------
    images : Tensor of shape (n, 1, 28, 28) or (n, 784)
    labels : Tensor of shape (n,)
    """
    return _ready(datasets.load_fashion_mnist(split, progress=progress), flatten)


def cifar10(
    split: str = "train", *, path: Any = None, flatten: bool = False, progress: Any = None
) -> tuple[Tensor, Tensor]:
    """Return CIFAR-10 as tensors.

    Parameters
    ----------
    split : {"train", "test"}
    path : path, optional
        Where it lies, in one of the forms that `minigrad.datasets.load_cifar10` reads.
    flatten : bool, default False
        A picture as a row of 3,072 numbers.
    progress : callable, optional

    Returns
    -------
    images : Tensor of shape (n, 3, 32, 32) or (n, 3072)
        float32, from 0 to 1.
    labels : Tensor of shape (n,)
        int64.

    Raises
    ------
    DataError
        If a file is damaged, or missing and cannot be downloaded.
    """
    return _ready(datasets.load_cifar10(split, path=path, progress=progress), flatten)


def digits(n_samples: int = 2000, *, seed: int = 0, flatten: bool = False) -> tuple[Tensor, Tensor]:
    """Return digits drawn from fonts as tensors; they need no files.

    Parameters
    ----------
    n_samples : int, default 2000
    seed : int, default 0
    flatten : bool, default False
        A picture as a row of 784 numbers.

    Returns
    -------
    images : Tensor of shape (n_samples, 1, 28, 28) or (n_samples, 784)
        float32, from 0 to 1.
    labels : Tensor of shape (n_samples,)
        int64.

    Examples
    --------
    >>> import minigrad as mg
    >>> x, y = mg.data.digits(10, flatten=True)
    >>> x.shape, y.shape
    ((10, 784), (10,))
    """
    return _ready(datasets.load_digits(n_samples, seed=seed), flatten)
