"""The samplers under scipy's tests of distributions, and beside NumPy's and scipy's own functions."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.random import Generator

stats = pytest.importorskip("scipy.stats")

# The seeds are fixed; a right sampler fails one of these with probability 1e-6.
ALPHA = 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(5))
def test_distribution(dtype, seed):
    g = Generator(seed)
    assert stats.kstest(g.normal(2, 3, 200_000, dtype), stats.norm(2, 3).cdf).pvalue > ALPHA
    assert stats.kstest(g.uniform(2, 5, 200_000, dtype), stats.uniform(2, 3).cdf).pvalue > ALPHA
    assert stats.normaltest(g.normal(size=200_000, dtype=dtype)).pvalue > ALPHA


def test_p_values_are_uniform():
    g = Generator(99)
    p = [stats.kstest(g.normal(size=500), stats.norm.cdf).pvalue for _ in range(400)]
    assert stats.kstest(p, "uniform").pvalue > ALPHA


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_tail_is_normal_too(dtype):
    # The half of the sample beyond the median of |z| given |z| > 3 and so on would betray a short tail.
    x = np.abs(Generator(7).normal(size=8_000_000, dtype=dtype)).astype(np.float64)
    tail = x[x > 3.5]
    conditional = stats.norm.sf(tail) / stats.norm.sf(3.5)
    assert stats.kstest(conditional, "uniform").pvalue > ALPHA


def test_same_law_as_numpys_generator():
    theirs = np.random.default_rng(1)
    ours = Generator(1)
    assert stats.ks_2samp(ours.normal(size=200_000), theirs.normal(size=200_000)).pvalue > ALPHA
    assert stats.ks_2samp(ours.random(200_000), theirs.random(200_000)).pvalue > ALPHA


def test_integers_and_pairs_fill_their_cells():
    x = Generator(3).integers(50, size=1_000_000)
    assert stats.chisquare(np.bincount(x, minlength=50)).pvalue > ALPHA
    cells = x[::2] * 50 + x[1::2]
    assert stats.chisquare(np.bincount(cells, minlength=2500)).pvalue > ALPHA


def test_neighbours_are_uncorrelated():
    x = Generator(3).normal(size=1_000_000)
    for left, right in [(x[::2], x[1::2]), (x[::2] ** 2, x[1::2] ** 2), (np.abs(x[:-3]), np.abs(x[3:]))]:
        assert stats.pearsonr(left, right).pvalue > ALPHA
