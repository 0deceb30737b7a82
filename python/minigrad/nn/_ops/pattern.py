"""Elements by pattern: diagonals, triangles, windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._errors import ShapeError, portrait
from minigrad.nn._graph import Node
from minigrad.nn._indexing import Elements
from minigrad.nn._ops.index import summed
from minigrad.nn._ops.shape import movedim, reshape
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, dim_of, fresh, inplace, method, result, view_result

__all__ = [
    "as_strided",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "diagonal_scatter",
    "trace",
    "tril",
    "tril_indices",
    "triu",
    "triu_indices",
]


# --- diagonals


class Diagonal(Node):
    """z = a diagonal of a."""

    offset: int
    dims: tuple[int, int]
    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g on the diagonal, 0 elsewhere."""
        return (_on_diagonal(grad, self.shape, self.offset, self.dims),)


class OnDiagonal(Node):
    """z = zeros with a on a diagonal."""

    offset: int
    dims: tuple[int, int]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: the diagonal of g."""
        return (diagonal(grad, self.offset, *self.dims),)


class DiagonalScatter(Node):
    """z = a with a diagonal replaced by v."""

    offset: int
    dims: tuple[int, int]
    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradient of a: g off the diagonal; of v: the diagonal of g."""
        hole = fresh(np.zeros(self.shape, grad._data.dtype))
        return diagonal_scatter(grad, hole, self.offset, *self.dims), diagonal(grad, self.offset, *self.dims)


def _diagonal_of(data: np.ndarray, offset: int, dims: tuple[int, int]) -> np.ndarray:
    # NumPy's diagonal is read-only, but its memory is the tensor's own.
    view = data.diagonal(offset, *dims)
    if data.flags.writeable:
        view.flags.writeable = True
    return view


def _on_diagonal(input: Tensor, shape: tuple[int, ...], offset: int, dims: tuple[int, int]) -> Tensor:
    data = _array.zeros(shape, input._data.dtype)
    _diagonal_of(data, offset, dims)[...] = input._data
    return result(data, OnDiagonal, (input,), offset=offset, dims=dims)


def _two_dims(op: str, ndim: int, dim1: int, dim2: int) -> tuple[int, int]:
    dims = dim_of(op, dim1, ndim), dim_of(op, dim2, ndim)
    if dims[0] == dims[1]:
        raise RuntimeError(f"{op}: diagonal dimensions cannot be identical {dim1}, {dim2}")
    return dims


@method
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Return a view of a diagonal of dimensions `dim1` and `dim2`, as the last dimension.

    Parameters
    ----------
    input : Tensor
    offset : int, default 0
        Of the diagonal: above the main one if positive.
    dim1 : int, default 0
        The other dimension.
    dim2 : int, default 1
        The other dimension.

    Raises
    ------
    RuntimeError
        If the two dimensions are one.
    IndexError
        If one is out of range.
    """
    dims = _two_dims("diagonal", input._data.ndim, dim1, dim2)
    data = _diagonal_of(input._data, offset, dims)
    return view_result(
        data, Diagonal, input, lambda a: diagonal(a, offset, *dims), offset=offset, dims=dims, shape=input._data.shape
    )


@method
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return zeros with the last dimension of `input` on a diagonal of the new dimensions `dim1` and `dim2`.

    Parameters
    ----------
    input : Tensor
    offset : int, default 0
        Of the diagonal: above the main one if positive.
    dim1 : int, default -2
        The other dimension.
    dim2 : int, default -1
        The other dimension.

    Raises
    ------
    RuntimeError
        If the two dimensions are one.
    """
    shape = input._data.shape or (1,)
    dims = _two_dims("diag_embed", len(shape) + 1, dim1, dim2)
    extent = shape[-1] + abs(offset)
    full = list(shape[:-1])
    for dim in sorted(dims):
        full.insert(dim, extent)
    return _on_diagonal(input, tuple(full), offset, dims)


@takes_out
@method
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return a diagonal of a matrix, or the matrix with a vector on its diagonal.

    Parameters
    ----------
    input : Tensor
    diagonal : int, default 0
        Which diagonal: above the main one if positive.

    Raises
    ------
    RuntimeError
        For other numbers of dimensions.
    """
    if input._data.ndim == 1:
        return diag_embed(input, diagonal)
    if input._data.ndim != 2:
        raise ShapeError(f"diag: Supports 1D or 2D tensors; got {portrait(input)}")
    return _diagonal(input, diagonal).clone()  # type: ignore[no-any-return]


_diagonal = diagonal


@method
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """Return a matrix of zeros with the elements of `input`, in order, on a diagonal.

    Parameters
    ----------
    input : Tensor
    offset : int, default 0
        Of the diagonal: above the main one if positive.
    """
    return diag_embed(reshape(input, (input._data.size,)), offset)


@method
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Return a copy with a diagonal replaced by `src`.

    Parameters
    ----------
    input : Tensor
    src : Tensor
        Where values come from.
    offset : int, default 0
        Of the diagonal: above the main one if positive.
    dim1 : int, default 0
        The other dimension.
    dim2 : int, default 1
        The other dimension.

    Raises
    ------
    RuntimeError
        If `src` has not the shape of the diagonal.
    """
    dims = _two_dims("diagonal_scatter", input._data.ndim, dim1, dim2)
    data = np.copy(input._data)
    place = _diagonal_of(data, offset, dims)
    if place.shape != src._data.shape:
        raise ShapeError(f"diagonal_scatter: src must have the diagonal's shape {place.shape}; got {portrait(src)}")
    place[...] = src._data
    return result(data, DiagonalScatter, (input, src), offset=offset, dims=dims, shape=place.shape)


