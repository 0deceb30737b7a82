"""Shapes: views share memory, gradients return to where elements came from, misfits are refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg

pytestmark = pytest.mark.native


def _tensor(*shape: int, grad: bool = False) -> Any:
    data = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)
    return mg.tensor(data, dtype=mg.float64, requires_grad=grad)


VIEWS = [
    ("reshape", lambda x: x.reshape(6, 4)),
    ("view", lambda x: x.view(-1, 3)),
    ("permute", lambda x: x.permute(2, 0, 1)),
    ("transpose", lambda x: x.transpose(0, -1)),
    ("movedim", lambda x: x.movedim(0, 2)),
    ("T", lambda x: x[0].T),
    ("mT", lambda x: x.mT),
    ("unsqueeze", lambda x: x.unsqueeze(1)),
    ("squeeze", lambda x: x[:1].squeeze(0)),
    ("expand", lambda x: x.expand(5, 2, 3, 4)),
    ("flatten", lambda x: x.flatten(1)),
    ("unflatten", lambda x: x.unflatten(2, (2, -1))),
    ("narrow", lambda x: x.narrow(1, 1, 2)),
    ("select", lambda x: x.select(2, -1)),
    ("split", lambda x: x.split(2, 1)[0]),
    ("unbind", lambda x: x.unbind(1)[2]),
    ("diagonal", lambda x: x.diagonal(0, 1, 2)),
    ("unfold", lambda x: x.unfold(2, 2, 1)),
    ("as_strided", lambda x: x.as_strided((2, 2), (3, 5), 1)),
]


@pytest.mark.parametrize(("name", "view"), VIEWS, ids=[v[0] for v in VIEWS])
def test_views_share_memory_and_pass_gradients(name: str, view: Any) -> None:
    x = _tensor(2, 3, 4, grad=True)
    out = view(x)
    assert np.shares_memory(out.detach().numpy(), x.detach().numpy())
    # For a linear map, <f(x), g> = <x, f'(g)> for every x.
    g = mg.tensor(np.random.default_rng(0).standard_normal(out.shape), dtype=mg.float64)
    (grad,) = mg.grad(out, x, g)
    other = np.random.default_rng(1).standard_normal((2, 3, 4))
    mapped = view(mg.tensor(other, dtype=mg.float64)).numpy()
    assert np.sum(mapped * g.numpy()) == pytest.approx(np.sum(other * grad.numpy()), rel=1e-12)


COPIES = [
    ("flip", lambda x: x.flip(0, 2)),
    ("roll", lambda x: x.roll((1, -2), (0, 2))),
    ("rot90", lambda x: mg.rot90(x, 1, (1, 2))),
    ("repeat", lambda x: x.repeat(2, 1, 3)),
    ("tile", lambda x: x.tile(2, 2)),
    ("repeat_interleave", lambda x: x.repeat_interleave(mg.tensor([2, 0, 1]), 1)),
    ("tril", lambda x: x.tril(-1)),
    ("triu", lambda x: x.triu(1)),
    ("cat", lambda x: mg.cat([x, x * 2], 1)),
    ("stack", lambda x: mg.stack([x, x], -1)),
    ("diag_embed", lambda x: mg.diag_embed(x, 1)),
    ("block_diag", lambda x: mg.block_diag(x[0], x[1, :1])),
    ("trace", lambda x: mg.trace(x[0])),
    ("meshgrid", lambda x: mg.meshgrid(x[0, 0], x[0, 1])[1]),
]


@pytest.mark.parametrize(("name", "function"), COPIES, ids=[c[0] for c in COPIES])
def test_linear_maps_have_their_transpose_as_gradient(name: str, function: Any) -> None:
    x = _tensor(2, 3, 4, grad=True)
    out = function(x)
    g = mg.tensor(np.random.default_rng(0).standard_normal(out.shape), dtype=mg.float64)
    (grad,) = mg.grad(out, x, g)
    other = np.random.default_rng(1).standard_normal((2, 3, 4))
    mapped = function(mg.tensor(other, dtype=mg.float64)).numpy()
    assert np.sum(mapped * g.numpy()) == pytest.approx(np.sum(other * grad.numpy()), rel=1e-12)


def test_values_by_numpy() -> None:
    x = _tensor(2, 3, 4)
    a = x.numpy()
    for ours, theirs in [
        (x.flip(1), a[:, ::-1]),
        (x.roll(2, 2), np.roll(a, 2, 2)),
        (x.repeat(2, 1, 2), np.tile(a, (2, 1, 2))),
        (mg.rot90(x, 3, (0, 2)), np.rot90(a, 3, (0, 2))),
        (x.movedim((0, 1), (2, 0)), np.moveaxis(a, (0, 1), (2, 0))),
        (mg.vstack([x[0], x[1]]), np.vstack([a[0], a[1]])),
        (mg.hstack([x[0], x[1]]), np.hstack([a[0], a[1]])),
        (mg.dstack([x[0], x[1]]), np.dstack([a[0], a[1]])),
        (mg.column_stack([x[0, 0], x[0, 1]]), np.column_stack([a[0, 0], a[0, 1]])),
        (mg.diagflat(x[0, 0]), np.diagflat(a[0, 0])),
        (mg.cartesian_prod(x[0, 0, :2], x[0, 1, :3]), [[0, 4], [0, 5], [0, 6], [1, 4], [1, 5], [1, 6]]),
        (mg.combinations(x[0, 0, :3]), [[0, 1], [0, 2], [1, 2]]),
        (mg.tril_indices(2, 3), np.stack(np.tril_indices(2, 0, 3))),
    ]:
        np.testing.assert_array_equal(ours.numpy(), theirs)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=0, max_size=4), st.data())
def test_reshape_of_permuted_tensors(shape: list[int], data: Any) -> None:
    x = _tensor(*shape)
    order = data.draw(st.permutations(range(len(shape))))
    turned = x.permute(*order) if shape else x
    flat = turned.reshape(-1) if math.prod(shape) else turned.reshape(0)
    np.testing.assert_array_equal(flat.numpy(), np.transpose(x.numpy(), order).reshape(-1))


def test_split_covers_and_tensor_split_balances() -> None:
    x = _tensor(7, 2)
    assert [p.shape[0] for p in x.split(3)] == [3, 3, 1]
    assert [p.shape[0] for p in x.split([1, 4, 2])] == [1, 4, 2]
    assert [p.shape[0] for p in x.chunk(3)] == [3, 3, 1]
    assert [p.shape[0] for p in x.tensor_split(3)] == [3, 2, 2]
    assert [p.shape[0] for p in x.tensor_split((2, 5))] == [2, 3, 2]
    np.testing.assert_array_equal(mg.cat(x.split(2)).numpy(), x.numpy())


def test_a_change_through_a_view_reaches_the_base_and_its_gradient() -> None:
    x = _tensor(2, 3, grad=True)
    y = x * 2
    row = y[0]
    row.mul_(10)
    assert y.detach().numpy()[0, 1] == 20
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[20, 20, 20], [2, 2, 2]])


def test_forms_that_change_the_own_shape() -> None:
    x = _tensor(1, 2, 3)
    y = x.squeeze_(0)
    assert y is x and x.shape == (2, 3)
    assert x.t_().shape == (3, 2) and x.unsqueeze_(-1).shape == (3, 2, 1)
    assert x.transpose_(0, 1).shape == (2, 3, 1)
    leaf = _tensor(2, 3, grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        leaf.t_()
    z = leaf * 1
    inner = z[0]
    z.t_()
    inner.mul_(3)
    z.sum().backward()
    np.testing.assert_array_equal(leaf.grad.numpy(), [[3, 3, 3], [1, 1, 1]])


REFUSALS = [
    (RuntimeError, "reshape: shape .* is invalid", lambda x: x.reshape(5, 5)),
    (RuntimeError, "only one dimension can be inferred", lambda x: x.reshape(-1, -1)),
    (RuntimeError, "ambiguous", lambda x: x[:0].reshape(0, -1)),
    (RuntimeError, "view size is not compatible", lambda x: x.mT.view(-1)),
    (RuntimeError, "expand", lambda x: x.expand(3, 3, 4)),
    (RuntimeError, "duplicate dims", lambda x: x.permute(0, 0, 1)),
    (IndexError, "Dimension out of range", lambda x: x.transpose(0, 3)),
    (RuntimeError, "t: expects", lambda x: x.t()),
    (RuntimeError, "start_dim", lambda x: x.flatten(2, 1)),
    (RuntimeError, "unflatten", lambda x: x.unflatten(0, (3, 5))),
    (RuntimeError, "must match except in dimension", lambda x: mg.cat([x, x[:, :2]], 0)),
    (RuntimeError, "equal size", lambda x: mg.stack([x, x[0]])),
    (ValueError, "non-empty", lambda x: mg.cat([])),
    (TypeError, "element", lambda x: mg.cat([x, 1])),
    (RuntimeError, "sum exactly", lambda x: x.split([1, 3], 1)),
    (RuntimeError, "chunks", lambda x: x.chunk(0)),
    (RuntimeError, "narrow", lambda x: x.narrow(0, 1, 2)),
    (RuntimeError, "identical", lambda x: x.diagonal(0, 1, 1)),
    (RuntimeError, "at least 2 dimensions", lambda x: x[0, 0].tril()),
    (RuntimeError, "shifts and dimensions", lambda x: x.roll((1, 2), 0)),
    (RuntimeError, "repeat", lambda x: x.repeat(2)),
    (RuntimeError, "unfold: maximum size", lambda x: x.unfold(0, 3, 1)),
    (RuntimeError, "out of bounds", lambda x: x.as_strided((30,), (1,))),
    (TypeError, "shape must be ints", lambda x: x.reshape(2.5)),
]


@pytest.mark.parametrize(("error", "words", "call"), REFUSALS, ids=[r[1] for r in REFUSALS])
def test_misfits_are_refused(error: type[Exception], words: str, call: Any) -> None:
    with pytest.raises(error, match=words):
        call(_tensor(2, 3, 4))


def test_errors_show_shapes_and_the_users_line() -> None:
    made = _tensor(2, 3)
    with pytest.raises(RuntimeError, match=r"\(2, 3\).*test_shape.py"):
        made.reshape(4)


def test_a_new_dimension_has_the_stride_of_what_is_inside() -> None:
    x = mg.ones(3, 4)
    assert x[None].stride() == x.unsqueeze(0).stride() == (12, 4, 1)
    assert x.unsqueeze(1).stride() == (4, 4, 1)
    assert x.unsqueeze(2).stride() == (4, 1, 1)
    assert x.t().unsqueeze(1).stride() == (1, 12, 4)
    assert mg.ones(3, 1).expand(3, 4).stride() == (1, 0)


def test_broadcast_to_takes_the_shape_as_expand_does() -> None:
    x = mg.ones(3, 1)
    assert x.broadcast_to(3, 4).shape == x.broadcast_to((3, 4)).shape == mg.broadcast_to(x, size=(3, 4)).shape == (3, 4)


def test_what_a_tensor_says_of_its_memory() -> None:
    x = mg.arange(6.0)
    assert x[1:].data_ptr() == x.data_ptr() + x.element_size() and x.view(2, 3).data_ptr() == x.data_ptr()
    assert x.pin_memory() is x
    assert mg.tensor([2]).is_nonzero() is True and mg.tensor(0.0).is_nonzero() is False
    with pytest.raises(RuntimeError, match=r"is_nonzero: expected a tensor of one element; got float32 \(6,\)"):
        x.is_nonzero()


def test_numbers_at_the_top() -> None:
    assert (mg.pi, mg.e, mg.inf) == (math.pi, math.e, math.inf) and math.isnan(mg.nan)
    assert mg.ones(2)[mg.newaxis].shape == mg.Size([1, 2]) == (1, 2)


def test_one_copy_of_what_was_expanded_can_be_changed() -> None:
    x = mg.arange(3.0)
    rows = x.expand(2, 3)
    rows[0].add_(1)
    assert x.tolist() == [1.0, 2.0, 3.0] and rows.tolist() == [[1.0, 2.0, 3.0]] * 2
    with pytest.raises(RuntimeError, match="more than one element"):
        rows.add_(1)
    fixed = np.ones(3)
    fixed.flags.writeable = False
    with pytest.raises(RuntimeError, match="read-only|writable|writeable"):
        mg.from_numpy(fixed)[1:].add_(1)
    leaf = mg.ones(3, requires_grad=True)
    y = leaf * 2
    y.expand(2, 3)[1].mul_(5)
    (y * y).sum().backward()
    assert leaf.grad.tolist() == [200.0] * 3
