"""The lines of the dialogue, and the result as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad import ui
from minigrad.datasets import RatingsDataset
from minigrad.learn.recommend import Reason
from minigrad.projects.movie_recommender import _by_hand
from minigrad.projects.movie_recommender._catalogue import Catalogue
from minigrad.projects.movie_recommender._methods import METHODS
from minigrad.projects.movie_recommender._visitor import LEAST, Suggestion, Visitor

__all__ = [
    "as_json",
    "choice_line",
    "loading_line",
    "method_lines",
    "popular_lines",
    "preamble",
    "ratings_line",
    "similar_lines",
    "suggestion_lines",
    "why_lines",
]

_OTHERS = 3  # further films named where a search finds several


def loading_line(data: RatingsDataset) -> str:
    """Say what is loaded, with its true counts."""
    rated = int((data.counts > 0).sum())
    aside = " (synthetic: nobody gave them)" if data.synthetic else ""
    users = len(data.user_ids)
    return f"Loading {data.name}: {len(data.values):,} ratings of {rated:,} films by {users:,} users{aside}..."


def choice_line(catalogue: Catalogue, title: str, films: Sequence[int]) -> str:
    """Say which of several films is meant: the most rated of those that match best."""
    others = [f"{catalogue.name(film)}, {catalogue.counts[film]:,}" for film in films[1 : 1 + _OTHERS]]
    rest = len(films) - 1 - len(others)
    more = f"; and {rest:,} more" if rest else ""
    best = films[0]
    return (
        f"{len(films):,} films match {title!r}: taking {catalogue.name(best)}, rated by {catalogue.counts[best]:,} "
        f"(not {'; '.join(others)}{more})."
    )


def ratings_line(catalogue: Catalogue, ratings: dict[int, float]) -> str:
    """Say what was rated; a title that stands for several films is said to."""
    if not ratings:
        return "You have rated nothing yet."
    parts = []
    for film, value in ratings.items():
        twins = catalogue.same_title(film)
        aside = f" [not {', '.join(catalogue.name(twin) for twin in twins)}]" if twins else ""
        parts.append(f"{catalogue.name(film)} {value:g}{aside}")
    return f"You rated {len(ratings)} film{'s' * (len(ratings) > 1)}: {', '.join(parts)}."


def preamble(visitor: Visitor) -> list[str]:
    """Say what the recommendations are made of."""
    lines = [ratings_line(visitor.catalogue, visitor.ratings)]
    if not visitor.ratings:
        return ["You have rated nothing, so these are not chosen for you: popular films of different kinds."]
    if visitor.tells_nothing:
        value = next(iter(visitor.ratings.values()))
        word = "Your one rating is" if len(visitor.ratings) == 1 else f"All your {len(visitor.ratings)} ratings are"
        lines.append(
            f"{word} {value:g}: without a difference between them your taste can hardly be told, so this leans on what "
            "others liked."
        )
    return lines


def popular_lines(catalogue: Catalogue, films: Sequence[int], before: int = 0) -> list[str]:
    """Return lines about films that are suggested to everybody."""
    means, counts = catalogue.means, catalogue.counts
    return [
        f"{place}. {catalogue.label(film)} ({means[film]:.1f} on average of {counts[film]:,} ratings)"
        for place, film in enumerate(films, before + 1)
    ]


def suggestion_lines(visitor: Visitor, place: int, suggestion: Suggestion) -> list[str]:
    """Return the line of a recommendation, and below it what to expect and why."""
    s, catalogue, counts = suggestion, visitor.catalogue, visitor.catalogue.counts
    return [
        f"{place}. {catalogue.label(s.film)} (similarity: {s.similarity:.2f})",
        f"   {s.expected:.1f} to expect, 90% between {s.low:.1f} and {s.high:.1f}; {counts[s.film]:,} ratings",
        f"   {_because(visitor, s.reasons)}",
    ]


def _because(visitor: Visitor, reasons: Sequence[Reason]) -> str:
    """Put reasons into words, those against it last."""
    if not reasons:
        return "because most people liked it: nothing that you rated speaks for or against it"
    if reasons[0].kind == "users":
        return "because " + ", ".join(_neighbour(visitor, reason) for reason in reasons)
    words = [_own_film(visitor, reason) for reason in reasons if reason.weight >= 0]
    against = [_own_film(visitor, reason) for reason in reasons if reason.weight < 0]
    parts = ["because of " + ", ".join(words)] if words else []
    return "; ".join(parts + (["despite " + ", ".join(against)] if against else []))


def _neighbour(visitor: Visitor, reason: Reason) -> str:
    number = visitor.catalogue.data.user_ids[reason.index]
    return f"user {number} gave it {reason.rating:g} ({reason.weight:.2f} like you, {reason.support} in common)"


def _own_film(visitor: Visitor, reason: Reason) -> str:
    what = f"your {reason.rating:g} for {visitor.catalogue.label(reason.index)}"
    if METHODS[visitor.method].in_stars:
        return f"{what} ({reason.weight:+.2f} stars)"
    return f"{what} ({reason.weight:.2f}, {reason.support} rated both)"


def why_lines(visitor: Visitor, suggestion: Suggestion) -> list[str]:
    """Work out one recommendation."""
    catalogue, film = visitor.catalogue, suggestion.film
    reasons = visitor.taken_in().reasons(film, 8)
    lines = [
        f"{catalogue.name(film)}: {catalogue.means[film]:.2f} on average of {catalogue.counts[film]:,} ratings, "
        f"{suggestion.expected:.2f} to expect of you (method {visitor.method}: {METHODS[visitor.method].words})."
    ]
    if not reasons:
        return [*lines, "Nothing that you rated speaks for or against it: this is what most people thought."]
    rows = []
    for reason in reasons:
        if reason.kind == "users":
            who = f"user {catalogue.data.user_ids[reason.index]} gave it"
        else:
            who = f"you gave {catalogue.label(reason.index)}"
        rows.append([who, f"{reason.rating:g}", f"{reason.weight:+.3f}", str(reason.support)])
    weight = "stars" if METHODS[visitor.method].in_stars else "similarity"
    lines += ui.table(["what carried it", "rating", weight, "rests on"], rows).splitlines()
    return lines + _by_hand.lines(visitor, suggestion.film, reasons[0])


def similar_lines(catalogue: Catalogue, film: int, found: Sequence[tuple[int, float, int]]) -> list[str]:
    """Return lines about the films most similar to one."""
    if not found:
        return [f"No film with {LEAST} ratings is known to be like {catalogue.name(film)}: too few rated it."]
    head = f"People who rated {catalogue.name(film)} as you might also rated like it:"
    return [head] + [
        f"{place}. {catalogue.label(other)} (similarity: {similarity:.2f}, {support:,} rated both)"
        for place, (other, similarity, support) in enumerate(found, 1)
    ]


def method_lines(current: str) -> list[str]:
    """List the methods, the present one marked."""
    width = max(map(len, METHODS))
    return [f"{'*' if name == current else ' '} {name:<{width}}  {METHODS[name].words}" for name in METHODS]


def as_json(visitor: Visitor, n: int = 5) -> dict[str, Any]:
    """Return the visitor's ratings and recommendations."""
    catalogue, data = visitor.catalogue, visitor.catalogue.data

    def film(i: int) -> dict[str, Any]:
        return {"title": catalogue.name(i), "id": int(data.item_ids[i])}

    result: dict[str, Any] = {
        "dataset": data.name,
        "synthetic": data.synthetic,
        "ratings": len(data.values),
        "films": int((data.counts > 0).sum()),
        "users": len(data.user_ids),
        "method": visitor.method,
        "rated": [{**film(i), "rating": value} for i, value in visitor.ratings.items()],
    }
    if not visitor.ratings:
        return {**result, "popular": [film(i) for i in catalogue.popular(n)]}
    found = visitor.suggestions(n)
    result["recommendations"] = [
        {
            **film(s.film),
            "expected": s.expected,
            "low": s.low,
            "high": s.high,
            "similarity": s.similarity,
            "support": s.support,
            "reasons": [
                {
                    "kind": r.kind,
                    "of": film(r.index) if r.kind == "film" else {"user": int(data.user_ids[r.index])},
                    "weight": r.weight,
                    "rating": r.rating,
                    "support": r.support,
                }
                for r in s.reasons
            ],
        }
        for s in found
    ]
    return result
