"""Matrix factorisation, by stochastic gradients and by alternating least squares."""

from __future__ import annotations

import math

import numpy as np

from minigrad import _check
from minigrad._native import check_status, ffi, lib, pointer
from minigrad.learn._base import boolean, seed
from minigrad.learn.recommend._model import Folded, Recommender
from minigrad.learn.recommend._ratings import Ratings
from minigrad.learn.recommend._taste import Taste, stride_of
from minigrad.random import Generator

__all__ = ["ALS", "BiasedMF"]


# Vectors that the gradients step on are padded to a multiple of this.
_LANES = 16


def _start(generator: Generator, n: int, factors: int, scale: float, stride: int) -> np.ndarray:
    """Return padded vectors of small random factors, and biases of 0."""
    vectors = np.zeros((n, stride))
    vectors[:, 1:factors] = generator.normal(0.0, scale, (n, factors - 1))
    return vectors


def _ridge(factors: int, stride: int, weight: float) -> np.ndarray:
    """Return weight I as the prior precision of one sample."""
    precision = np.zeros((1, factors, stride))
    precision[0, np.arange(factors), np.arange(factors)] = weight
    return precision


class BiasedMF(Recommender):
    """Biases and factors learned by stochastic gradient descent.

    Parameters
    ----------
    n_factors : int, default 100
        Length of a vector of taste; from 1 to 511.
    n_epochs : int, default 40
        Passes over the ratings.
    rate : float, default 0.007
        Length of a step; more than 0.
    reg : float, default 0.08
        Penalty on the squares of biases and factors, per rating.
    implicit : bool, default False
        Add to a user's vector one per item rated at all (SVD++).
    shuffle : bool, default True
        Visit the users in a new order in each epoch; each user's ratings are taken in turn.
    init_scale : float, default 0.1
        Standard deviation of the factors at the start.
    random_state : int, optional
        Seed; None is 0.
    calibrate : bool, default True
        Measure errors on held-out ratings, for intervals.

    Attributes
    ----------
    ratings_ : Ratings
    user_factors_ : ndarray of float32, shape (n_users, n_factors)
        With the implicit part, if there is one.
    item_factors_ : ndarray of float32, shape (n_items, n_factors)
    user_bias_, item_bias_ : ndarray of float32
    errors_ : ndarray or None

    Notes
    -----
    The prediction is ``mean + b_u + c_i + <p_u, q_i>``; loss, steps and the order of the implicit
    ones are derived in ``csrc/learn/factor.c``. A visitor's vector solves the same penalised least
    squares with the items held. O(n_ratings n_factors) an epoch, in single precision and in one
    thread, for each step needs the one before it.

    References
    ----------
    Y. Koren, R. Bell and C. Volinsky, "Matrix factorization techniques for recommender systems",
    IEEE Computer 42(8), 2009.
    Y. Koren, "Factorization meets the neighborhood", KDD 2008.

    Examples
    --------
    >>> from minigrad.learn.recommend import BiasedMF, Ratings
    >>> ratings = Ratings([0, 0, 1, 1], [0, 1, 0, 1], [5, 1, 1, 5])
    >>> model = BiasedMF(n_factors=2, n_epochs=2000, rate=0.05, reg=0.0, calibrate=False).fit(ratings)
    >>> model.predict([0, 0, 1, 1], [0, 1, 0, 1]).round(2)
    array([5., 1., 1., 5.])
    """

    def __init__(
        self,
        n_factors: int = 100,
        n_epochs: int = 40,
        rate: float = 0.007,
        reg: float = 0.08,
        implicit: bool = False,
        shuffle: bool = True,
        init_scale: float = 0.1,
        random_state: int | None = None,
        calibrate: bool = True,
    ) -> None:
        self.n_factors = n_factors
        self.n_epochs = n_epochs
        self.rate = rate
        self.reg = reg
        self.implicit = implicit
        self.shuffle = shuffle
        self.init_scale = init_scale
        self.random_state = random_state
        self.calibrate = calibrate

    def _learn(self, ratings: Ratings) -> None:
        owner = "BiasedMF"
        factors = _check.integer(self.n_factors, owner, "n_factors", 1, 511) + 1
        epochs = _check.integer(self.n_epochs, owner, "n_epochs", 1)
        rate = _check.real(self.rate, owner, "rate", 0.0, closed="neither")
        reg = _check.real(self.reg, owner, "reg", 0.0)
        implicit = boolean(self.implicit, owner, "implicit")
        shuffle = boolean(self.shuffle, owner, "shuffle")
        scale = _check.real(self.init_scale, owner, "init_scale", 0.0)
        generator, stride = Generator(seed(self.random_state, owner)), -(-factors // _LANES) * _LANES
        users, items, third = (
            _start(generator, n, factors, scale, stride).astype(np.float32)
            for n in (ratings.n_users, ratings.n_items, ratings.n_items if implicit else 0)
        )
        extra = third if implicit else None
        struct = (factors, users.shape[1], ratings.mean, rate, reg, pointer(users, True), pointer(items, True))
        model, table = ffi.new("mg_sgd_t *", struct), ratings.by_user.c
        for _ in range(epochs):
            order = pointer(generator.permutation(ratings.n_users) if shuffle else np.arange(ratings.n_users))
            if extra is None:
                status = lib.mg_sgd_epoch(model, table, order)
            else:
                status = lib.mg_sgd_epoch_implicit(model, table, pointer(extra, True), order)
            check_status(status, owner)
        if not (np.isfinite(users).all() and np.isfinite(items).all()):
            raise ValueError(f"{owner}: rate must be small enough for the steps to converge; got {self.rate!r}")
        if extra is not None:
            joined = np.empty_like(users)
            check_status(lib.mg_sgd_join(model, table, pointer(extra), pointer(joined, True)), owner)
            users = joined
        self._extra, self._reg, self._factors = extra, reg, factors
        self.user_bias_, self.item_bias_ = users[:, 0], items[:, 0]
        self.user_factors_, self.item_factors_ = users[:, 1:factors], items[:, 1:factors]
        self._taste = Taste(owner, ratings, factors, users[None], items[None])

    def _expect(self, users: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        return self._taste.pairs(users, items, spread=False)

    def _fold(self, items: np.ndarray, values: np.ndarray) -> Folded:
        stride = self._taste.items.shape[2]
        prior = np.zeros((1, stride))
        if self._extra is not None and len(items):
            prior[0] = self._extra[items].sum(axis=0, dtype=np.float64) / math.sqrt(len(items))
        precision = _ridge(self._factors, stride, max(self._reg, 1e-9) * max(len(items), 1))
        return self._taste.fold(items, values, prior, precision, spread=False)


class ALS(Recommender):
    """Biases and factors learned by alternating least squares.

    Parameters
    ----------
    n_factors : int, default 20
        Length of a vector of taste; from 1 to 511.
    n_sweeps : int, default 15
        Alternations between users and items.
    reg : float, default 0.1
        Penalty on the squares of biases and factors, per rating; more than 0.
    init_scale : float, default 0.1
        Standard deviation of the factors at the start.
    random_state : int, optional
        Seed; None is 0.
    calibrate : bool, default True
        Measure errors on held-out ratings, for intervals.

    Attributes
    ----------
    ratings_ : Ratings
    user_factors_ : ndarray of float64, shape (n_users, n_factors)
    item_factors_ : ndarray of float64, shape (n_items, n_factors)
    user_bias_, item_bias_ : ndarray of float64
    losses_ : ndarray of float64, shape (n_sweeps,)
        The penalised sum of squares after each sweep; it never rises.
    errors_ : ndarray or None

    Notes
    -----
    With the items held each user's vector is a small least-squares problem, and the other way
    round (``csrc/learn/factor.c``). Users are independent of one another, so they are solved in
    parallel, and a visitor's vector is one more such problem.
    O(n_ratings n_factors^2 + (n_users + n_items) n_factors^3) a sweep.

    References
    ----------
    Y. Zhou, D. Wilkinson, R. Schreiber and R. Pan, "Large-scale parallel collaborative filtering
    for the Netflix prize", AAIM 2008.
    Y. Hu, Y. Koren and C. Volinsky, "Collaborative filtering for implicit feedback datasets",
    ICDM 2008.

    Examples
    --------
    >>> from minigrad.learn.recommend import ALS, Ratings
    >>> ratings = Ratings([0, 0, 1, 1], [0, 1, 0, 1], [5, 1, 1, 5])
    >>> model = ALS(n_factors=1, n_sweeps=50, reg=1e-4, calibrate=False).fit(ratings)
    >>> model.predict([0, 0, 1, 1], [0, 1, 0, 1]).round(1)
    array([5., 1., 1., 5.])
    """

    def __init__(
        self,
        n_factors: int = 20,
        n_sweeps: int = 15,
        reg: float = 0.1,
        init_scale: float = 0.1,
        random_state: int | None = None,
        calibrate: bool = True,
    ) -> None:
        self.n_factors = n_factors
        self.n_sweeps = n_sweeps
        self.reg = reg
        self.init_scale = init_scale
        self.random_state = random_state
        self.calibrate = calibrate

    def _learn(self, ratings: Ratings) -> None:
        owner = "ALS"
        factors = _check.integer(self.n_factors, owner, "n_factors", 1, 511) + 1
        sweeps = _check.integer(self.n_sweeps, owner, "n_sweeps", 1)
        reg = _check.real(self.reg, owner, "reg", 0.0, closed="neither")
        scale = _check.real(self.init_scale, owner, "init_scale", 0.0)
        generator = Generator(seed(self.random_state, owner))
        users = _start(generator, ratings.n_users, factors, scale, stride_of(factors))
        items = _start(generator, ratings.n_items, factors, scale, stride_of(factors))
        losses = np.empty(sweeps)
        for sweep in range(sweeps):
            for table, other, own in ((ratings.by_user, items, users), (ratings.by_item, users, items)):
                size = (factors, own.shape[1], ratings.mean, reg)
                status = lib.mg_als_solve(table.c, *size, pointer(other), pointer(own, True))
                check_status(status, owner)
            losses[sweep] = self._loss(ratings, factors, users, items, reg)
        self.losses_, self._reg, self._factors = losses, reg, factors
        self.user_bias_, self.item_bias_ = users[:, 0], items[:, 0]
        self.user_factors_, self.item_factors_ = users[:, 1:factors], items[:, 1:factors]
        single = users.astype(np.float32)[None], items.astype(np.float32)[None]
        self._taste = Taste(owner, ratings, factors, *single)

    @staticmethod
    def _loss(ratings: Ratings, factors: int, users: np.ndarray, items: np.ndarray, reg: float) -> float:
        taste = Taste("ALS", ratings, factors, users.astype(np.float32)[None], items.astype(np.float32)[None])
        error = ratings.values - taste.pairs(ratings.users, ratings.items, spread=False)[0]
        penalty = sum(
            float((counts * (own * own).sum(axis=1)).sum())
            for counts, own in ((ratings.user_counts, users), (ratings.item_counts, items))
        )
        return float((error * error).sum()) + reg * penalty

    def _expect(self, users: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        return self._taste.pairs(users, items, spread=False)

    def _fold(self, items: np.ndarray, values: np.ndarray) -> Folded:
        stride = self._taste.items.shape[2]
        prior = np.zeros((1, stride))
        precision = _ridge(self._factors, stride, self._reg * max(len(items), 1))
        return self._taste.fold(items, values, prior, precision, spread=False)
