"""A world of one, and what cannot be asked of any."""

import numpy as np
import pytest

from minigrad import distributed as dist

pytestmark = pytest.mark.native


def test_a_process_alone_is_a_world_of_one():
    w = dist.world()
    assert w is dist.world() and (w.rank, w.size) == (0, 1) and repr(w) == "World(rank=0, size=1)"
    w.barrier()


@pytest.mark.parametrize("op", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize("array", [[1.0, np.nan], np.zeros((2, 0), "f4"), 3.0, np.arange(6.0).reshape(2, 3).T])
def test_alone_a_reduction_is_a_copy(op, array):
    made = dist.world().allreduce(array, op)
    assert made is not array and made.flags.c_contiguous
    np.testing.assert_array_equal(made, array)
    np.testing.assert_array_equal(dist.world().broadcast(array), array)


def test_alone_nothing_else_is_loaded(run_python):
    done = run_python("import sys, minigrad as mg; mg.distributed.world(); print('mpi4py' in sys.modules)")
    assert done.stdout == "False\n", done.stderr


def test_several_ranks_without_mpi4py_say_so(run_python):
    source = "import sys; sys.modules['mpi4py'] = None; import minigrad as mg; mg.distributed.world()"
    for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"):
        done = run_python(source, **{name: "2"})
        expected = "ImportError: distributed: 2 ranks were started, so mpi4py and an MPI must be installed"
        assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith(expected)


def test_bad_arguments():
    w = dist.world()
    with pytest.raises(ValueError, match="World.allreduce: op must be one of 'sum', 'mean', 'max', 'min'; got 'xor'"):
        w.allreduce([1.0], "xor")
    with pytest.raises(TypeError, match="World.allreduce: elements must be numbers or booleans; got <U1"):
        w.allreduce(["a"])
    with pytest.raises(TypeError, match="must be floating for op='mean'; got int64"):
        w.allreduce([1], "mean")
    with pytest.raises(TypeError, match="must be numbers for op='sum'; got bool"):
        w.allreduce([True])
    with pytest.raises(TypeError, match="World.broadcast: elements must be numbers or booleans; got object"):
        w.broadcast([None])
    for bad, kind in ((1, ValueError), (-1, ValueError), (0.5, TypeError)):
        with pytest.raises(kind, match="World.broadcast: root must be an int from 0 to 0; got"):
            w.broadcast([1.0], bad)
