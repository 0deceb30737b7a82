"""Softmax and its kin along one dimension (log-sum-exp: along any)."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from minigrad._native import check_status, lib, pointer
from minigrad.nn import _array
from minigrad.nn._dtype import to_dtype
from minigrad.nn._errors import dtype_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._ops.compare import where
from minigrad.nn._ops.unary import exp
from minigrad.nn._out import takes_out
from minigrad.nn._pointwise import floating, tensor_only
from minigrad.nn._tensor import Tensor, dim_of, dims_of, fresh, method, result

__all__ = ["log_softmax", "logsumexp", "softmax", "softmin"]


def _lines(x: np.ndarray, dim: int) -> tuple[int, int, int]:
    """Return the extents before, along and after `dim`; a 0-d array is one line of one element."""
    shape = x.shape or (1,)
    return math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :])


def _forward(owner: str, kind: int, x: np.ndarray, dim: int) -> np.ndarray:
    x = _array.contiguous(x)
    y = _array.empty(x.shape, x.dtype)
    function = lib.mg_softmax_f32 if x.itemsize == 4 else lib.mg_softmax_f64
    check_status(function(kind, *_lines(x, dim), pointer(x), pointer(y, True)), owner)
    return y


def _backward(owner: str, kind: int, y: np.ndarray, dy: np.ndarray, dim: int) -> np.ndarray:
    y, dy = _array.contiguous(y), _array.contiguous(dy)
    dx = _array.empty(y.shape, y.dtype)
    function = lib.mg_softmax_backward_f32 if y.itemsize == 4 else lib.mg_softmax_backward_f64
    check_status(function(kind, *_lines(y, dim), pointer(y), pointer(dy), pointer(dx, True)), owner)
    return dx


class Softmax(Node):
    """y = exp(x) / sum exp(x) along `dim`."""

    dim: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient y (g - sum g y)."""
        y = self.output
        if mode.enabled:
            part = grad * y
            return (part - y * part.sum(self.dim, keepdim=True),)
        return (fresh(_backward("softmax", lib.MG_SOFTMAX, y._data, grad._data, self.dim)),)


class LogSoftmax(Node):
    """y = x - log sum exp(x) along `dim`."""

    dim: int

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g - exp(y) sum g."""
        y = self.output
        if mode.enabled:
            return (grad - exp(y) * grad.sum(self.dim, keepdim=True),)
        return (fresh(_backward("log_softmax", lib.MG_LOG_SOFTMAX, y._data, grad._data, self.dim)),)


class Logsumexp(Node):
    """y = log sum exp(x) over `dims`; `kept` is the shape that y has with dimensions of extent 1."""

    kept: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g exp(x - y), 0 where y is -inf."""
        y = self.output.reshape(self.kept)
        share = exp(self.saved[0] - y)
        nothing = np.isneginf(y._data)
        if nothing.any():
            share = where(fresh(nothing), 0.0, share)
        return (grad.reshape(self.kept) * share,)


def _operand(owner: str, input: Tensor, dtype: Any) -> Tensor:
    input = tensor_only(owner, input)
    if dtype is not None:
        input = input.to(to_dtype(dtype, owner))
    if input._data.dtype.kind != "f":
        raise dtype_error(owner, "input must be floating-point, or dtype must be given", input)
    return input


def _implicit_dim(owner: str, dim: int | None, ndim: int) -> int:
    if dim is not None:
        return dim_of(owner, dim, ndim)
    warnings.warn(f"{owner}: without dim the choice of dimension is deprecated; give dim", UserWarning, stacklevel=3)
    return 0 if ndim in (0, 1, 3) else 1


