"""Normalisations: batch, layer, root-mean-square, group, instance and local response norm.

All but the last are one or two passes in C, forward and backward. While recording is on
(second derivatives), the backward pass is written in tensor operations instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from minigrad._native import NULL, check_status, layer_norm_backward, lib, pointer
from minigrad._native import layer_norm as native_layer_norm
from minigrad.nn import _array
from minigrad.nn._errors import dtype_error, shape_error
from minigrad.nn._graph import Node, mode
from minigrad.nn._ops.join import cat
from minigrad.nn._pointwise import tensor_only
from minigrad.nn._tensor import Tensor, fresh, result

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]


def _pointer(array: np.ndarray | None, writable: bool = False) -> Any:
    return NULL if array is None else pointer(array, writable)


def _parameter(owner: str, name: str, value: Any, shape: tuple[int, ...], input: Tensor) -> np.ndarray | None:
    """Return the array of a weight or bias of the given shape and the input's type."""
    if value is None:
        return None
    if tensor_only(owner, value)._data.shape != shape:
        raise shape_error(owner, f"{name} must have shape {shape}", value, input)
    if value._data.dtype != input._data.dtype:
        raise dtype_error(owner, f"{name} and input must have one dtype", value, input)
    return _array.contiguous(value._data)


def _floating(owner: str, input: Any) -> Tensor:
    if tensor_only(owner, input)._data.dtype.kind != "f":
        raise dtype_error(owner, "input must be floating-point", input)
    return input  # type: ignore[no-any-return]


def _given(*tensors: Any) -> tuple[Any, ...]:
    return tuple(t for t in tensors if t is not None)


