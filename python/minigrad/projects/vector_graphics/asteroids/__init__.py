"""Asteroids: the vectors and matrices of the drawing board, in a game."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from minigrad import DataError, ui
from minigrad.projects._program import Session, Tour, program
from minigrad.projects.vector_graphics.asteroids._bodies import HEIGHT, STEPS_PER_SECOND, WIDTH
from minigrad.projects.vector_graphics.asteroids._cabinet import Cabinet
from minigrad.projects.vector_graphics.asteroids._game import FIRE, LEFT, RIGHT, START, THRUST, Game
from minigrad.projects.vector_graphics.asteroids._pilot import pilot
from minigrad.projects.vector_graphics.asteroids._replay import Replay
from minigrad.projects.vector_graphics.asteroids._view import FOOT, View
from minigrad.serialization import write_atomically

__all__ = ["FIRE", "LEFT", "RIGHT", "START", "THRUST", "Cabinet", "Game", "Replay", "View", "command", "pilot", "tour"]

_EXAMPLE = """
Example:

  $ minigrad vector-graphics asteroids --headless --seed 1 --seconds 8 --record game.json
  Asteroids: seed 1, 120 steps a second; the pilot plays 8 s
  Score 1,530, level 1, ships left 3
  State after 960 steps: e8ec0c5dcf013f33
  Saved animation to asteroids_1.gif
  Saved replay to game.json
  $ minigrad vector-graphics asteroids --replay game.json

