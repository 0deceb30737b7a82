"""Multi-head attention and the transformer's layers: laws, finite differences, and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg

pytestmark = pytest.mark.native

CAUSAL = np.triu(np.ones((5, 5), bool), 1)


def draw(*shape, seed=0):
    return mg.tensor(np.random.default_rng(seed).standard_normal(shape))


def slow_heads(layer, x, mask):
    """Head by head from the layer's own parameters; x (steps, features)."""
    size, heads = layer.embed_dim, layer.num_heads
    q, k, v = np.split(x @ layer.in_proj_weight.detach().numpy().T + layer.in_proj_bias.detach().numpy(), 3, -1)
    outs, weights = [], []
    for head in range(heads):
        part = slice(head * size // heads, (head + 1) * size // heads)
        scores = q[:, part] @ k[:, part].T / math.sqrt(size // heads)
        e = np.exp(np.where(mask, -np.inf, scores))
        weights.append(e / e.sum(-1, keepdims=True))
        outs.append(weights[-1] @ v[:, part])
    joined = np.concatenate(outs, -1) @ layer.out_proj.weight.detach().numpy().T
    return joined + layer.out_proj.bias.detach().numpy(), np.stack(weights)


@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_is_that_of_its_heads(need_weights):
    mg.manual_seed(0)
    layer = mg.nn.MultiheadAttention(12, 3).double()
    with mg.no_grad():
        layer.in_proj_bias.normal_()
    x = draw(5, 12)
    options = {"attn_mask": mg.tensor(CAUSAL), "average_attn_weights": False, "need_weights": need_weights}
    out, weights = layer(x, x, x, **options)
    expected, shares = slow_heads(layer, x.numpy(), CAUSAL)
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-12, atol=1e-13)
    if need_weights:
        np.testing.assert_allclose(weights.detach().numpy(), shares, rtol=1e-12, atol=1e-14)
    else:
        assert weights is None


def test_the_weights_sum_to_one_and_padding_gets_none():
    mg.manual_seed(0)
    layer = mg.nn.MultiheadAttention(8, 2, batch_first=True).double()
    x, padding = draw(2, 5, 8), mg.tensor(np.array([[False] * 3 + [True] * 2, [False] * 5]))
    _, weights = layer(x, x, x, key_padding_mask=padding)
    np.testing.assert_allclose(weights.sum(-1).detach().numpy(), np.ones((2, 5)), rtol=1e-13)
    assert not weights.detach().numpy()[0, :, 3:].any()


def test_steps_that_are_masked_do_not_matter():
    mg.manual_seed(0)
    layer = mg.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).double().eval()
    x = draw(1, 5, 8)
    other = mg.cat([x[:, :3], draw(1, 2, 8, seed=1)], 1)
    mask = mg.tensor(CAUSAL)
    a, b = layer(x, mask), layer(other, mask)
    np.testing.assert_allclose(a[:, :3].detach().numpy(), b[:, :3].detach().numpy(), rtol=1e-12)
    assert (a[:, 3:] - b[:, 3:]).abs().max().item() > 1e-3
    hinted = layer(x, mask, is_causal=True)
    np.testing.assert_allclose(hinted.detach().numpy(), a.detach().numpy(), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("added", [{}, {"add_bias_kv": True}, {"add_zero_attn": True}])
@pytest.mark.parametrize("need_weights", [False, True])
def test_the_hint_of_a_causal_mask_changes_nothing(added, need_weights):
    mg.manual_seed(0)
    layer = mg.nn.MultiheadAttention(8, 2, dtype=mg.float64, **added)
    x = mg.randn(5, 3, 8, dtype=mg.float64)
    mask = mg.full((5, 5), -math.inf, dtype=mg.float64).triu(1)
    plain, hinted = (layer(x, x, x, attn_mask=mask, need_weights=need_weights, is_causal=c)[0] for c in (False, True))
    assert np.abs(plain.numpy(force=True) - hinted.numpy(force=True)).max() < 1e-14


def test_order_does_not_matter_without_a_mask():
    mg.manual_seed(0)
    encoder = mg.nn.TransformerEncoder(mg.nn.TransformerEncoderLayer(8, 2, 16, activation="gelu"), 2).double().eval()
    x, order = draw(5, 1, 8), [3, 0, 4, 1, 2]
    np.testing.assert_allclose(
        encoder(x)[order].detach().numpy(), encoder(x[order]).detach().numpy(), rtol=1e-11, atol=1e-12
    )


@pytest.mark.parametrize("norm_first", [False, True])
def test_gradients_against_differences(norm_first):
    mg.manual_seed(0)
    layer = mg.nn.TransformerEncoderLayer(4, 2, 6, 0.0, "gelu", norm_first=norm_first).double()
    x = draw(3, 2, 4)
    x.requires_grad_()
    assert mg.autograd.gradcheck(lambda x: layer(x, mg.tensor(CAUSAL[:3, :3])), [x])
    decoder = mg.nn.TransformerDecoderLayer(4, 2, 6, 0.0, "gelu", norm_first=norm_first).double()
    memory = draw(2, 2, 4, seed=1)
    memory.requires_grad_()
    assert mg.autograd.gradcheck(lambda x, memory: decoder(x, memory), [x, memory])


def test_dropout_in_training_only():
    mg.manual_seed(0)
    layer = mg.nn.TransformerEncoderLayer(8, 2, 16, 0.5)
    x = mg.ones(3, 2, 8)
    assert (layer(x) - layer(x)).abs().max().item() > 0
    layer.eval()
    assert layer(x).tolist() == layer(x).tolist()


def test_a_stack_copies_its_layer():
    layer = mg.nn.TransformerDecoderLayer(8, 2, 16)
    stack = mg.nn.TransformerDecoder(layer, 2, mg.nn.LayerNorm(8))
    parameters = {id(p) for p in stack.parameters()}
    assert len(parameters) == 2 * len(list(layer.parameters())) + 2
    assert not parameters & {id(p) for p in layer.parameters()}
    assert stack(mg.ones(3, 2, 8), mg.ones(4, 2, 8)).shape == (3, 2, 8)


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda m, x: mg.nn.MultiheadAttention(0, 2), ValueError, "must be greater than 0"),
        (lambda m, x: mg.nn.MultiheadAttention(8, 3), RuntimeError, "must be divisible by num_heads"),
        (lambda m, x: m(x[0, 0], x, x), RuntimeError, "unbatched 2D or batched 3D"),
        (lambda m, x: m(x, x[0], x), RuntimeError, "expected key to be 3-D"),
        (lambda m, x: m(x, x, x, mg.zeros(3)), RuntimeError, "key_padding_mask to be None or 2-D"),
        (lambda m, x: m(x, x, x, mg.zeros(2, 4)), RuntimeError, r"key_padding_mask shape of \(2, 5\)"),
        (lambda m, x: m(x, x, x, attn_mask=mg.zeros(4, 5)), RuntimeError, r"is \(4, 5\), but should be \(5, 5\)"),
        (lambda m, x: m(x, x, x, attn_mask=mg.zeros(5)), RuntimeError, "2-D or 3-D but found 1-D"),
        (lambda m, x: m(x, x, x, attn_mask=mg.zeros(5, 5, dtype=mg.int64)), TypeError, "only bool and floating"),
        (lambda m, x: m(x, x, x, is_causal=True), RuntimeError, "Need attn_mask"),
        (lambda m, x: m(x[..., :4], x, x), RuntimeError, "expecting embedding dimension of 8, but got 4"),
        (lambda m, x: mg.nn.TransformerEncoderLayer(8, 2, activation="sin"), RuntimeError, "relu/gelu, not sin"),
    ],
)
def test_what_is_refused(call, kind, text):
    with pytest.raises(kind, match=text):
        call(mg.nn.MultiheadAttention(8, 2), mg.zeros(5, 2, 8))
