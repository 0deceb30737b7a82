"""The pictures: films on the plane of their first factors, and the methods' errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad import ui
from minigrad.learn import PCA
from minigrad.learn.recommend import ALS
from minigrad.projects.movie_recommender._catalogue import Catalogue
from minigrad.projects.movie_recommender._evaluation import PUBLISHED, Row
from minigrad.projects.movie_recommender._visitor import LEAST, Visitor

__all__ = ["draw_errors", "draw_map", "plane_of"]

_GENRES = 7  # that have a colour of their own
_GREYS = ("#94a4a2", "#717581", "#9c9ca1")  # in the palette, too near the colour of the others
_OTHERS = "#d0d0d0"
_NAMED = 70  # films whose titles are tried, the best known first


def plane_of(visitor: Visitor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return films with enough ratings and where they lie on the two first axes of their factors.

    Parameters
    ----------
    visitor : Visitor

    Returns
    -------
    films : ndarray of int
    points : ndarray of shape (n, 2)
    shares : ndarray of shape (2,)
        Of the factors' variance, that each axis carries.
    """
    counts = visitor.catalogue.counts
    least = min(LEAST, int(np.sort(counts)[-min(len(counts), 30)]))
    films = np.flatnonzero(counts >= max(least, 1))
    model = visitor.model("als")
    assert isinstance(model, ALS)
    factors = np.ascontiguousarray(model.item_factors_[films], np.float64)
    pca = PCA(n_components=2).fit(factors)
    return films, pca.transform(factors), pca.explained_variance_ratio_


def draw_map(figure: Any, visitor: Visitor, recommended: Sequence[int]) -> None:
    """Draw the films, what the visitor rated, and what is recommended.

    Parameters
    ----------
    figure : Figure
    visitor : Visitor
    recommended : sequence of int
    """
    catalogue = visitor.catalogue
    films, points, shares = plane_of(visitor)
    axes = figure.add_subplot()
    synthetic = " (synthetic)" if catalogue.data.synthetic else ""
    title = f"{len(films):,} films of {catalogue.data.name}{synthetic}, near each other if the same people like them"
    figure.suptitle(title, x=0.01, ha="left", fontsize=15, parse_math=False)
    _scatter(axes, catalogue, films, points)
    places = dict(zip(films.tolist(), points, strict=True))
    rated = [film for film in visitor.ratings if film in places]
    marks = (("what you rated", rated, "o", ui.NEUTRAL["ink"]), ("recommended", recommended, "*", ui.NEUTRAL["accent"]))
    for words, which, marker, color in marks:
        spots = np.array([places[film] for film in which if film in places])
        if len(spots):
            look = {"facecolors": "none" if marker == "o" else color, "edgecolors": color, "linewidths": 1.5}
            axes.scatter(*spots.T, s=170, marker=marker, label=words, zorder=4, **look)
    axes.set_xlabel(f"first axis of the factors ({100 * shares[0]:.0f}% of their variance)")
    axes.set_ylabel(f"second axis ({100 * shares[1]:.0f}%)")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    known = films[np.argsort(-catalogue.counts[films], kind="stable")][:_NAMED].tolist()
    named = [film for film in dict.fromkeys([*rated, *recommended, *known]) if film in places]
    ui.name_points(axes, np.array([places[film] for film in named]), [catalogue.names[film] for film in named])


def _scatter(axes: Any, catalogue: Catalogue, films: np.ndarray, points: np.ndarray) -> None:
    """Draw a dot for each film, of its rarest common genre's colour, larger for the better known."""
    tally = Counter(genre for film in films for genre in catalogue.data.genres[film])
    # The most common genre of many says least about a film.
    common = [genre for genre, _ in tally.most_common()]
    coloured = common[1 : 1 + _GENRES] if len(common) > _GENRES else common
    bright = [color for color in ui.palette(10) if color not in _GREYS]
    colors = dict(zip(coloured, bright, strict=False))
    first = [next((g for g in reversed(coloured) if g in catalogue.data.genres[film]), "") for film in films]
    size = 6.0 + 60.0 * catalogue.counts[films] / catalogue.counts.max()
    for genre in ["", *coloured]:
        part = np.array([own == genre for own in first])
        color = colors.get(genre, _OTHERS)
        words = genre or "others"
        if not part.any():
            continue
        axes.scatter(*points[part].T, s=size[part], color=color, alpha=0.6, linewidths=0, label=words, zorder=2)


def draw_errors(figure: Any, title: str, rows: Sequence[Row], beside: bool) -> None:
    """Draw each method's error, and those that others published.

    Parameters
    ----------
    figure : Figure
    title : str
    rows : sequence of Row
    beside : bool
        Whether the published ones belong there: they are of MovieLens 100k.
    """
    figure.suptitle(title, x=0.01, ha="left", fontsize=15, parse_math=False)
    axes = figure.add_subplot()
    entries = [(row.figures["rmse"], row.method, ui.NEUTRAL["bar"], "o") for row in rows]
    if beside:
        entries += [(p.rmse, f"{p.name} ({p.source})", ui.NEUTRAL["muted"], "s") for p in PUBLISHED]
    entries.sort(key=lambda entry: -entry[0])
    for height, (error, _, color, marker) in enumerate(entries):
        axes.plot([error], [height], marker, color=color, markersize=8, zorder=3)
        axes.annotate(f"{error:.3f}", (error, height), xytext=(8, -4), textcoords="offset points", fontsize=9)
    axes.set_yticks(range(len(entries)), [words for _, words, _, _ in entries], parse_math=False)
    axes.set_xlabel("RMSE on ratings not seen, in stars: round dots are ours")
    axes.margins(x=0.08)
