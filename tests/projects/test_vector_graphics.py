"""vector_graphics: matrices and shapes, keys and time, files, the program; bad input."""

from __future__ import annotations

import io
import json
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minigrad import DataError, ui
from minigrad.linalg import Transform2D
from minigrad.projects import vector_graphics
from minigrad.projects.vector_graphics._camera import Camera
from minigrad.projects.vector_graphics._files import read_scene, scene_to_json, scene_to_svg
from minigrad.projects.vector_graphics._motion import Hands, Player, eased
from minigrad.projects.vector_graphics._panel import edited
from minigrad.projects.vector_graphics._run import film, film_by_steps, frame_cost, played, script_of
from minigrad.projects.vector_graphics._scene import Pose, Scene, can_invert
from minigrad.projects.vector_graphics._shapes import color_of, crowd, drawn, gallery, make, polygon
from minigrad.projects.vector_graphics._window import FIRST_LINE, SIZE, View

pytestmark = pytest.mark.native

Run = Callable[..., Any]
EPS = float(np.finfo(float).eps)


@pytest.fixture
def run(run_main: Run) -> Run:
    """Return a function that runs the program with arguments."""
    return lambda *args: run_main(vector_graphics.main, *args)


@pytest.fixture
def view() -> View:
    return View(gallery())


def keys(view: View, script: str) -> View:
    for _ in played(view, script_of(script)):
        pass
    return view


def matrix(view: View) -> np.ndarray:
    return view.scene.chosen[0].transform.matrix


def drawn_pixels(view: View) -> np.ndarray:
    with ui.Stage(*SIZE, window=False) as stage:
        view.draw(stage)
        return stage.pixels()


# The learning milestones


def test_milestone_1_a_triangle_from_three_vectors_is_drawn_where_its_matrix_puts_it(view: View) -> None:
    triangle = view.scene.shapes[0]
    assert len(triangle.points) == 3
    view.shows_grid = False
    for pose in (Pose(), Pose(2, 1, 90), Pose(-3, 0, 30, 2, 2)):
        view.scene = view.scene.posed({1: pose}).choosing(())
        middle = view.camera.view(view.world_size).apply([view.scene.shapes[0].pivot_in_world])[0]
        x, y = np.rint(middle).astype(int)
        assert tuple(drawn_pixels(view)[y, x]) == triangle.color


def test_milestone_2_r_rotates_s_scales_and_the_arrows_move_smoothly(view: View) -> None:
    angles = []
    view.handle(ui.Event("key", key="r"))
    for _ in range(60):
        view.advance(1 / 60)
        angles.append(view.scene.chosen[0].pose.degrees)
    steps = np.diff([0.0, *angles])
    assert (steps > 0).all()
    assert steps[0] < 0.2 * steps[-1]  # it starts gently
    assert steps[-1] == pytest.approx(90 / 60, rel=1e-3)  # and then goes evenly
    view.handle(ui.Event("keyup", key="r"))
    keys(view, "")
    assert view.scene.chosen[0].pose.degrees == pytest.approx(90, abs=1e-9)
    keys(view, "s:1 right:1 shift+r:1")
    pose = view.scene.chosen[0].pose
    assert pose.factors() == pytest.approx((3, 0, 0, 2, 2, 0), abs=1e-9)


def test_milestone_3_shapes_have_transforms_of_their_own_and_the_order_of_two_matters(view: View) -> None:
    before = [s.transform for s in view.scene.shapes]
    keys(view, "tab r:0.5")
    after = [s.transform for s in view.scene.shapes]
    assert [a == b for a, b in zip(after, before, strict=True)] == [True, False, True, True, True]
    turn, move = Transform2D.rotation(90), Transform2D.translation(1, 0)
    assert (turn @ move).apply([[0.0, 0.0]]).tolist() == [[0, 1]]
    assert (move @ turn).apply([[0.0, 0.0]]).tolist() == [[1, 0]]


