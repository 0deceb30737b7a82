"""An image lab: geometry, colours and filters as matrices, composed and applied once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import click
import numpy as np

from minigrad import datasets, ui
from minigrad._check import DataError
from minigrad.projects._program import Session, Tour, program, run
from minigrad.projects.image_lab import _report
from minigrad.projects.image_lab._commands import EDITS, NAMES, parse, usage
from minigrad.projects.image_lab._figure import render_closeup
from minigrad.projects.image_lab._lab import Lab
from minigrad.projects.image_lab._window import SIZE, View, preview
from minigrad.serialization import write_atomically

__all__ = ["command", "main", "tour"]

_EXAMPLE = """
Example:

  $ minigrad image-lab photo.jpg
  Commands: rotate <degrees> | scale <factor> | shear <x> <y> | flip | save
  > rotate 45
  > scale 0.5
  > shear 0.3 0
  > save output.jpg
  Saved transformed image to output.jpg
  > quit

  $ minigrad image-lab photo.jpg --do "rotate 45; scale 0.5" --save out.png
  Saved transformed image to out.png
  $ minigrad image-lab scans/ --do "grey; contrast 1.2" --save cleaned/

'help' lists all commands; 'show' opens a window with four corners to drag. Angles turn
counter-clockwise. Geometry is one matrix, applied once to the original.
"""

_COMMANDS = "Commands: rotate <degrees> | scale <factor> | shear <x> <y> | flip | save"
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp", ".gif")


@program("image-lab", _EXAMPLE)
@click.argument("photo", required=False, type=click.Path(path_type=Path), metavar="[PHOTO|FOLDER]")
@click.option("--do", "script", metavar="COMMANDS", help="Commands parted by ';' instead of the prompt.")
@click.option("--frame", type=click.IntRange(0), metavar="N", help="Which picture of an animation, from 0.")
@click.option(
    "--explain",
    "pixel",
    is_flag=False,
    flag_value="middle",
    default=None,
    metavar="[X,Y]",
    help="Show the matrix and how one output pixel is interpolated; by default the middle one.",
)
@click.option("--show", "at_once", is_flag=True, help="Open the window first, then the prompt.")
def command(
    session: Session, photo: Path | None, script: str | None, frame: int | None, pixel: str | None, at_once: bool
) -> None:
    """Transform a photograph at a prompt, by a script, or a whole folder of them.

    Every command is kept: geometry and colours are composed exactly and applied once to the original,
    so that 36 times 'rotate 10' gives its bytes back. Without a photograph the embedded one is taken.
    """
    where = None if pixel is None else _pixel(pixel)
    if photo is not None and photo.is_dir():
        if script is None:
            raise click.UsageError(
                f"{photo} is a folder; say what to do with its pictures: --do 'rotate 90; scale 0.5'"
            )
        _folder(session, photo, script, frame)
        return
    lab = _open(session, photo, frame)
    if script is not None or session.json or pixel is not None:
        _script(session, lab, script or "", where, pixel is not None)
    else:
        session.say(_COMMANDS)
        if at_once:
            _SHOWN["show"](session, lab, [])
        _prompt(session, lab)


def _pixel(text: str) -> tuple[int, int] | None:
    if text == "middle":
        return None
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        raise click.UsageError(f"--explain takes a pixel X,Y such as 120,80; got {text!r}")
    return int(parts[0]), int(parts[1])


def _open(session: Session, photo: Path | None, frame: int | None) -> Lab:
    if photo is not None:
        return Lab(datasets.read_photo(photo, frame=frame), photo.name)
    path = datasets.photo_path()
    session.say(f"Picture: {path.name}, the photograph that matplotlib ships")
    return Lab(datasets.read_photo(path), path.name)


# --- a script


def _commands(script: str) -> list[str]:
    return [part.strip() for part in script.split(";") if part.strip()]


def _carry_out(lab: Lab, script: str) -> None:
    for line in _commands(script):
        name = parse(line)[0]
        if name in NAMES and name not in (*EDITS, "undo", "redo", "reset"):
            raise DataError(f"--do takes commands that change the picture; '{name}' is for the prompt")
        try:
            lab.do(line)
        except ValueError as error:
            raise DataError(f"--do: {line[:60]}: {error}") from None


def _script(session: Session, lab: Lab, script: str, where: tuple[int, int] | None, explaining: bool) -> None:
    _carry_out(lab, script)
    if explaining:
        session.say(_report.explain(lab, *(where or (None, None))))
    path = session.path(_edited(lab)) if not explaining else session.save
    if path is not None:
        _save(session, lab, path)
    session.result(_report.facts(lab) | {"saved": [str(kept) for kept in session.kept]})


def _edited(lab: Lab) -> str:
    path = Path(lab.name)
    return f"{path.stem}_edited{path.suffix or '.png'}"


def _save(session: Session, lab: Lab, path: Path) -> None:
    notes = lab.save(path)
    session.keep(path)
    session.say(f"Saved transformed image to {path}")
    for note in notes:
        session.say(f"Note: {note}")


# --- a folder


def _folder(session: Session, folder: Path, script: str, frame: int | None) -> None:
    """Do the same to every picture of a folder; those that cannot be read are named, and the rest is done."""
    try:
        names = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from None
    if not names:
        raise DataError(f"{folder}: holds no pictures; {', '.join(_SUFFIXES)} are looked for")
    target = session.save or folder.with_name(f"{folder.resolve().name}_edited")
    if target.resolve() == folder.resolve():
        raise DataError(f"{target}: is the folder that is read; save to another, so that no original is lost")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{target}: cannot make the folder ({error.strerror}); choose another with --save") from None
    failed = []
    with ui.progress("Transforming") as report:
        for number, path in enumerate(names):
            report(number, len(names))
            try:
                lab = Lab(datasets.read_photo(path, frame=frame), path.name)
                _carry_out(lab, script)
                _save(session, lab, target / path.name)
            except ValueError as error:
                failed.append(str(error))
    for message in failed:
        print(f"Error: {' '.join(message.split())}", file=sys.stderr)
    done = len(names) - len(failed)
    session.say(f"{done} of {len(names)} pictures are in {target}")
    session.result({"folder": str(target), "saved": [str(kept) for kept in session.kept], "failed": failed})
    if failed:
        raise DataError(f"{len(failed)} of {len(names)} pictures could not be transformed; the others are in {target}")


# --- the prompt


def _lines() -> Iterator[str]:
    """Yield what is typed, or piped in and then echoed, until it ends."""
    typed = sys.stdin is not None and sys.stdin.isatty()
    if typed:
        import readline  # noqa: F401 (gives input() its history and line editing)
    while True:
        try:
            line = input("> ")
        except EOFError:
            print(flush=True)
            return
        except UnicodeDecodeError:
            print("\nError: that is not text; type 'help'", flush=True)
            continue
        if not typed:
            print(line, flush=True)
        yield line


def _prompt(session: Session, lab: Lab) -> None:
    for line in _lines():
        name, words, _ = parse(line)
        if name == "quit":
            return
        if not name:
            continue
        try:
            if name == "save":
                _save_here(session, lab, line.strip()[4:].strip())
            elif name in _SHOWN:
                _SHOWN[name](session, lab, words)
            else:
                lab.do(line)
        except ValueError as error:
            session.say(f"Error: {' '.join(str(error).split())}")
        except MemoryError:
            session.say("Error: the result does not fit into memory; undo, or scale it down")


def _say_help(session: Session, lab: Lab, words: list[str]) -> None:
    if words:
        name = parse(words[0])[0]
        if name not in NAMES:
            raise ValueError(f"there is no command '{words[0][:40]}'; 'help' lists them")
        session.say(_report.help_text(name))
    else:
        session.say(_report.help_text())


def _say(text: Callable[[Lab], str], name: str) -> Callable[[Session, Lab, list[str]], None]:
    def say(session: Session, lab: Lab, words: list[str]) -> None:
        if words:
            raise ValueError(f"'{name}' takes no arguments")
        session.say(text(lab))

    return say


def _say_pixel(session: Session, lab: Lab, words: list[str]) -> None:
    if len(words) not in (0, 2) or not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
        raise ValueError(f"'explain' takes a pixel, two whole numbers: {usage('explain')}")
    session.say(_report.explain(lab, *map(int, words)))


def _save_here(session: Session, lab: Lab, name: str) -> None:
    _save(session, lab, Path(name) if name else session.save or Path(_edited(lab)))


def _show(beside: bool) -> Callable[[Session, Lab, list[str]], None]:
    def show(session: Session, lab: Lab, words: list[str]) -> None:
        if words:
            raise ValueError("'show' and 'compare' take no arguments")
        backend, reason = session.window
        if backend is None:
            path = write_atomically(Path(f"{Path(lab.name).stem}_preview.png"), preview(lab, beside=beside))
            session.keep(path)
            session.say(f"Saved preview to {path}" + (f" ({reason})" if reason else ""))
        else:
            _window(session, View(lab, compare=beside))

    return show


def _window(session: Session, view: View) -> None:
    """Show `view` until it is closed; what was done in it is part of the history."""
    with ui.Stage(*SIZE, title=f"image_lab: {view.lab.name}") as stage:

        def save() -> str:
            path = Path(_edited(view.lab))
            view.lab.save(path)
            session.keep(path)
            return f"saved {path}"

        view.save = save
        while not view.done:
            for event in stage.events():
                view.handle(event)
            view.draw(stage)
            stage.show(60)


_SHOWN: dict[str, Callable[[Session, Lab, list[str]], None]] = {
    "show": _show(beside=False),
    "compare": _show(beside=True),
    "info": _say(_report.info, "info"),
    "history": _say(_report.history, "history"),
    "matrix": _say(_report.matrix, "matrix"),
    "explain": _say_pixel,
    "help": _say_help,
}


def tour() -> Tour:
    """Return the seed's three commands on the embedded photograph, with one pixel close up."""
    lab = Lab(datasets.read_photo(datasets.photo_path()), datasets.photo_path().name)
    for line in ("rotate 45", "scale 0.5", "shear 0.3 0"):
        lab.do(line)
    canvas = lab.scene.canvas
    turned = Lab(lab.photo)
    for _ in range(36):
        turned.do("rotate 10")
    same = bool(np.array_equal(turned.pixels(), lab.photo.pixels))
    return Tour(
        title="A photograph turned, shrunk and sheared by one matrix",
        figures={
            "result": f"{canvas.width} x {canvas.height}",
            "resamplings": str(lab.scene.resamplings),
            "36 turns by 10 degrees": "the original bytes" if same else "other bytes",
        },
        picture=render_closeup(lab),
    )


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit."""
    run(command, args, "image_lab")
