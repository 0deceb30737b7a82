"""The arena that hands out memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.nn import _array

pytestmark = pytest.mark.native

F32 = np.dtype(np.float32)


def test_arrays_are_contiguous_aligned_and_of_the_shape_asked_for() -> None:
    for shape in ((), (0,), (3,), (7, 11, 130), (1, 5000)):
        array = _array.empty(shape, F32)
        assert array.shape == shape
        assert array.dtype == F32
        assert array.flags.c_contiguous
        assert array.flags.writeable
        if array.nbytes > _array.SMALL:
            assert array.ctypes.data % 64 == 0
    assert not _array.zeros((70, 80), F32).any()


def test_memory_comes_back_when_nobody_looks_at_it() -> None:
    array = _array.empty((5000, 3), F32)
    place = array.ctypes.data
    view = array[10:20].T
    del array
    assert _array.empty((5000, 3), F32).ctypes.data != place
    del view
    places = {_array.empty((5000, 3), F32).ctypes.data for _ in range(3)}
    assert place in places or len(places) == 1


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=30))
def test_live_arrays_never_overlap(sizes: list[int]) -> None:
    arrays = [_array.empty((n,), np.dtype(np.uint8)) for n in sizes]
    for i, array in enumerate(arrays):
        array.fill(i % 256)
    for i, array in enumerate(arrays):
        assert (array == i % 256).all()


def test_contiguous_copies_only_what_is_not() -> None:
    x = np.arange(12.0).reshape(3, 4)
    assert _array.contiguous(x) is x
    copy = _array.contiguous(x.T)
    assert copy.flags.c_contiguous
    np.testing.assert_array_equal(copy, x.T)


def test_silence_ends_where_it_was_begun() -> None:
    before = np.geterr()
    token = _array.hush()
    assert set(np.geterr().values()) == {"ignore"}
    _array.unhush(token)
    assert np.geterr() == before


def test_empty_cache_keeps_what_is_in_use() -> None:
    kept = _array.zeros((3000,), F32)
    _array.empty_cache()
    other = _array.empty((3000,), F32)
    other.fill(1)
    assert not kept.any()
