"""The data sets, where older scripts import them from."""

from __future__ import annotations

from minigrad.nn.data import ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset, random_split

__all__ = ["ConcatDataset", "Dataset", "IterableDataset", "Subset", "TensorDataset", "random_split"]
