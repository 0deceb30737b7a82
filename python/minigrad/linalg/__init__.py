"""Vectors, matrices, factorisations, eigenvectors."""

from minigrad.linalg._eigen import (
    EighResult,
    PowerIterationResult,
    SubspaceIterationResult,
    eigh,
    power_iteration,
    subspace_iteration,
)

__all__ = [
    "EighResult",
    "PowerIterationResult",
    "SubspaceIterationResult",
    "eigh",
    "power_iteration",
    "subspace_iteration",
]
