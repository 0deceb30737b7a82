"""Operations as functions, under the name that PyTorch users import as ``F``."""

from __future__ import annotations

from typing import Any

from minigrad.nn._ops import functions as _functions
from minigrad.nn._ops import resample

functions = _functions | {"unfold": resample.unfold}
"""Of this name there is also a method of Tensor, which is another operation."""

__all__ = sorted(functions)


def __getattr__(name: str) -> Any:
    try:
        return functions[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return list(__all__)
