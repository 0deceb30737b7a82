"""Colour matrices and alpha: laws, the definition in float64, and every bad argument."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import image as im
from minigrad._native import lib, pointer
from minigrad.image import apply_color, premultiply, unpremultiply

pytestmark = pytest.mark.native

MATRICES = {
    "grey": im.greyscale_matrix(),
    "sepia": im.sepia_matrix(),
    "half sepia": im.sepia_matrix(0.5),
    "brightness": im.brightness_matrix(0.2),
    "contrast": im.contrast_matrix(1.4),
    "saturation": im.saturation_matrix(1.7),
    "hue": im.hue_matrix(40),
    "invert": im.invert_matrix(),
}


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 301, 3), (5, 97, 4), (0, 4, 3)])
def test_every_pixel_is_the_product(matrix, dtype, shape):
    generator = np.random.default_rng(3)
    full = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    image = (generator.uniform(0, full, shape)).astype(dtype)
    want = image.astype(float)
    want[..., :3] = image[..., :3] @ matrix[:3, :3].T + full * matrix[:3, 3]
    eps = np.finfo(np.float32 if dtype != np.float64 else np.float64).eps
    bound = 8 * full * 3 * eps
    if np.dtype(dtype).kind == "u":
        want, bound = np.clip(want, 0, full), bound + 0.5
    got = apply_color(image, matrix)
    assert got.dtype == dtype
    assert np.abs(got - want).max(initial=0) <= bound
    assert np.array_equal(got[..., 3:], image[..., 3:])


def test_greys_stay_grey():
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    for matrix in (im.greyscale_matrix(), im.saturation_matrix(2.5), im.hue_matrix(77)):
        assert np.array_equal(apply_color(grey, matrix), grey)


def test_hue_turns_red_to_green_to_blue_and_adds_up():
    red = np.array([[[1.0, 0, 0]]])
    assert np.allclose(apply_color(red, im.hue_matrix(120)), [[[0, 1, 0]]], rtol=0, atol=1e-15)
    assert np.allclose(apply_color(red, im.hue_matrix(240)), [[[0, 0, 1]]], rtol=0, atol=1e-15)
    assert np.allclose(im.hue_matrix(50) @ im.hue_matrix(-30), im.hue_matrix(20), rtol=0, atol=1e-15)
    assert np.array_equal(im.hue_matrix(360), np.eye(4))


def test_matrices_compose():
    image = np.random.default_rng(0).uniform(size=(6, 5, 3))
    a, b = im.sepia_matrix(), im.contrast_matrix(0.6)
    assert np.allclose(apply_color(apply_color(image, a), b), apply_color(image, b @ a), rtol=0, atol=1e-15)
    negative = im.invert_matrix()
    assert np.array_equal(negative @ negative, np.eye(4))


@given(st.integers(1, 600), st.integers(2, 4), st.integers(0, 2**32))
def test_alpha_comes_off_again(n, channels, seed):
    image = np.random.default_rng(seed).uniform(1, 255, (1, n, channels)).astype(np.float32)
    image[0, n // 2, -1] = 0
    back = unpremultiply(premultiply(image, 255), 255)
    assert np.array_equal(back[..., -1], image[..., -1])
    opaque = image[..., -1] > 0
    assert np.allclose(back[opaque], image[opaque], rtol=4 * np.finfo(np.float32).eps, atol=0)
    assert (back[~opaque] == 0).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: apply_color(np.zeros((2, 2)), np.eye(4)), ValueError, r"got shape \(2, 2\)"),
        (lambda: apply_color(np.zeros((2, 2, 2)), np.eye(4)), ValueError, "3 or 4"),
        (lambda: apply_color(np.zeros((2, 2, 3), int), np.eye(4)), TypeError, "int64"),
        (lambda: apply_color(np.zeros((2, 2, 3)), np.eye(3)), ValueError, r"\(4, 4\); got shape \(3, 3\)"),
        (lambda: apply_color(np.zeros((2, 2, 3)), np.ones((4, 4))), ValueError, "last row 0 0 0 1"),
        (lambda: apply_color(np.zeros((2, 2, 3)), np.full((4, 4), np.inf)), ValueError, "finite"),
        (lambda: im.sepia_matrix(1.5), ValueError, "amount"),
        (lambda: im.brightness_matrix(-1.1), ValueError, "amount"),
        (lambda: im.contrast_matrix(-1), ValueError, "factor"),
        (lambda: im.saturation_matrix("much"), TypeError, "factor"),
        (lambda: im.hue_matrix(np.nan), ValueError, "degrees"),
        (lambda: premultiply(np.zeros((2, 2))), ValueError, "image must be 3-dimensional"),
        (lambda: premultiply(np.zeros((2, 2, 0))), ValueError, "channel of alpha"),
        (lambda: unpremultiply(np.zeros((2, 2, 4)), 0), ValueError, "full"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_core_refuses_other_channels():
    values, matrix = np.zeros(20, np.float32), np.zeros(30, np.float32)
    call = lib.mg_image_color_f32
    for channels in (0, 1, 2, 5):
        status = call(4, channels, pointer(values), pointer(matrix), pointer(values, True))
        assert status == lib.MG_ERR_ARGUMENT
    assert call(2**63, 4, pointer(values), pointer(matrix), pointer(values, True)) == lib.MG_ERR_OVERFLOW
    assert lib.mg_image_premultiply_f32(1, 0, pointer(values), 1, pointer(values, True)) == lib.MG_ERR_ARGUMENT
