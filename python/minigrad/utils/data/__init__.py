"""Data sets, samplers and loaders under PyTorch's name; they live in `minigrad.nn.data`."""

from __future__ import annotations

from minigrad.nn import data as _data
from minigrad.nn.data import *  # noqa: F403
from minigrad.utils.data import dataloader, dataset, distributed, sampler

__all__ = [*_data.__all__, "dataloader", "dataset", "distributed", "sampler"]
