"""Inverses, linear systems and determinants of (batches of) matrices.

The derivatives follow from differentiating what defines the result. For Y = A^-1, from
A Y = I: dY = -Y dA Y, so a gradient G of Y gives -Y' G Y' for A. Likewise:

    X = A^-1 B          dB: A^-T G =: H          dA: -H X'
    d = det A           dA: g d A^-T

Reference: M. B. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation", 2008.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigrad.linalg import _batched
from minigrad.nn._errors import ShapeError, dtype_error, portrait, shape_error
from minigrad.nn._graph import Node, once
from minigrad.nn._ops.matmul import matmul
from minigrad.nn._ops.pattern import tril, triu
from minigrad.nn._ops.shape import broadcast_shapes, reshape, unsqueeze
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, fresh, method, result, results, unbroadcast

__all__ = ["det", "inverse", "logdet", "slogdet"]


class LinAlgError(np.linalg.LinAlgError, RuntimeError):  # noqa: TID251 (the type, not an algorithm)
    """A matrix has not the property that the operation needs."""


class SlogdetResult(NamedTuple):
    """Sign and logarithm of the size of a determinant."""

    sign: Tensor
    logabsdet: Tensor


def matrices(op: str, a: Any, square: bool = False) -> np.ndarray:
    """Return the array of a tensor of matrices.

    Raises
    ------
    RuntimeError
        If it is no float tensor of at least two dimensions, or a matrix is not square though it must be.
    """
    if not isinstance(a, Tensor):
        raise TypeError(f"{op}: A must be a Tensor; got {type(a).__name__}")
    if a._data.ndim < 2:
        raise ShapeError(f"{op}: The input tensor A must have at least 2 dimensions; got {portrait(a)}")
    if a._data.dtype.kind != "f":
        raise dtype_error(op, "Expected a floating point tensor", a)
    if square and a._data.shape[-1] != a._data.shape[-2]:
        raise ShapeError(f"{op}: A must be batches of square matrices; got {portrait(a)}")
    return a._data


def run(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function of the room `linalg`; its refusals become those of the framework."""
    try:
        return function(*args)
    except np.linalg.LinAlgError as error:  # noqa: TID251
        raise LinAlgError(str(error)) from None
    except ValueError as error:
        raise LinAlgError(str(error)) from None


def eye_like(a: np.ndarray) -> np.ndarray:
    """Return identity matrices of the shape of `a`."""
    return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)


# --- inverse and systems


class Inv(Node):
    """Y = A^-1."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient -Y' G Y'."""
        y = self.output.mT
        return (-matmul(matmul(y, grad), y),)


@takes_out
def inv(A: Tensor) -> Tensor:
    """Return the inverses of square matrices.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)

    Raises
    ------
    RuntimeError
        If a matrix is singular, or the tensor holds no square matrices.
    """
    a = matrices("linalg.inv", A, square=True)
    return result(run(_batched.solutions, a, eye_like(a), "linalg.inv"), Inv, (A,), save_output=True)


@takes_out
@method
def inverse(input: Tensor) -> Tensor:
    """Return the inverses of square matrices, as `linalg.inv`.

    Parameters
    ----------
    input : Tensor
    """
    return inv(input)


class Solve(Node):
    """X = A^-1 B."""

    vector: bool
    left: bool
    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients H = A^-T G of B, and -H X' of A; see the module."""
        (a,) = self.saved
        x = self.output
        if self.vector:
            grad, x = unsqueeze(grad, -1), unsqueeze(x, -1)
        h = _solve_matrix(a.mT, grad, self.left)
        to_a = -(matmul(h, x.mT) if self.left else matmul(x.mT, h))
        to_b = reshape(h, h._data.shape[:-1]) if self.vector else h
        return unbroadcast(to_a, self.shapes[0]), unbroadcast(to_b, self.shapes[1])


def _solve_matrix(a: Tensor, b: Tensor, left: bool) -> Tensor:
    return solve(a, b) if left else solve(a.mT, b.mT).mT


@takes_out
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """Return the solution X of ``A X = B`` (or ``X A = B``) for square matrices.

    B holds matrices, or, if it has one dimension, or A's shape without the last one, vectors.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    B : Tensor
        Right-hand sides.
    left : bool, default True
        Solve A X = B; else X A = B.

    Raises
    ------
    RuntimeError
        If a matrix is singular, or the shapes or dtypes do not fit.
    """
    op = "linalg.solve"
    a, b = matrices(op, A, square=True), B._data
    if b.dtype != a.dtype:
        raise dtype_error(op, "Expected A and B to have the same dtype", A, B)
    vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    if vector and not left:
        raise RuntimeError(f"{op}: Vector broadcasting of the left hand side is not supported for left=False")
    columns = b[..., None] if vector else b
    if columns.ndim < 2 or columns.shape[-2 if left else -1] != a.shape[-1]:
        raise shape_error(op, "Incompatible shapes of A and B for the equation AX = B", A, B)
    try:
        lead = broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    except ShapeError:
        raise shape_error(op, "the batches must broadcast", A, B) from None
    full_a = np.broadcast_to(a, (*lead, *a.shape[-2:]))
    full_b = np.broadcast_to(columns, (*lead, *columns.shape[-2:]))
    if left:
        x = run(_batched.solutions, full_a, full_b, op)
    else:
        x = run(_batched.solutions, full_a.swapaxes(-1, -2), full_b.swapaxes(-1, -2), op).swapaxes(-1, -2)
    data = x[..., 0] if vector else x
    return result(data, Solve, (A, B), (A,), save_output=True, vector=vector, left=left, shapes=(a.shape, b.shape))


