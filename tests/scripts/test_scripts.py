"""Scripts in the style of public PyTorch ones run unchanged, and learn."""

import pytest

import minigrad as mg

pytestmark = pytest.mark.native


def falls(values, factor=0.9):
    """Whether the mean of the last tenth is below that of the first."""
    part = max(1, len(values) // 10)
    return sum(values[-part:]) < factor * sum(values[:part])


def test_mnist_basic(run_as_torch, losses, digits_root, tmp_path):
    saved = tmp_path / "mnist.pt"
    arguments = ("--data", digits_root, "--batch-size", 16, "--epochs", 2, "--log-interval", 1, "--save-model", saved)
    out = run_as_torch("mnist_basic.py", *arguments)
    found = losses(out)
    assert len(found) == 2 * (50 + 1) and falls(found) and "Accuracy" in out
    weights = mg.load(saved)
    assert weights["fc1.weight"].shape == (32, 16 * 12 * 12)
    again = run_as_torch(
        "mnist_basic.py", "--data", digits_root, "--epochs", 1, "--init", saved, "--fixed", "--dry-run"
    )
    assert losses(again)[0] < found[0] / 2


def test_mnist_is_repeatable(run_as_torch, digits_root):
    arguments = ("mnist_basic.py", "--data", digits_root, "--epochs", 1, "--batch-size", 64, "--log-interval", 1)
    assert run_as_torch(*arguments) == run_as_torch(*arguments)
    assert run_as_torch(*arguments) != run_as_torch(*arguments, "--seed", 2)


def test_cifar10_tutorial(run_as_torch, losses, pictures_root):
    out = run_as_torch("cifar10_tutorial.py", pictures_root)
    assert len(losses(out)) == 50 and "Finished Training" in out and "Accuracy for class: cat" in out


@pytest.mark.parametrize("options", [(), ("--no-flash",)])
def test_nano_gpt(run_as_torch, losses, text_file, tmp_path, options):
    out = run_as_torch("nano_gpt_train.py", "--text", text_file, "--out", tmp_path / "out", *options)
    found = losses(out)
    assert len(found) == 50 and falls(found, 0.8) and "sample: " in out
    checkpoint = mg.load(tmp_path / "out" / "ckpt.pt")
    assert checkpoint["iter_num"] == 49 and checkpoint["config"]["iters"] == 50
    tied = checkpoint["model"]
    assert tied["lm_head.weight"].tolist() == tied["transformer.wte.weight"].tolist()
    assert checkpoint["optimizer"]["param_groups"][0]["weight_decay"] == 0.1


def test_min_gpt_sort(run_as_torch, losses):
    assert len(losses(run_as_torch("min_gpt_sort.py"))) == 50


def test_micrograd_demo(run_as_torch, losses):
    found = losses(run_as_torch("micrograd_demo.py"))
    assert len(found) == 50 and falls(found)


def test_names_notebook(run_as_torch, losses):
    out = run_as_torch("names_notebook.py")
    found = losses(out)
    assert len(found) == 1 + 20 + 50 and found[20] < found[1] and falls(found[21:], 0.97) and out.count("sample: ") == 3


def test_polynomial_notebook(run_as_torch, losses):
    out = run_as_torch("polynomial_notebook.py")
    assert len(losses(out)) == 200 and "Result: y = " in out
