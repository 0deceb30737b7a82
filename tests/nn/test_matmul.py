"""Products of matrices against sums written out; layouts, batches, gradients of first and second order, refusals."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg

pytestmark = pytest.mark.native


def _tensor(data: Any, grad: bool = False) -> Any:
    return mg.tensor(np.asarray(data, np.float64), dtype=mg.float64, requires_grad=grad)


def _sums(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Multiply by the definition."""
    x = a[None, :] if a.ndim == 1 else a
    y = b[:, None] if b.ndim == 1 else b
    out = (x[..., :, :, None] * y[..., None, :, :]).sum(-2)
    out = out[..., 0, :] if a.ndim == 1 else out
    return out[..., 0] if b.ndim == 1 else out


def _bound(a: np.ndarray, b: np.ndarray, dtype: Any = np.float64) -> np.ndarray:
    # Both ways of summing k products err by at most k eps |a| |b|.
    return 3 * a.shape[-1] * np.finfo(dtype).eps * _sums(np.abs(a), np.abs(b)) + 1e-300


SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((17, 33), (33, 15)),
    ((2, 5, 3), (3, 4)),
    ((5, 3), (2, 3, 4)),
    ((2, 1, 5, 3), (7, 3, 4)),
    ((3,), (2, 3, 4)),
    ((2, 5, 3), (3,)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 2)),
    ((4, 2, 0), (4, 0, 3)),
    ((0, 2, 3), (0, 3, 2)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8"])
def test_matmul_by_sums(left: Any, right: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)

    def operand(shape: Any) -> np.ndarray:
        numbers = rng.standard_normal(shape) * 5 if dtype[0] == "f" else rng.integers(0, 9, shape)
        return numbers.astype(dtype)

    a, b = operand(left), operand(right)
    got = (mg.tensor(a) @ mg.tensor(b)).numpy()
    expected = _sums(a, b).astype(dtype)
    assert got.dtype == dtype and got.shape == expected.shape
    if dtype[0] == "f":
        assert (np.abs(got - expected) <= _bound(a, b, dtype)).all()
    else:
        np.testing.assert_array_equal(got, expected)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(1, 3), st.data())
def test_operands_of_any_layout(m: int, n: int, k: int, batch: int, data: Any) -> None:
    rng = np.random.default_rng(m + 7 * n)

    def operand(shape: tuple[int, ...]) -> tuple[Any, np.ndarray]:
        kind = data.draw(st.sampled_from(["plain", "transposed", "permuted", "strided", "expanded"]))
        if kind == "transposed":
            x = _tensor(rng.standard_normal((shape[0], shape[2], shape[1]))).mT
        elif kind == "permuted":
            x = _tensor(rng.standard_normal((shape[1], shape[0], shape[2]))).transpose(0, 1)
        elif kind == "strided":
            x = _tensor(rng.standard_normal((shape[0], shape[1], 2 * shape[2])))[:, :, ::2]
        elif kind == "expanded":
            x = _tensor(rng.standard_normal(shape[1:])).expand(*shape)
        else:
            x = _tensor(rng.standard_normal(shape))
        return x, x.numpy()

    (x, a), (y, b) = operand((batch, m, k)), operand((batch, k, n))
    assert (np.abs((x @ y).numpy() - _sums(a, b)) <= _bound(a, b)).all()
    assert (np.abs((x[0] @ y[0]).numpy() - _sums(a[0], b[0])) <= _bound(a[0], b[0])).all()


def test_the_same_bits_for_any_number_of_threads() -> None:
    rng = np.random.default_rng(0)
    a, b = mg.tensor(rng.standard_normal((37, 40, 65))), mg.tensor(rng.standard_normal((37, 65, 30)))
    before = mg.get_num_threads()
    try:
        found = []
        for threads in (1, 2, 5):
            mg.set_num_threads(threads)
            found.append((a @ b).numpy())
    finally:
        mg.set_num_threads(before)
    assert all(np.array_equal(found[0], other) for other in found)


@pytest.mark.parametrize(("left", "right"), SHAPES[:9])
def test_gradients_are_the_transposed_maps(left: Any, right: Any) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(left), rng.standard_normal(right)
    x, y = _tensor(a, grad=True), _tensor(b, grad=True)
    out = x @ y
    g = rng.standard_normal(out.shape)
    ga, gb = mg.grad(out, (x, y), _tensor(g))
    # The product is linear in each operand: <dA B, g> = <dA, ga>.
    da, db = rng.standard_normal(a.shape), rng.standard_normal(b.shape)
    assert np.sum(_sums(da, b) * g) == pytest.approx(np.sum(da * ga.numpy()), rel=1e-12)
    assert np.sum(_sums(a, db) * g) == pytest.approx(np.sum(db * gb.numpy()), rel=1e-12)


