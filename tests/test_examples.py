"""The examples that stand alone run as they are printed, here on data that need no download."""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import datasets

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


@pytest.mark.parametrize(
    ("raised", "code"), [(mg.DataError("mnist: is missing"), "Error: mnist: is missing"), (KeyboardInterrupt(), 130)]
)
def test_train_mnist_ends_without_a_traceback(
    root: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: object
) -> None:
    def missing(split: str = "train", *, flatten: bool = False) -> Any:
        raise raised

    monkeypatch.setattr(mg.data, "mnist", missing)
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(root / "examples" / "train_mnist.py"), run_name="__main__")
    assert stop.value.code == code


@pytest.fixture
def train_cifar10(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[str, str, object]]:
    """Return a function that runs the example on pictures of ten hues, one class after the other as archives have it.

    It returns what was printed, the errors, and what the program exited with.
    """

    def load(name: str, *, split: str, progress: object, path: object = None) -> Any:
        assert name == "cifar10"
        target = np.repeat(np.arange(10), 8 if split == "train" else 2)
        rng = np.random.default_rng(len(target))
        images = rng.integers(0, 100, (len(target), 32, 32, 3)) + 15 * target[:, None, None, None]
        images = images.astype(np.uint8)
        data = images.reshape(len(images), -1)
        return datasets.Dataset("cifar10", data, target, (), tuple("abcdefghij"), "", "generated", True, images)

    monkeypatch.setattr(datasets, "load", load)
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> tuple[str, str, object]:
        monkeypatch.setattr(sys, "argv", ["train_cifar10.py", "--batch-size", "20", "--width", "4", *args])
        code: object = 0
        try:
            runpy.run_path(str(root / "examples" / "train_cifar10.py"), run_name="__main__")
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return captured.out, captured.err, code

    return run


def epochs(out: str) -> list[str]:
    """Return the lines of the epochs without their seconds."""
    return [line.rpartition(", ")[0] for line in out.splitlines() if line.startswith("Epoch")]


def test_train_cifar10_learns_and_a_resumed_run_repeats_the_other(train_cifar10: Any, tmp_path: Path) -> None:
    whole, _, code = train_cifar10("--epochs", "3", "--checkpoint", "whole.safetensors")
    assert code == 0
    assert whole.splitlines()[0].endswith("parameters, 80 training images")
    assert float(epochs(whole)[-1].split()[-1][:-1]) > 10.0
    # A run of three epochs that ended after the second: its third must be the whole run's.
    stopped = mg.optim.SGD.step
    calls = []

    def step(self: Any, closure: Any = None) -> Any:
        calls.append(1)
        if len(calls) > 8:
            raise KeyboardInterrupt
        return stopped(self, closure)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mg.optim.SGD, "step", step)
        first, err, code = train_cifar10("--epochs", "3", "--checkpoint", "part.safetensors")
    assert (epochs(first), code) == (epochs(whole)[:2], 130)
    assert err.startswith("Interrupted: ")
    rest, _, code = train_cifar10("--epochs", "3", "--checkpoint", "part.safetensors", "--resume", "part.safetensors")
    assert (epochs(rest), code) == (epochs(whole)[2:], 0)
    assert (tmp_path / "part.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


def test_train_cifar10_takes_its_few_images_from_every_class(train_cifar10: Any, root: Path) -> None:
    script = runpy.run_path(str(root / "examples" / "train_cifar10.py"))
    (_, few), (_, test) = script["load"](None, 20)
    assert few.tolist() == np.repeat(np.arange(10), 2).tolist()
    assert len(test) == 20


def test_train_cifar10_stops_where_the_numbers_end(train_cifar10: Any) -> None:
    _, _, code = train_cifar10("--lr", "1e30", "--epochs", "2")
    assert re.fullmatch(r"Error: (the loss became nan|a weight became infinite) in epoch 1, batch \d; lower --lr", code)
    assert train_cifar10("--epochs", "1")[2] == 0
    mg.save({**mg.load("cifar10.safetensors"), "epoch": 1}, "last.safetensors")
    _, _, code = train_cifar10("--lr", "1e30", "--epochs", "3", "--resume", "last.safetensors")
    assert re.search(r"in epoch [23], batch \d; (last|cifar10).safetensors holds the model after epoch [12];", code)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--resume", "no.safetensors"), "Error: no.safetensors: there is no such file"),
        (("--resume", "other.safetensors"), "Error: other.safetensors: is not a checkpoint of this program"),
        (("--resume", "done.safetensors"), "Error: done.safetensors: has been trained for 4 epochs; raise --epochs"),
        (("--resume", "words.safetensors"), "Error: words.safetensors: is not a checkpoint of this program"),
        (("--resume", "empty.safetensors"), "Error: empty.safetensors: does not fit this network"),
        (("--checkpoint", "no_folder/a.safetensors"), "Error: cannot write no_folder/a.safetensors: No such file"),
        (("--threads", "99999"), "Error: set_num_threads: num_threads must be an int from 1 to 256; got 99999"),
    ],
)
def test_train_cifar10_names_a_wrong_checkpoint(train_cifar10: Any, args: tuple[str, ...], message: str) -> None:
    mg.save({"w": mg.zeros(2)}, "other.safetensors")
    mg.save({"model": {}, "optimizer": {}, "epoch": 4, "width": 4}, "done.safetensors")
    mg.save({"model": {}, "optimizer": {}, "epoch": 1, "width": 4}, "empty.safetensors")
    mg.save({"model": {}, "optimizer": {}, "epoch": "1", "width": 4}, "words.safetensors")
    assert train_cifar10("--epochs", "4", *args)[2].startswith(message)


@pytest.mark.parametrize("option", ["--epochs", "--batch-size", "--lr", "--width", "--images", "--threads"])
def test_train_cifar10_refuses_what_is_not_above_0(train_cifar10: Any, option: str) -> None:
    out, err, code = train_cifar10(option, "0")
    assert (out, code) == ("", 2)
    assert err.splitlines()[-1].endswith(f"argument {option}: must be more than 0; got 0")
