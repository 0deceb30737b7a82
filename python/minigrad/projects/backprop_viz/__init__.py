"""Backpropagation, watched: a network, and the gradients that flow back through it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
import numpy as np

import minigrad as mg
from minigrad import serve, ui
from minigrad.projects._program import Session, Tour, program, run
from minigrad.projects.backprop_viz._lab import Lab
from minigrad.projects.backprop_viz._playground import ACTIVATIONS, DATA, INITS, OPTIMIZERS, Choice, Playground
from minigrad.projects.backprop_viz._window import SIZE, View
from minigrad.serialization import write_atomically

__all__ = ["command", "main", "tour", "viz"]

_EXAMPLE = """
Example:

  $ minigrad backprop-viz
  Network: 2 → 4 → 4 → 1, 37 parameters, tanh; data: xor (synthetic), 200 samples
  Step   0: loss 0.7122, accuracy 49.5%; gradient norms 0.15, 0.12, 0.056
  Step 300: loss 0.1226, accuracy 97.5%; gradient norms 0.022, 0.02, 0.028
  Saved animation to backprop_xor.gif

With a display a window opens instead: SPACE takes one step, B shows it phase by phase,
1 2 3 choose sigmoid, ReLU, tanh; ? shows all keys. --web serves the same as a page.
"""

_FRAMES = 60  # of the animation


@program("backprop-viz", _EXAMPLE)
@click.argument("data", required=False, default="xor", metavar="[xor|circle|spiral|moons|CSV]")
@click.option("--hidden", default="4,4", show_default=True, metavar="N,N,...", help="Widths of the hidden layers.")
@click.option("--activation", type=click.Choice(ACTIVATIONS), default="tanh", show_default=True)
@click.option("--init", type=click.Choice(INITS), default="xavier", show_default=True)
@click.option("--optimizer", type=click.Choice(OPTIMIZERS), default="sgd", show_default=True)
@click.option("--lr", type=float, default=0.3, show_default=True, help="Learning rate.")
@click.option("--noise", type=float, default=0.05, show_default=True, help="Of the generated data.")
@click.option("--skip", is_flag=True, help="Add a layer's input to its output where the widths agree.")
@click.option("--label", metavar="COLUMN", help="The column of classes of a CSV file.")
@click.option("--inputs", metavar="A,B", help="The two columns of a CSV file to learn from.")
@click.option("--drop-missing", is_flag=True, help="Leave out rows of a CSV file in which a value is missing.")
@click.option("--steps", type=click.IntRange(1, 20_000), default=300, show_default=True, help="Without a window.")
@click.option("--web", is_flag=True, help="Serve the page on this machine instead of opening a window.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Of the page; 0: a free one."
)
def command(
    session: Session, data: str, hidden: str, activation: str, steps: int, web: bool, port: int, **knobs: Any
) -> None:
    """Watch gradients flow back through a small network, step by step.

    Node colour is activation, edge colour gradient, edge width weight. Without a display the run is
    saved as an animation.
    """
    session.check_save("gif", "png")
    playground = Playground(_choice(data, hidden, activation, session.seed, knobs))
    session.say(_network_line(playground))
    if web:
        _serve(session, playground, port)
        return
    if session.window[0] is not None and session.save is None:
        _open(session, View(playground.lab, playground))
        return
    _render(session, playground, steps)


def _choice(data: str, hidden: str, activation: str, seed: int, knobs: dict[str, Any]) -> Choice:
    inputs = knobs.pop("inputs")
    columns = tuple(name.strip() for name in inputs.split(",")) if inputs is not None else ()
    if inputs is not None and len(columns) != 2:
        raise click.UsageError(f"--inputs must be two columns parted by a comma; got {inputs!r}")
    if data in DATA and (columns or knobs["label"] is not None or knobs["drop_missing"]):
        raise click.UsageError("--inputs, --label and --drop-missing need a CSV file")
    try:
        widths = tuple(int(part) for part in hidden.split(",")) if hidden.strip() else ()
    except ValueError:
        raise click.UsageError(f"--hidden must be widths parted by commas, such as 4,4; got {hidden!r}") from None
    activations = (activation,) * len(widths)
    choice = Choice(data=data, hidden=widths, activations=activations, seed=seed, inputs=columns, **knobs)
    try:
        choice.check()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return choice


def _network_line(playground: Playground) -> str:
    lab, choice = playground.lab, playground.choice
    kind = " (synthetic)" if playground.synthetic else ""
    activation = f", {choice.activations[0]}" if choice.activations else ""
    return (
        f"Network: {' → '.join(map(str, lab.widths))}, {lab.n_parameters} parameters{activation}; "
        f"data: {choice.data}{kind}, {len(lab.x)} samples"
    )


def _step_line(playground: Playground) -> str:
    lab = playground.lab
    norms = ", ".join(f"{layer.grad_norm:.2g}" for layer in lab.record.layers)
    share = 100 * playground.accuracy
    return f"Step {lab.time:3}: loss {lab.record.loss:.4f}, accuracy {share:.1f}%; gradient norms {norms}"


def _serve(session: Session, playground: Playground, port: int) -> None:
    def announce(address: str) -> None:
        session.say(f"Open {address} in a browser; Ctrl-C ends.")

    serve.run(serve.backprop_app(playground), port, on_start=announce)


def _open(session: Session | None, view: View) -> None:
    """Show `view` in a window until it is closed."""
    with ui.Stage(*SIZE, title="Backpropagation") as stage:

        def save() -> str:
            name = view.playground.choice.data if view.playground is not None else "model"
            path = write_atomically(Path(f"backprop_{Path(name).stem}_{view.lab.time}.png"), stage.png())
            if session is not None:
                session.keep(path)
            return f"saved {path}"

        view.save = save
        while not view.done:
            for event in stage.events():
                view.handle(event)
            view.refresh(stage)
            stage.show(60)


def _render(session: Session, playground: Playground, steps: int) -> None:
    """Run without a window; save the run as an animation or its end as a picture."""
    path = session.path(f"backprop_{Path(playground.choice.data).stem}.gif")
    session.say(_step_line(playground))
    moving = path is not None and path.suffix.lower() == ".gif"
    start = time.perf_counter()
    with ui.progress("Drawing") as report:
        frames = _film(playground, steps, report) if moving else _run_through(playground, steps)
    session.say(_step_line(playground))
    if playground.lab.problem:
        session.say(f"Stopped: {playground.lab.problem}.")
    if path is not None:
        write_atomically(path, ui.frames_to_gif(frames) if moving else _picture(playground))
        session.keep(path)
        session.say(f"Saved {'animation' if moving else 'picture'} to {path}")
    state = playground.state()
    losses = [loss if math.isfinite(loss) else None for loss in playground.lab.losses]
    session.result({**state, "losses": losses, "seconds": round(time.perf_counter() - start, 3)})


def _run_through(playground: Playground, steps: int) -> list[np.ndarray]:
    for _ in range(steps):
        if not playground.lab.step():
            break
    return []


def _film(playground: Playground, steps: int, report: Callable[[int, int | None], None]) -> list[np.ndarray]:
    """Return pictures of the run at evenly spread steps, the first and the last among them."""
    moments = np.unique(np.linspace(0, steps, min(steps + 1, _FRAMES)).astype(int))
    view, frames = View(playground.lab, playground), []
    with ui.Stage(*SIZE, window=False) as stage:
        for i, moment in enumerate(moments):
            while playground.lab.time < moment and playground.lab.step():
                pass
            view.draw(stage)
            frames.append(stage.pixels())
            report(i + 1, len(moments))
            if playground.lab.problem:
                break
    return frames


def _picture(playground: Playground) -> bytes:
    with ui.Stage(*SIZE, window=False) as stage:
        View(playground.lab, playground).draw(stage)
        return stage.png()


def viz(model: Any, x: Any, y: Any, *, loss: Any = None, lr: float = 0.1, save: Any = None) -> Lab:
    """Open the laboratory on any small model.

    Parameters
    ----------
    model : Module
        Its linear layers are shown, in the order in which they run.
    x : array_like of shape (n_samples, n_features)
    y : array_like
        What the loss compares the output with: class numbers, or numbers of the output's shape.
    loss : callable, optional
        ``loss(output, y)``; by default cross entropy for integer `y` and several outputs, the mean
        square otherwise.
    lr : float, default 0.1
        Of plain gradient descent.
    save : path, optional
        Save a picture here and open no window.

    Returns
    -------
    Lab
        The laboratory: ``step()``, ``go_to(time)``, ``finite_difference(...)``, ``record``.

    Raises
    ------
    ValueError
        If the model has no linear layer, or its linear layers do not follow one another.
    DataError
        If there is neither a display nor `save`.

    Examples
    --------
    >>> import minigrad as mg
    >>> import numpy as np
    >>> model = mg.nn.Sequential(mg.nn.Linear(2, 3), mg.nn.Tanh(), mg.nn.Linear(3, 1))
    >>> lab = mg.viz(model, np.eye(2), np.ones((2, 1)), save="my_model.png")  # doctest: +SKIP
    """
    parameters = list(model.parameters())
    if not parameters:
        raise ValueError("viz: model must contain at least one Linear layer; got none")
    dtype = parameters[0].dtype.numpy
    inputs = np.ascontiguousarray(x.numpy() if isinstance(x, mg.Tensor) else x, dtype)
    target = y.numpy() if isinstance(y, mg.Tensor) else np.asarray(y)
    classes = target.dtype.kind in "iu"
    target = target.astype(np.int64) if classes else np.ascontiguousarray(target, dtype)
    if loss is None:
        loss = _usual_loss
    lab = Lab(model, inputs, target, loss, lambda parameters: mg.optim.SGD(parameters, lr=lr))
    if save is not None:
        with ui.Stage(*SIZE, window=False) as stage:
            View(lab).draw(stage)
            write_atomically(save, stage.png())
        return lab
    backend, reason = ui.window_backend()
    if backend is None:
        raise mg.DataError(f"viz: no window can open: {reason}; pass save='picture.png'")
    _open(None, View(lab))
    return lab


def _usual_loss(output: Any, target: Any) -> Any:
    """Return cross entropy for classes, else the mean square; a column and a plain list of numbers agree."""
    if target.dtype == mg.int64:
        if output.ndim == 2 and output.shape[1] > 1:
            return mg.nn.functional.cross_entropy(output, target)
        target = target.to(output.dtype)
    if target.numel() == output.numel():
        target = target.reshape(output.shape)
    return mg.nn.functional.mse_loss(output, target)


def tour() -> Tour:
    """Return a network that learns XOR, as an animation."""
    playground = Playground(Choice())
    first = playground.lab.record.loss
    frames = _film(playground, 300, lambda done, total: None)[::3]
    return Tour(
        title="Gradients flow back while a network learns XOR",
        figures={
            "network": " → ".join(map(str, playground.lab.widths)),
            "parameters": str(playground.lab.n_parameters),
            "loss": f"{first:.3f} to {playground.lab.record.loss:.3f} in 300 steps",
        },
        picture=ui.frames_to_gif(frames),
        picture_format="gif",
    )


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit."""
    run(command, args, "backprop_viz")
