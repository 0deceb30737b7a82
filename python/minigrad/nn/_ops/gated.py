"""Activations of two operands: slopes by channel, gates, random slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._errors import shape_error
from minigrad.nn._graph import Node
from minigrad.nn._ops.activation import leaky_relu
from minigrad.nn._ops.unary import sigmoid
from minigrad.nn._pointwise import constant, floating, tensor_only
from minigrad.nn._tensor import Tensor, change_inplace, dim_of, fresh, method, result, unbroadcast

__all__ = [
    "glu",
    "prelu",
    "rrelu",
]


class Prelu(Node):
    """y = x above 0, w x below, w by channel."""

    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g or w g; and x g below 0, summed over all but the channel."""
        x, weight = self.saved
        above = constant(x._data > 0, x)
        below = constant(~(x._data > 0), x)
        broad = weight.reshape(self.shape)
        to_x, to_weight = self.needs
        return (
            grad * (above + below * broad) if to_x else None,
            unbroadcast(grad * x * below, self.shape).reshape(weight.shape) if to_weight else None,
        )


@method
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Return x above 0 and ``weight * x`` below.

    Parameters
    ----------
    input : Tensor
    weight : Tensor
        One number, or one for each channel (dimension 1).

    Raises
    ------
    RuntimeError
        If the numbers of channels and weights, or the types, differ.
    """
    x, w = tensor_only("prelu", input)._data, tensor_only("prelu", weight)._data
    if w.ndim > 1:
        raise shape_error("prelu", "weight must be a scalar or 1-dimensional", weight)
    if x.dtype != w.dtype or x.dtype.kind != "f":
        raise RuntimeError(f"prelu: type promotion is not supported; got {input.dtype.name} and {weight.dtype.name}")
    channels = x.shape[1] if x.ndim > 1 else 1
    if w.size != 1 and (x.ndim == 0 or w.size != channels):
        raise shape_error("prelu", "mismatch of parameter numbers and input channel size", input, weight)
    shape = tuple(w.size if i == 1 else 1 for i in range(x.ndim)) if x.ndim > 1 else (1,) * x.ndim
    y = np.multiply(x, w.reshape(shape), out=_array.empty(x.shape, x.dtype))
    np.copyto(y, x, where=x > 0)
    return result(y, Prelu, (input, weight), (input, weight), shape=shape)


class Glu(Node):
    """y = a sigma(b), a and b the halves of x."""

    dim: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradients g sigma(b) and g a sigma(b) (1 - sigma(b)), side by side."""
        (x,) = self.saved
        half = x.shape[self.dim] // 2
        head: tuple[Any, ...] = (slice(None),) * self.dim
        a, b = x[(*head, slice(0, half))], x[(*head, slice(half, None))]
        gate = sigmoid(b)
        to_b = grad * a * gate * (1 - gate)
        from minigrad.nn._ops import functions

        return (functions["cat"]((grad * gate, to_b), self.dim),)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """Return ``a * sigmoid(b)``, where `a` and `b` are the halves of `input` along `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int, default -1
        Along which.

    Raises
    ------
    RuntimeError
        If the extent along `dim` is odd, or the tensor has no dimension.
    IndexError
        If `dim` is out of range.
    """
    x = floating("glu", input)._data
    if x.ndim == 0:
        raise RuntimeError("glu: does not support 0-dimensional tensors")
    axis = dim_of("glu", dim, x.ndim)
    if x.shape[axis] % 2:
        raise shape_error("glu", f"halving dimension must be even, but dimension {axis} is size {x.shape[axis]}", input)
    a, b = np.split(x, 2, axis)
    gate = sigmoid(fresh(b))._data
    data = np.multiply(a, gate, out=gate) if gate.flags.writeable else a * gate
    return result(data, Glu, (input,), (input,), dim=axis)


class Rrelu(Node):
    """y = x factor, the factors drawn."""

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Gradient g factor."""
        return (grad * self.saved[0],)


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """Return x above 0 and r x below, with r drawn uniformly from [lower, upper] in training and else their mean.

    Parameters
    ----------
    input : Tensor
    lower : float, default 1/8
        Smallest slope.
    upper : float, default 1/3
        Largest slope.
    training : bool, default False
        Whether anything is random at all.
    inplace : bool, default False
        Change `input` itself.

    Raises
    ------
    RuntimeError
        If `lower` is above `upper`, or the elements are not floating-point.
    """
    if lower > upper:
        raise RuntimeError(f"rrelu: Lower bound should be less than or equal to the upper bound; got {lower}, {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    from minigrad.nn._random import stream_of

    x = floating("rrelu", input)._data
    drawn = stream_of(None).uniform(lower, upper, size=x.shape, dtype=x.dtype)
    factor = fresh(np.asarray(np.where(x > 0, 1, drawn), x.dtype))

    def compute(before: Tensor) -> Tensor:
        return result(before._data * factor._data, Rrelu, (before,), (factor,))

    return change_inplace("rrelu_", input, compute) if inplace else compute(input)
