"""PCA and its companions against scikit-learn and LAPACK."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import datasets, linalg
from minigrad.learn import PCA, discriminant_accuracy, silhouette_score

sklearn_pca = pytest.importorskip("sklearn.decomposition")
scipy_linalg = pytest.importorskip("scipy.linalg")

EPS = np.finfo(np.float64).eps


def angles(a, b):
    """Angles between corresponding unit rows, accurate near zero."""
    signs = np.sign((a * b).sum(axis=1, keepdims=True))
    return 2 * np.arcsin(np.minimum(np.linalg.norm(a - signs * b, axis=1) / 2, 1))


def tables():
    rng = np.random.default_rng(0)
    yield "iris", datasets.load("iris").data
    yield "random", rng.standard_normal((200, 30)) + 10.0
    yield "wide", rng.standard_normal((20, 50)) * 3.0
    yield "square", rng.standard_normal((25, 25))
    yield "offset", rng.standard_normal((500, 8)) * np.arange(1, 9) + 1e5
    yield "one feature", rng.standard_normal((10, 1))
    yield "duplicated columns", np.repeat(rng.standard_normal((30, 3)), 2, axis=1)


TABLES = dict(tables())
CASES = [
    (name, n_components, solver)
    for name in TABLES
    for n_components in (None, 1, 0.8)
    for solver in ("auto", "power", "subspace")
    # The near neighbours in a random spectrum make power iteration slow, not wrong.
    if solver != "power" or n_components == 1 or name not in ("random", "wide", "square")
]


@pytest.mark.parametrize(("name", "n_components", "solver"), CASES)
def test_against_scikit_learn(name, n_components, solver):
    x = TABLES[name]
    theirs = sklearn_pca.PCA(n_components, svd_solver="full").fit(x)
    ours = PCA(n_components, solver=solver).fit(x)
    largest = theirs.explained_variance_[0]
    spread = np.abs(x - x.mean(axis=0)).max()
    # Rounding of the data's own mean enters squared differences as eps |mean| spread.
    tolerance = 1e-13 * largest + 64 * EPS * np.abs(x).max() * spread
    assert ours.n_components_ == theirs.n_components_
    np.testing.assert_allclose(ours.mean_, theirs.mean_, rtol=1e-14, atol=1e-14 * spread)
    np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        ours.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=0, atol=4 * tolerance / largest
    )
    np.testing.assert_allclose(
        ours.singular_values_**2, theirs.singular_values_**2, rtol=0, atol=tolerance * (len(x) - 1)
    )
    assert abs(ours.noise_variance_ - theirs.noise_variance_) <= tolerance
    # An axis is determined up to rounding over the distance of its eigenvalue from the rest.
    spectrum = sklearn_pca.PCA(svd_solver="full").fit(x).explained_variance_
    k = ours.n_components_
    gaps = np.array([np.abs(np.delete(spectrum, j) - spectrum[j]).min(initial=largest) for j in range(k)])
    # Without variance there is a whole space to choose the last axis from.
    clear = (gaps > 1e-6 * largest) & ((spectrum[:k] > 1e-6 * largest) | (len(x) > x.shape[1]))
    limit = 30 * tolerance / gaps[clear]
    assert (angles(ours.components_[clear], theirs.components_[clear]) <= limit).all()
    np.testing.assert_array_less(
        np.abs(ours.components_[clear] - theirs.components_[clear]).max(axis=1), 1.01 * limit + 4 * EPS
    )  # the signs too
    np.testing.assert_allclose(
        ours.transform(x)[:, clear], theirs.transform(x)[:, clear], atol=spread * x.shape[1] * limit.max()
    )
    np.testing.assert_allclose(
        ours.inverse_transform(ours.transform(x)), theirs.inverse_transform(theirs.transform(x)),
        atol=spread * x.shape[1] * max(limit.max(), 1e-12) + 64 * EPS * np.abs(x).max(),
    )  # fmt: skip


def check_against_lapack(matrix, values, vectors, n_components):
    """Eigenvalues within 1e-14 of the largest, angles within 1e-12 of largest / gap."""
    theirs, axes = scipy_linalg.eigh(matrix, driver="evd")
    theirs, axes = theirs[::-1], axes[:, ::-1]
    largest = theirs[0]
    # LAPACK's own error, p(n) eps lambda_1 with p(n) about sqrt(n), comes on top.
    assert np.abs(values - theirs[:n_components]).max() <= (1e-14 + EPS * len(matrix) ** 0.5) * largest
    gaps = np.array([np.abs(np.delete(theirs, j) - theirs[j]).min(initial=largest) for j in range(n_components)])
    clear = gaps > 1e-10 * largest
    found = angles(vectors[clear], axes[:, :n_components].T[clear])
    assert (found <= 1e-12 * largest / gaps[clear]).all()
    gram = vectors @ vectors.T
    assert np.abs(gram - np.eye(n_components)).max() <= 1e-14 * max(n_components, 10) ** 0.5


@pytest.mark.parametrize("solver", ["auto", "power", "subspace"])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("mistyped", [False, True])
def test_iris_against_lapack(solver, standardize, mistyped):
    x = datasets.load("iris").data.copy()
    if mistyped:
        x[[34, 37]] = [4.9, 3.1, 1.5, 0.1]
    pca = PCA(solver=solver, standardize=standardize).fit(x)
    matrix = np.corrcoef(x.T) if standardize else np.cov(x.T)
    check_against_lapack(matrix, pca.explained_variance_, pca.components_, 4)


@pytest.mark.parametrize("n_components", [2, 20, None])
def test_generated_digits_against_lapack(n_components):
    x = datasets.load("digits").data.astype(np.float64)
    pca = PCA(n_components).fit(x)
    k = pca.n_components_
    check_against_lapack(linalg.covariance(x)[0], pca.explained_variance_, pca.components_, k)


@pytest.mark.slow
@pytest.mark.parametrize("n_components", [2, 50])
def test_mnist_against_lapack(n_components, data_path):
    data_path("mnist/train-images-idx3-ubyte.gz")
    x = datasets.load("mnist").data.astype(np.float64)
    matrix = np.cov(x.T)
    pca = PCA(n_components).fit(x)
    check_against_lapack(matrix, pca.explained_variance_, pca.components_, n_components)


@pytest.mark.slow
@pytest.mark.parametrize(("n_components", "limit"), [(2, 1e-5), (50, 1e-4)])
def test_mnist_in_float32_against_float64(n_components, limit, data_path):
    data_path("mnist/train-images-idx3-ubyte.gz")
    x = datasets.load("mnist").data
    narrow, wide = PCA(n_components).fit(x), PCA(n_components).fit(x.astype(np.float64))
    assert narrow.components_.dtype == np.float32
    assert angles(narrow.components_.astype(np.float64), wide.components_).max() <= limit
    assert np.abs(narrow.explained_variance_ratio_ - wide.explained_variance_ratio_).max() <= 1e-6
    exact = (x[:5000] - wide.mean_) @ narrow.components_.astype(np.float64).T
    assert np.abs(narrow.transform(x[:5000]) - exact).max() <= 60 * np.finfo(np.float32).eps * np.abs(exact).max()


@pytest.mark.parametrize("solver", ["auto", "subspace"])
def test_random_spectra_with_repeated_and_nearly_equal_values_against_lapack(solver):
    rng = np.random.default_rng(1)
    for case in range(200):
        d = int(rng.integers(2, 40))
        spectrum = np.sort(10.0 ** rng.uniform(-3, 1, size=d))[::-1]
        twin = int(rng.integers(d - 1))
        spectrum[twin + 1] = spectrum[twin] * [1.0, 1.0, 1.0 - 1e-12, 1.0 - 1e-6][case % 4]
        spectrum = np.sort(spectrum)[::-1]
        axes, _ = np.linalg.qr(rng.standard_normal((d, d)))
        scores, _ = np.linalg.qr((raw := rng.standard_normal((d + 30, d))) - raw.mean(axis=0))
        x = scores * np.sqrt((d + 29) * spectrum) @ axes.T
        k = int(rng.integers(1, d + 1)) if solver == "auto" else int(rng.integers(1, max(d // 2, 1) + 1))
        pca = PCA(k, solver=solver, random_state=case).fit(x)
        check_against_lapack(linalg.covariance(x)[0], pca.explained_variance_, pca.components_, k)


@pytest.mark.parametrize("standardize", [False, True])
def test_discriminant_accuracy_against_scikit_learn(standardize):
    analysis = pytest.importorskip("sklearn.discriminant_analysis")
    selection = pytest.importorskip("sklearn.model_selection")
    iris = datasets.load("iris")
    for x in (PCA(2, standardize=standardize).fit_transform(iris.data), iris.data):
        theirs = selection.cross_val_score(
            analysis.LinearDiscriminantAnalysis(), x, iris.target, cv=selection.LeaveOneOut()
        ).mean()
        assert abs(discriminant_accuracy(x, iris.target) - theirs) <= 1e-12


def test_silhouette_against_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    iris = datasets.load("iris")
    rng = np.random.default_rng(2)
    for x, y in [(iris.data, iris.target), (rng.standard_normal((1500, 10)), rng.integers(7, size=1500))]:
        assert abs(silhouette_score(x, y) - metrics.silhouette_score(x, y)) <= 1e-7  # theirs expands the square
