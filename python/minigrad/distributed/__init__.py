"""Several processes that train one model: collective operations, and data parallelism over them.

``mpiexec -n 2 python script.py`` starts the processes (the ranks); `world` is what one of them
knows of the others. A process that no launcher started is a world of one and needs no MPI; for
more, mpi4py carries the bytes (``pip install 'minigrad-foundations[mpi]'``).

Reductions add in the order of the ranks and every rank gets the same bits, so a run can be
repeated exactly. The functions have PyTorch's names; `World` has the same over NumPy arrays.
"""

from __future__ import annotations

from minigrad.distributed._data_parallel import DistributedDataParallel, average_gradients, broadcast_module
from minigrad.distributed._group import (
    all_reduce,
    barrier,
    broadcast,
    destroy_process_group,
    get_rank,
    get_world_size,
    init_process_group,
    is_available,
    is_initialized,
)
from minigrad.distributed._world import ReduceOp, World, world

__all__ = [
    "DistributedDataParallel",
    "ReduceOp",
    "World",
    "all_reduce",
    "average_gradients",
    "barrier",
    "broadcast",
    "broadcast_module",
    "destroy_process_group",
    "get_rank",
    "get_world_size",
    "init_process_group",
    "is_available",
    "is_initialized",
    "world",
]
