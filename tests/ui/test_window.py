"""A real window: it opens, listens to its keys, and ends the program with exit code 0."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.window

SHOW = """
from pathlib import Path
from minigrad import ui

backend, reason = ui.window_backend()
assert backend, reason
with ui.new_figure(6, 4, window=backend, title="a window of the tests") as figure:
    figure.subplots().plot([0, 1], [1, 0])
    keys = {
        "b": ("leaves a file", lambda: Path("heard").touch()),
        # What the button on the window's frame asks for.
        "x": ("closes", lambda: figure.canvas.manager.window.close()),
    }
    ui.show(figure, keys)
print("went on")
"""


def test_a_key_of_the_program_runs_and_q_closes_the_window(open_window, tmp_path):
    window = open_window("-c", SHOW)
    window.press("b", until=(tmp_path / "heard").exists)
    assert window.quit() == (0, "went on\n", "")


def test_closing_the_window_ends_the_program_well(open_window):
    window = open_window("-c", SHOW)
    window.press("x", until=lambda: window.process.poll() is not None)
    assert window.end() == (0, "went on\n", "")
