"""Neighbours: similarities of sparse rows, and ratings predicted by those of the nearest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from minigrad import _check
from minigrad._native import NULL, check_status, lib, pointer
from minigrad.learn.recommend._baseline import biases
from minigrad.learn.recommend._model import Folded, Reason, Recommender, shared
from minigrad.learn.recommend._ratings import Ratings, Table

__all__ = ["KNN", "Similarities", "similarities"]

_Carriers = Callable[[int], tuple[np.ndarray, np.ndarray, np.ndarray]]
_Kind = Literal["film", "users"]
_Rating = Callable[[int, int], float]

_KINDS = {
    "dot": lib.MG_SIMILARITY_DOT,
    "cosine": lib.MG_SIMILARITY_COSINE,
    "cosine_full": lib.MG_SIMILARITY_COSINE_FULL,
    "pearson": lib.MG_SIMILARITY_PEARSON,
    # The cosine of residuals about the baseline: the baseline stands in for the means.
    "pearson_baseline": lib.MG_SIMILARITY_COSINE,
}


class Similarities:
    """A sparse, symmetric matrix of similarities in compressed rows; made by `similarities`.

    Attributes
    ----------
    start : ndarray of int64, shape (n + 1,)
        The entries of row r are ``start[r]`` to ``start[r + 1] - 1``.
    index : ndarray of int32
        Columns, ascending in a row.
    values : ndarray of float32
    rows : Table
        What is compared.
    """

    def __init__(self, start: np.ndarray, index: np.ndarray, values: np.ndarray, rows: Table) -> None:
        self.start, self.index, self.values, self.rows = start, index, values, rows
        self._table = Table(start, index, values, len(start) - 1)

    def __len__(self) -> int:
        return len(self.start) - 1

    def of(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the columns and the similarities of a row's entries.

        Parameters
        ----------
        row : int

        Returns
        -------
        index, values : ndarray
            Views.

        Raises
        ------
        TypeError, ValueError
            If there is no such row.
        """
        return self._table.row(_check.integer(row, "Similarities", "row", 0, len(self) - 1))

    def support(self, a: int, b: int) -> int:
        """Return how many ratings two rows have in common.

        Parameters
        ----------
        a, b : int

        Returns
        -------
        int

        Raises
        ------
        TypeError, ValueError
            If there is no such row.
        """
        pair = (_check.integer(row, "Similarities", name, 0, len(self) - 1) for row, name in ((a, "a"), (b, "b")))
        return shared(self.rows, *pair)

    def dense(self) -> np.ndarray:
        """Return the matrix with all its zeros, also on the diagonal.

        Returns
        -------
        ndarray of float32, shape (n, n)
        """
        full = np.zeros((len(self), len(self)), np.float32)
        full[np.repeat(np.arange(len(self)), np.diff(self.start)), self.index] = self.values
        return full


def similarities(
    ratings: Ratings, kind: str = "item", similarity: str = "cosine", shrinkage: float = 0.0, min_support: int = 1
) -> Similarities:
    """Return how alike items (or users) are, for all pairs with ratings in common.

    Parameters
    ----------
    ratings : Ratings
    kind : {"item", "user"}, default "item"
    similarity : {"dot", "cosine", "cosine_full", "pearson", "pearson_baseline"}, default "cosine"
        With x and y the ratings that both have in common: ``dot`` is sum x y; ``cosine`` the
        cosine of x and y; ``cosine_full`` the same with the length of the whole rows, where what
        was not rated counts as 0; ``pearson`` the correlation of x and y; ``pearson_baseline``
        the cosine of their residuals about the baseline.
    shrinkage : float, default 0.0
        If more than 0, multiply by ``(n - 1) / (n - 1 + shrinkage)``, n ratings in common.
    min_support : int, default 1
        Leave out pairs with fewer ratings in common.

    Returns
    -------
    Similarities

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its type or out of range.

    Notes
    -----
    The pairs are found through inverted lists: O(sum over users of their squared number of
    ratings) for items, whatever their number; sixteen items share a walk. Sums of products
    alone are taken in float32, others in float64.

    Examples
    --------
    >>> from minigrad.learn.recommend import Ratings, similarities
    >>> ratings = Ratings([0, 0, 1, 1], [0, 1, 0, 1], [3, 4, 4, 3])
    >>> similarities(ratings).dense().round(2)
    array([[0.  , 0.96],
           [0.96, 0.  ]], dtype=float32)
    """
    owner = "similarities"
    if not isinstance(ratings, Ratings):
        raise TypeError(f"{owner}: ratings must be Ratings; got {type(ratings).__name__}")
    _check.choice(kind, owner, "kind", ("item", "user"))
    _check.choice(similarity, owner, "similarity", tuple(_KINDS))
    shrink = _check.real(shrinkage, owner, "shrinkage", 0.0)
    least = _check.integer(min_support, owner, "min_support", 1)
    if similarity == "pearson_baseline":
        residuals = _residuals(ratings, ratings.mean, *biases(ratings, 5.0, 2.0, 10))
    else:
        residuals = ratings.by_user, ratings.by_item
    return _matrix(*residuals, kind, similarity, shrink, least)


