"""Subscripts: ``x[key]`` and ``x[key] = value``.

For z = a[key] and a gradient g = dL/dz, the gradient of a is zero but where elements were
picked, and there the sum of g over the times they were. Its derivative in turn picks again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._errors import ShapeError, dtype_error, portrait
from minigrad.nn._graph import Node, mode
from minigrad.nn._indexing import Elements, checked_index, read_key
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, as_tensor, change_inplace, dim_of, fresh, inplace, method, result, view_result

__all__ = ["index_put", "index_select", "narrow", "select", "select_scatter", "slice_scatter"]

_FULL = slice(None)


class Slice(Node):
    """z = a[key], a view."""

    key: tuple[Any, ...]
    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g in the region, 0 around it."""
        return (embedded(grad, self.key, self.shape),)


class Embed(Node):
    """z = zeros, with a in the region z[key]."""

    key: tuple[Any, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: g inside the region."""
        return (basic(grad, self.key),)


class Index(Node):
    """z = elements of a picked by index arrays."""

    elements: Elements

    def backward(self, grad: Tensor) -> tuple[Any]:
        """For each element, the sum of g over the times it was picked."""
        return (summed(grad, self.elements),)


class Summed(Node):
    """z = zeros, with the elements of a added where they were picked."""

    elements: Elements

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: g, picked again."""
        return (taken(grad, self.elements),)


class IndexPut(Node):
    """z = a with picked elements replaced by, or increased by, those of v."""

    elements: Elements
    accumulate: bool
    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradient of a: g where a was kept; of v: g where it went."""
        from minigrad.nn._tensor import unbroadcast

        to_a, to_v = self.next_functions_
        first, second = None, None
        if to_a is not None:
            first = grad if self.accumulate else put(grad, self.elements, _zero(grad), False)
        if to_v is not None:
            second = unbroadcast(taken(grad, self.elements), self.shape)
        return first, second


def _zero(like: Tensor) -> Tensor:
    from minigrad.nn._tensor import fresh

    return fresh(np.zeros((), like._data.dtype))


def complete(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a key of ints, slices, None and Ellipsis that gives an array even where it names one element."""
    return key if Ellipsis in key else (*key, Ellipsis)


_PLAIN = {int, slice, type(None), type(Ellipsis)}


def _is_basic(key: tuple[Any, ...]) -> bool:
    """Whether NumPy reads the key as it is meant: only ints, slices with positive steps, None and one Ellipsis."""
    for part in key:
        kind = type(part)
        if kind not in _PLAIN:
            return False
        if kind is slice:
            step = part.step
            if type(part.start) not in _PLAIN or type(part.stop) not in _PLAIN:
                return False
            if step is not None and (type(step) is not int or step <= 0):
                return False
    return key.count(Ellipsis) <= 1


def basic(input: Tensor, key: tuple[Any, ...]) -> Tensor:
    """Return the view ``input[key]`` for a key of ints, slices and None."""
    key = complete(key)
    data = input._data[key]
    return view_result(data, Slice, input, lambda a: basic(a, key), key=key, shape=input._data.shape)


def embedded(input: Tensor, key: tuple[Any, ...], shape: tuple[int, ...]) -> Tensor:
    """Return zeros of `shape` with `input` in the region `key`."""
    data = _array.zeros(shape, input._data.dtype)
    data[complete(key)] = input._data
    return result(data, Embed, (input,), key=key)


def taken(input: Tensor, elements: Elements) -> Tensor:
    """Return the picked elements."""
    return result(elements.take(input._data), Index, (input,), elements=elements)


def summed(input: Tensor, elements: Elements) -> Tensor:
    """Return zeros with the elements of `input` added where they were picked."""
    return result(elements.sums(input._data), Summed, (input,), elements=elements)


def put(input: Tensor, elements: Elements, values: Tensor, accumulate: bool) -> Tensor:
    """Return a copy with the picked elements replaced by, or increased by, `values`."""
    data = _array.empty(input._data.shape, input._data.dtype)
    np.copyto(data, input._data)
    elements.put(data, values._data, accumulate)
    shape = values._data.shape
    return result(data, IndexPut, (input, values), elements=elements, accumulate=accumulate, shape=shape)


@method("__getitem__")
def getitem(input: Tensor, key: Any) -> Tensor:
    """Return the elements that `key` names: a view for ints, slices, None and Ellipsis, else a copy.

    Parameters
    ----------
    input : Tensor
    key : int, slice, None, Ellipsis, Tensor, sequence, or a tuple of them

    Raises
    ------
    IndexError
        If an index is out of range, or the key has too many parts or one that is no index.
    ValueError
        For a slice whose step is not positive.
    """
    data = input._data
    parts = key if type(key) is tuple else (key,)
    if _is_basic(parts):
        try:
            return basic(input, parts)
        except IndexError:
            pass  # it is told below, by dimension
    region, elements = read_key(data.shape, key)
    if elements is None:
        return basic(input, region)
    if any(part is None or part != _FULL for part in region):
        input = basic(input, region)
    return taken(input, elements)


@method("__setitem__")
def setitem(input: Tensor, key: Any, value: Any) -> None:
    """Set the elements that `key` names to `value`, a tensor that broadcasts to them or a number.

    Parameters
    ----------
    input : Tensor
    key : int, slice, None, Ellipsis, Tensor, sequence, or a tuple of them
    value : number or Tensor
        What is put.

    Raises
    ------
    IndexError, ValueError
        As for reading them.
    RuntimeError
        If `value` does not broadcast to the region, or the tensor cannot be changed in place.
    """
    input._check_inplace("setitem")
    data = input._data
    plain = type(value) in (float, int) and data.dtype.kind == "f" and not (mode.enabled and input._requires)
    parts = key if type(key) is tuple else (key,)
    if plain and _is_basic(parts):
        try:
            data[parts] = value
        except IndexError:
            read_key(data.shape, key)
            raise
        input._bump()
        return
    region, elements = read_key(data.shape, key)
    if not isinstance(value, Tensor):
        # A Python float has float64's precision: going through float32 would lose it.
        number = isinstance(value, (bool, int, float))
        value = fresh(np.asarray(value).astype(data.dtype)) if number else as_tensor(value).to(input.dtype)
    recording = mode.enabled and (input._requires or value._requires)
    shape = data[(*region, Ellipsis)].shape if elements is None else elements.result_shape
    value = _trimmed(value, shape, input)
    if elements is not None and value._data.dtype != data.dtype:
        raise dtype_error("setitem", "index put requires the source and destination dtypes match", input, value)
    if recording:
        target = basic(input, region)
        if elements is None:
            converted = value if value._data.dtype == data.dtype else value.to(input.dtype)
            change_inplace("setitem", target, lambda before: converted.expand(shape))
        else:
            change_inplace("setitem", target, lambda before: put(before, elements, value, False))
        return
    target_data = data[(*region, Ellipsis)]
    if elements is None:
        source = value._data.copy() if np.may_share_memory(value._data, target_data) else value._data
        with np.errstate(all="ignore"):
            np.copyto(target_data, source, casting="unsafe")
    else:
        elements.put(target_data, value._data, False)
    input._bump()


def _trimmed(value: Tensor, shape: tuple[int, ...], input: Tensor) -> Tensor:
    """Return `value` without leading dimensions of extent 1 beyond those of the region."""
    have = value._data.shape
    extra = max(len(have) - len(shape), 0)
    if extra and have[:extra] == (1,) * extra:
        value = value.reshape(have[extra:])
        have = have[extra:]
    try:
        fits = np.broadcast_shapes(have, shape) == tuple(shape)
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"setitem: shape mismatch: value tensor of shape {list(have)} cannot be broadcast to indexing result of "
            f"shape {list(shape)} of {portrait(input)}"
        )
    return value


