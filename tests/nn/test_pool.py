"""Pooling against loops over its windows, adjoints and finite differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad._native import ffi, lib, pointer

pytestmark = pytest.mark.native

RNG = np.random.default_rng(5)
F: Any = mg.nn.functional
MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVG = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def normal(*shape: int, dtype: Any = np.float64) -> np.ndarray:
    return RNG.standard_normal(shape).astype(dtype)


def windows(
    size: tuple[int, ...], kernel: Any, stride: Any, pad: Any, dilation: Any, ceil_mode: bool
) -> tuple[list[int], Iterator[tuple[tuple[int, ...], tuple[list[int], ...]]]]:
    """Each output's place and the input places that it sees, written down from the definition."""
    axes = []
    for n, k, s, p, d in zip(size, kernel, stride, pad, dilation, strict=True):
        seen = []
        for o in itertools.count():
            places = [o * s - p + i * d for i in range(k)]
            whole = places[-1] < n + p
            # With ceil_mode one more, if elements are left over behind the last whole one.
            left_over = ceil_mode and places[-1] - s < n + p - 1 and places[0] < n
            if not (whole or left_over):
                break
            seen.append(places)
        axes.append(seen)
    out = [len(a) for a in axes]
    return out, ((o, tuple(axes[i][j] for i, j in enumerate(o))) for o in itertools.product(*map(range, out)))


