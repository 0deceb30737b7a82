"""linalg.Transform2D against longer arithmetic, its own laws, and constructed answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad._native import lib
from minigrad.linalg import Transform2D, interpolate_transforms, transform_groups, transform_matrices

pytestmark = pytest.mark.native

EPS = float(np.finfo(np.float64).eps)
NUMBERS = st.floats(-8, 8).map(lambda x: round(x, 3))
MATRICES = st.lists(NUMBERS, min_size=6, max_size=6).map(lambda row: Transform2D(np.reshape(row, (2, 3))))
SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 65, 1000]


def slow(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the images in longer precision, point by point."""
    m, p = matrix.astype(np.longdouble), points.astype(np.longdouble)
    x, y, w = (m[i, 0] * p[:, 0] + m[i, 1] * p[:, 1] + m[i, 2] for i in range(3))
    return np.stack([x / w, y / w], axis=1)


def bound(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return 4 eps (|A| |p| + |t|): the matrix's rounding, two products and two sums (Higham, 3.1)."""
    sizes = np.abs(points.astype(float)) @ np.abs(matrix[:2, :2]).T + np.abs(matrix[:2, 2])
    return 4.0 * np.finfo(points.dtype).eps * sizes


# --- points


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 1, 2, 3, 6])
def test_points_of_every_edge_size_and_alignment(dtype: type, offset: int) -> None:
    rng = np.random.default_rng(1)
    t = Transform2D(rng.standard_normal((2, 3)))
    for n in SIZES:
        room = rng.standard_normal(2 * n + offset + 8).astype(dtype)
        points = room[offset : offset + 2 * n].reshape(n, 2)
        for start in (0, 1, 2, 5):
            canary = np.full(2 * n + start + 4, 7.0, dtype)
            out = canary[start : start + 2 * n].reshape(n, 2)
            assert t.apply(points, out=out) is out
            assert (np.abs(out - slow(t.matrix, points)) <= bound(t.matrix, points)).all()
            assert (canary[:start] == 7).all()
            assert (canary[start + 2 * n :] == 7).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_and_in_place_change_no_bit(dtype: type) -> None:
    points = np.random.default_rng(2).standard_normal((100_001, 2)).astype(dtype)
    t = Transform2D.from_factors(3, -4, 33, 1.5, 0.75, 0.3)
    before = minigrad.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            minigrad.set_num_threads(threads)
            results.append(t.apply(points))
            again = points.copy()
            t.apply(again, out=again)
            results.append(again)
    finally:
        minigrad.set_num_threads(before)
    assert all(np.array_equal(r, results[0]) for r in results)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_projective_points_are_divided(dtype: type) -> None:
    points = np.random.default_rng(3).uniform(0, 1, (101, 2)).astype(dtype)
    t = Transform2D([[1.0, 0.2, 3.0], [-0.1, 2.0, 1.0], [0.25, 0.125, 1.0]])
    assert not t.is_affine
    # Numerator and denominator each have relative error 4 eps at most: all terms but one are positive.
    expected = slow(t.matrix, points)
    assert (np.abs(t.apply(points) - expected) <= 12 * np.finfo(dtype).eps * np.abs(expected)).all()
    there_and_back = t.inverse().apply(t.apply(points.astype(np.float64)))
    assert np.allclose(there_and_back, points, rtol=0, atol=100 * EPS)


def test_views_integers_and_lists_are_read_right() -> None:
    t = Transform2D.from_factors(1, 2, 90)
    every_other = np.arange(12.0).reshape(6, 2)[::2]
    assert np.array_equal(t.apply(every_other), t.apply(every_other.copy()))
    assert np.array_equal(t.apply([[1, 0], [0, 1]]), [[1, 3], [0, 2]])
    assert np.array_equal(t.apply(np.asfortranarray(every_other)), t.apply(every_other))


def test_nan_and_infinity_stay_with_their_point() -> None:
    points = np.zeros((5, 2))
    points[1, 0], points[3, 1] = np.nan, np.inf
    images = Transform2D.rotation(30).apply(points)
    assert np.array_equal(np.isfinite(images).all(axis=1), [True, False, True, False, True])


