"""Matrix products.

For C = A B and a gradient G = dL/dC, from dL = tr(G' dC) = tr(G' dA B) + tr(G' A dB):

    dL/dA = G B',    dL/dB = A' G

A batch repeated by broadcasting was used once for every matrix it met: its gradient is the
sum over them. The formulas are products again, so they can be differentiated in turn.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array, _products
from minigrad.nn._errors import ShapeError, dtype_error, portrait, shape_error
from minigrad.nn._graph import Node
from minigrad.nn._ops.shape import permute, reshape, unsqueeze
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, fresh, inplace, method, result, unbroadcast

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "dot",
    "ger",
    "inner",
    "matmul",
    "mm",
    "mv",
    "outer",
    "vdot",
]


class Mm(Node):
    """C = A B for matrices."""

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients G B' and A' G."""
        a, b = self.saved
        return (None if b is None else mm(grad, b.t()), None if a is None else mm(a.t(), grad))


class Bmm(Node):
    """C = A B for batches of matrices, either repeated along the other's leading dimensions."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients G B' and A' G, each summed over the repetitions."""
        a, b = self.saved
        return (
            None if b is None else unbroadcast(_multiply("matmul", grad, b.mT), self.shapes[0]),
            None if a is None else unbroadcast(_transposed_times(a, grad, self.shapes[1]), self.shapes[1]),
        )


class Mv(Node):
    """y = A x."""

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g x' and A' g."""
        a, x = self.saved
        return (None if x is None else outer(grad, x), None if a is None else mv(a.t(), grad))


class Dot(Node):
    """z = x . y."""

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients g y and g x."""
        x, y = self.saved
        return (None if y is None else grad * y, None if x is None else grad * x)


def _transposed_times(a: Tensor, grad: Tensor, shape: tuple[int, ...]) -> Tensor:
    if len(shape) > 2:
        return _multiply("matmul", a.mT, grad)
    # One matrix met the whole batch: the sum over the batch is the inner sum of one product.
    return mm(_rows(a).t(), _rows(grad))


def _rows(x: Tensor) -> Tensor:
    shape = x._data.shape
    return reshape(x, (int(np.prod(shape[:-1])), shape[-1]))


