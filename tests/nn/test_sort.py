"""Sorting against Python's own sort; ties, NaN, gradients, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg

pytestmark = pytest.mark.native
VALUES = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0, math.inf, -math.inf, math.nan]), min_size=1, max_size=40)


def _order(values: list[float], descending: bool) -> list[int]:
    """Order with NaN above everything and ties as they come."""

    def key(i: int) -> tuple[bool, float]:
        nan = math.isnan(values[i])
        return (nan, 0.0) if nan else (False, values[i])

    if not descending:
        return sorted(range(len(values)), key=key)
    return sorted(range(len(values)), key=lambda i: (not key(i)[0], -key(i)[1]))


@settings(max_examples=80, deadline=None)
@given(VALUES, st.booleans())
def test_sort_is_stable_and_puts_nan_above(values: list[float], descending: bool) -> None:
    x = mg.tensor(values, dtype=mg.float64)
    out = x.sort(descending=descending)
    expected = _order(values, descending)
    assert out.indices.tolist() == expected == x.argsort(descending=descending).tolist()
    np.testing.assert_array_equal(out.values.numpy(), np.array(values)[expected])


@settings(max_examples=80, deadline=None)
@given(VALUES, st.booleans(), st.data())
def test_topk_is_the_head_of_the_order(values: list[float], largest: bool, data: Any) -> None:
    k = data.draw(st.integers(0, len(values)))
    out = mg.tensor(values, dtype=mg.float64).topk(k, largest=largest)
    np.testing.assert_array_equal(out.values.numpy(), np.array(values)[_order(values, largest)[:k]])
    np.testing.assert_array_equal(out.values.numpy(), np.array(values)[out.indices.numpy()])


def test_dimensions_and_order_statistics() -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((4, 30, 3))
    x = mg.tensor(a, dtype=mg.float64)
    np.testing.assert_array_equal(x.sort(1).values.numpy(), np.sort(a, 1))
    np.testing.assert_array_equal(x.msort().numpy(), np.sort(a, 0))
    np.testing.assert_array_equal(x.topk(2, 1).values.numpy(), np.sort(a, 1)[:, ::-1][:, :2])
    np.testing.assert_array_equal(x.kthvalue(5, 1).values.numpy(), np.sort(a, 1)[:, 4])
    assert x.kthvalue(5, 1, keepdim=True).values.shape == (4, 1, 3)
    assert mg.tensor(3.0).sort().values.item() == 3.0
    assert mg.zeros(0, 3).sort(0).values.shape == (0, 3)


def test_gradients_return_to_where_the_elements_were() -> None:
    x = mg.tensor([3.0, 1.0, 2.0], requires_grad=True)
    (x.sort().values * mg.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert x.grad.tolist() == [3.0, 1.0, 2.0]
    x.grad = None
    x.topk(1).values.backward(mg.tensor([5.0]))
    assert x.grad.tolist() == [5.0, 0.0, 0.0]
    x.grad = None
    x.kthvalue(2).values.backward()
    assert x.grad.tolist() == [0.0, 0.0, 1.0]


def test_misuse_is_refused() -> None:
    x = mg.tensor([1.0, 2.0])
    with pytest.raises(RuntimeError, match="topk: selected index k out of range"):
        x.topk(3)
    with pytest.raises(RuntimeError, match="kthvalue: selected number k out of range"):
        x.kthvalue(0)
    with pytest.raises(IndexError, match="Dimension out of range"):
        x.sort(1)
    with pytest.raises(IndexError, match="non-zero size"):
        mg.zeros(0).kthvalue(1)
