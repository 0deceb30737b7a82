"""MovieLens in its forms: the real sets, files made here, and every way they can be wrong."""

import hashlib
import http.server
import io
import threading
import zipfile

import numpy as np
import pytest

from minigrad import DataError, datasets
from minigrad.datasets import _files, fetch, load_movielens, read_movielens

pytestmark = pytest.mark.native


def test_100k_has_the_published_counts(data_path):
    data_path("movielens-100k/u.data")
    data = datasets.load("movielens-100k")
    assert (len(data.values), len(data.user_ids), len(data.item_ids)) == (100_000, 943, 1682)
    # The counts of ratings 1 to 5, as known of the file.
    assert np.bincount(data.values.astype(int)).tolist() == [0, 6110, 11370, 27145, 34174, 21201]
    assert (data.scale, data.step, data.synthetic) == ((1.0, 5.0), 1.0, False)
    assert data.titles[:2] == ("Toy Story (1995)", "GoldenEye (1995)")
    assert data.genres[0] == ("Animation", "Children", "Comedy")
    assert np.bincount(data.users).min() == 20  # the README's promise
    assert not data.synthetic and "100k" in data.description


def test_the_five_folds_part_100k(data_path):
    folder = data_path("movielens-100k/u1.test").parent
    data = datasets.load("movielens-100k")
    assert [len(fold) for fold in data.folds] == [20_000] * 5
    assert np.sort(np.concatenate(data.folds)).tolist() == list(range(100_000))
    for number, fold in zip((1, 5), (data.folds[0], data.folds[4]), strict=True):
        published = [line.split("\t")[:3] for line in (folder / f"u{number}.test").read_text().splitlines()]
        ours = np.column_stack([data.user_ids[data.users[fold]], data.item_ids[data.items[fold]], data.values[fold]])
        np.testing.assert_array_equal(ours, np.array(published, float))


def test_latest_small_has_the_published_counts(data_path):
    data_path("movielens-latest-small/ratings.csv")
    data = datasets.load("movielens-latest-small")
    assert (len(data.values), len(data.user_ids), len(data.item_ids)) == (100_836, 610, 9742)
    assert np.count_nonzero(data.counts) == 9724
    assert (data.scale, data.step, data.folds) == ((0.5, 5.0), 0.5, ())
    number = data.titles.index("Matrix, The (1999)")
    assert data.counts[number] == 278
    assert data.genres[number] == ("Action", "Sci-Fi", "Thriller")
    assert data.titles.index("Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)")  # UTF-8


def test_an_unknown_version():
    with pytest.raises(ValueError, match="load_movielens: version must be one of '100k', 'latest-small'; got '20m'"):
        load_movielens("20m")


RATINGS = {
    "u.data": "7\t30\t5\t881250949\n3\t10\t1\t0\n7\t10\t3\t0\n",
    "ratings.dat": "7::30::5::978300760\n3::10::1::0\n7::10::3::0\n",
    "ratings.csv": "userId,movieId,rating,timestamp\n7,30,5.0,0\n3,10,1.0,0\n7,10,3.0,0\n",
}
FILMS = {
    "u.item": "10|Film, Né (1990)|01-Jan-1990||http://|0|1|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
    "20|unknown|||" + "|1" + "|0" * 18 + "\n30|B (1991)|||" + "|0" * 18 + "|1\n",
    "movies.dat": "10::Film, Né (1990)::Action|Children's\n20::unknown::\n30::B (1991)::Western\n",
    "movies.csv": 'movieId,title,genres\n10,"Film, Né (1990)",Action|Children\n20,unknown,(no genres listed)\n'
    "30,B (1991),Western\n",
}
PAIRS = list(zip(RATINGS, FILMS, strict=True))


def write(folder, ratings, films, text=None, films_text=None):
    """Write a pair of files in their own encodings; return the path of the ratings."""
    path = folder / ratings
    path.write_text(RATINGS[ratings] if text is None else text)
    if films is not None:
        encoding = "utf-8" if films == "movies.csv" else "latin-1"
        (folder / films).write_bytes((FILMS[films] if films_text is None else films_text).encode(encoding))
    return path


@pytest.mark.parametrize(("ratings", "films"), PAIRS)
@pytest.mark.parametrize("whole_folder", [True, False])
def test_all_three_forms_give_the_same(tmp_path, ratings, films, whole_folder):
    path = write(tmp_path, ratings, films)
    data = read_movielens(tmp_path if whole_folder else path)
    assert data.user_ids.tolist() == [3, 7] and data.item_ids.tolist() == [10, 20, 30]
    assert data.users.tolist() == [1, 0, 1] and data.items.tolist() == [2, 0, 0]
    assert data.values.tolist() == [5, 1, 3] and data.values.dtype == np.float32
    assert data.titles == ("Film, Né (1990)", "unknown", "B (1991)")
    assert data.genres == (("Action", "Children"), (), ("Western",))
    assert (data.scale, data.step) == ((1.0, 5.0), 1.0)
    assert data.name == (tmp_path.name if whole_folder else path.stem)
    assert data.counts.tolist() == [2, 0, 1]


