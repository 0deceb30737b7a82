"""Initialisers: moments, bounds, structure, and what they refuse."""

import math

import numpy as np
import pytest

from minigrad.nn import init
from minigrad.nn._random import Generator
from minigrad.nn._tensor import fresh

pytestmark = pytest.mark.native


def empty(*shape, dtype=np.float64):
    return fresh(np.full(shape, np.nan, dtype) if np.dtype(dtype).kind == "f" else np.zeros(shape, dtype))


@pytest.mark.parametrize(
    ("name", "param", "gain"),
    [
        ("linear", None, 1.0),
        ("conv_transpose2d", None, 1.0),
        ("sigmoid", None, 1.0),
        ("tanh", None, 5 / 3),
        ("relu", None, math.sqrt(2)),
        ("leaky_relu", None, math.sqrt(2 / 1.0001)),
        ("leaky_relu", 1, 1.0),
        ("selu", None, 0.75),
    ],
)
def test_gains(name, param, gain):
    assert init.calculate_gain(name, param) == pytest.approx(gain, rel=1e-15)


def test_gains_refuse():
    with pytest.raises(ValueError, match="nonlinearity must be one of .*; got 'cubic'"):
        init.calculate_gain("cubic")
    for slope in (True, "x"):
        with pytest.raises(ValueError, match="param must be the slope"):
            init.calculate_gain("leaky_relu", slope)


# Variance, and the bound of uniform ones, for a (300, 100, 2, 2) kernel: fans 400 and 1,200.
RULES = [
    (init.xavier_uniform_, {}, 2 / 1600, True),
    (init.xavier_normal_, {"gain": 2.0}, 4 * 2 / 1600, False),
    (init.kaiming_uniform_, {"a": math.sqrt(5)}, 2 / 6 / 400, True),
    (init.kaiming_normal_, {"mode": "fan_out", "nonlinearity": "relu"}, 2 / 1200, False),
    (init.uniform_, {"a": -3.0, "b": 3.0}, 3.0, True),
    (init.normal_, {"mean": 0.0, "std": 2.0}, 4.0, False),
]


@pytest.mark.parametrize(("function", "options", "variance", "bounded"), RULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments(function, options, variance, bounded, dtype):
    tensor = empty(300, 100, 2, 2, dtype=dtype)
    assert function(tensor, **options, generator=Generator(1)) is tensor
    x = tensor._data.astype(np.float64)
    n = x.size
    assert x.dtype == np.float64 and tensor._data.dtype == dtype and tensor._version == 1
    # Six standard errors of the mean and of the variance (kurtosis at most 3).
    assert abs(x.mean()) < 6 * math.sqrt(variance / n)
    assert abs(x.var() - variance) < 6 * variance * math.sqrt(2 / n)
    if bounded:
        assert np.abs(x).max() <= math.sqrt(3 * variance) * (1 + 1e-6)
    again = function(empty(300, 100, 2, 2, dtype=dtype), **options, generator=Generator(1))
    np.testing.assert_array_equal(again._data, tensor._data)


def test_views_are_filled():
    base = np.zeros((6, 8))
    init.normal_(fresh(base[::2, ::2]))
    assert (base[::2, ::2] != 0).all() and base[1::2].sum() == 0 and base[:, 1::2].sum() == 0


@pytest.mark.parametrize(("a", "b"), [(-2.0, 2.0), (-0.1, 0.3), (1.0, 1e9), (3.5, 4.0), (-9.0, -5.0), (-50.0, 50.0)])
@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (1.0, 0.5)])
def test_truncated_normal_follows_its_distribution(a, b, mean, std):
    n = 4000
    tensor = init.trunc_normal_(empty(n), mean, std, a, b, generator=Generator(2))
    x = np.sort(tensor._data)
    assert x[0] >= a and x[-1] <= b

    def tail(v):  # of a standard normal, upper; accurate far out
        return math.erfc(v / math.sqrt(2)) / 2

    low, high = (a - mean) / std, (b - mean) / std
    sign = 1.0 if low + high > 0 else -1.0  # count from the side where tails do not cancel
    if sign < 0:
        low, high, x = -high, -low, (2 * mean - x)[::-1]
    total = tail(low) - tail(high)
    cdf = np.array([(tail(low) - tail((v - mean) / std)) / total for v in x])
    steps = np.arange(1, n + 1) / n
    distance = max((steps - cdf).max(), (cdf - steps + 1 / n).max())
    assert distance < 2.3 / math.sqrt(n)  # Kolmogorov: exceeded with probability 5e-5