CASES = [
    # size, kernel, stride, padding, dilation, ceil_mode
    ((9,), (3,), (2,), (1,), (1,), False),
    ((10,), (3,), (3,), (0,), (2,), True),
    ((8, 8), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((7, 9), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((7, 9), (2, 2), (2, 2), (0, 0), (1, 1), True),
    ((2, 40), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((11, 7), (3, 3), (2, 2), (1, 1), (1, 1), False),
    ((6, 8), (3, 2), (1, 3), (1, 0), (2, 1), True),
    ((4, 5, 6), (2, 2, 3), (2, 1, 2), (0, 1, 1), (1, 1, 1), False),
]


def options(case: Any) -> dict[str, Any]:
    return {"kernel_size": case[1], "stride": case[2], "padding": case[3], "ceil_mode": case[5]}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_largest_of_each_window(case: Any, dtype: Any) -> None:
    x = RNG.permutation(6 * int(np.prod(case[0]))).astype(dtype).reshape(2, 3, *case[0])
    n = len(case[0])
    leaf = mg.tensor(x).requires_grad_()
    y = MAX[n](leaf, dilation=case[4], **options(case))
    out, places = windows(*case)
    assert list(y.shape[2:]) == out
    weight = normal(*y.shape, dtype=dtype)
    gradient = np.zeros_like(x)
    for o, seen in places:
        inside = [[p for p in axis if 0 <= p < s] for axis, s in zip(seen, case[0], strict=True)]
        for plane in np.ndindex(2, 3):
            block = x[plane][np.ix_(*inside)]
            assert y.detach().numpy()[(*plane, *o)] == block.max()
            gradient[plane].flat[np.flatnonzero(x[plane] == block.max())] += weight[(*plane, *o)]
    y.backward(mg.tensor(weight))
    np.testing.assert_allclose(leaf.grad.numpy(), gradient, rtol=1e-5, atol=1e-6)
    again, index = MAX[n](leaf.detach(), dilation=case[4], return_indices=True, **options(case))
    assert (again == y).all().item()
    taken = np.take_along_axis(x.reshape(2, 3, -1), index.numpy().reshape(2, 3, -1), 2)
    np.testing.assert_array_equal(taken.reshape(y.shape), y.detach().numpy())


@pytest.mark.parametrize("case", [case for case in CASES if max(case[4]) == 1])
@pytest.mark.parametrize("include", [True, False])
def test_the_mean_of_each_window(case: Any, include: bool) -> None:
    x = normal(2, 3, *case[0])
    n = len(case[0])
    leaf = mg.tensor(x).requires_grad_()
    y = AVG[n](leaf, count_include_pad=include, **options(case))
    out, places = windows(*case)
    assert list(y.shape[2:]) == out
    weight = normal(*y.shape)
    gradient = np.zeros_like(x)
    for o, seen in places:
        inside = [[p for p in axis if 0 <= p < s] for axis, s in zip(seen, case[0], strict=True)]
        padded = [[p for p in axis if p < s + pad] for axis, s, pad in zip(seen, case[0], case[3], strict=True)]
        count = np.prod([len(axis) for axis in (padded if include else inside)])
        where = np.ix_(range(2), range(3), *inside)
        mean = x[where].sum(axis=tuple(range(2, n + 2))) / count
        np.testing.assert_allclose(y.detach().numpy()[(..., *o)], mean, rtol=1e-13, atol=1e-13)
        gradient[where] += (weight[(..., *o)] / count).reshape(2, 3, *[1] * n)
    y.backward(mg.tensor(weight))
    np.testing.assert_allclose(leaf.grad.numpy(), gradient, rtol=1e-12, atol=1e-13)


@settings(max_examples=50)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 7), st.integers(1, 9))
def test_adaptive_windows_cover_evenly(height: int, width: int, rows: int, columns: int) -> None:
    x = normal(1, 2, height, width)
    mean = F.adaptive_avg_pool2d(mg.tensor(x), (rows, columns)).numpy()
    most, index = F.adaptive_max_pool2d(mg.tensor(x), (rows, columns), return_indices=True)
    for i, j in itertools.product(range(rows), range(columns)):
        block = x[
            ...,
            i * height // rows : -(-(i + 1) * height // rows),
            j * width // columns : -(-(j + 1) * width // columns),
        ]
        np.testing.assert_allclose(mean[..., i, j], block.mean(axis=(2, 3)), rtol=1e-13, atol=1e-13)
        np.testing.assert_array_equal(most.numpy()[..., i, j], block.max(axis=(2, 3)))
    taken = np.take_along_axis(x.reshape(1, 2, -1), index.numpy().reshape(1, 2, -1), 2)
    np.testing.assert_array_equal(taken.reshape(most.shape), most.numpy())


@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 14, 15, 16, 17, 31, 32, 33, 63, 64, 66])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_by_two_is_the_general_way(width: int, dtype: Any) -> None:
    """The vectors of every level straddle these widths; the general way also gives the places."""
    if width < 2:
        with pytest.raises(RuntimeError, match="too small"):
            F.max_pool2d(mg.ones(1, 4, width), 2)
        return
    x = RNG.integers(0, 3, (3, 5, width)).astype(dtype)
    x[0, 0, 0] = np.nan
    fast, slow = (mg.tensor(x).requires_grad_() for _ in range(2))
    ours = F.max_pool2d(fast, 2)
    general, _ = F.max_pool2d(slow, 2, return_indices=True)
    np.testing.assert_array_equal(ours.detach().numpy(), general.detach().numpy())
    weight = mg.tensor(normal(*ours.shape, dtype=dtype))
    ours.backward(weight)
    general.backward(weight)
    np.testing.assert_array_equal(fast.grad.numpy(), slow.grad.numpy())


def test_nan_is_the_largest_and_the_first_of_equals_is_taken() -> None:
    x = mg.tensor([[[1.0, float("nan"), 3.0, 3.0]]]).requires_grad_()
    y, index = F.max_pool1d(x, 2, return_indices=True)
    assert np.isnan(y.detach().numpy()[0, 0, 0]) and y[0, 0, 1].item() == 3
    assert index.tolist() == [[[1, 2]]]
    low = mg.full((1, 1, 2, 2), -float("inf"))
    assert F.max_pool2d(low, 2).item() == -float("inf")


