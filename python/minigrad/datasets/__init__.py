"""Data: named sets that are embedded, generated or downloaded once, and a reader of tables.

`load` returns a `Dataset` by name; `read_csv` returns a `Table` from a file. Nothing here
prints: progress goes to a callback, and what cannot be used is a `DataError` of one line.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from minigrad._check import DataError, choice
from minigrad.datasets._augment import augment
from minigrad.datasets._cifar10 import load_cifar10, read_cifar10_batch
from minigrad.datasets._dataset import Dataset, Progress
from minigrad.datasets._digits import load_digits
from minigrad.datasets._files import HOMES, fetch
from minigrad.datasets._idx import read_idx
from minigrad.datasets._images import read_images
from minigrad.datasets._iris import iris_version, load_iris
from minigrad.datasets._matplotlib import photo, photo_path
from minigrad.datasets._mnist import load_fashion_mnist, load_mnist
from minigrad.datasets._movielens import load_movielens, read_movielens
from minigrad.datasets._photo import Photo, encode_photo, read_photo
from minigrad.datasets._pictures import center_digit, read_picture
from minigrad.datasets._planar import PLANAR, load_planar
from minigrad.datasets._ratings import RatingsDataset, load_synthetic_ratings
from minigrad.datasets._tables import Table, read_csv

__all__ = [
    "DataError",
    "Dataset",
    "Photo",
    "Progress",
    "RatingsDataset",
    "Table",
    "augment",
    "available",
    "center_digit",
    "encode_photo",
    "fetch",
    "iris_version",
    "load",
    "load_cifar10",
    "load_digits",
    "load_fashion_mnist",
    "load_iris",
    "load_mnist",
    "load_movielens",
    "load_planar",
    "load_synthetic_ratings",
    "photo",
    "photo_path",
    "read_cifar10_batch",
    "read_csv",
    "read_idx",
    "read_images",
    "read_movielens",
    "read_photo",
    "read_picture",
]

# The loader of each set, and the options that it takes.
_LOADERS: dict[str, tuple[Callable[..., Dataset], tuple[str, ...]]] = {
    "cifar10": (load_cifar10, ("split", "path")),
    "digits": (load_digits, ("n_samples", "seed")),
    "fashion-mnist": (load_fashion_mnist, ("split",)),
    "iris": (load_iris, ()),
    "mnist": (load_mnist, ("split",)),
    "movielens-100k": (partial(load_movielens, "100k"), ()),
    "movielens-latest-small": (partial(load_movielens, "latest-small"), ()),
    "synthetic-ratings": (load_synthetic_ratings, ("n_users", "n_items", "n_factors", "noise", "seed")),
    **{shape: (partial(load_planar, shape), ("n_samples", "noise", "seed")) for shape in PLANAR},
}


def available() -> tuple[str, ...]:
    """Return the names that `load` knows.

    Examples
    --------
    >>> from minigrad import datasets
    >>> "iris" in datasets.available()
    True
    """
    return tuple(sorted(_LOADERS))


def load(name: str, *, progress: Progress | None = None, **options: Any) -> Dataset:
    """Return a data set by name.

    Parameters
    ----------
    name : str
        One of `available`.
    progress : callable, optional
        Called as ``progress(file, received, total)`` while a file is downloaded.
    **options
        What the set's own loader takes: ``split`` for ``"mnist"`` and ``"fashion-mnist"`` (`load_mnist`), ``split`` and
        ``path`` for ``"cifar10"`` (`load_cifar10`), ``n_samples`` and ``seed``
        for ``"digits"`` (`load_digits`), those and ``noise`` for ``"circle"``, ``"moons"``, ``"spirals"``
        and ``"xor"`` (`load_planar`), ``n_users``, ``n_items``, ``n_factors``, ``noise`` and ``seed`` for
        ``"synthetic-ratings"`` (`load_synthetic_ratings`).

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If a file is damaged, or missing and cannot be downloaded.
    ValueError
        If `name` is unknown.
    TypeError
        If the set has no such option.

    Examples
    --------
    >>> from minigrad import datasets
    >>> iris = datasets.load("iris")
    >>> iris.data.shape, iris.target_names
    ((150, 4), ('setosa', 'versicolor', 'virginica'))
    """
    loader, allowed = _LOADERS[choice(name, "load", "name", available())]
    for option in options:
        if option not in allowed:
            raise TypeError(f"load: {name!r} takes no option {option!r}; it takes {', '.join(allowed) or 'none'}")
    if name in HOMES:
        options["progress"] = progress
    return loader(**options)
