"""Sums, means, products, variances, norms and counts over dimensions.

For z = sum_i a_i, every a_i has gradient g; for the mean of n, g / n; for the product,
g times the product of the others. With m the mean and c the correction, the variance
v = sum_i (a_i - m)^2 / (n - c) has

    dv/da_i = 2 (a_i - m) / (n - c)            (the terms with dm/da_i cancel)

and the deviation s = sqrt(v) has that over 2 s. The norm z = (sum_i |a_i|^p)^(1/p) has

    dz/da_i = sign(a_i) (|a_i| / z)^(p-1)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad._native import check_status, lib, pointer
from minigrad.nn import _array
from minigrad.nn._array import hush, unhush
from minigrad.nn._dtype import to_dtype
from minigrad.nn._errors import portrait
from minigrad.nn._graph import Node
from minigrad.nn._ops.arithmetic import combine, delivered, div, mul, sub
from minigrad.nn._ops.compare import masked, plain, where
from minigrad.nn._ops.copy import convert
from minigrad.nn._tensor import Tensor, dim_of, dims_of, fresh, method, result, unbroadcast

__all__ = [
    "all",
    "any",
    "count_nonzero",
    "dist",
    "mean",
    "nanmean",
    "nansum",
    "norm",
    "prod",
    "std",
    "std_mean",
    "sum",
    "sum_to_size",
    "var",
    "var_mean",
]


_SMALL = 1024
"""Elements up to which NumPy makes the result's array itself."""

_LARGE, _SHORT = 4096, 16
"""Elements from which on a sum is C's, and terms from which on if they are neighbours."""

_SUMMED = {np.dtype(np.float32): lib.mg_sum_f32, np.dtype(np.float64): lib.mg_sum_f64}


# --- dimensions


