"""Sums, differences, products, quotients and remainders, with broadcasting.

For z = f(a, b) elementwise and a gradient g = dL/dz:

    a + b:  g,      g              a - b:  g,      -g
    a * b:  g b,    g a            a / b:  g / b,  -g a / b^2 = -(g / b) (a / b)

A quotient rounded to q is locally constant, and a remainder is a - q b, so its gradients
are g and -g q. An operand that was broadcast was used once for every element it was
repeated to, so its gradient is the sum over them: `unbroadcast`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad._native import binary, lib
from minigrad.nn import _array
from minigrad.nn._array import hush, unhush
from minigrad.nn._dtype import get_default_dtype
from minigrad.nn._errors import ShapeError, shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._pointwise import run
from minigrad.nn._tensor import Tensor, change_inplace, fresh, method, promote, result, unbroadcast, write_out

__all__ = [
    "add",
    "addcdiv",
    "addcmul",
    "div",
    "divide",
    "floor_divide",
    "fmod",
    "lerp",
    "mul",
    "multiply",
    "neg",
    "negative",
    "remainder",
    "rsub",
    "sub",
    "subtract",
    "true_divide",
]

_SMALL = 1024
"""Elements up to which NumPy makes the result's array itself."""

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))

_IN_C = {
    np.add: lib.MG_BINARY_ADD,
    np.subtract: lib.MG_BINARY_SUB,
    np.multiply: lib.MG_BINARY_MUL,
    np.divide: lib.MG_BINARY_DIV,
    np.maximum: lib.MG_BINARY_MAXIMUM,
    np.minimum: lib.MG_BINARY_MINIMUM,
}


def combine(ufunc: Any, x: np.ndarray, y: Any, out: np.ndarray) -> np.ndarray:
    """Compute ``ufunc(x, y)`` into `out`, in C if the core has it and the array is large."""
    if out.size > _SMALL and ufunc in _IN_C and binary(_IN_C[ufunc], x, y, out):
        return out
    return ufunc(x, y, out=out)  # type: ignore[no-any-return]


def apply(op: str, ufunc: Any, a: Tensor, b: Tensor, dtype: np.dtype[Any] | None = None) -> np.ndarray:
    """Return ``ufunc(a, b)`` as an array, broadcast, in memory of the arena if it is large."""
    x, y = a._data, b._data
    token = hush()
    try:
        if x.size * y.size <= _SMALL:
            out = ufunc(x, y)
            return out if type(out) is np.ndarray else np.asarray(out)
        shape = x.shape if x.shape == y.shape or y.ndim == 0 else np.broadcast_shapes(x.shape, y.shape)
        into = _array.empty(shape, x.dtype if dtype is None else dtype)
        return combine(ufunc, x, y, into)
    except ValueError:
        raise misfit(op, a, b) from None
    finally:
        unhush(token)


def misfit(op: str, a: Tensor, b: Tensor) -> ShapeError:
    """Return the error for two shapes that cannot be broadcast."""
    return shape_error(
        op,
        f"the size of tensor a {a._data.shape} must match the size of tensor b {b._data.shape} (or be 1) "
        "in every dimension",
        a,
        b,
    )


