"""The validators: what they accept, what they refuse, and the one form of their messages."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import ConvergenceWarning, DataError, _check

FORM = re.compile(r"^KMeans: x must be [^\n;]+; got [^\n]+$", re.DOTALL)


def refuses(kind, expectation, got, function, *arguments, **options):
    """Assert that the call raises `kind` with a message of the one form, holding these parts."""
    with pytest.raises(kind) as caught:
        function(*arguments, **options)
    message = str(caught.value)
    assert FORM.match(message), message
    assert f"must be {expectation}; got {got}" in message
    assert type(caught.value) is kind


# --- integer


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [(1, 1, None, 1), (5, 1, 5, 5), (np.int8(3), 0, None, 3), (np.uint64(2**63), 0, None, 2**63), (-2, -2, -2, -2)],
)
def test_integer_returns_a_python_int(value, low, high, expected):
    result = _check.integer(value, "KMeans", "x", low, high)
    assert result == expected and type(result) is int


@pytest.mark.parametrize(
    ("kind", "value", "got"),
    [
        (ValueError, 0, "0"),
        (ValueError, -3, "-3"),
        (TypeError, True, "True"),
        (TypeError, np.True_, repr(np.True_)),
        (TypeError, 2.0, "2.0"),
        (TypeError, np.nan, "nan"),
        (TypeError, "2", "'2'"),
        (TypeError, None, "None"),
        (TypeError, [1], "[1]"),
        (TypeError, 1j, "1j"),
    ],
)
def test_integer_refuses(kind, value, got):
    refuses(kind, "an int >= 1", got, _check.integer, value, "KMeans", "x", 1)


@pytest.mark.parametrize("value", [0, 11, 2**70])
def test_integer_names_both_ends_of_its_range(value):
    refuses(ValueError, "an int from 1 to 10", str(value), _check.integer, value, "KMeans", "x", 1, 10)


# --- real


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.25), np.int64(1), np.float16(0.5)])
def test_real_returns_a_python_float(value):
    result = _check.real(value, "KMeans", "x", 0, 1)
    assert result == value and type(result) is float


@pytest.mark.parametrize(
    ("closed", "low_fits", "high_fits", "interval"),
    [
        ("both", True, True, "[0, 1]"),
        ("left", True, False, "[0, 1)"),
        ("right", False, True, "(0, 1]"),
        ("neither", False, False, "(0, 1)"),
    ],
)
def test_real_knows_which_ends_belong_to_the_interval(closed, low_fits, high_fits, interval):
    for value, fits in [(0, low_fits), (1, high_fits), (0.5, True)]:
        if fits:
            assert _check.real(value, "KMeans", "x", 0, 1, closed=closed) == value
        else:
            expectation = f"a finite number in {interval}"
            refuses(ValueError, expectation, repr(value), _check.real, value, "KMeans", "x", 0, 1, closed=closed)


@pytest.mark.parametrize(
    ("kind", "value", "got"),
    [
        (ValueError, np.nan, "nan"),
        (ValueError, np.inf, "inf"),
        (ValueError, -np.inf, "-inf"),
        (TypeError, True, "True"),
        (TypeError, np.False_, repr(np.False_)),
        (TypeError, "1", "'1'"),
        (TypeError, None, "None"),
        (TypeError, 1j, "1j"),
        (TypeError, [1.0], "[1.0]"),
    ],
)
def test_real_refuses_on_the_whole_line(kind, value, got):
    refuses(kind, "a finite number in (-inf, inf)", got, _check.real, value, "KMeans", "x")


def test_real_writes_an_open_end_as_infinite():
    refuses(ValueError, "a finite number in [0, inf)", "-1", _check.real, -1, "KMeans", "x", 0)


def test_real_refuses_a_complex_number_of_numpy():
    value = np.complex128(1)
    refuses(TypeError, "a finite number in (-inf, inf)", repr(value), _check.real, value, "KMeans", "x")


def test_real_refuses_an_integer_beyond_every_float():
    got = "a number beyond the largest float"
    refuses(ValueError, "a finite number in (-inf, inf)", got, _check.real, 2**2000, "KMeans", "x")


# --- choice, seed


def test_choice_returns_its_value():
    assert _check.choice("power", "KMeans", "x", ("auto", "power")) == "power"


@pytest.mark.parametrize("value", ["Power", "", "pow", None, 1, b"power", ["power"]])
def test_choice_refuses_and_lists_what_is_allowed(value):
    refuses(ValueError, "one of 'auto', 'power'", repr(value), _check.choice, value, "KMeans", "x", ("auto", "power"))


@pytest.mark.parametrize("value", [0, 2**64 - 1, np.uint64(2**64 - 1)])
def test_seed_accepts_64_bits(value):
    assert _check.seed(value, "KMeans", "x") == int(value)


@pytest.mark.parametrize(
    ("kind", "value"), [(ValueError, -1), (ValueError, 2**64), (TypeError, 1.0), (TypeError, None)]
)
def test_seed_refuses(kind, value):
    refuses(kind, f"an int from 0 to {2**64 - 1}", repr(value), _check.seed, value, "KMeans", "x")


# --- array


@pytest.mark.parametrize(
    ("given_dtype", "expected"),
    [("f4", "f4"), ("f8", "f8"), ("i4", "f8"), ("u8", "f8"), ("?", "f8"), ("f2", "f8"), (">f4", "f4"), (">f8", "f8")],
)
def test_array_keeps_the_two_float_types_and_converts_the_rest(given_dtype, expected):
    value = np.array([[0, 1], [1, 0]], given_dtype)
    result = _check.array(value, "KMeans", "x", ndim=2)
    assert result.dtype == np.dtype(expected) and result.dtype.isnative
    assert result.flags.c_contiguous and result.flags.aligned
    np.testing.assert_array_equal(result, value)


def test_array_does_not_copy_what_fits():
    value = np.ones((3, 4), np.float32)
    assert _check.array(value, "KMeans", "x", ndim=2) is value


def test_array_converts_to_the_dtype_asked_for():
    assert _check.array([1, 2], "KMeans", "x", ndim=1, dtype=np.float32).dtype == np.float32


def test_array_makes_a_strided_or_misaligned_view_contiguous():
    strided = np.arange(24.0).reshape(4, 6)[::2, ::-3]
    misaligned = np.zeros(4 * 8 + 1, np.uint8)[1:].view(np.float64)
    for value in (strided, misaligned, np.asfortranarray(strided)):
        result = _check.array(value, "KMeans", "x", ndim=(1, 2))
        assert result.flags.c_contiguous and result.flags.aligned
        np.testing.assert_array_equal(result, value)


@pytest.mark.parametrize(
    ("value", "expectation", "got"),
    [
        (3.0, "2-dimensional", "shape ()"),
        ([1.0], "2-dimensional", "shape (1,)"),
        (np.zeros((2, 3, 4)), "2-dimensional", "shape (2, 3, 4)"),
        ([[1, 2], [3]], "a rectangular array of numbers", "rows of different lengths"),
    ],
)
def test_array_refuses_a_wrong_shape(value, expectation, got):
    refuses(ValueError, expectation, got, _check.array, value, "KMeans", "x", ndim=2)


def test_array_names_every_number_of_dimensions_it_takes():
    expectation = "1-dimensional or 2-dimensional"
    refuses(ValueError, expectation, "shape ()", _check.array, 1.0, "KMeans", "x", ndim=(1, 2))


@pytest.mark.parametrize(
    "value",
    [["a"], [None], [1j], [object()], np.array(["2020-01-01"], "M8[D]"), np.array([1], np.longdouble), [[1], "x"]],
    ids=["text", "none", "complex", "object", "date", "longdouble", "ragged"],
)
def test_array_refuses_what_is_not_real_numbers(value):
    with pytest.raises((TypeError, ValueError)) as caught:
        _check.array(value, "KMeans", "x", ndim=1)
    assert FORM.match(str(caught.value)), str(caught.value)


@pytest.mark.parametrize(
    ("bad", "got"),
    [(np.nan, "nan at index (1, 2)"), (np.inf, "inf at index (1, 2)"), (-np.inf, "-inf at index (1, 2)")],
)
def test_array_locates_and_counts_what_is_not_finite(bad, got):
    value = np.zeros((3, 4))
    value[1, 2] = value[2, 3] = bad
    refuses(ValueError, "finite", f"{got} (2 such element(s))", _check.array, value, "KMeans", "x", ndim=2)
    assert _check.array(value, "KMeans", "x", ndim=2, finite=False) is value


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_array_finds_one_element_among_very_many(dtype):
    value = np.full((300, 400), np.finfo(dtype).max, dtype)  # finite, though their sum overflows
    assert _check.array(value, "KMeans", "x", ndim=2) is value
    value[7, 3], value[299, 399] = np.inf, -np.inf
    refuses(ValueError, "finite", "inf at index (7, 3) (2 such element(s))", _check.array, value, "KMeans", "x", ndim=2)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=3))
def test_array_accepts_every_shape_of_an_allowed_rank(shape):
    result = _check.array(np.zeros(shape), "KMeans", "x", ndim=(1, 2, 3))
    assert result.shape == tuple(shape)


# --- the two classes


def test_the_public_classes_fit_where_callers_catch_them():
    assert issubclass(DataError, ValueError)
    assert issubclass(ConvergenceWarning, UserWarning)
