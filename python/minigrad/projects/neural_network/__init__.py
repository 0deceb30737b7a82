"""Neural network: from the perceptron to reading handwritten digits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
import numpy as np

import minigrad as mg
from minigrad import datasets, ui
from minigrad.learn import Perceptron
from minigrad.projects._program import FiniteRange, Session, Tour, program, run
from minigrad.projects.neural_network import _data, _figure, _model, _report, _training
from minigrad.projects.neural_network._data import IMAGES, PLANES, Source
from minigrad.serialization import check_target

__all__ = ["command", "main", "tour"]

_EXAMPLE = """
Example:

  $ minigrad neural-network mnist
  Training on MNIST (60,000 images: 55,000 to learn from, 5,000 to validate)...
  Architecture: 784 → 128 → 64 → 10
  Total parameters: 109,386
  Epoch  1/20: loss 0.4774, train accuracy 85.8%, validation accuracy 93.7%
  Epoch  5/20: loss 0.0888, train accuracy 97.3%, validation accuracy 97.4%
  ...
  Test accuracy: 98.2% (10,000 samples; 95% interval 98.0 to 98.5%)
  Forward pass: 0.21 ms, backpropagation: 0.24 ms (median, batch of 128)
  Gradient check: PASSED (max relative error 6.1e-10, 109,386 of 109,386 parameters)
  Saved visualization to neural_network_mnist.png

