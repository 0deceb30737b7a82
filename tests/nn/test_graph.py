"""The walk backward: order, modes, freed graphs, second derivatives, threads."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.nn import _array

pytestmark = pytest.mark.native


def test_backward_needs_a_scalar_or_a_gradient() -> None:
    x = mg.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="scalar outputs"):
        (x * 2).backward()
    (x * 2).backward(mg.tensor([1.0, 2.0, 3.0]))
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 4.0, 6.0]
    with pytest.raises(RuntimeError, match=r"\(3,\).*\(2,\)"):
        (x * 2).backward(mg.ones(2))
    with pytest.raises(RuntimeError, match="does not require grad"):
        mg.ones(1).backward()


def test_a_graph_is_freed_unless_it_is_retained() -> None:
    x = mg.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [4.0, 4.0]
    with pytest.raises(RuntimeError, match=r"(?s)freed.*retain_graph=True|retain_graph=True"):
        y.backward()


def test_modes() -> None:
    x = mg.ones(2, requires_grad=True)
    with mg.no_grad():
        assert not mg.is_grad_enabled()
        assert not (x * 2).requires_grad
        with mg.enable_grad():
            assert (x * 2).requires_grad
        with mg.set_grad_enabled(True):
            assert (x * 2).requires_grad
    assert mg.is_grad_enabled()
    with mg.inference_mode():
        assert not (x * 2).requires_grad

    @mg.no_grad()
    def plain(t: Any) -> Any:
        return t * 2

    @mg.no_grad
    def bare(t: Any) -> Any:
        return t * 2

    assert not plain(x).requires_grad
    assert not bare(x).requires_grad
    mg.set_grad_enabled(False)
    assert not mg.is_grad_enabled()
    mg.set_grad_enabled(True)
    with pytest.raises(ZeroDivisionError), mg.no_grad():
        _ = 1 / 0
    assert mg.is_grad_enabled()


def test_grad_of_inputs_alone() -> None:
    x, y, z = (mg.tensor(v, requires_grad=True) for v in (2.0, 3.0, 4.0))
    out = x * y + x
    a, b = mg.grad(out, [x, y], retain_graph=True)
    assert (a.item(), b.item()) == (4.0, 2.0)
    assert x.grad is None
    with pytest.raises(RuntimeError, match="not have been used"):
        mg.grad(out, [z], retain_graph=True)
    assert mg.grad(out, [z], allow_unused=True, retain_graph=True) == (None,)
    assert mg.grad(out, z, materialize_grads=True, retain_graph=True)[0].item() == 0.0
    out.backward(inputs=[y])
    assert x.grad is None
    assert y.grad is not None


def test_grad_of_a_result_inside() -> None:
    x = mg.tensor(2.0, requires_grad=True)
    y = x * 3
    (g,) = mg.grad(y * y, y)
    assert g.item() == 12.0


def test_third_derivative_of_a_power() -> None:
    x = mg.tensor(2.0, dtype=mg.float64, requires_grad=True)
    value = x**4
    for expected in (32.0, 48.0, 48.0):
        (value,) = mg.grad(value, x, create_graph=True)
        assert value.item() == expected


def test_second_derivative_of_a_product_of_matrices(gradients_agree: Any) -> None:
    rng = np.random.default_rng(0)

    def slope(a: Any, b: Any) -> Any:
        if not a.requires_grad:
            a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
        return mg.grad(((a @ b) ** 2).sum(), (a, b), create_graph=True)

    gradients_agree(slope, rng.standard_normal((2, 3)), rng.standard_normal((3, 2)), scale=100)


class Cube(mg.autograd.Function):
    """x^3 with a derivative written by hand."""

    @staticmethod
    def forward(ctx: Any, x: Any, factor: float) -> Any:
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x * x * factor

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 3 * x * x * grad * ctx.factor, None


def test_a_function_written_by_hand(gradients_agree: Any) -> None:
    gradients_agree(lambda x: Cube.apply(x, 2.0), [0.5, -1.0], scale=10)
    x = mg.tensor(2.0, requires_grad=True)
    (g,) = mg.grad(Cube.apply(x, 1.0), x, create_graph=True)
    assert mg.grad(g, x)[0].item() == 12.0


def test_a_function_that_returns_too_few_gradients() -> None:
    class Wrong(Cube):
        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return (grad,)

    with pytest.raises(RuntimeError, match="must return 2 gradients"):
        Wrong.apply(mg.tensor(1.0, requires_grad=True), 1.0).backward()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12))
def test_random_graphs_against_dual_numbers(steps: list[tuple[int, int, int]]) -> None:
    """Forward differentiation, carried along in the test, gives the same derivative."""
    x = mg.tensor(0.75, dtype=mg.float64, requires_grad=True)
    nodes, duals = [x, x * 0.5], [(0.75, 1.0), (0.375, 0.5)]
    for kind, i, j in steps:
        (a, da), (b, db) = duals[i % len(duals)], duals[j % len(duals)]
        s, t = nodes[i % len(nodes)], nodes[j % len(nodes)]
        if kind == 0:
            nodes.append(s + t)
            duals.append((a + b, da + db))
        elif kind == 1:
            nodes.append(s * t * 0.5)
            duals.append((a * b * 0.5, (da * b + a * db) * 0.5))
        elif kind == 2:
            nodes.append(s / (t * t + 1))
            q = b * b + 1
            duals.append((a / q, da / q - a * 2 * b * db / q**2))
        else:
            nodes.append(s - t * 0.25)
            duals.append((a - b * 0.25, da - db * 0.25))
    nodes[-1].backward()
    gradient = 0.0 if x.grad is None else x.grad.item()
    value, slope = duals[-1]
    np.testing.assert_allclose(nodes[-1].item(), value, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=1e-10, atol=1e-10)


def test_a_deep_chain_needs_no_recursion() -> None:
    x = mg.tensor(1.0, dtype=mg.float64, requires_grad=True)
    y = x
    for _ in range(20_000):
        y = y + 1e-3
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 1.0
    del y


def test_node_hooks() -> None:
    x = mg.ones(2, requires_grad=True)
    y = x * 2
    assert y.grad_fn is not None
    y.grad_fn.register_prehook(lambda grads: (grads[0] * 3,))
    y.grad_fn.register_hook(lambda ins, outs: (ins[0] + 1,))
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [7.0, 7.0]


def _train(results: list[Any], index: int) -> None:
    rng = np.random.default_rng(index)
    x, w = mg.from_numpy(rng.standard_normal((50, 40))), mg.from_numpy(rng.standard_normal((40, 30))).requires_grad_()
    for _ in range(20):
        loss = ((x @ w).tanh() ** 2).mean()
        loss.backward()
        with mg.no_grad():
            assert w.grad is not None
            w -= 0.1 * w.grad
            w.grad = None
    results[index] = w.detach().numpy().copy()


def test_threads_do_not_disturb_each_other() -> None:
    alone: list[Any] = [None] * 3
    for i in range(3):
        _train(alone, i)
    together: list[Any] = [None] * 3
    threads = [threading.Thread(target=_train, args=(together, i)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_grad_is_a_matter_of_the_thread() -> None:
    seen: list[bool] = []
    with mg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(mg.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_memory_is_flat_over_thousands_of_steps() -> None:
    w = mg.ones(40, 50, requires_grad=True)
    x = mg.ones(30, 40)

    def step() -> None:
        loss = ((x @ w) * 0.5 + 1).relu().mean() + (w * w).sum()
        loss.backward()
        with mg.no_grad():
            w.grad = None

    for _ in range(20):
        step()
    held = _array.arena_bytes()
    for _ in range(2000):
        step()
    assert _array.arena_bytes() == held


def test_a_functions_gradient_must_fit_its_input() -> None:
    class Odd(mg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, shape: Any) -> Any:
            ctx.shape = shape
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return mg.ones(*ctx.shape), None

    x = mg.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"OddBackward: backward returned an invalid gradient at index 0.*\(5,\)"):
        Odd.apply(x, (5,)).sum().backward()
    with pytest.raises(RuntimeError, match="invalid gradient"):
        Odd.apply(x, (1,)).sum().backward()
    Odd.apply(x, (3, 2)).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]  # summed over what was broadcast