def test_second_derivatives() -> None:
    rng = np.random.default_rng(1)
    a, b, v = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 2)), rng.standard_normal((2, 3, 4))
    x, y = _tensor(a, grad=True), _tensor(b, grad=True)
    out = (x @ y) ** 3
    (first,) = mg.grad(out.sum(), x, create_graph=True)
    (second,) = mg.grad((first * _tensor(v)).sum(), x)

    def slope(at: np.ndarray) -> np.ndarray:
        return 3 * (at @ b) ** 2 @ b.T

    step = 1e-5
    expected = (slope(a + step * v) - slope(a - step * v)) / (2 * step)
    np.testing.assert_allclose(second.numpy(), expected, rtol=1e-7, atol=1e-7)


def test_no_gradient_is_computed_for_what_needs_none() -> None:
    x, w = _tensor(np.ones((2, 3))), _tensor(np.ones((3, 4)), grad=True)
    out = x @ w
    assert out.grad_fn._saved[1] is None  # w would serve the gradient of x alone
    out.sum().backward()
    assert x.grad is None and w.grad.shape == (3, 4)


def test_sums_with_a_product() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.standard_normal((2, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
    got = mg.addmm(_tensor(c), _tensor(a), _tensor(b), beta=2, alpha=0.5).numpy()
    np.testing.assert_allclose(got, 2 * c + 0.5 * _sums(a, b), rtol=1e-14)
    nan = _tensor(np.full((2, 4), np.nan), grad=True)
    ignored = mg.addmm(nan, _tensor(a), _tensor(b), beta=0)
    np.testing.assert_allclose(ignored.detach().numpy(), _sums(a, b), rtol=1e-14)
    ignored.sum().backward()
    assert not nan.grad.numpy().any()
    batch = rng.standard_normal((5, 2, 3))
    other = rng.standard_normal((5, 3, 4))
    summed = mg.addbmm(mg.zeros(2, 4, dtype=mg.float64), _tensor(batch), _tensor(other)).numpy()
    np.testing.assert_allclose(summed, _sums(batch, other).sum(0), rtol=1e-13)
    np.testing.assert_allclose(mg.addr(_tensor(np.zeros((4, 4))), _tensor(c), _tensor(c)).numpy(), np.outer(c, c))
    np.testing.assert_allclose(mg.inner(_tensor(a), _tensor(a)).numpy(), _sums(a, a.T), rtol=1e-14)


EQUATIONS = [
    ("ij,jk->ik", "ij jk"),
    ("ij,jk", "ij jk"),
    ("bij,bjk->bik", "bij bjk"),
    ("ij,ij->", "ij ij"),
    ("ij->ji", "ij"),
    ("ii->i", "ii"),
    ("iij->j", "iij"),
    ("ij,k->kji", "ij k"),
    ("i,i,i->i", "i i i"),
    ("ij,jk,kl->il", "ij jk kl"),
    ("bhqd,bhkd->bhqk", "bhqd bhkd"),
    ("ij,kj,j->ik", "ij kj j"),
]
_SIZES = {"i": 3, "j": 4, "k": 2, "l": 5, "b": 2, "h": 3, "q": 4, "d": 3}


def _written_out(equation: str, operands: list[np.ndarray]) -> np.ndarray:
    left, _, right = equation.partition("->")
    terms = left.split(",")
    if "->" not in equation:
        every = "".join(terms)
        right = "".join(sorted(x for x in set(every) if every.count(x) == 1))
    labels = sorted(set("".join(terms)))
    out = np.zeros([_SIZES[x] for x in right])
    for values in itertools.product(*[range(_SIZES[x]) for x in labels]):
        at = dict(zip(labels, values, strict=True))
        product = 1.0
        for term, operand in zip(terms, operands, strict=True):
            product *= operand[tuple(at[x] for x in term)]
        out[tuple(at[x] for x in right)] += product
    return out


@pytest.mark.parametrize(("equation", "terms"), EQUATIONS, ids=[e[0] for e in EQUATIONS])
def test_einsum_by_the_definition(equation: str, terms: str) -> None:
    rng = np.random.default_rng(0)
    operands = [rng.standard_normal([_SIZES[x] for x in term]) for term in terms.split()]
    got = mg.einsum(equation, *[_tensor(o) for o in operands]).numpy()
    np.testing.assert_allclose(got, _written_out(equation, operands), rtol=1e-12, atol=1e-12)


def test_einsum_dots_lists_and_broadcasting() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((5, 2, 3)), rng.standard_normal((3, 4))
    np.testing.assert_allclose(mg.einsum("...ij,jk->...ik", _tensor(a), _tensor(b)).numpy(), _sums(a, b), rtol=1e-12)
    np.testing.assert_allclose(
        mg.einsum(_tensor(a[0]), [0, 1], _tensor(b), [1, 2], [0, 2]).numpy(), _sums(a[0], b), rtol=1e-12
    )
    one = _tensor(np.ones((2, 1)))
    np.testing.assert_allclose(mg.einsum("ij,ij->i", one, _tensor(a[0])).numpy(), a[0].sum(1), rtol=1e-12)


def test_tensordot_kron_chains_and_cross() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3, 4)), rng.standard_normal((3, 4, 5))
    expected = (a.reshape(2, 12, 1) * b.reshape(1, 12, 5)).sum(1)
    np.testing.assert_allclose(mg.tensordot(_tensor(a), _tensor(b)).numpy(), expected, rtol=1e-12)
    turned = mg.tensordot(_tensor(a), _tensor(b), ([2, 1], [1, 0])).numpy()
    np.testing.assert_allclose(turned, expected, rtol=1e-12)
    np.testing.assert_allclose(mg.kron(_tensor(a[0]), _tensor(b[0])).numpy(), np.kron(a[0], b[0]))
    chain = [rng.standard_normal(s) for s in ((2, 30), (30, 3), (3, 20), (20, 4))]
    found = mg.linalg.multi_dot([_tensor(m) for m in chain]).numpy()
    np.testing.assert_allclose(found, _sums(_sums(_sums(*chain[:2]), chain[2]), chain[3]), rtol=1e-12)
    x, y = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    np.testing.assert_allclose(mg.cross(_tensor(x), _tensor(y), 1).numpy(), np.cross(x, y), rtol=1e-12)
    gaps = mg.cdist(_tensor(x), _tensor(y), 3.0).numpy()
    np.testing.assert_allclose(gaps, (np.abs(x[:, None] - y[None]) ** 3).sum(-1) ** (1 / 3), rtol=1e-12)


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (RuntimeError, r"\(2x3 and 2x3\).*\(2, 3\).* and ", lambda x: x @ x),
        (RuntimeError, "same dtype", lambda x: x @ mg.ones(3, 2)),
        (RuntimeError, "at least 1D", lambda x: x @ _tensor(1.0)),
        (RuntimeError, "Bool", lambda x: mg.mm(x > 0, x > 0)),
        (RuntimeError, "expected a matrix", lambda x: mg.mm(x, x[0])),
        (RuntimeError, "batch of matrices", lambda x: mg.bmm(x, x)),
        (RuntimeError, "broadcast", lambda x: x.expand(2, 2, 3) @ x.mT.expand(3, 3, 2)),
        (RuntimeError, "same number of elements", lambda x: mg.dot(x[0], x[:, 0])),
        (RuntimeError, "must broadcast", lambda x: mg.addmm(x, x, x.mT)),
        (RuntimeError, "does not match the number of dimensions", lambda x: mg.einsum("ijk->i", x)),
        (RuntimeError, "invalid subscript", lambda x: mg.einsum("i1->i", x)),
        (RuntimeError, "does not appear", lambda x: mg.einsum("ij->k", x)),
        (RuntimeError, "not broadcast", lambda x: mg.einsum("ij,jk->ik", x, x)),
        (RuntimeError, "need to match", lambda x: mg.tensordot(x, x, 1)),
        (TypeError, "expected Tensors", lambda x: mg.matmul(x, 2.0)),
    ],
)
def test_misuse_is_refused(error: type[Exception], words: str, call: Any) -> None:
    with pytest.raises(error, match=words):
        call(_tensor(np.ones((2, 3))))


