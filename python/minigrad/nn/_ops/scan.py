"""Running sums, products and extremes, differences, and the trapezoidal rule.

For z_i = a_1 + ... + a_i, a_j takes part in every z_i from i = j on, so its gradient is the
sum of g from j on: a running sum from the other end. For running products,

    dL/da_j = sum_{i >= j} g_i z_i / a_j

and where an element is 0 the product without a_j is formed instead of divided for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._array import hush, unhush
from minigrad.nn._dtype import to_dtype
from minigrad.nn._errors import portrait
from minigrad.nn._graph import Node
from minigrad.nn._ops.arithmetic import add, delivered, div, inplace_form, mul, sub
from minigrad.nn._ops.compare import logical_xor, where
from minigrad.nn._ops.copy import convert
from minigrad.nn._ops.extremes import Picked, placed
from minigrad.nn._ops.reduce import sum
from minigrad.nn._tensor import Tensor, dim_of, fresh, method, result, results

__all__ = [
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "diff",
    "logcumsumexp",
    "trapezoid",
    "trapz",
]


def _accumulated(op: str, ufunc: Any, input: Tensor, dim: Any, dtype: Any) -> tuple[Tensor, np.ndarray, int]:
    """Return the input in its type, its running `ufunc`, carried in float64, and the dimension."""
    if dtype is not None:
        input = convert(input, to_dtype(dtype, op))
    x = input._data
    at = dim_of(op, dim, x.ndim)
    kind = x.dtype if x.dtype.kind == "f" or dtype is not None else np.dtype(np.int64)
    data = _array.empty(x.shape, kind)
    token = hush()
    try:
        if x.ndim == 0:
            np.copyto(data, x)
        elif kind == np.float32:
            wide = _array.empty(x.shape, np.dtype(np.float64))
            ufunc.accumulate(x, axis=at, dtype=np.float64, out=wide)
            np.copyto(data, wide, casting="same_kind")
        else:
            ufunc.accumulate(x, axis=at, dtype=kind, out=data)
    finally:
        unhush(token)
    return input, data, at


def _from_end(t: Any, dim: int) -> Any:
    """Return the running sum from the last element back."""
    return cumsum(t.flip(dim), dim).flip(dim) if t._data.ndim else t


class CumSum(Node):
    """z = the running sum of a."""

    dim: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: the running sum of g from the other end."""
        return (_from_end(grad, self.dim),)


class CumProd(Node):
    """z = the running product of a."""

    dim: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient sum_{i >= j} g_i z_i / a_j."""
        (a,) = self.saved
        if not a._data.ndim:
            return (grad,)
        if a._data.all():
            return (div(_from_end(mul(grad, cumprod(a, self.dim)), self.dim), a),)
        return (self.without(a, grad),)

    def without(self, a: Any, grad: Any) -> Tensor:
        """Return the gradient with the product of the others formed for each place."""
        from minigrad.nn._ops import functions

        dim, n = self.dim, a._data.shape[self.dim]
        slices = []
        for j in range(n):
            mask = np.zeros(tuple(n if d == dim else 1 for d in range(a._data.ndim)), bool)
            mask.reshape(-1)[j] = True
            others = cumprod(where(fresh(mask), 1.0, a), dim)
            slices.append(sum((grad * others).narrow(dim, j, n - j), dim, True))
        return functions["cat"](slices, dim)  # type: ignore[no-any-return]


@method
def cumsum(input: Tensor, dim: int, *, dtype: Any = None, out: Tensor | None = None) -> Tensor:
    """Return the running sum along `dim`; integers sum to int64.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    dtype : minigrad.dtype, optional
        Element type of the result.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    """
    source, data, at = _accumulated("cumsum", np.add, input, dim, dtype)
    return delivered("cumsum", result(data, CumSum, (source,), dim=at), out)


@method
def cumprod(input: Tensor, dim: int, *, dtype: Any = None, out: Tensor | None = None) -> Tensor:
    """Return the running product along `dim`; integers multiply to int64.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    dtype : minigrad.dtype, optional
        Element type of the result.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    """
    source, data, at = _accumulated("cumprod", np.multiply, input, dim, dtype)
    return delivered("cumprod", result(data, CumProd, (source,), (source,), dim=at), out)


# --- running extremes


class CumPick(Node):
    """(values, indices) = the running extreme of a and where it stood."""

    index: np.ndarray
    dim: int

    def backward(self, grad: Tensor | None, _: Any) -> tuple[Any]:
        """Gradient: at each element, the sum of g over the places it was the extreme of."""
        if grad is None or not grad._data.ndim:
            return (grad,)
        return (placed(grad, self.index, self.dim, grad._data.shape),)


def _running(op: str, ufunc: Any, input: Tensor, dim: Any) -> Picked:
    x = input._data
    at = dim_of(op, dim, x.ndim)
    if x.ndim == 0:
        return Picked(*results((x.copy(), np.zeros((), np.int64)), CumPick, (input,), index=np.zeros(1), dim=0))
    values = ufunc.accumulate(x, axis=at)
    # The extreme stands where an element equals it; of several, the last, and a NaN at every NaN.
    hit = (x == values) | ((x != x) & (values != values))
    place = np.arange(x.shape[at]).reshape([-1 if d == at else 1 for d in range(x.ndim)])
    index = np.maximum.accumulate(np.where(hit, place, 0), axis=at).astype(np.int64)
    return Picked(*results((values, index), CumPick, (input,), index=index, dim=at))


@method
def cummax(input: Tensor, dim: int) -> Picked:
    """Return the running maximum along `dim` as (values, indices); of equals the last.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    """
    return _running("cummax", np.maximum, input, dim)


@method
def cummin(input: Tensor, dim: int) -> Picked:
    """Return the running minimum along `dim` as (values, indices); of equals the last.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    """
    return _running("cummin", np.minimum, input, dim)


class LogCumSumExp(Node):
    """z_i = ln sum_{j <= i} exp(a_j)."""

    dim: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient sum_{i >= j} g_i exp(a_j - z_i), summed as logarithms, each sign apart."""
        (a,) = self.saved
        t: Any = a
        if not a._data.ndim:
            return (grad,)
        z: Any = self.output
        size: Any = grad.abs().log()

        def part(sign: Any) -> Any:
            chosen = where(sign, sub(size, z), -np.inf)
            back = logcumsumexp(chosen.flip(self.dim), self.dim).flip(self.dim)
            return (back + t).exp()

        return (sub(part(fresh(grad._data > 0)), part(fresh(grad._data < 0))),)


