"""What a subscript means: views by numbers and slices first, then elements by index arrays.

A key is read in two steps. Ints, slices, None and Ellipsis give a view. Lists, integer and
bool tensors then pick elements of that view: their index arrays are broadcast to one shape,
which takes the place of the dimensions they index if those stand together, or else comes
first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._products import rows_add

__all__ = ["Elements", "checked_index", "read_key"]

_I64 = np.dtype(np.int64)
_FULL = slice(None)


class OutOfRangeError(IndexError, RuntimeError):
    """An index lies outside its dimension; PyTorch raises the one or the other."""


def checked_index(op: str, index: np.ndarray, extent: int, dim: int = 0, negative: bool = True) -> np.ndarray:
    """Return integer indices of a dimension as int64 from 0 up.

    Raises
    ------
    IndexError
        If one is out of range.
    """
    array = index.astype(_I64, copy=False)
    if not array.size:
        return array
    low, high = int(array.min()), int(array.max())
    if high >= extent or low < (-extent if negative else 0):
        bad = high if high >= extent else low
        raise OutOfRangeError(f"{op}: index {bad} is out of bounds for dimension {dim} with size {extent}")
    return array if low >= 0 else np.where(array < 0, array + extent, array)


class Elements:
    """Elements picked from a tensor of `shape` by index arrays, one for each of the dimensions `dims`."""

    def __init__(self, op: str, shape: tuple[int, ...], dims: tuple[int, ...], arrays: list[np.ndarray]) -> None:
        self.shape, self.dims = shape, dims
        try:
            self.index_shape = np.broadcast_shapes(*[a.shape for a in arrays])
        except ValueError:
            raise IndexError(
                f"{op}: shape mismatch: indexing tensors could not be broadcast together with shapes "
                f"{', '.join(str(list(a.shape)) for a in arrays)}"
            ) from None
        self.together = all(b == a + 1 for a, b in zip(dims, dims[1:], strict=False))
        extents = [shape[d] for d in dims]
        # One number for each pick: its place among all combinations of the indexed dimensions.
        place: Any = 0
        for array, extent, dim in zip(arrays, extents, dims, strict=True):
            # An index array beside an empty one picks nothing, whatever it holds.
            known = checked_index(op, array, extent, dim) if math.prod(self.index_shape) else array.astype(_I64)
            place = place * extent + known
        self.place = np.ascontiguousarray(np.broadcast_to(place, self.index_shape), _I64).reshape(-1)
        self.places = math.prod(extents)
        first = dims[0] if self.together else 0
        rest = [d for d in range(len(shape)) if d not in dims]
        self.order = (*rest[:first], *dims, *rest[first:])
        self.lead = tuple(shape[d] for d in rest[:first])
        self.tail = tuple(shape[d] for d in rest[first:])
        self.result_shape = (*self.lead, *self.index_shape, *self.tail)

    def _rows(self, data: np.ndarray) -> np.ndarray:
        """Return `data` with the indexed dimensions as one, between those before and those after."""
        ordered = data if self.together else data.transpose(self.order)
        return ordered.reshape(math.prod(self.lead), self.places, math.prod(self.tail))

    def take(self, data: np.ndarray) -> np.ndarray:
        """Return the picked elements of `data`."""
        out = _array.empty(self.result_shape, data.dtype)
        flat = out.reshape(math.prod(self.lead), self.place.size, math.prod(self.tail))
        if out.size:
            np.take(self._rows(data), self.place, axis=1, out=flat, mode="clip")
        return out

    def _restored(self, rows: np.ndarray) -> np.ndarray:
        extents = tuple(self.shape[d] for d in self.dims)
        ordered = rows.reshape(*self.lead, *extents, *self.tail)
        return ordered if self.together else ordered.transpose(np.argsort(self.order))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return zeros of `shape` with `values`, of the picks' shape, added where they were picked."""
        rows = _array.zeros((math.prod(self.lead), self.places, math.prod(self.tail)), values.dtype)
        rows_add(rows, self.place, values.reshape(rows.shape[0], self.place.size, rows.shape[2]), 1)
        return self._restored(rows)

    def put(self, data: np.ndarray, values: np.ndarray, accumulate: bool) -> None:
        """Set, or add to, the picked elements of `data`."""
        filled = np.broadcast_to(values, self.result_shape)
        if accumulate and data.dtype.kind == "b":
            data |= self.sums(filled)
        elif accumulate:
            data += self.sums(filled)
        else:
            index: list[Any] = [_FULL] * len(self.shape)
            unravelled = np.unravel_index(self.place, tuple(self.shape[d] for d in self.dims)) if self.places else ()
            for dim, array in zip(self.dims, unravelled, strict=False):
                index[dim] = array.reshape(self.index_shape)
            if filled.size:
                data[tuple(index)] = filled


