"""The laboratory: a network, its data, every step it took, and what flowed through it.

The laboratory knows nothing of windows and pages; both show the same `Lab` and turn its
knobs. Layer l holds the weights from nodes l to nodes l + 1:

    z = W a + b,    a' = f(z),    delta = dL/dz,    dL/dW[j, i] = mean over the batch of delta[j] a[i]

(the loss is a mean, so the batch's average is part of delta). What is shown is what
automatic differentiation recorded: the values of `z`, the gradients that arrived at them,
and the gradients of the weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minigrad as mg

__all__ = ["Lab", "LayerView", "Record"]

_LONGEST = 20_000  # steps kept; a hundred parameters over this many take 16 MB


@dataclass(frozen=True, eq=False)
class LayerView:
    """One layer at one step: what went in, what came out, and what came back.

    Attributes
    ----------
    inputs : ndarray of shape (n_samples, n_in)
        Activations a of the nodes the layer reads.
    sums : ndarray of shape (n_samples, n_out)
        Weighted sums z.
    deltas : ndarray of shape (n_samples, n_out)
        dL/dz of each sample.
    weight, weight_grad : ndarray of shape (n_out, n_in)
    bias, bias_grad : ndarray of shape (n_out,)
    """

    inputs: np.ndarray
    sums: np.ndarray
    deltas: np.ndarray
    weight: np.ndarray
    weight_grad: np.ndarray
    bias: np.ndarray
    bias_grad: np.ndarray

    @property
    def grad_norm(self) -> float:
        """Euclidean norm of the layer's gradient, weights and biases together."""
        return math.sqrt(float((self.weight_grad**2).sum() + (self.bias_grad**2).sum()))


@dataclass(frozen=True, eq=False)
class Record:
    """One step: the layers, the outputs, and the loss before the step was taken."""

    step: int
    loss: float
    layers: tuple[LayerView, ...]
    outputs: np.ndarray

    @property
    def activations(self) -> list[np.ndarray]:
        """Activations of every column of nodes, inputs first, each (n_samples, n_nodes)."""
        return [layer.inputs for layer in self.layers] + [self.outputs]


@dataclass
class _Moment:
    """What is needed to go back to a step: parameters, the optimizer's memory, loss, norms."""

    values: list[np.ndarray]
    optimizer: dict[str, Any]
    loss: float
    norms: tuple[float, ...]


