"""The tensor: an array, how it was made, and its gradient.

A tensor holds a NumPy array (of any strides, so that views are views), the node that made
it, and, once somebody saves it or looks at its memory through a view, a version cell that
all views of the memory share. Operations are free functions in `nn._ops`; those that
PyTorch also offers as methods are attached here by `method`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from heapq import heappush
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from minigrad._native import graph as native
from minigrad.nn import _array
from minigrad.nn._dtype import dtype as Dtype  # noqa: N812 (the class, beside the property)
from minigrad.nn._dtype import get_default_dtype, of_numpy, promote_types, to_dtype
from minigrad.nn._errors import DtypeError, GraphError, ShapeError, portrait, shape_error
from minigrad.nn._graph import AccumulateGrad, Node, Removable, backward, edge_of, leaf_edge, mode, serial
from minigrad.nn._where import Where, describe, inside_house, user_line

__all__ = [
    "Tensor",
    "as_tensor",
    "dim_of",
    "dims_of",
    "fresh",
    "inplace",
    "method",
    "promote",
    "result",
    "result_type",
    "results",
    "scalar_like",
    "unbroadcast",
    "view_result",
    "write_out",
]

_ndarray = np.ndarray
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Cell:
    """What all views of one piece of memory share: its version, who changed it, and the views."""

    __slots__ = ("limit", "version", "views", "where")

    def __init__(self) -> None:
        self.version = 0
        self.where: Where | None = None
        self.views: list[weakref.ref[Tensor]] = []
        self.limit = 32

    def add_view(self, view: Tensor) -> None:
        """Remember `view`, weakly, so that it can follow when its base is changed in place."""
        self.views.append(weakref.ref(view))
        if len(self.views) > self.limit:
            self.views = [ref for ref in self.views if ref() is not None]
            self.limit = max(32, 2 * len(self.views))


if TYPE_CHECKING:
    _Fields = object
else:
    _Fields = native.TensorFields


class Tensor(_Fields):
    """Multi-dimensional array that can take part in automatic differentiation.

    Made by `minigrad.tensor`, `minigrad.zeros` and their kin; the constructor itself is
    PyTorch's: ``Tensor(2, 3)`` is an uninitialised float tensor of that shape,
    ``Tensor([1, 2])`` one with these values.

    Parameters
    ----------
    dtype : minigrad.dtype, optional
    device : "cpu", optional

    Attributes
    ----------
    shape : tuple of int
    dtype : minigrad.dtype
    requires_grad : bool
        Whether operations on the tensor are recorded.
    grad : Tensor or None
        The gradient that `backward` accumulated, for a leaf that requires grad.
    grad_fn : Node or None
        The operation that made the tensor, if it was recorded.
    """

    __array_priority__ = 1000
    __array_ufunc__ = None

    # The fields lie in the C structure: a new tensor is a leaf without data that does not require grad.
    _data: np.ndarray
    _node: Node | None
    _index: int
    _requires: bool
    _grad: Tensor | None
    _cell: Cell | None
    _view: tuple[Tensor, Callable[[Tensor], Tensor]] | None
    _where: Where | None
    _leaf_edge: tuple[Node, int] | None
    _retains: bool

    def __init__(self, *args: Any, dtype: Any = None, device: Any = None) -> None:
        kind = get_default_dtype() if dtype is None else to_dtype(dtype)
        if len(args) == 1 and not isinstance(args[0], int):
            data = args[0]._data if isinstance(args[0], Tensor) else np.array(args[0], kind.numpy)
            self._data = data if data.dtype == kind.numpy else data.astype(kind.numpy)
        else:
            self._data = _array.empty(tuple(args) if args else (0,), kind.numpy)
        self._where = user_line()

    # --- what it is

    @property
    def shape(self) -> tuple[int, ...]:
        """Extent of each dimension."""
        return self._data.shape

    @property
    def dtype(self) -> Dtype:
        """Element type."""
        return of_numpy(self._data.dtype)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self._data.ndim

    @property
    def requires_grad(self) -> bool:
        """Whether operations on the tensor are recorded."""
        return self._requires

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set whether operations on this leaf are recorded, and return it.

        Parameters
        ----------
        requires_grad : bool, default True

        Returns
        -------
        Tensor
            Itself.

        Raises
        ------
        RuntimeError
            If the elements are not floating-point, or the tensor is not a leaf and `requires_grad` is False.
        """
        if requires_grad and self._data.dtype.kind != "f":
            raise DtypeError(
                f"requires_grad_: only Tensors of floating point dtype can require gradients; got {portrait(self)}"
            )
        if self._node is not None:
            if not requires_grad:
                raise GraphError(
                    "requires_grad_: you can only change requires_grad flags of leaf variables; "
                    f"{portrait(self)} is the result of {self._node.name()}; detach() it instead"
                )
            return self
        self._requires = bool(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        return self._node is None

    @property
    def grad_fn(self) -> Node | None:
        """The operation that made it, if recorded."""
        return self._node

    @property
    def grad(self) -> Tensor | None:
        """The accumulated gradient of a leaf, or of a tensor after `retain_grad`."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"grad: assigned grad must be a Tensor or None; got {type(value).__name__}")
            if value._data.shape != self._data.shape or value._data.dtype != self._data.dtype:
                raise shape_error("grad", "assigned grad must have the tensor's shape and dtype", self, value)
        self._grad = value

    @property
    def data(self) -> Tensor:
        """The same memory as a tensor that is not part of the graph and has a version of its own."""
        return fresh(self._data)

    @data.setter
    def data(self, value: Any) -> None:
        self._data = as_tensor(value)._data

    @property
    def _version(self) -> int:
        return 0 if self._cell is None else self._cell.version

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view[0]

    # --- graph

    def detach(self) -> Tensor:
        """Return the same memory without the graph; changes of either in place are seen by both."""
        out = fresh(self._data)
        out._cell = self._shared_cell()
        out._where = self._where
        return out

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor with respect to every leaf to the leaf's `grad`.

        Parameters
        ----------
        gradient : Tensor, optional
            Weights of this tensor's elements, of its shape; may be left out for one element.
        retain_graph : bool, optional
            Keep what was saved, so that the graph can be walked again. Default: `create_graph`.
        create_graph : bool, default False
            Record the walk itself, for second derivatives.
        inputs : Tensor or sequence of Tensor, optional
            Accumulate into these alone.

        Raises
        ------
        RuntimeError
            If nothing was recorded, the graph has been freed, a saved tensor was changed in
            place, or `gradient` is missing for more than one element or of another shape.
        """
        if inputs is None:
            backward((self,), (gradient,), retain_graph, create_graph)
            return
        from minigrad.nn._autograd import backward_into

        backward_into((self,), (gradient,), retain_graph, create_graph, inputs)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Removable:
        """Call ``hook(grad)`` when the tensor's gradient is known; a Tensor that it returns replaces it.

        Parameters
        ----------
        hook : callable

        Returns
        -------
        Removable
            Its ``remove()`` takes the hook off.

        Raises
        ------
        RuntimeError
            If the tensor does not require grad.
        """
        edge = edge_of(self)
        if edge is None:
            raise GraphError(
                f"register_hook: cannot register a hook on a tensor that does not require grad: {portrait(self)}"
            )
        return edge[0].add_pre_hook(edge[1], hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], Any]) -> Removable:
        """Call ``hook(tensor)`` after a gradient was added to this leaf's `grad`.

        Parameters
        ----------
        hook : callable

        Returns
        -------
        Removable
            Its ``remove()`` takes the hook off.

        Raises
        ------
        RuntimeError
            If the tensor is not a leaf that requires grad.
        """
        edge = edge_of(self)
        if edge is None or self._node is not None:
            raise GraphError(
                "register_post_accumulate_grad_hook: the tensor must be a leaf that requires grad; got "
                f"{portrait(self)}"
            )
        node: Any = edge[0]
        if node.post_hooks is None:
            node.post_hooks = []
        return Removable(node.post_hooks, hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf in `grad` during backward.

        Raises
        ------
        RuntimeError
            If the tensor does not require grad.
        """
        if not self._requires:
            raise GraphError(f"retain_grad: can't retain_grad on Tensor that has requires_grad=False: {portrait(self)}")
        if self._node is None or self._retains:
            return
        self._retains = True
        seen = weakref.ref(self)

        def keep(grad: Tensor) -> None:
            tensor = seen()
            if tensor is not None:
                tensor._grad = grad.clone() if tensor._grad is None else tensor._grad + grad

        self._node.add_pre_hook(self._index, keep)

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was called."""
        return self._retains

    # --- memory

    def _shared_cell(self) -> Cell:
        cell = self._cell
        if cell is None:
            cell = self._cell = Cell()
        return cell

    def _bump(self) -> None:
        """Note that the memory was changed in place, and where."""
        cell = self._cell
        if cell is None:
            cell = self._cell = Cell()
        cell.version += 1
        cell.where = user_line()

    def _check_inplace(self, op: str) -> None:
        """Refuse to change a leaf that requires grad while operations are recorded."""
        if mode.enabled and self._requires:
            if self._node is None:
                raise GraphError(
                    f"{op}: a leaf Tensor that requires grad is being used in an in-place operation: {portrait(self)}; "
                    "change it under no_grad, or a clone of it"
                )
            base = self._base
            if base is not None and base._requires and base._node is None:
                raise GraphError(
                    f"{op}: a view of a leaf Tensor that requires grad is being used in an in-place operation: "
                    f"the leaf is {portrait(base)}; change it under no_grad, or a clone of it"
                )
        if not self._data.flags.writeable or 0 in self._data.strides:
            refuse_memory(op, self)

    def _rebase(self, made: Tensor) -> None:
        """Make this tensor, whose memory already holds the values of `made`, the result of its node."""
        view = self._view
        if view is None:
            self._node, self._index, self._requires = made._node, made._index, made._requires
        else:
            base, replay = view
            was = edge_of(base)
            node = _CopySlices()
            node.next_functions_ = (was, edge_of(made))
            node.number = serial()
            node.where = made._where
            node.replay, node.shape = replay, base._data.shape
            base._node, base._index, base._requires = node, 0, True
        root = self if view is None else view[0]
        self._refresh_views(root)

    @staticmethod
    def _refresh_views(root: Tensor) -> None:
        """Derive every view of `root` anew from its present node."""
        cell = root._cell
        if cell is None:
            return
        for ref in list(cell.views):
            view = ref()
            if view is None or view._view is None or view._view[0] is not root:
                continue
            before = len(cell.views)
            again = view._view[1](root)
            del cell.views[before:]
            view._node, view._index, view._requires = again._node, again._index, again._requires

    def __repr__(self) -> str:
        from minigrad.nn._format import format_tensor

        return format_tensor(self)

    # By identity, and in C: tensors are keys of every optimizer's state.
    __hash__ = object.__hash__

    if TYPE_CHECKING:
        # What the families of operations attach.
        def __getattr__(self, name: str) -> Any: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __xor__(self, other: Any) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __pos__(self) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __getitem__(self, key: Any) -> Tensor: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Tensor]: ...
        def __float__(self) -> float: ...
        def __int__(self) -> int: ...
        def __bool__(self) -> bool: ...
        def __index__(self) -> int: ...


