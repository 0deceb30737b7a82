"""Mixed precision, as far as scripts ask for it: everything is computed in the tensors' own type.

A shorter type would save time where the processor has units for it; what is computed here has
at least the digits that a script has asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from minigrad.nn._device import device
from minigrad.nn._dtype import OtherDtype, to_dtype
from minigrad.nn._tensor import Tensor

__all__ = ["GradScaler", "autocast"]


class autocast(contextlib.ContextDecorator):  # noqa: N801 (PyTorch's name)
    """Context in which nothing is cast.

    Parameters
    ----------
    device_type : str
    dtype : dtype, optional
        Floating-point; also bfloat16 or float16, which no tensor has: the digits that would be
        enough.
    enabled : bool
    cache_enabled : bool, optional
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If there is no such device.
    TypeError
        If `dtype` is not a floating-point type or `enabled` not a boolean.
    """

    def __init__(
        self, device_type: str = "cpu", dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        device(device_type)
        if not (dtype is None or isinstance(dtype, OtherDtype) or to_dtype(dtype, "autocast").is_floating_point):
            raise TypeError(f"autocast: dtype must be a floating-point dtype; got {dtype!r}")
        if not isinstance(enabled, bool):
            raise TypeError(f"autocast: enabled must be a bool; got {enabled!r}")

    def __enter__(self) -> autocast:  # noqa: PYI034 (a subclass enters as itself)
        return self

    def __exit__(self, *exception: object) -> None:
        pass


class GradScaler:
    """Scaler of losses by 1, since float32 gradients need none.

    Parameters
    ----------
    device : str
    enabled : bool
    **options
        Ignored.
    """

    def __init__(self, device: Any = "cpu", enabled: bool = True, **options: Any) -> None:
        pass

    def scale(self, outputs: Tensor) -> Tensor:
        """Return the outputs.

        Parameters
        ----------
        outputs : Tensor

        Returns
        -------
        Tensor
        """
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Do nothing.

        Parameters
        ----------
        optimizer : Optimizer
        """

    def step(self, optimizer: Any, closure: Callable[[], Any] | None = None) -> Any:
        """Return what the optimizer's step returns.

        Parameters
        ----------
        optimizer : Optimizer
        closure : callable, optional

        Returns
        -------
        object
        """
        return optimizer.step() if closure is None else optimizer.step(closure)

    def update(self, new_scale: Any = None) -> None:
        """Do nothing.

        Parameters
        ----------
        new_scale : object, optional
        """

    def get_scale(self) -> float:
        """Return 1."""
        return 1.0

    def is_enabled(self) -> bool:
        """Return False."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Return an empty dict."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Do nothing.

        Parameters
        ----------
        state_dict : dict
        """
