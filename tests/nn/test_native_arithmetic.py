"""Arithmetic, copies and sums of large arrays in C, against NumPy bit by bit and against exact sums."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad._native import NULL, binary, copy, get_num_threads, lib, pointer, set_num_threads, where

pytestmark = pytest.mark.native

TYPES = [np.float32, np.float64]
UFUNCS = {
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": np.divide,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
}
OPS = {name: getattr(lib, f"MG_BINARY_{name}") for name in UFUNCS}
RNG = np.random.default_rng(11)


def values(*shape: int, kind: Any = np.float32) -> np.ndarray:
    return RNG.uniform(0.5, 2.0, shape).astype(kind)


def suffix(kind: Any) -> str:
    return "f32" if kind == np.float32 else "f64"


@st.composite
def operands(draw: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """Return two arrays that broadcast to a shape: parts, transposes and repetitions among them."""
    shape = tuple(draw(st.lists(st.integers(1, 9), min_size=0, max_size=4)))
    kind = draw(st.sampled_from(TYPES))
    made = []
    for _ in range(2):
        own = tuple(draw(st.sampled_from([n, 1])) for n in shape[draw(st.integers(0, len(shape))) :])
        array = values(*(2 * n for n in own), kind=kind)
        steps = [draw(st.sampled_from([1, 1, 2])) for _ in own]
        array = array[tuple(slice(0, n * s, s) for n, s in zip(own, steps, strict=True))]
        if draw(st.booleans()):
            array = array.copy(draw(st.sampled_from("CF")))
        if draw(st.integers(0, 5)) == 0 and array.ndim:
            array = array[..., ::-1]
        made.append(array)
    return made[0], made[1], shape


@given(operands(), st.sampled_from(list(UFUNCS)))
def test_operations_agree_with_numpy_for_arrays_of_every_layout(arrays: Any, name: str) -> None:
    x, y, shape = arrays
    out = np.full(shape, 7, x.dtype)
    if binary(OPS[name], x, y, out):
        np.testing.assert_array_equal(out, np.broadcast_to(UFUNCS[name](x, y), shape))
    else:
        assert (out == 7).all()
        assert not (x.flags.c_contiguous and y.flags.c_contiguous and x.shape == y.shape == shape)
    out.fill(7)
    if copy(x, out):
        np.testing.assert_array_equal(out, np.broadcast_to(x, shape))
    else:
        assert (out == 7).all()
        assert not (x.flags.forc and x.shape == shape)


@given(operands(), st.integers(0, 2**32))
def test_choices_agree_with_numpy_for_arrays_of_every_layout(arrays: Any, seed: int) -> None:
    x, y, shape = arrays
    rng = np.random.default_rng(seed)
    mask = rng.random(shape if seed % 2 else tuple(min(n, 1 + int(rng.integers(2)) * n) for n in shape)) < 0.5
    out = np.full(shape, 7, x.dtype)
    if where(mask, x, y, out):
        np.testing.assert_array_equal(out, np.broadcast_to(np.where(mask, x, y), shape))
    else:
        assert (out == 7).all()
        assert not (mask.shape == shape and all(a.flags.c_contiguous and a.shape == shape for a in (x, y)))


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("shape", [(1000, 70), (33, 5, 40, 17), (4, 300, 1, 51), (2, 3, 100, 100), (2, 140_000)])
def test_large_transposes_have_the_elements_of_numpy(kind: Any, shape: tuple[int, ...]) -> None:
    x = values(*shape, kind=kind)
    for dims in itertools.permutations(range(len(shape))):
        np.testing.assert_array_equal(mg.from_numpy(x).permute(*dims).contiguous().numpy(), x.transpose(dims))


@pytest.mark.parametrize("kind", TYPES)
def test_large_choices_have_the_bits_of_numpy(kind: Any) -> None:
    x, y = values(60, 1001, kind=kind), values(1001, kind=kind)
    for mask in (RNG.random((60, 1001)) < 0.3, RNG.random((60, 1)) < 0.3, RNG.random(1001) < 0.3, np.array(True)):
        for a, b in ((x, y), (y, x), (x, x[::-1].copy())):
            chosen = mg.where(mg.tensor(mask), mg.tensor(a), mg.tensor(b)).numpy()
            np.testing.assert_array_equal(chosen, np.where(mask, *np.broadcast_arrays(a, b, mask)[:2]))
        filled = mg.tensor(x).masked_fill(mg.tensor(mask), -math.inf).numpy()
        np.testing.assert_array_equal(filled, np.where(mask, kind(-math.inf), x))


@pytest.mark.parametrize("kind", TYPES)
def test_extremes_and_limits_keep_nan(kind: Any) -> None:
    x, y = values(5000, kind=kind), values(5000, kind=kind)
    x[::7], y[::5] = np.nan, np.nan
    np.testing.assert_array_equal(mg.maximum(mg.tensor(x), mg.tensor(y)).numpy(), np.maximum(x, y))
    np.testing.assert_array_equal(mg.minimum(mg.tensor(x), mg.tensor(y)).numpy(), np.minimum(x, y))
    for low, high in ((0.8, 1.2), (None, 1), (1, None), (1.5, 0.5), (math.nan, 1.0), (-math.inf, math.inf)):
        limits = [kind(v) if v is not None else None for v in (low, high)]
        expected = x if low is None else np.maximum(x, limits[0])
        expected = expected if high is None else np.minimum(expected, limits[1])
        np.testing.assert_array_equal(mg.tensor(x).clamp(low, high).numpy(), expected)


PAIRS: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((300_001,), (300_001,)),
    ((70, 1001), (70, 1001)),
    ((70, 1001), (1001,)),
    ((70, 1001), (70, 1)),
    ((70, 1001), ()),
    ((1, 90_000), (3, 1)),
    ((8, 5, 900, 3), (900, 3)),
    ((8, 5, 900, 3), (8, 5, 1, 1)),
    ((8, 5, 900, 3), (5, 1, 1)),
    ((3, 4, 5, 6, 70), (4, 1, 6, 1)),  # more than three extents: NumPy's
]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", UFUNCS)
@pytest.mark.parametrize("shapes", PAIRS)
def test_large_operations_have_the_bits_of_numpy_with_one_and_two_threads(kind: Any, name: str, shapes: Any) -> None:
    x, y = values(*shapes[0], kind=kind), values(*shapes[1], kind=kind)
    function = getattr(mg, name.lower())
    threads = get_num_threads()
    try:
        for count in (1, 2):
            set_num_threads(count)
            for a, b in ((x, y), (y, x)):
                np.testing.assert_array_equal(function(mg.tensor(a), mg.tensor(b)).numpy(), UFUNCS[name](a, b))
    finally:
        set_num_threads(threads)


def test_many_long_rows() -> None:
    x, y = values(513, 1), values(33_000)
    np.testing.assert_array_equal((mg.tensor(x) * mg.tensor(y)).numpy(), x * y)


@pytest.mark.parametrize("kind", TYPES)
def test_numbers_are_rounded_to_the_type_of_the_array(kind: Any) -> None:
    x = values(5000, kind=kind)
    for number in (0.1, 3, -2.5, True, 1e300):
        with np.errstate(over="ignore"):
            expected = x * kind(number)
        np.testing.assert_array_equal((mg.tensor(x) * number).numpy(), expected)
    with pytest.raises(OverflowError):
        mg.tensor(x) * 10**400


@pytest.mark.parametrize("kind", TYPES)
def test_operations_in_place_see_what_was_there_before(kind: Any) -> None:
    start = values(70_000, kind=kind)
    x = mg.tensor(start)
    x += x
    np.testing.assert_array_equal(x.numpy(), start + start)
    x = mg.tensor(start)
    x[1:] += x[:-1]
    np.testing.assert_array_equal(x.numpy()[1:], start[1:] + start[:-1])
    x = mg.tensor(start)
    x[:-1] -= x[1:]
    np.testing.assert_array_equal(x.numpy()[:-1], start[:-1] - start[1:])
    x = mg.tensor(start)
    x *= x[3]
    np.testing.assert_array_equal(x.numpy(), start * start[3])
    square = values(200, 200, kind=kind)
    x = mg.tensor(square)
    x -= x.t()
    np.testing.assert_array_equal(x.numpy(), square - square.T)


def test_an_operand_that_overlaps_the_result_is_left_to_numpy() -> None:
    x = values(9000)
    assert not binary(lib.MG_BINARY_ADD, x[1:], x[:-1], x[1:])
    assert not binary(lib.MG_BINARY_ADD, x, x[:1], x)
    assert not copy(x[:-1], x[1:])
    assert binary(lib.MG_BINARY_ADD, x, x, x)


@pytest.mark.parametrize(
    "array", [np.ones(9, np.int64), np.ones(9, np.float64), np.ones(9, ">f4"), np.ones(9, bool), "text", None]
)
def test_other_arrays_are_refused_and_leave_no_exception(array: Any) -> None:
    good = values(9)
    assert binary(lib.MG_BINARY_ADD, good, array, np.zeros(9, np.float32)) is False
    assert copy(array, np.zeros(9, np.float32)) is False
    assert copy(good, array) is False
    frozen = np.zeros(9, np.float32)
    frozen.flags.writeable = False
    assert copy(good, frozen) is False
    assert binary(99, good, good, np.zeros(9, np.float32)) is False


def test_what_c_refuses() -> None:
    x, z, mask = values(9), np.zeros(9, np.float32), np.ones(9, bool).view(np.uint8)
    shape, huge, one, two = [1, 1, 9], [2**40, 2**20, 2**20], [9, 9, 1], [18, 18, 2]
    at, out, where = pointer(x), pointer(z, True), pointer(mask)
    assert lib.mg_binary_f32(lib.MG_BINARY_COUNT, shape, at, one, at, one, out) == lib.MG_ERR_ARGUMENT
    assert lib.mg_binary_f32(lib.MG_BINARY_ADD, shape, at, two, at, one, out) == lib.MG_ERR_ARGUMENT
    assert lib.mg_binary_f32(lib.MG_BINARY_ADD, shape, at, one, at, two, out) == lib.MG_ERR_ARGUMENT
    assert lib.mg_where_f32(shape, where, two, at, one, at, one, out) == lib.MG_ERR_ARGUMENT
    assert lib.mg_where_f32(shape, where, one, at, two, at, one, out) == lib.MG_ERR_ARGUMENT
    assert lib.mg_binary_f32(lib.MG_BINARY_ADD, huge, at, one, at, one, out) == lib.MG_ERR_OVERFLOW
    assert lib.mg_where_f32(huge, where, one, at, one, at, one, out) == lib.MG_ERR_OVERFLOW
    assert lib.mg_copy_f32(huge, at, one, out) == lib.MG_ERR_OVERFLOW
    assert lib.mg_copy_f32([0, 3, 9], NULL, one, NULL) == lib.MG_OK
    assert lib.mg_sum_f64(2**30, 2**30, 2**30, NULL, NULL) == lib.MG_ERR_OVERFLOW
    assert not z.any()


def summed(x: np.ndarray, outer: int, n: int, inner: int) -> np.ndarray:
    z = np.full((outer, inner), np.nan, x.dtype)
    status = getattr(lib, f"mg_sum_{suffix(x.dtype)}")(outer, n, inner, pointer(x), pointer(z, True))
    assert status == lib.MG_OK
    return z


def exact(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums over the middle, rounded once, and those of the magnitudes."""
    cells = list(itertools.product(range(x.shape[0]), range(x.shape[2])))
    whole = [math.fsum(x[o, :, i].astype(float)) for o, i in cells]
    sizes = [math.fsum(np.abs(x[o, :, i]).astype(float)) for o, i in cells]
    shape = x.shape[0], x.shape[2]
    return np.array(whole).reshape(shape), np.array(sizes).reshape(shape)