def test_second_derivatives() -> None:
    """Both are linear where the places stay, so the gradient of a squared gradient is a gradient again."""
    for pool in (lambda t: F.max_pool2d(t, 2), lambda t: F.max_pool2d(t, 3, 2), lambda t: F.avg_pool2d(t, 3, 2, 1)):
        x = mg.tensor(normal(1, 2, 6, 6)).requires_grad_()
        (dx,) = mg.grad((pool(x) ** 3).sum(), [x], create_graph=True)
        (ddx,) = mg.grad((dx * dx).sum(), [x])
        flat = x.detach().numpy().reshape(-1)
        for index in RNG.choice(flat.size, 5, replace=False):
            before, values = flat[index], []
            for step in (1e-5, -1e-5):
                flat[index] = before + step
                (moved,) = mg.grad((pool(x) ** 3).sum(), [x])
                values.append((moved * moved).sum().item())
            flat[index] = before
            slope = (values[0] - values[1]) / 2e-5
            assert ddx.numpy().reshape(-1)[index] == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_unpooling_puts_back() -> None:
    x = mg.tensor(normal(2, 3, 6, 8)).requires_grad_()
    y, index = F.max_pool2d(x, 2, return_indices=True)
    back = F.max_unpool2d(y, index, 2)
    assert back.shape == x.shape
    assert (F.max_pool2d(back.abs(), 2).shape) == y.shape
    np.testing.assert_array_equal(back.detach().numpy()[back.detach().numpy() != 0].size, y.numel())
    back.sum().backward()
    assert x.grad.sum().item() == y.numel()
    with pytest.raises(RuntimeError, match="invalid max index"):
        F.max_unpool2d(y, index + 100, 2)


def test_norms_of_windows() -> None:
    x = abs(normal(2, 3, 8)) + 0.5
    y = F.lp_pool1d(mg.tensor(x), 3.0, 2).numpy()
    np.testing.assert_allclose(y, (x.reshape(2, 3, 4, 2) ** 3).sum(3) ** (1 / 3), rtol=1e-12)


def test_views_integers_and_no_batch() -> None:
    x = normal(8, 6, 3)
    plain = F.max_pool2d(mg.tensor(np.ascontiguousarray(x.transpose(2, 1, 0))), 2)
    assert (F.max_pool2d(mg.tensor(x).permute(2, 1, 0), 2) == plain).all().item()
    whole = mg.arange(12).reshape(1, 3, 4)
    assert F.max_pool2d(whole, 2).tolist() == [[[5, 7]]] and F.max_pool2d(whole, 2).dtype == mg.int64
    assert F.max_pool2d(mg.ones(0, 3, 4, 4), 2).shape == (0, 3, 2, 2)


def test_the_same_bits_for_any_number_of_threads() -> None:
    x = normal(40, 16, 29, 31, dtype=np.float32)
    runs = []
    before = mg.get_num_threads()
    try:
        for threads in (1, 3):
            mg.set_num_threads(threads)
            leaf = mg.tensor(x).requires_grad_()
            y = F.max_pool2d(leaf, 2) + F.avg_pool2d(leaf, 2) + F.max_pool2d(leaf, 3, 2)[:, :, :14, :15]
            (y * y).sum().backward()
            runs.append((y.detach().numpy().tobytes(), leaf.grad.numpy().tobytes()))
    finally:
        mg.set_num_threads(before)
    assert runs[0] == runs[1]


