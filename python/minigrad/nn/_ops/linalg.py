"""Factorisations, inverses and linear systems of (batches of) matrices, differentiable.

The derivatives follow from differentiating what defines the result. For Y = A^-1, from
A Y = I: dY = -Y dA Y, so a gradient G of Y gives -Y' G Y' for A. Likewise:

    X = A^-1 B          dB: A^-T G =: H          dA: -H X'
    d = det A           dA: g d A^-T
    A = L L'            dA: L^-T F(L'G) L^-1, symmetrised; F keeps the lower triangle, half the diagonal
    A = Q R             dA: (G_Q + Q C(R G_R' - G_Q' Q)) R^-T; C copies the lower triangle to the upper
    A = V diag(l) V'    dA: V (diag(g_l) + (V'G_V) / E) V',  E_ij = l_j - l_i
    A = U diag(s) V'    dA: U [skew(U'G_U)/E diag(s) + diag(s) skew(V'G_V)/E + diag(g_s)] V' and what
                        lies outside the two spaces; E_ij = s_j^2 - s_i^2, skew(X) = X - X'

Reference: M. B. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation", 2008; J. Townsend, "Differentiating the singular value
decomposition", 2016.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigrad.linalg import _batched
from minigrad.nn._errors import ShapeError, dtype_error, portrait, shape_error
from minigrad.nn._graph import Node, once
from minigrad.nn._ops.matmul import matmul
from minigrad.nn._ops.pattern import diag_embed, diagonal, tril, triu
from minigrad.nn._ops.shape import broadcast_shapes, expand, reshape, unsqueeze
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, fresh, method, result, results, unbroadcast

__all__ = ["cholesky_inverse", "cholesky_solve", "det", "inverse", "logdet", "matrix_power", "pinverse", "slogdet"]


class LinAlgError(np.linalg.LinAlgError, RuntimeError):  # noqa: TID251 (the type, not an algorithm)
    """A matrix has not the property that the operation needs."""


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


class SlogdetResult(NamedTuple):
    """Sign and logarithm of the size of a determinant."""

    sign: Tensor
    logabsdet: Tensor


class LstsqResult(NamedTuple):
    """What `lstsq` found; the singular values are not computed."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


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


def _eye_like(a: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)


# --- inverse and systems


class Inv(Node):
    """Y = A^-1."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient -Y' G Y'."""
        y = self.output.mT
        return (-matmul(matmul(y, grad), y),)  # type: ignore[operator]


@takes_out
def inv(A: Tensor) -> Tensor:
    """Return the inverses of square matrices.

    Raises
    ------
    RuntimeError
        If a matrix is singular, or the tensor holds no square matrices.
    """
    a = matrices("linalg.inv", A, square=True)
    return result(run(_batched.solutions, a, _eye_like(a), "linalg.inv"), Inv, (A,), save_output=True)


@takes_out
@method
def inverse(input: Tensor) -> Tensor:
    """Return the inverses of square matrices, as `linalg.inv`."""
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
        to_a = -(matmul(h, x.mT) if self.left else matmul(x.mT, h))  # type: ignore[attr-defined,operator]
        to_b = reshape(h, h._data.shape[:-1]) if self.vector else h
        return unbroadcast(to_a, self.shapes[0]), unbroadcast(to_b, self.shapes[1])


def _solve_matrix(a: Tensor, b: Tensor, left: bool) -> Tensor:
    return solve(a, b) if left else solve(a.mT, b.mT).mT  # type: ignore[attr-defined,no-any-return]


@takes_out
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """Return the solution X of ``A X = B`` (or ``X A = B``) for square matrices.

    B holds matrices, or, if it has one dimension, or A's shape without the last one, vectors.

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
        full = -(matmul(h, x.mT) if self.left else matmul(x.mT, h))  # type: ignore[operator]
        shift = int(self.unitriangular)
        to_a = triu(full, shift) if self.upper else tril(full, -shift)
        return unbroadcast(to_a, self.shapes[0]), unbroadcast(h, self.shapes[1])


@takes_out
def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """Return the solution X of ``A X = B`` (or ``X A = B``), A triangular.

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
    return result(x, SolveTriangular, (A, B), (A,), True, **extra)  # type: ignore[arg-type]


# --- determinants


class Det(Node):
    """d = det A."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g d A^-T; of singular matrices, g times the cofactors."""
        (a,) = self.saved
        d = self.output
        try:
            inverse_t = inv(a).mT  # type: ignore[attr-defined]
        except LinAlgError:
            once(self)
            return (grad[..., None, None] * fresh(_cofactors(a._data)),)  # type: ignore[index]
        return ((grad * d)[..., None, None] * inverse_t,)  # type: ignore[operator,index]


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
        return (grads[1][..., None, None] * inv(a).mT,)  # type: ignore[attr-defined]


