"""A person's ratings in a file: a title and a rating in each line, to be read and corrected by hand."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from minigrad import DataError
from minigrad.projects.movie_recommender._catalogue import Catalogue
from minigrad.serialization import write_atomically

__all__ = ["read_ratings", "stars", "write_ratings"]

_HEADING = ["title", "rating"]


def stars(text: str, scale: tuple[float, float], step: float) -> float | None:
    """Return the rating that a text is, or None if it is none that can be given.

    Parameters
    ----------
    text : str
    scale : tuple of float
    step : float
    """
    try:
        value = float(text)
    except ValueError:
        return None
    return value if scale[0] <= value <= scale[1] and value % step == 0 else None


def write_ratings(path: Path, catalogue: Catalogue, ratings: dict[int, float]) -> None:
    """Write ratings by title; the file that was there is whole until the new one is.

    Parameters
    ----------
    path : Path
    catalogue : Catalogue
    ratings : dict of int to float
        By film.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADING)
    for film, value in ratings.items():
        writer.writerow([catalogue.data.titles[film], f"{value:g}"])
    write_atomically(path, text.getvalue().encode())


def read_ratings(path: Path, catalogue: Catalogue) -> tuple[dict[int, float], list[str]]:
    """Read ratings by title.

    Parameters
    ----------
    path : Path
    catalogue : Catalogue

    Returns
    -------
    ratings : dict of int to float
        By film; a film that is there twice has its last rating.
    unknown : list of str
        Titles that this data set does not have, each with its line.

    Raises
    ------
    DataError
        If the file cannot be read or a line is not a title and a rating; the line is named.
    """
    try:
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: is no file of ratings ({error}); it must hold a title and a rating a line") from None
    by_title = {title: film for film, title in enumerate(catalogue.data.titles)}
    ratings: dict[int, float] = {}
    unknown = []
    for number, cells in enumerate(rows, 1):
        if not cells or (number == 1 and [cell.strip().lower() for cell in cells] == _HEADING):
            continue
        if len(cells) != 2:
            raise DataError(f"{path}, line {number}: must be a title and a rating; got {len(cells)} column(s)")
        title, text = cells[0].strip(), cells[1].strip()
        value = stars(text, catalogue.data.scale, catalogue.data.step)
        if value is None:
            wanted = range_words(catalogue)
            raise DataError(f"{path}, line {number}: a rating must be {wanted}; got {text!r}; correct or remove it")
        film = by_title.get(title)
        if film is None:
            unknown.append(f"line {number}: {title}")
        else:
            ratings[film] = value
    return ratings, unknown


def range_words(catalogue: Catalogue) -> str:
    """Say which ratings can be given."""
    low, high = catalogue.data.scale
    return f"a {'whole ' if catalogue.data.step == 1 else ''}number from {low:g} to {high:g}" + (
        "" if catalogue.data.step == 1 else " in halves"
    )
