"""Optimizers that change each element by itself: one C call for all parameters of a group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from minigrad._native import check_status, enter_gradients, ffi, lib, pointer
from minigrad.nn import _array
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn._where import user_line
from minigrad.nn.optim.optimizer import Optimizer, check

__all__ = ["Elementwise", "check_options", "step_options"]

_KINDS = {np.dtype(np.float32): "f32", np.dtype(np.float64): "f64"}
_POINTERS = {kind: ffi.typeof(f"{name} *[]") for kind, name in (("f32", "float"), ("f64", "double"))}
_TENSORS = {kind: ffi.typeof(f"mg_tensors_{kind}_t *") for kind in ("f32", "f64")}
_NOT_NEGATIVE = frozenset(
    {"lr", "eps", "weight_decay", "momentum", "lr_decay", "momentum_decay", "alpha", "initial_accumulator_value"}
)


def check_options(owner: object, options: dict[str, Any]) -> None:
    """Check the options that several optimizers share, each where it is present.

    Raises
    ------
    ValueError
        If one is out of range.
    RuntimeError
        If two exclude each other, or a step that can be differentiated is asked for.
    """
    name = type(owner).__name__
    for option, value in options.items():
        if option in _NOT_NEGATIVE:
            check(owner, option, value)
    for i, beta in enumerate(options.get("betas", ())):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"{name}: Invalid beta parameter at index {i}: {beta}; it must be in [0, 1)")
    if options.get("differentiable"):
        raise RuntimeError(f"{name}: differentiable=True is not supported: a step is not recorded")
    if options.get("fused") and options.get("foreach"):
        raise RuntimeError(f"{name}: `fused` and `foreach` cannot be `True` together.")


_SWITCHES = (
    ("maximize", lib.MG_STEP_MAXIMIZE),
    ("decoupled_weight_decay", lib.MG_STEP_DECOUPLED),
    ("nesterov", lib.MG_STEP_NESTEROV),
    ("amsgrad", lib.MG_STEP_AMSGRAD),
    ("centered", lib.MG_STEP_CENTERED),
)


def step_options(group: dict[str, Any]) -> int:
    """Return a group's switches as C takes them."""
    options = 0
    for name, flag in _SWITCHES:
        if name in group and group[name]:
            options |= flag
    return options


class _Part:
    """At most `count` parameters of one element type that step together, as C takes them."""

    def __init__(self, kind: str, count: int) -> None:
        self.kind = kind
        self.grads = ffi.new(_POINTERS[kind], count)
        self.slots = ffi.buffer(self.grads)
        self.params: list[Tensor] = []
        self.state: list[Any] = []
        self.cells: list[Any] = []

    def close(self) -> None:
        """Collect the pointers. A parameter with gaps steps in a copy, which is then copied back."""
        kind, count = self.kind, len(self.params)
        datas = [param._data for param in self.params]
        targets = [data if data.flags.c_contiguous else np.empty(data.shape, data.dtype) for data in datas]
        self.gaps = [(data, target) for data, target in zip(datas, targets, strict=True) if data is not target]
        self.kept = (
            ffi.new("size_t[]", [data.size for data in datas]),
            ffi.new(_POINTERS[kind], [pointer(target, True) for target in targets]),
            ffi.new(_POINTERS[kind], [pointer(array, True) for array in self.state]),
            ffi.new("float *[]", [pointer(cell, True) for cell in self.cells]),
            targets,
        )
        sizes, params, state, cells, _ = self.kept
        self.tensors = ffi.new(_TENSORS[kind], [count, sizes, params, self.grads, state, cells])
        self.versions = [param._shared_cell() for param in self.params]

    def step(self, function: Callable[..., int], arguments: tuple[Any, ...], owner: str) -> None:
        for data, target in self.gaps:
            np.copyto(target, data)
        status = function(self.tensors, *arguments)
        if status:
            check_status(status, owner)
        for data, target in self.gaps:
            np.copyto(data, target)
        where = user_line()
        for cell in self.versions:
            cell.version += 1
            cell.where = where


