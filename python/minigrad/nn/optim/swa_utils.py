"""Averages of a model's weights along its training."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from minigrad.nn._graph import no_grad
from minigrad.nn._tensor import Tensor, as_tensor
from minigrad.nn.modules.module import Module
from minigrad.nn.optim._schedules import LRScheduler, per_group
from minigrad.nn.optim.optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def _check_decay(owner: str, decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"{owner}: Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Tensor, Tensor, Any], Tensor]:
    """Return a function for the exponential moving average ``decay average + (1 - decay) value``.

    Parameters
    ----------
    decay : float, default 0.999

    Returns
    -------
    callable
        ``f(average, value, num_averaged)``.

    Raises
    ------
    ValueError
        If `decay` is not from 0 to 1.
    """
    _check_decay("get_ema_avg_fn", decay)
    return lambda average, value, _: average * decay + value * (1 - decay)


def get_swa_avg_fn() -> Callable[[Tensor, Tensor, Any], Tensor]:
    """Return a function for the plain mean of all values so far.

    Returns
    -------
    callable
        ``f(average, value, num_averaged)``.
    """
    return lambda average, value, count: average + (value - average) / (float(count) + 1)


def _for_each(function: Callable[[Tensor, Tensor, Any], Tensor]) -> Callable[[Any, Any, Any], None]:
    def update(averages: Any, values: Any, count: Any) -> None:
        with no_grad():
            for average, value in zip(averages, values, strict=True):
                average.copy_(function(average, value, count))

    return update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Any, Any, Any], None]:
    """Return a function that takes a list of averages one step of `get_ema_avg_fn` further, in place.

    Parameters
    ----------
    decay : float, default 0.999

    Returns
    -------
    callable
        ``f(averages, values, num_averaged)``.

    Raises
    ------
    ValueError
        If `decay` is not from 0 to 1.
    """
    _check_decay("get_ema_multi_avg_fn", decay)
    return _for_each(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable[[Any, Any, Any], None]:
    """Return a function that takes a list of averages one step of `get_swa_avg_fn` further, in place.

    Returns
    -------
    callable
        ``f(averages, values, num_averaged)``.
    """
    return _for_each(get_swa_avg_fn())


class AveragedModel(Module):
    """A copy of a model that holds the average of its weights [1]_.

    Parameters
    ----------
    model : Module
    device : optional
        Accepted; there is one device.
    avg_fn : callable, optional
        ``avg_fn(average, value, num_averaged)`` returns the new average. Default: the plain mean.
    multi_avg_fn : callable, optional
        The same for lists, in place; instead of `avg_fn`.
    use_buffers : bool, default False
        Average the buffers too, instead of copying the last ones.

    Raises
    ------
    ValueError
        If both functions are given.

    References
    ----------
    .. [1] P. Izmailov et al., "Averaging weights leads to wider optima and better generalization", UAI 2018.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[[Tensor, Tensor, Any], Tensor] | None = None,
        multi_avg_fn: Callable[[Any, Any, Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", as_tensor(0))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the averaged model.

        Parameters
        ----------
        *args, **kwargs
            The model's own.

        Returns
        -------
        object
        """
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the present weights of `model` into the average.

        Parameters
        ----------
        model : Module
        """
        averages, values = self._members(self.module), self._members(model)
        count = int(self.n_averaged.item())
        with no_grad():
            if count == 0:
                for average, value in zip(averages, values, strict=True):
                    average.copy_(value)
            else:
                update = self.multi_avg_fn or _for_each(self.avg_fn or get_swa_avg_fn())
                update(averages, values, self.n_averaged)
            if not self.use_buffers:
                for mine, theirs in zip(self.module.buffers(), model.buffers(), strict=True):
                    mine.copy_(theirs)
            self.n_averaged.fill_(count + 1)

    def _members(self, model: Module) -> list[Tensor]:
        found = chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()
        return [tensor.detach() for tensor in found]


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of a model's batch norms anew, as the mean over all batches.

    Parameters
    ----------
    loader : iterable
        Batches; of a tuple or list, the first element is the input.
    model : Module
    device : optional
        Accepted; there is one device.
    """
    norms = [module for module in model.modules() if hasattr(module, "reset_running_stats")]
    if not norms:
        return
    held = [(module, module.momentum) for module in norms]
    was_training = model.training
    for module in norms:
        module.reset_running_stats()
    model.train()
    try:
        for module in norms:
            module.momentum = None
        with no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, (list, tuple)) else batch)
    finally:
        for module, momentum in held:
            module.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """Bring the rates to `swa_lr` in some epochs, and keep them there.

    Parameters
    ----------
    optimizer : Optimizer
    swa_lr : float or list of float
    anneal_epochs : int, default 10
    anneal_strategy : {"cos", "linear"}, default "cos"
    last_epoch : int, default -1

    Raises
    ------
    ValueError
        If an option is out of range or unknown.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for rate, group in zip(per_group(self, "swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"SWALR: anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"SWALR: anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _part(self, step: int) -> float:
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> list[Any]:
        """Return the rates between those before and `swa_lr`.

        Returns
        -------
        list of float
        """
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._part(step - 1), self._part(step)
        rates = []
        for group in self.optimizer.param_groups:
            swa = group["swa_lr"]
            # The rate was start (1 - before) + swa before; start follows, and moves on to `now`.
            start = swa if before == 1 else (group["lr"] - before * swa) / (1 - before)
            rates.append(swa * now + start * (1 - now))
        return rates
