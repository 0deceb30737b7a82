"""Picture data sets from files made here, and the real MNIST."""

import gzip
import struct

import numpy as np
import pytest
from PIL import Image

import minigrad as mg
from minigrad import DataError
from minigrad.datasets import _cifar10
from minigrad.vision import datasets, transforms
from minigrad.vision.utils import make_grid

pytestmark = pytest.mark.native


def idx(array):
    array = np.asarray(array, np.uint8)
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


IMAGES = (np.arange(12 * 28 * 28) % 251).astype(np.uint8).reshape(12, 28, 28)


@pytest.fixture
def mnist_root(tmp_path, monkeypatch):
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    (folder / "train-images-idx3-ubyte").write_bytes(idx(IMAGES))
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.arange(12) % 10)))
    return tmp_path


def test_mnist_samples(mnist_root):
    data = datasets.MNIST(mnist_root, train=True, download=True)
    picture, label = data[3]
    assert isinstance(picture, Image.Image) and picture.size == (28, 28) and label == 3 and len(data) == 12
    np.testing.assert_array_equal(np.asarray(picture), IMAGES[3])
    assert data.data.shape == (12, 28, 28) and data.targets.tolist()[:3] == [0, 1, 2] and data.classes[7] == "7 - seven"
    assert "Number of datapoints: 12" in repr(data) and "Split: Train" in repr(data)
    changed = datasets.MNIST(mnist_root, transform=transforms.ToTensor(), target_transform=lambda t: t * 10)
    x, y = changed[2]
    assert x.shape == (1, 28, 28) and y == 20


def test_loader_takes_whole_batches_where_it_can(mnist_root):
    change = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    whole = datasets.MNIST(mnist_root, transform=change)
    single = datasets.MNIST(mnist_root, transform=lambda picture: change(picture))
    assert whole.__getbatch__ is not None and single.__getbatch__ is None
    for fast, slow in zip(*(mg.utils.data.DataLoader(d, 5) for d in (whole, single)), strict=True):
        np.testing.assert_array_equal(fast[0]._data, slow[0]._data)
        np.testing.assert_array_equal(fast[1]._data, slow[1]._data)
        assert fast[0].shape[1:] == (1, 28, 28) and fast[1]._data.dtype == np.int64
    part = mg.utils.data.Subset(whole, [3, 1])
    assert next(iter(mg.utils.data.DataLoader(part, 2)))[1].tolist() == [3, 1]


def test_missing_and_wrong_files(mnist_root):
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte.gz is missing"):
        datasets.MNIST(mnist_root, train=False)
    with pytest.raises(DataError, match="train-images-idx3-ubyte.gz is missing"):
        datasets.FashionMNIST(mnist_root)
    (mnist_root / "MNIST/raw/train-labels-idx1-ubyte.gz").write_bytes(idx([1, 2]))
    with pytest.raises(DataError, match="MNIST: 12 images, but 2 labels"):
        datasets.MNIST(mnist_root)
    with pytest.raises(ValueError, match="give transforms, or transform"):
        datasets.VisionDataset(None, transforms=lambda x, y: (x, y), transform=lambda x: x)


def test_cifar10(tmp_path, monkeypatch):
    monkeypatch.setattr(_cifar10, "_COUNTS", {"train": 5, "test": 2})
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError, match="cifar-10-binary.tar.gz is missing"):
        datasets.CIFAR10(tmp_path)
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for i in range(1, 6):
        (folder / f"data_batch_{i}.bin").write_bytes(bytes([i]) + bytes(range(256)) * 12)
    (folder / "test_batch.bin").write_bytes((bytes([3]) + bytes(3072)) * 2)
    train = datasets.CIFAR10(tmp_path, transform=transforms.ToTensor())
    assert len(train) == 5 and train.targets == [1, 2, 3, 4, 5] and train.data.shape == (5, 32, 32, 3)
    assert train[0][0].shape == (3, 32, 32) and train.class_to_idx["cat"] == 3
    assert len(datasets.CIFAR10(tmp_path, train=False)) == 2
    loader = mg.utils.data.DataLoader(train, batch_size=4, shuffle=True, seed=0)
    assert sorted(i for _, y in loader for i in y.tolist()) == [1, 2, 3, 4, 5]


def test_image_folder(tmp_path):
    for name, shade in [("b/2.png", 20), ("b/sub/1.png", 10), ("a/x.png", 30)]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 3), (shade,) * 3).save(path)
    data = datasets.ImageFolder(tmp_path, transform=transforms.ToTensor())
    assert data.classes == ["a", "b"] and data.targets == [0, 1, 1] and len(data) == 3
    x, y = data[1]
    assert x.shape == (3, 3, 4) and y == 1 and round(float(x._data[0, 0, 0]) * 255) == 20
    (tmp_path / "c").mkdir()
    with pytest.raises(DataError, match="c holds no picture"):
        datasets.ImageFolder(tmp_path)
    with pytest.raises(DataError, match="must be a folder with a folder per class"):
        datasets.ImageFolder(tmp_path / "nothing")


def test_own_transform_of_both(mnist_root):
    class Both(datasets.MNIST):
        pass

    data = datasets.MNIST(mnist_root)
    data.transforms = lambda image, label: (label, image)
    assert data[4][0] == 4


def test_real_mnist(data_path):
    for stem in ("t10k-images-idx3", "t10k-labels-idx1"):
        data_path(f"mnist/{stem}-ubyte.gz")
    data = datasets.MNIST("nowhere", train=False, transform=transforms.ToTensor())
    loader = mg.utils.data.DataLoader(data, batch_size=1000)
    assert sum(len(y.tolist()) for _, y in loader) == 10_000
    x, y = mg.data.mnist("test", flatten=True)
    assert x.shape == (10_000, 784) and float(x._data.max()) == 1.0 and y.tolist()[:3] == [7, 2, 1]


def test_grid():
    grid = make_grid(mg.ones(5, 1, 4, 6), nrow=3, padding=1)
    assert grid.shape == (3, 2 * 5 + 1, 3 * 7 + 1)
    assert float(grid._data.sum()) == 5 * 24 * 3 and grid._data[:, 0].sum() == 0
    assert make_grid([mg.zeros(3, 4, 4)] * 2).shape == (3, 8, 14)
    assert make_grid(mg.arange(16.0).reshape(4, 4), normalize=True)._data.max() == 1.0
    with pytest.raises(ValueError, match="make_grid: tensor must be"):
        make_grid(mg.ones(0, 3, 2, 2))
