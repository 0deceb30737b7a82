"""Elementary functions of every element, rounding, and questions about floats.

The table below is the calculus: each function with its derivative, written with the input
x or the output y, and g for the gradient that arrives. Integer tensors are converted to
the default floating-point type first, as PyTorch does. Errors in units of the last place
are stated in ``csrc/include/minigrad/nn_elementwise.h``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad._native import lib, unary
from minigrad.nn import _array
from minigrad.nn._graph import Node
from minigrad.nn._pointwise import Pointwise, constant, floating, pointwise, run, tensor_only
from minigrad.nn._tensor import Tensor, fresh, inplace, method, result, write_out

__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "deg2rad",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fix",
    "floor",
    "frac",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "log",
    "log10",
    "log1p",
    "log2",
    "logit",
    "nan_to_num",
    "positive",
    "rad2deg",
    "reciprocal",
    "round",
    "rsqrt",
    "sgn",
    "sigmoid",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "trunc",
]

_LN_2, _LN_10 = math.log(2), math.log(10)
_ERF_SLOPE = 2 / math.sqrt(math.pi)
_Function = Callable[..., Tensor]


def _document(name: str, what: str, example: tuple[float, float], raises: str = "") -> str:
    return f"""Return {what} of every element.

    Parameters
    ----------
    input : Tensor
        Of any shape; integers are converted to the default floating-point type.
    out : Tensor, optional
        Where to put the result; not while gradients are recorded.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        If `input` is not a tensor.{raises}

    Examples
    --------
    >>> import minigrad as mg
    >>> print(f"{{mg.{name}(mg.tensor({example[0]})).item():.4f}}")
    {example[1]:.4f}
    """


def _elementary(
    name: str, what: str, slope: Any, example: tuple[float, float], *, by_output: bool = False, fused: bool = False
) -> _Function:
    """Return the function `name` of the core, attached as a method, also in place, with its derivative."""
    members = {
        "op": getattr(lib, f"MG_UNARY_{name.upper()}"),
        "by_output": by_output,
        "fused": fused,
        "slope": lambda self, g, s: slope(g, s),
        "__doc__": f"y is {what} of x.",
    }
    node = type(name.capitalize(), (Pointwise,), members)

    op = members["op"]

    def function(input: Tensor, *, out: Tensor | None = None) -> Tensor:
        if out is None and isinstance(input, Tensor):
            # The short way for a contiguous float tensor; `pointwise` does the same for any.
            x = input._data
            if x.dtype.kind == "f":
                y = unary(op, x, 0.0, 0.0, 0.0)
                if type(y) is not int:
                    return result(y, node, (input,), () if by_output else (input,), by_output)
        made = pointwise(node, floating(name, input))
        return made if out is None else write_out(name, out, made)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = _document(name, what, example)
    inplace(f"{name}_")(function)
    attached: _Function = method(function)
    return attached


cos: _Function  # the sine's derivative, defined after it
cosh: _Function
exp = _elementary("exp", "e to the power", lambda g, y: g * y, (1.0, 2.7183), by_output=True, fused=True)
exp2 = _elementary("exp2", "2 to the power", lambda g, y: g * y * _LN_2, (3.0, 8.0), by_output=True)
expm1 = _elementary("expm1", "exp(x) - 1, exact for small x,", lambda g, y: g * (y + 1), (1.0, 1.7183), by_output=True)
log = _elementary("log", "the natural logarithm", lambda g, x: g / x, (2.0, 0.6931), fused=True)
log2 = _elementary("log2", "the logarithm to base 2", lambda g, x: g / (x * _LN_2), (8.0, 3.0))
log10 = _elementary("log10", "the logarithm to base 10", lambda g, x: g / (x * _LN_10), (100.0, 2.0))
log1p = _elementary("log1p", "log(1 + x), exact for small x,", lambda g, x: g / (x + 1), (1.0, 0.6931))
sqrt = _elementary("sqrt", "the square root", lambda g, y: g / (y * 2), (2.0, 1.4142), by_output=True, fused=True)
rsqrt = _elementary(
    "rsqrt", "the inverse of the square root", lambda g, y: g * (y * y * y) * -0.5, (4.0, 0.5), by_output=True
)
reciprocal = _elementary("reciprocal", "the inverse", lambda g, y: -(g * y * y), (4.0, 0.25), by_output=True)
sin = _elementary("sin", "the sine", lambda g, x: g * cos(x), (1.0, 0.8415), fused=True)
cos = _elementary("cos", "the cosine", lambda g, x: -(g * sin(x)), (1.0, 0.5403), fused=True)
tan = _elementary("tan", "the tangent", lambda g, y: g * (y * y + 1), (1.0, 1.5574), by_output=True)
asin = _elementary("asin", "the inverse sine", lambda g, x: g * rsqrt(1 - x * x), (1.0, 1.5708))
acos = _elementary("acos", "the inverse cosine", lambda g, x: -(g * rsqrt(1 - x * x)), (0.0, 1.5708))
atan = _elementary("atan", "the inverse tangent", lambda g, x: g / (x * x + 1), (1.0, 0.7854))
sinh = _elementary("sinh", "the hyperbolic sine", lambda g, x: g * cosh(x), (1.0, 1.1752))
cosh = _elementary("cosh", "the hyperbolic cosine", lambda g, x: g * sinh(x), (1.0, 1.5431))
tanh = _elementary(
    "tanh", "the hyperbolic tangent", lambda g, y: g * (1 - y * y), (1.0, 0.7616), by_output=True, fused=True
)
asinh = _elementary("asinh", "the inverse hyperbolic sine", lambda g, x: g * rsqrt(x * x + 1), (1.0, 0.8814))
acosh = _elementary("acosh", "the inverse hyperbolic cosine", lambda g, x: g * rsqrt(x * x - 1), (2.0, 1.317))
atanh = _elementary("atanh", "the inverse hyperbolic tangent", lambda g, x: g / (1 - x * x), (0.5, 0.5493))
erf = _elementary("erf", "the error function", lambda g, x: g * (exp(-(x * x)) * _ERF_SLOPE), (1.0, 0.8427), fused=True)
erfc = _elementary(
    "erfc", "one minus the error function", lambda g, x: g * (exp(-(x * x)) * -_ERF_SLOPE), (1.0, 0.1573)
)
sigmoid = _elementary(
    "sigmoid", "1 / (1 + exp(-x))", lambda g, y: g * (y * (1 - y)), (0.0, 0.5), by_output=True, fused=True
)

arcsin, arccos, arctan = method("arcsin")(asin), method("arccos")(acos), method("arctan")(atan)
arcsinh, arccosh, arctanh = method("arcsinh")(asinh), method("arccosh")(acosh), method("arctanh")(atanh)
for _alias in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
    setattr(Tensor, f"arc{_alias}_", getattr(Tensor, f"a{_alias}_"))


# --- functions that keep integers


class _Abs(Pointwise):
    """y = |x|."""

    op = lib.MG_UNARY_ABS
    fused = True

    def name(self) -> str:
        return "AbsBackward0"

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        return grad * constant(np.sign(s._data), s)


class _Square(Pointwise):
    """y = x x."""

    op = lib.MG_UNARY_SQUARE
    fused = True

    def name(self) -> str:
        return "PowBackward0"

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        return grad * (s * 2)


@inplace("abs_", "absolute_")
@method("abs", "absolute", "__abs__")
def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the absolute value of every element; integers stay integers.

    Parameters
    ----------
    input : Tensor
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        For bool.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.abs(mg.tensor([-2, 3])).tolist()
    [2, 3]
    """
    x = tensor_only("abs", input)._data
    if x.dtype.kind == "b":
        raise RuntimeError("abs: the absolute value of a bool tensor is not supported; it is the tensor itself")
    made = pointwise(_Abs, input) if x.dtype.kind == "f" else fresh(np.absolute(x))
    return made if out is None else write_out("abs", out, made)


