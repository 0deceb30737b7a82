"""Asteroids without a window: its rules, its recordings, and what its view draws."""

from __future__ import annotations

import io
import itertools
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import minigrad
from minigrad import DataError, linalg, ui
from minigrad.projects import vector_graphics
from minigrad.projects.vector_graphics import asteroids
from minigrad.projects.vector_graphics.asteroids import FIRE, LEFT, RIGHT, START, THRUST, Cabinet, Game, Replay, View
from minigrad.projects.vector_graphics.asteroids import _view as drawing
from minigrad.projects.vector_graphics.asteroids._bodies import (
    COSINES,
    HEIGHT,
    SHIP,
    SINES,
    TURN,
    UNIT,
    WIDTH,
    Body,
    Bullet,
    Rock,
    Ship,
    apart,
    meet,
    rate,
    rock_outline,
)

pytestmark = pytest.mark.native

RECORDING = Path(__file__).with_name("asteroids_replay.json")


def main(args):
    vector_graphics.main(["asteroids", *args])


def rock_at(x, y, size=1, vx=0, vy=0):
    return Rock(x * UNIT, y * UNIT, vx, vy, outline=rock_outline({3: 46, 2: 26, 1: 14}[size], [64] * 11), size=size)


@pytest.fixture
def game():
    """Return a game whose ship stands alone in the middle, its shield down."""
    made = Game(0)
    made.rocks = [rock_at(10, 10)]
    made.shield = 0
    return made


def steps(game, count, keys=0):
    for _ in range(count):
        game.step(keys)


# --- the ship


def test_the_ship_turns_by_its_rate_and_back(game):
    heading = game.ship.heading
    steps(game, 60, RIGHT)
    assert game.ship.heading == (heading + 60 * 26) % TURN
    steps(game, 60, LEFT)
    assert game.ship.heading == heading
    steps(game, 10, LEFT | RIGHT)
    assert game.ship.heading == heading