@inplace("index_put_")
@method
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Return a copy with ``input[indices]`` set to `values`, or with `accumulate` increased by them.

    Parameters
    ----------
    input : Tensor
    indices : Tensor or tuple of Tensor
        Positions, of int64.
    values : Tensor
        Broadcast to the region.
    accumulate : bool, default False
        Add to what is there instead of replacing it.

    Raises
    ------
    IndexError
        If an index is out of range or there are too many.
    RuntimeError
        If the dtypes differ, or `values` does not broadcast to the region.
    """
    if values._data.dtype != input._data.dtype:
        raise dtype_error("index_put", "requires the source and destination dtypes match", input, values)
    region, elements = read_key(input._data.shape, tuple(_FULL if i is None else i for i in indices))
    if elements is None:
        raise IndexError("index_put: indices must hold at least one tensor")
    if any(part is None for part in region):
        raise IndexError("index_put: indices must be tensors of at least one dimension")
    return put(input, elements, _trimmed(values, elements.result_shape, input), accumulate)


@takes_out
@method
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return the slices of `input` along `dim` that the vector `index` names.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.

    Raises
    ------
    IndexError
        If an index or `dim` is out of range, or `index` has more than one dimension.
    RuntimeError
        If `index` is not int32 or int64.
    """
    return taken(*_rows("index_select", input, dim, index))


def _rows(op: str, input: Tensor, dim: int, index: Tensor) -> tuple[Tensor, Elements]:
    at = dim_of(op, dim, input._data.ndim)
    rows = index_rows(op, index)
    if input._data.ndim == 0:
        checked_index(op, rows, 1, negative=False)
        return input, _Whole(rows)  # type: ignore[return-value]
    checked_index(op, rows, input._data.shape[at], at, negative=False)
    return input, Elements(op, input._data.shape, (at,), [rows])


