"""The picture of a scene: the grid, the grid that moves, the shapes, basis, determinant and eigenvectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minigrad import ui
from minigrad.linalg import Transform2D, transform_groups
from minigrad.projects.vector_graphics._scene import Point, Scene

__all__ = ["COLORS", "Painter"]

Color = tuple[int, int, int]

COLORS: dict[str, Color] = {
    "night": (15, 19, 28),
    "panel": (22, 27, 39),
    "edge": (48, 57, 76),
    "grid": (27, 33, 46),
    "axis": (70, 82, 104),
    "moving": (47, 84, 133),
    "ink": (226, 232, 240),
    "muted": (138, 150, 170),
    "i": (255, 107, 107),
    "j": (81, 207, 132),
    "area": (255, 209, 102),
    "eigen": (199, 146, 234),
    "accent": (122, 196, 255),
}

_REACH = 12  # lines of the moving grid on each side of the origin


def _clipped(p: Point, q: Point, size: tuple[int, int]) -> tuple[Point, Point] | None:
    """Return the part of a segment near the screen (Liang and Barsky), or None."""
    low, high = 0.0, 1.0
    for axis in (0, 1):
        step = q[axis] - p[axis]
        if not math.isfinite(step):
            return None
        for sign, bound in ((-1.0, -8.0), (1.0, size[axis] + 8.0)):
            room = sign * (bound - p[axis])
            if sign * step == 0:
                if room < 0:
                    return None
            elif sign * step > 0:
                high = min(high, room / (sign * step))
            else:
                low = max(low, room / (sign * step))
    if low > high:
        return None
    (x, y), dx, dy = p, q[0] - p[0], q[1] - p[1]
    return (x + low * dx, y + low * dy), (x + high * dx, y + high * dy)


@dataclass
class Painter:
    """Draws one frame of a scene on a stage.

    Attributes
    ----------
    stage : Stage
    view : Transform2D
        From the world to the screen.
    size : tuple of int
        Of the part of the stage that shows the world.
    scale : float
        How many pixels a line of width 1 takes.
    """

    stage: ui.Stage
    view: Transform2D
    size: tuple[int, int]
    scale: float = 1.0

    def line(self, p: Sequence[float], q: Sequence[float], color: Color, width: float = 1.0) -> None:
        """Draw a segment of the screen, as far as it can be seen."""
        part = _clipped((p[0], p[1]), (q[0], q[1]), self.size)
        if part is not None:
            self.stage.line(*part, color, width * self.scale)

    def grid(self) -> None:
        """Draw the world's grid and axes, as fine as the camera allows."""
        corners = self.view.inverse().apply([[0.0, self.size[1]], [self.size[0], 0.0]])
        unit = 10.0 ** math.ceil(math.log10(12 * self.scale / float(self.view.matrix[0, 0])))
        unit = unit / 2 if unit / 2 * self.view.matrix[0, 0] > 30 * self.scale else unit
        width, height = self.size
        for axis in (0, 1):
            low, high = corners[:, axis].tolist()
            marks = unit * np.arange(math.floor(low / unit), math.ceil(high / unit) + 1.0)
            places = self.view.apply(np.stack([marks, marks], axis=1))[:, axis].tolist()
            for mark, place in zip(marks.tolist(), places, strict=True):
                corner, size = ((place, 0), (self.scale, height)) if axis == 0 else ((0, place), (width, self.scale))
                self.stage.rectangle(corner, size, COLORS["axis"] if mark == 0 else COLORS["grid"])

    def moving_grid(self, transform: Transform2D) -> None:
        """Draw the lines that were the grid before the matrix moved them."""
        steps = np.arange(-_REACH, _REACH + 1.0)
        far = np.full_like(steps, _REACH)
        ends = np.concatenate([
            np.stack([steps, -far, steps, far], axis=1),
            np.stack([-far, steps, far, steps], axis=1),
        ])  # fmt: skip
        moved = (self.view @ transform).apply(ends.reshape(-1, 2)).reshape(-1, 2, 2).tolist()
        for p, q in moved:
            self.line(p, q, COLORS["moving"])

    def shapes(self, scene: Scene, matrices: np.ndarray) -> None:
        """Draw every shape, and a rim around the selected ones."""
        points, ends, _ = scene.arrays
        placed = transform_groups(matrices, points, ends)
        self.view.apply(placed, out=placed)
        stops = ends.tolist()
        self.stage.polygons(placed, stops, *scene.colors)
        for place in scene.places:
            corners = placed[stops[place - 1] if place else 0 : stops[place]].tolist()
            for p, q in zip(corners, corners[1:] + corners[:1], strict=True):
                self.line(p, q, COLORS["ink"], 1.5)

    def area(self, transform: Transform2D) -> None:
        """Draw the image of the unit square: its area is the determinant."""
        square = (self.view @ transform).apply([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        if bool((np.abs(square) < 1e5).all()):
            self.stage.veil(square.tolist(), COLORS["area"], 0.28)
            corners = square.tolist()
            for p, q in zip(corners, corners[1:] + corners[:1], strict=True):
                self.line(p, q, COLORS["area"])
            middle = square.mean(axis=0).tolist()
            if 0 < middle[0] < self.size[0] and 0 < middle[1] < self.size[1]:
                words = f"{transform.determinant:.2f}"
                self.stage.text(words, middle, COLORS["area"], round(13 * self.scale), "center", bold=True)

    def basis(self, transform: Transform2D) -> None:
        """Draw the images of the basis vectors, as arrows from the image of the origin."""
        origin, i, j = (self.view @ transform).apply([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]).tolist()
        for tip, name, color in ((i, "î", COLORS["i"]), (j, "ĵ", COLORS["j"])):
            self.arrow(origin, tip, color)
            length = math.dist(origin, tip)
            if 0 < length < 1e5:
                beyond = [tip[k] + 14 * self.scale * (tip[k] - origin[k]) / length for k in (0, 1)]
                self.stage.text(name, beyond, color, round(16 * self.scale), "center", bold=True)

    def arrow(self, start: Sequence[float], tip: Sequence[float], color: Color) -> None:
        """Draw an arrow on the screen."""
        length = math.dist(start, tip)
        if not 0 < length < 1e5:
            return
        x, y = (tip[0] - start[0]) / length, (tip[1] - start[1]) / length
        head, half = min(13 * self.scale, 0.6 * length), 1.5 * self.scale
        neck = length - head
        outline = [(0.0, half), (neck, half), (neck, 0.42 * head), (length, 0.0)]
        outline += [(along, -across) for along, across in outline[-2::-1]]
        corners = np.array([[start[0] + a * x - b * y, start[1] + a * y + b * x] for a, b in outline])
        self.stage.polygons(corners, [len(outline)], [color])

    def eigenvectors(self, transform: Transform2D) -> None:
        """Draw the directions that the matrix keeps, as dashed lines through the image of the origin."""
        values, vectors = transform.eigen()
        origin = transform.matrix[:2, 2]
        for value, vector in zip(values.real.tolist(), vectors, strict=False):
            ends = np.stack([origin - 40 * vector, origin + 40 * vector])
            (px, py), (qx, qy) = self.view.apply(ends).tolist()
            part = _clipped((px, py), (qx, qy), self.size)
            if part is None:
                continue
            self._dashes(*part)
            tip = self.view.apply([origin + 2.6 * vector])[0].tolist()
            if 0 < tip[0] < self.size[0] and 0 < tip[1] < self.size[1]:
                place = (tip[0] + 8 * self.scale, tip[1] - 18 * self.scale)
                self.stage.text(f"λ = {value:.2f}", place, COLORS["eigen"], round(12 * self.scale))

    def _dashes(self, p: Point, q: Point) -> None:
        length, dash = math.dist(p, q), 9 * self.scale
        count = int(length // (2 * dash))
        for k in range(count):
            a, b = 2 * k * dash / length, (2 * k + 1) * dash / length
            start = (p[0] + a * (q[0] - p[0]), p[1] + a * (q[1] - p[1]))
            self.line(start, (p[0] + b * (q[0] - p[0]), p[1] + b * (q[1] - p[1])), COLORS["eigen"])

    def pivot(self, point: Point) -> None:
        """Draw where the selected turn about: a circle and a cross."""
        x, y = self.view.apply([point])[0].tolist()
        if abs(x) < 1e5 and abs(y) < 1e5:
            r = 6 * self.scale
            self.stage.circle((x, y), r, COLORS["night"])
            self.stage.circle((x, y), r, COLORS["ink"], max(1, round(1.5 * self.scale)))
            self.line((x - r, y), (x + r, y), COLORS["ink"])
            self.line((x, y - r), (x, y + r), COLORS["ink"])
