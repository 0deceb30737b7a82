"""Ranks to run the programs of this folder in."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="session")
def run_ranks():
    """Return a function that runs one of the programs under mpiexec and returns its outcome."""
    # The launcher must belong to the MPI that mpi4py loads: the one beside this Python comes first.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    mpiexec = shutil.which("mpiexec", path=path)
    if mpiexec is None or importlib.util.find_spec("mpi4py") is None:
        pytest.skip("needs the extra mpi")

    def run(ranks, program, *arguments):
        return subprocess.run(
            [mpiexec, "-n", str(ranks), sys.executable, str(PROGRAMS / program), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
