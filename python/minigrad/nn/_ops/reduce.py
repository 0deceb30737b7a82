"""Reductions over dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._dtype import to_dtype
from minigrad.nn._graph import Node
from minigrad.nn._tensor import Tensor, dims_of, method, result

__all__ = ["mean", "sum"]


class Sum(Node):
    """z = the sum of a over `dims`."""

    shape: tuple[int, ...]
    dims: tuple[int, ...]
    keepdim: bool

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Every summand's gradient is g."""
        return (spread(grad, self.shape, self.dims, self.keepdim),)


def spread(grad: Tensor, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """Return `grad`, reduced over `dims`, repeated to the shape that was reduced."""
    if not keepdim and dims:
        grad = grad.reshape(tuple(1 if i in dims else n for i, n in enumerate(shape)))
    return grad.expand(shape)


def kept_shape(shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> tuple[int, ...]:
    """Return the shape after a reduction over `dims`."""
    if keepdim:
        return tuple(1 if i in dims else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in dims)


@method
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Return the sum over `dim` (an int, a sequence, or None for all); integers sum to int64.

    Raises
    ------
    IndexError
        If a dimension is out of range.
    """
    if dtype is not None:
        input = input.to(to_dtype(dtype, "sum"))
    x = input._data
    dims = dims_of("sum", dim if dim is None or not isinstance(dim, (tuple, list)) or len(dim) else None, x.ndim)
    if x.ndim == 0:
        dims = ()
    kind = x.dtype if x.dtype.kind == "f" or dtype is not None else np.dtype(np.int64)
    into = _array.empty(kept_shape(x.shape, dims, keepdim), kind)
    np.add.reduce(x, axis=dims, dtype=kind, out=into, keepdims=keepdim)
    return result(into, Sum, (input,), shape=x.shape, dims=dims, keepdim=keepdim)


@method
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Return the mean over `dim` (an int, a sequence, or None for all); of no elements, NaN.

    Raises
    ------
    RuntimeError
        If the elements are not floating-point and no `dtype` is given.
    """
    total = sum(input, dim, keepdim, dtype=dtype)
    if total._data.dtype.kind != "f" or (input._data.dtype.kind != "f" and dtype is None):
        raise RuntimeError(
            f"mean: could not infer output dtype; input dtype must be floating point; got {input.dtype.name}"
        )
    count = input._data.size // total._data.size if total._data.size else 0
    return total / count if count else total / 0.0
