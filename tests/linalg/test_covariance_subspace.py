"""linalg.covariance_subspace and the operator beneath it, against the explicit covariance."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import linalg
from minigrad._native import NULL, lib, pointer

pytestmark = pytest.mark.native

RNG = np.random.default_rng(11)


def spectrum_data(n: int, values: np.ndarray, dtype: type) -> np.ndarray:
    """Gaussian rows whose covariance is about diag(values), turned and shifted."""
    d = len(values)
    turn, _ = np.linalg.qr(RNG.standard_normal((d, d)))
    return ((RNG.standard_normal((n, d)) * np.sqrt(values)) @ turn.T + RNG.standard_normal(d) * 3).astype(dtype)


def exact(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    z = x.astype(np.float64) - x.astype(np.float64).mean(axis=0)
    values, vectors = np.linalg.eigh(z.T @ z / (len(x) - 1))
    return values[::-1], vectors[:, ::-1]


def angle(u: np.ndarray, v: np.ndarray) -> float:
    return float(np.linalg.norm(u - v * (v @ u)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_it_agrees_with_the_explicit_covariance(dtype: type, k: int) -> None:
    x = spectrum_data(6000, 0.8 ** np.arange(80.0), dtype)
    values, vectors = exact(x)
    found = linalg.covariance_subspace(x, k, tol=1e-6)
    for i in range(k):
        assert angle(found.eigenvectors[:, i], vectors[:, i]) <= 1e-5
    np.testing.assert_allclose(found.eigenvalues, values[:k], rtol=1e-6)
    np.testing.assert_allclose(found.mean, x.astype(float).mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.variance, x.astype(float).var(axis=0, ddof=1), rtol=1e-5)
    np.testing.assert_allclose(found.eigenvectors.T @ found.eigenvectors, np.eye(k), atol=1e-12)
    assert found.n_passes <= 6
    assert found.angles.max() <= 1e-6


def test_float64_reaches_fine_angles() -> None:
    x = spectrum_data(3000, 0.7 ** np.arange(60.0), np.float64)
    _, vectors = exact(x)
    found = linalg.covariance_subspace(x, 2, tol=1e-11)
    assert max(angle(found.eigenvectors[:, i], vectors[:, i]) for i in range(2)) <= 1e-10


@pytest.mark.parametrize("shape", [(2, 1), (2, 5), (3, 3), (50, 4), (10, 40)])
def test_small_shapes_end_with_the_whole_space(shape: tuple[int, int]) -> None:
    x = RNG.standard_normal(shape)
    k = min(shape[1], 2)
    values, _ = exact(x)
    found = linalg.covariance_subspace(x, k)
    np.testing.assert_allclose(found.eigenvalues, values[:k], atol=1e-10 * values[0])


def test_a_misleading_sample_is_survived() -> None:
    # Rows 0, 10, 20 ... are sampled; they lie along another axis than all the others.
    x = RNG.standard_normal((4000, 40)) * 0.1
    x[:, 0] += RNG.standard_normal(4000) * 3
    x[::10, 0] *= 0.01
    x[::10, 1] += RNG.standard_normal(400) * 2
    values, vectors = exact(x)
    found = linalg.covariance_subspace(x, 1, sample_size=400)
    assert angle(found.eigenvectors[:, 0], vectors[:, 0]) <= 1e-5
    assert found.eigenvalues[0] == pytest.approx(values[0], rel=1e-9)


def test_equal_eigenvalues_warn_or_span_the_plane() -> None:
    x = spectrum_data(4000, np.r_[2.0, np.ones(39)], np.float64)
    with pytest.warns(minigrad.ConvergenceWarning, match="raise max_passes"):
        linalg.covariance_subspace(x, 3, max_passes=2)


def test_threads_do_not_change_a_bit() -> None:
    x = spectrum_data(9000, 0.9 ** np.arange(70.0), np.float32)
    threads = minigrad.get_num_threads()
    try:
        results = []
        for count in (1, 2, 3):
            minigrad.set_num_threads(count)
            results.append(linalg.covariance_subspace(x, 2))
    finally:
        minigrad.set_num_threads(threads)
    for other in results[1:]:
        np.testing.assert_array_equal(results[0].eigenvectors, other.eigenvectors)
        np.testing.assert_array_equal(results[0].eigenvalues, other.eigenvalues)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1, 1), (63, 5, 2), (65, 33, 15), (4097, 31, 40), (130, 40, 33)])
def test_the_operator(dtype: type, shape: tuple[int, int, int]) -> None:
    n, d, k = shape
    x, v = (RNG.standard_normal((n, d)) + 5).astype(dtype), RNG.standard_normal((k, d)).astype(dtype)
    shift = np.full(d, 4.5, dtype)
    w, sums, squares = np.empty((k, d)), np.empty(d), np.empty(d)
    apply = lib.mg_covariance_apply_f32 if dtype == np.float32 else lib.mg_covariance_apply_f64
    arrays = [pointer(a) for a in (shift, v, w, sums, squares)]
    assert apply(n, d, k, pointer(x), d, *arrays) == 0
    wide = x.astype(np.longdouble)
    z = wide - wide.mean(axis=0)
    # A product of d terms, then a sum of at most 384 rows before it goes on in double.
    eps = 4 * (d + 384) * np.finfo(dtype).eps
    assert (np.abs(w - v @ z.T @ z) <= eps * (np.abs(v) @ np.abs(wide - 4.5).T @ np.abs(wide - 4.5))).all()
    again = np.empty((k, d))
    assert apply(n, d, k, pointer(x), d, *arrays[:2], pointer(again), pointer(sums), NULL) == 0
    np.testing.assert_array_equal(w, again)
    np.testing.assert_allclose(sums, (wide - 4.5).sum(axis=0).astype(float), atol=n * 64 * np.finfo(dtype).eps * 5)
    about_zero = np.asarray(wide.sum(axis=0), np.float64)
    assert apply(n, d, k, pointer(x), d, NULL, pointer(v), pointer(again), pointer(about_zero), NULL) == 0
    assert (np.abs(again - v @ z.T @ z) <= eps * (np.abs(v) @ np.abs(wide).T @ np.abs(wide))).all()
    np.testing.assert_allclose(squares, ((wide - 4.5) ** 2).sum(axis=0).astype(float), rtol=64 * np.finfo(dtype).eps)


def test_a_mean_far_from_the_origin_costs_no_digits() -> None:
    x = (spectrum_data(6000, 0.8 ** np.arange(60.0), np.float64) + 1e4).astype(np.float32)
    _, vectors = exact(x)
    found = linalg.covariance_subspace(x, 2, tol=1e-6)
    assert max(angle(found.eigenvectors[:, i], vectors[:, i]) for i in range(2)) <= 1e-5


@pytest.mark.parametrize(
    ("x", "k", "words"),
    [
        (np.ones(5), 1, "2-dimensional"),
        (np.ones((1, 5)), 1, "at least 2 rows"),
        (np.ones((5, 5)), 0, "n_components must be an int from 1 to 5"),
        (np.ones((5, 5)), 6, "n_components must be an int from 1 to 5"),
        (np.r_[np.ones((9, 2)), [[np.nan, 1]]], 1, r"finite; got nan at index \(9, 0\)"),
        (np.full((9, 2), 1e30, np.float32) * np.arange(9, dtype=np.float32)[:, None], 1, "range"),
    ],
)
def test_bad_input(x: np.ndarray, k: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        linalg.covariance_subspace(x, k)


def test_c_refuses_a_leading_dimension_that_is_too_small() -> None:
    x = np.ones((4, 4))
    p = pointer(x)
    assert lib.mg_covariance_apply_f64(4, 4, 1, p, 3, p, p, p, p, p) == lib.MG_ERR_ARGUMENT
    assert lib.mg_covariance_apply_f64(0, 4, 1, p, 4, p, p, p, p, p) == lib.MG_ERR_ARGUMENT
