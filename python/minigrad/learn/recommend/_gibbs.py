"""Bayesian matrix factorisation: every unknown drawn from what the ratings leave open."""

from __future__ import annotations

import numpy as np

from minigrad import _check
from minigrad._native import check_status, ffi, lib, pointer
from minigrad.learn._base import seed
from minigrad.learn.recommend._model import Folded, Recommender
from minigrad.learn.recommend._ratings import Ratings, Table
from minigrad.learn.recommend._taste import Taste, stride_of
from minigrad.linalg import eigh, matmul, subspace_iteration
from minigrad.random import Generator

__all__ = ["BayesianMF"]


class _Features:
    """What the rows of a table rated at all, in the leading directions of that indicator matrix.

    Row r of the indicator is 1 / n_r^damping where r has a rating. ``rows`` (n_rows, k) are its
    coordinates, with orthogonal columns of squared lengths ``norms``; ``columns`` (n_columns, k)
    takes the indicator of any other row to its coordinates.
    """

    def __init__(self, table: Table, rank: int, damping: float) -> None:
        self.damping = damping
        rank = min(rank, table.n_rows, table.n_columns)
        if rank == 0:
            self.rows, self.columns = np.zeros((table.n_rows, 0)), np.zeros((table.n_columns, 0))
            self.norms = np.zeros(0)
            return
        dense = np.zeros((table.n_rows, table.n_columns))
        rows = np.repeat(np.arange(table.n_rows), table.counts)
        dense[rows, table.index] = self.weights(table.counts)[rows]
        wide = table.n_rows <= table.n_columns
        gram = matmul(dense, dense.T) if wide else matmul(dense.T, dense)
        values, vectors = _leading(gram, rank)
        keep = values > 1e-10 * max(float(values[0]), 1e-300)
        values, vectors = values[keep], np.ascontiguousarray(vectors[:, keep])
        if wide:
            self.rows = vectors * np.sqrt(values)
            self.columns = np.asarray(matmul(dense.T, vectors)) / np.sqrt(values)
        else:
            self.rows, self.columns = np.asarray(matmul(dense, vectors)), vectors
        self.norms = np.ascontiguousarray(values)

    def weights(self, counts: np.ndarray) -> np.ndarray:
        """Return n^-damping, 0 for n = 0."""
        weights: np.ndarray = np.where(counts > 0, np.maximum(counts, 1).astype(np.float64) ** -self.damping, 0.0)
        return weights

    def of(self, items: np.ndarray) -> np.ndarray:
        """Return the coordinates of a row that has these columns."""
        weight = self.weights(np.array([len(items)]))
        coordinates: np.ndarray = self.columns[items].sum(axis=0) * weight
        return coordinates


