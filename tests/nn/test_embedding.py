"""Tables looked up by number, and one-hot rows."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812
from minigrad._native import lib, pointer

pytestmark = pytest.mark.native


def table(rows=5, size=3, seed=0):
    return mg.tensor(np.random.default_rng(seed).standard_normal((rows, size)), requires_grad=True)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0,), (2, 0)])
@pytest.mark.parametrize("dtype", [mg.int64, mg.int32])
def test_rows_and_their_gradients(shape, dtype):
    weight = table()
    index = np.random.default_rng(1).integers(0, 5, shape)
    out = F.embedding(mg.tensor(index).to(dtype), weight)
    np.testing.assert_array_equal(out.detach().numpy(), weight.detach().numpy()[index])
    cotangent = np.random.default_rng(2).standard_normal((*shape, 3))
    out.backward(mg.tensor(cotangent))
    expected = np.zeros((5, 3))
    np.add.at(expected, index, cotangent)
    np.testing.assert_allclose(weight.grad.numpy(), expected, rtol=1e-14)


def test_first_and_second_derivatives():
    index = mg.tensor([[0, 2, 2], [1, 0, 2]])
    assert mg.autograd.gradcheck(lambda w: F.embedding(index, w), [table()])
    weight = table()
    (first,) = mg.grad((F.embedding(index, weight) ** 3).sum(), [weight], create_graph=True)
    (second,) = mg.grad(first.sum(), [weight])
    uses = np.array([2, 1, 3, 0, 0])[:, None]
    np.testing.assert_allclose(second.numpy(), 6 * uses * weight.detach().numpy(), rtol=1e-13)


def test_the_padding_row_learns_nothing_and_frequent_rows_share():
    weight = table()
    F.embedding(mg.tensor([1, 1, 3]), weight, padding_idx=-2).sum().backward()
    assert weight.grad.numpy()[:, 0].tolist() == [0, 2, 0, 0, 0]
    weight = table()
    F.embedding(mg.tensor([1, 1, 3]), weight, scale_grad_by_freq=True).sum().backward()
    assert weight.grad.numpy()[:, 0].tolist() == [0, 1, 0, 1, 0]


def test_max_norm_shortens_the_rows_used_in_place():
    weight = mg.tensor(np.array([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]]))
    out = F.embedding(mg.tensor([0, 1]), weight, max_norm=1.0)
    np.testing.assert_allclose(out.numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-7)
    assert weight.tolist()[2] == [6.0, 8.0] and weight.tolist()[0] == out.tolist()[0]
    np.testing.assert_allclose(F.embedding(mg.tensor([2]), weight, max_norm=1.0, norm_type=1).numpy().sum(), 1, 1e-7)


def test_the_module():
    mg.manual_seed(0)
    layer = mg.nn.Embedding(10, 4, padding_idx=-1)
    assert layer.padding_idx == 9 and not layer.weight.detach().numpy()[9].any()
    assert list(layer.state_dict()) == ["weight"] and repr(layer) == "Embedding(10, 4, padding_idx=9)"
    assert layer(mg.tensor([[1, 9]])).shape == (1, 2, 4)
    given = mg.nn.Embedding.from_pretrained(mg.tensor([[1.0, 2.0]]))
    assert not given.weight.requires_grad and given(mg.tensor([0])).tolist() == [[1.0, 2.0]]


def test_one_hot():
    assert F.one_hot(mg.tensor([[0], [2]]), 4).tolist() == [[[1, 0, 0, 0]], [[0, 0, 1, 0]]]
    assert F.one_hot(mg.tensor(1)).tolist() == [0, 1]
    assert F.one_hot(mg.zeros(0, 2, dtype=mg.int64), 3).shape == (0, 2, 3)


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda w: F.embedding(mg.tensor([0, 5]), w), IndexError, "from 0 to 4; got 5"),
        (lambda w: F.embedding(mg.tensor([-1]), w), IndexError, "got -1"),
        (lambda w: F.embedding(mg.tensor([0.5]), w), RuntimeError, "int64 or int32"),
        (lambda w: F.embedding(mg.tensor([0]), w[0]), RuntimeError, "2-D"),
        (lambda w: F.embedding(mg.tensor([0]), w, padding_idx=5), ValueError, "Padding_idx must be within"),
        (lambda w: mg.nn.Embedding(3, 2, padding_idx=3), ValueError, "Padding_idx must be within"),
        (lambda w: mg.nn.Embedding.from_pretrained(w[0]), ValueError, "2-dimensional"),
        (lambda w: F.one_hot(mg.tensor([-1])), RuntimeError, "non-negative"),
        (lambda w: F.one_hot(mg.tensor([3]), 3), RuntimeError, "smaller than num_classes"),
        (lambda w: F.one_hot(mg.tensor([0.0])), RuntimeError, "int64"),
        (lambda w: F.one_hot(mg.zeros(0, dtype=mg.int64)), RuntimeError, "Can not infer"),
    ],
)
def test_what_is_refused(call, kind, text):
    with pytest.raises(kind, match=text):
        call(table())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("rows", "width", "count"), [(1, 1, 7), (3, 5, 0), (700, 130, 2000), (2000, 33, 10), (4, 0, 3)]
)
def test_uses_are_added_in_their_order_by_any_number_of_threads(rows, width, count, dtype):
    rng = np.random.default_rng(rows)
    weight = mg.tensor(rng.standard_normal((rows, width)).astype(dtype), requires_grad=True)
    index = rng.integers(0, rows, count)
    cotangent = rng.standard_normal((count, width)).astype(dtype)
    expected = np.zeros((rows, width), dtype)
    np.add.at(expected, index, cotangent)
    expected[rows // 2] = 0
    before = mg.get_num_threads()
    try:
        for threads in (1, 2):
            mg.set_num_threads(threads)
            weight.grad = None
            out = F.embedding(mg.tensor(index), weight, padding_idx=rows // 2)
            np.testing.assert_array_equal(out.detach().numpy(), weight.detach().numpy()[index])
            out.backward(mg.tensor(cotangent))
            np.testing.assert_array_equal(weight.grad.numpy(), expected)
    finally:
        mg.set_num_threads(before)


@pytest.mark.parametrize("bad", [-1, 3, 2**62])
def test_the_core_refuses_rows_that_are_not_there(bad):
    index, table_, out = np.array([0, bad]), np.ones((3, 2)), np.full((2, 2), 7.0)
    assert lib.mg_embedding_f64(3, 2, 2, pointer(index), pointer(table_), pointer(out, True)) == lib.MG_ERR_ARGUMENT
    status = lib.mg_embedding_backward_f64(3, 2, 2, pointer(index), -1, pointer(table_), pointer(out, True))
    assert status == lib.MG_ERR_ARGUMENT and (out == 7).all()
    huge = 2**62
    assert lib.mg_embedding_f64(3, huge, 2, pointer(index), pointer(table_), pointer(out, True)) == lib.MG_ERR_OVERFLOW
