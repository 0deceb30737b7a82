"""Factorisations of batches of matrices: arrays of shape (..., m, n), float32 or float64, as they are.

Nothing is validated here but what C reports. Inputs stay unchanged; results are new.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad._native import NULL, check_status, lib, pointer

__all__ = [
    "cholesky_factors",
    "determinants",
    "eigen_systems",
    "least_squares",
    "orthogonal_factors",
    "singular_systems",
    "solutions",
    "triangular_solutions",
]


def _of(name: str, array: np.ndarray) -> Any:
    return getattr(lib, f"mg_{name}_{'f32' if array.dtype == np.float32 else 'f64'}")


def _own(array: np.ndarray) -> np.ndarray:
    """Return a contiguous copy."""
    return np.array(array, order="C")


def _count(array: np.ndarray) -> int:
    return math.prod(array.shape[:-2])


def cholesky_factors(a: np.ndarray, owner: str) -> np.ndarray:
    """Return the lower factors of symmetric matrices, of which only the lower triangle is read."""
    factors = _own(a)
    n = a.shape[-1]
    start, function = pointer(factors, True), _of("cholesky_factor", a)
    for i in range(_count(a) if n else 0):
        check_status(function(n, start + i * n * n, n), owner)
    return factors


def solutions(a: np.ndarray, b: np.ndarray, owner: str) -> np.ndarray:
    """Return the solutions x of ``a x = b`` for square matrices and matrices of right-hand sides, equal batches."""
    x, matrices = _own(b), np.ascontiguousarray(a)
    n, n_rhs = b.shape[-2:]
    left, right, function = pointer(matrices), pointer(x, True), _of("linear_solve", a)
    for i in range(_count(b) if n and n_rhs else 0):
        check_status(function(n, n_rhs, left + i * n * n, n, right + i * n * n_rhs, n_rhs), owner)
    return x


def triangular_solutions(
    t: np.ndarray, b: np.ndarray, upper: bool, transposed: bool, unit: bool, owner: str
) -> np.ndarray:
    """Return the solutions x of ``t x = b`` for triangular matrices, or of ``t' x = b``, equal batches."""
    x, matrices = _own(b), np.ascontiguousarray(t)
    n, n_rhs = b.shape[-2:]
    left, right, function = pointer(matrices), pointer(x, True), _of("triangular_solve", t)
    options = (
        lib.MG_UPPER if upper else lib.MG_LOWER,
        lib.MG_TRANS if transposed else lib.MG_NO_TRANS,
        lib.MG_UNIT if unit else lib.MG_NON_UNIT,
    )
    for i in range(_count(b) if n and n_rhs else 0):
        check_status(function(*options, n, n_rhs, left + i * n * n, n, right + i * n * n_rhs, n_rhs), owner)
    return x


def orthogonal_factors(a: np.ndarray, complete: bool, owner: str) -> tuple[np.ndarray, np.ndarray]:
    """Return Q and R of every matrix: Q with min(m, n) columns, or with m."""
    compact = _own(a)
    m, n = a.shape[-2:]
    k = min(m, n)
    cols = m if complete else k
    tau, q = np.zeros(max(k, 1), a.dtype), np.zeros((*a.shape[:-2], m, cols), a.dtype)
    start, into, taus = pointer(compact, True), pointer(q, True), pointer(tau, True)
    factor, form = _of("qr_factor", a), _of("qr_form", a)
    for i in range(_count(a) if m and cols else 0):
        here = start + i * m * n
        check_status(factor(m, n, here, n, taus), owner)
        check_status(form(m, cols, k, here, n, taus, into + i * m * cols, cols), owner)
    return q, np.triu(compact[..., :cols, :])


def determinants(a: np.ndarray, owner: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the diagonals of R in a QR factorisation of every matrix, and the signs of det Q."""
    compact = _own(a)
    n = a.shape[-1]
    tau, signs = np.zeros(max(n, 1), a.dtype), np.ones(a.shape[:-2], a.dtype)
    flat, start, taus, factor = signs.reshape(-1), pointer(compact, True), pointer(tau, True), _of("qr_factor", a)
    for i in range(_count(a) if n else 0):
        check_status(factor(n, n, start + i * n * n, n, taus), owner)
        # Each reflector has determinant -1; where tau = 0 there was none.
        flat[i] = (-1) ** int(np.count_nonzero(tau))
    return np.diagonal(compact, 0, -2, -1), signs


def eigen_systems(a: np.ndarray, owner: str, vectors: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues, ascending, and eigenvectors of symmetric matrices; the lower triangle is read."""
    matrices = np.ascontiguousarray(a)
    n = a.shape[-1]
    values, made = np.zeros(a.shape[:-1], a.dtype), np.zeros(a.shape if vectors else (*a.shape[:-2], 0, 0), a.dtype)
    start, into, lines = pointer(matrices), pointer(made, True), pointer(values, True)
    function = _of("symmetric_eigen", a)
    for i in range(_count(a) if n else 0):
        check_status(function(n, start + i * n * n, n, lines + i * n, into + i * n * n if vectors else NULL, n), owner)
    return values, made


def singular_systems(a: np.ndarray, owner: str, vectors: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return U, s (descending) and V' of every matrix, with min(m, n) singular values."""
    matrices = np.ascontiguousarray(a)
    m, n = a.shape[-2:]
    k = min(m, n)
    lead = a.shape[:-2]
    u, vt = (np.zeros((*lead, m, k), a.dtype), np.zeros((*lead, k, n), a.dtype)) if vectors else (None, None)
    s = np.zeros((*lead, k), a.dtype)
    start, function, values = pointer(matrices), _of("svd", a), pointer(s, True)
    left, right = (pointer(u, True), pointer(vt, True)) if u is not None and vt is not None else (NULL, NULL)
    for i in range(_count(a) if k else 0):
        to_u, to_v = (left + i * m * k, right + i * k * n) if vectors else (NULL, NULL)
        check_status(function(m, n, start + i * m * n, n, to_u, k, values + i * k, to_v, n), owner)
    empty = np.zeros((*lead, 0, 0), a.dtype)
    return (empty if u is None else u), s, (empty if vt is None else vt)


def least_squares(a: np.ndarray, b: np.ndarray, rcond: float, owner: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the shortest least-squares solutions, their squared residuals, and the ranks, equal batches."""
    matrices, right = np.ascontiguousarray(a), np.ascontiguousarray(b)
    (m, n), n_rhs = a.shape[-2:], b.shape[-1]
    lead = a.shape[:-2]
    x, residuals = np.zeros((*lead, n, n_rhs), a.dtype), np.zeros((*lead, n_rhs), a.dtype)
    ranks = np.zeros(lead, np.uint64)
    starts = (pointer(matrices), pointer(right), pointer(x, True), pointer(residuals, True), pointer(ranks, True))
    function = _of("least_squares", a)
    for i in range(_count(a) if m and n and n_rhs else 0):
        status = function(
            m, n, n_rhs, starts[0] + i * m * n, n, starts[1] + i * m * n_rhs, n_rhs, rcond,
            starts[2] + i * n * n_rhs, n_rhs, starts[3] + i * n_rhs, starts[4] + i,
        )  # fmt: skip
        check_status(status, owner)
    return x, residuals, ranks.astype(np.int64)
