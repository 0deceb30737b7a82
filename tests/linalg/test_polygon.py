"""Sides of lines, winding numbers and contact, against the same questions asked of fractions."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import linalg

pytestmark = pytest.mark.native

EPS = np.finfo(float).eps
NEAR = st.integers(0, 8).map(float)  # few enough values for every kind of coincidence
POINT = st.tuples(NEAR, NEAR)
FAR = st.floats(-(2.0**90), 2.0**90).filter(lambda x: x == 0 or abs(x) > 2.0**-400)


def exact_side(a, b, c):
    (ax, ay), (bx, by), (cx, cy) = ([Fraction(float(x)) for x in p] for p in (a, b, c))
    det = (ax - cx) * (by - cy) - (ay - cy) * (bx - cx)
    return (det > 0) - (det < 0)


# --- orientation


@given(st.tuples(FAR, FAR), st.tuples(FAR, FAR), st.tuples(FAR, FAR))
def test_the_side_is_that_of_exact_arithmetic(a, b, c):
    assert linalg.orientation(a, b, c) == exact_side(a, b, c)


@given(POINT, POINT, st.integers(-4, 8), st.integers(-3, 3), st.integers(-3, 3), st.sampled_from([1.0, 0.1, 1e120]))
def test_the_side_is_exact_a_few_last_places_off_the_line(a, b, t, dx, dy, scale):
    a, b = np.array(a) * scale, np.array(b) * scale
    c = a + (b - a) * (t / 4)
    for i, steps in enumerate((dx, dy)):
        for _ in range(abs(steps)):
            c[i] = np.nextafter(c[i], math.copysign(math.inf, steps)) or 2.0**-449
    if all(x == 0 or abs(x) >= 2.0**-450 for x in c):
        assert linalg.orientation(a, b, c) == exact_side(a, b, c)


def test_the_grid_on_which_floating_point_errs():
    # Kettner et al. (2008), Classroom examples of robustness problems: the plain formula gets many of these wrong.
    steps = np.arange(64) * 2.0**-53
    grid = np.stack(np.meshgrid(0.5 + steps, 0.5 + steps), axis=-1).reshape(-1, 2)
    found = linalg.orientation([12, 12], [24, 24], grid)
    assert found.tolist() == [exact_side((12, 12), (24, 24), c) for c in grid]
    plain = np.sign((12 - grid[:, 0]) * (24 - grid[:, 1]) - (12 - grid[:, 1]) * (24 - grid[:, 0]))
    assert (plain != found).any()


def test_the_extremes_of_the_range_are_exact():
    small, big = 2.0**-450, math.nextafter(2.0**500, 0)
    for a, b, c in itertools.product(itertools.product((0.0, small, -big), repeat=2), repeat=3):
        assert linalg.orientation(a, b, c) == exact_side(a, b, c)


def test_orientation_takes_rows_and_single_points_of_any_layout():
    a = np.arange(10.0).reshape(5, 2)[::2]
    assert linalg.orientation(a, [0, 1], a[0]).shape == (3,)
    assert linalg.orientation(np.empty((0, 2)), [0, 0], [1, 1]).shape == (0,)
    assert linalg.orientation([0, 0], np.array([1, 0], np.float32), [0, 1]) == 1


# --- winding


def slow_winding(polygon, point):
    """Count quarter turns between quadrants, with exact signs where an edge jumps over one."""
    x, y = (Fraction(float(v)) for v in point)
    corners = [(Fraction(float(a)) - x, Fraction(float(b)) - y) for a, b in polygon]
    quadrant = [0 if u > 0 <= v else 1 if v > 0 >= u else 2 if u < 0 >= v else 3 for u, v in corners]
    turns = 0
    for i in range(len(corners)):
        j = (i + 1) % len(corners)
        step = (quadrant[j] - quadrant[i]) % 4
        if step == 2:
            (a, b), (c, d) = corners[i], corners[j]
            step = 2 if a * d - b * c > 0 else -2
        turns += -1 if step == 3 else step
    return turns // 4


def slow_on_boundary(polygon, point):
    for p, q in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        box = all(min(p[k], q[k]) <= point[k] <= max(p[k], q[k]) for k in (0, 1))
        if box and exact_side(p, q, point) == 0:
            return True
    return False


@given(st.lists(POINT, min_size=1, max_size=9), st.lists(POINT, min_size=1, max_size=12))
def test_winding_counts_the_turns_around_the_point(polygon, points):
    number, boundary = linalg.winding_number(polygon, points)
    for i, point in enumerate(points):
        on = slow_on_boundary(polygon, point)
        assert boundary[i] == on
        if not on:
            assert number[i] == slow_winding(polygon, point)


@given(st.lists(POINT, min_size=1, max_size=40), st.sampled_from([1.0, 0.1, 1e-100]))
def test_many_points_find_their_edges_as_single_ones_do(polygon, scale):
    # Many points are held against the edges of their band alone; every height of a vertex is among them.
    grid = scale * np.stack(np.meshgrid(np.arange(-1, 9.5, 0.5), np.arange(-1, 9.5, 0.5)), axis=-1).reshape(-1, 2)
    ring = scale * np.array(polygon)
    number, boundary = linalg.winding_number(ring, grid)
    for i in range(0, len(grid), 40):
        few = linalg.winding_number(ring, grid[i : i + 40])
        assert (few.number == number[i : i + 40]).all()
        assert (few.boundary == boundary[i : i + 40]).all()


def test_winding_goes_with_the_direction_and_the_number_of_turns():
    square = [(0, 0), (4, 0), (4, 4), (0, 4)]
    assert linalg.winding_number(square * 3, [1, 1]) == (3, False)
    assert linalg.winding_number(square[::-1] * 2, [1, 1]) == (-2, False)
    assert linalg.winding_number(square, [4, 1])[1] is True
    assert linalg.point_in_polygon(square * 2, [1, 1])
    assert not linalg.point_in_polygon(square * 2, [1, 1], rule="evenodd")
    assert [linalg.point_in_polygon(square, [0, 2], boundary=flag) for flag in (True, False)] == [True, False]


def test_a_fan_of_triangles_shares_out_every_point():
    # Corners with full mantissas: an inexact sign would give some points to two triangles, or to none.
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    rim = 0.1 + np.stack([np.cos(angle), np.sin(angle)], 1)
    middle, points = np.array([0.1, 0.1]), minigrad.Generator(3).uniform(-1, 1, (4000, 2))
    points = np.concatenate([points, 0.1 + 0.5 * rim, rim])
    triangles = [np.stack([middle, rim[i], rim[(i + 1) % 12]]) for i in range(12)]
    shares = np.array([linalg.winding_number(t, points).number for t in triangles])
    assert (shares.sum(axis=0) == linalg.winding_number(rim, points).number).all()


def test_many_points_are_as_one_by_one_for_any_number_of_threads():
    rng = minigrad.Generator(5)
    polygon, points = rng.uniform(-1, 1, (40, 2)), rng.uniform(-1, 1, (3000, 2))
    before = minigrad.get_num_threads()
    try:
        found = []
        for threads in (1, 2, 3):
            minigrad.set_num_threads(threads)
            found.append(linalg.winding_number(polygon, points).number)
    finally:
        minigrad.set_num_threads(before)
    assert (found[0] == found[1]).all()
    assert (found[0] == found[2]).all()
    assert found[0][:20].tolist() == [linalg.winding_number(polygon, p).number for p in points[:20]]


def test_nothing_winds_around_nothing():
    assert linalg.winding_number(np.empty((0, 2)), [[1, 2]]).number.tolist() == [0]
    assert linalg.point_in_polygon([[0, 0], [1, 0], [0, 1]], np.empty((0, 2))).shape == (0,)


# --- contact


def hull(points):
    """Return the convex hull of integer points by Andrew's monotone chain: counter-clockwise, one vertex or more."""
    points = sorted(set(points))
    if len(points) < 3:
        return points
    chains = []
    for way in (points, points[::-1]):
        chain = []
        for p in way:
            while len(chain) > 1 and exact_side(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        chains.append(chain[:-1])
    return chains[0] + chains[1]


def edges(ring):
    return list(zip(ring, [*ring[1:], ring[0]], strict=True))


def crosses(p, q, r, s):
    sides = exact_side(p, q, r), exact_side(p, q, s), exact_side(r, s, p), exact_side(r, s, q)
    if sides == (0, 0, 0, 0):
        return all(max(min(p[k], q[k]), min(r[k], s[k])) <= min(max(p[k], q[k]), max(r[k], s[k])) for k in (0, 1))
    return sides[0] * sides[1] <= 0 and sides[2] * sides[3] <= 0


def slow_touching(a, b):
    """Two convex sets meet if their borders cross or the one holds a corner of the other."""
    if any(crosses(*e, *f) for e in edges(a) for f in edges(b)):
        return True
    return any(
        all(exact_side(p, q, corner) >= 0 for p, q in edges(ring))
        for ring, corner in ((a, b[0]), (b, a[0]))
        if len(ring) > 2
    )


CONVEX = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=7).map(hull)


