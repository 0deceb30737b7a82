"""A convolution, ReLU and maxima in one pass, against the three of them one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad._native import NULL, ffi, lib, pointer
from minigrad.nn._ops.conv import geometry

pytestmark = pytest.mark.native

RNG = np.random.default_rng(5)
F: Any = mg.nn.functional
JOINED = "ConvolutionReluMaxPoolBackward0"

SHAPES = [
    # images, input channels, output channels, height, width, padding
    (4, 1, 16, 28, 28, 1),
    (3, 2, 5, 7, 9, 0),
    (9, 1, 1, 2, 2, 1),
    (5, 3, 20, 13, 18, 2),
    (2, 4, 33, 5, 6, 5),
    (2, 1, 3, 40, 1100, 1),
    (64, 16, 32, 14, 14, 1),
    (70, 12, 20, 13, 14, 2),
    (1, 16, 17, 129, 66, 0),
]


def block(channels: int, outputs: int, **options: Any) -> Any:
    nn = mg.nn
    return nn.Sequential(nn.Conv2d(channels, outputs, 3, **options), nn.ReLU(), nn.MaxPool2d(2))


def one_by_one(net: Any, x: Any) -> Any:
    conv, relu, pool = net
    return pool(relu(conv(x)))


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape, np.float32)


def gradients(net: Any, call: Callable[[Any], Any], x: np.ndarray, requires: bool, dy: np.ndarray) -> list[Any]:
    """The output, and the gradients by the input, if it requires one, weights and bias."""
    net.zero_grad()
    leaf = mg.tensor(x).requires_grad_(requires)
    y = call(leaf)
    y.backward(mg.tensor(dy))
    found = [leaf.grad, net[0].weight.grad, net[0].bias.grad]
    return [y.detach().numpy(), *(None if grad is None else grad.numpy().copy() for grad in found)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("requires", [False, True])
def test_it_is_what_the_three_are(shape: Any, requires: bool) -> None:
    """The sums of the weights' gradients differ in their order alone, whose roundings add up like sqrt(n)."""
    images, channels, outputs, height, width, pad = shape
    net, x = block(channels, outputs, padding=pad), normal(images, channels, height, width)
    with mg.no_grad():
        dy = normal(*one_by_one(net, mg.tensor(x)).shape)
    y, dx, dw, db = gradients(net, net, x, requires, dy)
    y0, dx0, dw0, db0 = gradients(net, lambda leaf: one_by_one(net, leaf), x, requires, dy)
    eps = float(np.finfo(np.float32).eps)
    # Each sum over positions meets at most one gradient per window, and inputs of at most 6 deviations.
    sizes = np.abs(dy).sum((0, 2, 3)) * np.float32(np.abs(x).max())
    terms = dy[:, 0].size
    np.testing.assert_allclose(y, y0, rtol=8 * eps, atol=8 * eps * np.abs(y0).max())
    np.testing.assert_array_less(np.abs(dw - dw0).max((1, 2, 3)), 2 * np.sqrt(terms) * eps * sizes + eps)
    np.testing.assert_array_less(np.abs(db - db0), 2 * np.sqrt(terms) * eps * np.abs(dy).sum((0, 2, 3)) + eps)
    assert (dx is None) == (dx0 is None) == (not requires)
    if dx is not None:
        np.testing.assert_allclose(dx, dx0, rtol=8 * eps, atol=8 * eps * np.abs(dx0).max())