@given(st.integers(0, 4), st.integers(0, 300), st.integers(0, 90), st.sampled_from(TYPES))
def test_sums_are_right_to_four_roundings(outer: int, n: int, inner: int, kind: Any) -> None:
    x = (RNG.standard_normal((outer, n, inner)) + 0.5).astype(kind)
    whole, sizes = exact(x)
    # Float32: three additions of neighbours and the result. Float64: as many as there are terms, at most.
    roundings = 4 if kind == np.float32 else n + 1
    assert (np.abs(summed(x, outer, n, inner) - whole) <= roundings * np.finfo(kind).eps / 2 * sizes).all()


SHAPES = [
    (1, 1_000_003, 1),
    (3, 40_001, 1),
    (2048, 512, 1),
    (1, 2048, 512),
    (5, 700, 3),
    (1, 90_001, 31),
    (2, 33, 5000),
]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_long_sums_are_right_and_the_same_with_one_and_two_threads(kind: Any, shape: tuple[int, int, int]) -> None:
    x = (RNG.standard_normal(shape) + 0.1).astype(kind)
    threads = get_num_threads()
    try:
        set_num_threads(1)
        one = summed(x, *shape)
        set_num_threads(2)
        np.testing.assert_array_equal(one, summed(x, *shape))
    finally:
        set_num_threads(threads)
    wide = x.astype(np.longdouble)
    error = np.abs(one - wide.sum(1)) / np.abs(wide).sum(1)
    assert (error <= (4 if kind == np.float32 else 64) * np.finfo(kind).eps / 2).all()


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("dims", [None, 0, 1, 2, 3, (0, 1), (2, 3), (1, 2), (0, 2), (0, 2, 3), (0, 1, 2)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_sums_over_any_dimensions_of_a_large_tensor(kind: Any, dims: Any, keepdim: bool) -> None:
    x = values(6, 5, 40, 17, kind=kind)
    for data in (x, x.transpose(3, 1, 0, 2), np.broadcast_to(x[:1], x.shape)):
        expected = data.astype(np.float64).sum(dims, keepdims=keepdim)
        out = mg.from_numpy(x).permute(3, 1, 0, 2) if data.shape[0] == 17 else mg.from_numpy(x)
        if data.strides[0] == 0:
            out = out[:1].expand(*x.shape)
        np.testing.assert_allclose(out.sum(dims, keepdim).numpy(), expected, rtol=1e-6 if kind == np.float32 else 1e-14)


def test_infinities_and_nan_in_sums() -> None:
    x = values(100, 100)
    x[3, 7] = np.inf
    assert mg.tensor(x).sum().item() == np.inf
    assert mg.tensor(x).sum(0)[7].item() == np.inf
    x[5, 7] = -np.inf
    total = mg.tensor(x).sum(0)
    assert math.isnan(total[7].item())
    assert not total[:7].isnan().any()
