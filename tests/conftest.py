"""What every test shares: where the data sets are, and how hypothesis runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
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
