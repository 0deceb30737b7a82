"""Normal and uniform numbers: against the formula in wider arithmetic, at chosen words, and as a distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.random import Generator

pytestmark = pytest.mark.native

KINDS = [np.float32, np.float64]
PURPOSE = {np.float32: 1, np.float64: 2}
# Bounds that a right sampler passes with probability 1 - 1e-6; the seeds are fixed, so a test that passes stays so.
ALPHA = 1e-6
DEVIATIONS = 4.9  # of a normal statistic, two-sided


def box_muller(a, b, bits):
    """Return z0, z1 and the radius in long double, from integer words A and B: the header's (D1) to (D9)."""
    long = np.longdouble
    half_down = a.astype(np.uint64) < np.uint64(1 << (bits - 1))
    u = (a.astype(long) + long(0.5)) / long(2) ** bits
    complement = (np.uint64(2**bits - 1) - a.astype(np.uint64)).astype(long) + long(0.5)
    above = np.where(half_down, long(0.25), complement / long(2) ** bits)  # 1 - u where that is the exact one
    minus_log = np.where(half_down, -np.log(u), -np.log1p(-above))
    r = np.sqrt(2 * minus_log)
    signed = b.astype(np.uint64).astype(np.int64) if bits == 64 else b.astype(np.uint32).view(np.int32).astype(np.int64)
    x = ((signed | 3) ^ 1).astype(long) / long(2) ** (bits - 1)
    pi = long("3.14159265358979323846264338327950288")
    c, s = np.cos(x * pi / 4), np.sin(x * pi / 4)
    c = np.where(signed & 2, -c, c)
    swapped = (signed & 1).astype(bool)
    return r * np.where(swapped, s, c), r * np.where(swapped, c, s), r


def pairs(words, dtype, seed, n):
    """Return the words A and B of the first n pairs."""
    w = words(seed, 0, 0, n * (4 if dtype == np.float64 else 2), PURPOSE[dtype]).astype(np.uint64)
    if dtype == np.float32:
        return w[0::2], w[1::2], 32
    return w[0::4] << np.uint64(32) | w[1::4], w[2::4] << np.uint64(32) | w[3::4], 64


@pytest.mark.parametrize("dtype", KINDS)
def test_normal_is_box_muller_of_its_words(dtype, words):
    n = 50_000
    a, b, bits = pairs(words, dtype, 5, n)
    z0, z1, r = box_muller(a, b, bits)
    got = Generator(5).normal(size=2 * n, dtype=dtype)
    error = np.maximum(abs(got[0::2] - z0), abs(got[1::2] - z1)) / r
    assert error.max() <= 8 * np.finfo(dtype).eps


def undo_philox(block, seed):
    """Return the counter that Philox takes to `block` (four words)."""
    m0, m1 = pow(0xD2511F53, -1, 2**32), pow(0xCD9E8D57, -1, 2**32)
    x0, x1, x2, x3 = block
    for r in reversed(range(10)):
        k0, k1 = (seed + r * 0x9E3779B9) % 2**32, ((seed >> 32) + r * 0xBB67AE85) % 2**32
        y2, y0 = x1 * m1 % 2**32, x3 * m0 % 2**32
        y1, y3 = (0xCD9E8D57 * y2 >> 32) ^ x0 ^ k0, (0xD2511F53 * y0 >> 32) ^ x2 ^ k1
        x0, x1, x2, x3 = y0, y1, y2, y3
    return x0, x1, x2, x3


def place(block_of, dtype):
    """Return seed, stream and position at which a block of the given words stands, and those words.

    block_of(seed) may use the seed to vary what does not matter; a counter whose upper bits are no position
    of this purpose is passed over, which leaves one in eight.
    """
    for seed in range(1000):
        block = block_of(seed)
        c = undo_philox(block, seed)
        number = c[0] | c[1] << 32
        if number >> 61 == PURPOSE[dtype] << 1:
            return seed, c[2] | c[3] << 32, (number & (2**61 - 1)) * 4, block
    raise AssertionError("no counter found")


EXTREMES = {32: [0, 1, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1, 2**24, 2**31 - 64, 12345]}
EXTREMES[64] = [0, 1, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1, 2**53, 2**63 - 512, 12345]