def test_milestone_4_the_panel_and_the_picture_follow_the_held_key(view: View) -> None:
    pictures = [drawn_pixels(view)]
    view.handle(ui.Event("key", key="x"))
    for _ in range(5):
        view.advance(1 / 20)
        pictures.append(drawn_pixels(view))
    panel = SIZE[0] - 300
    for a, b in zip(pictures, pictures[1:], strict=False):
        assert (a[:, panel:] != b[:, panel:]).any()  # the numbers
        assert (a[:, :panel] != b[:, :panel]).any()  # the shape and the grid


# Poses


def test_a_million_small_turns_leave_a_rotation() -> None:
    scene = Scene().with_shape(make(polygon(5), 0))
    pose = scene.shapes[0].pose
    for _ in range(10**5):
        pose = replace(pose, degrees=math.fmod(pose.degrees + 10.0, 360.0))
    scene = scene.posed({1: pose}).turned(1.0).turned(-1.0)
    r = scene.shapes[0].transform.matrix[:2, :2]
    assert np.abs(r.T @ r - np.eye(2)).max() <= 1e-15
    for _ in range(1000):
        scene = scene.turned(0.7)
    r = scene.shapes[0].transform.matrix[:2, :2]
    assert np.abs(r.T @ r - np.eye(2)).max() <= 1e-15


@pytest.mark.parametrize("action", ["turned", "grown", "sheared"])
def test_a_group_moves_as_one(action: str) -> None:
    scene = gallery().choosing({1, 2, 3})
    pivot = scene.pivot
    assert pivot is not None
    whole = {
        "turned": Transform2D.rotation(30, about=pivot),
        "grown": Transform2D.scaling(1.5, about=pivot),
        "sheared": Transform2D.shearing(0.4, about=pivot),
    }[action]
    after = getattr(scene, action)({"turned": 30, "grown": 1.5, "sheared": 0.4}[action])
    for old, new in zip(scene.chosen, after.chosen, strict=True):
        assert np.abs(new.transform.matrix - (whole @ old.transform).matrix).max() <= 64 * EPS * 10
    assert after.shapes[3:] == scene.shapes[3:]


def test_the_pivot_moves_without_the_shape_and_then_stays() -> None:
    scene = gallery().choosing({2}).turned(20)
    moved = scene.with_pivot((-3.0, 1.0))
    assert np.abs(moved.chosen[0].transform.matrix - scene.chosen[0].transform.matrix).max() <= 64 * EPS * 10
    assert moved.pivot == pytest.approx((-3, 1), abs=1e-12)
    turned = moved.turned(73).grown(2)
    assert turned.pivot == pytest.approx((-3, 1), abs=1e-12)


@pytest.mark.parametrize("rows", [[[0, 0, 1], [0, 0, 2]], [[1, 1, 0], [1, 1, 0]], [[2, 0, 0], [0, 0, 5]]])
def test_singular_matrices_are_held_and_drawn_but_not_inverted(view: View, rows: list[list[float]]) -> None:
    shape = view.scene.chosen[0]
    pose = Pose.of(Transform2D(rows), shape.pivot)
    view.scene = view.scene.posed({shape.number: pose})
    assert np.array_equal(matrix(view)[:2], rows)
    drawn_pixels(view)
    keys(view, "i")
    assert np.array_equal(matrix(view)[:2], rows)
    assert "no inverse" in view.message
    keys(view, "r:0.2 s:0.2 x:0.2 p f space:1")
    assert view.scene.chosen[0].pose == shape.pose


# Keys


def test_a_tap_has_an_effect_and_a_hold_is_exact() -> None:
    for frames in (1, 7, 30):
        hands = Hands()
        hands.press("r", "turn", 1.0)
        if frames == 1:
            hands.release("r")
        total = 0.0
        for i in range(200):
            if i == frames:
                hands.release("r")
            total += hands.advance(1 / 60).get("turn", 0.0)
        assert not hands.busy
        held = frames / 60 if frames > 6 else 0.1
        assert total == pytest.approx(90 * held, abs=90 / 60 + 1e-9)


