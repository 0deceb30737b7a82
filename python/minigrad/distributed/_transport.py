"""What moves bytes between ranks: nothing in a world of one, else MPI through mpi4py.

MPI leaves the order of a reduction to its library, so MPI only carries bytes here, and the
sums are made in the order of the ranks. Each rank is sent its own part of everybody's array,
reduces that, and sends the result around: 2 (N - 1) / N of the array leave each of N ranks,
which is what any all-reduce needs at least (Patarasuk and Yuan, 2009, "Bandwidth optimal
all-reduce algorithms for clusters of workstations", J. Parallel Distrib. Comput. 69, 117).
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from minigrad.nn import _array

__all__ = ["OPS", "Alone", "Ranks", "Transport"]

_CHUNK = 1 << 24
"""Bytes of an array that are reduced at a time: counts stay small, and so does what is received."""

_WHOLE = 1 << 13
"""Bytes up to which every rank reduces everything: one message less is worth more than the sums."""

_ASKED = ("barrier", "all_reduce", "broadcast")
OPS = ("sum", "mean", "max", "min")
_JOIN: dict[str, np.ufunc] = {"sum": np.add, "mean": np.add, "max": np.maximum, "min": np.minimum}
_DIMS = 9
_NAMES = "?bhilqBHILQefdg"


class Transport(Protocol):
    """What `World` asks of one."""

    rank: int
    size: int

    def agree(self, what: str, how: str, array: np.ndarray | None) -> None:
        """Raise unless every rank is about to do the same with the same kind of array."""

    def reduce(self, flat: np.ndarray, op: str) -> None:
        """Reduce a contiguous one-dimensional array over the ranks, in place."""

    def broadcast(self, flat: np.ndarray, root: int) -> None:
        """Send a contiguous one-dimensional array from one rank to all, in place."""


class Alone:
    """A world of one: everything is there already."""

    rank = 0
    size = 1

    def agree(self, what: str, how: str, array: np.ndarray | None) -> None:
        """Agree."""

    def reduce(self, flat: np.ndarray, op: str) -> None:
        """Leave the array as it is."""

    def broadcast(self, flat: np.ndarray, root: int) -> None:
        """Leave the array as it is."""


def _load_mpi(started: int) -> Any:
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # mpi4py raises the latter where it finds no libmpi
        raise ImportError(
            f"distributed: {started} ranks were started, so mpi4py and an MPI must be installed "
            f"(pip install 'minigrad-foundations[mpi]'); got {str(error).splitlines()[0]}"
        ) from error
    return MPI


class Ranks:
    """The ranks of MPI's world, with a communicator of their own.

    Parameters
    ----------
    started : int
        How many the launcher says there are.
    """

    def __init__(self, started: int) -> None:
        self._mpi = _load_mpi(started)
        self._comm = self._mpi.COMM_WORLD.Dup()
        self.rank: int = self._comm.Get_rank()
        self.size: int = self._comm.Get_size()
        if self.size != started:
            raise ImportError(
                f"distributed: mpiexec must come from the MPI that mpi4py loads; got a launcher that started {started} "
                f"ranks and an MPI that sees {self.size}"
            )
        self._sent = np.zeros(4 + _DIMS, np.int64)
        self._seen = np.zeros((self.size, 4 + _DIMS), np.int64)

    def neighbours(self) -> int:
        """Return how many of the ranks run on this machine."""
        local = self._comm.Split_type(self._mpi.COMM_TYPE_SHARED)
        count: int = local.Get_size()
        local.Free()
        return count

    def abort(self) -> None:
        """End all ranks."""
        self._comm.Abort(1)

    def agree(self, what: str, how: str, array: np.ndarray | None) -> None:
        """Raise on every rank unless all are about to do the same."""
        sent = self._sent
        sent.fill(0)
        sent[0] = _ASKED.index(what)
        if array is not None:
            sent[1] = OPS.index(how) if what == "all_reduce" else int(how)
            sent[2] = _NAMES.index(array.dtype.char)
            sent[3] = array.ndim
            # More dimensions than fit are rare enough to be compared by their number and their product.
            shape = array.shape if array.ndim <= _DIMS else (array.size,)
            sent[4 : 4 + len(shape)] = shape
        self._comm.Allgather(sent, self._seen)
        if (self._seen != sent).any():
            told = "; ".join(f"{_tell(row)} on rank {rank}" for rank, row in enumerate(self._seen.tolist()))
            raise RuntimeError(f"distributed: every rank must ask for the same; got {told}")

    def reduce(self, flat: np.ndarray, op: str) -> None:
        """Reduce over the ranks, chunk by chunk."""
        token = _array.hush()
        try:
            step = max(_CHUNK // flat.itemsize, 1)
            for start in range(0, flat.size, step):
                chunk = flat[start : start + step]
                if chunk.nbytes <= _WHOLE:
                    self._reduce_everywhere(chunk, op)
                else:
                    self._reduce_by_parts(chunk, op)
        finally:
            _array.unhush(token)

    def _reduce_everywhere(self, chunk: np.ndarray, op: str) -> None:
        everybodys = _array.empty((self.size, chunk.size), chunk.dtype)
        self._comm.Allgather(_bytes(chunk), _bytes(everybodys))
        self._join(everybodys, op, chunk)

    def _reduce_by_parts(self, chunk: np.ndarray, op: str) -> None:
        cuts = [chunk.size * rank // self.size for rank in range(self.size + 1)]
        starts = [cut * chunk.itemsize for cut in cuts]
        counts = [stop - start for start, stop in zip(starts, starts[1:], strict=False)]
        mine = slice(cuts[self.rank], cuts[self.rank + 1])
        everybodys = _array.empty((self.size, mine.stop - mine.start), chunk.dtype)
        received = ([counts[self.rank]] * self.size, [counts[self.rank] * rank for rank in range(self.size)])
        mpi_byte = self._mpi.BYTE
        self._comm.Alltoallv([_bytes(chunk), (counts, starts[:-1]), mpi_byte], [_bytes(everybodys), received, mpi_byte])
        self._join(everybodys, op, chunk[mine])
        self._comm.Allgatherv(self._mpi.IN_PLACE, [_bytes(chunk), (counts, starts[:-1]), mpi_byte])

    def _join(self, everybodys: np.ndarray, op: str, out: np.ndarray) -> None:
        """Reduce the ranks' rows, from the first to the last."""
        join = _JOIN[op]
        join(everybodys[0], everybodys[1], out=out)
        for row in everybodys[2:]:
            join(out, row, out=out)
        if op == "mean":
            np.divide(out, out.dtype.type(self.size), out=out)

    def broadcast(self, flat: np.ndarray, root: int) -> None:
        """Send from one rank to all, chunk by chunk."""
        whole = _bytes(flat)
        for start in range(0, whole.size, _CHUNK):
            self._comm.Bcast([whole[start : start + _CHUNK], self._mpi.BYTE], root)


def _bytes(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1).view(np.uint8)


def _tell(row: list[int]) -> str:
    """Say what a rank has asked for."""
    what = _ASKED[row[0]]
    if what == "barrier":
        return what
    how = OPS[row[1]] if what == "all_reduce" else f"from rank {row[1]}"
    shape = tuple(row[4 : 4 + row[3]]) if row[3] <= _DIMS else f"{row[3]} dimensions, {row[4]} elements"
    return f"{what} {how} of {np.dtype(_NAMES[row[2]])} {shape}"
