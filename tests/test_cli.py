"""The command `minigrad`: names, help, errors and exit codes, the tour."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import minigrad
from minigrad import cli
from minigrad.projects._program import Tour

Outcome = tuple[int, str, str]
Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `minigrad` with arguments: exit code, output, errors."""

    def call(*args: str) -> Outcome:
        with pytest.raises(SystemExit) as stop:
            cli.main(list(args))
        out, err = capsys.readouterr()
        code = stop.value.code
        assert isinstance(code, int)
        return code, out, err

    return call


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"minigrad {minigrad.__version__}\n", "")


def test_help_names_every_program(run: Run) -> None:
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    for name in cli.project_names():
        assert re.search(rf"^  {name.replace('_', '-')}  +\S", out, re.MULTILINE)
    assert re.search(r"^  tour  +\S", out, re.MULTILINE)
    assert run()[:2] == (0, out)


@pytest.mark.parametrize("name", cli.project_names())
def test_each_program_keeps_the_contract(run: Run, root: Path, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    dashed = name.replace("_", "-")
    assert run(dashed, "--help")[1] == out.replace(f"minigrad {name}", f"minigrad {dashed}")
    for option in ("--headless", "--save PATH", "--seed N", "--threads N", "--json"):
        assert f"  {option}  " in out
    assert "Example:\n\n  $ minigrad " in out
    example = (root / "examples" / f"{name}.py").read_text()
    assert f"from minigrad.projects.{name} import main" in example


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["tuor"], "Error: there is no program 'tuor'; did you mean 'tour'?"),
        (["zzz"], "Error: there is no program 'zzz'; see"),
        (["--frobnicate"], "Error: No such option"),
        (["tour", "extra"], "Error: Got unexpected extra argument"),
    ],
)
def test_wrong_usage(run: Run, args: list[str], message: str) -> None:
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert err.endswith(" --help'\n")
    assert err.count("\n") == 1


def test_python_dash_m() -> None:
    done = subprocess.run([sys.executable, "-m", "minigrad", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"minigrad {minigrad.__version__}\n"


def _project(tour: Callable[[], Tour]) -> SimpleNamespace:
    return SimpleNamespace(tour=tour)


def _tour(title: str) -> Tour:
    return Tour(title, {"error <": "0.5 & less"}, b"\x89PNG picture of " + title.encode())


def test_tour_writes_a_gallery(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    projects = {"one_two": _project(lambda: _tour("A <b>")), "three": _project(lambda: _tour("C"))}
    monkeypatch.setattr(cli, "project_names", lambda: list(projects))
    monkeypatch.setattr(cli, "_project", projects.__getitem__)
    folder = tmp_path / "new" / "gallery"
    code, out, err = run("tour", "--out", str(folder))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert re.fullmatch(r"one-two: A <b>: error < 0\.5 & less \(\d+\.\d s\)", lines[0])
    assert len(lines) == 3
    assert lines[2] == f"Saved gallery to {folder / 'index.html'}"
    assert (folder / "one_two.png").read_bytes() == b"\x89PNG picture of A <b>"
    page = (folder / "index.html").read_text()
    assert "A &lt;b&gt;" in page
    assert "0.5 &amp; less" in page
    assert 'src="three.png"' in page
    # The page needs nothing from elsewhere.
    assert "http" not in page


def test_interrupted_tour_says_what_was_kept(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> Tour:
        raise KeyboardInterrupt

    projects = {"one": _project(lambda: _tour("A")), "two": _project(interrupt)}
    monkeypatch.setattr(cli, "project_names", lambda: list(projects))
    monkeypatch.setattr(cli, "_project", projects.__getitem__)
    code, _, err = run("tour", "--out", str(tmp_path))
    assert (code, err) == (130, f"Interrupted: kept {tmp_path / 'one.png'}\n")


def test_tour_into_a_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    code, out, err = run("tour", "--out", str(path))
    assert (code, out) == (1, "")
    assert err == f"Error: cannot make the folder {path}: File exists; choose another with --out DIR\n"
