"""The sheet to draw digits on: strokes, what the network reads, keys; no display needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import minigrad as mg
from minigrad import ui
from minigrad.projects import neural_network
from minigrad.projects._program import Session
from minigrad.projects.neural_network import _data, _draw, _model, _training
from minigrad.projects.neural_network._draw import SIZE, Pad

pytestmark = pytest.mark.native

Point = tuple[float, float]


def arc(x: float, y: float, across: float, down: float, first: float, last: float) -> list[Point]:
    """Return points on an ellipse, between two angles in degrees."""
    angles = [math.radians(first + (last - first) * i / 16) for i in range(17)]
    return [(x + across * math.cos(a), y + down * math.sin(a)) for a in angles]


# Strokes, as a hand leads them, on a sheet of side 1.
DIGITS = {
    0: arc(0.5, 0.5, 0.2, 0.3, 0, 360),
    1: [(0.4, 0.3), (0.5, 0.2), (0.5, 0.8)],
    2: [*arc(0.5, 0.35, 0.18, 0.15, 180, 400), (0.33, 0.8), (0.7, 0.8)],
    3: [*arc(0.48, 0.35, 0.17, 0.15, 200, 450), *arc(0.48, 0.65, 0.2, 0.16, 270, 500)],
    4: [(0.6, 0.8), (0.6, 0.2), (0.3, 0.6), (0.75, 0.6)],
    7: [(0.3, 0.2), (0.7, 0.2), (0.45, 0.8)],
}


@pytest.fixture(scope="module")
def saved() -> _model.Saved:
    """Return a small network that has learned generated digits."""
    source = _data.load("digits", seed=0)
    mg.manual_seed(0)
    design = _model.Design((784, 64, 10))
    model = _model.build(design)
    _training.train(model, source, _training.Plan(epochs=3), lambda epoch: None, lambda done, total: None)
    return _model.Saved(design, model.eval(), source.shift, source.scale, source.class_names, 28)


def lead(pad: Pad, points: list[Point], button: int = 1) -> None:
    """Press the button at the first point, move through the others, release."""
    x, y, side = pad._sheet()
    places = [(int(x + u * side), int(y + v * side)) for u, v in points]
    pad.handle(ui.Event("press", position=places[0], button=button))
    for place in places[1:]:
        pad.handle(ui.Event("move", position=place, button=button))
    pad.handle(ui.Event("release", position=places[-1], button=button))


@pytest.mark.parametrize("size", [SIZE, (700, 900), (1600, 700)])
def test_drawn_digits_are_read(saved: _model.Saved, size: tuple[int, int]) -> None:
    right = 0
    for digit, points in DIGITS.items():
        pad = Pad(saved)
        with ui.Stage(*size, window=False) as stage:
            pad.draw(stage)
            empty = stage.pixels()
            lead(pad, points)
            pad.draw(stage)
            assert not np.array_equal(empty, stage.pixels())
        assert pad.chances is not None
        assert pad.digit is not None
        assert pad.digit.shape == (28, 28)
        assert pad.chances.sum() == pytest.approx(1, abs=1e-5)
        right += int(pad.chances.argmax()) == digit
    assert right >= 5


def test_a_move_without_a_button_draws_nothing_and_strokes_do_not_join(saved: _model.Saved) -> None:
    pad = Pad(saved)
    pad.handle(ui.Event("move", position=(200, 200)))
    assert not pad.ink.any()
    lead(pad, [(0.2, 0.2), (0.2, 0.8)])
    lead(pad, [(0.8, 0.2), (0.8, 0.8)])
    side = len(pad.ink)
    assert pad.ink[side // 2, side // 5] == 1
    assert pad.ink[side // 2, 4 * side // 5] == 1
    assert not pad.ink[:, side // 2].any()


def test_the_brush_is_soft_at_its_rim(saved: _model.Saved) -> None:
    pad = Pad(saved)
    lead(pad, [(0.5, 0.5), (0.5, 0.5)])
    levels = np.unique(pad.ink)
    assert (levels.min(), levels.max()) == (0, 1)
    assert len(levels) > 10
    # A disk: full within the radius, nothing beyond radius and rim, and the same in all four quarters.
    reach = _draw._RADIUS + _draw._SOFT
    assert math.pi * (_draw._RADIUS - 1) ** 2 < pad.ink.sum() < math.pi * (reach + 1) ** 2


def test_the_right_button_rubs_out_and_c_clears(saved: _model.Saved) -> None:
    pad = Pad(saved)
    lead(pad, [(0.2, 0.2), (0.2, 0.8)])
    lead(pad, [(0.8, 0.2), (0.8, 0.8)])
    before = pad.ink.sum()
    lead(pad, [(0.2, 0.1), (0.2, 0.9)], button=3)
    assert pad.ink.sum() == pytest.approx(before / 2, rel=0.02)
    pad.read()
    assert pad.chances is not None
    pad.handle(ui.Event("key", key="c"))
    pad.read()
    assert not pad.ink.any()
    assert pad.digit is None
    assert pad.chances is None


def test_strokes_beyond_the_sheet_do_no_harm(saved: _model.Saved) -> None:
    pad = Pad(saved)
    lead(pad, [(-3.0, -3.0), (0.1, 0.1), (5.0, 0.5), (0.5, 9.0)])
    pad.read()
    assert pad.ink.max() == 1


@pytest.mark.parametrize("event", [ui.Event("quit"), ui.Event("key", key="q"), ui.Event("key", key="escape")])
def test_closing_ends(saved: _model.Saved, event: ui.Event) -> None:
    pad = Pad(saved)
    pad.handle(event)
    assert pad.done


def test_s_saves_what_predict_reads(
    saved: _model.Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_main: Callable[..., Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    session = Session()
    pad = Pad(saved, lambda ink: _draw._save(session, ink))
    pad.handle(ui.Event("key", key="s"))
    assert pad.message == "draw something first"
    lead(pad, DIGITS[7])
    pad.read()
    for number in (1, 2):
        pad.handle(ui.Event("key", key="s"))
        assert pad.message == f"saved neural_network_drawing_{number}.png"
    assert session.kept == [Path("neural_network_drawing_1.png"), Path("neural_network_drawing_2.png")]
    with Image.open("neural_network_drawing_1.png") as picture:
        assert picture.size == (280, 280)
    _model.save(tmp_path / "m.safetensors", saved)
    done = run_main(neural_network.main, "predict", "neural_network_drawing_1.png", "--model", "m.safetensors")
    assert pad.chances is not None
    assert done.out.startswith(f"neural_network_drawing_1.png: {int(pad.chances.argmax())}\n")
    session.save = tmp_path / "no_such_folder" / "x.png"
    pad.handle(ui.Event("key", key="s"))
    assert "no_such_folder" in pad.message


@pytest.mark.parametrize(
    ("args", "reason"), [((), "there is no display"), (("--headless",), "--headless and --json open none")]
)
def test_without_a_window_one_line_says_what_to_do(
    saved: _model.Saved, run_main: Callable[..., Any], args: tuple[str, ...], reason: str
) -> None:
    _model.save(Path("m.safetensors"), saved)
    done = run_main(neural_network.main, "draw", "--model", "m.safetensors", *args)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"Error: draw needs a window: {reason}; draw a digit with any program and run: "
        "minigrad neural-network predict IMAGE\n"
    )
