"""State dicts that PyTorch writes, read here; and ours read there through safetensors."""

import collections

import numpy as np
import pytest

from minigrad import DataError
from minigrad.nn.modules.module import Parameter
from minigrad.storage import load, save

torch = pytest.importorskip("torch")
safe = pytest.importorskip("safetensors.torch")


def test_state_dict(tmp_path):
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    torch.save(net.state_dict(), tmp_path / "x.pt")
    ours = load(tmp_path / "x.pt")
    assert isinstance(ours, collections.OrderedDict) and list(ours) == list(net.state_dict())
    for name, tensor in net.state_dict().items():
        np.testing.assert_array_equal(ours[name]._data, tensor.numpy())
        assert ours[name]._data.dtype == tensor.numpy().dtype


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.arange(12.0).reshape(3, 4).T,
        lambda: torch.arange(12.0)[5:],
        lambda: torch.ones(1).expand(3, 2),
        lambda: torch.zeros(0, 3),
        lambda: torch.tensor(2.5, dtype=torch.float64),
        lambda: torch.tensor([True, False]),
        lambda: torch.tensor([1, 2], dtype=torch.uint8),
        lambda: torch.tensor([1, -2], dtype=torch.int16),
        lambda: torch.tensor([1.5, -2.5], dtype=torch.float16),
        lambda: torch.tensor([1.5, -2.5], dtype=torch.bfloat16),
        lambda: torch.ones(2, requires_grad=True),
    ],
)
def test_tensors(tmp_path, make):
    theirs = make()
    torch.save({"x": theirs, "again": theirs}, tmp_path / "x.pt")
    ours = load(tmp_path / "x.pt")
    np.testing.assert_array_equal(ours["x"]._data, theirs.detach().to(torch.float64).numpy())
    assert ours["x"].requires_grad == theirs.requires_grad


def test_checkpoint(tmp_path):
    net = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    torch.save(
        {
            "opt": optimizer.state_dict(),
            "p": torch.nn.Parameter(torch.ones(2)),
            "size": torch.Size([2]),
            "d": torch.float32,
        },
        tmp_path / "x.pt",
    )
    ours = load(tmp_path / "x.pt")
    assert isinstance(ours["p"], Parameter) and tuple(ours["size"]) == (2,) and ours["d"].name == "float32"
    theirs = optimizer.state_dict()["state"][0]["exp_avg"]
    np.testing.assert_array_equal(ours["opt"]["state"][0]["exp_avg"]._data, theirs.numpy())
    assert ours["opt"]["param_groups"][0]["betas"] == (0.9, 0.999)


def test_a_whole_model_is_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "x.pt")
    with pytest.raises(DataError, match=r"asks for torch.nn.modules.linear.Linear, which is not data"):
        load(tmp_path / "x.pt")


def test_the_old_format_is_named(tmp_path):
    torch.save({"x": torch.ones(2)}, tmp_path / "x.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(DataError, match="PyTorch before 1.6"):
        load(tmp_path / "x.pt")


def test_ours_is_safetensors_there(tmp_path):
    weights = {"a.weight": Parameter(np.arange(6, dtype=np.float32).reshape(2, 3)), "n": np.array(3)}
    save(weights, tmp_path / "x.safetensors")
    theirs = safe.load_file(tmp_path / "x.safetensors")
    assert theirs["a.weight"].tolist() == [[0, 1, 2], [3, 4, 5]] and int(theirs["n"]) == 3
    safe.save_file({"w": torch.ones(2)}, tmp_path / "y.safetensors")
    assert load(tmp_path / "y.safetensors")["w"]._data.tolist() == [1, 1]
