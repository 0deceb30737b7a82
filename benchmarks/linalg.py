"""Matrix products and factorisations against NumPy and SciPy: ``python -m benchmarks.linalg``.

The shapes of the products are those of a neural network's layers beside the usual squares;
``m x k x n``, with T where an operand is stored transposed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import matplotlib.path
import numpy as np
import scipy.linalg

from benchmarks.harness import Case, fma_peak, main
from minigrad import linalg

SQUARES = (8, 16, 32, 64, 100, 128, 256, 512, 1024, 2048)
SKINNY = (
    (64, 784, 128, "", ""),
    (256, 512, 2048, "", ""),
    (256, 512, 10000, "", ""),
    (512, 512, 512, "T", ""),
    (512, 512, 512, "", "T"),
    (1024, 1024, 1024, "T", ""),
    (1024, 1024, 1024, "", "T"),
    (784, 64, 128, "T", ""),
    (64, 128, 784, "", "T"),
)


def product(m: int, k: int, n: int, trans_a: str, trans_b: str, dtype: Any) -> Case:
    """Return a product into a given array on both sides."""
    rng = np.random.default_rng(m + k + n)
    a = rng.standard_normal((k, m)).astype(dtype).T if trans_a else rng.standard_normal((m, k)).astype(dtype)
    b = rng.standard_normal((n, k)).astype(dtype).T if trans_b else rng.standard_normal((k, n)).astype(dtype)
    ours, theirs = np.empty((m, n), dtype), np.empty((m, n), dtype)
    name = np.dtype(dtype).name
    mark = f" {'A^T' if trans_a else 'A'} {'B^T' if trans_b else 'B'}" if trans_a or trans_b else ""
    size = f"{n}" if m == k == n else f"{m}x{k}x{n}"
    return Case(
        f"gemm {name} {size}{mark}",
        lambda: linalg.matmul(a, b, out=ours),
        {"numpy": lambda: np.matmul(a, b, out=theirs)},
        2e-9 * m * n * k,
        "GFLOP/s",
        functools.partial(fma_peak, name),
    )


def vector_products(dtype: Any) -> Iterator[Case]:
    """Yield matrix times vector, both ways; bound by memory."""
    rng = np.random.default_rng(0)
    name = np.dtype(dtype).name
    for m, n in ((1000, 1000), (20000, 784)):
        a = rng.standard_normal((m, n)).astype(dtype)
        x, y = rng.standard_normal(n).astype(dtype), rng.standard_normal(m).astype(dtype)
        work = a.nbytes / 1e9
        yield Case(
            f"gemv {name} {m}x{n}",
            lambda a=a, x=x: linalg.matmul(a, x),
            {"numpy": lambda a=a, x=x: a @ x},
            work,
            "GB/s",
        )
        yield Case(
            f"gemv {name} {m}x{n} A^T",
            lambda a=a, y=y: linalg.matmul(y, a),
            {"numpy": lambda a=a, y=y: y @ a},
            work,
            "GB/s",
        )


def covariances(quick: bool) -> Iterator[Case]:
    """Yield the centred covariance; NumPy's is centred, then multiplied."""
    for n, d in ((2000, 50), (20000, 300)) if quick else ((2000, 50), (20000, 300), (60000, 784)):
        for dtype in (np.float32, np.float64):
            x = np.random.default_rng(0).standard_normal((n, d)).astype(dtype)
            yield Case(
                f"covariance {np.dtype(dtype).name} {n}x{d}",
                lambda x=x: linalg.covariance(x),
                {"numpy.cov": lambda x=x: np.cov(x, rowvar=False, dtype=x.dtype)},
                1e-9 * n * d * d,
                "GFLOP/s",
            )


def factorisations(n: int) -> Iterator[Case]:
    """Yield Cholesky, QR, triangular solve, least squares and the symmetric eigenproblem in float64."""
    rng = np.random.default_rng(n)
    a, b = rng.standard_normal((n, n)), rng.standard_normal((n, 8))
    tall, right = rng.standard_normal((4 * n, n)), rng.standard_normal(4 * n)
    gram = linalg.matmul(a.T, a) + n * np.eye(n)
    lower = np.linalg.cholesky(gram)
    yield Case(f"cholesky {n}", lambda: linalg.cholesky(gram), {"numpy": lambda: np.linalg.cholesky(gram)})
    yield Case(f"qr {n}", lambda: linalg.qr(a), {"numpy": lambda: np.linalg.qr(a)})
    yield Case(
        f"triangular solve {n}x8",
        lambda: linalg.solve_triangular(lower, b, lower=True),
        {"scipy": lambda: scipy.linalg.solve_triangular(lower, b, lower=True)},
    )
    yield Case(f"solve {n}", lambda: linalg.solve(a, b), {"numpy (LU)": lambda: np.linalg.solve(a, b)})
    yield Case(
        f"least squares {4 * n}x{n}",
        lambda: linalg.lstsq(tall, right),
        {"scipy gelsy": lambda: scipy.linalg.lstsq(tall, right, lapack_driver="gelsy")},
    )
    yield Case(f"eigh {n}", lambda: linalg.eigh(gram), {"numpy": lambda: np.linalg.eigh(gram)})


