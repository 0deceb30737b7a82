"""Modules that are computed as one where they follow each other."""

from __future__ import annotations

from typing import Any

from minigrad.nn._conv_pool import conv_relu_pool, joined_geometry
from minigrad.nn._tensor import Tensor
from minigrad.nn.modules.activation import ReLU
from minigrad.nn.modules.conv import Conv2d
from minigrad.nn.modules.module import Module
from minigrad.nn.modules.pool import MaxPool2d

__all__ = ["joined_convolution"]

_PADS = {"valid": (0, 0), "same": (1, 1)}


def _is_plain(module: Module, kind: type[Module]) -> bool:
    """Whether calling `module` does what `kind` does, and nobody listens."""
    return type(module) is kind and not module._call_hooks and "forward" not in module.__dict__


def _is_square(value: Any, size: int) -> bool:
    return type(value) in (int, tuple, list) and value in (size, (size, size), [size, size])


def joined_convolution(modules: list[Module], input: Any) -> Tensor | None:
    """Return what a convolution, ReLU and maxima of 2 x 2 make of `input`; None if they are not that, or cannot be one.

    Parameters
    ----------
    modules : list of Module
        Three, or fewer at the end of a list.
    input : object
    """
    if len(modules) < 3 or not all(map(_is_plain, modules, (Conv2d, ReLU, MaxPool2d))):
        return None
    conv: Any = modules[0]
    pool: Any = modules[2]
    if (conv.kernel_size, conv.stride, conv.dilation, conv.groups) != ((3, 3), (1, 1), (1, 1), 1):
        return None
    if conv.padding_mode != "zeros" or pool.ceil_mode or pool.return_indices:
        return None
    if not (_is_square(pool.kernel_size, 2) and _is_square(pool.stride, 2)):
        return None
    if not (_is_square(pool.padding, 0) and _is_square(pool.dilation, 1)):
        return None
    pad = _PADS[conv.padding] if isinstance(conv.padding, str) else conv.padding
    weight, bias = conv.weight, conv.bias
    geometry = joined_geometry(input, weight, bias, pad)
    return None if geometry is None else conv_relu_pool(geometry, input, weight, bias)
