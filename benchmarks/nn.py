"""The framework against PyTorch: ``python -m benchmarks.nn``.

Each family is a generator of cases; `FAMILIES` lists them. Both sides get the same numbers and
the same program, written with the public names of either. "There and back" is what a training
step does: forward, then backward from a gradient of the output (or from the loss), into
gradients that are dropped before the next call.

The two convolution nets are trained with Adam on the cross entropy:

- small: 28 x 28 images, batch 64: conv 1-16 3x3, ReLU, max pool, conv 16-32 3x3, ReLU, max pool, linear 1568-10;
- VGG: CIFAR's shape, batch 128: six conv 3x3 with batch norm and ReLU, 32-32-M-64-64-M-128-128-M, linear 2048-10.

PyTorch runs eagerly, with its fused Adam; convolutions in its default memory format and with channels last.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

import minigrad as mg
from benchmarks.harness import Call, Case, fma_peak, main

SIZES = (784, 128, 64, 10)
FORMATS = {"PyTorch": torch.contiguous_format, "PyTorch channels last": torch.channels_last}
CONVOLUTIONS = (
    # batch, input channels, output channels, side
    (64, 1, 16, 28),
    (64, 16, 32, 14),
    (128, 3, 32, 32),
    (128, 32, 32, 32),
    (128, 64, 64, 16),
    (128, 128, 128, 8),
)


def random(*shape: int, seed: int = 0) -> np.ndarray:
    """Return standard normal float32."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def there_and_back(leaves: list[Any], forward: Callable[[], Any], gradient: Any = None) -> Call:
    """Return a call that drops the leaves' gradients, goes forward and back."""

    def run() -> None:
        for leaf in leaves:
            leaf.grad = None
        forward().backward(gradient)

    return run


def compare(
    name: str, arrays: list[np.ndarray], call: Callable[..., Any], gradient: np.ndarray | None = None, **work: Any
) -> Case:
    """Return the case of ``call(library, *tensors)`` there and back, in ours and in PyTorch."""
    calls = []
    for lib in (mg, torch):
        leaves = [lib.from_numpy(a.copy()).requires_grad_() for a in arrays]
        seed = None if gradient is None else lib.from_numpy(gradient.copy())
        calls.append(there_and_back(leaves, lambda lib=lib, leaves=leaves: call(lib, *leaves), seed))
    return Case(name, calls[0], {"PyTorch": calls[1]}, **work)


def adam(lib: Any, model: Any) -> Any:
    """Return the optimizer: PyTorch's with its fused step."""
    return lib.optim.Adam(model.parameters(), lr=1e-3, **({"fused": True} if lib is torch else {}))


def trainer(model: Callable[[Any], Any], optimizer: Any, loss_of: Callable[..., Any]) -> Callable[[Any, Any], None]:
    """Return the training step of a batch ``(x, y)``."""

    def step(x: Any, y: Any) -> None:
        optimizer.zero_grad()
        loss_of(model(x), y).backward()
        optimizer.step()

    return step


# --- multi-layer perceptron ------------------------------------------------------------------


