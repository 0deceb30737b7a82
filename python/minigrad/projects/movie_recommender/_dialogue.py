"""The dialogue: ratings are asked for, films are recommended, and questions about them answered."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from pathlib import Path

from minigrad import DataError
from minigrad.projects._program import Session
from minigrad.projects.movie_recommender import _report
from minigrad.projects.movie_recommender._methods import METHODS
from minigrad.projects.movie_recommender._saved import range_words, read_ratings, stars, write_ratings
from minigrad.projects.movie_recommender._visitor import Visitor

__all__ = ["Dialogue", "reader"]

_ASKED = 15  # films that are asked about at most
_SHOWN = 5
_SAVED = "my_ratings.csv"

_HELP = """\
more            the next five                          rate TITLE N    rate a film, or change a rating
why N           what carried recommendation N          forget TITLE    take a rating back
similar TITLE   the films nearest to one               ratings         what you have rated
method [NAME]   how films are found, or change it      save [FILE]     keep your ratings (my_ratings.csv)
evaluate [SET]  how good the methods are, measured     map [FILE]      a picture of the films by their factors
top             the first five again                   quit            or end of file"""


def reader(echo: bool) -> Callable[[str], str | None]:
    """Return a function that prints a prompt and returns the line typed, or None at the end of the input.

    Parameters
    ----------
    echo : bool
        Whether prompts are shown. In a pipe the line read is shown too, as if it were typed.
    """
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if terminal and echo:
        import readline  # noqa: F401  # gives `input` a history and keys to edit the line

    def read(prompt: str) -> str | None:
        if terminal and echo:
            try:
                return input(prompt)
            except EOFError:
                print()
                return None
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            line = "\ufffd\n"  # not a command; it explains itself and goes on
        if echo:
            print(f"{prompt}{line.rstrip(chr(10))}", flush=True)
        return line.rstrip("\r\n") if line else None

    return read


class Dialogue:
    """What is said and asked, line by line.

    Parameters
    ----------
    session : Session
    visitor : Visitor
    read : callable
        From `reader`.
    evaluate : callable
        ``evaluate(name)`` measures the methods on a data set and reports; ``""`` names the usual one.
    draw : callable
        ``draw(path, films)`` saves the map of films with some of them marked.
    kept : Path, optional
        The file of the visitor's ratings: read now if it is there, written at every change.
    """

    def __init__(
        self,
        session: Session,
        visitor: Visitor,
        read: Callable[[str], str | None],
        *,
        evaluate: Callable[[str], None],
        draw: Callable[[Path, list[int]], None],
        kept: Path | None = None,
    ) -> None:
        self._session, self.visitor, self._read = session, visitor, read
        self._evaluate, self._draw, self._kept = evaluate, draw, kept
        self._catalogue = visitor.catalogue
        self._shown = 0
        self._commands: dict[str, Callable[[str], None]] = {
            "more": lambda rest: self._more(),
            "why": self._why,
            "rate": self._rate,
            "similar": self._similar,
            "method": self._method,
            "evaluate": self._measure,
            "map": self._map,
            "forget": self._forget,
            "ratings": lambda rest: self._say(_report.ratings_line(self._catalogue, self.visitor.ratings)),
            "save": self._save,
            "top": lambda rest: self._first(),
            "help": lambda rest: self._say(_HELP),
        }

    def run(self) -> None:
        """Ask for ratings, recommend, and answer until the visitor leaves."""
        if self._kept is not None and self._kept.exists():
            self._load(self._kept)
        if self._ask():
            self._say()
            self._first()
            self._answer()

    def _say(self, text: str = "") -> None:
        self._session.say(text)

    # Asking for ratings

    def _ask(self) -> bool:
        """Ask for ratings; return whether to go on."""
        self._say(f"Rate these films: {range_words(self._catalogue)}, 'skip', 'done', or part of another film's title.")
        waiting = self._catalogue.well_known(_ASKED, skip=list(self.visitor.ratings))
        seen = 0
        while waiting:
            film = waiting[0]
            line = self._read(f"{self._catalogue.names[film]}: ")
            if line is None or line.strip().lower() == "done":
                break
            if line.strip().lower() in ("quit", "q", "exit"):
                return False
            answered, other = self._take(film, line.strip())
            if other is not None:
                waiting = [other, *(f for f in waiting if f != other)]
            elif answered:
                waiting.pop(0)
                seen += 1
        return True

    def _take(self, film: int, text: str) -> tuple[bool, int | None]:
        """Understand an answer: whether the film is dealt with, or another one to ask about first."""
        word = text.lower()
        if word in ("skip", "s"):
            return True, None
        if word == "help":
            self._say(
                f"A rating is {range_words(self._catalogue)}; 'skip' leaves a film out, 'done' ends the questions; "
                "part of another film's title asks about that one, with a rating behind it rates it at once."
            )
            return False, None
        value = stars(text, *self._scale)
        if value is not None:
            self._set(film, value)
            return True, None
        if not text or _looks_like_number(text):
            got = f"; got {text!r}" if text else ""
            self._say(f"  A rating must be {range_words(self._catalogue)}{got}; or type 'skip' or 'done'.")
            return False, None
        title, value = self._title_and_rating(text)
        found = self._found(title)
        if found is not None and value is not None:
            self._set(found, value)
            self._say(f"  {self._catalogue.name(found)}: {value:g}")
            return found == film, None
        return False, found

    @property
    def _scale(self) -> tuple[tuple[float, float], float]:
        data = self._catalogue.data
        return data.scale, data.step

    def _title_and_rating(self, text: str) -> tuple[str, float | None]:
        """Split a rating off the end, unless it belongs to the title ("Toy Story 3")."""
        title, _, last = text.rpartition(" ")
        value = stars(last, *self._scale)
        if not title or value is None or self._catalogue.find(text).films:
            return text, None
        return title.strip(), value

    def _found(self, title: str) -> int | None:
        """Return the film that a text means, saying so where there is a choice."""
        found = self._catalogue.find(title)
        if not found.films:
            near = ", ".join(self._catalogue.name(film) for film in found.near)
            self._say(f"  No film here is called {title!r}{'; near it: ' + near if near else ''}.")
            return None
        if len(found.films) > 1:
            self._say("  " + _report.choice_line(self._catalogue, title, found.films))
        return found.films[0]

    def _set(self, film: int, value: float | None) -> None:
        self.visitor.rate(film, value)
        if self._kept is not None:
            self._write(self._kept)

    # Recommending

    def _first(self) -> None:
        self._shown = 0
        for line in _report.preamble(self.visitor):
            self._say(line)
        if not self.visitor.ratings:
            for line in _report.popular_lines(self._catalogue, self._catalogue.popular(_SHOWN)):
                self._say(line)
            return
        self._more(f"Top {_SHOWN} recommendations for you:")

    def _more(self, title: str = "") -> None:
        if not self.visitor.ratings:
            known = self._catalogue.popular(self._shown + 2 * _SHOWN)[self._shown + _SHOWN :]
            self._shown += _SHOWN
            for line in _report.popular_lines(self._catalogue, known, self._shown) or ["There are no more."]:
                self._say(line)
            return
        found = self.visitor.suggestions(self._shown + _SHOWN)[self._shown :]
        if title:
            self._say(title)
        if not found:
            self._say("There are no more films with enough ratings.")
        for place, suggestion in enumerate(found, self._shown + 1):
            for line in _report.suggestion_lines(self.visitor, place, suggestion):
                self._say(line)
        self._shown += len(found)

    # Answering

    def _answer(self) -> None:
        self._say("Ask on: more, why N, rate TITLE N, similar TITLE, method NAME, evaluate, map, help, quit.")
        while True:
            line = self._read("> ")
            if line is None:
                return
            word, _, rest = line.strip().partition(" ")
            word = word.lower()
            if word in ("quit", "exit", "q"):
                return
            if word:
                self._obey(word, rest.strip())

    def _obey(self, word: str, rest: str) -> None:
        command = self._commands.get(word)
        if command is None:
            near = difflib.get_close_matches(word, [*self._commands, "quit"], n=1)
            self._say(f"There is no command {word!r}{f'; did you mean {near[0]!r}?' if near else '.'} help lists them.")
            return
        try:
            command(rest)
        except DataError as error:
            self._say(str(error))

    def _why(self, rest: str) -> None:
        if not self.visitor.ratings:
            self._say("You have rated nothing: these are popular films, and nothing else speaks for them.")
            return
        most = max(self._shown, _SHOWN)
        if not rest.isdecimal() or not 1 <= int(rest) <= most:
            self._say(f"why N: N must be the number of a recommendation, 1 to {most}; got {rest!r}.")
            return
        found = self.visitor.suggestions(int(rest))
        if len(found) < int(rest):
            self._say(f"There are only {len(found)} recommendations." if found else "There is nothing to explain.")
            return
        for line in _report.why_lines(self.visitor, found[int(rest) - 1]):
            self._say(line)

    def _rate(self, rest: str) -> None:
        title, _, last = rest.rpartition(" ")
        value = stars(last, *self._scale)
        if not title.strip() or value is None:
            wanted = range_words(self._catalogue)
            self._say(f"rate TITLE N: N must be {wanted}, after a title; got {rest!r}.")
            return
        film = self._found(title.strip())
        if film is None:
            return
        before = self.visitor.ratings.get(film)
        self._set(film, value)
        changed = f" (it was {before:g})" if before is not None else ""
        self._say(f"{self._catalogue.name(film)}: {value:g}{changed}.")
        self._first()

    def _forget(self, rest: str) -> None:
        if not rest:
            self._say("forget TITLE: name a film that you have rated.")
            return
        films = self._catalogue.find(rest).films
        film = next((film for film in films if film in self.visitor.ratings), None)
        if film is None:
            self._say(f"You have not rated {self._catalogue.name(films[0]) if films else repr(rest)}.")
            return
        self._set(film, None)
        self._say(f"Your rating of {self._catalogue.name(film)} is forgotten.")
        self._first()

    def _similar(self, rest: str) -> None:
        if not rest:
            self._say("similar TITLE: name a film.")
            return
        film = self._found(rest)
        if film is None:
            return
        for line in _report.similar_lines(self._catalogue, film, self.visitor.similar(film, _SHOWN)):
            self._say(line)

    def _method(self, rest: str) -> None:
        name = rest.lower()
        if name in METHODS:
            self.visitor.choose(name)
            self._first()
            return
        if name:
            near = difflib.get_close_matches(name, METHODS, n=1)
            self._say(f"There is no method {rest!r}{f'; did you mean {near[0]!r}?' if near else '.'}")
        for line in _report.method_lines(self.visitor.method):
            self._say(line)

    def _measure(self, rest: str) -> None:
        self._evaluate(rest)

    def _map(self, rest: str) -> None:
        path = Path(rest or f"{self._catalogue.data.name}_map.png")
        marked = [s.film for s in self.visitor.suggestions(_SHOWN)] if self.visitor.ratings else []
        self._draw(path, marked)

    # Keeping

    def _load(self, path: Path) -> None:
        ratings, unknown = read_ratings(path, self._catalogue)
        for film, value in ratings.items():
            self.visitor.rate(film, value)
        self._say(f"Read {len(ratings)} ratings of yours from {path}.")
        for words in unknown:
            self._say(f"  {path}, {words} is not in this data set; passed over.")

    def _write(self, path: Path) -> None:
        write_ratings(path, self._catalogue, self.visitor.ratings)
        self._session.kept[:] = [*(p for p in self._session.kept if p != path), path]

    def _save(self, rest: str) -> None:
        path = Path(rest) if rest else self._kept or Path(_SAVED)
        self._write(path)
        self._say(f"Saved {len(self.visitor.ratings)} ratings to {path}; --ratings {path} takes them up again.")


def _looks_like_number(text: str) -> bool:
    """Whether a text was meant as a rating: "6", "4,5", "-1"; but "300" and "2001" are films."""
    try:
        return float(text.replace(",", ".")) <= 10
    except ValueError:
        return False
