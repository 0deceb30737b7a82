"""Random numbers that are a function of (seed, stream, position).

`Generator` draws uniform and normal numbers, integers, permutations and raw bits from
Philox4x32-10. Not here: other distributions, and cryptography (the seed can
be found from the output).
"""

from __future__ import annotations

from minigrad.random._generator import Generator

__all__ = ["Generator"]
