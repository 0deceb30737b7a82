"""Losses: definitions, reductions, gradients, extremes, refusals, threads."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad._native import lib, pointer
from minigrad.autograd import gradcheck, gradgradcheck

F = mg.nn.functional

pytestmark = pytest.mark.native

DTYPES = [np.float32, np.float64]


def normal(seed, *shape, dtype=np.float64, scale=1.0):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(dtype)


def uniform(seed, *shape, dtype=np.float64):
    return np.random.default_rng(seed).uniform(0.05, 0.95, shape).astype(dtype)


def tensor(values, requires_grad=False):
    return mg.from_numpy(np.array(values)).requires_grad_(requires_grad)


def rows_of(x, target, weight=None, smoothing=0.0, ignore=-100):
    """Cross entropy of rows, one by one, in long double: losses and what the mean divides by."""
    x = x.astype(np.longdouble)
    classes = x.shape[1]
    w = np.ones(classes) if weight is None else weight.astype(np.longdouble)
    losses, total = [], 0.0
    for row, t in zip(x, target, strict=True):
        if t == ignore:
            losses.append(0.0)
            continue
        lse = row.max() + np.log(np.exp(row - row.max()).sum())
        losses.append((1 - smoothing) * w[t] * (lse - row[t]) + smoothing / classes * (w * (lse - row)).sum())
        total += w[t]
    return np.array(losses), total


PAIRS = {
    "mse": (F.mse_loss, lambda x, t: (x - t) ** 2, normal),
    "l1": (F.l1_loss, lambda x, t: abs(x - t), normal),
    "huber": (
        lambda x, t, **k: F.huber_loss(x, t, delta=0.7, **k),
        lambda x, t: np.where(abs(x - t) <= 0.7, (x - t) ** 2 / 2, 0.7 * (abs(x - t) - 0.35)),
        normal,
    ),
    "smooth_l1": (
        lambda x, t, **k: F.smooth_l1_loss(x, t, beta=0.7, **k),
        lambda x, t: np.where(abs(x - t) < 0.7, (x - t) ** 2 / 1.4, abs(x - t) - 0.35),
        normal,
    ),
    "bce": (F.binary_cross_entropy, lambda x, t: -t * np.log(x) - (1 - t) * np.log(1 - x), uniform),
    "logits": (
        F.binary_cross_entropy_with_logits,
        lambda x, t: np.log1p(np.exp(x)) - t * x,
        uniform,
    ),
    "kl": (F.kl_div, lambda x, t: t * (np.log(t) - x), uniform),
    "kl_log": (
        lambda x, t, **k: F.kl_div(x, t, log_target=True, **k),
        lambda x, t: np.exp(t) * (t - x),
        normal,
    ),
}


@pytest.mark.filterwarnings("ignore:kl_div")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (17,), (67, 3), (9000,), (0,)])
@pytest.mark.parametrize("name", PAIRS)
def test_pairs_are_their_definitions(name, shape, dtype):
    function, definition, draw = PAIRS[name]
    x, t = draw(1, *shape, dtype=dtype), draw(2, *shape, dtype=dtype)
    want = definition(x.astype(np.longdouble), t.astype(np.longdouble))
    eps = np.finfo(dtype).eps
    each = function(tensor(x), tensor(t), reduction="none")
    assert each.shape == shape and each.dtype.numpy == dtype
    assert np.abs(each.numpy() - want).max(initial=0) <= 40 * eps * (1 + np.abs(want).max(initial=0))
    total = function(tensor(x), tensor(t), reduction="sum").item()
    assert abs(total - want.sum()) <= 40 * eps * (1 + np.abs(want).sum())
    mean = function(tensor(x), tensor(t)).item()
    assert math.isnan(mean) if not x.size else abs(mean - want.mean()) <= 40 * eps * (1 + np.abs(want).mean())


@pytest.mark.filterwarnings("ignore:kl_div")
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("name", PAIRS)
def test_derivatives_of_pairs(name, reduction):
    function, _, draw = PAIRS[name]
    x, t = tensor(draw(3, 3, 7), True), tensor(draw(4, 3, 7), True)
    assert gradcheck(lambda a, b: function(a, b, reduction=reduction), (x, t))
    if reduction != "none" and name not in ("l1", "huber", "smooth_l1"):
        assert gradgradcheck(lambda a, b: function(a, b, reduction=reduction), (x, t))


def test_second_derivatives_across_a_kink_are_those_of_each_side():
    x = tensor(np.array([-2.0, -0.3, 0.3, 2.0]), True)
    (first,) = mg.grad(F.huber_loss(x, mg.zeros(4).double(), reduction="sum", delta=1.0), [x], create_graph=True)
    assert first.tolist() == [-1, -0.3, 0.3, 1]
    (second,) = mg.grad(first.sum(), [x])
    assert second.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_cross_entropy_stays_finite(dtype):
    x = tensor(np.array([0, 1, 0, 1], dtype), True)
    t = tensor(np.array([0, 1, 1, 0], dtype))
    loss = F.binary_cross_entropy(x, t, reduction="none")
    assert loss.tolist() == [0, 0, 100, 100]
    loss.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    z = tensor(np.array([1e4, -1e4, 1e4, -1e4], dtype))
    assert F.binary_cross_entropy_with_logits(z, tensor(np.array([1, 0, 0, 1], dtype)), reduction="none").tolist() == [
        0,
        0,
        1e4,
        1e4,
    ]


def test_kl_of_no_probability_and_batchmean():
    x = tensor(np.log(np.array([[0.5, 0.5], [0.25, 0.75]])))
    t = tensor(np.array([[0.0, 1.0], [0.25, 0.75]]))
    assert F.kl_div(x, t, reduction="batchmean").item() == pytest.approx(math.log(2) / 2, rel=1e-15)
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(x, t)


def test_weights_of_elements():
    x, t, w = uniform(1, 4, 3), uniform(2, 4, 3), uniform(3, 3)
    each = -t * np.log(x) - (1 - t) * np.log(1 - x)
    assert F.binary_cross_entropy(tensor(x), tensor(t), tensor(w)).item() == pytest.approx((each * w).mean())
    p = np.array([0.5, 2, 3])
    z = normal(4, 4, 3)
    s = 1 / (1 + np.exp(-z))
    each = -p * t * np.log(s) - (1 - t) * np.log(1 - s)
    got = F.binary_cross_entropy_with_logits(tensor(z), tensor(t), tensor(w), pos_weight=tensor(p))
    assert got.item() == pytest.approx((each * w).mean())
    square = (z - t) ** 2
    v = np.broadcast_to(w, (4, 3)).copy()
    assert F.mse_loss(tensor(z), tensor(t), weight=tensor(v)).item() == pytest.approx((square * v).sum() / v.sum())


@given(
    rows=st.integers(1, 40),
    classes=st.sampled_from([1, 2, 3, 10, 15, 16, 17, 100]),
    weighted=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 99),
)
def test_cross_entropy_is_its_definition(rows, classes, weighted, smoothing, dtype, seed):
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal((rows, classes)) * 3).astype(dtype)
    target = rng.integers(0, classes, rows)
    target[rng.random(rows) < 0.2] = -1
    weight = rng.uniform(0.5, 2, classes).astype(dtype) if weighted else None
    want, total = rows_of(x, target, weight, smoothing, -1)
    options = {"weight": weight if weight is None else tensor(weight), "ignore_index": -1, "label_smoothing": smoothing}
    bound = 60 * np.finfo(dtype).eps * (1 + np.abs(x).max())
    each = F.cross_entropy(tensor(x), tensor(target), reduction="none", **options)
    assert np.abs(each.numpy() - want).max() <= bound
    mean = F.cross_entropy(tensor(x), tensor(target), **options).item()
    assert math.isnan(mean) if total == 0 else abs(mean - want.sum() / total) <= bound
    log_p = mg.log_softmax(tensor(x), 1)
    if smoothing == 0:
        nll = F.nll_loss(log_p, tensor(target), options["weight"], ignore_index=-1, reduction="none").numpy()
        assert np.abs(nll - want).max() <= 2 * bound


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize(
    ("shape", "target"), [((4,), ()), ((5, 4), (5,)), ((2, 3, 4), (2, 4)), ((2, 3, 2, 2), (2, 2, 2))]
)
def test_derivatives_of_cross_entropy(shape, target, smoothing, reduction):
    classes = shape[0] if len(shape) == 1 else shape[1]
    index = np.random.default_rng(5).integers(0, classes, target)
    if index.ndim:
        index.reshape(-1)[0] = -100
    x, w, t = tensor(normal(6, *shape), True), tensor(uniform(7, classes)), tensor(index)

    def loss(a):
        return F.cross_entropy(a, t, w, reduction=reduction, label_smoothing=smoothing)

    assert gradcheck(loss, (x,)) and gradgradcheck(loss, (x,))
    assert gradcheck(lambda a: F.nll_loss(a, t, w, reduction=reduction), (x,))
    p = tensor(uniform(8, *shape), True)

    def soft(a, b):
        return F.cross_entropy(a, b, w, reduction=reduction, label_smoothing=smoothing)

    assert gradcheck(soft, (x, p))


def test_a_distribution_with_all_its_weight_on_a_class_is_that_class():
    x, index = normal(9, 6, 5), np.array([0, 4, 2, 2, 1, 3])
    hot = np.eye(5)[index]
    w = tensor(uniform(10, 5))
    for reduction in ("none", "sum"):
        a = F.cross_entropy(tensor(x), tensor(index), w, reduction=reduction, label_smoothing=0.1)
        b = F.cross_entropy(tensor(x), tensor(hot), w, reduction=reduction, label_smoothing=0.1)
        assert np.abs(a.numpy() - b.numpy()).max() < 1e-14


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy_of_large_logits_keeps_its_digits(dtype):
    small = normal(11, 8, 10, dtype=dtype)
    small = np.round(small * 64) / 64
    target = tensor(np.arange(8))
    shift = dtype(2.0**14)  # added exactly
    a, b = tensor(small, True), tensor(small + shift, True)
    la, lb = F.cross_entropy(a, target), F.cross_entropy(b, target)
    la.backward()
    lb.backward()
    assert la.item() == lb.item()
    assert np.array_equal(a.grad.numpy(), b.grad.numpy())
    sums = a.grad.numpy().astype(np.longdouble).sum(axis=1)
    assert np.abs(sums).max() <= 10 * np.finfo(dtype).eps


def test_every_row_ignored_gives_nan_and_no_gradient():
    x = tensor(normal(12, 3, 4), True)
    loss = F.cross_entropy(x, mg.tensor([-100, -100, -100]))
    assert math.isnan(loss.item())
    loss.backward()
    assert (x.grad.numpy() == 0).all()
    assert math.isnan(F.cross_entropy(mg.zeros(0, 3), mg.zeros(0).long()).item())
    assert F.cross_entropy(mg.zeros(0, 3), mg.zeros(0).long(), reduction="sum").item() == 0


def test_a_target_out_of_range_is_named_with_its_row():
    x = mg.zeros(4, 3)
    for bad in (3, -1, 2**40):
        for function in (F.cross_entropy, F.nll_loss):
            with pytest.raises(IndexError, match=f"Target {bad} at row 2 is out of bounds"):
                function(x, mg.tensor([0, 1, bad, 9]))
    with pytest.raises(IndexError, match=r"at row \(1, 0\)"):
        F.cross_entropy(mg.zeros(2, 3, 2), mg.tensor([[0, 1], [5, 0]]))
    with pytest.raises(IndexError, match=r"at row \(\)"):
        F.cross_entropy(mg.zeros(3), mg.tensor(7))


def test_refusals():
    x = mg.zeros(4, 3)
    with pytest.raises(RuntimeError, match=r"target must have shape \(4,\).*got int64 \(3,\)"):
        F.cross_entropy(x, mg.tensor([0, 1, 2]))
    with pytest.raises(RuntimeError, match="one value for each of the 3 classes"):
        F.cross_entropy(x, mg.tensor([0, 1, 2, 0]), mg.ones(2))
    with pytest.raises(RuntimeError, match="class indices"):
        F.cross_entropy(x, mg.ones(4))
    with pytest.raises(RuntimeError, match="label_smoothing must be between"):
        F.cross_entropy(x, mg.tensor([0, 1, 2, 0]), label_smoothing=1.5)
    with pytest.raises(ValueError, match="'average' is not a valid value for reduction"):
        F.cross_entropy(x, mg.tensor([0, 1, 2, 0]), reduction="average")
    with pytest.raises(RuntimeError, match="floating-point"):
        F.mse_loss(mg.tensor([1]), mg.tensor([2]))
    mismatch = pytest.raises(RuntimeError, match=r"must broadcast; got float32 \(4, 3\).* and float32 \(2,\)")
    with mismatch, pytest.warns(UserWarning, match="different to the input size"):
        F.mse_loss(x, mg.ones(2))
    with pytest.warns(UserWarning, match="different to the input size"):
        assert F.l1_loss(x, mg.ones(3)).item() == 1
    for value in (-0.1, 1.1, math.nan):
        with pytest.raises(RuntimeError, match="between 0 and 1"):
            F.binary_cross_entropy(mg.tensor([0.5, value]), mg.tensor([0.0, 1.0]))
    with pytest.raises(ValueError, match="different to the input size"):
        F.binary_cross_entropy(mg.tensor([0.5]), mg.tensor([0.0, 1.0]))
    with pytest.raises(RuntimeError, match="delta"):
        F.huber_loss(x, x, delta=0.0)
    with pytest.raises(RuntimeError, match="beta"):
        F.smooth_l1_loss(x, x, beta=-1.0)
    with pytest.warns(UserWarning, match="size_average and reduce are deprecated"):
        assert F.mse_loss(x, x + 1, size_average=False).item() == 12


def test_backward_through_a_changed_or_freed_input_is_refused():
    x = mg.zeros(2, 3).requires_grad_()
    y = x * 1.0
    loss = F.cross_entropy(y, mg.tensor([0, 1]))
    y.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
    loss = F.cross_entropy(x, mg.tensor([0, 1]))
    loss.backward(retain_graph=True)
    first = x.grad.numpy().copy()
    loss.backward()
    assert np.array_equal(x.grad.numpy(), 2 * first)
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()


def test_the_same_bits_for_any_number_of_threads():
    x, t = normal(13, 300, 700, dtype=np.float32), normal(14, 300, 700, dtype=np.float32)
    index = tensor(np.random.default_rng(0).integers(0, 700, 300))
    before, found = mg.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            mg.set_num_threads(threads)
            a = tensor(x, True)
            losses = [F.cross_entropy(a, index, label_smoothing=0.1), F.mse_loss(a, tensor(t))]
            for loss in losses:
                loss.backward()
            found.append(([loss.item() for loss in losses], a.grad.numpy().tobytes()))
    finally:
        mg.set_num_threads(before)
    assert found[0] == found[1] == found[2]


def test_margin_losses_by_hand():
    x = mg.tensor([[0.1, 0.2, 0.4, 0.8]])
    assert F.multi_margin_loss(x, mg.tensor([3])).item() == pytest.approx((0.3 + 0.4 + 0.6) / 4)
    assert F.multilabel_margin_loss(x, mg.tensor([[3, 0, -1, 1]])).item() == pytest.approx(0.85)
    assert F.margin_ranking_loss(mg.tensor([1.0, 2.0]), mg.tensor([2.0, 1.0]), mg.tensor([1.0, 1.0])).item() == 0.5
    assert F.hinge_embedding_loss(mg.tensor([0.25, 0.25]), mg.tensor([1.0, -1.0])).item() == 0.5
    assert F.soft_margin_loss(mg.tensor([0.0]), mg.tensor([1.0])).item() == pytest.approx(math.log(2))
    a, p, n = mg.tensor([[0.0, 0.0]]), mg.tensor([[3.0, 4.0]]), mg.tensor([[0.0, 2.0]])
    assert F.triplet_margin_loss(a, p, n, eps=0.0).item() == 4
    assert F.triplet_margin_loss(a, p, n, eps=0.0, swap=True).item() == 4
    same = F.cosine_embedding_loss(p, p, mg.tensor([1.0])).item()
    assert same == pytest.approx(0, abs=1e-6)
    assert F.cosine_similarity(p, n).item() == pytest.approx(0.8)
    assert F.pairwise_distance(a, p, eps=0.0).item() == 5
    assert F.normalize(p).tolist() == [pytest.approx([0.6, 0.8])]
    assert F.poisson_nll_loss(mg.tensor([0.0]), mg.tensor([2.0])).item() == 1
    assert F.gaussian_nll_loss(mg.tensor([1.0]), mg.tensor([3.0]), mg.tensor([4.0])).item() == pytest.approx(
        (math.log(4) + 1) / 2
    )


MARGINS = [
    lambda x, y: F.cosine_similarity(x, y),
    lambda x, y: F.normalize(x, 3.0),
    lambda x, y: F.pairwise_distance(x, y),
    lambda x, y: F.triplet_margin_loss(x, y, y * 0.5 + 1),
    lambda x, y: F.soft_margin_loss(x, y),
    lambda x, y: F.poisson_nll_loss(x, y, full=False),
    lambda x, y: F.gaussian_nll_loss(x, y, y * y + 1, full=True),
    lambda x, y: F.multi_margin_loss(x, mg.tensor([0, 2, 1]), p=2),
    lambda x, y: F.multilabel_soft_margin_loss(x, y),
    lambda x, y: F.cosine_embedding_loss(x, y, mg.tensor([1.0, -1.0, 1.0]).double(), margin=-1.0),
]


@pytest.mark.parametrize("number", range(len(MARGINS)))
def test_derivatives_of_the_others(number):
    function = MARGINS[number]
    x, y = tensor(normal(15, 3, 4), True), tensor(normal(16, 3, 4), True)
    assert gradcheck(function, (x, y))


def test_no_gradient_at_a_distance_of_zero_is_infinite():
    x = mg.zeros(2, 3).requires_grad_()
    (F.normalize(x).sum() + F.pairwise_distance(x, mg.zeros(2, 3), eps=0.0).sum()).backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_modules_are_their_functions():
    x, t = normal(17, 4, 3), uniform(18, 4, 3)
    index = mg.tensor([0, 2, 1, 1])
    w = tensor(uniform(19, 3))
    pairs = [
        (mg.nn.MSELoss(), F.mse_loss),
        (mg.nn.L1Loss(reduction="sum"), lambda a, b: F.l1_loss(a, b, reduction="sum")),
        (mg.nn.HuberLoss(delta=0.5), lambda a, b: F.huber_loss(a, b, delta=0.5)),
        (mg.nn.SmoothL1Loss(beta=0.5), lambda a, b: F.smooth_l1_loss(a, b, beta=0.5)),
        (mg.nn.BCEWithLogitsLoss(w), lambda a, b: F.binary_cross_entropy_with_logits(a, b, w)),
        (mg.nn.KLDivLoss(reduction="batchmean"), lambda a, b: F.kl_div(a, b, reduction="batchmean")),
    ]
    for module, function in pairs:
        assert module(tensor(x), tensor(t)).item() == function(tensor(x), tensor(t)).item()
    loss = mg.nn.CrossEntropyLoss(w, label_smoothing=0.1)
    assert loss(tensor(x), index).item() == F.cross_entropy(tensor(x), index, w, label_smoothing=0.1).item()
    assert list(loss.state_dict()) == ["weight"]
    head = mg.nn.LinearCrossEntropyLoss(3, 5, bias=True, dtype=mg.float64)
    logits = F.linear(tensor(x), head.linear.weight, head.linear.bias)
    assert head(tensor(x), index).item() == F.cross_entropy(logits, index).item()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mg.nn.TripletMarginLoss()(tensor(x), tensor(t), tensor(x)).item() > 0


def test_c_refuses_unknown_kinds():
    x, out = np.ones(4), np.full(4, 7.0)
    assert lib.mg_loss_f64(99, 4, pointer(x), pointer(x), 0, 0, pointer(out, True), pointer(out, True)) == (
        lib.MG_ERR_ARGUMENT
    )
    assert (out == 7).all()
    assert lib.mg_loss_backward_f64(
        99, 4, pointer(x), pointer(x), 0, 0, pointer(x), 0, 1.0, pointer(out, True), pointer(out, True)
    ) == (lib.MG_ERR_ARGUMENT)
    assert (out == 7).all()
