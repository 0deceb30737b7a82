"""A pilot that plays by itself: it turns to where the nearest rock will be, and shoots."""

from __future__ import annotations

from math import isqrt

from minigrad.projects.vector_graphics.asteroids._bodies import COSINES, SINES, UNIT, Body, Ship, apart, rate
from minigrad.projects.vector_graphics.asteroids._game import FIRE, LEFT, RIGHT, START, THRUST, Game

__all__ = ["pilot"]

_BULLET_SPEED = rate(520)
_NEAR = 150 * UNIT


def pilot(game: Game) -> int:
    """Return the keys that the pilot holds in the next step.

    Parameters
    ----------
    game : Game
    """
    ship = game.ship
    if ship is None or not game.rocks:
        return START if game.over else 0
    away, (x, y) = min(_meeting(ship, rock) for rock in game.rocks)
    c, s = COSINES[ship.heading], SINES[ship.heading]
    ahead, aside = (c * x + s * y) // UNIT, (c * y - s * x) // UNIT
    keys = 0
    if ahead <= 0 or abs(aside) * 40 > ahead:
        keys |= RIGHT if aside > 0 else LEFT
    if ahead > 0 and abs(aside) * 12 < ahead:
        keys |= FIRE
    # It flees forward where the way is free, and otherwise seeks company only when all is far away.
    if (away < _NEAR and ahead < 0) or (away > 2 * _NEAR and keys & FIRE and abs(ship.vx) + abs(ship.vy) < rate(90)):
        keys |= THRUST
    return keys


def _meeting(ship: Ship, rock: Body) -> tuple[int, tuple[int, int]]:
    """Return the distance of a rock, and the vector to where a bullet fired now would meet it."""
    x, y = apart(rock.x - ship.x, rock.y - ship.y)
    distance = isqrt(x * x + y * y)
    steps = distance // _BULLET_SPEED
    aim = x + (rock.vx - ship.vx) * steps, y + (rock.vy - ship.vy) * steps
    return distance - rock.outline.reach * UNIT, aim
