"""The command language: what can be said about a picture, and what it does to the scene."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from minigrad import image as im
from minigrad.image import Composition
from minigrad.projects.image_lab._scene import LARGEST, Filter, Point, Scene

__all__ = ["EDITS", "INTERPOLATIONS", "NAMES", "SHOWN", "Edit", "change", "parse", "perspective", "quad", "usage"]

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
_EDGES = ("constant", "replicate", "reflect", "wrap")
_ALIASES = {
    "gray": "grey",
    "greyscale": "grey",
    "grayscale": "grey",
    "interpolation": "interp",
    "mirror": "flip",
    "move": "translate",
    "scan": "warp-to-rectangle",
    "rectangle": "warp-to-rectangle",
    "exit": "quit",
    "q": "quit",
    "?": "help",
}


@dataclass(frozen=True)
class Edit:
    """A command that changes the picture.

    Attributes
    ----------
    usage : str
        The command and its arguments.
    help : str
    run : callable
        ``run(scene, words)`` returns the new scene or raises ValueError.
    """

    usage: str
    help: str
    run: Callable[[Scene, list[str]], Scene]


def parse(line: str) -> tuple[str, list[str], bool]:
    """Split a line into the command's name, its arguments, and whether it ends in '!'.

    Numbers may be parted by blanks or commas; ``filter`` before a filter's name is allowed.
    """
    line = line.strip()
    forced = line.endswith("!")
    words = re.split(r"[\s,]+", line.rstrip("!").strip())
    words = [word for word in words if word]
    if len(words) > 1 and words[0].lower() == "filter":
        words = words[1:]
    if not words:
        return "", [], forced
    name = words[0].lower().replace("_", "-")
    return _ALIASES.get(name, name), words[1:], forced


def change(scene: Scene, name: str, words: list[str], forced: bool = False) -> Scene:
    """Return the scene after a command.

    Raises
    ------
    ValueError
        If the command is unknown, an argument is wrong, or the result would be too large; the message is
        one line for the user.
    """
    edit = EDITS.get(name)
    if edit is None:
        near = difflib.get_close_matches(name, [*NAMES, *_ALIASES], n=1)
        hint = f"did you mean '{near[0]}'?" if near else "'help' lists the commands"
        raise ValueError(f"there is no command '{name[:40]}'; {hint}")
    after = edit.run(scene, words)
    after.check()
    canvas = after.canvas
    if canvas.width * canvas.height > LARGEST and not forced:
        size = f"{canvas.width} x {canvas.height} = {canvas.width * canvas.height / 1e6:.0f} million pixels"
        raise ValueError(f"the result would have {size}; end the command with ! if that is meant")
    return after


def usage(name: str) -> str:
    """Return how a command is called."""
    return EDITS[name].usage if name in EDITS else SHOWN[name][0]


# --- arguments


def _numbers(name: str, words: list[str], counts: tuple[int, ...]) -> list[Fraction]:
    """Return the arguments as exact numbers."""
    if len(words) not in counts:
        raise ValueError(f"'{name}' takes {_either(counts)}: {usage(name)}; got {len(words)}")
    values = []
    for word in words:
        shown = word[:30]
        if len(word) > 60 or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?(/\d+)?", word):
            raise ValueError(f"'{name}': {shown!r} is not a number; write {usage(name)}")
        head, _, under = word.partition("/")
        if under and int(under) == 0:
            raise ValueError(f"'{name}': {shown!r} divides by zero; write {usage(name)}")
        values.append(Fraction(head) / int(under or 1))
    return values


def _either(counts: tuple[int, ...]) -> str:
    words = " or ".join(map(str, counts))
    return f"{words} argument{'' if counts == (1,) else 's'}"


def _floats(name: str, words: list[str], counts: tuple[int, ...]) -> list[float]:
    return [float(value) for value in _numbers(name, words, counts)]


def _optional(name: str, words: list[str], default: float) -> float:
    return _floats(name, words, (0, 1))[0] if words else default


def _whole(name: str, value: Fraction, what: str, low: int) -> int:
    if value.denominator != 1 or value < low:
        raise ValueError(f"'{name}': the {what} must be a whole number >= {low}; got {float(value):g}")
    return int(value)


def quad(values: list[float]) -> list[Point]:
    """Return four points that make a convex quadrilateral.

    Raises
    ------
    ValueError
        If three of them lie on a line, or they are not listed around the quadrilateral.
    """
    points = list(zip(values[::2], values[1::2], strict=True))
    turns = []
    for k in range(4):
        (ax, ay), (bx, by), (cx, cy) = (points[(k + i) % 4] for i in range(3))
        cross = (bx - ax) * (cy - by) - (by - ay) * (cx - bx)
        reach = math.hypot(bx - ax, by - ay) * math.hypot(cx - bx, cy - by)
        if abs(cross) <= 1e-6 * reach or reach == 0:
            raise ValueError("three of the four corners lie on one line, which leaves no picture; move one")
        turns.append(cross > 0)
    if len(set(turns)) > 1:
        raise ValueError("the four corners cross over or fold in; list them clockwise, beginning at the upper left")
    return points


# --- the edits: geometry


def _rotate(scene: Scene, words: list[str]) -> Scene:
    return scene.moved(Composition().rotate(_numbers("rotate", words, (1,))[0]))


def _scale(scene: Scene, words: list[str]) -> Scene:
    values = _numbers("scale", words, (1, 2))
    if 0 in values:
        raise ValueError("'scale': a factor of 0 leaves no picture; take another")
    return scene.moved(Composition().scale(*values))


def _shear(scene: Scene, words: list[str]) -> Scene:
    values = _numbers("shear", words, (1, 2))
    if len(values) == 2 and values[0] * values[1] == 1:
        raise ValueError("'shear': x and y must not multiply to 1, which flattens the picture")
    return scene.moved(Composition().shear(*values))


def _flip(scene: Scene, words: list[str]) -> Scene:
    way = words[0].lower() if len(words) == 1 else "h" if not words else ""
    if way not in ("h", "v", "horizontal", "vertical"):
        raise ValueError(f"'flip' takes h or v: {usage('flip')}; got {' '.join(words)[:30]!r}")
    return scene.moved(Composition().scale(-1, 1) if way[0] == "h" else Composition().scale(1, -1))


def _translate(scene: Scene, words: list[str]) -> Scene:
    return scene.moved(Composition().translate(*_numbers("translate", words, (2,))), frame=False)


def _perspective(scene: Scene, words: list[str]) -> Scene:
    return perspective(scene, quad(_floats("perspective", words, (8,))))


def perspective(scene: Scene, corners: list[Point]) -> Scene:
    """Return the scene whose corners have been pulled to four points of the canvas."""
    canvas = scene.canvas
    if canvas.width < 2 or canvas.height < 2:
        raise ValueError("'perspective' needs a picture of at least 2 x 2 pixels")
    return scene.moved(im.homography(canvas.corners, corners))


def _straighten(scene: Scene, words: list[str]) -> Scene:
    name = "warp-to-rectangle"
    values = _numbers(name, words, (8, 10))
    corners = quad([float(value) for value in values[:8]])
    if len(values) == 10:
        width, height = (_whole(name, v, what, 2) for v, what in zip(values[8:], ("width", "height"), strict=True))
    else:
        sides = [math.dist(corners[k], corners[(k + 1) % 4]) for k in range(4)]
        width, height = (max(2, round(max(sides[k], sides[k + 2])) + 1) for k in (0, 1))
    _refuse_huge(width, height)
    return scene.straightened(corners, width, height)


def _crop(scene: Scene, words: list[str]) -> Scene:
    x, y, w, h = _numbers("crop", words, (4,))
    left, top = (_whole("crop", v, "corner", -(10**6)) for v in (x, y))
    width, height = _whole("crop", w, "width", 1), _whole("crop", h, "height", 1)
    canvas = scene.canvas
    if left + width <= 0 or top + height <= 0 or left >= canvas.width or top >= canvas.height:
        raise ValueError(f"'crop': the rectangle lies beyond the picture of {canvas.width} x {canvas.height}")
    _refuse_huge(width, height)
    return scene.cropped(left, top, width, height)


def _resize(scene: Scene, words: list[str]) -> Scene:
    w, h = _numbers("resize", words, (2,))
    width, height = _whole("resize", w, "width", 1), _whole("resize", h, "height", 1)
    _refuse_huge(width, height)
    outline = scene.frame.outline()
    spans = [Fraction(max(p[k] for p in outline)) - Fraction(min(p[k] for p in outline)) for k in (0, 1)]
    return scene.moved(Composition().scale(width / spans[0], height / spans[1]), frame=True)


def _refuse_huge(width: int, height: int) -> None:
    if max(width, height) > 1_000_000:
        raise ValueError("a side may have at most 1000000 pixels")


# --- colour, neighbours, settings


def _color(name: str, matrix: Callable[..., np.ndarray], default: float | None = None, arguments: int = 1) -> Edit:
    def run(scene: Scene, words: list[str]) -> Scene:
        counts = (0,) if not arguments else (1,) if default is None else (0, 1)
        values = _floats(name, words, counts)
        return scene.colored(matrix(*(values or ([] if default is None else [default]))))

    return Edit(*_COLORS[name], run)


_COLORS = {
    "grey": ("grey", "leave the luminance alone"),
    "sepia": ("sepia [amount]", "an old photograph's brown; amount from 0 to 1"),
    "brightness": ("brightness <amount>", "add a share of white, from -1 to 1"),
    "contrast": ("contrast <factor>", "stretch colours away from mid-grey; 1 changes nothing"),
    "saturation": ("saturation <factor>", "stretch colours away from grey; 0 is greyscale"),
    "hue": ("hue <degrees>", "turn colours about the axis of greys"),
    "invert": ("invert", "the negative"),
}


def _blur(scene: Scene, words: list[str]) -> Scene:
    sigma = _optional("blur", words, 1.0)
    if not 0 <= sigma <= 1000:
        raise ValueError(f"'blur': sigma must be from 0 to 1000 pixels; got {sigma:g}")
    return scene.filtered(Filter("blur", (sigma,)))


def _sharpen(scene: Scene, words: list[str]) -> Scene:
    amount = _optional("sharpen", words, 1.0)
    if not 0 <= amount <= 100:
        raise ValueError(f"'sharpen': the amount must be from 0 to 100; got {amount:g}")
    return scene.filtered(Filter("sharpen", (amount,)))


def _plain(name: str) -> Callable[[Scene, list[str]], Scene]:
    def run(scene: Scene, words: list[str]) -> Scene:
        _numbers(name, words, (0,))
        return scene.filtered(Filter(name))

    return run


def _kernel(scene: Scene, words: list[str]) -> Scene:
    if len(words) not in (1, 9, 25, 49, 81):
        raise ValueError(f"'kernel' takes 9, 25, 49 or 81 numbers, row by row; got {len(words)}")
    return scene.filtered(Filter("kernel", tuple(_floats("kernel", words, (len(words),)))))


def _choice(name: str, words: list[str], allowed: tuple[str, ...]) -> str:
    if len(words) != 1 or words[0].lower() not in allowed:
        raise ValueError(f"'{name}' takes one of {', '.join(allowed)}; got {' '.join(words)[:30]!r}")
    return words[0].lower()


EDITS: dict[str, Edit] = {
    "rotate": Edit("rotate <degrees>", "turn; positive is counter-clockwise", _rotate),
    "scale": Edit("scale <factor> [<y factor>]", "change the size; negative mirrors", _scale),
    "shear": Edit("shear <x> [<y>]", "shift rows by x times their height, columns by y times their width", _shear),
    "flip": Edit("flip [h|v]", "mirror left and right, or top and bottom", _flip),
    "translate": Edit("translate <dx> <dy>", "move the picture on its canvas, right and down", _translate),
    "perspective": Edit(
        "perspective <x1> <y1> <x2> <y2> <x3> <y3> <x4> <y4>",
        "pull the corners to four points: upper left, upper right, lower right, lower left",
        _perspective,
    ),
    "warp-to-rectangle": Edit(
        "warp-to-rectangle <x1> <y1> ... <x4> <y4> [<width> <height>]",
        "straighten what lies between four points, such as a photographed page",
        _straighten,
    ),
    "crop": Edit("crop <x> <y> <width> <height>", "keep a rectangle", _crop),
    "resize": Edit("resize <width> <height>", "scale to a size in pixels", _resize),
    "grey": _color("grey", im.greyscale_matrix, arguments=0),
    "sepia": _color("sepia", im.sepia_matrix, 1.0),
    "brightness": _color("brightness", im.brightness_matrix),
    "contrast": _color("contrast", im.contrast_matrix),
    "saturation": _color("saturation", im.saturation_matrix),
    "hue": _color("hue", im.hue_matrix),
    "invert": _color("invert", im.invert_matrix, arguments=0),
    "blur": Edit("blur [sigma]", "average by a Gaussian of so many pixels", _blur),
    "sharpen": Edit("sharpen [amount]", "add what a blur takes away", _sharpen),
    "emboss": Edit("emboss", "light from the upper left", _plain("emboss")),
    "edges": Edit("edges", "how steep the luminance is, by Sobel's kernels", _plain("edges")),
    "kernel": Edit("kernel <n numbers>", "9, 25, 49 or 81 numbers, laid over the neighbours row by row", _kernel),
    "interp": Edit(
        "interp nearest|bilinear|bicubic|lanczos",
        "between the pixels",
        lambda scene, words: replace(scene, interpolation=_choice("interp", words, INTERPOLATIONS)),
    ),
    "edge": Edit(
        "edge constant|replicate|reflect|wrap",
        "beyond the border",
        lambda scene, words: replace(scene, edge=_choice("edge", words, _EDGES)),
    ),
    "canvas": Edit(
        "canvas expand|keep",
        "whether the canvas grows to fit or stays and cuts",
        lambda scene, words: replace(scene, keep=_choice("canvas", words, ("expand", "keep")) == "keep"),
    ),
}

# What changes nothing, or the history: usage and help.
SHOWN: dict[str, tuple[str, str]] = {
    "undo": ("undo [n]", "take back the last commands"),
    "redo": ("redo [n]", "and do them again"),
    "reset": ("reset", "back to the original (can be undone)"),
    "show": ("show", "open the window, or save a preview where there is no display"),
    "compare": ("compare", "the same, the original beside the result"),
    "info": ("info", "size, colours, settings"),
    "history": ("history", "the commands so far"),
    "matrix": ("matrix", "the composed map, its factors, and where the corners go"),
    "explain": ("explain [<x> <y>]", "how one output pixel is interpolated"),
    "save": ("save [file]", "write the result; the suffix picks the format"),
    "help": ("help [command]", "this list"),
    "quit": ("quit", "end; so does Ctrl-D"),
}

NAMES = (*EDITS, *SHOWN)
