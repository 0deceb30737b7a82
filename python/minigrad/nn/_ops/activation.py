"""Activations: the nonlinear functions between layers.

Each has a single pass of C forward and backward, and a derivative in tensor operations for
`create_graph`. At a kink the derivative is PyTorch's choice.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad._native import lib, unary
from minigrad.nn._errors import portrait
from minigrad.nn._ops.unary import erf, exp, sigmoid, tanh
from minigrad.nn._pointwise import Pointwise, constant, floating, pointwise, tensor_only
from minigrad.nn._tensor import Tensor, change_inplace, fresh, method, result

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "logsigmoid",
    "mish",
    "relu",
    "relu6",
    "relu_",
    "selu",
    "selu_",
    "silu",
    "softplus",
    "softshrink",
    "softsign",
    "tanhshrink",
    "threshold",
    "threshold_",
]

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805
_GELU_P = math.sqrt(8 / math.pi)
_GELU_Q = 0.044715 * _GELU_P


def _inside(s: Tensor, mask: Any) -> Tensor:
    return constant(mask, s)


class Relu(Pointwise):
    """y = max(x, 0)."""

    op, by_output, fused = lib.MG_UNARY_RELU, True, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g where y is positive."""
        return grad * _inside(s, ~(s._data <= 0))


class LeakyRelu(Pointwise):
    """y = x above 0, a x below."""

    op, fused = lib.MG_UNARY_LEAKY_RELU, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g or a g."""
        return grad * _inside(s, np.where(s._data > 0, 1, self.p[0]))


class Elu(Pointwise):
    """y = b x above 0, a (exp(c x) - 1) below."""

    op, fused = lib.MG_UNARY_ELU, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient b g, or a c exp(c x) g."""
        a, b, c = self.p
        above = s._data > 0
        below = s * _inside(s, ~above)
        return grad * (_inside(s, above * b) + _inside(s, ~above * (a * c)) * exp(below * c))


class Gelu(Pointwise):
    """y = x Phi(x)."""

    op, fused = lib.MG_UNARY_GELU, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g (Phi(x) + x phi(x))."""
        phi = exp(s * s * -0.5) * (1 / math.sqrt(2 * math.pi))
        return grad * ((erf(s * math.sqrt(0.5)) + 1) * 0.5 + s * phi)


class GeluTanh(Pointwise):
    """y = x sigma(u), u = p x + q x^3."""

    op, fused = lib.MG_UNARY_GELU_TANH, True

    def name(self) -> str:
        return "GeluBackward0"

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g (sigma + x sigma (1 - sigma) u')."""
        square = s * s
        gate = sigmoid(s * (square * _GELU_Q + _GELU_P))
        return grad * (gate + s * gate * (1 - gate) * (square * (3 * _GELU_Q) + _GELU_P))


class Silu(Pointwise):
    """y = x sigma(x)."""

    op, fused = lib.MG_UNARY_SILU, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g (sigma + x sigma (1 - sigma))."""
        gate = sigmoid(s)
        return grad * (gate + s * gate * (1 - gate))


class Mish(Pointwise):
    """y = x tanh(log(1 + exp(x)))."""

    op, fused = lib.MG_UNARY_MISH, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g (t + x sigma (1 - t^2)), t the hyperbolic tangent."""
        t = tanh(softplus(s))
        return grad * (t + s * sigmoid(s) * (1 - t * t))


class Softplus(Pointwise):
    """y = log(1 + exp(a x)) / a, or x where a x > b."""

    op, fused = lib.MG_UNARY_SOFTPLUS, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g sigma(a x), or g."""
        a, b, _ = self.p
        linear = s._data * a > b
        return grad * (_inside(s, linear) + sigmoid(s * a) * _inside(s, ~linear))


class LogSigmoid(Pointwise):
    """y = log sigma(x)."""

    op, fused = lib.MG_UNARY_LOGSIGMOID, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g sigma(-x)."""
        return grad * sigmoid(-s)


class Hardtanh(Pointwise):
    """y = x between a and b, else the nearer of them."""

    op, fused = lib.MG_UNARY_HARDTANH, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g inside."""
        a, b, _ = self.p
        return grad * _inside(s, (s._data > a) & (s._data < b))


class Hardsigmoid(Pointwise):
    """y = (x + 3)/6 between 0 and 1."""

    op, fused = lib.MG_UNARY_HARDSIGMOID, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g/6 inside."""
        return grad * _inside(s, ((s._data > -3) & (s._data < 3)) / 6)


class Hardswish(Pointwise):
    """y = x hardsigmoid(x)."""

    op, fused = lib.MG_UNARY_HARDSWISH, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g (x/3 + 1/2) inside, g above."""
        between, above = (s._data > -3) & (s._data < 3), s._data >= 3
        return grad * (_inside(s, above) + _inside(s, between) * (s * (1 / 3) + 0.5))


class Softsign(Pointwise):
    """y = x / (1 + |x|)."""

    op, fused = lib.MG_UNARY_SOFTSIGN, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g / (1 + |x|)^2."""
        below: Tensor = s.abs() + 1
        return grad / (below * below)


