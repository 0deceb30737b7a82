"""Homographies: constructed answers, laws, every bad argument."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.image import homography, warp

pytestmark = pytest.mark.native

SQUARE = [(0, 0), (1, 0), (1, 1), (0, 1)]


def apply(h, points):
    values = np.column_stack([points, np.ones(len(points))]) @ h.T
    return values[:, :2] / values[:, 2:]


def draw_map(rng):
    """Return a map whose denominator is positive on the unit square."""
    h = np.eye(3) + rng.uniform(-0.4, 0.4, (3, 3))
    h[2] = [*rng.uniform(-0.4, 0.4, 2), 1.0]
    return h


@pytest.mark.parametrize("n", [4, 5, 12, 300])
def test_a_known_map_is_found(n):
    rng = np.random.default_rng(n)
    for _ in range(20):
        h = draw_map(rng)
        points = np.vstack([SQUARE, rng.uniform(0, 1, (n - 4, 2))])
        found = homography(points, apply(h, points))
        # The equations' condition is within some hundreds for points that fill the square.
        np.testing.assert_allclose(found / found[2, 2], h / h[2, 2], atol=1e-11)
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-15)


def test_pixels_of_a_photograph_are_met_to_a_millionth_of_a_millionth():
    corners = np.array([(310.5, 207.25), (3890.0, 145.5), (4021.75, 2890.0), (122.0, 3010.5)])
    page = np.array([(0, 0), (2100, 0), (2100, 2970), (0, 2970)], float)
    h = homography(corners, page)
    assert np.abs(apply(h, corners) - page).max() <= 1e-12 * 2970 * 10
    assert np.abs(apply(homography(page, corners), page) - corners).max() <= 1e-12 * 4022 * 10


def test_normalising_makes_places_and_units_of_no_matter():
    rng = np.random.default_rng(3)
    points, h = rng.uniform(0, 1, (30, 2)), draw_map(rng)
    noisy = apply(h, points) + rng.normal(scale=0.01, size=(30, 2))
    found = apply(homography(points, noisy), points)
    moved = apply(homography(points * 1000 + 5e4, noisy * 0.01 - 7), points * 1000 + 5e4)
    np.testing.assert_allclose((moved + 7) / 0.01, found, atol=1e-8)


def test_noise_is_averaged_over_many_points():
    rng = np.random.default_rng(4)
    points, h = rng.uniform(0, 1, (2000, 2)), draw_map(rng)
    exact = apply(h, points)
    found = apply(homography(points, exact + rng.normal(scale=1e-3, size=exact.shape)), points)
    # Eight free numbers carry noise of 1e-3 / sqrt(2000) each; of 2000 points, none is far out.
    assert np.abs(found - exact).max() < 1e-3


@given(st.permutations(range(4)), st.integers(0, 2**32 - 1))
def test_the_order_of_points_is_of_no_matter(order, seed):
    h = draw_map(np.random.default_rng(seed))
    points = np.array(SQUARE, float)
    target = apply(h, points)
    again = homography(points[order], target[order])
    np.testing.assert_allclose(apply(again, points), target, atol=1e-11)


def test_the_sign_shows_the_middle_of_the_points():
    h = homography([(0, 0), (9, 0), (9, 5), (0, 5)], [(2, 1), (11, 0), (9, 7), (3, 5)])
    assert h[2] @ [4.5, 2.5, 1] > 0
    image = np.full((6, 10), 50, np.uint8)
    assert warp(image, h, (8, 12))[4, 6] == 50


@pytest.mark.parametrize(
    ("src", "dst", "kind", "message"),
    [
        (SQUARE[:3], SQUARE[:3], ValueError, r"src must have shape \(n, 2\), n >= 4; got shape \(3, 2\)"),
        (np.zeros((4, 3)), SQUARE, ValueError, r"src must have shape \(n, 2\), n >= 4; got shape \(4, 3\)"),
        (SQUARE, [*SQUARE, (3, 3)], ValueError, r"as many points; got shapes \(4, 2\) and \(5, 2\)"),
        (SQUARE, [(0, 0), (1, 0), (np.nan, 1), (0, 1)], ValueError, "dst must be finite"),
        (SQUARE, [("a", "b")] * 4, TypeError, "dst must be an array of real numbers"),
        ([(0, 0), (1, 1), (2, 2), (0, 1)], SQUARE, ValueError, "no three lie on a line"),
        (SQUARE, [(0, 0), (1, 1), (2, 2), (0, 1)], ValueError, "no three lie on a line"),
        ([(0, 0), (1, 1), (2, 2), (3, 3)], SQUARE, ValueError, "no three lie on a line"),
        ([(0, 0), (0, 0), (1, 1), (0, 1)], SQUARE, ValueError, "no three lie on a line"),
        ([(3, 4)] * 4, SQUARE, ValueError, "src must be different points"),
        ([(0, 0), (1, 2), (2, 4), (3, 6), (4, 8)], [*SQUARE, (2, 3)], ValueError, "no three lie on a line"),
    ],
)
def test_bad_arguments(src, dst, kind, message):
    with pytest.raises(kind, match="homography: .*" + message):
        homography(src, dst)