@method
def trace(input: Tensor) -> Tensor:
    """Return the sum of a matrix's diagonal.

    Parameters
    ----------
    input : Tensor

    Raises
    ------
    RuntimeError
        If the tensor is not a matrix.
    """
    if input._data.ndim != 2:
        raise ShapeError(f"trace: expected a matrix; got {portrait(input)}")
    return diagonal(input).sum()  # type: ignore[no-any-return]


# --- triangles


class Tril(Node):
    """z = the lower triangle of a."""

    diagonal: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: the same triangle of g."""
        return (tril(grad, self.diagonal),)


class Triu(Node):
    """z = the upper triangle of a."""

    diagonal: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: the same triangle of g."""
        return (triu(grad, self.diagonal),)


def _triangle(op: str, input: Tensor, diagonal: int, node: type[Node]) -> Tensor:
    x = input._data
    if x.ndim < 2:
        raise ShapeError(f"{op}: input tensor must have at least 2 dimensions; got {portrait(input)}")
    rows, cols = x.shape[-2:]
    lower = np.tri(rows, cols, diagonal if op == "tril" else diagonal - 1, dtype=bool)
    data = _array.zeros(x.shape, x.dtype)
    np.copyto(data, x, where=lower if op == "tril" else ~lower)
    return result(data, node, (input,), diagonal=diagonal)


@takes_out
@inplace("tril_")
@method
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return the lower triangles of the matrices in the last two dimensions, zero above `diagonal`.

    Parameters
    ----------
    input : Tensor
    diagonal : int, default 0
        Which diagonal: above the main one if positive.

    Raises
    ------
    RuntimeError
        For fewer than two dimensions.
    """
    return _triangle("tril", input, diagonal, Tril)


@takes_out
@inplace("triu_")
@method
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return the upper triangles of the matrices in the last two dimensions, zero below `diagonal`.

    Parameters
    ----------
    input : Tensor
    diagonal : int, default 0
        Which diagonal: above the main one if positive.

    Raises
    ------
    RuntimeError
        For fewer than two dimensions.
    """
    return _triangle("triu", input, diagonal, Triu)


def _indices(op: str, row: int, col: int, mask: Any, dtype: Any) -> Tensor:
    from minigrad.nn._dtype import int64, to_dtype

    kind = int64 if dtype is None else to_dtype(dtype, op)
    return fresh(np.stack(np.nonzero(mask)).astype(kind.numpy))


def _check_extents(op: str, row: int, col: int) -> None:
    if row < 0 or col < 0:
        raise RuntimeError(f"{op}: row and col must be non-negative; got {row} and {col}")


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return the row and column numbers of the lower triangle of a row x col matrix.

    Parameters
    ----------
    row : int
        Rows of the matrix.
    col : int
        Columns of the matrix.
    offset : int, default 0
        Of the diagonal: above the main one if positive.
    dtype : minigrad.dtype, optional
        Element type of the result.
    device : "cpu", optional

    Raises
    ------
    TypeError, RuntimeError
        If an argument is of the wrong type or not in its range.
    """
    _check_extents("tril_indices", row, col)
    return _indices("tril_indices", row, col, np.tri(row, col, offset, dtype=bool), dtype)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return the row and column numbers of the upper triangle of a row x col matrix.

    Parameters
    ----------
    row : int
        Rows of the matrix.
    col : int
        Columns of the matrix.
    offset : int, default 0
        Of the diagonal: above the main one if positive.
    dtype : minigrad.dtype, optional
        Element type of the result.
    device : "cpu", optional

    Raises
    ------
    TypeError, RuntimeError
        If an argument is of the wrong type or not in its range.
    """
    _check_extents("triu_indices", row, col)
    return _indices("triu_indices", row, col, ~np.tri(row, col, offset - 1, dtype=bool), dtype)


# --- windows


