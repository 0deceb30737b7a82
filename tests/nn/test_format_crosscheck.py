"""Tensors print as PyTorch's do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch")

ARRAYS: dict[str, Callable[[Any], Any]] = {
    "scalar": lambda m: m.tensor(3.5),
    "whole scalar": lambda m: m.tensor(3.0),
    "int scalar": lambda m: m.tensor(-3),
    "bool scalar": lambda m: m.tensor(True),
    "whole": lambda m: m.tensor([1.0, -20.0, 300.0]),
    "digits": lambda m: m.tensor([1.5, -0.25, 100.125]),
    "scientific": lambda m: m.tensor([1e-5, 1.0]),
    "wide": lambda m: m.tensor([1.5, 20000.25]),
    "large whole": lambda m: m.tensor([1e9, 1.0]),
    "special": lambda m: m.tensor([1.0, float("inf"), float("nan"), float("-inf")]),
    "special digits": lambda m: m.tensor([0.5, float("inf"), float("nan")]),
    "only special": lambda m: m.tensor([float("inf"), float("nan"), 0.0]),
    "zeros": lambda m: m.zeros(3),
    "ints": lambda m: m.tensor([[1, -200], [3, 4]]),
    "bools": lambda m: m.tensor([[True, False], [False, False]]),
    "double": lambda m: m.tensor([[1.5, 2.5]], dtype=m.float64),
    "bytes": lambda m: m.tensor([1, 2, 255], dtype=m.uint8),
    "int32": lambda m: m.tensor([1, 2], dtype=m.int32),
    "empty": lambda m: m.empty(0),
    "empty matrix": lambda m: m.empty(0, 3),
    "empty ints": lambda m: m.empty((2, 0), dtype=m.int64),
    "3-d": lambda m: m.arange(24.0).reshape(2, 3, 4),
    "4-d": lambda m: m.arange(16).reshape(2, 2, 2, 2),
    "long line": lambda m: m.arange(60) * 1.5,
    "long ints": lambda m: m.arange(100),
    "summarised": lambda m: m.arange(2000.0),
    "summarised matrix": lambda m: m.arange(10000).reshape(100, 100),
    "summarised 3-d": lambda m: m.arange(8000.0).reshape(20, 20, 20) / 7,
    "narrow summarised": lambda m: m.arange(4000).reshape(1000, 4),
    "requires grad": lambda m: m.ones(2, requires_grad=True),
    "grad_fn": lambda m: m.ones(2, requires_grad=True) + 1,
    "broken note": lambda m: m.arange(10.0, requires_grad=True) * 1.5,
}


@pytest.mark.parametrize("name", ARRAYS)
def test_prints_as_pytorch_does(name: str) -> None:
    make = ARRAYS[name]
    ours, theirs = repr(make(mg)), repr(make(torch))
    # The package's own name is longer, so that a line may break elsewhere.
    assert ours.replace("minigrad.", "torch.").split() == theirs.split()
    if "dtype" not in theirs and "grad_fn" not in theirs:
        assert ours == theirs


def test_random_tensors_print_alike() -> None:
    rng = np.random.default_rng(0)
    for scale in (1e-6, 1e-2, 1.0, 1e3, 1e7):
        for shape in ((), (5,), (3, 4), (30, 40), (2, 3, 4)):
            values = rng.standard_normal(shape) * scale
            assert repr(mg.tensor(values, dtype=mg.float32)) == repr(torch.tensor(values, dtype=torch.float32))
