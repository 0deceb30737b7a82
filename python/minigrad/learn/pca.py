"""Principal component analysis."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np

from minigrad import _check, linalg
from minigrad.learn._base import Estimator, boolean, seed

__all__ = ["PCA"]

_SOLVERS = ("auto", "power", "subspace")

# |C v - lambda v| <= tol lambda_1 puts v within tol lambda_1 / gap of an eigenvector. (Subspace
# iteration stops at rounding by itself; one vector at a time would creep there.)
_POWER_TOLERANCE = 1e-13

# Of a covariance of float32 data, products in float32 leave about 1e-8; no more is asked.
_NARROW_TOLERANCE = 1e-9

# Loadings whose sizes differ by less than this share of the largest count as tied: exact
# ties (two standardised features) would otherwise be decided by rounding.
_TIE = 1e-8

# Variances of float32 data below this were summed from squares that lost digits to underflow.
_LEAST_SINGLE = 1e-24

# How many of its own spreads the data may lie from the origin before transform subtracts
# the mean first; below it, subtracting afterwards costs at most this factor in rounding.
_OFFSET_LIMIT = 8.0

# Elements per block where a centred copy of a part of the data is made (1 MiB of float64).
_BLOCK = 1 << 17


class _Spectrum(NamedTuple):
    """Leading eigenvalues (k,), descending, their unit vectors (k, d), and all variance."""

    eigenvalues: np.ndarray
    vectors: np.ndarray
    total: float
    n_iter: int
    matrix: str | None


class _Wanted(NamedTuple):
    """How many axes to find: `limit`; given a `share`, the fewest that explain more than it."""

    limit: int
    share: float | None


class PCA(Estimator):
    """Project data onto the orthogonal axes along which it varies most.

    With the covariance matrix ``C = Xc.T @ Xc / (n_samples - 1)`` of the centred data, the
    axes are the unit eigenvectors of C with the largest eigenvalues,

        C v_j = lambda_j v_j,    lambda_1 >= lambda_2 >= ...,

    and ``lambda_j`` is the variance of the data along ``v_j``.

    Parameters
    ----------
    n_components : int, float or None, default None
        How many axes to keep: a number from 1 to ``min(n_samples, n_features)``; or a
        fraction between 0 and 1, for the fewest axes that explain more than this share of
        the variance; or None for all.
    solver : {"auto", "power", "subspace"}, default "auto"
        How the eigenvectors are found: one after the other by power iteration with
        deflation, together by subspace iteration, or by whichever route costs the fewest
        operations (a direct factorisation where most of the spectrum is wanted).
    standardize : bool, default False
        Divide each feature by its standard deviation (with n - 1), so that the explained
        variances are the eigenvalues of the correlation matrix.
    random_state : int or None, default None
        Seed of the iterations' starting vectors; None is 0. The result does not depend on
        it beyond the iterations' tolerance.

    Attributes
    ----------
    components_ : ndarray, shape (n_components_, n_features)
        The axes, one per row, orthonormal, by falling variance, in the data's type. In each
        the loading of largest size is positive (of equals, the first).
    explained_variance_ : ndarray, shape (n_components_,)
        Variance along each axis (float64, like all that follow).
    explained_variance_ratio_ : ndarray, shape (n_components_,)
        The same as shares of the total variance.
    singular_values_ : ndarray, shape (n_components_,)
        Singular values of the centred (and scaled) data.
    mean_ : ndarray, shape (n_features,)
    scale_ : ndarray, shape (n_features,), or None
        The standard deviations if `standardize`, otherwise None.
    n_components_, n_features_in_, n_samples_ : int
    noise_variance_ : float
        Mean variance of the ``min(n_samples, n_features) - n_components_`` axes left out; 0
        if none is.
    n_iter_ : int
        Iterations the solver took (passes over the data, if it was streamed); 0 for a direct one.
    matrix_ : {"covariance", "Gram"} or None
        The matrix that was formed; None if the data was streamed.

    Notes
    -----
    The eigenproblem is solved in float64. For float64 data eigenvalues are within about 1e-14
    of the largest, and an axis is within 1e-12 * lambda_1 / gap radians, where gap is the
    distance to the nearest other eigenvalue: axes of equal variance are not determined, only
    the plane they span is (see `near_equal_groups`). For float32 data the products in the
    covariance are float32 and their sums float64, which leaves about 1e-7 instead of 1e-14.

    Few components of much float32 data (``solver="auto"``) are found by a few passes over
    the data without the matrix, each axis to about 1e-6 radians (`linalg.covariance_subspace`).

    Cost: otherwise n d^2 for the covariance and at most about 9 d^3 for its eigenvectors
    (d features, n samples). With more features than samples the n x n Gram matrix, which has the same
    nonzero eigenvalues, takes the place of the covariance.

    References
    ----------
    I. T. Jolliffe, Principal Component Analysis, 2nd ed., Springer 2002.

    Examples
    --------
    >>> from minigrad.learn import PCA
    >>> pca = PCA(n_components=1).fit([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    >>> pca.explained_variance_.round(3).tolist(), pca.components_.round(3).tolist()
    ([2.0], [[0.707, 0.707]])
    >>> pca.transform([[4.0, 4.0]]).round(3).tolist()
    [[2.828]]
    """

    def __init__(
        self,
        n_components: float | None = None,
        *,
        solver: str = "auto",
        standardize: bool = False,
        random_state: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.solver = solver
        self.standardize = standardize
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the axes of `X`.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            float32 or float64 (other numbers become float64); at least 2 samples.
        y : None
            Not used.

        Returns
        -------
        PCA
            Itself.

        Raises
        ------
        TypeError
            If a parameter or the data has the wrong type.
        ValueError
            If a parameter is out of range; if `X` is not two-dimensional and finite, has fewer
            than 2 samples, no feature or no variance, or its squares leave float64's range;
            if `standardize` is set and a feature is constant (its index is named).

        Warns
        -----
        ConvergenceWarning
            If power iteration reaches its limit: neighbouring eigenvalues are nearly equal.
        """
        solver = _check.choice(self.solver, "PCA", "solver", _SOLVERS)
        standardize = boolean(self.standardize, "PCA", "standardize")
        start = seed(self.random_state, "PCA")
        # Tall data is looked at for NaN once, by linalg.covariance.
        x = _check.array(X, "PCA", "X", ndim=2, finite=False)
        n, d = x.shape
        if n < 2:
            raise ValueError(f"PCA: X must have at least 2 samples (rows); got shape {x.shape}")
        if d < 1:
            raise ValueError(f"PCA: X must have at least 1 feature (column); got shape {x.shape}")
        wanted = _check_n_components(self.n_components, n, d)

        if d > n:
            _check.array(x, "PCA", "X", ndim=2)
        route = _gram_spectrum if d > n else _covariance_spectrum
        spectrum, mean, deviation = route(x, wanted, solver, standardize, start)
        self._store(x, spectrum, mean, deviation, standardize)
        return self

    def _store(
        self, x: np.ndarray, spectrum: _Spectrum, mean: np.ndarray, deviation: np.ndarray, standardize: bool
    ) -> None:
        n, d = x.shape
        k = len(spectrum.eigenvalues)
        left_out = min(n, d) - k
        self.components_ = _with_fixed_signs(spectrum.vectors).astype(x.dtype)
        self.explained_variance_ = spectrum.eigenvalues
        self.explained_variance_ratio_ = spectrum.eigenvalues / spectrum.total
        self.singular_values_ = np.sqrt((n - 1) * spectrum.eigenvalues)
        self.mean_ = mean
        self.scale_ = deviation if standardize else None
        self.n_components_, self.n_features_in_, self.n_samples_ = k, d, n
        rest = max(spectrum.total - float(spectrum.eigenvalues.sum()), 0.0)
        self.noise_variance_ = rest / left_out if left_out else 0.0
        self.n_iter_, self.matrix_ = spectrum.n_iter, spectrum.matrix
        weight = np.abs(self._weights())
        self._centre_first = bool((np.abs(mean) @ weight > _OFFSET_LIMIT * (deviation @ weight)).any())

    def _weights(self) -> np.ndarray:
        """Return the float64 matrix (d, k) that takes a centred sample to its scores."""
        weights = self.components_.T.astype(np.float64)
        return weights if self.scale_ is None else weights / self.scale_[:, None]

    def transform(self, X: Any) -> np.ndarray:
        """Return the coordinates of `X` on the axes: ``((X - mean_) / scale_) @ components_.T``.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples, n_components_)
            float32 for float32 data, otherwise float64.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If `X` is not finite or has another number of features than the data of ``fit``.

        Notes
        -----
        Near the origin the product is taken of the data as it is and ``mean_``'s own
        coordinates are subtracted from it, which saves a centred copy. Where the mean is
        large beside the spread that would cancel, so blocks of rows are centred one by one.
        """
        self._require_fitted("transform", "components_")
        x = _check.array(X, "PCA", "X", ndim=2, finite=False)
        if x.shape[1] != self.n_features_in_:
            raise ValueError(f"PCA: X must have shape (n_samples, {self.n_features_in_}), as in fit; got {x.shape}")
        scores = self._scores(x)
        # Any product with NaN or infinity shows in the scores, which are fewer than the data.
        if not np.isfinite(scores).all():
            _check.array(x, "PCA", "X", ndim=2)
        return scores

    def _scores(self, x: np.ndarray) -> np.ndarray:
        narrow = np.ascontiguousarray(self._weights(), dtype=x.dtype)
        if not self._centre_first:
            scores: np.ndarray = linalg.matmul(x, narrow)
            # The rounded weights multiplied the mean, so they give its coordinates too.
            scores -= (self.mean_ @ narrow.astype(np.float64)).astype(x.dtype)
            return scores
        scores = np.empty((len(x), self.n_components_), dtype=x.dtype)
        for rows in _slices(len(x), self.n_features_in_):
            scores[rows] = linalg.matmul((x[rows] - self.mean_).astype(x.dtype), narrow)
        return scores

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Return ``fit(X).transform(X)``.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
        y : None
            Not used.

        Returns
        -------
        ndarray, shape (n_samples, n_components_)

        Raises
        ------
        TypeError, ValueError
            As `fit` does.
        """
        return self.fit(X, y).transform(X)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the points with coordinates `X`: ``(X @ components_) * scale_ + mean_``.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_components_)

        Returns
        -------
        ndarray, shape (n_samples, n_features)
            Of all points spanned by the axes, the nearest ones to the samples that were
            transformed (in units of `scale_`).

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If `X` is not finite or has another number of columns than `components_` has rows.
        """
        self._require_fitted("inverse_transform", "components_")
        scores = _check.array(X, "PCA", "X", ndim=2)
        if scores.shape[1] != self.n_components_:
            raise ValueError(f"PCA: X must have shape (n_samples, {self.n_components_}); got {scores.shape}")
        axes = self.components_ if self.scale_ is None else self.components_ * self.scale_
        points: np.ndarray = linalg.matmul(scores, np.ascontiguousarray(axes, dtype=scores.dtype))
        points += self.mean_.astype(scores.dtype)
        return points


def _check_n_components(value: Any, n: int, d: int) -> _Wanted:
    limit = min(n, d)
    if value is None:
        return _Wanted(limit, None)
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, numbers.Integral)):
        name = "n_components (a fraction of the variance)"
        return _Wanted(limit, _check.real(value, "PCA", name, 0.0, 1.0, closed="neither"))
    count = _check.integer(value, "PCA", "n_components", 1)
    if count > limit:
        raise ValueError(
            f"PCA: n_components must be an int from 1 to {limit}, the smaller number of the "
            f"{n} samples and {d} features; got {count}"
        )
    return _Wanted(count, None)


