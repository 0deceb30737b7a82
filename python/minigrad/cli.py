"""The ``minigrad`` command: every program by its name, and the tour of them all."""

from __future__ import annotations

import difflib
import html
import importlib
import pkgutil
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import click

import minigrad
from minigrad import projects
from minigrad._check import DataError
from minigrad.projects._program import Interrupted, Tour, run
from minigrad.serialization import write_atomically

__all__ = ["cli", "main", "project_names"]


def project_names() -> list[str]:
    """Return the names of the programs, as their modules are called, in alphabetical order."""
    return sorted(m.name for m in pkgutil.iter_modules(projects.__path__) if not m.name.startswith("_"))


def _project(name: str) -> ModuleType:
    return importlib.import_module(f"minigrad.projects.{name}")


class _Programs(click.Group):
    """A group that imports a program when it is named, with dashes or underscores."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the programs and then the group's own commands."""
        return [name.replace("_", "-") for name in project_names()] + super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command called `cmd_name`, or None."""
        module = cmd_name.replace("-", "_")
        if module in project_names():
            command = _project(module).command
            assert isinstance(command, click.Command)
            return command
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest program where there is none of the name given."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            near = difflib.get_close_matches(args[0].replace("_", "-"), self.list_commands(ctx), n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"there is no program '{args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group("minigrad", cls=_Programs, invoke_without_command=True)
@click.version_option(minigrad.__version__, prog_name="minigrad", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Machine learning from first principles: each program shows one system at work.

    `minigrad NAME --help` explains a program with a worked example.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@cli.command("tour")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("minigrad_tour"),
    show_default=True,
    metavar="DIR",
    help="The folder for the gallery; it is made if it is missing.",
)
def _tour(out: Path) -> None:
    """Run every program on embedded data and write a gallery page of their pictures.

    Needs neither a display nor a network.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {out}: {error.strerror}; choose another with --out DIR") from error
    entries: list[tuple[str, Tour, str]] = []
    try:
        for name in project_names():
            entries.append(_visit(name, out))
    except KeyboardInterrupt:
        raise Interrupted([out / picture for _, _, picture in entries]) from None
    page = write_atomically(out / "index.html", _gallery(entries).encode())
    print(f"Saved gallery to {page}")


def _visit(name: str, out: Path) -> tuple[str, Tour, str]:
    """Run the tour of one program, save its picture and print its line."""
    start = time.perf_counter()
    tour: Tour = _project(name).tour()
    picture = f"{name}.{tour.picture_format}"
    write_atomically(out / picture, tour.picture)
    figures = ", ".join(f"{key} {value}" for key, value in tour.figures.items())
    print(f"{name.replace('_', '-')}: {tour.title}: {figures} ({time.perf_counter() - start:.1f} s)", flush=True)
    return name, tour, picture


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #dcdcdc; padding: 1rem 0 2rem; }
img { max-width: 100%; height: auto; }
code { background: #f3f3f3; padding: .1em .3em; }
td { padding: 0 1.5rem .2rem 0; }
"""


def _gallery(entries: Sequence[tuple[str, Tour, str]]) -> str:
    """Return the page that shows the pictures with the figures beside them."""
    sections = []
    for name, tour, picture in entries:
        rows = "".join(
            f"<tr><td>{html.escape(key)}</td><td>{html.escape(value)}</td></tr>" for key, value in tour.figures.items()
        )
        title = html.escape(tour.title)
        sections.append(
            f"<section><h2>{title}</h2>\n<p><code>minigrad {name.replace('_', '-')}</code></p>\n"
            f'<img src="{picture}" alt="{title}">\n<table>{rows}</table></section>'
        )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>minigrad tour</title><style>{_STYLE}</style></head>\n<body><h1>minigrad {minigrad.__version__}</h1>\n"
        "<p>Every program, run on embedded data.</p>\n" + "\n".join(sections) + "\n</body></html>\n"
    )


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the ``minigrad`` command and exit."""
    run(cli, args, "minigrad")
