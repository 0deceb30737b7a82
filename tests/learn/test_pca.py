"""PCA against its laws, constructed spectra, published figures, and its edge table."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import datasets, linalg
from minigrad.learn import PCA, NotFittedError

pytestmark = pytest.mark.native

EPS = np.finfo(np.float64).eps


def constructed(eigenvalues, n, seed=0, mean=0.0):
    """Return data whose covariance has exactly these eigenvalues, and its axes in rows.

    Orthonormal columns that sum to zero, stretched to the wanted variances, rotated.
    """
    rng = np.random.default_rng(seed)
    d = len(eigenvalues)
    raw = rng.standard_normal((n, d))
    scores, _ = np.linalg.qr(raw - raw.mean(axis=0))
    axes, _ = np.linalg.qr(rng.standard_normal((d, d)))
    return scores * np.sqrt((n - 1) * np.asarray(eigenvalues)) @ axes.T + mean, axes.T


def covariance(x):
    centred = x - x.mean(axis=0)
    return centred.T @ centred / (len(x) - 1)


def angles(a, b):
    """Angles between corresponding unit rows, accurate near zero."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    signs = np.sign((a * b).sum(axis=1, keepdims=True))
    return 2 * np.arcsin(np.minimum(np.linalg.norm(a - signs * b, axis=1) / 2, 1))


# --- figures that are published -------------------------------------------------------


def test_iris_standardized_gives_the_correlation_matrix_eigenvalues():
    pca = PCA(standardize=True).fit(datasets.load("iris").data)
    assert [f"{v:.3f}" for v in pca.explained_variance_] == ["2.918", "0.914", "0.147", "0.021"]
    assert [f"{100 * r:.1f}" for r in pca.explained_variance_ratio_] == ["73.0", "22.9", "3.7", "0.5"]


def test_iris_with_the_two_mistyped_rows():
    data = datasets.load("iris").data.copy()
    data[34] = [4.9, 3.1, 1.5, 0.1]
    data[37] = [4.9, 3.1, 1.5, 0.1]
    pca = PCA(standardize=True).fit(data)
    np.testing.assert_allclose(pca.explained_variance_, [2.91082, 0.92122, 0.14735, 0.02061], atol=5e-6)


def test_iris_covariance_eigenvalues():
    pca = PCA().fit(datasets.load("iris").data)
    np.testing.assert_allclose(pca.explained_variance_, [4.22824, 0.24267, 0.07821, 0.02384], atol=5e-6)


# --- the four milestones --------------------------------------------------------------


def test_milestone_1_power_iteration_finds_the_axis_of_largest_variance():
    x, axes = constructed([5.0, 2.0, 1.0, 0.5], 60)
    pca = PCA(1, solver="power").fit(x)
    assert abs(pca.explained_variance_[0] - 5.0) <= 1e-14 * 5 * 4
    assert angles(pca.components_, axes[:1])[0] <= 1e-12 * 5 / 3
    # Along no other direction does the data vary more.
    directions = np.random.default_rng(1).standard_normal((1000, 4))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    assert (np.einsum("ij,jk,ik->i", directions, covariance(x), directions) <= 5.0 + 1e-13).all()


def test_milestone_2_deflation_finds_the_other_axes():
    spectrum = [5.0, 2.0, 1.0, 0.5]
    x, axes = constructed(spectrum, 60)
    pca = PCA(solver="power").fit(x)
    np.testing.assert_allclose(pca.explained_variance_, spectrum, rtol=0, atol=1e-14 * 5 * 4)
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(4), atol=1e-14 * 4)
    assert (angles(pca.components_, axes) <= 1e-12 * 5 / np.array([3.0, 1.0, 0.5, 0.5])).all()


def test_milestone_3_projection_to_the_plane_keeps_the_most_variance():
    x = datasets.load("iris").data
    pca = PCA(2, standardize=True)
    plane = pca.fit_transform(x)
    assert plane.shape == (150, 2)
    np.testing.assert_allclose(covariance(plane), np.diag(pca.explained_variance_), atol=1e-14 * 3 * 4)
    assert round(100 * pca.explained_variance_ratio_.sum(), 1) == 95.8
    # The first axis alone tells setosa from the others.
    target = datasets.load("iris").target
    assert plane[target == 0, 0].max() < plane[target > 0, 0].min()


