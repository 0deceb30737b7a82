"""Progress shows on a terminal and nowhere else; tables are aligned."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from minigrad import ui

_SOURCE = """
from minigrad import ui
with ui.progress("Counting") as report:
    report(3, 10)
    report(10, 10)
print("done")
"""


def test_silent_in_a_pipe() -> None:
    done = subprocess.run([sys.executable, "-c", _SOURCE], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_a_bar_on_a_terminal() -> None:
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-c", _SOURCE], stdout=subprocess.PIPE, stderr=slave, env=environment, check=True, text=True
    )
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert done.stdout == "done\n"
    assert "Counting" in shown
    assert "10/10" in shown


def test_the_body_may_fail() -> None:
    with pytest.raises(KeyError), ui.progress("Counting"):
        raise KeyError


def test_table_keeps_markup_and_long_cells() -> None:
    long = "x" * 300
    text = ui.table(["name", "[bold]n[/bold]"], [["a", "1"], [long, "22"]])
    assert text.splitlines() == [
        f"{'name':300}  [bold]n[/bold]",
        f"{'a':300}  {'1':>14}",
        f"{long}  {'22':>14}",
    ]
