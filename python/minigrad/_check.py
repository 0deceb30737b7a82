"""Validators of user input, with one form of message.

``owner: name must be EXPECTATION; got WHAT CAME``, for example
``KMeans: n_clusters must be an int >= 1; got 0``. Shape errors print both shapes.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["DataError", "ConvergenceWarning", "array", "choice", "integer", "real", "seed"]


class DataError(ValueError):
    """A file or table cannot be used; the message says what, where, and what to do."""


class ConvergenceWarning(UserWarning):
    """An iteration stopped at its limit; the result is the best it reached."""


def _fail(kind: type[Exception], owner: str, name: str, expectation: str, got: object) -> Exception:
    return kind(f"{owner}: {name} must be {expectation}; got {got}")


def integer(value: Any, owner: str, name: str, low: int, high: int | None = None) -> int:
    """Return `value` as an int in ``[low, high]``; booleans are refused.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is out of range.
    """
    expectation = f"an int >= {low}" if high is None else f"an int from {low} to {high}"
    if isinstance(value, (bool, np.bool_)):
        raise _fail(TypeError, owner, name, expectation, repr(value))
    try:
        result = operator.index(value)
    except TypeError:
        raise _fail(TypeError, owner, name, expectation, repr(value)) from None
    if result < low or (high is not None and result > high):
        raise _fail(ValueError, owner, name, expectation, repr(value))
    return result


def real(
    value: Any, owner: str, name: str, low: float = -np.inf, high: float = np.inf, *, closed: str = "both"
) -> float:
    """Return `value` as a finite float in the interval from `low` to `high`.

    `closed` says which ends belong to it: ``"both"``, ``"left"``, ``"right"`` or ``"neither"``.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is not finite or out of range.
    """
    left = "[" if closed in ("both", "left") and low > -np.inf else "("
    right = "]" if closed in ("both", "right") and high < np.inf else ")"
    expectation = f"a finite number in {left}{low:g}, {high:g}{right}"
    # NumPy registers its real scalars as numbers.Real; its booleans and complex ones it does not.
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise _fail(TypeError, owner, name, expectation, repr(value))
    try:
        result = float(value)
    except OverflowError:
        raise _fail(ValueError, owner, name, expectation, "a number beyond the largest float") from None
    inside = (low <= result if left == "[" else low < result) and (result <= high if right == "]" else result < high)
    if not np.isfinite(result) or not inside:
        raise _fail(ValueError, owner, name, expectation, repr(value))
    return result


def choice(value: Any, owner: str, name: str, allowed: Sequence[str]) -> str:
    """Return `value` if it is one of the strings `allowed`.

    Raises
    ------
    ValueError
        Otherwise.
    """
    if not isinstance(value, str) or value not in allowed:
        raise _fail(ValueError, owner, name, "one of " + ", ".join(map(repr, allowed)), repr(value))
    return value


def seed(value: Any, owner: str, name: str = "seed") -> int:
    """Return `value` as an int in ``[0, 2**64)``."""
    return integer(value, owner, name, 0, 2**64 - 1)


def array(
    value: Any,
    owner: str,
    name: str,
    *,
    ndim: int | tuple[int, ...],
    dtype: Any = None,
    finite: bool = True,
) -> np.ndarray:
    """Return `value` as a C-contiguous, aligned float32 or float64 array.

    float32 and float64 are kept; integers and booleans become float64.

    Parameters
    ----------
    value : array_like
    owner, name : str
        For the message: whose parameter, and which.
    ndim : int or tuple of int
        Numbers of dimensions allowed.
    dtype : dtype, optional
        Convert to this type instead.
    finite : bool, default True
        Refuse NaN and infinity.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If the number of dimensions is wrong or an element is not finite (its index is named).
    """
    try:
        result = np.asarray(value)
    except ValueError:
        raise _fail(ValueError, owner, name, "a rectangular array of numbers", "rows of different lengths") from None
    if result.dtype.kind not in "fiub" or result.dtype.itemsize > 8:
        raise _fail(TypeError, owner, name, "an array of real numbers", f"dtype {result.dtype}")
    wanted = np.dtype(dtype) if dtype is not None else np.dtype(result.dtype.type)
    if wanted not in (np.float32, np.float64):
        wanted = np.dtype(np.float64)
    allowed = (ndim,) if isinstance(ndim, int) else ndim
    if result.ndim not in allowed:
        expectation = " or ".join(f"{n}-dimensional" for n in allowed)
        raise _fail(ValueError, owner, name, expectation, f"shape {result.shape}")
    result = np.require(result, wanted, ["C_CONTIGUOUS", "ALIGNED"])
    if finite and not _has_finite_sum(result) and not np.isfinite(result).all():
        bad = np.argwhere(~np.isfinite(result))
        where = tuple(int(i) for i in bad[0])
        raise _fail(ValueError, owner, name, "finite", f"{result[where]} at index {where} ({len(bad)} such element(s))")
    return result


def _has_finite_sum(values: np.ndarray) -> bool:
    """Whether NaN and infinity can be ruled out at the price of a sum, half that of looking at each element.

    Neither goes away in a sum. Finite numbers may overflow, so False says nothing; nor does it pay
    for few of them.
    """
    if values.size < 1 << 15:
        return False
    with np.errstate(all="ignore"):
        return bool(np.isfinite(values.sum()))
