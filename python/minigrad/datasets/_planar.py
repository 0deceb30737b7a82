"""Points in the plane that a line cannot part: generated, for networks to learn."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from minigrad import _check
from minigrad.datasets._dataset import Dataset
from minigrad.random import Generator

__all__ = ["PLANAR", "load_planar"]


def _xor(n: int, generator: Generator) -> tuple[np.ndarray, np.ndarray]:
    points = generator.uniform(-1.0, 1.0, size=(n, 2))
    # A gap along the axes, where the class would depend on the last digit.
    points += 0.05 * np.sign(points)
    return points, (points[:, 0] * points[:, 1] < 0).astype(np.int64)


def _circle(n: int, generator: Generator) -> tuple[np.ndarray, np.ndarray]:
    inner = np.arange(n) % 2 == 0
    draws = generator.uniform(size=(n, 2))
    # The square root makes the density per area even.
    radius = np.where(inner, 0.5 * np.sqrt(draws[:, 0]), np.sqrt(0.5 + 0.5 * draws[:, 0]))
    angle = 2 * math.pi * draws[:, 1]
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), (~inner).astype(np.int64)


def _moons(n: int, generator: Generator) -> tuple[np.ndarray, np.ndarray]:
    second = np.arange(n) % 2 == 1
    angle = math.pi * generator.uniform(size=n)
    x = np.where(second, 1 - np.cos(angle), np.cos(angle))
    y = np.where(second, 0.5 - np.sin(angle), np.sin(angle))
    # Centred and scaled to about the square from -1 to 1.
    return np.column_stack([(x - 0.5) / 1.5, (y - 0.25) / 1.5]), second.astype(np.int64)


def _spirals(n: int, generator: Generator) -> tuple[np.ndarray, np.ndarray]:
    second = np.arange(n) % 2 == 1
    t = np.sqrt(generator.uniform(0.01, 1.0, size=n))
    angle = 1.75 * 2 * math.pi * t + math.pi * second
    return np.column_stack([t * np.sin(angle), t * np.cos(angle)]), second.astype(np.int64)


PLANAR: dict[str, tuple[Callable[[int, Generator], tuple[np.ndarray, np.ndarray]], str]] = {
    "circle": (_circle, "a disc in a ring"),
    "moons": (_moons, "two half-moons that reach into each other"),
    "spirals": (_spirals, "two spirals of one and three quarter turns"),
    "xor": (_xor, "four quadrants, the opposite ones alike"),
}
"""Each shape's generator, and what it looks like."""


def load_planar(shape: str, n_samples: int = 400, *, noise: float = 0.05, seed: int = 0) -> Dataset:
    """Generate points of two classes in the plane.

    Parameters
    ----------
    shape : {"circle", "moons", "spirals", "xor"}
    n_samples : int, default 400
        At least 2. Samples of one seed are always the same.
    noise : float, default 0.05
        Standard deviation of the normal noise added to both coordinates, which lie in about [-1, 1].
    seed : int, default 0

    Returns
    -------
    Dataset
        ``data`` is float64 (n_samples, 2), ``target`` 0 or 1; ``synthetic`` is True.

    Raises
    ------
    TypeError, ValueError
        If an argument is not in its range.

    Examples
    --------
    >>> from minigrad import datasets
    >>> moons = datasets.load("moons", n_samples=100, seed=3)
    >>> moons.data.shape, moons.synthetic
    ((100, 2), True)
    """
    make, words = PLANAR[_check.choice(shape, "load_planar", "shape", tuple(PLANAR))]
    n = _check.integer(n_samples, "load_planar", "n_samples", 2)
    spread = _check.real(noise, "load_planar", "noise", 0.0)
    generator = Generator(_check.seed(seed, "load_planar"))
    points, target = make(n, generator)
    points += spread * generator.normal(size=(n, 2))
    return Dataset(
        name=shape,
        data=points,
        target=target,
        feature_names=("x", "y"),
        target_names=("0", "1"),
        description=f"{shape}: {n} points of two classes, {words}, with noise of deviation {spread:g}",
        source="generated",
        synthetic=True,
    )
