"""Losses of pairs: a number for each prediction and its target, and their mean or sum.

Each is one pass in C, forward and backward. While recording is on (second derivatives), the
backward pass is written in tensor operations instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad._native import NULL, check_status, lib, pointer
from minigrad.nn import _array
from minigrad.nn._errors import dtype_error, portrait, shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._ops.compare import clamp
from minigrad.nn._ops.unary import exp, log, log1p, sigmoid, sign
from minigrad.nn._pointwise import tensor_only
from minigrad.nn._reduction import reduced, reduction_of
from minigrad.nn._tensor import Tensor, fresh, promote, result

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "smooth_l1_loss",
]


class PairLoss(Node):
    """The loss of x against t, element by element, or its sum times `factor`."""

    kind = -1
    delta = 0.0
    scale = 1.0
    factor = 1.0

    def slopes(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return the derivatives with respect to x and t in tensor operations."""
        raise AttributeError(f"{type(self).__name__} has no slopes")

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradient g dl/dx and g dl/dt."""
        x, t = self.saved
        first, second = self.needs
        if mode.enabled:
            by_x, by_t = self.slopes(x, t)
            g = grad if self.factor == 1.0 else grad * self.factor
            return (g * by_x if first else None), (g * by_t if second else None)
        a, b, g_data = (_array.contiguous(item._data) for item in (x, t, grad))
        dx = _array.empty(a.shape, a.dtype) if first else None
        dt = _array.empty(a.shape, a.dtype) if second else None
        function = lib.mg_loss_backward_f32 if a.itemsize == 4 else lib.mg_loss_backward_f64
        status = function(
            self.kind, a.size, pointer(a), pointer(b), self.delta, self.scale,
            pointer(g_data), int(g_data.shape == a.shape), self.factor,
            NULL if dx is None else pointer(dx, True), NULL if dt is None else pointer(dt, True),
        )  # fmt: skip
        check_status(status, self.name())
        return (None if dx is None else fresh(dx)), (None if dt is None else fresh(dt))


class MseLoss(PairLoss):
    """l = (x - t)^2."""

    kind = lib.MG_LOSS_SQUARE

    def slopes(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return 2 (x - t) and its opposite."""
        slope = (x - t) * 2.0
        return slope, -slope


