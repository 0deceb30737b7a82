"""What a history of commands makes of a picture: one map, one colour matrix, one resampling.

Geometry is kept as a `Composition`: commands multiply exactly, and the pixels are looked up once, in the
original. Colour matrices are multiplied too; since the weights of an interpolation sum to 1, it is
the same whether colours change before the warp or after it. Filters that look at neighbours
(blur, sharpen, ...) commute with neither: a blur of 3 pixels before `scale 0.5` is not one of 3 pixels
after it. Such a filter acts on the picture as it stands there, in the pixels of that picture, and its
unrounded result is what later commands start from: a new base. `history` and `info` say so.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from minigrad import image as im
from minigrad._check import DataError
from minigrad.image import Composition

__all__ = ["LARGEST", "Canvas", "Filter", "Scene", "Sheet", "full_of"]

LARGEST = 100_000_000  # pixels of a result that needs no '!'
_FARTHEST = 1_000_000  # of a side, whatever is asked
_EMBOSS = ((-2, -1, 0), (-1, 1, 1), (0, 1, 2))
Point = tuple[float, float]


@dataclass(frozen=True)
class Sheet:
    """A rectangle of width x height pixels, and where its map has taken it in the plane."""

    map: Composition
    width: int
    height: int

    def outline(self) -> list[Point]:
        """Return where the outer corners of its corner pixels are, clockwise from the upper left."""
        x, y = self.width - 0.5, self.height - 0.5
        return [project(self.map.matrix(), *corner) for corner in ((-0.5, -0.5), (x, -0.5), (x, y), (-0.5, y))]


@dataclass(frozen=True)
class Canvas:
    """The pixels of a result: how many, and where in the plane the first one's centre lies."""

    width: int
    height: int
    left: float
    top: float

    @property
    def corners(self) -> list[Point]:
        """The centres of the corner pixels, clockwise from the upper left, in the canvas's own coordinates."""
        x, y = float(self.width - 1), float(self.height - 1)
        return [(0.0, 0.0), (x, 0.0), (x, y), (0.0, y)]


