"""Vectors, matrices, factorisations, eigenvectors."""

from minigrad.linalg._covariance import CovarianceSubspaceResult, covariance_subspace
from minigrad.linalg._eigen import (
    EighResult,
    PowerIterationResult,
    SubspaceIterationResult,
    eigh,
    power_iteration,
    subspace_iteration,
)
from minigrad.linalg._factor import (
    LstsqResult,
    QRResult,
    cholesky,
    lstsq,
    qr,
    solve,
    solve_triangular,
)
from minigrad.linalg._products import covariance, matmul

__all__ = [
    "CovarianceSubspaceResult",
    "EighResult",
    "LstsqResult",
    "PowerIterationResult",
    "QRResult",
    "SubspaceIterationResult",
    "cholesky",
    "covariance",
    "covariance_subspace",
    "eigh",
    "lstsq",
    "matmul",
    "power_iteration",
    "qr",
    "solve",
    "solve_triangular",
    "subspace_iteration",
]
