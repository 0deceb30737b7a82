"""Powers, angles and logarithms of two tensors, and operations on bits.

For z = f(a, b) elementwise and a gradient g = dL/dz:

    a^b:                  g b a^(b-1),          g z ln a   (0 where b = 0, and where a = 0 <= b)
    atan2(a, b):          g b / (a^2 + b^2),    -g a / (a^2 + b^2)
    hypot(a, b):          g a / z,              g b / z
    ln(e^a + e^b):        g / (1 + e^(b-a)),    g / (1 + e^(a-b))
    a ln b:               g ln b,               g a / b
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._array import hush, unhush
from minigrad.nn._dtype import float64
from minigrad.nn._graph import Node
from minigrad.nn._ops.arithmetic import (
    Binary,
    add,
    apply,
    combine,
    delivered,
    div,
    inplace_form,
    mul,
    neg,
    promote_float,
    record,
    reflected,
    sub,
)
from minigrad.nn._ops.compare import masked, plain, where
from minigrad.nn._tensor import Tensor, fresh, method, promote, result

__all__ = [
    "atan2",
    "arctan2",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "copysign",
    "float_power",
    "gcd",
    "heaviside",
    "hypot",
    "lcm",
    "ldexp",
    "logaddexp",
    "logaddexp2",
    "pow",
    "xlogy",
]


def _exp(x: Tensor) -> Tensor:
    return x.exp()  # type: ignore[no-any-return]


def _log(x: Tensor) -> Tensor:
    return x.log()  # type: ignore[no-any-return]


# --- powers


class PowNumber(Node):
    """z = a^n for a number n."""

    exponent: float

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g n a^(n-1)."""
        (a,) = self.saved
        n = self.exponent
        if n == 0:
            return (fresh(_array.zeros(a._data.shape, a._data.dtype)),)
        return (mul(grad, mul(pow(a, n - 1), n)),)


class Pow(Binary):
    """z = a^b."""

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Gradients g b a^(b-1) and g z ln a."""
        a, b = self.saved
        to_a = to_b = None
        if first:
            to_a = masked(mul(grad, mul(b, pow(a, sub(b, 1)))), np.broadcast_to(b._data != 0, grad._data.shape))
        if second:
            flat = (a._data == 0) & (b._data >= 0)
            to_b = masked(mul(grad, mul(pow(a, b), _log(a))), np.broadcast_to(~flat, grad._data.shape))
        return to_a, to_b


def _power(x: np.ndarray, n: float) -> np.ndarray:
    """Return x^n for a number n, by products or roots where that is exact or nearly so."""
    token = hush()
    try:
        if n == 2 and x.size <= 1024:
            return np.multiply(x, x)  # type: ignore[no-any-return]
        out = _array.empty(x.shape, x.dtype)
        if n == 2:
            combine(np.multiply, x, x, out)
        elif n == 3:
            combine(np.multiply, combine(np.multiply, x, x, out), x, out)
        elif n == 1:
            np.copyto(out, x)
        elif x.dtype.kind == "f" and n == 0.5:
            np.sqrt(x, out=out)
        elif x.dtype.kind == "f" and n in (-0.5, -1, -2):
            base = np.sqrt(x, out=out) if n == -0.5 else np.multiply(x, x, out=out) if n == -2 else x
            np.divide(1, base, out=out)
        else:
            np.power(x, np.asarray(n).astype(x.dtype), out=out)
    finally:
        unhush(token)
    return out


def _integer_power(a: Tensor, b: Tensor) -> np.ndarray:
    """Return a^b of integers; a negative power is 0 but for 1 and -1."""
    x, y = a._data, b._data
    if x.dtype.kind == "b":
        raise RuntimeError("pow: not implemented for 'Bool'; convert to an integer type")
    if y.dtype.kind != "u" and (y < 0).any():
        flipped = np.where(y % 2 == 0, np.abs(x), x)
        rest = np.where(np.abs(x) == 1, flipped, 0)
        return np.where(y < 0, rest, np.power(x, np.maximum(y, 0))).astype(x.dtype)
    return apply("pow", np.power, a, b)


@method("pow", "__pow__")
def pow(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """Return ``input ** exponent``, broadcast; either may be a number.

    Parameters
    ----------
    input : Tensor
    exponent : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the shapes cannot be broadcast, or integers are raised to a negative number.
    """
    if isinstance(input, Tensor) and type(exponent) in (int, float):
        a = input
        if a._data.dtype.kind != "f":
            a, _ = promote("pow", input, exponent)
        if a._data.dtype.kind != "f" and exponent < 0:
            raise RuntimeError("pow: Integers to negative integer powers are not allowed.")
        made = result(_power(a._data, exponent), PowNumber, (a,), (a,), exponent=exponent)
        return delivered("pow", made, out)
    a, b = promote("pow", input, exponent)
    if a._data.dtype.kind == "f":
        data = apply("pow", np.power, a, b)
    else:
        data = _integer_power(a, b)
    return delivered("pow", record(data, Pow, a, b), out)


@method
def float_power(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """Return ``input ** exponent`` computed in float64.

    Parameters
    ----------
    input : Tensor
    exponent : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    a, b = (v.to(float64) if isinstance(v, Tensor) else float(v) for v in (input, exponent))
    return pow(a, b, out=out)


