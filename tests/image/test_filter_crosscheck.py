"""Filters and colours against OpenCV and SciPy."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.image import apply_color, convolve, gaussian_blur, gradient_magnitude, hue_matrix, sepia_matrix

cv2 = pytest.importorskip("cv2")
ndimage = pytest.importorskip("scipy.ndimage")

MODES = {"constant": "constant", "replicate": "nearest", "reflect": "reflect", "wrap": "wrap"}


def picture(dtype: type, channels: int = 3) -> np.ndarray:
    values = np.random.default_rng(2).uniform(0, 255, (45, 67, channels))
    return values.astype(dtype)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(3, 3), (5, 7), (1, 9)])
def test_convolve_is_scipys(mode: str, shape: tuple[int, int]) -> None:
    image, kernel = picture(np.float64, 1)[..., 0], np.random.default_rng(3).normal(size=shape)
    want = ndimage.convolve(image, kernel, mode=MODES[mode], cval=0.0)
    assert np.allclose(convolve(image, kernel, mode=mode), want, rtol=0, atol=1e-11)


@pytest.mark.parametrize("sigma", [0.5, 1.5, 4.0])
def test_blur_is_scipys(sigma: float) -> None:
    image = picture(np.float64, 1)[..., 0]
    radius = int(np.ceil(4 * sigma))
    want = ndimage.gaussian_filter(image, sigma, mode="reflect", radius=radius)
    assert np.allclose(gaussian_blur(image, sigma), want, rtol=0, atol=1e-11)


def test_bytes_are_opencvs_to_one_level() -> None:
    image = picture(np.uint8)
    kernel = np.random.default_rng(4).normal(size=(5, 5)).astype(np.float32) / 4
    flipped = np.ascontiguousarray(kernel[::-1, ::-1])
    pairs = [
        (convolve(image, kernel), cv2.filter2D(image, -1, flipped, borderType=cv2.BORDER_REFLECT)),
        (gaussian_blur(image, 1.0), cv2.GaussianBlur(image, (9, 9), 1.0, borderType=cv2.BORDER_REFLECT)),
        (apply_color(image, sepia_matrix()), cv2.transform(image, sepia_matrix()[:3])),
        (apply_color(image, hue_matrix(70)), cv2.transform(image, hue_matrix(70)[:3])),
    ]
    for ours, theirs in pairs:
        assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_the_gradient_is_opencvs() -> None:
    image = picture(np.float32)
    dx, dy = (cv2.Sobel(image, cv2.CV_32F, *d, borderType=cv2.BORDER_REFLECT) for d in ((1, 0), (0, 1)))
    assert np.allclose(gradient_magnitude(image), np.hypot(dx, dy) / 4, rtol=1e-5, atol=1e-3)
