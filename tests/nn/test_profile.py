"""`profile`: counts that can be worked out, lines that are the user's, no trace left behind."""

import sys

import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import _graph

pytestmark = pytest.mark.native


def rows(rows):
    return {row.name: row for row in rows}


def test_operations_and_flops():
    a, b = mg.ones(30, 40, requires_grad=True), mg.ones(40, 50)
    with mg.profile() as p:
        y = (a @ b).sum()
        y.backward()
    ops = rows(p.ops)
    assert ops["matmul"].calls == 1 and ops["matmul"].flops == 2 * 30 * 40 * 50
    assert ops["matmul"].bytes == 4 * (30 * 40 + 40 * 50 + 30 * 50)
    assert ops["sum"].flops == 1500
    backward = next(row for name, row in ops.items() if name.startswith("Mm"))
    assert backward.flops == 2 * 30 * 40 * 50  # one operand wants a gradient
    assert p.seconds >= sum(row.seconds for row in p.ops) > 0
    assert p.peak_bytes >= 4 * 30 * 50


def test_operations_that_share_code_keep_their_names():
    x = mg.ones(4)
    with mg.profile() as p:
        x.tanh()
        x.exp()
        mg.exp(x)
    assert rows(p.ops)["tanh"].calls == 1 and rows(p.ops)["exp"].calls == 2


def test_lines_are_the_users():
    net = nn.Linear(8, 4)
    x = mg.ones(3, 8)
    with mg.profile() as p:
        y = net(x)  # the line that is measured
        z = y * 2.0
        z.sum().backward()
    texts = [row.text for row in p.lines]
    assert "y = net(x)  # the line that is measured" in texts and "z = y * 2.0" in texts
    line = next(row for row in p.lines if row.text.startswith("y = net"))
    assert line.name.startswith("test_profile.py:") and line.calls == 2  # forward and backward
    assert "y = net(x)" in p.table("line") and "linear" in str(p)


def test_optimizers_are_measured():
    net = nn.Linear(3, 2)
    optimizer = mg.optim.SGD(net.parameters(), lr=0.1)
    with mg.profile() as p:
        net(mg.ones(1, 3)).sum().backward()
        optimizer.step()
    assert rows(p.ops)["SGD.step"].calls == 1


def test_it_is_gone_when_it_is_closed():
    def before(*_):
        return None

    sys.setprofile(before)
    try:
        with pytest.raises(ZeroDivisionError), mg.profile():
            mg.ones(2) + 1
            raise ZeroDivisionError
        assert sys.getprofile() is before
    finally:
        sys.setprofile(None)
    assert not _graph.profile_hook


def test_one_at_a_time_and_again():
    p = mg.profile()
    with p:
        mg.ones(2) * 2.0
        with pytest.raises(RuntimeError, match="must not be opened inside another profile"), mg.profile():
            pass
    with p:
        mg.ones(2) * 2.0
    assert rows(p.ops)["mul"].calls == 2
    with pytest.raises(ValueError, match="by must be 'op' or 'line'"):
        p.table("time")
    assert "(1 more)" in p.table("op", limit=1) or len(p.ops) == 1