def _choose_route(order: int, k: int, solver: str) -> str:
    """Return the cheapest way to k eigenvectors of a symmetric matrix of that order.

    Counted in multiplications and additions: reduction to tridiagonal form, implicit QL
    and the way back take about 9 m^3, whatever k; a step of subspace iteration takes
    2 m^2 (k + 8) and some 30 steps are needed. Below order 64 the direct way is always
    quick enough, and nothing can fail to converge.
    """
    if solver != "auto":
        return solver
    return "subspace" if order >= 64 and 60 * (k + 8) < 9 * order else "direct"


def _streams(x: np.ndarray, wanted: _Wanted, solver: str, standardize: bool) -> bool:
    """Return whether a few passes over the data are cheaper than its covariance matrix.

    Per element of the data, the matrix takes d / 2 multiply-adds (one triangle); a pass with
    some k + 8 trial vectors of `linalg.covariance_subspace` takes 2 (k + 8), about half as
    fast, and four passes are enough. Only float32 data goes this way: it resolves no angle finer than
    those passes reach, whereas float64 data is owed all its digits.
    """
    n, d = x.shape
    k, share = wanted
    plain = solver == "auto" and not standardize and share is None and x.dtype == np.float32
    return plain and n >= 20 * d and 4 * 2 * 2 * (k + 8) < d / 2


