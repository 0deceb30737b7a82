"""The `out` argument of an operation's free function."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from minigrad.nn._errors import DtypeError
from minigrad.nn._tensor import Tensor, fresh, write_out

__all__ = ["takes_out", "takes_out_exactly"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def takes_out(function: _Function) -> _Function:
    """Give a function the keyword `out`: a tensor, or a tuple of them, that receives the result.

    Raises
    ------
    RuntimeError
        If elements of `out` share memory with each other or with an operand, it requires grad,
        or it cannot hold the result's type.
    """
    name = function.__name__

    @wraps(function)
    def form(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is None:
            return function(*args, **kwargs)
        targets = out if isinstance(out, (tuple, list)) else (out,)
        for target in targets:
            if not isinstance(target, Tensor):
                raise TypeError(f"{name}: out must be a Tensor; got {type(target).__name__}")
            _check_apart(name, target, args)
        made = function(*args, **kwargs)
        for target, item in zip(targets, made if isinstance(made, tuple) else (made,), strict=False):
            if target._data.shape != item._data.shape and isinstance(target._data.base, np.ndarray):
                # Growing a piece of memory would reach into what lies beside it.
                _check_apart(name, fresh(target._data.base), args)
        if not isinstance(made, tuple):
            return write_out(name, targets[0], made)
        if len(made) != len(targets):
            raise TypeError(f"{name}: out must hold {len(made)} Tensors; got {len(targets)}")
        written = [write_out(name, target, item) for target, item in zip(targets, made, strict=True)]
        return type(made)(*written) if hasattr(made, "_fields") else tuple(written)

    return form  # type: ignore[return-value]


def takes_out_exactly(function: _Function) -> _Function:
    """Give a function the keyword `out`, as `takes_out`; its element type must be the result's."""
    form = takes_out(function)

    @wraps(function)
    def exact(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if isinstance(out, Tensor) and isinstance(args[0], Tensor) and out._data.dtype != args[0]._data.dtype:
            raise DtypeError(
                f"{function.__name__}: Expected out tensor to have dtype {args[0].dtype.name}; got {out.dtype.name}"
            )
        return form(*args, out=out, **kwargs)

    return exact  # type: ignore[return-value]


def _check_apart(name: str, target: Tensor, args: Any) -> None:
    data = target._data
    if any(n > 1 and stride == 0 for n, stride in zip(data.shape, data.strides, strict=True)):
        raise RuntimeError(
            f"{name}: unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location; clone() it first"
        )
    for arg in args:
        if isinstance(arg, (tuple, list)):
            _check_apart(name, target, arg)
        elif arg is target or (isinstance(arg, Tensor) and data.size and np.may_share_memory(data, arg._data)):
            raise RuntimeError(
                f"{name}: unsupported operation: some elements of the input tensor and the written-to tensor refer to "
                "a single memory location; clone() one first"
            )
