"""Factorisations of (batches of) matrices, and what follows from singular values.

With G_X the gradient of a factor X:

    A = L L'            dA: L^-T F(L'G) L^-1, symmetrised; F keeps the lower triangle, half the diagonal
    A = Q R             dA: (G_Q + Q C(R G_R' - G_Q' Q)) R^-T; C copies the lower triangle to the upper
    A = V diag(l) V'    dA: V (diag(g_l) + (V'G_V) / E) V', symmetrised; E_ij = l_j - l_i
    A = U diag(s) V'    dA: U [skew(U'G_U)/E diag(s) + diag(s) skew(V'G_V)/E + diag(g_s)] V' and what
                        lies outside the two spaces; E_ij = s_j^2 - s_i^2, skew(X) = X - X'

Reference: M. B. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation", 2008; J. Townsend, "Differentiating the singular value
decomposition", 2016.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.linalg import _batched
from minigrad.nn._errors import dtype_error, shape_error
from minigrad.nn._graph import Node
from minigrad.nn._ops.linalg import LinAlgError, eye_like, matrices, run, solve_triangular
from minigrad.nn._ops.matmul import matmul
from minigrad.nn._ops.pattern import diag_embed, diagonal, tril
from minigrad.nn._ops.shape import broadcast_shapes, unsqueeze
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, fresh, method, result, results, unbroadcast

__all__ = ["cholesky_inverse", "cholesky_solve"]


class EighResult(NamedTuple):
    """Eigenvalues, ascending, and eigenvectors in columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SVDResult(NamedTuple):
    """The factors of ``A = U diag(S) Vh``."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class QRResult(NamedTuple):
    """The factors of ``A = Q R``."""

    Q: Tensor
    R: Tensor


# --- factorisations


class Cholesky(Node):
    """A = L L'."""

    upper: bool

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient of the module's table."""
        factor = self.output
        lower, given = (factor.mT, grad.mT) if self.upper else (factor, grad)
        phi = tril(matmul(lower.mT, given))
        phi = phi - 0.5 * diag_embed(diagonal(phi, 0, -2, -1))
        left = solve_triangular(lower.mT, phi, upper=True)
        full = solve_triangular(lower, left, upper=False, left=False)
        return (0.5 * (full + full.mT),)


@takes_out
def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """Return the triangular factors of symmetric positive definite matrices, ``A = L L'`` or ``U' U``.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    upper : bool, default False
        Whether the factor is upper triangular.

    Raises
    ------
    RuntimeError
        If a matrix is not positive definite, or the tensor holds no square matrices.
    """
    a = matrices("linalg.cholesky", A, square=True)
    factors = run(_batched.cholesky_factors, a.swapaxes(-1, -2) if upper else a, "linalg.cholesky")
    return result(factors.swapaxes(-1, -2) if upper else factors, Cholesky, (A,), save_output=True, upper=upper)


