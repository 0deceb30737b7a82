"""Finding the operation whose gradient is not a number."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from minigrad.nn import _graph
from minigrad.nn._errors import GraphError
from minigrad.nn._graph import AccumulateGrad, Node
from minigrad.nn._where import describe

__all__ = ["detect_anomaly", "set_detect_anomaly"]

_visit = _graph._Walk.visit
_depth = 0


def _checked_visit(walk: Any, node: Node, grads: list[Any]) -> None:
    """Visit a node, and refuse gradients that are not numbers where all it received were."""
    plain = node.backward

    def backward(*arrived: Any) -> Any:
        out = plain(*arrived)
        if not isinstance(node, AccumulateGrad):
            for position, grad in enumerate(out):
                if grad is not None and grad._data.dtype.kind == "f" and np.isnan(grad._data).any():
                    raise GraphError(
                        f"backward: {node.name()}, recorded at {describe(node.where)}, returned nan for the gradient "
                        f"of its input {position}"
                    )
        return out

    node.backward = backward  # type: ignore[method-assign]
    try:
        _visit(walk, node, grads)
    finally:
        del node.backward


def _change(step: int) -> None:
    global _depth
    _depth += step
    setattr(_graph._Walk, "visit", _checked_visit if _depth else _visit)  # noqa: B010


class detect_anomaly(contextlib.ContextDecorator):  # noqa: N801 (PyTorch's name)
    """Context in which a backward that makes a nan stops and names the operation and its line.

    Parameters
    ----------
    check_nan : bool, default True
        Whether to look for them.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([0.0], requires_grad=True)
    >>> with mg.autograd.detect_anomaly():
    ...     try:
    ...         (x.sqrt() * 0.0).sum().backward()
    ...     except RuntimeError as error:
    ...         print(str(error)[:23])
    backward: SqrtBackward0
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._step = int(check_nan)

    def __enter__(self) -> None:
        _change(self._step)

    def __exit__(self, *exception: object) -> None:
        _change(-self._step)


class set_detect_anomaly:  # noqa: N801 (PyTorch's name)
    """Switch the search for nans on or off, at once; as a context, until its end.

    Parameters
    ----------
    mode : bool
    check_nan : bool, default True
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._step = int(mode and check_nan) - int(_depth > 0)
        _change(self._step)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        _change(-self._step)
