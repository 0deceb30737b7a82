"""Train a convolutional network on CIFAR-10, with checkpoints that a later run goes on from.

    python examples/train_cifar10.py                          # the named data set
    python examples/train_cifar10.py --data FOLDER            # batches, an archive, or pictures by class
    python examples/train_cifar10.py --resume cifar10.safetensors
    python examples/train_cifar10.py --epochs 1 --images 2000 # a quick look

You will see the loss fall epoch by epoch and the accuracy on the 10,000 test images rise. The
network has six convolutions with batch normalisation in three stages and is trained on shifted
and mirrored images, with a learning rate that warms up and then follows a cosine.
"""

import argparse
import math
import sys
import time
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import datasets, ui
from minigrad.random import Generator
from minigrad.serialization import check_target


class ConvNet(mg.Module):
    """Six 3 x 3 convolutions in three stages of growing width, then one linear layer."""

    def __init__(self, width):
        super().__init__()
        stages = []
        channels = 3
        for stage in (width, 2 * width, 4 * width):
            for _ in range(2):
                stages += [
                    mg.nn.Conv2d(channels, stage, 3, padding=1, bias=False),
                    mg.nn.BatchNorm2d(stage),
                    mg.nn.ReLU(),
                ]
                channels = stage
            stages.append(mg.nn.MaxPool2d(2))
        self.features = mg.nn.Sequential(*stages)
        self.pool = mg.nn.AdaptiveAvgPool2d(1)
        self.head = mg.nn.Linear(channels, 10)

    def forward(self, x):
        return self.head(self.pool(self.features(x)).flatten(1))


def load(data, n_images):
    """Return the training and the test images, standardised (n, 3, 32, 32), with their labels."""
    parts = []
    for split in ("train", "test"):
        options = {} if data is None else {"path": data}
        with ui.progress(f"Reading the {split} images", unit="") as report:
            part = datasets.load("cifar10", split=split, progress=lambda name, done, total: report(done), **options)
        count = n_images if split == "train" and n_images else len(part.target)
        # Evenly through the set: archives and folders hold one class after the other.
        rows = np.arange(count) * len(part.target) // count if count < len(part.target) else slice(None)
        images = part.images[rows].transpose(0, 3, 1, 2).astype(np.float32) / 255
        parts.append((np.ascontiguousarray(images), part.target[rows]))
    mean = parts[0][0].mean(axis=(0, 2, 3), keepdims=True)
    deviation = parts[0][0].std(axis=(0, 2, 3), keepdims=True)
    return [((images - mean) / deviation, labels) for images, labels in parts]


def augmented(images, generator, pad=4):
    """Return each image shifted by up to `pad` pixels, and every other one mirrored."""
    n, _, height, width = images.shape
    padded = np.pad(images, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    draws = generator.uniform(size=(n, 3))
    down, right = ((2 * pad + 1) * draws[:, :2]).astype(int).T
    out = np.empty_like(images)
    for i in range(n):
        piece = padded[i, :, down[i] : down[i] + height, right[i] : right[i] + width]
        out[i] = piece[:, :, ::-1] if draws[i, 2] < 0.5 else piece
    return out


def learning_rate(step, steps, peak, warm=0.15):
    """Rise linearly over the first steps, then follow half a cosine down to zero."""
    if step < warm * steps:
        return peak * (step + 1) / (warm * steps)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm * steps) / ((1 - warm) * steps)))


def accuracy(model, images, labels, batch=500):
    """Return the share of images that the model classifies rightly."""
    model.eval()
    right = 0
    with mg.no_grad():
        for i in range(0, len(labels), batch):
            scores = model(mg.from_numpy(images[i : i + batch]))
            right += int((scores.argmax(1).numpy() == labels[i : i + batch]).sum())
    model.train()
    return right / len(labels)


def stop(what, epoch, batch, good):
    """End the program: the run has left the numbers; `good` is the checkpoint before."""
    kept = f"{good} holds the model after epoch {epoch - 1}; " if good else ""
    sys.exit(f"Error: {what} in epoch {epoch}, batch {batch}; {kept}lower --lr")


