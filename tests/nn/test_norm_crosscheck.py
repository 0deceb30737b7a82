"""PyTorch's samples of loss and normalisation modules: outputs, gradients and states must be the same."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

import minigrad as mg

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

from torch.testing._internal.common_modules import module_db  # noqa: E402 (after the skip)

_spec = importlib.util.spec_from_file_location("minigrad_tests_opdb", Path(__file__).with_name("opdb.py"))
assert _spec is not None and _spec.loader is not None
opdb: Any = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = opdb  # where dataclasses look for it
_spec.loader.exec_module(opdb)

pytestmark = pytest.mark.filterwarnings("ignore")

FAMILIES = ("minigrad.nn.modules.loss", "minigrad.nn.modules.margin", "minigrad.nn.modules.norm")


def counterpart(info: Any) -> Any:
    return getattr(mg.nn, info.name.removeprefix("nn."), None)


MODULES = [info for info in module_db if getattr(counterpart(info), "__module__", "") in FAMILIES]


def check(info: Any, sample: Any, training: bool, dtype: Any) -> None:
    """Compare one sample: the same arguments, the same state, then forward twice and backward."""
    built = opdb.Twins()
    arguments = sample.constructor_input
    ours, theirs = built.pair((list(arguments.args), dict(arguments.kwargs)))
    mine, other = counterpart(info)(*ours[0], **ours[1]), info.module_cls(*theirs[0], **theirs[1])
    other.to(dtype)
    mine.to(getattr(mg, str(dtype).removeprefix("torch.")))
    assert list(mine.state_dict()) == list(other.state_dict())
    mine.load_state_dict({name: opdb.to_minigrad(value) for name, value in other.state_dict().items()})
    mine.train(training)
    other.train(training)
    twins = opdb.Twins()
    ours, theirs = twins.pair((list(sample.forward_input.args), dict(sample.forward_input.kwargs)))
    for _ in range(2):
        a, b = mine(*ours[0], **ours[1]), other(*theirs[0], **theirs[1])
    opdb.compare(a, b, True, "output")
    for name, value in other.state_dict().items():
        opdb.compare(mine.state_dict()[name], value, True, name)
    assert a.requires_grad == b.requires_grad
    ours, theirs = twins.ours + list(mine.parameters()), twins.theirs + list(other.parameters())
    wanted = [i for i, t in enumerate(theirs) if t.requires_grad]
    if wanted and b.requires_grad:
        weights = torch.randn(b.shape, dtype=b.dtype, generator=torch.Generator().manual_seed(1))
        expected = torch.autograd.grad(b, [theirs[i] for i in wanted], weights, allow_unused=True)
        got = mg.grad([a], [ours[i] for i in wanted], [opdb.to_minigrad(weights)], allow_unused=True)
        opdb.compare_gradients(list(got), list(expected))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("info", MODULES, ids=lambda info: info.name)
def test_samples(info: Any, training: bool, dtype: Any) -> None:
    torch.manual_seed(0)
    samples = info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training)
    # Some have thousands, a grid of options: the same few dozen of them in every run.
    for sample in samples[:: 1 + len(samples) // 40]:
        try:
            check(info, sample, training, dtype)
        except opdb.UnsupportedError:
            continue
        except Exception as error:
            raise AssertionError(
                f"{info.name}: {sample.desc} {sample.constructor_input.args} {sample.constructor_input.kwargs}: {error}"
            ) from error