@method
@takes_out
def softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    r"""Return :math:`e^{x_i} / \sum_j e^{x_j}` along a dimension: positive numbers that sum to 1.

    Parameters
    ----------
    input : Tensor
        Floating-point, of any shape.
    dim : int, optional
        The dimension. Left out, it is 0 for 0, 1 and 3 dimensions, else 1, with a warning.
    dtype : minigrad.dtype, optional
        Convert the input to this type first.

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    RuntimeError
        If the elements are not floating-point.

    Notes
    -----
    The largest element is subtracted first, so nothing overflows [1]_. A line that holds NaN or
    inf, or nothing but -inf, becomes NaN.

    References
    ----------
    .. [1] P. Blanchard, D. J. Higham and N. J. Higham, "Accurately computing the log-sum-exp and
       softmax functions", IMA Journal of Numerical Analysis 41, 2021.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.softmax(mg.tensor([0.0, 0.0]), 0).tolist()
    [0.5, 0.5]
    """
    input = _operand("softmax", input, dtype)
    dim = _implicit_dim("softmax", dim, input._data.ndim)
    data = _forward("softmax", lib.MG_SOFTMAX, input._data, dim)
    return result(data, Softmax, (input,), save_output=True, dim=dim)


@method
@takes_out
def log_softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    r"""Return the logarithm of `softmax`, :math:`x_i - \log \sum_j e^{x_j}`, without forming it.

    Parameters
    ----------
    input : Tensor
        Floating-point, of any shape.
    dim : int, optional
        As in `softmax`.
    dtype : minigrad.dtype, optional
        Convert the input to this type first.

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    RuntimeError
        If the elements are not floating-point.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.log_softmax(mg.tensor([1000.0, 1000.0]), 0).exp().tolist()
    [0.5, 0.5]
    """
    input = _operand("log_softmax", input, dtype)
    dim = _implicit_dim("log_softmax", dim, input._data.ndim)
    data = _forward("log_softmax", lib.MG_LOG_SOFTMAX, input._data, dim)
    return result(data, LogSoftmax, (input,), save_output=True, dim=dim)


def softmin(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """Return the softmax of ``-input``.

    Parameters
    ----------
    input : Tensor
        Floating-point, of any shape.
    dim : int, optional
        As in `softmax`.
    dtype : minigrad.dtype, optional
        Convert the input to this type first.

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    IndexError
        If `dim` is out of range.
    RuntimeError
        If the elements are not floating-point.
    """
    # Negated first: bytes wrap around, and only then become floating-point.
    input = _operand("softmin", -tensor_only("softmin", input), dtype)
    return softmax(input, _implicit_dim("softmin", dim, input._data.ndim))


def _last(x: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    """Return `x` with the dimensions `dims` together and last, where they do not already lie together."""
    if dims == tuple(range(dims[0], dims[0] + len(dims))):
        return x
    return x.transpose([i for i in range(x.ndim) if i not in dims] + list(dims))


@method
@takes_out
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    r"""Return :math:`\log \sum_i e^{x_i}` over one or several dimensions.

    Parameters
    ----------
    input : Tensor
        Of any shape; integers are converted to the default floating-point type.
    dim : int or sequence of int
        The dimensions; an empty sequence means all of them.
    keepdim : bool, default False
        Keep them, with extent 1.

    Returns
    -------
    Tensor
        -inf where there was nothing to sum, or nothing but -inf.

    Raises
    ------
    IndexError
        If a dimension is out of range.
    RuntimeError
        If a dimension is named twice.

    Examples
    --------
    >>> import minigrad as mg
    >>> round(mg.logsumexp(mg.zeros(8), 0).item(), 4)
    2.0794
    """
    input = floating("logsumexp", input)
    x = input._data
    dims = dims_of("logsumexp", dim if not isinstance(dim, (tuple, list)) or len(dim) else None, x.ndim)
    if x.ndim == 0:
        return input + 0.0
    kept = tuple(1 if i in dims else n for i, n in enumerate(x.shape))
    moved = _array.contiguous(_last(x, dims))
    n = math.prod(x.shape[d] for d in dims)
    first = dims[0] if dims[-1] - dims[0] == len(dims) - 1 else x.ndim - len(dims)
    outer, inner = math.prod(moved.shape[:first]), math.prod(moved.shape[first + len(dims) :])
    y = _array.empty(kept if keepdim else tuple(e for i, e in enumerate(x.shape) if i not in dims), x.dtype)
    function = lib.mg_logsumexp_f32 if x.itemsize == 4 else lib.mg_logsumexp_f64
    check_status(function(outer, n, inner, pointer(moved), pointer(y, True)), "logsumexp")
    return result(y, Logsumexp, (input,), (input,), True, kept=kept)
