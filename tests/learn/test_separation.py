"""Separation of labels against slow obvious implementations and published figures."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import datasets
from minigrad.learn import PCA, discriminant_accuracy, silhouette_score

pytestmark = pytest.mark.native


def slow_discriminant_accuracy(x, y):
    """Learn the rule n times, each time without one sample."""
    right = 0
    for i in range(len(x)):
        keep = np.arange(len(x)) != i
        rest, labels = x[keep], y[keep]
        classes = np.unique(labels)
        means = {c: rest[labels == c].mean(axis=0) for c in classes}
        within = sum((rest[labels == c] - means[c]).T @ (rest[labels == c] - means[c]) for c in classes)
        # Degrees of freedom count the classes of the whole sample.
        inverse = np.linalg.inv(within / (len(rest) - len(np.unique(y))))
        score = {
            c: np.log((labels == c).mean()) - 0.5 * (x[i] - means[c]) @ inverse @ (x[i] - means[c]) for c in classes
        }
        right += max(score, key=score.get) == y[i]
    return right / len(x)


def slow_silhouette(x, y):
    values = []
    for i in range(len(x)):
        distance = np.sqrt(((x - x[i]) ** 2).sum(axis=1))
        own = (y == y[i]) & (np.arange(len(x)) != i)
        if not own.any():
            values.append(0.0)
            continue
        a = distance[own].mean()
        b = min(distance[y == c].mean() for c in np.unique(y) if c != y[i])
        values.append((b - a) / max(a, b) if max(a, b) > 0 else 0.0)
    return np.mean(values)


def labelled(n, d, n_classes, seed):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(n_classes), rng.integers(n_classes, size=n - n_classes)])
    return rng.standard_normal((n, d)) + 1.5 * rng.standard_normal((n_classes, d))[y], y


@pytest.mark.parametrize(("standardize", "percent"), [(True, "92.0"), (False, "95.3")])
def test_iris_in_the_plane_of_two_components(standardize, percent):
    iris = datasets.load("iris")
    plane = PCA(2, standardize=standardize).fit_transform(iris.data)
    assert f"{100 * discriminant_accuracy(plane, iris.target):.1f}" == percent


@given(n=st.integers(20, 60), d=st.integers(1, 4), n_classes=st.integers(2, 5), seed=st.integers(0, 999))
def test_leaving_one_out_without_learning_n_times(n, d, n_classes, seed):
    x, y = labelled(n, d, n_classes, seed)
    assert discriminant_accuracy(x, y) == slow_discriminant_accuracy(x, y)


def test_discriminant_accuracy_ignores_affine_maps_and_the_labels_names():
    x, y = labelled(80, 3, 3, 0)
    expected = discriminant_accuracy(x, y)
    assert discriminant_accuracy(x @ [[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 5.0]] + 100.0, y) == expected
    assert discriminant_accuracy(x * [1e-9, 1.0, 1e9], np.array(["c", "a", "b"])[y]) == expected


def test_the_only_member_of_a_class_counts_as_wrong():
    x = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2], [99.0]])
    assert discriminant_accuracy(x, [0, 0, 0, 1, 1, 1, 2]) == 6 / 7


def test_a_sample_that_alone_spans_a_direction_counts_as_wrong():
    x = np.zeros((12, 2))
    x[:, 0] = np.tile([0.0, 1.0, 2.0], 4) + np.repeat([0.0, 9.0], 6)
    x[0, 1] = 1.0
    accuracy = discriminant_accuracy(x, np.repeat([0, 1], 6))
    # The class mean has its share of the direction, so nobody else is harmed.
    assert accuracy == 11 / 12


@given(n=st.integers(4, 50), d=st.integers(1, 5), n_classes=st.integers(2, 3), seed=st.integers(0, 999))
def test_silhouette_is_the_definition(n, d, n_classes, seed):
    x, y = labelled(n, d, n_classes, seed)
    assert abs(silhouette_score(x, y) - slow_silhouette(x, y)) <= 1e-13


def test_silhouette_is_cut_into_blocks():
    x, y = labelled(700, 2, 4, 1)  # some 46 rows at a time
    assert abs(silhouette_score(x, y) - slow_silhouette(x, y)) <= 1e-13


def test_silhouette_of_close_points_far_from_the_origin():
    x, y = labelled(40, 2, 2, 2)
    near = silhouette_score(x, y)
    # Moving by 2^30 rounds the points to 2^-22: the distances keep 6 digits, not 0.
    assert abs(silhouette_score(x + 2.0**30, y) - near) <= 1e-5


def test_silhouette_of_duplicates_and_single_members():
    assert silhouette_score([[0.0], [0.0], [1.0], [1.0]], [0, 0, 1, 1]) == 1.0
    assert silhouette_score([[2.0]] * 4, [0, 0, 1, 1]) == 0.0
    assert silhouette_score([[0.0], [0.0], [7.0]], [0, 0, 1]) == pytest.approx(2 / 3, abs=1e-15)


def test_silhouette_of_a_sample():
    x, y = labelled(2000, 2, 3, 3)
    whole = silhouette_score(x, y)
    parts = [silhouette_score(x, y, sample_size=500, random_state=s) for s in range(8)]
    assert len(set(parts)) == 8
    assert parts[3] == silhouette_score(x, y, sample_size=500, random_state=3)
    # Silhouettes lie within 2 of one another: a mean of 500 scatters by at most 2 / sqrt(500).
    assert np.abs(np.array(parts) - whole).max() <= 4 / np.sqrt(500)
    assert silhouette_score(x, y, sample_size=2000) == whole


@pytest.mark.parametrize("function", [discriminant_accuracy, silhouette_score])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.eye(6), [0] * 6, "labels must be of at least 2 classes; got 1 in"),
        (np.eye(6), [0, 1], "labels must have shape (6,) beside"),
        (np.eye(6), [[0]] * 6, "labels must have shape (6,) beside"),
        (np.empty((6, 0)), [0, 1] * 3, "must have at least 1 column; got shape (6, 0)"),
        (np.zeros(6), [0, 1] * 3, "must be 2-dimensional; got shape (6,)"),
        (np.full((6, 1), np.inf), [0, 1] * 3, "must be finite; got inf at index (0, 0)"),
    ],
)
def test_bad_tables(function, x, y, message):
    with pytest.raises(ValueError, match=f"^{function.__name__}: .*{re.escape(message)}"):
        function(x, y)


def test_bad_arguments():
    with pytest.raises(ValueError, match="scores must have more than 3 rows for 2 classes; got 3"):
        discriminant_accuracy([[0.0], [1.0], [2.0]], [0, 1, 1])
    for x in ([[0.0], [0.0], [1.0], [1.0]], [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]):
        with pytest.raises(ValueError, match="scores must vary within the classes in every direction; got a feature"):
            discriminant_accuracy(x, [0, 0, 1, 1])
    with pytest.raises(ValueError, match="silhouette_score: labels must repeat; got 3 classes for 3 points"):
        silhouette_score([[0.0], [1.0], [2.0]], [0, 1, 2])
    with pytest.raises(ValueError, match="silhouette_score: sample_size must be an int >= 2; got 1"):
        silhouette_score([[0.0], [1.0], [2.0]], [0, 1, 1], sample_size=1)
    with pytest.raises(TypeError, match="silhouette_score: random_state must be an int"):
        silhouette_score([[0.0], [1.0], [2.0]], [0, 1, 1], random_state="x")
