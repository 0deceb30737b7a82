"""Attention, recurrence and tables against PyTorch: ``python -m benchmarks.nn_attention``.

Forward and backward together, float32; both sides get the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

import minigrad as mg
from benchmarks.harness import Case, fma_peak, main


def random(*shape: int, seed: int = 0) -> np.ndarray:
    """Return standard normal float32."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def attention(lib: Any, shape: tuple[int, ...], causal: bool) -> Callable[[], None]:
    """Return scaled dot-product attention there and back."""
    q, k, v = (lib.tensor(random(*shape, seed=i), requires_grad=True) for i in range(3))
    grad = lib.tensor(random(*shape, seed=3))

    def call() -> None:
        q.grad = k.grad = v.grad = None
        lib.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal).backward(grad)

    return call


def module(lib: Any, make: Callable[[Any], Any], x: np.ndarray) -> Callable[[], None]:
    """Return a module there and back."""
    layer, inputs = make(lib), lib.tensor(x)
    inputs.requires_grad_(x.dtype.kind == "f")

    def call() -> None:
        inputs.grad = None
        layer.zero_grad()
        out = layer(inputs)
        (out[0] if isinstance(out, tuple) else out).sum().backward()

    return call


def cases(quick: bool) -> Iterator[Case]:
    """Yield every case."""
    for batch, heads, steps, depth in (
        [(8, 8, 256, 64)] if quick else [(8, 8, 256, 64), (2, 8, 1024, 64), (12, 4, 64, 32)]
    ):
        shape = (batch, heads, steps, depth)
        for causal in (True, False):
            # Two products forward and five backward; a causal one sees half of the scores.
            work = 7 * 2 * batch * heads * steps * steps * depth * (0.5 if causal else 1.0) / 1e9
            yield Case(
                f"{'causal ' if causal else ''}attention B{batch} H{heads} T{steps} D{depth}",
                attention(mg, shape, causal),
                {"PyTorch": attention(torch, shape, causal)},
                work,
                "GFLOP/s",
                lambda threads: fma_peak("float32", threads),
            )
    tokens = np.random.default_rng(0).integers(0, 10_000, (8, 256))
    made: list[tuple[str, Callable[[Any], Any], np.ndarray]] = [
        ("LSTM 128 -> 128, 64 steps, batch 32", lambda lib: lib.nn.LSTM(128, 128), random(64, 32, 128)),
        ("GRU 128 -> 128, 64 steps, batch 32", lambda lib: lib.nn.GRU(128, 128), random(64, 32, 128)),
        ("embedding 10,000 x 512, 2048 tokens", lambda lib: lib.nn.Embedding(10_000, 512), tokens),
        (
            "encoder layer 256, 4 heads, 128 steps, batch 8",
            lambda lib: lib.nn.TransformerEncoderLayer(256, 4, 1024, 0.0, batch_first=True),
            random(8, 128, 256),
        ),
    ]
    for name, make, x in made:
        yield Case(name, module(mg, make, x), {"PyTorch": module(torch, make, x)})


if __name__ == "__main__":
    main("nn_attention", cases)