def _float_power_(self: Tensor, exponent: Any) -> Tensor:
    """Change the tensor in place to what `float_power` gives; it must be float64."""
    if self._data.dtype != np.float64:
        raise RuntimeError(f"float_power_: the base must be float64; got {self.dtype.name}")
    return self.pow_(exponent)  # type: ignore[no-any-return]


@method
def ldexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``input * 2 ** other``.

    Parameters
    ----------
    input : Tensor
    other : Tensor
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    TypeError
        If either is not a tensor.
    """
    if not isinstance(input, Tensor) or not isinstance(other, Tensor):
        raise TypeError(f"ldexp: both arguments must be Tensors; got {type(input).__name__}, {type(other).__name__}")
    return delivered("ldexp", mul(input, pow(2.0, other)), out)


# --- angles, lengths, logarithms


class Atan2(Binary):
    """z = the angle of the point (b, a)."""

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Gradients g b / (a^2 + b^2) and -g a / (a^2 + b^2); 0 at the origin."""
        a, b = self.saved
        square = add(mul(a, a), mul(b, b))
        share = div(grad, where(fresh(np.asarray(square._data == 0)), 1, square))
        return mul(share, b) if first else None, neg(mul(share, a)) if second else None


class Hypot(Binary):
    """z = sqrt(a^2 + b^2)."""

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Gradients g a / z and g b / z."""
        a, b = self.saved
        share = div(grad, self.output)
        return mul(share, a) if first else None, mul(share, b) if second else None


class LogAddExp(Binary):
    """z = the logarithm, to the base, of base^a + base^b."""

    base: float

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Gradients g / (1 + base^(b-a)) and g / (1 + base^(a-b))."""
        a, b = self.saved
        power = _exp if self.base != 2 else lambda t: pow(2.0, t)
        return (
            div(grad, add(power(sub(b, a)), 1)) if first else None,
            div(grad, add(power(sub(a, b)), 1)) if second else None,
        )


class XLogY(Binary):
    """z = a ln b, 0 where a = 0."""

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Gradients g ln b (0 where a = 0 and b <= 0) and g a / b."""
        a, b = self.saved
        to_a = masked(mul(grad, _log(b)), ~((a._data == 0) & (b._data <= 0))) if first else None
        return to_a, div(mul(grad, a), b) if second else None


class CopySign(Binary):
    """z = |a| with the sign of b."""

    def partials(self, grad: Tensor, first: bool, second: bool) -> tuple[Any, Any]:
        """Gradients g z / a (0 where a = 0) and 0."""
        a, b = self.saved
        token = hush()
        try:
            sign = np.sign(a._data) * np.copysign(np.ones((), a._data.dtype), b._data)
        finally:
            unhush(token)
        return mul(grad, fresh(np.asarray(sign))), fresh(_array.zeros(grad._data.shape, grad._data.dtype))


@method
def atan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the angle from the positive x axis to the point (x = other, y = input), from -pi to pi.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    a, b = promote_float("atan2", input, other)
    return delivered("atan2", record(apply("atan2", np.arctan2, a, b), Atan2, a, b), out)


@method
def hypot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``sqrt(input^2 + other^2)`` without overflow on the way.

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
        If the elements are not floating-point.
    """
    a, b = promote("hypot", input, other)
    if a._data.dtype.kind != "f":
        raise RuntimeError(f"hypot: not implemented for {a.dtype.name}")
    return delivered("hypot", record(apply("hypot", np.hypot, a, b), Hypot, a, b, save_output=True), out)


def _log_add(name: str, ufunc: Any, base: float, input: Tensor, other: Tensor, out: Tensor | None) -> Tensor:
    a, b = promote(name, input, other)
    if a._data.dtype.kind != "f":
        raise RuntimeError(f"{name}: not implemented for {a.dtype.name}")
    return delivered(name, record(apply(name, ufunc, a, b), LogAddExp, a, b, base=base), out)


@method
def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``log(exp(input) + exp(other))`` without overflow on the way.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    return _log_add("logaddexp", np.logaddexp, np.e, input, other, out)


@method
def logaddexp2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``log2(2 ** input + 2 ** other)`` without overflow on the way.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    return _log_add("logaddexp2", np.logaddexp2, 2, input, other, out)


