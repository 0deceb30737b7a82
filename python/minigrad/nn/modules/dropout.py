"""Dropout layers: active in training, the identity in evaluation."""

from __future__ import annotations

from typing import Any

from minigrad.nn._ops import functions
from minigrad.nn._tensor import Tensor
from minigrad.nn.modules.module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    """Base: the probability and the function.

    Parameters
    ----------
    p : float, default 0.5
        Probability of zeroing.
    inplace : bool, default False
        Write over the input.

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    """

    p: float
    inplace: bool
    _function = "dropout"

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Any:
        """Return `input` with some of it dropped, in training."""
        return functions[self._function](input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Zero each element with probability `p` in training, and scale the rest by ``1 / (1 - p)``.

    Parameters
    ----------
    p : float, default 0.5
    inplace : bool, default False

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].

    Examples
    --------
    >>> import minigrad as mg
    >>> layer = mg.nn.Dropout(0.2)
    >>> layer.eval()(mg.ones(3)).tolist()
    [1.0, 1.0, 1.0]
    """


class Dropout1d(_Dropout):
    """Zero whole channels of (N, C, L) or (C, L) inputs in training; see `Dropout`.

    Parameters
    ----------
    p : float, default 0.5
    inplace : bool, default False

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    """

    _function = "dropout1d"


class Dropout2d(_Dropout):
    """Zero whole channels of (N, C, H, W) inputs in training; see `Dropout`.

    Parameters
    ----------
    p : float, default 0.5
    inplace : bool, default False

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    """

    _function = "dropout2d"


class Dropout3d(_Dropout):
    """Zero whole channels of (N, C, D, H, W) or (C, D, H, W) inputs in training; see `Dropout`.

    Parameters
    ----------
    p : float, default 0.5
    inplace : bool, default False

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    """

    _function = "dropout3d"


class AlphaDropout(_Dropout):
    """Drop elements and keep mean 0 and variance 1, for networks of SELU; see `Dropout`.

    Parameters
    ----------
    p : float, default 0.5
    inplace : bool, default False

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    """

    _function = "alpha_dropout"


class FeatureAlphaDropout(_Dropout):
    """Drop whole channels as `AlphaDropout` drops elements.

    Parameters
    ----------
    p : float, default 0.5
    inplace : bool, default False

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    """

    _function = "feature_alpha_dropout"
