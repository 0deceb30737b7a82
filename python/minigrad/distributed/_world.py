"""The ranks that a launcher started together, and what they can do with arrays."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

import numpy as np

from minigrad import _check
from minigrad._native import get_num_threads, set_num_threads
from minigrad.distributed._transport import OPS, Alone, Ranks, Transport
from minigrad.nn.data.sampler import share_by_default

__all__ = ["ReduceOp", "World", "world"]

_COUNTED_BY = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE")
"""Where launchers write how many ranks they started: MPICH's and Intel's, Open MPI's, PMIx's."""

_KINDS = "fiub"


class ReduceOp:
    """How `all_reduce` joins what the ranks have: names for the strings that it takes."""

    SUM = "sum"
    AVG = "mean"
    MAX = "max"
    MIN = "min"


class World:
    """One process among those that were started with it; `world` makes it.

    Parameters
    ----------
    transport : object
        What moves bytes between the ranks.

    Attributes
    ----------
    rank : int
        The number of this process, from 0.
    size : int
        How many there are.

    Examples
    --------
    >>> from minigrad.distributed import world
    >>> w = world()
    >>> w.rank, w.size, w.allreduce([1.0, 2.0], "mean")
    (0, 1, array([1., 2.]))
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.rank = transport.rank
        self.size = transport.size

    def __repr__(self) -> str:
        return f"World(rank={self.rank}, size={self.size})"

    def allreduce(self, array: Any, op: str = "sum") -> np.ndarray:
        """Return the element-wise sum, mean, maximum or minimum of the ranks' arrays.

        Parameters
        ----------
        array : array_like
            Of the same shape and dtype on every rank.
        op : {"sum", "mean", "max", "min"}

        Returns
        -------
        ndarray
            A new one, with the same bits on every rank.

        Raises
        ------
        TypeError
            If the elements are not numbers or booleans, or a sum of booleans or a mean of
            integers is asked for.
        ValueError
            If `op` is none of these.
        RuntimeError
            If the ranks do not ask for the same.

        Notes
        -----
        An element is ``((x_0 + x_1) + x_2) + ...`` over the ranks, divided by their number for
        the mean; NaN on any rank gives NaN.
        """
        made = np.array(array, order="C")
        self.reduce_(made, op, "World.allreduce")
        return made

    def broadcast(self, array: Any, root: int = 0) -> np.ndarray:
        """Return the array of one rank.

        Parameters
        ----------
        array : array_like
            Of the same shape and dtype on every rank.
        root : int, default 0
            Whose it is.

        Returns
        -------
        ndarray
            A new one.

        Raises
        ------
        TypeError, ValueError
            If there is no such rank.
        RuntimeError
            If the ranks do not ask for the same.
        """
        made = np.array(array, order="C")
        self.broadcast_(made, root, "World.broadcast")
        return made

    def barrier(self) -> None:
        """Wait until every rank is here.

        Raises
        ------
        RuntimeError
            If another rank asks for something else.
        """
        self._transport.agree("barrier", "", None)

    def reduce_(self, array: np.ndarray, op: str, owner: str) -> None:
        """Put the ranks' reduction into a C-contiguous array; `owner` is who speaks in messages.

        Parameters
        ----------
        array : ndarray
        op : str
        owner : str

        Raises
        ------
        TypeError, ValueError, RuntimeError
            As `allreduce`.
        """
        op = _check.choice(op, owner, "op", OPS)
        kind = array.dtype.kind
        if kind not in _KINDS:
            raise TypeError(f"{owner}: elements must be numbers or booleans; got {array.dtype}")
        if (op == "sum" and kind == "b") or (op == "mean" and kind != "f"):
            wanted = "numbers" if op == "sum" else "floating"
            raise TypeError(f"{owner}: elements must be {wanted} for op={op!r}; got {array.dtype}")
        self._transport.agree("all_reduce", op, array)
        self._transport.reduce(array.reshape(-1), op)

    def broadcast_(self, array: np.ndarray, root: int, owner: str) -> None:
        """Put one rank's array into this C-contiguous one; `owner` is who speaks in messages.

        Parameters
        ----------
        array : ndarray
        root : int
        owner : str

        Raises
        ------
        TypeError, ValueError, RuntimeError
            As `broadcast`.
        """
        root = _check.integer(root, owner, "root", 0, self.size - 1)
        if array.dtype.kind not in _KINDS:
            raise TypeError(f"{owner}: elements must be numbers or booleans; got {array.dtype}")
        self._transport.agree("broadcast", str(root), array)
        self._transport.broadcast(array.reshape(-1), root)


def _started() -> int:
    """Return how many ranks the launcher says it started; 1 without a launcher."""
    for name in _COUNTED_BY:
        value = os.environ.get(name, "")
        if value.isascii() and value.isdigit():
            return int(value)
    return 1


def _abort_on_error(transport: Ranks) -> None:
    """Have an exception that nobody catches end all ranks: the others would wait for this one for ever."""
    before = sys.excepthook

    def end_all(kind: Any, error: Any, trace: Any) -> None:
        before(kind, error, trace)
        sys.stderr.flush()
        transport.abort()

    sys.excepthook = end_all


@functools.cache
def world() -> World:
    """Return this process's world; the first call joins the ranks.

    Returns
    -------
    World

    Raises
    ------
    ImportError
        If a launcher started several ranks and mpi4py, or the MPI under it, is missing.

    Notes
    -----
    With more than one rank the first call also divides the processors among the ranks of this
    machine (unless ``MINIGRAD_NUM_THREADS`` is set), makes `DistributedSampler` give each rank
    its share by default, and has an uncaught exception on one rank end them all.
    """
    started = _started()
    if started == 1:
        return World(Alone())
    transport = Ranks(started)
    if not os.environ.get("MINIGRAD_NUM_THREADS"):
        set_num_threads(max(1, get_num_threads() // transport.neighbours()))
    share_by_default(transport.size, transport.rank)
    _abort_on_error(transport)
    return World(transport)
