"""A game drawn on a stage, at any moment between two of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minigrad import linalg, ui
from minigrad.projects.vector_graphics.asteroids._bodies import (
    COSINES,
    HEIGHT,
    SHIP,
    SINES,
    STEPS_PER_SECOND,
    TURN,
    UNIT,
    WIDTH,
    Body,
    Rock,
    Ship,
    apart,
)
from minigrad.projects.vector_graphics.asteroids._game import Burst, Game

__all__ = ["FOOT", "KEYS", "View"]

KEYS = "← → turn    ↑ thrust    SPACE fire    P pause    V vectors    R save replay    S save picture    Q quit"

_BLACK, _ROCK, _SHIP, _WHITE = (9, 12, 22), (24, 30, 46), (34, 62, 118), (232, 236, 244)
_DIM, _FAINT, _STAR = (138, 148, 170), (62, 74, 104), (70, 80, 104)
_FLAME, _SHOT, _SHIELD = (248, 156, 32), (255, 214, 90), (87, 144, 252)
_VELOCITY, _AXIS, _PART = (87, 200, 252), (240, 90, 100), (52, 66, 102)
_Color = tuple[int, int, int]
FOOT = 28  # pixels of the stage below the world, for the keys
_BURST_STEPS = 70
_MESSAGE_STEPS = 400
_FLAME_CORNERS = np.array([[-9.0, 4], [-21, 0], [-9, -4]])
_TIMES = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]


@dataclass(frozen=True)
class _Camera:
    """From the world, in pixels of its own, to the stage."""

    scale: float
    x: float
    y: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return points of the world on the stage."""
        return self.matrix.apply(points)

    @property
    def matrix(self) -> linalg.Transform2D:
        """The map as a matrix."""
        return linalg.Transform2D([[self.scale, 0, self.x], [0, self.scale, self.y]])


