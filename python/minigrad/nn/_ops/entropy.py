"""Losses of classification: cross entropy of logits and negative log-likelihood."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad._native import NULL, check_status, ffi, lib, pointer
from minigrad._native import cross_entropy as fused
from minigrad._native import cross_entropy_backward as fused_backward
from minigrad.nn import _array
from minigrad.nn._errors import ShapeError, dtype_error, portrait, shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._ops.linear import linear
from minigrad.nn._ops.softmax import log_softmax, softmax
from minigrad.nn._pointwise import tensor_only
from minigrad.nn._reduction import reduced, reduction_of
from minigrad.nn._tensor import Tensor, fresh, result

__all__ = ["cross_entropy", "linear_cross_entropy", "nll_loss", "nll_loss2d"]

_INT64 = np.dtype(np.int64)


def _rows_of(x: np.ndarray) -> np.ndarray:
    """Return logits of shape (N, C, ...) or (C,) as contiguous rows of C."""
    if x.ndim > 2:
        x = np.moveaxis(x, 1, -1)
    return _array.contiguous(x).reshape(-1, x.shape[-1]) if x.size else np.empty((0, x.shape[-1]), x.dtype)


def _scaled(total: float, weight: float, reduction: str) -> tuple[float, float]:
    """Return the reduced loss, and the factor that each element's gradient gets."""
    if reduction == "sum":
        return total, 1.0
    if weight == 0:
        return math.nan, math.nan
    return total / weight, 1.0 / weight


