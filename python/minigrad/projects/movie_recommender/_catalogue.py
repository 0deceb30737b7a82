"""The films: their titles as people say them, finding one by part of its title, and well-known ones."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from minigrad.datasets import RatingsDataset

__all__ = ["Catalogue", "Found"]

# Articles that the published titles move to the end: "Matrix, The (1999)".
_ARTICLE = re.compile(
    r"^(?P<rest>.+), (?P<article>The|A|An|Le|La|Les|L'|Il|Lo|Der|Die|Das|El|Los|Las|Un|Une|Det|De)$", re.IGNORECASE
)
_YEAR = re.compile(r"^(?P<rest>.*?)\s*\((?P<year>\d{4})(?:[-–]\d{0,4})?\)\s*$")
_WORD = re.compile(r"[^\W_]+")
# The films that are asked about first, where the data has them.
_OPENING = ("The Matrix", "Titanic", "Inception")


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    films : tuple of int
        The films that match, the best first: among equally good ones, the most rated.
    near : tuple of int
        If there is none, the films with the most similar titles.
    """

    films: tuple[int, ...]
    near: tuple[int, ...] = ()


def _words(text: str) -> str:
    """Return the words of a text without case, accents and punctuation."""
    flat = unicodedata.normalize("NFKD", text.casefold())
    flat = "".join(letter for letter in flat if not unicodedata.combining(letter)).replace("'", "").replace("’", "")
    return " ".join(_WORD.findall(flat.replace("&", " and ")))


def _spoken(title: str) -> tuple[str, str, tuple[str, ...]]:
    """Split a published title: as people say it, its year, and the other titles that stand in brackets."""
    match = _YEAR.match(title)
    rest, year = (match["rest"], match["year"]) if match else (title.strip(), "")
    inside = re.findall(r"\(([^()]*)\)", rest)
    main = re.sub(r"\s*\([^()]*\)", "", rest).strip() or rest
    others = [re.sub(r"^a\.?k\.?a\.?\s+", "", text, flags=re.IGNORECASE) for text in inside]
    return _in_front(main), year, tuple(_in_front(text) for text in others)


def _in_front(title: str) -> str:
    match = _ARTICLE.match(title.strip())
    if match is None:
        return title.strip()
    gap = "" if match["article"].endswith("'") else " "
    return f"{match['article']}{gap}{match['rest']}"


def _bare(words: str) -> str:
    """Return the words without a leading article."""
    return re.sub(r"^(the|a|an) ", "", words)