@inplace("square_")
@method
def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the square of every element; integers stay integers, bools become int64.

    Parameters
    ----------
    input : Tensor
    out : Tensor, optional
        Takes the result, which is also returned.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.square(mg.tensor([-2, 3])).tolist()
    [4, 9]
    """
    x = tensor_only("square", input)._data
    if x.dtype.kind == "f":
        made = pointwise(_Square, input)
    else:
        made = fresh(np.asarray(np.square(x, dtype=np.int64 if x.dtype.kind == "b" else x.dtype)))
    return made if out is None else write_out("square", out, made)


absolute = abs


class Flat(Node):
    """y is locally constant in x."""

    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Zeros."""
        return (fresh(_array.zeros(self.shape, grad._data.dtype)),)


class _Same(Node):
    """y = x up to a constant."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Pass the gradient on."""
        return (grad,)


def _flat(op: str, input: Any, ufunc: Any, out: Tensor | None) -> Tensor:
    """Return ``ufunc(input)`` of a function with steps; integers are already what it gives."""
    x = tensor_only(op, input)._data
    if x.dtype.kind == "b":
        raise RuntimeError(f"{op}: not supported for a bool tensor; got shape {x.shape}")
    if x.dtype.kind == "f":
        made = result(ufunc(x, out=_array.empty(x.shape, x.dtype)), Flat, (input,), shape=x.shape)
    else:
        made = fresh(x.copy())
    return made if out is None else write_out(op, out, made)


