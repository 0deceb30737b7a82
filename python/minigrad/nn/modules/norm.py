"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.nn._dtype import get_default_dtype, to_dtype
from minigrad.nn._errors import portrait
from minigrad.nn._ops.norm import batch_norm, group_norm, instance_norm, layer_norm, local_response_norm, rms_norm
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules.module import Module, Parameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
]


def _filled(shape: tuple[int, ...], value: float, dtype: Any) -> Tensor:
    kind = get_default_dtype() if dtype is None else to_dtype(dtype)
    return fresh(np.full(shape, value, kind.numpy))


class _RunningNorm(Module):
    """Base of batch and instance norm: a weight and a bias, and statistics that follow the batches'."""

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None
    ndims: tuple[int, ...] = ()
    _version = 2

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        shape = (num_features,)
        for name, start, wanted in (("weight", 1.0, affine), ("bias", 0.0, affine and bias)):
            self.register_parameter(name, Parameter(_filled(shape, start, dtype)) if wanted else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", _filled(shape, 0.0, dtype) if tracked else None)
        self.register_buffer("running_var", _filled(shape, 1.0, dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", fresh(np.array(0, np.int64)) if tracked else None)

    def reset_running_stats(self) -> None:
        """Set the running statistics to those of no batch: mean 0, variance 1."""
        for buffer, value in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
            if buffer is not None:
                buffer._data[...] = value
                buffer._bump()

    def reset_parameters(self) -> None:
        """Set the weight to 1, the bias to 0, and forget the running statistics."""
        self.reset_running_stats()
        _reset(self.weight, self.bias)

    def _check(self, input: Tensor) -> None:
        """Refuse an input of another number of dimensions or channels."""
        ndim = input._data.ndim
        if ndim not in self.ndims:
            expected = " or ".join(f"{n}D" for n in self.ndims)
            raise ValueError(f"{type(self).__name__}: expected {expected} input (got {ndim}D input): {portrait(input)}")

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any) -> None:
        # State dicts older than version 2 have no count of batches; ours starts where it is.
        key = prefix + "num_batches_tracked"
        count = self.num_batches_tracked
        if (local_metadata.get("version") or 0) < 2 and count is not None and key not in state_dict:
            state_dict[key] = count
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningNorm):
    """Base of the batch norms, which differ in the number of dimensions they take."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised channel by channel.

        Parameters
        ----------
        input : Tensor
        """
        self._check(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        mean, var = self.running_mean, self.running_var
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            count = self.num_batches_tracked
            count._data += 1
            count._bump()
            if self.momentum is None:
                momentum = 1.0 / float(count._data)
        own = self.training or (mean is None and var is None)
        if self.training and not self.track_running_stats:
            mean = var = None
        return batch_norm(input, mean, var, self.weight, self.bias, own, momentum, self.eps)


class BatchNorm1d(_BatchNorm):
    """Batch norm of inputs of shape (N, C) or (N, C, L).

    Parameters
    ----------
    num_features : int
        C.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float or None, default 0.1
        The share of a new batch in the running statistics; None: all batches count alike.
    affine : bool, default True
        Whether there are a weight and a bias.
    track_running_stats : bool, default True
        Whether there are running statistics, which evaluation then uses.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of parameters and statistics.
    bias : bool, default True
        Whether an affine layer has a bias.

    Attributes
    ----------
    weight, bias : Parameter of shape (C,), or None
    running_mean, running_var : Tensor of shape (C,), or None
    num_batches_tracked : Tensor, or None

    Notes
    -----
    S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015.

    Examples
    --------
    >>> import minigrad as mg
    >>> layer = mg.nn.BatchNorm1d(2)
    >>> layer(mg.tensor([[0.0, 1.0], [2.0, 3.0]])).shape
    (2, 2)
    """

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch norm of inputs of shape (N, C, H, W); see `BatchNorm1d`.

    Parameters
    ----------
    num_features : int
        C.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float or None, default 0.1
        The share of a new batch in the running statistics; None: all batches count alike.
    affine : bool, default True
        Whether there are a weight and a bias.
    track_running_stats : bool, default True
        Whether there are running statistics, which evaluation then uses.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of parameters and statistics.
    bias : bool, default True
        Whether an affine layer has a bias.
    """

    ndims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch norm of inputs of shape (N, C, D, H, W); see `BatchNorm1d`.

    Parameters
    ----------
    num_features : int
        C.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float or None, default 0.1
        The share of a new batch in the running statistics; None: all batches count alike.
    affine : bool, default True
        Whether there are a weight and a bias.
    track_running_stats : bool, default True
        Whether there are running statistics, which evaluation then uses.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of parameters and statistics.
    bias : bool, default True
        Whether an affine layer has a bias.
    """

    ndims = (5,)


class _InstanceNorm(_RunningNorm):
    """Base of the instance norms; `ndims` are those without and with a batch dimension."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, each channel of each entry normalised.

        Parameters
        ----------
        input : Tensor
        """
        self._check(input)
        shape = input._data.shape
        alone = len(shape) == self.ndims[0]
        if shape[0 if alone else 1] != self.num_features and self.affine:
            raise ValueError(
                f"{type(self).__name__}: expected input's size at dim={0 if alone else 1} to match num_features "
                f"({self.num_features}), but got: {shape[0 if alone else 1]}"
            )
        own = self.training or not self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        out = instance_norm(
            input.unsqueeze(0) if alone else input, self.running_mean, self.running_var, self.weight, self.bias,
            own, momentum, self.eps,
        )  # fmt: skip
        return out.squeeze(0) if alone else out


class InstanceNorm1d(_InstanceNorm):
    """Instance norm of inputs of shape (N, C, L) or (C, L).

    Parameters
    ----------
    num_features : int
        C.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float, default 0.1
        The share of a new batch in the running statistics.
    affine : bool, default False
        Whether there are a weight and a bias.
    track_running_stats : bool, default False
        Whether there are running statistics, which evaluation then uses.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of parameters and statistics.
    bias : bool, default True
        Whether an affine layer has a bias.
    """

    ndims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Instance norm of inputs of shape (N, C, H, W) or (C, H, W); see `InstanceNorm1d`.

    Parameters
    ----------
    num_features : int
        C.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float, default 0.1
        The share of a new batch in the running statistics.
    affine : bool, default False
        Whether there are a weight and a bias.
    track_running_stats : bool, default False
        Whether there are running statistics, which evaluation then uses.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of parameters and statistics.
    bias : bool, default True
        Whether an affine layer has a bias.
    """

    ndims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Instance norm of inputs of shape (N, C, D, H, W) or (C, D, H, W); see `InstanceNorm1d`.

    Parameters
    ----------
    num_features : int
        C.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float, default 0.1
        The share of a new batch in the running statistics.
    affine : bool, default False
        Whether there are a weight and a bias.
    track_running_stats : bool, default False
        Whether there are running statistics, which evaluation then uses.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of parameters and statistics.
    bias : bool, default True
        Whether an affine layer has a bias.
    """

    ndims = (4, 5)


class LayerNorm(Module):
    """Layer norm over the last dimensions.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Their extents.
    eps : float, default 1e-5
        Added to the variance.
    elementwise_affine : bool, default True
        Whether there is a weight.
    bias : bool, default True
        Whether an affine layer has a bias.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    weight, bias : Parameter of shape `normalized_shape`, or None

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.LayerNorm(4)
    LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=True)
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        shape, wanted = self.normalized_shape, elementwise_affine
        self.register_parameter("weight", Parameter(_filled(shape, 1.0, dtype)) if wanted else None)
        self.register_parameter("bias", Parameter(_filled(shape, 0.0, dtype)) if wanted and bias else None)

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        _reset(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised over its last dimensions.

        Parameters
        ----------
        input : Tensor
        """
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


def _shape(normalized_shape: Any) -> tuple[int, ...]:
    return tuple(normalized_shape) if isinstance(normalized_shape, Sequence) else (normalized_shape,)


def _reset(weight: Parameter | None, bias: Parameter | None) -> None:
    for parameter, value in ((weight, 1), (bias, 0)):
        if parameter is not None:
            parameter._data[...] = value
            parameter._bump()


class RMSNorm(Module):
    """Root-mean-square norm over the last dimensions.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Their extents.
    eps : float, optional
        Added to the mean square; default: the input type's machine epsilon.
    elementwise_affine : bool, default True
        Whether there is a weight.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of the weight.

    Attributes
    ----------
    weight : Parameter of shape `normalized_shape`, or None
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = Parameter(_filled(self.normalized_shape, 1.0, dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)

    def reset_parameters(self) -> None:
        """Set the weight to 1."""
        _reset(self.weight, None)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, divided by its root mean square.

        Parameters
        ----------
        input : Tensor
        """
        return rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Group norm of inputs of shape (N, C, ...).

    Parameters
    ----------
    num_groups : int
        A divisor of `num_channels`.
    num_channels : int
        C.
    eps : float, default 1e-5
        Added to the variance.
    affine : bool, default True
        Whether there are a weight and a bias.
    device : optional
        The CPU.
    dtype : dtype, optional
        Of the parameters.
    bias : bool, default True
        Whether an affine layer has a bias.

    Attributes
    ----------
    weight, bias : Parameter of shape (C,), or None

    Raises
    ------
    ValueError
        If `num_groups` does not divide `num_channels`.
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        if num_groups <= 0 or num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.register_parameter("weight", Parameter(_filled((num_channels,), 1.0, dtype)) if affine else None)
        self.register_parameter("bias", Parameter(_filled((num_channels,), 0.0, dtype)) if affine and bias else None)

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        _reset(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised over groups of channels.

        Parameters
        ----------
        input : Tensor
        """
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """Normalisation over neighbouring channels.

    Parameters
    ----------
    size : int
        Channels of a neighbourhood.
    alpha, beta, k : float
        See `minigrad.nn.functional.local_response_norm`.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input.

        Parameters
        ----------
        input : Tensor
        """
        return local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
