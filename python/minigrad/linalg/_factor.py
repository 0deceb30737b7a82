"""Factorisations and linear systems."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad import _check
from minigrad._native import check_status, hands_over, lib, pointer

__all__ = ["LstsqResult", "QRResult", "cholesky", "lstsq", "qr", "solve", "solve_triangular"]


class QRResult(NamedTuple):
    """The factors of ``a = Q @ R``."""

    Q: np.ndarray
    R: np.ndarray


class LstsqResult(NamedTuple):
    """What `lstsq` found: the solution, its squared residuals, and the rank of `a`."""

    x: np.ndarray
    residuals: np.ndarray
    rank: int


def suffix(array: np.ndarray) -> str:
    """Return the ending of the C functions for the element type of `array`."""
    return "f32" if array.dtype == np.float32 else "f64"


def square(value: Any, owner: str) -> np.ndarray:
    """Return `value` as a square, finite matrix."""
    a = _check.array(value, owner, "a", ndim=2)
    if a.shape[0] != a.shape[1]:
        raise ValueError(f"{owner}: a must be square; got shape {a.shape}")
    return a


def symmetric(value: Any, owner: str) -> np.ndarray:
    """Return `value` as a square, finite, symmetric matrix."""
    a = square(value, owner)
    n = a.shape[0]
    gap = getattr(lib, f"mg_asymmetry_{suffix(a)}")(n, pointer(a), n)
    # A product such as X'X may round its two triangles differently, by far less than this.
    if gap > 0 and gap > 100 * n * np.finfo(a.dtype).eps * float(np.abs(a).max()):
        raise ValueError(f"{owner}: a must be symmetric; got a matrix with max |a - a.T| = {gap:.3g}")
    return a


def _system(a: np.ndarray, b: Any, owner: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return `a` and `b` in their common type, `b` as a matrix of its own, and whether it was a vector."""
    right = _check.array(b, owner, "b", ndim=(1, 2))
    if right.shape[0] != a.shape[0]:
        raise ValueError(f"{owner}: b must have as many rows as a; got shapes {a.shape} and {right.shape}")
    dtype = np.result_type(a, right)
    columns = np.array(right[:, None] if right.ndim == 1 else right, dtype, order="C")
    return np.ascontiguousarray(a, dtype), columns, right.ndim == 1


