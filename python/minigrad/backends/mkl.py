"""Switches of a library that is not used; scripts may set them."""

from __future__ import annotations

__all__ = ["is_available"]


def is_available() -> bool:
    """Return False."""
    return False
