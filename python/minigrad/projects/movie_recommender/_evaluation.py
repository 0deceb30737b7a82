"""How good the methods are on ratings that they have not seen, beside what others have published."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from minigrad.datasets import RatingsDataset
from minigrad.learn import recommend
from minigrad.projects.movie_recommender._methods import METHODS
from minigrad.projects.movie_recommender._visitor import table_of

__all__ = [
    "COLUMNS",
    "PUBLISHED",
    "Published",
    "Row",
    "evaluate",
    "folds_of",
    "head_lines",
    "published_lines",
    "row_line",
]

# As `recommend.evaluate` names them, and as they are headed.
COLUMNS = {
    "rmse": "RMSE",
    "mae": "MAE",
    "precision": "P@10",
    "recall": "R@10",
    "ndcg": "NDCG@10",
    "coverage": "coverage",
    "covered": "in 90%",
}
_N_FOLDS = 5


@dataclass(frozen=True)
class Row:
    """One method's figures, by the names of `COLUMNS`, and the seconds that they took."""

    method: str
    figures: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Published:
    """A figure of somebody else's on MovieLens 100k."""

    name: str
    rmse: float
    mae: float | None
    source: str


_README = "Surprise's README, five random folds"
_RUN = "Surprise 1.1.5, run on u1 to u5"
PUBLISHED = (
    Published("SVD++", 0.919, 0.721, _README),
    Published("k-NN baseline", 0.931, 0.733, _README),
    Published("SVD", 0.934, 0.737, _README),
    Published("Baseline", 0.944, None, _README),
    Published("Slope One", 0.946, None, _README),
    Published("NMF", 0.963, None, _README),
    Published("k-NN", 0.980, None, _README),
    Published("SVD, tuned", 0.9129, None, _RUN),
    Published("item k-NN, pearson_baseline", 0.9204, None, _RUN),
    Published("SVD++", 0.9218, None, _RUN),
    Published("k-NN baseline", 0.9323, None, _RUN),
    Published("SVD", 0.9380, None, _RUN),
    Published("Baseline", 0.9457, None, _RUN),
    Published("user k-NN, cosine", 1.0174, None, _RUN),
)


def folds_of(data: RatingsDataset, seed: int) -> list[tuple[recommend.Ratings, recommend.Ratings]]:
    """Return the training and test parts: the publishers' folds, or five at random.

    Parameters
    ----------
    data : RatingsDataset
    seed : int
        Of the random ones.
    """
    if not data.folds:
        return list(recommend.kfold(table_of(data), _N_FOLDS, seed))
    parts = []
    for rows in data.folds:
        held_out = np.zeros(len(data.values), bool)
        held_out[rows] = True
        parts.append((table_of(data, ~held_out), table_of(data, held_out)))
    return parts


def evaluate(
    data: RatingsDataset, seed: int, report: Callable[[int, int | None], None] = lambda done, total: None
) -> Iterator[Row]:
    """Yield the figures of one method after the other.

    Parameters
    ----------
    data : RatingsDataset
    seed : int
    report : callable, optional
        Told how many methods of how many are done.
    """
    folds = folds_of(data, seed)
    names = [name for name, method in METHODS.items() if method.measured]
    for done, name in enumerate(names):
        report(done, len(names))
        start = time.perf_counter()
        figures = recommend.evaluate(lambda name=name: METHODS[name].make(seed), folds, k=10)  # type: ignore[misc]
        yield Row(name, {key: float(figures[key]) for key in COLUMNS}, time.perf_counter() - start)


def head_lines(data: RatingsDataset) -> list[str]:
    """Say what is measured on, and head the columns."""
    low, high = data.scale
    parts = f"its folds u1 to u{len(data.folds)}" if data.folds else f"{_N_FOLDS} folds at random"
    heads = "".join(f"{head:>9}" for head in COLUMNS.values())
    films = int((data.counts > 0).sum())
    return [
        f"Data set: {data.name}{' (synthetic)' if data.synthetic else ''}: {len(data.values):,} ratings from {low:g} "
        f"to {high:g}, {len(data.user_ids):,} users, {films:,} films; {parts}.",
        f"{'method':<14}{heads}{'seconds':>9}",
    ]


def row_line(row: Row) -> str:
    """Return a method's line of the table."""
    cells = "".join(f"{row.figures[key]:>9.4f}" if key in ("rmse", "mae") else _percent(row, key) for key in COLUMNS)
    return f"{row.method:<14}{cells}{row.seconds:>9.1f}"


def _percent(row: Row, key: str) -> str:
    if key == "ndcg":
        return f"{row.figures[key]:>9.3f}"
    return f"{100 * row.figures[key]:>8.1f}%"


def published_lines(rows: list[Row]) -> list[str]:
    """Set what others published beside the best of ours."""
    best = min(rows, key=lambda row: row.figures["rmse"])
    lines = [f"Best: {best.method}, RMSE {best.figures['rmse']:.4f}. What others reach on MovieLens 100k:"]
    for p in sorted(PUBLISHED, key=lambda p: p.rmse):
        error = f"{p.mae:.3f}" if p.mae is not None else "-"
        lines.append(f"  {p.name:<28}RMSE {p.rmse:<7g} MAE {error:<6} ({p.source})")
    return lines
