"""The optimizers' steps in C, against the formulas written out element by element in Python floats."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad._native import ffi, lib, pointer

pytestmark = pytest.mark.native

MAXIMIZE, DECOUPLED, NESTEROV, AMSGRAD, CENTERED = (
    lib.MG_STEP_MAXIMIZE,
    lib.MG_STEP_DECOUPLED,
    lib.MG_STEP_NESTEROV,
    lib.MG_STEP_AMSGRAD,
    lib.MG_STEP_CENTERED,
)
SUFFIX = {"float32": "f32", "float64": "f64"}
CANARY = -123.5


def guarded(values, dtype):
    """Return a copy of `values` between canaries, as a view that starts off any vector's alignment."""
    block = np.full(values.size + 6, CANARY, dtype)
    block[3 : 3 + values.size] = values
    return block, block[3 : 3 + values.size]


class Tensors:
    """A list of tensors as the C functions take it."""

    def __init__(self, sizes, dtype, states, cells, seed=0):
        generator = np.random.default_rng(seed)
        self.dtype, self.sizes, self.states = np.dtype(dtype), list(sizes), states
        draw = [generator.standard_normal(n) for n in sizes for _ in range(2)]
        made = [guarded(values, dtype) for values in draw]
        made += [guarded(np.full(n, start), dtype) for n in sizes for start in states]
        self.blocks = [block for block, _ in made]
        views = [view for _, view in made]
        self.params, self.grads, self.state = (
            views[: 2 * len(sizes) : 2],
            views[1 : 2 * len(sizes) : 2],
            views[2 * len(sizes) :],
        )
        self.cells = [np.array([start], np.float32) for _ in sizes for start in cells]
        c_type = {"float32": "float", "float64": "double"}[dtype]
        self.kept = [ffi.new("size_t[]", self.sizes)]
        self.kept += [
            ffi.new(f"{c_type} *[]", [pointer(a) for a in arrays]) for arrays in (self.params, self.grads, self.state)
        ]
        self.kept.append(ffi.new("float *[]", [pointer(a) for a in self.cells]))
        self.struct = ffi.new(f"mg_tensors_{SUFFIX[dtype]}_t *", [len(sizes), *self.kept])

    def step(self, name, *arguments):
        assert getattr(lib, f"mg_{name}_step_{SUFFIX[self.dtype.name]}")(self.struct, *arguments) == 0

    def assert_canaries(self):
        for block in self.blocks:
            assert (block[:3] == CANARY).all() and (block[-3:] == CANARY).all()


def decayed(p, g, decay, options):
    g = -g if options & MAXIMIZE else g
    return g if options & DECOUPLED else g + decay * p


# Each reference takes one element through one step: (p, g, state, cells, t) -> (p, state, cells).


def sgd(p, g, s, c, lr, momentum, dampening, decay, options):
    g, t = decayed(p, g, decay, options), c[0] + 1
    if momentum == 0:
        return p - lr * g, s, [t]
    b = g if t == 1 else momentum * s[0] + (1 - dampening) * g
    return p - lr * (g + momentum * b if options & NESTEROV else b), [b], [t]


def moments(g, s, beta1, beta2):
    return beta1 * s[0] + (1 - beta1) * g, beta2 * s[1] + (1 - beta2) * g * g


def adam(p, g, s, c, lr, beta1, beta2, eps, decay, options):
    g, t = decayed(p, g, decay, options), c[0] + 1
    m, v = moments(g, s, beta1, beta2)
    largest = max(s[2], v) if options & AMSGRAD else v
    p = p * (1 - lr * decay) if options & DECOUPLED else p
    p -= lr * (m / (1 - beta1**t)) / (math.sqrt(largest / (1 - beta2**t)) + eps)
    return p, [m, v, largest][: len(s)], [t]


def nadam(p, g, s, c, lr, beta1, beta2, eps, decay, psi, options):
    g, t = decayed(p, g, decay, options), c[0] + 1
    m, v = moments(g, s, beta1, beta2)
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (k * psi)) for k in (t, t + 1))
    product = float(np.float32(c[1]) * np.float32(mu))
    p = p * (1 - lr * decay) if options & DECOUPLED else p
    root = math.sqrt(v / (1 - beta2**t)) + eps
    p -= lr * ((1 - mu) * g / (1 - product) + mu_next * m / (1 - product * mu_next)) / root
    return p, [m, v], [t, product]


