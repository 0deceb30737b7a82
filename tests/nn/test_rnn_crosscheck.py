"""Recurrent networks against PyTorch's with the same weights: outputs, states and all gradients."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import minigrad as mg  # noqa: E402

OPTIONS = [
    {},
    {"num_layers": 2, "bias": False},
    {"bidirectional": True, "batch_first": True},
    {"num_layers": 2, "bidirectional": True},
]


def twins(name, *args, **kwargs):
    theirs = getattr(torch.nn, name)(*args, **kwargs).double()
    ours = getattr(mg.nn, name)(*args, **kwargs).double()
    ours.load_state_dict({k: mg.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    return ours, theirs


def flat(value):
    return [value] if not isinstance(value, tuple) else [x for part in value for x in flat(part)]


def compare(ours, theirs, arrays, build):
    results = []
    for library, module in ((mg, ours), (torch, theirs)):
        tensors = [library.tensor(a, requires_grad=True) for a in arrays]
        outs = flat(module(*build(tensors)))
        loss = sum((out * out * (i + 1)).sum() + out.sum() for i, out in enumerate(outs))
        loss.backward()
        grads = [t.grad for t in tensors] + [p.grad for p in module.parameters()]
        results.append([x.detach().numpy() for x in [*outs, *grads]])
    for got, wanted in zip(*results, strict=True):
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize(("name", "options"), list(itertools.product(["RNN", "LSTM", "GRU"], OPTIONS)))
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("state", [True, False])
def test_networks(name, options, batched, state):
    ours, theirs = twins(name, 5, 19, **options)
    generator = np.random.default_rng(0)
    shape = (4, 3, 5) if batched else (4, 5)
    batch = ((3 if not options.get("batch_first") else 4),) if batched else ()
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    arrays = [generator.standard_normal(shape)]
    if state:
        arrays += [generator.standard_normal((count, *batch, 19)) for _ in range(2 if name == "LSTM" else 1)]

    def build(tensors):
        if not state:
            return tensors
        return (tensors[0], (tensors[1], tensors[2])) if name == "LSTM" else tensors

    compare(ours, theirs, arrays, build)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("state", [True, False])
def test_projected_states(options, state):
    ours, theirs = twins("LSTM", 5, 7, proj_size=3, **options)
    assert repr(ours).partition("(")[2] == repr(theirs).partition("(")[2]
    generator = np.random.default_rng(1)
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    arrays = [generator.standard_normal((4, 4, 5))]
    if state:
        arrays += [generator.standard_normal((count, 4, n)) for n in (3, 7)]
    compare(ours, theirs, arrays, lambda tensors: (tensors[0], tuple(tensors[1:])) if state else tensors)


def test_relu():
    ours, theirs = twins("RNN", 5, 6, 2, "relu")
    compare(ours, theirs, [np.random.default_rng(0).standard_normal((4, 3, 5))], lambda tensors: tensors)


def test_cells_are_written_alike():
    for name, *options in (("RNNCell",), ("RNNCell", False, "relu"), ("GRUCell", False)):
        assert repr(getattr(mg.nn, name)(3, 4, *options)) == repr(getattr(torch.nn, name)(3, 4, *options))


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("shape", [(3, 5), (5,)])
@pytest.mark.parametrize("bias", [True, False])
def test_cells(name, shape, bias):
    ours, theirs = twins(name, 5, 7, bias)
    generator = np.random.default_rng(0)
    states = [generator.standard_normal((*shape[:-1], 7)) for _ in range(2 if name == "LSTMCell" else 1)]

    def build(tensors):
        return (tensors[0], tuple(tensors[1:])) if name == "LSTMCell" else tensors

    compare(ours, theirs, [generator.standard_normal(shape), *states], build)
