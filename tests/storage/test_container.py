"""save and load: every kind of value comes back as it was, and damage is named."""

import collections
import io
import math

import numpy as np
import pytest

from minigrad import DataError
from minigrad.nn._device import device
from minigrad.nn._dtype import float64
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules.container import Sequential
from minigrad.nn.modules.module import Module, Parameter
from minigrad.serialization import read_safetensors, write_safetensors
from minigrad.storage import load, save

pytestmark = pytest.mark.native


def tensor(*values, dtype=np.float32):
    return fresh(np.array(values, dtype))


def again(value):
    file = io.BytesIO()
    save(value, file)
    file.seek(0)
    return load(file)


VALUES = [
    None,
    True,
    0,
    -(2**70),
    0.1,
    1e-308,
    math.inf,
    -math.inf,
    "text\n",
    "",
    b"\x00\xff",
    b"",
    [],
    [1, [2.5, None]],
    (),
    (1, "a"),
    {},
    {"a": {"b": (1, 2)}},
    {0: 1, (1, 2): "x", None: True, 2.5: False},
    collections.OrderedDict(b=1, a=2),
    {1, 2},
    frozenset({"x"}),
    device("cpu"),
    float64,
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values(value):
    result = again(value)
    assert result == value and type(result) is type(value)


def test_not_a_number():
    assert math.isnan(again(math.nan))


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "i4", "u1", "?"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_tensors_and_arrays(dtype, shape):
    values = np.asarray(np.arange(np.prod(shape)).reshape(shape) % 2, dtype)
    result = again([fresh(values), values, values[()] if shape == () else values[..., ::-1]])
    assert type(result[0]) is Tensor and isinstance(result[1], np.ndarray)
    for one, other in zip(result, [values, values, values[..., ::-1] if shape else values], strict=True):
        got = one._data if isinstance(one, Tensor) else one
        assert got.dtype == values.dtype and got.shape == shape
        np.testing.assert_array_equal(got, other)
    assert isinstance(again(np.float32(1.5)), np.float32)


def test_gradients_flags_and_sharing():
    leaf = tensor(1.0, 2.0)
    leaf.requires_grad = True
    weight = Parameter(tensor(3.0))
    frozen = Parameter(tensor(3.0), requires_grad=False)
    a, b, c, d, e = again([leaf, weight, frozen, weight, tensor(1.0)])
    assert a.requires_grad and isinstance(b, Parameter) and b.requires_grad and not c.requires_grad
    assert d is b and not e.requires_grad
    a._data[0] = 9.0  # what is loaded may be changed


class Net(Module):
    def __init__(self):
        self.layers = Sequential(Module())
        self.weight = Parameter(tensor(1.0, 2.0))
        self.layers[0].scale = Parameter(tensor(3.0))
        self.register_buffer("mean", tensor(0.5))


def test_checkpoint(tmp_path):
    net = Net()
    state = {
        "state": {0: {"step": tensor(3.0), "exp_avg": tensor(1.0, 2.0)}},
        "param_groups": [{"lr": 0.1, "params": [0]}],
    }
    path = tmp_path / "last.ckpt"
    save({"model": net.state_dict(), "optimizer": state, "epoch": 3}, path)
    result = load(str(path))
    net._parameters["weight"]._data[:] = 0
    net.load_state_dict(result["model"])
    assert net.weight._data.tolist() == [1.0, 2.0] and result["epoch"] == 3
    assert result["optimizer"]["param_groups"] == state["param_groups"]
    assert result["optimizer"]["state"][0]["exp_avg"]._data.tolist() == [1.0, 2.0]
    # Other readers find the tensors under their paths.
    arrays, _ = read_safetensors(path)
    assert "model.layers.0.scale" in arrays and "optimizer.state.0.exp_avg" in arrays


def test_names_that_collide():
    result = again({"a": {"b": tensor(1.0)}, "a.b": tensor(2.0)})
    assert result["a"]["b"]._data[0] == 1.0 and result["a.b"]._data[0] == 2.0


def test_a_file_without_description(tmp_path):
    write_safetensors(
        tmp_path / "x", {"a": np.ones(2, np.float16), "b": np.ones(2, np.int8), "c": np.ones(2, np.uint32)}
    )
    result = load(tmp_path / "x")
    assert [t.dtype.name for t in result.values()] == ["float32", "int32", "int64"] or set(result) == {"a", "b", "c"}
    assert {name: t._data.dtype for name, t in result.items()} == {"a": np.float32, "b": np.int32, "c": np.int64}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "must be made of tensors, numbers.*; got object$"),
        ({"a": [1, {"b": lambda: None}]}, "got function at a.1.b"),
        (Module(), r"got Module; save its state_dict\(\)"),
        (1j, "got complex"),
    ],
)
def test_what_cannot_be_saved(tmp_path, value, message):
    save(1, tmp_path / "x")
    with pytest.raises(TypeError, match=message):
        save(value, tmp_path / "x")
    assert load(tmp_path / "x") == 1


def test_every_damaged_byte_is_noticed(tmp_path):
    path = tmp_path / "x"
    save({"weight": tensor(1.0, 2.0), "epoch": 3}, path)
    good = path.read_bytes()
    for i in range(len(good)):
        path.write_bytes(good[:i] + bytes([good[i] ^ 0x5A]) + good[i + 1 :])
        try:
            result = load(path)
        except DataError as error:
            assert "\n" not in str(error) and str(path) in str(error)
        else:
            # A byte of a name or of the spaces may change without harm to the values.
            assert (
                not isinstance(result, dict) or "weight" not in result or result["weight"]._data.tolist() == [1.0, 2.0]
            )
    for end in range(0, len(good), 7):
        path.write_bytes(good[:end])
        with pytest.raises(DataError):
            load(path)


def test_missing(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load(tmp_path / "nothing")
    with pytest.raises(DataError, match="cannot write"):
        save(1, tmp_path / "no" / "x")
