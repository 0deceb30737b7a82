"""Transforms that are drawn anew for every picture, from the default generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad import _check
from minigrad.nn import _array
from minigrad.nn._random import default_generator
from minigrad.nn._tensor import Tensor, fresh
from minigrad.vision._picture import size_of
from minigrad.vision.transforms import functional as F  # noqa: N812 (the field's name for it)

__all__ = [
    "ColorJitter",
    "RandomAffine",
    "RandomApply",
    "RandomCrop",
    "RandomErasing",
    "RandomHorizontalFlip",
    "RandomRotation",
    "RandomVerticalFlip",
]


def _chance(p: float) -> bool:
    return bool(default_generator.uniform() < p)


def _between(low: float, high: float) -> float:
    return float(low if low == high else default_generator.uniform(low, high))


class _Flip:
    """Mirroring with a probability."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = _check.real(p, type(self).__name__, "p", 0.0, 1.0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"

    def _batch(self, images: Any, axis: int) -> Any:
        data = images._data if isinstance(images, Tensor) else images
        flipped = default_generator.uniform(size=len(data)) < self.p
        out = _array.empty(data.shape, data.dtype)
        np.copyto(out, data)
        # Rows and columns come before the channels in pictures, and after them in tensors.
        out[flipped] = np.flip(data[flipped], axis + 1 if isinstance(images, Tensor) else axis)
        return fresh(out) if isinstance(images, Tensor) else out


class RandomHorizontalFlip(_Flip):
    """Mirror left to right with a probability.

    Parameters
    ----------
    p : float, default 0.5
    """

    def __call__(self, img: Any) -> Any:
        """Return the picture or its mirror image."""
        return F.hflip(img) if _chance(self.p) else img

    def batch(self, images: Any) -> Any:
        """Mirror some pictures of a batch.

        Parameters
        ----------
        images : ndarray of shape (n, height, width, channels), or Tensor of shape (n, channels, height, width)

        Returns
        -------
        ndarray or Tensor
        """
        return self._batch(images, 2)


class RandomVerticalFlip(_Flip):
    """Mirror top to bottom with a probability.

    Parameters
    ----------
    p : float, default 0.5
    """

    def __call__(self, img: Any) -> Any:
        """Return the picture or its mirror image."""
        return F.vflip(img) if _chance(self.p) else img

    def batch(self, images: Any) -> Any:
        """Mirror some pictures of a batch.

        Parameters
        ----------
        images : ndarray of shape (n, height, width, channels), or Tensor of shape (n, channels, height, width)

        Returns
        -------
        ndarray or Tensor
        """
        return self._batch(images, 1)