class L1Loss(PairLoss):
    """l = |x - t|."""

    kind = lib.MG_LOSS_ABSOLUTE

    def slopes(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return sign(x - t) and its opposite."""
        slope = sign(x - t)
        return slope, -slope


class HuberLoss(PairLoss):
    """l = scale (x - t)^2 / 2 near t, a straight line beyond delta."""

    kind = lib.MG_LOSS_HUBER

    def slopes(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return scale (x - t), clipped, and its opposite."""
        slope = clamp(x - t, -self.delta, self.delta) * self.scale
        return slope, -slope


class SmoothL1Loss(HuberLoss):
    """Huber's loss divided by delta."""


class BinaryCrossEntropy(PairLoss):
    """l = -t log x - (1 - t) log(1 - x)."""

    kind = lib.MG_LOSS_BCE

    def slopes(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return (x - t) / (x (1 - x)) and log(1 - x) - log x."""
        return (x - t) / clamp(x * (1.0 - x), 1e-12), clamp(log1p(-x), -100.0) - clamp(log(x), -100.0)


class BinaryCrossEntropyWithLogits(PairLoss):
    """l = max(x, 0) - x t + log(1 + exp(-|x|))."""

    kind = lib.MG_LOSS_LOGIT

    def slopes(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return sigmoid(x) - t and -x."""
        return sigmoid(x) - t, -x


class KlDiv(PairLoss):
    """l = t log t - t x."""

    kind = lib.MG_LOSS_KL

    def slopes(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return -t and log t - x + 1."""
        return -t, log(t) - x + 1.0


class KlDivLog(PairLoss):
    """l = exp(t) (t - x)."""

    kind = lib.MG_LOSS_KL_LOG

    def name(self) -> str:
        return "KlDivBackward0"

    def slopes(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return -exp(t) and exp(t) (t - x + 1)."""
        return -exp(t), exp(t) * (t - x + 1.0)


def _pair(
    owner: str,
    node: type[PairLoss],
    x: Tensor,
    t: Tensor,
    reduction: str,
    delta: float = 0.0,
    scale: float = 1.0,
    batch: int | None = None,
) -> Tensor:
    """Return the loss of tensors of one shape and floating-point type, recorded as `node`.

    With `batch` the mean divides by that, not by the number of elements.
    """
    a, b = _array.contiguous(x._data), _array.contiguous(t._data)
    each = _array.empty(a.shape, a.dtype) if reduction == "none" else None
    total = np.empty(1)
    function = lib.mg_loss_f32 if a.itemsize == 4 else lib.mg_loss_f64
    status = function(
        node.kind, a.size, pointer(a), pointer(b), delta, scale,
        NULL if each is None else pointer(each, True), pointer(total, True),
    )  # fmt: skip
    if status == lib.MG_ERR_ARGUMENT:
        raise RuntimeError(f"{owner}: all elements of input should be between 0 and 1")
    check_status(status, owner)
    extra: dict[str, Any] = {"delta": delta, "scale": scale} if delta else {}
    if each is not None:
        return result(each, node, (x, t), (x, t), **extra)
    if reduction != "sum":
        count = a.size if batch is None else batch
        extra["factor"] = 1.0 / count if count else float("nan")
        token = _array.hush()
        total[0] = total[0] / count if count else np.nan
        _array.unhush(token)
    return result(total.astype(a.dtype).reshape(()), node, (x, t), (x, t), **extra)


def _operands(owner: str, input: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Return both as tensors of one floating-point type and one shape, repeated where they broadcast."""
    x, t = promote(owner, tensor_only(owner, input), tensor_only(owner, target))
    if x._data.dtype.kind != "f":
        raise dtype_error(owner, "input and target must be floating-point", input, target)
    if x._data.shape == t._data.shape:
        return x, t
    try:
        shape = np.broadcast_shapes(x._data.shape, t._data.shape)
    except ValueError:
        raise shape_error(owner, "input and target must broadcast", input, target) from None
    return x.expand(shape), t.expand(shape)


def _regression(
    owner: str,
    node: type[PairLoss],
    input: Any,
    target: Any,
    reduction: str,
    weight: Tensor | None = None,
    delta: float = 0.0,
    scale: float = 1.0,
) -> Tensor:
    """Return a loss of x - t; warn if the shapes differ, which is rarely meant."""
    if isinstance(input, Tensor) and isinstance(target, Tensor) and input._data.shape != target._data.shape:
        warnings.warn(
            f"{owner}: Using a target size ({tuple(target.shape)}) that is different to the input size "
            f"({tuple(input.shape)}). This will likely lead to incorrect results due to broadcasting.",
            UserWarning,
            stacklevel=3,
        )
    x, t = _operands(owner, input, target)
    if weight is None:
        return _pair(owner, node, x, t, reduction, delta, scale)
    weight = tensor_only(owner, weight)
    if weight._data.shape != x._data.shape:
        raise ValueError(f"{owner}: Weights and input must have the same size; got {weight.shape} and {x.shape}")
    loss = _pair(owner, node, x, t, "none", delta, scale) * weight
    return loss.sum() / weight.sum() if reduction == "mean" else reduced(loss, reduction)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Return the squared error ``(input - target)**2``.

    Parameters
    ----------
    input, target : Tensor
        Floating-point; shapes that differ are broadcast, with a warning.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    weight : Tensor, optional
        A factor for each element; the mean divides by their sum.

    Returns
    -------
    Tensor
        0-d, or of the common shape without reduction.

    Raises
    ------
    RuntimeError
        If the shapes do not broadcast, or the elements are not floating-point.
    ValueError
        If `reduction` is none of the three, or `weight` has another shape.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.mse_loss(mg.tensor([1.0, 2.0]), mg.tensor([1.0, 4.0])).item()
    2.0
    """
    reduction = reduction_of("mse_loss", size_average, reduce, reduction)
    return _regression("mse_loss", MseLoss, input, target, reduction, weight)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Return the absolute error ``|input - target|``.

    Parameters
    ----------
    input, target : Tensor
        Floating-point; shapes that differ are broadcast, with a warning.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    weight : Tensor, optional
        A factor for each element; the mean divides by their sum.

    Returns
    -------
    Tensor
        0-d, or of the common shape without reduction.

    Raises
    ------
    RuntimeError
        If the shapes do not broadcast, or the elements are not floating-point.
    ValueError
        If `reduction` is none of the three, or `weight` has another shape.
    """
    reduction = reduction_of("l1_loss", size_average, reduce, reduction)
    return _regression("l1_loss", L1Loss, input, target, reduction, weight)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    r"""Return Huber's loss: quadratic near 0, linear beyond `delta`.

    Parameters
    ----------
    input, target : Tensor
        As in `mse_loss`.
    reduction : {"mean", "sum", "none"}
    delta : float, default 1.0
        Where :math:`d^2/2` goes over into :math:`\delta (|d| - \delta/2)`; positive.
    weight : Tensor, optional
        As in `mse_loss`.

    Returns
    -------
    Tensor
        0-d, or of the common shape without reduction.

    Raises
    ------
    RuntimeError
        If `delta` is not positive, or as in `mse_loss`.
    ValueError
        As in `mse_loss`.
    """
    reduction = reduction_of("huber_loss", None, None, reduction)
    if not delta > 0:
        raise RuntimeError(f"huber_loss: does not support non-positive values for delta; got {delta}")
    return _regression("huber_loss", HuberLoss, input, target, reduction, weight, delta)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    r"""Return :math:`d^2 / (2\beta)` within `beta` of the target and :math:`|d| - \beta/2` beyond.

    Parameters
    ----------
    input, target : Tensor
        As in `mse_loss`.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    beta : float, default 1.0
        Not negative; with 0 it is `l1_loss`.

    Returns
    -------
    Tensor
        0-d, or of the common shape without reduction.

    Raises
    ------
    RuntimeError
        If `beta` is negative, or as in `mse_loss`.
    ValueError
        As in `mse_loss`.
    """
    reduction = reduction_of("smooth_l1_loss", size_average, reduce, reduction)
    if not beta >= 0:
        raise RuntimeError(f"smooth_l1_loss: does not support negative values for beta; got {beta}")
    if beta == 0:
        return _regression("smooth_l1_loss", L1Loss, input, target, reduction)
    return _regression("smooth_l1_loss", SmoothL1Loss, input, target, reduction, None, beta, 1.0 / beta)


def _weighted(owner: str, loss: Callable[[str], Tensor], weight: Tensor | None, reduction: str) -> Tensor:
    """Return the loss, each element times its weight, reduced."""
    if weight is None:
        return loss(reduction)
    return reduced(loss("none") * tensor_only(owner, weight), reduction)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return :math:`-t \log x - (1 - t) \log(1 - x)` for probabilities x.

    Parameters
    ----------
    input : Tensor
        Probabilities, from 0 to 1.
    target : Tensor
        Of the same shape.
    weight : Tensor, optional
        A factor for each element, broadcast.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor
        0-d, or of the input's shape without reduction.

    Raises
    ------
    ValueError
        If the shapes differ, or `reduction` is none of the three.
    RuntimeError
        If an input lies outside [0, 1] or is NaN.

    Notes
    -----
    Logarithms are held at -100, so that the loss is finite where a probability is 0 or 1.
    """
    owner = "binary_cross_entropy"
    reduction = reduction_of(owner, size_average, reduce, reduction)
    if tensor_only(owner, input)._data.shape != tensor_only(owner, target)._data.shape:
        raise ValueError(
            f"{owner}: Using a target size ({tuple(target.shape)}) that is different to the input size "
            f"({tuple(input.shape)}) is deprecated. Please ensure they have the same size; got {portrait(input)} and "
            f"{portrait(target)}"
        )
    x, t = _operands(owner, input, target)
    return _weighted(owner, lambda how: _pair(owner, BinaryCrossEntropy, x, t, how), weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    r"""Return the binary cross entropy of :math:`\sigma(x)`, without forming it.

    Parameters
    ----------
    input : Tensor
        Logits.
    target : Tensor
        Of the same shape, from 0 to 1.
    weight : Tensor, optional
        A factor for each element, broadcast.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    pos_weight : Tensor, optional
        A factor for the positive part of each class, broadcast.

    Returns
    -------
    Tensor
        0-d, or of the input's shape without reduction.

    Raises
    ------
    ValueError
        If the shapes differ, or `reduction` is none of the three.

    Examples
    --------
    >>> import minigrad as mg
    >>> loss = mg.nn.functional.binary_cross_entropy_with_logits(mg.tensor([-1000.0]), mg.tensor([1.0]))
    >>> loss.item()
    1000.0
    """
    owner = "binary_cross_entropy_with_logits"
    reduction = reduction_of(owner, size_average, reduce, reduction)
    if tensor_only(owner, input)._data.shape != tensor_only(owner, target)._data.shape:
        raise ValueError(
            f"{owner}: Target size ({tuple(target.shape)}) must be the same as input size ({tuple(input.shape)})"
        )
    x, t = _operands(owner, input, target)

    def loss(how: str) -> Tensor:
        if pos_weight is None:
            return _pair(owner, BinaryCrossEntropyWithLogits, x, t, how)
        # log sigmoid(x) is minus the loss against 1, log(1 - sigmoid(x)) = log sigmoid(x) - x.
        against_one = _pair(owner, BinaryCrossEntropyWithLogits, x, fresh(np.ones_like(x._data)), "none")
        factor = (tensor_only(owner, pos_weight) - 1.0) * t + 1.0
        return reduced((1.0 - t) * x + factor * against_one, how)

    return _weighted(owner, loss, weight, reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    r"""Return the pointwise Kullback-Leibler divergence :math:`t (\log t - x)` of log-probabilities x.

    Parameters
    ----------
    input : Tensor
        Logarithms of probabilities.
    target : Tensor
        Probabilities, or their logarithms; broadcast against `input`.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "batchmean", "sum", "none"}
        ``"batchmean"`` divides the sum by the first extent, which is what the definition
        says; ``"mean"`` divides by the number of elements, with a warning.
    log_target : bool, default False
        Whether `target` holds logarithms.

    Returns
    -------
    Tensor
        0-d, or of the common shape without reduction.

    Raises
    ------
    RuntimeError
        If the shapes do not broadcast, or the elements are not floating-point.
    ValueError
        If `reduction` is none of the four.
    """
    reduction = reduction_of("kl_div", size_average, reduce, reduction, ("none", "batchmean", "sum", "mean"))
    if reduction == "mean":
        warnings.warn(
            "kl_div: reduction 'mean' divides by the number of elements; 'batchmean' is the mathematical definition",
            UserWarning,
            stacklevel=2,
        )
    x, t = _operands("kl_div", input, target)
    batch = None
    if reduction == "batchmean":
        batch = tensor_only("kl_div", input)._data.shape[0] if input._data.ndim else 1
    return _pair("kl_div", KlDivLog if log_target else KlDiv, x, t, reduction, batch=batch)