class _CopySlices(Node):
    """A base after one of its views was changed in place: gradient to what was, and to what came."""

    replay: Callable[[Tensor], Tensor]
    shape: tuple[int, ...]

    def name(self) -> str:
        return "CopySlices"

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Give the region's gradient to the new values, and the rest to the old base."""
        to_new = self.replay(grad).clone() if self.next_functions_[1] is not None else None
        if self.next_functions_[0] is None:
            return None, to_new
        keep = fresh(np.ones(self.shape, grad._data.dtype))
        enabled, mode.enabled = mode.enabled, False
        try:
            region = self.replay(keep)._data
            region.flags.writeable = True  # one copy of what was expanded is read-only for NumPy
            region[...] = 0
        finally:
            mode.enabled = enabled
        return grad * keep, to_new


# --- making results


native.adopt(
    Tensor, np.ndarray, np.asarray, Cell, AccumulateGrad, leaf_edge, inside_house, np.dtype(np.uint8), heappush,
    _array.arena.blocks, _array.arena.new_block, np.empty,
)  # fmt: skip

if TYPE_CHECKING:

    def fresh(data: np.ndarray) -> Tensor:
        """Return a tensor over `data` that nobody recorded."""

    def result(
        data: Any,
        node_type: type[Node],
        inputs: tuple[Tensor, ...],
        saved: tuple[Any, ...] = (),
        save_output: bool = False,
        **extra: Any,
    ) -> Tensor:
        """Return a tensor over `data`, recorded as made by `node_type` if that is called for.

        Parameters
        ----------
        data : ndarray
        node_type : subclass of Node
        inputs : tuple of Tensor
            Those that ``backward`` returns gradients for, in this order.
        saved : tuple of Tensor or None, optional
            Inputs that ``backward`` needs; changing one in place until then is an error.
        save_output : bool, default False
            Whether ``backward`` needs the output.
        **extra
            Set as attributes of the node.

        Notes
        -----
        Made in C, because the network of a small training step is hundreds of such calls, and
        their Python, more than their arithmetic, was what took the time.
        """
