"""MNIST, 70,000 handwritten digits, and Fashion-MNIST, as many pieces of clothing."""

from __future__ import annotations

import numpy as np

from minigrad._check import DataError, choice
from minigrad.datasets._dataset import Dataset, Progress
from minigrad.datasets._files import fetch
from minigrad.datasets._idx import read_idx

__all__ = ["load_fashion_mnist", "load_mnist", "pixel_names"]

_CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_PREFIX = {"train": "train", "test": "t10k"}


def pixel_names(height: int, width: int) -> tuple[str, ...]:
    """Name the pixels of an image in row-major order."""
    return tuple(f"pixel {y},{x}" for y in range(height) for x in range(width))


def load_mnist(split: str = "train", *, progress: Progress | None = None) -> Dataset:
    """Return MNIST: 60,000 training or 10,000 test images of handwritten digits.

    Parameters
    ----------
    split : {"train", "test"}
    progress : callable, optional
        See `fetch`.

    Returns
    -------
    Dataset
        ``images`` are uint8 (n, 28, 28); ``data`` is float32 (n, 784), the same values.

    Raises
    ------
    DataError
        If a file is damaged, or missing and cannot be downloaded.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 2278-2324.
    """
    return _load("mnist", split, progress, tuple("0123456789"), "handwritten digits", "LeCun, Cortes and Burges")


def load_fashion_mnist(split: str = "train", *, progress: Progress | None = None) -> Dataset:
    """Return Fashion-MNIST: 60,000 training or 10,000 test images of clothes, in MNIST's format.

    Parameters
    ----------
    split : {"train", "test"}
    progress : callable, optional
        See `fetch`.

    Returns
    -------
    Dataset
        ``images`` are uint8 (n, 28, 28); ``data`` is float32 (n, 784), the same values.

    Raises
    ------
    DataError
        If a file is damaged, or missing and cannot be downloaded.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf (2017), "Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms", arXiv:1708.07747.
    """
    return _load("fashion-mnist", split, progress, _CLOTHES, "pieces of clothing", "Xiao, Rasul and Vollgraf")


def _load(
    name: str, split: str, progress: Progress | None, classes: tuple[str, ...], what: str, authors: str
) -> Dataset:
    """Return a set that is published as four IDX files of fixed names."""
    prefix = _PREFIX[choice(split, f"load({name!r})", "split", tuple(_PREFIX))]
    path = fetch(name, f"{prefix}-images-idx3-ubyte.gz", progress)
    images = read_idx(path, ndim=3)
    labels = read_idx(fetch(name, f"{prefix}-labels-idx1-ubyte.gz", progress), ndim=1)
    if len(images) != len(labels):
        raise DataError(f"{path}: holds {len(images)} images, but there are {len(labels)} labels; fetch both again")
    title = "MNIST" if name == "mnist" else "Fashion-MNIST"
    return Dataset(
        name=name,
        data=images.reshape(len(images), -1).astype(np.float32),
        target=labels.astype(np.int64),
        feature_names=pixel_names(*images.shape[1:]),
        target_names=classes,
        description=f"{title}: {len(images)} {what}, the {split} set ({authors})",
        source=str(path),
        images=images,
    )
