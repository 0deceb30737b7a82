"""Sums of products over chosen dimensions, each brought into the form of a matrix product.

A sum over shared labels is a product of batches of matrices: labels that both operands keep
number the batch, those that vanish are the inner dimension, and the rest are rows or columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.nn._errors import ShapeError, portrait, shape_error
from minigrad.nn._ops.matmul import matmul, mm
from minigrad.nn._ops.pattern import diagonal
from minigrad.nn._ops.shape import permute, reshape, unsqueeze
from minigrad.nn._out import takes_out
from minigrad.nn._tensor import Tensor, dim_of, method, promote

__all__ = ["chain_matmul", "einsum", "kron", "tensordot"]


@takes_out
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Return the sums of products over dimensions of `a` paired with dimensions of `b`.

    Parameters
    ----------
    a : Tensor
    b : Tensor
    dims : int or pair of sequences of int
        A number pairs the last dimensions of `a` with the first of `b`; else the two lists do.

    Raises
    ------
    RuntimeError
        If paired extents differ, or the lists differ in length.
    """
    if isinstance(dims, Tensor):
        dims = dims._data.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot: expects dims >= 0; got {dims}")
        if dims > min(a._data.ndim, b._data.ndim):
            raise RuntimeError(
                f"tensordot: expects dims < ndim_a or ndim_b; got dims={dims} for {portrait(a)} and {portrait(b)}"
            )
        left, right = list(range(a._data.ndim - dims, a._data.ndim)), list(range(dims))
    else:
        left, right = ([d] if isinstance(d, int) else list(d) for d in dims)
    left = [dim_of("tensordot", d, a._data.ndim) for d in left]
    right = [dim_of("tensordot", d, b._data.ndim) for d in right]
    if len(left) != len(right):
        raise RuntimeError(f"tensordot: both dimension lists should have same length; got {left} and {right}")
    for d, e in zip(left, right, strict=True):
        n, m = a._data.shape[d], b._data.shape[e]
        if n != m and n != 1 and m != 1:
            raise shape_error(
                "tensordot", f"contracted dimensions need to match, but {d} has {n} and {e} has {m}", a, b
            )
        if n == 1 and m != 1:
            b = b.sum(e, keepdim=True, dtype=b.dtype)
        elif m == 1 and n != 1:
            a = a.sum(d, keepdim=True, dtype=a.dtype)
    rest_a = [d for d in range(a._data.ndim) if d not in left]
    rest_b = [d for d in range(b._data.ndim) if d not in right]
    inner = math.prod(a._data.shape[d] for d in left)
    rows, columns = (tuple(x._data.shape[d] for d in rest) for x, rest in ((a, rest_a), (b, rest_b)))
    tall = reshape(permute(a, rest_a + left), (math.prod(rows), inner))
    wide = reshape(permute(b, right + rest_b), (inner, math.prod(columns)))
    return reshape(mm(tall, wide), rows + columns)


@takes_out
@method
def kron(input: Tensor, other: Tensor) -> Tensor:
    """Return the Kronecker product: every element of `input` times the whole of `other`.

    Parameters
    ----------
    input : Tensor
    other : Tensor or number
        Broadcast with `input`.
    """
    ndim = max(input._data.ndim, other._data.ndim)
    a = (1,) * (ndim - input._data.ndim) + input._data.shape
    b = (1,) * (ndim - other._data.ndim) + other._data.shape
    left = reshape(input, tuple(n for extent in a for n in (extent, 1)))
    right = reshape(other, tuple(n for extent in b for n in (1, extent)))
    made = left * right
    return reshape(made, tuple(n * m for n, m in zip(a, b, strict=True)))


# --- einsum

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
Labels = tuple[Any, ...]


def _parse(equation: str, operands: Sequence[Tensor]) -> tuple[list[Labels], Labels]:
    """Return the labels of every operand and of the result; dimensions under "..." are labelled by number."""
    compact = equation.replace(" ", "")
    left, arrow, right = compact.partition("->")
    terms = left.split(",")
    for character in left.replace("...", "").replace(",", "") + right.replace("...", ""):
        if character not in _LETTERS:
            raise RuntimeError(f"einsum: invalid subscript given at index {equation.find(character)}: {character!r}")
    if len(terms) != len(operands):
        more = "more" if len(operands) > len(terms) else "fewer"
        raise RuntimeError(f"einsum: {more} operands were provided than specified in the equation {equation!r}")
    labels = [_labels(term, operand) for term, operand in zip(terms, operands, strict=True)]
    hidden = max((sum(isinstance(x, int) for x in ls) for ls in labels), default=0)
    dots = tuple(range(-hidden, 0))
    if not arrow:
        every = [x for ls in labels for x in ls if isinstance(x, str)]
        return labels, dots + tuple(sorted(x for x in set(every) if every.count(x) == 1))
    head, found, tail = right.partition("...")
    output = (*head, *(dots if found else ()), *tail)
    known = {x for ls in labels for x in ls}
    for x in output:
        if output.count(x) > 1:
            raise RuntimeError(f"einsum: output subscript {x} appears more than once in the output")
        if x not in known:
            raise RuntimeError(f"einsum: output subscript {x} does not appear in the equation for any input operand")
    return labels, output