@given(CONVEX, CONVEX, st.booleans(), st.integers(0, 6))
def test_touching_is_what_crossing_borders_and_corners_say(a, b, backwards, shift):
    ring = a[shift % len(a) :] + a[: shift % len(a)]
    ring = ring[::-1] if backwards else ring
    assert linalg.touching(ring, b) == linalg.touching(b, ring) == slow_touching(a, b)
    assert linalg.contact(ring, b).touching == slow_touching(a, b)


def slow_distance(a, b):
    def reach(p, e):
        (x, y), (u, v) = e
        square = (u - x) ** 2 + (v - y) ** 2
        t = min(max(((p[0] - x) * (u - x) + (p[1] - y) * (v - y)) / square, 0), 1) if square else 0
        return math.hypot(p[0] - x - t * (u - x), p[1] - y - t * (v - y))

    return min([reach(p, e) for p in b for e in edges(a)] + [reach(p, e) for p in a for e in edges(b)])


def slow_depth(a, b):
    """Return the distance from the origin to the border of a - b, the hull of all differences of corners."""
    ring = hull([(p[0] - q[0], p[1] - q[1]) for p in a for q in b])
    if len(ring) < 3:
        return 0.0
    return min(abs(p[0] * q[1] - p[1] * q[0]) / math.hypot(q[0] - p[0], q[1] - p[1]) for p, q in edges(ring))


