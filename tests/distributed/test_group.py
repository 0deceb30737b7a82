"""PyTorch's names, in a world of one."""

import pytest

import minigrad as mg
from minigrad import distributed as dist

pytestmark = pytest.mark.native


def test_a_script_for_many_runs_alone():
    dist.init_process_group("nccl", rank=0, world_size=1)
    assert dist.is_available() and dist.is_initialized() and (dist.get_rank(), dist.get_world_size()) == (0, 1)
    x = mg.arange(6.0).reshape(2, 3).t()
    dist.all_reduce(x, op=dist.ReduceOp.AVG)
    dist.broadcast(x, src=0)
    assert x.tolist() == [[0, 3], [1, 4], [2, 5]]
    dist.barrier()
    dist.destroy_process_group()


def test_a_saved_tensor_is_guarded():
    x = mg.ones(2, requires_grad=True)
    y = x * 2
    loss = (y * y).sum()
    dist.all_reduce(y.detach())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_bad_arguments():
    with pytest.raises(TypeError, match="all_reduce: tensor must be a Tensor; got list"):
        dist.all_reduce([1.0])
    with pytest.raises(ValueError, match="all_reduce: op must be one of"):
        dist.all_reduce(mg.ones(1), "product")
    with pytest.raises(ValueError, match="broadcast: root must be an int from 0 to 0; got 1"):
        dist.broadcast(mg.ones(1), 1)
