"""Tensors made from nothing, from numbers, and after the pattern of another tensor.

`sequence` has the numbers in a sequence, `random` those that are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.nn import _array, _tensor
from minigrad.nn._dtype import dtype as Dtype  # noqa: N812
from minigrad.nn._dtype import get_default_dtype, of_numpy, to_dtype
from minigrad.nn._graph import mode
from minigrad.nn._ops.shape import sizes_of
from minigrad.nn._tensor import Tensor, fresh, method
from minigrad.nn._where import user_line

__all__ = [
    "as_tensor",
    "asarray",
    "empty",
    "empty_like",
    "empty_strided",
    "from_dlpack",
    "from_numpy",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "scalar_tensor",
    "tensor",
    "zeros",
    "zeros_like",
]


# --- what every function here shares


def check_device(op: str, device: Any) -> None:
    """Refuse any device but the CPU."""
    if device is not None and str(device).split(":")[0] != "cpu":
        raise RuntimeError(f"{op}: the only device is 'cpu'; got {device!r}")


def kind_of(op: str, dtype: Any, default: Dtype | None = None) -> np.dtype[Any]:
    """Return `dtype`, or else `default`, or else the default floating-point type, in NumPy's words."""
    if dtype is None:
        return (get_default_dtype() if default is None else default).numpy
    return to_dtype(dtype, op).numpy


def made(data: np.ndarray, requires_grad: bool = False) -> Tensor:
    """Return a new leaf over `data`, with the user's line."""
    out = fresh(data)
    if mode.lines:
        out._where = user_line()
    return out.requires_grad_() if requires_grad else out


