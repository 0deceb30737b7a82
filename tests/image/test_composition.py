"""Composed maps: what must be exact is, and the rest agrees with products of float matrices."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.image import Composition, affine

pytestmark = pytest.mark.native

numbers = st.decimals(-9, 9, places=2).map(str)
factors = st.decimals("0.1", 9, places=1).map(str)
steps = st.one_of(
    st.tuples(st.just("rotate"), st.decimals(-720, 720, places=1).map(str)),
    st.tuples(st.just("scale"), factors, factors),
    st.tuples(st.just("shear"), numbers),
    st.tuples(st.just("translate"), numbers, numbers),
)


def forward(map_, step):
    return getattr(map_, step[0])(*step[1:])


def backward(map_, step):
    name, *values = step
    if name == "scale":
        return map_.scale(*(1 / Fraction(v) for v in values))
    return getattr(map_, name)(*(-Fraction(v) for v in values))


def floats(step):
    name, *values = step
    values = [float(v) for v in values]
    if name == "rotate":
        return affine(rotation=values[0])
    if name == "scale":
        return affine(scale=tuple(values))
    if name == "shear":
        return affine(shear=values[0])
    return affine(translation=tuple(values))


@given(st.lists(steps, max_size=12))
def test_a_walk_and_the_way_back_are_the_identity_itself(walk):
    map_ = Composition()
    for step in walk:
        map_ = forward(map_, step)
    for step in reversed(walk):
        map_ = backward(map_, step)
    assert map_ == Composition()
    assert np.array_equal(map_.matrix(), np.eye(3))


@given(st.lists(steps, max_size=8))
def test_the_matrix_is_the_product(walk):
    map_, product, size = Composition(), np.eye(3), 1.0
    for step in walk:
        map_ = forward(map_, step)
        product = floats(step) @ product
        size *= 1 + np.abs(floats(step)).sum()
    assert np.allclose(map_.matrix(), product, rtol=0, atol=64 * np.finfo(float).eps * size)


@pytest.mark.parametrize(("degrees", "count"), [("10", 36), ("0.1", 3600), ("7.2", 50), ("1/7", 2520), ("-33.75", 32)])
def test_full_turns_are_nothing(degrees, count):
    map_ = Composition()
    for _ in range(count):
        map_ = map_.rotate(Fraction(degrees))
    assert map_ == Composition()


def test_rotations_merge_through_even_scales_and_mirrors():
    mirrored = Composition().rotate(10).scale(-1, 1).rotate(10).scale(-1, 1)
    assert mirrored == Composition()
    assert Composition().rotate(20).scale(4).rotate(25).scale("0.25").rotate(45).is_rational
    assert Composition().rotate(20).scale(2, 3).rotate(-20).scale("0.5", "1/3") != Composition()
    about = Composition()
    for _ in range(36):
        about = about.translate("-0.3", "7").rotate(10).translate("0.3", "-7")
    assert about == Composition()


def test_quarter_turns_are_exact():
    assert Composition().rotate(90).matrix().tolist() == [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]
    assert Composition().rotate(45).rotate(45) == Composition().rotate(-270)


def test_a_common_factor_of_a_matrix_is_nothing():
    assert Composition().apply(3 * np.eye(3)) == Composition()
    perspective = [[2, 0, 1], [0, 1, 3], [0.5, 0, 4]]
    inverse = np.linalg.inv(perspective)
    assert np.allclose(Composition().apply(perspective).apply(inverse).matrix(), np.eye(3), rtol=0, atol=1e-14)


def test_fractions_do_not_grow_for_ever():
    map_ = Composition()
    for k in range(3000):
        map_ = map_.shear(Fraction(1, 3 + k % 97)).scale(Fraction(7 + k % 5, 9))
    assert np.isfinite(map_.matrix()).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Composition().scale(0), "matrix must have an inverse"),
        (lambda: Composition().scale(1, "0"), "matrix must have an inverse"),
        (lambda: Composition().shear(2, "0.5"), "matrix must have an inverse"),
        (lambda: Composition().rotate(float("nan")), "degrees must be"),
        (lambda: Composition().rotate("ten"), "degrees must be a finite number; got 'ten'"),
        (lambda: Composition().rotate("1/0"), "degrees must be a finite number"),
        (lambda: Composition().translate("inf", 0), "x must be a finite number"),
        (lambda: Composition().rotate("1e999999999"), "at most 100 characters"),
        (lambda: Composition().apply(np.eye(2)), "matrix must be 3 x 3"),
        (lambda: Composition().scale(10**400).matrix(), "beyond the largest float"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
