"""Multi-head attention and the transformer's layers against PyTorch's with the same weights."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import minigrad as mg  # noqa: E402


def twins(name, *args, **kwargs):
    theirs = getattr(torch.nn, name)(*args, **kwargs).double()
    ours = getattr(mg.nn, name)(*args, **kwargs).double()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({k: mg.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    return ours, theirs


def masks(library, given):
    return {name: library.tensor(value) if isinstance(value, np.ndarray) else value for name, value in given.items()}


def compare(ours, theirs, arrays, options, rtol=1e-10, same=False):
    results = []
    for library, module in ((mg, ours), (torch, theirs)):
        module.zero_grad()
        tensors = [library.tensor(a, requires_grad=True) for a in arrays]
        inputs = [tensors[0]] * 3 if same else tensors
        outs = module(*inputs, **masks(library, options))
        outs = [out for out in (outs if isinstance(outs, tuple) else (outs,)) if out is not None]
        loss = sum((out * out * (i + 1)).sum() + out.sum() for i, out in enumerate(outs))
        loss.backward()
        grads = [t.grad for t in tensors] + [p.grad for p in module.parameters()]
        results.append([x.detach().numpy() for x in [*outs, *grads]])
    for got, wanted in zip(*results, strict=True):
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, rtol=rtol, atol=1e-10)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


CAUSAL = np.triu(np.ones((5, 5), bool), 1)
PADDING = np.array([[False] * 4 + [True], [False] * 5])
MASKS = [
    {},
    {"attn_mask": CAUSAL},
    {"attn_mask": np.where(CAUSAL, -np.inf, 0.0)},
    {"attn_mask": draw(16, 5, 5, seed=9).repeat(1, 0)[:8]},
    {"key_padding_mask": PADDING},
    {"key_padding_mask": PADDING, "attn_mask": CAUSAL},
    {"attn_mask": CAUSAL, "is_causal": True},
]


OPTIONS = [{}, {"batch_first": True}, {"add_bias_kv": True}, {"bias": False, "kdim": 6, "vdim": 7}]
# PyTorch's hint is_causal does not know of the added key.
PAIRS = [(o, g) for o in OPTIONS for g in MASKS if not ("add_bias_kv" in o and "is_causal" in g)]


@pytest.mark.parametrize(("options", "given"), PAIRS, ids=range(len(PAIRS)))
@pytest.mark.parametrize("need_weights", [True, False])
def test_attention(options, need_weights, given):
    ours, theirs = twins("MultiheadAttention", 8, 4, **options)
    first = (2, 5) if options.get("batch_first") else (5, 2)
    arrays = [
        draw(*first, 8),
        draw(*first, options.get("kdim", 8), seed=1),
        draw(*first, options.get("vdim", 8), seed=2),
    ]
    compare(ours, theirs, arrays, {"need_weights": need_weights, **given})


@pytest.mark.parametrize("options", [{"add_zero_attn": True}, {}])
@pytest.mark.parametrize("average", [True, False])
def test_self_attention_unbatched(options, average):
    ours, theirs = twins("MultiheadAttention", 8, 2, **options)
    compare(ours, theirs, [draw(5, 8)], {"average_attn_weights": average}, same=True)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_encoder(norm_first, activation):
    args = {"dropout": 0.0, "norm_first": norm_first, "activation": activation, "batch_first": True}
    ours, theirs = twins("TransformerEncoderLayer", 8, 2, 16, **args)
    compare(ours, theirs, [draw(2, 5, 8)], {"src_mask": CAUSAL, "src_key_padding_mask": PADDING})
    layers = mg.nn.TransformerEncoder(ours, 2, mg.nn.LayerNorm(8).double())
    stack = torch.nn.TransformerEncoder(theirs, 2, torch.nn.LayerNorm(8).double(), enable_nested_tensor=False)
    assert list(layers.state_dict()) == list(stack.state_dict())
    compare(layers, stack, [draw(2, 5, 8)], {"mask": CAUSAL})


def test_decoder():
    ours, theirs = twins("TransformerDecoderLayer", 8, 2, 16, dropout=0.0)
    options = {"tgt_mask": CAUSAL, "memory_key_padding_mask": PADDING}
    compare(ours, theirs, [draw(5, 2, 8), draw(5, 2, 8, seed=1)], options)
    compare(
        mg.nn.TransformerDecoder(ours, 2), torch.nn.TransformerDecoder(theirs, 2), [draw(5, 2, 8), draw(5, 2, 8)], {}
    )
