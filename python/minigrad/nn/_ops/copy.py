"""Copies and conversions: element types, Python's numbers, arrays, pickles; writes in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._device import device as Device  # noqa: N812
from minigrad.nn._dtype import OtherDtype, float32, float64, int32, int64, to_dtype, uint8
from minigrad.nn._dtype import bool_ as _bool
from minigrad.nn._dtype import dtype as Dtype  # noqa: N812
from minigrad.nn._errors import GraphError, ShapeError, portrait
from minigrad.nn._graph import Node, mode
from minigrad.nn._tensor import Tensor, as_tensor, change_inplace, fresh, method, result, unbroadcast

__all__ = ["clone", "fill", "is_complex", "is_floating_point"]


class Clone(Node):
    """z = a, in memory of its own."""

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g."""
        return (grad,)


class ToCopy(Node):
    """z = a in another element type."""

    dtype: Dtype

    def backward(self, grad: Tensor) -> tuple[Any]:
        """Gradient g, converted back."""
        return (convert(grad, self.dtype),)


@method
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """Return a copy with memory of its own, through which gradients flow.

    Parameters
    ----------
    input : Tensor
    memory_format : optional
        Accepted and ignored: results are row-major.
    """
    data = _array.empty(input._data.shape, input._data.dtype)
    _array.copy_into(data, input._data)
    return result(data, Clone, (input,))


@method
def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """Return the tensor itself if its elements lie in order without gaps, or else a copy that does."""
    return input if input._data.flags.c_contiguous else clone(input)


# --- element types


def convert(input: Tensor, kind: Dtype, copy: bool = False) -> Tensor:
    """Return the tensor with elements of type `kind`: itself, if they are and no copy is asked for."""
    if input._data.dtype == kind.numpy:
        return clone(input) if copy else input
    data = _array.empty(input._data.shape, kind.numpy)
    with np.errstate(all="ignore"):
        np.copyto(data, input._data, casting="unsafe")
    return result(data, ToCopy, (input,) if kind.is_floating_point else (), dtype=input.dtype)


