"""Fetching batches, here or in worker processes."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import pickle
import queue
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.nn._random import default_generator
from minigrad.random import Generator

__all__ = ["Fetcher", "Pool", "WorkerInfo", "get_worker_info"]

_PATIENCE = 5.0  # seconds after which a worker without work looks whether its parent still lives


@dataclass
class WorkerInfo:
    """What a worker process knows about itself.

    Attributes
    ----------
    id : int
        Its number, from 0.
    num_workers : int
    seed : int
        What its random numbers are seeded with.
    dataset : object
        Its copy of the data set.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Return what the calling worker process of a `DataLoader` is; None in the main process."""
    return _info


class Fetcher:
    """Makes batches of a data set's samples.

    Parameters
    ----------
    dataset : object
    collate : callable
    automatic : bool
        Whether a batch is made of several samples.
    batch_size : int or None
    drop_last : bool
        The last two are used by `stream`.
    whole : callable or None
        Makes a batch from an array of indices at once.
    """

    def __init__(
        self,
        dataset: Any,
        collate: Callable[[Any], Any],
        automatic: bool,
        batch_size: int | None,
        drop_last: bool,
        whole: Callable[[np.ndarray], Any] | None,
    ) -> None:
        self.dataset, self.collate, self.automatic = dataset, collate, automatic
        self.batch_size, self.drop_last, self.whole = batch_size, drop_last, whole

    def fetch(self, indices: Any) -> Any:
        """Return the batch of a list of indices, or the sample of one.

        Parameters
        ----------
        indices : list of int, or int

        Returns
        -------
        object
        """
        if not self.automatic:
            return self.collate(self.dataset[indices])
        if self.whole is not None:
            return self.whole(np.asarray(indices, dtype=np.int64))
        if hasattr(self.dataset, "__getitems__"):
            return self.collate(self.dataset.__getitems__(indices))
        return self.collate([self.dataset[index] for index in indices])

    def stream(self) -> Iterator[Any]:
        """Return the batches of an iterable data set."""
        samples = iter(self.dataset)
        if not self.automatic or self.batch_size is None:
            yield from map(self.collate, samples)
            return
        while batch := list(itertools.islice(samples, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield self.collate(batch)


class _Failure:
    """An exception on its way from a worker."""

    def __init__(self, error: BaseException) -> None:
        self.kind: type[BaseException] = type(error)
        self.text = "".join(traceback.format_exception(error)).rstrip()

    def raise_again(self, worker: int) -> None:
        message = f"DataLoader: worker {worker} failed: {self.text}"
        try:
            error = self.kind(message)
        except Exception:  # an exception whose constructor wants something else
            error = RuntimeError(message)
        raise error


class _End:
    """A worker's answer when its share of an iterable data set is used up."""


def _work(number: int, count: int, fetcher: Fetcher, init: Any, tasks: Any, answers: Any) -> None:
    """Answer tasks until told to stop, or until the parent is gone. Runs in a process of its own."""
    global _info
    parent = os.getppid()
    stream: Iterator[Any] | None = None
    failed: _Failure | None = None
    while True:
        try:
            task = tasks.get(timeout=_PATIENCE)
        except queue.Empty:
            if os.getppid() != parent:
                return
            continue
        if task is None:
            return
        kind, content = task
        try:
            if kind == "begin":
                failed, stream = None, None
                _info = WorkerInfo(number, count, content + number, fetcher.dataset)
                default_generator.manual_seed(content + number)
                if init is not None:
                    init(number)
                continue
            if failed is not None:
                answer: Any = failed
            elif kind == "next":
                stream = fetcher.stream() if stream is None else stream
                answer = next(stream, _End())
            else:
                answer = fetcher.fetch(content)
            message = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            failed = _Failure(error)
            if kind == "begin":
                continue  # told with the next task, which waits for an answer
            message = pickle.dumps(failed)
            failed = None
        try:
            answers.send_bytes(message)
        except (BrokenPipeError, OSError):
            return


