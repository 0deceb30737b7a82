"""The examples that stand alone run as they are printed, here on data that need no download."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

import minigrad as mg

pytestmark = pytest.mark.native


def test_train_mnist_learns(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def digits(split: str = "train", *, flatten: bool = False) -> Any:
        n_samples, seed = (1500, 1) if split == "train" else (300, 0)
        return mg.data.digits(n_samples, seed=seed, flatten=flatten)

    monkeypatch.setattr(mg.data, "mnist", digits)
    runpy.run_path(str(root / "examples" / "train_mnist.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    found = [re.fullmatch(r"Epoch (\d+): loss (\d\.\d{4}), test accuracy (\d+\.\d\d)%", line) for line in lines]
    assert [int(m[1]) for m in found if m] == list(range(1, 11))
    assert found[0] is not None
    assert found[-1] is not None
    assert float(found[-1][2]) < 0.5 * float(found[0][2])
    assert float(found[-1][3]) > 80
