"""Module: registration, walks, state, hooks, conversion, copies."""

import copy
import pickle

import numpy as np
import pytest

from minigrad.nn._tensor import Tensor, as_tensor
from minigrad.nn.modules.container import Sequential
from minigrad.nn.modules.module import Buffer, Module, Parameter

pytestmark = pytest.mark.native


def tensor(values, dtype=np.float64):
    return as_tensor(np.array(values, dtype))


class Scale(Module):
    """Multiplies; its __init__ does not call the base's."""

    def __init__(self, values=(2.0, 3.0)):
        self.factor = Parameter(tensor(values))
        self.calls = Buffer(tensor(0, np.int64))

    def forward(self, x, shift=None):
        y = x * self.factor
        return y if shift is None else y + shift


class Net(Module):
    def __init__(self):
        self.first = Scale()
        self.rest = Sequential(Scale(), Scale((1.0, 1.0)))
        self.bias = Parameter(tensor([1.0, 1.0]))

    def forward(self, x):
        return self.rest(self.first(x)) + self.bias


def names(pairs):
    return [name for name, _ in pairs]


def test_registration_needs_no_super_init():
    net = Net()
    assert names(net.named_parameters()) == ["bias", "first.factor", "rest.0.factor", "rest.1.factor"]
    assert names(net.named_modules()) == ["", "first", "rest", "rest.0", "rest.1"]
    assert names(net.named_children()) == ["first", "rest"]
    assert names(net.named_buffers()) == ["first.calls", "rest.0.calls", "rest.1.calls"]
    assert names(net.named_parameters(recurse=False)) == ["bias"]
    assert names(net.named_parameters(prefix="net"))[:2] == ["net.bias", "net.first.factor"]


def test_super_init_keeps_what_was_assigned_before():
    class Late(Module):
        def __init__(self):
            self.weight = Parameter(tensor([1.0]))
            super().__init__()

    assert names(Late().named_parameters()) == ["weight"]


def test_attributes_and_registries_agree():
    net = Scale()
    assert net.factor is net._parameters["factor"]
    other = Parameter(tensor([5.0, 5.0]))
    net._parameters["factor"] = other
    assert net.factor is other
    net._parameters.pop("factor")
    assert not hasattr(net, "factor")
    net._parameters.setdefault("factor", other)
    net._parameters.update(more=other)
    assert net.more is other and net._parameters.popitem()[0] == "more" and not hasattr(net, "more")
    net._parameters.clear()
    assert not hasattr(net, "factor") and not list(net.parameters())


def test_assignment_moves_between_the_registries():
    net = Module()
    net.x = 3
    net.x = Parameter(tensor([1.0]))
    assert "x" in net._parameters and vars(net)["x"] is net._parameters["x"]
    net.x = Scale()
    assert "x" in net._modules and "x" not in net._parameters
    net.x = Buffer(tensor([1.0]), persistent=False)
    assert "x" in net._buffers and "x" not in net.state_dict()
    net.x = tensor([2.0])
    assert net._buffers["x"] is net.x
    del net.x
    assert not hasattr(net, "x") and "x" not in net._buffers
    with pytest.raises(AttributeError):
        del net.x


def test_none_takes_a_members_place():
    net = Net()
    net.bias = None
    assert net.bias is None and "bias" not in names(net.named_parameters())
    net.first = None
    assert "first" not in names(net.named_modules()) and "first.factor" not in net.state_dict()
    net.register_parameter("gain", None)
    net.register_buffer("mean", None)
    assert net.gain is None and net.mean is None


@pytest.mark.parametrize("value", [1.0, "text", tensor([1.0])])
def test_only_parameters_replace_parameters(value):
    net = Net()
    with pytest.raises(TypeError, match=r"Net: the parameter bias must be a Parameter or None; got"):
        net.bias = value


def test_only_modules_and_tensors_replace_modules_and_buffers():
    net = Net()
    with pytest.raises(TypeError, match="the module first must be a Module or None; got int"):
        net.first = 3
    with pytest.raises(TypeError, match="the buffer calls must be a Tensor or None; got float"):
        net.first.calls = 1.0


@pytest.mark.parametrize("register", ["register_parameter", "register_buffer", "add_module"])
@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("", KeyError, "non-empty, without a dot"),
        ("a.b", KeyError, "non-empty, without a dot"),
        (3, TypeError, "name must be a string"),
        ("forward", KeyError, "already has the attribute 'forward'"),
        ("training", KeyError, "already has the attribute"),
    ],
)
def test_bad_names(register, name, error, message):
    with pytest.raises(error, match=message):
        getattr(Module(), register)(name, None)


