"""Reductions, order statistics and running results."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg

pytestmark = pytest.mark.native

RNG = np.random.default_rng(3)
X = RNG.uniform(0.5, 2.0, (2, 3, 4))

SMOOTH: dict[str, Callable[..., Any]] = {
    "sum": mg.sum,
    "mean": mg.mean,
    "var": mg.var,
    "std": mg.std,
    "nansum": mg.nansum,
    "nanmean": mg.nanmean,
    "norm": lambda x, dim, keepdim: mg.norm(x, 2, dim, keepdim),
    "norm 1": lambda x, dim, keepdim: mg.norm(x, 1, dim, keepdim),
    "norm 3": lambda x, dim, keepdim: mg.norm(x, 3, dim, keepdim),
    "norm 0.5": lambda x, dim, keepdim: mg.norm(x, 0.5, dim, keepdim),
    "norm inf": lambda x, dim, keepdim: mg.norm(x, math.inf, dim, keepdim),
    "amax": lambda x, dim, keepdim: mg.amax(x, () if dim is None else dim, keepdim),
    "amin": lambda x, dim, keepdim: mg.amin(x, () if dim is None else dim, keepdim),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("dim", [None, 0, -1, (0, 2), (2, 1, 0)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_gradients_against_differences(name: str, dim: Any, keepdim: bool, gradients_agree: Any) -> None:
    gradients_agree(lambda x: SMOOTH[name](x, dim, keepdim), X, scale=10)


@pytest.mark.parametrize("name", ["var", "std", "norm", "norm 3", "mean"])
def test_second_derivatives(name: str, gradients_agree: Any) -> None:
    def slope(x: Any) -> Any:
        x = x if x.requires_grad else x.clone().requires_grad_()
        (g,) = mg.grad((SMOOTH[name](x, 1, False) ** 2).sum(), x, create_graph=True)
        return g

    gradients_agree(slope, X[:, :, :2], scale=100)


@pytest.mark.parametrize(("function", "oracle"), [("sum", np.sum), ("mean", np.mean), ("prod", np.prod)])
def test_values_over_every_set_of_dimensions(function: str, oracle: Any) -> None:
    for count in range(4):
        for dims in itertools.combinations(range(3), count):
            if function == "prod" and count != 1:
                continue
            dim: Any = dims[0] if count == 1 else dims if count else None
            got = getattr(mg, function)(mg.from_numpy(X), dim)
            np.testing.assert_allclose(got.numpy(), oracle(X, axis=dims if count else None), rtol=1e-14)


def test_reductions_of_nothing() -> None:
    empty = mg.zeros(0, 3)
    assert mg.sum(empty).item() == 0.0
    assert mg.prod(empty).item() == 1.0
    assert math.isnan(mg.mean(empty).item())
    assert mg.sum(empty, 0).tolist() == [0.0, 0.0, 0.0]
    assert mg.sum(empty, 1).shape == (0,)
    assert mg.all(empty).item() is True
    assert mg.any(empty).item() is False
    assert mg.amax(empty, 1).shape == (0,)
    for call in (lambda: empty.max(), lambda: empty.amax(), lambda: empty.argmax(), lambda: empty.max(0)):
        with pytest.raises((RuntimeError, IndexError)):
            call()


def test_zero_dimensions_can_be_named_zero() -> None:
    x = mg.tensor(3.0, requires_grad=True)
    for out in (
        x.sum(0),
        x.mean(-1),
        x.prod(0),
        x.amax(0),
        x.max(0).values,
        x.cumsum(0),
        x.median(0).values,
        x.norm(2, 0),
    ):
        assert out.shape == ()
        (g,) = mg.grad(out, x)
        assert g.item() == 1.0
    assert x.argmax(0).item() == 0
    with pytest.raises(IndexError, match="out of range"):
        x.sum(1)


def test_integers_and_bools() -> None:
    assert mg.sum(mg.tensor([True, True])).dtype is mg.int64
    assert mg.prod(mg.tensor([2, 3], dtype=mg.int32)).dtype is mg.int64
    assert mg.sum(mg.tensor([1, 2]), dtype=mg.float64).dtype is mg.float64
    assert mg.any(mg.tensor([0, 1], dtype=mg.uint8)).dtype is mg.uint8
    with pytest.raises(RuntimeError, match="floating point"):
        mg.mean(mg.tensor([1, 2]))
    with pytest.raises(RuntimeError, match="appears multiple times"):
        mg.sum(mg.ones(2, 2), (0, -2))
    assert mg.count_nonzero(mg.tensor([[1, 0], [2, 3]]), 0).tolist() == [2, 1]


def test_long_float32_sums_along_any_dimension() -> None:
    # 0.1 a million times: one after the other, float32 would be off by 1 %.
    x = mg.full((100_000, 3), 0.1)
    exact = 100_000 * float(np.float32(0.1))
    for out in (x.sum(0)[0], x.t().contiguous().sum(1)[1], x.sum() / 3, x.mean(0)[2] * 100_000, x.cumsum(0)[-1, 0]):
        assert abs(out.item() - exact) <= 4 * 2.0**-24 * exact


def test_corrections_of_the_variance() -> None:
    x = mg.from_numpy(X)
    np.testing.assert_allclose(mg.var(x, 1).numpy(), X.var(axis=1, ddof=1), rtol=1e-13)
    np.testing.assert_allclose(mg.var(x, 1, correction=0).numpy(), X.var(axis=1), rtol=1e-13)
    np.testing.assert_allclose(mg.var(x, False).item(), X.var(), rtol=1e-13)
    np.testing.assert_allclose(mg.std(x, (0, 1), unbiased=False).numpy(), X.std(axis=(0, 1)), rtol=1e-13)
    spread, centre = mg.var_mean(x, 2)
    np.testing.assert_allclose(centre.numpy(), X.mean(axis=2), rtol=1e-13)
    np.testing.assert_allclose(spread.numpy(), X.var(axis=2, ddof=1), rtol=1e-13)
    assert math.isnan(mg.var(mg.ones(1)).item())
    shifted = mg.from_numpy((RNG.standard_normal(1000) + 1e4).astype(np.float32))
    assert 0.8 < shifted.var().item() < 1.2


def test_extremes_with_indices() -> None:
    x = mg.tensor([[1.0, 3.0, 3.0], [5.0, math.nan, 9.0]], requires_grad=True)
    values, indices = x.max(1)
    assert indices.tolist() == [1, 1]
    assert math.isnan(values[1].item())
    values.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    picked = x.detach().min(0, keepdim=True)
    assert picked.values.shape == (1, 3)
    assert picked.indices.dtype is mg.int64
    assert mg.argmin(x, 0).tolist() == [0, 1, 0]
    assert mg.max(mg.tensor([1.0]), mg.tensor([2.0])).item() == 2.0


def test_ties_share_the_gradient_of_a_value() -> None:
    x = mg.tensor([[1.0, 3.0], [3.0, 3.0]], requires_grad=True)
    (g,) = mg.grad(x.amax(1).sum(), x)
    assert g.tolist() == [[0.0, 1.0], [0.5, 0.5]]
    (g,) = mg.grad(x.max(), x)
    np.testing.assert_allclose(g.numpy(), [[0, 1 / 3], [1 / 3, 1 / 3]], rtol=1e-6)


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=9))
def test_order_statistics_against_sorting(values: list[float]) -> None:
    ordered, x = sorted(values), mg.tensor(values)
    assert x.median().item() == ordered[(len(values) - 1) // 2]
    assert x.kthvalue(len(values)).values.item() == ordered[-1]
    found = x.median(0)
    assert values[found.indices.item()] == found.values.item()
    np.testing.assert_allclose(x.double().quantile(0.3).item(), np.quantile(values, 0.3), rtol=1e-12, atol=1e-12)
    common = x.mode()
    counts = [values.count(v) for v in values]
    assert values.count(common.values.item()) == max(counts)


def test_quantile_shapes_and_nan() -> None:
    x = mg.from_numpy(X)
    q = mg.tensor([0.25, 0.5], dtype=mg.float64)
    for dim, keepdim in itertools.product((None, 0, -1), (False, True)):
        got = mg.quantile(x, q, dim, keepdim)
        np.testing.assert_allclose(got.numpy(), np.quantile(X, [0.25, 0.5], axis=dim, keepdims=keepdim), rtol=1e-13)
    for kind in ("lower", "higher", "midpoint", "nearest"):
        got = mg.quantile(x, 0.4, 2, interpolation=kind)
        np.testing.assert_allclose(got.numpy(), np.quantile(X, 0.4, axis=2, method=kind), rtol=1e-13)
    holes = mg.tensor([1.0, math.nan, 3.0])
    assert math.isnan(holes.quantile(0.5).item())
    assert holes.nanquantile(0.5).item() == 2.0
    assert math.isnan(holes.median().item())
    assert holes.nanmedian().item() == 1.0
    with pytest.raises(RuntimeError, match=r"\[0, 1\]"):
        mg.quantile(x, 1.5)


SCANS: dict[str, Callable[..., Any]] = {
    "cumsum": lambda x: x.cumsum(1),
    "cumprod": lambda x: x.cumprod(-1),
    "cummax": lambda x: x.cummax(0).values,
    "cummin": lambda x: x.cummin(1).values,
    "logcumsumexp": lambda x: x.logcumsumexp(2),
    "prod": lambda x: x.prod(),
    "prod of a dimension": lambda x: x.prod(1, keepdim=True),
    "diff": lambda x: x.diff(2, 1),
    "trapezoid": lambda x: mg.trapezoid(x, dx=0.5),
    "running trapezoid": lambda x: mg.cumulative_trapezoid(x, dim=1),
    "median": lambda x: x.median(1).values,
    "quantile": lambda x: x.quantile(0.3, 1),
    "kthvalue": lambda x: x.kthvalue(2, 0).values,
    "dist": lambda x: mg.dist(x, x.flip(0), 3),
}


@pytest.mark.parametrize("name", SCANS)
def test_gradients_of_scans_and_picks(name: str, gradients_agree: Any) -> None:
    gradients_agree(SCANS[name], X, scale=100)


@pytest.mark.parametrize("zeros", [1, 2])
@pytest.mark.parametrize("function", [lambda x: x.prod(), lambda x: x.cumprod(0)])
def test_products_with_zeros(zeros: int, function: Any, gradients_agree: Any) -> None:
    values = [2.0, 0.0, 3.0, 1.5]
    if zeros == 2:
        values[3] = 0.0
    gradients_agree(function, values, scale=10)


def test_running_extremes_say_where() -> None:
    values, indices = mg.tensor([1.0, 3.0, 3.0, 2.0, math.nan, 5.0]).cummax(0)
    np.testing.assert_array_equal(values.numpy(), np.float32([1, 3, 3, 3, math.nan, math.nan]))
    assert indices.tolist() == [0, 1, 2, 2, 4, 4]


def test_norms_and_their_kinks() -> None:
    x = mg.zeros(3, requires_grad=True)
    for p in (0, 1, 2, 3, math.inf):
        (g,) = mg.grad(x.norm(p), x)
        assert g.tolist() == [0.0, 0.0, 0.0]
    assert mg.norm(mg.tensor([3.0, -4.0])).item() == 5.0
    assert mg.norm(mg.tensor([3.0, 0.0]), 0).item() == 1.0
    assert mg.norm(mg.tensor([3.0, -4.0]), -math.inf).item() == 3.0
    with pytest.raises(RuntimeError, match="floating"):
        mg.norm(mg.tensor([1, 2]))
    with pytest.raises(RuntimeError, match="identity"):
        mg.norm(mg.zeros(0), math.inf)
    with pytest.raises(RuntimeError, match="'fro'"):
        mg.norm(mg.ones(2), "two")


@pytest.mark.parametrize("name", ["median", "nanmedian"])
def test_the_median_of_everything_shares_its_gradient_among_equals(name: str) -> None:
    y = mg.tensor([3.0, 1.0, 1.0, 2.0, 1.0], requires_grad=True)
    getattr(y, name)().backward()
    np.testing.assert_allclose(y.grad.numpy(), [0, 1 / 3, 1 / 3, 0, 1 / 3], rtol=1e-6)
    z = mg.tensor([3.0, math.nan, 1.0], requires_grad=True)
    getattr(z, name)().backward()
    assert z.grad.tolist() == ([0.0, 1.0, 0.0] if name == "median" else [0.0, 0.0, 1.0])