@method
def xlogy(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Return ``input * log(other)``; 0 where `input` is 0 and `other` is not NaN.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    a, b = promote_float("xlogy", input, other)

    def ufunc(x: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        product = np.multiply(x, np.log(y), out=out)
        return np.where((x == 0) & ~np.isnan(y), np.zeros((), x.dtype), product)

    return delivered("xlogy", record(apply("xlogy", ufunc, a, b), XLogY, a, b), out)


@method
def copysign(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """Return ``|input|`` with the sign of `other`.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    a, b = promote_float("copysign", input, other)
    return delivered("copysign", record(apply("copysign", np.copysign, a, b), CopySign, a, b), out)


@method
def heaviside(input: Tensor, values: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return 0 below zero, 1 above it, and `values` at it.

    Parameters
    ----------
    input : Tensor
    values : Tensor
        What zero becomes.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the types differ, or the shapes cannot be broadcast.
    """
    if not isinstance(values, Tensor) or input._data.dtype != values._data.dtype:
        raise RuntimeError("heaviside: input and values must be tensors of the same dtype")

    def ufunc(x: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        return np.where(x == 0, y, (x > 0).astype(x.dtype))

    return delivered("heaviside", plain(apply("heaviside", ufunc, input, values)), out)


# --- integers


def _of_integers(name: str, ufunc: Any, words: str, allow_bool: bool = False) -> Any:
    def operation(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
        a, b = promote(name, input, other)
        if a._data.dtype.kind == "f" or (a._data.dtype.kind == "b" and not allow_bool):
            raise RuntimeError(f"{name}: not implemented for {a.dtype.name}; the elements must be integers")
        return delivered(name, plain(apply(name, ufunc, a, b)), out)

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = f"""Return {words}, broadcast.

    Parameters
    ----------
    input, other : Tensor or number
        Broadcast with each other.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the elements are floating-point, or the shapes cannot be broadcast.
    """
    inplace_form(f"{name}_", operation)
    return method(operation)


def _shift(ufunc: Any, past: Any) -> Any:
    """Return a shift in which a count beyond the element's bits gives `past`."""

    def shifted(x: np.ndarray, n: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        bits = 8 * x.dtype.itemsize
        far = (n < 0) | (n >= bits)
        return np.where(far, past(x), ufunc(x, np.where(far, 0, n).astype(x.dtype)))  # type: ignore[no-any-return]

    return shifted


bitwise_and = _of_integers("bitwise_and", np.bitwise_and, "the bits that both have", True)
bitwise_or = _of_integers("bitwise_or", np.bitwise_or, "the bits that either has", True)
bitwise_xor = _of_integers("bitwise_xor", np.bitwise_xor, "the bits that exactly one has", True)
bitwise_left_shift = _of_integers(
    "bitwise_left_shift", _shift(np.left_shift, np.zeros_like), "the bits of `input` moved up by `other`"
)
bitwise_right_shift = _of_integers(
    "bitwise_right_shift",
    _shift(np.right_shift, lambda x: np.where(x < 0, -1, 0).astype(x.dtype) if x.dtype.kind == "i" else 0 * x),
    "the bits of `input` moved down by `other`, the sign kept",
)
gcd = _of_integers("gcd", np.gcd, "the greatest common divisor")
lcm = _of_integers("lcm", np.lcm, "the least common multiple")


@method("bitwise_not", "__invert__")
def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the tensor with every bit turned, or for bool its negation.

    Parameters
    ----------
    input : Tensor
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the elements are floating-point.
    """
    if input._data.dtype.kind == "f":
        raise RuntimeError(f"bitwise_not: not implemented for {input.dtype.name}; the elements must be integers")
    return delivered("bitwise_not", plain(np.asarray(np.invert(input._data))), out)


# --- operators, in-place forms and aliases

for _name, _operator in (("and", bitwise_and), ("or", bitwise_or), ("xor", bitwise_xor)):
    setattr(Tensor, f"__{_name}__", _operator)
    setattr(Tensor, f"__r{_name}__", reflected(_operator))
    setattr(Tensor, f"__i{_name}__", getattr(Tensor, f"bitwise_{_name}_"))
for _name, _operator in (("lshift", bitwise_left_shift), ("rshift", bitwise_right_shift)):
    setattr(Tensor, f"__{_name}__", _operator)
    setattr(Tensor, f"__r{_name}__", reflected(_operator))
    setattr(Tensor, f"__i{_name}__", getattr(Tensor, f"{_operator.__name__}_"))

for _name, _function, _also in (
    ("pow_", pow, ("__ipow__",)),
    ("atan2_", atan2, ("arctan2_",)),
    ("hypot_", hypot, ()),
    ("xlogy_", xlogy, ()),
    ("copysign_", copysign, ()),
    ("heaviside_", heaviside, ()),
    ("ldexp_", ldexp, ()),
    ("bitwise_not_", bitwise_not, ()),
):
    inplace_form(_name, _function, *_also)

setattr(Tensor, "__rpow__", reflected(pow))  # noqa: B010 (the class declares it for type checkers)
Tensor.float_power_ = _float_power_  # type: ignore[attr-defined]
arctan2 = method("arctan2")(atan2)