def test_without_a_list_of_films_they_are_numbered(tmp_path):
    path = write(tmp_path, "ratings.csv", None, "movieId,rating,userId\r\n30,4.5,7\r\n\r\n10,1,3\r\n")
    data = read_movielens(path)
    assert data.titles == ("film 10", "film 30") and data.genres == ((), ())
    assert data.values.tolist() == [4.5, 1] and (data.scale, data.step) == ((0.5, 5.0), 0.5)


@pytest.mark.parametrize(
    ("ratings", "text", "message"),
    [
        ("u.data", "", "is empty; it must hold ratings"),
        ("u.data", "\n \n", "is empty; it must hold ratings"),
        ("ratings.csv", "userId,movieId,rating\n", "holds no rating"),
        (
            "ratings.csv",
            "userId,film,rating\n1,2,3\n",
            "line 1: there is no column 'movieId' among 'userId, film, rati",
        ),
        ("u.data", "1\t10\t5\t0\n1\t30\n", r"line 2: must have a user, a film and a rating; got 2 column\(s\)"),
        ("u.data", "1\t10\t5\t0\n\nx\t30\t4\n", "line 3: the user must be a whole number; got 'x'"),
        ("ratings.dat", "1::1.5::5::0\n", "line 1: the film must be a whole number; got '1.5'"),
        ("ratings.csv", "1,10,good\n", "line 1: a rating must be a number from 0.5 to 5; got 'good'"),
        ("ratings.csv", "1,10,4\n2,10,nan\n", "line 2: a rating must be a number from 0.5 to 5; got 'nan'"),
        ("u.data", "1\t10\t6\t0\n", "line 1: a rating must be a number from 0.5 to 5; got '6'"),
        ("u.data", "1\t10\t0\t0\n", "line 1: a rating must be a number from 0.5 to 5; got '0'"),
        (
            "u.data",
            "1\t10\t5\n2\t10\t5\n1\t10\t4\n",
            "line 3: user 1 rated film 10 before, in line 1; keep one of them",
        ),
        ("u.data", "1\t10\t5\n1\t99\t5\n", "line 2: film 99 is not in .*u.item"),
        ("u.data", "1\t10\t5\n1\t9\t5\n", "line 2: film 9 is not in .*u.item"),
        ("u.data", f"{10**30}\t10\t5\n", "beyond 64 bits"),
    ],
)
def test_bad_ratings_are_named_by_their_line(tmp_path, ratings, text, message):
    path = write(tmp_path, ratings, dict(PAIRS)[ratings], text)
    with pytest.raises(DataError, match=message) as caught:
        read_movielens(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("films", "text", "message"),
    [
        ("u.item", "10|A|x\n", r"line 1: must have 24 fields; got 3 field\(s\)"),
        ("movies.dat", "10::A::\n30::B\n", r"line 2: must have a number, a title and genres; got 2 field\(s\)"),
        ("movies.dat", "ten::A::\n", "line 1: a film's number must be whole; got 'ten'"),
        ("movies.csv", "movieId,title,genres\n10,A,\n10,B,\n", "line 3: film 10 was listed before"),
        ("movies.csv", "movieId,title,genres\n", "lists no film"),
        ("movies.csv", 'movieId,title,genres\n10,"' + "x" * 200_000 + "\n", "field larger than field limit"),
        ("movies.dat", f"{10**30}::A::\n", "beyond 64 bits"),
    ],
)
def test_bad_films_are_named_by_their_line(tmp_path, films, text, message):
    ratings = next(a for a, b in PAIRS if b == films)
    path = write(tmp_path, ratings, films, films_text=text)
    with pytest.raises(DataError, match=message) as caught:
        read_movielens(path)
    assert str(caught.value).startswith(str(tmp_path / films)) and "\n" not in str(caught.value)


