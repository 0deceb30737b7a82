"""Warps of whole photographs and filters against OpenCV, averages over many pixels against its resizes.

Run ``python -m benchmarks.image`` from the top of the source tree. OpenCV's bicubic kernel has
a = -0.75 where ours has -0.5, its Lanczos window four lobes where ours has three; its warps
average nothing where they shrink. The rows "zone plate" have our own bilinear warp of the same
source at scale 1 for a rival: what averaging costs beside not averaging; they name what is left of
patterns beyond the new Nyquist limit, of 255 (OpenCV's warps leave 47).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.harness import Call, Case, main
from minigrad import get_num_threads
from minigrad import image as im
from minigrad.image import affine, homography, warp
from minigrad.random import Generator

HEIGHT, WIDTH = 1080, 1920


def cases(quick: bool) -> Iterator[Case]:
    """Yield every row of the table."""
    yield from warp_cases(quick)
    yield from shrink_cases(quick)
    yield from filter_cases(quick)


def photograph(height: int, width: int, channels: int) -> np.ndarray:
    """Return random pixels: no cache, predictor or kernel of either side looks at their values."""
    return (Generator(0).uniform(size=(height, width, channels)) * 256).astype(np.uint8)


def maps() -> dict[str, np.ndarray]:
    """Return the maps that are measured: one turns the rows across, one has a vanishing point."""
    corners = [(0, 0), (WIDTH - 1, 0), (WIDTH - 1, HEIGHT - 1), (0, HEIGHT - 1)]
    return {
        "rotate 45": affine(rotation=45, center=((WIDTH - 1) / 2, (HEIGHT - 1) / 2)),
        "perspective": homography(corners, [(100, 50), (1800, 0), (1919, 1000), (0, 1079)]),
    }


def opencv(call: Callable[[Any], object]) -> dict[str, Call]:
    """Return OpenCV's side of a row, with as many threads as ours; nothing where it is not installed."""
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError:
        return {}

    def run() -> object:
        if cv2.getNumThreads() != get_num_threads():
            cv2.setNumThreads(get_num_threads())
        return call(cv2)

    return {"opencv": run}


def warp_cases(quick: bool) -> Iterator[Case]:
    """Yield the warps of a 1920 x 1080 photograph."""
    flags = {"nearest": 0, "bilinear": 1, "bicubic": 2, "lanczos": 4}
    pixels = HEIGHT * WIDTH / 1e6
    image = photograph(HEIGHT, WIDTH, 3)
    for name, matrix in maps().items():
        for interpolation, flag in flags.items():
            if quick and interpolation in ("nearest", "lanczos"):
                continue

            def theirs(cv2: Any, matrix: np.ndarray = matrix, flag: int = flag, straight: bool = name != "perspective"):
                if straight:
                    return cv2.warpAffine(image, matrix[:2], (WIDTH, HEIGHT), flags=flag)
                return cv2.warpPerspective(image, matrix, (WIDTH, HEIGHT), flags=flag)

            def ours(matrix: np.ndarray = matrix, interpolation: str = interpolation) -> object:
                return warp(image, matrix, interpolation=interpolation, antialias=False)

            yield Case(f"warp {name} {interpolation} 1080p RGB u8", ours, opencv(theirs), pixels, "Mpixel/s")
    for mode, border in {"replicate": 1, "reflect": 2, "wrap": 3}.items():
        matrix = maps()["rotate 45"]
        yield Case(
            f"warp rotate 45 bilinear {mode} 1080p RGB u8",
            lambda matrix=matrix, mode=mode: warp(image, matrix, mode=mode),
            opencv(
                lambda cv2, matrix=matrix, border=border: cv2.warpAffine(
                    image, matrix[:2], (WIDTH, HEIGHT), flags=1, borderMode=border
                )
            ),
            pixels,
            "Mpixel/s",
        )


def zone_plate(size: int) -> np.ndarray:
    """Return rings whose frequency grows to the highest that a picture can hold."""
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    return np.rint(127 + 127 * np.cos(np.pi * (x * x + y * y) / size)).astype(np.uint8)


