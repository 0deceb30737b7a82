"""Checkpointing under PyTorch's name; it lives in `minigrad.nn`."""

from __future__ import annotations

from minigrad.nn._checkpoint import checkpoint, checkpoint_sequential

__all__ = ["checkpoint", "checkpoint_sequential"]