else:
    fresh, result = native.fresh, native.result


def results(
    datas: Sequence[Any],
    node_type: type[Node],
    inputs: tuple[Tensor, ...],
    saved: tuple[Any, ...] = (),
    save_outputs: bool = False,
    **extra: Any,
) -> tuple[Tensor, ...]:
    """Return a tensor for each array of `datas`, outputs of one recorded operation; see `result`.

    Outputs that are not floating-point (indices) do not require grad. ``backward`` receives
    None for an output that got no gradient.
    """
    outs = tuple([fresh(data if type(data) is _ndarray else np.asarray(data)) for data in datas])
    where = user_line() if mode.lines else None
    for out in outs:
        out._where = where
    if mode.enabled and any(t._requires for t in inputs):
        node = native.record(node_type, inputs, saved, where)
        node.num_outputs = len(outs)
        node.metas = tuple([(out._data.shape, out._data.dtype) for out in outs])
        for key, value in extra.items():
            setattr(node, key, value)
            if type(value) is _ndarray:
                node.has_arrays = True
        for index, out in enumerate(outs):
            if out._data.dtype.kind == "f":
                out._node, out._index, out._requires = node, index, True
        if save_outputs:
            kept = []
            for out in outs:
                alias = fresh(out._data)
                alias._cell = out._shared_cell()
                kept.append((alias, alias._cell.version))
            node._outputs = tuple(kept)
    return outs


