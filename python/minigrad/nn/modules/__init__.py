"""The layers: a file per family, all of them importable from here and from `minigrad.nn`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any


def _gather() -> dict[str, Any]:
    """Import every family of this folder and return its public classes by name."""
    found: dict[str, Any] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        if not module.startswith("_"):
            family = importlib.import_module(f"{__name__}.{module}")
            found |= {name: getattr(family, name) for name in family.__all__}
    return found


_classes = _gather()
globals().update(_classes)
__all__ = sorted(_classes)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