@pytest.mark.parametrize("heading", [0, TURN // 4, TURN // 2, 3 * TURN // 4, 555])
def test_thrust_drives_along_the_heading_and_drag_slows(game, heading):
    game.ship.heading = heading
    steps(game, 60, THRUST)
    vx, vy = game.ship.vx, game.ship.vy
    ahead = vx * COSINES[heading] + vy * SINES[heading]
    aside = vx * SINES[heading] - vy * COSINES[heading]
    # Half a second at 300 px/s^2, less the drag; each step rounds by less than 2 units.
    assert 0.9 * rate(150) < ahead / UNIT < rate(150)
    assert abs(aside) < 120 * UNIT
    steps(game, 120)
    assert 0 < game.ship.vx**2 + game.ship.vy**2 < 0.5 * (vx**2 + vy**2)


def test_speed_has_a_limit_and_comes_to_rest(game):
    steps(game, 3000, THRUST)
    assert abs(game.ship.vy) <= rate(480)
    assert game.ship.vx == 0
    game.ship.vx, game.ship.vy = 319, -319  # where a share rounds to nothing, less than 0.6 px/s
    steps(game, 10)
    assert (game.ship.vx, game.ship.vy) == (319, -319)


@pytest.mark.parametrize(("vx", "vy"), [(1, 0), (-1, 0), (0, 1), (0, -1), (1, -1)])
def test_what_leaves_at_one_edge_enters_at_the_other(vx, vy):
    body = Body(5, 7, vx * 100 * UNIT, vy * 100 * UNIT)
    seen = set()
    for _ in range(200):
        body.move()
        seen.add((body.x, body.y))
        assert 0 <= body.x < WIDTH * UNIT
        assert 0 <= body.y < HEIGHT * UNIT
    assert (body.x, body.y) == (
        (5 + 200 * vx * 100 * UNIT) % (WIDTH * UNIT),
        (7 + 200 * vy * 100 * UNIT) % (HEIGHT * UNIT),
    )
    assert len(seen) > 30


# --- bullets and rocks


def test_bullets_fly_a_second_and_at_most_five(game):
    game.rocks[0].x = game.rocks[0].y = 0
    most = 0
    for _ in range(400):
        game.step(FIRE)
        most = max(most, len(game.bullets))
    assert most == 5
    steps(game, 120)
    assert not game.bullets


def test_a_bullet_leaves_the_nose_with_the_ships_speed_added(game):
    game.ship.vx = rate(100)
    game.step(FIRE)
    (bullet,) = game.bullets
    assert bullet.vy == -rate(520)
    assert abs(bullet.vx - rate(100)) < rate(1)
    assert bullet.y == game.ship.y - 16 * UNIT - rate(520)


def test_a_bullet_passes_through_nothing_however_fast():
    for start in range(0, 300, 7):
        bullet, rock = Bullet(start * UNIT, 100 * UNIT, vx=400 * UNIT, steps_left=9), rock_at(350, 100)
        bullet.move()
        assert meet(rock, bullet) == (start + 400 >= 350 - 14)


def test_a_rock_splits_in_two_until_it_is_smallest(game):
    game.rocks = [rock_at(300, 300, 3, vx=1000)]
    shots = 0
    while game.rocks:
        rock = game.rocks[0]
        game.bullets = [Bullet(rock.x, rock.y, steps_left=9)]
        before = [r.size for r in game.rocks]
        game.step(0)
        shots += 1
        after = [r.size for r in game.rocks]
        assert sorted(after) == sorted(before[1:] + [before[0] - 1] * (2 if before[0] > 1 else 0))
        assert game.bursts[0].size == before[0]
    assert shots == 7
    assert game.score == 20 + 2 * 50 + 4 * 100


def test_a_cleared_level_is_followed_by_one_with_one_more_rock(game):
    game.rocks = []
    for level in range(2, 12):
        while not game.rocks:
            game.step(0)
        assert game.level == level
        assert len(game.rocks) == min(level + 3, 11)
        for rock in game.rocks:
            x, y = apart(rock.x - game.ship.x, rock.y - game.ship.y)
            assert x * x + y * y > (160 * UNIT) ** 2
        game.rocks = []


# --- lives


def test_a_collision_takes_a_ship_and_breaks_the_rock(game):
    game.rocks = [rock_at(480, 360, 3)]
    game.step(THRUST)
    assert (game.ship, game.lives, game.score) == (None, 2, 20)
    assert [burst.size for burst in game.bursts] == [0, 3]
    assert [rock.size for rock in game.rocks] == [2, 2]
    steps(game, 30, FIRE | THRUST)
    assert not game.bullets


def test_a_shield_protects_for_a_while(game):
    game.shield = 3
    game.rocks = [rock_at(480, 360, 3)]
    steps(game, 2)
    assert game.ship is not None
    game.step(0)
    assert game.ship is None


def test_the_next_ship_waits_until_the_middle_is_clear(game):
    game.rocks = [rock_at(480, 360, 1), rock_at(480, 400, 2)]
    game.step(0)
    assert game.ship is None
    steps(game, 1000)
    assert game.ship is None
    game.rocks[0].y = 0
    game.step(0)
    assert game.ship is not None
    assert game.shield == 240


def lose(game):
    while not game.over:
        if game.ship is not None:
            game.shield = 0
            game.rocks.append(rock_at(game.ship.x // UNIT, game.ship.y // UNIT))
        else:
            game.rocks = [rock_at(10, 10)]
        game.step(0)


def test_game_over_after_three_ships_and_a_new_game_on_start(game):
    game.step(START)
    assert game.lives == 3
    lose(game)
    assert (game.lives, game.ship) == (0, None)
    best = game.score
    assert game.best == best > 0
    drifting = game.rocks[0].x
    game.rocks[0].vx = UNIT
    steps(game, 400, FIRE | LEFT)
    assert game.over
    assert game.rocks[0].x == (drifting + 400 * UNIT) % (WIDTH * UNIT)
    game.step(START)
    assert not game.over
    assert (game.score, game.lives, game.level, len(game.rocks)) == (0, 3, 1, 4)
    assert game.best == best
    assert game.ship is not None


def test_ten_thousand_points_are_worth_a_ship(game):
    game.score = 9_950
    game.rocks = [rock_at(300, 300, 2), rock_at(600, 100)]
    game.bullets = [Bullet(300 * UNIT, 300 * UNIT, steps_left=9)]
    game.step(0)
    assert (game.score, game.lives) == (10_000, 4)


@given(st.integers(0, 2**64 - 1), st.lists(st.tuples(st.integers(0, 31), st.integers(1, 60)), max_size=10))
def test_whatever_is_pressed_the_world_stays_whole(seed, runs):
    game, twin = Game(seed), Game(seed)
    for keys, count in runs:
        for _ in range(count):
            score, lives = game.score, game.lives
            game.step(keys)
            twin.step(keys)
            assert game.score >= score
            assert lives - 1 <= game.lives <= 3
            assert len(game.bullets) <= 5
            assert game.over == (game.lives == 0)
            bodies = [*game.rocks, *game.bullets, *([game.ship] if game.ship else [])]
            assert all(0 <= b.x < WIDTH * UNIT and 0 <= b.y < HEIGHT * UNIT and 0 <= b.heading < TURN for b in bodies)
            assert all(isinstance(number, int) for number in game.numbers())
    assert game.digest() == twin.digest()


# --- collision


def side(a, b, c):
    det = (a[0] - c[0]) * (b[1] - c[1]) - (a[1] - c[1]) * (b[0] - c[0])
    return (det > 0) - (det < 0)


def edges(ring):
    return list(zip(ring, [*ring[1:], ring[0]], strict=True))


def cross(p, q, r, s):
    signs = side(p, q, r), side(p, q, s), side(r, s, p), side(r, s, q)
    if signs == (0, 0, 0, 0):
        return all(max(min(p[k], q[k]), min(r[k], s[k])) <= min(max(p[k], q[k]), max(r[k], s[k])) for k in (0, 1))
    return signs[0] * signs[1] <= 0 and signs[2] * signs[3] <= 0


def holds(ring, point):
    """Whether a simple polygon holds a point that is not on it, by the ray to +x."""
    inside = False
    for p, q in edges(ring):
        if (p[1] > point[1]) != (q[1] > point[1]):
            inside ^= side(p, q, point) == (1 if q[1] > p[1] else -1)
    return inside


def rim(body, x, y):
    """Return the rim placed at (x, y), in fractions and from the definition of a rotation."""
    c, s = Fraction(COSINES[body.heading], UNIT), Fraction(SINES[body.heading], UNIT)
    corners = [[Fraction(float(v)) for v in corner] for corner in body.outline.corners[: body.outline.rim]]
    return [(c * u - s * v + Fraction(x, UNIT), s * u + c * v + Fraction(y, UNIT)) for u, v in corners]


def slow_meet(a, b):
    ring = rim(a, a.x, a.y)
    for i, j in itertools.product((-1, 0, 1), repeat=2):
        other = rim(b, b.x + i * WIDTH * UNIT, b.y + j * HEIGHT * UNIT)
        if any(cross(*e, *f) for e in edges(ring) for f in edges(other)):
            return True
        if holds(ring, other[0]) or holds(other, ring[0]):
            return True
    return False


PLACE = st.tuples(st.integers(0, WIDTH * UNIT - 1), st.integers(0, HEIGHT * UNIT - 1))
NEAR = st.tuples(st.integers(-80 * UNIT, 80 * UNIT), st.integers(-80 * UNIT, 80 * UNIT))
HEADING = st.integers(0, TURN - 1)
LENGTHS = st.lists(st.integers(34, 64), min_size=11, max_size=11)


@given(PLACE, NEAR, HEADING, HEADING, LENGTHS, st.sampled_from([14, 26, 46]))
def test_ship_and_rock_collide_as_the_polygons_that_are_drawn_do(place, offset, h_ship, h_rock, lengths, radius):
    x, y = (place[0] + offset[0]) % (WIDTH * UNIT), (place[1] + offset[1]) % (HEIGHT * UNIT)
    ship, rock = Ship(*place, heading=h_ship), Rock(x, y, heading=h_rock, outline=rock_outline(radius, lengths))
    assert meet(ship, rock) == meet(rock, ship) == slow_meet(ship, rock)


@given(PLACE, HEADING, LENGTHS)
def test_corners_are_placed_without_rounding(place, heading, lengths):
    rock = Rock(*place, heading=heading, outline=rock_outline(46, lengths))
    corners = rock.place(rock.x, rock.y).apply(rock.outline.corners)
    assert [tuple(map(Fraction, corner)) for corner in corners[:-1].tolist()] == rim(rock, rock.x, rock.y)


def test_the_parts_of_every_outline_are_convex_and_fill_it():
    for outline in (SHIP, rock_outline(46, [64, 34] * 5 + [50])):
        area = sum(abs(shoelace(outline.corners[list(part)])) for part in outline.parts)
        assert area == abs(shoelace(outline.corners[: outline.rim]))
        assert np.hypot(*outline.corners.T).max() <= outline.reach
        for part in outline.parts:
            assert linalg.touching(outline.corners[list(part)], [outline.corners[part[0]]])


def shoelace(ring):
    x, y = np.asarray(ring).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2


# --- recordings


def play(replay):
    game = Game(replay.seed)
    for keys in replay:
        game.step(keys)
    return game


@pytest.mark.parametrize("threads", [1, 2])
def test_milestone_4_a_recorded_game_of_asteroids_comes_to_its_state_to_the_last_bit(threads):
    before = minigrad.get_num_threads()
    minigrad.set_num_threads(threads)
    try:
        replay = Replay.load(RECORDING)
        game = play(replay)
    finally:
        minigrad.set_num_threads(before)
    # The state is of whole numbers: this is the hash on every machine.
    assert game.digest() == replay.state == "8489dc93ba20f83c04c5aca0598faacb48b5f7f26d2713d94a3ea309b37622e5"
    assert len(replay) == game.steps
    assert {keys for keys, _ in replay.runs} >= {LEFT, RIGHT, FIRE, THRUST, START}
    replay.check(game, "here")


def test_the_seed_decides_the_rocks_and_nothing_else_does():
    assert Game(5).digest() == Game(5).digest()
    assert Game(5).digest() != Game(6).digest()
    game = Game(5)
    game.step(0)
    assert game.digest() != Game(5).digest()


def test_every_number_of_the_state_is_in_the_hash(game):
    steps(game, 5, FIRE | THRUST)
    seen = {game.digest()}
    changes = [
        (game, name)
        for name in ("best", "score", "lives", "level", "shield", "steps", "level_start", "_wait", "_gap", "_reload")
    ]
    for body in (game.ship, game.rocks[0], game.bullets[0]):
        changes += [(body, name) for name in ("x", "y", "vx", "vy", "heading", "spin")]
    for owner, name in changes:
        value = getattr(owner, name)
        setattr(owner, name, value + 1)
        seen.add(game.digest())
        setattr(owner, name, value)
    assert len(seen) == len(changes) + 1


@given(st.lists(st.integers(0, 31), max_size=60), st.integers(0, 2**64 - 1))
def test_a_recording_is_read_as_it_was_written(tmp_path_factory, keys, seed):
    replay = Replay(seed)
    for held in keys:
        replay.add(held)
    path = tmp_path_factory.mktemp("replay") / "game.json"
    path.write_bytes(replay.dump())
    loaded = Replay.load(path)
    assert (loaded.seed, list(loaded), loaded.state) == (seed, keys, "")


GOOD = {"format": "minigrad asteroids replay", "rules": 1, "seed": 3, "steps": 5, "state": "", "keys": [[8, 5]]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "broken JSON in line 1, column 1"),
        (b'{\n "seed": 3,\n "keys": [[1, 2', "broken JSON in line 3, column 16"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "not a replay, which is text"),
        (b"[" * 100_000, "not a replay"),
        (b"[1, 2]", "not a replay; --replay takes a file that --record wrote"),
        ({"format": "other"}, "not a replay"),
        ({"rules": 2}, "recorded under rules 2; these are rules 1"),
        ({"seed": -1}, r"seed must be an integer from 0 to 2\*\*64 - 1; got -1"),
        ({"seed": True}, "seed must be an integer"),
        ({"state": 5}, "state must be text; got 5"),
        ({"keys": "a"}, r"keys must be a list of pairs \[keys, steps\]; got str"),
        ({"keys": [[8, 4], [32, 1]]}, r"entry 2 of keys must be \[0 to 31, 1 to 10368000\]; got \[32, 1\]"),
        ({"keys": [[8, 0]]}, "entry 1 of keys"),
        ({"keys": [[8, 5.0]]}, "entry 1 of keys"),
        ({"keys": [[8, 10**7], [7, 10**7]]}, "20000000 steps are longer than a day"),
        ({"steps": 6}, "says 6 steps, but its keys are 5; it is incomplete"),
    ],
)
def test_a_broken_recording_is_refused_by_name(tmp_path, run_main, content, message):
    path = tmp_path / "broken.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps({**GOOD, **content}).encode())
    with pytest.raises(DataError, match=f"broken.json: {message}"):
        Replay.load(path)
    outcome = run_main(main, "--replay", "broken.json")
    assert outcome.code == 1
    assert outcome.err.startswith("Error: broken.json: ")
    assert outcome.err.count("\n") == 1


# --- the cabinet: keys and the clock


def press(cabinet, *names):
    for name in names:
        cabinet.handle(ui.Event("key", key=name))


def test_the_frame_rate_does_not_change_the_game():
    ends = []
    for frames in (24, 60, 144, 997):
        cabinet = Cabinet(Game(4), Replay(4))
        press(cabinet, "up", "space", "right")
        while cabinet.game.steps < 240:
            cabinet.advance(1 / frames)
        if cabinet.game.steps == 240:
            ends.append(cabinet.game.digest())
    assert len(ends) > 2
    assert len(set(ends)) == 1


def test_a_tap_between_two_steps_counts_and_a_held_key_counts_until_it_is_let_go():
    cabinet = Cabinet(Game(4), Replay(4))
    press(cabinet, "left")
    cabinet.handle(ui.Event("keyup", key="left"))
    cabinet.advance(2.5 / 120)
    assert cabinet.replay.runs == [[LEFT, 1], [0, 1]]
    press(cabinet, "a", "a", "a")
    cabinet.advance(3 / 120)
    cabinet.handle(ui.Event("keyup", key="a"))
    cabinet.advance(1 / 120)
    assert cabinet.replay.runs == [[LEFT, 1], [0, 1], [LEFT, 3], [0, 1]]
    assert len(cabinet.replay) == cabinet.game.steps


def test_pause_stops_the_clock_and_a_stall_does_not_wind_it_forward():
    cabinet = Cabinet(Game(4), Replay(4))
    press(cabinet, "p")
    cabinet.advance(10)
    assert cabinet.game.steps == 0
    cabinet.handle(ui.Event("keyup", key="p"))
    press(cabinet, "p")
    cabinet.advance(10)
    assert cabinet.game.steps == 30


def test_keys_save_show_and_end(tmp_path):
    cabinet = Cabinet(Game(4), Replay(4))
    said = []
    cabinet.save_picture = lambda: said.append("picture") or "saved it"

    def fail():
        raise DataError("cannot write there")

    cabinet.save_replay = fail
    press(cabinet, "s", "r", "v")
    assert said == ["picture"]
    assert cabinet.view.vectors
    assert cabinet.view.message == "cannot write there"
    press(cabinet, "q")
    assert cabinet.done
    other = Cabinet(Game(4), Replay(4))
    other.handle(ui.Event("quit"))
    assert other.done


def test_a_watched_replay_plays_its_keys_and_stops():
    replay = Replay.load(RECORDING)
    cabinet = Cabinet(Game(replay.seed), Replay(replay.seed), replay)
    press(cabinet, "space", "left", "r")
    for _ in range(len(replay)):
        cabinet.advance(0.1)
    assert cabinet.game.steps == len(replay)
    assert cabinet.view.message == "the replay is over"
    replay.check(cabinet.game, "here")


# --- the view


def test_between_two_steps_a_body_is_drawn_on_its_way_even_over_an_edge():
    body = Body(WIDTH * UNIT - UNIT, 100 * UNIT, 4 * UNIT, 0)
    body.move()
    assert body.x == 3 * UNIT
    (right,) = [x for x, y in drawing._places(body, 0.25) if x > 100]
    assert right == WIDTH
    assert (0.0, 100.0) in list(drawing._places(body, 0.25))
    assert list(drawing._places(body, 1.0)) == [(3.0, 100.0)]


def test_a_turning_body_is_drawn_turned_between_the_shorter_way():
    body = Body(0, 0, heading=TURN - 10, spin=20)
    body.move()
    half = drawing._matrix(body, (0.0, 0.0), 0.5).matrix
    assert np.allclose(half, np.eye(3), rtol=0, atol=1e-12)


def picture(view, size=(480, 374), **options):
    with ui.Stage(*size, window=False) as stage:
        view.draw(stage, **options)
        return stage.pixels()


def test_every_state_of_the_game_is_drawn_at_any_size(game):
    view = View(game)
    view.vectors = True
    for act in (lambda: game.step(THRUST | FIRE), lambda: setattr(game, "rocks", []), lambda: lose(game)):
        act()
        view.note()
        for size in ((960, 748), (300, 700), (700, 200), (1, 1)):
            for between in (0.0, 0.4, 1.0):
                assert picture(view, size, between=between, paused=between == 0.4).shape == (size[1], size[0], 3)


def test_vectors_and_messages_change_the_picture(game):
    view = View(game)
    game.level_start = -1000
    plain = picture(view)
    assert (picture(view) == plain).all()
    view.vectors = True
    assert (picture(view) != plain).any()
    view.vectors = False
    view.say("hello")
    assert (picture(view) != plain).any()
    steps(game, 500)
    assert view.message == ""


def test_the_nearest_rocks_distance_is_the_smallest_over_all_parts():
    ship, rock = Ship(100 * UNIT, 100 * UNIT), rock_at(5, 700, 3)
    distance, normal, start = drawing._nearest(ship, [rock_at(500, 300), rock])
    shift = apart(rock.x - ship.x, rock.y - ship.y)
    pairs = itertools.product(ship.parts(0, 0), rock.parts(*shift))
    assert distance == pytest.approx(min(linalg.contact(a, b).distance for a, b in pairs), abs=1e-9)
    end = start + normal * distance
    assert linalg.contact([end - np.array([100.0, 100.0])], np.array(rim(rock, *shift), float)).distance < 1e-6


# --- the program


def test_without_a_window_the_pilot_plays_and_its_game_is_an_animation(run_main):
    outcome = run_main(main, "--headless", "--seed", "1", "--seconds", "3", "--record", "game.json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.lines[0] == "Asteroids: seed 1, 120 steps a second; the pilot plays 3 s"
    assert outcome.lines[3:] == ["Saved animation to asteroids_1.gif", "Saved replay to game.json"]
    with Image.open(outcome.folder / "asteroids_1.gif") as film:
        assert film.size == (480, 360)
        assert film.n_frames > 50
    state = outcome.lines[2].split(": ")[1]
    again = run_main(main, "--replay", "game.json", "--save", "end.png", "--threads", "2")
    assert again.code == 0
    assert again.lines[0] == "Asteroids: seed 1, 120 steps a second; a replay of 3.0 s"
    assert again.lines[2].endswith(state)
    assert again.lines[-1] == "The replay came to the recorded state."
    with Image.open(outcome.folder / "end.png") as image:
        assert image.size == (WIDTH, HEIGHT)


def test_the_worked_example_of_the_help_is_true(run_main):
    shown = [line.strip() for line in run_main(main, "--help").lines]
    outcome = run_main(main, "--headless", "--seed", "1", "--seconds", "8", "--record", "game.json")
    first = shown.index(outcome.lines[0])
    assert shown[first : first + 5] == outcome.lines


def test_json_is_one_object_and_writes_no_file(run_main):
    outcome = run_main(main, "--json", "--seconds", "1")
    result = json.loads(outcome.out)
    assert result["steps"] == 120
    assert len(result["state"]) == 64
    assert not list(outcome.folder.iterdir())


def test_a_changed_recording_does_not_come_to_its_state(run_main, tmp_path):
    value = json.loads(RECORDING.read_text())
    value["keys"][0][0] ^= LEFT
    (tmp_path / "changed.json").write_text(json.dumps(value))
    outcome = run_main(main, "--replay", "changed.json", "--json")
    assert outcome.code == 1
    assert "changed.json: the replay ends in the state" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--save", "game.mp4"], 2, "--save game.mp4: the name must end in .gif or .png"),
        (["--replay", "missing.json"], 1, "missing.json: No such file or directory; --replay takes a file"),
        (["--replay", "."], 1, ".: Is a directory; --replay takes a file"),
        (["--seconds", "1", "--save", "no/where.gif"], 1, "no/where.gif"),
        (["--seconds", "1", "--json", "--record", "no/where.json"], 1, "no/where.json"),
        (["--seconds", "0"], 2, "--seconds"),
        (["--seed", "-1"], 2, "--seed"),
    ],
)
def test_wrong_arguments_are_named_in_one_line(run_main, arguments, code, message):
    outcome = run_main(main, *arguments)
    assert outcome.code == code
    assert outcome.err.startswith("Error: ")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_an_interrupted_game_is_kept_and_replays(run_main, tmp_path, monkeypatch):
    def tire(game):
        if game.steps == 100:
            raise KeyboardInterrupt
        return FIRE

    monkeypatch.setattr(asteroids, "pilot", tire)
    outcome = run_main(main, "--record", "game.json")
    assert (outcome.code, outcome.err) == (130, "Interrupted: kept game.json\n")
    replay = Replay.load(tmp_path / "game.json")
    assert play(replay).digest() == replay.state


def test_a_game_that_broke_off_within_a_step_claims_no_state(run_main, tmp_path, monkeypatch):
    def break_off(game, keys, step=Game.step):
        step(game, keys)
        if game.steps == 100:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Game, "step", break_off)
        assert run_main(main, "--record", "game.json").code == 130
    replay = Replay.load(tmp_path / "game.json")
    assert (len(replay), replay.state) == (99, "")
    outcome = run_main(main, "--replay", "game.json", "--save", "end.png")
    assert outcome.lines[-1] == "The recording names no state."


def test_an_output_that_cannot_be_replaced_stays(run_main, tmp_path):
    (tmp_path / "kept.png").mkdir()
    outcome = run_main(main, "--seconds", "1", "--save", "kept.png")
    assert outcome.code == 1
    assert (tmp_path / "kept.png").is_dir()


def test_the_tour_is_an_animation_of_the_pilots_game():
    tour = asteroids.tour()
    with Image.open(io.BytesIO(tour.picture)) as film:
        assert film.n_frames > 100
    assert int(tour.figures["score"].replace(",", "")) > 500
