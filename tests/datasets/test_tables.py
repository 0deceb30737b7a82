"""The table reader: written tables read back, and every kind of bad file."""

import csv
import io
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import DataError
from minigrad.datasets import read_csv


@pytest.fixture
def write(tmp_path):
    """Return a function that writes text or bytes to a file and returns its path."""
    numbers = itertools.count()

    def write(content, name=None):
        path = tmp_path / (name or f"table{next(numbers)}.csv")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def error(path, **options):
    """Return the message of the DataError that reading raises; it must be one line naming the file."""
    with pytest.raises(DataError) as caught:
        read_csv(path, **options)
    message = str(caught.value)
    assert "\n" not in message and message.startswith(str(path))
    return message


# --- tables written and read back ---------------------------------------------------------

DELIMITERS = [",", ";", "\t", "|", " "]
names = st.text(st.sampled_from("abcdefgh xyz_()%'é"), min_size=1, max_size=12).map(str.strip).filter(bool)
words = st.sampled_from(["setosa", "Iris-versicolor", "a b", "x,y", "p;q", 'say "hi"', "été", "O'Brien", "r|s"])


@st.composite
def tables(draw):
    n = draw(st.integers(2, 30))
    d = draw(st.integers(1, 6))
    number = draw(
        st.sampled_from(
            [
                st.floats(allow_nan=False, allow_infinity=False),
                st.integers(-(10**6), 10**6).map(float),
                st.floats(-10, 10).map(lambda x: round(x, 2)),
            ]
        )
    )
    values = np.array(draw(st.lists(number, min_size=n * d, max_size=n * d))).reshape(n, d)
    values[0] = values[1] + np.maximum(1.0, np.abs(values[1])) if np.abs(values).max() < 1e300 else values[0]
    label = draw(st.none() | st.lists(words, min_size=n, max_size=n))
    position = draw(st.integers(0, d)) if label is not None else None
    header = draw(st.none() | st.lists(names, min_size=d + 1, max_size=d + 1, unique=True))
    return values, label, position, header


@given(
    tables(),
    st.sampled_from(DELIMITERS),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    st.booleans(),
)
def test_round_trip(tmp_path_factory, table, delimiter, line_end, quoting, encoding, guess):
    values, label, position, header = table
    rows = [list(map(float, row)) for row in values]
    columns = [f"column {i + 1}" for i in range(values.shape[1] + (label is not None))]
    if label is not None:
        for row, word in zip(rows, label, strict=True):
            row.insert(position, word)
    if header is not None:
        columns = [name if delimiter != " " else name.replace(" ", "_") for name in header[: len(columns)]]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    if header is not None:
        writer.writerow(columns)
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("table") / "table.csv"
    path.write_bytes(text.getvalue().encode(encoding))

    varies = [j for j in range(values.shape[1]) if (values[:, j] != values[0, j]).any()]
    # What the first line is and what splits it can be guessed only where the file shows it.
    options = {"header": header is not None, "delimiter": delimiter}
    if label is not None:
        options["label"] = position + 1
    elif columns[0].lower() in ("id", "index", "row", "no", "no."):
        return
    if guess and quoting == csv.QUOTE_MINIMAL and (label is None or set(label) <= {"setosa", "Iris-versicolor"}):
        names_free = header is None or not any(set(name) & set(", ;|\t") for name in columns)
        if names_free:
            del options["header"]
            if len(columns) > 1:
                del options["delimiter"]
    if not varies:
        assert "constant" in error(path, **options)
        return
    read = read_csv(path, **options)
    np.testing.assert_array_equal(read.values, values[:, varies])
    feature_columns = [name for j, name in enumerate(columns) if j != position]
    assert read.feature_names == tuple(feature_columns[j] for j in varies)
    if label is None:
        assert read.label is None and read.label_name is None
    else:
        assert read.label.tolist() == label
        assert read.label_name == columns[position]
    left_out = [name for j, name in enumerate(feature_columns) if j not in varies]
    if left_out:
        (note,) = [note for note in read.notes if "constant" in note]
        assert all(repr(name) in note for name in left_out)


def read_anything(folder, data):
    path = folder.mktemp("bytes") / "table.csv"
    path.write_bytes(data)
    try:
        table = read_csv(path)
    except DataError as problem:
        assert len(str(problem).splitlines()) == 1
    else:
        assert np.isfinite(table.values).all() and len(table.values) >= 2


@given(st.binary(max_size=300))
def test_any_bytes_give_a_table_or_one_line(tmp_path_factory, data):
    read_anything(tmp_path_factory, data)


