"""The generator's interface: integers, arrangements, positions, streams, shapes and refusals."""

from __future__ import annotations

import collections
import copy
import itertools
import math
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad.random import Generator

pytestmark = pytest.mark.native

DEVIATIONS = 4.9  # exceeded by a normal statistic with probability 1e-6


def chi_square_limit(freedom, alpha=1e-6):
    """Return a value that chi-square exceeds with probability at most alpha (Laurent and Massart 2000, lemma 1)."""
    x = math.log(1 / alpha)
    return freedom + 2 * math.sqrt(freedom * x) + 2 * x


def chi_square(counts, expected):
    return float((((counts - expected) ** 2) / expected).sum())


# --- integers


def lemire(words, again, n):
    """Return what Lemire's method makes of 64-bit words, replacing element e's from again(e)."""
    threshold = 2**64 % n
    result = []
    for element, word in enumerate(words):
        candidates = itertools.chain([word], again(element))
        result.append(next(m >> 64 for m in (c * n for c in candidates) if m % 2**64 >= threshold))
    return result


@pytest.mark.parametrize("n", [1, 2, 6, 10**9, 2**62 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1])
def test_integers_are_lemires(n, words):
    def pairs(w):
        w = w.astype(np.uint64)
        return [int(a) << 32 | int(b) for a, b in zip(w[::2], w[1::2], strict=True)]

    def again(element):
        # One block is enough for nearly every element; a third rejection would need the block of the block.
        return pairs(words(3, 4, 4 * element, 4, purpose=3))

    expected, count = [], 0
    for element, word in enumerate(pairs(words(3, 4, 0, 2000))):
        try:
            expected.append(lemire([word], lambda _, e=element: again(e), n)[0])
        except StopIteration:
            expected.append(None)
            count += 1
    low = -(2**63) if n > 2**63 else 0
    got = Generator(3, 4).integers(low, low + n, 1000).tolist()
    assert count <= 1000 / 8 + DEVIATIONS * math.sqrt(1000 * 7 / 64)
    assert all(e is None or g - low == e for g, e in zip(got, expected, strict=True))
    assert min(got) >= low
    assert max(got) < low + n


@pytest.mark.parametrize("n", [3, 10, 1000])
def test_integers_are_equally_likely(n):
    draws = 1_000_000
    counts = np.bincount(Generator(1).integers(n, size=draws), minlength=n)
    assert len(counts) == n
    assert chi_square(counts, draws / n) < chi_square_limit(n - 1)


