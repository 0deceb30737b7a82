"""The perceptron: the oldest learning rule, its guarantee, and the proof of its limit.

Problem. Given points x_i with labels y_i in {-1, +1}, find w with y_i <w, x_i> > 0 for all i
(a constant 1 is appended to each x, so that w holds the intercept).

(D1) While some point is wrong, y_i <w, x_i> <= 0, add it:  w <- w + y_i x_i.
(D2) If a unit vector u has y_i <u, x_i> >= gamma > 0 for all i, each mistake adds at least
     gamma to <u, w>; and |w|^2 grows by at most R^2 = max |x_i|^2, since the cross term is <= 0.
(D3) After k mistakes k gamma <= <u, w> <= |w| <= R sqrt(k), hence k <= (R / gamma)^2.
(D4) The largest gamma is the distance from the origin to the convex hull of the y_i x_i; any
     point p of the hull gives the valid lower bound min_i <p / |p|, y_i x_i>.
(D5) If a pass over the data begins with weights that an earlier pass began with, the rule
     repeats itself for ever: no w exists, for otherwise (D3) would have ended it.

References: F. Rosenblatt (1958), Psychological Review 65; A. B. J. Novikoff (1962), On
convergence proofs on perceptrons; E. G. Gilbert (1966), SIAM J. Control 4, for (D4).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from minigrad import _check
from minigrad.learn._base import Estimator, boolean, seed
from minigrad.random import Generator

__all__ = ["Perceptron"]


class Perceptron(Estimator):
    """Linear classifier of two classes, learned from its mistakes alone.

    Parameters
    ----------
    max_iter : int, default 1000
        Passes over the data at most.
    shuffle : bool, default False
        Visit the samples in a new order in each pass.
    random_state : int, optional
        Seed of the shuffling.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    n_features_in_ : int
    coef_ : ndarray of shape (1, n_features)
    intercept_ : ndarray of shape (1,)
    n_iter_ : int
        Passes made, the last one without a mistake if `converged_`.
    n_mistakes_ : int
        Corrections made, (D1).
    history_ : ndarray of shape (n_mistakes_ + 1, n_features + 1)
        The weights after each correction, the intercept last; the first row is zero.
    converged_ : bool
        Whether all samples are on their side.
    cycled_ : bool
        Whether the weights came back to earlier ones, which proves that no line exists (D5).
    margin_ : float
        A lower bound of the largest margin gamma (D4); 0 if it did not converge.
    mistake_bound_ : float
        (R / gamma)^2 of (D3); infinity if it did not converge.

    Notes
    -----
    Complexity: O(n_samples n_features) for a pass. (D5) is looked for only without shuffling.

    References
    ----------
    F. Rosenblatt (1958), "The perceptron", Psychological Review 65(6), 386-408.
    A. B. J. Novikoff (1962), "On convergence proofs on perceptrons".

    Examples
    --------
    >>> from minigrad.learn import Perceptron
    >>> model = Perceptron().fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> model.predict([[1, 1], [0, 1]])
    array([1, 0])
    >>> model.n_mistakes_ <= model.mistake_bound_
    True
    """

    def __init__(self, max_iter: int = 1000, shuffle: bool = False, random_state: int | None = None) -> None:
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from samples of two classes.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        y : array_like of shape (n_samples,)
            Two different values.

        Returns
        -------
        Perceptron
            Itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter is not in its range, X is not finite, the lengths differ, or there are
            not exactly two classes.
        """
        passes = _check.integer(self.max_iter, "Perceptron", "max_iter", 1)
        shuffle = boolean(self.shuffle, "Perceptron", "shuffle")
        generator = Generator(seed(self.random_state, "Perceptron"))
        values = _check.array(X, "Perceptron", "X", ndim=2, dtype=np.float64)
        labels = np.asarray(y)
        if labels.shape != (len(values),):
            raise ValueError(f"Perceptron: y must have shape {(len(values),)}; got {labels.shape}")
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(f"Perceptron: y must hold exactly two classes; got {len(self.classes_)}")
        self.n_features_in_ = values.shape[1]
        signed = np.column_stack([values, np.ones(len(values))]) * (2.0 * codes[:, None] - 1.0)
        self._learn(signed, passes, generator if shuffle else None)
        self.coef_ = self.history_[-1:, :-1].copy()
        self.intercept_ = self.history_[-1:, -1].copy()
        self.margin_ = _margin(signed, self.history_[-1]) if self.converged_ else 0.0
        radius = float((signed * signed).sum(axis=1).max())  # R^2 of (D2)
        self.mistake_bound_ = radius / self.margin_**2 if self.converged_ else float("inf")  # (D3)
        return self

    def _learn(self, signed: np.ndarray, passes: int, generator: Generator | None) -> None:
        """Correct mistakes, (D1), until there are none, the weights repeat, or the passes are used up."""
        weights = np.zeros(signed.shape[1])
        history = [weights]
        seen = {weights.tobytes()}
        self.converged_ = self.cycled_ = False
        order = np.arange(len(signed))
        for done in range(passes):
            if generator is not None:
                order = np.argsort(generator.uniform(size=len(signed)), kind="stable")
            before = len(history)
            for i in order:
                if (signed[i] * weights).sum() <= 0:
                    weights = weights + signed[i]  # (D1)
                    history.append(weights)
            self.n_iter_ = done + 1
            if len(history) == before:
                self.converged_ = True
                break
            state = weights.tobytes()
            if generator is None and state in seen:
                self.cycled_ = True  # (D5)
                break
            seen.add(state)
        self.history_ = np.array(history)
        self.n_mistakes_ = len(history) - 1

    def decision_function(self, X: Any) -> np.ndarray:
        """Return <w, x> + intercept.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)

        Raises
        ------
        NotFittedError, TypeError, ValueError
            Before `fit`; if X is not finite or has another number of features.
        """
        self._require_fitted("decision_function", "coef_")
        values = _check.array(X, "Perceptron", "X", ndim=2, dtype=np.float64)
        if values.shape[1] != self.n_features_in_:
            raise ValueError(f"Perceptron: X must have {self.n_features_in_} features, as in fit; got {values.shape}")
        scores: np.ndarray = (values * self.coef_).sum(axis=1) + self.intercept_[0]
        return scores

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each sample.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As `decision_function`.
        """
        self._require_fitted("predict", "coef_")
        chosen: np.ndarray = self.classes_[(self.decision_function(X) > 0).astype(int)]
        return chosen


def _margin(signed: np.ndarray, start: np.ndarray) -> float:
    """Return a lower bound of the largest margin, by Gilbert's algorithm for the hull's nearest point (D4)."""

    def bound(direction: np.ndarray) -> float:
        return float((signed * direction).sum(axis=1).min() / np.sqrt((direction * direction).sum()))

    best = bound(start)
    point = signed[0]
    for _ in range(10_000):
        nearest = signed[int((signed * point).sum(axis=1).argmin())]
        towards = nearest - point
        length = float((towards * towards).sum())
        # The hull's point nearest to the origin: no vertex lies further back along `point`.
        gap = float(-(towards * point).sum())
        if length == 0 or gap <= 1e-12 * float((point * point).sum()):
            break
        point = point + min(1.0, gap / length) * towards
        best = max(best, bound(point))  # (D4)
    return best
