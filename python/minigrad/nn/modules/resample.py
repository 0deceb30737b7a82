"""Layers that pad, resize, or exchange pixels, channels and columns."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.nn import functional
from minigrad.nn._tensor import Tensor
from minigrad.nn.modules.module import Module

__all__ = [
    "ChannelShuffle",
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "Fold",
    "PixelShuffle",
    "PixelUnshuffle",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "Unfold",
    "Upsample",
    "UpsamplingBilinear2d",
    "UpsamplingNearest2d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]

_functions: Any = functional.functions


class _Pad(Module):
    """Borders around the last `dimensions` dimensions."""

    dimensions: ClassVar[int]
    mode: ClassVar[str] = "constant"
    value: float | None = None

    def __init__(self, padding: Any) -> None:
        n = 2 * self.dimensions
        widths = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * n
        if len(widths) != n:
            raise ValueError(f"{type(self).__name__}: padding must be an int or {n} of them; got {padding!r}")
        self.padding = widths

    def forward(self, input: Tensor) -> Any:
        """Return the padded tensor.

        Parameters
        ----------
        input : Tensor
        """
        return _functions["pad"](input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """Return the widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_Pad):
    value = 0.0


class _ReflectionPad(_Pad):
    mode = "reflect"


class _ReplicationPad(_Pad):
    mode = "replicate"


class _CircularPad(_Pad):
    mode = "circular"


class ConstantPad1d(_ConstantPad):
    """Add borders of one value along the last one dimension.

    Parameters
    ----------
    padding : int or 2 ints
        Widths before and after, in pairs, the last dimension first.
    value : float

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 1


class ConstantPad2d(_ConstantPad):
    """Add borders of one value along the last two dimensions.

    Parameters
    ----------
    padding : int or 4 ints
        Widths before and after, in pairs, the last dimension first.
    value : float

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 2


class ConstantPad3d(_ConstantPad):
    """Add borders of one value along the last three dimensions.

    Parameters
    ----------
    padding : int or 6 ints
        Widths before and after, in pairs, the last dimension first.
    value : float

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 3


class ZeroPad1d(_ZeroPad):
    """Add borders of zeros along the last one dimension.

    Parameters
    ----------
    padding : int or 2 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 1


class ZeroPad2d(_ZeroPad):
    """Add borders of zeros along the last two dimensions.

    Parameters
    ----------
    padding : int or 4 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.ZeroPad2d(1)(mg.ones(1, 1, 2, 2)).shape
    (1, 1, 4, 4)
    """

    dimensions = 2


class ZeroPad3d(_ZeroPad):
    """Add borders of zeros along the last three dimensions.

    Parameters
    ----------
    padding : int or 6 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 3


class ReflectionPad1d(_ReflectionPad):
    """Add borders that mirror the inside at its outermost elements along the last one dimension.

    Parameters
    ----------
    padding : int or 2 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 1


class ReflectionPad2d(_ReflectionPad):
    """Add borders that mirror the inside at its outermost elements along the last two dimensions.

    Parameters
    ----------
    padding : int or 4 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 2


class ReflectionPad3d(_ReflectionPad):
    """Add borders that mirror the inside at its outermost elements along the last three dimensions.

    Parameters
    ----------
    padding : int or 6 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 3


class ReplicationPad1d(_ReplicationPad):
    """Add borders that repeat the outermost elements along the last one dimension.

    Parameters
    ----------
    padding : int or 2 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 1


class ReplicationPad2d(_ReplicationPad):
    """Add borders that repeat the outermost elements along the last two dimensions.

    Parameters
    ----------
    padding : int or 4 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 2


class ReplicationPad3d(_ReplicationPad):
    """Add borders that repeat the outermost elements along the last three dimensions.

    Parameters
    ----------
    padding : int or 6 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 3


class CircularPad1d(_CircularPad):
    """Add borders that repeat the opposite side along the last one dimension.

    Parameters
    ----------
    padding : int or 2 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 1


