"""What moves with time: held keys, the way to a pose, the film between keyframes.

Time comes in as seconds and nothing here reads a clock, so a run is the same for any number of
frames per second, up to rounding, and for the same frames the same to the last bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from minigrad.linalg import interpolate_transforms
from minigrad.projects.vector_graphics._scene import Pose, Scene, Shape

__all__ = ["RATES", "Ease", "Hands", "Player", "eased"]

# Per second: degrees, doublings, units of the world, units of the world, shear.
RATES = {"turn": 90.0, "grow": 1.0, "x": 3.0, "y": 3.0, "shear": 0.8}

_LAG = 0.07  # seconds in which a rate covers all but 1/e of the way to what the keys ask for
_TAP = 0.1  # seconds that the shortest press counts


def eased(u: float) -> float:
    """Return the share of the way at the share `u` of the time: no jerk at either end (3 u^2 - 2 u^3)."""
    u = min(max(u, 0.0), 1.0)
    return u * u * (3.0 - 2.0 * u)


@dataclass
class Hands:
    """The keys that are down, and how fast what they drive goes now.

    A rate r follows its target a by dr/dt = (a - r) / lag, which is solved and not stepped: after
    t seconds r = a + (r0 - a) exp(-t / lag), and the way is the integral of that.
    """

    rates: dict[str, float] = field(default_factory=lambda: dict.fromkeys(RATES, 0.0))
    _down: dict[str, tuple[str, float]] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)
    _leaving: dict[str, float] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        """Whether something is held, or has not come to rest."""
        return bool(self._down) or any(self.rates.values())

    def press(self, key: str, what: str, sign: float) -> None:
        """Note that `key` went down, and what it drives."""
        self._leaving.pop(key, None)
        if key not in self._down:
            self._since[key] = 0.0
        self._down[key] = (what, sign)

    def release(self, key: str) -> None:
        """Note that `key` came up; a tap still has its effect."""
        if key in self._down:
            self._leaving[key] = _TAP - self._since[key]
            if self._leaving[key] <= 0:
                self._drop(key)

    def release_all(self) -> None:
        """Note that every key came up."""
        for key in list(self._down):
            self.release(key)

    def _drop(self, key: str) -> None:
        for table in (self._down, self._since, self._leaving):
            table.pop(key, None)

    def advance(self, seconds: float) -> dict[str, float]:
        """Let time pass and return how far each thing went."""
        target = dict.fromkeys(RATES, 0.0)
        for what, sign in self._down.values():
            target[what] += sign * RATES[what]
        fade, ways = math.exp(-seconds / _LAG), {}
        for what, rate in self.rates.items():
            goal = target[what]
            ways[what] = goal * seconds + (rate - goal) * _LAG * (1.0 - fade)
            self.rates[what] = goal + (rate - goal) * fade
            if goal == 0 and abs(self.rates[what]) < 1e-3 * RATES[what]:
                # What would still come: so a key held for t seconds goes exactly t times its rate.
                ways[what] += self.rates[what] * _LAG
                self.rates[what] = 0.0
        for key in list(self._down):
            self._since[key] += seconds
            if key in self._leaving:
                self._leaving[key] -= seconds
                if self._leaving[key] <= 0:
                    self._drop(key)
        return {what: way for what, way in ways.items() if way}


@dataclass
class Ease:
    """Some shapes on their way to other poses, by the interpolation of polar factors."""

    shapes: tuple[Shape, ...]
    goals: dict[int, Pose]
    duration: float = 0.7
    time: float = 0.0

    @property
    def done(self) -> bool:
        """Whether the goals are reached."""
        return self.time >= self.duration

    def advance(self, scene: Scene, seconds: float) -> Scene:
        """Let time pass and return the scene with the shapes where they are then."""
        self.time += seconds
        if self.done:
            return scene.posed(self.goals)
        share, poses = eased(self.time / self.duration), {}
        for shape in self.shapes:
            goal = self.goals[shape.number].transform(shape.pivot)
            now = shape.transform.interpolate(goal, share, about=shape.pivot)
            poses[shape.number] = Pose.of(now, shape.pivot)
        return scene.posed(poses)


class Player:
    """The film between a scene's keyframes: every shape at once, in one call."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.time = 0.0
        self._times = [frame.seconds for frame in scene.keyframes]
        self._pivots = scene.arrays[2]
        # A shape that came after a keyframe stands where it is.
        self._maps = [
            np.array([frame.poses.get(s.number, s.pose).transform(s.pivot).matrix for s in scene.shapes])
            for frame in scene.keyframes
        ]

    @property
    def duration(self) -> float:
        """Seconds from the first keyframe to the last."""
        return self._times[-1] - self._times[0]

    def advance(self, seconds: float) -> None:
        """Let time pass; after the end comes the beginning."""
        self.time = math.fmod(self.time + seconds, self.duration)

    def matrices(self) -> np.ndarray:
        """Return the shapes' matrices now, (n_shapes, 3, 3)."""
        now = self._times[0] + self.time
        last = max(1, min(sum(t <= now for t in self._times), len(self._times) - 1))
        start, end = self._times[last - 1], self._times[last]
        share = eased((now - start) / (end - start))
        if not len(self._pivots):
            return self._scene.matrices
        return interpolate_transforms(self._maps[last - 1], self._maps[last], share, self._pivots)
