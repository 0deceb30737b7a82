"""The safetensors format: round trips, and every way a file can be wrong."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad import DataError
from minigrad.serialization import pack, read_safetensors, unpack, write_safetensors

KINDS = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
arrays = st.sampled_from(KINDS).flatmap(lambda kind: hnp.arrays(kind, shapes))


@given(st.dictionaries(st.text(max_size=5).filter(lambda s: s != "__metadata__"), arrays, max_size=4))
def test_round_trip(named):
    again, metadata = unpack(bytearray(pack(named)), "x")
    assert set(again) == set(named) and metadata == {}
    for name, array in named.items():
        assert again[name].dtype == array.dtype and again[name].flags.writeable and again[name].flags.aligned
        np.testing.assert_array_equal(again[name], array)


def test_file_and_metadata(tmp_path):
    path = tmp_path / "a.safetensors"
    strided = np.arange(12.0).reshape(3, 4)[:, ::2]
    assert write_safetensors(path, {"é.x": strided, "y": np.array(3, ">i4")}, {"what": "test"}) == path
    again, metadata = read_safetensors(path)
    np.testing.assert_array_equal(again["é.x"], strided)
    assert again["y"] == 3 and metadata == {"what": "test"}
    length = struct.unpack("<Q", path.read_bytes()[:8])[0]
    assert length % 8 == 0 and json.loads(path.read_bytes()[8 : 8 + length])["y"]["dtype"] == "I32"


def test_bfloat16_is_widened():
    header = json.dumps({"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    data = len(header).to_bytes(8, "little") + header + bytes([0x80, 0x3F, 0x20, 0xC0])
    again, _ = unpack(bytearray(data), "x")
    assert again["x"].dtype == np.float32 and again["x"].tolist() == [1.0, -2.5]


def file(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(**changes):
    return {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


GOOD = file(entry(), bytes(8))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cut short"),
        (b"1234567", "cut short"),
        (b"PK\x03\x04 something else", "begins with something else"),
        (GOOD[:20], "cut short"),
        (GOOD[:-1], "does not fit the bytes 0 to 8"),
        (GOOD + b"\0", "bytes, and its header describes"),
        (file(entry(), bytes(8), 2**63), "cut short"),
        (file(b"{not json"), "header cannot be read"),
        (file(b"\xff\xfe"), "header cannot be read"),
        (file(b"[" * 100_000), "header cannot be read"),
        (file([1]), "header is not an object"),
        (file(b'{"x":1,"x":2}'), "a name appears twice"),
        (file({"x": 3}), "entry of x is not complete"),
        (file({"x": {"dtype": "F32"}}), "entry of x is not complete"),
        (file(entry(shape=[-2]), bytes(8)), "entry of x is not complete"),
        (file(entry(shape=[2.0]), bytes(8)), "entry of x is not complete"),
        (file(entry(shape=[True]), bytes(8)), "entry of x is not complete"),
        (file(entry(data_offsets=[0, 8, 9]), bytes(8)), "entry of x is not complete"),
        (file(entry(shape=[3]), bytes(8)), r"x of shape \(3,\) does not fit"),
        (file(entry(shape=[2**40, 2**40]), bytes(8)), "does not fit"),
        (file(entry(data_offsets=[8, 0]), bytes(8)), "does not fit"),
        (file(entry(dtype="F8_E4M3"), bytes(8)), "elements of type F8_E4M3"),
        (file({**entry(), "y": entry()["x"]}, bytes(8)), "overlap or leave gaps"),
        (file(entry(data_offsets=[4, 12]), bytes(12)), "overlap or leave gaps"),
        (file({"__metadata__": {"a": 1}}), "metadata are not strings"),
        (file({"__metadata__": []}), "metadata are not strings"),
    ],
)
def test_damaged_files(tmp_path, data, message):
    path = tmp_path / "a.safetensors"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        read_safetensors(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_safetensors(tmp_path / "nothing")
    with pytest.raises(DataError, match="cannot be read"):
        read_safetensors(tmp_path)


def test_what_cannot_be_written(tmp_path):
    for named, metadata in [
        ({"x": np.array(["text"])}, None),
        ({"x": np.zeros(2, complex)}, None),
        ({3: np.zeros(2)}, None),
        ({"__metadata__": np.zeros(2)}, None),
        ({}, {"a": 1}),
    ]:
        with pytest.raises(TypeError, match="write_safetensors: "):
            write_safetensors(tmp_path / "x", named, metadata)
    with pytest.raises(DataError, match="cannot write"):
        write_safetensors(tmp_path / "no" / "x", {})