class Tanhshrink(Pointwise):
    """y = x - tanh(x)."""

    op, fused = lib.MG_UNARY_TANHSHRINK, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g tanh(x)^2."""
        t = tanh(s)
        return grad * (t * t)


class Softshrink(Pointwise):
    """y = x nearer to 0 by a, or 0."""

    op, fused = lib.MG_UNARY_SOFTSHRINK, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g beyond a."""
        return grad * _inside(s, ~((s._data >= -self.p[0]) & (s._data <= self.p[0])))


class Hardshrink(Softshrink):
    """y = x beyond a, else 0."""

    op = lib.MG_UNARY_HARDSHRINK


class Threshold(Pointwise):
    """y = x above a, else b."""

    op, fused = lib.MG_UNARY_THRESHOLD, True

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Gradient g above a."""
        return grad * _inside(s, ~(s._data <= self.p[0]))


def _activate(
    op: str, node: type[Pointwise], input: Any, inplace: bool = False, a: float = 0.0, b: float = 0.0, c: float = 0.0
) -> Tensor:
    """Return the activation of `input`, written over it if `inplace`."""
    x = tensor_only(op, input)
    if x._data.dtype.kind != "f":
        raise RuntimeError(
            f"{op}: not implemented for {x.dtype.name}; the input must be floating-point; got {portrait(x)}"
        )
    if inplace:
        return change_inplace(op, x, lambda before: pointwise(node, before, a, b, c))
    return pointwise(node, x, a, b, c)


@method
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``max(x, 0)`` of every element; the derivative at 0 is 0.

    Parameters
    ----------
    input : Tensor
        Integers stay integers.
    inplace : bool, default False
        Write over `input`.

    Raises
    ------
    RuntimeError
        For bool.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.relu(mg.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    if not inplace and isinstance(input, Tensor):
        # The short way; `pointwise` does the same for what is not contiguous.
        values = input._data
        if values.dtype.kind == "f":
            y = unary(lib.MG_UNARY_RELU, values, 0.0, 0.0, 0.0)
            return pointwise(Relu, input) if type(y) is int else result(y, Relu, (input,), (), True)
    x = tensor_only("relu", input)
    if x._data.dtype.kind in "iu":
        if inplace:
            return change_inplace("relu_", x, relu)
        return fresh(np.maximum(x._data, 0, dtype=x._data.dtype))
    return _activate("relu", Relu, x, inplace)


@method
def relu_(input: Tensor) -> Tensor:
    """Apply `relu` in place.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor
    """
    return relu(input, inplace=True)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``min(max(x, 0), 6)`` of every element.

    Parameters
    ----------
    input : Tensor
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        For bool.
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Return x above 0 and `negative_slope` times x below.

    Parameters
    ----------
    input : Tensor
    negative_slope : float, default 0.01
        Slope below zero.
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _activate("leaky_relu", LeakyRelu, input, inplace, float(negative_slope))


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Apply `leaky_relu` in place.

    Parameters
    ----------
    input : Tensor
    negative_slope : float, default 0.01
        Slope below zero.

    Returns
    -------
    Tensor
    """
    return leaky_relu(input, negative_slope, True)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return x above 0 and ``alpha * (exp(x) - 1)`` below.

    Parameters
    ----------
    input : Tensor
    alpha : float, default 1
        The limit far below zero, negated.
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _activate("elu", Elu, input, inplace, float(alpha), 1.0, 1.0)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Apply `elu` in place.

    Parameters
    ----------
    input : Tensor
    alpha : number, default 1.0
        Factor.

    Returns
    -------
    Tensor
    """
    return elu(input, alpha, True)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return the self-normalising ``scale * elu(x, alpha)``.

    Parameters
    ----------
    input : Tensor
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-normalizing neural networks, equation 2.
    """
    return _activate("selu", Elu, input, inplace, _SELU_ALPHA * _SELU_SCALE, _SELU_SCALE, 1.0)


