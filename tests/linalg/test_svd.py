"""Singular values: factors multiplied back, constructed spectra, ranks, extremes, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad import linalg

pytestmark = pytest.mark.native
SIZES = [(1, 1), (1, 4), (4, 1), (3, 3), (5, 3), (3, 5), (33, 33), (70, 8), (8, 70)]


def _orthonormal(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    return linalg.qr(rng.standard_normal((m, n))).Q


def _check(a: np.ndarray) -> np.ndarray:
    """Check the laws of the decomposition; return the values."""
    u, s, vh = linalg.svd(a, full_matrices=False)
    k, eps = min(a.shape), np.finfo(s.dtype).eps
    largest = float(s[0]) if k else 0.0
    assert u.shape == (a.shape[0], k) and vh.shape == (k, a.shape[1]) and s.shape == (k,)
    assert (s >= 0).all() and (np.diff(s) <= 0).all()
    # Householder's and Jacobi's rotations each leave a few eps per column behind.
    bound = 40 * max(k, 1) * eps
    assert np.abs(u.T @ u - np.eye(k)).max(initial=0) <= bound
    assert np.abs(vh @ vh.T - np.eye(k)).max(initial=0) <= bound
    assert np.abs((u * s) @ vh - a).max(initial=0) <= bound * largest
    return s


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SIZES)
def test_factors_multiply_back(shape: tuple[int, int], dtype: type) -> None:
    rng = np.random.default_rng(sum(shape))
    a = rng.standard_normal(shape).astype(dtype)
    assert _check(a).dtype == dtype
    np.testing.assert_array_equal(linalg.svdvals(a), linalg.svd(a).S)


@pytest.mark.parametrize("shape", [(6, 6), (9, 5), (5, 9)])
def test_a_constructed_spectrum_is_found(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    m, n = shape
    k = min(shape)
    values = np.logspace(0, -8, k)
    a = (_orthonormal(rng, m, k) * values) @ _orthonormal(rng, n, k).T
    np.testing.assert_allclose(_check(a), values, rtol=0, atol=20 * k * np.finfo(float).eps)


def test_full_matrices_are_square_and_orthogonal() -> None:
    for shape in ((5, 2), (2, 5), (4, 4)):
        u, _, vh = linalg.svd(np.random.default_rng(0).standard_normal(shape))
        for q, n in ((u, shape[0]), (vh, shape[1])):
            assert q.shape == (n, n)
            np.testing.assert_allclose(q.T @ q, np.eye(n), atol=1e-14)


def test_dependent_columns_and_zeros() -> None:
    rng = np.random.default_rng(1)
    a = np.outer(rng.standard_normal(7), rng.standard_normal(5))
    s = _check(a)
    assert (s[1:] <= 100 * np.finfo(float).eps * s[0]).all()
    assert not _check(np.zeros((4, 3))).any()
    assert linalg.matrix_rank(a) == 1 and linalg.matrix_rank(np.zeros((3, 3))) == 0


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_sizes_near_the_ends_of_the_range(scale: float) -> None:
    a = np.array([[3.0, 0.0], [4.0, 5.0]])
    np.testing.assert_allclose(linalg.svdvals(a * scale) / scale, np.sqrt([45.0, 5.0]), rtol=1e-14)


def test_columns_of_different_size_keep_small_values_accurate() -> None:
    # diag(1, d) turned on the left alone: the values are the columns' lengths, whatever d.
    c, s = np.cos(0.3), np.sin(0.3)
    values = linalg.svdvals(np.array([[c, -s], [s, c]]) * np.array([1.0, 1e-18]))
    np.testing.assert_allclose(values, [1.0, 1e-18], rtol=1e-14)


def test_empty_matrices() -> None:
    for shape in ((0, 3), (3, 0), (0, 0)):
        u, s, vh = linalg.svd(np.zeros(shape))
        assert s.shape == (0,) and u.shape == (shape[0],) * 2 and vh.shape == (shape[1],) * 2


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_any_shape(m: int, n: int, seed: int) -> None:
    s = _check(np.random.default_rng(seed).standard_normal((m, n)))
    assert np.isclose((s * s).sum(), (np.random.default_rng(seed).standard_normal((m, n)) ** 2).sum(), rtol=1e-13)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="svd: a must be"):
        linalg.svd(np.zeros(3))
    with pytest.raises(ValueError, match="svd: a"):
        linalg.svd([[np.nan, 1.0]])
    with pytest.raises(TypeError, match="svd: a"):
        linalg.svd([["x"]])


def test_what_follows_from_factorisations() -> None:
    a = np.array([[0.0, 2.0], [3.0, 1.0]])
    assert linalg.det(a) == pytest.approx(-6.0, rel=1e-15)
    assert linalg.slogdet(a) == pytest.approx((-1.0, np.log(6.0)))
    assert linalg.slogdet(np.zeros((2, 2))) == (0.0, -np.inf)
    np.testing.assert_allclose(linalg.inv(a) @ a, np.eye(2), atol=1e-15)
    tall = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    p = linalg.pinv(tall)
    np.testing.assert_allclose(tall @ p @ tall, tall, atol=1e-14)
    np.testing.assert_allclose(p @ tall @ p, p, atol=1e-14)
    for product in (tall @ p, p @ tall):
        np.testing.assert_allclose(product, product.T, atol=1e-14)
    assert linalg.cond(np.diag([4.0, 2.0])) == 2.0 and linalg.cond(np.zeros((2, 2))) == np.inf


def test_norms() -> None:
    x = np.array([3.0, -4.0])
    assert [linalg.norm(x, p) for p in (None, 1, np.inf, -np.inf, 0)] == [5.0, 7.0, 4.0, 3.0, 2.0]
    assert linalg.norm(x * 1e300) == pytest.approx(5e300)
    a = np.array([[1.0, -2.0], [3.0, 4.0]])
    assert [linalg.norm(a, p) for p in (1, -1, np.inf, -np.inf)] == [6.0, 4.0, 7.0, 3.0]
    assert linalg.norm(a) == linalg.norm(a, "fro") == pytest.approx(np.sqrt(30))
    assert linalg.norm(a, "nuc") == pytest.approx(linalg.svdvals(a).sum())
    assert linalg.norm(a, 2) == pytest.approx(linalg.svdvals(a)[0])
    with pytest.raises(ValueError, match="norm: ord must be"):
        linalg.norm(a, 3)


def test_refusals_of_what_follows() -> None:
    with pytest.raises(ValueError, match="inv: a must be square"):
        linalg.inv(np.zeros((2, 3)))
    with pytest.raises(np.linalg.LinAlgError, match="inv"):
        linalg.inv(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="cond: a must have elements"):
        linalg.cond(np.zeros((0, 0)))
    with pytest.raises(ValueError, match="rtol"):
        linalg.pinv(np.eye(2), rtol=-1.0)
