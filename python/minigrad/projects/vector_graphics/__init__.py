"""Vector graphics: shapes that matrices move, and the matrices themselves, live."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from minigrad import ui
from minigrad.projects._program import Command, Session, Tour, program, run
from minigrad.projects.vector_graphics._camera import Camera
from minigrad.projects.vector_graphics._files import read_scene, scene_to_json, scene_to_svg
from minigrad.projects.vector_graphics._run import film, film_by_steps, frame_cost, picture, played, script_of
from minigrad.projects.vector_graphics._scene import Scene
from minigrad.projects.vector_graphics._shapes import SCENES, crowd, gallery
from minigrad.projects.vector_graphics._window import FIRST_LINE, SIZE, View
from minigrad.serialization import write_atomically

__all__ = ["command", "main", "tour"]

_EXAMPLE = """
Example:

  $ minigrad vector-graphics --keys "r:0.5 s:0.4 x:0.5"
  Press R to rotate, S to scale, arrow keys to move
  Scene: gallery, 5 shapes: triangle, star, ship, hexagon, letter F
  Matrix of the triangle: [0.933 -0.560 0.000; 0.933 1.306 0.000], determinant 1.741
  Saved picture to vector_graphics.png

With a display a window opens instead; ? shows all keys. --keys presses keys without one: r:0.5
holds R for half a second. SCENE is a file that CTRL+S saved, gallery, or crowd: 2,000 shapes.
--save takes .png, .svg, .gif or .json. `minigrad vector-graphics asteroids` plays the game.
"""

_FORMATS = ("png", "svg", "gif", "json")


def _game() -> click.Command:
    game: click.Command = importlib.import_module(f"{__name__}.asteroids").command
    return game


class _Engine(Command):
    """The engine's command, which hands over to the game if that is named first."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Make the context of the game, or of the engine."""
        if args[:1] == ["asteroids"]:
            return _game().make_context(f"{info_name} asteroids", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the context belongs to."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


@program("vector-graphics", _EXAMPLE, _Engine)
@click.argument("scene", required=False, default="gallery", metavar="[SCENE|asteroids]")
@click.option(
    "--keys", default="", metavar="TEXT", help='Press keys without a window, such as "r:1.5 tab shift+s:0.4".'
)
def command(session: Session, scene: str, keys: str) -> None:
    """Move shapes with matrices, and watch the matrices.

    Rotate, scale, shear, reflect, combine: the matrix, its factors, the basis vectors, the grid, the
    determinant and the eigenvectors move while the key is held.
    """
    suffix = "" if session.save is None else session.save.suffix.lower().lstrip(".")
    if session.save is not None and suffix not in _FORMATS:
        raise click.UsageError(f"--save {session.save}: the name must end in .png, .svg, .gif or .json")
    script = script_of(keys)
    view = _view(scene, session.seed)
    session.say(FIRST_LINE)
    session.say(_scene_line(scene, view.scene))
    if session.window[0] is not None and session.save is None and not script:
        _open(session, view, scene)
    else:
        _render(session, view, scene, script, suffix)


def _view(name: str, seed: int) -> View:
    if name == "gallery":
        return View(gallery())
    if name == "crowd":
        return View(crowd(seed=seed), shows_panel=False)
    scene, camera = read_scene(Path(name))
    return View(scene, camera)


def _scene_line(name: str, scene: Scene) -> str:
    names = [shape.name for shape in scene.shapes]
    shown = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    frames = f"; {len(scene.keyframes)} keyframes" if scene.keyframes else ""
    return f"Scene: {name}, {len(names)} shape{'s' * (len(names) != 1)}{': ' * bool(names)}{shown}{frames}"


def _matrix_line(scene: Scene) -> str:
    shape = scene.chosen[0]
    rows = "; ".join(" ".join(f"{v + 0.0:.3f}" for v in row) for row in shape.transform.matrix[:2].tolist())
    return f"Matrix of the {shape.name}: [{rows}], determinant {shape.transform.determinant:.3f}"


def _stem(name: str) -> str:
    return "vector_graphics" if name in SCENES else Path(name).stem


def _open(session: Session, view: View, name: str) -> None:
    """Show `view` in a window until it is closed, and then the game if that was asked for."""
    with ui.Stage(*SIZE, title="Vector graphics") as stage:

        def keep(path: Path, data: bytes) -> str:
            session.keep(write_atomically(path, data))
            return str(path)

        target = Path(f"{_stem(name)}.json" if name in SCENES else name)

        def save() -> str:
            return f"saved {keep(target, scene_to_json(view.scene, view.camera))}"

        def export() -> Iterator[str]:
            stem = _stem(name)
            paths = [
                keep(Path(f"{stem}.svg"), scene_to_svg(view.scene, view.camera, view.world_size)),
                keep(Path(f"{stem}.png"), picture(view, chrome=False)),
            ]
            if len(view.scene.keyframes) > 1:
                data = yield from film_by_steps(View(view.scene, view.camera), [])
                paths.append(keep(Path(f"{stem}.gif"), data))
            yield f"exported {', '.join(paths)}"

        view.save, view.export, view.load = save, export, lambda: read_scene(target)
        elapsed = 0.0
        while not view.done:
            for event in stage.events():
                view.handle(event)
            # A stall, such as a window that is dragged, is not made up for.
            view.advance(min(elapsed, 0.1))
            view.work()
            view.draw(stage)
            elapsed = stage.show(60)
    if view.exporting:
        session.say(f"Stopped before {_stem(name)}.gif was written")
    if view.wants_game:
        _game().main(["--seed", str(session.seed)], "vector_graphics asteroids", standalone_mode=False)


def _render(session: Session, view: View, name: str, script: list[tuple[ui.Event, float]], suffix: str) -> None:
    """Press the keys, and save what is to be seen then, or all of it as a film."""
    path = session.path(f"{_stem(name)}.png")
    filmed = suffix == "gif"
    if filmed and not script and len(view.scene.keyframes) < 2:
        raise click.UsageError(f"--save {path}: a film needs --keys, or a scene with two keyframes")
    result: dict[str, Any] = {"scene": name}
    if filmed:
        with ui.progress("Drawing") as report:
            data = film(view, script, report)
    else:
        for _ in played(view, script) if script else ():
            pass
    if view.scene.chosen and script:
        session.say(_matrix_line(view.scene))
    if len(view.scene.keyframes) > 1 and not filmed:
        result |= _measure(session, View(view.scene, view.camera))
    if path is not None:
        write_atomically(path, data if filmed else _still(view, suffix))
        session.keep(path)
        kind = {"gif": "animation", "json": "scene"}.get(suffix, "picture")
        session.say(f"Saved {kind} to {path}")
    result["shapes"] = [
        {"name": s.name, "matrix": s.transform.matrix.tolist(), "determinant": s.transform.determinant}
        for s in view.scene.shapes
    ]
    session.result(result)


def _still(view: View, suffix: str) -> bytes:
    if suffix == "svg":
        return scene_to_svg(view.scene, view.camera, view.world_size)
    if suffix == "json":
        return scene_to_json(view.scene, view.camera)
    return picture(view)


def _measure(session: Session, view: View) -> dict[str, float]:
    """Say what a frame of the film costs."""
    cost = frame_cost(view)
    frame, ours, drawing = 1e3 * cost.frame, 1e3 * cost.mathematics, 1e3 * cost.drawing
    session.say(
        f"Frame: {frame:.1f} ms ({1e3 / frame:.0f} frames/s): {ours:.2f} ms poses and points, {drawing:.1f} ms drawing"
    )
    return {"frame_ms": frame, "mathematics_ms": ours, "drawing_ms": drawing}


def tour() -> Tour:
    """Return a triangle that is turned, scaled, sheared and inverted, as an animation."""
    view = View(gallery(), Camera())
    data = film(view, script_of("r:0.5 s:0.6 x:0.6 i:0.9 space:0.9"), lambda done, total: None, 6)
    shape = view.scene.chosen[0]
    cost = frame_cost(View(crowd()), 20)
    return Tour(
        title="The matrix, its basis, grid and eigenvectors move with the shape",
        figures={
            "determinant at the end": f"{shape.transform.determinant:.3f}",
            "2,000 moving shapes": f"{1e3 * cost.frame:.1f} ms a frame, {1e3 * cost.mathematics:.2f} ms of it in C",
        },
        picture=data,
        picture_format="gif",
    )


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit."""
    run(command, args, "vector_graphics")
