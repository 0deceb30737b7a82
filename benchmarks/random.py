"""Random numbers against NumPy's Generator(PCG64): ``python -m benchmarks.random``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.harness import Case, main
from minigrad.random import Generator

RIVAL = "numpy PCG64"


def fills(n: int, dtype: Any, ours: Generator, theirs: np.random.Generator) -> Iterator[Case]:
    """Uniform and normal numbers into an array that both sides are handed."""
    name = f"{np.dtype(dtype).name} {n:.0e}"
    a, b = np.ones(n, dtype), np.ones(n, dtype)

    def uniform() -> object:
        return ours.random(dtype=dtype, out=a)

    def normal() -> object:
        return ours.normal(dtype=dtype, out=a)

    yield Case(f"uniform {name}", uniform, {RIVAL: lambda: theirs.random(dtype=dtype, out=b)}, n / 1e6, "Mvalue/s")
    rivals = {RIVAL: lambda: theirs.standard_normal(dtype=dtype, out=b)}
    yield Case(f"normal {name}", normal, rivals, n / 1e6, "Mvalue/s")


def cases(quick: bool) -> Iterator[Case]:
    """Bulk draws of both element types, integers, permutations, and single numbers."""
    ours, theirs = Generator(1), np.random.Generator(np.random.PCG64(1))
    for n in (10**6,) if quick else (10**4, 10**6, 10**7):
        for dtype in (np.float32, np.float64):
            yield from fills(n, dtype, ours, theirs)
    n = 10**6
    out = np.ones(n)
    calls = {
        "uniform(-1, 3) float64": (lambda: ours.uniform(-1, 3, out=out), lambda: theirs.uniform(-1, 3, n)),
        "integers(1000)": (lambda: ours.integers(1000, size=n), lambda: theirs.integers(1000, size=n)),
        "permutation": (lambda: ours.permutation(n), lambda: theirs.permutation(n)),
    }
    for name, (mine, rival) in calls.items():
        yield Case(f"{name} {n:.0e}", mine, {RIVAL: rival}, n / 1e6, "Mvalue/s")
    yield Case("one normal", ours.normal, {RIVAL: theirs.normal}, threads=(1,))
    yield Case("one uniform", ours.random, {RIVAL: theirs.random}, threads=(1,))


if __name__ == "__main__":
    main("random", cases)
