"""Recorded games: the seed, and the keys held in every step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minigrad import DataError
from minigrad.projects.vector_graphics.asteroids._game import INPUTS, Game

__all__ = ["Replay"]

_FORMAT, _RULES = "minigrad asteroids replay", 1
_LONGEST = 120 * 60 * 60 * 24  # steps: a day
_LARGEST = 1 << 26  # bytes of a file


class Replay:
    """The keys of a game, and the state that they lead to.

    Parameters
    ----------
    seed : int
    runs : list of pairs of int, optional
        Keys, and for how many steps they are held.
    state : str, default ""
        The `digest` at the end; empty if it is not known.

    Attributes
    ----------
    seed, runs, state
    """

    def __init__(self, seed: int, runs: list[list[int]] | None = None, state: str = "") -> None:
        self.seed = seed
        self.runs: list[list[int]] = runs if runs is not None else []
        self.state = state

    def __len__(self) -> int:
        return sum(count for _, count in self.runs)

    def add(self, keys: int) -> None:
        """Record one step."""
        if self.runs and self.runs[-1][0] == keys:
            self.runs[-1][1] += 1
        else:
            self.runs.append([keys, 1])

    def __iter__(self) -> Iterator[int]:
        """Yield the keys of each step."""
        for keys, count in self.runs:
            for _ in range(count):
                yield keys

    def check(self, game: Game, where: str) -> None:
        """Compare the state that a game has come to with the recorded one.

        Raises
        ------
        DataError
            If they differ.
        """
        if self.state and game.digest() != self.state:
            raise DataError(
                f"{where}: the replay ends in the state {game.digest()[:16]}, not in the recorded {self.state[:16]}; "
                "it was changed, or recorded under other rules"
            )

    def dump(self) -> bytes:
        """Return the file's content: JSON, a line for the keys."""
        head = {"format": _FORMAT, "rules": _RULES, "seed": self.seed, "steps": len(self), "state": self.state}
        text = json.dumps({**head, "keys": []}, indent=1)
        return (text[: text.rindex("[]")] + json.dumps(self.runs, separators=(",", ":")) + "\n}\n").encode()

    @classmethod
    def load(cls, path: Path) -> Replay:
        """Read a recorded game.

        Raises
        ------
        DataError
            If the file cannot be read, is not JSON, or is not such a recording; the message says what
            is wrong, and where.
        """
        try:
            with open(path, "rb") as stream:
                content = stream.read(_LARGEST + 1)
            if len(content) > _LARGEST:
                raise DataError(f"{path}: longer than {_LARGEST} bytes; not a replay")
            value = json.loads(content.decode("utf-8"))
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}; --replay takes a file that --record wrote") from None
        except json.JSONDecodeError as error:
            raise DataError(f"{path}: broken JSON in line {error.lineno}, column {error.colno}: {error.msg}") from None
        except (UnicodeDecodeError, RecursionError):
            raise DataError(f"{path}: not a replay, which is text; --replay takes a file that --record wrote") from None
        return cls._read(value, path)

    @classmethod
    def _read(cls, value: Any, path: Path) -> Replay:
        if not isinstance(value, dict) or value.get("format") != _FORMAT:
            raise DataError(f"{path}: not a replay; --replay takes a file that --record wrote")
        if value.get("rules") != _RULES:
            raise DataError(f"{path}: recorded under rules {value.get('rules')!r}; these are rules {_RULES}")
        seed: Any = value.get("seed")
        state, runs = value.get("state"), value.get("keys")
        if not _is_count(seed, 0, 2**64 - 1):
            raise DataError(f"{path}: seed must be an integer from 0 to 2**64 - 1; got {seed!r}")
        if not isinstance(state, str):
            raise DataError(f"{path}: state must be text; got {state!r}")
        if not isinstance(runs, list):
            raise DataError(f"{path}: keys must be a list of pairs [keys, steps]; got {type(runs).__name__}")
        for i, run in enumerate(runs):
            good = isinstance(run, list) and len(run) == 2
            if not (good and _is_count(run[0], 0, INPUTS - 1) and _is_count(run[1], 1, _LONGEST)):
                expectation = f"[0 to {INPUTS - 1}, 1 to {_LONGEST}]"
                raise DataError(f"{path}: entry {i + 1} of keys must be {expectation}; got {json.dumps(run)[:60]}")
        replay = cls(seed, runs, state)
        if len(replay) > _LONGEST:
            raise DataError(f"{path}: {len(replay)} steps are longer than a day; not a replay")
        if value.get("steps") != len(replay):
            raise DataError(
                f"{path}: says {value.get('steps')!r} steps, but its keys are {len(replay)}; it is incomplete"
            )
        return replay


def _is_count(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
