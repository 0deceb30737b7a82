"""Modules that hold others, or parameters, in a list or by name."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from minigrad.nn._tensor import Tensor
from minigrad.nn.modules._joins import joined_convolution
from minigrad.nn.modules.conv import Conv2d
from minigrad.nn.modules.module import Module, Parameter

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


def _position(owner: object, index: Any, length: int) -> int:
    """Return an index as one from 0 to ``length - 1``."""
    position = operator.index(index)
    if not -length <= position < length:
        raise IndexError(
            f"{type(owner).__name__}: index must be from {-length} to {length - 1}; got {position}"
            if length
            else f"{type(owner).__name__}: has no element; got index {position}"
        )
    return position % length


class _Listed(Module):
    """Modules under the names "0", "1", ... in order."""

    def _items(self) -> list[Module]:
        return list(self._modules.values())

    def _renumber(self, items: Iterable[Any]) -> None:
        """Hold `items`, and nothing else, under new numbers."""
        items = list(items)
        self._modules.clear()
        for i, item in enumerate(items):
            self.add_module(str(i), item)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __contains__(self, module: object) -> bool:
        return any(item is module for item in self._modules.values())

    def __setitem__(self, index: Any, module: Module) -> None:
        names = list(self._modules)
        setattr(self, names[_position(self, index, len(names))], module)

    def __delitem__(self, index: Any) -> None:
        items = self._items()
        if not isinstance(index, slice):
            index = _position(self, index, len(items))
        del items[index]
        self._renumber(items)

    def insert(self, index: int, module: Module) -> Any:
        """Put a module before the one at an index.

        Parameters
        ----------
        index : int
        module : Module

        Returns
        -------
        Module
            Itself.

        Raises
        ------
        TypeError
            If it is not a module.
        """
        items: list[Any] = self._items()
        items.insert(index, _checked(self, module))
        self._renumber(items)
        return self

    def append(self, module: Module) -> Self:
        """Add a module at the end.

        Parameters
        ----------
        module : Module

        Returns
        -------
        Module
            Itself.

        Raises
        ------
        TypeError
            If it is not a module.
        """
        self.add_module(str(len(self)), _checked(self, module))
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end.

        Parameters
        ----------
        modules : iterable of Module

        Returns
        -------
        Module
            Itself.

        Raises
        ------
        TypeError
            If one is not a module, or `modules` cannot be iterated over.
        """
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, index: int = -1) -> Module:
        """Take a module out.

        Parameters
        ----------
        index : int, default -1

        Returns
        -------
        Module
            The one taken out.

        Raises
        ------
        IndexError
            If there is none at the index.
        """
        items = self._items()
        module = items.pop(_position(self, index, len(items)))
        self._renumber(items)
        return module


def _checked(owner: Module, module: Any) -> Module:
    if not isinstance(module, Module):
        raise TypeError(f"{type(owner).__name__}: an element must be a Module; got {type(module).__name__}")
    return module


