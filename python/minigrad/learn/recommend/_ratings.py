"""A sparse table of ratings, by user and by item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad import _check
from minigrad._native import ffi, pointer
from minigrad.random import Generator

__all__ = ["Ratings", "Table", "indices", "kfold"]

_MOST = 2**31 - 1


def indices(value: Any, owner: str, name: str, limit: int, what: str) -> np.ndarray:
    """Return `value` as a one-dimensional int64 array of indices from 0 to `limit` - 1.

    Raises
    ------
    TypeError, ValueError
        If it is not of integers, not one-dimensional, or an element is out of range (it is named).
    """
    result = np.atleast_1d(np.asarray(value))
    if result.size == 0:
        result = result.astype(np.int64)
    if result.dtype.kind not in "iu":
        raise TypeError(f"{owner}: {name} must be an array of integers; got dtype {result.dtype}")
    if result.ndim != 1:
        raise ValueError(f"{owner}: {name} must be one-dimensional; got shape {result.shape}")
    bad = np.flatnonzero((result < 0) | (result >= limit))
    if len(bad):
        raise ValueError(
            f"{owner}: {name} must be {what} from 0 to {limit - 1}; got {result[bad[0]]} at position {bad[0]}"
        )
    return np.ascontiguousarray(result, dtype=np.int64)


class Table:
    """Compressed rows, as ``mg_table_t``: the entries of row r are ``start[r]`` to ``start[r + 1] - 1``."""

    def __init__(self, start: np.ndarray, index: np.ndarray, value: np.ndarray, n_columns: int) -> None:
        self.start, self.index, self.value, self.n_columns = start, index, value, n_columns
        self.n_rows = len(start) - 1
        self.counts = np.diff(start)

    @classmethod
    def of(cls, rows: np.ndarray, columns: np.ndarray, values: np.ndarray, n_rows: int, n_columns: int) -> Table:
        """Build from triples that are sorted by row, then by column."""
        start = np.zeros(n_rows + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=n_rows), out=start[1:])
        return cls(start, columns.astype(np.int32), np.ascontiguousarray(values, np.float32), n_columns)

    def row(self, r: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the columns and the values of row r: views."""
        part = slice(self.start[r], self.start[r + 1])
        return self.index[part], self.value[part]

    @property
    def c(self) -> Any:
        """The struct that C reads; it borrows this table's arrays, so it must not outlive the table."""
        fields = (pointer(self.start), pointer(self.index), pointer(self.value))
        return ffi.new("mg_table_t *", (self.n_rows, self.n_columns, *fields))


