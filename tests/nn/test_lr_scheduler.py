"""The schedules of the learning rate, against their formulas."""

from __future__ import annotations

import math

import pytest

import minigrad as mg

lr = mg.optim.lr_scheduler


def sgd(rate=1.0, **options):
    return mg.optim.SGD([mg.nn.Parameter(mg.zeros(1))], lr=rate, **options)


def rates(schedule, epochs=12):
    out = []
    for _ in range(epochs):
        out.append(schedule.get_last_lr()[0])
        schedule.optimizer.step()
        schedule.step()
    return out


FORMULAS = [
    (lambda o: lr.LambdaLR(o, lambda e: 1 / (1 + e)), lambda e: 1 / (1 + e)),
    (lambda o: lr.MultiplicativeLR(o, lambda e: 0.5), lambda e: 0.5**e),
    (lambda o: lr.StepLR(o, 3, 0.1), lambda e: 0.1 ** (e // 3)),
    (lambda o: lr.MultiStepLR(o, [2, 7], 0.1), lambda e: 0.1 ** ((e >= 2) + (e >= 7))),
    (lambda o: lr.ConstantLR(o, 0.25, 4), lambda e: 0.25 if e < 4 else 1.0),
    (lambda o: lr.LinearLR(o, 0.2, 1.0, 4), lambda e: 0.2 + 0.8 * min(e, 4) / 4),
    (lambda o: lr.ExponentialLR(o, 0.9), lambda e: 0.9**e),
    (lambda o: lr.PolynomialLR(o, 6, 2.0), lambda e: (1 - min(e, 6) / 6) ** 2),
    (lambda o: lr.CosineAnnealingLR(o, 5, 0.1), lambda e: 0.1 + 0.9 * (1 + math.cos(math.pi * e / 5)) / 2),
    (
        lambda o: lr.CosineAnnealingWarmRestarts(o, 4, eta_min=0.1),
        lambda e: 0.1 + 0.9 * (1 + math.cos(math.pi * (e % 4) / 4)) / 2,
    ),
    (
        lambda o: lr.CyclicLR(o, 0.1, 0.5, 3, cycle_momentum=False),
        lambda e: 0.1 + 0.4 * (1 - abs(e % 6 - 3) / 3),
    ),
]


@pytest.mark.parametrize(("make", "formula"), FORMULAS, ids=lambda f: None)
def test_twelve_epochs_follow_the_formula(make, formula):
    # A chained form multiplies twelve rounded factors.
    assert rates(make(sgd())) == pytest.approx([formula(e) for e in range(12)], rel=1e-13, abs=1e-15)


@pytest.mark.parametrize(("make", "formula"), FORMULAS[2:10], ids=lambda f: None)
def test_an_epoch_can_be_asked_for(make, formula):
    schedule = make(sgd())
    schedule.optimizer.step()
    if isinstance(schedule, lr.CosineAnnealingWarmRestarts):
        schedule.step(7)
    else:
        with pytest.warns(UserWarning, match="epoch parameter"):
            schedule.step(7)
    assert schedule.get_last_lr()[0] == pytest.approx(formula(7), rel=1e-13, abs=1e-15)
    assert schedule.last_epoch == 7


def test_one_cycle_rises_and_falls_with_the_momentum_against_it():
    optimizer = sgd(momentum=0.9)
    schedule = lr.OneCycleLR(optimizer, max_lr=1.0, total_steps=11, pct_start=0.5, anneal_strategy="linear")
    seen = []
    for step in range(11):
        seen.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))
        optimizer.step()
        if step < 10:
            schedule.step()
    assert seen[0] == (pytest.approx(1 / 25), pytest.approx(0.95))
    assert max(rate for rate, _ in seen) <= 1.0 and seen[-1][0] == pytest.approx(1 / 25 / 1e4)
    assert min(momentum for _, momentum in seen) >= 0.85 and seen[-1][1] == pytest.approx(0.95)
    schedule.step()
    with pytest.raises(ValueError, match="Tried to step 12 times"):
        schedule.step()


