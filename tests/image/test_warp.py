"""Warps: exact cases, slow obvious implementations, laws, every bad argument."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad._native import lib, pointer
from minigrad.image import affine, warp

pytestmark = pytest.mark.native


def picture(shape, dtype, seed=0):
    generator = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "u":
        return generator.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return generator.normal(size=shape).astype(dtype)


def exact_warp(image, inverse, output_shape, interpolation):
    """Warp in rational numbers, pixel by pixel; `inverse` takes output to input coordinates."""
    height, width, channels = image.shape
    output = np.zeros((*output_shape, channels), dtype=object)

    def value(row, column, channel):
        if 0 <= row < height and 0 <= column < width:
            return Fraction(image[row, column, channel].item())
        return Fraction(0)

    for j in range(output_shape[0]):
        for i in range(output_shape[1]):
            x, y = (row[0] * i + row[1] * j + row[2] for row in inverse)
            if interpolation == "nearest":
                column, row = math.floor(x + Fraction(1, 2)), math.floor(y + Fraction(1, 2))
                output[j, i] = [value(row, column, c) for c in range(channels)]
                continue
            column, row = math.floor(x), math.floor(y)
            f, g = x - column, y - row
            for c in range(channels):
                upper = (1 - f) * value(row, column, c) + f * value(row, column + 1, c)
                lower = (1 - f) * value(row + 1, column, c) + f * value(row + 1, column + 1, c)
                output[j, i, c] = (1 - g) * upper + g * lower
    return output


def rational_inverse(matrix):
    (a, b, tx), (d, e, ty) = [[Fraction(v) for v in row] for row in matrix[:2].tolist()]
    det = a * e - b * d
    rows = [[e / det, -b / det], [-d / det, a / det]]
    return [[p, q, -(p * tx + q * ty)] for p, q in rows]


INTERPOLATIONS = ["nearest", "bilinear", "bicubic", "lanczos"]
MODES = ["constant", "replicate", "reflect", "wrap"]
DTYPES = [np.uint8, np.uint16, np.float32, np.float64]


def kernel(name, t):
    """Return the weight of a pixel at the distance t."""
    t = np.abs(t)
    if name == "bilinear":
        return np.maximum(1 - t, 0)
    if name == "bicubic":
        near, far = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
        return np.where(t <= 1, near, np.where(t < 2, far, 0))
    return np.where(t < 3, np.sinc(t) * np.sinc(t / 3), 0)


def sources(matrix, image_shape, output_shape):
    """Return the source x, y of every output pixel, and whether it is on the side that is seen."""
    inverse = np.linalg.inv(matrix)
    middle = matrix[2] @ [(image_shape[1] - 1) / 2, (image_shape[0] - 1) / 2, 1]
    inverse = inverse * np.copysign(1, middle)
    j, i = np.mgrid[: output_shape[0], : output_shape[1]].astype(float)
    x, y, w = (row[0] * i + row[1] * j + row[2] for row in inverse)
    seen = w > 0
    w = np.where(seen, w, 1)
    return x / w, y / w, seen


def index_of(i, size, mode):
    """Return the pixels that stand for any integers i, and whether they count."""
    if mode == "constant":
        return np.clip(i, 0, size - 1), (i >= 0) & (i < size)
    if mode == "replicate":
        return np.clip(i, 0, size - 1), np.full(i.shape, True)
    if mode == "wrap":
        return i % size, np.full(i.shape, True)
    i = i % (2 * size)
    return np.where(i < size, i, 2 * size - 1 - i), np.full(i.shape, True)


def slow_warp(image, matrix, output_shape, interpolation="bilinear", mode="constant", alpha=False):
    """Return the warp in float64, before anything is rounded."""
    values = image.astype(np.float64)
    if alpha and interpolation != "nearest":
        values[..., :-1] *= values[..., -1:]
    x, y, seen = sources(matrix, image.shape, output_shape)
    total = np.zeros((*output_shape, image.shape[2]))
    reach = {"nearest": 0, "bilinear": 1, "bicubic": 2, "lanczos": 3}[interpolation]
    if reach == 0:
        steps, left, top = [0], np.floor(x + 0.5), np.floor(y + 0.5)
    else:
        steps, left, top = range(1 - reach, reach + 1), np.floor(x), np.floor(y)
    sums = np.zeros(output_shape)
    for dy in steps:
        for dx in steps:
            weight = 1.0
            if reach:
                weight = kernel(interpolation, x - left - dx) * kernel(interpolation, y - top - dy)
            sums += weight
            column, in_x = index_of((left + dx).astype(int), image.shape[1], mode)
            row, in_y = index_of((top + dy).astype(int), image.shape[0], mode)
            total += np.where(in_x & in_y & seen, weight, 0)[..., None] * values[row, column]
    total /= sums[..., None]  # 1, but for Lanczos' kernel
    if alpha and reach:
        opacity = total[..., -1:]
        total[..., :-1] = np.where(opacity > 0, total[..., :-1] / np.where(opacity > 0, opacity, 1), 0)
        total = np.where(opacity > 0, total, 0)
    return total


def assert_warped(output, exact, dtype):
    """Check a result against the exact one: the tolerance is 64 roundings of the largest value."""
    if np.dtype(dtype).kind == "u":
        top = np.iinfo(dtype).max
        eps = np.finfo(np.float32 if dtype == np.uint8 else np.float64).eps
        assert np.abs(output - np.clip(exact, 0, top)).max(initial=0) <= 0.5 + top * max(64 * eps, 1e-11)
    else:
        largest = np.abs(exact).max(initial=1)
        assert np.abs(output - exact).max(initial=0) <= largest * max(64 * np.finfo(dtype).eps, 1e-11)


MAPS = {
    "rotation": affine(rotation=33, scale=1.3, center=(6, 4), translation=(1.2, 0.7)),
    "shift": affine(translation=(-2.3, 4.6)),
    "shear": affine(shear=(0.41, -0.23), translation=(0.313, 2.117)),
    "perspective": np.array([[1.2, 0.1, -1.3], [0.2, 1.1, 0.4], [0.01, 0.02, 1.0]]),
    "negative": -np.array([[1.2, 0.1, -1.3], [0.2, 1.1, 0.4], [0.01, 0.02, 1.0]]),
    "horizon": np.array([[1.0, 0.1, 2.3], [0.1, 1.0, 1.4], [0.05, 0.11, 0.3]]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS[1:])
@pytest.mark.parametrize("name", MAPS)
def test_warps_agree_with_the_definition(name, interpolation, mode, dtype):
    for shape in ((11, 13, 3), (5, 300, 1), (3, 2, 2), (1, 1, 4), (17, 9, 4)):
        image, options = picture(shape, dtype), {"interpolation": interpolation, "mode": mode}
        output = warp(image, MAPS[name], (19, 23), **options, antialias=False)
        assert_warped(output, slow_warp(image, MAPS[name], (19, 23), **options), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", MAPS)
def test_nearest_agrees_with_the_definition(name, mode, dtype):
    for shape in ((11, 13, 3), (5, 300, 1), (3, 2, 2), (1, 1, 4)):
        image = picture(shape, dtype)
        output = warp(image, MAPS[name], (19, 23), interpolation="nearest", mode=mode)
        np.testing.assert_array_equal(output, slow_warp(image, MAPS[name], (19, 23), "nearest", mode).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS[1:])
@pytest.mark.parametrize("channels", [2, 4])
def test_opacity_weighs_colour(channels, interpolation, dtype):
    # Opacity away from 0: where overshoots cancel it, colour is any number.
    image = picture((12, 15, channels), dtype)
    image[..., -1] = np.abs(image[..., -1]) / 2 + (100 if np.dtype(dtype).kind == "u" else 3)
    options = {"interpolation": interpolation, "mode": "reflect", "alpha": True}
    output = warp(image, MAPS["rotation"], **options, antialias=False)
    assert_warped(output, slow_warp(image, MAPS["rotation"], (12, 15), **options), dtype)


def test_what_is_beneath_a_transparent_pixel_does_not_bleed():
    image = np.zeros((4, 4, 4), np.uint8)
    image[..., 0] = 255  # red all over, but transparent
    image[:, :2] = (0, 0, 200, 255)
    output = warp(image, affine(translation=(0.5, 0)), mode="replicate", alpha=True)
    assert output[0].tolist() == [[0, 0, 200, 255]] * 2 + [[0, 0, 200, 128], [0, 0, 0, 0]]


def test_the_sign_and_size_of_a_matrix_are_without_meaning():
    image = picture((20, 30, 3), np.uint8)
    expected = warp(image, MAPS["perspective"])
    for factor in (-1.0, 2.0**200, -(2.0**-300)):
        np.testing.assert_array_equal(warp(image, MAPS["perspective"] * factor), expected)
    turned = warp(image, MAPS["rotation"])
    np.testing.assert_array_equal(warp(image, MAPS["rotation"] * -4.0), turned)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_seen_beyond_the_horizon(mode):
    image = np.full((20, 20), 9, np.uint8)
    output = warp(image, MAPS["horizon"], (60, 60), mode=mode)
    seen = sources(MAPS["horizon"], image.shape, (60, 60))[2]
    assert not seen.all() and not output[~seen].any()
    if mode != "constant":
        assert (output[seen] == 9).all()


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_whole_pixels_are_copied_bit_for_bit(dtype, interpolation):
    image = picture((9, 12, 3), dtype)
    if np.dtype(dtype).kind == "f":
        image[2, 3], image[5, 5], image[7, 1] = np.nan, np.inf, -0.0
    turned = image
    for _ in range(4):
        height, width = turned.shape[:2]
        matrix = affine(rotation=90, translation=(0, width - 1))
        turned = warp(turned, matrix, (width, height), interpolation=interpolation)
    assert turned.tobytes() == image.tobytes()
    mirrored = warp(image, affine(scale=(-1, 1), translation=(11, 0)), interpolation=interpolation)
    assert mirrored.tobytes() == image[:, ::-1].tobytes()
    rolled = warp(image, affine(translation=(5, -4)), interpolation=interpolation, mode="wrap")
    assert rolled.tobytes() == np.roll(image, (-4, 5), (0, 1)).tobytes()


@pytest.mark.parametrize("mode", ["replicate", "reflect", "wrap"])
def test_far_away_an_endless_picture_goes_on(mode):
    image = picture((7, 5), np.uint8)
    far = affine(translation=(1e6, -2e6))
    output = warp(image, far, (40, 40), mode=mode)
    np.testing.assert_array_equal(output, slow_warp(image[..., None], far, (40, 40), "nearest", mode)[..., 0])
    for size in (1e14, 1e100, 1e300):
        assert (warp(np.full((3, 3), 7, np.uint8), affine(translation=(size, size)), mode=mode) == 7).all()


def test_many_channels_are_warped_alike():
    image = picture((10, 12, 11), np.float32)
    output = warp(image, MAPS["rotation"])
    for c in range(11):
        np.testing.assert_array_equal(output[..., c], warp(image[..., c], MAPS["rotation"]))


# Halves, quarters and their inverses are exact in double precision, so that ties and
# borders fall where the rational arithmetic says.
DYADIC = [
    affine(),
    affine(translation=(0.5, 0)),
    affine(translation=(-0.25, 1.5)),
    affine(rotation=90, center=(2, 3)),
    affine(rotation=180, center=(2.5, 3), translation=(0, 0.75)),
    affine(rotation=-90, scale=2),
    affine(scale=(2, 0.5)),
    affine(scale=(-1, 1), center=(3, 0)),
    affine(scale=0.25),
    affine(shear=(0.5, 0)),
    affine(shear=(1, 0.5), translation=(-3, 2)),
    affine(translation=(100, 0)),
    affine(scale=8, translation=(-9, -11)),
]


@pytest.mark.parametrize("matrix", DYADIC)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("shape", [(7, 6, 1), (5, 9, 3), (1, 6, 2), (6, 1, 1), (1, 1, 1), (2, 2, 1)])
def test_dyadic_maps_are_exact(matrix, interpolation, shape):
    for dtype in (np.uint8, np.float32):
        image = picture(shape, dtype)
        if dtype == np.float32:
            image = np.round(image * 8) / 8  # so that the products with weights are exact
        for output_shape in ((6, 7), (3, 40)):
            expected = exact_warp(image, rational_inverse(matrix), output_shape, interpolation)
            if dtype == np.uint8:
                expected = np.vectorize(round)(expected)  # round of a Fraction: halves to even
            output = warp(image, matrix, output_shape, interpolation=interpolation, antialias=False)
            assert output.dtype == dtype
            np.testing.assert_array_equal(output, expected.astype(dtype))


numbers = st.floats(-3, 3)


@given(st.lists(numbers, min_size=6, max_size=6), st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_any_map_rounds_correctly(entries, height, width, seed):
    matrix = np.array([entries[:3], entries[3:], [0, 0, 1]])
    if abs(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]) < 1e-2:
        return
    image = picture((height, width, 1), np.uint8, seed)
    exact = exact_warp(image, rational_inverse(matrix), (5, 7), "bilinear").astype(float)
    output = warp(image, matrix, (5, 7), antialias=False).astype(float)
    # Three interpolations, each with a rounded weight and two rounded operations, in single precision.
    assert np.abs(output - exact).max() <= 0.5 + 10 * 255 * np.finfo(np.float32).eps


@given(st.lists(numbers, min_size=6, max_size=6), st.integers(1, 6), st.integers(1, 6))
def test_any_map_of_floats(entries, height, width):
    matrix = np.array([entries[:3], entries[3:], [0, 0, 1]])
    if abs(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]) < 1e-2:
        return
    image = picture((height, width, 2), np.float32)
    exact = exact_warp(image, rational_inverse(matrix), (5, 7), "bilinear").astype(float)
    tolerance = 10 * np.abs(image).max() * np.finfo(np.float32).eps
    assert np.abs(warp(image, matrix, (5, 7), antialias=False) - exact).max() <= tolerance


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_identity_keeps_every_bit(dtype, interpolation):
    image = picture((31, 45, 3), dtype)
    output = warp(image, np.eye(3), interpolation=interpolation)
    assert output is not image and output.tobytes() == image.tobytes()


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(("degrees", "quarters"), [(90, 1), (180, 2), (270, 3), (-90, 3), (360, 0), (3690, 1)])
def test_quarter_turns_are_counter_clockwise_and_exact(degrees, quarters, interpolation):
    image = picture((8, 8, 3), np.uint8)
    matrix = affine(rotation=degrees, center=(3.5, 3.5))
    np.testing.assert_array_equal(warp(image, matrix, interpolation=interpolation), np.rot90(image, quarters))


def test_mirrors_and_whole_shifts():
    image = picture((6, 9), np.float32)
    np.testing.assert_array_equal(warp(image, affine(scale=(-1, 1), center=(4, 0))), image[:, ::-1])
    shifted = warp(image, affine(translation=(2, -1)))
    np.testing.assert_array_equal(shifted[:-1, 2:], image[1:, :-2])
    assert not shifted[-1].any() and not shifted[:, :2].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_plane_stays_a_plane(dtype):
    # Bilinear interpolation reproduces a + b x + c y inside the image.
    y, x = np.mgrid[0:40, 0:50]
    image = (3 * x + 2 * y).astype(dtype)
    matrix = affine(rotation=30, scale=0.9, center=(25, 20))
    output = warp(image, matrix, antialias=False)
    inverse = np.linalg.inv(matrix)
    source_x = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
    source_y = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
    inside = (source_x >= 0) & (source_x <= 49) & (source_y >= 0) & (source_y <= 39)
    assert inside.sum() > 1000
    error = np.abs(output - (3 * source_x + 2 * source_y))[inside].max()
    tolerance = 10 * 255 * np.finfo(np.float32).eps
    assert error <= (0.5 + tolerance if dtype == np.uint8 else tolerance)


def test_a_constant_stays_constant_inside():
    for level in range(256):
        image = np.full((12, 12), level, dtype=np.uint8)
        output = warp(image, affine(rotation=33, scale=1.7, center=(5.5, 5.5)))
        assert (output[4:8, 4:8] == level).all()


def test_the_border_fades_to_zero():
    image = np.full((1, 1), 200, dtype=np.uint8)
    output = warp(image, affine(translation=(1.25, 1)), (3, 4))
    assert output.tolist() == [[0, 0, 0, 0], [0, 150, 50, 0], [0, 0, 0, 0]]


def test_non_finite_pixels_spread_to_their_neighbours_only():
    image = np.ones((9, 9), dtype=np.float32)
    image[4, 4] = np.nan
    output = warp(image, affine(translation=(0.5, 0.5)))
    bad = np.argwhere(np.isnan(output)).tolist()
    assert bad == [[4, 4], [4, 5], [5, 4], [5, 5]]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_the_same_bits_for_any_number_of_threads(dtype, interpolation):
    image = picture((300, 400, 3), dtype)
    matrix = affine(rotation=17, scale=1.2, shear=0.1, center=(200, 150))
    before = minigrad.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 5):
            minigrad.set_num_threads(threads)
            results.append(warp(image, matrix, (311, 433), interpolation=interpolation).tobytes())
    finally:
        minigrad.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_rows_in_many_chunks_agree_with_rows_alone():
    image = picture((500, 300), np.uint8)
    matrix = affine(rotation=-8, center=(150, 250))
    whole = warp(image, matrix)
    for row in (0, 1, 217, 499):
        lifted = affine(translation=(0, -row)) @ matrix
        np.testing.assert_array_equal(warp(image, lifted, (1, 300))[0], whole[row])


@pytest.mark.parametrize(
    ("shape", "output_shape"),
    [((0, 5), (2, 3)), ((5, 0), (2, 3)), ((4, 4), (0, 3)), ((4, 4), (3, 0)), ((4, 4, 0), (2, 2))],
)
def test_empty(shape, output_shape):
    for dtype in (np.uint8, np.float32):
        for interpolation in ("bilinear", "nearest"):
            output = warp(np.zeros(shape, dtype), np.eye(3), output_shape, interpolation=interpolation)
            assert output.shape == output_shape + shape[2:] and not output.any()


def test_strided_and_read_only_images():
    base = picture((20, 30, 3), np.uint8)
    matrix = affine(rotation=10, center=(5, 5))
    for view in (base[::2, ::3], base[::-1], base.transpose(1, 0, 2), base[..., 1]):
        np.testing.assert_array_equal(warp(view, matrix), warp(view.copy(), matrix))
    base.flags.writeable = False
    warp(base, matrix)
    swapped = base.astype(np.float32).astype(">f4")
    np.testing.assert_array_equal(warp(swapped, matrix), warp(base.astype(np.float32), matrix))


@pytest.mark.parametrize("size", [1e12, 1e100, 1e300])
def test_far_away_is_zero(size):
    image = np.ones((4, 4), dtype=np.float32)
    for interpolation in ("bilinear", "nearest"):
        assert not warp(image, affine(translation=(size, size)), interpolation=interpolation).any()
        assert not warp(image, affine(translation=(-size, 0)), interpolation=interpolation).any()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"image": np.zeros((2, 2), complex)}, TypeError, "float32 or float64; got dtype complex128"),
        ({"image": [[1, 2]]}, TypeError, "warp: image must be uint8, uint16, float32 or float64; got dtype int64"),
        ({"image": np.zeros(3, np.uint8)}, ValueError, r"got shape \(3,\)"),
        ({"image": np.zeros((1, 2, 3, 4), np.uint8)}, ValueError, r"got shape \(1, 2, 3, 4\)"),
        ({"matrix": np.eye(2)}, ValueError, r"matrix must be of shape \(3, 3\); got shape \(2, 2\)"),
        ({"matrix": np.eye(3)[0]}, ValueError, "warp: matrix must be 2-dimensional"),
        ({"matrix": [["a"] * 3] * 3}, TypeError, "warp: matrix must be an array of real numbers"),
        ({"matrix": [[1, 0, 0], [0, 1, 0], [0, 0, 0]]}, ValueError, "warp: matrix must be invertible"),
        ({"matrix": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}, ValueError, "warp: matrix must be invertible"),
        ({"matrix": [[0.1, 0.2, 0], [0.3, 0.6, 0], [0, 0, 1]]}, ValueError, "warp: matrix must be invertible"),
        ({"matrix": [[1, 0, np.nan], [0, 1, 0], [0, 0, 1]]}, ValueError, "warp: matrix must be finite"),
        ({"matrix": [[1, 2, 0], [2, 4, 0], [0, 0, 1]]}, ValueError, "warp: matrix must be invertible"),
        ({"matrix": np.diag([1e-320, 1, 1])}, ValueError, "warp: matrix must be invertible"),
        ({"matrix": np.diag([1e-200, 1e-200, 1])}, ValueError, "warp: matrix must be invertible"),
        ({"interpolation": "cubic"}, ValueError, "interpolation must be one of 'nearest', .*; got 'cubic'"),
        ({"mode": "edge"}, ValueError, "mode must be one of 'constant', 'replicate', 'reflect', 'wrap'; got 'edge'"),
        ({"alpha": True}, ValueError, "alpha must be False for an image without 2 or 4 channels; got 1 channels"),
        ({"output_shape": (2**40, 2**40)}, MemoryError, "output_shape must fit into memory"),
        ({"output_shape": (2,)}, ValueError, r"output_shape must be \(height, width\); got"),
        ({"output_shape": 5}, ValueError, r"output_shape must be \(height, width\); got 5"),
        ({"output_shape": (2, -1)}, ValueError, "output_shape must be an int >= 0; got -1"),
        ({"output_shape": (2, 2.5)}, TypeError, "output_shape must be an int >= 0; got 2.5"),
    ],
)
def test_bad_arguments(options, kind, message):
    arguments = {"image": np.zeros((2, 2), np.uint8), "matrix": np.eye(3)} | options
    with pytest.raises(kind, match=message):
        warp(**arguments)


FUNCTIONS = [
    (np.uint8, lib.mg_image_warp_u8, 201),
    (np.uint16, lib.mg_image_warp_u16, 54321),
    (np.float32, lib.mg_image_warp_f32, 201.5),
    (np.float64, lib.mg_image_warp_f64, 201.5),
]


@pytest.mark.parametrize(("dtype", "function", "mark"), FUNCTIONS)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_nothing_is_written_around_the_output(dtype, function, mark, interpolation, channels):
    image = picture((9, 7, channels), dtype)
    matrix = affine(rotation=25, center=(3, 4))
    code = getattr(lib, f"MG_INTERPOLATION_{interpolation.upper()}")
    for height, width in [(1, 1), (5, 8), (13, 3)]:
        count = height * width * channels
        buffer = np.full(count + 128, mark, dtype=dtype)
        output = buffer[64 : 64 + count]
        pointers = pointer(image), pointer(matrix), height, width, pointer(output, True)
        assert function(9, 7, channels, *pointers, code, lib.MG_EDGE_WRAP, 0) == lib.MG_OK
        assert (buffer[:64] == mark).all() and (buffer[-64:] == mark).all()
        again = warp(image, matrix, (height, width), interpolation=interpolation, mode="wrap", antialias=False)
        np.testing.assert_array_equal(output.reshape(height, width, channels), again)


@pytest.mark.parametrize(("dtype", "function", "mark"), FUNCTIONS)
def test_status_codes_leave_the_output_alone(dtype, function, mark):
    image, output = picture((4, 4, 1), dtype), np.full(16, mark, dtype=dtype)

    def status(matrix, size=4, channels=1, interpolation=1, edge=0, options=0):
        matrix = np.array(matrix, dtype=float)
        pointers = pointer(image), pointer(matrix), 4, 4, pointer(output, True)
        return function(size, 4, channels, *pointers, interpolation, edge, options)

    eye = np.eye(3)
    assert status(eye, interpolation=7) == lib.MG_ERR_ARGUMENT
    assert status(eye, edge=4) == lib.MG_ERR_ARGUMENT
    assert status(eye, options=8) == lib.MG_ERR_ARGUMENT
    assert status(eye, channels=0) == lib.MG_ERR_ARGUMENT
    assert status(eye, channels=5) == lib.MG_ERR_ARGUMENT
    assert status(np.diag([1, 1, np.nan])) == lib.MG_ERR_NOT_FINITE
    assert status(np.diag([1, np.inf, 1])) == lib.MG_ERR_NOT_FINITE
    assert status(np.diag([1, 0, 1])) == lib.MG_ERR_SINGULAR
    assert status(np.diag([1, 1, 0])) == lib.MG_ERR_SINGULAR
    assert status(eye, size=2**62) == lib.MG_ERR_OVERFLOW
    assert status(eye, size=2**29) == lib.MG_ERR_OVERFLOW
    assert (output == mark).all()
    assert status(eye) == lib.MG_OK


def test_affine_composes_in_the_order_it_says():
    r, (sx, sy), (hx, hy), (tx, ty), (cx, cy) = 0.3, (2, 0.5), (0.25, -0.5), (7, -3), (4, 9)
    shift = np.array([[1, 0, cx], [0, 1, cy], [0, 0, 1.0]])
    back = np.array([[1, 0, -cx], [0, 1, -cy], [0, 0, 1.0]])
    move = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1.0]])
    turn = np.array([[math.cos(r), math.sin(r), 0], [-math.sin(r), math.cos(r), 0], [0, 0, 1]])
    expected = move @ shift @ turn @ np.diag([sx, sy, 1]) @ np.array([[1, hx, 0], [hy, 1, 0], [0, 0, 1]]) @ back
    got = affine(rotation=math.degrees(r), scale=(sx, sy), shear=(hx, hy), translation=(tx, ty), center=(cx, cy))
    np.testing.assert_allclose(got, expected, atol=64 * np.finfo(float).eps, rtol=0)
    np.testing.assert_array_equal(affine(scale=3), np.diag([3.0, 3, 1]))
    np.testing.assert_array_equal(affine(shear=0.5), [[1, 0.5, 0], [0, 1, 0], [0, 0, 1]])


@given(st.integers(-(10**6), 10**6))
def test_whole_turns_do_not_matter(degrees):
    np.testing.assert_array_equal(affine(rotation=degrees), affine(rotation=degrees + 360 * 1000))
    matrix = affine(rotation=degrees)
    reduced = math.radians(degrees % 360)
    np.testing.assert_allclose(matrix[0, :2], [math.cos(reduced), math.sin(reduced)], atol=8 * np.finfo(float).eps)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"rotation": math.nan}, ValueError, "affine: rotation must be a finite number"),
        ({"rotation": "90"}, TypeError, "affine: rotation must be a finite number"),
        ({"scale": 0}, ValueError, "affine: scale must not be 0; got 0"),
        ({"scale": (1, 0)}, ValueError, "affine: scale must not be 0"),
        ({"scale": (1, 2, 3)}, ValueError, r"affine: scale must be a pair \(x, y\)"),
        ({"shear": (2, 0.5)}, ValueError, "affine: shear must not multiply to 1"),
        ({"translation": 3}, TypeError, r"affine: translation must be a pair \(x, y\); got 3"),
        ({"center": (1, math.inf)}, ValueError, "affine: center must be a finite number"),
        ({"center": "ab"}, TypeError, "affine: center must be"),
    ],
)
def test_bad_affine_arguments(options, kind, message):
    with pytest.raises(kind, match=message):
        affine(**options)
