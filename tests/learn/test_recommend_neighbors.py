"""Similarities and neighbours against slow, obvious implementations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad.learn.recommend import KNN, Baseline, Ratings, similarities

pytestmark = pytest.mark.native

KINDS = ["dot", "cosine", "cosine_full", "pearson", "pearson_baseline"]


def table(seed, n_users=14, n_items=17, share=0.4):
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < share)
    return Ratings(users, items, rng.integers(1, 6, len(users)), n_users, n_items)


def dense(ratings):
    values = np.full((ratings.n_users, ratings.n_items), np.nan)
    values[ratings.users, ratings.items] = ratings.values
    return values


def slow_similarity(x, y, kind, shrinkage):
    """Two rows with NaN where nothing was rated."""
    both = ~np.isnan(x) & ~np.isnan(y)
    n, a, b = int(both.sum()), x[both], y[both]
    if n == 0:
        return 0.0, 0
    if kind == "pearson":
        a, b = a - a.mean(), b - b.mean()
    length = 1.0 if kind == "dot" else math.sqrt((a * a).sum() * (b * b).sum())
    if kind == "cosine_full":
        length = math.sqrt(np.nansum(x * x) * np.nansum(y * y))
    value = float((a * b).sum()) / length if length > 1e-9 else 0.0
    return value * ((n - 1) / (n - 1 + shrinkage) if shrinkage else 1.0), n


@given(st.integers(0, 2**32), st.sampled_from(KINDS), st.sampled_from([0.0, 3.0]), st.sampled_from(["item", "user"]))
def test_similarities_are_those_of_all_pairs(seed, similarity, shrinkage, kind):
    ratings = table(seed)
    values = dense(ratings)
    if similarity == "pearson_baseline":
        model = Baseline(calibrate=False).fit(ratings) if len(ratings) else None
        offsets = ratings.mean + model.user_bias_[:, None] + model.item_bias_[None, :]
        values = values - offsets
    rows = values.T if kind == "item" else values
    found = similarities(ratings, kind, similarity, shrinkage)
    assert len(found) == len(rows)
    for a in range(len(rows)):
        index, alike = found.of(a)
        assert (np.diff(index) > 0).all()
        expected = [slow_similarity(rows[a], rows[b], similarity, shrinkage) for b in range(len(rows))]
        assert index.tolist() == [b for b, (_, n) in enumerate(expected) if n > 0 and b != a]
        assert [found.support(a, b) for b in index.tolist()] == [expected[b][1] for b in index]
        # Residuals are kept as float32: some 14 terms of relative error 6e-8 over a length of 1e-3 or more.
        bound = 1e-4 if similarity == "pearson_baseline" else 2e-6 * max(1.0, np.abs(alike).max(initial=0.0))
        np.testing.assert_allclose(alike, [expected[b][0] for b in index], atol=bound)


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (1, 3), (20, 65), (65, 20), (70, 130)])
def test_edges_of_blocks_and_symmetry(shape):
    ratings = table(1, *shape, share=0.5)
    for kind in ("item", "user"):
        found = similarities(ratings, kind, "cosine")
        full = found.dense()
        np.testing.assert_array_equal(full, full.T)
        assert (np.diag(full) == 0).all()
        least = similarities(ratings, kind, "cosine", min_support=3)
        rows = np.repeat(np.arange(len(found)), np.diff(found.start))
        keep = np.array([found.support(a, b) >= 3 for a, b in zip(rows, found.index, strict=True)], bool)
        np.testing.assert_array_equal(least.index, found.index[keep])
        np.testing.assert_array_equal(least.values, found.values[keep])


def test_rows_that_say_nothing():
    """Constant ratings have no correlation; an item without ratings has no entries."""
    ratings = Ratings([0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1], [3, 3, 3, 1, 2, 5], 3, 4)
    found = similarities(ratings, "item", "pearson")
    assert found.values.tolist() == [0.0, 0.0]
    assert [len(found.of(i)[0]) for i in range(4)] == [1, 1, 0, 0]
    assert len(similarities(Ratings([], [], [], 3, 2)).of(1)[0]) == 0
    assert len(similarities(Ratings([], [], [], 0, 0))) == 0
    with pytest.raises(ValueError, match="^Similarities: row must be an int from 0 to 3; got 4"):
        found.of(4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "film"}, "kind must be one of 'item', 'user'; got 'film'"),
        ({"similarity": "sine"}, "similarity must be one of"),
        ({"shrinkage": -1.0}, "shrinkage must be"),
        ({"min_support": 0}, "min_support must be an int >= 1; got 0"),
    ],
)
def test_bad_arguments(change, message):
    with pytest.raises(ValueError, match=f"^similarities: {message}"):
        similarities(table(0), **change)
    with pytest.raises(TypeError, match="^similarities: ratings must be Ratings"):
        similarities(np.zeros((2, 2)))


def test_the_same_bits_for_any_number_of_threads():
    ratings = table(2, 150, 170, 0.2)
    before = minigrad.get_num_threads()
    try:
        results = []
        for threads in (1, 3):
            minigrad.set_num_threads(threads)
            found = similarities(ratings, "item", "pearson", 10.0)
            model = KNN(k=7).fit(ratings)
            results.append((found.values, found.index, model.predict(ratings.users, ratings.items)))
        for one, three in zip(*results, strict=True):
            np.testing.assert_array_equal(one, three)
    finally:
        minigrad.set_num_threads(before)


def slow_prediction(model, ratings, user, item):
    """The definition, neighbour by neighbour."""
    values = dense(ratings)
    if model.centre == "none":
        offsets = np.zeros_like(values)
    elif model.centre == "mean":
        axis = 0 if model.kind == "item" else 1
        means = np.nanmean(values, axis=axis, keepdims=True)
        offsets = np.where(np.isnan(means), ratings.mean, means) + np.zeros_like(values)
    else:
        base = Baseline(model.reg_user, model.reg_item, calibrate=False).fit(ratings)
        offsets = ratings.mean + base.user_bias_[:, None] + base.item_bias_[None, :]
    full = model.similarities_.dense()
    if model.kind == "item":
        others = [j for j in range(ratings.n_items) if not np.isnan(values[user, j]) and full[item, j] > 0]
        pairs = [(full[item, j], values[user, j] - offsets[user, j]) for j in others]
    else:
        others = [v for v in range(ratings.n_users) if not np.isnan(values[v, item]) and full[user, v] > 0]
        pairs = [(full[user, v], values[v, item] - offsets[v, item]) for v in others]
    pairs = sorted(pairs, key=lambda pair: -pair[0])[: model.k]  # stable: of equal ones the first
    if not pairs:
        return ratings.mean if model.centre == "none" else offsets[user, item]
    total = sum(s for s, _ in pairs) + model.damping
    return offsets[user, item] + sum(s * r for s, r in pairs) / total


@pytest.mark.parametrize("kind", ["item", "user"])
@pytest.mark.parametrize(("centre", "similarity"), [("none", "cosine"), ("mean", "pearson"), ("baseline", "dot")])
@pytest.mark.parametrize(("k", "damping"), [(1, 0.0), (3, 0.5), (40, 0.0)])
def test_predictions_are_those_of_the_definition(kind, centre, similarity, k, damping):
    ratings = table(3)
    model = KNN(kind, similarity, k, centre, shrinkage=2.0, damping=damping, calibrate=False).fit(ratings)
    users, items = np.nonzero(np.ones((ratings.n_users, ratings.n_items)))
    expected = [slow_prediction(model, ratings, u, i) for u, i in zip(users, items, strict=True)]
    np.testing.assert_allclose(model.predict(users, items), np.clip(expected, 1, 5), atol=3e-6)  # float32 residuals


@pytest.mark.parametrize("centre", ["none", "mean"])
@pytest.mark.parametrize("similarity", ["dot", "cosine", "pearson"])
def test_a_user_taken_in_gets_the_predictions_of_a_user_fitted(centre, similarity):
    """Items that the user did not rate: the user's own ratings enter no similarity between others."""
    ratings = table(4, 30, 25, 0.5)
    model = KNN("user", similarity, 5, centre, shrinkage=1.0, damping=0.0, calibrate=False).fit(ratings)
    for user in (0, 11):
        items, values = ratings.of_user(user)
        others = ratings.subset(ratings.users != user)
        visitor = KNN("user", similarity, 5, centre, shrinkage=1.0, damping=0.0, calibrate=False).fit(others)
        unseen = np.setdiff1d(np.arange(ratings.n_items), items)
        got = visitor.fold_in(items, values).predict(unseen)
        np.testing.assert_allclose(got, model.predict(np.full(len(unseen), user), unseen), atol=3e-6)


