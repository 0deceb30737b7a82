"""How a tensor prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.nn._dtype import get_default_dtype

if TYPE_CHECKING:
    from minigrad.nn._tensor import Tensor

__all__ = ["format_tensor"]


def _style(data: np.ndarray) -> dict[str, object]:
    """Return the formatter of floating-point elements: four digits, whole numbers with a point."""
    finite = data[np.isfinite(data)]
    if finite.size == 0 or bool((finite == np.trunc(finite)).all() and np.abs(finite).max() < 1e6):
        return {"float_kind": lambda x: f"{x:.0f}." if np.isfinite(x) else str(x)}
    largest, smallest = np.abs(finite).max(), np.abs(finite[finite != 0]).min()
    if largest / smallest > 1e3 or largest > 1e8 or smallest < 1e-4:
        return {"float_kind": lambda x: f"{x:.4e}"}
    return {"float_kind": lambda x: f"{x:.4f}"}


def format_tensor(tensor: Tensor) -> str:
    """Return the tensor as ``tensor([...], dtype=..., requires_grad=True)``."""
    data = tensor._data
    prefix = "tensor("
    sample = data.ravel()[:: max(1, data.size // 1000)] if data.size else data.ravel()
    formatter = _style(sample) if data.dtype.kind == "f" else {}
    with np.printoptions(threshold=1000, edgeitems=3, formatter=formatter, linewidth=100):  # type: ignore[arg-type]
        text = np.array2string(data, separator=", ", prefix=prefix) if data.size else "[]"
    if data.ndim == 0 and data.dtype.kind == "f":
        text = str(formatter["float_kind"](data.item()))  # type: ignore[operator]
    notes = []
    if data.size == 0 and data.shape != (0,):
        notes.append(f"size={data.shape}")
    if tensor.dtype.name not in ("int64", "bool", get_default_dtype().name):
        notes.append(f"dtype={tensor.dtype}")
    if tensor._node is not None:
        notes.append(f"grad_fn={tensor._node!r}")
    elif tensor._requires:
        notes.append("requires_grad=True")
    body = prefix + ", ".join([text, *notes]) + ")"
    return body if type(tensor).__name__ == "Tensor" else f"{type(tensor).__name__} containing:\n{body}"
