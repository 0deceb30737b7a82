"""The generator: shapes, checks and positions; the numbers are made in C."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import _check
from minigrad._native import check_status, lib, pointer

__all__ = ["Generator"]

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_WORDS = (np.dtype(np.uint32), np.dtype(np.uint64))
_INT64 = np.dtype(np.int64)

_LENGTH = 2**63
"""32-bit words in a stream."""

_CHILD_BITS = 20
"""A spawned stream's number is its parent's, shifted by this, plus a number from 1 up."""

_LARGEST = {kind: float(np.finfo(kind).max) for kind in _FLOATS}

_UNIFORM = {_FLOATS[0]: lib.mg_random_uniform_f32, _FLOATS[1]: lib.mg_random_uniform_f64}
_NORMAL = {_FLOATS[0]: lib.mg_random_normal_f32, _FLOATS[1]: lib.mg_random_normal_f64}
_BITS = {_WORDS[0]: lib.mg_random_bits_u32, _WORDS[1]: lib.mg_random_bits_u64}


def _shape(size: Any, owner: str) -> tuple[int, ...]:
    if isinstance(size, (tuple, list)):
        return tuple(_check.integer(n, owner, "size", 0) for n in size)
    return (_check.integer(size, owner, "size", 0),)


def _dtype(dtype: Any, allowed: tuple[np.dtype[Any], ...], owner: str) -> np.dtype[Any]:
    try:
        result: np.dtype[Any] | None = np.dtype(dtype)
    except TypeError:
        result = None
    if result is None or result not in allowed:
        names = " or ".join(str(d) for d in allowed)
        raise TypeError(f"{owner}: dtype must be {names}; got {dtype!r}")
    return result


def _rounded(value: Any, kind: np.dtype[Any], owner: str, name: str, low: float | None = None) -> float:
    """Return `value` as a finite number of the type `kind`, at least `low`."""
    limit = _LARGEST[kind]
    if type(value) is not float or not (-limit if low is None else low) <= value <= limit:
        value = _check.real(value, owner, name, -limit if low is None else low, limit)
    return value if kind == _FLOATS[1] else float(np.float32(value))


def _target(size: Any, dtype: np.dtype[Any], out: Any, owner: str) -> np.ndarray:
    """Return the array to fill: `out` if it fits, or a new one."""
    if out is None:
        return np.empty(1 if size is None else _shape(size, owner), dtype)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{owner}: out must be an ndarray; got {type(out).__name__}")
    if out.dtype != dtype:
        raise TypeError(f"{owner}: out must have dtype {dtype}; got {out.dtype}")
    if size is not None and _shape(size, owner) != out.shape:
        raise ValueError(f"{owner}: out must have the shape {_shape(size, owner)} of size; got {out.shape}")
    if not (out.flags.c_contiguous and out.flags.aligned and out.flags.writeable):
        raise ValueError(f"{owner}: out must be C-contiguous, aligned and writable; got an array that is not")
    return out


class Generator:
    """Stream of random numbers, each a function of (seed, stream, position).

    Parameters
    ----------
    seed : int, optional
        From 0 to 2**64 - 1. Without it, one is taken from the operating system; read it from
        `seed` to repeat the run.
    stream : int, default 0
        From 0 to 2**64 - 1. Streams of one seed have no counter in common.

    Attributes
    ----------
    seed, stream : int

    Raises
    ------
    TypeError, ValueError
        If `seed` or `stream` is not an integer in range.

    Notes
    -----
    The algorithm is Philox4x32-10 [1]_: a bijection, keyed by the seed, of the counter
    (position, stream). Nothing is carried from one number to the next, so the generator's
    whole state is its position, and element i of a stream has the same bits for any number
    of threads, on every instruction set, and however the sequence is cut into calls::

        Generator(7).normal(size=10)  ==  Generator(7).normal(size=4), then size=6

    The position counts 32-bit words. An element of float32 or uint32 takes one, an element
    of float64, uint64 or int64 takes two and begins at an even position. Normal numbers
    are made in pairs by Box and Muller's method [2]_ from counters of their own, so they
    are independent of every uniform number of the stream.

    One generator may be used by several threads: each call claims its stretch of the stream
    under a lock and fills it outside. Which call gets which stretch then depends on who
    comes first; for repeatable results give each thread a generator from `spawn`.

    References
    ----------
    .. [1] J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as
       easy as 1, 2, 3", SC '11, 2011.
    .. [2] G. E. P. Box and M. E. Muller, "A note on the generation of random normal deviates",
       Annals of Mathematical Statistics 29, 1958.

    Examples
    --------
    >>> g = Generator(7)
    >>> x = g.normal(size=(2, 3))
    >>> x.shape, g.position
    ((2, 3), 12)
    >>> g.position = 0
    >>> bool((g.normal(size=6) == x.ravel()).all())
    True
    """

    def __init__(self, seed: int | None = None, stream: int = 0) -> None:
        self._seed = int.from_bytes(os.urandom(8), "little") if seed is None else _check.seed(seed, "Generator")
        self._stream = _check.integer(stream, "Generator", "stream", 0, 2**64 - 1)
        self._position = 0
        self._children = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Generator(seed={self._seed}, stream={self._stream}) at {self._position} of Philox4x32-10"

    def __getstate__(self) -> tuple[int, int, int, int]:
        return self._seed, self._stream, self._position, self._children

    def __setstate__(self, state: tuple[int, int, int, int]) -> None:
        self._seed, self._stream, self._position, self._children = state
        self._lock = threading.Lock()

    @property
    def seed(self) -> int:
        """The key of the stream."""
        return self._seed

    @property
    def stream(self) -> int:
        """The number of the stream."""
        return self._stream

    @property
    def position(self) -> int:
        """Number of the next 32-bit word, from 0 to 2**63; may be set."""
        return self._position

    @position.setter
    def position(self, value: int) -> None:
        value = _check.integer(value, "Generator", "position", 0, _LENGTH)
        with self._lock:
            self._position = value

    def jump(self, words: int) -> None:
        """Move the position by a number of 32-bit words, forward or, if negative, back.

        Parameters
        ----------
        words : int

        Raises
        ------
        TypeError
            If `words` is not an integer.
        ValueError
            If the position would leave the stream, 0 to 2**63.

        Examples
        --------
        >>> g = Generator(7)
        >>> g.jump(2**40)
        >>> g.position == 2**40
        True
        """
        with self._lock:
            low, high = -self._position, _LENGTH - self._position
            self._position += _check.integer(words, "Generator.jump", "words", low, high)

    def spawn(self, n: int) -> list[Generator]:
        """Return `n` generators on new streams of the same seed.

        The j-th child of stream s, counting from 1 over all calls, has the stream
        ``s * 2**20 + j``: as every number has one parent, no two descendants of a generator
        share a stream. A stream number chosen by hand may coincide with a child's; use
        one way or the other.

        Parameters
        ----------
        n : int
            At least 0.

        Returns
        -------
        list of Generator
            At position 0.

        Raises
        ------
        TypeError
            If `n` is not an integer.
        ValueError
            If it is negative; if the generator would have 2**20 children or more; or if its
            stream is 2**44 or above (three generations down), which leaves no numbers.

        Examples
        --------
        >>> [child.stream for child in Generator(7).spawn(3)]
        [1, 2, 3]
        """
        n = _check.integer(n, "Generator.spawn", "n", 0)
        with self._lock:
            first = self._children + 1
            if first + n > 2**_CHILD_BITS or self._stream >= 2 ** (64 - _CHILD_BITS):
                raise ValueError(
                    f"Generator.spawn: n must leave room for stream numbers, fewer than 2**20 children of a stream "
                    f"below 2**44; got n = {n} after {first - 1} children of stream {self._stream}"
                )
            self._children += n
        base = self._stream << _CHILD_BITS
        return [Generator(self._seed, base + j) for j in range(first, first + n)]

    def _claim(self, count: int, words_each: int, owner: str) -> int:
        """Take `count` elements of `words_each` words; return the index of the first."""
        with self._lock:
            first = -(-self._position // words_each)
            end = (first + count) * words_each
            if end > _LENGTH:
                raise ValueError(f"{owner}: size must stay within the stream's 2**63 words; got {count} elements more")
            if count:
                self._position = end
        return first

    def _fill(self, function: Callable[..., int], array: np.ndarray, owner: str, *parameters: Any) -> None:
        count = array.size
        first = self._claim(count, array.itemsize // 4, owner)
        status = function(self._seed, self._stream, first, count, *parameters, pointer(array, True))
        check_status(status, owner)

    def _draw(
        self,
        function: Callable[..., int],
        kind: np.dtype,
        size: Any,
        out: np.ndarray | None,
        owner: str,
        *parameters: Any,
    ) -> Any:
        array = _target(size, kind, out, owner)
        self._fill(function, array, owner, *parameters)
        return float(array[0]) if size is None and out is None else array

    def uniform(
        self,
        low: float = 0.0,
        high: float = 1.0,
        size: Any = None,
        dtype: Any = np.float64,
        out: np.ndarray | None = None,
    ) -> Any:
        """Draw numbers uniform in ``[low, high)``.

        Parameters
        ----------
        low, high : float
            Finite, with a finite difference; ``low < high`` also after rounding to `dtype`.
        size : int or tuple of int, optional
            Shape of the result; without it (and without `out`), one number.
        dtype : {float64, float32}
        out : ndarray, optional
            Array to fill: of this dtype and shape, C-contiguous, writable.

        Returns
        -------
        float or ndarray of shape `size`
            `out` if it was given.

        Raises
        ------
        TypeError
            If `low` or `high` is not a real number, `size` not made of integers, or `dtype` or
            `out` not of a type above.
        ValueError
            If the interval is empty or not finite, or `out` does not fit.

        Notes
        -----
        ``low + (high - low) * u`` with u a multiple of 2**-53 (float64) or 2**-24 (float32).
        A sum that rounds to `high` is replaced by the number before it.

        Examples
        --------
        >>> x = Generator(7).uniform(-1, 1, size=1000)
        >>> bool(x.min() >= -1) and bool(x.max() < 1)
        True
        """
        owner = "Generator.uniform"
        kind = _dtype(dtype, _FLOATS, owner)
        a, b = _rounded(low, kind, owner, "low"), _rounded(high, kind, owner, "high")
        if not (a < b and b - a <= _LARGEST[kind]):
            raise ValueError(f"{owner}: high must be above low, at a finite distance in {kind}; got {low!r}, {high!r}")
        return self._draw(_UNIFORM[kind], kind, size, out, owner, a, b)

    def random(self, size: Any = None, dtype: Any = np.float64, out: np.ndarray | None = None) -> Any:
        """Draw numbers uniform in ``[0, 1)``; `uniform` with its default interval.

        Parameters
        ----------
        size, dtype, out
            As in `uniform`.

        Returns
        -------
        float or ndarray of shape `size`

        Raises
        ------
        TypeError, ValueError
            As in `uniform`.

        Examples
        --------
        >>> 0 <= Generator(7).random() < 1
        True
        """
        return self.uniform(0.0, 1.0, size, dtype, out)

    def normal(
        self,
        loc: float = 0.0,
        scale: float = 1.0,
        size: Any = None,
        dtype: Any = np.float64,
        out: np.ndarray | None = None,
    ) -> Any:
        """Draw normal numbers of mean `loc` and standard deviation `scale`.

        Parameters
        ----------
        loc : float
            Finite.
        scale : float
            Finite, at least 0.
        size : int or tuple of int, optional
            Shape of the result; without it (and without `out`), one number.
        dtype : {float64, float32}
        out : ndarray, optional
            Array to fill: of this dtype and shape, C-contiguous, writable.

        Returns
        -------
        float or ndarray of shape `size`
            `out` if it was given.

        Raises
        ------
        TypeError
            If `loc` or `scale` is not a real number, `size` not made of integers, or `dtype`
            or `out` not of a type above.
        ValueError
            If `loc` or `scale` is not finite in `dtype`, `scale` is negative, or `out` does
            not fit.

        Notes
        -----
        ``loc + scale * z``. The tails of z are right up to 6.7 (float32) and 9.4 (float64)
        deviations, where the radius of Box and Muller's method ends. Each z differs by at most
        eight units of rounding of the radius from its exact value; ``csrc/kernels/random.inc`` has the
        derivation.

        Examples
        --------
        >>> x = Generator(7).normal(10, 2, size=100_000)
        >>> bool(abs(x.mean() - 10) < 0.03), bool(abs(x.std() - 2) < 0.03)
        (True, True)
        """
        owner = "Generator.normal"
        kind = _dtype(dtype, _FLOATS, owner)
        centre, spread = _rounded(loc, kind, owner, "loc"), _rounded(scale, kind, owner, "scale", 0.0)
        return self._draw(_NORMAL[kind], kind, size, out, owner, centre, spread)

    def bits(self, size: Any = None, dtype: Any = np.uint64) -> Any:
        """Draw uniform unsigned integers of all bits: the stream's words themselves.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; without it, one number.
        dtype : {uint64, uint32}
            The upper half of a uint64 is the earlier of its two 32-bit words.

        Returns
        -------
        int or ndarray of shape `size`

        Raises
        ------
        TypeError
            If `size` is not made of integers or `dtype` is another one.
        ValueError
            If a size is negative.

        Examples
        --------
        The first words of seed 0 are the algorithm's published test vector:

        >>> [f"{word:08x}" for word in Generator(0).bits(4, np.uint32)]
        ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
        """
        owner = "Generator.bits"
        kind = _dtype(dtype, _WORDS, owner)
        array = _target(size, kind, None, owner)
        self._fill(_BITS[kind], array, owner)
        return int(array[0]) if size is None else array

    def integers(self, low: int, high: int | None = None, size: Any = None) -> Any:
        """Draw integers uniform in ``[low, high)``, or in ``[0, low)`` without `high`.

        Parameters
        ----------
        low : int
            From -2**63.
        high : int, optional
            Above `low`, up to 2**63.
        size : int or tuple of int, optional
            Shape of the result; without it, one number.

        Returns
        -------
        int or ndarray of int64 of shape `size`

        Raises
        ------
        TypeError
            If an argument is not an integer.
        ValueError
            If the interval is empty or out of range.

        Notes
        -----
        Without bias (Lemire 2019): a word that would make some results likelier than others is
        replaced from a sequence of its element's own, so the result depends on the
        element's position only.

        Examples
        --------
        >>> sorted(set(Generator(7).integers(1, 7, size=100).tolist()))
        [1, 2, 3, 4, 5, 6]
        """
        owner = "Generator.integers"
        if high is None:
            bottom, top = 0, _check.integer(low, owner, "low", 1, 2**63)
        else:
            bottom = _check.integer(low, owner, "low", -(2**63), 2**63 - 1)
            top = _check.integer(high, owner, "high", bottom + 1, 2**63)
        array = _target(size, _INT64, None, owner)
        self._fill(lib.mg_random_integers_i64, array, owner, bottom, (top - bottom) % 2**64)
        return int(array[0]) if size is None else array

    def _arrangement(self, n: int, k: int, owner: str) -> np.ndarray:
        """Return a permutation of 0 ... n - 1 of which the first `k` elements are random."""
        array = np.empty(n, _INT64)
        first = self._claim(k, 2, owner)
        status = lib.mg_random_permutation_i64(self._seed, self._stream, first, n, k, pointer(array, True))
        check_status(status, owner)
        return array

    def permutation(self, x: Any) -> np.ndarray:
        """Return the numbers below `x`, or a copy of the array `x`, in random order.

        Parameters
        ----------
        x : int or array_like
            A number of elements, at least 0, or an array of at least one dimension, whose
            first axis is permuted.

        Returns
        -------
        ndarray
            int64 of shape ``(x,)``, or of the shape and dtype of `x`.

        Raises
        ------
        TypeError
            If `x` is neither.
        ValueError
            If `x` is negative.

        Examples
        --------
        >>> sorted(Generator(7).permutation(5).tolist())
        [0, 1, 2, 3, 4]
        """
        owner = "Generator.permutation"
        source = np.asarray(x)
        if source.ndim == 0:
            n = _check.integer(x, owner, "x", 0)
            return self._arrangement(n, n, owner)
        permuted: np.ndarray = source[self._arrangement(len(source), len(source), owner)]
        return permuted

    def shuffle(self, array: np.ndarray) -> None:
        """Permute the first axis of `array` in place.

        Parameters
        ----------
        array : ndarray
            Of at least one dimension, writable; changed.

        Raises
        ------
        TypeError
            If it is not an ndarray.
        ValueError
            If it has no axis or is read-only.

        Examples
        --------
        >>> x = np.arange(5)
        >>> Generator(7).shuffle(x)
        >>> sorted(x.tolist())
        [0, 1, 2, 3, 4]
        """
        owner = "Generator.shuffle"
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{owner}: array must be an ndarray; got {type(array).__name__}")
        if array.ndim == 0 or not array.flags.writeable:
            raise ValueError(
                f"{owner}: array must be writable and have an axis; "
                f"got shape {array.shape}, {'writable' if array.flags.writeable else 'read-only'}"
            )
        array[...] = array[self._arrangement(len(array), len(array), owner)]

    def choice(self, a: Any, size: Any = None, replace: bool = True) -> Any:
        """Draw elements of `a`, all equally likely.

        Parameters
        ----------
        a : int or array_like
            The numbers below an integer >= 1, or the entries of a non-empty array along its
            first axis.
        size : int or tuple of int, optional
            Shape of the draw; without it, one element.
        replace : bool, default True
            Whether an element may be drawn again.

        Returns
        -------
        element, or ndarray of shape ``size + a.shape[1:]``

        Raises
        ------
        TypeError
            If `a` is neither an integer nor an array.
        ValueError
            If there is nothing to draw from, or more is drawn without replacement than there
            is.

        Notes
        -----
        Without replacement it takes memory for as many integers as `a` has elements.

        Examples
        --------
        >>> sorted(Generator(7).choice(["a", "b", "c"], size=3, replace=False).tolist())
        ['a', 'b', 'c']
        """
        owner = "Generator.choice"
        source = np.asarray(a)
        n = _check.integer(a, owner, "a", 1) if source.ndim == 0 else len(source)
        if n == 0:
            raise ValueError(f"{owner}: a must have at least one element; got shape {source.shape}")
        if size is None:
            one = self.integers(n)
            return one if source.ndim == 0 else source[one]
        shape = _shape(size, owner)
        count = math.prod(shape)
        if replace:
            index = self.integers(n, size=shape)
        elif count <= n:
            index = self._arrangement(n, count, owner)[:count].reshape(shape)
        else:
            raise ValueError(f"{owner}: size must be at most the {n} elements of a without replacement; got {count}")
        return index if source.ndim == 0 else source[index]
