"""neural_network: the transcript, the milestones, saved models, bad input."""

from __future__ import annotations

import gzip
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import minigrad as mg
from minigrad import datasets
from minigrad.projects import neural_network
from minigrad.projects.neural_network import _data, _model, _report, _training

pytestmark = pytest.mark.native

_DIVERGING = ("--optimizer", "sgd", "--weight-decay", "1", "--epochs", "60", "--lr", "20")

Run = Callable[..., Any]


@pytest.fixture
def run(run_main: Run) -> Run:
    """Return a function that runs the program with arguments."""
    return lambda *args: run_main(neural_network.main, *args)


def _idx(path: Path, values: np.ndarray) -> str:
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    path.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes()))
    return str(path)


# The learning milestones


def test_milestone_1_a_perceptron_learns_and_and_or(run: Run) -> None:
    done = run("perceptron")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^AND: learned with \d+ corrections", done.out, re.MULTILINE)
    assert re.search(r"^OR: learned with \d+ corrections", done.out, re.MULTILINE)
    bounds = [float(b) for b in re.findall(r"at most ([\d.]+) corrections", done.out)]
    made = [int(m) for m in re.findall(r"learned with (\d+) corrections", done.out)]
    assert all(m <= b for m, b in zip(made, bounds, strict=True))
    assert (done.folder / "neural_network_perceptron.png").exists()


def test_milestone_2_xor_needs_a_hidden_layer(run: Run) -> None:
    assert "XOR: not learned" in run("perceptron", "xor").out
    result = json.loads(run("xor", "--json").out)
    assert result["test_accuracy"] > 0.95


def test_milestone_3_any_architecture_learns_a_winding_boundary(run: Run) -> None:
    done = run("spirals", "--layers", "2,24,24,24,2", "--activation", "tanh")
    assert "Architecture: 2 → 24 → 24 → 24 → 2" in done.out
    shares = [float(s) for s in re.findall(r"Test accuracy: ([\d.]+)%", done.out)]
    assert shares[0] > 90


def test_milestone_4_digits_are_read_and_every_gradient_is_checked(run: Run) -> None:
    done = run("digits", "--epochs", "4")
    lines = done.out.splitlines()
    assert (
        lines[0] == "Training on generated digits (synthetic) (5,000 images: 4,500 to learn from, 500 to validate)..."
    )
    assert lines[1] == "Architecture: 784 → 128 → 64 → 10"
    assert lines[2] == "Total parameters: 109,386"
    assert float(re.search(r"Test accuracy: ([\d.]+)%", done.out)[1]) > 90  # type: ignore[index]
    check = re.search(r"Gradient check: PASSED \(max relative error (\S+), ([\d,]+) of 109,386", done.out)
    assert check is not None
    assert float(check[1]) < 1e-5
    assert (done.folder / "neural_network_digits.png").exists()
    assert (done.folder / "neural_network_digits.safetensors").exists()


# Options


