"""Many arrays as one vector: norms, scaling, and plain vector arithmetic, all of it in C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad._native import check_status, ffi, lib, pointer

__all__ = ["clamp", "dot", "largest", "move", "norm", "scale", "suffix"]

_POINTERS = {np.dtype(np.float32): "float *[]", np.dtype(np.float64): "double *[]"}


def suffix(dtype: np.dtype[Any], owner: str) -> str:
    """Return the ending of the C functions for an element type.

    Raises
    ------
    TypeError
        If it is neither float32 nor float64.
    """
    if dtype not in _POINTERS:
        raise TypeError(f"{owner}: elements must be float32 or float64; got {dtype}")
    return "f32" if dtype.itemsize == 4 else "f64"


def _call(name: str, arrays: Sequence[np.ndarray], owner: str, *arguments: Any) -> int:
    """Call a C function over a list of contiguous arrays of one element type."""
    function: Callable[..., int] = getattr(lib, f"mg_arrays_{name}_{suffix(arrays[0].dtype, owner)}")
    sizes = ffi.new("size_t[]", [array.size for array in arrays])
    pointers = ffi.new(_POINTERS[arrays[0].dtype], [pointer(array) for array in arrays])
    return function(len(arrays), sizes, pointers, *arguments)


def norm(arrays: Sequence[np.ndarray], order: float, owner: str) -> float:
    """Return the norm of all elements of all arrays, which are contiguous and of one element type."""
    out = ffi.new("double *")
    check_status(_call("norm", arrays, owner, float(order), out), owner)
    return float(out[0])


def scale(arrays: Sequence[np.ndarray], factor: float, owner: str) -> None:
    """Multiply all elements."""
    _call("scale", arrays, owner, factor)


def clamp(arrays: Sequence[np.ndarray], low: float, high: float, owner: str) -> None:
    """Bring all elements into ``[low, high]``."""
    _call("clamp", arrays, owner, low, high)


def largest(x: np.ndarray) -> float:
    """Return the largest magnitude."""
    return norm([x], np.inf, "norm") if x.size else 0.0


def dot(x: np.ndarray, y: np.ndarray) -> float:
    """Return the inner product."""
    function = lib.mg_inner_product_f32 if x.dtype.itemsize == 4 else lib.mg_inner_product_f64
    return float(function(x.size, pointer(x), pointer(y)))


def move(x: np.ndarray, alpha: float, d: np.ndarray) -> None:
    """Add ``alpha d`` to `x`."""
    function = lib.mg_move_f32 if x.dtype.itemsize == 4 else lib.mg_move_f64
    function(x.size, alpha, pointer(d), pointer(x, True))
