"""Scenes in files: JSON in and out, and SVG."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from minigrad import DataError
from minigrad.linalg import Transform2D
from minigrad.projects.vector_graphics._camera import Camera
from minigrad.projects.vector_graphics._paint import COLORS
from minigrad.projects.vector_graphics._scene import Keyframe, Point, Pose, Scene, Shape

__all__ = ["read_scene", "scene_to_json", "scene_to_svg"]

_FORMAT = "minigrad scene 1"
_HINT = "a scene is the JSON file that CTRL+S or --save NAME.json writes"
_MOST_POINTS, _MOST_SHAPES = 100_000, 100_000
_POSE = ("x", "y", "degrees", "scale_x", "scale_y", "shear")


# --- out


def _hex(color: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def _pose_out(pose: Pose) -> dict[str, Any]:
    return {name: value for name, value in asdict(pose).items() if value is not None}


def scene_to_json(scene: Scene, camera: Camera) -> bytes:
    """Return a scene as the JSON that `read_scene` reads: numbers come back to the last bit."""
    shapes = [
        {
            "number": shape.number,
            "name": shape.name,
            "color": _hex(shape.color),
            "pivot": list(shape.pivot),
            "pose": _pose_out(shape.pose),
            "home": _pose_out(shape.home),
            "points": [list(point) for point in shape.points],
        }
        for shape in scene.shapes
    ]
    frames = [
        {"seconds": frame.seconds, "poses": {str(k): _pose_out(pose) for k, pose in frame.poses.items()}}
        for frame in scene.keyframes
    ]
    whole = {"format": _FORMAT, "camera": asdict(camera), "shapes": shapes, "keyframes": frames}
    return (json.dumps(whole, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def scene_to_svg(scene: Scene, camera: Camera, size: tuple[int, int]) -> bytes:
    """Return a scene as SVG: each shape with its own points, and its matrix as the `transform`."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" '
        f'viewBox="0 0 {size[0]} {size[1]}">',
        f'<rect width="100%" height="100%" fill="{_hex(COLORS["night"])}"/>',
        f'<g transform="{_svg_matrix(camera.view(size))}">',
    ]
    for shape in scene.shapes:
        points = " ".join(f"{x!r},{y!r}" for x, y in shape.points)
        lines.append(
            f'<polygon fill="{_hex(shape.color)}" transform="{_svg_matrix(shape.transform)}" points="{points}">'
            f"<title>{escape(shape.name)}</title></polygon>"
        )
    return "\n".join([*lines, "</g>", "</svg>", ""]).encode()


def _svg_matrix(transform: Transform2D) -> str:
    (a, c, e), (b, d, f), _ = transform.matrix.tolist()
    return f"matrix({a!r} {b!r} {c!r} {d!r} {e!r} {f!r})"


# --- in


