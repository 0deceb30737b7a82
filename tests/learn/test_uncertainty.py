"""Bootstrap intervals against their promise, and the grouping of near-equal eigenvalues."""

from __future__ import annotations

import math
import re
from statistics import NormalDist

import numpy as np
import pytest

from minigrad import datasets
from minigrad.learn import PCA, bootstrap_pca, near_equal_groups
from minigrad.learn._uncertainty import _covariances, _student_quantile
from minigrad.random import Generator

pytestmark = pytest.mark.native


def gaussian(spectrum, n, rng):
    return rng.standard_normal((n, len(spectrum))) * np.sqrt(spectrum)


def test_iris_first_axes_are_known_within_a_few_degrees():
    result = bootstrap_pca(datasets.load("iris").data, 4, standardize=True)
    np.testing.assert_allclose(result.eigenvalues, [2.91850, 0.91403, 0.14676, 0.02071], atol=5e-6)
    low, high = result.intervals.T
    assert (low < result.eigenvalues).all()
    assert (result.eigenvalues < high).all()
    assert (np.degrees(result.angles) < 10).all()
    assert near_equal_groups(result.eigenvalues, intervals=result.intervals) == [(0,), (1,), (2,), (3,)]
    assert (result.confidence, result.n_resamples) == (0.95, 1000)


def test_intervals_shrink_with_the_root_of_the_sample_size():
    rng = np.random.default_rng(0)
    small = bootstrap_pca(gaussian([4.0, 1.0], 200, rng), 2)
    large = bootstrap_pca(gaussian([4.0, 1.0], 20_000, rng), 2)
    width = [np.log(r.intervals[:, 1] / r.intervals[:, 0]) for r in (small, large)]
    # A factor of 10, give or take the scatter of an estimated spread (10 % at n = 200).
    np.testing.assert_allclose(width[0] / width[1], 10.0, rtol=0.4)
    # For Gaussian data log l has variance 2 / n.
    np.testing.assert_allclose(width[1], 2 * 1.96 * math.sqrt(2 / 20_000), rtol=0.15)
    # Anderson's asymptotic variance of the angle is l1 l2 / (n (l1 - l2)^2).
    np.testing.assert_allclose(large.angles, 1.96 * math.sqrt(4 / (20_000 * 9)), rtol=0.15)


def test_equal_eigenvalues_leave_the_angle_open():
    result = bootstrap_pca(gaussian([3.0, 3.0, 0.1], 300, np.random.default_rng(1)), 3)
    assert (np.degrees(result.angles[:2]) > 45).all()
    assert np.degrees(result.angles[2]) < 5
    assert near_equal_groups(result.eigenvalues, intervals=result.intervals) == [(0, 1), (2,)]


def test_the_same_seed_gives_the_same_result():
    x = datasets.load("iris").data
    first, same, other = (bootstrap_pca(x, 2, n_resamples=60, random_state=s) for s in (3, 3, 4))
    assert first.intervals.tobytes() == same.intervals.tobytes()
    assert first.angles.tobytes() == same.angles.tobytes()
    assert first.intervals.tobytes() != other.intervals.tobytes()


def test_wider_confidence_wider_intervals():
    x = datasets.load("iris").data
    narrow, wide = (bootstrap_pca(x, 3, n_resamples=200, confidence=c) for c in (0.5, 0.99))
    assert (wide.intervals[:, 0] < narrow.intervals[:, 0]).all()
    assert (narrow.intervals[:, 1] < wide.intervals[:, 1]).all()
    assert (narrow.angles < wide.angles).all()


def test_covariances_are_those_of_the_drawn_rows():
    points = np.random.default_rng(2).standard_normal((37, 3))
    found = np.concatenate(list(_covariances(points, 9, Generator(5))))
    generator = Generator(5)
    for matrix in found:
        sample = points[generator.integers(37, size=37)]
        np.testing.assert_allclose(matrix, np.cov(sample.T), atol=1e-14)


