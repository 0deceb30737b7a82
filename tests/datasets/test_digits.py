"""Generated digits: repeatable, labelled truly, and fit to learn from."""

import importlib.util
import types

import numpy as np
import pytest

from minigrad import DataError
from minigrad.datasets import _digits, _matplotlib, load, load_digits, photo, photo_path

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def digits():
    return load("digits", n_samples=3000)


def test_what_it_is(digits):
    assert digits.synthetic and digits.source == "generated"
    assert digits.images.shape == (3000, 28, 28) and digits.images.dtype == np.uint8
    assert digits.data.shape == (3000, 784) and digits.data.dtype == np.float32
    assert digits.image_shape == (28, 28) and len(digits.feature_names) == 784
    assert digits.target_names == tuple("0123456789")
    np.testing.assert_array_equal(digits.data, digits.images.reshape(3000, 784))


def test_every_digit_comes_as_often(digits):
    counts = np.bincount(digits.target, minlength=10)
    # Binomial(3000, 1/10): standard deviation 16.4; six of them either way.
    assert np.abs(counts - 300).max() < 6 * 16.4


def test_a_seed_repeats_and_another_does_not(digits):
    again = load_digits(200, seed=0)
    np.testing.assert_array_equal(again.images, digits.images[:200])
    np.testing.assert_array_equal(again.target, digits.target[:200])
    other = load_digits(200, seed=1)
    assert (other.images != again.images).any(axis=(1, 2)).all()
    assert (other.target != again.target).any()


def test_no_two_are_alike(digits):
    assert len({image.tobytes() for image in digits.images}) == 3000


def test_a_neighbour_tells_the_digit(digits):
    known, asked = digits.data[:2500] / 255, digits.data[2500:] / 255
    distances = (asked**2).sum(1)[:, None] - 2 * asked @ known.T + (known**2).sum(1)
    found = digits.target[distances.argmin(axis=1)]
    assert (found == digits.target[2500:]).mean() > 0.75  # guessing: 0.1; the digits are shifted, the rule is not told


def test_ink_is_white_and_in_the_middle(digits):
    mean = digits.images.mean(axis=0)
    middle, rim = mean[8:20, 8:20].mean(), np.concatenate([mean[0], mean[-1], mean[:, 0], mean[:, -1]]).mean()
    assert middle > 60 and rim < 8
    assert digits.images.max() > 200


def test_glyphs_are_whole_and_distinct():
    glyphs = _digits._glyphs()
    assert not glyphs[:, :, [0, -1], :].any() and not glyphs[:, :, :, [0, -1]].any()
    heights = glyphs.any(axis=3).sum(axis=2)
    assert heights.min() >= 36 and heights.max() <= 52
    assert len({glyph.tobytes() for glyph in glyphs.reshape(-1, 56 * 56)}) == glyphs.shape[0] * 10


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((0,), ValueError, "load_digits: n_samples must be an int >= 1; got 0"),
        ((2.5,), TypeError, "load_digits: n_samples must be an int >= 1; got 2.5"),
    ],
)
def test_bad_arguments(arguments, kind, message):
    with pytest.raises(kind, match=message):
        load_digits(*arguments)
    with pytest.raises(ValueError, match="load_digits: seed must be"):
        load_digits(seed=-1)
    with pytest.raises(TypeError, match="'digits' takes no option 'split'; it takes n_samples, seed"):
        load("digits", split="test")


def test_the_photograph():
    pixels = photo()
    assert pixels.shape == (600, 512, 3) and pixels.dtype == np.uint8
    assert pixels.std() > 30
    assert photo_path().name == "grace_hopper.jpg"


def test_without_matplotlib(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="install matplotlib"):
        photo()
    empty = types.SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: empty)
    with pytest.raises(DataError, match=r"grace_hopper\.jpg: is missing.*reinstall matplotlib"):
        photo()
    with pytest.raises(DataError, match=r"cmr10\.ttf: is missing"):
        _matplotlib.font_path("cmr10")
    path = tmp_path / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xd8 not much of a picture")
    with pytest.raises(DataError, match="is not a readable JPEG"):
        photo()


def test_matplotlib_is_not_imported(run_python):
    done = run_python(
        "from minigrad import datasets as d; d.load('digits', n_samples=3); d.photo(); d.load('iris');"
        "import sys; print(sorted({'matplotlib', 'pooch', 'pandas', 'requests'} & set(sys.modules)))"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