def test_wrong_kinds_are_refused():
    net = Module()
    with pytest.raises(TypeError, match="w must be a Parameter or None; got Tensor"):
        net.register_parameter("w", tensor([1.0]))
    with pytest.raises(TypeError, match="b must be a Tensor or None; got float"):
        net.register_buffer("b", 1.0)
    with pytest.raises(TypeError, match="m must be a Module or None; got int"):
        net.add_module("m", 1)
    with pytest.raises(RuntimeError, match="must be floating point to have gradients"):
        Parameter(tensor([1], np.int64))
    assert not Parameter(tensor([1], np.int64), requires_grad=False).requires_grad


def test_shared_members_are_yielded_once():
    net = Net()
    net.again = net.first
    net.rest[1].factor = net.first.factor
    assert names(net.named_parameters()) == ["bias", "first.factor", "rest.0.factor"]
    everything = names(net.named_parameters(remove_duplicate=False))
    assert everything == ["bias", "first.factor", "rest.0.factor", "rest.1.factor", "again.factor"]
    assert names(net.named_modules()).count("again") == 0
    assert "again.factor" in net.state_dict()


def test_paths():
    net = Net()
    assert net.get_submodule("") is net and net.get_submodule("rest.1") is net.rest[1]
    assert net.get_parameter("rest.0.factor") is net.rest[0].factor
    assert net.get_buffer("first.calls") is net.first.calls
    new = Scale()
    net.set_submodule("rest.0", new)
    assert net.rest[0] is new
    for missing in ("nothing", "rest.7", "rest.0.factor"):
        with pytest.raises(AttributeError, match=f"has no module {missing!r}"):
            net.get_submodule(missing)
    with pytest.raises(AttributeError, match="has no parameter 'first.nothing': Scale has factor, calls, no 'nothing'"):
        net.get_parameter("first.nothing")
    with pytest.raises(AttributeError, match="has no buffer"):
        net.get_buffer("bias")
    with pytest.raises(ValueError, match="must name a module below"):
        net.set_submodule("", new)
    with pytest.raises(TypeError, match="must be a Module"):
        net.set_submodule("first", 3)


def test_train_eval_apply():
    net = Net()
    assert net.eval() is net and not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())
    with pytest.raises(ValueError, match="mode must be a bool; got 1"):
        net.train(1)
    seen = []
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Scale", "Scale", "Scale", "Sequential", "Net"]


def test_state_dict_round_trip():
    net, other = Net(), Net()
    state = net.state_dict()
    assert list(state) == [
        "bias",
        *("first.factor", "first.calls", "rest.0.factor", "rest.0.calls", "rest.1.factor", "rest.1.calls"),
    ]
    assert type(state["bias"]) is Tensor and not state["bias"].requires_grad
    assert state["bias"]._data is net.bias._data  # shared, as in PyTorch
    assert net.state_dict(keep_vars=True)["bias"] is net.bias
    assert list(net.state_dict(prefix="net."))[0] == "net.bias"
    net.rest[0].factor._data[:] = [7.0, 8.0]
    before = other.rest[0].factor
    assert repr(other.load_state_dict(state)) == "<All keys matched successfully>"
    assert other.rest[0].factor is before and before._data.tolist() == [7.0, 8.0]


def test_loading_casts_and_takes_arrays():
    net = Scale()
    net.load_state_dict({"factor": np.array([1, 2], np.float32), "calls": 4})
    assert net.factor._data.dtype == np.float64 and net.factor._data.tolist() == [1.0, 2.0] and net.calls._data == 4


def test_assign_takes_the_tensors_themselves():
    net = Scale()
    given = tensor([1.0, 2.0], np.float32)
    calls = tensor(3, np.int64)
    net.load_state_dict({"factor": given, "calls": calls}, assign=True)
    assert isinstance(net.factor, Parameter) and net.factor._data is given._data and net.calls is calls


def test_loading_names_everything_that_is_wrong():
    net = Net()
    state = dict(net.state_dict())
    del state["bias"], state["rest.0.factor"]
    state |= {"extra": tensor([1.0]), "first.factor.deep": tensor([1.0]), "first.factor": tensor([[1.0, 2.0, 3.0]])}
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    message = str(caught.value)
    assert message.startswith("Net.load_state_dict: the state does not fit: ") and "\n" not in message
    assert 'Missing key(s) in state_dict: "bias", "rest.0.factor"' in message
    assert 'Unexpected key(s) in state_dict: "extra", "first.factor.deep"' in message
    assert "size mismatch for first.factor: copying a param with shape (1, 3)" in message
    assert "the shape in the model is (2,)" in message
    del state["first.factor"]
    keys = net.load_state_dict(state, strict=False)
    assert keys.missing_keys == ["bias", "first.factor", "rest.0.factor"]
    assert keys.unexpected_keys == ["extra", "first.factor.deep"]
    with pytest.raises(RuntimeError, match="bias must be a tensor, got object"):
        net.load_state_dict({**net.state_dict(), "bias": object()})
    with pytest.raises(TypeError, match="must be a mapping; got list"):
        net.load_state_dict([])


