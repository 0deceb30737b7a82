"""The scripts on PyTorch and here, from the same weights: the same losses over 50 steps."""

import types

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch")


# Losses are printed with six decimals, or six digits.
TOLERANCE = 1e-5


@pytest.fixture(autouse=True)
def one_thread():
    """Keep PyTorch from waiting for a second thread in these small steps."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def agree(ours, theirs, count):
    assert len(ours) == len(theirs) >= count
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


class Samples(torch.utils.data.Dataset):
    """A data set of ours as PyTorch samples."""

    def __init__(self, samples):
        self.samples = samples
        self.classes = samples.classes

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        image, label = self.samples[index]
        return torch.from_numpy(np.array(image.numpy())), label


def pictures():
    """Return what stands for torchvision, which need not be installed."""
    vision = types.ModuleType("torchvision")
    vision.transforms = mg.vision.transforms
    vision.datasets = types.ModuleType("torchvision.datasets")
    for name in ("MNIST", "ImageFolder"):
        kind = getattr(mg.vision.datasets, name)
        setattr(vision.datasets, name, lambda *a, kind=kind, **k: Samples(kind(*a, **k)))
    return {"torchvision": vision, "torchvision.datasets": vision.datasets, "torchvision.transforms": vision.transforms}


@pytest.fixture
def with_pictures(monkeypatch):
    for name, module in pictures().items():
        monkeypatch.setitem(__import__("sys").modules, name, module)


def weights(tmp_path, shapes, seed=0, scale=None):
    """Write a state dict of random weights with PyTorch, of the size of its own initial ones."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in shapes.items():
        fan = int(np.prod(shape[1:])) if len(shape) > 1 else shape[0] if shape else 1
        bound = scale or 1 / fan**0.5
        state[name] = (torch.rand(shape, generator=generator) * 2 - 1) * bound
    torch.save(state, tmp_path / "init.pt")
    return tmp_path / "init.pt"


def test_mnist_basic(run_as_torch, run_plainly, losses, digits_root, tmp_path, with_pictures):
    shapes = {
        "conv1.weight": (8, 1, 3, 3),
        "conv1.bias": (8,),
        "conv2.weight": (16, 8, 3, 3),
        "conv2.bias": (16,),
        "fc1.weight": (32, 2304),
        "fc1.bias": (32,),
        "fc2.weight": (10, 32),
        "fc2.bias": (10,),
    }
    init = weights(tmp_path, shapes)
    options = ("--data", digits_root, "--init", init, "--fixed", "--epochs", 1, "--batch-size", 16, "--log-interval", 1)
    ours, theirs = (losses(run("mnist_basic.py", *options, "--lr", 0.1)) for run in (run_as_torch, run_plainly))
    agree(ours[:50], theirs[:50], 50)


def test_cifar10_tutorial(run_as_torch, run_plainly, losses, pictures_root, tmp_path, with_pictures):
    shapes = {
        "conv1.weight": (6, 3, 5, 5),
        "conv1.bias": (6,),
        "conv2.weight": (16, 6, 5, 5),
        "conv2.bias": (16,),
        "fc1.weight": (120, 400),
        "fc1.bias": (120,),
        "fc2.weight": (84, 120),
        "fc2.bias": (84,),
        "fc3.weight": (2, 84),
        "fc3.bias": (2,),
    }
    init = weights(tmp_path, shapes)
    agree(*(losses(run("cifar10_tutorial.py", pictures_root, init)) for run in (run_as_torch, run_plainly)), 50)


@pytest.mark.parametrize("options", [(), ("--no-flash",)])
def test_nano_gpt(run_as_torch, run_plainly, losses, text_file, tmp_path, options):
    out = tmp_path / "out"
    run_plainly("nano_gpt_train.py", "--text", text_file, "--iters", 1, "--out", out, *options)
    torch.save(torch.load(out / "ckpt.pt")["model"], tmp_path / "init.pt")
    arguments = ("--text", text_file, "--init", tmp_path / "init.pt", "--out", out, *options)
    agree(*(losses(run("nano_gpt_train.py", *arguments)) for run in (run_as_torch, run_plainly)), 50)


def test_min_gpt_sort(run_as_torch, run_plainly, losses, tmp_path):
    blocks = {}
    for i in range(2):
        blocks |= {
            f"transformer.h.{i}.{name}": shape
            for name, shape in {
                "ln_1.weight": (24,),
                "ln_1.bias": (24,),
                "attn.bias": (1, 1, 11, 11),
                "attn.c_attn.weight": (72, 24),
                "attn.c_attn.bias": (72,),
                "attn.c_proj.weight": (24, 24),
                "attn.c_proj.bias": (24,),
                "ln_2.weight": (24,),
                "ln_2.bias": (24,),
                "mlp.c_fc.weight": (96, 24),
                "mlp.c_fc.bias": (96,),
                "mlp.c_proj.weight": (24, 96),
                "mlp.c_proj.bias": (24,),
            }.items()
        }
    ends = {"transformer.ln_f.weight": (24,), "transformer.ln_f.bias": (24,), "lm_head.weight": (3, 24)}
    shapes = {"transformer.wte.weight": (3, 24), "transformer.wpe.weight": (11, 24), **blocks, **ends}
    init = weights(tmp_path, shapes, scale=0.2)
    state = torch.load(init)
    for name in state:
        if name.endswith(".attn.bias"):
            state[name] = torch.tril(torch.ones(11, 11)).view(1, 1, 11, 11)
    torch.save(state, init)
    agree(*(losses(run("min_gpt_sort.py", init)) for run in (run_as_torch, run_plainly)), 50)


def test_micrograd_demo(run_as_torch, run_plainly, losses, tmp_path):
    sizes = [2, 8, 8, 1]
    shapes = {}
    for i in range(3):
        for j in range(sizes[i + 1]):
            shapes |= {f"layers.{i}.neurons.{j}.w": (sizes[i],), f"layers.{i}.neurons.{j}.b": ()}
    init = weights(tmp_path, shapes, seed=3)
    agree(*(losses(run("micrograd_demo.py", init)) for run in (run_as_torch, run_plainly)), 50)


def test_names_notebook(run_as_torch, run_plainly, losses, tmp_path):
    generator = torch.Generator().manual_seed(1)
    drawn = {"C": (23, 6), "W1": (18, 24), "W2": (24, 23)}
    text = run_plainly("names_notebook.py")
    letters = int(text.split("parameters: ")[1].split()[0])
    v = (letters - 18 * 24 - 48) // (6 + 24 + 1)
    drawn |= {"C": (v, 6), "W2": (24, v)}
    torch.save({k: torch.randn(s, generator=generator) * 0.3 for k, s in drawn.items()}, tmp_path / "init.pt")
    agree(*(losses(run("names_notebook.py", tmp_path / "init.pt")) for run in (run_as_torch, run_plainly)), 71)


def test_polynomial_notebook(run_as_torch, run_plainly, losses):
    agree(*(losses(run("polynomial_notebook.py")) for run in (run_as_torch, run_plainly)), 200)
