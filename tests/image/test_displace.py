"""Bending many small images: against a slow, obvious resampler."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad.image import displace, smooth_fields
from minigrad.random import Generator

pytestmark = pytest.mark.native


def slow(images, maps, fields):
    """Bilinear sampling by definition, in float64."""
    n, height, width = images.shape
    out = np.zeros(images.shape)
    for k in range(n):
        padded = np.pad(images[k].astype(float), 2)
        for row in range(height):
            for column in range(width):
                x, y = maps[k].astype(float) @ [column, row, 1] + fields[k, :, row, column]
                if not (-1 < x < width and -1 < y < height):
                    continue
                i, j = math.floor(x), math.floor(y)
                f, g = x - i, y - j
                block = padded[j + 2 : j + 4, i + 2 : i + 4]
                out[k, row, column] = np.array([1 - g, g]) @ block @ np.array([1 - f, f])
    return out


@given(st.integers(0, 3), st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**32))
def test_agrees_with_the_definition(n, height, width, seed):
    g = Generator(seed)
    images = g.uniform(size=(n, height, width), dtype=np.float32)
    maps = np.eye(2, 3) + 0.3 * g.normal(size=(n, 2, 3))
    fields = g.normal(size=(n, 2, height, width))
    maps, fields = maps.astype(np.float32), fields.astype(np.float32)
    # A coordinate of size s is off by some 4 eps s, and the interpolant's slope is at most 2.
    tolerance = 64 * np.finfo(np.float32).eps * (height + width + 8)
    assert np.allclose(displace(images, maps, fields), slow(images, maps, fields), atol=tolerance, rtol=0)


def test_identity_returns_the_images():
    images = Generator(1).uniform(size=(5, 9, 9), dtype=np.float32)
    assert np.array_equal(displace(images), images)


def test_whole_pixel_shift_moves_and_fills_with_zero():
    image = np.arange(12, dtype=np.float32).reshape(1, 3, 4) + 1
    moved = displace(image, np.array([[[1, 0, -1], [0, 1, 0]]], np.float32))
    assert np.array_equal(moved[0, :, 1:], image[0, :, :-1])
    assert not moved[0, :, 0].any()


def test_the_bits_do_not_depend_on_the_threads():
    g = Generator(3)
    images, fields = g.uniform(size=(200, 28, 28), dtype=np.float32), g.normal(size=(200, 2, 28, 28), dtype=np.float32)
    before, results = minigrad.get_num_threads(), []
    for threads in (1, 2, 3):
        minigrad.set_num_threads(threads)
        results.append(displace(images, fields=fields).tobytes())
    minigrad.set_num_threads(before)
    assert len(set(results)) == 1


def test_wild_coordinates_lie_outside():
    fields = np.full((1, 2, 2, 2), 1e30, np.float32)
    assert not displace(np.ones((1, 2, 2), np.float32), fields=fields).any()


def test_smoothing_is_a_convolution_with_a_gaussian():
    noise = Generator(5).normal(size=(3, 12, 12), dtype=np.float32)
    sigma = 1.5
    t = np.arange(-12, 13)
    kernel = np.exp(-0.5 * (t / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    for field, smoothed in zip(noise, smooth_fields(noise, sigma), strict=True):
        rows = np.array([np.convolve(row, kernel)[12:24] for row in field])
        both = np.array([np.convolve(column, kernel)[12:24] for column in rows.T])
        assert np.allclose(smoothed, both, atol=40 * np.finfo(np.float32).eps * np.abs(noise).max())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: displace(np.ones((1, 2, 2)), maps=np.ones((2, 2, 3))), r"maps must have shape \(1, 2, 3\)"),
        (lambda: displace(np.ones((1, 2, 2)), fields=np.ones((1, 2, 2, 3))), r"fields must have shape"),
        (lambda: displace(np.full((1, 2, 2), np.nan)), "images must be finite"),
        (lambda: smooth_fields(np.ones((2, 3)), 1.0), "square fields"),
        (lambda: smooth_fields(np.ones((2, 2)), 0.0), "sigma must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
