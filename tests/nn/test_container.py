"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from minigrad.nn._tensor import as_tensor
from minigrad.nn.modules.activation import ReLU
from minigrad.nn.modules.container import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from minigrad.nn.modules.conv import Conv2d
from minigrad.nn.modules.module import Module, Parameter
from minigrad.nn.modules.pool import MaxPool2d

pytestmark = pytest.mark.native


class Add(Module):
    def __init__(self, n):
        self.n = n

    def forward(self, x):
        return x + self.n


def numbers(modules):
    return [module.n for module in modules]


def tensor(*values):
    return as_tensor(np.array(values))


def test_sequential_calls_in_turn():
    net = Sequential(Add(1), Add(2))
    assert net(10) == 13 and Sequential()(5) == 5
    named = Sequential(OrderedDict(one=Add(1), two=Add(2)))
    assert named(0) == 3 and list(named._modules) == ["one", "two"] and named.two.n == 2
    with pytest.raises(TypeError, match="an element must be a Module; got int"):
        Sequential(Add(1), 3)


@pytest.mark.parametrize("lead", [1, 2])
def test_sequential_calls_what_stands_before_a_convolution_once(lead):
    seen = []

    class Twice(Module):
        def forward(self, x):
            seen.append(x.shape)
            return x * 2

    before, conv = [Twice() for _ in range(lead)], Conv2d(1, 2, 3, padding=1)
    x = as_tensor(np.linspace(-1, 1, 72, dtype=np.float32).reshape(2, 1, 6, 6))
    for after in ([], [ReLU(), MaxPool2d(2)], [before[0], conv.__class__(2, 1, 1)]):
        seen.clear()
        made = Sequential(*before, conv, *after)(x)
        calls = len(seen)
        expected = conv(x * 2**lead)
        for module in after:
            expected = module(expected)
        np.testing.assert_allclose(made.detach().numpy(), expected.detach().numpy(), rtol=1e-6, atol=1e-6)
        assert calls == lead + after.count(before[0])


def test_sequential_indexing():
    net = Sequential(*map(Add, range(5)))
    assert net[0].n == 0 and net[-1].n == 4 and numbers(net[1:3]) == [1, 2]
    assert list(net[1:3]._modules) == ["1", "2"]  # names stay, as in PyTorch
    net[1] = Add(9)
    del net[0]
    assert numbers(net) == [9, 2, 3, 4] and list(net._modules) == ["0", "1", "2", "3"]
    del net[1:3]
    assert numbers(net) == [9, 4]
    net.append(Add(7)).extend([Add(8)]).insert(0, Add(6))
    assert numbers(net) == [6, 9, 4, 7, 8] and len(net) == 5
    assert net.pop(1).n == 9 and numbers(net) == [6, 4, 7, 8]
    for bad in (4, -5):
        with pytest.raises(IndexError, match=r"index must be from -4 to 3"):
            net[bad]
    with pytest.raises(IndexError, match="has no element"):
        Sequential()[0]


def test_sequential_arithmetic():
    one, two = Sequential(Add(1)), Sequential(Add(2))
    assert numbers(one + two) == [1, 2] and numbers(two * 2) == [2, 2] and numbers(3 * one) == [1, 1, 1]
    one += two
    assert numbers(one) == [1, 2]
    with pytest.raises(TypeError):
        one + 3


@pytest.mark.parametrize("start", [[], [3], [0, 1, 2, 3]])
def test_module_list_is_a_list(start):
    plain = list(start)
    modules = ModuleList(map(Add, start))
    for act in (
        lambda m, new: m.append(new(7)),
        lambda m, new: m.insert(0, new(8)),
        lambda m, new: m.insert(-1, new(9)),
        lambda m, new: m.extend([new(4), new(5)]),
        lambda m, new: m.__setitem__(-1, new(6)),
        lambda m, new: m.__delitem__(1),
        lambda m, new: m.__delitem__(slice(0, 2)),
        lambda m, new: m.pop(),
        lambda m, new: m.pop(0),
        lambda m, new: m.__iadd__([new(1)]),
    ):
        act(plain, int)
        act(modules, Add)
        assert numbers(modules) == plain and len(modules) == len(plain)
        assert list(modules._modules) == [str(i) for i in range(len(plain))]
    assert numbers(modules[::-1]) == plain[::-1] and isinstance(modules[:1], ModuleList)
    assert numbers(modules + [Add(2)]) == [*plain, 2]
    assert modules[0] in modules and Add(1) not in modules


