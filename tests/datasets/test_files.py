"""Finding and downloading files, against a server on this machine."""

import gzip
import hashlib
import http.server
import struct
import threading

import numpy as np
import pytest

from minigrad import DataError
from minigrad.datasets import _files, fetch, load


def packed_idx(array):
    array = np.asarray(array, dtype=np.uint8)
    return gzip.compress(struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes())


IMAGES = np.random.default_rng(0).integers(0, 256, (300, 28, 28))
LABELS = np.arange(300) % 10
FILES = {
    "t10k-images-idx3-ubyte.gz": packed_idx(IMAGES),
    "t10k-labels-idx1-ubyte.gz": packed_idx(LABELS),
}
IMAGE_FILE = "t10k-images-idx3-ubyte.gz"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        mirror, _, file = self.path.lstrip("/").partition("/")
        data = FILES.get(file)
        if mirror == "gone" or data is None:
            self.send_error(404)
            return
        if mirror == "wrong":
            data = data[:-20] + bytes(20)
        self.send_response(200)
        if mirror != "silent":
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if mirror == "short" else data)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.requests = []
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def home(server, tmp_path, monkeypatch):
    """Return a function that gives MNIST the named mirrors; an empty cache; no data folder."""
    server.requests.clear()
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def use(*mirrors):
        files = {name: _files.RemoteFile(len(data), hashlib.sha256(data).hexdigest()) for name, data in FILES.items()}
        urls = tuple(
            mirror if "://" in mirror else f"http://127.0.0.1:{server.server_port}/{mirror}/" for mirror in mirrors
        )
        monkeypatch.setitem(_files.HOMES, "mnist", _files.Home(urls, files, "the generated 'digits'"))

    return use


def nothing_left(folder):
    return not any(path.is_file() for path in folder.rglob("*")) and not any(folder.rglob(".*"))


def test_download_then_cache(home, server, tmp_path):
    home("good")
    path = fetch("mnist", IMAGE_FILE)
    assert path == tmp_path / "cache" / "mnist" / IMAGE_FILE
    assert path.read_bytes() == FILES[IMAGE_FILE]
    assert fetch("mnist", IMAGE_FILE) == path
    assert len(server.requests) == 1
    assert [entry.name for entry in path.parent.iterdir()] == [IMAGE_FILE]


def test_load_downloads_what_it_needs(home):
    home("good")
    mnist = load("mnist", split="test")
    np.testing.assert_array_equal(mnist.images, IMAGES)
    np.testing.assert_array_equal(mnist.target, LABELS)


@pytest.mark.parametrize("mirror", ["good", "silent"])
def test_progress(home, mirror):
    home(mirror)
    calls = []
    fetch("mnist", IMAGE_FILE, lambda *call: calls.append(call))
    size = len(FILES[IMAGE_FILE])
    assert len(calls) >= 3 and {name for name, _, _ in calls} == {IMAGE_FILE}
    received = [count for _, count, _ in calls]
    assert received == sorted(received) or mirror == "silent"
    if mirror == "good":
        assert received[-1] == size and {total for _, _, total in calls} == {size}
    else:
        assert {total for _, _, total in calls} == {0}


@pytest.mark.parametrize("bad", ["gone", "wrong", "short", "http://127.0.0.1:9/"])
def test_the_next_mirror_is_tried(home, bad):
    home(bad, "good")
    assert fetch("mnist", IMAGE_FILE).read_bytes() == FILES[IMAGE_FILE]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("gone", "HTTPError"),
        ("wrong", "arrived damaged"),
        ("short", "is missing and"),
        ("http://127.0.0.1:9/", "ConnectionError"),
    ],
)
def test_failure_is_one_line_that_says_what_to_do(home, tmp_path, bad, reason):
    home(bad)
    with pytest.raises(DataError) as caught:
        fetch("mnist", IMAGE_FILE)
    message = str(caught.value)
    assert "\n" not in message
    assert reason in message
    assert f"/{IMAGE_FILE}" in message  # what to fetch
    assert str(tmp_path / "cache" / "mnist") in message  # where to put it
    assert "'digits'" in message  # what works without it
    assert message.count(" bytes)") >= 2 and "t10k-labels-idx1-ubyte.gz (" in message  # what else it takes
    assert nothing_left(tmp_path / "cache")


def test_a_damaged_file_in_the_cache_is_replaced(home, tmp_path):
    home("good")
    path = tmp_path / "cache" / "mnist" / IMAGE_FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    assert fetch("mnist", IMAGE_FILE).read_bytes() == FILES[IMAGE_FILE]


def test_the_users_folder_comes_first(home, server, tmp_path, monkeypatch):
    home("good")
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "data"))
    path = tmp_path / "data" / "mnist" / IMAGE_FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(FILES[IMAGE_FILE])
    assert fetch("mnist", IMAGE_FILE) == path
    assert server.requests == []
    # What it lacks is still downloaded, into the cache.
    labels = fetch("mnist", "t10k-labels-idx1-ubyte.gz")
    assert labels.parent == tmp_path / "cache" / "mnist"


def flipped(data):
    return data[:100] + bytes([data[100] ^ 1]) + data[101:]


@pytest.mark.parametrize(("spoil", "reason"), [(lambda d: d[:-1], "truncated"), (flipped, "SHA-256 begins")])
def test_a_damaged_file_in_the_users_folder_is_reported(home, tmp_path, monkeypatch, spoil, reason):
    home("good")
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path / "data"))
    path = tmp_path / "data" / "mnist" / IMAGE_FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(spoil(FILES[IMAGE_FILE]))
    with pytest.raises(DataError, match=reason) as caught:
        load("mnist", split="test")
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert path.read_bytes() == spoil(FILES[IMAGE_FILE])  # not ours to change


def test_a_cache_that_cannot_be_written(home, tmp_path, monkeypatch):
    home("good")
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="set MINIGRAD_CACHE to another folder"):
        fetch("mnist", IMAGE_FILE)


def test_images_without_their_labels(home, monkeypatch):
    monkeypatch.setitem(FILES, "t10k-labels-idx1-ubyte.gz", packed_idx(LABELS[:-1]))
    home("good")
    with pytest.raises(DataError, match="holds 300 images, but there are 299 labels"):
        load("mnist", split="test")


def test_the_platforms_cache_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("MINIGRAD_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert _files._cache() == tmp_path / "minigrad"


def test_unknown_set_and_file():
    with pytest.raises(ValueError, match="fetch: name must be one of 'mnist', .*; got 'iris'"):
        fetch("iris", "iris.csv")
    with pytest.raises(ValueError, match="fetch: file must be one of"):
        fetch("mnist", "../../secret")


def test_an_interrupted_download_leaves_nothing(home, tmp_path):
    home("good")

    def interrupt(file, received, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("mnist", IMAGE_FILE, interrupt)
    assert nothing_left(tmp_path / "cache")
