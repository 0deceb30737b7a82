"""What free functions do with arguments on their way in.

NumPy's spellings, which PyTorch takes beside its own, become its own: `axis` is `dim`,
`keepdims` is `keepdim`. Where something that is no tensor was given for one, and the
operation stumbled over it, the message says which argument it was.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from minigrad.nn._tensor import Tensor

__all__ = ["with_numpy_spellings", "with_operand_errors"]

_SPELLINGS = {"axis": "dim", "keepdims": "keepdim"}


def with_numpy_spellings(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes the other spellings too; the function itself if there are none to take."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return function
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    known = {other: own for other, own in _SPELLINGS.items() if own in names and other not in names}
    if "keepdims" not in known:
        return function

    @wraps(function)
    def form(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not known.keys().isdisjoint(kwargs):
            kwargs = {known.get(name, name): value for name, value in kwargs.items()}
        try:
            return function(*args, **kwargs)
        except AttributeError:
            _refuse_others(function, args, kwargs)
            raise

    return form


def with_operand_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that names the argument which should have been a tensor."""

    @wraps(function)
    def form(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except AttributeError:
            _refuse_others(function, args, kwargs)
            raise

    return form


def _refuse_others(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise TypeError if an argument that is described as a tensor is none."""
    signature = inspect.signature(function)
    for name, value in signature.bind(*args, **kwargs).arguments.items():
        parameter = signature.parameters[name]
        several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        if parameter.annotation not in ("Tensor", Tensor) and not (several and parameter.annotation == "Any"):
            continue
        for item in value if several else (value,):
            if not isinstance(item, (Tensor, tuple, list) if several else Tensor):
                raise TypeError(f"{function.__name__}: {name} must be a Tensor; got {type(item).__name__}") from None