With a display a window opens: the arrows turn and thrust, SPACE fires; all keys are shown.
"""

_FILM_SIZE = (480, 360)
_STRIDE = 6  # steps between two pictures of an animation: 20 a second
_MOST_FRAMES = 400


@program("asteroids", _EXAMPLE)
@click.option(
    "--replay", "replay_path", type=click.Path(path_type=Path), metavar="FILE", help="Play a recorded game again."
)
@click.option(
    "--record", type=click.Path(path_type=Path), metavar="FILE", help="Write the game's seed and keys at its end."
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    default=20.0,
    show_default=True,
    help="How long the pilot plays where there is no window.",
)
def command(session: Session, replay_path: Path | None, record: Path | None, seconds: float) -> None:
    """Play Asteroids. Without a display, or with --save, a pilot plays, and its game is saved.

    The game takes 120 steps a second whatever the speed of the drawing. Seed and keys decide it: a
    replay comes to the same state to the last bit.
    """
    if session.save is not None and session.save.suffix.lower() not in (".gif", ".png"):
        raise click.UsageError(f"--save {session.save}: the name must end in .gif or .png")
    _refuse_early(record)
    recorded = Replay.load(replay_path) if replay_path is not None else None
    game = Game(recorded.seed if recorded is not None else session.seed)
    played = Replay(game.seed)
    try:
        if session.window[0] is not None and session.save is None:
            _open(session, game, played, recorded)
        else:
            _run(session, game, played, recorded, seconds)
    finally:
        # A game that is interrupted is kept as well.
        if record is not None:
            _record(session, record, played, game)
    if recorded is not None and len(played) == len(recorded):
        recorded.check(game, str(replay_path))
        session.say("The replay came to the recorded state." if recorded.state else "The recording names no state.")
    session.result({**_figures(game), "steps": game.steps, "seed": game.seed, "state": game.digest()})


def _refuse_early(path: Path | None) -> None:
    """Refuse a path that cannot be written before a game is played for it."""
    if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise DataError(f"cannot write {path}: it is a folder, or its folder is missing or closed; choose another path")


def _record(session: Session, path: Path, played: Replay, game: Game) -> None:
    write_atomically(path, _finished(played, game).dump())
    session.keep(path)
    session.say(f"Saved replay to {path}")


def _finished(replay: Replay, game: Game) -> Replay:
    """Return what was played with the state that it came to, unless it broke off within a step."""
    return Replay(replay.seed, replay.runs, game.digest() if game.steps == len(replay) else "")


def _figures(game: Game) -> dict[str, Any]:
    return {"score": game.score, "best": game.best, "level": game.level, "lives": game.lives, "over": game.over}


def _say_end(session: Session, game: Game) -> None:
    ships = "game over" if game.over else f"ships left {game.lives}"
    best = f" (best {game.best:,})" if game.best else ""
    session.say(f"Score {game.score:,}{best}, level {game.level}, {ships}")
    session.say(f"State after {game.steps:,} steps: {game.digest()[:16]}")


# --- with a window


def _open(session: Session, game: Game, played: Replay, recorded: Replay | None) -> None:
    """Let the user play, or watch a replay, until the window is closed."""
    cabinet = Cabinet(game, played, recorded)
    session.say(f"Asteroids: seed {game.seed}, {STEPS_PER_SECOND} steps a second")
    with ui.Stage(WIDTH, HEIGHT + FOOT, title="Asteroids") as stage:
        cabinet.save_picture = lambda: _keep(session, f"asteroids_{game.seed}_{game.steps}.png", stage.png())
        cabinet.save_replay = lambda: _keep(
            session, f"asteroids_{game.seed}_{game.steps}.json", _finished(played, game).dump()
        )
        seconds = 0.0
        while not cabinet.done:
            for event in stage.events():
                cabinet.handle(event)
            cabinet.advance(seconds)
            cabinet.draw(stage)
            seconds = stage.show(60)
    _say_end(session, game)


def _keep(session: Session, name: str, content: bytes) -> str:
    path = write_atomically(Path(name), content)
    session.keep(path)
    return f"saved {path}"


# --- without one


def _run(session: Session, game: Game, played: Replay, recorded: Replay | None, seconds: float) -> None:
    """Play without a window, by a replay or by the pilot, and save what was seen."""
    total = len(recorded) if recorded is not None else round(seconds * STEPS_PER_SECOND)
    who = f"a replay of {total / STEPS_PER_SECOND:.1f} s" if recorded is not None else f"the pilot plays {seconds:g} s"
    session.say(f"Asteroids: seed {game.seed}, {STEPS_PER_SECOND} steps a second; {who}")
    path = session.path(f"asteroids_{game.seed}.gif")
    moving = path is not None and path.suffix.lower() == ".gif"
    view, keys = View(game), iter(recorded) if recorded is not None else None
    with (
        ui.progress("Playing") as report,
        ui.Stage(*(_FILM_SIZE if moving else (WIDTH, HEIGHT)), window=False) as stage,
    ):
        frames = _film(view, played, keys, total, moving, stage, report)
        if path is not None and not moving:
            view.draw(stage, keys="")
            picture = stage.png()
    _say_end(session, game)
    if path is not None:
        write_atomically(path, ui.frames_to_gif(frames, STEPS_PER_SECOND / _stride(total)) if moving else picture)
        session.keep(path)
        session.say(f"Saved {'animation' if moving else 'picture'} to {path}")


def _stride(total: int) -> int:
    """Return the steps between two pictures: in real time, and not more pictures than fit."""
    return _STRIDE * max(1, -(-total // (_STRIDE * _MOST_FRAMES)))


def _film(
    view: View,
    played: Replay,
    keys: Any,
    total: int,
    moving: bool,
    stage: ui.Stage,
    report: Callable[[int, int | None], None],
) -> list[np.ndarray]:
    """Take `total` steps; return a picture of every few of them if it is to move."""
    game, frames = view.game, []
    for i in range(total):
        held = next(keys) if keys is not None else pilot(game)
        game.step(held)
        played.add(held)
        view.note()
        if moving and (i % _stride(total) == 0 or i == total - 1):
            view.draw(stage, keys="")
            frames.append(stage.pixels())
        if i % STEPS_PER_SECOND == 0:
            report(i + 1, total)
    return frames


def tour() -> Tour:
    """Return eight seconds of the pilot's game."""
    game = Game(1)
    view = View(game)
    with ui.Stage(*_FILM_SIZE, window=False) as stage:
        frames = _film(view, Replay(1), None, 960, True, stage, lambda done, total: None)
    return Tour(
        title="Asteroids, played by itself",
        figures={"score": f"{game.score:,}", "level": str(game.level), "state": game.digest()[:16]},
        picture=ui.frames_to_gif(frames, STEPS_PER_SECOND / _STRIDE),
        picture_format="gif",
    )