BAD: list[tuple[Callable[[], Any], Any, str]] = [
    (lambda: F.max_pool2d(mg.ones(4, 4), 2), RuntimeError, "Expected 3D or 4D"),
    (lambda: F.max_pool2d(mg.ones(1, 0, 4, 4), 2), RuntimeError, "optional 0 dim batch"),
    (lambda: F.max_pool2d(mg.ones(1, 4, 4), 0), RuntimeError, "kernel_size must be greater than zero"),
    (lambda: F.max_pool2d(mg.ones(1, 4, 4), 2, stride=0), RuntimeError, "stride must be greater than zero"),
    (lambda: F.max_pool2d(mg.ones(1, 4, 4), 2, padding=2), RuntimeError, "at most half of effective kernel size"),
    (lambda: F.max_pool2d(mg.ones(1, 4, 4), 2, padding=-1), RuntimeError, "padding must be non-negative"),
    (lambda: F.max_pool2d(mg.ones(1, 4, 4), 5), RuntimeError, "too small"),
    (lambda: F.max_pool2d(mg.ones(1, 4, 4), (2, 2, 2)), RuntimeError, "tuple of 2 ints"),
    (lambda: F.max_pool2d([1.0], 2), TypeError, "input must be a Tensor"),
    (lambda: F.avg_pool2d(mg.ones(1, 4, 4), 2, divisor_override=0), RuntimeError, "divisor must be not zero"),
    (lambda: F.avg_pool2d(mg.ones(1, 4, 4, dtype=mg.int32), 2), RuntimeError, "not implemented"),
    (lambda: F.adaptive_avg_pool2d(mg.ones(4, 4), 2), ValueError, "Input dimension should be at least 3"),
    (lambda: F.adaptive_avg_pool2d(mg.ones(1, 4, 4), (2, 2, 2)), RuntimeError, "output_size must be an int or 2"),
    (lambda: F.adaptive_avg_pool2d(mg.ones(1, 4, 4), -1), RuntimeError, "non-negative"),
    (lambda: F.max_unpool2d(mg.ones(1, 2, 2), mg.ones(1, 2, 2), 2), RuntimeError, "indices should be type int64"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_misuse(call: Callable[[], Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("window", [(-1, 1), (0, 0), (3, 2), (4, 1), (0, 5)])
def test_the_core_refuses_windows_that_are_not_inside(window: tuple[int, int]) -> None:
    shape = ffi.new("mg_pool_shape_t *")
    shape.planes, shape.in_size, shape.out_size, shape.step = 1, [1, 1, 4], [1, 1, 1], [1, 1, 1]
    table = np.array([(0, 1), (0, 1), window], np.int64)
    x, y, index = np.ones(4), np.full(1, 7.0), np.zeros(1, np.int32)
    status = lib.mg_max_pool_forward_f64(shape, pointer(table), pointer(x), pointer(y, True), pointer(index, True))
    assert status == lib.MG_ERR_ARGUMENT
    assert y[0] == 7


def test_the_core_refuses_places_outside() -> None:
    x, y = np.ones(4), np.full(4, 7.0)
    for bad in (-1, 4):
        index = np.array([0, bad], np.int32)
        assert lib.mg_plane_gather_f64(1, 4, 2, pointer(x), pointer(index), pointer(y, True)) == lib.MG_ERR_ARGUMENT
        assert lib.mg_plane_scatter_f64(1, 4, 2, pointer(x), pointer(index), pointer(y, True)) == lib.MG_ERR_ARGUMENT
    assert (y == 7).all()


def test_layers() -> None:
    x = mg.tensor(normal(2, 3, 8, 8, dtype=np.float32))
    assert (mg.nn.MaxPool2d(3, 2, 1)(x) == F.max_pool2d(x, 3, 2, 1)).all().item()
    assert (mg.nn.AvgPool2d(2, ceil_mode=True)(x) == F.avg_pool2d(x, 2, ceil_mode=True)).all().item()
    assert (mg.nn.AdaptiveAvgPool2d((1, None))(x) == F.adaptive_avg_pool2d(x, (1, None))).all().item()
    assert mg.nn.MaxPool2d(2, return_indices=True)(x)[1].dtype == mg.int64
    assert (mg.nn.LPPool2d(2, 2)(x) == F.lp_pool2d(x, 2.0, 2)).all().item()
    assert repr(mg.nn.MaxPool2d(2)) == "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"
    assert repr(mg.nn.AdaptiveMaxPool1d(3)) == "AdaptiveMaxPool1d(output_size=3)"
