"""Losses of margins and embeddings, distances and similarities, in tensor operations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.nn._errors import dtype_error, shape_error
from minigrad.nn._ops.compare import clamp_min, minimum, where
from minigrad.nn._ops.loss import binary_cross_entropy_with_logits
from minigrad.nn._ops.unary import exp, log
from minigrad.nn._pointwise import floating, tensor_only
from minigrad.nn._reduction import reduced, reduction_of
from minigrad.nn._tensor import Tensor, dim_of, fresh

__all__ = [
    "cosine_embedding_loss",
    "cosine_similarity",
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "normalize",
    "pairwise_distance",
    "poisson_nll_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def _length(x: Tensor, p: float, dim: int, keepdim: bool) -> Tensor:
    """Return the p-norm along `dim`, whose gradient is 0 where it is 0."""
    if p == math.inf:
        return x.abs().amax(dim, keepdim)  # type: ignore[no-any-return]
    if p == 0:
        return fresh((x._data != 0).sum(axis=dim, keepdims=keepdim).astype(x._data.dtype))
    if p == 1:
        return x.abs().sum(dim, keepdim)  # type: ignore[no-any-return]
    total = (x * x if p == 2 else x.abs() ** p).sum(dim, keepdim)
    nothing = fresh(total._data == 0)
    # The root's slope at 0 is infinite; nothing flows through the place that is put in.
    root = where(nothing, 1.0, total)
    return where(nothing, 0.0, root.sqrt() if p == 2 else root ** (1.0 / p))  # type: ignore[no-any-return]


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    r"""Return :math:`x / \max(\|x\|_p, \epsilon)` along a dimension.

    Parameters
    ----------
    input : Tensor
        Floating-point.
    p : float, default 2
    dim : int, default 1
    eps : float, default 1e-12
    out : Tensor, optional
        Receives the result.

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    """
    x = floating("normalize", input)
    made = x if x._data.ndim == 0 else x / clamp_min(_length(x, p, dim_of("normalize", dim, x.ndim), True), eps)
    if x._data.ndim == 0:
        made = x / clamp_min(x.abs(), eps)
    if out is None:
        return made
    return out.copy_(made)  # type: ignore[no-any-return]


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    r"""Return :math:`\|x_1 - x_2 + \epsilon\|_p` along the last dimension.

    Parameters
    ----------
    x1, x2 : Tensor
        Of shapes that broadcast.
    p : float, default 2
    eps : float, default 1e-6
        Added to every difference, so that the distance is not 0.
    keepdim : bool, default False

    Returns
    -------
    Tensor
        Of the common shape without its last dimension.
    """
    return _length(x1 - x2 + eps, p, -1, keepdim)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    r"""Return :math:`x_1 \cdot x_2 / (\max(\|x_1\|, \epsilon) \max(\|x_2\|, \epsilon))` along a dimension.

    Parameters
    ----------
    x1, x2 : Tensor
        Floating-point, of shapes that broadcast.
    dim : int, default 1
        Of the common shape.
    eps : float, default 1e-8

    Returns
    -------
    Tensor
        Of the common shape without `dim`.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    """
    owner = "cosine_similarity"
    a, b = floating(owner, x1), floating(owner, x2)
    try:
        shape = np.broadcast_shapes(a._data.shape, b._data.shape)
    except ValueError:
        raise shape_error(owner, "inputs must broadcast", x1, x2) from None
    a, b = a.expand(shape), b.expand(shape)
    if not shape:
        return (a / clamp_min(a.abs(), eps)) * (b / clamp_min(b.abs(), eps))  # type: ignore[no-any-return]
    dim = dim_of(owner, dim, len(shape))
    a = a / clamp_min(_length(a, 2, dim, True), eps)
    b = b / clamp_min(_length(b, 2, dim, True), eps)
    return (a * b).sum(dim)  # type: ignore[no-any-return]


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Return 1 - cos for pairs with target 1, and cos beyond `margin` for pairs with target -1.

    Parameters
    ----------
    input1, input2 : Tensor
        Of shape (N, D) or (D,).
    target : Tensor
        Of shape (N,) or (): 1 or -1.
    margin : float, default 0
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor
        0-d, or of the target's shape.

    Raises
    ------
    RuntimeError
        If shapes do not fit each other.
    ValueError
        If `reduction` is none of the three.
    """
    owner = "cosine_embedding_loss"
    reduction = reduction_of(owner, size_average, reduce, reduction)
    ndim = tensor_only(owner, target)._data.ndim
    if ndim > 1:
        raise shape_error(owner, "0D or 1D target tensor expected", target)
    if input1._data.ndim != ndim + 1 or input2._data.ndim != ndim + 1:
        raise shape_error(owner, f"{ndim + 1}D inputs expected with a {ndim}D target", input1, input2)
    tiny = 1e-12
    dot = (input1 * input2).sum(ndim)
    size = ((input1 * input1).sum(ndim) + tiny) * ((input2 * input2).sum(ndim) + tiny)
    cos = dot / size.sqrt()
    values = target._data
    loss = where(fresh(values == 1), 1.0 - cos, 0.0) + where(fresh(values == -1), clamp_min(cos - margin, 0), 0.0)
    return reduced(loss, reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`\max(0, -t (x_1 - x_2) + \mathrm{margin})`: with t = 1, x1 should rank higher.

    Parameters
    ----------
    input1, input2, target : Tensor
        Of the same number of dimensions; targets are 1 or -1.
    margin : float, default 0
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        If the numbers of dimensions differ.
    ValueError
        If `reduction` is none of the three.
    """
    owner = "margin_ranking_loss"
    reduction = reduction_of(owner, size_average, reduce, reduction)
    if not input1._data.ndim == input2._data.ndim == target._data.ndim:
        raise shape_error(owner, "all inputs should have the same dimension", input1, input2, target)
    return reduced(clamp_min(-target * (input1 - input2) + margin, 0), reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Return x where the target is 1, and ``max(0, margin - x)`` where it is -1.

    Parameters
    ----------
    input, target : Tensor
        Of shapes that broadcast.
    margin : float, default 1.0
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `reduction` is none of the three.
    """
    reduction = reduction_of("hinge_embedding_loss", size_average, reduce, reduction)
    far = where(fresh(target._data != 1), clamp_min(margin - input, 0), 0.0)
    return reduced(far + where(fresh(target._data != -1), input, 0.0), reduction)


def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """Return ``log(1 + exp(-target * input))``, which does not overflow.

    Parameters
    ----------
    input, target : Tensor
        Of shapes that broadcast; targets are 1 or -1.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `reduction` is none of the three.
    """
    reduction = reduction_of("soft_margin_loss", size_average, reduce, reduction)
    return _softplus_of_minus(input * target, reduction)


def _softplus_of_minus(x: Tensor, reduction: str) -> Tensor:
    """Return log(1 + exp(-x)), the cross entropy of a logit against 1."""
    return binary_cross_entropy_with_logits(x, fresh(np.ones_like(x._data)), reduction=reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Return ``max(0, d(anchor, positive) - d(anchor, negative) + margin)``.

    Parameters
    ----------
    anchor, positive, negative : Tensor
        Of shape (N, D) or (D,), or shapes that broadcast.
    margin : float, default 1.0
        Positive.
    p, eps : float
        Of `pairwise_distance`.
    swap : bool, default False
        Take the smaller of the negative's distances to anchor and positive.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `margin` is not positive, or `reduction` is none of the three.
    RuntimeError
        If the numbers of dimensions differ.
    """
    reduction = reduction_of("triplet_margin_loss", size_average, reduce, reduction)
    return _triplet(
        "triplet_margin_loss",
        (anchor, positive, negative),
        lambda a, b: pairwise_distance(a, b, p, eps),
        margin,
        swap,
        reduction,
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """Return `triplet_margin_loss` with a distance of one's own.

    Parameters
    ----------
    anchor, positive, negative : Tensor
    distance_function : callable, optional
        From two tensors to their distances; default: `pairwise_distance`.
    margin : float, default 1.0
    swap : bool, default False
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `margin` is not positive, or `reduction` is none of the three.
    """
    owner = "triplet_margin_with_distance_loss"
    reduction = reduction_of(owner, None, None, reduction)
    return _triplet(
        owner, (anchor, positive, negative), distance_function or pairwise_distance, margin, swap, reduction
    )


def _triplet(
    owner: str,
    triplet: tuple[Tensor, Tensor, Tensor],
    distance: Callable[[Tensor, Tensor], Tensor],
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    if margin <= 0:
        raise ValueError(f"{owner}: margin must be greater than 0, got {margin}")
    anchor, positive, negative = triplet
    if not anchor._data.ndim == positive._data.ndim == negative._data.ndim:
        raise shape_error(owner, "anchor, positive and negative should have the same number of dimensions", *triplet)
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp_min(near - far + margin, 0), reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: Any = None,
    eps: float = 1e-8,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return the negative log-likelihood of counts, :math:`e^x - t x` without the part that has no x.

    Parameters
    ----------
    input : Tensor
        The logarithm of the rate, or the rate.
    target : Tensor
        Counts.
    log_input : bool, default True
        Whether `input` is a logarithm; if not, the loss is ``x - t log(x + eps)``.
    full : bool, default False
        Add Stirling's approximation of log t! for targets above 1.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    eps : float, default 1e-8
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `reduction` is none of the three.
    """
    reduction = reduction_of("poisson_nll_loss", size_average, reduce, reduction)
    loss = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        t = where(fresh(target._data > 1), target, 1.0)
        stirling = t * log(t) - t + 0.5 * log(2 * math.pi * t)
        loss = loss + where(fresh(target._data > 1), stirling, 0.0)
    return reduced(loss, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`(\log v + (x - t)^2 / v) / 2` for a predicted mean x and variance v.

    Parameters
    ----------
    input, target : Tensor
        Of shapes that broadcast.
    var : Tensor or float
        Not negative; of the input's shape, or without its last dimension or with that of extent 1.
    full : bool, default False
        Add the constant log(2 pi) / 2.
    eps : float, default 1e-6
        The least variance; no gradient flows through this limit.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If a variance is negative or of a wrong shape, or `reduction` is none of the three.
    """
    owner = "gaussian_nll_loss"
    spread: Tensor = var if isinstance(var, Tensor) else fresh(np.full(input.shape, var, input._data.dtype))
    shape, have = input._data.shape, spread._data.shape
    if have != shape:
        if shape[:-1] == have:
            spread = spread.unsqueeze(-1)
        elif not (shape[:-1] == have[:-1] and have[-1:] == (1,)) and not _covers(shape, have):
            raise ValueError(f"{owner}: var is of incorrect size: {have} beside the input's {shape}")
    reduction = reduction_of(owner, None, None, reduction)
    if (spread._data < 0).any():
        raise ValueError(f"{owner}: var has negative entry/entries")
    # The floor moves the value alone: the gradient is that of the variance itself.
    floored = np.maximum(spread._data, np.asarray(eps, spread._data.dtype))
    spread = spread + fresh(floored - spread._data)
    difference = input - target
    loss = 0.5 * (log(spread) + difference * difference / spread)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)


def _covers(shape: tuple[int, ...], have: tuple[int, ...]) -> bool:
    """Whether `have` broadcasts to `shape` with exactly as many dimensions."""
    return len(shape) == len(have) and all(h in (s, 1) for s, h in zip(shape, have, strict=True))


def _batch_of_classes(owner: str, input: Tensor, target: Tensor, per_class: bool) -> tuple[Tensor, np.ndarray]:
    """Return input as (N, C) and target as (N,), or (N, C) if it has a value for each class."""
    x, t = input._data, target._data
    if x.ndim > 2 or (x.ndim > 0 and x.shape[-1] == 0):
        raise shape_error(owner, "Expected non-empty vector or matrix with optional 0-dim batch size", input)
    if t.dtype.kind not in "iu":
        raise dtype_error(owner, "target must hold class indices (int64)", target)
    rows = input if x.ndim == 2 else input.reshape((1, x.size))
    wanted = x.shape if per_class else x.shape[:-1]
    lone = x.ndim < 2 and t.ndim < 2 and t.size == (x.size if per_class else 1)
    if t.shape != wanted and not lone:
        raise shape_error(owner, f"inconsistent target size, expected {wanted}", target, input)
    return rows, t.reshape(rows._data.shape if per_class else (-1,))


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`\frac1C \sum_{i \ne t} w_t \max(0, \mathrm{margin} - x_t + x_i)^p`.

    Parameters
    ----------
    input : Tensor
        Of shape (N, C) or (C,).
    target : Tensor
        Classes, of shape (N,) or ().
    p : {1, 2}
    margin : float, default 1.0
    weight : Tensor, optional
        A factor for each class.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `p` is not 1 or 2, or `reduction` is none of the three.
    RuntimeError
        If shapes do not fit each other.
    IndexError
        If a target is not a class.
    """
    owner = "multi_margin_loss"
    reduction = reduction_of(owner, size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError(f"{owner}: only p == 1 and p == 2 supported; got {p}")
    classes = input._data.shape[-1] if input._data.ndim else 1
    if weight is not None and weight._data.ndim != 1:
        raise ValueError(f"{owner}: weight must be one-dimensional; got shape {weight.shape}")
    if weight is not None and weight._data.size != classes:
        raise shape_error(owner, f"inconsistent weight size, expected {classes}", weight, input)
    x, index = _batch_of_classes(owner, input, target, False)
    outside = (index < 0) | (index >= classes)
    if outside.any():
        row = int(outside.argmax())
        raise IndexError(
            f"{owner}: target out of range: {int(index[row])} at row {row}; must be from 0 to {classes - 1}"
        )
    hot = np.arange(classes) == index[:, None]
    own = (x * fresh(hot.astype(x._data.dtype))).sum(1, keepdim=True)
    loss = clamp_min(x - own + margin, 0)
    if p == 2:
        loss = loss * loss
    factor = fresh((~hot).astype(x._data.dtype) / classes)
    if weight is not None:
        factor = factor * fresh(weight._data[index][:, None])
    loss = (loss * factor).sum(1)
    return reduced(loss if input._data.ndim == 2 else loss.reshape(target.shape), reduction)


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    r"""Return :math:`\frac1C \sum_{j \in t} \sum_{i \notin t} \max(0, 1 - x_j + x_i)`.

    Parameters
    ----------
    input : Tensor
        Of shape (N, C) or (C,).
    target : Tensor
        Of the same shape: classes, ended by -1.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        If shapes do not fit each other.
    ValueError
        If `reduction` is none of the three.
    IndexError
        If a target is neither a class nor -1.
    """
    owner = "multilabel_margin_loss"
    reduction = reduction_of(owner, size_average, reduce, reduction)
    x, labels = _batch_of_classes(owner, input, target, True)
    rows, classes = x._data.shape
    used = np.minimum.accumulate(labels >= 0, axis=1)
    if (labels >= classes).any() or (labels < -1).any():
        raise IndexError(f"{owner}: targets must be classes from 0 to {classes - 1}, ended by -1")
    hot = (labels[:, :, None] == np.arange(classes)) & used[:, :, None]
    others = ~hot.any(axis=1)
    kind = x._data.dtype
    own = (x.reshape((rows, 1, classes)) * fresh(hot.astype(kind))).sum(2, keepdim=True)
    pairs = fresh((used[:, :, None] & others[:, None, :]).astype(kind) / classes)
    loss = (clamp_min(1.0 - own + x.reshape((rows, 1, classes)), 0) * pairs).sum((1, 2))
    return reduced(loss if input._data.ndim == 2 else loss.reshape(()), reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Return the binary cross entropy of logits against 0 and 1, averaged over the classes.

    Parameters
    ----------
    input, target : Tensor
        Of shape (..., C), or shapes that broadcast.
    weight : Tensor, optional
        A factor for each class.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `reduction` is none of the three.
    """
    reduction = reduction_of("multilabel_soft_margin_loss", size_average, reduce, reduction)
    loss = target * _softplus_of_minus(input, "none") + (1 - target) * _softplus_of_minus(-input, "none")
    if weight is not None:
        loss = loss * weight
    return reduced(loss.mean(-1), reduction)
