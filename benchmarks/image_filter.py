"""Filters and colour matrices on a 1920 x 1080 picture: ``python -m benchmarks.image_filter``."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.harness import Call, Case, main
from minigrad import get_num_threads
from minigrad import image as im
from minigrad.random import Generator

_SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)


def _with_threads(call: Call) -> Call:
    """Return the call of OpenCV's, with as many threads as ours."""

    def run() -> object:
        if cv2.getNumThreads() != get_num_threads():
            cv2.setNumThreads(get_num_threads())
        return call()

    return run


def cases(quick: bool) -> Iterator[Case]:
    """Yield what filters do, on bytes and on floats."""
    height, width = (540, 960) if quick else (1080, 1920)
    bytes_ = (256 * Generator(0).uniform(size=(height, width, 3))).astype(np.uint8)
    floats = bytes_.astype(np.float32)
    work = height * width / 1e6
    kernel = Generator(1).normal(size=(5, 5)).astype(np.float32) / 5
    flipped = np.ascontiguousarray(kernel[::-1, ::-1])
    sepia = im.sepia_matrix()
    shares = sepia[:3].astype(np.float32)
    for name, image in (("u8", bytes_), ("f32", floats)):

        def case(what: str, ours: Call, opencv: Call, name: str = name) -> Case:
            rivals = {"opencv": _with_threads(opencv)}
            return Case(f"{what} {width}x{height} RGB {name}", ours, rivals, work, "Mpixel/s")

        def sobel(image: np.ndarray = image) -> object:
            return cv2.magnitude(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1))

        def blur(sigma: float, image: np.ndarray = image) -> Case:
            side = 2 * int(np.ceil(4 * sigma)) + 1
            return case(
                f"Gaussian blur, {side} taps",
                lambda: im.gaussian_blur(image, sigma),
                lambda: cv2.GaussianBlur(image, (side, side), sigma, borderType=cv2.BORDER_REFLECT),
            )

        yield blur(0.5)
        yield blur(2.0)
        yield case(
            "sharpen 3x3",
            lambda image=image: im.convolve(image, _SHARPEN),
            lambda image=image: cv2.filter2D(image, -1, _SHARPEN, borderType=cv2.BORDER_REFLECT),
        )
        yield case(
            "kernel 5x5",
            lambda image=image: im.convolve(image, kernel),
            lambda image=image: cv2.filter2D(image, -1, flipped, borderType=cv2.BORDER_REFLECT),
        )
        yield case("Sobel magnitude", lambda image=image: im.gradient_magnitude(image), sobel)
        yield case(
            "sepia",
            lambda image=image: im.apply_color(image, sepia),
            lambda image=image: cv2.transform(image, shares),
        )


if __name__ == "__main__":
    main("image_filter", cases)
