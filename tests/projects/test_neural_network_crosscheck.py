"""The network's training against PyTorch's: the same losses from the same weights and batches."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import datasets
from minigrad.projects.neural_network import _model

torch = pytest.importorskip("torch")

STEPS = 200


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "gelu"])
def test_two_hundred_steps_in_double_precision_have_pytorchs_losses(activation: str) -> None:
    digits = datasets.load("digits", n_samples=640, seed=2)
    x, y = digits.data / 255.0, digits.target
    mg.manual_seed(7)
    ours = _model.build(_model.Design((784, 32, 16, 10), activation)).double()
    layers: list[torch.nn.Module] = []
    for layer in ours:
        if isinstance(layer, mg.nn.Linear):
            twin = torch.nn.Linear(layer.in_features, layer.out_features, dtype=torch.float64)
            twin.load_state_dict({k: torch.tensor(v.numpy()) for k, v in layer.state_dict().items()})
            layers.append(twin)
        else:
            layers.append(getattr(torch.nn, type(layer).__name__)())
    theirs = torch.nn.Sequential(*layers)
    optimizers = mg.optim.Adam(ours.parameters(), lr=1e-3), torch.optim.Adam(theirs.parameters(), lr=1e-3)
    losses = np.empty((STEPS, 2))
    for step in range(STEPS):
        rows = np.arange(64 * step, 64 * (step + 1)) % len(x)
        own = mg.nn.functional.cross_entropy(ours(mg.tensor(x[rows], dtype=mg.float64)), mg.tensor(y[rows]))
        other = torch.nn.functional.cross_entropy(theirs(torch.tensor(x[rows]).double()), torch.tensor(y[rows]))
        for loss, optimizer in zip((own, other), optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses[step] = own.item(), other.item()
    assert losses[-1, 0] < losses[0, 0]
    # Rounding differs, and two hundred steps amplify it; a wrong formula would show in the first digits.
    assert np.abs(losses[:, 0] - losses[:, 1]).max() < 1e-6 * losses[0, 1]
    assert np.abs(losses[:20, 0] - losses[:20, 1]).max() < 1e-12 * losses[0, 1]