class SolveTriangular(Node):
    """X = T^-1 B or B T^-1, T triangular."""

    upper: bool
    left: bool
    unitriangular: bool
    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients as for `Solve`, that of T in its triangle."""
        (a,) = self.saved
        h = solve_triangular(a.mT, grad, upper=not self.upper, left=self.left, unitriangular=self.unitriangular)
        x = self.output
        full = -(matmul(h, x.mT) if self.left else matmul(x.mT, h))
        shift = int(self.unitriangular)
        to_a = triu(full, shift) if self.upper else tril(full, -shift)
        return unbroadcast(to_a, self.shapes[0]), unbroadcast(h, self.shapes[1])


@takes_out
def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """Return the solution X of ``A X = B`` (or ``X A = B``), A triangular.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    B : Tensor
        Right-hand sides.
    upper : bool
        Whether the factor is upper triangular.
    left : bool, default True
        Solve A X = B; else X A = B.
    unitriangular : bool, default False
        Take the diagonal as ones, without reading it.

    Raises
    ------
    RuntimeError
        If a diagonal element is zero, or the shapes or dtypes do not fit.
    """
    op = "linalg.solve_triangular"
    a, b = matrices(op, A, square=True), matrices(op, B)
    if b.dtype != a.dtype:
        raise dtype_error(op, "Expected A and B to have the same dtype", A, B)
    if b.shape[-2 if left else -1] != a.shape[-1]:
        raise shape_error(op, "Incompatible shapes of A and B", A, B)
    lead = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    full_a = np.broadcast_to(a, (*lead, *a.shape[-2:]))
    full_b = np.broadcast_to(b, (*lead, *b.shape[-2:]))
    if left:
        x = run(_batched.triangular_solutions, full_a, full_b, upper, False, unitriangular, op)
    else:
        turned = full_b.swapaxes(-1, -2)
        x = run(_batched.triangular_solutions, full_a, turned, upper, True, unitriangular, op).swapaxes(-1, -2)
    extra = {"upper": upper, "left": left, "unitriangular": unitriangular, "shapes": (a.shape, b.shape)}
    return result(x, SolveTriangular, (A, B), (A,), True, **extra)


# --- determinants


class Det(Node):
    """d = det A."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g d A^-T; of singular matrices, g times the cofactors."""
        (a,) = self.saved
        d = self.output
        try:
            inverse_t = inv(a).mT
        except LinAlgError:
            once(self)
            return (grad[..., None, None] * fresh(_cofactors(a._data)),)
        return ((grad * d)[..., None, None] * inverse_t,)


def _cofactors(a: np.ndarray) -> np.ndarray:
    """Return the matrices of cofactors: of U diag(s) V', det(U V') times U diag(products of the other s) V'."""
    u, s, vt = run(_batched.singular_systems, a, "linalg.det")
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(s.shape[-1])], -1)
    sign = np.ones(a.shape[:-2], a.dtype)
    for factor in (u, vt):
        diagonals, signs = _batched.determinants(factor, "linalg.det")
        sign = sign * np.sign(np.prod(diagonals, -1)) * signs
    full = matmul(fresh(u * (others * sign[..., None])[..., None, :]), fresh(vt))
    return full._data


@takes_out
def det(A: Tensor) -> Tensor:
    """Return the determinants of square matrices.

    Parameters
    ----------
    A : Tensor
        Square matrices in the last two dimensions.

    Raises
    ------
    RuntimeError
        If the tensor holds no square matrices.
    """
    a = matrices("linalg.det", A, square=True)
    diagonals, signs = run(_batched.determinants, a, "linalg.det")
    with np.errstate(all="ignore"):
        data = np.prod(diagonals, -1) * signs
    return result(data, Det, (A,), (A,), save_output=True)


class Slogdet(Node):
    """(sign, log |det A|)."""

    def backward(self, *grads: Any) -> tuple[Any]:
        """Gradient g A^-T, of the logarithm's g."""
        (a,) = self.saved
        if grads[1] is None:
            return (None,)
        return (grads[1][..., None, None] * inv(a).mT,)


def linalg_slogdet(A: Tensor) -> SlogdetResult:
    """Return the signs of the determinants and the logarithms of their sizes.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)

    Raises
    ------
    RuntimeError
        If the tensor holds no square matrices.
    """
    a = matrices("linalg.slogdet", A, square=True)
    diagonals, signs = run(_batched.determinants, a, "linalg.slogdet")
    with np.errstate(divide="ignore"):
        logs = np.log(np.abs(diagonals)).sum(-1)
    sign = np.prod(np.sign(diagonals), -1) * signs
    return SlogdetResult(*results((np.asarray(sign), np.asarray(logs, a.dtype)), Slogdet, (A,), (A,)))


@method
def slogdet(input: Tensor) -> SlogdetResult:
    """Return the signs of the determinants and the logarithms of their sizes, as `linalg.slogdet`.

    Parameters
    ----------
    input : Tensor
    """
    return linalg_slogdet(input)


@method
def logdet(input: Tensor) -> Tensor:
    """Return the logarithms of the determinants; NaN where one is negative.

    Parameters
    ----------
    input : Tensor
    """
    sign, logs = linalg_slogdet(input)
    if (sign._data < 0).any():
        with np.errstate(invalid="ignore"):
            logs = logs + fresh(np.where(sign._data < 0, np.nan, 0).astype(sign._data.dtype))
    return logs


Tensor.det = det  # type: ignore[attr-defined]