class Sequential(_Listed):
    """Modules called one after the other, each on the output of the one before.

    Parameters
    ----------
    *args : Module
        The modules; or one mapping from names to modules.

    Raises
    ------
    TypeError
        If an argument is not a module.

    Examples
    --------
    >>> import minigrad as mg
    >>> net = mg.nn.Sequential(mg.nn.Linear(4, 8), mg.nn.ReLU(), mg.nn.Linear(8, 2))
    >>> net(mg.zeros(3, 4)).shape
    (3, 2)

    Notes
    -----
    A `Conv2d` of 3 x 3, a `ReLU` and a ``MaxPool2d(2)`` in a row, without hooks, are computed in one pass
    where that pays; the values between them are then never in memory.
    """

    def __init__(self, *args: Any) -> None:
        single = args[0] if len(args) == 1 else None
        named = single if isinstance(single, Mapping) else {str(i): module for i, module in enumerate(args)}
        for name, module in named.items():
            self.add_module(name, _checked(self, module))

    def forward(self, input: Any) -> Any:
        """Call the modules in turn.

        Parameters
        ----------
        input : object
            For the first.

        Returns
        -------
        object
            Of the last; `input` if there is none.
        """
        for module in self._modules.values():
            if type(module) is Conv2d:
                return self._with_joins(input, module)
            input = module(input)
        return input

    def _with_joins(self, input: Any, first: Any) -> Any:
        """Call the modules in turn from `first` on, and those that can be one as one."""
        modules = list(self._modules.values())
        at = modules.index(first)
        while at < len(modules):
            joined = joined_convolution(modules[at : at + 3], input) if type(modules[at]) is Conv2d else None
            input = modules[at](input) if joined is None else joined
            at += 1 if joined is None else 3
        return input

    def __getitem__(self, index: Any) -> Any:
        named = list(self._modules.items())
        if isinstance(index, slice):
            return type(self)(dict(named[index]))
        return named[_position(self, index, len(named))][1]

    def __delitem__(self, index: Any) -> None:
        names = list(self._modules)
        for name in names[index] if isinstance(index, slice) else [names[_position(self, index, len(names))]]:
            del self._modules[name]
        if all(name.isdigit() for name in names):
            self._renumber(self._items())

    def __add__(self, other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            return NotImplemented
        return Sequential(*self, *other)

    def __iadd__(self, other: Any) -> Self:
        if not isinstance(other, Sequential):
            return NotImplemented
        return self.extend(other)

    def __mul__(self, count: int) -> Sequential:
        return Sequential(*(self._items() * operator.index(count)))

    __rmul__ = __mul__


class ModuleList(_Listed):
    """List of modules, all registered. It is not called: its owner decides how they are used.

    Parameters
    ----------
    modules : iterable of Module, optional

    Raises
    ------
    TypeError
        If an element is not a module.

    Examples
    --------
    >>> import minigrad as mg
    >>> layers = mg.nn.ModuleList([mg.nn.Identity() for _ in range(3)])
    >>> len(layers), len(layers[1:])
    (3, 2)
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        self.extend(modules or ())

    def __getitem__(self, index: Any) -> Any:
        items = self._items()
        if isinstance(index, slice):
            return type(self)(items[index])
        return items[_position(self, index, len(items))]

    def __repr__(self) -> str:
        """Describe equal neighbours once, as in ``(0-11): 12 x Block(``."""
        lines, first = [], 0
        for text, group in itertools.groupby(repr(module) for module in self):
            count = len(list(group))
            title = f"({first}): " if count == 1 else f"({first}-{first + count - 1}): {count} x "
            lines.append((title + text).replace("\n", "\n  "))
            first += count
        body = "".join(f"\n  {line}" for line in lines)
        return f"{self._get_name()}({body}\n)" if body else f"{self._get_name()}()"

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> Self:
        return self.extend(other)

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at an index.

        Parameters
        ----------
        index : int
        module : Module

        Raises
        ------
        TypeError
            If it is not a module.
        """
        super().insert(index, module)


class ModuleDict(Module):
    """Modules by name, all registered, in the order in which they were added.

    Parameters
    ----------
    modules : mapping or iterable of pairs, optional

    Raises
    ------
    TypeError
        If a value is not a module.

    Examples
    --------
    >>> import minigrad as mg
    >>> heads = mg.nn.ModuleDict({"class": mg.nn.Identity()})
    >>> "class" in heads, list(heads.keys())
    (True, ['class'])
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        self.update(modules or ())

    def __getitem__(self, key: str) -> Module:
        module: Module = self._modules[key]
        return module

    def __setitem__(self, key: str, module: Module) -> None:
        # Keys such as "keys" or "training" are attributes already; they are kept out of the way of these.
        if key not in self._modules and hasattr(self, key):
            raise KeyError(f"ModuleDict: key must not be an attribute of the class; got {key!r}")
        if key in self._modules:
            self._modules[key] = _checked(self, module)
        else:
            self.add_module(key, _checked(self, module))

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def keys(self) -> Any:
        """Return the names."""
        return self._modules.keys()

    def values(self) -> Any:
        """Return the modules."""
        return self._modules.values()

    def items(self) -> Any:
        """Return the pairs of name and module."""
        return self._modules.items()

    def clear(self) -> None:
        """Take all modules out."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Take a module out.

        Parameters
        ----------
        key : str

        Returns
        -------
        Module
            The one taken out.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        module: Module = self._modules.pop(key)
        return module

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add modules, replacing those of the same names.

        Parameters
        ----------
        modules : mapping or iterable of pairs

        Raises
        ------
        TypeError
            If it is neither, or a value is not a module.
        """
        for key, module in dict(modules).items():
            self[key] = module


def _as_parameter(value: Any) -> Any:
    """Return a tensor as a parameter; anything else as it is."""
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _describe(key: str, value: Any) -> str:
    if isinstance(value, Tensor):
        kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
        return f"({key}): {kind} containing: [{value.dtype} of size {'x'.join(map(str, value.shape))}]"
    return f"({key}): Object of type: {type(value).__name__}"


class ParameterList(Module):
    """List of parameters, all registered. A tensor that is put in becomes a parameter.

    Parameters
    ----------
    values : iterable, optional
        Parameters, tensors, or other objects, which are kept as they are.

    Examples
    --------
    >>> import minigrad as mg
    >>> weights = mg.nn.ParameterList([mg.zeros(2), mg.ones(3)])
    >>> len(list(weights.parameters()))
    2
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        self._size = 0
        self.extend(values or ())

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, str(i)) for i in range(self._size))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(getattr(self, str(i)) for i in range(*index.indices(self._size)))
        return getattr(self, str(_position(self, index, self._size)))

    def __setitem__(self, index: Any, value: Any) -> None:
        setattr(self, str(_position(self, index, self._size)), _as_parameter(value))

    def append(self, value: Any) -> Self:
        """Add a value at the end.

        Parameters
        ----------
        value : object

        Returns
        -------
        ParameterList
            Itself.
        """
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add values at the end.

        Parameters
        ----------
        values : iterable

        Returns
        -------
        ParameterList
            Itself.

        Raises
        ------
        TypeError
            If `values` cannot be iterated over, or is one tensor.
        """
        if isinstance(values, Tensor):
            raise TypeError("ParameterList.extend: values must be several; got one Tensor")
        for value in list(values):
            self.append(value)
        return self

    __iadd__ = extend

    def extra_repr(self) -> str:
        """Return a line per element."""
        return "\n".join(_describe(str(i), value) for i, value in enumerate(self))

    def __repr__(self) -> str:
        return "ParameterList(" + "".join(f"\n    {line}" for line in self.extra_repr().split("\n") if line) + "\n)"


class ParameterDict(Module):
    """Parameters by name, all registered. A tensor that is put in becomes a parameter.

    Parameters
    ----------
    parameters : mapping or iterable of pairs, optional
        Parameters, tensors, or other objects, which are kept as they are.

    Examples
    --------
    >>> import minigrad as mg
    >>> weights = mg.nn.ParameterDict({"left": mg.zeros(2)})
    >>> [name for name, _ in weights.named_parameters()]
    ['left']
    """

    def __init__(self, parameters: Any = None) -> None:
        self._keys: dict[str, None] = {}
        self.update(parameters or {})

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"ParameterDict: key must be a string; got {key!r}")
        if key not in self._keys and hasattr(self, key):
            raise KeyError(f"ParameterDict: key must not be an attribute of the class; got {key!r}")
        setattr(self, key, _as_parameter(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        if key not in self._keys:
            raise KeyError(key)
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def keys(self) -> Any:
        """Return the names."""
        return self._keys.keys()

    def values(self) -> Iterable[Any]:
        """Return the values."""
        return (self[key] for key in self._keys)

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return the pairs of name and value."""
        return ((key, self[key]) for key in self._keys)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or a default.

        Parameters
        ----------
        key : str
        default : object, optional

        Returns
        -------
        object
        """
        return self[key] if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return a value, which becomes `default` if there is none yet.

        Parameters
        ----------
        key : str
        default : object, optional

        Returns
        -------
        object
        """
        if key not in self._keys:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Take a value out.

        Parameters
        ----------
        key : str

        Returns
        -------
        object
            The one taken out.
        """
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take out the pair that was added last, and return it."""
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def clear(self) -> None:
        """Take all values out."""
        for key in list(self._keys):
            del self[key]

    def copy(self) -> ParameterDict:
        """Return a dict of the same parameters."""
        return ParameterDict(self.items())

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Return a dict with one value for all keys.

        Parameters
        ----------
        keys : iterable of str
        default : object, optional

        Returns
        -------
        ParameterDict
        """
        return ParameterDict((key, default) for key in keys)

    def update(self, parameters: Any) -> None:
        """Add values, replacing those of the same names.

        Parameters
        ----------
        parameters : mapping or iterable of pairs
        """
        items = parameters.items() if hasattr(parameters, "items") else parameters
        for key, value in list(items):
            self[key] = value

    def extra_repr(self) -> str:
        """Return a line per value."""
        return "\n".join(_describe(key, value) for key, value in self.items())

    def __repr__(self) -> str:
        return "ParameterDict(" + "".join(f"\n    {line}" for line in self.extra_repr().split("\n") if line) + "\n)"

    def __or__(self, other: Any) -> ParameterDict:
        return ParameterDict({**dict(self.items()), **dict(other.items())})

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self