def test_vectors_do_not_feel_the_translation() -> None:
    assert np.array_equal(Transform2D.from_factors(5, 6, 90).apply_vectors([[1.0, 2.0]]), [[-2.0, 1.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_groups_equal_their_members(dtype: type) -> None:
    rng = np.random.default_rng(4)
    ends = np.cumsum([3, 0, 8, 1, 17, 40])
    maps = rng.standard_normal((6, 3, 3))
    maps[:4, 2] = [0, 0, 1]
    points = rng.standard_normal((ends[-1], 2)).astype(dtype)
    moved = transform_groups(maps, points, ends)
    for m, start, stop in zip(maps, [0, *ends[:-1]], ends, strict=True):
        assert np.array_equal(moved[start:stop], Transform2D(m).apply(points[start:stop]))
    assert transform_groups(np.empty((0, 3, 3)), np.empty((0, 2)), np.empty(0, int)).shape == (0, 2)


# --- composition and inverse


@given(MATRICES, MATRICES)
def test_a_product_acts_like_its_factors_in_turn(a: Transform2D, b: Transform2D) -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-3.0, 5.0]])
    size = np.abs(points) @ np.abs(b.matrix[:2, :2]).T + np.abs(b.matrix[:2, 2])
    size = size @ np.abs(a.matrix[:2, :2]).T + np.abs(a.matrix[:2, 2])
    assert (np.abs((a @ b).apply(points) - a.apply(b.apply(points))) <= 10 * EPS * size).all()


@given(MATRICES)
def test_the_inverse_undoes(t: Transform2D) -> None:
    if abs(t.determinant) < 1e-3:
        return
    inverse = t.inverse()
    # |A^-1 A - I| <= c eps |A^-1| |A|
    size = np.abs(inverse.matrix) @ np.abs(t.matrix)
    assert (np.abs((inverse @ t).matrix - np.eye(3)) <= 8 * EPS * size).all()
    assert inverse.is_affine


def test_determinant_survives_cancellation() -> None:
    # Integers near 2^27: each product needs 54 bits, the difference is 1.
    a = 2.0**27 + 1
    t = Transform2D([[a, 2.0**27 + 2, 0], [2.0**27, a, 0]])
    assert t.determinant == 1.0


def test_what_has_no_inverse_says_so() -> None:
    for t in (Transform2D.scaling(0), Transform2D.scaling(1, 0), Transform2D([[1, 2, 0], [2, 4, 0]])):
        with pytest.raises(np.linalg.LinAlgError, match="Transform2D.inverse: the matrix is singular"):
            t.inverse()
    with pytest.raises(np.linalg.LinAlgError):
        Transform2D.scaling(1e-200).inverse()


# --- factors


@given(NUMBERS, NUMBERS, st.floats(-179, 180), st.floats(0.05, 8), st.floats(0.05, 8), st.floats(-4, 4), st.booleans())
def test_factors_come_back(x: float, y: float, angle: float, sx: float, sy: float, k: float, flip: bool) -> None:
    given_ = (x, y, angle, sx, -sy if flip else sy, k)
    found = Transform2D.from_factors(*given_).factors()
    # The shear has a condition of about 1 + |k|; degrees are eps-relative to 360.
    tolerance = 64 * EPS * np.array([1 + abs(x), 1 + abs(y), 360, sx, sy * (1 + abs(k)), 1 + k * k])
    assert (np.abs(np.array(found) - given_) <= tolerance).all()


def test_the_pivot_stays() -> None:
    t = Transform2D.from_factors(degrees=37, scale_x=2, scale_y=-0.5, shear=0.7, about=(3, -2))
    assert np.abs(t.apply([[3.0, -2.0]]) - [[3.0, -2.0]]).max() <= 16 * EPS


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 360, -90, 450, 36_000_090])
def test_quarter_turns_are_exact(degrees: int) -> None:
    quarter = {0: [[1, 0], [0, 1]], 1: [[0, -1], [1, 0]], 2: [[-1, 0], [0, -1]], 3: [[0, 1], [-1, 0]]}
    matrix = Transform2D.rotation(degrees).matrix[:2, :2]
    assert np.array_equal(matrix, quarter[degrees // 90 % 4])
    assert not np.signbit(matrix[matrix == 0]).any()


def test_a_million_degrees_do_not_wear_a_rotation() -> None:
    for degrees in (10**6, 10**6 + 0.125, -123_456_789.5):
        r = Transform2D.rotation(degrees).matrix[:2, :2]
        assert np.abs(r.T @ r - np.eye(2)).max() <= 1e-15


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, -45.0])
def test_a_reflection_keeps_its_line_and_is_its_own_inverse(degrees: float) -> None:
    t = Transform2D.reflection(degrees, about=(1, 2))
    along = np.array([[1 + math.cos(math.radians(degrees)), 2 + math.sin(math.radians(degrees))]])
    assert np.abs(t.apply(along) - along).max() <= 8 * EPS
    assert np.abs((t @ t).matrix - np.eye(3)).max() <= 32 * EPS
    assert t.determinant == pytest.approx(-1, abs=4 * EPS)


