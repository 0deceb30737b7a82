"""`check`: every gradient of a model against finite differences, in one call."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad import _check
from minigrad.nn._check_chain import Chain
from minigrad.nn._graph import edge_of, no_grad
from minigrad.nn._random import default_generator
from minigrad.nn._tensor import Tensor, as_tensor, fresh
from minigrad.random import Generator

__all__ = ["Checked", "CheckReport", "check"]

_ROUNDING = 4 * float(np.finfo(np.float64).eps)  # of a loss, relative


@dataclass(frozen=True)
class Checked:
    """What was found for one tensor.

    Attributes
    ----------
    name : str
        The parameter's path, or ``"input 0"``.
    shape : tuple of int
    entries : int
        How many of its elements were compared.
    error : float
        The largest difference, relative to the larger of the two gradients' norms.
    kinks : int
        Elements left out, since the loss has a kink closer than the step.
    faint : int
        Elements left out, since the loss moves by less than it is rounded by: differences tell nothing.
    worst : tuple of int
        The index of the element that differs most.
    analytic, numeric : float
        Its gradient by backward, and by differences.
    """

    name: str
    shape: tuple[int, ...]
    entries: int
    error: float
    kinks: int
    worst: tuple[int, ...]
    analytic: float
    numeric: float
    faint: int = 0


@dataclass(frozen=True)
class CheckReport:
    """The result of `check`: true if every gradient agrees; prints as a table.

    Attributes
    ----------
    tensors : list of Checked
        One per parameter, then one per input.
    tolerance : float
    unreached : list of str
        Parameters that the output does not depend on.
    """

    tensors: list[Checked]
    tolerance: float
    unreached: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every error is at most the tolerance."""
        return all(one.error <= self.tolerance for one in self.tensors)

    @property
    def error(self) -> float:
        """The largest relative error."""
        return max((one.error for one in self.tensors), default=0.0)

    @property
    def entries(self) -> int:
        """How many elements were compared."""
        return sum(one.entries for one in self.tensors)

    @property
    def kinks(self) -> int:
        """How many elements were left out."""
        return sum(one.kinks for one in self.tensors)

    @property
    def faint(self) -> int:
        """How many elements were left out as too small for a difference to show."""
        return sum(one.faint for one in self.tensors)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        kinks = f", {self.kinks} at kinks left out" if self.kinks else ""
        kinks += f", {self.faint} too small for a difference left out" if self.faint else ""
        verdict = "PASSED" if self.passed else "FAILED"
        lines = [f"Gradient check: {verdict} (max relative error {self.error:.2e}, {self.entries} elements{kinks})"]
        width = max((len(one.name) for one in self.tensors), default=0)
        for one in self.tensors:
            wrong = ""
            if one.error > self.tolerance:
                wrong = f"  <- at {one.worst} backward gives {one.analytic:.6g}, differences give {one.numeric:.6g}"
            lines.append(f"  {one.name:{width}}  {one.shape!s:16}  {one.error:.2e}{wrong}")
        lines += [f"  {name:{width}}  no gradient: the output does not depend on it" for name in self.unreached]
        return "\n".join(lines)

    __repr__ = __str__


