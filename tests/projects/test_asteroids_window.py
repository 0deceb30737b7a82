"""Asteroids in a real window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from minigrad.projects.vector_graphics.asteroids import FIRE, LEFT, Game, Replay

pytestmark = [pytest.mark.window, pytest.mark.native]

_PROGRAM = ("-m", "minigrad", "vector-graphics", "asteroids")


def test_keys_steer_the_ship_and_the_recording_repeats_the_game(
    open_window: Callable[..., Any], tmp_path: Path
) -> None:
    window = open_window(*_PROGRAM, "--seed", "7", "--record", "game.json")
    # A first picture shows that keys arrive.
    window.press("s", lambda: any(tmp_path.glob("asteroids_7_*.png")))

    def arrived(bit: int) -> bool:
        for path in tmp_path.glob("asteroids_7_*.json"):
            path.unlink()
        window.press("r", lambda: any(tmp_path.glob("asteroids_7_*.json")))
        return any(keys & bit for path in tmp_path.glob("asteroids_7_*.json") for keys in Replay.load(path))

    window.press("space", lambda: arrived(FIRE))
    window.press("Left", lambda: arrived(LEFT))
    code, out, err = window.quit()
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "Asteroids: seed 7, 120 steps a second"
    assert out.splitlines()[-1] == "Saved replay to game.json"
    replay = Replay.load(tmp_path / "game.json")
    game = Game(replay.seed)
    for keys in replay:
        game.step(keys)
    assert game.digest() == replay.state
    # Every key was seen to be let go.
    assert replay.runs[-1][0] == 0
    with Image.open(next(tmp_path.glob("*.png"))) as picture:
        assert picture.size == (960, 748)


def test_a_replay_is_watched_and_its_end_checked(open_window: Callable[..., Any], tmp_path: Path) -> None:
    replay, game = Replay(7), Game(7)
    for i in range(60):
        game.step(LEFT if i < 30 else FIRE)
        replay.add(LEFT if i < 30 else FIRE)
    replay.state = game.digest()
    (tmp_path / "game.json").write_bytes(replay.dump())
    window = open_window(*_PROGRAM, "--replay", "game.json")
    # The picture is named by the step: 60 is the replay's end.
    window.press("s", (tmp_path / "asteroids_7_60.png").exists)
    code, out, err = window.quit()
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "The replay came to the recorded state."
