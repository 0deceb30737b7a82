"""Random tensors, each a stretch of a generator's stream.

Without a `generator` argument the framework's own is drawn from, which `manual_seed`
starts anew. With u uniform in [0, 1):

    exponential:  -ln(1 - u) / rate                    (inverse of the distribution function)
    bernoulli:    u < p
    categorical:  the first i with u < p_1 + ... + p_i; without replacement, those with the
                  largest ln p_i - ln(-ln u_i) [1]_

References
----------
.. [1] W. Kool, H. van Hoof and M. Welling, "Stochastic beams and where to find them", ICML 2019,
   section 2.3: the Gumbel-top-k trick.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.nn import _array
from minigrad.nn._array import hush, unhush
from minigrad.nn._dtype import int64
from minigrad.nn._errors import portrait
from minigrad.nn._ops.arithmetic import Zero
from minigrad.nn._ops.copy import copy_
from minigrad.nn._ops.create import check_device, deliver, kind_of, made, shape_of
from minigrad.nn._random import stream_of
from minigrad.nn._tensor import Tensor, fresh, method, result

__all__ = [
    "bernoulli",
    "multinomial",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]


def _floating(op: str, kind: np.dtype[Any]) -> np.dtype[Any]:
    if kind.kind != "f":
        raise RuntimeError(f"{op}: not implemented for {kind}; dtype must be float32 or float64")
    return kind


def _uniform(shape: tuple[int, ...], kind: np.dtype[Any], generator: Any) -> np.ndarray:
    """Return numbers uniform in [0, 1)."""
    data = _array.empty(shape, kind)
    stream_of(generator).uniform(dtype=kind, out=data)
    return data


def _gaussian(shape: tuple[int, ...], kind: np.dtype[Any], generator: Any) -> np.ndarray:
    """Return standard normal numbers."""
    data = _array.empty(shape, kind)
    stream_of(generator).normal(dtype=kind, out=data)
    return data


# --- new tensors


def rand(
    *size: Any,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return numbers uniform in [0, 1) in a tensor of shape `size`.

    Parameters
    ----------
    *size : int or tuple of int
        The shape.
    generator : Generator, optional
        Where random numbers come from; the default generator otherwise.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    TypeError, RuntimeError
        If an argument is of the wrong type or not in its range.
    """
    check_device("rand", device)
    data = _uniform(shape_of("rand", size), _floating("rand", kind_of("rand", dtype)), generator)
    return deliver("rand", data, out, requires_grad)