class Ratings:
    """Ratings that users gave to items: who, what, how many stars.

    Parameters
    ----------
    users, items : array_like of int, shape (n,)
        Indices from 0.
    values : array_like, shape (n,)
        The ratings; kept as float32.
    n_users, n_items : int, optional
        How many there are; by default just as many as the indices need.
    scale : (float, float), default (1, 5)
        The lowest and the highest rating that can be given.

    Attributes
    ----------
    users, items : ndarray of int64, shape (n,)
        Sorted by user, then by item.
    values : ndarray of float32, shape (n,)
    n_users, n_items, n_ratings : int
    scale : tuple of float
    mean : float
        Of all ratings; the middle of the scale if there are none.
    user_counts, item_counts : ndarray of int64

    Raises
    ------
    TypeError
        If indices are not integers or values are not real numbers.
    ValueError
        If lengths differ, an index is out of range, a value is not finite or off the scale, a
        user rated an item twice, or the scale does not ascend. The message names the position.

    Notes
    -----
    The table is kept twice, in compressed rows by user and by item (inverted lists), and never
    as a dense matrix: 8 bytes a rating each way.

    Examples
    --------
    >>> from minigrad.learn.recommend import Ratings
    >>> ratings = Ratings([0, 0, 1], [0, 2, 2], [5, 3, 4])
    >>> ratings
    Ratings(3 ratings, 2 users, 3 items, scale 1 to 5)
    >>> ratings.of_user(0)
    (array([0, 2]), array([5., 3.], dtype=float32))
    >>> ratings.mean
    4.0
    """

    def __init__(
        self,
        users: Any,
        items: Any,
        values: Any,
        n_users: int | None = None,
        n_items: int | None = None,
        scale: tuple[float, float] = (1, 5),
    ) -> None:
        owner = "Ratings"
        low, high = (_check.real(end, owner, "scale") for end in scale)
        if not low < high:
            raise ValueError(f"{owner}: scale must ascend; got {scale}")
        limits = [
            _MOST if n is None else _check.integer(n, owner, name, 0, _MOST)
            for n, name in ((n_users, "n_users"), (n_items, "n_items"))
        ]
        who = indices(users, owner, "users", limits[0], "indices")
        what = indices(items, owner, "items", limits[1], "indices")
        stars = _check.array(values, owner, "values", ndim=1, dtype=np.float32)
        if not len(who) == len(what) == len(stars):
            lengths = f"{len(who)}, {len(what)} and {len(stars)}"
            raise ValueError(f"{owner}: users, items and values must have the same length; got {lengths}")
        off = np.flatnonzero((stars < low) | (stars > high))
        if len(off):
            raise ValueError(
                f"{owner}: values must be from {low:g} to {high:g}; got {stars[off[0]]:g} at position {off[0]}"
            )
        self.n_users = limits[0] if n_users is not None else int(who.max(initial=-1)) + 1
        self.n_items = limits[1] if n_items is not None else int(what.max(initial=-1)) + 1
        self.scale = (low, high)
        order = np.lexsort((what, who))
        self.users, self.items, self.values = who[order], what[order], stars[order]
        same = np.flatnonzero((np.diff(self.users) == 0) & (np.diff(self.items) == 0))
        if len(same):
            pair = f"user {self.users[same[0]]} and item {self.items[same[0]]}"
            positions = sorted(order[same[0] : same[0] + 2].tolist())
            raise ValueError(f"{owner}: every user must rate an item once; got {pair} at positions {positions}")
        self._arrange()

    def _arrange(self) -> None:
        self.n_ratings = len(self.values)
        self.mean = float(self.values.mean(dtype=np.float64)) if self.n_ratings else (self.scale[0] + self.scale[1]) / 2
        self.by_user = Table.of(self.users, self.items, self.values, self.n_users, self.n_items)
        order = np.lexsort((self.users, self.items))
        self.by_item = Table.of(self.items[order], self.users[order], self.values[order], self.n_items, self.n_users)
        self.user_counts, self.item_counts = self.by_user.counts, self.by_item.counts

    def __len__(self) -> int:
        return self.n_ratings

    def __repr__(self) -> str:
        low, high = self.scale
        return (
            f"Ratings({self.n_ratings:,} ratings, {self.n_users:,} users, {self.n_items:,} items, "
            f"scale {low:g} to {high:g})"
        )

    def of_user(self, user: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what a user rated.

        Parameters
        ----------
        user : int

        Returns
        -------
        items : ndarray of int64
            Ascending.
        values : ndarray of float32

        Raises
        ------
        TypeError, ValueError
            If there is no such user.
        """
        index, value = self.by_user.row(_check.integer(user, "Ratings", "user", 0, self.n_users - 1))
        return index.astype(np.int64), value.copy()

    def of_item(self, item: int) -> tuple[np.ndarray, np.ndarray]:
        """Return who rated an item.

        Parameters
        ----------
        item : int

        Returns
        -------
        users : ndarray of int64
            Ascending.
        values : ndarray of float32

        Raises
        ------
        TypeError, ValueError
            If there is no such item.
        """
        index, value = self.by_item.row(_check.integer(item, "Ratings", "item", 0, self.n_items - 1))
        return index.astype(np.int64), value.copy()

    def subset(self, which: Any) -> Ratings:
        """Return some of the ratings, of the same users and items.

        Parameters
        ----------
        which : array_like of bool, shape (n_ratings,)
            True for those to keep, in the order of `users`, `items` and `values`.

        Returns
        -------
        Ratings

        Raises
        ------
        TypeError, ValueError
            If it is not of booleans, or has another length.
        """
        mask = np.asarray(which)
        if mask.dtype != np.bool_:
            raise TypeError(f"Ratings: which must be an array of booleans; got dtype {mask.dtype}")
        if mask.shape != (self.n_ratings,):
            raise ValueError(f"Ratings: which must have shape {(self.n_ratings,)}; got {mask.shape}")
        part = Ratings.__new__(Ratings)
        part.n_users, part.n_items, part.scale = self.n_users, self.n_items, self.scale
        part.users, part.items, part.values = self.users[mask], self.items[mask], self.values[mask]
        part._arrange()
        return part


def kfold(ratings: Ratings, n_folds: int = 5, random_state: int | None = None) -> Iterator[tuple[Ratings, Ratings]]:
    """Yield the parts of a cross-validation: each rating is in the test part once.

    Parameters
    ----------
    ratings : Ratings
    n_folds : int, default 5
        From 2 to the number of ratings.
    random_state : int, optional
        Seed of the shuffling; None is 0.

    Yields
    ------
    train, test : Ratings

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its type or out of range.

    Examples
    --------
    >>> from minigrad.learn.recommend import Ratings, kfold
    >>> ratings = Ratings([0, 0, 1, 1], [0, 1, 0, 1], [1, 2, 3, 4])
    >>> [(len(train), len(test)) for train, test in kfold(ratings, 2)]
    [(2, 2), (2, 2)]
    """
    if not isinstance(ratings, Ratings):
        raise TypeError(f"kfold: ratings must be Ratings; got {type(ratings).__name__}")
    folds = _check.integer(n_folds, "kfold", "n_folds", 2, max(2, len(ratings)))
    seed = 0 if random_state is None else _check.seed(random_state, "kfold", "random_state")
    order = Generator(seed).permutation(len(ratings))
    fold = np.empty(len(ratings), np.int64)
    fold[order] = np.arange(len(ratings)) % folds
    for k in range(folds):
        yield ratings.subset(fold != k), ratings.subset(fold == k)
