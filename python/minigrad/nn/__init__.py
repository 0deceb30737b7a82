"""The framework: tensors, automatic differentiation, layers, optimizers.

Whatever PyTorch keeps at its top level is also found there in `minigrad`.
"""

from __future__ import annotations

import importlib
from typing import Any

from minigrad.nn import _ops, _twins, functional  # noqa: F401 (_twins registers itself)
from minigrad.nn._tensor import Tensor

__all__ = ["Tensor", "functional"]

_FUNCTIONS = _ops.functions


def __getattr__(name: str) -> Any:
    # Layers, initialisers and the rest are imported when first named: an operation needs none of them.
    if name in {"data", "init", "modules", "optim", "utils"}:
        return importlib.import_module(f"minigrad.nn.{name}")
    modules = importlib.import_module("minigrad.nn.modules")
    if name in getattr(modules, "__all__", ()):
        return getattr(modules, name)
    raise AttributeError(f"module 'minigrad.nn' has no attribute {name!r}")
