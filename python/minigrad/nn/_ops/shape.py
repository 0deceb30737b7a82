"""Shapes: views of the same memory where possible.

A view z of a holds some of a's elements in another arrangement, so the gradient of a is
that of z put back in a's arrangement; an element that z repeats collects a sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._dtype import dtype as Dtype  # noqa: N812 (the class, beside the parameter)
from minigrad.nn._errors import ShapeError, portrait
from minigrad.nn._graph import Node
from minigrad.nn._tensor import Tensor, dim_of, dims_of, fresh, method, result, unbroadcast, view_result

__all__ = [
    "adjoint",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_shapes",
    "broadcast_tensors",
    "broadcast_to",
    "expand",
    "flatten",
    "moveaxis",
    "movedim",
    "permute",
    "ravel",
    "reshape",
    "squeeze",
    "swapaxes",
    "swapdims",
    "t",
    "transpose",
    "unflatten",
    "unsqueeze",
]

_CAN_REFUSE_COPY = int(np.__version__.split(".")[0]) > 2 or np.lib.NumpyVersion(np.__version__) >= "2.1.0"


class Reshape(Node):
    """z = a with its elements, in order, in another shape."""

    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g in the old shape."""
        return (reshape(grad, self.shape),)


class View(Reshape):
    """A `Reshape` that was asked for as a view."""


class Squeeze(Reshape):
    """z = a without some dimensions of extent 1."""


class Unsqueeze(Reshape):
    """z = a with one more dimension of extent 1."""


class Permute(Node):
    """z = a with its dimensions in another order."""

    dims: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g with its dimensions back in order."""
        back = [0] * len(self.dims)
        for position, dim in enumerate(self.dims):
            back[dim] = position
        return (_permuted(grad, tuple(back)),)


class Expand(Node):
    """z = a, repeated along dimensions of extent 1."""

    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient: the sum over the repetitions."""
        return (unbroadcast(grad, self.shape),)


