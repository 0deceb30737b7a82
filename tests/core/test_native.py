"""The door to the C core: pointers, status codes, environment, threads, configuration."""

from __future__ import annotations

import json

import numpy as np
import pytest

import minigrad
from minigrad import _native
from minigrad._native import check_status, ffi, lib, pointer

pytestmark = pytest.mark.native

KNOWN = ["float32", "float64", "uint8", "uint16", "int32", "uint32", "int64", "uint64"]
UNKNOWN = ["float16", "int8", "int16", "bool", "complex64", "complex128", "object", "U3", "S3", "longdouble"]
LEVELS = ["base", "avx2", "avx512"]


@pytest.mark.parametrize("dtype", KNOWN)
def test_a_pointer_shows_the_elements(dtype):
    array = np.arange(6, dtype=dtype).reshape(2, 3)
    elements = pointer(array)
    assert list(elements) == [0, 1, 2, 3, 4, 5]
    assert ffi.sizeof(elements) == array.nbytes


@pytest.mark.parametrize("dtype", KNOWN)
def test_a_writable_pointer_reaches_the_array_itself(dtype):
    array = np.zeros(3, dtype)
    pointer(array, writable=True)[1] = 5
    assert array.tolist() == [0, 5, 0]


def test_a_pointer_keeps_its_array_alive():
    elements = pointer(np.full(100_000, 3.0))
    others = [np.zeros(100_000) for _ in range(8)]
    assert elements[0] == elements[99_999] == 3.0
    assert len(others) == 8


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_an_empty_array_has_a_pointer(shape):
    assert len(pointer(np.empty(shape), writable=True)) == 0


@pytest.mark.parametrize("dtype", UNKNOWN)
def test_an_element_type_the_core_does_not_know_is_refused(dtype):
    with pytest.raises(TypeError, match="no element type for an array of dtype"):
        pointer(np.zeros(4, dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint16", "int32", "uint32", "int64", "uint64"])
def test_a_foreign_byte_order_is_refused(dtype):
    with pytest.raises(TypeError, match="no element type for an array of dtype [<>]"):
        pointer(np.zeros(4, np.dtype(dtype).newbyteorder("S")))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_a_misaligned_array_is_refused(dtype):
    itemsize = np.dtype(dtype).itemsize
    array = np.zeros(4 * itemsize + 1, np.uint8)[1:].view(dtype)
    assert not array.flags.aligned
    with pytest.raises(ValueError, match="aligned"):
        pointer(array)


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4)).T[:, :2], np.zeros((4, 4))[:, :2], np.zeros(8)[::2], np.zeros(8)[::-1]]
)
def test_an_array_that_is_not_contiguous_is_refused(array):
    with pytest.raises(ValueError, match="contiguous"):
        pointer(array)


def test_a_fortran_ordered_matrix_is_refused():
    with pytest.raises(ValueError, match="contiguous"):
        pointer(np.zeros((3, 4), order="F"))


def test_a_read_only_array_is_refused_where_c_would_write():
    array = np.zeros(3)
    array.flags.writeable = False
    assert pointer(array)[0] == 0
    with pytest.raises((ValueError, BufferError), match="read-only"):
        pointer(array, writable=True)


@pytest.mark.parametrize("not_an_array", [[1.0, 2.0], 3.0, None, b"12345678"])
def test_what_is_no_array_is_refused(not_an_array):
    with pytest.raises((TypeError, AttributeError)):
        pointer(not_an_array)


# --- status codes

STATUS = {
    "MG_ERR_MEMORY": (MemoryError, "not enough memory"),
    "MG_ERR_OVERFLOW": (MemoryError, "too large"),
    "MG_ERR_ARGUMENT": (RuntimeError, "a defect of minigrad"),
    "MG_ERR_SINGULAR": (np.linalg.LinAlgError, "singular"),
    "MG_ERR_NOT_POSITIVE_DEFINITE": (np.linalg.LinAlgError, "not positive definite"),
    "MG_ERR_NO_CONVERGENCE": (np.linalg.LinAlgError, "did not converge"),
    "MG_ERR_NOT_FINITE": (ValueError, "NaN or infinity"),
}


def test_every_status_code_of_the_header_is_listed_here():
    names = {name for name in dir(lib) if name.startswith("MG_ERR_")}
    assert names == set(STATUS)
    assert lib.MG_OK == 0


def test_success_raises_nothing():
    check_status(lib.MG_OK, "solve")


