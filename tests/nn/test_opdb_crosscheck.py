"""PyTorch's operator samples: outputs, gradients and refusals must be the same.

``pytest tests/nn/test_opdb_crosscheck.py -k "[matmul]"`` runs one operator.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

_spec = importlib.util.spec_from_file_location("minigrad_tests_opdb", Path(__file__).with_name("opdb.py"))
assert _spec is not None and _spec.loader is not None
opdb: Any = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = opdb  # a data class looks for its module there
_spec.loader.exec_module(opdb)

OPS = [pytest.param(op, id=opdb.name_of(op)) for op in opdb.offered()]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("op", OPS)
def test_float64(op: Any) -> None:
    opdb.check(op, torch.float64).assert_clean()


@pytest.mark.slow
@pytest.mark.parametrize("op", OPS)
def test_float64_noncontiguous(op: Any) -> None:
    opdb.check(op, torch.float64, noncontiguous=True).assert_clean()


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool], ids=["float32", "int64", "bool"])
@pytest.mark.parametrize("op", OPS)
def test_other_types(op: Any, dtype: Any) -> None:
    opdb.check(op, dtype).assert_clean()


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["method", "inplace"])
@pytest.mark.parametrize("op", OPS)
def test_variants(op: Any, variant: str) -> None:
    opdb.check(op, torch.float64, variant).assert_clean()


@pytest.mark.parametrize("op", OPS)
def test_misuse_is_refused(op: Any) -> None:
    opdb.check_errors(op).assert_clean()
