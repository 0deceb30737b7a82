"""Digits drawn from fonts and warped: an image set that needs no download."""

from __future__ import annotations

import functools

import numpy as np

from minigrad import _check
from minigrad.datasets._dataset import Dataset
from minigrad.datasets._matplotlib import font_path
from minigrad.datasets._mnist import pixel_names
from minigrad.image import affine, warp
from minigrad.random import Generator

__all__ = ["load_digits"]

_FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", "DejaVuSansMono-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    *("cmr10", "cmss10", "cmtt10", "cmb10", "cmti10"),
)
_SIZE = 28  # of an image, as MNIST's
_CANVAS = 56  # of a glyph: warping to half the size averages its pixels in fours
_HEIGHT = 40  # of a glyph's ink: 20 in the image, as MNIST's

# The ranges that the map of an image is drawn from, uniformly.
_RANGES = np.array(
    [
        [-15.0, 15.0],  # rotation, degrees
        [-0.25, 0.25],  # shear
        [0.8, 1.1],  # horizontal scale
        [0.8, 1.1],  # vertical scale
        [-2.5, 2.5],  # shift to the right, pixels
        [-2.5, 2.5],  # shift down
        [0.7, 1.0],  # ink
    ]
)
_NOISE = 10.0  # standard deviation in grey levels


def load_digits(n_samples: int = 2000, *, seed: int = 0) -> Dataset:
    """Generate images of the ten digits, drawn from fonts, warped and made noisy.

    Parameters
    ----------
    n_samples : int, default 2000
        At least 1.
    seed : int, default 0
        Samples of one seed are always the same; the first of many are the few of a smaller call.

    Returns
    -------
    Dataset
        ``images`` are uint8 (n_samples, 28, 28), white ink on black; ``data`` is float32
        (n_samples, 784), the same values; ``synthetic`` is True.

    Raises
    ------
    DataError
        If matplotlib's fonts are not installed.
    TypeError, ValueError
        If an argument is not an integer in its range.

    Notes
    -----
    Digit, font (of 21) and an affine map (rotation, shear, two scales, shift) are drawn
    uniformly for each sample, then normal noise is added and the result clipped to 0..255.

    Examples
    --------
    >>> from minigrad import datasets
    >>> digits = datasets.load("digits", n_samples=100, seed=7)
    >>> digits.images.shape, digits.synthetic
    ((100, 28, 28), True)
    """
    n = _check.integer(n_samples, "load_digits", "n_samples", 1)
    seed = _check.seed(seed, "load_digits")
    glyphs = _glyphs()
    draws = Generator(seed, stream=0).uniform(size=(n, 2 + len(_RANGES)))
    digits = (draws[:, 0] * 10).astype(np.int64)
    fonts = (draws[:, 1] * len(_FONTS)).astype(np.int64)
    maps = _RANGES[:, 0] + draws[:, 2:] * (_RANGES[:, 1] - _RANGES[:, 0])
    data = Generator(seed, stream=1).normal(0.0, _NOISE, size=(n, _SIZE * _SIZE), dtype=np.float32)
    for row, glyph, parameters in zip(data, glyphs[fonts, digits], maps.tolist(), strict=True):
        row += parameters[-1] * _place(glyph, *parameters[:-1]).ravel()
    np.rint(data, out=data)
    np.clip(data, 0.0, 255.0, out=data)
    return Dataset(
        name="digits",
        data=data,
        target=digits,
        feature_names=pixel_names(_SIZE, _SIZE),
        target_names=tuple("0123456789"),
        description=f"{n} digits drawn from {len(_FONTS)} fonts, warped and made noisy (seed {seed})",
        source="generated",
        synthetic=True,
        images=data.astype(np.uint8).reshape(n, _SIZE, _SIZE),
    )


def _place(glyph: np.ndarray, rotation: float, shear: float, sx: float, sy: float, tx: float, ty: float) -> np.ndarray:
    """Return a glyph at half its size in the middle of an image, changed by the given map."""
    middle, target = (_CANVAS - 1) / 2, (_SIZE - 1) / 2
    half = _SIZE / _CANVAS
    matrix = affine(
        rotation=rotation,
        shear=shear,
        scale=(half * sx, half * sy),
        center=(middle, middle),
        translation=(target - middle + tx, target - middle + ty),
    )
    return warp(glyph, matrix, (_SIZE, _SIZE), antialias=False)


@functools.cache
def _glyphs() -> np.ndarray:
    """Return the ten digits in every font, (fonts, 10, canvas, canvas) uint8, read-only."""
    glyphs = np.zeros((len(_FONTS), 10, _CANVAS, _CANVAS), dtype=np.uint8)
    for i, name in enumerate(_FONTS):
        for digit in range(10):
            glyphs[i, digit] = _draw(str(font_path(name)), str(digit))
    glyphs.flags.writeable = False
    return glyphs


def _draw(path: str, text: str) -> np.ndarray:
    """Return a text drawn in the middle of a canvas, at the size that gives a zero its height."""
    from PIL import Image, ImageDraw, ImageFont

    basic = ImageFont.Layout.BASIC  # the same for every build of Pillow
    trial = ImageFont.truetype(path, 100, layout_engine=basic)
    _, top, _, bottom = trial.getbbox("0")
    font = ImageFont.truetype(path, 100.0 * _HEIGHT / (bottom - top), layout_engine=basic)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (_CANVAS, _CANVAS))
    corner = ((_CANVAS - left - right) / 2, (_CANVAS - top - bottom) / 2)
    ImageDraw.Draw(image).text(corner, text, fill=255, font=font)
    return np.asarray(image)
