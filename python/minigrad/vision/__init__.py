"""torchvision's role: picture data sets and their transforms."""

from __future__ import annotations

from minigrad.vision import datasets, transforms, utils

__all__ = ["datasets", "transforms", "utils"]
