"""State dicts that PyTorch saved, read without running what their pickle might ask for.

A ``.pt`` file is a zip archive: ``NAME/data.pkl`` describes the objects, ``NAME/data/0``, ``1``, ... hold the
elements of the tensors. A pickle is a program; the one here may only call what stands in the lists
below, all of which make data.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from typing import Any

import numpy as np

from minigrad._check import DataError
from minigrad.nn._device import device
from minigrad.nn._dtype import DTYPES, to_dtype
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.parameter import Parameter

__all__ = ["is_torch", "read_torch"]

_LARGEST = 1 << 40  # bytes that a member may claim to unpack to

# PyTorch's storage classes, by the elements that they hold; the last two are widened.
_STORAGES: dict[str, np.dtype[Any]] = {
    "DoubleStorage": np.dtype("f8"),
    "FloatStorage": np.dtype("f4"),
    "LongStorage": np.dtype("i8"),
    "IntStorage": np.dtype("i4"),
    "ShortStorage": np.dtype("i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
    "HalfStorage": np.dtype("f2"),
    "BFloat16Storage": np.dtype("u2"),
}
_WIDENED = {np.dtype("i2"): np.int32, np.dtype("i1"): np.int32, np.dtype("f2"): np.float32}


def is_torch(data: bytes | bytearray) -> bool:
    """Return whether data begin as a zip archive or a pickle."""
    return bytes(data[:4]) == b"PK\x03\x04" or bytes(data[:2]) == b"\x80\x02"


class _Storage:
    """A storage class, as the pickle names it."""

    def __init__(self, name: str) -> None:
        self.name = name


def _rebuild_tensor(
    storage: np.ndarray, offset: int, size: Any, stride: Any, requires_grad: bool = False, hooks: Any = None, *rest: Any
) -> Tensor:
    """Return the tensor that lies in a storage with the given strides."""
    size, stride = tuple(size), tuple(stride)
    last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    if min((offset, *size, *stride)) < 0 or (0 not in size and last >= storage.size):
        raise ValueError(f"a tensor of size {size} reaches beyond its {storage.size} elements")
    if 0 in size:
        return fresh(np.empty(size, storage.dtype))
    strides = tuple(s * storage.itemsize for s in stride)
    tensor = fresh(np.lib.stride_tricks.as_strided(storage[offset:], size, strides).copy())
    return tensor.requires_grad_() if requires_grad else tensor


def _rebuild_parameter(data: Tensor, requires_grad: bool, hooks: Any) -> Parameter:
    return Parameter(data, requires_grad)


def _encode(text: str, encoding: str) -> bytes:
    return text.encode(encoding)


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "Size"): tuple,
    ("torch", "device"): device,
    ("_codecs", "encode"): _encode,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,
    **{("torch", name): _Storage(name) for name in _STORAGES},
    **{("torch", kind.name): to_dtype(kind.name) for kind in DTYPES},
}


class _Unpickler(pickle.Unpickler):
    """Reads a pickle that calls nothing but what is allowed."""

    def __init__(self, pack: zipfile.ZipFile, folder: str, swap: bool) -> None:
        super().__init__(io.BytesIO(_member(pack, f"{folder}/data.pkl")))
        self._pack, self._folder, self._swap = pack, folder, swap
        self._storages: dict[str, np.ndarray] = {}

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which is not data that a state dict needs"
            ) from None

    def persistent_load(self, reference: Any) -> np.ndarray:
        """Return the elements of the storage that a tensor refers to."""
        kind, storage, key, _, count = reference
        if kind != "storage" or not isinstance(storage, _Storage) or not isinstance(key, str):
            raise pickle.UnpicklingError(f"it refers to {kind!r}, which is not a storage")
        if key not in self._storages:
            dtype = _STORAGES[storage.name]
            if self._swap:
                dtype = dtype.newbyteorder()
            elements = np.frombuffer(_member(self._pack, f"{self._folder}/data/{key}"), dtype).astype(
                dtype.newbyteorder("=")
            )
            if elements.size != count:
                raise pickle.UnpicklingError(f"storage {key} has {elements.size} elements instead of {count}")
            if storage.name == "BFloat16Storage":
                elements = (elements.astype(np.uint32) << 16).view(np.float32)
            self._storages[key] = elements.astype(_WIDENED.get(elements.dtype, elements.dtype), copy=False)
        return self._storages[key]


def _member(pack: zipfile.ZipFile, name: str) -> bytes:
    if pack.getinfo(name).file_size > _LARGEST:
        raise zipfile.BadZipFile(f"{name} is too large")
    return pack.read(name)


def read_torch(data: bytes | bytearray, where: str) -> Any:
    """Return what ``torch.save`` wrote: tensors in dicts, lists and tuples, with numbers and strings.

    Parameters
    ----------
    data : bytes
        The file's content.
    where : str
        Names the file in messages.

    Returns
    -------
    object

    Raises
    ------
    DataError
        If the file is damaged, of the format before PyTorch 1.6, or holds anything that is not data.
    """
    if bytes(data[:2]) == b"\x80\x02":
        raise DataError(f"{where}: is a bare pickle (PyTorch before 1.6 wrote such); load it there and save it again")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            names = pack.namelist()
            folder = next((name.rpartition("/")[0] for name in names if name.endswith("/data.pkl")), None)
            if folder is None:
                raise DataError(f"{where}: is a zip archive, but not one of PyTorch's: it has no data.pkl")
            order = f"{folder}/byteorder"
            swap = order in names and pack.read(order).strip() == b"big"
            return _Unpickler(pack, folder, swap).load()
    except pickle.UnpicklingError as error:
        raise DataError(f"{where}: cannot be loaded: {error}; save a state dict instead") from None
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, NotImplementedError) as error:
        raise DataError(f"{where}: the file is damaged or cut short ({error}); fetch it again") from None
    except (ValueError, TypeError, AttributeError, IndexError, RuntimeError, MemoryError, OverflowError) as error:
        raise DataError(f"{where}: what it holds does not fit together ({error}); fetch it again") from None