def test_similar_items_say_so():
    """Four users love items 0 and 1 or hate both; a fan of 0 is recommended 1, because of 0."""
    ratings = Ratings(
        [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3], [0, 1, 2] * 4, [5, 5, 1, 1, 1, 5, 5, 4, 2, 2, 1, 5], scale=(1, 5)
    )
    visitor = KNN(shrinkage=1.0, calibrate=False).fit(ratings).fold_in([0], [5])
    items, scores, alike, support = visitor.top(2, min_ratings=1)
    assert items.tolist() == [1, 2]
    assert scores[0] > scores[1]
    assert alike[0] > 0.5
    assert support[0] == 4
    (reason,) = visitor.reasons(1)
    assert (reason.kind, reason.index, reason.rating, reason.support) == ("film", 0, 5.0, 4)
    assert reason.weight == alike[0]


@pytest.mark.parametrize("kind", ["item", "user"])
@pytest.mark.parametrize("step", [0.5, 0.3])
def test_a_nearly_full_table_gives_the_plain_products(kind, step):
    # Sums of floats in float: n terms round n times at most, whatever the order; of halves they are exact.
    rng = np.random.default_rng(3)
    full = np.where(rng.random((70, 60)) < 0.8, 1 + step * rng.integers(0, 9, (70, 60)), 0)
    full = full.astype(np.float32)
    users, items = np.nonzero(full)
    ratings = Ratings(users, items, full[users, items], 70, 60)
    rows = (full if kind == "user" else full.T).astype(np.float64)
    expected = np.array([[float((a * b).sum()) for b in rows] for a in rows])
    np.fill_diagonal(expected, 0)
    found = similarities(ratings, kind, "dot").dense()
    rounding = (2 if step == 0.5 else rows.shape[1]) * np.finfo(np.float32).eps
    np.testing.assert_allclose(found, expected, rtol=rounding)
    lengths = np.sqrt((rows * rows).sum(axis=1))
    found = similarities(ratings, kind, "cosine_full").dense()
    np.testing.assert_allclose(found, expected / np.outer(lengths, lengths), rtol=2 * rounding)
