"""Windows over planes: where each lies, and the largest element, the mean or a choice of places in it.

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
from minigrad.nn._errors import dtype_error, shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._tensor import Tensor, fresh, result

__all__ = [
    "INT",
    "LONG",
    "Sizes",
    "Windows",
    "adaptive_windows",
    "average",
    "check_input",
    "gather",
    "largest",
    "largest_of_four",
    "out_size",
    "windows",
]

Sizes = tuple[int, ...]
LONG, INT = np.dtype(np.int64), np.dtype(np.int32)
_DOUBLE = np.dtype(np.float64)


class Windows:
    """Which inputs each output sees, as the core wants it, and the output's size."""

    def __init__(self, size: Sizes, tables: tuple[Any, ...], step: Sizes) -> None:
        lead = 3 - len(size)
        one = [(0, 1, 1.0)]
        rows = [row for table in (*[one] * lead, *tables) for row in table]
        self.out = tuple(len(table) for table in tables)
        self.windows = np.array([row[:2] for row in rows], LONG).reshape(-1, 2)
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
def windows(
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
def adaptive_windows(size: Sizes, out: Sizes) -> Windows:
    """Output o of m sees the inputs from floor(o n / m) up to, but not including, ceil((o + 1) n / m)."""
    tables = []
    for n, m in zip(size, out, strict=True):
        ends = [(o * n // m, -(-(o + 1) * n // m)) for o in range(m)]
        tables.append([(start, end - start, float(end - start)) for start, end in ends])
    return Windows(size, tuple(tables), (1,) * len(size))


def out_size(size: int, kernel: int, stride: int, pad: int, dilation: int, ceil_mode: bool) -> int:
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
        return (gather(grad, self.index, self.n),)


def _index_of_taps(tap: np.ndarray, size: Sizes) -> np.ndarray:
    rows = 2 * np.arange(tap.shape[-2], dtype=INT)[:, None] + (tap >> 1)
    columns = 2 * np.arange(tap.shape[-1], dtype=INT) + (tap & 1)
    return (rows * size[1] + columns).astype(INT)


def _scatter(values: Tensor, index: np.ndarray, size: Sizes) -> Tensor:
    y = values._data
    lead = y.shape[: y.ndim - len(size)]
    planes = math.prod(lead)
    x = _array.empty((*lead, *size), y.dtype)
    count = math.prod(y.shape[len(lead) :])
    call = _SCATTER[y.itemsize]
    check_status(call(planes, math.prod(size), count, _in(y), pointer(index), pointer(x, True)), "max_pool")
    return result(x, ScatterPlanes, (values,), index=index, n=len(size))


def gather(source: Tensor, index: np.ndarray, n: int) -> Tensor:
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
        return (average(grad, self.table),)


def average(x: Tensor, table: Windows) -> Tensor:
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


def largest(x: Tensor, table: Windows) -> tuple[Tensor, np.ndarray]:
    data, n = x._data, len(table.out)
    y = _array.empty((*data.shape[:-n], *table.out), data.dtype)
    index = _array.empty(y.shape, INT)
    shape = table.of_planes(math.prod(data.shape[:-n]))
    check_status(
        _MAX[data.itemsize](shape, pointer(table.windows), _in(data), pointer(y, True), pointer(index, True)),
        "max_pool",
    )
    return result(y, MaxPool, (x,), index=index, size=data.shape[-n:]), index


def largest_of_four(x: Tensor) -> Tensor:
    data = x._data
    size = data.shape[-2:]
    shape = (*data.shape[:-2], size[0] // 2, size[1] // 2)
    y, tap = _array.empty(shape, data.dtype), _array.empty(shape, np.dtype(np.uint8))
    call = _MAX2[data.itemsize]
    check_status(call(math.prod(shape[:-2]), *size, _in(data), pointer(y, True), pointer(tap, True)), "max_pool2d")
    return result(y, MaxPool2, (x,), tap=tap, size=size)


def check_input(op: str, input: Any, n: int) -> Tensor:
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
