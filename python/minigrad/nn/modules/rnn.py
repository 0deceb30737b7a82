"""Recurrent networks: plain, LSTM and GRU, in layers over sequences."""

from __future__ import annotations

import math
import warnings
from typing import Any

from minigrad.nn import _array, init
from minigrad.nn._dtype import get_default_dtype, to_dtype
from minigrad.nn._errors import portrait
from minigrad.nn._ops import functions
from minigrad.nn._ops.rnn import GATES, layer, projected
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules.module import Module, Parameter

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]


def new_parameter(shape: tuple[int, ...], dtype: Any) -> Parameter:
    """Return a parameter whose values are still to be drawn."""
    kind = get_default_dtype() if dtype is None else to_dtype(dtype)
    return Parameter(fresh(_array.lasting(shape, kind.numpy)))


def draw(module: Module, hidden: int) -> None:
    """Draw all parameters uniformly from ``[-1/sqrt(hidden), 1/sqrt(hidden)]``."""
    bound = 1.0 / math.sqrt(hidden) if hidden > 0 else 0.0
    for weight in module.parameters():
        init.uniform_(weight, -bound, bound)


class RNNBase(Module):
    """What the recurrent networks share; `RNN`, `LSTM` and `GRU` are meant to be used.

    Parameters
    ----------
    mode : {"RNN_TANH", "RNN_RELU", "LSTM", "GRU"}
    input_size, hidden_size : int
    num_layers : int, default 1
    bias : bool, default True
    batch_first : bool, default False
        Whether input and output are (batch, steps, features) instead of (steps, batch, features).
    dropout : float, default 0.0
        Probability of dropout on the output of each layer but the last.
    bidirectional : bool, default False
    proj_size : int, default 0
        Of an LSTM: features that its states are projected to, fewer than `hidden_size`; 0 leaves them as they are.
    device : optional
        The CPU.
    dtype : dtype, optional

    Raises
    ------
    ValueError
        If an option is out of range.
    TypeError
        If `hidden_size` is not an int.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        name = type(self).__name__
        if not isinstance(hidden_size, int):
            raise TypeError(f"{name}: hidden_size should be of type int, got: {type(hidden_size).__name__}")
        if hidden_size <= 0:
            raise ValueError(f"{name}: hidden_size must be greater than zero; got {hidden_size}")
        if num_layers <= 0:
            raise ValueError(f"{name}: num_layers must be greater than zero; got {num_layers}")
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(
                f"{name}: dropout should be a number in range [0, 1] representing the probability of an element "
                f"being zeroed; got {dropout!r}"
            )
        if proj_size < 0:
            raise ValueError(
                f"{name}: proj_size should be a positive integer or zero to disable projections; got {proj_size}"
            )
        if proj_size >= hidden_size:
            raise ValueError(f"{name}: proj_size ({proj_size}) has to be smaller than hidden_size ({hidden_size})")
        if proj_size > 0 and mode != "LSTM":
            raise ValueError(f"{name}: proj_size argument is only supported for LSTM, not RNN or GRU; got {proj_size}")
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=3,
            )
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        wide, directions, state = GATES[mode] * hidden_size, 2 if bidirectional else 1, proj_size or hidden_size
        self._names: list[tuple[str, ...]] = []
        for number in range(num_layers):
            features = input_size if number == 0 else state * directions
            for suffix in ("", "_reverse")[:directions]:
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (wide, features), "weight_hh": (wide, state)}
                if bias:
                    shapes |= {"bias_ih": (wide,), "bias_hh": (wide,)}
                if proj_size > 0:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                for part, shape in shapes.items():
                    setattr(self, f"{part}_l{number}{suffix}", new_parameter(shape, dtype))
                self._names.append(tuple(f"{part}_l{number}{suffix}" for part in shapes))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew, uniformly from ``[-1/sqrt(hidden_size), 1/sqrt(hidden_size)]``."""
        draw(self, self.hidden_size)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of every layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._names]

    def flatten_parameters(self) -> None:
        """Do nothing: parameters are used where they lie."""

    def extra_repr(self) -> str:
        """Return the sizes and the options that differ from the defaults."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0}
        usual["bidirectional"] = False
        parts += [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return ", ".join(parts)

    def _begin(self, state: Tensor | None, shape: tuple[int, ...], like: Tensor, batched: bool, name: str) -> Any:
        """Return the initial states, of shape (layers * directions, batch, features); zeros if none are given."""
        if state is None:
            return fresh(_array.zeros(shape, like._data.dtype))
        owner = type(self).__name__
        if state.ndim != (3 if batched else 2):
            raise RuntimeError(
                f"{owner}: For {'batched 3-D' if batched else 'unbatched 2-D'} input, {name} should also be "
                f"{3 if batched else 2}-D but got {state.ndim}-D tensor"
            )
        given: Any = state if batched else functions["unsqueeze"](state, 1)
        if given.shape != shape:
            raise RuntimeError(f"{owner}: Expected hidden size {shape}, got {portrait(state)}")
        return given

    def _run(self, input: Tensor, hx: Any) -> tuple[Any, Any, Any]:
        """Return the outputs and the last states and cells, of batched or unbatched input."""
        owner = type(self).__name__
        if input.ndim not in (2, 3):
            raise ValueError(f"{owner}: Expected input to be 2D or 3D, got {input.ndim}D instead")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"{owner}: input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{input.shape[-1]}: {portrait(input)}"
            )
        batched, x = input.ndim == 3, input
        if not batched:
            x = functions["unsqueeze"](input, 1)
        elif self.batch_first:
            x = functions["transpose"](input, 0, 1)
        if x.shape[0] == 0:
            raise RuntimeError(f"{owner}: Expected sequence length to be larger than 0 in RNN")
        lstm = self.mode == "LSTM"
        given = (None, None) if hx is None else hx if lstm else (hx, None)
        count = (len(self._names), x.shape[1])
        h0 = self._begin(given[0], (*count, self.proj_size or self.hidden_size), x, batched, "hx")
        c0 = self._begin(given[1], (*count, self.hidden_size), x, batched, "cx") if lstm else None
        x, last, cells = self._layers(x, h0, c0)
        h: Any = functions["stack"](last)
        c: Any = functions["stack"](cells) if lstm else None
        if not batched:
            return x.squeeze(1), h.squeeze(1), c.squeeze(1) if lstm else None
        return (functions["transpose"](x, 0, 1) if self.batch_first else x), h, c

    def _layers(self, x: Any, h0: Any, c0: Any) -> tuple[Any, list[Tensor], list[Tensor]]:
        last: list[Tensor] = []
        cells: list[Tensor] = []
        directions = 2 if self.bidirectional else 1
        for number in range(self.num_layers):
            outs = []
            for direction in range(directions):
                i = number * directions + direction
                weights = tuple(getattr(self, name) for name in self._names[i])
                if self.proj_size > 0:
                    made = projected(x, h0[i], c0[i], weights, direction == 1)
                else:
                    made = layer(self.mode, x, h0[i], None if c0 is None else c0[i], weights, direction == 1)
                outs.append(made[0])
                last.append(made[1])
                cells += made[2:]
            x = outs[0] if directions == 1 else functions["cat"](outs, -1)
            if self.dropout > 0 and self.training and number < self.num_layers - 1:
                x = functions["dropout"](x, self.dropout, True)
        return x, last, cells


class _OneState(RNNBase):
    """A network whose cells keep nothing but their output."""

    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Any, Any]:
        """Return the last layer's states after every step, and each layer's last one.

        Parameters
        ----------
        input : Tensor of shape (steps, batch, input_size), or (steps, input_size)
        hx : Tensor of shape (layers * directions, batch, hidden_size), optional

        Returns
        -------
        tuple of Tensor
        """
        out, h, _ = self._run(input, hx)
        return out, h


class RNN(_OneState):
    """Plain recurrent network, ``h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)``.

    Parameters
    ----------
    *args
        ``input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False,
        dropout=0.0, bidirectional=False``, by position or by name.
    **kwargs
        The same.

    Raises
    ------
    ValueError
        If `nonlinearity` is neither "tanh" nor "relu", or an option is out of range.

    Examples
    --------
    >>> import minigrad as mg
    >>> outputs, last = mg.nn.RNN(3, 5, num_layers=2)(mg.ones(7, 2, 3))
    >>> outputs.shape, last.shape
    ((7, 2, 5), (2, 2, 5))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if len(args) > 3:
            kwargs["nonlinearity"] = args[3]
            args = args[:3] + args[4:]
        self.nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNN: Unknown nonlinearity {self.nonlinearity!r}. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{self.nonlinearity.upper()}", *args, **kwargs)


