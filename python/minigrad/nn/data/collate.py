"""From a list of samples to a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._tensor import Tensor, fresh

__all__ = ["default_collate", "default_convert"]


def _stack(arrays: Sequence[np.ndarray], what: str) -> Tensor:
    """Return arrays of one shape and dtype as a tensor of one more dimension."""
    first = arrays[0]
    for array in arrays:
        if array.shape != first.shape or array.dtype != first.dtype:
            raise RuntimeError(
                f"default_collate: {what} of a batch must have the same shape and dtype; got {first.shape} "
                f"{first.dtype} and {array.shape} {array.dtype}"
            )
    batch = _array.empty((len(arrays), *first.shape), first.dtype)
    return fresh(np.stack(arrays, out=batch))


def default_convert(data: Any) -> Any:
    """Return a sample with its arrays as tensors.

    Parameters
    ----------
    data : object
        Tensors, arrays, mappings and sequences of such; anything else is left as it is.

    Returns
    -------
    object
    """
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "fiub":
        return fresh(np.asarray(data))
    if isinstance(data, Mapping):
        return type(data)({key: default_convert(value) for key, value in data.items()})  # type: ignore[call-arg]
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(value) for value in data))
    if isinstance(data, (list, tuple)):
        return [default_convert(value) for value in data]
    return data


def default_collate(batch: Sequence[Any]) -> Any:
    """Return a batch made of samples of one structure.

    Parameters
    ----------
    batch : sequence
        Samples: tensors, arrays or numbers, which are stacked; strings, which are listed; mappings and
        sequences of such.

    Returns
    -------
    object
        Of the structure of a sample; a tuple becomes a list. Floats become float64, integers int64.

    Raises
    ------
    RuntimeError
        If tensors differ in shape or sequences in length.
    TypeError
        If a sample has another type.

    Examples
    --------
    >>> from minigrad.utils.data import default_collate
    >>> x, name = default_collate([(1, "a"), (2, "b")])
    >>> x.tolist(), name
    ([1, 2], ('a', 'b'))
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return _stack([sample._data for sample in batch], "tensors")
    if isinstance(first, (np.ndarray, np.generic)) and first.dtype.kind in "fiub":
        return _stack([np.asarray(sample) for sample in batch], "arrays")
    if isinstance(first, bool):
        return fresh(np.array(batch, dtype=np.bool_))
    if isinstance(first, int):
        return fresh(np.array(batch, dtype=np.int64))
    if isinstance(first, float):
        return fresh(np.array(batch, dtype=np.float64))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        columns = {key: default_collate([sample[key] for sample in batch]) for key in first}
        return type(first)(columns) if type(first) is not dict else columns  # type: ignore[call-arg]
    if isinstance(first, (tuple, list)):
        if any(len(sample) != len(first) for sample in batch):
            lengths = sorted({len(sample) for sample in batch})
            raise RuntimeError(f"default_collate: samples of a batch must have the same length; got {lengths}")
        parts = [default_collate(part) for part in zip(*batch, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else parts
    raise TypeError(
        f"default_collate: a sample must be a tensor, array, number, string, mapping or sequence; "
        f"got {type(first).__name__}"
    )
