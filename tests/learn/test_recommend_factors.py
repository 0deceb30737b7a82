"""Matrix factorisation: steps and systems against the loss they belong to."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad
from minigrad._native import check_status, ffi, lib, pointer
from minigrad.learn.recommend import ALS, BiasedMF, Ratings

pytestmark = pytest.mark.native


def low_rank(seed=0, n_users=60, n_items=40, share=0.4, noise=0.3):
    """Ratings with a known truth of rank 2, and the truth."""
    rng = np.random.default_rng(seed)
    taste, film = rng.normal(0, 1, (n_users, 2)), rng.normal(0, 1, (n_items, 2))
    truth = 3.2 + rng.normal(0, 0.3, (n_users, 1)) + rng.normal(0, 0.4, (1, n_items)) + 0.7 * taste @ film.T
    users, items = np.nonzero(rng.random((n_users, n_items)) < share)
    values = np.clip(truth[users, items] + rng.normal(0, noise, len(users)), 1, 5)
    return Ratings(users, items, values, n_users, n_items), np.clip(truth, 1, 5)


def vectors(rng, n, factors, stride, dtype=np.float32):
    out = np.zeros((n, stride), dtype)
    out[:, :factors] = rng.normal(0, 0.5, (n, factors))
    return out


def loss(r, mean, x, y, extra, reg):
    """One summand of (D1), from float64 vectors; extra joins the user's factors."""
    error = r - mean - x[0] - y[0] - (x[1:] + extra[1:]) @ y[1:]
    return 0.5 * error**2 + 0.5 * reg * ((x * x).sum() + (y * y).sum())


def gradient(function, point, step=1e-6):
    """Central differences: error about step^2 + eps / step, 2e-10."""
    out = np.zeros_like(point)
    for k in np.ndindex(point.shape):
        high, low = point.copy(), point.copy()
        high[k] += step
        low[k] -= step
        out[k] = (function(high) - function(low)) / (2 * step)
    return out


