"""Tools around the framework, under PyTorch's names: `data` and `checkpoint`."""

from __future__ import annotations

from minigrad.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
