"""Figures become files of the right kind, the same bytes each time."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
import pytest
from PIL import Image

from minigrad import ui
from minigrad._check import DataError


def _picture(file_format: str) -> bytes:
    with ui.new_figure(3, 2) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1])
        axes.set_title("título")
        return ui.render(figure, file_format)


@pytest.mark.parametrize(("file_format", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_formats(tmp_path: Path, file_format: str, head: bytes) -> None:
    assert _picture(file_format).startswith(head)
    with ui.new_figure(3, 2) as figure:
        path = ui.save_figure(figure, tmp_path / f"a.{file_format.upper()}")
    assert path.read_bytes().startswith(head)


@pytest.mark.parametrize("file_format", ui.FORMATS)
def test_same_figure_same_bytes(file_format: str) -> None:
    assert _picture(file_format) == _picture(file_format)


def test_png_has_the_size_asked_for() -> None:
    assert Image.open(io.BytesIO(_picture("png"))).size == (450, 300)


def test_theme_is_left_behind() -> None:
    before = dict(matplotlib.rcParams)
    with ui.new_figure(3, 2) as figure:
        axes = figure.subplots()
        assert not axes.spines["top"].get_visible()
    assert dict(matplotlib.rcParams) == before


def test_a_missing_glyph_is_no_error() -> None:
    with ui.new_figure(3, 2) as figure:
        figure.suptitle("\U0001f600 \u0d85")
        assert ui.render(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["a.bmp", "a", "png", "a.gif"])
def test_unknown_suffix(tmp_path: Path, name: str) -> None:
    with (
        ui.new_figure(3, 2) as figure,
        pytest.raises(DataError, match=r"cannot save a picture as .*\.png or \.svg or \.pdf"),
    ):
        ui.save_figure(figure, tmp_path / name)
    with pytest.raises(DataError, match=r"cannot save an animation as 'a\.png': the name must end in \.gif"):
        ui.save_animation(b"", tmp_path / "a.png")


def test_animation(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with ui.new_figure(2, 1) as figure:
        axes = figure.subplots()
        (line,) = axes.plot([0, 1], [0, 0])
        axes.set_ylim(0, 4)
        data = ui.render_animation(
            figure,
            lambda i: line.set_ydata([i, i]),
            4,
            frames_per_second=5,
            hold=2,
            on_frame=lambda done, total: seen.append((done, total)),
        )
    movie = Image.open(io.BytesIO(ui.save_animation(data, tmp_path / "a.gif").read_bytes()))
    durations = []
    for i in range(movie.n_frames):
        movie.seek(i)
        durations.append(movie.info["duration"])
    assert durations == [200, 200, 200, 2000]
    assert movie.info["loop"] == 0
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
