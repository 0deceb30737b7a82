"""The factorisations against NumPy and SciPy (LAPACK)."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import linalg

scipy_linalg = pytest.importorskip("scipy.linalg")

DTYPES = [np.float32, np.float64]
SHAPES = [(1, 1), (2, 1), (1, 2), (7, 5), (5, 7), (32, 32), (33, 33), (100, 64), (64, 100), (200, 150)]


def matrix(seed, m, n, condition=None, dtype=np.float64):
    """A random matrix; with `condition`, of that condition number (singular values in geometric order)."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((m, n))
    if condition is not None:
        u, _, v = scipy_linalg.svd(a, full_matrices=False)
        a = (u * np.geomspace(1, 1 / condition, min(m, n))) @ v
    return a.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", ["reduced", "complete"])
@pytest.mark.parametrize("shape", [*SHAPES, (0, 0), (0, 4), (4, 0)])
def test_qr(shape, mode, dtype):
    a = matrix(0, *shape, dtype=dtype)
    q, r = linalg.qr(a, mode)
    expected_q, expected_r = np.linalg.qr(a, mode)
    assert q.shape == expected_q.shape and r.shape == expected_r.shape and r.dtype == expected_r.dtype
    # The factors are as sensitive as the leading columns are ill-conditioned.
    square = a[:, : min(shape)]
    condition = np.linalg.cond(square.astype(float)) if square.size else 1
    bound = 20 * np.finfo(dtype).eps * condition * max(shape)
    assert np.abs(r - expected_r).max(initial=0) <= bound
    k = min(shape)
    assert np.abs(q[:, :k] - expected_q[:, :k]).max(initial=0) <= bound


@pytest.mark.parametrize(
    ("dtype", "condition"),
    [(np.float32, 1.0), (np.float32, 1e2), (np.float64, 1.0), (np.float64, 1e4), (np.float64, 1e8)],
)
@pytest.mark.parametrize("n", [1, 2, 32, 33, 100, 150])
def test_cholesky(n, dtype, condition):
    x = matrix(n, n, n, condition**0.5)
    a = (x @ x.T).astype(dtype)
    a = (a + a.T) / 2
    expected = np.linalg.cholesky(a.astype(float))
    # The factor moves by the condition number times the matrix's relative change.
    assert np.abs(linalg.cholesky(a) - expected).max() <= 4 * n * np.finfo(dtype).eps * condition


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("trans", [False, True])
@pytest.mark.parametrize("unit_diagonal", [False, True])
def test_solve_triangular(lower, trans, unit_diagonal, dtype):
    for n in (1, 31, 32, 33, 130):
        a = matrix(n, n, n, dtype=dtype) / n + np.eye(n, dtype=dtype)
        b = matrix(n + 1, n, 300, dtype=dtype)
        got = linalg.solve_triangular(a, b, lower=lower, trans=trans, unit_diagonal=unit_diagonal)
        expected = scipy_linalg.solve_triangular(
            a.astype(float), b, lower=lower, trans=int(trans), unit_diagonal=unit_diagonal
        )
        assert np.abs(got - expected).max() <= 50 * n * np.finfo(dtype).eps * np.abs(expected).max()


@pytest.mark.parametrize(
    ("dtype", "condition"),
    [(np.float32, 1e1), (np.float32, 1e4), (np.float64, 1e1), (np.float64, 1e4), (np.float64, 1e8), (np.float64, 1e12)],
)
@pytest.mark.parametrize("n", [1, 2, 33, 120])
def test_solve(n, dtype, condition):
    eps = np.finfo(dtype).eps
    a, b = matrix(n, n, n, condition, dtype), matrix(n + 1, n, 2, dtype=dtype)
    exact = np.linalg.solve(a.astype(float), b.astype(float))
    ours, theirs = linalg.solve(a, b), np.linalg.solve(a, b)
    bound = 10 * n * eps * condition * np.abs(exact).max()
    assert np.abs(ours - exact).max() <= max(bound, 20 * np.abs(theirs - exact).max())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("condition", [1e1, 1e5])
def test_lstsq(shape, condition):
    a, b = matrix(3, *shape, condition), matrix(4, shape[0], 3)
    expected, _, rank, _ = np.linalg.lstsq(a, b, rcond=None)
    result = linalg.lstsq(a, b)
    assert result.rank == rank
    # Wedin's bound: condition^2 times the residual.
    bound = 100 * max(shape) * np.finfo(float).eps * condition**2 * np.abs(b).max()
    assert np.abs(result.x - expected).max() <= bound
    assert np.allclose(result.residuals, ((a @ expected - b) ** 2).sum(axis=0), rtol=1e-8, atol=1e-20 * condition**2)


@pytest.mark.parametrize("rank", [0, 1, 5, 19])
@pytest.mark.parametrize("shape", [(40, 20), (20, 40), (30, 30)])
def test_lstsq_of_deficient_rank(shape, rank):
    m, n = shape
    a = matrix(5, m, rank) @ matrix(6, rank, n)
    b = matrix(7, m, 2)
    expected, _, found, _ = np.linalg.lstsq(a, b, rcond=1e-10)
    result = linalg.lstsq(a, b, rcond=1e-10)
    assert result.rank == found == rank
    assert np.abs(result.x - expected).max() <= 1e-10 * (1 + np.abs(expected).max())


def test_non_contiguous_and_reversed_input():
    a, b = matrix(0, 80, 60)[::-2, ::3], matrix(1, 3, 40).T
    assert np.abs(linalg.lstsq(a, b).x - np.linalg.lstsq(a, b, rcond=None)[0]).max() <= 1e-12
    assert np.abs(np.abs(linalg.qr(a).R) - np.abs(np.linalg.qr(a).R)).max() <= 1e-12
