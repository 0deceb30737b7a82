"""learn against scikit-learn: ``python -m benchmarks.learn``.

PCA is measured on MNIST's 60,000 training images (60,000 x 784, scaled to 0..1), fitting only,
against the solvers of scikit-learn that compute the same. Without MNIST at hand the cases run on
random numbers of that shape and say so; their spectrum has no gaps, which is the worst case.

Recommenders are measured on MovieLens 100k, or on random ratings of its shape: the similarity matrix
of all items, and of all users, in compressed rows of float32 on both sides (scikit-learn's with
dense_output=False; it holds the ones of the diagonal too, and its columns are in no order), and an
epoch of gradients (20 epochs of ours against 20 of Surprise's; both start by drawing their factors).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import surprise
from scipy import sparse
from sklearn import decomposition, metrics
from sklearn.metrics import pairwise

from benchmarks.harness import Case, main
from minigrad import DataError, datasets, learn, random
from minigrad.learn import recommend


def images() -> tuple[str, np.ndarray]:
    """Return a name, and 60,000 x 784 float32."""
    try:
        return "mnist", datasets.load("mnist").data / np.float32(255)
    except DataError:
        return "random 60000x784", random.Generator(0).uniform(size=(60_000, 784), dtype=np.float32)


def pca(name: str, x: np.ndarray, k: int) -> Case:
    """Return the case of fitting k components."""
    rivals = {
        f"scikit-learn {solver}": lambda solver=solver: decomposition.PCA(k, svd_solver=solver, random_state=0).fit(x)
        for solver in ("covariance_eigh", "randomized")
    }
    return Case(f"pca {x.dtype} {name} -> {k}", lambda: learn.PCA(k).fit(x), rivals)


def ratings() -> tuple[str, recommend.Ratings]:
    """Return a name, and 100,000 ratings of 1,682 items by 943 users."""
    try:
        data = datasets.load("movielens-100k")
        return "movielens-100k", recommend.Ratings(data.users, data.items, data.values, 943, 1682)
    except DataError:
        rng = np.random.default_rng(0)
        cells = rng.choice(943 * 1682, 100_000, replace=False)
        return "random 100k", recommend.Ratings(cells // 1682, cells % 1682, rng.integers(1, 6, len(cells)), 943, 1682)


def trainset(table: recommend.Ratings) -> surprise.Trainset:
    """Return the ratings as Surprise keeps them."""
    users: dict[int, list[tuple[int, float]]] = {u: [] for u in range(table.n_users)}
    items: dict[int, list[tuple[int, float]]] = {i: [] for i in range(table.n_items)}
    for u, i, r in zip(table.users.tolist(), table.items.tolist(), table.values.tolist(), strict=True):
        users[u].append((i, r))
        items[i].append((u, r))
    names = {u: u for u in users}, {i: i for i in items}
    return surprise.Trainset(users, items, table.n_users, table.n_items, len(table), (1, 5), *names)


def recommenders() -> Iterator[Case]:
    """Yield the cases of recommenders."""
    name, table = ratings()
    by_item = sparse.csr_matrix((table.values, (table.items, table.users)), shape=(table.n_items, table.n_users))
    for kind, rows in (("item", by_item), ("user", by_item.T.tocsr())):
        yield Case(
            f"{kind} cosines {name}",
            lambda kind=kind: recommend.similarities(table, kind, "cosine_full"),
            {"scikit-learn sparse": lambda rows=rows: pairwise.cosine_similarity(rows, dense_output=False)},
        )
    train = trainset(table)
    for title, implicit, factors, rival in (
        ("SVD 100 factors", False, 100, surprise.SVD),
        ("SVD++ 20 factors", True, 20, surprise.SVDpp),
    ):
        epochs = 1 if implicit else 20
        yield Case(
            f"{title}, {epochs} epochs {name}",
            lambda f=factors, i=implicit, e=epochs: recommend.BiasedMF(f, e, implicit=i, calibrate=False).fit(table),
            {"Surprise": lambda f=factors, r=rival, e=epochs: r(n_factors=f, n_epochs=e).fit(train)},
        )
    models = {"item neighbours": recommend.KNN(calibrate=False), "Gibbs": recommend.BayesianMF()}
    for title, model in models.items():
        model.fit(table)
        yield Case(
            f"visitor, 20 ratings, {title} {name}",
            lambda m=model: m.fold_in(np.arange(20), np.full(20, 4.0)).top(5),
            {},
        )


def cases(quick: bool) -> Iterator[Case]:
    """Yield every case."""
    iris = datasets.load("iris")
    yield pca("iris", iris.data, 2)
    name, x = images()
    if quick:
        name, x = f"{name}, 10,000 rows", x[:10_000]
    for k in (2, 50):
        yield pca(name, x, k)
    for k in () if quick else (2, 50):
        yield pca(name, x.astype(np.float64), k)
    fitted, rival = learn.PCA(50).fit(x), decomposition.PCA(50, svd_solver="covariance_eigh").fit(x)
    yield Case(
        f"transform {x.dtype} {name} -> 50", lambda: fitted.transform(x), {"scikit-learn": lambda: rival.transform(x)}
    )
    points, labels = fitted.transform(x[:3000])[:, :2], np.arange(3000) % 10
    yield Case(
        "silhouette 3000 x 2",
        lambda: learn.silhouette_score(points, labels),
        {"scikit-learn": lambda: metrics.silhouette_score(points, labels)},
    )
    yield from recommenders()


if __name__ == "__main__":
    main("learn", cases)
