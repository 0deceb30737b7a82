"""pca_visualizer: the transcript, its options, bad input."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image

from minigrad import datasets
from minigrad.projects import pca_visualizer

pytestmark = pytest.mark.native

Run = Callable[..., Any]

TRANSCRIPT = """\
Loading 150 samples with 4 features each...
Computing covariance matrix...
Finding eigenvectors via power iteration...
Eigenvalue 1: 2.918 (73.0% variance explained)
Eigenvalue 2: 0.914 (22.9% variance explained)
Eigenvalue 3: 0.147 (3.7% variance explained)
Eigenvalue 4: 0.021 (0.5% variance explained)
Saved visualization to pca_iris.png
"""


@pytest.fixture
def run(run_main: Run) -> Run:
    """Return a function that runs the program with arguments."""
    return lambda *args: run_main(pca_visualizer.main, *args)


def _iris_rows() -> list[str]:
    iris = datasets.load("iris")
    assert iris.target is not None
    return [
        ",".join(f"{v:.1f}" for v in row) + f",Iris-{iris.target_names[code]}"
        for row, code in zip(iris.data, iris.target, strict=True)
    ]


def _write(folder: Path, name: str, *lines: str) -> str:
    (folder / name).write_text("\n".join(lines) + "\n")
    return name


def _uci_rows() -> list[str]:
    rows = _iris_rows()
    rows[34] = "4.9,3.1,1.5,0.1,Iris-setosa"
    rows[37] = "4.9,3.1,1.5,0.1,Iris-setosa"
    return rows


# The transcript


def test_transcript_on_the_embedded_iris(run: Run) -> None:
    done = run()
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(TRANSCRIPT)
    assert os.listdir(done.folder) == ["pca_iris.png"]
    with Image.open(done.folder / "pca_iris.png") as picture:
        assert picture.size == (1920, 960)
    assert "Fisher 1936" in done.out
    assert "(synthetic)" not in done.out
    assert done.lines[-1] == "No window: there is no display."


def test_transcript_on_a_corrected_file(run: Run, tmp_path: Path) -> None:
    done = run(_write(tmp_path, "iris_dataset.csv", *_iris_rows()), "--headless")
    assert done.out.startswith(TRANSCRIPT)
    assert "Data: iris_dataset.csv is Fisher's iris with the values he printed (corrected).\n" in done.out


def test_transcript_on_the_uci_file(run: Run, tmp_path: Path) -> None:
    done = run(_write(tmp_path, "iris.csv", *_uci_rows()), "--headless")
    assert [line.split(": ", 1)[1] for line in done.lines[3:7]] == [
        "2.911 (72.8% variance explained)",
        "0.921 (23.0% variance explained)",
        "0.147 (3.7% variance explained)",
        "0.021 (0.5% variance explained)",
    ]
    assert done.lines[7] == "Saved visualization to pca_iris.png"
    assert "rows 35 and 38 are mistyped" in done.lines[8]


def test_real_uci_file(run: Run, data_path: Callable[[str], Path]) -> None:
    done = run(str(data_path("iris/iris.csv")), "--headless")
    assert done.lines[3] == "Eigenvalue 1: 2.911 (72.8% variance explained)"
    assert "rows 35 and 38 are mistyped" in done.out


def test_examples_file_is_the_same_program(root: Path, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    outputs = [
        subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
        )
        for command in ([root / "examples/pca_visualizer.py"], ["-m", "minigrad", "pca_visualizer"])
    ]
    assert outputs[0].stdout == outputs[1].stdout
    assert outputs[0].stdout.startswith(TRANSCRIPT)
    assert outputs[0].stderr == ""


def test_order_of_rows_changes_neither_figures_nor_signs(run: Run, tmp_path: Path) -> None:
    rows = _iris_rows()
    shuffled = [rows[i] for i in np.random.default_rng(0).permutation(150)]
    first = json.loads(run(_write(tmp_path, "a.csv", *rows), "--json").out)
    second = json.loads(run(_write(tmp_path, "b.csv", *shuffled), "--json").out)
    assert "corrected" in second["data"]["notes"][0]
    np.testing.assert_allclose(first["eigenvalues"], second["eigenvalues"], rtol=1e-12)
    np.testing.assert_allclose(first["components"], second["components"], atol=1e-12)


def test_names_the_uncertainty_and_the_separation(run: Run) -> None:
    out = run("--headless").out
    assert re.search(r"^Bootstrap, 1,000 resamples, 95% intervals:$", out, re.MULTILINE)
    low, high = map(float, re.search(r"^  1 +2\.918 +(\S+) to (\S+) +\S+ degrees$", out, re.MULTILINE).groups())
    assert 2.5 < low < 2.918 < high < 3.3
    # Fisher's linear discriminant on these two axes, each flower left out in turn: 138 of 150.
    assert "a linear discriminant puts 92.0% right, each sample judged without itself" in out
    assert "setosa from versicolor 100.0%" in out


# Options


def test_components(run: Run) -> None:
    done = run("--components", "2", "--headless")
    assert [line for line in done.lines if line.startswith("Eigenvalue ")] == TRANSCRIPT.splitlines()[3:5]


@pytest.mark.parametrize("solver", ["power", "subspace", "auto"])
def test_solver(run: Run, solver: str) -> None:
    result = json.loads(run("--solver", solver, "--json").out)
    np.testing.assert_allclose(result["eigenvalues"], [2.9184978, 0.9140305, 0.1467569, 0.0207148], atol=1e-7)
    assert result["method"] in (f"{solver} iteration", "a direct factorisation")


def test_no_standardize(run: Run) -> None:
    done = run("--no-standardize", "--headless")
    assert done.lines[3] == "Eigenvalue 1: 4.228 (92.5% variance explained)"
    assert "covariance matrix's" in done.out


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_save_picks_the_format(run: Run, suffix: str) -> None:
    head = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    done = run("--save", f"out.{suffix}", "--headless")
    assert f"Saved visualization to out.{suffix}" in done.out
    assert (done.folder / f"out.{suffix}").read_bytes().startswith(head)
    assert os.listdir(done.folder) == [f"out.{suffix}"]


@pytest.mark.parametrize("args", [["--3d"], ["--scree"], ["--3d", "--scree"], ["--components", "1"]])
def test_views_are_saved(run: Run, args: list[str]) -> None:
    done = run(*args, "--headless")
    assert (done.code, done.err) == (0, "")
    assert os.listdir(done.folder) == ["pca_iris.png"]


def test_animation(run: Run) -> None:
    done = run("--animate", "--headless")
    assert (done.code, done.err) == (0, "")
    assert "Saved visualization to pca_iris.gif" in done.out
    with Image.open(io.BytesIO((done.folder / "pca_iris.gif").read_bytes())) as movie:
        assert movie.n_frames > 5


def test_seed_and_threads(run: Run) -> None:
    pictures, texts = [], []
    for args in (["--seed", "3", "--threads", "1"], ["--seed", "3", "--threads", "2"], ["--seed", "4"]):
        done = run(*args, "--headless")
        pictures.append(hashlib.sha256((done.folder / "pca_iris.png").read_bytes()).hexdigest())
        texts.append(done.out)
    assert texts[0] == texts[1] != texts[2]
    assert pictures[0] == pictures[1] != pictures[2]
    assert all(text.startswith(TRANSCRIPT) for text in texts)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["program", "data", "standardized", "method", "eigenvalues", "explained_variance_ratio", "components",
                 "bootstrap", "near_equal", "separation", "picture"],
    "properties": {
        "program": {"const": "pca_visualizer"},
        "data": {
            "type": "object",
            "required": ["name", "n_samples", "n_features", "feature_names", "class_names", "synthetic", "notes"],
        },
        "standardized": {"type": "boolean"},
        "method": {"type": "string"},
        "eigenvalues": {"type": "array", "items": {"type": "number"}},
        "explained_variance_ratio": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}},
        "components": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
        "bootstrap": {
            "type": ["object", "null"],
            "required": ["n_resamples", "confidence", "intervals", "axis_angles_degrees"],
        },
        "near_equal": {"type": "array", "items": {"type": "array", "items": {"type": "integer", "minimum": 1}}},
        "separation": {
            "type": ["object", "null"],
            "required": ["accuracy", "pairs", "silhouette", "silhouette_sample"],
        },
        "picture": {"type": ["string", "null"]},
    },
}  # fmt: skip


def test_json(run: Run) -> None:
    done = run("--json")
    assert (done.code, done.err, len(done.lines)) == (0, "", 1)
    result = json.loads(done.out)
    jsonschema.validate(result, SCHEMA)
    assert result["picture"] is None
    assert os.listdir(done.folder) == []
    assert sum(result["eigenvalues"]) == pytest.approx(4, abs=1e-12)
    assert [name for pair in result["separation"]["pairs"] for name in pair["classes"]].count("setosa") == 2
    saved = json.loads(run("--json", "--save", "p.png").out)
    assert saved["picture"] == "p.png"
    assert os.listdir(done.folder) == ["p.png"]


def test_label_column(run: Run, tmp_path: Path) -> None:
    rows = ["x,y,kind,site"] + [f"{i},{i * i % 7},{'ab'[i % 2]},{'pqr'[i % 3]}" for i in range(12)]
    path = _write(tmp_path, "t.csv", *rows)
    for label, classes in (("site", ["p", "q", "r"]), ("3", ["a", "b"])):
        assert json.loads(run(path, "--label", label, "--json").out)["data"]["class_names"] == classes


def test_too_many_classes_are_not_coloured(run: Run, tmp_path: Path) -> None:
    done = run(_write(tmp_path, "t.csv", *(f"{i},{i * i % 7},name{i}" for i in range(12))), "--headless")
    assert (done.code, done.err) == (0, "")
    assert "Not coloured: column 'column 3' has 12 different values" in done.out
    assert "Saved visualization to pca_t.png" in done.out


def test_without_labels_and_with_one_class(run: Run, tmp_path: Path) -> None:
    for name, tail in (("bare", ""), ("one", ",same")):
        done = run(_write(tmp_path, f"{name}.csv", *(f"{i},{i * i % 7}{tail}" for i in range(9))), "--headless")
        assert (done.code, done.err) == (0, "")
        assert "Separation" not in done.out


def test_equal_eigenvalues_are_a_plane(run: Run, tmp_path: Path) -> None:
    # The corners of a square, many times: every direction in the plane has the same variance.
    rows = [f"{x},{y},{z}" for x, y, z in itertools.product((-1, 1), (-1, 1), (-0.01, 0.01))] * 10
    done = run(_write(tmp_path, "square.csv", *rows), "--no-standardize", "--headless")
    assert (done.code, done.err) == (0, "")
    assert "Components 1 and 2 have nearly equal eigenvalues: the data determines a plane" in done.out


def test_one_feature(run: Run, tmp_path: Path) -> None:
    done = run(_write(tmp_path, "t.csv", *(f"{i},{'ab'[i % 2]}" for i in range(9))), "--headless")
    assert (done.code, done.err) == (0, "")
    assert "Eigenvalue 1: 1.000 (100.0% variance explained)" in done.out


def test_more_features_than_samples(run: Run, tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=(6, 30)).round(3)
    done = run(_write(tmp_path, "wide.csv", *(",".join(map(str, row)) for row in values)), "--headless")
    assert (done.code, done.err) == (0, "")
    assert len([line for line in done.lines if line.startswith("Eigenvalue ")]) == 6


def test_two_samples(run: Run, tmp_path: Path) -> None:
    done = run(_write(tmp_path, "t.csv", "1,2,3", "2,5,1"), "--headless")
    assert (done.code, done.err) == (0, "")
    assert "Intervals: none" in done.out
    assert "Eigenvalue 1: 3.000 (100.0% variance explained)" in done.out


def test_constant_column_is_dropped_and_named(run: Run, tmp_path: Path) -> None:
    rows = ["x,flat,y", *(f"{i},7,{i * i % 5}" for i in range(9))]
    done = run(_write(tmp_path, "t.csv", *rows), "--headless")
    assert done.lines[0] == "Loading 9 samples with 2 features each..."
    assert "Left out constant column 'flat'.\n" in done.out


def test_drop_missing(run: Run, tmp_path: Path) -> None:
    rows = [f"{i},{i * i % 5}" for i in range(9)]
    rows[3] = "nan,4"
    rows[5] = "5,inf"
    path = _write(tmp_path, "t.csv", *rows)
    done = run(path, "--headless")
    assert (done.code, done.out) == (1, "")
    assert "2 missing or infinite value(s) in 2 of 9 rows, first in line 4, column 'column 1'" in done.err
    done = run(path, "--headless", "--drop-missing")
    assert done.lines[0] == "Loading 7 samples with 2 features each..."
    assert "Dropped 2 of 9 rows" in done.out


# Images


def test_generated_digits(run: Run) -> None:
    done = run("--dataset", "digits", "--headless")
    assert (done.code, done.err) == (0, "")
    assert "Saved visualization to pca_digits.png" in done.out
    assert "These samples are synthetic: generated, not measured." in done.out


@pytest.mark.parametrize("args", [[], ["--standardize"]])
def test_reconstruction(run: Run, args: list[str]) -> None:
    done = run("--dataset", "digits", "--reconstruct", "20", "--headless", *args)
    assert (done.code, done.err) == (0, "")
    assert "Saved visualization to pca_digits_reconstruction.png" in done.out
    assert len([line for line in done.lines if line.startswith("Eigenvalue ")]) == 20


@pytest.mark.slow
def test_mnist(run: Run, data_path: Callable[[str], Path]) -> None:
    data_path("mnist/train-images-idx3-ubyte.gz")
    done = run("--dataset", "mnist", "--headless")
    assert (done.code, done.err) == (0, "")
    assert done.lines[0] == "Loading 60000 samples with 784 features each..."
    assert re.fullmatch(r"Passing over the data \d times, without its covariance matrix\.\.\.", done.lines[1])
    assert done.lines[2] == "Finding eigenvectors via subspace iteration..."
    assert done.lines[3] == "Eigenvalue 1: 5.117 (9.7% variance explained)"
    assert "Saved visualization to pca_mnist.png" in done.out


# Bad input: exit code 1 and one line


@pytest.mark.parametrize(
    ("content", "args", "message"),
    [
        (None, [], "there is no such file"),
        ("", [], "the file is empty"),
        ("x,y\n", [], "line 1 is a header and no samples follow it"),
        ("1,2\n", [], "only one sample"),
        ("1,a,b\n2,c,d\n3,a,d\n", [], "columns 'column 2', 'column 3' hold text"),
        ("1,2\n3,\n5,6\n", [], "1 missing or infinite value(s) in 1 of 3 rows, first in line 2, column 'column 2'"),
        ("1,2\n3,inf\n5,6\n", [], "first in line 2, column 'column 2' ('inf')"),
        ("1,2\n1,2\n1,2\n", [], "every column of numbers is constant"),
        ("1,2\n3\n5,6\n", [], "line 2: 1 field(s) where line 1 has 2"),
        ("a\nb\nc\n", [], "no column holds numbers"),
        ("1,2\n3,5\n5,6\n", ["--components", "3"], "3 components were asked for"),
        ("1,2,3,4\n3,5,7,1\n", ["--components", "3"], "has 2 samples with 4 features; choose 1 to 2"),
        ("1,2\n3,5\n5,6\n", ["--3d"], "--3d needs 3 components, and the data has 2"),
        ("1\n3\n4\n", ["--animate"], "--animate needs 2 components, and the data has 1"),
        ("1,2\n3,5\n5,6\n", ["--label", "kind"], "the label 'kind' is not a column"),
        ("1e300,2\n-1e300,5\n5,6\n", ["--no-standardize"], "range of float64"),
    ],
)
def test_bad_input(run: Run, tmp_path: Path, content: str | None, args: list[str], message: str) -> None:
    if content is not None:
        (tmp_path / "t.csv").write_text(content)
    done = run("t.csv", *args, "--headless")
    assert done.code == 1
    assert done.err.startswith("Error: ")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.glob("*.png"))


def test_binary_file_and_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(bytes(range(256)))
    assert "is a binary file" in run("t.csv").err
    assert "is a directory" in run(".").err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["t.csv", "--dataset", "iris"], "name a CSV file or --dataset, not both"),
        (["--label", "x"], "--label and --drop-missing need a CSV file"),
        (["--drop-missing"], "--label and --drop-missing need a CSV file"),
        (["--dataset", "nothing"], "Invalid value for '--dataset'"),
        (["--components", "0"], "Invalid value for '--components'"),
        (["--components", "two"], "Invalid value for '--components'"),
        (["--components", "2", "--3d"], "--3d needs --components 3 or more"),
        (["--components", "1", "--animate"], "--animate needs --components 2 or more"),
        (["--solver", "lapack"], "Invalid value for '--solver'"),
        (["--reconstruct", "5"], "--reconstruct needs images"),
        (["--dataset", "mnist", "--reconstruct", "5", "--components", "5"], "leave out --components"),
        (["--animate", "--3d"], "are different pictures; choose one"),
        (["--save", "a.bmp"], "--save a.bmp: the name of this picture must end in .png or .svg or .pdf"),
        (["--save", "a.gif"], "must end in .png or .svg or .pdf"),
        (["--animate", "--save", "a.png"], "must end in .gif"),
    ],
)
def test_wrong_usage(run: Run, args: list[str], message: str) -> None:
    done = run(*args)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Error: ")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_mnist_offline(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    done = run("--dataset", "mnist")
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(
        r"Error: mnist: \S+ is missing and .*; fetch https://\S+ \([\d,]+ bytes\) and put it into .* 'digits'\n",
        done.err,
    )


def test_unwritable_picture_leaves_the_old_one(run: Run, tmp_path: Path) -> None:
    done = run("--save", "no/such/folder/a.png", "--headless")
    assert done.code == 1
    assert done.err == "Error: cannot write no/such/folder/a.png: No such file or directory; choose another path\n"
    # A limit on file size stands for a full disk.
    (tmp_path / "a.png").write_bytes(b"old")
    source = (
        "import resource; from minigrad.projects.pca_visualizer import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "main(['--save', 'a.png', '--headless'])"
    )
    # Nothing else may write: a compiled module would meet the limit too.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    full = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert full.returncode == 1
    assert full.stderr.startswith("Error: cannot write a.png: File too large (the earlier file is unchanged)")
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


def test_tour_needs_neither_display_nor_network() -> None:
    tour = pca_visualizer.tour()
    assert tour.picture.startswith(b"\x89PNG")
    assert tour.figures["eigenvalues"] == "2.918, 0.914, 0.147, 0.021"
    assert tour.figures["variance on two axes"] == "95.8%"
