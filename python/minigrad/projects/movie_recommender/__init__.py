"""Movie recommender: rate a few films, be told others, why, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from minigrad import datasets, ui
from minigrad.datasets import RatingsDataset
from minigrad.projects._program import Session, Tour, program, run
from minigrad.projects.movie_recommender import _evaluation, _figure, _report
from minigrad.projects.movie_recommender._catalogue import Catalogue
from minigrad.projects.movie_recommender._dialogue import Dialogue, reader
from minigrad.projects.movie_recommender._methods import DEFAULT, METHODS
from minigrad.projects.movie_recommender._visitor import Visitor

__all__ = ["command", "main", "tour"]

_EXAMPLE = """
Example:

  $ minigrad movie-recommender
  Loading movielens-latest-small: 100,836 ratings of 9,724 films by 610 users...
  Rate these films: a number from 0.5 to 5 in halves, 'skip', 'done', or part of another film's title.
  The Matrix: 5
  Titanic: 3
  Inception: 5
  The Shawshank Redemption: done

  You rated 3 films: The Matrix (1999) 5, Titanic (1997) 3 [not Titanic (1953)], Inception (2010) 5.
  Top 5 recommendations for you:
  1. The Shawshank Redemption (similarity: 0.61)
     4.6 to expect, 90% between 3.5 and 5.0; 317 ratings
     because of your 5 for Inception (+0.18 stars), your 5 for The Matrix (+0.16 stars); ...
  2. The Dark Knight (similarity: 0.71)
  ...

