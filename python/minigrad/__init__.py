"""minigrad: machine learning from first principles, real enough to use.

The rooms of the house, each a subpackage: `linalg`, `random`, `image`, `learn`, `nn`,
`datasets`; pictures and windows are in `ui`, the programs in `projects`. The framework of
`nn` is also here under PyTorch's names: ``import minigrad as mg``, then ``mg.tensor``,
``mg.Module``, ``mg.relu``, ``mg.Adam``.
"""

from __future__ import annotations

import importlib
from typing import Any

from minigrad._check import ConvergenceWarning, DataError
from minigrad._native import config, get_num_threads, set_num_threads

__version__: str = config()["version"]

__all__ = [
    "ConvergenceWarning",
    "DataError",
    "__version__",
    "config",
    "datasets",
    "get_num_threads",
    "image",
    "learn",
    "linalg",
    "random",
    "set_num_threads",
]

_LAZY = frozenset(
    {
        *("accelerator", "amp", "autograd", "backends", "cuda", "data", "datasets", "distributed", "image", "learn"),
        *("linalg", "nn", "optim", "random", "storage", "utils", "vision"),
    }
)

# Names at the top whose homes are neither operations nor layers.
_ELSEWHERE = {
    "autocast": "amp",
    "check": "nn._check",
    "compile": "nn._compile",
    "device": "nn._device",
    "load": "storage",
    "profile": "nn._profile",
    "save": "storage",
    "set_float32_matmul_precision": "nn._compile",
    "use_deterministic_algorithms": "nn._compile",
}


def __getattr__(name: str) -> Any:
    # A room is imported when it is first named, so that `import minigrad` stays quick.
    if name in _LAZY:
        return importlib.import_module(f"minigrad.{name}")
    if name in _ELSEWHERE:
        globals()[name] = getattr(importlib.import_module(f"minigrad.{_ELSEWHERE[name]}"), name)
        return globals()[name]
    if name == "viz":
        return importlib.import_module("minigrad.projects.backprop_viz").viz
    if not name.startswith("__"):
        names = importlib.import_module("minigrad.nn._names").names
        if name in names:
            globals()[name] = names[name]
            return names[name]
    raise AttributeError(f"module 'minigrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_LAZY, *_ELSEWHERE, *importlib.import_module("minigrad.nn._names").names})
