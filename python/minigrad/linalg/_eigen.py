"""Symmetric eigenproblems: all pairs, or the leading ones."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from minigrad import _check
from minigrad._native import NULL, check_status, hands_over, lib, pointer
from minigrad.linalg._factor import suffix, symmetric

__all__ = [
    "EighResult",
    "PowerIterationResult",
    "SubspaceIterationResult",
    "eigh",
    "power_iteration",
    "subspace_iteration",
]

# Up to this order Jacobi's rotations cost less than setting up the tridiagonal route.
_JACOBI_ORDER = 12


class EighResult(NamedTuple):
    """Eigenvalues, ascending, and the eigenvectors in the columns beside them."""

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray


class PowerIterationResult(NamedTuple):
    """What `power_iteration` found, and how.

    ``history`` is None unless recording was asked for. Then it holds, per component, a
    dict of ``vectors`` (n_steps, n), ``residuals`` (n_steps,) and ``angles`` (n_steps,):
    each step's vector, its residual ``|A v - lambda v|``, and its angle to the final
    vector in radians.
    """

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    n_iter: np.ndarray
    residuals: np.ndarray
    history: list[dict[str, np.ndarray]] | None


class SubspaceIterationResult(NamedTuple):
    """What `subspace_iteration` found; ``n_iter`` counts its projections."""

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    n_iter: int
    residuals: np.ndarray


def _warn_limit(owner: str, max_iter: int, residual: float, tol: float) -> None:
    warnings.warn(
        f"{owner}: stopped at max_iter = {max_iter} with a residual of {residual:.3g} |a| (tol = {tol:.3g}); "
        "raise max_iter or tol",
        _check.ConvergenceWarning,
        stacklevel=3,
    )


@hands_over
def eigh(a: Any, *, method: str = "auto") -> EighResult:
    r"""All eigenvalues and eigenvectors of a symmetric matrix.

    .. math:: A V = V \operatorname{diag}(\lambda), \qquad V^T V = I

    Parameters
    ----------
    a : array_like of shape (n, n)
        Symmetric; float32 is kept, everything else becomes float64. Only the lower triangle is used.
    method : {"auto", "ql", "jacobi"}
        ``"ql"``: Householder tridiagonalisation and implicit QL. ``"jacobi"``: cyclic plane
        rotations, for small matrices. ``"auto"`` takes ``"jacobi"`` up to order 12.

    Returns
    -------
    EighResult
        ``eigenvalues`` (n,), ascending as in NumPy, and ``eigenvectors`` (n, n); column j belongs
        to eigenvalue j. Signs, and the basis within an eigenspace, are arbitrary.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If `a` is not a square, finite, symmetric matrix, or `method` is unknown.

    Notes
    -----
    About 9 n^3 operations with vectors. Errors are a small multiple of ``eps * |a|``; a
    vector is determined to within ``eps * |a|`` over the gap to the nearest other eigenvalue.
    The derivations stand in ``csrc/linalg/eigen.inc`` and ``jacobi.inc``.

    Examples
    --------
    >>> values, vectors = eigh([[2.0, 1.0], [1.0, 2.0]])
    >>> values.round(12).tolist()
    [1.0, 3.0]
    """
    matrix = symmetric(a, "eigh")
    _check.choice(method, "eigh", "method", ("auto", "ql", "jacobi"))
    n = matrix.shape[0]
    if method == "auto":
        method = "jacobi" if n <= _JACOBI_ORDER else "ql"
    values, vectors = np.empty(n, matrix.dtype), np.empty((n, n), matrix.dtype)
    name = "mg_symmetric_jacobi_" if method == "jacobi" else "mg_symmetric_eigen_"
    function = getattr(lib, name + suffix(matrix))
    check_status(function(n, pointer(matrix), n, pointer(values, True), pointer(vectors, True), n), "eigh")
    return EighResult(values, vectors)


def _components(a: np.ndarray, n_components: Any, owner: str) -> int:
    if a.shape[0] == 0:
        raise ValueError(f"{owner}: a must have at least one row; got shape {a.shape}")
    return _check.integer(n_components, owner, "n_components", 1, a.shape[0])


def _angles(vectors: np.ndarray, final: np.ndarray) -> np.ndarray:
    # The arc tangent keeps its digits at small angles, where the arc cosine has none.
    along = (vectors * final).sum(axis=1)
    across = vectors - along[:, None] * final
    angles: np.ndarray = np.arctan2(np.sqrt((across * across).sum(axis=1)), np.abs(along))
    return angles


def power_iteration(
    a: Any, n_components: int = 1, *, tol: float = 1e-12, max_iter: int = 10_000, seed: int = 0, record: bool = False
) -> PowerIterationResult:
    r"""Leading eigenpairs of a symmetric matrix by power iteration with deflation.

    .. math:: v \leftarrow \frac{A v}{\|A v\|}

    Each component repeats this on what is orthogonal to the components before it.

    Parameters
    ----------
    a : array_like of shape (n, n)
        Symmetric; float32 is kept, everything else becomes float64. Only the lower triangle is used.
    n_components : int, default 1
        How many pairs, from 1 to n; those of largest absolute eigenvalue.
    tol : float, default 1e-12
        Stop once ``|a v - lambda v| <= tol * |a|``; raised to what the element type can reach.
    max_iter : int, default 10000
        Limit of multiplications per component.
    seed : int, default 0
        Picks the start vectors; the same seed gives the same result.
    record : bool, default False
        Keep every step's vector; memory for `max_iter` of them is set aside.

    Returns
    -------
    PowerIterationResult
        ``eigenvalues`` (n_components,) by descending absolute value, ``eigenvectors`` (n,
        n_components) in columns, ``n_iter`` and ``residuals`` (n_components,), ``history``.

    Raises
    ------
    TypeError
        If the elements are not real numbers, or an integer is asked for and another type comes.
    ValueError
        If `a` is not a square, finite, symmetric matrix with at least one row, or another
        argument is out of range.

    Warns
    -----
    ConvergenceWarning
        If a component reaches `max_iter`. So it does when two eigenvalues have nearly the same
        absolute value: the angle shrinks by their ratio per step, here 1.

    See Also
    --------
    subspace_iteration : The fast way to the same components.

    Notes
    -----
    The angle to the first eigenvector shrinks by ``|lambda_2 / lambda_1|`` at each step. The
    derivation stands in ``csrc/linalg/power.inc``.

    Examples
    --------
    >>> result = power_iteration([[2.0, 1.0], [1.0, 2.0]])
    >>> round(float(result.eigenvalues[0]), 12)
    3.0
    """
    owner = "power_iteration"
    matrix = symmetric(a, owner)
    k = _components(matrix, n_components, owner)
    eps = float(np.finfo(matrix.dtype).eps)
    tol = max(_check.real(tol, owner, "tol", 0), eps * max(10, matrix.shape[0] ** 0.5))
    max_iter = _check.integer(max_iter, owner, "max_iter", 1, 2**53)
    seed = _check.seed(seed, owner)
    n = matrix.shape[0]
    found, values = np.zeros((k, n), matrix.dtype), np.zeros(k, matrix.dtype)
    residuals, counts = np.zeros(k, matrix.dtype), np.zeros(k, np.uint64)
    steps = np.empty((max_iter if record else 0, n), matrix.dtype)
    step_residuals = np.empty(len(steps), matrix.dtype)
    function = getattr(lib, f"mg_power_iteration_{suffix(matrix)}")
    history: list[dict[str, np.ndarray]] = []
    limited = False
    for i in range(k):
        status = function(
            n, pointer(matrix), n, i, pointer(found[:i]) if i else NULL, float(abs(values[0])), tol, max_iter, seed,
            pointer(values[i:], True), pointer(found[i], True), pointer(residuals[i:], True), pointer(counts[i:], True),
            pointer(steps, True) if record else NULL, pointer(step_residuals, True) if record else NULL,
        )  # fmt: skip
        if status == lib.MG_ERR_NO_CONVERGENCE:
            limited = True
        else:
            check_status(status, owner)
        if record:
            done = int(counts[i])
            vectors = steps[:done].copy()
            history.append(
                {
                    "vectors": vectors,
                    "residuals": step_residuals[:done].copy(),
                    "angles": _angles(vectors, found[i]),
                }
            )
    # Nearly equal eigenvalues may have come in the other order.
    order = np.argsort(-np.abs(values), kind="stable")
    if limited:
        size = float(abs(values[order[0]])) or 1.0
        _warn_limit(owner, max_iter, float(residuals.max()) / size, tol)
    return PowerIterationResult(
        values[order],
        np.ascontiguousarray(found[order].T),
        counts[order].astype(np.int64),
        residuals[order],
        [history[i] for i in order] if record else None,
    )


def subspace_iteration(
    a: Any, n_components: int, *, tol: float | None = None, max_iter: int = 200, seed: int = 0
) -> SubspaceIterationResult:
    r"""Largest eigenpairs of a symmetric matrix by filtered subspace iteration.

    A block of vectors is multiplied by a Chebyshev polynomial of `a` that is small on the unwanted
    part of the spectrum, made orthonormal, and turned onto the best approximations within its
    span (Rayleigh-Ritz), until their residuals vanish in working precision.

    Parameters
    ----------
    a : array_like of shape (n, n)
        Symmetric; float32 is kept, everything else becomes float64. Only the lower triangle is used.
    n_components : int
        How many pairs, from 1 to n; those of largest (not absolute) eigenvalue.
    tol : float, optional
        Stop once every ``|a v - lambda v| <= tol * |a|``. By default ``max(50, sqrt(n)) * eps``, which
        is also the least that is used.
    max_iter : int, default 200
        Limit of projections.
    seed : int, default 0
        Picks the first block; the same seed gives the same result.

    Returns
    -------
    SubspaceIterationResult
        ``eigenvalues`` (n_components,), descending, ``eigenvectors`` (n, n_components) in columns,
        ``n_iter`` (0 where the whole spectrum was computed at once), ``residuals`` (n_components,).

    Raises
    ------
    TypeError
        If the elements are not real numbers, or an integer is asked for and another type comes.
    ValueError
        If `a` is not a square, finite, symmetric matrix with at least one row, or another
        argument is out of range.

    Warns
    -----
    ConvergenceWarning
        If the iteration stops at `max_iter`; the best approximations are returned.

    Notes
    -----
    Each multiplication of the block of p vectors costs ``2 n^2 p`` operations; some 20 of them do for
    an ordinary covariance. Repeated and clustered eigenvalues are found with their multiplicity; in
    a cluster of more vectors than the block holds (a quarter more than `n_components`), values that
    differ by less than the tolerance are not told apart. Where `n_components` is a large part of n,
    or the spectrum resists, the whole spectrum is computed instead. The derivation stands in
    ``csrc/linalg/subspace.inc``.

    Examples
    --------
    >>> result = subspace_iteration([[2.0, 1.0], [1.0, 2.0]], 1)
    >>> round(float(result.eigenvalues[0]), 12)
    3.0
    """
    owner = "subspace_iteration"
    matrix = symmetric(a, owner)
    k = _components(matrix, n_components, owner)
    n = matrix.shape[0]
    least = max(50.0, n**0.5) * float(np.finfo(matrix.dtype).eps)
    tol = least if tol is None else max(_check.real(tol, owner, "tol", 0), least)
    max_iter = _check.integer(max_iter, owner, "max_iter", 1, 2**53)
    seed = _check.seed(seed, owner)
    values, residuals = np.empty(k, matrix.dtype), np.empty(k, matrix.dtype)
    vectors, count = np.empty((n, k), matrix.dtype), np.zeros(1, np.uint64)
    status = getattr(lib, f"mg_subspace_iteration_{suffix(matrix)}")(
        n, k, pointer(matrix), n, tol, max_iter, seed,
        pointer(values, True), pointer(vectors, True), k, pointer(residuals, True), pointer(count, True),
    )  # fmt: skip
    if status == lib.MG_ERR_NO_CONVERGENCE:
        size = float(np.abs(values).max()) or 1.0
        _warn_limit(owner, max_iter, float(residuals.max()) / size, tol)
    else:
        check_status(status, owner)
    return SubspaceIterationResult(values, vectors, int(count[0]), residuals)
