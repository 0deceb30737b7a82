"""Softmax, losses and normalisations against PyTorch: ``python -m benchmarks.nn_norms``.

Each case is what a training step does: forward, then backward from a gradient of the output
(from the loss itself where there is one), into gradients that are dropped afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

import minigrad as mg
from benchmarks.harness import Case, main


def values(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape, np.float32)


def step(leaves: list[Any], forward: Callable[[], Any], gradient: Any = None) -> Callable[[], None]:
    """Return a call that goes forward and back and drops the gradients."""

    def run() -> None:
        for leaf in leaves:
            leaf.grad = None
        forward().backward(gradient)

    return run


def both(shape: tuple[int, ...], extra: list[tuple[int, ...]], call: Callable[..., Any], scalar: bool = False) -> Any:
    """Return the step of ours and PyTorch's: ``call(functional, x, *extra)`` of a random x and vectors of ones."""
    x = values(*shape)
    gradient = values(*shape)[::-1].copy()
    calls = []
    for make, functional in ((mg.from_numpy, mg.nn.functional), (torch.from_numpy, torch.nn.functional)):
        leaves = [make(x.copy()).requires_grad_()] + [make(np.ones(s, np.float32)).requires_grad_() for s in extra]
        seed = None if scalar else make(gradient.copy())
        calls.append(step(leaves, lambda f=functional, t=leaves: call(f, *t), seed))
    return calls


def entropy(rows: int, classes: int) -> Any:
    """Return the step of the cross entropy of random classes on both sides."""
    index = np.random.default_rng(0).integers(0, classes, rows)
    targets = {mg.nn.functional: mg.from_numpy(index), torch.nn.functional: torch.from_numpy(index)}
    return both((rows, classes), [], lambda f, x: f.cross_entropy(x, targets[f]), True)


def cases(quick: bool) -> Iterator[Case]:
    """Yield the shapes of a language model, a convolutional net and a small classifier."""
    for rows, classes in ((2048, 10000), (64, 10), (256, 10)):
        ours, theirs = entropy(rows, classes)
        yield Case(f"cross entropy {rows}x{classes} f+b", ours, {"torch": theirs})
    for rows, n in ((2048, 512), (768, 128)):
        ours, theirs = both((rows, n), [(n,), (n,)], lambda f, x, w, b: f.layer_norm(x, (x.shape[1],), w, b))
        yield Case(f"layer norm {rows}x{n} f+b", ours, {"torch": theirs})
    ours, theirs = both((2048, 512), [(512,)], lambda f, x, w: f.rms_norm(x, (512,), w))
    yield Case("rms norm 2048x512 f+b", ours, {"torch": theirs})
    ours, theirs = both((2048, 512), [], lambda f, x: f.softmax(x, 1))
    yield Case("softmax 2048x512 f+b", ours, {"torch": theirs})
    shapes = [(128, 32, 32, 32), (128, 64, 16, 16), (128, 128, 8, 8), (256, 128)]
    for shape in shapes[2:] if quick else shapes:
        channels = [(shape[1],)] * 2
        ours, theirs = both(shape, channels, lambda f, x, w, b: f.batch_norm(x, None, None, w, b, True))
        yield Case(f"batch norm {'x'.join(map(str, shape))} f+b", ours, {"torch": theirs})
    ours, theirs = both((128, 64, 16, 16), [(64,)] * 2, lambda f, x, w, b: f.group_norm(x, 8, w, b))
    yield Case("group norm 128x64x16x16 f+b", ours, {"torch": theirs})
    ours, theirs = both((1 << 20,), [(1 << 20,)], lambda f, x, t: f.mse_loss(x, t), True)
    yield Case("mse loss 1M f+b", ours, {"torch": theirs})


if __name__ == "__main__":
    main("nn_norms", cases)
