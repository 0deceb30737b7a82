"""Questions about element types: what two operands give, what may become what, and their limits."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _dtype, _tensor
from minigrad.nn._dtype import dtype as Dtype  # noqa: N812
from minigrad.nn._dtype import get_default_dtype, to_dtype
from minigrad.nn._tensor import Tensor

__all__ = ["can_cast", "finfo", "iinfo", "is_tensor", "result_type"]


def is_tensor(obj: Any) -> bool:
    """Return whether `obj` is a Tensor.

    Parameters
    ----------
    obj : object

    Returns
    -------
    bool
    """
    return isinstance(obj, Tensor)


def result_type(tensor1: Any, tensor2: Any) -> Dtype:
    """Return the element type of the result of an operation on two operands.

    Parameters
    ----------
    tensor1, tensor2 : Tensor or number

    Returns
    -------
    dtype

    Raises
    ------
    TypeError
        If an operand is neither a tensor nor a number.

    Notes
    -----
    Tensors with dimensions outrank tensors of none, and those outrank numbers: a weaker operand
    decides only if it is of a higher category (bool, then integers, then floating point).

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.result_type(mg.ones(2, dtype=mg.int32), 1.5)
    minigrad.float32
    >>> mg.result_type(mg.ones(2), mg.tensor(1.0, dtype=mg.float64))
    minigrad.float32
    """
    for item in (tensor1, tensor2):
        if not isinstance(item, (Tensor, bool, int, float)):
            raise TypeError(f"result_type: operands must be Tensors or numbers; got {type(item).__name__}")
    return _tensor.result_type(tensor1, tensor2)


def can_cast(from_: Any, to: Any) -> bool:
    """Return whether elements may become another type by themselves: never a category lower.

    Parameters
    ----------
    from_, to : dtype

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        If either is no dtype.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.can_cast(mg.float64, mg.float32), mg.can_cast(mg.float32, mg.int64)
    (True, False)
    """
    return to_dtype(from_, "can_cast").category <= to_dtype(to, "can_cast").category


class finfo:  # noqa: N801 (PyTorch's name)
    """Limits of a floating-point type.

    Parameters
    ----------
    type : dtype, optional
        The default type if it is left out.

    Attributes
    ----------
    bits : int
    eps : float
        Distance from 1 to the next larger number.
    max, min : float
    tiny, smallest_normal : float
        The smallest positive number of full precision.
    resolution : float
        The decimal digits that survive, as a power of ten.
    dtype : str

    Raises
    ------
    TypeError
        If it is not a floating-point type.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.finfo(mg.float32).max
    3.4028234663852886e+38
    """

    def __init__(self, type: Any = None) -> None:
        kind = get_default_dtype() if type is None else to_dtype(type, "finfo")
        if not kind.is_floating_point:
            raise TypeError(f"finfo: type must be a floating-point dtype; got {kind}; iinfo tells of integers")
        limits: Any = np.finfo(kind.numpy)
        self.bits = int(limits.bits)
        self.dtype = kind.name
        self.max, self.min, self.eps = float(limits.max), float(limits.min), float(limits.eps)
        self.tiny = self.smallest_normal = float(limits.tiny)
        self.resolution = 10.0 ** -int(limits.precision)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:  # noqa: N801 (PyTorch's name)
    """Limits of an integer type.

    Parameters
    ----------
    type : dtype

    Attributes
    ----------
    bits : int
    max, min : int
    dtype : str

    Raises
    ------
    TypeError
        If it is not an integer type.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.iinfo(mg.uint8)
    iinfo(min=0, max=255, dtype=uint8)
    """

    def __init__(self, type: Any) -> None:
        kind = to_dtype(type, "iinfo")
        if kind.is_floating_point or kind is _dtype.bool_:
            raise TypeError(f"iinfo: type must be an integer dtype; got {kind}")
        limits = np.iinfo(kind.numpy)
        self.bits, self.max, self.min, self.dtype = int(limits.bits), int(limits.max), int(limits.min), kind.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
