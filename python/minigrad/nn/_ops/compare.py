"""Comparisons, logic, choice between two tensors, and the extremes of two.

Comparisons and logic give bool and have no gradient. A choice passes the gradient on to
whichever operand was chosen; where two operands are equal, each extreme passes half to
either, as PyTorch does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad._native import lib
from minigrad._native import where as native_where
from minigrad.nn import _array
from minigrad.nn._array import hush, unhush
from minigrad.nn._errors import portrait, shape_error
from minigrad.nn._graph import Node
from minigrad.nn._ops.arithmetic import Binary, apply, combine, delivered, div, inplace_form, misfit, record
from minigrad.nn._pointwise import run
from minigrad.nn._tensor import Tensor, fresh, method, promote, result, result_type, scalar_like, unbroadcast

__all__ = [
    "allclose",
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "eq",
    "equal",
    "fmax",
    "fmin",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isclose",
    "isin",
    "le",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "maximum",
    "minimum",
    "ne",
    "not_equal",
    "where",
]

_BOOL = np.dtype(bool)


def plain(data: np.ndarray) -> Tensor:
    """Return a result that has no gradient."""
    return result(data, Node, ())


# --- comparisons


def _comparison(name: str, ufunc: Any, sign: str, *aliases: str) -> Any:
    def compare(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
        if type(other) is Tensor and type(input) is Tensor and input._data.dtype is other._data.dtype:
            a, b = input, other
        else:
            a, b = promote(name, input, other)
        made = plain(apply(name, ufunc, a, b, _BOOL))
        return delivered(name, made, out)

    def operator(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, bool, int, float, np.generic, np.ndarray)):
            return NotImplemented
        return compare(self, other)

    compare.__name__ = compare.__qualname__ = name
    compare.__doc__ = f"""Return ``input {sign} other`` elementwise, broadcast, as bool.

    Parameters
    ----------
    input, other : Tensor or number
        Broadcast with each other.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast.
    """
    method(name, *aliases)(compare)
    setattr(Tensor, f"__{name}__", operator)
    inplace_form(f"{name}_", compare)
    for alias in aliases:
        setattr(Tensor, f"{alias}_", getattr(Tensor, f"{name}_"))
    return compare


eq = _comparison("eq", np.equal, "==")
ne = not_equal = _comparison("ne", np.not_equal, "!=", "not_equal")
lt = less = _comparison("lt", np.less, "<", "less")
le = less_equal = _comparison("le", np.less_equal, "<=", "less_equal")
gt = greater = _comparison("gt", np.greater, ">", "greater")
ge = greater_equal = _comparison("ge", np.greater_equal, ">=", "greater_equal")


@method
def equal(input: Tensor, other: Tensor) -> bool:
    """Return whether both tensors have the same shape and elements.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.

    Raises
    ------
    TypeError
        If either is not a tensor.
    """
    if not isinstance(input, Tensor) or not isinstance(other, Tensor):
        raise TypeError(f"equal: both arguments must be Tensors; got {type(input).__name__}, {type(other).__name__}")
    return input._data.shape == other._data.shape and bool((input._data == other._data).all())


@method
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Return whether ``|input - other| <= atol + rtol |other|`` elementwise.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    rtol : float, default 1e-05
        Relative tolerance.
    atol : float, default 1e-08
        Absolute tolerance.
    equal_nan : bool, default False
        Whether NaN equals NaN.

    Raises
    ------
    RuntimeError
        If the types differ, a tolerance is negative, or the shapes cannot be broadcast.
    """
    if not isinstance(other, Tensor) or input._data.dtype != other._data.dtype:
        raise RuntimeError(f"isclose: both tensors must have the same dtype; got {portrait(input)} and {other!r:.80}")
    if rtol < 0 or atol < 0:
        raise RuntimeError(f"isclose: rtol and atol must be greater than or equal to zero; got {rtol} and {atol}")
    x, y = input._data, other._data
    if x.dtype.kind == "f":
        wide_x, wide_y = x, y
    else:
        wide_x, wide_y = x.astype(np.float64), y.astype(np.float64)
    token = hush()
    try:
        close = x == y
        if x.dtype.kind == "f" and equal_nan:
            close = close | (np.isnan(x) & np.isnan(y))
        if rtol or atol:
            distance = np.abs(wide_x - wide_y)
            close = close | (np.isfinite(distance) & (distance <= atol + np.abs(rtol * wide_y)))
    except ValueError:
        raise misfit("isclose", input, other) from None
    finally:
        unhush(token)
    return plain(np.asarray(close))