class CircularPad2d(_CircularPad):
    """Add borders that repeat the opposite side along the last two dimensions.

    Parameters
    ----------
    padding : int or 4 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 2


class CircularPad3d(_CircularPad):
    """Add borders that repeat the opposite side along the last three dimensions.

    Parameters
    ----------
    padding : int or 6 ints
        Widths before and after, in pairs, the last dimension first.

    Raises
    ------
    ValueError
        For another number of widths.
    """

    dimensions = 3


class Upsample(Module):
    """Resize by `minigrad.nn.functional.interpolate`.

    Parameters
    ----------
    size : int or tuple of ints, optional
        Of the output.
    scale_factor : float or tuple of floats, optional
        Output size over input size.
    mode : str, default "nearest"
    align_corners : bool, optional
    recompute_scale_factor : bool, optional

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.Upsample(scale_factor=2)(mg.ones(1, 3, 4, 4)).shape
    (1, 3, 8, 8)
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        self.size = size
        several = isinstance(scale_factor, tuple)
        self.scale_factor = tuple(map(float, scale_factor)) if several else scale_factor and float(scale_factor)
        self.mode, self.align_corners = mode, align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Any:
        """Return the resized tensor.

        Parameters
        ----------
        input : Tensor
        """
        options = self.mode, self.align_corners, self.recompute_scale_factor
        return _functions["interpolate"](input, self.size, self.scale_factor, *options)

    def extra_repr(self) -> str:
        """Return the arguments."""
        what = f"scale_factor={self.scale_factor}" if self.scale_factor is not None else f"size={self.size}"
        return f"{what}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Resize images to the nearest input's value.

    Parameters
    ----------
    size : int or tuple of ints, optional
    scale_factor : float or tuple of floats, optional
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Resize images by bilinear interpolation with the corners' centres together.

    Parameters
    ----------
    size : int or tuple of ints, optional
    scale_factor : float or tuple of floats, optional
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "bilinear", align_corners=True)


class PixelShuffle(Module):
    """Make pixels of channels: (..., C r^2, H, W) to (..., C, H r, W r).

    Parameters
    ----------
    upscale_factor : int
        r.
    """

    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Any:
        """Return the larger image.

        Parameters
        ----------
        input : Tensor
        """
        return _functions["pixel_shuffle"](input, self.upscale_factor)

    def extra_repr(self) -> str:
        """Return the factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Make channels of pixels: the inverse of `PixelShuffle`.

    Parameters
    ----------
    downscale_factor : int
    """

    def __init__(self, downscale_factor: int) -> None:
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Any:
        """Return the image of more channels.

        Parameters
        ----------
        input : Tensor
        """
        return _functions["pixel_unshuffle"](input, self.downscale_factor)

    def extra_repr(self) -> str:
        """Return the factor."""
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Deal the channels out: the first of every group, then the second of every group, and so on.

    Parameters
    ----------
    groups : int
    """

    def __init__(self, groups: int) -> None:
        self.groups = groups

    def forward(self, input: Tensor) -> Any:
        """Return the channels in their new order.

        Parameters
        ----------
        input : Tensor
        """
        return _functions["channel_shuffle"](input, self.groups)

    def extra_repr(self) -> str:
        """Return the number of groups."""
        return f"groups={self.groups}"


class Unfold(Module):
    """The blocks of an image as columns.

    Parameters
    ----------
    kernel_size : int or pair of ints
    dilation : int or pair of ints, default 1
    padding : int or pair of ints, default 0
    stride : int or pair of ints, default 1
    """

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Any:
        """Return the columns.

        Parameters
        ----------
        input : Tensor
        """
        return _functions["unfold"](input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """The sum of columns in an image.

    Parameters
    ----------
    output_size : int or pair of ints
    kernel_size : int or pair of ints
    dilation : int or pair of ints, default 1
    padding : int or pair of ints, default 0
    stride : int or pair of ints, default 1
    """

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        self.output_size = output_size
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Any:
        """Return the image.

        Parameters
        ----------
        input : Tensor
        """
        options = self.kernel_size, self.dilation, self.padding, self.stride
        return _functions["fold"](input, self.output_size, *options)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
