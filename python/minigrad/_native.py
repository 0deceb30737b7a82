"""The only door to the compiled core.

Turns arrays into C pointers (element type, order, alignment and writability are checked
here and nowhere else) and status codes into exceptions. Rooms import `lib` and the
functions below; nothing else in the package touches cffi.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from minigrad import _core  # noqa: TID251 (the door itself)
from minigrad._core import ffi, lib  # noqa: TID251

__all__ = [
    "NULL",
    "binary",
    "check_status",
    "config",
    "copy",
    "cross_entropy",
    "cross_entropy_backward",
    "enter_gradients",
    "ffi",
    "get_num_threads",
    "hands_over",
    "is_tensor",
    "layer_norm",
    "layer_norm_backward",
    "lib",
    "linear",
    "linear_backward",
    "pointer",
    "product",
    "register_twins",
    "set_num_threads",
    "twin",
    "unary",
    "unary_backward",
    "where",
]

NULL = ffi.NULL


def _load_direct() -> Any:
    """Load ``minigrad._direct``, the second module in the library of ``minigrad._core``."""
    loader = importlib.machinery.ExtensionFileLoader("minigrad._direct", _core.__file__)
    module = importlib.util.module_from_spec(importlib.machinery.ModuleSpec(loader.name, loader, origin=loader.path))
    loader.exec_module(module)
    return module


# product(a, b, out) multiplies two matrices where they lie: 0 if it did, else the C status,
# or -1 (out untouched) for whatever needs a closer look. Three cffi pointers would cost more
# than a small product.
_direct = _load_direct()
product = _direct.product

# The same for arithmetic, elementwise functions, the affine layer, the cross entropy and the norms of rows;
# python/direct_arithmetic.h, direct_nn.h and direct_norm.h have their arguments.
binary, copy, where = _direct.binary, _direct.copy, _direct.where
unary, unary_backward = _direct.unary, _direct.unary_backward
linear, linear_backward = _direct.linear, _direct.linear_backward
cross_entropy, cross_entropy_backward = _direct.cross_entropy, _direct.cross_entropy_backward
layer_norm, layer_norm_backward = _direct.layer_norm, _direct.layer_norm_backward
enter_gradients = _direct.enter_gradients

# What tensors and nodes are made of, and how a result is recorded; python/direct_graph.h has the contracts.
graph = _direct

# Looking a ready type object up by dtype is several times cheaper than letting cffi
# parse its name at every call.
_ELEMENT_TYPES = {
    np.dtype(name): ffi.typeof(f"{c_name}[]")
    for name, c_name in [
        ("float32", "float"),
        ("float64", "double"),
        ("uint8", "uint8_t"),
        ("uint16", "uint16_t"),
        ("int32", "int32_t"),
        ("uint32", "uint32_t"),
        ("int64", "int64_t"),
        ("uint64", "uint64_t"),
    ]
}
_from_buffer = ffi.from_buffer


def pointer(array: np.ndarray, writable: bool = False) -> Any:
    """Return a C pointer to the elements of `array`, which it keeps alive.

    Parameters
    ----------
    array : ndarray
        C-contiguous, aligned, of native byte order, of an element type that the core
        knows (float32, float64, uint8, uint16, int32, uint32, int64, uint64).
    writable : bool, default False
        Whether C will write through the pointer.

    Raises
    ------
    TypeError
        If the element type is not one of those.
    ValueError
        If the array is not contiguous, not aligned, or read-only where C would write.
    """
    element_type = _ELEMENT_TYPES.get(array.dtype)
    if element_type is None:
        raise TypeError(f"the core has no element type for an array of dtype {array.dtype}")
    if not array.flags.aligned:
        raise ValueError("the core needs an aligned array")
    return _from_buffer(element_type, array, writable)


_EXCEPTIONS: dict[int, type[Exception]] = {
    lib.MG_ERR_MEMORY: MemoryError,
    lib.MG_ERR_OVERFLOW: MemoryError,
    lib.MG_ERR_SINGULAR: np.linalg.LinAlgError,  # noqa: TID251 (the type, not an algorithm)
    lib.MG_ERR_NOT_POSITIVE_DEFINITE: np.linalg.LinAlgError,  # noqa: TID251
    lib.MG_ERR_NO_CONVERGENCE: np.linalg.LinAlgError,  # noqa: TID251
    lib.MG_ERR_NOT_FINITE: ValueError,
}


def check_status(status: int, owner: str) -> None:
    """Raise the exception that belongs to a C status code, naming `owner`.

    A code that a validator should have prevented is reported as a defect of minigrad.
    """
    if status == 0:
        return
    message = ffi.string(lib.mg_status_string(status)).decode()
    exception = _EXCEPTIONS.get(status)
    if exception is None:
        raise RuntimeError(f"{owner}: {message} (a defect of minigrad: its checks let this through)")
    raise exception(f"{owner}: {message}")


_Function = TypeVar("_Function", bound=Callable[..., Any])
_tensor_types: tuple[type, ...] = ()
_twins: dict[str, Callable[..., Any]] = {}


def register_twins(tensor_type: type, twins: Mapping[str, Callable[..., Any]]) -> None:
    """Register differentiable functions by the names of the room functions that they stand in for.

    The framework calls this: a room knows arrays alone, and hands a tensor over without
    knowing what one is.
    """
    global _tensor_types
    _tensor_types = (tensor_type,)
    _twins.update(twins)


def twin(name: str) -> Callable[..., Any] | None:
    """Return the differentiable function registered under `name`, or None."""
    return _twins.get(name)


def is_tensor(value: Any) -> bool:
    """Return whether `value` is one of the framework's tensors."""
    return isinstance(value, _tensor_types)


