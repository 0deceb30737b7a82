"""Transforms that do the same to every picture.

A transform with a method ``batch`` does to (n, height, width, channels) or, once they are tensors, (n, channels,
height, width) at once what it does to each picture.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._tensor import Tensor, fresh
from minigrad.vision.transforms import functional as F  # noqa: N812 (the field's name for it)

__all__ = [
    "CenterCrop",
    "Compose",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Pad",
    "Resize",
    "ToPILImage",
    "ToTensor",
    "batched",
]


class InterpolationMode(enum.Enum):
    """How pixels between pixels are found.

    Parameters
    ----------
    *args, **kwds
        `enum.Enum`'s own.
    """

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"


def batched(transform: Any) -> Callable[[Any], Any] | None:
    """Return the function by which a transform changes a whole batch; None if it has none."""
    if isinstance(transform, Compose):
        steps = [batched(step) for step in transform.transforms]
        known = [step for step in steps if step is not None]
        return _in_turn(known) if len(known) == len(steps) else None
    found: Callable[[Any], Any] | None = getattr(transform, "batch", None)
    return found


def _in_turn(steps: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def run(images: Any) -> Any:
        for step in steps:
            images = step(images)
        return images

    return run


class Compose:
    """Transforms one after the other.

    Parameters
    ----------
    transforms : sequence of callable

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.vision import transforms
    >>> change = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    >>> change(np.zeros((28, 28), np.uint8)).shape
    (1, 28, 28)
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)

    def __call__(self, img: Any) -> Any:
        """Return what the last makes of it."""
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return "Compose(\n" + "".join(f"    {transform!r}\n" for transform in self.transforms) + ")"


class ToTensor:
    """From a picture to a float tensor, (channels, height, width), from 0 to 1 if it was uint8."""

    def __call__(self, pic: Any) -> Tensor:
        """Return the tensor."""
        return F.to_tensor(pic)

    def batch(self, images: np.ndarray) -> Tensor:
        """Return the tensor of a batch.

        Parameters
        ----------
        images : ndarray of shape (n, height, width, channels)

        Returns
        -------
        Tensor of shape (n, channels, height, width)
        """
        planes = images.transpose(0, 3, 1, 2)
        out = _array.empty(planes.shape, np.dtype(np.float32))
        if images.dtype == np.uint8:
            return fresh(np.divide(planes, np.float32(255), out=out, dtype=np.float32))
        np.copyto(out, planes)
        return fresh(out)

    def __repr__(self) -> str:
        return "ToTensor()"


class PILToTensor:
    """From a picture to a tensor, (channels, height, width), with its values as they are."""

    def __call__(self, pic: Any) -> Tensor:
        """Return the tensor."""
        return F.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return "PILToTensor()"


class ToPILImage:
    """From a tensor or array to a Pillow image.

    Parameters
    ----------
    mode : str, optional
        Ignored: it follows from the channels.
    """

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        """Return the image."""
        return F.to_pil_image(pic)

    def __repr__(self) -> str:
        return "ToPILImage()"


class Normalize:
    """Subtract each channel's mean and divide by its deviation.

    Parameters
    ----------
    mean, std : sequence of float
        One per channel, or one for all.
    inplace : bool, default False
        Change the tensor itself.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        self.mean, self.std, self.inplace = mean, std, inplace

    def __call__(self, tensor: Tensor) -> Tensor:
        """Return the normalised tensor."""
        return F.normalize(tensor, self.mean, self.std, self.inplace)

    def batch(self, images: Tensor) -> Tensor:
        """Normalise a batch, which nobody else holds, in place.

        Parameters
        ----------
        images : Tensor of shape (n, channels, height, width)

        Returns
        -------
        Tensor
        """
        return F.normalize(images, self.mean, self.std, inplace=True)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


class Resize:
    """Scale to a size, averaging where a picture shrinks.

    Parameters
    ----------
    size : int or (height, width)
        One number is the length of the shorter side.
    interpolation : InterpolationMode or str
    antialias : bool
        Ignored: it always does.
    """

    def __init__(self, size: Any, interpolation: Any = InterpolationMode.BILINEAR, antialias: bool = True) -> None:
        self.size, self.interpolation = size, interpolation

    def __call__(self, img: Any) -> Any:
        """Return the scaled picture."""
        return F.resize(img, self.size, self.interpolation)

    def __repr__(self) -> str:
        return f"Resize(size={self.size})"


class CenterCrop:
    """Cut out the middle.

    Parameters
    ----------
    size : int or (height, width)
    """

    def __init__(self, size: Any) -> None:
        self.size = F.pair(size, "CenterCrop", "size")

    def __call__(self, img: Any) -> Any:
        """Return the middle."""
        return F.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"CenterCrop(size={self.size})"


class Pad:
    """Put a border around.

    Parameters
    ----------
    padding : int, (horizontal, vertical) or (left, top, right, bottom)
    fill : float, default 0
    padding_mode : {"constant", "edge", "reflect", "symmetric"}
    """

    def __init__(self, padding: Any, fill: float = 0, padding_mode: str = "constant") -> None:
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def __call__(self, img: Any) -> Any:
        """Return the larger picture."""
        return F.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return f"Pad(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class Grayscale:
    """Take the colours out.

    Parameters
    ----------
    num_output_channels : {1, 3}
    """

    def __init__(self, num_output_channels: int = 1) -> None:
        self.num_output_channels = num_output_channels

    def __call__(self, img: Any) -> Any:
        """Return the grey picture."""
        return F.rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"Grayscale(num_output_channels={self.num_output_channels})"


class Lambda:
    """Any function as a transform.

    Parameters
    ----------
    lambd : callable

    Raises
    ------
    TypeError
        If it cannot be called.
    """

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Lambda: lambd must be callable; got {lambd!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        """Return what the function does."""
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"
