"""The playground: what can be chosen, and the laboratory that the choice makes."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import datasets
from minigrad.datasets import DataError
from minigrad.nn.modules.module import Module
from minigrad.projects.backprop_viz._lab import Lab, LayerView

__all__ = ["ACTIVATIONS", "DATA", "INITS", "OPTIMIZERS", "Choice", "Playground"]

ACTIVATIONS = ("sigmoid", "relu", "tanh")
DATA = ("xor", "circle", "spiral", "moons")
INITS = ("xavier", "he", "normal", "zero")
OPTIMIZERS = ("sgd", "momentum", "adam")
_MOST_LAYERS, _MOST_NODES = 50, 32
_OF_THE_SAMPLES = ("data", "noise", "n_samples", "seed", "drop_missing", "label", "inputs")


@dataclass(frozen=True)
class Choice:
    """Everything that can be chosen; two equal choices make the same run.

    Attributes
    ----------
    data : str
        One of `DATA`, or the path of a CSV file.
    hidden : tuple of int
        Widths of the hidden layers.
    activations : tuple of str
        One for each hidden layer.
    init, optimizer : str
    lr : float
    noise : float
        Of the generated data.
    l2 : float
        Weight decay.
    skip : bool
        Add a layer's input to its output where the widths agree.
    n_samples, seed : int
        Of the generated data; the seed also of the weights.
    drop_missing : bool
        Leave out rows of a CSV file in which a value is missing.
    label : str or None
        The column of a CSV file that names the classes; by default its only column of text.
    inputs : tuple of str
        Two columns of numbers of a CSV file; by default those that there are.
    """

    data: str = "xor"
    hidden: tuple[int, ...] = (4, 4)
    activations: tuple[str, ...] = ("tanh", "tanh")
    init: str = "xavier"
    optimizer: str = "sgd"
    lr: float = 0.3
    noise: float = 0.05
    l2: float = 0.0
    skip: bool = False
    n_samples: int = 200
    seed: int = 0
    drop_missing: bool = False
    label: str | None = None
    inputs: tuple[str, ...] = ()

    def changed(self, **values: Any) -> Choice:
        """Return the choice with some values changed, checked.

        Raises
        ------
        ValueError
            If a value is not allowed; the message says what is.
        """
        known = {f.name for f in fields(self)}
        for name in values:
            if name not in known:
                raise ValueError(f"there is no knob {name!r}; there are {', '.join(sorted(known))}")
        if "hidden" in values and "activations" not in values:
            widths = tuple(values["hidden"])
            last = self.activations[-1] if self.activations else "tanh"
            values["activations"] = (self.activations + (last,) * len(widths))[: len(widths)]
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        made = replace(self, **plain)
        made.check()
        return made

    def check(self) -> None:
        """Raise ValueError for what is not allowed."""
        if len(self.hidden) > _MOST_LAYERS or not all(
            isinstance(w, int) and 1 <= w <= _MOST_NODES for w in self.hidden
        ):
            raise ValueError(
                f"hidden must be at most {_MOST_LAYERS} layers of 1 to {_MOST_NODES} nodes; got {list(self.hidden)}"
            )
        if len(self.activations) != len(self.hidden) or any(a not in ACTIVATIONS for a in self.activations):
            raise ValueError(
                f"activations must be one of {', '.join(ACTIVATIONS)} for each of {len(self.hidden)} hidden layers; "
                f"got {list(self.activations)}"
            )
        for name, allowed in (("init", INITS), ("optimizer", OPTIMIZERS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}; got {getattr(self, name)!r}")
        if not 0 < self.lr < 1e6:
            raise ValueError(f"lr must be more than 0 and less than 1e6; got {self.lr}")
        for name in ("noise", "l2"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1; got {getattr(self, name)}")
        if not 4 <= self.n_samples <= 2000:
            raise ValueError(f"n_samples must be from 4 to 2000; got {self.n_samples}")


class _Net(Module):
    """Linear layers with an activation after each but the last."""

    def __init__(self, widths: tuple[int, ...], activations: tuple[str, ...], skip: bool) -> None:
        super().__init__()
        pairs = zip(widths, widths[1:], strict=False)
        self.layers = mg.nn.ModuleList([mg.nn.Linear(i, o, dtype=mg.float64) for i, o in pairs])
        self.functions = [{"sigmoid": mg.sigmoid, "relu": mg.relu, "tanh": mg.tanh}[name] for name in activations]
        self.skip = skip

    def forward(self, x: Any) -> Any:
        for layer, function in zip(self.layers, self.functions, strict=False):
            made = function(layer(x))
            x = made + x if self.skip and made.shape == x.shape else made
        return self.layers[-1](x)


def _initialise(net: Any, init: str, seed: int) -> None:
    mg.manual_seed(seed)
    draw = {
        "xavier": mg.nn.init.xavier_normal_,
        "he": lambda w: mg.nn.init.kaiming_normal_(w, nonlinearity="relu"),
        "normal": mg.nn.init.normal_,
        "zero": mg.nn.init.zeros_,
    }[init]
    for layer in net.layers:
        draw(layer.weight)
        mg.nn.init.zeros_(layer.bias)


def _samples(choice: Choice) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 2) and their classes (n,), 0 or 1."""
    if choice.data in DATA:
        name = "spirals" if choice.data == "spiral" else choice.data
        data = datasets.load(name, n_samples=choice.n_samples, noise=choice.noise, seed=choice.seed)
        assert data.target is not None
        return data.data, data.target
    if not Path(choice.data).suffix and not Path(choice.data).exists():
        raise DataError(f"{choice.data}: is neither a file here nor one of {', '.join(DATA)}")
    return _own_samples(choice)