def promote_float(op: str, a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Return both operands as tensors of their common floating-point type."""
    first, second = promote(op, a, b)
    if first._data.dtype.kind == "f":
        return first, second
    kind = get_default_dtype()
    return first.to(kind), second.to(kind)


def delivered(op: str, made: Tensor, out: Tensor | None) -> Tensor:
    """Return a result, or `out` with its values."""
    return made if out is None else write_out(op, out, made)


class Binary(Node):
    """z = f(a, b), broadcast."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients by `partials`, each summed to its operand's shape."""
        edges, shapes = self.next_functions_, self.shapes
        made = self.partials(grad, edges[0] is not None, edges[1] is not None)
        return (
            None if edges[0] is None else unbroadcast(made[0], shapes[0]),
            None if edges[1] is None else unbroadcast(made[1], shapes[1]),
        )

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Return g dz/da (if `first`) and g dz/db (if `second`), in the shape of g."""
        raise TypeError(f"{type(self).__name__}: partials must be defined by the subclass")


def record(data: np.ndarray, node: type[Node], a: Tensor, b: Tensor, save: bool = True, **extra: Any) -> Tensor:
    """Return the result of a binary operation, its operands saved."""
    return result(data, node, (a, b), (a, b) if save else (), shapes=(a._data.shape, b._data.shape), **extra)


# --- the four operations


class Add(Node):
    """z = a + b."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g and g."""
        a, b = self.next_functions_
        first, second = self.shapes
        return (
            None if a is None else grad if grad._data.shape == first else unbroadcast(grad, first),
            None if b is None else grad if grad._data.shape == second else unbroadcast(grad, second),
        )


class Sub(Add):
    """z = a - b."""

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g and -g."""
        a, b = self.next_functions_
        return (
            None if a is None else unbroadcast(grad, self.shapes[0]),
            None if b is None else unbroadcast(neg(grad), self.shapes[1]),
        )


class Mul(Node):
    """z = a b."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g b and g a."""
        a, b = self.saved
        edges, shapes = self.next_functions_, self.shapes
        to_a = to_b = None
        if edges[0] is not None:
            to_a = _mul(grad, b)
            if to_a._data.shape != shapes[0]:
                to_a = unbroadcast(to_a, shapes[0])
        if edges[1] is not None:
            to_b = _mul(grad, a)
            if to_b._data.shape != shapes[1]:
                to_b = unbroadcast(to_b, shapes[1])
        return to_a, to_b


class AddNumber(Node):
    """z = a + n for a number n."""

    factor: float

    def name(self) -> str:
        """Return the operation's name, which is that for two tensors."""
        return f"{type(self).__name__.removesuffix('Number')}Backward0"

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g."""
        return (grad,)


class SubNumber(AddNumber):
    """z = a - n for a number n."""


class MulNumber(AddNumber):
    """z = a n for a number n."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g n."""
        return (_mul(grad, self.factor),)


class DivNumber(AddNumber):
    """z = a / n for a number n."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g / n."""
        return (_div(grad, self.factor),)


class Div(Binary):
    """z = a / b."""

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Gradients g / b and -(g / b) (a / b)."""
        a, b = self.saved
        to_a = div(grad, b)
        return to_a, neg(mul(to_a, div(a, b))) if second else None


class Neg(Node):
    """z = -a."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient -g."""
        return (neg(grad),)


def _operation(
    op: str, ufunc: Any, node_type: type[Any], number_type: type[Any], saves: int, ready: Callable[..., Any]
) -> Callable[[Any, Any], Tensor]:
    """Return a quick form of a binary operation: what `apply` and `result` do, in one frame.

    `saves` is how many operands backward needs: 0, 1 (each for the other's gradient) or 2
    (both); ``ready(op, a, b)`` brings operands to one type. A Python number beside a
    floating-point tensor stays a number.
    """

    def operation(a: Any, b: Any) -> Tensor:
        number = type(b) is float or type(b) is int
        if number and isinstance(a, Tensor) and a._data.dtype in _FLOATS:
            x, y, size = a._data, b, 1
        else:
            number = False
            if (
                not (isinstance(a, Tensor) and isinstance(b, Tensor))
                or a._data.dtype is not b._data.dtype
                or saves == 2
            ):
                a, b = ready(op, a, b)
            x, y = a._data, b._data
            size = y.size
        token = hush()
        try:
            data = ufunc(x, y) if x.size * size <= _SMALL else _into(ufunc, x, y, number)
        except ValueError:
            raise misfit(op, a, b) from None
        finally:
            unhush(token)
        if number:
            return result(data, number_type, (a,), factor=b)
        saved = (a, b) if saves == 2 else (a if b._requires else None, b if a._requires else None) if saves else ()
        return result(data, node_type, (a, b), saved, shapes=(x.shape, y.shape))

    return operation


def _into(ufunc: Any, x: np.ndarray, y: Any, number: bool) -> np.ndarray:
    """Return ``ufunc(x, y)`` in memory of the arena."""
    shape = x.shape if number or y.ndim == 0 or x.shape == y.shape else np.broadcast_shapes(x.shape, y.shape)
    return combine(ufunc, x, y, _array.empty(shape, x.dtype))


_add = _operation("add", np.add, Add, AddNumber, 0, promote)
_sub = _operation("sub", np.subtract, Sub, SubNumber, 0, promote)
_mul = _operation("mul", np.multiply, Mul, MulNumber, 1, promote)
_div = _operation("div", np.divide, Div, DivNumber, 2, promote_float)


def _scaled(op: str, other: Any, alpha: Any, like: Any) -> Any:
    """Return ``alpha * other``, refusing an alpha of a higher kind than the operands."""
    operands = [t for t in (like, other) if isinstance(t, Tensor)]
    kinds = "".join(t._data.dtype.kind for t in operands)
    if isinstance(alpha, bool) and kinds.strip("b"):
        raise RuntimeError(f"{op}: boolean alpha only supported for boolean results; got {alpha}")
    if alpha is True or alpha == 1:
        return other
    if isinstance(alpha, float) and "f" not in kinds and not isinstance(other, float):
        raise RuntimeError(
            f"{op}: for integral input tensors, argument alpha must not be a floating point number; got {alpha}"
        )
    return other * alpha


@method
def add(input: Any, other: Any, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """Return ``input + alpha * other``, broadcast.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    alpha : number, default 1
        Factor of `other`.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or `alpha` is a float and the tensors are integers.
    """
    if type(alpha) is not int or alpha != 1:
        other = _scaled("add", other, alpha, input)
    made = _add(input, other)
    return made if out is None else write_out("add", out, made)


@method("sub", "__sub__")
def sub(input: Any, other: Any, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """Return ``input - alpha * other``, broadcast.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    alpha : number, default 1
        Factor of `other`.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, one operand is bool, or `alpha` is a float and the tensors are integers.
    """
    if any(isinstance(t, bool) or (isinstance(t, Tensor) and t._data.dtype.kind == "b") for t in (input, other)):
        raise RuntimeError("sub: subtraction, the `-` operator, with a bool tensor is not supported; use ^ or ~")
    if type(alpha) is not int or alpha != 1:
        other = _scaled("sub", other, alpha, input)
    made = _sub(input, other)
    return made if out is None else write_out("sub", out, made)


@method
def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """Return ``other - alpha * input``; see `sub`.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    alpha : number, default 1
        Factor of `input`.

    Raises
    ------
    TypeError
        If `input` is not a tensor.
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"rsub: input must be a Tensor; got {type(input).__name__}")
    return sub(other, input, alpha=alpha)


@method
def mul(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Return ``input * other``, broadcast.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast.
    """
    made = _mul(input, other)
    return made if out is None else write_out("mul", out, made)


@method
def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
    """Return ``input / other``, broadcast; integers give a float.

    Parameters
    ----------
    input, other : Tensor or number
    rounding_mode : {None, "trunc", "floor"}
        Round the quotient toward zero or down; integers then stay integers.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or an integer is divided by zero with a rounding mode.
    """
    if rounding_mode is not None:
        return delivered("div", _rounded_div("div", *promote("div", input, other), rounding_mode), out)
    made = _div(input, other)
    return made if out is None else write_out("div", out, made)


@method("neg", "__neg__")
def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``-input``.

    Parameters
    ----------
    input : Tensor
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        For bool.
    """
    x = input._data
    if x.dtype.kind == "b":
        raise RuntimeError("neg: negation, the `-` operator, on a bool tensor is not supported; use ~ or logical_not()")
    if x.size <= _SMALL:
        data = np.negative(x)
    elif x.dtype.kind == "f":
        data = run(lib.MG_UNARY_NEG, x)
    else:
        data = np.negative(x, out=_array.empty(x.shape, x.dtype))
    return delivered("neg", result(data, Neg, (input,)), out)


# --- rounded quotients and remainders


class Zero(Node):
    """z is locally constant in its inputs: its gradient is zero wherever it exists."""

    shapes: tuple[tuple[int, ...], ...]

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Zeros of the inputs' shapes."""
        return tuple(
            None if edge is None else fresh(_array.zeros(shape, grad._data.dtype))
            for edge, shape in zip(self.next_functions_, self.shapes, strict=True)
        )


def _refuse_zero(op: str, a: Tensor, b: Tensor) -> None:
    kind = a._data.dtype.kind
    if kind == "b":
        raise RuntimeError(f"{op}: not implemented for 'Bool'; convert to an integer type")
    if kind != "f" and not b._data.all() and a._data.size:
        raise RuntimeError(f"{op}: ZeroDivisionError: an integer was divided by zero")


def _rounded_div(op: str, a: Tensor, b: Tensor, rounding_mode: str) -> Tensor:
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(f"{op}: rounding_mode must be None, 'trunc' or 'floor'; got {rounding_mode!r}")
    _refuse_zero(op, a, b)
    if a._data.dtype.kind == "f" and rounding_mode == "floor":
        data = _floor_quotient(op, a, b)
    elif a._data.dtype.kind == "f":
        data = apply(op, np.divide, a, b)
        np.trunc(data, out=data)
    elif rounding_mode == "floor":
        data = apply(op, np.floor_divide, a, b)
    else:
        data = apply(op, np.floor_divide, a, b)
        # What was rounded down although the quotient is negative and not whole goes up by one.
        remains = apply(op, np.remainder, a, b) != 0
        data += remains & ((a._data < 0) != (b._data < 0))
    return record(data, Zero, a, b, save=False)


def _floor_quotient(op: str, a: Tensor, b: Tensor) -> np.ndarray:
    data = apply(op, np.floor_divide, a, b)
    zero = b._data == 0
    if zero.any():
        # Over zero the quotient is the infinity or NaN that division gives.
        np.copyto(data, apply(op, np.divide, a, b), where=zero)
    return data


@method("floor_divide", "__floordiv__")
def floor_divide(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Return ``input / other`` rounded down.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or an integer is divided by zero.
    """
    made = _rounded_div("floor_divide", *promote("floor_divide", input, other), "floor")
    return delivered("floor_divide", made, out)


class Remainder(Binary):
    """z = a - q b with q = a / b rounded, down or toward zero."""

    rounding: str

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Gradients g and -g q."""
        a, b = self.saved
        return grad, neg(mul(grad, div(a, b, rounding_mode=self.rounding))) if second else None


def _remainder(op: str, ufunc: Any, rounding: str, input: Any, other: Any, out: Tensor | None) -> Tensor:
    a, b = promote(op, input, other)
    _refuse_zero(op, a, b)
    return delivered(op, record(apply(op, ufunc, a, b), Remainder, a, b, rounding=rounding), out)


@method("remainder", "__mod__")
def remainder(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Return ``input - floor(input / other) * other``, of the sign of `other`.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or an integer is divided by zero.
    """
    return _remainder("remainder", np.remainder, "floor", input, other, out)


@method
def fmod(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Return ``input - trunc(input / other) * other``, of the sign of `input`.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or an integer is divided by zero.
    """
    return _remainder("fmod", np.fmod, "trunc", input, other, out)


@method("__divmod__")
def _divmod(input: Any, other: Any) -> tuple[Tensor, Tensor]:
    """Return the quotient rounded down and the remainder."""
    return floor_divide(input, other), remainder(input, other)


# --- combinations


@method
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Tensor | None = None) -> Tensor:
    """Return ``input + value * tensor1 * tensor2``.

    Parameters
    ----------
    input : Tensor
    tensor1 : Tensor
        First factor.
    tensor2 : Tensor
        Second factor.
    value : number, default 1
        Factor of the product.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or `value` is a float and the tensors are integers.
    """
    product = mul(tensor1, tensor2)
    return delivered("addcmul", add(input, _scaled("addcmul", product, value, input)), out)


@method
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Tensor | None = None) -> Tensor:
    """Return ``input + value * tensor1 / tensor2``.

    Parameters
    ----------
    input : Tensor
    tensor1 : Tensor
        First factor.
    tensor2 : Tensor
        Second factor.
    value : number, default 1
        Factor of the quotient.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or `tensor1` and `tensor2` are integers.
    """
    if tensor1._data.dtype.kind != "f" and tensor2._data.dtype.kind != "f":
        raise RuntimeError("addcdiv: integer division is not supported; convert tensor1 or tensor2 to float")
    quotient = div(tensor1, tensor2)
    return delivered("addcdiv", add(input, _scaled("addcdiv", quotient, value, input)), out)


@method
def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Tensor | None = None) -> Tensor:
    """Return ``input + weight * (end - input)``.

    Parameters
    ----------
    input : Tensor
    end : Tensor
    weight : Tensor or number
        0 gives `input`, 1 gives `end`.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the types differ or the shapes cannot be broadcast.
    """
    for other in (end, weight):
        if isinstance(other, Tensor) and other._data.dtype != input._data.dtype:
            raise RuntimeError(
                f"lerp: expected dtype {input.dtype.name} for `end` and `weight`; got {other.dtype.name}"
            )
    if input._data.dtype.kind != "f":
        raise RuntimeError(f"lerp: not implemented for {input.dtype.name}")
    return delivered("lerp", add(input, mul(sub(end, input), weight)), out)


# --- operators and in-place forms


def reflected(function: Any) -> Any:
    """Return the operator with its operands exchanged."""

    def operator(self: Tensor, other: Any) -> Tensor:
        return function(other, self)  # type: ignore[no-any-return]

    return operator


def inplace_form(name: str, function: Any, *operators: str) -> None:
    """Attach ``name_``, which changes its tensor to what `function` gives, and operators for it."""

    def form(self: Tensor, *args: Any, **options: Any) -> Tensor:
        def compute(before: Tensor) -> Tensor:
            # The tensor itself as an argument means what it holds before the change.
            return function(before, *[before if a is self else a for a in args], **options)  # type: ignore[no-any-return]

        return change_inplace(name, self, compute)

    form.__name__ = form.__qualname__ = name
    form.__doc__ = f"Change the tensor in place to what `{name[:-1]}` gives, and return it."
    for each in (name, *operators):
        setattr(Tensor, each, form)


def _plain_inplace(name: str, operator: str, ufunc: Any, function: Any) -> None:
    """Attach ``name_`` and its operator; straight into memory when nothing is recorded."""

    def form(self: Tensor, other: Any, **options: Any) -> Tensor:
        data = self._data
        if not options and data.dtype.kind == "f" and not (mode.enabled and self._requires):
            value: Any = None
            if type(other) is float or type(other) is int:
                value = other
            elif (
                isinstance(other, Tensor)
                and not (mode.enabled and other._requires)
                and other._data.dtype == data.dtype
                and (other._data.shape == data.shape or other._data.ndim == 0)
            ):
                value = other._data
            if value is not None and data.flags.writeable:
                token = hush()
                try:
                    combine(ufunc, data, value, data)
                finally:
                    unhush(token)
                self._bump()
                return self
        return change_inplace(
            name, self, lambda before: function(before, before if other is self else other, **options)
        )

    form.__name__ = form.__qualname__ = name
    form.__doc__ = f"Change the tensor in place to what `{name[:-1]}` gives, and return it."
    setattr(Tensor, name, form)
    setattr(Tensor, operator, form)


for _name, _operator, _ufunc, _function in (
    ("add_", "__iadd__", np.add, add),
    ("sub_", "__isub__", np.subtract, sub),
    ("mul_", "__imul__", np.multiply, mul),
    ("div_", "__itruediv__", np.divide, div),
):
    _plain_inplace(_name, _operator, _ufunc, _function)
    setattr(Tensor, _operator.replace("__i", "__r"), reflected(_function))

_INPLACE: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("floor_divide_", floor_divide, ("__ifloordiv__",)),
    ("remainder_", remainder, ("__imod__",)),
    ("fmod_", fmod, ()),
    ("neg_", neg, ("negative_",)),
    ("addcmul_", addcmul, ()),
    ("addcdiv_", addcdiv, ()),
    ("lerp_", lerp, ()),
)
for _name, _plain, _operators in _INPLACE:
    inplace_form(_name, _plain, *_operators)

for _operator, _quick in (("__add__", _add), ("__mul__", _mul), ("__truediv__", _div)):
    setattr(Tensor, _operator, _quick)
for _operator, _quick in (("__radd__", _add), ("__rmul__", _mul)):
    setattr(Tensor, _operator, _quick)
Tensor.__rfloordiv__ = reflected(floor_divide)  # type: ignore[attr-defined]
Tensor.__rmod__ = reflected(remainder)  # type: ignore[attr-defined]
Tensor.__rdivmod__ = reflected(_divmod)  # type: ignore[attr-defined]
Tensor.__rdiv__ = Tensor.__rtruediv__  # type: ignore[attr-defined]
for _alias, _name in (("subtract_", "sub_"), ("multiply_", "mul_"), ("divide_", "div_"), ("true_divide_", "div_")):
    setattr(Tensor, _alias, getattr(Tensor, _name))

subtract = method("subtract")(sub)
multiply = method("multiply")(mul)
negative = method("negative")(neg)
divide = true_divide = method("divide", "true_divide")(div)
