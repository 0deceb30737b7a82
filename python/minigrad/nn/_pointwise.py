"""Operations of one input that treat every element alike: the way to the core and back.

y = f(x) elementwise has dL/dx = dL/dy f'(x), in which f' is written with x or, where that
is shorter, with y. Backward has two forms of it: a single pass in C, and a formula of
tensor operations, which is used while recording is on, so that it can be differentiated
again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad._native import check_status, unary, unary_backward
from minigrad.nn import _array
from minigrad.nn._dtype import get_default_dtype
from minigrad.nn._graph import Node, mode
from minigrad.nn._tensor import Tensor, fresh, result

__all__ = ["Pointwise", "constant", "floating", "pointwise", "run", "run_backward", "tensor_only"]


def run(op: int, x: np.ndarray, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> np.ndarray:
    """Return f(x) for the float array `x`, where `op` is one of the core's ``MG_UNARY_`` names."""
    y = unary(op, x, a, b, c)
    if type(y) is int:
        y = unary(op, _array.contiguous(x), a, b, c)
        if type(y) is int:
            check_status(y, "unary")
    return y  # type: ignore[no-any-return]


def run_backward(op: int, s: np.ndarray, dy: np.ndarray, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> np.ndarray:
    """Return ``dy * f'`` with f' computed from `s`, the input or output that the core wants."""
    dx = unary_backward(op, s, dy, a, b, c)
    if type(dx) is int:
        dx = unary_backward(op, _array.contiguous(s), _array.contiguous(dy), a, b, c)
        if type(dx) is int:
            check_status(dx, "unary_backward")
    return dx  # type: ignore[no-any-return]


class Pointwise(Node):
    """y = f(x) for every element.

    Class attributes: `op`, the core's number of f; `by_output`, whether the derivative is
    written with y; `fused`, whether the core has it.
    """

    op = -1
    by_output = False
    fused = False
    p: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def slope(self, grad: Tensor, s: Tensor) -> Tensor:
        """Return the gradient in tensor operations; `s` is x, or y if `by_output`."""
        raise AttributeError(f"{type(self).__name__} has no slope")

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g f'."""
        s = self.output if self.by_output else self.saved[0]
        if self.fused and not mode.enabled:
            return (fresh(run_backward(self.op, s._data, grad._data, *self.p)),)
        return (self.slope(grad, s),)


def tensor_only(op: str, input: Any) -> Tensor:
    """Return `input` if it is a tensor.

    Raises
    ------
    TypeError
        Otherwise.
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}: input must be a Tensor; got {type(input).__name__}")
    return input


def floating(op: str, input: Any) -> Tensor:
    """Return the tensor `input`, converted to the default floating-point type if it holds integers or bools."""
    if tensor_only(op, input)._data.dtype.kind == "f":
        return input  # type: ignore[no-any-return]
    return input.to(get_default_dtype())  # type: ignore[no-any-return]


def pointwise(node: type[Pointwise], input: Tensor, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Tensor:
    """Return f(input), recorded as a `node`; `input` is floating-point."""
    data = run(node.op, input._data, a, b, c)
    if node.by_output:
        return result(data, node, (input,), (), True)
    if a or b or c:
        return result(data, node, (input,), (input,), p=(a, b, c))
    return result(data, node, (input,), (input,))


def constant(values: Any, like: Tensor) -> Tensor:
    """Return an array (a mask, say) as a tensor of the type of `like`, through which no gradient flows."""
    return fresh(np.asarray(values, like._data.dtype))
