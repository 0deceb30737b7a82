"""Recurrent networks against their formulas, step by step, and against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg

pytestmark = pytest.mark.native


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(mode, x, h, c, w_x, w_h, b_x, b_h):
    p, q = x @ w_x.T + b_x, h @ w_h.T + b_h
    if mode == "LSTM":
        i, f, g, o = np.split(p + q, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    if mode == "GRU":
        (r, z, n), (hr, hz, hn) = np.split(p, 3, -1), np.split(q, 3, -1)
        r, z = sigmoid(r + hr), sigmoid(z + hz)
        return (1 - z) * np.tanh(n + r * hn) + z * h, c
    return (np.tanh(p + q) if mode == "RNN_TANH" else np.maximum(p + q, 0)), c


MAKERS = {
    "RNN_TANH": lambda *a, **k: mg.nn.RNN(*a, **k),
    "RNN_RELU": lambda *a, **k: mg.nn.RNN(*a, nonlinearity="relu", **k),
    "LSTM": mg.nn.LSTM,
    "GRU": mg.nn.GRU,
}


@pytest.mark.parametrize("mode", MAKERS)
@pytest.mark.parametrize("hidden", [1, 7, 16, 19])
def test_two_layers_both_ways(mode, hidden):
    mg.manual_seed(1)
    net = MAKERS[mode](3, hidden, num_layers=2, bidirectional=True).double()
    x = draw(5, 2, 3)
    out, last = net(mg.tensor(x))
    feed, ends, cells = x, [], []
    for number in range(2):
        sides = []
        for suffix in ("", "_reverse"):
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            weights = [getattr(net, f"{n}_l{number}{suffix}").detach().numpy() for n in names]
            h = c = np.zeros((2, hidden))
            states = [None] * 5
            for t in range(5)[:: -1 if suffix else 1]:
                h, c = step(mode, feed[t], h, c, *weights)
                states[t] = h
            sides.append(np.stack(states))
            ends.append(h)
            cells.append(c)
        feed = np.concatenate(sides, -1)
    np.testing.assert_allclose(out.detach().numpy(), feed, rtol=1e-12, atol=1e-13)
    got = last if mode != "LSTM" else last[0]
    np.testing.assert_allclose(got.detach().numpy(), np.stack(ends), rtol=1e-12, atol=1e-13)
    if mode == "LSTM":
        np.testing.assert_allclose(last[1].detach().numpy(), np.stack(cells), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("mode", ["RNN_TANH", "LSTM", "GRU"])
def test_gradients_against_differences(mode):
    mg.manual_seed(2)
    net = MAKERS[mode](2, 3, bidirectional=True).double()
    inputs = [mg.tensor(draw(3, 2, 2), requires_grad=True), mg.tensor(draw(2, 2, 3, seed=1), requires_grad=True)]
    if mode == "LSTM":
        inputs.append(mg.tensor(draw(2, 2, 3, seed=2), requires_grad=True))

    def run(x, *state):
        out, last = net(x, state if mode == "LSTM" else state[0])
        return (out, *last) if mode == "LSTM" else (out, last)

    assert mg.autograd.gradcheck(run, inputs)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_a_cell_is_one_step_of_its_network(name):
    mg.manual_seed(3)
    net, cell = getattr(mg.nn, name)(4, 5).double(), getattr(mg.nn, f"{name}Cell")(4, 5).double()
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in net.state_dict().items()})
    x = mg.tensor(draw(3, 2, 4))
    out, _ = net(x)
    state = None
    for t in range(3):
        state = cell(x[t], state)
        h = state[0] if name == "LSTM" else state
        np.testing.assert_allclose(h.detach().numpy(), out[t].detach().numpy(), rtol=1e-13)


def test_dropout_stands_between_layers_and_in_training_only():
    mg.manual_seed(0)
    net = mg.nn.GRU(3, 40, num_layers=2, dropout=0.5)
    x = mg.tensor(draw(6, 2, 3)).float()
    assert (net(x)[0] - net(x)[0]).abs().max().item() > 0
    net.eval()
    assert net(x)[0].tolist() == net(x)[0].tolist()
    with pytest.warns(UserWarning, match="num_layers greater than 1"):
        mg.nn.GRU(3, 4, dropout=0.5)


def test_names_shapes_and_first_values():
    mg.manual_seed(0)
    net = mg.nn.LSTM(3, 16, num_layers=2, bidirectional=True)
    assert list(net.state_dict())[:5] == [
        "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse",
    ]  # fmt: skip
    assert net.weight_ih_l1.shape == (64, 32) and len(net.all_weights) == 4
    assert all(p.detach().abs().max().item() <= 0.25 for p in net.parameters())
    assert repr(net) == "LSTM(3, 16, num_layers=2, bidirectional=True)"
    assert repr(mg.nn.GRUCell(3, 4, bias=False)) == "GRUCell(3, 4, bias=False)"


def test_an_empty_batch_and_the_same_bits_for_any_threads():
    net = mg.nn.LSTM(3, 4)
    out, _ = net(mg.zeros(2, 0, 3))
    out.sum().backward()
    assert out.shape == (2, 0, 4) and not net.weight_hh_l0.grad.abs().sum().item()
    before, results = mg.get_num_threads(), []
    wide, x = mg.nn.GRU(64, 128), mg.tensor(draw(4, 64, 64)).float()
    try:
        for threads in (1, 2):
            mg.set_num_threads(threads)
            wide.zero_grad()
            out = wide(x)[0]
            out.sum().backward()
            results.append((out.detach().numpy().tobytes(), wide.weight_hh_l0.grad.numpy().tobytes()))
    finally:
        mg.set_num_threads(before)
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: mg.nn.LSTM(3, 0), ValueError, "hidden_size must be greater than zero"),
        (lambda: mg.nn.LSTM(3, 4.0), TypeError, "should be of type int"),
        (lambda: mg.nn.LSTM(3, 4, 0), ValueError, "num_layers must be greater than zero"),
        (lambda: mg.nn.LSTM(3, 4, dropout=2), ValueError, "number in range"),
        (
            lambda: mg.nn.LSTM(3, 4, proj_size=4),
            ValueError,
            r"proj_size \(4\) has to be smaller than hidden_size \(4\)",
        ),
        (lambda: mg.nn.LSTM(3, 4, proj_size=-1), ValueError, "positive integer or zero"),
        (lambda: mg.nn.GRU(3, 4, proj_size=2), ValueError, "only supported for LSTM"),
        (lambda: mg.nn.RNN(3, 4, nonlinearity="sin"), ValueError, "Unknown nonlinearity"),
        (lambda: mg.nn.RNNCell(3, 4, nonlinearity="sin"), RuntimeError, "Unknown nonlinearity"),
        (lambda: mg.nn.GRU(3, 4)(mg.zeros(2, 2, 5)), RuntimeError, "Expected 3, got 5"),
        (lambda: mg.nn.GRU(3, 4)(mg.zeros(3)), ValueError, "2D or 3D"),
        (lambda: mg.nn.GRU(3, 4)(mg.zeros(0, 2, 3)), RuntimeError, "sequence length"),
        (
            lambda: mg.nn.GRU(3, 4)(mg.zeros(2, 2, 3), mg.zeros(1, 3, 4)),
            RuntimeError,
            r"Expected hidden size \(1, 2, 4\)",
        ),
        (lambda: mg.nn.GRU(3, 4)(mg.zeros(2, 2, 3), mg.zeros(2, 4)), RuntimeError, "should also be 3-D"),
        (lambda: mg.nn.GRUCell(3, 4)(mg.zeros(2, 2, 3)), ValueError, "1D or 2D"),
        (lambda: mg.nn.GRUCell(3, 4)(mg.zeros(2, 2)), RuntimeError, "inconsistent input_size"),
        (lambda: mg.nn.GRUCell(3, 4)(mg.zeros(2, 3), mg.zeros(4)), RuntimeError, "hidden state must be 2-D"),
    ],
)
def test_what_is_refused(call, kind, text):
    with pytest.raises(kind, match=text):
        call()