def test_milestone_4_images_are_rebuilt_from_few_components():
    # 40 images of 12 x 12 in the span of three patterns: three components hold them.
    rng = np.random.default_rng(2)
    patterns = rng.standard_normal((3, 144)) * np.array([[4.0], [2.0], [1.0]])
    images = 100.0 + rng.standard_normal((40, 3)) @ patterns
    errors = []
    for k in range(1, 4):
        pca = PCA(k).fit(images)
        rebuilt = pca.inverse_transform(pca.transform(images))
        error = ((images - rebuilt) ** 2).sum() / (len(images) - 1)
        # What is lost is the variance of the axes left out.
        total = pca.explained_variance_.sum() / pca.explained_variance_ratio_.sum()
        assert abs(error - (total - pca.explained_variance_.sum())) <= 1e-12 * total
        errors.append(error)
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] <= 1e-20 * total


# --- laws -----------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["auto", "power", "subspace"])
@pytest.mark.parametrize("standardize", [False, True])
@given(n=st.integers(3, 40), d=st.integers(1, 40), seed=st.integers(0, 99))
def test_laws(solver, standardize, n, d, seed):
    rng = np.random.default_rng(seed)
    # A spectrum that falls by a fifth a step: separated enough for power iteration.
    x = rng.standard_normal((n, d)) @ (np.linalg.qr(rng.standard_normal((d, d)))[0] * 0.8 ** np.arange(d)) + 3.0
    k = min(n - 1, d, 3)
    pca = PCA(k, solver=solver, standardize=standardize).fit(x)
    scaled = (x - x.mean(axis=0)) / (x.std(axis=0, ddof=1) if standardize else 1.0)
    c = covariance(scaled)
    largest = np.linalg.norm(c, 2)
    v, values = pca.components_, pca.explained_variance_
    bound = 1e-13 * largest * max(n, d) ** 0.5
    np.testing.assert_allclose(v @ v.T, np.eye(k), atol=1e-13)
    assert np.linalg.norm(c @ v.T - v.T * values, axis=0).max() <= bound
    assert (np.diff(values) <= 0).all() and (values >= 0).all()
    assert abs(values.sum() / pca.explained_variance_ratio_.sum() - np.trace(c)) <= bound * d
    np.testing.assert_allclose(pca.singular_values_, np.sqrt((n - 1) * values), rtol=4 * EPS)
    np.testing.assert_allclose(pca.transform(x), scaled @ v.T, atol=1e-13 * (1 + np.abs(scaled).max()) * d)
    size = np.abs(v)
    biggest = (size > size.max(axis=1, keepdims=True) * (1 - 1e-8)).argmax(axis=1)  # the first of equals
    assert (v[np.arange(k), biggest] > 0).all()


@given(n=st.integers(2, 30), d=st.integers(1, 30), seed=st.integers(0, 99), standardize=st.booleans())
def test_all_components_rebuild_the_data(n, d, seed, standardize):
    x = np.random.default_rng(seed).standard_normal((n, d)) + 5.0
    pca = PCA(standardize=standardize).fit(x)
    k = min(n, d)
    assert pca.n_components_ == k
    assert pca.components_.shape == (k, d)
    # Also where the last variance is zero (d >= n) the axes are orthonormal.
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(k), atol=1e-13)
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(x)), x, atol=1e-12)
    assert abs(pca.explained_variance_ratio_.sum() - 1.0) <= 1e-13
    assert pca.noise_variance_ == 0.0


TWINS = [1.0, 1.0 - 1e-12, 0.25]


