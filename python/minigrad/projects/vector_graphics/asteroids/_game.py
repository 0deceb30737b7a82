"""The rules: one step at a time, from the keys that are held. No window, no clock."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from minigrad.projects.vector_graphics.asteroids._bodies import (
    HEIGHT,
    STEPS_PER_SECOND,
    TURN,
    UNIT,
    WIDTH,
    Bullet,
    Rock,
    Ship,
    along,
    apart,
    meet,
    rate,
    rock_outline,
)
from minigrad.random import Generator

__all__ = ["FIRE", "INPUTS", "LEFT", "RIGHT", "START", "THRUST", "Burst", "Game"]

# The keys held during a step, as bits.
LEFT, RIGHT, THRUST, FIRE, START = 1, 2, 4, 8, 16
INPUTS = 32  # how many combinations there are

_UP = TURN * 3 // 4
_TURN_PER_STEP = 26  # 274 degrees per second
_PUSH = round(300 * UNIT / STEPS_PER_SECOND**2)
_TOP_SPEED = rate(480)
_DRAG = 320  # speed falls by 1/320 per step: by a third in a second
_BULLET_SPEED = rate(520)
_BULLET_STEPS = 120
_MOST_BULLETS = 5
_RELOAD = 20
_RADIUS = {3: 46, 2: 26, 1: 14}
_SPEEDS = {3: (30, 70), 2: (50, 110), 1: (70, 160)}
_SCORE = {3: 20, 2: 50, 1: 100}
_CORNERS = 11
_MOST_ROCKS = 11  # at a level's start
_LIVES = 3
_LIFE_EVERY = 10_000
_CLEARANCE = 160  # pixels around a new ship that no rock's middle may be in
_PAUSE = 180  # steps before a new ship, or a new level
_SHIELD = 240


@dataclass(frozen=True)
class Burst:
    """Something that broke in the last step, for the view.

    Attributes
    ----------
    x, y : int
        Units.
    size : int
        Of the rock; 0 for the ship.
    """

    x: int
    y: int
    size: int


class Game:
    """Asteroids.

    Parameters
    ----------
    seed : int
        From 0 to 2**64 - 1: of the rocks' places, shapes and ways.

    Attributes
    ----------
    steps : int
        Since the beginning, 120 per second.
    ship : Ship or None
        None while it is broken.
    rocks : list of Rock
    bullets : list of Bullet
    score, lives, level : int
    best : int
        The highest score of a game that is over.
    level_start : int
        The step at which the level began.
    over : bool
        The last ship is lost; START begins anew.
    shield : int
        Steps for which the ship still passes through rocks.
    bursts : list of Burst
        What broke in the last step.

    Raises
    ------
    TypeError, ValueError
        If the seed is not an integer in range.
    """

    def __init__(self, seed: int = 0) -> None:
        self._rng = Generator(seed)
        self.seed = self._rng.seed
        self.steps = self.best = 0
        self._begin()

    def _begin(self) -> None:
        self.score, self.lives, self.level = 0, _LIVES, 0
        self.over = False
        self.rocks: list[Rock] = []
        self.bullets: list[Bullet] = []
        self.bursts: list[Burst] = []
        self._reload = self._wait = self._gap = 0
        self.shield = self.level_start = 0
        self.ship: Ship | None = None
        self._launch()
        self._next_level()

    # --- a step

    def step(self, keys: int) -> None:
        """Go one step of 1/120 s.

        Parameters
        ----------
        keys : int
            Sum of `LEFT`, `RIGHT`, `THRUST`, `FIRE` and `START`, as far as they are held.
        """
        self.steps += 1
        self.bursts = []
        if self.over and keys & START:
            self._begin()
            return
        self._steer(keys)
        for body in (*self.rocks, *self.bullets):
            body.move()
        self._shoot_rocks()
        self._hit_ship()
        for bullet in self.bullets:
            bullet.steps_left -= 1
        self.bullets = [bullet for bullet in self.bullets if bullet.steps_left > 0]
        self._go_on()

    def _steer(self, keys: int) -> None:
        self._reload = max(0, self._reload - 1)
        self.shield = max(0, self.shield - 1)
        ship = self.ship
        if ship is None:
            return
        ship.spin = _TURN_PER_STEP * (bool(keys & RIGHT) - bool(keys & LEFT))
        ship.thrusting = bool(keys & THRUST)
        if ship.thrusting:
            ax, ay = along(ship.heading, _PUSH)
            ship.vx, ship.vy = ship.vx + ax, ship.vy + ay
        ship.vx, ship.vy = _slowed(ship.vx), _slowed(ship.vy)
        ship.move()
        if keys & FIRE and not self._reload and len(self.bullets) < _MOST_BULLETS:
            self._fire(ship)

    def _fire(self, ship: Ship) -> None:
        nose = along(ship.heading, 16 * UNIT)
        vx, vy = along(ship.heading, _BULLET_SPEED)
        x, y = (ship.x + nose[0]) % (WIDTH * UNIT), (ship.y + nose[1]) % (HEIGHT * UNIT)
        self.bullets.append(Bullet(x, y, ship.vx + vx, ship.vy + vy, steps_left=_BULLET_STEPS))
        self._reload = _RELOAD

    def _shoot_rocks(self) -> None:
        for bullet in tuple(self.bullets):
            rock = next((rock for rock in self.rocks if meet(rock, bullet)), None)
            if rock is not None:
                self.bullets.remove(bullet)
                self._earn(_SCORE[rock.size])
                self._break(rock)

    def _hit_ship(self) -> None:
        ship = self.ship
        if ship is None or self.shield:
            return
        rock = next((rock for rock in self.rocks if meet(rock, ship)), None)
        if rock is None:
            return
        self.bursts.append(Burst(ship.x, ship.y, 0))
        self._earn(_SCORE[rock.size])
        self._break(rock)
        self.ship = None
        self.lives -= 1
        self.over = self.lives == 0
        if self.over:
            self.best = max(self.best, self.score)
        self._wait = _PAUSE

    def _go_on(self) -> None:
        """Bring the next ship, and the next level, when their time has come."""
        if self.ship is None and not self.over:
            self._wait = max(0, self._wait - 1)
            if not self._wait and self._middle_is_clear():
                self._launch()
        if not self.rocks:
            self._gap += 1
            if self._gap > _PAUSE:
                self._next_level()

    def _middle_is_clear(self) -> bool:
        x, y = WIDTH * UNIT // 2, HEIGHT * UNIT // 2
        return all(_is_far(rock.x - x, rock.y - y) for rock in self.rocks)

    def _earn(self, points: int) -> None:
        self.lives += (self.score + points) // _LIFE_EVERY - self.score // _LIFE_EVERY
        self.score += points

    # --- what comes and goes

    def _launch(self) -> None:
        self.ship = Ship(WIDTH * UNIT // 2, HEIGHT * UNIT // 2, heading=_UP)
        self.shield = _SHIELD

    def _next_level(self) -> None:
        self.level += 1
        self.level_start, self._gap = self.steps, 0
        ship = self.ship
        x, y = (ship.x, ship.y) if ship is not None else (WIDTH * UNIT // 2, HEIGHT * UNIT // 2)
        for _ in range(min(self.level + 3, _MOST_ROCKS)):
            while True:
                place = self._draw(WIDTH) * UNIT, self._draw(HEIGHT) * UNIT
                if _is_far(place[0] - x, place[1] - y):
                    break
            self._add_rock(3, *place)

    def _draw(self, bound: int) -> int:
        return int(self._rng.integers(bound))

    def _add_rock(self, size: int, x: int, y: int, vx: int = 0, vy: int = 0) -> None:
        low, high = _SPEEDS[size]
        ux, uy = along(self._draw(TURN), rate(low + self._draw(high - low)))
        outline = rock_outline(_RADIUS[size], [34 + self._draw(31) for _ in range(_CORNERS)])
        spin = (2 + self._draw(10)) * (1 - 2 * self._draw(2))
        self.rocks.append(Rock(x, y, vx + ux, vy + uy, self._draw(TURN), spin, outline, size=size))

    def _break(self, rock: Rock) -> None:
        self.rocks.remove(rock)
        self.bursts.append(Burst(rock.x, rock.y, rock.size))
        if rock.size > 1:
            for _ in range(2):
                self._add_rock(rock.size - 1, rock.x, rock.y, rock.vx >> 1, rock.vy >> 1)

    # --- the state

    def numbers(self) -> list[int]:
        """Return the whole state as whole numbers: two games with the same ones have the same future."""
        scalars = [
            self.seed,
            self._rng.position,
            self.steps,
            self.best,
            self.score,
            self.lives,
            self.level,
            int(self.over),
        ]
        scalars += [self.level_start, self.shield, self._reload, self._wait, self._gap, int(self.ship is not None)]
        scalars += [len(self.rocks), len(self.bullets)]
        bodies = [*([self.ship] if self.ship is not None else []), *self.rocks, *self.bullets]
        return scalars + [number for body in bodies for number in body.numbers()]

    def digest(self) -> str:
        """Return the SHA-256 of the state, 64 hexadecimal digits."""
        return hashlib.sha256(",".join(map(str, self.numbers())).encode()).hexdigest()


def _slowed(speed: int) -> int:
    """Return a speed after drag, towards 0, and held to the greatest."""
    size = min(abs(speed) - abs(speed) // _DRAG, _TOP_SPEED)
    return size if speed > 0 else -size


def _is_far(x: int, y: int) -> bool:
    dx, dy = apart(x, y)
    return dx * dx + dy * dy > (_CLEARANCE * UNIT) ** 2
