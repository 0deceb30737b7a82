"""Pooling undone: elements go back to where they were the largest, among zeros."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._errors import shape_error
from minigrad.nn._graph import Node
from minigrad.nn._ops.conv import spread
from minigrad.nn._tensor import Tensor, result
from minigrad.nn._windows import INT, LONG, check_input, gather

__all__ = [
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]


class MaxUnpool(Node):
    """Each element at its place in a plane of zeros."""

    index: np.ndarray
    n: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Take the gradient at each place."""
        return (gather(grad, self.index, self.n),)


def _max_unpool(
    op: str, n: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    x = check_input(op, input, n)
    if not isinstance(indices, Tensor) or indices._data.dtype != LONG:
        raise RuntimeError(f"{op}: elements in indices should be type int64; got {getattr(indices, 'dtype', indices)}")
    if indices._data.shape != x._data.shape:
        raise shape_error(op, "Expected shape of indices to be that of the input", x, indices)
    kernel = spread(op, "kernel_size", kernel_size, n, 1)
    empty = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    strides, pads = kernel if empty else spread(op, "stride", stride, n, 1), spread(op, "padding", padding, n, 0)
    if output_size is None:
        sizes = zip(x._data.shape[-n:], kernel, strides, pads, strict=True)
        out = tuple((s - 1) * t - 2 * p + k for s, k, t, p in sizes)
    else:
        out = tuple(int(v) for v in tuple(output_size)[-n:])
    if len(out) != n or min(out) < 1:
        raise shape_error(op, f"output_size {out} must be {n} sizes of at least 1", x)
    index, size = indices._data, math.prod(out)
    if index.size and (index.min() < 0 or index.max() >= size):
        raise RuntimeError(f"{op}: found an invalid max index; they must be in [0, {size}) for output size {out}")
    lead = x._data.shape[:-n]
    y = _array.zeros((*lead, size), x._data.dtype)
    planes = math.prod(lead)
    np.put_along_axis(y.reshape(planes, size), index.reshape(planes, -1), x._data.reshape(planes, -1), 1)
    return result(y.reshape(*lead, *out), MaxUnpool, (x,), index=np.ascontiguousarray(index, INT), n=n)


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Put the results of `max_pool1d` back where `indices` says they were, among zeros.

    Parameters
    ----------
    input : Tensor
    indices : Tensor or tuple of Tensor
        Positions, of int64.
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    output_size : tuple of int, optional
        Shape of the result.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        If an index is outside, or shapes do not fit.
    """
    return _max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Put the results of `max_pool2d` back where `indices` says they were, among zeros.

    Parameters
    ----------
    input : Tensor
    indices : Tensor or tuple of Tensor
        Positions, of int64.
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    output_size : int or tuple of int, optional
        Extent of the result; None keeps an extent.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        If an index is outside, or shapes do not fit.
    """
    return _max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Put the results of `max_pool3d` back where `indices` says they were, among zeros.

    Parameters
    ----------
    input : Tensor
    indices : Tensor or tuple of Tensor
        Positions, of int64.
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    output_size : int or tuple of int, optional
        Extent of the result; None keeps an extent.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        If an index is outside, or shapes do not fit.
    """
    return _max_unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)
