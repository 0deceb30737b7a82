"""The symmetric eigenproblem against LAPACK."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import datasets, linalg

scipy_linalg = pytest.importorskip("scipy.linalg")

EPS = np.finfo(float).eps


def spectra(closeness):
    """Two hundred spectra: random, graded, repeated, nearly equal, of both signs, deficient."""
    rng = np.random.default_rng(20)
    for i in range(200):
        n = int(rng.integers(2, 70))
        kind = i % 8
        if kind == 0:
            values = rng.standard_normal(n)
        elif kind == 1:
            values = rng.uniform(0, 1, n) ** 8
        elif kind == 2:
            values = np.repeat(rng.uniform(0, 1, n), 3)[:n]
        elif kind == 3:
            values = rng.choice([1.0, 0.5, 0.25], n) + 1e-12 * rng.standard_normal(n)
        elif kind == 4:
            values = 10.0 ** -rng.uniform(0, 16, n)
        elif kind == 5:
            values = np.where(rng.uniform(size=n) < 0.6, 0.0, rng.uniform(0, 1, n))
        elif kind == 6:
            values = 1 + closeness * rng.standard_normal(n)
        else:
            values = rng.standard_normal(n) * 10.0 ** rng.integers(-200, 200)
        q = scipy_linalg.qr(rng.standard_normal((n, n)))[0]
        a = (q * values) @ q.T
        yield (a + a.T) / 2


def worst_angle_ratio(values, vectors, exact, reference):
    """The largest sine of an angle to LAPACK's vector, over 1e-12 lambda_1 / gap (spaces of close values as one)."""
    scale = np.abs(exact).max()
    worst = 0.0
    for j in range(vectors.shape[1]):
        near = np.abs(exact - values[j]) <= 1e-6 * scale
        gap = np.abs(exact[~near] - values[j]).min() if (~near).any() else np.inf
        rest = vectors[:, j] - reference[:, near] @ (reference[:, near].T @ vectors[:, j])
        worst = max(worst, float(np.sqrt(rest @ rest)) / (1e-12 * scale / gap if np.isfinite(gap) else 1e-12))
        alone = np.delete(np.abs(exact - values[j]), np.argmin(np.abs(exact - values[j])))
        if alone.size and alone.min() > 1e-10 * scale:
            match = reference[:, np.argmin(np.abs(exact - values[j]))]
            rest = vectors[:, j] - match * (match @ vectors[:, j])
            worst = max(worst, float(np.sqrt(rest @ rest)) * alone.min() / (1e-12 * scale))
    return worst


@pytest.mark.parametrize("method", ["ql", "jacobi"])
def test_eigh_on_two_hundred_spectra(method):
    for a in spectra(1e-14):
        exact, reference = scipy_linalg.eigh(a)
        values, vectors = linalg.eigh(a, method=method)
        scale = np.abs(exact).max()
        assert np.abs(values - exact).max() <= 1e-14 * scale
        assert worst_angle_ratio(values, vectors, exact, reference) <= 1
        assert np.abs(vectors.T @ vectors - np.eye(len(a))).max() <= 1e-14
        assert abs(values.sum() - np.trace(a)) <= 1e-15 * len(a) * scale * 4


def test_subspace_iteration_on_two_hundred_spectra():
    rng = np.random.default_rng(1)
    # More equal values than the block holds are told apart down to its tolerance, 1.1e-14.
    for a in spectra(1e-12):
        # Several times on the diagonal, scaled: large enough that the iteration is what runs.
        copies = 1 + 110 // len(a)
        large = np.kron(np.diag(rng.uniform(0.5, 1, copies)), a)
        k = int(rng.integers(1, 8))
        exact, reference = scipy_linalg.eigh(large)
        result = linalg.subspace_iteration(large, k)
        scale = np.abs(exact).max()
        assert np.abs(result.eigenvalues - exact[::-1][:k]).max() <= 1e-14 * scale
        assert worst_angle_ratio(result.eigenvalues, result.eigenvectors, exact, reference) <= 1
        assert np.abs(result.eigenvectors.T @ result.eigenvectors - np.eye(k)).max() <= 1e-14


def real_data(name, data_path):
    if name == "mnist":
        data_path("mnist/train-images-idx3-ubyte.gz")
        return datasets.load("mnist").images[:20000].reshape(-1, 784).astype(float)
    return getattr(pytest.importorskip("sklearn.datasets"), f"load_{name}")().data


@pytest.mark.parametrize("name", ["iris", "digits", "mnist"])
def test_covariances_of_real_data(name, data_path):
    a = np.cov(real_data(name, data_path).T)
    exact, reference = scipy_linalg.eigh(a)
    scale = exact[-1]
    values, vectors = linalg.eigh(a)
    assert np.abs(values - exact).max() <= 1e-14 * scale
    assert worst_angle_ratio(values, vectors, exact, reference) <= 1
    for k in (1, 2, min(50, len(a))):
        part = linalg.subspace_iteration(a, k)
        assert np.abs(part.eigenvalues - exact[::-1][:k]).max() <= 1e-14 * scale
        assert worst_angle_ratio(part.eigenvalues, part.eigenvectors, exact, reference) <= 1
    power = linalg.power_iteration(a, 2)
    assert np.abs(power.eigenvalues - exact[::-1][:2]).max() <= 1e-14 * scale
