"""Adam and its family: steps scaled by running moments of the gradient."""

from __future__ import annotations

from typing import Any

from minigrad.nn._tensor import Tensor
from minigrad.nn.optim._steps import Elementwise, step_options

__all__ = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]

_TWO = ("exp_avg", "exp_avg_sq")
_THREE = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
_INF = ("exp_avg", "exp_inf")


class _Moments(Elementwise):
    """What the family shares."""

    def _arrays(self, group: dict[str, Any]) -> tuple[str, ...]:
        return _TWO

    def _arguments(self, group: dict[str, Any]) -> tuple[Any, ...]:
        beta1, beta2 = group["betas"]
        return group["lr"], beta1, beta2, group["eps"], group["weight_decay"], step_options(group)


class Adam(_Moments):
    """Adam [1]_: a step of about `lr` along the mean gradient over its root mean square.

    With gradient g, ``m <- beta1 m + (1 - beta1) g`` and ``v <- beta2 v + (1 - beta2) g^2``, both
    divided by ``1 - beta^t`` for their start at zero, and ``p <- p - lr m / (sqrt(v) + eps)``.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 1e-3
        Learning rate.
    betas : tuple of float, default (0.9, 0.999)
        How much of themselves the two running moments keep.
    eps : float, default 1e-8
        Added to the denominator.
    weight_decay : float, default 0
        Factor of the penalty ``weight_decay |p|^2 / 2``, or of the decay (`decoupled_weight_decay`).
    amsgrad : bool, default False
        Divide by the largest v so far [2]_.
    foreach, capturable, fused : bool, optional
        Accepted; there is one way to do it.
    maximize : bool, default False
        Climb instead.
    differentiable : bool, default False
        Must be False.
    decoupled_weight_decay : bool, default False
        Let the decay shrink the parameter instead of entering the gradient: AdamW.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
    .. [2] S. J. Reddi, S. Kale and S. Kumar, "On the convergence of Adam and beyond", ICLR 2018.

    Examples
    --------
    >>> import minigrad as mg
    >>> p = mg.nn.Parameter(mg.tensor([3.0, -1.0]))
    >>> optimizer = mg.optim.Adam([p], lr=0.5)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.tolist()
    [2.5, -0.5]
    """

    _c_name = "adam"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": tuple(float(beta) for beta in betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _arrays(self, group: dict[str, Any]) -> tuple[str, ...]:
        return _THREE if group["amsgrad"] else _TWO


class AdamW(Adam):
    """Adam with decoupled weight decay [1]_: ``p <- p - lr weight_decay p`` beside Adam's step.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 1e-3
        Learning rate.
    betas : tuple of float, default (0.9, 0.999)
        How much of themselves the two running moments keep.
    eps : float, default 1e-8
        Added to the denominator.
    weight_decay : float, default 1e-2
        Factor of the decay.
    amsgrad : bool, default False
        Divide by the largest second moment so far.
    maximize : bool, default False
        Climb instead.
    foreach, capturable, fused : bool, optional
        Accepted; there is one way to do it.
    differentiable : bool, default False
        Must be False.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )


class NAdam(_Moments):
    """Adam with Nesterov's momentum, which warms up [1]_.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 2e-3
        Learning rate.
    betas : tuple of float, default (0.9, 0.999)
        How much of themselves the two running moments keep.
    eps : float, default 1e-8
        Added to the denominator.
    weight_decay : float, default 0
        Factor of the penalty ``weight_decay |p|^2 / 2``, or of the decay (`decoupled_weight_decay`).
    momentum_decay : float, default 4e-3
        How fast the momentum approaches its final value.
    decoupled_weight_decay : bool, default False
        Let the decay shrink the parameter instead of entering the gradient.
    foreach, capturable : bool, optional
        Accepted; there is one way to do it.
    maximize : bool, default False
        Climb instead.
    differentiable : bool, default False
        Must be False.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    .. [1] T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016, algorithm 2.
    """

    _c_name = "nadam"
    _cells = ("step", "mu_product")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _initial(self, name: str, group: dict[str, Any]) -> float:
        return float(name == "mu_product")

    def _arguments(self, group: dict[str, Any]) -> tuple[Any, ...]:
        *shared, options = super()._arguments(group)
        return (*shared, group["momentum_decay"], options)


class RAdam(_Moments):
    """Adam whose adaptive rate waits until its variance is bounded, and is rectified then [1]_.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 1e-3
        Learning rate.
    betas : tuple of float, default (0.9, 0.999)
        How much of themselves the two running moments keep.
    eps : float, default 1e-8
        Added to the denominator.
    weight_decay : float, default 0
        Factor of the penalty ``weight_decay |p|^2 / 2``, or of the decay (`decoupled_weight_decay`).
    decoupled_weight_decay : bool, default False
        Let the decay shrink the parameter instead of entering the gradient.
    foreach, capturable : bool, optional
        Accepted; there is one way to do it.
    maximize : bool, default False
        Climb instead.
    differentiable : bool, default False
        Must be False.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    .. [1] L. Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020, algorithm 2.
    """

    _c_name = "radam"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)


class Adamax(_Moments):
    """Adam in the infinity norm [1]_: the step is divided by the gradient's decaying maximum.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 2e-3
        Learning rate.
    betas : tuple of float, default (0.9, 0.999)
        How much of themselves the running mean and maximum keep.
    eps : float, default 1e-8
        Added to the gradient's magnitude.
    weight_decay : float, default 0
        Factor of the penalty ``weight_decay |p|^2 / 2``.
    foreach, capturable : bool, optional
        Accepted; there is one way to do it.
    maximize : bool, default False
        Climb instead.
    differentiable : bool, default False
        Must be False.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2.
    """

    _c_name = "adamax"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _arrays(self, group: dict[str, Any]) -> tuple[str, ...]:
        return _INF
