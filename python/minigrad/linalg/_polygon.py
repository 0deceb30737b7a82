"""Polygons in the plane: sides of lines, points inside, and contact."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad import _check
from minigrad._native import check_status, ffi, lib, pointer

__all__ = [
    "ContactResult",
    "WindingResult",
    "contact",
    "orientation",
    "point_in_polygon",
    "touching",
    "winding_number",
]

_F64 = np.dtype(np.float64)


class WindingResult(NamedTuple):
    """What `winding_number` returns.

    Attributes
    ----------
    number : ndarray of int32, or int
        How often the polygon goes around each point, counter-clockwise (y up) positive.
    boundary : ndarray of bool, or bool
        Whether the point lies on the polygon; its number is then that of one side.
    """

    number: Any
    boundary: Any


class ContactResult(NamedTuple):
    """What `contact` returns.

    Attributes
    ----------
    distance : float
        Positive if the polygons are apart: how far. Else minus the depth.
    normal : ndarray of shape (2,)
        The unit vector, from the first to the second, along which that is measured.
    """

    distance: float
    normal: NDArray[np.float64]

    @property
    def touching(self) -> bool:
        """Whether the polygons have a point in common: exact, whatever the rounding of the distance."""
        return self.distance <= 0


def _points(value: Any, owner: str, name: str, ndim: int | tuple[int, ...] = 2) -> NDArray[np.float64]:
    array = _check.array(value, owner, name, ndim=ndim, dtype=_F64)
    if array.shape[-1] != 2:
        wanted = "of shape (n, 2)" if ndim == 2 else "of shape (2,) or (n, 2)"
        raise ValueError(f"{owner}: {name} must be {wanted}; got shape {array.shape}")
    return array


def _refuse_range(owner: str, name: str, array: NDArray[np.float64]) -> None:
    """Raise if a coordinate is beyond what the exact predicates reach."""
    size = abs(array)
    outside = array[(array != 0) & ((size < 2.0**-450) | (size >= 2.0**500))]
    if outside.size:
        expectation = "have coordinates of 0 or of magnitude from 2**-450 to 2**500"
        raise ValueError(f"{owner}: {name} must {expectation}; got {outside[0]}")


def _check_exact(status: int, owner: str, **arrays: NDArray[np.float64]) -> None:
    """Raise what belongs to a status, naming the coordinate that is out of range if one is."""
    if status == lib.MG_ERR_ARGUMENT:
        for name, array in arrays.items():
            _refuse_range(owner, name, array)
    check_status(status, owner)


def orientation(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> Any:
    """Return on which side of the line from `a` to `b` the point `c` lies, exactly.

    The sign of ``(ax - cx)(by - cy) - (ay - cy)(bx - cx)``.

    Parameters
    ----------
    a, b, c : array_like of shape (2,) or (n, 2)
        Points; a single one goes with every row of the others.

    Returns
    -------
    int or ndarray of int32 of shape (n,)
        1 for the left (the three turn counter-clockwise, y pointing up), -1 for the right, 0 for a
        point on the line.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If the shapes do not fit, or a coordinate is not finite, or neither 0 nor of magnitude from
        2**-450 to 2**500.

    Notes
    -----
    The sign of the exact value for the given float64 numbers: a filter of floating-point arithmetic
    decides almost always, and an expansion without rounding decides the rest.

    References
    ----------
    J. R. Shewchuk (1997), "Adaptive precision floating-point arithmetic and fast robust geometric
    predicates", Discrete and Computational Geometry 18.

    Examples
    --------
    >>> from minigrad import linalg
    >>> linalg.orientation([0, 0], [1, 0], [[0, 1], [2, 0], [0, -1]])
    array([ 1,  0, -1], dtype=int32)
    >>> linalg.orientation([12, 12], [24, 24], [0.5, 0.5 + 2**-53])
    1
    """
    points = [_points(p, "orientation", name, (1, 2)) for p, name in ((a, "a"), (b, "b"), (c, "c"))]
    try:
        shape = np.broadcast_shapes(*(p.shape for p in points))
    except ValueError:
        shapes = ", ".join(str(p.shape) for p in points)
        raise ValueError(f"orientation: a, b and c must have as many rows as each other; got shapes {shapes}") from None
    wide = [np.ascontiguousarray(np.broadcast_to(p, shape)) for p in points]
    sign = np.empty(shape[:-1], np.int32)
    status = lib.mg_orientation_f64(sign.size, *(pointer(p) for p in wide), pointer(sign, True))
    _check_exact(status, "orientation", a=wide[0], b=wide[1], c=wide[2])
    return sign if sign.ndim else int(sign[()])


def winding_number(polygon: ArrayLike, points: ArrayLike) -> WindingResult:
    """Return how often a polygon goes around points.

    Parameters
    ----------
    polygon : array_like of shape (n_vertices, 2)
        Its last vertex is joined to the first. It may cross itself.
    points : array_like of shape (n_points, 2) or (2,)

    Returns
    -------
    WindingResult
        ``(number, boundary)``, a number each if `points` is a single one.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If a shape is not as above, or a coordinate is not finite, or neither 0 nor of magnitude from
        2**-450 to 2**500.

    Notes
    -----
    n_vertices * n_points comparisons, and an exact `orientation` for each edge that a point may be
    on either side of. No result depends on rounding, nor on the number of threads.

    References
    ----------
    K. Hormann, A. Agathos (2001), "The point in polygon problem for arbitrary polygons",
    Computational Geometry 20.

    Examples
    --------
    >>> from minigrad import linalg
    >>> square = [[0, 0], [4, 0], [4, 4], [0, 4]]
    >>> number, boundary = linalg.winding_number(square, [[1, 1], [5, 1], [4, 2]])
    >>> number[:2], boundary
    (array([1, 0], dtype=int32), array([False, False,  True]))
    """
    result = _winding(polygon, points, "winding_number")
    return result if result.number.ndim else WindingResult(int(result.number), bool(result.boundary))


def _winding(polygon: ArrayLike, points: ArrayLike, owner: str) -> WindingResult:
    vertices = _points(polygon, owner, "polygon")
    places = _points(points, owner, "points", (1, 2))
    number, boundary = np.empty(places.shape[:-1], np.int32), np.empty(places.shape[:-1], np.uint8)
    status = lib.mg_polygon_winding_f64(
        len(vertices), pointer(vertices), number.size, pointer(places), pointer(number, True), pointer(boundary, True)
    )
    _check_exact(status, owner, polygon=vertices, points=places)
    return WindingResult(number, boundary.view(np.bool_))


def point_in_polygon(polygon: ArrayLike, points: ArrayLike, *, rule: str = "nonzero", boundary: bool = True) -> Any:
    """Return whether points lie in a polygon, exactly.

    Parameters
    ----------
    polygon : array_like of shape (n_vertices, 2)
        Its last vertex is joined to the first. It may cross itself.
    points : array_like of shape (n_points, 2) or (2,)
    rule : {"nonzero", "evenodd"}
        Inside is where the winding number is not 0, or where it is odd.
    boundary : bool, default True
        What to return for a point on the polygon.

    Returns
    -------
    bool or ndarray of bool of shape (n_points,)

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        As `winding_number`, or if `rule` is not one of the two.

    Examples
    --------
    >>> from minigrad import linalg
    >>> star = [[0, 3], [2, -3], [-3, 1], [3, 1], [-2, -3]]
    >>> linalg.point_in_polygon(star, [0, 0]), linalg.point_in_polygon(star, [0, 0], rule="evenodd")
    (True, False)
    """
    _check.choice(rule, "point_in_polygon", "rule", ("nonzero", "evenodd"))
    number, on = _winding(polygon, points, "point_in_polygon")
    inside = np.where(on, bool(boundary), number % 2 != 0 if rule == "evenodd" else number != 0)
    return inside if inside.ndim else bool(inside)


def _parts(body: Any, name: str) -> list[NDArray[np.float64]]:
    """Return the convex parts of a body: itself, if it is one polygon."""
    if isinstance(body, (list, tuple)) and body and np.ndim(body[0]) == 2:
        return [_points(part, "touching", f"{name}[{i}]") for i, part in enumerate(body)]
    return [_points(body, "touching", name)]


def touching(a: Any, b: Any) -> bool:
    """Return whether two bodies have a point in common, exactly.

    Parameters
    ----------
    a, b : array_like of shape (n, 2), or list of them
        A convex polygon, or the convex polygons that a body consists of. Either orientation; one
        vertex is a point, two are a segment.

    Returns
    -------
    bool
        Bodies that only touch do have a point in common.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If a shape is not as above, a polygon has no vertex or is not convex (its parts must be
        given), or a coordinate is not finite, or neither 0 nor of magnitude from 2**-450 to 2**500.

    Notes
    -----
    Separating axes: convex polygons are apart exactly if an edge of one has the other strictly
    beyond it. Whether it has is asked of the exact `orientation`, so the answer does not depend on
    rounding.

    References
    ----------
    S. Gottschalk, M. C. Lin, D. Manocha (1996), "OBBTree: a hierarchical structure for rapid
    interference detection", SIGGRAPH '96.

    Examples
    --------
    >>> from minigrad import linalg
    >>> square = [[0, 0], [2, 0], [2, 2], [0, 2]]
    >>> linalg.touching(square, [[2, 1], [3, 0], [3, 2]])
    True
    >>> linalg.touching(square, [[[3, 3]], [[2.1, 1], [3, 0]]])
    False
    """
    bodies, pointers = [], []
    for body, name in ((a, "a"), (b, "b")):
        parts = _parts(body, name)
        starts = ffi.new("uint64_t[]", [0, *itertools.accumulate(map(len, parts))])
        vertices = np.concatenate(parts) if len(parts) > 1 else parts[0]
        bodies.append((parts, vertices))
        pointers += [len(parts), starts, pointer(vertices)]
    result = ffi.new("int32_t *")
    status = lib.mg_convex_touch_f64(*pointers, result)
    if status == lib.MG_ERR_ARGUMENT:
        _refuse_concave("touching", {"a": bodies[0][0], "b": bodies[1][0]})
    _check_exact(status, "touching", a=bodies[0][1], b=bodies[1][1])
    return bool(result[0])


def _refuse_concave(owner: str, bodies: dict[str, list[NDArray[np.float64]]]) -> None:
    turn = ffi.new("int32_t *")
    for name, parts in bodies.items():
        for i, part in enumerate(parts):
            label = name if len(parts) == 1 else f"{name}[{i}]"
            if not len(part):
                raise ValueError(f"{owner}: {label} must have at least one vertex; got shape {part.shape}")
            status = lib.mg_convex_turn_f64(len(part), pointer(part), turn)
            if status == lib.MG_ERR_ARGUMENT:
                _refuse_range(owner, label, part)
                raise ValueError(f"{owner}: {label} must be convex and go around once; got {part.tolist()}")


def contact(a: ArrayLike, b: ArrayLike) -> ContactResult:
    """Return how far apart two convex polygons are, or how deep the one is in the other.

    Parameters
    ----------
    a, b : array_like of shape (n, 2)
        Convex; either orientation; one vertex is a point, two are a segment.

    Returns
    -------
    ContactResult
        ``(distance, normal)``. Apart (``distance > 0``): the distance, and the direction from the
        nearest point of `a` to that of `b`. Else moving `b` by ``-distance * normal`` is the
        shortest way out. ``.touching`` is the verdict of `touching`.

    Raises
    ------
    TypeError
        If the elements are not real numbers.
    ValueError
        If a shape is not as above, a polygon is not convex, or a coordinate is not finite, or
        neither 0 nor of magnitude from 2**-450 to 2**500.

    Notes
    -----
    The verdict is exact; distance and normal are rounded, by a few units in the last place of the
    largest coordinate. O(n_a n_b).

    References
    ----------
    C. Ericson (2005), "Real-Time Collision Detection", section 5.2.

    Examples
    --------
    >>> from minigrad import linalg
    >>> square = [[0, 0], [2, 0], [2, 2], [0, 2]]
    >>> linalg.contact(square, [[5, 6], [9, 6], [5, 9]])
    ContactResult(distance=5.0, normal=array([0.6, 0.8]))
    >>> linalg.contact(square, [[1.5, 1], [5, 0], [5, 2]]).distance
    -0.5
    """
    first, second = _points(a, "contact", "a"), _points(b, "contact", "b")
    distance, normal = ffi.new("double *"), np.empty(2)
    status = lib.mg_convex_distance_f64(
        len(first), pointer(first), len(second), pointer(second), distance, pointer(normal, True)
    )
    if status == lib.MG_ERR_ARGUMENT:
        _refuse_concave("contact", {"a": [first], "b": [second]})
    _check_exact(status, "contact", a=first, b=second)
    return ContactResult(float(distance[0]), normal)