def shape_of(op: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """Return a shape given as ints or as one sequence; RuntimeError if an extent is negative."""
    sizes = sizes_of(op, size)
    if any(n < 0 for n in sizes):
        raise RuntimeError(f"{op}: the extents of a shape must not be negative; got {sizes}")
    return sizes


def deliver(op: str, data: np.ndarray, out: Tensor | None, requires_grad: bool) -> Tensor:
    """Return `data` as a new leaf, or written into `out`."""
    if out is None:
        return made(data, requires_grad)
    return _tensor.write_out(op, out, fresh(data))


def filled(shape: tuple[int, ...], value: Any, kind: np.dtype[Any]) -> np.ndarray:
    """Return an array of `shape` in which every element is `value`; bytes take negative ones modulo 256."""
    if kind.kind in "iu" and isinstance(value, int):
        limits = np.iinfo(kind)
        if not min(limits.min, -limits.max) <= value <= limits.max:
            raise RuntimeError(f"full: value cannot be converted to {kind.name} without overflow; got {value}")
        value = value % (limits.max + 1) if kind.kind == "u" else value
    data = _array.empty(shape, kind)
    with np.errstate(all="ignore"):
        data.fill(value)
    return data


# --- from values


def _leaf(value: Any) -> Any:
    while isinstance(value, (list, tuple)) and len(value):
        value = value[0]
    return value


def _copied(data: np.ndarray | np.generic) -> np.ndarray:
    if data.dtype.kind not in "biuf" or not data.dtype.isnative:
        return np.array(data)
    array = _array.lasting(data.shape, data.dtype)
    _array.copy_into(array, np.asarray(data))
    return array


def _values(op: str, data: Any, dtype: Any) -> np.ndarray:
    """Return nested sequences, numbers or an array as a new array of the type that they imply."""
    wanted = None if dtype is None else to_dtype(dtype, op).numpy
    if isinstance(data, (np.ndarray, np.generic)):
        array, typed = _copied(data), True
    else:
        leaf = _leaf(data)
        typed = isinstance(leaf, (Tensor, np.ndarray, np.generic))
        try:
            array = np.array(_plain_values(data) if typed else data)
        except ValueError:
            raise ValueError(f"{op}: sequences of one level must have the same length; got {data!r:.80}") from None
    if array.dtype.kind not in "biuf" or (array.dtype == object):
        if array.dtype.kind == "O" and isinstance(_leaf(data), int):
            raise RuntimeError(f"{op}: an integer is too large for int64; got {data!r:.80}")
        raise TypeError(f"{op}: data must be made of numbers; got {data!r:.80}")
    if wanted is None and not typed:
        wanted = get_default_dtype().numpy if array.dtype.kind == "f" else array.dtype
    if wanted is None:
        of_numpy(array.dtype)
        wanted = array.dtype
    if array.dtype == np.uint64:
        raise RuntimeError(f"{op}: an integer is too large for int64; got {data!r:.80}")
    with np.errstate(all="ignore"):
        return array if array.dtype == wanted else array.astype(wanted)


def _plain_values(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value._data
    return [_plain_values(item) for item in value] if isinstance(value, (list, tuple)) else value


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """Return a new tensor that holds a copy of `data`.

    Parameters
    ----------
    data : number, nested sequence, ndarray or Tensor
    dtype : minigrad.dtype, optional
        Default: bool, int64 or the default floating-point type for Python's numbers; the
        array's or tensor's own for those.
    device : optional
        ``"cpu"`` is the only one.
    requires_grad : bool, default False
        Whether operations on the tensor are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Returns
    -------
    Tensor
        A leaf.

    Raises
    ------
    TypeError
        If `data` is not made of numbers.
    ValueError
        If sequences of one level differ in length.
    RuntimeError
        If `device` is not the CPU, an integer does not fit int64, or integers shall require grad.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    check_device("tensor", device)
    if isinstance(data, Tensor):
        kind = data._data.dtype if dtype is None else to_dtype(dtype, "tensor").numpy
        array = _array.empty(data._data.shape, kind)
        with np.errstate(all="ignore"):
            np.copyto(array, data._data, casting="unsafe")
    else:
        array = _values("tensor", data, dtype)
    return made(array, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Return `data` as a tensor, sharing memory with an array or tensor of the right type.

    Parameters
    ----------
    data : array_like
    dtype : minigrad.dtype, optional
        Element type of the result.
    device : "cpu", optional

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As `tensor`.
    """
    check_device("as_tensor", device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(to_dtype(dtype, "as_tensor"))
    if isinstance(data, np.ndarray) and (dtype is None or to_dtype(dtype, "as_tensor").numpy == data.dtype):
        return from_numpy(data)
    return made(_values("as_tensor", data, dtype))


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """Return `obj` as a tensor: a view of its memory where `copy` does not forbid it.

    Parameters
    ----------
    obj : array_like
    dtype : minigrad.dtype, optional
        Element type of the result.
    device : "cpu", optional
    copy : bool, optional
        Whether to copy.
    requires_grad : bool, default False
        Whether operations on the result are recorded.

    Raises
    ------
    ValueError
        If `copy` is False and a copy is needed.
    """
    check_device("asarray", device)
    out = tensor(obj, dtype=dtype) if copy else as_tensor(obj, dtype)
    source = obj._data if isinstance(obj, Tensor) else obj
    if copy is False and not (isinstance(source, np.ndarray) and np.shares_memory(source, out._data)):
        raise ValueError("asarray: can't alias the memory of obj; copy must be None or True for it")
    if isinstance(obj, Tensor) and not requires_grad:
        return out.detach()
    return out.requires_grad_() if requires_grad else out


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """Return a tensor over an array's own memory; a change of either is seen in both.

    Parameters
    ----------
    ndarray : ndarray
        Shared, not copied.

    Raises
    ------
    TypeError
        If it is not an ndarray of a type that tensors have.
    ValueError
        If a stride is negative or the bytes of its elements are in another order.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: expected an ndarray; got {type(ndarray).__name__}")
    if any(step < 0 for step in ndarray.strides):
        raise ValueError("from_numpy: at least one stride of the array is negative; pass a copy of it")
    if not ndarray.dtype.isnative:
        raise ValueError(f"from_numpy: the array's byte order is not the machine's; got {ndarray.dtype}")
    of_numpy(ndarray.dtype)
    return made(ndarray if type(ndarray) is np.ndarray else ndarray.view(np.ndarray))


def from_dlpack(ext_tensor: Any) -> Tensor:
    """Return a tensor over the memory of any object with ``__dlpack__``.

    Parameters
    ----------
    ext_tensor : object
        With ``__dlpack__``.
    """
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.detach()
    return from_numpy(np.from_dlpack(ext_tensor))


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a 0-d tensor of the default floating-point type (or of `dtype`).

    Parameters
    ----------
    s : number
    dtype : minigrad.dtype, optional
        Element type of the result.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.

    Raises
    ------
    TypeError, RuntimeError
        If an argument is of the wrong type or not in its range.
    """
    check_device("scalar_tensor", device)
    value = s.item() if isinstance(s, Tensor) else s
    return made(filled((), value, kind_of("scalar_tensor", dtype)), requires_grad)


# --- of one value


def empty(
    *size: Any,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return a tensor of shape `size` with arbitrary elements.

    Parameters
    ----------
    *size : int or tuple of int
        The shape.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.
    memory_format : optional
        Accepted and ignored: results are row-major.

    Raises
    ------
    TypeError, RuntimeError
        If an argument is of the wrong type or not in its range.
    """
    check_device("empty", device)
    shape = shape_of("empty", size)
    if out is not None:
        return deliver("empty", np.empty(shape, out._data.dtype), out, requires_grad)
    return made(_array.empty(shape, kind_of("empty", dtype)), requires_grad)


def zeros(
    *size: Any,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of shape `size` (ints or a sequence) filled with 0.

    Parameters
    ----------
    *size : int or tuple of int
        The shape.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    TypeError, RuntimeError
        If an argument is of the wrong type or not in its range.
    """
    check_device("zeros", device)
    return deliver("zeros", filled(shape_of("zeros", size), 0, kind_of("zeros", dtype)), out, requires_grad)


def ones(
    *size: Any,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of shape `size` (ints or a sequence) filled with 1.

    Parameters
    ----------
    *size : int or tuple of int
        The shape.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    TypeError, RuntimeError
        If an argument is of the wrong type or not in its range.
    """
    check_device("ones", device)
    return deliver("ones", filled(shape_of("ones", size), 1, kind_of("ones", dtype)), out, requires_grad)


def _of_value(value: Any) -> Dtype:
    if isinstance(value, Tensor):
        return value.dtype
    if isinstance(value, (bool, int, np.bool_, np.integer)):
        return to_dtype(bool if isinstance(value, (bool, np.bool_)) else int)
    return get_default_dtype()


def _number(op: str, value: Any) -> Any:
    if isinstance(value, Tensor):
        if value._data.ndim:
            raise RuntimeError(f"{op}: fill_value must be a number or a 0-d tensor; got shape {value.shape}")
        return value.item()
    if not isinstance(value, (bool, int, float, np.generic)):
        raise TypeError(f"{op}: fill_value must be a number; got {type(value).__name__}")
    return value


def full(
    size: Any,
    fill_value: Any,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of shape `size` filled with `fill_value`, whose type it takes.

    Parameters
    ----------
    size : int or tuple of int
        The shape.
    fill_value : number
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    TypeError, RuntimeError
        If an argument is of the wrong type or not in its range.
    """
    check_device("full", device)
    shape = shape_of("full", (size,) if isinstance(size, (tuple, list)) else (size,))
    kind = kind_of("full", dtype, _of_value(fill_value))
    return deliver("full", filled(shape, _number("full", fill_value), kind), out, requires_grad)


def _like(
    op: str, input: Tensor, value: Any, dtype: Any, device: Any, requires_grad: bool, shape: Any = None
) -> Tensor:
    check_device(op, device)
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}: input must be a Tensor; got {type(input).__name__}")
    extents = input._data.shape if shape is None else shape
    kind = kind_of(op, dtype, input.dtype)
    return made(_array.empty(extents, kind) if value is None else filled(extents, value, kind), requires_grad)


def zeros_like(
    input: Tensor,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return zeros of the shape and type of `input`.

    Parameters
    ----------
    input : Tensor
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    memory_format : optional
        Accepted and ignored: results are row-major.
    """
    return _like("zeros_like", input, 0, dtype, device, requires_grad)


def ones_like(
    input: Tensor,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return ones of the shape and type of `input`.

    Parameters
    ----------
    input : Tensor
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    memory_format : optional
        Accepted and ignored: results are row-major.
    """
    return _like("ones_like", input, 1, dtype, device, requires_grad)


def empty_like(
    input: Tensor,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return a tensor of the shape and type of `input` with arbitrary elements.

    Parameters
    ----------
    input : Tensor
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    memory_format : optional
        Accepted and ignored: results are row-major.
    """
    return _like("empty_like", input, None, dtype, device, requires_grad)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return a tensor of the shape and type of `input` filled with `fill_value`.

    Parameters
    ----------
    input : Tensor
    fill_value : number
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    memory_format : optional
        Accepted and ignored: results are row-major.
    """
    return _like("full_like", input, _number("full_like", fill_value), dtype, device, requires_grad)


def empty_strided(
    size: Sequence[int],
    stride: Sequence[int],
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of shape `size` with arbitrary elements that lie `stride` elements apart.

    Parameters
    ----------
    size : int or tuple of int
        The shape.
    stride : tuple of int
        In elements.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If the lengths differ or a number is negative.
    """
    check_device("empty_strided", device)
    extents, steps = shape_of("empty_strided", (tuple(size),)), tuple(stride)
    if len(extents) != len(steps) or any(s < 0 for s in steps):
        raise RuntimeError(f"empty_strided: stride {steps} must have a number >= 0 for each of the sizes {extents}")
    kind = kind_of("empty_strided", dtype)
    reach = 0 if 0 in extents else 1 + sum((n - 1) * s for n, s in zip(extents, steps, strict=True))
    flat = _array.empty((reach,), kind)
    data = np.lib.stride_tricks.as_strided(flat, extents, [s * kind.itemsize for s in steps])
    return made(data.view(np.ndarray), requires_grad)


# --- methods


@method
def new_tensor(
    input: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return `data`, copied, as a tensor of this one's type."""
    return tensor(data, dtype=input.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)


@method
def new_full(
    input: Tensor,
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of this one's type and shape `size`, filled with `fill_value`."""
    shape = shape_of("new_full", (size,))
    return _like("new_full", input, _number("new_full", fill_value), dtype, device, requires_grad, shape)


@method
def new_empty_strided(input: Tensor, size: Any, stride: Any, *, dtype: Any = None, **options: Any) -> Tensor:
    """Return `empty_strided` of this one's type."""
    options.pop("layout", None)
    return empty_strided(size, stride, dtype=input.dtype if dtype is None else dtype, **options)


def _new(name: str, value: Any) -> None:
    def form(
        self: Tensor,
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
    ) -> Tensor:
        return _like(name, self, value, dtype, device, requires_grad, shape_of(name, size))

    form.__name__ = form.__qualname__ = name
    form.__doc__ = f"Return a tensor of this one's type and the shape given, as `{name[4:]}` makes it."
    setattr(Tensor, name, form)


for _name, _value in (("new_empty", None), ("new_zeros", 0), ("new_ones", 1)):
    _new(_name, _value)
