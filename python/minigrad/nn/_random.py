"""The framework's random numbers: PyTorch's generator interface over the house's streams."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.random import Generator as _Stream

__all__ = ["Generator", "default_generator", "initial_seed", "manual_seed", "seed", "stream_of"]


class Generator(_Stream):
    """`minigrad.random.Generator` with PyTorch's methods added.

    Parameters
    ----------
    device : str or int, optional
        ``"cpu"`` (PyTorch's argument), or a seed as `minigrad.random.Generator` takes it.
    stream : int, default 0

    Notes
    -----
    The state is (seed, stream, position) and nothing else.
    """

    def __init__(self, device: Any = "cpu", stream: int = 0) -> None:
        if isinstance(device, int):
            super().__init__(device, stream)
        elif device is None or str(device) == "cpu":
            super().__init__(0 if device is not None else None, stream)
        else:
            raise RuntimeError(f"Generator: the only device is 'cpu'; got {device!r}")

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed` (negative ones count from 2**64) from its beginning, and return it."""
        self._seed = int(seed) % 2**64
        self._position = 0
        return self

    def initial_seed(self) -> int:
        """Return the seed."""
        return self._seed

    def get_state(self) -> Any:
        """Return (seed, stream, position) as an int64 tensor."""
        from minigrad.nn._tensor import fresh

        return fresh(np.array([self._seed, self._stream, self._position], np.uint64).view(np.int64))

    def set_state(self, state: Any) -> None:
        """Go back to a state that `get_state` returned."""
        seed, stream, position = (int(n) for n in state._data.view(np.uint64))
        self._seed, self._stream, self._position = seed, stream, position


default_generator = Generator(0)
"""The stream behind every function that draws without a `generator` argument."""


def manual_seed(seed: int) -> Generator:
    """Start the default generator anew from `seed`, and return it."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator from the operating system, and return the seed."""
    fresh_seed = _Stream().seed
    default_generator.manual_seed(fresh_seed)
    return fresh_seed


def initial_seed() -> int:
    """Return the seed of the default generator."""
    return default_generator.initial_seed()


def stream_of(generator: Any) -> _Stream:
    """Return `generator`, or the default one for None.

    Raises
    ------
    TypeError
        If it is not a generator.
    """
    if generator is None:
        return default_generator
    if not isinstance(generator, _Stream):
        raise TypeError(f"generator must be a minigrad.Generator; got {type(generator).__name__}")
    return generator
