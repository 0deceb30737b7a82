"""What the program says."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.datasets import DataError
from minigrad.projects.neural_network._data import Source
from minigrad.projects.neural_network._model import Design, Saved
from minigrad.projects.neural_network._training import Epoch, Plan, Run, predict

__all__ = [
    "Check",
    "as_json",
    "check_line",
    "epoch_line",
    "gradient_check",
    "perceptron_json",
    "perceptron_lines",
    "prediction_lines",
    "recognise",
    "shown",
    "test_line",
    "time_line",
    "training_line",
    "usual_model",
]

_CHECK_SAMPLES = 4


@dataclass(frozen=True)
class Check:
    """How the gradient check went.

    Attributes
    ----------
    passed : bool
    error : float
        The largest difference, relative to the norm of the gradient of the layer's weights or biases.
    n_checked, n_kinks, n_faint, n_parameters : int
        Parameters compared, left out since a ReLU has its kink within the step, left out since the loss moves by
        less than it is rounded by, and all of them.
    seconds : float
    """

    passed: bool
    error: float
    n_checked: int
    n_kinks: int
    n_faint: int
    n_parameters: int
    seconds: float


def training_line(source: Source) -> str:
    """Say what the network learns from."""
    what = "images" if source.image_size is not None else "samples"
    return (
        f"Training on {source.title} ({source.n_train:,} {what}: {len(source.learn):,} to learn from, "
        f"{len(source.validate):,} to validate)..."
    )


def shown(number: int, epochs: int) -> bool:
    """Whether an epoch is printed without ``-v``: the first, the last, and some ten between."""
    step = max(5, 5 * math.ceil(epochs / 50))
    return number in (1, epochs) or number % step == 0


def epoch_line(epoch: Epoch, epochs: int) -> str:
    """Say what an epoch came to."""
    width = len(str(epochs))
    return (
        f"Epoch {epoch.number:{width}}/{epochs}: loss {epoch.loss:.4f}, "
        f"train accuracy {100 * epoch.train_accuracy:.1f}%, validation accuracy {100 * epoch.validation_accuracy:.1f}%"
    )


def test_line(share: float, n: int) -> str:
    """Say how good the network is on samples it has never seen, with Wilson's interval."""
    z = 1.959963984540054
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (
        f"Test accuracy: {100 * share:.1f}% ({n:,} samples; 95% interval {100 * (middle - half):.1f} to "
        f"{100 * (middle + half):.1f}%)"
    )


def time_line(history: Run, batch_size: int) -> str:
    """Say how long a batch takes in each direction."""
    forward, backward = (1e3 * float(np.median(times)) for times in (history.forward, history.backward))
    return f"Forward pass: {forward:.2f} ms, backpropagation: {backward:.2f} ms (median, batch of {batch_size})"


def gradient_check(model: Any, source: Source) -> Check:
    """Compare every parameter's gradient with finite differences, in float64, as the model predicts.

    The samples are those that the model finds hardest: where it is sure, its gradient is next to nothing.
    """
    samples = source.validate
    own = predict(model, samples.x)[np.arange(len(samples)), samples.y]
    hardest = np.argsort(own, kind="stable")[:_CHECK_SAMPLES]
    x, y = mg.from_numpy(samples.x[hardest]), mg.from_numpy(samples.y[hardest])
    criterion = mg.nn.CrossEntropyLoss()
    was = model.training
    start = time.perf_counter()
    report = mg.check(model.eval(), x, loss=lambda scores: criterion(scores, y))
    model.train(was)
    parameters = [one for one in report.tensors if not one.name.startswith("input ")]
    return Check(
        passed=report.passed and not report.unreached,
        error=max(one.error for one in parameters),
        n_checked=sum(one.entries for one in parameters),
        n_kinks=sum(one.kinks for one in parameters),
        n_faint=sum(one.faint for one in parameters),
        n_parameters=sum(p.numel() for p in model.parameters()),
        seconds=time.perf_counter() - start,
    )


