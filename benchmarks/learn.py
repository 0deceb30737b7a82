"""learn against scikit-learn: ``python -m benchmarks.learn``.

PCA is measured on MNIST's 60,000 training images (60,000 x 784, scaled to 0..1), fitting only,
against the solvers of scikit-learn that compute the same. Without MNIST at hand the cases run on
random numbers of that shape and say so; their spectrum has no gaps, which is the worst case.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn import decomposition, metrics

from benchmarks.harness import Case, main
from minigrad import DataError, datasets, learn, random


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


if __name__ == "__main__":
    main("learn", cases)
