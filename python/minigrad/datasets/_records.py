"""Split a text file into records and know the line on which each begins."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

from minigrad._check import DataError

__all__ = ["DELIMITERS", "MISSING", "is_missing", "number", "read_records"]

# Candidates in order of preference: the earlier wins when a file can be read both ways.
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", " ": "blanks"}
MISSING = frozenset({"", "na", "n/a", "nan", "null", "?"})
_INFINITE = frozenset({"inf", "infinity"})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_CONTROL = re.compile("[\0-\x08\x0e-\x19\x1c-\x1f\x7f]")
_SAMPLE = 100  # records from which the delimiter is guessed


def is_missing(cell: str) -> bool:
    """Say whether a cell holds nothing, a word for nothing, or an infinity."""
    lowered = cell.lower()
    return lowered in MISSING or lowered.lstrip("+-") in _INFINITE


def number(cell: str, delimiter: str) -> float | None:
    """Return the number that a cell holds; None for text and missing values."""
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if delimiter in ";\t" and _DECIMAL_COMMA.fullmatch(cell):
        return float(cell.replace(",", "."))
    return None


def _read_text(where: str, notes: list[str]) -> str:
    """Return the file's text without byte-order mark."""
    try:
        data = Path(where).read_bytes()
    except FileNotFoundError:
        raise DataError(f"{where}: there is no such file; check the path") from None
    except IsADirectoryError:
        raise DataError(f"{where}: is a directory; name a file in it") from None
    except OSError as error:
        raise DataError(f"{where}: cannot be read ({error.strerror}); check the path and its permissions") from None
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        notes.append("read as Latin-1, because the file is not valid UTF-8")
    if _CONTROL.search(text, 0, 65536) or "\0" in text:
        raise DataError(
            f"{where}: is a binary file (it begins with the bytes {data[:4].hex(' ')}); save the table as CSV text"
        )
    return text


def _reader(text: str, delimiter: str) -> Any:
    """Return the standard library's reader, which yields records and counts lines."""
    lines = io.StringIO(text, newline="")
    if delimiter == " ":
        plain = (line.replace("\t", " ").strip() + "\n" for line in lines)
        return csv.reader(plain, delimiter=" ", skipinitialspace=True, strict=True)
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True)


def _guess_delimiter(text: str) -> str:
    """Return the delimiter that splits the first lines most evenly and into most numbers."""
    best, best_score = ",", (0.0, 0.0)
    for delimiter in DELIMITERS:
        records: list[list[str]] = []
        try:
            for record in _reader(text, delimiter):
                if any(map(str.strip, record)):
                    records.append(record)
                if len(records) == _SAMPLE:
                    break
        except csv.Error:
            pass  # the part before the fault is sample enough; reading reports it
        widths = [len(record) for record in records]
        common = max(set(widths), key=lambda width: (widths.count(width), width), default=0)
        if common < 2 or 2 * widths.count(common) <= len(widths):
            continue
        body = [cell.strip() for record in records[1:] or records for cell in record]
        numbers = sum(is_missing(cell) or number(cell, delimiter) is not None for cell in body)
        score = (widths.count(common) / len(widths), numbers / len(body))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _split(where: str, text: str, delimiter: str) -> tuple[list[int], list[list[str]]]:
    """Return the records and the line on which each begins."""
    reader = _reader(text, delimiter)
    lines: list[int] = []
    records: list[list[str]] = []
    line = 1
    try:
        for record in reader:
            if len(record) > 1 or (record and record[0].strip()):
                lines.append(line)
                records.append(record)
            line = reader.line_num + 1
    except csv.Error as error:
        problem = "a quoted field is not closed, or text follows its closing quote"
        if "field larger" in str(error):
            problem = "a field is longer than 131072 characters, as if its closing quote were missing"
        raise DataError(f'{where}, line {line}: {problem}; write a quote inside a quoted field as ""') from None
    if not records:
        raise DataError(f"{where}: the file is empty; it needs one line per sample")
    width = len(records[0])
    for line, record in zip(lines, records, strict=True):
        if len(record) != width:
            raise DataError(
                f"{where}, line {line}: {len(record)} field(s) where line {lines[0]} has {width} "
                f"(separated by {DELIMITERS[delimiter]}); add or remove fields, or name another delimiter"
            )
    return lines, records


def read_records(where: str, delimiter: str | None, notes: list[str]) -> tuple[list[int], list[list[str]], str]:
    """Return the lines on which the records begin, the records, all of one width, and the delimiter."""
    text = _read_text(where, notes)
    if delimiter is None:
        delimiter = _guess_delimiter(text)
    lines, records = _split(where, text, delimiter)
    return lines, records, delimiter
