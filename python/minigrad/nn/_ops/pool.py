"""Pooling: the largest element, the mean or a norm of each window."""

from __future__ import annotations

import math
from typing import Any

from minigrad.nn._dtype import float64
from minigrad.nn._errors import dtype_error, portrait, shape_error
from minigrad.nn._ops.conv import spread
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn._windows import (
    LONG,
    Windows,
    adaptive_windows,
    average,
    check_input,
    largest,
    largest_of_four,
    out_size,
    windows,
)

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
]


# --- arguments


def _plan(
    op: str,
    n: int,
    input: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    include_pad: bool = True,
    divisor: int = 0,
) -> tuple[Windows, bool]:
    """Return the windows, and whether they are 2 x 2 side by side."""
    kernel = spread(op, "kernel_size", kernel_size, n, 1)
    empty = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    strides = kernel if empty else spread(op, "stride", stride, n, 1)
    dilations = spread(op, "dilation", dilation, n, 1)
    pads = spread(op, "padding", padding, n, 0)
    if any(2 * p > d * (k - 1) + 1 for p, k, d in zip(pads, kernel, dilations, strict=True)):
        raise RuntimeError(
            f"{op}: pad should be at most half of effective kernel size; got padding {padding!r}, "
            f"kernel_size {kernel_size!r}, dilation {dilation!r}"
        )
    size = input._data.shape[-n:]
    out = tuple(
        out_size(s, k, t, p, d, ceil_mode) for s, k, t, p, d in zip(size, kernel, strides, pads, dilations, strict=True)
    )
    if min(out) < 1:
        raise shape_error(op, f"Given the input and kernel_size {kernel}, the output size {out} is too small", input)
    table = windows(size, out, kernel, strides, pads, dilations, bool(include_pad), divisor)
    if (table.windows[:, 1] < 1).any():
        raise shape_error(op, f"a dilated window of kernel_size {kernel} sees no element", input)
    plain = n == 2 and kernel == strides == (2, 2) and pads == (0, 0) and dilations == (1, 1)
    return table, plain and out == (size[0] // 2, size[1] // 2)


def _max_pool(
    op: str,
    n: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    x = check_input(op, input, n)
    if x._data.dtype.kind != "f":
        # Exact for integers below 2^53.
        made = _max_pool(op, n, x.to(float64), kernel_size, stride, padding, dilation, ceil_mode, True)
        return (made[0].to(x.dtype), made[1]) if return_indices else made[0].to(x.dtype)
    table, plain = _plan(op, n, x, kernel_size, stride, padding, dilation, ceil_mode)
    if plain and not return_indices:
        return largest_of_four(x)
    y, index = largest(x, table)
    return (y, fresh(index.astype(LONG))) if return_indices else y


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of sequences.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, length) or (channels, length)
    kernel_size : int or tuple of one int
        How many elements a window sees.
    stride : int or tuple of one int, optional
        From one window to the next; `kernel_size` by default.
    padding : int or tuple of one int, default 0
        Elements before the first and after the last, smaller than all others; at most half the window.
    dilation : int or tuple of one int, default 1
        From one element of a window to the next.
    ceil_mode : bool, default False
        Let the last window reach beyond the padding, if it begins before.
    return_indices : bool, default False
        Return also where each element was, counted within its channel.

    Returns
    -------
    Tensor, or (Tensor, Tensor of int64)

    Raises
    ------
    RuntimeError
        For an input of other dimensions or without elements, sizes below 1, more padding than half a
        window, or an output without elements.

    Notes
    -----
    NaN counts as larger than any number. Of equal elements the first is taken, in the gradient too.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.max_pool1d(mg.tensor([[1.0, 5.0, 2.0, 3.0]]), 2).tolist()
    [[5.0, 3.0]]
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of images; as `max_pool1d`, over two dimensions.

    Parameters
    ----------
    input : Tensor
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    dilation : int or tuple of int, default 1
        Distance between the elements of a window.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.
    return_indices : bool, default False
        Return the positions of the maxima too.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.max_pool2d(mg.arange(16.0).reshape(1, 4, 4), 2).tolist()
    [[[5.0, 7.0], [13.0, 15.0]]]
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of volumes; as `max_pool1d`, over three dimensions.

    Parameters
    ----------
    input : Tensor
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    dilation : int or tuple of int, default 1
        Distance between the elements of a window.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.
    return_indices : bool, default False
        Return the positions of the maxima too.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.
    """
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _avg_pool(
    op: str,
    n: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: Any,
) -> Tensor:
    x = check_input(op, input, n)
    if divisor_override is not None and divisor_override == 0:
        raise RuntimeError(f"{op}: divisor must be not zero; got divisor_override 0")
    if x._data.dtype.kind != "f":
        if x._data.dtype != LONG:
            raise dtype_error(op, "not implemented for this type", x)
        made = _avg_pool(
            op, n, x.to(float64), kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        )
        return made.to(x.dtype)  # type: ignore[no-any-return]
    table, _ = _plan(
        op, n, x, kernel_size, stride, padding, 1, ceil_mode, count_include_pad, int(divisor_override or 0)
    )
    return average(x, table)


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the mean of each window of sequences.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, length) or (channels, length)
    kernel_size, stride, padding, ceil_mode
        As in `max_pool1d`; the padding holds zeros.
    count_include_pad : bool, default True
        Divide by the number of elements with the padding's, or only by those of the input.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.avg_pool1d(mg.tensor([[1.0, 5.0, 2.0, 3.0]]), 2).tolist()
    [[3.0, 2.5]]
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window of images; as `avg_pool1d`, over two dimensions.

    `divisor_override`, if given, is what every sum is divided by.

    Parameters
    ----------
    input : Tensor
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.
    count_include_pad : bool, default True
        Count the padding in the mean.
    divisor_override : int, optional
        Divide by this instead of the count.

    Raises
    ------
    RuntimeError
        As `max_pool1d`, and for a `divisor_override` of zero.
    """
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window of volumes; as `avg_pool2d`, over three dimensions.

    Parameters
    ----------
    input : Tensor
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    padding : int or tuple of int, default 0
        Zeros (for maxima: minus infinity) added on both sides.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.
    count_include_pad : bool, default True
        Count the padding in the mean.
    divisor_override : int, optional
        Divide by this instead of the count.

    Raises
    ------
    RuntimeError
        As `avg_pool2d`.
    """
    return _avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


# --- adaptive


def _adaptive(op: str, n: int, input: Any, output_size: Any) -> tuple[Tensor, Windows]:
    if n > 1 and isinstance(input, Tensor) and input._data.ndim <= n:
        raise ValueError(f"{op}: Input dimension should be at least {n + 1}; got {portrait(input)}")
    x = check_input(op, input, n)
    size = x._data.shape[-n:]
    wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * n
    if len(wanted) != n:
        raise RuntimeError(f"{op}: output_size must be an int or {n} of them; got {output_size!r}")
    filled = tuple(s if w is None else w for s, w in zip(size, wanted, strict=True))
    out = spread(op, "output_size", filled, n, 0)
    if x._data.dtype.kind != "f":
        raise dtype_error(op, "not implemented for this type", x)
    return x, adaptive_windows(size, out)


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Return the means of `output_size` windows that cover the length evenly.

    Output o of m sees the elements from ``floor(o n / m)`` up to ``ceil((o + 1) n / m)`` of n.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.

    Raises
    ------
    RuntimeError
        For an input of other dimensions or without elements, or a negative size.
    ValueError
        In two and three dimensions, for an input of too few.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.adaptive_avg_pool1d(mg.tensor([[1.0, 2.0, 3.0]]), 2).tolist()
    [[1.5, 2.5]]
    """
    return average(*_adaptive("adaptive_avg_pool1d", 1, input, output_size))


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Return the means of windows that cover the image evenly; None in `output_size` keeps that size.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.

    Raises
    ------
    RuntimeError
        As `adaptive_avg_pool1d`.
    """
    return average(*_adaptive("adaptive_avg_pool2d", 2, input, output_size))


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Return the means of windows that cover the volume evenly; None in `output_size` keeps that size.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.

    Raises
    ------
    RuntimeError
        As `adaptive_avg_pool1d`.
    """
    return average(*_adaptive("adaptive_avg_pool3d", 3, input, output_size))


def _adaptive_max(op: str, n: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    y, index = largest(*_adaptive(op, n, input, output_size))
    return (y, fresh(index.astype(LONG))) if return_indices else y


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the largest elements of `output_size` windows that cover the length evenly.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.
    return_indices : bool, default False
        Return the positions of the maxima too.

    Raises
    ------
    RuntimeError
        As `adaptive_avg_pool1d`.
    """
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the largest elements of windows that cover the image evenly.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.
    return_indices : bool, default False
        Return the positions of the maxima too.

    Raises
    ------
    RuntimeError
        As `adaptive_avg_pool1d`.
    """
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Return the largest elements of windows that cover the volume evenly.

    Parameters
    ----------
    input : Tensor
    output_size : int or tuple of int
        Extent of the result; None keeps an extent.
    return_indices : bool, default False
        Return the positions of the maxima too.

    Raises
    ------
    RuntimeError
        As `adaptive_avg_pool1d`.
    """
    return _adaptive_max("adaptive_max_pool3d", 3, input, output_size, return_indices)


# --- norms


def _lp_pool(
    op: str, n: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Tensor:
    kernel = spread(op, "kernel_size", kernel_size, n, 1)
    mean = _avg_pool(op, n, input**norm_type, kernel, stride, 0, ceil_mode, True, None)
    total = (mean.sign() * mean.abs().relu()) * math.prod(kernel)
    made: Tensor = total ** (1.0 / norm_type)
    return made


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """Return ``(sum of x ** p) ** (1 / p)`` of each window, p = `norm_type`.

    Parameters
    ----------
    input : Tensor
    norm_type : float
        The exponent p.
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.
    """
    return _lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """Return ``(sum of x ** p) ** (1 / p)`` of each window of images, p = `norm_type`.

    Parameters
    ----------
    input : Tensor
    norm_type : float
        The exponent p.
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.
    """
    return _lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """Return ``(sum of x ** p) ** (1 / p)`` of each window of volumes, p = `norm_type`.

    Parameters
    ----------
    input : Tensor
    norm_type : float
        The exponent p.
    kernel_size : int or tuple of int
        Extent of the window.
    stride : int or tuple of int, optional
        Step between windows.
    ceil_mode : bool, default False
        Round the number of windows up instead of down.

    Raises
    ------
    RuntimeError
        As `max_pool1d`.
    """
    return _lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)
