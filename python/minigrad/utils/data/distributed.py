"""The sampler for several processes, where scripts import it from."""

from __future__ import annotations

from minigrad.nn.data import DistributedSampler

__all__ = ["DistributedSampler"]
