"""Dropout: in training, elements (or whole channels) are zeroed at random and the rest scaled up.

y = x m / (1 - p) with m = 1 with probability 1 - p, else 0, so that the mean of y is x; the
gradient passes through the same mask. Which elements fall depends only on the generator's
seed and position.

References
----------
Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout: a simple way to
prevent neural networks from overfitting, JMLR 15.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._errors import portrait
from minigrad.nn._graph import Node
from minigrad.nn._pointwise import tensor_only
from minigrad.nn._random import stream_of
from minigrad.nn._tensor import Tensor, change_inplace, fresh, result

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "dropout_",
    "feature_alpha_dropout",
    "feature_dropout",
]

_ALPHA = -1.6732632423543772 * 1.0507009873554805
"""What SELU gives at minus infinity: a dropped unit's value in alpha dropout."""


class Masked(Node):
    """y = x m, m drawn."""

    def name(self) -> str:
        return "MulBackward0"

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g m."""
        return (grad * self.saved[0],)


def _check(op: str, input: Any, p: float, training: bool) -> Tensor:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"{op}: dropout probability has to be between 0 and 1, but got {p}")
    x = tensor_only(op, input)
    if training and x._data.dtype.kind != "f":
        raise RuntimeError(
            f"{op}: not implemented for {x.dtype.name}; the input must be floating-point; got {portrait(x)}"
        )
    return x


def _mask(shape: tuple[int, ...], dtype: np.dtype[Any], p: float, generator: Any) -> np.ndarray:
    """Return 1 / (1 - p) with probability 1 - p, and 0, as an array."""
    mask = _array.empty(shape, dtype)
    if p >= 1.0:
        mask.fill(0)
        return mask
    stream_of(generator).random(size=shape, dtype=dtype.type, out=mask)
    keep = np.greater_equal(mask, p, out=_array.empty(shape, np.dtype(np.bool_)))
    np.multiply(keep, dtype.type(1 / (1 - p)), out=mask)
    return mask


def _drop(op: str, input: Any, p: float, training: bool, inplace: bool, features: bool = False) -> Tensor:
    x = _check(op, input, p, training)
    if not training or p == 0 or x._data.size == 0:
        return x
    shape = x._data.shape
    if features:
        shape = shape[:2] + (1,) * (len(shape) - 2)
    mask = fresh(_mask(shape, x._data.dtype, p, None))

    def compute(before: Tensor) -> Tensor:
        data = np.multiply(before._data, mask._data, out=_array.empty(before._data.shape, before._data.dtype))
        return result(data, Masked, (before,), (mask,))

    return change_inplace(op, x, compute) if inplace else compute(x)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero each element with probability `p` and multiply the others by ``1 / (1 - p)``.

    Returns
    -------
    Tensor

    Parameters
    ----------
    input : Tensor
    p : float, default 0.5
    training : bool, default True
        If False, return `input` unchanged.
    inplace : bool, default False
        Write over `input`.

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    RuntimeError
        If the elements are not floating-point.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.ones(1000)
    >>> _ = mg.manual_seed(0)
    >>> sorted(set(mg.dropout(x, 0.5).tolist()))
    [0.0, 2.0]
    """
    return _drop("dropout", input, p, training, inplace)


