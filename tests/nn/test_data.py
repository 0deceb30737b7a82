"""Data sets, samplers, the loader and its workers."""

import collections
import os
import pickle
import time
from typing import NamedTuple

import numpy as np
import pytest

from minigrad.nn import data
from minigrad.nn._random import default_generator
from minigrad.nn._tensor import Tensor, fresh
from minigrad.random import Generator

pytestmark = pytest.mark.native


def columns(n=10, width=3):
    x = np.arange(n * width, dtype=np.float32).reshape(n, width)
    return data.TensorDataset(fresh(x), fresh(np.arange(n)))


class Squares(data.Dataset):
    """Plain Python samples."""

    def __init__(self, n=10):
        self.n = n

    def __getitem__(self, i):
        if not 0 <= i < self.n:
            raise IndexError(f"no sample {i}")
        return i, float(i * i)

    def __len__(self):
        return self.n


class Point(NamedTuple):
    x: object
    y: object


class Count(data.IterableDataset):
    """Each worker has its share."""

    def __init__(self, n=10):
        self.n = n

    def __iter__(self):
        info = data.get_worker_info()
        return iter(range(self.n) if info is None else range(info.id, self.n, info.num_workers))

    def __len__(self):
        return self.n


def values(batches):
    return [batch.numpy().tolist() if hasattr(batch, "numpy") else batch._data.tolist() for batch in batches]


# --- data sets


def test_tensor_dataset():
    xy = columns(5)
    batch = xy.__getbatch__(np.array([4, 0, -1]))
    assert batch[0]._data.tolist() == [[12, 13, 14], [0, 1, 2], [12, 13, 14]] and batch[1]._data.tolist() == [4, 0, 4]
    for bad in (5, -6):
        with pytest.raises(IndexError, match=f"indices must be from -5 to 4; got {bad}"):
            xy.__getbatch__(np.array([0, bad]))
    with pytest.raises(TypeError, match="must be Tensors; got ndarray"):
        data.TensorDataset(np.zeros(3))
    with pytest.raises(ValueError, match=r"same length; got shapes \(3,\), \(4,\)"):
        data.TensorDataset(fresh(np.zeros(3)), fresh(np.zeros(4)))
    with pytest.raises(ValueError, match="got shapes none"):
        data.TensorDataset()
    with pytest.raises(ValueError, match="same length"):
        data.TensorDataset(fresh(np.zeros(())))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8, np.bool_])
@pytest.mark.parametrize("shape", [(7,), (7, 3), (7, 0), (7, 40, 40)])
def test_gathered_rows_are_the_rows(dtype, shape):
    array = (np.arange(np.prod(shape)) % 251).astype(dtype).reshape(shape)
    indices = np.array([3, 3, 0, 6, 1])
    from minigrad.nn.data.dataset import gather

    np.testing.assert_array_equal(gather(array, indices), array[indices])
    strided = np.swapaxes(array, 0, -1) if array.ndim == 2 and array.shape[1] else array[::-1]
    np.testing.assert_array_equal(gather(strided, np.array([1, 0])), strided[[1, 0]])


def test_subsets_concatenations_and_stacks():
    part = data.Subset(Squares(), [7, 2, 5])
    assert part[0] == (7, 49.0) and len(part) == 3 and part.__getitems__([2, 0]) == [(5, 25.0), (7, 49.0)]
    both = Squares(3) + Squares(2)
    assert [i for i, _ in both] == [0, 1, 2, 0, 1] and both[-1] == (1, 1.0) and len(both) == 5
    with pytest.raises(IndexError, match="index must be from -5 to 4; got 5"):
        both[5]
    with pytest.raises(ValueError, match="must not be empty"):
        data.ConcatDataset([])
    with pytest.raises(TypeError, match="got an IterableDataset"):
        data.ConcatDataset([Count()])
    chain = Count(2) + Count(3)
    assert list(chain) == [0, 1, 0, 1, 2] and len(chain) == 5
    assert data.StackDataset([1, 2], "ab")[1] == (2, "b") and data.StackDataset(x=[1])[0] == {"x": 1}
    for bad in (
        lambda: data.StackDataset(),
        lambda: data.StackDataset([1], [1, 2]),
        lambda: data.StackDataset([1], x=[1]),
    ):
        with pytest.raises(ValueError, match="StackDataset: datasets must"):
            bad()


