"""Gradients of functions against central differences.

Problem. For f from inputs x to outputs y, compare the Jacobian dy_j/dx_i that the walk backward
gives with one that knows nothing of it. Assumption: f is smooth within h of x.

(D1) (f(x + h e_i)_j - f(x - h e_i)_j) / (2 h)  =  dy_j/dx_i  +  h^2 f''' / 6  +  O(eps |y| / h),
     which for h = 1e-6 and float64 leaves an error near 1e-10.
(D2) A walk backward with a gradient of one at y_j, and zero elsewhere, gives row j.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.nn._autograd import grad as gradients
from minigrad.nn._graph import enable_grad, no_grad
from minigrad.nn._random import default_generator
from minigrad.nn._tensor import Tensor, fresh

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

Function = Callable[..., Any]


class GradcheckError(RuntimeError):
    """A gradient is not what differences say; the message names output, input, place and both values."""


def _outputs(value: Any) -> tuple[Tensor, ...]:
    """Return the floating-point tensors among what a function returned."""
    several = value if isinstance(value, (tuple, list)) else (value,)
    return tuple(v for v in several if isinstance(v, Tensor) and v._data.dtype.kind == "f")


def numeric_jacobian(function: Function, inputs: Sequence[Any], which: int, eps: float) -> list[np.ndarray]:
    """Return the Jacobian of each output with respect to one input, by differences.

    Parameters
    ----------
    function : callable
    inputs : sequence
    which : int
        The position of the input.
    eps : float
        The step.

    Returns
    -------
    list of ndarray of shape (input size, output size)
    """
    values = inputs[which]._data

    def at(index: tuple[int, ...], value: float) -> list[np.ndarray]:
        values[index] = value
        with no_grad():
            return [output._data.ravel().copy() for output in _outputs(function(*inputs))]

    columns = []
    for index in np.ndindex(values.shape):
        held = values[index]
        above, below = at(index, held + eps), at(index, held - eps)
        values[index] = held
        columns.append([(a - b) / (2 * eps) for a, b in zip(above, below, strict=True)])  # (D1)
    if not columns:
        with no_grad():
            return [np.zeros((0, output._data.size)) for output in _outputs(function(*inputs))]
    return [np.stack(column) for column in zip(*columns, strict=True)]


def analytic_jacobian(output: Tensor, inputs: Sequence[Tensor]) -> list[np.ndarray]:
    """Return the Jacobian of an output with respect to each input, by walking backward.

    Parameters
    ----------
    output : Tensor
    inputs : sequence of Tensor

    Returns
    -------
    list of ndarray of shape (input size, output size)
    """
    found = [np.zeros((tensor._data.size, output._data.size)) for tensor in inputs]
    if not output.requires_grad:
        return found
    for j, index in enumerate(np.ndindex(output._data.shape)):
        one = np.zeros(output._data.shape, output._data.dtype)
        one[index] = 1
        rows = gradients(output, inputs, fresh(one), retain_graph=True, allow_unused=True)  # (D2)
        for jacobian, row in zip(found, rows, strict=True):
            if row is not None:
                jacobian[:, j] = row._data.ravel()
    return found


def gradcheck(
    func: Function,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    **options: Any,
) -> bool:
    """Compare the gradients of a function with differences, entry by entry of the Jacobian.

    Parameters
    ----------
    func : callable
        Returns a tensor or a tuple of tensors.
    inputs : Tensor or tuple
        Those that require grad are checked; they should be float64.
    eps : float, default 1e-6
        The step of the differences.
    atol, rtol : float
        How far a gradient may be from the difference.
    raise_exception : bool, default True
        Raise, rather than return False.
    nondet_tol : float
        By how much two backward passes may differ.
    **options
        PyTorch's other switches: ignored.

    Returns
    -------
    bool
        Whether all agree.

    Raises
    ------
    GradcheckError
        At the first entry that does not, or if nothing requires grad.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([0.5, 2.0], dtype=mg.float64, requires_grad=True)
    >>> mg.autograd.gradcheck(lambda x: x * x * x, (x,))
    True
    """
    given = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    problem = _problem(func, given, eps, atol, rtol, nondet_tol)
    if problem and raise_exception:
        raise GradcheckError(problem)
    return not problem


def _problem(func: Function, given: tuple[Any, ...], eps: float, atol: float, rtol: float, nondet: float) -> str:
    """Return what is wrong with a function's gradients; nothing if they agree."""
    where = [i for i, value in enumerate(given) if isinstance(value, Tensor) and value.requires_grad]
    if not where:
        return "gradcheck: at least one input must require grad; got none"
    overlapping = [i for i in where if 0 in given[i]._data.strides and given[i]._data.size > 1]
    if overlapping:
        return f"gradcheck: input {overlapping[0]} must have memory of its own for each element; got an expanded one"
    position = default_generator.position

    def again(*values: Any) -> Any:
        default_generator.position = position  # the same random numbers in every call
        with enable_grad():
            return func(*values)

    leaves = [given[i] for i in where]
    outputs = _outputs(again(*given))
    numeric = [numeric_jacobian(lambda *values: _quiet(again, values), given, i, eps) for i in where]
    for j, output in enumerate(outputs):
        analytic = analytic_jacobian(output, leaves)
        for i, jacobian in zip(where, analytic, strict=True):
            expected = numeric[where.index(i)][j]
            off = ~(np.abs(jacobian - expected) <= atol + rtol * np.abs(expected))
            if off.any():
                row, column = (int(k) for k in np.argwhere(off)[0])
                return (
                    f"gradcheck: Jacobian mismatch for output {j} with respect to input {i}: at output element "
                    f"{column} and input element {row} backward gives {jacobian[row, column]:.6g}, differences give "
                    f"{expected[row, column]:.6g} ({int(off.sum())} of {off.size} entries differ)"
                )
        repeated = analytic_jacobian(output, leaves)
        for i, first, second in zip(where, analytic, repeated, strict=True):
            if first.size and np.abs(first - second).max() > nondet:
                return f"gradcheck: Backward is not reentrant: two passes differ for output {j} and input {i}"
    return ""


