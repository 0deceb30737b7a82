"""Calls the rooms in order and keeps what they return, for the report and the picture."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from minigrad import learn, linalg
from minigrad.projects.pca_visualizer._data import Source

__all__ = ["FEWEST_SAMPLES", "Analysis", "Separation", "examine", "fit", "power_steps"]

# Up to this many features plain power iteration is quick; beyond it PCA chooses.
_POWER_LIMIT = 64
_RESAMPLES = 1000
_JUDGED = 10  # components whose uncertainty is measured
_MAX_PAIRED = 4
# The silhouette takes n^2 distances.
_SILHOUETTE_SAMPLE = 5000
# A resample costs n m^2 for m axes (64 at most); with large data fewer are drawn.
_RESAMPLING_COST = 2e10
_FEWEST_RESAMPLES = 100
# Resamples of fewer rows are often degenerate, and their intervals without meaning.
FEWEST_SAMPLES = 20


@dataclass(frozen=True)
class Separation:
    """How far the classes lie apart on the first two components.

    Attributes
    ----------
    accuracy : float
        Share that a linear discriminant puts right, each sample judged without itself.
    pairs : tuple of (str, str, float)
        The same between each two classes alone, if the classes are few.
    silhouette : float
        From -1 to 1; 0 where classes touch.
    sampled : int or None
        How many samples the silhouette was measured on, if not on all.
    """

    accuracy: float
    pairs: tuple[tuple[str, str, float], ...]
    silhouette: float
    sampled: int | None


@dataclass(eq=False)
class Analysis:
    """A fitted PCA, the coordinates of the samples, and how far both can be trusted."""

    source: Source
    pca: learn.PCA
    scores: np.ndarray
    bootstrap: learn.BootstrapPCA | None = None
    planes: tuple[tuple[int, ...], ...] = ()
    separation: Separation | None = None
    no_separation: str = ""

    @property
    def share_intervals(self) -> np.ndarray | None:
        """The intervals of the first eigenvalues, as shares of the total variance."""
        if self.bootstrap is None:
            return None
        total = self.pca.explained_variance_[0] / self.pca.explained_variance_ratio_[0]
        return np.asarray(self.bootstrap.intervals / total)

    def as_image(self, values: np.ndarray, background: np.ndarray | float = 0.0) -> np.ndarray:
        """Return one value per pixel as an image; pixels left out show `background`."""
        assert self.source.images is not None
        if self.source.varying is None:
            return values.reshape(self.source.images.shape[1:])
        full = np.empty(self.source.varying.shape, dtype=values.dtype)
        full[...] = np.ravel(background)
        full[self.source.varying] = values
        return full.reshape(self.source.images.shape[1:])

    @cached_property
    def examples(self) -> np.ndarray:
        """The first sample of each class, or the first ten samples."""
        if self.source.classes is None:
            return np.arange(min(10, len(self.scores)))
        return np.unique(self.source.classes, return_index=True)[1]

    def rebuild(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the images of `rows` rebuilt from their coordinates, and each root mean square error."""
        assert self.source.images is not None
        originals = self.source.images[rows] / 255.0
        values = self.pca.inverse_transform(self.scores[rows])
        rebuilt = np.stack([self.as_image(v, o) for v, o in zip(values, originals, strict=True)])
        return rebuilt, np.sqrt(((rebuilt - originals) ** 2).mean(axis=(1, 2)))


def fit(
    source: Source, components: int | None, solver: str | None, standardize: bool, seed: int, *, default: int
) -> learn.PCA:
    """Return the PCA fitted to `source`, with at most `default` components if their number is not given.

    Raises
    ------
    ValueError
        If the data has fewer samples or features than `components`.
    """
    n, d = source.values.shape
    limit = min(n, d)
    if components is not None and components > limit:
        raise ValueError(
            f"{components} components were asked for, and {source.name} has {n} samples with {d} features; "
            f"choose 1 to {limit}"
        )
    pca = learn.PCA(
        components or min(limit, default),
        solver=solver or ("power" if d <= _POWER_LIMIT else "auto"),
        standardize=standardize,
        random_state=seed,
    )
    return pca.fit(source.values)


def examine(source: Source, pca: learn.PCA, seed: int) -> Analysis:
    """Measure how sure the axes are and how well they part the classes."""
    result = Analysis(source, pca, pca.transform(source.values))
    result.bootstrap = _bootstrap(source, pca, seed)
    groups = (
        learn.near_equal_groups(pca.explained_variance_[:_JUDGED], n_samples=len(source.values))
        if result.bootstrap is None
        else learn.near_equal_groups(result.bootstrap.eigenvalues, intervals=result.bootstrap.intervals)
    )
    result.planes = tuple(group for group in groups if len(group) > 1)
    if source.classes is not None and len(source.class_names) > 1:
        try:
            result.separation = _separation(source, result.scores[:, :2], seed)
        except ValueError as error:
            result.no_separation = str(error)
    return result


def power_steps(source: Source, pca: learn.PCA, seed: int) -> dict[str, np.ndarray]:
    """Return each step of power iteration towards the first axis: ``vectors``, and ``angles`` to it."""
    values = source.values if pca.scale_ is None else source.values / pca.scale_
    covariance, _ = linalg.covariance(values)
    history = linalg.power_iteration(covariance, 1, seed=seed, record=True).history
    assert history is not None
    return history[0]


def _bootstrap(source: Source, pca: learn.PCA, seed: int) -> learn.BootstrapPCA | None:
    n, d = source.values.shape
    if n < FEWEST_SAMPLES:
        return None
    cost = n * min(d, 64) ** 2
    resamples = int(min(_RESAMPLES, max(_FEWEST_RESAMPLES, _RESAMPLING_COST / cost)))
    return learn.bootstrap_pca(
        source.values,
        min(pca.n_components_, _JUDGED),
        n_resamples=resamples,
        standardize=pca.standardize,
        random_state=seed,
    )


def _separation(source: Source, plane: np.ndarray, seed: int) -> Separation:
    classes, names = source.classes, source.class_names
    assert classes is not None
    pairs = []
    for i, j in itertools.combinations(range(len(names)) if 2 < len(names) <= _MAX_PAIRED else (), 2):
        both = (classes == i) | (classes == j)
        pairs.append((names[i], names[j], learn.discriminant_accuracy(plane[both], classes[both])))
    sampled = _SILHOUETTE_SAMPLE if len(plane) > _SILHOUETTE_SAMPLE else None
    silhouette = learn.silhouette_score(plane, classes, sample_size=sampled, random_state=seed)
    return Separation(learn.discriminant_accuracy(plane, classes), tuple(pairs), silhouette, sampled)
