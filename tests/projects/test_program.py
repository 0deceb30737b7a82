"""The contract of every program, on a program that does nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

import minigrad
from minigrad.projects._program import Session, program, run

Outcome = tuple[int, str, str]
Try = Callable[..., Outcome]


@pytest.fixture
def attempt(capsys: pytest.CaptureFixture[str]) -> Try:
    """Return a function that makes a program of a function and runs it."""

    def call(body: Callable[[Session], Any], *args: str) -> Outcome:
        @program("thing", "Example:\n\n  $ minigrad thing   --wide\n")
        def command(session: Session) -> None:
            """Do a thing."""
            body(session)

        with pytest.raises(SystemExit) as stop:
            run(command, list(args), "thing")
        out, err = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return stop.value.code, out, err

    return call


def _raise(error: BaseException) -> Callable[[Session], None]:
    def body(session: Session) -> None:
        raise error

    return body


def test_defaults_and_options(attempt: Try) -> None:
    seen: list[Session] = []
    assert attempt(seen.append) == (0, "", "")
    assert (seen[0].headless, seen[0].save, seen[0].seed, seen[0].json) == (False, None, 0, False)
    attempt(seen.append, "--headless", "--save", "x.png", "--seed", "7", "--json")
    assert (seen[1].headless, seen[1].save, seen[1].seed, seen[1].json) == (True, Path("x.png"), 7, True)


def test_threads_hold_for_the_run_alone(attempt: Try) -> None:
    before = minigrad.get_num_threads()
    seen: list[int] = []
    attempt(lambda session: seen.append(minigrad.get_num_threads()), "--threads", str(before + 1))
    assert seen == [before + 1]
    assert minigrad.get_num_threads() == before


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (minigrad.DataError("a.csv: no such file; check the path"), "Error: a.csv: no such file; check the path\n"),
        (ValueError("two\nlines"), "Error: two lines\n"),
        (FileNotFoundError(2, "No such file or directory", "x"), "Error: x: No such file or directory\n"),
        (MemoryError(), "Error: not enough memory; use a smaller data set\n"),
        (KeyError("k"), "Error: KeyError: 'k' (a defect of minigrad; MINIGRAD_DEBUG=1 shows where)\n"),
    ],
)
def test_errors_are_one_line(attempt: Try, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str) -> None:
    monkeypatch.delenv("MINIGRAD_DEBUG", raising=False)
    assert attempt(_raise(error)) == (1, "", message)
    monkeypatch.setenv("MINIGRAD_DEBUG", "1")
    code, _, err = attempt(_raise(error))
    assert code == 1
    assert err.startswith("Traceback (most recent call last)")
    assert err.endswith(message)


@pytest.mark.parametrize("args", [["--seed", "-1"], ["--seed", "x"], ["--threads", "0"], ["--nothing"], ["extra"]])
def test_wrong_usage(attempt: Try, args: list[str]) -> None:
    code, out, err = attempt(lambda session: None, *args)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.endswith("; see 'thing --help'\n")
    assert err.count("\n") == 1


def test_usage_error_from_within(attempt: Try) -> None:
    code, _, err = attempt(_raise(click.UsageError("not both.")))
    assert (code, err.split(";")[0]) == (2, "Error: not both")


def test_interrupt_says_what_was_kept(attempt: Try) -> None:
    assert attempt(_raise(KeyboardInterrupt())) == (130, "", "Interrupted: nothing was saved\n")

    def body(session: Session) -> None:
        session.keep(Path("a.png"))
        session.keep(Path("b.gif"))
        raise KeyboardInterrupt

    assert attempt(body) == (130, "", "Interrupted: kept a.png, b.gif\n")


def test_json_is_one_object_and_nothing_else(attempt: Try) -> None:
    def body(session: Session) -> None:
        session.say("Loading...")
        session.result({"a": [1, None, "é"]})

    assert attempt(body) == (0, "Loading...\n", "")
    code, out, err = attempt(body, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"a": [1, None, "é"]}
    assert out.count("\n") == 1


def test_json_refuses_nan(attempt: Try) -> None:
    code, out, err = attempt(lambda session: session.result({"a": float("nan")}), "--json")
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")


def test_default_picture(attempt: Try) -> None:
    paths: list[Path | None] = []
    for args in ([], ["--save", "x.svg"], ["--json"], ["--json", "--save", "x.svg"]):
        attempt(lambda session: paths.append(session.path("p.png")), *args)
    assert paths == [Path("p.png"), Path("x.svg"), None, Path("x.svg")]


def test_no_window_without_a_display(attempt: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minigrad.ui.window_backend", lambda: ("QtAgg", ""))
    windows: list[tuple[str | None, str]] = []
    for args in ([], ["--headless"], ["--json"]):
        attempt(lambda session: windows.append(session.window), *args)
    assert windows == [("QtAgg", ""), (None, ""), (None, "")]


def test_a_warning_is_one_line(attempt: Try) -> None:
    def body(session: Session) -> None:
        warnings.warn("solver: stopped\nat 5", minigrad.ConvergenceWarning, stacklevel=1)

    assert attempt(body) == (0, "", "Warning: solver: stopped at 5\n")


def test_example_is_printed_as_it_stands(attempt: Try) -> None:
    code, out, _ = attempt(lambda session: None, "--help")
    assert code == 0
    assert out.endswith("\n\nExample:\n\n  $ minigrad thing   --wide\n")


_SLOW = """
import time
from minigrad.projects._program import program, run
@program("thing", "")
def command(session):
    for i in range(100_000):
        session.say(f"line {i} " + "x" * 100)
    time.sleep(60)
run(command, [], "thing")
"""


def test_a_closed_pipe_is_quiet() -> None:
    child = subprocess.Popen([sys.executable, "-c", _SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    with child.stdout, child.stderr:
        assert child.stdout.readline().startswith(b"line 0")
        child.stdout.close()
        assert child.wait(timeout=60) == 1
        assert child.stderr.read() == b""


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_the_process_with_130() -> None:
    source = _SLOW.replace("100_000", "1")
    child = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    with child.stdout, child.stderr:
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=60) == 130
        assert child.stderr.read() == b"Interrupted: nothing was saved\n"