def train(model, optimizer, train_set, test_set, options, first):
    """Train from epoch `first` on; save a checkpoint after each epoch."""
    good = options.resume
    images, labels = train_set
    steps = math.ceil(len(labels) / options.batch_size)
    criterion = mg.nn.CrossEntropyLoss(label_smoothing=0.1)
    begun = time.perf_counter()
    for epoch in range(first, options.epochs):
        # Everything random in an epoch follows from the seed and its number: a resumed run repeats the other.
        generator = Generator(options.seed, stream=epoch + 1)
        order = np.argsort(generator.uniform(size=len(labels)), kind="stable")
        total = 0.0
        with ui.progress(f"Epoch {epoch + 1}/{options.epochs}") as report:
            for step in range(steps):
                rows = order[step * options.batch_size : (step + 1) * options.batch_size]
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate(epoch * steps + step, options.epochs * steps, options.lr)
                loss = criterion(model(mg.from_numpy(augmented(images[rows], generator))), mg.from_numpy(labels[rows]))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                value = loss.item()
                if not math.isfinite(value):
                    stop(f"the loss became {value}", epoch + 1, step + 1, good)
                total += value * len(rows)
                report(step + 1, steps)
        if not all(p.isfinite().all() for p in model.parameters()):
            stop("a weight became infinite", epoch + 1, steps, good)
        test = accuracy(model, *test_set)
        print(
            f"Epoch {epoch + 1:3}/{options.epochs}: loss {total / len(labels):.4f}, test accuracy {test:.2%}, "
            f"{time.perf_counter() - begun:.0f} s",
            flush=True,
        )
        state = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": epoch + 1,
            "width": options.width,
        }
        mg.save(state, options.checkpoint)
        good = options.checkpoint


def resumed(path):
    """Return the checkpoint in `path`."""
    state = mg.load(path)
    if (
        not isinstance(state, dict)
        or not {"model", "optimizer", "epoch", "width"} <= state.keys()
        or not all(isinstance(state[name], int) and state[name] > 0 for name in ("epoch", "width"))
    ):
        raise mg.DataError(f"{path}: is not a checkpoint of this program; leave --resume out to start anew")
    return state


def restore(state, model, optimizer, path):
    """Go on from a checkpoint."""
    try:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    except (RuntimeError, TypeError, ValueError, KeyError, AttributeError):
        raise mg.DataError(f"{path}: does not fit this network; leave --resume out to start anew") from None


def positive(kind):
    """Return a parser of numbers above 0."""

    def parse(text):
        value = kind(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"must be more than 0; got {text}")
        return value

    parse.__name__ = kind.__name__
    return parse


def main():
    parser = argparse.ArgumentParser(description="Train a convolutional network on CIFAR-10.")
    parser.add_argument("--data", help="folder of binary batches, archive, or folder of pictures by class")
    parser.add_argument("--epochs", type=positive(int), default=15)
    parser.add_argument("--batch-size", type=positive(int), default=128)
    parser.add_argument("--lr", type=positive(float), default=0.2, help="highest learning rate")
    parser.add_argument("--width", type=positive(int), default=32, help="channels of the first stage")
    parser.add_argument("--images", type=positive(int), help="train on so many images only")
    parser.add_argument("--checkpoint", type=Path, default=Path("cifar10.safetensors"))
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=positive(int))
    options = parser.parse_args()
    if options.threads:
        mg.set_num_threads(options.threads)

    check_target(options.checkpoint)  # rather than after the first epoch
    mg.manual_seed(options.seed)
    state = resumed(options.resume) if options.resume else None
    if state is not None:
        options.width = state["width"]
        if state["epoch"] >= options.epochs:
            sys.exit(f"Error: {options.resume}: has been trained for {state['epoch']} epochs; raise --epochs")
    model = ConvNet(options.width)
    optimizer = mg.optim.SGD(model.parameters(), lr=options.lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
    if state is not None:
        restore(state, model, optimizer, options.resume)
    train_set, test_set = load(options.data, options.images)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(train_set[1]):,} training images")
    train(model, optimizer, train_set, test_set, options, state["epoch"] if state else 0)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:  # what is wrong with an option or a file; mg.DataError is one
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("Interrupted: each finished epoch left its checkpoint; --resume goes on from it", file=sys.stderr)
        sys.exit(130)
