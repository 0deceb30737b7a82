"""image_lab: the transcript, the milestones, the laws of its history, its files, and whatever may be typed."""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from minigrad import datasets
from minigrad.image import affine, apply_color, gaussian_blur, hue_matrix, warp
from minigrad.projects import image_lab
from minigrad.projects.image_lab import _report
from minigrad.projects.image_lab._commands import EDITS, NAMES, SHOWN
from minigrad.projects.image_lab._lab import Lab

pytestmark = pytest.mark.native


def picture(height: int = 30, width: int = 41, channels: int | None = 3, dtype: type = np.uint8) -> np.ndarray:
    shape = (height, width) if channels is None else (height, width, channels)
    return np.random.default_rng(7).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def smooth(height: int = 60, width: int = 80) -> np.ndarray:
    """Return a picture without fine detail: waves of some 20 pixels."""
    y, x = np.mgrid[:height, :width]
    waves = [127 + 100 * np.sin(x / 7 + k) * np.cos(y / 9 - k) for k in range(3)]
    return np.rint(np.stack(waves, axis=2)).astype(np.uint8)


def lab_of(pixels: np.ndarray, *lines: str) -> Lab:
    lab = Lab(datasets.Photo(pixels, "PNG"), "picture.png")
    for line in lines:
        lab.do(line)
    return lab


def result(pixels: np.ndarray, *lines: str) -> np.ndarray:
    return lab_of(pixels, *lines).pixels()


