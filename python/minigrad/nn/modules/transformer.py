"""Transformer layers and stacks of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from minigrad.nn._ops import functions
from minigrad.nn._tensor import Tensor
from minigrad.nn.modules.attention import MultiheadAttention
from minigrad.nn.modules.container import ModuleList
from minigrad.nn.modules.dropout import Dropout
from minigrad.nn.modules.linear import Linear
from minigrad.nn.modules.module import Module
from minigrad.nn.modules.norm import LayerNorm

__all__ = ["TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"]


def _activation(owner: str, given: str | Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    if callable(given):
        return given
    if given not in ("relu", "gelu"):
        raise RuntimeError(f"{owner}: activation should be relu/gelu, not {given}")
    return functions[given]  # type: ignore[no-any-return]


class _Layer(Module):
    """What the encoder's and the decoder's layer share."""

    activation: Callable[[Any], Any]
    dropout: Dropout
    dropout2: Dropout
    linear1: Linear
    linear2: Linear
    norm_first: bool

    def _add(self, x: Any, norm: Module, part: Callable[[Any], Any]) -> Any:
        """Return ``norm(x + part(x))``, or with `norm_first` ``x + part(norm(x))``."""
        return x + part(norm(x)) if self.norm_first else norm(x + part(x))

    def _feed_forward(self, x: Any) -> Any:
        hidden = self.dropout(self.activation(self.linear1(x)))
        last: Any = self.dropout3 if hasattr(self, "dropout3") else self.dropout2
        return last(self.linear2(hidden))


class TransformerEncoderLayer(_Layer):
    """Self-attention and two affine layers, each with a residual connection and a layer norm [1]_.

    Parameters
    ----------
    d_model : int
        Features.
    nhead : int
        Heads.
    dim_feedforward : int, default 2048
        Features between the two affine layers.
    dropout : float, default 0.1
    activation : {"relu", "gelu"} or callable, default "relu"
    layer_norm_eps : float, default 1e-5
    batch_first : bool, default False
        Whether input and output are (batch, steps, features) instead of (steps, batch, features).
    norm_first : bool, default False
        Normalise before attention and affine layers instead of after them.
    bias : bool, default True
    device : optional
        The CPU.
    dtype : dtype, optional

    Raises
    ------
    RuntimeError
        If `activation` is unknown.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.1.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.TransformerEncoderLayer(8, 2, 16)(mg.ones(5, 2, 8)).shape
    (5, 2, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, dtype=dtype)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation = _activation(type(self).__name__, activation)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Any:
        """Return the layer's output.

        Parameters
        ----------
        src : Tensor of shape (steps, batch, d_model), or (steps, d_model)
        src_mask : Tensor of shape (steps, steps), optional
            Pairs that must not see each other (True), or what is added to the scores.
        src_key_padding_mask : Tensor of shape (batch, steps), optional
            Steps to ignore (True).
        is_causal : bool, default False
            Says that `src_mask` is the causal one.

        Returns
        -------
        Tensor
        """

        def attend(x: Any) -> Any:
            out, _ = self.self_attn(
                x, x, x, src_key_padding_mask, need_weights=False, attn_mask=src_mask, is_causal=is_causal
            )
            return self.dropout1(out)

        x = self._add(src, self.norm1, attend)
        return self._add(x, self.norm2, self._feed_forward)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to an encoder's output and two affine layers [1]_.

    Parameters
    ----------
    d_model : int
        Features.
    nhead : int
        Heads.
    dim_feedforward : int, default 2048
        Features between the two affine layers.
    dropout : float, default 0.1
    activation : {"relu", "gelu"} or callable, default "relu"
    layer_norm_eps : float, default 1e-5
    batch_first : bool, default False
        Whether input and output are (batch, steps, features) instead of (steps, batch, features).
    norm_first : bool, default False
        Normalise before attention and affine layers instead of after them.
    bias : bool, default True
    device : optional
        The CPU.
    dtype : dtype, optional

    Raises
    ------
    RuntimeError
        If `activation` is unknown.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.1.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, dtype=dtype)
        self.norm_first = norm_first
        self.norm1, self.norm2, self.norm3 = (
            LayerNorm(d_model, eps=layer_norm_eps, bias=bias, dtype=dtype) for _ in range(3)
        )
        self.dropout1, self.dropout2, self.dropout3 = Dropout(dropout), Dropout(dropout), Dropout(dropout)
        self.activation = _activation(type(self).__name__, activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        """Return the layer's output.

        Parameters
        ----------
        tgt : Tensor of shape (steps, batch, d_model), or (steps, d_model)
        memory : Tensor of shape (keys, batch, d_model), or (keys, d_model)
            The encoder's output.
        tgt_mask, memory_mask : Tensor, optional
            Pairs that must not see each other (True), or what is added to the scores.
        tgt_key_padding_mask, memory_key_padding_mask : Tensor, optional
            Steps to ignore (True).
        tgt_is_causal, memory_is_causal : bool, default False
            Say that a mask is the causal one.

        Returns
        -------
        Tensor
        """

        def attend(x: Any) -> Any:
            out, _ = self.self_attn(
                x, x, x, tgt_key_padding_mask, need_weights=False, attn_mask=tgt_mask, is_causal=tgt_is_causal
            )
            return self.dropout1(out)

        def look(x: Any) -> Any:
            out, _ = self.multihead_attn(
                x,
                memory,
                memory,
                memory_key_padding_mask,
                need_weights=False,
                attn_mask=memory_mask,
                is_causal=memory_is_causal,
            )
            return self.dropout2(out)

        x = self._add(tgt, self.norm1, attend)
        x = self._add(x, self.norm2, look)
        return self._add(x, self.norm3, self._feed_forward)


class TransformerEncoder(Module):
    """Stack of encoder layers.

    Parameters
    ----------
    encoder_layer : Module
        Copied for each layer.
    num_layers : int
    norm : Module, optional
        Applied at the end.
    enable_nested_tensor, mask_check : bool, default True
        Accepted.

    Examples
    --------
    >>> import minigrad as mg
    >>> layer = mg.nn.TransformerEncoderLayer(8, 2, 16)
    >>> mg.nn.TransformerEncoder(layer, 2)(mg.ones(5, 2, 8)).shape
    (5, 2, 8)
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Any:
        """Apply the layers one after another.

        Parameters
        ----------
        src : Tensor
        mask : Tensor, optional
        src_key_padding_mask : Tensor, optional
        is_causal : bool, optional
            Says that `mask` is the causal one.

        Returns
        -------
        Tensor
        """
        x: Any = src
        for layer in self.layers:
            x = layer(x, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=bool(is_causal))
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(Module):
    """Stack of decoder layers.

    Parameters
    ----------
    decoder_layer : Module
        Copied for each layer.
    num_layers : int
    norm : Module, optional
        Applied at the end.
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        self.layers = ModuleList([copy.deepcopy(decoder_layer) for _ in range(num_layers)])
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """Apply the layers one after another.

        Parameters
        ----------
        tgt, memory : Tensor
        tgt_mask, memory_mask : Tensor, optional
        tgt_key_padding_mask, memory_key_padding_mask : Tensor, optional
        tgt_is_causal : bool, optional
        memory_is_causal : bool, default False

        Returns
        -------
        Tensor
        """
        x: Any = tgt
        for layer in self.layers:
            x = layer(
                x,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )
        return x if self.norm is None else self.norm(x)
