"""Places among sorted values, counts, and distinct values."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from minigrad.nn._errors import ShapeError, dtype_error, portrait, shape_error
from minigrad.nn._out import takes_out
from minigrad.nn._products import rows_add
from minigrad.nn._tensor import Tensor, dim_of, fresh, method

__all__ = ["bincount", "bucketize", "histc", "searchsorted", "unique", "unique_consecutive"]


def _side(op: str, right: bool, side: str | None) -> Literal["left", "right"]:
    if side not in (None, "left", "right"):
        raise RuntimeError(f"{op}: side can only be 'left' or 'right'; got {side!r}")
    if right and side == "left":
        raise RuntimeError(f"{op}: side and right can't be set to opposites, got side of left while right was True")
    return "right" if right or side == "right" else "left"


@takes_out
def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Return where each value would go in a sorted sequence so that it stays sorted.

    Parameters
    ----------
    sorted_sequence : Tensor of shape (..., n)
    input : Tensor of shape (..., m), or number
        The leading dimensions agree, unless the sequence is a vector.
    out_int32 : bool, default False
        Return int32 instead of int64.
    right : bool, default False
        Go after equal values instead of before.
    side : {"left", "right"}, optional
        Another way to say `right`.
    sorter : Tensor, optional
        The order of an unsorted sequence.

    Raises
    ------
    RuntimeError
        If the shapes do not fit or the dtypes differ.
    """
    where = _side("searchsorted", right, side)
    table = sorted_sequence._data
    values = input._data if isinstance(input, Tensor) else np.asarray(input, table.dtype)
    if values.dtype != table.dtype:
        raise RuntimeError(
            "searchsorted: boundary tensor and input value tensor should have same dtype; got "
            f"{portrait(sorted_sequence)} and {values.dtype}"
        )
    if table.ndim == 0:
        raise ShapeError("searchsorted: boundaries tensor should have positive dimension, but got 0 dimension")
    if sorter is not None:
        if sorter._data.shape != table.shape:
            raise shape_error("searchsorted", "boundary and sorter must have the same size", sorted_sequence, sorter)
        if sorter._data.dtype != np.int64:
            raise RuntimeError(f"searchsorted: sorter must be a tensor of long dtype; got {portrait(sorter)}")
        if sorter._data.size and not 0 <= sorter._data.min() <= sorter._data.max() < table.shape[-1]:
            raise RuntimeError("searchsorted: sorter index out of range")
        table = np.take_along_axis(table, sorter._data, -1)
    kind = np.int32 if out_int32 else np.int64
    if table.ndim == 1:
        return fresh(np.asarray(np.searchsorted(table, values, where)).astype(kind, copy=False))
    if values.shape[:-1] != table.shape[:-1] or values.ndim != table.ndim:
        raise RuntimeError(
            "searchsorted: boundaries tensor should be 1 dimension or the first N-1 dimensions of it and "
            f"input value tensor must match; got {list(table.shape)} and {list(values.shape)}"
        )
    out = np.empty(values.shape, kind)
    for row in np.ndindex(*table.shape[:-1]):
        out[row] = np.searchsorted(table[row], values[row], where)
    return fresh(out)


