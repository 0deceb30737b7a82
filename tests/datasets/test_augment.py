"""Augmentation: repeatable, small, and kind to what is not asked for."""

import numpy as np
import pytest

from minigrad import datasets
from minigrad.random import Generator

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits", n_samples=150).images.astype(np.float32) / 255


def test_one_seed_gives_one_result_however_many_images_follow(digits):
    first = datasets.augment(digits, Generator(4))
    assert np.array_equal(first, datasets.augment(digits, Generator(4)))
    assert not np.array_equal(first, datasets.augment(digits, Generator(5)))


def test_nothing_asked_for_changes_nothing_beyond_rounding(digits):
    same = datasets.augment(digits, Generator(1), shift=0, rotate=0, scale=0, elastic=0)
    # The map's constant term is a difference of numbers up to 14, the coordinates go up to 27.
    assert np.abs(same - digits).max() <= 8 * 27 * np.finfo(np.float32).eps


def test_pictures_keep_most_of_their_ink_and_their_range(digits):
    bent = datasets.augment(digits, Generator(2))
    assert bent.shape == digits.shape
    assert bent.dtype == np.float32
    assert bent.min() >= 0
    assert bent.max() <= digits.max() * (1 + 1e-6)
    ink = bent.sum(axis=(1, 2)) / digits.sum(axis=(1, 2))
    # The scales multiply the area by 0.81 to 1.21; the border may cut a little.
    assert 0.9 < ink.mean() < 1.1


def test_the_displacement_is_about_a_pixel():
    # A ramp in x shows the displacement along x itself, away from the border.
    ramp = np.broadcast_to(np.arange(28, dtype=np.float32), (200, 28, 28))
    bent = datasets.augment(ramp, Generator(6), shift=0, rotate=0, scale=0)
    spread = (bent - ramp)[:, 10:18, 10:18].std()
    # Uniform noise has deviation 1/sqrt(3); the weights of G x G have squares that sum to 1/(4 pi sigma^2).
    assert spread == pytest.approx(24 / np.sqrt(3) / np.sqrt(4 * np.pi * 16), rel=0.1)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="images must be square"):
        datasets.augment(np.ones((1, 2, 3)), Generator(1))
    with pytest.raises(ValueError, match="rotate must be"):
        datasets.augment(np.ones((1, 2, 2)), Generator(1), rotate=-1.0)