def spread(grad: Tensor, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """Return `grad`, reduced over `dims`, repeated to the shape that was reduced."""
    return restored(grad, shape, dims, keepdim).expand(shape)  # type: ignore[no-any-return]


def restored(reduced: Tensor, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """Return what was reduced over `dims` with those dimensions back, of extent 1."""
    if not keepdim and dims:
        reduced = reduced.reshape(tuple([1 if i in dims else n for i, n in enumerate(shape)]))
    return reduced


def kept_shape(shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> tuple[int, ...]:
    """Return the shape after a reduction over `dims`."""
    if len(dims) == len(shape) and not keepdim:
        return ()
    if keepdim:
        return tuple([1 if i in dims else n for i, n in enumerate(shape)])
    return tuple([n for i, n in enumerate(shape) if i not in dims])


def reduced_dims(op: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """Return the dimensions to reduce: all for None or an empty sequence; () for a 0-d tensor."""
    if dim is None:
        return tuple(range(ndim))
    dims = dims_of(op, dim if not isinstance(dim, (tuple, list)) or len(dim) else None, ndim)
    return dims if ndim else ()


def count_of(shape: tuple[int, ...], dims: tuple[int, ...]) -> int:
    """Return how many elements one element of a reduction over `dims` is made of."""
    return math.prod([shape[d] for d in dims])


def _typed(op: str, input: Tensor, dtype: Any) -> Tensor:
    return input if dtype is None else convert(input, to_dtype(dtype, op))


def total(x: np.ndarray, dims: tuple[int, ...], keepdim: bool, kind: np.dtype[Any]) -> np.ndarray:
    """Return the sum over `dims` with elements of type `kind`.

    What is large and lies without gaps is summed in C, in double but for short runs. NumPy sums
    the last dimension in pairs; along others it adds one row after the other, so float32 rows
    are added up in float64.
    """
    if dims and x.size > _LARGE and x.dtype == kind and kind in _SUMMED and x.flags.c_contiguous:
        summed = _native_total(x, dims)
        if summed is not None:
            return summed.reshape(kept_shape(x.shape, dims, keepdim))
    into = _array.empty(kept_shape(x.shape, dims, keepdim), kind)
    token = hush()
    try:
        last = x.ndim - 1
        if kind == np.float32 and x.ndim > 1 and count_of(x.shape, tuple([d for d in dims if d != last])) > 32:
            return _wide_total(x, dims, keepdim, into)
        np.add.reduce(x, axis=dims, dtype=kind, out=into, keepdims=keepdim)
    finally:
        unhush(token)
    return into


def _native_total(x: np.ndarray, dims: tuple[int, ...]) -> np.ndarray | None:
    """Return the sum over `dims`, or None if NumPy is as quick: over few elements that lie apart."""
    sizes, last = list(x.shape), len(x.shape)
    summed = x
    for first in reversed(range(last)):
        # Adjacent dimensions are one to the core: [first, last) grows until its beginning is found.
        if first not in dims:
            last = first
        elif first - 1 not in dims:
            outer, n, inner = (math.prod(part) for part in (sizes[:first], sizes[first:last], sizes[last:]))
            if summed is x and n * inner < (_SHORT if inner == 1 else _SMALL):
                return None
            out = _array.empty((outer * inner,), x.dtype)
            check_status(_SUMMED[x.dtype](outer, n, inner, pointer(summed), pointer(out, True)), "sum")
            summed, sizes[first:last], last = out, [1] * (last - first), first
    return summed


def _wide_total(x: np.ndarray, dims: tuple[int, ...], keepdim: bool, into: np.ndarray) -> np.ndarray:
    if x.flags.c_contiguous and dims == tuple(range(x.ndim)):
        np.add.reduce(x.reshape(-1), out=into.reshape(()))
        return into
    wide = _array.empty(into.shape, np.dtype(np.float64))
    np.add.reduce(x, axis=dims, dtype=np.float64, out=wide, keepdims=keepdim)
    np.copyto(into, wide, casting="same_kind")
    return into


# --- sum and mean


class Sum(Node):
    """z = the sum of a over `dims`."""

    shape: tuple[int, ...]
    dims: tuple[int, ...]
    keepdim: bool

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Every summand's gradient is g."""
        return (spread(grad, self.shape, self.dims, self.keepdim),)


class SumAll(Node):
    """z = the sum of all of a."""

    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Every summand's gradient is g."""
        return (grad.expand(self.shape),)


class Mean(Sum):
    """z = the mean of a over `dims`."""

    count: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Every element's gradient is g / n."""
        return (spread(div(grad, self.count), self.shape, self.dims, self.keepdim),)


@method
def sum(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Tensor | None = None
) -> Tensor:
    """Return the sum over `dim` (an int, a sequence, or None for all); integers sum to int64.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    dtype : minigrad.dtype, optional
        Element type of the result.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    IndexError
        If a dimension is out of range.
    """
    x = input._data
    if dim is None and dtype is None and not keepdim and x.size <= _SMALL and x.dtype.kind == "f":
        token = hush()
        made = np.add.reduce(x, axis=None)
        unhush(token)
        return delivered("sum", result(made, SumAll, (input,), shape=x.shape), out)
    input = _typed("sum", input, dtype)
    x = input._data
    dims = reduced_dims("sum", dim, x.ndim)
    kind = x.dtype if x.dtype.kind == "f" or dtype is not None else np.dtype(np.int64)
    data = total(x, dims, keepdim, kind)
    return delivered("sum", result(data, Sum, (input,), shape=x.shape, dims=dims, keepdim=keepdim), out)


@method
def mean(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Tensor | None = None
) -> Tensor:
    """Return the mean over `dim` (an int, a sequence, or None for all); of no elements, NaN.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    dtype : minigrad.dtype, optional
        Element type of the result.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point and no `dtype` is given.
    """
    input = _typed("mean", input, dtype)
    x = input._data
    if x.dtype.kind != "f":
        raise RuntimeError(
            f"mean: could not infer output dtype; input dtype must be floating point; got {input.dtype.name}"
        )
    dims = reduced_dims("mean", dim, x.ndim)
    count = count_of(x.shape, dims)
    data = total(x, dims, keepdim, x.dtype)
    token = hush()
    try:
        np.divide(data, count, out=data)
    finally:
        unhush(token)
    return delivered("mean", result(data, Mean, (input,), shape=x.shape, dims=dims, keepdim=keepdim, count=count), out)


def _without_nan(input: Tensor) -> Tensor:
    if input._data.dtype.kind != "f":
        return input
    return where(fresh(np.isnan(input._data)), 0.0, input)  # type: ignore[no-any-return]


@method
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Return the sum over `dim` of the elements that are not NaN.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    dtype : minigrad.dtype, optional
        Element type of the result.
    """
    return sum(_without_nan(_typed("nansum", input, dtype)), dim, keepdim)


@method
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Return the mean over `dim` of the elements that are not NaN.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    dtype : minigrad.dtype, optional
        Element type of the result.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    input = _typed("nanmean", input, dtype)
    if input._data.dtype.kind != "f":
        raise RuntimeError(f"nanmean: expected floating point input; got {input.dtype.name}")
    present = fresh(~np.isnan(input._data))
    return div(sum(_without_nan(input), dim, keepdim), sum(present, dim, keepdim))


@method
def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """Return the sum over dimensions so that `size` remains; the reverse of broadcasting.

    Parameters
    ----------
    input : Tensor
    *size : int or tuple of int
        The shape.

    Raises
    ------
    RuntimeError
        If `size` cannot be broadcast to the tensor's shape.
    """
    wanted = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else tuple(size)
    have = input._data.shape
    lead = len(have) - len(wanted)
    if lead < 0 or [w for w, h in zip(wanted, have[lead:], strict=True) if w not in (1, h)]:
        raise RuntimeError(f"sum_to_size: size {wanted} is not expandable to {have}")
    return unbroadcast(input, wanted) if wanted else sum(input)


# --- product


class Prod(Node):
    """z = the product of a over `dims`."""

    dims: tuple[int, ...]
    keepdim: bool

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g times the product of the others: g z / a unless an element is 0."""
        (a,) = self.saved
        shape = a._data.shape
        if a._data.all():
            whole = prod(a, self.dims[0] if len(self.dims) == 1 else None, self.keepdim)
            share = restored(mul(grad, whole), shape, self.dims, self.keepdim)
            return (div(share, a),)
        return (mul(restored(grad, shape, self.dims, self.keepdim), _of_others(a, self.dims)),)


def _of_others(a: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Return, for each element, the product of all others: that of those before and of those after."""
    t: Any = a
    shape = t.shape
    if len(dims) != 1:
        t, dim = t.reshape(-1), 0
    else:
        dim = dims[0]
    one = fresh(np.ones(tuple(1 if i == dim else n for i, n in enumerate(t.shape)), a._data.dtype))
    from minigrad.nn._ops.join import cat

    n = t.shape[dim]
    before = cat([one, t.narrow(dim, 0, n - 1)], dim).cumprod(dim)
    after = cat([one, t.flip(dim).narrow(dim, 0, n - 1)], dim).cumprod(dim).flip(dim)
    return (before * after).reshape(shape)  # type: ignore[no-any-return]


@method
def prod(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Tensor | None = None
) -> Tensor:
    """Return the product over one dimension, or over all for None; of no elements, 1.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    dtype : minigrad.dtype, optional
        Element type of the result.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    IndexError
        If the dimension is out of range.
    """
    input = _typed("prod", input, dtype)
    x = input._data
    dims = tuple(range(x.ndim)) if dim is None else (dim_of("prod", dim, x.ndim),)[: x.ndim]
    kind = x.dtype if x.dtype.kind == "f" or dtype is not None else np.dtype(np.int64)
    data = _array.empty(kept_shape(x.shape, dims, keepdim), kind)
    token = hush()
    try:
        np.multiply.reduce(x, axis=dims, dtype=kind, out=data, keepdims=keepdim)
    finally:
        unhush(token)
    return delivered("prod", result(data, Prod, (input,), (input,), dims=dims, keepdim=keepdim), out)


# --- variance


class Var(Node):
    """z = the variance of a over `dims`."""

    dims: tuple[int, ...]
    keepdim: bool
    rest: float

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g 2 (a - m) / (n - c)."""
        (a,) = self.saved
        return (self.carried(a, restored(grad, a._data.shape, self.dims, self.keepdim)),)

    def carried(self, a: Tensor, grad: Tensor) -> Tensor:
        """Return the gradient from that of the variance, its dimensions restored."""
        centred = sub(a, mean(a, self.dims, True)) if self.dims else sub(a, a)
        token = hush()
        try:
            return mul(mul(grad, 2.0 / self.rest if self.rest else math.inf), centred)
        finally:
            unhush(token)


class Std(Var):
    """z = the standard deviation of a over `dims`."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g (a - m) / (z (n - c)), 0 where z = 0."""
        (a,) = self.saved
        z = self.output
        share = masked(div(grad, mul(z, 2)), z._data != 0)
        return (self.carried(a, restored(share, a._data.shape, self.dims, self.keepdim)),)


def _correction(op: str, dim: Any, unbiased: Any, correction: Any) -> tuple[Any, float]:
    """Return (dim, correction) from the ways to say them: ``f(True)``, ``f(0, False)``, ``f(0, correction=0)``."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None:
        return dim, float(bool(unbiased))
    return dim, 1.0 if correction is None else float(correction)


def _moments(op: str, input: Tensor, dims: tuple[int, ...], correction: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the mean and the variance over `dims`, kept, in two passes, and n - c."""
    x = input._data
    if x.dtype.kind != "f":
        raise RuntimeError(f"{op}: only support floating point dtypes; got {input.dtype.name}")
    count = count_of(x.shape, dims)
    rest = max(0.0, count - correction)
    token = hush()
    try:
        centre = total(x, dims, True, x.dtype)
        np.divide(centre, count, out=centre)
        centred = _array.empty(x.shape, x.dtype)
        np.subtract(x, centre, out=centred)
        np.multiply(centred, centred, out=centred)
        spread_ = total(centred, dims, True, x.dtype)
        np.divide(spread_, rest, out=spread_)
    finally:
        unhush(token)
    return centre, spread_, rest


def _spread(
    op: str, node: type[Var], input: Tensor, dim: Any, unbiased: Any, correction: Any, keepdim: bool, out: Any
) -> Tensor:
    dim, c = _correction(op, dim, unbiased, correction)
    dims = reduced_dims(op, dim, input._data.ndim)
    _, data, rest = _moments(op, input, dims, c)
    if node is Std:
        np.sqrt(data, out=data)
    data = data.reshape(kept_shape(input._data.shape, dims, keepdim))
    made = result(data, node, (input,), (input,), save_output=node is Std, dims=dims, keepdim=keepdim, rest=rest)
    return delivered(op, made, out)


@method
def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the variance over `dim`, the sum of squares divided by n - `correction` (1).

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    unbiased : bool, default True, optional
        Divide by n - 1 instead of n.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    correction : number, default 1, optional
        Divide by n minus this.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _spread("var", Var, input, dim, unbiased, correction, keepdim, out)


@method
def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the standard deviation over `dim`, the root of `var`.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    unbiased : bool, default True, optional
        Divide by n - 1 instead of n.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    correction : number, default 1, optional
        Divide by n minus this.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _spread("std", Std, input, dim, unbiased, correction, keepdim, out)


def _named_mean(input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    return mean(input, None if isinstance(dim, bool) else dim, keepdim)


def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> tuple[Tensor, Tensor]:
    """Return the variance and the mean over `dim`; see `var`.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    unbiased : bool, default True, optional
        Divide by n - 1 instead of n.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    correction : number, default 1, optional
        Divide by n minus this.
    """
    return var(input, dim, unbiased, keepdim, correction=correction), _named_mean(input, dim, keepdim)


def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> tuple[Tensor, Tensor]:
    """Return the standard deviation and the mean over `dim`; see `std`.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    unbiased : bool, default True, optional
        Divide by n - 1 instead of n.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    correction : number, default 1, optional
        Divide by n minus this.
    """
    return std(input, dim, unbiased, keepdim, correction=correction), _named_mean(input, dim, keepdim)


# --- norms


class PNorm(Node):
    """z = (sum |a|^p)^(1/p) over `dims`."""

    p: float
    dims: tuple[int, ...]
    keepdim: bool

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g sign(a) (|a| / z)^(p-1); 0 where z = 0 or, for p < 1, a = 0."""
        (a,) = self.saved
        t: Any = a
        g = restored(grad, t.shape, self.dims, self.keepdim)
        if self.p == 0:
            return (fresh(_array.zeros(a._data.shape, a._data.dtype)),)
        if self.p == 1:
            return (mul(t.sgn() if hasattr(t, "sgn") else t.sign(), g),)
        z = restored(self.output, t.shape, self.dims, self.keepdim)
        zero = np.broadcast_to(z._data == 0, a._data.shape)
        if self.p == 2:
            return (masked(mul(t, div(g, z)), ~zero),)
        if math.isinf(self.p):
            hit = fresh(np.asarray(np.abs(a._data) == z._data))
            nan = fresh(np.isnan(z._data))
            hit = hit.logical_or(fresh(np.isnan(a._data)) & nan)
            return (mul(mul(t.sign(), hit), div(g, sum(hit, self.dims, True) if self.dims else 1)),)
        share = (t.abs() / z) ** (self.p - 1)
        return (masked(mul(mul(t.sign(), share), g), ~(zero | ((a._data == 0) if self.p < 2 else zero))),)


def vector_norm(
    x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Tensor | None = None
) -> Tensor:
    """Return the `ord` norm of the elements over `dim`, taken as one vector.

    Parameters
    ----------
    x : Tensor
    ord : number, default 2
        p of ``(sum |x|^p)^(1/p)``; inf the largest and -inf the smallest magnitude, 0 the number
        of elements other than 0.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point, or an extreme of no elements is asked for.
    """
    x = _float_input("linalg.vector_norm", x, dtype)
    dims = reduced_dims("linalg.vector_norm", dim, x._data.ndim)
    made = _p_norm("linalg.vector_norm", x, float(ord), dims, keepdim)
    return delivered("linalg.vector_norm", made, out)


def _float_input(op: str, x: Tensor, dtype: Any) -> Tensor:
    if x._data.dtype.kind != "f" and dtype is None:
        raise RuntimeError(f"{op}: expected a floating point tensor as input; got {portrait(x)}")
    kind = None if dtype is None else to_dtype(dtype, op)
    if kind is not None and (
        not kind.is_floating_point or kind.itemsize < x.dtype.itemsize * x.dtype.is_floating_point
    ):
        raise RuntimeError(f"{op}: dtype {kind} must be a floating-point type no narrower than that of the input")
    return _typed(op, x, dtype)


def _p_norm(op: str, x: Tensor, p: float, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    a = x._data
    no_identity = (math.isinf(p) or p < 0) and a.ndim > 0 and count_of(a.shape, dims) == 0
    if no_identity and a.size == 0 and 0 not in kept_shape(a.shape, dims, keepdim):
        raise RuntimeError(f"{op}: cannot compute the {p} norm of no elements, which has no identity")
    size = _array.empty(a.shape, a.dtype)
    token = hush()
    try:
        if p == 2:
            combine(np.multiply, a, a, size)
        else:
            np.abs(a, out=size)
        if math.isinf(p):
            reduce = np.maximum.reduce if p > 0 else np.minimum.reduce
            into = _array.empty(kept_shape(a.shape, dims, keepdim), a.dtype)
            if into.size:
                reduce(size, axis=dims, out=into, keepdims=keepdim)
        elif p == 0:
            into = total((size != 0).astype(a.dtype), dims, keepdim, a.dtype)
        elif p in (1, 2):
            into = total(size, dims, keepdim, a.dtype)
            if p == 2:
                np.sqrt(into, out=into)
        else:
            np.power(size, a.dtype.type(p), out=size)
            into = total(size, dims, keepdim, a.dtype)
            np.power(into, a.dtype.type(1 / p), out=into)
    finally:
        unhush(token)
    return result(into, PNorm, (x,), (x,), save_output=True, p=p, dims=dims, keepdim=keepdim)


@method
def norm(
    input: Tensor,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    out: Tensor | None = None,
    dtype: Any = None,
) -> Tensor:
    """Return the norm over `dim`, of all elements for None.

    Parameters
    ----------
    input : Tensor
    p : number, "fro" or "nuc"
        "fro": the root of the sum of squares; a number: as `linalg.vector_norm`; "nuc": the sum
        of the singular values of the matrices in the two dimensions `dim`.
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    if p == "nuc":
        return delivered("norm", _nuclear(_float_input("norm", input, dtype), dim, keepdim), out)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm: p must be a number, 'fro' or 'nuc'; got {p!r}")
    order = 2.0 if p == "fro" or p is None else p
    return vector_norm(input, order, dim, keepdim, dtype=dtype, out=out)


def _nuclear(x: Tensor, dim: Any, keepdim: bool) -> Tensor:
    dims = dims_of("norm", dim, x._data.ndim) if dim is not None else tuple(range(x._data.ndim))
    if len(dims) != 2:
        raise RuntimeError(f"norm: the nuclear norm needs two dimensions; got dim {dim} of {portrait(x)}")
    from minigrad.nn._ops.factor import svdvals

    t: Any = x
    values = svdvals(t.movedim(dims, (-2, -1)))
    out = sum(values, -1)
    return restored(out, t.shape, dims, False) if keepdim else out


@method
def dist(input: Tensor, other: Tensor, p: Any = 2) -> Tensor:
    """Return the `p` norm of ``input - other``.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    p : float, default 2
        Probability.
    """
    return vector_norm(sub(input, other), p)


# --- truth and counts


def _truth(name: str, ufunc: Any, words: str) -> Any:
    def reduce(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
        x = input._data
        dims = tuple(range(x.ndim)) if dim is None else dims_of(name, dim, x.ndim)[: max(x.ndim, 0)]
        data = np.asarray(ufunc(x, axis=dims if x.ndim else (), keepdims=keepdim))
        if x.ndim == 0:
            data = np.asarray(x != 0)
        return delivered(name, plain(data.astype(np.uint8) if x.dtype == np.uint8 else data), out)

    reduce.__name__ = reduce.__qualname__ = name
    reduce.__doc__ = f"""Return whether {words} over `dim` is not 0, as bool (uint8 for uint8).

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    keepdim : bool, default False
        Keep the reduced dimensions, with extent 1.
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    return method(reduce)


all = _truth("all", np.all, "every element")
any = _truth("any", np.any, "an element")


@method
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """Return how many elements over `dim` are not 0.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over which; all by default.
    """
    dims = reduced_dims("count_nonzero", dim, input._data.ndim)
    return plain(np.asarray(np.add.reduce(input._data != 0, axis=dims, dtype=np.int64)))