def test_which_nets_go_in_one_pass() -> None:
    few, many = normal(2, 1, 8, 8), normal(64, 16, 14, 14)
    for net, x, requires, joined in (
        (block(1, 8), few, False, True),
        (block(1, 8), few, True, False),
        (block(1, 8, bias=False), few, False, True),
        (block(1, 8, padding="same"), few, False, True),
        (block(1, 8, padding="valid"), few, False, True),
        (block(16, 32, padding=1), many, True, True),
        (block(1, 8, stride=2), few, False, False),
        (block(1, 8, dilation=2), few, False, False),
        (block(1, 8, padding=1, padding_mode="reflect"), few, False, False),
        (block(2, 8, groups=2), normal(2, 2, 8, 8), False, False),
        (block(1, 8).to(mg.float64), few.astype(np.float64), False, False),
        (block(1, 8), few[0], False, False),
    ):
        y = net(mg.tensor(x).requires_grad_(requires))
        assert (y.grad_fn.name() == JOINED) == joined, net
        np.testing.assert_array_equal(y.shape, one_by_one(net, mg.tensor(x)).shape)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 3), st.integers(1, 4), st.integers(1, 18), st.integers(2, 9), st.integers(2, 9),
    st.integers(0, 3), st.integers(0, 3), st.integers(0, 99),
)  # fmt: skip
def test_small_integers_are_exact(
    images: int, channels: int, outputs: int, height: int, width: int, above: int, left: int, seed: int
) -> None:
    """With integers all sums are exact, and there are ties and zeros to choose among."""
    rng = np.random.default_rng(seed)
    if min(height + 2 * above, width + 2 * left) < 4:
        return
    net = block(channels, outputs, padding=(above, left))
    for parameter in net.parameters():
        parameter.data = mg.tensor(rng.integers(-2, 3, parameter.shape).astype(np.float32))
    x = rng.integers(-2, 3, (images, channels, height, width)).astype(np.float32)
    shape = (images, outputs, (height + 2 * above - 2) // 2, (width + 2 * left - 2) // 2)
    dy = rng.integers(-3, 4, shape).astype(np.float32)
    got = gradients(net, net, x, False, dy)
    for mine, expected in zip(got, gradients(net, lambda leaf: one_by_one(net, leaf), x, False, dy), strict=True):
        np.testing.assert_array_equal(mine, expected)


@pytest.mark.parametrize("shape", [SHAPES[0], SHAPES[6]])
def test_nan_goes_through(shape: Any) -> None:
    images, channels, outputs, height, width, pad = shape
    net, x = block(channels, outputs, padding=pad), normal(images, channels, height, width)
    x[1, 0, 3, 5] = np.nan
    y, expected = net(mg.tensor(x)), one_by_one(net, mg.tensor(x))
    assert y.grad_fn.name() == JOINED
    np.testing.assert_array_equal(np.isnan(y.detach().numpy()), np.isnan(expected.detach().numpy()))
    assert y.isnan().any()


@pytest.mark.parametrize("shape", [SHAPES[0], SHAPES[5], SHAPES[6]])
def test_the_threads_do_not_matter(shape: Any) -> None:
    images, channels, outputs, height, width, pad = shape
    net, x = block(channels, outputs, padding=pad), normal(images, channels, height, width)
    dy = normal(*net(mg.tensor(x)).shape)
    before, found = mg.get_num_threads(), []
    try:
        for threads in (1, 2):
            mg.set_num_threads(threads)
            found.append(gradients(net, net, x, channels > 4, dy))
    finally:
        mg.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_strided_inputs_and_gradients() -> None:
    net, x = block(1, 8, padding=1), normal(3, 1, 10, 9)
    turned = mg.tensor(np.ascontiguousarray(x.transpose(0, 1, 3, 2))).transpose(2, 3)
    y = net(turned)
    np.testing.assert_array_equal(y.detach().numpy(), net(mg.tensor(x)).detach().numpy())
    y.backward(mg.ones(1).expand(y.shape))
    got = net[0].weight.grad.numpy().copy()
    net.zero_grad()
    one_by_one(net, mg.tensor(x)).sum().backward()
    np.testing.assert_allclose(got, net[0].weight.grad.numpy(), rtol=0, atol=75 * 2**-23 * np.abs(x).sum())


def test_only_what_requires_a_gradient_gets_one() -> None:
    x, g = mg.tensor(normal(64, 16, 14, 14)), None
    net = block(16, 32, padding=1)
    for frozen in ("weight", "bias"):
        getattr(net[0], frozen).requires_grad_(False)
        y = net(x)
        g = mg.ones_like(y)
        y.backward(g)
        assert getattr(net[0], frozen).grad is None
        other = {"weight": "bias", "bias": "weight"}[frozen]
        assert getattr(net[0], other).grad is not None
        getattr(net[0], frozen).requires_grad_(True)
        net.zero_grad()
    net.requires_grad_(False)
    assert net(x).grad_fn is None
    leaf = x.clone().requires_grad_()
    net(leaf).sum().backward()
    assert leaf.grad is not None
    with mg.no_grad():
        assert net(leaf).grad_fn is None


def test_second_derivatives() -> None:
    """They go through the three operations, which have their own."""
    net, x = block(16, 32, padding=1), mg.tensor(normal(64, 16, 14, 14)).requires_grad_()
    found = []
    for call in (net, lambda leaf: one_by_one(net, leaf)):
        y = call(x)
        (dx,) = mg.grad(y.sum(), x, create_graph=True)
        (dx * dx).sum().backward()
        found.append(net[0].weight.grad.numpy().copy())
        net.zero_grad()
    np.testing.assert_allclose(*found, rtol=0, atol=64 * 2**-23 * np.abs(found[1]).max())


def test_a_change_before_backward_is_refused() -> None:
    net, x = block(16, 32, padding=1), mg.tensor(normal(64, 16, 14, 14))
    y = net(x)
    x += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    leaf = mg.tensor(normal(64, 16, 14, 14)).requires_grad_()
    y = net(leaf)
    with mg.no_grad():
        net[0].bias += 1
    y.sum().backward(retain_graph=True)  # does not ask for the bias
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        mg.grad(y.sum(), leaf, create_graph=True)
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.sum().backward()
        y.sum().backward()


def test_who_looks_between_sees_all() -> None:
    x, net = mg.tensor(normal(2, 1, 8, 8)), block(1, 8)
    seen: list[Any] = []
    for module in net:
        handle = module.register_forward_hook(lambda module, args, output: seen.append(output.shape))
        assert net(x).grad_fn.name() != JOINED
        handle.remove()
    assert seen == [(2, 8, 6, 6), (2, 8, 6, 6), (2, 8, 3, 3)]
    net[1].forward = lambda input: input
    np.testing.assert_array_equal(net(x).detach().numpy(), F.max_pool2d(net[0](x), 2).detach().numpy())


def test_other_pools_and_errors_are_left_to_the_modules() -> None:
    nn, x = mg.nn, mg.tensor(normal(2, 1, 9, 9))
    for pool, shape in (
        (nn.MaxPool2d(3), (2, 8, 2, 2)),
        (nn.MaxPool2d(2, 1), (2, 8, 6, 6)),
        (nn.MaxPool2d(2, padding=1), (2, 8, 4, 4)),
        (nn.MaxPool2d(2, ceil_mode=True), (2, 8, 4, 4)),
        (nn.MaxPool2d((2, 2), [2, 2]), (2, 8, 3, 3)),
    ):
        assert nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), pool)(x).shape == shape
    pair = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2, return_indices=True))(x)
    assert len(pair) == 2
    assert nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU())(x).shape == (2, 8, 7, 7)
    with pytest.raises(RuntimeError, match="expected weight's first size"):
        block(2, 8)(x)
    with pytest.raises(RuntimeError, match="too small"):
        block(1, 8)(mg.tensor(normal(1, 1, 3, 8)))
    with pytest.raises(TypeError, match="must be a Tensor"):
        block(1, 8)(3)


