"""Vectors of taste: what all models of factors expect, of users they know and of visitors."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad._native import NULL, check_status, ffi, lib, pointer
from minigrad.learn.recommend._model import Folded, Reason, shared
from minigrad.learn.recommend._ratings import Ratings

__all__ = ["Taste", "stride_of"]


def stride_of(factors: int) -> int:
    """Return the padded length of a vector of so many elements."""
    return -(-factors // 8) * 8


class Taste:
    """A fitted model's vectors, in several versions; the fields of ``mg_taste_t`` and the users'.

    users : float32 (samples, n_users, stride); items : float32 (samples, n_items, stride), the
    bias first. alpha : (samples,). user_noise, item_noise : float32 (samples, n). The prior of a
    visitor, which may depend on what was rated, is given to `fold`.
    """

    def __init__(
        self,
        owner: str,
        ratings: Ratings,
        factors: int,
        users: np.ndarray,
        items: np.ndarray,
        alpha: np.ndarray | None = None,
        user_noise: np.ndarray | None = None,
        item_noise: np.ndarray | None = None,
        freedom: float = 0.0,
    ) -> None:
        samples = len(items)
        self.owner, self.ratings, self.factors = owner, ratings, factors
        self.users, self.items = users, items
        self.alpha = np.ones(samples) if alpha is None else alpha
        self.user_noise = np.ones(users.shape[:2], np.float32) if user_noise is None else user_noise
        self.item_noise = np.ones(items.shape[:2], np.float32) if item_noise is None else item_noise
        self.freedom = freedom

    def _c(self, prior: np.ndarray | None = None, precision: np.ndarray | None = None) -> Any:
        samples, n_items, stride = self.items.shape
        fields = (samples, n_items, self.factors, stride, self.ratings.mean, pointer(self.items))
        known = (NULL if prior is None else pointer(prior), NULL if precision is None else pointer(precision))
        return ffi.new("mg_taste_t *", (*fields, *known, pointer(self.alpha), pointer(self.item_noise), self.freedom))

    def pairs(self, users: np.ndarray, items: np.ndarray, spread: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the expected ratings of pairs and, on request, their deviations."""
        expected, variance = np.empty(len(users)), np.empty(len(users)) if spread else None
        status = lib.mg_taste_pairs(
            self._c(),
            self.users.shape[1],
            pointer(self.users),
            pointer(self.user_noise),
            len(users),
            pointer(users),
            pointer(items),
            pointer(expected, True),
            NULL if variance is None else pointer(variance, True),
        )
        check_status(status, self.owner)
        return expected, None if variance is None else np.sqrt(variance)

    def fold(
        self, items: np.ndarray, values: np.ndarray, prior: np.ndarray, precision: np.ndarray, spread: bool
    ) -> Folded:
        """Take in a visitor whose vector has this prior: (samples, stride), (samples, factors, stride)."""
        samples, n_items, stride = self.items.shape
        c, rated, given = self._c(prior, precision), pointer(items), pointer(values)
        means, draws, scatter = np.empty((samples, stride)), np.empty((samples, stride)), np.empty(samples)
        inside = (pointer(means, True), pointer(draws, True), pointer(scatter, True))
        check_status(lib.mg_taste_fold(c, len(items), rated, given, 0, *inside), self.owner)
        expected, variance = np.empty(n_items), np.empty(n_items) if spread else None
        outside = (pointer(expected, True), NULL if variance is None else pointer(variance, True))
        check_status(lib.mg_taste_expect(c, *inside, *outside), self.owner)

        def links(which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            cosines = np.empty(len(which))
            status = lib.mg_taste_cosine(self._c(), pointer(means), len(which), pointer(which), pointer(cosines, True))
            check_status(status, self.owner)
            return cosines, self.ratings.item_counts[which]

        def reasons(item: int, n: int) -> list[Reason]:
            shares = np.empty(len(items))
            again = self._c(prior, precision)
            status = lib.mg_taste_explain(
                again, len(items), pointer(items), pointer(values), item, pointer(shares, True)
            )
            check_status(status, self.owner)
            by_item = self.ratings.by_item
            return [
                Reason("film", int(items[k]), float(shares[k]), float(values[k]), shared(by_item, item, int(items[k])))
                for k in np.argsort(-np.abs(shares), kind="stable")[:n]
            ]

        return Folded(expected, None if variance is None else np.sqrt(variance), links, reasons)
