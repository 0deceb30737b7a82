"""Train a small network on MNIST with the framework: the whole program, start to end.

    python examples/train_mnist.py

You will see ten epochs of a 784-128-10 network and its accuracy on the test images, about
98 %. The data are read from $MINIGRAD_DATA or the cache, or downloaded once.
"""

import sys

import minigrad as mg


class MLP(mg.Module):
    def __init__(self):
        self.fc1 = mg.Linear(784, 128)
        self.fc2 = mg.Linear(128, 10)

    def forward(self, x):
        x = mg.relu(self.fc1(x))
        return self.fc2(x)


def main():
    mg.manual_seed(0)
    train = mg.TensorDataset(*mg.data.mnist("train", flatten=True))
    images, labels = mg.data.mnist("test", flatten=True)
    loader = mg.DataLoader(train, batch_size=64, shuffle=True)

    model = MLP()
    optimizer = mg.Adam(model.parameters(), lr=0.001)
    for epoch in range(10):
        total = 0.0
        for x, y in loader:
            loss = mg.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        with mg.no_grad():
            accuracy = (model(images).argmax(1) == labels).float().mean().item()
        print(f"Epoch {epoch + 1}: loss {total / len(loader):.4f}, test accuracy {accuracy:.2%}")


if __name__ == "__main__":
    try:
        main()
    except mg.DataError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("Interrupted: nothing was saved", file=sys.stderr)
        sys.exit(130)
