"""Operations by family; every public one is also ``minigrad.NAME``."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from minigrad.nn._spellings import with_numpy_spellings, with_operand_errors
from minigrad.nn._tensor import Tensor

__all__ = ["functions"]

# Families that look at their operands themselves, and in which a call is to cost nothing more.
_QUICK = frozenset(
    {"activation", "arithmetic", "attention", "binary", "conv", "dropout", "embedding", "entropy", "linear", "loss"}
    | {"matmul", "norm", "pool", "softmax", "unary"}
)
_BARE = frozenset({"bitwise_not", "ger", "heaviside", "inner", "lerp", "neg", "negative", "outer"})
"""What is unguarded among them."""


def _gather() -> dict[str, Any]:
    """Import every family of this folder and return its public functions by name."""
    found: dict[str, Any] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        family = importlib.import_module(f"{__name__}.{module}")
        for name in family.__all__:
            plain = getattr(family, name)
            found[name] = with_numpy_spellings(plain)
            if found[name] is plain and (module not in _QUICK or name in _BARE) and not isinstance(plain, type):
                found[name] = with_operand_errors(plain)
            form = vars(Tensor).get(name)
            if callable(form):
                setattr(Tensor, name, with_numpy_spellings(form))
    return found


functions = _gather()
"""Every public operation by name."""
