"""Activation, linear and dropout layers against PyTorch's: outputs, gradients, names, printed form."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch")

LAYERS = [
    ("ReLU", {}),
    ("ReLU6", {}),
    ("LeakyReLU", {"negative_slope": 0.2}),
    ("PReLU", {"num_parameters": 5}),
    ("ELU", {"alpha": 1.5}),
    ("CELU", {"alpha": 2.0}),  # PyTorch keeps 1/alpha in float32
    ("SELU", {}),
    ("GELU", {}),
    ("GELU", {"approximate": "tanh"}),
    ("SiLU", {}),
    ("Mish", {}),
    ("Hardswish", {}),
    ("Hardsigmoid", {}),
    ("Hardtanh", {"min_val": -0.5, "max_val": 2.0}),
    ("Hardshrink", {"lambd": 0.3}),
    ("Softshrink", {"lambd": 0.3}),
    ("Tanhshrink", {}),
    ("Sigmoid", {}),
    ("LogSigmoid", {}),
    ("Tanh", {}),
    ("Softplus", {"beta": 2.0, "threshold": 4.0}),
    ("Softsign", {}),
    ("Threshold", {"threshold": 0.1, "value": -2.0}),
    ("Softmax", {"dim": 1}),
    ("LogSoftmax", {"dim": -1}),
    ("Softmin", {"dim": 0}),
    ("Linear", {"in_features": 3, "out_features": 4}),
    ("Linear", {"in_features": 3, "out_features": 4, "bias": False}),
    ("Flatten", {"start_dim": 1}),
    ("Unflatten", {"dim": 1, "unflattened_size": (5, 1)}),
    ("Identity", {}),
    ("Dropout", {"p": 0.0}),
]


@pytest.mark.parametrize("noncontiguous", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "options"), LAYERS, ids=[f"{n}-{i}" for i, (n, _) in enumerate(LAYERS)])
def test_layer(name, options, dtype, noncontiguous):
    theirs = getattr(torch.nn, name)(**options).to(getattr(torch, dtype))
    ours = getattr(mg.nn, name)(**options).to(getattr(mg, dtype))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({key: mg.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    values = 3 * np.random.default_rng(1).standard_normal((4, 5, 3)).astype(dtype)
    if noncontiguous:
        values = np.repeat(values, 2, 0)[::2]
    x, z = mg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    got, wanted = ours(x), theirs(z)
    tolerance = {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"rtol": 2e-6, "atol": 2e-6}
    if name == "Hardsigmoid":
        tolerance["rtol"] = max(tolerance["rtol"], 1e-7)  # PyTorch keeps 1/6 in float32
    np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), **tolerance)
    weights = np.random.default_rng(2).standard_normal(got.shape).astype(dtype)
    got.backward(mg.tensor(weights))
    wanted.backward(torch.tensor(weights))
    np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy(), **tolerance)
    for mine, their in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad.numpy(), their.grad.numpy(), rtol=tolerance["rtol"], atol=1e-5)


SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 1e30, -1e30, 88.0, -88.0, 20.0, -20.0]
NAMES = ["relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "mish", "logsigmoid", "softplus", "softsign"]
NAMES += ["hardtanh", "hardsigmoid", "tanhshrink", "softshrink", "hardshrink"]


@pytest.mark.parametrize("name", NAMES)
def test_special_values(name):
    x = np.array(SPECIAL, np.float32)
    got = getattr(mg.nn.functional, name)(mg.tensor(x)).numpy()
    wanted = getattr(torch.nn.functional, name)(torch.tensor(x)).numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-30)


def test_large_products():
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((150, 333)), rng.standard_normal((77, 333)), rng.standard_normal(77)
    ours = [mg.tensor(v, requires_grad=True) for v in (x, w, b)]
    theirs = [torch.tensor(v, requires_grad=True) for v in (x, w, b)]
    g = rng.standard_normal((150, 77))
    mg.nn.functional.linear(*ours).backward(mg.tensor(g))
    torch.nn.functional.linear(*theirs).backward(torch.tensor(g))
    for mine, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.grad.numpy(), their.grad.numpy(), rtol=1e-10, atol=1e-11)
