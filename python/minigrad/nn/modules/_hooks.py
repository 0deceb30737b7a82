"""Functions that a module calls before and after its forward and its backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from minigrad.nn._graph import Node, Removable
from minigrad.nn._tensor import Tensor, results

__all__ = ["HOOKS", "Hook", "Hooked", "call_hooked"]


class Hook(NamedTuple):
    """A function, and how it wants to be called."""

    function: Callable[..., Any]
    kind: str = ""
    with_kwargs: bool = False
    always_call: bool = False


# Those of a call share a list, so that a call without hooks has one look to take.
HOOKS = (
    "_call_hooks",
    "_state_dict_pre_hooks",
    "_state_dict_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


class Hooked:
    """Keeps a module's hooks."""

    _call_hooks: list[Hook]

    def _add_hook(self, kept: str, hook: Hook, prepend: bool = False) -> Removable:
        if not callable(hook.function):
            raise TypeError(f"{type(self).__name__}: a hook must be callable; got {hook.function!r}")
        hooks = self.__dict__[kept]
        handle = Removable(hooks, hook)
        if prepend:
            hooks.insert(0, hooks.pop())
        return handle

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Removable:
        """Have a function called before `forward`.

        Parameters
        ----------
        hook : callable
            ``hook(module, args)``; what it returns, if not None, replaces the arguments.
        prepend : bool, default False
            Call it before the others.
        with_kwargs : bool, default False
            Call ``hook(module, args, kwargs)``, which may return a pair ``(args, kwargs)``.

        Returns
        -------
        Removable
        """
        return self._add_hook("_call_hooks", Hook(hook, "before forward", with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> Removable:
        """Have a function called after `forward`.

        Parameters
        ----------
        hook : callable
            ``hook(module, args, output)``; what it returns, if not None, replaces the output.
        prepend : bool, default False
            Call it before the others.
        with_kwargs : bool, default False
            Call ``hook(module, args, kwargs, output)``.
        always_call : bool, default False
            Call it, with None as the output, also if `forward` raises.

        Returns
        -------
        Removable
        """
        return self._add_hook("_call_hooks", Hook(hook, "after forward", with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        """Have a function called when the gradients of the outputs are known.

        Parameters
        ----------
        hook : callable
            ``hook(module, grad_output)``; what it returns, if not None, replaces them.
        prepend : bool, default False
            Call it before the others.

        Returns
        -------
        Removable
        """
        return self._add_hook("_call_hooks", Hook(hook, "before backward"), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        """Have a function called when the gradients of the inputs are known.

        Parameters
        ----------
        hook : callable
            ``hook(module, grad_input, grad_output)``, tuples with None where there is no gradient; what
            it returns, if not None, replaces the gradients of the inputs.
        prepend : bool, default False
            Call it before the others.

        Returns
        -------
        Removable
        """
        return self._add_hook("_call_hooks", Hook(hook, "after backward"), prepend)

    register_backward_hook = register_full_backward_hook


def _of(module: Any, kind: str) -> list[Hook]:
    """Return the hooks of one kind, in order."""
    return [hook for hook in module._call_hooks if hook.kind == kind]


def call_hooked(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a module's `forward` with its hooks around it."""
    args, kwargs = _run_pre_hooks(module, args, kwargs)
    around = None
    if _of(module, "before backward") or _of(module, "after backward"):
        around = _Backward(module)
        args = around.enter(args)
    waiting = _of(module, "after forward")
    try:
        output = module.forward(*args, **kwargs)
        while waiting:
            changed = _run_forward_hook(waiting.pop(0), module, args, kwargs, output)
            output = output if changed is None else changed
    except Exception:
        for hook in waiting:
            if hook.always_call:
                _run_forward_hook(hook, module, args, kwargs, None)
        raise
    return output if around is None else around.leave(output)


def _run_pre_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict]:
    for hook in _of(module, "before forward"):
        if hook.with_kwargs:
            changed = hook.function(module, args, kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        f"{type(module).__name__}: a forward pre-hook with keywords must return (args, kwargs) or "
                        f"None; got {changed!r}"
                    )
                args, kwargs = changed
        else:
            changed = hook.function(module, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
    return args, kwargs


def _run_forward_hook(hook: Hook, module: Any, args: Any, kwargs: Any, output: Any) -> Any:
    return hook.function(module, args, kwargs, output) if hook.with_kwargs else hook.function(module, args, output)


class _Enter(Node):
    """The identity before a module: its backward runs when the gradients of the inputs are known."""

    around: _Backward

    def backward(self, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        return self.around.inputs_known(grads)


class _Leave(Node):
    """The identity behind a module: its backward runs when the gradients of the outputs are known."""

    around: _Backward

    def backward(self, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        return self.around.outputs_known(grads)


class _Backward:
    """One call of a module with backward hooks: identities around it catch the gradients."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.pre_hooks = [hook.function for hook in _of(module, "before backward")]
        self.hooks = [hook.function for hook in _of(module, "after backward")]
        self.inputs: tuple[int, ...] = ()  # positions of the tensors among the arguments
        self.outputs: tuple[int, ...] = ()
        self.n_inputs = self.n_outputs = 0
        self.grad_outputs: tuple[Tensor | None, ...] = ()

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.n_inputs = len(args)
        self.inputs, args = self._through(_Enter, args)
        return args

    def leave(self, output: Any) -> Any:
        several = isinstance(output, (tuple, list))
        outputs = tuple(output) if several else (output,)
        self.n_outputs = len(outputs)
        self.outputs, outputs = self._through(_Leave, outputs)
        return type(output)(outputs) if several else outputs[0]

    def _through(self, node: type[Node], values: tuple[Any, ...]) -> tuple[tuple[int, ...], tuple[Any, ...]]:
        """Pass the tensors among `values` that need gradients through one identity."""
        where = tuple(i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad)
        if not where:
            return where, values
        tensors = tuple(values[i] for i in where)
        passed = results(tuple(tensor._data for tensor in tensors), node, tensors, around=self)
        replaced = list(values)
        for i, tensor in zip(where, passed, strict=True):
            replaced[i] = tensor
        return where, tuple(replaced)

    def outputs_known(self, grads: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        spread = _spread(grads, self.outputs, self.n_outputs)
        for hook in self.pre_hooks:
            spread = self._replaced(hook(self.module, spread), spread)
        self.grad_outputs = spread
        if not self.inputs:  # no backward will come by the inputs
            for hook in self.hooks:
                hook(self.module, (None,) * self.n_inputs, spread)
        return tuple(spread[i] for i in self.outputs)

    def inputs_known(self, grads: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        spread = _spread(grads, self.inputs, self.n_inputs)
        for hook in self.hooks:
            spread = self._replaced(hook(self.module, spread, self.grad_outputs), spread)
        return tuple(spread[i] for i in self.inputs)

    def _replaced(self, changed: Any, grads: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        if changed is None:
            return grads
        new = tuple(changed) if isinstance(changed, (tuple, list)) else (changed,)
        if len(new) != len(grads):
            raise RuntimeError(
                f"{type(self.module).__name__}: a backward hook must return {len(grads)} gradient(s); got {len(new)}"
            )
        return new


def _spread(grads: tuple[Tensor | None, ...], where: tuple[int, ...], count: int) -> tuple[Tensor | None, ...]:
    """Put gradients at their positions among `count`, with None elsewhere."""
    spread: list[Tensor | None] = [None] * count
    for i, grad in zip(where, grads, strict=True):
        spread[i] = grad
    return tuple(spread)
