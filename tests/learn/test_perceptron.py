"""The perceptron: its rule, its bound, and the proof that XOR has no line."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.learn import Perceptron

pytestmark = pytest.mark.native

CORNERS = np.array(list(itertools.product([0.0, 1.0], repeat=2)))
GATES = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "nand": [1, 1, 1, 0]}


@pytest.mark.parametrize("gate", GATES)
def test_learns_the_linear_gates(gate):
    model = Perceptron().fit(CORNERS, GATES[gate])
    assert model.converged_
    assert model.predict(CORNERS).tolist() == GATES[gate]
    assert model.n_mistakes_ <= model.mistake_bound_


@pytest.mark.parametrize("target", [[0, 1, 1, 0], [1, 0, 0, 1]])
def test_the_weights_of_xor_come_back_which_proves_that_no_line_exists(target):
    model = Perceptron().fit(CORNERS, target)
    assert not model.converged_
    assert model.cycled_
    assert model.mistake_bound_ == float("inf")


def test_every_correction_is_the_rule():
    model = Perceptron().fit(CORNERS, GATES["and"])
    signed = np.column_stack([CORNERS, np.ones(4)]) * [[-1], [-1], [-1], [1]]
    for before, after in itertools.pairwise(model.history_):
        step = after - before
        wrong = [row for row in signed if np.array_equal(row, step)]
        assert len(wrong) == 1
        assert wrong[0] @ before <= 0


@given(st.integers(0, 2**32), st.integers(2, 20), st.floats(0.3, 1.0))
def test_the_number_of_mistakes_keeps_novikoffs_bound(seed, n, gap):
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal(3)
    direction /= np.linalg.norm(direction)
    points = rng.standard_normal((n, 3))
    side = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    along = points @ direction
    points += np.outer(side * (np.abs(along) + gap) - along, direction)
    model = Perceptron(max_iter=100_000, shuffle=bool(seed % 2)).fit(points, side)
    assert model.converged_
    assert model.n_mistakes_ <= model.mistake_bound_
    # The margin with an intercept is at least that of the plane through the origin it was built with.
    assert model.margin_ >= 0.99 * gap / np.sqrt(1.0)


def test_the_margin_of_and_is_a_close_lower_bound():
    # The best separator of AND in (x, y, 1) is (2, 2, -3) / sqrt(17), with margin 1 / sqrt(17).
    margin = Perceptron().fit(CORNERS, GATES["and"]).margin_
    assert 0.99 / np.sqrt(17) <= margin <= (1 + 1e-12) / np.sqrt(17)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[0.0], [1.0]], [0, 0], "exactly two classes; got 1"),
        ([[0.0], [1.0]], [0, 1, 1], r"y must have shape \(2,\)"),
        ([[np.nan], [1.0]], [0, 1], "X must be finite"),
    ],
)
def test_bad_input_is_named(X, y, message):
    with pytest.raises(ValueError, match=message):
        Perceptron().fit(X, y)
