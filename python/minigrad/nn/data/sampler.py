"""Samplers: in which order a data set is gone through."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any

import numpy as np

from minigrad import _check
from minigrad.nn._random import default_generator
from minigrad.random import Generator

__all__ = [
    "BatchSampler",
    "DistributedSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]


_CHUNK = 1 << 16  # indices drawn at a time: scripts ask for 10 ** 10 of them, and stop when they like


class Sampler:
    """Indices in some order. A subclass defines ``__iter__`` and, if it can, ``__len__``.

    Parameters
    ----------
    data_source : object, optional
        Ignored; older scripts pass it.
    """

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __class_getitem__(cls, item: Any) -> type:
        return cls

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}: __iter__ must be defined by the subclass")


class _ArraySampler(Sampler):
    """A sampler that knows many indices at once, as int64 arrays."""

    def order(self) -> np.ndarray:
        """Return the indices of one epoch."""
        raise TypeError(f"{type(self).__name__}: order must be defined by the subclass")

    def chunks(self) -> Iterator[np.ndarray]:
        """Yield the indices of one epoch, array by array."""
        yield self.order()

    def __iter__(self) -> Iterator[int]:
        for chunk in self.chunks():
            yield from chunk.tolist()


class SequentialSampler(_ArraySampler):
    """All indices, from the first to the last.

    Parameters
    ----------
    data_source : sized
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def order(self) -> np.ndarray:
        """Return 0, 1, ... as an array."""
        return np.arange(len(self.data_source), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(_ArraySampler):
    """All indices in random order; or drawn with replacement.

    Parameters
    ----------
    data_source : sized
    replacement : bool, default False
    num_samples : int, optional
        How many; by default as many as there are. More than that go through the data several times.
    generator : Generator, optional
        By default the global one. Each epoch takes the generator further, so orders differ.

    Raises
    ------
    TypeError, ValueError
        If `replacement` is not a boolean or `num_samples` not a positive integer.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"RandomSampler: replacement must be a bool; got {replacement!r}")
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = (
            None if num_samples is None else _check.integer(num_samples, "RandomSampler", "num_samples", 1)
        )
        self.generator = generator

    @property
    def num_samples(self) -> int:
        """How many indices an epoch has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def chunks(self) -> Iterator[np.ndarray]:
        """Draw the indices of one epoch: a permutation, or a limited number with replacement, at a time."""
        generator = self.generator or default_generator
        n, missing = len(self.data_source), self.num_samples
        while n and missing:
            if self.replacement:
                chunk: np.ndarray = generator.integers(0, n, min(missing, _CHUNK))
            else:
                chunk = generator.permutation(n)[:missing]
            missing -= len(chunk)
            yield chunk

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(_ArraySampler):
    """Some indices in random order.

    Parameters
    ----------
    indices : sequence of int
    generator : Generator, optional
        By default the global one.
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def order(self) -> np.ndarray:
        """Draw the order of one epoch."""
        indices = np.asarray(self.indices, dtype=np.int64)
        chosen: np.ndarray = indices[(self.generator or default_generator).permutation(len(indices))]
        return chosen

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(_ArraySampler):
    """Indices drawn with probabilities proportional to weights.

    Parameters
    ----------
    weights : sequence of float
        One per index, at least 0, not all 0.
    num_samples : int
        At least 1.
    replacement : bool, default True
    generator : Generator, optional
        By default the global one.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or there are fewer positive weights than indices to
        draw without replacement.

    Notes
    -----
    With replacement, a uniform number is looked up among the cumulated weights. Without, the
    drawing is repeated with the weights of those drawn set to 0, as many as still lack at a
    time, keeping the first appearance of each: the order of first appearances in a sequence of
    draws with replacement is distributed as successive draws without.
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        owner = "WeightedRandomSampler"
        if not isinstance(replacement, bool):
            raise TypeError(f"{owner}: replacement must be a bool; got {replacement!r}")
        values = _check.array(weights, owner, "weights", ndim=1, dtype=np.float64)
        positive = int((values > 0).sum())
        if (values < 0).any() or not positive:
            raise ValueError(f"{owner}: weights must be >= 0, and not all 0; got {positive} positive ones")
        self.weights = values
        self.num_samples = _check.integer(num_samples, owner, "num_samples", 1)
        if not replacement and self.num_samples > positive:
            raise ValueError(
                f"{owner}: num_samples must be at most {positive}, the number of positive weights, without "
                f"replacement; got {num_samples}"
            )
        self.replacement = replacement
        self.generator = generator

    def _draw(self, weights: np.ndarray, count: int) -> np.ndarray:
        cumulated = np.cumsum(weights)
        uniform = (self.generator or default_generator).uniform(size=count)
        found = np.searchsorted(cumulated, uniform * cumulated[-1], side="right")
        # A product that rounds up to the total belongs to the last positive weight.
        chosen: np.ndarray = np.minimum(found, np.flatnonzero(weights)[-1])
        return chosen

    def order(self) -> np.ndarray:
        """Draw the indices of one epoch."""
        if self.replacement:
            return self._draw(self.weights, self.num_samples)
        weights = self.weights.copy()
        parts: list[np.ndarray] = []
        missing = self.num_samples
        while missing:
            drawn = self._draw(weights, missing)
            _, first = np.unique(drawn, return_index=True)
            parts.append(drawn[np.sort(first)])
            weights[parts[-1]] = 0.0
            missing -= len(parts[-1])
        return np.concatenate(parts)

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of indices, cut from another sampler.

    Parameters
    ----------
    sampler : iterable of int
    batch_size : int
        At least 1.
    drop_last : bool
        Leave out a last batch that is not full.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> import minigrad as mg
    >>> list(mg.utils.data.BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        self.sampler = sampler
        self.batch_size = _check.integer(batch_size, "BatchSampler", "batch_size", 1)
        if not isinstance(drop_last, bool):
            raise TypeError(f"BatchSampler: drop_last must be a bool; got {drop_last!r}")
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        batch: list[Any] = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def arrays(self) -> Iterator[np.ndarray] | None:
        """Return the batches as arrays, if the sampler knows an epoch at once."""
        if type(self) is not BatchSampler or not isinstance(self.sampler, _ArraySampler):
            return None
        return self._cut(self.sampler)

    def _cut(self, sampler: _ArraySampler) -> Iterator[np.ndarray]:
        size, held = self.batch_size, np.empty(0, np.int64)
        for chunk in sampler.chunks():
            held = np.concatenate([held, chunk]) if len(held) else chunk
            whole = len(held) - len(held) % size
            for start in range(0, whole, size):
                yield held[start : start + size]
            held = held[whole:]
        if len(held) and not self.drop_last:
            yield held

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


_share = (1, 0)


def share_by_default(num_replicas: int, rank: int) -> None:
    """Say which share `DistributedSampler` takes unless told; `minigrad.distributed` does, when it knows."""
    global _share
    _share = (num_replicas, rank)


class DistributedSampler(_ArraySampler):
    """The share that one process has of the indices: every `num_replicas`-th of one common order.

    Parameters
    ----------
    dataset : sized
    num_replicas : int, optional
        How many processes share the data; by default as many as `minigrad.distributed.world`
        has joined, or 1.
    rank : int, optional
        The number of this one, from 0; by default the one it has there, or 0.
    shuffle : bool, default True
    seed : int, default 0
        The same in all processes.
    drop_last : bool, default False
        Leave out what does not divide evenly; else the first indices are used again.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        owner = "DistributedSampler"
        self.dataset = dataset
        replicas, here = _share if num_replicas is None else (num_replicas, 0)
        self.num_replicas = _check.integer(replicas, owner, "num_replicas", 1)
        self.rank = _check.integer(here if rank is None else rank, owner, "rank", 0, self.num_replicas - 1)
        self.shuffle = shuffle
        self.seed = _check.seed(seed, owner)
        self.drop_last = drop_last
        self.epoch = 0

    @property
    def num_samples(self) -> int:
        """How many indices this process has."""
        n = len(self.dataset)
        return n // self.num_replicas if self.drop_last else math.ceil(n / self.num_replicas)

    def set_epoch(self, epoch: int) -> None:
        """Choose the order: each epoch has its own, the same in all processes.

        Parameters
        ----------
        epoch : int
            At least 0.

        Raises
        ------
        TypeError, ValueError
            If it is not such a number.
        """
        self.epoch = _check.integer(epoch, "DistributedSampler.set_epoch", "epoch", 0)

    def order(self) -> np.ndarray:
        """Return this process's indices."""
        n, total = len(self.dataset), self.num_samples * self.num_replicas
        order = Generator(self.seed, stream=self.epoch).permutation(n) if self.shuffle else np.arange(n)
        return np.resize(order, total)[self.rank :: self.num_replicas] if total else order[:0]

    def __len__(self) -> int:
        return self.num_samples
