"""Element types of tensors, and which type the result of mixing two has."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "DTYPES",
    "OtherDtype",
    "bfloat16",
    "bool_",
    "dtype",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "int32",
    "int64",
    "of_numpy",
    "promote_types",
    "set_default_dtype",
    "to_dtype",
    "uint8",
]

_BOOL, _INT, _FLOAT = 0, 1, 2


class dtype:  # noqa: N801 (the field's name for it)
    """Element type of a tensor.

    Attributes
    ----------
    name : str
    numpy : numpy.dtype
        The same type in NumPy's words.
    itemsize : int
        Bytes of an element.
    is_floating_point, is_signed, is_complex : bool
    """

    __slots__ = ("category", "is_complex", "is_floating_point", "is_signed", "itemsize", "name", "numpy")

    def __init__(self, name: str, category: int) -> None:
        self.name = name
        self.numpy = np.dtype(name)
        self.category = category
        self.itemsize = self.numpy.itemsize
        self.is_floating_point = category == _FLOAT
        self.is_signed = self.numpy.kind in "fi"
        self.is_complex = False

    def __repr__(self) -> str:
        return f"minigrad.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (to_dtype, (self.name,))


class OtherDtype:
    """Element type that scripts name but no tensor has: as a choice for `autocast`, or to compare with.

    Attributes
    ----------
    name : str
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"minigrad.{self.name}"


bfloat16 = OtherDtype("bfloat16")
float16 = OtherDtype("float16")

float32 = dtype("float32", _FLOAT)
float64 = dtype("float64", _FLOAT)
int64 = dtype("int64", _INT)
int32 = dtype("int32", _INT)
uint8 = dtype("uint8", _INT)
bool_ = dtype("bool", _BOOL)

DTYPES = (bool_, uint8, int32, int64, float32, float64)
"""In the order of promotion: within a category the later absorbs the earlier."""

_OF_NUMPY = {kind.numpy: kind for kind in DTYPES}
_RANK = {kind: rank for rank, kind in enumerate(DTYPES)}
_BY_NAME = {kind.name: kind for kind in DTYPES}
_BY_NAME |= {"float": float32, "double": float64, "long": int64, "int": int32}
_OF_PYTHON: dict[Any, dtype] = {bool: bool_, int: int64, float: float64}

_default = float32


def of_numpy(kind: np.dtype[Any]) -> dtype:
    """Return the element type for a NumPy dtype; TypeError if tensors have none for it."""
    found = _OF_NUMPY.get(kind)
    if found is None:
        known = ", ".join(d.name for d in DTYPES)
        raise TypeError(f"tensor: dtype must be one of {known}; got {kind}")
    return found


def to_dtype(kind: Any, owner: str = "tensor") -> dtype:
    """Return `kind`, a dtype, its name, a NumPy type or a Python one, as a dtype."""
    if type(kind) is dtype:
        return kind
    if isinstance(kind, str) and kind in _BY_NAME:
        return _BY_NAME[kind]
    if isinstance(kind, OtherDtype):
        raise TypeError(f"{owner}: tensors have no elements of {kind}; use minigrad.float32")
    try:
        if kind in _OF_PYTHON:
            return _OF_PYTHON[kind] if kind is not float else _default
        return of_numpy(np.dtype(kind))
    except TypeError:
        raise TypeError(f"{owner}: dtype must be a minigrad.dtype; got {kind!r}") from None


def promote_types(first: dtype, second: dtype) -> dtype:
    """Return the smallest type that holds both: bool < uint8 < int32 < int64 < float32 < float64.

    Raises
    ------
    TypeError
        If one of them is not the type of a tensor.
    """
    try:
        return first if _RANK[first] >= _RANK[second] else second
    except (KeyError, TypeError):
        return promote_types(to_dtype(first, "promote_types"), to_dtype(second, "promote_types"))


def get_default_dtype() -> dtype:
    """Return the type of floating-point tensors made without naming one; float32 at the start."""
    return _default


def set_default_dtype(d: Any) -> None:
    """Set the type of floating-point tensors made without naming one.

    Raises
    ------
    TypeError
        If `d` is not float32 or float64.
    """
    global _default
    kind = to_dtype(d, "set_default_dtype")
    if not kind.is_floating_point:
        raise TypeError(f"set_default_dtype: d must be float32 or float64; got {kind}")
    _default = kind
