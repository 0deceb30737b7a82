"""Maps of the plane as 3 x 3 matrices: made of factors, composed, inverted, interpolated, applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad import _check
from minigrad._native import NULL, check_status, lib, pointer

__all__ = [
    "EigenDirections",
    "Transform2D",
    "TransformFactors",
    "TransformPolar",
    "interpolate_transforms",
    "transform_groups",
    "transform_matrices",
]

Point = Sequence[float]


class TransformFactors(NamedTuple):
    """The factors of an affine map: ``T(x, y) @ R(degrees) @ H(shear) @ S(scale_x, scale_y)``."""

    x: float
    y: float
    degrees: float
    scale_x: float
    scale_y: float
    shear: float


class TransformPolar(NamedTuple):
    """The nearest rotation, in degrees, and what remains: ``A = R(degrees) @ stretch``."""

    degrees: float
    stretch: np.ndarray


class EigenDirections(NamedTuple):
    """Eigenvalues (complex128, two), and the real unit eigenvectors, a row each: none, one or two."""

    values: np.ndarray
    vectors: np.ndarray


def _matrix(value: Any, owner: str) -> np.ndarray:
    matrix = _check.array(value, owner, "matrix", ndim=2, dtype=np.float64)
    if matrix.shape == (2, 3):
        matrix = np.vstack([matrix, [0.0, 0.0, 1.0]])
    if matrix.shape != (3, 3):
        raise ValueError(f"{owner}: matrix must have shape (3, 3) or (2, 3); got {matrix.shape}")
    return matrix


def _points(value: Any, owner: str) -> np.ndarray:
    points = _check.array(value, owner, "points", ndim=2, finite=False)
    if points.shape[1] != 2:
        raise ValueError(f"{owner}: points must have shape (n, 2); got {points.shape}")
    return points


def _target(out: Any, points: np.ndarray, owner: str) -> np.ndarray:
    """Return where the images of `points` go: `out`, or a new array."""
    if out is None:
        return np.empty_like(points)
    if not isinstance(out, np.ndarray) or out.shape != points.shape or out.dtype != points.dtype:
        raise ValueError(
            f"{owner}: out must be an array of shape {points.shape} and dtype {points.dtype}; "
            f"got {f'shape {out.shape} and dtype {out.dtype}' if isinstance(out, np.ndarray) else repr(out)}"
        )
    if not (out.flags.c_contiguous and out.flags.writeable and out.flags.aligned):
        raise ValueError(f"{owner}: out must be contiguous and writable")
    if np.may_share_memory(out, points) and out.ctypes.data != points.ctypes.data:
        raise ValueError(f"{owner}: out must be points itself or not overlap it")
    return out


def _pair(value: Any, owner: str, name: str) -> tuple[float, float]:
    pair = _check.array(value, owner, name, ndim=1, dtype=np.float64)
    if pair.shape != (2,):
        raise ValueError(f"{owner}: {name} must have two elements; got shape {pair.shape}")
    return float(pair[0]), float(pair[1])


class Transform2D:
    """A map of the plane, as a 3 x 3 matrix on columns (x, y, 1); it does not change.

    Parameters
    ----------
    matrix : array_like of shape (3, 3) or (2, 3), optional
        Finite; the identity by default. A last row other than (0, 0, 1) makes the map projective.

    Attributes
    ----------
    matrix : ndarray of shape (3, 3), float64
        Read-only.

    Raises
    ------
    TypeError, ValueError
        If the matrix is not of finite numbers in one of those shapes.

    Notes
    -----
    ``a @ b`` acts like b and then a. Angles are in degrees, positive from x to y:
    counter-clockwise where y points up. Multiples of 90 degrees are exact. The derivations
    stand in ``csrc/linalg/motion.c``.

    Examples
    --------
    >>> turn = Transform2D.rotation(90, about=(1, 0))
    >>> turn.apply([[2.0, 0.0]])
    array([[1., 1.]])
    >>> (Transform2D.translation(5, 0) @ turn).matrix
    array([[ 0., -1.,  6.],
           [ 1.,  0., -1.],
           [ 0.,  0.,  1.]])
    """

    __slots__ = ("matrix",)

    def __init__(self, matrix: Any = None) -> None:
        self.matrix = np.eye(3) if matrix is None else _matrix(matrix, "Transform2D").copy()
        self.matrix.flags.writeable = False

    @classmethod
    def _of(cls, matrix: np.ndarray) -> Transform2D:
        """Wrap a new 3 x 3 matrix without looking at it again."""
        result = cls.__new__(cls)
        matrix.flags.writeable = False
        result.matrix = matrix
        return result

    # --- making

    @classmethod
    def from_factors(
        cls,
        x: float = 0.0,
        y: float = 0.0,
        degrees: float = 0.0,
        scale_x: float = 1.0,
        scale_y: float = 1.0,
        shear: float = 0.0,
        *,
        about: Point = (0.0, 0.0),
    ) -> Transform2D:
        """Return ``T(x, y) @ R(degrees) @ H(shear) @ S(scale_x, scale_y)``, the last three about a point.

        Parameters
        ----------
        x, y : float, default 0
            The translation, which comes last.
        degrees : float, default 0
        scale_x, scale_y : float, default 1
            The scaling comes first. Negative ones reflect; 0 makes a map without inverse.
        shear : float, default 0
            Adds ``shear * y`` to x.
        about : pair of float, default (0, 0)
            The pivot: where it goes depends on the translation alone.

        Returns
        -------
        Transform2D

        Raises
        ------
        TypeError, ValueError
            If an argument is not a finite number, or `about` not a pair of them.

        Examples
        --------
        >>> Transform2D.from_factors(scale_x=2, scale_y=3, about=(1, 1)).apply([[1.0, 1.0], [2.0, 2.0]])
        array([[1., 1.],
               [3., 4.]])
        """
        owner = "Transform2D.from_factors"
        named = {"x": x, "y": y, "degrees": degrees, "scale_x": scale_x, "scale_y": scale_y, "shear": shear}
        factors = np.array([_check.real(value, owner, name) for name, value in named.items()])
        pivot = np.array(_pair(about, owner, "about"))
        out = np.empty((3, 3))
        lib.mg_transform_from_factors_f64(1, pointer(factors), pointer(pivot), pointer(out, True))
        return cls._of(out)

    @classmethod
    def translation(cls, x: float, y: float) -> Transform2D:
        """Return the map that adds (x, y).

        Parameters
        ----------
        x, y : float
        """
        return cls.from_factors(x, y)

    @classmethod
    def rotation(cls, degrees: float, *, about: Point = (0.0, 0.0)) -> Transform2D:
        """Return the turn from x towards y.

        Parameters
        ----------
        degrees : float
        about : pair of float, default (0, 0)
            The point that stays.
        """
        return cls.from_factors(degrees=degrees, about=about)

    @classmethod
    def scaling(cls, scale_x: float, scale_y: float | None = None, *, about: Point = (0.0, 0.0)) -> Transform2D:
        """Return the map that multiplies distances from a point.

        Parameters
        ----------
        scale_x : float
        scale_y : float, optional
            `scale_x` by default.
        about : pair of float, default (0, 0)
            The point that stays.
        """
        return cls.from_factors(scale_x=scale_x, scale_y=scale_x if scale_y is None else scale_y, about=about)

    @classmethod
    def shearing(cls, x: float, y: float = 0.0, *, about: Point = (0.0, 0.0)) -> Transform2D:
        """Return the map that adds ``x`` times the height to x and ``y`` times the width to y.

        Parameters
        ----------
        x : float
        y : float, default 0
        about : pair of float, default (0, 0)
            The point that stays.

        Raises
        ------
        TypeError, ValueError
            If an argument is not a finite number.
        """
        owner = "Transform2D.shearing"
        kx, ky = _check.real(x, owner, "x"), _check.real(y, owner, "y")
        px, py = _pair(about, owner, "about")
        return cls(np.array([[1.0, kx, -kx * py], [ky, 1.0, -ky * px], [0.0, 0.0, 1.0]]))

    @classmethod
    def reflection(cls, degrees: float = 0.0, *, about: Point = (0.0, 0.0)) -> Transform2D:
        """Return the reflection in a line.

        Parameters
        ----------
        degrees : float, default 0
            The line's direction: 0 turns up into down, 90 right into left.
        about : pair of float, default (0, 0)
            A point of the line.
        """
        return cls.from_factors(degrees=2 * degrees, scale_y=-1.0, about=about)

    # --- reading

    @property
    def is_affine(self) -> bool:
        """Whether parallels stay parallel: the last row is (0, 0, 1)."""
        return bool(self.matrix[2, 0] == 0 and self.matrix[2, 1] == 0 and self.matrix[2, 2] == 1)

    @property
    def determinant(self) -> float:
        """Return the factor by which the map multiplies areas; negative where it reflects."""
        return float(lib.mg_transform_determinant_f64(pointer(self.matrix)))

    def _affine(self, owner: str) -> Any:
        if not self.is_affine:
            raise ValueError(f"{owner}: the map must be affine; got the last row {self.matrix[2].tolist()}")
        return pointer(self.matrix)

    def factors(self) -> TransformFactors:
        """Return the factors of which `from_factors` makes this map.

        Returns
        -------
        TransformFactors
            With ``scale_x >= 0``; a reflection is in the sign of ``scale_y``.

        Raises
        ------
        ValueError
            If the map is projective.
        LinAlgError
            If it is singular in a way that no shear of finite size expresses.

        Examples
        --------
        >>> Transform2D.from_factors(1, 2, 90, 3, 4, 0.5).factors()
        TransformFactors(x=1.0, y=2.0, degrees=90.0, scale_x=3.0, scale_y=4.0, shear=0.5)
        """
        owner = "Transform2D.factors"
        out = np.empty(6)
        check_status(lib.mg_transform_factors_f64(self._affine(owner), pointer(out, True)), owner)
        return TransformFactors(*out.tolist())

    def polar(self) -> TransformPolar:
        """Return the rotation nearest to the linear part, and the stretch that remains.

        Returns
        -------
        TransformPolar
            The stretch is symmetric, without negative eigenvalues; if the map reflects, it is
            such a matrix times ``diag(1, -1)``.

        Raises
        ------
        ValueError
            If the map is projective.
        """
        angle, rest = np.empty(1), np.empty((2, 2))
        matrix = self._affine("Transform2D.polar")
        lib.mg_transform_polar_f64(matrix, pointer(angle, True), pointer(rest, True))
        return TransformPolar(float(angle[0]), rest)

    def eigen(self) -> EigenDirections:
        """Return the directions that the linear part keeps, and by how much it stretches them.

        Returns
        -------
        EigenDirections
            The value of larger size first. A rotation keeps no direction (the values are
            complex), a shear keeps one.

        Raises
        ------
        ValueError
            If the map is projective.

        Examples
        --------
        >>> values, vectors = Transform2D.scaling(2, -3).eigen()
        >>> values.real
        array([-3.,  2.])
        >>> len(Transform2D.rotation(30).eigen().vectors)
        0
        """
        values, vectors = np.empty(4), np.empty((2, 2))
        matrix = self._affine("Transform2D.eigen")
        count = lib.mg_transform_eigen_f64(matrix, pointer(values, True), pointer(vectors, True))
        return EigenDirections(values.view(np.complex128), vectors[:count])

    # --- combining

    def __matmul__(self, other: Transform2D) -> Transform2D:
        if not isinstance(other, Transform2D):
            return NotImplemented
        out = np.empty((3, 3))
        lib.mg_transform_compose_f64(1, pointer(self.matrix), pointer(other.matrix), pointer(out, True))
        return Transform2D._of(out)

    def inverse(self) -> Transform2D:
        """Return the map that undoes this one.

        Returns
        -------
        Transform2D

        Raises
        ------
        LinAlgError
            If there is none: the determinant is 0, or too small for its reciprocal to be held.

        Examples
        --------
        >>> Transform2D.scaling(4).inverse() == Transform2D.scaling(0.25)
        True
        """
        out = np.empty((3, 3))
        check_status(lib.mg_transform_invert_f64(pointer(self.matrix), pointer(out, True)), "Transform2D.inverse")
        return Transform2D._of(out)

    def interpolate(self, other: Transform2D, u: float, *, about: Point = (0.0, 0.0)) -> Transform2D:
        """Return the map part of the way to another one.

        The rotation turns evenly by the shorter way, the stretch changes evenly, and a point goes
        straight; so nothing collapses or shears on the way unless an end does, or one end alone
        reflects.

        Parameters
        ----------
        other : Transform2D
        u : float
            0 gives this map, 1 the other.
        about : pair of float, default (0, 0)
            The point that goes straight.

        Returns
        -------
        Transform2D

        Raises
        ------
        TypeError, ValueError
            If `other` is no transform, one of the two is projective, or `u` is not in [0, 1].

        References
        ----------
        K. Shoemake and T. Duff (1992), "Matrix animation and polar decomposition", Graphics Interface.

        Examples
        --------
        >>> half = Transform2D().interpolate(Transform2D.rotation(180), 0.5)
        >>> half == Transform2D.rotation(90)
        True
        """
        owner = "Transform2D.interpolate"
        if not isinstance(other, Transform2D):
            raise TypeError(f"{owner}: other must be a Transform2D; got {other!r}")
        step = np.array([_check.real(u, owner, "u", 0.0, 1.0)])
        pivot = np.array(_pair(about, owner, "about"))
        out = np.empty((3, 3))
        lib.mg_transform_interpolate_f64(
            1, self._affine(owner), other._affine(owner), pointer(step), pointer(pivot), pointer(out, True)
        )
        return Transform2D._of(out)

    # --- applying

    def apply(self, points: Any, out: np.ndarray | None = None) -> np.ndarray:
        """Return the images of points.

        Parameters
        ----------
        points : array_like of shape (n, 2)
            float32 is kept, everything else becomes float64; NaN gives NaN.
        out : ndarray of shape (n, 2), optional
            Where the images go, of the points' type; may be `points` itself.

        Returns
        -------
        ndarray of shape (n, 2)

        Raises
        ------
        TypeError, ValueError
            If `points` is not of numbers in that shape, or `out` cannot take the images.

        Notes
        -----
        The work is the memory's: each element is read and written once. The matrix is rounded to
        the points' type; each coordinate then has an error of at most
        ``3 * eps * (|a x| + |b y| + |t|)``.
        """
        owner = "Transform2D.apply"
        values = _points(points, owner)
        result = _target(out, values, owner)
        function = lib.mg_transform_points_f32 if values.dtype == np.float32 else lib.mg_transform_points_f64
        check_status(function(len(values), pointer(self.matrix), pointer(values), pointer(result, True)), owner)
        return result

    def apply_vectors(self, vectors: Any) -> np.ndarray:
        """Return the images of differences of points: the linear part alone.

        Parameters
        ----------
        vectors : array_like of shape (n, 2)

        Returns
        -------
        ndarray of shape (n, 2)

        Raises
        ------
        ValueError
            If the map is projective, or `vectors` has another shape.
        """
        self._affine("Transform2D.apply_vectors")
        linear = self.matrix.copy()
        linear[:2, 2] = 0.0
        return Transform2D._of(linear).apply(vectors)

    # --- as a value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Transform2D):
            return NotImplemented
        return bool(np.array_equal(self.matrix, other.matrix))

    def __hash__(self) -> int:
        return hash((self.matrix + 0.0).tobytes())

    def __repr__(self) -> str:
        return f"Transform2D({self.matrix.tolist()})"


def transform_groups(matrices: Any, points: Any, ends: Any, out: np.ndarray | None = None) -> np.ndarray:
    """Move groups of points, each by a matrix of its own.

    Parameters
    ----------
    matrices : array_like of shape (n_groups, 3, 3)
        float64.
    points : array_like of shape (n, 2)
        The groups one after the other; float32 is kept, everything else becomes float64.
    ends : array_like of int, shape (n_groups,)
        Where each group ends and the next begins; the last is n.
    out : ndarray of shape (n, 2), optional
        Where the images go; may be `points` itself.

    Returns
    -------
    ndarray of shape (n, 2)

    Raises
    ------
    TypeError, ValueError
        If an argument has another type or shape, or `ends` does not ascend to n.

    Examples
    --------
    >>> maps = [Transform2D.translation(1, 0).matrix, Transform2D.scaling(2).matrix]
    >>> transform_groups(maps, [[0.0, 0.0], [1.0, 1.0], [3.0, 4.0]], [1, 3])
    array([[1., 0.],
           [2., 2.],
           [6., 8.]])
    """
    owner = "transform_groups"
    maps = _check.array(matrices, owner, "matrices", ndim=3, dtype=np.float64, finite=False)
    values = _points(points, owner)
    stops = np.asarray(ends)
    if stops.ndim != 1 or (stops.size and stops.dtype.kind not in "iu"):
        raise TypeError(f"{owner}: ends must be a row of ints; got shape {stops.shape}, dtype {stops.dtype}")
    if maps.shape[1:] != (3, 3) or len(maps) != len(stops):
        raise ValueError(f"{owner}: matrices must have shape {(len(stops), 3, 3)}; got {maps.shape}")
    last = int(stops[-1]) if len(stops) else 0
    if last != len(values) or (len(stops) and (int(stops[0]) < 0 or bool((stops[1:] < stops[:-1]).any()))):
        raise ValueError(f"{owner}: ends must ascend to the number of points, {len(values)}; got {stops}")
    result = _target(out, values, owner)
    function = lib.mg_transform_groups_f32 if values.dtype == np.float32 else lib.mg_transform_groups_f64
    whole = np.ascontiguousarray(stops, np.uint64)
    check_status(function(len(maps), pointer(whole), pointer(maps), pointer(values), pointer(result, True)), owner)
    return result


def _pivots(about: Any, n: int, owner: str) -> Any:
    if about is None:
        return None
    pivots = _check.array(about, owner, "about", ndim=2, dtype=np.float64)
    if pivots.shape != (n, 2):
        raise ValueError(f"{owner}: about must have shape {(n, 2)}; got {pivots.shape}")
    return pivots


def transform_matrices(factors: Any, about: Any = None) -> np.ndarray:
    """Return the matrices of many sets of factors: `Transform2D.from_factors` for each row.

    Parameters
    ----------
    factors : array_like of shape (n, 6)
        x, y, degrees, scale_x, scale_y, shear.
    about : array_like of shape (n, 2), optional
        A pivot for each; the origin by default.

    Returns
    -------
    ndarray of shape (n, 3, 3), float64

    Raises
    ------
    TypeError, ValueError
        If an argument is not of finite numbers in that shape.

    Examples
    --------
    >>> transform_matrices([[5, 6, 90, 2, 2, 0]])[0]
    array([[ 0., -2.,  5.],
           [ 2.,  0.,  6.],
           [ 0.,  0.,  1.]])
    """
    owner = "transform_matrices"
    rows = _check.array(factors, owner, "factors", ndim=2, dtype=np.float64)
    if rows.shape[1] != 6:
        raise ValueError(f"{owner}: factors must have shape (n, 6); got {rows.shape}")
    pivots = _pivots(about, len(rows), owner)
    out = np.empty((len(rows), 3, 3))
    where = NULL if pivots is None else pointer(pivots)
    lib.mg_transform_from_factors_f64(len(rows), pointer(rows), where, pointer(out, True))
    return out


def interpolate_transforms(start: Any, end: Any, u: float, about: Any = None) -> np.ndarray:
    """Return many affine maps part of the way to others: `Transform2D.interpolate` for each pair.

    Parameters
    ----------
    start, end : array_like of shape (n, 3, 3)
        Affine.
    u : float
        From 0 to 1.
    about : array_like of shape (n, 2), optional
        The point that goes straight, for each; the origin by default.

    Returns
    -------
    ndarray of shape (n, 3, 3), float64

    Raises
    ------
    TypeError, ValueError
        If an argument is not of finite numbers in that shape, a map is projective, or `u` is not in [0, 1].

    Examples
    --------
    >>> interpolate_transforms([Transform2D().matrix], [Transform2D.scaling(3).matrix], 0.5)[0, 0, 0]
    np.float64(2.0)
    """
    owner = "interpolate_transforms"
    first = _check.array(start, owner, "start", ndim=3, dtype=np.float64)
    last = _check.array(end, owner, "end", ndim=3, dtype=np.float64)
    if first.shape[1:] != (3, 3) or last.shape != first.shape:
        raise ValueError(f"{owner}: start and end must have shape (n, 3, 3); got {first.shape} and {last.shape}")
    for name, maps in (("start", first), ("end", last)):
        if (maps[:, 2] != [0.0, 0.0, 1.0]).any():
            raise ValueError(f"{owner}: {name} must be affine; got a last row other than [0, 0, 1]")
    steps = np.full(len(first), _check.real(u, owner, "u", 0.0, 1.0))
    pivots = _pivots(about, len(first), owner)
    where = NULL if pivots is None else pointer(pivots)
    out = np.empty_like(first)
    lib.mg_transform_interpolate_f64(
        len(first), pointer(first), pointer(last), pointer(steps), where, pointer(out, True)
    )
    return out
