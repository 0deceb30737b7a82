"""The recorded graph: nodes, the modes of recording, and the walk backward.

Problem. For a scalar L computed by elementary operations y = f(x), find dL/dx of every leaf.

Each recorded operation is a node that knows, from dL/dy of its outputs, dL/dx of its
inputs (the vector-Jacobian product). The chain rule over all paths is then one walk:

    dL/dx = sum over uses i of x:  (dL/dy_i) (dy_i/dx)

Nodes carry serial numbers in the order of recording, and an operation is always recorded
after those it depends on. So, if nodes are taken from a heap, the latest first, every use
of a tensor has contributed before the tensor's own node is reached, and one visit per node
suffices [1]_.

References
----------
.. [1] A. G. Baydin, B. A. Pearlmutter, A. A. Radul and J. M. Siskind, "Automatic
   differentiation in machine learning: a survey", JMLR 18, 2018, section 3.2.
"""

from __future__ import annotations

import heapq
import weakref
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from minigrad._native import graph as native
from minigrad.nn import _array
from minigrad.nn._array import hush, unhush
from minigrad.nn._errors import GraphError, ShapeError, portrait
from minigrad.nn._where import Where, describe, user_line

if TYPE_CHECKING:
    from minigrad.nn._tensor import Tensor

    _Fields = object
else:
    _Fields = native.NodeFields

__all__ = [
    "AccumulateGrad",
    "Node",
    "backward",
    "edge_of",
    "enable_grad",
    "gradients",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "once",
    "set_grad_enabled",
]


mode = native.Mode()
"""What this thread records: `enabled`, operations for gradients; `lines`, the user's lines."""
serial = native.serial
Edge = tuple["Node", int]
profile_hook: list[Callable[[Node, float], None]] = []
"""At most one function, called with each node and the seconds its backward took."""


class Node(_Fields):
    """A recorded operation: what is needed to carry gradients from its outputs to its inputs.

    A subclass defines ``backward(*grads)``: given the loss's gradient with respect to each
    output (None where it has none), return a tuple with that of each recorded input (None
    where there is none). It reads `saved`, `output`, `needs` and the attributes named when
    it was recorded.
    """

    # The fields lie in the C structure, which gives a new node no edge, nothing saved and one output.
    next_functions_: tuple[Edge | None, ...]
    number: int
    where: Where | None
    num_outputs: int
    metas: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...]
    released: bool
    has_arrays: bool
    _saved: tuple[tuple[Tensor, int] | None, ...] | None
    _outputs: tuple[tuple[Tensor, int], ...] | None
    pre_hooks: dict[int, list[Any]] | None
    hooks: list[Any] | None
    # Of a leaf's node alone.
    _leaf: weakref.ref[Tensor]
    post_hooks: list[Any] | None
    saved: tuple[Any, ...]
    """The saved inputs. GraphError if one was changed since, or the graph has been freed."""

    def backward(self, *grads: Any) -> Sequence[Any]:
        """Return the gradients of the inputs from those of the outputs."""
        raise GraphError(f"{type(self).__name__}: backward must be defined by the subclass")

    @property
    def needs(self) -> tuple[bool, ...]:
        """Whether each input wants a gradient."""
        return tuple(edge is not None for edge in self.next_functions_)

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes of the inputs, each with the number of the output that was used."""
        return tuple((None, 0) if edge is None else edge for edge in self.next_functions_)

    @property
    def output(self) -> Any:
        """The saved output, connected to this node so that second derivatives see it."""
        return self.output_at(0)

    def output_at(self, index: int) -> Any:
        """Return the saved output number `index`."""
        outputs = self._outputs
        if outputs is None:
            raise self._freed()
        kept, version = outputs[index]
        if kept._cell is not None and kept._cell.version != version:
            raise self._changed(kept)
        if not mode.enabled:
            return kept
        tensor = kept.detach()
        tensor._node, tensor._index, tensor._requires = self, index, True
        return tensor

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__") and self.released:
            raise self._freed()
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def _freed(self) -> GraphError:
        return GraphError(
            f"backward: {self.name()} was recorded at {describe(self.where)}, and what it saved was freed by an "
            "earlier backward; call that one with retain_graph=True to go through the graph a second time"
        )

    def _changed(self, tensor: Tensor) -> GraphError:
        changed = tensor._cell.where if tensor._cell is not None else None
        return GraphError(
            f"backward: {self.name()}, recorded at {describe(self.where)}, needs a tensor ({portrait(tensor)}) that "
            f"was modified by an inplace operation at {describe(changed)}; change a clone instead"
        )

    def name(self) -> str:
        """Return the operation's name."""
        return f"{type(self).__name__}Backward0"

    def __repr__(self) -> str:
        return f"<{self.name()}>"

    def register_hook(self, hook: Callable[[Any, Any], Any]) -> Removable:
        """Call ``hook(grad_inputs, grad_outputs)`` after this node; what it returns replaces `grad_inputs`."""
        if self.hooks is None:
            self.hooks = []
        return Removable(self.hooks, hook)

    def register_prehook(self, hook: Callable[[Any], Any]) -> Removable:
        """Call ``hook(grad_outputs)`` before this node; what it returns replaces them."""
        return self.add_pre_hook(-1, hook)

    def add_pre_hook(self, index: int, hook: Callable[[Any], Any]) -> Removable:
        """Call `hook` with the gradient of output `index` when it is complete."""
        if self.pre_hooks is None:
            self.pre_hooks = {}
        return Removable(self.pre_hooks.setdefault(index, []), hook)


