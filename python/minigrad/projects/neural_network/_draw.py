"""The window in which one draws a digit, and sees at once what the network makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from minigrad import datasets, ui
from minigrad.datasets import DataError
from minigrad.projects._program import Session
from minigrad.projects.neural_network._model import Saved
from minigrad.projects.neural_network._report import recognise
from minigrad.serialization import write_atomically

__all__ = ["SIZE", "Pad", "run"]

SIZE = (940, 640)
_CELLS, _FINE = 28, 10  # the grid's cells, and the points along each of them
_RADIUS, _SOFT = 11.0, 6.0  # of the brush, in points: full ink within, none a soft rim further out
_MARGIN, _FOOT = 24, 44
_MOST_BARS = 12
_KEYS = "drag to draw   right button rubs out   C clear   S save picture   Q quit"


def _rgb(name: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(ui.NEUTRAL[name][1:])
    return red, green, blue


_INK, _MUTED, _LINE, _BAR, _ACCENT = (_rgb(name) for name in ("ink", "muted", "grid", "bar", "accent"))


@dataclass
class Pad:
    """A sheet to draw on, and what the network reads there.

    Attributes
    ----------
    saved : Saved
        The network; it reads images of 28 x 28 pixels.
    ink : ndarray of shape (280, 280), float32
        From 0, none, to 1.
    digit : ndarray of shape (28, 28), uint8, or None
        What the network sees: the ink in MNIST's form. None for an empty sheet.
    chances : ndarray of shape (n_classes,), or None
        The probability of each class.
    message : str
        What the last key came to.
    done : bool
        Whether the user has closed the window.
    """

    saved: Saved
    save: Callable[[np.ndarray], str] | None = None
    ink: np.ndarray = field(default_factory=lambda: np.zeros((_CELLS * _FINE, _CELLS * _FINE), np.float32))
    digit: np.ndarray | None = None
    chances: np.ndarray | None = None
    message: str = ""
    done: bool = False
    _size: tuple[int, int] = SIZE
    _last: tuple[float, float] | None = None
    _stale: bool = False

    # --- what the user does

    def handle(self, event: ui.Event) -> None:
        """Act on one event."""
        if event.kind == "quit":
            self.done = True
        elif event.kind == "key":
            self._press(event.key)
        elif event.kind == "release":
            self._last = None
        elif event.kind in ("press", "move") and event.button in (1, 3):
            self._stroke(event.position, rub=event.button == 3, begins=event.kind == "press")

    def _press(self, key: str) -> None:
        if key == "c":
            self.ink[...] = 0
            self.message, self._stale = "", True
        elif key == "s":
            if self.save is not None:
                self.message = self.save(self.ink) if self.ink.any() else "draw something first"
        elif key in ("q", "escape"):
            self.done = True

    def _stroke(self, position: tuple[int, int], *, rub: bool, begins: bool) -> None:
        """Lead the brush from where it was to `position`."""
        x0, y0, side = self._sheet()
        point = ((position[0] - x0) * len(self.ink) / side, (position[1] - y0) * len(self.ink) / side)
        start = point if begins or self._last is None else self._last
        self._last, self._stale = point, True
        _brush(self.ink, start, point, rub)

    def read(self) -> None:
        """Let the network read the sheet, if it has changed."""
        if not self._stale:
            return
        self._stale = False
        try:
            self.digit = datasets.center_digit(np.rint(255 * self.ink).astype(np.uint8))
        except DataError:  # no ink, or too little to be seen
            self.digit = self.chances = None
            return
        self.chances = recognise(self.saved, self.digit)

    # --- what is shown

    def _sheet(self) -> tuple[int, int, int]:
        """Return the sheet's upper left corner and its side on the stage, in pixels."""
        width, height = self._size
        side = max(_CELLS, min(int(0.62 * width), height - _FOOT - _MARGIN))
        return _MARGIN, _MARGIN, side // _CELLS * _CELLS

    def draw(self, stage: ui.Stage) -> None:
        """Draw the sheet, the image that the network sees, and a bar for each class."""
        self._size = stage.size
        self.read()
        stage.clear()
        x, y, side = self._sheet()
        self._draw_sheet(stage, x, y, side)
        column = x + side + _MARGIN
        self._draw_seen(stage, column, y, 5 * _CELLS)
        self._draw_bars(stage, column, y + 5 * _CELLS + 2 * _MARGIN, stage.size[0] - column - _MARGIN)
        stage.text(_KEYS, (x, stage.size[1] - 30), _MUTED, 13)
        stage.text(self.message, (stage.size[0] - _MARGIN, stage.size[1] - 30), _ACCENT, 13, "right")

    def _draw_sheet(self, stage: ui.Stage, x: int, y: int, side: int) -> None:
        stage.image(_grey(1 - self.ink), (x, y), (side, side))
        cell = side // _CELLS
        # Lines go over paper alone: through the ink they would look like a pattern of it.
        blank = ~self.ink.reshape(_CELLS, _FINE, _CELLS, _FINE).any(axis=(1, 3))
        for i, j in np.argwhere(blank):
            stage.rectangle((x + j * cell, y + i * cell), (cell + 1, cell + 1), _LINE, 1)
        stage.rectangle((x, y), (side + 1, side + 1), _MUTED, 1)
        if self.digit is None and self._last is None:
            stage.text("draw a digit here", (x + side / 2, y + side / 2), _MUTED, 22, "center")

    def _draw_seen(self, stage: ui.Stage, x: int, y: int, side: int) -> None:
        pixels = np.zeros((_CELLS, _CELLS), np.uint8) if self.digit is None else self.digit
        stage.image(_grey(np.kron(1 - pixels / 255, np.ones((5, 5)))), (x, y), (side, side))
        stage.rectangle((x, y), (side, side), _MUTED, 1)
        stage.text("what the network sees", (x, y + side + 4), _MUTED, 12)
        if self.chances is not None:
            best = int(self.chances.argmax())
            middle = (x + side + stage.size[0] - _MARGIN) / 2
            name = self.saved.class_names[best]
            stage.text(name, (middle, y + side / 2 - 12), _INK, 84 if len(name) < 3 else 26, "center", bold=True)
            stage.text(f"{100 * self.chances[best]:.1f}%", (middle, y + side - 14), _MUTED, 16, "center")

    def _draw_bars(self, stage: ui.Stage, x: int, y: int, width: int) -> None:
        names = self.saved.class_names
        chances = np.zeros(len(names)) if self.chances is None else self.chances
        shown = np.sort(np.argsort(-chances, kind="stable")[:_MOST_BARS])
        label = max(stage.text_size(names[i], 15)[0] for i in shown) + 12
        room = width - label - 62
        step = min(34, (stage.size[1] - _FOOT - y) // len(shown))
        best = int(chances.argmax())
        for row, i in enumerate(shown):
            top = y + row * step
            stage.text(names[i], (x, top + step // 2 - 10), _INK, 15, bold=bool(i == best and chances[i] > 0))
            stage.rectangle((x + label, top + 3), (room, step - 8), _LINE, round_by=3)
            if chances[i] * room >= 1:
                color = _ACCENT if i == best else _BAR
                stage.rectangle((x + label, top + 3), (chances[i] * room, step - 8), color, round_by=3)
            stage.text(f"{100 * chances[i]:.1f}%", (x + width, top + step // 2 - 9), _MUTED, 13, "right")


def _brush(ink: np.ndarray, start: tuple[float, float], end: tuple[float, float], rub: bool) -> None:
    """Put ink within reach of the segment from `start` to `end`, or take it away."""
    # What rubs out is wider by the rim, or the rim of the ink would stay.
    reach = _RADIUS + (2 * _SOFT if rub else _SOFT)
    low = [max(0, int(min(a, b) - reach)) for a, b in zip(start, end, strict=True)]
    high = [max(0, int(max(a, b) + reach) + 2) for a, b in zip(start, end, strict=True)]
    part = ink[low[1] : high[1], low[0] : high[0]]
    y, x = np.indices(part.shape, dtype=np.float32)
    x, y = x + (low[0] + 0.5 - start[0]), y + (low[1] + 0.5 - start[1])
    along = (end[0] - start[0], end[1] - start[1])
    length = along[0] ** 2 + along[1] ** 2
    t = np.clip((x * along[0] + y * along[1]) / length, 0, 1) if length > 0 else np.float32(0)
    distance = np.sqrt((x - t * along[0]) ** 2 + (y - t * along[1]) ** 2)
    touch = np.clip((reach - distance) / _SOFT, 0, 1).astype(np.float32)
    if rub:
        np.minimum(part, 1 - touch, out=part)
    else:
        np.maximum(part, touch, out=part)


def _grey(values: np.ndarray) -> np.ndarray:
    """Return values from 0 to 1 as pixels, uint8 (height, width, 3)."""
    return np.repeat(np.rint(255 * values).astype(np.uint8)[:, :, None], 3, axis=2)


def run(session: Session, saved: Saved) -> None:
    """Show the window until it is closed.

    Raises
    ------
    DataError
        If there is no display.
    """
    backend, reason = session.window
    if backend is None:
        reason = reason or "--headless and --json open none"
        raise DataError(
            f"draw needs a window: {reason}; draw a digit with any program and run: "
            "minigrad neural-network predict IMAGE"
        )
    with ui.Stage(*SIZE, title="Draw a digit") as stage:
        pad = Pad(saved, lambda ink: _save(session, ink))
        pad.draw(stage)
        while not pad.done:
            events = list(stage.events())
            for event in events:
                pad.handle(event)
            if events:
                pad.draw(stage)
            stage.show(60)


def _save(session: Session, ink: np.ndarray) -> str:
    """Save the drawing, dark on white, for `predict` to read; say where, or what is in the way."""
    path = session.path(_free_name())
    assert path is not None
    with ui.Stage(ink.shape[1], ink.shape[0], window=False) as sheet:
        sheet.image(_grey(1 - ink), (0, 0), ink.shape[::-1])
        try:
            write_atomically(path, sheet.png())
        except DataError as error:
            return str(error)
    session.keep(path)
    return f"saved {path}"


def _free_name() -> str:
    number = 1
    while Path(f"neural_network_drawing_{number}.png").exists():
        number += 1
    return f"neural_network_drawing_{number}.png"
