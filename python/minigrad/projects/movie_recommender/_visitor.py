"""A visitor: the ratings typed in, the methods fitted so far, and what each would recommend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import ui
from minigrad.datasets import RatingsDataset
from minigrad.learn import recommend
from minigrad.projects.movie_recommender._catalogue import Catalogue
from minigrad.projects.movie_recommender._methods import METHODS

__all__ = ["LEAST", "Suggestion", "Visitor", "table_of"]

LEAST = 20  # ratings that a film must have to be recommended


def table_of(data: RatingsDataset, rows: Any = slice(None)) -> recommend.Ratings:
    """Return ratings of a data set as the models take them.

    Parameters
    ----------
    data : RatingsDataset
    rows : slice or ndarray, optional
        Which ratings; by default all.
    """
    return recommend.Ratings(
        data.users[rows],
        data.items[rows],
        data.values[rows],
        len(data.user_ids),
        len(data.item_ids),
        scale=data.scale,
    )


@dataclass(frozen=True)
class Suggestion:
    """A film recommended.

    Attributes
    ----------
    film : int
    expected, low, high : float
        The rating to expect, and its 90 % interval.
    similarity : float
        Between the visitor and the film, as the method sees it.
    support : int
        How many ratings that rests on.
    reasons : list of Reason
    """

    film: int
    expected: float
    low: float
    high: float
    similarity: float
    support: int
    reasons: list[recommend.Reason]


class Visitor:
    """A visitor and what is known about them.

    Parameters
    ----------
    catalogue : Catalogue
    method : str
        One of `METHODS`.
    seed : int

    Attributes
    ----------
    ratings : dict of int to float
        By film, in the order in which they were given.
    """

    def __init__(self, catalogue: Catalogue, method: str, seed: int) -> None:
        self.catalogue, self.method, self._seed = catalogue, method, seed
        self.ratings: dict[int, float] = {}
        self._table = table_of(catalogue.data)
        self._models: dict[str, recommend.Recommender] = {}
        self._ranked: list[Suggestion] = []
        self._stale = True

    def rate(self, film: int, value: float | None) -> None:
        """Note a rating; None forgets it."""
        if value is None:
            self.ratings.pop(film, None)
        else:
            self.ratings[film] = value
        self._stale = True

    def choose(self, method: str) -> None:
        """Recommend by another method from here on."""
        self.method, self._stale = method, True

    def model(self, method: str | None = None) -> recommend.Recommender:
        """Return a fitted model; it is fitted when it is first asked for."""
        name = method or self.method
        if name not in self._models:
            with ui.progress(f"Learning from the ratings by {METHODS[name].words}", unit=""):
                self._models[name] = METHODS[name].make(self._seed).fit(self._table)
        return self._models[name]

    def baseline(self) -> tuple[float, np.ndarray, np.ndarray, float]:
        """Return what the method's neighbours are compared about.

        Returns
        -------
        mean : float
        users, films : ndarray of float
            How far each lies from the mean.
        damping : float
            Ratings near the mean that every user is credited with.
        """
        model = self.model()
        assert isinstance(model, recommend.KNN)
        lone = recommend.Baseline(model.reg_user, model.reg_item, calibrate=False).fit(self._table)
        return self._table.mean, lone.user_bias_, lone.item_bias_, model.reg_user

    def taken_in(self) -> recommend.Newcomer:
        """Return the visitor as the method sees them."""
        films = list(self.ratings)
        values = np.array([self.ratings[film] for film in films], np.float32)
        return self.model().fold_in(np.array(films, np.int64), values)

    def suggestions(self, n: int) -> list[Suggestion]:
        """Return the n best films that the visitor has not rated."""
        if self._stale or len(self._ranked) < n:
            self._ranked, self._stale = self._rank(max(n, 20)), False
        return self._ranked[:n]

    def _rank(self, n: int) -> list[Suggestion]:
        who = self.taken_in()
        films, scores, similarities, support = who.top(n, min_ratings=LEAST)
        if not len(films):
            return []
        low, high = who.intervals(films, level=0.9)
        columns = zip(films, scores, low, high, similarities, support, strict=True)
        return [
            Suggestion(int(f), float(e), float(a), float(b), float(s), int(m), who.reasons(int(f), 3))
            for f, e, a, b, s, m in columns
        ]

    def similar(self, film: int, n: int) -> list[tuple[int, float, int]]:
        """Return the films most similar to one: film, similarity, and on how many ratings that rests."""
        who = self.model("items").fold_in([film], [self._table.scale[1]])
        films, _, similarities, support = who.top(len(self.catalogue.names), min_ratings=LEAST)
        best = np.argsort(-similarities, kind="stable")[:n]
        return [(int(films[i]), float(similarities[i]), int(support[i])) for i in best if similarities[i] > 0]

    @property
    def tells_nothing(self) -> bool:
        """Whether all ratings are equal, so that they say nothing about what is preferred."""
        return len(set(self.ratings.values())) == 1