@method
def to(
    input: Tensor,
    *args: Any,
    dtype: Any = None,
    device: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return the tensor in another element type: ``x.to(mg.float64)``, ``x.to("cpu")``, ``x.to(other)``.

    Raises
    ------
    RuntimeError
        If a device other than the CPU is named.
    """
    flags = [a for a in args if isinstance(a, bool)]
    if len(flags) > 1:
        copy = flags[1]
    for argument in (*args, device):
        if isinstance(argument, Tensor):
            dtype = argument.dtype
        elif isinstance(argument, (Dtype, OtherDtype, type, np.dtype)):
            dtype = argument
        elif argument is not None and not isinstance(argument, bool) and str(argument).split(":")[0] != "cpu":
            raise RuntimeError(f"to: the only device is 'cpu'; got {argument!r}")
    return convert(input, input.dtype if dtype is None else to_dtype(dtype, "to"), copy)


def _conversion(name: str, kind: Dtype) -> None:
    def form(self: Tensor, memory_format: Any = None) -> Tensor:
        return convert(self, kind)

    form.__name__ = form.__qualname__ = name
    form.__doc__ = f"Return the tensor with elements of type {kind.name}."
    setattr(Tensor, name, form)


for _name, _kind in (
    ("float", float32),
    ("double", float64),
    ("long", int64),
    ("int", int32),
    ("byte", uint8),
    ("bool", _bool),
):
    _conversion(_name, _kind)


@method
def type_as(input: Tensor, other: Tensor) -> Tensor:
    """Return the tensor with elements of the type of `other`."""
    return convert(input, other.dtype)


@method("type")
def _type(input: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """Return the tensor with elements of type `dtype`; without it, the name of its type."""
    if dtype is not None:
        return convert(input, to_dtype(dtype, "type"))
    names = {"float32": "Float", "float64": "Double", "int64": "Long", "int32": "Int", "uint8": "Byte", "bool": "Bool"}
    return f"minigrad.{names[input.dtype.name]}Tensor"


@method
def is_floating_point(input: Tensor) -> bool:
    """Return whether the elements are floating-point numbers.

    Parameters
    ----------
    input : Tensor
    """
    return input._data.dtype.kind == "f"


@method
def is_complex(input: Tensor) -> bool:
    """Return whether the elements are complex: never.

    Parameters
    ----------
    input : Tensor
    """
    return False


@method
def is_signed(input: Tensor) -> bool:
    """Return whether the element type has negative numbers."""
    return input.dtype.is_signed


@method
def cpu(input: Tensor, memory_format: Any = None) -> Tensor:
    """Return the tensor itself: there is no other device."""
    return input


def _cuda(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Raise RuntimeError: the only device is the CPU."""
    raise RuntimeError("cuda: minigrad was not built for CUDA; the only device is 'cpu'")


Tensor.cuda = _cuda  # type: ignore[attr-defined]
Tensor.device = property(lambda self: Device("cpu"), doc="Where the elements lie: always the CPU.")  # type: ignore[attr-defined]
Tensor.is_cuda = False  # type: ignore[attr-defined]
Tensor.is_sparse = False  # type: ignore[attr-defined]
Tensor.is_quantized = False  # type: ignore[attr-defined]


# --- Python's numbers


@method
def item(input: Tensor) -> Any:
    """Return the only element as a Python number.

    Raises
    ------
    RuntimeError
        If there is not exactly one element.
    """
    if input._data.size != 1:
        raise RuntimeError(
            f"item: a Tensor with {input._data.size} elements cannot be converted to Scalar: {portrait(input)}"
        )
    return input._data.item()


@method
def tolist(input: Tensor) -> Any:
    """Return the elements as nested lists of Python numbers; for 0-d, one number."""
    return input._data.tolist()


@method("__float__")
def _float(input: Tensor) -> float:
    """Return the only element as a float."""
    return float(item(input))


@method("__int__")
def _int(input: Tensor) -> int:
    """Return the only element as an int, rounded toward zero."""
    return int(item(input))


@method("__bool__")
def _truth(input: Tensor) -> bool:
    """Return the truth of the only element.

    Raises
    ------
    RuntimeError
        If there is not exactly one element.
    """
    data = input._data
    if data.size != 1:
        values = "no values" if data.size == 0 else "more than one value"
        raise RuntimeError(f"bool: Boolean value of Tensor with {values} is ambiguous: {portrait(input)}")
    return bool(data.item())


@method("__index__")
def _index(input: Tensor) -> int:
    """Return the only element of an integer tensor as an int.

    Raises
    ------
    TypeError
        If there are more, or they are not integers.
    """
    if input._data.size != 1 or input._data.dtype.kind == "f":
        raise TypeError(
            f"index: only integer tensors of a single element can be converted to an index; got {portrait(input)}"
        )
    return int(input._data.item())


@method("__len__")
def _len(input: Tensor) -> int:
    """Return the extent of the first dimension.

    Raises
    ------
    TypeError
        If there is none.
    """
    if not input._data.ndim:
        raise TypeError("len() of a 0-d tensor")
    return input._data.shape[0]  # type: ignore[no-any-return]


@method("__iter__")
def _iter(input: Tensor) -> Any:
    """Iterate over the first dimension.

    Raises
    ------
    TypeError
        If there is none.
    """
    if not input._data.ndim:
        raise TypeError("iteration over a 0-d tensor")
    return iter([input[i] for i in range(input._data.shape[0])])


@method("__contains__")
def _contains(input: Tensor, element: Any) -> bool:
    """Return whether an element equals `element`."""
    if not isinstance(element, (Tensor, bool, int, float, np.generic)):
        raise RuntimeError(
            f"in: Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element).__name__}"
        )
    return bool((input._data == (element._data if isinstance(element, Tensor) else element)).any())


@method("__format__")
def _format(input: Tensor, spec: str) -> str:
    """Format a 0-d tensor as its number, and any other as it prints."""
    if input._data.ndim == 0 and type(input).__name__ == "Tensor":
        return format(input._data.item(), spec)
    return object.__format__(input, spec)


# --- arrays and pickles


@method
def numpy(input: Tensor, *, force: bool = False) -> np.ndarray:
    """Return the tensor's memory as an array; a change of either is seen in both.

    Parameters
    ----------
    force : bool, default False
        Detach first, as ``x.detach().numpy()``.

    Raises
    ------
    RuntimeError
        If the tensor requires grad and `force` is False.
    """
    if input._requires and not force:
        raise RuntimeError(
            f"numpy: can't call numpy() on Tensor that requires grad: {portrait(input)}; use tensor.detach().numpy()"
        )
    return input._data.view()


@method("__array__")
def _array_of(input: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    """Return the tensor as an array, for NumPy."""
    data = numpy(input)
    if dtype is None or data.dtype == dtype:
        return data.copy() if copy else data
    return data.astype(dtype)


@method("__dlpack__")
def _dlpack(input: Tensor, **options: Any) -> Any:
    """Hand the memory to another library; see `minigrad.from_dlpack`."""
    return numpy(input).__dlpack__(**options)


@method("__dlpack_device__")
def _dlpack_device(input: Tensor) -> tuple[Any, ...]:
    return input._data.__dlpack_device__()


@method("__deepcopy__")
def _deepcopy(input: Tensor, memo: dict[int, Any]) -> Tensor:
    """Copy a leaf, with its grad.

    Raises
    ------
    RuntimeError
        If the tensor is not a leaf.
    """
    if input._node is not None:
        raise GraphError(
            f"deepcopy: Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol; got "
            f"the result of {input._node.name()}: {portrait(input)}; detach() it first"
        )
    if id(input) in memo:
        return memo[id(input)]  # type: ignore[no-any-return]
    out: Tensor = Tensor.__new__(type(input))
    memo[id(input)] = out
    out._data, out._requires, out._where = input._data.copy(), input._requires, input._where
    if input._grad is not None:
        out._grad = _deepcopy(input._grad, memo)
    return out


def _rebuild(cls: type[Tensor], data: np.ndarray, requires_grad: bool) -> Tensor:
    out = Tensor.__new__(cls)
    out._data, out._requires = data, requires_grad
    return out


@method("__reduce_ex__")
def _reduce(input: Tensor, protocol: Any) -> tuple[Any, ...]:
    """Pickle the elements and whether they require grad, without the graph."""
    return _rebuild, (type(input), np.array(input._data), input._requires)


# --- writes in place


class Copy(Node):
    """z = b, broadcast, in the place of a: nothing of a is left."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    dtype: Dtype

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients 0 and g."""
        a, b = self.next_functions_
        return (
            None if a is None else fresh(_array.zeros(self.shapes[0], grad._data.dtype)),
            None if b is None else convert(unbroadcast(grad, self.shapes[1]), self.dtype),
        )


@method
def copy_(input: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Overwrite the elements in place with those of `src`, broadcast and converted, and return the tensor.

    Raises
    ------
    RuntimeError
        If `src` cannot be broadcast to the tensor's shape, or the tensor is a leaf that requires grad.
    """
    source = src if isinstance(src, Tensor) else as_tensor(src)
    input._check_inplace("copy_")
    try:
        data = np.broadcast_to(source._data, input._data.shape)
    except ValueError:
        raise ShapeError(
            f"copy_: {portrait(source)} cannot be broadcast to {tuple(input._data.shape)} of {portrait(input)}"
        ) from None
    recording = mode.enabled and (input._requires or source._requires)
    before = _as_it_was(input) if recording else None
    with np.errstate(all="ignore"):
        np.copyto(input._data, data, casting="unsafe")
    input._bump()
    if before is not None and input._data.dtype.kind == "f":
        # Recorded over the tensor's own memory, which holds the new values already.
        shapes = (input._data.shape, source._data.shape)
        input._rebase(result(input._data, Copy, (before, source), shapes=shapes, dtype=source.dtype))
    return input


def _as_it_was(tensor: Tensor) -> Tensor:
    """Return a tensor with the node that `tensor` has now, for an operation that ignores its elements."""
    before = fresh(tensor._data)
    before._node, before._index, before._requires = tensor._node, tensor._index, tensor._requires
    before._where = tensor._where
    return before


class Fill(Node):
    """z = v in the place of every element of a."""

    shape: tuple[int, ...]

    def backward(self, grad: Tensor) -> tuple[Any, Any]:
        """Gradients 0 and the sum of g."""
        a, value = self.next_functions_
        return (
            None if a is None else fresh(_array.zeros(self.shape, grad._data.dtype)),
            None if value is None else grad.sum(),
        )


def _fill_value(op: str, value: Any) -> Tensor:
    made = value if isinstance(value, Tensor) else fresh(np.asarray(value))
    if made._data.ndim:
        raise RuntimeError(f"{op}: value must be a number or a 0-d tensor; got {portrait(made)}")
    return made


@method
def fill(input: Tensor, value: Any) -> Tensor:
    """Return a tensor of the shape and type of `input` in which every element is `value`.

    Parameters
    ----------
    input : Tensor
    value : number or Tensor
    """
    source = _fill_value("fill", value)
    data = _array.empty(input._data.shape, input._data.dtype)
    with np.errstate(all="ignore"):
        _array.copy_into(data, source._data)
    return result(data, Fill, (input, source), shape=data.shape)


@method
def fill_(input: Tensor, value: Any) -> Tensor:
    """Set every element in place to `value`, and return the tensor.

    Raises
    ------
    RuntimeError
        If `value` is not a number or 0-d, or the tensor is a leaf that requires grad.
    """
    source = _fill_value("fill_", value)
    if mode.enabled and (input._requires or source._requires):
        return change_inplace("fill_", input, lambda before: fill(before, source))
    input._check_inplace("fill_")
    with np.errstate(all="ignore"):
        _array.copy_into(input._data, source._data)
    input._bump()
    return input


@method
def zero_(input: Tensor) -> Tensor:
    """Set every element in place to 0, and return the tensor."""
    return fill_(input, 0)


@method
def detach_(input: Tensor) -> Tensor:
    """Take the tensor out of the graph, in place, and return it.

    Raises
    ------
    RuntimeError
        For a view, which follows its base.
    """
    if input._view is not None and input._node is not None:
        raise GraphError(f"detach_: can't detach views in-place: {portrait(input)}; use detach() instead")
    input._node, input._index, input._requires = None, 0, False
    return input
