"""What matplotlib ships, found without importing it: fonts to draw digits from, and a photograph."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from minigrad._check import DataError

__all__ = ["font_path", "photo", "photo_path"]


def _shipped(relative: str) -> Path:
    """Return the path of a file among matplotlib's own."""
    spec = importlib.util.find_spec("matplotlib")
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders:
        raise DataError(f"{relative}: comes with matplotlib, which is not installed; install matplotlib")
    path = Path(folders[0]) / "mpl-data" / relative
    if not path.exists():
        raise DataError(f"{path}: is missing, although matplotlib ships it; reinstall matplotlib")
    return path


def font_path(name: str) -> Path:
    """Return the path of one of the TrueType fonts that matplotlib ships."""
    return _shipped(f"fonts/ttf/{name}.ttf")


def photo_path() -> Path:
    """Return the path of the photograph that matplotlib ships: Grace Hopper, 512 x 600, a JPEG.

    Raises
    ------
    DataError
        If matplotlib, or the file in it, is missing.
    """
    return _shipped("sample_data/grace_hopper.jpg")


def photo() -> np.ndarray:
    """Return the photograph that matplotlib ships: Grace Hopper (public domain).

    Returns
    -------
    ndarray of shape (600, 512, 3)
        uint8; red, green and blue.

    Raises
    ------
    DataError
        If matplotlib, or the file in it, is missing or cannot be read.

    Examples
    --------
    >>> from minigrad import datasets
    >>> datasets.photo().shape
    (600, 512, 3)
    """
    from PIL import Image

    path = photo_path()
    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))
    except OSError as error:
        raise DataError(f"{path}: is not a readable JPEG ({error}); reinstall matplotlib") from None