def test_truncated_normal_refuses():
    with pytest.raises(ValueError, match="b must be above a"):
        init.trunc_normal_(empty(3), a=1.0, b=1.0)
    with pytest.raises(ValueError, match="std must be"):
        init.trunc_normal_(empty(3), std=0.0)


def test_constants():
    assert (init.constant_(empty(2, 3), 7)._data == 7).all()
    assert (init.ones_(empty(2, dtype=np.int64))._data == 1).all() and (init.zeros_(empty(2))._data == 0).all()
    assert (init.eye_(empty(2, 3))._data == np.eye(2, 3)).all()
    assert (init.uniform_(empty(3), 2.0, 2.0)._data == 2).all()


@pytest.mark.parametrize(
    ("shape", "groups"), [((4, 4, 3), 1), ((2, 5, 3, 3), 1), ((6, 2, 3, 3), 3), ((4, 2, 1, 3, 5), 2)]
)
def test_dirac_passes_channels_through(shape, groups):
    kernel = init.dirac_(empty(*shape), groups)._data
    each = shape[0] // groups
    assert kernel.sum() == groups * min(each, shape[1])
    for channel in range(shape[0]):
        middle = kernel[(channel, slice(None), *(n // 2 for n in shape[2:]))]
        expected = np.zeros(shape[1])
        if channel % each < shape[1]:
            expected[channel % each] = 1
        np.testing.assert_array_equal(middle, expected)


@pytest.mark.parametrize("shape", [(5, 5), (8, 3), (3, 8), (4, 2, 3), (1, 6), (6, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_orthogonal(shape, dtype):
    q = init.orthogonal_(empty(*shape, dtype=dtype), gain=2.0, generator=Generator(3))._data.reshape(shape[0], -1)
    q = q.astype(np.float64) / 2
    gram = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=50 * np.finfo(dtype).eps)


def test_orthogonal_matrices_have_no_preferred_sign():
    # With R's diagonal made positive, the trace of a random rotation has mean 0.
    generator = Generator(4)
    traces = [np.trace(init.orthogonal_(empty(4, 4), generator=generator)._data) for _ in range(400)]
    assert abs(np.mean(traces)) < 6 / math.sqrt(400)


@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.5, 1.0])
def test_sparse(sparsity):
    x = init.sparse_(empty(25, 10), sparsity, std=3.0, generator=Generator(5))._data
    assert ((x == 0).sum(axis=0) == math.ceil(sparsity * 25)).all()


FUNCTIONS = [init.xavier_uniform_, init.xavier_normal_, init.kaiming_uniform_, init.kaiming_normal_, init.orthogonal_]


@pytest.mark.parametrize("function", [*FUNCTIONS, init.eye_, lambda t: init.sparse_(t, 0.5), init.dirac_])
def test_dimensions_are_checked(function):
    with pytest.raises(ValueError, match=r"must have .*dimensions.*; got float64 \(3,\)"):
        function(empty(3))


@pytest.mark.parametrize("function", [*FUNCTIONS, init.normal_, init.uniform_, init.trunc_normal_])
def test_types_are_checked(function):
    with pytest.raises(RuntimeError, match="must be floating point; got int64"):
        function(empty(2, 2, dtype=np.int64))
    with pytest.raises(TypeError, match="must be a Tensor; got ndarray"):
        function(np.zeros((2, 2)))


@pytest.mark.parametrize("function", [*FUNCTIONS, init.normal_, init.uniform_, init.trunc_normal_, init.zeros_])
def test_nothing_to_fill(function):
    assert function(empty(0, 3)).shape == (0, 3)


def test_other_refusals():
    with pytest.raises(ValueError, match="mode must be one of 'fan_in', 'fan_out'; got 'fan'"):
        init.kaiming_normal_(empty(2, 2), mode="fan")
    with pytest.raises(ValueError, match="groups must divide the 4 output channels; got 3"):
        init.dirac_(empty(4, 4, 3), 3)
    with pytest.raises(ValueError, match="sparsity must be"):
        init.sparse_(empty(2, 2), 1.5)
    with pytest.raises(TypeError, match="constant_: tensor must be a Tensor"):
        init.ones_([1.0])
