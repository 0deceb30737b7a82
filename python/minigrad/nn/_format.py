"""How a tensor prints: PyTorch's layout, so that transcripts can be compared.

One format serves all elements: whole numbers with a point, four digits, or, where the
magnitudes span more than three decades, scientific notation. What holds more than
`threshold` elements shows `edgeitems` at each end of each dimension.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.nn._dtype import get_default_dtype

if TYPE_CHECKING:
    from minigrad.nn._tensor import Tensor

__all__ = ["format_tensor", "set_printoptions"]


class _Options:
    """What `set_printoptions` sets."""

    precision = 4
    threshold: float = 1000
    edgeitems = 3
    linewidth = 80
    sci_mode: bool | None = None


_options = _Options()
_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print.

    Parameters
    ----------
    precision : int, optional
        Digits after the point.
    threshold : int, optional
        Elements above which a tensor is summarised.
    edgeitems : int, optional
        Elements shown at each end of a summarised dimension.
    linewidth : int, optional
        Characters of a line.
    profile : {"default", "short", "full"}, optional
        Settings to start from.
    sci_mode : bool, optional
        Scientific notation always or never; None lets the elements decide.

    Raises
    ------
    ValueError
        If there is no such profile.
    """
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"set_printoptions: profile must be one of {', '.join(_PROFILES)}; got {profile!r}")
    chosen = dict(_PROFILES[profile]) if profile is not None else {}
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen |= {key: value for key, value in given.items() if value is not None}
    for key, value in chosen.items():
        setattr(_options, key, value)
    _options.sci_mode = sci_mode


def _summarised(data: np.ndarray) -> np.ndarray:
    """Return the elements that are shown: the ends of every dimension."""
    edge = _options.edgeitems
    for axis in range(data.ndim):
        extent = data.shape[axis]
        if extent > 2 * edge:
            data = np.take(data, [*range(edge), *range(extent - edge, extent)], axis=axis)
    return data


def _format_of(data: np.ndarray) -> tuple[Callable[[Any], str], int]:
    """Return the function that writes an element of `data`, and the common width."""
    if data.dtype.kind != "f":
        return str, max((len(str(value)) for value in data.reshape(-1).tolist()), default=1)
    values = data.reshape(-1).astype(np.float64)
    values = values[np.isfinite(values) & (values != 0)]
    digits = _options.precision
    if not values.size:
        return (lambda v: _whole(v) if _options.sci_mode is not True else f"{v:.{digits}e}"), 1
    whole = bool((values == np.ceil(values)).all())
    largest, smallest = float(np.abs(values).max()), float(np.abs(values).min())
    wide = largest / smallest > 1000.0 or largest > 1.0e8 or (not whole and smallest < 1.0e-4)
    if _options.sci_mode is not None:
        wide = _options.sci_mode

    def write(v: float) -> str:
        if wide:
            return f"{v:.{digits}e}"
        return _whole(v) if whole else f"{v:.{digits}f}"

    return write, max(len(write(v)) for v in values.tolist())


def _whole(v: float) -> str:
    return f"{v:.0f}." if math.isfinite(v) else f"{v}"


def _vector(values: list[Any], indent: int, shorten: bool, write: Callable[[Any], str], width: int) -> str:
    per_line = max(1, (_options.linewidth - indent) // (width + 2))
    edge = _options.edgeitems
    texts = [write(v).rjust(width) for v in (values if not shorten else values[:edge] + values[-edge:])]
    if shorten:
        texts.insert(edge, " ...")
    lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _nested(data: np.ndarray, indent: int, summarise: bool, write: Callable[[Any], str], width: int) -> str:
    edge = _options.edgeitems
    if data.ndim == 0:
        return write(data.item())
    shorten = summarise and data.shape[0] > 2 * edge
    if data.ndim == 1:
        ends = np.concatenate([data[:edge], data[-edge:]]) if shorten else data
        return _vector(ends.tolist(), indent, shorten, write, width)
    rows = [*range(edge), *range(len(data) - edge, len(data))] if shorten else range(len(data))
    slices = [_nested(data[i], indent + 1, summarise, write, width) for i in rows]
    if shorten:
        slices.insert(edge, "...")
    return "[" + ("," + "\n" * (data.ndim - 1) + " " * (indent + 1)).join(slices) + "]"


def _notes(tensor: Tensor) -> list[str]:
    data = tensor._data
    default = get_default_dtype()
    notes = []
    if data.size == 0 and data.ndim != 1:
        notes.append(f"size={data.shape}")
    if tensor.dtype is not default and (data.size == 0 or tensor.dtype.name not in ("int64", "bool")):
        notes.append(f"dtype={tensor.dtype}")
    if tensor._node is not None:
        notes.append(f"grad_fn={tensor._node!r}")
    elif tensor._requires:
        notes.append("requires_grad=True")
    return notes


def format_tensor(tensor: Tensor) -> str:
    """Return the tensor as ``tensor([...], dtype=..., requires_grad=True)``."""
    data, prefix = tensor._data, "tensor("
    summarise = data.size > _options.threshold
    if data.size:
        write, width = _format_of(_summarised(data) if summarise else data)
        text = prefix + _nested(data, len(prefix), summarise, write, width)
    else:
        text = prefix + "[]"
    column = len(text) - text.rfind("\n") + 1
    for note in _notes(tensor):
        if column + len(note) + 2 > _options.linewidth:
            text += ",\n" + " " * len(prefix) + note
            column = len(prefix) + len(note)
        else:
            text += ", " + note
            column += len(note) + 2
    text += ")"
    kind = type(tensor).__name__
    return text if kind == "Tensor" else f"{kind} containing:\n{text}"
