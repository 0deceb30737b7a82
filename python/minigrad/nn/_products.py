"""Matrix products of arrays where they lie: the way from strided operands to the C core."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad._native import check_status, ffi, lib, pointer, product
from minigrad.nn import _array

__all__ = ["batched", "multiply", "rows_add"]

_F32, _F64, _I64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)
_POINTERS = {kind: ffi.typeof(f"{name} *") for kind, name in ((_F32, "float"), (_F64, "double"))}
_ZERO = np.zeros(1, np.int64)
_cast = ffi.cast


def multiply(op: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``a b`` for matrices, or batches of them whose leading dimensions broadcast.

    The operands have one element type, at least two dimensions, and inner extents that agree.
    """
    if a.ndim == 2 and b.ndim == 2 and a.dtype.kind == "f":
        out = _array.empty((a.shape[0], b.shape[1]), a.dtype)
        if product(a, b, out):
            check_status(product(_array.contiguous(a), _array.contiguous(b), out), op)
        return out
    if a.dtype.kind != "f":
        return _integers(a, b)
    if b.ndim == 2 and a.flags.c_contiguous:
        # One product of all rows at once.
        rows = math.prod(a.shape[:-1])
        return multiply(op, a.reshape(rows, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[1])
    return batched(op, a, b)


def _layout(x: np.ndarray) -> tuple[int, Any, int, np.ndarray]:
    """Return how C addresses the matrices of `x`: transposed or not, where, leading dimension, and their array."""
    rows, cols = x.shape[-2:]
    size = x.itemsize
    down, across = x.strides[-2:]
    plain = (cols <= 1 or across == size) and (rows <= 1 or (down >= cols * size and down % size == 0))
    if plain:
        trans, ld = 0, (down // size if rows > 1 else max(cols, 1))
    elif (rows <= 1 or down == size) and (cols <= 1 or (across >= rows * size and across % size == 0)):
        trans, ld = 1, (across // size if cols > 1 else max(rows, 1))
    else:
        trans, ld, x = 0, max(cols, 1), _array.contiguous(x)
    if not x.flags.aligned or any(n < 0 or n % size for n in x.strides[:-2]):
        return _layout(np.array(x, order="C"))
    start = pointer(x) if x.flags.c_contiguous else _cast(_POINTERS[x.dtype], x.ctypes.data)
    return trans, start, ld, x


def _offsets(x: np.ndarray, batch: tuple[int, ...]) -> np.ndarray:
    """Return for each product of the batch, in order, how many elements into `x` its matrix begins."""
    lead = x.shape[:-2]
    if not lead:
        return np.zeros(math.prod(batch), np.int64)
    lead = (1,) * (len(batch) - len(lead)) + lead
    strides = (0,) * (len(batch) - x.ndim + 2) + x.strides[:-2]
    at = _ZERO
    for extent, have, stride in zip(batch, lead, strides, strict=True):
        step = stride // x.itemsize if have != 1 else 0
        at = (at[:, None] + np.arange(extent, dtype=np.int64) * step).reshape(-1)
    return at


def batched(op: str, a: np.ndarray, b: np.ndarray, into: np.ndarray | None = None) -> np.ndarray:
    """Return the products of two batches of matrices; with `into` (contiguous), add them to it."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    m, k, n = *a.shape[-2:], b.shape[-1]
    out = _array.empty((*batch, m, n), a.dtype) if into is None else into
    if out.size == 0:
        return out
    trans_a, start_a, lda, a = _layout(a)
    trans_b, start_b, ldb, b = _layout(b)
    a_at, b_at = _offsets(a, batch), _offsets(b, batch)
    function = lib.mg_bmm_f32 if a.dtype == _F32 else lib.mg_bmm_f64
    status = function(
        trans_a, trans_b, a_at.size, m, n, k, start_a, lda, pointer(a_at), start_b, ldb, pointer(b_at),
        0.0 if into is None else 1.0, pointer(out),
    )  # fmt: skip
    check_status(status, op)
    return out


def _integers(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    m, k, n = *a.shape[-2:], b.shape[-1]
    x, y = (_array.contiguous(operand.astype(_I64, copy=False)) for operand in (a, b))
    out = _array.empty((*batch, m, n), _I64)
    x_at, y_at = _offsets(x, batch), _offsets(y, batch)
    if out.size:
        lib.mg_bmm_i64(x_at.size, m, n, k, pointer(x), pointer(x_at), pointer(y), pointer(y_at), pointer(out))
    return out.astype(a.dtype, copy=False)


def rows_add(into: np.ndarray, index: np.ndarray, values: np.ndarray, dim: int) -> None:
    """Add ``values[.., i, ..]`` to ``into[.., index[i], ..]`` along `dim`; `into` is contiguous, `index` checked."""
    outer, inner = math.prod(into.shape[:dim]), math.prod(into.shape[dim + 1 :])
    suffix = {_F32: "f32", _F64: "f64", _I64: "i64"}.get(into.dtype)
    target = into if suffix else into.astype(_I64)
    added = _array.contiguous(values.astype(target.dtype, copy=False))
    rows = _array.contiguous(index.astype(_I64, copy=False))
    function = getattr(lib, f"mg_rows_add_{suffix or 'i64'}")
    function(outer, rows.size, inner, into.shape[dim], pointer(rows), pointer(added), pointer(target))
    if target is not into:
        into[...] = target.astype(bool if into.dtype.kind == "b" else into.dtype)