def test_a_plateau_waits_and_then_reduces():
    optimizer = sgd()
    schedule = lr.ReduceLROnPlateau(optimizer, patience=1, factor=0.5, cooldown=1, min_lr=0.2)
    seen = []
    for metric in [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]:
        schedule.step(metric)
        seen.append(schedule.get_last_lr()[0])
    assert seen[:4] == [1.0, 1.0, 1.0, 0.5] and seen[-1] == 0.2
    assert schedule.best == 0.9


def test_a_nan_metric_is_no_improvement():
    schedule = lr.ReduceLROnPlateau(sgd(), patience=0, factor=0.5)
    schedule.step(1.0)
    schedule.step(mg.tensor(float("nan")))
    assert schedule.get_last_lr() == [0.5] and schedule.best == 1.0


def test_warm_up_then_cosine():
    optimizer = sgd()
    parts = [lr.LinearLR(optimizer, 0.25, total_iters=3), lr.CosineAnnealingLR(optimizer, 4)]
    seen = rates(lr.SequentialLR(optimizer, parts, [3]), 8)
    cosine = [(1 + math.cos(math.pi * e / 4)) / 2 for e in range(5)]
    assert seen == pytest.approx([0.25, 0.5, 0.75, *cosine], abs=1e-15)


def test_chained_schedules_multiply():
    optimizer = sgd()
    parts = [lr.ConstantLR(optimizer, 0.5, 3), lr.ExponentialLR(optimizer, 0.9)]
    seen = rates(lr.ChainedScheduler(parts, optimizer), 6)
    assert seen == pytest.approx([(0.5 if e < 3 else 1.0) * 0.9**e for e in range(6)])


def test_a_tensor_rate_is_changed_in_place():
    rate = mg.tensor(1.0)
    optimizer = mg.optim.SGD([mg.nn.Parameter(mg.zeros(1))], lr=rate)
    schedule = lr.StepLR(optimizer, 1, 0.5)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] is rate and rate.item() == 0.5


def test_state_is_everything_but_the_optimizer():
    schedule = lr.StepLR(sgd(), 2)
    state = schedule.state_dict()
    assert "optimizer" not in state and state["last_epoch"] == 0

    class Halving:
        def __init__(self):
            self.base = 0.5

        def __call__(self, epoch):
            return self.base**epoch

    first, second = lr.LambdaLR(sgd(), Halving()), lr.LambdaLR(sgd(), Halving())
    first.lr_lambdas[0].base = 0.25
    second.load_state_dict(first.state_dict())
    assert second.lr_lambdas[0].base == 0.25


def test_order_of_the_two_steps_is_watched():
    schedule = lr.StepLR(sgd(), 2)
    with pytest.warns(UserWarning, match=r"before `optimizer.step\(\)`"):
        schedule.step()
    schedule = lr.StepLR(sgd(), 2)
    schedule.optimizer.step()
    schedule.step()
    with pytest.warns(UserWarning, match="get_last_lr"):
        schedule.get_lr()
    optimizer = sgd()
    schedule = lr.StepLR(optimizer, 2)
    optimizer.step = lambda: None
    with pytest.warns(UserWarning, match="has been overridden"):
        schedule.step()


