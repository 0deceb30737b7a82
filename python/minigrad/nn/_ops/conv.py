"""Convolutions, plain and transposed, over one to three spatial dimensions.

A convolution y = F(x, w) is linear in each argument. With a gradient G = dL/dy,

    dL/dx = I(G, w),    dL/dw = W(x, G),    dL/db = G summed over images and positions

where I and W are the two other functions of the same geometry: all three are read off the one
sum over positions <y, F(x, w)>. Each is therefore differentiated by the other two, to
any order, and I, by itself, is the transposed convolution.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad._native import NULL, check_status, ffi, lib, pointer
from minigrad.nn import _array
from minigrad.nn._dtype import float64
from minigrad.nn._errors import DtypeError, ShapeError, dtype_error, portrait, shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._ops.shape import squeeze, unsqueeze
from minigrad.nn._tensor import Tensor, fresh, result

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]

Sizes = tuple[int, ...]


# --- the geometry and the three functions of it


class Geometry:
    """Where each output position of a convolution reads its input; see ``mg_conv_shape_t``."""

    def __init__(
        self,
        batch: int,
        channels: tuple[int, int, int],
        sizes: tuple[Sizes, Sizes, Sizes],
        steps: tuple[Sizes, Sizes, Sizes],
    ) -> None:
        self.groups, self.in_channels, self.out_channels = channels
        self.in_size, self.out_size, self.kernel = sizes
        stride, pad, dilation = steps
        shape: Any = ffi.new("mg_conv_shape_t *")
        shape.batch = batch
        shape.groups, shape.in_channels, shape.out_channels = channels
        lead = [1] * (3 - len(self.kernel))
        shape.in_size, shape.out_size, shape.kernel = ([*lead, *size] for size in sizes)
        shape.stride, shape.dilation = [*lead, *stride], [*lead, *dilation]
        shape.pad = [*[0] * len(lead), *pad]
        self.shape = shape


geometry = functools.lru_cache(maxsize=512)(Geometry)

_FORWARD = {4: lib.mg_conv_forward_f32, 8: lib.mg_conv_forward_f64}
_INPUT = {4: lib.mg_conv_input_grad_f32, 8: lib.mg_conv_input_grad_f64}
_WEIGHT = {4: lib.mg_conv_weight_grad_f32, 8: lib.mg_conv_weight_grad_f64}
_SUM = {4: lib.mg_channel_sum_f32, 8: lib.mg_channel_sum_f64}


def _pointer(array: np.ndarray | None) -> Any:
    return NULL if array is None else pointer(_array.contiguous(array))


def _forward(g: Geometry, x: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    y = _array.empty((x.shape[0], g.groups * g.out_channels, *g.out_size), x.dtype)
    keep = _pointer(x), _pointer(w), _pointer(b)
    check_status(_FORWARD[x.itemsize](g.shape, *keep, lib.MG_ACTIVATION_NONE, pointer(y, True)), "convolution")
    return y


def _input_grad(g: Geometry, dy: np.ndarray, w: np.ndarray, b: np.ndarray | None) -> np.ndarray:
    dx = _array.empty((dy.shape[0], g.groups * g.in_channels, *g.in_size), dy.dtype)
    keep = _pointer(dy), _pointer(w), _pointer(b)
    check_status(_INPUT[dy.itemsize](g.shape, *keep, pointer(dx, True)), "convolution")
    return dx


def _weight_grad(g: Geometry, x: np.ndarray, dy: np.ndarray, db: np.ndarray | None = None) -> np.ndarray:
    dw = _array.empty((g.groups * g.out_channels, g.in_channels, *g.kernel), x.dtype)
    out = pointer(dw, True), NULL if db is None else pointer(db, True)
    check_status(_WEIGHT[x.itemsize](g.shape, _pointer(x), _pointer(dy), *out), "convolution")
    return dw


def channel_sum(grad: Tensor) -> Tensor:
    """Return the sum of `grad` (batch, channels, ...) over all but the channels."""
    if mode.enabled:
        total: Tensor = grad.sum((0, *range(2, grad.ndim)))
        return total
    shape = grad._data.shape
    sums = _array.empty((shape[1],), grad._data.dtype)
    keep = _pointer(grad._data)
    check_status(
        _SUM[grad._data.itemsize](shape[0], shape[1], math.prod(shape[2:]), keep, pointer(sums, True)), "convolution"
    )
    return fresh(sums)


class Convolution(Node):
    """y = F(x, w) + b."""

    geometry: Geometry

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Gradients I(G, w), W(x, G) and the sum of G."""
        x, w = self.saved
        needs, g = self.needs, self.geometry
        dx = _input(g, grad, w) if needs[0] else None
        if needs[1:] == (True, True) and not mode.enabled:
            db = _array.empty((g.groups * g.out_channels,), grad._data.dtype)
            return dx, fresh(_weight_grad(g, x._data, grad._data, db)), fresh(db)
        dw = _weight(g, x, grad) if needs[1] else None
        if len(needs) == 2:
            return dx, dw
        return dx, dw, channel_sum(grad) if needs[2] else None