@given(st.text(st.sampled_from("0123456789.,;|\t \n\r\"'-eEaNn?\ufeff"), max_size=200))
def test_any_text_gives_a_table_or_one_line(tmp_path_factory, text):
    read_anything(tmp_path_factory, text.encode())


# --- how a file is understood -------------------------------------------------------------


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_delimiter_is_guessed(write, delimiter):
    text = "width,height,kind\n1.5,2,a\n2.5,3,b\n3.5,5,a\n".replace(",", delimiter)
    table = read_csv(write(text))
    assert table.values.tolist() == [[1.5, 2], [2.5, 3], [3.5, 5]]
    assert table.feature_names == ("width", "height") and table.label.tolist() == ["a", "b", "a"]


def test_one_column_under_a_name_of_two_words(write):
    table = read_csv(write("sepal length\n5.1\n4.9\n"))
    assert table.feature_names == ("sepal length",) and table.values.tolist() == [[5.1], [4.9]]
    assert "only one sample" in error(write("sepal length\n5.1\n"))


def test_blanks_in_any_number(write):
    table = read_csv(write("  1.5   2\t 3 \n\n 4.5  5  7\n"))
    assert table.values.tolist() == [[1.5, 2, 3], [4.5, 5, 7]]


def test_names_and_labels_may_hold_blanks(write):
    table = read_csv(write("sepal length, sepal width, the kind\n5.1, 3.5, Iris setosa\n4.9, 3.0, Iris virginica\n"))
    assert table.feature_names == ("sepal length", "sepal width")
    assert table.label.tolist() == ["Iris setosa", "Iris virginica"]


def test_decimal_commas(write):
    table = read_csv(write("breite;höhe;art\n5,1;3,5;a\n4,9;-3,0e1;b\n", "messung.csv"))
    assert table.values.tolist() == [[5.1, 3.5], [4.9, -30.0]]


def test_tables_without_a_header(write):
    table = read_csv(write("1,2,a\n3,5,b\n"))
    assert table.feature_names == ("column 1", "column 2") and table.label_name == "column 3"
    assert len(table.values) == 2


def test_a_header_may_hold_a_number(write):
    assert read_csv(write("x,y,2020\n1,2,3\n4,6,9\n")).feature_names == ("x", "y", "2020")


def test_a_header_of_numbers_must_be_announced(write):
    path = write("2019,2020\n1,2\n4,6\n")
    assert len(read_csv(path).values) == 3
    table = read_csv(path, header=True)
    assert table.feature_names == ("2019", "2020") and len(table.values) == 2


def test_unnamed_columns_in_a_header(write):
    assert read_csv(write("x,,z\n1,2,3\n4,6,9\n")).feature_names == ("x", "column 2", "z")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends(write, line_end):
    assert read_csv(write(line_end.join(["x,y", "1,2", "3,5", ""]))).values.tolist() == [[1, 2], [3, 5]]
    assert read_csv(write(line_end.join(["x,y", "1,2", "3,5"]))).values.tolist() == [[1, 2], [3, 5]]


def test_latin_1_is_said(write):
    table = read_csv(write("größe,art\n1,süß\n2,scharf\n".encode("latin-1")))
    assert table.feature_names == ("größe",) and table.label.tolist() == ["süß", "scharf"]
    assert any("Latin-1" in note for note in table.notes)


def test_quoted_fields_over_lines(write):
    table = read_csv(write('x,y,kind\n1,2,"a\nb"\n3,5,"c ""d"", e"\n'))
    assert table.label.tolist() == ["a\nb", 'c "d", e']


def test_missing_in_a_quoted_file_is_located_after_long_fields(write):
    message = error(write('x,y,kind\n1,2,"a\nb\n"\n\n3,,"c"\n'))
    assert "line 6, column 'y' ('')" in message


def test_a_label_of_numbers_can_be_named(write):
    path = write("x,kind,y\n1,0,2\n3,1,5\n")
    assert read_csv(path).label is None
    for label in ("kind", "2", 2):
        table = read_csv(path, label=label)
        assert table.label.tolist() == ["0", "1"] and table.label_name == "kind"
        assert table.feature_names == ("x", "y")


def test_a_name_goes_before_a_number(write):
    path = write("3,2,x\n1,0,2\n3,1,5\n")
    assert read_csv(path, header=True, label="2").label_name == "2"
    assert read_csv(path, header=True, label="3").label_name == "3"
    assert read_csv(path, header=True, label=3).label_name == "x"


def test_a_constant_column_is_left_out_and_named(write):
    table = read_csv(write("x,always,y\n1,7,2\n3,7,5\n"))
    assert table.feature_names == ("x", "y")
    assert table.notes == ("left out constant column 'always'",)


