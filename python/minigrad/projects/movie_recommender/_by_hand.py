"""A similarity worked out by hand: dot product, cosine, centred, shrunken, on one pair of lists.

Short lists and plain arithmetic, so that each step can be followed with a pencil; the models compute
the same in C for all pairs at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minigrad.learn.recommend import Reason
from minigrad.projects.movie_recommender._methods import METHODS
from minigrad.projects.movie_recommender._visitor import Visitor

__all__ = ["Pair", "lines", "pair_of"]

_TERMS = 6  # products that are written out


@dataclass(frozen=True)
class Pair:
    """What two people gave to the films that both rated, or two films got from the people who rated both.

    Attributes
    ----------
    a, b : sequence of float
        The ratings in common.
    from_a, from_b : sequence of float
        What each is measured from when it is centred: a mean, or a baseline.
    """

    a: Sequence[float]
    b: Sequence[float]
    from_a: Sequence[float]
    from_b: Sequence[float]

    @classmethod
    def about_means(cls, a: Sequence[float], b: Sequence[float]) -> Pair:
        """Return a pair that is centred by the means of what is in common."""
        n = max(len(a), 1)
        return cls(a, b, [math.fsum(a) / n] * len(a), [math.fsum(b) / n] * len(b))

    @property
    def dot(self) -> float:
        """Sum of the products."""
        return math.fsum(x * y for x, y in zip(self.a, self.b, strict=True))

    @property
    def cosine(self) -> float:
        """Dot product over the lengths; 0 if one of them is 0."""
        length = math.sqrt(math.fsum(x * x for x in self.a) * math.fsum(y * y for y in self.b))
        return self.dot / length if length else 0.0

    @property
    def centred(self) -> Pair:
        """The same, each rating less what it is measured from."""
        a = [x - m for x, m in zip(self.a, self.from_a, strict=True)]
        b = [y - m for y, m in zip(self.b, self.from_b, strict=True)]
        return Pair.about_means(a, b)

    def shrunken(self, towards_0: float) -> float:
        """Return the centred cosine, drawn toward 0 the more, the less it rests on.

        Parameters
        ----------
        towards_0 : float
            How many further ratings in common halve the effect.
        """
        free = len(self.a) - 1
        return self.centred.cosine * free / (free + towards_0) if free > 0 else 0.0


def pair_of(visitor: Visitor, film: int, reason: Reason) -> Pair:
    """Return the ratings that a reason compares.

    Parameters
    ----------
    visitor : Visitor
    film : int
        The one recommended.
    reason : Reason
    """
    data = visitor.catalogue.data
    if reason.kind == "users":
        mine = data.users == reason.index
        theirs = dict(zip(data.items[mine].tolist(), data.values[mine].tolist(), strict=True))
        common = [other for other in visitor.ratings if other in theirs]
        a, b = [visitor.ratings[other] for other in common], [theirs[other] for other in common]
        if not METHODS[visitor.method].from_baseline:
            return Pair.about_means(a, b)
        mean, people, films, damping = visitor.baseline()
        own = math.fsum(v - mean - films[other] for other, v in visitor.ratings.items())
        own /= damping + len(visitor.ratings)
        rest = [mean + films[other] for other in common]
        return Pair(a, b, [own + r for r in rest], [people[reason.index] + r for r in rest])
    columns = []
    for one in (film, reason.index):
        part = data.items == one
        columns.append(dict(zip(data.users[part].tolist(), data.values[part].tolist(), strict=True)))
    both = sorted(columns[0].keys() & columns[1].keys())
    a, b = ([column[person] for person in both] for column in columns)
    mean, people, films, _ = visitor.baseline()
    bases = ([mean + people[person] + films[one] for person in both] for one in (film, reason.index))
    return Pair(a, b, *bases)


def lines(visitor: Visitor, film: int, reason: Reason) -> list[str]:
    """Work out the similarity behind a reason, in four steps.

    Parameters
    ----------
    visitor : Visitor
    film : int
        The one recommended.
    reason : Reason

    Returns
    -------
    list of str
        Nothing for methods without neighbours.
    """
    method, catalogue = METHODS[visitor.method], visitor.catalogue
    if not method.neighbours:
        return []
    pair = pair_of(visitor, film, reason)
    n, centred = len(pair.a), pair.centred
    if reason.kind == "users":
        who = f"you and user {catalogue.data.user_ids[reason.index]}, {n} film{'s' * (n > 1)} in common"
    else:
        who = f"{catalogue.label(film)} and {catalogue.label(reason.index)}, by the {n} who rated both"
    about = "less baseline" if method.from_baseline else "mean-centred"
    towards = method.shrinkage or 10.0
    steps = [
        ("dot product", _sum(pair), f"{pair.dot:g}"),
        ("cosine", f"{pair.dot:g} / ({_length(pair.a)} · {_length(pair.b)})", f"{pair.cosine:.3f}"),
        (about, f"{centred.dot:.2f} / ({_length(centred.a)} · {_length(centred.b)})", f"{centred.cosine:.3f}"),
        ("shrunken", f"{centred.cosine:.3f} · {n - 1} / ({n - 1} + {towards:g})", f"{pair.shrunken(towards):.3f}"),
    ]
    return [f"By hand, {who}:"] + [f"  {name:<14}{sum_} = {result}" for name, sum_, result in steps]


def _sum(pair: Pair) -> str:
    products = [f"{x:g}·{y:g}" for x, y in zip(pair.a, pair.b, strict=True)]
    if len(products) > _TERMS:
        return " + ".join(products[:_TERMS]) + f" + ... ({len(products)} products)"
    return " + ".join(products)


def _length(values: Sequence[float]) -> str:
    return f"√{np.round(math.fsum(v * v for v in values), 2):g}"
