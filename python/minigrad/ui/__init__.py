"""Pictures, windows, tables and progress, in one theme.

The only place that imports matplotlib, pygame or rich, and it does so inside functions:
importing `minigrad.ui` costs nothing until something is drawn. It knows no room: programs
compute with the rooms and hand arrays over.

========================  =====================================================
`new_figure`              an empty figure in the theme, for a file or a window
`render`, `save_figure`   a figure as bytes, or into a file written whole or not at all
`render_animation`        frames as a GIF
`window_backend`          whether a window can open here, and if not, why
`show`                    open the window and wait until it is closed
`Stage`                   a window, or a picture in memory, for what moves
`frames_to_gif`, `Gif`    pictures of a stage as a GIF, at once or one by one
`progress`                a bar on a terminal, silence in a pipe
`table`                   aligned columns of text
`palette`                 colours that people with colour-vision deficiency can tell apart
========================  =====================================================
"""

from __future__ import annotations

from minigrad.ui._charts import arrows, class_legend, name_points, scatter_classes, thumbnails, variance_bars
from minigrad.ui._display import show, window_backend
from minigrad.ui._figure import (
    FORMATS,
    new_figure,
    render,
    render_animation,
    save_animation,
    save_figure,
)
from minigrad.ui._stage import Event, Gif, Stage, frames_to_gif
from minigrad.ui._terminal import progress, table
from minigrad.ui._theme import MARKERS, NEUTRAL, palette

__all__ = [
    "FORMATS",
    "MARKERS",
    "NEUTRAL",
    "Event",
    "Gif",
    "Stage",
    "arrows",
    "class_legend",
    "frames_to_gif",
    "name_points",
    "new_figure",
    "palette",
    "progress",
    "render",
    "render_animation",
    "save_animation",
    "save_figure",
    "scatter_classes",
    "show",
    "table",
    "thumbnails",
    "variance_bars",
    "window_backend",
]