def aliasing(small: np.ndarray) -> float:
    """Return the rms, about the mean, of a plate shrunk four times where it was finer than can be shown."""
    y, x = np.mgrid[0 : len(small), 0 : len(small)] - (len(small) - 1) / 2
    radial = np.hypot(x, y) / len(small)  # cycles per pixel of the plate
    return float(small[(radial > 0.125) & (radial < 0.5)].std())


def shrink_cases(quick: bool) -> Iterator[Case]:
    """Yield a zone plate shrunk four times, beside what its bilinear warp at scale 1 takes."""
    size = 1024
    still = affine(translation=(0.3, 0.4))
    small = affine(scale=0.25, translation=(-0.375, -0.375))
    for channels in (1,) if quick else (1, 3):
        plate = np.repeat(zone_plate(size)[..., None], channels, axis=2)
        left = aliasing(warp(plate, small, (size // 4, size // 4)))
        yield Case(
            f"warp zone plate {size} to {size // 4}, {channels} channels, {left:.1f} rms left",
            lambda plate=plate: warp(plate, small, (size // 4, size // 4)),
            {"bilinear at scale 1": lambda plate=plate: warp(plate, still)},
            size * size / 1e6,
            "Mpixel/s",
        )
    image = photograph(HEIGHT, WIDTH, 3)
    half = affine(scale=0.5, translation=(-0.25, -0.25))
    yield Case(
        "warp scale 1/2 antialiased 1080p RGB u8",
        lambda: warp(image, half, (HEIGHT // 2, WIDTH // 2)),
        opencv(lambda cv2: cv2.resize(image, (WIDTH // 2, HEIGHT // 2), interpolation=3)),
        HEIGHT * WIDTH / 1e6,
        "Mpixel/s",
    )


def filter_cases(quick: bool) -> Iterator[Case]:
    """Yield filters and a colour matrix on a photograph, of bytes and of floats."""
    height, width = (540, 960) if quick else (HEIGHT, WIDTH)
    bytes_ = photograph(height, width, 3)
    sharpen = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)
    kernel = Generator(1).normal(size=(5, 5)).astype(np.float32) / 5
    flipped = np.ascontiguousarray(kernel[::-1, ::-1])  # OpenCV correlates
    sepia = im.sepia_matrix()
    for name, image in (("u8", bytes_), ("f32", bytes_.astype(np.float32))):

        def case(what: str, ours: Call, theirs: Callable[[Any], object], name: str = name) -> Case:
            title = f"{what} {width}x{height} RGB {name}"
            return Case(title, ours, opencv(theirs), height * width / 1e6, "Mpixel/s")

        def blur(sigma: float, image: np.ndarray = image) -> Case:
            side = 2 * int(np.ceil(4 * sigma)) + 1
            return case(
                f"Gaussian blur, {side} taps",
                lambda: im.gaussian_blur(image, sigma),
                lambda cv2: cv2.GaussianBlur(image, (side, side), sigma, borderType=cv2.BORDER_REFLECT),
            )

        def convolve(what: str, weights: np.ndarray, theirs: np.ndarray, image: np.ndarray = image) -> Case:
            return case(
                what,
                lambda: im.convolve(image, weights),
                lambda cv2: cv2.filter2D(image, -1, theirs, borderType=cv2.BORDER_REFLECT),
            )

        def sobel(cv2: Any, image: np.ndarray = image) -> object:
            x, y = (cv2.Sobel(image, cv2.CV_32F, *d, borderType=cv2.BORDER_REFLECT) for d in ((1, 0), (0, 1)))
            return cv2.magnitude(x, y)

        yield blur(0.5)
        yield blur(2.0)
        yield convolve("sharpen 3x3", sharpen, sharpen)
        yield convolve("kernel 5x5", kernel, flipped)
        yield case("Sobel magnitude", lambda image=image: im.gradient_magnitude(image), sobel)
        yield case(
            "sepia",
            lambda image=image: im.apply_color(image, sepia),
            lambda cv2, image=image: cv2.transform(image, sepia[:3].astype(np.float32)),
        )


if __name__ == "__main__":
    main("image", cases)