def dropout_(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Apply `dropout` in place.

    Parameters
    ----------
    input : Tensor
    p : float, default 0.5
        Probability.
    training : bool, default True
        Whether anything is random at all.

    Returns
    -------
    Tensor
    """
    return dropout(input, p, training, True)


def _drop_channels(op: str, input: Any, p: float, training: bool, inplace: bool, dims: int) -> Tensor:
    """Drop whole channels of an input with `dims` dimensions, or one more for the batch."""
    x = _check(op, input, p, training)
    if x._data.ndim not in (dims, dims + 1):
        raise RuntimeError(f"{op}: Expected {dims}D or {dims + 1}D input; got shape {x.shape}")
    if x._data.ndim == dims + 1:
        return _drop(op, x, p, training, inplace, features=True)
    if inplace:
        return change_inplace(op, x, lambda before: _drop_channels(op, before, p, training, False, dims))
    dropped: Tensor = _drop(op, x.unsqueeze(0), p, training, False, features=True).squeeze(0)
    return dropped


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of an input of shape (N, C, L) or (C, L); see `dropout`.

    Parameters
    ----------
    input : Tensor
    p : float, default 0.5
        Probability.
    training : bool, default True
        Whether anything is random at all.
    inplace : bool, default False
        Change `input` itself.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    RuntimeError
        If the input has another number of dimensions.
    """
    return _drop_channels("dropout1d", input, p, training, inplace, 2)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of an input of shape (N, C, H, W); see `dropout`.

    Parameters
    ----------
    input : Tensor
    p : float, default 0.5
        Probability.
    training : bool, default True
        Whether anything is random at all.
    inplace : bool, default False
        Change `input` itself.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    RuntimeError
        If the elements are not floating-point, or there are fewer than 2 dimensions.
    """
    return feature_dropout(input, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of an input of shape (N, C, D, H, W) or (C, D, H, W); see `dropout`.

    Parameters
    ----------
    input : Tensor
    p : float, default 0.5
        Probability.
    training : bool, default True
        Whether anything is random at all.
    inplace : bool, default False
        Change `input` itself.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    RuntimeError
        If the input has another number of dimensions.
    """
    return _drop_channels("dropout3d", input, p, training, inplace, 4)


def feature_dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels, the second dimension of `input`; see `dropout`.

    Parameters
    ----------
    input : Tensor
    p : float, default 0.5
        Probability.
    training : bool, default True
        Whether anything is random at all.
    inplace : bool, default False
        Change `input` itself.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    RuntimeError
        If the elements are not floating-point, or there are fewer than 2 dimensions.
    """
    x = _check("feature_dropout", input, p, training)
    if x._data.ndim < 2 and training and p > 0:
        raise RuntimeError(f"feature_dropout: Feature dropout requires at least 2 dimensions; got shape {x.shape}")
    return _drop("feature_dropout", x, p, training, inplace, features=True)


def _alpha(op: str, input: Any, p: float, training: bool, inplace: bool, features: bool) -> Tensor:
    """Give dropped elements SELU's lowest value, and restore mean 0 and variance 1 by an affine map."""
    x = _check(op, input, p, training)
    if not training or p == 0 or x._data.size == 0:
        return x
    if p == 1:
        return change_inplace(op, x, lambda before: before * 0) if inplace else x * 0
    shape = x._data.shape[:2] + (1,) * (x._data.ndim - 2) if features else x._data.shape
    a = ((1 - p) * (1 + p * _ALPHA**2)) ** -0.5
    keep = _mask(shape, x._data.dtype, p, None) > 0
    kept = fresh(np.asarray(keep * a, x._data.dtype))
    shift = fresh(np.asarray(np.where(keep, 0, a * _ALPHA) - a * p * _ALPHA, x._data.dtype))
    if inplace:
        return change_inplace(op, x, lambda before: before * kept + shift)
    return x * kept + shift


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Drop elements so that mean 0 and variance 1 are kept, for networks of `selu`.

    Parameters
    ----------
    input : Tensor
    p : float, default 0.5
        Probability.
    training : bool, default False
        Whether anything is random at all.
    inplace : bool, default False
        Change `input` itself.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-normalizing neural networks, section 2.
    """
    return _alpha("alpha_dropout", input, p, training, inplace, False)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Drop whole channels as `alpha_dropout` drops elements.

    Parameters
    ----------
    input : Tensor
    p : float, default 0.5
        Probability.
    training : bool, default False
        Whether anything is random at all.
    inplace : bool, default False
        Change `input` itself.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    """
    return _alpha("feature_alpha_dropout", input, p, training, inplace, True)
