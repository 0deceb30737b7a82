"""Comparisons, logic, choice, extremes of two, limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg

pytestmark = pytest.mark.native

NAN = math.nan


def test_comparisons_give_bool_and_no_gradient() -> None:
    a, b = mg.tensor([1.0, 2.0, NAN], requires_grad=True), mg.tensor([1.0, 3.0, NAN])
    for out, expected in (
        (a == b, [True, False, False]),
        (a != b, [False, True, True]),
        (a < b, [False, True, False]),
        (a <= b, [True, True, False]),
        (a > 1, [False, True, False]),
        (a <= 2, [True, True, False]),
    ):
        assert out.dtype is mg.bool
        assert out.tolist() == expected
        assert not out.requires_grad
    assert (a == "text") is False
    assert (a != None) is True  # noqa: E711
    assert mg.equal(a, a) is False
    assert mg.equal(b[:2], b[:2]) is True
    assert mg.equal(b, b[:2]) is False


def test_closeness() -> None:
    a, b = mg.tensor([1.0, math.inf, NAN, 0.0]), mg.tensor([1.0 + 1e-6, math.inf, NAN, 1e-7])
    assert mg.isclose(a, b).tolist() == [True, True, False, False]
    assert mg.isclose(a, b, equal_nan=True, atol=1e-6).tolist() == [True] * 4
    assert not mg.allclose(a, b)
    with pytest.raises(RuntimeError, match="dtype"):
        mg.isclose(a, b.double())
    with pytest.raises(RuntimeError, match="rtol"):
        mg.isclose(a, b, rtol=-1)


def test_logic() -> None:
    a, b = mg.tensor([0, 2, 0, 3]), mg.tensor([0.0, 0.0, 1.0, NAN])
    assert mg.logical_and(a, b).tolist() == [False, False, False, True]
    assert mg.logical_or(a, b).tolist() == [False, True, True, True]
    assert mg.logical_xor(a, b).tolist() == [False, True, True, False]
    assert mg.logical_not(a).tolist() == [True, False, True, False]
    assert mg.isin(a, mg.tensor([2, 3])).tolist() == [False, True, False, True]
    assert mg.isin(a, 0, invert=True).tolist() == [False, True, False, True]


def test_where_in_all_forms(gradients_agree: Callable[..., None]) -> None:
    c = mg.tensor([[True], [False]])
    gradients_agree(lambda a, b: mg.where(c, a, b * 2), [1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]])
    assert mg.where(c, 1, 0).dtype is mg.int64
    assert mg.where(c, 1.0, 0).dtype is mg.float32
    assert mg.where(c, mg.tensor([1]), 2.5).dtype is mg.float32
    rows, columns = mg.where(mg.tensor([[0, 1], [1, 0]]))
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [1, 0])
    assert mg.tensor([1.0, 2.0]).where(mg.tensor([True, False]), 0).tolist() == [1.0, 0.0]
    with pytest.raises(RuntimeError, match="boolean"):
        mg.where(mg.tensor([1.0]), 1, 2)
    with pytest.raises(RuntimeError, match=r"\(2, 1\).*\(3,\).*\(4,\)"):
        mg.where(c, mg.ones(3), mg.ones(4))


def _slopes(function: Any, a: Any, b: Any) -> tuple[list[float], list[float]]:
    x, y = mg.tensor(a, requires_grad=True), mg.tensor(b, requires_grad=True)
    function(x, y).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    return x.grad.tolist(), y.grad.tolist()


def test_extremes_share_ties_and_pass_nan_on() -> None:
    a, b = [1.0, 2.0, 3.0, NAN, 1.0], [2.0, 2.0, 1.0, 0.0, NAN]
    high, low = mg.maximum(mg.tensor(a), mg.tensor(b)), mg.minimum(mg.tensor(a), mg.tensor(b))
    np.testing.assert_array_equal(high.numpy(), np.float32([2, 2, 3, NAN, NAN]))
    np.testing.assert_array_equal(low.numpy(), np.float32([1, 2, 1, NAN, NAN]))
    assert mg.fmax(mg.tensor(a), mg.tensor(b)).tolist() == [2.0, 2.0, 3.0, 0.0, 1.0]
    assert mg.fmin(mg.tensor(a), mg.tensor(b)).tolist() == [1.0, 2.0, 1.0, 0.0, 1.0]
    assert _slopes(mg.maximum, a[:3], b[:3]) == ([0.0, 0.5, 1.0], [1.0, 0.5, 0.0])
    assert _slopes(mg.minimum, a[:3], b[:3]) == ([1.0, 0.5, 0.0], [0.0, 0.5, 1.0])
    assert _slopes(mg.fmax, a, b) == ([0.0, 1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0, 0.0])


def test_clamp_and_its_gradient() -> None:
    x = mg.tensor([-2.0, -1.0, 0.5, 1.0, 3.0, NAN], requires_grad=True)
    y = x.clamp(-1, 1)
    np.testing.assert_array_equal(y.detach().numpy(), np.float32([-1, -1, 0.5, 1, 1, NAN]))
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert mg.clamp(mg.tensor([1, 5]), max=2.5).dtype is mg.float32
    assert mg.clamp(mg.tensor([1.0, 5.0]), 3, 2).tolist() == [2.0, 2.0]
    assert mg.clamp_min(mg.tensor([1.0]), 2).item() == 2.0
    assert mg.clip(mg.tensor([9.0]), max=2).item() == 2.0
    with pytest.raises(ValueError, match="at least one"):
        mg.clamp(mg.ones(1))


def test_clamp_between_tensors(gradients_agree: Callable[..., None]) -> None:
    gradients_agree(mg.clamp, [[0.0, 1.0, 5.0]], [[0.5], [0.6]], [2.0, 2.0, 3.0])
    gradients_agree(lambda x, low: mg.clamp(x, min=low), [0.0, 1.0], [0.5, 0.6])
    gradients_agree(lambda x, high: mg.clamp(x, max=high), [0.0, 1.0], [0.5, 0.6])


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge", "fmod", "copysign", "clamp_min"])
def test_numbers_cannot_come_first(name: str) -> None:
    with pytest.raises(TypeError, match="must be a Tensor; got float"):
        getattr(mg, name)(2.0, mg.ones(2))
    with pytest.raises(TypeError, match="must be a Tensor; got int"):
        getattr(mg, name)(2, 3)
    assert getattr(mg, name)(mg.ones(2), 2.0).shape == (2,)


@pytest.mark.parametrize("name", ["atan2", "hypot", "logaddexp", "ldexp", "gcd", "lcm", "heaviside"])
def test_numbers_cannot_take_a_tensors_place(name: str) -> None:
    x = mg.tensor([2, 3]) if name in ("gcd", "lcm") else mg.ones(2)
    for pair in ((x, 2.0), (2.0, x), (2.0, 2.0)):
        with pytest.raises((TypeError, RuntimeError), match=f"{name}: "):
            getattr(mg, name)(*pair)
    assert getattr(mg, name)(x, x).shape == (2,)


@pytest.mark.parametrize("name", ["pow", "remainder", "xlogy", "bitwise_and", "bitwise_left_shift", "float_power"])
def test_two_numbers_are_no_operands(name: str) -> None:
    with pytest.raises(TypeError, match="one operand must be a Tensor; got"):
        getattr(mg, name)(2, 3)
    x = mg.tensor([1, 2])
    assert getattr(mg, name)(2, x).shape == getattr(mg, name)(x, 2).shape == (2,)
    assert (2**x).tolist() == [2, 4] and (5 % x).tolist() == [0, 1] and (3 & x).tolist() == [1, 2]
    assert (x < 2).tolist() == [True, False] and (np.float64(2) >= x).tolist() == [True, True]
