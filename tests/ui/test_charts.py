"""Names and thumbnails do not cover one another."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import ui
from minigrad.ui._charts import _spread


@given(
    st.integers(0, 400),
    st.sampled_from([5.0, 20.0, 90.0]),
    st.integers(0, 2**32 - 1),
)
def test_spread_never_overlaps_and_misses_no_free_cell(count: int, side: float, seed: int) -> None:
    places = np.random.default_rng(seed).normal(100, 40, size=(count, 2))
    frame = np.array([10.0, 20.0, 190.0, 180.0])
    chosen = _spread(places, side, frame)
    assert len(set(chosen.tolist())) == len(chosen)
    for a, b in itertools.combinations(places[chosen], 2):
        assert np.abs(a - b).max() >= side
    inside = (places >= frame[:2]).all(axis=1) & (places <= frame[2:]).all(axis=1)
    assert inside[chosen].all()
    assert (len(chosen) > 0) == inside.any()


def test_thumbnails_are_drawn_apart_and_inside() -> None:
    rng = np.random.default_rng(0)
    points, images = rng.normal(size=(500, 2)), rng.integers(0, 255, (500, 8, 8)).astype(np.uint8)
    with ui.new_figure(6, 4) as figure:
        axes = figure.subplots()
        ui.scatter_classes(axes, points, None, 0)
        chosen = ui.thumbnails(axes, points, images, ["#bd1f01"] * 500)
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()
        boxes = [artist.get_window_extent(renderer) for artist in axes.artists]
        frame = axes.get_window_extent()
    assert len(boxes) == len(chosen) > 20
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
    assert all(frame.y0 <= box.y0 and box.y1 <= frame.y1 for box in boxes)


@pytest.mark.parametrize(
    "tips",
    [
        [[3.0, 0.1], [3.0, 0.12], [2.9, 0.0], [-1.0, 2.5]],
        [[1e-9, 0.0], [0.0, 0.0], [0.0, -1e-9], [-1e-9, 0.0]],
    ],
)
def test_names_of_arrows_do_not_overlap(tips: list[list[float]]) -> None:
    names = ["petal length (cm)", "petal width (cm)", "sepal length (cm)", "sepal width (cm)"]
    with ui.new_figure(9, 5) as figure:
        axes = figure.subplots()
        axes.set_xlim(-3.2, 3.2)
        axes.set_ylim(-3, 3)
        ui.arrows(axes, np.array(tips), names)
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()
        boxes = {text.get_text(): text.get_window_extent(renderer) for text in axes.texts if text.get_text()}
        frame = axes.get_window_extent()
    assert set(boxes) == set(names)
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes.values(), 2))
    assert all(frame.x0 - 1 <= box.x0 and box.x1 <= frame.x1 + 1 for box in boxes.values())


def test_bars_show_shares_intervals_and_their_sum() -> None:
    shares = np.array([0.6, 0.3, 0.1])
    with ui.new_figure(4, 3) as figure:
        axes = figure.subplots()
        ui.variance_bars(axes, shares, np.column_stack([shares - 0.05, shares + 0.05]))
        heights = [bar.get_height() for bar in axes.patches]
        sums = next(line for line in axes.lines if line.get_label() == "running sum").get_ydata()
    np.testing.assert_allclose(heights, [60, 30, 10])
    np.testing.assert_allclose(sums, [60, 90, 100])


def test_scatter_draws_every_point_in_its_class_color() -> None:
    points = np.arange(8.0).reshape(4, 2)
    with ui.new_figure(4, 3) as figure:
        axes = figure.subplots()
        ui.scatter_classes(axes, points, np.array([1, 0, 1, 1]), 2)
        drawn = [collection.get_offsets().data.tolist() for collection in axes.collections]
    assert drawn == [[[2.0, 3.0]], [[0.0, 1.0], [4.0, 5.0], [6.0, 7.0]]]


def test_names_are_taken_literally_and_kept_short() -> None:
    names = ["cost ($)", "a$b$c", "\\frac{", "x" * 100]
    with ui.new_figure(6, 4) as figure:
        axes = figure.subplots()
        ui.class_legend(axes, names)
        ui.arrows(axes, np.eye(4, 2) - 0.5, names)
        assert ui.render(figure).startswith(b"\x89PNG")
        written = [text.get_text() for text in axes.get_legend().get_texts()]
    assert written[:3] == names[:3]
    assert len(written[3]) < 40
