"""Padding, interpolation, shuffles and columns against NumPy's own moves, exact functions and adjoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad._native import lib, pointer

pytestmark = pytest.mark.native

RNG = np.random.default_rng(3)
F: Any = mg.nn.functional


def normal(*shape: int) -> Any:
    return mg.tensor(RNG.standard_normal(shape))


def assert_adjoint(function: Callable[[Any], Any], x: Any) -> None:
    """<G, f(x)> = <dL/dx, x> for a linear f."""
    x.requires_grad_()
    y = function(x)
    weight = normal(*y.shape)
    y.backward(weight)
    left = (y * weight).sum().item()
    assert left == pytest.approx((x.grad * x).sum().item(), rel=1e-11, abs=1e-11)


MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("shape", "widths"),
    [((2, 5), (2, 3)), ((2, 3, 6), (0, 4)), ((2, 3, 4, 5), (1, 2, 3, 0)), ((1, 2, 3, 4, 5), (1, 1, 2, 2, 0, 1))],
)
def test_borders(mode: str, shape: tuple[int, ...], widths: tuple[int, ...]) -> None:
    x = normal(*shape)
    pairs = list(zip(widths[0::2], widths[1::2], strict=True))[::-1]
    expected = np.pad(x.numpy(), [(0, 0)] * (len(shape) - len(pairs)) + pairs, mode=MODES[mode])
    np.testing.assert_array_equal(F.pad(x, widths, mode=mode).numpy(), expected)
    assert_adjoint(lambda t: F.pad(t, widths, mode=mode), x)


def test_constant_borders_and_cropping() -> None:
    x = normal(3, 4, 5)
    expected = np.pad(x.numpy(), [(0, 0), (3, 0), (1, 2)], constant_values=7)
    np.testing.assert_array_equal(F.pad(x, (1, 2, 3, 0), value=7.0).numpy(), expected)
    np.testing.assert_array_equal(F.pad(x, (-1, -2, 0, -4)).numpy(), x.numpy()[:, :0, 1:3])
    np.testing.assert_array_equal(F.pad(x, (-2, 1)).numpy(), np.pad(x.numpy()[..., 2:], [(0, 0), (0, 0), (0, 1)]))
    assert_adjoint(lambda t: F.pad(t, (-2, 1, 3, -1)), x)
    assert F.pad(mg.arange(3), (1, 1), value=9).tolist() == [9, 0, 1, 2, 9]
    assert F.pad(mg.arange(3).reshape(1, 3), (2, 2), mode="reflect").tolist() == [[2, 1, 0, 1, 2, 1, 0]]


def test_linear_interpolation_keeps_straight_lines() -> None:
    """Between the outermost centres the samples of a + b t are interpolated exactly, whatever the scale."""
    for n, m, align in ((5, 9, True), (5, 9, False), (7, 3, False), (4, 1, False)):
        line = 2.0 + 3.0 * np.arange(n)
        y = F.interpolate(mg.tensor(line.reshape(1, 1, n)), size=m, mode="linear", align_corners=align).numpy()[0, 0]
        o = np.arange(m)
        at = o * (n - 1) / max(m - 1, 1) if align else (o + 0.5) * n / m - 0.5
        np.testing.assert_allclose(y, 2 + 3 * np.clip(at, 0, n - 1), rtol=1e-14)


def test_cubic_interpolation_keeps_straight_lines_inside() -> None:
    x = np.arange(12.0)
    image = np.stack([x] * 12)[None, None]
    y = F.interpolate(mg.tensor(image), size=(12, 30), mode="bicubic").numpy()[0, 0, 3]
    at = (np.arange(30) + 0.5) * 12 / 30 - 0.5
    inside = (at >= 1) & (at <= 10)
    # Keys's kernel reproduces lines only for slope -1/2; at -3/4 it is exact at the samples and midway.
    middle = np.isclose(at % 0.5, 0)
    np.testing.assert_allclose(y[inside & middle], at[inside & middle], rtol=1e-13)
    assert abs(y[inside] - at[inside]).max() < 0.1


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "area"])
@pytest.mark.parametrize("size", [(5, 4), (9, 13), (1, 20), (3, 2)])
def test_constants_stay_and_gradients_are_adjoints(mode: str, size: tuple[int, int]) -> None:
    y = F.interpolate(mg.full((1, 2, 5, 6), 2.5, dtype=mg.float64), size=size, mode=mode)
    np.testing.assert_allclose(y.numpy(), 2.5, rtol=1e-14)
    assert_adjoint(lambda t: F.interpolate(t, size=size, mode=mode), normal(2, 3, 5, 6))


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_antialiasing(mode: str) -> None:
    y = F.interpolate(mg.ones(1, 1, 17, 9, dtype=mg.float64), size=(5, 4), mode=mode, antialias=True)
    np.testing.assert_allclose(y.numpy(), 1, rtol=1e-14)
    assert_adjoint(lambda t: F.interpolate(t, size=(3, 4), mode=mode, antialias=True), normal(1, 2, 13, 9))
    # A pattern finer than the output's pixels becomes grey.
    board = mg.tensor((np.indices((32, 32)).sum(0) % 2).astype(float)[None, None])
    assert abs(F.interpolate(board, size=(4, 4), mode=mode, antialias=True).numpy() - 0.5).max() < 0.05


def test_nearest_repeats() -> None:
    x = normal(1, 2, 3, 4)
    expected = x.numpy().repeat(2, 2).repeat(3, 3)
    np.testing.assert_array_equal(F.interpolate(x, scale_factor=(2, 3)).numpy(), expected)
    volume = normal(1, 1, 2, 2, 2)
    np.testing.assert_array_equal(
        F.interpolate(volume, scale_factor=2).numpy()[0, 0, ::2, ::2, ::2], volume.numpy()[0, 0]
    )
    assert F.interpolate(volume, size=3, mode="trilinear").shape == (1, 1, 3, 3, 3)


def test_shuffles_undo_each_other() -> None:
    x = normal(2, 12, 3, 4)
    y = F.pixel_shuffle(x, 2)
    assert y.shape == (2, 3, 6, 8)
    assert y[1, 2, 3, 5].item() == x[1, 2 * 4 + 1 * 2 + 1, 1, 2].item()
    assert (F.pixel_unshuffle(y, 2) == x).all().item()
    assert_adjoint(lambda t: F.pixel_shuffle(t, 2), x)
    assert F.channel_shuffle(mg.arange(6.0).reshape(1, 6, 1), 2).tolist() == [
        [[0.0], [3.0], [1.0], [4.0], [2.0], [5.0]]
    ]


def test_columns() -> None:
    x = normal(2, 3, 6, 7)
    columns = F.unfold(x, (2, 3), dilation=(2, 1), padding=(1, 0), stride=(1, 2))
    padded = np.pad(x.numpy(), [(0, 0), (0, 0), (1, 1), (0, 0)])
    assert columns.shape == (2, 18, 6 * 3)
    for place in range(18):
        i, j = place // 3, place % 3 * 2
        block = padded[:, :, i : i + 3 : 2, j : j + 3].reshape(2, -1)
        np.testing.assert_array_equal(columns.numpy()[:, :, place], block)
    assert_adjoint(lambda t: F.unfold(t, (2, 3), padding=1), x)
    blocks = normal(2, 12, 12)
    assert_adjoint(lambda t: F.fold(t, (4, 5), 2), blocks)
    left = (F.unfold(normal(2, 3, 4, 5).detach(), 2) * blocks.detach()).shape
    assert left == (2, 12, 12)


def test_folding_counts_the_overlaps() -> None:
    ones = mg.ones(1, 1, 5, 5)
    counts = F.fold(F.unfold(ones, 3), (5, 5), 3).numpy()[0, 0]
    axis = np.array([1, 2, 3, 2, 1])
    np.testing.assert_array_equal(counts, np.outer(axis, axis))
    wide = mg.ones(1, 2, 20, 40)
    assert F.fold(F.unfold(wide, 1), (20, 40), 1).numpy().min() == 1


def test_layers() -> None:
    x = normal(1, 4, 6, 6)
    assert (mg.nn.ReflectionPad2d(2)(x) == F.pad(x, (2, 2, 2, 2), "reflect")).all().item()
    assert (mg.nn.ConstantPad1d((1, 0), 3.0)(x) == F.pad(x, (1, 0), value=3.0)).all().item()
    assert (mg.nn.Upsample(size=(3, 4), mode="bilinear")(x) == F.interpolate(x, (3, 4), mode="bilinear")).all().item()
    assert (mg.nn.PixelShuffle(2)(x) == F.pixel_shuffle(x, 2)).all().item()
    assert (mg.nn.Fold((6, 6), 2)(mg.nn.Unfold(2)(x)) == F.fold(F.unfold(x, 2), (6, 6), 2)).all().item()
    assert repr(mg.nn.ZeroPad2d(1)) == "ZeroPad2d((1, 1, 1, 1))"
    assert repr(mg.nn.Upsample(scale_factor=2)) == "Upsample(scale_factor=2.0, mode='nearest')"
    with pytest.raises(ValueError, match="padding must be an int or 4 of them"):
        mg.nn.ZeroPad2d((1, 2, 3))


BAD: list[tuple[Callable[[], Any], Any, str]] = [
    (lambda: F.pad(mg.ones(3), (1,)), RuntimeError, "divisible by 2"),
    (lambda: F.pad(mg.ones(3), (1, 1, 1, 1)), RuntimeError, "at most twice the number of dimensions"),
    (lambda: F.pad(mg.ones(3), (-2, -2)), RuntimeError, "negative size"),
    (lambda: F.pad(mg.ones(1, 3), (3, 0), mode="reflect"), RuntimeError, "less than the corresponding input dimension"),
    (lambda: F.pad(mg.ones(1, 3), (4, 0), mode="circular"), RuntimeError, "wrapping around more than once"),
    (lambda: F.pad(mg.ones(3), (1, 1), mode="reflect"), RuntimeError, "non-constant padding"),
    (lambda: F.pad(mg.ones(1, 3), (1, 1), mode="some"), RuntimeError, "Unrecognised padding mode"),
    (lambda: F.pad(mg.ones(1, 3), (1, 1), mode="reflect", value=1.0), ValueError, "doesn't take in value"),
    (lambda: F.interpolate(mg.ones(1, 1, 4)), ValueError, "only one of size or scale_factor"),
    (lambda: F.interpolate(mg.ones(1, 1, 4), 2, 2.0), ValueError, "only one of size or scale_factor"),
    (lambda: F.interpolate(mg.ones(1, 1, 4), (2, 2)), ValueError, "same number of spatial dimensions"),
    (lambda: F.interpolate(mg.ones(1, 1, 4), 2, align_corners=True), ValueError, "align_corners option can only"),
    (lambda: F.interpolate(mg.ones(1, 1, 4), 2, mode="linear", antialias=True), ValueError, "Anti-alias option"),
    (lambda: F.interpolate(mg.ones(1, 4), 2), RuntimeError, "Only 3D, 4D and 5D"),
    (lambda: F.interpolate(mg.ones(1, 1, 4), 2, mode="bilinear"), RuntimeError, "got mode 'bilinear'"),
    (lambda: F.interpolate(mg.ones(1, 1, 4), 0), RuntimeError, "greater than 0"),
    (lambda: F.pixel_shuffle(mg.ones(3, 1, 1), 2), RuntimeError, "divisible by the square"),
    (lambda: F.pixel_shuffle(mg.ones(1, 1), 2), RuntimeError, "at least 3 dimensions"),
    (lambda: F.pixel_shuffle(mg.ones(4, 1, 1), 0), RuntimeError, "positive upscale_factor"),
    (lambda: F.pixel_unshuffle(mg.ones(1, 3, 2), 2), RuntimeError, "divisible by downscale_factor"),
    (lambda: F.channel_shuffle(mg.ones(1, 3, 2), 2), RuntimeError, "divisible by groups"),
    (lambda: F.unfold(mg.ones(1, 1, 2, 2), 3), RuntimeError, "must be at least one"),
    (lambda: F.unfold(mg.ones(2, 2), 1), RuntimeError, "Expected 3D or 4D"),
    (lambda: F.fold(mg.ones(1, 5, 4), 3, 2), RuntimeError, "divisible by the product of kernel_size"),
    (lambda: F.fold(mg.ones(1, 4, 5), 3, 2), RuntimeError, "number of sliding blocks 2 \\* 2 = 4"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_misuse(call: Callable[[], Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_the_core_refuses_places_outside() -> None:
    x, y, weights = np.ones(4), np.full(4, 7.0), np.ones(2)
    for bad in (-1, 4):
        places = np.array([0, bad], np.int64)
        tables = pointer(places), pointer(weights)
        assert lib.mg_resample_forward_f64(1, 4, 2, 1, 1, *tables, pointer(x), pointer(y, True)) == lib.MG_ERR_ARGUMENT
        assert lib.mg_resample_backward_f64(1, 4, 2, 1, 1, *tables, pointer(x), pointer(y, True)) == lib.MG_ERR_ARGUMENT
    assert (y == 7).all()
