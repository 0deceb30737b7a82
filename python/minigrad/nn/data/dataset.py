"""Data sets: samples by index, or one after the other."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad import _check
from minigrad.nn import _array
from minigrad.nn._random import default_generator
from minigrad.nn._tensor import Tensor, fresh
from minigrad.random import Generator

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "batch_function",
    "gather",
    "random_split",
]


class Dataset:
    """Samples by index. A subclass defines ``__getitem__`` and, as a rule, ``__len__``.

    It may define ``__getitems__(indices)`` too, which returns the list of several samples, or
    ``__getbatch__(indices)``, which takes an int64 array and returns what the default `collate_fn`
    would make of these samples, at once.
    """

    def __class_getitem__(cls, item: Any) -> type:
        return cls  # so that scripts may write Dataset[tuple[Tensor, int]]

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: __getitem__ must be defined by the subclass")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Samples one after the other. A subclass defines ``__iter__``."""

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(f"{type(self).__name__}: __iter__ must be defined by the subclass")

    def __add__(self, other: Dataset) -> Any:
        return ChainDataset([self, other])


def gather(array: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Return the rows of `array` at `indices`, in one pass.

    Parameters
    ----------
    array : ndarray of shape (n, ...)
    indices : ndarray of int64 of shape (b,)
        From ``-n`` to ``n - 1``.

    Returns
    -------
    ndarray of shape (b, ...)

    Raises
    ------
    IndexError
        If an index is out of range.
    """
    n = len(array)
    if len(indices) and (indices.min() < -n or indices.max() >= n):
        bad = indices[(indices < -n) | (indices >= n)][0]
        raise IndexError(f"gather: indices must be from {-n} to {n - 1}; got {bad}")
    rows = _array.empty((len(indices), *array.shape[1:]), array.dtype)
    # NumPy copies row by row straight into `out` if it need not undo a mistake; "wrap" also counts from the end.
    return np.take(array, indices, axis=0, out=rows, mode="wrap") if n else rows


class TensorDataset(Dataset):
    """Samples that are the rows of tensors.

    Parameters
    ----------
    *tensors : Tensor
        Of the same length.

    Raises
    ------
    TypeError
        If one is not a tensor.
    ValueError
        If there is none, or the lengths differ.

    Examples
    --------
    >>> import minigrad as mg
    >>> data = mg.utils.data.TensorDataset(mg.zeros(5, 2), mg.arange(5))
    >>> len(data), data[3][1].item()
    (5, 3)
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                raise TypeError(f"TensorDataset: tensors must be Tensors; got {type(tensor).__name__}")
        if not tensors or any(tensor.ndim == 0 or tensor.shape[0] != tensors[0].shape[0] for tensor in tensors):
            shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors) or "none"
            raise ValueError(f"TensorDataset: tensors must have the same length; got shapes {shapes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].shape[0]

    def __getbatch__(self, indices: np.ndarray) -> list[Tensor]:
        return [fresh(gather(tensor._data, indices)) for tensor in self.tensors]


class StackDataset(Dataset):
    """Samples put together from the samples of several data sets at the same index.

    Parameters
    ----------
    *args : Dataset
        Of the same length; a sample is a tuple.
    **kwargs : Dataset
        Or by name; a sample is then a dict.

    Raises
    ------
    ValueError
        If there is none, both ways are used, or the lengths differ.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ValueError("StackDataset: datasets must be given either by position or by name")
        self.datasets: Any = args or kwargs
        lengths = [len(data) for data in args or kwargs.values()]
        if len(set(lengths)) != 1:
            raise ValueError(f"StackDataset: datasets must have the same length; got {lengths}")
        self._length = lengths[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: data[index] for name, data in self.datasets.items()}
        return tuple(data[index] for data in self.datasets)

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset):
    """Data sets one after the other, seen as one.

    Parameters
    ----------
    datasets : iterable of Dataset
        At least one; none may be an `IterableDataset`.

    Attributes
    ----------
    datasets : list of Dataset
    cumulative_sizes : list of int

    Raises
    ------
    ValueError
        If there is none.
    TypeError
        If one has no indices.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: datasets must not be empty; got none")
        if any(isinstance(data, IterableDataset) for data in self.datasets):
            raise TypeError("ConcatDataset: datasets must have indices; got an IterableDataset")
        self.cumulative_sizes = list(itertools.accumulate(len(data) for data in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        position = _position("ConcatDataset", index, len(self))
        which = bisect.bisect_right(self.cumulative_sizes, position)
        return self.datasets[which][position - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset):
    """Iterable data sets one after the other.

    Parameters
    ----------
    datasets : iterable of IterableDataset
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain.from_iterable(self.datasets)

    def __len__(self) -> int:
        return sum(len(data) for data in self.datasets)


class Subset(Dataset):
    """Part of a data set.

    Parameters
    ----------
    dataset : Dataset
    indices : sequence of int
        Which samples, in which order.

    Examples
    --------
    >>> import minigrad as mg
    >>> data = mg.utils.data.Subset(list("abcdef"), [4, 0])
    >>> data[0], len(data)
    ('e', 2)
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        chosen = [self.indices[i] for i in indices]
        if hasattr(self.dataset, "__getitems__"):
            samples: list[Any] = self.dataset.__getitems__(chosen)
            return samples
        return [self.dataset[i] for i in chosen]

    def __len__(self) -> int:
        return len(self.indices)


def batch_function(dataset: Any) -> Callable[[np.ndarray], Any] | None:
    """Return the function that makes a whole batch from an array of indices, None if there is none.

    Parameters
    ----------
    dataset : object

    Returns
    -------
    callable or None
        ``__getbatch__``, unless a subclass has redefined what a sample is without it.
    """
    if type(dataset) is Subset:
        function = batch_function(dataset.dataset)
        chosen = np.asarray(dataset.indices, dtype=np.int64)
        return None if function is None else lambda indices: function(chosen[indices])
    for kind in type(dataset).__mro__:
        if "__getbatch__" in vars(kind):
            found: Callable[[np.ndarray], Any] | None = dataset.__getbatch__
            return found
        if "__getitem__" in vars(kind):
            return None
    return None


def _position(owner: str, index: int, length: int) -> int:
    if not -length <= index < length:
        raise IndexError(f"{owner}: index must be from {-length} to {length - 1}; got {index}")
    return index % length


def _shares(lengths: Sequence[float], total: int) -> list[int]:
    """Return how many of `total` samples go where, from numbers or fractions."""
    if any(isinstance(n, float) for n in lengths) and math.isclose(sum(lengths), 1) and sum(lengths) <= 1.000001:
        counts = [math.floor(total * _check.real(n, "random_split", "lengths", 0.0, 1.0)) for n in lengths]
        for i in range(total - sum(counts)):  # what rounding left over goes round
            counts[i % len(counts)] += 1
        return counts
    counts = [_check.integer(n, "random_split", "lengths", 0) for n in lengths]
    if sum(counts) != total:
        raise ValueError(f"random_split: lengths must add up to {total}, the data set's length; got {sum(counts)}")
    return counts


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Divide a data set at random into parts that do not overlap.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int, or of float
        How many samples each part has; or fractions that add up to 1.
    generator : Generator, optional
        By default the global one.

    Returns
    -------
    list of Subset

    Raises
    ------
    TypeError, ValueError
        If the lengths are not such numbers, or do not add up.

    Examples
    --------
    >>> import minigrad as mg
    >>> parts = mg.utils.data.random_split(range(10), [0.8, 0.2], mg.Generator().manual_seed(0))
    >>> [len(part) for part in parts]
    [8, 2]
    """
    counts = _shares(lengths, len(dataset))
    order = (generator or default_generator).permutation(len(dataset)).tolist()
    ends = list(itertools.accumulate(counts))
    return [Subset(dataset, order[end - count : end]) for count, end in zip(counts, ends, strict=True)]