@dataclass(frozen=True)
class Filter:
    """A filter that looks at neighbours: its name and its numbers."""

    name: str
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture's base and everything that has been asked of it since.

    Attributes
    ----------
    pixels : ndarray or None
        The original; None if `parent`, seen through `filter`, is the base.
    picture : Sheet
        The base and where it lies.
    frame : Sheet
        What of the plane is shown: the canvas is the smallest upright rectangle around it.
    clips : tuple of Sheet
        Earlier frames, beyond which everything was cropped away.
    color : ndarray of shape (4, 4)
    interpolation, edge : str
        As `minigrad.image.warp` names them.
    keep : bool
        Whether the frame stays where it is, instead of growing and turning with the picture.
    """

    pixels: np.ndarray | None
    picture: Sheet
    frame: Sheet
    parent: Scene | None = None
    filter: Filter | None = None
    clips: tuple[Sheet, ...] = ()
    color: np.ndarray = field(default_factory=lambda: np.eye(4))
    interpolation: str = "bilinear"
    edge: str = "constant"
    keep: bool = False

    @classmethod
    def of(cls, pixels: np.ndarray) -> Scene:
        """Return the scene that shows a picture as it is."""
        sheet = Sheet(Composition(), pixels.shape[1], pixels.shape[0])
        return cls(pixels, sheet, sheet)

    # --- geometry

    @functools.cached_property
    def canvas(self) -> Canvas:
        """The canvas."""
        points = self.frame.outline()
        (left, right), (top, bottom) = ((min(v), max(v)) for v in zip(*points, strict=True))
        upright = self.frame.map.is_rational and _is_upright(points)
        width, height = _count(right - left, upright), _count(bottom - top, upright)
        return Canvas(width, height, (left + right - width + 1) / 2, (top + bottom - height + 1) / 2)

    @functools.cached_property
    def matrix(self) -> np.ndarray:
        """The one map from the base's pixels to the canvas's."""
        return on_canvas(self.picture.map.matrix(), self.canvas)

    def moved(self, step: Composition | np.ndarray, *, frame: bool | None = None) -> Scene:
        """Return the scene after a map of the plane, given in coordinates of the canvas if it is a matrix."""
        with_frame = not self.keep if frame is None else frame
        canvas = self.canvas
        if isinstance(step, np.ndarray):
            matrices = [_shift(-canvas.left, -canvas.top), step, _shift(canvas.left, canvas.top)]
        else:
            # About the middle of a canvas that stays; a canvas that follows does not care.
            x, y = canvas.left + (canvas.width - 1) / 2, canvas.top + (canvas.height - 1) / 2
            x, y = (x, y) if not with_frame else (0.0, 0.0)
            matrices = [_shift(-x, -y), step, _shift(x, y)]

        def follow(sheet: Sheet) -> Sheet:
            return Sheet(_chain(sheet.map, matrices), sheet.width, sheet.height)

        moved = replace(self, picture=follow(self.picture), clips=tuple(follow(clip) for clip in self.clips))
        return replace(moved, frame=follow(self.frame)) if with_frame else moved

    def cropped(self, left: float, top: float, width: int, height: int) -> Scene:
        """Return the scene cut to a rectangle of the canvas."""
        canvas = self.canvas
        place = Composition().translate(canvas.left + left, canvas.top + top)
        return replace(self, frame=Sheet(place, width, height), clips=self._all_clips())

    def straightened(self, corners: list[Point], width: int, height: int) -> Scene:
        """Return the scene in which four points of the canvas are the corners of the whole picture."""
        canvas = Canvas(width, height, 0.0, 0.0)
        matrix = im.homography(corners, canvas.corners)
        cut = replace(self, clips=self._all_clips()).moved(matrix, frame=False)
        place = Composition().translate(self.canvas.left, self.canvas.top)
        return replace(cut, frame=Sheet(place, width, height))

    def _all_clips(self) -> tuple[Sheet, ...]:
        return self.clips if self.frame == self.picture else (*self.clips, self.frame)

    def check(self) -> None:
        """Raise DataError if the horizon crosses what is shown, or the canvas is beyond all limits."""
        for clip in self.clips:
            clip.outline()
        if not np.isfinite(self.matrix).all():
            raise DataError("the map has grown beyond the largest float; undo, or take smaller steps")

    # --- colour and neighbours

    def colored(self, matrix: np.ndarray) -> Scene:
        """Return the scene after a colour matrix."""
        return replace(self, color=(matrix[:, :, None] * self.color[None]).sum(axis=1))

    def filtered(self, filter_: Filter) -> Scene:
        """Return the scene whose base is this one, seen through a filter of neighbours."""
        sheet = Sheet(Composition(), self.canvas.width, self.canvas.height)
        return Scene(
            None, sheet, sheet, self, filter_, interpolation=self.interpolation, edge=self.edge, keep=self.keep
        )

    # --- pixels

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type of the original, and of the result."""
        if self.pixels is not None:
            return self.pixels.dtype
        assert self.parent is not None
        return self.parent.dtype

    @property
    def resamplings(self) -> int:
        """How often pixels are interpolated on the way from the original."""
        before = self.parent.resamplings if self.parent is not None else 0
        return before + (0 if self._moves_whole_pixels() else 1)

    def _moves_whole_pixels(self) -> bool:
        m = self.matrix
        turn = np.abs(m[:2, :2]).tolist() in ([[1, 0], [0, 1]], [[0, 1], [1, 0]])
        return turn and m[2].tolist() == [0, 0, 1] and bool((m == np.rint(m)).all())

    def base(self) -> np.ndarray:
        """Return what the map starts from: the original, or a filter's unrounded result."""
        if self.pixels is not None:
            return self.pixels
        return _filtered(self)

    def render(self) -> np.ndarray:
        """Return the result, of the original's element type."""
        plain = self.pixels is not None and np.array_equal(self.color, np.eye(4))
        if not plain:
            return _rounded(self.unrounded(), self.dtype)
        covered, coverage = self._warped(self.base()), self._coverage()
        if coverage is None:
            return covered
        return _rounded(_fade(covered.astype(np.float32), coverage), self.dtype)

    def unrounded(self) -> np.ndarray:
        """Return the result in float32, within the range of the original's type."""
        full = full_of(self.dtype)
        pixels = self._warped(self.base().astype(np.float32))
        pixels = np.clip(_recolor(pixels, self.color, full), 0, np.float32(full))
        coverage = self._coverage()
        return pixels if coverage is None else _fade(pixels, coverage)

    def _warped(self, base: np.ndarray) -> np.ndarray:
        canvas = self.canvas
        if np.array_equal(self.matrix, np.eye(3)) and base.shape[:2] == (canvas.height, canvas.width):
            return base
        mode = self.edge
        if mode == "constant" and self._is_covered():
            mode = "replicate"  # between the centres and the edges of the outermost pixels there is nothing to fade
        return im.warp(
            base,
            self.matrix,
            (canvas.height, canvas.width),
            interpolation=self.interpolation,
            mode=mode,
            alpha=_has_alpha(base),
        )

    def _is_covered(self) -> bool:
        """Whether every pixel of the canvas has its centre on the picture."""
        try:
            sides = _half_planes(self.picture, self.canvas)
        except DataError:  # a part of it is beyond the horizon
            return False
        return all(a * x + b * y + c > -1e-6 for a, b, c in sides for x, y in self.canvas.corners)

    def _coverage(self) -> np.ndarray | None:
        """Return which share of each pixel was not cropped away; None if of all of them everything."""
        sheets, share, canvas = [*self.clips], None, self.canvas
        # An upright frame fills its canvas; a turned one leaves corners, which the edge mode may fill.
        if self.frame != self.picture and self.edge == "constant" and not _is_upright(self.frame.outline()):
            sheets.append(self.frame)
        for sheet in sheets:
            for a, b, c in _half_planes(sheet, canvas):
                if all(a * x + b * y + c >= 0.5 - 1e-6 for x, y in canvas.corners):
                    continue
                x, y = np.arange(canvas.width, dtype=np.float32), np.arange(canvas.height, dtype=np.float32)
                inside = np.clip(np.float32(a) * x + np.float32(b) * y[:, None] + np.float32(c + 0.5), 0, 1)
                share = inside if share is None else share * inside
        return share


