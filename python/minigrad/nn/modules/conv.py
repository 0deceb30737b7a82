"""Convolution layers."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad.nn import _ops, init
from minigrad.nn._array import empty
from minigrad.nn._dtype import get_default_dtype, to_dtype
from minigrad.nn._ops.conv import spread
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules.module import Module, Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What all convolution layers share: sizes, parameters, their initial values and printing."""

    dimensions: ClassVar[int]
    transposed: ClassVar[bool] = False

    weight: Any
    bias: Any

    def _setup(
        self,
        channels: tuple[int, int],
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        dtype: Any,
    ) -> None:
        op, n = type(self).__name__, self.dimensions
        if groups <= 0:
            raise ValueError(f"{op}: groups must be a positive integer; got {groups!r}")
        for name, count in (("in_channels", channels[0]), ("out_channels", channels[1])):
            if count % groups != 0:
                raise ValueError(f"{op}: {name} must be divisible by groups; got {count} and groups {groups}")
        if padding_mode not in _MODES:
            raise ValueError(f"{op}: padding_mode must be one of {_MODES}; got {padding_mode!r}")
        self.in_channels, self.out_channels = channels
        self.kernel_size = spread(op, "kernel_size", kernel_size, n, 0)
        self.stride = spread(op, "stride", stride, n, 0)
        self.dilation = spread(op, "dilation", dilation, n, 0)
        self.output_padding = spread(op, "output_padding", output_padding, n, 0)
        self.padding: Any = padding
        if not isinstance(padding, str):
            self.padding = spread(op, "padding", padding, n, 0)
        elif padding not in ("same", "valid"):
            raise ValueError(f"{op}: padding must be 'valid', 'same', or ints; got {padding!r}")
        elif padding == "same" and any(s != 1 for s in self.stride):
            raise ValueError(f"{op}: padding='same' is not supported for strided convolutions; got stride {stride!r}")
        self.groups, self.padding_mode = groups, padding_mode
        first, second = channels[::-1] if not self.transposed else channels
        kind = (get_default_dtype() if dtype is None else to_dtype(dtype)).numpy
        self.weight = Parameter(fresh(empty((first, second // groups, *self.kernel_size), kind)))
        if bias:
            self.bias = Parameter(fresh(empty((channels[1],), kind)))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights and bias uniformly from +-1/sqrt(fan_in), fan_in the number of products in each sum."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0.0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """Return the arguments that differ from the defaults."""
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        n = self.dimensions
        if self.padding != (0,) * n:
            parts.append(f"padding={self.padding}" if not isinstance(self.padding, str) else f"padding={self.padding}")
        if self.dilation != (1,) * n:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != (0,) * n:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Conv(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        channels = (in_channels, out_channels)
        self._setup(channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, dtype)

    def _borders(self) -> list[int]:
        """Return how much to pad before and after, the last dimension first."""
        if isinstance(self.padding, str):
            reach = [
                d * (k - 1) if self.padding == "same" else 0
                for d, k in zip(self.dilation, self.kernel_size, strict=True)
            ]
            return [side for total in reversed(reach) for side in (total // 2, total - total // 2)]
        return [side for pad in reversed(self.padding) for side in (pad, pad)]

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolution of `input` with the layer's kernels.

        Parameters
        ----------
        input : Tensor
        """
        function = _ops.functions[f"conv{self.dimensions}d"]
        padding = self.padding
        if self.padding_mode != "zeros":
            input = _ops.functions["pad"](input, self._borders(), mode=self.padding_mode)
            padding = 0
        made: Tensor = function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        return made


class Conv1d(_Conv):
    """Convolution of sequences: (batch, in_channels, length) to (batch, out_channels, new length).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or tuple of ints
    stride, dilation : int or tuple of ints, default 1
    padding : int, tuple of ints, "valid" or "same", default 0
    groups : int, default 1
    bias : bool, default True
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
    device, dtype : optional

    Attributes
    ----------
    weight : Parameter of shape (out_channels, in_channels / groups, kernel size)
    bias : Parameter of shape (out_channels,), or None

    Raises
    ------
    ValueError
        If groups does not divide both channels, or an argument is out of its range.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.Conv1d(4, 8, 3, padding=1)(mg.ones(2, 4, 10)).shape
    (2, 8, 10)
    """

    dimensions = 1


class Conv2d(_Conv):
    """Convolution of images: (batch, in_channels, height, width) to (batch, out_channels, ...).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or tuple of ints
    stride, dilation : int or tuple of ints, default 1
    padding : int, tuple of ints, "valid" or "same", default 0
    groups : int, default 1
    bias : bool, default True
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
    device, dtype : optional

    Raises
    ------
    ValueError
        As `Conv1d`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.Conv2d(1, 16, 3, stride=2, padding=1)
    Conv2d(1, 16, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
    """

    dimensions = 2


class Conv3d(_Conv):
    """Convolution of volumes: (batch, in_channels, depth, height, width) to (batch, out_channels, ...).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or tuple of ints
    stride, dilation : int or tuple of ints, default 1
    padding : int, tuple of ints, "valid" or "same", default 0
    groups : int, default 1
    bias : bool, default True
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
    device, dtype : optional

    Raises
    ------
    ValueError
        As `Conv1d`.
    """

    dimensions = 3


class _ConvTranspose(_Convolution):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'{type(self).__name__}: only "zeros" padding mode is supported; got {padding_mode!r}')
        channels = (in_channels, out_channels)
        self._setup(channels, kernel_size, stride, padding, dilation, output_padding, groups, bias, padding_mode, dtype)

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """Return the transposed convolution.

        Parameters
        ----------
        input : Tensor
        output_size : sequence of ints, optional
            One of the sizes that the convolution maps to the input's, in place of `output_padding`.
        """
        extra = self.output_padding if output_size is None else self._extra(input, tuple(output_size))
        function = _ops.functions[f"conv_transpose{self.dimensions}d"]
        made: Tensor = function(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )
        return made

    def _extra(self, input: Tensor, output_size: tuple[int, ...]) -> tuple[int, ...]:
        n, op = self.dimensions, type(self).__name__
        wanted = output_size[-n:] if len(output_size) in (n, input.ndim) else ()
        least = [
            (size - 1) * s - 2 * p + d * (k - 1) + 1
            for size, s, p, d, k in zip(
                input.shape[-n:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        fits = len(wanted) == n and all(lo <= w < lo + s for w, lo, s in zip(wanted, least, self.stride, strict=True))
        if not fits:
            most = tuple(lo + s - 1 for lo, s in zip(least, self.stride, strict=True))
            raise ValueError(
                f"{op}: output_size must have {n} or {input.ndim} elements from {tuple(least)} to {most}; "
                f"got {output_size} for an input of shape {tuple(input.shape)}"
            )
        return tuple(w - lo for w, lo in zip(wanted, least, strict=True))


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution of sequences: the map whose gradient a convolution is.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or tuple of ints
    stride, padding, dilation
        Those of the convolution whose transpose this is.
    output_padding : int or tuple of ints, default 0
        Added to the output's size.
    groups : int, default 1
    bias : bool, default True
    padding_mode : {"zeros"}
    device, dtype : optional

    Attributes
    ----------
    weight : Parameter of shape (in_channels, out_channels / groups, kernel size)
    bias : Parameter of shape (out_channels,), or None

    Raises
    ------
    ValueError
        If groups does not divide both channels, or an argument is out of its range.
    """

    dimensions = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution of images.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or tuple of ints
    stride, padding, dilation : int or tuple of ints
        Those of the convolution whose transpose this is.
    output_padding : int or tuple of ints, default 0
        Added to the output's size.
    groups : int, default 1
    bias : bool, default True
    padding_mode : {"zeros"}
    device, dtype : optional

    Raises
    ------
    ValueError
        As `ConvTranspose1d`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.ConvTranspose2d(8, 4, 2, stride=2)(mg.ones(1, 8, 5, 5)).shape
    (1, 4, 10, 10)
    """

    dimensions = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution of volumes.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or tuple of ints
    stride, padding, dilation : int or tuple of ints
        Those of the convolution whose transpose this is.
    output_padding : int or tuple of ints, default 0
        Added to the output's size.
    groups : int, default 1
    bias : bool, default True
    padding_mode : {"zeros"}
    device, dtype : optional

    Raises
    ------
    ValueError
        As `ConvTranspose1d`.
    """

    dimensions = 3
