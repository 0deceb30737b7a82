"""How tensors print."""

from __future__ import annotations

import math

import pytest

import minigrad as mg

pytestmark = pytest.mark.native


def test_one_format_serves_all_elements() -> None:
    assert repr(mg.tensor([1.0, 20.0])) == "tensor([ 1., 20.])"
    assert repr(mg.tensor([0.5, 20.0])) == "tensor([ 0.5000, 20.0000])"
    assert repr(mg.tensor([1e-5, 1.0])) == "tensor([1.0000e-05, 1.0000e+00])"
    assert repr(mg.tensor([1.0, math.inf, math.nan])) == "tensor([1., inf, nan])"
    assert repr(mg.tensor([[True], [False]])) == "tensor([[ True],\n        [False]])"
    assert repr(mg.tensor(-3)) == "tensor(-3)"


def test_notes() -> None:
    assert repr(mg.empty(0, 3)) == "tensor([], size=(0, 3))"
    assert repr(mg.zeros(1, dtype=mg.float64)) == "tensor([0.], dtype=minigrad.float64)"
    x = mg.ones(1, requires_grad=True)
    assert repr(x) == "tensor([1.], requires_grad=True)"
    assert repr(x + x) == "tensor([2.], grad_fn=<AddBackward0>)"


def test_many_elements_are_summarised() -> None:
    assert repr(mg.arange(2000)) == "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"
    text = repr(mg.zeros(100, 100))
    assert text.count("...") == 7
    assert len(text.splitlines()) == 7


def test_options() -> None:
    x = mg.tensor([1.23456, 2.0])
    try:
        mg.set_printoptions(precision=2)
        assert repr(x) == "tensor([1.23, 2.00])"
        mg.set_printoptions(profile="short", sci_mode=True)
        assert repr(x) == "tensor([1.23e+00, 2.00e+00])"
        mg.set_printoptions(profile="full")
        assert "..." not in repr(mg.arange(2000))
        with pytest.raises(ValueError, match="profile"):
            mg.set_printoptions(profile="tall")
    finally:
        mg.set_printoptions(profile="default")
    assert repr(x) == "tensor([1.2346, 2.0000])"