def test_methods_to_be_defined():
    for kind, call in (
        (NotImplementedError, lambda: data.Dataset()[0]),
        (TypeError, lambda: iter(data.IterableDataset())),
        (NotImplementedError, lambda: iter(data.Sampler())),
    ):
        with pytest.raises(kind, match="must be defined by the subclass"):
            call()
    assert data.Dataset[int] is data.Dataset and data.Sampler[int] is data.Sampler


@pytest.mark.parametrize(
    ("lengths", "counts"), [([7, 3], [7, 3]), ([0.5, 0.5], [5, 5]), ([0.34, 0.33, 0.33], [4, 3, 3])]
)
def test_random_split_divides(lengths, counts):
    parts = data.random_split(range(10), lengths, Generator(1))
    assert [len(part) for part in parts] == counts
    assert sorted(i for part in parts for i in part) == list(range(10))
    again = data.random_split(range(10), lengths, Generator(1))
    assert [list(p) for p in parts] == [list(p) for p in again]


@pytest.mark.parametrize(("lengths", "error"), [([5, 6], ValueError), ([-1, 11], ValueError), ([0.5, 0.2], TypeError)])
def test_random_split_refuses(lengths, error):
    with pytest.raises(error, match="random_split: lengths"):
        data.random_split(range(10), lengths)


# --- samplers


def test_sequential_and_random():
    assert list(data.SequentialSampler(range(4))) == [0, 1, 2, 3]
    sampler = data.RandomSampler(range(50), generator=Generator(3))
    first, second = list(sampler), list(sampler)
    assert sorted(first) == sorted(second) == list(range(50)) and first != second and len(sampler) == 50
    assert first == list(data.RandomSampler(range(50), generator=Generator(3)))
    many = list(data.RandomSampler(range(3), num_samples=8))
    assert len(many) == 8 and sorted(many[:3]) == sorted(many[3:6]) == [0, 1, 2]
    drawn = list(data.RandomSampler(range(5), replacement=True, num_samples=200))
    assert set(drawn) == set(range(5)) and len(drawn) == 200
    assert list(data.RandomSampler([])) == []
    endless = data.RandomSampler(range(5), replacement=True, num_samples=10**10)
    assert len(endless) == 10**10 and next(iter(endless)) in range(5)
    batches = data.BatchSampler(data.RandomSampler(range(5), num_samples=12), 4, False).arrays()
    assert sorted(np.concatenate(list(batches))[:5]) == [0, 1, 2, 3, 4]
    default_generator.manual_seed(5)
    one = list(data.RandomSampler(range(20)))
    default_generator.manual_seed(5)
    assert one == list(data.RandomSampler(range(20)))
    with pytest.raises(TypeError, match="replacement must be a bool"):
        data.RandomSampler(range(3), replacement=1)
    with pytest.raises(ValueError, match="num_samples must be an int >= 1"):
        data.RandomSampler(range(3), num_samples=0)


def test_subset_sampler():
    sampler = data.SubsetRandomSampler([5, 8, 2], Generator(0))
    assert sorted(sampler) == [2, 5, 8] and len(sampler) == 3


def test_weighted_sampler_follows_the_weights():
    weights = np.array([1.0, 0.0, 3.0, 6.0])
    n = 20_000
    counts = np.bincount(list(data.WeightedRandomSampler(weights, n, generator=Generator(0))), minlength=4)
    assert counts[1] == 0
    # Five deviations of a binomial count.
    p = weights / 10
    assert (np.abs(counts - n * p) <= 5 * np.sqrt(n * p * (1 - p))).all()