@pytest.mark.parametrize(
    ("spectrum", "solver"),
    [
        (spectrum, solver)
        for spectrum in ([3.0, 3.0, 1.0], [2.0, 2.0, 2.0], TWINS, [1.0, 1e-8, 0.0])
        for solver in ("auto", "power", "subspace")
        if spectrum is not TWINS or solver != "power"
    ],
)
def test_repeated_and_nearly_equal_eigenvalues(spectrum, solver):
    x, axes = constructed(spectrum, 50, seed=3)
    pca = PCA(solver=solver).fit(x)
    np.testing.assert_allclose(pca.explained_variance_, spectrum, rtol=0, atol=1e-13 * spectrum[0])
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(3), atol=1e-13)
    # Which axes a repeated eigenvalue gets is open; the space they span is not.
    for value in set(np.round(spectrum, 6)):
        same = np.abs(np.array(spectrum) - value) < 1e-5
        ours, theirs = pca.components_[same], axes[same]
        np.testing.assert_allclose(ours.T @ ours, theirs.T @ theirs, atol=1e-6 if spectrum[1] == 1e-8 else 1e-12)


def test_power_iteration_says_that_it_cannot_part_twins():
    x, axes = constructed(TWINS, 50, seed=3)
    with pytest.warns(minigrad.ConvergenceWarning, match="power_iteration: stopped at max_iter"):
        pca = PCA(2, solver="power").fit(x)
    # Their plane is found all the same, and no value is wrong by more than the twins' distance.
    np.testing.assert_allclose(pca.explained_variance_, 1.0, rtol=0, atol=2e-12)
    np.testing.assert_allclose(pca.components_.T @ pca.components_, axes[:2].T @ axes[:2], atol=1e-11)


def test_duplicated_rows_change_the_scale_only():
    x, _ = constructed([4.0, 1.0, 0.5], 30)
    once, twice = PCA().fit(x), PCA().fit(np.repeat(x, 2, axis=0))
    np.testing.assert_allclose(twice.explained_variance_, once.explained_variance_ * 29 * 2 / 59, rtol=1e-13)
    np.testing.assert_allclose(twice.components_, once.components_, atol=1e-12)


def test_shuffled_rows_give_the_same_picture_with_the_same_signs():
    x = datasets.load("iris").data
    order = np.random.default_rng(0).permutation(150)
    first, second = PCA(2, standardize=True), PCA(2, standardize=True)
    np.testing.assert_allclose(second.fit_transform(x[order]), first.fit_transform(x)[order], atol=1e-12)


def test_equal_loadings_take_their_sign_from_the_first():
    # The correlation matrix of two features has loadings of one size, whatever rounding says.
    for seed in range(20):
        x = np.random.default_rng(seed).standard_normal((30, 2)) @ [[1.0, 0.3], [0.0, 1.0]]
        pca = PCA(standardize=True).fit(x)
        np.testing.assert_allclose(np.abs(pca.components_), math.sqrt(0.5), atol=1e-12)
        assert (pca.components_[:, 0] > 0).all()


def test_translation_and_scale():
    x, _ = constructed([4.0, 1.0, 0.25], 40)
    base = PCA().fit(x)
    moved, grown = PCA().fit(x + 8.0), PCA().fit(x * 1024.0)
    np.testing.assert_allclose(moved.components_, base.components_, atol=1e-12)
    np.testing.assert_array_equal(grown.components_, base.components_)  # powers of two round nothing
    np.testing.assert_array_equal(grown.explained_variance_, base.explained_variance_ * 1024.0**2)
    scaled = PCA(standardize=True).fit(x * [1.0, 1e6, 1e-6])
    np.testing.assert_allclose(scaled.explained_variance_, PCA(standardize=True).fit(x).explained_variance_, atol=1e-13)


def test_more_features_than_samples_agrees_with_the_covariance_route():
    # The same 20 samples, and padded to 40 rows by their mirror images about the mean, which
    # leaves the axes and n - 1 times the variances doubled.
    x = np.random.default_rng(4).standard_normal((20, 30))
    mirrored = np.concatenate([x, 2 * x.mean(axis=0) - x])
    wide, tall = PCA(5).fit(x), PCA(5).fit(mirrored)
    np.testing.assert_allclose(wide.explained_variance_ * 19 * 2 / 39, tall.explained_variance_, rtol=1e-12)
    np.testing.assert_allclose(wide.components_, tall.components_, atol=1e-11)
    np.testing.assert_allclose(wide.mean_, tall.mean_, atol=1e-14)


