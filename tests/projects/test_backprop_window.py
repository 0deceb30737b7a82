"""backprop_viz in a real window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.window, pytest.mark.native]


def test_the_window_steps_saves_and_ends_with_0(open_window: Callable[..., Any], tmp_path: Path) -> None:
    window = open_window("-m", "minigrad", "backprop-viz")
    window.press("space", lambda: True)
    window.press("s", lambda: any(tmp_path.glob("backprop_xor_*.png")))
    code, out, err = window.quit()
    assert (code, err) == (0, "")
    assert out.startswith("Network: 2 → 4 → 4 → 1, 37 parameters")
