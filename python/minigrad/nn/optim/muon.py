"""Muon: momentum made orthogonal, for the matrices of hidden layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad._native import check_status, lib, pointer
from minigrad.nn import _array
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn._vector import suffix
from minigrad.nn.optim.optimizer import Optimizer, changed_in_place, check, number

__all__ = ["Muon"]


class Muon(Optimizer):
    """Steps along the orthogonal factor of the momentum [1]_, found by Newton-Schulz iterations.

    All singular directions of the momentum's matrix are followed alike. Meant for the matrices of
    hidden layers; biases, embeddings and heads belong to another optimizer.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize: tensors of two dimensions.
    lr : float or Tensor, default 1e-3
        Learning rate.
    weight_decay : float, default 0.1
        Decoupled: ``p <- p - lr weight_decay p``.
    momentum : float, default 0.95
        How much of itself the running mean keeps.
    nesterov : bool, default True
    ns_coefficients : tuple of three floats, default (3.4445, -4.775, 2.0315)
        Coefficients of s, s^3 and s^5 in the polynomial that acts on singular values.
    eps : float, default 1e-7
        Least norm that the momentum is divided by.
    ns_steps : int, default 5
        Iterations, fewer than 100.
    adjust_lr_fn : {None, "original", "match_rms_adamw"}, default None
        Factor of `lr` for an A x B matrix: ``sqrt(max(1, A / B))``, or ``0.2 sqrt(max(A, B))``.

    Raises
    ------
    ValueError
        If an option is out of range, or a parameter is not a matrix.

    Notes
    -----
    The iteration rounds to the parameter's own precision; PyTorch's rounds to bfloat16.

    References
    ----------
    .. [1] K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024.
    """

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        for name, value in (("lr", lr), ("momentum", momentum), ("weight_decay", weight_decay)):
            check(self, name, value)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Muon: Adjust learning rate function {adjust_lr_fn} is not supported")
        if not 0 <= ns_steps < 100:
            raise ValueError(f"Muon: ns_steps must be an int from 0 to 99; got {ns_steps}")
        if len(ns_coefficients) != 3:
            raise ValueError(f"Muon: ns_coefficients must be exactly 3 values; got {len(ns_coefficients)}")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of matrices with options of its own.

        Parameters
        ----------
        param_group : dict
            ``"params"``, and any options; the others come from the defaults.

        Raises
        ------
        ValueError
            If a parameter is not a matrix, or for the reasons of the base class.
        """
        super().add_param_group(param_group)
        for param in param_group["params"]:
            if param.ndim != 2:
                self.param_groups.pop()
                raise ValueError(f"Muon: only supports 2D parameters whereas we found a parameter of {param.shape}")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters once.

        Parameters
        ----------
        closure : callable, optional
            Clears the gradients, computes the loss, calls backward and returns the loss.

        Returns
        -------
        Tensor or float or None
            What the closure returned.
        """
        loss = self._evaluate(closure)
        for group in self.param_groups:
            params = [param for param in group["params"] if param._grad is not None]
            for param in params:
                self._step_one(param, group)
            changed_in_place(params)
        return loss

    def _step_one(self, param: Tensor, group: dict[str, Any]) -> None:
        assert param._grad is not None
        data, state = param._data, self.state[param]
        rows, cols = data.shape
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = fresh(_array.zeros(data.shape, data.dtype))
        buffer, target = state["momentum_buffer"]._data, _array.contiguous(data)
        lr = number(group["lr"])
        rate = lr * math.sqrt(max(1.0, rows / max(cols, 1)))
        if group["adjust_lr_fn"] == "match_rms_adamw":
            rate = 0.2 * lr * math.sqrt(max(rows, cols))
        function = getattr(lib, f"mg_muon_step_{suffix(data.dtype, 'Muon')}")
        status = function(
            rows,
            cols,
            pointer(_array.contiguous(param._grad._data)),
            rate,
            1 - lr * group["weight_decay"],
            group["momentum"],
            *group["ns_coefficients"],
            group["eps"],
            group["ns_steps"],
            lib.MG_STEP_NESTEROV if group["nesterov"] else 0,
            pointer(buffer, True),
            pointer(target, True),
        )
        check_status(status, "Muon")
        if target is not data:
            np.copyto(data, target)
