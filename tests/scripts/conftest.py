"""Runs a script with a framework in the place of PyTorch."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import runpy
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
SCRIPTS = sorted(path.name for path in HERE.glob("*.py") if not path.name.startswith(("test_", "conftest")))

# What scripts import, and what stands for it.
NAMES = {
    "torch": "minigrad",
    **{
        f"torch.{name}": f"minigrad.{name}"
        for name in (
            *("accelerator", "amp", "autograd", "backends", "backends.cudnn", "cuda", "nn", "nn.functional", "nn.init"),
            *("nn.parameter", "nn.utils", "optim", "optim.lr_scheduler", "utils", "utils.checkpoint", "utils.data"),
            *("utils.data.dataloader", "utils.data.dataset", "utils.data.sampler"),
        )
    },
    "torchvision": "minigrad.vision",
    "torchvision.datasets": "minigrad.vision.datasets",
    "torchvision.transforms": "minigrad.vision.transforms",
    "torchvision.utils": "minigrad.vision.utils",
}


@contextlib.contextmanager
def standing_for_torch(replaced):
    """Let ``import torch`` and its kin find other modules."""
    mine = {name: module for name, module in sys.modules.items() if name.split(".")[0] in ("torch", "torchvision")}
    for name in mine:
        del sys.modules[name]
    sys.modules.update(replaced)
    try:
        yield
    finally:
        for name in replaced:
            sys.modules.pop(name, None)
        sys.modules.update(mine)


def run(script, *arguments, modules=None):
    """Run a script as a program and return what it printed; `modules` stand for PyTorch's."""
    out = io.StringIO()
    before, paths = sys.argv, list(sys.path)
    sys.argv = [script, *map(str, arguments)]
    sys.path.insert(0, str(HERE))
    context = contextlib.nullcontext() if modules is None else standing_for_torch(modules)
    try:
        with context, contextlib.redirect_stdout(out):
            runpy.run_path(str(HERE / script), run_name="__main__")
    finally:
        sys.argv, sys.path[:] = before, paths
        sys.modules.pop("nano_gpt_model", None)
    return out.getvalue()


@pytest.fixture
def run_as_torch():
    """Return the function that runs a script on minigrad."""

    def start(script, *arguments):
        return run(script, *arguments, modules={name: importlib.import_module(own) for name, own in NAMES.items()})

    return start


@pytest.fixture
def run_plainly(monkeypatch):
    """Return the function that runs a script on whatever is installed, or on the modules given besides."""
    if "torch" in sys.modules:
        # PyTorch's own test helpers forbid, for the whole process, the flags that scripts set.
        flags = importlib.import_module("torch.backends").flags_frozen.__globals__
        monkeypatch.setitem(flags, "__allow_nonbracketed_mutation_flag", True)
    return lambda script, *arguments, **options: run(script, *arguments, **options)


def losses_of(text):
    """Return the losses that a script printed, in order."""
    found = re.findall(r"(?:[Ll]oss:? |^(?:hand|function|module|layers) \d+ )([-+0-9.einfa]+)", text, re.MULTILINE)
    return [float(value.rstrip(",")) for value in found]


@pytest.fixture
def losses():
    """Return the function that finds the losses in what a script printed."""
    return losses_of


def idx(array):
    array = np.asarray(array, np.uint8)
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def digits_root(tmp_path):
    """Write generated digits as MNIST's four files."""
    from minigrad import datasets

    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for prefix, n, seed in (("train", 16 * 50, 1), ("t10k", 40, 2)):
        digits = datasets.load_digits(n, seed=seed)
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(digits.images))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(digits.target))
    return tmp_path


@pytest.fixture
def pictures_root(tmp_path):
    """Write pictures of two classes: dark with a bright stripe, and bright with a dark one."""
    from PIL import Image

    stream = np.random.default_rng(0)
    for name, ground, stripe in (("cat", 60, 200), ("dog", 180, 30)):
        (tmp_path / name).mkdir()
        for i in range(50):
            pixels = np.full((32, 32, 3), ground) + stream.integers(-20, 20, (32, 32, 3))
            pixels[:, i % 28 : i % 28 + 4] = stripe
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name / f"{i:02}.png")
    return tmp_path


@pytest.fixture
def text_file(tmp_path):
    """Write a few sentences."""
    path = tmp_path / "text.txt"
    path.write_text("The quick brown fox jumps over the lazy dog. Pack my box with five dozen jugs.\n" * 20)
    return path
