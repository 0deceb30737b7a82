"""The baseline: a mean, and how far each user and each item lie from it."""

from __future__ import annotations

import numpy as np

from minigrad import _check
from minigrad._native import check_status, lib, pointer
from minigrad.learn.recommend._model import Folded, Recommender
from minigrad.learn.recommend._ratings import Ratings

__all__ = ["Baseline", "biases"]


def biases(ratings: Ratings, reg_user: float, reg_item: float, sweeps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the damped biases of users and items."""
    user_bias, item_bias = np.empty(ratings.n_users), np.empty(ratings.n_items)
    status = lib.mg_baseline_fit(
        ratings.by_user.c,
        ratings.by_item.c,
        ratings.mean,
        reg_user,
        reg_item,
        sweeps,
        pointer(user_bias, True),
        pointer(item_bias, True),
    )
    check_status(status, "Baseline")
    return user_bias, item_bias


class Baseline(Recommender):
    """Mean plus a damped bias of the user plus a damped bias of the item.

    Parameters
    ----------
    reg_user : float, default 5.0
        Ratings near the mean that every user is credited with; at least 0.
    reg_item : float, default 2.0
        The same for items.
    n_sweeps : int, default 10
        Alternations between users and items.
    calibrate : bool, default True
        Measure errors on held-out ratings, for intervals.

    Attributes
    ----------
    ratings_ : Ratings
    user_bias_ : ndarray of float64, shape (n_users,)
    item_bias_ : ndarray of float64, shape (n_items,)
    errors_ : ndarray or None
        Sorted errors on held-out ratings.

    Notes
    -----
    Minimises ``sum (r_ui - mean - b_u - c_i)^2 + reg_user sum b_u^2 + reg_item sum c_i^2``; the
    derivation stands in ``csrc/learn/baseline.c``. O(n_ratings n_sweeps).

    References
    ----------
    Y. Koren, "Factor in the neighbors: scalable and accurate collaborative filtering", ACM
    Transactions on Knowledge Discovery from Data 4(1), 2010, section 2.2.

    Examples
    --------
    >>> from minigrad.learn.recommend import Baseline, Ratings
    >>> ratings = Ratings([0, 0, 1, 1], [0, 1, 0, 1], [5, 4, 3, 2])
    >>> model = Baseline(reg_user=0, reg_item=0).fit(ratings)
    >>> model.predict([0, 1], [0, 1])
    array([5., 2.])
    """

    def __init__(
        self, reg_user: float = 5.0, reg_item: float = 2.0, n_sweeps: int = 10, calibrate: bool = True
    ) -> None:
        self.reg_user = reg_user
        self.reg_item = reg_item
        self.n_sweeps = n_sweeps
        self.calibrate = calibrate

    def _learn(self, ratings: Ratings) -> None:
        reg_user = _check.real(self.reg_user, "Baseline", "reg_user", 0.0)
        reg_item = _check.real(self.reg_item, "Baseline", "reg_item", 0.0)
        sweeps = _check.integer(self.n_sweeps, "Baseline", "n_sweeps", 1)
        self.user_bias_, self.item_bias_ = biases(ratings, reg_user, reg_item, sweeps)

    def _expect(self, users: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        return self.ratings_.mean + self.user_bias_[users] + self.item_bias_[items], None

    def _fold(self, items: np.ndarray, values: np.ndarray) -> Folded:
        expected = self.ratings_.mean + self.item_bias_
        if len(items):
            misses = values - expected[items]
            expected = expected + float(misses.sum()) / (self.reg_user + len(items))
        counts = self.ratings_.item_counts
        return Folded(expected, None, lambda which: (np.zeros(len(which)), counts[which]), lambda item, n: [])
