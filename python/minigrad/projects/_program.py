"""The contract that every program keeps: common options, output, errors and exit codes.

Exit code 0 is success, 2 wrong usage, 1 anything else, 130 Ctrl-C. An error is one line on
standard error, ``Error: what, where, what to do``; ``MINIGRAD_DEBUG=1`` adds the traceback.
"""

from __future__ import annotations

import functools
import json
import math
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import click

import minigrad
from minigrad import ui
from minigrad.serialization import check_target

__all__ = ["Command", "FiniteRange", "Interrupted", "Session", "Tour", "program", "run"]


@dataclass(frozen=True)
class Tour:
    """What a program's `tour()` returns.

    Attributes
    ----------
    title : str
        What the run shows, in a few words.
    figures : dict of str to str
        The numbers it reports, as printed.
    picture : bytes
        A PNG, or a GIF if `picture_format` says so.
    picture_format : str, default "png"
    """

    title: str
    figures: dict[str, str]
    picture: bytes
    picture_format: str = "png"


@dataclass
class Session:
    """One run of a program: its common options, its output, and what it has saved.

    Attributes
    ----------
    headless : bool
        Whether the user asked for no window.
    save : Path or None
        Where to save, if the user said.
    seed : int
    json : bool
        Whether the result goes out as one JSON object, and nothing else.
    kept : list of Path
        The files written so far: named if the run is interrupted.
    """

    headless: bool = False
    save: Path | None = None
    seed: int = 0
    json: bool = False
    kept: list[Path] = field(default_factory=list)

    def say(self, line: str = "") -> None:
        """Print a line of the transcript at once; nothing with ``--json``."""
        if not self.json:
            print(line, flush=True)

    @functools.cached_property
    def window(self) -> tuple[str | None, str]:
        """The backend for a window, or None and the reason why none will open."""
        if self.headless or self.json:
            return None, ""
        return ui.window_backend()

    def path(self, default: str) -> Path | None:
        """Return where to save: the user's choice, else `default` in the current directory.

        With ``--json`` there is no default, so that a script gets no file that it did not ask for.
        """
        if self.save is not None or self.json:
            return self.save
        return Path(default)

    def check_save(self, *formats: str) -> None:
        """Refuse a ``--save`` of another suffix than these, or to no folder, before any work is done.

        Raises
        ------
        click.UsageError, DataError
        """
        if self.save is not None and self.save.suffix.lower().lstrip(".") not in formats:
            names = " or ".join("." + name for name in formats)
            raise click.UsageError(f"--save {self.save}: the name of this picture must end in {names}")
        if self.save is not None:
            check_target(self.save)

    def keep(self, path: Path) -> None:
        """Note that `path` has been written."""
        self.kept.append(path)

    def result(self, value: dict[str, Any]) -> None:
        """With ``--json``, print `value` as one JSON object; else do nothing."""
        if self.json:
            print(json.dumps(value, allow_nan=False, ensure_ascii=False), flush=True)


class Interrupted(click.ClickException):
    """Ctrl-C: its message names the files that were `kept`."""

    exit_code = 130

    def __init__(self, kept: Sequence[Path]) -> None:
        names = ", ".join(map(str, kept))
        super().__init__(f"Interrupted: kept {names}" if names else "Interrupted: nothing was saved")


class FiniteRange(click.FloatRange):
    """A range of numbers that NaN and infinity are not in, whatever its ends."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number that the user wrote."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class Command(click.Command):
    """A command whose epilog, the worked example, is printed as it stands."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the worked example without wrapping it."""
        if self.epilog:
            formatter.write_paragraph()
            formatter.write(self.epilog.strip("\n") + "\n")


def _common_options() -> list[click.Parameter]:
    return [
        click.Option(["--headless"], is_flag=True, help="Never open a window."),
        click.Option(
            ["--save"],
            type=click.Path(path_type=Path),
            metavar="PATH",
            help="Where to save the picture; the suffix picks the format.",
        ),
        click.Option(
            ["--seed"],
            type=click.IntRange(0, 2**64 - 1),
            default=0,
            show_default="0",
            metavar="N",
            help="Seed of everything random.",
        ),
        click.Option(
            ["--threads"],
            type=click.IntRange(1, 256),
            metavar="N",
            help="Threads to use; the results do not depend on it.",
        ),
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            help="Print the result as one JSON object and nothing else; opens no window, saves only to --save.",
        ),
    ]


def program(name: str, example: str, cls: type[Command] = Command) -> Callable[[Callable[..., None]], click.Command]:
    """Turn ``function(session, ...)`` into the command `name` with the common options.

    Parameters
    ----------
    name : str
        With dashes.
    example : str
        A worked example, printed below the options by ``--help``.
    cls : type, default Command
        The command's class.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        @functools.wraps(function)
        def callback(
            headless: bool, save: Path | None, seed: int, threads: int | None, as_json: bool, **options: Any
        ) -> None:
            session = Session(headless, save, seed, as_json)
            before = minigrad.get_num_threads()
            try:
                if threads is not None:
                    minigrad.set_num_threads(threads)
                with warnings.catch_warnings():
                    warnings.simplefilter("default", minigrad.ConvergenceWarning)
                    warnings.showwarning = _show_warning
                    function(session, **options)
            except KeyboardInterrupt:
                raise Interrupted(session.kept) from None
            finally:
                minigrad.set_num_threads(before)

        command = click.command(name, cls=cls, epilog=example)(callback)
        command.params.extend(_common_options())
        return command

    return decorate


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"Warning: {' '.join(str(message).split())}", file=sys.stderr)


def _report(error: BaseException, message: str) -> None:
    if os.environ.get("MINIGRAD_DEBUG") == "1":
        traceback.print_exception(error, file=sys.stderr)
    print(" ".join(message.split()), file=sys.stderr)


def _usage_message(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx is not None else "minigrad"
    return f"Error: {error.format_message().rstrip('.')}; see '{command} --help'"


def _exit_code(command: click.Command, args: Sequence[str] | None, prog_name: str | None) -> int:
    """Run `command`, report what goes wrong in one line, and return the exit code."""
    try:
        code = command.main(args=args, prog_name=prog_name, standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except Interrupted as error:
        _report(error, error.message)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        _report(error, "Interrupted: nothing was saved")
        return 130
    except click.UsageError as error:
        _report(error, _usage_message(error))
        return 2
    except click.ClickException as error:
        _report(error, f"Error: {error.format_message()}")
        return 1
    except BrokenPipeError:
        # The reader has gone; what is still buffered must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError as error:
        _report(error, f"Error: not enough memory ({error}); use a smaller data set" if str(error) else _NO_MEMORY)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _report(error, f"Error: {where}{error.strerror or error}")
        return 1
    except ValueError as error:
        _report(error, f"Error: {error}")
        return 1
    except Exception as error:
        kind = type(error).__name__
        _report(error, f"Error: {kind}: {error} (a defect of minigrad; MINIGRAD_DEBUG=1 shows where)")
        return 1


_NO_MEMORY = "Error: not enough memory; use a smaller data set"


def run(command: click.Command, args: Sequence[str] | None = None, prog_name: str | None = None) -> NoReturn:
    """Run `command` with `args` (default: the process's own) and exit by the contract."""
    sys.exit(_exit_code(command, args, prog_name))
