"""Read a table of numbers, with at most one label column, from a text file.

The steps, in reading order: bytes to text, text to records (with the line on which each
begins), records to columns, columns to values. Whatever is wrong with the file is reported
with the line and the column where it is.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minigrad._check import DataError
from minigrad.datasets._records import DELIMITERS, MISSING, is_missing, number, read_records

__all__ = ["Table", "read_csv"]

_ROW_NUMBER_NAMES = frozenset({"", "id", "index", "row", "no", "no.", "unnamed: 0"})
_NAMES_SHOWN = 12  # in a message


@dataclass(frozen=True)
class Table:
    """A table of numbers read from a file.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_features)
        float64, all finite.
    feature_names : tuple of str
        One per column of `values`; ``"column 3"`` where the file names none.
    label : ndarray of shape (n_samples,) or None
        The label column, as text.
    label_name : str or None
        The name of that column.
    notes : tuple of str
        What was left out or guessed on the way, one sentence each: a constant column, dropped rows.
    """

    values: np.ndarray
    feature_names: tuple[str, ...]
    label: np.ndarray | None
    label_name: str | None
    notes: tuple[str, ...]


@dataclass
class _Column:
    """One column on its way from text to numbers."""

    name: str
    position: int  # from 1
    cells: Sequence[str]  # given up once they are numbers without a gap
    heading: str | None = None  # what the header says, None without one
    numbers: np.ndarray | None = None  # None for text; NaN and infinities still inside

    def missing(self) -> np.ndarray:
        """Say for each row whether the cell holds no usable value."""
        if self.numbers is not None:
            missing: np.ndarray = ~np.isfinite(self.numbers)
            return missing
        return np.array([cell.lower() in MISSING for cell in self.cells], dtype=bool)


def read_csv(
    path: str | os.PathLike[str],
    *,
    label: str | int | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    drop_missing: bool = False,
) -> Table:
    r"""Read a table of numbers, with at most one column of labels, from a text file.

    Parameters
    ----------
    path : path
        UTF-8 (with or without byte-order mark), UTF-16 with one, or else Latin-1; any line ends;
        fields may be quoted with ``"``; blank lines are passed over.
    label : str or int, optional
        The label column: its name, or its number from 1 (as an int or in digits). By default the
        only column of text, if there is one.
    header : bool, optional
        Whether the first line names the columns. By default it does if it has more words above columns
        of numbers than numbers.
    delimiter : str, optional
        One of ``","``, ``";"``, tab, ``"|"`` and ``" "`` (any run of blanks). By default the one that
        splits the first lines most evenly and into most numbers. With a semicolon or a tab, numbers
        may be written with a decimal comma.
    drop_missing : bool, default False
        Leave out the rows in which a value is missing (nothing, ``NA``, ``N/A``, ``NaN``, ``null``, ``?`` in
        any case) or infinite, and say how many in the notes.

    Returns
    -------
    Table
        Columns that are constant, empty, or merely number the rows (the first column, named
        ``id``, ``index`` or nothing, counting up by one) are left out and named in the notes; so are
        further columns of text when `label` is given.

    Raises
    ------
    DataError
        If the file is missing, a directory, binary, empty or only a header; a line has another
        number of fields than the first; a cell is not a number; values are missing and
        `drop_missing` is False; several columns hold text and `label` is None; `label` is not a column;
        or fewer than two samples or no column remain. The message is one line that names file,
        line and column and says what to do.
    ValueError
        If `delimiter` is none of those listed.

    Notes
    -----
    A column is text if none of its cells is a number, or if more than one cell and more than a
    fifth of those present are not; with fewer, they are reported as mistakes. Lines are counted
    as a text editor counts them, blank ones and the header included.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from minigrad.datasets import read_csv
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "pets.csv"
    >>> _ = path.write_text("weight;legs;kind\n4.2;4;cat\n0.1;2;bird\n")
    >>> table = read_csv(path)
    >>> table.values
    array([[4.2, 4. ],
           [0.1, 2. ]])
    >>> table.feature_names, table.label_name, table.label.tolist()
    (('weight', 'legs'), 'kind', ['cat', 'bird'])
    """
    if delimiter is not None and delimiter not in DELIMITERS:
        raise ValueError(f"read_csv: delimiter must be one of {', '.join(map(repr, DELIMITERS))}; got {delimiter!r}")
    where = os.fsdecode(path)
    notes: list[str] = []
    lines, records, delimiter = read_records(where, delimiter, notes)
    columns = _name_columns(where, records, header, delimiter)
    if not columns[0].cells:
        raise DataError(f"{where}: line {lines[0]} is a header and no samples follow it; add at least two")
    del lines[: len(records) - len(columns[0].cells)]
    del records  # the columns hold the cells now
    found = None if label is None else _find_label(where, columns, label)
    for column in columns:
        if column is found:
            column.cells = list(map(str.strip, column.cells))
        else:
            _convert(where, column, lines, delimiter)
    features, found = _choose(where, columns, found, notes)
    keep = _complete_rows(where, features, found, lines, drop_missing, notes)
    return _assemble(where, features, found, keep, notes)


def _name_columns(where: str, records: list[list[str]], header: bool | None, delimiter: str) -> list[_Column]:
    """Return the columns with their names, from the first record if it is a header."""
    columns = []
    for i, cells in enumerate(zip(*records, strict=True), start=1):
        columns.append(_Column(f"column {i}", i, cells))
    if header is None:
        header = _has_header(columns, delimiter)
    if header:
        for column in columns:
            column.heading = column.cells[0].strip()
            column.cells = column.cells[1:]
            column.name = column.heading or column.name
    return columns


def _has_header(columns: list[_Column], delimiter: str) -> bool:
    """Say whether the first record names the columns: more words above numbers than numbers."""
    numbers = words = 0
    for column in columns:
        first = column.cells[0].strip()
        if number(first, delimiter) is not None:
            numbers += 1
        elif not is_missing(first):
            words += any(number(cell.strip(), delimiter) is not None for cell in column.cells)
    return words > numbers or (len(columns[0].cells) == 1 and numbers == 0)


def _names(columns: list[_Column]) -> str:
    """List column names for a message."""
    shown = ", ".join(repr(column.name) for column in columns[:_NAMES_SHOWN])
    return shown + (", ..." if len(columns) > _NAMES_SHOWN else "")


def _leave_out(columns: list[_Column], kind: str, notes: list[str]) -> None:
    """Note that columns of one kind are left out."""
    if len(columns) == 1:
        notes.append(f"left out {kind} column {columns[0].name!r}")
    elif columns:
        notes.append(f"left out {len(columns)} {kind} columns: {_names(columns)}")


def _find_label(where: str, columns: list[_Column], label: str | int) -> _Column:
    """Return the column that `label` names, or numbers from 1."""
    named = [column for column in columns if column.name == str(label)]
    if len(named) > 1:
        numbers = " and ".join(str(column.position) for column in named)
        raise DataError(f"{where}: columns {numbers} are both named {label!r}; choose the label by its number")
    if named and isinstance(label, str):
        return named[0]
    if str(label).isdecimal() and 1 <= int(label) <= len(columns):
        return columns[int(label) - 1]
    raise DataError(
        f"{where}: the label {label!r} is not a column; choose one of {_names(columns)}, or 1 to {len(columns)}"
    )


def _show(cell: str) -> str:
    """Quote a cell for a message of one line."""
    return repr(cell if len(cell) <= 40 else cell[:37] + "...")


def _convert(where: str, column: _Column, lines: list[int], delimiter: str) -> None:
    """Give the column its numbers, unless it holds text."""
    try:
        numbers = np.array(list(map(float, column.cells)))
        if np.isfinite(numbers).all() and "_" not in "".join(column.cells):  # float() takes 1_000
            column.numbers = numbers
            column.cells = ()
            return
    except ValueError:
        pass  # something else than numbers: look at the cells one by one
    column.cells = list(map(str.strip, column.cells))
    numbers = np.full(len(column.cells), math.nan)
    text: list[int] = []
    present = 0
    for i, cell in enumerate(column.cells):
        value = number(cell, delimiter)
        if value is not None:
            numbers[i] = value
            present += 1
        elif not is_missing(cell):
            text.append(i)
    if text and (not present or (len(text) > 1 and 5 * len(text) > present + len(text))):
        return
    if text:
        raise DataError(
            f"{where}, line {lines[text[0]]}, column {column.name!r}: {_show(column.cells[text[0]])} is not a number, "
            f"as the column's others are; correct it, or write NA if the value is missing"
        )
    column.numbers = numbers


def _choose(
    where: str, columns: list[_Column], label: _Column | None, notes: list[str]
) -> tuple[list[_Column], _Column | None]:
    """Return the feature columns and the label, leaving out what carries nothing."""
    features: list[_Column] = []
    text: list[_Column] = []
    empty: list[_Column] = []
    for column in columns:
        if column is label:
            continue
        if column.missing().all():
            empty.append(column)
        elif _numbers_rows(column):
            notes.append(f"left out column {column.name!r}, which only numbers the rows")
        elif column.numbers is None:
            text.append(column)
        else:
            features.append(column)
    _leave_out(empty, "empty", notes)
    if label is not None:
        _leave_out(text, "text", notes)
        return features, label
    if len(text) > 1:
        _leave_out([column for column in text if len(set(column.cells)) == 1], "constant", notes)
        text = [column for column in text if len(set(column.cells)) > 1]
    if len(text) > 1:
        names = _names(text)
        raise DataError(
            f"{where}: columns {names} hold text, and only one can be the label; choose it with --label COLUMN"
        )
    return features, text[0] if text else None


def _numbers_rows(column: _Column) -> bool:
    """Say whether the first column is a row number: named so, and counting up by one."""
    if column.position != 1 or column.numbers is None:
        return False
    if column.heading is None or column.heading.lower() not in _ROW_NUMBER_NAMES:
        return False
    return bool((np.diff(column.numbers) == 1).all())


def _complete_rows(
    where: str, features: list[_Column], label: _Column | None, lines: list[int], drop: bool, notes: list[str]
) -> np.ndarray:
    """Return which rows miss nothing; refuse incomplete ones unless they are to be dropped."""
    used = features + ([label] if label is not None else [])
    keep = np.ones(len(lines), dtype=bool)
    count = 0
    first: tuple[int, int, _Column] | None = None
    for column in used:
        missing = column.missing()
        if missing.any():
            row = int(missing.argmax())
            place = (row, column.position, column)
            first = place if first is None else min(first, place, key=lambda p: p[:2])
            count += int(missing.sum())
            keep &= ~missing
    if first is None:
        return keep
    row, _, column = first
    rows = f"{int((~keep).sum())} of {len(lines)} rows"
    what = f"{count} missing or infinite value(s)"
    at = f"line {lines[row]}, column {column.name!r} ({_show(column.cells[row])})"
    if not drop:
        raise DataError(f"{where}: {what} in {rows}, first in {at}; fill in, or drop those rows with --drop-missing")
    notes.append(f"dropped {rows} for {what}, first in {at}")
    if not keep.any():
        raise DataError(f"{where}: every row misses a value, first in {at}; fill them in")
    return keep


def _assemble(where: str, features: list[_Column], label: _Column | None, keep: np.ndarray, notes: list[str]) -> Table:
    """Return the table of the rows to keep, without constant columns."""
    if keep.sum() < 2:
        raise DataError(f"{where}: only one sample; at least two are needed")
    constant: list[_Column] = []
    names: list[str] = []
    values: list[np.ndarray] = []
    for column in features:
        kept = np.asarray(column.numbers)[keep]
        if (kept == kept[0]).all():
            constant.append(column)
        else:
            names.append(column.name)
            values.append(kept)
    _leave_out(constant, "constant", notes)
    if not values:
        what = "every column of numbers is constant" if features else "no column holds numbers"
        raise DataError(f"{where}: {what}; at least one that varies is needed")
    labels = None if label is None else np.array(label.cells)[keep]
    return Table(
        values=np.ascontiguousarray(np.stack(values, axis=1)),
        feature_names=tuple(names),
        label=labels,
        label_name=None if label is None else label.name,
        notes=tuple(notes),
    )
