"""Arrays whose memory is used again: the framework's caching arena.

A training step makes the same arrays in the same order as the step before it. Blocks are
therefore kept by size class and handed out anew as soon as no array looks at them, which
their reference count tells: every view of a block, and every view of such a view, holds
the block itself. After the first step nothing larger than 4 KiB is newly allocated.
"""

from __future__ import annotations

import math
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad._native import binary, check_status, copy, ffi, lib
from minigrad._native import graph as native

__all__ = [
    "add_into",
    "arena",
    "arena_bytes",
    "busy_bytes",
    "contiguous",
    "copy_into",
    "empty",
    "empty_cache",
    "hush",
    "lasting",
    "unhush",
    "zeros",
]

SMALL = 4096
"""Bytes up to which NumPy's own allocator is the quicker one."""

LINE = 64
"""Bytes of a cache line."""

SKEW, SKEWED = 67 * LINE, 1 << 20
"""Bytes left free after a block of at least SKEWED.

Large arrays that a loop walks through side by side would else begin at the same place of every
power of two, and compete for the same cache sets and memory banks.
"""

RESERVE = 1 << 30
"""Bytes of address space reserved ahead."""

_getrefcount = sys.getrefcount
_IDLE = 3
"""References to a block that nobody uses: its list's, and where they are counted, a name's and the call's argument."""


class _Arena:
    """Blocks by size class, the most recently used last."""

    def __init__(self) -> None:
        self.blocks: dict[int, list[np.ndarray]] = {}
        self.reserve: Any = None
        self.reserved = 0
        self.beyond = 0

    def new_block(self, size: int) -> np.ndarray:
        """Return a block that `empty` wants, since all of its size are busy."""
        block = self._cut(size)
        self.blocks.setdefault(size, []).append(block)
        return block

    def _cut(self, size: int) -> np.ndarray:
        if self.reserve is None:
            handle = ffi.new("mg_reserve_t **")
            check_status(lib.mg_reserve_create(RESERVE, handle), "minigrad")
            # A process's arrays may outlive this object, so the reserve stays until the process ends.
            self.reserve = handle[0]
        taken = size + SKEW if size >= SKEWED else size
        start = lib.mg_reserve_take(self.reserve, taken)
        if start == ffi.NULL:
            self.beyond += size
            return np.empty(size, np.uint8)
        self.reserved += taken
        return np.frombuffer(ffi.buffer(start, size), np.uint8)


arena = _Arena()


if TYPE_CHECKING:

    def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        """Return an array of `shape` with arbitrary contents, contiguous, from the arena if it is not small."""
else:
    # In C, which sees whether a block is idle by the same count of references.
    empty = native.empty


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """Return an array of `shape` filled with zeros; see `empty`."""
    array = empty(shape, dtype)
    copy_into(array, np.zeros((), dtype))
    return array


def lasting(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """Return an array with arbitrary contents for what stays, outside the arena, which would look at it often.

    Unless it is small it begins on a cache line: otherwise every other vector would straddle two.
    """
    size = math.prod(shape) * dtype.itemsize
    if size <= SMALL:
        return np.empty(shape, dtype)
    block = np.empty(size + LINE - 1, np.uint8)
    return np.ndarray(shape, dtype, block, -block.ctypes.data % LINE)


def contiguous(array: np.ndarray) -> np.ndarray:
    """Return `array` if it is C-contiguous and aligned, or else a copy that is."""
    flags = array.flags
    if flags.c_contiguous and flags.aligned:
        return array
    made = empty(array.shape, array.dtype)
    copy_into(made, array)
    return made


def copy_into(target: np.ndarray, array: np.ndarray) -> None:
    """Give `target` the values of `array`, broadcast, in its own element type."""
    if target.size <= SMALL or not copy(array, target):
        np.copyto(target, array, casting="unsafe")


def add_into(target: np.ndarray, array: np.ndarray) -> None:
    """Add `array`, broadcast, to `target`."""
    if target.size <= SMALL or not binary(lib.MG_BINARY_ADD, target, array, target):
        np.add(target, array, out=target)


def _silencers() -> tuple[Any, Any]:
    """Return a function that has NumPy ignore floating-point flags in this thread, and its undoing.

    A context manager costs more than a small operation, so where NumPy keeps the setting in a
    context variable it is set directly.
    """
    try:
        from numpy._core.umath import _extobj_contextvar, _make_extobj

        ignore = _make_extobj(all="ignore")
        return partial(_extobj_contextvar.set, ignore), _extobj_contextvar.reset
    except ImportError:
        return (lambda: np.seterr(all="ignore")), (lambda before: np.seterr(**before))


hush, unhush = _silencers()
"""``token = hush()`` before and ``unhush(token)`` after: infinities and NaN are results, not warnings."""


def empty_cache() -> None:
    """Give up the idle blocks that lie beyond the reserve."""
    for size, blocks in arena.blocks.items():
        for i in reversed(range(len(blocks))):
            block = blocks[i]
            if _getrefcount(block) == _IDLE and block.base is None:
                arena.beyond -= size
                del blocks[i]


def arena_bytes() -> tuple[int, int]:
    """Return how many bytes the arena has cut from its reserve, and how many it holds beyond it."""
    return arena.reserved, arena.beyond


def busy_bytes() -> int:
    """Return how many bytes of the arena's blocks arrays look at now."""
    return sum(size for size, blocks in arena.blocks.items() for block in blocks if _getrefcount(block) > _IDLE)
