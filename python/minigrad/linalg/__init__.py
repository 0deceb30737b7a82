"""Vectors, matrices, factorisations, eigenvectors, maps of the plane.

Where an argument is a tensor of the framework, a function hands over to its differentiable
twin, which has PyTorch's parameters and takes batches.
"""

from __future__ import annotations

from typing import Any

from minigrad._native import twin
from minigrad.linalg._covariance import CovarianceSubspaceResult, covariance_subspace
from minigrad.linalg._derived import (
    SlogdetResult,
    SVDResult,
    cond,
    det,
    inv,
    matrix_rank,
    norm,
    pinv,
    slogdet,
    svd,
    svdvals,
)
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
from minigrad.linalg._polygon import (
    ContactResult,
    WindingResult,
    contact,
    orientation,
    point_in_polygon,
    touching,
    winding_number,
)
from minigrad.linalg._products import covariance, matmul
from minigrad.linalg._transform import (
    EigenDirections,
    Transform2D,
    TransformFactors,
    TransformPolar,
    interpolate_transforms,
    transform_groups,
    transform_matrices,
)

__all__ = [
    "ContactResult",
    "CovarianceSubspaceResult",
    "EigenDirections",
    "EighResult",
    "LstsqResult",
    "PowerIterationResult",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
    "SubspaceIterationResult",
    "Transform2D",
    "TransformFactors",
    "TransformPolar",
    "WindingResult",
    "cholesky",
    "cond",
    "contact",
    "covariance",
    "covariance_subspace",
    "det",
    "eigh",
    "interpolate_transforms",
    "inv",
    "lstsq",
    "matmul",
    "matrix_rank",
    "norm",
    "orientation",
    "pinv",
    "point_in_polygon",
    "power_iteration",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "subspace_iteration",
    "svd",
    "svdvals",
    "touching",
    "transform_groups",
    "transform_matrices",
    "winding_number",
]


def __getattr__(name: str) -> Any:
    # Functions that only tensors have: matrix_norm, vector_norm, matrix_power ...
    found = twin(name)
    if found is None:
        raise AttributeError(f"module 'minigrad.linalg' has no attribute {name!r}")
    return found