@pytest.fixture
def prompt(run_main: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that types lines at the prompt."""

    def run(*lines: str, args: tuple[str, ...] = ()) -> Any:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return run_main(image_lab.main, *args)

    return run


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.fromarray(smooth()).save(path)
    return path


# The transcript


def test_the_transcript_comes_out_line_by_line(prompt: Callable[..., Any], photo: Path) -> None:
    typed = ("rotate 45", "scale 0.5", "shear 0.3 0", "flip", "save output.jpg")
    outcome = prompt(*typed, args=("photo.jpg",))
    assert outcome.lines == [
        "Commands: rotate <degrees> | scale <factor> | shear <x> <y> | flip | save",
        "> rotate 45",
        "> scale 0.5",
        "> shear 0.3 0",
        "> flip",
        "> save output.jpg",
        "Saved transformed image to output.jpg",
        "> ",
    ]
    assert (outcome.code, outcome.err) == (0, "")
    with Image.open(outcome.folder / "output.jpg") as saved:
        assert saved.size == (48, 50)


def test_save_alone_names_the_file_after_the_photo(prompt: Callable[..., Any], photo: Path) -> None:
    outcome = prompt("grey", "save", "quit", args=("photo.jpg",))
    assert "Saved transformed image to photo_edited.jpg" in outcome.lines
    assert (outcome.folder / "photo_edited.jpg").exists()


def test_without_a_file_the_embedded_photograph_is_named(prompt: Callable[..., Any]) -> None:
    assert prompt("quit").lines[0] == "Picture: grace_hopper.jpg, the photograph that matplotlib ships"


# The four milestones


@pytest.mark.parametrize(
    ("line", "matrix"),
    [
        ("rotate 90", [[0, 1], [-1, 0]]),
        ("rotate 30", [[math.cos(math.pi / 6), 0.5], [-0.5, math.cos(math.pi / 6)]]),
        ("scale 2.5", [[2.5, 0], [0, 2.5]]),
        ("shear 0.3 0", [[1, 0.3], [0, 1]]),
        ("flip", [[-1, 0], [0, 1]]),
        ("flip v", [[1, 0], [0, -1]]),
    ],
)
def test_milestone_1_every_command_is_its_matrix(line: str, matrix: list[list[float]]) -> None:
    assert np.allclose(lab_of(picture(), line).scene.matrix[:2, :2], matrix, rtol=0, atol=1e-15)


def test_milestone_2_bilinear_interpolation_within_bounds() -> None:
    pixels = picture(8, 9, None)
    lab = lab_of(pixels, "canvas keep", "translate 0.25 0.5")
    values = pixels.astype(float)
    above, below = values[2, 3:5] @ [0.25, 0.75], values[3, 3:5] @ [0.25, 0.75]
    assert lab.pixels()[3, 4] == np.rint((above + below) / 2)
    # Beyond the border there is nothing, and the canvas grows so that no corner is lost.
    turned = lab_of(np.full((40, 60, 3), 200, np.uint8), "rotate 45")
    assert turned.pixels()[0, 0].tolist() == [0, 0, 0]
    assert turned.pixels().shape == (71, 71, 3)
    assert abs(int(turned.pixels().sum()) / 200 / 3 - 40 * 60) < 0.02 * 40 * 60


def test_milestone_3_commands_compose_to_one_matrix_and_one_resampling() -> None:
    pixels = picture()
    lab = lab_of(pixels, "rotate 30", "scale 0.8", "shear 0.2 0", "flip")
    assert lab.scene.resamplings == 1
    parts = [affine(rotation=30), affine(scale=0.8), affine(shear=0.2), affine(scale=(-1, 1))]
    product = parts[3] @ parts[2] @ parts[1] @ parts[0]
    assert np.allclose(lab.scene.matrix[:2, :2], product[:2, :2], rtol=0, atol=1e-14)
    turned = lab_of(pixels)
    for _ in range(36):
        turned.do("rotate 10")
    assert np.array_equal(turned.pixels(), pixels)
    assert turned.scene.resamplings == 0


def test_milestone_4_a_page_seen_at_an_angle_is_straightened() -> None:
    page = smooth(50, 70)
    away = lab_of(page, "perspective 10 5 90 0 80 70 0 60")
    corners = [_report.project(away.scene.matrix, x, y) for x, y in ((0, 0), (69, 0), (69, 49), (0, 49))]
    back = " ".join(f"{value:.6f}" for corner in corners for value in corner)
    away.do(f"warp-to-rectangle {back} 70 50")
    assert away.pixels().shape == page.shape
    assert np.abs(away.pixels().astype(int) - page)[1:-1, 1:-1].max() <= 1


# The history


def test_every_command_can_be_undone_to_the_bit() -> None:
    lab = lab_of(picture())
    lines = ["rotate 33", "crop 5 6 20 18", "blur 1.5", "perspective 0 0 30 2 28 25 1 20", "sepia", "edge reflect"]
    seen = [lab.pixels().copy()]
    for line in lines:
        lab.do(line)
        seen.append(lab.pixels().copy())
    for expected in reversed(seen[:-1]):
        lab.do("undo")
        assert np.array_equal(lab.pixels(), expected)
    lab.do("redo 6")
    assert np.array_equal(lab.pixels(), seen[-1])
    lab.do("reset")
    assert np.array_equal(lab.pixels(), seen[0])
    lab.do("undo")
    assert np.array_equal(lab.pixels(), seen[-1])
    lab.do("undo 2")
    lab.do("flip")
    assert lab.undone == []


there_and_back = st.sampled_from(
    [
        ("rotate 17.3", "rotate -17.3"),
        ("scale 0.3", "scale 10/3"),
        ("shear 0.7", "shear -0.7"),
        ("flip h", "flip h"),
        ("flip v", "flip v"),
        ("rotate 45", "rotate 315"),
        ("shear 0 0.2", "shear 0 -0.2"),
        ("translate 3.7 -2.1", "translate -3.7 2.1"),
        ("brightness 0.5", "brightness -0.5"),
        ("invert", "invert"),
    ]
)


@given(st.lists(there_and_back, max_size=8), st.sampled_from(["expand", "keep"]))
def test_a_walk_and_the_way_back_give_the_original_bytes(walk: list[tuple[str, str]], canvas: str) -> None:
    pixels = picture(9, 12)
    lab = lab_of(pixels, f"canvas {canvas}", *(there for there, _ in walk), *(back for _, back in reversed(walk)))
    assert np.array_equal(lab.pixels(), pixels)


@pytest.mark.parametrize(
    "pixels",
    [
        picture(),
        picture(channels=None),
        picture(channels=4),
        picture(channels=2),
        picture(dtype=np.uint16, channels=None),
    ],
    ids=["RGB", "grey", "RGBA", "grey and alpha", "16 bits"],
)
@pytest.mark.parametrize("canvas", ["expand", "keep"])
def test_36_turns_by_10_degrees_give_the_original_bytes(pixels: np.ndarray, canvas: str) -> None:
    lab = lab_of(pixels, f"canvas {canvas}", *["rotate 10"] * 36)
    assert np.array_equal(lab.pixels(), pixels)
    cropped = lab_of(pixels, "crop 3 4 20 15")
    expected = cropped.pixels().copy()
    assert np.array_equal(expected, pixels[4:19, 3:23])
    for _ in range(36):
        cropped.do("rotate 10")
    assert np.array_equal(cropped.pixels(), expected)


def test_quarter_turns_and_flips_move_bytes() -> None:
    pixels = picture()
    assert np.array_equal(result(pixels, "rotate 90"), np.rot90(pixels))
    assert np.array_equal(result(pixels, "rotate -90"), np.rot90(pixels, -1))
    assert np.array_equal(result(pixels, "rotate 180"), pixels[::-1, ::-1])
    assert np.array_equal(result(pixels, "flip"), pixels[:, ::-1])
    assert np.array_equal(result(pixels, "flip v"), pixels[::-1])
    assert np.array_equal(result(pixels, "scale -1"), pixels[::-1, ::-1])
    assert lab_of(pixels, "rotate 90", "flip").scene.resamplings == 0


# Canvas, crop, borders


def test_sizes() -> None:
    pixels = picture(30, 40)
    assert result(pixels, "scale 0.5").shape == (15, 20, 3)
    assert result(pixels, "scale 2 3").shape == (90, 80, 3)
    assert result(pixels, "resize 17 23").shape == (23, 17, 3)
    assert result(pixels, "rotate 45", "resize 17 23").shape == (23, 17, 3)
    assert result(pixels, "rotate 30", "rotate 60").shape == (40, 30, 3)
    assert result(pixels, "scale 0.0001").shape == (1, 1, 3)
    assert result(pixels, "canvas keep", "rotate 45", "scale 3").shape == (30, 40, 3)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("line", ["scale 2", "scale 1.7", "scale 0.3", "resize 33 90", "shear 0", "crop 3 3 11 9"])
def test_an_upright_picture_has_no_rim(interpolation: str, line: str) -> None:
    flat = np.full((20, 30, 3), 200, np.uint8)
    for lines in ([line], ["crop 2 2 15 15", line]):
        assert (result(flat, f"interp {interpolation}", *lines) == 200).all()


def test_what_was_cropped_away_does_not_come_back_when_the_picture_turns() -> None:
    pixels = np.full((40, 40), 50, np.uint8)
    pixels[10:30, 10:30] = 200
    turned = result(pixels, "crop 10 10 20 20", "rotate 45", "rotate 20")
    # Values between 0 and 200 are the smoothed rim alone.
    assert ((turned > 0) & (turned < 200)).sum() < 3 * 80
    # Interpolation looks half a pixel across the cut, on 80 pixels of rim.
    assert abs(int(turned.sum()) / 200 - 400) < 80 / 4
    twice = result(pixels, "crop 10 10 20 20", "rotate 45", "crop 0 0 29 29", "rotate 45")
    assert abs(int(twice.sum()) / 200 - 400) < 80 / 4


def test_the_canvas_that_stays_cuts_nothing_for_good() -> None:
    pixels = picture()
    lab = lab_of(pixels, "canvas keep", "translate 10 0")
    assert np.array_equal(lab.pixels()[:, 10:], pixels[:, :-10])
    assert (lab.pixels()[:, :10] == 0).all()
    lab.do("translate -10 0")
    assert np.array_equal(lab.pixels(), pixels)


@pytest.mark.parametrize(("edge", "pad"), [("replicate", "edge"), ("reflect", "symmetric"), ("wrap", "wrap")])
def test_edge_modes_fill_what_a_shift_leaves(edge: str, pad: str) -> None:
    pixels = picture()
    shifted = result(pixels, f"edge {edge}", "translate 5 3")
    assert np.array_equal(shifted, np.pad(pixels, [(3, 0), (5, 0), (0, 0)], mode=pad)[:30, :41])


def test_a_crop_may_reach_beyond_the_picture() -> None:
    pixels = picture()
    out = result(pixels, "crop -2 -3 10 10")
    assert np.array_equal(out[3:, 2:], pixels[:7, :8])
    assert (out[:3] == 0).all()


@pytest.mark.parametrize("lines", [("scale 0.25",), ("rotate 30", "scale 0.2"), ("perspective 30 0 40 0 70 20 0 20",)])
def test_what_shrinks_is_averaged(lines: tuple[str, ...]) -> None:
    y, x = np.mgrid[:160, :160]
    chequered = (255 * ((x + y) % 2)).astype(np.uint8)
    lab = lab_of(chequered, *lines)
    height, width = lab.pixels().shape
    inner = lab.pixels()[int(0.45 * height) : int(0.55 * height), int(0.45 * width) : int(0.55 * width)]
    assert np.abs(inner.astype(float) - 127.5).max() < 16


# Colours and alpha


def test_colours_and_geometry_commute() -> None:
    pixels = smooth()
    a = result(pixels, "rotate 20", "hue 40", "contrast 0.7", "scale 1.3")
    b = result(pixels, "hue 40", "scale 1.3", "contrast 0.7", "rotate 20")
    assert np.array_equal(a[20:-20, 20:-20], b[20:-20, 20:-20])


def test_colours_are_clamped_once() -> None:
    pixels = picture()
    assert np.array_equal(result(pixels, "brightness 0.9", "brightness -0.9"), pixels)
    assert lab_of(pixels, "brightness 0.9", "brightness -0.9").scene.resamplings == 0


def test_greys_stay_grey_or_become_coloured() -> None:
    pixels = picture(channels=None)
    assert np.array_equal(result(pixels, "grey"), pixels)
    assert np.array_equal(result(pixels, "invert"), 255 - pixels)
    sepia = result(pixels, "sepia")
    assert np.array_equal(sepia, result(np.repeat(pixels[..., None], 3, 2), "sepia"))
    clear = picture(channels=2)
    assert result(clear, "sepia").shape == (30, 41, 4)
    assert np.array_equal(result(clear, "invert")[..., 1], clear[..., 1])


def test_16_bits_stay_16_bits() -> None:
    pixels = picture(channels=None, dtype=np.uint16)
    out = result(pixels, "invert", "flip", "blur 0")
    assert out.dtype == np.uint16
    assert np.array_equal(out, 65535 - pixels[:, ::-1])


@pytest.mark.parametrize("line", ["rotate 30", "blur 2", "scale 0.4", "sharpen 1"])
def test_nothing_bleeds_out_of_transparent_pixels(line: str) -> None:
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[...] = (255, 0, 0, 0)  # red that nobody sees
    pixels[10:30, 10:30] = (0, 0, 200, 255)
    out = result(pixels, line)
    seen = out[..., 3] > 0
    assert (out[seen][:, 0] == 0).all()
    assert seen.any()


# Filters of neighbours


def test_filters_act_where_they_stand() -> None:
    pixels = smooth()
    assert np.array_equal(result(pixels, "blur 2"), gaussian_blur(pixels, 2.0))
    assert lab_of(pixels, "blur 2", "rotate 10", "rotate -10").scene.resamplings == 0
    assert lab_of(pixels, "rotate 10", "blur 2", "rotate -10").scene.resamplings == 2
    first, second = result(pixels, "blur 3", "scale 0.5"), result(pixels, "scale 0.5", "blur 3")
    assert not np.array_equal(first, second)


def test_a_filter_hands_on_what_it_has_not_rounded() -> None:
    pixels = smooth()
    exact = apply_color(gaussian_blur(pixels.astype(np.float64), 2.0), np.diag([0.1, 0.1, 0.1, 1.0]) @ hue_matrix(0))
    lab = lab_of(pixels, "blur 2")
    lab.do("contrast 0.1")
    want = np.rint(exact + 255 * 0.45)
    assert (np.abs(lab.pixels() - want) > 0).mean() < 1e-3


def test_edges_emboss_and_kernels() -> None:
    pixels = np.zeros((9, 12, 3), np.uint8)
    pixels[:, 6:] = 255
    edges = result(pixels, "edges")
    assert edges.shape == (9, 12)
    assert (edges[:, 5:7] == 255).all()
    assert edges.sum() == 2 * 9 * 255
    assert np.array_equal(result(pixels, "emboss"), result(pixels, "kernel -2 -1 0 -1 1 1 0 1 2"))
    assert np.array_equal(result(pixels, "kernel 0 0 0 1 0 0 0 0 0")[:, 1:], pixels[:, :-1])
    assert np.array_equal(result(pixels, "filter blur 2"), result(pixels, "blur 2"))


# Explain, matrix, info


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("lines", [("rotate 20",), ("shear 0.2", "scale 1.5"), ("perspective 5 3 40 0 38 30 0 25",)])
def test_the_closeup_adds_up_to_the_pixel(interpolation: str, lines: tuple[str, ...]) -> None:
    lab = lab_of(picture(channels=None), f"interp {interpolation}", *lines)
    for x, y in ((20, 14), (17, 11), (23, 16)):
        view = _report.closeup(lab.scene, x, y)
        # Pixels beyond the sixteen take part where the map shrinks.
        if abs(view.outside) < 1e-12:
            assert np.nansum(view.values * view.weights) == pytest.approx(view.result, abs=1e-9)
        assert abs(np.clip(view.result, 0, 255) - int(lab.pixels()[y, x])) <= 0.5 + 1e-3
        u, v = _report.project(lab.scene.matrix, *view.source)
        assert (u, v) == pytest.approx((x, y), abs=1e-9)


def test_bilinear_weights_are_the_products_of_distances() -> None:
    lab = lab_of(picture(), "canvas keep", "translate 0.25 0.5")
    weights = _report.closeup(lab.scene, 10, 10).weights
    assert weights[1, 1:3] == pytest.approx([0.125, 0.375])
    assert weights[2, 1:3] == pytest.approx([0.125, 0.375])
    assert weights.sum() == pytest.approx(1)


def test_the_words_are_there() -> None:
    lab = lab_of(picture(), "rotate 30", "scale 2")
    assert "determinant 4" in _report.matrix(lab)
    assert "rotate 30 after scale 2 2" in _report.matrix(lab)
    assert "upper left   (0, 0) ->" in _report.matrix(lab)
    assert "resampled once from the original" in _report.info(lab)
    assert "  2  scale 2" in _report.history(lab)
    lab.do("undo")
    assert "scale 2 (undone)" in _report.history(lab)
    lab.do("perspective 0 0 50 2 48 40 1 45")
    assert "projective" in _report.matrix(lab)
    text = _report.explain(lab, 20, 20)
    assert "comes from" in text
    assert len([line for line in text.splitlines() if line.startswith("y=")]) == 4


def test_every_command_is_in_the_help() -> None:
    text = _report.help_text()
    for name in NAMES:
        assert name in text
        assert _report.help_text(name).startswith(name)


# What is refused


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("roate 4", "did you mean 'rotate'"),
        ("\x00", "there is no command"),
        ("rotate", "takes 1 argument: rotate <degrees>; got 0"),
        ("rotate ten", "'ten' is not a number"),
        ("rotate nan", "'nan' is not a number"),
        ("rotate 1e999999999", "is not a number"),
        ("rotate 1/0", "divides by zero"),
        ("scale 0", "a factor of 0 leaves no picture"),
        ("scale 1 0", "a factor of 0 leaves no picture"),
        ("shear 2 0.5", "flattens the picture"),
        ("flip x", "takes h or v"),
        ("translate 3", "takes 2 arguments"),
        ("crop 0 0 0 5", "width must be a whole number >= 1"),
        ("crop 100 0 5 5", "beyond the picture of 41 x 30"),
        ("crop 0.5 0 5 5", "corner must be a whole number"),
        ("resize 0 5", "width must be a whole number >= 1"),
        ("resize 1e7 5", "at most 1000000"),
        ("perspective 0 0 10 0 20 0 0 10", "three of the four corners lie on one line"),
        ("perspective 0 0 0 0 0 0 0 0", "lie on one line"),
        ("perspective 0 0 10 10 10 0 0 10", "cross over or fold in"),
        ("perspective 0 0 30 0 8 8 0 30", "cross over or fold in"),
        ("perspective 1 2 3", "takes 8 arguments"),
        ("warp-to-rectangle 0 0 10 0 20 0 0 10", "three of the four corners lie on one line"),
        ("warp-to-rectangle 0 0 10 0 10 10 0 10 1 5", "width must be a whole number >= 2"),
        ("interp cubic", "takes one of nearest, bilinear, bicubic, lanczos"),
        ("edge black", "takes one of constant"),
        ("canvas grow", "takes one of expand, keep"),
        ("blur -1", "sigma must be from 0 to 1000"),
        ("sharpen 1e9", "amount must be from 0 to 100"),
        ("kernel 1 2 3", "takes 9, 25, 49 or 81 numbers"),
        ("sepia 2", "amount must be"),
        ("brightness 3", "amount must be"),
        ("contrast -1", "factor must be"),
        ("grey 1", "takes 0 arguments"),
        ("scale 300", "million pixels; end the command with !"),
        ("scale 1e6 1e6 !", "the limit is 1000000"),
        ("undo", "there are none to undo"),
        ("undo 0", "a whole number above 0"),
        ("redo x", "a whole number above 0"),
        ("reset 1", "takes no arguments"),
    ],
)
def test_wrong_commands_are_named_and_change_nothing(line: str, message: str) -> None:
    lab = lab_of(picture())
    with pytest.raises(ValueError, match=message):
        lab.do(line)
    assert lab.steps == []
    assert lab.scene is lab.original


def test_an_exclamation_mark_allows_what_is_large() -> None:
    lab = lab_of(picture())
    lab.do("scale 300!")
    assert lab.scene.canvas.width == 12300


def test_the_horizon_must_not_cross_what_was_cropped() -> None:
    lab = lab_of(picture(100, 100), "crop 0 0 30 30")
    with pytest.raises(ValueError, match="the horizon would cross the picture"):
        lab.do("warp-to-rectangle 20 14 29 10 29 19 20 15")
    assert lab_of(picture(100, 100), "warp-to-rectangle 20 14 29 10 29 19 20 15").pixels().shape == (10, 11, 3)


words = st.one_of(
    st.sampled_from(sorted(EDITS)),
    st.sampled_from(["undo", "redo", "reset", "!", "nan", "-1", "0", "1e9", "h", "v", "lanczos", "reflect", "keep"]),
    st.decimals(-30, 30, places=2).map(str),
    st.text(max_size=4),
)


def plausible(name: str) -> st.SearchStrategy[str]:
    counts = {"perspective": 8, "warp-to-rectangle": 8, "crop": 4, "resize": 2, "translate": 2, "kernel": 9}
    numbers = st.decimals(-40, 60, places=1) if name not in ("crop", "resize") else st.integers(-5, 40)
    return st.lists(numbers, min_size=1, max_size=counts.get(name, 1)).map(lambda v: f"{name} {' '.join(map(str, v))}")


@settings(max_examples=150)
@given(
    st.lists(
        st.one_of(
            st.lists(words, min_size=1, max_size=9).map(" ".join),
            st.sampled_from(sorted(EDITS)).flatmap(plausible),
            st.sampled_from(["flip", "grey", "edges", "edge wrap", "interp lanczos", "canvas keep", "undo", "redo"]),
        ),
        max_size=10,
    ),
    st.sampled_from([None, 2, 3, 4]),
)
def test_whatever_is_typed_gives_a_picture_or_one_line(lines: list[str], channels: int | None) -> None:
    lab = lab_of(picture(7, 9, channels))
    for line in lines:
        try:
            lab.do(line)
        except ValueError as error:
            assert "\n" not in str(error)
            assert "Traceback" not in str(error)
        if lab.scene.canvas.width * lab.scene.canvas.height < 250_000:
            pixels = lab.pixels()
            assert pixels.shape[:2] == (lab.scene.canvas.height, lab.scene.canvas.width)
            assert pixels.dtype == np.uint8


def test_the_prompt_says_what_is_wrong_and_goes_on(prompt: Callable[..., Any], photo: Path) -> None:
    (photo.parent / "kept.png").write_bytes(b"precious")
    outcome = prompt(
        "", "foo", "help", "help rotate", "help foo", "info now", "save out.doc", "save no/such/place.png", "explain 1",
        "explain 9999 1", "scale 0", "show", "compare", "history", "matrix", "explain", "info", "exit",
        args=("photo.jpg",),
    )  # fmt: skip
    assert (outcome.code, outcome.err) == (0, "")
    errors = [line for line in outcome.lines if line.startswith("Error: ")]
    assert len(errors) == 8
    assert "Error: cannot write no/such/place.png: No such file or directory; choose another path" in errors
    assert "Saved preview to photo_preview.png" in outcome.out
    with Image.open(outcome.folder / "photo_preview.png") as preview:
        assert preview.size == (1180, 760)


def test_an_output_that_cannot_be_written_leaves_the_old_file(run_main: Callable[..., Any], photo: Path) -> None:
    taken = photo.parent / "taken.png"
    taken.mkdir()
    outcome = run_main(image_lab.main, "photo.jpg", "--do", "grey", "--save", "taken.png")
    assert outcome.code == 1
    assert outcome.err == "Error: cannot write taken.png: it is not a regular file; choose another path\n"
    old = photo.parent / "old.jpg"
    old.write_bytes(b"old")
    outcome = run_main(image_lab.main, "photo.jpg", "--do", "resize 70000 1", "--save", "old.jpg")
    assert outcome.code == 1
    assert "JPEG cannot hold" in outcome.err
    assert old.read_bytes() == b"old"


def test_the_colour_profile_is_saved_with_the_result(run_main: Callable[..., Any], tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(smooth()).save(tmp_path / "a.png", icc_profile=profile)
    run_main(image_lab.main, "a.png", "--do", "rotate 90", "--save", "b.jpg")
    assert datasets.read_photo(tmp_path / "b.jpg").profile == profile
    run_main(image_lab.main, "a.png", "--do", "edges", "--save", "c.png")
    assert datasets.read_photo(tmp_path / "c.png").profile is None


# Scripts and folders


def test_a_script_saves_what_the_prompt_would(run_main: Callable[..., Any], photo: Path) -> None:
    outcome = run_main(image_lab.main, "photo.jpg", "--do", "rotate 45; scale 0.5;", "--save", "out.png")
    assert (outcome.code, outcome.lines) == (0, ["Saved transformed image to out.png"])
    want = warp(datasets.read_photo(photo).pixels, lab_of(smooth(), "rotate 45", "scale 0.5").scene.matrix, (50, 50))
    assert np.array_equal(datasets.read_photo(outcome.folder / "out.png").pixels, want)


def test_json_is_one_object(run_main: Callable[..., Any], photo: Path) -> None:
    outcome = run_main(image_lab.main, "photo.jpg", "--do", "rotate 90", "--json")
    told = json.loads(outcome.out)
    assert (told["width"], told["height"], told["resamplings"], told["saved"]) == (60, 80, 0, [])
    assert told["matrix"] == [[0, 1, 0], [-1, 0, 79], [0, 0, 1]]


@pytest.mark.parametrize("option", [("--explain",), ("--explain", "20,10")])
def test_explain_shows_the_matrix_and_16_pixels(run_main: Callable[..., Any], photo: Path, option: Any) -> None:
    outcome = run_main(image_lab.main, "photo.jpg", "--do", "rotate 10", *option)
    assert outcome.code == 0
    assert outcome.lines[1].startswith("[")
    assert len([line for line in outcome.lines if line.startswith("y=")]) == 4
    if len(option) == 2:
        assert "Pixel (20, 10) of the result" in outcome.out


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("no.jpg", "--do", "grey"), 1, "Error: no.jpg: there is no such file; check the path"),
        (("photo.jpg", "--do", "grey; roate 3"), 1, "Error: --do: roate 3: there is no command 'roate'; did you mean"),
        (("photo.jpg", "--do", "save a.png"), 1, "Error: --do takes commands that change the picture"),
        (("photo.jpg", "--explain", "x"), 2, "Error: --explain takes a pixel X,Y"),
        (("photo.jpg", "--explain", "999,1"), 1, "Error: the picture has pixels (0, 0) to (79, 59); got (999, 1)"),
        (("photo.jpg", "--frame", "3"), 1, "Error: photo.jpg: has 1 frame(s)"),
        (("photo.jpg", "--do", "grey", "--save", "a.doc"), 1, "Error: a.doc: the name must end in"),
        ((".",), 2, "Error: . is a folder; say what to do with its pictures"),
    ],
)
def test_bad_calls_are_one_line(
    run_main: Callable[..., Any], photo: Path, args: tuple[str, ...], code: int, message: str
) -> None:
    outcome = run_main(image_lab.main, *args)
    assert outcome.code == code
    assert outcome.err.startswith(message)
    assert outcome.err.count("\n") == 1


def test_a_whole_folder(run_main: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("a.png", "b.jpg"):
        Image.fromarray(smooth()).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    outcome = run_main(image_lab.main, "scans", "--do", "rotate 90", "--save", "out")
    assert outcome.code == 0
    assert outcome.lines[-1] == "2 of 2 pictures are in out"
    assert np.array_equal(datasets.read_photo(tmp_path / "out" / "a.png").pixels, np.rot90(smooth()))
    (folder / "c.png").write_bytes(b"broken")
    outcome = run_main(image_lab.main, "scans", "--do", "grey")
    assert outcome.code == 1
    assert outcome.lines[-1] == "2 of 3 pictures are in scans_edited"
    assert "scans/c.png: is not a picture" in outcome.err
    assert "1 of 3 pictures could not be transformed" in outcome.err
    assert run_main(image_lab.main, "scans", "--do", "grey", "--save", "scans").code == 1
    (tmp_path / "empty").mkdir()
    assert "holds no pictures" in run_main(image_lab.main, "empty", "--do", "grey").err


def test_real_photographs(data_path: Callable[[str], Path], run_main: Callable[..., Any]) -> None:
    path = data_path("photos/spices.jpg")
    original = datasets.read_photo(path).pixels
    lab = Lab(datasets.read_photo(path), path.name)
    for _ in range(36):
        lab.do("rotate 10")
    assert np.array_equal(lab.pixels(), original)
    lab.do("resize 256 171")
    assert lab.pixels().shape == (171, 256, 3)


def test_the_tour_reports_the_original_bytes() -> None:
    tour = image_lab.tour()
    assert tour.figures["36 turns by 10 degrees"] == "the original bytes"
    assert tour.figures["resamplings"] == "1"
    with Image.open(io.BytesIO(tour.picture)) as shown:
        assert shown.width > 1000


def test_every_command_says_how_it_is_called() -> None:
    for name, edit in EDITS.items():
        assert edit.usage.startswith(name)
    assert not set(EDITS) & set(SHOWN)
