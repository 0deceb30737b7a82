"""movie_recommender's map in a real window, and its dialogue on a real terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.native

COMMAND = ("-m", "minigrad", "movie-recommender")


@pytest.mark.window
def test_the_map_opens_and_q_ends_with_0(open_window: Callable[..., Any], tmp_path: Path) -> None:
    code, out, err = open_window(*COMMAND, "map", "--dataset", "synthetic").quit()
    assert (code, err) == (0, "")
    assert "Saved map of the films to synthetic-ratings_map.png" in out
    assert (tmp_path / "synthetic-ratings_map.png").exists()


def test_a_terminal_shows_prompts_and_keeps_a_history(tmp_path: Path) -> None:
    keyboard, terminal = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    process = subprocess.Popen(
        [sys.executable, *COMMAND, "--dataset", "synthetic", "--method", "baseline"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=tmp_path,
        env={**environment, "TERM": "dumb"},
    )
    os.close(terminal)
    seen = b""

    def wait_for(words: bytes) -> None:
        nonlocal seen
        deadline = time.monotonic() + 60
        while words not in seen:
            assert time.monotonic() < deadline, seen
            if select.select([keyboard], [], [], 0.2)[0]:
                try:
                    seen += os.read(keyboard, 65536)
                except OSError:  # the other end is closed
                    break
        assert words in seen
        seen = seen.split(words, 1)[1]

    try:
        wait_for(b"Synthetic Western 1: ")
        os.write(keyboard, b"5\n")
        wait_for(b": ")
        os.write(keyboard, b"1\n")
        wait_for(b": ")
        os.write(keyboard, b"done\n")
        wait_for(b"> ")
        os.write(keyboard, b"ratings\n")
        wait_for(b"You rated 2 films: Synthetic Western 1 5")
        wait_for(b"> ")
        os.write(keyboard, b"\x10\n")  # Ctrl-P: the line before, again
        wait_for(b"You rated 2 films: Synthetic Western 1 5")
        wait_for(b"> ")
        os.write(keyboard, b"\x04")  # Ctrl-D: the end of the input
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)
