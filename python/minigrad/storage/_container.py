"""`save` and `load`: tensors and plain Python values in one safetensors file.

The tensors are the file's arrays, under the names of the places where they were found, so that
any reader of the format finds them. What they were found in is described in the metadata, as JSON:
strings, numbers, booleans and None stand for themselves, everything else is an object
``{"kind": ..., "value": ...}``.
"""

from __future__ import annotations

import json
import math
import os
import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad._check import DataError
from minigrad.nn._device import device
from minigrad.nn._dtype import dtype as Dtype  # noqa: N812 (PyTorch's name for a class)
from minigrad.nn._dtype import to_dtype
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.parameter import Parameter
from minigrad.serialization import pack, read_bytes, unpack, write_atomically
from minigrad.storage._torch import is_torch, read_torch

__all__ = ["load", "save"]

_STRUCTURE, _CHECKSUM = "minigrad", "minigrad.crc32"


class _Writer:
    """Takes a value apart into arrays and a description."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._names: dict[int, str] = {}

    def describe(self, value: Any, path: str) -> Any:
        """Return what JSON is to hold for a value."""
        if value is None or isinstance(value, (bool, str)) or type(value) is int:
            return value
        if isinstance(value, Tensor):
            kind = "parameter" if isinstance(value, Parameter) else "tensor"
            return {"kind": kind, "value": self._store(value, value._data, path), "grad": value.requires_grad}
        if isinstance(value, np.generic):
            return {"kind": "scalar", "value": self._store(value, np.asarray(value), path)}
        if isinstance(value, float):
            return value if math.isfinite(value) else {"kind": "float", "value": repr(value)}
        if isinstance(value, np.ndarray):
            return {"kind": "array", "value": self._store(value, value, path)}
        if isinstance(value, (dict, OrderedDict)):
            pairs = [[self.describe(k, path), self.describe(v, _below(path, k))] for k, v in value.items()]
            return {"kind": "ordered" if isinstance(value, OrderedDict) else "dict", "value": pairs}
        if isinstance(value, (list, tuple, set, frozenset)):
            kind = next(name for name, (_, t) in _SEQUENCES.items() if isinstance(value, t))
            return {"kind": kind, "value": [self.describe(v, _below(path, i)) for i, v in enumerate(value)]}
        if isinstance(value, Dtype):
            return {"kind": "dtype", "value": value.name}
        if isinstance(value, device):
            return {"kind": "device", "value": str(value)}
        if isinstance(value, bytes):
            return {"kind": "bytes", "value": self._store(value, np.frombuffer(value, np.uint8), path)}
        hint = "; save its state_dict()" if hasattr(value, "state_dict") else ""
        place = f" at {path}" if path else ""
        raise TypeError(
            f"save: obj must be made of tensors, numbers, strings, lists, tuples and dicts; got "
            f"{type(value).__name__}{place}{hint}"
        )

    def _store(self, owner: Any, array: np.ndarray, path: str) -> str:
        """Keep an array under a name of its own; what is the same object is kept once."""
        if id(owner) not in self._names:
            name, number = path or "value", 2
            while name in self.arrays:
                name, number = f"{path or 'value'}#{number}", number + 1
            self._names[id(owner)] = name
            self.arrays[name] = array
        return self._names[id(owner)]


def _below(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


_SEQUENCES: dict[str, tuple[Callable[[Any], Any], type]] = {
    "list": (list, list),
    "tuple": (tuple, tuple),
    "set": (set, set),
    "frozenset": (frozenset, frozenset),
}


class _Reader:
    """Puts a value together from arrays and a description."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays
        self._made: dict[str, Any] = {}

    def build(self, described: Any) -> Any:
        """Return the value that JSON describes."""
        if not isinstance(described, dict):
            return described
        kind, value = described["kind"], described["value"]
        if kind in _SEQUENCES:
            return _SEQUENCES[kind][0](self.build(item) for item in value)
        if kind in ("dict", "ordered"):
            pairs = [(self.build(k), self.build(v)) for k, v in value]
            return OrderedDict(pairs) if kind == "ordered" else dict(pairs)
        if kind in ("tensor", "parameter", "array", "scalar", "bytes"):
            return self._array(kind, value, described.get("grad", False))
        makers: dict[str, Callable[[Any], Any]] = {"float": float, "dtype": to_dtype, "device": device}
        return makers[kind](value)

    def _array(self, kind: str, name: str, grad: bool) -> Any:
        array = self.arrays[name]
        if kind == "array":
            return array
        if kind == "scalar":
            return array[()]
        if kind == "bytes":
            return array.tobytes()
        if name not in self._made:
            self._made[name] = Parameter(fresh(array), grad) if kind == "parameter" else fresh(array)
            if grad:
                self._made[name].requires_grad_()
        return self._made[name]