def test_missing_files(tmp_path):
    with pytest.raises(DataError, match="there is no such file; check the path"):
        read_movielens(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="holds none of u.data, ratings.dat, ratings.csv"):
        read_movielens(tmp_path)
    (tmp_path / "u.data").mkdir()
    with pytest.raises(DataError, match="cannot be read|holds none"):
        read_movielens(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        datasets._movielens._lines(tmp_path)


def test_synthetic_ratings_are_labelled_and_repeat():
    a, b = (datasets.load("synthetic-ratings", n_users=60, n_items=30, n_factors=2, seed=5) for _ in range(2))
    other = datasets.load("synthetic-ratings", n_users=60, n_items=30, n_factors=2, seed=6)
    assert a.synthetic and "synthetic" in a.description and all(t.startswith("Synthetic ") for t in a.titles)
    np.testing.assert_array_equal(a.values, b.values)
    assert a.values.shape != other.values.shape or (a.values != other.values).any()
    assert set(np.unique(a.values)) <= {1, 2, 3, 4, 5}
    assert len(np.unique(a.users * 30 + a.items)) == len(a.values)
    # Popular ones are rated more often: six times in ten at the head, twice at the tail.
    assert a.counts[:10].sum() > 1.5 * a.counts[-10:].sum()


def test_the_truth_of_synthetic_ratings_has_the_rank_that_was_asked_for():
    # Without noise a user's ratings of one kind go together: the mean over a kind explains what the user's mean cannot.
    data = datasets.load("synthetic-ratings", n_users=200, n_items=100, n_factors=2, noise=0.0, seed=1)
    kinds = np.array([genre[0] for genre in data.genres])[data.items]
    rest = data.values - np.bincount(data.items, data.values)[data.items] / data.counts[data.items]
    by_user = np.bincount(data.users, rest, 200)[data.users] / np.bincount(data.users, minlength=200)[data.users]
    cell = data.users * 2 + (kinds == kinds[0])
    by_cell = np.bincount(cell, rest, 400)[cell] / np.bincount(cell, minlength=400)[cell]
    assert np.var(rest - by_cell) < 0.6 * np.var(rest - by_user)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_users": 1}, "n_users must be an int >= 2; got 1"),
        ({"n_items": 2.5}, "n_items must be an int >= 2; got 2.5"),
        ({"n_factors": 9}, "n_factors must be an int from 1 to 8; got 9"),
        ({"noise": -1.0}, r"noise must be a finite number in \[0, inf\); got -1.0"),
        ({"seed": -1}, "seed must be an int from 0"),
    ],
)
def test_bad_options_of_synthetic_ratings(options, message):
    with pytest.raises((TypeError, ValueError), match=f"load_synthetic_ratings: {message}"):
        datasets.load("synthetic-ratings", **options)


# An archive from a server on this machine


FILES = {"ratings.csv": RATINGS["ratings.csv"].encode(), "movies.csv": FILMS["movies.csv"].encode()}


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as pack:
        for name, data in files.items():
            pack.writestr(f"ml-latest-small/{name}", data)
        pack.writestr("ml-latest-small/../../evil.txt", b"evil")
    return out.getvalue()


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Return a function that serves the bytes of an archive as latest-small's home."""
    served = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(served["data"])))
            self.end_headers()
            self.wfile.write(served["data"])

        def log_message(self, *arguments):
            pass

    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        files = {name: _files.RemoteFile(len(data), hashlib.sha256(data).hexdigest()) for name, data in FILES.items()}
        mirror = f"http://127.0.0.1:{running.server_port}/"
        home = _files.Home((mirror,), files, "the generated 'synthetic-ratings'", "ml-latest-small.zip")
        monkeypatch.setitem(_files.HOMES, "movielens-latest-small", home)
        yield lambda data: served.update(data=data)
        running.shutdown()
        thread.join()


def test_an_archive_is_fetched_once_and_unpacked(archive, tmp_path):
    archive(zipped(FILES))
    assert len(datasets.load("movielens-latest-small").values) == 3
    kept = tmp_path / "cache" / "movielens-latest-small"
    assert sorted(path.name for path in kept.iterdir()) == ["movies.csv", "ratings.csv"]
    archive(b"nothing any more")
    assert len(datasets.load("movielens-latest-small").values) == 3
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"no zip file", "arrived damaged"),
        (zipped(FILES)[:-40], "arrived damaged"),
        (zipped({"ratings.csv": FILES["ratings.csv"]}), "arrived without the movies.csv that was published"),
        (zipped(FILES | {"movies.csv": FILES["movies.csv"] + b"40,C,\n"}), "without the movies.csv"),
        (zipped(FILES | {"ratings.csv": FILES["ratings.csv"].replace(b"5", b"4")}), "with ratings.csv damaged"),
    ],
)
def test_a_wrong_archive_leaves_nothing(archive, tmp_path, data, problem):
    archive(data)
    with pytest.raises(DataError, match=problem) as caught:
        datasets.load("movielens-latest-small")
    message = str(caught.value)
    assert "ratings.csv in http://" in message and "ml-latest-small.zip" in message and "synthetic-ratings" in message
    assert "\n" not in message and not any(path.is_file() for path in (tmp_path / "cache").rglob("*"))


def test_offline_says_what_to_fetch(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path))
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    with pytest.raises(DataError, match=r"u.data is missing; fetch u.data in https://files.grouplens.org.*ml-100k.zip"):
        fetch("movielens-100k", "u.data", download=False)
