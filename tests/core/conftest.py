"""Build C programs against the sources of `core`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

COMPILER = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")


@pytest.fixture(scope="session")
def build_program(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that compiles C sources (relative to the top) and returns the program."""

    def build(*sources: str, flags: tuple[str, ...] = ()) -> Path:
        if COMPILER is None:
            pytest.skip("no C compiler")
        program = tmp_path_factory.mktemp("program") / "program"
        common = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{root / 'csrc'}"]
        command = [COMPILER, *common, f"-I{root / 'csrc/include'}", *flags, *sources, "-pthread", "-o", str(program)]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if (
            done.returncode != 0
            and any(flag.startswith("-fsanitize") for flag in flags)
            and "cannot find" in done.stderr
        ):
            pytest.skip("the compiler's sanitizer library is not installed")
        assert done.returncode == 0, done.stderr
        return program

    return build


@pytest.fixture(scope="session")
def run_program() -> Callable[..., None]:
    """Return a function that runs a program and fails, with its output, unless it exits with 0."""

    def run(program: Path, *arguments: str, **environment: str) -> None:
        # A preloaded runtime of one sanitizer must not meet another's.
        clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        done = subprocess.run(
            [program, *arguments],
            env={**clean, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if "unexpected memory mapping" in done.stderr:
            pytest.skip("ThreadSanitizer cannot run on this kernel's address layout")
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"

    return run