def test_wide_data_is_cut_into_blocks_of_features():
    # 300 x 2,000 exceeds a block, 3 x 100,000 has one of many columns.
    for n, d in [(300, 2000), (3, 100_000)]:
        x = np.random.default_rng(5).standard_normal((n, d)) + 1.0
        pca = PCA(2).fit(x)
        centred = x - x.mean(axis=0)
        axes, values = pca.components_, pca.explained_variance_
        residual = (axes @ centred.T) @ centred / (n - 1) - values[:, None] * axes
        assert np.abs(residual).max() <= 1e-12 * pca.explained_variance_[0]
        np.testing.assert_allclose(pca.transform(x), centred @ pca.components_.T, atol=1e-11)


def test_results_repeat_for_a_seed_and_for_any_number_of_threads():
    x = np.random.default_rng(6).standard_normal((500, 80)).astype(np.float32)
    before = minigrad.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            minigrad.set_num_threads(threads)
            pca = PCA(3, random_state=5).fit(x)
            results.append((pca.components_.tobytes(), pca.explained_variance_.tobytes(), pca.transform(x).tobytes()))
    finally:
        minigrad.set_num_threads(before)
    assert results[0] == results[1] == results[2]


# --- how many components --------------------------------------------------------------


@pytest.mark.parametrize("solver", ["auto", "power", "subspace"])
@pytest.mark.parametrize(("share", "expected"), [(0.3, 1), (0.5, 2), (0.75, 3), (0.9, 4), (0.999, 5)])
def test_a_fraction_keeps_the_fewest_axes_that_explain_more(solver, share, expected):
    x, _ = constructed([4.0, 3.0, 2.0, 0.8, 0.2], 40)  # cumulative shares 0.4, 0.7, 0.9, 0.98, 1
    if share == 0.9:
        share = 0.9 + 1e-9
    pca = PCA(share, solver=solver).fit(x)
    assert pca.n_components_ == expected
    assert pca.explained_variance_ratio_.sum() > share
    assert pca.explained_variance_ratio_[:-1].sum() <= share


def test_none_keeps_all_and_the_noise_is_the_mean_of_the_rest():
    x, _ = constructed([4.0, 3.0, 2.0, 1.0], 40)
    assert PCA().fit(x).n_components_ == 4
    assert abs(PCA(2).fit(x).noise_variance_ - 1.5) <= 1e-13
    assert abs(PCA(1).fit(x[:3]).noise_variance_ - PCA().fit(x[:3]).explained_variance_[1:].mean()) <= 1e-13


@pytest.mark.parametrize("numpy_type", [np.int32, np.int64, np.uint8])
def test_numpy_integers_count_too(numpy_type):
    x, _ = constructed([2.0, 1.0], 10)
    assert PCA(numpy_type(1)).fit(x).n_components_ == 1


# --- float32 --------------------------------------------------------------------------


def test_float32_axes_come_from_a_float64_eigenproblem():
    x = np.random.default_rng(7).standard_normal((400, 60)) * np.linspace(3, 1, 60)
    narrow = PCA(5).fit(x.astype(np.float32))
    wide = PCA(5).fit(x.astype(np.float32).astype(np.float64))
    assert narrow.components_.dtype == np.float32
    assert narrow.explained_variance_.dtype == narrow.mean_.dtype == np.float64
    gap = np.abs(np.diff(wide.explained_variance_)).min()
    assert angles(narrow.components_, wide.components_).max() <= 1e-6 * wide.explained_variance_[0] / gap
    np.testing.assert_allclose(narrow.explained_variance_ratio_, wide.explained_variance_ratio_, atol=1e-6)


