"""Losses of a chain of layers with one parameter changed, for many parameters at a time.

A weight w[i, j] of a linear layer moves output i of that layer alone. So for every j at once,
output i is computed anew from row i of the weights with element j changed, and put beside the
other outputs, which stay as they are; these copies then go through the layers behind as rows
of one batch. Each loss is that of the chain with exactly one element changed, as if the whole
of it were computed anew, at a small part of the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from minigrad.nn._graph import no_grad
from minigrad.nn._ops.linear import linear
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules import activation, container, dropout
from minigrad.nn.modules.linear import Identity, Linear

__all__ = ["Chain"]

# Each row of their output depends on the same row of their input, and on nothing random.
_ROW_BY_ROW = {
    *(activation.CELU, activation.ELU, activation.GELU, activation.LeakyReLU, activation.Mish, activation.ReLU),
    *(activation.SELU, activation.SiLU, activation.Sigmoid, activation.Softplus, activation.Tanh, Identity),
}
_COPIES = 512  # computed together


class Chain:
    """Linear layers and elementwise functions, one after the other, and the input of each.

    Attributes
    ----------
    layers : list of Module
    inputs : list of Tensor
        What each layer is given.
    """

    def __init__(self, layers: list[Any], x: Tensor) -> None:
        self.layers = layers
        self.inputs = [x]
        for layer in layers[:-1]:
            self.inputs.append(layer(self.inputs[-1]))

    @classmethod
    def of(cls, model: Any, inputs: list[Any]) -> Self | None:
        """Return the model as a chain; None if it is not one, or is called with anything but a matrix."""
        if type(model) is not container.Sequential or len(inputs) != 1 or not isinstance(inputs[0], Tensor):
            return None
        layers = list(model)
        weights = [id(p) for layer in layers for p in layer.parameters()]
        hooked = any(part._call_hooks for part in (model, *layers))
        shared = len(set(weights)) < len(weights)
        if inputs[0].ndim != 2 or hooked or shared or not all(map(_row_by_row, layers)):
            return None
        with no_grad():
            return cls(layers, inputs[0])

    def moved(
        self, tensor: Tensor, steps: np.ndarray, loss: Callable[[Any], float]
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the losses with each element of `tensor` raised and lowered by its step.

        Parameters
        ----------
        tensor : Tensor
        steps : ndarray of the tensor's shape
        loss : callable
            From the chain's output to a number.

        Returns
        -------
        pair of ndarray of the tensor's shape, or None
            None if it is not a parameter of a layer here.
        """
        for place, layer in enumerate(self.layers):
            if isinstance(layer, Linear) and (tensor is layer.weight or tensor is layer.bias):
                losses = self._weight if tensor is layer.weight else self._bias
                with no_grad():
                    return losses(place, steps, loss), losses(place, -steps, loss)
        return None

    def _weight(self, place: int, steps: np.ndarray, loss: Callable[[Any], float]) -> np.ndarray:
        layer, x = self.layers[place], self.inputs[place]
        whole = layer(x)._data
        losses = np.empty(steps.shape)
        for i, row in enumerate(layer.weight._data):
            bias = None if layer.bias is None else layer.bias._data[i]
            for part in _parts(len(row)):
                count = part.stop - part.start
                rows = np.repeat(row[None], count, axis=0)
                rows[np.arange(count), np.arange(part.start, part.stop)] += steps[i, part]
                anew = linear(x, fresh(rows), None if bias is None else fresh(np.full(count, bias)))
                copies = np.repeat(whole[None], count, axis=0)
                copies[:, :, i] = anew._data.T
                losses[i, part] = self._finish(place, copies, loss)
        return losses

    def _bias(self, place: int, steps: np.ndarray, loss: Callable[[Any], float]) -> np.ndarray:
        layer, x = self.layers[place], self.inputs[place]
        whole = layer(x)._data
        anew = linear(x, layer.weight, fresh(layer.bias._data + steps))._data
        losses = np.empty(steps.shape)
        for part in _parts(len(steps)):
            count = part.stop - part.start
            copies = np.repeat(whole[None], count, axis=0)
            copies[np.arange(count), :, np.arange(part.start, part.stop)] = anew[:, part].T
            losses[part] = self._finish(place, copies, loss)
        return losses

    def _finish(self, place: int, copies: np.ndarray, loss: Callable[[Any], float]) -> list[float]:
        """Send copies (count, rows, outputs) of a layer's output through those behind it; return their losses."""
        count, rows = copies.shape[:2]
        out = fresh(copies.reshape(count * rows, -1))
        for layer in self.layers[place + 1 :]:
            out = layer(out)
        return [loss(fresh(part)) for part in out._data.reshape(count, rows, -1)]


def _row_by_row(layer: Any) -> bool:
    if isinstance(layer, dropout.Dropout):
        return not layer.training or layer.p == 0
    return type(layer) in _ROW_BY_ROW or type(layer) is Linear


def _parts(length: int) -> Iterator[slice]:
    for start in range(0, length, _COPIES):
        yield slice(start, min(start + _COPIES, length))
