"""Pictures: one, and folders and archives of them."""

import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from minigrad import DataError
from minigrad.datasets import read_images
from minigrad.datasets._images import read_image


def picture(shade, size=(4, 5), kind="png"):
    buffer = io.BytesIO()
    pixels = np.full((*size, 3), shade, np.uint8)
    pixels[0, 0] = (255, 0, 0)
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


FILES = {
    "train/cat/b.png": picture(20),
    "train/cat/a.png": picture(10),
    "train/ant/x.png": picture(30),
    "test/cat/a.png": picture(40),
    "train/readme.txt": b"not a picture",
    "train/cat/notes.txt": b"not a picture either",
}


def write(folder, form, files=FILES, inside=""):
    if form == "folder":
        for name, data in files.items():
            path = folder / inside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder / inside
    if form == "zip":
        with zipfile.ZipFile(folder / "pack.zip", "w") as pack:
            for name, data in files.items():
                pack.writestr(inside + name, data)
        return folder / "pack.zip"
    path = folder / f"pack.{form}"
    with tarfile.open(path, "w:" + form.partition(".")[2]) as pack:
        for name, data in files.items():
            entry = tarfile.TarInfo(inside + name)
            entry.size = len(data)
            pack.addfile(entry, io.BytesIO(data))
    return path


@pytest.mark.parametrize("form", ["folder", "zip", "tar", "tar.gz", "tar.xz", "tar.bz2"])
@pytest.mark.parametrize("inside", ["", "pictures/"])
def test_every_form_holds_the_same(tmp_path, form, inside):
    path = write(tmp_path, form, inside=inside)
    images, labels, classes = read_images(path, prefix="train")
    assert classes == ("ant", "cat") and labels.tolist() == [0, 1, 1] and labels.dtype == np.int64
    assert images.shape == (3, 4, 5, 3) and images.dtype == np.uint8
    assert images[:, 1, 1, 0].tolist() == [30, 10, 20] and images[0, 0, 0].tolist() == [255, 0, 0]
    assert read_images(path, prefix="test")[1].tolist() == [0]


def test_without_prefix_and_in_grey(tmp_path):
    path = write(tmp_path, "folder") / "train"
    images, labels, _ = read_images(path, mode="L")
    assert images.shape == (3, 4, 5) and labels.tolist() == [0, 1, 1]


def test_one_picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(picture(7))
    assert read_image(path).shape == (4, 5, 3) and read_image(path, mode="L")[1, 1] == 7


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "not a picture"), (b"GIF but not", "not a picture"), (picture(1)[:60], "damaged|not a picture")],
)
def test_damaged_pictures(tmp_path, data, message):
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        read_image(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    with pytest.raises(DataError, match=r"cat/a.png: (is not|the picture)"):
        read_images(write(tmp_path, "tar", {"cat/a.png": data}))


def test_missing_and_empty(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_image(tmp_path / "nothing.png")
    with pytest.raises(DataError, match="cannot be read"):
        read_image(tmp_path)
    with pytest.raises(DataError, match="no such file or folder"):
        read_images(tmp_path / "nothing")
    with pytest.raises(DataError, match="holds no pictures sorted by class below train/"):
        read_images(tmp_path, prefix="train")


def test_sizes_must_agree(tmp_path):
    path = write(tmp_path, "folder", {"a/1.png": picture(1), "b/1.png": picture(1, (5, 5))})
    with pytest.raises(DataError, match=r"pictures must have one size; b/1.png is \(5, 5, 3\), the first \(4, 5, 3\)"):
        read_images(path)


@pytest.mark.parametrize("form", ["zip", "tar.gz", "tar.xz"])
def test_archives_cut_short(tmp_path, form):
    path = write(tmp_path, form)
    path.write_bytes(path.read_bytes()[:-60] if form == "tar.gz" else path.read_bytes()[:200])
    with pytest.raises(DataError) as caught:
        read_images(path, prefix="train")
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
