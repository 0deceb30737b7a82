"""The game as a person plays it: keys in, steps by the clock, messages out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from minigrad import ui
from minigrad._check import DataError
from minigrad.projects.vector_graphics.asteroids._bodies import STEPS_PER_SECOND
from minigrad.projects.vector_graphics.asteroids._game import FIRE, LEFT, RIGHT, START, THRUST, Game
from minigrad.projects.vector_graphics.asteroids._replay import Replay
from minigrad.projects.vector_graphics.asteroids._view import KEYS, View

__all__ = ["Cabinet"]

_INPUTS = {
    "left": LEFT,
    "a": LEFT,
    "right": RIGHT,
    "d": RIGHT,
    "up": THRUST,
    "w": THRUST,
    "space": FIRE,
    "return": START,
    "enter": START,
}
_REPLAY_KEYS = "replay    P pause    V vectors    S save picture    Q quit"
_LONGEST_FRAME = 0.25  # seconds: a machine that stalls longer slows the game down


class Cabinet:
    """A game that listens to keys and follows the clock.

    Parameters
    ----------
    game : Game
    replay : Replay
        Receives the keys of each step.
    recorded : Replay, optional
        Play this one; the player then only watches.

    Attributes
    ----------
    view : View
    done, paused : bool
    save_picture, save_replay : callable
        What S and R do; each returns the message to show.
    """

    def __init__(self, game: Game, replay: Replay, recorded: Replay | None = None) -> None:
        self.game = game
        self.view = View(game)
        self.replay = replay
        self.done = self.paused = False
        self.save_picture: Callable[[], str] | None = None
        self.save_replay: Callable[[], str] | None = None
        self._recorded: Iterator[int] | None = iter(recorded) if recorded is not None else None
        self._watching = recorded is not None
        self._held: set[str] = set()
        self._tapped: set[str] = set()
        self._time = 0.0

    def handle(self, event: ui.Event) -> None:
        """Act on what the user did."""
        if event.kind == "quit":
            self.done = True
        elif event.kind == "keyup":
            self._held.discard(event.key)
        elif event.kind == "key" and event.key not in self._held:
            # A held key repeats itself; only its first event counts.
            self._held.add(event.key)
            self._tapped.add(event.key)
            self._press(event.key)

    def _press(self, key: str) -> None:
        if key in ("q", "escape"):
            self.done = True
        elif key == "p":
            self.paused = not self.paused
        elif key == "v":
            self.view.vectors = not self.view.vectors
        elif key == "s":
            self._keep(self.save_picture)
        elif key == "r" and not self._watching:
            self._keep(self.save_replay)

    def _keep(self, save: Callable[[], str] | None) -> None:
        if save is not None:
            try:
                self.view.say(save())
            except DataError as error:
                self.view.say(str(error))

    def advance(self, seconds: float) -> None:
        """Let time pass: as many steps of 1/120 s as fit; the rest is kept for the next call.

        Parameters
        ----------
        seconds : float
        """
        if self.paused:
            return
        self._time += min(seconds, _LONGEST_FRAME) * STEPS_PER_SECOND
        while self._time >= 1:
            self._time -= 1
            keys = self._next_keys()
            if keys is None:
                self._time = 0.0
                self.view.say("the replay is over")
                return
            self.game.step(keys)
            self.replay.add(keys)
            self.view.note()

    def _next_keys(self) -> int | None:
        """Return the keys for one step; None where a replay has ended."""
        if self._recorded is not None:
            return next(self._recorded, None)
        # A key that was tapped between two steps counts for one.
        keys = 0
        for name in self._held | self._tapped:
            keys |= _INPUTS.get(name, 0)
        self._tapped.clear()
        return keys

    def draw(self, stage: ui.Stage) -> None:
        """Draw the moment that the clock shows, between the last two steps."""
        keys = _REPLAY_KEYS if self._watching else KEYS
        self.view.draw(stage, 1.0 if self.paused else self._time, self.paused, keys)
