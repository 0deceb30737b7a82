"""MovieLens: ratings of films in the three forms that its publishers use.

========================  ======================  ===================================
the set                   ratings                 films
========================  ======================  ===================================
100k                      ``u.data``, tabs        ``u.item``, bars, Latin-1
1M, 10M                   ``ratings.dat``, ``::``  ``movies.dat``, ``::``, Latin-1
latest, 20M and later     ``ratings.csv``         ``movies.csv``, UTF-8, quoted
========================  ======================  ===================================
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from minigrad._check import DataError
from minigrad.datasets._dataset import Progress
from minigrad.datasets._files import fetch
from minigrad.datasets._ratings import RatingsDataset

__all__ = ["load_movielens", "read_movielens"]

_LOWEST, _HIGHEST = 0.5, 5.0
_COLUMNS = ("userId", "movieId", "rating")  # of the CSV form; a timestamp may follow
_PAIRS = (("u.data", "u.item"), ("ratings.dat", "movies.dat"), ("ratings.csv", "movies.csv"))
# The flags of u.item, in its order.
_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


@dataclass(frozen=True)
class _Columns:
    """Ratings as read: the numbers that the file uses, and the line of each."""

    users: np.ndarray
    items: np.ndarray
    values: np.ndarray
    lines: np.ndarray


def load_movielens(version: str, *, progress: Progress | None = None, download: bool = True) -> RatingsDataset:
    """Return one of the two small MovieLens sets.

    Parameters
    ----------
    version : {"100k", "latest-small"}
    progress : callable, optional
        See `fetch`.
    download : bool, default True
        Whether to go to the network for what is not at hand.

    Returns
    -------
    RatingsDataset
        ``"100k"`` has 100,000 whole ratings of 1,682 films by 943 users, and the five folds u1 to u5;
        ``"latest-small"`` 100,836 ratings in halves of 9,742 films (18 of them without any rating) by 610 users.

    Raises
    ------
    DataError
        If a file is damaged, or missing and cannot be downloaded.
    ValueError
        If `version` is neither.

    Notes
    -----
    The terms of both allow research with acknowledgement and no commercial use; 100k may not be passed on.

    References
    ----------
    F. M. Harper and J. A. Konstan (2015), "The MovieLens datasets: history and context", ACM Transactions on
    Interactive Intelligent Systems 5(4), 19.
    """
    if version not in ("100k", "latest-small"):
        raise ValueError(f"load_movielens: version must be one of '100k', 'latest-small'; got {version!r}")
    name = f"movielens-{version}"
    ratings, films = (fetch(name, file, progress, download=download) for file in _PAIRS[0 if version == "100k" else 2])
    data = _assemble(name, ratings, films)
    if version == "latest-small":
        return replace(data, description=_DESCRIPTION.format("latest-small"))
    files = [fetch(name, f"u{i}.test", progress, download=download) for i in range(1, 6)]
    folds = tuple(_rows(data, _read_ratings(file), file) for file in files)
    return replace(data, description=_DESCRIPTION.format("100k"), folds=folds)


_DESCRIPTION = "MovieLens {}: what visitors of movielens.org thought of films (GroupLens; Harper and Konstan 2015)"


def read_movielens(path: str | os.PathLike[str]) -> RatingsDataset:
    r"""Read ratings in any of the forms that MovieLens has had.

    Parameters
    ----------
    path : path
        A folder with ``u.data``, ``ratings.dat`` or ``ratings.csv``, or such a file under any name. The films
        are read from ``u.item``, ``movies.dat`` or ``movies.csv`` beside it; without that file they are numbered.

    Returns
    -------
    RatingsDataset
        ``name`` is the folder's, or the file's without its suffix.

    Raises
    ------
    DataError
        If there is no such file or it is empty; a line lacks a column, holds something that is no number, a rating
        outside 0.5 to 5, a film that the list of films does not know, or a pair of user and film that
        was rated before. The message is one line and names the file and the line.

    Notes
    -----
    Separators are told by the first line. Ratings are taken for whole ones, from 1 to 5, if all are whole.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from minigrad.datasets import read_movielens
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.dat"
    >>> _ = path.write_text("1::10::5::0\n1::20::3::0\n2::10::4::0\n")
    >>> mine = read_movielens(path)
    >>> mine.users.tolist(), mine.items.tolist(), mine.values.tolist()
    ([0, 0, 1], [0, 1, 0], [5.0, 3.0, 4.0])
    >>> mine.titles
    ('film 10', 'film 20')
    """
    where = Path(path)
    if where.is_dir():
        pair = next(((where / a, where / b) for a, b in _PAIRS if (where / a).is_file()), None)
        if pair is None:
            raise DataError(f"{where}: holds none of {', '.join(a for a, _ in _PAIRS)}; name the file of the ratings")
        return _assemble(where.resolve().name, pair[0], pair[1] if pair[1].is_file() else None)
    beside = {"\t": "u.item", "::": "movies.dat", ",": "movies.csv"}[_separator(_lines(where), where)]
    films = where.with_name(beside)
    return _assemble(where.stem, where, films if films.is_file() else None)


def _lines(path: Path) -> list[str]:
    """Return the lines of a text file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; check the path") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    lines = text.split("\n")  # not splitlines: a title may hold what Unicode calls a line's end
    return [line.removesuffix("\r") for line in lines]


