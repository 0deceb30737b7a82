"""Normalisations: definitions, running statistics, gradients, precision, refusals, threads."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad._native import NULL, lib, pointer
from minigrad.autograd import gradcheck, gradgradcheck

F = mg.nn.functional

pytestmark = pytest.mark.native

DTYPES = [np.float32, np.float64]
# A plane of fewer than 32 values is treated by columns; 4 to 16 lanes make a vector.
SPATIAL = [1, 2, 9, 16, 31, 32, 33, 49, 64, 100]


def normal(seed, *shape, dtype=np.float64, mean=0.0, scale=1.0):
    return (np.random.default_rng(seed).standard_normal(shape) * scale + mean).astype(dtype)


def tensor(values, requires_grad=False):
    return mg.from_numpy(np.array(values)).requires_grad_(requires_grad)


def normalized(x, axes, eps):
    x = x.astype(np.longdouble)
    z = x - x.mean(axis=axes, keepdims=True)
    return z / np.sqrt((z * z).mean(axis=axes, keepdims=True) + eps)


def bound(x, dtype, size):
    """Rounding of the mean by |mean| eps, of sums by log2(size) eps, relative to the deviation."""
    return np.finfo(dtype).eps * (16 + 4 * math.log2(size + 1)) * (4 + np.abs(x).max())


@given(
    rows=st.integers(1, 40),
    n=st.sampled_from([1, 2, 3, 7, 16, 17, 63, 64, 65, 200]),
    affine=st.booleans(),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 99),
)
def test_layer_and_rms_norm_are_their_definitions(rows, n, affine, dtype, seed):
    x = normal(seed, rows, n, dtype=dtype, mean=2)
    w, b = normal(seed + 1, n, dtype=dtype), normal(seed + 2, n, dtype=dtype)
    options = (tensor(w), tensor(b)) if affine else ()
    scale, shift = (w, b) if affine else (1, 0)
    # A row of few values may have a small deviation, which eps = 1 keeps from dividing.
    got = F.layer_norm(tensor(x), (n,), *options, eps=1.0)
    assert np.abs(got.numpy() - (normalized(x, 1, 1.0) * scale + shift)).max() <= bound(x, dtype, n)
    root = np.sqrt((x.astype(np.longdouble) ** 2).mean(axis=1, keepdims=True) + 1.0)
    got = F.rms_norm(tensor(x), (n,), *options[:1], eps=1.0)
    assert np.abs(got.numpy() - x / root * scale).max() <= bound(x, dtype, n)


@given(
    batch=st.integers(1, 70),
    channels=st.sampled_from([1, 2, 6, 17]),
    spatial=st.sampled_from(SPATIAL),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 99),
)
def test_batch_norm_and_its_running_statistics(batch, channels, spatial, dtype, seed):
    if batch * spatial == 1:
        batch = 2
    x = normal(seed, batch, channels, spatial, dtype=dtype, mean=3, scale=2)
    w, b = normal(seed + 1, channels, dtype=dtype), normal(seed + 2, channels, dtype=dtype)
    mean, var = mg.from_numpy(np.ones(channels, dtype)), mg.from_numpy(np.full(channels, 2, dtype))
    y = F.batch_norm(tensor(x), mean, var, tensor(w), tensor(b), True, 0.25, 1.0)
    want = normalized(x, (0, 2), 1.0) * w[:, None] + b[:, None]
    size = batch * spatial
    assert np.abs(y.numpy() - want).max() <= 4 * bound(x, dtype, size)
    exact = x.astype(np.longdouble)
    assert np.abs(mean.numpy() - (0.75 + 0.25 * exact.mean(axis=(0, 2)))).max() <= bound(x, dtype, size)
    assert np.abs(var.numpy() - (1.5 + 0.25 * exact.var(axis=(0, 2), ddof=1))).max() <= 8 * bound(x, dtype, size)
    fixed = F.batch_norm(tensor(x), mean, var, tensor(w), tensor(b), False, 0.25, 1.0)
    m, v = mean.numpy().astype(np.longdouble), var.numpy().astype(np.longdouble)
    want = (exact - m[:, None]) / np.sqrt(v + 1)[:, None] * w[:, None] + b[:, None]
    assert np.abs(fixed.numpy() - want).max() <= 4 * bound(x, dtype, size)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 6, 1), (2, 6, 5), (4, 6, 40), (1, 6, 3, 3)])
def test_group_and_instance_norm_are_their_definitions(shape, dtype):
    x = normal(1, *shape, dtype=dtype, mean=2)
    w, b = normal(2, 6, dtype=dtype), normal(3, 6, dtype=dtype)
    flat = x.reshape(shape[0], 6, -1)
    for groups in (1, 2, 3, 6):
        grouped = flat.reshape(shape[0], groups, -1)
        want = normalized(grouped, 2, 1.0).reshape(flat.shape) * w[:, None] + b[:, None]
        got = F.group_norm(tensor(x), groups, tensor(w), tensor(b), 1.0).numpy().reshape(flat.shape)
        assert np.abs(got - want).max() <= 4 * bound(x, dtype, grouped.shape[2])
    if math.prod(shape[2:]) > 1:
        mean, var = mg.zeros(6, dtype=mg.float64), mg.ones(6, dtype=mg.float64)
        got = F.instance_norm(tensor(x), mean, var, tensor(w), tensor(b), True, 0.5, 1.0).numpy()
        want = normalized(flat, 2, 1.0) * w[:, None] + b[:, None]
        assert np.abs(got.reshape(flat.shape) - want).max() <= 4 * bound(x, dtype, flat.shape[2])
        exact = flat.astype(np.longdouble)
        assert np.abs(mean.numpy() - 0.5 * exact.mean(axis=2).mean(axis=0)).max() <= bound(x, dtype, flat.shape[2])
        spread = 0.5 + 0.5 * exact.var(axis=2, ddof=1).mean(axis=0)
        assert np.abs(var.numpy() - spread).max() <= 8 * bound(x, dtype, flat.shape[2])


def test_local_response_norm_is_its_definition():
    x = normal(4, 2, 5, 3)
    for size in (1, 2, 3, 5, 12):
        want = np.empty_like(x)
        for c in range(5):
            first = c - size // 2
            near = x[:, max(first, 0) : max(first + size, 0)] ** 2
            want[:, c] = x[:, c] / (1.5 + 0.1 * near.sum(axis=1) / size) ** 0.75
        assert np.abs(F.local_response_norm(tensor(x), size, 0.1, 0.75, 1.5).numpy() - want).max() < 1e-14


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_large_mean_costs_no_digits(dtype):
    # Multiples of 1/64 plus 2^12 are exact in float32, and so are the means of these columns.
    z = np.tile(np.array([-1.0, 1.0, -0.5, 0.5], dtype), 128)
    x = np.tile(z + dtype(4096), (6, 1))
    want = z / np.sqrt(dtype(0.625))
    eps = np.finfo(dtype).eps
    assert np.abs(F.layer_norm(tensor(x), (512,), eps=0.0).numpy() - want).max() <= 8 * eps
    y = F.batch_norm(tensor(x.T.reshape(512, 6, 1)), None, None, training=True, eps=0.0).numpy()
    assert np.abs(y[:, :, 0] - want[:, None]).max() <= 8 * eps
    y = F.batch_norm(tensor(x.reshape(1, 6, 512)), None, None, training=True, eps=0.0).numpy()
    assert np.abs(y[0] - want).max() <= 8 * eps
    y = F.group_norm(tensor(x.reshape(1, 6, 512)), 3, eps=0.0).numpy()
    assert np.abs(y[0] - want).max() <= 8 * eps


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_value_far_from_the_others_does_not_spoil_a_variance(dtype):
    x = normal(5, 64, 2, 64, dtype=dtype)
    x[0] = 1000  # the first plane is constant and far away
    want = normalized(x, (0, 2), 0.0)
    y = F.batch_norm(tensor(x), None, None, training=True, eps=0.0).numpy()
    assert np.abs(y - want).max() <= 200 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("far", [1, 16, 64])
def test_a_row_that_begins_far_from_its_mean_costs_no_digits(far, dtype):
    x = normal(1, 3, 512, dtype=dtype)
    x[:, :far] += 10000
    want = normalized(x, (1,), 0.0)
    y = F.layer_norm(tensor(x), (512,), eps=0.0).numpy()
    # The mean is a number of the type, which moves every result alike; the deviation scales it.
    tolerance = np.finfo(dtype).eps * (np.abs(x).max() / x.std(axis=1, keepdims=True) + 8 * np.abs(want))
    assert (np.abs(y - want) <= tolerance).all()


@pytest.mark.parametrize("n", [1, 5, 16, 67, 9000])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_variance_of_equal_values_is_not_negative(n, dtype):
    x = np.full((2, n), 0.1, dtype)
    x[1] = 1e5 / 3
    y = F.layer_norm(tensor(x), (n,), eps=1e-30).numpy()
    assert np.isfinite(y).all()


AFFINE = [(False, False), (True, False), (True, True)]


@pytest.mark.parametrize(("weight", "bias"), AFFINE)
@pytest.mark.parametrize("shape", [(4, 3), (5, 2, 4), (3, 2, 33)])
def test_derivatives_of_batch_norm(shape, weight, bias):
    x = tensor(normal(6, *shape), True)
    extra = [tensor(normal(i, shape[1]), True) for i, wanted in ((7, weight), (8, bias)) if wanted]
    mean, var = tensor(normal(9, shape[1])), tensor(normal(10, shape[1]) ** 2 + 0.5)
    for training in (True, False):

        def norm(x, w=None, b=None, training=training):
            running = (None, None) if training else (mean, var)
            return F.batch_norm(x, *running, w, b, training, eps=0.1)

        assert gradcheck(norm, (x, *extra))
        if math.prod(shape) < 50:
            assert gradgradcheck(norm, (x, *extra))


@pytest.mark.parametrize(("weight", "bias"), AFFINE)
@pytest.mark.parametrize("inner", [(3,), (17,), (2, 4)])
def test_derivatives_of_layer_and_rms_norm(inner, weight, bias):
    x = tensor(normal(11, 3, *inner), True)
    extra = [tensor(normal(i, *inner), True) for i, wanted in ((12, weight), (13, bias)) if wanted]
    norms = [lambda x, w=None, b=None: F.layer_norm(x, inner, w, b, 0.1)]
    if not bias:
        norms.append(lambda x, w=None: F.rms_norm(x, inner, w, 0.1))
    for norm in norms:
        assert gradcheck(norm, (x, *extra)) and gradgradcheck(norm, (x, *extra))


@pytest.mark.parametrize(("weight", "bias"), AFFINE)
def test_derivatives_of_group_instance_and_local_response_norm(weight, bias):
    x = tensor(normal(14, 2, 4, 3), True)
    extra = [tensor(normal(i, 4), True) for i, wanted in ((15, weight), (16, bias)) if wanted]
    norms = [
        lambda x, w=None, b=None: F.group_norm(x, 2, w, b, 0.1),
        lambda x, w=None, b=None: F.instance_norm(x, None, None, w, b, eps=0.1),
    ]
    for norm in norms:
        assert gradcheck(norm, (x, *extra)) and gradgradcheck(norm, (x, *extra))
    assert gradcheck(lambda x: F.local_response_norm(x, 3, 0.5), (x,))


def test_only_what_wants_a_gradient_gets_one():
    x, w, b = tensor(normal(17, 5, 3)), tensor(normal(18, 3), True), tensor(normal(19, 3), True)
    for norm in (
        lambda: F.layer_norm(x, 3, w, b),
        lambda: F.batch_norm(x, None, None, w, b, True),
        lambda: F.group_norm(x, 3, w, b),
    ):
        w.grad = b.grad = None
        norm().backward(tensor(np.ones((5, 3))))
        assert x.grad is None and np.array_equal(b.grad.numpy(), np.full(3, 5.0)) and w.grad.shape == (3,)


@pytest.mark.parametrize("dtype", DTYPES)
def test_strided_inputs(dtype):
    x = mg.from_numpy(normal(20, 4, 5, 6, dtype=dtype))
    for turned in (x.permute(2, 1, 0), x.permute(0, 2, 1)):
        plain = turned.contiguous()
        n = turned.shape[-1]
        assert np.array_equal(F.layer_norm(turned, n).numpy(), F.layer_norm(plain, np.int64(n)).numpy())
        a = F.batch_norm(turned, None, None, training=True).numpy()
        assert np.array_equal(a, F.batch_norm(plain, None, None, training=True).numpy())


@pytest.mark.parametrize("dtype", DTYPES)
def test_strided_gradients_and_rows_of_two_dimensions(dtype):
    x, g = normal(22, 6, 4, 5, dtype=dtype), normal(23, 4, 6, 5, dtype=dtype)
    w, b = (tensor(normal(i, 20, dtype=dtype), True) for i in (24, 25))
    one, two = tensor(x, True), tensor(x, True)
    flat = F.layer_norm(one.reshape((6, 20)), 20, w, b).reshape((6, 4, 5))
    flat.transpose(0, 1).backward(tensor(g))
    first = w.grad.numpy(), b.grad.numpy()
    w.grad = b.grad = None
    deep = F.layer_norm(two, [4, 5], w.reshape((4, 5)), b.reshape((4, 5)))
    assert deep.shape == (6, 4, 5) and np.array_equal(deep.detach().numpy(), flat.detach().numpy())
    deep.transpose(0, 1).backward(tensor(g))
    assert np.array_equal(one.grad.numpy(), two.grad.numpy())
    assert all(np.array_equal(a, p.grad.numpy()) for a, p in zip(first, (w, b), strict=True))


@pytest.mark.parametrize("shape", [(128, 40, 10), (16, 24, 300), (3000, 65, 1)])
def test_the_same_bits_for_any_number_of_threads(shape):
    x, g = normal(21, *shape, dtype=np.float32), normal(22, *shape, dtype=np.float32)
    w = normal(23, shape[1], dtype=np.float32)
    before, found = mg.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            mg.set_num_threads(threads)
            a, v = tensor(x, True), tensor(w, True)
            out = [
                F.batch_norm(a, None, None, v, None, True),
                F.group_norm(a, 1, v),
                F.layer_norm(a.permute(0, 2, 1), shape[1], v).permute(0, 2, 1),
            ]
            for y in out:
                y.backward(tensor(g))
            found.append([t.detach().numpy().tobytes() for t in (*out, a.grad, v.grad)])
    finally:
        mg.set_num_threads(before)
    assert found[0] == found[1] == found[2]


def test_no_rows_no_batch_no_space():
    assert F.layer_norm(mg.zeros(0, 4), 4).shape == (0, 4)
    assert F.layer_norm(mg.zeros(3, 0), 0).shape == (3, 0)
    assert F.group_norm(mg.zeros(0, 4, 2), 2).shape == (0, 4, 2)
    w = mg.ones(4).requires_grad_()
    F.layer_norm(mg.zeros(0, 4), 4, w).sum().backward()
    assert w.grad.tolist() == [0, 0, 0, 0]
    mean = mg.zeros(4)
    assert F.batch_norm(mg.zeros(0, 4, 2), mean, mg.ones(4), training=True).shape == (0, 4, 2)
    assert mean.tolist() == [0, 0, 0, 0]


def test_nan_stays_in_its_row_or_channel():
    x = normal(24, 4, 3, 40)
    x[1, 2, 5] = math.nan
    rows = np.isnan(F.layer_norm(tensor(x), 40).numpy())
    assert rows[1, 2].all() and rows.sum() == 40
    channels = np.isnan(F.batch_norm(tensor(x), None, None, training=True).numpy())
    assert channels[:, 2].all() and channels.sum() == 160


def test_refusals():
    x = mg.zeros(4, 3)
    with pytest.raises(RuntimeError, match=r"must end in normalized_shape \(4,\); got float32 \(4, 3\)"):
        F.layer_norm(x, 4)
    with pytest.raises(RuntimeError, match=r"weight must have shape \(3,\); got float32 \(2,\)"):
        F.layer_norm(x, 3, mg.ones(2))
    with pytest.raises(RuntimeError, match="one dtype"):
        F.layer_norm(x, 3, mg.ones(3).double())
    for weight, bias in ((mg.ones(3).int(), None), (mg.ones(3), mg.ones(3).int())):
        with pytest.raises(RuntimeError, match="one dtype; got int32"):
            F.layer_norm(x, 3, weight, bias)
    with pytest.raises(RuntimeError, match=r"weight must have shape \(3,\); got float32 \(1, 3\)"):
        F.layer_norm(x, 3, mg.ones(1, 3))
    with pytest.raises(TypeError, match="weight|argument|Tensor"):
        F.layer_norm(x, 3, np.ones(3, np.float32))
    with pytest.raises(TypeError, match="float"):
        F.layer_norm(x, 3.0)
    with pytest.raises(RuntimeError, match="at least one dimension"):
        F.rms_norm(x, ())
    with pytest.raises(RuntimeError, match="divide the number of channels"):
        F.group_norm(x, 2)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        F.batch_norm(mg.zeros(1, 3), None, None, training=True)
    with pytest.raises(RuntimeError, match="running_mean and running_var"):
        F.batch_norm(x, None, None)
    with pytest.raises(RuntimeError, match=r"running_mean must have shape \(3,\)"):
        F.batch_norm(x, mg.zeros(2), mg.zeros(3))
    with pytest.raises(ValueError, match="more than 1 spatial element"):
        F.instance_norm(mg.zeros(2, 3, 1))
    with pytest.raises(ValueError, match="3D or higher"):
        F.local_response_norm(x, 2)
    with pytest.raises(RuntimeError, match="floating-point"):
        F.layer_norm(mg.zeros(4, 3).long(), 3)
    with pytest.raises(ValueError, match=r"BatchNorm2d: expected 4D input \(got 2D input\)"):
        mg.nn.BatchNorm2d(3)(x)
    with pytest.raises(ValueError, match="GroupNorm: num_channels"):
        mg.nn.GroupNorm(2, 3)


def test_batch_norm_module_follows_its_batches():
    x = [normal(i, 8, 3, mean=i) for i in range(4)]
    plain, average = mg.nn.BatchNorm1d(3).double(), mg.nn.BatchNorm1d(3, momentum=None).double()
    for batch in x:
        plain(tensor(batch))
        average(tensor(batch))
    mean = np.zeros(3)
    for batch in x:
        mean += 0.1 * (batch.mean(axis=0) - mean)
    assert np.abs(plain.running_mean.numpy() - mean).max() < 1e-14
    assert np.abs(average.running_mean.numpy() - np.mean(x, axis=(0, 1))).max() < 1e-14
    assert average.num_batches_tracked.item() == 4
    names = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    assert list(plain.state_dict()) == names
    other = mg.nn.BatchNorm1d(3).double()
    other.load_state_dict(plain.state_dict())
    other.eval()
    plain.eval()
    assert np.array_equal(other(tensor(x[0])).detach().numpy(), plain(tensor(x[0])).detach().numpy())
    before = plain.running_mean.numpy().copy()
    assert np.array_equal(plain.running_mean.numpy(), before)
    plain.reset_parameters()
    assert plain.running_var.tolist() == [1, 1, 1] and plain.num_batches_tracked.item() == 0
    old = {name: value for name, value in other.state_dict().items() if name != "num_batches_tracked"}
    mg.nn.BatchNorm1d(3).double().load_state_dict(old)


def test_batch_norm_module_without_statistics_or_weights():
    x = tensor(normal(25, 6, 3, 4, 4))
    layer = mg.nn.BatchNorm2d(3, affine=False, track_running_stats=False)
    assert list(layer.state_dict()) == [] and not list(layer.parameters())
    first = layer(x).numpy()
    layer.eval()
    assert np.array_equal(layer(x).numpy(), first)
    assert repr(mg.nn.BatchNorm2d(3)) == (
        "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"
    )


def test_other_modules_are_their_functions():
    x = tensor(normal(26, 2, 4, 5))
    assert np.array_equal(mg.nn.LayerNorm(5).double()(x).detach().numpy(), F.layer_norm(x, 5).numpy())
    assert np.array_equal(mg.nn.RMSNorm(5).double()(x).detach().numpy(), F.rms_norm(x, 5).numpy())
    assert np.array_equal(mg.nn.GroupNorm(2, 4).double()(x).detach().numpy(), F.group_norm(x, 2).numpy())
    assert np.array_equal(mg.nn.InstanceNorm1d(4)(x).numpy(), F.instance_norm(x).numpy())
    assert np.array_equal(mg.nn.InstanceNorm1d(4)(x[0]).numpy(), F.instance_norm(x).numpy()[0])
    assert np.array_equal(mg.nn.LocalResponseNorm(3)(x).numpy(), F.local_response_norm(x, 3).numpy())


def test_c_refuses_what_does_not_fit():
    x, y = np.zeros(12), np.full(12, 7.0)
    big = 2**40
    args = (pointer(x), NULL, NULL, 0.0)
    assert lib.mg_group_norm_f64(1, 4, 3, 3, *args, pointer(y, True), pointer(y, True)) == lib.MG_ERR_ARGUMENT
    assert lib.mg_group_norm_f64(1, 4, 3, 0, *args, pointer(y, True), pointer(y, True)) == lib.MG_ERR_ARGUMENT
    assert lib.mg_layer_norm_f64(big, big, *args, 1, pointer(y, True), pointer(y, True)) == lib.MG_ERR_OVERFLOW
    assert lib.mg_batch_moments_f64(big, big, 1, pointer(x), pointer(y, True), pointer(y, True)) == lib.MG_ERR_OVERFLOW
    assert (y == 7).all()


def test_results_too_large_for_the_cache_have_the_same_bits():
    # From 12 MiB on, and in whole lines of the cache, results are written past it.
    x, g = normal(30, 6144, 512, dtype=np.float32), normal(31, 6144, 512, dtype=np.float32)
    whole, part = tensor(x, True), tensor(x[:64], True)
    w, b = (tensor(normal(i, 512, dtype=np.float32), True) for i in (32, 33))
    norms = [
        lambda t: F.layer_norm(t, 512, w, b),
        lambda t: F.batch_norm(t.reshape((-1, 8, 64)), mg.zeros(8), mg.ones(8), w[:8], b[:8]).reshape((-1, 512)),
    ]
    for norm in norms:
        whole.grad = part.grad = None
        large, small = norm(whole), norm(part)
        large.backward(tensor(g))
        small.backward(tensor(g[:64]))
        assert np.array_equal(large.detach().numpy()[:64], small.detach().numpy())
        assert np.array_equal(whole.grad.numpy()[:64], part.grad.numpy())
