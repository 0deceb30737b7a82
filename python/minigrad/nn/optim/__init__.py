"""Optimizers: what turns gradients into steps, with PyTorch's names and options.

Learning rates that follow a schedule are in `lr_scheduler`, averages of weights in `swa_utils`.
"""

from __future__ import annotations

from minigrad.nn.optim import lr_scheduler, swa_utils
from minigrad.nn.optim.adam import Adam, Adamax, AdamW, NAdam, RAdam
from minigrad.nn.optim.adaptive import Adadelta, Adagrad, RMSprop, Rprop
from minigrad.nn.optim.lbfgs import LBFGS
from minigrad.nn.optim.muon import Muon
from minigrad.nn.optim.optimizer import Optimizer
from minigrad.nn.optim.sgd import ASGD, SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "swa_utils",
]
