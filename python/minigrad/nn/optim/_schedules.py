"""Learning rates by the number of the epoch: the base of all schedules, and those that multiply.

A schedule sets each group's ``lr`` from the one before it, not from the start, so that several
can be chained: each multiplies what it finds.
"""

from __future__ import annotations

import math
import types
import warnings
import weakref
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from minigrad.nn._tensor import Tensor
from minigrad.nn.optim.optimizer import Optimizer, number

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "PolynomialLR",
    "StepLR",
]


def is_optimizer(owner: object, optimizer: Any) -> Optimizer:
    """Return `optimizer` if it is one; TypeError otherwise."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(owner).__name__}: {type(optimizer).__name__} is not an Optimizer")
    return optimizer


def values(optimizer: Optimizer, key: str = "lr") -> list[Any]:
    """Return an option of every group, tensors as copies."""
    found = [group[key] for group in optimizer.param_groups]
    return [value.clone() if isinstance(value, Tensor) else value for value in found]


def set_value(group: dict[str, Any], key: str, value: Any) -> None:
    """Set an option of a group; a tensor is filled, so that others who hold it see the change."""
    if isinstance(group[key], Tensor):
        group[key]._data.fill(number(value))
    else:
        group[key] = value


def per_group(owner: object, name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Return `value` once per group; a sequence must have that length already."""
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            f"{type(owner).__name__}: {name} must have the same length as optimizer.param_groups; "
            f"{name} has {len(value)} values, param_groups has {count}"
        )
    return list(value)