@hands_over
def cholesky(a: Any) -> np.ndarray:
    r"""Lower Cholesky factor of a symmetric positive definite matrix.

    .. math:: A = L L^T

    Parameters
    ----------
    a : array_like of shape (n, n)
        Symmetric positive definite; float32 is kept, everything else becomes float64. Only the lower
        triangle is used.

    Returns
    -------
    ndarray of shape (n, n)
        Lower triangular, with a positive diagonal.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a square, finite, symmetric matrix.
    numpy.linalg.LinAlgError
        If it is not positive definite in working precision.

    Notes
    -----
    ``n^3 / 3`` operations, most of them in matrix products. The derivation stands in
    ``csrc/linalg/cholesky.inc``.

    Examples
    --------
    >>> cholesky([[4.0, 2.0], [2.0, 5.0]]).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    factor = np.array(symmetric(a, "cholesky"))
    n = factor.shape[0]
    check_status(getattr(lib, f"mg_cholesky_factor_{suffix(factor)}")(n, pointer(factor, True), n), "cholesky")
    return factor


@hands_over
def qr(a: Any, mode: str = "reduced") -> QRResult:
    r"""QR factorisation by Householder reflections.

    .. math:: A = Q R, \qquad Q^T Q = I

    Parameters
    ----------
    a : array_like of shape (m, n)
        float32 is kept, everything else becomes float64.
    mode : {"reduced", "complete"}
        ``"reduced"``: Q (m, k) and R (k, n), k = min(m, n). ``"complete"``: Q (m, m) and R (m, n).

    Returns
    -------
    QRResult
        ``Q`` and ``R``; R is upper triangular, its diagonal may be negative.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a finite matrix, or `mode` is unknown.

    Notes
    -----
    ``2 n^2 (m - n/3)`` operations for R and as many again for Q. The derivations stand in
    ``csrc/linalg/qr.inc`` and ``reflector.inc``.

    Examples
    --------
    >>> q, r = qr([[3.0, 1.0], [4.0, 2.0]])
    >>> abs(r).round(12).tolist()
    [[5.0, 2.2], [0.0, 0.4]]
    """
    compact = np.array(_check.array(a, "qr", "a", ndim=2))
    _check.choice(mode, "qr", "mode", ("reduced", "complete"))
    m, n = compact.shape
    k = min(m, n)
    rows = k if mode == "reduced" else m
    tau, q = np.empty(k, compact.dtype), np.empty((m, rows), compact.dtype)
    kind = suffix(compact)
    check_status(getattr(lib, f"mg_qr_factor_{kind}")(m, n, pointer(compact, True), n, pointer(tau, True)), "qr")
    form = getattr(lib, f"mg_qr_form_{kind}")
    check_status(form(m, rows, k, pointer(compact), n, pointer(tau), pointer(q, True), rows), "qr")
    return QRResult(q, np.triu(compact[:rows]))


@hands_over
def solve_triangular(
    a: Any, b: Any, *, lower: bool = False, trans: bool = False, unit_diagonal: bool = False
) -> np.ndarray:
    r"""Solve a triangular system.

    .. math:: A X = B \quad\text{or}\quad A^T X = B

    Parameters
    ----------
    a : array_like of shape (n, n)
        Only the triangle named by `lower` is used. float32 is kept if `a` and `b` both have it.
    b : array_like of shape (n,) or (n, n_rhs)
        Right-hand sides.
    lower : bool, default False
        Use the lower triangle of `a` instead of the upper one.
    trans : bool, default False
        Solve with the transpose of that triangle.
    unit_diagonal : bool, default False
        Take the diagonal as ones, without reading it.

    Returns
    -------
    ndarray
        The solution, shaped as `b`.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a square, finite matrix, or `b` is not finite or has another number of rows.
    numpy.linalg.LinAlgError
        If a diagonal element is zero.

    Notes
    -----
    ``n^2 n_rhs`` operations. The derivation stands in ``csrc/linalg/triangular.inc``.

    Examples
    --------
    >>> solve_triangular([[2.0, 1.0], [0.0, 4.0]], [4.0, 8.0]).tolist()
    [1.0, 2.0]
    """
    owner = "solve_triangular"
    matrix, x, vector = _system(square(a, owner), b, owner)
    n, n_rhs = x.shape
    status = getattr(lib, f"mg_triangular_solve_{suffix(matrix)}")(
        lib.MG_LOWER if lower else lib.MG_UPPER,
        lib.MG_TRANS if trans else lib.MG_NO_TRANS,
        lib.MG_UNIT if unit_diagonal else lib.MG_NON_UNIT,
        n, n_rhs, pointer(matrix), n, pointer(x, True), n_rhs,
    )  # fmt: skip
    check_status(status, owner)
    return x[:, 0] if vector else x


@hands_over
def solve(a: Any, b: Any) -> np.ndarray:
    r"""Solve a square linear system.

    .. math:: A X = B

    Parameters
    ----------
    a : array_like of shape (n, n)
        float32 is kept if `a` and `b` both have it; everything else becomes float64.
    b : array_like of shape (n,) or (n, n_rhs)
        Right-hand sides.

    Returns
    -------
    ndarray
        The solution, shaped as `b`.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a square, finite matrix, or `b` is not finite or has another number of rows.
    numpy.linalg.LinAlgError
        If `a` is singular in working precision: a column lies within ``n * eps`` of its length of
        the span of those before it.

    See Also
    --------
    lstsq : The shortest least-squares solution, for any shape and rank.

    Notes
    -----
    By Householder's QR: twice the work of Gauss elimination, with no growth of rounding errors
    to worry about. The derivation stands in ``csrc/linalg/solve.inc``.

    Examples
    --------
    >>> solve([[0.0, 2.0], [3.0, 1.0]], [4.0, 5.0]).round(12).tolist()
    [1.0, 2.0]
    """
    matrix, x, vector = _system(square(a, "solve"), b, "solve")
    n, n_rhs = x.shape
    function = getattr(lib, f"mg_linear_solve_{suffix(matrix)}")
    check_status(function(n, n_rhs, pointer(matrix), n, pointer(x, True), n_rhs), "solve")
    return x[:, 0] if vector else x


@hands_over
def lstsq(a: Any, b: Any, *, rcond: float | None = None) -> LstsqResult:
    r"""Least-squares solution of a linear system of any shape and rank.

    .. math:: \min_x \|x\| \quad\text{among}\quad x \in \arg\min_x \|A x - b\|

    Parameters
    ----------
    a : array_like of shape (m, n)
        float32 is kept if `a` and `b` both have it; everything else becomes float64.
    b : array_like of shape (m,) or (m, n_rhs)
        Right-hand sides; each column is a problem of its own.
    rcond : float, optional
        A column that adds less than `rcond` times the longest one to the span of those chosen
        before it counts as dependent. By default ``max(m, n) * eps``.

    Returns
    -------
    LstsqResult
        ``x`` (n,) or (n, n_rhs); ``residuals``, the squared lengths ``|a x - b|^2``, a scalar array or
        (n_rhs,) (always given, whatever the rank); ``rank``.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` or `b` is not finite, they have different numbers of rows, or `rcond` is not in [0, 1].

    Notes
    -----
    By QR with column pivoting and a complete orthogonal factorisation. The derivation stands in
    ``csrc/linalg/solve.inc``. Unlike with singular values, the rank is judged by the diagonal of R.

    Examples
    --------
    >>> result = lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 3.0, 5.0])
    >>> result.x.round(12).tolist(), result.rank
    ([1.0, 2.0], 2)
    """
    owner = "lstsq"
    matrix, right, vector = _system(_check.array(a, owner, "a", ndim=2), b, owner)
    (m, n), n_rhs = matrix.shape, right.shape[1]
    if rcond is None:
        rcond = max(m, n) * float(np.finfo(matrix.dtype).eps)
    rcond = _check.real(rcond, owner, "rcond", 0, 1)
    x, residuals = np.zeros((n, n_rhs), matrix.dtype), np.zeros(n_rhs, matrix.dtype)
    rank = np.zeros(1, np.uint64)
    status = getattr(lib, f"mg_least_squares_{suffix(matrix)}")(
        m, n, n_rhs, pointer(matrix), n, pointer(right), n_rhs, rcond,
        pointer(x, True), n_rhs, pointer(residuals, True), pointer(rank, True),
    )  # fmt: skip
    check_status(status, owner)
    if vector:
        return LstsqResult(x[:, 0], residuals.reshape(()), int(rank[0]))
    return LstsqResult(x, residuals, int(rank[0]))
