"""The user's own line: which statement outside the framework made a tensor.

A frame's code object and instruction offset are kept, two references; file, line number
and text are looked up only when a message needs them.
"""

from __future__ import annotations

import linecache
import os
from types import CodeType
from typing import TYPE_CHECKING, NamedTuple

from minigrad._native import graph as native

__all__ = ["Where", "describe", "inside_house", "line_of", "user_line"]

_HOUSE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PROGRAMS = os.path.join(_HOUSE, "projects") + os.sep

Where = tuple[CodeType, int]


class _Inside(dict[str, bool]):
    """Whether a file belongs to the framework, remembered by name."""

    def __missing__(self, filename: str) -> bool:
        path = os.path.abspath(filename)
        inside = (path.startswith(_HOUSE) and not path.startswith(_PROGRAMS)) or filename.startswith("<frozen")
        self[filename] = inside
        return inside


inside_house = _Inside()
"""By file name: whether it belongs to the framework."""


if TYPE_CHECKING:

    def user_line() -> Where:
        """Return where the statement outside the framework stands that led to this call."""
else:
    user_line = native.user_line


class Line(NamedTuple):
    """A line of source."""

    filename: str
    number: int
    text: str


def line_of(where: Where) -> Line:
    """Look up the file, line number and text of `where`."""
    code, offset = where
    number = code.co_firstlineno
    for start, stop, line in code.co_lines():
        if start <= offset < stop and line is not None:
            number = line
            break
    return Line(code.co_filename, number, linecache.getline(code.co_filename, number).strip())


def describe(where: Where | None) -> str:
    """Return ``file.py:12 `x = f(y)` `` for a message, or a phrase if the line is not known."""
    if where is None:
        return "a line that is not known"
    line = line_of(where)
    text = f" `{line.text}`" if line.text else ""
    return f"{os.path.basename(line.filename)}:{line.number}{text}"
