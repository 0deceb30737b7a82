"""Laws and constructed answers for the factorisations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import linalg
from minigrad._native import lib, pointer

pytestmark = pytest.mark.native

DTYPES = [np.float32, np.float64]
# Around the order of a block (32), and several blocks.
SIZES = [0, 1, 2, 3, 31, 32, 33, 64, 65, 100]
SHAPES = [(0, 0), (0, 3), (3, 0), (1, 1), (1, 5), (5, 1), (33, 32), (32, 33), (64, 7), (7, 64), (65, 65), (130, 40)]


def normal(seed, *shape, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def largest(x):
    return float(np.abs(x).max(initial=0))


def close(x, y, bound):
    """Agree elementwise within `bound`, in float64."""
    return largest(np.asarray(x, np.float64) - np.asarray(y, np.float64)) <= bound


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_cholesky_gives_back_the_matrix(n, dtype):
    x = normal(n, n, n + 5, dtype=dtype)
    a = x @ x.T
    factor = linalg.cholesky(a)
    assert factor.dtype == dtype and factor.shape == (n, n)
    assert (np.triu(factor, 1) == 0).all() and (np.diag(factor) > 0).all()
    # |L L' - A| <= (n + 1) eps |L||L'|, whose elements are at most the largest diagonal one.
    assert close(factor.astype(float) @ factor.T, a, (n + 2) * np.finfo(dtype).eps * largest(a))


def test_cholesky_of_a_constructed_factor():
    factor = np.tril(np.random.default_rng(1).integers(1, 4, (70, 70))).astype(float)
    # Small whole numbers: every operation is exact.
    assert np.array_equal(linalg.cholesky(factor @ factor.T), factor)


@pytest.mark.parametrize("where", [0, 1, 31, 32, 69])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_cholesky_refuses_what_is_not_positive_definite(where, value):
    a = np.eye(70)
    a[where, where] = value
    with pytest.raises(np.linalg.LinAlgError, match="cholesky: the matrix is not positive definite"):
        linalg.cholesky(a)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", ["reduced", "complete"])
@pytest.mark.parametrize("shape", SHAPES)
def test_qr_gives_back_the_matrix(shape, mode, dtype):
    m, n = shape
    a = normal(1, m, n, dtype=dtype)
    q, r = linalg.qr(a, mode)
    k = min(m, n) if mode == "reduced" else m
    assert q.shape == (m, k) and r.shape == (k, n) and q.dtype == r.dtype == dtype
    assert (np.tril(r, -1) == 0).all()
    eps = np.finfo(dtype).eps
    lengths = np.sqrt((a.astype(float) ** 2).sum(axis=0))
    # Columnwise backward error; n sqrt(m) eps is the worst case, far from reached.
    assert close(q.astype(float) @ r, a, 4 * eps * (min(m, n) + 8) * largest(lengths))
    assert close(q.T.astype(float) @ q, np.eye(k), 4 * eps * (min(m, n) + 8))


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e150, 1e300])
def test_qr_of_very_small_and_very_large_numbers(scale):
    a = normal(3, 20, 6)
    q, r = linalg.qr(a * scale)
    assert close(q.T @ q, np.eye(6), 1e-14)
    assert close(q @ (r / scale), a, 1e-14)


def test_qr_of_zero_and_of_columns_that_are_zero_below():
    q, r = linalg.qr(np.zeros((5, 3)))
    assert np.array_equal(r, np.zeros((3, 3))) and np.array_equal(q, np.eye(5, 3))
    upper = np.triu(normal(2, 40, 40))
    q, r = linalg.qr(upper)
    assert np.array_equal(r, upper) and np.array_equal(q, np.eye(40))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("trans", [False, True])
@pytest.mark.parametrize("unit_diagonal", [False, True])
def test_solve_triangular_against_substitution(n, lower, trans, unit_diagonal, dtype):
    a = normal(n, n, n, dtype=dtype) / dtype(max(n, 1)) + 2 * np.eye(n, dtype=dtype)
    x = normal(n + 1, n, 3, dtype=dtype)
    t = (np.tril(a) if lower else np.triu(a)).astype(float)
    if unit_diagonal:
        np.fill_diagonal(t, 1)
    t = t.T if trans else t
    b = (t @ x).astype(dtype)
    got = linalg.solve_triangular(a, b, lower=lower, trans=trans, unit_diagonal=unit_diagonal)
    assert got.dtype == dtype and got.shape == b.shape
    eps = np.finfo(dtype).eps
    assert np.all(np.abs(t @ got - b) <= (n + 2) * eps * (np.abs(t) @ np.abs(got) + np.abs(b)))
    one = linalg.solve_triangular(a, b[:, 1], lower=lower, trans=trans, unit_diagonal=unit_diagonal)
    assert one.shape == (n,) and np.all(np.abs(t @ one - b[:, 1]) <= (n + 2) * eps * (np.abs(t) @ np.abs(one) + 1) * 4)


def test_solve_triangular_does_not_read_the_other_triangle_or_a_unit_diagonal():
    n = 40
    a, b = normal(0, n, n), normal(1, n, 2)
    spoilt = np.where(np.tri(n, k=-1), a, np.nan)
    x = np.array(b)
    status = lib.mg_triangular_solve_f64(
        lib.MG_LOWER, lib.MG_NO_TRANS, lib.MG_UNIT, n, 2, pointer(spoilt), n, pointer(x), 2
    )
    assert status == 0 and np.isfinite(x).all()
    assert np.array_equal(x, linalg.solve_triangular(a, b, lower=True, unit_diagonal=True))


def test_solve_triangular_refuses_a_zero_on_the_diagonal():
    a = np.eye(50)
    a[40, 40] = 0
    with pytest.raises(np.linalg.LinAlgError, match="solve_triangular: the matrix is singular"):
        linalg.solve_triangular(a, np.ones(50))
    assert np.array_equal(linalg.solve_triangular(a, np.ones(50), unit_diagonal=True), np.ones(50))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_solve_has_a_small_residual(n, dtype):
    a, b = normal(n, n, n, dtype=dtype), normal(n + 1, n, 2, dtype=dtype)
    x = linalg.solve(a, b)
    assert x.shape == b.shape and x.dtype == dtype
    size = np.sqrt((a.astype(float) ** 2).sum())
    assert close(a.astype(float) @ x, b, 4 * np.finfo(dtype).eps * (n + 8) * (size * largest(x) + 1))
    assert linalg.solve(a, b[:, 0]).shape == (n,)


def test_solve_is_exact_on_an_ill_scaled_diagonal():
    a = np.diag([1e200, 1.0, 1e-200])
    assert np.array_equal(linalg.solve(a, [1e200, 2.0, 3e-200]), [1.0, 2.0, 3.0])


@pytest.mark.parametrize("a", [np.zeros((3, 3)), np.ones((4, 4)), [[1.0, 2.0], [2.0, 4.0]], [[0.0]]])
def test_solve_refuses_a_singular_matrix(a):
    with pytest.raises(np.linalg.LinAlgError, match="solve: the matrix is singular in working precision"):
        linalg.solve(a, np.ones(len(a)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_lstsq_residual_is_orthogonal_and_solution_shortest(shape, dtype):
    m, n = shape
    a, b = normal(m, m, n, dtype=dtype), normal(n, m, 2, dtype=dtype)
    x, residuals, rank = linalg.lstsq(a, b)
    assert x.shape == (n, 2) and residuals.shape == (2,) and x.dtype == residuals.dtype == dtype
    assert rank == min(m, n)
    eps, wide = np.finfo(dtype).eps, a.astype(float)
    gap = wide @ x - b
    size = (np.sqrt((wide**2).sum()) + 1) * (largest(x) + 1) * (max(m, n) + 8)
    assert close(wide.T @ gap, 0, 8 * eps * size * (largest(a) * m + 1))
    assert close((gap**2).sum(axis=0), residuals, 8 * eps * size * (m + 1))
    if m < n:  # the shortest solution is a combination of the rows
        q, _ = linalg.qr(wide.T)
        assert close(x, q @ (q.T @ x), 100 * eps * size)


@given(
    m=st.integers(1, 40),
    n=st.integers(1, 40),
    rank=st.integers(0, 8),
    seed=st.integers(0, 2**32),
    power=st.integers(-8, 8),
)
def test_lstsq_finds_the_rank_and_the_shortest_solution(m, n, rank, seed, power):
    rank = min(rank, m, n)
    rng = np.random.default_rng(seed)
    # Orthonormal factors: the pseudo-inverse of U V' is V U'.
    u = linalg.qr(rng.standard_normal((m, m)))[0][:, :rank]
    v = linalg.qr(rng.standard_normal((n, n)))[0][:, :rank]
    b = rng.standard_normal(m)
    x, residual, found = linalg.lstsq(10.0**power * (u @ v.T), b, rcond=1e-10)
    assert found == rank
    assert residual.shape == ()
    assert close(x * 10.0**power, v @ (u.T @ b), 1e-13 * (1 + largest(b)))
    assert abs(residual - ((b - u @ (u.T @ b)) ** 2).sum()) <= 1e-13 * (b @ b + 1)


def test_lstsq_rcond_decides_the_rank():
    a = np.diag([1.0, 1e-3, 1e-9])
    assert [linalg.lstsq(a, np.ones(3), rcond=r).rank for r in (0.0, 1e-6, 1e-2, 1.0)] == [3, 2, 1, 0]
    assert linalg.lstsq(np.zeros((4, 2)), np.ones(4)).rank == 0
    assert np.array_equal(linalg.lstsq(np.zeros((4, 2)), np.ones(4)).x, [0, 0])


def test_lstsq_on_longley_like_polynomial_columns():
    # Certified by construction: y is exactly 1 + x + ... + x^5 in whole numbers (as NIST's Wampler1).
    x = np.arange(21.0)
    a = np.vander(x, 6, increasing=True)
    result = linalg.lstsq(a, a.sum(axis=1))
    assert result.rank == 6
    assert close(result.x, np.ones(6), 1e-8)


def test_non_contiguous_input_is_the_same_input():
    a, b = normal(0, 80, 60)[::2, ::2], normal(1, 4, 40).T
    assert np.array_equal(linalg.qr(a)[0], linalg.qr(a.copy())[0])
    assert np.array_equal(linalg.lstsq(a, b).x, linalg.lstsq(a.copy(), b.copy()).x)
    s = (np.asfortranarray(normal(2, 40, 40)) + 9 * np.eye(40))[::-1, ::-1]
    assert np.array_equal(linalg.solve(s, b), linalg.solve(s.copy(), b.copy()))
    assert np.array_equal(linalg.solve_triangular(s.T, b), linalg.solve_triangular(s.T.copy(), b))


def test_arguments_are_left_alone():
    a, b = normal(0, 50, 50) + 9 * np.eye(50), normal(1, 50, 2)
    s = a @ a.T
    kept = [x.copy() for x in (a, b, s)]
    linalg.qr(a), linalg.solve(a, b), linalg.lstsq(a, b), linalg.solve_triangular(a, b), linalg.cholesky(s)
    assert all(np.array_equal(x, y) for x, y in zip((a, b, s), kept, strict=True))


def padded(a, margin=3):
    """Copy `a` into a wider array of canaries; return that and the view of `a` in it."""
    wide = np.full((a.shape[0] + 1, a.shape[1] + margin), 7.5)
    wide[: a.shape[0], : a.shape[1]] = a
    return wide, wide[: a.shape[0], : a.shape[1]]


def canaries_live(wide, inner):
    return (wide[inner.shape[0] :] == 7.5).all() and (wide[:, inner.shape[1] :] == 7.5).all()


@pytest.mark.parametrize(("m", "n"), [(40, 33), (33, 40), (5, 5)])
def test_leading_dimensions_and_canaries(m, n):
    a, b = normal(0, m, n), normal(1, m, 6)
    k = min(m, n)
    (wide, inner), (right, columns) = padded(a), padded(b)
    tau = np.empty(k)
    assert lib.mg_qr_factor_f64(m, n, pointer(wide), n + 3, pointer(tau)) == 0
    assert lib.mg_qr_apply_f64(lib.MG_TRANS, m, 6, k, pointer(wide), n + 3, pointer(tau), pointer(right), 9) == 0
    q, r = linalg.qr(a, "complete")
    assert np.array_equal(np.triu(inner), r) and close(columns, q.T @ b, 1e-13)
    out, formed = padded(np.empty((m, m)))
    assert lib.mg_qr_form_f64(m, m, k, pointer(wide), n + 3, pointer(tau), pointer(out), m + 3) == 0
    assert np.array_equal(formed, q)
    (square, s), (solved, x) = padded(a @ a.T + np.eye(m)), padded(b)
    assert lib.mg_linear_solve_f64(m, 6, pointer(square), m + 3, pointer(solved), 9) == 0
    assert close(s @ x, b, 1e-11)
    factor, inside = padded(s)
    assert lib.mg_cholesky_factor_f64(m, pointer(factor), m + 3) == 0
    assert np.array_equal(inside, linalg.cholesky(s))
    pairs = [(wide, inner), (right, columns), (out, formed), (square, s), (solved, x), (factor, inside)]
    assert all(canaries_live(*pair) for pair in pairs)


@pytest.mark.parametrize("dtype", DTYPES)
def test_same_bits_for_one_and_two_threads(dtype):
    a, b = normal(0, 300, 300, dtype=dtype), normal(1, 300, 520, dtype=dtype)
    s = a @ a.T + 300 * np.eye(300, dtype=dtype)
    before = mg.get_num_threads()
    results = []
    try:
        for threads in (1, 2):
            mg.set_num_threads(threads)
            results.append(
                [
                    linalg.cholesky(s),
                    *linalg.qr(a),
                    linalg.solve(a, b),
                    linalg.lstsq(a, b).x,
                    linalg.solve_triangular(s, b),
                ]
            )
    finally:
        mg.set_num_threads(before)
    for one, two in zip(*results, strict=True):
        assert np.array_equal(one, two)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: linalg.cholesky(np.ones((2, 3))), r"cholesky: a must be square; got shape \(2, 3\)"),
        (lambda: linalg.cholesky([[1.0, 2.0], [3.0, 4.0]]), r"cholesky: a must be symmetric; got a matrix with max"),
        (lambda: linalg.solve(np.ones((2, 3)), [1, 2]), r"solve: a must be square; got shape \(2, 3\)"),
        (lambda: linalg.solve(np.eye(2), [1, 2, 3]), r"b must have as many rows as a; got shapes \(2, 2\) and \(3,\)"),
        (lambda: linalg.solve(np.eye(2), np.ones((2, 1, 1))), r"solve: b must be 1-dimensional or 2-dimensional; got"),
        (lambda: linalg.solve(np.eye(2), [np.inf, 0]), r"solve: b must be finite; got inf at index \(0,\)"),
        (lambda: linalg.solve_triangular(np.ones(3), [1]), r"solve_triangular: a must be 2-dimensional; got"),
        (lambda: linalg.qr(np.eye(2), "raw"), r"qr: mode must be one of 'reduced', 'complete'; got 'raw'"),
        (lambda: linalg.qr([1.0]), r"qr: a must be 2-dimensional; got shape \(1,\)"),
        (lambda: linalg.lstsq(np.eye(2), [1, 2], rcond=2.0), r"rcond must be a finite number in \[0, 1\]; got 2.0"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_core_refuses_bad_leading_dimensions_and_what_is_not_finite():
    a, b, tau, rank = np.ones((4, 4)), np.ones((4, 4)), np.ones(4), np.zeros(1, np.uint64)
    p, q, t, r = pointer(a), pointer(b), pointer(tau), pointer(rank)
    bad = lib.MG_ERR_ARGUMENT
    assert lib.mg_cholesky_factor_f64(4, p, 3) == bad
    assert lib.mg_qr_factor_f64(4, 4, p, 3, t) == bad
    assert lib.mg_qr_form_f64(4, 5, 4, p, 4, t, q, 5) == bad
    assert lib.mg_qr_apply_f64(0, 4, 4, 5, p, 4, t, q, 4) == bad
    assert lib.mg_triangular_solve_f64(0, 0, 0, 4, 4, p, 4, q, 3) == bad
    assert lib.mg_linear_solve_f64(4, 4, p, 4, q, 3) == bad
    assert lib.mg_least_squares_f64(4, 4, 1, p, 3, q, 1, 0, t, 1, t, r) == bad
    a[2, 1] = np.nan
    assert lib.mg_linear_solve_f64(4, 4, p, 4, q, 4) == lib.MG_ERR_NOT_FINITE
    assert lib.mg_least_squares_f64(4, 4, 1, p, 4, q, 1, 0, t, 1, t, r) == lib.MG_ERR_NOT_FINITE
    assert lib.mg_cholesky_factor_f64(4, p, 4) == lib.MG_ERR_NOT_POSITIVE_DEFINITE
    assert (b == 1).all() and (tau == 1).all()
