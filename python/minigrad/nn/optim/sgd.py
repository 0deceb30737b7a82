"""Gradient descent, with momentum, and with averaging."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn._tensor import Tensor
from minigrad.nn.optim._steps import Elementwise, step_options

__all__ = ["ASGD", "SGD"]

_NONE: tuple[str, ...] = ()
_BUFFER = ("momentum_buffer",)
_AX = ("ax",)


class SGD(Elementwise):
    """Stochastic gradient descent, optionally with momentum [1]_ in Nesterov's form [2]_.

    With gradient g (weight decay included), ``b <- momentum b + (1 - dampening) g``, b = g at the
    first step, and ``p <- p - lr b``, or ``p <- p - lr (g + momentum b)`` with `nesterov`.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 1e-3
        Learning rate.
    momentum, dampening : float, default 0
    weight_decay : float, default 0
        Factor of the penalty ``weight_decay |p|^2 / 2``.
    nesterov : bool, default False
    maximize : bool, default False
        Climb instead.
    foreach, fused : bool, optional
        Accepted; there is one way to do it.
    differentiable : bool, default False
        Must be False.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    .. [2] I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization
       and momentum in deep learning", ICML 2013, section 2.

    Examples
    --------
    >>> import minigrad as mg
    >>> p = mg.nn.Parameter(mg.tensor([3.0]))
    >>> optimizer = mg.optim.SGD([p], lr=0.25)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.tolist()
    [1.5]
    """

    _c_name = "sgd"

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                "SGD: Nesterov momentum requires a momentum and zero dampening; "
                f"got momentum {momentum} and dampening {dampening}"
            )
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _arrays(self, group: dict[str, Any]) -> tuple[str, ...]:
        return _NONE if group["momentum"] == 0 else _BUFFER

    def _prepare(self, param: Tensor, group: dict[str, Any]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        # C wants to know only whether a buffer is new; the number of steps is nobody's state here.
        names = self._arrays(group)
        state = self.state[param] if names else {}
        started = state.get("momentum_buffer") is not None
        arrays = [self._in_form(state, name, param._data.shape, param._data.dtype, group) for name in names]
        return arrays, [np.full(1, started, np.float32)]

    def _arguments(self, group: dict[str, Any]) -> tuple[Any, ...]:
        options = step_options(group)
        return group["lr"], group["momentum"], group["dampening"], group["weight_decay"], options


class ASGD(Elementwise):
    """Averaged stochastic gradient descent [1]_.

    Steps of length ``eta = lr / (1 + lambd lr t) ** alpha``; from step `t0` on, ``state["ax"]`` is
    the mean of the parameter's values.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize, in one group or several.
    lr : float or Tensor, default 1e-2
        Learning rate.
    lambd : float, default 1e-4
        Pull towards zero, and how soon the steps shorten.
    alpha : float, default 0.75
        Power of the steps' shortening.
    t0 : float, default 1e6
        Step at which averaging begins.
    weight_decay : float, default 0
        Factor of the penalty ``weight_decay |p|^2 / 2``.
    maximize : bool, default False
        Climb instead.
    foreach, capturable : bool, optional
        Accepted; there is one way to do it.
    differentiable : bool, default False
        Must be False.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    .. [1] B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by averaging",
       SIAM J. Control Optim. 30, 1992.
    """

    _c_name = "asgd"
    _cells = ("step", "eta", "mu")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _arrays(self, group: dict[str, Any]) -> tuple[str, ...]:
        return _AX

    def _initial(self, name: str, group: dict[str, Any]) -> float:
        return float(group["lr"]) if name == "eta" else float(name == "mu")

    def _arguments(self, group: dict[str, Any]) -> tuple[Any, ...]:
        options = step_options(group)
        return group["lr"], group["lambd"], group["alpha"], group["t0"], group["weight_decay"], options
