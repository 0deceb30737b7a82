"""The framework's names at the top: what ``minigrad.NAME`` finds, as PyTorch has it."""

from __future__ import annotations

import importlib
import math
from typing import Any

from minigrad.nn import _autograd, _dtype, _format, _graph, _ops, _random, _typeinfo
from minigrad.nn._tensor import Tensor

__all__ = ["names"]

# Methods that change a tensor in place and are also functions of it.
_IN_PLACE = (
    *("abs_", "acos_", "acosh_", "arccos_", "arcsin_", "arctan_", "asin_", "asinh_", "atan_", "atanh_", "ceil_"),
    *("clamp_", "clamp_max_", "clamp_min_", "clip_", "cos_", "cosh_", "deg2rad_", "erf_", "erfc_", "exp2_", "exp_"),
    *("expm1_", "fill_", "floor_", "frac_", "index_put_", "log10_", "log1p_", "log2_", "log_", "logit_"),
    *("nan_to_num_", "neg_", "negative_", "rad2deg_", "reciprocal_", "round_", "rsqrt_", "sigmoid_", "sin_"),
    *("sinh_", "sqrt_", "square_", "tan_", "tanh_", "trunc_", "xlogy_", "zero_"),
)


def _gather() -> dict[str, Any]:
    found: dict[str, Any] = {}
    # Later ones win, so operations keep their names where a layer or a tool shares one.
    for module in ("minigrad.nn.optim", "minigrad.nn.data", "minigrad.nn.modules"):
        package = importlib.import_module(module)
        found |= {name: getattr(package, name) for name in getattr(package, "__all__", ())}
    functional = importlib.import_module("minigrad.nn.functional")
    found |= {name: getattr(functional, name) for name in functional.__all__}
    found |= _ops.functions
    found |= {
        name: getattr(_random, name)
        for name in ("Generator", "default_generator", "initial_seed", "manual_seed", "seed")
    }
    found |= {
        name: getattr(_graph, name)
        for name in ("enable_grad", "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled")
    }
    found |= {
        name: getattr(_dtype, name)
        for name in (
            "bfloat16",
            "dtype",
            "float16",
            "float32",
            "float64",
            "get_default_dtype",
            "int32",
            "int64",
            "promote_types",
            "set_default_dtype",
            "uint8",
        )
    }
    found |= {name: getattr(_typeinfo, name) for name in _typeinfo.__all__}
    found |= {name: getattr(Tensor, name) for name in (*_IN_PLACE, "detach", "detach_")}
    found |= {
        "bool": _dtype.bool_,
        "double": _dtype.float64,
        "float": _dtype.float32,
        "grad": _autograd.grad,
        "int": _dtype.int32,
        "long": _dtype.int64,
        "Tensor": Tensor,
        "Size": tuple,
        "e": math.e,
        "inf": math.inf,
        "nan": math.nan,
        "newaxis": None,
        "pi": math.pi,
        "set_printoptions": _format.set_printoptions,
    }
    return found


names = _gather()
"""Everything by name."""
