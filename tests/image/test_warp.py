"""Affine warps: exact cases, a slow obvious implementation, every bad argument."""

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
    if dtype == np.uint8:
        return generator.integers(0, 256, shape).astype(np.uint8)
    return generator.normal(size=shape).astype(np.float32)


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
            output = warp(image, matrix, output_shape, interpolation=interpolation)
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
    output = warp(image, matrix, (5, 7)).astype(float)
    # Coordinates below 1e4 carry an error of a few 1e-12, times 255 grey levels per pixel.
    assert np.abs(output - exact).max() <= 0.5 + 1e-8


@given(st.lists(numbers, min_size=6, max_size=6), st.integers(1, 6), st.integers(1, 6))
def test_any_map_of_floats(entries, height, width):
    matrix = np.array([entries[:3], entries[3:], [0, 0, 1]])
    if abs(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]) < 1e-2:
        return
    image = picture((height, width, 2), np.float32)
    exact = exact_warp(image, rational_inverse(matrix), (5, 7), "bilinear").astype(float)
    largest = np.abs(image).max()
    tolerance = largest * (np.finfo(np.float32).eps + 1e-10)
    assert np.abs(warp(image, matrix, (5, 7)) - exact).max() <= tolerance


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
    output = warp(image, matrix)
    inverse = np.linalg.inv(matrix)
    source_x = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
    source_y = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
    inside = (source_x >= 0) & (source_x <= 49) & (source_y >= 0) & (source_y <= 39)
    assert inside.sum() > 1000
    error = np.abs(output - (3 * source_x + 2 * source_y))[inside].max()
    assert error <= (0.5 + 1e-9 if dtype == np.uint8 else 255 * np.finfo(np.float32).eps)


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
        ({"image": np.zeros((2, 2))}, TypeError, "warp: image must be uint8 or float32; got dtype float64"),
        ({"image": [[1, 2]]}, TypeError, "warp: image must be uint8 or float32; got dtype int64"),
        ({"image": np.zeros(3, np.uint8)}, ValueError, r"got shape \(3,\)"),
        ({"image": np.zeros((1, 2, 3, 4), np.uint8)}, ValueError, r"got shape \(1, 2, 3, 4\)"),
        ({"matrix": np.eye(2)}, ValueError, r"matrix must be of shape \(3, 3\); got shape \(2, 2\)"),
        ({"matrix": np.eye(3)[0]}, ValueError, "warp: matrix must be 2-dimensional"),
        ({"matrix": [["a"] * 3] * 3}, TypeError, "warp: matrix must be an array of real numbers"),
        ({"matrix": [[1, 0, 0], [0, 1, 0], [0, 0.1, 1]]}, ValueError, "must be affine, with the last row 0 0 1; got"),
        ({"matrix": [[1, 0, np.nan], [0, 1, 0], [0, 0, 1]]}, ValueError, "warp: matrix must be finite"),
        ({"matrix": [[1, 2, 0], [2, 4, 0], [0, 0, 1]]}, ValueError, "warp: matrix must be invertible"),
        ({"matrix": np.diag([1e-320, 1, 1])}, ValueError, "warp: matrix must be invertible"),
        ({"matrix": np.diag([1e-200, 1e-200, 1])}, ValueError, "warp: matrix must be invertible"),
        ({"interpolation": "cubic"}, ValueError, "interpolation must be one of 'nearest', 'bilinear'; got 'cubic'"),
        ({"mode": "reflect"}, ValueError, "mode must be one of 'constant'; got 'reflect'"),
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


FUNCTIONS = [(np.uint8, lib.mg_image_warp_u8, 201), (np.float32, lib.mg_image_warp_f32, 201.5)]


@pytest.mark.parametrize(("dtype", "function", "mark"), FUNCTIONS)
@pytest.mark.parametrize("interpolation", [lib.MG_INTERPOLATION_NEAREST, lib.MG_INTERPOLATION_BILINEAR])
def test_nothing_is_written_around_the_output(dtype, function, mark, interpolation):
    image = picture((9, 7, 3), dtype)
    matrix = affine(rotation=25, center=(3, 4))
    for height, width in [(1, 1), (5, 8), (13, 3)]:
        count = height * width * 3
        buffer = np.full(count + 128, mark, dtype=dtype)
        output = buffer[64 : 64 + count]
        status = function(9, 7, 3, pointer(image), pointer(matrix), height, width, pointer(output, True), interpolation)
        assert status == lib.MG_OK
        assert (buffer[:64] == mark).all() and (buffer[-64:] == mark).all()
        name = {lib.MG_INTERPOLATION_NEAREST: "nearest"}.get(interpolation, "bilinear")
        np.testing.assert_array_equal(
            output.reshape(height, width, 3), warp(image, matrix, (height, width), interpolation=name)
        )


@pytest.mark.parametrize(("dtype", "function", "mark"), FUNCTIONS)
def test_status_codes_leave_the_output_alone(dtype, function, mark):
    image, output = picture((4, 4, 1), dtype), np.full(16, mark, dtype=dtype)

    def status(matrix, size=4, interpolation=lib.MG_INTERPOLATION_BILINEAR):
        matrix = np.array(matrix, dtype=float)
        return function(size, 4, 1, pointer(image), pointer(matrix), 4, 4, pointer(output, True), interpolation)

    assert status(np.eye(3), interpolation=7) == lib.MG_ERR_ARGUMENT
    assert status([[1, 0, 0], [0, 1, 0], [0, 0, 2]]) == lib.MG_ERR_ARGUMENT
    assert status([[1, 0, 0], [0, 1, 0], [1, 0, 1]]) == lib.MG_ERR_ARGUMENT
    assert status(np.diag([1, 1, np.nan])) == lib.MG_ERR_NOT_FINITE
    assert status(np.diag([1, np.inf, 1])) == lib.MG_ERR_NOT_FINITE
    assert status(np.diag([1, 0, 1])) == lib.MG_ERR_SINGULAR
    assert status(np.eye(3), size=2**62) == lib.MG_ERR_OVERFLOW
    assert (output == mark).all()
    assert status(np.eye(3)) == lib.MG_OK


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
