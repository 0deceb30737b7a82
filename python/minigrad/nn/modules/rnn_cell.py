"""Recurrent networks one step at a time: plain, LSTM and GRU."""

from __future__ import annotations

from typing import Any

from minigrad.nn import _array
from minigrad.nn._errors import portrait
from minigrad.nn._ops import functions
from minigrad.nn._ops.rnn import GATES, layer
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules.module import Module, Parameter
from minigrad.nn.modules.rnn import draw, new_parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]


class _Cell(Module):
    """One step of a recurrent network."""

    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(self, input_size: int, hidden_size: int, bias: bool, mode: str, dtype: Any) -> None:
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        self._mode = mode
        wide = GATES[mode] * hidden_size
        self.weight_ih, self.weight_hh = (
            new_parameter((wide, input_size), dtype),
            new_parameter((wide, hidden_size), dtype),
        )
        for name in ("bias_ih", "bias_hh"):
            if bias:
                setattr(self, name, new_parameter((wide,), dtype))
            else:
                self.register_parameter(name, None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew, uniformly from ``[-1/sqrt(hidden_size), 1/sqrt(hidden_size)]``."""
        draw(self, self.hidden_size)

    def extra_repr(self) -> str:
        """Return the sizes and the options that differ from the defaults."""
        usual = {"bias": True, "nonlinearity": "tanh"}
        other = [f"{k}={getattr(self, k)}" for k, default in usual.items() if getattr(self, k, default) != default]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *other])

    def _step(self, input: Tensor, states: tuple[Any, ...]) -> tuple[Any, ...]:
        owner = type(self).__name__
        if input.ndim not in (1, 2):
            raise ValueError(f"{owner}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"{owner}: input has inconsistent input_size: got {input.shape[-1]}, expected {self.input_size}"
            )
        single = input.ndim == 1
        x: Any = functions["reshape"](input, (1, -1, self.input_size))
        shape = (x.shape[1], self.hidden_size)
        held = []
        for state in states:
            if state is None:
                held.append(fresh(_array.zeros(shape, x._data.dtype)))
                continue
            if state.ndim != input.ndim or state.shape[-1] != self.hidden_size:
                raise RuntimeError(
                    f"{owner}: hidden state must be {input.ndim}-D with hidden_size {self.hidden_size}; "
                    f"got {portrait(state)}"
                )
            held.append(state.reshape(shape))
        weights = (self.weight_ih, self.weight_hh, *((self.bias_ih, self.bias_hh) if self.bias else ()))
        made: Any = layer(self._mode, x, held[0], held[1] if len(held) > 1 else None, weights, False)[1:]
        return tuple(state.squeeze(0) for state in made) if single else made


class _OneStateCell(_Cell):
    """One step of a network whose cells keep nothing but their output."""

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Any:
        """Return the next state.

        Parameters
        ----------
        input : Tensor of shape (batch, input_size), or (input_size,)
        hx : Tensor of shape (batch, hidden_size), or (hidden_size,), optional

        Returns
        -------
        Tensor
        """
        return self._step(input, (hx,))[0]


class RNNCell(_OneStateCell):
    """One step of a plain recurrent network.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool, default True
    nonlinearity : {"tanh", "relu"}, default "tanh"
    device : optional
        The CPU.
    dtype : dtype, optional

    Raises
    ------
    RuntimeError
        If `nonlinearity` is unknown.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"RNNCell: Unknown nonlinearity: {nonlinearity}")
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, bias, f"RNN_{nonlinearity.upper()}", dtype)


class LSTMCell(_Cell):
    """One step of an LSTM.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool, default True
    device : optional
        The CPU.
    dtype : dtype, optional
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, "LSTM", dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Any, ...]:
        """Return the next state and cell.

        Parameters
        ----------
        input : Tensor of shape (batch, input_size), or (input_size,)
        hx : tuple of two Tensors, optional

        Returns
        -------
        tuple of Tensor
        """
        return self._step(input, (None, None) if hx is None else tuple(hx))


class GRUCell(_OneStateCell):
    """One step of a GRU.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool, default True
    device : optional
        The CPU.
    dtype : dtype, optional
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, "GRU", dtype)