def mlp(lib: Any) -> Any:
    """Return a 784-128-64-10 network written as a user writes it, in minigrad or in PyTorch."""

    class MLP(lib.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = lib.nn.Linear(784, 128)
            self.fc2 = lib.nn.Linear(128, 64)
            self.fc3 = lib.nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            x = lib.relu(self.fc1(x))
            x = lib.relu(self.fc2(x))
            return self.fc3(x)

    return MLP()


def training(lib: Any, x: np.ndarray, y: np.ndarray, batch: int, wrap: Callable[[Any], Any] | None = None) -> Call:
    """Return a function that trains over all rows of `x` once, in batches."""
    model = mlp(lib)
    step = trainer(model if wrap is None else wrap(model), adam(lib, model), lib.nn.functional.cross_entropy)
    inputs, labels = lib.tensor(x), lib.tensor(y)

    def epoch() -> None:
        for start in range(0, len(x), batch):
            step(inputs[start : start + batch], labels[start : start + batch])

    return epoch


def classifier(x: np.ndarray, y: np.ndarray, batch: int) -> Call:
    """Return scikit-learn's training over all rows of `x` once."""
    model = MLPClassifier(SIZES[1:3], batch_size=batch, max_iter=1)

    def epoch() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(x, y)

    return epoch


def mlp_cases(quick: bool) -> Iterator[Case]:
    """Train the network of MNIST's shape: 100 steps and the loading of each batch."""
    steps = 20 if quick else 100
    for batch in (64, 256):
        n = steps * batch
        x = random(n, SIZES[0])
        y = np.random.default_rng(1).integers(0, SIZES[-1], n)
        rivals = {"PyTorch eager, fused Adam": training(torch, x, y, batch)}
        if not quick:
            rivals["torch.compile"] = training(torch, x, y, batch, torch.compile)
            rivals["MLPClassifier"] = classifier(x, y, batch)
        yield Case(
            f"MLP 784-128-64-10 batch {batch}, {steps} steps", training(mg, x, y, batch), rivals, n / 1e3, "krow/s"
        )


# --- elementwise operations and the cost of an operation -------------------------------------


def activation_cases(quick: bool) -> Iterator[Case]:
    """Activations there and back."""
    n = 1 << 20 if quick else 1 << 22
    names = [("gelu", {}), ("gelu", {"approximate": "tanh"}), ("silu", {}), ("relu", {}), ("sigmoid", {}), ("tanh", {})]
    for name, options in names:
        yield compare(
            f"{name} {'tanh ' if options else ''}there and back {n >> 20}M",
            [random(n)],
            lambda lib, x, name=name, options=options: getattr(lib.nn.functional, name)(x, **options),
            np.ones(n, np.float32),
            work=n / 1e6,
            unit="Mvalue/s",
        )


def small_step(lib: Any) -> Call:
    """Return one training step of a 2-4-4-1 network."""
    nn = lib.nn
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1), nn.Sigmoid())
    step = trainer(model, lib.optim.SGD(model.parameters(), lr=0.1), nn.functional.mse_loss)
    x = lib.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = lib.tensor([[0.0], [1.0], [1.0], [0.0]])
    return lambda: step(x, y)


def arithmetic_cases(quick: bool) -> Iterator[Case]:
    """Arithmetic, choices, sums and copies of 1024 x 1024 float32, which wait for memory; forward only."""
    operations: dict[str, Callable[..., Any]] = {
        "x + y": lambda lib, x, y, row, mask: x + y,
        "x * row": lambda lib, x, y, row, mask: x * row,
        "maximum": lambda lib, x, y, row, mask: lib.maximum(x, y),
        "where": lambda lib, x, y, row, mask: lib.where(mask, x, y),
        "sum": lambda lib, x, y, row, mask: x.sum(),
        "sum over rows": lambda lib, x, y, row, mask: x.sum(0),
        "transpose": lambda lib, x, y, row, mask: x.t().contiguous(),
        "clone": lambda lib, x, y, row, mask: x.clone(),
    }
    arrays = [random(1024, 1024), random(1024, 1024, seed=1), random(1024, seed=2), random(1024, 1024, seed=3) > 0]
    for name, call in list(operations.items())[: 3 if quick else None]:
        calls = [partial(call, lib, *tensors) for lib in (mg, torch) for tensors in [[lib.tensor(a) for a in arrays]]]
        yield Case(f"{name}, 1M", calls[0], {"PyTorch": calls[1]})


def overhead_cases(quick: bool) -> Iterator[Case]:
    """Operations so small that only their administration counts."""
    for name, call in (("x * x", lambda lib, x: x * x), ("exp", lambda lib, x: lib.exp(x))):
        for records in (False, True):
            calls = []
            for lib in (mg, torch):
                x = lib.tensor([1.5], requires_grad=records)
                calls.append(lambda call=call, lib=lib, x=x: call(lib, x))
            shown = f"{name}, one element{', recorded' if records else ''}"
            yield Case(shown, calls[0], {"PyTorch": calls[1]}, threads=(1,))
    yield Case("training step 2-4-4-1", small_step(mg), {"PyTorch": small_step(torch)}, threads=(1,))


def optimizer_cases(quick: bool) -> Iterator[Case]:
    """Adam alone, over gradients that stay: 25 million parameters in matrices of a million."""
    matrices = 5 if quick else 25
    calls = []
    for lib in (mg, torch):
        model = lib.nn.ParameterList([lib.nn.Parameter(lib.zeros(1000, 1000)) for _ in range(matrices)])
        for parameter in model:
            parameter.grad = lib.ones(1000, 1000)
        calls.append(adam(lib, model).step)
    yield Case(f"Adam over {matrices}M parameters", calls[0], {"PyTorch, fused": calls[1]}, float(matrices), "Mvalue/s")


# --- convolution -----------------------------------------------------------------------------