def _plain(item: Any) -> Any:
    """Return a part of a key as an int, slice, None, Ellipsis, or array."""
    if item is None or item is Ellipsis or type(item) is int:
        return item
    if isinstance(item, slice):
        return _slice(item)
    array = getattr(item, "_data", item)
    if isinstance(array, (bool, np.bool_)):
        return np.asarray(array)
    if isinstance(array, (list, tuple, range)):
        from minigrad.nn._tensor import as_tensor

        array = as_tensor(list(array))._data if len(array) else np.zeros(0, _I64)
    if isinstance(array, np.ndarray):
        if array.dtype.kind not in "iub":
            raise IndexError(
                "getitem: tensors used as indices must be long, int, byte or bool tensors; got dtype "
                + str(array.dtype)
            )
        if array.ndim == 0 and array.dtype.kind != "b":
            return int(array)
        return array.astype(bool) if array.dtype == np.uint8 else array
    try:
        return item.__index__()
    except (AttributeError, TypeError):
        raise IndexError(
            "getitem: only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
            f"indices (got {type(item).__name__})"
        ) from None


def _slice(item: slice) -> slice:
    start, stop, step = (None if n is None else _bound(n) for n in (item.start, item.stop, item.step))
    if step is not None and step <= 0:
        raise ValueError(f"getitem: step must be greater than zero; got {step}")
    return slice(start, stop, step)


def _bound(n: Any) -> int:
    data = getattr(n, "_data", None)
    try:
        return int(data.item()) if data is not None else n.__index__()
    except (AttributeError, TypeError):
        raise TypeError(
            f"getitem: slice indices must be integers or None or have an __index__ method; got {n!r}"
        ) from None


def read_key(shape: tuple[int, ...], key: Any) -> tuple[tuple[Any, ...], Elements | None]:
    """Return a key's view part, as NumPy reads it, and its picking part for the view, or None.

    Raises
    ------
    IndexError
        If an index is out of range, or the key has too many parts or one that is no index.
    ValueError
        For a slice whose step is not positive.
    """
    parts = [_plain(item) for item in (key if isinstance(key, tuple) else (key,))]
    used = sum([p.ndim if p.dtype.kind == "b" else 1 for p in parts if isinstance(p, np.ndarray)])
    used += sum([isinstance(p, (int, slice)) for p in parts])
    if used > len(shape):
        raise IndexError(f"getitem: too many indices for tensor of dimension {len(shape)}; got {used}")
    dots = next((i for i, p in enumerate(parts) if p is Ellipsis), len(parts))
    filled = parts[:dots] + [_FULL] * (len(shape) - used) + [p for p in parts[dots:] if p is not Ellipsis]
    return _split(shape, filled)


def _split(shape: tuple[int, ...], parts: list[Any]) -> tuple[tuple[Any, ...], Elements | None]:
    """Divide a complete key into the view and the picks."""
    basic: list[Any] = []
    picks: list[tuple[int, np.ndarray]] = []
    extents: list[int] = []
    at = 0
    for part in parts:
        if part is None:
            basic.append(None)
            extents.append(1)
        elif isinstance(part, int):
            if not -shape[at] <= part < shape[at]:
                raise IndexError(f"getitem: index {part} is out of bounds for dimension {at} with size {shape[at]}")
            basic.append(part)
            at += 1
        elif isinstance(part, slice):
            basic.append(part)
            extents.append(len(range(*part.indices(shape[at]))))
            at += 1
        elif part.dtype.kind == "b":
            at = _read_mask(part, shape, at, basic, picks, extents)
        else:
            picks.append((len(extents), part))
            basic.append(_FULL)
            extents.append(shape[at])
            at += 1
    if not picks:
        return tuple(basic), None
    dims, arrays = zip(*picks, strict=True)
    return tuple(basic), Elements("getitem", tuple(extents), dims, list(arrays))


def _read_mask(
    mask: np.ndarray,
    shape: tuple[int, ...],
    at: int,
    basic: list[Any],
    picks: list[tuple[int, np.ndarray]],
    extents: list[int],
) -> int:
    """Read a mask as the indices of its true elements; return the next dimension."""
    if mask.ndim == 0:
        picks.append((len(extents), np.zeros(int(mask), _I64)))
        basic.append(None)
        extents.append(1)
        return at
    if mask.shape != shape[at : at + mask.ndim]:
        raise IndexError(
            f"getitem: The shape of the mask {list(mask.shape)} at index {at} does not match the shape of the indexed "
            f"tensor {list(shape)} at index {at}"
        )
    for offset, indices in enumerate(mask.nonzero()):
        picks.append((len(extents), indices))
        basic.append(_FULL)
        extents.append(shape[at + offset])
    return at + mask.ndim
