"""Transforms of pictures, one after the other: torchvision's names and defaults.

A picture is a Pillow image, an array (height, width[, channels]) or a tensor (channels, height, width).
Random ones draw from the default generator, so that `minigrad.manual_seed` repeats them.
"""

from __future__ import annotations

from minigrad.vision.transforms import functional
from minigrad.vision.transforms._fixed import (
    CenterCrop,
    Compose,
    Grayscale,
    InterpolationMode,
    Lambda,
    Normalize,
    Pad,
    PILToTensor,
    Resize,
    ToPILImage,
    ToTensor,
)
from minigrad.vision.transforms._random import (
    ColorJitter,
    RandomAffine,
    RandomApply,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomRotation,
    RandomVerticalFlip,
)

__all__ = [
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Pad",
    "RandomAffine",
    "RandomApply",
    "RandomCrop",
    "RandomErasing",
    "RandomHorizontalFlip",
    "RandomRotation",
    "RandomVerticalFlip",
    "Resize",
    "ToPILImage",
    "ToTensor",
    "functional",
]
