"""Pooling layers."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.nn import _ops
from minigrad.nn._tensor import Tensor
from minigrad.nn.modules.module import Module

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _Pool(Module):
    dimensions: ClassVar[int]

    def _call(self, name: str, *args: Any) -> Any:
        return _ops.functions[f"{name}{self.dimensions}d"](*args)


class _MaxPool(_Pool):
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Return the largest elements, and where they were if the layer was made to.

        Parameters
        ----------
        input : Tensor
        """
        return self._call(
            "max_pool",
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class _MaxUnpool(_Pool):
    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Any:
        """Return `input` at its places among zeros.

        Parameters
        ----------
        input : Tensor
        indices : Tensor
        output_size : sequence of ints, optional
        """
        return self._call("max_unpool", input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(_Pool):
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Any:
        """Return the means.

        Parameters
        ----------
        input : Tensor
        """
        more = () if self.dimensions == 1 else (self.divisor_override,)
        args = (self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)
        return self._call("avg_pool", input, *args, *more)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _LPPool(_Pool):
    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        self.norm_type, self.kernel_size = norm_type, kernel_size
        self.stride, self.ceil_mode = stride, ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Return the norms.

        Parameters
        ----------
        input : Tensor
        """
        return self._call("lp_pool", input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class _AdaptiveAvgPool(_Pool):
    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size

    def forward(self, input: Tensor) -> Any:
        """Return the means.

        Parameters
        ----------
        input : Tensor
        """
        return self._call("adaptive_avg_pool", input, self.output_size)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"output_size={self.output_size}"


class _AdaptiveMaxPool(_Pool):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input: Tensor) -> Any:
        """Return the largest elements, and where they were if the layer was made to.

        Parameters
        ----------
        input : Tensor
        """
        return self._call("adaptive_max_pool", input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"output_size={self.output_size}"


class MaxPool1d(_MaxPool):
    """The largest element of each window, of sequences.

    Parameters
    ----------
    kernel_size, stride, padding, dilation, return_indices, ceil_mode
        See `minigrad.nn.functional.max_pool1d`.
    """

    dimensions = 1


class MaxPool2d(_MaxPool):
    """The largest element of each window, of images.

    Parameters
    ----------
    kernel_size, stride, padding, dilation, return_indices, ceil_mode
        See `minigrad.nn.functional.max_pool2d`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.MaxPool2d(2)(mg.ones(1, 3, 8, 8)).shape
    (1, 3, 4, 4)
    """

    dimensions = 2


class MaxPool3d(_MaxPool):
    """The largest element of each window, of volumes.

    Parameters
    ----------
    kernel_size, stride, padding, dilation, return_indices, ceil_mode
        See `minigrad.nn.functional.max_pool3d`.
    """

    dimensions = 3


class MaxUnpool1d(_MaxUnpool):
    """The elements that `MaxPool` took, back at their places among zeros, of sequences.

    Parameters
    ----------
    kernel_size, stride, padding
        See `minigrad.nn.functional.max_unpool1d`.
    """

    dimensions = 1


class MaxUnpool2d(_MaxUnpool):
    """The elements that `MaxPool` took, back at their places among zeros, of images.

    Parameters
    ----------
    kernel_size, stride, padding
        See `minigrad.nn.functional.max_unpool2d`.
    """

    dimensions = 2


class MaxUnpool3d(_MaxUnpool):
    """The elements that `MaxPool` took, back at their places among zeros, of volumes.

    Parameters
    ----------
    kernel_size, stride, padding
        See `minigrad.nn.functional.max_unpool3d`.
    """

    dimensions = 3


class AvgPool1d(_AvgPool):
    """The mean of each window, of sequences.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode, count_include_pad
        See `minigrad.nn.functional.avg_pool1d`.
    """

    dimensions = 1

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        sizes = self.kernel_size, self.stride, self.padding
        self.kernel_size, self.stride, self.padding = (v if isinstance(v, tuple) else (v,) for v in sizes)


class AvgPool2d(_AvgPool):
    """The mean of each window, of images.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        See `minigrad.nn.functional.avg_pool2d`.
    """

    dimensions = 2


class AvgPool3d(_AvgPool):
    """The mean of each window, of volumes.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        See `minigrad.nn.functional.avg_pool3d`.
    """

    dimensions = 3


class LPPool1d(_LPPool):
    """The norm of each window, of sequences.

    Parameters
    ----------
    norm_type, kernel_size, stride, ceil_mode
        See `minigrad.nn.functional.lp_pool1d`.
    """

    dimensions = 1


class LPPool2d(_LPPool):
    """The norm of each window, of images.

    Parameters
    ----------
    norm_type, kernel_size, stride, ceil_mode
        See `minigrad.nn.functional.lp_pool2d`.
    """

    dimensions = 2


class LPPool3d(_LPPool):
    """The norm of each window, of volumes.

    Parameters
    ----------
    norm_type, kernel_size, stride, ceil_mode
        See `minigrad.nn.functional.lp_pool3d`.
    """

    dimensions = 3


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The means of windows that cover the input evenly, of sequences.

    Parameters
    ----------
    output_size
        See `minigrad.nn.functional.adaptive_avg_pool1d`.
    """

    dimensions = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The means of windows that cover the input evenly, of images.

    Parameters
    ----------
    output_size
        See `minigrad.nn.functional.adaptive_avg_pool2d`.
    """

    dimensions = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The means of windows that cover the input evenly, of volumes.

    Parameters
    ----------
    output_size
        See `minigrad.nn.functional.adaptive_avg_pool3d`.
    """

    dimensions = 3


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest elements of windows that cover the input evenly, of sequences.

    Parameters
    ----------
    output_size, return_indices
        See `minigrad.nn.functional.adaptive_max_pool1d`.
    """

    dimensions = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest elements of windows that cover the input evenly, of images.

    Parameters
    ----------
    output_size, return_indices
        See `minigrad.nn.functional.adaptive_max_pool2d`.
    """

    dimensions = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest elements of windows that cover the input evenly, of volumes.

    Parameters
    ----------
    output_size, return_indices
        See `minigrad.nn.functional.adaptive_max_pool3d`.
    """

    dimensions = 3