@pytest.mark.parametrize("rate", [30, 60, 144])
def test_the_way_does_not_depend_on_the_frames_per_second(rate: int) -> None:
    hands = Hands()
    hands.press("up", "y", 1.0)
    way = sum(hands.advance(1 / rate)["y"] for _ in range(rate))
    assert way == pytest.approx(3 * (1 - 0.07 * (1 - math.exp(-1 / 0.07))), rel=1e-12)


def test_undo_and_redo_step_over_whole_actions(view: View) -> None:
    start = matrix(view).copy()
    keys(view, "r:0.5")
    turned = matrix(view).copy()
    keys(view, "f")
    keys(view, "z")
    assert np.array_equal(matrix(view), turned)
    keys(view, "z")
    assert np.array_equal(matrix(view), start)
    keys(view, "z")
    assert view.message == "nothing to undo"
    keys(view, "y shift+z")
    assert matrix(view)[0, 0] == -turned[0, 0]


def test_the_inverse_undoes_and_home_is_exact(view: View) -> None:
    keys(view, "r:0.4 s:0.3 x:0.3")
    before = matrix(view).copy()
    keys(view, "i:1")
    assert np.abs(matrix(view) @ before - np.eye(3)).max() <= 64 * EPS
    home = view.scene.chosen[0].home
    keys(view, "space:1")
    assert view.scene.chosen[0].pose == home
    keys(view, "r:0.3 h f space:1")
    assert view.scene.chosen[0].pose.degrees == pytest.approx(27, abs=1e-9)


def test_shapes_come_and_go(view: View) -> None:
    keys(view, "5 9 n")
    assert [len(s.points) for s in view.scene.shapes[5:]] == [5, 9, 10]
    keys(view, "ctrl+a del")
    assert view.scene.shapes == ()
    drawn_pixels(view)
    keys(view, "r:0.2 f p i space del k enter")
    assert view.scene.shapes == ()
    keys(view, "ctrl+z ctrl+z")
    assert len(view.scene.shapes) == 8


def test_every_key_in_a_row_draws(view: View) -> None:
    for script in (
        "m",
        "g",
        "?",
        "plus minus 0",
        "k r:0.3 k enter",
        "enter",
        "shift+k",
        "tab shift+tab",
        "d d",
        "h p shift+p",
    ):
        keys(view, script)
        drawn_pixels(view)


# The mouse


def click(view: View, x: float, y: float, button: int = 1, shift: bool = False) -> None:
    place = view.camera.view(view.world_size).apply([[x, y]])[0]
    position = (round(place[0]), round(place[1]))
    view.handle(ui.Event("press", position=position, button=button, shift=shift))
    view.handle(ui.Event("release", position=position, button=button))


def test_a_click_picks_through_the_inverse_matrices(view: View) -> None:
    keys(view, "s:0.5 r:0.7 x:0.5")
    view.camera = Camera(0.5, -0.25, 50.0).zoomed(1.3, (100, 200), view.world_size)
    for shape in view.scene.shapes:
        x, y = shape.transform.apply(shape.corners[:3].mean(axis=0)[None])[0]
        if shape.holds((x, y)):
            click(view, x, y)
            assert view.scene.selected == {shape.number}
    click(view, 0, -30)
    assert not view.scene.selected


def test_dragging_moves_shapes_or_the_view(view: View) -> None:
    start = view.camera.view(view.world_size).apply([[0.0, 0.0]])[0]
    x, y = (round(v) for v in start)
    view.handle(ui.Event("press", position=(x, y), button=1))
    view.handle(ui.Event("move", position=(x + 64, y - 128), button=1))
    view.handle(ui.Event("release", position=(x + 64, y - 128), button=1))
    assert (view.scene.shapes[0].pose.x, view.scene.shapes[0].pose.y) == (1, 2)
    view.handle(ui.Event("press", position=(20, 500), button=3))
    view.handle(ui.Event("move", position=(84, 500), button=3))
    view.handle(ui.Event("release", position=(84, 500), button=3))
    assert view.camera.x == -1
    view.handle(ui.Event("wheel", position=(300, 300), button=1))
    assert view.camera.zoom > 64
    keys(view, "z")
    assert view.scene.shapes[0].pose.x == 0