Then ask on: more, why N, rate TITLE N, similar TITLE, method NAME, evaluate, map, help, quit.
`minigrad movie-recommender evaluate` measures every method on MovieLens 100k.
"""

_TASKS = ("evaluate", "map")
_NAMED = {
    "latest-small": "movielens-latest-small",
    "100k": "movielens-100k",
    "synthetic": "synthetic-ratings",
}


@program("movie-recommender", _EXAMPLE)
@click.argument("words", nargs=-1, metavar="[evaluate|map] [DATA]")
@click.option(
    "--dataset",
    type=click.Choice(list(_NAMED)),
    help="A named data set instead of files of yours  [default: latest-small; evaluate: 100k]",
)
@click.option("--method", type=click.Choice(list(METHODS)), default=DEFAULT, show_default=True)
@click.option(
    "--ratings",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your ratings: read if there, kept at every change.",
)
def command(session: Session, words: tuple[str, ...], dataset: str | None, method: str, ratings: Path | None) -> None:
    """Rate films you know and be told others you may like, with the reasons and how sure that is.

    DATA is a folder or a file of ratings in any of MovieLens' forms. `evaluate` measures all methods,
    `map` draws the films by their factors.
    """
    task = words[0] if words and words[0] in _TASKS else ""
    paths = words[1:] if task else words
    if len(paths) > 1:
        raise click.UsageError(f"name one data set; got {' '.join(paths)}")
    if paths and dataset:
        raise click.UsageError("name files of ratings or --dataset, not both")
    if session.save is not None and session.save.suffix.lower().lstrip(".") not in ui.FORMATS:
        raise click.UsageError(f"--save {session.save}: the name of the picture must end in .png or .svg or .pdf")
    load = partial(_load, session, path=paths[0] if paths else None, name=dataset)
    if task == "evaluate":
        _evaluate(session, load(usual="100k"))
        return
    data = load(usual="latest-small")
    visitor = Visitor(Catalogue(data), method, session.seed)
    if task == "map":
        path = session.path(f"{data.name}_map.png")
        _map(session, visitor, path, [])
        session.result({"dataset": data.name, "films": len(_figure.plane_of(visitor)[0]), "picture": str(path or "")})
        return
    _converse(session, visitor, ratings, own=bool(paths or dataset))


def _load(session: Session, *, path: str | None, name: str | None, usual: str) -> RatingsDataset:
    """Return the data that was named, else the usual set, and say what it is."""
    if path is not None:
        data = datasets.read_movielens(path)
    else:
        kind = name or usual
        options = {"seed": session.seed} if kind == "synthetic" else {}
        with ui.progress("Downloading", unit="bytes") as report:
            loaded = datasets.load(_NAMED[kind], progress=lambda file, done, total: report(done, total), **options)
        assert isinstance(loaded, RatingsDataset)
        data = loaded
    session.say(_report.loading_line(data))
    return data


def _converse(session: Session, visitor: Visitor, ratings: Path | None, own: bool) -> None:
    """Hold the dialogue; what is asked of it beyond recommendations happens here."""

    def evaluate(name: str) -> None:
        if name and name not in _NAMED:
            session.say(f"evaluate SET: SET must be one of {', '.join(_NAMED)}, or nothing; got {name!r}.")
        elif own and not name:
            _evaluate(session, visitor.catalogue.data)
        else:
            _evaluate(session, _load(session, path=None, name=name or "100k", usual=""))

    def draw(path: Path, films: list[int]) -> None:
        _map(session, visitor, path, films)

    read = reader(echo=not session.json)
    Dialogue(session, visitor, read, evaluate=evaluate, draw=draw, kept=ratings).run()
    if session.save is not None:
        _map(session, visitor, session.save, [s.film for s in visitor.suggestions(5)] if visitor.ratings else [])
    if session.json:
        session.result(_report.as_json(visitor))


def _evaluate(session: Session, data: RatingsDataset) -> None:
    """Measure all methods, line by line as they are done."""
    for line in _evaluation.head_lines(data):
        session.say(line)
    rows = []
    with ui.progress("Measuring the methods") as report:
        for row in _evaluation.evaluate(data, session.seed, report):
            rows.append(row)
            session.say(_evaluation.row_line(row))
    known = data.name == "movielens-100k"
    for line in _evaluation.published_lines(rows) if known else []:
        session.say(line)
    path = session.save
    if path is not None:
        with ui.new_figure() as figure:
            _figure.draw_errors(figure, f"{data.name}: how far each method misses", rows, known)
            ui.save_figure(figure, path)
        session.keep(path)
        session.say(f"Saved picture to {path}")
    methods = {row.method: {**row.figures, "seconds": row.seconds} for row in rows}
    counts: dict[str, Any] = {"dataset": data.name, "synthetic": data.synthetic, "ratings": len(data.values)}
    counts |= {"users": len(data.user_ids), "films": int((data.counts > 0).sum())}
    session.result({**counts, "methods": methods, "picture": str(path or "")})


def _map(session: Session, visitor: Visitor, path: Path | None, films: list[int]) -> None:
    """Draw the films; save the picture and, with a display, show it."""
    backend = session.window[0]
    if path is None and backend is None:
        return
    title = f"Films of {visitor.catalogue.data.name}"
    with ui.new_figure(11.6, 8.4, window=backend, title=title) as figure:
        _figure.draw_map(figure, visitor, films)
        if path is not None:
            ui.save_figure(figure, path)
            session.keep(path)
            session.say(f"Saved map of the films to {path}")
        if backend is not None:
            ui.show(figure)


def tour() -> Tour:
    """Return the films of synthetic ratings on the plane of their factors."""
    data = datasets.load_synthetic_ratings()
    visitor = Visitor(Catalogue(data), DEFAULT, 0)
    kind = data.genres[0][0]
    for film in [i for i, genres in enumerate(data.genres) if kind in genres][:4]:
        visitor.rate(film, 5.0)
    for film in [i for i, genres in enumerate(data.genres) if kind not in genres][:4]:
        visitor.rate(film, 2.0)
    found = visitor.suggestions(5)
    with ui.new_figure(11.6, 8.4) as figure:
        _figure.draw_map(figure, visitor, [s.film for s in found])
        picture = ui.render(figure)
    best = found[0]
    return Tour(
        title="Films for a visitor who likes one kind of them (synthetic ratings)",
        figures={
            "ratings": f"{len(data.values):,}",
            "of the kind liked": f"{sum(kind in data.genres[s.film] for s in found)} of 5 recommended",
            "first": f"{best.expected:.1f}, 90% between {best.low:.1f} and {best.high:.1f}",
        },
        picture=picture,
    )


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit."""
    run(command, args, "movie_recommender")
