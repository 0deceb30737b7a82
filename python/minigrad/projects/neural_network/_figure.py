"""The pictures: digits right and wrong, learning curves, the plane cut by a network or a line."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import ui
from minigrad.projects.neural_network._data import Source
from minigrad.projects.neural_network._training import Run, predict

__all__ = ["draw_images", "draw_perceptron", "draw_plane", "draw_table"]

_GRID = 160  # points along each side of a decision map
_SHADES = 10


def _headline(figure: Any, text: str) -> None:
    figure.suptitle(text, x=0.01, ha="left", fontsize=15, parse_math=False)


def _draw_errors(axes: Any, run: Run) -> None:
    """Draw the share of mistakes after each epoch."""
    number = [e.number for e in run.epochs]
    learn, validate = ui.palette(2)
    few = len(number) <= 60
    for marker, color, label, shares in (
        ("o", learn, "training", [e.train_accuracy for e in run.epochs]),
        ("s", validate, "validation", [e.validation_accuracy for e in run.epochs]),
    ):
        errors = [100 * (1 - share) for share in shares]
        look = {"marker": marker, "markersize": 3} if few else {"linewidth": 1}
        axes.plot(number, errors, color=color, label=label, **look)
    # Logarithmic, but for the last half percent: there errors come to nothing.
    axes.set_yscale("symlog", linthresh=0.5)
    ticks = [0, 0.5, 1, 2, 5, 10, 20, 50, 100]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.set_ylim(0, 1.2 * max(*(100 * (1 - e.train_accuracy) for e in run.epochs), 1.0))
    _number_epochs(axes, len(number))
    axes.set_ylabel("error, %")
    axes.legend()


def _draw_loss(axes: Any, run: Run) -> None:
    """Draw the mean loss of each epoch."""
    axes.plot([e.number for e in run.epochs], [e.loss for e in run.epochs], color=ui.palette(1)[0], linewidth=1.5)
    axes.set_ylim(bottom=0)
    _number_epochs(axes, len(run.epochs))
    axes.set_ylabel("training loss")


def _number_epochs(axes: Any, epochs: int) -> None:
    step = max(1, epochs // 5)
    axes.set_xticks([1, *range(step, epochs + 1, step)] if step > 1 else range(1, epochs + 1))
    axes.set_xlabel("epoch")


def _draw_confusion(axes: Any, truth: np.ndarray, guess: np.ndarray, names: tuple[str, ...]) -> None:
    k = len(names)
    counts = np.zeros((k, k), int)
    np.add.at(counts, (truth, guess), 1)
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    axes.imshow(wrong, cmap="Reds", vmin=0, vmax=max(1, 1.2 * wrong.max()))
    for i in range(k):
        for j in range(k):
            if counts[i, j] and (k <= 12):
                color = "white" if wrong[i, j] > 0.6 * wrong.max() else ui.NEUTRAL["ink"]
                axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=7, color=color)
    axes.set_xticks(
        range(k), names if k <= 12 else [""] * k, rotation=0 if max(map(len, names)) < 3 else 90, fontsize=8
    )
    axes.set_yticks(range(k), names if k <= 12 else [""] * k, fontsize=8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.grid(False)


def draw_images(figure: Any, source: Source, model: Any, run: Run, headline: str) -> None:
    """Draw digits classified rightly and wrongly, the confusion matrix and the curves."""
    _headline(figure, headline)
    left, right = figure.subfigures(1, 2, width_ratios=[1.5, 1.0])
    chances = predict(model, source.test.x)
    guess = chances.argmax(axis=1)
    wrong = np.flatnonzero(guess != source.test.y)
    # The surest mistakes first: those are worth looking at.
    wrong = wrong[np.argsort(-chances[wrong, guess[wrong]], kind="stable")][:20]
    right_ones = np.flatnonzero(guess == source.test.y)[:20]
    upper, lower = left.subfigures(2, 1)
    for part, rows, title in ((upper, right_ones, "correct"), (lower, wrong, "misclassified, the surest first")):
        part.suptitle(title, x=0.02, ha="left", fontsize=11)
        panels = part.subplots(2, 10)
        for axes in panels.ravel():
            axes.set_axis_off()
        for axes, i in zip(panels.ravel(), rows, strict=False):
            _draw_digit(axes, source, i, int(guess[i]), float(chances[i, guess[i]]))
    top, bottom = right.subplots(2, 1)
    _draw_errors(top, run)
    _draw_confusion(bottom, source.test.y, guess, source.class_names)


def _draw_digit(axes: Any, source: Source, row: int, guess: int, chance: float) -> None:
    size = source.image_size or 1
    picture = source.test.x[row] * source.scale + source.shift
    axes.imshow(picture.reshape(-1, size), cmap="gray_r", vmin=0, vmax=255)
    truth = int(source.test.y[row])
    name, own = (_short(source.class_names[i]) for i in (guess, truth))
    parted = ", " if len(name + own) < 4 else "\n"
    text = name if truth == guess else f"{name}{parted}not {own}"
    axes.set_title(
        f"{text}\n{100 * chance:.0f}%",
        fontsize=7,
        loc="center",
        parse_math=False,
        color=ui.NEUTRAL["ink"] if truth == guess else ui.NEUTRAL["accent"],
    )


def _short(name: str) -> str:
    return name if len(name) <= 12 else name[:11] + "…"


def draw_plane(figure: Any, source: Source, model: Any, run: Run, headline: str) -> None:
    """Draw where the network decides for which class, with the samples, and the curves."""
    _headline(figure, headline)
    left, right = figure.subfigures(1, 2, width_ratios=[1.2, 1.0])
    plane = left.subplots()
    limit = 1.1 * max(float(np.abs(s.x).max()) for s in (source.learn, source.test))
    side = np.linspace(-limit, limit, _GRID, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    chance = predict(model, grid)[:, 1].reshape(_GRID, _GRID)
    plane.contourf(side, side, chance, levels=np.linspace(0, 1, _SHADES + 1), colors=_shades())
    plane.contour(side, side, chance, levels=[0.5], colors=ui.NEUTRAL["ink"], linewidths=1.5)
    points = np.concatenate([source.learn.x, source.test.x])
    ui.scatter_classes(plane, points, np.concatenate([source.learn.y, source.test.y]), 2)
    ui.class_legend(plane, source.class_names)
    plane.set_aspect("equal")
    plane.grid(False)
    plane.set_title("shade: how likely each class is; line: both alike", fontsize=11)
    top, bottom = right.subplots(2, 1)
    _draw_loss(top, run)
    _draw_errors(bottom, run)


def _shades() -> list[tuple[float, float, float]]:
    """Return pale colours from that of class 0 through white to that of class 1."""
    ends = [np.array(list(bytes.fromhex(color[1:]))) / 255 for color in ui.palette(2)]
    mixed = []
    for t in np.linspace(-1, 1, _SHADES):
        red, green, blue = 1 - 0.5 * abs(t) * (1 - ends[int(t > 0)])
        mixed.append((float(red), float(green), float(blue)))
    return mixed


def draw_table(figure: Any, source: Source, model: Any, run: Run, headline: str) -> None:
    """Draw the curves and the confusion matrix."""
    _headline(figure, headline)
    left, right = figure.subfigures(1, 2)
    top, bottom = left.subplots(2, 1)
    _draw_loss(top, run)
    _draw_errors(bottom, run)
    _draw_confusion(right.subplots(), source.test.y, predict(model, source.test.x).argmax(axis=1), source.class_names)


def draw_perceptron(figure: Any, models: dict[str, Any], points: np.ndarray, targets: dict[str, np.ndarray]) -> None:
    """Draw each gate's points and the perceptron's line, the lines of earlier corrections fainter."""
    _headline(figure, "A perceptron draws one line")
    panels = figure.subplots(1, len(models), squeeze=False)[0]
    side = np.linspace(-0.6, 1.6, _GRID)
    for axes, (gate, model) in zip(panels, models.items(), strict=True):
        lines = model.history_[1:][-12:]
        if model.converged_:
            (a, b), c = model.coef_[0], model.intercept_[0]
            shades = _shades()
            axes.contourf(
                side, side, a * side + b * side[:, None] + c, levels=[-99, 0, 99], colors=[shades[2], shades[-3]]
            )
        for age, (a, b, c) in enumerate(lines[::-1]):
            last = age == 0 and model.converged_
            _draw_line(axes, a, b, c, ui.NEUTRAL["ink"] if last else ui.NEUTRAL["muted"], 1.0 if last else 0.4)
        for target, color, marker in zip((0, 1), ui.palette(2), ui.MARKERS, strict=False):
            where = points[targets[gate] == target]
            axes.scatter(*where.T, color=color, marker=marker, s=130, edgecolors="white", zorder=3, label=str(target))
        axes.legend(title="output", loc="upper right", frameon=True, framealpha=1)
        axes.set_xlim(-0.6, 1.6)
        axes.set_ylim(-0.6, 1.6)
        axes.set_xticks([0, 1])
        axes.set_yticks([0, 1])
        axes.set_xlabel("x1")
        axes.set_ylabel("x2")
        axes.set_aspect("equal")
        verdict = "learned" if model.converged_ else "no line parts them"
        axes.set_title(f"{gate.upper()}: {verdict}", fontsize=12)


def _draw_line(axes: Any, a: float, b: float, c: float, color: str, alpha: float) -> None:
    if a == 0 and b == 0:
        return
    foot = -c / (a * a + b * b)
    axes.axline((a * foot, b * foot), (a * foot - b, b * foot + a), color=color, alpha=alpha, linewidth=1.5)