def test_zooming_keeps_the_point_under_the_mouse() -> None:
    camera, size = Camera(1, 2, 40), (800, 600)
    before = camera.to_world((123, 456), size)
    assert camera.zoomed(3.0, (123, 456), size).to_world((123, 456), size) == pytest.approx(before, abs=1e-12)
    assert Camera().zoomed(1e9, (0, 0), size).zoom == 4000


def test_shift_and_click_make_a_group(view: View) -> None:
    click(view, -4.5, 1.6, shift=True)
    assert view.scene.selected == {1, 2}
    click(view, 0, 0, shift=True)
    assert view.scene.selected == {2}


def test_points_of_ones_own_become_a_shape(view: View) -> None:
    keys(view, "d")
    for x, y in ((0, 2), (2, 2), (2, 3)):
        click(view, x, y)
    keys(view, "enter")
    shape = view.scene.chosen[0]
    assert np.abs(shape.transform.apply(shape.corners) - [[0, 2], [2, 2], [2, 3]]).max() <= 0.5 / 64 + 1e-9
    keys(view, "d")
    click(view, 0, 0)
    keys(view, "enter")
    assert "three points; got 1" in view.message
    assert view.scene.chosen[0] is shape


# The matrix panel


def test_a_number_typed_into_the_panel_moves_the_shape_at_once(view: View) -> None:
    drawn_pixels(view)
    x, y, w, h = view.panel._places["m01"]
    view.handle(ui.Event("press", position=(int(x + w / 2), int(y + h / 2)), button=1))
    for i, key in enumerate("-1.5"):
        view.handle(ui.Event("key", key=key))
        assert matrix(view)[0, 1] == [0, -1, -1, -1.5][i]
    assert view.scene.chosen[0].transform.determinant == 1
    drawn_pixels(view)
    view.handle(ui.Event("key", key="return"))
    keys(view, "z")
    assert np.array_equal(matrix(view), np.eye(3))


def test_the_wheel_nudges_a_number(view: View) -> None:
    drawn_pixels(view)
    x, y, w, h = view.panel._places["degrees"]
    view.handle(ui.Event("wheel", position=(int(x + w / 2), int(y + h / 2)), button=1))
    assert view.scene.chosen[0].pose.degrees == 5
    x, y, w, h = view.panel._places["m12"]
    view.handle(ui.Event("wheel", position=(int(x + w / 2), int(y + h / 2)), button=-1))
    assert matrix(view)[1, 2] == pytest.approx(-0.1)


def test_zeros_in_the_panel_are_said_to_have_no_inverse(view: View) -> None:
    shape = view.scene.chosen[0]
    flat = edited(edited(shape, "m00", 0.0), "m10", 0.0)
    assert not can_invert(flat.transform)
    assert edited(flat, "m00", 2.0).pose.scale_x == 2
    with pytest.raises(ValueError, match="a number must be from"):
        edited(shape, "m00", 1e9)
    drawn_pixels(view)
    view.panel.begin("scale_x")
    keys(view, "0")
    assert "no inverse" in view.message


# Animation


def test_keyframes_are_met_and_between_them_nothing_collapses(view: View) -> None:
    keys(view, "k r:2 right:0.5 k")
    start, end = (f.poses[1].transform((0.0, 0.0)) for f in view.scene.keyframes)
    player = Player(view.scene)
    assert np.abs(player.matrices()[0] - start.matrix).max() <= 16 * EPS
    for _ in range(9):
        player.advance(0.1)
        now = Transform2D(player.matrices()[0])
        assert now.determinant == pytest.approx(1, abs=16 * EPS)
        assert now == start.interpolate(end, eased(player.time))
    player.advance(0.2)
    assert player.time == pytest.approx(0.1, abs=1e-9)


def test_a_film_can_be_stopped_and_undone(view: View) -> None:
    keys(view, "k r:1 k")
    before = view.scene
    keys(view, "enter")
    for _ in range(30):
        view.advance(1 / 60)
    keys(view, "enter")
    assert view.player is None
    assert view.scene.shapes[0].pose.degrees not in (0, before.shapes[0].pose.degrees)
    keys(view, "z")
    assert view.scene.shapes[0].pose == before.shapes[0].pose