def view_result(
    data: np.ndarray, node_type: type[Node], base: Tensor, replay: Callable[[Tensor], Tensor], **extra: Any
) -> Tensor:
    """Return a tensor over `data`, a NumPy view of the memory of `base`.

    ``replay(tensor)`` performs the same view on another tensor of the base's shape.
    """
    out = result(data, node_type, (base,), **extra)
    cell = base._cell
    if cell is None:
        cell = base._cell = Cell()
    out._cell = cell
    above = base._view
    if above is None:
        out._view = (base, replay)
    else:
        first = above[1]
        out._view = (above[0], lambda tensor: replay(first(tensor)))
    cell.add_view(out)
    return out


# --- operands


def as_tensor(value: Any, dtype: Any = None) -> Tensor:
    """Return `value` (a tensor, array, number or nested sequence) as a tensor, without a copy where possible."""
    if not isinstance(value, Tensor):
        if isinstance(value, np.ndarray):
            of_numpy(value.dtype)
            value = fresh(value)
        else:
            kind = None
            array = np.asarray(value) if not _holds_tensors(value) else np.array(_plain(value))
            if array.dtype == np.float64 and not isinstance(value, np.generic):
                kind = get_default_dtype().numpy
            value = fresh(array if kind is None else array.astype(kind))
            of_numpy(value._data.dtype)
        value._where = user_line() if mode.lines else None
    if dtype is not None:
        wanted = to_dtype(dtype).numpy
        if value._data.dtype != wanted:
            value = value.to(to_dtype(dtype))
    return value  # type: ignore[no-any-return]


