"""vector_graphics in a real window."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.window, pytest.mark.native]


def once() -> Callable[[], bool]:
    """Return a question that is answered no, and then yes: for a key whose effect shows later."""
    answers = iter([False])
    return lambda: next(answers, True)


def test_the_window_turns_edits_saves_exports_and_ends_with_0(open_window: Callable[..., Any], tmp_path: Path) -> None:
    window = open_window("-m", "minigrad", "vector-graphics")

    def saved() -> list[list[dict[str, Any]]]:
        path = tmp_path / "vector_graphics.json"
        return [json.loads(path.read_text())["shapes"]] if path.exists() else []

    window.press("ctrl+s", lambda: bool(saved()))
    assert saved()[0][0]["pose"]["degrees"] == 0
    # Real keys: a tap of R turns by some degrees, 7 adds a heptagon.
    window.press("r", once())
    window.press("7", once())
    window.press("e", lambda: (tmp_path / "vector_graphics.png").exists())
    assert (tmp_path / "vector_graphics.svg").exists()
    (tmp_path / "vector_graphics.json").unlink()
    window.press("ctrl+s", lambda: bool(saved()))
    shapes = saved()[0]
    assert shapes[0]["pose"]["degrees"] > 1
    assert shapes[-1]["name"] == "heptagon"
    code, out, err = window.quit()
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "Press R to rotate, S to scale, arrow keys to move"


def test_dragging_with_the_mouse_moves_the_triangle(open_window: Callable[..., Any], tmp_path: Path) -> None:
    window = open_window("-m", "minigrad", "vector-graphics")
    window.press("ctrl+s", lambda: (tmp_path / "vector_graphics.json").exists())
    window.drag((452, 380), (500, 400), (580, 316))
    (tmp_path / "vector_graphics.json").unlink()
    window.press("ctrl+s", lambda: (tmp_path / "vector_graphics.json").exists())
    pose = json.loads((tmp_path / "vector_graphics.json").read_text())["shapes"][0]["pose"]
    assert (pose["x"], pose["y"]) == (2, 1)
    assert window.quit()[0] == 0


def test_a_film_is_exported_while_the_window_goes_on(open_window: Callable[..., Any], tmp_path: Path) -> None:
    window = open_window("-m", "minigrad", "vector-graphics")
    saved = tmp_path / "vector_graphics.json"
    window.press("ctrl+s", saved.exists)
    for key in ("k", "r", "k"):
        window.press(key, once())
    window.press("e", (tmp_path / "vector_graphics.png").exists)
    window.press("7", once())
    window.press("ctrl+s", lambda: "heptagon" in saved.read_text())
    window.press("tab", (tmp_path / "vector_graphics.gif").exists)
    assert window.quit()[0] == 0
