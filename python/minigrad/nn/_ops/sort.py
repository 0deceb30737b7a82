"""Sorting and order statistics. NaN counts as larger than every number; ties keep their order."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.nn._errors import portrait
from minigrad.nn._ops.gather import gather
from minigrad.nn._ops.shape import reshape
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, dim_of, fresh, method

__all__ = ["argsort", "kthvalue", "msort", "sort", "topk"]

_FEW = 8
"""For less than one element in so many, selecting before sorting is the quicker way."""


class Sorted(NamedTuple):
    """Values in order, and where each was."""

    values: Tensor
    indices: Tensor


def _order(x: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    """Return where the elements in order are found; ties as they come."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    # The reverse of the ascending order of the reverse: ties, and NaN, come out as they should.
    back = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(back, axis)  # type: ignore[no-any-return]


def _picked(input: Tensor, dim: int, indices: np.ndarray) -> tuple[Tensor, Tensor]:
    where = fresh(np.asarray(indices, np.int64, order="C"))
    return gather(input, dim, where), where


@takes_out
@method
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Sorted:
    """Return the elements in order along `dim`, and where each was.

    Always stable.

    Parameters
    ----------
    input : Tensor
    dim : int, default -1
        Along which.
    descending : bool, default False
        Largest first.
    stable : bool, default False
        Keep the order of equal elements.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    """
    at = dim_of("sort", dim, input._data.ndim)
    x = input._data
    indices = _order(x, at, descending) if x.ndim else np.zeros((), np.int64)
    return Sorted(*_picked(input, at, indices))


@method
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """Return where the elements in order along `dim` are found.

    Parameters
    ----------
    input : Tensor
    dim : int, default -1
        Along which.
    descending : bool, default False
        Largest first.
    stable : bool, default False
        Keep the order of equal elements.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    """
    at = dim_of("argsort", dim, input._data.ndim)
    x = input._data
    return fresh(np.ascontiguousarray(_order(x, at, descending) if x.ndim else 0, np.int64).reshape(x.shape))


@takes_out
@method
def msort(input: Tensor) -> Tensor:
    """Return the elements in order along the first dimension.

    Parameters
    ----------
    input : Tensor
    """
    return sort(input, 0).values


@takes_out
@method
def topk(input: Tensor, k: Any, dim: int = -1, largest: bool = True, sorted: bool = True) -> Sorted:
    """Return the `k` largest (or smallest) elements along `dim`, in order, and where each was.

    Parameters
    ----------
    input : Tensor
    k : int
        How many.
    dim : int, default -1
        Along which.
    largest : bool, default True
        Whether the largest or the smallest are wanted.
    sorted : bool, default True
        Whether the result is in order.

    Raises
    ------
    RuntimeError
        If `k` is not from 0 to the extent.
    IndexError
        If `dim` is out of range.
    """
    at = dim_of("topk", dim, input._data.ndim)
    x = input._data
    extent = x.shape[at] if x.ndim else 1
    if isinstance(k, Tensor):
        k = int(k.item())
    if not 0 <= k <= extent:
        raise RuntimeError(f"topk: selected index k out of range: k must be from 0 to {extent}; got {k}")
    if not x.ndim:
        return Sorted(*_picked(input, 0, np.zeros((k,) if k == 0 else (), np.int64)))
    head = (slice(None),) * at + (slice(k),)
    if k * _FEW >= extent or k == 0:
        return Sorted(*_picked(input, at, _order(x, at, largest)[head]))
    split = np.argpartition(x, extent - k if largest else k - 1, axis=at)
    chosen = np.sort(split[(slice(None),) * at + (slice(extent - k, None) if largest else slice(k),)], axis=at)
    order = _order(np.take_along_axis(x, chosen, at), at, largest)
    return Sorted(*_picked(input, at, np.take_along_axis(chosen, order, at)))


@takes_out
@method
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Sorted:
    """Return the `k`-th smallest element along `dim` (from 1), and where it was.

    Parameters
    ----------
    input : Tensor
    k : int
        Which, counted from 1.
    dim : int, default -1
        Along which.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.

    Raises
    ------
    RuntimeError
        If `k` is not from 1 to the extent.
    IndexError
        If `dim` is out of range, or its extent is 0.
    """
    at = dim_of("kthvalue", dim, input._data.ndim)
    x = input._data
    extent = x.shape[at] if x.ndim else 1
    if extent == 0:
        raise IndexError(f"kthvalue: Expected reduction dim {at} to have non-zero size; got {portrait(input)}")
    if not 1 <= k <= extent:
        raise RuntimeError(f"kthvalue: selected number k out of range for dimension {at}: from 1 to {extent}; got {k}")
    if not x.ndim:
        return Sorted(*_picked(input, 0, np.zeros((), np.int64)))
    values, where = _picked(input, at, _order(x, at, False)[(slice(None),) * at + (slice(k - 1, k),)])
    if keepdim:
        return Sorted(values, where)
    shape = x.shape[:at] + x.shape[at + 1 :]
    return Sorted(reshape(values, shape), fresh(where._data.reshape(shape)))
