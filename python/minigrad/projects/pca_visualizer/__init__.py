"""PCA visualizer: principal components of a table or of images, drawn and questioned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from minigrad import ui
from minigrad.projects._program import Session, Tour, program, run
from minigrad.projects.pca_visualizer import _data, _figure, _report
from minigrad.projects.pca_visualizer._analysis import Analysis, examine, fit, power_steps

__all__ = ["command", "main", "tour"]

_EXAMPLE = """
Example:

  $ minigrad pca-visualizer
  Loading 150 samples with 4 features each...
  Computing covariance matrix...
  Finding eigenvectors via power iteration...
  Eigenvalue 1: 2.918 (73.0% variance explained)
  Eigenvalue 2: 0.914 (22.9% variance explained)
  Eigenvalue 3: 0.147 (3.7% variance explained)
  Eigenvalue 4: 0.021 (0.5% variance explained)
  Saved visualization to pca_iris.png

Then follow the data's description, intervals for the eigenvalues and axes, and how well
the axes part the classes.
"""

_DATASETS = ("iris", "mnist", "digits")
_IMAGES = ("mnist", "digits")


@dataclass(frozen=True)
class _View:
    """Which picture to make."""

    three_d: bool = False
    scree: bool = False
    reconstruct: int | None = None
    animate: bool = False

    def file_name(self, name: str) -> str:
        """Return the default name of the picture."""
        if self.animate:
            return f"pca_{name}.gif"
        return f"pca_{name}_reconstruction.png" if self.reconstruct else f"pca_{name}.png"


@program("pca-visualizer", _EXAMPLE)
@click.argument("file", required=False, metavar="[CSV]")
@click.option("--dataset", type=click.Choice(_DATASETS), help="A named data set instead of a file  [default: iris]")
@click.option(
    "--components", type=click.IntRange(1), metavar="N", help="How many components  [default: up to 10, --scree: 50]"
)
@click.option(
    "--standardize/--no-standardize",
    default=None,
    help="Divide each feature by its standard deviation  [default: yes for tables, no for images]",
)
@click.option(
    "--solver",
    type=click.Choice(["power", "subspace", "auto"]),
    help="How to find the axes  [default: power up to 64 features, else auto]",
)
@click.option("--label", metavar="COLUMN", help="The label column, by name or number  [default: the one text column]")
@click.option("--drop-missing", is_flag=True, help="Leave out rows in which a value is missing or infinite.")
@click.option("--3d", "three_d", is_flag=True, help="Draw three components, to be turned in a window.")
@click.option("--scree", is_flag=True, help="Draw the eigenvalues as a scree plot instead of bars.")
@click.option("--reconstruct", type=click.IntRange(1), metavar="K", help="Draw images beside K components' version.")
@click.option("--animate", is_flag=True, help="Draw power iteration turning onto the first axis, as a GIF.")
def command(
    session: Session,
    file: str | None,
    dataset: str | None,
    components: int | None,
    standardize: bool | None,
    solver: str | None,
    label: str | None,
    drop_missing: bool,
    **view: Any,
) -> None:
    """Draw the principal components of a CSV file, of Fisher's iris, or of images of digits.

    Without a file the embedded iris runs. Rows are samples; a column of text is the label.
    """
    chosen = _View(**view)
    _check_usage(session, chosen, file, dataset, components, label, drop_missing)
    images = dataset in _IMAGES
    scaled = not images if standardize is None else standardize
    if file is not None:
        source = _data.from_file(file, label, drop_missing)
    else:
        source = _data.from_dataset(dataset or "iris", scaled, session.seed)
    n, d = source.values.shape
    session.say(f"Loading {n} samples with {d} features each...")
    wanted = chosen.reconstruct or components
    pca = fit(source, wanted, solver, scaled, session.seed, default=50 if chosen.scree else 10)
    for line in _report.method_lines(pca):
        session.say(line)
    for line in _report.eigenvalue_lines(pca):
        session.say(line)
    _check_view(chosen, pca.n_components_)
    with ui.progress("Measuring how sure the axes are", unit=""):
        result = examine(source, pca, session.seed)
    _present(session, chosen, result)


def _check_usage(
    session: Session,
    view: _View,
    file: str | None,
    dataset: str | None,
    components: int | None,
    label: str | None,
    drop_missing: bool,
) -> None:
    """Refuse options that contradict each other, before any work is done."""
    if file is not None and dataset is not None:
        raise click.UsageError("name a CSV file or --dataset, not both")
    if file is None and (label is not None or drop_missing):
        raise click.UsageError("--label and --drop-missing need a CSV file")
    if view.animate + (view.reconstruct is not None) + (view.three_d or view.scree) > 1:
        raise click.UsageError("--animate, --reconstruct and --3d or --scree are different pictures; choose one")
    if view.reconstruct is not None and dataset not in _IMAGES:
        raise click.UsageError("--reconstruct needs images: add --dataset mnist or --dataset digits")
    if view.reconstruct is not None and components is not None:
        raise click.UsageError("--reconstruct K says how many components; leave out --components")
    session.check_save(*(("gif",) if view.animate else ui.FORMATS))
    needed = 3 if view.three_d else 2 if view.animate else 1
    if components is not None and components < needed:
        raise click.UsageError(f"{'--3d' if view.three_d else '--animate'} needs --components {needed} or more")


def _check_view(view: _View, n_components: int) -> None:
    """Refuse a picture that the data has too few dimensions for."""
    needed = 3 if view.three_d else 2 if view.animate else 1
    if n_components < needed:
        option = "--3d" if view.three_d else "--animate"
        raise ValueError(f"{option} needs {needed} components, and the data has {n_components}; leave out {option}")


def _present(session: Session, view: _View, result: Analysis) -> None:
    """Draw, save, print what follows, and show the window if there is a display."""
    path = session.path(view.file_name(result.source.name))
    backend, reason = session.window
    if path is None and backend is None:
        session.result(_report.as_json(result, None))
        return
    height = 3.6 if view.reconstruct else 6.4
    with ui.new_figure(height=height, window=backend, title=f"PCA: {result.source.title}") as figure:
        show = _draw(figure, view, result, session.seed, path)
        if path is not None:
            session.keep(path)
            session.say(f"Saved visualization to {path}")
        for line in _report.further_lines(result):
            session.say(line)
        if reason:
            session.say(f"No window: {reason}.")
        session.result(_report.as_json(result, path))
        if backend is not None:
            show()


def _draw(figure: Any, view: _View, result: Analysis, seed: int, path: Path | None) -> Callable[[], None]:
    """Draw the picture that `view` asks for and save it; return what shows it in its window."""
    if view.animate:
        draw, n_frames = _figure.draw_animation(figure, result, power_steps(result.source, result.pca, seed))
        if path is not None:
            with ui.progress("Drawing frames") as report:
                ui.save_animation(ui.render_animation(figure, draw, n_frames, on_frame=report), path)
        return partial(ui.show, figure, frames=(draw, n_frames))
    arrows: list[Any] = []
    if view.reconstruct:
        _figure.draw_reconstruction(figure, result)
    else:
        arrows = _figure.draw_projection(figure, result, three_d=view.three_d, scree=view.scree)
    if path is not None:
        ui.save_figure(figure, path)

    def toggle() -> None:
        for artist in arrows:
            artist.set_visible(not artist.get_visible())

    keys = {"a": ("arrows on or off", toggle)} if arrows else {}
    return partial(ui.show, figure, keys, "turn it with the mouse" if view.three_d else "")


def tour() -> Tour:
    """Return the embedded iris on its first two components."""
    source = _data.from_dataset("iris", standardize=True, seed=0)
    result = examine(source, fit(source, None, None, True, seed=0, default=10), seed=0)
    with ui.new_figure() as figure:
        _figure.draw_projection(figure, result, three_d=False, scree=False)
        picture = ui.render(figure)
    assert result.separation is not None
    return Tour(
        title="Fisher's iris on two principal components",
        figures={
            "eigenvalues": ", ".join(f"{value:.3f}" for value in result.pca.explained_variance_),
            "variance on two axes": f"{100 * result.pca.explained_variance_ratio_[:2].sum():.1f}%",
            "species told apart": f"{100 * result.separation.accuracy:.1f}%",
        },
        picture=picture,
    )


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit."""
    run(command, args, "pca_visualizer")