class View:
    """What a stage shows of a game.

    Parameters
    ----------
    game : Game

    Attributes
    ----------
    vectors : bool
        Whether velocities, convex parts and the separating axis are shown.
    """

    def __init__(self, game: Game) -> None:
        self.game = game
        self.vectors = False
        self._message, self._message_end = "", 0
        self._bursts: list[tuple[int, Burst]] = []
        spread = np.arange(90)
        # The plastic number's multiples fill the plane evenly.
        self._stars = np.stack([spread * 0.7548776662 % 1 * WIDTH, spread * 0.5698402910 % 1 * HEIGHT], 1)

    def say(self, message: str) -> None:
        """Show a line above the keys, for a while."""
        self._message, self._message_end = message, self.game.steps + _MESSAGE_STEPS

    @property
    def message(self) -> str:
        """The line above the keys; empty once its time is over."""
        return self._message if self.game.steps <= self._message_end else ""

    def note(self) -> None:
        """Remember what broke in the game's last step."""
        now = self.game.steps
        self._bursts = [entry for entry in self._bursts if now - entry[0] < _BURST_STEPS]
        self._bursts += [(now, burst) for burst in self.game.bursts]

    def draw(self, stage: ui.Stage, between: float = 1.0, paused: bool = False, keys: str = KEYS) -> None:
        """Draw the game.

        Parameters
        ----------
        stage : Stage
        between : float, default 1
            The moment: 0 is before the last step, 1 after it.
        paused : bool, default False
        keys : str
            The line at the foot.
        """
        width, height = stage.size
        foot = FOOT if keys else 0
        scale = max(0.05, min(width / WIDTH, (height - foot) / HEIGHT))
        camera = _Camera(scale, (width - scale * WIDTH) / 2, max(0.0, height - foot - scale * HEIGHT) / 2)
        stage.clear(_BLACK)
        for x, y in camera(self._stars):
            stage.rectangle((x, y), (1, 1), _STAR)
        self._draw_bursts(stage, camera, between)
        for rock in self.game.rocks:
            self._draw_rock(stage, camera, rock, between)
        for bullet in self.game.bullets:
            for place in _places(bullet, between):
                stage.circle(camera(np.array([place]))[0], 2.2 * scale, _SHOT)
        if self.game.ship is not None:
            self._draw_ship(stage, camera, self.game.ship, between)
            if self.vectors:
                self._draw_contact(stage, camera, self.game.ship)
        self._draw_frame(stage, camera)
        self._draw_words(stage, camera, paused, keys)

    # --- bodies

    def _draw_rock(self, stage: ui.Stage, camera: _Camera, rock: Rock, between: float) -> None:
        for place in _places(rock, between):
            corners = camera(_matrix(rock, place, between).apply(rock.outline.corners))
            rim, middle = corners[: rock.outline.rim], corners[-1]
            stage.polygon(rim.tolist(), _ROCK)
            if self.vectors:
                for corner in rim:
                    _line(stage, middle, corner, _PART)
            _close(stage, rim, _WHITE)
            if self.vectors:
                _arrow(stage, middle, _velocity(rock) * camera.scale, _VELOCITY)

    def _draw_ship(self, stage: ui.Stage, camera: _Camera, ship: Ship, between: float) -> None:
        game = self.game
        for place in _places(ship, between):
            matrix = camera.matrix @ _matrix(ship, place, between)
            if ship.thrusting and game.steps // 4 % 2:
                _close(stage, matrix.apply(_FLAME_CORNERS), _FLAME)
            corners = matrix.apply(ship.outline.corners)
            stage.polygon(corners.tolist(), _SHIP)
            _close(stage, corners, _WHITE)
            if self.vectors:
                _line(stage, corners[0], corners[2], _PART)
                _arrow(stage, camera(np.array([place]))[0], _velocity(ship) * camera.scale, _VELOCITY)
            if game.shield and (game.shield > 60 or game.shield // 8 % 2):
                stage.circle(camera(np.array([place]))[0], 24 * camera.scale, _SHIELD, 1)

    def _draw_bursts(self, stage: ui.Stage, camera: _Camera, between: float) -> None:
        for step, burst in self._bursts:
            age = (self.game.steps - step + between) / _BURST_STEPS
            if not 0 <= age < 1:
                continue
            rays = 10 if burst.size else 18
            middle = np.array([burst.x, burst.y]) / UNIT
            glow = _fading(_DIM if burst.size else _FLAME, age)
            for ray in range(rays):
                heading = (ray * TURN // rays + burst.x // 7) % TURN
                way = np.array([COSINES[heading], SINES[heading]]) / UNIT
                far = (18 + 16 * burst.size if burst.size else 60) * age * (0.6 + 0.4 * (ray * 7 % 5) / 4)
                x, y = camera((middle + way * (4 + far))[None])[0]
                stage.circle((x, y), max(0.8, (2.4 - 1.6 * age) * camera.scale), glow)

    # --- what is computed

    def _draw_contact(self, stage: ui.Stage, camera: _Camera, ship: Ship) -> None:
        """Draw the nearest rock's distance along its axis, and the ship's matrix."""
        found = _nearest(ship, self.game.rocks)
        if found is not None:
            distance, normal, start = found
            start, end = camera(np.array([start, start + normal * distance]))
            _line(stage, start, end, _AXIS)
            side = np.array([-normal[1], normal[0]]) * 90 * camera.scale
            _line(stage, (start + end) / 2 - side, (start + end) / 2 + side, _FAINT)
            stage.text(f"{distance:.1f} px", (end + start) / 2 + (6, -16), _AXIS, 12)
        matrix = ship.place(ship.x, ship.y).matrix
        corner, scale = camera(np.array([[WIDTH - 236.0, 44.0]]))[0], camera.scale
        small = _small(scale)
        stage.text("the ship's matrix", corner, _DIM, small)
        for i, row in enumerate(matrix):
            for j, value in enumerate(row):
                words = f"{value:.2f}" if j == 2 and i < 2 else f"{value:.3f}"
                stage.text(words, corner + np.array([70 + 74 * j, 18 + 17 * i]) * scale, _WHITE, small, align="right")

    # --- words

    def _draw_frame(self, stage: ui.Stage, camera: _Camera) -> None:
        """Cover what lies beyond the world's edge."""
        (left, top), (right, bottom) = camera(np.array([[0.0, 0], [WIDTH, HEIGHT]]))
        width, height = stage.size
        if left >= 1:
            stage.rectangle((0, 0), (left, height), _ROCK)
            stage.rectangle((right, 0), (width - right + 1, height), _ROCK)
        if top >= 1:
            stage.rectangle((0, 0), (width, top), _ROCK)
        if height - bottom >= 1:
            stage.rectangle((0, bottom), (width, height - bottom + 1), _ROCK)

    def _draw_words(self, stage: ui.Stage, camera: _Camera, paused: bool, keys: str) -> None:
        game, scale = self.game, camera.scale
        corners = np.array([[14.0, 10], [WIDTH - 14, HEIGHT], [WIDTH / 2, 210]])
        (left, top), (right, bottom), middle = camera(corners)
        small = _small(scale)
        stage.text(f"{game.score:,}", (left, top), _WHITE, round(26 * scale), bold=True)
        icon = SHIP.corners[:, ::-1] * (0.75 * scale, -0.75 * scale)
        for i in range(min(game.lives, 12)):
            _close(stage, icon + (left + (12 + 22 * i) * scale, top + 50 * scale), _WHITE)
        stage.text(f"level {game.level}", (right, top), _DIM, round(16 * scale), align="right")
        if game.best:
            place = (left + right) / 2, top + 10 * scale
            stage.text(f"best {game.best:,}", place, _DIM, round(16 * scale), align="center")
        stage.text(keys, ((left + right) / 2, bottom + FOOT / 2), _DIM, small, align="center")
        if self.message:
            stage.text(self.message, ((left + right) / 2, bottom - 16), _FLAME, small, align="center")
        words, below = self._headline(paused)
        if words:
            stage.text(words, middle, _WHITE, round(44 * scale), align="center", bold=True)
            stage.text(below, middle + (0, 44 * scale), _DIM, round(18 * scale), align="center")

    def _headline(self, paused: bool) -> tuple[str, str]:
        game = self.game
        if paused:
            return "PAUSED", "P goes on"
        if game.over:
            return "GAME OVER", f"{game.score:,} points in level {game.level}. ENTER begins anew"
        if game.steps - game.level_start < 3 * STEPS_PER_SECOND // 2:
            return f"LEVEL {game.level}", "the edges of the world are joined" if game.level == 1 else ""
        return "", ""


def _small(scale: float) -> int:
    return max(9, round(13 * min(scale, 1.2)))


def _fading(color: _Color, age: float) -> _Color:
    """Return a colour on its way into the dark."""
    red, green, blue = (round(b + (a - b) * (1 - age)) for a, b in zip(color, _BLACK, strict=True))
    return red, green, blue


def _places(body: Body, between: float) -> Iterator[tuple[float, float]]:
    """Yield where a body is drawn: once, or more often where it reaches over an edge."""
    x, y, _ = body.before
    dx, dy = apart(body.x - x, body.y - y)
    x_now, y_now = (x + between * dx) / UNIT, (y + between * dy) / UNIT
    reach = body.outline.reach
    for i, j in _TIMES:
        place = x_now + i * WIDTH, y_now + j * HEIGHT
        if -reach <= place[0] <= WIDTH + reach and -reach <= place[1] <= HEIGHT + reach:
            yield place


def _matrix(body: Body, place: tuple[float, float], between: float) -> linalg.Transform2D:
    """Return the map of an outline to `place`, turned as at the moment."""
    turned = (body.heading - body.before[2] + TURN // 2) % TURN - TURN // 2
    degrees = (body.before[2] + between * turned) * 360 / TURN
    return linalg.Transform2D.from_factors(x=place[0], y=place[1], degrees=degrees)


def _velocity(body: Body) -> np.ndarray:
    """Return the way of half a second, pixels."""
    return np.array([body.vx, body.vy]) * (STEPS_PER_SECOND / 2 / UNIT)


def _close(stage: ui.Stage, corners: np.ndarray, color: _Color) -> None:
    points = corners.tolist()
    stage.polyline([*points, points[0]], color)


def _line(stage: ui.Stage, start: np.ndarray, end: np.ndarray, color: _Color) -> None:
    stage.line(start.tolist(), end.tolist(), color)


def _arrow(stage: ui.Stage, start: np.ndarray, way: np.ndarray, color: _Color) -> None:
    end = start + way
    _line(stage, start, end, color)
    head = way * 0.2 if np.abs(way).max() < 40 else way * (8 / np.abs(way).max())
    for side in (-0.5, 0.5):
        _line(stage, end, end - head + side * np.array([-head[1], head[0]]), color)


def _nearest(ship: Ship, rocks: list[Rock]) -> tuple[float, np.ndarray, np.ndarray] | None:
    """Return distance and axis to the nearest part of the nearest rock, and where on the ship they begin."""
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    if rocks:
        rock = min(rocks, key=lambda rock: sum(d * d for d in apart(rock.x - ship.x, rock.y - ship.y)))
        x, y = apart(rock.x - ship.x, rock.y - ship.y)
        for own in ship.parts(ship.x, ship.y):
            for part in rock.parts(ship.x + x, ship.y + y):
                distance, normal = linalg.contact(own, part)
                if best is None or distance < best[0]:
                    best = distance, normal, _foremost(own, part, normal)
    return best


def _foremost(own: np.ndarray, part: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return the point of `own` at which the way along `normal` to `part` begins."""
    ahead = own[:, 0] * normal[0] + own[:, 1] * normal[1]
    corner: np.ndarray = own[int(ahead.argmax())]
    if (ahead > ahead.max() - 1e-6).sum() > 1:
        # A whole edge faces the other: begin across from its nearest corner.
        behind = part[:, 0] * normal[0] + part[:, 1] * normal[1]
        facing: np.ndarray = part[int(behind.argmin())] - normal * (behind.min() - ahead.max())
        return facing
    return corner
