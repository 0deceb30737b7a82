"""Data-parallel training beside one process that has the whole batch; prints a rank when all is well."""

import numpy as np

import minigrad as mg
from minigrad import distributed as dist

BATCH, N, EPOCHS = 12, 30, 2
w = dist.world()


class Net(mg.Module):
    def __init__(self, seed):
        mg.manual_seed(seed)
        self.fc1, self.fc2 = mg.Linear(5, 16), mg.Linear(16, 3)

    def forward(self, x):
        return self.fc2(mg.tanh(self.fc1(x)))


def data():
    generator = mg.Generator(11)
    return mg.TensorDataset(
        mg.tensor(generator.normal(size=(N, 5))), mg.tensor(generator.integers(0, 3, N), dtype=mg.int64)
    )


def gradients(model, x, y):
    model.zero_grad()
    mg.cross_entropy(model(x), y).backward()
    return [param.grad.numpy().copy() for param in model.parameters()]


def same_bits(arrays):
    return all(w.allreduce(a, "max").tobytes() == w.allreduce(a, "min").tobytes() == a.tobytes() for a in arrays)


def check_training():
    model = dist.DistributedDataParallel(Net(w.rank).double(), bucket_cap_mb=0.001)  # several buckets
    assert same_bits([param.detach().numpy() for param in model.parameters()])
    alone = Net(0).double()
    assert all((a == b).all() for a, b in zip(model.parameters(), alone.parameters(), strict=True))
    sampler = mg.utils.data.DistributedSampler(data(), seed=3)
    assert (sampler.num_replicas, sampler.rank) == (w.size, w.rank)
    everything = mg.utils.data.DistributedSampler(data(), 1, 0, seed=3)
    optimizer = mg.SGD(model.parameters(), lr=0.5, momentum=0.9)
    for epoch in range(EPOCHS):
        sampler.set_epoch(epoch)
        everything.set_epoch(epoch)
        shares = mg.DataLoader(data(), BATCH // w.size, sampler=sampler)
        wholes = mg.DataLoader(data(), BATCH, sampler=everything)
        for (x, y), (all_x, all_y) in zip(shares, wholes, strict=True):
            optimizer.zero_grad()
            mg.cross_entropy(model(x), y).backward()
            check_step(model, alone, all_x, all_y)
            optimizer.step()
    assert same_bits([param.detach().numpy() for param in model.parameters()])


def check_step(model, alone, x, y):
    """The gradient is that of the whole batch: both are sums of the same terms in another order.

    A sum of m terms is off by at most m eps times the sum of their magnitudes (Higham 2002,
    section 4.2). A gradient's element is such a sum over the batch, of terms that themselves
    come out of products of at most 16 terms, twice, and a softmax: 100 covers those.
    """
    alone.load_state_dict(model.module.state_dict())
    size = [np.zeros(param.shape) for param in alone.parameters()]
    for i in range(len(y)):
        size = [s + abs(g) for s, g in zip(size, gradients(alone, x[i : i + 1], y[i : i + 1]), strict=True)]
    expected = gradients(alone, x, y)
    made = [param.grad.numpy() for param in model.parameters()]
    scale = max(s.max() for s in size) / len(y)
    for a, b in zip(made, expected, strict=True):
        assert abs(a - b).max() <= 2 * (len(y) + 100) * np.finfo(float).eps * scale
    assert same_bits(made)


def check_accumulation():
    model = dist.DistributedDataParallel(mg.Linear(2, 1, bias=False).double())
    x = mg.full((1, 2), float(w.rank + 1), dtype=mg.float64)
    with model.no_sync():
        model(x).sum().backward()
    assert (model.module.weight.grad == w.rank + 1).all()
    model(x).sum().backward()
    assert (model.module.weight.grad == w.size + 1).all()  # twice the mean of 1 ... size


def check_parts_of_a_model():
    model = mg.ModuleList([mg.Linear(2, 1), mg.Linear(2, 1), mg.Linear(2, 1)])
    dist.broadcast_module(model)
    model[0](mg.ones(1, 2)).sum().backward()
    if w.rank == 0:
        model[1](mg.ones(1, 2)).sum().backward()
    dist.average_gradients(model.parameters())
    assert (model[0].weight.grad == 1).all() and model[2].weight.grad is None
    assert abs(model[1].weight.grad.numpy() - 1 / w.size).max() <= np.finfo(np.float32).eps

    wrapped = dist.DistributedDataParallel(model)
    wrapped.module[0](mg.ones(1, 2)).sum().backward()
    try:
        wrapped(mg.ones(1, 2))
    except RuntimeError as error:
        assert "got none for 1.weight, 1.bias, 2.weight, 2.bias" in str(error), error
    else:
        raise AssertionError("no error")


def check_buffers():
    model = dist.DistributedDataParallel(mg.nn.BatchNorm1d(2))
    for _ in range(2):
        model(mg.full((4, 2), float(w.rank)))
    # Rank 0 sees zeros, so its mean stays 0, and the others go one step away from that.
    assert np.allclose(model.module.running_mean.numpy(), 0.1 * w.rank, rtol=1e-6)


check_training()
check_accumulation()
check_parts_of_a_model()
check_buffers()
assert mg.get_num_threads() >= 1
print(f"rank {w.rank} of {w.size}", flush=True)
