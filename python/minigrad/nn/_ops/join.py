"""Joining tensors and cutting them into pieces.

Joining and cutting are each other's gradients: the gradient of a joined piece is a cut of
the whole's, and that of a whole is the join of its pieces'.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._dtype import promote_types
from minigrad.nn._errors import ShapeError, portrait
from minigrad.nn._graph import Node
from minigrad.nn._ops.index import basic, index_select
from minigrad.nn._ops.shape import atleast_1d, atleast_2d, atleast_3d, expand, reshape
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, dim_of, fresh, method, result, result_type, results

__all__ = [
    "block_diag",
    "cartesian_prod",
    "cat",
    "chunk",
    "column_stack",
    "combinations",
    "concat",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "meshgrid",
    "row_stack",
    "split",
    "split_with_sizes",
    "stack",
    "tensor_split",
    "unbind",
    "unsafe_chunk",
    "unsafe_split",
    "vsplit",
    "vstack",
]

_FULL = slice(None)


class Cat(Node):
    """z = the tensors one after another along `dim`."""

    dim: int
    pieces: tuple[tuple[int, int] | None, ...]
    """Where each begins and ends; None for those that were left out."""

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Gradients: the pieces of g."""
        return tuple(
            None
            if edge is None
            else fresh(np.zeros(0, grad._data.dtype))
            if piece is None
            else basic(grad, (_FULL,) * self.dim + (slice(*piece),))
            for edge, piece in zip(self.next_functions_, self.pieces, strict=True)
        )


class Stack(Node):
    """z = the tensors side by side along a new dimension `dim`."""

    dim: int

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Gradients: the slices of g."""
        return tuple(
            None if edge is None else basic(grad, (_FULL,) * self.dim + (number,))
            for number, edge in enumerate(self.next_functions_)
        )


class Split(Node):
    """z_1, z_2 ... = pieces of a along `dim`."""

    dim: int

    def backward(self, *grads: Any) -> tuple[Any]:
        """Gradient: the pieces' gradients joined again."""
        return (cat(_whole(self, grads), self.dim),)


class Unbind(Node):
    """z_1, z_2 ... = the slices of a along `dim`."""

    dim: int

    def backward(self, *grads: Any) -> tuple[Any]:
        """Gradient: the slices' gradients stacked again."""
        return (stack(_whole(self, grads), self.dim),)


def _whole(node: Node, grads: Sequence[Any]) -> list[Tensor]:
    return [fresh(_array.zeros(*node.metas[i])) if g is None else g for i, g in enumerate(grads)]


def _sequence(op: str, tensors: Any) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{op}: tensors must be a list or tuple of Tensors; got {type(tensors).__name__}")
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{op}: expected Tensor as element; got {type(tensor).__name__}")
    if not tensors:
        raise (ValueError if op == "cat" else RuntimeError)(f"{op}: expected a non-empty list of Tensors")
    return list(tensors)


def _common(tensors: list[Tensor]) -> list[Tensor]:
    """Return the tensors with their common element type."""
    first = tensors[0]._data.dtype
    if all(a._data.dtype is first for a in tensors):
        return tensors
    kind = tensors[0].dtype
    known = tensors[0]
    for tensor in tensors[1:]:
        # A 0-d operand counts only if no other is of its category.
        same = (tensor._data.ndim == 0) == (known._data.ndim == 0)
        kind = promote_types(kind, tensor.dtype) if same else result_type(fresh_like(known, kind), tensor)
        known = known if known._data.ndim else tensor
    return [a if a.dtype is kind else a.to(kind) for a in tensors]


def fresh_like(tensor: Tensor, kind: Any) -> Tensor:
    """Return a tensor of `kind` with as many dimensions as `tensor`, for a question of types."""
    return fresh(np.zeros((0,) * tensor._data.ndim, kind.numpy))


