"""Vector graphics: shapes that matrices move, and the matrices themselves, live."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from minigrad import ui
from minigrad.linalg import Transform2D
from minigrad.projects._program import Command, Session, Tour, program, run
from minigrad.serialization import write_atomically

__all__ = ["command", "main", "tour"]

_EXAMPLE = """
Example:

  $ minigrad vector-graphics
  Press R to rotate, S to scale, arrow keys to move
  Saved picture to vector_graphics.png

`minigrad vector-graphics asteroids` plays the game.
"""


class _Engine(Command):
    """The engine's command, which hands over to the game if that is named first."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Make the context of the game, or of the engine."""
        if args[:1] == ["asteroids"]:
            game: click.Command = importlib.import_module(f"{__name__}.asteroids").command
            return game.make_context(f"{info_name} asteroids", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the context belongs to."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


@program("vector-graphics", _EXAMPLE, _Engine)
def command(session: Session) -> None:
    """Move shapes with matrices."""
    session.say("Press R to rotate, S to scale, arrow keys to move")
    path = session.path("vector_graphics.png")
    if path is not None:
        write_atomically(path, _picture())
        session.keep(path)
        session.say(f"Saved picture to {path}")


def _picture() -> bytes:
    camera = Transform2D([[60, 0, 320], [0, -60, 240]])
    with ui.Stage(640, 480, window=False) as stage:
        stage.clear()
        for i, color in enumerate(((87, 144, 252), (248, 156, 32), (228, 37, 54))):
            turned = Transform2D.from_factors(degrees=30 * i, scale_x=3 - i, scale_y=3 - i)
            stage.polygon((camera @ turned).apply([[-0.9, -0.7], [0.9, -0.7], [0.0, 1.1]]).tolist(), color)
        return stage.png()


def tour() -> Tour:
    """Return shapes under several matrices."""
    return Tour("Shapes that matrices move", {"shapes": "3"}, _picture())


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit."""
    run(command, args, "vector_graphics")