def much_float32_data(spectrum, n=4200):
    rng = np.random.default_rng(10)
    axes, _ = np.linalg.qr(rng.standard_normal((len(spectrum), len(spectrum))))
    return (rng.standard_normal((n, len(spectrum))) * np.sqrt(spectrum) @ axes.T + 2.0).astype(np.float32)


@pytest.mark.parametrize("k", [1, 2, 40])
@pytest.mark.parametrize("order", ["as drawn", "sorted", "every sixth row is flat", "one heavy row"])
def test_much_float32_data_by_whatever_route(order, k):
    x = much_float32_data(20.0 * 0.8 ** np.arange(140))
    if order == "sorted":
        x = x[np.argsort(x[:, 0])]
    elif order == "every sixth row is flat":
        x[::6] = x.mean(axis=0) + 0.01 * (x[::6] - x.mean(axis=0))
    elif order == "one heavy row":
        x[1] += 300.0
    narrow, wide = PCA(k).fit(x), PCA(k).fit(x.astype(np.float64))
    largest = wide.explained_variance_[0]
    gaps = np.abs(np.diff(PCA(k + 1).fit(x.astype(np.float64)).explained_variance_))
    gaps = np.minimum(gaps, np.concatenate([[largest], gaps[:-1]]))
    assert (angles(narrow.components_, wide.components_) <= 1e-5 + 1e-6 * largest / gaps).all()
    # A float32 product of 140 terms twice, unaveraged where one row outweighs all others.
    share = 2 * math.sqrt(140) * np.finfo(np.float32).eps
    np.testing.assert_allclose(narrow.explained_variance_, wide.explained_variance_, rtol=0, atol=share * largest)
    np.testing.assert_allclose(narrow.explained_variance_ratio_, wide.explained_variance_ratio_, rtol=0, atol=share)
    np.testing.assert_allclose(narrow.mean_, wide.mean_, rtol=0, atol=1e-6)


@pytest.mark.parametrize("scale", [1e36, 1e20, 1e-18, 1e-25, 1e-36])
@pytest.mark.parametrize("d", [20, 140])
def test_float32_data_whose_squares_leave_float32(scale, d):
    x = much_float32_data(20.0 * 0.8 ** np.arange(d)) * np.float32(scale)
    narrow, wide = PCA(2).fit(x), PCA(2).fit(x.astype(np.float64))
    np.testing.assert_allclose(narrow.explained_variance_, wide.explained_variance_, rtol=1e-6)
    assert angles(narrow.components_, wide.components_).max() <= 1e-5
    x = x / np.float32(scale)
    x[:, 3] *= np.float32(1e-28)
    narrow, wide = (PCA(2, standardize=True).fit(data) for data in (x, x.astype(np.float64)))
    np.testing.assert_allclose(narrow.scale_, wide.scale_, rtol=1e-6)


def test_much_float32_data_without_a_gap():
    x = much_float32_data(np.ones(140))
    narrow, wide = PCA(2).fit(x), PCA(2).fit(x.astype(np.float64))
    np.testing.assert_allclose(narrow.explained_variance_, wide.explained_variance_, rtol=1e-6)
    np.testing.assert_allclose(narrow.components_ @ narrow.components_.T, np.eye(2), atol=1e-6)


def test_much_float32_data_with_one_nan():
    x = much_float32_data(np.ones(140))
    x[4100, 7] = np.nan
    with pytest.raises(ValueError, match=re.escape("PCA: X must be finite; got nan at index (4100, 7) (1 such")):
        PCA(2).fit(x)
    with pytest.raises(ValueError, match="PCA: X must vary; got 4200 identical samples"):
        PCA(2).fit(np.full_like(x, 0.1))


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("standardize", [False, True])
def test_float32_scores_are_accurate_wherever_the_data_lies(offset, standardize):
    x, _ = constructed([4.0, 2.0, 1.0, 0.5], 200, mean=offset)
    narrow = x.astype(np.float32)  # what is exact from here on
    pca = PCA(standardize=standardize).fit(narrow)
    exact = narrow.astype(np.float64) - pca.mean_
    if standardize:
        exact /= pca.scale_
    exact = exact @ pca.components_.astype(np.float64).T
    scores = pca.transform(narrow)
    assert scores.dtype == np.float32
    # Eight spreads from the origin (the limit for subtracting last) and 4 + 2 roundings.
    assert np.abs(scores - exact).max() <= 6 * 9 * np.finfo(np.float32).eps * np.abs(exact).max()
    rebuilt = pca.inverse_transform(scores)
    assert rebuilt.dtype == np.float32
    np.testing.assert_allclose(rebuilt, narrow, atol=60 * np.finfo(np.float32).eps * np.abs(x).max())


