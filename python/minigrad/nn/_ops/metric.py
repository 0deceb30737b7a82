"""Norms, ranks and conditions of matrices; distances; products of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.linalg import _batched
from minigrad.nn._errors import ShapeError, dtype_error, portrait, shape_error
from minigrad.nn._graph import Node, once
from minigrad.nn._ops.extremes import amax, amin
from minigrad.nn._ops.factor import eigvalsh, svdvals
from minigrad.nn._ops.linalg import inv, matrices, run
from minigrad.nn._ops.pseudo import tolerances
from minigrad.nn._ops.reduce import sum as total
from minigrad.nn._ops.reduce import vector_norm
from minigrad.nn._ops.shape import broadcast_shapes, expand, movedim, unsqueeze
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, dim_of, fresh, method, unbroadcast

__all__ = ["cdist", "cross"]


@takes_out
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Return norms of matrices.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    keepdim : bool, default False
        Keep the dimension with extent 1.
    dtype : dtype, optional
        Element type of the result.
    ord : {"fro", "nuc", inf, -inf, 1, -1, 2, -2}
        The root of the sum of squares; the sum of the singular values; the largest or smallest sum
        of magnitudes of a row (inf) or column (1); the largest or smallest singular value.
    dim : pair of int
        Where rows and columns run.

    Raises
    ------
    RuntimeError
        If the tensor holds no float matrices, or `ord` is unknown.
    """
    op = "linalg.matrix_norm"
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(f"{op}: dim must be a 2-tuple of ints; got {dim!r}")
    matrices(op, A)
    rows, columns = (dim_of(op, d, A._data.ndim) for d in dim)
    if rows == columns:
        raise RuntimeError(f"{op}: dims must be different; got {tuple(dim)}")
    x = A if dtype is None else A.to(dtype)
    if ord == "fro":
        return vector_norm(x, 2, (rows, columns), keepdim)
    if ord == "nuc" or ord in (2, -2):
        values = svdvals(movedim(x, (rows, columns), (-2, -1)))
        made = total(values, -1) if ord == "nuc" else _end(values, ord == 2)
        return _kept(made, rows, columns) if keepdim else made
    if ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"{op}: order must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf; got {ord!r}")
    summed, kept = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = vector_norm(x, 1, summed, keepdim)
    if not keepdim and summed < kept:
        kept -= 1
    return (amax if ord > 0 else amin)(sums, kept, keepdim)


def _end(values: Tensor, largest: bool) -> Tensor:
    """Return the first or last of descending values."""
    if values._data.shape[-1] == 0:
        raise RuntimeError("linalg.matrix_norm: the norm of a matrix without elements is not defined for this order")
    return (amax if largest else amin)(values, -1)


def _kept(made: Tensor, rows: int, columns: int) -> Tensor:
    for d in sorted((rows, columns)):
        made = unsqueeze(made, d)
    return made


@takes_out
def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Return norms of vectors or matrices: of matrices if `dim` is a pair, or `ord` is given for a 2-d tensor.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    ord : number or str, optional
        Which norm.
    dim : int or pair of int, optional
        Over which.
    keepdim : bool, default False
        Keep the dimension with extent 1.
    dtype : dtype, optional
        Element type of the result.

    Raises
    ------
    RuntimeError
        As `linalg.vector_norm` and `linalg.matrix_norm`.
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    pair = isinstance(dim, (tuple, list)) and len(dim) == 2
    if pair or (dim is None and A._data.ndim == 2) or isinstance(ord, str):
        if dim is None and A._data.ndim != 2:
            raise RuntimeError(f"linalg.norm: with ord={ord!r} and no dim the tensor must be 2-D; got {portrait(A)}")
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if dim is None and A._data.ndim > 2:
        raise RuntimeError(f"linalg.norm: with ord given and no dim the tensor must be 1-D or 2-D; got {portrait(A)}")
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


@takes_out
def cond(A: Tensor, p: Any = None) -> Tensor:
    """Return the condition numbers of matrices: ``norm(A, p) * norm(A^-1, p)``; for p None or 2, by singular values.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    p : number or str, optional
        Which norm; by default the spectral one.

    Raises
    ------
    RuntimeError
        If `p` is unknown, or the matrices are not square though `p` is neither None, 2 nor -2.
    """
    matrices("linalg.cond", A, square=p not in (None, 2, -2))
    if p in (None, 2, -2):
        values = svdvals(A)
        low, high = values[..., -1], values[..., 0]
        return low / high if p == -2 else high / low
    return matrix_norm(A, p) * matrix_norm(inv(A), p)


