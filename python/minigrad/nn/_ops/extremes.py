"""Largest and smallest elements, medians, modes and quantiles.

What picks one element passes the gradient to that element alone. What returns only a value
(`amax`, `max` of everything) shares the gradient evenly among the elements equal to it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.nn import _array
from minigrad.nn._errors import portrait
from minigrad.nn._graph import Node
from minigrad.nn._ops.arithmetic import add, delivered, div, mul, sub
from minigrad.nn._ops.compare import maximum, minimum, plain
from minigrad.nn._ops.reduce import kept_shape, reduced_dims, restored, sum
from minigrad.nn._tensor import Tensor, dim_of, fresh, method, result, results, write_out

__all__ = [
    "amax",
    "amin",
    "aminmax",
    "argmax",
    "argmin",
    "max",
    "median",
    "min",
    "mode",
    "nanmedian",
    "nanquantile",
    "quantile",
]


class Picked(NamedTuple):
    """Elements picked along a dimension, and where they stood."""

    values: Tensor
    indices: Tensor


class Extremes(NamedTuple):
    """The smallest and the largest element."""

    min: Tensor
    max: Tensor


# --- picking along a dimension


class Take(Node):
    """z = the elements of a at `index` along `dim`."""

    index: np.ndarray
    dim: int
    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g at the elements taken, 0 elsewhere."""
        return (placed(grad, self.index, self.dim, self.shape),)