def _streamed_spectrum(x: np.ndarray, k: int) -> tuple[_Spectrum, np.ndarray, np.ndarray] | None:
    """Solve without a covariance matrix; None if the passes did not converge or left float32's range."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", _check.ConvergenceWarning)
        try:
            found = linalg.covariance_subspace(x, k, max_passes=6)
        except _check.ConvergenceWarning:
            return None
        except ValueError:
            _check.array(x, "PCA", "X", ndim=2)  # names the element, and its owner
            return None
    if not _LEAST_SINGLE <= found.variance.max() < np.inf:
        return None
    spectrum = _Spectrum(found.eigenvalues, found.eigenvectors.T, float(found.variance.sum()), found.n_passes, None)
    return spectrum, found.mean, np.sqrt(found.variance)


def _eigenpairs(
    matrix: np.ndarray, wanted: _Wanted, solver: str, start: int, tol: float | None = None
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return leading eigenvalues (descending), eigenvectors in columns, and iterations."""
    limit, share = wanted
    k = limit
    if share is not None and _choose_route(len(matrix), limit, solver) != "direct":
        # How many axes a share needs is known only at the end; iterations start with one
        # and double their number until they reach it.
        k = 1
    total = float(np.trace(matrix))
    while True:
        values, vectors, n_iter = _solve(matrix, k, _choose_route(len(matrix), k, solver), start, tol)
        values = np.maximum(values, 0.0)  # a covariance has no negative eigenvalue
        if share is None:
            return values, vectors, n_iter
        enough = int(np.searchsorted(np.cumsum(values) / total, share, side="right")) + 1
        if enough <= k or k == limit:
            enough = min(enough, k)
            return values[:enough], vectors[:, :enough], n_iter
        k = min(2 * k, limit)


