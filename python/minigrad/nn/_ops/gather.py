"""Gathering and scattering: elements by index tensors, along a dimension or by number.

Whatever is picked or put here is picked from, or put into, a tensor seen as one line of
elements, whose numbers follow from the index. Their derivatives are those of `index`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.nn._errors import ShapeError, dtype_error, portrait, shape_error
from minigrad.nn._graph import Node
from minigrad.nn._indexing import Elements, checked_index
from minigrad.nn._ops.compare import choose
from minigrad.nn._ops.index import basic, index_rows, taken
from minigrad.nn._ops.index import put as put_elements
from minigrad.nn._ops.shape import expand, reshape
from minigrad.nn._out import takes_out, takes_out_exactly
from minigrad.nn._tensor import Tensor, dim_of, fresh, inplace, method, result, unbroadcast

__all__ = [
    "argwhere",
    "gather",
    "index_add",
    "index_copy",
    "index_fill",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "nonzero",
    "put",
    "scatter",
    "scatter_add",
    "take",
    "take_along_dim",
]


def line(input: Tensor) -> Tensor:
    """Return the elements in one dimension."""
    return reshape(input, (input._data.size,))


def places(op: str, index: np.ndarray, dim: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return the numbers, in a line of elements of `shape`, of those that `index` names along `dim`."""
    known = checked_index(op, index, shape[dim] if shape else 1, dim, negative=False)
    step = math.prod(shape[dim + 1 :])
    total = known * step
    stride = 1
    for d in range(len(shape) - 1, -1, -1):
        if d != dim and index.shape[d] > 1:
            spots = np.arange(index.shape[d], dtype=np.int64) * stride
            total = total + spots.reshape((-1,) + (1,) * (len(shape) - 1 - d))
        stride *= shape[d]
    return np.asarray(total)


def _index_of(op: str, input: Tensor, dim: int, index: Tensor) -> tuple[int, np.ndarray]:
    """Return `dim` from 0 up, and the index array, both checked against `input`."""
    at = dim_of(op, dim, input._data.ndim)
    if not isinstance(index, Tensor):
        raise TypeError(f"{op}: index must be a Tensor; got {type(index).__name__}")
    if index._data.size == 0:
        return at, index._data
    if index._data.dtype not in (np.int32, np.int64):
        raise dtype_error(op, "expected dtype int32 or int64 for index", index)
    if max(index._data.ndim, 1) != max(input._data.ndim, 1):
        raise shape_error(op, "index must have the same number of dimensions as input", index, input)
    return at, index._data


def _check_extents(op: str, index: np.ndarray, dim: int | None, tensor: Tensor) -> None:
    extents = tensor._data.shape if index.ndim == tensor._data.ndim else (1,) * index.ndim
    for d, (n, extent) in enumerate(zip(index.shape, extents, strict=True)):
        if d != dim and n > extent:
            raise ShapeError(
                f"{op}: size does not match at dimension {d}: index of shape {list(index.shape)} must not exceed "
                f"{portrait(tensor)}" + ("" if dim is None else f" apart from dimension {dim}")
            )