@pytest.mark.parametrize("name", STATUS)
def test_a_status_becomes_its_exception(name):
    exception, words = STATUS[name]
    with pytest.raises(exception, match=f"^solve: .*{words}") as caught:
        check_status(getattr(lib, name), "solve")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("code", [8, 1000])
def test_an_unknown_status_is_reported_as_a_defect(code):
    with pytest.raises(RuntimeError, match="^solve: unknown status code .a defect"):
        check_status(code, "solve")


# --- threads


@pytest.fixture
def keep_num_threads():
    before = minigrad.get_num_threads()
    yield
    minigrad.set_num_threads(before)


@pytest.mark.parametrize("num_threads", [1, 2, 3, 256])
def test_the_number_of_threads_is_kept(num_threads, keep_num_threads):
    minigrad.set_num_threads(num_threads)
    assert minigrad.get_num_threads() == num_threads == minigrad.config()["num_threads"]


@pytest.mark.parametrize("bad", [0, -1, 257, 2**64, True, 2.0, "2", None, np.float64(2)])
def test_a_bad_number_of_threads_is_refused_and_changes_nothing(bad, keep_num_threads):
    minigrad.set_num_threads(2)
    with pytest.raises(ValueError, match="^set_num_threads: num_threads must be an int from 1 to 256; got "):
        minigrad.set_num_threads(bad)
    assert minigrad.get_num_threads() == 2


# --- configuration and environment


def test_config_describes_the_build():
    config = minigrad.config()
    assert set(config) == {"version", "isa", "num_threads", "compiler"}
    assert config["version"] == minigrad.__version__
    assert config["isa"] in LEVELS
    assert config["compiler"].split()[0] in ("gcc", "clang")
    assert json.loads(json.dumps(config)) == config


def test_an_unknown_level_is_refused_by_the_core():
    before = minigrad.config()["isa"]
    for name in (b"", b"AVX2", b"avx", b"neon"):
        assert lib.mg_isa_set(name) == lib.MG_ERR_ARGUMENT
    assert lib.mg_isa_set(ffi.NULL) == lib.MG_ERR_ARGUMENT
    assert minigrad.config()["isa"] == before


SHOW = "import json, minigrad; print(json.dumps(minigrad.config()))"


def shown(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_minigrad_isa_is_an_upper_limit(run_python):
    best = shown(run_python(SHOW, MINIGRAD_ISA=""))["isa"]
    for cap in LEVELS:
        expected = min(cap, best, key=LEVELS.index)
        assert shown(run_python(SHOW, MINIGRAD_ISA=cap))["isa"] == expected


BAD_VALUES = [
    *(("MINIGRAD_ISA", bad, "one of base, avx2, avx512") for bad in ["AVX2", "sse", "avx-512", " base", "0"]),
    *(
        ("MINIGRAD_NUM_THREADS", bad, "an integer from 1 to 256")
        for bad in ["0", "-1", "257", "two", "1.5", " 2", "²", "9" * 30]
    ),
]


@pytest.mark.parametrize(("variable", "bad", "expectation"), BAD_VALUES)
def test_a_bad_value_in_the_environment_is_one_clear_line(monkeypatch, variable, bad, expectation):
    before = minigrad.config()
    monkeypatch.setenv("MINIGRAD_ISA", "")
    monkeypatch.setenv("MINIGRAD_NUM_THREADS", "")
    monkeypatch.setenv(variable, bad)
    with pytest.raises(ValueError) as caught:
        _native._apply_environment()
    assert str(caught.value) == f"{variable} must be {expectation}; got {bad!r}"
    assert minigrad.config() == before


@pytest.mark.parametrize(("variable", "bad", "expectation"), [BAD_VALUES[0], BAD_VALUES[-1]])
def test_a_bad_value_in_the_environment_stops_the_import(run_python, variable, bad, expectation):
    done = run_python(SHOW, **{variable: bad})
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == f"ValueError: {variable} must be {expectation}; got {bad!r}"


def test_minigrad_num_threads_is_used(run_python):
    assert shown(run_python(SHOW, MINIGRAD_NUM_THREADS="3"))["num_threads"] == 3


def test_the_default_number_of_threads_is_what_the_process_may_use(run_python):
    source = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n" + SHOW
    assert shown(run_python(source, MINIGRAD_NUM_THREADS=""))["num_threads"] == 1
    source = SHOW + "; import os; assert minigrad.get_num_threads() == min(256, len(os.sched_getaffinity(0)))"
    shown(run_python(source, MINIGRAD_NUM_THREADS=""))
