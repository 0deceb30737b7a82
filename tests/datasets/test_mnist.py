"""MNIST and the IDX reader, on real files and on files made here."""

import gzip
import struct

import numpy as np
import pytest

from minigrad import DataError
from minigrad.datasets import load, read_idx


def idx(array, magic=None):
    array = np.asarray(array, dtype=np.uint8)
    magic = 0x800 + array.ndim if magic is None else magic
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


@pytest.mark.parametrize(
    ("split", "counts"),
    [
        ("train", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]),
        ("test", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
    ],
)
def test_real_files(data_path, split, counts):
    for stem in ("images-idx3", "labels-idx1"):
        data_path(f"mnist/{'t10k' if split == 'test' else 'train'}-{stem}-ubyte.gz")
    mnist = load("mnist", split=split)
    n = sum(counts)
    assert np.bincount(mnist.target).tolist() == counts
    assert mnist.images.shape == (n, 28, 28) and mnist.images.dtype == np.uint8
    assert mnist.data.shape == (n, 784) and mnist.data.dtype == np.float32
    assert mnist.image_shape == (28, 28) and len(mnist.feature_names) == 784
    assert mnist.feature_names[29] == "pixel 1,1"
    assert not mnist.synthetic
    np.testing.assert_array_equal(mnist.data[::997], mnist.images[::997].reshape(-1, 784))


def test_mean_of_the_training_images(data_path):
    data_path("mnist/train-images-idx3-ubyte.gz")
    images = load("mnist").images
    # The mean and deviation that every MNIST tutorial normalises by: 0.1307 and 0.3081.
    total, squares = int(images.sum(dtype=np.int64)), int((images.astype(np.uint16) ** 2).sum(dtype=np.int64))
    mean = total / images.size / 255
    assert round(mean, 4) == 0.1307
    assert round((squares / images.size / 255**2 - mean**2) ** 0.5, 4) == 0.3081


def test_split_is_checked():
    with pytest.raises(ValueError, match=r"split must be one of 'train', 'test'; got 'validation'"):
        load("mnist", split="validation")


@pytest.mark.parametrize("shape", [(0,), (1,), (7,), (3, 2), (2, 28, 28), (0, 28, 28), (2, 3, 4, 5)])
@pytest.mark.parametrize("packed", [False, True])
def test_round_trip(tmp_path, shape, packed):
    array = np.arange(np.prod(shape), dtype=np.int64).astype(np.uint8).reshape(shape)
    data = idx(array)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(data) if packed else data)
    read = read_idx(path, ndim=len(shape))
    assert read.dtype == np.uint8 and read.shape == shape
    np.testing.assert_array_equal(read, array)


GOOD = idx(np.arange(60).reshape(3, 4, 5))
PACKED = gzip.compress(GOOD, mtime=0)  # without the time, which would stand in the test's name


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "begins with nothing"),
        (b"\0\0\x08", "not the IDX file expected"),
        (b"PK\x03\x04 something else", "begins with 0x504b0304 instead of 0x00000803"),
        (idx(np.zeros((3, 4, 5)), magic=0x0D03), "begins with 0x00000d03"),
        (idx(np.zeros(5)), "begins with 0x00000801 instead of 0x00000803"),
        (GOOD[:10], "cut short in its header"),
        (GOOD[:-1], "holds 75 bytes, but 3 x 4 x 5 elements need 76"),
        (GOOD + b"\0", "holds 77 bytes, but 3 x 4 x 5 elements need 76"),
        (struct.pack(">4I", 0x803, 2**32 - 1, 2**32 - 1, 2**32 - 1), "elements need"),
        (PACKED[:-9], "damaged or cut short"),
        (PACKED[:12], "damaged or cut short"),
        (PACKED[:20] + b"\xff" + PACKED[21:], "damaged or cut short"),
        (b"\x1f\x8b", "damaged or cut short"),
        (PACKED[:-4] + b"\xff\xff\xff\xff", "damaged or cut short"),
    ],
)
def test_damaged_files(tmp_path, data, message):
    path = tmp_path / "images"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, ndim=3)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_idx(tmp_path / "nothing")
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)


def test_fashion_mnist_is_read_as_mnist_is(tmp_path, monkeypatch):
    from minigrad.datasets import _mnist

    files = {
        "train-images-idx3-ubyte.gz": idx(np.arange(2 * 784).reshape(2, 28, 28) % 256),
        "train-labels-idx1-ubyte.gz": idx([9, 0]),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    asked = []
    monkeypatch.setattr(_mnist, "fetch", lambda name, file, progress: asked.append(name) or tmp_path / file)
    clothes = load("fashion-mnist")
    assert asked == ["fashion-mnist"] * 2 and clothes.name == "fashion-mnist" and clothes.target.tolist() == [9, 0]
    assert clothes.target_names[9] == "Ankle boot" and clothes.description.startswith("Fashion-MNIST: 2 pieces")
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(idx([9, 0, 1]))
    with pytest.raises(DataError, match="holds 2 images, but there are 3 labels"):
        load("fashion-mnist")
