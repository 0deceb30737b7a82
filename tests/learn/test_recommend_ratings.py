"""The table of ratings, the baseline, the metrics, and what all recommenders share."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.learn import NotFittedError, recommend
from minigrad.learn.recommend import ALS, KNN, Baseline, BayesianMF, BiasedMF, Ratings

pytestmark = pytest.mark.native

SMALL = {
    "Baseline": Baseline,
    "KNN item": lambda **kw: KNN(shrinkage=5.0, **kw),
    "KNN user": lambda **kw: KNN(kind="user", shrinkage=5.0, **kw),
    "KNN dot": lambda **kw: KNN(kind="user", similarity="dot", centre="none", shrinkage=0.0, **kw),
    "KNN cosine": lambda **kw: KNN(kind="item", similarity="cosine_full", centre="mean", shrinkage=0.0, **kw),
    "KNN pearson": lambda **kw: KNN(kind="user", similarity="pearson", centre="mean", shrinkage=0.0, **kw),
    "BiasedMF": lambda **kw: BiasedMF(n_factors=4, n_epochs=20, **kw),
    "BiasedMF implicit": lambda **kw: BiasedMF(n_factors=4, n_epochs=20, implicit=True, **kw),
    "ALS": lambda **kw: ALS(n_factors=3, n_sweeps=5, **kw),
    "BayesianMF": lambda **kw: BayesianMF(n_factors=3, n_samples=16, thin=2, burn_in=8, implicit=4),
}


def low_rank(seed=0, n_users=60, n_items=40, share=0.4, noise=0.3):
    """Ratings with a known truth of rank 2, and the truth."""
    rng = np.random.default_rng(seed)
    taste, film = rng.normal(0, 1, (n_users, 2)), rng.normal(0, 1, (n_items, 2))
    truth = 3.2 + rng.normal(0, 0.3, (n_users, 1)) + rng.normal(0, 0.4, (1, n_items)) + 0.7 * taste @ film.T
    users, items = np.nonzero(rng.random((n_users, n_items)) < share)
    values = np.clip(truth[users, items] + rng.normal(0, noise, len(users)), 1, 5)
    return Ratings(users, items, values, n_users, n_items), np.clip(truth, 1, 5)


@pytest.fixture(params=SMALL, ids=lambda name: name.replace(" ", "-"))
def make(request):
    return SMALL[request.param]


# --- the table


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 12))
def test_both_tables_hold_the_same_ratings(seed, n_users, n_items):
    rng = np.random.default_rng(seed)
    mask = rng.random((n_users, n_items)) < 0.4
    users, items = np.nonzero(mask)
    order = rng.permutation(len(users))
    values = rng.integers(1, 6, len(users))
    ratings = Ratings(users[order], items[order], values[order], n_users, n_items)
    dense = np.zeros((n_users, n_items))
    dense[users, items] = values
    for u in range(n_users):
        index, value = ratings.of_user(u)
        np.testing.assert_array_equal(index, np.flatnonzero(mask[u]))
        np.testing.assert_array_equal(value, dense[u, index])
    for i in range(n_items):
        index, value = ratings.of_item(i)
        np.testing.assert_array_equal(index, np.flatnonzero(mask[:, i]))
        np.testing.assert_array_equal(value, dense[index, i])
    np.testing.assert_array_equal(ratings.user_counts, mask.sum(axis=1))
    np.testing.assert_array_equal(ratings.item_counts, mask.sum(axis=0))
    assert ratings.mean == (dense.sum() / mask.sum() if mask.any() else 3.0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0.5], [0], [3]), TypeError, "users must be an array of integers; got dtype float64"),
        (([-1], [0], [3]), ValueError, "users must be indices from 0"),
        (([0, 2], [0, 0], [3, 3], 2), ValueError, "users must be indices from 0 to 1; got 2 at position 1"),
        (([[0]], [0], [3]), ValueError, "users must be one-dimensional; got shape (1, 1)"),
        (([0], [0, 1], [3]), ValueError, "the same length; got 1, 2 and 1"),
        (([0, 0], [0, 1], [3, 6]), ValueError, "values must be from 1 to 5; got 6 at position 1"),
        (([0], [0], [np.nan]), ValueError, "values must be finite; got nan at index (0,)"),
        (([0], [0], ["x"]), TypeError, "values must be an array of real numbers"),
        (([1, 0, 1], [2, 2, 2], [3, 4, 5]), ValueError, "got user 1 and item 2 at positions [0, 2]"),
        (([0], [0], [3], True), TypeError, "n_users must be an int"),
        (([0], [0], [3], 1, 1, (5, 1)), ValueError, "scale must ascend; got (5, 1)"),
    ],
)
def test_bad_ratings_are_named(arguments, error, message):
    with pytest.raises(error, match=f"^Ratings: .*{re.escape(message)}"):
        Ratings(*arguments)


def test_no_ratings_are_a_table_but_teach_nothing():
    empty = Ratings([], [], [], 3, 2)
    assert len(empty) == 0
    assert empty.mean == 3.0
    with pytest.raises(ValueError, match="^Baseline: ratings must hold at least one rating; got none"):
        Baseline().fit(empty)


def test_subset_and_kfold():
    ratings, _ = low_rank()
    with pytest.raises(TypeError, match="^Ratings: which must be an array of booleans"):
        ratings.subset(np.zeros(len(ratings), int))
    with pytest.raises(ValueError, match="^Ratings: which must have shape"):
        ratings.subset([True])
    seen = []
    for train, test in recommend.kfold(ratings, 4, random_state=3):
        assert len(train) + len(test) == len(ratings)
        assert abs(len(test) - len(ratings) / 4) <= 1
        assert (train.n_users, train.n_items) == (ratings.n_users, ratings.n_items)
        seen += list(zip(test.users.tolist(), test.items.tolist(), strict=True))
    assert sorted(seen) == list(zip(ratings.users.tolist(), ratings.items.tolist(), strict=True))
    with pytest.raises(ValueError, match="^kfold: n_folds must be an int from 2"):
        list(recommend.kfold(ratings, 1))
    with pytest.raises(TypeError, match="^kfold: ratings must be Ratings"):
        list(recommend.kfold([1]))


# --- the baseline


def test_the_baseline_minimises_its_loss():
    """At the end both gradients vanish: (D2) and (D3) hold at once, and no neighbouring point is lower."""
    ratings, _ = low_rank()
    model = Baseline(reg_user=3.0, reg_item=2.0, n_sweeps=200).fit(ratings)
    b, c = model.user_bias_, model.item_bias_
    error = ratings.values.astype(float) - ratings.mean - b[ratings.users] - c[ratings.items]
    gradient_b = np.bincount(ratings.users, error, ratings.n_users) - 3.0 * b
    gradient_c = np.bincount(ratings.items, error, ratings.n_items) - 2.0 * c
    # Sums of some 24 terms near 1, each rounded once.
    assert np.abs(gradient_b).max() < 1e-12
    assert np.abs(gradient_c).max() < 1e-12


def test_without_damping_an_additive_table_is_met_exactly():
    users, items = np.divmod(np.arange(20), 5)
    values = 3 + 0.5 * (users - 1.5) + 0.25 * (items - 2)
    model = Baseline(reg_user=0, reg_item=0).fit(Ratings(users, items, values))
    np.testing.assert_allclose(model.predict(users, items), values, atol=1e-6)  # values are kept as float32


# --- what all share


def test_predictions_beat_the_mean_and_stay_on_the_scale(make):
    ratings, truth = low_rank()
    model = make().fit(ratings)
    users, items = np.nonzero(np.ones_like(truth))
    predicted = model.predict(users, items)
    assert predicted.dtype == np.float64
    assert predicted.min() >= 1
    assert predicted.max() <= 5
    assert recommend.rmse(truth.ravel(), predicted) < recommend.rmse(truth.ravel(), np.full(truth.size, ratings.mean))
    shuffled = np.random.default_rng(0).permutation(len(users))
    np.testing.assert_array_equal(model.predict(users[shuffled], items[shuffled]), predicted[shuffled])
    assert len(model.predict([], [])) == 0


def test_intervals_cover_what_they_say(make):
    ratings, _ = low_rank(n_users=120, n_items=60)
    (train, test), *_ = recommend.kfold(ratings, 5)
    model = make().fit(train)
    for level in (0.5, 0.9):
        low, high = model.intervals(test.users, test.items, level)
        covered = ((test.values >= low) & (test.values <= high)).mean()
        # Of some 576 ratings and, with split conformal, 230 held out: 4 standard errors.
        slack = 4 * math.sqrt(level * (1 - level) * (1 / len(test) + 10 / len(train)))
        assert covered > level - slack
    with pytest.raises(ValueError, match="level must be a finite number in"):
        model.intervals([0], [0], 1.0)


def test_a_visitor_with_a_users_ratings_is_seen_like_that_user(make):
    ratings, _ = low_rank()
    model = make().fit(ratings)
    for user in (0, 7):
        items, values = ratings.of_user(user)
        visitor = model.fold_in(items, values)
        everything = np.arange(ratings.n_items)
        mine, theirs = visitor.predict(everything), model.predict(np.full(ratings.n_items, user), everything)
        assert np.corrcoef(mine, theirs)[0, 1] > 0.9
        low, high = visitor.intervals(everything)
        assert ((low <= mine) & (mine <= high)).all()


def test_a_visitor_without_ratings_gets_what_is_popular(make):
    ratings, _ = low_rank()
    model = make().fit(ratings)
    visitor = model.fold_in([], [])
    items, scores, similarities, support = visitor.top(5, min_ratings=1)
    assert len(items) == len(scores) == len(similarities) == len(support) == 5
    assert (np.diff(scores) <= 0).all()
    assert visitor.reasons(int(items[0])) == []


def test_top_leaves_out_what_it_should(make):
    ratings, _ = low_rank()
    visitor = make().fit(ratings).fold_in([3, 1], [5, 2])
    np.testing.assert_array_equal(visitor.items, [1, 3])
    np.testing.assert_array_equal(visitor.values, [2, 5])
    best = visitor.top(ratings.n_items, min_ratings=0)[0]
    assert set(best.tolist()) == set(range(ratings.n_items)) - {1, 3}
    without = visitor.top(ratings.n_items, exclude=best[:2], min_ratings=0)[0]
    np.testing.assert_array_equal(without, best[2:])
    least = int(np.median(ratings.item_counts))
    often, _, similarities, _ = visitor.top(ratings.n_items, min_ratings=least)
    assert (ratings.item_counts[often] >= least).all()
    if not isinstance(visitor.model, KNN) or visitor.model.similarity != "dot":
        assert (np.abs(similarities) <= 1 + 1e-6).all()
    assert len(visitor.top(0)[0]) == 0


def test_reasons_name_what_the_visitor_or_the_users_gave(make):
    ratings, _ = low_rank()
    items, values = ratings.of_user(0)
    visitor = make().fit(ratings).fold_in(items[:6], values[:6])
    item = int(visitor.top(1, min_ratings=0)[0][0])
    reasons = visitor.reasons(item, 4)
    assert len(reasons) <= 4
    weights = [abs(reason.weight) for reason in reasons]
    assert weights == sorted(weights, reverse=True)
    for reason in reasons:
        if reason.kind == "film":
            assert reason.rating == dict(zip(items[:6].tolist(), values[:6].tolist(), strict=True))[reason.index]
            both = np.intersect1d(ratings.of_item(reason.index)[0], ratings.of_item(item)[0])
            assert reason.support == len(both)
        else:
            index, value = ratings.of_user(reason.index)
            assert reason.rating == value[index == item][0]
            assert reason.support == len(np.intersect1d(index, items[:6]))


def test_bad_use_is_refused(make):
    ratings, _ = low_rank()
    model = make()
    owner = type(model).__name__
    for method, arguments in (("predict", ([0], [0])), ("intervals", ([0], [0])), ("fold_in", ([0], [3]))):
        with pytest.raises(NotFittedError, match=f"^{owner}: {method} must come after fit"):
            getattr(model, method)(*arguments)
    with pytest.raises(TypeError, match=f"^{owner}: ratings must be Ratings; got list"):
        model.fit([1, 2])
    model.fit(ratings)
    for arguments, message in (
        (([60], [0]), "users must be indices of users from 0 to 59; got 60 at position 0"),
        (([0], [40]), "items must be indices of items from 0 to 39; got 40 at position 0"),
        (([0, 1], [0]), "users and items must have the same length; got 2 and 1"),
    ):
        with pytest.raises(ValueError, match=f"^{owner}: {re.escape(message)}"):
            model.predict(*arguments)
    with pytest.raises(ValueError, match="every user must rate an item once"):
        model.fold_in([1, 1], [3, 4])
    with pytest.raises(ValueError, match="values must be from 1 to 5; got 0 at position 0"):
        model.fold_in([1], [0])
    with pytest.raises(ValueError, match=f"^{owner}: items must be indices of items from 0 to 39"):
        model.fold_in([40], [3])
    visitor = model.fold_in([1], [3])
    with pytest.raises(ValueError, match=f"^{owner}: n must be an int >= 0; got -1"):
        visitor.top(-1)
    with pytest.raises(TypeError, match=f"^{owner}: items must be an array of integers"):
        visitor.predict([0.5])


def test_a_model_that_is_not_calibrated_gives_no_intervals():
    ratings, _ = low_rank()
    with pytest.raises(ValueError, match="^Baseline: calibrate must be True"):
        Baseline(calibrate=False).fit(ratings).intervals([0], [0])


def test_fitting_twice_gives_the_same(make):
    ratings, _ = low_rank()
    a, b = make().fit(ratings), make().fit(ratings)
    np.testing.assert_array_equal(a.predict(ratings.users, ratings.items), b.predict(ratings.users, ratings.items))


@pytest.mark.parametrize(
    ("model", "name", "values"),
    [
        (Baseline, "reg_user", [-1, "x", math.nan]),
        (Baseline, "n_sweeps", [0, 1.5]),
        (Baseline, "calibrate", [1]),
        (KNN, "kind", ["items", None]),
        (KNN, "similarity", ["euclid"]),
        (KNN, "centre", [None]),
        (KNN, "k", [0]),
        (KNN, "shrinkage", [-1.0]),
        (KNN, "damping", [-1.0, math.inf]),
        (KNN, "min_support", [0]),
        (BiasedMF, "n_factors", [0, 512]),
        (BiasedMF, "rate", [0.0]),
        (BiasedMF, "implicit", ["yes"]),
        (ALS, "reg", [0.0]),
        (ALS, "n_sweeps", [0]),
        (BayesianMF, "n_samples", [1]),
        (BayesianMF, "thin", [0]),
        (BayesianMF, "noise_freedom", [-1.0, 1.0, 2.0]),
        (BayesianMF, "random_state", [-1, 2**64]),
    ],
)
def test_bad_parameters_are_refused_by_fit(model, name, values):
    ratings, _ = low_rank()
    for value in values:
        with pytest.raises((TypeError, ValueError), match=rf"^{model.__name__}: {name}\b.* must be .+; got "):
            model(**{name: value}).fit(ratings)


# --- metrics


def test_rank_quality_of_constructed_lists():
    assert recommend.rank_quality([1, 2, 3], [1, 2, 3], k=3) == (1.0, 1.0, 1.0)
    assert recommend.rank_quality([4, 5, 6], [1, 2, 3], k=3) == (0.0, 0.0, 0.0)
    precision, recall, ndcg = recommend.rank_quality([9, 1], [1], k=2)
    assert (precision, recall) == (0.5, 1.0)
    assert ndcg == pytest.approx(1 / math.log2(3), rel=1e-15)
    with pytest.raises(ValueError, match="^rank_quality: relevant must hold at least one item"):
        recommend.rank_quality([1], [])


def test_errors_of_constructed_predictions():
    assert recommend.rmse([1, 2], [1, 4]) == pytest.approx(math.sqrt(2), rel=1e-15)
    assert recommend.mae([1, 2], [1, 4]) == 1.0
    for metric in (recommend.rmse, recommend.mae):
        with pytest.raises(ValueError, match=r"predicted must have the shape of truth.*\(1,\) and \(2,\)"):
            metric([1, 2], [1])
        with pytest.raises(ValueError, match="not empty"):
            metric([], [])


def test_evaluate_by_hand():
    """Two users, one test rating each: everything can be counted."""
    train = Ratings([0, 0, 1, 1], [0, 1, 0, 1], [5, 1, 5, 1], 2, 4)
    test = Ratings([0, 1], [2, 3], [5, 2], 2, 4)

    class Fixed(Baseline):
        def _expect(self, users, items):
            return np.array([0.0, 0.0, 4.0, 3.0])[items], np.full(len(items), 1 / 1.6448536269514722)

    result = recommend.evaluate(lambda: Fixed(calibrate=False), [(train, test)], k=1)
    assert result["rmse"] == 1.0
    assert result["mae"] == 1.0
    assert (result["precision"], result["recall"], result["ndcg"]) == (1.0, 1.0, 1.0)
    assert result["coverage"] == 0.25  # user 1 liked nothing
    assert result["covered"] in (0.5, 1.0)  # both errors are just as long as the interval
    with pytest.raises(ValueError, match="^evaluate: folds must hold at least one pair"):
        recommend.evaluate(Baseline, [])
