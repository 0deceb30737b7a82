"""Optimizers with a step size per element, but no corrected moments."""

from __future__ import annotations

from typing import Any

from minigrad.nn._tensor import Tensor
from minigrad.nn.optim._steps import Elementwise, step_options

__all__ = ["Adadelta", "Adagrad", "RMSprop", "Rprop"]

_DELTA = ("square_avg", "acc_delta")
_SUM = ("sum",)
_SIGN = ("prev", "step_size")
_RMS = {
    (False, False): ("square_avg",),
    (True, False): ("square_avg", "momentum_buffer"),
    (False, True): ("square_avg", "grad_avg"),
    (True, True): ("square_avg", "momentum_buffer", "grad_avg"),
}


class RMSprop(Elementwise):
    """Gradient over its root mean square [1]_, centered [2]_ and with momentum if wished.

    ``v <- alpha v + (1 - alpha) g^2`` and ``p <- p - lr g / (sqrt(v) + eps)``; `centered` takes the
    running mean's square off v.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 1e-2
        Learning rate.
    alpha : float, default 0.99
        How much of itself the running square keeps.
    eps : float, default 1e-8
        Added to the denominator.
    weight_decay : float, default 0
        Factor of the penalty ``weight_decay |p|^2 / 2``.
    momentum : float, default 0
    centered : bool, default False
        Divide by the deviation instead of the root mean square.
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
    .. [1] T. Tieleman and G. Hinton, "Lecture 6.5: rmsprop", 2012.
    .. [2] A. Graves, "Generating sequences with recurrent neural networks", 2013, equation 40.
    """

    _c_name = "rmsprop"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _arrays(self, group: dict[str, Any]) -> tuple[str, ...]:
        return _RMS[group["momentum"] != 0, bool(group["centered"])]

    def _arguments(self, group: dict[str, Any]) -> tuple[Any, ...]:
        options = step_options(group)
        return group["lr"], group["alpha"], group["eps"], group["weight_decay"], group["momentum"], options


class Adagrad(Elementwise):
    """Gradient over the root of the sum of all squared gradients so far [1]_.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 1e-2
        Learning rate.
    lr_decay : float, default 0
        The rate of step t is ``lr / (1 + (t - 1) lr_decay)``.
    weight_decay : float, default 0
        Factor of the penalty ``weight_decay |p|^2 / 2``.
    initial_accumulator_value : float, default 0
        What the sum begins with.
    eps : float, default 1e-10
        Added to the denominator.
    foreach, fused : bool, optional
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
    .. [1] J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
       stochastic optimization", JMLR 12, 2011.
    """

    _c_name = "adagrad"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                self._prepare(param, group)

    def _arrays(self, group: dict[str, Any]) -> tuple[str, ...]:
        return _SUM

    def _initial(self, name: str, group: dict[str, Any]) -> float:
        return float(group["initial_accumulator_value"]) if name == "sum" else 0.0

    def _arguments(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return group["lr"], group["lr_decay"], group["eps"], group["weight_decay"], step_options(group)


class Adadelta(Elementwise):
    """Steps in the parameter's own unit [1]_: gradient times the ratio of two running root mean squares.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 1.0
        Factor of the step.
    rho : float, default 0.9
        How much of themselves the running squares keep.
    eps : float, default 1e-6
        Added under both roots.
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
    .. [1] M. D. Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1.
    """

    _c_name = "adadelta"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Adadelta: Invalid rho value: {rho}; it must be in [0, 1]")
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _arrays(self, group: dict[str, Any]) -> tuple[str, ...]:
        return _DELTA

    def _arguments(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return group["lr"], group["rho"], group["eps"], group["weight_decay"], step_options(group)


class Rprop(Elementwise):
    """Resilient propagation [1]_: each element's step size follows the signs of its gradient.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 1e-2
        The first step size.
    etas : tuple of float, default (0.5, 1.2)
        Factors of the step size where the sign turned and where it stayed.
    step_sizes : tuple of float, default (1e-6, 50)
        Least and largest step size.
    capturable, foreach : bool, optional
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
    .. [1] M. Riedmiller and H. Braun, "A direct adaptive method for faster backpropagation learning:
       the RPROP algorithm", ICNN 1993.
    """

    _c_name = "rprop"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Rprop: Invalid eta values: {etas[0]}, {etas[1]}; 0 < etas[0] < 1 < etas[1] must hold")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _arrays(self, group: dict[str, Any]) -> tuple[str, ...]:
        return _SIGN

    def _initial(self, name: str, group: dict[str, Any]) -> float:
        return float(group["lr"]) if name == "step_size" else 0.0

    def _arguments(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return (*group["etas"], *group["step_sizes"], step_options(group))
