"""Errors of the framework: the operation, both shapes, the dtype, and the user's line."""

from __future__ import annotations

from typing import Any

from minigrad.nn._where import describe

__all__ = ["DtypeError", "GraphError", "ShapeError", "dim_error", "dtype_error", "portrait", "shape_error"]


class ShapeError(RuntimeError):
    """Shapes do not fit the operation or each other."""


class DtypeError(RuntimeError):
    """Element types do not fit the operation or each other."""


class GraphError(RuntimeError):
    """The recorded graph cannot be used as asked."""


def portrait(tensor: Any) -> str:
    """Return a tensor's dtype, shape and origin in one phrase."""
    made = f", made at {describe(tensor._where)}" if tensor._where is not None else ""
    return f"{tensor.dtype.name} {tuple(tensor._data.shape)}{made}"


def shape_error(op: str, problem: str, *tensors: Any) -> ShapeError:
    """Return the error for shapes that do not fit: `problem`, then each tensor's portrait."""
    return ShapeError(f"{op}: {problem}; got " + " and ".join(portrait(t) for t in tensors))


def dtype_error(op: str, problem: str, *tensors: Any) -> DtypeError:
    """Return the error for element types that do not fit."""
    return DtypeError(f"{op}: {problem}; got " + " and ".join(portrait(t) for t in tensors))


def dim_error(op: str, dim: int, ndim: int) -> IndexError:
    """Return the error for a dimension out of range."""
    low, high = -max(ndim, 1), max(ndim, 1) - 1
    return IndexError(f"{op}: dim must be from {low} to {high}; got {dim}")
