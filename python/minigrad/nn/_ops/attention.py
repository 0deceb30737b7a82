"""Scaled dot-product attention.

Forward and backward are one call of C each and never hold all scores at once; the
derivation is in ``csrc/nn/attention.inc``. Dropout, a mask that wants a gradient and second
derivatives take the plain route: products and a softmax.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minigrad._native import NULL, check_status, lib, pointer
from minigrad.nn import _array
from minigrad.nn._errors import dtype_error, shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._ops.dropout import dropout
from minigrad.nn._ops.matmul import matmul
from minigrad.nn._pointwise import tensor_only
from minigrad.nn._tensor import Tensor, fresh, result

__all__ = ["scaled_dot_product_attention"]

_NAME = "scaled_dot_product_attention"


class _Heads(NamedTuple):
    """Matrices of every head in one array: its pointer, where each begins, and the distance of rows."""

    array: np.ndarray
    starts: np.ndarray
    stride: int

    def arguments(self) -> tuple[Any, Any, int]:
        return pointer(self.array), pointer(self.starts), self.stride


def _starts(array: np.ndarray, lead: tuple[int, ...]) -> np.ndarray:
    """Return where the matrix of each unit of `lead` begins, in elements."""
    starts = np.zeros((), np.int64)
    for extent, stride in zip(lead, array.strides[:-2], strict=True):
        starts = np.add.outer(starts, np.arange(extent, dtype=np.int64) * (stride // array.itemsize))
    return np.ascontiguousarray(starts).reshape(-1)


def _flat(array: np.ndarray) -> np.ndarray:
    """Return the memory of a strided array with positive strides as one contiguous vector."""
    size = 1 + sum((n - 1) * (s // array.itemsize) for n, s in zip(array.shape, array.strides, strict=True))
    return np.lib.stride_tricks.as_strided(array, (size if array.size else 0,), (array.itemsize,), writeable=False)


def _heads(array: np.ndarray, lead: tuple[int, ...]) -> _Heads:
    """Find the matrices of an array broadcast to ``lead + its last two extents``; copy it if its rows have gaps."""
    rows, cols = array.shape[-2:]
    size, steps = array.itemsize, array.strides
    fits = all(step >= 0 and step % size == 0 for step in steps) and array.flags.aligned
    if not (fits and (cols <= 1 or steps[-1] == size) and (rows <= 1 or steps[-2] >= cols * size)):
        array = _array.contiguous(np.ascontiguousarray(array))
    stride = max(array.strides[-2] // size, cols) if rows > 1 else cols
    memory = _flat(array)
    return _Heads(memory, _starts(np.broadcast_to(array, (*lead, rows, cols)), lead), stride)


class Attention(Node):
    """O = softmax(scale Q K' + M) V by rows."""

    lead: tuple[int, ...]
    causal: bool
    scale: float
    stats: np.ndarray
    mask: Tensor | None

    def name(self) -> str:
        return "ScaledDotProductFlashAttentionForCpuBackward0"

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Gradients by the blocks of rows that the forward pass made, made again."""
        q, k, v = self.saved
        if mode.enabled:
            return _plain_gradients(grad, q, k, v, self.mask, self.causal, self.scale)
        dtype, lead = q._data.dtype, self.lead
        rows, keys, depth, width = q.shape[-2], k.shape[-2], q.shape[-1], v.shape[-1]
        shapes = ((rows, depth), (keys, depth), (keys, width))
        made = [_array.empty((*lead, *shape), dtype) for shape in shapes]
        given = [_heads(tensor._data, lead) for tensor in (q, k, v)]
        masked = _mask_heads(self.mask, lead, rows, keys)
        function = lib.mg_attention_backward_f32 if dtype.itemsize == 4 else lib.mg_attention_backward_f64
        status = function(
            math.prod(lead),
            *(rows, keys, depth, width),
            *given[0].arguments(),
            *given[1].arguments(),
            *given[2].arguments(),
            *((NULL, NULL, 0) if masked is None else masked.arguments()),
            self.causal,
            self.scale,
            pointer(self.stats),
            pointer(_array.contiguous(grad._data)),
            *(pointer(array, True) for array in made),
        )
        check_status(status, _NAME)
        return tuple(fresh(array) for array in made)


def _plain_gradients(grad: Any, q: Any, k: Any, v: Any, mask: Any, causal: bool, scale: float) -> tuple[Any, ...]:
    """Return the gradients in operations that can be differentiated again."""
    share = _shares(q, k, mask, causal, scale)
    to_share = matmul(grad, v.transpose(-2, -1))
    to_scores = share * (to_share - (share * to_share).sum(-1, keepdim=True)) * scale
    return (
        matmul(to_scores, k),
        matmul(to_scores.transpose(-2, -1), q),
        matmul(share.transpose(-2, -1), grad),
    )


def _below_diagonal(rows: int, keys: int) -> Tensor:
    return fresh(np.tri(rows, keys, dtype=np.bool_))


def _shares(q: Any, k: Any, mask: Any, causal: bool, scale: float) -> Any:
    """Return the softmax of the scores; a row that sees no key is 0."""
    scores = matmul(q * scale, k.transpose(-2, -1))
    if causal:
        hidden = fresh(~_below_diagonal(q.shape[-2], k.shape[-2])._data)
        scores = scores.masked_fill(hidden, -math.inf)
    if mask is not None:
        scores = scores + mask
    blind = np.isneginf(scores._data).all(-1, keepdims=True)
    share = scores.softmax(-1)
    if blind.any():
        share = share.masked_fill(fresh(np.broadcast_to(blind, share._data.shape)), 0.0)
    return share


def _mask_heads(mask: Tensor | None, lead: tuple[int, ...], rows: int, keys: int) -> _Heads | None:
    if mask is None:
        return None
    data = mask._data
    data = data.reshape((1,) * (2 - data.ndim) + data.shape)
    if data.shape[-1] != keys:
        data = np.broadcast_to(data, (*data.shape[:-1], keys))
    one_row = data.shape[-2] == 1 or data.strides[-2] == 0
    found = _heads(data[..., :1, :] if one_row else data, lead)
    return found._replace(stride=0) if one_row else found


def _as_mask(mask: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """Return a mask that is added to the scores: of a boolean one, 0 where it is True and -inf elsewhere."""
    data = mask._data
    if data.dtype.kind != "b":
        return mask
    out = _array.empty(data.shape, dtype)
    out.fill(-math.inf)
    np.copyto(out, 0.0, where=data)
    return fresh(out)


def _check(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> None:
    q, k, v = (tensor_only(_NAME, tensor)._data for tensor in (query, key, value))
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise shape_error(_NAME, "Expected query, key, and value to all be  at least 2 dimensional", query, key, value)
    if not q.dtype == k.dtype == v.dtype or q.dtype.kind != "f":
        raise dtype_error(
            _NAME, "Expected query, key, and value to have the same floating-point dtype", query, key, value
        )
    if q.shape[-1] != k.shape[-1]:
        raise shape_error(_NAME, "query and key must have the same extent in their last dimension", query, key)
    if k.shape[-2] != v.shape[-2]:
        raise shape_error(_NAME, "key and value must have the same number of rows", key, value)
    if mask is not None:
        kind = tensor_only(_NAME, mask)._data.dtype
        if kind.kind != "b" and kind != q.dtype:
            raise dtype_error(
                _NAME, "Expected attn_mask dtype to be bool or float or to match query dtype", query, mask
            )


def _share_heads(query: Any, key: Any, value: Any) -> tuple[Any, Any]:
    """Repeat the heads of key and value until there are as many as the query has."""
    heads = query.shape[-3]
    out = []
    for name, tensor in (("key", key), ("value", value)):
        have = tensor.shape[-3]
        if have == 0 or heads % have:
            raise shape_error(
                _NAME, f"with enable_gqa the number of heads in {name} must divide that in query", query, tensor
            )
        out.append(tensor.repeat_interleave(heads // have, -3) if have != heads else tensor)
    return out[0], out[1]


def _fused(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, causal: bool, scale: float) -> Tensor:
    """Return the attention of tensors with the same leading extents, in one call of C."""
    dtype, lead = query._data.dtype, query.shape[:-2]
    rows, keys, depth, width = query.shape[-2], key.shape[-2], query.shape[-1], value.shape[-1]
    out, stats = _array.empty((*lead, rows, width), dtype), _array.empty((*lead, rows, 2), dtype)
    given = [_heads(tensor._data, lead) for tensor in (query, key, value)]
    masked = _mask_heads(mask, lead, rows, keys)
    function = lib.mg_attention_f32 if dtype.itemsize == 4 else lib.mg_attention_f64
    status = function(
        math.prod(lead),
        *(rows, keys, depth, width),
        *given[0].arguments(),
        *given[1].arguments(),
        *given[2].arguments(),
        *((NULL, NULL, 0) if masked is None else masked.arguments()),
        causal,
        scale,
        pointer(out, True),
        pointer(stats, True),
    )
    check_status(status, _NAME)
    three = (query, key, value)
    kept: dict[str, Any] = {
        "lead": lead,
        "causal": causal,
        "scale": scale,
        "stats": stats,
        "mask": mask,
    }
    return result(out, Attention, three, saved=three, **kept)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Return ``softmax(scale query @ key' + mask) @ value``.

    Parameters
    ----------
    query : Tensor of shape (*, L, E)
    key : Tensor of shape (*, S, E)
    value : Tensor of shape (*, S, Ev)
    attn_mask : Tensor that broadcasts to (*, L, S), optional
        Of booleans, True where a query may see a key, or of floats, added to the scores.
    dropout_p : float, default 0.0
        Probability with which a weight is zeroed; always applied if positive.
    is_causal : bool, default False
        Query i sees the keys 0 to i alone.
    scale : float, optional
        Default: ``1 / sqrt(E)``.
    enable_gqa : bool, default False
        Let several heads of `query` share one of `key` and `value`.

    Returns
    -------
    Tensor of shape (*, L, Ev)

    Raises
    ------
    RuntimeError
        If shapes or element types do not fit, or both a mask and `is_causal` are given.
    ValueError
        If `dropout_p` is not from 0 to 1.

    Notes
    -----
    The scores exist a block of rows at a time, forward and, made again, backward. A query that
    sees no key gets zeros.

    Examples
    --------
    >>> import minigrad as mg
    >>> q = mg.zeros(1, 2, 4)
    >>> v = mg.tensor([[[1.0], [3.0]]])
    >>> mg.nn.functional.scaled_dot_product_attention(q, q, v).tolist()
    [[[2.0], [2.0]]]
    >>> mg.nn.functional.scaled_dot_product_attention(q, q, v, is_causal=True).tolist()
    [[[1.0], [2.0]]]
    """
    _check(query, key, value, attn_mask)
    if not 0.0 <= dropout_p <= 1.0:
        raise ValueError(f"{_NAME}: dropout probability has to be between 0 and 1; got {dropout_p}")
    if attn_mask is not None and is_causal:
        raise RuntimeError(f"{_NAME}: Explicit attn_mask should not be set when is_causal=True")
    if enable_gqa and min(t._data.ndim for t in (query, key, value)) >= 3:
        key, value = _share_heads(query, key, value)
    size = query.shape[-1]
    factor = (1.0 / math.sqrt(size) if size else 1.0) if scale is None else float(scale)
    try:
        lead = np.broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
        full = (*lead, query.shape[-2], key.shape[-2])
        if attn_mask is not None and np.broadcast_shapes(attn_mask.shape, full) != full:
            raise ValueError
    except ValueError:
        given = (query, key, value) if attn_mask is None else (query, key, value, attn_mask)
        raise shape_error(_NAME, "leading extents, and the mask's shape, must broadcast together", *given) from None
    three: list[Any] = [t if t.shape[:-2] == lead else t.expand((*lead, *t.shape[-2:])) for t in (query, key, value)]
    mask = None if attn_mask is None else _as_mask(attn_mask, query._data.dtype)
    if dropout_p > 0.0 or (mask is not None and mask._requires and mode.enabled):
        share = _shares(three[0], three[1], mask, is_causal, factor)
        return matmul(dropout(share, dropout_p, True) if dropout_p > 0.0 else share, three[2])
    return _fused(three[0], three[1], three[2], mask, is_causal, factor)
