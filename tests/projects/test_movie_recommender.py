"""movie_recommender: the transcript, the dialogue, its milestones, bad input."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from minigrad.projects import movie_recommender

pytestmark = pytest.mark.native

Run = Callable[..., Any]


@pytest.fixture
def converse(run_main: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the program with arguments and typed lines."""

    def run(typed: str, *args: str) -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return run_main(movie_recommender.main, *args)

    return run


TRANSCRIPT = """\
Loading movielens-latest-small: 100,836 ratings of 9,724 films by 610 users...
Rate these films: a number from 0.5 to 5 in halves, 'skip', 'done', or part of another film's title.
The Matrix: 5
Titanic: 3
Inception: 5
The Shawshank Redemption: done

You rated 3 films: The Matrix (1999) 5, Titanic (1997) 3 [not Titanic (1953)], Inception (2010) 5.
Top 5 recommendations for you:
"""


def test_the_transcript(converse: Run, data_path: Callable[[str], Any]) -> None:
    data_path("movielens-latest-small/ratings.csv")
    done = converse("5\n3\n5\ndone\nquit\n")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(TRANSCRIPT)
    named = [line.split(" (similarity")[0].split(". ", 1)[1] for line in done.lines if "(similarity: 0." in line]
    assert len(named) == 5
    assert "The Dark Knight" in named
    assert done.lines[-1] == "> quit"