def _residuals(ratings: Ratings, mean: float, user: np.ndarray, item: np.ndarray) -> tuple[Table, Table]:
    """Return the ratings less their offsets, by user and by item."""
    tables = []
    for table, own, other in ((ratings.by_user, user, item), (ratings.by_item, item, user)):
        offset = mean + np.repeat(own, table.counts) + other[table.index]
        tables.append(Table(table.start, table.index, (table.value - offset).astype(np.float32), table.n_columns))
    return tables[0], tables[1]


def _matrix(
    by_user: Table, by_item: Table, kind: str, similarity: str, shrinkage: float, min_support: int
) -> Similarities:
    rows, columns = (by_item, by_user) if kind == "item" else (by_user, by_item)
    start = np.empty(rows.n_rows + 1, np.int64)
    blocks = -(-rows.n_rows // 16)
    plan, known = np.empty((blocks + 1, rows.n_rows), np.int32), np.empty((blocks, rows.n_rows), np.uint16)
    tables = rows.c, columns.c
    status = lib.mg_similarity_count(
        *tables, min_support, pointer(start, True), pointer(plan, True), pointer(known, True)
    )
    check_status(status, "similarities")
    index, values = np.empty(start[-1], np.int32), np.empty(start[-1], np.float32)
    status = lib.mg_similarity_fill(
        *tables,
        _KINDS[similarity],
        shrinkage,
        pointer(start),
        pointer(plan),
        pointer(known),
        pointer(index, True),
        pointer(values, True),
    )
    check_status(status, "similarities")
    return Similarities(start, index, values, rows)


class KNN(Recommender):
    """Ratings predicted by those of the nearest items, or of the nearest users.

    Parameters
    ----------
    kind : {"item", "user"}, default "item"
        Neighbours are items that the user rated, or users who rated the item.
    similarity : {"dot", "cosine", "cosine_full", "pearson", "pearson_baseline"}, default "pearson_baseline"
        As in `similarities`.
    k : int, default 40
        Neighbours at most; only those with a similarity above 0 count.
    centre : {"none", "mean", "baseline"}, default "baseline"
        What is averaged: ratings, or their distance from the neighbour's mean, or from the
        baseline.
    shrinkage : float, default 100.0
        Draws similarities that rest on few ratings towards 0; see `similarities`.
    damping : float, default 0.5
        Draws predictions towards the offset where the similarities are small.
    min_support : int, default 1
        Neighbours have at least so many ratings in common.
    reg_user, reg_item : float, default 5.0, 2.0
        Of the baseline; see `Baseline`.
    calibrate : bool, default True
        Measure errors on held-out ratings, for intervals.

    Attributes
    ----------
    ratings_ : Ratings
    similarities_ : Similarities
    errors_ : ndarray or None

    Notes
    -----
    ``r_ui = offset_ui + sum s r_neighbour / (sum s + damping)``, r_neighbour the neighbour's
    distance from its own offset; without a neighbour the offset (the mean, if there is none) is
    the prediction. Of equal similarities the lower index wins.

    A visitor's items are looked up in the matrix, and a visitor's similarities to users are
    computed as one more row: nothing is fitted again.

    References
    ----------
    J. Herlocker, J. Konstan, A. Borchers and J. Riedl, "An algorithmic framework for performing
    collaborative filtering", SIGIR 1999.
    Y. Koren, "Factor in the neighbors", ACM TKDD 4(1), 2010.

    Examples
    --------
    >>> from minigrad.learn.recommend import KNN, Ratings
    >>> ratings = Ratings([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], [5, 5, 1, 1, 5])
    >>> model = KNN(similarity="cosine", centre="none", shrinkage=0, damping=0, calibrate=False).fit(ratings)
    >>> model.predict([2], [1])
    array([5.])
    """

    def __init__(
        self,
        kind: str = "item",
        similarity: str = "pearson_baseline",
        k: int = 40,
        centre: str = "baseline",
        shrinkage: float = 100.0,
        damping: float = 0.5,
        min_support: int = 1,
        reg_user: float = 5.0,
        reg_item: float = 2.0,
        calibrate: bool = True,
    ) -> None:
        self.kind = kind
        self.similarity = similarity
        self.k = k
        self.centre = centre
        self.shrinkage = shrinkage
        self.damping = damping
        self.min_support = min_support
        self.reg_user = reg_user
        self.reg_item = reg_item
        self.calibrate = calibrate

    def _learn(self, ratings: Ratings) -> None:
        kind = _check.choice(self.kind, "KNN", "kind", ("item", "user"))
        similarity = _check.choice(self.similarity, "KNN", "similarity", tuple(_KINDS))
        centre = _check.choice(self.centre, "KNN", "centre", ("none", "mean", "baseline"))
        k = _check.integer(self.k, "KNN", "k", 1)
        damping = _check.real(self.damping, "KNN", "damping", 0.0)
        shrinkage = _check.real(self.shrinkage, "KNN", "shrinkage", 0.0)
        support = _check.integer(self.min_support, "KNN", "min_support", 1)
        reg_user = _check.real(self.reg_user, "KNN", "reg_user", 0.0)
        reg_item = _check.real(self.reg_item, "KNN", "reg_item", 0.0)
        user_bias, item_bias = biases(ratings, reg_user, reg_item, 10)
        baseline = ratings.mean, user_bias, item_bias
        none = 0.0, np.zeros(ratings.n_users), np.zeros(ratings.n_items)
        if centre == "baseline":
            self._offsets = baseline
        elif centre == "none":
            self._offsets = none
        elif kind == "item":
            self._offsets = ratings.mean, none[1], _means(ratings.by_item, ratings.mean)
        else:
            self._offsets = ratings.mean, _means(ratings.by_user, ratings.mean), none[2]
        self._rated = _residuals(ratings, *self._offsets)
        # What similarities are computed from, and the regularised user bias of a visitor.
        self._compared = _residuals(ratings, *(baseline if similarity == "pearson_baseline" else none))
        self._baseline = baseline
        self.similarities_ = _matrix(*self._compared, kind, similarity, shrinkage, support)
        self._used = kind, similarity, centre, k, damping, shrinkage, support, reg_user

    def _expect(self, users: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        kind, _, _, k, damping, *_ = self._used
        a, b, rated = (items, users, self._rated[0]) if kind == "item" else (users, items, self._rated[1])
        order = np.argsort(a, kind="stable")  # a row of similarities is unpacked once for all its pairs
        a, b = np.ascontiguousarray(a[order]), np.ascontiguousarray(b[order])
        sorted_out, sorted_used = np.empty(len(a)), np.empty(len(a), np.int64)
        status = lib.mg_neighbors_predict(
            self.similarities_._table.c,
            rated.c,
            k,
            damping,
            len(a),
            pointer(a),
            pointer(b),
            pointer(sorted_out, True),
            pointer(sorted_used, True),
        )
        check_status(status, "KNN")
        moved, used = np.empty_like(sorted_out), np.empty_like(sorted_used)
        moved[order], used[order] = sorted_out, sorted_used
        mean, user, item = self._offsets
        return self._placed(mean + user[users] + item[items], moved, used > 0), None

    def _placed(self, offset: np.ndarray, moved: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Return offset + moved; without neighbours the offset, or the mean if that is 0 by choice."""
        if self._used[2] == "none":
            return np.where(known, moved, self.ratings_.mean)
        total: np.ndarray = offset + moved
        return total

    def _fold(self, items: np.ndarray, values: np.ndarray) -> Folded:
        kind, similarity, centre, *_ = self._used
        mean, _, item_bias = self._baseline
        plain = values - (mean + item_bias[items])
        own_bias = float(plain.sum()) / (self._used[-1] + len(items)) if len(items) else 0.0
        compared = plain - own_bias if similarity == "pearson_baseline" else values
        compared = np.ascontiguousarray(compared, np.float32)
        shift = own_bias if centre == "baseline" else 0.0
        if centre == "mean" and kind == "user" and len(items):
            shift = float(values.mean()) - self.ratings_.mean
        offset = self._offsets[0] + self._offsets[2] + shift
        return self._by_items(items, values, offset) if kind == "item" else self._by_users(items, compared, offset)

    def _by_items(self, items: np.ndarray, values: np.ndarray, offset: np.ndarray) -> Folded:
        _, _, _, k, damping, *_ = self._used
        residuals, moved = np.ascontiguousarray(values - offset[items], np.float32), np.empty(len(offset))
        status = lib.mg_neighbors_visitor(
            self.similarities_._table.c,
            len(items),
            pointer(items),
            pointer(residuals),
            k,
            damping,
            pointer(moved, True),
        )
        check_status(status, "KNN")

        def carriers(item: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            """Return the visitor's items that are alike, the most alike first, and how alike."""
            index, alike = self.similarities_.of(item)
            at = np.flatnonzero(np.isin(index, items) & (alike > 0))
            at = at[np.argsort(-alike[at], kind="stable")]
            support = [self.similarities_.support(item, other) for other in index[at].tolist()]
            return index[at], alike[at], np.array(support, np.int64)

        known = np.zeros(len(offset), bool)
        for item in items.tolist():
            index, alike = self.similarities_.of(item)
            known[index[alike > 0]] = True
        given = dict(zip(items.tolist(), values.tolist(), strict=True))
        return self._folded(self._placed(offset, moved, known), carriers, "film", lambda _, carrier: given[carrier])

    def _by_users(self, items: np.ndarray, compared: np.ndarray, offset: np.ndarray) -> Folded:
        _, similarity, _, k, damping, shrinkage, least, _ = self._used
        ratings, columns = self.ratings_, self._compared[1]
        alike, support = np.empty(ratings.n_users), np.empty(ratings.n_users, np.int64)
        squares = _squares(self._compared[0]) if similarity == "cosine_full" else None
        status = lib.mg_similarity_row(
            columns.c,
            len(items),
            pointer(items),
            pointer(compared),
            NULL if squares is None else pointer(squares),
            _KINDS[similarity],
            shrinkage,
            least,
            pointer(alike, True),
            pointer(support, True),
        )
        check_status(status, "KNN")
        moved = np.empty(len(offset))
        status = lib.mg_neighbors_like(self._rated[1].c, pointer(alike), k, damping, pointer(moved, True))
        check_status(status, "KNN")

        def carriers(item: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            """Return the users of like mind who rated the item, the most alike first, and how alike."""
            who = ratings.by_item.row(item)[0]
            who = who[alike[who] > 0]
            who = who[np.argsort(-alike[who], kind="stable")]
            return who, alike[who], support[who]

        def rating(item: int, user: int) -> float:
            index, value = ratings.by_item.row(item)
            return float(value[np.searchsorted(index, user)])

        known = np.zeros(len(offset), bool)
        liked = np.repeat(np.arange(ratings.n_items), ratings.item_counts)[alike[ratings.by_item.index] > 0]
        known[liked] = True
        return self._folded(self._placed(offset, moved, known), carriers, "users", rating)

    def _folded(self, expected: np.ndarray, carriers: _Carriers, kind: _Kind, rating: _Rating) -> Folded:
        def links(which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            best = [carriers(item) for item in which.tolist()]
            alike = np.array([float(values[0]) if len(values) else 0.0 for _, values, _ in best])
            return alike, np.array([int(support[0]) if len(support) else 0 for _, _, support in best], np.int64)

        def reasons(item: int, n: int) -> list[Reason]:
            found = zip(*(part[: min(n, self._used[3])].tolist() for part in carriers(item)), strict=True)
            return [Reason(kind, index, alike, rating(item, index), support) for index, alike, support in found]

        return Folded(expected, None, links, reasons)


def _means(table: Table, mean: float) -> np.ndarray:
    """Return the mean of each row less `mean`; 0 for an empty one."""
    rows = np.repeat(np.arange(table.n_rows), table.counts)
    sums = np.bincount(rows, weights=table.value - np.float64(mean), minlength=table.n_rows)
    means: np.ndarray = sums / np.maximum(table.counts, 1)
    return means


def _squares(table: Table) -> np.ndarray:
    """Return the sum of squares of each row."""
    rows = np.repeat(np.arange(table.n_rows), table.counts)
    values = table.value.astype(np.float64)
    sums: np.ndarray = np.bincount(rows, weights=values * values, minlength=table.n_rows)
    return sums
