"""Operations by family; every public one is also ``minigrad.NAME``."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from minigrad.nn._spellings import with_numpy_spellings
from minigrad.nn._tensor import Tensor

__all__ = ["functions"]


def _gather() -> dict[str, Any]:
    """Import every family of this folder and return its public functions by name."""
    found: dict[str, Any] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        family = importlib.import_module(f"{__name__}.{module}")
        for name in family.__all__:
            found[name] = with_numpy_spellings(getattr(family, name))
            form = vars(Tensor).get(name)
            if callable(form):
                setattr(Tensor, name, with_numpy_spellings(form))
    return found


functions = _gather()
"""Every public operation by name."""
