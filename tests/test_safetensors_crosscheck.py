"""Files of ours in the format's reference implementation, and its files here."""

import numpy as np
import pytest

from minigrad.serialization import read_safetensors, write_safetensors

reference = pytest.importorskip("safetensors.numpy")

ARRAYS = {
    "weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "odd": np.arange(3, dtype=np.uint8),
    "wide": np.array([1.5, -2.5]),
    "count": np.array(7),
    "flags": np.array([[True, False]]),
    "none": np.zeros((0, 4), np.float16),
}


def test_both_ways(tmp_path):
    write_safetensors(tmp_path / "ours", ARRAYS, {"by": "us"})
    reference.save_file(ARRAYS, tmp_path / "theirs", {"by": "them"})
    theirs, metadata = read_safetensors(tmp_path / "theirs")
    ours = reference.load_file(tmp_path / "ours")
    assert metadata == {"by": "them"}
    for name, array in ARRAYS.items():
        for again in (ours[name], theirs[name]):
            assert again.dtype == array.dtype
            np.testing.assert_array_equal(again, array)
