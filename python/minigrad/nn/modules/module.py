"""`Module`: a piece of a network, with what it owns and the modules it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from minigrad.nn._device import device as Device  # noqa: N812 (PyTorch's name for a class)
from minigrad.nn._dtype import OtherDtype, float32, float64, to_dtype
from minigrad.nn._dtype import dtype as Dtype  # noqa: N812
from minigrad.nn._graph import no_grad
from minigrad.nn._tensor import Tensor
from minigrad.nn.modules._hooks import HOOKS, Hooked, call_hooked
from minigrad.nn.modules._members import Members
from minigrad.nn.modules._state import Stateful
from minigrad.nn.parameter import Buffer, Parameter

_MISSING: Any = object()

__all__ = ["Buffer", "Module", "Parameter"]


class Module(Members, Hooked, Stateful):
    """Base of everything that a network is made of.

    A subclass assigns parameters and other modules to attributes and computes in `forward`;
    calling the module calls `forward`. Assignment registers: whatever is assigned takes part
    in `parameters`, `state_dict`, `to` and `train`.

    Attributes
    ----------
    training : bool
        True initially; see `train`.

    Notes
    -----
    The registries exist before ``__init__`` runs, so a subclass need not call
    ``super().__init__()``.

    Examples
    --------
    >>> import minigrad as mg
    >>> class Scale(mg.nn.Module):
    ...     def __init__(self):
    ...         self.factor = mg.nn.Parameter(mg.tensor([2.0]))
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> Scale()(mg.tensor([1.0, 2.0])).tolist()
    [2.0, 4.0]
    """

    training: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Return a module with empty registries."""
        self = super().__new__(cls)
        attributes = self.__dict__
        attributes["training"] = True
        self._clear()
        for kind in HOOKS:
            attributes[kind] = []
        return self

    def __init__(self) -> None:
        pass

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; to be overridden.

        Parameters
        ----------
        *args, **kwargs
            What the module is called with.

        Returns
        -------
        object

        Raises
        ------
        NotImplementedError
            If the subclass has no `forward`.
        """
        raise NotImplementedError(f"{type(self).__name__}: forward must be defined by the subclass")

    def __call__(self, input: Any = _MISSING, /, *args: Any, **kwargs: Any) -> Any:
        """Return what `forward` does, with the hooks around it."""
        # One argument is what most layers take, and handing on a tuple and a dict costs more than the rest.
        if not (args or kwargs or self._call_hooks or input is _MISSING):
            return self.forward(input)
        given = args if input is _MISSING else (input, *args)
        return call_hooked(self, given, kwargs) if self._call_hooks else self.forward(*given, **kwargs)

    def train(self, mode: bool = True) -> Self:
        """Set whether this module and those below train.

        Parameters
        ----------
        mode : bool, default True

        Returns
        -------
        Module
            Itself.

        Raises
        ------
        ValueError
            If `mode` is not a boolean.
        """
        if not isinstance(mode, bool):
            raise ValueError(f"{type(self).__name__}.train: mode must be a bool; got {mode!r}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Set this module and those below to evaluation: `train` with False."""
        return self.train(False)

    def apply(self, fn: Callable[[Any], Any]) -> Self:
        """Call a function on every module, this one last.

        Parameters
        ----------
        fn : callable
            ``fn(module)``.

        Returns
        -------
        Module
            Itself.
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor]) -> Self:
        """Replace the values of every parameter, gradient and buffer by what `fn` makes of them."""
        with no_grad():
            for module in self.modules():
                for parameter in module._parameters.values():
                    if parameter is not None:
                        grad = parameter.grad
                        parameter.grad = None
                        parameter.data = fn(parameter.data)
                        parameter.grad = None if grad is None else fn(grad)
                for name, buffer in module._buffers.items():
                    if buffer is not None:
                        module._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert the floating-point parameters and buffers, in place.

        Parameters
        ----------
        *args
            A device, a dtype, a device and a dtype, or a tensor to take the dtype of.
        **kwargs
            ``device`` and ``dtype`` by name; ``non_blocking`` and ``memory_format`` change nothing.

        Returns
        -------
        Module
            Itself.

        Raises
        ------
        TypeError
            If an argument is none of these, or the dtype is not a floating-point one.
        RuntimeError
            If the device is not the CPU.
        """
        wanted = _destination(type(self).__name__, args, kwargs)
        if wanted is None:
            return self
        if not wanted.is_floating_point:
            raise TypeError(f"{type(self).__name__}.to: dtype must be a floating-point one; got {wanted}")
        return self._apply(lambda tensor: tensor.to(wanted) if tensor.dtype.is_floating_point else tensor)

    def float(self) -> Self:
        """Convert the floating-point parameters and buffers to float32."""
        return self.to(float32)

    def double(self) -> Self:
        """Convert the floating-point parameters and buffers to float64."""
        return self.to(float64)

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers to one dtype.

        Parameters
        ----------
        dst_type : dtype

        Returns
        -------
        Module
            Itself.
        """
        return self._apply(lambda tensor: tensor.to(dst_type))

    def cpu(self) -> Self:
        """Return the module: it is on the CPU."""
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set whether the parameters get gradients.

        Parameters
        ----------
        requires_grad : bool, default True

        Returns
        -------
        Module
            Itself.
        """
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the parameters.

        Parameters
        ----------
        set_to_none : bool, default True
            Set ``grad`` to None; else to zeros.
        """
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad = parameter.grad.detach()
                parameter.grad._data.fill(0)
                parameter.grad._bump()

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: what a compiler fuses is fused already.

        Parameters
        ----------
        *args, **kwargs
            Ignored.
        """

    def extra_repr(self) -> str:
        """Return what stands in the parentheses of the description; to be overridden."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return "\n  ".join([f"{self._get_name()}(", *lines, *children]) + "\n)"


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _destination(owner: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the dtype that the arguments of `Module.to` ask for, None if none."""
    for name in kwargs:
        if name not in ("device", "dtype", "tensor", "non_blocking", "memory_format", "copy"):
            raise TypeError(f"{owner}.to: takes device, dtype, tensor, non_blocking; got {name!r}")
    wanted = None
    for value in (*args, *(kwargs.get(name) for name in ("device", "dtype", "tensor"))):
        if isinstance(value, (Dtype, OtherDtype)):
            wanted = to_dtype(value, f"{owner}.to")
        elif isinstance(value, Tensor):
            wanted = value.dtype
        elif isinstance(value, (str, Device)):
            Device(value).check(f"{owner}.to")
        elif value is not None and not isinstance(value, bool):
            raise TypeError(f"{owner}.to: takes a device, a dtype or a tensor; got {value!r}")
    return wanted
