"""Pseudo-inverses, least squares and powers of (batches of) matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.linalg import _batched
from minigrad.nn._errors import dtype_error, shape_error
from minigrad.nn._graph import Node
from minigrad.nn._ops.arithmetic import Zero
from minigrad.nn._ops.linalg import eye_like, inv, matrices, run
from minigrad.nn._ops.matmul import matmul
from minigrad.nn._ops.shape import broadcast_shapes, expand, reshape, unsqueeze
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, fresh, method, result, results

__all__ = ["matrix_power", "pinverse"]


class LstsqResult(NamedTuple):
    """What `lstsq` found; empty tensors for what the driver does not give."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


# --- pseudo-inverse, least squares, powers


class Pinv(Node):
    """P = the pseudo-inverse of A."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient from Golub and Pereyra (1973): -(P K)' + K P P' ... with K = G' P."""
        (a,) = self.saved
        return (_pinv_gradient(grad, self.output, a),)


def _pinv_gradient(grad: Tensor, p: Any, a: Any) -> Tensor:
    g: Any = grad.mT
    pt = p.mT
    if a._data.shape[-2] <= a._data.shape[-1]:
        k = matmul(g, p)
        kp = matmul(k, pt)
        total = kp - matmul(p, k).mT - matmul(matmul(a, p), kp) + matmul(matmul(pt, p), g - matmul(k, a))
        return total  # type: ignore[no-any-return]
    k = matmul(p, g)
    pk = matmul(pt, k)
    total = matmul(matmul(g - matmul(a, k), p), pt) - matmul(k, p).mT + pk - matmul(matmul(pk, p), a)
    return total  # type: ignore[no-any-return]


def tolerances(s: np.ndarray, shape: tuple[int, ...], atol: Any, rtol: Any) -> np.ndarray:
    """Return below which size a singular value counts as zero, for every matrix."""

    def number(value: Any) -> Any:
        return value._data if isinstance(value, Tensor) else value

    largest = s.max(-1) if s.shape[-1] else np.zeros(s.shape[:-1], s.dtype)
    if rtol is None:
        rtol = np.where(np.asarray(0 if atol is None else number(atol)) > 0, 0, max(shape[-2:]) * np.finfo(s.dtype).eps)
    return np.maximum(0 if atol is None else number(atol), number(rtol) * largest)  # type: ignore[no-any-return]


