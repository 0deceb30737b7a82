"""The one theme: colours, markers, fonts and sizes."""

from __future__ import annotations

from typing import Any

from minigrad import _check

__all__ = ["MARKERS", "NEUTRAL", "palette", "themed"]

# The sequences of Petroff (2021), "Accessible color sequences for data visualization":
# chosen so that every pair stays apart for normal and for colour-deficient vision, with
# enough contrast against white.
_SEQUENCES = {
    6: ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd"),
    10: (
        "#3f90da",
        "#ffa90e",
        "#bd1f01",
        "#94a4a2",
        "#832db6",
        "#a96b59",
        "#e76300",
        "#b9ac70",
        "#717581",
        "#92dadd",
    ),
}

# Shape repeats what colour says, so that a grey print still tells the classes apart.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")

NEUTRAL = {"ink": "#222222", "muted": "#6b6b6b", "grid": "#dcdcdc", "bar": "#5790fc", "accent": "#e42536"}


def palette(n_colors: int) -> list[str]:
    """Return colours that can be told apart, with full and with deficient colour vision.

    Parameters
    ----------
    n_colors : int
        Beyond 10 they repeat.

    Returns
    -------
    list of str
        As ``#rrggbb``.

    Raises
    ------
    TypeError
        If `n_colors` is not an integer.
    ValueError
        If it is negative.

    References
    ----------
    M. A. Petroff, "Accessible color sequences for data visualization", 2021.

    Examples
    --------
    >>> from minigrad.ui import palette
    >>> palette(3)
    ['#5790fc', '#f89c20', '#e42536']
    >>> len(set(palette(10)))
    10
    """
    count = _check.integer(n_colors, "palette", "n_colors", 0)
    sequence = _SEQUENCES[6] if count <= 6 else _SEQUENCES[10]
    return [sequence[i % len(sequence)] for i in range(count)]


def themed() -> Any:
    """Return a context in which matplotlib draws in the theme."""
    import matplotlib

    return matplotlib.rc_context(_settings())


def _settings() -> Any:
    return {
        "font.family": "DejaVu Sans",
        "font.size": 11,
        "text.color": NEUTRAL["ink"],
        "axes.titlesize": 13,
        "axes.titlelocation": "left",
        "axes.labelsize": 11,
        "axes.labelcolor": NEUTRAL["ink"],
        "axes.edgecolor": NEUTRAL["muted"],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": NEUTRAL["grid"],
        "grid.linewidth": 0.7,
        "xtick.color": NEUTRAL["muted"],
        "ytick.color": NEUTRAL["muted"],
        "xtick.labelsize": 10,
        "ytick.labelsize": 10,
        "legend.frameon": False,
        "legend.fontsize": 10,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        # The same picture has the same bytes: no random ids in SVG.
        "svg.hashsalt": "minigrad",
        "svg.fonttype": "path",
        "keymap.quit": ["q", "ctrl+w", "cmd+w", "escape"],
    }
