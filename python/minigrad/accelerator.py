"""Accelerators, as far as scripts ask for them: there are none."""

from __future__ import annotations

__all__ = ["current_accelerator", "device_count", "is_available"]


def is_available() -> bool:
    """Return False: everything runs on the CPU."""
    return False


def device_count() -> int:
    """Return 0."""
    return 0


def current_accelerator() -> None:
    """Return None."""
    return