def test_module_list_is_not_called():
    with pytest.raises(NotImplementedError, match="ModuleList: forward"):
        ModuleList()(1)
    with pytest.raises(TypeError, match="ModuleList: an element must be a Module; got str"):
        ModuleList(["x"])
    with pytest.raises(TypeError, match="must be a Module"):
        ModuleList().insert(0, 3)


def test_module_dict():
    modules = ModuleDict({"a": Add(1), "b": Add(2)})
    modules["c"] = Add(3)
    assert list(modules) == list(modules.keys()) == ["a", "b", "c"] and len(modules) == 3 and "b" in modules
    assert numbers(modules.values()) == [1, 2, 3] and modules["c"].n == 3
    assert [(k, m.n) for k, m in modules.items()] == [("a", 1), ("b", 2), ("c", 3)]
    modules.update([("a", Add(5))])
    assert modules.pop("a").n == 5
    del modules["b"]
    assert list(modules) == ["c"]
    modules.clear()
    assert not len(modules)
    with pytest.raises(KeyError):
        modules["a"]
    with pytest.raises(KeyError, match="must not be an attribute of the class; got 'keys'"):
        modules["keys"] = Add(1)
    with pytest.raises(TypeError, match="must be a Module; got int"):
        modules["x"] = 3


def test_parameter_list():
    values = ParameterList([tensor(1.0), Parameter(tensor(2.0))])
    assert all(isinstance(v, Parameter) for v in values) and len(values) == 2
    values.append(tensor(3.0))
    values += [tensor(4.0)]
    values[0] = tensor(9.0)
    assert [v._data[0] for v in values] == [9.0, 2.0, 3.0, 4.0] and values[-1]._data[0] == 4.0
    assert [name for name, _ in values.named_parameters()] == ["0", "1", "2", "3"]
    assert [v._data[0] for v in values[1:3]] == [2.0, 3.0]
    assert "(0): Parameter containing: [minigrad.float64 of size 1]" in repr(values)
    assert list(ParameterList(["text"])) == ["text"]
    with pytest.raises(TypeError, match="values must be several; got one Tensor"):
        values.extend(tensor(1.0))
    with pytest.raises(IndexError):
        values[4]


def test_parameter_dict():
    values = ParameterDict({"a": tensor(1.0)})
    values["b"] = tensor(2.0)
    values.update({"c": Parameter(tensor(3.0)), "d": "text"})
    assert list(values) == list(values.keys()) == ["a", "b", "c", "d"] and len(values) == 4
    assert [name for name, _ in values.named_parameters()] == ["a", "b", "c"]
    assert dict(values.items())["d"] == "text" and list(values.values())[3] == "text"
    assert values.get("x") is None and values.get("a") is values["a"]
    assert values.setdefault("e", tensor(5.0)) is values["e"] and "e" in values
    assert values.pop("d") == "text" and values.popitem()[0] == "e"
    assert list(values.copy()) == ["a", "b", "c"] and values.copy()["a"] is values["a"]
    assert list(values | {"z": tensor(0.0)}) == ["a", "b", "c", "z"]
    values |= {"y": tensor(0.0)}
    assert list(values.fromkeys("pq", 3).values()) == [3, 3]
    assert "(a): Parameter containing" in repr(values)
    del values["a"]
    assert "a" not in values and not hasattr(values, "a")
    values.clear()
    assert len(values) == 0
    for call in (lambda: values["a"], lambda: values.__delitem__("a")):
        with pytest.raises(KeyError):
            call()
    with pytest.raises(KeyError, match="must not be an attribute"):
        values["items"] = tensor(1.0)
    with pytest.raises(TypeError, match="key must be a string; got 3"):
        values[3] = tensor(1.0)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(again):
    parts = ModuleDict(
        {
            "list": ParameterList([tensor(1.0), "text"]),
            "dict": ParameterDict({"a": tensor(2.0)}),
            "inner": ModuleList([Add(1)]),
        }
    )
    twin = again(parts)
    assert list(twin.state_dict()) == list(parts.state_dict()) == ["list.0", "dict.a"]
    assert twin["list"][1] == "text" and twin["dict"]["a"]._data[0] == 2.0 and twin["inner"][0].n == 1
    assert twin["dict"]["a"] is not parts["dict"]["a"]