class _Whole:
    """What `Elements` would be for a 0-d tensor, whose single element has no dimension."""

    def __init__(self, rows: np.ndarray) -> None:
        self.count = rows.size

    def take(self, data: np.ndarray) -> np.ndarray:
        return np.full((), data[()], data.dtype)

    def sums(self, values: np.ndarray) -> np.ndarray:
        return values


def index_rows(op: str, index: Tensor) -> np.ndarray:
    """Return a tensor of indices along one dimension as a vector."""
    rows = index._data
    if rows.dtype not in (np.int32, np.int64):
        raise dtype_error(op, "expected dtype int32 or int64 for index", index)
    if rows.ndim > 1:
        raise IndexError(f"{op}: Index is supposed to be a vector; got {portrait(index)}")
    return rows.reshape(-1)


@method
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """Return a view of the slice number `index` along `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.

    Raises
    ------
    IndexError
        If `dim` or `index` is out of range, or the tensor is 0-d.
    """
    if input._data.ndim == 0:
        raise IndexError("select: cannot be applied to a 0-dim tensor")
    at = dim_of("select", dim, input._data.ndim)
    extent, number = input._data.shape[at], int(index)
    if not -extent <= number < extent:
        raise IndexError(
            f"select: index {number} out of range for tensor of size {list(input.shape)} at dimension {at}"
        )
    return basic(input, (_FULL,) * at + (number,))


@method
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """Return a view of the slices from `start` on, `length` of them, along `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    start : int
        First position.
    length : int
        How many.

    Raises
    ------
    IndexError
        If `start` or `dim` is out of range.
    RuntimeError
        If the range ends beyond the extent, or the tensor is 0-d.
    """
    if input._data.ndim == 0:
        raise RuntimeError("narrow: cannot be applied to a 0-dim tensor")
    at = dim_of("narrow", dim, input._data.ndim)
    if isinstance(start, Tensor):
        if start._data.ndim or start._data.dtype.kind not in "iu":
            raise RuntimeError(f"narrow: start must be an 0-dim integral Tensor; got {portrait(start)}")
        start = int(start._data)
    extent = input._data.shape[at]
    if length < 0:
        raise RuntimeError(f"narrow: length must be non-negative; got {length}")
    if not -extent <= start <= extent:
        raise IndexError(f"narrow: start must be from {-extent} to {extent}; got {start}")
    first = start + extent if start < 0 else start
    if first + length > extent:
        raise RuntimeError(
            f"narrow: start ({start}) + length ({length}) exceeds dimension size ({extent}) of {portrait(input)}"
        )
    return basic(input, (_FULL,) * at + (slice(first, first + length),))


class Inserted(Node):
    """z = a with the region z[key] replaced by v."""

    key: tuple[Any, ...]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradient of a: g outside the region; of v: g inside."""
        to_a, to_v = self.next_functions_
        return (
            inserted(grad, self.key, _zero(grad)) if to_a is not None else None,
            basic(grad, self.key) if to_v is not None else None,
        )


def inserted(input: Tensor, key: tuple[Any, ...], value: Tensor) -> Tensor:
    """Return a copy with the region `key` replaced by `value`."""
    data = _array.empty(input._data.shape, input._data.dtype)
    np.copyto(data, input._data)
    data[complete(key)] = value._data
    return result(data, Inserted, (input, value), key=key)


def _insert(op: str, input: Tensor, src: Tensor, key: tuple[Any, ...]) -> Tensor:
    if input._data[(*key, Ellipsis)].shape != src._data.shape:
        raise ShapeError(f"{op}: src must have the shape of the region; got {portrait(src)} for {portrait(input)}")
    return inserted(input, key, src)


@method
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """Return a copy with slice number `index` along `dim` replaced by `src`.

    Parameters
    ----------
    input : Tensor
    src : Tensor
        Where values come from.
    dim : int
        Along which.
    index : Tensor of int64
        Positions along `dim`.

    Raises
    ------
    RuntimeError
        If `src` has not the shape of the slice.
    IndexError
        If `dim` or `index` is out of range.
    """
    at = dim_of("select_scatter", dim, input._data.ndim)
    if not -input._data.shape[at] <= index < input._data.shape[at]:
        raise IndexError(f"select_scatter: index {index} is out of range for {portrait(input)} at dimension {at}")
    return _insert("select_scatter", input, src, (_FULL,) * at + (int(index),))


@method
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """Return a copy with the slices ``start:end:step`` along `dim` replaced by `src`.

    Parameters
    ----------
    input : Tensor
    src : Tensor
        Where values come from.
    dim : int, default 0
        Along which.
    start : int, optional
        First position.
    end : int, optional
        One after the last position.
    step : int, default 1

    Raises
    ------
    RuntimeError
        If `src` has not the shape of the region, or `step` is not positive.
    """
    at = dim_of("slice_scatter", dim, input._data.ndim)
    if step <= 0:
        raise RuntimeError(f"slice_scatter: slice step must be positive; got {step}")
    return _insert("slice_scatter", input, src, (_FULL,) * at + (slice(start, end, step),))
