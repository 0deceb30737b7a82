"""What a tensor says of its shape, and the forms that change it in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.nn._errors import portrait
from minigrad.nn._graph import mode
from minigrad.nn._ops.shape import add_property, reshape, squeeze, t, transpose, unsqueeze
from minigrad.nn._tensor import Tensor, dim_of, method

__all__ = [
    "numel",
]


def _in_place(name: str, function: Callable[..., Tensor], inverse: Callable[..., Callable[[Tensor], Tensor]]) -> None:
    def form(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        self._check_inplace(name)
        back = inverse(self._data.shape, *args, **kwargs)
        made = function(self, *args, **kwargs)
        if made is self:
            return self
        self._data = made._data
        if mode.enabled and made._node is not None:
            self._node, self._index, self._requires = made._node, made._index, made._requires
        if self._view is not None:
            base, replay = self._view
            self._view = (base, lambda a: function(replay(a), *args, **kwargs))
        for ref in self._shared_cell().views:
            view_of = ref()
            if view_of is not None and view_of is not made and view_of._view is not None and view_of._view[0] is self:
                view_of._view = (self, lambda a, old=view_of._view[1]: old(back(a)))
        self._bump()
        return self

    form.__name__ = form.__qualname__ = name
    form.__doc__ = f"Change the tensor's own shape to what `{function.__name__}` gives, and return it."
    setattr(Tensor, name, form)


def _to_shape(shape: tuple[int, ...], *args: Any, **kwargs: Any) -> Callable[[Tensor], Tensor]:
    return lambda a: reshape(a, shape)


def _again(shape: tuple[int, ...], *args: Any, **kwargs: Any) -> Callable[[Tensor], Tensor]:
    return lambda a: transpose(a, *args, **kwargs)


_in_place("squeeze_", squeeze, _to_shape)
_in_place("unsqueeze_", unsqueeze, _to_shape)
_in_place("t_", t, lambda shape: t)
for _name in ("transpose_", "swapaxes_", "swapdims_"):
    _in_place(_name, transpose, _again)


# --- what a tensor says of its shape


@method
def size(input: Tensor, dim: int | None = None) -> Any:
    """Return the shape, or the extent of one dimension.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        The dimension; negative ones count from the end.
    """
    shape = input._data.shape
    if dim is None:
        return shape
    at = dim_of("size", dim, len(shape))
    if not shape:
        raise IndexError(f"size: Dimension specified as {dim} but tensor has no dimensions")
    return shape[at]


@method
def stride(input: Tensor, dim: int | None = None) -> Any:
    """Return, for each dimension or for `dim`, how many elements lie between neighbours along it.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        The dimension; negative ones count from the end.
    """
    x = input._data
    strides = tuple(n // x.itemsize for n in x.strides)
    if 0 in strides and 1 in x.shape and x.size:
        strides = _beyond(x.shape, strides)
    return strides if dim is None else strides[dim_of("stride", dim, len(strides))]


def _beyond(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides with those of new dimensions of extent 1, which NumPy leaves 0, as long as what is inside."""
    out: list[int] = []
    inner = 1
    for extent, step in zip(reversed(shape), reversed(strides), strict=True):
        out.append(inner if extent == 1 and step == 0 else step)
        inner = extent * out[-1]
    return tuple(reversed(out))


@method("dim", "ndimension")
def dim(input: Tensor) -> int:
    """Return the number of dimensions.

    Parameters
    ----------
    input : Tensor
    """
    return input._data.ndim


@method("numel", "nelement")
def numel(input: Tensor) -> int:
    """Return the number of elements.

    Parameters
    ----------
    input : Tensor
    """
    return input._data.size


@method
def element_size(input: Tensor) -> int:
    """Return the number of bytes of an element.

    Parameters
    ----------
    input : Tensor
    """
    return input._data.itemsize


@method
def is_contiguous(input: Tensor, memory_format: Any = None) -> bool:
    """Return whether the elements lie in order without gaps.

    Parameters
    ----------
    input : Tensor
    memory_format : None, optional
        Accepted and ignored.
    """
    return input._data.flags.c_contiguous


add_property("itemsize", element_size, "Number of bytes of an element.")
add_property("nbytes", lambda a: a._data.nbytes, "Number of bytes of all elements.")


@method
def data_ptr(input: Tensor) -> int:
    """Return the address of the first element.

    Parameters
    ----------
    input : Tensor
    """
    return int(input._data.ctypes.data)


@method
def is_nonzero(input: Tensor) -> bool:
    """Return whether the only element is not zero.

    Parameters
    ----------
    input : Tensor

    Raises
    ------
    RuntimeError
        If there is not exactly one element.
    """
    if input._data.size != 1:
        raise RuntimeError(f"is_nonzero: expected a tensor of one element; got {portrait(input)}")
    return bool(input._data.any())


@method
def pin_memory(input: Tensor, device: Any = None) -> Tensor:
    """Return the tensor itself: there is no other device to copy it to.

    Parameters
    ----------
    input : Tensor
    device : None, optional
        Accepted and ignored.
    """
    return input
