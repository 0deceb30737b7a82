"""Layers that change the shape alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.nn._ops import functions
from minigrad.nn._tensor import Tensor
from minigrad.nn.modules.module import Module

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Make one dimension of those from `start_dim` to `end_dim`.

    Parameters
    ----------
    start_dim : int, default 1
    end_dim : int, default -1

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.Flatten()(mg.ones(32, 1, 5, 5)).shape
    (32, 25)
    """

    start_dim: int
    end_dim: int

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Any:
        """Return the flattened tensor.

        Parameters
        ----------
        input : Tensor
        """
        return functions["flatten"](input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Return the dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Make several dimensions of one.

    Parameters
    ----------
    dim : int
    unflattened_size : sequence of int

    Raises
    ------
    TypeError
        If `dim` is not an int, or `unflattened_size` not a sequence of ints.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.Unflatten(1, (2, 5, 5))(mg.ones(2, 50)).shape
    (2, 2, 5, 5)
    """

    dim: int
    unflattened_size: tuple[int, ...]

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        sizes: Any = unflattened_size
        if isinstance(dim, bool) or not isinstance(dim, int):
            raise TypeError(f"Unflatten: dim must be an int; got {dim!r}")
        if isinstance(sizes, str) or not all(isinstance(n, int) for n in sizes):
            raise TypeError(f"Unflatten: unflattened_size must be a sequence of ints; got {unflattened_size!r}")
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, input: Tensor) -> Any:
        """Return the tensor with dimension `dim` split.

        Parameters
        ----------
        input : Tensor
        """
        return functions["unflatten"](input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """Return the dimensions."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
