"""The pictures: digits right and wrong, learning curves, the plane cut by a network or a line."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import ui
from minigrad.projects.neural_network._data import Source
from minigrad.projects.neural_network._training import Run, predict

__all__ = ["draw_images", "draw_perceptron", "draw_plane", "draw_table"]

_GRID = 160  # points along each side of a decision map


def _headline(figure: Any, text: str) -> None:
    figure.suptitle(text, x=0.01, ha="left", fontsize=15, parse_math=False)


def _draw_curves(axes: Any, run: Run) -> None:
    number = [e.number for e in run.epochs]
    axes.plot(number, [100 * (1 - e.train_accuracy) for e in run.epochs], "o-", markersize=3, label="training error")
    axes.plot(
        number, [100 * (1 - e.validation_accuracy) for e in run.epochs], "s-", markersize=3, label="validation error"
    )
    axes.set_yscale("symlog", linthresh=1.0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("epoch")
    axes.set_ylabel("error, %")
    axes.legend()


def _draw_confusion(axes: Any, truth: np.ndarray, guess: np.ndarray, names: tuple[str, ...]) -> None:
    k = len(names)
    counts = np.zeros((k, k), int)
    np.add.at(counts, (truth, guess), 1)
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    axes.imshow(wrong, cmap="Reds", vmin=0, vmax=max(1, wrong.max()))
    for i in range(k):
        for j in range(k):
            if counts[i, j] and (k <= 12):
                axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=7)
    axes.set_xticks(
        range(k), names if k <= 12 else [""] * k, rotation=0 if max(map(len, names)) < 3 else 90, fontsize=8
    )
    axes.set_yticks(range(k), names if k <= 12 else [""] * k, fontsize=8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.grid(False)


def draw_images(figure: Any, source: Source, model: Any, run: Run, headline: str) -> None:
    """Draw digits read rightly and wrongly, the confusion matrix and the curves."""
    _headline(figure, headline)
    left, right = figure.subfigures(1, 2, width_ratios=[1.5, 1.0])
    chances = predict(model, source.test.x)
    guess = chances.argmax(axis=1)
    wrong = np.flatnonzero(guess != source.test.y)
    # The surest mistakes first: those are worth looking at.
    wrong = wrong[np.argsort(-chances[wrong, guess[wrong]], kind="stable")][:20]
    right_ones = np.flatnonzero(guess == source.test.y)[:20]
    upper, lower = left.subfigures(2, 1)
    for part, rows, title in ((upper, right_ones, "read rightly"), (lower, wrong, "misclassified, the surest first")):
        part.suptitle(title, x=0.02, ha="left", fontsize=11)
        panels = part.subplots(2, 10)
        for axes in panels.ravel():
            axes.set_axis_off()
        for axes, i in zip(panels.ravel(), rows, strict=False):
            _draw_digit(axes, source, i, int(guess[i]), float(chances[i, guess[i]]))
    top, bottom = right.subplots(2, 1)
    _draw_curves(top, run)
    _draw_confusion(bottom, source.test.y, guess, source.class_names)


def _draw_digit(axes: Any, source: Source, i: int, guess: int, chance: float) -> None:
    size = source.image_size or 1
    picture = source.test.x[i] * source.scale + source.shift
    axes.imshow(picture.reshape(-1, size), cmap="gray_r", vmin=0, vmax=255)
    truth = int(source.test.y[i])
    name = source.class_names[guess]
    text = f"{name}" if truth == guess else f"{name}, not {source.class_names[truth]}"
    axes.set_title(
        f"{text}\n{100 * chance:.0f}%",
        fontsize=7,
        loc="center",
        parse_math=False,
        color=ui.NEUTRAL["ink"] if truth == guess else ui.NEUTRAL["accent"],
    )


def draw_plane(figure: Any, source: Source, model: Any, run: Run, headline: str) -> None:
    """Draw where the network decides for which class, with the samples, and the curves."""
    _headline(figure, headline)
    plane, curves = figure.subplots(1, 2, width_ratios=[1.3, 1.0])
    limit = 1.1 * max(float(np.abs(s.x).max()) for s in (source.learn, source.test))
    side = np.linspace(-limit, limit, _GRID, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    chance = predict(model, grid)[:, 1].reshape(_GRID, _GRID)
    plane.contourf(side, side, chance, levels=np.linspace(0, 1, 11), cmap="RdBu_r", alpha=0.45)
    plane.contour(side, side, chance, levels=[0.5], colors=ui.NEUTRAL["ink"], linewidths=1.5)
    points = np.concatenate([source.learn.x, source.test.x])
    ui.scatter_classes(plane, points, np.concatenate([source.learn.y, source.test.y]), 2)
    plane.set_aspect("equal")
    plane.set_title("shade: probability of class 1; line: one half", fontsize=11)
    _draw_curves(curves, run)


def draw_table(figure: Any, source: Source, model: Any, run: Run, headline: str) -> None:
    """Draw the curves and the confusion matrix."""
    _headline(figure, headline)
    left, right = figure.subplots(1, 2)
    _draw_curves(left, run)
    _draw_confusion(right, source.test.y, predict(model, source.test.x).argmax(axis=1), source.class_names)


def draw_perceptron(figure: Any, models: dict[str, Any], points: np.ndarray, targets: dict[str, np.ndarray]) -> None:
    """Draw each gate's points and the perceptron's line, every correction's line fainter before it."""
    _headline(figure, "A perceptron draws one line")
    panels = figure.subplots(1, len(models), squeeze=False)[0]
    for axes, (gate, model) in zip(panels, models.items(), strict=True):
        ui.scatter_classes(axes, points, targets[gate], 2)
        lines = model.history_[1:][-12:]
        for age, (a, b, c) in enumerate(lines[::-1]):
            _draw_line(axes, a, b, c, 1.0 if age == 0 else 0.35 / age)
        axes.set_xlim(-0.6, 1.6)
        axes.set_ylim(-0.6, 1.6)
        axes.set_aspect("equal")
        verdict = "learned" if model.converged_ else "no line parts them"
        axes.set_title(f"{gate.upper()}: {verdict}", fontsize=12)


def _draw_line(axes: Any, a: float, b: float, c: float, alpha: float) -> None:
    if a == 0 and b == 0:
        return
    foot = -c / (a * a + b * b)
    axes.axline((a * foot, b * foot), (a * foot - b, b * foot + a), color=ui.NEUTRAL["ink"], alpha=alpha, linewidth=1.5)
