"""The framework against PyTorch: ``python -m benchmarks.nn``.

Each family is a generator of cases; `FAMILIES` lists them. Both sides get the same shapes and
the same program, written with the public names of either.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

import minigrad as mg
from benchmarks.harness import Case, main

SIZES = (784, 128, 64, 10)


def mlp(lib: Any) -> Any:
    """Return a 784-128-64-10 network written as a user writes it, in minigrad or in PyTorch."""

    class MLP(lib.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = lib.nn.Linear(784, 128)
            self.fc2 = lib.nn.Linear(128, 64)
            self.fc3 = lib.nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            x = lib.relu(self.fc1(x))
            x = lib.relu(self.fc2(x))
            return self.fc3(x)

    return MLP()


def training(lib: Any, x: np.ndarray, y: np.ndarray, batch: int, wrap: Callable[[Any], Any] | None = None) -> Any:
    """Return a function that trains over all rows of `x` once, in batches."""
    model = mlp(lib)
    options = {"fused": True} if lib is torch else {}
    optimizer = lib.optim.Adam(model.parameters(), lr=1e-3, **options)
    inputs, labels = lib.tensor(x), lib.tensor(y)
    loss_of = lib.nn.functional.cross_entropy
    call = model if wrap is None else wrap(model)

    def epoch() -> None:
        for start in range(0, len(x), batch):
            optimizer.zero_grad()
            loss = loss_of(call(inputs[start : start + batch]), labels[start : start + batch])
            loss.backward()
            optimizer.step()

    return epoch


def classifier(x: np.ndarray, y: np.ndarray, batch: int) -> Callable[[], object]:
    """Return scikit-learn's training over all rows of `x` once."""
    model = MLPClassifier(SIZES[1:3], batch_size=batch, max_iter=1)

    def epoch() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(x, y)

    return epoch


def mlp_cases(quick: bool) -> Iterator[Case]:
    """Train the network of MNIST's shape: 100 steps and the loading of each batch."""
    rng = np.random.default_rng(0)
    steps = 20 if quick else 100
    for batch in (64, 256):
        n = steps * batch
        x = rng.standard_normal((n, SIZES[0]), dtype=np.float32)
        y = rng.integers(0, SIZES[-1], n)
        rivals = {"PyTorch eager, fused Adam": training(torch, x, y, batch)}
        if not quick:
            rivals["torch.compile"] = training(torch, x, y, batch, torch.compile)
            rivals["MLPClassifier"] = classifier(x, y, batch)
        yield Case(
            f"MLP 784-128-64-10 batch {batch}, {steps} steps", training(mg, x, y, batch), rivals, n / 1e3, "krow/s"
        )


def there_and_back(lib: Any, function: Callable[[Any], Any], n: int) -> Callable[[], None]:
    """Return forward and backward of an elementwise function on n floats."""
    values = np.random.default_rng(0).standard_normal(n, dtype=np.float32)
    x, grad = lib.tensor(values), lib.ones(n)
    x.requires_grad_()

    def call() -> None:
        x.grad = None
        function(x).backward(grad)

    return call


def activation_cases(quick: bool) -> Iterator[Case]:
    """Activations forward and backward."""
    n = 1 << 20 if quick else 1 << 22
    names = [("gelu", {}), ("gelu", {"approximate": "tanh"}), ("silu", {}), ("relu", {}), ("sigmoid", {}), ("tanh", {})]
    for name, options in names:
        calls = []
        for lib in (mg, torch):
            function = getattr(lib.nn.functional, name)
            calls.append(there_and_back(lib, lambda x, f=function, o=options: f(x, **o), n))
        shown = f"{name} {'tanh ' if options else ''}forward and backward {n >> 20}M"
        yield Case(shown, calls[0], {"PyTorch": calls[1]}, n / 1e6, "Mvalue/s")


def small_step(lib: Any) -> Callable[[], None]:
    """Return one training step of a 2-4-4-1 network."""
    model = lib.nn.Sequential(
        lib.nn.Linear(2, 4), lib.nn.Tanh(), lib.nn.Linear(4, 4), lib.nn.Tanh(), lib.nn.Linear(4, 1), lib.nn.Sigmoid()
    )
    optimizer = lib.optim.SGD(model.parameters(), lr=0.1)
    x = lib.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = lib.tensor([[0.0], [1.0], [1.0], [0.0]])

    def step() -> None:
        optimizer.zero_grad()
        loss = lib.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()

    return step


def overhead_cases(quick: bool) -> Iterator[Case]:
    """Operations so small that only their administration counts."""
    for name, call in (("x * x", lambda lib, x: x * x), ("exp", lambda lib, x: lib.exp(x))):
        for records in (False, True):
            calls = []
            for lib in (mg, torch):
                x = lib.tensor([1.5], requires_grad=records)
                calls.append(lambda call=call, lib=lib, x=x: call(lib, x))
            shown = f"{name}, one element{', recorded' if records else ''}"
            yield Case(shown, calls[0], {"PyTorch": calls[1]}, threads=(1,))
    yield Case("training step 2-4-4-1", small_step(mg), {"PyTorch": small_step(torch)}, threads=(1,))


FAMILIES = [mlp_cases, activation_cases, overhead_cases]


def cases(quick: bool) -> Iterator[Case]:
    """All families."""
    torch.manual_seed(0)
    for family in FAMILIES:
        yield from family(quick)


if __name__ == "__main__":
    main("nn", cases)
