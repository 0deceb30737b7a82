"""Checkpointing: the same gradients, computed twice."""

import pytest

import minigrad as mg
from minigrad import nn
from minigrad.utils.checkpoint import checkpoint, checkpoint_sequential

pytestmark = pytest.mark.native


def net():
    mg.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))


def gradients(model, x, call):
    mg.manual_seed(2)
    model.zero_grad()
    x.grad = None
    call(x).sum().backward()
    return [t.grad.tolist() for t in (x, *model.parameters())]


def test_the_same_gradients():
    model = net()
    x = mg.randn(4, 3, requires_grad=True)
    plain = gradients(model, x, model)
    assert gradients(model, x, lambda v: checkpoint(model, v, use_reentrant=False)) == plain
    for segments in (1, 2, 3, 6):
        assert gradients(model, x, lambda v, n=segments: checkpoint_sequential(model, n, v)) == plain


def test_parameters_alone_may_need_gradients():
    model = net()
    checkpoint(model, mg.ones(2, 3)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    found = mg.autograd.grad(checkpoint(model, mg.ones(2, 3)).sum(), list(model.parameters()))
    assert len(found) == 6


def test_it_is_called_again_in_backward():
    calls = []

    def function(x, scale=1.0):
        calls.append(mg.is_grad_enabled())
        return x * x * scale, "text", x.detach()

    x = mg.tensor([3.0], requires_grad=True)
    out = checkpoint(function, x, scale=2.0)
    assert calls == [True] and out[1] == "text" and not out[2].requires_grad and isinstance(out, tuple)
    out[0].backward()
    assert calls == [True, True] and x.grad.tolist() == [12.0]
    with mg.no_grad():
        assert not checkpoint(function, x)[0].requires_grad
    assert checkpoint(lambda v: v * 2.0, mg.ones(2)).requires_grad is False


def test_refusals():
    with pytest.raises(TypeError, match="function must be callable"):
        checkpoint(3)
    with pytest.raises(ValueError, match="segments must be from 1 to 6"):
        checkpoint_sequential(net(), 7, mg.ones(1, 3))
    x = mg.ones(1, requires_grad=True)
    with pytest.raises(RuntimeError, match="has no second derivative"):
        mg.autograd.grad(checkpoint(lambda v: v * v, x).sum(), x, create_graph=True)
