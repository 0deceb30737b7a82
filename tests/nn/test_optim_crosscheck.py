"""The optimizers against PyTorch's, over PyTorch's own grid of options."""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

from torch.testing._internal.common_optimizers import optim_db  # noqa: E402

import minigrad as mg  # noqa: E402

SHAPES = [(5, 4), (7,), (), (2, 3, 2)]
STEPS = 12
# PyTorch's own sparse and factored optimizers are not offered; its Muon rounds to bfloat16.
NAMES = [info.optim_cls.__name__ for info in optim_db]
INFOS = [info for info in optim_db if hasattr(mg.optim, info.optim_cls.__name__)]
ELEMENTWISE = [info for info in INFOS if info.optim_cls.__name__ not in ("LBFGS", "Muon")]


def cases():
    for info in ELEMENTWISE:
        for i, given in enumerate(info.optim_inputs_func(device="cpu")):
            if not given.kwargs.get("differentiable"):
                yield pytest.param(info, given.kwargs, id=f"{info.optim_cls.__name__}-{i}")


def ours(kwargs):
    kwargs = copy.deepcopy(kwargs)
    for name, value in kwargs.items():
        if isinstance(value, torch.Tensor):
            kwargs[name] = mg.tensor(value.item())
        elif isinstance(value, tuple):
            kwargs[name] = tuple(v.item() if isinstance(v, torch.Tensor) else v for v in value)
    return kwargs


def test_every_optimizer_of_the_database_is_ours_but_two():
    assert {name for name in NAMES if not hasattr(mg.optim, name)} <= {"SparseAdam", "Adafactor"}


@pytest.mark.parametrize(("info", "kwargs"), list(cases()))
def test_trajectories_are_pytorchs(info, kwargs):
    generator = np.random.default_rng(0)
    start = [generator.standard_normal(shape) for shape in SHAPES]
    theirs = [torch.nn.Parameter(torch.from_numpy(np.array(value))) for value in start]
    mine = [mg.nn.Parameter(mg.tensor(value)) for value in start]
    reference = info.optim_cls(theirs, **kwargs)
    optimizer = getattr(mg.optim, info.optim_cls.__name__)(mine, **ours(kwargs))
    for step in range(STEPS):
        for i, (p, q) in enumerate(zip(theirs, mine, strict=True)):
            # One parameter gets no gradient now and then: it does not move, nor does its count.
            if i == 1 and step % 3 == 1:
                p.grad = q.grad = None
                continue
            grad = generator.standard_normal(SHAPES[i])
            p.grad, q.grad = torch.from_numpy(np.array(grad)), mg.tensor(grad)
        reference.step()
        optimizer.step()
        for p, q in zip(theirs, mine, strict=True):
            np.testing.assert_allclose(q.detach().numpy(), p.detach().numpy(), rtol=1e-10, atol=1e-10)
    for i, (p, q) in enumerate(zip(theirs, mine, strict=True)):
        for name, value in reference.state[p].items():
            if isinstance(value, torch.Tensor):
                got = optimizer.state[q][name].numpy()
                np.testing.assert_allclose(got, value.detach().numpy(), rtol=1e-6, err_msg=f"{name} of {i}")


@pytest.mark.parametrize("kwargs", [{}, {"lr": 0.1}, {"line_search_fn": "strong_wolfe"}, {"history_size": 3}])
@pytest.mark.parametrize("loss", ["rosenbrock", "logistic"])
def test_lbfgs_walks_the_same_way(loss, kwargs):
    if loss == "rosenbrock" and "line_search_fn" not in kwargs:
        kwargs = {**kwargs, "lr": 1e-3}
    generator = np.random.default_rng(3)
    data, sign = generator.standard_normal((30, 4)), np.sign(generator.standard_normal((30, 1)))

    def objective(library, x, y):
        if loss == "rosenbrock":
            return ((1 - x) ** 2).sum() + 100 * ((y - x * x) ** 2).sum()
        a = library.tensor(data * sign)
        weight = library.cat([x.reshape(2, 1), y.reshape(2, 1)])
        return (1 + (-(a @ weight)).exp()).log().sum() + (weight * weight).sum()

    values = []
    for library in (torch, mg):
        params = [library.tensor(np.array([-1.2, 0.7])), library.tensor(np.array([1.0, -0.4]))]
        for param in params:
            param.requires_grad_()
        optimizer = library.optim.LBFGS(params, **kwargs)
        trace = []

        def closure(params=params, optimizer=optimizer, library=library):
            optimizer.zero_grad()
            value = objective(library, *params)
            value.backward()
            return value

        for _ in range(4):
            trace.append(optimizer.step(closure).item())
        values.append([*trace, *[x for param in params for x in param.tolist()]])
    # The two differ by the order of sums; the line search multiplies that by the condition number.
    np.testing.assert_allclose(values[1], values[0], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("shape", [(8, 5), (5, 8), (6, 6)])
@pytest.mark.parametrize("adjust", [None, "original", "match_rms_adamw"])
def test_muon_agrees_to_the_digits_of_bfloat16(shape, adjust):
    generator = np.random.default_rng(1)
    start = generator.standard_normal(shape)
    theirs, mine = torch.nn.Parameter(torch.from_numpy(start.copy())), mg.nn.Parameter(mg.tensor(start))
    reference = torch.optim.Muon([theirs], lr=0.1, adjust_lr_fn=adjust)
    optimizer = mg.optim.Muon([mine], lr=0.1, adjust_lr_fn=adjust)
    for _ in range(4):
        grad = generator.standard_normal(shape)
        theirs.grad, mine.grad = torch.from_numpy(grad.copy()), mg.tensor(grad)
        reference.step()
        optimizer.step()
    moved = np.abs(theirs.detach().numpy() - start).max()
    assert np.abs(mine.detach().numpy() - theirs.detach().numpy()).max() < 0.1 * moved


@pytest.mark.parametrize("order", [2.0, 1.0, 3.0, float("inf")])
@pytest.mark.parametrize("bound", [0.5, 100.0])
def test_clipping_by_norm_and_value(order, bound):
    generator = np.random.default_rng(2)
    grads = [generator.standard_normal(shape) for shape in SHAPES]
    theirs, mine = [torch.nn.Parameter(torch.zeros(s, dtype=torch.float64)) for s in SHAPES], []
    for p, grad in zip(theirs, grads, strict=True):
        q = mg.nn.Parameter(mg.zeros(p.shape, dtype=mg.float64))
        p.grad, q.grad = torch.from_numpy(np.array(grad)), mg.tensor(grad)
        mine.append(q)
    expected = torch.nn.utils.clip_grad_norm_(theirs, bound, order)
    got = mg.nn.utils.clip_grad_norm_(mine, bound, order)
    assert got.item() == pytest.approx(expected.item(), rel=1e-12)
    torch.nn.utils.clip_grad_value_(theirs, 0.1)
    mg.nn.utils.clip_grad_value_(mine, 0.1)
    for p, q in zip(theirs, mine, strict=True):
        np.testing.assert_allclose(q.grad.numpy(), p.grad.numpy(), rtol=1e-12)