@takes_out
def matrix_rank(A: Tensor, *, tol: Any = None, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Tensor:
    """Return how many singular values of each matrix exceed ``max(atol, rtol * largest)``.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    tol : float or Tensor, optional
        Older name of `atol`.
    atol : float or Tensor, optional
        Absolute tolerance.
    rtol : float or Tensor, optional
        Tolerance relative to the largest singular value.
    hermitian : bool, default False
        Read only the lower triangle of symmetric matrices.

    Raises
    ------
    RuntimeError
        If the tensor holds no float matrices.
    """
    a = matrices("linalg.matrix_rank", A, square=hermitian)
    if hermitian:
        s = np.sort(np.abs(eigvalsh(A.detach())._data), -1)[..., ::-1]
    else:
        s = run(_batched.singular_systems, a, "linalg.matrix_rank", False)[1]
    least = tolerances(s, a.shape, atol if tol is None else tol, 0.0 if tol is not None else rtol)
    return fresh(np.asarray((s > np.asarray(least)[..., None]).sum(-1), np.int64))


@takes_out
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Return the sums of products of two tensors over `dim`; the shapes broadcast.

    Parameters
    ----------
    x : Tensor
    y : Tensor
    dim : int, default -1
        The dimension; negative ones count from the end.

    Raises
    ------
    RuntimeError
        If the shapes do not fit.
    """
    return total(x * y, dim)


def _cross(op: str, a: Tensor, b: Tensor, dim: int) -> Tensor:
    if a._data.ndim != b._data.ndim:
        raise shape_error(op, "inputs must have the same number of dimensions", a, b)
    at = dim_of(op, dim, a._data.ndim)
    if a._data.shape[at : at + 1] != (3,) or b._data.shape[at : at + 1] != (3,):
        raise shape_error(op, f"inputs dimension {dim} must have length 3", a, b)
    shape = broadcast_shapes(a._data.shape, b._data.shape)
    from minigrad.nn._ops.rearrange import roll

    x, y = expand(a, shape), expand(b, shape)
    # Component i is x[i+1] y[i+2] - x[i+2] y[i+1], the indices taken around.
    return roll(x, -1, at) * roll(y, -2, at) - roll(x, -2, at) * roll(y, -1, at)


@takes_out
def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Return the cross products of vectors of three elements along `dim`.

    Parameters
    ----------
    input : Tensor
    other : Tensor
    dim : int, default -1
        The dimension of extent 3.

    Raises
    ------
    RuntimeError
        If the extents along `dim` are not 3, or the shapes do not broadcast.
    """
    return _cross("linalg.cross", input, other, dim)


@takes_out
@method
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Return the cross products of vectors of three elements along `dim`, by default the first of extent 3.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    dim : int, optional
        Along which.

    Raises
    ------
    RuntimeError
        If the extents along `dim` are not 3, there is no such dimension, or the shapes do not broadcast.
    """
    if dim is None:
        shape = input._data.shape
        if 3 not in shape:
            raise ShapeError(f"cross: no dimension of size 3 in input {portrait(input)}")
        dim = shape.index(3)
    return _cross("cross", input, other, dim)


# --- distances


class Cdist(Node):
    """z_ij = the p norm of x_i - y_j."""

    p: float

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients: the differences' p norms', with 0 where the distance is 0."""
        once(self)
        x, y = self.saved
        distance = self.output._data[..., None]
        apart = x._data[..., :, None, :] - y._data[..., None, :, :]
        with np.errstate(all="ignore"):
            weight = _norm_slope(apart, distance, self.p) * grad._data[..., None]
        weight = np.where(distance == 0, 0, weight).astype(apart.dtype, copy=False)
        to_x, to_y = fresh(weight.sum(-2)), fresh(-weight.sum(-3))
        return unbroadcast(to_x, x._data.shape), unbroadcast(to_y, y._data.shape)


def _norm_slope(apart: np.ndarray, distance: np.ndarray, p: float) -> np.ndarray:
    """Return the derivative of a p norm by every component."""
    if p == 0:
        return np.zeros_like(apart)
    if p == 1:
        return np.sign(apart)  # type: ignore[no-any-return]
    if math.isinf(p):
        return np.sign(apart) * (np.abs(apart) == distance)  # type: ignore[no-any-return]
    size = np.abs(apart)
    if p < 1:
        size = np.where(size == 0, np.inf, size)
    return np.asarray(np.sign(apart) * (size / distance) ** apart.dtype.type(p - 1))


@method
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """Return the `p` norm distances between every row of `x1` and every row of `x2`; the batches broadcast.

    Always by differences, which keeps small distances accurate.

    Parameters
    ----------
    x1 : Tensor
        Rows are points.
    x2 : Tensor
        Rows are points.
    p : float, default 2
        Exponent of the norm.
    compute_mode : str, optional, default "use_mm_for_euclid_dist_if_necessary"
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If the last extents differ, `p` is negative, or the elements are not floating-point.
    """
    from minigrad.nn._tensor import result

    for name, x in (("X1", x1), ("X2", x2)):
        if x._data.dtype.kind != "f":
            raise dtype_error("cdist", f"only supports floating-point dtypes, {name}", x)
        if x._data.ndim < 2:
            raise ShapeError(f"cdist: only supports at least 2D tensors, {name} got: {portrait(x)}")
    if x1._data.shape[-1] != x2._data.shape[-1]:
        raise shape_error("cdist", "X1 and X2 must have the same number of columns", x1, x2)
    if not p >= 0:
        raise RuntimeError(f"cdist: only supports non-negative p values; got {p}")
    a, b = x1._data[..., :, None, :], x2._data[..., None, :, :]
    apart = np.abs(a - b)
    with np.errstate(all="ignore"):
        if p == 0:
            data = (apart != 0).sum(-1)
        elif math.isinf(p):
            data = apart.max(-1, initial=0)
        elif p == 2:
            data = np.sqrt((apart * apart).sum(-1))
        else:
            data = (apart ** apart.dtype.type(p)).sum(-1) ** apart.dtype.type(1 / p)
    return result(data.astype(apart.dtype, copy=False), Cdist, (x1, x2), (x1, x2), save_output=True, p=float(p))
