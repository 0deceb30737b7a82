"""The C elementwise functions against wider arithmetic, at edges, in every place of an array."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad
from minigrad._native import lib, pointer

pytestmark = pytest.mark.native

LONG = np.longdouble
TYPES = [np.float32, np.float64]
NUMBER = 40_000

if np.finfo(LONG).nmant <= 52:  # pragma: no cover
    pytest.skip("needs a type wider than double", allow_module_level=True)


def apply(name, x, a=0.0, b=0.0, c=0.0, out=None):
    """Return f(x) from the core."""
    y = np.empty_like(x) if out is None else out
    function = lib.mg_unary_f32 if x.dtype == np.float32 else lib.mg_unary_f64
    op = getattr(lib, f"MG_UNARY_{name}")
    assert function(op, x.size, pointer(x), a, b, c, pointer(y, True)) == lib.MG_OK
    return y


def slope(name, s, dy, a=0.0, b=0.0, c=0.0):
    """Return dy f'(s) from the core."""
    dx = np.empty_like(s)
    function = lib.mg_unary_backward_f32 if s.dtype == np.float32 else lib.mg_unary_backward_f64
    op = getattr(lib, f"MG_UNARY_{name}")
    assert function(op, s.size, pointer(s), pointer(dy), a, b, c, pointer(dx, True)) == lib.MG_OK
    return dx


PI = LONG("3.14159265358979323846264338327950288")


