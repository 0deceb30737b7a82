"""Switches that PyTorch scripts turn and that have nothing to do here."""

from __future__ import annotations

from typing import Any

__all__ = ["compile", "set_float32_matmul_precision", "use_deterministic_algorithms"]


def compile(model: Any = None, **options: Any) -> Any:
    """Return the model, or a decorator that returns what it decorates: what can be fused is fused already.

    Parameters
    ----------
    model : object, optional
    **options
        Ignored.

    Returns
    -------
    object
    """
    return model if model is not None else lambda decorated: decorated


def set_float32_matmul_precision(precision: str) -> None:
    """Accept a precision: float32 products are always of full precision.

    Parameters
    ----------
    precision : {"highest", "high", "medium"}

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if precision not in ("highest", "high", "medium"):
        raise ValueError(f"set_float32_matmul_precision: precision must be highest, high or medium; got {precision!r}")


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Do nothing: results have the same bits in every run and for any number of threads.

    Parameters
    ----------
    mode : bool
    warn_only : bool
    """