@given(CONVEX, CONVEX)
def test_the_distance_is_that_of_corners_and_edges_and_the_depth_that_of_the_difference(a, b):
    distance, normal = linalg.contact(a, b)
    # Coordinates to 8 in a handful of operations.
    tolerance = 16 * 8 * EPS
    assert abs(np.hypot(*normal) - 1) <= 4 * EPS
    if slow_touching(a, b):
        assert abs(distance + slow_depth(a, b)) <= tolerance
    else:
        assert abs(distance - slow_distance(a, b)) <= tolerance
    back = linalg.contact(b, a)
    assert abs(back.distance - distance) <= tolerance


@given(CONVEX, CONVEX)
def test_moving_along_the_normal_by_the_distance_is_the_way_out_and_the_way_in(a, b):
    distance, normal = linalg.contact(a, b)
    b = np.array(b, float)
    assert not linalg.touching(a, b + normal * (1e-9 - min(distance, 0)))
    if distance > 0:
        # b comes to rest within its own rounding of a.
        assert linalg.contact(a, b - normal * distance).distance <= 64 * 8 * EPS


def test_a_hair_is_seen_either_way():
    wall = [[0, 0], [0.1, 0.7], [-1, 0.7]]
    on = np.array([0.1, 0.7]) / 2
    for dx, dy in itertools.product((-1, 0, 1), repeat=2):
        point = [np.nextafter(on[0], on[0] + dx), np.nextafter(on[1], on[1] + dy)]
        assert linalg.touching(wall, [point]) == (exact_side([0, 0], [0.1, 0.7], point) >= 0)


