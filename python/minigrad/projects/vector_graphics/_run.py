"""The engine without a window: keys pressed by a script, pictures, films, and what a frame costs."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import click
import numpy as np

from minigrad import DataError, ui
from minigrad.linalg import transform_groups
from minigrad.projects.vector_graphics._motion import Player
from minigrad.projects.vector_graphics._scene import Scene
from minigrad.projects.vector_graphics._window import SIZE, View

__all__ = ["Cost", "film", "film_by_steps", "frame_cost", "picture", "played", "press", "script_of"]

FRAMES_PER_SECOND = 60
_LONGEST = 60  # seconds of a film: its pictures are held in memory
_AFTER = 0.75  # seconds after the last key, in which everything comes to rest
_NAMED = {"esc": "escape", "enter": "return", "del": "delete", "plus": "+", "minus": "-"}


def script_of(text: str) -> list[tuple[ui.Event, float]]:
    """Return the keys of a script, each with the seconds for which it is held.

    A word is a key, ``shift+`` or ``ctrl+`` before it, ``:SECONDS`` after it.

    Raises
    ------
    UsageError
        If a word is none, or nothing answers to it.
    """
    events, keyboard = [], View(Scene(()))
    for word in text.split():
        name, _, held = word.partition(":")
        *modifiers, key = name.lower().split("+")
        key = _NAMED.get(key, key)
        try:
            seconds = float(held) if held else 0.0
        except ValueError:
            seconds = -1.0
        if not key or not set(modifiers) <= {"shift", "ctrl"} or not 0 <= seconds <= 60:
            raise click.UsageError(f"--keys: {word!r} is no key; write such as r:1.5, shift+s:0.5, tab")
        event = ui.Event("key", key=key, shift="shift" in modifiers, control="ctrl" in modifiers)
        if not keyboard.answers_to(event):
            raise click.UsageError(f"--keys: nothing answers to the key {word!r}; known are {keyboard.known_keys}")
        events.append((event, seconds))
    return events


def press(view: View, event: ui.Event, seconds: float) -> Iterator[None]:
    """Hold a key for some time, frame by frame, and let it go."""
    view.handle(event)
    for _ in range(round(seconds * FRAMES_PER_SECOND)):
        view.advance(1 / FRAMES_PER_SECOND)
        yield
    view.handle(ui.Event("keyup", key=event.key))


def played(view: View, script: list[tuple[ui.Event, float]]) -> Iterator[None]:
    """Press the keys of a script one after the other, and wait until all is at rest."""
    for event, seconds in script:
        yield from press(view, event, seconds)
    for _ in range(round(_AFTER * FRAMES_PER_SECOND)):
        view.advance(1 / FRAMES_PER_SECOND)
        yield


def picture(view: View, chrome: bool = True) -> bytes:
    """Return what the window shows, or the world alone, smoothed from twice the size, as a PNG."""
    if chrome:
        with ui.Stage(*SIZE, window=False) as stage:
            view.draw(stage)
            return stage.png()
    width, height = view.world_size
    with ui.Stage(2 * width, 2 * height, window=False) as large, ui.Stage(width, height, window=False) as stage:
        view.draw(large, 2.0, chrome=False)
        stage.image(large.pixels(), (0, 0), (width, height))
        return stage.png()


def film(
    view: View,
    script: list[tuple[ui.Event, float]],
    report: Callable[[int, int | None], None],
    frames_per_second: int = 15,
) -> bytes:
    """Return a script, or else the scene's keyframes, as a GIF."""
    steps = film_by_steps(view, script, frames_per_second)
    done = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return bytes(end.value)
        done += 1
        report(done, None)


def film_by_steps(
    view: View, script: list[tuple[ui.Event, float]], frames_per_second: int = 15
) -> Generator[str, None, bytes]:
    """Make a film in short steps, so that a window can go on meanwhile.

    Yields
    ------
    str
        How far it is, after each step.

    Returns
    -------
    bytes
        The GIF.

    Raises
    ------
    DataError
        If the film would be too long.
    """
    gif, count = ui.Gif(frames_per_second), 0
    seconds = sum(held for _, held in script) if script else Player(view.scene).duration
    if seconds > _LONGEST:
        raise DataError(f"the film would last {seconds:g} s; a GIF takes at most {_LONGEST} s: shorten it")
    every = FRAMES_PER_SECOND // frames_per_second
    with ui.Stage(*SIZE, window=False) as stage:
        if script:
            steps: Iterator[None] = played(view, script)
        else:
            view.player = Player(view.scene)
            steps = _turns(view, round(view.player.duration * FRAMES_PER_SECOND))
        for i, _ in enumerate(itertools.chain([None], steps)):
            if i % every == 0:
                view.draw(stage)
                count += 1
                yield f"drawing the film: frame {count}"
                gif.add(stage.pixels())
                yield f"drawing the film: frame {count}"
    with ThreadPoolExecutor(1) as worker:
        encoded = worker.submit(gif.encode)
        while not wait([encoded], timeout=0.01).done:
            yield f"writing the film of {count} frames"
        return encoded.result()


def _turns(view: View, count: int) -> Iterator[None]:
    for _ in range(count):
        view.advance(1 / FRAMES_PER_SECOND)
        yield


@dataclass(frozen=True)
class Cost:
    """What a frame of a film costs, in seconds of this thread's processor time (medians).

    Attributes
    ----------
    frame, mathematics, drawing : float
        The whole; poses and points in C; pygame.
    """

    frame: float
    mathematics: float
    drawing: float


def frame_cost(view: View, count: int = 120) -> Cost:
    """Play the scene's keyframes without a window and measure its frames."""
    view.player, view.shows_panel = Player(view.scene), False
    points, ends, _ = view.scene.arrays
    whole, maths = [], []
    with ui.Stage(*SIZE, window=False) as stage:
        for _ in range(count):
            start = time.thread_time()
            view.advance(1 / FRAMES_PER_SECOND)
            view.draw(stage)
            whole.append(time.thread_time() - start)
            # The same mathematics again, by itself.
            start = time.thread_time()
            matrices = view.player.matrices()
            placed = transform_groups(matrices, points, ends)
            view.camera.view(stage.size).apply(placed, out=placed)
            maths.append(time.thread_time() - start)
    frame, mathematics = float(np.median(whole)), float(np.median(maths))
    return Cost(frame, mathematics, frame - mathematics)
