"""The structures behind tensors and nodes, and what enters and carries over them in C."""

from __future__ import annotations

import _thread
import gc
import os
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad._native import cross_entropy, cross_entropy_backward, enter_gradients, linear, linear_backward
from minigrad._native import graph as native
from minigrad.nn._graph import Node, mode
from minigrad.nn._ops.linear import Linear
from minigrad.nn._tensor import Tensor, fresh, result

pytestmark = pytest.mark.native

F32 = np.dtype(np.float32)


def leaf(*shape: int) -> Tensor:
    return mg.ones(*shape, requires_grad=True)


def test_a_new_tensor_is_a_leaf_without_gradient() -> None:
    data = np.zeros(3, F32)
    x = fresh(data)
    assert type(x) is Tensor and x._data is data
    assert [x._node, x._grad, x._cell, x._view, x._where, x._leaf_edge] == [None] * 6
    assert (x._index, x._requires, x._retains) == (0, False, False)
    with pytest.raises(AttributeError, match="_data"):
        Tensor.__new__(Tensor)._data  # noqa: B018


def test_a_new_node_has_no_edge_and_one_output() -> None:
    node = Node()
    assert (node.next_functions_, node.saved, node._outputs, node.metas) == ((), (), (), ())
    assert (node.number, node.num_outputs, node.released, node.has_arrays) == (0, 1, False, False)
    assert [node.where, node.pre_hooks, node.hooks] == [None] * 3


def test_tensors_and_nodes_take_other_attributes_and_weak_references() -> None:
    for make in (lambda: mg.zeros(2), Node, lambda: mg.nn.Parameter(mg.zeros(2))):
        made: Any = make()
        made.note = "mine"
        assert made.note == "mine" and made.__dict__["note"] == "mine"
        seen = weakref.ref(made)
        assert seen() is made
        del made
        assert seen() is None


def test_a_cycle_of_tensors_and_nodes_is_collected() -> None:
    x = leaf(2)
    y = x * 2
    y.mine = y._node.mine = (x, y)
    x.grad = y.detach()
    x.grad.up = x
    seen = [weakref.ref(x), weakref.ref(y), weakref.ref(y._node)]
    del x, y
    gc.collect()
    assert [ref() for ref in seen] == [None] * 3


def test_a_long_chain_of_nodes_is_freed_without_deep_recursion() -> None:
    x = leaf(1)
    for _ in range(100_000):
        x = x + 1.0
    del x


def test_what_a_thread_records_is_its_own() -> None:
    seen: list[Any] = []

    def look() -> None:
        seen.append((mode.enabled, mode.lines))
        mode.enabled = mode.lines = False
        seen.append((mode.enabled, mode.lines))

    with mg.no_grad():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert mode.enabled is False
    assert seen == [(True, True), (False, False)]
    assert (mode.enabled, mode.lines) == (True, True)


def test_a_result_keeps_what_was_asked() -> None:
    x, w = leaf(2, 2), leaf(2, 2)
    extra = np.arange(3)
    y = result(np.zeros((2, 2), F32), Linear, (x, w), (x, None), True, note="mine", extra=extra)
    node = y._node
    assert type(node) is Linear and y._requires and node.note == "mine" and node.extra is extra
    assert node.saved == (x, None) and node.output_at(0)._data is y._data
    assert node.next_functions_ == (x._leaf_edge, w._leaf_edge) and node.where is y._where
    native.release(node)
    assert node.released and "extra" not in node.__dict__ and node.note == "mine"
    for attribute in ("saved", "output", "extra"):
        with pytest.raises(RuntimeError, match="freed by an earlier backward"):
            getattr(node, attribute)
    assert result(2.5, Linear, (x.detach(),))._node is None


def test_the_users_line_is_found_from_the_first_frame_of_a_thread() -> None:
    inside = os.path.join(os.path.dirname(mg.__file__), "nn", "nothing.py")
    names: dict[str, Any] = {"line": native.user_line, "seen": [], "done": threading.Event()}
    exec(compile("def run():\n    seen.append(line())\n    done.set()\n", inside, "exec"), names)
    _thread.start_new_thread(names["run"], ())
    assert names["done"].wait(20)
    assert names["seen"][0][0] is names["run"].__code__