@pytest.mark.parametrize("level", ["base", "avx2", "avx512"])
@pytest.mark.parametrize("a", EXTREMES[64])
def test_float64_at_the_ends_of_the_radius(a, level, use_level):
    if not use_level(level):
        pytest.skip(f"this machine has no {level}")
    seed, stream, position, block = place(lambda seed: (a >> 32, a & 0xFFFFFFFF, 77 * seed, 2**31 + seed), np.float64)
    z0, z1, r = box_muller(np.array([a], np.uint64), np.array([block[2] << 32 | block[3]], np.uint64), 64)
    g = Generator(seed, stream)
    g.position = position
    got = g.normal(size=2)
    np.testing.assert_allclose(
        got, [float(z0[0]), float(z1[0])], rtol=0, atol=8 * np.finfo(np.float64).eps * float(r[0])
    )
    assert abs(np.hypot(*got) - float(r[0])) <= 8 * np.finfo(np.float64).eps * float(r[0])


@pytest.mark.parametrize("level", ["base", "avx2", "avx512"])
@pytest.mark.parametrize("a", EXTREMES[32])
def test_float32_at_the_ends_of_the_radius(a, level, use_level):
    if not use_level(level):
        pytest.skip(f"this machine has no {level}")
    seed, stream, position, block = place(lambda seed: (a, 2**30 + seed, a, 2**32 - 1 - 3 * seed), np.float32)
    z0, z1, r = box_muller(np.array([a, a], np.uint64), np.array([block[1], block[3]], np.uint64), 32)
    g = Generator(seed, stream)
    g.position = position
    got = g.normal(size=4, dtype=np.float32)
    expected = np.stack([z0, z1], axis=1).ravel().astype(float)
    np.testing.assert_allclose(got, expected, rtol=0, atol=8 * np.finfo(np.float32).eps * float(r[0]))


def test_largest_radius_is_as_documented():
    assert math.sqrt(2 * 33 * math.log(2)) == pytest.approx(6.76, abs=0.01)
    assert math.sqrt(2 * 65 * math.log(2)) == pytest.approx(9.49, abs=0.01)


def kolmogorov_smirnov(x, cdf):
    """Return sqrt(n) sup |F_n - F|, and the value it exceeds with probability ALPHA (Kolmogorov's limit)."""
    x = np.sort(np.asarray(x, np.float64))
    n = len(x)
    f = cdf(x)
    rank = np.arange(1, n + 1) / n
    return math.sqrt(n) * max((rank - f).max(), (f - rank + 1 / n).max()), math.sqrt(math.log(2 / ALPHA) / 2)


def normal_cdf(x):
    return np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2**63])
def test_normal_distribution_function(dtype, seed):
    statistic, critical = kolmogorov_smirnov(Generator(seed).normal(size=200_000, dtype=dtype), normal_cdf)
    assert statistic < critical


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2**63])
def test_uniform_distribution_function(dtype, seed):
    statistic, critical = kolmogorov_smirnov(Generator(seed).random(1_000_000, dtype), lambda x: x)
    assert statistic < critical


@pytest.mark.parametrize("dtype", KINDS)
def test_normal_moments(dtype):
    n = 4_000_000
    x = Generator(3).normal(size=n, dtype=dtype).astype(np.float64)
    # E z^k, and the variance of z^k, E z^2k - (E z^k)^2.
    power = np.ones(n)
    for k, mean, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (5, 0, 945), (6, 15, 10170)]:
        power *= x
        assert abs(power.mean() - mean) < DEVIATIONS * math.sqrt(variance / n), k


