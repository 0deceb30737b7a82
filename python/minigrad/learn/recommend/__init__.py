"""Recommenders: what a person would think of something not yet seen.

All of them are fitted to `Ratings`, predict a rating with an interval, and take a visitor in
without being fitted again.
"""

from __future__ import annotations

from minigrad.learn.recommend._baseline import Baseline
from minigrad.learn.recommend._factors import ALS, BiasedMF
from minigrad.learn.recommend._gibbs import BayesianMF
from minigrad.learn.recommend._metrics import evaluate, mae, rank_quality, rmse
from minigrad.learn.recommend._model import Newcomer, Reason, Recommender
from minigrad.learn.recommend._neighbors import KNN, Similarities, similarities
from minigrad.learn.recommend._ratings import Ratings, kfold

__all__ = [
    "ALS",
    "KNN",
    "Baseline",
    "BayesianMF",
    "BiasedMF",
    "Newcomer",
    "Ratings",
    "Reason",
    "Recommender",
    "Similarities",
    "evaluate",
    "kfold",
    "mae",
    "rank_quality",
    "rmse",
    "similarities",
]
