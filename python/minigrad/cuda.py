"""GPUs, as far as scripts ask for them: there are none."""

from __future__ import annotations

from typing import Any

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "is_available",
    "is_bf16_supported",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "memory_allocated",
    "synchronize",
]


def is_available() -> bool:
    """Return False: everything runs on the CPU."""
    return False


def is_bf16_supported() -> bool:
    """Return False."""
    return False


def device_count() -> int:
    """Return 0."""
    return 0


def current_device() -> int:
    """Refuse: there is no device.

    Returns
    -------
    int

    Raises
    ------
    RuntimeError
        Always.
    """
    raise RuntimeError("cuda.current_device: there is no GPU; ask cuda.is_available() first")


def manual_seed(seed: int) -> None:
    """Do nothing: there is no GPU whose numbers could be seeded.

    Parameters
    ----------
    seed : int
    """


manual_seed_all = manual_seed


def synchronize(device: Any = None) -> None:
    """Do nothing: every operation is finished when it returns.

    Parameters
    ----------
    device : object, optional
    """


def empty_cache() -> None:
    """Do nothing."""


def memory_allocated(device: Any = None) -> int:
    """Return 0.

    Parameters
    ----------
    device : object, optional
    """
    return 0


max_memory_allocated = memory_allocated
