"""Arrays whose memory is used again: the framework's caching arena.

A training step makes the same arrays in the same order as the step before it. Blocks are
therefore kept by size class and handed out anew as soon as no array looks at them, which
their reference count tells: every view of a block, and every view of such a view, holds
the block itself. After the first step nothing larger than 4 KiB is newly allocated.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from functools import partial
from typing import Any

import numpy as np

from minigrad._native import check_status, ffi, lib

__all__ = ["arena_bytes", "busy_bytes", "contiguous", "empty", "empty_cache", "hush", "lasting", "unhush", "zeros"]

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
_ndarray = np.ndarray
_IDLE = 2
"""References to a block that nobody uses, counted in `_take`: its local name and the call's argument."""


class _Arena:
    """Blocks by size class, the most recently used last."""

    def __init__(self) -> None:
        self.blocks: dict[int, deque[np.ndarray]] = {}
        self.reserve: Any = None
        self.reserved = 0
        self.beyond = 0

    def new_block(self, size: int) -> np.ndarray:
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


_arena = _Arena()


def _size_class(size: int) -> int:
    """Round `size` up to one of eight steps per doubling, so that at most an eighth is wasted."""
    step = 1 << max(size.bit_length() - 4, 6)
    return (size + step - 1) & -step


def _take(size: int) -> np.ndarray:
    """Return a block of at least `size` bytes that no array uses."""
    size = _size_class(size)
    blocks = _arena.blocks.get(size)
    if blocks is None:
        blocks = _arena.blocks[size] = deque()
    # The two used last are the likeliest to be in cache; of the rest, the oldest to be free.
    for _ in range(min(2, len(blocks))):
        block = blocks.pop()
        if _getrefcount(block) == _IDLE:
            return block
        blocks.append(block)
        blocks.rotate(1)
    for _ in range(len(blocks)):
        block = blocks.popleft()
        if _getrefcount(block) == _IDLE:
            return block
        blocks.append(block)
    return _arena.new_block(size)


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """Return an array of `shape` with arbitrary contents, contiguous, from the arena if it is not small."""
    size = math.prod(shape) * dtype.itemsize
    if size <= SMALL:
        return np.empty(shape, dtype)
    block = _take(size)
    array = _ndarray(shape, dtype, block)
    _arena.blocks[block.size].append(block)
    return array


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """Return an array of `shape` filled with zeros; see `empty`."""
    array = empty(shape, dtype)
    array.fill(0)
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
    copy = empty(array.shape, array.dtype)
    np.copyto(copy, array)
    return copy


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
    for size, blocks in _arena.blocks.items():
        for _ in range(len(blocks)):
            block = blocks.popleft()
            if _getrefcount(block) == _IDLE and block.base is None:
                _arena.beyond -= size
                continue
            blocks.append(block)


def arena_bytes() -> tuple[int, int]:
    """Return how many bytes the arena has cut from its reserve, and how many it holds beyond it."""
    return _arena.reserved, _arena.beyond


def busy_bytes() -> int:
    """Return how many bytes of the arena's blocks arrays look at now."""
    # A block that nobody uses is referred to by its list, by the name here and by the call's argument.
    return sum(size for size, blocks in _arena.blocks.items() for block in blocks if _getrefcount(block) > 3)
