"""Whether a window can open is found out without dying in a toolkit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from minigrad import ui

Run = Callable[..., "CompletedProcess[str]"]
_ASK = "from minigrad import ui; print(ui.window_backend())"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are named by the environment on Linux")
def test_no_display(run_python: Run) -> None:
    done = run_python(_ASK, DISPLAY="", WAYLAND_DISPLAY="")
    assert done.stdout.strip() == "(None, 'there is no display')"
    assert done.stderr == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are named by the environment on Linux")
def test_a_display_that_does_not_answer(run_python: Run) -> None:
    done = run_python(_ASK, DISPLAY=":987", WAYLAND_DISPLAY="")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(None, ")


def test_importing_ui_is_light(run_python: Run) -> None:
    heavy = "{'matplotlib', 'pygame', 'rich', 'pandas', 'PIL', 'flask', 'sympy', 'pooch'}"
    done = run_python(f"import sys, minigrad.cli, minigrad.ui; print(sorted({heavy} & set(sys.modules)))")
    assert done.stdout.strip() == "[]", done.stderr


def test_no_toolkit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    backend, reason = ui.window_backend()
    assert backend is None
    assert reason == "no window toolkit is installed (pip install 'minigrad-foundations[gui]')"


def test_the_user_asks_for_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    assert ui.window_backend() == (None, "MPLBACKEND=agg asks for none")