@functools.lru_cache(maxsize=2)
def _filtered(scene: Scene) -> np.ndarray:
    """Return the base of a scene that a filter left; read-only, because the last ones are kept."""
    assert scene.parent is not None
    assert scene.filter is not None
    base = _apply(scene.filter, scene.parent.unrounded(), full_of(scene.dtype))
    base.flags.writeable = False
    return base


def full_of(dtype: np.dtype[Any]) -> float:
    """Return the value of full intensity."""
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0


def project(matrix: np.ndarray, x: float, y: float) -> Point:
    """Return where a projective map takes a point, which must lie before its horizon."""
    u, v, w = (float(row[0] * x + row[1] * y + row[2]) for row in matrix)
    if not w > 0 or not math.isfinite(u / w) or not math.isfinite(v / w):
        raise DataError("the horizon would cross the picture; move the corners farther apart, or crop first")
    return u / w, v / w


def on_canvas(matrix: np.ndarray, canvas: Canvas) -> np.ndarray:
    """Return a map to the plane as one to the canvas's pixels."""
    result = matrix.copy()
    result[0] -= canvas.left * matrix[2]
    result[1] -= canvas.top * matrix[2]
    corner = float(result[2, 2]) or 1.0
    return result / corner + 0.0


def _shift(x: float, y: float) -> Composition:
    return Composition().translate(x, y)


def _chain(start: Composition, steps: list[Any]) -> Composition:
    for step in steps:
        if isinstance(step, np.ndarray):
            start = start.apply(step)
        else:
            for factor in reversed(step.factors):
                start = start.rotate(factor) if isinstance(factor, Fraction) else start.apply(factor)
    return start


def _is_upright(points: list[Point]) -> bool:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    return (ay == by and bx == cx and cy == dy and dx == ax) or (ax == bx and by == cy and cx == dx and dy == ay)


