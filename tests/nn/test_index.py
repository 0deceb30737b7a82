"""Subscripts, gathering and scattering against NumPy and plain loops; gradients against the law of linear maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg

pytestmark = pytest.mark.native


def _tensor(data: Any, grad: bool = False) -> Any:
    return mg.tensor(np.asarray(data, np.float64), dtype=mg.float64, requires_grad=grad)


def _part(draw: Any, extent: int) -> Any:
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return draw(st.integers(-extent, extent - 1))
    if kind == 1:
        return slice(draw(st.integers(-5, 5)), draw(st.integers(-5, 5)), draw(st.integers(1, 3)))
    if kind == 2:
        return slice(None)
    if kind == 3:
        return np.array(draw(st.lists(st.integers(-extent, extent - 1), min_size=2, max_size=2)))
    return np.array(draw(st.lists(st.booleans(), min_size=extent, max_size=extent)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_subscripts_are_numpys(data: Any) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    a = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    parts = [_part(data.draw, extent) for extent in shape[: data.draw(st.integers(1, len(shape)))]]
    ints = [i for i, p in enumerate(parts) if isinstance(p, int)]
    if any(isinstance(p, np.ndarray) for p in parts):
        for i in ints:  # an int beside arrays is one for NumPy, but a view for tensors
            parts[i] = slice(None)
    masks = [i for i, p in enumerate(parts) if isinstance(p, np.ndarray) and p.dtype == bool]
    for i in masks[1:] if masks else []:
        parts[i] = slice(None)
    if masks and len([p for p in parts if isinstance(p, np.ndarray)]) > 1:
        parts[masks[0]] = slice(None)
    key = tuple(parts)
    ours = tuple(mg.tensor(p) if isinstance(p, np.ndarray) else p for p in key)
    x = _tensor(a, grad=True)
    out = x[ours]
    np.testing.assert_array_equal(out.detach().numpy(), a[key])
    out.sum().backward()
    counts = np.zeros(shape)
    np.add.at(counts, key, 1.0)
    np.testing.assert_array_equal(x.grad.numpy(), counts)
    y = _tensor(a)
    y[ours] = -1.0
    b = a.copy()
    b[key] = -1.0
    np.testing.assert_array_equal(y.numpy(), b)


def test_ints_beside_arrays_are_taken_first() -> None:
    x = _tensor(np.arange(24).reshape(2, 3, 4))
    assert x[0, :, mg.tensor([1, 2])].shape == (3, 2)
    assert x[mg.tensor([0, 1]), :, mg.tensor([1, 2])].shape == (2, 3)
    assert x[None, ..., 0].shape == (1, 2, 3)
    assert x[True].shape == (1, 2, 3, 4) and x[False].shape == (0, 2, 3, 4)
    assert x[[[0, 1], [1, 0]]].shape == (2, 2, 3, 4)


def test_assignment_is_recorded() -> None:
    x, v = _tensor([1.0, 2.0, 3.0], grad=True), _tensor([10.0, 20.0], grad=True)
    y = x * 2
    y[1:] = v
    (y * _tensor([1.0, 2.0, 3.0])).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 0, 0])
    np.testing.assert_array_equal(v.grad.numpy(), [2, 3])
    x.grad = v.grad = None
    y = x * 2
    y[mg.tensor([2, 0])] = v
    (y * _tensor([1.0, 2.0, 3.0])).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0, 4, 0])
    np.testing.assert_array_equal(v.grad.numpy(), [3, 1])


def test_assignment_to_saved_tensors_and_leaves_is_noticed() -> None:
    x = _tensor([1.0, 2.0], grad=True)
    with pytest.raises(RuntimeError, match=r"setitem.*leaf"):
        x[0] = 1.0
    y = x * 1
    z = y * y
    y[0] = 5.0
    with pytest.raises(RuntimeError, match=r"inplace operation at test_index.py:\d+ `y\[0\] = 5.0`"):
        z.sum().backward()


@pytest.mark.parametrize(
    ("error", "words", "key"),
    [
        (IndexError, "index 3 is out of bounds for dimension 0 with size 2", 3),
        (IndexError, "index 7 is out of bounds for dimension 1 with size 3", (0, 7)),
        (IndexError, "too many indices", (0, 0, 0)),
        (IndexError, "shape of the mask", mg.tensor([True, False, True])),
        (IndexError, "out of bounds", mg.tensor([0, 2])),
        (IndexError, "could not be broadcast", (mg.tensor([0, 1]), mg.tensor([0, 1, 2]))),
        (IndexError, "long, int, byte or bool", mg.tensor([0.5])),
        (IndexError, "only integers, slices", "a"),
        (ValueError, "step must be greater than zero", slice(None, None, -1)),
    ],
)
def test_bad_keys_are_refused(error: type[Exception], words: str, key: Any) -> None:
    x = _tensor(np.zeros((2, 3)))
    with pytest.raises(error, match=words):
        x[key]
    with pytest.raises(error, match=words):
        x[key] = 0.0


def test_bad_values_are_refused() -> None:
    x = _tensor(np.zeros((2, 3)))
    with pytest.raises(RuntimeError, match=r"\[4\] cannot be broadcast to indexing result of shape \[3\]"):
        x[0] = _tensor(np.zeros(4))
    with pytest.raises(RuntimeError, match="dtypes match"):
        x[mg.tensor([0])] = mg.zeros(3)


def _loop_gather(a: np.ndarray, dim: int, index: np.ndarray) -> np.ndarray:
    out = np.empty(index.shape)
    for at in np.ndindex(*index.shape):
        source = list(at)
        source[dim] = index[at]
        out[at] = a[tuple(source)]
    return out


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_gather_and_scatter_by_loops(dim: int) -> None:
    rng = np.random.default_rng(0)
    a, index = rng.standard_normal((3, 4, 5)), rng.integers(0, 3, (2, 3, 4))
    g = mg.gather(_tensor(a), dim, mg.tensor(index))
    np.testing.assert_array_equal(g.numpy(), _loop_gather(a, dim % 3, index))
    src = rng.standard_normal((2, 3, 5))
    total, extreme, product = a.copy(), a.copy(), a.copy()
    for at in np.ndindex(*index.shape):
        target = list(at)
        target[dim] = index[at]
        total[tuple(target)] += src[at]
        extreme[tuple(target)] = max(extreme[tuple(target)], src[at])
        product[tuple(target)] *= src[at]
    x, i, s = _tensor(a), mg.tensor(index), _tensor(src)
    np.testing.assert_allclose(x.scatter_add(dim, i, s).numpy(), total, rtol=1e-14)
    np.testing.assert_array_equal(x.scatter_reduce(dim, i, s, "amax").numpy(), extreme)
    np.testing.assert_allclose(x.scatter_reduce(dim, i, s, "prod").numpy(), product, rtol=1e-14)


def _differences(f: Any, *arrays: np.ndarray) -> list[np.ndarray]:
    """Return the gradients of the sum of f weighted by cosines, by central differences."""
    grads = []
    for k, array in enumerate(arrays):
        grad = np.zeros_like(array)
        for at in np.ndindex(*array.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [a.copy() for a in arrays]
                moved[k][at] += step
                out = f(*[_tensor(m) for m in moved]).numpy()
                ends.append(np.sum(out * np.cos(np.arange(out.size)).reshape(out.shape)))
            grad[at] = (ends[0] - ends[1]) / 2e-6
        grads.append(grad)
    return grads


_ROWS = mg.tensor([2, 0, 2])
_PLACES = mg.tensor([[0, 1, 2], [2, 2, 0]])
_MASK = mg.tensor([[True, False, True], [False, True, False], [True, True, False]])
DIFFERENTIABLE = [
    ("index_select", lambda x: x.index_select(0, _ROWS), 1),
    ("take", lambda x: x.take(mg.tensor([0, -1, 4])), 1),
    ("take_along_dim", lambda x: x.take_along_dim(_PLACES, 0), 1),
    ("gather", lambda x: x.gather(1, _PLACES), 1),
    ("masked_select", lambda x: x.masked_select(_MASK), 1),
    ("masked_fill", lambda x: x.masked_fill(_MASK, 2.0), 1),
    ("index_fill", lambda x: x.index_fill(1, _ROWS, 3.0), 1),
    ("scatter", lambda x, y: x.scatter(0, mg.tensor([[0, 2, 1]]), y), 2),
    ("scatter_add", lambda x, y: x.scatter_add(0, _PLACES, y), 2),
    ("scatter_mean", lambda x, y: x.scatter_reduce(0, _PLACES, y, "mean"), 2),
    ("scatter_prod", lambda x, y: x.scatter_reduce(0, _PLACES, y, "prod", include_self=False), 2),
    ("scatter_amin", lambda x, y: x.scatter_reduce(0, _PLACES, y, "amin"), 2),
    ("index_add", lambda x, y: x.index_add(0, _ROWS, y, alpha=2), 2),
    ("index_copy", lambda x, y: x.index_copy(0, mg.tensor([1, 2, 0]), y), 2),
    ("index_reduce", lambda x, y: x.index_reduce(0, _ROWS, y, "amax"), 2),
    ("index_put", lambda x, y: x.index_put((_ROWS,), y, accumulate=True), 2),
    ("masked_scatter", lambda x, y: x.masked_scatter(_MASK, y), 2),
    ("put", lambda x, y: x.put(mg.tensor([[0, 4, 8], [2, 3, -8]]), y[:2]), 2),
    ("select_scatter", lambda x, y: x.select_scatter(y[0], 1, 2), 2),
    ("slice_scatter", lambda x, y: x.slice_scatter(y[:2], 0, 0, 3, 2), 2),
]


@pytest.mark.parametrize(("name", "f", "count"), DIFFERENTIABLE, ids=[d[0] for d in DIFFERENTIABLE])
def test_gradients_by_differences(name: str, f: Any, count: int) -> None:
    rng = np.random.default_rng(len(name))
    arrays = [rng.standard_normal((3, 3)) for _ in range(count)]
    inputs = [_tensor(a, grad=True) for a in arrays]
    out = f(*inputs)
    weights = _tensor(np.cos(np.arange(out.numel())).reshape(out.shape))
    grads = mg.grad(out, inputs, weights)
    for got, expected in zip(grads, _differences(f, *arrays), strict=True):
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-7, atol=1e-8)


def test_places_and_counts() -> None:
    x = mg.tensor([[0.0, 2.0], [3.0, 0.0]])
    assert x.nonzero().tolist() == [[0, 1], [1, 0]]
    assert [t.tolist() for t in x.nonzero(as_tuple=True)] == [[0, 1], [1, 0]]
    table = mg.tensor([1.0, 3.0, 5.0])
    assert mg.searchsorted(table, mg.tensor([0.0, 3.0, 6.0])).tolist() == [0, 1, 3]
    assert mg.searchsorted(table, mg.tensor([3.0]), right=True).tolist() == [2]
    assert mg.bucketize(mg.tensor([2.0, 5.0]), table).tolist() == [1, 2]
    assert mg.bincount(mg.tensor([0, 2, 2]), minlength=4).tolist() == [1, 0, 2, 0]
    assert mg.bincount(mg.tensor([1, 1]), mg.tensor([0.5, 0.25])).tolist() == [0.0, 0.75]
    assert mg.histc(mg.tensor([0.0, 1.0, 1.0, 4.0]), 4, 0, 4).tolist() == [1, 2, 0, 1]
    values, inverse, counts = mg.unique(mg.tensor([3, 1, 3, 2]), return_inverse=True, return_counts=True)
    assert (values.tolist(), inverse.tolist(), counts.tolist()) == ([1, 2, 3], [2, 0, 2, 1], [1, 1, 2])
    assert mg.unique(mg.tensor([[1, 2], [0, 5], [1, 2]]), dim=0).tolist() == [[0, 5], [1, 2]]
    assert mg.unique_consecutive(mg.tensor([1, 1, 2, 1])).tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (RuntimeError, "number of dimensions", lambda x: x.gather(0, mg.tensor([0]))),
        (RuntimeError, "out of bounds", lambda x: x.gather(0, mg.tensor([[5]]))),
        (RuntimeError, "int32 or int64", lambda x: x.gather(0, mg.tensor([[0.5]]))),
        (RuntimeError, "same as|equal to src.dtype", lambda x: x.scatter(0, mg.tensor([[0]]), mg.ones(1, 1))),
        (IndexError, "out of bounds", lambda x: x.index_select(0, mg.tensor([9]))),
        (IndexError, "vector", lambda x: x.index_select(0, mg.tensor([[0]]))),
        (RuntimeError, "shape of source", lambda x: x.index_add(0, mg.tensor([0]), x)),
        (RuntimeError, "BoolTensor", lambda x: x.masked_fill(mg.tensor([1]), 0)),
        (RuntimeError, "broadcast", lambda x: x.masked_select(mg.tensor([True, False]))),
        (RuntimeError, "0-dimensional", lambda x: x.masked_fill(x > 0, x)),
        (RuntimeError, "number of ones", lambda x: x.masked_scatter(x == x, x[:1])),
        (RuntimeError, "reduce argument", lambda x: x.scatter_reduce(0, mg.tensor([[0]]), x, "max")),
        (RuntimeError, "non-negative integral", lambda x: mg.bincount(mg.tensor([-1]))),
        (RuntimeError, "unsupported operation", lambda x: mg.gather(x, 0, mg.zeros(3, 3, dtype=mg.int64), out=x)),
    ],
)
def test_misuse_is_refused(error: type[Exception], words: str, call: Any) -> None:
    with pytest.raises(error, match=words):
        call(_tensor(np.zeros((3, 3))))


def test_distinct_slices_where_there_are_none() -> None:
    values, inverse, counts = mg.unique(mg.ones(5, 0, 5), return_inverse=True, return_counts=True, dim=1)
    assert values.shape == (5, 0, 5) and inverse.shape == counts.shape == (0,)
    assert mg.unique(mg.ones(1, 3), dim=0).shape == (1, 3)
