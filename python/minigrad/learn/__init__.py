"""Estimators that learn from tables of numbers, with scikit-learn's contract.

The constructor stores its parameters, ``fit`` validates them and returns the estimator,
and what was learned is in attributes that end in an underscore. Beside an estimator stand
the functions that say how far its result can be trusted.
"""

from __future__ import annotations

from minigrad.learn import recommend
from minigrad.learn._base import Estimator, NotFittedError
from minigrad.learn._separation import discriminant_accuracy, silhouette_score
from minigrad.learn._uncertainty import BootstrapPCA, bootstrap_pca, near_equal_groups
from minigrad.learn.pca import PCA
from minigrad.learn.perceptron import Perceptron

__all__ = [
    "PCA",
    "BootstrapPCA",
    "Estimator",
    "NotFittedError",
    "Perceptron",
    "bootstrap_pca",
    "discriminant_accuracy",
    "near_equal_groups",
    "recommend",
    "silhouette_score",
]