@pytest.mark.parametrize("factors", [1, 2, 15, 16, 17, 33, 101])
def test_a_step_goes_down_the_gradient_of_its_loss(factors):
    rng = np.random.default_rng(factors)
    stride, rate, reg = -(-factors // 16) * 16, 0.01, 0.3
    users, items = vectors(rng, 1, factors, stride), vectors(rng, 3, factors, stride)
    x, y, untouched = users[0].astype(float), items[1].astype(float), items[[0, 2]].copy()
    ratings = Ratings([0], [1], [4.0], 1, 3)
    model = ffi.new("mg_sgd_t *", (factors, stride, 3.0, rate, reg, pointer(users, True), pointer(items, True)))
    order = np.zeros(1, np.int64)
    check_status(lib.mg_sgd_epoch(model, ratings.by_user.c, pointer(order)), "test")
    none = np.zeros(factors)
    down_x = gradient(lambda p: loss(4.0, 3.0, p, y[:factors], none, reg), x[:factors])
    down_y = gradient(lambda p: loss(4.0, 3.0, x[:factors], p, none, reg), y[:factors])
    # float32: the dot product's error is at most factors eps |x| |y|, entering times the rate.
    bound = 4 * factors * 6e-8 * max(1.0, float(np.abs(x).max() * np.abs(y).max())) + 2e-7
    np.testing.assert_allclose(users[0, :factors], x[:factors] - rate * down_x, atol=bound)
    np.testing.assert_allclose(items[1, :factors], y[:factors] - rate * down_y, atol=bound)
    np.testing.assert_array_equal(items[[0, 2]], untouched)
    assert (users[:, factors:] == 0).all()
    assert (items[:, factors:] == 0).all()


def slow_implicit(ratings, users, items, extra, rate, reg, order):
    """(D2) and (D3), rating by rating, in float64."""
    for u in order:
        index, values = ratings.of_user(u)
        joined = extra[index].sum(axis=0) / math.sqrt(max(len(index), 1))
        total = np.zeros(users.shape[1])
        for i, r in zip(index, values, strict=True):
            x, y = users[u].copy(), items[i].copy()
            e = r - ratings.mean - x[0] - y[0] - (x[1:] + joined[1:]) @ y[1:]
            total[1:] += e * y[1:]
            users[u] += rate * (e * np.r_[1.0, y[1:]] - reg * x)
            items[i] += rate * (e * np.r_[1.0, x[1:] + joined[1:]] - reg * y)
        for i in index:
            extra[i] = (1 - rate * reg) ** len(index) * extra[i] + rate * total / math.sqrt(len(index))


def slow_plain(ratings, users, items, rate, reg, order):
    """Eight users at a time, in turn."""
    for first in range(0, len(order), 8):
        group = order[first : first + 8]
        for k in range(max(len(ratings.of_user(u)[0]) for u in group)):
            for u in group:
                index, values = ratings.of_user(u)
                if k < len(index):
                    x, y = users[u].copy(), items[index[k]].copy()
                    e = values[k] - ratings.mean - x[0] - y[0] - x[1:] @ y[1:]
                    users[u] += rate * (e * np.r_[1.0, y[1:]] - reg * x)
                    items[index[k]] += rate * (e * np.r_[1.0, x[1:]] - reg * y)


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("factors", [2, 20])
def test_an_epoch_is_its_steps_in_order(implicit, factors):
    ratings, _ = low_rank(1, 21, 17)
    rng = np.random.default_rng(0)
    stride, rate, reg = 32, 0.02, 0.1
    users, items = vectors(rng, 21, factors, stride), vectors(rng, 17, factors, stride)
    extra = vectors(rng, 17, factors, stride)
    extra[:, 0] = 0
    slow = [a[:, :factors].astype(float) for a in (users, items, extra)]
    order = rng.permutation(21)
    model = ffi.new(
        "mg_sgd_t *", (factors, stride, ratings.mean, rate, reg, pointer(users, True), pointer(items, True))
    )
    for _ in range(3):
        if implicit:
            status = lib.mg_sgd_epoch_implicit(model, ratings.by_user.c, pointer(extra, True), pointer(order))
            slow_implicit(ratings, *slow, rate, reg, order)
        else:
            status = lib.mg_sgd_epoch(model, ratings.by_user.c, pointer(order))
            slow_plain(ratings, slow[0], slow[1], rate, reg, order)
        check_status(status, "test")
    # Some 100 steps of float32, each with an error of a few eps.
    for fast, exact in zip((users, items, extra), slow, strict=True):
        np.testing.assert_allclose(fast[:, :factors], exact, atol=1e-5)


def test_c_refuses_what_does_not_fit():
    ratings = Ratings([0, 1], [0, 1], [3, 4])
    users, order = np.zeros((2, 16), np.float32), np.array([0, 1])
    table = ratings.by_user.c
    for factors, stride, wrong in ((0, 16, order), (17, 16, order), (3, 8, order), (3, 16, np.array([0, 2]))):
        model = ffi.new("mg_sgd_t *", (factors, stride, 3.0, 0.1, 0.1, pointer(users, True), pointer(users, True)))
        assert lib.mg_sgd_epoch(model, table, pointer(wrong)) == lib.MG_ERR_ARGUMENT
        assert lib.mg_sgd_epoch_implicit(model, table, pointer(users, True), pointer(wrong)) == lib.MG_ERR_ARGUMENT
    broken = ratings.by_user.c
    index = np.array([0, 2], np.int32)
    broken.index = pointer(index)
    model = ffi.new("mg_sgd_t *", (3, 16, 3.0, 0.1, 0.1, pointer(users, True), pointer(users, True)))
    assert lib.mg_sgd_epoch(model, broken, pointer(order)) == lib.MG_ERR_ARGUMENT
    wide, out = np.zeros((2, 16)), np.zeros((2, 16))
    assert lib.mg_als_solve(broken, 3, 16, 3.0, 0.1, pointer(wide), pointer(out, True)) == lib.MG_ERR_ARGUMENT
    assert lib.mg_als_solve(table, 3, 12, 3.0, 0.1, pointer(wide), pointer(out, True)) == lib.MG_ERR_ARGUMENT


@pytest.mark.parametrize("factors", [1, 3, 8, 9, 21])
def test_each_half_of_als_solves_its_normal_equations(factors):
    ratings, _ = low_rank(2, 30, 20)
    rng = np.random.default_rng(0)
    stride = -(-factors // 8) * 8
    other = vectors(rng, 20, factors, stride, np.float64)
    own = np.full((30, stride), np.nan)
    table, reg = ratings.by_user.c, 0.2
    check_status(
        lib.mg_als_solve(table, factors, stride, ratings.mean, reg, pointer(other), pointer(own, True)), "test"
    )
    for u in range(30):
        index, values = ratings.of_user(u)
        z = np.c_[np.ones(len(index)), other[index, 1:factors]]
        a = z.T @ z + reg * len(index) * np.eye(factors)
        expected = np.linalg.solve(a, z.T @ (values.astype(float) - ratings.mean - other[index, 0]))
        # Backward stable: error below n^2 eps times the condition number, at most 1e3 here.
        np.testing.assert_allclose(own[u, :factors], expected, atol=1e-11)
        assert (own[u, factors:] == 0).all()


def test_als_never_raises_its_loss_and_forgets_nobody():
    ratings, _ = low_rank(3)
    model = ALS(n_factors=4, n_sweeps=12, calibrate=False).fit(ratings)
    assert (np.diff(model.losses_) <= 1e-4 * model.losses_[:-1]).all()  # the loss is taken in float32
    alone = Ratings([0, 0, 2], [0, 1, 1], [5, 3, 1], 4, 3)
    model = ALS(n_factors=2, calibrate=False).fit(alone)
    assert model.user_bias_[1] == model.user_bias_[3] == model.item_bias_[2] == 0
    np.testing.assert_allclose(model.predict([3], [2]), [alone.mean])


def test_als_solves_a_visitor_as_it_solves_a_user():
    ratings, _ = low_rank(4)
    model = ALS(n_factors=3, n_sweeps=40, reg=0.05, calibrate=False).fit(ratings)
    # At the fixed point a further half sweep changes nothing, so the visitor is the user.
    items, values = ratings.of_user(5)
    everything = np.arange(ratings.n_items)
    got = model.fold_in(items, values).predict(everything)
    np.testing.assert_allclose(got, model.predict(np.full(len(everything), 5), everything), atol=0.02)


@pytest.mark.parametrize("model", [ALS(n_factors=3, calibrate=False), BiasedMF(n_factors=3, calibrate=False)])
def test_reasons_add_up_to_what_the_ratings_moved(model):
    """(D6) of taste.c: the shares are the difference from what is expected without them."""
    ratings, _ = low_rank(5)
    model.fit(ratings)
    items, values = ratings.of_user(1)
    visitor = model.fold_in(items, values)
    before = ratings.mean + model.item_bias_
    for item in (0, 9, 30):
        shares = sum(reason.weight for reason in visitor.reasons(item, len(items)))
        assert shares == pytest.approx(visitor._folded.expected[item] - before[item], abs=1e-5)


def test_a_rank_is_recovered():
    """Noise-free ratings of rank 2: what was not rated is predicted, too."""
    ratings, truth = low_rank(6, 80, 50, 0.5, noise=0.0)
    users, items = np.nonzero(np.ones_like(truth))
    for model in (
        ALS(n_factors=2, n_sweeps=60, reg=0.005, calibrate=False),
        BiasedMF(n_factors=2, n_epochs=600, rate=0.02, reg=0.005, calibrate=False),
    ):
        error = model.fit(ratings).predict(users, items) - truth.ravel()
        assert math.sqrt((error**2).mean()) < 0.2  # the spread of the truth is 1; clipping bends it


def test_a_rate_too_large_is_said_so():
    ratings, _ = low_rank()
    with pytest.raises(ValueError, match="^BiasedMF: rate must be small enough"):
        BiasedMF(n_factors=4, rate=5.0, calibrate=False).fit(ratings)


def test_the_same_bits_for_any_number_of_threads():
    ratings, _ = low_rank(7, 150, 90)
    before = minigrad.get_num_threads()
    try:
        results = []
        for threads in (1, 3):
            minigrad.set_num_threads(threads)
            results.append(ALS(n_factors=5, calibrate=False).fit(ratings).item_factors_)
        np.testing.assert_array_equal(*results)
    finally:
        minigrad.set_num_threads(before)
