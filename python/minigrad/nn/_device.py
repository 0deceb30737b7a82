"""Devices: there is one, the CPU; the others have names, so that scripts can ask for them."""

from __future__ import annotations

from typing import Any, Self

__all__ = ["device"]

_TYPES = ("cpu", "cuda", "mps", "xpu", "meta")


class device:  # noqa: N801 (PyTorch's name)
    """Where a tensor's memory is.

    Parameters
    ----------
    type : str or device
        ``"cpu"``, also with a number as in ``"cpu:0"``. The names of PyTorch's other devices are
        understood, but no tensor can be put there.
    index : int, optional

    Attributes
    ----------
    type : str
    index : int or None

    Raises
    ------
    RuntimeError
        If there is no such name.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.device("cpu")
    device(type='cpu')
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __new__(cls, type: Any = "cpu", index: int | None = None) -> Self:
        """Return the device; there is one object per call, and equal ones are interchangeable."""
        if isinstance(type, cls):
            return type
        name, _, number = type.partition(":") if isinstance(type, str) else (None, "", "")
        if name not in _TYPES or (number and (index is not None or not number.isdecimal())):
            raise RuntimeError(f"device: type must be one of {', '.join(_TYPES)}; got {type!r}")
        self = super().__new__(cls)
        object.__setattr__(self, "type", name)
        object.__setattr__(self, "index", int(number) if number else index)
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"device: {name} cannot be changed")

    def __getnewargs__(self) -> tuple[str, int | None]:
        return self.type, self.index

    def check(self, owner: str) -> None:
        """Raise unless this is the CPU."""
        if self.type != "cpu":
            raise RuntimeError(f"{owner}: device must be the CPU; got {str(self)!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r}" + (")" if self.index is None else f", index={self.index})")
