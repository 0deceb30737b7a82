"""Shapes: views of the same memory where possible."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._errors import ShapeError, portrait
from minigrad.nn._graph import Node
from minigrad.nn._tensor import Tensor, method, result, unbroadcast, view_result

__all__ = ["reshape"]


class Reshape(Node):
    """z = a with its elements, in order, in another shape."""

    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g in the old shape."""
        return (grad.reshape(self.shape),)


def sizes_of(op: str, args: tuple[Any, ...]) -> tuple[int, ...]:
    """Return a shape given as one sequence or as separate ints."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = tuple(args[0])
    try:
        return tuple(n.__index__() if not isinstance(n, Tensor) else int(n.item()) for n in args)
    except AttributeError:
        raise TypeError(f"{op}: the shape must be ints; got {args!r}") from None


@method
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """Return the elements in another shape, one extent of which may be -1; a view where possible.

    Raises
    ------
    RuntimeError
        If the numbers of elements differ.
    """
    sizes = sizes_of("reshape", shape)
    data = input._data
    try:
        viewed = data.reshape(sizes)
    except ValueError:
        raise ShapeError(f"reshape: shape {sizes} is invalid for {portrait(input)} of {data.size} elements") from None
    if viewed.base is not None and np.may_share_memory(viewed, data):
        return view_result(viewed, Reshape, input, lambda t: reshape(t, sizes), shape=data.shape)
    return result(viewed, Reshape, (input,), shape=data.shape)


class Expand(Node):
    """z = a, repeated along dimensions of extent 1."""

    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: the sum over the repetitions."""
        return (unbroadcast(grad, self.shape),)


@method
def expand(input: Tensor, *sizes: Any) -> Tensor:
    """Return a view in which dimensions of extent 1 are repeated to `sizes`; -1 keeps an extent.

    Raises
    ------
    RuntimeError
        If an extent other than 1 would have to change.
    """
    wanted = sizes_of("expand", sizes)
    have = input._data.shape
    lead = len(wanted) - len(have)
    if lead < 0 or any(n == -1 for n in wanted[:lead]):
        raise ShapeError(f"expand: the sizes {wanted} must cover every dimension; got {portrait(input)}")
    full = wanted[:lead] + tuple(h if w == -1 else w for w, h in zip(wanted[lead:], have, strict=True))
    try:
        data = np.broadcast_to(input._data, full)
    except ValueError:
        raise ShapeError(f"expand: {portrait(input)} cannot be expanded to {wanted}") from None
    return view_result(data, Expand, input, lambda t: expand(t, full), shape=have)


__all__ += ["expand"]
_ = _array