def save(obj: Any, f: Any) -> None:
    """Write tensors, and what holds them, to a file.

    Parameters
    ----------
    obj : object
        A state dict, an optimizer's state, or any nesting of dicts, lists, tuples and sets of
        tensors, arrays, numbers, strings, bytes, booleans, dtypes, devices and None.
    f : path or binary file
        A path is written atomically: a failure leaves the file that was there.

    Raises
    ------
    TypeError
        If something else is among them; the message says where.
    DataError
        If the file cannot be written.

    Notes
    -----
    The file is in the safetensors format: it can be read without trusting it, and by other
    programs. A tensor that appears several times is stored once.

    Examples
    --------
    >>> import io, minigrad as mg
    >>> file = io.BytesIO()
    >>> mg.save({"weight": mg.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> mg.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    writer = _Writer()
    structure = json.dumps(writer.describe(obj, ""), allow_nan=False, separators=(",", ":"))
    checksum = 0
    for name in sorted(writer.arrays):
        checksum = zlib.crc32(np.ascontiguousarray(writer.arrays[name]).tobytes(), checksum)
    data = pack(writer.arrays, {_STRUCTURE: structure, _CHECKSUM: f"{checksum:08x}"})
    if hasattr(f, "write"):
        f.write(data)
    else:
        write_atomically(f, data)


def load(f: Any, map_location: Any = None, *, weights_only: bool = True, mmap: bool | None = None) -> Any:
    """Read what `save` wrote, any other safetensors file, or a state dict that PyTorch saved.

    Parameters
    ----------
    f : path or binary file
    map_location : object, optional
        Ignored: everything comes to the CPU.
    weights_only : bool, default True
        Ignored: no file can make this run code.
    mmap : bool, optional
        Ignored.

    Returns
    -------
    object
        As it was saved; a dict of tensors for a safetensors file without a description.

    Raises
    ------
    DataError
        If the file is missing, damaged, or holds something other than data.
    """
    where = os.fsdecode(f) if isinstance(f, (str, bytes, os.PathLike)) else "the file"
    data = bytearray(f.read()) if hasattr(f, "read") else read_bytes(f)
    if is_torch(data):
        return read_torch(data, where)
    arrays, metadata = unpack(data, where)
    if _STRUCTURE not in metadata:
        return {name: fresh(_supported(array)) for name, array in arrays.items()}
    checksum = 0
    for name in sorted(arrays):
        checksum = zlib.crc32(arrays[name].tobytes(), checksum)
    if metadata.get(_CHECKSUM) != f"{checksum:08x}":
        raise DataError(f"{where}: is damaged: its checksum is not the one it was written with; restore it from a copy")
    try:
        return _Reader(arrays).build(json.loads(metadata[_STRUCTURE]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, RuntimeError) as error:
        raise DataError(f"{where}: is damaged: its description cannot be followed ({error!r}); restore it") from None


def _supported(array: np.ndarray) -> np.ndarray:
    """Return an array of an element type that tensors have: the next wider one."""
    wider = {"f2": np.float32, "i1": np.int32, "i2": np.int32, "u2": np.int32, "u4": np.int64, "u8": np.int64}
    kind = wider.get(array.dtype.str[1:])
    return array if kind is None else array.astype(kind)
