"""Copies, conversions, Python's numbers, arrays, pickles and writes in place."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import minigrad as mg

pytestmark = pytest.mark.native

KINDS = [mg.float32, mg.float64, mg.int64, mg.int32, mg.uint8, mg.bool]


@pytest.mark.parametrize("kind", KINDS)
def test_conversions(kind: Any) -> None:
    x = mg.tensor([0.0, 1.7, 3.2])
    y = x.to(kind)
    assert y.dtype is kind
    np.testing.assert_array_equal(y.numpy(), x.numpy().astype(kind.numpy))
    assert y.to(kind) is y
    assert y.to(kind, copy=True) is not y
    assert mg.zeros(3).type_as(y).dtype is kind
    assert x.type(kind).dtype is kind


def test_short_names_of_conversions() -> None:
    x = mg.tensor([1])
    made = [x.float(), x.double(), x.long(), x.int(), x.byte(), x.bool()]
    assert [t.dtype for t in made] == KINDS
    assert x.to("cpu") is x.cpu() is x.to(mg.device("cpu")) is x
    assert x.to(mg.ones(1)).dtype is mg.float32
    assert x.type() == "minigrad.LongTensor"
    for call in (lambda: x.to("cuda"), lambda: x.cuda()):
        with pytest.raises(RuntimeError, match="cpu"):
            call()


def test_gradients_come_back_in_the_type_of_the_input() -> None:
    x = mg.ones(2, requires_grad=True)
    (x.double() * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.dtype is mg.float32
    assert not x.long().requires_grad


def test_clone_and_contiguous() -> None:
    x = mg.arange(6.0).reshape(2, 3).t().requires_grad_()
    y = x.clone()
    assert y.data_ptr() != x.data_ptr() if hasattr(x, "data_ptr") else True
    assert x.contiguous().is_contiguous()
    assert y.contiguous().tolist() == x.tolist()
    (x.contiguous() * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[2.0, 2.0]] * 3


def test_numbers() -> None:
    x = mg.tensor(2.75)
    assert (x.item(), float(x), int(x), bool(x), f"{x:.1f}") == (2.75, 2.75, 2, True, "2.8")
    assert math.sqrt(mg.tensor(4.0)) == 2.0
    assert [10, 20, 30][mg.tensor(1)] == 20
    assert mg.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    for call, error in (
        (lambda: mg.ones(2).item(), RuntimeError),
        (lambda: bool(mg.ones(2)), RuntimeError),
        (lambda: bool(mg.ones(0)), RuntimeError),
        (lambda: [1][mg.tensor(0.0)], TypeError),
        (lambda: len(mg.tensor(1)), TypeError),
        (lambda: iter(mg.tensor(1)), TypeError),
        (lambda: "a" in mg.ones(2), RuntimeError),
    ):
        with pytest.raises(error):
            call()


def test_a_tensor_is_a_sequence_of_its_rows() -> None:
    x = mg.arange(6.0).reshape(3, 2)
    assert len(x) == 3
    assert [row.tolist() for row in x] == x.tolist()
    a, b = mg.tensor([1.0, 2.0], requires_grad=True)
    assert a.requires_grad
    assert b.item() == 2.0
    assert 2.0 in x
    assert mg.tensor(9.0) not in x


def test_arrays_share_memory() -> None:
    x = mg.zeros(3)
    x.numpy()[1] = 5
    assert x.tolist() == [0.0, 5.0, 0.0]
    assert np.asarray(x).dtype == np.float32
    assert np.array(x, np.float64).tolist() == [0.0, 5.0, 0.0]
    assert np.add(np.ones(3), np.asarray(x)).tolist() == [1.0, 6.0, 1.0]
    y = mg.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="detach"):
        y.numpy()
    assert y.numpy(force=True).tolist() == [1.0, 1.0]


def test_deep_copies_and_pickles() -> None:
    x = mg.arange(6.0).reshape(2, 3)[:, 1:].clone().requires_grad_()
    (x * x).sum().backward()
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.tolist() == x.tolist()
        assert twin.requires_grad
        assert twin is not x
    pair = copy.deepcopy([x, x])
    assert pair[0] is pair[1]
    assert pair[0].grad is not None
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy(x * 2)
    with mg.no_grad():
        pair[0].add_(1)
    assert pair[0].tolist() != x.tolist()


def test_copy_in_place() -> None:
    x, v = mg.ones(2, 3, requires_grad=True), mg.tensor([1.0, 2.0, 3.0], dtype=mg.float64, requires_grad=True)
    y = x * 2
    assert y.copy_(v) is y
    (y * mg.tensor([[1.0], [10.0]])).sum().backward()
    assert x.grad is not None
    assert v.grad is not None
    assert not x.grad.any()
    assert v.grad.tolist() == [11.0, 11.0, 11.0]
    assert v.grad.dtype is mg.float64
    assert mg.zeros(2, dtype=mg.int64).copy_(mg.tensor([1.9, -1.9])).tolist() == [1, -1]
    with pytest.raises(RuntimeError, match=r"\(2,\).*\(3,\)"):
        mg.zeros(3).copy_(mg.zeros(2))


def test_fill_and_zero() -> None:
    value = mg.tensor(3.0, requires_grad=True)
    x = mg.zeros(2, 2)
    x.fill_(value)
    x.sum().backward()
    assert value.grad is not None
    assert value.grad.item() == 4.0
    assert mg.ones(2, dtype=mg.int64).fill_(2.7).tolist() == [2, 2]
    assert mg.ones(2).zero_().tolist() == [0.0, 0.0]
    with pytest.raises(RuntimeError, match="0-d"):
        mg.ones(2).fill_(mg.ones(2))
    view = mg.zeros(4)
    view[::2].fill_(1)
    assert view.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_detach_in_place() -> None:
    x = mg.ones(2, requires_grad=True)
    y = (x * 2).detach_()
    assert y.is_leaf
    assert not y.requires_grad
