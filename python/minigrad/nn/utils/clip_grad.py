"""Bounds on gradients."""

from __future__ import annotations

import math
import types
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn import _vector as vector
from minigrad.nn._tensor import Tensor, fresh

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _listed(tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _grads(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [param.grad for param in _listed(parameters) if param.grad is not None]


def _by_dtype(tensors: list[Tensor]) -> list[list[Tensor]]:
    groups: dict[Any, list[Tensor]] = {}
    for tensor in tensors:
        groups.setdefault(tensor._data.dtype, []).append(tensor)
    return list(groups.values())


class _Memory:
    """The arrays of some tensors; those with gaps as copies that go back at the end."""

    def __init__(self, tensors: list[Tensor]) -> None:
        self.tensors = tensors

    def __enter__(self) -> list[np.ndarray]:
        self.arrays = [_array.contiguous(tensor._data) for tensor in self.tensors]
        return self.arrays

    def __exit__(self, *exc: object) -> None:
        for tensor, array in zip(self.tensors, self.arrays, strict=True):
            if array is not tensor._data:
                np.copyto(tensor._data, array)
            tensor._bump()


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Return the norm of all elements of some tensors, taken as one vector.

    Parameters
    ----------
    tensors : Tensor or iterable of Tensor
    norm_type : float, default 2.0
        Order; ``inf`` for the largest magnitude.
    error_if_nonfinite : bool, default False
        Refuse a norm that is NaN or infinite.
    foreach : bool, optional
        Accepted; there is one way to do it.

    Returns
    -------
    Tensor
        0-d.

    Raises
    ------
    RuntimeError
        If the norm is not finite and that is to be refused.
    """
    listed, order = _listed(tensors), float(norm_type)
    if not listed:
        return fresh(np.zeros((), np.float32))
    parts = [
        vector.norm([_array.contiguous(tensor._data) for tensor in group], order, "get_total_norm")
        for group in _by_dtype(listed)
    ]
    total = parts[0] if len(parts) == 1 else vector.norm([np.array(parts)], order, "get_total_norm")
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {order} for gradients from `parameters` is non-finite, so it cannot be clipped. "
            "To disable this error and scale the gradients by the non-finite norm anyway, "
            "set `error_if_nonfinite=False`"
        )
    kind = np.result_type(*[tensor._data.dtype for tensor in listed])
    return fresh(np.array(total, kind))


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Multiply all gradients by ``min(1, max_norm / (total_norm + 1e-6))``.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
    max_norm : float
    total_norm : Tensor
        What `get_total_norm` gave.
    foreach : bool, optional
        Accepted; there is one way to do it.
    """
    factor = float(max_norm) / (float(total_norm.item()) + 1e-6)
    if factor >= 1.0:
        return
    for group in _by_dtype(_grads(parameters)):
        with _Memory(group) as arrays:
            vector.scale(arrays, factor, "clip_grads_with_norm_")


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients together so that their norm is at most `max_norm`.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those whose ``grad`` is meant; without one they do not count.
    max_norm : float
    norm_type : float, default 2.0
        Order of the norm; ``inf`` for the largest magnitude.
    error_if_nonfinite : bool, default False
        Refuse a norm that is NaN or infinite; otherwise it spreads to all gradients.
    foreach : bool, optional
        Accepted; there is one way to do it.

    Returns
    -------
    Tensor
        The norm before, 0-d.

    Raises
    ------
    RuntimeError
        If the norm is not finite and that is to be refused.

    Examples
    --------
    >>> import minigrad as mg
    >>> p = mg.nn.Parameter(mg.zeros(2))
    >>> p.grad = mg.tensor([3.0, 4.0])
    >>> mg.nn.utils.clip_grad_norm_(p, 1.0).item()
    5.0
    """
    generated = isinstance(parameters, types.GeneratorType)
    params = _listed(parameters)
    if generated and not params:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    total = get_total_norm(_grads(params), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(params, max_norm, total, foreach)
    return total


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Bring every element of all gradients into ``[-clip_value, clip_value]``.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
    clip_value : float
    foreach : bool, optional
        Accepted; there is one way to do it.
    """
    bound = float(clip_value)
    for group in _by_dtype(_grads(parameters)):
        with _Memory(group) as arrays:
            vector.clamp(arrays, -bound, bound, "clip_grad_value_")
