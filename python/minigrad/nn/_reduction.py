"""What a loss does with the values of its elements: keep them, add them, or take their mean."""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.nn._tensor import Tensor

__all__ = ["reduced", "reduction_of"]


def reduction_of(
    owner: str,
    size_average: Any,
    reduce: Any,
    reduction: str,
    allowed: tuple[str, ...] = ("none", "mean", "sum"),
) -> str:
    """Return the reduction that the arguments ask for, the deprecated pair `size_average`, `reduce` included.

    Raises
    ------
    ValueError
        If `reduction` is not one of `allowed`.
    """
    if size_average is not None or reduce is not None:
        warnings.warn(f"{owner}: size_average and reduce are deprecated; give reduction", UserWarning, stacklevel=3)
        if reduce is False:
            return "none"
        return "sum" if size_average is False else "mean"
    if reduction not in allowed:
        raise ValueError(
            f"{owner}: {reduction!r} is not a valid value for reduction; must be one of {', '.join(allowed)}"
        )
    return reduction


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """Return the elements of `loss`, their sum or their mean."""
    if reduction == "none":
        return loss
    out: Tensor = loss.sum() if reduction == "sum" else loss.mean()
    return out