def _labels(term: str, operand: Tensor) -> Labels:
    head, found, tail = term.partition("...")
    named = len(head) + len(tail)
    ndim = operand._data.ndim
    if "." in tail:
        raise RuntimeError(f"einsum: found '.' for operand {term!r} for which an ellipsis was already found")
    if named > ndim or (not found and named != ndim):
        raise RuntimeError(
            f"einsum: the number of subscripts in the equation ({named}) does not match the number of dimensions "
            f"({ndim}) for operand {term!r}; got {portrait(operand)}"
        )
    return (*head, *(range(named - ndim, 0) if found else ()), *tail)


def _of_lists(args: Sequence[Any]) -> tuple[str, list[Tensor]]:
    """Return the equation for operands that alternate with lists of numbered labels."""
    operands, lists = list(args[0 : len(args) - len(args) % 2 : 2]), list(args[1::2])

    def text(numbers: Any) -> str:
        return "".join("..." if n is Ellipsis else _LETTERS[n] for n in numbers)

    equation = ",".join(text(numbers) for numbers in lists)
    return (equation + "->" + text(args[-1]) if len(args) % 2 else equation), operands


def _without_repeats(operand: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """Replace dimensions that share a label by their diagonal."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            n, m = operand._data.shape[first], operand._data.shape[second]
            if n != m:
                raise ShapeError(
                    f"einsum: subscript {label} is repeated with sizes {n} != {m}; got {portrait(operand)}"
                )
            operand = diagonal(operand, 0, first, second)
            labels = tuple(x for d, x in enumerate(labels) if d not in (first, second)) + (label,)
    return operand, labels


def _summed(operand: Tensor, labels: Labels, keep: set[Any]) -> tuple[Tensor, Labels]:
    """Sum over the dimensions whose labels nobody needs."""
    gone = [d for d, x in enumerate(labels) if x not in keep]
    if not gone:
        return operand, labels
    return operand.sum(gone), tuple(x for x in labels if x in keep)


def _pair(a: Tensor, ls: Labels, b: Tensor, ms: Labels, keep: set[Any]) -> tuple[Tensor, Labels]:
    """Multiply two operands and sum over what only they share and nobody needs."""
    a, ls = _summed(a, ls, keep | set(ms))
    b, ms = _summed(b, ms, keep | set(ls))
    if a._data.dtype != b._data.dtype and a._data.dtype.kind in "biu" and b._data.dtype.kind in "biu":
        a, b = promote("einsum", a, b)  # sums of integers are int64
    size_a, size_b = dict(zip(ls, a._data.shape, strict=True)), dict(zip(ms, b._data.shape, strict=True))
    both = [x for x in ls if x in size_b]
    for x in both:
        n, m = size_a[x], size_b[x]
        if n != m and n != 1 and m != 1:
            raise shape_error(
                "einsum", f"subscript {x} has size {m} for one operand which does not broadcast with {n}", a, b
            )
        # An extent of 1 beside another is only repeated: nothing is to be multiplied for it.
        if n != m and x not in keep:
            if n == 1:
                b, ms = _summed(b, ms, (keep | set(ls)) - {x})
                a, ls = reshape(a, tuple(e for y, e in zip(ls, a._data.shape, strict=True) if y != x)), _drop(ls, x)
            else:
                a, ls = _summed(a, ls, (keep | set(ms)) - {x})
                b, ms = reshape(b, tuple(e for y, e in zip(ms, b._data.shape, strict=True) if y != x)), _drop(ms, x)
            return _pair(a, ls, b, ms, keep)
    batch = [x for x in both if x in keep]
    inner = [x for x in both if x not in keep]
    rows, columns = [x for x in ls if x not in size_b], [x for x in ms if x not in size_a]
    tall = _arranged(a, ls, batch, rows, inner)
    wide = _arranged(b, ms, batch, inner, columns)
    lead = tuple(max(size_a[x], size_b[x]) if 0 not in (size_a[x], size_b[x]) else 0 for x in batch)
    made = matmul(tall, wide)
    shape = lead + tuple(size_a[x] for x in rows) + tuple(size_b[x] for x in columns)
    return reshape(made, shape), tuple(batch + rows + columns)


def _drop(labels: Labels, gone: Any) -> Labels:
    return tuple(x for x in labels if x != gone)


def _arranged(a: Tensor, labels: Labels, *groups: list[Any]) -> Tensor:
    """Return `a` with its dimensions in the order of the groups; the last two groups are merged into one each."""
    order = [labels.index(x) for group in groups for x in group]
    shape = [a._data.shape[d] for d in order]
    lead = len(groups[0])
    middle = lead + len(groups[1])
    sizes = (*shape[:lead], math.prod(shape[lead:middle]), math.prod(shape[middle:]))
    return reshape(permute(a, order), sizes)


def einsum(*args: Any) -> Tensor:
    """Return sums of products by Einstein's convention: ``einsum("bik,bkj->bij", a, b)``.

    Operands are multiplied from left to right. A label repeated in one operand takes its
    diagonal; "..." stands for dimensions that broadcast; without "->" the result has the labels
    that occur once, in alphabetical order. Lists of numbers after each operand may replace the equation.

    Parameters
    ----------
    *args : str and Tensor
        The equation, then its operands.

    Raises
    ------
    RuntimeError
        If the equation is malformed or does not fit the operands.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.einsum("ij,j->i", mg.ones(2, 3), mg.ones(3))
    tensor([3., 3.])
    """
    equation, operands = (args[0], list(args[1:])) if isinstance(args[0], str) else _of_lists(args)
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = list(operands[0])
    if not operands:
        raise ValueError("einsum: must provide at least one operand")
    labels, output = _parse(equation, operands)
    terms = [_without_repeats(a, ls) for a, ls in zip(operands, labels, strict=True)]
    made, have = terms[0]
    for position, (operand, ls) in enumerate(terms[1:], start=2):
        keep = set(output).union(*[later for _, later in terms[position:]])
        made, have = _pair(made, have, operand, ls, keep)
    made, have = _summed(made, have, set(output))
    # A hidden dimension that only some operands have may be missing altogether.
    order = [have.index(x) for x in output]
    return permute(made, order) if order != list(range(len(order))) else made


# --- chains


def _chain_order(extents: list[int]) -> list[list[int]]:
    """Return where to split each sub-chain so that the fewest multiplications are done."""
    count = len(extents) - 1
    cost = np.zeros((count, count))
    split = [[0] * count for _ in range(count)]
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [cost[i, s] + cost[s + 1, j] + extents[i] * extents[s + 1] * extents[j + 1] for s in range(i, j)]
            best = int(np.argmin(options))
            cost[i, j], split[i][j] = options[best], i + best
    return split


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """Return the product of a chain of matrices, in the order that takes the fewest multiplications.

    The first and the last may be vectors.

    Parameters
    ----------
    tensors : sequence of Tensor

    Raises
    ------
    RuntimeError
        If there are fewer than two, or the shapes do not fit.
    """
    parts = list(tensors)
    if len(parts) < 2:
        raise RuntimeError(f"multi_dot: expected at least 2 tensors; got {len(parts)}")
    drop_first, drop_last = parts[0]._data.ndim == 1, parts[-1]._data.ndim == 1
    if drop_first:
        parts[0] = unsqueeze(parts[0], 0)
    if drop_last:
        parts[-1] = unsqueeze(parts[-1], 1)
    for a in parts:
        if a._data.ndim != 2:
            raise ShapeError(f"multi_dot: tensor must be 2D (the first and the last may be 1D); got {portrait(a)}")
    for a, b in zip(parts, parts[1:], strict=False):
        if a._data.shape[1] != b._data.shape[0]:
            raise shape_error("multi_dot", "tensors cannot be multiplied, inner sizes must agree", a, b)
    split = _chain_order([parts[0]._data.shape[0], *[a._data.shape[1] for a in parts]])

    def product(i: int, j: int) -> Tensor:
        if i == j:
            return parts[i]
        return mm(product(i, split[i][j]), product(split[i][j] + 1, j))

    made = product(0, len(parts) - 1)
    shape = made._data.shape[1 if drop_first else 0 : 1 if drop_last else 2]
    return reshape(made, shape)


def chain_matmul(*matrices: Tensor) -> Tensor:
    """Return the product of a chain of matrices, in the order that takes the fewest multiplications.

    Parameters
    ----------
    *matrices : Tensor
        Two or more, whose inner extents agree.

    Raises
    ------
    RuntimeError
        If there is none, or the shapes do not fit.
    """
    if not matrices:
        raise RuntimeError("chain_matmul: Expecting at least 1 matrix")
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)
