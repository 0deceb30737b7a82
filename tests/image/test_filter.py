"""Filters: against a slow, obvious sum, laws, and every bad argument."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad._native import lib, pointer
from minigrad.image import convolve, gaussian_blur, gradient_magnitude, unsharp_mask

pytestmark = pytest.mark.native

DTYPES = [np.uint8, np.uint16, np.float32, np.float64]
PADS = {"constant": "constant", "replicate": "edge", "reflect": "symmetric", "wrap": "wrap"}


def picture(shape, dtype, seed=0):
    generator = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "u":
        return generator.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return generator.normal(size=shape).astype(dtype)


def slow(image, kernel, mode):
    """Convolve in float64, tap by tap."""
    rows, columns = kernel.shape
    wide = [(rows // 2, rows // 2), (columns // 2, columns // 2)] + [(0, 0)] * (image.ndim - 2)
    padded = np.pad(image.astype(float), wide, mode=PADS[mode])
    out = np.zeros(image.shape)
    for i in range(rows):
        for j in range(columns):
            out += kernel[rows - 1 - i, columns - 1 - j] * padded[i : i + image.shape[0], j : j + image.shape[1]]
    return out


def close(got, want, dtype, size, scale):
    """Compare within the rounding of a sum of `size` products, and of the result to an integer."""
    if np.dtype(dtype).kind == "u":
        want = np.clip(want, 0, np.iinfo(dtype).max)
        bound = 0.5 + size * scale * np.finfo(np.float32).eps
    else:
        bound = size * scale * np.finfo(dtype).eps
    assert got.dtype == dtype
    assert np.abs(got - want).max(initial=0) <= bound


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", PADS)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 70),
    channels=st.sampled_from([None, 1, 2, 3, 4, 5]),
    rows=st.sampled_from([1, 3, 5]),
    columns=st.sampled_from([1, 3, 7]),
    seed=st.integers(0, 2**32),
)
def test_convolve_is_the_sum_that_it_says(dtype, mode, height, width, channels, rows, columns, seed):
    shape = (height, width) if channels is None else (height, width, channels)
    image = picture(shape, dtype, seed)
    kernel = np.random.default_rng(seed).normal(size=(rows, columns))
    if np.dtype(dtype) != np.float64:
        kernel = kernel.astype(np.float32).astype(float)
    got = convolve(image, kernel, mode=mode)
    scale = float(np.abs(kernel).sum() * np.abs(image.astype(float)).max())
    close(got, slow(image, kernel, mode), dtype, rows * columns + 2, scale)


@pytest.mark.parametrize("mode", PADS)
def test_a_kernel_may_be_larger_than_the_image(mode):
    image, kernel = picture((2, 3), np.float64), np.random.default_rng(1).normal(size=(9, 11))
    assert np.allclose(convolve(image, kernel, mode=mode), slow(image, kernel, mode), rtol=0, atol=1e-12)


def test_a_point_becomes_the_kernel():
    point = np.zeros((5, 5))
    point[2, 2] = 1
    kernel = np.arange(9.0).reshape(3, 3)
    assert np.array_equal(convolve(point, kernel, mode="constant")[1:4, 1:4], kernel)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.7])
def test_blur_is_the_convolution_with_a_gaussian(dtype, sigma):
    image = picture((23, 31, 3), dtype)
    radius = math.ceil(4 * sigma)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    size, scale = 4 * len(weights), float(np.abs(image.astype(float)).max())
    close(gaussian_blur(image, sigma), slow(image, np.outer(weights, weights), "reflect"), dtype, size, scale)


def test_blurs_add_their_variances():
    image = np.zeros((81, 81))
    image[40, 40] = 1
    twice = gaussian_blur(gaussian_blur(image, 3.0), 4.0)
    # Cut off at four deviations, each blur lacks 6e-5 of its mass.
    assert np.abs(twice - gaussian_blur(image, 5.0)).max() < 2e-4 * twice.max()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_flat_picture_stays_flat(dtype):
    flat = np.full((13, 17, 3), 200, dtype)
    for value in (gaussian_blur(flat, 2.3), unsharp_mask(flat, 1.5)):
        assert np.allclose(value, flat, rtol=64 * np.finfo(np.float32).eps, atol=0)
    assert np.abs(gradient_magnitude(flat)).max() <= 1e-3
    assert np.array_equal(gaussian_blur(flat, 0), flat)
    assert np.array_equal(unsharp_mask(flat, 0), flat)


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.0, 2.0])
def test_the_gradient_of_a_plane_is_its_steepness_in_every_direction(angle):
    y, x = np.mgrid[:20, :20].astype(float)
    plane = 3 * (math.cos(angle) * x + math.sin(angle) * y)
    # Each kernel sums to 8 times the slope.
    assert np.allclose(gradient_magnitude(plane)[1:-1, 1:-1], 3 * 8 / 4, rtol=0, atol=1e-12)


def test_sharpening_undoes_a_weak_blur_in_part():
    image = picture((40, 40), np.uint8)
    blurred = gaussian_blur(image, 0.6).astype(float)
    sharpened = unsharp_mask(gaussian_blur(image, 0.6), 1.0, sigma=0.6).astype(float)
    assert np.abs(sharpened - image).mean() < 0.7 * np.abs(blurred - image).mean()


def test_the_same_bits_for_any_number_of_threads():
    image = picture((200, 33, 3), np.uint8)
    before, results = minigrad.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            minigrad.set_num_threads(threads)
            results.append(
                (gaussian_blur(image, 2.0), convolve(image, np.ones((5, 3)) / 15), gradient_magnitude(image))
            )
    finally:
        minigrad.set_num_threads(before)
    for result in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(result, results[0], strict=True))


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0, 3), (4, 4, 0)])
def test_no_pixels_give_no_pixels(shape):
    empty = np.zeros(shape, np.uint8)
    for result in (convolve(empty, [[1.0]]), gaussian_blur(empty, 1), gradient_magnitude(empty), unsharp_mask(empty)):
        assert result.shape == shape


def test_views_are_taken_as_they_look():
    image = picture((30, 40, 3), np.uint8)
    for view in (image[::2, ::-3], image.transpose(1, 0, 2), image[:, :, 1]):
        assert np.array_equal(gaussian_blur(view, 1.0), gaussian_blur(view.copy(), 1.0))
    swapped = image.astype(">u2")
    assert np.array_equal(gaussian_blur(swapped, 1.0), gaussian_blur(image.astype(np.uint16), 1.0))


def test_nan_spreads_no_further_than_the_kernel():
    image = np.zeros((9, 9))
    image[4, 4] = np.nan
    bad = np.isnan(convolve(image, np.ones((3, 3))))
    assert bad[3:6, 3:6].all()
    assert bad.sum() == 9


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: convolve(np.zeros((3, 3), int), [[1]]),
            TypeError,
            "uint8, uint16, float32 or float64; got dtype int64",
        ),
        (lambda: convolve(np.zeros(3), [[1]]), ValueError, r"got shape \(3,\)"),
        (lambda: convolve(np.zeros((3, 3)), [[1, 2]]), ValueError, r"kernel must have odd sides.*\(1, 2\)"),
        (lambda: convolve(np.zeros((3, 3)), np.zeros((0, 1))), ValueError, r"odd sides.*\(0, 1\)"),
        (lambda: convolve(np.zeros((3, 3)), np.zeros((1025, 1025))), ValueError, "at most"),
        (lambda: convolve(np.zeros((3, 3)), [[math.nan]]), ValueError, "kernel must be finite"),
        (lambda: convolve(np.zeros((3, 3)), [["a"]]), TypeError, "kernel must be"),
        (lambda: convolve(np.zeros((3, 3)), [[1e300]] * 1, mode="mirror"), ValueError, "mode must be one of"),
        (lambda: gaussian_blur(np.zeros((3, 3)), -1), ValueError, "sigma"),
        (lambda: gaussian_blur(np.zeros((3, 3)), math.inf), ValueError, "sigma"),
        (lambda: gaussian_blur(np.zeros((3, 3)), "1"), TypeError, "sigma"),
        (lambda: unsharp_mask(np.zeros((3, 3)), -1), ValueError, "amount"),
        (lambda: gradient_magnitude("photo"), TypeError, "image must be"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_core_refuses_what_python_does_not_let_through():
    image, out = np.zeros((4, 4), np.float32), np.full((4, 4), 7, np.float32)
    kernel = np.array([1.0, np.inf, 1.0], np.float32)
    call = lib.mg_image_correlate_f32
    assert call(4, 4, 1, pointer(image), 1, 3, pointer(kernel), 0, pointer(out, True)) == lib.MG_ERR_NOT_FINITE
    assert call(4, 4, 1, pointer(image), 1, 2, pointer(kernel), 0, pointer(out, True)) == lib.MG_ERR_ARGUMENT
    assert call(4, 4, 1, pointer(image), 1, 1, pointer(kernel), 4, pointer(out, True)) == lib.MG_ERR_ARGUMENT
    huge = 2**62
    assert call(huge, huge, 1, pointer(image), 1, 1, pointer(kernel), 0, pointer(out, True)) == lib.MG_ERR_OVERFLOW
    assert (out == 7).all()
