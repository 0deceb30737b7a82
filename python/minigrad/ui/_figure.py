"""Figures: made in the theme, turned into bytes, saved whole or not at all."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minigrad._check import DataError
from minigrad.serialization import write_atomically
from minigrad.ui._theme import themed

__all__ = ["FORMATS", "check_suffix", "new_figure", "render", "render_animation", "save_animation", "save_figure"]

FORMATS = ("png", "svg", "pdf")
_DPI = 150
# Dates would make two saves of one picture differ.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def check_suffix(path: str | os.PathLike[str], formats: Iterable[str], what: str = "a picture") -> str:
    """Return the format that the suffix of `path` names.

    Raises
    ------
    DataError
        If it is none of `formats`.
    """
    allowed = tuple(formats)
    suffix = Path(path).suffix.lower().lstrip(".")
    if suffix not in allowed:
        names = " or ".join("." + name for name in allowed)
        raise DataError(f"cannot save {what} as {Path(path).name!r}: the name must end in {names}")
    return suffix


@contextmanager
def new_figure(
    width: float = 12.8, height: float = 6.4, *, window: str | None = None, title: str = ""
) -> Iterator[Any]:
    """Make a matplotlib Figure; while the block runs, all that is drawn keeps to the theme.

    Nothing in it overlaps: the layout makes room for labels when it is drawn.

    Parameters
    ----------
    width, height : float, default 12.8, 6.4
        Inches; a window has 100 pixels to the inch, a saved picture 150.
    window : str, optional
        A backend that `window_backend` returned: the figure can then be shown.
        Without it the figure exists in memory alone and needs no display.
    title : str, optional
        The window's title.

    Yields
    ------
    Figure
    """
    if window is not None:
        import matplotlib.pyplot as plt

        # What Qt remarks about a window that closes while it is being painted is no error of the program's.
        os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")
        plt.switch_backend(window)
    with themed():
        if window is None:
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure

            figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
            FigureCanvasAgg(figure)
            yield figure
        else:
            yield plt.figure(num=title or None, figsize=(width, height), dpi=100, layout="constrained")


def render(figure: Any, file_format: str = "png") -> bytes:
    """Return `figure` as the bytes of a file; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
    file_format : {"png", "svg", "pdf"}, default "png"

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    with themed(), warnings.catch_warnings():
        # A label in a script that the font lacks is drawn as a box; the program goes on.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(buffer, format=file_format, dpi=_DPI, metadata=_METADATA[file_format])
    return buffer.getvalue()


def save_figure(figure: Any, path: str | os.PathLike[str]) -> Path:
    """Save `figure`; the suffix picks the format: png, svg or pdf.

    Parameters
    ----------
    figure : Figure
    path : path-like

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    DataError
        If the suffix is another one or the file cannot be written; the earlier file is intact.
    """
    file_format = check_suffix(path, FORMATS)
    return write_atomically(path, render(figure, file_format))


def render_animation(
    figure: Any,
    draw: Callable[[int], None],
    n_frames: int,
    *,
    frames_per_second: float = 4.0,
    hold: float = 1.5,
    on_frame: Callable[[int, int], None] | None = None,
) -> bytes:
    """Return a looping GIF of `n_frames` states of `figure`.

    Parameters
    ----------
    figure : Figure
    draw : callable
        ``draw(i)`` changes the figure into its state `i`.
    n_frames : int
    frames_per_second : float, default 4
    hold : float, default 1.5
        Seconds for which the last frame stays.
    on_frame : callable, optional
        Called with the number of frames done and their total.

    Returns
    -------
    bytes
    """
    from PIL import Image

    frames = []
    with themed():
        draw(0)
        figure.draw_without_rendering()
        # Laid out once: from frame to frame only what `draw` moves may move.
        layout = figure.get_layout_engine()
        figure.set_layout_engine("none")
        for i in range(n_frames):
            draw(i)
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", dpi=80)
            buffer.seek(0)
            # One palette for all frames would smear the colours; without dithering still areas stay still.
            frame = Image.open(buffer).convert("RGB")
            frames.append(frame.quantize(colors=128, dither=Image.Dither.NONE))
            if on_frame is not None:
                on_frame(i + 1, n_frames)
        figure.set_layout_engine(layout)
    pause = round(1000 / frames_per_second)
    durations = [pause] * (n_frames - 1) + [round(1000 * hold)]
    output = io.BytesIO()
    frames[0].save(
        output, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False
    )
    return output.getvalue()


def save_animation(data: bytes, path: str | os.PathLike[str]) -> Path:
    """Save an animation.

    Parameters
    ----------
    data : bytes
        From `render_animation`.
    path : path-like
        Its suffix must be gif.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    DataError
        If the suffix is another one or the file cannot be written; the earlier file is intact.
    """
    check_suffix(path, ("gif",), "an animation")
    return write_atomically(path, data)
