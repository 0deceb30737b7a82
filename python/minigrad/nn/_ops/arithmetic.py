"""Sums, differences, products and quotients, with broadcasting.

For z = f(a, b) elementwise and a gradient g = dL/dz:

    a + b:  g,      g              a - b:  g,      -g
    a * b:  g b,    g a            a / b:  g / b,  -g a / b^2 = -(g / b) (a / b)

An operand that was broadcast was used once for every element it was repeated to, so its
gradient is the sum over them: `unbroadcast`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._errors import shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._tensor import Tensor, change_inplace, method, promote, result, unbroadcast

__all__ = ["add", "div", "divide", "mul", "multiply", "neg", "negative", "sub", "subtract", "true_divide"]

_SMALL = 1024
"""Elements up to which NumPy makes the result's array itself."""


def apply(op: str, ufunc: Any, a: Tensor, b: Tensor, dtype: np.dtype[Any] | None = None) -> np.ndarray:
    """Return ``ufunc(a, b)`` as an array, broadcast, in memory of the arena if it is large."""
    x, y = a._data, b._data
    try:
        if x.size <= _SMALL and y.size <= _SMALL and x.size * y.size <= _SMALL * _SMALL:
            out = ufunc(x, y)
            return out if type(out) is np.ndarray else np.asarray(out)
        shape = x.shape if x.shape == y.shape or y.ndim == 0 else np.broadcast_shapes(x.shape, y.shape)
        into = _array.empty(shape, x.dtype if dtype is None else dtype)
        return ufunc(x, y, out=into)  # type: ignore[no-any-return]
    except ValueError:
        raise shape_error(
            op,
            f"the size of tensor a {x.shape} must match the size of tensor b {y.shape} (or be 1) in every dimension",
            a,
            b,
        ) from None


class Add(Node):
    """z = a + b."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g and g."""
        a, b = self.next_functions_
        return (
            None if a is None else unbroadcast(grad, self.shapes[0]),
            None if b is None else unbroadcast(grad, self.shapes[1]),
        )


class Sub(Add):
    """z = a - b."""

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g and -g."""
        a, b = self.next_functions_
        return (
            None if a is None else unbroadcast(grad, self.shapes[0]),
            None if b is None else unbroadcast(-grad, self.shapes[1]),
        )


class Mul(Node):
    """z = a b."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g b and g a."""
        a, b = self.saved
        return (
            None if b is None else unbroadcast(grad * b, self.shapes[0]),
            None if a is None else unbroadcast(grad * a, self.shapes[1]),
        )


class Div(Node):
    """z = a / b."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g / b and -(g / b) (a / b)."""
        a, b = self.saved
        to_a = grad / b
        needs_a, needs_b = self.next_functions_
        return (
            None if needs_a is None else unbroadcast(to_a, self.shapes[0]),
            None if needs_b is None else unbroadcast(-(to_a * (a / b)), self.shapes[1]),
        )


class Neg(Node):
    """z = -a."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient -g."""
        return (-grad,)


def _scaled(op: str, other: Any, alpha: Any, like: Tensor) -> Any:
    if alpha == 1:
        return other
    integral = like._data.dtype.kind != "f" and (not isinstance(other, Tensor) or other._data.dtype.kind != "f")
    if isinstance(alpha, float) and integral:
        raise RuntimeError(
            f"{op}: for integral input tensors, argument alpha must not be a floating point number; got {alpha}"
        )
    return other * alpha


