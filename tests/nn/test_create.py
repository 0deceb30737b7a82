"""Tensors made from values, of one value, and in sequence."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg

pytestmark = pytest.mark.native


@pytest.mark.parametrize(
    ("data", "kind", "shape"),
    [
        (1, mg.int64, ()),
        (1.5, mg.float32, ()),
        (True, mg.bool, ()),
        ([True, 2], mg.int64, (2,)),
        ([1, 2.5], mg.float32, (2,)),
        ([], mg.float32, (0,)),
        ([[], []], mg.float32, (2, 0)),
        ([[1, 2], [3, 4]], mg.int64, (2, 2)),
        (np.ones(2), mg.float64, (2,)),
        (np.float32(1), mg.float32, ()),
        (np.float64(1), mg.float64, ()),
        ([np.float64(1), 2], mg.float64, (2,)),
        ([np.ones(2, np.float64)], mg.float64, (1, 2)),
        ([mg.tensor(1), mg.tensor(2)], mg.int64, (2,)),
        (range(3), mg.int64, (3,)),
        (mg.ones(2, dtype=mg.float64), mg.float64, (2,)),
    ],
)
def test_types_that_values_imply(data: Any, kind: Any, shape: tuple[int, ...]) -> None:
    made = mg.tensor(data)
    assert made.dtype is kind
    assert made.shape == shape
    assert mg.as_tensor(data).dtype is kind


def test_a_tensor_is_a_copy_and_as_tensor_is_not() -> None:
    array = np.zeros(3, np.float32)
    copy, shared = mg.tensor(array), mg.as_tensor(array)
    array[0] = 1
    assert copy.tolist() == [0.0, 0.0, 0.0]
    assert shared.tolist() == [1.0, 0.0, 0.0]
    assert mg.as_tensor(shared) is shared
    assert mg.asarray(array, copy=True).data_ptr() != shared.data_ptr() if hasattr(shared, "data_ptr") else True
    assert mg.from_dlpack(array).tolist() == array.tolist()
    assert np.from_dlpack(mg.ones(2)).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="alias"):
        mg.asarray([1, 2], copy=False)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: mg.tensor("text"), TypeError),
        (lambda: mg.tensor(["a"]), TypeError),
        (lambda: mg.tensor(None), TypeError),
        (lambda: mg.tensor([[1], [1, 2]]), ValueError),
        (lambda: mg.tensor(2**70), RuntimeError),
        (lambda: mg.tensor(np.ones(2, np.int16)), TypeError),
        (lambda: mg.tensor(1.0, device="cuda"), RuntimeError),
        (lambda: mg.tensor([1], requires_grad=True), RuntimeError),
        (lambda: mg.tensor(1.0, dtype="float7"), TypeError),
        (lambda: mg.from_numpy([1]), TypeError),
        (lambda: mg.from_numpy(np.arange(3)[::-1]), ValueError),
        (lambda: mg.from_numpy(np.ones(2, ">f4")), ValueError),
        (lambda: mg.zeros(-1), RuntimeError),
        (lambda: mg.zeros(1.5), TypeError),
        (lambda: mg.eye(-1), RuntimeError),
        (lambda: mg.full((2,), "a"), TypeError),
        (lambda: mg.full((2,), 256, dtype=mg.uint8), RuntimeError),
        (lambda: mg.full((2,), 2**31, dtype=mg.int32), RuntimeError),
        (lambda: mg.arange(0, 1, 0), RuntimeError),
        (lambda: mg.arange(0, 1, -1), RuntimeError),
        (lambda: mg.arange(0, math.inf), RuntimeError),
        (lambda: mg.linspace(0, 1, -1), RuntimeError),
        (lambda: mg.linspace(0, 1, 2.5), TypeError),
        (lambda: mg.zeros_like([1]), TypeError),
    ],
)
def test_misuse_is_refused(call: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        call()


def test_shapes_can_be_given_apart_or_together() -> None:
    for made in (mg.zeros(2, 3), mg.zeros((2, 3)), mg.ones([2, 3]), mg.empty(2, 3), mg.full((2, 3), 7.0)):
        assert made.shape == (2, 3)
        assert made.dtype is mg.float32
    assert mg.zeros(()).shape == mg.zeros(0).sum().shape == ()
    assert mg.full((2,), 7).dtype is mg.int64
    assert mg.full((2,), True).dtype is mg.bool
    assert mg.ones(2, dtype=mg.int32, requires_grad=False).tolist() == [1, 1]
    assert mg.zeros(2, requires_grad=True).requires_grad


def test_after_a_pattern() -> None:
    x = mg.ones(2, 3, dtype=mg.float64)
    for made, value in ((mg.zeros_like(x), 0), (mg.ones_like(x), 1), (mg.full_like(x, 5), 5)):
        assert made.shape == x.shape
        assert made.dtype is mg.float64
        assert (made == value).all()
    assert mg.zeros_like(x, dtype=mg.int64).dtype is mg.int64
    assert x.new_zeros(4).dtype is x.new_full((1,), 2).dtype is x.new_tensor([1]).dtype is mg.float64
    assert x.new_ones((2, 2)).shape == x.new_empty(2, 2).shape == (2, 2)
    assert mg.empty_like(x).shape == (2, 3)


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 7))
def test_arange_of_integers(start: int, end: int, step: int) -> None:
    if end < start:
        step = -step
    got = mg.arange(start, end, step)
    assert got.tolist() == list(range(start, end, step))
    assert got.dtype is mg.int64
    assert mg.arange(float(start), end, step, dtype=mg.float64).tolist() == [float(n) for n in range(start, end, step)]


def test_negative_bytes_wrap_around() -> None:
    assert mg.full((2,), -9, dtype=mg.uint8).tolist() == [247, 247]
    assert mg.full_like(mg.ones(1, dtype=mg.uint8), -255).tolist() == [1]


def test_arange_of_floats() -> None:
    assert mg.arange(3.0).dtype is mg.float32
    assert mg.arange(0, 1, 0.25).tolist() == [0.0, 0.25, 0.5, 0.75]
    assert mg.arange(1, 2.5).tolist() == [1.0, 2.0]
    assert mg.range(0, 1, 0.5).tolist() == [0.0, 0.5, 1.0]


@given(st.floats(-100, 100), st.floats(-100, 100), st.integers(0, 20))
def test_linspace_meets_both_ends(start: float, end: float, steps: int) -> None:
    got = mg.linspace(start, end, steps, dtype=mg.float64).numpy()
    assert len(got) == steps
    if steps:
        assert got[0] == start
    if steps > 1:
        assert got[-1] == end
    np.testing.assert_allclose(got, np.linspace(start, end, steps), rtol=1e-12, atol=1e-12)


def test_other_patterns() -> None:
    assert mg.eye(2, 3).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert mg.eye(3, 2).tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    assert mg.logspace(0, 2, 3).tolist() == [1.0, 10.0, 100.0]
    assert mg.scalar_tensor(2).dtype is mg.float32
    assert mg.empty_strided((2, 3), (1, 2)).stride() == (1, 2)


def test_the_default_type_can_be_set() -> None:
    mg.set_default_dtype(mg.float64)
    try:
        assert mg.zeros(1).dtype is mg.tensor(1.5).dtype is (mg.tensor([1]) / 2).dtype is mg.float64
    finally:
        mg.set_default_dtype(mg.float32)
    with pytest.raises(TypeError, match="float32 or float64"):
        mg.set_default_dtype(mg.int64)