def check(
    model: Any,
    *inputs: Any,
    loss: Callable[[Any], Any] | None = None,
    eps: float = 1e-5,
    tolerance: float = 1e-6,
    samples: int | None = None,
    seed: int = 0,
) -> CheckReport:
    """Compare the gradient of every parameter of a model, and of its inputs, with central differences.

    The model is copied and computed in float64; it is not changed itself.

    Parameters
    ----------
    model : Module or callable
    *inputs : Tensor or array_like
        What it is called with.
    loss : callable, optional
        From the model's output to a scalar. By default the output's sum with fixed random weights, on
        which every element of the output has its own influence.
    eps : float, default 1e-5
        The step.
    tolerance : float, default 1e-6
        The largest relative error that passes.
    samples : int, optional
        Compare only so many elements of each tensor, chosen at random.
    seed : int, default 0
        Of the weights and the choice.

    Returns
    -------
    CheckReport
        True in a condition if every gradient agrees; prints as a table.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, or the loss is not a scalar.

    Notes
    -----
    For each element w, ``(L(w + h) - L(w - h)) / 2h`` is compared with backward's dL/dw, and the difference
    is taken relative to the norm of the whole gradient of that tensor. Where it is too large, the slopes
    to the left and to the right are compared: if they differ by more than smoothness allows, the loss
    has a kink (of a ReLU, a maximum) within the step, and the element is left out and counted. So is one
    of a gradient that has all but vanished, where the two differ by no more than the rounding of the
    losses, a few units in their last place, divided by the step.
    The random numbers of every evaluation are the same, so dropout may be on.

    In a `Sequential` of linear layers and elementwise functions a weight moves one output of its layer:
    only that is computed anew, for many weights together, and a hundred thousand parameters take
    seconds. Other models are computed as a whole for every element.

    Examples
    --------
    >>> import minigrad as mg
    >>> net = mg.nn.Sequential(mg.nn.Linear(3, 4), mg.nn.Tanh(), mg.nn.Linear(4, 2))
    >>> bool(mg.check(net, mg.randn(5, 3)))
    True
    """
    eps = _check.real(eps, "check", "eps", 0.0, closed="right")
    if samples is not None:
        samples = _check.integer(samples, "check", "samples", 1)
    stream = Generator(_check.seed(seed, "check"))
    twin = _twin(model)
    given = [_as_double(value) for value in inputs]
    evaluate = _Loss(twin, given, loss, stream)
    named = list(twin.named_parameters()) if hasattr(twin, "named_parameters") else []
    named = [(name, tensor) for name, tensor in named if tensor.requires_grad]
    named += [(f"input {i}", t) for i, t in enumerate(given) if isinstance(t, Tensor) and t.requires_grad]
    for _, tensor in named:
        tensor.grad = None
    evaluate.tensor().backward()
    reached = [(name, tensor) for name, tensor in named if tensor.grad is not None]
    results = [_compare(name, tensor, evaluate, eps, tolerance, samples, stream) for name, tensor in reached]
    return CheckReport(results, tolerance, [name for name, tensor in named if tensor.grad is None])


def _twin(model: Any) -> Any:
    """Copy a model in float64, with the hooks on its parameters' gradients: what they do is checked too."""
    twin = copy.deepcopy(model)
    if hasattr(twin, "double"):
        twin.double()
    if hasattr(twin, "parameters"):
        for own, copied in zip(model.parameters(), twin.parameters(), strict=True):
            source, target = edge_of(own), edge_of(copied)
            if source is not None and target is not None and source[0].pre_hooks is not None:
                target[0].pre_hooks = {output: list(hooks) for output, hooks in source[0].pre_hooks.items()}
    return twin


def _as_double(value: Any) -> Any:
    """Return a floating-point input as a float64 leaf of its own; anything else as it is."""
    if not isinstance(value, (Tensor, np.ndarray, list)):
        return value
    data = as_tensor(value)._data
    copied = fresh(data.astype(np.float64 if data.dtype.kind == "f" else data.dtype))
    return copied.requires_grad_() if data.dtype.kind == "f" else copied


