"""Shapes to begin with, and scenes made of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from minigrad import ui
from minigrad.linalg import Transform2D
from minigrad.projects.vector_graphics._scene import Keyframe, Point, Pose, Scene, Shape
from minigrad.random import Generator

__all__ = ["KINDS", "SCENES", "color_of", "crowd", "drawn", "gallery", "make", "polygon"]

_NAMES = {3: "triangle", 4: "square", 5: "pentagon", 6: "hexagon", 7: "heptagon", 8: "octagon", 9: "nonagon"}


def _around(degrees: list[float], radii: list[float]) -> tuple[Point, ...]:
    """Return points at angles and distances from the origin."""
    points = [Transform2D.rotation(a).apply([[r, 0.0]])[0].tolist() for a, r in zip(degrees, radii, strict=True)]
    return tuple((x, y) for x, y in points)


def polygon(sides: int) -> tuple[str, tuple[Point, ...]]:
    """Return the name and the points of a regular polygon that stands on a side."""
    start = -90.0 + 180.0 / sides
    return _NAMES.get(sides, f"{sides}-gon"), _around([start + 360.0 * i / sides for i in range(sides)], [1.0] * sides)


def _triangle() -> tuple[str, tuple[Point, ...]]:
    """Return a triangle, from three vectors."""
    return "triangle", ((-1.0, -0.75), (1.0, -0.75), (0.0, 1.25))


def _star() -> tuple[str, tuple[Point, ...]]:
    return "star", _around([90.0 + 36.0 * i for i in range(10)], [1.2, 0.46] * 5)


def _ship() -> tuple[str, tuple[Point, ...]]:
    return "ship", ((1.3, 0.0), (-0.9, 0.8), (-0.5, 0.0), (-0.9, -0.8))


def _letter() -> tuple[str, tuple[Point, ...]]:
    corners = ((0, 0), (0.5, 0), (0.5, 0.75), (1, 0.75), (1, 1.2), (0.5, 1.2), (0.5, 1.6), (1.3, 1.6), (1.3, 2), (0, 2))
    return "letter F", tuple((x - 0.5, y - 1.0) for x, y in corners)


KINDS = (_triangle, _star, _ship, _letter)


def color_of(number: int) -> tuple[int, int, int]:
    """Return a colour for the shape of that number."""
    code = ui.palette(10)[number % 10]
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def make(named: tuple[str, tuple[Point, ...]], place: int, pose: Pose | None = None) -> Shape:
    """Return a shape that no scene has numbered yet; `place` picks its colour."""
    name, points = named
    return Shape(0, name, points, color_of(place), pose or Pose(), pose or Pose())


def drawn(points: list[Point], place: int) -> Shape:
    """Return a shape of points of the world, whose origin and pivot are their middle."""
    corners = np.array(points)
    x, y = ((corners.min(axis=0) + corners.max(axis=0)) / 2).tolist()
    return make(("drawing", tuple((px - x, py - y) for px, py in points)), place, Pose(x, y))


def gallery() -> Scene:
    """Return the scene that the program begins with."""
    places = (Pose(0.0, 0.0), Pose(-4.5, 1.6, 12.0), Pose(4.6, 1.5, 35.0), Pose(-3.6, -2.7), Pose(4.0, -2.6, 0.0))
    named = (_triangle(), _star(), _ship(), polygon(6), _letter())
    scene = Scene()
    for what, pose, color in zip(named, places, (0, 1, 6, 9, 4), strict=True):
        scene = scene.with_shape(make(what, color, pose))
    return scene.choosing({1})


def crowd(count: int = 2000, seed: int = 0, extent: Point = (10.0, 5.6)) -> Scene:
    """Return many small shapes with three keyframes, between which all of them travel, turn and grow."""
    generator = Generator(seed)
    kinds = [polygon(sides)[1] for sides in range(3, 7)]
    draws = generator.uniform(-1.0, 1.0, size=(2, count, 4))
    shapes = []
    poses: list[dict[int, Pose]] = [{}, {}]
    for i in range(count):
        for frame, (x, y, turn, size) in enumerate(draws[:, i].tolist()):
            scale = 0.13 + 0.05 * size
            poses[frame][i + 1] = Pose(extent[0] * x, extent[1] * y, 180.0 * turn, scale, scale)
        start = poses[0][i + 1]
        shapes.append(Shape(i + 1, f"shape {i + 1}", kinds[i % len(kinds)], color_of(i), start, start))
    frames = (Keyframe(0.0, poses[0]), Keyframe(4.0, poses[1]), Keyframe(8.0, poses[0]))
    return replace(Scene(tuple(shapes)), keyframes=frames)


SCENES = ("gallery", "crowd")
