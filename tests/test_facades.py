"""The names that PyTorch scripts import, and what they do here."""

import importlib

import pytest

import minigrad as mg

pytestmark = pytest.mark.native


@pytest.mark.parametrize(
    "name",
    [
        *("accelerator", "amp", "autograd", "backends", "backends.cudnn", "backends.mps", "cuda", "data", "nn"),
        *("nn.functional", "nn.init", "nn.parameter", "optim", "optim.lr_scheduler", "utils", "utils.checkpoint"),
        *("utils.data", "utils.data.dataloader", "utils.data.dataset", "utils.data.distributed"),
        *("utils.data.sampler", "vision", "vision.datasets", "vision.transforms", "vision.transforms.functional"),
    ],
)
def test_modules_can_be_imported(name):
    module = importlib.import_module(f"minigrad.{name}")
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public)


def test_there_is_one_device():
    assert str(mg.device("cpu")) == "cpu" and repr(mg.device("cuda", 1)) == "device(type='cuda', index=1)"
    assert mg.device("cpu:0").index == 0 and mg.device(mg.device("cpu")) == mg.device("cpu")
    assert len({mg.device("cpu"), mg.device("cpu")}) == 1 and mg.device("cpu") != "cpu"
    for bad in ("abacus", 3, "cpu:x"):
        with pytest.raises(RuntimeError, match="device: type must be one of"):
            mg.device(bad)
    with pytest.raises(AttributeError, match="cannot be changed"):
        mg.device("cpu").type = "cuda"
    assert not mg.cuda.is_available() and mg.cuda.device_count() == 0 and not mg.backends.mps.is_available()
    assert not mg.accelerator.is_available() and mg.accelerator.current_accelerator() is None
    mg.cuda.manual_seed_all(3)
    with pytest.raises(RuntimeError, match="there is no GPU"):
        mg.cuda.current_device()
    mg.backends.cudnn.deterministic = True
    mg.backends.cudnn.benchmark = False


def test_switches_do_nothing():
    assert mg.compile(3) == 3 and mg.compile(mode="max-autotune")(4) == 4
    mg.set_float32_matmul_precision("high")
    with pytest.raises(ValueError, match="precision must be"):
        mg.set_float32_matmul_precision("low")
    mg.use_deterministic_algorithms(True)


def test_mixed_precision_is_plain():
    x = mg.ones(2, requires_grad=True)
    optimizer = mg.optim.SGD([x], lr=1.0)
    scaler = mg.amp.GradScaler()
    with mg.autocast("cpu", dtype=mg.bfloat16):
        loss = (x * x).sum()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert x.tolist() == [-1.0, -1.0] and scaler.get_scale() == 1.0 and scaler.state_dict() == {}


def test_mixed_precision_refuses_what_it_would_not_understand():
    for chosen in (None, mg.bfloat16, mg.float16, mg.float32, "float64"):
        with mg.autocast("cuda", dtype=chosen, enabled=False):
            pass
    with pytest.raises(RuntimeError, match="device: type must be one of .*; got 'abacus'"):
        mg.autocast("abacus")
    with pytest.raises(TypeError, match="autocast: dtype must be a floating-point dtype; got minigrad.int64"):
        mg.autocast("cpu", dtype=mg.int64)
    with pytest.raises(TypeError, match="autocast: dtype must be a minigrad.dtype; got 3"):
        mg.autocast("cpu", dtype=3)
    with pytest.raises(TypeError, match="autocast: enabled must be a bool; got 1"):
        mg.autocast("cpu", enabled=1)


def test_old_variables():
    x = mg.autograd.Variable(mg.ones(2), requires_grad=True)
    assert x.requires_grad and mg.autograd.Variable(x) is x