def test_integers_of_a_range_that_rejects_half_are_equally_likely():
    # Without rejection the values of n = 2/3 2^64 would come once or twice, in a pattern of period 3.
    n = 2**64 // 3 * 2
    draws = 300_000
    x = Generator(1).integers(-(2**63), -(2**63) + n, draws).astype(object) + 2**63
    counts = np.bincount((x % 3).astype(int), minlength=3)
    assert chi_square(counts, draws / 3) < chi_square_limit(2)
    counts = np.bincount((x * 16 // n).astype(int), minlength=16)
    assert chi_square(counts, draws / 16) < chi_square_limit(15)


def test_all_64_bit_integers():
    g = Generator(2)
    x = g.integers(-(2**63), 2**63, 1000)
    g.position = 0
    np.testing.assert_array_equal(x.view(np.uint64), g.bits(1000) ^ np.uint64(2**63))


def test_bits_are_equally_likely():
    n = 2_000_000
    x = Generator(0).bits(n, np.uint32)
    for bit in range(32):
        ones = int(np.count_nonzero(x & np.uint32(1 << bit)))
        assert abs(ones - n / 2) < DEVIATIONS * math.sqrt(n / 4)
    counts = np.bincount(x.view(np.uint8), minlength=256)
    assert chi_square(counts, 4 * n / 256) < chi_square_limit(255)


# --- arrangements


def test_every_permutation_of_four_is_equally_likely():
    g, draws = Generator(5), 24_000
    counts = collections.Counter(tuple(g.permutation(4).tolist()) for _ in range(draws))
    assert len(counts) == 24
    assert chi_square(np.array(list(counts.values())), draws / 24) < chi_square_limit(23)


@given(st.integers(0, 3000))
def test_a_permutation_holds_every_element_once(n):
    np.testing.assert_array_equal(np.sort(Generator(n).permutation(n)), np.arange(n))


def test_permutation_of_an_array_is_a_copy_along_the_first_axis():
    x = np.arange(24.0).reshape(6, 4)[:, ::2]
    order = Generator(1).permutation(6)
    np.testing.assert_array_equal(Generator(1).permutation(x), x[order])
    assert Generator(1).permutation(["a", "b"]).shape == (2,)


def test_shuffle_is_permutation_in_place():
    x = np.arange(60).reshape(10, 6)
    view = x[::2, ::-1]
    expected = Generator(3).permutation(view)
    Generator(3).shuffle(view)
    np.testing.assert_array_equal(view, expected)
    np.testing.assert_array_equal(x[1::2], np.arange(60).reshape(10, 6)[1::2])


def test_choice_without_replacement_is_an_equally_likely_subset():
    g, draws = Generator(6), 20_000
    counts = collections.Counter(tuple(g.choice(5, 2, replace=False).tolist()) for _ in range(draws))
    assert len(counts) == 20
    assert chi_square(np.array(list(counts.values())), draws / 20) < chi_square_limit(19)


def test_choice_shapes():
    g = Generator(6)
    rows = np.arange(12).reshape(4, 3)
    assert g.choice(rows, (2, 5)).shape == (2, 5, 3)
    assert g.choice(rows).shape == (3,)
    assert g.choice(rows, 0).shape == (0, 3)
    assert g.choice(7) in range(7)
    assert g.choice(["x"]) == "x"
    assert sorted(g.choice(7, (7,), replace=False).tolist()) == list(range(7))
    assert g.choice([1, 2], size=100).tolist().count(1) not in (0, 100)


# --- shapes, scalars, out


@pytest.mark.parametrize("method", ["normal", "uniform", "random"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_size_and_out(method, dtype):
    def draw(**options):
        return getattr(Generator(1), method)(dtype=dtype, **options)

    flat = draw(size=24)
    for size in [(24,), (2, 12), (2, 3, 4), [4, 6]]:
        x = draw(size=size)
        assert x.shape == tuple(size)
        assert x.dtype == dtype
        np.testing.assert_array_equal(x.ravel(), flat)
    out = np.full((26,), np.nan, dtype)
    assert draw(out=out[1:25], size=24).base is out
    np.testing.assert_array_equal(out[1:25], flat)
    assert np.isnan(out[[0, 25]]).all()
    assert draw() == flat[0]
    assert isinstance(draw(), float)
    assert draw(size=()).shape == ()
    assert draw(size=()) == flat[0]
    assert draw(size=(3, 0)).shape == (3, 0)
    assert draw(out=np.empty((0,), dtype)).shape == (0,)


def test_scalars_of_integers_and_bits():
    assert isinstance(Generator(1).integers(5), int)
    assert isinstance(Generator(1).bits(), int)
    assert Generator(0).bits(dtype=np.uint32) == 0x6627E8D5


# --- position and streams


def test_position_counts_words():
    g = Generator(1)
    assert g.position == 0
    g.random(3, np.float32)
    assert g.position == 3
    g.normal(size=2)
    assert g.position == 8
    g.integers(9)
    g.permutation(5)
    g.bits(1, np.uint32)
    assert g.position == 21
    g.normal(size=0)
    assert g.position == 21
    g.jump(-20)
    assert g.position == 1
    g.jump(2**63 - 1)
    assert g.position == 2**63
    g.normal(size=0)
    with pytest.raises(ValueError, match=r"^Generator\.normal: size must stay within the stream's 2\*\*63 words"):
        g.normal(size=1)
    assert g.position == 2**63


def test_the_last_words_of_a_stream(words):
    g = Generator(1, 2)
    g.position = 2**63 - 70
    x = g.bits(70, np.uint32)
    np.testing.assert_array_equal(x, words(1, 2, 2**63 - 70, 70))
    g.position = 2**63 - 70
    g.normal(size=35)
    g.position = 2**63 - 70
    g.integers(2**63 - 1, size=35)


def test_the_upper_half_of_the_block_number_is_carried(words):
    # Block 2^32 begins at word 2^34: half a group before it, more than one after.
    for dtype, each in [(np.uint32, 1), (np.uint64, 2)]:
        g = Generator(1, 2)
        g.position = 2**34 - 300
        x = g.bits(900 // each, dtype)
        w = words(1, 2, 2**34 - 300, 900)
        if each == 2:
            w = w[::2].astype(np.uint64) << np.uint64(32) | w[1::2]
        np.testing.assert_array_equal(x, w)


def test_spawned_streams_are_all_different():
    root = Generator(11)
    family = [root, *root.spawn(3), *root.spawn(2)]
    for child in family[1:4]:
        family += child.spawn(3)
    family += family[-1].spawn(4)
    assert len({g.stream for g in family}) == len(family)
    assert {g.seed for g in family} == {11}
    assert {g.position for g in family} == {0}
    assert len({g.normal(size=4).tobytes() for g in family}) == len(family)
    assert root.spawn(0) == []


def test_spawn_ends_where_stream_numbers_do():
    with pytest.raises(ValueError, match=r"^Generator\.spawn: n must leave room"):
        Generator(1, 2**44).spawn(1)
    g = Generator(1)
    with pytest.raises(ValueError, match="n must leave room"):
        g.spawn(2**20)
    assert [c.stream for c in g.spawn(1)] == [1]


def test_copies_and_pickles_go_on_alike():
    g = Generator(1, 2)
    g.normal(size=5)
    g.spawn(2)
    for twin in (copy.deepcopy(g), copy.copy(g), pickle.loads(pickle.dumps(g))):
        assert twin.position == g.position
        assert twin.spawn(1)[0].stream == 2 * 2**20 + 3
        np.testing.assert_array_equal(twin.random(5), copy.copy(g).random(5))


def test_without_a_seed_two_generators_differ_and_can_be_repeated():
    g, h = Generator(), Generator()
    assert g.seed != h.seed
    np.testing.assert_array_equal(g.random(5), Generator(g.seed).random(5))


def test_repr_names_the_algorithm_and_the_place():
    g = Generator(3, 4)
    g.random()
    assert repr(g) == "Generator(seed=3, stream=4) at 2 of Philox4x32-10"


def test_threads_that_share_a_generator_get_different_stretches():
    g = Generator(1)
    results = []

    def draw():
        for _ in range(200):
            results.append(g.bits(7))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    drawn = np.concatenate(results)
    np.testing.assert_array_equal(np.sort(drawn), np.sort(Generator(1).bits(len(drawn))))


def test_the_room_is_reached_from_the_package():
    assert minigrad.random.Generator is Generator


# --- refusals


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda g: Generator(-1), ValueError, "Generator: seed must be an int from 0 to 18446744073709551615; got -1"),
        (lambda g: Generator(1.5), TypeError, "Generator: seed must be an int"),
        (lambda g: Generator(True), TypeError, "Generator: seed must be an int"),
        (lambda g: Generator(1, 2**64), ValueError, "Generator: stream must be an int from 0"),
        (lambda g: setattr(g, "position", -1), ValueError, "Generator: position must be an int from 0"),
        (lambda g: g.jump(-1), ValueError, "Generator.jump: words must be an int from 0"),
        (lambda g: g.jump(0.5), TypeError, "Generator.jump: words must be an int"),
        (lambda g: g.spawn(-1), ValueError, "Generator.spawn: n must be an int >= 0; got -1"),
        (lambda g: g.uniform(1, 1), ValueError, "Generator.uniform: high must be above low"),
        (lambda g: g.uniform(2, 1), ValueError, "Generator.uniform: high must be above low"),
        (lambda g: g.uniform(1, 1 + 1e-9, dtype="f4"), ValueError, "Generator.uniform: high must be above low"),
        (lambda g: g.uniform(-1e308, 1e308), ValueError, "Generator.uniform: high must be above low"),
        (lambda g: g.uniform(-3e38, 3e38, dtype="f4"), ValueError, "Generator.uniform: high must be above low"),
        (lambda g: g.uniform(math.nan), ValueError, "Generator.uniform: low must be a finite number"),
        (lambda g: g.uniform(0, math.inf), ValueError, "Generator.uniform: high must be a finite number"),
        (lambda g: g.uniform("a"), TypeError, "Generator.uniform: low must be a finite number"),
        (lambda g: g.normal(scale=-1), ValueError, "Generator.normal: scale must be a finite number in [0, "),
        (lambda g: g.normal(math.inf), ValueError, "Generator.normal: loc must be a finite number"),
        (lambda g: g.normal(scale=1e39, dtype="f4"), ValueError, "Generator.normal: scale must be a finite number"),
        (lambda g: g.normal(None), TypeError, "Generator.normal: loc must be a finite number"),
        (lambda g: g.normal(dtype=int), TypeError, "Generator.normal: dtype must be float32 or float64; got"),
        (lambda g: g.normal(dtype=">f8"), TypeError, "Generator.normal: dtype must be float32 or float64; got"),
        (lambda g: g.normal(dtype="nonsense"), TypeError, "Generator.normal: dtype must be float32 or float64; got"),
        (lambda g: g.normal(size=-1), ValueError, "Generator.normal: size must be an int >= 0; got -1"),
        (lambda g: g.normal(size=(2, 1.5)), TypeError, "Generator.normal: size must be an int >= 0; got 1.5"),
        (lambda g: g.normal(out=[1.0]), TypeError, "Generator.normal: out must be an ndarray; got list"),
        (lambda g: g.normal(out=np.empty(3, "f4")), TypeError, "Generator.normal: out must have dtype float64"),
        (lambda g: g.normal(size=2, out=np.empty(3)), ValueError, "out must have the shape (2,) of size; got (3,)"),
        (lambda g: g.normal(out=np.empty(6)[::2]), ValueError, "out must be C-contiguous, aligned and writable"),
        (lambda g: g.normal(out=np.frombuffer(bytes(16))), ValueError, "out must be C-contiguous, aligned and writ"),
        (lambda g: g.bits(dtype=np.int32), TypeError, "Generator.bits: dtype must be uint32 or uint64; got"),
        (lambda g: g.integers(0), ValueError, "Generator.integers: low must be an int from 1 to"),
        (lambda g: g.integers(5, 5), ValueError, "Generator.integers: high must be an int from 6 to"),
        (lambda g: g.integers(0, 2**63 + 1), ValueError, "Generator.integers: high must be an int from 1 to"),
        (lambda g: g.integers(2.0), TypeError, "Generator.integers: low must be an int"),
        (lambda g: g.permutation(-1), ValueError, "Generator.permutation: x must be an int >= 0; got -1"),
        (lambda g: g.permutation(2.5), TypeError, "Generator.permutation: x must be an int"),
        (lambda g: g.shuffle([1, 2]), TypeError, "Generator.shuffle: array must be an ndarray; got list"),
        (lambda g: g.shuffle(np.array(1)), ValueError, "Generator.shuffle: array must be writable and have an axis"),
        (lambda g: g.shuffle(np.broadcast_to(1, 3)), ValueError, "array must be writable and have an axis"),
        (lambda g: g.choice(0), ValueError, "Generator.choice: a must be an int >= 1; got 0"),
        (lambda g: g.choice([]), ValueError, "Generator.choice: a must have at least one element"),
        (lambda g: g.choice(3, 4, replace=False), ValueError, "size must be at most the 3 elements of a"),
    ],
)
def test_refusals(call, kind, message):
    g = Generator(1)
    with pytest.raises(kind) as caught:
        call(g)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert g.position == 0
