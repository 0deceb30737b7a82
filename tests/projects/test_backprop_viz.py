"""backprop_viz: what is drawn is what autograd computed; time travel; the program; bad input."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import minigrad as mg
from minigrad import DataError, ui
from minigrad.projects import backprop_viz
from minigrad.projects.backprop_viz._playground import Choice, Playground
from minigrad.projects.backprop_viz._window import SIZE, View

pytestmark = pytest.mark.native

Run = Callable[..., Any]


@pytest.fixture
def run(run_main: Run) -> Run:
    """Return a function that runs the program with arguments."""
    return lambda *args: run_main(backprop_viz.main, *args)


@pytest.fixture
def playground() -> Playground:
    return Playground(Choice())


# The learning milestones


def test_milestone_1_the_network_is_2_4_4_1_with_37_parameters(playground: Playground) -> None:
    assert playground.lab.widths == [2, 4, 4, 1]
    assert playground.lab.n_parameters == 37


def test_milestone_2_every_gradient_drawn_is_delta_times_activation(playground: Playground) -> None:
    for layer in playground.lab.record.layers:
        assert np.allclose(layer.deltas.T @ layer.inputs, layer.weight_grad, rtol=1e-12, atol=1e-15)
        assert np.allclose(layer.deltas.sum(axis=0), layer.bias_grad, rtol=1e-12, atol=1e-15)
        assert np.allclose(layer.inputs @ layer.weight.T + layer.bias, layer.sums, rtol=1e-12, atol=1e-14)


def test_milestone_3_steps_learn_xor(playground: Playground) -> None:
    for _ in range(400):
        assert playground.lab.step()
    assert playground.accuracy > 0.95
    assert playground.lab.losses[-1] < 0.3 * playground.lab.losses[0]


def test_milestone_4_sigmoids_make_gradients_vanish_and_he_started_relus_do_not() -> None:
    deep = {"hidden": (10,) * 10, "seed": 1}
    norms = {}
    for activation, init in (("sigmoid", "xavier"), ("relu", "he")):
        lab = Playground(Choice(activations=(activation,) * 10, init=init, **deep)).lab  # type: ignore[arg-type]
        sizes = [layer.grad_norm for layer in lab.record.layers]
        norms[activation] = sizes[0] / sizes[-1]
    assert norms["sigmoid"] < 1e-4
    assert norms["relu"] > 0.1


# The laboratory


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
@pytest.mark.parametrize("skip", [False, True])
def test_every_edge_agrees_with_its_finite_difference(activation: str, skip: bool) -> None:
    lab = Playground(Choice(activations=(activation,) * 2, skip=skip, seed=2)).lab
    for _ in range(5):
        lab.step()
    for layer, view in enumerate(lab.record.layers):
        for to, source in np.ndindex(view.weight.shape):
            exact, difference = lab.finite_difference(layer, to, source)
            assert exact == view.weight_grad[to, source]
            assert difference == pytest.approx(exact, rel=1e-6, abs=1e-9)


def test_asking_for_a_difference_leaves_the_weights_as_they_were(playground: Playground) -> None:
    before = [p.detach().numpy().copy() for p in playground.lab.parameters]
    playground.lab.finite_difference(1, 2, 3)
    assert all(np.array_equal(b, p.detach().numpy()) for b, p in zip(before, playground.lab.parameters, strict=True))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_going_back_and_on_again_repeats_the_run(optimizer: str) -> None:
    lab = Playground(Choice(optimizer=optimizer)).lab
    for _ in range(30):
        lab.step()
    losses = lab.losses
    lab.go_to(12)
    assert lab.record.loss == losses[12]
    for _ in range(18):
        lab.step()
    assert lab.losses == losses


def test_a_weight_changed_in_the_past_branches_the_run(playground: Playground) -> None:
    lab = playground.lab
    for _ in range(20):
        lab.step()
    losses = lab.losses
    lab.go_to(5)
    lab.set_weight(0, 1, 0, 2.5)
    assert lab.record.layers[0].weight[1, 0] == 2.5
    assert len(lab.history) == 6
    lab.step()
    assert lab.losses[:5] == losses[:5]
    assert lab.losses[6] != losses[6]


def test_a_learning_rate_that_is_too_high_freezes_the_run_and_says_why() -> None:
    playground = Playground(Choice(lr=1e5, l2=1.0))
    for _ in range(300):
        if not playground.lab.step():
            break
    assert "lower the learning rate" in playground.lab.problem
    playground.lab.go_to(0)
    assert math.isfinite(playground.lab.record.loss)
    assert playground.lab.problem == ""


@pytest.fixture
def diverged() -> Playground:
    """Return a run that has left the numbers: at its last step the loss is NaN."""
    choice = Choice(hidden=(8,) * 6, activations=("relu",) * 6, init="he", optimizer="momentum", lr=9e5)
    playground = Playground(choice)
    while playground.lab.step():
        assert playground.lab.time < 100
    assert math.isnan(playground.lab.record.loss)
    return playground


@pytest.mark.filterwarnings("error")
def test_a_frozen_frame_is_drawn_and_told_with_its_cause_however_one_comes_there(diverged: Playground) -> None:
    view = View(diverged.lab, diverged)
    assert "NaN" not in json.dumps(diverged.state(), allow_nan=False)
    view.handle(ui.Event("key", key="left"))
    assert (diverged.lab.problem, view.message) == ("", "")
    view.handle(ui.Event("key", key="right"))
    assert view.message.startswith(f"the loss became nan at step {diverged.lab.time}")
    view.handle(ui.Event("key", key="space"))
    assert math.isnan(diverged.lab.record.loss)
    with ui.Stage(*SIZE, window=False) as stage:
        view.draw(stage)
        for layer in range(7):
            view.picked = (layer, 0, 0)
            view.handle(ui.Event("wheel", button=1))
            view.draw(stage)


def test_a_learning_rate_lowered_stays_so_back_in_time(playground: Playground) -> None:
    for _ in range(5):
        playground.lab.step()
    before = playground.lab.history[3].values[0]
    playground.change(lr=0.01)
    playground.lab.go_to(3)
    playground.lab.step()
    moved = np.abs(playground.lab.history[4].values[0] - before).max()
    gradient = np.abs(Playground(Choice()).lab.record.layers[0].weight_grad).max()
    assert 0 < moved <= 0.02 * gradient


def test_dead_relus_are_counted() -> None:
    playground = Playground(Choice(activations=("relu", "relu")))
    before = playground.lab.dead_nodes()
    assert before[0] < 4
    for to in range(4):
        for source in range(2):
            playground.lab.set_weight(0, to, source, 0.0)
    assert playground.lab.dead_nodes()[0] == 4


def test_knobs_refuse_what_is_not_allowed_and_change_nothing(playground: Playground) -> None:
    before = playground.state()
    for knobs, message in (
        ({"hidden": (0,)}, "1 to 32 nodes"),
        ({"hidden": (4,) * 51}, "at most 50 layers"),
        ({"init": "magic"}, "init must be one of"),
        ({"lr": 0.0}, "lr must be"),
        ({"speed": 3}, "there is no knob"),
        ({"data": "no_such.csv"}, "no_such.csv"),
    ):
        with pytest.raises(ValueError, match=message):
            playground.change(**knobs)
        assert playground.state() == before


def test_layers_and_nodes_come_and_go(playground: Playground) -> None:
    playground.change(hidden=(4, 4, 6))
    assert playground.lab.widths == [2, 4, 4, 6, 1]
    playground.change(hidden=())
    assert playground.lab.widths == [2, 1]


def test_own_points_from_a_table(tmp_path: Path) -> None:
    rows = [f"{x},{y},{'in' if x * x + y * y < 4 else 'out'}" for x in range(-3, 4) for y in range(-3, 4)]
    (tmp_path / "own.csv").write_text("x,y,where\n" + "\n".join(rows) + "\n")
    playground = Playground(Choice(data=str(tmp_path / "own.csv")))
    assert len(playground.points) == 49
    assert np.abs(playground.points).max() == 1
    assert set(playground.target) == {0, 1}
    (tmp_path / "own.csv").write_text("x,y,where\n" + "\n".join(["NA,1,in", *rows]) + "\n")
    with pytest.raises(DataError, match=r"line 2, column 'x'.*--drop-missing"):
        Playground(Choice(data=str(tmp_path / "own.csv")))
    playground = Playground(Choice(data=str(tmp_path / "own.csv"), drop_missing=True))
    assert len(playground.points) == 49


def test_two_of_many_columns_are_chosen_and_brought_into_the_square(run: Run, tmp_path: Path) -> None:
    rows = [f"{100 + x},{x * y},{1000 + y},{int(x > y)}" for x in range(5) for y in range(5)]
    path = tmp_path / "wide.csv"
    path.write_text("a,b,c,kind\n" + "\n".join(rows) + "\n")
    done = run(str(path), "--label", "kind")
    assert (done.code, "choose two of the columns a, b, c with --inputs A,B" in done.err) == (1, True)
    done = run(str(path), "--label", "kind", "--inputs", "a,z")
    assert (done.code, "'z' is not a column of numbers; there are a, b, c" in done.err) == (1, True)
    assert run(str(path), "--inputs", "a").code == 2
    assert run("xor", "--inputs", "a,c").code == 2
    points = Playground(Choice(data=str(path), label="kind", inputs=("c", "a"))).points
    np.testing.assert_array_equal(points[:6], [[-1, -1], [-0.5, -1], [0, -1], [0.5, -1], [1, -1], [-1, -0.5]])
    assert run(str(path), "--label", "kind", "--inputs", "a,c", "--steps", "1", "--json").code == 0


# The picture


def test_the_stage_shows_the_network_and_reacts(playground: Playground) -> None:
    view = View(playground.lab, playground)
    with ui.Stage(*SIZE, window=False) as stage:
        view.draw(stage)
        first = stage.pixels()
        view.handle(ui.Event("key", key="space"))
        assert playground.lab.time == 1
        view.draw(stage)
        assert not np.array_equal(first, stage.pixels())
        view.handle(ui.Event("key", key="left"))
        view.draw(stage)
        assert playground.lab.time == 0
        for key, activation in (("1", "sigmoid"), ("2", "relu"), ("3", "tanh")):
            view.handle(ui.Event("key", key=key))
            assert set(playground.choice.activations) == {activation}
        view.handle(ui.Event("key", key="b"))
        assert view.phase == 1
        for _ in range(6):
            view.handle(ui.Event("key", key="b"))
        assert (view.phase, playground.lab.time) == (-1, 1)


def test_the_same_seed_and_keys_give_the_same_picture() -> None:
    pictures = []
    for _ in range(2):
        playground = Playground(Choice(seed=4))
        view = View(playground.lab, playground)
        with ui.Stage(*SIZE, window=False) as stage:
            for key in ("d", "space", "space", "l", "space", "b", "b"):
                view.handle(ui.Event("key", key=key))
            view.draw(stage)
            pictures.append(stage.pixels())
    assert np.array_equal(*pictures)


def test_hovering_and_clicking_tell_the_numbers_of_autograd(playground: Playground) -> None:
    view = View(playground.lab, playground)
    with ui.Stage(*SIZE, window=False) as stage:
        view.draw(stage)
        x, y, _ = view._places[1][2]
        assert view.node_at((int(x), int(y))) == (1, 2)
        start, end = view._places[1][0], view._places[2][0]
        edge = (int((start[0] + end[0]) / 2), int((start[1] + end[1]) / 2))
        assert view.edge_at(edge) == (1, 0, 0)
        view.handle(ui.Event("press", position=edge, button=1))
        assert view.picked == (1, 0, 0)
        shown = re.search(r"dL/dw (\S+), finite difference (\S+);", view.message)
        assert shown is not None
        assert float(shown[1]) == pytest.approx(float(shown[2]), rel=1e-5)
        before = playground.lab.record.layers[1].weight[0, 0]
        view.handle(ui.Event("wheel", button=1))
        assert playground.lab.record.layers[1].weight[0, 0] == pytest.approx(before + 0.1)
        view.sample = 3
        lines = view.describe_edge(1, 0, 0)
        factors = re.search(r"δ·a = (\S+) × (\S+)", lines[-1])
        assert factors is not None
        assert float(factors[1]) * float(factors[2]) == pytest.approx(float(lines[2].split()[-1]), rel=2e-3, abs=1e-6)


# The program


def test_transcript_and_animation_without_a_display(run: Run) -> None:
    done = run("--steps", "60")
    assert (done.code, done.err) == (0, "")
    assert done.lines[0] == "Network: 2 → 4 → 4 → 1, 37 parameters, tanh; data: xor (synthetic), 200 samples"
    assert re.match(r"Step   0: loss 0\.\d{4}, accuracy \d+\.\d%; gradient norms", done.lines[1])
    assert done.lines[-1] == "Saved animation to backprop_xor.gif"
    with Image.open(done.folder / "backprop_xor.gif") as picture:
        assert picture.size == SIZE
        assert picture.n_frames > 20  # type: ignore[attr-defined]


def test_the_example_of_the_help_is_what_the_program_prints(run: Run) -> None:
    shown = run("--help").out.partition("$ minigrad backprop-viz\n")[2]
    printed = run("--save", "end.png").lines
    assert [line.strip() for line in shown.splitlines()[:3]] == printed[:3]


def test_json_holds_the_whole_state(run: Run) -> None:
    state = json.loads(run("moons", "--json", "--steps", "20", "--hidden", "5", "--activation", "relu").out)
    assert state["widths"] == [2, 5, 1]
    assert state["step"] == 20
    assert len(state["losses"]) == 21
    assert np.shape(state["layers"][0]["weight_grad"]) == (5, 2)


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("--hidden", "4,x"), 2, "--hidden must be widths"),
        (("--hidden", "0"), 2, "1 to 32 nodes"),
        (("--lr", "-1"), 2, "lr must be"),
        (("--save", "out.mp3"), 2, "must end in .gif or .png"),
        (("--noise", "2"), 2, "noise must be from 0 to 1; got 2.0"),
        (("missing.csv",), 1, "missing.csv: there is no such file"),
        (("spirals",), 1, "spirals: is neither a file here nor one of xor, circle, spiral, moons"),
    ],
)
def test_bad_input_is_one_line(run: Run, args: tuple[str, ...], code: int, message: str) -> None:
    done = run(*args)
    assert done.code == code
    assert done.err.startswith("Error: ")
    assert message in done.err
    assert len(done.err.splitlines()) == 1


# Any model


def test_viz_opens_on_a_model_from_outside(tmp_path: Path) -> None:
    mg.manual_seed(0)
    model = mg.nn.Sequential(mg.nn.Linear(3, 5), mg.nn.GELU(), mg.nn.Linear(5, 4))
    x = np.random.default_rng(0).standard_normal((20, 3))
    lab = mg.viz(model, x, np.arange(20) % 4, save=tmp_path / "model.png")
    assert lab.widths == [3, 5, 4]
    first = lab.record.loss
    for _ in range(10):
        lab.step()
    assert lab.record.loss < first
    with Image.open(io.BytesIO((tmp_path / "model.png").read_bytes())) as picture:
        assert picture.size == SIZE
    with pytest.raises(ValueError, match="at least one Linear layer"):
        mg.viz(mg.nn.Sequential(mg.nn.PReLU()), x, x, save=tmp_path / "none.png")


class _Backwards(mg.Module):
    """Defines its layers in another order than it runs them."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.first = mg.nn.Linear(3, 1, dtype=mg.float64), mg.nn.Linear(2, 3, dtype=mg.float64)

    def forward(self, x: mg.Tensor) -> mg.Tensor:
        return self.last(mg.tanh(self.first(x)))


