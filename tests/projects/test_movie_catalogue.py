"""Films by title: found by part of it, ambiguous ones told; ratings kept in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minigrad import DataError, datasets
from minigrad.projects.movie_recommender._catalogue import Catalogue
from minigrad.projects.movie_recommender._saved import range_words, read_ratings, stars, write_ratings

pytestmark = pytest.mark.native

# Title, genres, number of ratings.
FILMS = [
    ("Titanic (1953)", "Action|Drama", 3),
    ("Titanic (1997)", "Drama|Romance", 30),
    ("Raise the Titanic (1980)", "Drama|Thriller", 2),
    ("Godfather: Part II, The (1974)", "Crime|Drama", 20),
    ("Godfather, The (1972)", "Crime|Drama", 25),
    ("Godfather: Part III, The (1990)", "Crime|Drama", 10),
    ("Seven (a.k.a. Se7en) (1995)", "Mystery|Thriller", 28),
    ("Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)", "Comedy|Romance", 12),
    ("Matrix, The (1999)", "Action|Sci-Fi", 31),
    ("Toy Story 3 (2010)", "Animation|Comedy", 15),
    ("Toy Story (1995)", "Animation|Comedy", 27),
    ("300 (2007)", "Action|War", 9),
    ("Avventura, L' (1960)", "Drama", 1),
    ("Unseen", "(no genres listed)", 0),
]


def write_set(folder: Path) -> Path:
    """Write a set of films whose numbers of ratings are given, by 40 users."""
    lines = ["movieId,title,genres"] + [f'{i},"{t}",{g}' for i, (t, g, _) in enumerate(FILMS, 1)]
    (folder / "movies.csv").write_text("\n".join(lines) + "\n", "utf-8")
    rng = np.random.default_rng(0)
    lines = ["userId,movieId,rating,timestamp"]
    for i, (_, _, count) in enumerate(FILMS, 1):
        for user in np.sort(rng.permutation(40)[:count]):
            lines.append(f"{user + 1},{i},{rng.integers(2, 11) / 2},0")
    (folder / "ratings.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(datasets.read_movielens(write_set(tmp_path)))


def found(catalogue: Catalogue, text: str) -> list[str]:
    return [catalogue.name(film) for film in catalogue.find(text).films]


def test_titles_are_as_people_say_them(catalogue: Catalogue) -> None:
    assert catalogue.names[8] == "The Matrix"
    assert catalogue.names[3] == "The Godfather: Part II"
    assert catalogue.names[12] == "L'Avventura"
    assert catalogue.name(6) == "Seven (1995)"
    assert catalogue.name(13) == "Unseen"
    # The year is said only where it must be.
    assert (catalogue.label(1), catalogue.label(8)) == ("Titanic (1997)", "The Matrix")


@pytest.mark.parametrize(
    ("text", "first", "count"),
    [
        ("the matrix", "The Matrix (1999)", 1),
        ("MATRIX", "The Matrix (1999)", 1),
        ("Matrix, The", "The Matrix (1999)", 1),
        ("matr", "The Matrix (1999)", 1),
        ("matrix 1999", "The Matrix (1999)", 1),
        ("titanic", "Titanic (1997)", 2),
        ("titanic 1953", "Titanic (1953)", 1),
        ("Titanic (1953)", "Titanic (1953)", 1),
        ("godfather", "The Godfather (1972)", 3),
        ("godfather part ii", "The Godfather: Part II (1974)", 2),
        ("se7en", "Seven (1995)", 1),
        ("amélie poulain", "Amelie (2001)", 1),
        ("destin d'amelie", "Amelie (2001)", 1),
        ("toy 3", "Toy Story 3 (2010)", 1),
        ("300", "300 (2007)", 1),
        ("avventura", "L'Avventura (1960)", 1),
    ],
)
def test_search(catalogue: Catalogue, text: str, first: str, count: int) -> None:
    names = found(catalogue, text)
    assert names[0] == first
    assert len(names) == count


def test_of_several_films_the_most_rated_comes_first(catalogue: Catalogue) -> None:
    assert found(catalogue, "titanic") == ["Titanic (1997)", "Titanic (1953)"]
    assert found(catalogue, "story") == ["Toy Story (1995)", "Toy Story 3 (2010)"]


def test_unknown_titles_have_near_ones(catalogue: Catalogue) -> None:
    assert [catalogue.name(i) for i in catalogue.find("matirx").near][0] == "The Matrix (1999)"
    assert [catalogue.name(i) for i in catalogue.find("tittanic").near][0] == "Titanic (1997)"
    for text in ("", "  ", "?!", "qqqqqq"):
        assert catalogue.find(text).films == ()
    assert catalogue.find("qqqqqq").near == ()


def test_well_known_films_open_with_those_of_the_transcript_and_differ(catalogue: Catalogue) -> None:
    known = [catalogue.name(i) for i in catalogue.well_known(6)]
    assert known[:2] == ["The Matrix (1999)", "Titanic (1997)"]
    # No second film of a series while others are left, though it is rated more often.
    assert "Toy Story (1995)" in known and "Toy Story 3 (2010)" not in known
    assert not set(catalogue.well_known(4)) & set(catalogue.well_known(4, skip=catalogue.well_known(4)))
    assert len(catalogue.well_known(100)) == 13  # all that anybody rated


def test_popular_films_have_enough_ratings(catalogue: Catalogue) -> None:
    popular = catalogue.popular(5)
    assert popular and all(catalogue.counts[i] >= 20 for i in popular)
    # Where no film has so many, the best of the others.
    assert catalogue.popular(2, least=1000)


# Ratings in a file


@pytest.mark.parametrize(
    ("text", "whole", "halves"),
    [("5", 5.0, 5.0), ("1", 1.0, 1.0), ("4.5", None, 4.5), ("0.5", None, 0.5)]
    + [(bad, None, None) for bad in ("0", "6", "4,5", "", "five", "nan", "inf", "-1", "3.25", "1e9")],
)
def test_stars(text: str, whole: float | None, halves: float | None) -> None:
    assert stars(text, (1.0, 5.0), 1.0) == whole
    assert stars(text, (0.5, 5.0), 0.5) == halves


def test_ratings_come_back_as_they_were_saved(catalogue: Catalogue, tmp_path: Path) -> None:
    ratings = {8: 5.0, 7: 3.5, 1: 0.5}
    path = tmp_path / "mine.csv"
    write_ratings(path, catalogue, ratings)
    assert path.read_text("utf-8").splitlines()[:2] == ["title,rating", '"Matrix, The (1999)",5']
    assert read_ratings(path, catalogue) == (ratings, [])
    assert list(read_ratings(path, catalogue)[0]) == [8, 7, 1]


def test_titles_of_other_sets_are_named(catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text('\ufefftitle,rating\n"Matrix, The (1999)",4\n\nSolaris (1972),5\n"Matrix, The (1999)",2\n', "utf-8")
    assert read_ratings(path, catalogue) == ({8: 2.0}, ["line 4: Solaris (1972)"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Titanic (1997),6\n", "line 1: a rating must be a number from 0.5 to 5 in halves; got '6'"),
        (b"title,rating\nTitanic (1997),\n", "line 2: a rating must be .*; got ''"),
        (b"title,rating\nTitanic (1997)\n", r"line 2: must be a title and a rating; got 1 column\(s\)"),
        (b"title,rating\nTitanic (1997),5,1\n", r"line 2: must be a title and a rating; got 3 column\(s\)"),
        (b"\xff\xfe\x00", "is no file of ratings"),
    ],
)
def test_bad_saved_ratings(catalogue: Catalogue, tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        read_ratings(path, catalogue)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_a_folder_is_no_file_of_ratings(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_ratings(tmp_path, catalogue)


def test_the_range_is_said_as_it_is(catalogue: Catalogue) -> None:
    assert range_words(catalogue) == "a number from 0.5 to 5 in halves"
    whole = Catalogue(datasets.load_synthetic_ratings(20, 20))
    assert range_words(whole) == "a whole number from 1 to 5"