class _Reader:
    """Takes a scene apart, and says of each thing wrong where it stands."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, where: str, problem: str) -> DataError:
        return DataError(f"{self.path}: {where} {problem}")

    def fields(self, value: Any, where: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.fail(where, f"must be an object; got {_shown(value)}")
        for name in value:
            if name not in needed + optional:
                raise self.fail(where, f"has an unknown field {name!r}; known are {', '.join(needed + optional)}")
        for name in needed:
            if name not in value:
                raise self.fail(where, f"lacks the field {name!r}")
        return value

    def number(self, value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.fail(where, f"must be a number; got {_shown(value)}")
        if not (math.isfinite(value) and abs(value) <= 1e9):
            raise self.fail(where, f"must be a number of at most 1e9; got {value!r}")
        return float(value)

    def items(self, value: Any, where: str, low: int, high: int) -> list[Any]:
        if not isinstance(value, list):
            raise self.fail(where, f"must be a list; got {_shown(value)}")
        if not low <= len(value) <= high:
            raise self.fail(where, f"must have from {low} to {high} elements; got {len(value)}")
        return value

    def point(self, value: Any, where: str) -> Point:
        x, y = self.items(value, where, 2, 2)
        return self.number(x, f"{where}[0]"), self.number(y, f"{where}[1]")

    def pose(self, value: Any, where: str) -> Pose:
        fields = self.fields(value, where, (), (*_POSE, "linear"))
        numbers = {k: self.number(v, f"{where}.{k}") for k, v in fields.items() if k != "linear"}
        values = [numbers.get(name, default) for name, default in zip(_POSE, Pose().factors(), strict=True)]
        if "linear" not in fields:
            return Pose(*values)
        a, b, d, e = (self.number(v, f"{where}.linear") for v in self.items(fields["linear"], f"{where}.linear", 4, 4))
        return Pose(*values, linear=(a, b, d, e))

    def color(self, value: Any, where: str) -> tuple[int, int, int]:
        if isinstance(value, str) and len(value) == 7 and value[0] == "#":
            try:
                return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)
            except ValueError:
                pass
        raise self.fail(where, f"must be a colour such as #3f90da; got {_shown(value)}")

    def shape(self, value: Any, where: str, place: int) -> Shape:
        f = self.fields(value, where, ("points",), ("number", "name", "color", "pivot", "pose", "home"))
        points = self.items(f["points"], f"{where}.points", 3, _MOST_POINTS)
        number = f.get("number", place + 1)
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise self.fail(f"{where}.number", f"must be an int >= 1; got {_shown(number)}")
        name = f.get("name", f"shape {number}")
        if not isinstance(name, str) or not name.isprintable():
            raise self.fail(f"{where}.name", f"must be printable text; got {_shown(name)}")
        pose = self.pose(f.get("pose", {}), f"{where}.pose")
        return Shape(
            number,
            name,
            tuple(self.point(p, f"{where}.points[{i}]") for i, p in enumerate(points)),
            self.color(f.get("color", "#3f90da"), f"{where}.color"),
            pose,
            self.pose(f["home"], f"{where}.home") if "home" in f else pose,
            self.point(f.get("pivot", [0.0, 0.0]), f"{where}.pivot"),
        )

    def keyframe(self, value: Any, where: str, after: float) -> Keyframe:
        f = self.fields(value, where, ("seconds", "poses"))
        seconds = self.number(f["seconds"], f"{where}.seconds")
        if not seconds > after:
            raise self.fail(f"{where}.seconds", f"must be more than that of the keyframe before; got {seconds:g}")
        if not isinstance(f["poses"], dict) or not all(key.isdecimal() for key in f["poses"]):
            raise self.fail(f"{where}.poses", "must be an object from shapes' numbers to poses")
        return Keyframe(seconds, {int(k): self.pose(v, f"{where}.poses[{k!r}]") for k, v in f["poses"].items()})

    def camera(self, value: Any, where: str) -> Camera:
        f = self.fields(value, where, (), ("x", "y", "zoom"))
        numbers = {name: self.number(v, f"{where}.{name}") for name, v in f.items()}
        if not numbers.get("zoom", 1.0) > 0:
            raise self.fail(f"{where}.zoom", f"must be positive; got {numbers['zoom']:g}")
        return Camera(**numbers)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."


def read_scene(path: Path) -> tuple[Scene, Camera]:
    """Return the scene and the camera of a file that `scene_to_json` wrote, or a person did.

    Raises
    ------
    DataError
        If the file cannot be read or is no scene; the message says where and why.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; {_HINT}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not text in UTF-8 (byte {error.start}); {_HINT}") from error
    if text.lstrip("\ufeff \r\n\t").startswith("<"):
        raise DataError(f"{path}: a drawing such as SVG is written here but not read; {_HINT}")
    if not text.strip():
        raise DataError(f"{path}: empty; {_HINT}")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: line {error.lineno}, column {error.colno}: {error.msg}; {_HINT}") from error
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error
    except RecursionError:
        raise DataError(f"{path}: nested too deeply for a scene") from None
    read = _Reader(path)
    f = read.fields(value, "the scene", ("format", "shapes"), ("camera", "keyframes"))
    if f["format"] != _FORMAT:
        raise read.fail("format", f"must be {_FORMAT!r}; got {_shown(f['format'])}")
    items = read.items(f["shapes"], "shapes", 0, _MOST_SHAPES)
    shapes = tuple(read.shape(item, f"shapes[{i}]", i) for i, item in enumerate(items))
    numbers = {shape.number for shape in shapes}
    if len(numbers) < len(shapes):
        raise read.fail("shapes", "must have numbers of their own; two have the same")
    frames: list[Keyframe] = []
    for i, item in enumerate(read.items(f.get("keyframes", []), "keyframes", 0, 10_000)):
        frames.append(read.keyframe(item, f"keyframes[{i}]", frames[-1].seconds if frames else -math.inf))
    return Scene(shapes, frozenset({shapes[0].number} if shapes else ()), tuple(frames)), read.camera(
        f.get("camera", {}), "camera"
    )
