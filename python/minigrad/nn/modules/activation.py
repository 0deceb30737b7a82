"""Activations as layers; each calls the function of its name in `minigrad.nn.functional`."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn._dtype import get_default_dtype, to_dtype
from minigrad.nn._ops import functions
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules.module import Module, Parameter

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class _Activation(Module):
    """Base: the function's name and the attributes that it takes after the input."""

    _function = ""
    _options: tuple[str, ...] = ()
    inplace: bool

    def forward(self, input: Tensor) -> Any:
        """Return the activation of every element."""
        return functions[self._function](input, *[getattr(self, name) for name in self._options])

    def extra_repr(self) -> str:
        """Return the options."""
        shown = [name for name in self._options if name != "training" and (name != "inplace" or self.inplace)]
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)


class _Inplace(_Activation):
    """Base: an activation whose only option is to write over its input."""

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Any:
        """Return the activation of every element."""
        return functions[self._function](input, inplace=self.inplace)

    def extra_repr(self) -> str:
        """Return the option."""
        return "inplace=True" if self.inplace else ""


class ReLU(_Inplace):
    """max(x, 0) of every element.

    Parameters
    ----------
    inplace : bool, default False

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.ReLU()(mg.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    _function = "relu"


class SELU(_Inplace):
    """Scaled ELU, the self-normalising activation.

    Parameters
    ----------
    inplace : bool, default False
        Write over the input.
    """

    _function = "selu"


class SiLU(_Inplace):
    """x sigmoid(x), also called swish.

    Parameters
    ----------
    inplace : bool, default False
        Write over the input.
    """

    _function = "silu"


class Mish(_Inplace):
    """x tanh(softplus(x)).

    Parameters
    ----------
    inplace : bool, default False
        Write over the input.
    """

    _function = "mish"


class Hardswish(_Inplace):
    """x times the hard sigmoid of x.

    Parameters
    ----------
    inplace : bool, default False
        Write over the input.
    """

    _function = "hardswish"


class Hardsigmoid(_Inplace):
    """(x + 3)/6, limited to [0, 1].

    Parameters
    ----------
    inplace : bool, default False
        Write over the input.
    """

    _function = "hardsigmoid"


class Sigmoid(_Activation):
    """1 / (1 + exp(-x))."""

    _function = "sigmoid"


class Tanh(_Activation):
    """The hyperbolic tangent."""

    _function = "tanh"


class Softsign(_Activation):
    """x / (1 + |x|)."""

    _function = "softsign"


class Tanhshrink(_Activation):
    """x - tanh(x)."""

    _function = "tanhshrink"


class LogSigmoid(_Activation):
    """log(sigmoid(x)), without loss far from 0."""

    _function = "logsigmoid"


class LeakyReLU(_Activation):
    """x above 0, `negative_slope` x below.

    Parameters
    ----------
    negative_slope : float, default 0.01
    inplace : bool, default False
    """

    _function = "leaky_relu"
    _options = ("negative_slope", "inplace")
    negative_slope: float
    inplace: bool

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope = negative_slope
        self.inplace = inplace


class ELU(_Activation):
    """x above 0, ``alpha (exp(x) - 1)`` below.

    Parameters
    ----------
    alpha : float, default 1.0
    inplace : bool, default False
    """

    _function = "elu"
    _options = ("alpha", "inplace")
    alpha: float
    inplace: bool

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha
        self.inplace = inplace


class CELU(_Activation):
    """x above 0, ``alpha (exp(x / alpha) - 1)`` below.

    Parameters
    ----------
    alpha : float, default 1.0
    inplace : bool, default False
    """

    _function = "celu"
    _options = ("alpha", "inplace")
    alpha: float
    inplace: bool

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha
        self.inplace = inplace


class GELU(_Activation):
    """x Phi(x), Phi the normal distribution function or its "tanh" approximation.

    Parameters
    ----------
    approximate : str, default "none"
    """

    _function = "gelu"
    _options = ("approximate",)
    approximate: str

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate


class Softplus(_Activation):
    """``log(1 + exp(beta x)) / beta``, and x where ``beta x > threshold``.

    Parameters
    ----------
    beta : float, default 1.0
    threshold : float, default 20.0
    """

    _function = "softplus"
    _options = ("beta", "threshold")
    beta: float
    threshold: float

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta = beta
        self.threshold = threshold


class Softshrink(_Activation):
    """x moved toward 0 by `lambd`, at most to it.

    Parameters
    ----------
    lambd : float, default 0.5
    """

    _function = "softshrink"
    _options = ("lambd",)
    lambd: float

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def extra_repr(self) -> str:
        """Return the option."""
        return str(self.lambd)


class Hardshrink(_Activation):
    """x beyond `lambd` from 0, and 0 nearer.

    Parameters
    ----------
    lambd : float, default 0.5
    """

    _function = "hardshrink"
    _options = ("lambd",)
    lambd: float

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def extra_repr(self) -> str:
        """Return the option."""
        return str(self.lambd)


class Threshold(_Activation):
    """x above `threshold`, `value` elsewhere.

    Parameters
    ----------
    threshold : float
    value : float
    inplace : bool, default False
    """

    _function = "threshold"
    _options = ("threshold", "value", "inplace")
    threshold: float
    value: float
    inplace: bool

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self.threshold = threshold
        self.value = value
        self.inplace = inplace


class RReLU(_Activation):
    """x above 0, r x below, r uniform in [lower, upper] in training, else their mean.

    Parameters
    ----------
    lower : float, default 1.0 / 8
    upper : float, default 1.0 / 3
    inplace : bool, default False
    """

    _function = "rrelu"
    _options = ("lower", "upper", "training", "inplace")
    lower: float
    upper: float
    inplace: bool

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        self.lower = lower
        self.upper = upper
        self.inplace = inplace


class GLU(_Activation):
    """Half of the input times the sigmoid of the other half, along `dim`.

    Parameters
    ----------
    dim : int, default -1
    """

    _function = "glu"
    _options = ("dim",)
    dim: int

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim


class Softmax(_Activation):
    """exp(x) over its sum along `dim`: positive numbers that sum to 1.

    Parameters
    ----------
    dim : int, optional
    """

    _function = "softmax"
    _options = ("dim",)
    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim


class LogSoftmax(_Activation):
    """The logarithm of `Softmax`, without loss where that is small.

    Parameters
    ----------
    dim : int, optional
    """

    _function = "log_softmax"
    _options = ("dim",)
    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim


class Softmin(Softmax):
    """`Softmax` of -x.

    Parameters
    ----------
    dim : int, optional
    """

    def forward(self, input: Tensor) -> Any:
        """Return the softmax of the negative elements.

        Parameters
        ----------
        input : Tensor
        """
        return super().forward(functions["neg"](input))


class Softmax2d(Module):
    """`Softmax` over the channels of (N, C, H, W) or (C, H, W) inputs.

    Raises
    ------
    ValueError
        When called with another number of dimensions.
    """

    def forward(self, input: Tensor) -> Any:
        """Return the softmax over dimension -3.

        Parameters
        ----------
        input : Tensor

        Raises
        ------
        ValueError
            If it has neither 3 nor 4 dimensions.
        """
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D; got shape {tuple(input.shape)}")
        return functions["softmax"](input, -3)


class Hardtanh(_Activation):
    """x limited to [min_val, max_val].

    Parameters
    ----------
    min_val : float, default -1.0
    max_val : float, default 1.0
    inplace : bool, default False

    Raises
    ------
    ValueError
        If `max_val` is not above `min_val`.
    """

    _function = "hardtanh"
    _options = ("min_val", "max_val", "inplace")
    min_val: float
    max_val: float
    inplace: bool

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        if not max_val > min_val:
            raise ValueError(f"Hardtanh: max_val must be larger than min_val; got {max_val} and {min_val}")
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace


class ReLU6(Hardtanh):
    """min(max(x, 0), 6).

    Parameters
    ----------
    inplace : bool, default False
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """Return the options."""
        return "inplace=True" if self.inplace else ""


class PReLU(Module):
    """x above 0, w x below, w trained.

    Parameters
    ----------
    num_parameters : int, default 1
        1, or the number of channels (dimension 1 of the input).
    init : float, default 0.25
        Initial value of every w.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of the parameter.

    Attributes
    ----------
    weight : Parameter of shape (num_parameters,)
    """

    num_parameters: int
    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        self.num_parameters = num_parameters
        self.init = init
        kind = get_default_dtype() if dtype is None else to_dtype(dtype)
        self.weight = Parameter(fresh(np.empty(num_parameters, kind.numpy)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set every w to its initial value."""
        self.weight._data.fill(self.init)

    def forward(self, input: Tensor) -> Any:
        """Return the activation of every element.

        Parameters
        ----------
        input : Tensor
        """
        return functions["prelu"](input, self.weight)

    def extra_repr(self) -> str:
        """Return the number of parameters."""
        return f"num_parameters={self.num_parameters}"