class LSTM(RNNBase):
    """Long short-term memory [1]_, with a forget gate.

    ``i, f, o = sigmoid(...)``, ``g = tanh(...)`` of ``W_ih x_t + b_ih + W_hh h_(t-1) + b_hh``;
    ``c_t = f c_(t-1) + i g``, ``h_t = o tanh(c_t)``. With `proj_size`, the state is
    ``h_t = W_hr (o tanh(c_t))`` [2]_.

    Parameters
    ----------
    *args
        ``input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
        bidirectional=False, proj_size=0``, by position or by name.
    **kwargs
        The same.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997.
    .. [2] H. Sak, A. Senior and F. Beaufays, "Long short-term memory based recurrent neural network
       architectures for large vocabulary speech recognition", 2014, section 2.

    Examples
    --------
    >>> import minigrad as mg
    >>> outputs, (h, c) = mg.nn.LSTM(3, 5, batch_first=True)(mg.ones(2, 7, 3))
    >>> outputs.shape, h.shape, c.shape
    ((2, 7, 5), (1, 2, 5), (1, 2, 5))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Any, tuple[Any, Any]]:
        """Return the last layer's states after every step, and each layer's last state and cell.

        Parameters
        ----------
        input : Tensor of shape (steps, batch, input_size), or (steps, input_size)
        hx : tuple of two Tensors of shape (layers * directions, batch, hidden_size), optional
            With `proj_size`, the first has that many features.

        Returns
        -------
        tuple
        """
        out, h, c = self._run(input, hx)
        return out, (h, c)


class GRU(_OneState):
    """Gated recurrent unit [1]_.

    ``r, z = sigmoid(...)``, ``n = tanh(W_in x + b_in + r (W_hn h + b_hn))``,
    ``h_t = (1 - z) n + z h_(t-1)``.

    Parameters
    ----------
    *args
        ``input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
        bidirectional=False``, by position or by name.
    **kwargs
        The same.

    References
    ----------
    .. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
       machine translation", EMNLP 2014.

    Examples
    --------
    >>> import minigrad as mg
    >>> outputs, last = mg.nn.GRU(3, 5, bidirectional=True)(mg.ones(7, 2, 3))
    >>> outputs.shape, last.shape
    ((7, 2, 10), (2, 2, 5))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("GRU", *args, **kwargs)
