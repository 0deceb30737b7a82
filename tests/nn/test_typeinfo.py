"""Element types: what two operands give, what may become what, their limits, names without tensors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg

pytestmark = pytest.mark.native

DTYPES = [mg.bool, mg.uint8, mg.int32, mg.int64, mg.float32, mg.float64]


def test_is_tensor():
    assert mg.is_tensor(mg.ones(1)) and mg.is_tensor(mg.nn.Parameter(mg.ones(1)))
    assert not mg.is_tensor(np.ones(1)) and not mg.is_tensor(1.0)


@pytest.mark.parametrize("first", DTYPES)
@pytest.mark.parametrize("second", DTYPES)
def test_result_type_is_what_an_addition_gives(first, second):
    for a, b in (
        (mg.ones(2, dtype=first), mg.ones(2, dtype=second)),
        (mg.ones(2, dtype=first), mg.ones((), dtype=second)),
    ):
        assert mg.result_type(a, b) is (a + b).dtype is mg.result_type(b, a)
    for number in (True, 2, 2.0):
        tensor = mg.ones(2, dtype=first)
        assert mg.result_type(tensor, number) is (tensor + number).dtype


def test_the_stronger_operand_decides_within_a_category():
    assert mg.result_type(mg.ones(1), mg.tensor(1.0, dtype=mg.float64)) is mg.float32
    assert mg.result_type(mg.ones((), dtype=mg.uint8), 300) is mg.uint8
    assert mg.result_type(mg.ones(1, dtype=mg.int64), 1.0) is mg.float32
    assert mg.result_type(1, 1.0) is mg.float32
    with pytest.raises(TypeError, match="result_type: operands must be Tensors or numbers; got str"):
        mg.result_type(mg.ones(1), "1")


def test_a_cast_never_loses_a_category():
    for i, source in enumerate(DTYPES):
        for j, target in enumerate(DTYPES):
            level = [0, 1, 1, 1, 2, 2]
            assert mg.can_cast(source, target) is (level[i] <= level[j])
    with pytest.raises(TypeError, match="can_cast: dtype must be"):
        mg.can_cast(mg.float32, "complex")


@pytest.mark.parametrize(("kind", "digits", "largest"), [(mg.float32, 24, 128), (mg.float64, 53, 1024)])
def test_finfo_follows_from_the_format(kind, digits, largest):
    info = mg.finfo(kind)
    assert info.eps == 2.0 ** (1 - digits)
    assert info.max == (2 - 2.0 ** (1 - digits)) * 2.0 ** (largest - 1) == -info.min
    assert info.tiny == info.smallest_normal == 2.0 ** (2 - largest)
    assert info.bits == 8 * kind.itemsize
    assert info.resolution == 10.0 ** -math.floor((digits - 1) * math.log10(2))
    assert f"dtype={kind.name}" in repr(info)


def test_finfo_and_iinfo_refuse_each_others_types():
    assert mg.finfo().dtype == "float32"
    assert (mg.iinfo(mg.int32).min, mg.iinfo(mg.int32).max) == (-(2**31), 2**31 - 1)
    assert repr(mg.iinfo(mg.uint8)) == "iinfo(min=0, max=255, dtype=uint8)"
    with pytest.raises(TypeError, match="finfo: type must be a floating-point dtype; got minigrad.int64"):
        mg.finfo(mg.int64)
    for kind in (mg.float32, mg.bool):
        with pytest.raises(TypeError, match=f"iinfo: type must be an integer dtype; got minigrad.{kind.name}"):
            mg.iinfo(kind)


@pytest.mark.parametrize("kind", [mg.bfloat16, mg.float16])
def test_names_that_no_tensor_has(kind):
    chosen = {"float32": mg.float32, "bfloat16": mg.bfloat16, "float16": mg.float16}[kind.name]
    assert chosen is kind and repr(kind) == f"minigrad.{kind.name}"
    assert mg.ones(1).dtype != kind
    for make in (lambda: mg.ones(2, dtype=kind), lambda: mg.tensor(1.0, dtype=kind), lambda: mg.ones(2).to(kind)):
        with pytest.raises(TypeError, match=f"tensors have no elements of minigrad.{kind.name}; use minigrad.float32"):
            make()
    with pytest.raises(TypeError, match="use minigrad.float32"):
        mg.nn.Linear(2, 2).to(kind)
    with pytest.raises(TypeError, match=f"promote_types: tensors have no elements of minigrad.{kind.name}"):
        mg.promote_types(mg.float32, kind)
