"""Differentiation under PyTorch's names; it lives in `minigrad.nn`."""

from __future__ import annotations

from typing import Any

from minigrad.nn._anomaly import detect_anomaly, set_detect_anomaly
from minigrad.nn._autograd import Function, backward, grad
from minigrad.nn._gradcheck import GradcheckError, gradcheck, gradgradcheck
from minigrad.nn._graph import enable_grad, inference_mode, no_grad, set_grad_enabled
from minigrad.nn._tensor import Tensor, as_tensor

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def Variable(data: Any, requires_grad: bool = False) -> Tensor:  # noqa: N802 (PyTorch's old name)
    """Return a tensor; older scripts wrap theirs in this.

    Parameters
    ----------
    data : Tensor
    requires_grad : bool, default False

    Returns
    -------
    Tensor
        `data` itself, if it is one.
    """
    tensor = as_tensor(data)
    return tensor.requires_grad_() if requires_grad and tensor.is_leaf else tensor
