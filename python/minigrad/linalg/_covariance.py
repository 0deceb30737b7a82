"""Leading eigenvectors of a covariance matrix that is never formed."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad import _check
from minigrad._native import NULL, check_status, lib, pointer
from minigrad.linalg._eigen import eigh, subspace_iteration
from minigrad.linalg._products import covariance, matmul

__all__ = ["CovarianceSubspaceResult", "covariance_subspace"]

# Trial vectors come in blocks of this many, the kernel's width, and at least this many
# beyond those wanted: they separate the last wanted one from the rest.
_BLOCK, _GUARDS = 8, 4
# Conjugate-gradient steps per correction; more buy nothing, for the sample is not the data.
_CG_STEPS = 3
# The squared mean up to which data is not centred, as a multiple of the total variance: a bit is lost at most.
_NEAR_ZERO = 4.0


class CovarianceSubspaceResult(NamedTuple):
    """What `covariance_subspace` found.

    Attributes
    ----------
    eigenvalues : ndarray of shape (n_components,)
        Largest first.
    eigenvectors : ndarray of shape (n_features, n_components)
        Orthonormal columns.
    mean : ndarray of shape (n_features,)
    variance : ndarray of shape (n_features,)
        The covariance's diagonal.
    n_passes : int
        How often the data were read.
    angles : ndarray of shape (n_components,)
        Estimated angle between each vector and the true one, in radians.
    """

    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    n_passes: int
    angles: NDArray[np.float64]


def covariance_subspace(
    x: ArrayLike, n_components: int, *, tol: float = 1e-6, max_passes: int = 12, sample_size: int | None = None
) -> CovarianceSubspaceResult:
    """Leading eigenpairs of the covariance of the columns of `x`, in a few passes over it.

    For few components of much data. The covariance H of a sample of the rows is close
    enough to C, that of all of them, to say in which direction an eigenvector must be
    corrected, and small enough to be cheap:

    1. Trial vectors: the leading eigenvectors of H.
    2. One pass over the data applies C to the new trial vectors. Rayleigh and Ritz:
       the best pairs (theta, u) in the span of all trial vectors so far.
    3. Residual ``r = C u - theta u``; correction t from ``(theta - H) t = r`` orthogonal
       to the u found, by a few steps of conjugate gradients. ``|t|`` estimates the angle
       still missing. The corrections are the next trial vectors.

    Each round shrinks the angle by the relative difference of H and C. The last
    correction is applied without another pass.

    Parameters
    ----------
    x : array_like of shape (n_samples, n_features)
        float32 or float64, finite.
    n_components : int
        At least 1 and at most n_features.
    tol : float, default 1e-6
        Stop when every angle is estimated below this many radians.
    max_passes : int, default 12
        Give up after so many passes, with a warning.
    sample_size : int, optional
        Rows in the sample, evenly spaced; by default five times n_features.

    Returns
    -------
    CovarianceSubspaceResult

    Raises
    ------
    ValueError
        If an argument is out of range, `x` is not finite or its squares leave its type's
        range, or it has fewer than two rows.
    TypeError
        If the elements are not real numbers.

    Warns
    -----
    ConvergenceWarning
        If `max_passes` did not suffice, as when the sample is not typical of the data or
        two wanted eigenvalues are almost equal.

    Notes
    -----
    4 n_samples n_features k flops a pass for k trial vectors, against
    n_samples n_features**2 for the covariance matrix.

    References
    ----------
    E. R. Davidson (1975), "The iterative calculation of a few of the lowest eigenvalues
    and corresponding eigenvectors of large real-symmetric matrices", Journal of
    Computational Physics 17. G. L. G. Sleijpen, H. A. van der Vorst (1996), "A
    Jacobi-Davidson iteration method for linear eigenvalue problems", SIAM Journal on
    Matrix Analysis and Applications 17(2). Here the preconditioner is a sample of the data.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.linalg import covariance_subspace
    >>> x = np.outer(np.arange(100.0), [3.0, 4.0])
    >>> result = covariance_subspace(x, 1)
    >>> print(np.abs(result.eigenvectors[:, 0]).round(6))
    [0.6 0.8]
    """
    owner = "covariance_subspace"
    data = _check.array(x, owner, "x", ndim=2, finite=False)  # NaN shows in the first pass
    n_samples, n_features = data.shape
    if n_samples < 2:
        raise ValueError(f"{owner}: x must have at least 2 rows; got shape {data.shape}")
    k = _check.integer(n_components, owner, "n_components", 1, n_features)
    tol = _check.real(tol, owner, "tol", 0.0, 1.0, closed="right")
    max_passes = _check.integer(max_passes, owner, "max_passes", 1)
    rows = 5 * n_features if sample_size is None else _check.integer(sample_size, owner, "sample_size", 2)
    rows = min(rows, n_samples)
    try:
        sample, shift = covariance(data[np.arange(rows) * n_samples // rows])
    except ValueError:
        _check.array(data, owner, "x", ndim=2)  # names the element in the whole
        raise
    block = -(-(k + _GUARDS) // _BLOCK) * _BLOCK
    search = _Search(data, shift.astype(data.dtype), sample, min(block, n_features))
    return search.run(k, tol, max_passes)


class _Search:
    """The trial vectors (columns of `basis`), C times them, and what a pass also yields."""

    def __init__(self, data: NDArray[Any], shift: NDArray[Any], sample: NDArray[np.float64], block: int) -> None:
        self.data, self.shift, self.sample, self.block = data, shift, sample, block
        # Once the first pass has taken the moments, the others need not centre the data, unless
        # its mean lies so far from zero, measured in standard deviations, that digits were lost.
        self.centred = float((shift.astype(np.float64) ** 2).sum()) > _NEAR_ZERO * float(np.trace(sample))
        self.sums = np.empty(data.shape[1])
        self.squares = np.empty(data.shape[1])
        self.basis = np.empty((data.shape[1], 0))
        self.image = np.empty((data.shape[1], 0))
        self.n_passes = 0

    def run(self, k: int, tol: float, max_passes: int) -> CovarianceSubspaceResult:
        trial = _leading(self.sample, self.block)
        before = np.zeros(k)
        while True:
            self.extend(trial)
            values, vectors, images = self.ritz()
            corrections = self.corrections(values, vectors, images)
            now = np.sqrt((corrections[:, :k] ** 2).sum(axis=0))
            # A correction cures all of the error but the share by which the last one fell short.
            angles = now * np.minimum(np.divide(now, before, out=np.ones(k), where=before > 0), 1.0)
            before = now
            full = self.basis.shape[1] == self.basis.shape[0]
            if full or self.n_passes == max_passes or angles.max() <= tol:
                break
            trial = corrections
        if not full:
            vectors = vectors + corrections
            if angles.max() > tol:
                warnings.warn(
                    f"covariance_subspace: an angle of about {angles.max():.1e} is left after max_passes = "
                    f"{max_passes} passes; raise max_passes or sample_size",
                    _check.ConvergenceWarning,
                    stacklevel=3,
                )
        mean, variance = self.moments()
        return CovarianceSubspaceResult(
            values[:k],
            _orthonormal(vectors[:, :k], None),
            mean,
            variance,
            self.n_passes,
            np.zeros(k) if full else angles,
        )

    def extend(self, trial: NDArray[np.float64]) -> None:
        """One pass: add orthonormal trial vectors and C times them."""
        trial = _orthonormal(trial, self.basis)[:, : self.basis.shape[0] - self.basis.shape[1]]
        vectors = np.ascontiguousarray(trial.T, self.data.dtype)
        image = np.empty(vectors.shape)
        apply = lib.mg_covariance_apply_f32 if self.data.dtype == np.float32 else lib.mg_covariance_apply_f64
        (n, d), count = self.data.shape, len(vectors)
        first, plain = self.n_passes == 0, self.n_passes > 0 and not self.centred
        inputs = (pointer(self.data), d, NULL if plain else pointer(self.shift), pointer(vectors))
        sums = self.sums + n * self.shift.astype(np.float64) if plain else self.sums
        squares = pointer(self.squares) if first else NULL
        check_status(apply(n, d, count, *inputs, pointer(image), pointer(sums), squares), "covariance_subspace")
        self.n_passes += 1
        if not np.isfinite(self.squares).all():
            _check.array(self.data, "covariance_subspace", "x", ndim=2)
            raise ValueError("covariance_subspace: x must have squares within its type's range; scale it down")
        # Rounded to the data's type, the trial vectors are those that were really multiplied.
        self.basis = np.hstack([self.basis, vectors.T.astype(np.float64)])
        self.image = np.hstack([self.image, image.T / (n - 1)])

    def ritz(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the best pairs in the span of the basis, largest first, and C u."""
        # The basis is orthonormal but for rounding to float32: B = L L^T, as in A y = theta B y.
        gram = matmul(self.basis.T, self.basis)
        values, scale = eigh(gram)
        whiten = scale / np.sqrt(values)
        small = matmul(matmul(whiten.T, matmul(self.basis.T, self.image)), whiten)
        values, rotation = eigh((small + small.T) / 2)
        count = min(self.block, len(values))
        rotation = matmul(whiten, np.ascontiguousarray(rotation[:, ::-1][:, :count]))
        return values[::-1][:count].copy(), matmul(self.basis, rotation), matmul(self.image, rotation)

    def corrections(
        self, values: NDArray[np.float64], vectors: NDArray[np.float64], images: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Solve (theta_i - H) t_i = r_i orthogonal to all u by conjugate gradients, all i at once."""

        def project(columns: NDArray[np.float64]) -> NDArray[np.float64]:
            inside: NDArray[np.float64] = matmul(vectors, matmul(vectors.T, columns))
            return columns - inside

        residual = project(images - vectors * values)
        solution = np.zeros_like(residual)
        direction = residual.copy()
        square = (residual**2).sum(axis=0)
        for _ in range(_CG_STEPS):
            product = project(direction * values - matmul(self.sample, direction))
            curvature = (direction * product).sum(axis=0)
            # Where theta - H is not positive there, or nothing is left, the step is zero.
            step = np.where(curvature > 0, square / np.where(curvature > 0, curvature, 1.0), 0.0)
            solution += step * direction
            residual -= step * product
            previous, square = square, (residual**2).sum(axis=0)
            direction = (
                residual + np.where(previous > 0, square / np.where(previous > 0, previous, 1.0), 0.0) * direction
            )
        return solution

    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        n = len(self.data)
        drift = self.sums / n
        return self.shift + drift, np.maximum(self.squares - drift * self.sums, 0.0) / (n - 1)


def _leading(matrix: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return roughly the leading eigenvectors: a starting point, so two digits do."""
    if 4 * count >= len(matrix):
        return np.ascontiguousarray(eigh(matrix)[1][:, ::-1][:, :count])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", _check.ConvergenceWarning)
        return subspace_iteration(matrix, count, tol=1e-2).eigenvectors


def _orthonormal(columns: NDArray[np.float64], against: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return an orthonormal basis of the columns' part orthogonal to `against`.

    Twice is enough (Giraud, Langou, Rozloznik 2005); directions that vanish are left out.
    """
    for _ in range(2):
        if against is not None and against.shape[1]:
            columns = columns - matmul(against, matmul(against.T, columns))
        length = np.sqrt((columns**2).sum(axis=0))
        columns = columns[:, length > 0] / length[length > 0]
        values, vectors = eigh(matmul(columns.T, columns))
        keep = values > 1e-12 * max(values.max(initial=0.0), 1e-300)
        if against is None:  # symmetric orthonormalisation keeps each vector in its place
            straight: NDArray[np.float64] = matmul(matmul(columns, vectors / np.sqrt(values)), vectors.T)
            return straight
        columns = matmul(columns, np.ascontiguousarray(vectors[:, keep] / np.sqrt(values[keep])))
    return columns