@takes_out
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Return the number of the interval between sorted boundaries in which each value lies.

    Parameters
    ----------
    input : Tensor
    boundaries : Tensor
        In ascending order.
    out_int32 : bool, default False
        Return int32 instead of int64.
    right : bool, default False
        Whether equal values count as below.

    Raises
    ------
    RuntimeError
        If `boundaries` is not a vector.
    """
    if boundaries._data.ndim != 1:
        raise ShapeError(f"bucketize: boundaries tensor must be 1 dimension; got {portrait(boundaries)}")
    values = input._data if isinstance(input, Tensor) else np.asarray(input, boundaries._data.dtype)
    found = np.searchsorted(boundaries._data, values, "right" if right else "left")
    return fresh(np.asarray(found).astype(np.int32 if out_int32 else np.int64, copy=False))


@method
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """Return how often each number from 0 up occurs in a vector of integers, or the sum of its weights.

    Parameters
    ----------
    input : Tensor
    weights : Tensor, optional
        What each element counts.
    minlength : int, default 0
        Least length of the result.

    Raises
    ------
    RuntimeError
        If the tensor is not a vector of integers from 0 up, or `weights` has another shape.
    """
    x = input._data
    if x.ndim != 1 or x.dtype.kind not in "iu" or (x.size and x.min() < 0):
        raise RuntimeError(f"bincount: only supports 1-d non-negative integral inputs; got {portrait(input)}")
    if minlength < 0:
        raise RuntimeError(f"bincount: minlength should be >= 0; got {minlength}")
    count = max(int(x.max()) + 1 if x.size else 0, minlength)
    if weights is None:
        return fresh(np.bincount(x, minlength=count).astype(np.int64, copy=False))
    if weights._data.shape != x.shape:
        raise shape_error("bincount", "weights should have the same shape as input", input, weights)
    kind = np.float32 if weights._data.dtype == np.float32 else np.float64
    total = np.zeros(count, kind)
    rows_add(total, x, weights._data.astype(kind), 0)
    return fresh(total)


@takes_out
@method
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Return how many elements lie in each of `bins` equal intervals from `min` to `max`, or of the elements' range.

    Parameters
    ----------
    input : Tensor
    bins : int, default 100
        How many.
    min : number, default 0
        Lower end.
    max : number, default 0
        Upper end; with `min` equal, the data's.

    Raises
    ------
    RuntimeError
        If `bins` is not positive, the range is not finite or empty, or the elements are bool.
    """
    x = input._data
    if x.dtype.kind == "b":
        raise dtype_error("histc", "not implemented for 'Bool'", input)
    if bins <= 0:
        raise RuntimeError(f"histc: bins must be > 0; got {bins}")
    low, high = float(min), float(max)
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"histc: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"histc: max must be larger than min; got {low} and {high}")
    inside = x[(x >= low) & (x <= high)]
    with np.errstate(all="ignore"):
        place = ((inside - low) / (high - low) * bins).astype(np.int64)
    counts = np.bincount(np.minimum(place, bins - 1), minlength=bins)
    return fresh(counts.astype(x.dtype))


# --- distinct values


def _outputs(*outs: np.ndarray | None) -> Any:
    made = tuple(fresh(np.asarray(out, order="C")) for out in outs if out is not None)
    return made[0] if len(made) == 1 else made


def _changes(rows: np.ndarray) -> np.ndarray:
    """Return whether each row differs from the one before it."""
    new = np.ones(len(rows), bool)
    if len(rows) > 1:
        unlike = rows[1:] != rows[:-1]
        new[1:] = unlike.reshape(len(rows) - 1, -1).any(1) if rows.ndim > 1 else unlike
    return new


def _runs(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows that begin a run of equal ones, the run of each row, and the lengths."""
    new = _changes(rows)
    starts = np.flatnonzero(new)
    return rows[new], np.cumsum(new) - 1, np.diff(np.append(starts, len(rows)))


def _as_rows(op: str, input: Tensor, dim: int | None) -> tuple[np.ndarray, int]:
    x = input._data
    if dim is None:
        return x.reshape(-1), 0
    at = dim_of(op, dim, x.ndim)
    rows = np.moveaxis(x, at, 0) if x.ndim else x.reshape(1)
    if x.size == 0 and 0 in rows.shape[1:] and rows.shape[0]:
        raise RuntimeError(f"{op}: There are 0 sized dimensions, and they aren't selected, so cannot be unique")
    return rows, at


@method
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Return the distinct elements, or slices along `dim`, in order.

    Parameters
    ----------
    input : Tensor
    sorted : bool, default True
        Whether the result is in order.
    return_inverse : bool, default False
        Also return where each element is found among them.
    return_counts : bool, default False
        Also return how often each occurs.
    dim : int, optional
        Along which.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    """
    rows, at = _as_rows("unique", input, dim)
    if rows.ndim == 1:
        order = np.argsort(rows, kind="stable")
    else:
        flat = rows.reshape(len(rows), math.prod(rows.shape[1:]))
        order = np.lexsort(flat.T[::-1]) if flat.shape[1] else np.arange(len(rows))
    kept, run, counts = _runs(rows[order])
    inverse = np.empty(len(rows), np.int64)
    inverse[order] = run
    values = np.moveaxis(kept, 0, at) if kept.ndim > 1 else kept
    return _outputs(
        values,
        (inverse.reshape(input._data.shape) if dim is None else inverse) if return_inverse else None,
        counts.astype(np.int64) if return_counts else None,
    )


@method
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """Return the elements, or slices along `dim`, without those equal to the one before.

    Parameters
    ----------
    input : Tensor
    return_inverse : bool, default False
        Also return where each element is found among them.
    return_counts : bool, default False
        Also return how often each was repeated.
    dim : int, optional
        Along which.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    """
    rows, at = _as_rows("unique_consecutive", input, dim)
    kept, run, counts = _runs(rows)
    values = np.moveaxis(kept, 0, at) if kept.ndim > 1 else kept
    return _outputs(
        values,
        (run.reshape(input._data.shape) if dim is None else run).astype(np.int64) if return_inverse else None,
        counts.astype(np.int64) if return_counts else None,
    )