def test_extra_state():
    class Counting(Module):
        def __init__(self):
            self.count = 5

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    net, other = Sequential(Counting()), Sequential(Counting())
    net[0].count = 9
    assert net.state_dict() == {"0._extra_state": {"count": 9}}
    other.load_state_dict(net.state_dict())
    assert other[0].count == 9
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({})
    for call in (Module().get_extra_state, lambda: Module().set_extra_state(1)):
        with pytest.raises(RuntimeError, match="no extra state"):
            call()


def test_state_dict_hooks():
    net = Net()
    log = []
    handles = [
        net.register_state_dict_pre_hook(lambda module, prefix, keep: log.append(("before", prefix, keep))),
        net.register_state_dict_post_hook(lambda module, state, prefix, meta: state.update(more=tensor([1.0]))),
        net.register_load_state_dict_pre_hook(lambda module, state, *rest: state.pop("more")),
        net.first.register_load_state_dict_post_hook(lambda module, keys: log.append(("after", list(keys[0])))),
    ]
    state = net.state_dict()
    assert "more" in state and log == [("before", "", False)]
    net.load_state_dict(state)
    assert log[1] == ("after", [])
    for handle in handles:
        handle.remove()
    assert "more" not in net.state_dict() and len(log) == 2


def test_forward_hooks():
    net = Scale()
    x = tensor([1.0, 1.0])
    log = []
    with net.register_forward_pre_hook(lambda module, args: (args[0] + 1.0,)):
        assert net(x)._data.tolist() == [4.0, 6.0]
    with net.register_forward_pre_hook(lambda module, args: args[0] + 1.0):
        assert net(x)._data.tolist() == [4.0, 6.0]
    with net.register_forward_pre_hook(lambda m, a, k: (a, {"shift": k["shift"] * 2.0}), with_kwargs=True):
        assert net(x, shift=x)._data.tolist() == [4.0, 5.0]
    with net.register_forward_hook(lambda module, args, out: out * 10.0):
        assert net(x)._data.tolist() == [20.0, 30.0]
    with (
        net.register_forward_hook(lambda m, a, k, out: log.append(sorted(k)), with_kwargs=True),
        net.register_forward_hook(lambda m, a, out: log.append("first"), prepend=True),
    ):
        net(x, shift=x)
    assert log == ["first", ["shift"]]
    assert net(x)._data.tolist() == [2.0, 3.0]
    with (
        net.register_forward_pre_hook(lambda m, a, k: a, with_kwargs=True),
        pytest.raises(RuntimeError, match=r"must return \(args, kwargs\) or None"),
    ):
        net(x)
    with pytest.raises(TypeError, match="a hook must be callable; got 3"):
        net.register_forward_hook(3)


def test_a_hook_that_is_always_called():
    net = Module()
    log = []
    net.register_forward_hook(lambda module, args, out: log.append(out), always_call=True)
    net.register_forward_hook(lambda module, args, out: log.append("not this"))
    with pytest.raises(NotImplementedError, match="Module: forward must be defined by the subclass"):
        net(1)
    assert log == [None]


def test_backward_hooks_see_and_change_gradients():
    net = Scale()
    x = tensor([1.0, 1.0])
    x.requires_grad = True
    log = []
    with net.register_full_backward_hook(lambda module, grad_in, grad_out: log.append((grad_in, grad_out))):
        net(x).sum().backward()
    (grad_in,), (grad_out,) = log[0]
    assert grad_in._data.tolist() == [2.0, 3.0] and grad_out._data.tolist() == [1.0, 1.0]
    assert x.grad._data.tolist() == [2.0, 3.0] and net.factor.grad._data.tolist() == [1.0, 1.0]
    x.grad = net.factor.grad = None
    with (
        net.register_full_backward_pre_hook(lambda module, grad_out: (grad_out[0] * 10.0,)),
        net.register_full_backward_hook(lambda module, grad_in, grad_out: (grad_in[0] + 1.0,)),
    ):
        net(x).sum().backward()
    assert net.factor.grad._data.tolist() == [10.0, 10.0] and x.grad._data.tolist() == [21.0, 31.0]


