"""Elements in another order, or several times: mirror images, turns, repetitions."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._errors import ShapeError, portrait
from minigrad.nn._graph import Node
from minigrad.nn._ops.index import index_select
from minigrad.nn._ops.shape import expand, reshape, sizes_of, transpose
from minigrad.nn._tensor import Tensor, dim_of, dims_of, fresh, method, result

__all__ = [
    "flip",
    "fliplr",
    "flipud",
    "repeat_interleave",
    "roll",
    "rot90",
    "tile",
]


class Flip(Node):
    """z = a in reverse order along some dimensions."""

    dims: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: g in reverse."""
        return (flip(grad, self.dims),)


class Roll(Node):
    """z = a moved around along some dimensions."""

    shifts: tuple[int, ...]
    dims: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: g moved back."""
        return (roll(grad, tuple(-n for n in self.shifts), self.dims),)


@method
def flip(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """Return a copy in reverse order along `dims`.

    Parameters
    ----------
    input : Tensor
    *args : int, or one sequence of them
        The dimensions.
    dims : sequence of int, optional
        The dimensions, instead of `args`.

    Raises
    ------
    RuntimeError
        If a dimension is named twice.
    IndexError
        If one is out of range.
    """
    wanted = dims_of("flip", sizes_of("flip", args if dims is None else (dims,)), input._data.ndim)
    data = _array.empty(input._data.shape, input._data.dtype)
    np.copyto(data, np.flip(input._data, wanted) if input._data.ndim else input._data)
    return result(data, Flip, (input,), dims=wanted)


@method
def fliplr(input: Tensor) -> Tensor:
    """Return a copy in reverse order along the second dimension.

    Parameters
    ----------
    input : Tensor

    Raises
    ------
    RuntimeError
        For fewer than two dimensions.
    """
    if input._data.ndim < 2:
        raise ShapeError(f"fliplr: input must be >= 2-d; got {portrait(input)}")
    return flip(input, 1)


@method
def flipud(input: Tensor) -> Tensor:
    """Return a copy in reverse order along the first dimension.

    Parameters
    ----------
    input : Tensor

    Raises
    ------
    RuntimeError
        For a 0-d tensor.
    """
    if input._data.ndim < 1:
        raise ShapeError(f"flipud: input must be >= 1-d; got {portrait(input)}")
    return flip(input, 0)


def _several(value: Any) -> tuple[int, ...]:
    return () if value is None else tuple(value) if isinstance(value, (tuple, list)) else (value,)


@method
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Return a copy moved by `shifts` places along `dims`; what leaves at the end comes in at the beginning.

    Without `dims` the elements are moved in their order.

    Parameters
    ----------
    input : Tensor
    shifts : int or tuple of int
        By how much.
    dims : int or tuple of int, optional
        Dimensions.

    Raises
    ------
    RuntimeError
        If the numbers of shifts and dimensions differ.
    """
    amounts, along = _several(shifts), _several(dims)
    if not amounts:
        raise RuntimeError("roll: `shifts` required")
    if not along:
        if len(amounts) != 1:
            raise RuntimeError(f"roll: shifts and dimensions must align. shifts: {len(amounts)}, dims: 0")
        flat = reshape(input, (input._data.size,))
        return reshape(roll(flat, amounts, (0,)), input._data.shape)
    if len(amounts) != len(along):
        raise RuntimeError(f"roll: shifts and dimensions must align. shifts: {len(amounts)}, dims: {len(along)}")
    if not input._data.ndim:
        raise IndexError(f"roll: Dimension specified as {along[0]} but tensor has no dimensions")
    at = tuple(dim_of("roll", d, input._data.ndim) for d in along)
    data = np.roll(input._data, amounts, at) if input._data.size else np.copy(input._data)
    return result(data, Roll, (input,), shifts=amounts, dims=at)


@method
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """Return a copy turned by `k` right angles in the plane of two dimensions, from the first towards the second.

    Parameters
    ----------
    input : Tensor
    k : int, default 1
        Quarter turns.
    dims : int or tuple of int
        Dimensions.

    Raises
    ------
    RuntimeError
        If `dims` does not name two dimensions of the tensor.
    """
    if len(dims) != 2:
        raise RuntimeError(f"rot90: expected total rotation dims == 2; got {len(dims)}")
    if input._data.ndim < 2:
        raise ShapeError(f"rot90: expected total dims >= 2; got {portrait(input)}")
    if abs(dims[0] - dims[1]) == input._data.ndim or dims[0] == dims[1]:
        raise RuntimeError(f"rot90: expected rotation dims to be different; got {tuple(dims)}")
    first, second = (dim_of("rot90", d, input._data.ndim) for d in dims)
    turns = k % 4
    if turns == 1:
        return transpose(flip(input, second), first, second)
    if turns == 2:
        return flip(input, (first, second))
    if turns == 3:
        return flip(transpose(input, first, second), second)
    return input.clone()  # type: ignore[no-any-return]


