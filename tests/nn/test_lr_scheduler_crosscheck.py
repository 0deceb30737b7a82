"""The schedules against PyTorch's: rates and momenta over thirty epochs, and after a restart."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import minigrad as mg  # noqa: E402

# name, arguments; each is built for both libraries.
CASES = [
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.9**epoch}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 1 / (1 + epoch), lambda epoch: 0.5]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.9 + 0.01 * (epoch % 3)}),
    ("StepLR", {"step_size": 3}),
    ("StepLR", {"step_size": 5, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 9], "gamma": 0.5}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 3}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.6, "total_iters": 7}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 4}),
    ("ExponentialLR", {"gamma": 0.8}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 8, "power": 2.5}),
    ("CosineAnnealingLR", {"T_max": 5}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 1}),
    ("CosineAnnealingWarmRestarts", {"T_0": 4}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4}),
    ("CyclicLR", {"base_lr": [0.01, 0.02], "max_lr": [0.1, 0.3], "step_size_up": 3, "step_size_down": 5}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 2, "mode": "triangular2", "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "mode": "exp_range", "gamma": 0.9}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "scale_fn": lambda x: 1 / x}),
    (
        "CyclicLR",
        {
            "base_lr": 0.01,
            "max_lr": 0.1,
            "step_size_up": 4,
            "scale_fn": lambda x: 1 / (1 + x),
            "scale_mode": "iterations",
        },
    ),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 31}),
    ("OneCycleLR", {"max_lr": [0.5, 0.2], "epochs": 8, "steps_per_epoch": 4, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 40, "three_phase": True, "pct_start": 0.2}),
]
IDS = [f"{name}-{i}" for i, (name, _) in enumerate(CASES)]
OPTIMIZERS = [("SGD", {"lr": 0.3, "momentum": 0.9}), ("Adam", {"lr": 0.3})]


def make(library, optimizer, options):
    params = [library.nn.Parameter(library.zeros(2)) for _ in range(2)]
    groups = [{"params": [params[0]]}, {"params": [params[1]], "lr": 0.2}]
    return getattr(library.optim, optimizer)(groups, **options)


def snapshot(optimizer):
    return [(group["lr"], group.get("momentum"), group.get("betas")) for group in optimizer.param_groups]


def same(mine, theirs):
    for (lr, momentum, betas), (lr_, momentum_, betas_) in zip(mine, theirs, strict=True):
        # The chained form multiplies thirty rounded factors; the cosine's ratios add theirs.
        assert lr == pytest.approx(lr_, rel=1e-12, abs=1e-15)
        for got, wanted in ((momentum, momentum_), (betas, betas_)):
            assert got is wanted or got == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o[0])
@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
def test_thirty_epochs(name, arguments, optimizer):
    pairs = []
    for library in (mg, torch):
        made = make(library, *optimizer)
        pairs.append((made, getattr(library.optim.lr_scheduler, name)(made, **arguments)))
    for _ in range(30):
        same(snapshot(pairs[0][0]), snapshot(pairs[1][0]))
        assert pairs[0][1].get_last_lr() == pytest.approx(pairs[1][1].get_last_lr(), rel=1e-12, abs=1e-15)
        for made, schedule in pairs:
            made.step()
            schedule.step()
    assert pairs[0][1].last_epoch == pairs[1][1].last_epoch == 30


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
def test_a_restart_goes_on(name, arguments):
    whole, parts = make(mg, *OPTIMIZERS[0]), make(mg, *OPTIMIZERS[0])
    cls = getattr(mg.optim.lr_scheduler, name)
    a, b = cls(whole, **arguments), cls(parts, **arguments)
    for _ in range(10):
        for made, schedule in ((whole, a), (parts, b)):
            made.step()
            schedule.step()
    again = make(mg, *OPTIMIZERS[0])
    c = cls(again, **arguments)
    again.load_state_dict(parts.state_dict())
    c.load_state_dict(b.state_dict())
    for _ in range(10):
        for made, schedule in ((whole, a), (again, c)):
            made.step()
            schedule.step()
        same(snapshot(again), snapshot(whole))


def compose(library, optimizer, how):
    schedules = library.optim.lr_scheduler
    if how == "sequential":
        parts = [schedules.LinearLR(optimizer, 0.1, total_iters=4), schedules.CosineAnnealingLR(optimizer, 10)]
        return schedules.SequentialLR(optimizer, parts, [4])
    if how == "three":
        parts = [
            schedules.ConstantLR(optimizer, 0.5, 2),
            schedules.ExponentialLR(optimizer, 0.9),
            schedules.StepLR(optimizer, 2),
        ]
        return schedules.SequentialLR(optimizer, parts, [3, 8])
    parts = [schedules.ConstantLR(optimizer, 0.5, 4), schedules.ExponentialLR(optimizer, 0.9)]
    return schedules.ChainedScheduler(parts, optimizer)


@pytest.mark.parametrize("how", ["sequential", "three", "chained"])
def test_schedules_of_schedules(how):
    pairs = []
    for library in (mg, torch):
        made = make(library, *OPTIMIZERS[0])
        pairs.append((made, compose(library, made, how)))
    for _ in range(20):
        same(snapshot(pairs[0][0]), snapshot(pairs[1][0]))
        for made, schedule in pairs:
            made.step()
            schedule.step()


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("options", [{}, {"cooldown": 2}, {"min_lr": [0.05, 0.01]}, {"threshold": 0.1}])
def test_plateau(mode, threshold_mode, options):
    metrics = [3.0, 2.5, 2.49, 2.51, 2.4999, 2.6, 2.4, 2.41, 2.42, 2.43, 2.44, 2.45, 2.2, 2.3, 2.3, 2.3, 2.3, 2.3]
    pairs = []
    for library in (mg, torch):
        made = make(library, *OPTIMIZERS[0])
        schedule = library.optim.lr_scheduler.ReduceLROnPlateau(
            made, mode=mode, threshold_mode=threshold_mode, patience=2, factor=0.5, **options
        )
        pairs.append((made, schedule))
    for metric in metrics:
        for _, schedule in pairs:
            schedule.step(metric)
        same(snapshot(pairs[0][0]), snapshot(pairs[1][0]))


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 5])
def test_swalr(strategy, epochs):
    pairs = []
    for library in (mg, torch):
        made = make(library, *OPTIMIZERS[0])
        pairs.append((made, library.optim.swa_utils.SWALR(made, 0.05, epochs, strategy)))
    for _ in range(10):
        for made, schedule in pairs:
            made.step()
            schedule.step()
        same(snapshot(pairs[0][0]), snapshot(pairs[1][0]))
