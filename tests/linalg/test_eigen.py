"""Laws and constructed answers for the symmetric eigenproblem."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import linalg
from minigrad._native import NULL, lib, pointer

pytestmark = pytest.mark.native

DTYPES = [np.float32, np.float64]


def orthogonal(rng, n):
    """A product of three reflections: orthogonal by construction."""
    q = np.eye(n)
    for _ in range(3):
        v = rng.standard_normal(n)
        q -= np.outer(q @ v, v) * (2 / (v @ v))
    return q


def constructed(rng, spectrum):
    """A symmetric matrix with this spectrum, and its eigenvectors."""
    q = orthogonal(rng, len(spectrum))
    a = (q * spectrum) @ q.T
    return (a + a.T) / 2, q


def check_pairs(a, values, vectors, factor):
    """A V = V diag(values) and V'V = I within `factor` roundings of |A|."""
    a, values, vectors = (np.asarray(x, np.float64) for x in (a, values, vectors))
    return (
        np.abs(a @ vectors - vectors * values).max() <= factor * np.abs(a).max() * len(a)
        and np.abs(vectors.T @ vectors - np.eye(vectors.shape[1])).max() <= factor
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["ql", "jacobi", "auto"])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 12, 13, 31, 32, 33, 34, 63, 64, 65, 97])
def test_eigh_residual_orthogonality_trace_and_order(n, method, dtype):
    rng = np.random.default_rng(n)
    a = rng.standard_normal((n, n))
    a = (a + a.T).astype(dtype)
    values, vectors = linalg.eigh(a, method=method)
    assert values.dtype == vectors.dtype == dtype
    assert values.shape == (n,) and vectors.shape == (n, n)
    assert (np.diff(values) >= 0).all()
    eps = np.finfo(dtype).eps
    if n:
        assert check_pairs(a, values, vectors, 2 * eps * max(n, 8))
        scale = np.abs(values).max()
        assert abs(values.sum(dtype=np.float64) - np.trace(a, dtype=np.float64)) <= 4 * n * eps * scale


def test_eigh_of_a_tridiagonal_matrix_with_known_spectrum():
    n = 150
    a = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    exact = 2 - 2 * np.cos(np.arange(1, n + 1) * np.pi / (n + 1))
    for method in ("ql", "jacobi"):
        assert np.abs(linalg.eigh(a, method=method).eigenvalues - exact).max() <= 40 * np.finfo(float).eps * 4


@pytest.mark.parametrize("k", [1, 3, 10, 40, 99, 100])
@pytest.mark.parametrize(
    "spectrum",
    [
        0.9 ** np.arange(100),
        np.r_[np.ones(30), np.full(70, 0.5)],
        np.r_[np.ones(5), np.zeros(95)],
        np.r_[1 + 1e-12 * np.arange(20), np.linspace(0.1, 0.9, 80)],
        np.linspace(-1, 1, 100),
        np.linspace(100, 101, 100),
        np.linspace(-5, -4, 100),
        np.ones(100),
        np.zeros(100),
        np.r_[1e300, np.ones(99)],
        1e-300 * np.arange(100),
    ],
    ids=lambda s: "spectrum",
)
def test_subspace_iteration_finds_the_largest(spectrum, k):
    rng = np.random.default_rng(7)
    a, _ = constructed(rng, spectrum)
    result = linalg.subspace_iteration(a, k)
    exact = np.sort(spectrum)[::-1][:k]
    scale = np.abs(spectrum).max()
    # The construction itself rounds A by a few eps of its norm.
    assert np.abs(result.eigenvalues - exact).max() <= 100 * np.finfo(float).eps * scale
    assert (np.diff(result.eigenvalues) <= 0).all()
    assert result.residuals.max() <= 50 * np.finfo(float).eps * scale
    v = result.eigenvectors
    assert np.abs(v.T @ v - np.eye(k)).max() <= 50 * np.finfo(float).eps


