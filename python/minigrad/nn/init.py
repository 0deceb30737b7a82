"""Initial values of parameters.

Every function changes a tensor in place, outside the graph, and returns it. Random values come
from the default generator, or from the one given.

The rules of Glorot and of He keep the variance of what flows through a layer: with fan_in inputs
to each output, Var(y) = fan_in Var(w) E(x^2), which stays as it is for Var(w) = gain^2 / fan_in, where
gain^2 makes good what the activation takes away (for ReLU, half of E(x^2): gain = sqrt 2).

References
----------
X. Glorot, Y. Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks",
AISTATS. K. He, X. Zhang, S. Ren, J. Sun (2015), "Delving deep into rectifiers", ICCV.
A. Saxe, J. McClelland, S. Ganguli (2014), "Exact solutions to the nonlinear dynamics of learning in deep
linear neural networks", ICLR.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import _check, linalg
from minigrad.nn._errors import portrait
from minigrad.nn._random import stream_of
from minigrad.nn._tensor import Tensor

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_LINEAR = frozenset({"linear", "sigmoid", "conv1d", "conv2d", "conv3d"} | {f"conv_transpose{n}d" for n in (1, 2, 3)})


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor by which weights before an activation are scaled.

    Parameters
    ----------
    nonlinearity : str
        ``"linear"``, a convolution, ``"sigmoid"`` (1), ``"tanh"`` (5/3), ``"relu"`` (sqrt 2), ``"leaky_relu"``
        (sqrt(2 / (1 + slope^2))) or ``"selu"`` (3/4).
    param : float, optional
        The slope of ``"leaky_relu"``, 0.01 by default.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the name is unknown or the slope not a number.

    Examples
    --------
    >>> from minigrad.nn import init
    >>> init.calculate_gain("tanh")
    1.6666666666666667
    """
    if nonlinearity in _LINEAR:
        return 1.0
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, (int, float))):
            raise ValueError(f"calculate_gain: param must be the slope, a number; got {param!r}")
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    gains = {"tanh": 5 / 3, "relu": math.sqrt(2.0), "selu": 0.75}
    if nonlinearity not in gains:
        known = ", ".join(sorted({*_LINEAR, *gains, "leaky_relu"}))
        raise ValueError(f"calculate_gain: nonlinearity must be one of {known}; got {nonlinearity!r}")
    return gains[nonlinearity]


def _values(tensor: Any, owner: str) -> np.ndarray:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{owner}: tensor must be a Tensor; got {type(tensor).__name__}")
    return tensor._data


def _put(tensor: Tensor, values: Any) -> Tensor:
    """Copy values over a tensor's own."""
    np.copyto(tensor._data, values, casting="unsafe")
    tensor._bump()
    return tensor


