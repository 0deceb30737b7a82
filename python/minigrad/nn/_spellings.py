"""NumPy's spellings of arguments, which PyTorch takes beside its own: `axis` for `dim`, `keepdims` for `keepdim`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = ["with_numpy_spellings"]

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
        return function(*args, **kwargs)

    return form
