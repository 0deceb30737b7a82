"""NumPy's spellings of `dim` and `keepdim`, and operands that are no tensors."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn._spellings import with_operand_errors

pytestmark = pytest.mark.native


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var", "std", "prod", "argmax", "any", "all", "amax"])
@pytest.mark.parametrize("keep", [False, True])
def test_both_spellings_are_one(name, keep):
    x = mg.arange(12.0).reshape(3, 4)

    def plain(value):
        return value[0].tolist() if isinstance(value, tuple) else value.tolist()

    expected = plain(getattr(mg, name)(x, dim=1, keepdim=keep))
    assert plain(getattr(mg, name)(x, axis=1, keepdims=keep)) == expected
    assert plain(getattr(x, name)(1, keepdims=keep)) == expected


def test_what_is_unknown_stays_so():
    with pytest.raises(TypeError, match="unexpected keyword argument 'keep'"):
        mg.ones(2).sum(keep=True)
    assert mg.sum.__name__ == "sum"


@pytest.mark.parametrize("other", [[1.0, 2.0], 2.0, np.ones(2), None])
@pytest.mark.parametrize(
    ("name", "rest"),
    [
        *(("sum", ()), ("max", ()), ("reshape", ((2,),)), ("flatten", ()), ("tril", ()), ("sort", ()), ("neg", ())),
        *(("cumsum", (0,)), ("flip", (0,)), ("clone", ()), ("logical_not", ()), ("unique", ()), ("lerp", (1.0, 0.5))),
        *(("gather", (0, 1)), ("relu", ()), ("outer", (2.0,)), ("topk", (1,)), ("transpose", (0, 1))),
    ],
)
def test_what_should_have_been_a_tensor_is_named(name, rest, other):
    with pytest.raises(TypeError, match=rf"{name}: input must be a Tensor; got {type(other).__name__}"):
        getattr(mg, name)(other, *rest)


def test_another_argument_that_should_have_been_a_tensor_is_named():
    with pytest.raises(TypeError, match="gather: index must be a Tensor; got list"):
        mg.gather(mg.ones(2), 0, [0])
    with pytest.raises(TypeError, match="broadcast_tensors: tensors must be a Tensor; got float"):
        mg.broadcast_tensors(mg.ones(2), 1.0)


def test_an_error_that_is_no_operands_stays_so():
    class Odd:
        def __iter__(self):
            raise AttributeError("odd")

    with pytest.raises(AttributeError, match="odd"):
        with_operand_errors(lambda input: list(input))(Odd())
