"""The base of all optimizers: parameter groups, state, hooks, saving and loading."""

from __future__ import annotations

import copy
import functools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import numpy as np

from minigrad.nn._graph import Removable, enable_grad
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn._where import user_line

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]


class _Required:
    """Marks an option without a default."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()
_before_every_step: list[Callable[..., Any]] = []
_after_every_step: list[Callable[..., Any]] = []


class _Hook(Removable):
    """Handle of a hook that may be put in front."""

    def __init__(self, hooks: list[Any], hook: Any, prepend: bool = False) -> None:
        super().__init__(hooks, hook)
        if prepend:
            hooks.insert(0, hooks.pop())


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> Removable:
    """Have ``hook(optimizer, args, kwargs)`` called before every step of every optimizer.

    Parameters
    ----------
    hook : callable
        May return a tuple of new ``(args, kwargs)`` for the step.

    Returns
    -------
    Removable
        Its ``remove()`` takes the hook off.
    """
    return _Hook(_before_every_step, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> Removable:
    """Have ``hook(optimizer, args, kwargs)`` called after every step of every optimizer.

    Parameters
    ----------
    hook : callable

    Returns
    -------
    Removable
        Its ``remove()`` takes the hook off.
    """
    return _Hook(_after_every_step, hook)


def _hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a class's `step` with the hooks around it."""

    @functools.wraps(step)
    def wrapper(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if not (self._before_step or self._after_step or _before_every_step or _after_every_step):
            return step(self, *args, **kwargs)
        for hook in [*_before_every_step, *self._before_step]:
            changed = hook(self, args, kwargs)
            if changed is None:
                continue
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(
                    f"{type(self).__name__}: a step pre-hook must return None or a tuple of (new_args, new_kwargs), "
                    f"but got {changed!r}"
                )
            args, kwargs = changed
        out = step(self, *args, **kwargs)
        for hook in [*self._after_step, *_after_every_step]:
            hook(self, args, kwargs)
        return out

    return wrapper


def number(value: Any) -> float:
    """Return an option that may be a one-element tensor as a float."""
    return float(value.item()) if isinstance(value, Tensor) else float(value)


def check(owner: object, name: str, value: Any, low: float = 0.0, below: float | None = None) -> None:
    """Raise ValueError unless ``low <= value`` (and ``value < below``)."""
    if isinstance(value, Tensor) and value._data.size != 1:
        raise ValueError(f"{type(owner).__name__}: Tensor {name} must be 1-element; got shape {value.shape}")
    size = number(value)
    if not low <= size or (below is not None and not size < below):
        wanted = f">= {low:g}" if below is None else f"in [{low:g}, {below:g})"
        what = {"lr": "learning rate", "eps": "epsilon value"}.get(name, f"{name} value")
        raise ValueError(f"{type(owner).__name__}: Invalid {what}: {value}; {name} must be {wanted}")


class Optimizer:
    """Base class of all optimizers.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize. A dict is a group: its tensors under ``"params"``, and options of its own.
    defaults : dict
        The options of a group that does not set them itself.

    Attributes
    ----------
    param_groups : list of dict
    state : dict
        What the optimizer remembers, by parameter.

    Raises
    ------
    ValueError
        If there is no parameter, a parameter stands in two groups, or one is not a leaf.
    TypeError
        If `params` is a tensor, or something in it is not one.
    """

    _before_step: list[Callable[..., Any]]
    _after_step: list[Callable[..., Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _hooked(cls.step)  # type: ignore[method-assign]

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._make_hooks()
        if isinstance(params, Tensor):
            raise TypeError(
                f"{type(self).__name__}: params argument given to the optimizer should be an iterable of Tensors or "
                f"dicts, but got {type(params).__name__}"
            )
        self.state: Any = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError(f"{type(self).__name__}: optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _make_hooks(self) -> None:
        self._before_step, self._after_step = [], []
        self._hooks: dict[str, list[Callable[..., Any]]] = defaultdict(list)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_hooks" not in self.__dict__:
            self._make_hooks()

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])

    # --- hooks

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> Removable:
        """Have ``hook(optimizer, args, kwargs)`` called before every step.

        Parameters
        ----------
        hook : callable
            May return a tuple of new ``(args, kwargs)`` for the step.

        Returns
        -------
        Removable
        """
        return _Hook(self._before_step, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> Removable:
        """Have ``hook(optimizer, args, kwargs)`` called after every step.

        Parameters
        ----------
        hook : callable

        Returns
        -------
        Removable
        """
        return _Hook(self._after_step, hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        """Have ``hook(optimizer)`` called before `state_dict` collects.

        Parameters
        ----------
        hook : callable
        prepend : bool, default False
            Put it in front of those already there.

        Returns
        -------
        Removable
        """
        return _Hook(self._hooks["before save"], hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        """Have ``hook(optimizer, state_dict)`` called when `state_dict` has collected.

        Parameters
        ----------
        hook : callable
            What it returns, if not None, replaces the dict.
        prepend : bool, default False
            Put it in front of those already there.

        Returns
        -------
        Removable
        """
        return _Hook(self._hooks["after save"], hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        """Have ``hook(optimizer, state_dict)`` called before a state dict is taken in.

        Parameters
        ----------
        hook : callable
            What it returns, if not None, replaces the dict.
        prepend : bool, default False
            Put it in front of those already there.

        Returns
        -------
        Removable
        """
        return _Hook(self._hooks["before load"], hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        """Have ``hook(optimizer)`` called when a state dict has been taken in.

        Parameters
        ----------
        hook : callable
        prepend : bool, default False
            Put it in front of those already there.

        Returns
        -------
        Removable
        """
        return _Hook(self._hooks["after load"], hook, prepend)

    # --- groups

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters with options of its own.

        Parameters
        ----------
        param_group : dict
            ``"params"``, and any options; the others come from the defaults.

        Raises
        ------
        TypeError
            If it is not a dict, or its parameters are a set or hold something that is not a tensor.
        ValueError
            If a parameter is not a leaf, stands in another group already, or only some have names.
        """
        owner = type(self).__name__
        if not isinstance(param_group, dict):
            raise TypeError(f"{owner}: param_group must be a dict, but got {type(param_group).__name__}")
        _split_names(param_group, owner)
        params = param_group["params"]
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    f"{owner}: optimizer can only optimize Tensors, but one of the params is {type(param).__name__}"
                )
            if not (param.is_leaf or param.retains_grad):
                raise ValueError(f"{owner}: can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    f"{owner}: parameter group didn't specify a value of required optimization parameter {name}"
                )
            param_group.setdefault(name, default)
        mine = {id(param) for param in params}
        if len(mine) != len(params):
            warnings.warn(f"{owner}: optimizer contains a parameter group with duplicate parameters", stacklevel=3)
        for group in self.param_groups:
            if ("param_names" in param_group) != ("param_names" in group):
                raise ValueError(f"{owner}: all optimizer param groups should be with/without names")
        if any(id(param) in mine for group in self.param_groups for param in group["params"]):
            raise ValueError(f"{owner}: some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    # --- steps

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Parameters
        ----------
        set_to_none : bool, default True
            Set ``grad`` to None; otherwise its elements to 0.
        """
        for group in self.param_groups:
            for param in group["params"]:
                grad = param._grad
                if grad is None:
                    continue
                if set_to_none:
                    param._grad = None
                else:
                    grad._node, grad._requires = None, False
                    grad._data.fill(0)
                    grad._bump()

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
        NotImplementedError
            If a subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__}: step must be defined by the subclass")

    @staticmethod
    def _evaluate(closure: Callable[[], Any] | None) -> Any:
        if closure is None:
            return None
        with enable_grad():
            return closure()

    # --- saving

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on later: the state by parameter number, and the groups.

        Returns
        -------
        dict
            ``"state"`` maps a parameter's number to its state; ``"param_groups"`` lists the options of
            each group with its parameters' numbers. Tensors are the optimizer's own, not copies.
        """
        for hook in list(self._hooks["before save"]):
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
            packed = {key: value for key, value in group.items() if key != "params"}
            groups.append({**packed, "params": [numbers[id(param)] for param in group["params"]]})
        state = {
            (numbers.get(id(key), key) if isinstance(key, Tensor) else key): value for key, value in self.state.items()
        }
        saved: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in list(self._hooks["after save"]):
            changed = hook(self, saved)
            saved = saved if changed is None else changed
        return saved

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take in what `state_dict` gave; tensors are copied and take their parameter's element type.

        Parameters
        ----------
        state_dict : dict

        Raises
        ------
        ValueError
            If the number of groups, or of parameters in one, differs.
        """
        state_dict = dict(state_dict)
        for hook in list(self._hooks["before load"]):
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        saved = copy.deepcopy(state_dict["param_groups"])
        owner = type(self).__name__
        if len(saved) != len(self.param_groups):
            raise ValueError(
                f"{owner}: loaded state dict has a different number of parameter groups: {len(saved)}, "
                f"and the optimizer has {len(self.param_groups)}"
            )
        for i, (mine, theirs) in enumerate(zip(self.param_groups, saved, strict=True)):
            if len(mine["params"]) != len(theirs["params"]):
                raise ValueError(
                    f"{owner}: loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group: {len(theirs['params'])} parameters in group {i}, not {len(mine['params'])}"
                )
        numbers = chain.from_iterable(group["params"] for group in saved)
        params = chain.from_iterable(group["params"] for group in self.param_groups)
        by_number = dict(zip(numbers, params, strict=True))
        state: Any = defaultdict(dict)
        for key, value in state_dict["state"].items():
            param = by_number.get(key)
            state[key if param is None else param] = value if param is None else _loaded(param, value)
        for mine, theirs in zip(self.param_groups, saved, strict=True):
            theirs["params"] = mine["params"]
            if "param_names" in mine:
                theirs.setdefault("param_names", mine["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in list(self._hooks["after load"]):
            hook(self)


def _split_names(group: dict[str, Any], owner: str) -> None:
    """Make a group's parameters a list, and split names off them."""
    params = group["params"]
    if isinstance(params, Tensor):
        params = [params]
    elif isinstance(params, (set, frozenset)):
        raise TypeError(
            f"{owner}: optimizer parameters need to be organized in ordered collections, but the ordering of tensors "
            "in sets will change between runs. Please use a list instead."
        )
    params = list(params)
    names = [param[0] for param in params if isinstance(param, tuple)]
    group["params"] = [param[1] if isinstance(param, tuple) else param for param in params]
    if names:
        if len(names) != len(params):
            raise ValueError(
                f"{owner}: all optimizer params should be with/without names. Some param names are missing"
            )
        group["param_names"] = names


def _loaded(param: Tensor, value: Any, key: Any = None) -> Any:
    """Return a copy of loaded state with its tensors in the parameter's element type, but for "step"."""
    if isinstance(value, Tensor):
        kind = param._data.dtype if key != "step" and param._data.dtype.kind == "f" else value._data.dtype
        return fresh(np.array(value._data, kind, order="C"))
    if isinstance(value, dict):
        return {name: _loaded(param, item, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_loaded(param, item) for item in value)
    return value


def changed_in_place(params: Iterable[Tensor]) -> None:
    """Note that the memory of the parameters was changed, and where."""
    where = user_line()
    for param in params:
        cell = param._shared_cell()
        cell.version += 1
        cell.where = where
