"""The projective map that takes given points to given points."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import _check
from minigrad.linalg import matmul, svd

__all__ = ["homography"]


def homography(src: Any, dst: Any) -> np.ndarray:
    """Return the projective map that takes the points `src` to `dst`, by the normalised DLT.

    Parameters
    ----------
    src, dst : array_like of shape (n, 2)
        Points ``(x, y)``, at least four pairs; with more, the map fits them best in the least
        squares of the linear equations.

    Returns
    -------
    ndarray of shape (3, 3)
        float64, of Frobenius norm 1, with a positive denominator at the middle of `src`; `warp`
        takes it as it is.

    Raises
    ------
    TypeError
        If the points are not numbers.
    ValueError
        If the shapes are not ``(n, 2)`` with the same ``n >= 4``, a coordinate is not finite, or
        the points do not determine an invertible map: points coincide, or of every four three
        lie on a line.

    Notes
    -----
    Each pair gives two equations, linear in the nine entries of H: with ``h1, h2, h3`` its rows
    and ``p = (x, y, 1)``, ``x' h3 p = h1 p`` and ``y' h3 p = h2 p``. The vector that satisfies
    them best, among those of length 1, is the right singular vector of the smallest singular
    value. Before, both sets of points are moved to the origin and scaled to a mean distance of
    sqrt(2): without that, the equations are of very different size and the result is poor.
    Of fewer than two singular values that vanish, only one may: two mean that there are several
    such maps.

    References
    ----------
    R. I. Hartley (1997), "In defense of the eight-point algorithm", IEEE Transactions on Pattern
    Analysis and Machine Intelligence 19, section 4.

    Examples
    --------
    >>> from minigrad.image import homography
    >>> h = homography([(0, 0), (1, 0), (1, 1), (0, 1)], [(2, 1), (4, 1), (4, 3), (2, 3)])
    >>> (h / h[2, 2]).round(12) + 0.0
    array([[2., 0., 2.],
           [0., 2., 1.],
           [0., 0., 1.]])
    """
    source, to_source = _normalised(_points(src, "src"), "src")
    target, to_target = _normalised(_points(dst, "dst"), "dst")
    if len(source) != len(target):
        raise ValueError(
            f"homography: src and dst must have as many points; got shapes {source.shape} and {target.shape}"
        )
    n = len(source)
    x, y, u, v = source[:, 0], source[:, 1], target[:, 0], target[:, 1]
    equations = np.zeros((max(2 * n, 9), 9))
    equations[:n, 0], equations[:n, 1], equations[:n, 2] = x, y, 1.0
    equations[n : 2 * n, 3], equations[n : 2 * n, 4], equations[n : 2 * n, 5] = x, y, 1.0
    for block, value in ((slice(n), u), (slice(n, 2 * n), v)):
        equations[block, 6], equations[block, 7], equations[block, 8] = -value * x, -value * y, -value
    _, sizes, vectors = svd(equations)
    h = vectors[8].reshape(3, 3)
    if sizes[7] <= 1e-10 * sizes[0] or abs(_determinant(h)) <= 1e-10:
        raise ValueError("homography: src and dst must each have four points of which no three lie on a line")
    # Back from the normalised points: H = T_dst^-1 h T_src, T = [s 0 -s cx; 0 s -s cy; 0 0 1].
    s, cx, cy = to_target
    back = np.array([[1 / s, 0.0, cx], [0.0, 1 / s, cy], [0.0, 0.0, 1.0]])
    s, cx, cy = to_source
    there = np.array([[s, 0.0, -s * cx], [0.0, s, -s * cy], [0.0, 0.0, 1.0]])
    result = matmul(back, matmul(h, there))
    # The middle of the source points is the origin of the normalised ones.
    return np.asarray(result * (np.copysign(1.0, h[2, 2]) / np.sqrt((result * result).sum())))


def _points(points: Any, name: str) -> np.ndarray:
    values = _check.array(points, "homography", name, ndim=2, dtype=np.float64)
    if values.shape[1] != 2 or len(values) < 4:
        raise ValueError(f"homography: {name} must have shape (n, 2), n >= 4; got shape {values.shape}")
    return values


def _normalised(points: np.ndarray, name: str) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Return points about the origin at a mean distance of sqrt(2), and the scale and the centre that were taken."""
    centre = points.mean(axis=0)
    moved = points - centre
    distance = float(np.sqrt((moved * moved).sum(axis=1)).mean())
    if not 0 < distance < np.inf or not np.isfinite(1 / distance):
        raise ValueError(f"homography: {name} must be different points, not too far apart; got {points.tolist()}")
    scale = float(np.sqrt(2.0)) / distance
    return moved * scale, (scale, float(centre[0]), float(centre[1]))


def _determinant(h: np.ndarray) -> float:
    (a, b, c), (d, e, f), (g, i, j) = h.tolist()
    return float(a * (e * j - f * i) - b * (d * j - f * g) + c * (d * i - e * g))
