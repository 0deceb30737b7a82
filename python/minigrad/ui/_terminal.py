"""Text on a terminal: progress bars and tables."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

__all__ = ["progress", "table"]


@contextmanager
def progress(description: str, *, unit: str = "steps") -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar on standard error while the block runs, if that is a terminal.

    In a pipe or a file nothing is written. The bar vanishes when the block ends.

    Parameters
    ----------
    description : str
        What is being done.
    unit : {"steps", "bytes", ""}, default "steps"
        What is counted, so that the bar can say how much is done; ``""`` for work of unknown length.

    Yields
    ------
    callable
        ``report(done, total)``; `total` may be None while it is unknown.
    """
    if not sys.stderr.isatty():
        yield _ignore
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn()]
    if unit:
        columns += [DownloadColumn() if unit == "bytes" else MofNCompleteColumn(), TimeRemainingColumn()]
    else:
        columns.append(TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=None)

        def report(done: int, total: int | None = None) -> None:
            bar.update(task, completed=done, total=total)

        yield report


def _ignore(done: int, total: int | None = None) -> None:
    pass


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows of text under headers, aligned: the first column on the left, the others on the right.

    Parameters
    ----------
    headers : sequence of str
    rows : sequence of sequence of str

    Returns
    -------
    str

    Examples
    --------
    >>> from minigrad.ui import table
    >>> print(table(["axis", "share"], [["1", "73.0%"], ["2", "22.9%"]]))
    axis  share
    1     73.0%
    2     22.9%
    """
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="")
    for i, header in enumerate(headers):
        grid.add_column(header, justify="left" if i == 0 else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    # Wide enough that no cell is ever cut; the terminal wraps if it must.
    console = Console(file=io.StringIO(), width=10_000, color_system=None, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(grid)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
