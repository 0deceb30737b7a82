"""Training: epochs of batches, a schedule, a watch for numbers that are none."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import datasets
from minigrad.projects.neural_network._data import Samples, Source
from minigrad.random import Generator

__all__ = ["DivergedError", "Epoch", "Plan", "accuracy", "predict", "train"]

_OPTIMIZERS = {"sgd": ("SGD", {"momentum": 0.9, "nesterov": True}), "adam": ("Adam", {}), "adamw": ("AdamW", {})}
_RATES = {"sgd": 0.1, "adam": 0.005, "adamw": 0.005}
_WARM = 0.2  # of the steps, in which the learning rate rises


@dataclass(frozen=True)
class Plan:
    """How to train."""

    optimizer: str = "adam"
    lr: float | None = None
    batch_size: int = 128
    epochs: int = 20
    augment: bool = False
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    seed: int = 0

    @property
    def peak(self) -> float:
        """The highest learning rate."""
        return _RATES[self.optimizer] if self.lr is None else self.lr


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to."""

    number: int
    loss: float
    train_accuracy: float
    validation_accuracy: float
    seconds: float


@dataclass
class Run:
    """A training run: its epochs, and how long a batch takes in each direction."""

    epochs: list[Epoch] = field(default_factory=list)
    forward: list[float] = field(default_factory=list)
    backward: list[float] = field(default_factory=list)


class DivergedError(ValueError):
    """The loss or a weight is not finite; `state` is the model's after the last good epoch."""

    def __init__(self, message: str, epoch: int, state: dict[str, Any]) -> None:
        super().__init__(message)
        self.epoch, self.state = epoch, state


def predict(model: Any, x: np.ndarray, batch_size: int = 5000) -> np.ndarray:
    """Return the class probabilities of inputs (n, n_features), as (n, n_classes)."""
    was = model.training
    model.eval()
    with mg.no_grad():
        parts = [
            mg.softmax(model(mg.from_numpy(x[i : i + batch_size])), dim=1).numpy() for i in range(0, len(x), batch_size)
        ]
    model.train(was)
    return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)


def accuracy(model: Any, samples: Samples) -> float:
    """Return the share of samples whose likeliest class is theirs."""
    return float((predict(model, samples.x).argmax(axis=1) == samples.y).mean())


def train(
    model: Any, source: Source, plan: Plan, on_epoch: Callable[[Epoch], None], report: Callable[..., None]
) -> Run:
    """Train `model` on ``source.learn``.

    Parameters
    ----------
    model : Module
    source : Source
    plan : Plan
    on_epoch : callable
        Called with each `Epoch`.
    report : callable
        ``report(done, total)``, steps.

    Raises
    ------
    DivergedError
        If the loss of a batch or a weight is NaN or infinite.
    """
    name, options = _OPTIMIZERS[plan.optimizer]
    optimizer = getattr(mg.optim, name)(model.parameters(), lr=plan.peak, weight_decay=plan.weight_decay, **options)
    criterion = mg.nn.CrossEntropyLoss(label_smoothing=plan.label_smoothing)
    steps = math.ceil(len(source.learn) / plan.batch_size)
    schedule = mg.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=plan.peak, total_steps=steps * plan.epochs, pct_start=_WARM, cycle_momentum=False
    )
    run, good = Run(), copy.deepcopy(model.state_dict())
    shuffler, bender = Generator(plan.seed, stream=3), Generator(plan.seed, stream=4)
    for number in range(1, plan.epochs + 1):
        start = time.perf_counter()
        x = _augmented(source, bender) if plan.augment else source.learn.x
        order = np.argsort(shuffler.uniform(size=len(x)), kind="stable")
        total = hits = 0.0
        for step in range(steps):
            rows = order[step * plan.batch_size : (step + 1) * plan.batch_size]
            loss, right = _step(model, optimizer, criterion, x[rows], source.learn.y[rows], run)
            rate = optimizer.param_groups[0]["lr"]
            where = f"in epoch {number}, batch {step + 1}, at learning rate {rate:.3g}"
            if not math.isfinite(loss):
                raise DivergedError(f"the loss became {loss} {where}{_origin(model, x[rows])}", number - 1, good)
            schedule.step()
            total += loss * len(rows)
            hits += right
            report((number - 1) * steps + step + 1, steps * plan.epochs)
        # The last step of an epoch may spoil the weights before any loss shows it.
        if not all(np.isfinite(p.detach().numpy()).all() for p in model.parameters()):
            raise DivergedError(f"a weight became infinite {where}{_origin(model, x[rows])}", number - 1, good)
        good = copy.deepcopy(model.state_dict())
        epoch = Epoch(
            number, total / len(x), hits / len(x), accuracy(model, source.validate), time.perf_counter() - start
        )
        run.epochs.append(epoch)
        on_epoch(epoch)
    return run


def _step(model: Any, optimizer: Any, criterion: Any, x: np.ndarray, y: np.ndarray, run: Run) -> tuple[float, int]:
    """Do one step of gradient descent; return the batch's loss and how many were right."""
    start = time.perf_counter()
    scores = model(mg.from_numpy(x))
    loss = criterion(scores, mg.from_numpy(y))
    middle = time.perf_counter()
    optimizer.zero_grad()
    loss.backward()
    end = time.perf_counter()
    optimizer.step()
    run.forward.append(middle - start)
    run.backward.append(end - middle)
    return loss.item(), int((scores.detach().numpy().argmax(axis=1) == y).sum())


def _origin(model: Any, x: np.ndarray) -> str:
    """Say which layer is the first whose weights or sums are not finite; nothing if only the loss is."""
    values = mg.from_numpy(x)
    with mg.no_grad():
        linears = 0
        for layer in model:
            values = layer(values)
            if isinstance(layer, mg.nn.Linear):
                linears += 1
                if not all(np.isfinite(p.detach().numpy()).all() for p in layer.parameters()):
                    return f", through the weights of layer {linears}"
                if not np.isfinite(values.numpy()).all():
                    return f", through the sums of layer {linears}"
    return ""


def _augmented(source: Source, generator: Generator) -> np.ndarray:
    """Return the images to learn from, each shifted, turned and bent anew."""
    assert source.image_size is not None
    size = source.image_size
    ground = np.float32(-source.shift / source.scale)
    # Beyond the border an image is 0, so its ground must be.
    bent = datasets.augment((source.learn.x - ground).reshape(-1, size, size), generator)
    return bent.reshape(len(bent), -1) + ground