def test_float64_scores_far_from_the_origin():
    x, _ = constructed([4.0, 2.0, 1.0], 100, mean=1e8)
    pca = PCA().fit(x)
    np.testing.assert_allclose(pca.explained_variance_, np.linalg.eigvalsh(covariance(x))[::-1], rtol=1e-7)
    np.testing.assert_allclose(pca.transform(x), (x - pca.mean_) @ pca.components_.T, atol=1e-13)


def test_the_type_of_what_is_transformed_decides():
    x, _ = constructed([2.0, 1.0], 20)
    assert PCA().fit(x).transform(x.astype(np.float32)).dtype == np.float32
    assert PCA().fit(x.astype(np.float32)).transform(x).dtype == np.float64


# --- edge table -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([[1.0, 2.0]], "PCA: X must have at least 2 samples (rows); got shape (1, 2)"),
        (np.empty((0, 3)), "PCA: X must have at least 2 samples (rows); got shape (0, 3)"),
        (np.empty((3, 0)), "PCA: X must have at least 1 feature (column); got shape (3, 0)"),
        ([1.0, 2.0], "PCA: X must be 2-dimensional; got shape (2,)"),
        ([[1.0, np.nan], [2.0, 3.0]], "PCA: X must be finite; got nan at index (0, 1) (1 such element(s))"),
        ([[1.0, 2.0], [np.inf, 3.0]], "PCA: X must be finite; got inf at index (1, 0) (1 such element(s))"),
        ([[0.1, 0.2]] * 5, "PCA: X must vary; got 5 identical samples"),
        ([[0.1, 0.2, 0.3, 0.4]] * 3, "PCA: X must vary; got 3 identical samples"),
        (
            [[1e300, 1.0], [-1e300, 2.0]],
            "PCA: X must have squares within the range of float64; got elements up to 1e+300 in size "
            "(divide the data by a constant first)",
        ),
        (
            [[1.7e308, 1.0, 2.0], [1.6e308, 2.0, 3.0]],
            "PCA: X must have squares within the range of float64; got elements up to 1.7e+308 in size "
            "(divide the data by a constant first)",
        ),
        (
            [[1e-200, 1e-200], [3e-200, 2e-200]],
            "PCA: X must have squares within the range of float64; got variances that underflow to 0 "
            "(multiply the data by a constant first)",
        ),
    ],
)
def test_unusable_data_is_refused_in_one_line(data, message):
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        PCA().fit(data)


def test_text_and_ragged_rows_are_refused():
    with pytest.raises(TypeError, match="PCA: X must be an array of real numbers; got dtype"):
        PCA().fit([["a", "b"], ["c", "d"]])
    with pytest.raises(ValueError, match="PCA: X must be a rectangular array of numbers"):
        PCA().fit([[1.0, 2.0], [3.0]])


@pytest.mark.parametrize("n", [6, 3])
def test_a_constant_feature_can_be_kept_but_not_standardized(n):
    x = np.random.default_rng(8).standard_normal((n, 4))
    x[:, 1] = 0.1
    x[:, 3] = -7.3
    pca = PCA(2).fit(x)
    assert np.abs(pca.components_[:, [1, 3]]).max() <= 1e-14
    message = "PCA: X must vary in every feature if standardize is set; got constant feature(s) [1, 3]"
    with pytest.raises(ValueError, match=re.escape(message)):
        PCA(2, standardize=True).fit(x)


