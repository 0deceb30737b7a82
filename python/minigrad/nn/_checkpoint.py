"""Checkpointing: a part of the graph is not kept, but computed again when its gradient is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.nn import _graph
from minigrad.nn._autograd import grad as gradients
from minigrad.nn._graph import AccumulateGrad, Node, enable_grad, is_grad_enabled
from minigrad.nn._random import default_generator
from minigrad.nn._tensor import Tensor, results

__all__ = ["checkpoint", "checkpoint_sequential"]


class Checkpoint(Node):
    """The outputs of a function that is called again in backward."""

    function: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    args: tuple[Any, ...]
    leaves: tuple[Tensor, ...]
    position: int | None

    def backward(self, *grads: Any) -> tuple[Any, ...]:
        """Record the function anew, from tensors cut off from the outer graph, and go back through it."""
        _graph.once(self)
        before = default_generator.position
        try:
            if self.position is not None:
                default_generator.position = self.position
            inner, outputs = _record(self.function, self.args)
        finally:
            default_generator.position = before
        arrived = [(output, grad) for output, grad in zip(outputs, grads, strict=True) if grad is not None]
        inputs = [tensor for tensor in (*inner, *self.leaves) if tensor.requires_grad]
        return gradients([o for o, _ in arrived], inputs, [g for _, g in arrived], allow_unused=True)


def _record(function: Any, args: tuple[Any, ...]) -> tuple[list[Tensor], tuple[Any, ...]]:
    """Call a function on detached tensors, recording; return these and the outputs that have gradients."""
    inner: list[Tensor] = []
    replaced = []
    for arg in args:
        if isinstance(arg, Tensor) and arg.requires_grad:
            arg = arg.detach().requires_grad_()
            inner.append(arg)
        replaced.append(arg)
    with enable_grad():
        return inner, function(tuple(replaced))


def _leaves(outputs: Sequence[Any], inner: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the leaves other than `inner` that the outputs depend on: the parameters used inside."""
    found: dict[int, Tensor] = {}
    seen: set[Node] = set()
    stack = [output.grad_fn for output in outputs if isinstance(output, Tensor) and output.grad_fn is not None]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, AccumulateGrad):
            leaf = node.variable
            if leaf is not None:
                found[id(leaf)] = leaf
        stack.extend(edge[0] for edge in node.next_functions_ if edge is not None)
    for tensor in inner:
        found.pop(id(tensor), None)
    return tuple(found.values())


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Call a function without keeping what it records; backward calls it again.

    This trades the memory of everything between its inputs and its outputs for a second forward
    computation.

    Parameters
    ----------
    function : callable
        Returns a tensor, or a tuple of tensors and other objects. What it uses of the graph outside must come in
        through its arguments; parameters it may use freely.
    *args : object
        Its arguments.
    use_reentrant : bool, optional
        Ignored: there is one way.
    preserve_rng_state : bool, default True
        Draw the same random numbers the second time, so that dropout drops the same.
    **kwargs : object
        Its keyword arguments.

    Returns
    -------
    object
        What it returns.

    Raises
    ------
    TypeError
        If `function` cannot be called.

    Notes
    -----
    T. Chen, B. Xu, C. Zhang, C. Guestrin (2016), "Training deep nets with sublinear memory cost": with n equal
    parts checkpointed, memory falls from n to about 2 sqrt(n) parts at the price of one more forward pass.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, 2.0], requires_grad=True)
    >>> mg.utils.checkpoint.checkpoint(lambda x: x * x * x, x).sum().backward()
    >>> x.grad.tolist()
    [3.0, 12.0]
    """
    if not callable(function):
        raise TypeError(f"checkpoint: function must be callable; got {function!r}")
    if not is_grad_enabled():
        return function(*args, **kwargs)
    names = tuple(kwargs)
    several = False
    made: tuple[Any, ...] = ()

    def call(values: tuple[Any, ...]) -> tuple[Any, ...]:
        nonlocal several, made
        out = function(*values[: len(args)], **dict(zip(names, values[len(args) :], strict=True)))
        several = isinstance(out, tuple)
        made = out if several else (out,)
        return tuple(output for output in made if isinstance(output, Tensor) and output.requires_grad)

    everything = (*args, *kwargs.values())
    position = default_generator.position if preserve_rng_state else None
    inner, outputs = _record(call, everything)
    first, made = made, ()
    if not outputs:
        return first if several else first[0]
    leaves = _leaves(outputs, inner)
    inputs = tuple(arg for arg in everything if isinstance(arg, Tensor) and arg.requires_grad) + leaves
    datas = [output._data for output in outputs]
    wrapped = iter(results(datas, Checkpoint, inputs, function=call, args=everything, leaves=leaves, position=position))
    final = tuple(next(wrapped) if any(value is output for output in outputs) else value for value in first)
    return final if several else final[0]


def checkpoint_sequential(functions: Any, segments: int, input: Any, **options: Any) -> Any:
    """Call functions one after the other, checkpointing all but the last of some segments.

    Parameters
    ----------
    functions : Sequential or sequence of callable
    segments : int
        Into how many parts to divide them.
    input : object
        For the first.
    **options
        Of `checkpoint`.

    Returns
    -------
    object
        What the last returns.

    Raises
    ------
    ValueError
        If `segments` is not from 1 to their number.
    """
    steps = list(functions)
    if not 1 <= segments <= max(1, len(steps)):
        raise ValueError(f"checkpoint_sequential: segments must be from 1 to {max(1, len(steps))}; got {segments}")
    size = len(steps) // segments

    def run(part: Sequence[Any]) -> Callable[[Any], Any]:
        def through(value: Any) -> Any:
            for step in part:
                value = step(value)
            return value

        return through

    for start in range(0, size * (segments - 1), size):
        input = checkpoint(run(steps[start : start + size]), input, **options)
    return run(steps[size * (segments - 1) :])(input)
