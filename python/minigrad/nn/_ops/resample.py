"""Padding, interpolation, pixels and channels exchanged, and the columns of a convolution.

All of it is linear in the input, and each gradient is the adjoint map. Padding with a constant
is undone by cropping, which is the same function with the signs of the widths changed.
The other modes and every interpolation act along one axis after another, each output a
fixed combination of a few inputs, laid down in a table of places and weights.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad._native import check_status, lib, pointer
from minigrad.nn import _array
from minigrad.nn._dtype import bool_, float32
from minigrad.nn._errors import dtype_error, portrait, shape_error
from minigrad.nn._graph import Node
from minigrad.nn._ops.conv import Geometry, geometry, spread
from minigrad.nn._ops.pool import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from minigrad.nn._ops.shape import permute, reshape
from minigrad.nn._tensor import Tensor, fresh, result

__all__ = [
    "channel_shuffle",
    "fold",
    "interpolate",
    "pad",
    "pixel_shuffle",
    "pixel_unshuffle",
    "upsample",
]

Sizes = tuple[int, ...]
_LONG, _DOUBLE = np.dtype(np.int64), np.dtype(np.float64)


# --- along one axis


class Table:
    """Of each output along an axis: the inputs it combines, and their weights."""

    def __init__(self, size: int, places: np.ndarray, weights: np.ndarray | None = None) -> None:
        self.size = size
        self.places = np.ascontiguousarray(places, _LONG)
        self.weights = np.ones(self.places.shape) if weights is None else np.ascontiguousarray(weights, _DOUBLE)


class Resample(Node):
    """y = table applied along an axis."""

    axis: int
    table: Table

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Apply the adjoint."""
        return (_along_back(grad, self.axis, self.table),)


class ResampleAdjoint(Node):
    """The adjoint of `Resample`."""

    axis: int
    table: Table

    def name(self) -> str:
        return "ResampleBackward0"

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Apply the table."""
        return (_along(grad, self.axis, self.table),)


_CALLS = {
    (4, False): lib.mg_resample_forward_f32,
    (8, False): lib.mg_resample_forward_f64,
    (4, True): lib.mg_resample_backward_f32,
    (8, True): lib.mg_resample_backward_f64,
}


def _run(data: np.ndarray, axis: int, table: Table, back: bool) -> np.ndarray:
    out, taps = table.places.shape
    shape = data.shape
    made = _array.empty((*shape[:axis], table.size if back else out, *shape[axis + 1 :]), data.dtype)
    sizes = math.prod(shape[:axis]), table.size, out, math.prod(shape[axis + 1 :]), taps
    tables = pointer(table.places), pointer(table.weights)
    source = pointer(_array.contiguous(data))
    check_status(_CALLS[data.itemsize, back](*sizes, *tables, source, pointer(made, True)), "resample")
    return made


def _along(x: Tensor, axis: int, table: Table) -> Tensor:
    data = x._data
    if data.dtype.kind != "f":
        return fresh(np.take(data, table.places[:, 0], axis))
    return result(_run(data, axis, table, False), Resample, (x,), axis=axis, table=table)


def _along_back(dy: Tensor, axis: int, table: Table) -> Tensor:
    return result(_run(dy._data, axis, table, True), ResampleAdjoint, (dy,), axis=axis, table=table)


# --- padding


class ConstantPad(Node):
    """A copy with borders added, or cropped where a width is negative."""

    widths: tuple[tuple[int, int], ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Crop what was added, add zeros where it was cropped."""
        return (_constant(grad, tuple((-a, -b) for a, b in self.widths), 0.0),)


def _constant(x: Tensor, widths: tuple[tuple[int, int], ...], value: float) -> Tensor:
    data = x._data
    shape = tuple(s + a + b for s, (a, b) in zip(data.shape, widths, strict=True))
    if min(shape, default=0) < 0:
        raise shape_error("pad", f"The input size plus negative padding gives a negative size, {shape}", x)
    out = _array.empty(shape, data.dtype)
    out.fill(value)
    inside = tuple(slice(max(a, 0), n - max(b, 0)) for n, (a, b) in zip(shape, widths, strict=True))
    source = tuple(slice(max(-a, 0), s - max(-b, 0)) for s, (a, b) in zip(data.shape, widths, strict=True))
    if all(part.stop > part.start for part in source):
        out[inside] = data[source]
    return result(out, ConstantPad, (x,), widths=widths)