def _leading(gram: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest eigenvalues of a Gram matrix and their vectors, as columns."""
    if 4 * rank > len(gram):
        values, vectors = eigh(gram)[:2]
        return np.maximum(values[::-1][:rank], 0.0), vectors[:, ::-1][:, :rank]
    found = subspace_iteration(gram, rank)
    return np.maximum(found.eigenvalues, 0.0), found.eigenvectors


class _Side:
    """The state of the users' or the items' half of the sampler: ``mg_gibbs_side_t``."""

    def __init__(self, table: Table, factors: int, features: _Features, generator: Generator) -> None:
        stride, n = stride_of(factors), table.n_rows
        self.features = features
        self.vectors = np.zeros((n, stride))
        self.vectors[:, 1:factors] = generator.normal(0.0, 0.1, (n, factors - 1))
        self.mean = np.zeros(stride)
        self.precision = np.zeros((factors, stride))
        self.precision[np.arange(factors), np.arange(factors)] = 1.0
        self.noise = np.ones(n)
        self.links = np.zeros((len(features.norms), stride))
        written = [pointer(a, True) for a in (self.vectors, self.mean, self.precision, self.noise)]
        read = [len(features.norms), pointer(features.rows), pointer(features.norms)]
        self.table = table.c
        self.c = ffi.new("mg_gibbs_side_t *", (self.table, *written, *read, pointer(self.links, True), 1.0))


class BayesianMF(Recommender):
    """Matrix factorisation with its uncertainty, by Gibbs sampling.

    Parameters
    ----------
    n_factors : int, default 15
        Length of a vector of taste; from 1 to 255.
    n_samples : int, default 64
        Draws from the posterior that are kept.
    thin : int, default 4
        Sweeps from one kept draw to the next.
    burn_in : int, default 16
        Sweeps before the first of them.
    implicit : int, default 64
        Directions of "who rated what at all" that shift the prior of users and items; 0 for
        none.
    noise_freedom : float, default 20.0
        Every user and item has its own variance of ratings, with so many degrees of freedom of
        prior knowledge; 0 gives all the same.
    random_state : int, optional
        Seed; None is 0.

    Attributes
    ----------
    ratings_ : Ratings
    alphas_ : ndarray of float64, shape (n_samples,)
        Precision of a rating in each draw.

    Notes
    -----
    Vectors are ``x_u = (bias, factors)`` and ``y_i`` alike, ratings normal about
    ``mean + bias_u + bias_i + <p_u, q_i>``, the vectors' priors normal with normal-Wishart
    hyperpriors; the derivation and the sampler stand in ``csrc/learn/gibbs.c``. A prediction is
    the mean over draws; its interval comes from their scatter and the ratings' own variance.

    Implicit feedback: that somebody watched a film says something about both, whatever the
    rating. The 0-or-1 matrix of who rated what, rows divided by ``n^(1/4)``, is reduced to its
    leading singular directions, on which the priors' means depend linearly.

    A sweep costs O(n_ratings D^2 + (n_users + n_items) D^3), D = n_factors + 1; the reduction
    O(n_users n_items min(n_users, n_items)) once. The result is a function of the ratings and
    `random_state` alone, whatever the number of threads.

    References
    ----------
    R. Salakhutdinov and A. Mnih, "Bayesian probabilistic matrix factorization using Markov chain
    Monte Carlo", ICML 2008.
    J. Simm et al., "Macau: scalable Bayesian multi-relational factorization with side information
    using MCMC", 2015.
    S. Rendle, L. Zhang and Y. Koren, "On the difficulty of evaluating baselines", 2019.

    Examples
    --------
    >>> from minigrad.learn.recommend import BayesianMF, Ratings
    >>> ratings = Ratings([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], [5, 1, 5, 1, 5])
    >>> model = BayesianMF(n_factors=2, implicit=0, random_state=1).fit(ratings)
    >>> likes, dislikes = model.predict([2, 2], [0, 1])
    >>> bool(likes > dislikes)
    True
    """

    def __init__(
        self,
        n_factors: int = 15,
        n_samples: int = 64,
        thin: int = 4,
        burn_in: int = 16,
        implicit: int = 64,
        noise_freedom: float = 20.0,
        random_state: int | None = None,
    ) -> None:
        self.n_factors = n_factors
        self.n_samples = n_samples
        self.thin = thin
        self.burn_in = burn_in
        self.implicit = implicit
        self.noise_freedom = noise_freedom
        self.random_state = random_state

    def _learn(self, ratings: Ratings) -> None:
        owner = "BayesianMF"
        factors = _check.integer(self.n_factors, owner, "n_factors", 1, 255) + 1
        samples = _check.integer(self.n_samples, owner, "n_samples", 2)
        thin = _check.integer(self.thin, owner, "thin", 1)
        burn = _check.integer(self.burn_in, owner, "burn_in", 0)
        rank = _check.integer(self.implicit, owner, "implicit", 0)
        freedom = _check.real(self.noise_freedom, owner, "noise_freedom", 0.0)
        if 0 < freedom <= 2:
            raise ValueError(f"{owner}: noise_freedom must be 0 or more than 2; got {self.noise_freedom!r}")
        start = seed(self.random_state, owner)
        generator = Generator(start)
        # The sampler takes the streams of another seed, so that it shares no number with the start.
        sides = [
            _Side(table, factors, _Features(table, rank, 0.25), generator)
            for table in (ratings.by_user, ratings.by_item)
        ]
        stride, low = stride_of(factors), (start + 1) % 2**64
        model = ffi.new("mg_gibbs_t *", (factors, stride, ratings.mean, 1.5, freedom, low, 0))
        kept = [np.empty((samples, len(side.vectors), stride), np.float32) for side in sides]
        noise = [np.empty((samples, len(side.vectors)), np.float32) for side in sides]
        alphas, means = np.empty(samples), np.empty((samples, stride))
        precisions, links = np.empty((samples, factors, stride)), np.empty((samples, *sides[0].links.shape))
        for sweep in range(burn + samples * thin):
            model.sweep = sweep
            check_status(lib.mg_gibbs_sweep(model, sides[0].c, sides[1].c), owner)
            s, rest = divmod(sweep - burn + 1, thin)
            if rest or s < 1:
                continue
            for side, vectors, scatter in zip(sides, kept, noise, strict=True):
                vectors[s - 1], scatter[s - 1] = side.vectors, side.noise
            users = sides[0]
            alphas[s - 1], means[s - 1] = model.alpha, users.mean
            precisions[s - 1], links[s - 1] = users.precision, users.links
        self.alphas_ = alphas
        self._features = sides[0].features
        self._prior = means, precisions, np.ascontiguousarray(np.moveaxis(links, 0, 1))
        self._taste = Taste(owner, ratings, factors, kept[0], kept[1], alphas, noise[0], noise[1], freedom)

    def _expect(self, users: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        return self._taste.pairs(users, items, spread=True)

    def _fold(self, items: np.ndarray, values: np.ndarray) -> Folded:
        means, precisions, links = self._prior
        prior = means
        if len(links):
            shift = matmul(self._features.of(items)[None, :], links.reshape(len(links), -1))
            prior = means + np.asarray(shift).reshape(means.shape)
        return self._taste.fold(items, values, np.ascontiguousarray(prior), precisions, spread=True)
