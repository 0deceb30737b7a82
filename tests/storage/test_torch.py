"""The reader of PyTorch's files: what is not data is refused. Real files are read in the crosscheck."""

import io
import os
import pickle
import zipfile

import pytest

from minigrad import DataError
from minigrad.storage import load

pytestmark = pytest.mark.native


class Evil:
    def __reduce__(self):
        return os.system, ("exit 3",)


class Reference(pickle.Pickler):
    """Writes persistent ids for tuples that begin with "storage"."""

    def persistent_id(self, value):
        return value if isinstance(value, tuple) and value[:1] == ("storage",) else None


def archive(pickled, **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as pack:
        pack.writestr("model/data.pkl", pickled)
        for name, data in members.items():
            pack.writestr(f"model/{name}", data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (archive(pickle.dumps(Evil(), 2)), r"asks for posix.system, which is not data"),
        (archive(pickle.dumps(Evil())), r"asks for posix.system, which is not data"),
        (archive(b"cbuiltins\neval\n(S'1'\ntR."), "asks for builtins.eval"),
        (archive(b""), "damaged|cannot be loaded"),
        (archive(b"\x80\x02."), "does not fit|damaged|cannot be loaded"),
        (archive(b"\x80\x02X\xff\xff\xff\xffabc"), "does not fit|damaged|cannot be loaded"),
        (archive(pickle.dumps({"a": 1}))[:-30], "damaged or cut short"),
        (pickle.dumps({"a": 1}, 2), "is a bare pickle"),
        (b"PK\x03\x04", "damaged or cut short"),
    ],
)
def test_refused(tmp_path, data, message):
    path = tmp_path / "x.pt"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_an_archive_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as pack:
        pack.writestr("readme", "hello")
    with pytest.raises(DataError, match=r"it has no data.pkl"):
        load(tmp_path / "x.pt")


def storage_pickle(reference):
    file = io.BytesIO()
    Reference(file, 2).dump(reference)
    return file.getvalue()


@pytest.mark.parametrize("reference", [("storage", "FloatStorage", "0", "cpu", 2), ("storage", 3, 4, 5)])
def test_strange_references(tmp_path, reference):
    path = tmp_path / "x.pt"
    path.write_bytes(archive(storage_pickle(reference), **{"data/0": bytes(8)}))
    with pytest.raises(DataError):
        load(path)


def test_plain_values(tmp_path):
    path = tmp_path / "x.pt"
    path.write_bytes(archive(pickle.dumps({"epoch": 3, "names": ["a", ("b", None)], "seen": {1, 2}}, 2)))
    assert load(path) == {"epoch": 3, "names": ["a", ("b", None)], "seen": {1, 2}}
