"""Recurrent layers along a sequence, forward and backward in one call of C each.

The inputs of all steps are projected at once, by the affine layer; what is left is the
product with the state, step by step (``csrc/nn/rnn.c``), and its weights' gradient, one
product over all steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad._native import NULL, check_status, lib, pointer
from minigrad.nn import _array
from minigrad.nn._graph import Node, once
from minigrad.nn._ops.join import chunk, stack
from minigrad.nn._ops.linear import linear
from minigrad.nn._ops.matmul import matmul
from minigrad.nn._tensor import Tensor, fresh, results

__all__: list[str] = []

KINDS = {"RNN_TANH": lib.MG_RNN_TANH, "RNN_RELU": lib.MG_RNN_RELU, "LSTM": lib.MG_LSTM, "GRU": lib.MG_GRU}
GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


def _maybe(array: np.ndarray | None, writable: bool = False) -> Any:
    return NULL if array is None else pointer(array, writable)


class Recurrence(Node):
    """out_t, the states of a layer; the last state, and the last cell of an LSTM."""

    kind: str
    reverse: bool
    gates: np.ndarray | None
    extra: np.ndarray | None

    def backward(self, *grads: Any) -> tuple[Any, ...]:
        """Back through the steps; then the weights' gradient from all of them at once."""
        once(self)
        x, h0, c0, w, bias = self.saved
        out = self.output_at(0)._data
        steps, batch, hidden = out.shape
        dtype, lstm = out.dtype, self.kind == "LSTM"
        dx = _array.empty(x.shape, dtype)
        dp = _array.empty(x.shape, dtype) if self.kind == "GRU" else None
        dout = _array.zeros(out.shape, dtype) if grads[0] is None else _array.contiguous(grads[0]._data)
        dh, dc = (_start(grad, (batch, hidden), dtype) for grad in (grads[1], grads[2] if lstm else None))
        first = _array.contiguous(h0._data)
        function = lib.mg_rnn_backward_f32 if dtype.itemsize == 4 else lib.mg_rnn_backward_f64
        status = function(
            KINDS[self.kind],
            *(steps, batch, hidden, self.reverse),
            pointer(first),
            _maybe(None if c0 is None else _array.contiguous(c0._data)),
            pointer(_array.contiguous(w._data)),
            *(pointer(out), _maybe(self.gates), _maybe(self.extra), pointer(dout)),
            *(pointer(dx, True), _maybe(dp, True), pointer(dh, True), pointer(dc, True) if lstm else NULL),
        )
        check_status(status, self.kind)
        to_p = (dx if dp is None else dp).reshape(steps * batch, x.shape[-1])
        before = _array.empty(out.shape, dtype)
        if steps:
            before[-1 if self.reverse else 0] = first
            if self.reverse:
                before[:-1] = out[1:]
            else:
                before[1:] = out[:-1]
        dw: Any = matmul(fresh(to_p.T), fresh(before.reshape(steps * batch, hidden)))
        db: Any = fresh(to_p).sum(0) if bias is not None else None
        return fresh(dx), fresh(dh), fresh(dc) if lstm else None, dw, db


def _start(grad: Tensor | None, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """Return a copy of a gradient, or zeros."""
    out = _array.zeros(shape, dtype)
    if grad is not None:
        np.copyto(out, grad._data)
    return out


def recur(
    kind: str, x: Tensor, h0: Tensor, c0: Tensor | None, w: Tensor, bias: Tensor | None, reverse: bool
) -> tuple[Tensor, ...]:
    """Return the states after all steps, the last state and an LSTM's last cell.

    `x` (steps, batch, gates * hidden) are the projected inputs with their bias.
    """
    steps, batch, wide = x.shape
    hidden = h0.shape[-1]
    dtype, lstm = x._data.dtype, kind == "LSTM"
    out = _array.empty((steps, batch, hidden), dtype)
    plain = GATES[kind] == 1
    gates = None if plain else _array.empty((steps, batch, wide), dtype)
    extra = None if plain else _array.empty((steps, batch, hidden), dtype)
    function = lib.mg_rnn_f32 if dtype.itemsize == 4 else lib.mg_rnn_f64
    status = function(
        KINDS[kind],
        *(steps, batch, hidden, reverse),
        *(pointer(_array.contiguous(x._data)), pointer(_array.contiguous(h0._data))),
        _maybe(None if c0 is None else _array.contiguous(c0._data)),
        pointer(_array.contiguous(w._data)),
        _maybe(None if bias is None else _array.contiguous(bias._data)),
        *(pointer(out, True), _maybe(gates, True), _maybe(extra, True)),
    )
    check_status(status, kind)
    last = 0 if reverse else steps - 1
    datas = [out, out[last].copy()]
    if lstm:
        assert extra is not None
        datas.append(extra[last].copy())
    inputs = tuple(fresh(np.zeros((), dtype)) if t is None else t for t in (x, h0, c0, w, bias))
    saved = (x, h0, c0, w, bias)
    return results(
        datas, Recurrence, inputs, saved, save_outputs=True, kind=kind, reverse=reverse, gates=gates, extra=extra
    )


def layer(
    kind: str, x: Tensor, h0: Tensor, c0: Tensor | None, weights: tuple[Any, ...], reverse: bool
) -> tuple[Tensor, ...]:
    """Project the inputs (steps, batch, features) and run one direction of one layer over them."""
    w_x, w_h, *biases = weights
    b_x, b_h = biases if biases else (None, None)
    return recur(kind, linear(x, w_x, b_x), h0, c0, w_h, b_h, reverse)


def projected(x: Tensor, h: Tensor, c: Tensor, weights: tuple[Any, ...], reverse: bool) -> tuple[Tensor, ...]:
    """Run one direction of an LSTM whose states are projected, ``h_t = W_hr (o tanh(c_t))``, in tensor operations."""
    w_x, w_h, *biases, w_r = weights
    b_x, b_h = biases if biases else (None, None)
    p: Any = linear(x, w_x, b_x)
    states: list[Any] = [None] * p.shape[0]
    for t in reversed(range(len(states))) if reverse else range(len(states)):
        i, f, g, o = chunk(p[t] + linear(h, w_h, b_h), 4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = states[t] = linear(o.sigmoid() * c.tanh(), w_r)
    return stack(states), h, c