def linalg_slogdet(A: Tensor) -> SlogdetResult:
    """Return the signs of the determinants and the logarithms of their sizes.

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
    """Return the signs of the determinants and the logarithms of their sizes, as `linalg.slogdet`."""
    return linalg_slogdet(input)


@method
def logdet(input: Tensor) -> Tensor:
    """Return the logarithms of the determinants; NaN where one is negative."""
    sign, logs = linalg_slogdet(input)
    if (sign._data < 0).any():
        with np.errstate(invalid="ignore"):
            logs = logs + fresh(np.where(sign._data < 0, np.nan, 0).astype(sign._data.dtype))  # type: ignore[operator]
    return logs


Tensor.det = det  # type: ignore[attr-defined]


# --- factorisations


class Cholesky(Node):
    """A = L L'."""

    upper: bool

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient of the module's table."""
        factor = self.output
        lower, given = (factor.mT, grad.mT) if self.upper else (factor, grad)  # type: ignore[attr-defined]
        phi = tril(matmul(lower.mT, given))
        phi = phi - 0.5 * diag_embed(diagonal(phi, 0, -2, -1))  # type: ignore[operator]
        left = solve_triangular(lower.mT, phi, upper=True)
        full = solve_triangular(lower, left, upper=False, left=False)
        return (0.5 * (full + full.mT),)  # type: ignore[operator,attr-defined]


@takes_out
def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """Return the triangular factors of symmetric positive definite matrices, ``A = L L'`` or ``U' U``.

    Raises
    ------
    RuntimeError
        If a matrix is not positive definite, or the tensor holds no square matrices.
    """
    a = matrices("linalg.cholesky", A, square=True)
    factors = run(_batched.cholesky_factors, a.swapaxes(-1, -2) if upper else a, "linalg.cholesky")
    return result(factors.swapaxes(-1, -2) if upper else factors, Cholesky, (A,), save_output=True, upper=upper)


@takes_out
@method
def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """Return the solution X of ``A X = input`` from the Cholesky factor `L` of A.

    Raises
    ------
    RuntimeError
        If the shapes or dtypes do not fit.
    """
    first = solve_triangular(L.mT if upper else L, input, upper=False)  # type: ignore[attr-defined]
    return solve_triangular(L if upper else L.mT, first, upper=True)  # type: ignore[attr-defined,no-any-return]


@takes_out
@method
def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """Return the inverse of A from its Cholesky factor.

    Raises
    ------
    RuntimeError
        If the tensor holds no square matrices.
    """
    a = matrices("cholesky_inverse", input, square=True)
    return cholesky_solve(fresh(_eye_like(a)), input, upper)  # type: ignore[no-any-return]


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
    mirrored = tril(inner) + tril(inner, -1).mT  # type: ignore[operator,attr-defined]
    total = matmul(q, mirrored)
    if grad_q is not None:
        total = total + grad_q  # type: ignore[operator]
    return solve_triangular(r.mT, total, upper=False, left=False)  # type: ignore[attr-defined,no-any-return]


@takes_out
def qr(A: Tensor, mode: str = "reduced") -> QRResult:
    """Return Q, with orthonormal columns, and R, upper triangular, of ``A = Q R``.

    Parameters
    ----------
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
        if grad_l is not None:
            inner = _with_diagonal(inner, grad_l, grad_v is not None)
        return (matmul(matmul(v, inner), v.mT),)


def _gaps(values: Tensor) -> Tensor:
    """Return E with E_ij = values_j - values_i, and 1 on the diagonal."""
    n = values._data.shape[-1]
    gaps = unsqueeze(values, -2) - unsqueeze(values, -1)  # type: ignore[operator]
    return gaps + fresh(np.eye(n, dtype=values._data.dtype))  # type: ignore[no-any-return]


def _with_diagonal(inner: Any, values: Tensor, off: bool) -> Tensor:
    """Return `inner` with `values` on its diagonal."""
    line = diag_embed(values)
    if not off:
        return line
    n = values._data.shape[-1]
    return inner * fresh(1 - np.eye(n, dtype=values._data.dtype)) + line  # type: ignore[no-any-return]


def _triangle_of(a: np.ndarray, uplo: str, op: str) -> np.ndarray:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"{op}: Expected UPLO argument to be 'L' or 'U'; got {uplo!r}")
    return a if uplo.upper() == "L" else a.swapaxes(-1, -2)


def eigh(A: Tensor, UPLO: str = "L") -> EighResult:
    """Return the eigenvalues, ascending, and eigenvectors of symmetric matrices, of which one triangle is read.

    Raises
    ------
    RuntimeError
        If the tensor holds no square matrices, or one holds NaN or infinity.
    """
    a = matrices("linalg.eigh", A, square=True)
    values, vectors = run(_batched.eigen_systems, _triangle_of(a, UPLO, "linalg.eigh"), "linalg.eigh")
    return EighResult(*results((values, vectors), Eigh, (A,), save_outputs=True))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """Return the eigenvalues, ascending, of symmetric matrices, of which one triangle is read."""
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
        gaps = _gaps(s * s) if grad_u is not None or grad_vh is not None else None
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
            total = total + matmul(outside, vh)  # type: ignore[operator]
        if grad_vh is not None and vh._data.shape[-1] > k:
            outside = (grad_vh - matmul(matmul(grad_vh, vh.mT), vh)) / unsqueeze(s, -1)
            total = total + matmul(u, outside)  # type: ignore[operator]
        return (total,)


def _skew(x: Tensor) -> Tensor:
    return x - x.mT  # type: ignore[operator,attr-defined,no-any-return]


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

    Raises
    ------
    RuntimeError
        If the tensor holds no matrices, or one holds NaN or infinity.
    """
    op = "linalg.svd"
    a = matrices(op, A)
    u, s, vh = run(_batched.singular_systems, a, op)
    if full_matrices:
        m, n = a.shape[-2:]
        u = _completed(u, op) if m > u.shape[-1] else u
        vh = _completed(vh.swapaxes(-1, -2), op).swapaxes(-1, -2) if n > vh.shape[-2] else vh
    return SVDResult(*results((u, s, vh), Svd, (A,), save_outputs=True, full_matrices=full_matrices))