def randn(
    *size: Any,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return standard normal numbers in a tensor of shape `size`.

    Parameters
    ----------
    *size : int or tuple of int
        The shape.
    generator : Generator, optional
        Where random numbers come from; the default generator otherwise.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    TypeError, RuntimeError
        If an argument is of the wrong type or not in its range.
    """
    check_device("randn", device)
    data = _gaussian(shape_of("randn", size), _floating("randn", kind_of("randn", dtype)), generator)
    return deliver("randn", data, out, requires_grad)


def _integers(op: str, low: int, high: int, shape: tuple[int, ...], kind: np.dtype[Any], generator: Any) -> np.ndarray:
    if low >= high:
        raise RuntimeError(f"{op}: expects 'from' to be less than 'to'; got from={low} >= to={high}")
    drawn = stream_of(generator).integers(int(low), int(high), size=shape)
    if kind == np.int64:
        return drawn  # type: ignore[no-any-return]
    data = _array.empty(shape, kind)
    np.copyto(data, drawn, casting="unsafe")
    return data


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return integers uniform in ``[low, high)``, or in ``[0, low)`` for ``randint(high, size)``.

    Parameters
    ----------
    low : int
        Smallest value.
    high : int, optional
        One more than the largest value.
    size : int or tuple of int, optional
        The shape.
    generator : Generator, optional
        Where random numbers come from; the default generator otherwise.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If the interval is empty.
    """
    check_device("randint", device)
    if size is None and isinstance(high, (tuple, list)):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    kind = kind_of("randint", dtype, int64)
    data = _integers("randint", low, high, shape_of("randint", (size,)), kind, generator)
    return deliver("randint", data, out, requires_grad)


def randperm(
    n: int,
    *,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the numbers from 0 to n - 1 in random order.

    Parameters
    ----------
    n : int
        How many.
    generator : Generator, optional
        Where random numbers come from; the default generator otherwise.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If `n` is negative.
    """
    check_device("randperm", device)
    if n < 0:
        raise RuntimeError(f"randperm: n must be non-negative; got {n}")
    data = stream_of(generator).permutation(int(n))
    return deliver("randperm", data.astype(kind_of("randperm", dtype, int64), copy=False), out, requires_grad)


def _pattern(op: str, input: Tensor, dtype: Any, device: Any) -> np.dtype[Any]:
    check_device(op, device)
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}: input must be a Tensor; got {type(input).__name__}")
    return kind_of(op, dtype, input.dtype)


def rand_like(
    input: Tensor,
    *,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return numbers uniform in [0, 1) in a tensor of the shape and type of `input`.

    Parameters
    ----------
    input : Tensor
    generator : Generator, optional
        Where random numbers come from; the default generator otherwise.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    memory_format : optional
        Accepted and ignored: results are row-major.
    """
    kind = _floating("rand_like", _pattern("rand_like", input, dtype, device))
    return made(_uniform(input._data.shape, kind, generator), requires_grad)


def randn_like(
    input: Tensor,
    *,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return standard normal numbers in a tensor of the shape and type of `input`.

    Parameters
    ----------
    input : Tensor
    generator : Generator, optional
        Where random numbers come from; the default generator otherwise.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    memory_format : optional
        Accepted and ignored: results are row-major.
    """
    kind = _floating("randn_like", _pattern("randn_like", input, dtype, device))
    return made(_gaussian(input._data.shape, kind, generator), requires_grad)


def randint_like(
    input: Tensor,
    low: Any,
    high: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return integers uniform in ``[low, high)``, or in ``[0, low)``, in the shape and type of `input`.

    Parameters
    ----------
    input : Tensor
    low : int
        Smallest value.
    high : int, optional
        One more than the largest value.
    generator : Generator, optional
        Where random numbers come from; the default generator otherwise.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    memory_format : optional
        Accepted and ignored: results are row-major.

    Raises
    ------
    RuntimeError
        If the interval is empty.
    """
    kind = _pattern("randint_like", input, dtype, device)
    ends = [v.item() if isinstance(v, Tensor) else v for v in (low, high)]
    first, last = (0, ends[0]) if ends[1] is None else (ends[0], ends[1])
    return made(_integers("randint_like", first, last, input._data.shape, kind, generator), requires_grad)


# --- from parameters


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return normal numbers with means and deviations of tensors, or of two numbers in shape `size`.

    Parameters
    ----------
    mean : Tensor or float, default 0.0
        Of each element.
    std : Tensor or float, default 1.0
        Standard deviation of each element.
    size : tuple of int, optional
        Where mean and std are numbers.
    generator : Generator, optional
        Where random numbers come from; the default generator otherwise.
    out : Tensor, optional
        Takes the result, which is also returned.
    dtype : minigrad.dtype, optional
        Element type of the result.
    layout : optional
        Accepted and ignored: every tensor is dense.
    device : "cpu", optional
    requires_grad : bool, default False
        Whether operations on the result are recorded.
    pin_memory : bool, default False
        Accepted and ignored.

    Raises
    ------
    RuntimeError
        If a deviation is negative, or both are numbers and `size` is missing.
    """
    check_device("normal", device)
    spread = std._data if isinstance(std, Tensor) else np.asarray(std)
    if not (spread >= 0).all():
        raise RuntimeError(f"normal: expects all elements of std >= 0.0; got {std!r:.80}")
    tensors = [t for t in (mean, std) if isinstance(t, Tensor)]
    if not tensors:
        if size is None:
            raise TypeError("normal: size must be given if mean and std are numbers")
        shape, kind = shape_of("normal", (size,)), kind_of("normal", dtype)
    else:
        kind = _floating("normal", tensors[0]._data.dtype)
        try:
            shape = np.broadcast_shapes(*[t._data.shape for t in tensors])
        except ValueError:
            raise RuntimeError(f"normal: {' and '.join(portrait(t) for t in tensors)} cannot be broadcast") from None
    data = _gaussian(shape, _floating("normal", kind), generator)
    token = hush()
    try:
        np.multiply(data, spread.astype(kind), out=data)
        np.add(data, (mean._data if isinstance(mean, Tensor) else np.asarray(mean)).astype(kind), out=data)
    finally:
        unhush(token)
    return deliver("normal", data, out, requires_grad)


def _chances(op: str, p: np.ndarray) -> np.ndarray:
    if not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError(f"{op}: Expected p_in >= 0 && p_in <= 1; got values from {p.min()} to {p.max()}")
    return p


def _heads(p: np.ndarray, shape: tuple[int, ...], kind: np.dtype[Any], generator: Any) -> np.ndarray:
    """Return 1 with chance `p`, else 0."""
    drawn = _uniform(shape, np.dtype(np.float64) if p.dtype != np.float32 else p.dtype, generator)
    data = _array.empty(shape, kind)
    np.less(drawn, p, out=data, casting="unsafe")
    return data


@method
def bernoulli(input: Tensor, p: Any = None, *, generator: Any = None, out: Tensor | None = None) -> Tensor:
    """Return, for each element, 1 with that chance (or with chance `p`), else 0.

    Parameters
    ----------
    input : Tensor
        Probabilities.
    p : float, optional
        Probability of one, for all elements.
    generator : Generator, optional
        Where random numbers come from; the default generator otherwise.
    out : Tensor, optional
        Takes the result, which is also returned.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        If a chance is not from 0 to 1, or the elements are not floating-point.
    """
    x = input._data
    chance = _chances("bernoulli", x if p is None else p._data if isinstance(p, Tensor) else np.asarray(float(p)))
    if p is None:
        _floating("bernoulli", x.dtype)
    data = _heads(chance, x.shape, x.dtype, generator)
    # Locally constant in the chances.
    drawn = result(data, Zero, (input,), shapes=(x.shape,))
    return drawn if out is None else copy_(out, drawn.detach())


@method
def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return indices drawn with the chances (up to a factor) in each row of `input`.

    Parameters
    ----------
    input : Tensor
        1-D or 2-D, not negative, each row with a positive sum.
    num_samples : int
        Indices for each row.
    replacement : bool, default False
        Whether an index can be drawn again.
    generator : Generator, optional
        Where random numbers come from; the default generator otherwise.
    out : Tensor, optional
        Takes the result, which is also returned.

    Raises
    ------
    RuntimeError
        If the weights are not as said, or there are fewer than `num_samples` to draw without replacement.
    """
    x = input._data
    if x.ndim not in (1, 2):
        raise RuntimeError(f"multinomial: prob_dist must be 1 or 2 dim; got {portrait(input)}")
    _floating("multinomial", x.dtype)
    if num_samples < 1:
        raise RuntimeError(f"multinomial: cannot sample n_sample <= 0 samples; got {num_samples}")
    weights = np.asarray(x, np.float64).reshape(-1, x.shape[-1])
    if not replacement and num_samples > weights.shape[1]:
        raise RuntimeError(
            f"multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement; got {num_samples}"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise RuntimeError("multinomial: probability tensor contains either `inf`, `nan` or element < 0")
    positive = (weights > 0).sum(axis=1)
    if (positive < 1).any():
        raise RuntimeError("multinomial: invalid multinomial distribution (sum of probabilities <= 0)")
    if replacement:
        index = _with_replacement(weights, num_samples, generator)
    else:
        index = _without_replacement(weights, num_samples, generator)
    index = index.reshape(x.shape[:-1] + (num_samples,))
    if out is not None and out._data.dtype != np.int64:
        raise RuntimeError(f"multinomial: expects an int64 tensor out; got {out.dtype.name}")
    return deliver("multinomial", index, out, False)


def _with_replacement(weights: np.ndarray, count: int, generator: Any) -> np.ndarray:
    bounds = np.add.accumulate(weights, axis=1)
    u = _uniform((len(weights), count), np.dtype(np.float64), generator) * bounds[:, -1:]
    index = np.empty(u.shape, np.int64)
    for row in range(len(weights)):
        # To the right of u, so that an index of weight 0 is never met.
        index[row] = np.searchsorted(bounds[row], u[row], side="right")
    last = weights.shape[1] - 1 - np.argmax(weights[:, ::-1] > 0, axis=1)
    return np.minimum(index, last[:, None])  # type: ignore[no-any-return]


def _without_replacement(weights: np.ndarray, count: int, generator: Any) -> np.ndarray:
    u = _uniform(weights.shape, np.dtype(np.float64), generator)
    token = hush()
    try:
        # 1 - u lies in (0, 1], so the inner logarithm is finite.
        keys = np.log(weights) - np.log(-np.log1p(-u))
    finally:
        unhush(token)
    return np.argsort(-keys, axis=1, kind="stable")[:, :count]


# --- in place


def _drawn(self: Tensor, op: str, data: np.ndarray) -> Tensor:
    """Write `data` over the tensor: its gradient ends here."""
    return copy_(self, fresh(data))


@method
def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Any = None, **named: Any) -> Tensor:
    """Fill the tensor in place with numbers uniform in ``[from, to)``, and return it.

    Raises
    ------
    RuntimeError
        If `from` is above `to`, or the elements are not floating-point.
    """
    low, high = float(named.pop("from", from_)), float(to)
    kind = _floating("uniform_", self._data.dtype)
    if named:
        raise TypeError(f"uniform_: got an unexpected keyword argument {next(iter(named))!r}")
    if not low <= high:
        raise RuntimeError(f"uniform_: expects to return a [from, to) range, but found from={low} > to={high}")
    if low == high:
        return copy_(self, fresh(np.asarray(low, kind)))
    data = _array.empty(self._data.shape, kind)
    stream_of(generator).uniform(low, high, dtype=kind, out=data)
    return _drawn(self, "uniform_", data)


@method
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill the tensor in place with normal numbers, and return it.

    Raises
    ------
    RuntimeError
        If `std` is negative, or the elements are not floating-point.
    """
    kind = _floating("normal_", self._data.dtype)
    if not std >= 0:
        raise RuntimeError(f"normal_: expects std >= 0.0; got {std}")
    data = _array.empty(self._data.shape, kind)
    stream_of(generator).normal(float(mean), float(std), dtype=kind, out=data)
    return _drawn(self, "normal_", data)


@method
def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Any = None) -> Tensor:
    """Fill the tensor in place with exponentials of normal numbers, and return it.

    Raises
    ------
    RuntimeError
        If `std` is not positive, or the elements are not floating-point.
    """
    kind = _floating("log_normal_", self._data.dtype)
    if not std > 0:
        raise RuntimeError(f"log_normal_: expects std > 0.0; got {std}")
    data = _array.empty(self._data.shape, kind)
    stream_of(generator).normal(float(mean), float(std), dtype=kind, out=data)
    return _drawn(self, "log_normal_", np.exp(data, out=data))


@method
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill the tensor in place with exponential numbers of rate `lambd`, and return it.

    Raises
    ------
    RuntimeError
        If the rate is not positive, or the elements are not floating-point.
    """
    kind = _floating("exponential_", self._data.dtype)
    if not lambd > 0:
        raise RuntimeError(f"exponential_: expects lambda > 0.0; got {lambd}")
    data = _uniform(self._data.shape, kind, generator)
    np.log1p(np.negative(data, out=data), out=data)
    return _drawn(self, "exponential_", np.divide(data, -lambd, out=data))


@method
def geometric_(self: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Fill the tensor in place with numbers of trials until one of chance `p` succeeds, and return it.

    Raises
    ------
    RuntimeError
        If `p` is not between 0 and 1.
    """
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_: expects p to be in (0, 1); got {p}")
    u = _uniform(self._data.shape, np.dtype(np.float64), generator)
    return _drawn(self, "geometric_", np.floor(np.log1p(-u) / math.log1p(-p)) + 1)


@method
def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill the tensor in place with Cauchy numbers, and return it.

    Raises
    ------
    RuntimeError
        If `sigma` is not positive, or the elements are not floating-point.
    """
    kind = _floating("cauchy_", self._data.dtype)
    if not sigma > 0:
        raise RuntimeError(f"cauchy_: expects sigma > 0.0; got {sigma}")
    u = _uniform(self._data.shape, kind, generator)
    return _drawn(self, "cauchy_", median + sigma * np.tan(math.pi * (u - 0.5)))


@method
def random_(self: Tensor, from_: Any = 0, to: Any = None, *, generator: Any = None, **named: Any) -> Tensor:
    """Fill the tensor in place with integers uniform in ``[from, to)``, and return it.

    ``random_(to)`` starts at 0; without a bound, all integers that the type can hold exactly.

    Raises
    ------
    RuntimeError
        If the interval is empty.
    """
    low = named.pop("from", from_)
    kind = self._data.dtype
    if to is None:
        whole = {"b": 2, "u": 256, "i": 2 ** (8 * kind.itemsize - 1), "f": 2**24 if kind.itemsize == 4 else 2**53}
        low, to = 0, low if low else whole[kind.kind]
    return _drawn(self, "random_", _integers("random_", low, to, self._data.shape, kind, generator))


@method
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Fill the tensor in place with 1 with chance `p` (a number or a tensor), else 0, and return it.

    Raises
    ------
    RuntimeError
        If a chance is not from 0 to 1.
    """
    chance = _chances("bernoulli_", p._data if isinstance(p, Tensor) else np.asarray(float(p)))
    return _drawn(self, "bernoulli_", _heads(chance, self._data.shape, self._data.dtype, generator))
