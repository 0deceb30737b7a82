"""The thread pool: driven from C alone, then through the matrix product that uses it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import minigrad
from minigrad._native import check_status, lib, pointer

SOURCES = ("tests/core/pool_program.c", "csrc/core/pool.c")
CHECKS = ("chunks", "limits", "bounds", "nested", "regions", "callers", "resize", "fork", "signals", "wake", "wait")


@pytest.fixture(scope="module")
def program(build_program):
    return build_program(*SOURCES, flags=("-O2",))


@pytest.fixture(scope="module")
def tsan_program(build_program):
    return build_program(*SOURCES, flags=("-fsanitize=thread",))


@pytest.mark.parametrize("check", CHECKS)
def test_loops_from_c(program, run_program, check):
    run_program(program, check)


# ThreadSanitizer does not follow threads started in a child of a threaded process.
@pytest.mark.parametrize("check", [check for check in CHECKS if check != "fork"])
def test_loops_from_c_are_free_of_data_races(tsan_program, run_program, check):
    run_program(tsan_program, check, TSAN_OPTIONS="halt_on_error=1")


@pytest.fixture
def keep_num_threads():
    before = minigrad.get_num_threads()
    yield
    minigrad.set_num_threads(before)


def product(a, b):
    """Multiply two square matrices with the C core."""
    n = len(a)
    c = np.empty_like(a)
    gemm = lib.mg_gemm_f32 if a.dtype == np.float32 else lib.mg_gemm_f64
    status = gemm(
        lib.MG_NO_TRANS, lib.MG_NO_TRANS, n, n, n, 1.0, pointer(a), n, pointer(b), n, 0.0, pointer(c, writable=True), n
    )
    check_status(status, "product")
    return c


def matrices(dtype, n=301):
    rng = np.random.default_rng(7)
    return rng.standard_normal((n, n)).astype(dtype), rng.standard_normal((n, n)).astype(dtype)


@pytest.mark.native
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bits_do_not_depend_on_the_number_of_threads(dtype, keep_num_threads):
    a, b = matrices(dtype)
    results = []
    for num_threads in (1, 2, 4):
        minigrad.set_num_threads(num_threads)
        results.append(product(a, b).tobytes())
    assert results[0] == results[1] == results[2]


@pytest.mark.native
def test_several_python_threads_may_compute_at_once(keep_num_threads):
    minigrad.set_num_threads(2)
    a, b = matrices(np.float64)
    expected = product(a, b)
    results = [None] * 6

    def work(slot):
        results[slot] = [product(a, b) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(slot,)) for slot in range(len(results))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(result, expected) for row in results for result in row)


FORK = """
import os, signal, warnings
import numpy as np
import minigrad
from minigrad._native import lib, pointer

# Python 3.12 warns of any fork in a threaded process; that it works here is the point.
warnings.simplefilter("ignore", DeprecationWarning)
minigrad.set_num_threads(2)
a = np.arange(301 * 301, dtype=float).reshape(301, 301) % 7


def product():
    c = np.empty_like(a)
    status = lib.mg_gemm_f64(0, 0, 301, 301, 301, 1.0, pointer(a), 301, pointer(a), 301, 0.0, pointer(c, True), 301)
    assert status == 0
    return c.tobytes()


expected = product()
child = os.fork()
if child == 0:
    signal.alarm(60)  # a pool that hangs ends the child here
    os._exit(0 if product() == expected and minigrad.get_num_threads() == 2 else 1)
assert os.waitpid(child, 0)[1] == 0, "the child failed"
assert product() == expected
"""


@pytest.mark.native
@pytest.mark.forks
def test_a_child_after_fork_computes(run_python):
    done = run_python(FORK)
    assert done.returncode == 0, done.stderr
