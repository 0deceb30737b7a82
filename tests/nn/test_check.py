"""`check`: right models pass with every element compared, wrong ones are found and named."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn

pytestmark = pytest.mark.native


class Wrong(mg.autograd.Function):
    """The square, with a gradient that is a tenth too large at its second element."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        factor = np.full(x.shape, 2.0)
        factor.flat[1] = 2.2
        return grad * x * mg.tensor(factor, dtype=x.dtype)


class Net(nn.Module):
    def __init__(self, activation=None):
        self.first = nn.Linear(3, 5)
        self.second = nn.Linear(5, 2)
        self.unused = nn.Parameter(mg.ones(2))
        self.activation = activation or mg.tanh

    def forward(self, x):
        return self.second(self.activation(self.first(x)))


X = mg.tensor(np.arange(12.0).reshape(4, 3) / 10 - 0.5)


def test_every_element_is_compared():
    net = Net()
    before = {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}
    report = mg.check(net, X)
    assert report and report.passed and report.error < 1e-8
    assert report.entries == 15 + 5 + 10 + 2 + 12 and report.unreached == ["unused"]
    assert [one.name for one in report.tensors] == [
        *("first.weight", "first.bias", "second.weight", "second.bias", "input 0")
    ]
    text = str(report)
    assert text.startswith("Gradient check: PASSED") and "44 elements" in text and "does not depend on it" in text
    for name, tensor in net.state_dict().items():
        assert tensor.dtype == mg.float32
        np.testing.assert_array_equal(tensor.numpy(), before[name])
    assert all(p.grad is None for p in net.parameters())


def test_a_wrong_gradient_is_found():
    report = mg.check(Wrong.apply, mg.tensor([1.0, 2.0, 3.0]))
    assert not report and report.tensors[0].worst == (1,)
    one = report.tensors[0]
    assert one.analytic == pytest.approx(1.1 * one.numeric) and "FAILED" in str(report) and "<- at (1,)" in str(report)
    assert not mg.check(Net(Wrong.apply), X)


def test_kinks_are_left_out_and_counted():
    x = mg.tensor([[-1.0, 0.0, 2.0, 1e-7]])
    report = mg.check(mg.relu, x)
    assert report.passed and report.kinks == 2 and report.entries == 2 and "2 at kinks left out" in str(report)


def test_a_wrong_gradient_is_not_taken_for_a_kink():
    class Curved(mg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x * 1000.0

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * x * x * 3001.0

    report = mg.check(Curved.apply, mg.tensor([0.5, -2.0, 3.0]))
    assert not report and report.kinks == 0


def test_own_loss_and_other_inputs():
    target = mg.tensor([0, 1, 1, 0])

    def loss(out):
        difference = out[:, 0] - target.double()
        return (difference * difference).mean()

    assert mg.check(Net(), X, loss=loss)
    embedding = lambda i, w: w[i] * w[i]  # noqa: E731
    assert mg.check(embedding, mg.tensor([0, 2, 2]), mg.tensor([[1.0], [2.0], [3.0]]))
    with pytest.raises(ValueError, match=r"check: loss must be a scalar tensor; got \(4, 2\)"):
        mg.check(Net(), X, loss=lambda out: out)


def test_samples_and_randomness():
    net = nn.Sequential(nn.Linear(3, 40), nn.Dropout(0.5), nn.Linear(40, 1))
    report = mg.check(net, X, samples=7)
    assert report and report.entries == 7 + 7 + 7 + 1 + 7


def test_refusals():
    with pytest.raises(ValueError, match="check: eps must be"):
        mg.check(Net(), X, eps=0.0)
    with pytest.raises(ValueError, match="check: samples must be"):
        mg.check(Net(), X, samples=0)


# --- gradcheck


def leaf(*shape, start=0.3):
    values = np.arange(np.prod(shape)).reshape(shape) * 0.37 + start
    return mg.tensor(values, dtype=mg.float64, requires_grad=True)


def test_gradcheck_passes():
    assert mg.autograd.gradcheck(lambda a, b: (a @ b).tanh(), (leaf(2, 3), leaf(3, 2)))
    assert mg.autograd.gradcheck(lambda a: (a * 2, a.sum(), a > 1), leaf(3))
    assert mg.autograd.gradcheck(lambda a, n: a * n, (leaf(2), 3.0))
    assert mg.autograd.gradcheck(lambda a: a, leaf(0, 3))
    assert mg.autograd.gradcheck(lambda a: mg.tensor(1.0, dtype=mg.float64), leaf(2))


def test_gradcheck_fails_and_says_where():
    with pytest.raises(
        mg.autograd.GradcheckError, match="output 0 with respect to input 0: at output element 1"
    ) as error:
        mg.autograd.gradcheck(Wrong.apply, leaf(3))
    assert "1 of 9 entries differ" in str(error.value) and "\n" not in str(error.value)
    assert not mg.autograd.gradcheck(Wrong.apply, leaf(3), raise_exception=False)
    with pytest.raises(RuntimeError, match="at least one input must require grad"):
        mg.autograd.gradcheck(lambda a: a, mg.ones(2))
    with pytest.raises(RuntimeError, match="memory of its own"):
        mg.autograd.gradcheck(lambda a: a * a, mg.ones(1, dtype=mg.float64).expand(3).requires_grad_())


def test_a_backward_that_changes_its_mind():
    class Fickle(mg.autograd.Function):
        calls = 0

        @staticmethod
        def forward(ctx, x):
            return x * 1.0

        @staticmethod
        def backward(ctx, grad):
            Fickle.calls += 1
            return grad * (1.0 + 1e-8 * Fickle.calls)

    with pytest.raises(RuntimeError, match="not reentrant"):
        mg.autograd.gradcheck(Fickle.apply, leaf(2))
    assert mg.autograd.gradcheck(Fickle.apply, leaf(2), nondet_tol=1e-3)


def test_second_derivatives():
    assert mg.autograd.gradgradcheck(lambda a, b: (a @ b).tanh() * b.sum(), (leaf(2, 3), leaf(3, 2)))
    assert mg.autograd.gradgradcheck(lambda a: a * a * a, leaf(3), leaf(3, start=1.0))

    class Cut(Wrong):
        @staticmethod
        def backward(ctx, grad):
            return grad * 2.0 * ctx.saved_tensors[0].detach()

    assert mg.autograd.gradcheck(Cut.apply, leaf(3))
    assert not mg.autograd.gradgradcheck(Cut.apply, leaf(3), raise_exception=False)
