"""What every recommender shares: prediction, intervals, and visitors folded in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal, Self

import numpy as np

from minigrad import _check
from minigrad.learn._base import Estimator, boolean
from minigrad.learn.recommend._ratings import Ratings, indices
from minigrad.random import Generator

__all__ = ["Folded", "Newcomer", "Reason", "Recommender", "shared"]

# One rating in so many is held out to measure how far predictions miss.
_HELD_OUT = 10


@dataclass(frozen=True)
class Reason:
    """Something that carried a prediction.

    Attributes
    ----------
    kind : {"film", "users"}
        An item that the visitor rated, or a user of like mind who rated the item.
    index : int
        Of that item or user.
    weight : float
        With which it entered: a similarity for neighbours, a share of the prediction in stars
        for models of factors.
    rating : float
        What the visitor gave to that item, or what that user gave to the predicted one.
    support : int
        How many ratings the link rests on: users who rated both items, or items that both
        users rated.
    """

    kind: Literal["film", "users"]
    index: int
    weight: float
    rating: float
    support: int


@dataclass(frozen=True, eq=False)
class Folded:
    """What a model knows about a visitor.

    `expected` and `deviation` have shape (n_items,); `links` returns similarities and their
    support for some items, `reasons` what carried one item's prediction.
    """

    expected: np.ndarray
    deviation: np.ndarray | None
    links: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    reasons: Callable[[int, int], list[Reason]]


class Newcomer:
    """A visitor whose ratings a fitted model took in, without being fitted again.

    Made by `Recommender.fold_in`, which checks.

    Attributes
    ----------
    model : Recommender
    items : ndarray of int64, shape (m,)
        What the visitor rated, ascending.
    values : ndarray of float32, shape (m,)
    """

    def __init__(self, model: Recommender, items: np.ndarray, values: np.ndarray) -> None:
        self.model, self.items, self.values = model, items, values
        self._folded = model._fold(items, values)

    def predict(self, items: Any) -> np.ndarray:
        """Return the rating to expect for each item.

        Parameters
        ----------
        items : array_like of int, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n,)
            Within the scale.

        Raises
        ------
        TypeError, ValueError
            If there is no such item.
        """
        which = self.model._items(items)
        return self.model._clip(self._folded.expected[which])

    def intervals(self, items: Any, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Return where each rating lies with probability `level`.

        Parameters
        ----------
        items : array_like of int, shape (n,)
        level : float, default 0.9
            Between 0 and 1.

        Returns
        -------
        low, high : ndarray of float64, shape (n,)
            Within the scale.

        Raises
        ------
        TypeError, ValueError
            If there is no such item, `level` is out of range, or the model was not calibrated.
        """
        which = self.model._items(items)
        deviation = None if self._folded.deviation is None else self._folded.deviation[which]
        return self.model._interval(self._folded.expected[which], deviation, level)

    def top(
        self, n: int = 5, exclude: Any = (), min_ratings: int = 20
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the items with the highest expected ratings.

        Parameters
        ----------
        n : int, default 5
        exclude : array_like of int, optional
            Items not wanted, besides those that the visitor rated.
        min_ratings : int, default 20
            Only items that at least so many users rated.

        Returns
        -------
        items : ndarray of int64
            At most n, best first; equal ones by their index.
        scores : ndarray of float64
            Expected ratings, within the scale.
        similarities : ndarray of float64
            Between the visitor and the item, in [-1, 1]: of the neighbour with the largest
            similarity that carried the prediction, or the cosine of the vectors of taste; 0
            where the model knows none.
        support : ndarray of int64
            How many ratings that similarity rests on.

        Raises
        ------
        TypeError, ValueError
            If a number is out of range or there is no such item.
        """
        owner = type(self.model).__name__
        count = _check.integer(n, owner, "n", 0)
        least = _check.integer(min_ratings, owner, "min_ratings", 0)
        known, folded = self.model.ratings_, self._folded
        wanted = known.item_counts >= least
        wanted[self.items] = False
        wanted[self.model._items(exclude, "exclude")] = False
        candidates = np.flatnonzero(wanted)
        best = candidates[np.argsort(-folded.expected[candidates], kind="stable")[:count]]
        scores = self.model._clip(folded.expected[best])
        return best, scores, *folded.links(best)

    def reasons(self, item: int, n: int = 3) -> list[Reason]:
        """Return what carried the prediction for an item.

        Parameters
        ----------
        item : int
        n : int, default 3
            How many at most.

        Returns
        -------
        list of Reason
            The weightiest first; empty if nothing but the baseline speaks.

        Raises
        ------
        TypeError, ValueError
            If there is no such item or `n` is negative.
        """
        which = int(self.model._items([item])[0])
        return self._folded.reasons(which, _check.integer(n, type(self.model).__name__, "n", 0))


class Recommender(Estimator, ABC):
    """Base of the recommenders.

    A subclass says how it learns (`_learn`), what it expects of pairs of known users and items
    (`_expect`), and how it takes a visitor in (`_fold`).
    """

    calibrate: bool

    def fit(self, ratings: Ratings) -> Self:
        """Learn from ratings.

        Parameters
        ----------
        ratings : Ratings

        Returns
        -------
        Recommender
            Itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter is not in its range, or `ratings` is not of that type or empty.

        Notes
        -----
        With ``calibrate=True`` a copy of the model is fitted to nine tenths of the ratings first,
        and the errors that it makes on the other tenth are kept for the intervals (split
        conformal prediction: Vovk, Gammerman and Shafer 2005). A model that knows its own
        uncertainty does not need that.
        """
        owner = type(self).__name__
        if not isinstance(ratings, Ratings):
            raise TypeError(f"{owner}: ratings must be Ratings; got {type(ratings).__name__}")
        if not len(ratings):
            raise ValueError(f"{owner}: ratings must hold at least one rating; got none")
        calibrate = "calibrate" in self._parameter_names() and boolean(self.calibrate, owner, "calibrate")
        errors = self._held_out_errors(ratings) if calibrate and len(ratings) >= 2 * _HELD_OUT else None
        self._learn(ratings)
        self.ratings_ = ratings
        self.errors_ = errors
        return self

    def _held_out_errors(self, ratings: Ratings) -> np.ndarray:
        """Return the sorted errors on ratings that a copy of the model did not see."""
        out = np.zeros(len(ratings), bool)
        out[Generator(0).permutation(len(ratings))[: len(ratings) // _HELD_OUT]] = True
        copy = type(self)(**self.get_params(deep=False)).set_params(calibrate=False).fit(ratings.subset(~out))
        test = ratings.subset(out)
        return np.sort(test.values - copy.predict(test.users, test.items))

    @abstractmethod
    def _learn(self, ratings: Ratings) -> None:
        """Check the parameters and learn."""

    @abstractmethod
    def _expect(self, users: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return expected ratings of pairs, unclipped, and their predictive deviations if known."""

    @abstractmethod
    def _fold(self, items: np.ndarray, values: np.ndarray) -> Folded:
        """Return what is expected of a visitor who rated these items."""

    def _items(self, items: Any, name: str = "items") -> np.ndarray:
        return indices(items, type(self).__name__, name, self.ratings_.n_items, "indices of items")

    def _pairs(self, users: Any, items: Any) -> tuple[np.ndarray, np.ndarray]:
        owner = type(self).__name__
        who = indices(users, owner, "users", self.ratings_.n_users, "indices of users")
        what = self._items(items)
        if len(who) != len(what):
            raise ValueError(f"{owner}: users and items must have the same length; got {len(who)} and {len(what)}")
        return who, what

    def _clip(self, values: np.ndarray) -> np.ndarray:
        clipped: np.ndarray = np.clip(values, *self.ratings_.scale)
        return clipped

    def _interval(
        self, expected: np.ndarray, deviation: np.ndarray | None, level: float
    ) -> tuple[np.ndarray, np.ndarray]:
        owner = type(self).__name__
        inside = _check.real(level, owner, "level", 0.0, 1.0, closed="neither")
        if deviation is not None:
            reach = NormalDist().inv_cdf(0.5 + inside / 2) * deviation
            return self._clip(expected - reach), self._clip(expected + reach)
        if self.errors_ is None:
            raise ValueError(
                f"{owner}: calibrate must be True, with at least {2 * _HELD_OUT} ratings, for intervals; got a model "
                "that was fitted otherwise"
            )
        # Of m errors, the k-th smallest is passed by a new one with probability 1 - k / (m + 1).
        m = len(self.errors_)
        k = min(max(int((m + 1) * (1 - inside) / 2), 1), m)
        centre = self._clip(expected)
        return self._clip(centre + self.errors_[k - 1]), self._clip(centre + self.errors_[m - k])

    def predict(self, users: Any, items: Any) -> np.ndarray:
        """Return the rating to expect of each pair of a user and an item.

        Parameters
        ----------
        users, items : array_like of int, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n,)
            Within the scale.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            Before `fit`; if lengths differ or there is no such user or item.
        """
        self._require_fitted("predict", "ratings_")
        expected, _ = self._expect(*self._pairs(users, items))
        return self._clip(expected)

    def intervals(self, users: Any, items: Any, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Return where the rating of each pair lies with probability `level`.

        Parameters
        ----------
        users, items : array_like of int, shape (n,)
        level : float, default 0.9
            Between 0 and 1.

        Returns
        -------
        low, high : ndarray of float64, shape (n,)
            Within the scale.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            Before `fit`; if lengths differ, there is no such user or item, `level` is out of
            range, or the model was not calibrated.
        """
        self._require_fitted("intervals", "ratings_")
        return self._interval(*self._expect(*self._pairs(users, items)), level)

    def fold_in(self, items: Any, values: Any) -> Newcomer:
        """Take in a visitor's ratings, without fitting again.

        Parameters
        ----------
        items : array_like of int, shape (m,)
            Different ones; none is allowed.
        values : array_like, shape (m,)
            Within the scale.

        Returns
        -------
        Newcomer

        Raises
        ------
        NotFittedError, TypeError, ValueError
            Before `fit`; if there is no such item, one is given twice, lengths differ, or a
            value is off the scale.
        """
        self._require_fitted("fold_in", "ratings_")
        which = self._items(items)
        low, high = self.ratings_.scale
        own = Ratings(np.zeros(len(which), np.int64), which, values, 1, self.ratings_.n_items, (low, high))
        return Newcomer(self, own.items, own.values)


def shared(table: Any, a: int, b: int) -> int:
    """Return how many columns two rows of a table have in common."""
    return len(np.intersect1d(table.row(a)[0], table.row(b)[0], assume_unique=True))