class Norm(Node):
    """y = (x - mean) / sqrt(var + eps) weight + bias; `stats` holds mean and variance.

    Recorded for x, and for the weight and the bias that exist. For the formulas of a second
    derivative, x is seen as `grid`, whose dimensions `dims` were averaged; `along` is what
    weight and bias look like beside it.
    """

    has: tuple[bool, bool]
    eps: float
    stats: np.ndarray
    grid: tuple[int, ...]
    dims: tuple[int, ...]
    along: tuple[int, ...]
    bias_shape: tuple[int, ...]
    centred = True
    through = True

    def fused(self, x: np.ndarray, weight: np.ndarray | None, dy: np.ndarray, out: list[Any]) -> None:
        """Compute the gradients of x, weight and bias into the arrays of `out`; None is not wanted."""
        raise AttributeError(f"{type(self).__name__} has no fused gradient")

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Return the gradients of x and of what else there is."""
        x, weight = self.saved
        needs = iter(self.needs)
        wanted = [next(needs), self.has[0] and next(needs), self.has[1] and next(needs)]
        if mode.enabled:
            every = self._formula(x, weight, grad)
        else:
            sizes = (x._data.shape, () if weight is None else weight._data.shape, self.bias_shape)
            out = [_array.empty(n, x._data.dtype) if want else None for n, want in zip(sizes, wanted, strict=True)]
            w = None if weight is None else _array.contiguous(weight._data)
            self.fused(_array.contiguous(x._data), w, _array.contiguous(grad._data), out)
            every = [None if item is None else fresh(item) for item in out]
        kept = (True, *self.has)
        return tuple(g if want else None for g, want, keep in zip(every, wanted, kept, strict=True) if keep)

    def _formula(self, x: Tensor, weight: Tensor | None, grad: Tensor) -> list[Any]:
        """Return the gradients in tensor operations: dx = r (g - mean g - h mean(g h)), g = dy weight."""
        z, dy = x.reshape(self.grid), grad.reshape(self.grid)
        if not self.through:
            mean, var = (fresh(part.reshape(self.along)) for part in self.stats)
            r = (var + self.eps).rsqrt()
            h = (z - mean) * r
        else:
            if self.centred:
                z = z - z.mean(self.dims, keepdim=True)
            r = ((z * z).mean(self.dims, keepdim=True) + self.eps).rsqrt()
            h = z * r
        g = dy if weight is None else dy * weight.reshape(self.along)
        dx = g
        if self.through:
            dx = g - h * (g * h).mean(self.dims, keepdim=True)
            if self.centred:
                dx = dx - g.mean(self.dims, keepdim=True)
        over = tuple(i for i, n in enumerate(self.along) if n == 1)
        dw = None if weight is None else (dy * h).sum(over).reshape(weight.shape)
        db = dy.sum(over).reshape(self.bias_shape) if self.has[1] else None
        return [(dx * r).reshape(x.shape), dw, db]


class NativeLayerNorm(Norm):
    """Layer norm over rows; `bias_shape` is the shape of a row."""

    dims = (1,)

    def backward(self, grad: Tensor) -> tuple[Any, ...]:
        """Return the gradients of x and of what else there is."""
        x, weight = self.saved
        edges, inner = self.next_functions_, self.bias_shape
        if mode.enabled:
            n = math.prod(inner)
            self.grid, self.along = (math.prod(x.shape[: x.ndim - len(inner)]), n), (1, n)
            self.has = (weight is not None, len(edges) > 1 + (weight is not None))
            return super().backward(grad)
        w, about = None if weight is None else weight._data, (self.eps, self.centred, edges)
        if len(inner) == 1:
            made = layer_norm_backward(x._data, w, self.stats, grad._data, *about)
            if type(made) is not int:
                return made  # type: ignore[no-any-return]
        made = layer_norm_backward(_flat(x._data, inner), _vector(w), self.stats, _flat(grad._data, inner), *about)
        if type(made) is int:
            check_status(made, "layer_norm")
        shapes = (x._data.shape, inner, inner)
        return tuple(None if g is None else fresh(g._data.reshape(s)) for g, s in zip(made, shapes, strict=False))


class NativeGroupNorm(Norm):
    """Group norm."""

    extents: tuple[int, int, int, int]

    def fused(self, x: np.ndarray, weight: np.ndarray | None, dy: np.ndarray, out: list[Any]) -> None:
        """Compute the gradients in C."""
        function = lib.mg_group_norm_backward_f32 if x.itemsize == 4 else lib.mg_group_norm_backward_f64
        status = function(
            *self.extents, pointer(x), _pointer(weight), pointer(self.stats), self.eps, pointer(dy),
            *(_pointer(item, True) for item in out),
        )  # fmt: skip
        check_status(status, "group_norm")


class NativeBatchNorm(Norm):
    """Batch norm; `through` says whether mean and variance are those of the batch."""

    def fused(self, x: np.ndarray, weight: np.ndarray | None, dy: np.ndarray, out: list[Any]) -> None:
        """Compute the gradients in C."""
        function = lib.mg_batch_norm_backward_f32 if x.itemsize == 4 else lib.mg_batch_norm_backward_f64
        mean, var = self.stats
        status = function(
            *self.grid, pointer(x), pointer(mean), pointer(var), _pointer(weight), self.eps, int(self.through),
            pointer(dy), *(_pointer(item, True) for item in out),
        )  # fmt: skip
        check_status(status, "batch_norm")


def _flat(x: np.ndarray, inner: tuple[int, ...]) -> np.ndarray:
    """Return the rows, whose shape is `inner`, as a matrix without gaps."""
    return _array.contiguous(x).reshape((math.prod(x.shape[: x.ndim - len(inner)]), math.prod(inner)))


def _vector(x: np.ndarray | None) -> np.ndarray | None:
    return None if x is None else _array.contiguous(x).reshape(-1)


def _rows(
    owner: str,
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
    centred: bool,
) -> Tensor:
    """Return layer norm, or RMS norm if not `centred`."""
    inner = normalized_shape if type(normalized_shape) is tuple else _shape(normalized_shape)
    made: Any = -1
    if len(inner) == 1 and isinstance(input, Tensor) and _is_parameter(weight) and _is_parameter(bias):
        w, b = None if weight is None else weight._data, None if bias is None else bias._data
        made = native_layer_norm(input._data, inner[0], w, b, eps, centred)
    if type(made) is int:
        made = _rows_closed(owner, input, inner, weight, bias, eps, centred)
    y, stats = made
    inputs = (input, weight, bias) if weight is not None and bias is not None else _given(input, weight, bias)
    return result(y, NativeLayerNorm, inputs, (input, weight), eps=eps, stats=stats, bias_shape=inner, centred=centred)


def _is_parameter(value: Any) -> bool:
    return value is None or isinstance(value, Tensor)


def _shape(normalized_shape: Any) -> tuple[int, ...]:
    return tuple(normalized_shape) if isinstance(normalized_shape, Sequence) else (normalized_shape,)


def _rows_closed(
    owner: str, input: Tensor, inner: tuple[int, ...], weight: Tensor | None, bias: Tensor | None, eps: float,
    centred: bool,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return result and statistics for rows of any shape and for arrays with gaps; say what does not fit."""
    x = _floating(owner, input)._data
    if not inner:
        raise RuntimeError(f"{owner}: normalized_shape must have at least one dimension; got {inner!r}")
    w, b = (_vector(_parameter(owner, n, v, inner, input)) for n, v in (("weight", weight), ("bias", bias)))
    if x.ndim < len(inner) or x.shape[x.ndim - len(inner) :] != inner:
        raise shape_error(owner, f"input must end in normalized_shape {inner}", input)
    made = native_layer_norm(_flat(x, inner), index(math.prod(inner)), w, b, eps, centred)
    if type(made) is int:
        check_status(made, owner)
    y, stats = made
    return y.reshape(x.shape), stats


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Return :math:`(x - \mu) / \sqrt{\sigma^2 + \epsilon} \cdot w + b` over the last dimensions.

    Parameters
    ----------
    input : Tensor
        Floating-point; its shape ends in `normalized_shape`.
    normalized_shape : int or sequence of int
    weight, bias : Tensor, optional
        Of shape `normalized_shape`.
    eps : float, default 1e-5

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    RuntimeError
        If shapes or types do not fit each other.

    Notes
    -----
    The variance is that of all values (not n - 1) [1]_, taken around the mean, so a large mean
    costs no digits.

    References
    ----------
    .. [1] J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.functional.layer_norm(mg.tensor([[1.0, 3.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0]]
    """
    return _rows("layer_norm", input, normalized_shape, weight, bias, eps, True)


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    r"""Return :math:`x / \sqrt{\mathrm{mean}(x^2) + \epsilon} \cdot w` over the last dimensions.

    Parameters
    ----------
    input : Tensor
        Floating-point; its shape ends in `normalized_shape`.
    normalized_shape : int or sequence of int
    weight : Tensor, optional
        Of shape `normalized_shape`.
    eps : float, optional
        Default: the type's machine epsilon.

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    RuntimeError
        If shapes or types do not fit each other.
    """
    if eps is None:
        eps = float(np.finfo(_floating("rms_norm", input)._data.dtype).eps)
    return _rows("rms_norm", input, normalized_shape, weight, None, eps, False)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Return the input normalised over groups of neighbouring channels of each batch entry.

    Parameters
    ----------
    input : Tensor
        Of shape (N, C, ...), floating-point.
    num_groups : int
        A divisor of C.
    weight, bias : Tensor, optional
        One value for each channel.
    eps : float, default 1e-5

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    RuntimeError
        If shapes or types do not fit each other.
    """
    return _groups("group_norm", input, num_groups, weight, bias, eps)


def _groups(
    owner: str, input: Tensor, num_groups: int, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    x = _floating(owner, input)._data
    if x.ndim < 2:
        raise shape_error(owner, "Expected at least 2 dimensions for input tensor", input)
    batch, channels, spatial = x.shape[0], x.shape[1], math.prod(x.shape[2:])
    if num_groups <= 0 or channels % num_groups:
        raise shape_error(owner, f"num_groups ({num_groups}) must be positive and divide the number of channels", input)
    w = _parameter(owner, "weight", weight, (channels,), input)
    b = _parameter(owner, "bias", bias, (channels,), input)
    y, stats = _array.empty(x.shape, x.dtype), _array.empty((2, batch * num_groups), x.dtype)
    function = lib.mg_group_norm_f32 if x.itemsize == 4 else lib.mg_group_norm_f64
    extents = (batch, channels, spatial, num_groups)
    status = function(
        *extents, pointer(_array.contiguous(x)), _pointer(w), _pointer(b), eps, pointer(y, True), pointer(stats, True)
    )
    check_status(status, owner)
    size = channels // num_groups
    return result(
        y, NativeGroupNorm, _given(input, weight, bias), (input, weight), has=(w is not None, b is not None), eps=eps,
        stats=stats, grid=(batch, num_groups, size, spatial), dims=(2, 3), along=(1, num_groups, size, 1),
        bias_shape=(channels,), extents=extents,
    )  # fmt: skip


def _moments(owner: str, x: np.ndarray, extents: tuple[int, int, int]) -> np.ndarray:
    """Return mean and variance of each channel."""
    stats = np.empty((2, extents[1]), x.dtype)
    function = lib.mg_batch_moments_f32 if x.itemsize == 4 else lib.mg_batch_moments_f64
    check_status(function(*extents, pointer(x), pointer(stats[0], True), pointer(stats[1], True)), owner)
    return stats


def _update(running: Tensor | None, found: np.ndarray, momentum: float) -> None:
    """Move running statistics towards the ones found."""
    if running is not None:
        data = running._data
        data += momentum * (found.astype(data.dtype) - data)
        running._bump()


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Return the input normalised channel by channel over batch and space.

    Parameters
    ----------
    input : Tensor
        Of shape (N, C, ...), floating-point.
    running_mean, running_var : Tensor or None
        One value for each channel; in training they are moved towards the batch's mean and
        (n - 1) variance, else they take the place of these.
    weight, bias : Tensor, optional
        One value for each channel.
    training : bool, default False
        Whether mean and variance are the batch's.
    momentum : float, default 0.1
        The share of the new in the running statistics.
    eps : float, default 1e-5

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    ValueError
        In training, if there is only one value for each channel.
    RuntimeError
        If shapes or types do not fit each other, or statistics are missing outside training.

    Notes
    -----
    In training, moments and output are one pass over the input each, the gradients another two.
    """
    owner = "batch_norm"
    x = _floating(owner, input)._data
    if x.ndim < 2:
        if x.size == 0:
            return input + 0.0
        raise shape_error(owner, "input must have shape (N, C, ...)", input)
    extents = (x.shape[0], x.shape[1], math.prod(x.shape[2:]))
    channels = (extents[1],)
    if training and extents[0] * extents[2] == 1:
        raise ValueError(
            f"{owner}: Expected more than 1 value per channel when training, got input size {tuple(input.shape)}"
        )
    if not training and (running_mean is None or running_var is None):
        raise RuntimeError(f"{owner}: Expected running_mean and running_var to be defined when training=False")
    for name, running in (("running_mean", running_mean), ("running_var", running_var)):
        if running is not None and running._data.shape != channels:
            raise shape_error(owner, f"{name} must have shape {channels}", running, input)
    w = _parameter(owner, "weight", weight, channels, input)
    b = _parameter(owner, "bias", bias, channels, input)
    x = _array.contiguous(x)
    if training:
        stats = _moments(owner, x, extents)
        count = extents[0] * extents[2]
        if count:
            _update(running_mean, stats[0], momentum)
            _update(running_var, stats[1] * (count / (count - 1)), momentum)
    else:
        assert running_mean is not None and running_var is not None
        stats = np.array([running_mean._data, running_var._data], x.dtype)
    y = _normalized(owner, x, extents, stats, w, b, eps)
    return result(
        y, NativeBatchNorm, _given(input, weight, bias), (input, weight), has=(w is not None, b is not None), eps=eps,
        stats=stats, grid=extents, dims=(0, 2), along=(1, extents[1], 1), bias_shape=channels, through=training,
    )  # fmt: skip


def _normalized(
    owner: str,
    x: np.ndarray,
    extents: tuple[int, int, int],
    stats: np.ndarray,
    weight: np.ndarray | None,
    bias: np.ndarray | None,
    eps: float,
) -> np.ndarray:
    y = _array.empty(x.shape, x.dtype)
    function = lib.mg_batch_normalize_f32 if x.itemsize == 4 else lib.mg_batch_normalize_f64
    status = function(
        *extents, pointer(x), pointer(stats[0]), pointer(stats[1]), _pointer(weight), _pointer(bias), eps,
        pointer(y, True),
    )  # fmt: skip
    check_status(status, owner)
    return y


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Return the input normalised over space, for each channel of each batch entry apart.

    Parameters
    ----------
    input : Tensor
        Of shape (N, C, ...), floating-point.
    running_mean, running_var : Tensor, optional
        One value for each channel: moved towards the mean over the batch of the entries'
        statistics, or used in their place.
    weight, bias : Tensor, optional
        One value for each channel.
    use_input_stats : bool, default True
        Whether mean and variance are the input's.
    momentum : float, default 0.1
    eps : float, default 1e-5

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    ValueError
        If there is only one value to take the variance of.
    RuntimeError
        If shapes or types do not fit each other, or statistics are missing.
    """
    owner = "instance_norm"
    x = _floating(owner, input)._data
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                f"{owner}: Expected running_mean and running_var to be defined when use_input_stats=False"
            )
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if x.ndim < 2:
        raise shape_error(owner, "input must have shape (N, C, ...)", input)
    batch, channels, spatial = x.shape[0], x.shape[1], math.prod(x.shape[2:])
    if spatial == 1:
        raise ValueError(
            f"{owner}: Expected more than 1 spatial element when training, got input size {tuple(input.shape)}"
        )
    y = _groups(owner, input, channels, weight, bias, eps) if channels else input + 0.0
    if (running_mean is not None or running_var is not None) and x.size:
        stats = _moments(owner, _array.contiguous(x), (1, batch * channels, spatial)).reshape(2, batch, channels)
        stats = stats.sum(1) / batch
        _update(running_mean, stats[0], momentum)
        _update(running_var, stats[1] * (spatial / (spatial - 1)), momentum)
    return y


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    r"""Return :math:`x_c (k + \alpha \overline{x^2})^{-\beta}`, the mean being over `size` neighbouring channels.

    Parameters
    ----------
    input : Tensor
        Of shape (N, C, d1, ...), floating-point.
    size : int
        Channels of a neighbourhood; beyond the first and last channel there is 0.
    alpha, beta, k : float

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    ValueError
        If the input has fewer than 3 dimensions.
    """
    owner = "local_response_norm"
    if tensor_only(owner, input)._data.ndim < 3:
        raise ValueError(f"{owner}: Expected 3D or higher dimensionality input (got {input._data.ndim} dimensions)")
    if input._data.size == 0:
        return input.clone()  # type: ignore[no-any-return]
    channels = input._data.shape[1]
    square = input * input
    total = None
    # The neighbourhood of c begins at c - size // 2.
    for offset in range(-(size // 2), size - size // 2):
        kept = channels - abs(offset)
        if kept <= 0:
            continue
        part = square.narrow(1, max(offset, 0), kept)
        zeros = [(*part.shape[:1], count, *part.shape[2:]) for count in (max(-offset, 0), max(offset, 0))]
        before, after = (fresh(np.zeros(shape, part._data.dtype)) for shape in zeros)
        shifted = cat([before, part, after], 1)
        total = shifted if total is None else total + shifted
    assert total is not None
    mean = total / size if input._data.dtype.kind == "f" else total // size
    return input / (mean * alpha + k) ** beta
