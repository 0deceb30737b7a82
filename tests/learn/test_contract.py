"""The contract that all estimators share, walked over every one of them."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

from minigrad import learn
from minigrad.learn import Estimator, NotFittedError

pytestmark = pytest.mark.native

ESTIMATORS = [
    value
    for name, value in sorted(vars(learn).items())
    if name in learn.__all__ and inspect.isclass(value) and issubclass(value, Estimator) and value is not Estimator
]

# Per estimator: settings unlike the defaults, and per parameter values that fit must refuse.
GOOD = {
    "PCA": {"n_components": 2, "solver": "power", "standardize": True, "random_state": 7},
    "Perceptron": {"max_iter": 50, "shuffle": True, "random_state": 7},
}
BAD = {
    "PCA": {
        "n_components": [0, -3, 1.0, 0.0, float("nan"), "two", True, [2], 10**6],
        "solver": ["", "full", None, 3],
        "standardize": [None, 0, 1, "yes"],
        "random_state": [-1, 2**64, 0.5, "seed", True],
    },
    "Perceptron": {
        "max_iter": [0, -1, 1.5, "many", True],
        "shuffle": [None, 0, "yes"],
        "random_state": [-1, 2**64, 0.5, "seed", True],
    },
}


def table(seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((40, 5)) * [5.0, 4.0, 3.0, 2.0, 1.0], rng.integers(2, size=40)


def learned(estimator):
    return {name: value for name, value in vars(estimator).items() if name.endswith("_") and not name.startswith("_")}


def same(a, b):
    return a is b or bool(np.all(np.asarray(a) == np.asarray(b)))


@pytest.fixture(params=ESTIMATORS, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


def test_every_estimator_is_described_here():
    names = {cls.__name__ for cls in ESTIMATORS}
    assert names == set(GOOD) == set(BAD)
    assert "PCA" in names


def test_the_constructor_stores_parameters_untouched(cls):
    name = cls.__name__
    parameters = inspect.signature(cls).parameters
    assert set(parameters) == set(GOOD[name]) == set(BAD[name])
    for key in parameters:
        for value in (GOOD[name][key], *BAD[name][key], marker := object()):
            assert getattr(cls(**{key: value}), key) is value
        assert cls(**{key: marker}).get_params()[key] is marker
    assert vars(cls()) == {key: parameter.default for key, parameter in parameters.items()}


def test_get_params_set_params_and_repr(cls):
    good = GOOD[cls.__name__]
    estimator = cls()
    defaults = estimator.get_params()
    assert repr(estimator) == f"{cls.__name__}()"
    assert estimator.set_params(**good) is estimator
    assert estimator.get_params() == good
    assert cls(**good).get_params(deep=False) == good
    copy = eval(repr(estimator), {cls.__name__: cls})
    assert copy.get_params() == good
    with pytest.raises(ValueError, match=re.escape(f"{cls.__name__}: parameter must be one of '")):
        estimator.set_params(**defaults, no_such_parameter=1)
    assert estimator.get_params() == good  # all or nothing


def test_fit_returns_self_and_leaves_parameters_alone(cls):
    good = GOOD[cls.__name__]
    estimator = cls(**good)
    x, y = table()
    assert estimator.fit(x, y) is estimator
    assert estimator.get_params() == good
    assert learned(estimator)
    assert estimator.n_features_in_ == 5


def test_refitting_forgets(cls):
    x, y = table()
    other_x, other_y = table(1)
    good = GOOD[cls.__name__]
    once = learned(cls(**good).fit(x, y))
    twice = learned(cls(**good).fit(other_x[:, :3], other_y).fit(x, y))
    assert once.keys() == twice.keys()
    assert all(same(once[name], twice[name]) for name in once)


def test_a_failed_fit_keeps_what_was_learned(cls):
    x, y = table()
    estimator = cls(**GOOD[cls.__name__]).fit(x, y)
    before = learned(estimator)
    with pytest.raises(ValueError, match="must be finite"):
        estimator.fit(np.full_like(x, np.nan), y)
    after = learned(estimator)
    assert all(after[name] is before[name] for name in before)


def test_bad_values_are_refused_by_fit_in_the_form_of_the_house(cls):
    x, y = table()
    for key, values in BAD[cls.__name__].items():
        for value in values:
            with pytest.raises((TypeError, ValueError), match=rf"^{cls.__name__}: {key}\b.* must be .+; got .+$"):
                cls(**{key: value}).fit(x, y)


def test_use_before_fit(cls):
    x, _ = table()
    for method in ("predict", "predict_proba", "decision_function", "transform", "inverse_transform"):
        if hasattr(cls, method):
            with pytest.raises(NotFittedError, match=f"^{cls.__name__}: {method} must come after fit; got "):
                getattr(cls(), method)(x)
    assert issubclass(NotFittedError, ValueError)
    assert issubclass(NotFittedError, AttributeError)


def test_another_number_of_features_is_refused_with_both_shapes(cls):
    x, y = table()
    estimator = cls(**GOOD[cls.__name__]).fit(x, y)
    for method in ("predict", "predict_proba", "decision_function", "transform"):
        if hasattr(cls, method):
            with pytest.raises(ValueError, match=rf"^{cls.__name__}: X must .*\b5\b.*; got \(40, 4\)"):
                getattr(estimator, method)(x[:, :4])


def test_array_likes_and_samples_unchanged(cls):
    x, y = table()
    before = x.copy()
    good = GOOD[cls.__name__]
    from_array = learned(cls(**good).fit(x, y))
    np.testing.assert_array_equal(x, before)
    from_list = learned(cls(**good).fit(x.tolist(), y.tolist()))
    assert all(same(from_array[name], from_list[name]) for name in from_array)


def test_nested_parameters():
    class Outer(Estimator):
        def __init__(self, inner=None):
            self.inner = inner

    inner = learn.PCA(2)
    outer = Outer(inner)
    assert outer.get_params()["inner__n_components"] == 2
    assert "inner__n_components" not in outer.get_params(deep=False)
    outer.set_params(inner__n_components=3)
    assert inner.n_components == 3
    assert repr(outer) == "Outer(inner=PCA(n_components=3))"