def test_power_iteration_on_a_constructed_spectrum():
    rng = np.random.default_rng(3)
    spectrum = np.r_[5.0, -4.0, 3.0, 2.0, np.linspace(0, 1, 26)]
    a, q = constructed(rng, spectrum)
    result = linalg.power_iteration(a, 4, record=True)
    assert np.abs(result.eigenvalues - spectrum[:4]).max() <= 1e-13
    assert np.abs(np.abs((result.eigenvectors * q[:, :4]).sum(axis=0)) - 1).max() <= 1e-13
    assert result.history is not None
    for steps, count, vector in zip(result.history, result.n_iter, result.eigenvectors.T, strict=True):
        assert steps["vectors"].shape == (count, 30)
        assert np.array_equal(steps["vectors"][-1], vector)
        assert steps["residuals"].shape == steps["angles"].shape == (count,)
    # The angle shrinks by |lambda_2 / lambda_1| per step.
    angles = result.history[0]["angles"]
    assert angles[45] / angles[40] == pytest.approx(0.8**5, rel=1e-3)


def test_power_iteration_warns_where_two_values_have_one_size():
    with pytest.warns(mg.ConvergenceWarning, match="power_iteration: stopped at max_iter = 50"):
        linalg.power_iteration(np.diag([1.0, -1.0, 0.5]), 1, max_iter=50)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 70), k=st.integers(1, 70), seed=st.integers(0, 2**64 - 1), dtype=st.sampled_from(DTYPES))
def test_leading_pairs_agree_with_the_whole(n, k, seed, dtype):
    k = min(k, n)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n + 3, n)).astype(dtype)
    a = x.T @ x
    whole = linalg.eigh(a).eigenvalues[::-1][:k]
    part = linalg.subspace_iteration(a, k, seed=seed)
    assert np.abs(part.eigenvalues - whole).max() <= 50 * np.finfo(dtype).eps * whole[0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_core_refuses_what_is_not_finite(bad):
    a = np.eye(40)
    a[20, 10] = bad
    out, vectors, count = np.full(40, 7.0), np.full((40, 40), 7.0), np.zeros(1, np.uint64)
    refused = lib.MG_ERR_NOT_FINITE
    assert lib.mg_symmetric_eigen_f64(40, pointer(a), 40, pointer(out), pointer(vectors), 40) == refused
    assert lib.mg_symmetric_jacobi_f64(40, pointer(a), 40, pointer(out), pointer(vectors), 40) == refused
    status = lib.mg_subspace_iteration_f64(
        40, 2, pointer(a), 40, 1e-14, 10, 0, pointer(out), pointer(vectors), 40, pointer(out), pointer(count)
    )
    assert status == refused
    one = np.full(1, 7.0)
    status = lib.mg_power_iteration_f64(
        40, pointer(a), 40, 0, NULL, 0, 1e-12, 10, 0,
        pointer(one), pointer(out), pointer(one), pointer(count), NULL, NULL,
    )  # fmt: skip
    assert status == refused
    assert (out == 7).all() and (vectors == 7).all() and (one == 7).all()


def test_the_lower_triangle_alone_is_read_by_the_core():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((50, 50))
    a = a + a.T
    spoilt = np.tril(a) + np.triu(np.full((50, 50), np.nan), 1)
    values, expected = np.empty(50), linalg.eigh(a).eigenvalues
    assert lib.mg_symmetric_eigen_f64(50, pointer(spoilt), 50, pointer(values), NULL, 0) == 0
    assert np.array_equal(values, expected)


@pytest.mark.parametrize("n", [5, 33, 110])
def test_leading_dimensions_and_canaries(n):
    rng = np.random.default_rng(n)
    x = rng.standard_normal((n + 4, n))
    a, k = x.T @ x, 3
    wide = np.full((n + 1, n + 3), 7.5)
    wide[:n, :n] = a
    values, residuals, count = np.empty(n), np.empty(k), np.zeros(1, np.uint64)
    for name in ("mg_symmetric_eigen_f64", "mg_symmetric_jacobi_f64"):
        out = np.full((n + 1, n + 2), 7.5)
        assert getattr(lib, name)(n, pointer(wide), n + 3, pointer(values), pointer(out), n + 2) == 0
        assert np.abs(a @ out[:n, :n] - out[:n, :n] * values).max() <= 1e-12 * values[-1]
        assert (out[n:] == 7.5).all() and (out[:, n:] == 7.5).all()
    out, leading = np.full((n + 1, k + 2), 7.5), np.empty(k)
    status = lib.mg_subspace_iteration_f64(
        n,
        k,
        pointer(wide),
        n + 3,
        1e-14,
        100,
        0,
        pointer(leading),
        pointer(out),
        k + 2,
        pointer(residuals),
        pointer(count),
    )
    assert status == 0 and np.abs(leading - values[::-1][:k]).max() <= 1e-13 * values[-1]
    assert (out[n:] == 7.5).all() and (out[:, k:] == 7.5).all()


@pytest.mark.parametrize("function", [linalg.eigh, lambda a: linalg.power_iteration(a, 3)])
def test_non_contiguous_input(function):
    rng = np.random.default_rng(5)
    a = rng.standard_normal((40, 40))
    a = a @ a.T
    wide = np.zeros((80, 80))
    wide[::2, ::2] = a
    assert np.array_equal(function(wide[::2, ::2])[0], function(a)[0])
    assert np.array_equal(function(np.asfortranarray(a))[0], function(np.ascontiguousarray(a.T))[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_same_bits_for_one_and_two_threads(dtype):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((300, 260)).astype(dtype)
    a = (x.T @ x) / 300
    before = mg.get_num_threads()
    results = []
    try:
        for threads in (1, 2):
            mg.set_num_threads(threads)
            results.append(
                [*linalg.eigh(a), *linalg.subspace_iteration(a, 8)[:2], *linalg.power_iteration(a, 1, tol=1e-3)[:2]]
            )
    finally:
        mg.set_num_threads(before)
    for one, two in zip(*results, strict=True):
        assert np.array_equal(one, two)


@pytest.mark.parametrize("function", [linalg.eigh, linalg.power_iteration, lambda a: linalg.subspace_iteration(a, 1)])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones((2, 3)), r"a must be square; got shape \(2, 3\)"),
        (np.ones(3), r"a must be 2-dimensional; got shape \(3,\)"),
        ([[0.0, 1.0], [2.0, 0.0]], r"a must be symmetric; got a matrix with max \|a - a.T\| = 1"),
        ([[np.nan, 0.0], [0.0, 1.0]], r"a must be finite; got nan at index \(0, 0\)"),
    ],
)
def test_bad_matrices(function, bad, message):
    with pytest.raises(ValueError, match=message):
        function(bad)


