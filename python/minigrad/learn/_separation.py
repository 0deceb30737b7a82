"""How well labels are separated in a table of scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad import _check, linalg
from minigrad.learn._base import seed
from minigrad.random import Generator

__all__ = ["discriminant_accuracy", "silhouette_score"]

# Distances per block: 256 KiB of float64 stay in the second-level cache.
_BLOCK = 1 << 15


def discriminant_accuracy(scores: Any, labels: Any) -> float:
    """Return the leave-one-out accuracy of linear discriminant analysis.

    Each sample is classified by the rule learned from all the others: into the class c with
    the largest

        log(n_c / n) - (x - m_c).T @ S^-1 @ (x - m_c) / 2,

    where ``m_c`` is the mean of the class, ``n_c`` its size and S the covariance within
    classes, pooled over them.

    Parameters
    ----------
    scores : array_like, shape (n_samples, n_features)
    labels : array_like, shape (n_samples,)
        Numbers or text; at least two different ones.

    Returns
    -------
    float
        The share of the samples that are classified rightly, from 0 to 1.

    Raises
    ------
    TypeError
        If the scores are not real numbers.
    ValueError
        If the shapes do not fit, a score is not finite, there are fewer than two classes,
        no more than ``n_classes + 1`` samples, or a combination of the features does not
        vary within any class (S is singular).

    Notes
    -----
    Nothing is fitted n times. Let W be the sum of squares within classes (S is W over its
    degrees of freedom), ``d = x - m_c`` for the sample's own class c, and
    ``a = n_c / (n_c - 1)``. Without the sample,

        m_c' = m_c - d / (n_c - 1),    W' = W - a d d.T,

    and by Sherman and Morrison (1950)

        W'^-1 = W^-1 + a W^-1 d d.T W^-1 / (1 - a q),    q = d.T W^-1 d.

    With u = x - m_g for another class g, and because x - m_c' = a d,

        u.T W'^-1 u = u.T W^-1 u + a (u.T W^-1 d)^2 / (1 - a q),
        (x - m_c').T W'^-1 (x - m_c') = a^2 q / (1 - a q).

    In coordinates where W is the identity these are dot products. The only member of a
    class, and a sample without which W is singular, count as wrong: the others cannot
    classify them.

    References
    ----------
    R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of
    Eugenics 7 (1936) 179-188.
    P. A. Lachenbruch and M. R. Mickey, "Estimation of error rates in discriminant
    analysis", Technometrics 10 (1968) 1-11.

    Examples
    --------
    >>> from minigrad.learn import discriminant_accuracy
    >>> discriminant_accuracy([[0.0], [1.0], [2.0], [7.0], [8.0], [9.0]], ["a"] * 3 + ["b"] * 3)
    1.0
    """
    owner = "discriminant_accuracy"
    x, codes, counts = _labelled(scores, labels, owner, "scores")
    n, n_classes = len(x), len(counts)
    if n <= n_classes + 1:
        raise ValueError(f"{owner}: scores must have more than {n_classes + 1} rows for {n_classes} classes; got {n}")
    means = _class_means(x, codes, counts)
    within = x - means[codes]
    whiten = _whitening(within, owner)
    z, centres = linalg.matmul(x, whiten), linalg.matmul(means, whiten)
    d = linalg.matmul(within, whiten)

    a = counts[codes] / np.maximum(counts[codes] - 1, 1)
    q = (d * d).sum(axis=1)
    left = 1.0 - a * q
    usable = (counts[codes] > 1) & (left > 1e-12)  # below, the rest of W is only rounding
    left[~usable] = 1.0
    freedom = n - 1 - n_classes
    best, own = np.full(n, -np.inf), np.full(n, -np.inf)
    for g in range(n_classes):
        u = z - centres[g]
        form = (u * u).sum(axis=1) + a * (u * d).sum(axis=1) ** 2 / left
        mine = codes == g
        form[mine] = a[mine] ** 2 * q[mine] / left[mine]
        with np.errstate(divide="ignore"):  # log 0: without its only member a class is impossible
            score = np.log(counts[g] - mine) - 0.5 * freedom * form
        own[mine] = score[mine]
        others = ~mine
        best[others] = np.maximum(best[others], score[others])
    return float(np.mean(usable & (own > best)))


def silhouette_score(X: Any, labels: Any, *, sample_size: int | None = None, random_state: int | None = None) -> float:
    """Return the mean silhouette of labelled points.

    For a point with mean distance a to the others of its class and b to the nearest other
    class (the smallest mean distance), the silhouette is ``(b - a) / max(a, b)``: near 1
    well inside its class, 0 between two, negative inside another. The only member of a
    class has silhouette 0.

    Parameters
    ----------
    X : array_like, shape (n_samples, n_features)
    labels : array_like, shape (n_samples,)
        Numbers or text; at least two different ones.
    sample_size : int or None, default None
        Measure the silhouettes within a random sample of this many points, drawn without
        replacement. None takes all: n^2 distances, a second for about 10,000 points in the
        plane. Whoever reports the figure of a sample should say so.
    random_state : int or None, default None
        Seed of that sample; None is 0.

    Returns
    -------
    float
        From -1 to 1.

    Raises
    ------
    TypeError
        If the points are not real numbers or a parameter is not an int.
    ValueError
        If the shapes do not fit, an element is not finite, or fewer than two classes are
        there (or left in the sample), or all points are of different classes.

    References
    ----------
    P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of
    cluster analysis", Journal of Computational and Applied Mathematics 20 (1987) 53-65.

    Examples
    --------
    >>> from minigrad.learn import silhouette_score
    >>> round(silhouette_score([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1]), 4)
    0.8997
    """
    owner = "silhouette_score"
    x, codes, counts = _labelled(X, labels, owner, "X")
    start = seed(random_state, owner)
    if sample_size is not None:
        size = _check.integer(sample_size, owner, "sample_size", 2)
        if size < len(x):
            chosen = Generator(start).choice(len(x), size, replace=False)
            x, codes, counts = _labelled(x[chosen], codes[chosen], owner, "the sample of X")
    if len(counts) == len(x):
        raise ValueError(f"{owner}: labels must repeat; got {len(x)} classes for {len(x)} points")
    # Sorted by class, the sum of distances to a class is a sum over a run of columns.
    order = np.argsort(codes, kind="stable")
    x, codes = x[order] - x.mean(axis=0), codes[order]
    begins = np.concatenate([[0], np.cumsum(counts)[:-1]])
    total = 0.0
    for rows, distances in _distances(x):
        sums = np.add.reduceat(distances, begins, axis=1)
        mine = codes[rows], np.arange(rows.stop - rows.start)
        members = counts[mine[0]]
        inside = sums[mine[1], mine[0]] / np.maximum(members - 1, 1)
        means = sums / counts
        means[mine[1], mine[0]] = np.inf
        outside = means.min(axis=1)
        larger = np.maximum(inside, outside)
        values = np.divide(outside - inside, larger, out=np.zeros_like(larger), where=(larger > 0) & (members > 1))
        total += float(values.sum())
    return total / len(x)


def _labelled(points: Any, labels: Any, owner: str, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the points in float64, each one's class number, and the classes' sizes."""
    x = _check.array(points, owner, name, ndim=2, dtype=np.float64)
    given = np.asarray(labels)
    if given.ndim != 1 or len(given) != len(x):
        raise ValueError(f"{owner}: labels must have shape ({len(x)},) beside {name} {x.shape}; got {given.shape}")
    if x.shape[1] == 0:
        raise ValueError(f"{owner}: {name} must have at least 1 column; got shape {x.shape}")
    classes, codes, counts = np.unique(given, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"{owner}: labels must be of at least 2 classes; got {len(classes)} in {name}")
    return x, codes, counts


def _class_means(x: np.ndarray, codes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    means = np.empty((len(counts), x.shape[1]))
    for c in range(len(counts)):
        means[c] = x[codes == c].mean(axis=0)
    return means


def _whitening(within: np.ndarray, owner: str) -> np.ndarray:
    """Return T with ``T @ T.T = W^-1`` for ``W = within.T @ within``."""
    scale = np.sqrt((within * within).sum(axis=0))
    if (scale > 0).all():
        unit = within / scale
        values, vectors = linalg.eigh(linalg.matmul(unit.T, unit))
        if values[0] > 1e-12 * values[-1]:
            whiten: np.ndarray = vectors / np.sqrt(values) / scale[:, None]
            return whiten
    raise ValueError(
        f"{owner}: scores must vary within the classes in every direction; "
        "got a feature, or a combination of features, that is constant within each class"
    )


def _distances(x: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield blocks of rows of the matrix of distances between all points.

    Differences are squared and added feature by feature: the expanded form
    ``|x|^2 + |y|^2 - 2 x.y`` loses half the digits of points that are close together.
    """
    n = len(x)
    step = max(_BLOCK // n, 1)
    columns = np.ascontiguousarray(x.T)
    buffer, difference = np.empty((step, n)), np.empty((step, n))
    for begin in range(0, n, step):
        rows = slice(begin, min(begin + step, n))
        squares, delta = buffer[: rows.stop - begin], difference[: rows.stop - begin]
        squares[:] = 0.0
        for column in columns:
            np.subtract(column[rows, None], column, out=delta)
            np.multiply(delta, delta, out=delta)
            squares += delta
        yield rows, np.sqrt(squares, out=squares)