def _needed(a: Tensor, b: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Return what a product must save: each operand only if the other wants a gradient."""
    return (a if b._requires else None, b if a._requires else None)


def _check(op: str, *tensors: Any) -> None:
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{op}: expected Tensors; got {type(tensor).__name__}")
    first = tensors[0]._data.dtype
    if any(tensor._data.dtype != first for tensor in tensors):
        raise dtype_error(op, "expected tensors of the same dtype", *tensors)
    if first.kind == "b":
        raise dtype_error(op, "not implemented for 'Bool'", *tensors)


def _multiply(op: str, a: Tensor, b: Tensor) -> Tensor:
    x, y = a._data, b._data
    if x.ndim == 2 and y.ndim == 2:
        if x.shape[1] != y.shape[0]:
            raise shape_error(
                op, f"mat1 and mat2 shapes cannot be multiplied ({x.shape[0]}x{x.shape[1]} and "
                f"{y.shape[0]}x{y.shape[1]})", a, b,
            )  # fmt: skip
        return result(_products.multiply(op, x, y), Mm, (a, b), _needed(a, b))
    if x.shape[-1] != y.shape[-2]:
        raise shape_error(op, f"inner sizes must agree ({x.shape[-1]} and {y.shape[-2]})", a, b)
    try:
        data = _products.multiply(op, x, y)
    except ValueError:
        raise shape_error(op, "the batch dimensions cannot be broadcast", a, b) from None
    return result(data, Bmm, (a, b), _needed(a, b), shapes=(x.shape, y.shape))


@takes_out
@method("matmul", "__matmul__")
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Return the matrix product; vectors, matrices, and batches of them whose leading dimensions broadcast.

    A vector on the left is a row, on the right a column, and its dimension does not appear in the result.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.

    Raises
    ------
    RuntimeError
        If the inner extents or the dtypes differ, the batches do not broadcast, or an operand is 0-d.
    """
    _check("matmul", input, other)
    left, right = input._data.ndim, other._data.ndim
    if left == 2 and right == 2:
        return _multiply("matmul", input, other)
    if left == 0 or right == 0:
        raise shape_error("matmul", "both arguments to matmul need to be at least 1D", input, other)
    if left == 1 and right == 1:
        return dot(input, other)
    if right == 1:
        if left == 2:
            return mv(input, other)
        made = _multiply("matmul", input, unsqueeze(other, 1))
        return reshape(made, made._data.shape[:-1])
    if left == 1:
        made = _multiply("matmul", unsqueeze(input, 0), other)
        return reshape(made, (*made._data.shape[:-2], made._data.shape[-1]))
    return _multiply("matmul", input, other)


def _rmatmul(self: Tensor, other: Any) -> Tensor:
    return matmul(other, self)


Tensor.__rmatmul__ = _rmatmul  # type: ignore[attr-defined]


def _check_dims(op: str, *wanted: tuple[Tensor, int]) -> None:
    _check(op, *[tensor for tensor, _ in wanted])
    for tensor, ndim in wanted:
        if tensor._data.ndim != ndim:
            what = {1: "a vector", 2: "a matrix", 3: "a batch of matrices (3-D)"}[ndim]
            raise shape_error(op, f"expected {what}", tensor)


@takes_out
@method
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Return the product of two matrices.

    Parameters
    ----------
    input : Tensor
    mat2 : Tensor
        Matrix on the right.

    Raises
    ------
    RuntimeError
        If the operands are not matrices of one dtype whose inner extents agree.
    """
    _check_dims("mm", (input, 2), (mat2, 2))
    return _multiply("mm", input, mat2)


@takes_out
@method
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Return the products of two batches of matrices, (b, n, m) with (b, m, p).

    Parameters
    ----------
    input : Tensor
    mat2 : Tensor
        Matrix on the right.

    Raises
    ------
    RuntimeError
        If the operands are not 3-D, of one dtype, with equal batches and inner extents.
    """
    _check_dims("bmm", (input, 3), (mat2, 3))
    if input._data.shape[0] != mat2._data.shape[0]:
        raise shape_error("bmm", "the batches must have the same size", input, mat2)
    return _multiply("bmm", input, mat2)


@takes_out
@method
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Return the product of a matrix and a vector.

    Parameters
    ----------
    input : Tensor
    vec : Tensor
        Vector.

    Raises
    ------
    RuntimeError
        If the operands are not a matrix and a vector of one dtype whose extents agree.
    """
    _check_dims("mv", (input, 2), (vec, 1))
    if input._data.shape[1] != vec._data.shape[0]:
        raise shape_error("mv", f"size mismatch, {input.shape} and {vec.shape}", input, vec)
    data = _products.multiply("mv", input._data, vec._data[:, None]).reshape(-1)
    return result(data, Mv, (input, vec), _needed(input, vec))


@takes_out
@method
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Return the sum of products of two vectors.

    Parameters
    ----------
    input : Tensor
    tensor : Tensor
        Vector.

    Raises
    ------
    RuntimeError
        If the operands are not vectors of one dtype and extent.
    """
    _check_dims("dot", (input, 1), (tensor, 1))
    if input._data.shape != tensor._data.shape:
        raise shape_error("dot", "inconsistent tensor size, expected the same number of elements", input, tensor)
    data = _products.multiply("dot", input._data[None, :], tensor._data[:, None]).reshape(())
    return result(data, Dot, (input, tensor), _needed(input, tensor))


@takes_out
@method
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """Return the sum of products of two vectors, as `dot`.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    """
    return dot(input, other)


@takes_out
@method
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Return the matrix of all products of elements of two vectors.

    Parameters
    ----------
    input : Tensor
    vec2 : Tensor
        Vector on the right.

    Raises
    ------
    RuntimeError
        If an operand is not a vector.
    """
    for tensor in (input, vec2):
        if tensor._data.ndim != 1:
            raise shape_error("outer", "expected a vector", tensor)
    return unsqueeze(input, 1) * unsqueeze(vec2, 0)


ger = method("ger")(outer)


@takes_out
@method
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Return the sums of products over the last dimension of both.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.

    Raises
    ------
    RuntimeError
        If the last extents differ.
    """
    if input._data.ndim == 0 or other._data.ndim == 0:
        return input * other
    if input._data.shape[-1] != other._data.shape[-1]:
        raise shape_error("inner", "the last dimensions must match", input, other)
    left, right = input._data.shape[:-1], other._data.shape[:-1]
    return reshape(matmul(_rows(input), _rows(other).t()), (*left, *right))


# --- sums with a product


class Beside(Node):
    """z = made, beside an input that was multiplied by zero."""

    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients 0 and g."""
        return (fresh(_array.zeros(self.shape, grad._data.dtype)), grad)


def _blend(op: str, input: Tensor, made: Tensor, beta: Any, alpha: Any) -> Tensor:
    """Return ``beta * input + alpha * made``; with beta = 0, NaN in `input` does not survive."""
    _check(op, input, made)
    if made._data.dtype.kind != "f":
        beta, alpha = int(beta), int(alpha)
    try:
        fits = np.broadcast_shapes(input._data.shape, made._data.shape) == made._data.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"{op}: input must broadcast to the product's shape {made.shape}; got {portrait(input)}")
    if alpha != 1:
        made = made * alpha
    if beta == 0:
        return result(made._data, Beside, (input, made), shape=input._data.shape)
    return made + (input if beta == 1 else input * beta)


@takes_out
@inplace("addmm_")
@method
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return ``beta * input + alpha * (mat1 @ mat2)``.

    Parameters
    ----------
    input : Tensor
    mat1 : Tensor
        Matrix on the left.
    mat2 : Tensor
        Matrix on the right.
    beta : number, default 1
        Factor of `input`.
    alpha : number, default 1
        Factor.

    Raises
    ------
    RuntimeError
        As `mm`, or if `input` does not broadcast to the product.
    """
    return _blend("addmm", input, mm(mat1, mat2), beta, alpha)


@takes_out
@inplace("addmv_")
@method
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return ``beta * input + alpha * (mat @ vec)``.

    Parameters
    ----------
    input : Tensor
    mat : Tensor
        Matrix.
    vec : Tensor
        Vector.
    beta : number, default 1
        Factor of `input`.
    alpha : number, default 1
        Factor.

    Raises
    ------
    RuntimeError
        As `mv`, or if `input` does not broadcast to the product.
    """
    return _blend("addmv", input, mv(mat, vec), beta, alpha)


@takes_out
@inplace("addr_")
@method
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return ``beta * input + alpha * outer(vec1, vec2)``.

    Parameters
    ----------
    input : Tensor
    vec1 : Tensor
        Vector on the left.
    vec2 : Tensor
        Vector on the right.
    beta : number, default 1
        Factor of `input`.
    alpha : number, default 1
        Factor.

    Raises
    ------
    RuntimeError
        As `outer`, or if `input` does not broadcast to the product.
    """
    made = outer(vec1, vec2)
    if made._data.dtype.kind == "b" and input._data.dtype.kind == "b":
        return (made & bool(alpha)) | (input & bool(beta))
    return _blend("addr", input, made, beta, alpha)


@takes_out
@inplace("baddbmm_")
@method
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return ``beta * input + alpha * bmm(batch1, batch2)``.

    Parameters
    ----------
    input : Tensor
    batch1 : Tensor
        Matrices on the left.
    batch2 : Tensor
        Matrices on the right.
    beta : number, default 1
        Factor of `input`.
    alpha : number, default 1
        Factor.

    Raises
    ------
    RuntimeError
        As `bmm`, or if `input` does not broadcast to the products.
    """
    return _blend("baddbmm", input, bmm(batch1, batch2), beta, alpha)


@takes_out
@inplace("addbmm_")
@method
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return ``beta * input`` plus `alpha` times the sum of ``bmm(batch1, batch2)`` over the batch.

    Parameters
    ----------
    input : Tensor
    batch1 : Tensor
        Matrices on the left.
    batch2 : Tensor
        Matrices on the right.
    beta : number, default 1
        Factor of `input`.
    alpha : number, default 1
        Factor.

    Raises
    ------
    RuntimeError
        As `bmm`, or if `input` does not broadcast to the sum.
    """
    _check_dims("addbmm", (batch1, 3), (batch2, 3))
    (b, n, m), (b2, m2, p) = batch1._data.shape, batch2._data.shape
    if b != b2 or m != m2:
        raise shape_error("addbmm", "the batches and inner sizes must agree", batch1, batch2)
    # The sum over the batch is one longer inner sum.
    made = mm(reshape(permute(batch1, (1, 0, 2)), (n, b * m)), reshape(batch2, (b * m, p)))
    return _blend("addbmm", input, made, beta, alpha)
