"""What every test shares: where the data sets are, and how hypothesis runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# A relative folder would mean something else in a test that changes directory.
if os.environ.get("MINIGRAD_DATA"):
    os.environ["MINIGRAD_DATA"] = os.path.abspath(os.environ["MINIGRAD_DATA"])

# The machine may be busy: no deadline, and the same examples in every run.
settings.register_profile(
    "minigrad",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("minigrad")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--require-data``."""
    parser.addoption(
        "--require-data",
        action="store_true",
        default=os.environ.get("MINIGRAD_REQUIRE_DATA", "") not in ("", "0"),
        help="fail, rather than skip, where a real data set is not in $MINIGRAD_DATA (also: MINIGRAD_REQUIRE_DATA=1)",
    )


def must_run(path: Path, keywords: Iterable[str]) -> bool:
    """Say whether a skip of this test is a failure: .ci/run promises the rivals, a display, a browser and ranks."""
    crosscheck = path.name.endswith("_crosscheck.py") and os.environ.get("MINIGRAD_REQUIRE_CROSSCHECK")
    window = "window" in keywords and os.environ.get("MINIGRAD_REQUIRE_DISPLAY")
    browser = "browser" in keywords and os.environ.get("MINIGRAD_REQUIRE_BROWSER")
    ranks = "mpi" in keywords and os.environ.get("MINIGRAD_REQUIRE_MPI")
    return bool(crosscheck or window or browser or ranks)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole file into a failure where it must run."""
    report = yield
    if report.skipped and must_run(collector.path, ()):
        report.outcome = "failed"
        report.longrepr = f"skipped, but must run here: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test into a failure where it must run."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and must_run(item.path, item.keywords):
        report.outcome = "failed"
        report.longrepr = f"skipped, but must run here: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def data_path(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Return a function from a path under $MINIGRAD_DATA to the file; it skips the test where that is missing."""

    def find(relative: str) -> Path:
        folder = os.environ.get("MINIGRAD_DATA")
        path = Path(folder or ".") / relative
        if folder and path.exists():
            return path
        reason = f"{relative} is not in {folder}" if folder else f"needs {relative}, and MINIGRAD_DATA is not set"
        if request.config.getoption("--require-data"):
            pytest.fail(reason)
        pytest.skip(reason)

    return find


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the top of the source tree."""
    return ROOT


@pytest.fixture(scope="session")
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs Python source in a fresh process and returns its outcome."""

    def run(source: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", source],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


class Window:
    """A program that opened a window, and the keys pressed in it."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.number = self._wait_until_visible()

    def _xdotool(self, *arguments: str) -> list[str]:
        done = subprocess.run(["xdotool", *arguments], capture_output=True, text=True, timeout=20, check=False)
        return done.stdout.split()

    def _wait_until_visible(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                pytest.fail(f"the program ended without a window: {self.process.communicate()}")
            found = self._xdotool("search", "--onlyvisible", "--pid", str(self.process.pid))
            if found:
                return found[-1]
            time.sleep(0.1)
        self.process.kill()
        pytest.fail(f"no window appeared: {self.process.communicate()}")

    def press(self, key: str, until: Callable[[], bool]) -> None:
        """Press a key until it shows its effect: a window that is just opening may miss it."""
        deadline = time.monotonic() + 30
        while not until():
            assert time.monotonic() < deadline, f"the key {key} has no effect"
            self.press_once(key)

    def press_once(self, key: str) -> None:
        """Press a key, and give the window time to act on it."""
        # Without a window manager the focus has to be given first.
        self._xdotool("windowfocus", self.number)
        self._xdotool("key", "--clearmodifiers", key)
        time.sleep(0.3)

    def drag(self, *points: tuple[int, int]) -> None:
        """Lead the mouse, its left button held, through points of the window."""
        for i, (x, y) in enumerate(points):
            self._xdotool("mousemove", "--sync", "--window", self.number, str(x), str(y))
            if i == 0:
                self._xdotool("mousedown", "1")
        self._xdotool("mouseup", "1")

    def quit(self) -> tuple[int, str, str]:
        """Press q until the program has ended; return what `end` returns."""
        self.press("q", lambda: self.process.poll() is not None)
        return self.end()

    def end(self) -> tuple[int, str, str]:
        """Wait for the program's end and return its exit code and what it wrote."""
        try:
            out, err = self.process.communicate(timeout=30)
        finally:
            self.process.kill()
        return self.process.returncode, out, err


@pytest.fixture
def open_window(tmp_path: Path) -> Generator[Callable[..., Window], None, None]:
    """Return a function that runs Python with arguments, in a folder of its own, until its window is there.

    Keys reach whatever has the focus, so this runs only where MINIGRAD_REQUIRE_DISPLAY
    promises a display that nobody else uses.
    """
    if not os.environ.get("MINIGRAD_REQUIRE_DISPLAY"):
        pytest.skip("needs a display of its own: see .ci/run")
    windows: list[Window] = []

    def start(*arguments: str) -> Window:
        windows.append(Window(list(arguments), tmp_path))
        return windows[-1]

    yield start
    for window in windows:
        window.process.kill()
        window.process.wait()