@pytest.mark.parametrize("activation", ["sigmoid", "gelu"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_every_activation_and_optimizer_learns_moons(run: Run, activation: str, optimizer: str) -> None:
    result = json.loads(run("moons", "--json", "--activation", activation, "--optimizer", optimizer).out)
    first, last = result["epochs"][0], result["epochs"][-1]
    assert last["loss"] < 0.7 * first["loss"]
    assert result["gradient_check"]["passed"]


def test_dropout_augmentation_smoothing_and_decay_run_together(run: Run) -> None:
    done = run(
        "digits",
        "--epochs",
        "1",
        "--augment",
        "--dropout",
        "0.2",
        "--label-smoothing",
        "0.1",
        "--weight-decay",
        "1e-4",
        "--layers",
        "784,32,10",
        "--json",
    )
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["test_accuracy"] > 0.3


def test_a_run_repeats_itself_for_any_number_of_threads(run: Run) -> None:
    short = ("digits", "--epochs", "1", "--layers", "784,12,10", "--augment", "--dropout", "0.1")
    for threads in ("1", "2"):
        assert run(*short, "--threads", threads, "--model", f"{threads}.safetensors", "--headless").code == 0
    assert run(*short, "--seed", "1", "--model", "other.safetensors", "--json").code == 0
    first, second, other = (Path(f"{name}.safetensors").read_bytes() for name in ("1", "2", "other"))
    assert first == second
    assert first != other


# Models and pictures


def test_a_saved_model_reads_a_drawn_digit(run: Run) -> None:
    done = run("digits", "--epochs", "5", "--layers", "784,32,10", "--json", "--model", "digits.safetensors")
    assert done.code == 0
    digits = datasets.load("digits", n_samples=30, seed=9)
    assert digits.images is not None
    assert digits.target is not None
    right = 0
    for image, label in zip(digits.images, digits.target, strict=True):
        big = np.kron(255 - image, np.ones((6, 6), np.uint8))
        Image.fromarray(big).save("drawn.png")
        result = json.loads(run("predict", "drawn.png", "--model", "digits.safetensors", "--json").out)
        assert sum(result["probabilities"]) == pytest.approx(1, abs=1e-5)
        right += result["class"] == str(label)
    assert right >= 24
    text = run("predict", "drawn.png", "--model", "digits.safetensors").out
    assert re.match(r"drawn.png: \d\nLikeliest: \d \d+\.\d%", text)


def test_a_model_comes_back_as_it_was(tmp_path: Path) -> None:
    mg.manual_seed(3)
    design = _model.Design((4, 7, 3), "tanh", 0.25)
    saved = _model.Saved(design, _model.build(design), np.arange(4.0), np.ones(4), ("a", "b", "c"), None)
    again = _model.load(_model.save(tmp_path / "m.safetensors", saved))
    assert again.design == design
    assert again.class_names == ("a", "b", "c")
    x = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    assert np.array_equal(_training.predict(saved.model, x), _training.predict(again.model, x))


def test_own_idx_files_and_tables(run: Run, tmp_path: Path) -> None:
    digits = datasets.load("digits", n_samples=300)
    assert digits.images is not None
    assert digits.target is not None
    images = _idx(tmp_path / "own-images-idx3-ubyte.gz", digits.images)
    labels = _idx(tmp_path / "own-labels-idx1-ubyte.gz", digits.target)
    result = json.loads(run(images, labels, "--epochs", "2", "--json", "--layers", "784,16,10").out)
    assert (result["n_train"], result["n_test"]) == (250, 50)
    iris = datasets.load("iris")
    assert iris.target is not None
    rows = [",".join(map(str, row)) + f",{iris.target_names[c]}" for row, c in zip(iris.data, iris.target, strict=True)]
    Path("flowers.csv").write_text("\n".join(rows) + "\n")
    result = json.loads(run("flowers.csv", "--json").out)
    assert result["layers"] == [4, 32, 32, 3]
    assert result["test_accuracy"] > 0.85


def test_what_is_left_out_of_a_table_is_said(run: Run, tmp_path: Path) -> None:
    rows = [f"{i % 7},5,{i % 3},{'ab'[i % 2]}" for i in range(40)]
    rows[4] = "NA,5,1,a"
    (tmp_path / "gaps.csv").write_text("x,always,y,kind\n" + "\n".join(rows) + "\n")
    refused = run("gaps.csv")
    assert refused.code == 1
    assert "line 6, column 'x'" in refused.err
    assert "--drop-missing" in refused.err
    lines = run("gaps.csv", "--drop-missing", "--epochs", "2").lines
    assert lines[0].startswith("Dropped 1 of 40 rows for 1 missing or infinite value(s)")
    assert lines[1] == "Left out constant column 'always'."
    assert lines[2] == "Training on gaps.csv (30 samples: 27 to learn from, 3 to validate)..."
    (tmp_path / "one.csv").write_text("x,y,kind\n" + "\n".join(f"{i},{i * i},a" for i in range(12)) + "\n")
    assert "all labels are 'a'" in run("one.csv").err


def test_a_wrong_derivative_makes_the_gradient_check_fail() -> None:
    source = _data.load("moons")
    model = _model.build(_model.Design((2, 8, 2), "tanh"))
    assert _report.gradient_check(model, source).passed
    model[0].weight.register_hook(lambda grad: grad * 1.001)
    assert not _report.gradient_check(model, source).passed


# Bad input


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("--layers", "784,0,10"), 2, "--layers must name two widths at least, each 1 or more"),
        (("--layers", "784,ten,10"), 2, "--layers must be widths parted by commas"),
        (("--layers", "10,10"), 2, "--layers must begin with the 784 features"),
        (("--batch-size", "0"), 2, "--batch-size"),
        (("--lr", "-1"), 2, "--lr"),
        (("--dropout", "1"), 2, "--dropout"),
        (("moons", "--augment"), 2, "--augment is for images"),
        (("moons", "more"), 2, "takes no further argument"),
        (("perceptron", "nand"), 2, "perceptron learns and, or or xor"),
        (("predict",), 2, "predict needs a picture"),
        (("draw", "more"), 2, "draw takes no further argument"),
        (("digit.png",), 1, "is a picture, not a table; to read the digit on it, run: predict digit.png"),
        (("--layers", "784,1000000000,10"), 2, "--layers must make 100,000,000 parameters at most"),
        (("predict", "no.png"), 1, "there is no trained model here"),
        (("moons", "--label", "kind"), 2, "--label and --drop-missing need a CSV file"),
        (("--save", "digits.xyz"), 2, "--save digits.xyz: the name of this picture must end in .png or .svg or .pdf"),
        (("no_such.csv",), 1, "no_such.csv: there is no such file"),
        (("mnsit",), 1, "mnsit: is neither a file here nor one of mnist, digits, fashion-mnist, xor"),
        (("images-idx3-ubyte",), 1, "images need their labels"),
    ],
)
def test_bad_input_is_one_line(run: Run, args: tuple[str, ...], code: int, message: str) -> None:
    done = run(*args)
    assert done.code == code
    assert done.err.startswith("Error: ")
    assert message in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("option", ["--lr", "--dropout", "--weight-decay", "--label-smoothing"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_numbers_must_be_finite(run: Run, option: str, value: str) -> None:
    done = run("xor", option, value)
    assert (done.code, done.out) == (2, "")
    assert option in done.err


def test_where_nothing_can_be_written_is_said_before_training(run: Run) -> None:
    for option in ("--model", "--save"):
        done = run("xor", option, "no_such_folder/x.png")
        assert (done.code, done.out) == (1, "")
        assert done.err == "Error: cannot write no_such_folder/x.png: No such file or directory; choose another path\n"


def test_images_of_one_colour_have_nothing_to_learn_from(run: Run, tmp_path: Path) -> None:
    images = _idx(tmp_path / "a-idx3-ubyte.gz", np.zeros((20, 28, 28)))
    labels = _idx(tmp_path / "b-idx1-ubyte.gz", np.arange(20) % 2)
    assert "all pixels are alike, there is nothing to learn" in run(images, labels).err


@pytest.mark.filterwarnings("error")
def test_a_table_of_huge_numbers_is_scaled_without_overflow(run: Run, tmp_path: Path) -> None:
    rows = [f"{(-1) ** i * 1e300},{i % 7},{'ab'[i % 2]}" for i in range(40)]
    (tmp_path / "huge.csv").write_text("p,q,kind\n" + "\n".join(rows) + "\n")
    done = run("huge.csv", "--epochs", "20")
    assert (done.code, done.err) == (0, "")
    assert "Test accuracy: 100.0%" in done.out


def test_a_gradient_that_has_vanished_fails_no_check(run: Run) -> None:
    layers = ",".join(["2", *["8"] * 30, "2"])
    done = run("xor", "--layers", layers, "--activation", "sigmoid", "--epochs", "1", "--json")
    check = json.loads(done.out)["gradient_check"]
    assert check["passed"]
    assert check["n_kinks"] == 0
    assert check["n_faint"] > 0
    assert check["n_checked"] + check["n_faint"] == check["n_parameters"]


def test_counts_that_differ_and_one_class_are_named(run: Run, tmp_path: Path) -> None:
    images = _idx(tmp_path / "a-idx3-ubyte.gz", np.zeros((20, 28, 28)))
    few = _idx(tmp_path / "b-idx1-ubyte.gz", np.zeros(19))
    same = _idx(tmp_path / "c-idx1-ubyte.gz", np.zeros(20))
    assert "holds 19 labels" in run(images, few).err
    assert "all labels are 0" in run(images, same).err


def test_a_damaged_model_is_named(run: Run) -> None:
    Path("bad.safetensors").write_bytes(b"not a model")
    Image.new("L", (30, 30), 255).save("blank.png")
    done = run("predict", "blank.png", "--model", "bad.safetensors")
    assert done.code == 1
    assert done.err.startswith("Error: ")
    assert "bad.safetensors" in done.err


def test_a_loss_that_is_no_number_stops_training_and_keeps_the_last_good_model(run: Run) -> None:
    done = run("moons", "--activation", "gelu", *_DIVERGING)
    assert done.code == 1
    found = re.search(r"Error: the loss became nan in epoch (\d+), batch \d+, at learning rate \S+, through", done.err)
    assert found is not None
    assert f"the model after epoch {int(found[1]) - 1} is kept in neural_network_moons.safetensors" in done.err
    kept = _model.load(Path("neural_network_moons.safetensors"))
    assert all(np.isfinite(p.detach().numpy()).all() for p in kept.model.parameters())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--lr", "1e4", "--weight-decay", "1"), "the loss became nan in epoch 1, batch"),
        (
            ("--lr", "1e60", "--batch-size", "1000"),
            "a weight became infinite in epoch 1, batch 1, at learning rate 4e+58",
        ),
    ],
)
def test_a_run_that_fails_at_once_leaves_the_model_of_an_earlier_one(
    run: Run, args: tuple[str, ...], message: str
) -> None:
    path = Path("neural_network_moons.safetensors")
    path.write_bytes(b"earlier")
    done = run("moons", "--optimizer", "sgd", "--activation", "gelu", *args)
    assert done.code == 1
    assert message in done.err
    assert "of layer 1; no epoch was finished, nothing is saved; lower --lr" in done.err
    assert path.read_bytes() == b"earlier"


def test_ctrl_c_keeps_the_model_and_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(epoch: _training.Epoch, epochs: int) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(_report, "epoch_line", interrupted)
    done = run("moons")
    assert (done.code, done.err) == (130, "Interrupted: kept neural_network_moons.safetensors\n")
    assert _model.load(Path("neural_network_moons.safetensors")).design.layers == (2, 32, 32, 2)


@pytest.mark.slow
def test_mnist_reaches_what_the_table_says(run: Run) -> None:
    done = run("mnist", "--json", "--headless")
    if "cannot be downloaded" in done.err or "offline" in done.err:
        pytest.skip("MNIST is not at hand")
    result = json.loads(done.out)
    assert result["gradient_check"]["n_checked"] == 109_386
    assert result["test_accuracy"] > 0.972
