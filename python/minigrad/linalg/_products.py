"""Matrix products and the centred covariance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad import _check
from minigrad._native import check_status, ffi, is_tensor, lib, product, twin

__all__ = ["covariance", "matmul"]

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_FLOATS, _DOUBLES = ffi.typeof("float[]"), ffi.typeof("double[]")
_from_buffer, _cast = ffi.from_buffer, ffi.cast
_gemv_f32, _gemv_f64 = lib.mg_gemv_f32, lib.mg_gemv_f64
_empty = np.empty


def matmul(a: ArrayLike, b: ArrayLike, out: NDArray[Any] | None = None) -> Any:
    """Matrix product of two arrays of one or two dimensions.

    Parameters
    ----------
    a : array_like of shape (m, k) or (k,)
    b : array_like of shape (k, n) or (k,)
        float32 and float64 are kept (mixed gives float64), integers become float64.
        Transposed views and views with a row stride are read where they lie. NaN and
        infinity take part as in IEEE arithmetic.
    out : ndarray of shape (m, n), optional
        C-contiguous, of the product's dtype, not overlapping `a` or `b`; receives the
        product. Only for two matrices.

    Returns
    -------
    ndarray of shape (m, n), (m,) or (n,), or a scalar for two vectors

    Raises
    ------
    ValueError
        If the inner sizes differ, a number of dimensions is not 1 or 2, or `out` has
        the wrong shape, dtype or layout, or overlaps an input.
    TypeError
        If the elements are not real numbers.
    MemoryError
        If the product or its scratch does not fit in memory.

    Notes
    -----
    2 m n k flops. Elementwise error at most ``1.01 k eps |a| |b|``. The same bits for any
    number of threads.

    References
    ----------
    K. Goto, R. A. van de Geijn (2008), "Anatomy of high-performance matrix
    multiplication", ACM Transactions on Mathematical Software 34(3).

    Examples
    --------
    >>> from minigrad import linalg
    >>> linalg.matmul([[1, 2], [3, 4]], [[5], [6]])
    array([[17.],
           [39.]])
    """
    # The way to C and back must cost little beside a small product, so matrices that lie
    # well go straight there. Whatever is unusual ends up in _general.
    if out is not None:
        return out if not product(a, b, out) else _general(a, b, out)
    left: Any = a
    right: Any = b
    try:
        (m, k), (k_b, n) = left.shape, right.shape
        if k == k_b:
            c = _empty((m, n), left.dtype)
            if not product(a, b, c):
                return c
    except (AttributeError, TypeError, ValueError):
        pass
    return _general(a, b, None)


def _general(a: Any, b: Any, out: NDArray[Any] | None) -> Any:
    differentiable = twin("matmul")
    if differentiable is not None and (is_tensor(a) or is_tensor(b)):
        return differentiable(a, b) if out is None else differentiable(a, b, out=out)
    a, b = _operand(a, "a"), _operand(b, "b")
    if a.dtype != b.dtype:
        a, b = a.astype(_F64, copy=False), b.astype(_F64, copy=False)
    if a.shape[-1] != b.shape[0]:
        raise ValueError(f"matmul: inner sizes must agree; got shapes {a.shape} and {b.shape}")
    if out is not None:
        _check_out(out, a, b)
    if b.ndim == 1:
        result = _times_vector(a if a.ndim == 2 else a.reshape(1, -1), b)
        return result if a.ndim == 2 else result[0]
    if a.ndim == 1:
        return _times_vector(b.T, a)
    if out is None:
        out = _empty((a.shape[0], b.shape[1]), a.dtype)
    check_status(product(a, b, out), "matmul")
    return out


def _operand(value: Any, name: str) -> NDArray[Any]:
    """Return `value` as a float32 or float64 array that `_layout` can address."""
    if not isinstance(value, np.ndarray) or value.dtype not in (_F32, _F64) or not value.dtype.isnative:
        value = _check.array(value, "matmul", name, ndim=(1, 2), finite=False)
    if value.ndim not in (1, 2):
        raise ValueError(f"matmul: {name} must be 1-dimensional or 2-dimensional; got shape {value.shape}")
    size = value.itemsize
    if value.flags.aligned and value.ndim == 2:
        (rows, cols), (row, col) = value.shape, value.strides
        if (col == size and row % size == 0 and row >= cols * size) or (
            row == size and col % size == 0 and col >= rows * size
        ):
            strided: NDArray[Any] = value
            return strided
    compact: NDArray[Any] = np.require(value, requirements=["C_CONTIGUOUS", "ALIGNED"])
    return compact


def _pointer(array: NDArray[Any]) -> Any:
    return _from_buffer(_FLOATS if array.dtype == _F32 else _DOUBLES, array)


def _layout(array: NDArray[Any]) -> tuple[int, Any, int]:
    """Return whether a matrix is stored transposed, a pointer to it, and its leading dimension."""
    rows, cols = array.shape
    if array.flags.c_contiguous:
        return 0, _pointer(array), max(cols, 1)
    if array.flags.f_contiguous:
        return 1, _pointer(array.T), max(rows, 1)
    # A view with a row stride is no buffer to cffi; the caller holds the array.
    address = _cast("float *" if array.dtype == _F32 else "double *", array.ctypes.data)
    row, col = (stride // array.itemsize for stride in array.strides)
    return (0, address, row) if col == 1 else (1, address, col)


def _times_vector(a: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
    trans, pointer, lda = _layout(a)
    y = _empty(a.shape[0], a.dtype)
    gemv = _gemv_f32 if a.dtype == _F32 else _gemv_f64
    m, n = a.shape[::-1] if trans else a.shape
    check_status(gemv(trans, m, n, 1.0, pointer, lda, _pointer(x), 0.0, _pointer(y)), "matmul")
    return y


def _check_out(out: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> None:
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError(f"matmul: out is for two matrices; got shapes {a.shape} and {b.shape}")
    shape = (a.shape[0], b.shape[1])
    if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != a.dtype or not out.flags.carray:
        got = f"{out.dtype} of shape {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
        raise ValueError(f"matmul: out must be a writable C-contiguous {a.dtype} array of shape {shape}; got {got}")
    if np.may_share_memory(out, a) or np.may_share_memory(out, b):
        raise ValueError("matmul: out must be an array of its own; got one that overlaps an input")


def covariance(x: ArrayLike, *, ddof: int = 1) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Covariance matrix of the columns of `x`, and their means.

    ``C = sum_i (x_i - mean)(x_i - mean)^T / (n_samples - ddof)``

    Parameters
    ----------
    x : array_like of shape (n_samples, n_features)
        float32 or float64, finite.
    ddof : int, default 1
        1 gives the unbiased estimate, 0 the maximum-likelihood one.

    Returns
    -------
    covariance : ndarray of shape (n_features, n_features), float64
        Symmetric to the last bit.
    mean : ndarray of shape (n_features,), float64

    Raises
    ------
    ValueError
        If `x` is not two-dimensional, not finite, or has ``n_samples <= ddof``.
    TypeError
        If the elements are not real numbers.

    Notes
    -----
    n_samples * n_features**2 flops: only one triangle is computed. Every block of rows is
    shifted by the mean before it is multiplied, so a large common offset costs no digits;
    float32 blocks are summed in float64. Where squares leave the range of float64 the result
    is infinite or NaN. The same bits for any number of threads.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque (1983), "Algorithms for computing the sample
    variance", The American Statistician 37(3), the corrected two-pass algorithm.

    Examples
    --------
    >>> from minigrad import linalg
    >>> linalg.covariance([[1.0, 2.0], [3.0, 6.0]])[0]
    array([[2., 4.],
           [4., 8.]])
    """
    # Looking for NaN beforehand would cost a tenth of the whole; it shows in the result.
    data = _check.array(x, "covariance", "x", ndim=2, finite=False)
    n_samples, n_features = data.shape
    ddof = _check.integer(ddof, "covariance", "ddof", 0, 1)
    if n_samples <= ddof:
        raise ValueError(f"covariance: x must have more than {ddof} row(s); got shape {data.shape}")
    result = _empty((n_features, n_features))
    mean = _empty(n_features)
    function = lib.mg_covariance_f32 if data.dtype == _F32 else lib.mg_covariance_f64
    status = function(n_samples, n_features, _pointer(data), n_features, ddof, _pointer(mean), _pointer(result))
    check_status(status, "covariance")
    if not np.isfinite(result.diagonal()).all():
        _check.array(data, "covariance", "x", ndim=2)
        if data.dtype == _F32:
            return covariance(data.astype(_F64), ddof=ddof)
    return result, mean