def radam(p, g, s, c, lr, beta1, beta2, eps, decay, options):
    g, t = decayed(p, g, decay, options), c[0] + 1
    m, v = moments(g, s, beta1, beta2)
    p = p * (1 - lr * decay) if options & DECOUPLED else p
    rho = 2 / (1 - beta2) - 1
    rho_t = rho - 2 * t * beta2**t / (1 - beta2**t)
    step = lr * m / (1 - beta1**t)
    if rho_t > 5:
        step *= math.sqrt(1 - beta2**t) / (math.sqrt(v) + eps)
        step *= math.sqrt((rho_t - 4) * (rho_t - 2) * rho / ((rho - 4) * (rho - 2) * rho_t))
    return p - step, [m, v], [t]


def adamax(p, g, s, c, lr, beta1, beta2, eps, decay, options):
    g, t = decayed(p, g, decay, options), c[0] + 1
    m, u = beta1 * s[0] + (1 - beta1) * g, max(beta2 * s[1], abs(g) + eps)
    return p - lr / (1 - beta1**t) * m / u, [m, u], [t]


def rmsprop(p, g, s, c, lr, alpha, eps, decay, momentum, options):
    g = decayed(p, g, decay, options)
    s = [alpha * s[0] + (1 - alpha) * g * g, *s[1:]]
    v = s[0]
    if options & CENTERED:
        s[-1] = alpha * s[-1] + (1 - alpha) * g
        v = max(v - s[-1] ** 2, 0)
    step = g / (math.sqrt(v) + eps)
    if momentum:
        step = s[1] = momentum * s[1] + step
    return p - lr * step, s, [c[0] + 1]


def adagrad(p, g, s, c, lr, lr_decay, eps, decay, options):
    g = decayed(p, g, decay, options)
    total = s[0] + g * g
    return p - lr / (1 + c[0] * lr_decay) * g / (math.sqrt(total) + eps), [total], [c[0] + 1]


def adadelta(p, g, s, c, lr, rho, eps, decay, options):
    g = decayed(p, g, decay, options)
    v = rho * s[0] + (1 - rho) * g * g
    d = math.sqrt(s[1] + eps) / math.sqrt(v + eps) * g
    return p - lr * d, [v, rho * s[1] + (1 - rho) * d * d], [c[0] + 1]


def asgd(p, g, s, c, lr, lambd, alpha, t0, decay, options):
    g, t = decayed(p, g, decay, options), c[0] + 1
    p = p * (1 - lambd * c[1]) - c[1] * g
    eta, mu = lr / (1 + lambd * lr * t) ** alpha, 1 / max(1, t - t0)
    return p, [s[0] + c[2] * (p - s[0])], [t, float(np.float32(eta)), float(np.float32(mu))]


def rprop(p, g, s, c, minus, plus, low, high, options):
    g = -g if options & MAXIMIZE else g
    turned = g * s[0] < 0
    size = min(max(s[1] * (minus if turned else plus if g * s[0] > 0 else 1), low), high)
    g = 0.0 if turned else g
    return p - math.copysign(size, g) * (g != 0), [g, size], [c[0] + 1]


