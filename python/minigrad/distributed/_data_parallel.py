"""Data parallelism: every rank has the model, and its own part of each batch.

Problem. Rank r of N has computed g_r = (1/b) sum of the gradients of its b samples. Wanted is
the gradient of the mean loss over all N b samples.

  (D1) That gradient is (1 / (N b)) sum_r sum_i g_ri = (1/N) sum_r g_r, as all shares are of
       the same size: the mean of the ranks' gradients.
  (D2) Ranks that start with the same parameters and take the same optimizer step with the same
       gradient keep the same parameters, to the bit: nothing but gradients has to travel.

Small arrays cost a message each, so gradients travel joined into flat buckets, the last
layer's first (Li et al., 2020, "PyTorch Distributed", VLDB 13, 3005, section 3.2).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad import _check
from minigrad.distributed._world import ReduceOp, world
from minigrad.nn import _array, _graph
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.modules.module import Module

__all__ = ["DistributedDataParallel", "average_gradients", "broadcast_module"]


def _buckets(tensors: Iterable[Tensor], capacity: float) -> Iterator[list[Tensor]]:
    """Yield the tensors in groups of one dtype and at most `capacity` bytes, but at least one tensor."""
    by_dtype: dict[Any, list[Tensor]] = {}
    for tensor in tensors:
        by_dtype.setdefault(tensor._data.dtype, []).append(tensor)
    for same in by_dtype.values():
        bucket: list[Tensor] = []
        held = 0
        for tensor in same:
            if bucket and held + tensor._data.nbytes > capacity:
                yield bucket
                bucket, held = [], 0
            bucket.append(tensor)
            held += tensor._data.nbytes
        yield bucket


def _exchange(bucket: list[Tensor], collective: Callable[[np.ndarray], None]) -> None:
    """Apply a collective operation in place to all elements of some tensors of one dtype."""
    arrays = [tensor._data for tensor in bucket]
    flat = arrays[0].reshape(-1) if len(arrays) == 1 and arrays[0].flags.c_contiguous else None
    if flat is None:
        flat = _array.empty((sum(array.size for array in arrays),), arrays[0].dtype)
        np.concatenate([array.reshape(-1) for array in arrays], out=flat)
    collective(flat)
    start = 0
    for tensor, array in zip(bucket, arrays, strict=True):
        if not np.may_share_memory(flat, array):
            np.copyto(array, flat[start : start + array.size].reshape(array.shape))
        start += array.size
        tensor._bump()


def _capacity(megabytes: float, owner: str) -> float:
    return _check.real(megabytes, owner, "bucket_cap_mb", 0.0, closed="right") * 2**20


def average_gradients(parameters: Iterable[Tensor], bucket_cap_mb: float = 25.0) -> None:
    """Replace gradients by their mean over the ranks: after `backward`, before the optimizer's step.

    Parameters
    ----------
    parameters : iterable of Tensor
        The same on every rank, in the same order.
    bucket_cap_mb : float, default 25.0
        Gradients are sent together up to this many MiB.

    Raises
    ------
    TypeError, ValueError
        If `bucket_cap_mb` is not a positive number.
    RuntimeError
        If the ranks do not have the same parameters.

    Notes
    -----
    With losses that are means over shares of equal size this is the gradient over all of them.
    A rank that has no gradient for a parameter counts as zeros; one that no rank has stays None.

    Examples
    --------
    >>> import minigrad as mg
    >>> layer = mg.Linear(2, 1)
    >>> layer(mg.ones(4, 2)).mean().backward()
    >>> mg.distributed.average_gradients(layer.parameters())
    >>> layer.weight.grad
    tensor([[1., 1.]])
    """
    capacity = _capacity(bucket_cap_mb, "average_gradients")
    here = world()
    if here.size == 1:
        return
    asked = list(parameters)
    has = np.array([param._grad is not None for param in asked], np.uint8)
    here.reduce_(has, "max", "average_gradients")
    used = [param for param, somewhere in zip(asked, has.tolist(), strict=True) if somewhere]
    for param in used:
        if param._grad is None:
            param._grad = fresh(np.zeros(param._data.shape, param._data.dtype))
    _average(used, capacity)


def _average(parameters: Sequence[Tensor], capacity: float) -> None:
    """Put the ranks' mean into each gradient."""
    # (D1)
    for bucket in _buckets([param._grad for param in reversed(parameters)], capacity):  # type: ignore[misc]
        _exchange(bucket, lambda flat: world().reduce_(flat, ReduceOp.AVG, "average_gradients"))


