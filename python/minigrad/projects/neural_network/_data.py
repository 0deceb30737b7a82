"""What a network learns from: images, tables and points in the plane, made alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minigrad import datasets, ui
from minigrad.datasets import DataError
from minigrad.random import Generator

__all__ = ["IMAGES", "PLANES", "Samples", "Source", "load"]

IMAGES = ("mnist", "digits", "fashion-mnist")
PLANES = ("xor", "moons", "spirals", "circle")
_TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST", "digits": "generated digits (synthetic)"}


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs (n_samples, n_features) as float32, standardised, and their classes."""

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Source:
    """Samples to learn from, to validate on, and to test on, and what to say about them.

    Attributes
    ----------
    name, title : str
        For file names, and for the transcript.
    learn, validate, test : Samples
    class_names : tuple of str
    shift, scale : ndarray
        ``x = (raw - shift) / scale``: a number each for images, one per feature for tables.
    image_size : int or None
    description : str
    synthetic : bool
    notes : tuple of str
        What was left out of a table.
    """

    name: str
    title: str
    learn: Samples
    validate: Samples
    test: Samples
    class_names: tuple[str, ...]
    shift: np.ndarray
    scale: np.ndarray
    image_size: int | None
    description: str
    synthetic: bool
    notes: tuple[str, ...] = ()

    @property
    def n_features(self) -> int:
        """Width of the input layer."""
        return int(self.learn.x.shape[1])

    @property
    def n_train(self) -> int:
        """Samples not held back for the test."""
        return len(self.learn) + len(self.validate)