@dataclass
class Lab:
    """A model under observation.

    Parameters
    ----------
    model : Module
        Its linear layers, in the order in which they run, are what is shown.
    x : ndarray of shape (n_samples, n_features)
    y : ndarray
        What the loss compares the model's output with.
    loss : callable
        ``loss(output, y)``, a scalar tensor.
    optimizer : callable
        ``optimizer(parameters)``, an optimizer.
    squash : callable, optional
        Turns the model's output into what is shown at the last nodes (a sigmoid, say).
    """

    model: Any
    x: np.ndarray
    y: np.ndarray
    loss: Callable[[Any, Any], Any]
    optimizer: Callable[[Any], Any]
    squash: Callable[[Any], Any] | None = None
    time: int = 0
    history: list[_Moment] = field(default_factory=list)
    problem: str = ""

    def __post_init__(self) -> None:
        self._inputs, self._targets = mg.from_numpy(np.ascontiguousarray(self.x)), mg.from_numpy(self.y)
        self.parameters = list(self.model.parameters())
        self._optimizer = self.optimizer(self.parameters)
        self._seen: list[tuple[Any, Any, Any]] = []
        for module in self.model.modules():
            if isinstance(module, mg.nn.Linear):
                module.register_forward_hook(self._observe)
        self.record = self._look()
        if not self.record.layers:
            raise ValueError("viz: model must contain at least one Linear layer; got none")
        self.history = [self._moment()]

    def _observe(self, module: Any, inputs: tuple[Any, ...], output: Any) -> None:
        if output.requires_grad:
            output.retain_grad()
            self._seen.append((module, inputs[0], output))

    def _look(self) -> Record:
        """Run forward and backward at the present weights, and keep what flowed."""
        self._seen.clear()
        self.model.zero_grad()
        output = self.model(self._inputs)
        loss = self.loss(output, self._targets)
        loss.backward()
        layers = tuple(self._view(*seen) for seen in self._seen)
        self._seen.clear()
        shown = output.detach() if self.squash is None else self.squash(output.detach())
        outputs = shown.numpy().reshape(len(self.x), -1).copy()
        return Record(self.time, float(loss.item()), layers, outputs)

    @staticmethod
    def _view(module: Any, inputs: Any, sums: Any) -> LayerView:
        n_out = module.weight.shape[0]
        zero = np.zeros(n_out, np.float64)
        has_bias = module.bias is not None
        return LayerView(
            inputs=inputs.detach().numpy().copy(),
            sums=sums.detach().numpy().copy(),
            deltas=sums.grad.numpy().copy(),
            weight=module.weight.detach().numpy().copy(),
            weight_grad=module.weight.grad.numpy().copy(),
            bias=module.bias.detach().numpy().copy() if has_bias else zero,
            bias_grad=module.bias.grad.numpy().copy() if has_bias else zero,
        )

    def _moment(self) -> _Moment:
        return _Moment(
            values=[p.detach().numpy().copy() for p in self.parameters],
            optimizer=_copied(self._optimizer.state_dict()),
            loss=self.record.loss,
            norms=tuple(layer.grad_norm for layer in self.record.layers),
        )

    # --- time

    def step(self) -> bool:
        """Take one step of the optimizer from the present moment; return False if the loss is not finite.

        A step from the past cuts off what came after it: the run branches.
        """
        if self.problem:
            return False
        del self.history[self.time + 1 :]
        self._optimizer.step()
        self.time += 1
        self.record = self._look()
        if not math.isfinite(self.record.loss) or not all(np.isfinite(p.numpy()).all() for p in self._plain()):
            self.problem = (
                f"the loss became {self.record.loss} at step {self.time}; go back, or lower the learning rate"
            )
        self.history.append(self._moment())
        if len(self.history) > _LONGEST:
            self.problem = f"{_LONGEST:,} steps are kept; reset to go on"
        return not self.problem

    def _plain(self) -> list[Any]:
        return [p.detach() for p in self.parameters]

    def go_to(self, time: int) -> None:
        """Go back (or forward again) to the moment after `time` steps."""
        self.time = min(max(time, 0), len(self.history) - 1)
        moment = self.history[self.time]
        with mg.no_grad():
            for parameter, values in zip(self.parameters, moment.values, strict=True):
                parameter.copy_(mg.from_numpy(values))
        self._optimizer.load_state_dict(_copied(moment.optimizer))
        self.record = self._look()
        self.problem = "" if math.isfinite(self.record.loss) else self.problem

    def set_weight(self, layer: int, to: int, source: int, value: float) -> None:
        """Change one weight at the present moment; what came after it is cut off.

        Raises
        ------
        ValueError
            If there is no such weight, or `value` is not finite.
        """
        weight = self._weight(layer, to, source)
        if not math.isfinite(value):
            raise ValueError(f"set_weight: value must be finite; got {value}")
        del self.history[self.time + 1 :]
        with mg.no_grad():
            weight[to, source] = value
        self.record = self._look()
        self.history[self.time] = self._moment()

    def set_learning_rate(self, lr: float) -> None:
        """Use the learning rate `lr` from the next step on."""
        for group in self._optimizer.param_groups:
            group["lr"] = lr

    # --- questions

    def _weight(self, layer: int, to: int, source: int) -> Any:
        linears = [m for m in self.model.modules() if isinstance(m, mg.nn.Linear)]
        if not 0 <= layer < len(linears):
            raise ValueError(f"there is no layer {layer}; the model has {len(linears)}")
        n_out, n_in = linears[layer].weight.shape
        if not (0 <= to < n_out and 0 <= source < n_in):
            raise ValueError(f"layer {layer} has {n_out} x {n_in} weights; got [{to}, {source}]")
        return linears[layer].weight

    def finite_difference(self, layer: int, to: int, source: int) -> tuple[float, float]:
        """Return (dL/dw by backpropagation, dL/dw by a central difference) of one weight."""
        weight = self._weight(layer, to, source)
        kept = float(weight.detach().numpy()[to, source])
        # The step that balances truncation against rounding: the cube root of the precision.
        wide = weight.dtype == mg.float64
        step = (6e-6 if wide else 5e-3) * max(1.0, abs(kept))
        losses = []
        with mg.no_grad():
            for value in (kept + step, kept - step):
                weight[to, source] = value
                losses.append(float(self.loss(self.model(self._inputs), self._targets).item()))
            weight[to, source] = kept
        exact = float(self.record.layers[layer].weight_grad[to, source])
        return exact, (losses[0] - losses[1]) / (2 * step)

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Return what the last nodes show for inputs (n, n_features), as (n, n_outputs)."""
        with mg.no_grad():
            output = self.model(mg.from_numpy(np.ascontiguousarray(points, self.x.dtype)))
            shown = output if self.squash is None else self.squash(output)
        values: np.ndarray = shown.numpy().reshape(len(points), -1)
        return values

    @property
    def widths(self) -> list[int]:
        """Number of nodes of every column."""
        return [layer.weight.shape[1] for layer in self.record.layers] + [self.record.layers[-1].weight.shape[0]]

    @property
    def n_parameters(self) -> int:
        """How many numbers are learned."""
        return sum(p.numel() for p in self.parameters)

    @property
    def losses(self) -> list[float]:
        """The loss at every moment kept."""
        return [moment.loss for moment in self.history]

    def dead_nodes(self) -> list[int]:
        """Per hidden column, the nodes that are 0 for every sample: a ReLU that no gradient passes."""
        return [int((a == 0).all(axis=0).sum()) for a in self.record.activations[1:-1]]


def _copied(state: Any) -> Any:
    """Return a copy of an optimizer's state that shares no array with it."""
    if isinstance(state, dict):
        return {key: _copied(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(_copied(item) for item in state)
    return state.clone() if isinstance(state, mg.Tensor) else state


def as_lists(values: Sequence[np.ndarray]) -> list[Any]:
    """Return arrays as nested lists, for JSON."""
    return [np.asarray(v, np.float64).tolist() for v in values]
