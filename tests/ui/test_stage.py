"""The stage in memory: what is drawn is there, and leaves as pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from minigrad import ui

RED, WHITE = (255, 0, 0), (255, 255, 255)


@pytest.fixture
def stage():
    with ui.Stage(60, 40, window=False) as made:
        made.clear()
        yield made


def test_a_rectangle_covers_its_pixels_and_no_others(stage):
    stage.rectangle((10, 5), (20, 8), RED)
    red = (stage.pixels() == RED).all(axis=2)
    assert red[5:13, 10:30].all()
    assert red.sum() == 8 * 20


def test_a_circle_has_its_area(stage):
    stage.circle((30, 20), 12, RED)
    share = (255 - stage.pixels()[:, :, 1].astype(float)).sum() / 255
    # The rim, 75 pixels long, may lie half a pixel further out.
    assert np.pi * 11.5**2 < share < np.pi * 12.6**2


def test_lines_run_from_end_to_end(stage):
    stage.line((5, 20), (55, 20), RED, 3)
    row = (stage.pixels()[20] == RED).all(axis=1)
    assert row[6:54].all()
    assert not row[:4].any()
    stage.polyline([(5, 5), (55, 5)], RED)
    assert (stage.pixels()[5, 10:50, 1] < 128).all()
    stage.polyline([(0, 0)], RED)
    stage.polygon([(0, 30), (59, 30), (59, 39), (0, 39)], RED)
    assert (stage.pixels()[35, 5:50] == RED).all()


def test_text_is_as_wide_as_it_says_and_aligned(stage):
    width, height = stage.text_size("δ = 1", 12)
    stage.text("δ = 1", (59, 2), size=12, align="right")
    columns = np.flatnonzero((stage.pixels()[2 : 2 + height] != 255).any(axis=(0, 2)))
    assert 59 - width - 1 <= columns[0]
    assert columns[-1] <= 59
    stage.clear()
    stage.text("mm", (30, 20), size=12, align="center")
    rows, columns = np.nonzero((stage.pixels() != 255).any(axis=2))
    assert abs(columns.mean() - 30) < 2
    assert abs(rows.mean() - 20) < 4


def test_an_image_is_stretched(stage):
    stage.image(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8), (0, 0), (60, 40))
    left, right = stage.pixels()[20, 2].astype(int), stage.pixels()[20, 57].astype(int)
    assert left[0] > 240 > 15 > left[2]
    assert right[2] > 240 > 15 > right[0]


def test_pictures_and_animations_come_back_as_they_were(stage):
    stage.rectangle((0, 0), (30, 40), RED)
    with Image.open(io.BytesIO(stage.png())) as picture:
        assert np.array_equal(np.asarray(picture), stage.pixels())
    first = stage.pixels()
    stage.clear()
    with Image.open(io.BytesIO(ui.frames_to_gif([first, stage.pixels()], 5.0))) as animation:
        assert animation.n_frames == 2
        assert animation.info["duration"] == 200
        animation.seek(1)
        assert np.asarray(animation.convert("RGB")).min() == 255
    assert stage.size == (60, 40)


def test_few_polygons_have_smooth_edges_and_their_area(stage):
    corners = np.array([[10.0, 5.0], [50.5, 12.0], [33.0, 35.5]])
    stage.polygons(corners, [3], [RED])
    share = (255 - stage.pixels()[:, :, 1].astype(float)) / 255
    (ax, ay), (bx, by), (cx, cy) = corners
    area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
    # A rim of half a fine pixel along the edges, which are 111 pixels long.
    assert area - 14 < share.sum() < area + 28
    between = (share > 0.1) & (share < 0.9)
    assert between.sum() > 60
    rows, columns = np.nonzero(share > 0.5)
    assert columns.mean() == pytest.approx(corners[:, 0].mean(), abs=0.5)
    assert rows.mean() == pytest.approx(corners[:, 1].mean(), abs=0.5)


def test_many_polygons_are_filled(stage):
    corners = np.tile([[0.0, 0.0], [59.0, 0.0], [59.0, 39.0], [0.0, 39.0]], (100, 1))
    stage.polygons(corners, range(4, 401, 4), [WHITE] * 99 + [RED])
    assert (stage.pixels() == RED).all()
    stage.polygons(np.empty((0, 2)), [], [])


def test_a_veil_lets_through_what_is_behind(stage):
    stage.veil([(0, 0), (60, 0), (60, 40), (0, 40)], RED, 0.5)
    assert stage.pixels()[20, 30].tolist() == pytest.approx([255, 127, 127], abs=2)
    before = stage.pixels()
    stage.veil([(100, 100), (200, 100), (150, 200)], RED, 0.5)
    assert np.array_equal(stage.pixels(), before)
