"""Polygons against matplotlib and OpenCV, on inputs where rounding decides nothing."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import linalg

cv2 = pytest.importorskip("cv2")
path = pytest.importorskip("matplotlib.path")


@pytest.mark.parametrize("n", [3, 4, 12, 100])
def test_points_in_polygons(n):
    rng = np.random.default_rng(n)
    points = rng.uniform(-1, 1, (2000, 2)).astype(np.float32)
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    star = (np.stack([np.cos(angle), np.sin(angle)], 1) * rng.uniform(0.3, 1, (n, 1))).astype(np.float32)
    ours = linalg.point_in_polygon(star, points)
    assert (ours == path.Path(np.concatenate([star, star[:1]]), closed=True).contains_points(points)).all()
    theirs = [cv2.pointPolygonTest(star, (float(x), float(y)), False) > 0 for x, y in points]
    assert ours.tolist() == theirs
    tangle = rng.uniform(-1, 1, (n, 2)).astype(np.float32)
    assert (
        linalg.point_in_polygon(tangle, points, rule="evenodd")
        == [cv2.pointPolygonTest(tangle, (float(x), float(y)), False) > 0 for x, y in points]
    ).all()


def test_contact_of_convex_polygons():
    rng = np.random.default_rng(0)
    verdicts = []
    for _ in range(300):
        a, b = (
            cv2.convexHull((rng.uniform(0, 1, (6, 2)) + shift).astype(np.float32))[:, 0]
            for shift in (0, rng.uniform(-1.2, 1.2, 2))
        )
        area, _ = cv2.intersectConvexConvex(a, b)
        distance, _ = linalg.contact(a, b)
        # OpenCV works in single precision: a contact that thin says nothing.
        if abs(distance) > 1e-4:
            assert linalg.touching(a, b) == (area > 0) == (distance < 0)
            verdicts.append(area > 0)
    assert 50 < sum(verdicts) < 250
