"""Picture data sets under torchvision's names, from local files.

The files are read by `minigrad.datasets`; here they become samples. Where the transform knows whole batches
(and the standard ones do), a `DataLoader` gets these at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minigrad import datasets as files
from minigrad._check import DataError
from minigrad.datasets._cifar10 import CLASSES as CIFAR10_CLASSES
from minigrad.datasets._images import _SUFFIXES, read_image
from minigrad.datasets._mnist import _CLOTHES
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.data.dataset import Dataset, gather
from minigrad.vision.transforms._fixed import batched

__all__ = ["CIFAR10", "MNIST", "FashionMNIST", "ImageFolder", "VisionDataset"]

Transform = Callable[[Any], Any]


class VisionDataset(Dataset):
    """Base of the data sets here.

    Parameters
    ----------
    root : path, optional
    transforms : callable, optional
        From a picture and its target to both.
    transform, target_transform : callable, optional
        From a picture to what a sample holds of it, and likewise for the target.

    Raises
    ------
    ValueError
        If `transforms` and one of the others are given.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: list[str]

    def __init__(
        self,
        root: Any = None,
        transforms: Callable[[Any, Any], Any] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        if transforms is not None and (transform is not None or target_transform is not None):
            raise ValueError(f"{type(self).__name__}: give transforms, or transform and target_transform, not both")
        self.root = root
        self.transforms, self.transform, self.target_transform = transforms, transform, target_transform

    def __len__(self) -> int:
        return len(self.labels)

    def _sample(self, image: Any, label: int) -> tuple[Any, Any]:
        if self.transforms is not None:
            changed: tuple[Any, Any] = self.transforms(image, label)
            return changed
        if self.transform is not None:
            image = self.transform(image)
        return image, label if self.target_transform is None else self.target_transform(label)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        from PIL import Image

        return self._sample(Image.fromarray(self.images[index]), int(self.labels[index]))

    @property
    def __getbatch__(self) -> Callable[[np.ndarray], Any] | None:
        """The function that makes a batch at once; None where a transform knows only single pictures."""
        change = batched(self.transform) if self.transform is not None else None
        if change is None or self.target_transform is not None or self.transforms is not None:
            return None

        def batch(indices: np.ndarray) -> list[Any]:
            chosen = gather(self.images, indices)
            pictures = change(chosen if chosen.ndim == 4 else chosen[..., None])
            return [pictures, fresh(gather(self.labels, indices))]

        return batch

    def extra_repr(self) -> str:
        """Return further lines of the description."""
        return ""

    def __repr__(self) -> str:
        lines = [f"Dataset {type(self).__name__}", f"    Number of datapoints: {len(self)}"]
        if self.root is not None:
            lines.append(f"    Root location: {self.root}")
        return "\n".join(lines + [f"    {line}" for line in self.extra_repr().splitlines()])


class MNIST(VisionDataset):
    """MNIST: 28 x 28 grey pictures of handwritten digits.

    Parameters
    ----------
    root : path, optional
        A folder with the four IDX files, packed or not, in it or in ``MNIST/raw``; without them there, they are
        looked for where `minigrad.datasets` does.
    train : bool, default True
        60,000 pictures to train on, or 10,000 to test.
    transform, target_transform : callable, optional
    download : bool, default False
        Fetch files that are nowhere.

    Attributes
    ----------
    data : Tensor of shape (n, 28, 28)
        uint8.
    targets : Tensor of shape (n,)
        int64.
    classes : list of str

    Raises
    ------
    DataError
        If a file is missing or damaged.
    """

    _name = "mnist"
    classes = [
        *("0 - zero", "1 - one", "2 - two", "3 - three", "4 - four"),
        *("5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"),
    ]

    def __init__(
        self,
        root: Any = None,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, None, transform, target_transform)
        self.train = train
        prefix = "train" if train else "t10k"
        images = files.read_idx(self._file(f"{prefix}-images-idx3-ubyte", download), ndim=3)
        labels = files.read_idx(self._file(f"{prefix}-labels-idx1-ubyte", download), ndim=1)
        if len(images) != len(labels):
            raise DataError(f"{type(self).__name__}: {len(images)} images, but {len(labels)} labels; fetch both again")
        self.images, self.labels = images, labels.astype(np.int64)

    def _file(self, name: str, download: bool) -> Path:
        """Return the path of an IDX file: below `root`, or where `minigrad.datasets` finds it."""
        if self.root is not None:
            for folder in (
                Path(self.root) / type(self).__name__ / "raw",
                Path(self.root) / self._name,
                Path(self.root),
            ):
                for path in (folder / name, folder / f"{name}.gz"):
                    if path.is_file():
                        return path
        return files.fetch(self._name, f"{name}.gz", download=download)

    @property
    def data(self) -> Tensor:
        """The pictures."""
        return fresh(self.images.copy())

    @property
    def targets(self) -> Tensor:
        """The labels."""
        return fresh(self.labels)

    def extra_repr(self) -> str:
        """Return which part it is."""
        return f"Split: {'Train' if self.train else 'Test'}"


class FashionMNIST(MNIST):
    """Fashion-MNIST: 28 x 28 grey pictures of clothes; see `MNIST`.

    Parameters
    ----------
    root : path, optional
    train : bool, default True
    transform, target_transform : callable, optional
    download : bool, default False
    """

    _name = "fashion-mnist"
    classes = list(_CLOTHES)


class CIFAR10(VisionDataset):
    """CIFAR-10: 32 x 32 colour photographs of ten kinds of things.

    Parameters
    ----------
    root : path, optional
        A folder with the binary batches, their archive, or the pictures as JPEGs by class (also packed); without
        them there, they are looked for where `minigrad.datasets` does.
    train : bool, default True
        50,000 pictures to train on, or 10,000 to test.
    transform, target_transform : callable, optional
    download : bool, default False
        Fetch what is nowhere.

    Attributes
    ----------
    data : ndarray of shape (n, 32, 32, 3)
        uint8.
    targets : list of int
    classes : list of str

    Raises
    ------
    DataError
        If a file is missing or damaged.
    """

    classes = list(CIFAR10_CLASSES)

    def __init__(
        self,
        root: Any = None,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, None, transform, target_transform)
        self.train = train
        loaded = files.load_cifar10("train" if train else "test", path=self._place(), download=download)
        assert loaded.images is not None and loaded.target is not None
        self.images, self.labels = loaded.images, loaded.target
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    def _place(self) -> Path | None:
        """Return what below `root` is a form of the data; None to look elsewhere."""
        from minigrad.datasets._cifar10 import _found

        places = [] if self.root is None else [Path(self.root), Path(self.root) / "cifar10"]
        return next((found for place in places if (found := _found(place)) is not None), None)

    @property
    def data(self) -> np.ndarray:
        """The pictures."""
        return self.images

    @property
    def targets(self) -> list[int]:
        """The labels."""
        labels: list[int] = self.labels.tolist()
        return labels

    def extra_repr(self) -> str:
        """Return which part it is."""
        return f"Split: {'Train' if self.train else 'Test'}"


class ImageFolder(VisionDataset):
    """Pictures in a folder per class, read when they are asked for.

    Parameters
    ----------
    root : path
        ``root/CLASS/NAME.jpg`` or another suffix.
    transform, target_transform : callable, optional
    loader : callable, optional
        From a path to a picture; by default a Pillow image in colours.
    is_valid_file : callable, optional
        From a path to whether it is a picture.

    Attributes
    ----------
    classes : list of str
        The folders' names, sorted.
    class_to_idx : dict
    samples : list of (str, int)
    targets : list of int

    Raises
    ------
    DataError
        If there are no folders, or one holds no picture.
    """

    def __init__(
        self,
        root: Any,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        loader: Callable[[str], Any] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__(root, None, transform, target_transform)
        self.loader = loader or _load
        folder = Path(root)
        self.classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []
        if not self.classes:
            raise DataError(f"ImageFolder: root must be a folder with a folder per class; got {root}")
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        valid = is_valid_file or (lambda path: path.lower().endswith(_SUFFIXES))
        self.samples: list[tuple[str, int]] = []
        for name, label in self.class_to_idx.items():
            found = sorted(str(path) for path in (folder / name).rglob("*") if path.is_file() and valid(str(path)))
            if not found:
                raise DataError(f"ImageFolder: {folder / name} holds no picture")
            self.samples += [(path, label) for path in found]
        self.imgs = self.samples
        self.targets = [label for _, label in self.samples]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, label = self.samples[index]
        return self._sample(self.loader(path), label)


def _load(path: str) -> Any:
    from PIL import Image

    return Image.fromarray(read_image(path))