def sigmoid(x):
    e = np.exp(-abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def erfc(x):
    """Return erfc(x) by its Taylor series near zero and its continued fraction (A&S 7.1.14) elsewhere."""
    z = abs(x)
    term = total = np.minimum(z, 3)
    square = total * total
    for n in range(1, 70):
        term = -term * square / n
        total = total + term / (2 * n + 1)
    small = 1 - 2 / np.sqrt(PI) * total
    big = np.maximum(z, 2)
    fraction = big
    for n in range(160, 0, -1):
        fraction = big + n / LONG(2) / fraction
    tail = np.where(z < 2, small, np.exp(-big * big) / np.sqrt(PI) / fraction)
    return np.where(x < 0, 2 - tail, tail)


def erf(x):
    """Return erf(x), near zero by a series of positive terms (A&S 7.1.6)."""
    term = total = np.clip(x, -1, 1)
    square = total * total
    for n in range(1, 45):
        term = term * 2 * square / (2 * n + 1)
        total = total + term
    near = 2 / np.sqrt(PI) * np.exp(-square) * total
    return np.where(abs(x) < 1, near, 1 - erfc(x))


def gelu_tanh(x):
    return x * sigmoid(2 * np.sqrt(2 / PI) * (x + LONG("0.044715") * x**3))


# name: (reference, bound in ulp for float32 and float64, domain of each)
FUNCTIONS = {
    "SQRT": (np.sqrt, 0.5001, 0.5001, None, None),
    "RSQRT": (lambda x: 1 / np.sqrt(x), 2, 2, None, None),
    "RECIPROCAL": (lambda x: 1 / x, 0.5001, 0.5001, (0.01, 1e6), (0.01, 1e6)),
    "EXP": (np.exp, 1.1, 1.1, (-87, 88.7), (-708, 709.7)),
    "EXP2": (np.exp2, 1.2, 1.2, (-126, 127.9), (-1022, 1023.9)),
    "EXPM1": (np.expm1, 2, 3, (-30, 88.7), (-50, 709)),
    "LOG": (np.log, 1, 1, None, None),
    "LOG2": (np.log2, 0.51, 1.5, None, None),
    "LOG10": (np.log10, 0.51, 1.5, None, None),
    "LOG1P": (np.log1p, 1, 1.1, (-1, 100), (-1, 100)),
    "SIN": (np.sin, 1.6, 1, (-1e4, 1e4), (-1e4, 1e4)),
    "COS": (np.cos, 1.6, 1, (-1e4, 1e4), (-1e4, 1e4)),
    "TAN": (np.tan, 0.51, 3, (-1e4, 1e4), (-1e4, 1e4)),
    "ASIN": (np.arcsin, 0.51, 1.1, (-1, 1), (-1, 1)),
    "ACOS": (np.arccos, 0.51, 1.1, (-1, 1), (-1, 1)),
    "ATAN": (np.arctan, 0.51, 2, (-30, 30), (-30, 30)),
    "SINH": (np.sinh, 0.51, 3, (-89, 89), (-710, 710)),
    "COSH": (np.cosh, 0.51, 2, (-89, 89), (-710, 710)),
    "TANH": (np.tanh, 3, 3, (-12, 12), (-23, 23)),
    "ASINH": (np.arcsinh, 0.51, 2.5, (-50, 50), (-50, 50)),
    "ACOSH": (np.arccosh, 0.51, 2.5, (1, 50), (1, 50)),
    "ATANH": (np.arctanh, 0.51, 2.5, (-1, 1), (-1, 1)),
    "ERF": (erf, 4, 4, (-5, 5), (-7, 7)),
    "ERFC": (erfc, 6, 6, (-5, 9.1), (-6, 26.4)),
    "SIGMOID": (sigmoid, 3, 3, (-87, 40), (-700, 50)),
    "GELU": (lambda x: x * erfc(-x / np.sqrt(LONG(2))) / 2, 8, 10, (-12.5, 8), (-37, 9)),
    "SILU": (lambda x: x * sigmoid(x), 4, 4, (-87, 30), (-700, 40)),
    "MISH": (lambda x: x * np.tanh(np.log1p(np.exp(x))), 5, 5, (-87, 30), (-700, 40)),
    "LOGSIGMOID": (lambda x: np.minimum(x, 0) - np.log1p(np.exp(-abs(x))), 2, 2, (-50, 80), (-50, 700)),
}


def points(domain, dtype):
    """Return numbers spread evenly over the domain and over its powers of two."""
    rng = np.random.default_rng(7)
    if domain is None:
        info = np.finfo(dtype)
        wide = np.exp2(rng.uniform(info.minexp - info.nmant + 2, info.maxexp - 0.01, NUMBER).astype(LONG))
        return np.concatenate([wide, rng.uniform(0.5, 2, NUMBER)]).astype(dtype)
    low, high = domain
    top = max(abs(low), abs(high))
    x = np.concatenate([rng.uniform(low, high, NUMBER), np.exp2(rng.uniform(-30, np.log2(top), NUMBER))])
    x[NUMBER::2] *= -1
    x = x.astype(dtype)
    return x[(x >= low) & (x <= high) & (abs(x) < top)]


def in_ulps(got, exact):
    """Return |got - exact| in units of the last place of exact in got's type."""
    info = np.finfo(got.dtype)
    size = np.maximum(abs(exact), LONG(info.tiny))
    return abs(got.astype(LONG) - exact) / (np.exp2(np.floor(np.log2(size))) * LONG(info.eps))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_bound(name, dtype):
    reference, *rest = FUNCTIONS[name]
    bound, domain = rest[0::2] if dtype == np.float32 else rest[1::2]
    x = points(domain, dtype)
    assert in_ulps(apply(name, x), reference(x.astype(LONG))).max() <= bound


SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-310, 3e38, -3e38, 1e308, -1e308, 1e-30, 2.0]
LIMITS = {
    "EXP": np.exp,
    "EXP2": np.exp2,
    "EXPM1": np.expm1,
    "LOG": np.log,
    "LOG2": np.log2,
    "LOG10": np.log10,
    "LOG1P": np.log1p,
    "SIN": np.sin,
    "COS": np.cos,
    "TAN": np.tan,
    "ASIN": np.arcsin,
    "ACOS": np.arccos,
    "ATAN": np.arctan,
    "SINH": np.sinh,
    "COSH": np.cosh,
    "TANH": np.tanh,
    "ASINH": np.arcsinh,
    "ACOSH": np.arccosh,
    "ATANH": np.arctanh,
    "SQRT": np.sqrt,
    "RSQRT": lambda x: 1 / np.sqrt(x),
    "ERF": np.vectorize(math.erf),
    "ERFC": np.vectorize(math.erfc),
    "SIGMOID": lambda x: 1 / (1 + np.exp(-x)),
    "RELU": lambda x: np.where(x < 0, 0, x),
    "ABS": abs,
    "SQUARE": np.square,
    "SOFTSIGN": lambda x: x / (1 + abs(x)),
    "TANHSHRINK": lambda x: x - np.tanh(x),
}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", LIMITS)
def test_special_values(name, dtype):
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL).astype(dtype)
        wanted = LIMITS[name](x.astype(np.float64)).astype(dtype)
    got = apply(name, x)
    np.testing.assert_allclose(got, wanted, rtol=4 * np.finfo(dtype).eps, atol=0)
    zero = wanted == 0
    assert (np.signbit(got) == np.signbit(wanted))[zero].all()


def test_subnormal_results_are_rounded_not_flushed():
    x = np.array([-88.0, -95.0, -103.0], np.float32)
    np.testing.assert_allclose(apply("EXP", x), np.exp(x.astype(np.float64)), rtol=0, atol=1.5e-45)
    x = np.array([-709.0, -730.0, -744.0])
    np.testing.assert_allclose(apply("EXP", x), np.exp(x), rtol=0, atol=5e-324)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("name", "reference"), [("SIN", math.sin), ("COS", math.cos), ("TAN", math.tan)])
