"""Softmax, its logarithm and log-sum-exp: laws, extremes, gradients, threads, and the C interface."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad._native import lib, pointer
from minigrad.autograd import gradcheck, gradgradcheck

pytestmark = pytest.mark.native

DTYPES = [np.float32, np.float64]
# Around a vector (4 to 16 lanes), four of them, and a block of 64 columns.
EXTENTS = [1, 2, 3, 7, 15, 16, 17, 63, 64, 65, 130]


def normal(seed, *shape, dtype=np.float64, scale=3.0):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(dtype)


def tensor(values, requires_grad=False):
    return mg.from_numpy(np.array(values)).requires_grad_(requires_grad)


def softmax_of(x, axis):
    """The definition, in long double."""
    e = np.exp(x.astype(np.longdouble) - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis=axis, keepdims=True)


@given(
    shape=st.lists(st.sampled_from(EXTENTS), min_size=1, max_size=3).filter(lambda s: math.prod(s) < 20000),
    dim=st.integers(-3, 2),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 99),
)
def test_softmax_is_its_definition(shape, dim, dtype, seed):
    dim %= len(shape)
    x = normal(seed, *shape, dtype=dtype)
    eps = np.finfo(dtype).eps
    want = softmax_of(x, dim)
    # x - max, exp and the sum each cost |x - max| eps or a few eps.
    bound = eps * (8 + 4 * np.abs(x).max() + math.log2(shape[dim] + 1))
    y = mg.softmax(tensor(x), dim)
    assert y.dtype.numpy == dtype
    assert np.abs(y.numpy() - want).max() <= bound
    log_y = mg.log_softmax(tensor(x), dim).numpy()
    assert np.abs(log_y - np.log(want)).max() <= bound * (1 + np.abs(np.log(want)).max())
    lse = mg.logsumexp(tensor(x), dim).numpy()
    size = np.abs(x).max() + math.log(shape[dim])
    assert np.abs(lse - np.log(np.exp(x.astype(np.longdouble)).sum(axis=dim))).max() <= bound * (1 + size)


@pytest.mark.parametrize("dtype", DTYPES)
def test_probabilities_sum_to_one_and_do_not_see_a_shift(dtype):
    x = np.round(normal(1, 40, 257, dtype=dtype) * 8) / 8
    y = mg.softmax(tensor(x), 1).numpy()
    eps = np.finfo(dtype).eps
    assert np.abs(y.astype(np.longdouble).sum(axis=1) - 1).max() <= 20 * eps
    # Multiples of 1/8 are moved exactly.
    assert np.array_equal(mg.softmax(tensor(x + dtype(1024)), 1).numpy(), y)


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_numbers_do_not_overflow(dtype):
    x = tensor(np.array([[1e30, 0.0, 1e30], [-1e30, -1e30, -3e30]], dtype))
    assert mg.softmax(x, 1).tolist() == [[0.5, 0, 0.5], [0.5, 0.5, 0]]
    assert np.isfinite(mg.log_softmax(x, 1).numpy()).all()
    assert mg.logsumexp(x, 1).numpy() == pytest.approx([1e30, -1e30])


@pytest.mark.parametrize("inner", [1, 3])
def test_infinities_and_nan(inner):
    inf, nan = math.inf, math.nan
    lines = np.array([[0, -inf, 0], [-inf, -inf, -inf], [inf, 0, 0], [nan, 0, 0], [0, 0, nan]])
    x = tensor(np.repeat(lines[:, :, None], inner, axis=2))
    y = mg.softmax(x, 1).numpy()[:, :, 0]
    assert y[0].tolist() == [0.5, 0, 0.5]
    assert np.isnan(y[1:]).all()
    lse = mg.logsumexp(x, 1).numpy()[:, 0]
    assert lse[0] == pytest.approx(math.log(2)) and lse[1] == -inf and lse[2] == inf
    assert np.isnan(lse[3:]).all()


def test_log_sum_exp_over_several_dimensions_and_of_nothing():
    x = normal(2, 3, 4, 5)
    for dims in [(0, 1), (1, 2), (0, 2), (2, 0), (0, 1, 2), ()]:
        axes = dims or (0, 1, 2)
        want = np.log(np.exp(x).sum(axis=axes, keepdims=True))
        assert np.abs(mg.logsumexp(tensor(x), dims, keepdim=True).numpy() - want).max() < 1e-13
    assert mg.logsumexp(mg.zeros(2, 0), 1).tolist() == [-math.inf, -math.inf]
    assert mg.logsumexp(mg.zeros(0, 2), 1).shape == (0,)
    assert mg.logsumexp(mg.tensor([0, 0]), 0).item() == pytest.approx(math.log(2))
    assert mg.softmax(mg.zeros(3, 0), 1).shape == (3, 0)
    assert mg.softmax(mg.tensor(3.0), 0).item() == 1


@pytest.mark.parametrize("shape", [(5,), (3, 7), (2, 5, 3), (2, 3, 70)])
@pytest.mark.parametrize("function", [mg.softmax, mg.log_softmax, mg.nn.functional.softmin, mg.logsumexp])
def test_first_and_second_derivatives(function, shape):
    for dim in range(len(shape)):
        x = tensor(normal(3, *shape, scale=1.0), True)
        assert gradcheck(lambda t, dim=dim: function(t, dim), (x,))
        if math.prod(shape) < 50:
            assert gradgradcheck(lambda t, dim=dim: function(t, dim), (x,))


def test_no_gradient_comes_from_a_line_of_minus_infinity():
    x = tensor(np.array([[-math.inf, -math.inf], [0.0, 0.0]]), True)
    mg.logsumexp(x, 1).backward(mg.from_numpy(np.ones(2)))
    assert x.grad.tolist() == [[0, 0], [0.5, 0.5]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_strided_inputs_give_the_same_bits(dtype):
    x = normal(4, 6, 33, 10, dtype=dtype)
    for view in (x.transpose(2, 1, 0), x[::2, 1::2], x[:, ::-1]):
        copied = np.ascontiguousarray(view)
        for dim in range(3):
            assert np.array_equal(
                mg.softmax(mg.from_numpy(view.copy()), dim).numpy(), mg.softmax(mg.from_numpy(copied), dim).numpy()
            )
    turned = mg.from_numpy(x).permute(2, 0, 1)
    assert np.array_equal(mg.softmax(turned, 1).numpy(), mg.softmax(turned.contiguous(), 1).numpy())


@pytest.mark.parametrize("shape", [(1000, 65), (7, 33, 129), (3, 40000)])
def test_the_same_bits_for_any_number_of_threads(shape):
    x, g = normal(5, *shape, dtype=np.float32), normal(6, *shape, dtype=np.float32)
    before = mg.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 5):
            mg.set_num_threads(threads)
            t = tensor(x, True)
            y = mg.log_softmax(t, 1)
            y.backward(tensor(g))
            found.append((y.detach().numpy().tobytes(), t.grad.numpy().tobytes(), mg.logsumexp(t, 1).tolist()))
    finally:
        mg.set_num_threads(before)
    assert found[0] == found[1] == found[2]


def test_bad_input():
    x = mg.zeros(2, 3)
    for function in (mg.softmax, mg.log_softmax, mg.nn.functional.softmin, mg.logsumexp):
        with pytest.raises(IndexError, match="Dimension out of range"):
            function(x, 2)
    with pytest.raises(RuntimeError, match="softmax: input must be floating-point"):
        mg.softmax(mg.tensor([1, 2]), 0)
    assert mg.softmax(mg.tensor([1, 1]), 0, dtype=mg.float64).tolist() == [0.5, 0.5]
    with pytest.warns(UserWarning, match="give dim"):
        assert mg.softmax(x).shape == (2, 3)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        t = mg.zeros(3).requires_grad_()
        y = mg.softmax(t, 0)
        y.add_(1.0)
        y.sum().backward()


def test_c_refuses_unknown_kinds_and_sizes_that_do_not_fit():
    x, y = np.zeros(4), np.full(4, 7.0)
    assert lib.mg_softmax_f64(2, 1, 4, 1, pointer(x), pointer(y, True)) == lib.MG_ERR_ARGUMENT
    assert lib.mg_softmax_f64(0, 2**40, 2**40, 1, pointer(x), pointer(y, True)) == lib.MG_ERR_OVERFLOW
    assert lib.mg_logsumexp_f64(2**40, 2**40, 1, pointer(x), pointer(y, True)) == lib.MG_ERR_OVERFLOW
    assert lib.mg_softmax_backward_f64(3, 1, 4, 1, pointer(x), pointer(x), pointer(y, True)) == lib.MG_ERR_ARGUMENT
    assert (y == 7).all()


@pytest.mark.parametrize("n", EXTENTS)
def test_c_writes_nothing_beyond_its_outputs(n):
    for outer, inner in [(3, 1), (2, 5)]:
        x = normal(7, outer, n, inner, dtype=np.float32)
        room = np.full(x.size + 32, 7, np.float32)
        assert lib.mg_softmax_f32(0, outer, n, inner, pointer(x), pointer(room[16:-16], True)) == 0
        assert (room[:16] == 7).all() and (room[-16:] == 7).all()


def test_softmin_of_bytes_negates_them_as_bytes():
    x = mg.tensor([0, 1, 2], dtype=mg.uint8)
    made = mg.nn.functional.softmin(x, 0, dtype=mg.float64)
    expected = np.exp(np.array([0.0, 255.0, 254.0]) - 255.0)
    np.testing.assert_allclose(made.numpy(), expected / expected.sum(), rtol=1e-14)