def test_factors_of_singular_maps() -> None:
    assert Transform2D.scaling(0).factors()[2:] == (0, 0, 0, 0)
    assert Transform2D.scaling(0, 2).factors()[3:] == (0, 2, 0)
    assert Transform2D.scaling(2, 0).factors()[3:] == (2, 0, 0)
    with pytest.raises(np.linalg.LinAlgError, match="Transform2D.factors"):
        Transform2D([[1, 1, 0], [1, 1, 0]]).factors()


# --- polar factors and interpolation


@given(MATRICES)
def test_polar_factors_multiply_to_the_map_and_the_rest_is_symmetric(t: Transform2D) -> None:
    degrees, rest = t.polar()
    size = float(np.abs(t.matrix[:2, :2]).max())
    product = Transform2D.rotation(degrees).matrix[:2, :2] @ rest
    assert np.abs(product - t.matrix[:2, :2]).max() <= 16 * EPS * size
    flip = np.diag([1.0, -1.0 if t.determinant < 0 else 1.0])
    stretch = rest @ flip
    assert stretch[0, 1] == stretch[1, 0]
    assert (np.linalg.eigvalsh(stretch) >= -16 * EPS * size).all()


def test_the_rotation_is_the_nearest_one() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        t = Transform2D(rng.standard_normal((2, 3)))
        if t.determinant < 0:
            continue
        u, _, vt = np.linalg.svd(t.matrix[:2, :2])
        nearest = Transform2D.rotation(t.polar().degrees).matrix[:2, :2]
        assert np.abs(nearest - u @ vt).max() <= 1e-12


def test_interpolation_meets_its_ends_and_turns_evenly() -> None:
    a, b = Transform2D.from_factors(1, 2, 10, 2, 3, 0.5), Transform2D.from_factors(-4, 0, 100, 1, 1, -0.25)
    assert np.abs(a.interpolate(b, 0).matrix - a.matrix).max() <= 32 * EPS
    assert np.abs(a.interpolate(b, 1).matrix - b.matrix).max() <= 32 * EPS
    angles = [a.interpolate(b, u).polar().degrees for u in np.linspace(0, 1, 5)]
    assert np.abs(np.diff(angles, n=2)).max() <= 360 * 64 * EPS


def test_a_half_turn_does_not_collapse_where_the_mean_of_the_matrices_does() -> None:
    a, b = Transform2D(), Transform2D.rotation(180)
    assert np.abs((a.matrix + b.matrix)[:2, :2] / 2).max() == 0
    for u in np.linspace(0, 1, 7):
        middle = a.interpolate(b, u)
        assert middle.determinant == pytest.approx(1, abs=8 * EPS)
        assert middle.polar().degrees == pytest.approx(180 * u, abs=360 * 8 * EPS)


@given(MATRICES, MATRICES)
def test_the_determinant_keeps_its_sign_on_the_way(a: Transform2D, b: Transform2D) -> None:
    if a.determinant * b.determinant < 1e-2:
        return
    for u in np.linspace(0, 1, 9):
        assert a.interpolate(b, float(u)).determinant * a.determinant > 0


def test_the_point_about_which_one_interpolates_goes_straight() -> None:
    a, b = Transform2D.from_factors(0, 0, 0, about=(1, 1)), Transform2D.from_factors(8, 4, 170, 2, 2, about=(1, 1))
    for u in (0.25, 0.5, 0.75):
        image = a.interpolate(b, u, about=(1, 1)).apply([[1.0, 1.0]])
        assert np.abs(image - [[1 + 8 * u, 1 + 4 * u]]).max() <= 64 * EPS