@pytest.mark.parametrize("dtype", KINDS)
def test_uniform_moments(dtype):
    n = 4_000_000
    x = Generator(3).random(n, dtype).astype(np.float64)
    for k in (1, 2, 3, 4):
        mean, square = 1 / (k + 1), 1 / (2 * k + 1)
        assert abs((x**k).mean() - mean) < DEVIATIONS * math.sqrt((square - mean**2) / n), k


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("lag", [1, 2, 3, 4, 7, 8, 64, 128, 16384])
def test_no_serial_correlation(dtype, lag):
    n = 1_000_000
    g = Generator(8)
    z = g.normal(size=n, dtype=dtype).astype(np.float64)
    u = g.random(n, dtype).astype(np.float64) - 0.5
    # Products of independent terms of mean 0 have mean 0; neighbours share a radius, so squares are tried too.
    for x in (z, z**2 - 1, u, u**2 - 1 / 12):
        products = x[lag:] * x[:-lag]
        assert abs(products.mean()) < DEVIATIONS * x.var() / math.sqrt(len(products))


@pytest.mark.parametrize("dtype", KINDS)
def test_tails(dtype):
    n, step = 32_000_000, 2_000_000
    g = Generator(2)
    counts = np.zeros(4, int)
    limits = [2.0, 3.0, 4.0, 5.0]
    buffer = np.empty(step, dtype)
    for _ in range(n // step):
        x = np.abs(g.normal(size=None, dtype=dtype, out=buffer))
        counts += [np.count_nonzero(x > limit) for limit in limits]
    for count, limit in zip(counts, limits, strict=True):
        expected = n * math.erfc(limit / math.sqrt(2))
        # A Poisson count with mean m lies within t of it but for 2 exp(-t^2 / (2 m + 2 t / 3)) (Bernstein).
        c = math.log(2 / ALPHA)
        assert abs(count - expected) < c / 3 + math.sqrt(c * c / 9 + 2 * c * expected), (limit, count)


@pytest.mark.parametrize("dtype", KINDS)
def test_uniform_is_the_upper_bits_of_its_word(dtype, words):
    g = Generator(4)
    n = 1000
    if dtype == np.float32:
        expected = (words(4, 0, 0, n) >> np.uint32(8)) / np.float64(2**24)
    else:
        w = words(4, 0, 0, 2 * n).astype(np.uint64)
        expected = ((w[::2] << np.uint64(32) | w[1::2]) >> np.uint64(11)) / np.float64(2**53)
    np.testing.assert_array_equal(g.random(n, dtype), expected)


@pytest.mark.parametrize("dtype", KINDS)
@given(low=st.floats(-1e6, 1e6, width=32), log_range=st.floats(-140, 60))
def test_uniform_never_reaches_high(dtype, low, log_range):
    low = dtype(low)
    high = dtype(low + dtype(2.0) ** dtype(log_range))
    if not low < high:
        high = np.nextafter(low, dtype(np.inf))
    x = Generator(1).uniform(float(low), float(high), 300, dtype)
    assert x.min() >= low
    assert x.max() < high


@pytest.mark.parametrize("dtype", KINDS)
def test_an_interval_of_one_number(dtype):
    high = np.nextafter(dtype(1), dtype(2))
    assert (Generator(1).uniform(1.0, float(high), 1000, dtype) == 1).all()


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("low", [0.0, -1.0, 3.0])
def test_uniform_keeps_its_shape_in_tiny_intervals(dtype, low):
    tiny = np.finfo(dtype).tiny
    low, high = dtype(low * tiny), dtype((low + 4) * tiny)
    x = Generator(1).uniform(float(low), float(high), 100_000, dtype)
    middle = np.float64(low) + (np.float64(high) - np.float64(low)) / 2
    assert x.min() >= low
    assert x.max() < high
    assert abs((x >= middle).mean() - 0.5) < DEVIATIONS * 0.5 / math.sqrt(len(x))


@pytest.mark.parametrize("dtype", KINDS)
def test_loc_and_scale_are_applied_to_the_standard_number(dtype):
    z = Generator(6).normal(size=500, dtype=dtype)
    np.testing.assert_array_equal(Generator(6).normal(-3, 0.3, 500, dtype), z * dtype(0.3) + dtype(-3))
    assert (Generator(6).normal(7, 0, 500, dtype) == 7).all()


def test_normal_and_uniform_of_one_stretch_are_independent():
    n = 1_000_000
    z, u = Generator(9).normal(size=n), Generator(9).random(n)
    for x in (z, z**2 - 1):
        products = x * (u - 0.5)
        assert abs(products.mean()) < DEVIATIONS * x.std() * u.std() / math.sqrt(n)