def _holds_tensors(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and (isinstance(value[0], Tensor) or _holds_tensors(value[0]))
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value._data.tolist()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def scalar_like(value: Any, tensor: Tensor) -> Tensor:
    """Return the Python number `value` as a 0-d tensor of the type that it takes beside `tensor`."""
    kind = tensor._data.dtype.kind
    if isinstance(value, bool):
        wanted = tensor._data.dtype
    elif isinstance(value, int):
        wanted = tensor._data.dtype if kind != "b" else np.dtype(np.int64)
    else:
        wanted = tensor._data.dtype if kind == "f" else get_default_dtype().numpy
    return fresh(np.array(value).astype(wanted))


def result_type(a: Any, b: Any) -> Dtype:
    """Return the type of a result of `a` and `b`: tensors with dimensions outrank 0-d ones, and those, numbers."""
    best: list[Dtype | None] = [None, None, None]
    for item in (a, b):
        if isinstance(item, Tensor):
            level, kind = (0 if item._data.ndim else 1), item.dtype
        else:
            level, kind = (
                2,
                to_dtype(
                    "bool" if isinstance(item, bool) else "int64" if isinstance(item, int) else get_default_dtype()
                ),
            )
        held = best[level]
        best[level] = kind if held is None else promote_types(held, kind)
    out: Dtype | None = None
    for kind_at in best:
        if kind_at is not None and (out is None or kind_at.category > out.category):
            # A weaker operand decides only if it is of a higher category.
            out = kind_at
    assert out is not None
    return out


# How many of the two operands, from the first on, cannot be numbers; and where one of them must not be.
_TENSORS_OF = dict.fromkeys(("atan2", "gcd", "hypot", "lcm", "ldexp", "logaddexp", "logaddexp2"), 2) | dict.fromkeys(
    ("clamp", "copysign", "eq", "fmod", "ge", "gt", "le", "lt", "ne"), 1
)
_ONE_TENSOR = frozenset(
    {"pow", "remainder", "xlogy", *(f"bitwise_{name}" for name in ("and", "or", "xor", "left_shift", "right_shift"))}
)


def promote(op: str, a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Return both operands as tensors of their common type.

    Raises
    ------
    TypeError
        If an operand is neither a tensor nor a number.
    """
    first, second = isinstance(a, Tensor), isinstance(b, Tensor)
    if first and second:
        if a._data.dtype == b._data.dtype:
            return a, b
        kind = result_type(a, b).numpy
        return (
            a if a._data.dtype == kind else a.to(of_numpy(kind)),
            b if b._data.dtype == kind else b.to(of_numpy(kind)),
        )
    for item in (a, b):
        if not isinstance(item, (Tensor, bool, int, float, np.generic, np.ndarray)):
            raise TypeError(f"{op}: operands must be Tensors or numbers; got {type(item).__name__}")
    for place, item in enumerate((a, b)):
        if place < _TENSORS_OF.get(op, 0) and not isinstance(item, (Tensor, np.ndarray)):
            raise TypeError(f"{op}: {('input', 'other')[place]} must be a Tensor; got {type(item).__name__}")
    if op in _ONE_TENSOR and not any(isinstance(item, (Tensor, np.ndarray, np.generic)) for item in (a, b)):
        raise TypeError(f"{op}: one operand must be a Tensor; got {type(a).__name__} and {type(b).__name__}")
    if isinstance(a, (np.generic, np.ndarray)):
        return promote(op, a.item() if isinstance(a, np.generic) else fresh(a), b)
    if isinstance(b, (np.generic, np.ndarray)):
        return promote(op, a, b.item() if isinstance(b, np.generic) else fresh(b))
    if not first and not second:
        a = as_tensor(a)
        return promote(op, a, b)
    if first:
        other = scalar_like(b, a)
        return (a if a._data.dtype == other._data.dtype else a.to(other.dtype)), other
    other = scalar_like(a, b)
    return other, (b if b._data.dtype == other._data.dtype else b.to(other.dtype))


def unbroadcast(grad: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the sum of `grad` over the dimensions along which an operand of `shape` was repeated."""
    have = grad._data.shape
    if have == shape:
        return grad
    lead = len(have) - len(shape)
    dims = tuple(range(lead)) + tuple(lead + i for i, extent in enumerate(shape) if extent == 1 and have[lead + i] != 1)
    if dims:
        grad = grad.sum(dims, keepdim=True)
    return grad if grad._data.shape == shape else grad.reshape(shape)


def dim_of(op: str, dim: Any, ndim: int) -> int:
    """Return `dim` as a number from 0 up; negative ones count from the end.

    Raises
    ------
    IndexError
        If it is out of range; a 0-d tensor has dimension 0 (and -1).
    """
    extent = max(ndim, 1)
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(f"{op}: dim must be an int; got {dim!r}")
    number: int = dim.__index__()
    if not -extent <= number < extent:
        raise IndexError(
            f"{op}: Dimension out of range (expected to be in range of [{-extent}, {extent - 1}], but got {number})"
        )
    return number + extent if number < 0 else number


def dims_of(op: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """Return `dim`, None (all), an int or a sequence of them, as sorted numbers from 0 up, each once."""
    if dim is None:
        return tuple(range(ndim))
    if not isinstance(dim, (tuple, list)):
        return (dim_of(op, dim, ndim),)
    found = [dim_of(op, d, ndim) for d in dim]
    if len(set(found)) != len(found):
        raise RuntimeError(f"{op}: dim {sorted(found)} appears multiple times in the list of dims")
    return tuple(sorted(found))


# --- attaching


@overload
def method(function: _Function, /) -> _Function: ...


@overload
def method(*names: str) -> Callable[[_Function], _Function]: ...


def method(*names: Any) -> Any:
    """Attach a function as a method of Tensor, under its own name or the ones given."""

    def attach(function: _Function, under: tuple[str, ...]) -> _Function:
        for name in under:
            setattr(Tensor, name, function)
        return function

    if len(names) == 1 and callable(names[0]):
        return attach(names[0], (names[0].__name__,))
    return lambda function: attach(function, names)


def change_inplace(op: str, tensor: Tensor, compute: Callable[[Tensor], Tensor]) -> Tensor:
    """Give `tensor` the values of ``compute(tensor)`` in place, recorded as if they had been there.

    The computation sees a copy of what was, so that what it saves stays true.
    """
    tensor._check_inplace(op)
    recording = mode.enabled
    before = fresh(tensor._data.copy() if recording else tensor._data)
    before._node, before._index, before._requires = tensor._node, tensor._index, tensor._requires
    before._where = tensor._where
    made = compute(before)
    if made._data.shape != tensor._data.shape:
        raise ShapeError(
            f"{op}: output with shape {tensor.shape} doesn't match the broadcast shape {made.shape} "
            f"({portrait(tensor)} cannot grow in place)"
        )
    if not _fits(made.dtype, tensor.dtype):
        raise DtypeError(
            f"{op}: result type {made.dtype.name} can't be cast to the desired output type {tensor.dtype.name}"
        )
    np.copyto(tensor._data, made._data, casting="unsafe")
    tensor._bump()
    if recording and (made._requires or tensor._requires):
        tensor._rebase(made if made._data.dtype == tensor._data.dtype else made.to(tensor.dtype))
    return tensor


def refuse_memory(op: str, tensor: Tensor) -> None:
    """Raise unless every element of the tensor has a place of its own that can be written to."""
    data = tensor._data
    if data.size and any(step == 0 and extent > 1 for step, extent in zip(data.strides, data.shape, strict=True)):
        raise RuntimeError(
            f"{op}: unsupported operation: more than one element of the written-to tensor refers to a single memory "
            f"location: {portrait(tensor)}; clone it first"
        )
    if not data.flags.writeable and not _unlocked(tensor):
        raise RuntimeError(f"{op}: the tensor's memory is read-only: {portrait(tensor)}; clone it first")


def _unlocked(tensor: Tensor) -> bool:
    """Make a view writable that is read-only because NumPy repeated it, though no element of it is repeated."""
    if tensor._view is None or not tensor._view[0]._data.flags.writeable or tensor._data.base is None:
        return False
    try:
        tensor._data.flags.writeable = True
    except ValueError:
        return False
    return True


def write_out(op: str, out: Tensor, made: Tensor) -> Tensor:
    """Write a result into the `out` argument of an operation, which takes its shape, and return it.

    Raises
    ------
    RuntimeError
        If `out` requires grad while operations are recorded, or cannot hold the result's type.
    """
    if mode.enabled and (out._requires or made._requires):
        raise GraphError(f"{op}: functions with out=... arguments don't support automatic differentiation")
    if not _fits(made.dtype, out.dtype):
        raise DtypeError(
            f"{op}: result type {made.dtype.name} can't be cast to the desired output type {out.dtype.name}"
        )
    refuse_memory(op, out)
    if out._data.shape != made._data.shape:
        out._data = _array.empty(made._data.shape, out._data.dtype)
    np.copyto(out._data, made._data, casting="unsafe")
    out._bump()
    return out


def _fits(kind: Dtype, into: Dtype) -> bool:
    return kind.category <= into.category


def inplace(*names: str) -> Callable[[_Function], _Function]:
    """Attach the in-place form of an out-of-place operation as methods of Tensor."""

    def attach(function: _Function) -> _Function:
        for name in names:

            def form(self: Tensor, *args: Any, _name: str = name, **kwargs: Any) -> Tensor:
                return change_inplace(_name, self, lambda before: function(before, *args, **kwargs))

            form.__name__ = form.__qualname__ = name
            form.__doc__ = f"Change the tensor in place to what `{function.__name__}` gives, and return it."
            setattr(Tensor, name, form)
        return function

    return attach


def describe_origin(tensor: Tensor) -> str:
    """Return where a tensor was made."""
    return describe(tensor._where)
