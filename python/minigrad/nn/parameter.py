"""What a module owns: parameters, which are trained, and buffers, which are only kept."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from minigrad.nn._dtype import get_default_dtype
from minigrad.nn._errors import DtypeError, portrait
from minigrad.nn._tensor import Tensor, as_tensor

__all__ = ["Buffer", "Parameter"]


def _wrap(kind: type[Any], data: Any, requires_grad: bool) -> Any:
    """Return a tensor of a subclass over the memory of `data`."""
    self = Tensor.__new__(kind)
    if data is None:
        self._data = np.empty(0, get_default_dtype().numpy)
    else:
        source = as_tensor(data)
        if requires_grad and source._data.dtype.kind != "f":
            raise DtypeError(f"{kind.__name__}: data must be floating point to have gradients; got {portrait(source)}")
        self._data = source._data
        self._cell = source._shared_cell()
        self._where = source._where
    self._requires = bool(requires_grad)
    return self


def _restored(kind: type[Any], data: np.ndarray, option: bool) -> Any:
    return kind(data, option)


class Parameter(Tensor):
    """Tensor that a module registers as trainable when it is assigned to an attribute.

    Parameters
    ----------
    data : Tensor, optional
        The values, which the parameter shares; without it, no element.
    requires_grad : bool, default True
        Whether gradients are accumulated in ``grad``.

    Raises
    ------
    DtypeError
        If gradients are asked of values that are not floating point.

    Examples
    --------
    >>> import minigrad as mg
    >>> layer = mg.nn.Module()
    >>> layer.scale = mg.nn.Parameter(mg.ones(2))
    >>> [name for name, _ in layer.named_parameters()]
    ['scale']
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Self:
        """Return the parameter over the memory of `data`."""
        made: Self = _wrap(cls, data, requires_grad)
        return made

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        # All is done in __new__; Tensor's own constructor must not run a second time.
        pass

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # A copy of a model begins without gradients, as in PyTorch.
        copy = memo[id(self)] = type(self)(self._data.copy(), self.requires_grad)
        return copy

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _restored, (type(self), self._data, self.requires_grad)


class Buffer(Tensor):
    """Tensor that a module registers as a buffer when it is assigned to an attribute.

    Parameters
    ----------
    data : Tensor, optional
        The values, which the buffer shares; without it, no element.
    persistent : bool, default True
        Whether it is part of the module's state dict.
    """

    persistent: bool

    def __new__(cls, data: Any = None, persistent: bool = True) -> Self:
        """Return the buffer over the memory of `data`."""
        buffer: Self = _wrap(cls, data, False)
        buffer.persistent = persistent
        return buffer

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copy = memo[id(self)] = type(self)(self._data.copy(), self.persistent)
        return copy

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _restored, (type(self), self._data, self.persistent)

    def __init__(self, data: Any = None, persistent: bool = True) -> None:
        pass
