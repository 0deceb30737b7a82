"""Shrinking without moire: laws, a slow obvious implementation, the zone plate."""

import itertools

import numpy as np
import pytest

import minigrad
from minigrad.image import affine, warp

pytestmark = pytest.mark.native

DTYPES = [np.uint8, np.uint16, np.float32, np.float64]
MODES = ["constant", "replicate", "reflect", "wrap"]


def picture(shape, dtype, seed=0):
    generator = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "u":
        return generator.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return generator.normal(size=shape).astype(dtype)


def smaller(image_shape, scale, rotation=0.0):
    """Return a map that shrinks about the middle, and the shape that holds what it makes of the middle."""
    height, width = image_shape[:2]
    shape = (max(round(height * scale), 1), max(round(width * scale), 1))
    matrix = affine(rotation=rotation, scale=scale)
    matrix[:2, 2] = (np.array(shape[::-1]) - 1) / 2 - matrix[:2, :2] @ ((np.array([width, height]) - 1) / 2)
    return matrix, shape


def keys(t):
    t = np.abs(t)
    return np.where(t < 1, 1.5 * t**3 - 2.5 * t**2 + 1, np.where(t < 2, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2, 0))


def index_of(i, size, mode):
    if mode == "replicate":
        return np.clip(i, 0, size - 1)
    if mode == "wrap":
        return i % size
    i = i % (2 * size)
    return np.where(i < size, i, 2 * size - 1 - i)