def selu_(input: Tensor) -> Tensor:
    """Apply `selu` in place.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor
    """
    return selu(input, True)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return x above 0 and ``alpha * (exp(x / alpha) - 1)`` below, which is smooth at 0.

    Parameters
    ----------
    input : Tensor
    alpha : float, default 1
        The limit far below zero, negated.
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        If `alpha` is zero, or the elements are not floating-point.
    """
    if alpha == 0:
        raise RuntimeError("celu: ZeroDivisionError: alpha cannot be 0")
    return _activate("celu", Elu, input, inplace, float(alpha), 1.0, 1.0 / alpha)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Apply `celu` in place.

    Parameters
    ----------
    input : Tensor
    alpha : number, default 1.0
        Factor.

    Returns
    -------
    Tensor
    """
    return celu(input, alpha, True)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Return the Gaussian error linear unit, ``x * Phi(x)``, of every element.

    Parameters
    ----------
    input : Tensor
    approximate : {"none", "tanh"}
        "tanh" replaces the normal distribution function by
        ``(1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2``.

    Raises
    ------
    RuntimeError
        If `approximate` is neither, or the elements are not floating-point.

    References
    ----------
    Hendrycks and Gimpel (2016), Gaussian error linear units, arXiv:1606.08415.

    Examples
    --------
    >>> import minigrad as mg
    >>> round(mg.nn.functional.gelu(mg.tensor(1.0)).item(), 4)
    0.8413
    """
    if approximate == "none":
        return _activate("gelu", Gelu, input)
    if approximate == "tanh":
        return _activate("gelu", GeluTanh, input)
    raise RuntimeError(f"gelu: approximate argument must be either none or tanh; got {approximate!r}")


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``x * sigmoid(x)`` of every element.

    Parameters
    ----------
    input : Tensor
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _activate("silu", Silu, input, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``x * tanh(softplus(x))`` of every element.

    Parameters
    ----------
    input : Tensor
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _activate("mish", Mish, input, inplace)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Return ``log(1 + exp(beta * x)) / beta``, and x itself where ``beta * x > threshold``.

    Parameters
    ----------
    input : Tensor
    beta : float, default 1
        Sharpness.
    threshold : float, default 20
        Where it counts as linear.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _activate("softplus", Softplus, input, False, float(beta), float(threshold))


def logsigmoid(input: Tensor) -> Tensor:
    """Return ``log(sigmoid(x))`` of every element, without loss for x far from 0.

    Parameters
    ----------
    input : Tensor

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _activate("logsigmoid", LogSigmoid, input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Return x limited to [min_val, max_val]; the derivative at either is 0.

    Parameters
    ----------
    input : Tensor
    min_val : float, default -1
        Lower limit.
    max_val : float, default 1
        Upper limit.
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    ValueError
        If `min_val` is above `max_val`.
    RuntimeError
        For bool.
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val cannot be greater than max_val; got {min_val} and {max_val}")
    x = tensor_only("hardtanh", input)
    if x._data.dtype.kind in "iu":
        if x._data.dtype.kind == "u" and (min_val < 0 or max_val < 0):
            raise RuntimeError("hardtanh: cannot do hardtanh on an unsigned type with negative limits")
        low, high = (x._data.dtype.type(int(v)) for v in (min_val, max_val))
        limited = fresh(np.asarray(np.minimum(np.maximum(x._data, low), high)))
        return change_inplace("hardtanh_", x, lambda _: limited) if inplace else limited
    return _activate("hardtanh", Hardtanh, x, inplace, float(min_val), float(max_val))


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """Apply `hardtanh` in place.

    Parameters
    ----------
    input : Tensor
    min_val : float, default -1
        Lower limit.
    max_val : float, default 1
        Upper limit.

    Returns
    -------
    Tensor
    """
    return hardtanh(input, min_val, max_val, True)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``(x + 3) / 6`` limited to [0, 1].

    Parameters
    ----------
    input : Tensor
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _activate("hardsigmoid", Hardsigmoid, input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``x * hardsigmoid(x)``.

    Parameters
    ----------
    input : Tensor
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _activate("hardswish", Hardswish, input, inplace)


def softsign(input: Tensor) -> Tensor:
    """Return ``x / (1 + |x|)`` of every element.

    Parameters
    ----------
    input : Tensor

    Raises
    ------
    RuntimeError
        For bool.
    """
    return _activate("softsign", Softsign, floating("softsign", input))


def tanhshrink(input: Tensor) -> Tensor:
    """Return ``x - tanh(x)`` of every element.

    Parameters
    ----------
    input : Tensor
    """
    return _activate("tanhshrink", Tanhshrink, floating("tanhshrink", input))


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """Return x moved toward 0 by `lambd`, at most to it.

    Parameters
    ----------
    input : Tensor
    lambd : float, default 0.5
        The threshold.

    Raises
    ------
    RuntimeError
        If `lambd` is negative, or the elements are not floating-point.
    """
    if not lambd >= 0:
        raise RuntimeError(f"softshrink: lambda must be greater or equal to 0; got {lambd}")
    return _activate("softshrink", Softshrink, input, False, float(lambd))


@method
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """Return x beyond `lambd` from 0, and 0 nearer.

    Parameters
    ----------
    input : Tensor
    lambd : float, default 0.5
        The threshold.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point.
    """
    return _activate("hardshrink", Hardshrink, input, False, float(lambd))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """Return x above `threshold`, and `value` elsewhere.

    Parameters
    ----------
    input : Tensor
    threshold : float
        Where the function changes.
    value : float
        What smaller elements become.
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        For bool.
    """
    x = tensor_only("threshold", input)
    if x._data.dtype.kind in "iu":
        kept = fresh(np.asarray(np.where(x._data > threshold, x._data, int(value)), x._data.dtype))
        return change_inplace("threshold_", x, lambda _: kept) if inplace else kept
    return _activate("threshold", Threshold, x, inplace, float(threshold), float(value))


def threshold_(input: Tensor, threshold_value: float, value: float) -> Tensor:
    """Apply `threshold` in place.

    Parameters
    ----------
    input : Tensor
    threshold_value : float
        Where the function changes.
    value : number or Tensor

    Returns
    -------
    Tensor
    """
    return threshold(input, threshold_value, value, True)