class Removable:
    """Handle of a hook: `remove` takes it off."""

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self._hooks, self._hook = hooks, hook
        hooks.append(hook)

    def remove(self) -> None:
        """Take the hook off; more than once does no harm."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class AccumulateGrad(Node):
    """The end of the walk at a leaf: adds what arrives to the leaf's grad."""

    def __init__(self, leaf: Tensor) -> None:
        # Weakly, because the leaf holds its node: a leaf that nobody can reach needs no gradient.
        self._leaf = weakref.ref(leaf)

    @property
    def variable(self) -> Tensor | None:
        """The leaf, unless it is gone."""
        return self._leaf()

    def name(self) -> str:
        return "AccumulateGrad"

    def backward(self, grad: Tensor) -> Sequence[Any]:
        _accumulate(self, grad)
        return ()


def _accumulate(node: AccumulateGrad, grad: Tensor) -> None:
    """Add `grad` to the leaf's own, which becomes `grad` itself if nobody else holds it."""
    leaf = node._leaf()
    if leaf is None:
        return
    held = leaf._grad
    if held is None:
        # Named by what `backward` returned, by the walk and by this call's argument.
        leaf._grad = grad if mode.enabled or native.is_unshared(grad, 3) else grad.clone()
    elif mode.enabled:
        leaf._grad = held + grad
    else:
        _array.add_into(held._data, grad._data)
        held._bump()
    if node.post_hooks:
        for hook in list(node.post_hooks):
            hook(leaf)


def edge_of(tensor: Tensor) -> Edge | None:
    """Return the node and output number through which a gradient reaches `tensor`, or None."""
    if not tensor._requires:
        return None
    if tensor._node is not None:
        return tensor._node, tensor._index
    return tensor._leaf_edge or leaf_edge(tensor)


def leaf_edge(leaf: Tensor) -> Edge:
    """Return the edge to a leaf, made now and kept by it."""
    edge = leaf._leaf_edge = (AccumulateGrad(leaf), 0)
    return edge


# --- the walk


