"""What the program works on: a file of the user's or a named data set, made alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minigrad import datasets, ui

__all__ = ["Source", "from_dataset", "from_file"]

# With more classes, colours repeat and the column is more likely a name than a class.
_MAX_CLASSES = 10


@dataclass(frozen=True, eq=False)
class Source:
    """Samples ready for the analysis, and what to say about them.

    Attributes
    ----------
    name : str
        For file names: the recognised data set, else the input's stem.
    title : str
        For the picture.
    values : ndarray, shape (n_samples, n_features)
    feature_names : tuple of str
    classes : ndarray of int or None
        The class of each sample.
    class_names : tuple of str
    class_title : str
        What the classes are, in the plural.
    images : ndarray of uint8, shape (n_samples, height, width), or None
    varying : ndarray of bool or None
        Which pixels `values` holds, where constant ones were left out.
    synthetic : bool
    lines : tuple of str
        What to tell the user, one sentence each.
    """

    name: str
    title: str
    values: np.ndarray
    feature_names: tuple[str, ...]
    classes: np.ndarray | None
    class_names: tuple[str, ...]
    class_title: str
    lines: tuple[str, ...]
    images: np.ndarray | None = None
    varying: np.ndarray | None = None
    synthetic: bool = False


def from_dataset(name: str, standardize: bool, seed: int) -> Source:
    """Return the data set `name`, generated from `seed` if it is synthetic; pixels go from 0 to 1.

    Raises
    ------
    DataError
        If it must be downloaded and cannot be.
    """
    with ui.progress(f"Fetching {name}", unit="bytes") as report:
        options = {"seed": seed} if name == "digits" else {}
        data = datasets.load(name, progress=lambda file, done, total: report(done, total or None), **options)
    lines = [f"Data: {data.description}; {data.source}."]
    values, names, varying = data.data, data.feature_names, None
    if data.images is not None:
        values = values / np.asarray(255, dtype=values.dtype)
        if standardize:
            varying = (data.data != data.data[0]).any(axis=0)
            values = np.ascontiguousarray(values[:, varying])
            names = tuple(n for n, keep in zip(names, varying, strict=True) if keep)
            lines.append(f"{int((~varying).sum())} constant pixels were left out.")
    if data.synthetic:
        lines.append("These samples are synthetic: generated, not measured.")
    return Source(
        name=data.name,
        title=_title(data.name) + (" (synthetic)" if data.synthetic else ""),
        values=values,
        feature_names=names,
        classes=data.target,
        class_names=data.target_names,
        class_title="species" if data.name == "iris" else "digits" if data.images is not None else "classes",
        lines=tuple(lines),
        images=data.images,
        varying=varying,
        synthetic=data.synthetic,
    )


def from_file(path: str, label: str | None, drop_missing: bool) -> Source:
    """Return the table in the file `path`.

    Raises
    ------
    DataError
        If the file cannot be used: see `minigrad.datasets.read_csv`.
    """
    table = datasets.read_csv(path, label=label, drop_missing=drop_missing)
    classes, class_names, lines = _classes(table)
    names = table.feature_names
    version = datasets.iris_version(table.values)
    stem = Path(path).stem
    if version is not None:
        if all(name.startswith("column ") for name in names):
            names = datasets.load("iris").feature_names
        class_names = tuple(name.removeprefix("Iris-") for name in class_names)
        lines.insert(0, _which_iris(Path(path).name, version))
    else:
        lines.insert(0, f"Data: {path}, {_count(len(table.values), 'sample')}, {_count(len(names), 'feature')}.")
    lines += [note[0].upper() + note[1:] + "." for note in table.notes]
    return Source(
        name=stem if version is None else "iris",
        title=stem if version is None else _title("iris"),
        values=table.values,
        feature_names=names,
        classes=classes,
        class_names=class_names,
        class_title="species" if version is not None else "classes",
        lines=tuple(lines),
    )


def _classes(table: datasets.Table) -> tuple[np.ndarray | None, tuple[str, ...], list[str]]:
    """Return the classes that the label column names, if they are few enough to be classes."""
    if table.label is None:
        return None, (), []
    class_names, classes = np.unique(table.label, return_inverse=True)
    if len(class_names) > _MAX_CLASSES:
        what = f"column {table.label_name!r} has {len(class_names)} different values"
        return None, (), [f"Not coloured: {what}, and at most {_MAX_CLASSES} can be told apart."]
    return classes, tuple(map(str, class_names)), [f"Labels: column {table.label_name!r}."]


def _which_iris(file: str, version: str) -> str:
    if version == "uci":
        return (
            f"Data: {file} is the UCI copy of Fisher's iris, in which rows 35 and 38 are mistyped; "
            "run without a file for the corrected values."
        )
    return f"Data: {file} is Fisher's iris with the values he printed (corrected)."


def _title(name: str) -> str:
    return {"iris": "Fisher's iris", "mnist": "MNIST", "digits": "Generated digits"}.get(name, name)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