class ConvolutionInput(Node):
    """dx = I(dy, w) + b."""

    geometry: Geometry

    def name(self) -> str:
        return "ConvolutionBackward0"

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Gradients F(G, w), W(G, dy) and the sum of G."""
        dy, w = self.saved
        needs, g = self.needs, self.geometry
        ddy = _convolve(g, grad, w, None) if needs[0] else None
        dw = _weight(g, grad, dy) if needs[1] else None
        if len(needs) == 2:
            return ddy, dw
        return ddy, dw, channel_sum(grad) if needs[2] else None


class ConvolutionWeight(Node):
    """dw = W(x, dy)."""

    geometry: Geometry

    def name(self) -> str:
        return "ConvolutionBackward0"

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Gradients I(dy, G) and F(x, G)."""
        x, dy = self.saved
        needs, g = self.needs, self.geometry
        return (
            _input(g, dy, grad) if needs[0] else None,
            _convolve(g, x, grad, None) if needs[1] else None,
        )


def _saved(x: Tensor, w: Tensor) -> tuple[Tensor | None, Tensor | None]:
    return (x if w._requires else None, w if x._requires else None)


def _convolve(g: Geometry, x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
    data = _forward(g, x._data, w._data, None if b is None else b._data)
    return result(data, Convolution, (x, w) if b is None else (x, w, b), _saved(x, w), geometry=g)


def _input(g: Geometry, dy: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
    data = _input_grad(g, dy._data, w._data, None if b is None else b._data)
    return result(data, ConvolutionInput, (dy, w) if b is None else (dy, w, b), _saved(dy, w), geometry=g)


def _weight(g: Geometry, x: Tensor, dy: Tensor) -> Tensor:
    return result(_weight_grad(g, x._data, dy._data), ConvolutionWeight, (x, dy), _saved(x, dy), geometry=g)


# --- arguments


def spread(op: str, name: str, value: Any, count: int, least: int) -> Sizes:
    """Return an int or a sequence of ints as `count` ints, each at least `least`.

    Raises
    ------
    TypeError
        If it holds anything but ints.
    RuntimeError
        If it has another length, or an element is too small.
    """
    items = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    for item in items:
        if isinstance(item, bool) or not hasattr(item, "__index__"):
            raise TypeError(f"{op}: {name} must be an int or a tuple of {count} ints; got {value!r}")
    items = tuple(item.__index__() for item in items)
    if len(items) == 1:
        items *= count
    if len(items) != count:
        raise RuntimeError(f"{op}: {name} must be an int or a tuple of {count} ints; got {value!r}")
    if min(items) < least:
        what = {0: "non-negative", 1: "greater than zero"}[least]
        raise RuntimeError(f"{op}: {name} must be {what}; got {value!r}")
    return items


def _check_operands(op: str, n: int, input: Any, weight: Any, bias: Any, groups: Any, transposed: bool) -> None:
    for name, tensor in (("input", input), ("weight", weight)):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{op}: {name} must be a Tensor; got {type(tensor).__name__}")
    if bias is not None and not isinstance(bias, Tensor):
        raise TypeError(f"{op}: bias must be a Tensor or None; got {type(bias).__name__}")
    if input._data.ndim not in (n + 1, n + 2):
        raise shape_error(op, f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input", input, weight)
    if weight._data.ndim != n + 2:
        raise shape_error(op, f"expected {n + 2}-dimensional weight", input, weight)
    if isinstance(groups, bool) or not isinstance(groups, int):
        raise TypeError(f"{op}: groups must be an int; got {groups!r}")
    if groups < 1:
        raise RuntimeError(f"{op}: non-positive groups is not supported; groups must be at least 1; got {groups}")
    tensors = (input, weight) if bias is None else (input, weight, bias)
    if any(t._data.dtype != input._data.dtype for t in tensors):
        raise dtype_error(op, "input, weight and bias must have the same type", *tensors)
    if input._data.dtype.kind not in "fi":
        raise DtypeError(f"{op}: not implemented for {portrait(input)}")
    channels, rows = input._data.shape[-n - 1], weight._data.shape[0]
    wanted = rows if transposed else weight._data.shape[1] * groups
    if rows % groups or channels != wanted:
        raise shape_error(
            op, f"given groups={groups}, expected weight's first size to be divisible by groups and the input to have "
            f"{wanted} channels, but it has {channels}", input, weight,
        )  # fmt: skip
    outputs = weight._data.shape[1] * groups if transposed else rows
    if bias is not None and bias._data.shape != (outputs,):
        raise shape_error(op, f"expected bias to be 1-dimensional with {outputs} elements", input, weight, bias)
    if any(extent < 1 for extent in weight._data.shape[2:]):
        raise shape_error(op, "weight should have at least one element in each dimension of the kernel", weight)


def _as_float(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.to(float64)


def _conv(
    op: str, n: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Tensor:
    """Check, convolve, and give an unbatched result for an unbatched input."""
    _check_operands(op, n, input, weight, bias, groups, False)
    if input._data.dtype.kind == "i":
        # Exact as long as every sum is below 2^53.
        x, w, b = (_as_float(t) for t in (input, weight, bias))
        made: Tensor = _conv(op, n, x, w, b, stride, padding, dilation, groups).to(input.dtype)
        return made
    if input._data.ndim == n + 1:
        batched = _conv(op, n, unsqueeze(input, 0), weight, bias, stride, padding, dilation, groups)
        return squeeze(batched, 0)
    strides = spread(op, "stride", stride, n, 1)
    dilations = spread(op, "dilation", dilation, n, 1)
    size, kernel = input._data.shape[2:], weight._data.shape[2:]
    reach = [d * (k - 1) for k, d in zip(kernel, dilations, strict=True)]
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"{op}: Invalid padding string: {padding!r}; expected 'valid' or 'same'")
        if padding == "same" and max(strides) > 1:
            raise RuntimeError(f"{op}: padding='same' is not supported for strided convolutions; got stride {stride!r}")
        both = reach if padding == "same" else [0] * n
        pads = tuple(total // 2 for total in both)
    else:
        pads = spread(op, "padding", padding, n, 0)
        both = [2 * pad for pad in pads]
    room = [s + b - r - 1 for s, b, r in zip(size, both, reach, strict=True)]
    if min(room) < 0:
        raise shape_error(
            op, f"Kernel size can't be greater than actual input size: padded input "
            f"{tuple(s + b for s, b in zip(size, both, strict=True))}, kernel with dilation "
            f"{tuple(r + 1 for r in reach)}", input, weight,
        )  # fmt: skip
    out = tuple(r // s + 1 for r, s in zip(room, strides, strict=True))
    channels = (groups, weight._data.shape[1], weight._data.shape[0] // groups)
    g = geometry(input._data.shape[0], channels, (size, out, kernel), (strides, pads, dilations))
    return _convolve(g, input, weight, bias)


def _transposed(
    op: str,
    n: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    extra: Any,
    groups: Any,
    dilation: Any,
) -> Tensor:
    _check_operands(op, n, input, weight, bias, groups, True)
    if input._data.dtype.kind == "i":
        x, w, b = (_as_float(t) for t in (input, weight, bias))
        made: Tensor = _transposed(op, n, x, w, b, stride, padding, extra, groups, dilation).to(input.dtype)
        return made
    if input._data.ndim == n + 1:
        batched = _transposed(op, n, unsqueeze(input, 0), weight, bias, stride, padding, extra, groups, dilation)
        return squeeze(batched, 0)
    strides = spread(op, "stride", stride, n, 1)
    dilations = spread(op, "dilation", dilation, n, 1)
    pads = spread(op, "padding", padding, n, 0)
    extras = spread(op, "output_padding", extra, n, 0)
    if any(e >= s and e >= d for e, s, d in zip(extras, strides, dilations, strict=True)):
        raise RuntimeError(
            f"{op}: output padding must be smaller than either stride or dilation; got output_padding {extra!r}, "
            f"stride {stride!r}, dilation {dilation!r}"
        )
    size, kernel = input._data.shape[2:], weight._data.shape[2:]
    out = tuple(
        (i - 1) * s - 2 * p + d * (k - 1) + e + 1
        for i, s, p, d, k, e in zip(size, strides, pads, dilations, kernel, extras, strict=True)
    )
    if min(out) < 0 or (min(out) == 0 and min(size) > 0):
        raise ShapeError(
            f"{op}: calculated output size {out} is too small; got {portrait(input)} and {portrait(weight)}"
        )
    channels = (groups, weight._data.shape[1], weight._data.shape[0] // groups)
    g = geometry(input._data.shape[0], channels, (out, size, kernel), (strides, pads, dilations))
    return _input(g, input, weight, bias)


# --- the public functions


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve (strictly: correlate) sequences with a bank of kernels.

    ``y[n, k, o] = b[k] + sum over c, t of w[k, c, t] * x[n, c, o * stride + t * dilation - padding]``
    with zeros beyond the ends.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, length) or (channels, length)
    weight : Tensor of shape (outputs, channels / groups, kernel)
    bias : Tensor of shape (outputs,), optional
    stride, dilation : int or tuple of one int, default 1
    padding : int, tuple of one int, "valid" (none) or "same" (the length stays; stride 1 only)
    groups : int, default 1
        Channels and outputs are cut into that many groups that do not meet.

    Returns
    -------
    Tensor of shape (batch, outputs, (length + 2 padding - dilation (kernel - 1) - 1) // stride + 1)

    Raises
    ------
    RuntimeError
        For shapes or types that do not fit (both shapes are named), a kernel longer than the padded
        input, a stride or dilation below 1, or negative padding.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([[[1.0, 2.0, 4.0, 8.0]]])
    >>> mg.nn.functional.conv1d(x, mg.tensor([[[-1.0, 1.0]]])).tolist()
    [[[1.0, 2.0, 4.0]]]
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve (strictly: correlate) images with a bank of kernels.

    As `conv1d`, over two dimensions: `input` is (batch, channels, height, width) or without the
    batch, `weight` (outputs, channels / groups, kernel height, kernel width), and `stride`,
    `padding` and `dilation` are ints or pairs.

    Parameters
    ----------
    input : Tensor
    weight : Tensor
        The kernels.
    bias : Tensor, optional
        One number per output channel.
    stride : int or tuple of int, default 1
        Step between windows.
    padding : int, tuple of int, "valid" or "same", default 0
        Zeros added on both sides.
    dilation : int or tuple of int, default 1
        Distance between the elements of a window.
    groups : int, default 1
        Independent groups of channels.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        For shapes or types that do not fit (both shapes are named), a kernel larger than the padded
        input, a stride or dilation below 1, or negative padding.

    Notes
    -----
    float32 kernels of 3 x 3 with stride 1 over many channels go by Winograd's minimal filtering, which takes
    a quarter of the multiplications and errs about twice as much as the plain sum.

    Examples
    --------
    >>> import minigrad as mg
    >>> image, kernel = mg.ones(1, 3, 8, 8), mg.ones(5, 3, 3, 3)
    >>> y = mg.nn.functional.conv2d(image, kernel, padding=1)
    >>> y.shape, y[0, 0, 0, 0].item(), y[0, 0, 4, 4].item()
    ((1, 5, 8, 8), 12.0, 27.0)
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve (strictly: correlate) volumes with a bank of kernels.

    As `conv1d`, over three dimensions.

    Parameters
    ----------
    input : Tensor
    weight : Tensor
        The kernels.
    bias : Tensor, optional
        One number per output channel.
    stride : int or tuple of int, default 1
        Step between windows.
    padding : int, tuple of int, "valid" or "same", default 0
        Zeros added on both sides.
    dilation : int or tuple of int, default 1
        Distance between the elements of a window.
    groups : int, default 1
        Independent groups of channels.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        For shapes or types that do not fit (both shapes are named), a kernel larger than the padded
        input, a stride or dilation below 1, or negative padding.
    """
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Apply the transpose of `conv1d`: each input element adds its multiple of the kernel to the output.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, length) or (channels, length)
    weight : Tensor of shape (channels, outputs / groups, kernel)
    bias : Tensor of shape (outputs,), optional
    stride, padding, dilation : int or tuple of one int
        Those of the convolution whose transpose this is.
    output_padding : int or tuple of one int, default 0
        Added to the output's length, of the several lengths that this convolution would map to the input's.
    groups : int, default 1

    Returns
    -------
    Tensor of length (length - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1

    Raises
    ------
    RuntimeError
        For shapes or types that do not fit, `output_padding` of both stride and dilation or more, a
        stride or dilation below 1, negative padding, or an output without elements.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([[[1.0, 2.0]]])
    >>> mg.nn.functional.conv_transpose1d(x, mg.tensor([[[1.0, 10.0]]]), stride=2).tolist()
    [[[1.0, 10.0, 2.0, 20.0]]]
    """
    return _transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Apply the transpose of `conv2d`; the arguments are those of `conv_transpose1d`, over two dimensions.

    Parameters
    ----------
    input : Tensor
    weight : Tensor
        The kernels.
    bias : Tensor, optional
        One number per output channel.
    stride : int or tuple of int, default 1
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    output_padding : int or tuple of int, default 0
        Added to one side of the result.
    groups : int, default 1
        Independent groups of channels.
    dilation : int or tuple of int, default 1
        Distance between the elements of a window.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        As `conv_transpose1d`.
    """
    return _transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Apply the transpose of `conv3d`; the arguments are those of `conv_transpose1d`, over three dimensions.

    Parameters
    ----------
    input : Tensor
    weight : Tensor
        The kernels.
    bias : Tensor, optional
        One number per output channel.
    stride : int or tuple of int, default 1
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    output_padding : int or tuple of int, default 0
        Added to one side of the result.
    groups : int, default 1
        Independent groups of channels.
    dilation : int or tuple of int, default 1
        Distance between the elements of a window.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        As `conv_transpose1d`.
    """
    return _transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)