class Place(Node):
    """z = zeros, with the elements of a added at `index` along `dim`."""

    index: np.ndarray
    dim: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g at those places."""
        return (taken(grad, self.index, self.dim),)


class Pick(Node):
    """(values, indices) = elements of a chosen along `dim`."""

    index: np.ndarray
    dim: int
    keepdim: bool
    shape: tuple[int, ...]

    def backward(self, grad: Tensor | None, _: Any) -> tuple[Any]:
        """Gradient g at the elements chosen."""
        if grad is None:
            return (None,)
        if not self.shape:
            return (grad,)
        return (placed(restored(grad, self.shape, (self.dim,), self.keepdim), self.index, self.dim, self.shape),)


def taken(a: Tensor, index: np.ndarray, dim: int) -> Tensor:
    """Return the elements of `a` at `index` along `dim`; an index array of its number of dimensions."""
    data = np.take_along_axis(a._data, index, dim)
    return result(data, Take, (a,), index=index, dim=dim, shape=a._data.shape)


def placed(a: Tensor, index: np.ndarray, dim: int, shape: tuple[int, ...]) -> Tensor:
    """Return zeros of `shape` with `a` added at `index` along `dim`."""
    data = _array.zeros(shape, a._data.dtype)
    if index.shape[dim] == 1:
        np.put_along_axis(data, index, a._data, dim)
    else:
        where = list(np.ix_(*[np.arange(n) for n in index.shape]))
        where[dim] = index
        np.add.at(data, tuple(where), a._data)
    return result(data, Place, (a,), index=index, dim=dim)


def _picked(input: Tensor, index: np.ndarray, dim: int, keepdim: bool) -> Picked:
    """Return the elements at `index` (kept along `dim`) as (values, indices)."""
    x = input._data
    if x.ndim == 0:
        return Picked(
            *results((x.copy(), np.zeros((), np.int64)), Pick, (input,), index=index, dim=0, keepdim=keepdim, shape=())
        )
    values = np.take_along_axis(x, index, dim)
    shape = kept_shape(x.shape, (dim,), keepdim)
    outputs = (values.reshape(shape), index.reshape(shape))
    return Picked(*results(outputs, Pick, (input,), index=index, dim=dim, keepdim=keepdim, shape=x.shape))


def _picks(op: str, input: Tensor, dim: Any) -> int:
    """Return `dim` from 0 up, refusing to pick out of nothing."""
    x = input._data
    at = dim_of(op, dim, x.ndim)
    if x.ndim and x.shape[at] == 0:
        raise IndexError(f"{op}: Expected reduction dim {at} to have non-zero size; got {portrait(input)}")
    return at


def _into(op: str, picked: Picked, out: Any) -> Picked:
    if out is None:
        return picked
    return Picked(write_out(op, out[0], picked.values), write_out(op, out[1], picked.indices))


# --- extremes of values


class Even(Node):
    """z = an extreme of a over `dims`."""

    dims: tuple[int, ...]
    keepdim: bool

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g shared evenly among the elements equal to z."""
        (a,) = self.saved
        g = restored(grad, a._data.shape, self.dims, self.keepdim)
        z = restored(self.output, a._data.shape, self.dims, self.keepdim)
        hit = fresh(np.asarray(self.hits(a._data, z._data).astype(a._data.dtype)))
        return (mul(hit, div(g, sum(hit, self.dims, True) if self.dims else hit)),)

    @staticmethod
    def hits(a: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return which elements are the extreme."""
        return np.equal(a, z)  # type: ignore[no-any-return]


class Middle(Even):
    """z = the median of all of a, which is NaN where a NaN is among them."""

    @staticmethod
    def hits(a: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return which elements are the median."""
        return np.equal(a, z) | (np.not_equal(a, a) & np.not_equal(z, z))  # type: ignore[no-any-return]


def _extreme_value(op: str, ufunc: Any, input: Tensor, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    x = input._data
    if x.ndim and any(x.shape[d] == 0 for d in dims):
        kind = RuntimeError if len(dims) == x.ndim else IndexError
        raise kind(f"{op}: Expected reduction dim {dims} to have non-zero size; got {portrait(input)}")
    data = _array.empty(kept_shape(x.shape, dims, keepdim), x.dtype)
    ufunc.reduce(x, axis=dims, out=data, keepdims=keepdim)
    return result(data, Even, (input,), (input,), save_output=True, dims=dims, keepdim=keepdim)


@method
def amax(input: Tensor, dim: Any = (), keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Return the largest elements over `dim` (an int, a sequence, or () for all); NaN if there is one.

    Parameters
    ----------
    input : Tensor
    dim : int, default ()
        Along which.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    IndexError
        If there is nothing along `dim`, or it is out of range.
    RuntimeError
        If there are no elements at all.
    """
    made = _extreme_value("amax", np.maximum, input, reduced_dims("amax", dim, input._data.ndim), keepdim)
    return delivered("amax", made, out)


@method
def amin(input: Tensor, dim: Any = (), keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Return the smallest elements over `dim` (an int, a sequence, or () for all); NaN if there is one.

    Parameters
    ----------
    input : Tensor
    dim : int, default ()
        Along which.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    IndexError
        If there is nothing along `dim`, or it is out of range.
    RuntimeError
        If there are no elements at all.
    """
    made = _extreme_value("amin", np.minimum, input, reduced_dims("amin", dim, input._data.ndim), keepdim)
    return delivered("amin", made, out)


@method
def aminmax(input: Tensor, *, dim: Any = None, keepdim: bool = False, out: Any = None) -> Extremes:
    """Return the smallest and the largest elements over one dimension, or over all, as (min, max).

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If there are no elements.
    """
    if input._data.size == 0 and dim is None:
        raise RuntimeError(f"aminmax: cannot compute the extremes of no elements; got {portrait(input)}")
    dims = tuple(range(input._data.ndim)) if dim is None else (dim_of("aminmax", dim, input._data.ndim),)
    dims = dims if input._data.ndim else ()
    shape_kept = keepdim and dim is not None
    low = _extreme_value("aminmax", np.minimum, input, dims, shape_kept)
    high = _extreme_value("aminmax", np.maximum, input, dims, shape_kept)
    if out is None:
        return Extremes(low, high)
    for given in out:
        if given._data.dtype != input._data.dtype:
            raise RuntimeError(f"aminmax: out must have dtype {input.dtype.name}; got {given.dtype.name}")
    return Extremes(write_out("aminmax", out[0], low), write_out("aminmax", out[1], high))


def _arg(op: str, function: Any, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    x = input._data
    if x.dtype.kind == "b":
        raise RuntimeError(f"{op}: not implemented for 'Bool'")
    if dim is None:
        if not x.size:
            raise IndexError(f"{op}: Expected reduction dim to be specified for an empty tensor; got {portrait(input)}")
        data = np.asarray(function(x), np.int64)
        return plain(data.reshape((1,) * x.ndim) if keepdim else data)
    at = _picks(op, input, dim)
    if x.ndim == 0:
        return plain(np.zeros((), np.int64))
    return plain(np.asarray(function(x, axis=at, keepdims=keepdim), np.int64))


@method
def argmax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Return the index of the (first) largest element along `dim`, or among all in order for None.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.

    Raises
    ------
    IndexError
        If there are no elements, or `dim` is out of range.
    """
    return _arg("argmax", np.argmax, input, dim, keepdim)


@method
def argmin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Return the index of the (first) smallest element along `dim`, or among all in order for None.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.

    Raises
    ------
    IndexError
        If there are no elements, or `dim` is out of range.
    """
    return _arg("argmin", np.argmin, input, dim, keepdim)


def _largest(op: str, input: Tensor, dim: Any, keepdim: bool, of_two: Any, out: Any) -> Any:
    ufunc, function = (np.maximum, np.argmax) if op == "max" else (np.minimum, np.argmin)
    if isinstance(dim, Tensor):
        return of_two(input, dim, out=out)
    x = input._data
    if dim is None:
        if not x.size:
            raise RuntimeError(
                f"{op}: Expected reduction dim to be specified for input.numel() == 0; got {portrait(input)}"
            )
        return delivered(op, _extreme_value(op, ufunc, input, tuple(range(x.ndim)), False), out)
    at = _picks(op, input, dim)
    index = np.zeros((), np.int64) if x.ndim == 0 else np.asarray(function(x, axis=at, keepdims=True), np.int64)
    return _into(op, _picked(input, index, at, keepdim), out)


@method
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: Any = None) -> Any:
    """Return the largest element; along `dim`, (values, indices); with a second tensor, `maximum` of both.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    other : Tensor, optional
        Return the elementwise maximum instead.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    IndexError, RuntimeError
        If there are no elements, or `dim` is out of range.
    """
    return _largest("max", input, dim if other is None else other, keepdim, maximum, out)


@method
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: Any = None) -> Any:
    """Return the smallest element; along `dim`, (values, indices); with a second tensor, `minimum` of both.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    other : Tensor, optional
        Return the elementwise minimum instead.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    IndexError, RuntimeError
        If there are no elements, or `dim` is out of range.
    """
    return _largest("min", input, dim if other is None else other, keepdim, minimum, out)


# --- order statistics


def _order(x: np.ndarray, dim: int) -> np.ndarray:
    """Return the stable order of the elements along `dim`, NaN last."""
    return np.argsort(x, axis=dim, kind="stable")


def _flat(input: Tensor) -> Tensor:
    return input.reshape(-1)  # type: ignore[no-any-return]


def _median(op: str, input: Tensor, dim: Any, keepdim: bool, ignore_nan: bool) -> Any:
    x = input._data
    if x.dtype.kind == "b":
        raise RuntimeError(f"{op}: not implemented for 'Bool'")
    if dim is None:
        if not x.size:
            kind = x.dtype
            return fresh(np.asarray(np.nan if kind.kind == "f" else np.iinfo(kind).min, kind))
        value = _median(op, fresh(x.reshape(-1)), 0, False, ignore_nan).values
        return result(
            value._data, Middle, (input,), (input,), save_output=True, dims=tuple(range(x.ndim)), keepdim=False
        )
    at = _picks(op, input, dim)
    if x.ndim == 0:
        return _picked(input, np.zeros((), np.int64), 0, keepdim)
    order = _order(x, at)
    n = x.shape[at]
    missing = np.isnan(x).sum(axis=at, keepdims=True) if x.dtype.kind == "f" else np.zeros(1, np.int64)
    rank = np.maximum(n - missing - 1, 0) // 2 if ignore_nan else np.where(missing > 0, n - missing, (n - 1) // 2)
    rank = np.broadcast_to(rank, kept_shape(x.shape, (at,), True))
    return _picked(input, np.take_along_axis(order, rank, at), at, keepdim)


@method
def median(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """Return the middle element in order, of an even number the lower; along `dim`, (values, indices).

    A NaN is the median of whatever it is among.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.

    Raises
    ------
    IndexError
        If there is nothing along `dim`, or it is out of range.
    """
    return _median("median", input, dim, keepdim, False)


@method
def nanmedian(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """Return the `median` of the elements that are not NaN.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.

    Raises
    ------
    IndexError
        If there is nothing along `dim`, or it is out of range.
    """
    return _median("nanmedian", input, dim, keepdim, True)


@method
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Picked:
    """Return the commonest elements along `dim`, the smallest of several, as (values, indices).

    Parameters
    ----------
    input : Tensor
    dim : int, default -1
        Along which.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.

    Raises
    ------
    IndexError
        If there is nothing along `dim`, or it is out of range.
    """
    at = _picks("mode", input, dim)
    x = input._data
    if x.ndim == 0:
        return _picked(input, np.zeros((), np.int64), 0, keepdim)
    order = _order(x, at)
    ranked = np.take_along_axis(x, order, at)
    n = x.shape[at]
    place = np.arange(n).reshape([-1 if d == at else 1 for d in range(x.ndim)])
    new = np.diff(ranked, axis=at, prepend=np.take(ranked, [0], at)) != 0
    start = np.maximum.accumulate(np.where(new, place, 0), axis=at)
    longest = np.argmax(place - start, axis=at, keepdims=True)
    return _picked(input, np.take_along_axis(order, longest, at), at, keepdim)


_ROUNDED = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}


def _quantile(op: str, input: Tensor, q: Any, dim: Any, keepdim: bool, interpolation: str, ignore_nan: bool) -> Tensor:
    level = q if isinstance(q, Tensor) else fresh(np.asarray(q, input._data.dtype))
    if input._data.dtype.kind != "f":
        raise RuntimeError(f"{op}: input tensor must be either float or double dtype; got {portrait(input)}")
    if level._data.dtype != input._data.dtype or level._data.ndim > 1:
        raise RuntimeError(
            f"{op}: q must be a number or a 1D tensor of the input's dtype; got {portrait(level)} for {portrait(input)}"
        )
    if not input._data.size:
        raise RuntimeError(f"{op}: input tensor must be non-empty; got {portrait(input)}")
    if interpolation not in (*_ROUNDED, "linear", "midpoint"):
        raise RuntimeError(
            f"{op}: interpolation must be linear, lower, higher, midpoint or nearest; got {interpolation!r}"
        )
    if not ((level._data >= 0) & (level._data <= 1)).all():
        raise RuntimeError(f"{op}: q values must be in the range [0, 1]; got {level._data}")
    ndim = input._data.ndim
    whole = dim is None
    t: Any = _flat(input) if whole or ndim == 0 else input.movedim(dim_of(op, dim, ndim), -1)
    found = _between_ranks(t, level, interpolation, ignore_nan)
    lead = 1 if level._data.ndim else 0
    if keepdim:
        inner = (1,) * ndim if whole or ndim == 0 else found.shape[lead:] + (1,)
        found = found.reshape(found.shape[:lead] + inner)
        if not whole and ndim:
            found = found.movedim(-1, lead + dim_of(op, dim, ndim))
    return found  # type: ignore[no-any-return]


def _between_ranks(t: Tensor, level: Tensor, interpolation: str, ignore_nan: bool) -> Any:
    """Return the quantiles along the last dimension: those of a vector `level` in a first dimension."""
    x, n = t._data, t._data.shape[-1]
    order = _order(x, -1)
    missing = np.isnan(x).sum(axis=-1)
    last = np.maximum(n - missing - 1, 0) if ignore_nan else np.full(missing.shape, n - 1)
    levels = level._data.reshape((-1,) + (1,) * last.ndim)
    ranks = (levels * last).astype(x.dtype)
    if not ignore_nan:
        ranks = np.where(missing > 0, n - 1, ranks)
    if interpolation in _ROUNDED:
        ranks = _ROUNDED[interpolation](ranks)
    below = np.floor(ranks)
    flat: Any = t

    def at(rank: np.ndarray) -> Any:
        index = np.take_along_axis(order, np.moveaxis(rank, 0, -1).astype(np.int64), -1)
        return taken(flat, index, index.ndim - 1).movedim(-1, 0)

    lower = at(below)
    if interpolation in _ROUNDED:
        made = lower
    else:
        upper = at(np.ceil(ranks))
        if interpolation == "midpoint":
            weight: Any = fresh(np.where(ranks > below, 0.5, 0.0).astype(x.dtype))
        else:
            shaped: Any = level.reshape(levels.shape)
            base = below if ignore_nan else np.where(missing > 0, levels * last, below)
            weight = sub(mul(shaped, fresh(last.astype(x.dtype))), fresh(base.astype(x.dtype)))
        made = add(lower, mul(sub(upper, lower), weight))
    return made if level._data.ndim else made.reshape(made.shape[1:])


@method
def quantile(input: Tensor, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
    """Return the `q` quantiles along `dim` (of all elements for None); NaN where there is one.

    Parameters
    ----------
    input : Tensor
    q : float or 1-D Tensor
        From 0 to 1; several give a first dimension.
    dim : int, optional
    keepdim : bool, default False
    interpolation : {"linear", "lower", "higher", "midpoint", "nearest"}
        What to take where the rank ``q (n - 1)`` falls between two elements.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point, there are none, or `q` is out of range.
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


@method
def nanquantile(
    input: Tensor, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """Return the `quantile` of the elements that are not NaN.

    Parameters
    ----------
    input : Tensor
    q : float or Tensor
        From 0 to 1.
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    interpolation : {"linear", "lower", "higher", "midpoint", "nearest"}, default "linear"
        Between two order statistics.

    Raises
    ------
    RuntimeError
        As `quantile`.
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)
