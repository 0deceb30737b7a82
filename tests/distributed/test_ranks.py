"""Real ranks: what the programs beside this file check, each in a world of its own."""

import re

import pytest

pytestmark = pytest.mark.mpi


@pytest.mark.parametrize("program", ["collectives.py", "training.py"])
@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_agree(run_ranks, program, ranks):
    done = run_ranks(ranks, program)
    assert done.returncode == 0, done.stderr
    # Lines of different ranks may run into each other.
    told = re.findall(r"rank \d of \d", done.stdout)
    assert sorted(told) == [f"rank {rank} of {ranks}" for rank in range(ranks)]


def test_an_error_on_one_rank_ends_all(run_ranks):
    done = run_ranks(2, "failing.py")
    assert done.returncode != 0 and "ValueError: rank 1 has had enough" in done.stderr