class Unfold(Node):
    """z = windows of a along a dimension."""

    elements: Elements

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: for each element the sum over the windows that show it."""
        at = self.elements.dims[0]
        return (summed(movedim(grad, -1, at + 1), self.elements),)


@method
def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Return a view of all windows of `size` elements along a dimension, `step` apart; the last dimension runs in them.

    Parameters
    ----------
    input : Tensor
    dimension : int
        Along which the window moves.
    size : int
        Elements of a window.
    step : int
        Distance of neighbours.

    Raises
    ------
    RuntimeError
        If the window is longer than the dimension, or `step` is not positive.
    """
    shape = input._data.shape
    at = dim_of("unfold", dimension, len(shape))
    if size < 0 or step <= 0:
        raise RuntimeError(f"unfold: size must be >= 0 and step > 0; got {size} and {step}")
    extent = shape[at] if shape else 1
    if size > extent:
        raise RuntimeError(
            f"unfold: maximum size for tensor at dimension {at} is {extent} but size is {size}; got {portrait(input)}"
        )
    if not shape:
        return reshape(input, (1,))[:size]
    count = (extent - size) // step + 1
    strides = input._data.strides
    data = np.lib.stride_tricks.as_strided(
        input._data,
        (*shape[:at], count, *shape[at + 1 :], size),
        (*strides[:at], strides[at] * step, *strides[at + 1 :], strides[at]),
    )
    index = np.arange(count)[:, None] * step + np.arange(size)
    elements = Elements("unfold", shape, (at,), [index])
    return view_result(data, Unfold, input, lambda a: unfold(a, dimension, size, step), elements=elements)


class AsStrided(Node):
    """z = elements of a's memory by strides."""

    place: np.ndarray
    """For each element of z, its number in a, or -1 where the memory belongs to no element of a."""
    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: for each element the sum over the places that show it."""
        count = int(np.prod(self.shape))
        elements = Elements("as_strided", (count + 1,), (0,), [np.where(self.place < 0, count, self.place)])
        return (reshape(summed(grad, elements)[:count], self.shape),)


def _storage(data: np.ndarray) -> np.ndarray:
    """Return the array whose memory `data` is part of; a block of the arena belongs to `data` alone."""
    owner, base = data, data.base
    while base is not None:
        if isinstance(base, np.ndarray) and base.dtype == data.dtype and base.flags.forc:
            owner = base
        base = getattr(base, "base", None)
    return owner


def _reach(sizes: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return how many elements of memory a shape spans."""
    return 0 if 0 in sizes else sum((n - 1) * s for n, s in zip(sizes, strides, strict=True)) + 1


@method
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """Return a view of the tensor's memory with `size` and `stride` in elements, from `storage_offset` on.

    Parameters
    ----------
    input : Tensor
    size : int or tuple of int
        The shape.
    stride : tuple of int
        In elements.
    storage_offset : int, optional
        Of the first element, in elements.

    Raises
    ------
    RuntimeError
        If it would reach beyond the memory, a stride is negative, or the two differ in length.
    """
    sizes, strides = tuple(int(n) for n in size), tuple(int(n) for n in stride)
    if len(sizes) != len(strides):
        raise RuntimeError(f"as_strided: mismatch in length of strides and shape; got {sizes} and {strides}")
    if any(n < 0 for n in strides) or any(n < 0 for n in sizes):
        raise RuntimeError(f"as_strided: negative strides and sizes are not supported; got {sizes} and {strides}")
    root = input if input._view is None else input._view[0]
    held, whole = root._data, _storage(root._data)
    item = held.itemsize
    extent = _reach(whole.shape, tuple(s // item for s in whole.strides))
    offset = (input._data.ctypes.data - whole.ctypes.data) // item if storage_offset is None else int(storage_offset)
    reach = _reach(sizes, strides)
    if offset < 0 or (reach and offset + reach > extent):
        raise RuntimeError(
            f"as_strided: setStorage: sizes {list(sizes)}, strides {list(strides)}, storage offset {offset} are out of "
            f"bounds for storage of {extent} elements ({portrait(root)})"
        )
    # One vector over the whole memory, of which both shapes are views.
    line = np.lib.stride_tricks.as_strided(whole, (extent,), (item,))
    data = np.lib.stride_tricks.as_strided(line[offset:], sizes, tuple(n * item for n in strides))
    if not input._requires:
        return view_result(data, AsStrided, root, lambda a: as_strided(a, sizes, strides, offset))
    owner = np.full(extent, -1, np.int64)
    counted = np.arange(held.size).reshape(held.shape)
    first = (held.ctypes.data - whole.ctypes.data) // item
    np.lib.stride_tricks.as_strided(owner[first:], held.shape, tuple(s // item * 8 for s in held.strides))[...] = (
        counted
    )
    place = np.lib.stride_tricks.as_strided(owner[offset:], sizes, tuple(n * 8 for n in strides)).copy()
    return view_result(
        data, AsStrided, root, lambda a: as_strided(a, sizes, strides, offset), place=place, shape=held.shape
    )


def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return a view of a diagonal of dimensions `dim1` and `dim2`, by default the last two.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    offset : int, default 0
        Which diagonal: 0 the main one, positive above, negative below.
    dim1 : int, default -2
        First of the two dimensions.
    dim2 : int, default -1
        Second of the two dimensions.
    """
    return diagonal(A, offset, dim1, dim2)