@takes_out_exactly
@method
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Return elements of `input` by their place along `dim`: ``z[i][j] = input[index[i][j]][j]`` for dim 0.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.
    sparse_grad : bool, default False
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If `index` has another number of dimensions, is larger than `input` elsewhere than along
        `dim`, or is not int32 or int64.
    IndexError
        If an index or `dim` is out of range.
    """
    at, array = _index_of("gather", input, dim, index)
    if array.size == 0:
        return taken(line(input), Elements("gather", (input._data.size,), (0,), [np.zeros(array.shape, np.int64)]))
    _check_extents("gather", array, at, input)
    shape = input._data.shape or (1,)
    place = places("gather", array.reshape(array.shape or (1,)), at, shape).reshape(array.shape)
    return taken(line(input), Elements("gather", (input._data.size,), (0,), [place]))


def _scatter_places(op: str, input: Tensor, dim: int, index: Tensor, src: Any) -> tuple[Elements | None, Any]:
    """Return where the elements of `src` go, and those of them that go anywhere."""
    at, array = _index_of(op, input, dim, index)
    if array.size == 0:
        return None, src
    _check_extents(op, array, at, input)
    if isinstance(src, Tensor) and (src._data.ndim or input._data.ndim == 0):
        if max(src._data.ndim, 1) != max(array.ndim, 1):
            raise shape_error(op, "index must have the same number of dimensions as src", index, src)
        _check_extents(op, array, None, src)
        if src._data.shape != array.shape and src._data.ndim == array.ndim:
            src = basic(src, tuple(slice(n) for n in array.shape))
        src = reshape(src, (array.size,))
    shape = input._data.shape or (1,)
    place = places(op, array.reshape(array.shape or (1,)), at, shape)
    return Elements(op, (input._data.size,), (0,), [place.reshape(-1)]), src


def _same_type(op: str, input: Tensor, src: Tensor) -> None:
    if src._data.dtype != input._data.dtype:
        raise dtype_error(op, "expected self.dtype to be equal to src.dtype", input, src)


@takes_out
@inplace("scatter_")
@method
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, reduce: str | None = None, value: Any = None
) -> Tensor:
    """Return a copy with elements of `src`, a tensor or number, put along `dim`: ``z[index[i][j]][j] = src[i][j]``.

    With `reduce`, ``"add"`` or ``"multiply"``, they are combined with what is there.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.
    src : Tensor, optional
        Where values come from.
    reduce : str, optional
        How values meet: ``"add"``, ``"multiply"``, ...
    value : number, optional
        Instead of `src`.

    Raises
    ------
    RuntimeError
        If the shapes do not fit, the dtypes differ, or `reduce` is unknown.
    IndexError
        If an index or `dim` is out of range.
    """
    src = value if src is None else src
    if reduce is not None:
        from minigrad.nn._ops.scatter_reduce import scatter_reduce

        if reduce not in ("add", "multiply"):
            raise RuntimeError(f"scatter: reduce argument must be either add or multiply; got {reduce!r}")
        if not isinstance(src, Tensor):
            src = expand(fresh(np.array(src).astype(input._data.dtype)), index._data.shape)
        return scatter_reduce(input, dim, index, src, "sum" if reduce == "add" else "prod")
    if isinstance(src, Tensor):
        _same_type("scatter", input, src)
    else:
        src = fresh(np.array(src).astype(input._data.dtype))
    elements, values = _scatter_places("scatter", input, dim, index, src)
    if elements is None:
        return input.clone()  # type: ignore[no-any-return]
    return reshape(put_elements(line(input), elements, values, False), input._data.shape)


@takes_out
@inplace("scatter_add_")
@method
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Return a copy with elements of `src` added along `dim`: ``z[index[i][j]][j] += src[i][j]``.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.
    src : Tensor
        Where values come from.

    Raises
    ------
    RuntimeError
        If the shapes do not fit or the dtypes differ.
    IndexError
        If an index or `dim` is out of range.
    """
    _same_type("scatter_add", input, src)
    elements, values = _scatter_places("scatter_add", input, dim, index, src)
    if elements is None:
        return input.clone()  # type: ignore[no-any-return]
    return reshape(put_elements(line(input), elements, values, True), input._data.shape)


# --- whole slices


def _slices(op: str, input: Tensor, dim: int, index: Tensor, source: Tensor | None) -> tuple[Tensor, Elements]:
    """Return `input` with at least one dimension, and its slices along `dim` that `index` names."""
    at = dim_of(op, dim, input._data.ndim)
    rows = index_rows(op, index)
    whole = input if input._data.ndim else reshape(input, (1,))
    checked_index(op, rows, whole._data.shape[at], at, negative=op != "index_add")
    elements = Elements(op, whole._data.shape, (at,), [rows])
    if source is not None:
        if source._data.dtype != input._data.dtype:
            raise dtype_error(op, "self and source expected to have the same dtype", input, source)
        have, want = source._data.shape or (1,), elements.result_shape
        if have != want:
            raise ShapeError(
                f"{op}: Number of indices ({rows.size}) and the shape of source must fit self: source must have shape "
                f"{list(want)}; got {portrait(source)} for {portrait(input)}"
            )
    return whole, elements


@takes_out
@inplace("index_add_")
@method
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """Return a copy with `alpha` times the slices of `source` added to those that `index` names along `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.
    source : Tensor
        Where values come from.
    alpha : number, default 1
        Factor of `source`.

    Raises
    ------
    RuntimeError
        If the shapes do not fit or the dtypes differ.
    IndexError
        If an index or `dim` is out of range.
    """
    whole, elements = _slices("index_add", input, dim, index, source)
    if isinstance(alpha, float) and input._data.dtype.kind != "f":
        raise RuntimeError(
            f"index_add: For integral input tensors, argument alpha must not be a floating point number; got {alpha}"
        )
    values = source if alpha is True or (alpha == 1 and not isinstance(alpha, bool)) else source * alpha
    return reshape(put_elements(whole, elements, reshape(values, elements.result_shape), True), input._data.shape)


