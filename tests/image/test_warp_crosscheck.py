"""Affine warps against scipy.ndimage and OpenCV."""

import numpy as np
import pytest

from minigrad.image import affine, warp

MATRICES = [
    affine(rotation=23, scale=1.3, shear=0.2, center=(30, 20), translation=(4, -7.5)),
    affine(rotation=-160, scale=(0.7, 1.9), center=(20, 30)),
    affine(scale=3, translation=(-40, -25)),
]


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_scipy(matrix, interpolation):
    ndimage = pytest.importorskip("scipy.ndimage")
    image = np.random.default_rng(1).normal(size=(50, 70)).astype(np.float32)
    inverse = np.linalg.inv(matrix)
    y, x = np.mgrid[0:60, 0:80]
    source_x = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
    source_y = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
    order = {"nearest": 0, "bilinear": 1}[interpolation]
    expected = ndimage.map_coordinates(
        image.astype(np.float64), [source_y, source_x], order=order, mode="grid-constant", cval=0.0
    )
    output = warp(image, matrix, (60, 80), interpolation=interpolation, antialias=False)
    tolerance = 10 * np.abs(image).max() * np.finfo(np.float32).eps
    assert np.abs(output - expected).max() <= tolerance


@pytest.mark.parametrize("matrix", MATRICES)
def test_opencv(matrix):
    cv2 = pytest.importorskip("cv2")
    # A smooth picture: OpenCV may round coordinates to 1/32 pixel, which at a slope of at
    # most 8 levels per pixel in each direction changes a value by at most 2 * 8 / 64 levels.
    y, x = np.mgrid[0:90, 0:120]
    image = np.stack([127 + 60 * np.sin(x / 9) + 60 * np.cos(y / 11), 2 * x + y / 9, 250 - 2 * y], axis=-1)
    image = image.round().astype(np.uint8)
    expected = cv2.warpAffine(image, matrix[:2], (100, 80), flags=cv2.INTER_LINEAR)
    output = warp(image, matrix, (80, 100), antialias=False)
    mask = np.ones(image.shape[:2], np.uint8)
    inside = warp(mask, matrix, (80, 100), interpolation="nearest").astype(bool)
    difference = np.abs(output.astype(int) - expected.astype(int))
    eroded = cv2.erode(inside.astype(np.uint8), np.ones((7, 7))).astype(bool)
    assert eroded.sum() > 1000
    assert difference[eroded].max() <= 1
    assert difference[eroded].mean() <= 0.1
