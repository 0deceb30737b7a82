"""What the framework's tests share: gradients against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg


def _difference(value: Callable[..., float], arrays: list[np.ndarray], position: int, h: float) -> np.ndarray:
    out = np.empty_like(arrays[position])
    for index in np.ndindex(out.shape):
        ends = []
        for step in (h, -h):
            moved = [a.copy() for a in arrays]
            moved[position][index] += step
            ends.append(value(*moved))
        out[index] = (ends[0] - ends[1]) / (2 * h)
    return out


@pytest.fixture
def gradients_agree() -> Callable[..., None]:
    """Return a check of every input's gradient of ``function(*tensors)`` against central differences.

    With h = 1e-5 the difference of a smooth f errs by h^2 |f'''| / 6 + eps |f| / h, about 1e-10
    times the size of f, which `scale` stands for.
    """

    def check(function: Callable[..., Any], *arrays: Any, scale: float = 1.0) -> None:
        values = [np.array(a, np.float64) for a in arrays]

        def weighted(*inputs: Any) -> Any:
            out = function(*inputs)
            parts = [t for t in (out if isinstance(out, tuple) else (out,)) if t.dtype == mg.float64]
            totals = [
                (t * mg.from_numpy(np.cos(np.arange(t.numel(), dtype=np.float64)).reshape(t.shape))).sum()
                for t in parts
            ]
            return sum(totals[1:], totals[0])

        tensors = [mg.tensor(v, requires_grad=True) for v in values]
        got = mg.grad(weighted(*tensors), tensors, allow_unused=True, materialize_grads=True)
        for position, gradient in enumerate(got):
            expected = _difference(
                lambda *moved: weighted(*[mg.tensor(m) for m in moved]).item(), values, position, 1e-5
            )
            np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-6, atol=1e-7 * scale)

    return check