def hands_over(function: _Function) -> _Function:
    """Let a room function hand its arguments to its differentiable twin if one of them is a tensor."""
    name = function.__name__

    @wraps(function)
    def form(*args: Any, **kwargs: Any) -> Any:
        if _tensor_types:
            for value in (*args, *kwargs.values()):
                if isinstance(value, _tensor_types) or (
                    isinstance(value, (list, tuple)) and len(value) and isinstance(value[0], _tensor_types)
                ):
                    return _twins[name](*args, **kwargs)
        return function(*args, **kwargs)

    return form  # type: ignore[return-value]


def set_num_threads(num_threads: int) -> None:
    """Set how many threads the C core may use, the calling one included.

    Results have the same bits for any number.

    Parameters
    ----------
    num_threads : int
        From 1 to 256.

    Raises
    ------
    ValueError
        If it is not an integer in that range.
    """
    if isinstance(num_threads, bool) or not isinstance(num_threads, int) or not 1 <= num_threads <= 256:
        raise ValueError(f"set_num_threads: num_threads must be an int from 1 to 256; got {num_threads!r}")
    check_status(lib.mg_num_threads_set(num_threads), "set_num_threads")


def get_num_threads() -> int:
    """Return how many threads the C core may use.

    Initially ``MINIGRAD_NUM_THREADS``, or else the number of CPUs that this process may run on.
    """
    return int(lib.mg_num_threads_get())


def config() -> dict[str, Any]:
    """Describe the build and the machine: version, instruction-set level, threads, compiler.

    Returns
    -------
    dict
        ``version``, ``isa`` (``"base"``, ``"avx2"`` or ``"avx512"``), ``num_threads``
        and ``compiler``.
    """
    return {
        "version": ffi.string(lib.mg_version()).decode(),
        "isa": ffi.string(lib.mg_isa_name()).decode(),
        "num_threads": get_num_threads(),
        "compiler": ffi.string(lib.mg_compiler()).decode(),
    }


_LEVELS = ("avx512", "avx2", "base")


def _apply_environment() -> None:
    """Read ``MINIGRAD_ISA`` (an upper limit) and ``MINIGRAD_NUM_THREADS``."""
    isa = os.environ.get("MINIGRAD_ISA", "")
    if isa:
        if isa not in _LEVELS:
            raise ValueError(f"MINIGRAD_ISA must be one of base, avx2, avx512; got {isa!r}")
        for level in _LEVELS[_LEVELS.index(isa) :]:
            if lib.mg_isa_set(level.encode()) == 0:
                break
    threads = os.environ.get("MINIGRAD_NUM_THREADS", "")
    if threads:
        if not threads.isascii() or not threads.isdigit() or not 1 <= int(threads) <= 256:
            raise ValueError(f"MINIGRAD_NUM_THREADS must be an integer from 1 to 256; got {threads!r}")
        set_num_threads(int(threads))


_apply_environment()