def slow_average(image, matrix, output_shape, mode):
    """Return the average of every output pixel over all source pixels, for shrinking by less than 2."""
    height, width = image.shape[:2]
    inverse = np.linalg.inv(matrix)
    u, s, vt = np.linalg.svd(inverse[:2, :2])
    stretched = np.maximum(s, 1)
    across = vt.T @ np.diag(1 / stretched) @ u.T
    wide = np.linalg.norm(u @ np.diag(stretched) @ vt, axis=1)
    row, column = np.mgrid[-30 : height + 30, -30 : width + 30]
    values = image.astype(np.float64)[index_of(row, height, mode), index_of(column, width, mode)]
    output = np.zeros((*output_shape, image.shape[2]))
    for j, i in itertools.product(range(output_shape[0]), range(output_shape[1])):
        x, y, _ = inverse @ [i, j, 1]
        a, b = (across[k, 0] * (column - x) + across[k, 1] * (row - y) for k in (0, 1))
        weights = keys(a) * keys(b)
        cover = 1.0
        if mode == "constant":
            for at, size, span in ((x, width, wide[0]), (y, height, wide[1])):
                cover *= np.clip((at + 0.5) / span + 0.5, 0, 1) * np.clip((size - 0.5 - at) / span + 0.5, 0, 1)
        output[j, i] = cover * (weights[..., None] * values).sum((0, 1)) / weights.sum()
    return output


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("scale", "rotation"), [((0.7, 0.7), 0), ((0.55, 0.9), 30), ((0.6, 1.7), -50)])
def test_a_slightly_smaller_picture_agrees_with_the_definition(dtype, mode, scale, rotation):
    image = picture((17, 23, 3), dtype)
    matrix = affine(scale=scale, rotation=rotation, center=(11, 8), translation=(-3.3, -2.1))
    exact = slow_average(image, matrix, (15, 18), mode)
    output = warp(image, matrix, (15, 18), mode=mode, interpolation="bicubic").astype(float)
    # 25 to 100 weights of float32 (or float64), each of a few roundings, at most some units in all.
    eps = np.finfo(np.float32 if dtype in (np.uint8, np.float32) else np.float64).eps
    if np.dtype(dtype).kind == "u":
        top = np.iinfo(dtype).max
        assert np.abs(output - np.clip(exact, 0, top)).max() <= 0.5 + 200 * top * max(eps, 1e-12)
    else:
        assert np.abs(output - exact).max() <= 200 * np.abs(image).max() * max(eps, 1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", ["replicate", "reflect", "wrap"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_constant_stays_constant(dtype, mode, channels):
    image = np.full((61, 47, channels), 200, dtype)
    tilted = np.array([[0.3, 0.02, 5], [0.01, 0.2, 3], [0.001, 0.004, 1]])
    for matrix in (smaller(image.shape, 0.6, 20)[0], smaller(image.shape, 0.13, 70)[0], affine(scale=1e-3), tilted):
        output = warp(image, matrix, (20, 20), mode=mode).astype(float)
        assert np.abs(output - 200).max() <= (0 if np.dtype(dtype).kind == "u" else 200 * 64 * np.finfo(dtype).eps)


def test_without_a_border_a_picture_does_not_darken_at_its_edge():
    image = np.full((64, 48, 3), 255, np.uint8)
    for scale in (0.5, 0.25, 0.125):
        matrix, shape = smaller(image.shape, scale)
        assert (warp(image, matrix, shape) == 255).all()


def test_the_border_fades_over_one_output_pixel():
    image = np.full((40, 40), 200, np.uint8)
    matrix = affine(scale=0.25, translation=(5.0, 5.0))  # its border at 4.875 and 14.875
    output = warp(image, matrix, (20, 20))
    np.testing.assert_array_equal(output[10, 6:14], 200)
    assert not output[:4].any() and not output[16:].any()
    assert output[10].sum() == pytest.approx(200 * 10, abs=2)


@pytest.mark.parametrize("scale", [0.5, 0.3, 0.25, 0.11, 0.02])
def test_the_mean_is_kept(scale):
    image = picture((150, 200), np.float64) + 3
    matrix, shape = smaller(image.shape, scale)
    output = warp(image, matrix, shape, mode="wrap")
    # Noise of deviation 1, averaged: what is left has the deviation of a mean of as many pixels.
    assert abs(output.mean() - 3) <= 5 / np.sqrt(image.size) + 5 * scale / np.sqrt(output.size)
    assert output.std() < 1.2 * scale * 1.3


def zone_plate(n):
    """Return a plate of the radial frequency r / n cycles per pixel, up to Nyquist's at the middle of each side."""
    y, x = np.mgrid[0:n, 0:n] - (n - 1) / 2
    return np.rint(127 + 127 * np.cos(np.pi * (x * x + y * y) / n)).astype(np.uint8)


def aliasing(output, n, low, high=0.5):
    """Return the rms about the mean where the plate's frequency is between these, in cycles per pixel of it."""
    m = len(output)
    y, x = np.mgrid[0:m, 0:m] - (m - 1) / 2
    radial = np.hypot(x, y) / m
    return output[(radial > low) & (radial < high)].astype(float).std()


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
def test_a_zone_plate_shrunk_to_a_quarter_leaves_no_moire(interpolation):
    # The new limit is 1/8 cycle per pixel along each axis; from twice that on, every frequency
    # of the plate, in whatever direction, is beyond what the result can show.
    plate = zone_plate(1024)
    matrix, shape = smaller(plate.shape, 0.25)
    assert aliasing(warp(plate, matrix, shape, interpolation=interpolation, antialias=False), 1024, 0.25) > 30
    assert aliasing(warp(plate, matrix, shape, interpolation=interpolation), 1024, 0.25) <= 1.0
    assert aliasing(warp(plate, matrix, shape, interpolation=interpolation), 1024, 0.25, 0.45) <= 0.4


def test_a_smoothly_shrunk_zone_plate_leaves_no_moire_from_the_limit_on():
    plate = zone_plate(1024)
    matrix, shape = smaller(plate.shape, 0.25)
    assert aliasing(warp(plate, matrix, shape), 1024, 0.125) <= 1.0
    assert aliasing(warp(plate, matrix, shape, interpolation="lanczos"), 1024, 0.125) > 5
    # What the result can well show is kept: at a quarter of the limit nearly all of the contrast.
    y, x = np.mgrid[0:256, 0:256] - 127.5
    shown = np.hypot(x, y) / 256 < 0.125 / 4
    ideal = 127 + 127 * np.cos(np.pi * 16 * (x * x + y * y) / 1024)
    assert np.abs(warp(plate, matrix, shape)[shown] - ideal[shown]).max() < 4


def sinc3(t):
    return np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0)