@method("add", "__add__")
def add(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """Return ``input + alpha * other``, broadcast.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast.
    """
    if alpha != 1:
        other = _scaled("add", other, alpha, input)
    if type(other) is Tensor and type(input) is Tensor and input._data.dtype is other._data.dtype:
        a, b = input, other
    else:
        a, b = promote("add", input, other)
    data = apply("add", np.add, a, b)
    return result(data, Add, (a, b), shapes=(a._data.shape, b._data.shape))


@method("sub", "__sub__")
def sub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """Return ``input - alpha * other``, broadcast.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or both are bool.
    """
    if alpha != 1:
        other = _scaled("sub", other, alpha, input)
    a, b = promote("sub", input, other)
    if a._data.dtype.kind == "b":
        raise RuntimeError("sub: subtraction of two bool tensors is not supported; use logical_xor or ^")
    return result(apply("sub", np.subtract, a, b), Sub, (a, b), shapes=(a._data.shape, b._data.shape))


@method("mul", "__mul__")
def mul(input: Any, other: Any) -> Tensor:
    """Return ``input * other``, broadcast.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast.
    """
    if type(other) is Tensor and type(input) is Tensor and input._data.dtype is other._data.dtype:
        a, b = input, other
    else:
        a, b = promote("mul", input, other)
    data = apply("mul", np.multiply, a, b)
    saved = (a if b._requires else None, b if a._requires else None)
    return result(data, Mul, (a, b), saved, shapes=(a._data.shape, b._data.shape))


@method("div", "__truediv__")
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """Return ``input / other``, broadcast; integers give a float.

    Parameters
    ----------
    input, other : Tensor or number
    rounding_mode : {None, "trunc", "floor"}
        Round the quotient toward zero or down; integers then stay integers.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or an integer is divided by zero with a rounding mode.
    """
    a, b = promote("div", input, other)
    if rounding_mode is not None:
        return _rounded_div(a, b, rounding_mode)
    if a._data.dtype.kind != "f":
        a, b = a.float(), b.float()
    with np.errstate(all="ignore"):
        data = apply("div", np.divide, a, b)
    return result(data, Div, (a, b), (a, b), shapes=(a._data.shape, b._data.shape))


def _rounded_div(a: Tensor, b: Tensor, rounding_mode: str) -> Tensor:
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(f"div: rounding_mode must be None, 'trunc' or 'floor'; got {rounding_mode!r}")
    if a._data.dtype.kind != "f" and not b._data.all():
        raise RuntimeError("div: ZeroDivisionError: an integer was divided by zero")
    with np.errstate(all="ignore"):
        if a._data.dtype.kind == "f":
            data = (
                apply("div", np.floor_divide, a, b)
                if rounding_mode == "floor"
                else np.trunc(apply("div", np.divide, a, b))
            )
        elif rounding_mode == "floor":
            data = apply("div", np.floor_divide, a, b)
        else:
            quotient = apply("div", np.floor_divide, a, b)
            inexact = quotient * b._data != a._data
            data = np.asarray(quotient + (inexact & ((a._data < 0) != (b._data < 0))), quotient.dtype)
    return result(data, Zero, (a, b), shapes=(a._data.shape, b._data.shape))


class Zero(Node):
    """z is locally constant in a and b: its gradient is zero wherever it exists."""

    shapes: tuple[tuple[int, ...], ...]

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Zeros of the inputs' shapes."""
        from minigrad.nn._tensor import fresh

        return tuple(
            None if edge is None else fresh(_array.zeros(shape, grad._data.dtype))
            for edge, shape in zip(self.next_functions_, self.shapes, strict=True)
        )


@method("neg", "__neg__")
def neg(input: Tensor) -> Tensor:
    """Return ``-input``.

    Raises
    ------
    RuntimeError
        For bool.
    """
    x = input._data
    if x.dtype.kind == "b":
        raise RuntimeError("neg: negation, the `-` operator, on a bool tensor is not supported; use ~ or logical_not()")
    data = np.negative(x) if x.size <= _SMALL else np.negative(x, out=_array.empty(x.shape, x.dtype))
    return result(data, Neg, (input,))


def _reflected(function: Any) -> Any:
    def operator(self: Tensor, other: Any) -> Tensor:
        return function(other, self)  # type: ignore[no-any-return]

    return operator


def _plain_inplace(name: str, ufunc: Any, function: Any) -> None:
    """Attach ``name_`` and the augmented operator; straight into memory when nothing is recorded."""

    def form(self: Tensor, other: Any, **options: Any) -> Tensor:
        if not options and not mode.enabled:
            number = isinstance(other, (int, float)) and not isinstance(other, bool) and self._data.dtype.kind == "f"
            same = isinstance(other, Tensor) and other._data.dtype == self._data.dtype
            if (
                (number or (same and other._data.shape == self._data.shape))
                and self._data.flags.writeable
                and (self._data.dtype.kind == "f")
            ):
                with np.errstate(all="ignore"):
                    ufunc(self._data, other if number else other._data, out=self._data)
                self._bump()
                return self
        return change_inplace(f"{name}_", self, lambda before: function(before, other, **options))

    form.__name__ = form.__qualname__ = f"{name}_"
    form.__doc__ = f"Change the tensor in place to what `{name}` gives, and return it."
    setattr(Tensor, f"{name}_", form)
    setattr(Tensor, f"__i{'truediv' if name == 'div' else name}__", form)


for _name, _ufunc, _function in (
    ("add", np.add, add),
    ("sub", np.subtract, sub),
    ("mul", np.multiply, mul),
    ("div", np.divide, div),
):
    _plain_inplace(_name, _ufunc, _function)
    setattr(Tensor, f"__r{'truediv' if _name == 'div' else _name}__", _reflected(_function))

subtract = method("subtract")(sub)
multiply = method("multiply")(mul)
negative = method("negative")(neg)
divide = true_divide = method("divide", "true_divide")(div)