# --- repetitions


def _repeated(op: str, input: Tensor, counts: tuple[int, ...]) -> Tensor:
    shape = input._data.shape
    if len(counts) < len(shape) or any(n < 0 for n in counts):
        raise RuntimeError(
            f"{op}: Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor, "
            f"and none may be negative; got {counts} for {portrait(input)}"
        )
    shape = (1,) * (len(counts) - len(shape)) + shape
    # Each dimension as (repetitions, extent): one view with the repetitions, then one copy.
    pairs = tuple(part for extent in shape for part in (1, extent))
    whole = tuple(part for n, extent in zip(counts, shape, strict=True) for part in (n, extent))
    tall = expand(reshape(input, pairs), whole)
    data = _array.contiguous(tall._data).reshape(tuple(n * e for n, e in zip(counts, shape, strict=True)))
    if np.may_share_memory(data, input._data):
        data = data.copy()
    return result(data, Repeat, (tall,), shape=whole)


class Repeat(Node):
    """z = a copy of a in another shape."""

    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g in the old shape."""
        return (reshape(grad, self.shape),)


@method
def repeat(input: Tensor, *args: Any, repeats: Any = None) -> Tensor:
    """Return a copy repeated `repeats` times along each dimension; more numbers than dimensions add some in front.

    Parameters
    ----------
    input : Tensor
    *args : int, or one sequence of them
        How often along each dimension.
    repeats : sequence of int, optional
        The same, instead of `args`.

    Raises
    ------
    RuntimeError
        If there are fewer numbers than dimensions, or one is negative.
    """
    return _repeated("repeat", input, sizes_of("repeat", args if repeats is None else (repeats,)))


@method
def tile(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """Return a copy repeated along the last dimensions; missing numbers are 1.

    Parameters
    ----------
    input : Tensor
    *args : int, or one sequence of them
        How often along each dimension.
    dims : sequence of int, optional
        The same, instead of `args`.

    Raises
    ------
    RuntimeError
        If a number is negative.
    """
    counts = sizes_of("tile", args if dims is None else (dims,))
    return _repeated("tile", input, (1,) * (input._data.ndim - len(counts)) + counts)


@method
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Return a copy with each slice along `dim` repeated `repeats` times (a number, or one for each slice).

    Without `dim`, the elements in their order. With one argument, that is `repeats`, and the
    result numbers the slices.

    Parameters
    ----------
    input : Tensor
    repeats : int or Tensor, optional
        How often each element comes.
    dim : int, optional
        Along which.
    output_size : int, optional
        Length of the result.

    Raises
    ------
    RuntimeError
        If a number is negative, or `repeats` has not one number or one for each slice.
    """
    if repeats is None:
        counts = input._data
        if counts.ndim != 1 or counts.dtype not in (np.int32, np.int64):
            raise RuntimeError(f"repeat_interleave: repeats must be a vector of integers; got {portrait(input)}")
        if (counts < 0).any():
            raise RuntimeError("repeat_interleave: repeats can not be negative")
        return fresh(np.repeat(np.arange(counts.size, dtype=counts.dtype), counts))
    if dim is None:
        return repeat_interleave(reshape(input, (input._data.size,)), repeats, 0, output_size=output_size)
    at = dim_of("repeat_interleave", dim, input._data.ndim)
    extent = input._data.shape[at] if input._data.ndim else 1
    numbers = np.asarray(repeats._data if isinstance(repeats, Tensor) else repeats)
    if numbers.dtype.kind not in "iu":
        raise RuntimeError(f"repeat_interleave: repeats must be int32 or int64; got {numbers.dtype}")
    if numbers.ndim > 1 or (numbers.ndim == 1 and numbers.size not in (1, extent)):
        raise RuntimeError(
            f"repeat_interleave: repeats must be 0-dim or 1-dim and have the same size as input along dim {at} "
            f"({extent}); got shape {list(numbers.shape)}"
        )
    if (numbers < 0).any():
        raise RuntimeError("repeat_interleave: repeats can not be negative")
    rows = np.repeat(np.arange(extent, dtype=np.int64), np.broadcast_to(numbers, (extent,)))
    if output_size is not None and rows.size != output_size:
        raise RuntimeError(f"repeat_interleave: allocated size does not match required size; got {output_size}")
    whole = input if input._data.ndim else reshape(input, (1,))
    return index_select(whole, at, fresh(rows))
