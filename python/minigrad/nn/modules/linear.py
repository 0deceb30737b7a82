"""The affine and the bilinear layer, and the one that does nothing."""

from __future__ import annotations

import math
from typing import Any

from minigrad.nn import init
from minigrad.nn._array import lasting
from minigrad.nn._dtype import get_default_dtype, to_dtype
from minigrad.nn._ops import functions
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules.module import Module, Parameter

__all__ = ["Bilinear", "Identity", "Linear"]

_linear = functions["linear"]
_bilinear = functions["bilinear"]


def _parameter(shape: tuple[int, ...], dtype: Any) -> Parameter:
    kind = get_default_dtype() if dtype is None else to_dtype(dtype)
    return Parameter(fresh(lasting(shape, kind.numpy)))


class Identity(Module):
    """Module that returns its input; arguments are ignored.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.Identity(54)(mg.tensor([1.0])).tolist()
    [1.0]
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        """Return `input`.

        Parameters
        ----------
        input : Tensor
        """
        return input


class Linear(Module):
    """Affine layer, ``y = x W' + b``.

    Parameters
    ----------
    in_features, out_features : int
    bias : bool, default True
        Whether to add b.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    weight : Parameter of shape (out_features, in_features)
    bias : Parameter of shape (out_features,), or None
        Both uniform in ``[-1/sqrt(in_features), 1/sqrt(in_features)]`` at first, which is He's
        rule for a leaky ReLU of slope sqrt 5.

    Notes
    -----
    Input of shape (*, in_features), output of shape (*, out_features).

    Examples
    --------
    >>> import minigrad as mg
    >>> layer = mg.nn.Linear(20, 30)
    >>> layer(mg.ones(128, 20)).shape
    (128, 30)
    """

    in_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        self.in_features = in_features
        self.out_features = out_features
        self.weight = _parameter((out_features, in_features), dtype)
        if bias:
            self.bias = _parameter((out_features,), dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input @ weight.T + bias``.

        Parameters
        ----------
        input : Tensor
        """
        return _linear(input, self.weight, self.bias)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """Bilinear layer, ``y[o] = x1' W[o] x2 + b[o]``.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
    bias : bool, default True
    device : optional
        The CPU.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    weight : Parameter of shape (out_features, in1_features, in2_features)
    bias : Parameter of shape (out_features,), or None
        Both uniform in ``[-1/sqrt(in1_features), 1/sqrt(in1_features)]`` at first.

    Raises
    ------
    ValueError
        If `in1_features` is not positive.
    """

    in1_features: int
    in2_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if in1_features <= 0:
            raise ValueError(f"Bilinear: in1_features must be > 0; got {in1_features}")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = _parameter((out_features, in1_features, in2_features), dtype)
        if bias:
            self.bias = _parameter((out_features,), dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Return the bilinear form of both inputs.

        Parameters
        ----------
        input1, input2 : Tensor
        """
        return _bilinear(input1, input2, self.weight, self.bias)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
