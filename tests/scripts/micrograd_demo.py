"""A classifier of two moons with a margin loss and hand-written steps, in the style of a tiny autograd's demo."""

import math
import sys

import torch
from torch import nn

init = sys.argv[1] if len(sys.argv) > 1 else None

n = 50
angles = [math.pi * i / (n - 1) for i in range(n)]
outer = [[math.cos(a), math.sin(a)] for a in angles]
inner = [[1 - math.cos(a), 0.5 - math.sin(a)] for a in angles]
X = torch.tensor(outer + inner)
y = torch.tensor([-1.0] * n + [1.0] * n)


class Neuron(nn.Module):
    def __init__(self, nin, nonlin=True):
        super().__init__()
        self.w = nn.Parameter(torch.empty(nin).uniform_(-1, 1))
        self.b = nn.Parameter(torch.zeros(()))
        self.nonlin = nonlin

    def forward(self, x):
        act = (x * self.w).sum(-1) + self.b
        return act.relu() if self.nonlin else act


class Layer(nn.Module):
    def __init__(self, nin, nout, **kwargs):
        super().__init__()
        self.neurons = nn.ModuleList([Neuron(nin, **kwargs) for _ in range(nout)])

    def forward(self, x):
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else torch.stack(out, dim=-1)


class MLP(nn.Module):
    def __init__(self, nin, nouts):
        super().__init__()
        sz = [nin] + nouts
        self.layers = nn.Sequential(*[Layer(sz[i], sz[i + 1], nonlin=i != len(nouts) - 1) for i in range(len(nouts))])

    def forward(self, x):
        return self.layers(x)


torch.manual_seed(1337)
model = MLP(2, [8, 8, 1])
if init:
    model.load_state_dict(torch.load(init))
print("number of parameters", len(list(model.parameters())))


def loss():
    scores = model(X)
    data_loss = (1 - y * scores).relu().mean()
    reg_loss = 1e-4 * sum((p * p).sum() for p in model.parameters())
    total_loss = data_loss + reg_loss
    accuracy = ((y > 0) == (scores > 0)).float().mean()
    return total_loss, accuracy.item()


for k in range(50):
    total_loss, acc = loss()
    model.zero_grad()
    total_loss.backward()
    learning_rate = 0.5 - 0.45 * k / 50
    for p in model.parameters():
        p.data -= learning_rate * p.grad
    print(f"step {k} loss {total_loss.item():.6f}, accuracy {acc * 100:.0f}%")