def _count(length: float, upright: bool) -> int:
    """Return how many pixels a length takes: all that it touches, or of an upright picture the nearest number."""
    if not length <= _FARTHEST:
        raise DataError(f"the result would be {length:.3g} pixels wide or high; the limit is {_FARTHEST}")
    return max(1, math.floor(length + 0.5) if upright else math.ceil(length - 1e-6))


def _half_planes(sheet: Sheet, canvas: Canvas) -> list[tuple[float, float, float]]:
    """Return a sheet's sides as (a, b, c): a x + b y + c pixels inside, for a point of the canvas."""
    points = [(x - canvas.left, y - canvas.top) for x, y in sheet.outline()]
    area = sum(x * v - u * y for (x, y), (u, v) in zip(points, [*points[1:], points[0]], strict=True))
    sign = 1.0 if area > 0 else -1.0
    sides = []
    for (x, y), (u, v) in zip(points, [*points[1:], points[0]], strict=True):
        length = math.hypot(u - x, v - y) or 1.0
        a, b = sign * (y - v) / length, sign * (u - x) / length
        sides.append((a, b, -(a * x + b * y)))
    return sides


def _has_alpha(pixels: np.ndarray) -> bool:
    return pixels.ndim == 3 and pixels.shape[2] in (2, 4)


def _fade(pixels: np.ndarray, coverage: np.ndarray) -> np.ndarray:
    """Return the pixels with what was cropped away made transparent, or black where there is no alpha."""
    if _has_alpha(pixels):
        clear = pixels.copy()
        clear[..., -1] *= coverage
        return clear
    faded: np.ndarray = pixels * (coverage if pixels.ndim == 2 else coverage[..., None])
    return faded


def _rounded(pixels: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    levels: np.ndarray = np.clip(np.rint(pixels), 0, full_of(dtype)).astype(dtype)
    return levels


def _recolor(pixels: np.ndarray, matrix: np.ndarray, full: float) -> np.ndarray:
    """Return float pixels after a colour matrix; grey ones stay grey if it leaves greys grey."""
    if np.array_equal(matrix, np.eye(4)):
        return pixels
    if pixels.ndim == 2 or pixels.shape[2] < 3:
        gains, offsets = matrix[:3, :3].sum(axis=1), matrix[:3, 3]
        if np.ptp(gains) < 1e-12 and np.ptp(offsets) == 0:
            grey = pixels.copy()
            colour = grey if grey.ndim == 2 else grey[..., :1]
            colour *= np.float32(gains[0])
            colour += np.float32(offsets[0] * full)
            return grey
        grey = pixels if pixels.ndim == 3 else pixels[..., None]
        pixels = np.concatenate([grey[..., :1]] * 3 + [grey[..., 1:]], axis=2)
    scaled = matrix.copy()
    scaled[:3, 3] *= full
    return im.apply_color(pixels, scaled)


def _apply(filter_: Filter, pixels: np.ndarray, full: float) -> np.ndarray:
    """Return float pixels after a filter, with colours weighed by their alpha meanwhile."""
    alpha = _has_alpha(pixels)
    if filter_.name == "edges":
        pixels = _recolor(pixels, im.greyscale_matrix(), full)
        if pixels.ndim == 3:
            pixels = pixels[..., 0] if not alpha else pixels[..., [0, -1]]
    work = im.premultiply(pixels, full) if alpha else pixels
    if filter_.name == "blur":
        work = im.gaussian_blur(work, filter_.numbers[0])
    elif filter_.name == "sharpen":
        work = im.unsharp_mask(work, filter_.numbers[0])
    else:
        colours = work[..., :-1] if alpha else work
        if filter_.name == "edges":
            colours = im.gradient_magnitude(colours)
        else:
            side = math.isqrt(len(filter_.numbers)) if filter_.name == "kernel" else 3
            laid = np.array(filter_.numbers if filter_.name == "kernel" else _EMBOSS, float).reshape(side, side)
            colours = im.convolve(colours, laid[::-1, ::-1])
        work = np.concatenate([colours, work[..., -1:]], axis=2) if alpha else colours
    if alpha:
        work[..., -1] = np.clip(work[..., -1], 0, np.float32(full))
        work = im.unpremultiply(work, full)
    limited: np.ndarray = np.clip(work, 0, np.float32(full))
    return limited