def test_backward_hook_where_the_input_needs_no_gradient():
    net = Scale()
    log = []
    net.register_full_backward_hook(lambda module, grad_in, grad_out: log.append((grad_in, grad_out[0]._data.tolist())))
    net(tensor([1.0, 1.0])).sum().backward()
    assert log == [((None,), [1.0, 1.0])]
    net.register_full_backward_pre_hook(lambda module, grad_out: (grad_out[0], None))
    with pytest.raises(RuntimeError, match=r"must return 1 gradient\(s\); got 2"):
        net(tensor([1.0, 1.0])).sum().backward()


def test_backward_hooks_of_several_outputs():
    class Two(Module):
        def forward(self, x, k):
            return [x * k, "text", x + 1.0]

    net, log = Two(), []
    net.register_full_backward_hook(lambda module, grad_in, grad_out: log.append((grad_in, grad_out)))
    x = tensor([1.0])
    x.requires_grad = True
    out = net(x, 3.0)
    assert isinstance(out, list) and out[1] == "text"
    (out[0].sum() + out[2].sum()).backward()
    grad_in, grad_out = log[0]
    assert grad_in[0]._data.tolist() == [4.0] and grad_in[1] is None
    assert grad_out[1] is None and grad_out[0]._data.tolist() == [1.0]


def test_conversion():
    net = Net()
    bias = net.bias
    net.bias.grad = tensor([1.0, 2.0])
    assert net.float() is net and net.bias is bias
    assert net.bias._data.dtype == np.float32 and net.bias.grad._data.dtype == np.float32 and net.bias.requires_grad
    assert net.first.calls._data.dtype == np.int64
    net.to("cpu").to(net.first.factor).to(device="cpu", non_blocking=True)
    assert net.double().bias._data.dtype == np.float64
    import minigrad.nn._dtype as dtypes

    net.to("cpu", dtypes.float32)
    assert net.bias._data.dtype == np.float32 and net.cpu() is net
    with pytest.raises(TypeError, match="must be a floating-point one; got minigrad.int64"):
        net.to(dtypes.int64)
    with pytest.raises(RuntimeError, match="device must be the CPU; got 'cuda:0'"):
        net.to("cuda:0")
    with pytest.raises(RuntimeError, match="device: type must be one of"):
        net.to("abacus")
    with pytest.raises(TypeError, match="takes a device, a dtype or a tensor; got 3.5"):
        net.to(3.5)
    with pytest.raises(TypeError, match="got 'speed'"):
        net.to(speed=1)
    assert Scale().type(dtypes.float32).calls._data.dtype == np.float32


def test_requires_grad_and_zero_grad():
    net = Net()
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    net.requires_grad_()
    x = tensor([1.0, 1.0])
    net(x).sum().backward()
    held = net.bias.grad
    net.zero_grad(set_to_none=False)
    assert net.bias.grad._data.tolist() == [0.0, 0.0] and held._data.tolist() == [0.0, 0.0]
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_repr():
    class Lines(Module):
        def extra_repr(self):
            return "one\ntwo"

    assert repr(Module()) == "Module()"
    assert repr(Lines()) == "Lines(\n  one\n  two\n)"
    assert repr(Net()) == (
        "Net(\n  (first): Scale()\n  (rest): Sequential(\n    (0): Scale()\n    (1): Scale()\n  )\n)"
    )


def test_copies_own_their_members():
    net = Net()
    net.rest[1].factor = net.first.factor
    net.bias.grad = tensor([1.0, 2.0])
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin.bias is twin._parameters["bias"] is not net.bias
        assert twin.rest[1].factor is twin.first.factor
        assert isinstance(twin.bias, Parameter) and twin.bias.requires_grad
        twin.bias._data[:] = 9.0
        assert net.bias._data.tolist() == [1.0, 1.0]
        twin.more = Parameter(tensor([1.0]))
        assert not hasattr(net, "more")
    assert copy.deepcopy(net).bias.grad is None
    shallow = copy.copy(net)
    assert shallow.bias is net.bias
    shallow.bias = Parameter(tensor([0.0]))
    assert net.bias._data.tolist() == [1.0, 1.0]


def test_parameters_share_memory_with_what_they_are_made_of():
    data = tensor([1.0, 2.0])
    parameter = Parameter(data)
    assert parameter._data is data._data and repr(parameter).startswith("Parameter containing:")
    assert Parameter().shape == (0,)


def test_dir_leaves_out_numbers():
    net = Sequential(Scale())
    assert "0" not in dir(net) and "forward" in dir(net)
