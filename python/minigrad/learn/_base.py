"""What every estimator shares: parameters, their display, and the check for being fitted."""

from __future__ import annotations

import inspect
from typing import Any, Self

import numpy as np

from minigrad import _check

__all__ = ["Estimator", "NotFittedError", "boolean", "seed"]


class NotFittedError(ValueError, AttributeError):
    """An estimator was asked for something that it only knows after ``fit``."""


class Estimator:
    """Base of the estimators: a constructor's arguments are the parameters.

    A subclass names each parameter in the signature of its ``__init__`` and stores it
    untouched under the same name; ``fit`` checks it. That lets an estimator be described,
    copied and changed from outside without knowing its class.
    """

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool, default True
            Add the parameters of parameters that are estimators, as ``name__parameter``.

        Returns
        -------
        dict
        """
        parameters = {name: getattr(self, name) for name in self._parameter_names()}
        if deep:
            for name, value in list(parameters.items()):
                if isinstance(value, Estimator):
                    parameters.update({f"{name}__{inner}": v for inner, v in value.get_params().items()})
        return parameters

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by name; ``name__parameter`` reaches into an estimator.

        Parameters
        ----------
        **parameters
            New values; they are checked by the next ``fit``.

        Returns
        -------
        Estimator
            Itself. What was learned stays until the next ``fit``.

        Raises
        ------
        ValueError
            If there is no parameter of that name; then none is changed.
        """
        known = self.get_params(deep=True)
        for name in parameters:
            if name not in known:
                expectation = "one of " + ", ".join(map(repr, known))
                raise ValueError(f"{type(self).__name__}: parameter must be {expectation}; got {name!r}")
        for name, value in parameters.items():
            outer, _, inner = name.partition("__")
            if inner:
                getattr(self, outer).set_params(**{inner: value})
            else:
                setattr(self, outer, value)
        return self

    def __repr__(self) -> str:
        """Show the class and the parameters that differ from their defaults."""
        signature = inspect.signature(type(self).__init__).parameters
        shown = []
        for name in self._parameter_names():
            value, default = getattr(self, name), signature[name].default
            if not (value is default or (type(value) is type(default) and repr(value) == repr(default))):
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _require_fitted(self, method: str, attribute: str) -> None:
        if not hasattr(self, attribute):
            owner = type(self).__name__
            raise NotFittedError(f"{owner}: {method} must come after fit; got an estimator that is not fitted")


def boolean(value: Any, owner: str, name: str) -> bool:
    """Return `value` as a bool; only True and False (Python's or NumPy's) are accepted.

    Raises
    ------
    TypeError
        Otherwise.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{owner}: {name} must be True or False; got {value!r}")
    return bool(value)


def seed(value: Any, owner: str, name: str = "random_state") -> int:
    """Return `value` as a seed; None is seed 0, so that a run repeats unless told otherwise.

    Raises
    ------
    TypeError, ValueError
        If it is not None or an int in ``[0, 2**64)``.
    """
    if value is None:
        return 0
    return _check.seed(value, owner, name)
