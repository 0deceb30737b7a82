"""Picture files, and a drawn digit in MNIST's form."""

import numpy as np
import pytest
from PIL import Image

from minigrad import datasets
from minigrad.datasets import DataError

pytestmark = pytest.mark.native


def test_a_picture_comes_back_as_its_grey_levels(tmp_path):
    grey = np.arange(60, dtype=np.uint8).reshape(6, 10) * 4
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert np.array_equal(datasets.read_picture(tmp_path / "grey.png"), grey)


def test_transparent_pixels_are_white(tmp_path):
    Image.new("RGBA", (3, 2), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (datasets.read_picture(tmp_path / "clear.png") == 255).all()


def test_white_ink_on_nothing_is_seen(tmp_path):
    pixels = np.full((8, 8, 4), 255, np.uint8)
    pixels[..., 3] = 0
    pixels[2:6, 3, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "white.png")
    assert np.array_equal(datasets.read_picture(tmp_path / "white.png"), pixels[..., 3])


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no such file"), (b"", "is not a picture"), (b"plain words", "is not a picture")],
)
def test_a_file_that_is_no_picture_is_named(tmp_path, content, message):
    path = tmp_path / "file.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        datasets.read_picture(path)


def test_a_damaged_picture_is_named(tmp_path):
    path = tmp_path / "cut.png"
    Image.new("L", (200, 200), 7).save(path)
    path.write_bytes(path.read_bytes()[:80])
    with pytest.raises(DataError, match="cut.png"):
        datasets.read_picture(path)


@pytest.mark.parametrize("dark_on_light", [True, False])
@pytest.mark.parametrize("size", [40, 300])
def test_ink_is_centred_by_its_mass_in_a_box_of_twenty(dark_on_light, size):
    picture = np.zeros((size, size + 20), np.uint8)
    picture[size // 8 : size // 2, size // 5 : size // 4 + 2] = 255
    picture[size // 2 - 3 : size // 2, size // 5 : size // 2] = 255
    digit = datasets.center_digit(255 - picture if dark_on_light else picture).astype(float)
    assert digit.shape == (28, 28)
    weight = digit / digit.sum()
    centre = (weight.sum(axis=1) @ np.arange(28), weight.sum(axis=0) @ np.arange(28))
    # Rounding and what the border cuts off move the centre by a fraction of a pixel.
    assert centre == pytest.approx((13.5, 13.5), abs=0.35)
    rows = np.flatnonzero(digit.sum(axis=1) > 255)
    assert 18 <= rows[-1] - rows[0] + 1 <= 21


def test_an_empty_sheet_has_no_digit():
    with pytest.raises(DataError, match="of one colour"):
        datasets.center_digit(np.full((50, 50), 255, np.uint8))
    with pytest.raises(DataError, match="no pixels"):
        datasets.center_digit(np.empty((0, 5), np.uint8))
