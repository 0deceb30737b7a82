"""The window of image_lab: in memory by events, and a real one by keys and mouse."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minigrad import datasets, ui
from minigrad.projects.image_lab._lab import Lab
from minigrad.projects.image_lab._window import SIZE, View, as_rgb

pytestmark = pytest.mark.native


def waves(height: int = 90, width: int = 120) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([(2 * x) % 256, (2 * y) % 256, (x + y) % 256], axis=2).astype(np.uint8)


@pytest.fixture
def stage() -> Generator[ui.Stage, None, None]:
    with ui.Stage(*SIZE, window=False) as made:
        yield made


@pytest.fixture
def view(stage: ui.Stage) -> View:
    view = View(Lab(datasets.Photo(waves()), "waves.png"))
    view.draw(stage)
    return view


def place(view: View, corner: int) -> tuple[int, int]:
    x, y = view.stage_point(view.corners[corner])
    return round(x), round(y)


def drag(view: View, corner: int, by: tuple[int, int]) -> None:
    start = place(view, corner)
    end = (start[0] + by[0], start[1] + by[1])
    for kind, where in (("press", start), ("move", end), ("release", end)):
        view.handle(ui.Event(kind, position=where, button=1))


def press(view: View, *keys: str) -> None:
    for key in keys:
        view.handle(ui.Event("key", key=key))


def test_the_stage_shows_the_picture(view: View, stage: ui.Stage) -> None:
    x, y = view.stage_point((60, 45))
    shown = stage.pixels()[round(y), round(x)].astype(int)
    # Enlarged, the pixel stands between its neighbours.
    assert np.abs(shown - waves()[45, 60]).max() <= 8


def test_points_of_stage_and_canvas_correspond(view: View) -> None:
    for point in ((0.0, 0.0), (33.5, 7.25)):
        assert view.canvas_point(view.stage_point(point)) == pytest.approx(point)


@pytest.mark.parametrize("corner", range(4))
def test_a_dragged_corner_becomes_a_perspective(view: View, stage: ui.Stage, corner: int) -> None:
    before = stage.pixels()
    drag(view, corner, ((1, -1)[corner in (1, 2)] * 80, (1, -1)[corner > 1] * 60))
    view.draw(stage)
    assert not np.array_equal(before, stage.pixels())
    assert view.lab.steps == []
    press(view, "return")
    assert view.lab.steps[0].startswith("perspective ")
    assert view.corners == view.lab.scene.canvas.corners


def test_corners_go_back_and_a_press_elsewhere_takes_none(view: View) -> None:
    drag(view, 0, (80, 60))
    press(view, "escape", "return")
    assert view.lab.steps == []
    assert view.message == "drag a corner first"
    view.handle(ui.Event("press", position=(440, 380), button=1))
    assert view.held is None


def test_a_page_is_straightened(view: View, stage: ui.Stage) -> None:
    press(view, "w")
    drag(view, 1, (-40, 30))
    view.draw(stage)
    press(view, "return")
    assert view.lab.steps[0].startswith("warp-to-rectangle ")


def test_crossed_corners_are_refused_and_named(view: View, stage: ui.Stage) -> None:
    start, far = place(view, 0), place(view, 2)
    drag(view, 0, (far[0] - start[0] + 60, far[1] - start[1] + 60))
    view.draw(stage)
    assert "corners" in view.message
    press(view, "return")
    assert view.lab.steps == []


def test_keys_are_commands(view: View, stage: ui.Stage) -> None:
    press(view, "left", "right", "up", "down", "f", "v", "g", "b", "i")
    assert view.lab.steps == [
        "rotate 10",
        "rotate -10",
        "scale 1.25",
        "scale 0.8",
        "flip h",
        "flip v",
        "grey",
        "blur",
        "interp bicubic",
    ]
    press(view, "u", "u", "y", "r", "c", "?", "x")
    assert view.lab.steps[-1] == "reset"
    assert (view.compare, view.help, view.done) == (True, True, False)
    view.draw(stage)
    press(view, "s")
    press(view, "q")
    assert view.done


def test_the_pixel_under_the_pointer_is_explained(view: View, stage: ui.Stage) -> None:
    press(view, "left")
    view.draw(stage)
    before = stage.pixels()
    view.handle(ui.Event("move", position=(440, 380)))
    press(view, "e")
    assert view.explained is not None
    assert view.explained.weights.sum() == pytest.approx(1)
    view.draw(stage)
    assert not np.array_equal(before, stage.pixels())
    view.handle(ui.Event("move", position=(3, 3)))
    press(view, "e")
    assert "the picture has pixels" in view.message


@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_kind_of_picture_can_be_shown(channels: int | None, dtype: type) -> None:
    shape = (6, 9) if channels is None else (6, 9, channels)
    shown = as_rgb(np.full(shape, np.iinfo(dtype).max, dtype))
    assert (shown.shape, shown.dtype) == ((6, 9, 3), np.uint8)
    assert (shown == 255).all()


def test_what_is_transparent_shows_the_ground() -> None:
    ground = as_rgb(np.zeros((32, 32, 4), np.uint8))
    assert set(np.unique(ground)) == {200, 235}


@pytest.mark.window
def test_a_real_window_is_driven_by_mouse_and_keys(open_window: Callable[..., Any], tmp_path: Path) -> None:
    Image.fromarray(waves()).save(tmp_path / "waves.png")
    window = open_window("-m", "minigrad", "image-lab", "waves.png", "--show")
    view = View(Lab(datasets.Photo(waves())))
    with ui.Stage(*SIZE, window=False) as stage:
        view.draw(stage)
    saved = tmp_path / "waves_edited.png"

    def has_changed() -> bool:
        return saved.exists() and not np.array_equal(datasets.read_photo(saved).pixels, waves())

    window.press("s", saved.exists)
    assert not has_changed()
    x, y = place(view, 0)
    window.drag((x, y), (x + 40, y + 30), (x + 90, y + 70))
    # Each key until it shows; ENTER again is without effect.
    keys = itertools.cycle(["Return", "s"])
    deadline = time.monotonic() + 30
    while not has_changed():
        assert time.monotonic() < deadline
        window.press_once(next(keys))
    code, out, err = window.quit()
    assert (code, err) == (0, "")
    assert out.startswith("Commands: rotate <degrees>")
    assert datasets.read_photo(saved).pixels[1, 1].tolist() == [0, 0, 0]