def _floating(tensor: Any, owner: str) -> np.ndarray:
    values = _values(tensor, owner)
    if values.dtype.kind != "f":
        raise RuntimeError(f"{owner}: tensor must be floating point; got {portrait(tensor)}")
    return values


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with numbers uniform in ``[a, b)``.

    Parameters
    ----------
    tensor : Tensor
        Changed.
    a, b : float
    generator : Generator, optional

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    RuntimeError
        If it is not floating point.
    ValueError
        If `b` is below `a`.
    """
    values = _floating(tensor, "uniform_")
    if a == b:
        return _put(tensor, a)
    return _put(tensor, stream_of(generator).uniform(a, b, values.shape, values.dtype))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with normal numbers.

    Parameters
    ----------
    tensor : Tensor
        Changed.
    mean, std : float
    generator : Generator, optional

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    RuntimeError
        If it is not floating point.
    ValueError
        If `std` is negative.
    """
    values = _floating(tensor, "normal_")
    return _put(tensor, stream_of(generator).normal(mean, std, values.shape, values.dtype))


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Fill with normal numbers that lie between `a` and `b`.

    Parameters
    ----------
    tensor : Tensor
        Changed.
    mean, std : float
        Of the normal numbers before the ends are cut off.
    a, b : float
        The ends, as values (not in deviations).
    generator : Generator, optional

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    RuntimeError
        If it is not floating point.
    ValueError
        If `std` is not positive or `b` not above `a`.

    Notes
    -----
    Numbers are drawn until they fall between the ends: normal ones if these hold at least a fifth of
    the mass, or else uniform ones x, each kept with probability exp((m^2 - x^2) / 2), where m is
    the place between the ends where the density is highest. Beyond x^2 = m^2 + 74 the density has fallen
    to 1e-16 of that, and nothing is drawn.
    """
    values = _floating(tensor, "trunc_normal_")
    std = _check.real(std, "trunc_normal_", "std", 0.0, closed="right")
    if not a < b:
        raise ValueError(f"trunc_normal_: b must be above a; got a = {a!r}, b = {b!r}")
    low, high = (a - mean) / std, (b - mean) / std
    mass = (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2
    stream = stream_of(generator)
    drawn = np.empty(values.size, np.float64)
    done = 0
    while done < drawn.size:
        count = 2 * (drawn.size - done) + 16
        kept = _from_middle(stream, low, high, count) if mass >= 0.2 else _from_tail(stream, low, high, count)
        kept = kept[: drawn.size - done]
        drawn[done : done + kept.size] = kept
        done += kept.size
    # Rounding to the tensor's type may step over an end.
    bounded = np.clip((mean + std * drawn).astype(values.dtype), *np.array([a, b], values.dtype))
    return _put(tensor, bounded.reshape(values.shape))


def _from_middle(stream: Any, low: float, high: float, count: int) -> np.ndarray:
    x: np.ndarray = stream.normal(size=count)
    return x[(x >= low) & (x <= high)]


def _from_tail(stream: Any, low: float, high: float, count: int) -> np.ndarray:
    mode = min(max(0.0, low), high)
    reach = math.sqrt(mode * mode + 74.0)
    x: np.ndarray = stream.uniform(max(low, -reach), min(high, reach), count)
    keep = stream.uniform(size=count)
    odds = np.array([math.exp((mode * mode - v * v) / 2) for v in x.tolist()])
    kept: np.ndarray = x[keep < odds]
    return kept


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    Parameters
    ----------
    tensor : Tensor
        Changed.
    val : float

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    TypeError
        If `tensor` is not one.
    """
    _values(tensor, "constant_")
    return _put(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones.

    Parameters
    ----------
    tensor : Tensor
        Changed.

    Returns
    -------
    Tensor
        `tensor`.
    """
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros.

    Parameters
    ----------
    tensor : Tensor
        Changed.

    Returns
    -------
    Tensor
        `tensor`.
    """
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Make a matrix the identity: ones on its diagonal.

    Parameters
    ----------
    tensor : Tensor of shape (m, n)
        Changed.

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    ValueError
        If it has not two dimensions.
    """
    values = _values(tensor, "eye_")
    if values.ndim != 2:
        raise ValueError(f"eye_: tensor must have 2 dimensions; got {portrait(tensor)}")
    return _put(tensor, np.eye(*values.shape, dtype=values.dtype))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Make a convolution's kernel pass its input channels through.

    Parameters
    ----------
    tensor : Tensor of shape (out, in, ...)
        3, 4 or 5 dimensions; changed.
    groups : int, default 1
        Each group of output channels passes the same input channels.

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    ValueError
        If the number of dimensions is another, or `groups` does not divide the output channels.
    """
    values = _values(tensor, "dirac_")
    if values.ndim not in (3, 4, 5):
        raise ValueError(f"dirac_: tensor must have 3, 4 or 5 dimensions; got {portrait(tensor)}")
    groups = _check.integer(groups, "dirac_", "groups", 1)
    if values.shape[0] % groups:
        raise ValueError(f"dirac_: groups must divide the {values.shape[0]} output channels; got {groups}")
    each = values.shape[0] // groups
    middle = tuple(n // 2 for n in values.shape[2:])
    kernel = np.zeros(values.shape, values.dtype)
    for group in range(groups):
        for channel in range(min(each, values.shape[1])):
            kernel[(group * each + channel, channel, *middle)] = 1
    return _put(tensor, kernel)


def _fans(tensor: Any, owner: str) -> tuple[int, int]:
    """Return to how many outputs an input goes and from how many inputs an output comes: (in, out)."""
    values = _floating(tensor, owner)
    if values.ndim < 2:
        raise ValueError(f"{owner}: tensor must have 2 dimensions or more, for its fans; got {portrait(tensor)}")
    field = math.prod(values.shape[2:])
    return values.shape[1] * field, values.shape[0] * field


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with uniform numbers of variance ``gain^2 * 2 / (fan_in + fan_out)``.

    Parameters
    ----------
    tensor : Tensor of shape (out, in, ...)
        Changed.
    gain : float, default 1
    generator : Generator, optional

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    ValueError
        If it has fewer than two dimensions.
    """
    fan_in, fan_out = _fans(tensor, "xavier_uniform_")
    bound = gain * math.sqrt(6.0 / max(1, fan_in + fan_out))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with normal numbers of variance ``gain^2 * 2 / (fan_in + fan_out)``.

    Parameters
    ----------
    tensor : Tensor of shape (out, in, ...)
        Changed.
    gain : float, default 1
    generator : Generator, optional

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    ValueError
        If it has fewer than two dimensions.
    """
    fan_in, fan_out = _fans(tensor, "xavier_normal_")
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / max(1, fan_in + fan_out)), generator)


