"""The affine layer and its bilinear relative.

Forward and backward are one call of C each; the derivation is in ``csrc/nn/linear.c``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minigrad._native import check_status, linear_backward
from minigrad._native import linear as affine
from minigrad.nn import _array
from minigrad.nn._errors import dtype_error, shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._ops.matmul import matmul
from minigrad.nn._pointwise import tensor_only
from minigrad.nn._tensor import Tensor, fresh, result

__all__ = ["bilinear", "linear"]

_contiguous = _array.contiguous


class Linear(Node):
    """y = x W' + b."""

    def name(self) -> str:
        return "AddmmBackward0"

    def backward(self, grad: Tensor) -> Sequence[Any]:
        """Gradients g W, g' x and the column sums of g."""
        x, weight = self.saved
        edges = self.next_functions_
        if mode.enabled:
            return self.formula(grad, x, weight)[: len(edges)]
        # What is not needed for the others was not saved.
        a, w, g = None if x is None else x._data, None if weight is None else weight._data, grad._data
        made = linear_backward(a, w, g, edges)
        if type(made) is int:
            closed = [None if array is None else _contiguous(array) for array in (a, w, g)]
            made = linear_backward(*closed, edges)
            if type(made) is int:
                check_status(made, "linear")
        return made  # type: ignore[no-any-return]

    def formula(self, grad: Any, x: Any, weight: Any) -> tuple[Any, ...]:
        """Return the gradients in tensor operations, which can be differentiated again."""
        lead, outputs = grad.shape[:-1], grad.shape[-1]
        rows = math.prod(lead)
        flat = grad.reshape((rows, outputs))
        return (
            None if weight is None else matmul(flat, weight).reshape((*lead, weight.shape[1])),
            None if x is None else matmul(flat.t(), x.reshape((rows, x.shape[-1]))),
            flat.sum(0) if self.needs[2:] == (True,) else None,
        )


def _affine(input: Tensor, weight: Tensor, bias: Tensor | None, form: Any = None) -> Any:
    """Return the layer for a matrix `weight`, floats of one type, and a bias of one number per output, or none.

    For anything else, and for arrays with gaps unless ``form`` closes them, return None.
    """
    arrays: Any = (input._data, weight._data, None if bias is None else bias._data)
    if form is not None:
        arrays = tuple([None if array is None else form(array) for array in arrays])
    y = affine(*arrays)
    if type(y) is int:
        if form is not None:
            check_status(y, "linear")
        return None
    saved = (input if weight._requires else None, weight if input._requires else None)
    return result(y, Linear, (input, weight) if bias is None else (input, weight, bias), saved)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``input @ weight.T + bias``.

    Parameters
    ----------
    input : Tensor of shape (*, in_features)
    weight : Tensor of shape (out_features, in_features), or (in_features,)
    bias : Tensor of shape (out_features,), optional

    Returns
    -------
    Tensor of shape (*, out_features), or (*) for a one-dimensional weight

    Raises
    ------
    RuntimeError
        If the shapes do not fit, or the types differ.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.linear(mg.tensor([1.0, 2.0]), mg.tensor([[3.0, 4.0]]), mg.tensor([5.0])).tolist()
    [16.0]
    """
    if isinstance(input, Tensor) and isinstance(weight, Tensor) and (bias is None or isinstance(bias, Tensor)):
        made = _affine(input, weight, bias)
        if made is not None:
            return made  # type: ignore[no-any-return]
    x, w = tensor_only("linear", input)._data, tensor_only("linear", weight)._data
    if w.ndim not in (1, 2) or x.ndim == 0:
        raise shape_error("linear", "input must have at least one dimension, and weight one or two", input, weight)
    if x.shape[-1] != w.shape[-1]:
        rows = (math.prod(x.shape[:-1]), x.shape[-1])
        raise shape_error(
            "linear",
            f"mat1 and mat2 shapes cannot be multiplied ({rows[0]}x{rows[1]} and {'x'.join(map(str, w.shape[::-1]))})",
            input,
            weight,
        )
    if x.dtype != w.dtype or (bias is not None and tensor_only("linear", bias)._data.dtype != x.dtype):
        others = (input, weight) if bias is None else (input, weight, bias)
        raise dtype_error("linear", "input, weight and bias must have the same dtype", *others)
    if w.ndim == 2 and x.dtype.kind == "f":
        wide = bias is None or bias._data.shape == (w.shape[0],)
        made = _affine(input, weight, bias if wide else None, _contiguous)
        return made if wide else made + bias  # type: ignore[no-any-return]
    product = matmul(input, weight if w.ndim == 1 else weight.t())
    return product if bias is None else product + bias


class Bilinear(Node):
    """y[i, o] = sum_jk a[i, j] W[o, j, k] b[i, k]."""

    def backward(self, grad: Any) -> tuple[Any, ...]:
        """Gradients by two products each: with W, then with the other operand."""
        a, b, weight = self.saved
        outputs, first, second = weight.shape
        rows = math.prod(a.shape[:-1])
        g = grad.reshape((rows, outputs))
        flat_a, flat_b = a.reshape((rows, first)), b.reshape((rows, second))
        to_a, to_b, to_weight = self.needs[:3]
        along = matmul(g, weight.reshape((outputs, first * second))).reshape((rows, first, second))
        da = matmul(along, flat_b.unsqueeze(-1)).reshape(a.shape) if to_a else None
        db = matmul(flat_a.unsqueeze(-2), along).reshape(b.shape) if to_b else None
        dw = None
        if to_weight:
            outer = matmul(flat_a.unsqueeze(-1), flat_b.unsqueeze(-2)).reshape((rows, first * second))
            dw = matmul(g.t(), outer).reshape(weight.shape)
        return (da, db, dw)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``sum_jk input1[..., j] weight[o, j, k] input2[..., k] + bias[o]``.

    Parameters
    ----------
    input1 : Tensor of shape (*, in1_features)
    input2 : Tensor of shape (*, in2_features)
    weight : Tensor of shape (out_features, in1_features, in2_features)
    bias : Tensor of shape (out_features,), optional

    Returns
    -------
    Tensor of shape (*, out_features)

    Raises
    ------
    RuntimeError
        If the shapes do not fit.
    """
    a, b, w = (tensor_only("bilinear", t)._data for t in (input1, input2, weight))
    if w.ndim != 3 or a.ndim == 0 or a.shape[:-1] != b.shape[:-1] or w.shape[1:] != (a.shape[-1], b.shape[-1]):
        raise shape_error(
            "bilinear",
            "inputs (*, in1) and (*, in2) must agree in *, and weight must be (out, in1, in2)",
            input1,
            input2,
            weight,
        )
    if a.dtype != b.dtype or a.dtype != w.dtype:
        raise dtype_error("bilinear", "inputs and weight must have the same dtype", input1, input2, weight)
    if bias is not None and bias._data.shape != (w.shape[0],):
        raise shape_error("bilinear", "bias must have one number for each output of weight", weight, bias)
    outputs, first, second = w.shape
    rows = math.prod(a.shape[:-1])
    flat: Any = fresh(_contiguous(a).reshape(rows, first))
    by_input = matmul(flat, fresh(w.transpose(1, 0, 2).reshape(first, outputs * second)))
    columns: Any = fresh(_contiguous(b).reshape(rows, second, 1))
    data = matmul(by_input.reshape((rows, outputs, second)), columns)._data.reshape((*a.shape[:-1], outputs))
    made: Any = result(data, Bilinear, (input1, input2, weight), (input1, input2, weight))
    return made if bias is None else made + bias  # type: ignore[no-any-return]