def _separator(lines: list[str], path: Path) -> str:
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise DataError(f"{path}: is empty; it must hold ratings")
    return next((mark for mark in ("::", "\t") if mark in first), ",")


def _read_ratings(path: Path) -> _Columns:
    """Read user, film and rating of each line; whatever is wrong is named by its line."""
    lines = _lines(path)
    separator = _separator(lines, path)
    places, start = (0, 1, 2), 0
    if separator == "," and not lines[0].partition(",")[0].strip().isdigit():
        heading = [cell.strip() for cell in lines[0].split(",")]
        for column in _COLUMNS:
            if column not in heading:
                raise DataError(f"{path}, line 1: there is no column {column!r} among {', '.join(heading)!r}")
        places, start = (heading.index("userId"), heading.index("movieId"), heading.index("rating")), 1
    users, items, values, numbers = [], [], [], []
    a, b, c = places
    for number, line in enumerate(lines[start:], start + 1):
        if not line.strip():
            continue
        cells = line.split(separator)
        try:
            user, item, value = int(cells[a]), int(cells[b]), float(cells[c])
        except (ValueError, IndexError):
            raise DataError(f"{path}, line {number}: {_complaint(cells, places)}; correct or remove it") from None
        if not _LOWEST <= value <= _HIGHEST:
            raise DataError(f"{path}, line {number}: a rating must be a number from 0.5 to 5; got {cells[c].strip()!r}")
        users.append(user)
        items.append(item)
        values.append(value)
        numbers.append(number)
    if not users:
        raise DataError(f"{path}: holds no rating; it must have a user, a film and a rating in each line")
    try:
        numbered = np.array(users, np.int64), np.array(items, np.int64)
        return _Columns(*numbered, values=np.array(values, np.float32), lines=np.array(numbers))
    except OverflowError:
        raise DataError(f"{path}: the number of a user or a film is beyond 64 bits; renumber them") from None


def _complaint(cells: list[str], places: tuple[int, int, int]) -> str:
    if len(cells) <= max(places):
        return f"must have a user, a film and a rating; got {len(cells)} column(s)"
    for place, what in zip(places, ("user", "film"), strict=False):
        try:
            int(cells[place])
        except ValueError:
            return f"the {what} must be a whole number; got {cells[place].strip()!r}"
    return f"a rating must be a number from 0.5 to 5; got {cells[places[2]].strip()!r}"


