"""Differentiation as a user calls it: `backward`, `grad`, and functions with a hand-written derivative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.nn import _graph
from minigrad.nn._errors import GraphError, portrait
from minigrad.nn._graph import Node, mode, serial
from minigrad.nn._tensor import Tensor, fresh, unbroadcast
from minigrad.nn._where import user_line

__all__ = ["Function", "backward", "backward_into", "grad"]


def _sequence(value: Any) -> Sequence[Any]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of the sum of `tensors`, weighted by `grad_tensors`, to every leaf's `grad`.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
    grad_tensors : Tensor, None or sequence of them, optional
    retain_graph, create_graph : bool
        As in `Tensor.backward`.
    inputs : Tensor or sequence of Tensor, optional
        Accumulate into these alone.

    Raises
    ------
    RuntimeError
        As `Tensor.backward`.
    """
    roots = _sequence(tensors)
    seeds = (None,) * len(roots) if grad_tensors is None else _sequence(grad_tensors)
    if len(seeds) != len(roots):
        raise GraphError(f"backward: got {len(roots)} tensors and {len(seeds)} gradients")
    if inputs is None:
        _graph.backward(roots, seeds, retain_graph, create_graph)
    else:
        backward_into(roots, seeds, retain_graph, create_graph, inputs)


def backward_into(
    roots: Sequence[Tensor], seeds: Sequence[Any], retain_graph: bool | None, create_graph: bool, inputs: Any
) -> None:
    """Accumulate gradients into `inputs` alone."""
    targets = _sequence(inputs)
    if not targets:
        raise GraphError("backward: inputs argument cannot be empty")
    found = _graph.gradients(roots, targets, seeds, retain_graph, create_graph)
    for tensor, gradient in zip(targets, found, strict=True):
        if gradient is not None:
            held = tensor.grad
            tensor.grad = gradient.clone() if held is None else held + gradient


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """Return the gradients of the sum of `outputs` with respect to `inputs`.

    Parameters
    ----------
    outputs, inputs : Tensor or sequence of Tensor
    grad_outputs : Tensor, None or sequence of them, optional
        Weights of the outputs; may be left out for outputs of one element.
    retain_graph : bool, optional
        Keep the graph for another walk; default: `create_graph`.
    create_graph : bool, default False
        Record the computation of the gradients, so that they can be differentiated again.
    allow_unused : bool, optional
        Return None for an input that no output depends on, instead of raising; default: `materialize_grads`.
    is_grads_batched : bool, default False
        Not supported; must be False.
    materialize_grads : bool, default False
        Return zeros instead of None.

    Returns
    -------
    tuple of Tensor
        One for each input.

    Raises
    ------
    RuntimeError
        If an input is unused and `allow_unused` is False, or as `Tensor.backward`.
    """
    if is_grads_batched:
        raise ValueError("grad: is_grads_batched is not supported; call grad once for each gradient")
    if allow_unused is False and materialize_grads:
        raise ValueError("grad: allow_unused must not be False when materialize_grads is True")
    roots, targets = _sequence(outputs), _sequence(inputs)
    seeds = (None,) * len(roots) if grad_outputs is None else _sequence(grad_outputs)
    if len(seeds) != len(roots):
        raise GraphError(f"grad: got {len(roots)} outputs and {len(seeds)} gradients")
    found = _graph.gradients(roots, targets, seeds, retain_graph, create_graph)
    for position, gradient in enumerate(found):
        if gradient is None:
            if materialize_grads:
                found[position] = fresh(targets[position]._data * 0)
            elif not allow_unused:
                raise GraphError(
                    "grad: One of the differentiated Tensors appears to not have been used in the graph: input "
                    f"{position}, {portrait(targets[position])}; pass allow_unused=True if that is desired"
                )
    return tuple(found)


