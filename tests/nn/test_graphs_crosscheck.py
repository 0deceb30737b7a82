"""Random graphs with views, broadcasting, reuse and changes in place: values and gradients must be PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch")


class QuirkError(Exception):
    """PyTorch refuses what is sound: a view of a tensor that became part of the graph counts as a leaf there."""


class Twin:
    """A tensor of each library, holding the same numbers."""

    def __init__(self, ours: Any, theirs: Any) -> None:
        self.ours, self.theirs = ours, theirs

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.theirs.shape)


def _both(apply: Any, *operands: Twin) -> Twin | None:
    """Apply a function to both; None if both refuse."""
    try:
        theirs = apply(*[o.theirs for o in operands])
    except (RuntimeError, IndexError) as error:
        if "a leaf Variable" in str(error) and not any(o.theirs.is_leaf for o in operands[:1]):
            raise QuirkError from None
        with pytest.raises((RuntimeError, IndexError, ValueError)):
            apply(*[o.ours for o in operands])
        return None
    ours = apply(*[o.ours for o in operands])
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-9, atol=1e-12)
    assert ours.requires_grad == theirs.requires_grad
    return Twin(ours, theirs)


def _view(rng: np.random.Generator, t: Twin) -> Any:
    n = len(t.shape)
    dim = int(rng.integers(n)) if n else 0
    other = int(rng.integers(n)) if n else 0
    choices: list[Any] = [
        lambda x: x.reshape(-1),
        lambda x: x.unsqueeze(dim),
        lambda x: x.squeeze(),
        lambda x: x[..., None],
    ]
    if n and t.shape[dim]:
        extent = t.shape[dim]
        index = int(rng.integers(extent))
        low, high = sorted(int(i) for i in rng.integers(extent + 1, size=2))
        choices += [
            lambda x: x.transpose(dim, other),
            lambda x: x.select(dim, index),
            lambda x: x.narrow(dim, low, high - low),
            lambda x: x.split(max(extent // 2, 1), dim)[-1] * 1.0,
            lambda x: x[(slice(None),) * dim + (slice(None, None, 2),)],
            lambda x: x.expand(2, *x.shape),
            lambda x: x.flatten(),
            lambda x: x.diagonal() if n > 1 else x,
        ]
    return choices[int(rng.integers(len(choices)))]


def _unary(rng: np.random.Generator) -> Any:
    return [
        lambda x: x.tanh(),
        lambda x: x * 0.5,
        lambda x: -x,
        lambda x: x.sigmoid(),
        lambda x: x.flip(0) if x.dim() else x * 1,
        lambda x: x.cumsum(0) if x.dim() else x * 1,
        lambda x: x.tril() if x.dim() > 1 else x * 1,
        lambda x: (x * x + 1).sqrt(),
    ][int(rng.integers(8))]


def _inplace(rng: np.random.Generator, t: Twin, value: Twin) -> Any:
    n = len(t.shape)
    dim = int(rng.integers(n)) if n else 0
    index = int(rng.integers(t.shape[dim])) if n and t.shape[dim] else 0

    def assign(x: Any, v: Any) -> Any:
        x[(slice(None),) * dim + (index,)] = v.sum()
        return x

    def assign_masked(x: Any, v: Any) -> Any:
        x[x > 0.3] = v.mean() if v.numel() else 0.0
        return x

    def add(x: Any, v: Any) -> Any:
        return x.add_(v.sum())

    if not t.theirs.numel():
        return lambda x, v: x * 1
    if any(stride == 0 and extent > 1 for stride, extent in zip(t.theirs.stride(), t.shape, strict=True)):
        return add  # which both refuse: elements share memory
    choices: list[Any] = [
        add,
        lambda x, v: x.mul_(0.5),
        lambda x, v: x.mul_(v.sum().tanh()),
        lambda x, v: x.zero_(),
        lambda x, v: x.tanh_(),
        assign_masked,
    ]
    if n and t.shape[dim]:
        choices += [assign, assign]
    return choices[int(rng.integers(len(choices)))]


def _binary(rng: np.random.Generator) -> Any:
    return [
        lambda a, b: a + b,
        lambda a, b: a * b,
        lambda a, b: a - b,
        lambda a, b: a @ b,
        lambda a, b: a / (b * b + 1),
    ][int(rng.integers(5))]


def _leaf(rng: np.random.Generator) -> Twin:
    shape = tuple(int(n) for n in rng.integers(1, 4, size=rng.integers(0, 4)))
    data = rng.standard_normal(shape)
    grad = bool(rng.random() < 0.8)
    return Twin(
        mg.tensor(data, dtype=mg.float64, requires_grad=grad),
        torch.tensor(data, dtype=torch.float64, requires_grad=grad),
    )


def _grow(rng: np.random.Generator, pool: list[Twin], steps: int) -> None:
    for _ in range(steps):
        t = pool[int(rng.integers(len(pool)))]
        kind = rng.random()
        other = pool[int(rng.integers(len(pool)))]
        if kind < 0.3:
            made = _both(_view(rng, t), t)
        elif kind < 0.5:
            made = _both(_unary(rng), t)
        elif kind < 0.75:
            made = _both(_binary(rng), t, other)
        else:
            made = _both(_inplace(rng, t, other), t, other)
        if made is not None:
            pool.append(made)


def _run(seed: int) -> None:
    rng = np.random.default_rng(seed)
    leaves = [_leaf(rng) for _ in range(int(rng.integers(1, 4)))]
    pool = list(leaves)
    try:
        _grow(rng, pool, int(rng.integers(3, 16)))
    except QuirkError:
        return
    for t in pool:
        np.testing.assert_allclose(t.ours.detach().numpy(), t.theirs.detach().numpy(), rtol=1e-9, atol=1e-12)
    ends = [t for t in pool[-3:] if t.theirs.requires_grad and t.theirs.numel()]
    if not ends:
        return
    loss = [sum((getattr(t, side) * 0.3).sum() for t in ends) for side in ("ours", "theirs")]
    try:
        loss[1].backward()
    except RuntimeError:
        return  # a saved result was changed; ours, which may have kept a copy, need not refuse
    loss[0].backward()
    for leaf in leaves:
        assert leaf.ours.is_leaf == leaf.theirs.is_leaf
        if not leaf.theirs.is_leaf:
            continue
        if leaf.theirs.grad is None:
            assert leaf.ours.grad is None or not leaf.ours.grad.numpy().any()
        else:
            got = leaf.ours.grad
            assert got is not None or not leaf.theirs.grad.any()
            if got is not None:
                np.testing.assert_allclose(got.numpy(), leaf.theirs.grad.numpy(), rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("block", range(4))
def test_random_graphs(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        try:
            _run(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_many_random_graphs(block: int) -> None:
    for seed in range(1000 + block * 500, 1000 + block * 500 + 500):
        try:
            _run(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