def _assemble(name: str, ratings: Path, films: Path | None) -> RatingsDataset:
    read = _read_ratings(ratings)
    known = _read_films(films) if films is not None else {int(i): (f"film {i}", ()) for i in np.unique(read.items)}
    user_ids, users = np.unique(read.users, return_inverse=True)
    try:
        item_ids = np.array(sorted(known), np.int64)
    except OverflowError:
        raise DataError(f"{films}: the number of a film is beyond 64 bits; renumber them") from None
    items = np.searchsorted(item_ids, read.items)
    strange = item_ids[np.minimum(items, len(item_ids) - 1)] != read.items
    if strange.any():
        bad = int(np.argmax(strange))
        raise DataError(f"{ratings}, line {read.lines[bad]}: film {read.items[bad]} is not in {films}")
    data = np.column_stack([users, items]).astype(np.int64)
    _refuse_repeats(data, read, ratings)
    whole = bool((read.values == np.rint(read.values)).all())
    return RatingsDataset(
        name=name,
        data=data,
        target=None,
        feature_names=("user", "item"),
        target_names=(),
        description=f"{len(data):,} ratings from {ratings}",
        source=str(ratings),
        values=read.values,
        user_ids=user_ids.astype(np.int64),
        item_ids=item_ids,
        titles=tuple(known[i][0] for i in item_ids.tolist()),
        genres=tuple(known[i][1] for i in item_ids.tolist()),
        scale=(1.0 if whole else _LOWEST, _HIGHEST),
        step=1.0 if whole else 0.5,
    )


def _refuse_repeats(data: np.ndarray, read: _Columns, path: Path) -> None:
    order = np.lexsort((data[:, 1], data[:, 0]))  # stable: of equal pairs the earlier comes first
    same = (data[order][1:] == data[order][:-1]).all(axis=1)
    if same.any():
        # Of all repeats the one that comes first in the file.
        later = order[1:][same]
        place = int(np.argmin(later))
        first, second = order[:-1][same][place], later[place]
        user, item = read.users[second], read.items[second]
        raise DataError(
            f"{path}, line {read.lines[second]}: user {user} rated film {item} before, in line {read.lines[first]}; "
            "keep one of them"
        )


def _read_films(path: Path) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Return title and genres of each film by its number."""
    films: dict[int, tuple[str, tuple[str, ...]]] = {}
    for line, cells in _film_records(path):
        flags = path.name == "u.item"
        if len(cells) < (24 if flags else 3):
            wanted = "24 fields" if flags else "a number, a title and genres"
            raise DataError(f"{path}, line {line}: must have {wanted}; got {len(cells)} field(s)")
        try:
            number = int(cells[0])
        except ValueError:
            raise DataError(f"{path}, line {line}: a film's number must be whole; got {cells[0]!r}") from None
        if number in films:
            raise DataError(f"{path}, line {line}: film {number} was listed before; keep one of them")
        if flags:
            genres = tuple(genre for genre, flag in zip(_GENRES, cells[5:], strict=False) if flag.strip() == "1")
        else:
            genres = tuple(cells[2].replace("Children's", "Children").split("|"))
        films[number] = (cells[1].strip(), tuple(g for g in genres if g not in ("", "unknown", "(no genres listed)")))
    if not films:
        raise DataError(f"{path}: lists no film; remove it, or put the whole list there")
    return films


def _film_records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the fields of each film."""
    lines = _lines(path)
    if path.name == "movies.csv":
        reader = csv.reader(line + "\n" for line in lines)
        try:
            for cells in reader:
                if cells and cells[0] != "movieId":
                    yield reader.line_num, cells
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: {error}; close the quotes") from None
        return
    separator = "|" if path.name == "u.item" else "::"
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, line.split(separator)


def _rows(data: RatingsDataset, test: _Columns, path: Path) -> np.ndarray:
    """Return the rows of `data` that the ratings of a fold are."""
    width = len(data.item_ids)
    keys = data.users * width + data.items
    order = np.argsort(keys, kind="stable")
    wanted = np.searchsorted(data.user_ids, test.users) * width + np.searchsorted(data.item_ids, test.items)
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    rows = order[place]
    if not (keys[rows] == wanted).all():
        bad = int(np.argmax(keys[rows] != wanted))
        raise DataError(f"{path}, line {test.lines[bad]}: this rating is not in u.data; fetch both again")
    return rows
