"""The part of a module that gives out its state and takes one in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from minigrad.nn._graph import Removable
from minigrad.nn._tensor import Tensor, as_tensor
from minigrad.nn.modules._hooks import Hook
from minigrad.nn.modules._members import Registry
from minigrad.nn.parameter import Parameter

__all__ = ["IncompatibleKeys", "Stateful"]


class IncompatibleKeys(NamedTuple):
    """The names that a state dict lacked, and those that it had too much."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


_EXTRA = "_extra_state"


class Stateful:
    """Gives out and takes in the parameters and persistent buffers of a module and those below."""

    _parameters: Registry
    _buffers: Registry
    _modules: Registry
    _non_persistent_buffers_set: set[str]
    _version = 1
    _add_hook: Callable[..., Removable]

    def register_state_dict_pre_hook(self, hook: Callable[..., None]) -> Removable:
        """Have ``hook(module, prefix, keep_vars)`` called before `state_dict` collects.

        Parameters
        ----------
        hook : callable

        Returns
        -------
        Removable
        """
        return self._add_hook("_state_dict_pre_hooks", Hook(hook))

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> Removable:
        """Have ``hook(module, state_dict, prefix, local_metadata)`` called when `state_dict` has collected.

        Parameters
        ----------
        hook : callable
            May change the dict; what it returns, if not None, replaces it.

        Returns
        -------
        Removable
        """
        return self._add_hook("_state_dict_hooks", Hook(hook))

    _register_state_dict_hook = register_state_dict_post_hook

    def register_load_state_dict_pre_hook(self, hook: Callable[..., None]) -> Removable:
        """Have a function called before this module takes its part of a state dict.

        Parameters
        ----------
        hook : callable
            ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
            error_msgs)``; it may change the dict.

        Returns
        -------
        Removable
        """
        return self._add_hook("_load_state_dict_pre_hooks", Hook(hook))

    def register_load_state_dict_post_hook(self, hook: Callable[..., None]) -> Removable:
        """Have ``hook(module, incompatible_keys)`` called when a state dict has been taken in.

        Parameters
        ----------
        hook : callable
            May change the two lists, and thereby what counts as an error.

        Returns
        -------
        Removable
        """
        return self._add_hook("_load_state_dict_post_hooks", Hook(hook))

    def get_extra_state(self) -> Any:
        """Return what a subclass wants kept in the state dict besides its tensors; to be overridden.

        Returns
        -------
        object

        Raises
        ------
        RuntimeError
            If the class has no extra state.
        """
        raise RuntimeError(f"{type(self).__name__}: has no extra state")

    def set_extra_state(self, state: Any) -> None:
        """Take in what `get_extra_state` gave; to be overridden with it.

        Parameters
        ----------
        state : object

        Raises
        ------
        RuntimeError
            If the class has no extra state.
        """
        raise RuntimeError(f"{type(self).__name__}: has no extra state")

    def _persistent(self) -> dict[str, Any]:
        """Return the parameters and buffers that belong to the state, by name."""
        skipped = self._non_persistent_buffers_set
        buffers = {name: value for name, value in self._buffers.items() if name not in skipped}
        return {name: value for name, value in (self._parameters | buffers).items() if value is not None}

    def _has_extra_state(self) -> bool:
        return type(self).get_extra_state is not Stateful.get_extra_state

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Add this module's own state, without that of the modules below."""
        for name, value in self._persistent().items():
            destination[prefix + name] = value if keep_vars else value.detach()
        if self._has_extra_state():
            destination[prefix + _EXTRA] = self.get_extra_state()

    def state_dict(
        self, *args: Any, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Return the parameters and persistent buffers by their paths.

        Parameters
        ----------
        *args
            `destination`, `prefix` and `keep_vars` by position, as older scripts give them.
        destination : dict, optional
            Where to put them; a new dict by default.
        prefix : str, default ""
            Put before every name.
        keep_vars : bool, default False
            Give the parameters themselves, not detached tensors.

        Returns
        -------
        dict
            The tensors share memory with the module: a later training step changes them too.

        Examples
        --------
        >>> import minigrad as mg
        >>> layer = mg.nn.Module()
        >>> layer.register_buffer("mean", mg.zeros(3))
        >>> layer.state_dict()["mean"].shape
        (3,)
        """
        given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
        destination = given.get("destination", destination)
        prefix, keep_vars = given.get("prefix", prefix), given.get("keep_vars", keep_vars)
        if destination is None:
            destination = OrderedDict()
        if not hasattr(destination, "_metadata") and isinstance(destination, OrderedDict):
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self.__dict__["_state_dict_pre_hooks"]:
            hook.function(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self.__dict__["_state_dict_hooks"]:
            changed = hook.function(self, destination, prefix, metadata)
            destination = destination if changed is None else changed
        return destination

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy a state into this module and those below.

        Parameters
        ----------
        state_dict : mapping
            From `state_dict`; tensors or arrays by path.
        strict : bool, default True
            Refuse missing and unexpected names. Sizes must fit in any case.
        assign : bool, default False
            Put the tensors themselves in the place of the module's own, with their dtype.

        Returns
        -------
        IncompatibleKeys
            ``missing_keys`` and ``unexpected_keys``.

        Raises
        ------
        RuntimeError
            If the state does not fit; every missing and unexpected name and every wrong size is
            listed. What fits has been copied then.
        TypeError
            If `state_dict` is not a mapping.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"{type(self).__name__}.load_state_dict: state_dict must be a mapping; got {type(state_dict).__name__}"
            )
        state: Any = OrderedDict(state_dict)
        loading = _Loading(state, getattr(state_dict, "_metadata", None) or {}, strict, assign)
        loading.load(self, "")
        problems = list(loading.errors)
        if strict:
            for title, keys in (("Unexpected", loading.unexpected), ("Missing", loading.missing)):
                if keys:
                    problems.insert(0, f"{title} key(s) in state_dict: " + ", ".join(f'"{key}"' for key in keys))
        if problems:
            raise RuntimeError(f"{type(self).__name__}.load_state_dict: the state does not fit: " + "; ".join(problems))
        return IncompatibleKeys(loading.missing, loading.unexpected)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Copy this module's own part of a state, without that of the modules below."""
        for hook in self.__dict__["_load_state_dict_pre_hooks"]:
            hook.function(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        own = self._persistent()
        for name, value in own.items():
            key = prefix + name
            if key in state_dict:
                self._take(name, key, value, state_dict[key], local_metadata, error_msgs)
            else:
                missing_keys.append(key)
        key = prefix + _EXTRA
        if self._has_extra_state():
            if key in state_dict:
                self.set_extra_state(state_dict[key])
            else:
                missing_keys.append(key)
        known = {*own, *self._modules, *([_EXTRA] if self._has_extra_state() else [])}
        for key in state_dict:
            name, _, rest = key.removeprefix(prefix).partition(".")
            if key.startswith(prefix) and (name not in known or (rest and name in own)):
                unexpected_keys.append(key)

    def _take(self, name: str, key: str, own: Tensor, given: Any, metadata: dict[str, Any], errors: list[str]) -> None:
        """Copy one tensor of a state over the module's own, or say why not."""
        try:
            tensor = given if isinstance(given, Tensor) else as_tensor(given)
        except (TypeError, ValueError):
            errors.append(f"{key} must be a tensor, got {type(given).__name__}")
            return
        if tuple(tensor.shape) != tuple(own.shape):
            errors.append(
                f"size mismatch for {key}: copying a param with shape {tuple(tensor.shape)} from the state_dict, "
                f"the shape in the model is {tuple(own.shape)}"
            )
            return
        if not metadata.get("assign_to_params_buffers", False):
            np.copyto(own._data, tensor._data, casting="unsafe")
            own._bump()
        elif isinstance(own, Parameter):
            self._parameters[name] = tensor if isinstance(tensor, Parameter) else Parameter(tensor, own.requires_grad)
        else:
            self._buffers[name] = tensor


class _Loading:
    """One state dict on its way into a tree of modules."""

    def __init__(self, state: dict[str, Any], metadata: Mapping[str, Any], strict: bool, assign: bool) -> None:
        self.state, self.metadata, self.strict, self.assign = state, metadata, strict, assign
        self.missing: list[str] = []
        self.unexpected: list[str] = []
        self.errors: list[str] = []

    def load(self, module: Any, prefix: str) -> None:
        local = {**self.metadata.get(prefix[:-1], {}), "assign_to_params_buffers": self.assign}
        module._load_from_state_dict(self.state, prefix, local, True, self.missing, self.unexpected, self.errors)
        for name, child in module._modules.items():
            if child is not None:
                self.load(child, f"{prefix}{name}.")
        keys = IncompatibleKeys(self.missing, self.unexpected)
        for hook in module.__dict__["_load_state_dict_post_hooks"]:
            hook.function(module, keys)