class _Walk:
    """One walk backward: gradients that have arrived, by node."""

    def __init__(self, retain: bool, create: bool) -> None:
        self.retain, self.create = retain, create
        self.arrived: dict[Node, list[Any]] = {}
        self.heap: list[tuple[int, int, Node]] = []
        # Slots whose sum the walk itself made and may add to in place. A slot is named by its
        # node, which the set keeps alive: a tensor's id may belong to another one later.
        self.owned: set[tuple[Node, int]] = set()
        self.captures: dict[Node, list[tuple[int, int]]] = {}
        self.captured: dict[int, Any] = {}
        self.wanted: set[Node] | None = None
        # The leaves that have not waited for the walk's end; None if they all must.
        self.begun: set[Node] | None = None if create else set()

    def send(self, node: Node, index: int, grad: Any) -> None:
        """Add `grad` to what has arrived at output `index` of `node`."""
        slots = self.arrived.get(node)
        if slots is None:
            if node.num_outputs == 1:
                self.arrived[node] = [grad]
            else:
                slots = self.arrived[node] = [None] * node.num_outputs
                slots[index] = grad
            heapq.heappush(self.heap, (-node.number, id(node), node))
            return
        held = slots[index]
        if held is None:
            slots[index] = grad
        elif (node, index) in self.owned and held._data.dtype == grad._data.dtype:
            data = held._data
            if data.ndim > 0 and data.size <= 64:
                held._data = data + grad._data  # quicker than in place, which goes through an iterator
            else:
                _array.add_into(data, grad._data)
        else:
            slots[index] = held + grad
            if not self.create:
                self.owned.add((node, index))

    def run(self) -> None:
        """Visit every node that a gradient reaches, the latest first."""
        heap, arrived, pop = self.heap, self.arrived, heapq.heappop
        token = hush()
        try:
            while heap:
                node = pop(heap)[2]
                if node.pre_hooks is not None:
                    arrived[node] = self.pre_hooked(node, arrived[node])
                if self.captures and node in self.captures:
                    for index, position in self.captures[node]:
                        self.captured[position] = arrived[node][index]
                if self.wanted is not None and node not in self.wanted:
                    del arrived[node]
                    continue
                # No name here holds the gradients, so that a leaf can tell whether it may keep one.
                self.visit(node, arrived.pop(node))
        finally:
            unhush(token)

    def visit(self, node: Node, grads: list[Any]) -> None:
        """Carry the gradients of `node`'s outputs to its inputs."""
        out = node.backward(*grads) if not profile_hook else _timed(node, grads)
        if node.hooks:
            for hook in list(node.hooks):
                replaced = hook(tuple(out), tuple(grads))
                out = out if replaced is None else replaced
        del grads
        edges = node.next_functions_
        if len(edges) != len(out):
            raise GraphError(f"{node.name()}: backward must return {len(edges)} gradients; got {len(out)}")
        # In C for the reason that results are recorded there: every edge of every step comes through here.
        native.deliver(edges, out, self.arrived, self.heap, self.begun, self.add)
        if not self.retain and node.number:
            native.release(node)

    def add(self, node: Node, index: int, grad: Tensor) -> None:
        """Take a gradient that is not a node's first, or that reaches a leaf with a gradient or hooks."""
        listened = node.pre_hooks or node.hooks or node.post_hooks
        leaf = node._leaf() if self.begun and node in self.begun and not listened else None
        held = None if leaf is None else leaf._grad
        if held is None:
            self.send(node, index, grad)
        else:
            # The gradient that the leaf got earlier in this walk is its own: `is_unshared`.
            _array.add_into(held._data, grad._data)

    def pre_hooked(self, node: Node, grads: list[Any]) -> list[Any]:
        """Apply the hooks of a node's outputs to the complete gradients."""
        assert node.pre_hooks is not None
        for index, hooks in list(node.pre_hooks.items()):
            for hook in list(hooks):
                if index < 0:
                    replaced = hook(tuple(grads))
                    if replaced is not None:
                        grads = list(replaced) if isinstance(replaced, tuple) else [replaced]
                elif grads[index] is not None:
                    replaced = hook(grads[index])
                    if replaced is not None:
                        grads[index] = replaced
        return grads


def _timed(node: Node, grads: list[Any]) -> Sequence[Any]:
    import time

    start = time.perf_counter()
    out = node.backward(*grads)
    profile_hook[0](node, time.perf_counter() - start)
    return out


def _start(walk: _Walk, tensors: Sequence[Tensor], grads: Sequence[Tensor | None], owner: str) -> None:
    from minigrad.nn._tensor import Tensor, fresh

    for tensor, grad in zip(tensors, grads, strict=True):
        edge = edge_of(tensor)
        if edge is None:
            raise GraphError(
                f"{owner}: the tensor ({portrait(tensor)}) does not require grad and does not have a grad_fn, so there "
                "is nothing to go back through; was it made from tensors with requires_grad=True, outside no_grad?"
            )
        if grad is None:
            if tensor._data.size != 1:
                raise GraphError(
                    f"{owner}: grad can be implicitly created only for scalar outputs; got {portrait(tensor)}; "
                    "reduce it (.sum(), .mean()) or give the gradient"
                )
            shape, kind = tensor._data.shape, tensor._data.dtype
            grad = fresh(np.ones(shape, kind) if shape else np.array(1, kind))  # the latter is quicker
        elif not isinstance(grad, Tensor):
            raise TypeError(f"{owner}: gradient must be a Tensor or None; got {type(grad).__name__}")
        elif grad._data.shape != tensor._data.shape:
            raise ShapeError(
                f"{owner}: Mismatch in shape: gradient must have the tensor's shape {tensor.shape}; got {grad.shape}"
            )
        walk.send(edge[0], edge[1], grad)


