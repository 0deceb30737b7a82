"""Pooling: the largest element, the mean or a norm of each window.

Windows are laid down in a table per axis (where each begins and how many inputs it sees), which
covers strides, padding, dilation, ceil_mode and the adaptive forms alike. The largest element is
a choice of places: its gradient puts back what was taken (scatter), and that one's gradient
takes it again (gather). The mean is a fixed linear map, whose gradient is its adjoint.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad._native import check_status, ffi, lib, pointer
from minigrad.nn import _array
from minigrad.nn._dtype import float64
from minigrad.nn._errors import dtype_error, portrait, shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._ops.conv import spread
from minigrad.nn._tensor import Tensor, fresh, result

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]

Sizes = tuple[int, ...]
_LONG, _DOUBLE, _INT = np.dtype(np.int64), np.dtype(np.float64), np.dtype(np.int32)


# --- windows


class Windows:
    """Which inputs each output sees, as the core wants it, and the output's size."""

    def __init__(self, size: Sizes, tables: tuple[Any, ...], step: Sizes) -> None:
        lead = 3 - len(size)
        one = [(0, 1, 1.0)]
        rows = [row for table in (*[one] * lead, *tables) for row in table]
        self.out = tuple(len(table) for table in tables)
        self.windows = np.array([row[:2] for row in rows], _LONG).reshape(-1, 2)
        self.divisors = np.array([row[2] for row in rows], _DOUBLE)
        self.shape: Any = ffi.new("mg_pool_shape_t *")
        self.shape.in_size = [*[1] * lead, *size]
        self.shape.out_size = [*[1] * lead, *self.out]
        self.shape.step = [*[1] * lead, *step]

    def of_planes(self, planes: int) -> Any:
        """Return the C structure for that many planes."""
        shape = ffi.new("mg_pool_shape_t *", self.shape[0])
        shape.planes = planes
        return shape