class _FunctionNode(Node):
    """A recorded call of a user's Function: his context, and the way back."""

    function: type[Function]
    needs_input_grad: tuple[bool, ...] = ()
    count = 0
    positions: tuple[int, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = ()
    materialize = True
    to_save: tuple[Any, ...] = ()
    dirty: tuple[Any, ...] = ()
    no_gradient: tuple[int, ...] = ()

    def name(self) -> str:
        return f"{self.function.__name__}Backward"

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for `backward`, where `saved_tensors` returns them."""
        self.to_save = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Declare inputs that forward changes in place."""
        self.dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Declare outputs that have no gradient."""
        self.no_gradient = tuple(id(t) for t in tensors)

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a missing gradient comes as zeros (the default) or as None."""
        self.materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` kept. RuntimeError if one was changed in place since."""
        return self.saved

    def backward(self, *grads: Any) -> tuple[Any, ...]:
        if self.materialize:
            grads = tuple(fresh(_zeros(self.metas[i])) if g is None else g for i, g in enumerate(grads))
        out = self.function.backward(self, *grads)
        out = out if isinstance(out, tuple) else (out,)
        if len(out) > self.count and all(g is None for g in out[self.count :]):
            out = out[: self.count]
        if len(out) != self.count:
            raise GraphError(
                f"{self.name()}: backward must return {self.count} gradients, one for each argument of forward; "
                f"got {len(out)}"
            )
        return tuple(
            self._fitted(position, out[position], shape)
            for position, shape in zip(self.positions, self.shapes, strict=True)
        )

    def _fitted(self, position: int, grad: Any, shape: tuple[int, ...]) -> Any:
        """Return a gradient in the shape of its input, summed over what was broadcast."""
        if grad is None or grad._data.shape == shape:
            return grad
        try:
            fits = np.broadcast_shapes(grad._data.shape, shape) == grad._data.shape
        except ValueError:
            fits = False
        if not fits:
            raise GraphError(
                f"{self.name()}: backward returned an invalid gradient at index {position}: expected a shape that "
                f"reduces to the input's {shape}; got {portrait(grad)}"
            )
        return unbroadcast(grad, shape)


def _zeros(meta: tuple[tuple[int, ...], Any]) -> Any:
    from minigrad.nn import _array

    return _array.zeros(*meta)


class Function:
    """An operation with a derivative written by hand.

    Subclass it with static methods ``forward(ctx, *args)`` and ``backward(ctx, *grads)``,
    and call ``apply``. `ctx` keeps what backward needs: ``ctx.save_for_backward(x)``, then
    ``x, = ctx.saved_tensors``; any other attribute may be set on it.

    Examples
    --------
    >>> import minigrad as mg
    >>> class Square(mg.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         x, = ctx.saved_tensors
    ...         return 2 * x * grad
    >>> x = mg.tensor([3.0], requires_grad=True)
    >>> Square.apply(x).backward()
    >>> x.grad
    tensor([6.])
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs.

        Parameters
        ----------
        *args, **kwargs
            The context, then what `apply` was given.

        Raises
        ------
        TypeError
            If a subclass does not define it.

        Returns
        -------
        Tensor or tuple of Tensor
        """
        raise TypeError("Function: a subclass must define forward")

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Return the gradient of each argument of forward.

        Parameters
        ----------
        ctx : object
            What forward kept.
        *grads : Tensor
            Of each output.

        Raises
        ------
        TypeError
            If a subclass does not define it.

        Returns
        -------
        Tensor, None, or a tuple of them
        """
        raise TypeError("Function: a subclass must define backward")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward, recorded so that gradients go through `backward`.

        Parameters
        ----------
        *args
            What forward takes after the context.

        Returns
        -------
        Tensor or tuple of Tensor
        """
        node = _FunctionNode()
        node.function = cls
        tensors = [(i, a) for i, a in enumerate(args) if isinstance(a, Tensor)]
        node.needs_input_grad = tuple(isinstance(a, Tensor) and a._requires for a in args)
        record = mode.enabled and any(node.needs_input_grad)
        # Edges are taken first: an input that forward changes in place must lead to what it was.
        node.next_functions_ = tuple(_graph.edge_of(t) for _, t in tensors)
        node.positions, node.count = tuple(i for i, _ in tensors), len(args)
        node.shapes = tuple(t._data.shape for _, t in tensors)
        own_setup = "setup_context" in cls.__dict__ or hasattr(cls, "setup_context")
        enabled, mode.enabled = mode.enabled, False
        try:
            made = cls.forward(*args) if own_setup else cls.forward(node, *args)
            if own_setup:
                cls.setup_context(node, args, made)  # type: ignore[attr-defined]
        finally:
            mode.enabled = enabled
        if not record:
            return made
        return _connect(node, made, [t for _, t in tensors])


def _connect(node: _FunctionNode, made: Any, inputs: list[Tensor]) -> Any:
    outputs = made if isinstance(made, tuple) else (made,)
    node.number = serial()
    node.where = user_line()
    node.num_outputs = len(outputs)
    node.metas = tuple((o._data.shape, o._data.dtype) for o in outputs)
    dirty = {id(t) for t in node.dirty}
    wrapped = []
    for index, out in enumerate(outputs):
        if id(out) not in dirty and any(out is t for t in inputs):
            out = fresh(out._data)
        if out._data.dtype.kind == "f" and id(outputs[index]) not in node.no_gradient:
            out._node, out._index, out._requires = node, index, True
        wrapped.append(out)
    node._saved = tuple(None if t is None else (_saved_form(t, outputs, wrapped), t._version) for t in node.to_save)
    node.to_save = ()
    return tuple(wrapped) if isinstance(made, tuple) else wrapped[0]


def _saved_form(tensor: Tensor, outputs: Sequence[Any], wrapped: Sequence[Tensor]) -> Tensor:
    # An output that saves itself would be a cycle: its memory is kept, not its node.
    return tensor.detach() if any(tensor is o for o in outputs) or any(tensor is w for w in wrapped) else tensor
