"""Recommenders against Surprise, scikit-learn and NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.learn.recommend import KNN, Baseline, BiasedMF, Ratings, similarities


def table(seed=0, n_users=80, n_items=60, share=0.3):
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < share)
    return Ratings(users, items, rng.integers(1, 6, len(users)), n_users, n_items)


def trainset(ratings):
    """The same ratings for Surprise, users and items in the order of their numbers."""
    surprise = pytest.importorskip("surprise")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"user": ratings.users, "item": ratings.items, "rating": ratings.values})
    return surprise, surprise.Dataset.load_from_df(frame, surprise.Reader()).build_full_trainset()


def theirs(model, users, items):
    return np.array([model.predict(int(u), int(i)).est for u, i in zip(users, items, strict=True)])


def pairs(ratings, n=1000):
    """Not rated in training: a rated item would be its own neighbour in Surprise."""
    rated = np.zeros((ratings.n_users, ratings.n_items), bool)
    rated[ratings.users, ratings.items] = True
    users, items = np.nonzero(~rated)
    chosen = np.random.default_rng(1).choice(len(users), n, replace=False)
    return users[chosen], items[chosen]


def test_cosine_of_whole_rows_is_scikit_learns():
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    sparse = pytest.importorskip("scipy.sparse")
    ratings = table()
    rows = sparse.csr_matrix((ratings.values, (ratings.items, ratings.users)), shape=(60, 80))
    expected = pairwise.cosine_similarity(rows)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(similarities(ratings, "item", "cosine_full").dense(), expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["item", "user"])
@pytest.mark.parametrize("similarity", ["cosine", "pearson"])
def test_neighbours_are_surprises(kind, similarity):
    ratings = table()
    surprise, train = trainset(ratings)
    options = {"name": similarity, "user_based": kind == "user"}
    users, items = pairs(ratings)
    for centre, rival in (("none", surprise.KNNBasic), ("mean", surprise.KNNWithMeans)):
        fitted = rival(k=1000, sim_options=options, verbose=False).fit(train)
        mine = KNN(kind, similarity, 1000, centre, shrinkage=0.0, damping=0.0, calibrate=False).fit(ratings)
        # With k beyond their number no neighbour is chosen by a tie, and both average the same.
        np.testing.assert_allclose(mine.predict(users, items), theirs(fitted, users, items), atol=1e-5)


def test_the_baseline_of_many_sweeps_is_surprises():
    ratings = table()
    surprise, train = trainset(ratings)
    options = {"method": "als", "n_epochs": 200, "reg_u": 15, "reg_i": 10}
    fitted = surprise.BaselineOnly(bsl_options=options, verbose=False).fit(train)
    users, items = pairs(ratings)
    mine = Baseline(15.0, 10.0, 200, calibrate=False).fit(ratings)
    np.testing.assert_allclose(mine.predict(users, items), theirs(fitted, users, items), atol=1e-9)


def test_pearson_baseline_neighbours_are_surprises():
    ratings = table()
    surprise, train = trainset(ratings)
    bias = {"method": "als", "n_epochs": 10, "reg_u": 15, "reg_i": 10}
    options = {"name": "pearson_baseline", "user_based": False, "shrinkage": 100}
    fitted = surprise.KNNBaseline(k=1000, sim_options=options, bsl_options=bias, verbose=False).fit(train)
    mine = KNN(k=1000, damping=0.0, reg_user=15.0, reg_item=10.0, calibrate=False).fit(ratings)
    users, items = pairs(ratings)
    np.testing.assert_allclose(mine.predict(users, items), theirs(fitted, users, items), atol=1e-4)


@pytest.mark.parametrize("implicit", [False, True])
def test_gradients_reach_as_low_as_surprises(implicit):
    """Other starts and another order of steps: the losses on the training ratings, not the bits."""
    ratings = table(2, share=0.5)
    surprise, train = trainset(ratings)
    rival = surprise.SVDpp if implicit else surprise.SVD
    fitted = rival(n_factors=5, n_epochs=60, lr_all=0.01, reg_all=0.05, random_state=0).fit(train)
    mine = BiasedMF(5, 60, 0.01, 0.05, implicit=implicit, calibrate=False).fit(ratings)

    def loss(predicted):
        return float(((predicted - ratings.values) ** 2).mean())

    ours = loss(mine.predict(ratings.users, ratings.items))
    assert ours < 1.1 * loss(theirs(fitted, ratings.users, ratings.items))