def test_blocks_of_rows_and_resamples_change_nothing(monkeypatch):
    x = np.random.default_rng(2).standard_normal((37, 5)) * [5, 4, 3, 2, 1]
    whole = bootstrap_pca(x, 2, n_resamples=50)
    monkeypatch.setattr("minigrad.learn._uncertainty._COUNTS", 37 * 7)
    monkeypatch.setattr("minigrad.learn._uncertainty._TABLE", 20 * 4)
    pieces = bootstrap_pca(x, 2, n_resamples=50)
    np.testing.assert_allclose(pieces.intervals, whole.intervals, rtol=1e-12)
    np.testing.assert_allclose(pieces.angles, whole.angles, rtol=1e-9)


def test_many_features_are_judged_in_the_span_of_the_leading_axes(monkeypatch):
    rng = np.random.default_rng(3)
    x = gaussian([9.0, 4.0] + [0.5] * 58, 400, rng)
    whole = bootstrap_pca(x, 2)  # 60 axes: an exact change of coordinates
    monkeypatch.setattr("minigrad.learn._uncertainty._BASIS", 10)
    reduced = bootstrap_pca(x, 2)
    np.testing.assert_allclose(reduced.intervals, whole.intervals, rtol=0.05)
    np.testing.assert_allclose(reduced.angles, whole.angles, rtol=0.15)


def test_more_features_than_samples():
    x = gaussian([50.0, 20.0] + [1.0] * 98, 40, np.random.default_rng(4))
    result = bootstrap_pca(x, 2, n_resamples=100)
    assert np.isfinite(result.intervals).all()
    assert (result.intervals[:, 0] > 0).all()
    np.testing.assert_array_equal(result.eigenvalues, PCA(40).fit(x).explained_variance_[:2])