def test_shapes_that_a_keyframe_does_not_know_stand_still(view: View) -> None:
    keys(view, "k r:1 k 5")
    player = Player(view.scene)
    player.advance(0.5)
    assert np.array_equal(player.matrices()[-1], view.scene.matrices[-1])


# Pictures


def test_the_same_keys_give_the_same_picture() -> None:
    pictures = [drawn_pixels(keys(View(gallery()), "r:0.5 tab s:0.3 5 x:0.2")) for _ in range(2)]
    assert np.array_equal(*pictures)


def test_huge_and_odd_shapes_are_cut_to_the_picture(view: View) -> None:
    for pose in (Pose(scale_x=1e6, scale_y=1e6), Pose(x=1e9), Pose(shear=1e6), Pose(scale_x=1e-9, scale_y=1e-9)):
        view.scene = view.scene.posed({1: pose})
        picture = drawn_pixels(view)
        if pose.scale_x == 1e6:
            view.shows_grid = False
            assert tuple(drawn_pixels(view)[300, 100]) != tuple(drawn_pixels(View(Scene()))[300, 100])
            view.shows_grid = True
        assert picture.shape == (SIZE[1], SIZE[0], 3)
    with ui.Stage(40, 30, window=False) as stage:
        corners = np.array([[-1e12, -1e12], [1e12, -1e12], [1e12, 1e12], [-1e12, 1e12], [np.nan, 0], [1, 1], [2, 2]])
        stage.polygons(corners, [4, 7], [(10, 20, 30), (255, 0, 0)])
        assert (stage.pixels() == [10, 20, 30]).all()


def test_a_crowd_moves_in_one_call_for_all() -> None:
    view = View(crowd(200), shows_panel=False)
    cost = frame_cost(view, 3)
    assert 0 < cost.mathematics < cost.frame
    still = drawn_pixels(view)
    view.advance(0.5)
    assert (drawn_pixels(view) != still).any()


def test_a_film_as_a_gif(view: View) -> None:
    with Image.open(io.BytesIO(film(view, script_of("r:0.4"), lambda done, total: None))) as picture:
        assert picture.size == SIZE
        assert picture.n_frames > 10  # type: ignore[attr-defined]


# Files


def test_a_scene_comes_back_from_its_file_to_the_last_bit(view: View, tmp_path: Path) -> None:
    keys(view, "r:0.37 x:0.11 k s:0.2 p k 7 ctrl+a r:0.1")
    view.scene = view.scene.posed({2: Pose.of(Transform2D([[1, 1, 0.1], [1, 1, 0]]), (0.0, 0.0))})
    (tmp_path / "s.json").write_bytes(scene_to_json(view.scene, view.camera))
    scene, camera = read_scene(tmp_path / "s.json")
    assert scene.shapes == view.scene.shapes
    assert scene.keyframes == view.scene.keyframes
    assert camera == view.camera
    assert scene_to_json(scene, camera) == scene_to_json(view.scene, view.camera)


def test_svg_carries_the_matrices(view: View) -> None:
    keys(view, "r:0.5")
    view.scene = replace(view.scene, shapes=(replace(view.scene.shapes[0], name='<a & "b">'),))
    root = ET.fromstring(scene_to_svg(view.scene, view.camera, (640, 480)))
    group = root.find("{*}g")
    assert group is not None
    shape = group.find("{*}polygon")
    assert shape is not None
    a, b, c, d, e, f = (float(v) for v in re.findall(r"[-+.\de]+", shape.attrib["transform"].removeprefix("matrix")))
    assert np.array_equal(matrix_of(view), [[a, c, e], [b, d, f], [0, 0, 1]])
    assert shape.findtext("{*}title") == '<a & "b">'


def matrix_of(view: View) -> np.ndarray:
    return view.scene.shapes[0].transform.matrix


