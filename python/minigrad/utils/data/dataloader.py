"""The loader, where older scripts import it from."""

from __future__ import annotations

from minigrad.nn.data import DataLoader, default_collate

__all__ = ["DataLoader", "default_collate"]
