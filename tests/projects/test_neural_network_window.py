"""The window to draw digits in, on a display."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minigrad.projects.neural_network import _model

pytestmark = [pytest.mark.window, pytest.mark.native]


def test_a_stroke_of_the_mouse_is_drawn_and_saved(open_window: Callable[..., Any], tmp_path: Path) -> None:
    design = _model.Design((784, 10))
    names = tuple("0123456789")
    scaling = (np.full(1, 33.3), np.full(1, 78.6))
    _model.save(tmp_path / "m.safetensors", _model.Saved(design, _model.build(design), *scaling, names, 28))
    window = open_window("-m", "minigrad", "neural-network", "draw", "--model", "m.safetensors")
    picture = tmp_path / "neural_network_drawing_1.png"

    def drawn_and_saved() -> bool:
        # Each time anew: the first stroke may come before the window listens.
        window.drag((200, 100), (210, 300), (220, 480))
        return picture.exists()

    window.press("s", drawn_and_saved)
    with Image.open(picture) as saved:
        pixels = np.asarray(saved.convert("L"))
    rows = np.flatnonzero((pixels < 128).any(axis=1))
    assert pixels.shape == (280, 280)
    assert 100 < rows[-1] - rows[0] < 260
    code, out, err = window.quit()
    assert (code, out, err) == (0, "", "")