def broadcast_module(module: Module, src: int = 0) -> None:
    """Give every rank the parameters and buffers that one rank's module has.

    Parameters
    ----------
    module : Module
        Of the same architecture on every rank.
    src : int, default 0
        Whose it is.

    Raises
    ------
    TypeError, ValueError
        If there is no such rank.
    RuntimeError
        If the modules differ in more than their values.
    """
    _broadcast([*module.parameters(), *module.buffers()], src)


def _broadcast(tensors: list[Tensor], src: int) -> None:
    """Give every rank the tensors that one of them has."""
    here = world()
    _check.integer(src, "broadcast_module", "src", 0, here.size - 1)
    if here.size > 1:
        for bucket in _buckets(tensors, _capacity(25.0, "broadcast_module")):
            _exchange(bucket, lambda flat: here.broadcast_(flat, src, "broadcast_module"))


class DistributedDataParallel(Module):
    """A module whose gradients are the means over all ranks as soon as `backward` is through.

    Parameters
    ----------
    module : Module
        Of the same architecture on every rank; all get the values that rank 0 has.
    device_ids, output_device : object, optional
        Accepted; there is one device.
    broadcast_buffers : bool, default True
        Before each forward pass in training, give every rank rank 0's buffers (the running
        statistics of batch normalisation).
    bucket_cap_mb : float, default 25.0
        Gradients are sent together up to this many MiB.

    Raises
    ------
    TypeError, ValueError
        If `module` is no Module, `broadcast_buffers` no boolean or `bucket_cap_mb` no positive number.
    RuntimeError
        In the forward pass after a backward pass that reached only some of the parameters: they
        would differ between the ranks. `average_gradients` copes with that.

    Examples
    --------
    >>> import minigrad as mg
    >>> model = mg.distributed.DistributedDataParallel(mg.Linear(3, 2))
    >>> model(mg.ones(5, 3)).shape
    (5, 2)
    """

    def __init__(
        self,
        module: Module,
        device_ids: Any = None,
        output_device: Any = None,
        broadcast_buffers: bool = True,
        bucket_cap_mb: float = 25.0,
    ) -> None:
        super().__init__()
        owner = "DistributedDataParallel"
        if not isinstance(module, Module):
            raise TypeError(f"{owner}: module must be a Module; got {type(module).__name__}")
        if not isinstance(broadcast_buffers, bool):
            raise TypeError(f"{owner}: broadcast_buffers must be a bool; got {broadcast_buffers!r}")
        self.module = module
        self.broadcast_buffers = broadcast_buffers
        self._capacity = _capacity(bucket_cap_mb, owner)
        self._together = world().size > 1
        self._arrived: set[int] = set()
        self._learned = [param for param in module.parameters() if param.requires_grad]
        broadcast_module(module)  # (D2)
        if self._together:
            for param in self._learned:
                param.register_post_accumulate_grad_hook(self._note)

    def _note(self, param: Tensor) -> None:
        if not self._together:
            return
        self._arrived.add(id(param))
        if len(self._arrived) == len(self._learned):
            self._arrived.clear()
            _average(self._learned, self._capacity)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module.

        Parameters
        ----------
        *args, **kwargs
            What it takes.

        Returns
        -------
        object
            What it returns.

        Raises
        ------
        RuntimeError
            If the last backward pass did not reach every parameter.
        """
        if self._arrived and _graph.mode.enabled:
            learned = [(name, param) for name, param in self.module.named_parameters() if param.requires_grad]
            missing = ", ".join(name for name, param in learned if id(param) not in self._arrived)
            raise RuntimeError(
                "DistributedDataParallel: every parameter must get a gradient in backward, or use average_gradients; "
                f"got none for {missing}"
            )
        if self._together and self.broadcast_buffers and self.training:
            _broadcast(list(self.module.buffers()), 0)
        return self.module(*args, **kwargs)

    @contextlib.contextmanager
    def no_sync(self) -> Iterator[None]:
        """Leave gradients on their ranks: for all but the last of several backward passes before a step.

        Yields
        ------
        None
        """
        before, self._together = self._together, False
        try:
            yield
        finally:
            self._together = before
