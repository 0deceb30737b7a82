"""The tensor: attributes, hooks, views and changes in place."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import minigrad as mg

pytestmark = pytest.mark.native


def test_attributes() -> None:
    x = mg.zeros(2, 3, requires_grad=True)
    assert (x.shape, x.dtype, x.ndim, x.is_leaf, x.requires_grad) == ((2, 3), mg.float32, 2, True, True)
    y = x * 2
    assert not y.is_leaf
    assert y.grad_fn is not None
    assert "MulBackward0" in repr(y.grad_fn)
    assert not x.detach().requires_grad
    assert x.data.requires_grad is False
    assert str(x.device) == "cpu"


def test_constructor() -> None:
    assert mg.Tensor(2, 3).shape == (2, 3)
    assert mg.Tensor([1, 2]).dtype is mg.float32
    assert mg.Tensor().shape == (0,)


def test_only_floating_point_leaves_require_grad() -> None:
    with pytest.raises(RuntimeError, match="floating point"):
        mg.tensor([1]).requires_grad_()
    y = mg.ones(2, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match="leaf"):
        y.requires_grad_(False)
    assert y.requires_grad_() is y


def test_grad_must_fit() -> None:
    x = mg.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="shape"):
        x.grad = mg.ones(3)
    with pytest.raises(TypeError, match="Tensor"):
        x.grad = 1  # type: ignore[assignment]
    x.grad = mg.ones(2)
    x.grad = None


def test_tensor_hooks_see_and_replace_the_whole_gradient() -> None:
    x = mg.ones(2, requires_grad=True)
    y = x * 3
    seen = []
    handle = y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    (y * 1 + y * 2).sum().backward()
    assert seen == [[3.0, 3.0]]
    assert x.grad is not None
    assert x.grad.tolist() == [90.0, 90.0]
    handle.remove()
    handle.remove()
    (x * 3).sum().backward()
    assert seen == [[3.0, 3.0]]


def test_leaf_hooks_and_post_accumulate_hooks() -> None:
    x = mg.ones(2, requires_grad=True)
    x.register_hook(lambda g: -g)
    after = []
    x.register_post_accumulate_grad_hook(lambda t: after.append(t.grad.tolist()))
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    assert after == [[-2.0, -2.0], [-4.0, -4.0]]
    with pytest.raises(RuntimeError, match="require"):
        mg.ones(1).register_hook(lambda g: g)
    with pytest.raises(RuntimeError, match="leaf"):
        (x * 1).register_post_accumulate_grad_hook(lambda t: None)


def test_retain_grad_of_a_result() -> None:
    x = mg.ones(2, requires_grad=True)
    y = x * 2
    y.retain_grad()
    assert y.retains_grad
    (y * y).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [4.0, 4.0]
    with pytest.raises(RuntimeError, match="retain_grad"):
        mg.ones(1).retain_grad()


def test_gradients_accumulate_and_do_not_share_memory() -> None:
    x = mg.ones(3, requires_grad=True)
    g = mg.ones(3)
    x.clone().backward(g)
    assert x.grad is not None
    g.fill_(7)
    assert x.grad.tolist() == [1.0, 1.0, 1.0]
    first = x.grad
    (x * 2).sum().backward()
    assert first is x.grad
    assert x.grad.tolist() == [3.0, 3.0, 3.0]


def test_a_leaf_cannot_be_changed_in_place_while_recording() -> None:
    x = mg.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"leaf.*test_tensor\.py"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="view of a leaf"):
        x[0].mul_(2)
    with mg.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0, 2.0]
    assert x.requires_grad


def test_changing_a_saved_tensor_is_an_error_that_names_both_lines() -> None:
    x = mg.ones(2, requires_grad=True)
    y = x * 2
    z = y * y  # the product needs y
    y.add_(1)
    with pytest.raises(RuntimeError) as caught:
        z.sum().backward()
    text = str(caught.value)
    assert "z = y * y" in text
    assert "y.add_(1)" in text
    assert "inplace" in text


def test_changing_a_view_counts_for_its_base_and_its_other_views() -> None:
    x = mg.ones(4, requires_grad=True)
    y = x * 1
    z = y * y
    y[1:3].mul_(5)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_gradient_through_a_changed_view() -> None:
    x = mg.arange(4.0, requires_grad=True)
    y = x * 1
    view = y[1:3]
    other = y.reshape(2, 2)
    view.mul_(10)
    assert y.tolist() == [0.0, 10.0, 20.0, 3.0]
    assert other.grad_fn is not None
    y.sum().backward(retain_graph=True)
    assert x.grad is not None
    assert x.grad.tolist() == [1.0, 10.0, 10.0, 1.0]
    (g,) = mg.grad(other.sum(), x, retain_graph=True)
    assert g.tolist() == [1.0, 10.0, 10.0, 1.0]
    (g,) = mg.grad(view.sum(), x)
    assert g.tolist() == [0.0, 10.0, 10.0, 0.0]


def test_a_change_of_the_base_reaches_its_views() -> None:
    x = mg.ones(3, requires_grad=True)
    y = x * 1
    view = y[:2]
    y.mul_(3)
    (g,) = mg.grad(view.sum(), x)
    assert g.tolist() == [3.0, 3.0, 0.0]


def test_overwriting_gives_a_zero_gradient_not_none() -> None:
    x = mg.ones(3, requires_grad=True)
    y = x * 2
    y.zero_()
    assert y.requires_grad
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.0, 0.0]


def test_setitem_carries_gradients_to_both_sides() -> None:
    x, v = mg.ones(3, requires_grad=True), mg.tensor(5.0, requires_grad=True)
    y = x * 2
    y[1] = v
    (y * mg.arange(3.0)).sum().backward()
    assert x.grad is not None
    assert v.grad is not None
    assert x.grad.tolist() == [0.0, 0.0, 4.0]
    assert v.grad.item() == 1.0


def test_detach_shares_memory_and_version() -> None:
    x = mg.ones(2, requires_grad=True)
    y = x * 1
    z = y * y
    y.detach().add_(1)
    assert y.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="inplace"):
        z.sum().backward()


def test_a_tensor_dies_with_its_last_reference() -> None:
    gc.collect()
    gc.disable()
    try:
        x = mg.ones(10, requires_grad=True)
        y = (x * 2).sum()
        y.backward()
        refs = [weakref.ref(t) for t in (x, y, x.grad)]
        del x, y
        assert [ref() for ref in refs] == [None, None, None]
    finally:
        gc.enable()


def test_read_only_memory_is_refused() -> None:
    array = np.ones(3, np.float32)
    array.flags.writeable = False
    with pytest.raises(RuntimeError, match="read-only"):
        mg.from_numpy(array).add_(1)
