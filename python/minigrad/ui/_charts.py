"""Pieces of pictures that several programs use: classes, arrows, thumbnails, bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.ui._theme import MARKERS, NEUTRAL, palette

__all__ = ["arrows", "class_legend", "name_points", "scatter_classes", "thumbnails", "variance_bars"]

# Beyond this many points a marker with an edge is a blot, and shapes cannot be told apart.
_MANY = 3000
# Characters in a line of the legend, and in a name.
_LEGEND_WIDTH = 90
_NAME_WIDTH = 32


def scatter_classes(axes: Any, points: np.ndarray, classes: np.ndarray | None, n_classes: int) -> None:
    """Draw `points` in two or three dimensions, with a colour and a marker for each class.

    Parameters
    ----------
    axes : Axes
    points : ndarray, shape (n, 2) or (n, 3)
    classes : ndarray of int, shape (n,), or None
        From 0 to ``n_classes - 1``.
    n_classes : int
    """
    colors = np.array(palette(max(n_classes, 1)))
    # In space matplotlib would fade the distant points until their colours are lost.
    flat: dict[str, Any] = {"depthshade": False} if points.shape[1] == 3 else {}
    codes = np.zeros(len(points), dtype=int) if classes is None else classes
    if len(points) > _MANY:
        # In the order of the rows, so that no class lies on top of all others; as pixels in
        # a vector format, where tens of thousands of outlines would choke the reader.
        size = max(0.5, 2.5 * (20_000 / len(points)) ** 0.5)
        axes.scatter(*points.T, c=colors[codes], s=size, alpha=0.5, linewidths=0, rasterized=True, **flat)
        return
    for code in range(max(n_classes, 1)):
        part = points[codes == code]
        marker = MARKERS[code % len(MARKERS)]
        axes.scatter(*part.T, c=colors[code], s=34, marker=marker, alpha=0.85, lw=0.6, edgecolors="white", **flat)


def class_legend(axes: Any, names: Sequence[str], many: bool = False, **options: Any) -> None:
    """Write which colour and marker stands for which class.

    Parameters
    ----------
    axes : Axes
    names : sequence of str
    many : bool, default False
        Whether `scatter_classes` drew dots without shapes.
    **options
        For matplotlib's ``legend``.
    """
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", color=color, marker="o" if many else MARKERS[i % len(MARKERS)], markersize=7)
        for i, color in enumerate(palette(len(names)))
    ]
    short = [_shorten(name) for name in names]
    columns = max(1, _LEGEND_WIDTH // (max(map(len, short), default=0) + 5))
    spacing = {"handletextpad": 0.1, "borderaxespad": 0.2, "columnspacing": 0.9, "ncols": columns}
    legend = axes.legend(handles, short, **{**spacing, **options})
    for text in legend.get_texts():
        text.set_parse_math(False)


def _shorten(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 1] + "…"


def arrows(axes: Any, tips: np.ndarray, names: Sequence[str]) -> None:
    """Draw an arrow from the origin to each tip, with its name at the end, no name on another.

    Call it last: where the names go depends on the final limits of `axes`.

    Parameters
    ----------
    axes : Axes
    tips : ndarray, shape (n, 2)
    names : sequence of str
    """
    from matplotlib.patheffects import withStroke

    texts = []
    for (x, y), name in zip(tips, names, strict=True):
        axes.annotate(
            "",
            xy=(x, y),
            xytext=(0, 0),
            arrowprops={"arrowstyle": "-|>", "color": NEUTRAL["ink"], "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0},
        )
        length = float(np.hypot(x, y)) or 1.0
        texts.append(
            axes.annotate(
                _shorten(name),
                xy=(x, y),
                xytext=(6 * x / length, 6 * y / length),
                textcoords="offset points",
                ha="left" if x >= 0 else "right",
                va="center",
                fontsize=10,
                color=NEUTRAL["ink"],
                parse_math=False,
                # An outline hides less of the points behind than a box would.
                path_effects=[withStroke(linewidth=2.5, foreground="white", alpha=0.8)],
            )
        )
    _part(axes, texts)


def _part(axes: Any, texts: list[Any]) -> None:
    """Move texts up or down until none overlaps another, keeping them inside the axes."""
    figure = axes.get_figure()
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    frame = axes.get_window_extent(renderer)
    pixel = 72.0 / figure.dpi
    placed: list[Any] = []
    for text in sorted(texts, key=lambda t: t.get_window_extent(renderer).y0):
        box = text.get_window_extent(renderer)
        right, left = max(box.x1 - frame.x1, 0.0), max(frame.x0 - box.x0, 0.0)
        up = 0.0
        for other in placed:
            if box.translated(left - right, up).overlaps(other):
                up = other.y1 - box.y0 + 1.0
        x, y = text.get_position()
        text.set_position((x + (left - right) * pixel, y + up * pixel))
        placed.append(box.translated(left - right, up))


def name_points(axes: Any, points: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Write names beside points, the first ones first, leaving out what would lie on an earlier one.

    Call it last: what has room depends on the final limits of `axes`.

    Parameters
    ----------
    axes : Axes
    points : ndarray, shape (n, 2)
    names : sequence of str

    Returns
    -------
    ndarray of int
        The indices of the points that have their names.
    """
    from matplotlib.patheffects import withStroke

    figure = axes.get_figure()
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    frame = axes.get_window_extent(renderer)
    taken: list[Any] = []
    written = []
    for i, name in enumerate(names):
        text = axes.annotate(
            _shorten(name),
            tuple(points[i]),
            xytext=(5, 3),
            textcoords="offset points",
            fontsize=8,
            color=NEUTRAL["ink"],
            parse_math=False,
            zorder=5,
            path_effects=[withStroke(linewidth=2.0, foreground="white", alpha=0.85)],
        )
        box = text.get_window_extent(renderer)
        if box.x1 > frame.x1 or box.y1 > frame.y1 or any(box.overlaps(other) for other in taken):
            text.remove()
        else:
            taken.append(box.padded(1.0))
            written.append(i)
    return np.array(written, dtype=int)


