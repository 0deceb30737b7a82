"""What follows from a factorisation: singular values, inverses, determinants, norms, ranks."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minigrad import _check
from minigrad._native import hands_over
from minigrad.linalg import _batched
from minigrad.linalg._factor import square
from minigrad.linalg._products import matmul

__all__ = [
    "SVDResult",
    "SlogdetResult",
    "cond",
    "det",
    "inv",
    "matrix_rank",
    "norm",
    "pinv",
    "slogdet",
    "svd",
    "svdvals",
]


class SVDResult(NamedTuple):
    """The factors of ``a = U @ diag(S) @ Vh``."""

    U: np.ndarray
    S: np.ndarray
    Vh: np.ndarray


class SlogdetResult(NamedTuple):
    """The sign of a determinant, and the logarithm of its size."""

    sign: float
    logabsdet: float


def _matrix(value: Any, owner: str) -> np.ndarray:
    return np.ascontiguousarray(_check.array(value, owner, "a", ndim=2))


@hands_over
def svd(a: Any, full_matrices: bool = True) -> SVDResult:
    r"""Singular value decomposition by one-sided Jacobi rotations.

    .. math:: A = U \, \mathrm{diag}(s) \, V^T, \qquad U^T U = V^T V = I

    Parameters
    ----------
    a : array_like of shape (m, n)
        float32 is kept, everything else becomes float64.
    full_matrices : bool, default True
        U (m, m) and Vh (n, n); else U (m, k) and Vh (k, n), k = min(m, n).

    Returns
    -------
    SVDResult
        ``U``, ``S`` (k,), descending, and ``Vh``.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a finite matrix.
    numpy.linalg.LinAlgError
        If the rotations do not converge.

    Notes
    -----
    A QR factorisation, then some eight sweeps of ``6 k^3`` operations. Small singular values of a
    matrix whose columns differ in size keep their relative accuracy. The derivation stands in
    ``csrc/linalg/svd.inc``.

    References
    ----------
    Z. Drmac, K. Veselic (2008), "New fast and accurate Jacobi SVD algorithm", SIAM Journal on
    Matrix Analysis and Applications 29(4).

    Examples
    --------
    >>> svd([[3.0, 0.0], [0.0, 4.0]]).S.tolist()
    [4.0, 3.0]
    """
    matrix = _matrix(a, "svd")
    (m, n), owner = matrix.shape, "svd"
    u, s, vh = _batched.singular_systems(matrix, owner)
    if full_matrices and m > n:
        u = _completed(u)
    if full_matrices and n > m:
        vh = _completed(vh.T).T
    return SVDResult(u, s, vh)


def _completed(u: np.ndarray) -> np.ndarray:
    """Return a matrix with orthonormal columns, completed to a square one."""
    m, k = u.shape
    q = _batched.orthogonal_factors(u, True, "svd")[0] if k else np.eye(m, dtype=u.dtype)
    q[:, :k] = u
    return q


@hands_over
def svdvals(a: Any) -> np.ndarray:
    """Singular values of a matrix, descending.

    Parameters
    ----------
    a : array_like of shape (m, n)
        float32 is kept, everything else becomes float64.

    Returns
    -------
    ndarray of shape (min(m, n),)

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a finite matrix.
    numpy.linalg.LinAlgError
        If the rotations do not converge.

    Examples
    --------
    >>> svdvals([[0.0, 2.0], [1.0, 0.0]]).tolist()
    [2.0, 1.0]
    """
    return _batched.singular_systems(_matrix(a, "svdvals"), "svdvals", False)[1]


@hands_over
def inv(a: Any) -> np.ndarray:
    """Inverse of a square matrix.

    Parameters
    ----------
    a : array_like of shape (n, n)
        float32 is kept, everything else becomes float64.

    Returns
    -------
    ndarray of shape (n, n)

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a square, finite matrix.
    numpy.linalg.LinAlgError
        If it is singular in working precision.

    See Also
    --------
    solve : A system needs no inverse.

    Examples
    --------
    >>> inv([[2.0, 0.0], [0.0, 4.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    matrix = square(a, "inv")
    return _batched.solutions(matrix, np.eye(matrix.shape[0], dtype=matrix.dtype), "inv")


@hands_over
def det(a: Any) -> float:
    """Compute the determinant of a square matrix, from its QR factorisation.

    Parameters
    ----------
    a : array_like of shape (n, n)
        float32 is kept, everything else becomes float64.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a square, finite matrix.

    Examples
    --------
    >>> round(det([[0.0, 2.0], [3.0, 1.0]]), 12)
    -6.0
    """
    diagonal, sign = _batched.determinants(square(a, "det"), "det")
    with np.errstate(all="ignore"):
        return float(np.prod(diagonal) * sign)


@hands_over
def slogdet(a: Any) -> SlogdetResult:
    """Sign of the determinant of a square matrix, and the logarithm of its size.

    Parameters
    ----------
    a : array_like of shape (n, n)
        float32 is kept, everything else becomes float64.

    Returns
    -------
    SlogdetResult
        ``sign``, -1, 0 or 1, and ``logabsdet``, -inf for a singular matrix.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a square, finite matrix.

    Examples
    --------
    >>> slogdet([[1.0, 0.0], [0.0, -1.0]])
    SlogdetResult(sign=-1.0, logabsdet=0.0)
    """
    diagonal, sign = _batched.determinants(square(a, "slogdet"), "slogdet")
    with np.errstate(divide="ignore"):
        return SlogdetResult(float(np.prod(np.sign(diagonal)) * sign), float(np.log(np.abs(diagonal)).sum()))


def _least(s: np.ndarray, shape: tuple[int, ...], rtol: float | None, owner: str) -> float:
    if rtol is None:
        rtol = max(shape) * float(np.finfo(s.dtype).eps)
    return _check.real(rtol, owner, "rtol", 0, math.inf) * float(s[0] if s.size else 0)


@hands_over
def pinv(a: Any, *, rtol: float | None = None) -> np.ndarray:
    """Pseudo-inverse of a matrix, from its singular values.

    Parameters
    ----------
    a : array_like of shape (m, n)
        float32 is kept, everything else becomes float64.
    rtol : float, optional
        Singular values up to `rtol` times the largest count as zero; by default ``max(m, n) * eps``.

    Returns
    -------
    ndarray of shape (n, m)

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a finite matrix, or `rtol` is negative.

    Examples
    --------
    >>> pinv([[2.0, 0.0], [0.0, 0.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.0]]
    """
    matrix = _matrix(a, "pinv")
    u, s, vh = _batched.singular_systems(matrix, "pinv")
    kept = s > _least(s, matrix.shape, rtol, "pinv")
    scaled = vh[kept].T / s[kept]
    return matmul(np.ascontiguousarray(scaled), np.ascontiguousarray(u[:, kept].T))  # type: ignore[no-any-return]


@hands_over
def matrix_rank(a: Any, *, rtol: float | None = None) -> int:
    """Count the singular values of a matrix that are not negligible.

    Parameters
    ----------
    a : array_like of shape (m, n)
        float32 is kept, everything else becomes float64.
    rtol : float, optional
        Singular values up to `rtol` times the largest count as zero; by default ``max(m, n) * eps``.

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a finite matrix, or `rtol` is negative.

    Examples
    --------
    >>> matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    1
    """
    matrix = _matrix(a, "matrix_rank")
    s = _batched.singular_systems(matrix, "matrix_rank", False)[1]
    return int((s > _least(s, matrix.shape, rtol, "matrix_rank")).sum())


@hands_over
def cond(a: Any) -> float:
    """Condition number of a matrix: its largest singular value divided by its smallest.

    Parameters
    ----------
    a : array_like of shape (m, n)
        float32 is kept, everything else becomes float64.

    Returns
    -------
    float
        inf for a singular matrix.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a finite matrix, or has no elements.

    Examples
    --------
    >>> cond([[4.0, 0.0], [0.0, 2.0]])
    2.0
    """
    s = _batched.singular_systems(_matrix(a, "cond"), "cond", False)[1]
    if not s.size:
        raise ValueError(f"cond: a must have elements; got shape {np.shape(a)}")
    return math.inf if s[-1] == 0 else float(s[0] / s[-1])


@hands_over
def norm(a: Any, ord: Any = None) -> float:
    """Norm of a vector or matrix.

    Parameters
    ----------
    a : array_like of shape (n,) or (m, n)
        float32 is kept, everything else becomes float64.
    ord : {None, "fro", "nuc", inf, -inf} or number
        None: the root of the sum of squares. For a vector a number p stands for
        ``(sum |x|^p)^(1/p)``. For a matrix: "fro", as None; "nuc", the sum of the singular values;
        2 and -2, the largest and smallest of them; 1 and inf, the largest column or row sum.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a finite vector or matrix, or `ord` is unknown.

    Examples
    --------
    >>> norm([3.0, 4.0])
    5.0
    """
    x = _check.array(a, "norm", "a", ndim=(1, 2))
    size = np.abs(x)
    largest = float(size.max(initial=0))
    if ord is None or (ord == "fro" and x.ndim == 2) or (ord == 2 and x.ndim == 1):
        # Scaled, so that squares neither overflow nor vanish.
        return largest * math.sqrt(float(np.square(size / largest).sum())) if largest else 0.0
    if x.ndim == 1:
        infinite = ord in (math.inf, -math.inf)
        return _vector_norm(size, largest, ord if infinite else _check.real(ord, "norm", "ord", -math.inf, math.inf))
    if ord in ("nuc", 2, -2):
        s = svdvals(x)
        return float(s.sum()) if ord == "nuc" else float(s[0 if ord == 2 else -1]) if s.size else 0.0
    if ord not in (1, -1, math.inf, -math.inf):
        raise ValueError(f"norm: ord must be None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf; got {ord!r}")
    sums = size.sum(0 if abs(ord) == 1 else 1)
    if not sums.size:
        return 0.0
    return float(sums.max() if ord > 0 else sums.min())


def _vector_norm(size: np.ndarray, largest: float, p: float) -> float:
    if math.isinf(p):
        return largest if p > 0 else float(size.min(initial=math.inf if size.size else 0))
    if p == 0:
        return float(np.count_nonzero(size))
    if largest == 0:
        return 0.0
    with np.errstate(divide="ignore"):
        return largest * float(np.power(size / largest, p).sum()) ** (1 / p)  # type: ignore[no-any-return]