@method
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Return whether all elements are close; see `isclose`.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    rtol : float, default 1e-05
        Relative tolerance.
    atol : float, default 1e-08
        Absolute tolerance.
    equal_nan : bool, default False
        Whether NaN equals NaN.
    """
    return bool(isclose(input, other, rtol, atol, equal_nan)._data.all())


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Return, for each of `elements`, whether it is among `test_elements`.

    Parameters
    ----------
    elements : Tensor or number
        What is looked for.
    test_elements : Tensor or number
        Among what.
    assume_unique : bool, default False
        Accepted and ignored.
    invert : bool, default False
        Whether to tell what is not among them.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        If both are numbers, or bool.
    """
    a, b = promote("isin", elements, test_elements)
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise RuntimeError("isin: at least one of elements and test_elements must be a Tensor")
    if a._data.dtype.kind == "b":
        raise RuntimeError("isin: unsupported for bool")
    return plain(np.asarray(np.isin(a._data, b._data, invert=invert)))


method("isin")(isin)


# --- logic


def _logic(name: str, ufunc: Any, words: str) -> Any:
    def logical(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        if not isinstance(input, Tensor) or not isinstance(other, Tensor):
            raise TypeError(f"{name}: both arguments must be Tensors; got {input!r:.40} and {other!r:.40}")
        return delivered(name, plain(apply(name, ufunc, input, other, _BOOL)), out)

    logical.__name__ = logical.__qualname__ = name
    logical.__doc__ = f"""Return {words} elementwise, as bool; whatever is not 0 is true.

    Parameters
    ----------
    input, other : Tensor or number
        Broadcast with each other.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast.
    """
    inplace_form(f"{name}_", logical)
    return method(logical)


logical_and = _logic("logical_and", np.logical_and, "whether both are true")
logical_or = _logic("logical_or", np.logical_or, "whether either is true")
logical_xor = _logic("logical_xor", np.logical_xor, "whether exactly one is true")


@method
def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return whether each element is 0 (or False).

    Parameters
    ----------
    input : Tensor
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    data = _array.empty(input._data.shape, _BOOL)
    np.logical_not(input._data, out=data)
    return delivered("logical_not", plain(data), out)


inplace_form("logical_not_", logical_not)


# --- choice


class Where(Node):
    """z = a where the condition holds, else b."""

    condition: Tensor
    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g where the condition holds, and g elsewhere."""
        a, b = self.next_functions_
        return (
            None if a is None else unbroadcast(_chosen(self.condition, grad, None), self.shapes[0]),
            None if b is None else unbroadcast(_chosen(self.condition, None, grad), self.shapes[1]),
        )


def _chosen(condition: Tensor, first: Tensor | None, second: Tensor | None) -> Tensor:
    grad = first if first is not None else second
    assert grad is not None
    zero = fresh(np.zeros((), grad._data.dtype))
    return where(condition, zero if first is None else first, zero if second is None else second)  # type: ignore[no-any-return]


def choose(condition: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return ``np.where`` of three arrays, in memory of the arena."""
    shape = x.shape if x.shape == y.shape == condition.shape else np.broadcast_shapes(condition.shape, x.shape, y.shape)
    out = _array.empty(shape, x.dtype)
    if out.nbytes <= _array.SMALL or not native_where(condition, x, y, out):
        np.copyto(out, y)
        np.copyto(out, x, where=condition)
    return out


def masked(grad: Tensor, mask: np.ndarray) -> Tensor:
    """Return `grad` where `mask` holds, and 0 elsewhere."""
    return _chosen(fresh(np.asarray(mask)), grad, None)


def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None) -> Any:
    """Return elements of `input` where `condition` holds, and of `other` elsewhere, broadcast.

    With `condition` alone: the positions where it is not 0, one index tensor for each dimension.

    Parameters
    ----------
    condition : Tensor of bool
    input : Tensor or number, optional
        Where the condition holds.
    other : Tensor or number, optional
        Elsewhere.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or `condition` is not bool.
    """
    if not isinstance(condition, Tensor):
        raise TypeError(f"where: condition must be a Tensor; got {type(condition).__name__}")
    if input is None and other is None:
        if condition._data.ndim == 0:
            return (plain(np.arange(int(condition._data != 0))),)
        return tuple(plain(index) for index in np.nonzero(condition._data))
    if condition._data.dtype.kind != "b" and condition._data.dtype != np.uint8:
        raise RuntimeError(f"where: expected condition to be a boolean tensor; got {portrait(condition)}")
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        kind = result_type(input, other)
        a, b = (fresh(np.asarray(v).astype(kind.numpy)) for v in (input, other))
    else:
        a, b = promote("where", input, other)
    mask = condition._data if condition._data.dtype.kind == "b" else condition._data != 0
    try:
        data = choose(mask, a._data, b._data)
    except ValueError:
        raise shape_error("where", "the shapes cannot be broadcast", condition, a, b) from None
    kept = fresh(mask)
    made = result(data, Where, (a, b), condition=kept, shapes=(a._data.shape, b._data.shape))
    return delivered("where", made, out)