def load(
    what: str, labels: str | None = None, label_column: str | None = None, drop_missing: bool = False, seed: int = 0
) -> Source:
    """Return the named data set, or the file of that name.

    Parameters
    ----------
    what : str
        A name, or a path.
    labels : str, optional
        The idx file of labels that belongs to `what`.
    label_column : str, optional
        The column of classes of a CSV file.
    drop_missing : bool, default False
        Leave out its rows in which a value is missing.
    seed : int, default 0
        Of the split, and of generated data.

    Raises
    ------
    DataError
        If it is missing, damaged, or not of a form that a network can learn from.
    """
    if what in IMAGES:
        return _named_images(what, seed)
    if what in PLANES:
        return _plane(what, seed)
    suffixes = "".join(Path(what).suffixes)
    if "ubyte" in Path(what).name or suffixes.endswith((".idx", ".idx.gz", ".gz")):
        return _idx_files(what, labels, seed)
    if not suffixes and not Path(what).exists():
        names = ", ".join((*IMAGES, *PLANES))
        raise DataError(f"{what}: is neither a file here nor one of {names}, perceptron, predict and draw")
    if suffixes.lower().endswith((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")):
        raise DataError(f"{what}: is a picture, not a table; to read the digit on it, run: predict {what}")
    return _table(what, label_column, drop_missing, seed)


def _named_images(name: str, seed: int) -> Source:
    with ui.progress(f"Fetching {name}", unit="bytes") as report:

        def follow(file: str, done: int, total: int) -> None:
            report(done, total or None)

        if name == "digits":
            train = datasets.load("digits", n_samples=5000, seed=seed)
            test = datasets.load("digits", n_samples=1000, seed=seed + 1)
        else:
            train = datasets.load(name, split="train", progress=follow)
            test = datasets.load(name, split="test", progress=follow)
    assert train.images is not None and train.target is not None
    assert test.images is not None and test.target is not None
    held = len(train.target) // 12 if name != "digits" else 500
    return _from_images(
        name,
        _TITLES[name],
        (train.images, train.target),
        (test.images, test.target),
        train.target_names,
        held,
        seed,
        train.description,
        train.synthetic,
    )


def _from_images(
    name: str,
    title: str,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    class_names: tuple[str, ...],
    held: int,
    seed: int,
    description: str,
    synthetic: bool,
) -> Source:
    """Scale pixels by the training images' mean and deviation; hold `held` of them back."""
    images, target = train
    order = np.argsort(Generator(seed, stream=1).uniform(size=len(target)), kind="stable")
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat /= 255
    shift, scale = np.float32(flat.mean(dtype=np.float64)), np.float32(flat.std(dtype=np.float64))
    if not scale > 0:
        raise DataError(f"{description}: all pixels are alike, there is nothing to learn")
    flat -= shift
    flat /= scale
    tests = (test[0].reshape(len(test[0]), -1) / np.float32(255) - shift) / scale
    kept, validation = order[held:], order[:held]
    return Source(
        name=name,
        title=title,
        learn=Samples(flat[kept], target[kept]),
        validate=Samples(flat[validation], target[validation]),
        test=Samples(np.ascontiguousarray(tests, np.float32), test[1]),
        class_names=class_names,
        shift=np.asarray(shift * 255),
        scale=np.asarray(scale * 255),
        image_size=images.shape[1] if images.shape[1] == images.shape[2] else None,
        description=description,
        synthetic=synthetic,
    )


def _idx_files(images_path: str, labels_path: str | None, seed: int) -> Source:
    """Read a pair of idx files; a sixth of the images is held back for the test."""
    if labels_path is None:
        raise DataError(f"{images_path}: images need their labels; name the idx file of labels after it")
    images = datasets.read_idx(images_path, ndim=3)
    labels = datasets.read_idx(labels_path, ndim=1)
    if len(images) != len(labels):
        raise DataError(f"{labels_path}: holds {len(labels)} labels, but {images_path} has {len(images)} images")
    if len(labels) < 12:
        raise DataError(f"{images_path}: holds {len(labels)} images; at least 12 are needed")
    names, target = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise DataError(f"{labels_path}: all labels are {names[0]}; a network needs two classes at least")
    order = np.argsort(Generator(seed, stream=2).uniform(size=len(target)), kind="stable")
    test, train = order[: len(order) // 6], order[len(order) // 6 :]
    return _from_images(
        Path(images_path).name.split(".")[0],
        Path(images_path).name,
        (images[train], target[train]),
        (images[test], target[test]),
        tuple(str(n) for n in names),
        max(1, len(train) // 10),
        seed,
        f"{images_path}, {len(images)} images",
        synthetic=False,
    )


def _plane(name: str, seed: int) -> Source:
    data = datasets.load(name, n_samples=600, seed=seed)
    assert data.target is not None
    return _split(name, f"{name} (synthetic)", data.data, data.target, data.target_names, seed, data.description, True)


def _table(path: str, label: str | None, drop_missing: bool, seed: int) -> Source:
    table = datasets.read_csv(path, label=label, drop_missing=drop_missing)
    if table.label is None:
        raise DataError(f"{path}: no column names the classes; add a text column, or say which with --label COLUMN")
    names, target = np.unique(table.label, return_inverse=True)
    if len(names) < 2:
        raise DataError(f"{path}: all labels are {str(names[0])!r}; a network needs two classes at least")
    if len(names) > max(2, len(target) // 5):
        raise DataError(
            f"{path}: column {table.label_name!r} has {len(names)} different values in {len(target)} rows; "
            "name a column of classes with --label"
        )
    if len(target) < 10:
        raise DataError(f"{path}: has {len(target)} rows; at least 10 are needed")
    return _split(
        Path(path).stem,
        Path(path).name,
        table.values,
        target,
        tuple(str(n) for n in names),
        seed,
        f"{path}, {len(target)} rows, {table.values.shape[1]} features",
        synthetic=False,
        notes=table.notes,
    )


def _split(
    name: str,
    title: str,
    values: np.ndarray,
    target: np.ndarray,
    class_names: tuple[str, ...],
    seed: int,
    description: str,
    synthetic: bool,
    notes: tuple[str, ...] = (),
) -> Source:
    """Part rows at random: a quarter to test on, a tenth of the rest to validate on."""
    order = np.argsort(Generator(seed, stream=2).uniform(size=len(target)), kind="stable")
    n_test = len(order) // 4
    n_validate = max(1, (len(order) - n_test) // 10)
    learn = order[n_test + n_validate :]
    # In parts of the largest number, so that no square of it overflows.
    top = np.abs(values).max(axis=0)
    top[top == 0] = 1
    parts = values / top
    shift, scale = parts[learn].mean(axis=0), parts[learn].std(axis=0)
    scale[scale == 0] = 1
    x = ((parts - shift) / scale).astype(np.float32)
    shift, scale = shift * top, scale * top

    def part(rows: np.ndarray) -> Samples:
        return Samples(x[rows], target[rows].astype(np.int64))

    return Source(
        name=name,
        title=title,
        learn=part(learn),
        validate=part(order[n_test : n_test + n_validate]),
        test=part(order[:n_test]),
        class_names=class_names,
        shift=shift,
        scale=scale,
        image_size=None,
        description=description,
        synthetic=synthetic,
        notes=notes,
    )
