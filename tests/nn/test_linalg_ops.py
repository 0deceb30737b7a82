"""Differentiable linear algebra: laws of the results, gradients by central differences, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg

pytestmark = pytest.mark.native


def _tensor(data: Any, grad: bool = False) -> Any:
    return mg.tensor(np.asarray(data, np.float64), dtype=mg.float64, requires_grad=grad)


def _well(n: int = 3, batch: tuple[int, ...] = (2,), seed: int = 0) -> np.ndarray:
    """Return matrices far from singular ones."""
    return np.random.default_rng(seed).standard_normal((*batch, n, n)) + 3 * np.eye(n)


def _spd(n: int = 3) -> np.ndarray:
    a = _well(n)
    return np.einsum("bij,bkj->bik", a, a)


def _symmetric(f: Any) -> Any:
    return lambda x: f((x + x.mT) / 2)


def _differences(f: Any, *arrays: np.ndarray) -> list[np.ndarray]:
    """Return the gradients of a weighted sum of f's results, by central differences."""
    grads = []
    for k, array in enumerate(arrays):
        grad = np.zeros_like(array)
        for at in np.ndindex(*array.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [a.copy() for a in arrays]
                moved[k][at] += step
                ends.append(float(_weighted(f(*[_tensor(m) for m in moved])).item()))
            grad[at] = (ends[0] - ends[1]) / 2e-6
        grads.append(grad)
    return grads


def _weighted(outs: Any) -> Any:
    outs = outs if isinstance(outs, tuple) else (outs,)
    total: Any = 0
    for out in outs:
        total = total + (out * _tensor(np.cos(np.arange(out.numel())).reshape(out.shape))).sum()
    return total


TALL = np.random.default_rng(5).standard_normal((2, 4, 3))
GRADIENTS = [
    ("inv", lambda a: mg.linalg.inv(a), [_well()]),
    ("det", lambda a: mg.linalg.det(a), [_well()]),
    ("slogdet", lambda a: mg.linalg.slogdet(a)[1], [_well()]),
    ("solve", lambda a, b: mg.linalg.solve(a, b), [_well(), TALL[:, :3, :2].copy()]),
    ("solve_vector", lambda a, b: mg.linalg.solve(a, b), [_well(), TALL[:, 0].copy()]),
    ("solve_right", lambda a, b: mg.linalg.solve(a, b, left=False), [_well(), TALL]),
    ("solve_triangular", lambda a, b: mg.linalg.solve_triangular(a, b, upper=True), [_well(), TALL[:, :3].copy()]),
    ("cholesky", _symmetric(lambda a: mg.linalg.cholesky(a)), [_spd()]),
    ("cholesky_upper", _symmetric(lambda a: mg.linalg.cholesky(a, upper=True)), [_spd()]),
    ("cholesky_solve", lambda b, a: mg.cholesky_solve(b, a.tril()), [TALL[:, :3].copy(), _well()]),
    ("qr", lambda a: tuple(mg.linalg.qr(a)), [TALL]),
    ("qr_wide", lambda a: tuple(mg.linalg.qr(a)), [TALL.swapaxes(1, 2).copy()]),
    ("eigh", _symmetric(lambda a: (mg.linalg.eigh(a)[0], mg.linalg.eigh(a)[1].abs())), [_spd()]),
    ("svdvals", lambda a: mg.linalg.svdvals(a), [TALL]),
    ("svd", lambda a: tuple(x.abs() for x in mg.linalg.svd(a, full_matrices=False)), [TALL]),
    ("svd_wide", lambda a: tuple(x.abs() for x in mg.linalg.svd(a, False)), [TALL.swapaxes(1, 2).copy()]),
    ("pinv", lambda a: mg.linalg.pinv(a), [TALL]),
    ("lstsq", lambda a, b: mg.linalg.lstsq(a, b).solution, [TALL, TALL[:, :, :2] + 1]),
    ("matrix_power", lambda a: mg.linalg.matrix_power(a, -3), [_well()]),
    ("nuclear", lambda a: mg.linalg.matrix_norm(a, "nuc"), [TALL]),
    ("spectral", lambda a: mg.linalg.matrix_norm(a, 2), [TALL]),
    ("row_sums", lambda a: mg.linalg.matrix_norm(a, float("inf")), [TALL]),
    ("cond", lambda a: mg.linalg.cond(a), [_well()]),
    ("cdist", lambda a, b: mg.cdist(a, b), [TALL, TALL[:, :2] + 1]),
    ("cdist_1", lambda a, b: mg.cdist(a, b, 1.0), [TALL, TALL[:, :2] + 1]),
    ("vecdot", lambda a, b: mg.linalg.vecdot(a, b, dim=0), [TALL, TALL + 1]),
    ("cross", lambda a, b: mg.linalg.cross(a, b), [TALL, TALL[:, :1] + 1]),
]


@pytest.mark.parametrize(("name", "f", "arrays"), GRADIENTS, ids=[g[0] for g in GRADIENTS])
def test_gradients_by_differences(name: str, f: Any, arrays: list[np.ndarray]) -> None:
    inputs = [_tensor(a, grad=True) for a in arrays]
    grads = mg.grad(_weighted(f(*inputs)), inputs)
    for got, expected in zip(grads, _differences(f, *arrays), strict=True):
        np.testing.assert_allclose(got.numpy(), expected, rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("name", ["inv", "det", "solve"])
def test_second_derivatives(name: str) -> None:
    a, v = _well(batch=()), np.random.default_rng(9).standard_normal((3, 3))

    def f(x: Any) -> Any:
        return mg.linalg.solve(x, _tensor(v)) if name == "solve" else getattr(mg.linalg, name)(x)

    def slope(at: np.ndarray, graph: bool = False) -> tuple[Any, Any]:
        x = _tensor(at, grad=True)
        return x, mg.grad(_weighted(f(x)), x, create_graph=graph)[0]

    x, first = slope(a, True)
    (second,) = mg.grad((first * _tensor(v)).sum(), x)
    step = 1e-5
    expected = (slope(a + step * v)[1].numpy() - slope(a - step * v)[1].numpy()) / (2 * step)
    np.testing.assert_allclose(second.numpy(), expected, rtol=1e-6, atol=1e-6)


def test_laws() -> None:
    a = _well(4)
    x = _tensor(a)
    eye = np.broadcast_to(np.eye(4), (2, 4, 4))
    np.testing.assert_allclose((mg.linalg.inv(x) @ x).numpy(), eye, atol=1e-13)
    sign, log = mg.linalg.slogdet(x)
    np.testing.assert_allclose((sign * log.exp()).numpy(), mg.linalg.det(x).numpy(), rtol=1e-13)
    np.testing.assert_allclose(mg.linalg.det(x @ x).numpy(), (mg.linalg.det(x) ** 2).numpy(), rtol=1e-12)
    lower = mg.linalg.cholesky(x @ x.mT)
    np.testing.assert_allclose((lower @ lower.mT).numpy(), (x @ x.mT).numpy(), rtol=1e-13)
    np.testing.assert_allclose(mg.cholesky_inverse(lower).numpy(), mg.linalg.inv(x @ x.mT).numpy(), rtol=1e-9)
    np.testing.assert_allclose(mg.linalg.matrix_power(x, 3).numpy(), (x @ x @ x).numpy(), rtol=1e-13)
    values, vectors = mg.linalg.eigh(x + x.mT)
    np.testing.assert_allclose((vectors * values.unsqueeze(-2) @ vectors.mT).numpy(), a + a.swapaxes(1, 2), atol=1e-12)
    tall = _tensor(TALL)
    for mode, columns in (("reduced", 3), ("complete", 4)):
        q, r = mg.linalg.qr(tall, mode)
        assert q.shape == (2, 4, columns)
        np.testing.assert_allclose((q @ r).numpy(), TALL, atol=1e-14)
    u, s, vh = mg.linalg.svd(tall)
    assert u.shape == (2, 4, 4) and vh.shape == (2, 3, 3)
    np.testing.assert_allclose((u[..., :3] * s.unsqueeze(-2) @ vh).numpy(), TALL, atol=1e-13)
    assert mg.linalg.matrix_rank(tall).tolist() == [3, 3]


def test_the_determinant_of_a_singular_matrix_has_its_cofactors_as_gradient() -> None:
    x = _tensor([[1.0, 2.0], [2.0, 4.0]], grad=True)
    mg.linalg.det(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[4.0, -2.0], [-2.0, 1.0]], atol=1e-13)


def test_the_room_hands_tensors_over_and_keeps_arrays() -> None:
    a = _well(3, ())
    for name in ("inv", "svdvals", "cholesky"):
        given = a @ a.T if name == "cholesky" else a
        array, tensor = getattr(mg.linalg, name)(given), getattr(mg.linalg, name)(_tensor(given))
        assert isinstance(array, np.ndarray) and isinstance(tensor, mg.Tensor)
        np.testing.assert_allclose(array, tensor.numpy(), rtol=1e-13)
    assert isinstance(mg.linalg.norm(a), float) and mg.linalg.norm(_tensor(a)).item() == pytest.approx(
        mg.linalg.norm(a)
    )
    assert isinstance(mg.linalg.matmul(_tensor(a), _tensor(a)), mg.Tensor)
    assert mg.linalg.vector_norm(_tensor([3.0, 4.0])).item() == 5.0
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        mg.linalg.no_such_name  # noqa: B018


def test_empty_and_float32() -> None:
    assert mg.linalg.inv(mg.zeros(0, 3, 3)).shape == (0, 3, 3)
    assert mg.linalg.det(mg.zeros(0, 0)).item() == 1.0
    assert mg.linalg.svdvals(mg.zeros(0, 2)).shape == (0,)
    single = mg.tensor(_well().astype(np.float32))
    for out in (mg.linalg.inv(single), *mg.linalg.qr(single), *mg.linalg.svd(single), mg.linalg.det(single)):
        assert out.dtype is mg.float32


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("singular", lambda: mg.linalg.inv(_tensor(np.zeros((2, 2))))),
        ("square", lambda: mg.linalg.inv(_tensor(np.zeros((2, 3))))),
        ("at least 2 dimensions", lambda: mg.linalg.det(_tensor(np.zeros(2)))),
        ("floating point", lambda: mg.linalg.det(mg.ones(2, 2, dtype=mg.int64))),
        ("positive definite", lambda: mg.linalg.cholesky(_tensor(-np.eye(2)))),
        ("Incompatible shapes", lambda: mg.linalg.solve(_tensor(np.eye(2)), _tensor(np.ones((3, 1))))),
        ("same dtype", lambda: mg.linalg.solve(_tensor(np.eye(2)), mg.ones(2, 1))),
        ("unrecognized mode", lambda: mg.linalg.qr(_tensor(np.eye(2)), "full")),
        ("not finite|NaN|finite", lambda: mg.linalg.svd(_tensor([[np.nan]]))),
        ("UPLO", lambda: mg.linalg.eigh(_tensor(np.eye(2)), "X")),
        ("order must be", lambda: mg.linalg.matrix_norm(_tensor(np.eye(2)), 3)),
        ("at least 2 tensors", lambda: mg.linalg.multi_dot([_tensor(np.eye(2))])),
        ("length 3", lambda: mg.linalg.cross(_tensor(np.ones(2)), _tensor(np.ones(2)))),
        ("same number of columns", lambda: mg.cdist(_tensor(np.ones((2, 3))), _tensor(np.ones((2, 2))))),
    ],
)
def test_misuse_is_refused(words: str, call: Any) -> None:
    with pytest.raises(RuntimeError, match=words):
        call()