def _quiet(function: Function, values: tuple[Any, ...]) -> Any:
    """Call a function without recording what it does."""
    with no_grad():
        return function(*values)


def gradgradcheck(
    func: Function,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    **options: Any,
) -> bool:
    """Compare second derivatives with differences of the first: `gradcheck` of the gradient.

    Parameters
    ----------
    func : callable
    inputs : Tensor or tuple
        As of `gradcheck`.
    grad_outputs : Tensor or tuple, optional
        The gradients of the outputs, which are inputs too; random by default.
    eps, atol, rtol, nondet_tol : float
        As of `gradcheck`.
    gen_non_contig_grad_outputs : bool
        Ignored.
    raise_exception : bool, default True
        Raise, rather than return False.
    **options
        Ignored.

    Returns
    -------
    bool
        Whether all agree.

    Raises
    ------
    GradcheckError
        At the first entry that does not; or what the operation raises that has no second derivative.
    """
    given = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    outputs = [output for output in _outputs(func(*given)) if output.requires_grad]
    if grad_outputs is None:
        draws = [default_generator.normal(size=output.shape, dtype=output._data.dtype) for output in outputs]
        seeds: tuple[Tensor, ...] = tuple(fresh(draw).requires_grad_() for draw in draws)
    else:
        seeds = tuple(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else (grad_outputs,)
    where = [i for i, value in enumerate(given) if isinstance(value, Tensor) and value.requires_grad]

    def first(*values: Any) -> Any:
        with enable_grad():
            made = [output for output in _outputs(func(*values[: len(given)])) if output.requires_grad]
            leaves = [values[i] for i in where]
            found = gradients(made, leaves, values[len(given) :], create_graph=True, allow_unused=True)
            return tuple(g for g in found if g is not None)

    return gradcheck(
        first,
        (*given, *seeds),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
    )