def test_resuming_needs_the_initial_rates():
    optimizer = sgd()
    with pytest.raises(KeyError, match="initial_lr"):
        lr.StepLR(optimizer, 2, last_epoch=3)
    optimizer.param_groups[0]["initial_lr"] = 1.0
    assert lr.ExponentialLR(optimizer, 0.5, last_epoch=3).last_epoch == 4


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: lr.StepLR(3, 1), TypeError, "int is not an Optimizer"),
        (lambda: lr.LambdaLR(sgd(), [abs, abs]), ValueError, "Expected 1 lr_lambdas, but got 2"),
        (lambda: lr.MultiplicativeLR(sgd(), 0.5), TypeError, "lr_lambda should be a function"),
        (lambda: lr.ConstantLR(sgd(), 1.5), ValueError, "between 0 and 1"),
        (lambda: lr.LinearLR(sgd(), 0.0), ValueError, "greater than 0"),
        (lambda: lr.LinearLR(sgd(), 0.5, 1.5), ValueError, "between 0 and 1"),
        (lambda: lr.CyclicLR(sgd(), 0.1, 1.0, mode="round"), ValueError, "mode is invalid"),
        (lambda: lr.CyclicLR(mg.optim.Adagrad([mg.nn.Parameter(mg.zeros(1))]), 0.1, 1.0), ValueError, "momentum"),
        (lambda: lr.CyclicLR(sgd(), [0.1, 0.2], 1.0), ValueError, "same length as optimizer.param_groups"),
        (lambda: lr.OneCycleLR(sgd(), 1.0), ValueError, "total_steps OR"),
        (lambda: lr.OneCycleLR(sgd(), 1.0, total_steps=0), ValueError, "positive integer total_steps"),
        (lambda: lr.OneCycleLR(sgd(), 1.0, epochs=0, steps_per_epoch=3), ValueError, "positive integer epochs"),
        (lambda: lr.OneCycleLR(sgd(), 1.0, 10, pct_start=1.5), ValueError, "pct_start"),
        (lambda: lr.OneCycleLR(sgd(), 1.0, 10, anneal_strategy="jump"), ValueError, "'cos' or 'linear'"),
        (lambda: lr.CosineAnnealingWarmRestarts(sgd(), 0), ValueError, "positive integer T_0"),
        (lambda: lr.CosineAnnealingWarmRestarts(sgd(), 2, 0), ValueError, "T_mult >= 1"),
        (lambda: lr.CosineAnnealingWarmRestarts(sgd(), 2, 1, "x"), ValueError, "eta_min"),
        (lambda: lr.CosineAnnealingWarmRestarts(sgd(), 2).step(-1), ValueError, "non-negative epoch"),
        (lambda: lr.ReduceLROnPlateau(sgd(), factor=1.0), ValueError, "Factor should be < 1.0"),
        (lambda: lr.ReduceLROnPlateau(sgd(), mode="up"), ValueError, "mode up is unknown"),
        (lambda: lr.ReduceLROnPlateau(sgd(), threshold_mode="x"), ValueError, "threshold mode x is unknown"),
        (lambda: lr.ReduceLROnPlateau(sgd(), min_lr=[1, 2]), ValueError, "same length"),
        (lambda: lr.SequentialLR(sgd(), [], []), ValueError, "at least one scheduler"),
        (lambda: lr.ChainedScheduler([]), ValueError, "at least one scheduler"),
        (lambda: lr.ChainedScheduler([3]), TypeError, "should have `optimizer`"),
        (lambda: lr.ChainedScheduler([lr.ReduceLROnPlateau(sgd())]), ValueError, "ReduceLROnPlateau"),
        (lambda: lr.ChainedScheduler([lr.StepLR(sgd(), 1), lr.StepLR(sgd(), 1)]), ValueError, "same optimizer"),
        (lambda: mg.optim.swa_utils.SWALR(sgd(), 0.1, -1), ValueError, "anneal_epochs"),
        (lambda: mg.optim.swa_utils.SWALR(sgd(), 0.1, 1, "x"), ValueError, "'cos' or 'linear'"),
    ],
)
def test_what_a_schedule_refuses(make, kind, text):
    with pytest.raises(kind, match=text):
        make()


def test_milestones_are_one_fewer_than_schedules():
    optimizer = sgd()
    with pytest.raises(ValueError, match="one more than the number of milestone"):
        lr.SequentialLR(optimizer, [lr.StepLR(optimizer, 1)], [3])


def test_a_new_group_needs_its_own_floor():
    optimizer = sgd()
    schedule = lr.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0.1])
    optimizer.add_param_group({"params": [mg.nn.Parameter(mg.zeros(1))]})
    schedule.step(1.0)
    with pytest.raises(RuntimeError, match="min_lrs"):
        schedule.step(2.0)