def small_net(lib: Any) -> Any:
    """Return the small net."""
    nn = lib.nn
    first = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(32 * 7 * 7, 10))


def vgg(lib: Any) -> Any:
    """Return the VGG of six convolutions with batch norm."""
    nn, layers, channels = lib.nn, [], 3
    for width in (32, 32, 0, 64, 64, 0, 128, 128, 0):
        if width:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 4 * 4, 10))


def step_and_forward(lib: Any, net: Any, x: Any, y: Any) -> tuple[Call, Call]:
    """Return one training step, and the forward direction without recording."""
    step = trainer(net, adam(lib, net), lib.nn.functional.cross_entropy)

    def forward() -> None:
        with lib.no_grad():
            net(x)

    return lambda: step(x, y), forward


def net_cases(quick: bool) -> Iterator[Case]:
    """Both convolution nets, training and forward."""
    for name, make, shape, work in (
        ("small net", small_net, (64, 1, 28, 28), 6 * 64 * (112896 + 903168 + 15680) - 2 * 64 * 112896),
        ("VGG", vgg, (128, 3, 32, 32), 6 * 128 * 38_657_024 - 2 * 128 * 884_736),
    ):
        x = random(*shape)
        y = np.random.default_rng(1).integers(0, 10, shape[0])
        step, forward = step_and_forward(mg, make(mg), mg.tensor(x), mg.tensor(y))
        steps, forwards = {}, {}
        for rival, memory_format in FORMATS.items():
            image = torch.from_numpy(x).contiguous(memory_format=memory_format)
            net = make(torch).to(memory_format=memory_format)
            steps[rival], forwards[rival] = step_and_forward(torch, net, image, torch.from_numpy(y))
        yield Case(f"{name} step", step, steps, work / 1e9, "GFLOP/s")
        yield Case(f"{name} forward", forward, forwards, work / 3e9, "GFLOP/s")


def convolution_cases(quick: bool) -> Iterator[Case]:
    """Single convolutions, those of the nets, with all gradients."""

    def both(lib: Any, tensors: list[Any]) -> Call:
        *leaves, gradient = tensors
        for leaf in leaves:
            leaf.requires_grad_()
        return there_and_back(leaves, lambda: lib.nn.functional.conv2d(*leaves, padding=1), gradient)

    for batch, channels, outputs, side in CONVOLUTIONS[::3] if quick else CONVOLUTIONS:
        shapes = ((batch, channels, side, side), (outputs, channels, 3, 3), (outputs,), (batch, outputs, side, side))
        arrays = [random(*shape, seed=i) for i, shape in enumerate(shapes)]
        rivals = {}
        for rival, memory_format in FORMATS.items():
            tensors = [torch.from_numpy(a.copy()) for a in arrays]
            rivals[rival] = both(
                torch, [t.contiguous(memory_format=memory_format) if t.ndim == 4 else t for t in tensors]
            )
        name = f"conv {channels}-{outputs} at {side}, batch {batch}, there and back"
        work = 6e-9 * arrays[-1].size * channels * 9
        yield Case(name, both(mg, [mg.tensor(a) for a in arrays]), rivals, work, "GFLOP/s")


# --- softmax, losses, normalisations ---------------------------------------------------------


def loss_cases(quick: bool) -> Iterator[Case]:
    """Losses and softmax: the shapes of a language model and of a small classifier."""
    for rows, classes in ((2048, 10000), (64, 10), (256, 10)):
        index = np.random.default_rng(0).integers(0, classes, rows)
        targets = {lib: lib.from_numpy(index) for lib in (mg, torch)}
        yield compare(
            f"cross entropy {rows}x{classes} there and back",
            [random(rows, classes)],
            lambda lib, x, targets=targets: lib.nn.functional.cross_entropy(x, targets[lib]),
        )
    arrays = [random(1 << 20), random(1 << 20, seed=1)]
    yield compare("mse loss 1M there and back", arrays, lambda lib, x, y: lib.nn.functional.mse_loss(x, y))
    yield compare(
        "softmax 2048x512 there and back",
        [random(2048, 512)],
        lambda lib, x: lib.nn.functional.softmax(x, 1),
        random(2048, 512, seed=1),
    )


