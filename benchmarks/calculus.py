"""calculus against PyTorch: ``python -m benchmarks.calculus``.

Steps of optimizers, gradients given; the rival is PyTorch's fused implementation where it has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

import minigrad as mg
from benchmarks.harness import Case, main

MLP = [(128, 784), (128,), (64, 128), (64,), (10, 64), (10,)]
TINY = [(4, 2), (4,), (4, 4), (4,), (1, 4), (1,)]
LARGE = 25_000_000


def step(lib: Any, name: str, shapes: list[tuple[int, ...]], fused: bool = True) -> Callable[[], object]:
    """Return one step of an optimizer."""
    params = [lib.nn.Parameter(lib.zeros(*shape)) for shape in shapes]
    for i, param in enumerate(params):
        values = np.random.default_rng(i).standard_normal(tuple(param.shape), dtype=np.float32)
        param.grad = lib.tensor(values)
    options = {"fused": True} if fused and lib is torch else {}
    return getattr(lib.optim, name)(params, lr=1e-3, **options).step  # type: ignore[no-any-return]


def cases(quick: bool) -> Iterator[Case]:
    """Yield every case."""
    sizes = {"one tensor of 25M": [(LARGE,)], "148 tensors, 25M": [(LARGE // 148 - 5 + i % 7,) for i in range(148)]}
    sizes |= {"MLP of 109,386": MLP, "37 in 6 tensors": TINY}
    for label, shapes in sizes.items():
        count = sum(int(np.prod(shape)) for shape in shapes)
        for name in ("Adam", "SGD"):
            yield Case(
                f"{name} step, {label}",
                step(mg, name, shapes),
                {"PyTorch fused": step(torch, name, shapes)},
                count / 1e6,
                "Mvalue/s",
            )
    if not quick:
        for name in ("RMSprop", "NAdam", "RAdam", "Adadelta"):
            yield Case(
                f"{name} step, MLP of 109,386",
                step(mg, name, MLP),
                {"PyTorch foreach": step(torch, name, MLP, fused=False)},
                0.109386,
                "Mvalue/s",
            )


if __name__ == "__main__":
    main("calculus", cases)