class CholeskySolve(Node):
    """X = (L L')^-1 B."""

    upper: bool
    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients H = (L L')^-1 G of B, and -(H X' + X H') L of L."""
        (factor,) = self.saved
        x = self.output
        h = cholesky_solve(grad, factor, self.upper)
        outer = matmul(h, x.mT)
        both = outer + outer.mT
        to_l = -(matmul(factor, both) if self.upper else matmul(both, factor))
        return unbroadcast(h, self.shapes[0]), unbroadcast(to_l, self.shapes[1])


@takes_out
@method
def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """Return the solution X of ``A X = input`` from the Cholesky factor `L` of A.

    Parameters
    ----------
    input : Tensor
    L : Tensor
        The Cholesky factor.
    upper : bool, default False
        Whether the factor is upper triangular.

    Raises
    ------
    RuntimeError
        If the shapes or dtypes do not fit.
    """
    op = "cholesky_solve"
    factor, b = matrices(op, L, square=True), matrices(op, input)
    if b.dtype != factor.dtype:
        raise dtype_error(op, "Expected b and A to have the same dtype", input, L)
    if b.shape[-2] != factor.shape[-1]:
        raise shape_error(op, "Incompatible matrix sizes of A and b", L, input)
    lead = broadcast_shapes(factor.shape[:-2], b.shape[:-2])
    full = np.broadcast_to(factor, (*lead, *factor.shape[-2:]))
    half = np.broadcast_to(b, (*lead, *b.shape[-2:]))
    for transposed in (upper, not upper):
        half = run(_batched.triangular_solutions, full, half, upper, transposed, False, op)
    return result(half, CholeskySolve, (input, L), (L,), True, upper=upper, shapes=(b.shape, factor.shape))


@takes_out
@method
def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """Return the inverse of A from its Cholesky factor.

    Parameters
    ----------
    input : Tensor
    upper : bool, default False
        Whether the factor is upper triangular.

    Raises
    ------
    RuntimeError
        If the tensor holds no square matrices.
    """
    a = matrices("cholesky_inverse", input, square=True)
    return cholesky_solve(fresh(eye_like(a)), input, upper)


class Qr(Node):
    """A = Q R."""

    mode: str

    def backward(self, *grads: Any) -> tuple[Any]:
        """Gradient of the module's table; for m < n, of the square part and the rest."""
        q, r = self.output_at(0), self.output_at(1)
        m, n = q._data.shape[-2], r._data.shape[-1]
        if self.mode == "complete" and m > n:
            raise LinAlgError(
                "linalg.qr: the QR decomposition is not differentiable when mode='complete' and nrows > ncols"
            )
        if self.mode == "r":
            raise LinAlgError("linalg.qr: the derivative of linalg.qr depends on Q, which mode='r' does not give")
        grad_q, grad_r = grads
        if m >= n:
            return (_qr_gradient(q, r, grad_q, grad_r),)
        # A = [X Y], R = [U V], X = Q U, Y = Q V.
        from minigrad.nn._ops.join import cat

        to_u = None if grad_r is None else grad_r[..., :m]
        to_q = grad_q
        to_y = None
        if grad_r is not None:
            grad_v = grad_r[..., m:]
            to_y = matmul(q, grad_v)
            y = matmul(q, r[..., m:])
            extra = matmul(y, grad_v.mT)
            to_q = extra if to_q is None else to_q + extra
        to_x = _qr_gradient(q, r[..., :m], to_q, to_u)
        rest = to_y if to_y is not None else fresh(np.zeros((*q._data.shape[:-1], n - m), q._data.dtype))
        return (cat([to_x, rest], -1),)


def _qr_gradient(q: Tensor, r: Tensor, grad_q: Any, grad_r: Any) -> Tensor:
    inner: Any = 0
    if grad_r is not None:
        inner = matmul(r, grad_r.mT)
    if grad_q is not None:
        inner = inner - matmul(grad_q.mT, q)
    mirrored = tril(inner) + tril(inner, -1).mT
    total = matmul(q, mirrored)
    if grad_q is not None:
        total = total + grad_q
    return solve_triangular(r.mT, total, upper=False, left=False)


@takes_out
def qr(A: Tensor, mode: str = "reduced") -> QRResult:
    """Return Q, with orthonormal columns, and R, upper triangular, of ``A = Q R``.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    mode : {"reduced", "complete", "r"}
        Q with min(m, n) columns; with m; or empty, for R alone.

    Raises
    ------
    RuntimeError
        If `mode` is unknown or the tensor holds no matrices.
    """
    a = matrices("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"linalg.qr: qr received unrecognized mode {mode!r}; expected reduced, complete or r")
    q, r = run(_batched.orthogonal_factors, a, mode == "complete", "linalg.qr")
    if mode == "r":
        q = np.zeros(0, a.dtype)
    if a.size == 0 and mode == "complete":
        q = np.array(np.broadcast_to(np.eye(a.shape[-2], dtype=a.dtype), (*a.shape[:-1], a.shape[-2])))
    return QRResult(*results((q, r), Qr, (A,), save_outputs=True, mode=mode))


# --- eigenvalues and singular values


class Eigh(Node):
    """A = V diag(l) V'."""

    def backward(self, *grads: Any) -> tuple[Any]:
        """Gradient of the module's table."""
        values, v = self.output_at(0), self.output_at(1)
        grad_l, grad_v = grads
        inner: Any = 0
        if grad_v is not None:
            inner = matmul(v.mT, grad_v) / _gaps(values)
        inner = _with_diagonal(inner, grad_l, values._data.shape[-1])
        full = matmul(matmul(v, inner), v.mT)
        return (full if grad_v is None else 0.5 * (full + full.mT),)


def _gaps(values: Tensor) -> Tensor:
    """Return E with E_ij = values_j - values_i, and 1 on the diagonal."""
    n = values._data.shape[-1]
    gaps = unsqueeze(values, -2) - unsqueeze(values, -1)
    return gaps + fresh(np.eye(n, dtype=values._data.dtype))


def _with_diagonal(inner: Any, values: Any, n: int) -> Any:
    """Return `inner`, or zeros for 0, with `values`, or zeros for None, on its diagonal."""
    if isinstance(inner, Tensor):
        inner = inner * fresh(1 - np.eye(n, dtype=inner._data.dtype))
    return inner if values is None else inner + diag_embed(values)


def _triangle_of(a: np.ndarray, uplo: str, op: str) -> np.ndarray:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"{op}: Expected UPLO argument to be 'L' or 'U'; got {uplo!r}")
    return a if uplo.upper() == "L" else a.swapaxes(-1, -2)


def eigh(A: Tensor, UPLO: str = "L") -> EighResult:
    """Return the eigenvalues, ascending, and eigenvectors of symmetric matrices, of which one triangle is read.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    UPLO : {"L", "U"}, default "L"
        The triangle that is read.

    Raises
    ------
    RuntimeError
        If the tensor holds no square matrices, or one holds NaN or infinity.
    """
    a = matrices("linalg.eigh", A, square=True)
    values, vectors = run(_batched.eigen_systems, _triangle_of(a, UPLO, "linalg.eigh"), "linalg.eigh")
    return EighResult(*results((values, vectors), Eigh, (A,), save_outputs=True))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """Return the eigenvalues, ascending, of symmetric matrices, of which one triangle is read.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    UPLO : {"L", "U"}, default "L"
        The triangle that is read.
    """
    a = matrices("linalg.eigvalsh", A, square=True)
    if A._requires:
        return eigh(A, UPLO).eigenvalues
    return fresh(run(_batched.eigen_systems, _triangle_of(a, UPLO, "linalg.eigvalsh"), "linalg.eigvalsh", False)[0])


class Svd(Node):
    """A = U diag(s) V'."""

    full_matrices: bool

    def backward(self, *grads: Any) -> tuple[Any]:
        """Gradient of the module's table."""
        u, s, vh = (self.output_at(i) for i in range(3))
        grad_u, grad_s, grad_vh = grads
        k = s._data.shape[-1]
        if self.full_matrices:
            u, vh = u[..., :k], vh[..., :k, :]
            grad_u = None if grad_u is None else grad_u[..., :k]
            grad_vh = None if grad_vh is None else grad_vh[..., :k, :]
        inner: Any = None if grad_s is None else diag_embed(grad_s)
        gaps: Any = None
        if grad_u is not None or grad_vh is not None:
            eye = fresh(np.eye(k, dtype=s._data.dtype))
            # (s_j - s_i) (s_j + s_i) loses fewer digits than the difference of the squares.
            gaps = (_gaps(s) - eye) * (unsqueeze(s, -2) + unsqueeze(s, -1)) + eye
        if grad_u is not None:
            part = _skew(matmul(u.mT, grad_u)) / gaps * unsqueeze(s, -2)
            inner = part if inner is None else inner + part
        if grad_vh is not None:
            part = unsqueeze(s, -1) * (_skew(matmul(vh, grad_vh.mT)) / gaps)
            inner = part if inner is None else inner + part
        if inner is None:
            return (None,)
        total = matmul(matmul(u, inner), vh)
        if grad_u is not None and u._data.shape[-2] > k:
            outside = (grad_u - matmul(u, matmul(u.mT, grad_u))) / unsqueeze(s, -2)
            total = total + matmul(outside, vh)
        if grad_vh is not None and vh._data.shape[-1] > k:
            outside = (grad_vh - matmul(matmul(grad_vh, vh.mT), vh)) / unsqueeze(s, -1)
            total = total + matmul(u, outside)
        return (total,)


def _skew(x: Tensor) -> Tensor:
    return x - x.mT  # type: ignore[no-any-return]


def _completed(u: np.ndarray, op: str) -> np.ndarray:
    """Return matrices with orthonormal columns, completed to square ones."""
    m, k = u.shape[-2:]
    if k == 0:
        return np.array(np.broadcast_to(np.eye(m, dtype=u.dtype), (*u.shape[:-2], m, m)))
    q = run(_batched.orthogonal_factors, u, True, op)[0]
    q[..., :k] = u
    return q  # type: ignore[no-any-return]


@takes_out
def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> SVDResult:
    """Return U, S (descending) and Vh of ``A = U diag(S) Vh``; square U and Vh, or with min(m, n) columns and rows.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    full_matrices : bool, default True
        Square U and Vh.
    driver : str, optional
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If the tensor holds no matrices, or one holds NaN or infinity.
    """
    op = "linalg.svd"
    a = matrices(op, A)
    if a.dtype == np.float32 and A._requires:
        # The gradient divides by differences of squared singular values: float32 has no digits to spare.
        wide = svd(A.double(), full_matrices)
        return SVDResult(*(part.float() for part in wide))
    u, s, vh = run(_batched.singular_systems, a, op)
    if full_matrices:
        m, n = a.shape[-2:]
        u = _completed(u, op) if m > u.shape[-1] else u
        vh = _completed(vh.swapaxes(-1, -2), op).swapaxes(-1, -2) if n > vh.shape[-2] else vh
    return SVDResult(*results((u, s, vh), Svd, (A,), save_outputs=True, full_matrices=full_matrices))


@takes_out
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """Return the singular values, descending.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    driver : str, optional
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If the tensor holds no matrices, or one holds NaN or infinity.
    """
    a = matrices("linalg.svdvals", A)
    if A._requires:
        return svd(A, False).S
    return fresh(run(_batched.singular_systems, a, "linalg.svdvals", False)[1])
