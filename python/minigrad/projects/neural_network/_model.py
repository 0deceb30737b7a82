"""The network: built from a list of widths, saved, and loaded again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

import minigrad as mg
from minigrad.datasets import DataError

__all__ = ["ACTIVATIONS", "Design", "Saved", "build", "count_parameters", "load", "save"]

_MOST_PARAMETERS = 100_000_000  # with their gradients and Adam's two averages they take 1.6 GB
ACTIVATIONS = {"relu": "ReLU", "sigmoid": "Sigmoid", "tanh": "Tanh", "gelu": "GELU"}


@dataclass(frozen=True)
class Design:
    """Widths of the layers, what stands between them, and how inputs are scaled."""

    layers: tuple[int, ...]
    activation: str = "relu"
    dropout: float = 0.0

    def __str__(self) -> str:
        return " → ".join(map(str, self.layers))


def build(design: Design) -> Any:
    """Return the network; its weights come from the default generator."""
    modules: list[Any] = []
    gain = {"relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "gelu": "relu"}[design.activation]
    pairs = list(zip(design.layers, design.layers[1:], strict=False))
    for i, (inputs, outputs) in enumerate(pairs):
        linear = mg.nn.Linear(inputs, outputs)
        if gain == "relu":
            mg.nn.init.kaiming_normal_(linear.weight, nonlinearity="relu" if i + 1 < len(pairs) else "linear")
        else:
            mg.nn.init.xavier_normal_(linear.weight)
        mg.nn.init.zeros_(linear.bias)
        modules.append(linear)
        if i + 1 < len(pairs):
            modules.append(getattr(mg.nn, ACTIVATIONS[design.activation])())
            if design.dropout > 0:
                modules.append(mg.nn.Dropout(design.dropout))
    return mg.nn.Sequential(*modules)


def count_parameters(model: Any) -> int:
    """Return the number of trainable numbers."""
    return sum(p.numel() for p in model.parameters())


@dataclass(frozen=True, eq=False)
class Saved:
    """A model file: the network and what is needed to use it."""

    design: Design
    model: Any
    shift: np.ndarray
    scale: np.ndarray
    class_names: tuple[str, ...]
    image_size: int | None


def save(path: Path, saved: Saved) -> Path:
    """Write the model to `path`, a safetensors file with the design as metadata."""
    mg.save(
        {
            "design": {**asdict(saved.design), "layers": list(saved.design.layers)},
            "class_names": list(saved.class_names),
            "image_size": saved.image_size,
            "shift": mg.tensor(np.atleast_1d(saved.shift).astype(np.float64)),
            "scale": mg.tensor(np.atleast_1d(saved.scale).astype(np.float64)),
            "state": saved.model.state_dict(),
        },
        path,
    )
    return path


def load(path: Path) -> Saved:
    """Read a model that `save` wrote.

    Raises
    ------
    DataError
        If the file is missing, damaged, or holds something else.
    """
    if not path.exists():
        raise DataError(f"{path}: there is no such model; train one first: minigrad neural-network mnist")
    content = mg.load(path)
    try:
        design = Design(**{**content["design"], "layers": tuple(content["design"]["layers"])})
        model = build(design)
        model.load_state_dict(content["state"])
        return Saved(
            design,
            model.eval(),
            content["shift"].numpy(),
            content["scale"].numpy(),
            tuple(content["class_names"]),
            content["image_size"],
        )
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise DataError(f"{path}: is not a model of this program ({error}); train one anew") from None


def widths(text: str | None, n_features: int, n_classes: int, image: bool) -> Sequence[int]:
    """Return the layers that `text` names, or the usual ones; they must fit the data.

    Raises
    ------
    click.UsageError
        If they do not.
    """
    if text is None:
        hidden = (128, 64) if image else (32, 32)
        return (n_features, *hidden, n_classes)
    try:
        layers = tuple(int(part) for part in text.replace("-", ",").split(","))
    except ValueError:
        raise click.UsageError(
            f"--layers must be widths parted by commas, such as 784,128,64,10; got {text!r}"
        ) from None
    if len(layers) < 2 or min(layers) < 1:
        raise click.UsageError(f"--layers must name two widths at least, each 1 or more; got {text!r}")
    pairs = zip(layers, layers[1:], strict=False)
    if sum((inputs + 1) * outputs for inputs, outputs in pairs) > _MOST_PARAMETERS:
        raise click.UsageError(f"--layers must make {_MOST_PARAMETERS:,} parameters at most; got {text!r}")
    if layers[0] != n_features or layers[-1] != n_classes:
        raise click.UsageError(
            f"--layers must begin with the {n_features} features and end with the {n_classes} classes of the data; "
            f"got {text!r}"
        )
    return layers