# --- fixed directions


@given(MATRICES)
def test_eigenvectors_are_stretched_by_their_values(t: Transform2D) -> None:
    values, vectors = t.eigen()
    a = t.matrix[:2, :2]
    size = max(1.0, float(np.abs(a).max()))
    assert abs(values.sum().real - np.trace(a)) <= 1e-7 * size
    for value, vector in zip(values, vectors, strict=False):
        assert np.hypot(*vector) == pytest.approx(1, abs=8 * EPS)
        # Near a double value, vectors have the square root of the precision.
        assert np.abs(a @ vector - value.real * vector).max() <= 1e-7 * size


@pytest.mark.parametrize(
    ("t", "values", "vectors"),
    [
        (Transform2D(), [1, 1], [[1, 0], [0, 1]]),
        (Transform2D.scaling(2, -3), [-3, 2], [[0, 1], [1, 0]]),
        (Transform2D.shearing(0.5), [1, 1], [[1, 0]]),
        (Transform2D.shearing(0, 0.5), [1, 1], [[0, 1]]),
        (Transform2D.rotation(90), [1j, -1j], []),
        (Transform2D.scaling(0), [0, 0], [[1, 0], [0, 1]]),
        (Transform2D([[3, 1, 0], [1, 3, 0]]), [4, 2], [[0.5**0.5, 0.5**0.5], [0.5**0.5, -(0.5**0.5)]]),
    ],
)
def test_constructed_directions(t: Transform2D, values: list[complex], vectors: list[list[float]]) -> None:
    found = t.eigen()
    assert np.allclose(found.values, values, rtol=0, atol=4 * EPS)
    expected = np.reshape(np.array(vectors, float), (-1, 2))
    assert found.vectors.shape == expected.shape
    assert np.allclose(np.abs((found.vectors * expected).sum(axis=1)), 1, rtol=0, atol=8 * EPS)


# --- as a value