def _solve(matrix: np.ndarray, k: int, route: str, start: int, tol: float | None) -> tuple[np.ndarray, np.ndarray, int]:
    if route == "direct":
        values, vectors = linalg.eigh(matrix)
        return values[::-1][:k], vectors[:, ::-1][:, :k], 0
    if route == "power":
        slow = linalg.power_iteration(matrix, k, tol=_POWER_TOLERANCE, seed=start)
        return slow.eigenvalues, slow.eigenvectors, int(slow.n_iter.max())
    fast = linalg.subspace_iteration(matrix, k, tol=tol, seed=start)
    return fast.eigenvalues, fast.eigenvectors, fast.n_iter


def _covariance_spectrum(
    x: np.ndarray, wanted: _Wanted, solver: str, standardize: bool, start: int
) -> tuple[_Spectrum, np.ndarray, np.ndarray]:
    """Solve the d x d problem; also return the features' means and standard deviations."""
    if _streams(x, wanted, solver, standardize):
        streamed = _streamed_spectrum(x, wanted.limit)
        if streamed is not None:
            return streamed
    try:
        covariance, mean = linalg.covariance(x)
    except ValueError:
        _check.array(x, "PCA", "X", ndim=2)  # names the element, and its owner
        raise
    variance = covariance.diagonal().copy()
    if x.dtype == np.float32 and (variance.min() if standardize else variance.max()) < _LEAST_SINGLE:
        return _covariance_spectrum(x.astype(np.float64), wanted, solver, standardize, start)
    _check_variance(x, mean, variance, standardize)
    deviation = np.sqrt(variance)
    if standardize:
        covariance = covariance / deviation / deviation[:, None]
        np.fill_diagonal(covariance, 1.0)
    total = float(np.trace(covariance))
    tol = _NARROW_TOLERANCE if x.dtype == np.float32 else None
    values, vectors, n_iter = _eigenpairs(covariance, wanted, solver, start, tol)
    return _Spectrum(values, vectors.T, total, n_iter, "covariance"), mean, deviation


