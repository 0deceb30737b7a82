"""The filters of a PNG's rows, against their definition byte by byte."""

import numpy as np
import pytest

from minigrad.image import undo_row_filters

pytestmark = pytest.mark.native


def paeth(a, b, c):
    return min((a, b, c), key=lambda value: abs(a + b - c - value))


def slow(rows, step):
    output = np.zeros((rows.shape[0], rows.shape[1] - 1), int)
    for j, i in np.ndindex(output.shape):
        a = output[j, i - step] if i >= step else 0
        b = output[j - 1, i] if j else 0
        c = output[j - 1, i - step] if j and i >= step else 0
        guess = (0, a, b, (a + b) // 2, paeth(a, b, c))[rows[j, 0]]
        output[j, i] = (int(rows[j, 1 + i]) + guess) % 256
    return output


@pytest.mark.parametrize("step", [1, 2, 6, 8])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (6, 1), (12, 7), (40, 24)])
def test_every_filter(height, width, step):
    generator = np.random.default_rng(3)
    rows = generator.integers(0, 256, (height, 1 + width)).astype(np.uint8)
    rows[:, 0] = generator.integers(0, 5, height)
    kept = rows.copy()
    np.testing.assert_array_equal(undo_row_filters(rows, step), slow(rows, step))
    np.testing.assert_array_equal(rows, kept)


def test_nothing_is_nothing():
    assert undo_row_filters(np.zeros((0, 5), np.uint8), 2).shape == (0, 4)
    assert undo_row_filters(np.zeros((3, 1), np.uint8), 2).shape == (3, 0)


@pytest.mark.parametrize(
    ("rows", "step", "error", "message"),
    [
        ([[5, 0]], 1, ValueError, "filters must be from 0 to 4; got 5"),
        ([[1, 0]], 0, ValueError, "step must be an int >= 1; got 0"),
        ([[1, 0]], 1.5, TypeError, "step must be an int >= 1; got 1.5"),
        ([1, 0], 1, ValueError, r"rows must have shape \(height, 1 \+ n\); got \(2,\)"),
    ],
)
def test_bad_arguments(rows, step, error, message):
    with pytest.raises(error, match=f"undo_row_filters: {message}"):
        undo_row_filters(np.array(rows, np.uint8), step)


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="undo_row_filters: rows must be of uint8; got int64"):
        undo_row_filters(np.zeros((2, 2), np.int64), 1)
