"""The embedded irises against the figures published for them."""

import numpy as np
import pytest

from minigrad import datasets
from minigrad.datasets import iris_version, load, load_iris, read_csv


def test_shape_and_classes():
    iris = load("iris")
    assert iris.data.shape == (150, 4) and iris.data.dtype == np.float64
    assert np.bincount(iris.target).tolist() == [50, 50, 50]
    assert iris.target_names == ("setosa", "versicolor", "virginica")
    assert len(iris.feature_names) == 4 and not iris.synthetic and iris.image_shape is None
    assert iris.source == "embedded"


def test_species_means_are_fishers():
    # Fisher (1936), Table II: the means of the three species.
    means = [load_iris().data[50 * k : 50 * (k + 1)].mean(axis=0) for k in range(3)]
    published = [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]
    np.testing.assert_allclose(means, published, atol=1e-12)


def test_correlation_eigenvalues_are_the_known_ones():
    values = np.linalg.eigvalsh(np.corrcoef(load_iris().data.T))[::-1]
    np.testing.assert_allclose(values, [2.91849782, 0.91403047, 0.14675688, 0.02071484], atol=5e-9)


def test_versions():
    data = load_iris().data
    assert iris_version(data) == "corrected"
    assert iris_version(data[::-1]) == "corrected"
    assert iris_version(data.astype(np.float32)) == "corrected"
    uci = data.copy()
    uci[34] = uci[37] = [4.9, 3.1, 1.5, 0.1]
    assert iris_version(uci) == "uci"
    half = data.copy()
    half[34] = [4.9, 3.1, 1.5, 0.1]
    for other in (half, data[:149], data * 10, data + 0.01, np.full((150, 4), np.nan), data[:, :3], data.astype(str)):
        assert iris_version(other) is None


def test_the_uci_file_is_recognised(data_path):
    table = read_csv(data_path("iris/iris.csv"))
    assert iris_version(table.values) == "uci"
    assert sorted(set(table.label.tolist())) == ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
    different = np.flatnonzero((table.values != load_iris().data).any(axis=1))
    assert different.tolist() == [34, 37]


def test_a_copy_is_the_callers_own():
    load("iris").data[:] = 0
    assert iris_version(load("iris").data) == "corrected"


def test_unknown_names_and_options():
    with pytest.raises(ValueError, match=r"load: name must be one of .*'iris'.*; got 'irish'"):
        load("irish")
    with pytest.raises(ValueError, match="load: name must be one of"):
        load(3)
    with pytest.raises(TypeError, match="load: 'iris' takes no option 'split'"):
        load("iris", split="test")
    assert "iris" in datasets.available()