@pytest.mark.parametrize(
    "call",
    [
        lambda x: native.adopt(1),
        lambda x: native.adopt(*[int] * 12),
        lambda x: native.record(Linear, (x,), ()),
        lambda x: native.record(int, (x,), (), None),
        lambda x: native.record(3, (x,), (), None),
        lambda x: native.record(Linear, [x], (), None),
        lambda x: native.record(Linear, (3,), (), None),
        lambda x: native.record(Linear, (x,), (3,), None),
        lambda x: result(x._data, Linear),
        lambda x: result(x._data, int, (x,)),
        lambda x: result(x._data, Linear, (3,)),
        lambda x: result(x._data, Linear, (x,), (), False, 3),
        lambda x: native.release(x),
        lambda x: native.is_unshared(x),
        lambda x: native.is_unshared(3, 1),
        lambda x: native.deliver(()),
        lambda x: native.deliver(((x, 0),), (x,), {}, [], None, print),
        lambda x: native.empty((3,)),
        lambda x: linear(x._data),
        lambda x: linear_backward(x._data),
        lambda x: cross_entropy(x._data),
        lambda x: cross_entropy_backward(x._data),
        lambda x: enter_gradients(x),
        lambda x: enter_gradients([x], [()], {}, []),
    ],
)
def test_wrong_arguments_are_type_errors(call: Any) -> None:
    with pytest.raises(TypeError):
        call(leaf(2, 2))


def test_gradients_and_edges_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="each edge must have one gradient"):
        native.deliver((None,), (), {}, [], None, print)


def test_the_affine_layer_leaves_what_it_cannot_read_directly() -> None:
    x, w, b = np.ones((2, 3), F32), np.ones((4, 3), F32), np.ones(4, F32)
    assert linear(x, w, b).tolist() == [[4.0] * 4] * 2 and linear(x[0], w, None).tolist() == [3.0] * 4
    others = [
        (x[:, ::2], w, b),
        (x, w.T, b),
        (x, w, b[:3]),
        (x, w, b[:, None]),
        (x.astype(np.float64), w, b),
        (x.astype(np.int32), w.astype(np.int32), None),
        (x, w.astype(">f4"), b),
        (x[0, 0], w, b),
        (x, w[0], b),
        (None, w, b),
        (3, w, b),
    ]
    assert [linear(*arrays) for arrays in others] == [-1] * len(others)


def test_the_affine_gradients_are_those_that_the_edges_want() -> None:
    x, w, g = np.ones((2, 3), F32), np.ones((4, 3), F32), np.ones((2, 4), F32)
    edge = (Node(), 0)
    dx, dw, db = linear_backward(x, w, g, (edge, edge, edge))
    assert (dx.tolist(), dw.tolist(), db.tolist()) == ([[4.0] * 3] * 2, [[2.0] * 3] * 4, [2.0] * 4)
    assert linear_backward(None, None, g, (None, None, edge))[:2] == (None, None)
    assert linear_backward(None, w, g, (edge, None))[1] is None
    for arrays in ((None, w, g), (x[:1], w, g), (x, w[:2], g), (x, w, None), (x, w, g.T)):
        assert linear_backward(*arrays, (edge, edge, edge)) == -1


def test_cross_entropy_leaves_what_it_cannot_read_directly() -> None:
    x, t = np.zeros((2, 4), F32), np.array([1, -100])
    loss, stats, total, weight = cross_entropy(x, t, -100, 0.0)
    assert loss.tolist() == [pytest.approx(np.log(4)), 0.0] and weight == 1.0 and total == loss[0]
    others = [
        (x.T, t, -100, 0.0),
        (x[0], t, -100, 0.0),
        (x, t[:1], -100, 0.0),
        (x, t.astype(np.float64), -100, 0.0),
        (x, t.astype(np.int32), -100, 0.0),
        (x, t[:, None], -100, 0.0),
        (x, t, -100, 1.5),
        (x, t, -100, float("nan")),
        (x, t, -100, "no"),
        (x, t, 5, 0.0),
        (x.astype(np.int32), t, -100, 0.0),
    ]
    assert [cross_entropy(*arguments) for arguments in others] == [None] * len(others)
    one = np.ones((), F32)
    assert cross_entropy_backward(x, t, stats, one, -100, 0.0, 1.0)[1].tolist() == [0.0] * 4
    for seed in (np.ones(3, F32), np.ones((), np.float64), np.ones((2, 1), F32)[::2]):
        assert cross_entropy_backward(x, t, stats, seed, -100, 0.0, 1.0) == -1


def test_empty_refuses_what_no_array_can_be() -> None:
    for shape in ((-1, 3), (2**62, 2**62), (2**70,)):
        with pytest.raises((ValueError, OverflowError, MemoryError)):
            native.empty(shape, F32)
    assert native.empty((0, 2**40), F32).shape == (0, 2**40) and native.empty((), F32).shape == ()