def test_the_core_refuses_what_does_not_suit() -> None:
    ones = (1, 1)
    wrong = geometry(1, (1, 1, 1), ((8, 8), (3, 3), (3, 3)), ((2, 2), (0, 0), ones)).shape
    few = geometry(1, (1, 1, 1), ((8, 8), (6, 6), (3, 3)), (ones, (0, 0), ones)).shape
    a, choice = np.zeros(64, np.float32), np.zeros(16 * 9, np.uint8)
    p, q = pointer(a, True), pointer(choice, True)
    assert lib.mg_conv_pool_forward_f32(wrong, p, p, NULL, p, q) == lib.MG_ERR_ARGUMENT
    assert lib.mg_conv_pool_backward_f32(few, p, p, p, q, p, NULL, NULL) == lib.MG_ERR_ARGUMENT
    huge = ffi.new("mg_conv_shape_t *", few[0])
    huge.batch = 2**62
    assert lib.mg_conv_pool_suits(huge, 0) == 0


def test_the_profile_has_one_row() -> None:
    net, x = block(1, 8), mg.tensor(normal(2, 1, 8, 8))
    with mg.profile() as p:
        net(x).sum().backward()
    rows = {row.name: row for row in p.ops}
    assert rows["conv2d_relu_max_pool2d"].flops == 2 * 9 * (2 * 8 * 6 * 6)
    assert JOINED in rows
    assert "conv2d" not in rows