def test_bad_options():
    a = np.eye(3)
    with pytest.raises(ValueError, match=r"eigh: method must be one of 'auto', 'ql', 'jacobi'; got 'qr'"):
        linalg.eigh(a, method="qr")
    with pytest.raises(ValueError, match=r"subspace_iteration: n_components must be an int from 1 to 3; got 4"):
        linalg.subspace_iteration(a, 4)
    with pytest.raises(ValueError, match=r"power_iteration: n_components must be an int from 1 to 3; got 0"):
        linalg.power_iteration(a, 0)
    with pytest.raises(ValueError, match=r"power_iteration: max_iter must be an int >= 1|from 1"):
        linalg.power_iteration(a, 1, max_iter=0)
    with pytest.raises(ValueError, match=r"subspace_iteration: tol must be a finite number"):
        linalg.subspace_iteration(a, 1, tol=-1.0)
    with pytest.raises(ValueError, match=r"power_iteration: a must have at least one row; got shape \(0, 0\)"):
        linalg.power_iteration(np.empty((0, 0)))


def test_subspace_iteration_warns_at_its_limit():
    rng = np.random.default_rng(0)
    a, _ = constructed(rng, np.linspace(0, 1, 120))
    with pytest.warns(mg.ConvergenceWarning, match="subspace_iteration: stopped at max_iter = 1 "):
        result = linalg.subspace_iteration(a, 4, max_iter=1)
    assert result.eigenvectors.shape == (120, 4) and result.n_iter == 1