# name, reference, arguments, start of the states, start of the cells
CASES = [
    ("sgd", sgd, (0.1, 0.0, 0.0, 0.0, 0), [], [0]),
    ("sgd", sgd, (0.1, 0.0, 0.0, 0.3, MAXIMIZE), [], [0]),
    ("sgd", sgd, (0.1, 0.9, 0.0, 0.1, 0), [0], [0]),
    ("sgd", sgd, (0.1, 0.9, 0.5, 0.1, MAXIMIZE), [7], [0]),
    ("sgd", sgd, (0.1, 0.9, 0.0, 0.0, NESTEROV), [0], [0]),
    ("adam", adam, (0.1, 0.9, 0.99, 1e-8, 0.0, 0), [0, 0], [0]),
    ("adam", adam, (0.1, 0.9, 0.99, 1e-8, 0.1, MAXIMIZE), [0, 0], [0]),
    ("adam", adam, (0.1, 0.8, 0.9, 1e-3, 0.1, DECOUPLED), [0, 0], [0]),
    ("adam", adam, (0.1, 0.9, 0.5, 1e-8, 0.1, AMSGRAD), [0, 0, 0], [0]),
    ("nadam", nadam, (0.1, 0.9, 0.99, 1e-8, 0.1, 4e-3, 0), [0, 0], [0, 1]),
    ("nadam", nadam, (0.1, 0.9, 0.99, 1e-8, 0.1, 4e-2, DECOUPLED | MAXIMIZE), [0, 0], [0, 1]),
    ("radam", radam, (0.1, 0.9, 0.99, 1e-8, 0.1, 0), [0, 0], [0]),
    ("radam", radam, (0.1, 0.9, 0.999, 1e-8, 0.1, DECOUPLED | MAXIMIZE), [0, 0], [0]),
    ("adamax", adamax, (0.1, 0.9, 0.99, 1e-8, 0.1, 0), [0, 0], [0]),
    ("adamax", adamax, (0.1, 0.9, 0.5, 1e-8, 0.0, MAXIMIZE), [0, 0], [0]),
    ("rmsprop", rmsprop, (0.1, 0.9, 1e-8, 0.1, 0.0, 0), [0], [0]),
    ("rmsprop", rmsprop, (0.1, 0.9, 1e-8, 0.1, 0.5, MAXIMIZE), [0, 0], [0]),
    ("rmsprop", rmsprop, (0.1, 0.9, 1e-2, 0.0, 0.0, CENTERED), [0, 0], [0]),
    ("rmsprop", rmsprop, (0.1, 0.9, 1e-2, 0.1, 0.5, CENTERED), [0, 0, 0], [0]),
    ("adagrad", adagrad, (0.1, 0.1, 1e-10, 0.1, 0), [0.1], [0]),
    ("adagrad", adagrad, (0.1, 0.0, 1e-10, 0.0, MAXIMIZE), [0], [0]),
    ("adadelta", adadelta, (1.0, 0.9, 1e-6, 0.1, 0), [0, 0], [0]),
    ("adadelta", adadelta, (1.0, 0.9, 1e-6, 0.0, MAXIMIZE), [0, 0], [0]),
    ("asgd", asgd, (0.1, 0.1, 0.75, 3.0, 0.1, 0), [0], [0, np.float32(0.1), 1]),
    ("asgd", asgd, (0.1, 1e-4, 0.75, 1e6, 0.0, MAXIMIZE), [0], [0, np.float32(0.1), 1]),
    ("rprop", rprop, (0.5, 1.2, 1e-6, 50.0, 0), [0, 0.1], [0]),
    ("rprop", rprop, (0.5, 1.2, 0.09, 0.12, MAXIMIZE), [0, 0.1], [0]),
]
NAMES = [f"{case[0]}-{i}" for i, case in enumerate(CASES)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_eight_steps_follow_the_formula(case, dtype):
    name, reference, arguments, states, cells = case
    sizes = [1, 17, 0, 33]
    tensors = Tensors(sizes, dtype, states, cells)
    expected = [
        [(float(p), [float(x) for x in states], [float(x) for x in cells]) for p in param] for param in tensors.params
    ]
    generator = np.random.default_rng(1)
    for _ in range(8):
        for grad in tensors.grads:
            grad[:] = generator.standard_normal(grad.size)
        expected = [
            [reference(p, float(g), s, c, *arguments) for (p, s, c), g in zip(column, grad, strict=True)]
            for column, grad in zip(expected, tensors.grads, strict=True)
        ]
        tensors.step(name, *arguments)
    # An operation rounds by eps of its result, and no quantity here exceeds 50. A step has
    # about ten of them, and an error of m or v reaches p enlarged by at most lr / (1 - beta).
    tolerance = 8 * 10 * 50 * np.finfo(dtype).eps
    for i, column in enumerate(expected):
        np.testing.assert_allclose(tensors.params[i], [p for p, _, _ in column], rtol=tolerance, atol=tolerance)
        for k in range(len(states)):
            state = tensors.state[i * len(states) + k]
            np.testing.assert_allclose(state, [s[k] for _, s, _ in column], rtol=tolerance, atol=tolerance)
        for k in range(len(cells)):
            if column:
                assert tensors.cells[i * len(cells) + k][0] == pytest.approx(column[0][2][k], rel=1e-6)
    tensors.assert_canaries()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES[::3], ids=NAMES[::3])