class LRScheduler:
    """Base class of the schedules.

    A subclass defines ``get_lr``, which returns the learning rate of each group for `last_epoch`.

    Parameters
    ----------
    optimizer : Optimizer
    last_epoch : int, default -1
        The last epoch done, to go on from; -1 begins.

    Raises
    ------
    TypeError
        If `optimizer` is not one.
    KeyError
        If `last_epoch` is given and a group has no ``initial_lr``.
    """

    _get_lr_called_within_step = False
    _is_initial = False
    _unsaved: tuple[str, ...] = ("optimizer",)

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = is_optimizer(self, optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", values(optimizer)[i])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: param 'initial_lr' is not specified in param_groups[{i}] when resuming "
                    "scheduler with last_epoch >= 0; load the optimizer's state first"
                )
        self.base_lrs = values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _note_steps(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the learning rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer.

        Returns
        -------
        dict
        """
        return {key: value for key, value in self.__dict__.items() if key not in self._unsaved}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take in what `state_dict` gave.

        Parameters
        ----------
        state_dict : dict
        """
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """Return the learning rates that were set last, one per group.

        Returns
        -------
        list of float
        """
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Return the learning rates for `last_epoch`, one per group; meant for `step`.

        Returns
        -------
        list of float

        Raises
        ------
        NotImplementedError
            If a subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__}: get_lr must be defined by the subclass")

    def _closed_form(self) -> list[Any] | None:
        """Return the learning rates from the initial ones alone, or None if there is no such form."""
        return None

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch; call it after the optimizer's own step.

        Parameters
        ----------
        epoch : int, optional
            Go to this one instead.
        """
        if self._step_count == 1:
            step = self.optimizer.step
            if not hasattr(step, "_noted_by_scheduler"):
                _warn("Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization.")
            elif not getattr(self.optimizer, "_opt_called", False):
                _warn(
                    "Detected call of `lr_scheduler.step()` before `optimizer.step()`; call them in the opposite "
                    "order, or the first value of the learning rate schedule is skipped."
                )
        self._step_count += 1
        if epoch is not None:
            _warn("The epoch parameter in `scheduler.step()` is deprecated; call `scheduler.step()`.")
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        """Set the learning rates of the next epoch, or of `epoch`."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        rates = None if epoch is None else self._closed_form()
        if rates is None:
            self._get_lr_called_within_step = True
            try:
                rates = self.get_lr()
            finally:
                self._get_lr_called_within_step = False
        self._apply(rates)

    def _apply(self, rates: list[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_value(group, "lr", rate)
        self._last_lr = values(self.optimizer)

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            _warn("To get the last learning rate computed by the scheduler, please use `get_last_lr()`.")


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=3)


def _note_steps(optimizer: Optimizer) -> None:
    """Have the optimizer note that its step was called."""
    if hasattr(optimizer.step, "_noted_by_scheduler"):
        return
    function = optimizer.step.__func__  # type: ignore[attr-defined]
    owner = weakref.ref(optimizer)

    @wraps(function)
    def step(*args: Any, **kwargs: Any) -> Any:
        alive: Any = owner()
        alive._opt_called = True
        return function(alive, *args, **kwargs)

    step._noted_by_scheduler = True  # type: ignore[attr-defined]
    optimizer.step = step  # type: ignore[method-assign]


class _Multiplying(LRScheduler):
    """A schedule that multiplies the present rates by `_factor`, and the initial ones by `_total`."""

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        factor = self._factor()
        return [rate if factor is None else rate * factor for rate in values(self.optimizer)]

    def _factor(self) -> float | None:
        """Return the factor from the last epoch to this one, or None to leave the rates alone."""
        return None

    def _total(self) -> float:
        """Return the factor from the start to `last_epoch`."""
        return 1.0

    def _closed_form(self) -> list[Any] | None:
        return [base * self._total() for base in self.base_lrs]


class _ByFunction(LRScheduler):
    """A schedule by functions of the epoch, one for all groups or one per group."""

    _unsaved = ("optimizer", "lr_lambdas")

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        count = len(is_optimizer(self, optimizer).param_groups)
        many = isinstance(lr_lambda, (list, tuple))
        if many and len(lr_lambda) != count:
            raise ValueError(f"{type(self).__name__}: Expected {count} lr_lambdas, but got {len(lr_lambda)}")
        self.lr_lambdas = list(lr_lambda) if many else [lr_lambda] * count
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(
                    f"{type(self).__name__}: lr_lambda should be a function, but got {type(function).__name__}"
                )
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer and plain functions; of callable objects, their attributes."""
        saved = super().state_dict()
        saved["lr_lambdas"] = [
            None if isinstance(function, types.FunctionType) else dict(function.__dict__)
            for function in self.lr_lambdas
        ]
        return saved

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take in what `state_dict` gave."""
        rest = dict(state_dict)
        for function, attributes in zip(self.lr_lambdas, rest.pop("lr_lambdas"), strict=True):
            if attributes is not None:
                function.__dict__.update(attributes)
        self.__dict__.update(rest)


class LambdaLR(_ByFunction):
    """``lr = initial_lr * lr_lambda(epoch)``.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable or list of callable
        Factor by epoch; one function, or one per group.
    last_epoch : int, default -1

    Raises
    ------
    ValueError
        If the number of functions is not that of the groups.

    Examples
    --------
    >>> import minigrad as mg
    >>> optimizer = mg.optim.SGD([mg.nn.Parameter(mg.zeros(1))], lr=1.0)
    >>> schedule = mg.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return each group's initial rate times its function of the epoch."""
        self._warn_outside_step()
        return [base * function(self.last_epoch) for function, base in zip(self.lr_lambdas, self.base_lrs, strict=True)]


class MultiplicativeLR(_ByFunction):
    """``lr = lr * lr_lambda(epoch)``, from epoch 1 on.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable or list of callable
        Factor by epoch; one function, or one per group.
    last_epoch : int, default -1

    Raises
    ------
    ValueError
        If the number of functions is not that of the groups.
    TypeError
        If something in `lr_lambda` cannot be called.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return each group's rate times its function of the epoch."""
        self._warn_outside_step()
        rates = values(self.optimizer)
        if self._is_initial:
            return rates
        return [rate * function(self.last_epoch) for function, rate in zip(self.lr_lambdas, rates, strict=True)]


class StepLR(_Multiplying):
    """Multiply by `gamma` every `step_size` epochs.

    Parameters
    ----------
    optimizer : Optimizer
    step_size : int
    gamma : float, default 0.1
    last_epoch : int, default -1
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        return self.gamma if self.last_epoch and self.last_epoch % self.step_size == 0 else None

    def _total(self) -> float:
        return float(self.gamma ** (self.last_epoch // self.step_size))


class MultiStepLR(_Multiplying):
    """Multiply by `gamma` at each of the milestones.

    Parameters
    ----------
    optimizer : Optimizer
    milestones : iterable of int
    gamma : float, default 0.1
    last_epoch : int, default -1
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        times = self.milestones[self.last_epoch]
        return float(self.gamma**times) if times else None

    def _total(self) -> float:
        return float(self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch))