class RandomCrop:
    """Cut out a rectangle at a random place.

    Parameters
    ----------
    size : int or (height, width)
    padding : int or sequence, optional
        A border that is put around first.
    pad_if_needed : bool, default False
        Enlarge pictures that are smaller than `size`.
    fill : float, default 0
    padding_mode : {"constant", "edge", "reflect", "symmetric"}

    Raises
    ------
    ValueError
        When called, if a picture is too small.
    """

    def __init__(
        self,
        size: Any,
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: float = 0,
        padding_mode: str = "constant",
    ) -> None:
        self.size = F.pair(size, "RandomCrop", "size")
        self.padding, self.pad_if_needed, self.fill, self.padding_mode = padding, pad_if_needed, fill, padding_mode

    def _room(self, height: int, width: int) -> tuple[int, int]:
        """Return how many places there are, down and across."""
        if height < self.size[0] or width < self.size[1]:
            raise ValueError(f"RandomCrop: size must fit into the picture of {(height, width)}; got {self.size}")
        return height - self.size[0] + 1, width - self.size[1] + 1

    def __call__(self, img: Any) -> Any:
        """Return the rectangle."""
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        height, width = size_of(img, "RandomCrop")
        if self.pad_if_needed:
            missing = (max(0, self.size[1] - width), max(0, self.size[0] - height))
            if any(missing):
                img = F.pad(img, missing, self.fill, self.padding_mode)
                height, width = size_of(img, "RandomCrop")
        down, across = self._room(height, width)
        top, left = default_generator.integers(0, down), default_generator.integers(0, across)
        return F.crop(img, int(top), int(left), *self.size)

    @property
    def batch(self) -> Callable[[Any], Any] | None:
        """Cuts a rectangle out of every picture of a batch; None if a border of unequal sides is wanted."""
        plain = (
            self.padding_mode == "constant" and not self.pad_if_needed and isinstance(self.padding, (int, type(None)))
        )
        return self._batch if plain else None

    def _batch(self, images: Any) -> Any:
        tensor = isinstance(images, Tensor)
        data = images._data.transpose(0, 2, 3, 1) if tensor else images
        border = self.padding or 0
        n, h, w, channels = data.shape
        down, across = self._room(h + 2 * border, w + 2 * border)
        padded = _array.empty((n, h + 2 * border, w + 2 * border, channels), data.dtype)
        if border:
            padded.fill(self.fill)
        padded[:, border : border + h, border : border + w] = data
        tops = default_generator.integers(0, down, n).tolist()
        lefts = default_generator.integers(0, across, n).tolist()
        height, width = self.size
        out = _array.empty((n, height, width, channels), data.dtype)
        for i, (top, left) in enumerate(zip(tops, lefts, strict=True)):
            out[i] = padded[i, top : top + height, left : left + width]
        return fresh(np.ascontiguousarray(out.transpose(0, 3, 1, 2))) if tensor else out

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding})"


class RandomRotation:
    """Turn by a random angle.

    Parameters
    ----------
    degrees : float or (low, high)
        One number d is from -d to d.
    interpolation : InterpolationMode or str
    center : (x, y), optional
    """

    def __init__(self, degrees: Any, interpolation: Any = "nearest", center: Any = None) -> None:
        self.degrees = _range(degrees, "RandomRotation", "degrees")
        self.interpolation, self.center = interpolation, center

    def __call__(self, img: Any) -> Any:
        """Return the turned picture."""
        return F.rotate(img, _between(*self.degrees), self.interpolation, self.center)

    def __repr__(self) -> str:
        return f"RandomRotation(degrees={list(self.degrees)})"


def _range(value: Any, owner: str, name: str) -> tuple[float, float]:
    """Return one number d >= 0 as (-d, d), and two as they are."""
    if isinstance(value, Sequence):
        if len(value) != 2:
            raise ValueError(f"{owner}: {name} must be one number or two; got {value!r}")
        return float(value[0]), float(value[1])
    limit = _check.real(value, owner, name, 0.0)
    return -limit, limit


class RandomAffine:
    """Turn, shift, scale and shear at random.

    Parameters
    ----------
    degrees : float or (low, high)
    translate : (x, y), optional
        The largest shifts, as shares of width and height.
    scale : (low, high), optional
    shear : float, (low, high) or (x low, x high, y low, y high), optional
        Degrees.
    interpolation : InterpolationMode or str
    center : (x, y), optional
    """

    def __init__(
        self,
        degrees: Any,
        translate: Any = None,
        scale: Any = None,
        shear: Any = None,
        interpolation: Any = "nearest",
        center: Any = None,
    ) -> None:
        self.degrees = _range(degrees, "RandomAffine", "degrees")
        self.translate = translate
        self.scale = scale
        self.shear = None if shear is None else shear if _is_four(shear) else _range(shear, "RandomAffine", "shear")
        self.interpolation, self.center = interpolation, center

    def __call__(self, img: Any) -> Any:
        """Return the changed picture."""
        height, width = size_of(img, "RandomAffine")
        angle = _between(*self.degrees)
        shift = (0.0, 0.0)
        if self.translate is not None:
            across, down = self.translate[0] * width, self.translate[1] * height
            shift = (round(_between(-across, across)), round(_between(-down, down)))
        scale = 1.0 if self.scale is None else _between(*self.scale)
        shear = (0.0, 0.0)
        if self.shear is not None:
            shear = (_between(*self.shear[:2]), _between(*self.shear[2:]) if len(self.shear) == 4 else 0.0)
        return F.affine(img, angle, shift, scale, shear, self.interpolation, self.center)

    def __repr__(self) -> str:
        return f"RandomAffine(degrees={list(self.degrees)})"


