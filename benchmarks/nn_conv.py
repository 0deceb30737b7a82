"""Convolution nets against PyTorch: ``python -m benchmarks.nn_conv``.

Two nets, a training step (forward, cross-entropy, backward, Adam) and the forward direction alone:

- small: 28 x 28 images, batch 64: conv 1-16 3x3, ReLU, max pool, conv 16-32 3x3, ReLU, max pool, linear 1568-10;
- VGG: CIFAR's shape, batch 128: six conv 3x3 with batch norm and ReLU, 32-32-M-64-64-M-128-128-M, linear 2048-10.

PyTorch runs eagerly, with its fused Adam, in its default memory format and with channels last.
The single layers are those of the VGG and the small net.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

import minigrad as mg
from benchmarks.harness import Case, main

FORMATS = {"torch": torch.contiguous_format, "torch channels last": torch.channels_last}
LAYERS = (
    # batch, input channels, output channels, side
    (64, 1, 16, 28),
    (64, 16, 32, 14),
    (128, 3, 32, 32),
    (128, 32, 32, 32),
    (128, 64, 64, 16),
    (128, 128, 128, 8),
)


def small(lib: Any) -> Any:
    """Return the small net."""
    nn = lib.nn
    first = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(32 * 7 * 7, 10))


def vgg(lib: Any) -> Any:
    """Return the VGG of six convolutions with batch norm."""
    nn, layers, channels = lib.nn, [], 3
    for width in (32, 32, 0, 64, 64, 0, 128, 128, 0):
        if width:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 4 * 4, 10))


def step_of(lib: Any, net: Any, x: Any, y: Any, **options: Any) -> Callable[[], None]:
    """Return one training step."""
    optimizer = (mg.optim if lib is mg else torch.optim).Adam(net.parameters(), lr=1e-3, **options)
    loss_of = lib.nn.functional.cross_entropy

    def step() -> None:
        optimizer.zero_grad()
        loss_of(net(x), y).backward()
        optimizer.step()

    return step


def forward_of(lib: Any, net: Any, x: Any) -> Callable[[], None]:
    """Return the forward direction without recording."""

    def forward() -> None:
        with lib.no_grad():
            net(x)

    return forward


def nets(quick: bool) -> Iterator[Case]:
    """Yield both nets, training and forward."""
    rng = np.random.default_rng(0)
    for name, make, shape, work in (
        ("small net", small, (64, 1, 28, 28), 6 * 64 * (112896 + 903168 + 15680) - 2 * 64 * 112896),
        ("VGG", vgg, (128, 3, 32, 32), 6 * 128 * 38_657_024 - 2 * 128 * 884_736),
    ):
        x = rng.standard_normal(shape).astype(np.float32)
        y = rng.integers(0, 10, shape[0])
        ours = make(mg)
        steps, forwards = {}, {}
        for rival, memory_format in FORMATS.items():
            net = make(torch).to(memory_format=memory_format)
            image = torch.from_numpy(x).contiguous(memory_format=memory_format)
            steps[rival] = step_of(torch, net, image, torch.from_numpy(y), fused=True)
            forwards[rival] = forward_of(torch, net, image)
        yield Case(f"{name} step", step_of(mg, ours, mg.tensor(x), mg.tensor(y)), steps, work / 1e9, "GFLOP/s")
        yield Case(f"{name} forward", forward_of(mg, ours, mg.tensor(x)), forwards, work / 3e9, "GFLOP/s")


def layers(quick: bool) -> Iterator[Case]:
    """Yield single convolutions, forward and with all gradients."""
    rng = np.random.default_rng(1)
    for batch, channels, outputs, side in LAYERS[::3] if quick else LAYERS:
        arrays = [
            rng.standard_normal(shape).astype(np.float32)
            for shape in ((batch, channels, side, side), (outputs, channels, 3, 3), (outputs,))
        ]
        weight = rng.standard_normal((batch, outputs, side, side)).astype(np.float32)

        def both(lib: Any, leaves: list[Any], weight: Any) -> Callable[[], None]:
            def run() -> None:
                y = lib.nn.functional.conv2d(*leaves, padding=1)
                lib.autograd.grad(y, leaves, weight)

            return run

        ours = [mg.tensor(a).requires_grad_() for a in arrays]
        rivals = {}
        for rival, memory_format in FORMATS.items():
            leaves = [torch.from_numpy(a) for a in arrays]
            leaves = [
                (t.contiguous(memory_format=memory_format) if t.ndim == 4 else t).requires_grad_() for t in leaves
            ]
            rivals[rival] = both(torch, leaves, torch.from_numpy(weight).contiguous(memory_format=memory_format))
        work = 6e-9 * weight.size * channels * 9
        name = f"conv {channels}-{outputs} at {side}, batch {batch}, with gradients"
        yield Case(name, both(mg, ours, mg.tensor(weight)), rivals, work, "GFLOP/s")


def cases(quick: bool) -> Iterator[Case]:
    """Yield every case."""
    yield from nets(quick)
    yield from layers(quick)


if __name__ == "__main__":
    main("nn_conv", cases)