def test_value_semantics() -> None:
    a = Transform2D.rotation(90)
    assert a == Transform2D([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert hash(a) == hash(Transform2D(a.matrix))
    assert a != Transform2D()
    assert eval(repr(a)) == a
    with pytest.raises(ValueError, match="read-only"):
        a.matrix[0, 0] = 2
    source = np.eye(3)
    t = Transform2D(source)
    source[0, 0] = 5
    assert t == Transform2D()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: Transform2D([[1, 2], [3, 4]]),
            ValueError,
            r"matrix must have shape \(3, 3\) or \(2, 3\); got \(2, 2\)",
        ),
        (lambda: Transform2D([[1, np.nan, 0], [0, 1, 0]]), ValueError, "matrix must be finite; got nan"),
        (lambda: Transform2D([["a"]]), TypeError, "array of real numbers"),
        (lambda: Transform2D().apply([1, 2]), ValueError, r"points must be 2-dimensional; got shape \(2,\)"),
        (lambda: Transform2D().apply([[1, 2, 3]]), ValueError, r"points must have shape \(n, 2\); got \(1, 3\)"),
        (lambda: Transform2D().apply(np.zeros((2, 2)), out=np.zeros((3, 2))), ValueError, "out must be an array of"),
        (lambda: Transform2D().apply(np.zeros((2, 2)), out=np.zeros((2, 2), np.float32)), ValueError, "dtype float64"),
        (lambda: Transform2D().apply([[1.0, 2.0]], out=3), ValueError, "got 3"),  # type: ignore[arg-type]
        (lambda: Transform2D.rotation("x"), TypeError, "degrees must be a finite number"),  # type: ignore[arg-type]
        (lambda: Transform2D.rotation(np.inf), ValueError, "degrees must be a finite number"),
        (lambda: Transform2D.rotation(1, about=(1, 2, 3)), ValueError, "about must have two elements"),
        (lambda: Transform2D.shearing(np.nan), ValueError, "Transform2D.shearing: x must be a finite number"),
        (lambda: Transform2D().interpolate(Transform2D(), 1.5), ValueError, r"u must be a finite number in \[0, 1\]"),
        (lambda: Transform2D().interpolate(3, 0.5), TypeError, "other must be a Transform2D"),  # type: ignore[arg-type]
        (lambda: Transform2D(np.ones((3, 3))).polar(), ValueError, "the map must be affine"),
        (lambda: transform_groups(np.zeros((1, 3, 3)), [[0.0, 0.0]], [2]), ValueError, "ends must ascend"),
        (lambda: transform_groups(np.zeros((2, 3, 3)), [[0.0, 0.0]], [1]), ValueError, r"shape \(1, 3, 3\)"),
        (lambda: transform_groups(np.zeros((1, 3, 3)), [[0.0, 0.0]], [1.0]), TypeError, "ends must be a row of ints"),
    ],
)
def test_bad_input(call: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()  # type: ignore[operator]


def test_out_that_overlaps_is_refused() -> None:
    room = np.zeros(12)
    with pytest.raises(ValueError, match="not overlap"):
        Transform2D().apply(room[:8].reshape(4, 2), out=room[2:10].reshape(4, 2))
    with pytest.raises(ValueError, match="contiguous and writable"):
        Transform2D().apply(np.zeros((2, 2)), out=np.zeros((4, 2))[::2])
    with pytest.raises(TypeError):
        Transform2D() @ 3  # type: ignore[operator]


# --- many at once


def test_many_sets_of_factors_equal_each_alone() -> None:
    rng = np.random.default_rng(6)
    factors, pivots = rng.standard_normal((50, 6)) * [5, 5, 200, 2, 2, 1], rng.standard_normal((50, 2))
    for about in (None, pivots):
        many = transform_matrices(factors, about)
        for i, row in enumerate(factors):
            pivot = (0.0, 0.0) if about is None else tuple(pivots[i])
            assert np.array_equal(many[i], Transform2D.from_factors(*row, about=pivot).matrix)
    assert transform_matrices(np.empty((0, 6))).shape == (0, 3, 3)


def test_many_ways_equal_each_alone() -> None:
    rng = np.random.default_rng(7)
    start, end = (transform_matrices(rng.standard_normal((30, 6)) * [5, 5, 200, 2, 2, 1]) for _ in range(2))
    pivots = rng.standard_normal((30, 2))
    for u in (0.0, 0.3, 1.0):
        many = interpolate_transforms(start, end, u, pivots)
        for i in range(30):
            alone = Transform2D(start[i]).interpolate(Transform2D(end[i]), u, about=tuple(pivots[i]))
            assert np.array_equal(many[i], alone.matrix)
    assert interpolate_transforms(start[:0], end[:0], 0.5).shape == (0, 3, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: transform_matrices(np.zeros((2, 5))), r"factors must have shape \(n, 6\); got \(2, 5\)"),
        (lambda: transform_matrices([[np.nan] * 6]), "factors must be finite"),
        (lambda: transform_matrices(np.zeros((2, 6)), [[0.0, 0.0]]), r"about must have shape \(2, 2\); got \(1, 2\)"),
        (lambda: interpolate_transforms(np.zeros((1, 3, 3)), np.zeros((2, 3, 3)), 0), "start and end must have shape"),
        (lambda: interpolate_transforms([np.ones((3, 3))], [np.eye(3)], 0), "start must be affine"),
        (lambda: interpolate_transforms([np.eye(3)], [np.ones((3, 3))], 0), "end must be affine"),
        (lambda: interpolate_transforms([np.eye(3)], [np.eye(3)], 2.0), "u must be a finite number"),
    ],
)
def test_bad_input_of_many(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]


def test_levels_and_types_agree_on_the_bits() -> None:
    points = np.random.default_rng(8).standard_normal((1001, 2))
    t = Transform2D.from_factors(3, -4, 33, 1.5, 0.75, 0.3)
    before = minigrad.config()["isa"].encode()
    results = {}
    try:
        for level in (b"base", b"avx2", b"avx512"):
            if lib.mg_isa_set(level) == 0:
                results[level] = [t.apply(points.astype(d)) for d in (np.float32, np.float64)]
    finally:
        assert lib.mg_isa_set(before) == 0
    for found in results.values():
        assert all(np.array_equal(a, b) for a, b in zip(found, results[b"base"], strict=True))
