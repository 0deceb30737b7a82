"""Attention of several heads as a layer."""

from __future__ import annotations

from typing import Any

from minigrad.nn import init
from minigrad.nn._array import lasting
from minigrad.nn._dtype import get_default_dtype, to_dtype
from minigrad.nn._ops import functions
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules.linear import Linear
from minigrad.nn.modules.module import Module, Parameter

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Attention of several heads [1]_, with its projections.

    Parameters
    ----------
    embed_dim : int
        Features of the query and of the output.
    num_heads : int
        Divides `embed_dim`.
    dropout : float, default 0.0
        Probability of dropout on the weights, in training.
    bias : bool, default True
    add_bias_kv : bool, default False
        Add a learned key and value to the sequence.
    add_zero_attn : bool, default False
        Add a key and a value of zeros.
    kdim, vdim : int, optional
        Features of the key and the value. Default: `embed_dim`.
    batch_first : bool, default False
        Whether input and output are (batch, steps, features) instead of (steps, batch, features).
    device : optional
        The CPU.
    dtype : dtype, optional

    Raises
    ------
    ValueError
        If a size is not positive.
    RuntimeError
        If `num_heads` does not divide `embed_dim`.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2.2.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.ones(5, 2, 8)
    >>> out, weights = mg.nn.MultiheadAttention(8, 4)(x, x, x)
    >>> out.shape, weights.shape
    ((5, 2, 8), (2, 5, 5))
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "MultiheadAttention: embed_dim and num_heads must be greater than 0; "
                f"got embed_dim={embed_dim} and num_heads={num_heads}"
            )
        if embed_dim % num_heads:
            raise RuntimeError(
                f"MultiheadAttention: embed_dim must be divisible by num_heads; got {embed_dim} and {num_heads}"
            )
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim

        def new(*shape: int) -> Parameter:
            kind = get_default_dtype() if dtype is None else to_dtype(dtype)
            return Parameter(fresh(lasting(shape, kind.numpy)))

        same = self._qkv_same_embed_dim
        shapes = {"q_proj_weight": embed_dim, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
        for name, size in shapes.items():
            self.register_parameter(name, None if same else new(embed_dim, size))
        self.register_parameter("in_proj_weight", new(3 * embed_dim, embed_dim) if same else None)
        self.register_parameter("in_proj_bias", new(3 * embed_dim) if bias else None)
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias, dtype=dtype)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, new(1, 1, embed_dim) if add_bias_kv else None)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            if getattr(self, name) is not None:
                init.xavier_uniform_(getattr(self, name))
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.constant_(bias, 0.0)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """Return what the queries attend to, and with what weights.

        Parameters
        ----------
        query, key, value : Tensor of shape (steps, batch, features), or (steps, features)
        key_padding_mask : Tensor of shape (batch, keys), optional
            Keys to ignore (True), or what is added to their scores.
        need_weights : bool, default True
            Return the weights too; without them attention is several times faster.
        attn_mask : Tensor of shape (queries, keys) or (batch * heads, queries, keys), optional
            Pairs that must not see each other (True), or what is added to the scores.
        average_attn_weights : bool, default True
            Return the weights' mean over the heads.
        is_causal : bool, default False
            Says that `attn_mask` is the causal one.

        Returns
        -------
        tuple
            Output of the query's shape; weights (batch, queries, keys), with the heads after the
            batch if they are not averaged, or None.
        """
        turned = self.batch_first and query.ndim == 3
        if turned:
            made = {id(x): functions["transpose"](x, 0, 1) for x in (query, key, value)}
            query, key, value = made[id(query)], made[id(key)], made[id(value)]
        out, weights = functions["multi_head_attention_forward"](
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (functions["transpose"](out, 0, 1) if turned else out), weights
