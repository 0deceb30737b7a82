"""linalg.matmul and linalg.covariance against slow, obvious arithmetic in longer precision."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad import linalg
from minigrad._native import ffi, lib, pointer, product

pytestmark = pytest.mark.native

RNG = np.random.default_rng(7)
DTYPES = [np.float32, np.float64]
# One below, at and above the tiles of every level (4, 6, 14 rows; 8, 16, 32 columns)
# and the depth blocks (192, 384).
EDGES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 31, 32, 33, 65]


def exact(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a.astype(np.longdouble) @ b.astype(np.longdouble)


def assert_product(c: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """|C - AB| <= 1.01 k eps |A||B| elementwise (Higham, Accuracy and Stability, 3.5)."""
    bound = 1.01 * a.shape[1] * np.finfo(c.dtype).eps * (np.abs(a).astype(float) @ np.abs(b).astype(float))
    assert (np.abs(c - exact(a, b)) <= bound).all()


def random_matrix(rows: int, cols: int, dtype: type) -> np.ndarray:
    return RNG.standard_normal((rows, cols)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_shapes_that_straddle_the_tiles(dtype: type) -> None:
    for m, n in itertools.product(EDGES, EDGES):
        k = EDGES[(m * 7 + n) % len(EDGES)]
        a, b = random_matrix(m, k, dtype), random_matrix(k, n, dtype)
        assert_product(linalg.matmul(a, b), a, b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(100, 383, 90), (71, 385, 33), (150, 800, 130), (29, 40, 1500), (300, 300, 300)])
@pytest.mark.parametrize("trans_a", [False, True])
@pytest.mark.parametrize("trans_b", [False, True])
def test_transposes_and_blocks(dtype: type, shape: tuple[int, int, int], trans_a: bool, trans_b: bool) -> None:
    m, k, n = shape
    a = random_matrix(k, m, dtype).T if trans_a else random_matrix(m, k, dtype)
    b = random_matrix(n, k, dtype).T if trans_b else random_matrix(k, n, dtype)
    assert_product(linalg.matmul(a, b), a, b)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.sampled_from(DTYPES), st.integers(0, 3))
def test_any_view_is_read_right(m: int, k: int, n: int, dtype: type, view: int) -> None:
    def viewed(rows: int, cols: int) -> np.ndarray:
        if view == 0:
            return random_matrix(rows, cols + 3, dtype)[:, 1 : cols + 1]
        if view == 1:
            return random_matrix(cols, 2 * rows, dtype)[:, :rows].T
        if view == 2:
            return random_matrix(rows, 2 * cols, dtype)[:, ::2]
        return random_matrix(rows, cols, dtype)[::-1]

    a, b = viewed(m, k), viewed(k, n)
    c = linalg.matmul(a, b)
    np.testing.assert_array_equal(linalg.matmul(a, b, out=np.empty_like(c)), c)
    assert c.shape == (m, n) and c.dtype == dtype
    assert_product(c, a, b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_of_small_integers_are_exact(dtype: type) -> None:
    a = RNG.integers(-8, 9, (130, 200)).astype(dtype)
    b = RNG.integers(-8, 9, (200, 70)).astype(dtype)
    np.testing.assert_array_equal(linalg.matmul(a, b), exact(a, b).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (257, 130), (130, 600), (2000, 70)])
def test_vectors(dtype: type, shape: tuple[int, int]) -> None:
    a = random_matrix(*shape, dtype)
    x, y = random_matrix(shape[1], 1, dtype)[:, 0], random_matrix(shape[0], 1, dtype)[:, 0]
    assert_product(linalg.matmul(a, x)[:, None], a, x[:, None])
    assert_product(linalg.matmul(y, a)[None, :], y[None, :], a)
    assert_product(linalg.matmul(a.T, y)[:, None], a.T, y[:, None])
    assert linalg.matmul(x, x).shape == ()


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_do_not_change_a_bit(dtype: type) -> None:
    threads = minigrad.get_num_threads()
    a, b = random_matrix(300, 500, dtype), random_matrix(500, 700, dtype)
    x = random_matrix(4000, 75, dtype)
    try:
        results = []
        for count in (1, 2, 5):
            minigrad.set_num_threads(count)
            c, mean = linalg.covariance(x)
            results.append((linalg.matmul(a, b), linalg.matmul(b.T, a.T), linalg.matmul(a, b[:, 0]), c, mean))
    finally:
        minigrad.set_num_threads(threads)
    for other in results[1:]:
        for first, second in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, second)


def test_alpha_and_beta_and_the_epilogue() -> None:
    for dtype, gemm, fused in [
        (np.float32, lib.mg_gemm_f32, lib.mg_gemm_bias_f32),
        (np.float64, lib.mg_gemm_f64, lib.mg_gemm_bias_f64),
    ]:
        for m, n, k in [(5, 7, 3), (33, 70, 400), (100, 45, 800)]:
            a, b, c = random_matrix(m, k, dtype), random_matrix(k, n, dtype), random_matrix(m, n, dtype)
            bias = random_matrix(1, n, dtype)[0]
            eps = np.finfo(dtype).eps
            bound = 3 * k * eps * (np.abs(a).astype(float) @ np.abs(b).astype(float) + np.abs(c) + np.abs(bias))
            out = c.copy()
            assert gemm(0, 0, m, n, k, 0.5, pointer(a), k, pointer(b), n, -2.0, pointer(out), n) == 0
            assert (np.abs(out - (0.5 * exact(a, b) - 2 * c)) <= bound).all()
            out = c.copy()
            assert fused(0, 0, m, n, k, pointer(a), k, pointer(b), n, 1.0, pointer(out), n, pointer(bias), 1) == 0
            assert (np.abs(out - np.maximum(exact(a, b) + c + bias, 0)) <= bound).all()


def test_beta_zero_overwrites_nan_and_k_zero_scales() -> None:
    a, b = np.ones((3, 2)), np.ones((2, 4))
    out = np.full((3, 4), np.nan)
    linalg.matmul(a, b, out=out)
    np.testing.assert_array_equal(out, 2)
    np.testing.assert_array_equal(linalg.matmul(np.ones((3, 0)), np.ones((0, 4))), np.zeros((3, 4)))
    c = np.ones((3, 4))
    assert lib.mg_gemm_f64(0, 0, 3, 4, 0, 1.0, pointer(a), 2, pointer(b), 4, 0.5, pointer(c), 4) == 0
    np.testing.assert_array_equal(c, 0.5)


def test_nothing_is_written_outside_c() -> None:
    for dtype, gemm in [(np.float32, lib.mg_gemm_f32), (np.float64, lib.mg_gemm_f64)]:
        for m, n, k in [(1, 1, 1), (13, 31, 5), (15, 17, 200), (70, 45, 390), (128, 260, 130)]:
            a, b = random_matrix(m, k, dtype), random_matrix(k, n, dtype)
            canvas = np.full((m + 2, n + 9), 777, dtype)
            start = canvas[1:, 4:]
            address = ffi.cast("float *" if dtype == np.float32 else "double *", start.ctypes.data)
            assert gemm(0, 0, m, n, k, 1.0, pointer(a), k, pointer(b), n, 0.0, address, n + 9) == 0
            assert_product(canvas[1 : m + 1, 4 : n + 4], a, b)
            canvas[1 : m + 1, 4 : n + 4] = 777
            assert (canvas == 777).all()


def test_c_refuses_leading_dimensions_that_are_too_small() -> None:
    x = np.ones((4, 4))
    p = pointer(x)
    assert lib.mg_gemm_f64(0, 0, 4, 4, 4, 1.0, p, 3, p, 4, 0.0, p, 4) == lib.MG_ERR_ARGUMENT
    assert lib.mg_gemm_f64(0, 0, 4, 4, 4, 1.0, p, 4, p, 3, 0.0, p, 4) == lib.MG_ERR_ARGUMENT
    assert lib.mg_gemm_f64(0, 0, 4, 4, 4, 1.0, p, 4, p, 4, 0.0, p, 3) == lib.MG_ERR_ARGUMENT
    assert lib.mg_gemv_f64(0, 4, 4, 1.0, p, 3, p, 0.0, p) == lib.MG_ERR_ARGUMENT
    assert lib.mg_covariance_f64(1, 4, p, 4, 1, p, p) == lib.MG_ERR_ARGUMENT
    assert lib.mg_covariance_f64(4, 4, p, 3, 1, p, p) == lib.MG_ERR_ARGUMENT
    np.testing.assert_array_equal(x, 1)


def test_nan_and_infinity_follow_ieee() -> None:
    a = np.eye(20)
    a[3, 4] = np.nan
    c = linalg.matmul(a, np.ones((20, 20)))
    assert np.isnan(c[3]).all() and np.isfinite(np.delete(c, 3, 0)).all()


@pytest.mark.parametrize(
    ("a", "b", "error", "words"),
    [
        (np.ones((2, 3)), np.ones((2, 3)), ValueError, r"\(2, 3\) and \(2, 3\)"),
        (np.ones((2, 3, 4)), np.ones((4, 2)), ValueError, "a must be 1-dimensional or 2-dimensional"),
        (np.ones((2, 2)), "text", TypeError, "b must be an array of real numbers"),
        ([[1, 2], [3]], np.ones((2, 2)), ValueError, "rows of different lengths"),
        (np.ones((2, 2)) * 1j, np.ones((2, 2)), TypeError, "complex"),
    ],
)
def test_bad_operands(a: object, b: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        linalg.matmul(a, b)  # type: ignore[arg-type]


def test_bad_out() -> None:
    a = np.ones((3, 3))
    for out in (np.empty((3, 4)), np.empty((3, 3), np.float32), np.empty((3, 3)).T[::-1], a, a[:]):
        with pytest.raises(ValueError, match="out must be"):
            linalg.matmul(a, a, out=out)
    with pytest.raises(ValueError, match="out is for two matrices"):
        linalg.matmul(a, a[0], out=np.empty(3))


def test_the_short_way_leaves_alone_what_it_does_not_know() -> None:
    a, out = np.ones((3, 3)), np.full((3, 3), 7.0)
    frozen = out.copy()
    frozen.flags.writeable = False
    askew = np.frombuffer(bytearray(73), np.float64, 9, offset=1).reshape(3, 3)
    for operands in (
        (a.tolist(), a, out),
        (a, None, out),
        (a[0], a, out),
        (a[None], a, out),
        (a[:2], a, out),
        (a[:, :2], a, out),
        (a, a.astype(np.float32), out),
        (a, a.astype(int), out),
        (a, a.astype(">f8"), out),
        (a, a + 0j, out),
        (a, np.broadcast_to(a[0], (3, 3)), out),
        (a[::-1], a, out),
        (a, askew, out),
        (out.T, a, out),
        (a, a, askew),
        (a, a, frozen),
        (a, a, out.T),
        (a, a, memoryview(out)),
        (a, a, out.tolist()),
    ):
        assert product(*operands) == -1
    assert (out == 7).all() and (frozen == 7).all() and not askew.any()
    with pytest.raises(TypeError, match="3 arguments"):
        product(a, a)
    assert product(a, a.T, out) == 0 and (out == 3).all()


def test_mixed_types_and_lists() -> None:
    assert linalg.matmul(np.ones((2, 2), np.float32), np.ones((2, 2))).dtype == np.float64
    assert linalg.matmul([[1, 2]], [[3], [4]]).tolist() == [[11.0]]
    swapped = np.ones((2, 2)).astype(">f8")
    np.testing.assert_array_equal(linalg.matmul(swapped, swapped), 2)


def exact_covariance(x: np.ndarray, ddof: int) -> tuple[np.ndarray, np.ndarray]:
    wide = x.astype(np.longdouble)
    mean = wide.mean(axis=0)
    z = wide - mean
    return z.T @ z / (len(x) - ddof), mean


@pytest.mark.parametrize(("dtype", "offset"), [(np.float32, 1e4), (np.float64, 1e8)])
@pytest.mark.parametrize("shape", [(2, 1), (3, 40), (513, 31), (700, 65), (1500, 33), (4001, 45)])
@pytest.mark.parametrize("ddof", [0, 1])
def test_covariance_keeps_its_digits_far_from_zero(
    dtype: type, offset: float, shape: tuple[int, int], ddof: int
) -> None:
    x = (RNG.standard_normal(shape) + offset).astype(dtype)
    c, mean = linalg.covariance(x, ddof=ddof)
    expected, expected_mean = exact_covariance(x, ddof)
    deviation = np.sqrt(np.diag(expected)).astype(float)
    # A sum of at most 512 products per block, each of size sigma_j sigma_l.
    bound = 512 * np.finfo(dtype).eps * np.outer(deviation, deviation) * shape[0] / (shape[0] - ddof)
    assert (np.abs(c - expected) <= bound + 1e-300).all()
    assert (np.abs(mean - expected_mean) <= 2 * np.finfo(np.float64).eps * offset + 1e-7 * deviation).all()
    np.testing.assert_array_equal(c, c.T)


def test_covariance_repeats_the_pass_where_the_sample_misled() -> None:
    # Every second row, the ones sampled, sits at 0; the rest carry a large offset.
    x = RNG.standard_normal((1024, 5))
    x[1::2] += 1e9
    c, mean = linalg.covariance(x)
    expected, expected_mean = exact_covariance(x, 1)
    np.testing.assert_allclose(c, expected.astype(float), rtol=1e-12)
    np.testing.assert_allclose(mean, expected_mean.astype(float), rtol=1e-14)


def test_covariance_of_constant_columns_is_zero() -> None:
    c, mean = linalg.covariance(np.full((100, 3), 0.1))
    np.testing.assert_allclose(c, 0, atol=1e-30)
    np.testing.assert_array_equal(mean, 0.1)


def test_covariance_bad_input() -> None:
    with pytest.raises(ValueError, match="more than 1 row"):
        linalg.covariance(np.ones((1, 3)))
    with pytest.raises(ValueError, match="2-dimensional"):
        linalg.covariance(np.ones(3))
    with pytest.raises(ValueError, match="finite"):
        linalg.covariance([[1.0, np.nan], [2.0, 3.0]])
    with pytest.raises(ValueError, match="ddof"):
        linalg.covariance(np.ones((3, 3)), ddof=2)