def test_rows_are_added_in_c_for_every_type() -> None:
    index = mg.tensor([1, 1, 0])
    for kind in (mg.float32, mg.float64, mg.int64, mg.int32, mg.uint8):
        made = mg.zeros(2, 3, dtype=kind).index_add(0, index, mg.ones(3, 3, dtype=kind))
        assert made.tolist() == [[1, 1, 1], [2, 2, 2]]
    wide = mg.zeros(4, 5000, dtype=mg.float64).index_add(0, mg.tensor([3, 0, 3]), mg.ones(3, 5000, dtype=mg.float64))
    assert wide.sum(1).tolist() == [5000, 0, 0, 10000]


@pytest.mark.parametrize("kind", ["int32", "uint8"])
def test_integers_summed_before_they_are_multiplied(kind: str) -> None:
    dtype = getattr(mg, kind)
    a, b = mg.ones(1, 2, 3, dtype=dtype), mg.ones(3, dtype=dtype)
    assert mg.einsum("...ik, ...j -> ij", a, b).tolist() == [[3, 3, 3], [3, 3, 3]]
    c, d = mg.ones(1, 1, 1, dtype=dtype), mg.ones(2, 1, 2, dtype=dtype)
    made = mg.tensordot(c, d, dims=([0, 1], [2, 0]))
    assert made.tolist() == [[4]] and made.dtype is dtype
