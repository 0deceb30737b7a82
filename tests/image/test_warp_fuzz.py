"""Warps of random pictures by random maps: no input reads or writes astray, and every level gives the same bits."""

import numpy as np
import pytest

import minigrad
from minigrad._native import lib
from minigrad.image import warp

pytestmark = pytest.mark.native

INTERPOLATIONS = ["nearest", "bilinear", "bicubic", "lanczos"]
MODES = ["constant", "replicate", "reflect", "wrap"]
DTYPES = [np.uint8, np.uint16, np.float32, np.float64]


def draw_side(rng):
    return int(rng.integers(0, 200 if rng.integers(8) == 0 else 20))


def draw_image(rng):
    dtype = DTYPES[rng.integers(4)]
    shape = (draw_side(rng), draw_side(rng), int(rng.integers(1, 5)))
    if np.dtype(dtype).kind == "u":
        return rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return rng.normal(size=shape).astype(dtype)


def draw_matrix(rng):
    """Return a map that turns, shears and shrinks, tilts, moves whole pixels, or is hardly one at all."""
    matrix = rng.uniform(-1, 1, (3, 3))
    kind = rng.integers(8)
    if kind < 6:
        matrix[:2, 2] *= 20
        matrix[2] = (0, 0, 1) if kind < 4 else (*rng.uniform(-0.01, 0.01, 2), 1)
    if kind == 0:
        matrix = np.array([[0, 1, rng.integers(-9, 20)], [-1, 0, rng.integers(-9, 20)], [0, 0, 1.0]])
    if rng.integers(5) == 0:
        matrix *= 10.0 ** rng.integers(-4, 5, (3, 3))
    if rng.integers(20) == 0:
        matrix *= 10.0 ** rng.integers(-300, 300, (3, 3))
    return matrix


def draw_options(rng, image):
    interpolation = INTERPOLATIONS[rng.integers(4)]
    return {
        "interpolation": interpolation,
        "mode": MODES[rng.integers(4)],
        "alpha": bool(rng.integers(2)) and image.shape[2] % 2 == 0,
        "antialias": None if interpolation == "nearest" else [None, False, True][rng.integers(3)],
    }


def levels():
    """Return the levels of this machine, the one in use last."""
    current = minigrad.config()["isa"]
    others = [name for name in ("base", "avx2", "avx512") if name != current and lib.mg_isa_set(name.encode()) == 0]
    assert lib.mg_isa_set(current.encode()) == 0
    return [*others, current]


@pytest.mark.parametrize("seed", range(8))
def test_random_warps_are_sound_and_the_same_on_every_level(seed):
    rng = np.random.default_rng(seed)
    names, warped = levels(), 0
    for _ in range(150):
        image, matrix = draw_image(rng), draw_matrix(rng)
        options, shape = draw_options(rng, image), (draw_side(rng), draw_side(rng))
        results = []
        try:
            for name in names:
                assert lib.mg_isa_set(name.encode()) == 0
                with np.errstate(all="ignore"):
                    results.append(warp(image, matrix, shape, **options))
        except ValueError as error:
            assert "warp: matrix must be invertible" in str(error) or "must be finite" in str(error)
            continue
        finally:
            lib.mg_isa_set(names[-1].encode())
        warped += 1
        assert all(result.tobytes() == results[0].tobytes() for result in results), (
            matrix,
            options,
            image.shape,
            shape,
        )
        assert np.isfinite(results[0]).all()
        # Overshoots are at most those of the widest kernel's weights, in both directions; colour
        # that a kernel's negative weights leave with next to no opacity is any number.
        if not options["alpha"]:
            bound = 3 * np.abs(image.astype(np.float64)).max(initial=0)
            assert np.abs(results[0].astype(np.float64)).max(initial=0) <= bound
    assert warped > 75