def check_line(check: Check) -> str:
    """Say how the gradient check went."""
    verdict = "PASSED" if check.passed else "FAILED"
    kinks = f"; {check.n_kinks:,} at a kink left out" if check.n_kinks else ""
    kinks += f"; {check.n_faint:,} too small for a difference left out" if check.n_faint else ""
    return (
        f"Gradient check: {verdict} (max relative error {check.error:.1e}, {check.n_checked:,} of "
        f"{check.n_parameters:,} parameters{kinks})"
    )


def perceptron_lines(gate: str, fitted: Any) -> list[str]:
    """Say how a perceptron fared with a gate."""
    name = gate.upper()
    if fitted.converged_:
        (a, b), c = fitted.coef_[0], fitted.intercept_[0]
        return [
            f"{name}: learned with {fitted.n_mistakes_} corrections in {fitted.n_iter_} passes: "
            f"{a:g} x1 {b:+g} x2 {c:+g} > 0",
            f"  Novikoff's bound (R / gamma)^2: at most {fitted.mistake_bound_:.1f} corrections "
            f"(margin gamma {fitted.margin_:.4f})",
        ]
    return [
        f"{name}: not learned: after {fitted.n_mistakes_} corrections the weights are again what they were before",
        "  No line can part it. With output 1 where w1 x1 + w2 x2 + b > 0, the four rows demand",
        "    b <= 0,   w2 + b > 0,   w1 + b > 0,   w1 + w2 + b <= 0;",
        "  the two in the middle add up to w1 + w2 + 2b > 0, the outer two to w1 + w2 + 2b <= 0.",
        "  A hidden layer can: minigrad neural-network xor",
    ]


def perceptron_json(fitted: Any) -> dict[str, Any]:
    """Return a perceptron's result for ``--json``."""
    bound = fitted.mistake_bound_
    return {
        "converged": fitted.converged_,
        "cycled": fitted.cycled_,
        "n_mistakes": fitted.n_mistakes_,
        "mistake_bound": bound if math.isfinite(bound) else None,
        "coef": fitted.coef_[0].tolist(),
        "intercept": float(fitted.intercept_[0]),
    }


def usual_model() -> Path:
    """Return the model that a training run leaves in the current directory."""
    for name in ("mnist", "digits"):
        path = Path(f"neural_network_{name}.safetensors")
        if path.exists():
            return path
    raise DataError(
        "there is no trained model here; train one (minigrad neural-network mnist), or name one with --model PATH"
    )


def recognise(saved: Saved, digit: np.ndarray) -> np.ndarray:
    """Return the class probabilities of an image of 28 x 28 grey levels."""
    flat = digit.reshape(1, -1).astype(np.float32)
    chances: np.ndarray = predict(saved.model, ((flat - saved.shift) / saved.scale).astype(np.float32))[0]
    return chances


def prediction_lines(saved: Saved, chances: np.ndarray, picture: str) -> list[str]:
    """Say what a picture is read as."""
    order = np.argsort(-chances, kind="stable")
    best = ", ".join(f"{saved.class_names[i]} {100 * chances[i]:.1f}%" for i in order[:3])
    return [f"{picture}: {saved.class_names[order[0]]}", f"Likeliest: {best}"]


def as_json(
    source: Source, design: Design, plan: Plan, history: Run, test: float, check: Check, path: Path | None
) -> dict[str, Any]:
    """Return the result as one JSON object."""
    return {
        "data": source.name,
        "synthetic": source.synthetic,
        "n_train": source.n_train,
        "n_test": len(source.test),
        "layers": list(design.layers),
        "activation": design.activation,
        "dropout": design.dropout,
        **{key: value for key, value in asdict(plan).items() if key != "epochs"},
        "lr": plan.peak,
        "epochs": [asdict(epoch) for epoch in history.epochs],
        "test_accuracy": test,
        "gradient_check": {
            "passed": check.passed,
            "max_relative_error": check.error,
            "n_checked": check.n_checked,
            "n_kinks": check.n_kinks,
            "n_faint": check.n_faint,
            "n_parameters": check.n_parameters,
            "seconds": round(check.seconds, 3),
        },
        "model": None if path is None else str(path),
    }