def test_circular_functions_of_large_arguments(name, reference, dtype):
    x = np.array([2.0**20 + 0.5, 1e7, -1e15, 6e22, 3e38, 1.0]).astype(dtype)
    wanted = np.array([reference(float(v)) for v in x])
    np.testing.assert_allclose(apply(name, x), wanted, rtol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", TYPES)
def test_one_large_argument_among_small_ones(dtype):
    for place in range(33):
        x = np.linspace(-3, 3, 33).astype(dtype)
        x[place] = 1e9
        wanted = np.array([math.sin(float(v)) for v in x])
        np.testing.assert_allclose(apply("SIN", x), wanted, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("k", [1, 2, 3, 1000, 524287])
def test_sine_near_its_zeros(k):
    x = np.array([float(k * PI), -float(k * PI)])
    exact = np.sin(x.astype(LONG))  # the x87 reduces by a 66-bit pi: as good as that
    np.testing.assert_allclose(apply("SIN", x), exact.astype(float), rtol=1e-3 if k > 1000 else 1e-6)


PIECEWISE = {
    "LEAKY_RELU": ((0.1, 0, 0), lambda x, a, b, c: np.where(x > 0, x, a * x)),
    "ELU": ((1.5, 2.0, 0.5), lambda x, a, b, c: np.where(x > 0, b * x, a * np.expm1(c * x))),
    "SOFTPLUS": ((2.0, 5.0, 0), lambda x, a, b, c: np.where(a * x > b, x, np.log1p(np.exp(a * x)) / a)),
    "HARDTANH": ((-1.5, 0.5, 0), lambda x, a, b, c: np.clip(x, a, b)),
    "HARDSIGMOID": ((0, 0, 0), lambda x, a, b, c: np.clip(x + 3, 0, 6) / 6),
    "HARDSWISH": ((0, 0, 0), lambda x, a, b, c: x * np.clip(x + 3, 0, 6) / 6),
    "SOFTSHRINK": ((0.5, 0, 0), lambda x, a, b, c: np.sign(x) * np.maximum(abs(x) - a, 0)),
    "HARDSHRINK": ((0.5, 0, 0), lambda x, a, b, c: np.where(abs(x) > a, x, 0)),
    "THRESHOLD": ((0.25, -7.0, 0), lambda x, a, b, c: np.where(x > a, x, b)),
    "GELU_TANH": ((0, 0, 0), lambda x, a, b, c: gelu_tanh(x)),
    "LOGIT": ((0, 0, 0), lambda x, a, b, c: np.log(x / (1 - x))),
    "NEG": ((0, 0, 0), lambda x, a, b, c: -x),
    "TANHSHRINK": ((0, 0, 0), lambda x, a, b, c: x - np.tanh(x)),
    "SOFTSIGN": ((0, 0, 0), lambda x, a, b, c: x / (1 + abs(x))),
    "RELU": ((0, 0, 0), lambda x, a, b, c: np.maximum(x, 0)),
    "ABS": ((0, 0, 0), lambda x, a, b, c: abs(x)),
    "SQUARE": ((0, 0, 0), lambda x, a, b, c: x * x),
}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", PIECEWISE)
def test_functions_with_parameters(name, dtype):
    parameters, reference = PIECEWISE[name]
    x = np.random.default_rng(3).uniform(0.01, 0.99, 1001) if name == "LOGIT" else np.linspace(-6, 6, 1001)
    x = x.astype(dtype)
    got = apply(name, x, *parameters).astype(LONG)
    # Each parameter is rounded to the type; sums of terms up to 6 round in ulps of 6.
    error = abs(got - reference(x.astype(LONG), *map(LONG, parameters)))
    assert error.max() <= 8 * 6 * np.finfo(dtype).eps


DERIVATIVES = {
    **{name: (p, f) for name, (p, f) in PIECEWISE.items() if name not in ("LOGIT", "NEG")},
    **{
        name: ((0, 0, 0), lambda x, a, b, c, f=FUNCTIONS[name][0]: f(x))
        for name in (
            "EXP", "SQRT", "TANH", "SIGMOID", "LOG", "SIN", "COS", "ERF", "RECIPROCAL", "GELU", "SILU", "MISH",
            "LOGSIGMOID",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivative_is_that_of_the_function(name, dtype):
    parameters, reference = DERIVATIVES[name]
    rng = np.random.default_rng(5)
    low = 0.2 if name in ("SQRT", "LOG", "RECIPROCAL") else -5
    x = (rng.uniform(low, 5, 997) + 1e-3).astype(dtype)  # kinks are at multiples of 1/4: none within h
    h = LONG(1e-7)
    wide = x.astype(LONG)
    exact = (reference(wide + h, *parameters) - reference(wide - h, *parameters)) / (2 * h)
    dy = rng.uniform(-2, 2, x.size).astype(dtype)
    s = reference(wide, *parameters).astype(dtype) if name in ("EXP", "SQRT", "TANH", "SIGMOID") else x
    got = slope(name, s, dy, *parameters).astype(LONG)
    # The difference quotient errs by h^2 f''' / 6 + 2^-64 f / h, about 1e-12 f.
    scale = np.maximum(1, abs(exact)) * 2
    assert (abs(got - dy * exact) / scale).max() <= 16 * np.finfo(dtype).eps + 2e-11


def test_slopes_at_kinks():
    x = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    one = np.ones(5)
    assert slope("RELU", x, one).tolist() == [0, 0, 0, 1, 1]
    assert slope("ABS", x, one).tolist() == [-1, -1, 0, 1, 1]
    assert slope("HARDTANH", x, one, -0.5, 0.5).tolist() == [0, 0, 1, 0, 0]
    assert slope("SOFTSHRINK", x, one, 0.5).tolist() == [1, 0, 0, 0, 1]
    assert slope("HARDSHRINK", x, one, 0.5).tolist() == [1, 0, 0, 0, 1]
    assert slope("THRESHOLD", x, one, 0.5).tolist() == [0, 0, 0, 0, 1]


ALL = [name.removeprefix("MG_UNARY_") for name in dir(lib) if name.startswith("MG_UNARY_") and name != "MG_UNARY_COUNT"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ALL)
def test_result_does_not_depend_on_the_place(name, dtype):
    x = np.random.default_rng(1).uniform(0.05, 0.95, 67).astype(dtype)
    parameters = (0.3, 0.8, 1.0)
    whole = apply(name, x, *parameters)
    for first in (1, 3, 16, 31, 66):
        for length in (0, 1, 7, 17, 33):
            part = x[first : first + length].copy()
            canary = np.full(part.size + 2, -9, dtype)
            inside = canary[1:-1]
            apply(name, part, *parameters, out=inside)
            assert inside.tobytes() == whole[first : first + length].tobytes()
            assert canary[0] == canary[-1] == -9
    same = x.copy()
    apply(name, same, *parameters, out=same)
    assert same.tobytes() == whole.tobytes()


@pytest.mark.parametrize("name", ["EXP", "GELU", "SIN"])
def test_same_bits_for_any_number_of_threads(name):
    x = np.random.default_rng(2).standard_normal(200_003)
    before = minigrad.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 3):
            minigrad.set_num_threads(threads)
            results.append(apply(name, x).tobytes())
    finally:
        minigrad.set_num_threads(before)
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("name", [n for n in ALL if n not in ("HARDTANH", "HARDSHRINK", "SOFTSHRINK", "THRESHOLD")])
def test_nan_stays(name):
    x = np.array([np.nan, 1.5 if name == "ACOSH" else 0.5])
    got = apply(name, x, 0.5, 1.0, 1.0)
    assert np.isnan(got[0])
    assert not np.isnan(got[1])


def test_unknown_function_is_refused():
    x = np.ones(3)
    y = np.full(3, 7.0)
    for op in (lib.MG_UNARY_COUNT, 1000):
        assert lib.mg_unary_f64(op, 3, pointer(x), 0, 0, 0, pointer(y, True)) == lib.MG_ERR_ARGUMENT
    for op in (lib.MG_UNARY_COUNT, 1000, lib.MG_UNARY_TAN):
        status = lib.mg_unary_backward_f64(op, 3, pointer(x), pointer(x), 0, 0, 0, pointer(y, True))
        assert status == lib.MG_ERR_ARGUMENT
    assert y.tolist() == [7, 7, 7]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shift", [0, 3])
def test_large_results_have_the_bits_of_small_ones(dtype, shift):
    """From 12 MiB on results are written past the caches, if they begin on a line and replace no input."""
    n = (3 << 22) // np.dtype(dtype).itemsize + 77
    rng = np.random.default_rng(5)
    x, dy = (rng.standard_normal(n).astype(dtype) for _ in range(2))
    room = np.full(n + 64, 7, dtype)
    start = -room.ctypes.data % 64 // room.itemsize + shift
    parts = range(0, n, 10_000)
    y = apply("GELU", x, out=room[start : start + n])
    np.testing.assert_array_equal(y, np.concatenate([apply("GELU", x[i : i + 10_000]) for i in parts]))
    assert (room[:start] == 7).all()
    assert (room[start + n :] == 7).all()
    dx = slope("GELU", x, dy)
    small = [slope("GELU", x[i : i + 10_000], dy[i : i + 10_000]) for i in parts]
    np.testing.assert_array_equal(dx, np.concatenate(small))
    np.testing.assert_array_equal(apply("GELU", x, out=x), y)