@takes_out
@inplace("index_copy_")
@method
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """Return a copy with the slices that `index` names along `dim` replaced by those of `source`.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.
    source : Tensor
        Where values come from.

    Raises
    ------
    RuntimeError
        If the shapes do not fit or the dtypes differ.
    IndexError
        If an index or `dim` is out of range.
    """
    whole, elements = _slices("index_copy", input, dim, index, source)
    return reshape(put_elements(whole, elements, reshape(source, elements.result_shape), False), input._data.shape)


@takes_out
@inplace("index_fill_")
@method
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """Return a copy with the slices that `index` names along `dim` filled with `value`, a number or 0-d tensor.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.
    value : number or Tensor

    Raises
    ------
    RuntimeError
        If `value` is a tensor of more dimensions.
    IndexError
        If an index or `dim` is out of range.
    """
    # A slice named twice is filled once.
    index = fresh(np.unique(index_rows("index_fill", index)))
    whole, elements = _slices("index_fill", input, dim, index, None)
    return reshape(put_elements(whole, elements, _single("index_fill", value, input), False), input._data.shape)


def _single(op: str, value: Any, like: Tensor) -> Tensor:
    """Return a number or 0-d tensor as a 0-d tensor of the type of `like`."""
    if isinstance(value, Tensor):
        if value._data.ndim:
            raise ShapeError(f"{op}: only supports a 0-dimensional value tensor; got {portrait(value)}")
        return value if value._data.dtype == like._data.dtype else value.to(like.dtype)
    if isinstance(value, float) and like._data.dtype.kind != "f" and not float(value).is_integer():
        raise RuntimeError(f"{op}: value cannot be converted to type {like.dtype.name} without overflow: {value}")
    return fresh(np.array(value).astype(like._data.dtype))


# --- masks


class MaskedFill(Node):
    """z = a, or v where the mask is true."""

    mask: np.ndarray
    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradient of a: g where the mask is false; of v: the sum of g where it is true."""
        to_a, to_v = self.next_functions_
        mask = fresh(self.mask)
        return (
            None if to_a is None else unbroadcast(masked_fill(grad, mask, 0), self.shapes[0]),
            None if to_v is None else masked_select(grad, mask).sum(),
        )


def _mask_of(op: str, mask: Any) -> np.ndarray:
    if not isinstance(mask, Tensor):
        raise TypeError(f"{op}: mask must be a Tensor; got {type(mask).__name__}")
    if mask._data.dtype != bool:
        raise dtype_error(op, "mask is expected to be BoolTensor", mask)
    return mask._data


@inplace("masked_fill_")
@method
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Return a copy with `value`, a number or 0-d tensor, where `mask` is true; the two shapes broadcast.

    Parameters
    ----------
    input : Tensor
    mask : Tensor of bool
        Broadcast with `input`.
    value : number or Tensor

    Raises
    ------
    RuntimeError
        If the shapes do not broadcast, `mask` is not bool, or `value` has dimensions.
    """
    array = _mask_of("masked_fill", mask)
    single = _single("masked_fill", value, input)
    x = input._data
    try:
        data = choose(array, single._data, x)
    except ValueError:
        raise shape_error("masked_fill", "the shapes of input and mask must broadcast", input, mask) from None
    return result(data, MaskedFill, (input, single), mask=array, shapes=(x.shape, ()))


@takes_out
@method
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements where `mask` is true, in one dimension; the two shapes broadcast.

    Parameters
    ----------
    input : Tensor
    mask : Tensor of bool
        Broadcast with `input`.

    Raises
    ------
    RuntimeError
        If the shapes do not broadcast or `mask` is not bool.
    """
    array = _mask_of("masked_select", mask)
    try:
        shape = np.broadcast_shapes(input._data.shape, array.shape)
    except ValueError:
        raise shape_error("masked_select", "the shapes of input and mask must broadcast", input, mask) from None
    chosen = np.flatnonzero(np.broadcast_to(array, shape))
    whole = input if input._data.shape == shape else expand(input, shape)
    return taken(line(whole), Elements("masked_select", (math.prod(shape),), (0,), [chosen]))


@inplace("masked_scatter_")
@method
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Return a copy with the elements where `mask` is true replaced by those of `source`, in order.

    Parameters
    ----------
    input : Tensor
    mask : Tensor of bool
        Broadcast with `input`.
    source : Tensor
        Where values come from.

    Raises
    ------
    RuntimeError
        If the shapes do not broadcast, the dtypes differ, or `source` has too few elements.
    """
    array = _mask_of("masked_scatter", mask)
    if source._data.dtype != input._data.dtype:
        raise dtype_error("masked_scatter", "expected self and source to have same dtypes", input, source)
    try:
        shape = np.broadcast_shapes(input._data.shape, array.shape)
    except ValueError:
        raise shape_error("masked_scatter", "the shapes of input and mask must broadcast", input, mask) from None
    chosen = np.flatnonzero(np.broadcast_to(array, shape))
    if chosen.size > source._data.size:
        raise ShapeError(
            f"masked_scatter: Number of elements of source < number of ones in mask ({chosen.size}); got "
            f"{portrait(source)}"
        )
    whole = input if input._data.shape == shape else expand(input, shape)
    elements = Elements("masked_scatter", (math.prod(shape),), (0,), [chosen])
    return reshape(put_elements(line(whole), elements, basic(line(source), (slice(chosen.size),)), False), shape)


