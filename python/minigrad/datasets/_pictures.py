"""Picture files of the user's, and a drawn digit brought into MNIST's form."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from minigrad import _check
from minigrad._check import DataError
from minigrad.image import affine, warp

__all__ = ["center_digit", "read_picture"]

_SIZE, _INK = 28, 20  # of MNIST's images, and of the box that holds the ink
_LARGEST = 100_000_000  # pixels; more is a decompression bomb


def read_picture(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a picture file as grey levels.

    Parameters
    ----------
    path : path-like
        Any format that Pillow reads.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Transparent pixels are white; black if what is on them is all white.

    Raises
    ------
    DataError
        If the file is missing, empty, not a picture, damaged, or larger than 100 million pixels.
    """
    from PIL import Image, UnidentifiedImageError

    path = Path(path)
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > _LARGEST:
                raise DataError(f"{path}: has {picture.width} x {picture.height} pixels; make it smaller first")
            whole = picture.convert("RGBA")
            on_white, on_black = (
                np.asarray(Image.alpha_composite(Image.new("RGBA", whole.size, ground), whole).convert("L"))
                for ground in ("white", "black")
            )
            # White ink on nothing cannot be seen on white.
            return on_black if np.ptp(on_white) == 0 and np.ptp(on_black) > 0 else on_white
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; name a picture (PNG, JPEG, ...)") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: is not a picture that can be read; use PNG or JPEG") from None
    except (OSError, Image.DecompressionBombError, SyntaxError) as error:
        raise DataError(f"{path}: cannot be read as a picture ({error}); use another file") from None


def center_digit(picture: Any) -> np.ndarray:
    """Bring a drawn digit into the form of MNIST's: light ink on black, centred by its mass.

    Parameters
    ----------
    picture : array_like of uint8, shape (height, width)
        Dark ink on a light ground, or light on dark: the border tells which.

    Returns
    -------
    ndarray of uint8, shape (28, 28)

    Raises
    ------
    DataError
        If the picture is of one colour: there is no ink.
    TypeError, ValueError
        If it is not a picture of grey levels.

    Notes
    -----
    As for MNIST, the ink is scaled to fit a box of 20 x 20 pixels with its aspect kept, and its
    centre of mass goes to the centre of the image. Shrinking averages whole blocks first, so that no
    stroke falls between the samples.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), section III.A.
    """
    grey = _check.array(picture, "center_digit", "picture", ndim=2, dtype=np.float32)
    if grey.size == 0:
        raise DataError("the picture has no pixels; draw a digit first")
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ground = float(np.median(border))
    ink = np.abs(grey - ground)
    peak = float(ink.max())
    if peak < 16:
        raise DataError("the picture is of one colour: there is no digit on it; draw one with more contrast")
    ink = np.where(ink < 0.15 * peak, 0.0, ink) * np.float32(255 / peak)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    box = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    block = max(1, round(max(box.shape) / _INK))
    box = _block_means(box, block)
    scale = _INK / max(box.shape)
    weight = box / box.sum()
    y = float((weight.sum(axis=1) * np.arange(box.shape[0])).sum())
    x = float((weight.sum(axis=0) * np.arange(box.shape[1])).sum())
    middle = (_SIZE - 1) / 2
    move = affine(scale=(scale, scale), center=(x, y), translation=(middle - x, middle - y))
    out = warp(np.ascontiguousarray(box, np.float32), move, (_SIZE, _SIZE), antialias=False)
    digit: np.ndarray = np.clip(np.rint(out), 0, 255).astype(np.uint8)
    return digit


def _block_means(values: np.ndarray, block: int) -> np.ndarray:
    """Return the means of block x block squares; the last ones are filled up with zeros."""
    if block == 1:
        return values
    padded = np.pad(values, [(0, -n % block) for n in values.shape])
    rows, columns = padded.shape[0] // block, padded.shape[1] // block
    means: np.ndarray = padded.reshape(rows, block, columns, block).mean(axis=(1, 3))
    return means