def thumbnails(
    axes: Any, points: np.ndarray, images: np.ndarray, colors: Sequence[str] | None = None, pixels: int = 26
) -> np.ndarray:
    """Draw pictures at some of the points, spread over the plane so that none overlaps another.

    Call it last: which points are chosen depends on the final limits of `axes`.

    Parameters
    ----------
    axes : Axes
    points : ndarray, shape (n, 2)
    images : ndarray, shape (n, height, width)
        Grey levels of ink from 0 to 1, or from 0 to 255 as uint8.
    colors : sequence of str, optional
        The ink's colour for each point.
    pixels : int, default 26
        The side of a thumbnail, in pixels of a figure with 100 to the inch.

    Returns
    -------
    ndarray of int
        The indices of the points chosen.
    """
    from matplotlib.colors import to_rgb
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    figure = axes.get_figure()
    figure.draw_without_rendering()
    side = (pixels + 8) * figure.dpi / 100  # with the frame and some air
    places = axes.transData.transform(points)
    inside = axes.get_window_extent().padded(-side / 2)
    chosen = _spread(places, side, np.array([inside.x0, inside.y0, inside.x1, inside.y1]))
    zoom = pixels / max(images.shape[1:]) * 72 / 100
    for i in chosen:
        color = NEUTRAL["ink"] if colors is None else colors[i]
        ink = images[i] / 255.0 if images.dtype == np.uint8 else images[i]
        # Darker than the dots, or a light colour could not be read.
        shade = 0.75 * np.array(to_rgb(color))
        picture = 1.0 - ink[:, :, None] * (1.0 - shade)
        box = AnnotationBbox(
            OffsetImage(picture, zoom=zoom, interpolation="bilinear"),
            tuple(points[i]),
            pad=0.1,
            bboxprops={"edgecolor": color, "linewidth": 1.0},
        )
        axes.add_artist(box)
    return chosen


def _spread(places: np.ndarray, side: float, frame: np.ndarray) -> np.ndarray:
    """Choose points, one per square cell at most, no two closer than `side` in both directions.

    Cells are twice as fine as needed and each offers the point nearest to its centre, so
    that the choice is even in the crowd and still takes the loners at the rim.
    """
    within = np.flatnonzero((places >= frame[:2]).all(axis=1) & (places <= frame[2:]).all(axis=1))
    cells = np.floor(places[within] / side)
    distance = np.abs(places[within] / side - cells - 0.5).max(axis=1)
    order = np.lexsort((distance, cells[:, 1], cells[:, 0]))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (cells[order][1:] != cells[order][:-1]).any(axis=1)
    candidates = order[first]
    chosen: list[int] = []
    taken = np.empty((0, 2))
    for i in within[candidates[np.argsort(distance[candidates], kind="stable")]]:
        if not (np.abs(taken - places[i]) < side).all(axis=1).any():
            chosen.append(int(i))
            taken = np.vstack([taken, places[i]])
    return np.array(chosen, dtype=int)


def variance_bars(
    axes: Any,
    shares: np.ndarray,
    intervals: np.ndarray | None = None,
    *,
    line: bool = False,
    even_share: float | None = None,
) -> None:
    """Draw each component's share of the variance, with its interval, and their running sum.

    Parameters
    ----------
    axes : Axes
    shares : ndarray, shape (k,)
        From 0 to 1.
    intervals : ndarray, shape (m, 2), optional
        Ends of an interval for each of the first m shares.
    line : bool, default False
        Points joined by a line (a scree plot) instead of bars.
    even_share : float, optional
        A dashed line here: what each component would have if all were equal.
    """
    percent = 100 * shares
    number = np.arange(1, len(shares) + 1)
    few = len(shares) <= 15
    if line:
        axes.plot(number, percent, "o-", color=NEUTRAL["bar"], markersize=6 if few else 3, zorder=3)
    else:
        axes.bar(number, percent, width=0.7, color=NEUTRAL["bar"], zorder=2)
    if intervals is not None:
        # About its own middle: an interval corrected for bias need not contain the share itself.
        low, high = 100 * intervals.T
        look = {"fmt": "none", "ecolor": NEUTRAL["ink"], "capsize": 3, "linewidth": 1.2, "zorder": 4}
        axes.errorbar(number[: len(low)], (low + high) / 2, yerr=(high - low) / 2, **look)
    if len(shares) > 1:
        style = {"color": NEUTRAL["muted"], "markersize": 4 if few else 2, "linewidth": 1}
        axes.plot(number, np.cumsum(percent), "s--", label="running sum", **style)
    if even_share is not None:
        axes.axhline(100 * even_share, color=NEUTRAL["accent"], linestyle=":", label="if all were equal")
    axes.set_ylim(0, 1.08 * percent.sum())
    axes.set_ylabel("variance explained, %")
    axes.set_xlabel("component")
    step = max(1, len(shares) // 10)
    axes.set_xticks(number[::step] if len(shares) <= 10 else [1, *range(step, len(shares) + 1, step)])
    axes.grid(axis="x", visible=False)
    if not axes.get_legend_handles_labels()[0]:
        return
    # Where the bars are high on the left the free place is on the right, and the other way round.
    axes.legend(loc="center right" if percent[0] > 0.5 * percent.sum() else "upper left")
