"""Losses as modules: each holds the options of the function of the same name."""

from __future__ import annotations

import math
from typing import Any

from minigrad.nn._ops import entropy, loss, margin
from minigrad.nn._reduction import reduction_of
from minigrad.nn._tensor import Tensor
from minigrad.nn.modules.linear import Linear
from minigrad.nn.modules.module import Module

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LinearCrossEntropyLoss",
    "MSELoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
]


class Loss(Module):
    """Base of the losses: says how elements are reduced.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    """

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        if size_average is not None or reduce is not None:
            reduction = reduction_of(type(self).__name__, size_average, reduce, reduction)
        self.reduction = reduction


class WeightedLoss(Loss):
    """Base of the losses with a factor for each class or element, kept as the buffer ``weight``."""

    weight: Tensor | None

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(Loss):
    """Absolute error; see `minigrad.nn.functional.l1_loss`.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.L1Loss()(mg.tensor([1.0, 2.0]), mg.tensor([1.0, 4.0])).item()
    1.0
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        return loss.l1_loss(input, target, reduction=self.reduction)


class MSELoss(Loss):
    """Squared error; see `minigrad.nn.functional.mse_loss`.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.MSELoss()(mg.tensor([1.0, 2.0]), mg.tensor([1.0, 4.0])).item()
    2.0
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        return loss.mse_loss(input, target, reduction=self.reduction)


class HuberLoss(Loss):
    """Huber's loss; see `minigrad.nn.functional.huber_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    delta : float, default 1.0
        Where the parabola goes over into a straight line.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        return loss.huber_loss(input, target, self.reduction, self.delta)


class SmoothL1Loss(Loss):
    """Huber's loss divided by its delta; see `minigrad.nn.functional.smooth_l1_loss`.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    beta : float, default 1.0
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        return loss.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class BCELoss(WeightedLoss):
    """Binary cross entropy of probabilities; see `minigrad.nn.functional.binary_cross_entropy`.

    Parameters
    ----------
    weight : Tensor, optional
        A factor for each element, broadcast.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        return loss.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(Loss):
    """Binary cross entropy of logits; see `minigrad.nn.functional.binary_cross_entropy_with_logits`.

    Parameters
    ----------
    weight : Tensor, optional
        A factor for each element, broadcast.
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    pos_weight : Tensor, optional
        A factor for the positive part of each class.
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        return loss.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class KLDivLoss(Loss):
    """Kullback-Leibler divergence; see `minigrad.nn.functional.kl_div`.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "batchmean", "sum", "none"}
    log_target : bool, default False
        Whether targets are logarithms.
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        return loss.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class NLLLoss(WeightedLoss):
    """Negative log-likelihood; see `minigrad.nn.functional.nll_loss`.

    Parameters
    ----------
    weight : Tensor, optional
        A factor for each class.
    size_average : bool, optional
        Deprecated; see `reduction`.
    ignore_index : int, default -100
    reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        return entropy.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(WeightedLoss):
    """Cross entropy of logits; see `minigrad.nn.functional.cross_entropy`.

    Parameters
    ----------
    weight : Tensor, optional
        A factor for each class.
    size_average : bool, optional
        Deprecated; see `reduction`.
    ignore_index : int, default -100
    reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    label_smoothing : float, default 0.0

    Examples
    --------
    >>> import minigrad as mg
    >>> round(mg.nn.CrossEntropyLoss()(mg.zeros(2, 10), mg.tensor([3, 7])).item(), 4)
    2.3026
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        return entropy.cross_entropy(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )  # fmt: skip


class LinearCrossEntropyLoss(WeightedLoss):
    """Cross entropy of the logits of a linear layer, which the loss owns.

    Parameters
    ----------
    in_features, num_classes : int
    out_features : tuple of int, default ()
        Extents of a loss over several dimensions.
    bias : bool, default False
    device : optional
        The CPU.
    dtype : dtype, optional
        Of the parameters.
    reduction : {"mean", "sum", "none"}
    weight : Tensor, optional
        A factor for each class.
    ignore_index : int, optional
        Only with class indices.
    label_smoothing : float, default 0.0
    options : object, optional
        How PyTorch cuts the product into chunks; the result does not depend on it.

    Attributes
    ----------
    linear : Linear

    Raises
    ------
    RuntimeError
        If `weight` or `label_smoothing` is not as it must be.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"LinearCrossEntropyLoss: expected weight shape {(num_classes,)}, got {weight.shape}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(
                f"LinearCrossEntropyLoss: expected label_smoothing to be in range [0, 1], got {label_smoothing}"
            )
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = tuple(out_features)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.linear = Linear(
            in_features, math.prod(out_features, start=num_classes), bias=bias, device=device, dtype=dtype
        )
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of the logits of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        outputs = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return entropy.linear_cross_entropy(
            input,
            self.linear.weight.reshape((*outputs, self.linear.in_features)),
            target,
            linear_bias=None if bias is None else bias.reshape(outputs),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
        )

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, reduction={self.reduction}, "
            f"ignore_index={self.ignore_index}, label_smoothing={self.label_smoothing}, options={self.options}"
        )


class PoissonNLLLoss(Loss):
    """Negative log-likelihood of counts; see `minigrad.nn.functional.poisson_nll_loss`.

    Parameters
    ----------
    log_input : bool, default True
    full : bool, default False
    size_average : bool, optional
        Deprecated; see `reduction`.
    eps : float, default 1e-8
    reduce : bool, optional
        Deprecated; see `reduction`.
    reduction : {"mean", "sum", "none"}
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: Any = None,
        eps: float = 1e-8,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of `input` against `target`.

        Parameters
        ----------
        input, target : Tensor
        """
        return margin.poisson_nll_loss(input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction)


class GaussianNLLLoss(Loss):
    """Negative log-likelihood of a predicted mean and variance; see `minigrad.nn.functional.gaussian_nll_loss`.

    Parameters
    ----------
    full : bool, default False
    eps : float, default 1e-6
    reduction : {"mean", "sum", "none"}
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """Return the loss of mean `input` and variance `var` against `target`.

        Parameters
        ----------
        input, target : Tensor
        var : Tensor or float
        """
        return margin.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)
