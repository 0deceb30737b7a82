"""The methods by name: what each is, and how its model is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minigrad.learn import recommend

__all__ = ["DEFAULT", "METHODS", "Method"]


@dataclass(frozen=True)
class Method:
    """One way to recommend.

    Attributes
    ----------
    words : str
        What it is, in a line.
    make : callable
        ``make(seed)`` returns the model, not fitted.
    neighbours : bool
        Whether it compares people or films by what they have in common.
    from_baseline : bool
        Whether they are compared by what the baseline leaves, not by what their means leave.
    shrinkage : float
        Further ratings in common at which a similarity is halved; 0 if it is taken as it is.
    in_stars : bool
        Whether the weights of its reasons are shares of the prediction, in stars.
    measured : bool
        Whether `evaluate` measures it.
    """

    words: str
    make: Callable[[int], recommend.Recommender]
    neighbours: bool = False
    from_baseline: bool = False
    shrinkage: float = 0.0
    in_stars: bool = False
    measured: bool = True


def _bayesian(seed: int) -> recommend.Recommender:
    # So many draws that a visitor is taken in within 5 ms; more would better the third digit of the error.
    return recommend.BayesianMF(n_samples=32, thin=2, random_state=seed)


def _users(
    similarity: str, centre: str, shrinkage: float = 0.0, damping: float = 0.0
) -> Callable[[int], recommend.Recommender]:
    return lambda seed: recommend.KNN("user", similarity, centre=centre, shrinkage=shrinkage, damping=damping)


METHODS = {
    "baseline": Method("the mean, and how far you and each film lie from it", lambda seed: recommend.Baseline()),
    "dot": Method("people near by the dot product of ratings", _users("dot", "none"), neighbours=True),
    "cosine": Method("people near by the cosine of ratings", _users("cosine", "none"), neighbours=True),
    "pearson": Method("the same, each less their mean", _users("pearson", "mean"), neighbours=True),
    "shrunken": Method(
        "the same, drawn to 0 where little is in common",
        _users("pearson", "mean", shrinkage=10.0, damping=1.0),
        neighbours=True,
        shrinkage=10.0,
    ),
    "users": Method(
        "people near by what the baseline leaves",
        _users("pearson_baseline", "baseline", shrinkage=100.0, damping=0.1),
        neighbours=True,
        from_baseline=True,
        shrinkage=100.0,
    ),
    "items": Method(
        "films near by what the baseline leaves",
        lambda seed: recommend.KNN(damping=0.2),
        neighbours=True,
        from_baseline=True,
        shrinkage=100.0,
    ),
    "mf": Method(
        "factors, learned step by step (SGD)",
        lambda seed: recommend.BiasedMF(random_state=seed),
        in_stars=True,
    ),
    "svd++": Method(
        "the same, and what you rated at all",
        lambda seed: recommend.BiasedMF(implicit=True, random_state=seed),
        in_stars=True,
    ),
    "als": Method(
        "factors, by alternating least squares",
        lambda seed: recommend.ALS(random_state=seed),
        in_stars=True,
    ),
    "bpmf": Method("Bayesian matrix factorisation, by Gibbs sampling", _bayesian, in_stars=True),
}
DEFAULT = "bpmf"
