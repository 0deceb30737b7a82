"""The part of a module that knows its members: registration by assignment, and walks over the tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Self

from minigrad.nn._tensor import Tensor
from minigrad.nn.parameter import Buffer, Parameter

__all__ = ["Members", "Registry"]


class Registry(dict[str, Any]):
    """Members of one kind by name, each of which is also an attribute of the module.

    Python then finds ``layer.weight`` where it finds any attribute, several times faster than
    through ``__getattr__``. `attributes` is the module's ``__dict__``.
    """

    __slots__ = ("_attributes",)

    def __init__(self, attributes: dict[str, Any]) -> None:
        super().__init__()
        self._attributes = attributes

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._attributes[name] = value

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._attributes.pop(name, None)

    def pop(self, name: str, *default: Any) -> Any:
        if name in self:
            self._attributes.pop(name, None)
        return super().pop(name, *default)

    def popitem(self) -> tuple[str, Any]:
        name, value = super().popitem()
        self._attributes.pop(name, None)
        return name, value

    def clear(self) -> None:
        for name in list(self):
            del self[name]

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, *others: Any, **named: Any) -> None:
        for name, value in dict(*others, **named).items():
            self[name] = value

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        # A copy belongs to another module, which builds a registry of its own from this.
        return dict, (dict(self),)


REGISTRIES = ("_parameters", "_buffers", "_modules")
_KINDS = {"_parameters": "parameter", "_buffers": "buffer", "_modules": "module"}


def _unique(members: Iterable[tuple[str, Any]], remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
    """Yield the members that are not None, and each object once if duplicates are to be removed."""
    seen = set()
    for name, value in members:
        if value is None or (remove_duplicate and id(value) in seen):
            continue
        seen.add(id(value))
        yield name, value


class Members:
    """Registers parameters, buffers and modules, and walks over them."""

    _parameters: Registry
    _buffers: Registry
    _modules: Registry
    _non_persistent_buffers_set: set[str]

    def _check_name(self, name: Any, kind: str) -> None:
        owner = f"{type(self).__name__}.register_{kind}"
        if not isinstance(name, str):
            raise TypeError(f"{owner}: name must be a string; got {name!r}")
        if not name or "." in name:
            raise KeyError(f"{owner}: name must be non-empty, without a dot; got {name!r}")
        taken = any(name in getattr(self, registry) for registry in REGISTRIES if _KINDS[registry] != kind)
        if taken or (hasattr(self, name) and name not in getattr(self, f"_{kind}s")):
            raise KeyError(f"{owner}: name must be new; {type(self).__name__} already has the attribute {name!r}")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, which is then the attribute `name`.

        Parameters
        ----------
        name : str
            Without a dot, and not an attribute yet.
        param : Parameter or None
            None declares a parameter that this instance does without.

        Raises
        ------
        KeyError
            If the name is empty, has a dot, or is taken.
        TypeError
            If `name` is not a string or `param` not a parameter.
        ValueError
            If the parameter is a result of recorded operations: only a leaf can be trained.
        """
        self._check_name(name, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"{type(self).__name__}.register_parameter: {name} must be a Parameter or None; "
                f"got {type(param).__name__}"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"{type(self).__name__}.register_parameter: {name} must be a leaf; got the result of {param.grad_fn}"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is kept with the module, but not trained.

        Parameters
        ----------
        name : str
            Without a dot, and not an attribute yet.
        tensor : Tensor or None
        persistent : bool, default True
            Whether it is part of `state_dict`.

        Raises
        ------
        KeyError
            If the name is empty, has a dot, or is taken.
        TypeError
            If `name` is not a string or `tensor` not a tensor.
        """
        self._check_name(name, "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"{type(self).__name__}.register_buffer: {name} must be a Tensor or None; got {type(tensor).__name__}"
            )
        self._buffers[name] = tensor
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Any) -> None:
        """Add a module, which is then the attribute `name`.

        Parameters
        ----------
        name : str
            Without a dot, and not an attribute yet.
        module : Module or None

        Raises
        ------
        KeyError
            If the name is empty, has a dot, or is taken.
        TypeError
            If `name` is not a string or `module` not a module.
        """
        if module is not None and not isinstance(module, Members):
            raise TypeError(
                f"{type(self).__name__}.register_module: {name} must be a Module or None; got {type(module).__name__}"
            )
        self._check_name(name, "module")
        self._modules[name] = module

    register_module = add_module

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = self.__dict__
        if isinstance(value, Parameter):
            self._drop(name, "_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Members):
            self._drop(name, "_modules")
            self._modules[name] = value
        elif isinstance(value, Buffer):
            self._drop(name, "_buffers")
            self.register_buffer(name, value, value.persistent)
        elif name in attributes["_parameters"]:
            self._replace("_parameters", name, value, Parameter)
        elif name in attributes["_modules"]:
            self._replace("_modules", name, value, Members)
        elif name in attributes["_buffers"]:
            self._replace("_buffers", name, value, Tensor)
        else:
            object.__setattr__(self, name, value)

    def _drop(self, name: str, kept: str) -> None:
        """Forget the attribute `name`, unless it is in the registry `kept`, where it will be replaced."""
        if name in self.__dict__ and name not in self.__dict__[kept]:
            del self.__dict__[name]
        for registry in REGISTRIES:
            if registry != kept:
                self.__dict__[registry].pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _replace(self, registry: str, name: str, value: Any, kind: type) -> None:
        """Put another buffer, or None, in a registered member's place."""
        # Parameters and modules never come here as such: __setattr__ has registered them.
        if value is not None and not isinstance(value, kind):
            wanted = "Module" if kind is Members else kind.__name__
            raise TypeError(
                f"{type(self).__name__}: the {_KINDS[registry]} {name} must be a {wanted} or None; "
                f"got {type(value).__name__}"
            )
        self.__dict__[registry][name] = value

    def __delattr__(self, name: str) -> None:
        for registry in REGISTRIES:
            if name in self.__dict__[registry]:
                del self.__dict__[registry][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted(name for name in {*dir(type(self)), *self.__dict__} if not name[:1].isdigit())

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Yield this module and all below it, in the order of registration, parents first.

        Parameters
        ----------
        memo : set, optional
            Modules that were yielded already; what is yielded is added.
        prefix : str, default ""
            Put before every name, with a dot.
        remove_duplicate : bool, default True
            Yield a module that stands in several places once.

        Yields
        ------
        name : str
            The path from this module, ``""`` for itself.
        module : Module
        """
        memo = set() if memo is None else memo
        if remove_duplicate and self in memo:
            return
        memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Any]:
        """Yield this module and all below it.

        Parameters
        ----------
        remove_duplicate : bool, default True

        Yields
        ------
        Module
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """Yield the modules right below this one with their names, each once."""
        return _unique(self._modules.items(), True)

    def children(self) -> Iterator[Any]:
        """Yield the modules right below this one, each once."""
        return (module for _, module in self.named_children())

    def _named_members(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        members = (
            (f"{path}.{name}" if path else name, value)
            for path, module in modules
            for name, value in getattr(module, registry).items()
        )
        return _unique(members, remove_duplicate)

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield the parameters with their names.

        Parameters
        ----------
        prefix : str, default ""
            Put before every name, with a dot.
        recurse : bool, default True
            Include those of the modules below.
        remove_duplicate : bool, default True
            Yield a parameter that stands in several places once.

        Yields
        ------
        name : str
            The path from this module, as in ``"encoder.0.weight"``.
        parameter : Parameter
        """
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, each once.

        Parameters
        ----------
        recurse : bool, default True
            Include those of the modules below.

        Yields
        ------
        Parameter
        """
        return (value for _, value in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield the buffers with their names.

        Parameters
        ----------
        prefix : str, default ""
            Put before every name, with a dot.
        recurse : bool, default True
            Include those of the modules below.
        remove_duplicate : bool, default True
            Yield a buffer that stands in several places once.

        Yields
        ------
        name : str
        buffer : Tensor
        """
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield the buffers, each once.

        Parameters
        ----------
        recurse : bool, default True
            Include those of the modules below.

        Yields
        ------
        Tensor
        """
        return (value for _, value in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Any:
        """Return the module at a path.

        Parameters
        ----------
        target : str
            As in ``"encoder.0"``; ``""`` is this module.

        Returns
        -------
        Module

        Raises
        ------
        AttributeError
            If there is no such module.
        """
        module: Any = self
        for name in target.split(".") if target else ():
            if name not in module._modules or module._modules[name] is None:
                raise AttributeError(f"{type(self).__name__}: has no module {target!r}: {_tell(module)} no {name!r}")
            module = module._modules[name]
        return module

    def set_submodule(self, target: str, module: Any) -> None:
        """Put a module in the place of the one at a path.

        Parameters
        ----------
        target : str
            As in ``"encoder.0"``.
        module : Module

        Raises
        ------
        AttributeError
            If there is nothing at the path.
        TypeError
            If `module` is not a module.
        ValueError
            If `target` is empty.
        """
        if not target:
            raise ValueError(f"{type(self).__name__}.set_submodule: target must name a module below; got ''")
        if not isinstance(module, Members):
            raise TypeError(
                f"{type(self).__name__}.set_submodule: module must be a Module; got {type(module).__name__}"
            )
        self.get_submodule(target)
        parent, _, name = target.rpartition(".")
        self.get_submodule(parent)._modules[name] = module

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at a path.

        Parameters
        ----------
        target : str
            As in ``"encoder.0.weight"``.

        Returns
        -------
        Parameter

        Raises
        ------
        AttributeError
            If there is no such parameter.
        """
        found: Parameter = self._member("_parameters", target)
        return found

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer at a path.

        Parameters
        ----------
        target : str
            As in ``"norm.running_mean"``.

        Returns
        -------
        Tensor

        Raises
        ------
        AttributeError
            If there is no such buffer.
        """
        found: Tensor = self._member("_buffers", target)
        return found

    def _member(self, registry: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if name not in getattr(module, registry):
            raise AttributeError(
                f"{type(self).__name__}: has no {_KINDS[registry]} {target!r}: {_tell(module)} no {name!r}"
            )
        return getattr(module, registry)[name]

    def __getstate__(self) -> dict[str, Any]:
        # The registries bring the members back as attributes, so these are not stored twice.
        mirrored = {name for registry in REGISTRIES for name in self.__dict__[registry]}
        return {name: value for name, value in self.__dict__.items() if name not in mirrored}

    def __setstate__(self, state: dict[str, Any]) -> None:
        registries = {registry: state.get(registry, {}) for registry in REGISTRIES}
        self.__dict__.update((name, value) for name, value in state.items() if name not in REGISTRIES)
        for registry, members in registries.items():
            self.__dict__[registry].update(members)

    def _clear(self) -> Self:
        """Give a new module its empty registries."""
        attributes = self.__dict__
        for registry in REGISTRIES:
            attributes[registry] = Registry(attributes)
        attributes["_non_persistent_buffers_set"] = set()
        return self


def _tell(module: Any) -> str:
    """Say what a module has, for a message."""
    names = [name for registry in REGISTRIES for name in getattr(module, registry)]
    return f"{type(module).__name__} has {', '.join(names) or 'no members'},"