@method
def logcumsumexp(input: Tensor, dim: int, *, out: Tensor | None = None) -> Tensor:
    """Return the logarithm of the running sum of exponentials along `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    x = input._data
    at = dim_of("logcumsumexp", dim, x.ndim)
    if x.dtype.kind != "f":
        raise RuntimeError(f"logcumsumexp: not implemented for {input.dtype.name}")
    token = hush()
    try:
        data = x.copy() if x.ndim == 0 else np.logaddexp.accumulate(x, axis=at)
    finally:
        unhush(token)
    made = result(data, LogCumSumExp, (input,), (input,), save_output=True, dim=at)
    return delivered("logcumsumexp", made, out)


# --- differences and the trapezoidal rule


@method
def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Return the `n`-th differences of neighbours along `dim`, after adding `prepend` and `append` to the ends.

    Parameters
    ----------
    input : Tensor
    n : int, default 1
        How often.
    dim : int, default -1
        Along which.
    prepend : Tensor, optional
        Put before `input`.
    append : Tensor, optional
        Put after `input`.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the tensor is 0-d, `n` is negative, or what is added does not fit.
    """
    if input._data.ndim == 0:
        raise RuntimeError("diff: expects input to be at least one-dimensional; got a 0-d tensor")
    if n < 0:
        raise RuntimeError(f"diff: order must be non-negative; got {n}")
    at = dim_of("diff", dim, input._data.ndim)
    for extra in (prepend, append):
        if extra is not None and extra._data.ndim != input._data.ndim:
            raise RuntimeError(
                "diff: prepend and append must have the input's number of dimensions; got "
                f"{portrait(extra)} for {portrait(input)}"
            )
    parts: list[Any] = [t for t in (prepend, input, append) if t is not None]
    made: Any = input
    if len(parts) > 1 and n:
        from minigrad.nn._ops import functions

        made = functions["cat"](parts, at)
    for _ in range(min(n, made._data.shape[at])):
        extent = made._data.shape[at]
        later, sooner = made.narrow(at, 1, extent - 1), made.narrow(at, 0, extent - 1)
        made = logical_xor(later, sooner) if made._data.dtype.kind == "b" else sub(later, sooner)
    return delivered("diff", made.clone() if made is input else made, out)


def _trapezes(op: str, y: Tensor, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """Return twice the area between neighbours along `dim`, and the dimension."""
    at = dim_of(op, dim, y._data.ndim)
    t: Any = y
    extent = y._data.shape[at] if y._data.ndim else 0
    steps: Any = 1 if dx is None else dx
    if x is not None:
        if dx is not None:
            raise TypeError(f"{op}: only one of x and dx may be given")
        along = 0 if x._data.ndim == 1 else dim_of(op, dim, x._data.ndim)
        if x._data.shape[along] != extent:
            raise RuntimeError(
                f"{op}: there must be one x value for each sample point; got {portrait(x)} for {portrait(y)}"
            )
        steps = diff(x, dim=along)
        if x._data.ndim == 1:
            steps = steps.reshape([-1 if d == at else 1 for d in range(y._data.ndim)])
    if extent < 1:
        return sum(t, at, True).narrow(at, 0, 0) if t._data.ndim else t, at
    return mul(add(t.narrow(at, 1, extent - 1), t.narrow(at, 0, extent - 1)), steps), at


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """Return the integral of `y` along `dim` by the trapezoidal rule, at points `x` or `dx` apart.

    Parameters
    ----------
    y : Tensor
        Samples.
    x : Tensor, optional
        Places of the samples.
    dx : float, default 1, optional
        Distance between samples.
    dim : int, default -1
        Along which.

    Raises
    ------
    RuntimeError
        If there is not an x for each y.
    """
    area, at = _trapezes("trapezoid", y, x, dx, dim)
    return div(sum(area, at), 2.0)


def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """Return the running integral of `y` along `dim` by the trapezoidal rule.

    Parameters
    ----------
    y : Tensor
        Samples.
    x : Tensor, optional
        Places of the samples.
    dx : float, default 1, optional
        Distance between samples.
    dim : int, default -1
        Along which.

    Raises
    ------
    RuntimeError
        If there is not an x for each y.
    """
    area, at = _trapezes("cumulative_trapezoid", y, x, dx, dim)
    return div(cumsum(area, at), 2.0)


trapz = trapezoid
for _name, _function in (("cumsum_", cumsum), ("cumprod_", cumprod)):
    inplace_form(_name, _function)
