"""Copies and conversions: clone, contiguous, and the element types."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._dtype import DTYPES, float32, float64, int32, int64, to_dtype, uint8
from minigrad.nn._dtype import bool_ as _bool
from minigrad.nn._dtype import dtype as Dtype  # noqa: N812
from minigrad.nn._graph import Node
from minigrad.nn._tensor import Tensor, method, result

__all__ = ["clone"]


class Clone(Node):
    """z = a, in memory of its own."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g."""
        return (grad,)


class ToCopy(Node):
    """z = a in another element type."""

    dtype: Dtype

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g, converted back."""
        return (grad.to(self.dtype),)


@method
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """Return a copy with memory of its own, through which gradients flow."""
    data = _array.empty(input._data.shape, input._data.dtype)
    np.copyto(data, input._data)
    return result(data, Clone, (input,))


@method
def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """Return the tensor itself if its elements lie in order without gaps, or else a copy that does."""
    return input if input._data.flags.c_contiguous else clone(input)


def convert(input: Tensor, kind: Dtype, copy: bool = False) -> Tensor:
    """Return the tensor with elements of type `kind`: itself, if they are and no copy is asked for."""
    if input._data.dtype == kind.numpy:
        return clone(input) if copy else input
    data = _array.empty(input._data.shape, kind.numpy)
    with np.errstate(all="ignore"):
        np.copyto(data, input._data, casting="unsafe")
    return result(data, ToCopy, (input,) if kind.is_floating_point else (), dtype=input.dtype)


@method
def to(
    input: Tensor,
    *args: Any,
    dtype: Any = None,
    device: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return the tensor in another element type: ``x.to(mg.float64)``, ``x.to("cpu")``, ``x.to(other)``."""
    for argument in args:
        if isinstance(argument, Tensor):
            dtype = argument.dtype
        elif isinstance(argument, Dtype):
            dtype = argument
        elif isinstance(argument, bool):
            continue
        elif not (argument is None or str(argument).split(":")[0] == "cpu"):
            raise RuntimeError(f"to: the only device is 'cpu'; got {argument!r}")
    return convert(input, input.dtype if dtype is None else to_dtype(dtype, "to"), copy)


def _conversion(name: str, kind: Dtype) -> None:
    def form(self: Tensor) -> Tensor:
        return convert(self, kind)

    form.__name__ = form.__qualname__ = name
    form.__doc__ = f"Return the tensor with elements of type {kind.name}."
    setattr(Tensor, name, form)


for _name, _kind in (
    ("float", float32),
    ("double", float64),
    ("long", int64),
    ("int", int32),
    ("byte", uint8),
    ("bool", _bool),
):
    _conversion(_name, _kind)

assert len(DTYPES) == 6
