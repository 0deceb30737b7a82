"""Convolutions against their definition, their own adjoints, and finite differences."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad._native import NULL, ffi, lib, pointer

pytestmark = pytest.mark.native

RNG = np.random.default_rng(11)
F: Any = mg.nn.functional
CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def normal(*shape: int, dtype: Any = np.float64) -> np.ndarray:
    return RNG.standard_normal(shape).astype(dtype)


def slow_conv(x: np.ndarray, w: np.ndarray, stride: Any, pad: Any, dilation: Any, groups: int) -> np.ndarray:
    """The definition, output by output, in the longest precision there is."""
    n = x.ndim - 2
    x = np.pad(x.astype(np.longdouble), [(0, 0), (0, 0), *[(p, p) for p in pad]])
    w = w.astype(np.longdouble)
    kernel = w.shape[2:]
    out = [(s - d * (k - 1) - 1) // t + 1 for s, k, t, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)]
    y = np.zeros((x.shape[0], w.shape[0], *out), np.longdouble)
    per_in, per_out = w.shape[1], w.shape[0] // groups
    for place in itertools.product(*map(range, out)):
        window = tuple(
            slice(o * t, o * t + d * (k - 1) + 1, d) for o, t, k, d in zip(place, stride, kernel, dilation, strict=True)
        )
        for k in range(w.shape[0]):
            g = k // per_out
            block = x[(slice(None), slice(g * per_in, (g + 1) * per_in), *window)]
            y[(slice(None), k, *place)] = (block * w[k]).sum(axis=tuple(range(1, n + 2)))
    return y


CASES = [
    # images, input channels, output channels, size, kernel, stride, padding, dilation, groups
    (2, 3, 5, (9,), (3,), (1,), (1,), (1,), 1),
    (1, 4, 6, (11,), (4,), (3,), (2,), (2,), 2),
    (3, 6, 6, (7,), (3,), (2,), (1,), (1,), 6),
    (2, 3, 4, (7, 9), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 2, 3, (8, 5), (2, 4), (2, 1), (0, 3), (3, 1), 1),
    (1, 4, 8, (6, 6), (1, 1), (2, 2), (0, 0), (1, 1), 4),
    (70, 1, 2, (3, 3), (3, 3), (1, 1), (0, 0), (1, 1), 1),
    (1, 2, 17, (20, 33), (3, 3), (1, 1), (2, 0), (1, 1), 1),
    (2, 2, 3, (4, 5, 3), (2, 3, 2), (1, 2, 1), (1, 1, 0), (1, 1, 2), 1),
]


def tensors(case: Any, dtype: Any) -> tuple[Any, ...]:
    images, channels, outputs, size, kernel, stride, pad, dilation, groups = case
    x = normal(images, channels, *size, dtype=dtype)
    w = normal(outputs, channels // groups, *kernel, dtype=dtype)
    b = normal(outputs, dtype=dtype)
    leaves = tuple(mg.tensor(a).requires_grad_() for a in (x, w, b))
    return (*leaves, {"stride": stride, "padding": pad, "dilation": dilation, "groups": groups})


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_definition(case: Any, dtype: Any) -> None:
    """|y - exact| <= 1.01 r eps (|w| * |x| + |b|), r products in each sum (Higham, section 3.5)."""
    x, w, b, options = tensors(case, dtype)
    y = CONV[len(case[3])](x, w, b, **options)
    args = options["stride"], options["padding"], options["dilation"], options["groups"]
    xs, ws, bs = (t.detach().numpy() for t in (x, w, b))
    shift = bs.reshape(-1, *[1] * len(case[3]))
    exact = slow_conv(xs, ws, *args) + shift
    bound = slow_conv(abs(xs), abs(ws), *args) + abs(shift)
    terms = ws[0].size + 1
    assert y.shape == exact.shape
    assert (abs(y.detach().numpy() - exact) <= 1.01 * terms * np.finfo(dtype).eps * bound).all()


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_the_adjoints(case: Any) -> None:
    """<G, F(x, w)> = <I(G, w), x> = <W(x, G), w>, for the map is linear in each argument."""
    x, w, b, options = tensors(case, np.float64)
    y = CONV[len(case[3])](x, w, b, **options)
    weight = mg.tensor(normal(*y.shape))
    y.backward(weight)
    ours = (y.detach().numpy() - b.detach().numpy().reshape(-1, *[1] * len(case[3]))) * weight.numpy()
    scale = 1e-12 * np.abs(ours).sum()
    assert abs((x.grad.numpy() * x.detach().numpy()).sum() - ours.sum()) <= scale
    assert abs((w.grad.numpy() * w.detach().numpy()).sum() - ours.sum()) <= scale
    axes = (0, *range(2, y.ndim))
    np.testing.assert_allclose(b.grad.numpy(), weight.numpy().sum(axis=axes), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", CASES[:2] + CASES[3:6] + CASES[8:])
def test_gradients_against_differences(case: Any) -> None:
    """The map is linear in each element, so that a central difference has no truncation error."""
    x, w, b, options = tensors(case, np.float64)
    function = CONV[len(case[3])]
    weight = normal(*function(x, w, b, **options).shape)
    (function(x, w, b, **options) * mg.tensor(weight)).sum().backward()
    for leaf in (x, w, b):
        for index in RNG.choice(leaf.numel(), min(6, leaf.numel()), replace=False):
            flat, values = leaf.detach().numpy().reshape(-1), []
            before = flat[index]
            for step in (0.5, -0.5):
                flat[index] = before + step
                with mg.no_grad():
                    values.append((function(x, w, b, **options).numpy() * weight).sum())
            flat[index] = before
            assert leaf.grad.numpy().reshape(-1)[index] == pytest.approx(values[0] - values[1], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_the_transposed_convolution_is_the_adjoint(case: Any) -> None:
    """<v, conv(x)> = <transposed(v), x>, with the output padding that leads back to the size of x."""
    x, w, _, options = tensors(case, np.float64)
    n, size = len(case[3]), case[3]
    y = CONV[n](x, w, **options)
    v = mg.tensor(normal(*y.shape))
    least = [
        (o - 1) * s - 2 * p + d * (k - 1) + 1
        for o, s, p, d, k in zip(y.shape[2:], case[5], case[6], case[7], case[4], strict=True)
    ]
    extra = tuple(s - lo for s, lo in zip(size, least, strict=True))
    if any(e >= max(s, d) for e, s, d in zip(extra, case[5], case[7], strict=True)):
        pytest.skip("no output padding leads back")
    back = TRANSPOSED[n](v, w, output_padding=extra, **options)
    assert back.shape == x.shape
    left, right = (v * y).sum().item(), (back * x).sum().item()
    assert left == pytest.approx(right, rel=1e-11, abs=1e-11)


def test_a_second_derivative() -> None:
    """The gradient of |dL/dx|^2 by w, against differences: quadratic in w, so the central difference is exact."""
    x, w, _, options = tensors(CASES[3], np.float64)
    weight = mg.tensor(normal(*F.conv2d(x, w, **options).shape))

    def energy() -> Any:
        y = (F.conv2d(x, w, **options) ** 2 * weight).sum()
        (dx,) = mg.grad(y, [x], create_graph=True)
        return (dx * dx).sum()

    (dw,) = mg.grad(energy(), [w])
    flat = w.detach().numpy().reshape(-1)
    for index in RNG.choice(flat.size, 5, replace=False):
        before, values = flat[index], []
        for step in (1e-3, -1e-3):
            flat[index] = before + step
            values.append(energy().item())
        flat[index] = before
        assert dw.numpy().reshape(-1)[index] == pytest.approx((values[0] - values[1]) / 2e-3, rel=1e-6)


WINOGRAD = [
    (4, 32, 32, (32, 32), (1, 1)),
    (9, 20, 37, (15, 13), (0, 2)),
    (33, 128, 64, (8, 8), (1, 1)),
    (1, 13, 17, (121, 90), (2, 1)),
    (64, 16, 32, (14, 14), (1, 1)),
]


@pytest.mark.parametrize("case", WINOGRAD)
def test_minimal_filtering_errs_little_more_than_the_sum(case: Any) -> None:
    """float32 against float64, which goes the plain way: within 16 of the plain sum's root mean square errors.

    The plain sum of r products errs by about sqrt(r) eps sqrt(r) / 2 of a product's size; the
    measured factor between the two is near 2, and its largest value near 6 standard deviations.
    """
    images, channels, outputs, size, pad = case
    x, w = normal(images, channels, *size), normal(outputs, channels, 3, 3)
    results = []
    for dtype in (np.float32, np.float64):
        leaves = [mg.tensor(a.astype(np.float32).astype(dtype)).requires_grad_() for a in (x, w)]
        y = F.conv2d(*leaves, padding=pad)
        weight = np.random.default_rng(5).standard_normal(y.shape).astype(np.float32)
        y.backward(mg.tensor(weight.astype(dtype)))
        results.append((y.detach().numpy(), leaves[0].grad.numpy(), leaves[1].grad.numpy()))
    sums = 9 * channels, 9 * outputs, images * int(np.prod(results[0][0].shape[2:]))
    for ours, exact, terms in zip(*results, sums, strict=True):
        error = ours - exact
        unit = np.finfo(np.float32).eps * np.sqrt(terms) * exact.std()
        assert np.sqrt((error**2).mean()) <= unit
        assert abs(error).max() <= 16 * unit


@pytest.mark.parametrize("case", [*WINOGRAD, (5, 3, 8, (20, 21), (1, 1))])
def test_the_same_bits_for_any_number_of_threads(case: Any) -> None:
    images, channels, outputs, size, pad = case
    x, w = normal(images, channels, *size, dtype=np.float32), normal(outputs, channels, 3, 3, dtype=np.float32)
    runs = []
    before = mg.get_num_threads()
    try:
        for threads in (1, 2, 3):
            mg.set_num_threads(threads)
            leaves = [mg.tensor(a).requires_grad_() for a in (x, w, np.zeros(outputs, np.float32))]
            y = F.conv2d(*leaves, padding=pad)
            (y * y).sum().backward()
            runs.append([y.detach().numpy().tobytes(), *(leaf.grad.numpy().tobytes() for leaf in leaves)])
    finally:
        mg.set_num_threads(before)
    assert runs[0] == runs[1] == runs[2]


@settings(max_examples=40)
@given(st.integers(0, 3), st.integers(0, 4), st.integers(0, 4), st.integers(1, 9), st.integers(1, 3), st.integers(1, 3))
def test_any_sizes(images: int, channels: int, outputs: int, size: int, kernel: int, stride: int) -> None:
    x, w = normal(images, channels, size + 2), normal(outputs, channels, kernel)
    y = F.conv1d(mg.tensor(x), mg.tensor(w), stride=stride)
    exact = slow_conv(x, w, (stride,), (0,), (1,), 1)
    np.testing.assert_allclose(y.numpy(), exact.astype(float), rtol=1e-12, atol=1e-12)


def test_views_and_unbatched_inputs() -> None:
    x, w = normal(6, 7, 3, 2), normal(4, 3, 2, 2)
    plain = F.conv2d(mg.tensor(np.ascontiguousarray(x.transpose(3, 2, 0, 1))), mg.tensor(w))
    viewed = F.conv2d(mg.tensor(x).permute(3, 2, 0, 1), mg.tensor(w[:, ::-1].copy()).flip(1))
    assert (plain == viewed).all().item()
    assert (F.conv2d(mg.tensor(x).permute(3, 2, 0, 1)[1], mg.tensor(w)) == plain[1]).all().item()


def test_same_and_valid_padding() -> None:
    x = mg.tensor(normal(2, 3, 10))
    w = mg.tensor(normal(4, 3, 4))
    same = F.conv1d(x, w, padding="same", dilation=2)
    assert same.shape == (2, 4, 10)
    assert (same == F.conv1d(F.pad(x, (3, 3)), w, dilation=2)).all().item()
    assert F.conv1d(x, w, padding="valid").shape == (2, 4, 7)
    # An even reach leaves the odd element behind.
    even = mg.tensor(normal(4, 3, 2))
    assert (F.conv1d(x, even, padding="same") == F.conv1d(F.pad(x, (0, 1)), even)).all().item()


def test_integers_are_exact() -> None:
    x, w = RNG.integers(-9, 9, (2, 3, 6, 6)), RNG.integers(-9, 9, (4, 3, 3, 3))
    y = F.conv2d(mg.tensor(x), mg.tensor(w), padding=1)
    assert y.dtype == mg.int64
    np.testing.assert_array_equal(y.numpy(), slow_conv(x, w, (1, 1), (1, 1), (1, 1), 1).astype(int))


def test_nan_reaches_what_sees_it() -> None:
    x = np.zeros((1, 1, 6, 6), np.float32)
    x[0, 0, 2, 3] = np.nan
    y = F.conv2d(mg.tensor(x), mg.ones(1, 1, 3, 3)).numpy()[0, 0]
    seen = np.zeros((4, 4), bool)
    seen[0:3, 1:4] = True
    np.testing.assert_array_equal(np.isnan(y), seen)


BAD = [
    (lambda: F.conv2d(mg.ones(1, 3, 4, 4), mg.ones(2, 4, 3, 3)), RuntimeError, r"\(1, 3, 4, 4\).*\(2, 4, 3, 3\)"),
    (lambda: F.conv2d(mg.ones(1, 3, 2, 2), mg.ones(2, 3, 3, 3)), RuntimeError, "can't be greater than actual input"),
    (lambda: F.conv2d(mg.ones(3, 4), mg.ones(2, 3, 3, 3)), RuntimeError, "Expected 3D .* or 4D"),
    (lambda: F.conv2d(mg.ones(1, 3, 4, 4), mg.ones(2, 3, 3)), RuntimeError, "expected 4-dimensional weight"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), stride=0), RuntimeError, "stride must be greater than zero"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), padding=-1), RuntimeError, "padding must be non-negative"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), dilation=0), RuntimeError, "dilation must be greater"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), stride=(1, 2)), RuntimeError, "tuple of 1 ints"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), stride="a"), TypeError, "stride must be an int"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), groups=0), RuntimeError, "groups must be at least 1"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), groups=1.0), TypeError, "groups must be an int"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), padding="some"), RuntimeError, "Invalid padding string"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), stride=2, padding="same"), RuntimeError, "not supported for"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), mg.ones(2)), RuntimeError, "bias to be 1-dimensional"),
    (lambda: F.conv1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1, dtype=mg.float64)), RuntimeError, "must have the same type"),
    (lambda: F.conv1d([1.0], mg.ones(1, 1, 1)), TypeError, "input must be a Tensor"),
    (lambda: F.conv_transpose1d(mg.ones(1, 2, 4), mg.ones(1, 1, 1)), RuntimeError, "2 channels|1 channels"),
    (lambda: F.conv_transpose1d(mg.ones(1, 1, 4), mg.ones(1, 1, 1), output_padding=1), RuntimeError, "must be smaller"),
    (lambda: F.conv_transpose1d(mg.ones(1, 1, 1), mg.ones(1, 1, 1), padding=3), RuntimeError, "too small"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_misuse(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def shape_of(**sizes: Any) -> Any:
    shape = ffi.new("mg_conv_shape_t *")
    shape.batch = shape.groups = shape.in_channels = shape.out_channels = 1
    for name in ("in_size", "out_size", "kernel", "stride", "dilation"):
        setattr(shape, name, [1, 1, 1])
    for name, value in sizes.items():
        setattr(shape, name, value)
    return shape


@pytest.mark.parametrize(
    ("sizes", "status"),
    [
        ({"stride": [1, 0, 1]}, lib.MG_ERR_ARGUMENT),
        ({"dilation": [1, 1, 0]}, lib.MG_ERR_ARGUMENT),
        ({"kernel": [0, 1, 1]}, lib.MG_ERR_ARGUMENT),
        ({"batch": 2**62, "in_size": [1, 8, 8]}, lib.MG_ERR_OVERFLOW),
        ({"in_size": [2**40, 2**40, 1]}, lib.MG_ERR_OVERFLOW),
        ({"out_size": [1, 1, 2**40], "stride": [1, 1, 2**40]}, lib.MG_ERR_OVERFLOW),
        ({"pad": [0, 0, 2**63]}, lib.MG_ERR_OVERFLOW),
        ({"batch": 0}, lib.MG_OK),
    ],
)
def test_the_core_checks_sizes_before_it_touches_anything(sizes: Any, status: int) -> None:
    one, out = np.ones(1), np.full(1, 7.0)
    shape = shape_of(**sizes)
    for call in (
        lambda: lib.mg_conv_forward_f64(shape, pointer(one), pointer(one), ffi.NULL, 0, pointer(out, True)),
        lambda: lib.mg_conv_input_grad_f64(shape, pointer(one), pointer(one), ffi.NULL, pointer(out, True)),
    ):
        assert call() == status
        assert out[0] == 7


@pytest.mark.parametrize(("size", "channels", "outputs"), [(5, 3, 15), (16, 16, 17), (33, 2, 1), (20, 24, 40)])
def test_nothing_is_written_beyond_the_outputs(size: int, channels: int, outputs: int) -> None:
    """Canaries around every result, at sizes that straddle vectors and tiles."""
    x = normal(3, channels, size, size, dtype=np.float32)
    w = normal(outputs, channels, 3, 3, dtype=np.float32)
    dy = normal(3, outputs, size, size, dtype=np.float32)
    square = {"in_size": [1, size, size], "out_size": [1, size, size], "kernel": [1, 3, 3], "pad": [0, 1, 1]}
    shape = shape_of(batch=3, in_channels=channels, out_channels=outputs, **square)
    for like, call in (
        (dy, lambda out: lib.mg_conv_forward_f32(shape, pointer(x), pointer(w), ffi.NULL, 0, out)),
        (x, lambda out: lib.mg_conv_input_grad_f32(shape, pointer(dy), pointer(w), ffi.NULL, out)),
        (w, lambda out: lib.mg_conv_weight_grad_f32(shape, pointer(x), pointer(dy), out, NULL)),
    ):
        guarded = np.full(like.size + 64, 123.0, np.float32)
        assert call(ffi.cast("float *", pointer(guarded, True)) + 32) == lib.MG_OK
        assert (guarded[:32] == 123).all() and (guarded[-32:] == 123).all()
        assert (guarded[32:-32] != 123).all()


def test_layers() -> None:
    layer = mg.nn.Conv2d(4, 6, (3, 5), stride=2, padding=(1, 2), groups=2)
    assert layer.weight.shape == (6, 2, 3, 5) and layer.bias.shape == (6,)
    bound = 1 / np.sqrt(2 * 15)
    assert abs(layer.weight.detach().numpy()).max() <= bound and abs(layer.bias.detach().numpy()).max() <= bound
    x = mg.tensor(normal(2, 4, 9, 9, dtype=np.float32))
    expected = F.conv2d(x, layer.weight, layer.bias, 2, (1, 2), 1, 2)
    assert (layer(x) == expected).all().item()
    assert repr(layer) == "Conv2d(4, 6, kernel_size=(3, 5), stride=(2, 2), padding=(1, 2), groups=2)"
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert mg.nn.Conv1d(2, 4, 3, bias=False).bias is None


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_padding_modes(mode: str) -> None:
    layer = mg.nn.Conv2d(2, 3, 3, padding=1, padding_mode=mode)
    x = mg.tensor(normal(1, 2, 5, 6, dtype=np.float32))
    expected = F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), layer.weight, layer.bias)
    assert (layer(x) == expected).all().item()


def test_a_transposed_layer_finds_the_size_asked_for() -> None:
    layer = mg.nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1)
    x = mg.ones(1, 3, 5, 5)
    assert layer(x).shape == (1, 2, 9, 9)
    assert layer(x, output_size=(10, 9)).shape == (1, 2, 10, 9)
    with pytest.raises(ValueError, match="output_size must have 2 or 4 elements"):
        layer(x, output_size=(12, 9))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mg.nn.Conv2d(3, 4, 3, groups=2), "in_channels must be divisible by groups"),
        (lambda: mg.nn.Conv2d(4, 3, 3, groups=2), "out_channels must be divisible by groups"),
        (lambda: mg.nn.Conv2d(4, 4, 3, groups=0), "groups must be a positive integer"),
        (lambda: mg.nn.Conv2d(1, 1, 3, padding_mode="some"), "padding_mode must be one of"),
        (lambda: mg.nn.Conv2d(1, 1, 3, padding="some"), "padding must be"),
        (lambda: mg.nn.Conv2d(1, 1, 3, stride=2, padding="same"), "not supported for strided"),
        (lambda: mg.nn.ConvTranspose2d(1, 1, 3, padding_mode="reflect"), 'only "zeros" padding mode'),
    ],
)
def test_misuse_of_layers(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("case", [(64, 16, 20, (15, 14), 1), (3, 2, 5, (7, 9), 0), (0, 2, 5, (7, 9), 0)])
def test_the_gradient_by_the_bias_is_a_sum(case: Any) -> None:
    """Together with that by the weights or alone; n gradients are added up in any order: n eps times their sizes."""
    images, channels, outputs, size, pad = case
    x, w = mg.tensor(normal(images, channels, *size, dtype=np.float32)), mg.tensor(normal(outputs, channels, 3, 3))
    w, b = w.to(mg.float32).requires_grad_(), mg.zeros(outputs).requires_grad_()
    y = F.conv2d(x, w, b, padding=pad)
    dy = normal(*y.shape, dtype=np.float32)
    exact, sizes = dy.sum((0, 2, 3), np.float64), np.abs(dy).sum((0, 2, 3))
    for needed in (True, False):
        w.requires_grad_(needed)
        b.grad = None
        F.conv2d(x, w, b, padding=pad).backward(mg.tensor(dy))
        assert (np.abs(b.grad.numpy() - exact) <= dy[:, 0].size * 2**-24 * sizes).all()