def test_viz_shows_two_inputs_and_checks_the_layer_that_is_shown(tmp_path: Path) -> None:
    mg.manual_seed(0)
    x = np.random.default_rng(0).standard_normal((10, 2))
    lab = mg.viz(_Backwards(), x, np.ones(10), save=tmp_path / "model.png")
    assert lab.widths == [2, 3, 1]
    for layer, to, source in ((0, 2, 1), (1, 0, 2)):
        exact, difference = lab.finite_difference(layer, to, source)
        assert exact == pytest.approx(difference, rel=1e-6)
    single = mg.nn.Sequential(mg.nn.Linear(2, 3), mg.nn.ReLU(), mg.nn.Linear(3, 1))
    single[0].weight.requires_grad_(False)
    lab = mg.viz(single, x, np.ones((10, 1)), save=tmp_path / "float32.png")
    assert not lab.record.layers[0].weight_grad.any()


def test_viz_repeats_dropout_and_buffers_for_a_difference_and_back_in_time(tmp_path: Path) -> None:
    mg.manual_seed(0)
    parts = (mg.nn.Linear(2, 6), mg.nn.BatchNorm1d(6), mg.nn.Tanh(), mg.nn.Dropout(0.5), mg.nn.Linear(6, 1))
    model = mg.nn.Sequential(*parts).double()
    x = np.random.default_rng(0).standard_normal((10, 2))
    lab = mg.viz(model, x, x[:, 0], save=tmp_path / "model.png")
    exact, difference = lab.finite_difference(0, 1, 0)
    assert exact == pytest.approx(difference, rel=1e-5)
    for _ in range(6):
        lab.step()
    losses, means = lab.losses, model[1].running_mean.tolist()
    lab.go_to(2)
    for _ in range(4):
        lab.step()
    assert lab.losses == losses
    assert model[1].running_mean.tolist() == means


def test_viz_refuses_layers_side_by_side(tmp_path: Path) -> None:
    class Two(mg.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = mg.nn.Linear(2, 3), mg.nn.Linear(2, 4), mg.nn.Linear(7, 1)

        def forward(self, x: mg.Tensor) -> mg.Tensor:
            return self.c(mg.cat([self.a(x), self.b(x)], 1))

    with pytest.raises(ValueError, match="must follow one another; layer 1 makes 3 values, layer 2 reads 2"):
        mg.viz(Two(), np.ones((4, 2)), np.ones((4, 1)), save=tmp_path / "none.png")
    with pytest.raises(ValueError, match="at least one Linear layer"):
        mg.viz(mg.nn.Sequential(mg.nn.ReLU()), np.ones((4, 2)), np.ones((4, 1)), save=tmp_path / "none.png")
