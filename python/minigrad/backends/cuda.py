"""Switches of a library that is not used; scripts may set them."""

from __future__ import annotations

__all__ = ["is_available"]


class matmul:  # noqa: N801 (a group of switches)
    """Switches of matrix products."""

    allow_tf32 = False


def is_available() -> bool:
    """Return False."""
    return False
