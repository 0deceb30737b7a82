"""The picture for pages: original, result, and one pixel's interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import ui
from minigrad.projects.image_lab._lab import Lab
from minigrad.projects.image_lab._report import Closeup, closeup
from minigrad.projects.image_lab._window import as_rgb

__all__ = ["render_closeup"]


def render_closeup(lab: Lab) -> bytes:
    """Return a PNG: the original, the result, and the 4 x 4 pixels behind the result's middle one."""
    scene, canvas = lab.scene, lab.scene.canvas
    view = closeup(scene, canvas.width // 2, canvas.height // 2)
    with ui.new_figure(12.8, 5.2) as figure:
        original, result, pixels = figure.subplots(1, 3)
        original.imshow(as_rgb(lab.photo.pixels))
        original.plot(*view.source, "o", color=ui.NEUTRAL["accent"])
        original.set_title("original")
        result.imshow(as_rgb(lab.pixels()))
        result.plot(*view.pixel, "o", color=ui.NEUTRAL["accent"])
        result.set_title("; ".join(lab.steps)[:60])
        for axes in (original, result):
            axes.grid(False)
        _draw_pixels(pixels, view)
        return ui.render(figure)


def _draw_pixels(axes: Any, view: Closeup) -> None:
    left, top = view.corner
    span = (left - 0.5, left + 3.5, top + 3.5, top - 0.5)
    axes.imshow(view.values, cmap="gray", vmin=0, vmax=255, extent=span)
    for i, j in np.ndindex(view.values.shape):
        value, weight = view.values[i, j], view.weights[i, j]
        ink = "black" if value > 110 else "white"
        axes.text(left + j, top + i, f"{value:.0f}\n× {weight:.3f}", ha="center", va="center", color=ink, fontsize=10)
    axes.plot(*view.source, "o", color=ui.NEUTRAL["accent"])
    axes.set_xticks(range(left, left + 4))
    axes.set_yticks(range(top, top + 4))
    axes.grid(False)
    axes.set_title(f"pixel {view.pixel} = {view.result:.1f}")