def pinv(A: Tensor, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Tensor:
    """Return the pseudo-inverses; singular values up to ``max(atol, rtol * largest)`` count as zero.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    atol : float or Tensor, optional
        Absolute tolerance.
    rtol : float or Tensor, optional
        Tolerance relative to the largest singular value.
    hermitian : bool, default False
        Read only the lower triangle of symmetric matrices.

    Raises
    ------
    RuntimeError
        If the tensor holds no matrices, or one holds NaN or infinity.
    """
    a = matrices("linalg.pinv", A, square=hermitian)
    given = np.tril(a) + np.tril(a, -1).swapaxes(-1, -2) if hermitian else a
    u, s, vh = run(_batched.singular_systems, given, "linalg.pinv")
    least = tolerances(s, a.shape, atol, rtol)[..., None]
    inverse_s = np.where(s > least, 1 / np.where(s > least, s, 1), 0).astype(a.dtype)
    data = matmul(fresh(vh.swapaxes(-1, -2) * inverse_s[..., None, :]), fresh(u.swapaxes(-1, -2)))._data
    return result(data, Pinv, (A,), (A,), save_output=True)


@method
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """Return the pseudo-inverses; singular values up to `rcond` times the largest count as zero.

    Parameters
    ----------
    input : Tensor
    rcond : float, optional, default 1e-15
        Singular values below this times the largest count as zero.
    """
    return pinv(input, rtol=rcond)


class Lstsq(Node):
    """X = the shortest least-squares solution of A X = B."""

    def backward(self, *grads: Any) -> tuple[Any, Any]:
        """Gradients through X = P B, P the pseudo-inverse of A, and through the residuals |A X - B|^2."""
        a, b = self.saved
        p = pinv(a)
        to_a, to_b = None, None
        if grads[0] is not None:
            to_a, to_b = _pinv_gradient(matmul(grads[0], b.mT), p, a), matmul(p.mT, grads[0])
        if grads[1] is not None and grads[1]._data.size:
            # X makes the residuals smallest, so they change with A and B alone.
            x = matmul(p, b)
            slope = 2 * (b - matmul(a, x)) * unsqueeze(grads[1], -2)
            bent = -matmul(slope, x.mT)
            to_a, to_b = (bent, slope) if to_b is None else (to_a + bent, to_b + slope)
        return to_a, to_b


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LstsqResult:
    """Return the least-squares solutions of ``A X = B``, their squared residuals, and the ranks.

    The method is always QR with column pivoting; `driver` decides, as in PyTorch, what is given
    beside the solution: residuals unless it is None or "gelsy", ranks unless it is "gels", singular
    values if it is "gelsd" or "gelss".

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    B : Tensor
        Right-hand sides.
    rcond : float, optional
        Below which share of the largest a singular value counts as zero.
    driver : str, optional
        Which values beside the solution are asked for; see above.

    Raises
    ------
    RuntimeError
        If the shapes or dtypes do not fit.
    """
    op = "linalg.lstsq"
    a, b = matrices(op, A), B._data
    if b.dtype != a.dtype:
        raise dtype_error(op, "Expected A and B to have the same dtype", A, B)
    if b.ndim == a.ndim - 1 and b.shape == a.shape[:-1]:
        found = lstsq(A, unsqueeze(B, -1), rcond)
        return LstsqResult(reshape(found.solution, found.solution._data.shape[:-1]), *found[1:])
    if b.ndim < 2 or b.shape[-2] != a.shape[-2]:
        raise shape_error(op, "A and B must have as many rows", A, B)
    lead = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    full_a = expand(A, (*lead, *a.shape[-2:])) if a.shape[:-2] != lead else A
    full_b = expand(B, (*lead, *b.shape[-2:])) if b.shape[:-2] != lead else B
    m, n = a.shape[-2:]
    least = max(m, n) * float(np.finfo(a.dtype).eps) if rcond is None else float(rcond)
    x, residuals, ranks = run(_batched.least_squares, full_a._data, full_b._data, max(least, 0.0), op)
    known = m > n and (ranks == n).all() and driver not in (None, "gelsy")
    shown, none = residuals if known else np.zeros(0, a.dtype), np.zeros(0, a.dtype)
    values = run(_batched.singular_systems, full_a._data, op, False)[1] if driver in ("gelsd", "gelss") else none
    made = results((x, shown), Lstsq, (full_a, full_b), (full_a, full_b))
    return LstsqResult(made[0], made[1], fresh(ranks if driver != "gels" else np.zeros(0, np.int64)), fresh(values))


@takes_out
@method
def matrix_power(input: Tensor, n: int) -> Tensor:
    """Return the `n`-th powers of square matrices, by repeated squaring; of the inverses if `n` is negative.

    Parameters
    ----------
    input : Tensor
    n : int
        The exponent; negative ones invert.

    Raises
    ------
    RuntimeError
        If the tensor holds no square matrices, or `n` is negative and one is singular.
    """
    a = matrices("linalg.matrix_power", input, square=True)
    if n == 0:
        return result(np.array(eye_like(a)), Zero, (input,), shapes=(a.shape,))
    base = input if n > 0 else inv(input)
    made: Tensor | None = None
    left = abs(n)
    while left:
        if left & 1:
            made = base if made is None else matmul(made, base)
        left >>= 1
        if left:
            base = matmul(base, base)
    assert made is not None
    return made if abs(n) > 1 or n < 0 else input.clone()
