"""Modules against PyTorch's: the same descriptions, names, orders and events for the same class."""

import collections
import copy

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch")


def network(nn, ones):
    """Return one network on either framework."""

    class Scale(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.weight = nn.Parameter(ones(n))
            self.register_buffer("count", ones(1))
            self.register_buffer("scratch", ones(2), persistent=False)
            self.register_parameter("bias", None)

        def forward(self, x):
            return x * self.weight

        def extra_repr(self):
            return "n=3"

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(3, 3)
            self.blocks = nn.ModuleList([nn.Sequential(Scale(3), nn.Identity()) for _ in range(2)])
            self.heads = nn.ModuleDict({"a": Scale(3), "b": nn.ReLU()})
            self.extra = nn.ParameterList([ones(2), ones(1)])
            self.named = nn.ParameterDict({"left": ones(2)})
            self.shared = self.blocks[0]

        def forward(self, x):
            x = self.first(x)
            for block in self.blocks:
                x = block(x)
            return self.heads["a"](x) + self.shared(x) + self.extra[0].sum() + self.named["left"].sum()

    return Net()


@pytest.fixture
def pair():
    ours, theirs = network(mg.nn, mg.ones), network(torch.nn, torch.ones)
    with torch.no_grad():
        theirs.first.weight.fill_(0.5)
        theirs.first.bias.fill_(0.1)
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    return ours, theirs


def test_descriptions_and_names(pair):
    ours, theirs = pair
    assert repr(ours.blocks) == repr(theirs.blocks) and repr(ours.heads) == repr(theirs.heads)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for walk in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [n for n, _ in getattr(ours, walk)()] == [n for n, _ in getattr(theirs, walk)()]
    for walk in ("named_parameters", "named_buffers", "named_modules"):
        everything = ([n for n, _ in getattr(net, walk)(remove_duplicate=False)] for net in pair)
        assert next(everything) == next(everything)
        prefixed = ([n for n, _ in getattr(net, walk)(prefix="net")] for net in pair)
        assert next(prefixed) == next(prefixed)
    assert len(list(ours.modules())) == len(list(theirs.modules()))


def events(net, ones):
    """Run forward and backward with every kind of hook and return what was called, in order."""
    log = []
    for name, module in net.named_modules():
        module.register_forward_pre_hook(lambda m, a, n=name: log.append(("before", n)))
        module.register_forward_hook(lambda m, a, o, n=name: log.append(("after", n)))
        module.register_full_backward_pre_hook(lambda m, g, n=name: log.append(("before backward", n)))
        module.register_full_backward_hook(
            lambda m, i, o, n=name: log.append(("after backward", n, [None if g is None else g.tolist() for g in i]))
        )
    x = ones(2, 3)
    x.requires_grad_()
    net(x).sum().backward()
    return log, x.grad


def test_hooks_are_called_in_the_same_order(pair):
    ours, theirs = pair
    mine, grad = events(ours, mg.ones)
    other, expected = events(theirs, torch.ones)
    assert [event[:2] for event in mine] == [event[:2] for event in other]
    for event, reference in zip(mine, other, strict=True):
        if len(event) == 3:
            np.testing.assert_allclose(event[2][0], reference[2][0], rtol=1e-6)
    np.testing.assert_allclose(grad.numpy(), expected.numpy(), rtol=1e-6)


def test_state_dicts_are_refused_with_the_same_words(pair):
    ours, theirs = pair
    for net, array in ((ours, lambda t: t), (theirs, torch.from_numpy)):
        state = dict(net.state_dict())
        state.pop("first.bias")
        state["nothing"] = array(np.ones(1, np.float32))
        state["extra.0"] = array(np.ones(5, np.float32))
        with pytest.raises(RuntimeError) as error:
            net.load_state_dict(state)
        text = " ".join(str(error.value).split())
        for part in (
            'Missing key(s) in state_dict: "first.bias"',
            'Unexpected key(s) in state_dict: "nothing"',
            "size mismatch for extra.0: copying a param with shape",
        ):
            assert part in text
        state.pop("extra.0")
        keys = net.load_state_dict(state, strict=False)
        assert sorted(keys.missing_keys) == ["extra.0", "first.bias"] and keys.unexpected_keys == ["nothing"]


def test_metadata_and_copies(pair):
    ours, theirs = pair
    assert isinstance(ours.state_dict(), collections.OrderedDict)
    assert list(ours.state_dict()._metadata) == list(theirs.state_dict()._metadata)
    for net in pair:
        twin = copy.deepcopy(net)
        assert twin.shared is twin.blocks[0] and twin.shared is not net.shared
        for parameter in net.parameters():
            parameter.grad = parameter.detach().clone()
        assert all(parameter.grad is None for parameter in copy.deepcopy(net).parameters())


@pytest.mark.parametrize("change", ["float", "double", "eval", "train", "zero_grad", "requires_grad_"])
def test_flags_and_types_after_a_change(pair, change):
    described = []
    for net in pair:
        getattr(net, change)()
        tensors = [(n, str(t.dtype).split(".")[-1], t.requires_grad) for n, t in net.named_parameters()]
        described.append((tensors, [m.training for m in net.modules()]))
    assert described[0] == described[1]
