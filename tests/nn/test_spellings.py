"""NumPy's spellings of `dim` and `keepdim`."""

import pytest

import minigrad as mg

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
