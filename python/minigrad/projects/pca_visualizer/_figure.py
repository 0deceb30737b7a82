"""The pictures: the projection with its bars, the reconstruction, the animation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import linalg, ui
from minigrad.projects.pca_visualizer._analysis import Analysis

__all__ = ["draw_animation", "draw_projection", "draw_reconstruction"]

_MAX_ARROWS = 8
_MAX_FRAMES = 60
_STILL = 1e-6  # radians
_TURNING = "{}: power iteration turns a vector onto the first axis"
_FEW = 1500  # points behind the animation
_MANY = 3000  # points beyond which the legend needs no shapes


def draw_projection(figure: Any, result: Analysis, *, three_d: bool, scree: bool) -> list[Any]:
    """Fill `figure`; return what the biplot added, which a window can hide and show again."""
    source, k = result.source, result.pca.n_components_
    figure.suptitle(_headline(result, 3 if three_d else 2), x=0.01, ha="left", fontsize=15, parse_math=False)
    with_axes = source.images is not None and k >= 2
    grid = figure.add_gridspec(2 if with_axes else 1, 1 + (2 if with_axes else 1), width_ratios=_widths(with_axes))
    main = figure.add_subplot(grid[:, 0], projection="3d" if three_d else None)
    bars = figure.add_subplot(grid[0, 1:])
    even = 1.0 / source.values.shape[1] if scree else None
    intervals = result.share_intervals
    ui.variance_bars(bars, result.pca.explained_variance_ratio_, intervals, line=scree, even_share=even)
    if intervals is not None:
        bars.set_title("with 95% intervals (bootstrap)", loc="left", fontsize=11)
    if with_axes:
        for j in range(2):
            _draw_axis_image(figure.add_subplot(grid[1, 1 + j]), result, j)
    if three_d:
        return _draw_space(main, result)
    return _draw_plane(main, result)


def _widths(with_axes: bool) -> list[float]:
    return [2.2, 0.5, 0.5] if with_axes else [1.9, 1.0]


def _headline(result: Analysis, wanted: int) -> str:
    k = min(wanted, result.pca.n_components_)
    share = 100 * float(result.pca.explained_variance_ratio_[:k].sum())
    words = {1: "one axis carries", 2: "two axes carry", 3: "three axes carry"}[k]
    return f"{result.source.title}: {words} {share:.1f}% of the variance"


def _axis_label(result: Analysis, j: int) -> str:
    return f"component {j + 1} ({100 * result.pca.explained_variance_ratio_[j]:.1f}%)"


def _draw_plane(axes: Any, result: Analysis) -> list[Any]:
    source, scores = result.source, result.scores
    if scores.shape[1] == 1:
        # One component: the classes side by side, or all on one line.
        rows = np.zeros(len(scores)) if source.classes is None else source.classes.astype(float)
        points = np.column_stack([scores[:, 0], rows])
        axes.set_yticks(range(len(source.class_names)), source.class_names, parse_math=False)
        axes.margins(y=0.3)
    else:
        points = scores[:, :2]
        axes.set_ylabel(_axis_label(result, 1))
        # One unit is as long across as up, or the picture would show variances that are not there.
        axes.set_aspect("equal", adjustable="datalim")
        axes.axhline(0, color=ui.NEUTRAL["grid"], zorder=0)
    axes.axvline(0, color=ui.NEUTRAL["grid"], zorder=0)
    axes.set_xlabel(_axis_label(result, 0))
    ui.scatter_classes(axes, points, source.classes, len(source.class_names))
    if source.class_names and scores.shape[1] > 1:
        _class_names_above(axes, result, many=len(scores) > _MANY)
    if result.separation is not None:
        told = f"told apart here: {100 * result.separation.accuracy:.1f}%"
        axes.set_title(told, loc="right", fontsize=10, color=ui.NEUTRAL["muted"])
    if scores.shape[1] == 1:
        return []
    if source.images is not None:
        colors = None if source.classes is None else np.array(ui.palette(len(source.class_names)))[source.classes]
        ui.thumbnails(axes, points, source.images, colors)
        return []
    return _draw_arrows(axes, result)


def _class_names_above(axes: Any, result: Analysis, many: bool) -> None:
    names = result.source.class_names
    ui.class_legend(axes, names, many, loc="lower left", bbox_to_anchor=(0.0, 1.0))


def _draw_arrows(axes: Any, result: Analysis) -> list[Any]:
    """Draw the features as arrows: their correlations with the two components, enlarged to the cloud."""
    tips = (result.pca.components_[:2] * np.sqrt(result.pca.explained_variance_[:2, None])).T
    length = np.hypot(*tips.T)
    longest = np.sort(np.argsort(-length, kind="stable")[:_MAX_ARROWS])
    radius = np.quantile(np.hypot(*result.scores[:, :2].T), 0.95)
    names = [result.source.feature_names[i] for i in longest]
    before = set(axes.get_children())
    ui.arrows(axes, tips[longest] * (radius / length.max()), names)
    return [artist for artist in axes.get_children() if artist not in before]


def _draw_space(axes: Any, result: Analysis) -> list[Any]:
    source = result.source
    ui.scatter_classes(axes, result.scores[:, :3], source.classes, len(source.class_names))
    axes.set_xlabel(_axis_label(result, 0))
    axes.set_ylabel(_axis_label(result, 1))
    axes.set_zlabel(_axis_label(result, 2), labelpad=12)
    axes.set_box_aspect(None, zoom=0.95)
    if source.class_names:
        many = len(result.scores) > _MANY
        ui.class_legend(axes, source.class_names, many, loc="upper left")
    return []


def _draw_axis_image(axes: Any, result: Analysis, j: int) -> None:
    """Draw axis `j` as an image: what one end of it has more of (red) and the other (blue)."""
    picture = result.as_image(result.pca.components_[j])
    limit = float(np.abs(picture).max())
    axes.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit)
    axes.set_title(f"component {j + 1}", fontsize=11)
    axes.set_axis_off()


def draw_reconstruction(figure: Any, result: Analysis) -> None:
    """Draw originals above their reconstructions from all the components found."""
    source, pca = result.source, result.pca
    assert source.images is not None
    rows = result.examples
    rebuilt, errors = result.rebuild(rows)
    share = 100 * float(pca.explained_variance_ratio_.sum())
    figure.suptitle(
        f"{source.title}: {pca.n_components_} of {source.values.shape[1]} components keep {share:.1f}% of the variance",
        x=0.01,
        ha="left",
        fontsize=15,
        parse_math=False,
    )
    axes = figure.subplots(2, len(rows), squeeze=False)
    for column, i in enumerate(rows):
        for row, picture in enumerate((source.images[i] / 255.0, rebuilt[column])):
            panel = axes[row, column]
            panel.imshow(picture, cmap="gray_r", vmin=0.0, vmax=1.0)
            panel.set_xticks([])
            panel.set_yticks([])
            panel.grid(False)
            panel.spines[["top", "right"]].set_visible(True)
        axes[1, column].set_xlabel(f"error {errors[column]:.3f}", fontsize=10)
    axes[0, 0].set_ylabel("original")
    axes[1, 0].set_ylabel(f"K = {pca.n_components_}")


def draw_animation(figure: Any, result: Analysis, steps: dict[str, np.ndarray]) -> tuple[Callable[[int], None], int]:
    """Prepare the vector of power iteration turning onto the first axis.

    Parameters
    ----------
    figure : Figure
    result : Analysis
        With at least two components.
    steps : dict
        ``vectors`` (n_steps, n_features) and their ``angles`` (n_steps,) to the axis, in radians.

    Returns
    -------
    draw : callable
        ``draw(i)`` puts the figure into the state after step `i`.
    n_frames : int
    """
    # Further steps would move the vector by less than a thousandth of a pixel.
    n_frames = min(_MAX_FRAMES, 1 + int(np.count_nonzero(steps["angles"] > _STILL)))
    vectors, angles = steps["vectors"][:n_frames], np.degrees(steps["angles"][:n_frames])
    figure.suptitle(_TURNING.format(result.source.title), x=0.01, ha="left", fontsize=15, parse_math=False)
    plane, chart = figure.subplots(1, 2, width_ratios=[1.4, 1.0])
    needle, tip = _draw_backdrop(plane, result)
    axes = np.ascontiguousarray(result.pca.components_[:2].T, dtype=vectors.dtype)
    # Eigenvectors have no sign: let the needle end where the axis points.
    shadow = linalg.matmul(vectors, axes)
    ends = np.abs(result.scores[:, 0]).max() * shadow * (-1.0 if shadow[-1, 0] < 0 else 1.0)
    ratio = float(result.pca.explained_variance_[1] / result.pca.explained_variance_[0])
    number = np.arange(1, n_frames + 1)
    theory = angles[0] * ratio ** (number - 1.0)
    chart.semilogy(number, theory, ":", color=ui.NEUTRAL["accent"], label=f"eigenvalue 2 / eigenvalue 1 = {ratio:.3f}")
    (curve,) = chart.semilogy([], [], "o-", color=ui.NEUTRAL["bar"], markersize=5, label="measured")
    chart.set_xlim(0.5, n_frames + 0.5)
    chart.set_ylim(0.3 * min(angles.min(), theory.min()), 200)
    chart.set_xlabel("step")
    chart.set_ylabel("angle to the first axis, degrees")
    chart.legend(loc="lower left")
    title = chart.set_title("")

    def draw(i: int) -> None:
        needle.set_data([0, ends[i, 0]], [0, ends[i, 1]])
        tip.set_data([ends[i, 0]], [ends[i, 1]])
        title.set_text(f"step {i + 1}: {angles[i]:.2g} degrees away")
        curve.set_data(number[: i + 1], angles[: i + 1])

    return draw, n_frames


def _draw_backdrop(axes: Any, result: Analysis) -> tuple[Any, Any]:
    """Draw the samples on the plane of the first two axes; return the needle and its tip."""
    source = result.source
    thin = slice(None, None, max(1, len(result.scores) // _FEW))
    classes = None if source.classes is None else source.classes[thin]
    ui.scatter_classes(axes, result.scores[thin, :2], classes, len(source.class_names))
    axes.set_xlabel(_axis_label(result, 0))
    axes.set_ylabel(_axis_label(result, 1))
    axes.set_aspect("equal", adjustable="datalim")
    if source.class_names:
        _class_names_above(axes, result, many=False)
    (needle,) = axes.plot([], [], "-", color=ui.NEUTRAL["ink"], linewidth=3, solid_capstyle="round")
    (tip,) = axes.plot([], [], "o", color=ui.NEUTRAL["ink"], markersize=9)
    return needle, tip
