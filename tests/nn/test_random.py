"""Random tensors: repeatable, in the right shape, and distributed as they say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg

pytestmark = pytest.mark.native

N = 40_000


def within(sample: Any, mean: float, variance: float) -> bool:
    """Whether the mean of `sample` lies within five of its standard errors."""
    values = np.asarray(sample, np.float64).reshape(-1)
    return bool(abs(values.mean() - mean) <= 5 * math.sqrt(variance / values.size))


def test_a_seed_repeats_and_positions_move_on() -> None:
    mg.manual_seed(5)
    first = [mg.rand(3), mg.randn(2, 2), mg.randint(10, (4,)), mg.randperm(5)]
    again = mg.rand(3)
    mg.manual_seed(5)
    for a, b in zip(first, [mg.rand(3), mg.randn(2, 2), mg.randint(10, (4,)), mg.randperm(5)], strict=True):
        assert mg.equal(a, b)
    assert not mg.equal(again, first[0])
    assert mg.initial_seed() == 5


def test_generators_are_apart_and_can_go_back() -> None:
    g = mg.Generator().manual_seed(1)
    state = g.get_state()
    a = mg.randn(5, generator=g)
    mg.manual_seed(1)
    mg.rand(100)
    g.set_state(state)
    assert mg.equal(a, mg.randn(5, generator=g))
    with pytest.raises(TypeError, match="generator"):
        mg.rand(1, generator=3)


def test_moments() -> None:
    mg.manual_seed(0)
    assert within(mg.rand(N), 0.5, 1 / 12)
    assert within(mg.randn(N), 0, 1)
    assert within(mg.randn(N) ** 2, 1, 2)
    assert within(mg.randint(3, 7, (N,)), 4.5, 1.25)
    assert within(mg.normal(mg.full((N,), 2.0), 3.0), 2, 9)
    assert within(mg.normal(1.0, mg.full((N,), 0.5)), 1, 0.25)
    assert within(mg.normal(-1.0, 2.0, (N,)), -1, 4)
    assert within(mg.bernoulli(mg.full((N,), 0.3)), 0.3, 0.21)
    x = mg.empty(N)
    assert within(x.uniform_(-1, 3), 1, 16 / 12)
    assert within(x.normal_(4, 2), 4, 4)
    assert within(x.exponential_(2), 0.5, 0.25)
    assert within(x.bernoulli_(0.7), 0.7, 0.21)
    assert within(x.geometric_(0.25), 4, 12)
    assert within(x.random_(10), 4.5, 8.25)
    assert within(x.log_normal_(0, 0.5).log(), 0, 0.25)
    assert within((x.cauchy_() > 1).float(), 0.25, 0.1875)
    assert float(x.exponential_().min()) >= 0


def test_shapes_types_and_patterns() -> None:
    assert mg.rand(2, 3).shape == mg.randn((2, 3)).shape == mg.randint(5, (2, 3)).shape == (2, 3)
    assert mg.rand(2, dtype=mg.float64).dtype is mg.float64
    assert mg.randint(5, (2,)).dtype is mg.int64
    assert mg.randint(5, (2,), dtype=mg.float32).dtype is mg.float32
    x = mg.zeros(2, 0, dtype=mg.float64)
    for made in (mg.rand_like(x), mg.randn_like(x), mg.randint_like(x, 5)):
        assert made.shape == (2, 0)
        assert made.dtype is mg.float64
    assert mg.randn(2, requires_grad=True).requires_grad
    assert mg.randperm(0).shape == (0,)
    assert sorted(mg.randperm(100).tolist()) == list(range(100))


def test_multinomial_follows_the_weights() -> None:
    mg.manual_seed(2)
    weights = mg.tensor([0.0, 1.0, 3.0, 0.0])
    drawn = mg.multinomial(weights, N, replacement=True)
    assert set(drawn.tolist()) == {1, 2}
    assert within((drawn == 2).float(), 0.75, 0.1875)
    rows = mg.multinomial(mg.ones(500, 6), 4)
    assert rows.shape == (500, 4)
    assert all(len(set(row)) == 4 for row in rows.tolist())
    first = mg.multinomial(weights.expand(N, 4), 1)
    assert within((first == 2).float(), 0.75, 0.1875)
    both = mg.multinomial(weights.expand(100, 4), 2)
    assert {tuple(sorted(r)) for r in both.tolist()} == {(1, 2)}


def test_drawing_over_a_recorded_tensor_ends_its_gradient() -> None:
    x = mg.ones(3, requires_grad=True)
    y = (x * 2).uniform_()
    y.sum().backward()
    assert x.grad is not None
    assert not x.grad.any()
    p = mg.full((3,), 0.5, requires_grad=True)
    mg.bernoulli(p).sum().backward()
    assert p.grad is not None
    assert not p.grad.any()


@pytest.mark.parametrize(
    "call",
    [
        lambda: mg.rand(2, dtype=mg.int64),
        lambda: mg.randint(3, 3, (2,)),
        lambda: mg.randperm(-1),
        lambda: mg.normal(0.0, -1.0, (2,)),
        lambda: mg.normal(mg.ones(2), mg.ones(3)),
        lambda: mg.bernoulli(mg.tensor([1.5])),
        lambda: mg.bernoulli(mg.tensor([math.nan])),
        lambda: mg.multinomial(mg.ones(3), 4),
        lambda: mg.multinomial(mg.ones(3), 0),
        lambda: mg.multinomial(mg.zeros(3), 1),
        lambda: mg.multinomial(mg.tensor([-1.0, 2.0]), 1),
        lambda: mg.multinomial(mg.ones(2, 2, 2), 1),
        lambda: mg.empty(2).uniform_(2, 1),
        lambda: mg.empty(2).normal_(0, -1),
        lambda: mg.empty(2).exponential_(0),
        lambda: mg.empty(2).geometric_(1.5),
        lambda: mg.empty(2).cauchy_(0, 0),
        lambda: mg.empty(2).log_normal_(0, 0),
        lambda: mg.empty(2).bernoulli_(2),
        lambda: mg.rand(2, device="cuda"),
    ],
)
def test_misuse_is_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(RuntimeError):
        call()