class ConstantLR(_Multiplying):
    """Multiply by `factor` until epoch `total_iters`.

    Parameters
    ----------
    optimizer : Optimizer
    factor : float, default 1/3
    total_iters : int, default 5
    last_epoch : int, default -1

    Raises
    ------
    ValueError
        If `factor` is not from 0 to 1.
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 <= factor <= 1.0:
            raise ValueError(f"ConstantLR: Constant multiplicative factor expected to be between 0 and 1; got {factor}")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        if self.last_epoch == 0:
            return self.factor
        return 1.0 / self.factor if self.last_epoch == self.total_iters else None

    def _total(self) -> float:
        return 1.0 if self.last_epoch >= self.total_iters else self.factor


class LinearLR(_Multiplying):
    """Let a factor of the rates go in a straight line from `start_factor` to `end_factor`: a warm-up.

    Parameters
    ----------
    optimizer : Optimizer
    start_factor : float, default 1/3
    end_factor : float, default 1.0
    total_iters : int, default 5
        Epochs that it takes.
    last_epoch : int, default -1

    Raises
    ------
    ValueError
        If a factor is not from 0 to 1, or the first one is 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1.0:
            raise ValueError(
                "LinearLR: Starting multiplicative factor expected to be greater than 0 and less or equal to 1; "
                f"got {start_factor}"
            )
        if not 0 <= end_factor <= 1.0:
            raise ValueError(f"LinearLR: Ending multiplicative factor expected to be between 0 and 1; got {end_factor}")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return None
        rise = self.end_factor - self.start_factor
        return 1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)

    def _total(self) -> float:
        rise = self.end_factor - self.start_factor
        return self.start_factor + rise * min(self.total_iters, self.last_epoch) / self.total_iters


class ExponentialLR(_Multiplying):
    """Multiply by `gamma` at every epoch.

    Parameters
    ----------
    optimizer : Optimizer
    gamma : float
    last_epoch : int, default -1
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        return None if self._is_initial else self.gamma

    def _total(self) -> float:
        return float(self.gamma**self.last_epoch)


class PolynomialLR(_Multiplying):
    """Let the rates fall to 0 in `total_iters` epochs: ``initial_lr (1 - epoch / total_iters) ** power``.

    Parameters
    ----------
    optimizer : Optimizer
    total_iters : int, default 5
    power : float, default 1.0
    last_epoch : int, default -1
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float | None:
        if self._is_initial or self.last_epoch > self.total_iters:
            return None
        now, before = 1.0 - self.last_epoch / self.total_iters, 1.0 - (self.last_epoch - 1) / self.total_iters
        return float((now / before) ** self.power)

    def _total(self) -> float:
        return float((1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power)


class CosineAnnealingLR(LRScheduler):
    """Let the rates follow half a cosine from the initial ones to `eta_min` in `T_max` epochs [1]_, and back.

    Parameters
    ----------
    optimizer : Optimizer
    T_max : int
    eta_min : float, default 0.0
    last_epoch : int, default -1

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return each group's rate, moved on along the cosine."""
        self._warn_outside_step()
        rates, low = values(self.optimizer), self.eta_min
        if self._is_initial:
            return rates
        if self._step_count == 1 and self.last_epoch > 0:
            return self._closed_form()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            # At the bottom the ratio below would be 0 / 0: the first step up is added instead.
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [rate + (base - low) * rise for rate, base in zip(rates, self.base_lrs, strict=True)]
        ratio = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / (
            1 + math.cos(math.pi * (self.last_epoch - 1) / self.T_max)
        )
        return [ratio * (rate - low) + low for rate in rates]

    def _closed_form(self) -> list[Any]:
        part = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]
