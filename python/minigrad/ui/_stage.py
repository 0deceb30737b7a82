"""A canvas for what moves: a pygame window, or a picture in memory without one.

Programs draw on a `Stage` with a few primitives, in pixels from the upper left corner, and
read events from it; pygame stays in this file.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from minigrad._check import DataError

__all__ = ["Event", "Gif", "Stage", "frames_to_gif"]

Color = tuple[int, int, int]

# Up to so many polygons, and so many pixels of each, edges are averaged from a finer grid.
_FEW, _LARGE = 64, 500_000
_FAR, _MARGIN = 8192.0, 64.0  # pixels: from where on polygons are cut, and how far outside


@dataclass(frozen=True)
class Event:
    """What the user did.

    Attributes
    ----------
    kind : {"key", "keyup", "press", "release", "move", "wheel", "resize", "quit"}
    key : str
        For ``"key"`` and ``"keyup"``: the key's name in lower case (``"space"``, ``"a"``, ``"left"``).
        A key that is held sends ``"key"`` again and again, and ``"keyup"`` once when it is let go,
        with the name of the key alone, whatever sign it printed.
    position : tuple of int
        For the mouse: where.
    button : int
        1 left, 2 middle, 3 right; 0 for a move with none held. For ``"wheel"``: 1 up, -1 down.
    shift, control : bool
        Whether that key was held meanwhile.
    """

    kind: str
    key: str = ""
    position: tuple[int, int] = (0, 0)
    button: int = 0
    shift: bool = False
    control: bool = False


class Stage:
    """A surface to draw on.

    Parameters
    ----------
    width, height : int
        Pixels.
    title : str, default ""
    window : bool, default True
        Open a window; without it the surface is in memory alone, and needs no display.

    Raises
    ------
    DataError
        If the window cannot be opened.
    """

    def __init__(self, width: int, height: int, title: str = "", *, window: bool = True) -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        import pygame

        self._pygame = pygame
        pygame.font.init()
        self._fonts: dict[tuple[int, bool], Any] = {}
        self.open = window
        if window:
            try:
                pygame.display.init()
                self.surface = pygame.display.set_mode((width, height), pygame.RESIZABLE)
            except pygame.error as error:
                pygame.display.quit()
                raise DataError(f"no window can be opened ({error}); use --headless") from None
            pygame.display.set_caption(title)
            pygame.key.set_repeat(400, 60)
            self._clock = pygame.time.Clock()
        else:
            self.surface = pygame.Surface((width, height))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = self.surface.get_size()
        return int(width), int(height)

    # --- the loop

    def events(self) -> Iterator[Event]:
        """Yield what happened since the last call; closing the window yields ``"quit"``."""
        pygame = self._pygame
        for event in pygame.event.get():
            # A key's own event knows what was held when it happened.
            modifiers = event.mod if event.type in (pygame.KEYDOWN, pygame.KEYUP) else pygame.key.get_mods()
            shift, control = bool(modifiers & pygame.KMOD_SHIFT), bool(modifiers & pygame.KMOD_CTRL)
            if event.type == pygame.QUIT:
                yield Event("quit")
            elif event.type == pygame.KEYDOWN:
                # A shifted sign, such as ?, is what it prints; other keys go by their names.
                sign = (
                    event.unicode
                    if event.unicode and not event.unicode.isalnum() and event.unicode.isprintable()
                    else ""
                )
                yield Event(
                    "key", key=(sign.strip() or pygame.key.name(event.key)).lower(), shift=shift, control=control
                )
            elif event.type == pygame.KEYUP:
                yield Event("keyup", key=pygame.key.name(event.key).lower(), shift=shift, control=control)
            elif event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP) and event.button <= 3:
                kind = "press" if event.type == pygame.MOUSEBUTTONDOWN else "release"
                yield Event(kind, position=event.pos, button=event.button, shift=shift, control=control)
            elif event.type == pygame.MOUSEMOTION:
                button = next((i + 1 for i, down in enumerate(event.buttons) if down), 0)
                yield Event("move", position=event.pos, button=button, shift=shift, control=control)
            elif event.type == pygame.MOUSEWHEEL:
                yield Event("wheel", position=pygame.mouse.get_pos(), button=1 if event.y > 0 else -1)
            elif event.type == pygame.VIDEORESIZE:
                yield Event("resize")

    def show(self, frames_per_second: int = 60) -> float:
        """Show what was drawn, wait for the frame's end, and return its length in seconds.

        Parameters
        ----------
        frames_per_second : int, default 60

        Returns
        -------
        float
            Seconds.
        """
        self._pygame.display.flip()
        return float(self._clock.tick(frames_per_second)) / 1000

    def close(self) -> None:
        """Close the window."""
        if self.open:
            self._pygame.display.quit()
            self.open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- drawing

    def clear(self, color: Color = (255, 255, 255)) -> None:
        """Fill everything.

        Parameters
        ----------
        color : tuple of int
            Red, green, blue, from 0 to 255.
        """
        self.surface.fill(color)

    def line(self, start: Sequence[float], end: Sequence[float], color: Color, width: float = 1) -> None:
        """Draw a line; thin ones are smoothed.

        Parameters
        ----------
        start, end : pair of float
        color : tuple of int
        width : float, default 1
        """
        draw = self._pygame.draw
        if width <= 1.5:
            draw.aaline(self.surface, color, start, end)
        else:
            draw.line(self.surface, color, start, end, round(width))

    def polyline(self, points: Sequence[Sequence[float]], color: Color, width: float = 1) -> None:
        """Draw a chain of lines.

        Parameters
        ----------
        points : sequence of pairs of float
        color : tuple of int
        width : float, default 1
        """
        if len(points) > 1:
            if width <= 1.5:
                self._pygame.draw.aalines(self.surface, color, False, points)
            else:
                self._pygame.draw.lines(self.surface, color, False, points, round(width))

    def polygon(self, points: Sequence[Sequence[float]], color: Color, width: int = 0) -> None:
        """Draw a polygon, filled for width 0.

        Parameters
        ----------
        points : sequence of pairs of float
        color : tuple of int
        width : int, default 0
        """
        self._pygame.draw.polygon(self.surface, color, points, width)

    def veil(self, points: Sequence[Sequence[float]], color: Color, share: float) -> None:
        """Draw a filled polygon through which what lies behind can be seen.

        Parameters
        ----------
        points : sequence of pairs of float
        color : tuple of int
        share : float
            Of the colour, from 0 to 1.
        """
        pygame = self._pygame
        frame = self._frame(points)
        if frame.w <= 0 or frame.h <= 0:
            return
        layer = pygame.Surface(frame.size, pygame.SRCALPHA)
        pygame.draw.polygon(layer, (*color, round(255 * share)), [(x - frame.x, y - frame.y) for x, y in points])
        self.surface.blit(layer, frame.topleft)

    def polygons(
        self, points: np.ndarray, ends: Sequence[int], colors: Sequence[Color], rims: Sequence[Color] | None = None
    ) -> None:
        """Draw many filled polygons, their edges smoothed: few ones finely, many with a rim.

        Parameters
        ----------
        points : ndarray of shape (n, 2)
            Those of all polygons, one after the other.
        ends : sequence of int
            Where each polygon ends and the next begins.
        colors : sequence of colours
        rims : sequence of colours, optional
            Of the edges where there are many, or a polygon is large; `colors` by default.
        """
        fill, smooth, surface = self._pygame.draw.polygon, self._pygame.draw.aalines, self.surface
        corners, start = points.tolist(), 0
        # pygame walks every row of a polygon, those beyond the surface too.
        far = bool(points.size) and not bool(np.abs(points).max() < _FAR)
        for end, color, rim in zip(ends, colors, rims or colors, strict=True):
            polygon = corners[start:end]
            start = end
            if far:
                polygon = _clipped(polygon, self.size)
            if len(polygon) > 2 and not (len(ends) <= _FEW and self._finely(polygon, color)):
                fill(surface, color, polygon)
                smooth(surface, rim, True, polygon)

    def _finely(self, polygon: list[list[float]], color: Color) -> bool:
        """Draw a polygon on a finer grid and average it; False, and nothing drawn, if it is too large for that."""
        pygame = self._pygame
        frame = self._frame(polygon)
        area = frame.w * frame.h
        if area > _LARGE:
            return False
        if area:
            fine = 4 if area < _LARGE / 16 else 2
            # Transparent pixels of the same colour, so that the average mixes nothing else into the edge.
            layer = pygame.Surface((fine * frame.w, fine * frame.h), pygame.SRCALPHA)
            layer.fill((*color, 0))
            # The centre of a pixel is at a whole number; that of the first fine one (fine - 1) / 2 before it.
            shift = (fine - 1) / 2
            corners = [(fine * (x - frame.x) + shift, fine * (y - frame.y) + shift) for x, y in polygon]
            pygame.draw.polygon(layer, color, corners)
            self.surface.blit(pygame.transform.smoothscale(layer, frame.size), frame.topleft)
        return True

    def _frame(self, polygon: Sequence[Sequence[float]]) -> Any:
        """Return the rectangle of the surface that a polygon lies in."""
        left, top = (math.floor(min(p[i] for p in polygon)) for i in (0, 1))
        right, bottom = (math.ceil(max(p[i] for p in polygon)) + 1 for i in (0, 1))
        return self._pygame.Rect(left, top, right - left, bottom - top).clip(self.surface.get_rect())

    def circle(self, centre: Sequence[float], radius: float, color: Color, width: int = 0) -> None:
        """Draw a circle, filled for width 0; its rim is smoothed.

        Parameters
        ----------
        centre : pair of float
        radius : float
        color : tuple of int
        width : int, default 0
        """
        middle = float(centre[0]), float(centre[1])  # pygame takes no float32
        self._pygame.draw.aacircle(self.surface, color, middle, float(radius), width)

    def rectangle(
        self, corner: Sequence[float], size: Sequence[float], color: Color, width: int = 0, round_by: int = 0
    ) -> None:
        """Draw a rectangle, filled for width 0.

        Parameters
        ----------
        corner, size : pair of float
            The upper left corner; width and height.
        color : tuple of int
        width : int, default 0
        round_by : int, default 0
            Radius of the corners.
        """
        rect = self._pygame.Rect(round(corner[0]), round(corner[1]), round(size[0]), round(size[1]))
        self._pygame.draw.rect(self.surface, color, rect, width, border_radius=round_by)

    def text(
        self,
        words: str,
        position: Sequence[float],
        color: Color = (34, 34, 34),
        size: int = 13,
        align: str = "left",
        bold: bool = False,
    ) -> None:
        """Write a line of text.

        Parameters
        ----------
        words : str
        position : pair of float
            Of the text's upper left corner, middle or upper right corner, by `align`.
        color : tuple of int
        size : int, default 13
            Height of the font, pixels.
        align : {"left", "center", "right"}
        bold : bool, default False
        """
        picture = self._font(size, bold).render(words, True, color)
        x, y = position
        if align == "center":
            x, y = x - picture.get_width() / 2, y - picture.get_height() / 2
        elif align == "right":
            x -= picture.get_width()
        self.surface.blit(picture, (round(x), round(y)))

    def text_size(self, words: str, size: int = 13, bold: bool = False) -> tuple[int, int]:
        """Return the width and height of a line of text.

        Parameters
        ----------
        words : str
        size : int, default 13
        bold : bool, default False
        """
        width, height = self._font(size, bold).size(words)
        return int(width), int(height)

    def image(self, pixels: np.ndarray, corner: Sequence[float], size: Sequence[float]) -> None:
        """Draw a picture, stretched.

        Parameters
        ----------
        pixels : ndarray of uint8, shape (height, width, 3)
        corner, size : pair of float
        """
        pygame = self._pygame
        picture = pygame.surfarray.make_surface(np.ascontiguousarray(pixels.swapaxes(0, 1)))
        picture = pygame.transform.smoothscale(picture, (round(size[0]), round(size[1])))
        self.surface.blit(picture, (round(corner[0]), round(corner[1])))

    def _font(self, size: int, bold: bool) -> Any:
        font = self._fonts.get((size, bold))
        if font is None:
            import matplotlib

            # The one font that every installation has, with Greek letters and arrows.
            name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
            path = os.path.join(matplotlib.get_data_path(), "fonts", "ttf", name)
            font = self._fonts[size, bold] = self._pygame.font.Font(path, size)
        return font

    # --- out of it

    def pixels(self) -> np.ndarray:
        """Return a copy of what is drawn, uint8 (height, width, 3)."""
        return np.ascontiguousarray(self._pygame.surfarray.array3d(self.surface).swapaxes(0, 1))

    def png(self) -> bytes:
        """Return what is drawn as a PNG."""
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(self.pixels()).save(buffer, format="PNG")
        return buffer.getvalue()


def _clipped(polygon: list[list[float]], size: tuple[int, int]) -> list[list[float]]:
    """Cut a polygon at a frame around the surface, side by side; what is not finite has no part inside.

    I. E. Sutherland and G. W. Hodgman (1974), "Reentrant polygon clipping", CACM 17(1).
    """
    if not all(math.isfinite(value) for point in polygon for value in point):
        return []
    for axis in (0, 1):
        for sign, bound in ((1.0, -_MARGIN), (-1.0, size[axis] + _MARGIN)):
            kept: list[list[float]] = []
            for p, q in zip([*polygon[-1:], *polygon[:-1]], polygon, strict=True):
                before, after = sign * (p[axis] - bound), sign * (q[axis] - bound)
                if (before < 0) != (after < 0):
                    share = before / (before - after)
                    kept.append([p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])])
                    kept[-1][axis] = bound
                if after >= 0:
                    kept.append(q)
            polygon = kept
    return polygon


def frames_to_gif(frames: Sequence[np.ndarray], frames_per_second: float = 10.0, hold: float = 1.0) -> bytes:
    """Return pictures, uint8 (height, width, 3) each, as a looping GIF.

    Parameters
    ----------
    frames : sequence of ndarray
        At least one.
    frames_per_second : float, default 10
    hold : float, default 1
        Seconds for which the last frame stays.
    """
    gif = Gif(frames_per_second, hold)
    for frame in frames:
        gif.add(frame)
    return gif.encode()


class Gif:
    """A looping GIF that is made picture by picture.

    Parameters
    ----------
    frames_per_second : float, default 10
    hold : float, default 1
        Seconds for which the last picture stays.
    """

    def __init__(self, frames_per_second: float = 10.0, hold: float = 1.0) -> None:
        self._times = round(1000 / frames_per_second), round(1000 * hold)
        self._pictures: list[Any] = []

    def add(self, pixels: np.ndarray) -> None:
        """Add a picture.

        Parameters
        ----------
        pixels : ndarray of uint8, shape (height, width, 3)
        """
        from PIL import Image

        self._pictures.append(Image.fromarray(pixels).quantize(colors=128, dither=Image.Dither.NONE))

    def encode(self) -> bytes:
        """Return the file, once there is a picture."""
        first, *others = self._pictures
        times = [self._times[0]] * len(others) + [self._times[1]]
        output = io.BytesIO()
        first.save(output, format="GIF", save_all=True, append_images=others, duration=times, loop=0, optimize=False)
        return output.getvalue()
