"""CIFAR-10 in its forms, on real files and on files made here."""

import gzip
import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from minigrad import DataError
from minigrad.datasets import _cifar10, load, read_cifar10_batch

RECORD = 3073


def records(n, first=0):
    """Records whose pixels say where they are."""
    labels = (np.arange(n) + first) % 10
    planes = np.arange(n * 3072).reshape(n, 3072) % 251
    return np.concatenate([labels[:, None], planes], axis=1).astype(np.uint8).tobytes()


@pytest.fixture
def small(monkeypatch):
    """Let a set of 50 and 10 images count as complete."""
    monkeypatch.setattr(_cifar10, "_COUNTS", {"train": 50, "test": 10})
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    monkeypatch.setattr(_cifar10, "fetch", lambda *a, **k: pytest.fail("nothing was found"))


def batches():
    names = [f"data_batch_{i}.bin" for i in range(1, 6)]
    return {name: records(10, i) for i, name in enumerate(names)} | {"test_batch.bin": records(10)}


def write_archive(path, files, mode):
    with tarfile.open(path, mode) as pack:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            pack.addfile(entry, io.BytesIO(data))


@pytest.mark.parametrize("packed", [False, True])
def test_records(tmp_path, packed):
    data = records(3, 7)
    path = tmp_path / "batch.bin"
    path.write_bytes(gzip.compress(data) if packed else data)
    images, labels = read_cifar10_batch(path)
    assert labels.tolist() == [7, 8, 9] and images.shape == (3, 32, 32, 3) and images.dtype == np.uint8
    # Image 1, channel 2, row 3, column 4 is byte 1 + 2 * 1024 + 3 * 32 + 4 of its record.
    assert images[1, 3, 4, 2] == data[RECORD + 1 + 2 * 1024 + 3 * 32 + 4]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "got 0 bytes"),
        (records(2)[:-1], "must hold records of 3073 bytes; got 6145 bytes, 3072 too many"),
        (records(1) + b"\x0a" + bytes(3072), "labels must be from 0 to 9; got 10 in record 2"),
        (gzip.compress(records(1))[:-20], "damaged or cut short"),
    ],
)
def test_damaged_records(tmp_path, data, message):
    path = tmp_path / "batch.bin"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        read_cifar10_batch(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_missing_records(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_cifar10_batch(tmp_path / "nothing")
    with pytest.raises(DataError, match="cannot be read"):
        read_cifar10_batch(tmp_path)


@pytest.mark.parametrize("form", ["folder", "inner", "archive", "archive in folder"])
def test_binary_forms(tmp_path, small, form):
    if form.startswith("archive"):
        write_archive(tmp_path / "cifar-10-binary.tar.gz", {f"bin/{k}": v for k, v in batches().items()}, "w:gz")
        path = tmp_path if "folder" in form else tmp_path / "cifar-10-binary.tar.gz"
    else:
        folder = tmp_path / "cifar-10-batches-bin" if form == "inner" else tmp_path
        folder.mkdir(exist_ok=True)
        for name, data in batches().items():
            (folder / name).write_bytes(data)
        path = tmp_path
    train, test = load("cifar10", path=path), load("cifar10", split="test", path=path)
    assert train.images.shape == (50, 32, 32, 3) and test.data.shape == (10, 3072)
    assert train.target[::10].tolist() == [0, 1, 2, 3, 4] and len(train.feature_names) == 3072
    assert train.feature_names[4] == "pixel 0,1 green" and train.target_names[9] == "truck"
    assert np.shares_memory(test.data, test.images) and test.image_shape == (32, 32, 3)


def pictures(count, classes=_cifar10.CLASSES, size=32):
    buffer = io.BytesIO()
    Image.fromarray(np.full((size, size, 3), 100, np.uint8)).save(buffer, "jpeg")
    return {
        f"{split}/{c}/{i}.jpg": buffer.getvalue() for split in ("train", "test") for c in classes for i in range(count)
    }


def test_pictures(tmp_path, small, monkeypatch):
    monkeypatch.setattr(_cifar10, "_COUNTS", {"train": 10, "test": 10})
    write_archive(tmp_path / "cifar10-pictures.tar.xz", pictures(1), "w:xz")
    data = load("cifar10", path=tmp_path)
    assert data.target.tolist() == list(range(10)) and data.images[0, 5, 5].tolist() == [100, 100, 100]
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path.parent))
    tmp_path.rename(tmp_path.parent / "cifar10")
    assert load("cifar10").source.endswith("cifar10-pictures.tar.xz")


def test_incomplete_forms(tmp_path, small):
    short = batches()
    short["data_batch_3.bin"] = records(4)
    write_archive(tmp_path / "a.tar.gz", short, "w:gz")
    with pytest.raises(DataError, match="must hold 50 train images; got 44"):
        load("cifar10", path=tmp_path / "a.tar.gz")
    del short["data_batch_3.bin"]
    write_archive(tmp_path / "a.tar.gz", short, "w:gz")
    with pytest.raises(DataError, match="data_batch_3.bin is missing"):
        load("cifar10", path=tmp_path / "a.tar.gz")
    whole = (tmp_path / "a.tar.gz").read_bytes()
    (tmp_path / "a.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged or cut short"):
        load("cifar10", path=tmp_path / "a.tar.gz")
    write_archive(tmp_path / "b.tar", pictures(1, ("cat", "dog")), "w")
    with pytest.raises(DataError, match=r"must hold pictures of \(32, 32\) in the ten folders airplane.* in cat, dog"):
        load("cifar10", path=tmp_path / "b.tar")
    with pytest.raises(DataError, match="no such file"):
        load("cifar10", path=tmp_path / "nothing")
    with pytest.raises(ValueError, match="split must be one of"):
        load("cifar10", split="all")


def test_real_pixels(data_path):
    images, labels = read_cifar10_batch(data_path("cifar10/data_batch_1-first4000.bin.gz"))
    assert images.shape == (4000, 32, 32, 3) and labels[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]


@pytest.mark.slow
@pytest.mark.parametrize(("split", "each"), [("train", 5000), ("test", 1000)])
def test_real_pictures(data_path, split, each):
    data = load("cifar10", split=split, path=data_path("cifar10/cifar10-jpeg-60000.tar.xz"))
    assert data.images.shape == (10 * each, 32, 32, 3) and np.bincount(data.target).tolist() == [each] * 10
