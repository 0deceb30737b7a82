"""The scene: shapes, each with a pose of its own, and what can be done to them.

Scenes, shapes and poses do not change: an action makes a new scene, and undoing is looking at
the old one. A pose is kept as its parameters, not as the product of what was done, so that a
million small turns leave a rotation that is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from minigrad.linalg import Transform2D, point_in_polygon

__all__ = ["History", "Keyframe", "Pose", "Scene", "Shape", "can_invert"]

Point = tuple[float, float]

_FIELDS = ("x", "y", "degrees", "scale_x", "scale_y", "shear")
_EXACT_RANGE = 1e100  # coordinates beyond which picking is not tried


def can_invert(transform: Transform2D) -> bool:
    """Whether the map has an inverse."""
    try:
        transform.inverse()
    except ArithmeticError:
        return False
    except ValueError:  # numpy's LinAlgError
        return False
    return True


@dataclass(frozen=True)
class Pose:
    """Where a shape is: ``T(x, y) R(degrees) H(shear) S(scale_x, scale_y)``, the last three about its pivot.

    A singular map may have no such factors; then `linear` holds its upper left 2 x 2 part, row by
    row, in place of the last four.
    """

    x: float = 0.0
    y: float = 0.0
    degrees: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    shear: float = 0.0
    linear: tuple[float, float, float, float] | None = field(default=None, kw_only=True)

    def factors(self) -> tuple[float, ...]:
        """Return the six parameters."""
        return tuple(getattr(self, name) for name in _FIELDS)

    def transform(self, pivot: Point) -> Transform2D:
        """Return the matrix."""
        if self.linear is None:
            return Transform2D.from_factors(*self.factors(), about=pivot)
        a, b, d, e = self.linear
        moved = Transform2D([[a, b, 0.0], [d, e, 0.0]]).apply_vectors([pivot])[0]
        return Transform2D([[a, b, self.x + pivot[0] - moved[0]], [d, e, self.y + pivot[1] - moved[1]]])

    @classmethod
    def of(cls, transform: Transform2D, pivot: Point) -> Pose:
        """Return the pose whose matrix, about the pivot, is `transform`."""
        x, y = (transform.apply([pivot])[0] - pivot).tolist()
        try:
            _, _, degrees, scale_x, scale_y, shear = transform.factors()
        except ValueError:
            (a, b), (d, e) = transform.matrix[:2, :2].tolist()
            return cls(x, y, linear=(a, b, d, e))
        return cls(x, y, degrees, scale_x, scale_y, shear)


@dataclass(frozen=True)
class Shape:
    """A polygon in coordinates of its own, and the pose that puts it into the world.

    Attributes
    ----------
    number : int
        Its name for the machine, kept through every change.
    name : str
    points : tuple of pairs of float
        At least three.
    color : tuple of int
    pose, home : Pose
        Where it is, and where the space bar leads it back to.
    pivot : pair of float
        In its own coordinates.
    """

    number: int
    name: str
    points: tuple[Point, ...]
    color: tuple[int, int, int]
    pose: Pose = field(default_factory=Pose)
    home: Pose = field(default_factory=Pose)
    pivot: Point = (0.0, 0.0)

    @cached_property
    def transform(self) -> Transform2D:
        """The matrix from the shape's coordinates to the world's."""
        return self.pose.transform(self.pivot)

    @cached_property
    def corners(self) -> np.ndarray:
        """The points, (n, 2)."""
        return np.array(self.points)

    @property
    def pivot_in_world(self) -> Point:
        """Where the pivot is."""
        x, y = self.transform.apply([self.pivot])[0].tolist()
        return x, y

    def holds(self, point: Point) -> bool:
        """Whether a point of the world lies in the shape: the inverse matrix takes it back to the shape's own."""
        if not can_invert(self.transform):
            return False
        local = self.transform.inverse().apply([point])
        if not bool((np.abs(local) < _EXACT_RANGE).all()):
            return False
        # Beyond the smallest numbers that the exact test knows lies only the point 0.
        local[np.abs(local) < 1e-100] = 0.0
        return bool(point_in_polygon(self.corners, local)[0])


