"""Many parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

import minigrad
from minigrad.nn._tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all elements of all parameters in one dimension.

    Parameters
    ----------
    parameters : iterable of Tensor

    Returns
    -------
    Tensor
        Recorded, so that gradients flow to the parameters.
    """
    joined: Tensor = minigrad.cat([param.reshape(-1) for param in parameters])
    return joined


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give parameters the values that stand in a vector, in their order.

    Parameters
    ----------
    vec : Tensor
        With as many elements as the parameters have together.
    parameters : iterable of Tensor
        They look at the vector's memory afterwards.

    Raises
    ------
    TypeError
        If `vec` is not a tensor.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters: expected a Tensor, but got: {type(vec).__name__}")
    start = 0
    for param in parameters:
        stop = start + param._data.size
        param.data = vec[start:stop].detach().reshape(param.shape)
        start = stop
