"""The way from Python to C and back: ``python -m benchmarks.core``.

A call with four pointers that does nothing in C (a fused product of no rows), once with
pointers made beforehand and once from arrays. Beside it, NumPy's own way: a ufunc call on
arrays of one element.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.harness import Case, main
from minigrad._native import lib, pointer


def cases(quick: bool) -> Iterator[Case]:
    """Yield the call with cached and with fresh pointers."""
    arrays = [np.ones(1, np.float32) for _ in range(4)]
    a, b, c, bias = arrays
    pa, pb, pc, pbias = (pointer(x) for x in arrays)
    call = lib.mg_gemm_bias_f32

    def cached() -> object:
        return call(0, 0, 0, 1, 1, pa, 1, pb, 1, 0.0, pc, 1, pbias, 0)

    def fresh() -> object:
        return call(0, 0, 0, 1, 1, pointer(a), 1, pointer(b), 1, 0.0, pointer(c, True), 1, pointer(bias), 0)

    rival = {"numpy.add": lambda: np.add(a, b, out=c)}
    yield Case("four pointers, cached", cached, rival, threads=(1,))
    yield Case("four pointers, fresh", fresh, rival, threads=(1,))


if __name__ == "__main__":
    main("core", cases)