def test_vanishing_eigenvalues_and_features_constant_in_a_resample():
    x = np.zeros((12, 3))
    x[:, 0] = np.arange(12)
    x[0, 1] = 1.0  # in a third of the resamples this feature is constant
    x[:, 2] = x[:, 0]
    for standardize in (False, True):
        result = bootstrap_pca(x, 3, n_resamples=100, standardize=standardize)
        assert np.isfinite(result.intervals).all()
        assert np.isfinite(result.angles).all()
        assert result.intervals[2, 1] <= 1e-10


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"X": np.eye(4)}, ValueError, "bootstrap_pca: X must have at least 5 samples (rows); got shape (4, 4)"),
        ({"X": np.zeros(9)}, ValueError, "bootstrap_pca: X must be 2-dimensional; got shape (9,)"),
        ({"X": np.full((6, 2), np.nan)}, ValueError, "bootstrap_pca: X must be finite; got nan at index (0, 0)"),
        ({"X": np.ones((6, 2))}, ValueError, "PCA: X must vary; got 6 identical samples"),
        ({"n_components": 0}, ValueError, "bootstrap_pca: n_components must be an int from 1 to 4; got 0"),
        ({"n_components": 5}, ValueError, "bootstrap_pca: n_components must be an int from 1 to 4; got 5"),
        ({"n_resamples": 49}, ValueError, "bootstrap_pca: n_resamples must be an int >= 50; got 49"),
        ({"n_resamples": 1e3}, TypeError, "bootstrap_pca: n_resamples must be an int >= 50; got 1000.0"),
        ({"confidence": 95}, ValueError, "bootstrap_pca: confidence must be a finite number in (0, 1); got 95"),
        ({"standardize": 1}, TypeError, "bootstrap_pca: standardize must be True or False; got 1"),
        ({"random_state": -1}, ValueError, "bootstrap_pca: random_state must be an int from 0 to"),
    ],
)
def test_bad_arguments(arguments, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        bootstrap_pca(**{"X": datasets.load("iris").data, **arguments})


# --- quantiles ------------------------------------------------------------------------


def test_student_quantiles_known_from_tables():
    for nu, expected, tolerance in [(5, 2.5706, 5e-3), (10, 2.2281, 5e-4), (30, 2.0423, 5e-5), (120, 1.9799, 5e-5)]:
        assert abs(_student_quantile(0.975, nu) - expected) <= tolerance
    assert abs(_student_quantile(0.975, 1e12) - NormalDist().inv_cdf(0.975)) <= 1e-11
    assert _student_quantile(0.5, 7) == 0.0


# --- groups ---------------------------------------------------------------------------


def test_norths_rule():
    # With n = 200 the error is a tenth of the eigenvalue.
    assert near_equal_groups([10.0, 8.9, 8.1, 5.0], n_samples=200) == [(0,), (1, 2), (3,)]
    assert near_equal_groups([10.0, 8.9, 8.1, 5.0], n_samples=20) == [(0, 1, 2), (3,)]
    assert near_equal_groups([1.0, 1.0, 1.0], n_samples=10**9) == [(0, 1, 2)]
    assert near_equal_groups([1.0, 0.0, 0.0], n_samples=100) == [(0,), (1, 2)]
    assert near_equal_groups([2.0], n_samples=2) == [(0,)]
    assert near_equal_groups([], n_samples=2) == []


def test_overlapping_intervals():
    ends = [[3.0, 5.0], [1.0, 3.0], [1.5, 2.5], [0.1, 0.9]]
    assert near_equal_groups([4.0, 2.0, 2.0, 0.5], intervals=ends) == [(0, 1, 2), (3,)]


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({}, TypeError, "near_equal_groups: intervals or n_samples must be given, one of them; got both or neither"),
        ({"n_samples": 5, "intervals": [[0, 1], [0, 1]]}, TypeError, "got both or neither"),
        ({"n_samples": 1}, ValueError, "near_equal_groups: n_samples must be an int >= 2; got 1"),
        ({"intervals": [[0, 1]]}, ValueError, "intervals must have shape (2, 2); got (1, 2)"),
        ({"eigenvalues": [1.0, 2.0], "n_samples": 5}, ValueError, "eigenvalues must descend and not be negative"),
        ({"eigenvalues": [1.0, -2.0], "n_samples": 5}, ValueError, "eigenvalues must descend and not be negative"),
    ],
)
def test_bad_groups(arguments, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        near_equal_groups(**{"eigenvalues": [2.0, 1.0], **arguments})


# --- the promise ----------------------------------------------------------------------

# Spectrum, samples, axes judged. Neighbours differ by at least the factor 5 / 3.
SPECTRA = [
    ([4.0, 2.0, 1.0, 0.5], 100, 2),
    ([4.0, 2.0, 1.0, 0.5], 300, 3),
    ([2.9, 0.9, 0.15, 0.02], 150, 4),
    ([5.0, 3.0, 1.0, 1.0, 1.0, 1.0], 200, 2),
]


@pytest.mark.slow
@pytest.mark.parametrize(("spectrum", "n", "k"), SPECTRA, ids=lambda value: str(value))
def test_intervals_cover_the_truth_as_often_as_they_say(spectrum, n, k):
    rng = np.random.default_rng(20)
    truth = np.array(spectrum[:k])
    repetitions = 1500
    hits, inside = np.zeros(k), np.zeros(k)
    for repetition in range(repetitions):
        x = gaussian(spectrum, n, rng)
        result = bootstrap_pca(x, k, n_resamples=300, random_state=repetition)
        hits += (result.intervals[:, 0] <= truth) & (truth <= result.intervals[:, 1])
        # The true axes are the unit vectors.
        cosines = np.abs(PCA(k).fit(x).components_[np.arange(k), np.arange(k)])
        inside += np.arccos(np.minimum(cosines, 1.0)) <= result.angles
    for coverage in (hits / repetitions, inside / repetitions):
        assert (coverage >= 0.93).all(), coverage
        assert (coverage <= 0.97).all(), coverage
