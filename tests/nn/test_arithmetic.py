"""Sums, differences, products, quotients, remainders and powers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg

pytestmark = pytest.mark.native

RNG = np.random.default_rng(7)
A = RNG.uniform(0.5, 2.0, (3, 4))
B = RNG.uniform(0.5, 2.0, (4,))
C = RNG.uniform(0.5, 2.0, (2, 1, 1))

SMOOTH: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "add alpha": lambda a, b: mg.add(a, b, alpha=3),
    "sub": lambda a, b: a - b,
    "rsub": lambda a, b: mg.rsub(a, b, alpha=2),
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "atan2": mg.atan2,
    "hypot": mg.hypot,
    "logaddexp": mg.logaddexp,
    "logaddexp2": mg.logaddexp2,
    "xlogy": mg.xlogy,
    "remainder": lambda a, b: mg.remainder(a + 3, b),
    "fmod": lambda a, b: mg.fmod(-a - 3, b),
    "copysign": lambda a, b: mg.copysign(a, -b),
    "float_power": mg.float_power,
    "ldexp": mg.ldexp,
    "lerp": lambda a, b: mg.lerp(a, b, 0.3),
    "addcmul": lambda a, b: mg.addcmul(a, b, a, value=0.5),
    "addcdiv": lambda a, b: mg.addcdiv(a, b, a, value=0.5),
    "numbers": lambda a, b: (2.0 - a) * 3.0 / b - 1 + 4 / a + (b - 1.5) / 2.5,
    "powers": lambda a, b: a**2 + a**3 + b**0.5 + b**-0.5 + a**-1 + b**-2 + a**1.7 + 2.0**b + a**1 + b**0,
    "neg": lambda a, b: -a + (+b),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("shapes", [(A, A + 0.1), (A, B), (B, C), (np.array(0.7), A), (A[:, :1], B), (A[:0], B)])
def test_gradients_against_differences(name: str, shapes: tuple[Any, Any], gradients_agree: Any) -> None:
    gradients_agree(SMOOTH[name], *shapes, scale=10.0)


@pytest.mark.parametrize("name", ["mul", "div", "pow", "hypot", "logaddexp", "numbers", "powers", "atan2"])
def test_second_derivatives_against_differences(name: str, gradients_agree: Any) -> None:
    def slope(a: Any, b: Any) -> Any:
        if not a.requires_grad:
            a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
        out = SMOOTH[name](a, b).sum()
        return mg.grad(out, (a, b), create_graph=True)

    gradients_agree(slope, A[:2, :2], B[:2], scale=100.0)


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=5), st.floats(-1e3, 1e3, width=32))
def test_quotient_and_remainder_belong_together(values: list[float], divisor: float) -> None:
    a, b = mg.tensor(values, dtype=mg.float64), mg.tensor(divisor, dtype=mg.float64)
    if divisor == 0:
        return
    q, r = divmod(a, b)
    # Both are rounded once: q b + r differs from a by two units of rounding of |q b|.
    np.testing.assert_allclose((q * b + r).numpy(), a.numpy(), rtol=1e-12, atol=4e-13 * max(map(abs, values)) + 1e-300)
    assert ((r == 0) | ((r < 0) == (b < 0))).all()


def test_integers_divide_as_numbers_and_round_on_request() -> None:
    a, b = mg.tensor([7, -7, 7, -7]), mg.tensor([2, 2, -2, -2])
    assert (a / b).dtype is mg.float32
    assert (a / b).tolist() == [3.5, -3.5, -3.5, 3.5]
    assert mg.div(a, b, rounding_mode="trunc").tolist() == [3, -3, -3, 3]
    assert mg.div(a, b, rounding_mode="floor").tolist() == (a // b).tolist() == [3, -4, -4, 3]
    assert (a % b).tolist() == [1, 1, -1, -1]
    assert mg.fmod(a, b).tolist() == [1, -1, 1, -1]
    assert mg.div(a.double(), b, rounding_mode="trunc").tolist() == [3.0, -3.0, -3.0, 3.0]


@pytest.mark.parametrize("operation", ["floor_divide", "remainder", "fmod"])
def test_integer_division_by_zero_is_an_error(operation: str) -> None:
    with pytest.raises(RuntimeError, match="divided by zero"):
        getattr(mg, operation)(mg.tensor([1, 2]), mg.tensor([1, 0]))


def test_division_by_zero_of_floats_is_infinite_and_silent() -> None:
    x = mg.tensor([1.0, -1.0, 0.0])
    assert str((x / 0).tolist()) == "[inf, -inf, nan]"
    assert str((x // 0.0).tolist()) == "[inf, -inf, nan]"
    assert (mg.tensor([1e38]) * 1e38).item() == math.inf
    assert math.isnan((mg.tensor([math.inf]) - math.inf).item())


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        (mg.tensor([1]), mg.tensor([1.5]), mg.float32),
        (mg.tensor([1]), 1.5, mg.float32),
        (mg.tensor([True]), 1, mg.int64),
        (mg.tensor([1], dtype=mg.uint8), 1, mg.uint8),
        (mg.tensor([1.0]), mg.tensor(1.5, dtype=mg.float64), mg.float32),
        (mg.tensor([1]), mg.tensor(1.5, dtype=mg.float64), mg.float64),
        (mg.tensor([1.0]), mg.tensor([1.5], dtype=mg.float64), mg.float64),
        (mg.tensor([1], dtype=mg.int32), mg.tensor([1]), mg.int64),
    ],
)
def test_the_type_of_a_mixture(a: Any, b: Any, kind: Any) -> None:
    assert (a + b).dtype is kind
    assert (a * b).dtype is kind
    assert (b + a).dtype is kind
    assert mg.result_type(a, b) is kind if hasattr(mg, "result_type") else True


def test_shape_error_prints_both_shapes_and_the_lines() -> None:
    a, b = mg.ones(2, 3), mg.ones(4)
    with pytest.raises(RuntimeError, match=r"(?s)\(2, 3\).*\(4,\).*test_arithmetic\.py:\d+ `a, b = mg\.ones"):
        _ = a + b


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: -mg.tensor([True]), "bool"),
        (lambda: mg.tensor([True]) - mg.tensor([True]), "bool"),
        (lambda: mg.add(mg.tensor([1]), mg.tensor([1]), alpha=1.5), "alpha"),
        (lambda: mg.div(mg.tensor([1.0]), 2, rounding_mode="up"), "rounding_mode"),
        (lambda: mg.tensor([2]) ** -1, "negative"),
        (lambda: mg.hypot(mg.tensor([1]), mg.tensor([1])), "int64"),
        (lambda: mg.addcdiv(mg.tensor([1]), mg.tensor([1]), mg.tensor([1])), "addcdiv"),
        (lambda: mg.lerp(mg.tensor([1.0]), mg.tensor([1.0], dtype=mg.float64), 0.5), "float64"),
        (lambda: mg.bitwise_and(mg.tensor([1.0]), mg.tensor([1.0])), "float32"),
        (lambda: ~mg.tensor([1.0]), "float32"),
        (lambda: mg.heaviside(mg.tensor([1.0]), mg.tensor([1])), "dtype"),
    ],
)
def test_misuse_is_refused(call: Callable[[], Any], error: str) -> None:
    with pytest.raises(RuntimeError, match=error):
        call()
    with pytest.raises(TypeError):
        _ = mg.tensor([1.0]) + "a"  # type: ignore[operator]


def test_powers_of_zero_and_of_integers() -> None:
    x = mg.tensor([0.0, 2.0], requires_grad=True)
    (x**0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.0]
    p = mg.tensor([0.0, 2.0], requires_grad=True)
    (mg.tensor([0.0, 0.0]) ** p).sum().backward()
    assert p.grad is not None
    assert p.grad.tolist() == [0.0, 0.0]
    base = mg.tensor([2, -1, 1, 3])
    assert (base ** mg.tensor([3, -3, -5, -1])).tolist() == [8, -1, 1, 0]


def test_bits() -> None:
    a, b = mg.tensor([12, 10]), mg.tensor([10, 3])
    assert (a & b).tolist() == [8, 2]
    assert (a | b).tolist() == [14, 11]
    assert (a ^ b).tolist() == [6, 9]
    assert (~a).tolist() == [-13, -11]
    assert (a << 2).tolist() == [48, 40]
    assert (a >> 1).tolist() == [6, 5]
    assert (mg.tensor([-8]) >> 70).tolist() == [-1]
    assert mg.gcd(a, b).tolist() == [2, 1]
    assert mg.lcm(a, b).tolist() == [60, 30]


@pytest.mark.parametrize(
    ("inplace", "plain"),
    [
        (lambda x: x.add_(2), lambda x: x + 2),
        (lambda x: x.sub_(mg.ones(3, dtype=mg.float64)), lambda x: x - 1),
        (lambda x: x.mul_(x), lambda x: x * x),
        (lambda x: x.div_(2), lambda x: x / 2),
        (lambda x: x.pow_(3), lambda x: x**3),
        (lambda x: x.neg_(), lambda x: -x),
        (lambda x: x.clamp_(max=1.0), lambda x: x.clamp(max=1.0)),
        (lambda x: x.remainder_(0.7), lambda x: x % 0.7),
        (lambda x: x.addcmul_(x, x), lambda x: x + x * x),
        (lambda x: x.lerp_(mg.zeros(3, dtype=mg.float64), 0.5), lambda x: x / 2),
    ],
)
def test_in_place_forms_carry_the_same_gradient(inplace: Any, plain: Any) -> None:
    x = mg.tensor([0.5, 1.25, 2.0], dtype=mg.float64, requires_grad=True)
    y = x.clone()
    assert inplace(y) is y
    z = plain(x)
    np.testing.assert_array_equal(y.detach().numpy(), z.detach().numpy())
    (a,) = mg.grad((y * y).sum(), x)
    (b,) = mg.grad((z * z).sum(), x)
    np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_in_place_forms_keep_shape_and_type() -> None:
    with pytest.raises(RuntimeError, match="broadcast shape"):
        mg.ones(1).add_(mg.ones(3))
    with pytest.raises(RuntimeError, match="can't be cast"):
        mg.tensor([1]).add_(1.5)
    with pytest.raises(RuntimeError, match="single memory location"):
        mg.ones(1).expand(3).add_(1)
    x = mg.ones(3)
    x += 1
    x -= mg.tensor(0.5)
    x *= 4
    x /= 3
    x //= 1
    x **= 2
    x %= 3
    assert x.tolist() == [1.0, 1.0, 1.0]


def test_out_takes_the_result() -> None:
    out = mg.empty(0)
    assert mg.add(mg.ones(2), mg.ones(2), out=out) is out
    assert out.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="automatic differentiation"):
        mg.mul(mg.ones(2, requires_grad=True), 2, out=out)
    with pytest.raises(RuntimeError, match="can't be cast"):
        mg.add(mg.ones(2), 1, out=mg.zeros(2, dtype=mg.int64))


def test_numpy_arrays_are_operands() -> None:
    x = np.ones(3, np.float32)
    assert (x * mg.ones(3)).tolist() == (mg.ones(3) * x).tolist() == [1.0, 1.0, 1.0]
    assert isinstance(x + mg.ones(3), mg.Tensor)
    assert (np.float64(2.0) * mg.ones(3)).dtype is mg.float32


def test_a_large_result_lies_in_the_arena_and_equals_the_small_ones() -> None:
    a, b = RNG.standard_normal((300, 70)), RNG.standard_normal(70)
    whole = mg.from_numpy(a) * mg.from_numpy(b)
    for row in range(0, 300, 37):
        np.testing.assert_array_equal(whole[row].numpy(), a[row] * b)
