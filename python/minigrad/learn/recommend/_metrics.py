"""How good recommendations are: errors of ratings, quality of lists, honesty of intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minigrad import _check
from minigrad.learn.recommend._model import Recommender
from minigrad.learn.recommend._ratings import Ratings

__all__ = ["evaluate", "mae", "rank_quality", "rmse"]


def _two(truth: Any, predicted: Any, owner: str) -> np.ndarray:
    a = _check.array(truth, owner, "truth", ndim=1, dtype=np.float64)
    b = _check.array(predicted, owner, "predicted", ndim=1, dtype=np.float64)
    if a.shape != b.shape or not len(a):
        raise ValueError(f"{owner}: predicted must have the shape of truth, not empty; got {b.shape} and {a.shape}")
    difference: np.ndarray = b - a
    return difference


def rmse(truth: Any, predicted: Any) -> float:
    """Return the root of the mean squared error.

    Parameters
    ----------
    truth, predicted : array_like, shape (n,)

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If shapes differ, there are no elements, or one is not finite.

    Examples
    --------
    >>> rmse([1, 2], [4, 6])
    3.5355339059327378
    """
    error = _two(truth, predicted, "rmse")
    return math.sqrt((error * error).mean())


def mae(truth: Any, predicted: Any) -> float:
    """Return the mean absolute error.

    Parameters
    ----------
    truth, predicted : array_like, shape (n,)

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If shapes differ, there are no elements, or one is not finite.

    Examples
    --------
    >>> mae([1, 2], [4, 6])
    3.5
    """
    return float(np.abs(_two(truth, predicted, "mae")).mean())


def rank_quality(ranked: Any, relevant: Any, k: int = 10) -> tuple[float, float, float]:
    """Return precision, recall and NDCG of the first k of a ranked list.

    Parameters
    ----------
    ranked : array_like of int
        Items, best first.
    relevant : array_like of int
        The items that are right; not empty.
    k : int, default 10

    Returns
    -------
    precision : float
        Share of the k that is relevant.
    recall : float
        Share of the relevant items that is among the k.
    ndcg : float
        Sum of 1 / log2(1 + rank) over hits, over the largest sum possible (Jarvelin and
        Kekalainen 2002, with gains of 0 or 1).

    Raises
    ------
    TypeError, ValueError
        If `relevant` is empty or `k` is less than 1.

    Examples
    --------
    >>> precision, recall, ndcg = rank_quality([3, 1, 4], [3, 4, 5], k=2)
    >>> precision, round(recall, 3), round(ndcg, 3)
    (0.5, 0.333, 0.613)
    """
    cut = _check.integer(k, "rank_quality", "k", 1)
    right = np.unique(np.asarray(relevant))
    if not len(right):
        raise ValueError("rank_quality: relevant must hold at least one item; got none")
    hits = np.isin(np.asarray(ranked)[:cut], right)
    gains = np.array([1.0 / math.log2(rank) for rank in range(2, cut + 2)])
    ideal = float(gains[: min(cut, len(right))].sum())
    return float(hits.sum()) / cut, float(hits.sum()) / len(right), float(gains[: len(hits)][hits].sum()) / ideal


# Users whose lists are made at a time: what models look up for an item serves them all.
_USERS = 128


def _lists(model: Recommender, train: Ratings, test: Ratings, k: int, liked: float) -> tuple[list[float], set[int]]:
    """Return the mean precision, recall and NDCG of users who liked something, and all items recommended."""
    totals, recommended = [0.0, 0.0, 0.0], set[int]()
    users = np.unique(test.users[test.values >= liked])
    everything = np.arange(train.n_items)
    for first in range(0, len(users), _USERS):
        block = users[first : first + _USERS]
        expected, _ = model._expect(np.repeat(block, train.n_items), np.tile(everything, len(block)))
        for user, scores in zip(block.tolist(), expected.reshape(len(block), -1), strict=True):
            scores[train.of_user(user)[0]] = -np.inf
            best = np.argsort(-scores, kind="stable")[:k]
            recommended.update(best.tolist())
            items, values = test.of_user(user)
            for i, value in enumerate(rank_quality(best, items[values >= liked], k)):
                totals[i] += value
    return [total / max(len(users), 1) for total in totals], recommended


def evaluate(
    make_model: Callable[[], Recommender],
    folds: Iterable[tuple[Ratings, Ratings]],
    k: int = 10,
    level: float = 0.9,
    liked: float = 4.0,
) -> dict[str, float]:
    """Return how good a recommender is, averaged over folds.

    Parameters
    ----------
    make_model : callable
        Returns a new recommender, not fitted.
    folds : iterable of (Ratings, Ratings)
        Training and test parts of the same users and items, as `kfold` yields them.
    k : int, default 10
        Length of the lists.
    level : float, default 0.9
        Of the intervals.
    liked : float, default 4.0
        Ratings from here on make an item relevant.

    Returns
    -------
    dict of str to float
        rmse, mae
            Of the test ratings.
        precision, recall, ndcg
            Of the k items, among all that a user has not rated in training, with the highest
            expected ratings; the mean over the users who liked something in the test part. An
            item that the user never rated counts as wrong, which is hard on every model.
        coverage
            Share of all items that were recommended to somebody.
        covered
            Share of the test ratings inside their intervals.

    Raises
    ------
    TypeError, ValueError
        If `k` or `level` is out of range, or there are no folds.
    """
    cut = _check.integer(k, "evaluate", "k", 1)
    rows = []
    for train, test in folds:
        model = make_model().fit(train)
        predicted = model.predict(test.users, test.items)
        low, high = model.intervals(test.users, test.items, level)
        inside = float(((test.values >= low) & (test.values <= high)).mean())
        quality, recommended = _lists(model, train, test, cut, liked)
        rows.append(
            [
                rmse(test.values, predicted),
                mae(test.values, predicted),
                *quality,
                len(recommended) / train.n_items,
                inside,
            ]
        )
    if not rows:
        raise ValueError("evaluate: folds must hold at least one pair of ratings; got none")
    names = ("rmse", "mae", "precision", "recall", "ndcg", "coverage", "covered")
    return dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))