class _Loss:
    """The loss as a function of the tensors that it is made of, wherever they are."""

    def __init__(self, model: Any, inputs: list[Any], loss: Callable[[Any], Any] | None, stream: Generator) -> None:
        self.model, self.inputs, self.loss, self.stream = model, inputs, loss, stream
        self.chain = Chain.of(model, inputs)
        self.weights: list[Tensor] = []
        self.position = default_generator.position
        buffers = list(model.buffers()) if hasattr(model, "buffers") else []
        self.buffers = [(buffer, buffer._data.copy()) for buffer in buffers]

    def tensor(self) -> Tensor:
        """Compute it, with the same random numbers and buffers every time."""
        default_generator.position = self.position
        for buffer, values in self.buffers:
            buffer._data[...] = values
        return self.of(self.model(*self.inputs))

    def of(self, output: Any) -> Tensor:
        """Compute it from the model's output."""
        value: Any = self._weighted(output) if self.loss is None else self.loss(output)
        if not isinstance(value, Tensor) or value._data.size != 1:
            shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise ValueError(f"check: loss must be a scalar tensor; got {shape}")
        return value

    def _weighted(self, output: Any) -> Any:
        parts = output if isinstance(output, (tuple, list)) else (output,)
        parts = [part for part in parts if isinstance(part, Tensor) and part._data.dtype.kind == "f"]
        if not self.weights:
            self.weights = [fresh(self.stream.normal(size=part.shape, dtype=part._data.dtype)) for part in parts]
        return sum((part * weight).sum() for part, weight in zip(parts, self.weights, strict=True))

    def at(self, values: np.ndarray, index: tuple[int, ...], value: float) -> float:
        """Return the loss with one element changed for the moment."""
        held = values[index]
        values[index] = value
        try:
            with no_grad():
                return float(self.tensor()._data.reshape(()))
        finally:
            values[index] = held

    def around(
        self, tensor: Tensor, places: list[tuple[int, ...]], steps: np.ndarray
    ) -> Iterator[tuple[tuple[int, ...], float, float]]:
        """Yield each place with the losses for that element a step higher and a step lower."""
        values = tensor._data
        moved = None
        if self.chain is not None and len(places) == values.size:
            moved = self.chain.moved(tensor, steps, lambda output: float(self.of(output)._data.reshape(())))
        for index in places:
            if moved is not None:
                yield index, float(moved[0][index]), float(moved[1][index])
            else:
                held, step = float(values[index]), float(steps[index])
                yield index, self.at(values, index, held + step), self.at(values, index, held - step)


def _compare(
    name: str, tensor: Tensor, loss: _Loss, eps: float, tolerance: float, samples: int | None, stream: Generator
) -> Checked:
    assert tensor.grad is not None
    gradient, values = tensor.grad._data, tensor._data
    places = list(np.ndindex(values.shape))
    if samples is not None and samples < len(places):
        places = [places[i] for i in stream.permutation(len(places))[:samples].tolist()]
    scale = max(float(np.sqrt((gradient * gradient).sum())), 1e-12)
    worst: tuple[float, tuple[int, ...], float, float] = (0.0, (), 0.0, 0.0)
    kinks = faint = 0
    steps = eps * np.maximum(1.0, np.abs(values))
    for index, above, below in loss.around(tensor, places, steps):
        step = float(steps[index])
        numeric, analytic = (above - below) / (2 * step), float(gradient[index])
        scale = max(scale, abs(numeric))
        error = abs(numeric - analytic) / scale
        rounding = _ROUNDING * max(abs(above), abs(below)) / step
        if not error <= tolerance and abs(numeric - analytic) <= rounding:
            faint += 1
        elif not error <= tolerance and _has_kink(loss, values, index, (above, below), step, scale * tolerance):
            kinks += 1
        elif not error <= worst[0]:
            worst = (error, index, analytic, numeric)
    return Checked(name, values.shape, len(places) - kinks - faint, worst[0], kinks, *worst[1:], faint)


def _has_kink(
    loss: _Loss, values: np.ndarray, index: tuple[int, ...], ends: tuple[float, float], step: float, slack: float
) -> bool:
    """Whether the loss has a kink within a step: the slopes on either side differ, and not in proportion to the step.

    For a smooth loss the difference of the two one-sided slopes is h f''; halved with the step.
    A kink's jump stays.
    """
    middle = loss.at(values, index, values[index])

    def jump(h: float, above: float, below: float) -> float:
        return abs((above - middle) - (middle - below)) / h

    wide = jump(step, *ends)
    half = step / 2
    narrow = jump(half, loss.at(values, index, values[index] + half), loss.at(values, index, values[index] - half))
    # With the kink between h/2 and h the narrow jump is that of a smooth function: almost nothing.
    return wide > slack and (narrow > 0.6 * wide or narrow < 0.4 * wide)