class Catalogue:
    """The films of a data set.

    Parameters
    ----------
    data : RatingsDataset

    Attributes
    ----------
    names : tuple of str
        Titles as people say them, without the year: ``"The Matrix"``.
    counts : ndarray of int
        Ratings of each film.
    means : ndarray of float
        Mean rating of each film; that of all ratings where there is none.
    """

    def __init__(self, data: RatingsDataset) -> None:
        self.data = data
        parts = [_spoken(title) for title in data.titles]
        self.names = tuple(name for name, _, _ in parts)
        self._years = tuple(year for _, year, _ in parts)
        self.counts = data.counts
        total = np.bincount(data.items, weights=data.values, minlength=len(self.names))
        overall = float(data.values.mean(dtype=np.float64))
        self.means = np.where(self.counts > 0, total / np.maximum(self.counts, 1), overall)
        self._keys = [{_words(name), *map(_words, others)} - {""} for name, _, others in parts]
        self._dated = [_words(f"{name} {year}") for name, year, _ in parts]

    def name(self, film: int) -> str:
        """Return the title with its year, as people say it."""
        year = self._years[film]
        return f"{self.names[film]} ({year})" if year else self.names[film]

    def label(self, film: int) -> str:
        """Return the title, with the year only where another film has the same one."""
        twins = sum(name == self.names[film] for name in self.names)
        return self.name(film) if twins > 1 else self.names[film]

    def same_title(self, film: int) -> list[int]:
        """Return the other films of the same title."""
        return [i for i, name in enumerate(self.names) if i != film and name == self.names[film]]

    def find(self, text: str) -> Found:
        """Search for a film by its title, by part of it, or by what words of it begin with.

        Parameters
        ----------
        text : str
            Case, accents, punctuation and a leading article do not matter; a year may follow.

        Returns
        -------
        Found
        """
        wanted = _words(text)
        if not wanted:
            return Found(())
        whole = [i for i, dated in enumerate(self._dated) if wanted in (dated, *self._keys[i])]
        if whole:
            return Found(self._by_count(whole))
        bare = _bare(wanted)
        same = [i for i, keys in enumerate(self._keys) if any(_bare(key) == bare for key in keys)]
        starts = [i for i in range(len(self.names)) if any(f" {wanted}" in f" {key}" for key in self._all(i))]
        taken = {*same, *starts}
        within = [i for i in range(len(self.names)) if i not in taken and any(wanted in key for key in self._all(i))]
        # The best of each kind of match before the next kind; a film counts where it matches best.
        films = tuple(dict.fromkeys(self._by_count(same) + self._by_count(starts) + self._by_count(within)))
        if films:
            return Found(films)
        parts = wanted.split()
        films = self._by_count(
            [i for i in range(len(self.names)) if any(all(part in key for part in parts) for key in self._all(i))]
        )
        return Found(films) if films else Found((), self._near(wanted))

    def _all(self, film: int) -> list[str]:
        return [*self._keys[film], self._dated[film]]

    def _by_count(self, films: Sequence[int]) -> tuple[int, ...]:
        return tuple(sorted(films, key=lambda i: (-int(self.counts[i]), i)))

    def _near(self, wanted: str) -> tuple[int, ...]:
        by_key: dict[str, int] = {}
        for film in self._by_count(range(len(self.names))):
            for key in self._keys[film]:
                for text in (key, _bare(key), *(word for word in key.split() if len(word) > 3)):
                    by_key.setdefault(text, film)
        close = difflib.get_close_matches(wanted, by_key, n=8, cutoff=0.6)
        return tuple(dict.fromkeys(by_key[key] for key in close))[:3]

    def well_known(self, n: int, skip: Sequence[int] = ()) -> list[int]:
        """Return films that many people have seen and that differ from each other.

        The opening ones come first, where the data has them; the others are the most rated, each
        counted for less, the more of its genres an earlier one shares.

        Parameters
        ----------
        n : int
        skip : sequence of int
            Films not wanted.

        Returns
        -------
        list of int
        """
        opening: list[int] = []
        for title in _OPENING:
            whole = [i for i, name in enumerate(self.names) if name == title and self.counts[i] > 0 and i not in skip]
            opening += self._by_count(whole)[:1]
        return self._diverse(self.counts.astype(float), opening[:n], n, skip)

    def popular(self, n: int, skip: Sequence[int] = (), least: int = 20) -> list[int]:
        """Return films that many people liked, of different genres: what to say to one about whom nothing is known.

        Parameters
        ----------
        n : int
        skip : sequence of int
            Films not wanted.
        least : int, default 20
            Ratings that a film must have.

        Returns
        -------
        list of int
        """
        enough = self.counts >= least
        if not enough.any():
            enough = self.counts > 0
        overall = float(self.data.values.mean(dtype=np.float64))
        # Each film is credited with some ratings at the overall mean, and counts by what it has above that.
        damped = (self.counts * self.means + 20.0 * overall) / (self.counts + 20.0) - overall
        worth = np.where(enough & (damped > 0), damped * np.sqrt(self.counts), 0.0)
        return self._diverse(worth, [], n, skip)

    def _diverse(self, worth: np.ndarray, chosen: list[int], n: int, skip: Sequence[int]) -> list[int]:
        pool = [int(i) for i in np.argsort(-worth, kind="stable")[: 60 + 4 * n] if worth[i] > 0 and i not in skip]
        while len(chosen) < n:
            rest = [i for i in pool if i not in chosen]
            if not rest:
                break
            chosen.append(
                max(rest, key=lambda i: worth[i] * (1.0 - 0.6 * max(map(self._alike(i), chosen), default=0.0)))
            )
        return chosen

    def _alike(self, film: int) -> Callable[[int], float]:
        """Return a function that says which share of their genres a film has in common with `film`."""
        own = set(self.data.genres[film])
        series = self.names[film].split(":")[0]

        def share(other: int) -> float:
            if self.names[other].split(":")[0] == series:
                return 1.0
            theirs = set(self.data.genres[other])
            return len(own & theirs) / len(own | theirs) if own | theirs else 0.0

        return share