def slow_side(count, step, start, size, mode, interpolation):
    """Return the weights (count, size) of all source pixels along one side."""
    width = max(abs(step), 1)
    stretch = width * (1 + 0.5 * min(width - 1, 1)) if interpolation == "bilinear" else width
    kernel = keys if interpolation == "bicubic" else sinc3
    weights, at = np.zeros((count, size)), np.arange(-200, size + 200)
    for i in range(count):
        x = step * i + start
        values = kernel((at - x) / stretch)
        np.add.at(weights[i], index_of(at, size, mode), values / values.sum())
        if mode == "constant":
            weights[i] *= np.clip((x + 0.5) / width + 0.5, 0, 1) * np.clip((size - 0.5 - x) / width + 0.5, 0, 1)
    return weights


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("channels", [1, 3])
def test_shrinking_along_the_axes_agrees_with_the_definition(dtype, mode, interpolation, channels):
    image = picture((37, 46, channels), dtype)
    for matrix, shape in (
        (np.array([[0.3, 0, -1.7], [0, 0.45, 0.4], [0, 0, 1]]), (17, 15)),
        (np.array([[-0.8, 0, 40.3], [0, 1.6, -9.1], [0, 0, 1]]), (50, 44)),
        (np.array([[0.08, 0, 1.1], [0, 0.7, 2.3], [0, 0, 1]]), (20, 3)),
        (np.array([[0.5, 0, -8.25], [0, 0.25, -3.375], [0, 0, 1]]), (3, 5)),
    ):
        inverse = np.linalg.inv(matrix)
        columns = slow_side(shape[1], inverse[0, 0], inverse[0, 2], 46, mode, interpolation)
        rows = slow_side(shape[0], inverse[1, 1], inverse[1, 2], 37, mode, interpolation)
        exact = np.einsum("jy,yxc,ix->jic", rows, image.astype(float), columns)
        output = warp(image, matrix, shape, mode=mode, interpolation=interpolation).astype(float)
        # At most 120 terms on each side, whose weights add up to less than 2 without their signs.
        eps = np.finfo(np.float32 if dtype in (np.uint8, np.float32) else np.float64).eps
        if np.dtype(dtype).kind == "u":
            top = np.iinfo(dtype).max
            assert np.abs(output - np.clip(exact, 0, top)).max() <= 0.5 + 480 * top * max(eps, 1e-12)
        else:
            assert np.abs(output - exact).max() <= 480 * np.abs(image).max() * max(eps, 1e-12)


def test_a_perspective_is_averaged_where_it_shrinks_and_only_there():
    stripes = np.tile(np.array([0, 254], np.uint8), (1000, 200))  # nothing finer can be shown
    road = np.array([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.01, 1.0]])  # larger above, smaller below
    output = warp(stripes, road, (280, 150)).astype(float)
    plain = warp(stripes, road, (280, 150), antialias=False).astype(float)
    np.testing.assert_array_equal(output[:50], plain[:50])
    below = np.s_[250:270, 10:100]
    assert plain[below].std() > 50 and output[below].std() < 5 and abs(output[below].mean() - 127) < 2


def test_nearer_the_horizon_all_becomes_the_mean():
    stripes = np.tile(np.array([[0], [254]], np.uint8), (200, 400))
    tilted = np.array([[1.0, 0, 0], [0, 2.0, 0], [0, 0.01, 0.02]])  # the horizon is row 200
    output = warp(stripes, tilted, (210, 100), mode="wrap").astype(float)
    assert np.abs(output[197:200] - 127).max() < 10
    assert not output[200:].any()


def test_opacity_weighs_averages():
    image = np.zeros((40, 40, 4), np.uint8)
    image[..., 0] = 255  # transparent red
    image[:20] = (0, 0, 200, 255)
    for scale in (0.7, 0.25):
        matrix, shape = smaller(image.shape, scale)
        output = warp(image, matrix, shape, mode="replicate", alpha=True)
        seen = output[..., 3] > 0
        assert (output[seen][:, 0] == 0).all() and (np.abs(output[seen][:, 2].astype(int) - 200) <= 1).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_same_bits_for_any_number_of_threads(dtype):
    image = picture((300, 400, 3), dtype)
    before, results = minigrad.get_num_threads(), []
    maps = [
        smaller(image.shape, 0.3),
        smaller(image.shape, 0.3, 20),
        (np.array([[0.5, 0, 0], [0, 0.5, 0], [0, 0.002, 1]]), (100, 150)),
    ]
    try:
        for threads in (1, 2, 5):
            minigrad.set_num_threads(threads)
            results.append([warp(image, *arguments).tobytes() for arguments in maps])
    finally:
        minigrad.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_sizes_of_every_kind():
    for height, width in itertools.product([1, 2, 3, 7, 16, 33], repeat=2):
        image = picture((height, width, 3), np.uint8)
        for mode, scale in itertools.product(MODES, [0.9, 0.5, 0.3, 0.01]):
            output = warp(image, affine(scale=scale, rotation=15), (9, 11), mode=mode)
            assert output.shape == (9, 11, 3)
    assert warp(np.zeros((0, 5), np.uint8), affine(scale=0.5), (2, 3)).tolist() == [[0] * 3] * 2


def test_bad_arguments():
    image = np.zeros((3, 3), np.uint8)
    with pytest.raises(TypeError, match="warp: antialias must be True, False or None; got 1"):
        warp(image, np.eye(3), antialias=1)
    with pytest.raises(ValueError, match="warp: antialias must not be True with interpolation 'nearest'"):
        warp(image, np.eye(3), interpolation="nearest", antialias=True)
    np.testing.assert_array_equal(
        warp(image, affine(scale=0.5), interpolation="nearest"),
        warp(image, affine(scale=0.5), interpolation="nearest", antialias=False),
    )