@takes_out
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """Return the singular values, descending.

    Raises
    ------
    RuntimeError
        If the tensor holds no matrices, or one holds NaN or infinity.
    """
    a = matrices("linalg.svdvals", A)
    if A._requires:
        return svd(A, False).S  # type: ignore[no-any-return]
    return fresh(run(_batched.singular_systems, a, "linalg.svdvals", False)[1])


# --- pseudo-inverse, least squares, powers


class Pinv(Node):
    """P = the pseudo-inverse of A."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient from Golub and Pereyra (1973): -(P K)' + K P P' ... with K = G' P."""
        (a,) = self.saved
        return (_pinv_gradient(grad, self.output, a),)


def _pinv_gradient(grad: Tensor, p: Any, a: Any) -> Tensor:
    g: Any = grad.mT  # type: ignore[attr-defined]
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


def _tolerances(
    op: str, s: np.ndarray, shape: tuple[int, ...], atol: Any, rtol: Any, hermitian: bool = False
) -> np.ndarray:
    """Return below which size a singular value counts as zero, for every matrix."""

    def number(value: Any) -> Any:
        return value._data if isinstance(value, Tensor) else value

    largest = s.max(-1) if s.shape[-1] else np.zeros(s.shape[:-1], s.dtype)
    if rtol is None:
        rtol = np.where(np.asarray(0 if atol is None else number(atol)) > 0, 0, max(shape[-2:]) * np.finfo(s.dtype).eps)
    return np.maximum(0 if atol is None else number(atol), number(rtol) * largest)


def pinv(A: Tensor, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Tensor:
    """Return the pseudo-inverses; singular values up to ``max(atol, rtol * largest)`` count as zero.

    Raises
    ------
    RuntimeError
        If the tensor holds no matrices, or one holds NaN or infinity.
    """
    a = matrices("linalg.pinv", A, square=hermitian)
    u, s, vh = run(_batched.singular_systems, a, "linalg.pinv")
    least = _tolerances("linalg.pinv", s, a.shape, atol, rtol)[..., None]
    inverse_s = np.where(s > least, 1 / np.where(s > least, s, 1), 0).astype(a.dtype)
    data = matmul(fresh(vh.swapaxes(-1, -2) * inverse_s[..., None, :]), fresh(u.swapaxes(-1, -2)))._data
    return result(data, Pinv, (A,), (A,), save_output=True)


@method
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """Return the pseudo-inverses; singular values up to `rcond` times the largest count as zero."""
    return pinv(input, rtol=rcond)


class Lstsq(Node):
    """X = the shortest least-squares solution of A X = B."""

    def backward(self, *grads: Any) -> tuple[Any, Any]:
        """Gradients through X = P B, P the pseudo-inverse of A."""
        a, b = self.saved
        if grads[0] is None:
            return None, None
        p = pinv(a)
        return _pinv_gradient(matmul(grads[0], b.mT), p, a), matmul(p.mT, grads[0])  # type: ignore[attr-defined]


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LstsqResult:
    """Return the least-squares solutions of ``A X = B``, their squared residuals, and the ranks.

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
    shown = residuals if m > n and (ranks == n).all() else np.zeros(0, a.dtype)
    node = results((x, shown), Lstsq, (full_a, full_b), (full_a, full_b))
    node[1]._node, node[1]._requires = None, False
    return LstsqResult(*node, fresh(ranks), fresh(np.zeros(0, a.dtype)))


@takes_out
@method
def matrix_power(input: Tensor, n: int) -> Tensor:
    """Return the `n`-th powers of square matrices, by repeated squaring; of the inverses if `n` is negative.

    Raises
    ------
    RuntimeError
        If the tensor holds no square matrices, or `n` is negative and one is singular.
    """
    a = matrices("linalg.matrix_power", input, square=True)
    if n == 0:
        return fresh(np.array(_eye_like(a)))
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
    return made if abs(n) > 1 or n < 0 else input.clone()  # type: ignore[attr-defined,no-any-return]
