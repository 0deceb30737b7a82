"""The colours of the theme."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigrad import ui

# Machado, Oliveira and Fernandes (2009): full deuteranopia and protanopia, in linear RGB.
_SEEN = {
    "normal": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}


def _linear(color: str) -> np.ndarray:
    value = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(linear, 0, 1) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", _SEEN)
@pytest.mark.parametrize("count", [3, 6, 10])
def test_colors_can_be_told_apart(vision: str, count: int) -> None:
    seen = [_lab(np.asarray(_SEEN[vision]) @ _linear(color)) for color in ui.palette(count)]
    # 2.3 is the smallest difference that the eye notices side by side.
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 3 * 2.3


def test_palette_repeats_beyond_ten() -> None:
    colors = ui.palette(12)
    assert len(set(colors[:10])) == 10
    assert colors[10:] == colors[:2]
    assert ui.palette(0) == []


def test_markers_differ() -> None:
    assert len(set(ui.MARKERS)) == len(ui.MARKERS) >= 10


@pytest.mark.parametrize(("value", "error"), [(-1, ValueError), (1.5, TypeError), ("3", TypeError)])
def test_palette_refuses(value: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="palette: n_colors must be an int >= 0; got"):
        ui.palette(value)  # type: ignore[arg-type]
