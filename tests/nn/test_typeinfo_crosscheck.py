"""Types of results, casts and limits, against PyTorch."""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch")

import minigrad as mg  # noqa: E402

NAMES = ["bool", "uint8", "int32", "int64", "float32", "float64"]


def name(kind):
    return str(kind).rpartition(".")[2]


@pytest.mark.parametrize(("first", "second"), list(itertools.product(NAMES, NAMES)))
def test_pairs(first, second):
    mine, theirs = (getattr(mg, first), getattr(mg, second)), (getattr(torch, first), getattr(torch, second))
    assert mg.can_cast(*mine) == torch.can_cast(*theirs)
    if "uint8" not in (first, second):
        assert name(mg.promote_types(*mine)) == name(torch.promote_types(*theirs))
    for shapes in itertools.product([(), (2,)], repeat=2):
        kinds = [
            name(lib.result_type(*(lib.ones(s, dtype=d) for s, d in zip(shapes, pair, strict=True))))
            for lib, pair in ((mg, mine), (torch, theirs))
        ]
        assert kinds[0] == kinds[1]


@pytest.mark.parametrize("first", NAMES)
def test_numbers(first):
    for number in (True, 2, 2.0):
        kinds = [name(lib.result_type(lib.ones(2, dtype=getattr(lib, first)), number)) for lib in (mg, torch)]
        assert kinds[0] == kinds[1]


def test_limits():
    for kind in ("float32", "float64"):
        ours, theirs = mg.finfo(getattr(mg, kind)), torch.finfo(getattr(torch, kind))
        for field in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"):
            assert getattr(ours, field) == getattr(theirs, field)
    for kind in ("uint8", "int32", "int64"):
        ours, theirs = mg.iinfo(getattr(mg, kind)), torch.iinfo(getattr(torch, kind))
        assert (ours.bits, ours.min, ours.max, ours.dtype) == (theirs.bits, theirs.min, theirs.max, theirs.dtype)