class Pool:
    """Worker processes of one loader.

    Parameters
    ----------
    loader : DataLoader
        Whose settings are used.
    fetcher : Fetcher

    Raises
    ------
    TypeError
        If the data set cannot be sent to a process, where processes are not forked.
    """

    def __init__(self, loader: Any, fetcher: Fetcher) -> None:
        context = loader.multiprocessing_context
        if context is None or isinstance(context, str):
            context = multiprocessing.get_context(context)
        self.count: int = loader.num_workers
        self.ahead: int = loader.prefetch_factor
        self.timeout: float = loader.timeout
        self.broken = False
        self.processes: list[Any] = []
        self.tasks: list[Any] = []
        self.answers: list[Any] = []
        try:
            for number in range(self.count):
                tasks = context.Queue()
                receive, send = context.Pipe(duplex=False)
                arguments = (number, self.count, fetcher, loader.worker_init_fn, tasks, send)
                process = context.Process(target=_work, args=arguments, daemon=True)
                self.tasks.append(tasks)
                self.answers.append(receive)
                process.start()
                self.processes.append(process)
                send.close()  # so that the worker's death is the end of the pipe
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            self.close()
            raise TypeError(f"DataLoader: dataset must be picklable for worker processes; {error}") from None

    def run(self, indices: Iterator[Any] | None, generator: Generator | None, epoch: int) -> Iterator[Any]:
        """Yield the batches of one epoch, in order.

        Parameters
        ----------
        indices : iterator or None
            What each batch is made of; None for iterable data sets.
        generator : Generator or None
            Of the workers' seeds.
        epoch : int
            Each has its own seeds.

        Yields
        ------
        object
            A batch.

        Raises
        ------
        RuntimeError
            If a worker died or took too long.
        """
        self.broken = True  # unless the epoch comes to its end
        # Drawn from another stream, so that the order of the samples is the same without workers.
        generator = generator or default_generator
        stream = 2**63 + (epoch % 2**30 << 32) + generator.position % 2**32
        base = Generator(generator.seed, stream).integers(0, 2**62)
        for tasks in self.tasks:
            tasks.put(("begin", base))
        yield from self._streams() if indices is None else self._ordered(indices)
        self.broken = False

    def _ordered(self, indices: Iterator[Any]) -> Iterator[Any]:
        """Yield the batch of each element of `indices`: the k-th is the work of worker k modulo their number."""
        sent = 0
        for done in itertools.count():
            for content in itertools.islice(indices, done + self.count * self.ahead - sent):
                self.tasks[sent % self.count].put(("fetch", content))
                sent += 1
            if done == sent:
                return
            yield self._receive(done % self.count)

    def _streams(self) -> Iterator[Any]:
        """Yield the batches of the workers' shares in turn, until all are used up."""
        active = list(range(self.count))
        for number in active * self.ahead:
            self.tasks[number].put(("next", None))
        while active:
            for number in list(active):
                answer = self._receive(number)
                if isinstance(answer, _End):
                    for _ in range(self.ahead - 1):  # what was asked for in vain
                        self._receive(number)
                    active.remove(number)
                else:
                    self.tasks[number].put(("next", None))
                    yield answer

    def _receive(self, number: int) -> Any:
        connection, process = self.answers[number], self.processes[number]
        try:
            if self.timeout and not connection.poll(self.timeout):
                raise RuntimeError(f"DataLoader: worker {number} gave no batch within {self.timeout:g} seconds")
            answer = pickle.loads(connection.recv_bytes())
        except (EOFError, ConnectionError):
            process.join(1.0)
            raise RuntimeError(
                f"DataLoader: worker {number} (process {process.pid}) died with exit code {process.exitcode}"
            ) from None
        if isinstance(answer, _Failure):
            answer.raise_again(number)
        return answer

    def close(self) -> None:
        """End the workers: those that do not stop by themselves are terminated."""
        for tasks in self.tasks:
            with contextlib.suppress(ValueError, OSError):
                tasks.put(None)
        for connection in self.answers:
            connection.close()  # a worker that waits to send gets an error and ends
        for process in self.processes:
            process.join(0.1 if self.broken else 2.0)
            if process.is_alive():
                process.terminate()
                process.join()
            process.close()
        for tasks in self.tasks:
            tasks.cancel_join_thread()
            tasks.close()
        self.processes, self.tasks, self.answers = [], [], []

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()
