"""Undo the filters of a PNG's rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad._check import integer
from minigrad._native import check_status, lib, pointer

__all__ = ["undo_row_filters"]


def undo_row_filters(rows: Any, step: int) -> np.ndarray:
    """Return the bytes of a picture from a PNG's filtered rows.

    Parameters
    ----------
    rows : array_like of uint8, shape (height, 1 + n)
        What a PNG's data are when they are unpacked: in each row the filter's number, 0 to 4, and
        then `n` bytes.
    step : int
        Bytes per pixel.

    Returns
    -------
    ndarray of uint8, shape (height, n)

    Raises
    ------
    TypeError, ValueError
        If `rows` is not a matrix of uint8 with a column for the filters, a filter is unknown, or
        `step` is no int >= 1.

    References
    ----------
    W3C (2003), "Portable Network Graphics (PNG) Specification", second edition, section 9.

    Examples
    --------
    >>> import numpy as np
    >>> undo_row_filters(np.array([[1, 10, 1, 1], [2, 5, 5, 5]], np.uint8), 1)
    array([[10, 11, 12],
           [15, 16, 17]], dtype=uint8)
    """
    step = integer(step, "undo_row_filters", "step", low=1)
    filtered = np.array(rows, order="C")
    if filtered.dtype != np.uint8:
        raise TypeError(f"undo_row_filters: rows must be of uint8; got {filtered.dtype}")
    if filtered.ndim != 2 or filtered.shape[1] < 1:
        raise ValueError(f"undo_row_filters: rows must have shape (height, 1 + n); got {filtered.shape}")
    if filtered.size and filtered[:, 0].max() > 4:
        raise ValueError(f"undo_row_filters: filters must be from 0 to 4; got {filtered[:, 0].max()}")
    height, width = filtered.shape
    check_status(lib.mg_image_unfilter(height, width - 1, step, pointer(filtered, writable=True)), "undo_row_filters")
    return filtered[:, 1:]
