"""Activations and dropout: values, both derivatives, kinks, options, refusals, layers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn import functional as F  # noqa: N812

pytestmark = pytest.mark.native

ERF = np.vectorize(math.erf, otypes=[float])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(x))


ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
# name: (options, the same in NumPy); all smooth but at multiples of 1/4
ACTIVATIONS = {
    "relu": ((), lambda x: np.maximum(x, 0)),
    "relu6": ((), lambda x: np.clip(x, 0, 6)),
    "leaky_relu": ((0.2,), lambda x: np.where(x > 0, x, 0.2 * x)),
    "elu": ((1.5,), lambda x: np.where(x > 0, x, 1.5 * np.expm1(x))),
    "selu": ((), lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(x))),
    "celu": ((2.0,), lambda x: np.where(x > 0, x, 2 * np.expm1(x / 2))),
    "gelu": ((), lambda x: x * (1 + ERF(x / math.sqrt(2))) / 2),
    "gelu-tanh": (("tanh",), lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2),
    "silu": ((), lambda x: x * sigmoid(x)),
    "mish": ((), lambda x: x * np.tanh(softplus(x))),
    "softplus": ((), softplus),
    "softplus-options": ((2.0, 5.0), lambda x: np.where(2 * x > 5, x, softplus(2 * x) / 2)),
    "logsigmoid": ((), lambda x: -softplus(-x)),
    "hardtanh": ((-0.5, 1.5), lambda x: np.clip(x, -0.5, 1.5)),
    "hardsigmoid": ((), lambda x: np.clip(x + 3, 0, 6) / 6),
    "hardswish": ((), lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "softsign": ((), lambda x: x / (1 + abs(x))),
    "tanhshrink": ((), lambda x: x - np.tanh(x)),
    "softshrink": ((0.25,), lambda x: np.sign(x) * np.maximum(abs(x) - 0.25, 0)),
    "hardshrink": ((0.25,), lambda x: np.where(abs(x) > 0.25, x, 0)),
    "threshold": ((0.5, -3.0), lambda x: np.where(x > 0.5, x, -3)),
    "rrelu": ((0.1, 0.3), lambda x: np.where(x > 0, x, 0.2 * x)),
}
STEP = 1e-5
CURVED = {"elu", "selu", "celu", "gelu", "gelu-tanh", "silu", "mish", "softplus", "softplus-options", "logsigmoid"}
CURVED |= {"hardswish", "softsign", "tanhshrink"}


def function_of(name):
    options, _ = ACTIVATIONS[name]
    function = getattr(F, name.split("-")[0])
    return lambda x: function(x, *options)


def points(n=41):
    """Numbers further than STEP from every kink."""
    x = np.random.default_rng(n).uniform(-7, 7, n)
    return np.where(abs(4 * x - np.rint(4 * x)) < 1e-3, x + 0.01, x)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_both_derivatives(name):
    function, reference = function_of(name), ACTIVATIONS[name][1]
    values = points()
    weights = np.random.default_rng(1).uniform(0.5, 1.5, values.size)
    x = mg.tensor(values, requires_grad=True)
    y = function(x)
    np.testing.assert_allclose(y.detach().numpy(), reference(values), rtol=1e-12, atol=1e-15)
    y.backward(mg.tensor(weights))
    slope = (reference(values + STEP) - reference(values - STEP)) / (2 * STEP)
    np.testing.assert_allclose(x.grad.numpy(), weights * slope, rtol=1e-7, atol=1e-9)
    (first,) = mg.grad(function(x), x, mg.tensor(weights), create_graph=True)
    np.testing.assert_allclose(first.detach().numpy(), x.grad.numpy(), rtol=1e-12, atol=1e-15)
    if name in CURVED:
        (second,) = mg.grad(first.sum(), x)

        def slope_at(at):
            leaf = mg.tensor(at, requires_grad=True)
            return mg.grad(function(leaf), leaf, mg.tensor(weights))[0].numpy()

        curve = (slope_at(values + STEP) - slope_at(values - STEP)) / (2 * STEP)
        np.testing.assert_allclose(second.numpy(), curve, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_strides_shapes_and_types(name):
    function, reference = function_of(name), ACTIVATIONS[name][1]
    x = mg.tensor(points(24).reshape(4, 6))
    for view in (x.t(), x[:, ::2], x[1:1], x[0, 0], x[:, :1].expand(4, 3)):
        out = function(view)
        assert out.shape == view.shape
        np.testing.assert_allclose(out.numpy(), reference(view.numpy()), rtol=1e-12, atol=1e-15)
    assert function(x.float()).dtype == mg.float32


INPLACE = ("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "mish", "hardsigmoid", "hardswish", "hardtanh")


@pytest.mark.parametrize("name", INPLACE)
def test_in_place(name):
    values = points()
    x, z = mg.tensor(values, requires_grad=True), mg.tensor(values, requires_grad=True)
    function = getattr(F, name)
    y = x * 1
    assert function(y, inplace=True) is y
    y.sum().backward()
    function(z * 1).sum().backward()
    assert x.grad.tolist() == z.grad.tolist()
    for attached in ("relu_", "leaky_relu_", "elu_", "selu_", "celu_", "hardtanh_"):
        changed = mg.tensor(values)
        assert getattr(F, attached)(changed) is changed
        assert changed.tolist() == getattr(F, attached.removesuffix("_"))(mg.tensor(values)).tolist()


def test_slopes_at_kinks_are_zero():
    x = mg.tensor([0.0, -1.0, 1.0, 6.0], requires_grad=True)
    (F.relu(x).sum() + F.hardtanh(x).sum() + F.relu6(x).sum()).backward()
    assert x.grad.tolist() == [1, 0, 2, 1]


def test_integers_where_they_make_sense():
    x = mg.tensor([-2, 3, 9])
    assert F.relu(x).tolist() == [0, 3, 9]
    assert F.relu6(x).tolist() == [0, 3, 6]
    assert F.threshold(x, 2, 1).tolist() == [1, 3, 9]
    assert F.softsign(x).dtype == F.tanhshrink(x).dtype == mg.float32
    assert F.relu(mg.tensor([3, 4], dtype=mg.uint8)).dtype == mg.uint8


@pytest.mark.parametrize("name", ["gelu", "elu", "silu", "mish", "softplus", "logsigmoid", "leaky_relu", "hardswish"])
def test_integers_are_refused_elsewhere(name):
    with pytest.raises(RuntimeError, match="not implemented for int64"):
        getattr(F, name)(mg.tensor([1]))


@pytest.mark.parametrize("call", [lambda b: F.relu(b), lambda b: F.hardtanh(b), lambda b: F.threshold(b, 0, 0)])
def test_bool_is_refused(call):
    with pytest.raises(RuntimeError, match="bool"):
        call(mg.tensor([True]))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: F.gelu(x, approximate="sin"), RuntimeError, "none or tanh"),
        (lambda x: F.hardtanh(x, 1.0, -1.0), ValueError, "min_val cannot be greater"),
        (lambda x: F.softshrink(x, -1.0), RuntimeError, "greater or equal to 0"),
        (lambda x: F.celu(x, 0), RuntimeError, "alpha cannot be 0"),
        (lambda x: F.rrelu(x, 0.3, 0.1), RuntimeError, "Lower bound"),
        (lambda x: F.glu(x), RuntimeError, "halving dimension must be even"),
        (lambda x: F.glu(x.sum()), RuntimeError, "0-dimensional"),
        (lambda x: F.glu(x, 3), IndexError, "out of range"),
        (lambda x: F.prelu(x, mg.ones(2)), RuntimeError, "channel size"),
        (lambda x: F.prelu(x, mg.ones(1, 1)), RuntimeError, "1-dimensional"),
        (lambda x: F.prelu(x, mg.ones(1, dtype=mg.float64)), RuntimeError, "promotion"),
        (lambda x: F.dropout(x, 1.5), ValueError, "between 0 and 1"),
        (lambda x: F.dropout(x.long()), RuntimeError, "not implemented for int64"),
        (lambda x: F.dropout1d(x), RuntimeError, "2D or 3D"),
        (lambda x: F.feature_dropout(x), RuntimeError, "at least 2 dimensions"),
        (lambda x: mg.nn.Dropout(-0.1), ValueError, "Dropout: .*between 0 and 1"),
        (lambda x: mg.nn.Hardtanh(1.0, 1.0), ValueError, "Hardtanh: max_val"),
        (lambda x: mg.nn.Softmax2d()(x), ValueError, "3D or 4D"),
    ],
)
def test_misuse(call, kind, message):
    with pytest.raises(kind, match=message):
        call(mg.ones(3))


def test_prelu_gradients():
    values = points(24).reshape(2, 3, 4)
    x, w = mg.tensor(values, requires_grad=True), mg.tensor([0.1, 0.2, 0.3], dtype=mg.float64, requires_grad=True)
    y = F.prelu(x, w)
    broad = np.array([0.1, 0.2, 0.3]).reshape(3, 1)
    np.testing.assert_allclose(y.detach().numpy(), np.where(values > 0, values, broad * values))
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.where(values > 0, 1, broad * np.ones_like(values)))
    np.testing.assert_allclose(w.grad.numpy(), np.minimum(values, 0).sum((0, 2)))
    single = mg.tensor([0.25], dtype=mg.float64, requires_grad=True)
    F.prelu(mg.tensor(values), single).sum().backward()
    np.testing.assert_allclose(single.grad.numpy(), [np.minimum(values, 0).sum()])


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_glu(dim):
    values = points(16).reshape(2, 4, 2)
    x = mg.tensor(values, requires_grad=True)
    a, b = np.split(values, 2, dim)
    y = F.glu(x, dim)
    np.testing.assert_allclose(y.detach().numpy(), a * sigmoid(b), rtol=1e-13)
    y.sum().backward()
    wanted = np.concatenate([sigmoid(b), a * sigmoid(b) * (1 - sigmoid(b))], dim)
    np.testing.assert_allclose(x.grad.numpy(), wanted, rtol=1e-12)


def test_random_leaky_relu():
    mg.manual_seed(0)
    x = mg.tensor(-np.ones(4000), requires_grad=True)
    y = F.rrelu(x, 0.1, 0.3, training=True)
    y.sum().backward()
    assert (-y.detach()).tolist() == x.grad.tolist()
    slopes = x.grad.numpy()
    assert slopes.min() >= 0.1
    assert slopes.max() < 0.3
    assert abs(slopes.mean() - 0.2) < 5 * 0.2 / math.sqrt(12 * 4000)


# --- dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_keeps_the_mean_and_masks_the_gradient(p, dtype):
    mg.manual_seed(1)
    n = 40_000
    x = mg.ones(n, dtype=getattr(mg, dtype), requires_grad=True)
    y = F.dropout(x, p)
    kept = y.detach().numpy() != 0
    assert abs(kept.mean() - (1 - p)) < 5 * math.sqrt(p * (1 - p) / n)
    np.testing.assert_allclose(y.detach().numpy()[kept], 1 / (1 - p), rtol=1e-6)
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()


def test_dropout_is_repeatable_and_moves_on():
    x = mg.ones(100)
    mg.manual_seed(3)
    first, second = F.dropout(x), F.dropout(x)
    mg.manual_seed(3)
    assert F.dropout(x).tolist() == first.tolist() != second.tolist()


def test_dropout_of_nothing_everything_and_outside_training():
    x = mg.ones(5, requires_grad=True)
    assert F.dropout(x, 0.0) is x
    assert F.dropout(x, 0.5, training=False) is x
    y = F.dropout(x, 1.0)
    y.sum().backward()
    assert y.tolist() == x.grad.tolist() == [0] * 5
    assert F.dropout(mg.ones(0)).shape == (0,)


@pytest.mark.parametrize(
    ("function", "shape"), [("dropout1d", (8, 50, 3)), ("dropout2d", (8, 50, 2, 2)), ("dropout3d", (8, 50, 1, 2, 2))]
)
def test_whole_channels_fall(function, shape):
    mg.manual_seed(2)
    y = getattr(F, function)(mg.ones(shape), 0.5).numpy().reshape(8, 50, -1)
    assert (y == y[:, :, :1]).all()
    assert 0.3 < (y[:, :, 0] == 0).mean() < 0.7
    if function != "dropout2d":
        single = getattr(F, function)(mg.ones(shape[1:]), 0.5)
        assert single.shape == shape[1:]
    z = mg.ones(shape)
    assert getattr(F, function)(z, 0.5, inplace=True) is z
    assert (z.numpy() == 0).any()


@pytest.mark.parametrize("function", ["alpha_dropout", "feature_alpha_dropout"])
def test_alpha_dropout_keeps_mean_and_variance(function):
    mg.manual_seed(4)
    x = mg.tensor(np.random.default_rng(0).standard_normal((300, 300)))
    y = getattr(F, function)(x, 0.3, training=True).numpy()
    assert abs(y.mean()) < 0.05
    assert abs(y.var() - 1) < 0.05
    assert getattr(F, function)(x, 0.3) is x
    assert (getattr(F, function)(x, 1.0, training=True).numpy() == 0).all()
    z = x.clone()
    assert getattr(F, function)(z, 0.3, training=True, inplace=True) is z


# --- layers

LAYERS = [
    ("ReLU", (), "relu", ""),
    ("ReLU6", (), "relu6", ""),
    ("SELU", (), "selu", ""),
    ("SiLU", (), "silu", ""),
    ("Mish", (), "mish", ""),
    ("Hardswish", (), "hardswish", ""),
    ("Hardsigmoid", (), "hardsigmoid", ""),
    ("Sigmoid", (), "sigmoid", ""),
    ("Tanh", (), "tanh", ""),
    ("Softsign", (), "softsign", ""),
    ("Tanhshrink", (), "tanhshrink", ""),
    ("LogSigmoid", (), "logsigmoid", ""),
    ("LeakyReLU", (0.3,), "leaky_relu", "negative_slope=0.3"),
    ("ELU", (0.7,), "elu", "alpha=0.7"),
    ("CELU", (0.7,), "celu", "alpha=0.7"),
    ("GELU", ("tanh",), "gelu", "approximate='tanh'"),
    ("Softplus", (2.0, 10.0), "softplus", "beta=2.0, threshold=10.0"),
    ("Softshrink", (0.3,), "softshrink", "0.3"),
    ("Hardshrink", (0.3,), "hardshrink", "0.3"),
    ("Threshold", (0.5, 2.0), "threshold", "threshold=0.5, value=2.0"),
    ("Hardtanh", (-2.0, 3.0), "hardtanh", "min_val=-2.0, max_val=3.0"),
    ("GLU", (1,), "glu", "dim=1"),
]


@pytest.mark.parametrize(("layer", "options", "function", "shown"), LAYERS)
def test_layer_calls_its_function(layer, options, function, shown):
    module = getattr(mg.nn, layer)(*options)
    x = mg.tensor(points(24).reshape(4, 6))
    call = getattr(F, function, None) or getattr(mg, function)
    assert module(x).tolist() == call(x, *options).tolist()
    assert repr(module) == f"{layer}({shown})"
    assert list(module.parameters()) == []


@pytest.mark.parametrize("layer", ["ReLU", "ReLU6", "SELU", "SiLU", "Mish", "LeakyReLU", "ELU", "CELU", "Hardtanh"])
def test_layer_in_place(layer):
    module = getattr(mg.nn, layer)(inplace=True)
    x = mg.tensor([-1.0, 2.0])
    assert module(x) is x
    assert "inplace=True" in repr(module)


def test_prelu_layer():
    layer = mg.nn.PReLU(3, init=0.5)
    assert layer.weight.tolist() == [0.5] * 3
    assert layer(mg.full((2, 3), -2.0)).tolist() == [[-1] * 3] * 2
    assert repr(layer) == "PReLU(num_parameters=3)"
    assert list(layer.state_dict()) == ["weight"]


def test_random_layers_follow_training():
    x = -mg.ones(2, 60, 4)
    assert repr(mg.nn.RReLU(0.1, 0.3)) == "RReLU(lower=0.1, upper=0.3)"
    for layer in (mg.nn.Dropout(), mg.nn.Dropout1d(), mg.nn.AlphaDropout(), mg.nn.FeatureAlphaDropout(), mg.nn.RReLU()):
        assert layer(x).tolist() != x.tolist()
        layer.eval()
        still = layer(x)
        assert (still is x) or isinstance(layer, mg.nn.RReLU)
    assert repr(mg.nn.Dropout2d(0.2)) == "Dropout2d(p=0.2, inplace=False)"
    assert (mg.nn.Dropout2d()(mg.ones(2, 60, 2, 2)).numpy() == 0).any()
    assert (mg.nn.Dropout3d()(mg.ones(2, 60, 2, 2, 1)).numpy() == 0).any()


@pytest.mark.skipif(not hasattr(F, "softmax"), reason="softmax belongs to another family")
def test_softmax_layers():
    x = mg.tensor(points(24).reshape(2, 3, 4))
    np.testing.assert_allclose(mg.nn.Softmax(1)(x).sum(1).numpy(), np.ones((2, 4)))
    np.testing.assert_allclose(mg.nn.LogSoftmax(1)(x).exp().numpy(), mg.nn.Softmax(1)(x).numpy())
    np.testing.assert_allclose(mg.nn.Softmin(1)(x).numpy(), mg.nn.Softmax(1)(-x).numpy())
    np.testing.assert_allclose(mg.nn.Softmax2d()(x).numpy(), mg.nn.Softmax(0)(x).numpy())
    assert repr(mg.nn.Softmax(dim=1)) == "Softmax(dim=1)"
