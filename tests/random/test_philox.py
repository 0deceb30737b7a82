"""The words: published vectors, the plain form, and that nothing but the position matters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad._native import ffi, lib
from minigrad.random import Generator

pytestmark = pytest.mark.native

ONES = 0xFFFFFFFF
# Random123, file kat_vectors, "philox4x32 10": counter, key, output.
KNOWN = [
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([ONES] * 4, [ONES] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


def philox_in_c(counter, key):
    out = ffi.new("uint32_t[4]")
    lib.mg_philox4x32(ffi.new("uint32_t[4]", counter), ffi.new("uint32_t[2]", key), out)
    return list(out)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_published_vectors(counter, key, expected):
    assert philox_in_c(counter, key) == expected


def test_output_may_be_the_counter():
    block = ffi.new("uint32_t[4]")
    lib.mg_philox4x32(block, ffi.new("uint32_t[2]"), block)
    assert list(block) == KNOWN[0][2]


@pytest.mark.parametrize("level", ["base", "avx2", "avx512"])
def test_a_stream_contains_the_published_vectors(level, use_level):
    if not use_level(level):
        pytest.skip(f"this machine has no {level}")
    # The third vector's counter is no position of a stream: its top bits name a purpose.
    counter, key, expected = KNOWN[0]
    assert Generator(0).bits(4, np.uint32).tolist() == expected
    g = Generator(seed=key[0] | key[1] << 32, stream=0)
    assert g.bits(2).tolist() == [expected[0] << 32 | expected[1], expected[2] << 32 | expected[3]]


seeds = st.integers(0, 2**64 - 1)
positions = st.integers(0, 2**63 - 1000) | st.integers(2**34 - 300, 2**34 + 3)


@pytest.mark.parametrize("level", ["base", "avx2", "avx512"])
def test_words_are_the_plain_philox_at_every_place(level, use_level, words):
    if not use_level(level):
        pytest.skip(f"this machine has no {level}")

    @given(seed=seeds, stream=seeds, position=positions, n=st.integers(0, 300))
    def check(seed, stream, position, n):
        g = Generator(seed, stream)
        g.position = position
        np.testing.assert_array_equal(g.bits(n, np.uint32), words(seed, stream, position, n))
        assert g.position == position + n

    check()


def test_a_64_bit_word_is_two_32_bit_words_the_first_of_them_above(words):
    g = Generator(5, 6)
    g.position = 7
    w = words(5, 6, 8, 40).astype(np.uint64)
    np.testing.assert_array_equal(g.bits(20), w[::2] << np.uint64(32) | w[1::2])
    assert g.position == 48


# One group of kernels is 64 words, a thread's chunk 16384 elements.
SIZES = [0, 1, 3, 4, 5, 63, 64, 65, 127, 129, 16383, 16384, 16385, 40_001]
DRAWS = {
    "u32": lambda g, n: g.bits(n, np.uint32),
    "u64": lambda g, n: g.bits(n, np.uint64),
    "uniform f32": lambda g, n: g.uniform(-1, 3, n, np.float32),
    "uniform f64": lambda g, n: g.uniform(-1, 3, n),
    "normal f32": lambda g, n: g.normal(5, 3, n, np.float32),
    "normal f64": lambda g, n: g.normal(5, 3, n),
    "integers": lambda g, n: g.integers(-5, 2**63 // 3 * 2, n),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_same_bits_on_every_level_and_number_of_threads(draw, use_level):
    before = minigrad.get_num_threads()
    try:
        for n in SIZES:
            results = set()
            for level in ("base", "avx2", "avx512"):
                for threads in (1, 2, 3):
                    if use_level(level):
                        minigrad.set_num_threads(threads)
                        g = Generator(11, 22)
                        g.position = 6
                        results.add(draw(g, n).tobytes())
            assert len(results) == 1
    finally:
        minigrad.set_num_threads(before)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@given(cuts=st.lists(st.integers(0, 150), max_size=6), skip=st.integers(0, 5))
def test_cutting_a_sequence_into_calls_changes_nothing(draw, cuts, skip):
    whole, parts = Generator(1, 2), Generator(1, 2)
    whole.position = parts.position = 2 * skip
    expected = draw(whole, sum(cuts))
    got = [draw(parts, n) for n in cuts]
    assert np.concatenate([*got, expected[:0]]).tobytes() == expected.tobytes()
    assert parts.position == whole.position


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_an_element_depends_on_its_position_alone(draw):
    g = Generator(3)
    whole = draw(g, 200)
    words_each = g.position // 200
    for i in (0, 1, 2, 3, 63, 64, 150, 199):
        g.position = i * words_each
        assert draw(g, 1)[0] == whole[i]


def test_streams_and_seeds_differ():
    rows = {Generator(seed, stream).bits(8).tobytes() for seed in (0, 1, 2**32, 2**63) for stream in (0, 1, 2**32)}
    assert len(rows) == 12


def test_purposes_share_no_block(words):
    # A normal number must not be a function of the words that a uniform number shows.
    shown = set(words(9, 0, 0, 4000).tolist())
    for purpose in (1, 2, 3):
        hidden = words(9, 0, 0, 4000, purpose)
        assert sum(w in shown for w in hidden.tolist()) <= 1  # 4000^2 / 2^32 = 0.004 by chance


def test_flipping_any_input_bit_flips_half_of_the_output_bits():
    # 128 output bits for each of 192 inputs and 20 bases: a mean within six deviations.
    rng = Generator(123)
    flips = []
    for _ in range(20):
        base = [int(w) for w in rng.bits(6, np.uint32)]
        out = philox_in_c(base[:4], base[4:])
        for bit in range(192):
            other = list(base)
            other[bit // 32] ^= 1 << bit % 32
            changed = philox_in_c(other[:4], other[4:])
            flips.append(sum((a ^ b).bit_count() for a, b in zip(out, changed, strict=True)))
    n = len(flips)
    assert abs(np.mean(flips) - 64) < 6 * np.sqrt(32 / n)
    assert min(flips) > 64 - 7 * np.sqrt(32)
    assert max(flips) < 64 + 7 * np.sqrt(32)