def _own_samples(choice: Choice) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of a CSV file, brought into the square from -1 to 1, and their classes."""
    table = datasets.read_csv(choice.data, label=choice.label, drop_missing=choice.drop_missing)
    names = table.feature_names
    for column in choice.inputs:
        if column not in names:
            raise DataError(f"{choice.data}: {column!r} is not a column of numbers; there are {', '.join(names)}")
    picked = choice.inputs or names
    if len(picked) != 2:
        raise DataError(
            f"{choice.data}: the plane has two coordinates; choose two of the columns {', '.join(names)} "
            "with --inputs A,B"
            if len(names) > 2
            else f"{choice.data}: the plane has two coordinates; the file has the column {', '.join(names)} alone"
        )
    if table.label is None:
        raise DataError(f"{choice.data}: no column names the classes; say which with --label COLUMN")
    classes, target = np.unique(table.label, return_inverse=True)
    if len(classes) != 2:
        raise DataError(f"{choice.data}: there must be two classes; got {len(classes)}")
    values = table.values[:, [names.index(column) for column in picked]]
    low, high = values.min(axis=0), values.max(axis=0)
    return (values - (low + high) / 2) / np.where(high > low, (high - low) / 2, 1), target


class Playground:
    """A choice and its laboratory; changing the choice makes a new laboratory."""

    def __init__(self, choice: Choice) -> None:
        choice.check()
        self.choice = choice
        self.points, self.target = _samples(choice)
        self.lab = self._build()

    def _build(self) -> Lab:
        choice = self.choice
        net = _Net((2, *choice.hidden, 1), choice.activations, choice.skip)
        _initialise(net, choice.init, choice.seed)
        makers = {
            "sgd": lambda p: mg.optim.SGD(p, lr=choice.lr, weight_decay=choice.l2),
            "momentum": lambda p: mg.optim.SGD(p, lr=choice.lr, momentum=0.9, weight_decay=choice.l2),
            "adam": lambda p: mg.optim.Adam(p, lr=choice.lr, weight_decay=choice.l2),
        }
        return Lab(
            net,
            np.ascontiguousarray(self.points, np.float64),
            self.target.astype(np.float64)[:, None],
            mg.nn.BCEWithLogitsLoss(),
            makers[choice.optimizer],
            mg.sigmoid,
        )

    def change(self, **values: Any) -> None:
        """Change knobs. The learning rate alone goes on from here; all others begin anew.

        Raises
        ------
        ValueError
            If a value is not allowed; then nothing changes.
        """
        choice = self.choice.changed(**values)
        if set(values) == {"lr"}:
            self.choice = choice
            self.lab.set_learning_rate(choice.lr)
            return
        before = self.choice, self.points, self.target
        self.choice = choice
        try:
            if any(getattr(choice, name) != getattr(before[0], name) for name in _OF_THE_SAMPLES):
                self.points, self.target = _samples(choice)
            self.lab = self._build()
        except Exception:
            self.choice, self.points, self.target = before
            raise

    @property
    def synthetic(self) -> bool:
        """Whether the samples were generated."""
        return self.choice.data in DATA

    @property
    def accuracy(self) -> float:
        """Share of the samples on the right side."""
        return float(((self.lab.record.outputs[:, 0] > 0.5) == (self.target == 1)).mean())

    def decision_map(self, side: int = 48, limit: float = 1.3) -> np.ndarray:
        """Return the output on a grid of side x side points over [-limit, limit] squared, y upward."""
        ticks = np.linspace(-limit, limit, side)
        grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
        return self.lab.predict(grid)[:, 0].reshape(side, side)

    def state(self, sample: int | None = None) -> dict[str, Any]:
        """Return everything that a window or a page shows, as plain lists and numbers.

        Parameters
        ----------
        sample : int, optional
            Show this sample's activations and deltas; by default their means over the batch
            (of the activations) and root mean squares times n (of the deltas). A number that is not
            finite, which JSON has no word for, is None.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return _plain(self._state(sample))  # type: ignore[no-any-return]

    def _state(self, sample: int | None) -> dict[str, Any]:
        lab = self.lab
        record = lab.record
        return {
            "choice": {
                **asdict(self.choice),
                "hidden": list(self.choice.hidden),
                "activations": list(self.choice.activations),
                "inputs": list(self.choice.inputs),
            },
            "step": lab.time,
            "last_step": len(lab.history) - 1,
            "loss": record.loss,
            "accuracy": self.accuracy,
            "n_parameters": lab.n_parameters,
            "widths": lab.widths,
            "problem": lab.problem,
            "sample": sample,
            "activations": [_column(a, sample) for a in record.activations],
            "layers": [_layer(layer, sample) for layer in record.layers],
            "grad_norms": [layer.grad_norm for layer in record.layers],
            "dead": lab.dead_nodes(),
        }


def _plain(value: Any) -> Any:
    """Return nested dicts and lists with None in place of numbers that are not finite."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _column(values: np.ndarray, sample: int | None) -> list[float]:
    shown = values.mean(axis=0) if sample is None else values[sample]
    return [float(v) for v in shown]


def _layer(layer: LayerView, sample: int | None) -> dict[str, Any]:
    n = len(layer.inputs)
    # The loss is a mean over n samples, so a sample's own delta is n times what arrived.
    deltas = n * np.sqrt((layer.deltas**2).mean(axis=0)) if sample is None else n * layer.deltas[sample]
    return {
        "weight": layer.weight.tolist(),
        "weight_grad": layer.weight_grad.tolist()
        if sample is None
        else (n * layer.deltas[sample][:, None] * layer.inputs[sample][None, :]).tolist(),
        "bias": layer.bias.tolist(),
        "bias_grad": layer.bias_grad.tolist() if sample is None else (n * layer.deltas[sample]).tolist(),
        "sums": _column(layer.sums, sample),
        "deltas": [float(d) for d in deltas],
    }