@pytest.mark.parametrize(
    ("n_components", "kind", "message"),
    [
        (0, ValueError, "PCA: n_components must be an int >= 1; got 0"),
        (-1, ValueError, "PCA: n_components must be an int >= 1; got -1"),
        (
            5,
            ValueError,
            "PCA: n_components must be an int from 1 to 4, the smaller number of the 10 samples and 4 features; got 5",
        ),
        (1.5, ValueError, "PCA: n_components (a fraction of the variance) must be a finite number in (0, 1); got 1.5"),
        (0.0, ValueError, "PCA: n_components (a fraction of the variance) must be a finite number in (0, 1); got 0.0"),
        (True, TypeError, "PCA: n_components must be an int >= 1; got True"),
        ("mle", TypeError, "PCA: n_components must be an int >= 1; got 'mle'"),
    ],
)
def test_impossible_numbers_of_components(n_components, kind, message):
    x = np.random.default_rng(9).standard_normal((10, 4))
    with pytest.raises(kind, match=re.escape(message) + "$"):
        PCA(n_components).fit(x)


def test_fewer_samples_than_components():
    x = np.random.default_rng(9).standard_normal((3, 10))
    with pytest.raises(ValueError, match="from 1 to 3, the smaller number of the 3 samples and 10 features; got 4"):
        PCA(4).fit(x)


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_not_fitted(method):
    with pytest.raises(NotFittedError, match=f"PCA: {method} must come after fit; got an estimator that is not fitted"):
        getattr(PCA(), method)([[1.0, 2.0]])


def test_wrong_shapes_after_fit():
    pca = PCA(2).fit(np.random.default_rng(0).standard_normal((10, 4)))
    with pytest.raises(ValueError, match=re.escape("must have shape (n_samples, 4), as in fit; got (2, 3)")):
        pca.transform(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=re.escape("must have shape (n_samples, 2); got (2, 4)")):
        pca.inverse_transform(np.zeros((2, 4)))
    for bad in (np.nan, np.inf, -np.inf):
        for offset in (0.0, 1e9):  # subtracting the mean last, and first
            x = np.random.default_rng(0).standard_normal((10, 4))
            x[:, 3] = 0.0  # a feature without any weight
            pca = PCA(2).fit(x + offset)
            x[7, 3] = bad
            with pytest.raises(ValueError, match=re.escape(f"PCA: X must be finite; got {bad} at index (7, 3)")):
                pca.transform(x)


def test_no_rows_transform_to_no_rows():
    pca = PCA(2).fit(np.random.default_rng(0).standard_normal((10, 4)))
    assert pca.transform(np.empty((0, 4))).shape == (0, 2)
    assert pca.inverse_transform(np.empty((0, 2))).shape == (0, 4)


def test_two_samples_span_one_axis():
    pca = PCA(1).fit([[0.0, 0.0, 0.0], [2.0, 2.0, 1.0]])
    np.testing.assert_allclose(pca.components_, [[2 / 3, 2 / 3, 1 / 3]], atol=1e-15)
    assert abs(pca.explained_variance_[0] - 4.5) <= 1e-14


def test_strided_reversed_and_integer_input():
    x = np.random.default_rng(1).integers(-50, 50, size=(40, 12))
    part = x[::-2, 1:9:2]
    expected = PCA(2).fit(np.ascontiguousarray(part, dtype=np.float64))
    for view in (part, part.astype(np.float64, order="F"), part.astype(np.int16), part.tolist()):
        pca = PCA(2).fit(view)
        np.testing.assert_array_equal(pca.components_, expected.components_)
        np.testing.assert_array_equal(pca.transform(view), expected.transform(part.astype(np.float64)))


def test_arguments_are_left_alone():
    x = np.random.default_rng(1).standard_normal((30, 5))
    copy = x.copy()
    PCA(2, standardize=True).fit_transform(x)
    np.testing.assert_array_equal(x, copy)
    matrix, _ = linalg.covariance(x)
    np.testing.assert_array_equal(x, copy)
    assert matrix.shape == (5, 5)
