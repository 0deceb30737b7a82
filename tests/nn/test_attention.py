"""Attention against the formula written out, and against finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812
from minigrad._native import lib

pytestmark = pytest.mark.native

attend = F.scaled_dot_product_attention


def draw(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def slow(q, k, v, mask=None, causal=False, scale=None):
    """Row by row in float64; a row that sees no key is zeros."""
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = scale * (q.astype(float) @ np.swapaxes(k.astype(float), -1, -2))
    if causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -np.inf)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    top = scores.max(-1, keepdims=True, initial=-np.inf)
    e = np.exp(scores - np.where(np.isneginf(top), 0, top))
    total = e.sum(-1, keepdims=True)
    return np.divide(e, total, out=np.zeros_like(e), where=total > 0) @ v.astype(float)


@given(
    st.integers(1, 40), st.integers(1, 70), st.integers(1, 40), st.integers(1, 40), st.booleans(),
    st.sampled_from(["float32", "float64"]),
)  # fmt: skip
def test_any_extents(queries, keys, depth, width, causal, dtype):
    q, k, v = (
        draw(2, queries, depth, dtype=dtype),
        draw(2, keys, depth, seed=1, dtype=dtype),
        draw(2, keys, width, seed=2, dtype=dtype),
    )
    got = attend(mg.tensor(q), mg.tensor(k), mg.tensor(v), is_causal=causal).numpy()
    assert got.dtype == dtype
    # Scores are of size sqrt(depth) at most a few times; a weight's relative error is that of its score.
    tolerance = (depth + keys + 40) * np.finfo(dtype).eps * 10
    np.testing.assert_allclose(got, slow(q, k, v, causal=causal), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("queries", [1, 13, 14, 57, 130])
def test_gradients_are_those_of_the_plain_route(queries, causal):
    keys, depth, width = 90, 5, 7
    arrays = [draw(2, 3, queries, depth), draw(2, 3, keys, depth, seed=1), draw(2, 3, keys, width, seed=2)]
    weight = mg.tensor(draw(2, 3, queries, width, seed=3))
    grads = []
    for plain in (False, True):
        three = [mg.tensor(a, requires_grad=True) for a in arrays]
        out = attend(*three, is_causal=causal)
        made = mg.grad((out * weight).sum(), three, create_graph=plain)
        grads.append([g.detach().numpy() for g in made])
    for fused, plain in zip(*grads, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("kind", ["none", "causal", "bool", "float", "row"])
def test_gradients_against_differences(kind):
    arrays = [mg.tensor(draw(2, 4, 3), requires_grad=True), mg.tensor(draw(2, 5, 3, seed=1), requires_grad=True)]
    arrays.append(mg.tensor(draw(2, 5, 2, seed=2), requires_grad=True))
    mask = {
        "bool": mg.tensor(draw(4, 5, seed=3) > -0.5),
        "float": mg.tensor(draw(2, 4, 5, seed=3)),
        "row": mg.tensor(draw(5, seed=3)),
    }.get(kind)
    assert mg.autograd.gradcheck(lambda q, k, v: attend(q, k, v, mask, is_causal=kind == "causal"), arrays)


@pytest.mark.parametrize("shape", [(6, 9), (9,), (1, 9), (6, 1), (2, 3, 6, 9), (2, 1, 6, 9), (3, 1, 9)])
@pytest.mark.parametrize("boolean", [False, True])
def test_masks_that_broadcast(shape, boolean):
    q, k, v = draw(2, 3, 6, 4), draw(2, 3, 9, 4, seed=1), draw(2, 3, 9, 5, seed=2)
    mask = draw(*shape, seed=4)
    mask = mask > -0.3 if boolean else mask
    got = attend(mg.tensor(q), mg.tensor(k), mg.tensor(v), mg.tensor(mask)).numpy()
    np.testing.assert_allclose(got, slow(q, k, v, mask), rtol=1e-12, atol=1e-13)


def test_a_mask_may_want_a_gradient():
    q, k, v = (mg.tensor(draw(1, 3, 2, seed=i)) for i in range(3))
    mask = mg.tensor(draw(3, 3, seed=5), requires_grad=True)
    assert mg.autograd.gradcheck(lambda m: attend(q, k, v, m), [mask])


def test_a_query_that_sees_no_key_gets_zeros_and_gives_no_gradient():
    three = [mg.tensor(draw(1, 3, 4, seed=i), requires_grad=True) for i in range(3)]
    mask = mg.tensor(np.array([[True, True, False], [False, False, False], [True, False, True]]))
    out = attend(*three, mask)
    assert (out.detach().numpy()[0, 1] == 0).all()
    out.sum().backward()
    assert (three[0].grad.numpy()[0, 1] == 0).all()
    assert all(np.isfinite(t.grad.numpy()).all() for t in three)


def test_strided_and_broadcast_inputs_are_read_where_they_lie():
    x = draw(2, 7, 3, 8)  # batch, time, heads, depth: what a projection gives
    q = mg.tensor(x).transpose(1, 2)
    k = mg.tensor(draw(1, 1, 7, 8, seed=1)).expand(2, 3, 7, 8)
    v = mg.tensor(draw(7, 8, seed=2))
    got = attend(q, k, v, is_causal=True).numpy()
    np.testing.assert_allclose(got, slow(q.numpy(), k.numpy(), v.numpy(), causal=True), rtol=1e-12, atol=1e-13)
    backwards = mg.tensor(np.ascontiguousarray(x[..., ::-1])).flip(-1).transpose(1, 2)
    np.testing.assert_array_equal(attend(backwards, backwards, backwards).numpy(), attend(q, q, q).numpy())


@pytest.mark.parametrize(
    "shapes", [((2, 0, 4), (2, 5, 4)), ((2, 3, 4), (2, 0, 4)), ((0, 3, 4), (0, 5, 4)), ((3, 0), (5, 0))]
)
def test_empty_extents(shapes):
    q, k = (mg.tensor(np.zeros(s), requires_grad=True) for s in shapes)
    out = attend(q, k, k)
    assert out.shape == (*q.shape[:-1], k.shape[-1]) and not out.detach().numpy().any()
    out.sum().backward()
    assert q.grad.shape == q.shape and k.grad.shape == k.shape


def test_scale_and_shared_heads():
    q, k, v = draw(1, 4, 5, 3), draw(1, 2, 6, 3, seed=1), draw(1, 2, 6, 3, seed=2)
    got = attend(mg.tensor(q), mg.tensor(k), mg.tensor(v), scale=0.3, enable_gqa=True).numpy()
    np.testing.assert_allclose(got, slow(q, k.repeat(2, 1), v.repeat(2, 1), scale=0.3), rtol=1e-12)


def test_dropout_zeroes_weights_and_keeps_the_mean():
    mg.manual_seed(0)
    q, v = mg.zeros(1, 2000, 1, dtype=mg.float64), mg.ones(1, 64, 1, dtype=mg.float64)
    out = attend(q, mg.zeros(1, 64, 1, dtype=mg.float64), v, dropout_p=0.25).numpy()
    # 64 weights of 1/64 each kept with probability 3/4: deviation sqrt(1/3 / 64) per row.
    assert abs(out.mean() - 1) < 5 * math.sqrt(1 / 3 / 64 / 2000) and out.std() > 0.05
    assert not attend(q, mg.zeros(1, 64, 1, dtype=mg.float64), v, dropout_p=1.0).numpy().any()


def test_nan_stays_in_its_row():
    q, k, v = draw(1, 5, 4), draw(1, 6, 4, seed=1), draw(1, 6, 4, seed=2)
    q[0, 2, 1] = np.nan
    out = attend(mg.tensor(q), mg.tensor(k), mg.tensor(v)).numpy()
    assert np.isnan(out[0, 2]).all() and np.isfinite(np.delete(out[0], 2, 0)).all()


def test_what_backward_needs_may_not_change_and_the_output_may():
    q, k = (mg.tensor(draw(1, 3, 2, seed=i), requires_grad=True) for i in range(2))
    total = attend(q, k, k).sum()
    total.backward(retain_graph=True)
    first, q.grad = q.grad.numpy(), None
    out = attend(q, k, k)
    total = out.sum()
    out.detach().add_(1.0)
    total.backward()
    assert (q.grad.numpy() == first).all()
    total = attend(q, k, k).sum()
    k.detach().add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        total.backward()


def test_a_query_of_one_key_has_no_gradient():
    # The softmax of one score is 1 whatever the score is.
    q, k, v = (mg.tensor(draw(4, 3, 6, 8, seed=i, dtype=np.float32)).requires_grad_() for i in range(3))
    out = attend(q, k, v, is_causal=True)
    out.backward(mg.tensor(draw(4, 3, 6, 8, seed=3, dtype=np.float32)))
    assert not q.grad.numpy()[..., 0, :].any() and q.grad.numpy()[..., 1:, :].all()


def test_large_scores_cost_the_gradients_no_digits():
    # A score of size s is rounded by s eps, and so is, relatively, every weight and what is made of it.
    arrays = [draw(4, 30, 8, seed=i, dtype=np.float32) * scale for i, scale in enumerate((9, 9, 1, 1))]
    found = []
    for dtype in (np.float32, np.float64):
        q, k, v = three = [mg.tensor(x.astype(dtype)).requires_grad_() for x in arrays[:3]]
        attend(q, k, v).backward(mg.tensor(arrays[3].astype(dtype)))
        found.append([t.grad.numpy() for t in three])
    largest = np.abs(arrays[0] @ np.swapaxes(arrays[1], 1, 2)).max() / math.sqrt(8)
    for got, want in zip(*found, strict=True):
        assert np.abs(got - want).max() <= largest * np.finfo(np.float32).eps * np.abs(want).max()


def test_large_scores_do_not_overflow():
    q = np.full((1, 2, 2), 1e4, np.float32)
    assert attend(mg.tensor(q), mg.tensor(q), mg.tensor(q)).tolist() == [[[1e4, 1e4]] * 2]


def test_the_same_bits_for_any_number_of_threads():
    before, results = mg.get_num_threads(), []
    arrays = [draw(4, 100, 16, seed=i, dtype=np.float32) for i in range(3)]
    try:
        for threads in (1, 2, 3):
            mg.set_num_threads(threads)
            three = [mg.tensor(a, requires_grad=True) for a in arrays]
            out = attend(*three, is_causal=True)
            out.sum().backward()
            results.append([out.detach().numpy().tobytes(), *[t.grad.numpy().tobytes() for t in three]])
    finally:
        mg.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_c_refuses_rows_that_overlap():
    from minigrad._native import NULL, pointer

    x, at, out = np.zeros((3, 4)), np.zeros(1, np.int64), np.zeros((3, 5))
    heads = (pointer(x), pointer(at), 3)
    status = lib.mg_attention_f64(
        1, 3, 3, 4, 4, *heads, *heads, *heads, NULL, NULL, 0, 0, 1.0, pointer(out), pointer(out)
    )
    assert status == lib.MG_ERR_ARGUMENT


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda q: (q, mg.zeros(1, 3, 5), q), RuntimeError, "same extent in their last dimension"),
        (lambda q: (q, q, mg.zeros(1, 4, 4)), RuntimeError, "same number of rows"),
        (lambda q: (q, mg.zeros(2, 3, 4), mg.zeros(3, 3, 4)), RuntimeError, "must broadcast together"),
        (lambda q: (q, q, q, mg.zeros(2, 2)), RuntimeError, "must broadcast together"),
        (lambda q: (q, q, q, mg.zeros(3, 3, dtype=mg.float64)), RuntimeError, "attn_mask dtype"),
        (lambda q: (q, q, q.double()), RuntimeError, "same floating-point dtype"),
        (lambda q: (q[0, 0], q, q), RuntimeError, "at least 2 dimensional"),
        (lambda q: (q, q, q, mg.zeros(3, 3), 0.0, True), RuntimeError, "should not be set when is_causal"),
        (lambda q: (q, q, q, None, 1.5), ValueError, "between 0 and 1"),
    ],
)  # fmt: skip
def test_what_attention_refuses(make, kind, text):
    with pytest.raises(kind, match=text):
        attend(*make(mg.zeros(1, 3, 4)))


def test_heads_that_do_not_divide():
    with pytest.raises(RuntimeError, match="must divide"):
        attend(mg.zeros(1, 4, 3, 2), mg.zeros(1, 3, 3, 2), mg.zeros(1, 3, 3, 2), enable_gqa=True)
