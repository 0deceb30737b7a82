"""Rank 1 fails while the others wait for it."""

from minigrad import distributed as dist

dist.init_process_group("gloo", init_method="env://")
assert dist.is_initialized()
if dist.get_rank() == 1:
    raise ValueError("rank 1 has had enough")
dist.barrier()
