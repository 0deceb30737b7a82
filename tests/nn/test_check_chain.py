"""Losses with one parameter of a chain changed: the same as when the whole chain is computed anew."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import _check_chain
from minigrad.nn._check_chain import Chain

pytestmark = pytest.mark.native


class Whole(nn.Module):
    """The same layers, not seen as a chain: every loss is computed from the start."""

    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        return self.layers(x)


def chain(*, bias=True):
    mg.manual_seed(5)
    return nn.Sequential(nn.Linear(7, 6, bias=bias), nn.GELU(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))


X = mg.tensor(np.sin(np.arange(28.0)).reshape(4, 7))


def double(layers):
    return layers.double(), X.double()


@pytest.mark.parametrize("copies", [1, 4, 512])
def test_losses_are_those_of_the_changed_chain(monkeypatch, copies):
    monkeypatch.setattr(_check_chain, "_COPIES", copies)
    layers, x = double(chain())
    found = Chain.of(layers, [x])
    loss = lambda out: float((out * out).sum().item())  # noqa: E731
    for tensor in layers.parameters():
        values = tensor._data
        steps = np.full(values.shape, 0.25)
        above, below = found.moved(tensor, steps, loss)
        for index in np.ndindex(values.shape):
            held = values[index]
            for sign, given in ((1, above), (-1, below)):
                values[index] = held + sign * 0.25
                # Sums of at most seven products each, three layers, and one of twelve squares.
                assert given[index] == pytest.approx(loss(layers(x)), rel=100 * np.finfo(float).eps)
            values[index] = held
    assert found.moved(x, np.zeros(x.shape), loss) is None


@pytest.mark.parametrize("bias", [True, False])
def test_the_report_agrees_with_that_of_the_whole_model(bias):
    quick, slow = mg.check(chain(bias=bias), X), mg.check(Whole(chain(bias=bias)), X)
    assert quick and slow
    assert [one.entries for one in quick.tensors] == [one.entries for one in slow.tensors]
    for a, b in zip(quick.tensors, slow.tensors, strict=True):
        # Both are central differences with the step 1e-5: the roundings of the two losses differ.
        assert (a.error, b.error) == pytest.approx((0, 0), abs=1e-9)


def test_a_wrong_gradient_is_found_in_a_chain():
    layers = chain()
    layers[2].weight.register_hook(lambda grad: grad * 1.001)
    report = mg.check(layers, X)
    assert not report
    assert [one.name for one in report.tensors if one.error > report.tolerance] == ["2.weight"]


def test_kinks_in_a_chain_are_left_out_and_counted():
    layers = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with mg.no_grad():
        layers[0].weight.copy_(mg.tensor([[1.0, -1.0], [0.5, 1.0]]))
        layers[0].bias.copy_(mg.tensor([0.0, 1.0]))
        layers[2].weight.fill_(1.0)
    report = mg.check(layers, mg.tensor([[1.0, 1.0]]), loss=lambda out: out.sum())
    by_name = {one.name: one for one in report.tensors}
    # The first node's sum is zero, and its two weights and its bias all move it.
    assert report
    assert (by_name["0.weight"].kinks, by_name["0.bias"].kinks, report.kinks) == (2, 1, 5)


def test_what_is_not_a_chain_is_not_taken_for_one():
    layers, x = double(chain())
    assert Chain.of(layers, [x]) is not None
    assert Chain.of(Whole(layers), [x]) is None
    assert Chain.of(layers, [x, x]) is None
    assert Chain.of(layers, [x.reshape(2, 2, 7)]) is None
    assert Chain.of(nn.Sequential(nn.Linear(7, 4), nn.Softmax(dim=0)), [x]) is None
    assert Chain.of(nn.Sequential(nn.Linear(7, 4), nn.Dropout(0.5)), [x]) is None
    assert Chain.of(nn.Sequential(nn.Linear(7, 4), nn.Dropout(0.5)).double().eval(), [x]) is not None
    square = nn.Linear(7, 7)
    assert Chain.of(nn.Sequential(square, nn.Tanh(), square), [x]) is None
    layers[1].register_forward_hook(lambda module, args, output: output * 2)
    assert Chain.of(layers, [x]) is None
