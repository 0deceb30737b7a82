"""The window: the picture, four corners to drag, the matrix, and one pixel close up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad import ui
from minigrad.image import Composition
from minigrad.projects.image_lab import _report
from minigrad.projects.image_lab._commands import INTERPOLATIONS, perspective, quad
from minigrad.projects.image_lab._lab import Lab
from minigrad.projects.image_lab._scene import Point, Scene

__all__ = ["SIZE", "View", "as_rgb", "preview", "shrunk"]

SIZE = (1180, 760)
_PANEL = 300
_INK, _MUTED, _LINE, _ACCENT, _GROUND = (34, 34, 34), (107, 107, 107), (200, 200, 200), (228, 37, 54), (236, 236, 236)
_HANDLE = (87, 144, 252)
_NEAR = 16  # pixels within which a press takes a corner
_NAMES = ("upper left", "upper right", "lower right", "lower left")
_KEYS = (
    ("drag a corner", "perspective, or the page's corners"),
    ("ENTER", "apply the four corners"),
    ("ESC", "put them back"),
    ("P  W", "corners of the picture, or of a page in it"),
    ("LEFT RIGHT", "turn by 10 degrees"),
    ("UP DOWN", "scale by 1.25 and 0.8"),
    ("F  V", "flip left-right, top-bottom"),
    ("G  B", "grey, blur"),
    ("I", "next interpolation"),
    ("U  Y  R", "undo, redo, reset"),
    ("C", "the original beside it"),
    ("E", "explain the pixel under the pointer"),
    ("S", "save"),
    ("?", "this help"),
    ("Q", "close"),
)


def as_rgb(pixels: np.ndarray) -> np.ndarray:
    """Return pixels of any kind as uint8 RGB; what is transparent shows a chequered ground."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    alpha = pixels[..., -1:].astype(np.uint32) if pixels.shape[2] in (2, 4) else None
    colours = pixels[..., :-1] if alpha is not None else pixels
    colours = np.repeat(colours, 3, axis=2) if colours.shape[2] == 1 else colours
    if alpha is None:
        return np.ascontiguousarray(colours)
    y, x = np.indices(pixels.shape[:2]) // 8
    ground = np.where((x + y) % 2 == 0, 235, 200).astype(np.uint32)[..., None]
    blended: np.ndarray = ((colours * alpha + ground * (255 - alpha) + 127) // 255).astype(np.uint8)
    return blended


def shrunk(scene: Scene, scale: float) -> np.ndarray:
    """Return a scene's picture in a smaller size, resampled with everything else at once."""
    small = scene if scale == 1 else scene.moved(Composition().scale(scale), frame=True)
    return as_rgb(small.render())


@dataclass
class View:
    """What a stage shows of a lab, and what it does with the user's events.

    Attributes
    ----------
    lab : Lab
    compare : bool
        Whether the original is shown beside the result.
    page : bool
        Whether the corners mark a page within the picture; else they are the picture's own.
    corners : list of Point
        Where they have been dragged to, in pixels of the result.
    """

    lab: Lab
    compare: bool = False
    page: bool = False
    corners: list[Point] = field(default_factory=list)
    message: str = ""
    help: bool = False
    done: bool = False
    pointer: tuple[int, int] = (0, 0)
    held: int | None = None
    explained: _report.Closeup | None = None
    save: Callable[[], str] | None = None
    _place: tuple[float, float, float] = (0.0, 0.0, 1.0)
    _shown: tuple[Any, np.ndarray, Point] | None = None

    def __post_init__(self) -> None:
        self._put_back()

    # --- what the user does

    def handle(self, event: ui.Event) -> None:
        """Act on one event."""
        if event.kind == "quit":
            self.done = True
        elif event.kind == "key":
            self._press(event.key)
        elif event.kind == "press" and event.button == 1:
            self.pointer = event.position
            self._take(event.position)
        elif event.kind == "move":
            self.pointer = event.position
            if self.held is not None:
                self.corners[self.held] = self.canvas_point(event.position)
        elif event.kind == "release" and event.button == 1:
            self.held = None

    def _press(self, key: str) -> None:
        commands = {
            "left": "rotate 10",
            "right": "rotate -10",
            "up": "scale 1.25",
            "down": "scale 0.8",
            "f": "flip h",
            "v": "flip v",
            "g": "grey",
            "b": "blur",
            "u": "undo",
            "y": "redo",
            "r": "reset",
        }
        actions: dict[str, Callable[[], None]] = {
            "return": self._apply,
            "escape": self._put_back,
            "p": lambda: self._mark(False),
            "w": lambda: self._mark(True),
            "i": self._next_interpolation,
            "c": self._toggle_compare,
            "e": self._explain,
            "s": self._save,
            "?": self._toggle_help,
            "q": self._close,
        }
        if key in commands:
            self._do(commands[key])
        elif key in actions:
            actions[key]()

    def _do(self, line: str) -> None:
        try:
            self.lab.do(line)
            self.message = line
        except ValueError as error:
            self.message = str(error)
            return
        self._put_back()

    def _apply(self) -> None:
        if not self.moved:
            self.message = "drag a corner first"
            return
        numbers = " ".join(f"{round(value, 1):g}" for point in self.corners for value in point)
        self._do(("warp-to-rectangle " if self.page else "perspective ") + numbers)

    def _mark(self, page: bool) -> None:
        self.page = page
        self._put_back()
        self.message = (
            "drag the corners onto the page, then ENTER" if page else "drag the picture's corners, then ENTER"
        )

    def _put_back(self) -> None:
        """Let the corners be the picture's, or a rectangle within it."""
        self.explained, self.held = None, None
        canvas = self.lab.scene.canvas
        x, y = canvas.width - 1.0, canvas.height - 1.0
        a, b = (0.15, 0.85) if self.page else (0.0, 1.0)
        self.corners = [(a * x, a * y), (b * x, a * y), (b * x, b * y), (a * x, b * y)]

    @property
    def moved(self) -> bool:
        """Whether there are corners to apply."""
        return self.page or self.corners != self.lab.scene.canvas.corners

    def _next_interpolation(self) -> None:
        at = INTERPOLATIONS.index(self.lab.scene.interpolation)
        self._do(f"interp {INTERPOLATIONS[(at + 1) % len(INTERPOLATIONS)]}")

    def _toggle_compare(self) -> None:
        self.compare = not self.compare

    def _toggle_help(self) -> None:
        self.help = not self.help

    def _close(self) -> None:
        self.done = True

    def _save(self) -> None:
        if self.save is not None:
            try:
                self.message = self.save()
            except ValueError as error:
                self.message = str(error)

    def _explain(self) -> None:
        x, y = self.canvas_point(self.pointer)
        try:
            self.explained = _report.closeup(self.lab.scene, round(x), round(y))
        except ValueError as error:
            self.message = str(error)

    def _take(self, position: tuple[int, int]) -> None:
        distances = [np.hypot(*(np.array(self.stage_point(corner)) - position)) for corner in self.corners]
        nearest = int(np.argmin(distances))
        if not self.compare and distances[nearest] <= _NEAR:
            self.held = nearest

    # --- from the canvas to the stage and back

    def stage_point(self, point: Point) -> Point:
        """Return where a point of the canvas is on the stage."""
        left, top, scale = self._place
        return left + (point[0] + 0.5) * scale, top + (point[1] + 0.5) * scale

    def canvas_point(self, position: tuple[int, int]) -> Point:
        """Return the point of the canvas that a place on the stage shows."""
        left, top, scale = self._place
        return (position[0] - left) / scale - 0.5, (position[1] - top) / scale - 0.5

    # --- drawing

    def draw(self, stage: ui.Stage) -> None:
        """Draw everything."""
        width, height = stage.size
        stage.clear(_GROUND)
        area = (max(width - _PANEL, 100), max(height, 100))
        if self.compare:
            self._draw_beside(stage, area)
        else:
            self._draw_picture(stage, area)
        stage.rectangle((area[0], 0), (_PANEL, height), (255, 255, 255))
        self._draw_panel(stage, area[0] + 16)
        if self.help:
            self._draw_help(stage)

    def _draw_picture(self, stage: ui.Stage, area: tuple[int, int]) -> None:
        canvas = self.lab.scene.canvas
        # A seventh of the room stays free on each side, for corners that are dragged outward.
        scale = min(area[0] / canvas.width, area[1] / canvas.height) * 5 / 7
        self._place = ((area[0] - canvas.width * scale) / 2, (area[1] - canvas.height * scale) / 2, scale)
        pixels, (left, top) = self._picture(min(scale, 1.0))
        grow = max(scale, 1.0)
        corner = (self._place[0] + left * scale, self._place[1] + top * scale)
        stage.image(pixels, corner, (pixels.shape[1] * grow, pixels.shape[0] * grow))
        points = [self.stage_point(point) for point in self.corners]
        stage.polygon(points, _HANDLE, 2)
        for number, point in enumerate(points):
            stage.circle(point, 8, _ACCENT if number == self.held else _HANDLE)
            stage.circle(point, 4, (255, 255, 255))

    def _picture(self, scale: float) -> tuple[np.ndarray, Point]:
        """Return what to show and where it begins, in pixels of the canvas; kept until something changes."""
        scene = self.lab.scene
        key = (scene, scale, None if self.page else tuple(self.corners))
        if self._shown is None or self._shown[0] != key:
            seen, (left, top) = scene, (0.0, 0.0)
            if not self.page and self.moved:
                try:
                    seen = perspective(scene, quad([value for point in self.corners for value in point]))
                    left, top = seen.canvas.left - scene.canvas.left, seen.canvas.top - scene.canvas.top
                    self.message = "ENTER applies the perspective, ESC puts the corners back"
                except ValueError as error:
                    self.message, seen = str(error), scene
            self._shown = (key, shrunk(seen, scale), (left, top))
        return self._shown[1], self._shown[2]

    def _draw_beside(self, stage: ui.Stage, area: tuple[int, int]) -> None:
        half = area[0] / 2
        for number, (scene, name) in enumerate(((self.lab.original, "original"), (self.lab.scene, "result"))):
            canvas = scene.canvas
            scale = min((half - 30) / canvas.width, (area[1] - 80) / canvas.height)
            pixels = shrunk(scene, min(scale, 1.0))
            size = (canvas.width * scale, canvas.height * scale)
            stage.image(pixels, (half * (number + 0.5) - size[0] / 2, (area[1] - size[1]) / 2), size)
            stage.text(name, (half * (number + 0.5), 20), _MUTED, 14, "center")

    def _draw_panel(self, stage: ui.Stage, left: int) -> None:
        scene, canvas = self.lab.scene, self.lab.scene.canvas
        stage.text(self.lab.name[:30], (left, 14), size=16, bold=True)
        stage.text(f"{canvas.width} x {canvas.height}, {scene.interpolation}", (left, 40), _MUTED)
        stage.text(f"resampled {scene.resamplings}x from the original", (left, 58), _MUTED)
        stage.text("Composed matrix", (left, 92), bold=True)
        for i, row in enumerate(scene.matrix):
            for j, value in enumerate(row):
                stage.text(f"{value:.4g}", (left + 85 * (j + 1), 114 + 20 * i), align="right")
        stage.text("page" if self.page else "corners", (left, 190), bold=True)
        for k, (x, y) in enumerate(self.corners):
            stage.text(_NAMES[k], (left, 212 + 18 * k), _MUTED)
            stage.text(f"({x:.1f}, {y:.1f})", (left + 255, 212 + 18 * k), align="right")
        stage.text("History", (left, 300), bold=True)
        for k, step in enumerate(self.lab.steps[-6:]):
            stage.text(step[:36], (left, 322 + 18 * k), _MUTED)
        if self.explained is not None:
            _draw_closeup(stage, self.explained, left, 440)
        for k, line in enumerate(_wrapped(self.message, 40)[:3]):
            stage.text(line, (left, stage.size[1] - 84 + 17 * k), _ACCENT)
        stage.text("?  all keys      Q  close", (left, stage.size[1] - 28), _MUTED)

    def _draw_help(self, stage: ui.Stage) -> None:
        stage.rectangle((120, 90), (600, 60 + 28 * len(_KEYS)), (255, 255, 255), round_by=8)
        stage.rectangle((120, 90), (600, 60 + 28 * len(_KEYS)), _LINE, 2, round_by=8)
        stage.text("Keys", (150, 106), size=16, bold=True)
        for k, (key, what) in enumerate(_KEYS):
            stage.text(key, (150, 140 + 28 * k), _HANDLE, 14, bold=True)
            stage.text(what, (310, 140 + 28 * k), _INK, 14)


def _draw_closeup(stage: ui.Stage, view: _report.Closeup, left: int, top: int) -> None:
    """Draw the 4 x 4 pixels that one of the result's comes from, with their weights."""
    stage.text(f"Pixel ({view.pixel[0]}, {view.pixel[1]})", (left, top), bold=True)
    side, top = 46, top + 22
    full = max(float(np.nanmax(np.nan_to_num(view.values))), 255.0)
    for i in range(4):
        for j in range(4):
            value = view.values[i, j]
            level = 220 if np.isnan(value) else int(255 * min(max(value / full, 0.0), 1.0))
            stage.rectangle((left + side * j, top + side * i), (side - 1, side - 1), (level,) * 3)
            ink = (0, 0, 0) if level > 110 else (255, 255, 255)
            centre = (left + side * (j + 0.5), top + side * (i + 0.5))
            stage.text(f"{view.weights[i, j]:.3f}", centre, ink, 11, "center")
    x = left + side * (view.source[0] - view.corner[0] + 0.5)
    y = top + side * (view.source[1] - view.corner[1] + 0.5)
    stage.circle((x, y), 5, _ACCENT)
    stage.text(f"= {view.result:.2f}", (left + 4 * side + 8, top + 2 * side - 8), bold=True)


def _wrapped(words: str, width: int) -> list[str]:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) >= width and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def preview(lab: Lab, *, beside: bool = False) -> bytes:
    """Return what the window would show, as a PNG."""
    with ui.Stage(*SIZE, window=False) as stage:
        View(lab, compare=beside).draw(stage)
        return stage.png()