def _is_four(value: Any) -> bool:
    return isinstance(value, Sequence) and len(value) == 4


class ColorJitter:
    """Change brightness, contrast and saturation by random factors, in random order.

    Parameters
    ----------
    brightness, contrast, saturation : float or (low, high)
        One number f draws factors from max(0, 1 - f) to 1 + f.
    hue : float
        Must be 0: hues are not turned.

    Raises
    ------
    ValueError
        If a number is negative, or `hue` is not 0.
    """

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        if hue not in (0, (0, 0)):
            raise ValueError(f"ColorJitter: hue must be 0; got {hue!r}")
        self.factors = [
            (function, self._limits(value, name))
            for function, value, name in (
                (F.adjust_brightness, brightness, "brightness"),
                (F.adjust_contrast, contrast, "contrast"),
                (F.adjust_saturation, saturation, "saturation"),
            )
        ]

    @staticmethod
    def _limits(value: Any, name: str) -> tuple[float, float]:
        if isinstance(value, Sequence):
            return float(value[0]), float(value[1])
        spread = _check.real(value, "ColorJitter", name, 0.0)
        return max(0.0, 1.0 - spread), 1.0 + spread

    def __call__(self, img: Any) -> Any:
        """Return the changed picture."""
        for i in default_generator.permutation(len(self.factors)).tolist():
            function, (low, high) = self.factors[i]
            if (low, high) != (1.0, 1.0):
                img = function(img, _between(low, high))
        return img

    def __repr__(self) -> str:
        return "ColorJitter(" + ", ".join(f"{list(limits)}" for _, limits in self.factors) + ")"


class RandomApply:
    """Apply transforms, all or none.

    Parameters
    ----------
    transforms : sequence of callable
    p : float, default 0.5
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: float = 0.5) -> None:
        self.transforms, self.p = list(transforms), _check.real(p, "RandomApply", "p", 0.0, 1.0)

    def __call__(self, img: Any) -> Any:
        """Return the picture, changed or not."""
        if _chance(self.p):
            for transform in self.transforms:
                img = transform(img)
        return img

    def __repr__(self) -> str:
        return f"RandomApply(p={self.p}, {self.transforms})"


class RandomErasing:
    """Blank out a random rectangle of a tensor (Zhong et al. 2020).

    Parameters
    ----------
    p : float, default 0.5
    scale : (low, high)
        Of the rectangle's share of the picture.
    ratio : (low, high)
        Of its height to its width.
    value : float, default 0
    inplace : bool, default False
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        value: float = 0,
        inplace: bool = False,
    ) -> None:
        self.p, self.scale, self.ratio = _check.real(p, "RandomErasing", "p", 0.0, 1.0), scale, ratio
        self.value, self.inplace = value, inplace

    def __call__(self, img: Tensor) -> Tensor:
        """Return the tensor with its rectangle."""
        if not _chance(self.p):
            return img
        height, width = img.shape[-2:]
        for _ in range(10):
            area = height * width * _between(*self.scale)
            # The logarithm of the ratio is uniform.
            aspect = self.ratio[0] * (self.ratio[1] / self.ratio[0]) ** _between(0.0, 1.0)
            h, w = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
            if h < height and w < width:
                top = int(default_generator.integers(0, height - h + 1))
                left = int(default_generator.integers(0, width - w + 1))
                data = img._data if self.inplace else img._data.copy()
                data[..., top : top + h, left : left + w] = self.value
                return img if self.inplace else fresh(data)
        return img

    def __repr__(self) -> str:
        return f"RandomErasing(p={self.p}, scale={self.scale}, ratio={self.ratio})"