def sizes_of(op: str, args: tuple[Any, ...]) -> tuple[int, ...]:
    """Return a shape given as one sequence or as separate ints."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = tuple(args[0])
    try:
        return tuple([n if type(n) is int else _index(n) for n in args])
    except (AttributeError, TypeError, ValueError):
        raise TypeError(f"{op}: the shape must be ints; got {args!r}") from None


def _index(n: Any) -> int:
    if isinstance(n, bool):
        raise TypeError
    return int(n.item()) if isinstance(n, Tensor) and n._data.dtype.kind != "f" else n.__index__()


def full_shape(op: str, input: Tensor, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Return `sizes` with its -1, if any, replaced by what `input` holds."""
    count = input._data.size
    known = 1
    unknown = -1
    for position, extent in enumerate(sizes):
        if extent >= 0:
            known *= extent
        elif extent == -1 and unknown < 0:
            unknown = position
        else:
            problem = "only one dimension can be inferred" if extent == -1 else f"invalid shape dimension {extent}"
            raise ShapeError(f"{op}: {problem}; got shape {sizes} for {portrait(input)}")
    if unknown < 0:
        if known == count:
            return sizes
    elif known == 0 and count == 0:
        raise ShapeError(
            f"{op}: cannot reshape tensor of 0 elements into shape {sizes} because the unspecified dimension size -1 "
            f"can be any value and is ambiguous; got {portrait(input)}"
        )
    elif known and count % known == 0:
        return (*sizes[:unknown], count // known, *sizes[unknown + 1 :])
    raise ShapeError(f"{op}: shape {sizes} is invalid for {portrait(input)} of {count} elements")


def _viewed(data: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return `data` in another shape without a copy, or None if its strides do not allow that."""
    if data.flags.c_contiguous or data.size <= 1:
        return data.reshape(shape)
    if _CAN_REFUSE_COPY:
        try:
            return data.reshape(shape, copy=False)
        except ValueError:
            return None
    made = data.reshape(shape)
    return made if np.may_share_memory(made, data) else None


@method
def reshape(input: Tensor, *args: Any, shape: Any = None) -> Tensor:
    """Return the elements in another shape, one extent of which may be -1; a view where possible.

    Parameters
    ----------
    input : Tensor
    *args : int, or one sequence of them
        The new extents.
    shape : sequence of int, optional
        The same, instead of `args`.

    Raises
    ------
    RuntimeError
        If the numbers of elements differ.
    """
    wanted = sizes_of("reshape", args if shape is None else (shape,))
    sizes = full_shape("reshape", input, wanted)
    data = input._data
    viewed = _viewed(data, sizes)
    if viewed is not None:
        return view_result(viewed, Reshape, input, lambda a: reshape(a, sizes), shape=data.shape)
    return result(_array.contiguous(data).reshape(sizes), Reshape, (input,), shape=data.shape)


@method
def view(input: Tensor, *args: Any, size: Any = None, dtype: Any = None) -> Tensor:
    """Return a view in another shape, or, given a dtype, of the same bytes as another element type.

    Parameters
    ----------
    input : Tensor
    *args : int, or one sequence of them
        The numbers one by one.
    size : sequence of int, optional
        The extents, instead of `args`.
    dtype : dtype, optional
        Look at the same bytes as elements of this type.

    Raises
    ------
    RuntimeError
        If the numbers of elements differ, or the strides allow no view; then use `reshape`.
    """
    kind = dtype if dtype is not None else args[0] if len(args) == 1 and isinstance(args[0], Dtype) else None
    if kind is not None:
        return _reinterpreted(input, kind)
    sizes = full_shape("view", input, sizes_of("view", args if size is None else (size,)))
    viewed = _viewed(input._data, sizes)
    if viewed is None:
        raise ShapeError(
            f"view: view size is not compatible with input tensor's size and stride (at least one dimension spans "
            f"across two contiguous subspaces): {sizes} for {portrait(input)}; use .reshape(...) instead"
        )
    return view_result(viewed, View, input, lambda a: reshape(a, sizes), shape=input._data.shape)


def _reinterpreted(input: Tensor, kind: Dtype) -> Tensor:
    try:
        data = input._data.view(kind.numpy)
    except (TypeError, ValueError):
        raise ShapeError(f"view: the bytes of {portrait(input)} cannot be viewed as {kind.name}") from None
    out = fresh(data)
    out._cell = input._shared_cell()
    return out


@method
def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """Return the elements in the shape of `other`.

    Parameters
    ----------
    input : Tensor
    other : Tensor
    """
    return reshape(input, other._data.shape)


@method
def view_as(input: Tensor, other: Tensor) -> Tensor:
    """Return a view in the shape of `other`.

    Parameters
    ----------
    input : Tensor
    other : Tensor
    """
    return view(input, other._data.shape)


@method
def ravel(input: Tensor) -> Tensor:
    """Return the elements in one dimension.

    Parameters
    ----------
    input : Tensor
    """
    return input if input._data.ndim == 1 and input._data.flags.c_contiguous else reshape(input, (input._data.size,))


@method
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Return the tensor with dimensions from `start_dim` to `end_dim` merged into one.

    Parameters
    ----------
    input : Tensor
    start_dim : int, default 0
        First dimension merged.
    end_dim : int, default -1
        Last dimension merged.

    Raises
    ------
    RuntimeError
        If `start_dim` comes after `end_dim`.
    """
    shape = input._data.shape
    first, last = dim_of("flatten", start_dim, len(shape)), dim_of("flatten", end_dim, len(shape))
    if first > last:
        raise ShapeError(f"flatten: start_dim cannot come after end_dim; got {start_dim} and {end_dim}")
    if not shape:
        return reshape(input, (1,))
    if first == last:
        return input
    return reshape(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@method
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Return a view with dimension `dim` split into `sizes`, one of which may be -1.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.
    sizes : int or tuple of int
        The extents.

    Raises
    ------
    RuntimeError
        If `sizes` is empty or does not multiply to the extent.
    """
    shape = input._data.shape
    at = dim_of("unflatten", dim, len(shape))
    parts = sizes_of("unflatten", (tuple(sizes) if isinstance(sizes, (tuple, list)) else sizes,))
    if not parts:
        raise ShapeError("unflatten: sizes must be non-empty")
    extent = shape[at] if shape else 1
    known = -math.prod(parts) if -1 in parts else math.prod(parts)
    if min(parts) < -1 or parts.count(-1) > 1 or (known != extent and (-1 not in parts or not known or extent % known)):
        raise ShapeError(
            f"unflatten: Provided sizes {list(parts)} don't multiply up to the size of dim {dim} ({extent}) in the "
            f"input tensor {portrait(input)}"
        )
    whole = tuple(extent // known if n == -1 else n for n in parts)
    return reshape(input, (*shape[:at], *whole, *shape[at + 1 :]))


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """Return the shape that tensors of these shapes broadcast to.

    Parameters
    ----------
    *shapes : tuple of int

    Raises
    ------
    RuntimeError
        If they do not fit.
    """
    plain = [(n,) if isinstance(n, int) else tuple(n) for n in shapes]
    try:
        return np.broadcast_shapes(*plain)
    except ValueError:
        raise ShapeError(
            f"broadcast_shapes: shape mismatch: the shapes cannot be broadcast to one; got {plain}"
        ) from None


@method
def expand(input: Tensor, *args: Any, size: Any = None, implicit: bool = False) -> Tensor:
    """Return a view in which dimensions of extent 1 are repeated to `args`; -1 keeps an extent.

    Parameters
    ----------
    input : Tensor
    *args : int, or one sequence of them
        The new extents; -1 keeps one.
    size : sequence of int, optional
        The same, instead of `args`.
    implicit : bool, default False
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If an extent other than 1 would have to change.
    """
    return _expanded("expand", input, sizes_of("expand", args if size is None else (size,)))


def _expanded(op: str, input: Tensor, wanted: tuple[int, ...]) -> Tensor:
    have = input._data.shape
    lead = len(wanted) - len(have)
    if lead < 0 or any(n < 0 for n in wanted[:lead]):
        raise ShapeError(f"{op}: the sizes {wanted} must cover every dimension of {portrait(input)}, each >= 0")
    full = wanted[:lead] + tuple([h if w == -1 else w for w, h in zip(wanted[lead:], have, strict=True)])
    try:
        data = np.broadcast_to(input._data, full)
    except ValueError:
        raise ShapeError(
            f"{op}: the expanded size must match the existing size at every non-singleton dimension: target sizes "
            f"{wanted}; got {portrait(input)}"
        ) from None
    return view_result(data, Expand, input, lambda a: expand(a, full), shape=have)


@method
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Return a view repeated to the shape of `other`.

    Parameters
    ----------
    input : Tensor
    other : Tensor
    """
    return expand(input, other._data.shape)


@method
def broadcast_to(input: Tensor, *args: Any, size: Any = None) -> Tensor:
    """Return a view repeated to the shape `size`, as `expand`.

    Parameters
    ----------
    input : Tensor
    *args : int or tuple of int
        The shape.
    size : tuple of int, optional
        The same as a keyword.
    """
    return _expanded("broadcast_to", input, sizes_of("broadcast_to", args if size is None else (size,)))


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Return views of the tensors, all repeated to their common shape.

    Parameters
    ----------
    *tensors : sequence of Tensor

    Raises
    ------
    RuntimeError
        If the shapes do not fit.
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    shape = broadcast_shapes(*[a._data.shape for a in tensors])
    return tuple(a if a._data.shape == shape else expand(a, shape) for a in tensors)


# --- orders of the dimensions


def _permuted(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    return view_result(input._data.transpose(dims), Permute, input, lambda a: _permuted(a, dims), dims=dims)


@method
def permute(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """Return a view with the dimensions in the order `dims`.

    Parameters
    ----------
    input : Tensor
    *args : int, or one sequence of them
        The dimensions in their new order.
    dims : sequence of int, optional
        The same, instead of `args`.

    Raises
    ------
    RuntimeError
        If `dims` does not name every dimension once.
    IndexError
        If one is out of range.
    """
    wanted = sizes_of("permute", args if dims is None else (dims,))
    ndim = input._data.ndim
    if len(wanted) != ndim:
        raise ShapeError(f"permute: dims must name every dimension; got {wanted} for {portrait(input)}")
    order = tuple([dim_of("permute", d, ndim) for d in wanted])
    if len(set(order)) != ndim:
        raise ShapeError(f"permute: duplicate dims are not allowed; got {wanted}")
    return _permuted(input, order)


@method("transpose", "swapaxes", "swapdims")
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Return a view with two dimensions exchanged.

    Parameters
    ----------
    input : Tensor
    dim0 : int
        The one dimension.
    dim1 : int
        The other dimension.

    Raises
    ------
    IndexError
        If a dimension is out of range.
    """
    ndim = input._data.ndim
    first, second = dim_of("transpose", dim0, ndim), dim_of("transpose", dim1, ndim)
    order = list(range(ndim))
    if ndim:
        order[first], order[second] = second, first
    return _permuted(input, tuple(order))


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """Return a view with two dimensions exchanged, as `transpose`.

    Parameters
    ----------
    input : Tensor
    axis0 : int
        The one dimension.
    axis1 : int
        The other dimension.
    """
    return transpose(input, axis0, axis1)


swapdims = transpose


@method
def t(input: Tensor) -> Tensor:
    """Return a view of a matrix transposed; of fewer dimensions, the tensor as it is.

    Parameters
    ----------
    input : Tensor

    Raises
    ------
    RuntimeError
        For more than two dimensions.
    """
    if input._data.ndim > 2:
        raise ShapeError(f"t: expects a tensor with <= 2 dimensions; got {portrait(input)}")
    return _permuted(input, tuple(range(input._data.ndim))[::-1])


def _matrix_transposed(input: Tensor, name: str) -> Tensor:
    ndim = input._data.ndim
    if ndim < 2:
        raise ShapeError(f"{name}: only a tensor of 2 or more dimensions has it; got {portrait(input)}")
    return _permuted(input, (*range(ndim - 2), ndim - 1, ndim - 2))


@method
def adjoint(input: Tensor) -> Tensor:
    """Return a view with the last two dimensions exchanged.

    Parameters
    ----------
    input : Tensor
    """
    return _matrix_transposed(input, "adjoint")


def add_property(name: str, function: Callable[[Tensor], Any], doc: str) -> None:
    setattr(Tensor, name, property(function, doc=doc))


add_property(
    "T", lambda a: _permuted(a, tuple(range(a._data.ndim))[::-1]), "View with the dimensions in reverse order."
)
add_property("H", lambda a: t(a) if a._data.ndim == 2 else _bad_h(a), "View of a matrix transposed.")
add_property("mT", lambda a: _matrix_transposed(a, "mT"), "View with the last two dimensions exchanged.")
add_property("mH", lambda a: _matrix_transposed(a, "mH"), "View with the last two dimensions exchanged.")


def _bad_h(input: Tensor) -> Tensor:
    if input._data.ndim == 0:
        return input
    raise ShapeError(f"H: only a matrix has it; use mH for batches of matrices; got {portrait(input)}")


@method
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Return a view with dimension `source` (or several) moved to `destination`.

    Parameters
    ----------
    input : Tensor
    source : int or tuple of int
        Which dimensions.
    destination : int or tuple of int
        Where they go.

    Raises
    ------
    RuntimeError
        If a dimension is named twice, or the two lists differ in length.
    """
    ndim = input._data.ndim
    sources = source if isinstance(source, (tuple, list)) else (source,)
    targets = destination if isinstance(destination, (tuple, list)) else (destination,)
    if len(sources) != len(targets):
        raise ShapeError(
            f"movedim: Invalid source or destination dims: source ({sources} dims) should contain the same number of "
            f"dims as destination ({targets} dims)"
        )
    taken = [dim_of("movedim", d, ndim) for d in sources]
    places = [dim_of("movedim", d, ndim) for d in targets]
    for name, found in (("source", taken), ("destination", places)):
        if len(set(found)) != len(found):
            raise ShapeError(f"movedim: repeated dim in `{name}` ({found})")
    order = [d for d in range(ndim) if d not in taken]
    for place, dim in sorted(zip(places, taken, strict=True)):
        order.insert(place, dim)
    return _permuted(input, tuple(order[:ndim]))


moveaxis = method("moveaxis")(movedim)


# --- dimensions of extent 1


@method
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Return a view without the dimensions of extent 1, or those among `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        Along which.

    Raises
    ------
    IndexError
        If a dimension is out of range.
    """
    shape = input._data.shape
    dims = dims_of("squeeze", dim, len(shape))
    kept = tuple([n for i, n in enumerate(shape) if n != 1 or i not in dims])
    return view_result(input._data.reshape(kept), Squeeze, input, lambda a: squeeze(a, dim), shape=shape)


@method
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Return a view with a dimension of extent 1 inserted before `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which.

    Raises
    ------
    IndexError
        If it is out of range.
    """
    data = input._data
    at = dim_of("unsqueeze", dim, data.ndim + 1)
    key = (slice(None),) * at + (None,)
    return view_result(data[key], Unsqueeze, input, lambda a: unsqueeze(a, at), shape=data.shape)


def _at_least(name: str, ndim: int, tensors: tuple[Any, ...], grow: Callable[[Tensor], Tensor]) -> Any:
    several = len(tensors) != 1 or isinstance(tensors[0], (tuple, list))
    if len(tensors) == 1 and several:
        tensors = tuple(tensors[0])
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name}: expected Tensors; got {type(tensor).__name__}")
    made = tuple(a if a._data.ndim >= ndim else grow(a) for a in tensors)
    return made if several else made[0]


@method
def atleast_1d(*tensors: Any) -> Any:
    """Return each tensor, a 0-d one as one element in one dimension.

    Parameters
    ----------
    *tensors : sequence of Tensor
    """
    return _at_least("atleast_1d", 1, tensors, lambda a: reshape(a, (1,)))


@method
def atleast_2d(*tensors: Any) -> Any:
    """Return each tensor, one of fewer dimensions as a row.

    Parameters
    ----------
    *tensors : sequence of Tensor
    """
    return _at_least("atleast_2d", 2, tensors, lambda a: reshape(a, (1, -1) if a._data.size else (1, 0)))


@method
def atleast_3d(*tensors: Any) -> Any:
    """Return each tensor with at least three dimensions: a vector in the middle one, a matrix in the first two.

    Parameters
    ----------
    *tensors : sequence of Tensor
    """

    def grow(a: Tensor) -> Tensor:
        shape = a._data.shape
        return reshape(a, (*shape, 1) if len(shape) == 2 else (1, *(shape or (1,)), 1))

    return _at_least("atleast_3d", 3, tensors, grow)
