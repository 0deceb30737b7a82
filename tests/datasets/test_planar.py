"""The generated shapes in the plane: what makes each of them what it is."""

import numpy as np
import pytest

from minigrad import datasets

pytestmark = pytest.mark.native

SHAPES = ("circle", "moons", "spirals", "xor")


@pytest.mark.parametrize("shape", SHAPES)
def test_both_classes_in_about_the_square(shape):
    data = datasets.load(shape, n_samples=1000, seed=1)
    assert data.data.shape == (1000, 2)
    assert data.synthetic
    assert 400 < data.target.sum() < 600
    assert np.abs(data.data).max() < 1.4


@pytest.mark.parametrize("shape", SHAPES)
def test_one_seed_gives_one_set(shape):
    first, again = (datasets.load(shape, seed=5).data for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, datasets.load(shape, seed=6).data)


def test_without_noise_each_shape_keeps_its_law():
    x, y = datasets.load("xor", noise=0.0).data.T
    assert np.array_equal(datasets.load("xor", noise=0.0).target, x * y < 0)
    disc = datasets.load("circle", noise=0.0)
    radius = np.hypot(*disc.data.T)
    assert (radius[disc.target == 0] <= 0.5).all()
    assert (radius[disc.target == 1] >= np.sqrt(0.5)).all()
    moons = datasets.load("moons", noise=0.0)
    centres = np.array([[-1 / 3, -1 / 6], [1 / 3, 1 / 6]])
    assert np.allclose(np.hypot(*(moons.data - centres[moons.target]).T), 1 / 1.5)
    spirals = datasets.load("spirals", noise=0.0)
    t = np.hypot(*spirals.data.T)
    angle = np.arctan2(*spirals.data.T) - 3.5 * np.pi * t - np.pi * spirals.target
    assert np.allclose(np.cos(angle), 1)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="n_samples must be an int >= 2; got 1"):
        datasets.load("moons", n_samples=1)
    with pytest.raises(ValueError, match="noise must be"):
        datasets.load("xor", noise=-1.0)
    with pytest.raises(TypeError, match="takes no option 'split'"):
        datasets.load("circle", split="train")