def backward(
    tensors: Sequence[Tensor], grads: Sequence[Tensor | None], retain_graph: bool | None, create_graph: bool
) -> None:
    """Walk back from `tensors` and add to the grad of every leaf reached."""
    walk = _Walk(create_graph if retain_graph is None else retain_graph, create_graph)
    _with_mode(walk, lambda: _start(walk, tensors, grads, "backward"))


def gradients(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    grad_outputs: Sequence[Tensor | None],
    retain_graph: bool | None,
    create_graph: bool,
) -> list[Any]:
    """Return the gradients of `inputs` (None where no path leads there), leaving every grad alone."""
    walk = _Walk(create_graph if retain_graph is None else retain_graph, create_graph)
    targets: set[Node] = set()
    for position, tensor in enumerate(inputs):
        edge = edge_of(tensor)
        if edge is None:
            raise GraphError(f"grad: One of the inputs does not require grad: {portrait(tensor)}")
        walk.captures.setdefault(edge[0], []).append((edge[1], position))
        targets.add(edge[0])
    walk.begun = None
    walk.wanted = _ancestors([e[0] for t in outputs if (e := edge_of(t)) is not None], targets)
    _with_mode(walk, lambda: _start(walk, outputs, grad_outputs, "grad"))
    return [walk.captured.get(position) for position in range(len(inputs))]


def _ancestors(roots: list[Node], targets: set[Node]) -> set[Node]:
    """Return the nodes from which a target lies further back: those worth visiting."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        order.append(node)
        stack.extend(edge[0] for edge in node.next_functions_ if edge is not None)
    wanted: set[Node] = set()
    # Inputs have smaller numbers than what was computed from them.
    for node in sorted(order, key=lambda n: n.number):
        if any(e is not None and (e[0] in targets or e[0] in wanted) for e in node.next_functions_):
            wanted.add(node)
    return wanted


def _with_mode(walk: _Walk, start: Callable[[], None]) -> None:
    enabled, lines = mode.enabled, mode.lines
    where = user_line() if walk.create else None
    mode.enabled, mode.lines = walk.create, walk.create
    try:
        start()
        walk.run()
    finally:
        mode.enabled, mode.lines = enabled, lines
    del where


def once(node: Node) -> None:
    """Refuse a second derivative through a node whose backward is one fused computation."""
    if mode.enabled:
        raise GraphError(
            f"grad: {node.name()}, recorded at {describe(node.where)}, has no second derivative; "
            "call without create_graph=True"
        )


# --- the modes


class _GradMode:
    """Context manager and decorator that sets whether operations are recorded."""

    enabled = True

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(mode.enabled)
        mode.enabled = self.enabled

    def __exit__(self, *exc: object) -> None:
        mode.enabled = self._before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with type(self)() if type(self) is not set_grad_enabled else set_grad_enabled(self.enabled):
                return function(*args, **kwargs)

        return wrapped


class no_grad(_GradMode):  # noqa: N801 (the field's name for it)
    """Record no operation inside: ``with no_grad():``, or as a decorator.

    Parameters
    ----------
    function : callable, optional
        What ``@no_grad`` without parentheses decorates.
    """

    enabled = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        # ``@no_grad`` without parentheses is handed the function itself.
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__()


class enable_grad(no_grad):  # noqa: N801
    """Record operations inside, also within `no_grad`.

    Parameters
    ----------
    function : callable, optional
        What ``@enable_grad`` without parentheses decorates.
    """

    enabled = True


class inference_mode(_GradMode):  # noqa: N801
    """Record no operation inside, as `no_grad` does.

    Parameters
    ----------
    mode : bool, default True
        False changes nothing.
    """

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self.enabled = not mode and is_grad_enabled()


class set_grad_enabled(_GradMode):  # noqa: N801
    """Set whether operations are recorded, at once; as a context manager, until its end.

    Parameters
    ----------
    mode : bool
    """

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.enabled = bool(mode)
        self._before.append(globals()["mode"].enabled)
        globals()["mode"].enabled = self.enabled

    def __enter__(self) -> None:
        mode.enabled = self.enabled

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        mode.enabled = self._before.pop()
        return super().__call__(function)


def is_grad_enabled() -> bool:
    """Return whether operations are recorded."""
    return mode.enabled  # type: ignore[no-any-return]