def norm_cases(quick: bool) -> Iterator[Case]:
    """Normalisations: those of a language model and of a convolution net."""

    def layer_norm(lib: Any, x: Any, w: Any, b: Any) -> Any:
        return lib.nn.functional.layer_norm(x, (x.shape[1],), w, b)

    def rms_norm(lib: Any, x: Any, w: Any) -> Any:
        return lib.nn.functional.rms_norm(x, (x.shape[1],), w)

    def batch_norm(lib: Any, x: Any, w: Any, b: Any) -> Any:
        return lib.nn.functional.batch_norm(x, None, None, w, b, True)

    def group_norm(lib: Any, x: Any, w: Any, b: Any) -> Any:
        return lib.nn.functional.group_norm(x, 8, w, b)

    images = [(128, 32, 32, 32), (128, 64, 16, 16), (128, 128, 8, 8), (256, 128)]
    made = [(layer_norm, (2048, 512), 2), (layer_norm, (768, 128), 2), (rms_norm, (2048, 512), 1)]
    made += [(batch_norm, shape, 2) for shape in (images[2:] if quick else images)]
    made += [(group_norm, (128, 64, 16, 16), 2)]
    for call, shape, vectors in made:
        name = f"{call.__name__.replace('_', ' ')} {'x'.join(map(str, shape))} there and back"
        yield compare(name, [random(*shape)] + [np.ones(shape[1], np.float32)] * vectors, call, random(*shape, seed=1))
    arrays = [random(2048, 512), *[np.ones(512, np.float32)] * 2]
    yield compare("layer norm 2048x512 and its sum there and back", arrays, lambda *given: layer_norm(*given).sum())


# --- attention, recurrence and tables --------------------------------------------------------


def attention_cases(quick: bool) -> Iterator[Case]:
    """Scaled dot-product attention there and back."""
    shapes = [(8, 8, 256, 64), (2, 8, 1024, 64), (12, 4, 64, 32)]
    for shape in shapes[:1] if quick else shapes:
        batch, heads, steps, depth = shape
        for causal in (True, False):
            # Two products forward and five backward; a causal one sees half of the scores.
            yield compare(
                f"{'causal ' if causal else ''}attention B{batch} H{heads} T{steps} D{depth}",
                [random(*shape, seed=i) for i in range(3)],
                lambda lib, *qkv, causal=causal: lib.nn.functional.scaled_dot_product_attention(*qkv, is_causal=causal),
                random(*shape, seed=3),
                work=7 * 2 * batch * heads * steps * steps * depth * (0.5 if causal else 1.0) / 1e9,
                unit="GFLOP/s",
                peak=lambda threads: fma_peak("float32", threads),
            )


def module(lib: Any, make: Callable[[Any], Any], x: np.ndarray) -> Call:
    """Return a module there and back, from the sum of what it returns (first)."""
    layer, inputs = make(lib), lib.tensor(x)
    leaves = list(layer.parameters())
    if x.dtype.kind == "f":
        leaves.append(inputs.requires_grad_())

    def forward() -> Any:
        out = layer(inputs)
        return (out[0] if isinstance(out, tuple) else out).sum()

    return there_and_back(leaves, forward)


def module_cases(quick: bool) -> Iterator[Case]:
    """Recurrent layers, a table and a transformer's layer there and back."""
    tokens = np.random.default_rng(0).integers(0, 10_000, (8, 256))
    made: list[tuple[str, Callable[[Any], Any], np.ndarray]] = [
        ("LSTM 128 -> 128, 64 steps, batch 32", lambda lib: lib.nn.LSTM(128, 128), random(64, 32, 128)),
        ("GRU 128 -> 128, 64 steps, batch 32", lambda lib: lib.nn.GRU(128, 128), random(64, 32, 128)),
        ("embedding 10,000 x 512, 2048 tokens", lambda lib: lib.nn.Embedding(10_000, 512), tokens),
        (
            "encoder layer 256, 4 heads, 128 steps, batch 8",
            lambda lib: lib.nn.TransformerEncoderLayer(256, 4, 1024, 0.0, batch_first=True),
            random(8, 128, 256),
        ),
    ]
    for name, make, x in made:
        yield Case(name, module(mg, make, x), {"PyTorch": module(torch, make, x)})


FAMILIES = [
    mlp_cases,
    activation_cases,
    arithmetic_cases,
    overhead_cases,
    optimizer_cases,
    net_cases,
    convolution_cases,
    loss_cases,
    norm_cases,
    attention_cases,
    module_cases,
]


def cases(quick: bool) -> Iterator[Case]:
    """All families."""
    torch.manual_seed(0)
    for family in FAMILIES:
        yield from family(quick)


if __name__ == "__main__":
    main("nn", cases)
