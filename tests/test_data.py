"""Data sets as tensors."""

import numpy as np
import pytest

import minigrad as mg

pytestmark = pytest.mark.native


def test_digits():
    x, y = mg.data.digits(20, seed=3)
    assert x.shape == (20, 1, 28, 28) and x.dtype == mg.float32 and y.dtype == mg.int64
    flat, _ = mg.data.digits(20, seed=3, flatten=True)
    np.testing.assert_array_equal(flat._data, x._data.reshape(20, -1))
    images = mg.datasets.load_digits(20, seed=3).images
    np.testing.assert_array_equal(np.rint(x._data[:, 0] * 255), images)