def test_loading_can_be_undone_and_what_is_no_scene_changes_nothing(view: View, tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    view.load = lambda: read_scene(path)
    keys(view, "ctrl+o")
    assert "No such file" in view.message
    path.write_bytes(scene_to_json(crowd(7), Camera(1, 2, 30)))
    before = view.scene
    keys(view, "ctrl+o")
    assert (len(view.scene.shapes), view.camera) == (7, Camera(1, 2, 30))
    keys(view, "z")
    assert view.scene == before


TRIANGLE = '"points": [[0, 0], [1, 0], [0, 1]]'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "line 1, column 2"),
        ("[1,\n 2", "line 2, column 3"),
        ("[]", "the scene must be an object; got []"),
        ('{"format": "x", "shapes": []}', "format must be 'minigrad scene 1'"),
        ('{"shapes": []}', "the scene lacks the field 'format'"),
        ('{"shapes": [], "sound": 1}', "unknown field 'sound'"),
        (
            '{"format": "minigrad scene 1", "shapes": [{"points": [[0, 0], [1, 1]]}]}',
            "from 3 to 100000 elements; got 2",
        ),
        ('{"format": "minigrad scene 1", "shapes": [{"points": [[0, NaN], [1, 1], [2, 2]]}]}', "points[0][1] must be"),
        ('{"format": "minigrad scene 1", "shapes": [{"points": [[0], [1, 1], [2, 2]]}]}', "points[0] must have from 2"),
        ('{"format": "minigrad scene 1", "shapes": [{' + TRIANGLE + ', "color": "red"}]}', "shapes[0].color must be"),
        ('{"format": "minigrad scene 1", "shapes": [{' + TRIANGLE + ', "pose": {"z": 1}}]}', "unknown field 'z'"),
        ('{"format": "minigrad scene 1", "shapes": [{' + TRIANGLE + ', "pose": {"x": 1e300}}]}', "pose.x must be"),
        ('{"format": "minigrad scene 1", "shapes": [{' + TRIANGLE + ', "name": 3}]}', "name must be printable text"),
        ('{"format": "minigrad scene 1", "shapes": [{' + TRIANGLE + ', "number": 0}]}', "number must be an int >= 1"),
        ('{"format": "minigrad scene 1", "shapes": [], "camera": {"zoom": 0}}', "camera.zoom must be positive"),
        ('{"format": "minigrad scene 1", "shapes": [], "keyframes": [{"seconds": 0}]}', "lacks the field 'poses'"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_scenes_are_refused_by_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        read_scene(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


def test_two_shapes_of_one_number_are_refused(tmp_path: Path) -> None:
    shape = "{" + TRIANGLE + ', "number": 4}'
    path = tmp_path / "two.json"
    path.write_text('{"format": "minigrad scene 1", "shapes": [' + shape + "," + shape + "]}")
    with pytest.raises(DataError, match="two have the same"):
        read_scene(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not text in UTF-8"):
        read_scene(path)


def test_a_file_that_is_no_scene_is_told_what_one_is(tmp_path: Path, view: View) -> None:
    drawing = tmp_path / "drawing.svg"
    drawing.write_bytes(scene_to_svg(view.scene, view.camera, SIZE))
    empty, words, huge = (tmp_path / name for name in ("empty.json", "words.json", "huge.json"))
    empty.write_text("\n")
    words.write_text("hello")
    huge.write_text("9" * 5000)
    for path, message in (
        (drawing, "a drawing such as SVG is written here but not read; a scene is the JSON file that CTRL"),
        (empty, "empty; a scene is the JSON file"),
        (words, "line 1, column 1: Expecting value; a scene is the JSON file"),
        (tmp_path / "missing.json", "No such file or directory; a scene is the JSON file"),
        (huge, "integer string conversion"),
    ):
        with pytest.raises(DataError) as error:
            read_scene(path)
        assert str(error.value).startswith(f"{path}: ")
        assert message in str(error.value)


def test_the_window_goes_on_while_a_film_is_exported(view: View) -> None:
    def export() -> Iterator[str]:
        data = yield from film_by_steps(View(view.scene, view.camera), [])
        films.append(data)
        yield "exported"

    films: list[bytes] = []
    keys(view, "k r:1 k")
    view.export = export
    keys(view, "e e")
    messages = []
    while view.exporting:
        view.work()
        messages.append(view.message)
    assert messages[:2] == ["drawing the film: frame 1"] * 2
    assert messages[-1] == "exported" and len(messages) > 2 * 15 * view.scene.keyframes[-1].seconds
    with Image.open(io.BytesIO(films[0])) as picture:
        assert picture.n_frames == 1 + 15 * view.scene.keyframes[-1].seconds

    def fails() -> Iterator[str]:
        yield "begun"
        raise DataError("no room")

    view.export = fails
    keys(view, "e")
    view.work()
    view.work()
    assert (view.message, view.exporting) == ("no room", False)


# The program


def test_transcript(run: Run) -> None:
    done = run("--keys", "r:0.5 s:0.4 x:0.5")
    assert (done.code, done.err) == (0, "")
    assert done.lines == [
        FIRST_LINE,
        "Scene: gallery, 5 shapes: triangle, star, ship, hexagon, letter F",
        "Matrix of the triangle: [0.933 -0.560 0.000; 0.933 1.306 0.000], determinant 1.741",
        "Saved picture to vector_graphics.png",
    ]
    with Image.open(done.folder / "vector_graphics.png") as picture:
        assert picture.size == SIZE


def test_json_and_every_format(run: Run, tmp_path: Path) -> None:
    result = json.loads(run("--json", "--keys", "r:1").out)
    assert result["shapes"][0]["matrix"][0] == pytest.approx([0, -1, 0], abs=1e-9)
    for suffix in ("svg", "json", "png"):
        done = run("--headless", "--save", f"a.{suffix}")
        assert (done.code, done.err) == (0, "")
        assert (done.folder / f"a.{suffix}").stat().st_size > 500
    again = run("a.json", "--headless", "--save", "b.json")
    assert again.lines[1] == "Scene: a.json, 5 shapes: triangle, star, ship, hexagon, letter F"
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_keyframes_are_measured(run: Run, tmp_path: Path) -> None:
    (tmp_path / "small.json").write_bytes(scene_to_json(crowd(20), Camera()))
    done = run("small.json", "--headless")
    assert re.fullmatch(
        r"Frame: [\d.]+ ms \(\d+ frames/s\): [\d.]+ ms poses and points, [\d.]+ ms drawing", done.lines[2]
    )


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("missing.json",), 1, "missing.json: No such file or directory"),
        (("--save", "out.mp3"), 2, "must end in .png, .svg, .gif or .json"),
        (("--save", "out.gif"), 2, "a film needs --keys"),
        (("--keys", "r:x"), 2, "'r:x' is no key"),
        (("--keys", "alt+r"), 2, "'alt+r' is no key"),
        (("--keys", "r:1 bogus:1"), 2, "nothing answers to the key 'bogus:1'"),
        (("--keys", "ctrl+r"), 2, "nothing answers to the key 'ctrl+r'"),
        (("--keys", "r:1e9"), 2, "is no key"),
        (("--keys", "r:40 s:40", "--save", "a.gif"), 1, "the film would last 80 s; a GIF takes at most 60 s"),
        (("--headless", "--save", "nowhere/out.png"), 1, "cannot write nowhere/out.png"),
    ],
)
def test_bad_input_is_one_line(run: Run, args: tuple[str, ...], code: int, message: str) -> None:
    done = run(*args)
    assert done.code == code
    assert done.err.startswith("Error: ")
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_shapes_that_are_offered() -> None:
    name, points = polygon(6)
    assert name == "hexagon"
    assert np.hypot(*np.array(points).T) == pytest.approx(np.ones(6), abs=8 * EPS)
    assert points[0][1] == pytest.approx(points[-1][1], abs=8 * EPS)
    assert drawn([(0.0, 0.0), (4.0, 0.0), (4.0, 2.0)], 3).pose == Pose(2, 1)
    assert len({color_of(i) for i in range(10)}) == 10