def test_bodies_of_several_parts_touch_where_a_part_does():
    frame = [[[0, 0], [9, 0], [9, 1], [0, 1]], [[0, 0], [1, 0], [1, 9], [0, 9]]]  # an L
    assert not linalg.touching(frame, [[3, 3], [5, 3], [4, 5]])
    assert linalg.touching(frame, [[3, 3], [5, 3], [4, 1]])
    assert linalg.touching([[[3, 3], [5, 3]], [[20, 20]], [[0.5, 8]]], frame)


@given(st.lists(POINT, min_size=1, max_size=6))
def test_only_convex_rings_are_taken(ring):
    corners = hull(ring)
    distinct = [p for p, q in edges(ring) if p != q] or ring[:1]
    # Dropping the vertices within sides leaves the hull, from some vertex on, one way or the other.
    n = len(distinct)
    core = [p for i, p in enumerate(distinct) if n < 3 or exact_side(distinct[i - 1], p, distinct[(i + 1) % n]) != 0]
    turns = [corners[i:] + corners[:i] for i in range(len(corners))]
    if len(corners) > 2:
        lengths = [math.hypot(p[0] - q[0], p[1] - q[1]) for p, q in edges(ring)]
        rim = sum(math.hypot(p[0] - q[0], p[1] - q[1]) for p, q in edges(corners))
        convex = (core in turns or core[::-1] in turns) and sum(lengths) <= rim * (1 + 1e-12)
    else:
        convex = sum(math.dist(p, q) for p, q in edges(ring)) <= 2 * math.dist(corners[0], corners[-1]) * (1 + 1e-12)
    if convex:
        assert linalg.touching(ring, [ring[0]])
    else:
        with pytest.raises(ValueError, match="touching: a must be convex and go around once; got"):
            linalg.touching(ring, [ring[0]])


SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: linalg.orientation([0, 0, 0], [1, 1], [2, 2]), ValueError, r"a must be of shape \(2,\) or \(n, 2\)"),
        (lambda: linalg.orientation(np.zeros((2, 2)), np.zeros((3, 2)), [0, 0]), ValueError, "as many rows"),
        (lambda: linalg.orientation([0, 1e300], [1, 1], [2, 2]), ValueError, r"a must have coordinates .* got 1e\+300"),
        (lambda: linalg.orientation([0, 1], [1, 5e-324], [2, 2]), ValueError, "b must have coordinates .* got 5e-324"),
        (lambda: linalg.winding_number([[0, np.nan]], [1, 1]), ValueError, "polygon must be finite; got nan"),
        (lambda: linalg.winding_number(SQUARE, [[1, np.inf]]), ValueError, "points must be finite; got inf"),
        (lambda: linalg.winding_number([1, 2], [1, 1]), ValueError, r"polygon must be 2-dimensional; got shape \(2,\)"),
        (lambda: linalg.winding_number([[1, 2, 3]], [1, 1]), ValueError, r"polygon must be of shape \(n, 2\)"),
        (lambda: linalg.winding_number([["a", "b"]], [1, 1]), TypeError, "polygon must be an array of real numbers"),
        (lambda: linalg.point_in_polygon(SQUARE, [1, 1], rule="odd"), ValueError, "rule must be one of"),
        (lambda: linalg.point_in_polygon(SQUARE, [[1e200, 1]]), ValueError, "points must have coordinates"),
        (lambda: linalg.touching(np.empty((0, 2)), SQUARE), ValueError, "a must have at least one vertex"),
        (
            lambda: linalg.touching(SQUARE, [SQUARE, [[0, 0], [2, 2], [2, 0], [0, 2]]]),
            ValueError,
            r"b\[1\] must be conv",
        ),
        (lambda: linalg.touching(SQUARE, [[1e-200, 0]]), ValueError, "b must have coordinates"),
        (lambda: linalg.touching(SQUARE, []), ValueError, "b must be 2-dimensional"),
        (lambda: linalg.contact(SQUARE * 2, SQUARE), ValueError, "contact: a must be convex and go around once"),
        (lambda: linalg.contact(SQUARE, [[np.nan, 1]]), ValueError, "contact: b must be finite"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
