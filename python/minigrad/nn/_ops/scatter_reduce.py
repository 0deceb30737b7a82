"""Scattering with a reduction: elements that meet at one place are summed, multiplied, or the extreme is kept.

For z = r(a, s_1, s_2 ...) at one place, s_i being the elements that go there, and g = dL/dz:

    sum      g for each
    mean     g / n for each of the n
    prod     g z / s_i, or, where s_i = 0, g times the product of the others
    amax     g / t for each of the t that equal z
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn._errors import dtype_error
from minigrad.nn._graph import Node, once
from minigrad.nn._ops.gather import _scatter_places, _slices, line
from minigrad.nn._ops.shape import reshape
from minigrad.nn._out import takes_out
from minigrad.nn._products import rows_add
from minigrad.nn._tensor import Tensor, fresh, inplace, method, result

__all__ = ["index_reduce", "scatter_reduce"]

_KINDS = ("sum", "prod", "mean", "amax", "amin")


class ScatterReduce(Node):
    """z = a, each element combined with those of s that go to its place."""

    kind: str
    include_self: bool
    place: np.ndarray

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients by the table of the module."""
        a, s, z = self.saved
        if self.kind == "prod":
            once(self)
            to_a, to_s = _prod_weights(a._data, s._data, self.place, self.include_self)
        else:
            to_a, to_s = _weights(self.kind, a._data, s._data, z._data, self.place, self.include_self)
        first, second = self.next_functions_
        return (
            None if first is None else grad * fresh(to_a),
            None if second is None else grad[fresh(self.place)] * fresh(to_s),
        )


def _counts(place: np.ndarray, size: int, dtype: Any, weights: np.ndarray | None = None) -> np.ndarray:
    """Return how many elements go to each place."""
    found = np.zeros(size, dtype)
    rows_add(found, place, np.ones(place.size, dtype) if weights is None else weights.astype(dtype), 0)
    return found


def _weights(
    kind: str, a: np.ndarray, s: np.ndarray, z: np.ndarray, place: np.ndarray, include_self: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return dz/da and dz/ds, constants."""
    meets = _counts(place, a.size, a.dtype)
    own = np.ones(a.size, a.dtype) if include_self else (meets == 0).astype(a.dtype)
    if kind == "sum":
        return own, np.ones(place.size, a.dtype)
    if kind == "mean":
        share = 1 / np.maximum(meets + own, 1)
        return own * share, share[place]
    equal_a, equal_s = (a == z) * own, (s == z[place]).astype(a.dtype)
    ties = np.maximum(equal_a + _counts(place, a.size, a.dtype, equal_s), 1)
    return equal_a / ties, equal_s / ties[place]


def _prod_weights(a: np.ndarray, s: np.ndarray, place: np.ndarray, include_self: bool) -> tuple[np.ndarray, np.ndarray]:
    meets = _counts(place, a.size, np.int64)
    own = np.ones(a.size, bool) if include_self else meets == 0
    # The product of what is not zero at each place, and how many zeros are left out of it.
    product = np.where(own & (a != 0), a, 1)
    np.multiply.at(product, place, np.where(s == 0, 1, s))
    zeros = _counts(place, a.size, np.int64, s == 0) + (own & (a == 0))

    def others(x: np.ndarray, product: np.ndarray, zeros: np.ndarray) -> np.ndarray:
        without = np.where(x == 0, product, product / np.where(x == 0, 1, x))
        return np.where(zeros - (x == 0) > 0, 0, without).astype(x.dtype)

    return np.where(own, others(a, product, zeros), 0), others(s, product[place], zeros[place])


def _reduced(kind: str, a: np.ndarray, s: np.ndarray, place: np.ndarray, include_self: bool) -> np.ndarray:
    """Return the line `a` combined with `s` at the places given."""
    out = a.copy()
    if not include_self:
        start: Any = {"sum": 0, "mean": 0, "prod": 1}.get(kind)
        if start is None:
            start = _extreme(a.dtype, kind == "amin")
        out[place] = start
    if kind in ("sum", "mean"):
        rows_add(out, place, s, 0)
    else:
        {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}[kind].at(out, place, s)
    if kind == "mean":
        own = 1 if include_self else (_counts(place, a.size, np.int64) == 0)
        meets = np.maximum(_counts(place, a.size, np.int64) + own, 1)
        out = (out / meets).astype(a.dtype) if a.dtype.kind == "f" else out // meets.astype(a.dtype)
    return out


def _extreme(dtype: np.dtype[Any], high: bool) -> Any:
    if dtype.kind == "f":
        return np.inf if high else -np.inf
    if dtype.kind == "b":
        return high
    return np.iinfo(dtype).max if high else np.iinfo(dtype).min


def _run(op: str, input: Tensor, src: Tensor, place: np.ndarray, kind: str, include_self: bool) -> Tensor:
    if kind not in _KINDS:
        raise RuntimeError(f"{op}: reduce argument must be one of {', '.join(_KINDS)}; got {kind!r}")
    flat, values = line(input), line(src)
    with np.errstate(all="ignore"):
        data = _reduced(kind, flat._data, values._data, place, include_self)
    out = result(
        data,
        ScatterReduce,
        (flat, values),
        (flat, values, fresh(data)),
        kind=kind,
        include_self=include_self,
        place=place,
    )
    return reshape(out, input._data.shape)


@takes_out
@inplace("scatter_reduce_")
@method
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Return a copy with elements of `src` combined, along `dim`, with those at ``index``; see `scatter`.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.
    src : Tensor
        Where values come from.
    reduce : {"sum", "prod", "mean", "amax", "amin"}
    include_self : bool, default True
        Whether the elements of `input` take part where others come.

    Raises
    ------
    RuntimeError
        If the shapes do not fit, the dtypes differ, or `reduce` is unknown.
    IndexError
        If an index or `dim` is out of range.
    """
    if src._data.dtype != input._data.dtype:
        raise dtype_error("scatter_reduce", "expected self.dtype to be equal to src.dtype", input, src)
    elements, values = _scatter_places("scatter_reduce", input, dim, index, src)
    if elements is None:
        if reduce not in _KINDS:
            raise RuntimeError(f"scatter_reduce: reduce argument must be one of {', '.join(_KINDS)}; got {reduce!r}")
        return input.clone()  # type: ignore[no-any-return]
    return _run("scatter_reduce", input, values, elements.place, reduce, include_self)


@takes_out
@inplace("index_reduce_")
@method
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Return a copy with the slices of `source` combined with those that `index` names along `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.
    source : Tensor
        Where values come from.
    reduce : {"prod", "mean", "amax", "amin"}
    include_self : bool, default True
        Whether the slices of `input` take part where others come.

    Raises
    ------
    RuntimeError
        If the shapes do not fit, the dtypes differ, or `reduce` is unknown.
    IndexError
        If an index or `dim` is out of range.
    """
    whole, elements = _slices("index_reduce", input, dim, index, source)
    numbers = np.arange(whole._data.size, dtype=np.int64).reshape(whole._data.shape)
    return _run("index_reduce", input, source, elements.take(numbers).reshape(-1), reduce, include_self)