def test_many_constant_columns_are_counted(write):
    table = read_csv(write("x" + "".join(f",c{i}" for i in range(20)) + "\n1" + ",0" * 20 + "\n2" + ",0" * 20 + "\n"))
    assert table.notes[0].startswith("left out 20 constant columns: 'c0', 'c1'") and "..." in table.notes[0]


def test_a_column_may_be_constant_only_after_rows_are_dropped(write):
    table = read_csv(write("x,a,y\n1,7,2\n3,8,\n4,7,9\n"), drop_missing=True)
    assert table.feature_names == ("x", "y") and len(table.values) == 2
    assert any("'a'" in note and "constant" in note for note in table.notes)


def test_a_constant_column_of_text_beside_the_label(write):
    table = read_csv(write("x,unit,kind\n1,cm,a\n3,cm,b\n"))
    assert table.label_name == "kind" and any("'unit'" in note for note in table.notes)


def test_empty_columns_are_left_out(write):
    table = read_csv(write("1,2,\n3,5,\n"))
    assert table.values.tolist() == [[1, 2], [3, 5]]
    assert table.notes == ("left out empty column 'column 3'",)


@pytest.mark.parametrize("name", ["Id", "", "index", '"Unnamed: 0"'])
def test_row_numbers_are_left_out(write, name):
    table = read_csv(write(f"{name},x,y\n1,4,2\n2,3,5\n3,3,1\n"))
    assert table.feature_names == ("x", "y") and "only numbers the rows" in table.notes[0]


def test_what_only_looks_like_row_numbers_is_kept(write):
    assert read_csv(write("x,y\n1,4\n2,3\n3,3\n")).feature_names == ("x", "y")
    assert read_csv(write("id,y\n1,4\n3,3\n4,3\n")).feature_names == ("id", "y")


# --- missing values -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell", ["", "NA", "NaN", "nan", "null", "NULL", "?", "inf", "-inf", "Infinity", "N/A", "1e999"]
)
def test_missing_values_are_counted_and_located(write, cell):
    path = write(f"x,y,kind\n1,2,a\n\n3,{cell},b\n{cell},{cell},b\n7,8,c\n")
    message = error(path)
    assert "3 missing or infinite value(s) in 2 of 4 rows" in message
    assert f"line 4, column 'y' ({cell!r})" in message and "--drop-missing" in message
    table = read_csv(path, drop_missing=True)
    assert table.values.tolist() == [[1, 2], [7, 8]] and table.label.tolist() == ["a", "c"]
    assert len(table.notes) == 1 and table.notes[0].startswith("dropped 2 of 4 rows")


def test_a_missing_label_counts(write):
    path = write("x,y,kind\n1,2,a\n3,4,\n5,7,b\n")
    assert "line 3, column 'kind'" in error(path)
    assert read_csv(path, drop_missing=True).label.tolist() == ["a", "b"]


def test_missing_values_in_columns_not_used_do_not_count(write):
    assert len(read_csv(write("x,y,a,b\n1,2,p,\n3,4,q,r\n5,7,p,s\n"), label="a").values) == 3


def test_nothing_missing_drops_nothing(write):
    table = read_csv(write("x,y\n1,2\n3,4\n"), drop_missing=True)
    assert table.notes == () and len(table.values) == 2


def test_too_few_rows_left(write):
    assert "every row misses a value" in error(write("x,y\n1,\n,4\n"), drop_missing=True)
    assert "only one sample" in error(write("x,y\n1,2\n,4\n"), drop_missing=True)


# --- bad files ----------------------------------------------------------------------------


def test_no_file(tmp_path):
    assert "no such file" in error(tmp_path / "nothing.csv")
    assert "is a directory" in error(tmp_path)
    (tmp_path / "file").write_text("1,2\n")
    assert "cannot be read (Not a directory)" in error(tmp_path / "file" / "table.csv")


@pytest.mark.parametrize("content", [b"", b"\n\n\r\n", b"\xef\xbb\xbf", b"  \n\t\n"])
def test_empty(write, content):
    assert "the file is empty" in error(write(content))


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\0\0", b"PK\x03\x04\x14\0", b"\x1f\x8b\x08\0abc", b"\x7fELF", b"1,2\n3,\0\n" + b"9" * 99999],
)
def test_binary(write, content):
    message = error(write(content))
    assert "binary" in message and content[:4].hex(" ") in message


def test_only_a_header(write):
    assert "line 1 is a header and no samples follow" in error(write("x,y,kind\n"))


def test_one_sample(write):
    assert "only one sample" in error(write("x,y,kind\n1,2,a\n"))
    assert "only one sample" in error(write("1,2,3\n"))