def test_threads_and_levels_leave_no_trace_in_the_bits(case, dtype, monkeypatch):
    name, _, arguments, states, cells = case
    results = []
    level, before = minigrad.config()["isa"], minigrad.get_num_threads()
    try:
        for isa, threads in [(level, 1), (level, 2), ("base", 3)]:
            assert lib.mg_isa_set(isa.encode()) == 0
            minigrad.set_num_threads(threads)
            tensors = Tensors([20_001, 5, 8192, 9000], dtype, states, cells)
            for _ in range(3):
                tensors.step(name, *arguments)
            results.append([a.tobytes() for a in tensors.params + tensors.state])
            tensors.assert_canaries()
    finally:
        lib.mg_isa_set(level.encode())
        minigrad.set_num_threads(before)
    assert results[0] == results[1] == results[2]


@given(st.lists(st.integers(0, 70), max_size=6), st.sampled_from(["float32", "float64"]))
def test_a_list_steps_as_its_tensors_do_one_by_one(sizes, dtype):
    together = Tensors(sizes, dtype, [0, 0], [0], seed=3)
    # Tensors that have done different numbers of steps have different bias corrections.
    for t, cell in enumerate(together.cells):
        cell[0] = t % 3
    alone = []
    for t, size in enumerate(sizes):
        one = Tensors([size], dtype, [0, 0], [t % 3])
        one.params[0][:], one.grads[0][:] = together.params[t], together.grads[t]
        one.step("adam", 0.1, 0.9, 0.999, 1e-8, 0.01, 0)
        alone.append(one)
    together.step("adam", 0.1, 0.9, 0.999, 1e-8, 0.01, 0)
    for t, one in enumerate(alone):
        assert together.params[t].tobytes() == one.params[0].tobytes()
        assert together.cells[t][0] == one.cells[0][0] == t % 3 + 1


def test_the_first_step_of_adam_is_lr_long():
    """m / c1 = g and v / c2 = g^2 then, so the step is lr g / (|g| + eps)."""
    tensors = Tensors([9], "float64", [0, 0], [0])
    before = tensors.params[0].copy()
    tensors.step("adam", 0.25, 0.9, 0.999, 0.0, 0.0, 0)
    np.testing.assert_allclose(before - tensors.params[0], 0.25 * np.sign(tensors.grads[0]), rtol=1e-13)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_nan_gradient_reaches_its_element_and_no_other(case):
    name, _, arguments, states, cells = case
    tensors = Tensors([19], "float64", states, cells)
    tensors.step(name, *arguments)
    tensors.grads[0][7] = np.nan
    tensors.step(name, *arguments)
    assert np.flatnonzero(np.isnan(tensors.params[0])).tolist() == [7]
    tensors.grads[0][:] = 1
    tensors.step(name, *arguments)
    assert np.isnan(tensors.params[0][7])


def test_a_constant_gradient_leaves_centered_rmsprop_finite():
    """The variance is 0 but for rounding, which may make v - m^2 negative."""
    tensors = Tensors([64], "float32", [0, 0], [0])
    tensors.grads[0][:] = np.linspace(0.1, 3, 64)
    for _ in range(200):
        tensors.step("rmsprop", 1e-3, 0.5, 1e-8, 0.0, 0.0, CENTERED)
    assert np.isfinite(tensors.params[0]).all()


def test_no_tensors_is_no_work():
    tensors = Tensors([], "float32", [0, 0], [0])
    tensors.step("adam", 0.1, 0.9, 0.999, 1e-8, 0.0, 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 9), (9, 5), (6, 6), (1, 7), (0, 3)])
@pytest.mark.parametrize("nesterov", [0, NESTEROV])
def test_muon_moves_along_the_polynomial_of_the_momentum(shape, nesterov, dtype):
    generator = np.random.default_rng(2)
    grad, buffer, param = (generator.standard_normal(shape).astype(dtype) for _ in range(3))
    average = buffer + 0.05 * (grad.astype(float) - buffer)
    moved = grad + 0.95 * (average - grad) if nesterov else average
    u, s, v = np.linalg.svd(moved, full_matrices=False)
    s = s / max(np.sqrt((s**2).sum()), 1e-7)
    for _ in range(5):
        s = 3.4445 * s - 4.775 * s**3 + 2.0315 * s**5
    expected = 0.9 * param - 0.1 * (u * s) @ v
    function = getattr(lib, f"mg_muon_step_{SUFFIX[dtype]}")
    arguments = (0.1, 0.9, 0.95, 3.4445, -4.775, 2.0315, 1e-7, 5, nesterov, pointer(buffer), pointer(param))
    assert function(*shape, pointer(grad), *arguments) == 0
    # Each of the five rounds multiplies an error by at most the polynomial's slope, 3.4445.
    tolerance = 3.4445**5 * 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(param, expected, rtol=0, atol=tolerance)
    np.testing.assert_allclose(buffer, average, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [0, 1, 4])