def _gram_spectrum(
    x: np.ndarray, wanted: _Wanted, solver: str, standardize: bool, start: int
) -> tuple[_Spectrum, np.ndarray, np.ndarray]:
    """Solve the n x n problem that has the same nonzero eigenvalues.

    If ``G u = lambda u`` with ``G = Xc @ Xc.T / (n - 1)``, then ``v = Xc.T @ u`` has
    ``C v = Xc.T @ (G u) = lambda v``. The centred data is formed in blocks of features.
    """
    n, d = x.shape
    mean, variance = np.empty(d), np.empty(d)
    for _ in _centred_blocks(x, mean, variance, None):
        pass  # a first round for the means and deviations alone
    _check_variance(x, mean, variance, standardize)
    deviation = np.sqrt(variance)
    scale = deviation if standardize else None
    gram = np.zeros((n, n))
    for _, block in _centred_blocks(x, mean, variance, scale):
        gram += linalg.matmul(block, block.T)
    gram = (gram + gram.T) / (2 * (n - 1))
    values, left, n_iter = _eigenpairs(gram, wanted, solver, start)
    vectors = np.empty((d, len(values)))
    for columns, block in _centred_blocks(x, mean, variance, scale):
        vectors[columns] = linalg.matmul(block.T, left)
    # Columns of small variance lost their orthogonality to rounding; this also completes
    # the basis where the variance is zero.
    vectors, _ = linalg.qr(vectors)
    return _Spectrum(values, vectors.T, float(np.trace(gram)), n_iter, "Gram"), mean, deviation


def _centred_blocks(
    x: np.ndarray, mean: np.ndarray, variance: np.ndarray, scale: np.ndarray | None
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield blocks of columns, centred and divided by `scale`; fill in means and variances."""
    for columns in _slices(x.shape[1], x.shape[0]):
        block = x[:, columns].astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):  # _check_variance refuses it in words
            first = block.mean(axis=0)
            block -= first
            correction = block.mean(axis=0)  # what rounding left in the first mean
            block -= correction
            mean[columns] = first + correction
            variance[columns] = (block * block).sum(axis=0) / (len(x) - 1)
        if scale is not None:
            block /= scale[columns]
        yield columns, block


def _slices(count: int, width: int) -> Iterator[slice]:
    step = max(_BLOCK // max(width, 1), 16)
    for begin in range(0, count, step):
        yield slice(begin, min(begin + step, count))


def _check_variance(x: np.ndarray, mean: np.ndarray, variance: np.ndarray, standardize: bool) -> None:
    """Refuse data whose variances overflow, vanish altogether, or vanish where they divide."""
    with np.errstate(over="ignore"):
        total = float(variance.sum())
    if not (np.isfinite(mean).all() and np.isfinite(total)):
        raise ValueError(
            "PCA: X must have squares within the range of float64; got elements up to "
            f"{float(np.abs(x).max()):g} in size (divide the data by a constant first)"
        )
    # Rounding leaves up to about (eps |mean|)^2 of variance in a constant feature.
    suspects = np.flatnonzero(variance <= (16 * np.finfo(np.float64).eps * np.abs(mean)) ** 2)
    matters = standardize or len(suspects) == x.shape[1]
    constant = [int(j) for j in suspects if (x[:, j] == x[0, j]).all()] if matters else []
    if len(constant) == x.shape[1]:
        raise ValueError(f"PCA: X must vary; got {len(x)} identical samples")
    if standardize and constant:
        raise ValueError(f"PCA: X must vary in every feature if standardize is set; got constant feature(s) {constant}")
    if not (variance > 0).all() if standardize else not (variance > 0).any():
        raise ValueError(
            "PCA: X must have squares within the range of float64; got variances that underflow to 0 "
            "(multiply the data by a constant first)"
        )


def _with_fixed_signs(vectors: np.ndarray) -> np.ndarray:
    """Return rows with signs chosen so that in each the largest loading in size is positive."""
    size = np.abs(vectors)
    first = np.argmax(size >= size.max(axis=1, keepdims=True) * (1.0 - _TIE), axis=1)
    chosen = vectors[np.arange(len(vectors)), first]
    signed: np.ndarray = np.where(chosen < 0, -1.0, 1.0)[:, None] * vectors
    return signed