def leading(n: int) -> Iterator[Case]:
    """Yield the leading eigenpairs of a covariance-like spectrum; the rival is LAPACK's partial solver."""
    rng = np.random.default_rng(n)
    turn, _ = np.linalg.qr(rng.standard_normal((n, n)))
    matrix = (turn * (1.0 + np.arange(n)) ** -1.0) @ turn.T
    matrix = (matrix + matrix.T) / 2
    for k in (2, 50):
        yield Case(
            f"leading {k} of {n}",
            lambda k=k: linalg.subspace_iteration(matrix, k),
            {"scipy eigh": lambda k=k: scipy.linalg.eigh(matrix, subset_by_index=[n - k, n - 1])},
        )


def polygons(quick: bool) -> Iterator[Case]:
    """Yield points in a polygon; the rival, too, takes all of them in one call, but rounds."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (100_000 if quick else 1_000_000, 2))
    for n in (4, 12, 100):
        angle = np.sort(rng.uniform(0, 2 * np.pi, n))
        polygon = np.stack([np.cos(angle), np.sin(angle)], 1) * rng.uniform(0.5, 1, (n, 1))
        path = matplotlib.path.Path(np.concatenate([polygon, polygon[:1]]), closed=True)
        yield Case(
            f"points in polygon {len(points)}x{n}",
            lambda polygon=polygon: linalg.point_in_polygon(polygon, points),
            {"matplotlib": lambda path=path: path.contains_points(points)},
            len(points) * n / 1e9,
            "G edges/s",
        )


def transforms() -> Iterator[Case]:
    """Yield the affine map of a million points, into new arrays on both sides."""
    import cv2

    cv2.setNumThreads(1)  # its transform has one thread whatever is set
    t = linalg.Transform2D.from_factors(3, 4, 30, 1.5, 0.8, 0.2)
    for dtype in (np.float32, np.float64):
        points = np.random.default_rng(0).standard_normal((1_000_000, 2)).astype(dtype)
        a, shift = t.matrix[:2, :2].astype(dtype), t.matrix[:2, 2].astype(dtype)
        yield Case(
            f"transform {np.dtype(dtype).name} 1000000x2",
            lambda points=points: t.apply(points),
            {
                "numpy P @ A.T + t": lambda p=points, a=a, shift=shift: p @ a.T + shift,
                "cv2.transform": lambda p=points[:, None], m=t.matrix[:2]: cv2.transform(p, m),
            },
            2 * points.nbytes / 1e9,
            "GB/s",
        )
    maps = np.random.default_rng(1).standard_normal((2000, 2, 3))
    maps = np.concatenate([maps, np.broadcast_to([0.0, 0.0, 1.0], (2000, 1, 3))], axis=1)
    corners, ends = np.random.default_rng(2).standard_normal((16_000, 2)), np.arange(8, 16_001, 8)
    yield Case(
        "transform float64 2000 groups of 8",
        lambda: linalg.transform_groups(maps, corners, ends),
        {
            "numpy einsum": lambda: (
                np.einsum("nij,nkj->nki", maps[:, :2, :2], corners.reshape(-1, 8, 2)) + maps[:, None, :2, 2]
            )
        },
    )


def cases(quick: bool) -> Iterator[Case]:
    """Yield everything; the rough look leaves out the largest."""
    for dtype in (np.float32, np.float64):
        for n in SQUARES[:-2] if quick else SQUARES:
            yield product(n, n, n, "", "", dtype)
        for shape in SKINNY:
            yield product(*shape, dtype)
        yield from vector_products(dtype)
    yield from transforms()
    yield from covariances(quick)
    for n in (100, 300) if quick else (100, 300, 784):
        yield from factorisations(n)
    yield from leading(784)
    yield from polygons(quick)


if __name__ == "__main__":
    main("linalg", cases)
