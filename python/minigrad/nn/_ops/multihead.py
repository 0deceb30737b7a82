"""Attention of several heads at once, with its projections."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.nn._dtype import of_numpy
from minigrad.nn._errors import ShapeError, portrait
from minigrad.nn._ops.attention import scaled_dot_product_attention
from minigrad.nn._ops.dropout import dropout
from minigrad.nn._ops.join import cat
from minigrad.nn._ops.linear import linear
from minigrad.nn._ops.matmul import matmul
from minigrad.nn._tensor import Tensor, fresh

__all__ = ["multi_head_attention_forward"]

_NAME = "multi_head_attention_forward"


def _additive(mask: Any, name: str, dtype: np.dtype[Any]) -> Any:
    """Return a mask to be added to the scores; of a boolean one, -inf where it is True."""
    if mask is None:
        return None
    kind = mask._data.dtype.kind
    if kind == "b":
        return fresh(np.where(mask._data, dtype.type(-math.inf), dtype.type(0)))
    if kind != "f":
        raise TypeError(f"{_NAME}: only bool and floating types of {name} are supported; got {mask.dtype.name}")
    return mask if mask._data.dtype == dtype else mask.to(of_numpy(dtype))


def _check_shapes(query: Any, key: Any, value: Any, padding: Any, mask: Any) -> None:
    if query.ndim not in (2, 3):
        raise ShapeError(
            f"{_NAME}: query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor"
        )
    for name, tensor in (("key", key), ("value", value)):
        if tensor.ndim != query.ndim:
            raise ShapeError(
                f"{_NAME}: for {query.ndim}-D query expected {name} to be {query.ndim}-D but found {tensor.ndim}-D"
            )
    if padding is not None and padding.ndim != query.ndim - 1:
        raise ShapeError(
            f"{_NAME}: for {query.ndim}-D query expected key_padding_mask to be None or {query.ndim - 1}-D "
            f"but found {padding.ndim}-D"
        )
    if mask is not None and mask.ndim not in (2, 3):
        raise ShapeError(f"{_NAME}: expected attn_mask to be None, 2-D or 3-D but found {mask.ndim}-D")


def _check_size(query: Tensor, expected: int, heads: int) -> None:
    size = query._data.shape[-1]
    if size != expected:
        raise ShapeError(f"{_NAME}: was expecting embedding dimension of {expected}, but got {size}: {portrait(query)}")
    if size % heads:
        raise ShapeError(f"{_NAME}: embed_dim {size} not divisible by num_heads {heads}")


def _project(query: Any, key: Any, value: Any, weights: Any, bias: Any) -> tuple[Any, Any, Any]:
    """Return the projected query, key and value; one product for what is the same tensor."""
    packed = isinstance(weights, Tensor)
    size = query.shape[-1]
    if packed and query is key and key is value:
        both: Any = linear(query, weights, bias)
        return both.chunk(3, -1)  # type: ignore[no-any-return]
    three: Any = weights.split(size, 0) if packed else weights
    biases = (None, None, None) if bias is None else bias.chunk(3)
    q, k, v = (linear(x, w, b) for x, w, b in zip((query, key, value), three, biases, strict=True))
    return q, k, v


def _heads(x: Any, heads: int) -> Any:
    """Return (steps, batch, heads * depth) as (batch, heads, steps, depth)."""
    steps, batch, size = x.shape
    return x.reshape((steps, batch, heads, size // heads)).permute((1, 2, 0, 3))


def _keys(x: Any, heads: int, bias: Any, static: Any, zero: bool) -> Any:
    """Return keys or values (steps, batch, features) by heads, or `static` for them, with what is added to them."""
    _, batch, size = x.shape
    if bias is not None:
        x = cat([x, bias.expand((1, batch, size))], 0)
    x = _heads(x, heads) if static is None else static.reshape((batch, heads, -1, size // heads))
    return cat([x, fresh(np.zeros((batch, heads, 1, x.shape[-1]), x._data.dtype))], 2) if zero else x


def _extend(mask: Any, by: int) -> Any:
    """Return a mask with `by` more keys, all of them seen."""
    if mask is None or by == 0:
        return mask
    return cat([mask, fresh(np.zeros((*mask.shape[:-1], by), mask._data.dtype))], -1)


def _joined_mask(mask: Any, padding: Any, batch: int, heads: int, rows: int, keys: int) -> Any:
    """Return both masks as one that broadcasts to (batch, heads, rows, keys), or None."""
    if mask is not None:
        wanted = (rows, keys) if mask.ndim == 2 else (batch * heads, rows, keys)
        if mask.shape != wanted:
            raise ShapeError(
                f"{_NAME}: the shape of the {mask.ndim}D attn_mask is {mask.shape}, but should be {wanted}"
            )
        mask = mask if mask.ndim == 2 else mask.reshape((batch, heads, rows, keys))
    if padding is None:
        return mask
    if padding.shape != (batch, keys):
        raise ShapeError(f"{_NAME}: expecting key_padding_mask shape of {(batch, keys)}, but got {padding.shape}")
    padding = padding.reshape((batch, 1, 1, keys))
    return padding if mask is None else mask + padding


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:
    """Project, attend with several heads, join them and project again; see `minigrad.nn.MultiheadAttention`.

    Parameters
    ----------
    query, key, value : Tensor of shape (steps, batch, features), or (steps, features)
    embed_dim_to_check : int
        Features of the query.
    num_heads : int
    in_proj_weight, in_proj_bias : Tensor, optional
        The three projections' weights, one below the other, and biases.
    bias_k, bias_v : Tensor, optional
        A key and a value that are added to the sequence.
    add_zero_attn : bool
        Add a key and a value of zeros.
    dropout_p : float
        Probability of dropout on the weights, in training.
    out_proj_weight, out_proj_bias : Tensor
    training : bool, default True
    key_padding_mask : Tensor of shape (batch, keys), optional
        Keys to ignore (True), or what is added to their scores.
    need_weights : bool, default True
        Return the weights too, which must then all be held.
    attn_mask : Tensor of shape (queries, keys) or (batch * heads, queries, keys), optional
        Pairs that must not see each other (True), or what is added to the scores.
    use_separate_proj_weight : bool, default False
        Take the three projections from the next three arguments.
    q_proj_weight, k_proj_weight, v_proj_weight : Tensor, optional
    static_k, static_v : Tensor of shape (batch * heads, keys, depth), optional
        Take these instead of the projected ones.
    average_attn_weights : bool, default True
        Return the weights' mean over the heads.
    is_causal : bool, default False
        Says that `attn_mask` is the causal one, which need not be read then.

    Returns
    -------
    tuple
        The output, of the query's shape, and the weights or None.

    Raises
    ------
    RuntimeError
        If shapes do not fit.
    """
    _check_shapes(query, key, value, key_padding_mask, attn_mask)
    if is_causal and attn_mask is None:
        raise RuntimeError(f"{_NAME}: Need attn_mask if specifying the is_causal hint")
    batched = query.ndim == 3
    q, k, v = (query, key, value) if batched else _unsqueezed(query, key, value)
    padding: Any = key_padding_mask if batched or key_padding_mask is None else key_padding_mask.unsqueeze(0)
    rows, batch, size = q.shape
    _check_size(q, embed_dim_to_check, num_heads)
    dtype = q._data.dtype
    weights: Any = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else in_proj_weight
    q, k, v = _project(q, k, v, weights, in_proj_bias)
    one_more = bias_k is not None and bias_v is not None
    more = one_more + bool(add_zero_attn)
    q = _heads(q, num_heads)
    k, v = (
        _keys(x, num_heads, bias if one_more else None, static, add_zero_attn)
        for x, bias, static in ((k, bias_k, static_k), (v, bias_v, static_v))
    )
    # The mask that is only the causal one need not be read, unless keys stand behind it or beside it.
    causal = is_causal and padding is None and not need_weights and more == 0
    mask = None if causal else _extend(_additive(attn_mask, "attn_mask", dtype), more)
    padding = _extend(_additive(padding, "key_padding_mask", dtype), more)
    joined = _joined_mask(mask, padding, batch, num_heads, rows, k.shape[2])
    rate = dropout_p if training else 0.0
    if need_weights:
        out, share = _attend(q, k, v, joined, rate, average_attn_weights)
    else:
        share = None
        out = scaled_dot_product_attention(q, k, v, joined, rate, causal)
    out = linear(out.permute((2, 0, 1, 3)).reshape((rows, batch, size)), out_proj_weight, out_proj_bias)
    if batched:
        return out, share
    return out.squeeze(1), None if share is None else share.squeeze(0)


def _attend(q: Any, k: Any, v: Any, mask: Any, rate: float, average: bool) -> tuple[Any, Any]:
    """Return what the queries see and their weights (batch, heads, rows, keys), or the mean over the heads."""
    scores: Any = matmul(q * (1.0 / math.sqrt(q.shape[-1])), k.transpose(-2, -1))
    share: Any = (scores if mask is None else scores + mask).softmax(-1)
    share = dropout(share, rate, True) if rate > 0.0 else share
    return matmul(share, v), share.mean(1) if average else share


def _unsqueezed(*tensors: Any) -> Any:
    """Return each tensor with a batch of one; the same object for the same object."""
    made: dict[int, Any] = {}
    return tuple(made.setdefault(id(tensor), tensor.unsqueeze(1)) for tensor in tensors)
