"""Convolution, pooling and resampling layers against PyTorch's, whole and over many options.

PyTorch's own samples of the functions run in test_opdb_crosscheck.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(2)


def assert_same(ours: Any, theirs: Any, x: np.ndarray) -> None:
    """Copy the state over; outputs, parameters' and inputs' gradients agree to 1e-10 of their size."""
    theirs.double()
    ours.double()
    with torch.no_grad():
        for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            assert mine.shape == tuple(other.shape), name
            other.copy_(torch.from_numpy(mine.detach().numpy().copy()))
    mine, other = mg.tensor(x).requires_grad_(), torch.tensor(x, requires_grad=True)
    y, expected = ours(mine), theirs(other)
    assert tuple(y.shape) == tuple(expected.shape)
    weight = RNG.standard_normal(y.shape)
    y.backward(mg.tensor(weight))
    expected.backward(torch.from_numpy(weight))
    pairs = [(y.detach(), expected.detach()), (mine.grad, other.grad)]
    pairs += [(a.grad, b.grad) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True)]
    for a, b in pairs:
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10, atol=1e-10 * (1 + abs(b.numpy()).max()))
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_convolutions(n: int, mode: str) -> None:
    for stride, padding, dilation, groups in (
        (1, 0, 1, 1),
        (1, "same", 2, 2),
        (2, 1, 1, 2),
        (2, 1, 2, 1),
        (1, 1, 1, 2),
    ):
        args = (4, 6, 3, stride, padding, dilation, groups, groups == 1, mode)
        x = RNG.standard_normal((2, 4, 7, 6, 8)[: n + 2])
        assert_same(getattr(mg.nn, f"Conv{n}d")(*args), getattr(torch.nn, f"Conv{n}d")(*args), x)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_transposed_convolutions(n: int) -> None:
    for stride, padding, extra, groups, dilation in (
        (1, 0, 0, 1, 1),
        (3, 1, 1, 2, 1),
        (3, 0, 2, 1, 2),
        (1, 1, 1, 2, 2),
    ):
        args = (4, 6, 3, stride, padding, extra, groups, True, dilation)
        x = RNG.standard_normal((2, 4, 4, 3, 5)[: n + 2])
        assert_same(getattr(mg.nn, f"ConvTranspose{n}d")(*args), getattr(torch.nn, f"ConvTranspose{n}d")(*args), x)


LAYERS = [
    ("MaxPool2d", (3, 2, 1), {"ceil_mode": True}),
    ("MaxPool1d", (3,), {"dilation": 2}),
    ("AvgPool1d", (3, 2, 1), {"ceil_mode": True, "count_include_pad": False}),
    ("AvgPool2d", (3, 2), {"divisor_override": 5}),
    ("AvgPool3d", ((2, 1, 2),), {}),
    ("LPPool2d", (2, 2), {}),
    ("AdaptiveAvgPool2d", ((3, None),), {}),
    ("AdaptiveMaxPool2d", (4,), {}),
    ("AdaptiveAvgPool1d", (3,), {}),
    ("Upsample", (), {"scale_factor": 1.7, "mode": "bilinear"}),
    ("Upsample", (), {"size": (5, 9), "mode": "bicubic", "align_corners": True}),
    ("UpsamplingNearest2d", (), {"scale_factor": 2}),
    ("UpsamplingBilinear2d", ((3, 11),), {}),
    ("PixelShuffle", (2,), {}),
    ("PixelUnshuffle", (3,), {}),
    ("ChannelShuffle", (2,), {}),
    ("Unfold", ((2, 3), 1, 1, 2), {}),
    ("ZeroPad2d", ((1, 2, 0, -1),), {}),
    ("ReflectionPad2d", (2,), {}),
    ("ReplicationPad3d", (2,), {}),
    ("CircularPad1d", ((1, 2),), {}),
    ("ConstantPad2d", (1, 3.5), {}),
]


@pytest.mark.parametrize(("name", "args", "options"), LAYERS)
def test_other_layers(name: str, args: Any, options: Any) -> None:
    n = 1 if name.endswith("1d") else 3 if name.endswith("3d") else 2
    x = abs(RNG.standard_normal((2, 4, 6, 9, 5)[: n + 2])) + 0.1
    assert_same(getattr(mg.nn, name)(*args, **options), getattr(torch.nn, name)(*args, **options), x)


def test_float32_is_as_near_as_pytorch() -> None:
    """Both against float64: minimal filtering stays within 8 times PyTorch's own largest error."""
    x = RNG.standard_normal((8, 64, 16, 16)).astype(np.float32)
    w = RNG.standard_normal((64, 64, 3, 3)).astype(np.float32)
    exact = torch.nn.functional.conv2d(torch.from_numpy(x).double(), torch.from_numpy(w).double(), padding=1).numpy()
    theirs = torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(w), padding=1).numpy()
    ours = mg.nn.functional.conv2d(mg.tensor(x), mg.tensor(w), padding=1).numpy()
    assert abs(ours - exact).max() <= 8 * abs(theirs - exact).max()
