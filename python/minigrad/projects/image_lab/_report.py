"""The words: what the picture is, what was done to it, and how one of its pixels came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import image as im
from minigrad import linalg, ui
from minigrad.projects.image_lab._commands import EDITS, SHOWN, usage
from minigrad.projects.image_lab._lab import Lab
from minigrad.projects.image_lab._scene import Scene, full_of, project

__all__ = ["Closeup", "closeup", "explain", "facts", "help_text", "history", "info", "matrix"]

_WINDOW = 4


def help_text(name: str = "") -> str:
    """Return the list of commands, or what one of them does."""
    if name:
        words = EDITS[name].help if name in EDITS else SHOWN[name][1]
        return f"{usage(name)}: {words}"
    rows = [(edit.usage, edit.help) for edit in EDITS.values()] + list(SHOWN.values())
    wide = max(len(left) for left, _ in rows if len(left) < 40)
    lines = [
        f"{left:<{wide}}  {right}" if len(left) <= wide else f"{left}\n{'':<{wide}}  {right}" for left, right in rows
    ]
    lines.append("Coordinates are pixels of the result, (0, 0) the centre of the upper left one, y down; angles turn")
    lines.append("counter-clockwise. Geometry and colours are composed and applied once; end a command with ! to")
    lines.append("allow more than 100 million pixels.")
    return "\n".join(lines)


def facts(lab: Lab) -> dict[str, Any]:
    """Return what `info` says, for programs."""
    scene, canvas = lab.scene, lab.scene.canvas
    return {
        "picture": lab.name,
        "original": {"width": lab.photo.pixels.shape[1], "height": lab.photo.pixels.shape[0], "colors": lab.photo.kind},
        "width": canvas.width,
        "height": canvas.height,
        "matrix": scene.matrix.tolist(),
        "color_matrix": scene.color.tolist(),
        "resamplings": scene.resamplings,
        "interpolation": scene.interpolation,
        "edge": scene.edge,
        "canvas": "keep" if scene.keep else "expand",
        "history": lab.steps,
        "notes": list(lab.photo.notes),
    }


def info(lab: Lab) -> str:
    """Return what the picture is."""
    scene, canvas = lab.scene, lab.scene.canvas
    height, width = lab.photo.pixels.shape[:2]
    notes = "".join(f"; {note}" for note in lab.photo.notes)
    count = len(lab.steps)
    return "\n".join(
        [
            f"{lab.name}: {width} x {height}, {lab.photo.kind}{notes}",
            f"Now: {canvas.width} x {canvas.height} after {count} command{'' if count == 1 else 's'}, {_times(scene)}",
            f"interp {scene.interpolation}, edge {scene.edge}, canvas {'keep' if scene.keep else 'expand'}",
        ]
    )


def _times(scene: Scene) -> str:
    count = scene.resamplings
    words = {0: "no pixel interpolated", 1: "resampled once from the original"}
    return words.get(count, f"resampled {count} times, because filters of neighbours act in between")


def history(lab: Lab) -> str:
    """Return the commands so far, and those that have been undone."""
    lines = [f"{number:>3}  {text}" for number, text in enumerate(lab.steps, 1)]
    lines += [f"  -  {text} (undone)" for text in lab.undone]
    return "\n".join([*lines, _times(lab.scene).capitalize() + "."])


def matrix(lab: Lab) -> str:
    """Return the composed map, its factors, and where the corners go."""
    scene = lab.scene
    lines = [_grid(scene.matrix)]
    m = scene.matrix
    if m[2].tolist() == [0, 0, 1]:
        det = float(m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0])
        lines.append(f"determinant {det:.6g}: areas grow by that" + (", and it mirrors" if det < 0 else ""))
        lines.append(_factors(linalg.Transform2D(m).factors()))
    else:
        lines.append("projective: its last row makes what is farther away smaller")
    width, height = scene.picture.width, scene.picture.height
    for name, x, y in (
        ("upper left", 0, 0),
        ("upper right", width - 1, 0),
        ("lower right", width - 1, height - 1),
        ("lower left", 0, height - 1),
    ):
        try:
            u, v = project(m, x, y)
            where = f"({u + 0.0:.2f}, {v + 0.0:.2f})"
        except ValueError:
            where = "beyond the horizon"
        lines.append(f"{name:<12} ({x}, {y}) -> {where}")
    if scene.parent is not None and scene.filter is not None:
        lines.append(f"from the picture that {scene.filter.name} left; undo shows the map before it")
    return "\n".join(lines)


def _factors(f: linalg.TransformFactors) -> str:
    # Angles of the plane are counted from x to y, which points down here.
    turn, shift = f"rotate {-f.degrees + 0.0:.6g}", f"translate {f.x + 0.0:.6g} {f.y + 0.0:.6g}"
    return f"= {shift} after {turn} after scale {f.scale_x:.6g} {f.scale_y:.6g} after shear {f.shear + 0.0:.6g}"


def _grid(values: np.ndarray) -> str:
    cells = [[f"{value + 0.0:.6g}" for value in row] for row in values]
    wide = max(len(cell) for row in cells for cell in row)
    return "\n".join("[ " + "  ".join(cell.rjust(wide) for cell in row) + " ]" for row in cells)


# --- one pixel


@dataclass(frozen=True)
class Closeup:
    """How one pixel of the result comes about, in one channel.

    Attributes
    ----------
    pixel, source : pair of float
        Of the result, and where it comes from in the base.
    corner : pair of int
        The upper left of the 4 x 4 pixels of the base around that point.
    values, weights : ndarray of shape (4, 4)
    outside : float
        The sum of the weights of pixels beyond those 16.
    result : float
        The interpolated value.
    """

    pixel: tuple[int, int]
    source: tuple[float, float]
    corner: tuple[int, int]
    values: np.ndarray
    weights: np.ndarray
    outside: float
    result: float


def closeup(scene: Scene, x: int, y: int) -> Closeup:
    """Return how the pixel (x, y) of the canvas is interpolated, in luminance.

    The weights are what the warp itself answers to a base that is 1 at one pixel and 0 elsewhere, so
    that they are those of any kernel, antialiasing and edge included.

    Raises
    ------
    ValueError
        If the canvas has no such pixel.
    """
    canvas = scene.canvas
    if not (0 <= x < canvas.width and 0 <= y < canvas.height):
        raise ValueError(f"the picture has pixels (0, 0) to ({canvas.width - 1}, {canvas.height - 1}); got ({x}, {y})")
    matrix = scene.matrix.copy()
    matrix[0] -= x * matrix[2]
    matrix[1] -= y * matrix[2]
    u, v = _source(matrix)
    base = _luminance(scene.base())
    left, top = _corner(u), _corner(v)

    def warped(image: np.ndarray) -> float:
        return float(im.warp(image, matrix, (1, 1), interpolation=scene.interpolation, mode=scene.edge)[0, 0])

    values, weights = np.zeros((_WINDOW, _WINDOW)), np.zeros((_WINDOW, _WINDOW))
    # The base cut to where the kernel reaches would have other borders, so it is warped whole.
    impulse = np.zeros_like(base)
    for i in range(_WINDOW):
        for j in range(_WINDOW):
            row, column = top + i, left + j
            if not (0 <= row < base.shape[0] and 0 <= column < base.shape[1]):
                values[i, j] = np.nan
                continue
            values[i, j] = base[row, column]
            impulse[row, column] = 1
            weights[i, j] = warped(impulse)
            impulse[row, column] = 0
    total = warped(np.ones_like(base))
    result = warped(base)
    return Closeup((x, y), (u, v), (left, top), values, weights, total - float(weights.sum()), result)


def _source(matrix: np.ndarray) -> tuple[float, float]:
    """Return where the origin of the canvas comes from: the point that the matrix takes to (0, 0)."""
    (a, b, c), (d, e, f) = matrix[:2].tolist()
    det = a * e - b * d
    if det == 0:
        raise ValueError("this pixel comes from infinitely far away")
    return (b * f - c * e) / det, (c * d - a * f) / det


def _corner(value: float) -> int:
    return int(np.floor(np.clip(value, -1e6, 1e6))) - 1


def _luminance(pixels: np.ndarray) -> np.ndarray:
    values = pixels.astype(np.float64)
    if values.ndim == 2:
        return values
    if values.shape[2] < 3:
        return np.ascontiguousarray(values[..., 0])
    shares = im.greyscale_matrix()[0]
    grey: np.ndarray = shares[0] * values[..., 0] + shares[1] * values[..., 1] + shares[2] * values[..., 2]
    return grey


def explain(lab: Lab, x: int | None = None, y: int | None = None) -> str:
    """Return the map and the close-up of one pixel, by default the middle one."""
    scene, canvas = lab.scene, lab.scene.canvas
    column = canvas.width // 2 if x is None else x
    row = canvas.height // 2 if y is None else y
    view = closeup(scene, column, row)
    left, top = view.corner
    head = [""] + [f"x={left + j}" for j in range(_WINDOW)]
    rows = [
        [f"y={top + i}"] + [_cell(view.values[i, j], view.weights[i, j]) for j in range(_WINDOW)]
        for i in range(_WINDOW)
    ]
    inside = float(np.nansum(view.values * view.weights))
    total = float(view.weights.sum())
    lines = [
        "The map from the original's pixels to the result's:" if scene.parent is None else "The map since the filter:",
        _grid(scene.matrix),
        f"Pixel ({column}, {row}) of the result comes from ({view.source[0]:.4f}, {view.source[1]:.4f}), "
        f"between these 4 x 4 (luminance x weight, {scene.interpolation}):",
        ui.table(head, rows),
        f"weights of the 16: {total:.4f}; of others: {view.outside + 0.0:.4f}",
        f"sum of the 16: {inside:.3f}; interpolated: {view.result:.3f} of {full_of(scene.dtype):g}",
    ]
    if abs(view.outside) > 0.01:
        lines.append("The map shrinks here or the kernel is wider, so that further pixels take part.")
    return "\n".join(lines)


def _cell(value: float, weight: float) -> str:
    return "outside" if np.isnan(value) else f"{value:.1f} x {weight + 0.0:.4f}"
