"""A convolution, ReLU and the largest of every 2 x 2 in one pass, where they follow each other.

The three write and read planes several times as large as what remains of them; in one pass only the
maxima and where they came from are ever in memory. What stands between cannot be seen from outside, so
it is only done by those who know that nobody looks (`Sequential`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad._native import NULL, check_status, lib, pointer
from minigrad.nn import _array, _graph
from minigrad.nn._graph import Node, mode
from minigrad.nn._ops.activation import relu
from minigrad.nn._ops.conv import Geometry, conv2d, geometry
from minigrad.nn._tensor import Tensor, fresh, result
from minigrad.nn._windows import largest_of_four

__all__ = ["conv_relu_pool", "joined_geometry"]

_FLOAT, _BYTE = np.dtype(np.float32), np.dtype(np.uint8)
_ONES = (1, 1)


class ConvReluPool(Node):
    """y = the largest of every 2 x 2 of max(F(x, w) + b, 0)."""

    geometry: Geometry
    choice: np.ndarray
    operands: tuple[tuple[Tensor, int], ...]

    def name(self) -> str:
        return "ConvolutionReluMaxPoolBackward0"

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Spread each gradient to where its maximum stood, and on as a convolution does."""
        x, w = self.saved
        if mode.enabled:
            return self._by_parts(grad)
        needs, g = self.needs, self.geometry
        kind = grad._data.dtype
        dx = _array.empty((grad._data.shape[0], g.in_channels, *g.in_size), kind) if needs[0] else None
        dw = _array.empty((g.out_channels, g.in_channels, *g.kernel), kind) if needs[1] else None
        db = _array.empty((g.out_channels,), kind) if len(needs) == 3 and needs[2] else None
        keep = _in(x), _in(w), _in(grad)
        out = (NULL if array is None else pointer(array, True) for array in (dx, dw, db))
        check_status(lib.mg_conv_pool_backward_f32(g.shape, *keep, pointer(self.choice), *out), "convolution")
        return tuple(None if array is None else fresh(array) for array in (dx, dw, db)[: len(needs)])

    def _by_parts(self, grad: Tensor) -> tuple[Any, ...]:
        """Go through the three operations, which can be differentiated again."""
        for tensor, version in self.operands:
            if _version(tensor) != version:
                raise self._changed(tensor)
        tensors = [tensor for tensor, _ in self.operands]
        pad = tuple(self.geometry.shape.pad)[1:]
        bias = tensors[2] if len(tensors) == 3 else None
        y = largest_of_four(relu(conv2d(tensors[0], tensors[1], bias, padding=pad)))
        wanted = [tensor for tensor, need in zip(tensors, self.needs, strict=True) if need]
        found = iter(_graph.gradients([y], wanted, [grad], None, True))
        return tuple(next(found) if need else None for need in self.needs)


def _in(tensor: Tensor | None) -> Any:
    return NULL if tensor is None else pointer(_array.contiguous(tensor._data))


def _version(tensor: Tensor) -> int:
    return 0 if tensor._cell is None else tensor._cell.version


def joined_geometry(input: Any, weight: Any, bias: Any, pad: tuple[int, int]) -> Geometry | None:
    """Return the geometry of a 3 x 3 convolution that can be one with ReLU and maxima, or None if it cannot.

    Parameters
    ----------
    input : object
    weight : Tensor
    bias : Tensor or None
    pad : tuple of int
        Zeros on each side, by rows and by columns.
    """
    if not isinstance(input, Tensor) or input._data.ndim != 4 or weight._data.shape[1:] != (input._data.shape[1], 3, 3):
        return None
    operands = (input, weight) if bias is None else (input, weight, bias)
    if any(tensor._data.dtype != _FLOAT for tensor in operands):
        return None
    batch, channels, *size = input._data.shape
    outputs = weight._data.shape[0]
    out = tuple(n + 2 * p - 2 for n, p in zip(size, pad, strict=True))
    if min(out) < 2 or (bias is not None and bias._data.shape != (outputs,)):
        return None
    g = geometry(batch, (1, channels, outputs), (tuple(size), out, (3, 3)), (_ONES, pad, _ONES))
    return g if lib.mg_conv_pool_suits(g.shape, input._requires and mode.enabled) else None


def conv_relu_pool(g: Geometry, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return the maxima of a convolution's ReLU.

    Parameters
    ----------
    g : Geometry
        What `joined_geometry` said of the others.
    input, weight : Tensor
    bias : Tensor or None
    """
    batch = input._data.shape[0]
    height, width = (extent // 2 for extent in g.out_size)
    y = _array.empty((batch, g.out_channels, height, width), _FLOAT)
    choice = _array.empty((batch, height, width, -(-g.out_channels // 16) * 16), _BYTE)
    keep = _in(input), _in(weight), _in(bias)
    status = lib.mg_conv_pool_forward_f32(g.shape, *keep, pointer(y, True), pointer(choice, True))
    check_status(status, "convolution")
    operands = (input, weight) if bias is None else (input, weight, bias)
    saved = (input if len(operands) == 3 or weight._requires else None, weight if input._requires else None)
    versions = tuple((tensor, _version(tensor)) for tensor in operands)
    return result(y, ConvReluPool, operands, saved, geometry=g, choice=choice, operands=versions)
