"""What flies: positions and headings in whole numbers, outlines, and the matrices that place them.

A position is counted in 65536ths of a pixel, a heading in 4096ths of a turn, and the cosines and
sines of the headings are rounded to 65536ths. Outlines have corners on sixteenths of a pixel. So a
placed corner is a sum of products that float64 holds without rounding, and a game takes the same
course on every machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from minigrad import linalg

__all__ = [
    "COSINES",
    "HEIGHT",
    "SINES",
    "STEPS_PER_SECOND",
    "TURN",
    "UNIT",
    "WIDTH",
    "Body",
    "Bullet",
    "Outline",
    "Rock",
    "Ship",
    "along",
    "apart",
    "meet",
    "rate",
    "rock_outline",
]

WIDTH, HEIGHT = 960, 720  # pixels; the world is a torus
STEPS_PER_SECOND = 120
UNIT = 1 << 16
TURN = 1 << 12
COSINES = [round(UNIT * math.cos(2 * math.pi * k / TURN)) for k in range(TURN)]
SINES = [round(UNIT * math.sin(2 * math.pi * k / TURN)) for k in range(TURN)]


def rate(pixels_per_second: float) -> int:
    """Return a speed in units per step."""
    return round(pixels_per_second * UNIT / STEPS_PER_SECOND)


def along(heading: int, length: int) -> tuple[int, int]:
    """Return the vector of a heading and a length, rounded down."""
    return COSINES[heading % TURN] * length >> 16, SINES[heading % TURN] * length >> 16


def apart(x: int, y: int) -> tuple[int, int]:
    """Return the shortest of the vectors that lead the same way around the torus."""
    w, h = WIDTH * UNIT, HEIGHT * UNIT
    return (x + w // 2) % w - w // 2, (y + h // 2) % h - h // 2


@dataclass(frozen=True)
class Outline:
    """A polygon and the convex parts it consists of.

    Attributes
    ----------
    corners : ndarray of shape (n, 2)
        Pixels from the body's own origin, in sixteenths; row `rim` and those after it are not on the rim.
    rim : int
        How many corners are drawn, one after the other.
    parts : tuple of tuple of int
        The corners of each convex part.
    reach : int
        A bound of the distance of a corner from the origin, pixels.
    """

    corners: np.ndarray
    rim: int
    parts: tuple[tuple[int, ...], ...]
    reach: int

    def placed(self, place: linalg.Transform2D) -> list[np.ndarray]:
        """Return the convex parts where `place` takes them."""
        corners = place.apply(self.corners)
        return [corners[list(part)] for part in self.parts]


SHIP = Outline(np.array([[16.0, 0], [-12, 10], [-8, 0], [-12, -10]]), 4, ((0, 1, 2), (0, 2, 3)), 17)
_BULLET = Outline(np.zeros((1, 2)), 1, ((0,),), 1)


def rock_outline(radius: int, lengths: list[int]) -> Outline:
    """Return the outline of a rock: a fan of triangles around its middle.

    Parameters
    ----------
    radius : int
        Pixels.
    lengths : list of int
        From the middle to each corner, in 64ths of the radius; their headings are evenly spread.
    """
    n = len(lengths)
    corners = np.zeros((n + 1, 2))
    for k, length in enumerate(lengths):
        heading = k * TURN // n
        for axis, table in enumerate((COSINES, SINES)):
            corners[k, axis] = round(table[heading] * radius * length / (4 * UNIT)) / 16
    return Outline(corners, n, tuple((n, k, (k + 1) % n) for k in range(n)), radius + 1)


@dataclass
class Body:
    """Something that moves.

    Attributes
    ----------
    x, y : int
        Where, in units from the upper left corner.
    vx, vy : int
        Units per step.
    heading, spin : int
        4096ths of a turn, from +x towards +y, and their change per step.
    outline : Outline
    before : tuple of int
        x, y and heading one step ago, for drawing between two steps.
    """

    x: int
    y: int
    vx: int = 0
    vy: int = 0
    heading: int = 0
    spin: int = 0
    outline: Outline = field(default=_BULLET, compare=False)
    before: tuple[int, int, int] = field(default=(0, 0, 0), compare=False)

    def __post_init__(self) -> None:
        self.before = self.x, self.y, self.heading

    def move(self) -> None:
        """Go one step."""
        self.before = self.x, self.y, self.heading
        self.x = (self.x + self.vx) % (WIDTH * UNIT)
        self.y = (self.y + self.vy) % (HEIGHT * UNIT)
        self.heading = (self.heading + self.spin) % TURN

    def place(self, x: int, y: int) -> linalg.Transform2D:
        """Return the map from the outline to the body at (x, y), in pixels: exact."""
        c, s = COSINES[self.heading] / UNIT, SINES[self.heading] / UNIT
        return linalg.Transform2D([[c, -s, x / UNIT], [s, c, y / UNIT]])

    def numbers(self) -> list[int]:
        """Return the state."""
        return [self.x, self.y, self.vx, self.vy, self.heading, self.spin]

    def parts(self, x: int, y: int) -> list[np.ndarray]:
        """Return the convex parts of the body placed at (x, y), in pixels."""
        return self.outline.placed(self.place(x, y))


@dataclass
class Ship(Body):
    """The player."""

    outline: Outline = field(default=SHIP, compare=False)
    thrusting: bool = False


@dataclass
class Bullet(Body):
    """A shot: over one step it is the segment that it flew along, so it passes through nothing."""

    steps_left: int = 0

    def numbers(self) -> list[int]:
        """Return the state."""
        return [*super().numbers(), self.steps_left]

    def parts(self, x: int, y: int) -> list[np.ndarray]:
        """Return the segment flown in the last step, if it ends at (x, y), in pixels."""
        return [np.array([[(x - self.vx) / UNIT, (y - self.vy) / UNIT], [x / UNIT, y / UNIT]])]


@dataclass
class Rock(Body):
    """A rock of size 3, 2 or 1."""

    size: int = 3

    def numbers(self) -> list[int]:
        """Return the state, with the outline in sixteenths of a pixel."""
        return [*super().numbers(), self.size, *(int(16 * v) for v in self.outline.corners.ravel())]


def meet(a: Body, b: Body) -> bool:
    """Return whether two bodies touch, the shorter way around the torus.

    Only where their circles meet are the separating axes asked.
    """
    x, y = apart(b.x - a.x, b.y - a.y)
    flown = max(abs(a.vx), abs(a.vy), abs(b.vx), abs(b.vy)) * 2
    reach = (a.outline.reach + b.outline.reach) * UNIT + flown
    if x * x + y * y > reach * reach:
        return False
    return linalg.touching(a.parts(0, 0), b.parts(x, y))
