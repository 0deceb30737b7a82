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
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
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
        both = np.concatenate([self.weight_grad.ravel(), self.bias_grad])
        top = float(np.abs(both).max())
        # Taken out first: the square of a gradient that explodes would overflow long before it does.
        return top * math.sqrt(float(((both / top) ** 2).sum())) if 0 < top < math.inf else top


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
class _Chance:
    """What a model's answer depends on beside its parameters: the next random number, the buffers.

    `position` is None for a model that draws none, so that nobody else's numbers are disturbed.
    """

    position: int | None
    buffers: list[np.ndarray]


@dataclass
class _Moment:
    """What is needed to go back to a step: parameters, buffers, the optimizer's memory, loss, norms."""

    values: list[np.ndarray]
    chance: _Chance
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
        self._buffers = list(self.model.buffers())
        self._optimizer = self.optimizer(self.parameters)
        self._seen: list[tuple[Any, Any, Any]] = []
        self._linears: list[Any] = []
        for module in self.model.modules():
            if isinstance(module, mg.nn.Linear):
                module.register_forward_hook(self._observe)
        self.record = self._look()
        self._check_chain()
        self.history = [self._moment()]

    def _check_chain(self) -> None:
        """Raise ValueError unless each linear layer reads a matrix, and what the one before it made."""
        layers = self.record.layers
        if not layers:
            raise ValueError("viz: model must contain at least one Linear layer; got none")
        for layer in layers:
            if layer.inputs.shape != (len(self.x), layer.weight.shape[1]):
                raise ValueError(
                    f"viz: each Linear layer must read a matrix of {len(self.x)} samples; got {layer.inputs.shape}"
                )
        for i, (layer, after) in enumerate(pairwise(layers), start=1):
            if len(layer.weight) != after.weight.shape[1]:
                raise ValueError(
                    f"viz: the Linear layers must follow one another; layer {i} makes {len(layer.weight)} values, "
                    f"layer {i + 1} reads {after.weight.shape[1]}"
                )
        if self.record.outputs.shape[1] != len(layers[-1].weight):
            raise ValueError(
                f"viz: the model's output must have the last Linear layer's {len(layers[-1].weight)} columns; "
                f"got {self.record.outputs.shape[1]}"
            )

    def _observe(self, module: Any, inputs: tuple[Any, ...], output: Any) -> None:
        if output.requires_grad:
            output.retain_grad()
            self._seen.append((module, inputs[0], output))

    def _look(self) -> Record:
        """Run forward and backward at the present weights, and keep what flowed."""
        self._seen.clear()
        position = mg.default_generator.position
        self._chance = _Chance(position, [b.numpy().copy() for b in self._buffers])
        self.model.zero_grad()
        output = self.model(self._inputs)
        loss = self.loss(output, self._targets)
        loss.backward()
        if mg.default_generator.position == position:
            self._chance.position = None
        layers = tuple(self._view(*seen) for seen in self._seen)
        self._linears = [module for module, _, _ in self._seen]
        self._seen.clear()
        shown = output.detach() if self.squash is None else self.squash(output.detach())
        outputs = shown.numpy().reshape(len(self.x), -1).copy()
        return Record(self.time, float(loss.item()), layers, outputs)

    def _again(self) -> None:
        """Put dropout's random numbers and the buffers back to where they were before the last look."""
        if self._chance.position is not None:
            mg.default_generator.position = self._chance.position
        with mg.no_grad():
            for buffer, values in zip(self._buffers, self._chance.buffers, strict=True):
                buffer.copy_(mg.from_numpy(values))

    @staticmethod
    def _view(module: Any, inputs: Any, sums: Any) -> LayerView:
        zero = np.zeros(module.weight.shape[0], np.float64)

        def gradient(parameter: Any) -> np.ndarray:
            # A frozen parameter has none.
            kept = parameter.grad if parameter.grad is not None else mg.zeros_like(parameter)
            values: np.ndarray = kept.numpy().copy()
            return values

        has_bias = module.bias is not None
        return LayerView(
            inputs=inputs.detach().numpy().copy(),
            sums=sums.detach().numpy().copy(),
            deltas=sums.grad.numpy().copy(),
            weight=module.weight.detach().numpy().copy(),
            weight_grad=gradient(module.weight),
            bias=module.bias.detach().numpy().copy() if has_bias else zero,
            bias_grad=gradient(module.bias) if has_bias else zero,
        )

    def _moment(self) -> _Moment:
        return _Moment(
            values=[p.detach().numpy().copy() for p in self.parameters],
            chance=self._chance,
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
        self.problem = self._trouble()
        self.history.append(self._moment())
        if len(self.history) > _LONGEST:
            self.problem = f"{_LONGEST:,} steps are kept; reset to go on"
        return not self.problem

    def _trouble(self) -> str:
        """Say what keeps the run from going on from the present moment; nothing if all numbers are finite."""
        if not math.isfinite(self.record.loss):
            what = f"the loss became {self.record.loss}"
        elif all(np.isfinite(p.detach().numpy()).all() for p in self.parameters):
            return ""
        else:
            what = "a weight became infinite"
        return f"{what} at step {self.time}; lower the learning rate and go back"

    def go_to(self, time: int) -> None:
        """Go back (or forward again) to the moment after `time` steps; the learning rate stays as it is set."""
        self.time = min(max(time, 0), len(self.history) - 1)
        moment = self.history[self.time]
        with mg.no_grad():
            for parameter, values in zip(self.parameters, moment.values, strict=True):
                parameter.copy_(mg.from_numpy(values))
        rates = [group["lr"] for group in self._optimizer.param_groups]
        self._optimizer.load_state_dict(_copied(moment.optimizer))
        for group, rate in zip(self._optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._chance = moment.chance
        self._again()
        self.record = self._look()
        self.problem = self._trouble()

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
        self._again()
        self.record = self._look()
        self.problem = self._trouble()
        self.history[self.time] = self._moment()

    def set_learning_rate(self, lr: float) -> None:
        """Use the learning rate `lr` from the next step on."""
        for group in self._optimizer.param_groups:
            group["lr"] = lr

    # --- questions

    def _weight(self, layer: int, to: int, source: int) -> Any:
        # In the order in which they ran, as they are shown; a model may define them in another.
        if not 0 <= layer < len(self._linears):
            raise ValueError(f"there is no layer {layer}; the model has {len(self._linears)}")
        n_out, n_in = self._linears[layer].weight.shape
        if not (0 <= to < n_out and 0 <= source < n_in):
            raise ValueError(f"layer {layer} has {n_out} x {n_in} weights; got [{to}, {source}]")
        return self._linears[layer].weight

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
                self._again()
                losses.append(float(self.loss(self.model(self._inputs), self._targets).item()))
            weight[to, source] = kept
            self._again()
            self.model(self._inputs)  # the buffers and the random numbers as after the look
        exact = float(self.record.layers[layer].weight_grad[to, source])
        return exact, (losses[0] - losses[1]) / (2 * step)

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Return what the last nodes show for inputs (n, n_features), as (n, n_outputs)."""
        was = self.model.training
        self.model.eval()  # as it will be used, without dropout
        with mg.no_grad():
            output = self.model(mg.from_numpy(np.ascontiguousarray(points, self.x.dtype)))
            shown = output if self.squash is None else self.squash(output)
        self.model.train(was)
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
