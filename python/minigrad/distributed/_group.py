"""PyTorch's names for what the ranks do with tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.distributed._world import ReduceOp, world
from minigrad.nn import _array
from minigrad.nn._tensor import Tensor

__all__ = [
    "all_reduce",
    "barrier",
    "broadcast",
    "destroy_process_group",
    "get_rank",
    "get_world_size",
    "init_process_group",
    "is_available",
    "is_initialized",
]


def init_process_group(backend: str = "mpi", **options: Any) -> None:
    """Join the ranks now rather than at the first use of `world`.

    Parameters
    ----------
    backend : str
        Scripts name one; MPI carries the bytes whatever it is.
    **options
        Ignored: the launcher has said where the ranks are.

    Raises
    ------
    ImportError
        As `world`.
    """
    world()


def destroy_process_group() -> None:
    """Do nothing: MPI ends with the process."""


def is_available() -> bool:
    """Return True: a world of one is always there."""
    return True


def is_initialized() -> bool:
    """Return whether the ranks have been joined.

    Returns
    -------
    bool
    """
    return world.cache_info().currsize > 0


def get_rank() -> int:
    """Return the number of this process, from 0.

    Returns
    -------
    int
    """
    return world().rank


def get_world_size() -> int:
    """Return how many processes there are.

    Returns
    -------
    int
    """
    return world().size


def barrier() -> None:
    """Wait until every rank is here.

    Raises
    ------
    RuntimeError
        If another rank asks for something else.
    """
    world().barrier()


def all_reduce(tensor: Tensor, op: str = ReduceOp.SUM) -> None:
    """Replace a tensor by the sum, mean, maximum or minimum of the ranks' tensors.

    Parameters
    ----------
    tensor : Tensor
        Of the same shape and dtype on every rank. Nothing is recorded.
    op : ReduceOp or str

    Raises
    ------
    TypeError
        If it is not a tensor, or the operation does not fit its elements.
    ValueError
        If there is no such operation.
    RuntimeError
        If the ranks do not ask for the same.

    Notes
    -----
    The order of the sum is the order of the ranks, and every rank gets the same bits.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.ones(2)
    >>> mg.distributed.all_reduce(x, mg.distributed.ReduceOp.AVG)
    >>> x
    tensor([1., 1.])
    """
    array = _array_of(tensor, "all_reduce")
    world().reduce_(array, op, "all_reduce")
    _give_back(tensor, array)


def broadcast(tensor: Tensor, src: int = 0) -> None:
    """Replace a tensor by that of one rank.

    Parameters
    ----------
    tensor : Tensor
        Of the same shape and dtype on every rank. Nothing is recorded.
    src : int, default 0
        Whose it is.

    Raises
    ------
    TypeError, ValueError
        If it is not a tensor, or there is no such rank.
    RuntimeError
        If the ranks do not ask for the same.
    """
    array = _array_of(tensor, "broadcast")
    world().broadcast_(array, src, "broadcast")
    _give_back(tensor, array)


def _array_of(tensor: Tensor, owner: str) -> np.ndarray:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{owner}: tensor must be a Tensor; got {type(tensor).__name__}")
    return _array.contiguous(tensor._data)


def _give_back(tensor: Tensor, array: np.ndarray) -> None:
    if array is not tensor._data:
        np.copyto(tensor._data, array)
    tensor._bump()