@method("where")
def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """Return this tensor's elements where `condition` holds, and those of `other` elsewhere."""
    return where(condition, self, other)  # type: ignore[no-any-return]


# --- extremes of two


class Extreme(Binary):
    """z = the larger (or smaller) of a and b."""

    beats: Any

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Gradient g to the winner, half to each of two equals."""
        a, b = self.saved
        tie = a._data == b._data
        share = _chosen_half(grad, tie) if tie.any() else grad
        return (
            masked(share, ~self.beats(b._data, a._data)) if first else None,
            masked(share, ~self.beats(a._data, b._data)) if second else None,
        )


def _chosen_half(grad: Tensor, tie: np.ndarray) -> Tensor:
    return where(fresh(np.asarray(tie)), div(grad, 2), grad)  # type: ignore[no-any-return]


class QuietExtreme(Binary):
    """z = the larger (or smaller) of a and b, or the one that is not NaN."""

    beats: Any

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Gradient g to the winner, of two equals to a."""
        a, b = self.saved
        won = self.beats(a._data, b._data)
        if b._data.dtype.kind == "f":
            won = won | np.isnan(b._data)
        return masked(grad, won) if first else None, masked(grad, ~won) if second else None


def _extreme(name: str, ufunc: Any, node: type[Node], beats: Any, words: str) -> Any:
    def extreme(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
        if not isinstance(input, Tensor) or not isinstance(other, Tensor):
            raise TypeError(f"{name}: both arguments must be Tensors; got {input!r:.40} and {other!r:.40}")
        a, b = promote(name, input, other)
        return delivered(name, record(apply(name, ufunc, a, b), node, a, b, beats=beats), out)

    extreme.__name__ = extreme.__qualname__ = name
    extreme.__doc__ = f"""Return {words}, broadcast.

    Parameters
    ----------
    input, other : Tensor or number
        Broadcast with each other.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast.
    """
    return method(extreme)


maximum = _extreme("maximum", np.maximum, Extreme, np.greater, "the larger of two elements; NaN if either is")
minimum = _extreme("minimum", np.minimum, Extreme, np.less, "the smaller of two elements; NaN if either is")
fmax = _extreme("fmax", np.fmax, QuietExtreme, np.greater_equal, "the larger of two elements, NaN only if both are")
fmin = _extreme("fmin", np.fmin, QuietExtreme, np.less_equal, "the smaller of two elements, NaN only if both are")


# --- limits


class Clamp(Node):
    """z = min(max(a, low), high) for numbers low and high."""

    low: float
    high: float

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g where a lies within the limits, both included."""
        (a,) = self.saved
        return (masked(grad, (a._data >= self.low) & (a._data <= self.high)),)


class ClampTensor(Node):
    """z = min(max(a, low), high) for tensors."""

    shapes: tuple[tuple[int, ...], ...]

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Gradient g to whichever of the three the result was taken from."""
        a, low, high = self.saved
        x = a._data
        bottom = np.asarray(-math.inf) if low is None else low._data
        top = np.asarray(math.inf) if high is None else high._data
        masks = (
            (x >= bottom) & (x <= top),
            (bottom < top) & (x < bottom) if high is not None else x < bottom,
            (x > top) | (top < bottom) if low is not None else x > top,
        )
        return tuple(
            None if edge is None else unbroadcast(masked(grad, mask), shape)
            for edge, mask, shape in zip(self.next_functions_, masks, self.shapes, strict=True)
        )


@method("clamp", "clip")
def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """Return the elements limited to ``min ... max``; a limit above the other gives `max`.

    Parameters
    ----------
    input : Tensor
    min, max : number, Tensor or None
        At least one of them.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If both are None, or the shapes cannot be broadcast.
    """
    if min is None and max is None:
        raise ValueError("clamp: at least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        return delivered("clamp", _clamp_tensors(input, min, max), out)
    like = input
    for limit in (min, max):
        if limit is not None:
            like, _ = promote("clamp", like, limit)
    low, high = (None if v is None else scalar_like(v, like)._data for v in (min, max))
    bounds: dict[str, Any] = {
        "low": -math.inf if low is None else low.item(),
        "high": math.inf if high is None else high.item(),
    }
    if like._data.dtype.kind == "f" and bounds["low"] <= bounds["high"]:
        data = run(lib.MG_UNARY_HARDTANH, like._data, bounds["low"], bounds["high"])
    else:
        data = _array.empty(like._data.shape, like._data.dtype)
        _limit(like._data, low, high, data)
    return delivered("clamp", result(data, Clamp, (like,), (like,), **bounds), out)


def _limit(x: np.ndarray, low: Any, high: Any, data: np.ndarray) -> None:
    if low is not None:
        combine(np.maximum, x, low, data)
        x = data
    if high is not None:
        combine(np.minimum, x, high, data)


def _clamp_tensors(input: Tensor, min: Any, max: Any) -> Tensor:
    kind = input.dtype
    for limit in (min, max):
        if limit is not None:
            kind = result_type(fresh(np.empty(input._data.shape, kind.numpy)), limit)
    a, low, high = (
        None if v is None else (v if isinstance(v, Tensor) else scalar_like(v, input)).to(kind)
        for v in (input, min, max)
    )
    held = [t for t in (a, low, high) if t is not None]
    try:
        shape = np.broadcast_shapes(*[t._data.shape for t in held])
    except ValueError:
        raise shape_error("clamp", "the shapes cannot be broadcast", *held) from None
    data = _array.empty(shape, kind.numpy)
    assert a is not None
    _limit(a._data, None if low is None else low._data, None if high is None else high._data, data)
    inputs = tuple(fresh(np.empty(())) if t is None else t for t in (a, low, high))
    return result(data, ClampTensor, inputs, (a, low, high), shapes=tuple(t._data.shape for t in inputs))


@method
def clamp_min(input: Tensor, min: Any, *, out: Tensor | None = None) -> Tensor:
    """Return the larger of each element and `min`.

    Parameters
    ----------
    input : Tensor
    min : number or Tensor
        Lower limit.
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    return clamp(input, min, None, out=out)


@method
def clamp_max(input: Tensor, max: Any, *, out: Tensor | None = None) -> Tensor:
    """Return the smaller of each element and `max`.

    Parameters
    ----------
    input : Tensor
    max : number or Tensor
        Upper limit.
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    return clamp(input, None, max, out=out)


clip = clamp
for _name, _function in (("clamp_", clamp), ("clip_", clamp), ("clamp_min_", clamp_min), ("clamp_max_", clamp_max)):
    inplace_form(_name, _function)
