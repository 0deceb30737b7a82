"""The affine and bilinear layers: products, gradients, shapes, threads, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad._native import NULL, lib, pointer
from minigrad.nn import functional as F  # noqa: N812

pytestmark = pytest.mark.native

_RNG = np.random.default_rng(2)


def randn(*shape, dtype=mg.float32, requires_grad=False):
    shape = shape[0] if shape and isinstance(shape[0], tuple) else shape
    return mg.tensor(_RNG.standard_normal(shape), dtype=dtype, requires_grad=requires_grad)


SIZES = [0, 1, 2, 3, 15, 16, 17, 33, 64, 65]


def slow_product(a, b):
    """Return a b by sums of products, in double."""
    return (a.astype(float)[:, :, None] * b.astype(float)[None, :, :]).sum(1)


@given(st.sampled_from(SIZES), st.sampled_from(SIZES), st.sampled_from(SIZES), st.booleans(), st.booleans())
def test_values_and_gradients(m, k, n, single, with_bias):
    rng = np.random.default_rng(m * 10000 + k * 100 + n)
    dtype = np.float32 if single else np.float64
    x, w, b, g = (rng.standard_normal(s).astype(dtype) for s in ((m, k), (n, k), (n,), (m, n)))
    tensors = [mg.tensor(v, requires_grad=True) for v in ((x, w, b) if with_bias else (x, w))]
    y = F.linear(*tensors)
    wanted = slow_product(x, w.T) + (b if with_bias else 0)
    eps = np.finfo(dtype).eps
    bound = (k + 2) * eps * (slow_product(abs(x), abs(w.T)) + 1)
    assert (abs(y.detach().numpy() - wanted) <= bound * 4).all()
    y.backward(mg.tensor(g))
    slack = 4 * (max(m, n, k) + 2) * eps
    np.testing.assert_array_less(
        abs(tensors[0].grad.numpy() - slow_product(g, w)), slack * (slow_product(abs(g), abs(w)) + 1)
    )
    np.testing.assert_array_less(
        abs(tensors[1].grad.numpy() - slow_product(g.T, x)), slack * (slow_product(abs(g.T), abs(x)) + 1)
    )
    if with_bias:
        wide = g.astype(float)
        np.testing.assert_array_less(abs(tensors[2].grad.numpy() - wide.sum(0)), slack * (abs(wide).sum(0) + 1))


@pytest.mark.parametrize(
    "needed", [(True, False, False), (False, True, False), (False, False, True), (True, True, False)]
)
def test_only_the_gradients_that_are_needed(needed):
    x, w, b = (randn(s, requires_grad=r) for s, r in zip(((5, 4), (3, 4), (3,)), needed, strict=True))
    F.linear(x, w, b).sum().backward()
    assert tuple(t.grad is not None for t in (x, w, b)) == needed


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 3, 4), (0, 4), (2, 0, 4)])
def test_leading_dimensions(shape):
    x, w, b = randn(shape, dtype=mg.float64), randn(3, 4, dtype=mg.float64), randn(3, dtype=mg.float64)
    x.requires_grad_()
    y = F.linear(x, w, b)
    assert y.shape == (*shape[:-1], 3)
    flat = x.detach().numpy().reshape(-1, 4)
    np.testing.assert_allclose(y.detach().numpy().reshape(-1, 3), slow_product(flat, w.numpy().T) + b.numpy())
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.broadcast_to(w.numpy().sum(0), shape))


def test_strided_operands():
    x, w = randn(4, 5, dtype=mg.float64).t(), randn(8, 3, dtype=mg.float64)[::2].t()
    b = mg.ones(1, dtype=mg.float64).expand(3)
    wanted = slow_product(x.numpy(), w.numpy().T) + 1
    np.testing.assert_allclose(F.linear(x, w, b).numpy(), wanted)


def test_second_derivatives():
    x, w, b = (randn(s, dtype=mg.float64, requires_grad=True) for s in ((5, 4), (3, 4), (3,)))
    y = F.linear(x, w, b)
    (to_x,) = mg.grad((y * y).sum(), x, create_graph=True)
    (to_w,) = mg.grad((to_x * to_x).sum(), w)
    # L = |y|^2, dL/dx = 2 y w; d|2 y w|^2/dw by central differences
    h = 1e-6
    numeric = np.zeros((3, 4))
    xs, ws, bs = (t.detach().numpy() for t in (x, w, b))

    def value(weights):
        return ((2 * slow_product(slow_product(xs, weights.T) + bs, weights)) ** 2).sum()

    for index in np.ndindex(3, 4):
        step = np.zeros((3, 4))
        step[index] = h
        numeric[index] = (value(ws + step) - value(ws - step)) / (2 * h)
    np.testing.assert_allclose(to_w.numpy(), numeric, rtol=1e-6)


def test_same_bits_for_any_number_of_threads():
    x, w, b, g = randn(300, 400), randn(350, 400), randn(350), randn(300, 350)
    before = mg.get_num_threads()
    seen = []
    try:
        for threads in (1, 2, 3):
            mg.set_num_threads(threads)
            leaves = [t.clone().requires_grad_() for t in (x, w, b)]
            y = F.linear(*leaves)
            y.backward(g)
            seen.append([y.detach().numpy().tobytes(), *(t.grad.numpy().tobytes() for t in leaves)])
    finally:
        mg.set_num_threads(before)
    assert seen[0] == seen[1] == seen[2]


def test_one_dimensional_weight_and_integers():
    assert F.linear(mg.ones(2, 3), mg.tensor([1.0, 2.0, 3.0])).tolist() == [6, 6]
    assert F.linear(mg.ones(2, 3), mg.tensor([1.0, 2.0, 3.0]), mg.tensor(1.0)).tolist() == [7, 7]
    assert F.linear(mg.tensor([[1, 2]]), mg.tensor([[3, 4]])).tolist() == [[11]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.linear(mg.ones(2, 3), mg.ones(4, 5)), r"cannot be multiplied \(2x3 and 5x4\).*\(2, 3\).*\(4, 5\)"),
        (lambda: F.linear(mg.ones(()), mg.ones(4, 5)), "at least one dimension"),
        (lambda: F.linear(mg.ones(2, 3), mg.ones(1, 1, 3)), "one or two"),
        (lambda: F.linear(mg.ones(2, 3), mg.ones(4, 3).double()), "same dtype.*float32.*float64"),
        (lambda: F.linear(mg.ones(2, 3), mg.ones(4, 3), mg.ones(4).int()), "same dtype.*float32.*int32"),
        (lambda: F.linear(mg.ones(2, 3), mg.ones(4, 3), mg.ones(5)), "must match"),
        (lambda: F.bilinear(mg.ones(2, 3), mg.ones(3, 3), mg.ones(4, 3, 3)), "bilinear: inputs"),
        (lambda: F.bilinear(mg.ones(2, 3), mg.ones(2, 3), mg.ones(4, 3, 3).double()), "same dtype"),
        (lambda: F.bilinear(mg.ones(2, 3), mg.ones(2, 3), mg.ones(4, 3, 3), mg.ones(3)), "bias must have"),
    ],
)
def test_misuse_names_both_shapes(call, message):
    with pytest.raises(RuntimeError, match=message):
        call()


def test_c_column_sums():
    rng = np.random.default_rng(0)
    for dtype, function in ((np.float32, lib.mg_column_sums_f32), (np.float64, lib.mg_column_sums_f64)):
        for m, n in ((0, 3), (1, 1), (63, 17), (64, 16), (65, 31), (1000, 300), (3, 0)):
            x = rng.standard_normal((m, n)).astype(dtype)
            sums = np.full(n + 1, -5, dtype)
            function(m, n, pointer(x), pointer(sums, True))
            error = abs(sums[:n] - x.astype(float).sum(0))
            assert (error <= (64 + m / 64) * np.finfo(dtype).eps * abs(x).astype(float).sum(0)).all()
            assert sums[n] == -5


def test_c_activation_is_fused():
    rng = np.random.default_rng(0)
    x, w, b, y = (rng.standard_normal(s) for s in ((5, 7), (3, 7), 3, (5, 3)))
    args = (pointer(x), pointer(w), pointer(b))
    assert lib.mg_linear_f64(5, 7, 3, *args, lib.MG_ACTIVATION_RELU, pointer(y, True)) == lib.MG_OK
    np.testing.assert_allclose(y, np.maximum(slow_product(x, w.T) + b, 0), atol=1e-13)
    assert (
        lib.mg_linear_f64(5, 7, 3, pointer(x), pointer(w), NULL, lib.MG_ACTIVATION_NONE, pointer(y, True)) == lib.MG_OK
    )
    np.testing.assert_allclose(y, slow_product(x, w.T), atol=1e-13)


def test_bilinear_and_its_gradients():
    rng = np.random.default_rng(0)
    a, b, w, bias = (rng.standard_normal(s) for s in ((2, 3, 4), (2, 3, 5), (6, 4, 5), 6))
    leaves = [mg.tensor(v, requires_grad=True) for v in (a, b, w, bias)]
    y = F.bilinear(*leaves)
    outer = a[..., None, :, None] * b[..., None, None, :]
    np.testing.assert_allclose(y.detach().numpy(), (outer * w).sum((-1, -2)) + bias)
    g = rng.standard_normal(y.shape)
    y.backward(mg.tensor(g))
    np.testing.assert_allclose(leaves[2].grad.numpy(), (outer * g[..., None, None]).sum((0, 1)))
    np.testing.assert_allclose(leaves[0].grad.numpy(), (w * g[..., None, None] * b[..., None, None, :]).sum((-1, -3)))
    np.testing.assert_allclose(leaves[1].grad.numpy(), (w * g[..., None, None] * a[..., None, :, None]).sum((-2, -3)))
    np.testing.assert_allclose(leaves[3].grad.numpy(), g.sum((0, 1)))


# --- layers


def test_linear_layer():
    mg.manual_seed(0)
    layer = mg.nn.Linear(400, 300)
    bound = 1 / math.sqrt(400)
    assert layer.weight.shape == (300, 400)
    for values in (layer.weight.detach().numpy(), layer.bias.detach().numpy()):
        assert abs(values).max() <= bound
        assert abs(values).max() > 0.9 * bound
        assert abs(values.mean()) < 5 * bound / math.sqrt(3 * values.size)
    assert repr(layer) == "Linear(in_features=400, out_features=300, bias=True)"
    assert list(layer.state_dict()) == ["weight", "bias"]
    bare = mg.nn.Linear(3, 2, bias=False, dtype=mg.float64)
    assert bare.bias is None
    assert bare(mg.ones(3, dtype=mg.float64)).dtype == mg.float64
    assert repr(bare) == "Linear(in_features=3, out_features=2, bias=False)"
    assert mg.nn.Linear(0, 2)(mg.ones(4, 0)).shape == (4, 2)


def test_bilinear_layer():
    layer = mg.nn.Bilinear(4, 5, 6)
    assert layer(mg.ones(2, 4), mg.ones(2, 5)).shape == (2, 6)
    assert abs(layer.weight.detach().numpy()).max() <= 0.5
    assert "in1_features=4, in2_features=5, out_features=6, bias=True" in repr(layer)
    assert mg.nn.Bilinear(4, 5, 6, bias=False).bias is None
    with pytest.raises(ValueError, match="in1_features must be > 0"):
        mg.nn.Bilinear(0, 5, 6)


def test_layers_that_only_shape():
    x = mg.ones(2, 3, 4)
    assert mg.nn.Identity(7, unused=True)(x) is x
    assert mg.nn.Flatten()(x).shape == (2, 12)
    assert mg.nn.Flatten(0, 1)(x).shape == (6, 4)
    assert mg.nn.Unflatten(2, (2, 2))(x).shape == (2, 3, 2, 2)
    assert repr(mg.nn.Flatten()) == "Flatten(start_dim=1, end_dim=-1)"
    assert repr(mg.nn.Unflatten(1, [3, 1])) == "Unflatten(dim=1, unflattened_size=(3, 1))"
    for bad in (("1", (2, 2)), (1, "22"), (1, (2.0, 2))):
        with pytest.raises(TypeError, match="Unflatten"):
            mg.nn.Unflatten(*bad)