@takes_out
def cat(tensors: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Return the tensors one after another along `dim`; vectors of no elements are left out.

    Parameters
    ----------
    tensors : sequence of Tensor
    dim : int, default 0
        Along which.
    axis : int, optional
        Another name for `dim`.

    Raises
    ------
    RuntimeError
        If the shapes differ elsewhere than along `dim`, or a tensor is 0-d.
    ValueError
        If there are no tensors.
    IndexError
        If `dim` is out of range.
    """
    parts = _common(_sequence("cat", tensors))
    for tensor in parts:
        if tensor._data.ndim == 0:
            raise ShapeError(f"cat: zero-dimensional tensor cannot be concatenated: {portrait(tensor)}")
    real = [a for a in parts if a._data.shape != (0,)]
    first = (real or parts)[0]
    shape = first._data.shape
    at = dim_of("cat", dim if axis is None else axis, len(shape))
    pieces: list[tuple[int, int] | None] = []
    end = 0
    for tensor in parts:
        have = tensor._data.shape
        if have == (0,) and len(shape) != 1:
            pieces.append(None)
            continue
        if len(have) != len(shape) or have[:at] != shape[:at] or have[at + 1 :] != shape[at + 1 :]:
            raise ShapeError(
                f"cat: sizes of tensors must match except in dimension {at}; got {portrait(first)} and "
                f"{portrait(tensor)}"
            )
        pieces.append((end, end + have[at]))
        end += have[at]
    out = _array.empty((*shape[:at], end, *shape[at + 1 :]), first._data.dtype)
    np.concatenate([a._data for a, piece in zip(parts, pieces, strict=True) if piece is not None], axis=at, out=out)
    return result(out, Cat, tuple(parts), dim=at, pieces=tuple(pieces))


@takes_out
def concat(tensors: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Return the tensors one after another, as `cat`.

    Parameters
    ----------
    tensors : sequence of Tensor
    dim : int, default 0
        Along which.
    axis : int, optional
        Another name for `dim`.
    """
    return cat(tensors, dim, axis=axis)


concatenate = concat


@takes_out
def stack(tensors: Any, dim: int = 0) -> Tensor:
    """Return the tensors side by side along a new dimension `dim`.

    Parameters
    ----------
    tensors : sequence of Tensor
    dim : int, default 0
        Along which.

    Raises
    ------
    RuntimeError
        If the shapes differ, or there are no tensors.
    """
    parts = _common(_sequence("stack", tensors))
    shape = parts[0]._data.shape
    at = dim_of("stack", dim, len(shape) + 1)
    for tensor in parts:
        if tensor._data.shape != shape:
            raise ShapeError(
                f"stack: expects each tensor to be equal size; got {portrait(parts[0])} and {portrait(tensor)}"
            )
    out = _array.empty((*shape[:at], len(parts), *shape[at:]), parts[0]._data.dtype)
    np.stack([a._data for a in parts], axis=at, out=out)
    return result(out, Stack, tuple(parts), dim=at)


@takes_out
def hstack(tensors: Any) -> Tensor:
    """Return the tensors joined along the second dimension, or the first of vectors.

    Parameters
    ----------
    tensors : sequence of Tensor
    """
    parts = atleast_1d(_sequence("hstack", tensors))
    return cat(parts, 0 if parts[0]._data.ndim == 1 else 1)


@takes_out
def vstack(tensors: Any) -> Tensor:
    """Return the tensors, vectors as rows, joined along the first dimension.

    Parameters
    ----------
    tensors : sequence of Tensor
    """
    return cat(atleast_2d(_sequence("vstack", tensors)), 0)


row_stack = vstack


@takes_out
def dstack(tensors: Any) -> Tensor:
    """Return the tensors, with at least three dimensions each, joined along the third.

    Parameters
    ----------
    tensors : sequence of Tensor
    """
    return cat(atleast_3d(_sequence("dstack", tensors)), 2)


@takes_out
def column_stack(tensors: Any) -> Tensor:
    """Return the tensors, vectors as columns, joined along the second dimension.

    Parameters
    ----------
    tensors : sequence of Tensor
    """
    parts = _sequence("column_stack", tensors)
    return cat([reshape(a, (a._data.size, 1)) if a._data.ndim <= 1 else a for a in parts], 1)


# --- pieces


def _pieces(input: Tensor, node: type[Node], at: int, keys: list[Any]) -> tuple[Tensor, ...]:
    """Return views of the slices `keys` along dimension `at`, outputs of one operation."""
    lead = (_FULL,) * at
    data = input._data
    outs = results([data[(*lead, key, Ellipsis)] for key in keys], node, (input,), dim=at)
    cell = input._shared_cell()
    root, first = input._view if input._view is not None else (input, lambda a: a)
    for out, key in zip(outs, keys, strict=True):
        out._cell = cell
        out._view = (root, lambda a, key=key: basic(first(a), (*lead, key)))
        cell.add_view(out)
    return outs


def _cut(op: str, input: Tensor, dim: int, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    at = dim_of(op, dim, input._data.ndim)
    ends = list(itertools.accumulate(sizes))
    return _pieces(input, Split, at, [slice(end - n, end) for end, n in zip(ends, sizes, strict=True)])


def _extent(op: str, input: Tensor, dim: int) -> int:
    if input._data.ndim == 0:
        raise RuntimeError(f"{op}: expects at least a 1-dimensional tensor; got {portrait(input)}")
    return input._data.shape[dim_of(op, dim, input._data.ndim)]  # type: ignore[no-any-return]


@method
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of the pieces of `tensor` along `dim`: of one size (the last may be less), or of the sizes given.

    Parameters
    ----------
    tensor : Tensor
    split_size_or_sections : int or list of int
        Extent of a piece, or of each piece.
    dim : int, default 0
        Along which.

    Raises
    ------
    RuntimeError
        If the sizes do not sum to the extent, or one is negative.
    """
    if isinstance(split_size_or_sections, (list, tuple)):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    extent, step = _extent("split", tensor, dim), int(split_size_or_sections)
    if step < 0 or (step == 0 and extent > 0):
        raise RuntimeError(
            f"split: split_size can only be 0 if dimension size is 0, and must be non-negative; got {step} for a "
            f"dimension of {extent}"
        )
    count = max(-(-extent // step), 1) if step else 1
    return _cut("split", tensor, dim, [min(step, extent - i * step) for i in range(count)])


@method
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of the pieces of `input` along `dim`, of the sizes given.

    Parameters
    ----------
    input : Tensor
    split_sizes : list of int
        Extent of each piece.
    dim : int, default 0
        Along which.

    Raises
    ------
    RuntimeError
        If the sizes do not sum to the extent, or one is negative.
    """
    extent = _extent("split_with_sizes", input, dim)
    sizes = [int(n) for n in split_sizes]
    if any(n < 0 for n in sizes) or sum(sizes) != extent:
        raise RuntimeError(
            f"split_with_sizes: expects split_sizes to sum exactly to {extent} (input tensor's size at dimension "
            f"{dim}) and have only non-negative entries; got {sizes}"
        )
    return _cut("split_with_sizes", input, dim, sizes)


@method
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of at most `chunks` pieces of equal size (the last may be less) along `dim`.

    Parameters
    ----------
    input : Tensor
    chunks : int
        How many pieces.
    dim : int, default 0
        Along which.

    Raises
    ------
    RuntimeError
        If `chunks` is less than 1, or the tensor is 0-d.
    """
    extent = _extent("chunk", input, dim)
    if chunks <= 0:
        raise RuntimeError(f"chunk: expects `chunks` to be greater than 0; got {chunks}")
    if extent == 0:
        return _cut("chunk", input, dim, [0] * chunks)
    return split(input, -(-extent // chunks), dim)


unsafe_chunk = method("unsafe_chunk")(chunk)
unsafe_split = method("unsafe_split")(split)


@method
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of pieces along `dim`: a number of them, as equal as possible, or cut before the indices given.

    Parameters
    ----------
    input : Tensor
    indices_or_sections : int or sequence of int
        How many pieces, or where to cut.
    dim : int, default 0
        Along which.

    Raises
    ------
    RuntimeError
        If the number is less than 1, or the tensor is 0-d.
    """
    extent = _extent("tensor_split", input, dim)
    where = indices_or_sections
    if isinstance(where, Tensor):
        if where._data.ndim > 1 or where._data.dtype != np.int64:
            raise RuntimeError(f"tensor_split: expected a zero- or one-dimensional int64 tensor; got {portrait(where)}")
        where = where._data.tolist()
    if isinstance(where, (list, tuple)):
        cuts = [slice(None, where[0]) if where else _FULL]
        cuts += [slice(a, b) for a, b in itertools.pairwise([*where, None])] if where else []
        lead = (_FULL,) * dim_of("tensor_split", dim, input._data.ndim)
        return tuple(basic(input, (*lead, slice(*cut.indices(extent)))) for cut in cuts)
    if where <= 0:
        raise RuntimeError(f"tensor_split: number of sections must be larger than 0; got {where}")
    least, more = divmod(extent, where)
    return _cut("tensor_split", input, dim, [least + (i < more) for i in range(where)])


@method
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of all slices along `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int, default 0
        Along which.

    Raises
    ------
    IndexError
        If `dim` is out of range, or the tensor is 0-d.
    """
    if input._data.ndim == 0:
        raise IndexError("unbind: Dimension specified as 0 but tensor has no dimensions")
    at = dim_of("unbind", dim, input._data.ndim)
    if input._data.shape[at] == 0:
        return ()
    return _pieces(input, Unbind, at, list(range(input._data.shape[at])))


def _split_along(name: str, dim: int, ndim: int, doc: str) -> Any:
    @method(name)
    def form(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        at = 0 if name == "hsplit" and input._data.ndim == 1 else dim
        if input._data.ndim < ndim:
            raise RuntimeError(
                f"{name}: requires a tensor with at least {ndim} dimension, but got a tensor with "
                f"{input._data.ndim} dimensions"
            )
        sections = indices_or_sections
        if isinstance(sections, int) and (sections <= 0 or input._data.shape[at] % sections):
            raise RuntimeError(
                f"{name}: attempting to split along dimension {at}, but the size of the dimension "
                f"{input._data.shape[at]} is not divisible by the split_size {sections}"
            )
        return tensor_split(input, sections, at)

    form.__name__ = form.__qualname__ = name
    form.__doc__ = f"""{doc}

    Parameters
    ----------
    input : Tensor
    indices_or_sections : int or sequence of int
        How many pieces, or where to cut.

    Raises
    ------
    RuntimeError
        If the tensor has too few dimensions, or cannot be cut into pieces of equal extent.
    """
    return form


hsplit = _split_along("hsplit", 1, 1, "Return views of pieces along the second dimension (of a vector, the first).")
vsplit = _split_along("vsplit", 0, 2, "Return views of pieces along the first dimension.")
dsplit = _split_along("dsplit", 2, 3, "Return views of pieces along the third dimension.")


# --- grids and blocks


def _several(op: str, tensors: tuple[Any, ...]) -> list[Tensor]:
    return _sequence(op, tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Return, for vectors x, y ..., views of their values at every point of the grid x by y by ...

    With ``indexing="xy"`` the first two dimensions are exchanged; the default is ``"ij"``.

    Parameters
    ----------
    *tensors : Tensor
        Vectors.
    indexing : {"ij", "xy"}, optional
        Whether the first tensor runs along rows or columns.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        If `indexing` is unknown, or a tensor is not a vector or number, or the dtypes differ.
    """
    parts = _several("meshgrid", tensors)
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f"meshgrid: indexing must be one of 'xy' or 'ij'; got {indexing!r}")
    for tensor in parts:
        if tensor._data.ndim > 1:
            raise RuntimeError(f"meshgrid: expected scalar or 1D tensors; got {portrait(tensor)}")
        if tensor._data.dtype != parts[0]._data.dtype:
            raise RuntimeError("meshgrid: expects all tensors to have the same dtype")
    swapped = indexing == "xy" and len(parts) >= 2
    if swapped:
        parts[0], parts[1] = parts[1], parts[0]
    shape = tuple(a._data.size for a in parts)
    grids = []
    for number, tensor in enumerate(parts):
        line = reshape(tensor, (1,) * number + (-1 if tensor._data.size else 0,) + (1,) * (len(parts) - number - 1))
        grid = expand(line, shape)
        grids.append(grid)
    if swapped:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Tensor:
    """Return all combinations of elements of the vectors, one in each row.

    Parameters
    ----------
    *tensors : sequence of Tensor

    Raises
    ------
    RuntimeError
        If a tensor is not a vector.
    """
    for tensor in tensors:
        if tensor._data.ndim != 1:
            raise RuntimeError(f"cartesian_prod: Expect a 1D vector; got {portrait(tensor)}")
    if len(tensors) == 1:
        return tensors[0]  # type: ignore[no-any-return]
    return stack([reshape(grid, (grid._data.size,)) for grid in meshgrid(*tensors)], 1)


@method
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Return all ways to choose `r` elements of a vector, one in each row.

    Parameters
    ----------
    input : Tensor
    r : int, default 2
        Elements of a combination.
    with_replacement : bool, default False
        Whether an element may come again.

    Raises
    ------
    RuntimeError
        If the tensor is not a vector, or `r` is negative.
    """
    if input._data.ndim != 1:
        raise RuntimeError(f"combinations: Expect a 1D vector; got {portrait(input)}")
    if r < 0:
        raise RuntimeError(f"combinations: Expect a non-negative number; got {r}")
    if r == 0:
        return fresh(np.zeros(0, input._data.dtype))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input._data.size), r)), np.int64).reshape(-1, r)
    return reshape(index_select(input, 0, fresh(rows.reshape(-1))), rows.shape)


class BlockDiag(Node):
    """z = the matrices along the diagonal of zeros."""

    corners: tuple[tuple[slice, slice], ...]
    shapes: tuple[tuple[int, ...], ...]

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Gradients: the blocks of g."""
        return tuple(
            None if edge is None else reshape(basic(grad, corner), shape)
            for edge, corner, shape in zip(self.next_functions_, self.corners, self.shapes, strict=True)
        )


def block_diag(*tensors: Any) -> Tensor:
    """Return a matrix of zeros with the tensors, of at most two dimensions, along its diagonal.

    Parameters
    ----------
    *tensors : sequence of Tensor

    Raises
    ------
    RuntimeError
        If one has more than two dimensions.
    """
    parts = _common(list(tensors)) if tensors else [fresh(np.zeros((1, 0), np.float32))]
    blocks = []
    for tensor in parts:
        if tensor._data.ndim > 2:
            raise RuntimeError(f"block_diag: Input tensors must have 2 or fewer dimensions; got {portrait(tensor)}")
        blocks.append(np.atleast_2d(tensor._data))
    downs = list(itertools.accumulate([b.shape[0] for b in blocks], initial=0))
    acrosses = list(itertools.accumulate([b.shape[1] for b in blocks], initial=0))
    out = _array.zeros((downs[-1], acrosses[-1]), blocks[0].dtype)
    corners = tuple(
        (slice(top, bottom), slice(left, right))
        for (top, bottom), (left, right) in zip(itertools.pairwise(downs), itertools.pairwise(acrosses), strict=True)
    )
    for block, corner in zip(blocks, corners, strict=True):
        out[corner] = block
    return result(out, BlockDiag, tuple(parts), corners=corners, shapes=tuple(a._data.shape for a in parts))