def _class_indices(owner: str, target: Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """Return the classes in `target`, of the shape that the input has without its class dimension."""
    if target._data.shape != shape:
        raise ShapeError(
            f"{owner}: target must have shape {shape}, the input's without its class dimension, or hold a probability "
            f"for each of the input's elements; got {portrait(target)}"
        )
    if target._data.dtype.kind not in "iu":
        raise dtype_error(owner, "target must hold class indices (int64)", target)
    data = target._data if target._data.dtype == _INT64 else target._data.astype(_INT64)
    return _array.contiguous(data)


def _class_weights(owner: str, weight: Tensor | None, x: Tensor, classes: int) -> np.ndarray | None:
    if weight is None:
        return None
    if tensor_only(owner, weight)._data.shape != (classes,):
        raise shape_error(owner, f"weight must have one value for each of the {classes} classes", weight)
    if weight._data.dtype != x._data.dtype:
        raise dtype_error(owner, "weight and input must have one dtype", weight, x)
    return _array.contiguous(weight._data)


def _bad_target(owner: str, target: np.ndarray, position: int, classes: int, ignore_index: int) -> IndexError:
    where: Any = np.unravel_index(position, target.shape) if target.ndim else ()
    row = int(where[0]) if target.ndim == 1 else tuple(int(i) for i in where)
    return IndexError(
        f"{owner}: Target {int(target.reshape(-1)[position])} at row {row} is out of bounds; "
        f"must be from 0 to {classes - 1}, or ignore_index ({ignore_index})"
    )


class CrossEntropy(Node):
    """Cross entropy of rows of logits; `rows` holds them, `stats` their maxima and sums."""

    rows: np.ndarray
    target: np.ndarray
    weight: np.ndarray | None = None
    stats: np.ndarray
    ignore_index: int
    smoothing: float
    factor: float

    def name(self) -> str:
        return "CrossEntropyBackward0"

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g (Q softmax(x) - q), where q are the target's weights and Q is their sum."""
        (x,) = self.saved
        if mode.enabled:
            return (self._differentiable(x, grad),)
        rows, g = self.rows, _array.contiguous(grad._data)
        if self.weight is None:
            made = fused_backward(rows, self.target, self.stats, g, self.ignore_index, self.smoothing, self.factor)
            if type(made) is not int:
                return (fresh(self._shaped(made, x._data.shape)),)
        dx = _array.empty(rows.shape, rows.dtype)
        function = lib.mg_cross_entropy_backward_f32 if rows.itemsize == 4 else lib.mg_cross_entropy_backward_f64
        weight = NULL if self.weight is None else pointer(self.weight)
        status = function(
            *rows.shape, pointer(rows), pointer(self.target), weight, self.ignore_index, self.smoothing,
            pointer(self.stats), pointer(g), int(g.ndim > 0), self.factor, pointer(dx, True),
        )  # fmt: skip
        check_status(status, "cross_entropy")
        return (fresh(self._shaped(dx, x._data.shape)),)

    @staticmethod
    def _shaped(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Return rows of C as (N, C, ...) or (C,)."""
        if len(shape) <= 2:
            return rows.reshape(shape)
        return np.moveaxis(rows.reshape(shape[0], *shape[2:], shape[1]), -1, 1)

    def _differentiable(self, x: Tensor, grad: Tensor) -> Tensor:
        shape, rows = x._data.shape, self.rows
        count, classes = rows.shape
        kept = self.target.reshape(-1) != self.ignore_index
        weight = np.ones(classes, rows.dtype) if self.weight is None else self.weight
        q = np.zeros_like(rows)
        q[kept] = weight * (self.smoothing / max(classes, 1))
        index = np.arange(count)[kept]
        picked = self.target.reshape(-1)[kept]
        q[index, picked] += (1 - self.smoothing) * weight[picked]
        total = q.sum(1, keepdims=True)
        dim = 0 if len(shape) == 1 else 1
        shapes = [(*shape[:dim], part.shape[1], *shape[dim + 1 :]) for part in (q, total)]
        q_of, total_of = (fresh(self._shaped(part, s)) for part, s in zip((q, total), shapes, strict=True))
        if grad._data.ndim:
            grad = grad.unsqueeze(dim)
        return grad * self.factor * (softmax(x, dim) * total_of - q_of)


def _of_probabilities(
    owner: str, x: Tensor, target: Tensor, weight: Tensor | None, reduction: str, label_smoothing: float
) -> Tensor:
    """Return the cross entropy against a distribution for each row."""
    dim = 0 if x._data.ndim == 1 else 1
    classes = x._data.shape[dim]
    if target._data.dtype.kind != "f":
        raise dtype_error(owner, "target must hold probabilities where it has the input's shape", target)
    if label_smoothing > 0:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    if weight is not None:
        _class_weights(owner, weight, x, classes)
        target = target * weight.reshape((classes,) + (1,) * (x._data.ndim - dim - 1))
    loss = -(log_softmax(x, dim) * target).sum(dim)
    if reduction != "mean":
        return reduced(loss, reduction)
    return loss.sum() / loss._data.size if loss._data.size else loss.sum() * math.nan  # type: ignore[no-any-return]


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    r"""Return the cross entropy of the softmax of logits against classes or distributions.

    For a row x of logits and class t it is :math:`\log \sum_c e^{x_c} - x_t`.

    Parameters
    ----------
    input : Tensor
        Logits of shape (C,), (N, C) or (N, C, d1, d2, ...).
    target : Tensor
        Classes, integers of the input's shape without its class dimension; or
        probabilities, of the input's shape and floating-point.
    weight : Tensor, optional
        A factor for each of the C classes.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    ignore_index : int, default -100
        Rows with this target count for nothing. Not used with probabilities.
    reduction : {"mean", "sum", "none"}
        The mean over classes divides by the weights of the targets that counted, the mean
        over distributions by the number of rows.
    label_smoothing : float, default 0.0
        From 0 to 1: the share of the target's weight that is spread over all classes.

    Returns
    -------
    Tensor
        0-d, or of the target's shape (with probabilities, without their class dimension).

    Raises
    ------
    IndexError
        If a target is neither a class nor `ignore_index`; the row and the value are named.
    RuntimeError
        If shapes or types do not fit each other, or `label_smoothing` is not in [0, 1].
    ValueError
        If `reduction` is none of the three.

    Notes
    -----
    One pass over the logits forward and one backward; no probabilities are kept between them.

    Examples
    --------
    >>> import minigrad as mg
    >>> logits = mg.zeros(2, 10)
    >>> round(mg.cross_entropy(logits, mg.tensor([3, 7])).item(), 4)
    2.3026
    """
    owner = "cross_entropy"
    if size_average is not None or reduce is not None or reduction not in ("mean", "sum", "none"):
        reduction = reduction_of(owner, size_average, reduce, reduction)
    if weight is None and isinstance(input, Tensor) and isinstance(target, Tensor):
        # A matrix of logits and its classes: the usual case, which C checks by itself.
        rows, index = input._data, target._data
        made = fused(rows, index, ignore_index, label_smoothing)
        if made is not None:
            loss, stats, total, count = made
            return _entered(
                input, reduction, loss, stats, total, count, rows, index, None, ignore_index, label_smoothing
            )
    tensor_only(owner, target)
    x = tensor_only(owner, input)._data
    if x.dtype.kind != "f":
        raise dtype_error(owner, "input must be floating-point", input)
    if x.ndim == 0:
        raise shape_error(owner, "input must have a class dimension", input)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"{owner}: label_smoothing must be between 0.0 and 1.0; got {label_smoothing}")
    if target._data.shape == x.shape and (target._data.dtype.kind == "f" or x.ndim > 1):
        return _of_probabilities(owner, input, target, weight, reduction, label_smoothing)
    rows = x if x.ndim == 2 and x.flags.c_contiguous else _rows_of(x)
    index = _class_indices(owner, target, x.shape[:1] + x.shape[2:] if x.ndim > 1 else ())
    weights = _class_weights(owner, weight, input, rows.shape[1])
    loss, stats = _array.empty(index.shape, x.dtype), _array.empty((2, rows.shape[0]), x.dtype)
    total, count = _checked(owner, rows, index, weights, ignore_index, label_smoothing, loss, stats)
    return _entered(input, reduction, loss, stats, total, count, rows, index, weights, ignore_index, label_smoothing)


def _entered(
    input: Tensor,
    reduction: str,
    loss: np.ndarray,
    stats: np.ndarray,
    total: float,
    count: float,
    rows: np.ndarray,
    index: np.ndarray,
    weights: np.ndarray | None,
    ignore_index: int,
    smoothing: float,
) -> Tensor:
    """Return the reduced losses of rows, recorded."""
    factor = 1.0
    if reduction != "none":
        total, factor = _scaled(total, count, reduction)
        loss = np.array(total, loss.dtype)
    extra: dict[str, Any] = {} if weights is None else {"weight": weights}
    return result(
        loss, CrossEntropy, (input,), (input,), rows=rows, target=index, stats=stats, ignore_index=ignore_index,
        smoothing=smoothing, factor=factor, **extra,
    )  # fmt: skip


def _checked(
    owner: str,
    rows: np.ndarray,
    index: np.ndarray,
    weights: np.ndarray | None,
    ignore_index: int,
    smoothing: float,
    loss: np.ndarray,
    stats: np.ndarray,
) -> tuple[float, float]:
    """Compute the losses of rows; return their sum and that of weights."""
    totals, bad = np.empty(2), ffi.new("size_t *")
    function = lib.mg_cross_entropy_f32 if rows.itemsize == 4 else lib.mg_cross_entropy_f64
    status = function(
        *rows.shape, pointer(rows), pointer(index), NULL if weights is None else pointer(weights),
        ignore_index, smoothing, pointer(loss, True), pointer(stats, True), pointer(totals, True), bad,
    )  # fmt: skip
    if status == lib.MG_ERR_ARGUMENT:
        raise _bad_target(owner, index, bad[0], rows.shape[1], ignore_index)
    check_status(status, owner)
    return float(totals[0]), float(totals[1])


class NllLoss(Node):
    """l = -w[t] x[t] for each row."""

    shape: tuple[int, ...]
    target: np.ndarray
    weight: np.ndarray | None
    ignore_index: int
    factor: float

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient -g w[t] where the target is, 0 elsewhere."""
        if mode.enabled:
            slope = fresh(self._scatter(np.ones(1, grad._data.dtype), 0))
            if grad._data.ndim:
                grad = grad.unsqueeze(1)
            return (grad * slope,)
        g = _array.contiguous(grad._data)
        return (fresh(self._scatter(g, int(g.ndim > 0))),)

    def _scatter(self, g: np.ndarray, stride: int) -> np.ndarray:
        dx = _array.empty(self.shape, g.dtype)
        function = lib.mg_nll_backward_f32 if g.itemsize == 4 else lib.mg_nll_backward_f64
        status = function(
            *_extents(self.shape), pointer(self.target), NULL if self.weight is None else pointer(self.weight),
            self.ignore_index, pointer(g), stride, self.factor, pointer(dx, True),
        )  # fmt: skip
        check_status(status, "nll_loss")
        return dx


def _extents(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return batch, classes and positions of an input of shape (C,), (N, C) or (N, C, ...)."""
    if len(shape) == 1:
        return 1, shape[0], 1
    return shape[0], shape[1], math.prod(shape[2:])


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Return the negative log-likelihood ``-input[target]`` of log-probabilities.

    Parameters
    ----------
    input : Tensor
        Log-probabilities of shape (C,), (N, C) or (N, C, d1, d2, ...).
    target : Tensor
        Classes, of the input's shape without its class dimension.
    weight : Tensor, optional
        A factor for each class.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    ignore_index : int, default -100
        Rows with this target count for nothing.
    reduction : {"mean", "sum", "none"}
        The mean divides by the weights of the targets that counted.

    Returns
    -------
    Tensor
        0-d, or of the target's shape.

    Raises
    ------
    IndexError
        If a target is neither a class nor `ignore_index`; the row and the value are named.
    RuntimeError
        If shapes or types do not fit each other.
    ValueError
        If `reduction` is none of the three.
    """
    owner = "nll_loss"
    reduction = reduction_of(owner, size_average, reduce, reduction)
    x = tensor_only(owner, input)._data
    if x.dtype.kind != "f":
        raise dtype_error(owner, "input must be floating-point", input)
    if x.ndim == 0:
        raise shape_error(owner, "input must have a class dimension", input)
    if x.ndim > 1 and tensor_only(owner, target)._data.shape[:1] != x.shape[:1]:
        raise ValueError(
            f"{owner}: Expected input batch_size ({x.shape[0]}) to match target batch_size {tuple(target.shape[:1])}; "
            f"got {portrait(input)} and {portrait(target)}"
        )
    index = _class_indices(owner, target, x.shape[:1] + x.shape[2:] if x.ndim > 1 else ())
    extents = _extents(x.shape)
    weights = _class_weights(owner, weight, input, extents[1])
    loss, totals, bad = _array.empty(index.shape, x.dtype), np.empty(2), ffi.new("size_t *")
    function = lib.mg_nll_f32 if x.itemsize == 4 else lib.mg_nll_f64
    status = function(
        *extents, pointer(_array.contiguous(x)), pointer(index), NULL if weights is None else pointer(weights),
        ignore_index, pointer(loss, True), pointer(totals, True), bad,
    )  # fmt: skip
    if status == lib.MG_ERR_ARGUMENT:
        raise _bad_target(owner, index, bad[0], extents[1], ignore_index)
    check_status(status, owner)
    value: Any = loss
    factor = 1.0
    if reduction != "none":
        value, factor = _scaled(float(totals[0]), float(totals[1]), reduction)
        value = np.array(value, x.dtype)
    return result(
        value, NllLoss, (input,), shape=x.shape, target=index, weight=weights, ignore_index=ignore_index, factor=factor
    )


nll_loss2d = nll_loss


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """Return `cross_entropy` of the logits ``linear(input, linear_weight, linear_bias)``.

    Parameters
    ----------
    input : Tensor
        Of shape (in_features,) or (N, in_features).
    linear_weight : Tensor
        Of shape (C, in_features) or (C, d1, ..., dK, in_features).
    target : Tensor
        Classes of shape (), (N,) or (N, d1, ..., dK); or probabilities of the logits' shape.
    linear_bias : Tensor, optional
        Of the weight's shape without its last dimension.
    weight, reduction, label_smoothing
        As in `cross_entropy`.
    ignore_index : int, optional
        As in `cross_entropy`; only with classes.
    options : object, optional
        How PyTorch cuts the product into chunks; the result does not depend on it.

    Returns
    -------
    Tensor
        As of `cross_entropy`.

    Raises
    ------
    RuntimeError
        If shapes do not fit each other, or `ignore_index` is given with probabilities.
    IndexError
        If a target is neither a class nor `ignore_index`.
    """
    owner = "linear_cross_entropy"
    x, w = tensor_only(owner, input)._data, tensor_only(owner, linear_weight)._data
    if x.ndim not in (1, 2):
        raise shape_error(owner, "expected input with dimensionality 1 or 2", input)
    if w.ndim < 2:
        raise shape_error(owner, "expected linear_weight with dimensionality at least 2", linear_weight)
    if x.shape[-1] != w.shape[-1]:
        raise shape_error(owner, "expected equal input and linear_weight last dimensions", input, linear_weight)
    outputs = w.shape[:-1]
    if linear_bias is not None and linear_bias._data.shape != outputs:
        raise shape_error(owner, f"expected linear_bias shape {outputs}", linear_bias)
    if len(outputs) > 1 and x.ndim == 1:
        raise shape_error(owner, "a loss over several dimensions requires batched input", input, linear_weight)
    shape = x.shape[:-1] + outputs
    if ignore_index is not None and target._data.shape == shape:
        raise RuntimeError(f"{owner}: ignore_index cannot be specified when target contains probabilities")
    size = math.prod(outputs)
    bias = None if linear_bias is None else linear_bias.reshape((size,))
    logits = linear(input, linear_weight.reshape((size, w.shape[-1])), bias).reshape(shape)
    return cross_entropy(
        logits, target, weight=weight, reduction=reduction, label_smoothing=label_smoothing,
        ignore_index=-100 if ignore_index is None else ignore_index,
    )  # fmt: skip