def _axis(size: int, out: int, kernel: int, stride: int, pad: int, dilation: int, include_pad: bool) -> list[Any]:
    """Return (first, count, divisor) of each window along an axis."""
    table = []
    for o in range(out):
        start = o * stride - pad
        end = start + dilation * (kernel - 1) + 1
        extent = min(end, size + pad) - start
        if start < 0:
            start += -(start // dilation) * dilation
        count = max(0, -(-(min(end, size) - start) // dilation))
        table.append((start, count, float(extent if include_pad else count)))
    return table


@functools.lru_cache(maxsize=512)
def _windows(
    size: Sizes, out: Sizes, kernel: Sizes, stride: Sizes, pad: Sizes, dilation: Sizes, include_pad: bool, divisor: int
) -> Windows:
    tables = [
        _axis(*axis, include_pad)  # type: ignore[call-arg]
        for axis in zip(size, out, kernel, stride, pad, dilation, strict=True)
    ]
    if divisor:
        tables = [[(f, c, 1.0) for f, c, _ in table] for table in tables]
        tables[0] = [(f, c, float(divisor)) for f, c, _ in tables[0]]
    return Windows(size, tuple(tables), dilation)


@functools.lru_cache(maxsize=512)
def _adaptive_windows(size: Sizes, out: Sizes) -> Windows:
    """Output o of m sees the inputs from floor(o n / m) up to, but not including, ceil((o + 1) n / m)."""
    tables = []
    for n, m in zip(size, out, strict=True):
        ends = [(o * n // m, -(-(o + 1) * n // m)) for o in range(m)]
        tables.append([(start, end - start, float(end - start)) for start, end in ends])
    return Windows(size, tuple(tables), (1,) * len(size))


def _out_size(size: int, kernel: int, stride: int, pad: int, dilation: int, ceil_mode: bool) -> int:
    room = size + 2 * pad - dilation * (kernel - 1) - 1
    out = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    # The last window must begin inside the input or the padding before it.
    return out - 1 if ceil_mode and (out - 1) * stride >= size + pad else out


# --- the core


def _of(name: str) -> dict[int, Callable[..., int]]:
    return {4: getattr(lib, f"mg_{name}_f32"), 8: getattr(lib, f"mg_{name}_f64")}


_MAX, _MAX2, _MAX2_BACK = _of("max_pool_forward"), _of("max_pool2_forward"), _of("max_pool2_backward")
_AVG, _AVG_BACK = _of("avg_pool_forward"), _of("avg_pool_backward")
_GATHER, _SCATTER = _of("plane_gather"), _of("plane_scatter")


def _in(array: np.ndarray) -> Any:
    return pointer(_array.contiguous(array))


class MaxPool(Node):
    """The element of each plane that `index` names, for every output."""

    index: np.ndarray
    size: Sizes

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Put each gradient where its element was taken."""
        return (_scatter(grad, self.index, self.size),)


class MaxPool2(Node):
    """The largest of every 2 x 2 elements."""

    tap: np.ndarray
    size: Sizes

    def name(self) -> str:
        return "MaxPoolBackward0"

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Put each gradient where its element was taken."""
        size = self.size
        if mode.enabled:
            return (_scatter(grad, _index_of_taps(self.tap, size), size),)
        dy = grad._data
        dx = _array.empty((*dy.shape[:-2], *size), dy.dtype)
        call = _MAX2_BACK[dy.itemsize]
        check_status(call(math.prod(dy.shape[:-2]), *size, _in(dy), pointer(self.tap), pointer(dx, True)), "max_pool2d")
        return (fresh(dx),)


class ScatterPlanes(Node):
    """The adjoint of `MaxPool`, over planes of `n` dimensions."""

    index: np.ndarray
    n: int

    def name(self) -> str:
        return "MaxPoolBackward0"

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Take the gradient at each place."""
        return (_gather(grad, self.index, self.n),)


def _index_of_taps(tap: np.ndarray, size: Sizes) -> np.ndarray:
    rows = 2 * np.arange(tap.shape[-2], dtype=_INT)[:, None] + (tap >> 1)
    columns = 2 * np.arange(tap.shape[-1], dtype=_INT) + (tap & 1)
    return (rows * size[1] + columns).astype(_INT)


def _scatter(values: Tensor, index: np.ndarray, size: Sizes) -> Tensor:
    y = values._data
    lead = y.shape[: y.ndim - len(size)]
    planes = math.prod(lead)
    x = _array.empty((*lead, *size), y.dtype)
    count = math.prod(y.shape[len(lead) :])
    call = _SCATTER[y.itemsize]
    check_status(call(planes, math.prod(size), count, _in(y), pointer(index), pointer(x, True)), "max_pool")
    return result(x, ScatterPlanes, (values,), index=index, n=len(size))


def _gather(source: Tensor, index: np.ndarray, n: int) -> Tensor:
    x = source._data
    lead, size = x.shape[:-n], x.shape[-n:]
    y = _array.empty(index.shape, x.dtype)
    count = math.prod(index.shape[len(lead) :])
    call = _GATHER[x.itemsize]
    check_status(call(math.prod(lead), math.prod(size), count, _in(x), pointer(index), pointer(y, True)), "max_pool")
    return result(y, MaxPool, (source,), index=index, size=size)


class AvgPool(Node):
    """The mean of each window."""

    table: Windows

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Share each gradient among the window."""
        return (_unaverage(grad, self.table),)


class AvgPoolAdjoint(Node):
    """The adjoint of `AvgPool`."""

    table: Windows

    def name(self) -> str:
        return "AvgPoolBackward0"

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Average the gradient."""
        return (_average(grad, self.table),)


def _average(x: Tensor, table: Windows) -> Tensor:
    data, n = x._data, len(table.out)
    y = _array.empty((*data.shape[:-n], *table.out), data.dtype)
    shape = table.of_planes(math.prod(data.shape[:-n]))
    tables = pointer(table.windows), pointer(table.divisors)
    check_status(_AVG[data.itemsize](shape, *tables, _in(data), pointer(y, True)), "avg_pool")
    return result(y, AvgPool, (x,), table=table)


def _unaverage(dy: Tensor, table: Windows) -> Tensor:
    data, n = dy._data, len(table.out)
    size = tuple(table.shape.in_size)[3 - n :]
    dx = _array.empty((*data.shape[:-n], *size), data.dtype)
    shape = table.of_planes(math.prod(data.shape[:-n]))
    tables = pointer(table.windows), pointer(table.divisors)
    check_status(_AVG_BACK[data.itemsize](shape, *tables, _in(data), pointer(dx, True)), "avg_pool")
    return result(dx, AvgPoolAdjoint, (dy,), table=table)


def _largest(x: Tensor, table: Windows) -> tuple[Tensor, np.ndarray]:
    data, n = x._data, len(table.out)
    y = _array.empty((*data.shape[:-n], *table.out), data.dtype)
    index = _array.empty(y.shape, _INT)
    shape = table.of_planes(math.prod(data.shape[:-n]))
    check_status(
        _MAX[data.itemsize](shape, pointer(table.windows), _in(data), pointer(y, True), pointer(index, True)),
        "max_pool",
    )
    return result(y, MaxPool, (x,), index=index, size=data.shape[-n:]), index


def _largest_of_four(x: Tensor) -> Tensor:
    data = x._data
    size = data.shape[-2:]
    shape = (*data.shape[:-2], size[0] // 2, size[1] // 2)
    y, tap = _array.empty(shape, data.dtype), _array.empty(shape, np.dtype(np.uint8))
    call = _MAX2[data.itemsize]
    check_status(call(math.prod(shape[:-2]), *size, _in(data), pointer(y, True), pointer(tap, True)), "max_pool2d")
    return result(y, MaxPool2, (x,), tap=tap, size=size)


# --- arguments


def _check_input(op: str, input: Any, n: int) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}: input must be a Tensor; got {type(input).__name__}")
    shape = input._data.shape
    if len(shape) not in (n + 1, n + 2) or 0 in shape[-n - 1 :]:
        raise shape_error(
            op, f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size for input", input
        )
    if input._data.dtype.kind == "b":
        raise dtype_error(op, "not implemented for 'Bool'", input)
    return input


def _plan(
    op: str,
    n: int,
    input: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    include_pad: bool = True,
    divisor: int = 0,
) -> tuple[Windows, bool]:
    """Return the windows, and whether they are 2 x 2 side by side."""
    kernel = spread(op, "kernel_size", kernel_size, n, 1)
    empty = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    strides = kernel if empty else spread(op, "stride", stride, n, 1)
    dilations = spread(op, "dilation", dilation, n, 1)
    pads = spread(op, "padding", padding, n, 0)
    if any(2 * p > d * (k - 1) + 1 for p, k, d in zip(pads, kernel, dilations, strict=True)):
        raise RuntimeError(
            f"{op}: pad should be at most half of effective kernel size; got padding {padding!r}, "
            f"kernel_size {kernel_size!r}, dilation {dilation!r}"
        )
    size = input._data.shape[-n:]
    out = tuple(
        _out_size(s, k, t, p, d, ceil_mode)
        for s, k, t, p, d in zip(size, kernel, strides, pads, dilations, strict=True)
    )
    if min(out) < 1:
        raise shape_error(op, f"Given the input and kernel_size {kernel}, the output size {out} is too small", input)
    table = _windows(size, out, kernel, strides, pads, dilations, bool(include_pad), divisor)
    if (table.windows[:, 1] < 1).any():
        raise shape_error(op, f"a dilated window of kernel_size {kernel} sees no element", input)
    plain = n == 2 and kernel == strides == (2, 2) and pads == (0, 0) and dilations == (1, 1)
    return table, plain and out == (size[0] // 2, size[1] // 2)


def _max_pool(
    op: str,
    n: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    x = _check_input(op, input, n)
    if x._data.dtype.kind != "f":
        # Exact for integers below 2^53.
        made = _max_pool(op, n, x.to(float64), kernel_size, stride, padding, dilation, ceil_mode, True)
        return (made[0].to(x.dtype), made[1]) if return_indices else made[0].to(x.dtype)
    table, plain = _plan(op, n, x, kernel_size, stride, padding, dilation, ceil_mode)
    if plain and not return_indices:
        return _largest_of_four(x)
    y, index = _largest(x, table)
    return (y, fresh(index.astype(_LONG))) if return_indices else y


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of sequences.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, length) or (channels, length)
    kernel_size : int or tuple of one int
        How many elements a window sees.
    stride : int or tuple of one int, optional
        From one window to the next; `kernel_size` by default.
    padding : int or tuple of one int, default 0
        Elements before the first and after the last, smaller than all others; at most half the window.
    dilation : int or tuple of one int, default 1
        From one element of a window to the next.
    ceil_mode : bool, default False
        Let the last window reach beyond the padding, if it begins before.
    return_indices : bool, default False
        Return also where each element was, counted within its channel.

    Returns
    -------
    Tensor, or (Tensor, Tensor of int64)

    Raises
    ------
    RuntimeError
        For an input of other dimensions or without elements, sizes below 1, more padding than half a
        window, or an output without elements.

    Notes
    -----
    NaN counts as larger than any number. Of equal elements the first is taken, in the gradient too.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.max_pool1d(mg.tensor([[1.0, 5.0, 2.0, 3.0]]), 2).tolist()
    [[5.0, 3.0]]
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of images; as `max_pool1d`, over two dimensions.

    Parameters
    ----------
    input : Tensor
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    dilation : int or tuple of int, default 1
        Distance between the elements of a window.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.
    return_indices : bool, default False
        Return the positions of the maxima too.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.max_pool2d(mg.arange(16.0).reshape(1, 4, 4), 2).tolist()
    [[[5.0, 7.0], [13.0, 15.0]]]
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of volumes; as `max_pool1d`, over three dimensions.

    Parameters
    ----------
    input : Tensor
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    dilation : int or tuple of int, default 1
        Distance between the elements of a window.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.
    return_indices : bool, default False
        Return the positions of the maxima too.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.
    """
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _avg_pool(
    op: str,
    n: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: Any,
) -> Tensor:
    x = _check_input(op, input, n)
    if divisor_override is not None and divisor_override == 0:
        raise RuntimeError(f"{op}: divisor must be not zero; got divisor_override 0")
    if x._data.dtype.kind != "f":
        if x._data.dtype != _LONG:
            raise dtype_error(op, "not implemented for this type", x)
        made = _avg_pool(
            op, n, x.to(float64), kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        )
        return made.to(x.dtype)  # type: ignore[no-any-return]
    table, _ = _plan(
        op, n, x, kernel_size, stride, padding, 1, ceil_mode, count_include_pad, int(divisor_override or 0)
    )
    return _average(x, table)


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the mean of each window of sequences.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, length) or (channels, length)
    kernel_size, stride, padding, ceil_mode
        As in `max_pool1d`; the padding holds zeros.
    count_include_pad : bool, default True
        Divide by the number of elements with the padding's, or only by those of the input.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.avg_pool1d(mg.tensor([[1.0, 5.0, 2.0, 3.0]]), 2).tolist()
    [[3.0, 2.5]]
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window of images; as `avg_pool1d`, over two dimensions.

    `divisor_override`, if given, is what every sum is divided by.

    Parameters
    ----------
    input : Tensor
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.
    count_include_pad : bool, default True
        Count the padding in the mean.
    divisor_override : int, optional
        Divide by this instead of the count.

    Raises
    ------
    RuntimeError
        As `max_pool1d`, and for a `divisor_override` of zero.
    """
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window of volumes; as `avg_pool2d`, over three dimensions.

    Parameters
    ----------
    input : Tensor
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.
    count_include_pad : bool, default True
        Count the padding in the mean.
    divisor_override : int, optional
        Divide by this instead of the count.

    Raises
    ------
    RuntimeError
        As `avg_pool2d`.
    """
    return _avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


# --- adaptive


def _adaptive(op: str, n: int, input: Any, output_size: Any) -> tuple[Tensor, Windows]:
    if n > 1 and isinstance(input, Tensor) and input._data.ndim <= n:
        raise ValueError(f"{op}: Input dimension should be at least {n + 1}; got {portrait(input)}")
    x = _check_input(op, input, n)
    size = x._data.shape[-n:]
    wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * n
    if len(wanted) != n:
        raise RuntimeError(f"{op}: output_size must be an int or {n} of them; got {output_size!r}")
    filled = tuple(s if w is None else w for s, w in zip(size, wanted, strict=True))
    out = spread(op, "output_size", filled, n, 0)
    if x._data.dtype.kind != "f":
        raise dtype_error(op, "not implemented for this type", x)
    return x, _adaptive_windows(size, out)


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Return the means of `output_size` windows that cover the length evenly.

    Output o of m sees the elements from ``floor(o n / m)`` up to ``ceil((o + 1) n / m)`` of n.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.

    Raises
    ------
    RuntimeError
        For an input of other dimensions or without elements, or a negative size.
    ValueError
        In two and three dimensions, for an input of too few.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.adaptive_avg_pool1d(mg.tensor([[1.0, 2.0, 3.0]]), 2).tolist()
    [[1.5, 2.5]]
    """
    return _average(*_adaptive("adaptive_avg_pool1d", 1, input, output_size))


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Return the means of windows that cover the image evenly; None in `output_size` keeps that size.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.

    Raises
    ------
    RuntimeError
        As `adaptive_avg_pool1d`.
    """
    return _average(*_adaptive("adaptive_avg_pool2d", 2, input, output_size))


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Return the means of windows that cover the volume evenly; None in `output_size` keeps that size.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.

    Raises
    ------
    RuntimeError
        As `adaptive_avg_pool1d`.
    """
    return _average(*_adaptive("adaptive_avg_pool3d", 3, input, output_size))


def _adaptive_max(op: str, n: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    y, index = _largest(*_adaptive(op, n, input, output_size))
    return (y, fresh(index.astype(_LONG))) if return_indices else y


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the largest elements of `output_size` windows that cover the length evenly.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.
    return_indices : bool, default False
        Return the positions of the maxima too.

    Raises
    ------
    RuntimeError
        As `adaptive_avg_pool1d`.
    """
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the largest elements of windows that cover the image evenly.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.
    return_indices : bool, default False
        Return the positions of the maxima too.

    Raises
    ------
    RuntimeError
        As `adaptive_avg_pool1d`.
    """
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the largest elements of windows that cover the volume evenly.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.
    return_indices : bool, default False
        Return the positions of the maxima too.

    Raises
    ------
    RuntimeError
        As `adaptive_avg_pool1d`.
    """
    return _adaptive_max("adaptive_max_pool3d", 3, input, output_size, return_indices)


# --- norms


def _lp_pool(
    op: str, n: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Tensor:
    kernel = spread(op, "kernel_size", kernel_size, n, 1)
    mean = _avg_pool(op, n, input**norm_type, kernel, stride, 0, ceil_mode, True, None)
    total = (mean.sign() * mean.abs().relu()) * math.prod(kernel)
    made: Tensor = total ** (1.0 / norm_type)
    return made


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """Return ``(sum of x ** p) ** (1 / p)`` of each window, p = `norm_type`.

    Parameters
    ----------
    input : Tensor
    norm_type : float
        The exponent p.
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.
    """
    return _lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """Return ``(sum of x ** p) ** (1 / p)`` of each window of images, p = `norm_type`.

    Parameters
    ----------
    input : Tensor
    norm_type : float
        The exponent p.
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.
    """
    return _lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """Return ``(sum of x ** p) ** (1 / p)`` of each window of volumes, p = `norm_type`.

    Parameters
    ----------
    input : Tensor
    norm_type : float
        The exponent p.
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.
    """
    return _lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


# --- and back


class MaxUnpool(Node):
    """Each element at its place in a plane of zeros."""

    index: np.ndarray
    n: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Take the gradient at each place."""
        return (_gather(grad, self.index, self.n),)


def _max_unpool(
    op: str, n: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    x = _check_input(op, input, n)
    if not isinstance(indices, Tensor) or indices._data.dtype != _LONG:
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
    return result(y.reshape(*lead, *out), MaxUnpool, (x,), index=np.ascontiguousarray(index, _INT), n=n)


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