def test_ragged_lines(write):
    message = error(write("x,y\n1,2\n\n3,4,5\n6\n"))
    assert "line 4: 3 field(s) where line 1 has 2" in message
    assert "line 2: 1 field(s) where line 1 has 3" in error(write("x;y;z\n1\n2;3;4\n2;3;4\n"))


def test_a_word_among_numbers(write):
    message = error(write("x,y,kind\n" + "".join(f"{i},{i * i},a\n" for i in range(9)) + "9,8l,b\n"))
    assert "line 11, column 'y': '8l' is not a number" in message


@pytest.mark.parametrize("cell", ["1_000", "0x10", "1,5", "--1", "1e", "12:30", "٣.٤.٥", "x" * 5000])
def test_what_is_not_a_number(write, cell):
    message = error(write(f'x,y\n1,2\n3,"{cell}"\n5,6\n'), delimiter=",")
    assert "line 3, column 'y'" in message and len(message) < 400


def test_two_columns_of_text(write):
    path = write("name,x,city\nann,1,rome\nbob,2,oslo\n")
    message = error(path)
    assert "columns 'name', 'city' hold text" in message and "--label" in message
    table = read_csv(path, label="city")
    assert table.label.tolist() == ["rome", "oslo"] and table.feature_names == ("x",)
    assert table.notes == ("left out text column 'name'",)


@pytest.mark.parametrize("label", ["colour", "0", "4", 0, 4, -1, "-1", "", "²"])
def test_a_label_that_is_not_there(write, label):
    message = error(write("x,y,kind\n1,2,a\n3,4,b\n"), label=label)
    assert f"the label {label!r} is not a column" in message and "'kind'" in message and "1 to 3" in message


def test_a_label_named_twice(write):
    path = write("x,kind,kind\n1,2,a\n3,4,b\n")
    assert "columns 2 and 3 are both named 'kind'" in error(path, label="kind")
    assert read_csv(path, label=3).label.tolist() == ["a", "b"]


def test_nothing_to_compute_with(write):
    assert "no column holds numbers" in error(write("kind\na\nb\n"), header=True)
    assert "every column of numbers is constant" in error(write("x,kind\n1,a\n1,b\n"))


def test_quotes(write):
    assert "line 3: a quoted field is not closed" in error(write('x,kind\n1,a\n2,"b\n3,c\n'), delimiter=",")
    assert "line 2: " in error(write('x,kind\n1,"a"b\n2,c\n'), delimiter=",")
    assert "131072" in error(write('x,kind\n1,"' + "a" * 200000 + '"\n2,c\n'), delimiter=",")


def test_bad_delimiter(write):
    with pytest.raises(ValueError, match="read_csv: delimiter must be one of"):
        read_csv(write("1,2\n"), delimiter=":")


# --- real files ---------------------------------------------------------------------------


def test_california_housing(data_path):
    path = data_path("california-housing/housing.csv")
    assert "207 missing or infinite value(s) in 207 of 20640 rows, first in line 292" in error(path)
    table = read_csv(path, drop_missing=True)
    assert table.values.shape == (20433, 9) and table.label_name == "ocean_proximity"
    # The census's medians are known to be capped at 500,001.
    assert table.values[:, table.feature_names.index("median_house_value")].max() == 500001


def test_boston_housing_both_ways(data_path):
    blanks = read_csv(data_path("boston-housing/housing.data"))
    commas = read_csv(data_path("boston-housing/housing.csv"))
    np.testing.assert_array_equal(blanks.values, commas.values)
    assert blanks.values.shape == (506, 14) and math.isclose(blanks.values[:, -1].mean(), 22.532806324110677)


def test_mall_customers(data_path):
    table = read_csv(data_path("mall-customers/Mall_Customers.csv"))
    assert table.label_name == "Genre" and (table.label == "Female").sum() == 112
    assert table.feature_names == ("CustomerID", "Age", "Annual_Income(k$)", "Spending_Score(1-100)")


def test_titanic(data_path):
    path = data_path("titanic/titanic.csv")
    assert "'Name', 'Sex', 'Ticket', 'Cabin', 'Embarked' hold text" in error(path)
    table = read_csv(path, label="Survived", drop_missing=True)
    assert len(table.values) == 891 - 177 and table.feature_names[1:] == ("Pclass", "Age", "SibSp", "Parch", "Fare")


def test_movielens_tabs_and_bars(data_path):
    assert read_csv(data_path("movielens-100k/u.data")).values.shape == (100000, 4)
    genres = read_csv(data_path("movielens-100k/u.genre"))
    assert genres.values[:, 0].tolist() == list(range(19)) and genres.label[-1] == "Western"
