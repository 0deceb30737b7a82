"""linalg.Transform2D against OpenCV's maps of points and SciPy's polar factors."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.linalg import Transform2D

cv2 = pytest.importorskip("cv2")
scipy_linalg = pytest.importorskip("scipy.linalg")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_points_agree_with_opencv(dtype: type) -> None:
    rng = np.random.default_rng(1)
    points = rng.standard_normal((5001, 2)).astype(dtype)
    t = Transform2D.from_factors(*rng.standard_normal(6))
    # Both have at most 4 eps (|A| |p| + |t|).
    size = np.abs(points) @ np.abs(t.matrix[:2, :2]).T + np.abs(t.matrix[:2, 2])
    theirs = cv2.transform(points[:, None], t.matrix[:2])[:, 0]
    assert (np.abs(t.apply(points) - theirs) <= 8 * np.finfo(dtype).eps * size).all()


def test_projective_points_agree_with_opencv() -> None:
    points = np.random.default_rng(2).uniform(0, 1, (1001, 2))
    t = Transform2D([[1.0, 0.2, 3.0], [-0.1, 2.0, 1.0], [0.25, 0.125, 1.0]])
    theirs = cv2.perspectiveTransform(points[:, None], t.matrix)[:, 0]
    assert np.allclose(t.apply(points), theirs, rtol=32 * np.finfo(float).eps, atol=0)


def test_polar_factors_agree_with_scipy() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        t = Transform2D(rng.standard_normal((2, 3)))
        if t.determinant < 0:
            continue
        rotation, stretch = scipy_linalg.polar(t.matrix[:2, :2])
        degrees, ours = t.polar()
        assert np.allclose(Transform2D.rotation(degrees).matrix[:2, :2], rotation, atol=1e-12)
        assert np.allclose(ours, stretch, atol=1e-12)