class _Plan:
    """What the steps of one group have in common, kept until an array is replaced.

    Gradients are looked up at every step: they are made anew by each backward, and holding
    them here would keep the arena from using their memory again.
    """

    def __init__(self, optimizer: Elementwise, group: dict[str, Any]) -> None:
        self.names = optimizer._arrays(group)
        self.members: list[tuple[Any, ...]] = []
        self.parts: dict[tuple[str, int], _Part] = {}
        times: dict[int, int] = {}
        for param in group["params"]:
            data, grad = param._data, param._grad
            if grad is None:
                self.members.append((param, data, None, 0, 0, 0, None, ()))
                continue
            kind = _KINDS.get(data.dtype)
            if kind is None:
                raise TypeError(
                    f"{type(optimizer).__name__}: parameters must be float32 or float64; got {param.dtype.name}"
                )
            # A parameter that stands in the group twice steps twice, one step after the other.
            turn = times[id(param)] = times.get(id(param), -1) + 1
            part = self.parts.setdefault((kind, turn), _Part(kind, len(group["params"])))
            arrays, cells = optimizer._prepare(param, group)
            state = optimizer.state[param] if self.names else None
            held = tuple((item, item._data if isinstance(item, Tensor) else None) for item in (state or {}).values())
            self.members.append((param, data, part.slots, len(part.params), data.nbytes, data.itemsize, state, held))
            part.params.append(param)
            part.state += arrays
            part.cells += cells
        for part in self.parts.values():
            part.close()

    def fits(self, params: list[Tensor], state: Any, keep: list[Any]) -> bool:
        """Enter this step's gradients; False if something else has changed since the plan was made."""
        # In C: with a few small parameters these comparisons would take longer than the step.
        return enter_gradients(params, self.members, state, keep)  # type: ignore[no-any-return]


class Elementwise(Optimizer):
    """Base of the optimizers whose step is a C function over a list of tensors."""

    _c_name: ClassVar[str]
    _cells: ClassVar[tuple[str, ...]] = ("step",)
    _functions: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_c_name" in cls.__dict__:
            cls._functions = {kind: getattr(lib, f"mg_{cls._c_name}_step_{kind}") for kind in ("f32", "f64")}

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        check_options(self, defaults)
        self._plans: dict[int, _Plan] = {}
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._plans = {}
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self.defaults.items():
                group.setdefault(name, value)

    def _arrays(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of the arrays of state, in the order of the C function."""
        return ()

    def _arguments(self, group: dict[str, Any]) -> tuple[Any, ...]:
        """Return what the C function takes after the tensors."""
        return ()

    def _initial(self, name: str, group: dict[str, Any]) -> float:
        """Return the value with which an array or a cell of state begins."""
        return 0.0

    def _prepare(self, param: Tensor, group: dict[str, Any]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the arrays and cells of a parameter, made where they are missing and in C's form."""
        state, data = self.state[param], param._data
        cells = [self._in_form(state, name, (), np.dtype(np.float32), group) for name in self._cells]
        arrays = [self._in_form(state, name, data.shape, data.dtype, group) for name in self._arrays(group)]
        return arrays, cells

    def _in_form(
        self, state: dict[str, Any], name: str, shape: tuple[int, ...], dtype: np.dtype[Any], group: dict[str, Any]
    ) -> np.ndarray:
        held = state.get(name)
        if held is None:
            array = np.full(shape, self._initial(name, group), dtype) if not shape else _array.empty(shape, dtype)
            array.fill(self._initial(name, group))
        else:
            array = held._data if isinstance(held, Tensor) else np.asarray(held)
            if array.shape != shape:
                raise ValueError(f"{type(self).__name__}: state {name!r} must have shape {shape}; got {array.shape}")
            right = array.dtype == dtype and array.flags.c_contiguous and array.flags.writeable
            if right and isinstance(held, Tensor):
                return array
            array = np.array(array, dtype, order="C")
        state[name] = fresh(array)
        return array

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters once.

        Parameters
        ----------
        closure : callable, optional
            Clears the gradients, computes the loss, calls backward and returns the loss.

        Returns
        -------
        Tensor or float or None
            What the closure returned.

        Raises
        ------
        ValueError
            If state that was put in by hand does not fit its parameter.
        """
        loss = None if closure is None else self._evaluate(closure)
        for index, group in enumerate(self.param_groups):
            plan, keep = self._plans.get(index), []  # type: ignore[var-annotated]
            params = group["params"]
            if plan is None or plan.names is not self._arrays(group) or not plan.fits(params, self.state, keep):
                plan = self._plans[index] = _Plan(self, group)
                plan.fits(params, self.state, keep)
            if plan.parts:
                arguments = self._arguments(group)
                for part in plan.parts.values():
                    part.step(self._functions[part.kind], arguments, type(self).__name__)
        return loss
