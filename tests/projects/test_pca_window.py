"""pca_visualizer in a real window."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.window, pytest.mark.native]

COMMAND = ("-m", "minigrad", "pca-visualizer")


@pytest.mark.parametrize("args", [(), ("--3d",), ("--animate",)])
def test_the_window_opens_after_the_transcript_and_q_ends_with_0(
    open_window: Callable[..., Any], args: tuple[str, ...]
) -> None:
    code, out, err = open_window(*COMMAND, *args).quit()
    assert (code, err) == (0, "")
    assert "Saved visualization to pca_iris." in out
    assert "No window" not in out


def test_ctrl_c_closes_the_window_and_names_the_picture(open_window: Callable[..., Any], tmp_path: Path) -> None:
    window = open_window(*COMMAND)
    window.process.send_signal(signal.SIGINT)
    code, _, err = window.end()
    # Qt may have words of its own about a window that goes while it is being drawn.
    assert (code, err.splitlines()[-1]) == (130, "Interrupted: kept pca_iris.png")
    assert (tmp_path / "pca_iris.png").exists()
