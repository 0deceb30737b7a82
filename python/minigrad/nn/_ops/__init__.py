"""Operations by family; every public one is also ``minigrad.NAME``."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

__all__ = ["functions"]


def _gather() -> dict[str, Any]:
    """Import every family of this folder and return its public functions by name."""
    found: dict[str, Any] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        family = importlib.import_module(f"{__name__}.{module}")
        for name in family.__all__:
            found[name] = getattr(family, name)
    return found


functions = _gather()
"""Every public operation by name."""