@functools.lru_cache(maxsize=512)
def _border_table(mode: str, size: int, before: int, after: int) -> Table:
    at = np.arange(-before, size + after)
    if mode == "replicate":
        at = np.clip(at, 0, size - 1)
    elif mode == "circular":
        # What is cropped takes no part.
        low, length = max(-before, 0), size - max(-before, 0) - max(-after, 0)
        at = low + (np.arange(length + max(before, 0) + max(after, 0)) - max(before, 0)) % max(length, 1)
    else:
        period = max(2 * (size - 1), 1)
        at %= period
        at = np.where(at >= size, period - at, at)
    return Table(size, at[:, None])


def _check_border(mode: str, input: Tensor, axis: int, before: int, after: int) -> None:
    size = input._data.shape[axis]
    most = max(before, after)
    if mode == "reflect" and most >= size:
        raise shape_error(
            "pad", f"Padding size should be less than the corresponding input dimension, but got: padding "
            f"({before}, {after}) at dimension {axis}", input,
        )  # fmt: skip
    if mode == "circular" and most > size:
        raise shape_error(
            "pad", f"Padding value causes wrapping around more than once: padding ({before}, {after}) at "
            f"dimension {axis}", input,
        )  # fmt: skip
    if size + before + after < 0 or (size + before + after < 1 and mode != "circular") or size < 1:
        raise shape_error(
            "pad", f"Expected a non-empty input and output: padding ({before}, {after}) at dimension {axis}", input
        )


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Add borders to the last dimensions of a tensor.

    Parameters
    ----------
    input : Tensor
    pad : sequence of an even number of ints
        Widths before and after, in pairs, the last dimension first. Negative widths crop.
    mode : {"constant", "reflect", "replicate", "circular"}
        What the borders hold: `value`; the inside mirrored at the outermost elements; these
        elements; the opposite side. All but the first pad the last one, two or three of the
        dimensions, behind one or two that are left alone.
    value : float, optional
        For ``"constant"``; 0 by default.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        For an odd number of widths or more pairs than dimensions, a width beyond what the mode can
        fill, sizes that become negative, or an unknown mode.
    ValueError
        If `value` is given for another mode than ``"constant"``.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([[1.0, 2.0, 3.0]])
    >>> mg.nn.functional.pad(x, (1, 2)).tolist()
    [[0.0, 1.0, 2.0, 3.0, 0.0, 0.0]]
    >>> mg.nn.functional.pad(x, (2, 1), mode="reflect").tolist()
    [[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]]
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"pad: input must be a Tensor; got {type(input).__name__}")
    pairs = [int(p) for p in pad]
    ndim = input._data.ndim
    if len(pairs) % 2 != 0:
        raise RuntimeError(f"pad: Padding length must be divisible by 2; got {len(pairs)} widths")
    if len(pairs) > 2 * ndim:
        raise shape_error(
            "pad", f"Padding length should be at most twice the number of dimensions, {len(pairs)}", input
        )
    if mode == "constant":
        widths = [(0, 0)] * (ndim - len(pairs) // 2) + list(zip(pairs[0::2], pairs[1::2], strict=True))[::-1]
        return _constant(input, tuple(widths), 0.0 if value is None else value)
    if value is not None and value != 0:
        raise ValueError(f"pad: Padding mode {mode!r} doesn't take in value argument; got {value!r}")
    if mode not in ("reflect", "replicate", "circular"):
        raise RuntimeError(f"pad: Unrecognised padding mode {mode!r}")
    axes = len(pairs) // 2
    if axes not in (1, 2, 3) or ndim not in (axes + 1, axes + 2):
        raise RuntimeError(
            "pad: Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: the last 1, 2 or 3 "
            f"dimensions behind 1 or 2 others; got {len(pairs)} widths and {portrait(input)}"
        )
    made = input
    for i in range(axes):
        axis, before, after = ndim - 1 - i, pairs[2 * i], pairs[2 * i + 1]
        _check_border(mode, input, axis, before, after)
        if before or after:
            made = _along(made, axis, _border_table(mode, input._data.shape[axis], before, after))
    return made if made is not input else _constant(input, ((0, 0),) * ndim, 0.0)


# --- interpolation


def _cubic(x: np.ndarray, a: float) -> np.ndarray:
    """Keys's cubic convolution kernel with slope `a` at 1."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    value: np.ndarray = np.where(x <= 1, near, np.where(x < 2, far, 0.0))
    return value


def _triangle(x: np.ndarray) -> np.ndarray:
    value: np.ndarray = np.maximum(1 - np.abs(x), 0)
    return value


def _source(out: int, size: int, scale: float, align: bool, kind: Any) -> np.ndarray:
    """Return where the centres of the outputs lie among the inputs, in the element type's arithmetic."""
    o: np.ndarray = np.arange(out, dtype=kind)
    if align:
        o *= kind((size - 1) / (out - 1) if out > 1 else 0.0)
        return o
    o += kind(0.5)
    o *= kind(scale)
    o -= kind(0.5)
    return o


@functools.lru_cache(maxsize=256)
def _interpolation(mode: str, size: int, out: int, scale: float, align: bool, antialias: bool, kind: Any) -> Table:
    """Return the table of one axis; `scale` is inputs per output."""
    if mode in ("nearest", "nearest-exact"):
        # The field computes these places in float32 whatever the elements are.
        o = np.arange(out, dtype=np.float32) + np.float32(0.5 if mode == "nearest-exact" else 0.0)
        return Table(size, np.minimum((o * np.float32(scale)).astype(_LONG), size - 1)[:, None])
    if antialias:
        return _antialiased(mode, size, out, (size - 1) / (out - 1) if align and out > 1 else scale)
    at = _source(out, size, scale, align, kind)
    if mode == "bicubic":
        first = np.floor(at)
        step = (at - first)[:, None].astype(np.float64)
        taps = np.arange(-1, 3)
        places = np.clip(first.astype(_LONG)[:, None] + taps, 0, size - 1)
        return Table(size, places, _cubic(step - taps, -0.75))
    at = np.maximum(at, 0)
    first = np.minimum(at.astype(_LONG), size - 1)
    step = np.clip(at - first.astype(kind), 0, 1).astype(np.float64)
    return Table(size, np.stack([first, np.minimum(first + 1, size - 1)], 1), np.stack([1 - step, step], 1))


def _antialiased(mode: str, size: int, out: int, scale: float) -> Table:
    """Stretch the kernel over `scale` inputs where the axis shrinks, and let its weights add up to 1."""
    stretch = max(scale, 1.0)
    reach = (2.0 if mode == "bicubic" else 1.0) * stretch
    centres = scale * (np.arange(out) + 0.5)
    first = np.maximum((centres - reach + 0.5).astype(_LONG), 0)
    last = np.minimum((centres + reach + 0.5).astype(_LONG), size)
    taps = np.arange(max(int((last - first).max(initial=1)), 1))
    places = first[:, None] + taps
    distance = (places - centres[:, None] + 0.5) / stretch
    weights = _cubic(distance, -0.5) if mode == "bicubic" else _triangle(distance)
    weights = np.where(places < last[:, None], weights, 0.0)
    return Table(size, np.minimum(places, size - 1), weights / weights.sum(1, keepdims=True))


_MODES = {1: ("linear",), 2: ("bilinear", "bicubic"), 3: ("trilinear",)}


def _output(input: Tensor, size: Any, scale_factor: Any, recompute: bool | None) -> tuple[Sizes, list[float]]:
    """Return the output's sizes, and inputs per output along each axis."""
    spatial = input._data.shape[2:]
    n = len(spatial)
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"interpolate: only one of size or scale_factor should be defined; got {size!r} and {scale_factor!r}"
        )
    given = size if scale_factor is None else scale_factor
    values = tuple(given) if isinstance(given, (tuple, list)) else (given,) * n
    if len(values) != n:
        raise ValueError(
            f"interpolate: Input and output must have the same number of spatial dimensions; got {given!r} for "
            f"{portrait(input)}"
        )
    if scale_factor is None:
        if recompute:
            raise ValueError("interpolate: recompute_scale_factor is not meaningful with an explicit size")
        out = spread("interpolate", "size", values, n, 0)
    else:
        out = tuple(math.floor(s * float(f)) for s, f in zip(spatial, values, strict=True))
    if min(out) < 1 or min(spatial) < 1:
        raise shape_error("interpolate", f"Input and output sizes should be greater than 0, output {out}", input)
    exact = scale_factor is not None and not recompute
    ratios = [1.0 / float(f) if exact else s / o for s, o, f in zip(spatial, out, values, strict=True)]
    return out, ratios


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Resize images, sequences or volumes.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, ...)
        One to three spatial dimensions.
    size : int or sequence of ints, optional
        Of the output.
    scale_factor : float or sequence of floats, optional
        Output size over input size; exactly one of it and `size` is given.
    mode : str, default "nearest"
        "nearest" (the input at the beginning of the output's cell), "nearest-exact" (at its centre),
        "linear", "bilinear" or "bicubic", "trilinear" for one, two, three dimensions, or "area" (the mean of
        the inputs below the output's cell).
    align_corners : bool, optional
        For the linear and cubic modes: let the centres of the outermost elements fall together
        (True), or the edges (False, the default).
    recompute_scale_factor : bool, optional
        Take the scale from the sizes instead of `scale_factor`.
    antialias : bool, default False
        For "bilinear" and "bicubic": widen the kernel where the image shrinks.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        Unless exactly one of `size` and `scale_factor` is given, with as many elements as there are
        spatial dimensions; for `align_corners` or `antialias` in a mode that has none.
    RuntimeError
        For a mode that the number of dimensions does not have, or an empty input or output.

    References
    ----------
    R. Keys (1981), Cubic convolution interpolation for digital image processing, equation 15, with slope -3/4
    (-1/2 with `antialias`).

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([[[0.0, 4.0]]])
    >>> mg.nn.functional.interpolate(x, size=4, mode="linear").tolist()
    [[[0.0, 1.0, 3.0, 4.0]]]
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"interpolate: input must be a Tensor; got {type(input).__name__}")
    n = input._data.ndim - 2
    if align_corners is not None and mode in ("nearest", "nearest-exact", "area"):
        raise ValueError(
            "interpolate: align_corners option can only be set with the interpolating modes: linear | bilinear | "
            f"bicubic | trilinear; got mode {mode!r}"
        )
    if antialias and (mode not in ("bilinear", "bicubic") or n != 2):
        raise ValueError(
            "interpolate: Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor; "
            f"got mode {mode!r} and {portrait(input)}"
        )
    if n not in _MODES or mode not in ("nearest", "nearest-exact", "area", *_MODES[n]):
        raise RuntimeError(
            "interpolate: Only 3D, 4D and 5D input Tensors supported, with modes nearest | nearest-exact | area, "
            f"linear (3D), bilinear | bicubic (4D), trilinear (5D); got mode {mode!r} and {portrait(input)}"
        )
    out, ratios = _output(input, size, scale_factor, recompute_scale_factor)
    if mode == "area":
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[n - 1](input, out)
    if input._data.dtype.kind != "f" and (not mode.startswith("nearest") or input._data.dtype != np.uint8):
        raise dtype_error("interpolate", f"mode {mode!r} is not implemented for this type", input)
    kind = np.float32 if input._data.itemsize == 4 else np.float64
    made = input
    for axis in range(n + 1, 1, -1):
        extent = input._data.shape[axis], out[axis - 2]
        table = _interpolation(mode, *extent, ratios[axis - 2], bool(align_corners), bool(antialias), kind)
        made = _along(made, axis, table)
    return made


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """Resize: the older name of `interpolate`.

    Parameters
    ----------
    input : Tensor
    size : int or tuple of int, optional
        Extents of the result.
    scale_factor : float or tuple of float, optional
        Factor of each extent.
    mode : str, default "nearest"
        As for `interpolate`.
    align_corners : bool, optional
        Whether corner pixels keep their places.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        As `interpolate`.
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


# --- pixels and channels


def _shuffle_input(op: str, input: Any, factor: Any, name: str) -> int:
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}: input must be a Tensor; got {type(input).__name__}")
    if isinstance(factor, bool) or not hasattr(factor, "__index__"):
        raise TypeError(f"{op}: {name} must be an int; got {factor!r}")
    if input._data.ndim < 3:
        raise shape_error(op, "expects input to have at least 3 dimensions", input)
    if factor.__index__() < 1:
        raise RuntimeError(f"{op}: expects a positive {name}; got {factor!r}")
    return int(factor)


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Make pixels of channels: (..., C r^2, H, W) to (..., C, H r, W r), r = `upscale_factor`.

    Parameters
    ----------
    input : Tensor
    upscale_factor : int

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        For fewer than three dimensions, a factor below 1, or channels that its square does not divide.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.pixel_shuffle(mg.arange(4.0).reshape(4, 1, 1), 2).tolist()
    [[[0.0, 1.0], [2.0, 3.0]]]
    """
    r = _shuffle_input("pixel_shuffle", input, upscale_factor, "upscale_factor")
    *lead, channels, height, width = input._data.shape
    if channels % (r * r) != 0:
        raise shape_error(
            "pixel_shuffle", f"expects its input's 'channel' dimension to be divisible by the square of {r}", input
        )
    k = len(lead)
    parts = reshape(input, (*lead, channels // (r * r), r, r, height, width))
    order = (*range(k), k, k + 3, k + 1, k + 4, k + 2)
    return reshape(permute(parts, order), (*lead, channels // (r * r), height * r, width * r))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Make channels of pixels: the inverse of `pixel_shuffle`.

    Parameters
    ----------
    input : Tensor
    downscale_factor : int

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        For fewer than three dimensions, a factor below 1, or sizes that it does not divide.
    """
    r = _shuffle_input("pixel_unshuffle", input, downscale_factor, "downscale_factor")
    *lead, channels, height, width = input._data.shape
    if height % r or width % r:
        raise shape_error("pixel_unshuffle", f"expects height and width to be divisible by downscale_factor {r}", input)
    k = len(lead)
    parts = reshape(input, (*lead, channels, height // r, r, width // r, r))
    order = (*range(k), k, k + 2, k + 4, k + 1, k + 3)
    return reshape(permute(parts, order), (*lead, channels * r * r, height // r, width // r))


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Deal the channels of (batch, channels, ...) out: the first of every group, then the second of every group ...

    Parameters
    ----------
    input : Tensor
    groups : int, default 1
        Independent groups of channels.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        For fewer than three dimensions, or groups that do not divide the channels.
    """
    g = _shuffle_input("channel_shuffle", input, groups, "groups")
    batch, channels, *rest = input._data.shape
    if channels % g != 0:
        raise shape_error("channel_shuffle", f"Number of channels must be divisible by groups {g}", input)
    parts = reshape(input, (batch, g, channels // g, *rest))
    order = (0, 2, 1, *range(3, 3 + len(rest)))
    return reshape(permute(parts, order), (batch, channels, *rest))


# --- columns


class Columns(Node):
    """The columns of an image."""

    geometry: Geometry

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Add the columns up again."""
        return (_fold(grad, self.geometry),)


class Image(Node):
    """The sum of columns in an image."""

    geometry: Geometry

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Take the columns."""
        return (_unfold(grad, self.geometry),)


_UNFOLD = {4: lib.mg_conv_unfold_f32, 8: lib.mg_conv_unfold_f64}
_FOLD = {4: lib.mg_conv_fold_f32, 8: lib.mg_conv_fold_f64}


def _unfold(x: Tensor, g: Geometry) -> Tensor:
    data = x._data
    shape = (data.shape[0], g.in_channels * math.prod(g.kernel), math.prod(g.out_size))
    out = _array.empty(shape, data.dtype)
    source = pointer(_array.contiguous(data))
    check_status(_UNFOLD[data.itemsize](g.shape, source, pointer(out, True)), "unfold")
    return result(out, Columns, (x,), geometry=g)


def _fold(columns: Tensor, g: Geometry) -> Tensor:
    data = columns._data
    out = _array.empty((data.shape[0], g.in_channels, *g.in_size), data.dtype)
    source = pointer(_array.contiguous(data))
    check_status(_FOLD[data.itemsize](g.shape, source, pointer(out, True)), "fold")
    return result(out, Image, (columns,), geometry=g)


def _column_geometry(
    op: str, x: Tensor, channels: int, size: Sizes, kernel: Any, dilation: Any, padding: Any, stride: Any
) -> Geometry:
    kernels, dilations = spread(op, "kernel_size", kernel, 2, 1), spread(op, "dilation", dilation, 2, 1)
    pads, strides = spread(op, "padding", padding, 2, 0), spread(op, "stride", stride, 2, 1)
    out = tuple(
        (s + 2 * p - d * (k - 1) - 1) // t + 1
        for s, p, d, k, t in zip(size, pads, dilations, kernels, strides, strict=True)
    )
    if min(out) < 1:
        raise shape_error(op, f"the shape of the array of sliding blocks, calculated as {out}, must be at least one", x)
    return geometry(x._data.shape[0], (1, channels, 1), (size, out, kernels), (strides, pads, dilations))


def _float_only(op: str, input: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}: input must be a Tensor; got {type(input).__name__}")
    if input._data.dtype.kind != "f":
        raise dtype_error(op, "not implemented for this type", input)
    return input


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Return the blocks of an image that a convolution multiplies, as columns (im2col).

    Parameters
    ----------
    input : Tensor of shape (batch, channels, height, width) or (channels, height, width)
    kernel_size, dilation, padding, stride : int or pair of ints
        As in `conv2d`.

    Returns
    -------
    Tensor of shape (batch, channels * kernel elements, output positions)

    Raises
    ------
    RuntimeError
        For an input of other dimensions or without elements, or no block that fits.
    """
    if isinstance(input, Tensor) and input._data.dtype.kind == "b":
        return unfold(input.to(float32), kernel_size, dilation, padding, stride).to(bool_)  # type: ignore[no-any-return]
    x = _float_only("unfold", input)
    if x._data.ndim not in (3, 4) or 0 in x._data.shape[-3:]:
        raise shape_error("unfold", "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size", x)
    if x._data.ndim == 3:
        made = unfold(reshape(x, (1, *x._data.shape)), kernel_size, dilation, padding, stride)
        return reshape(made, made._data.shape[1:])
    size = x._data.shape[2:]
    return _unfold(x, _column_geometry("unfold", x, x._data.shape[1], size, kernel_size, dilation, padding, stride))


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Add columns up in an image (col2im): the adjoint of `unfold`.

    Parameters
    ----------
    input : Tensor of shape (batch, channels * kernel elements, blocks), or without the batch
    output_size : int or pair of ints
        The image's.
    kernel_size, dilation, padding, stride : int or pair of ints
        As in `unfold`.

    Returns
    -------
    Tensor of shape (batch, channels, *output_size)

    Raises
    ------
    RuntimeError
        For shapes that do not fit.
    """
    if isinstance(input, Tensor) and input._data.dtype.kind == "b":
        made = fold(input.to(float32), output_size, kernel_size, dilation, padding, stride)
        return made.to(bool_)  # type: ignore[no-any-return]
    x = _float_only("fold", input)
    if x._data.ndim not in (2, 3) or 0 in x._data.shape[-2:]:
        raise shape_error("fold", "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size", x)
    if x._data.ndim == 2:
        made = fold(reshape(x, (1, *x._data.shape)), output_size, kernel_size, dilation, padding, stride)
        return reshape(made, made._data.shape[1:])
    size = spread("fold", "output_size", output_size, 2, 1)
    taps = math.prod(spread("fold", "kernel_size", kernel_size, 2, 1))
    rows, blocks = x._data.shape[1:]
    if rows % taps != 0:
        raise shape_error(
            "fold", f"Expected size of input's dimension 1 to be divisible by the product of kernel_size, {taps}", x
        )
    g = _column_geometry("fold", x, rows // taps, size, kernel_size, dilation, padding, stride)
    if math.prod(g.out_size) != blocks:
        raise shape_error(
            "fold", f"Expected size of input's dimension 2 to match the calculated number of sliding blocks "
            f"{g.out_size[0]} * {g.out_size[1]} = {math.prod(g.out_size)}", x,
        )  # fmt: skip
    return _fold(x, g)
