"""A slow, obvious Philox4x32-10 to hold the fast one against."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from minigrad._native import lib

LEVELS = ("base", "avx2", "avx512")
LOW = np.uint64(0xFFFFFFFF)


def philox(counter: np.ndarray, seed: int) -> np.ndarray:
    """Encrypt counters, an array (n, 4) of 32-bit words in uint64, as the paper writes it."""
    x0, x1, x2, x3 = counter.T
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * x0, np.uint64(0xCD9E8D57) * x2
        hi0, hi1 = p0 >> np.uint64(32), p1 >> np.uint64(32)
        x0, x1, x2, x3 = hi1 ^ x1 ^ np.uint64(k0), p1 & LOW, hi0 ^ x3 ^ np.uint64(k1), p0 & LOW
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([x0, x1, x2, x3], axis=1)


@pytest.fixture(scope="session")
def words() -> Callable[..., np.ndarray]:
    """Return a function that gives n 32-bit words of a stream from a position on, for one of the four purposes."""

    def compute(seed: int, stream: int, position: int, n: int, purpose: int = 0) -> np.ndarray:
        first = position // 4
        blocks = np.arange(-(-(position + n) // 4) - first, dtype=np.uint64) + np.uint64(first | purpose << 62)
        low, high = np.full_like(blocks, stream & 0xFFFFFFFF), np.full_like(blocks, stream >> 32)
        counter = np.stack([blocks & LOW, blocks >> np.uint64(32), low, high], axis=1)
        return philox(counter, seed).ravel()[position % 4 :][:n].astype(np.uint32)

    return compute


@pytest.fixture
def use_level() -> Iterator[Callable[[str], bool]]:
    """Return a function that switches the instruction set, False if this machine has it not; restored at the end."""
    before = lib.mg_isa_name()
    yield lambda name: lib.mg_isa_set(name.encode()) == 0
    assert lib.mg_isa_set(before) == 0