def test_the_lbfgs_direction_is_the_bfgs_matrix_times_the_gradient(count, dtype):
    generator = np.random.default_rng(5)
    n = 11
    steps = [generator.standard_normal(n).astype(dtype) for _ in range(count)]
    changes = [(s * np.linspace(1, 3, n)).astype(dtype) for s in steps]
    rho = np.array([1 / float(np.dot(y.astype(float), s)) for s, y in zip(steps, changes, strict=True)])
    grad, direction = generator.standard_normal(n).astype(dtype), np.empty(n, dtype)
    h = 0.7 * np.eye(n)
    for s, y, r in zip(steps, changes, rho, strict=True):
        left = np.eye(n) - r * np.outer(s.astype(float), y)
        h = left @ h @ left.T + r * np.outer(s.astype(float), s)
    c_type = {"float32": "float", "float64": "double"}[dtype]
    lists = [ffi.new(f"{c_type} *[]", [pointer(a) for a in arrays]) for arrays in (steps, changes)]
    function = getattr(lib, f"mg_lbfgs_direction_{SUFFIX[dtype]}")
    assert function(n, count, *lists, pointer(rho), 0.7, pointer(grad), pointer(direction)) == 0
    np.testing.assert_allclose(direction, -h @ grad, rtol=0, atol=200 * np.abs(h).max() * n * np.finfo(dtype).eps)
    if count:  # the secant equation: H y = s for the newest pair
        assert function(n, count, *lists, pointer(rho), 0.7, pointer(changes[-1]), pointer(direction)) == 0
        np.testing.assert_allclose(-direction, steps[-1], rtol=0, atol=200 * np.abs(h).max() * n * np.finfo(dtype).eps)


def arrays_of(sizes, dtype, seed=0):
    generator = np.random.default_rng(seed)
    arrays = [generator.standard_normal(n).astype(dtype) for n in sizes]
    c_type = {"float32": "float", "float64": "double"}[dtype]
    return arrays, ffi.new("size_t[]", list(sizes)), ffi.new(f"{c_type} *[]", [pointer(a) for a in arrays])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", [2.0, 1.0, 0.0, 3.0, 0.5, -1.0, math.inf, -math.inf])
def test_the_norm_of_many_arrays_is_that_of_one(order, dtype):
    sizes = [3, 0, 20_000, 17]
    arrays, n, pointers = arrays_of(sizes, dtype)
    flat = np.concatenate(arrays).astype(float)
    norm = ffi.new("double *")
    assert getattr(lib, f"mg_arrays_norm_{SUFFIX[dtype]}")(len(sizes), n, pointers, order, norm) == 0
    assert norm[0] == pytest.approx(np.linalg.norm(flat, order), rel=64 * float(np.finfo(dtype).eps))
    arrays[2][12_345] = np.nan
    assert getattr(lib, f"mg_arrays_norm_{SUFFIX[dtype]}")(len(sizes), n, pointers, order, norm) == 0
    assert math.isnan(norm[0]) or order == 0
    assert getattr(lib, f"mg_arrays_norm_{SUFFIX[dtype]}")(0, n, pointers, order, norm) == 0
    assert norm[0] == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scale_and_clamp_reach_every_element(dtype):
    sizes = [3, 0, 20_000]
    arrays, n, pointers = arrays_of(sizes, dtype)
    arrays[0][1] = np.nan
    before = [a.copy() for a in arrays]
    getattr(lib, f"mg_arrays_scale_{SUFFIX[dtype]}")(len(sizes), n, pointers, 0.3)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b * np.dtype(dtype).type(0.3))
    before = [a.copy() for a in arrays]
    getattr(lib, f"mg_arrays_clamp_{SUFFIX[dtype]}")(len(sizes), n, pointers, -0.25, 0.125)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, np.clip(b, -0.25, 0.125))