@dataclass(frozen=True)
class Keyframe:
    """Poses at a moment: by the shapes' numbers."""

    seconds: float
    poses: dict[int, Pose]


@dataclass(frozen=True)
class Scene:
    """Shapes from back to front, which of them are selected, and the keyframes."""

    shapes: tuple[Shape, ...] = ()
    selected: frozenset[int] = frozenset()
    keyframes: tuple[Keyframe, ...] = ()

    @property
    def chosen(self) -> tuple[Shape, ...]:
        """The selected shapes."""
        return tuple(self.shapes[place] for place in self.places)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Where the selected stand among the shapes."""
        if not self.selected:
            return ()
        return tuple(i for i, shape in enumerate(self.shapes) if shape.number in self.selected)

    @cached_property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All points (n, 2), where each shape's end, and the pivots (n_shapes, 2)."""
        if not self.shapes:
            return np.empty((0, 2)), np.empty(0, int), np.empty((0, 2))
        points = np.concatenate([shape.corners for shape in self.shapes])
        return points, np.cumsum([len(s.points) for s in self.shapes]), np.array([s.pivot for s in self.shapes])

    @cached_property
    def colors(self) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
        """The shapes' colours, and those of their rims, which are darker."""
        fills = [shape.color for shape in self.shapes]
        return fills, [(r * 5 // 8, g * 5 // 8, b * 5 // 8) for r, g, b in fills]

    @cached_property
    def matrices(self) -> np.ndarray:
        """The shapes' matrices, (n_shapes, 3, 3)."""
        return np.array([shape.transform.matrix for shape in self.shapes]).reshape(-1, 3, 3)

    # --- shapes come, go, and are chosen

    def with_shape(self, shape: Shape) -> Scene:
        """Return the scene with one more shape in front, which is then the selected one."""
        number = 1 + max((s.number for s in self.shapes), default=0)
        return replace(
            self, shapes=(*self.shapes, replace(shape, number=number, home=shape.pose)), selected=frozenset({number})
        )

    def without_chosen(self) -> Scene:
        """Return the scene without the selected shapes."""
        return replace(
            self, shapes=tuple(s for s in self.shapes if s.number not in self.selected), selected=frozenset()
        )

    def choosing(self, numbers: Iterable[int]) -> Scene:
        """Return the scene with these shapes selected."""
        return replace(self, selected=frozenset(numbers))

    def choosing_next(self, step: int = 1) -> Scene:
        """Return the scene with the shape after the selected one selected, around and around."""
        if not self.shapes:
            return self
        place = (self.places[-1] + step) % len(self.shapes) if self.places else (0 if step > 0 else -1)
        return self.choosing({self.shapes[place].number})

    def at(self, point: Point) -> Shape | None:
        """Return the foremost shape that holds a point of the world."""
        return next((shape for shape in reversed(self.shapes) if shape.holds(point)), None)

    # --- the selected move

    @property
    def pivot(self) -> Point | None:
        """What the selected turn about: the pivot of the one, or the mean of those of the group."""
        places = [shape.pivot_in_world for shape in self.chosen]
        if not places:
            return None
        return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)

    def changed(self, change: Callable[[Shape], Shape]) -> Scene:
        """Return the scene with `change` done to every selected shape."""
        return replace(self, shapes=tuple(change(s) if s.number in self.selected else s for s in self.shapes))

    def posed(self, poses: dict[int, Pose]) -> Scene:
        """Return the scene with these poses, by number."""
        return replace(
            self, shapes=tuple(replace(s, pose=poses[s.number]) if s.number in poses else s for s in self.shapes)
        )

    def moved(self, dx: float, dy: float) -> Scene:
        """Return the scene with the selected moved by (dx, dy)."""
        return self.changed(lambda s: replace(s, pose=replace(s.pose, x=s.pose.x + dx, y=s.pose.y + dy)))

    def turned(self, degrees: float) -> Scene:
        """Return the scene with the selected turned about the pivot."""

        def change(pose: Pose) -> Pose:
            # The sum is of angles, so that no rounding of matrices gathers.
            return replace(pose, degrees=math.fmod(pose.degrees + degrees, 360.0))

        return self._about(Transform2D.rotation(degrees, about=self.pivot or (0.0, 0.0)), change)

    def grown(self, factor: float) -> Scene:
        """Return the scene with the selected scaled from the pivot."""

        def change(pose: Pose) -> Pose:
            return replace(pose, scale_x=pose.scale_x * factor, scale_y=pose.scale_y * factor)

        return self._about(Transform2D.scaling(factor, about=self.pivot or (0.0, 0.0)), change)

    def _about(self, whole: Transform2D, change: Callable[[Pose], Pose]) -> Scene:
        """Return the scene after a turn or growth about the pivot, which keeps every pose's other parameters."""

        def one(shape: Shape) -> Shape:
            if shape.pose.linear is not None:
                return replace(shape, pose=Pose.of(whole @ shape.transform, shape.pivot))
            pose = change(shape.pose)
            if len(self.selected) > 1:
                x, y = whole.apply([shape.pivot_in_world])[0].tolist()
                pose = replace(pose, x=x - shape.pivot[0], y=y - shape.pivot[1])
            return replace(shape, pose=pose)

        return self.changed(one)

    def sheared(self, amount: float) -> Scene:
        """Return the scene with the selected sheared: one along its own axis, a group along the world's."""
        if len(self.selected) == 1 and all(s.pose.linear is None for s in self.chosen):
            return self.changed(lambda s: replace(s, pose=replace(s.pose, shear=s.pose.shear + amount)))
        return self.carried(Transform2D.shearing(amount, about=self.pivot or (0.0, 0.0)))

    def reflected(self) -> Scene:
        """Return the scene with the selected reflected in the vertical line through the pivot."""
        return self.carried(Transform2D.reflection(90, about=self.pivot or (0.0, 0.0)))

    def carried(self, whole: Transform2D) -> Scene:
        """Return the scene with a map of the world done to the selected."""
        return self.changed(lambda s: replace(s, pose=Pose.of(whole @ s.transform, s.pivot)))

    def with_pivot(self, point: Point) -> Scene:
        """Return the scene with the pivots of the selected at a point of the world; nothing else moves."""

        def change(shape: Shape) -> Shape:
            if not can_invert(shape.transform):
                return shape
            x, y = shape.transform.inverse().apply([point])[0].tolist()
            return replace(shape, pivot=(x, y), pose=_same(shape.pose, shape.transform, (x, y)))

        return self.changed(change)

    # --- keyframes

    def with_keyframe(self, gap: float = 1.0) -> Scene:
        """Return the scene with its present poses as a keyframe, `gap` seconds after the last."""
        seconds = self.keyframes[-1].seconds + gap if self.keyframes else 0.0
        frame = Keyframe(seconds, {shape.number: shape.pose for shape in self.shapes})
        return replace(self, keyframes=(*self.keyframes, frame))


def _same(pose: Pose, transform: Transform2D, pivot: Point) -> Pose:
    """Return `pose` about another pivot: the same matrix, the same angle, scales and shear."""
    x, y = (transform.apply([pivot])[0] - pivot).tolist()
    return replace(pose, x=x, y=y)


class History:
    """Scenes that were, and those that undoing has left behind."""

    LIMIT = 500

    def __init__(self) -> None:
        self._past: list[Scene] = []
        self._future: list[Scene] = []

    def note(self, scene: Scene) -> None:
        """Note a scene that is about to change."""
        self._past.append(scene)
        del self._past[: -self.LIMIT]
        self._future.clear()

    def undo(self, now: Scene) -> Scene | None:
        """Return the scene before `now`, or None."""
        if not self._past:
            return None
        self._future.append(now)
        return self._past.pop()

    def redo(self, now: Scene) -> Scene | None:
        """Return the scene that `undo` left, or None."""
        if not self._future:
            return None
        self._past.append(now)
        return self._future.pop()