def _kaiming(tensor: Any, owner: str, a: float, mode: str, nonlinearity: str) -> float:
    fans = dict(zip(("fan_in", "fan_out"), _fans(tensor, owner), strict=True))
    mode = mode.lower() if isinstance(mode, str) else mode
    fan = fans[_check.choice(mode, owner, "mode", tuple(fans))]
    return calculate_gain(nonlinearity, a) / math.sqrt(max(1, fan))


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Fill with uniform numbers of variance ``gain^2 / fan``.

    Parameters
    ----------
    tensor : Tensor of shape (out, in, ...)
        Changed.
    a : float, default 0
        The slope, for ``"leaky_relu"``.
    mode : {"fan_in", "fan_out"}
        Keep the variance of what flows forward, or of the gradients.
    nonlinearity : str
        See `calculate_gain`.
    generator : Generator, optional

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    ValueError
        If it has fewer than two dimensions, or `mode` or `nonlinearity` is unknown.
    """
    if isinstance(tensor, Tensor) and 0 in tensor.shape:
        return tensor
    bound = math.sqrt(3.0) * _kaiming(tensor, "kaiming_uniform_", a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Fill with normal numbers of variance ``gain^2 / fan``.

    Parameters
    ----------
    tensor : Tensor of shape (out, in, ...)
        Changed.
    a : float, default 0
        The slope, for ``"leaky_relu"``.
    mode : {"fan_in", "fan_out"}
        Keep the variance of what flows forward, or of the gradients.
    nonlinearity : str
        See `calculate_gain`.
    generator : Generator, optional

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    ValueError
        If it has fewer than two dimensions, or `mode` or `nonlinearity` is unknown.
    """
    if isinstance(tensor, Tensor) and 0 in tensor.shape:
        return tensor
    return normal_(tensor, 0.0, _kaiming(tensor, "kaiming_normal_", a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Make the rows (or, if there are more of them, the columns) orthonormal, times `gain`.

    Parameters
    ----------
    tensor : Tensor of shape (m, n, ...)
        Taken as a matrix of m rows; changed.
    gain : float, default 1
    generator : Generator, optional

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    ValueError
        If it has fewer than two dimensions.

    Notes
    -----
    Q of the QR decomposition of a matrix of normal numbers, its columns turned so that R has a
    positive diagonal: then Q is uniform among the orthogonal matrices (Mezzadri 2007).
    """
    values = _floating(tensor, "orthogonal_")
    if values.ndim < 2:
        raise ValueError(f"orthogonal_: tensor must have 2 dimensions or more; got {portrait(tensor)}")
    if not values.size:
        return tensor
    rows, columns = values.shape[0], values.size // values.shape[0]
    drawn = stream_of(generator).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = linalg.qr(drawn)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return _put(tensor, gain * (q if rows >= columns else q.T).reshape(values.shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Fill a matrix with normal numbers, but a share of each column with zeros.

    Parameters
    ----------
    tensor : Tensor of shape (m, n)
        Changed.
    sparsity : float
        The share, from 0 to 1; rounded up to whole elements.
    std : float, default 0.01
    generator : Generator, optional

    Returns
    -------
    Tensor
        `tensor`.

    Raises
    ------
    ValueError
        If it has not two dimensions, or `sparsity` is out of range.
    """
    values = _floating(tensor, "sparse_")
    if values.ndim != 2:
        raise ValueError(f"sparse_: tensor must have 2 dimensions; got {portrait(tensor)}")
    zeros = math.ceil(_check.real(sparsity, "sparse_", "sparsity", 0.0, 1.0) * values.shape[0])
    normal_(tensor, 0.0, std, generator)
    stream = stream_of(generator)
    for column in range(values.shape[1]):
        values[stream.permutation(values.shape[0])[:zeros], column] = 0
    return tensor
