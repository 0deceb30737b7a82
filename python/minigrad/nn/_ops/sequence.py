"""Tensors of numbers in a sequence, and the identity."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._dtype import get_default_dtype, int64
from minigrad.nn._ops.create import check_device, deliver, filled, kind_of, shape_of
from minigrad.nn._tensor import Tensor

__all__ = [
    "arange",
    "eye",
    "linspace",
    "logspace",
    "range",
]


def _end(op: str, name: str, value: Any) -> Any:
    if isinstance(value, Tensor):
        if value._data.ndim:
            raise RuntimeError(f"{op}: {name} must be a number or a 0-d tensor; got shape {value.shape}")
        return value.item()
    if not isinstance(value, (bool, int, float, np.generic)):
        raise TypeError(f"{op}: {name} must be a number; got {type(value).__name__}")
    return value


def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return ``start, start + step, ...`` below `end`; ``arange(end)`` starts at 0.

    Parameters
    ----------
    start : number, default 0
        First value.
    end : number, optional
        Where to stop.
    step : number, default 1
        Distance between values.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If `step` is 0 or leads away from `end`, or a bound is not finite.
    """
    check_device("arange", device)
    if end is None:
        start, end = 0, start
    first, last, by = (_end("arange", n, v) for n, v in (("start", start), ("end", end), ("step", step)))
    return deliver("arange", _steps("arange", first, last, by, False, dtype, out), out, requires_grad)


def _steps(op: str, first: Any, last: Any, by: Any, closed: bool, dtype: Any, out: Tensor | None) -> np.ndarray:
    if not all(math.isfinite(v) for v in (first, last, by)):
        raise RuntimeError(f"{op}: unsupported range: {first} -> {last} by {by}")
    if by == 0:
        raise RuntimeError(f"{op}: step must be nonzero")
    if (last - first) * by < 0:
        raise RuntimeError(f"{op}: upper bound and lower bound inconsistent with step sign: {first} -> {last} by {by}")
    floating = any(isinstance(v, (float, np.floating)) for v in (first, last, by))
    default = get_default_dtype() if floating else int64
    if out is not None and dtype is None:
        default = out.dtype
    kind = kind_of(op, dtype, default)
    if kind == int64.numpy and not closed:
        first, last, by = int(first), int(last), int(by)
        if by == 0:
            raise ValueError(f"{op}: step must be nonzero; it is 0 as an integer")
    count = math.floor((last - first) / by) + 1 if closed else math.ceil((last - first) / by)
    if kind.kind != "f":
        first, by = int(first), int(by)
    whole = np.arange(count, dtype=np.float64 if floating and kind.kind == "f" else np.int64)
    data = _array.empty((count,), kind)
    np.copyto(data, first + whole * by, casting="unsafe")
    return data


def range(start: Any = 0, end: Any = None, step: Any = 1, *, dtype: Any = None, **options: Any) -> Tensor:
    """Return ``start, start + step, ...`` up to and with `end`; prefer `arange`.

    Parameters
    ----------
    start : number, default 0
        First value.
    end : number, optional
        Where to stop.
    step : number, default 1
        Distance between values.
    dtype : minigrad.dtype, optional
        Element type of the result.
    **options
        As for `arange`.
    """
    if end is None:
        start, end = 0, start
    kind = get_default_dtype() if dtype is None else dtype
    return deliver(
        "range", _steps("range", start, end, step, True, kind, None), None, bool(options.get("requires_grad"))
    )


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return `steps` numbers from `start` to `end`, both included, equally far apart.

    Parameters
    ----------
    start : number
        First value.
    end : number
        Where to stop.
    steps : int
        How many values.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If `steps` is negative.
    """
    check_device("linspace", device)
    kind = kind_of("linspace", dtype, None if out is None else out.dtype)
    data = _between("linspace", start, end, steps, kind)
    array = _array.empty(data.shape, kind)
    np.copyto(array, data, casting="unsafe")
    return deliver("linspace", array, out, requires_grad)


def _between(op: str, start: Any, end: Any, steps: Any, kind: np.dtype[Any]) -> np.ndarray:
    first, last = _end(op, "start", start), _end(op, "end", end)
    if isinstance(steps, Tensor):
        steps = int(_end(op, "steps", steps))
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise TypeError(f"{op}: steps must be an int; got {steps!r}")
    count = int(steps)
    if count < 0:
        raise RuntimeError(f"{op}: number of steps must be non-negative; got {count}")
    if kind.kind != "f":
        first, last = int(first), int(last)
    if count == 1:
        return np.full(1, float(first))
    by = (last - first) / (count - 1) if count else 0.0
    index = np.arange(count, dtype=np.float64)
    # Each half counts from its own end, so that both ends are met exactly.
    return np.where(index < count // 2, first + by * index, last - by * (count - 1 - index))  # type: ignore[no-any-return]


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return `base` to the powers from `start` to `end`, in `steps` equal steps of the exponent.

    Parameters
    ----------
    start : number
        First value.
    end : number
        Where to stop.
    steps : int
        How many values.
    base : float, default 10
        Of the powers.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If `steps` is negative.
    """
    check_device("logspace", device)
    kind = kind_of("logspace", dtype, None if out is None else out.dtype)
    with np.errstate(all="ignore"):
        data = np.float64(base) ** _between("logspace", start, end, steps, kind)
        array = _array.empty(data.shape, kind)
        np.copyto(array, data, casting="unsafe")
    return deliver("logspace", array, out, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the n x m (or n x n) matrix with ones on its diagonal.

    Parameters
    ----------
    n : int
        Rows.
    m : int, optional
        Columns; as many as rows by default.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If an extent is negative.
    """
    check_device("eye", device)
    rows, columns = shape_of("eye", (n, n if m is None else m))
    data = filled((rows, columns), 0, kind_of("eye", dtype, None if out is None else out.dtype))
    np.fill_diagonal(data[:columns], 1)
    return deliver("eye", data, out, requires_grad)
