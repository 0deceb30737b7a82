"""Elementary functions of tensors: values, both derivatives, types, shapes, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg

pytestmark = pytest.mark.native

# name: (the same in NumPy, an interval in which it is smooth)
ELEMENTARY = {
    "exp": (np.exp, -2, 2),
    "exp2": (np.exp2, -2, 2),
    "expm1": (np.expm1, -2, 2),
    "log": (np.log, 0.2, 3),
    "log2": (np.log2, 0.2, 3),
    "log10": (np.log10, 0.2, 3),
    "log1p": (np.log1p, -0.8, 3),
    "sqrt": (np.sqrt, 0.2, 3),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 0.2, 3),
    "reciprocal": (lambda x: 1 / x, 0.2, 3),
    "square": (np.square, -2, 2),
    "abs": (np.abs, 0.1, 2),
    "sin": (np.sin, -4, 4),
    "cos": (np.cos, -4, 4),
    "tan": (np.tan, -1.2, 1.2),
    "asin": (np.arcsin, -0.9, 0.9),
    "acos": (np.arccos, -0.9, 0.9),
    "atan": (np.arctan, -3, 3),
    "sinh": (np.sinh, -2, 2),
    "cosh": (np.cosh, -2, 2),
    "tanh": (np.tanh, -2, 2),
    "asinh": (np.arcsinh, -2, 2),
    "acosh": (np.arccosh, 1.2, 3),
    "atanh": (np.arctanh, -0.9, 0.9),
    "erf": (np.vectorize(math.erf, otypes=[float]), -2, 2),
    "erfc": (np.vectorize(math.erfc, otypes=[float]), -2, 2),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), -4, 4),
    "logit": (lambda x: np.log(x / (1 - x)), 0.1, 0.9),
    "deg2rad": (np.deg2rad, -90, 90),
    "rad2deg": (np.rad2deg, -3, 3),
}
STEP = 1e-5


def spread(low, high, n=23):
    return np.random.default_rng(n).uniform(low, high, n)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_values_and_both_derivatives(name):
    reference, low, high = ELEMENTARY[name]
    function = getattr(mg, name)
    values = spread(low, high)
    weights = spread(0.5, 1.5, 23)
    x = mg.tensor(values, requires_grad=True)
    y = function(x)
    np.testing.assert_allclose(y.numpy(force=True), reference(values), rtol=1e-14)

    # The fused derivative, against a central difference, whose error is about h^2 f''' / 6.
    y.backward(mg.tensor(weights))
    slope = (reference(values + STEP) - reference(values - STEP)) / (2 * STEP)
    np.testing.assert_allclose(x.grad.numpy(), weights * slope, rtol=1e-7, atol=1e-9)

    # The recorded derivative has the same values, and its derivative is the second one.
    (first,) = mg.grad(function(x), x, mg.tensor(weights), create_graph=True)
    np.testing.assert_allclose(first.detach().numpy(), x.grad.numpy(), rtol=1e-13, atol=1e-15)
    if first.requires_grad and name not in ("abs", "deg2rad", "rad2deg"):
        (second,) = mg.grad(first.sum(), x)

        def slope_at(at):
            leaf = mg.tensor(at, requires_grad=True)
            return mg.grad(function(leaf), leaf, mg.tensor(weights))[0].numpy()

        curve = (slope_at(values + STEP) - slope_at(values - STEP)) / (2 * STEP)
        np.testing.assert_allclose(second.numpy(), curve, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_shapes_strides_and_types(name):
    reference, low, high = ELEMENTARY[name]
    function = getattr(mg, name)
    values = spread(low, high, 24).reshape(4, 6)
    x = mg.tensor(values)
    for view in (x.t(), x[:, ::2], x[1:1], x[0, 0], x[:, :1].expand(4, 3)):
        out = function(view)
        assert out.shape == view.shape
        assert out.dtype == mg.float64
        np.testing.assert_allclose(out.numpy(), reference(view.numpy()), rtol=1e-14)
    assert function(mg.tensor(values.astype(np.float32))).dtype == mg.float32
    assert getattr(x, name)().tolist() == function(x).tolist()


@pytest.mark.parametrize("name", [n for n in ELEMENTARY if n not in ("abs", "square")])
def test_integers_and_bools_become_floats(name):
    for value in (mg.tensor([1, 1]), mg.tensor([True, True]), mg.tensor([1], dtype=mg.uint8)):
        out = getattr(mg, name)(value)
        assert out.dtype == mg.float32
        np.testing.assert_allclose(out.numpy(), getattr(mg, name)(value.float()).numpy())


def test_absolute_value_and_square_keep_integers():
    x = mg.tensor([-3, 2])
    assert mg.abs(x).dtype == mg.square(x).dtype == mg.int64
    assert abs(x).tolist() == [3, 2]
    assert mg.square(x).tolist() == [9, 4]
    assert mg.square(mg.tensor([True])).dtype == mg.int64
    with pytest.raises(RuntimeError, match="abs: .*bool"):
        mg.abs(mg.tensor([True]))


@pytest.mark.parametrize("name", ELEMENTARY)
def test_in_place_form_records_the_same_gradient(name):
    _, low, high = ELEMENTARY[name]
    values = spread(low, high)
    x, z = mg.tensor(values, requires_grad=True), mg.tensor(values, requires_grad=True)
    y = x * 1
    assert getattr(y, f"{name}_")() is y
    y.sum().backward()
    getattr(mg, name)(z * 1).sum().backward()
    assert x.grad.tolist() == z.grad.tolist()


def test_out_receives_the_result():
    x, out = mg.tensor([1.0, 4.0]), mg.empty(3)
    assert mg.sqrt(x, out=out) is out
    assert out.tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="can't be cast"):
        mg.exp(x, out=mg.empty(2, dtype=mg.int64))
    with pytest.raises(RuntimeError, match="differentiation"):
        mg.exp(mg.tensor([1.0], requires_grad=True), out=mg.empty(1))


@pytest.mark.parametrize("name", ["exp", "abs", "floor", "isnan", "logit", "nan_to_num", "sign", "relu"])
@pytest.mark.parametrize("value", [1.0, "x", None, np.ones(2)])
def test_what_is_no_tensor_is_refused(name, value):
    with pytest.raises(TypeError, match=f"{name}: input must be a Tensor"):
        getattr(mg, name)(value)


def test_a_changed_output_stops_backward():
    x = mg.tensor([1.0], requires_grad=True)
    y = mg.exp(x)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


# --- rounding and signs


def test_rounding():
    x = mg.tensor([-2.5, -1.5, -0.3, 0.5, 1.5, 2.7], dtype=mg.float64)
    assert mg.floor(x).tolist() == [-3, -2, -1, 0, 1, 2]
    assert mg.ceil(x).tolist() == [-2, -1, 0, 1, 2, 3]
    assert mg.trunc(x).tolist() == mg.fix(x).tolist() == [-2, -1, 0, 0, 1, 2]
    assert mg.round(x).tolist() == [-2, -2, 0, 0, 2, 3]
    np.testing.assert_allclose(mg.frac(x).numpy(), [-0.5, -0.5, -0.3, 0.5, 0.5, 0.7], rtol=1e-15)
    assert mg.round(mg.tensor([1.2345], dtype=mg.float64), decimals=2).tolist() == [1.23]
    assert mg.round(mg.tensor([1234.0]), decimals=-2).tolist() == [1200]
    assert mg.floor(mg.tensor([3])).dtype == mg.int64
    for name in ("floor", "ceil", "trunc", "round"):
        with pytest.raises(RuntimeError, match=f"{name}: .*bool"):
            getattr(mg, name)(mg.tensor([True]))
    with pytest.raises(RuntimeError, match="decimals must be 0"):
        mg.round(mg.tensor([3]), decimals=1)
    with pytest.raises(RuntimeError, match="frac: not implemented"):
        mg.frac(mg.tensor([3]))


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round", "sign"])
def test_steps_have_gradient_zero(name):
    x = mg.tensor([-1.3, 0.2], requires_grad=True)
    getattr(mg, name)(x).sum().backward()
    assert x.grad.tolist() == [0, 0]


def test_fraction_has_gradient_one():
    x = mg.tensor([-1.3, 0.2], requires_grad=True)
    mg.frac(x).sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_signs():
    x = mg.tensor([-2.0, -0.0, 3.0, math.nan, -math.inf])
    assert mg.sign(x).tolist() == [-1, 0, 1, 0, -1]
    assert mg.sgn(mg.tensor([-2, 0, 5])).tolist() == [-1, 0, 1]
    assert mg.sign(mg.tensor([True, False])).tolist() == [True, False]
    assert mg.signbit(x).tolist()[:3] == [True, True, False]
    assert mg.signbit(mg.tensor([-1, 1])).tolist() == [True, False]
    assert mg.positive(x) is x
    with pytest.raises(RuntimeError, match="positive"):
        mg.positive(mg.tensor([True]))


def test_questions():
    x = mg.tensor([1.0, math.nan, math.inf, -math.inf])
    assert mg.isnan(x).tolist() == [False, True, False, False]
    assert mg.isinf(x).tolist() == [False, False, True, True]
    assert mg.isfinite(x).tolist() == [True, False, False, False]
    assert mg.isposinf(x).tolist() == [False, False, True, False]
    assert mg.isneginf(x).tolist() == [False, False, False, True]
    assert mg.isnan(mg.tensor([1, 2])).dtype == mg.bool
    assert mg.isfinite(mg.tensor(1)).item() is True


def test_nan_to_num():
    x = mg.tensor([math.nan, math.inf, -math.inf, 2.0], requires_grad=True)
    y = mg.nan_to_num(x)
    top = float(np.finfo(np.float32).max)
    assert y.tolist() == [0, top, -top, 2]
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0, 1]
    assert mg.nan_to_num(x, 1.0, 2.0, 3.0).tolist() == [1, 2, 3, 2]
    assert mg.nan_to_num(mg.tensor([3])).tolist() == [3]


def test_logit_clamps_or_gives_nan():
    x = mg.tensor([-0.5, 0.0, 0.5, 0.95, 1.5], dtype=mg.float64, requires_grad=True)
    y = mg.logit(x, eps=0.1)
    np.testing.assert_allclose(
        y.detach().numpy(), [-math.log(9), -math.log(9), 0, math.log(9), math.log(9)], atol=1e-15
    )
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [0, 0, 4, 0, 0], atol=1e-15)
    plain = mg.logit(x.detach())
    assert mg.isnan(plain).tolist() == [True, False, False, False, True]
    assert plain[1].item() == -math.inf
    z = mg.tensor([-0.5, 0.5], requires_grad=True)
    mg.logit(z).sum().backward()
    assert math.isnan(z.grad[0].item())
    assert z.grad[1].item() == 4


@given(st.lists(st.floats(-1e3, 1e3), min_size=0, max_size=40), st.sampled_from(["exp", "tanh", "sigmoid", "sin"]))
def test_any_length(values, name):
    x = mg.tensor(values, dtype=mg.float64)
    with np.errstate(all="ignore"):
        wanted = ELEMENTARY[name][0](np.array(values))
    np.testing.assert_allclose(getattr(mg, name)(x).numpy(), wanted, rtol=1e-13, atol=1e-300)


def test_changes_in_place_are_functions_too():
    x = mg.tensor([-1.0, 4.0])
    assert mg.abs_(x) is x and mg.sqrt_(x) is x and x.tolist() == [1.0, 2.0]
    assert mg.clamp_(x, max=1.5).tolist() == [1.0, 1.5] and mg.zero_(x).tolist() == [0.0, 0.0]
    assert mg.detach(mg.ones(1, requires_grad=True)).requires_grad is False