What it can learn: digits (generated, the default), mnist, fashion-mnist; xor, moons, spirals,
circle (points in the plane); perceptron [and|or|xor]; a CSV file; an idx file of images and one
of labels. With a trained model: predict IMAGE, and draw, a window to draw a digit in.
"""

_GATES = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "xor": [0, 1, 1, 0]}


@program("neural-network", _EXAMPLE)
@click.argument("what", required=False, default="digits", metavar="[WHAT]")
@click.argument("extra", required=False, metavar="[GATE | LABELS | IMAGE]")
@click.option("--layers", metavar="N,N,...", help="Widths of the layers  [default: 784,128,64,10 for images]")
@click.option("--activation", type=click.Choice(list(_model.ACTIVATIONS)), default="relu", show_default=True)
@click.option("--optimizer", type=click.Choice(["sgd", "adam", "adamw"]), default="adam", show_default=True)
@click.option("--lr", type=FiniteRange(0, min_open=True), help="Highest learning rate  [default: 0.005, sgd: 0.1]")
@click.option("--batch-size", type=click.IntRange(1), help="Samples in a step  [default: 128 for images, else 16]")
@click.option(
    "--epochs",
    type=click.IntRange(1),
    help="Passes over the data  [default: 20 for images, 30 with --augment, else 200]",
)
@click.option("--dropout", type=FiniteRange(0, 1, max_open=True), default=0.0, show_default=True)
@click.option("--weight-decay", type=FiniteRange(0), default=0.0, show_default=True)
@click.option("--label-smoothing", type=FiniteRange(0, 1, max_open=True), default=0.0, show_default=True)
@click.option("--augment", is_flag=True, help="Shift, turn and bend the images anew in each epoch.")
@click.option("--label", metavar="COLUMN", help="The column of classes of a CSV file.")
@click.option("--drop-missing", is_flag=True, help="Leave out rows of a CSV file in which a value is missing.")
@click.option(
    "--model", type=click.Path(path_type=Path), metavar="PATH", help="Where the model is saved, or read from."
)
@click.option("-v", "--verbose", is_flag=True, help="Print every epoch.")
def command(session: Session, what: str, extra: str | None, model: Path | None, verbose: bool, **options: Any) -> None:
    """Train a network of fully connected layers, and look at what it has learned.

    Without an argument it learns generated digits, which need no download.
    """
    session.check_save(*ui.FORMATS)
    if what == "perceptron":
        _perceptron(session, extra)
        return
    if what == "draw" and extra is not None:
        raise click.UsageError(f"draw takes no further argument; got {extra!r}")
    if what in ("predict", "draw"):
        _use_model(session, what, extra, model)
        return
    if extra is not None and (what in IMAGES or what in PLANES):
        raise click.UsageError(f"{what} takes no further argument; got {extra!r}")
    if options["augment"] and (what in PLANES or what.endswith(".csv")):
        raise click.UsageError("--augment is for images")
    if (options["label"] is not None or options["drop_missing"]) and (what in IMAGES or what in PLANES):
        raise click.UsageError("--label and --drop-missing need a CSV file")
    source = _data.load(what, extra, options.pop("label"), options.pop("drop_missing"), session.seed)
    _learn(session, source, model, verbose, options)


def _learn(session: Session, source: Source, path: Path | None, verbose: bool, options: dict[str, Any]) -> None:
    """Train, test, check the gradient, draw and save."""
    image = source.image_size is not None
    layers = tuple(_model.widths(options.pop("layers"), source.n_features, len(source.class_names), image))
    design = _model.Design(layers, options.pop("activation"), options.pop("dropout"))
    usual = (30 if options["augment"] else 20, 128) if image else (200, 16)
    epochs, batch_size = (options.pop(name) or n for name, n in zip(("epochs", "batch_size"), usual, strict=True))
    plan = _training.Plan(epochs=epochs, batch_size=batch_size, seed=session.seed, **options)
    if plan.augment and not image:
        raise click.UsageError("--augment needs square images")
    where = path if path is not None or session.json else Path(f"neural_network_{source.name}.safetensors")
    if where is not None:
        check_target(where)
    mg.manual_seed(session.seed)
    model = _model.build(design)
    for note in source.notes:
        session.say(f"{note[0].upper()}{note[1:]}.")
    session.say(_report.training_line(source))
    session.say(f"Architecture: {design}")
    session.say(f"Total parameters: {_model.count_parameters(model):,}")

    def keep(state: dict[str, Any] | None = None) -> None:
        if where is None:
            return
        if state is not None:
            model.load_state_dict(state)
        _model.save(
            where,
            _model.Saved(design, model, source.shift, source.scale, source.class_names, source.image_size),
        )
        session.keep(where)

    def on_epoch(epoch: _training.Epoch) -> None:
        if verbose or _report.shown(epoch.number, plan.epochs):
            session.say(_report.epoch_line(epoch, plan.epochs))

    try:
        with ui.progress("Training") as report:
            history = _training.train(model, source, plan, on_epoch, report)
    except _training.DivergedError as error:
        # Before the first epoch's end there is nothing to keep, but maybe a good model of an earlier run.
        kept = "; no epoch was finished, nothing is saved"
        if error.epoch:
            keep(error.state)
            kept = f"; the model after epoch {error.epoch} is kept in {where}" if where is not None else ""
        raise ValueError(f"{error}{kept}; lower --lr (now {plan.peak:g})") from None
    except KeyboardInterrupt:
        keep()
        raise
    keep()
    test = _training.accuracy(model, source.test)
    session.say(_report.test_line(test, len(source.test)))
    session.say(_report.time_line(history, plan.batch_size))
    check = _report.gradient_check(model, source)
    session.say(_report.check_line(check))
    _show(session, source, model, history, test)
    if where is not None:
        session.say(f"Saved model to {where}")
    session.result(_report.as_json(source, design, plan, history, test, check, where))


def _show(session: Session, source: Source, model: Any, history: _training.Run, test: float) -> None:
    path = session.path(f"neural_network_{source.name}.png")
    backend, reason = session.window
    if path is None and backend is None:
        return
    headline = f"{source.title}: {100 * test:.1f}% of {len(source.test):,} test samples are classified correctly"
    with ui.new_figure(height=7.2, window=backend, title=f"Neural network: {source.title}") as figure:
        if source.image_size is not None:
            _figure.draw_images(figure, source, model, history, headline)
        elif source.n_features == 2 and len(source.class_names) == 2:
            _figure.draw_plane(figure, source, model, history, headline)
        else:
            _figure.draw_table(figure, source, model, history, headline)
        if path is not None:
            ui.save_figure(figure, path)
            session.keep(path)
            session.say(f"Saved visualization to {path}")
        if reason:
            session.say(f"No window: {reason}.")
        if backend is not None:
            ui.show(figure)


def _perceptron(session: Session, gate: str | None) -> None:
    """Let a perceptron learn the gates, and show why it cannot learn XOR."""
    if gate is not None and gate.lower() not in _GATES:
        raise click.UsageError(f"perceptron learns and, or or xor; got {gate!r}")
    gates = [gate.lower()] if gate is not None else list(_GATES)
    corners = np.array(list(itertools.product([0.0, 1.0], repeat=2)))
    targets = {name: np.array(_GATES[name]) for name in gates}
    models = {name: Perceptron().fit(corners, targets[name]) for name in gates}
    for name, fitted in models.items():
        for line in _report.perceptron_lines(name, fitted):
            session.say(line)
    path = session.path("neural_network_perceptron.png")
    backend, reason = session.window
    if path is not None or backend is not None:
        with ui.new_figure(width=4.3 * len(gates), height=4.8, window=backend, title="Perceptron") as figure:
            _figure.draw_perceptron(figure, models, corners, targets)
            if path is not None:
                ui.save_figure(figure, path)
                session.keep(path)
                session.say(f"Saved visualization to {path}")
            if reason:
                session.say(f"No window: {reason}.")
            if backend is not None:
                ui.show(figure)
    session.result({name: _report.perceptron_json(fitted) for name, fitted in models.items()})


def _use_model(session: Session, what: str, picture: str | None, path: Path | None) -> None:
    """Read a picture of a digit, or open the window to draw one in."""
    if what == "predict" and picture is None:
        raise click.UsageError("predict needs a picture: minigrad neural-network predict IMAGE")
    saved = _model.load(path if path is not None else _report.usual_model())
    if saved.image_size != 28:
        raise ValueError("the model does not read images of 28 x 28 pixels; train one on mnist or digits")
    if what == "draw":
        from minigrad.projects.neural_network import _draw

        _draw.run(session, saved)
        return
    assert picture is not None
    grey = datasets.read_picture(picture)
    try:
        digit = datasets.center_digit(grey)
    except datasets.DataError as error:
        raise datasets.DataError(f"{picture}: {error}") from None
    chances = _report.recognise(saved, digit)
    for line in _report.prediction_lines(saved, chances, picture):
        session.say(line)
    session.result(
        {
            "picture": picture,
            "class": saved.class_names[int(chances.argmax())],
            "probabilities": [float(c) for c in chances],
        }
    )


def tour() -> Tour:
    """Return a network that parts two spirals."""
    source = _data.load("spirals", seed=0)
    mg.manual_seed(0)
    design = _model.Design((2, 32, 32, 2))
    model = _model.build(design)
    plan = _training.Plan(epochs=100, batch_size=16)
    history = _training.train(model, source, plan, lambda epoch: None, lambda done, total: None)
    test = _training.accuracy(model, source.test)
    with ui.new_figure() as figure:
        _figure.draw_plane(
            figure, source, model, history, f"Two spirals (synthetic): {100 * test:.1f}% classified correctly"
        )
        picture = ui.render(figure)
    return Tour(
        title="A network parts two spirals",
        figures={
            "architecture": str(design),
            "parameters": f"{_model.count_parameters(model):,}",
            "test accuracy": f"{100 * test:.1f}%",
        },
        picture=picture,
    )


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit."""
    run(command, args, "neural_network")
