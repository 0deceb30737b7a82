"""Data parallelism in a world of one, which must change nothing."""

import copy

import pytest

import minigrad as mg
from minigrad import distributed as dist

pytestmark = pytest.mark.native


def test_alone_a_wrapped_model_is_the_model():
    plain = mg.Sequential(mg.Linear(3, 4), mg.nn.BatchNorm1d(4), mg.Linear(4, 2))
    model = dist.DistributedDataParallel(copy.deepcopy(plain), device_ids=None, bucket_cap_mb=1.0)
    assert list(model.state_dict()) == [f"module.{name}" for name in plain.state_dict()]
    x = mg.randn(5, 3)
    for module in (plain, model):
        module(x).square().sum().backward()
    with model.no_sync():
        model(x).square().sum().backward()
    for a, b in zip(plain.parameters(), model.parameters(), strict=True):
        assert (b.grad == a.grad * 2).all()
    assert (plain(x) != plain.eval()(x)).any() and model.training


def test_alone_a_model_may_be_used_in_parts():
    model = dist.DistributedDataParallel(mg.ModuleList([mg.Linear(1, 1), mg.Linear(1, 1)]))
    model.module[0](mg.ones(1, 1)).backward()
    dist.average_gradients(model.parameters())
    dist.broadcast_module(model)
    assert model.module[1].weight.grad is None


def test_the_sampler_takes_the_whole_by_default():
    sampler = mg.utils.data.DistributedSampler(range(5), shuffle=False)
    assert list(sampler) == [0, 1, 2, 3, 4]


def test_bad_arguments():
    with pytest.raises(TypeError, match="DistributedDataParallel: module must be a Module; got int"):
        dist.DistributedDataParallel(3)
    with pytest.raises(TypeError, match="broadcast_buffers must be a bool; got None"):
        dist.DistributedDataParallel(mg.Linear(1, 1), broadcast_buffers=None)
    for call in (dist.average_gradients, lambda p, mb: dist.DistributedDataParallel(mg.Linear(1, 1), bucket_cap_mb=mb)):
        with pytest.raises(ValueError, match="bucket_cap_mb must be a finite number in"):
            call([], 0.0)
    with pytest.raises(ValueError, match="broadcast_module: src must be an int from 0 to 0; got 2"):
        dist.broadcast_module(mg.Linear(1, 1), 2)
