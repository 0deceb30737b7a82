"""Rows of a table by number, and numbers as rows of zeros and one 1.

y[...] = W[index[...]]; the gradient of a row is the sum of the gradients of all its uses,
added in their order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad._native import check_status, lib, pointer
from minigrad.nn import _array
from minigrad.nn import _vector as vector
from minigrad.nn._errors import dtype_error, shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._pointwise import tensor_only
from minigrad.nn._tensor import Tensor, fresh, result

__all__ = ["embedding", "one_hot"]


class Embedding(Node):
    """y = W[index]."""

    index: np.ndarray
    rows: int
    padding: int
    by_frequency: bool

    def backward(self, grad: Any) -> tuple[Any]:
        """Gradient: each use's row added to its row of W; none for the padding."""
        index, inner = self.index.reshape(-1), grad.shape[-1]
        if self.by_frequency:
            share = 1.0 / np.maximum(np.bincount(index, minlength=1), 1)[index]
            grad = grad * fresh(share.astype(grad._data.dtype).reshape((*self.index.shape, 1)))
        if mode.enabled or grad._data.dtype.kind != "f":
            if self.padding >= 0:
                grad = grad.masked_fill(
                    fresh(np.broadcast_to((self.index == self.padding)[..., None], grad.shape)), 0.0
                )
            zeros = fresh(_array.zeros((self.rows, inner), grad._data.dtype))
            return (zeros.index_add(0, fresh(index), grad.reshape((index.size, inner))),)
        out = _array.empty((self.rows, inner), grad._data.dtype)
        function = lib.mg_embedding_backward_f32 if out.itemsize == 4 else lib.mg_embedding_backward_f64
        dy = _array.contiguous(grad._data)
        status = function(self.rows, inner, index.size, pointer(index), self.padding, pointer(dy), pointer(out, True))
        check_status(status, "embedding")
        return (fresh(out),)


def _positions(owner: str, input: Tensor, rows: int) -> np.ndarray:
    """Return the indices as contiguous int64; all of them from 0 to ``rows - 1``."""
    index = tensor_only(owner, input)._data
    if index.dtype.kind not in "iu" or index.dtype.itemsize < 4:
        raise dtype_error(owner, "indices must be int64 or int32", input)
    index = index.astype(np.int64, order="C", copy=False)
    if index.size and (int(index.min()) < 0 or int(index.max()) >= rows):
        bad = index[(index < 0) | (index >= rows)][0]
        raise IndexError(f"{owner}: index out of range: indices must be from 0 to {rows - 1}; got {bad}")
    return index


def _shorten(weight: Tensor, index: np.ndarray, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are used and longer than `max_norm` down to it, in place."""
    data = weight._data
    for row in np.unique(index):
        line = _array.contiguous(data[row])
        length = vector.norm([line], float(norm_type), "embedding")
        if length > max_norm:
            vector.scale([line], max_norm / (length + 1e-7), "embedding")
            data[row] = line
    weight._bump()


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Return the rows of a table that stand at some numbers.

    Parameters
    ----------
    input : Tensor of shape (*)
        Numbers of rows, int64 or int32.
    weight : Tensor of shape (V, D)
        The table.
    padding_idx : int, optional
        A row that gets no gradient; negative ones count from the end.
    max_norm : float, optional
        Scale the rows used down to this norm first, in place.
    norm_type : float, default 2.0
        Order of that norm.
    scale_grad_by_freq : bool, default False
        Divide a row's gradient by how often it was used.
    sparse : bool, default False
        Accepted; gradients are dense.

    Returns
    -------
    Tensor of shape (*, D)

    Raises
    ------
    IndexError
        If a number is not one of a row.
    RuntimeError
        If the numbers are not integers or the table is not two-dimensional.
    ValueError
        If `padding_idx` is not one of a row.

    Examples
    --------
    >>> import minigrad as mg
    >>> table = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> mg.nn.functional.embedding(mg.tensor([1, 0, 1]), table).tolist()
    [[3.0, 4.0], [1.0, 2.0], [3.0, 4.0]]
    """
    table = tensor_only("embedding", weight)
    if table._data.ndim != 2:
        raise shape_error("embedding", "'weight' must be 2-D", weight)
    rows = table.shape[0]
    index = _positions("embedding", input, rows)
    if padding_idx is None:
        padding = -1
    elif not -rows <= padding_idx < rows:
        raise ValueError(f"embedding: Padding_idx must be within num_embeddings, {rows}; got {padding_idx}")
    else:
        padding = padding_idx % rows
    if max_norm is not None:
        _shorten(table, index, float(max_norm), norm_type)
    data = _array.empty((*index.shape, table.shape[1]), table._data.dtype)
    if data.dtype.kind == "f":
        function = lib.mg_embedding_f32 if data.itemsize == 4 else lib.mg_embedding_f64
        whole = _array.contiguous(table._data)
        status = function(*table.shape, index.size, pointer(index), pointer(whole), pointer(data, True))
        check_status(status, "embedding")
    else:
        np.take(table._data, index, axis=0, out=data, mode="clip")
    kept: dict[str, Any] = {"index": index, "rows": rows, "padding": padding, "by_frequency": bool(scale_grad_by_freq)}
    return result(data, Embedding, (table,), **kept)


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Return rows of zeros with a 1 at each number.

    Parameters
    ----------
    input : Tensor of shape (*)
        Class numbers, int64.
    num_classes : int, default -1
        Length of a row. Default: one more than the largest number.

    Returns
    -------
    Tensor of shape (*, num_classes)
        int64.

    Raises
    ------
    RuntimeError
        If a number is negative or not below `num_classes`, or the numbers are not int64, or there
        are none and `num_classes` is not given.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.one_hot(mg.tensor([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    index = tensor_only("one_hot", input)._data
    if index.dtype != np.int64:
        raise dtype_error("one_hot", "one_hot is only applicable to index tensor of type int64", input)
    if index.size == 0:
        if num_classes <= 0:
            raise RuntimeError("one_hot: Can not infer total number of classes from empty tensor")
        return fresh(np.zeros((*index.shape, num_classes), np.int64))
    low, high = int(index.min()), int(index.max())
    if low < 0:
        raise RuntimeError(f"one_hot: Class values must be non-negative; got {low}")
    if num_classes == -1:
        num_classes = high + 1
    elif num_classes < 1 or high >= num_classes:
        raise RuntimeError(f"one_hot: Class values must be smaller than num_classes, {num_classes}; got {high}")
    out = _array.zeros((*index.shape, num_classes), np.dtype(np.int64))
    flat = out.reshape(-1)
    flat[np.arange(index.size, dtype=np.int64) * num_classes + index.reshape(-1)] = 1
    return fresh(out)