def test_weighted_sampler_without_replacement():
    weights = [1.0, 0.0, 3.0, 6.0]
    n, first = 4000, np.zeros(4)
    second_given_3 = np.zeros(4)
    generator = Generator(1)
    for _ in range(n):
        drawn = list(data.WeightedRandomSampler(weights, 3, replacement=False, generator=generator))
        assert sorted(drawn) == [0, 2, 3]
        first[drawn[0]] += 1
        if drawn[0] == 3:
            second_given_3[drawn[1]] += 1
    p = np.array(weights) / 10
    assert (np.abs(first - n * p) <= 5 * np.sqrt(n * p * (1 - p))).all()
    m, q = first[3], np.array([0.25, 0.0, 0.75, 0.0])
    assert (np.abs(second_given_3 - m * q) <= 5 * np.sqrt(m * q * (1 - q))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([-1.0, 2.0], 1), "weights must be >= 0"),
        (([0.0, 0.0], 1), "not all 0; got 0 positive"),
        (([1.0, float("nan")], 1), "weights must be finite"),
        (([1.0], 0), "num_samples must be an int >= 1"),
        (([1.0, 0.0], 2, False), "num_samples must be at most 1"),
        (([1.0], 1, 1), "replacement must be a bool"),
    ],
)
def test_weighted_sampler_refuses(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        data.WeightedRandomSampler(*arguments)


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("n", [0, 1, 5, 6, 7])
def test_batch_sampler(n, drop):
    sampler = data.BatchSampler(data.SequentialSampler(range(n)), 3, drop)
    expected = [list(range(i, min(i + 3, n))) for i in range(0, n, 3)]
    expected = [b for b in expected if not drop or len(b) == 3]
    assert list(sampler) == expected and len(sampler) == len(expected)
    assert [a.tolist() for a in sampler.arrays()] == expected
    with pytest.raises(TypeError, match="drop_last must be a bool"):
        data.BatchSampler(range(3), 1, None)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize(("n", "replicas"), [(10, 3), (9, 3), (2, 5), (0, 2)])
def test_distributed_sampler_shares_everything(n, replicas, drop, shuffle):
    samplers = [data.DistributedSampler(range(n), replicas, rank, shuffle, 7, drop) for rank in range(replicas)]
    shares = [list(s) for s in samplers]
    assert len({len(s) for s in shares}) == 1 == len({len(s) for s in samplers}) and len(shares[0]) == len(samplers[0])
    counts = collections.Counter(i for share in shares for i in share)
    if drop:
        assert set(counts.values()) <= {1} and sum(counts.values()) == n // replicas * replicas
    else:
        assert set(counts) == set(range(n))
    if shuffle and n == 10:
        for s in samplers:
            s.set_epoch(1)
        assert [list(s) for s in samplers] != shares
    with pytest.raises(ValueError, match="rank must be an int from 0 to 2"):
        data.DistributedSampler(range(3), 3, 3)


# --- collating


def test_collate():
    collate = data.default_collate
    assert collate([1, 2])._data.dtype == np.int64 and collate([1.0, 2.0])._data.dtype == np.float64
    assert collate([True, False])._data.dtype == np.bool_ and collate(["a", "b"]) == ["a", "b"]
    assert collate([np.float32(1), np.float32(2)])._data.dtype == np.float32
    assert collate([np.zeros((2, 3)), np.ones((2, 3))]).shape == (2, 2, 3)
    assert collate([fresh(np.zeros(2, np.float32))] * 3).shape == (3, 2)
    out = collate([{"a": 1, "b": (2.0, "x")}, {"a": 3, "b": (4.0, "y")}])
    assert out["a"]._data.tolist() == [1, 3] and isinstance(out["b"], list) and out["b"][1] == ("x", "y")
    out = collate([Point(1, 2), Point(3, 4)])
    assert isinstance(out, Point) and out.y._data.tolist() == [2, 4]
    with pytest.raises(RuntimeError, match=r"same shape and dtype; got \(2,\) float64 and \(3,\)"):
        collate([np.zeros(2), np.zeros(3)])
    with pytest.raises(RuntimeError, match=r"same length; got \[1, 2\]"):
        collate([(1,), (1, 2)])
    with pytest.raises(TypeError, match="got object"):
        collate([object()])
    with pytest.raises(TypeError, match="got NoneType"):
        collate([None])


def test_convert():
    out = data.default_convert({"a": np.zeros(2), "b": [np.float32(1), "x"], "c": Point(np.ones(1), 3)})
    assert isinstance(out["a"], Tensor) and isinstance(out["b"][0], Tensor) and out["b"][1] == "x"
    assert isinstance(out["c"], Point) and out["c"].y == 3


# --- the loader


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("size", [1, 3, 5, 64])
def test_batches_in_order(size, drop):
    loader = data.DataLoader(columns(), batch_size=size, drop_last=drop)
    batches = list(loader)
    assert len(batches) == len(loader)
    y = [i for _, labels in batches for i in labels._data.tolist()]
    assert y == list(range(10 - 10 % size if drop else 10))
    for x, labels in batches:
        np.testing.assert_array_equal(x._data[:, 0], 3 * labels._data)


@pytest.mark.parametrize("dataset", [columns(), data.Subset(columns(12), list(range(1, 11))), Squares()])
def test_shuffling_by_seed_and_generator(dataset):
    def epochs(**options):
        loader = data.DataLoader(dataset, batch_size=4, shuffle=True, **options)
        return [[int(i) for batch in loader for i in batch[-1]._data.tolist()] for _ in range(2)]

    first, second = epochs(seed=3)
    assert sorted(first) == sorted(second) and first != second
    assert epochs(seed=3) == epochs(generator=Generator(3)) == [first, second]
    assert epochs(seed=4) != [first, second]


def test_a_redefined_sample_is_respected():
    class Negative(data.TensorDataset):
        def __getitem__(self, i):
            return tuple(t * -1.0 for t in super().__getitem__(i))

    class Row(data.TensorDataset):
        def __getitem__(self, i):
            return i

    assert next(iter(data.DataLoader(Row(fresh(np.zeros(3))), batch_size=3)))._data.tolist() == [0, 1, 2]


def test_several_samples_at_once():
    class Many(Squares):
        def __getitems__(self, indices):
            return [self[i] for i in indices][::-1]

    x, _ = next(iter(data.DataLoader(Many(), batch_size=3)))
    assert x._data.tolist() == [2, 1, 0]
    assert next(iter(data.DataLoader(data.Subset(Many(), [4, 5]), batch_size=2)))[0]._data.tolist() == [5, 4]


def test_without_batches():
    loader = data.DataLoader(Squares(3), batch_size=None)
    assert list(loader) == [[0, 0.0], [1, 1.0], [2, 4.0]] and len(loader) == 3
    assert list(data.DataLoader(Count(3), batch_size=None)) == [0, 1, 2]


def test_iterable_data():
    loader = data.DataLoader(Count(7), batch_size=3)
    assert values(loader) == [[0, 1, 2], [3, 4, 5], [6]] and len(loader) == 3
    loader = data.DataLoader(Count(7), batch_size=3, drop_last=True)
    assert values(loader) == [[0, 1, 2], [3, 4, 5]] and len(loader) == 2


def test_own_samplers_and_collation():
    loader = data.DataLoader(Squares(), batch_size=2, sampler=[4, 1, 3], collate_fn=lambda b: [i for i, _ in b])
    assert list(loader) == [[4, 1], [3]] and len(loader) == 2
    loader = data.DataLoader(Squares(), batch_sampler=[[1, 2], [3]], collate_fn=len)
    assert list(loader) == [2, 1] and len(loader) == 2
    weighted = data.WeightedRandomSampler([0.0, 1.0], 4)
    assert values(batch[1] for batch in data.DataLoader(columns(2), batch_size=4, sampler=weighted)) == [[1, 1, 1, 1]]


def test_lists_are_data_sets():
    assert values(data.DataLoader([3, 1, 2], batch_size=2)) == [[3, 1], [2]]
    assert list(data.DataLoader([], batch_size=2)) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be an int >= 1; got 0"),
        ({"batch_size": 2.5}, "batch_size must be an int >= 1; got 2.5"),
        ({"num_workers": -1}, "num_workers must be an int >= 0"),
        ({"timeout": -1}, "timeout must be"),
        ({"sampler": [1], "shuffle": True}, "give sampler or shuffle, not both"),
        ({"batch_sampler": [[1]], "batch_size": 4}, "batch_sampler excludes"),
        ({"batch_size": None, "drop_last": True}, "drop_last needs a batch_size"),
        ({"prefetch_factor": 2}, "prefetch_factor must be left out without workers"),
        ({"persistent_workers": True}, "persistent_workers needs num_workers"),
        ({"generator": 3}, "generator must be a Generator; got int"),
        ({"generator": Generator(1), "seed": 1}, "give seed or generator, not both"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_contradictions(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        data.DataLoader(Squares(), **options)


def test_an_iterable_has_its_own_order():
    with pytest.raises(ValueError, match="has its own order"):
        data.DataLoader(Count(), shuffle=True)
    with pytest.raises(TypeError, match="dataset must have __getitem__ and __len__"):
        data.DataLoader(iter([1]))


# --- workers


PATIENCE = 100  # seconds for a batch, so that a worker that never answers is a failure and not a standstill


class Strange(Squares):
    """Does something else at one index."""

    def __init__(self, kind):
        super().__init__(8)
        self.kind = kind

    def __getitem__(self, i):
        if i == 5:
            if self.kind == "raise":
                raise ValueError("sample 5 is bad")
            if self.kind == "die":
                os._exit(3)
            if self.kind == "sleep":
                time.sleep(30)
        return i


class Draws(Squares):
    def __getitem__(self, i):
        info = data.get_worker_info()
        return info.id, info.num_workers, float(default_generator.uniform())


@pytest.mark.forks
@pytest.mark.parametrize("persistent", [False, True])
def test_workers_give_the_same_batches(persistent):
    loader = data.DataLoader(Squares(11), batch_size=3, num_workers=2, timeout=PATIENCE, persistent_workers=persistent)
    plain = [x._data.tolist() for x, _ in data.DataLoader(Squares(11), batch_size=3)]
    for _ in range(2):
        assert [x._data.tolist() for x, _ in loader] == plain
    shuffled = [
        data.DataLoader(columns(), 4, shuffle=True, num_workers=n, seed=2, timeout=PATIENCE * bool(n)) for n in (0, 2)
    ]
    first, second = ([y._data.tolist() for _, y in loader] for loader in shuffled)
    assert first == second
    if persistent:
        pool = loader._pool
        assert pool is not None and all(process.is_alive() for process in pool.processes)
        assert pickle.loads(pickle.dumps(loader))._pool is None
        pool.close()


@pytest.mark.forks
def test_workers_share_an_iterable():
    loader = data.DataLoader(Count(10), batch_size=2, num_workers=3, timeout=PATIENCE)
    assert sorted(i for batch in values(loader) for i in batch) == list(range(10))


@pytest.mark.forks
def test_workers_have_numbers_and_seeds_of_their_own():
    loader = data.DataLoader(Draws(), batch_size=1, num_workers=2, timeout=PATIENCE, generator=Generator(4))
    drawn = [(int(w), int(n), float(u)) for w, n, u in ([v._data[0] for v in batch] for batch in loader)]
    assert {w for w, _, _ in drawn} == {0, 1} and {n for _, n, _ in drawn} == {2}
    assert len({u for _, _, u in drawn}) == 10
    again = data.DataLoader(Draws(), batch_size=1, num_workers=2, timeout=PATIENCE, generator=Generator(4))
    assert [float(b[2]._data[0]) for b in again] == [u for _, _, u in drawn]
    assert data.get_worker_info() is None


@pytest.mark.forks
def test_an_exception_in_a_worker_arrives():
    loader = data.DataLoader(Strange("raise"), batch_size=2, num_workers=2, timeout=PATIENCE)
    with pytest.raises(ValueError, match="DataLoader: worker 0 failed: (.|\n)*sample 5 is bad"):
        list(loader)


@pytest.mark.forks
def test_an_exception_at_the_start_of_a_worker_arrives():
    def fail(number):
        raise KeyError("no start")

    with pytest.raises(KeyError, match="no start"):
        list(data.DataLoader(Squares(), num_workers=1, timeout=PATIENCE, worker_init_fn=fail))


@pytest.mark.forks
def test_a_worker_that_dies_is_reported():
    loader = data.DataLoader(Strange("die"), batch_size=2, num_workers=2, timeout=PATIENCE)
    with pytest.raises(RuntimeError, match=r"worker 0 \(process \d+\) died with exit code 3"):
        list(loader)


@pytest.mark.forks
def test_a_worker_that_hangs_is_reported():
    loader = data.DataLoader(Strange("sleep"), batch_size=2, num_workers=2, timeout=0.3)
    with pytest.raises(RuntimeError, match=r"worker 0 gave no batch within 0.3 seconds"):
        list(loader)


@pytest.mark.forks
def test_an_epoch_may_be_left_early():
    loader = data.DataLoader(Squares(1000), batch_size=2, num_workers=2, timeout=PATIENCE)
    for _ in loader:
        break
    iterator = iter(
        data.DataLoader(Squares(1000), batch_size=2, num_workers=2, timeout=PATIENCE, persistent_workers=True)
    )
    next(iterator)
    del iterator


def test_what_cannot_be_sent_to_a_worker():
    dataset = Squares(4)
    dataset.function = lambda: None
    with pytest.raises(TypeError, match="dataset must be picklable for worker processes"):
        list(data.DataLoader(dataset, num_workers=1, multiprocessing_context="spawn"))