# --- by number


def _numbers(op: str, input: Tensor, index: Tensor) -> Elements:
    if index._data.dtype != np.int64:
        raise dtype_error(op, "expected a long tensor for index", index)
    if index._data.size and not input._data.size:
        raise IndexError(f"{op}: tried to take from an empty tensor")
    return Elements(op, (input._data.size,), (0,), [index._data])


@takes_out
@method
def take(input: Tensor, index: Tensor) -> Tensor:
    """Return elements by their numbers in order.

    Parameters
    ----------
    input : Tensor
    index : Tensor of int64
        Positions along `dim`.

    Raises
    ------
    IndexError
        If a number is out of range.
    RuntimeError
        If `index` is not int64.
    """
    return taken(line(input), _numbers("take", input, index))


@inplace("put_")
@method
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Return a copy with elements, by their numbers in order, replaced by those of `source`, or increased by them.

    Parameters
    ----------
    input : Tensor
    index : Tensor of int64
        Positions along `dim`.
    source : Tensor
        The values.
    accumulate : bool, default False
        Add to what is there instead of replacing it.

    Raises
    ------
    IndexError
        If a number is out of range.
    RuntimeError
        If `index` is not int64, the dtypes differ, or the numbers of elements do.
    """
    if source._data.dtype != input._data.dtype:
        raise dtype_error("put", "expected self and source to have the same dtype", input, source)
    if source._data.size != index._data.size:
        raise shape_error("put", "expected source and index to have the same number of elements", source, index)
    elements = _numbers("put", input, index)
    values = reshape(source, index._data.shape)
    return reshape(put_elements(line(input), elements, values, bool(accumulate)), input._data.shape)


@takes_out
@method
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Return elements by their place along `dim`, as `gather`, the rest broadcast; without `dim`, by number.

    Parameters
    ----------
    input : Tensor
    indices : Tensor or tuple of Tensor
        Positions, of int64.
    dim : int, optional
        Along which.

    Raises
    ------
    RuntimeError
        If the numbers of dimensions differ, the others do not broadcast, or `indices` is not int64.
    IndexError
        If an index is out of range.
    """
    if indices._data.dtype != np.int64:
        raise dtype_error("take_along_dim", "dtype of indices should be int64", indices)
    if dim is None:
        return gather(line(input), 0, line(indices))
    x, i = input._data.shape, indices._data.shape
    if len(x) != len(i):
        raise shape_error("take_along_dim", "the numbers of dimensions should agree", input, indices)
    at = dim_of("take_along_dim", dim, len(x))
    try:
        shape = np.broadcast_shapes((*x[:at], 1, *x[at + 1 :]), (*i[:at], 1, *i[at + 1 :]))
    except ValueError:
        raise shape_error("take_along_dim", "the other dimensions must broadcast", input, indices) from None
    whole = expand(input, (*shape[:at], x[at], *shape[at + 1 :])) if x else input
    wanted = expand(indices, (*shape[:at], i[at], *shape[at + 1 :])) if i else indices
    known = checked_index("take_along_dim", wanted._data, x[at] if x else 1, at)
    return gather(whole, at, fresh(known))


# --- where elements are


@method
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Return the indices of the elements that are not zero: one in each row, or a tuple of one tensor per dimension.

    Parameters
    ----------
    input : Tensor
    as_tuple : bool, default False
        Return a tensor per dimension.
    """
    if as_tuple:
        data = input._data.reshape(input._data.shape or (1,))
        return tuple(fresh(np.ascontiguousarray(i, np.int64)) for i in data.nonzero())
    return fresh(np.argwhere(input._data).astype(np.int64, copy=False))


@method
def argwhere(input: Tensor) -> Tensor:
    """Return the indices of the elements that are not zero, one in each row.

    Parameters
    ----------
    input : Tensor
    """
    return nonzero(input)  # type: ignore[no-any-return]
