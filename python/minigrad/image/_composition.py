"""Maps of the plane, composed without rounding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from minigrad import _check
from minigrad.image._warp import affine

__all__ = ["Composition"]

Rational = tuple[tuple[Fraction, Fraction, Fraction], ...]
_Factor = Fraction | Rational  # an angle in degrees, never a multiple of 90; or a matrix

_IDENTITY: Rational = tuple(tuple(Fraction(int(i == j)) for j in range(3)) for i in range(3))  # type: ignore[misc]
_QUARTERS = ((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0))  # by 0, 90, 180, 270 degrees
_LONGEST = 1 << 14  # bits of a fraction; longer ones are rounded to float64


@dataclass(frozen=True)
class Composition:
    """A map of the plane that remembers what it was composed of, so that composing rounds nothing.

    Attributes
    ----------
    factors : tuple
        Angles in degrees (`Fraction`) and 3 x 3 matrices of fractions; the first acts last.

    Notes
    -----
    A rotation's sine and cosine are irrational; scales, shears, mirrors, shifts and perspectives are
    as rational as the numbers that are typed. So the map is kept as a word of two kinds of letters:
    angles, and matrices of fractions. Neighbouring letters of one kind become one (angles add up,
    modulo 360; matrices multiply), quarter turns are matrices, and a letter that says nothing is
    dropped. A matrix S that only scales evenly, mirrors or turns by quarters is moved out from between
    two angles: ``R(a) S R(b) = R(a + b) S``, or ``R(a - b) S`` if S mirrors. Therefore 36 rotations by
    10 degrees, or a command and its opposite, leave the empty word: the identity itself, not a
    matrix near it.

    Examples
    --------
    >>> from minigrad.image import Composition
    >>> turned = Composition()
    >>> for _ in range(36):
    ...     turned = turned.rotate(10)
    >>> turned == Composition()
    True
    >>> Composition().rotate(10).scale(3).rotate("-10").matrix()
    array([[3., 0., 0.],
           [0., 3., 0.],
           [0., 0., 1.]])
    """

    factors: tuple[Any, ...] = ()

    def rotate(self, degrees: Any) -> Composition:
        """Return this map followed by a rotation about the origin.

        Parameters
        ----------
        degrees : int, float, str or Fraction
            Counter-clockwise as seen, where y points down. A string such as ``"0.1"`` is taken exactly.

        Returns
        -------
        Composition

        Raises
        ------
        ValueError
            If it is not a finite number.
        """
        angle = _fraction(degrees, "degrees") % 360
        if angle % 90 == 0:
            a, b, c, d = _QUARTERS[int(angle) // 90]
            return self.apply([[a, b, 0], [c, d, 0], [0, 0, 1]])
        return Composition(_reduce((angle, *self.factors)))

    def scale(self, x: Any, y: Any = None) -> Composition:
        """Return this map followed by a change of size about the origin.

        Parameters
        ----------
        x, y : int, float, str or Fraction
            Factors; one stands for both. Negative ones mirror.

        Returns
        -------
        Composition

        Raises
        ------
        ValueError
            If a factor is 0 or not a finite number.
        """
        factors = _fraction(x, "x"), _fraction(x if y is None else y, "y")
        return self.apply([[factors[0], 0, 0], [0, factors[1], 0], [0, 0, 1]])

    def shear(self, x: Any, y: Any = 0) -> Composition:
        """Return this map followed by a shear about the origin.

        Parameters
        ----------
        x, y : int, float, str or Fraction
            By how much x grows per unit of y, and y per unit of x.

        Returns
        -------
        Composition

        Raises
        ------
        ValueError
            If a number is not finite, or the two multiply to 1, which flattens the plane.
        """
        return self.apply([[1, _fraction(x, "x"), 0], [_fraction(y, "y"), 1, 0], [0, 0, 1]])

    def translate(self, x: Any, y: Any) -> Composition:
        """Return this map followed by a shift.

        Parameters
        ----------
        x, y : int, float, str or Fraction
            To the right and down.

        Returns
        -------
        Composition

        Raises
        ------
        ValueError
            If a number is not finite.
        """
        return self.apply([[1, 0, _fraction(x, "x")], [0, 1, _fraction(y, "y")], [0, 0, 1]])

    def apply(self, matrix: Sequence[Sequence[Any]] | np.ndarray) -> Composition:
        """Return this map followed by a matrix.

        Parameters
        ----------
        matrix : 3 x 3 numbers
            Taken exactly; a common factor is without meaning.

        Returns
        -------
        Composition

        Raises
        ------
        ValueError
            If it is not 3 x 3, not finite, or has no inverse.
        """
        rows = tuple(tuple(_fraction(value, "matrix") for value in row) for row in matrix)
        if len(rows) != 3 or any(len(row) != 3 for row in rows):
            raise ValueError(f"Composition: matrix must be 3 x 3; got {len(rows)} rows of {[len(r) for r in rows]}")
        if _determinant(rows) == 0:
            raise ValueError(f"Composition: matrix must have an inverse; got {[[float(v) for v in r] for r in rows]}")
        return Composition(_reduce((_normal(rows), *self.factors)))

    def matrix(self) -> np.ndarray:
        """Return the map as one float64 matrix; the lower right number is 1 unless it would be 0."""
        product = np.eye(3)
        for factor in reversed(self.factors):
            left = affine(rotation=float(factor)) if isinstance(factor, Fraction) else _floats(factor)
            product = _product(left, product)
        return product

    @property
    def is_rational(self) -> bool:
        """Whether no rotation but quarter turns is left in it."""
        return not any(isinstance(factor, Fraction) for factor in self.factors)


def _fraction(value: Any, name: str) -> Fraction:
    if isinstance(value, (float, np.floating)):
        value = _check.real(value, "Composition", name)
    if isinstance(value, str) and (len(value) > 100 or re.search(r"[eE][+-]?\d{4}", value)):
        raise ValueError(f"Composition: {name} must be a number of at most 100 characters; got {value[:20]!r}...")
    try:
        return Fraction(value.item() if isinstance(value, np.generic) else value)
    except (TypeError, ValueError, ZeroDivisionError):
        raise ValueError(f"Composition: {name} must be a finite number; got {value!r}") from None


def _reduce(word: tuple[_Factor, ...]) -> tuple[_Factor, ...]:
    """Merge the letters at the head of a word whose tail has been reduced before."""
    while True:
        if word and word[0] == _IDENTITY:
            word = word[1:]
            continue
        if len(word) < 2:
            return word
        first, second, rest = word[0], word[1], word[2:]
        if isinstance(first, Fraction) and isinstance(second, Fraction):
            word = (*_angle(first + second), *rest)
        elif not isinstance(first, Fraction) and not isinstance(second, Fraction):
            word = (_multiply(first, second), *rest)
        elif isinstance(first, Fraction) and rest and isinstance(rest[0], Fraction) and _turns_with(second):
            word = (*_angle(first + _turns_with(second) * rest[0]), *_reduce((second, *rest[1:])))
        else:
            return word


def _angle(degrees: Fraction) -> tuple[_Factor, ...]:
    return Composition().rotate(degrees).factors


def _turns_with(matrix: _Factor) -> int:
    """Return 1 if a matrix only scales evenly and turns, -1 if it mirrors besides, else 0."""
    assert not isinstance(matrix, Fraction)
    (a, b, tx), (c, d, ty), last = matrix
    if tx or ty or last != _IDENTITY[2]:
        return 0
    return int((a, b) == (d, -c)) - int((a, b) == (-d, c))


def _multiply(a: Rational, b: Rational) -> Rational:
    rows = [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]
    return _normal(rows)


def _normal(rows: Sequence[Sequence[Any]]) -> Rational:
    """Divide a matrix by its lower right number, and shorten fractions that have grown beyond use."""
    corner = rows[2][2] or Fraction(1)
    values = [[value / corner for value in row] for row in rows]
    if max(value.denominator.bit_length() for row in values for value in row) > _LONGEST:
        values = [[Fraction(float(value)) for value in row] for row in values]
    return tuple(tuple(row) for row in values)


def _determinant(m: Sequence[Sequence[Fraction]]) -> Fraction:
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )


def _floats(matrix: Rational) -> np.ndarray:
    try:
        return np.array([[float(value) for value in row] for row in matrix])
    except OverflowError:
        raise ValueError("Composition: the map has grown beyond the largest float") from None


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    product: np.ndarray = (a[:, :, None] * b[None]).sum(axis=1)
    corner = float(product[2, 2]) or 1.0
    return product / corner + 0.0
