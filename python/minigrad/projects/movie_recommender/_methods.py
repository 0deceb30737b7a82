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


METHODS = {
    "baseline": Method("the mean, and how far you and each film lie from it", lambda seed: recommend.Baseline()),
    "bpmf": Method("Bayesian matrix factorisation, by Gibbs sampling", _bayesian, in_stars=True),
}
DEFAULT = "bpmf"
