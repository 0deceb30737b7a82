"""What each rank of a world checks of the collective operations; prints its rank when all is well."""

import numpy as np

import minigrad as mg
from minigrad import distributed as dist

# Around the size up to which every rank reduces everything, an uneven division, and more than one chunk.
SIZES = (0, 1, 2, 3, 2047, 2048, 2049, 5003, (1 << 22) + 5)
JOIN = {"sum": np.add, "mean": np.add, "max": np.maximum, "min": np.minimum}

w = dist.world()


def of_rank(rank, n, dtype):
    values = mg.random.Generator(5, stream=rank).normal(size=n) * 100
    if np.dtype(dtype).kind == "f" and n:
        values[n // 2] = [np.nan, np.inf, 1.0][rank % 3]
    with np.errstate(invalid="ignore"):
        return values.astype(dtype)


def in_order(arrays, op):
    made = arrays[0].copy()
    with np.errstate(all="ignore"):
        for array in arrays[1:]:
            made = JOIN[op](made, array)
        return made / made.dtype.type(len(arrays)) if op == "mean" else made


def check_reductions():
    for n in SIZES:
        for dtype in ("f4", "f8", "i8", "u1", "?") if n < 10**6 else ("f4",):
            arrays = [of_rank(rank, n, dtype) for rank in range(w.size)]
            mine = arrays[w.rank].copy()
            for op in JOIN:
                if (op == "mean" and dtype[0] != "f") or (op == "sum" and dtype == "?"):
                    continue
                made = w.allreduce(mine, op)
                expected = in_order(arrays, op)
                assert made.dtype == expected.dtype and made.tobytes() == expected.tobytes(), (n, dtype, op)
                assert mine.tobytes() == arrays[w.rank].tobytes()


def check_broadcasts():
    for n in SIZES:
        for root in range(w.size):
            made = w.broadcast(of_rank(w.rank, n, "f4"), root)
            assert made.tobytes() == of_rank(root, n, "f4").tobytes()


def check_tensors():
    whole = mg.full((3, 4), float(w.rank + 1))
    seen = whole.t()[1:]  # with gaps
    before = whole._version
    dist.all_reduce(seen, dist.ReduceOp.SUM)
    total = w.size * (w.size + 1) / 2
    assert (seen == total).all() and (whole[:, 0] == w.rank + 1).all() and whole._version > before
    dist.broadcast(seen, src=w.size - 1)
    assert (whole[:, 1:] == total).all()
    count = mg.tensor(w.rank)
    dist.all_reduce(count, "max")
    assert count.item() == w.size - 1 == dist.get_world_size() - 1 and dist.get_rank() == w.rank
    dist.barrier()


def check_disagreement():
    for ask, told in (
        (lambda: w.allreduce(np.zeros(3 + w.rank)), r"all_reduce sum of float64 (3,) on rank 0"),
        (lambda: w.allreduce(np.zeros(3, "f4" if w.rank else "f8")), r"all_reduce sum of float32 (3,) on rank 1"),
        (lambda: w.allreduce(np.zeros((1, 2)), "min" if w.rank else "max"), r"all_reduce min of float64 (1, 2) on"),
        (lambda: w.broadcast(np.zeros(3), min(w.rank, 1)), r"broadcast from rank 1 of float64 (3,) on rank 1"),
        (lambda: w.barrier() if w.rank else w.allreduce(np.zeros((1,) * 10)), "10 dimensions, 1 elements on rank 0"),
    ):
        try:
            ask()
        except RuntimeError as error:
            assert str(error).startswith("distributed: every rank must ask for the same") and told in str(error), error
        else:
            raise AssertionError("no error")


check_reductions()
check_broadcasts()
check_tensors()
check_disagreement()
print(f"rank {w.rank} of {w.size}", flush=True)