@inplace("floor_")
@method
def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the largest integer not above each element, in its type.

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
    return _flat("floor", input, np.floor, out)


@inplace("ceil_")
@method
def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the smallest integer not below each element, in its type.

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
    return _flat("ceil", input, np.ceil, out)


@inplace("trunc_", "fix_")
@method("trunc", "fix")
def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return each element rounded toward zero, in its type.

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
    return _flat("trunc", input, np.trunc, out)


fix = trunc


@inplace("round_")
@method
def round(input: Tensor, *, decimals: int = 0, out: Tensor | None = None) -> Tensor:
    """Return each element rounded to `decimals` places, halves to the even neighbour.

    Parameters
    ----------
    input : Tensor
    decimals : int, default 0
        Negative ones round to tens, hundreds, ...
    out : Tensor, optional

    Raises
    ------
    RuntimeError
        For bool, and for integers with `decimals` other than 0.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.round(mg.tensor([0.5, 1.5, -2.6])).tolist()
    [0.0, 2.0, -3.0]
    """
    if decimals == 0:
        return _flat("round", input, np.rint, out)
    if tensor_only("round", input)._data.dtype.kind != "f":
        raise RuntimeError(f"round: decimals must be 0 for {input.dtype.name}; got {decimals}")
    scale = input._data.dtype.type(10.0 ** (decimals if decimals > 0 else -decimals))

    def scaled(x: np.ndarray, out: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            there, back = (np.multiply, np.divide) if decimals > 0 else (np.divide, np.multiply)
            there(x, scale, out=out)
            np.rint(out, out=out)
            back(out, scale, out=out)
        return out

    return _flat("round", input, scaled, out)


@inplace("frac_")
@method
def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the fraction of each element, ``x - trunc(x)``, with its sign.

    Parameters
    ----------
    input : Tensor
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    x = tensor_only("frac", input)._data
    if x.dtype.kind != "f":
        raise RuntimeError(f"frac: not implemented for {input.dtype.name}; it would be zero")
    with np.errstate(invalid="ignore"):
        data = np.subtract(x, np.trunc(x), out=_array.empty(x.shape, x.dtype))
    made = result(data, _Same, (input,))
    return made if out is None else write_out("frac", out, made)


@inplace("sign_", "sgn_")
@method("sign", "sgn")
def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return -1, 0 or 1 for each element by its sign, in its type; 0 for NaN.

    Parameters
    ----------
    input : Tensor
    out : Tensor, optional
        Takes the result, which is also returned.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.sign(mg.tensor([-0.5, 0.0, 7.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    x = tensor_only("sign", input)._data
    if x.dtype.kind == "b":
        made = fresh(x.copy())
    else:
        data = np.sign(x, out=_array.empty(x.shape, x.dtype))
        if x.dtype.kind == "f":
            np.copyto(data, 0, where=np.isnan(x))
        made = result(data, Flat, (input,), shape=x.shape)
    return made if out is None else write_out("sign", out, made)


sgn = sign


@method("positive", "__pos__")
def positive(input: Tensor) -> Tensor:
    """Return `input` itself.

    Parameters
    ----------
    input : Tensor

    Raises
    ------
    RuntimeError
        For bool.
    """
    if tensor_only("positive", input)._data.dtype.kind == "b":
        raise RuntimeError("positive: the `+` operator on a bool tensor is not supported")
    return input


# --- questions


def _question(name: str, what: str, answer: Callable[[np.ndarray], Any]) -> _Function:
    def function(input: Tensor) -> Tensor:
        return fresh(np.asarray(answer(tensor_only(name, input)._data), np.bool_))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Return a bool tensor that says of each element whether {what}.

    Parameters
    ----------
    input : Tensor
    """
    attached: _Function = method(function)
    return attached


isnan = _question("isnan", "it is NaN", np.isnan)
isinf = _question("isinf", "it is infinite", np.isinf)
isfinite = _question("isfinite", "it is neither infinite nor NaN", np.isfinite)
isposinf = _question("isposinf", "it is positive infinity", lambda x: x == np.inf)
isneginf = _question("isneginf", "it is negative infinity", lambda x: x == -np.inf)
signbit = _question("signbit", "its sign bit is set", lambda x: np.signbit(x) if x.dtype.kind == "f" else x < 0)


# --- functions with options


class _Logit(Node):
    """y = log(x / (1 - x)) for x clamped to [eps, 1 - eps]."""

    eps: float | None

    def name(self) -> str:
        return "LogitBackward0"

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g / (x (1 - x)); zero where x was clamped, NaN outside [0, 1] where it was not."""
        (x,) = self.saved
        values = x._data
        low = 0.0 if self.eps is None else self.eps
        with np.errstate(invalid="ignore"):
            inside = (values >= low) & (values <= 1 - low)
        if inside.all():
            return (grad / (x * (1 - x)),)
        beyond = np.nan if self.eps is None else 0.0
        # Outside, a harmless 1/2 takes the place of x, and then the factor decides.
        safe = x * constant(inside, x) + constant(np.where(inside, 0.0, 0.5), x)
        return (grad / (safe * (1 - safe)) * constant(np.where(inside, 1.0, beyond), x),)


@inplace("logit_")
@method
def logit(input: Tensor, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """Return ``log(x / (1 - x))``, the inverse of `sigmoid`.

    Parameters
    ----------
    input : Tensor
    eps : float, optional
        Clamp to ``[eps, 1 - eps]`` first. Without it, elements outside [0, 1] give NaN.
    out : Tensor, optional

    Examples
    --------
    >>> import minigrad as mg
    >>> print(f"{mg.logit(mg.tensor(0.9)).item():.4f}")
    2.1972
    """
    input = floating("logit", input)
    x = input._data
    clamped = x if eps is None else np.clip(x, x.dtype.type(eps), x.dtype.type(1 - eps))
    made = result(run(lib.MG_UNARY_LOGIT, clamped), _Logit, (input,), (input,), eps=eps)
    return made if out is None else write_out("logit", out, made)


class _NanToNum(Node):
    """y = x where finite, else a given number."""

    finite: np.ndarray

    def name(self) -> str:
        return "NanToNumBackward0"

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g where x is finite."""
        return (grad * constant(self.finite, grad),)


@inplace("nan_to_num_")
@method
def nan_to_num(
    input: Tensor,
    nan: float | None = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Return the elements with NaN and infinities replaced.

    Parameters
    ----------
    input : Tensor
    nan : float, default 0.0
    posinf, neginf : float, optional
        By default the largest and the smallest finite number of the type.
    out : Tensor, optional

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nan_to_num(mg.tensor([float("nan"), 2.0])).tolist()
    [0.0, 2.0]
    """
    x = tensor_only("nan_to_num", input)._data
    if x.dtype.kind != "f":
        made = fresh(x.copy())
    else:
        replaced = np.nan_to_num(x, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)
        made = result(replaced, _NanToNum, (input,), finite=np.isfinite(x))
    return made if out is None else write_out("nan_to_num", out, made)


def _by_factor(name: str, what: str, factor: float) -> _Function:
    def function(input: Tensor, *, out: Tensor | None = None) -> Tensor:
        made: Tensor = floating(name, input) * factor
        return made if out is None else write_out(name, out, made)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Return {what}.

    Parameters
    ----------
    input : Tensor
    out : Tensor, optional
        Takes the result, which is also returned.
    """
    inplace(f"{name}_")(function)
    attached: _Function = method(function)
    return attached


deg2rad = _by_factor("deg2rad", "angles in degrees as radians", math.pi / 180)
rad2deg = _by_factor("rad2deg", "angles in radians as degrees", 180 / math.pi)
