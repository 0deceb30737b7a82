"""Ratings that people gave to films: what a loader returns, and ratings generated from a known truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from minigrad import _check
from minigrad.datasets._dataset import Dataset
from minigrad.random import Generator

__all__ = ["RatingsDataset", "load_synthetic_ratings"]


@dataclass(frozen=True, eq=False)
class RatingsDataset(Dataset):
    """Ratings, each a user, an item and a value; `data` holds the first two, in rows.

    Attributes
    ----------
    name, target, feature_names, target_names, description, source, synthetic, images
        As in `Dataset`; there are no classes, so `target` is None.
    data : ndarray of shape (n_ratings, 2)
        int64 indices: the user, then the item.
    values : ndarray of shape (n_ratings,)
        float32 ratings.
    user_ids, item_ids : ndarray of shape (n_users,), (n_items,)
        int64 numbers by which the file knows what the indices stand for, ascending.
    titles : tuple of str
        One per item, as published: ``"Matrix, The (1999)"``.
    genres : tuple of tuple of str
        One per item; empty where the file names none.
    scale : tuple of float
        The lowest and the highest rating that can be given.
    step : float
        1 for whole ratings, 0.5 for halves.
    folds : tuple of ndarray
        For each fold that the publishers made, the int64 rows of `data` to be tested on; the rest is for training.
        Empty if they made none.
    """

    values: np.ndarray = field(kw_only=True)
    user_ids: np.ndarray = field(kw_only=True)
    item_ids: np.ndarray = field(kw_only=True)
    titles: tuple[str, ...] = field(kw_only=True)
    genres: tuple[tuple[str, ...], ...] = field(kw_only=True)
    scale: tuple[float, float] = field(kw_only=True)
    step: float = field(kw_only=True)
    folds: tuple[np.ndarray, ...] = field(default=(), kw_only=True)

    @property
    def users(self) -> np.ndarray:
        """Index of the user of each rating."""
        return self.data[:, 0]

    @property
    def items(self) -> np.ndarray:
        """Index of the item of each rating."""
        return self.data[:, 1]

    @property
    def counts(self) -> np.ndarray:
        """Number of ratings of each item."""
        return np.bincount(self.items, minlength=len(self.item_ids))


# What each synthetic factor is called, as if it were a genre.
_KINDS = ("Action", "Comedy", "Drama", "Horror", "Romance", "Thriller", "War", "Western")


def load_synthetic_ratings(
    n_users: int = 300, n_items: int = 200, n_factors: int = 3, *, noise: float = 0.5, seed: int = 0
) -> RatingsDataset:
    """Generate whole ratings from 1 to 5 of items that nobody made, from a low-rank truth.

    A rating is a mean, what the user adds, what the item adds, the product of their factors and
    normal noise, rounded and clipped. Popular items have more ratings, as in life.

    Parameters
    ----------
    n_users, n_items : int, default 300, 200
        At least 2.
    n_factors : int, default 3
        The rank of the truth, from 1 to 8.
    noise : float, default 0.5
        Standard deviation of the noise, before rounding.
    seed : int, default 0

    Returns
    -------
    RatingsDataset
        ``synthetic`` is True, and every title begins with ``Synthetic``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not in its range.

    Examples
    --------
    >>> from minigrad import datasets
    >>> made_up = datasets.load("synthetic-ratings", n_users=50, n_items=40, seed=1)
    >>> made_up.synthetic, made_up.scale, made_up.titles[0]
    (True, (1.0, 5.0), 'Synthetic War 1')
    """
    owner = "load_synthetic_ratings"
    m = _check.integer(n_users, owner, "n_users", 2)
    n = _check.integer(n_items, owner, "n_items", 2)
    k = _check.integer(n_factors, owner, "n_factors", 1, len(_KINDS))
    spread = _check.real(noise, owner, "noise", 0.0)
    generator = Generator(_check.seed(seed, owner))
    taste = generator.normal(size=(m, k))
    # An item is mostly of one kind, so that the kinds can be seen apart.
    kind = generator.integers(0, k, size=n)
    nature = 0.25 * generator.normal(size=(n, k))
    nature[np.arange(n), kind] += 0.7
    generous, good = 0.3 * generator.normal(size=m), 0.3 * generator.normal(size=n)
    # The share of the users who rated an item falls from 0.6 to 0.1 with its number.
    share = 0.1 + 0.5 / (1.0 + 8.0 * np.arange(n) / n)
    users, items = np.nonzero(generator.uniform(size=(m, n)) < share)
    exact = 3.4 + generous[users] + good[items] + (taste[users] * nature[items]).sum(axis=1)
    values = np.clip(np.rint(exact + spread * generator.normal(size=len(users))), 1.0, 5.0)
    return RatingsDataset(
        name="synthetic-ratings",
        data=np.column_stack([users, items]).astype(np.int64),
        target=None,
        feature_names=("user", "item"),
        target_names=(),
        description=f"synthetic ratings of rank {k} with noise of deviation {spread:g}: nobody gave them",
        source="generated",
        synthetic=True,
        values=values.astype(np.float32),
        user_ids=np.arange(1, m + 1),
        item_ids=np.arange(1, n + 1),
        titles=tuple(f"Synthetic {_KINDS[-1 - j]} {i + 1}" for i, j in enumerate(kind)),
        genres=tuple((_KINDS[-1 - j],) for j in kind),
        scale=(1.0, 5.0),
        step=1.0,
    )
