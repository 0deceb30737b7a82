"""`DataLoader`: batches of a data set, in order, at random, or made by other processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from minigrad import _check
from minigrad.nn.data.collate import default_collate, default_convert
from minigrad.nn.data.dataset import IterableDataset, batch_function
from minigrad.nn.data.sampler import BatchSampler, RandomSampler, SequentialSampler
from minigrad.nn.data.workers import Fetcher, Pool
from minigrad.random import Generator

__all__ = ["DataLoader"]


class DataLoader:
    """Iterable over the batches of a data set.

    Parameters
    ----------
    dataset : Dataset or sequence
        Samples by index, or an `IterableDataset`.
    batch_size : int or None, default 1
        None gives the samples one by one.
    shuffle : bool, optional
        Go through the samples in a new random order each epoch.
    sampler : iterable of int, optional
        The order instead.
    batch_sampler : iterable of lists of int, optional
        The batches instead.
    num_workers : int, default 0
        How many processes read samples ahead; 0 reads them in this one.
    collate_fn : callable, optional
        Makes a batch of a list of samples; `default_collate` by default.
    pin_memory : bool
        Ignored: there is no other memory to copy to.
    drop_last : bool, default False
        Leave out a last batch that is not full.
    timeout : float, default 0
        Seconds to wait for a worker's batch; 0 is for ever, as long as it lives.
    worker_init_fn : callable, optional
        Called in each worker with its number.
    multiprocessing_context : str or context, optional
        How workers are started; by default as the platform does.
    generator : Generator, optional
        Of the random order, and of the workers' seeds; by default the global one.
    prefetch_factor : int, optional
        Batches each worker is ahead; 2 by default. Only with workers.
    persistent_workers : bool, default False
        Keep the workers from one epoch to the next.
    pin_memory_device : str
        Ignored.
    in_order : bool
        Ignored: batches always come in order.
    seed : int, optional
        Shuffle by a generator of this seed.

    Attributes
    ----------
    dataset, batch_size, sampler, batch_sampler, num_workers, collate_fn, drop_last, generator

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, or contradicts another.

    Notes
    -----
    A `TensorDataset`, a `Subset` of one, and any data set with ``__getbatch__`` is gathered a batch at a
    time: a batch then costs the copy of its rows and a few microseconds.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.utils.data import DataLoader, TensorDataset
    >>> loader = DataLoader(TensorDataset(mg.zeros(10, 3), mg.arange(10)), batch_size=4)
    >>> [tuple(x.shape) for x, y in loader]
    [(4, 3), (4, 3), (2, 3)]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        seed: int | None = None,
    ) -> None:
        self.dataset = dataset
        self.num_workers = _check.integer(num_workers, "DataLoader", "num_workers", 0)
        self.timeout = _check.real(timeout, "DataLoader", "timeout", 0.0)
        if prefetch_factor is not None and not num_workers:
            raise ValueError("DataLoader: prefetch_factor must be left out without workers; set num_workers too")
        self.prefetch_factor = _check.integer(prefetch_factor or 2, "DataLoader", "prefetch_factor", 1)
        if persistent_workers and not num_workers:
            raise ValueError("DataLoader: persistent_workers needs num_workers >= 1; got 0")
        if generator is not None and not isinstance(generator, Generator):
            raise TypeError(f"DataLoader: generator must be a Generator; got {type(generator).__name__}")
        if seed is not None:
            if generator is not None:
                raise ValueError("DataLoader: give seed or generator, not both")
            generator = Generator(_check.seed(seed, "DataLoader"))
        self.generator = generator
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.persistent_workers = persistent_workers
        self.pin_memory = pin_memory
        self._iterable = isinstance(dataset, IterableDataset)
        self._choose_order(batch_size, shuffle, sampler, batch_sampler, drop_last)
        self._default = collate_fn is None
        self.collate_fn = collate_fn or (default_convert if self._auto_collation is None else default_collate)
        self._pool: Pool | None = None
        self._epochs = 0

    def _choose_order(self, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool) -> None:
        """Set up sampler and batch sampler, refusing what contradicts itself."""
        owner = "DataLoader"
        if self._iterable and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError(f"{owner}: an IterableDataset has its own order; leave shuffle and the samplers out")
        if sampler is not None and shuffle:
            raise ValueError(f"{owner}: give sampler or shuffle, not both")
        if batch_sampler is not None:
            if batch_size not in (1, None) or shuffle or sampler is not None or drop_last:
                raise ValueError(f"{owner}: batch_sampler excludes batch_size, shuffle, sampler and drop_last")
            batch_size, drop_last = None, False
        elif batch_size is None:
            if drop_last:
                raise ValueError(f"{owner}: drop_last needs a batch_size; got None")
        else:
            batch_size = _check.integer(batch_size, owner, "batch_size", 1)
        if sampler is None and not self._iterable and batch_sampler is None:
            if not hasattr(self.dataset, "__len__") or not hasattr(self.dataset, "__getitem__"):
                raise TypeError(
                    f"{owner}: dataset must have __getitem__ and __len__, or be an IterableDataset; "
                    f"got {type(self.dataset).__name__}"
                )
            random = RandomSampler(self.dataset, generator=self.generator) if shuffle else None
            sampler = random or SequentialSampler(self.dataset)
        if batch_size is not None and sampler is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last = batch_size, drop_last
        self.sampler: Any = sampler
        self.batch_sampler: Any = batch_sampler

    @property
    def _auto_collation(self) -> Any:
        """What says how many samples make a batch; None if samples come one by one."""
        return self.batch_size if self._iterable else self.batch_sampler

    def __len__(self) -> int:
        if self._iterable:
            n: int = len(self.dataset)
            if self.batch_size is None:
                return n
            each: int = self.batch_size
            return n // each if self.drop_last else -(-n // each)
        size: int = len(self.sampler if self.batch_sampler is None else self.batch_sampler)
        return size

    def __iter__(self) -> Iterator[Any]:
        if self.num_workers:
            return self._from_workers()
        fetcher = self._fetcher()
        if self._iterable:
            return fetcher.stream()
        if fetcher.whole is not None and isinstance(self.batch_sampler, BatchSampler):
            arrays = self.batch_sampler.arrays()
            if arrays is not None:
                return map(fetcher.whole, arrays)
        return map(fetcher.fetch, self._tasks())

    def _fetcher(self) -> Fetcher:
        whole = batch_function(self.dataset) if self._default and not self._iterable else None
        automatic = self._auto_collation is not None
        return Fetcher(self.dataset, self.collate_fn, automatic, self.batch_size, self.drop_last, whole)

    def _tasks(self) -> Iterable[Any]:
        """Return what each batch is made from: lists of indices, single indices, or nothing."""
        tasks: Iterable[Any] = self.sampler if self.batch_sampler is None else self.batch_sampler
        return tasks

    def _from_workers(self) -> Iterator[Any]:
        pool = self._pool or Pool(self, self._fetcher())
        self._pool = pool if self.persistent_workers else None
        try:
            self._epochs += 1
            yield from pool.run(None if self._iterable else iter(self._tasks()), self.generator, self._epochs)
        finally:
            if not self.persistent_workers or pool.broken:
                self._pool = None
                pool.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pool": None}  # processes cannot be copied
