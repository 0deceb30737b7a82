"""Run PyTorch's own operator samples through minigrad and compare.

`torch.testing` keeps, for each operator, samples of its arguments (broadcast, 0-d, empty,
strided ...) and of misuse. Here each sample is copied into minigrad with its strides and
its element type; outputs, and the gradient of every input for a random cotangent, are
compared at `torch.testing.assert_close`'s default tolerances.

As a program: ``python tests/nn/opdb.py add mul --dtype float64 --variant inplace`` prints
a line for each operator and the first problems; ``--missing`` lists the tiers' operators
that minigrad lacks.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import math
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

import minigrad as mg
from minigrad._native import twin

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_methods_invocations import op_db

_SHORT = """
add sub mul div neg pow exp log log1p sqrt rsqrt abs sin cos tan tanh sigmoid relu maximum minimum clamp where eq ne lt
le gt ge sum mean max min argmax argmin var std prod cumsum logsumexp softmax log_softmax matmul mm bmm addmm reshape
view permute transpose t unsqueeze squeeze expand flatten cat stack split chunk index_select gather scatter masked_fill
tril triu __getitem__ clone contiguous zeros ones full arange randn empty zeros_like ones_like true_divide exp2 erfc
clamp_min clamp_max logical_and logical_or logical_not isinf amax amin select take_along_dim
"""
_FUNCTIONAL = """
linear conv2d max_pool2d avg_pool2d batch_norm layer_norm dropout embedding gelu cross_entropy nll_loss mse_loss
scaled_dot_product_attention relu
"""
_SHORT_B = """
erf sign round floor ceil trunc fmod remainder reciprocal square expm1 sinh cosh asin acos atan atan2 log2 log10 norm
linalg.vector_norm var_mean std_mean cumprod sort topk argsort median any all isnan isfinite roll flip repeat tile
narrow movedim unbind unfold diagonal outer dot mv einsum baddbmm tensordot kron scatter_add index_add masked_select
masked_scatter index_put meshgrid linspace eye diag lerp logaddexp nan_to_num bincount unique cdist linalg.inv
linalg.solve linalg.cholesky linalg.qr linalg.svd linalg.eigh linalg.det
"""
_FUNCTIONAL_B = """
silu leaky_relu elu softplus mish hardswish conv1d conv3d conv_transpose2d avg_pool1d max_pool1d adaptive_avg_pool2d
group_norm instance_norm rms_norm pad interpolate one_hot binary_cross_entropy binary_cross_entropy_with_logits l1_loss
smooth_l1_loss huber_loss kl_div normalize cosine_similarity
"""
TIER_A = _SHORT.split() + [f"nn.functional.{name}" for name in _FUNCTIONAL.split()]
TIER_B = _SHORT_B.split() + [f"nn.functional.{name}" for name in _FUNCTIONAL_B.split()]

ANY_VALUES = {
    *[
        "bernoulli",
        "empty",
        "empty_like",
        "empty_strided",
        "multinomial",
        "new_empty",
        "new_empty_strided",
        "normal",
        "rand",
        "rand_like",
    ],
    *[
        "randint",
        "randint_like",
        "randn",
        "randn_like",
        "randperm",
        "uniform",
        "exponential",
        "cauchy",
        "geometric",
        "log_normal",
    ],
    *["nn.functional.dropout", "nn.functional.dropout2d", "nn.functional.dropout3d", "nn.functional.alpha_dropout"],
    *["nn.functional.feature_alpha_dropout", "nn.functional.rrelu", "nn.functional.gumbel_softmax", "empty_permuted"],
}
"""Operators of which only shape and type can be compared."""

ANY_INDEX = {"argsort": 0, "kthvalue": 1, "median": 0, "mode": 0, "nanmedian": 0, "sort": 0, "topk": 1}
"""Operators whose index of one of several equal elements is not specified, and the place of their `dim`."""

ANY_SIGN = {"linalg.svd", "linalg.eigh"}
"""Operators whose vectors are determined but for their signs: their samples say what can be compared."""

DTYPES = (torch.float64, torch.float32, torch.int64, torch.int32, torch.uint8, torch.bool)
_FAMILIES = (TypeError, IndexError, ValueError, RuntimeError)


class UnsupportedError(Exception):
    """The sample holds something that minigrad does not have (complex numbers, another device ...)."""


@dataclass
class Report:
    """What a run over samples found."""

    samples: int = 0
    skipped: int = 0
    problems: list[str] = field(default_factory=list)

    def assert_clean(self) -> None:
        """Fail with the first problems, if there are any."""
        shown = "\n\n".join(self.problems[:5])
        assert not self.problems, f"{len(self.problems)} of {self.samples} samples differ\n{shown}"


# --- the operator in minigrad


def _path(root: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        if root is None:
            return None
        try:
            root = getattr(root, part)
        except AttributeError:
            try:
                root = importlib.import_module(f"{root.__name__}.{part}")
            except (AttributeError, ImportError):
                return None
    return root


class _Torch:
    """Stands for the module `torch` inside the lambdas of the samples."""

    Tensor = mg.Tensor

    def __getattr__(self, name: str) -> Any:
        found = _same_name(name)
        if found is None:
            raise AttributeError(f"minigrad has no {name!r}")
        return found


def _same_name(name: str) -> Any:
    found = _path(mg, name)
    return found if found is not None else vars(mg.Tensor).get(name)


def function_of(op: Any) -> Callable[..., Any] | None:
    """Return minigrad's counterpart of an operator, or None."""
    named = _same_name(op.name)
    if named is None or (op.name.startswith("linalg.") and twin(op.name.removeprefix("linalg.")) is None):
        return None  # other functions of that room take arrays alone
    code = getattr(op.op, "__code__", None)
    if code is not None and getattr(op.op, "__name__", "") == "<lambda>":
        bound = types.FunctionType(
            code, {**op.op.__globals__, "torch": _Torch()}, "sample", op.op.__defaults__, op.op.__closure__
        )
        bound.__kwdefaults__ = op.op.__kwdefaults__
        return bound
    return named if callable(named) else None


def variant_of(op: Any, variant: str) -> Callable[..., Any] | None:
    """Return minigrad's function, method or in-place method for an operator, or None."""
    if variant == "function":
        return function_of(op)
    theirs = op.method_variant if variant == "method" else op.inplace_variant
    return None if theirs is None else getattr(mg.Tensor, getattr(theirs, "__name__", op.name), None)


def name_of(op: Any) -> str:
    """Return the operator's name, with that of its set of samples if there are several."""
    return f"{op.name}-{op.variant_test_name}" if op.variant_test_name else str(op.name)


def offered() -> list[Any]:
    """Return the operators that minigrad has too, each with its first samples' name only once."""
    return [op for op in op_db if function_of(op) is not None]


def missing() -> tuple[list[str], list[str]]:
    """Return the names of tier A and of tier B that minigrad lacks."""
    have = {op.name for op in offered()}
    known = {op.name for op in op_db}
    lacks = [[n for n in tier if n not in have and (n in known or _same_name(n) is None)] for tier in (TIER_A, TIER_B)]
    return lacks[0], lacks[1]


# --- conversion


def to_minigrad(tensor: torch.Tensor, memory: dict[Any, np.ndarray] | None = None) -> mg.Tensor:
    """Copy a tensor with its strides (also those of expanded ones)."""
    if tensor.dtype not in DTYPES or tensor.layout != torch.strided or tensor.device.type != "cpu":
        raise UnsupportedError(f"{tensor.dtype} {tensor.layout} {tensor.device}")
    if tensor.ndim > 64:
        raise UnsupportedError("NumPy's arrays have at most 64 dimensions")
    plain = tensor.detach().resolve_neg()
    count = plain.untyped_storage().nbytes() // plain.element_size()
    place = (plain.untyped_storage().data_ptr(), plain.dtype)
    flat = None if memory is None else memory.get(place)
    if flat is None:
        flat = torch.as_strided(plain, (count,), (1,), 0).numpy().copy()
        if memory is not None and count:
            memory[place] = flat  # tensors that share memory still do
    strides = [s * plain.element_size() for s in plain.stride()]
    start = plain.storage_offset()
    if plain.is_contiguous():
        # Plain slices keep the array they are part of as their base.
        view = flat[start : start + plain.numel()].reshape(tuple(plain.shape))
    else:
        view = np.lib.stride_tricks.as_strided(flat[start:], tuple(plain.shape), strides)
    out = mg.from_numpy(view)
    return out.requires_grad_() if tensor.requires_grad else out


def _kind(dtype: torch.dtype) -> Any:
    if dtype not in DTYPES:
        raise UnsupportedError(str(dtype))
    return getattr(mg, str(dtype).removeprefix("torch."))


class Twins:
    """Both copies of a sample's arguments: leaves of two graphs, in step."""

    def __init__(self) -> None:
        self.ours: list[Any] = []
        self.theirs: list[torch.Tensor] = []
        self.seen: dict[int, int] = {}
        self.memory: dict[Any, np.ndarray] = {}

    def pair(self, value: Any) -> tuple[Any, Any]:
        """Return (ours, theirs) for one argument."""
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, torch.dtype):
            return _kind(value), value
        if isinstance(value, torch.device):
            if value.type != "cpu":
                raise UnsupportedError(str(value))
            return "cpu", value
        if isinstance(value, (torch.memory_format, torch.layout)):
            if value in (torch.contiguous_format, torch.preserve_format, torch.strided):
                return None, value
            raise UnsupportedError(str(value))
        if isinstance(value, (complex, torch.Generator, torch.nn.Module)):
            raise UnsupportedError(repr(value))
        if isinstance(value, slice):
            parts = [self.pair(v) for v in (value.start, value.stop, value.step)]
            return slice(*[p[0] for p in parts]), slice(*[p[1] for p in parts])
        if isinstance(value, (list, tuple)):
            pairs = [self.pair(v) for v in value]
            kind: Any = tuple if isinstance(value, torch.Size) else type(value)
            return kind([p[0] for p in pairs]), kind([p[1] for p in pairs])
        if isinstance(value, dict):
            both = {k: self.pair(v) for k, v in value.items()}
            return {k: v[0] for k, v in both.items()}, {k: v[1] for k, v in both.items()}
        return value, value

    def _tensor(self, value: torch.Tensor) -> tuple[Any, Any]:
        at = self.seen.get(id(value))
        if at is None:
            at = self.seen[id(value)] = len(self.theirs)
            self.ours.append(to_minigrad(value, self.memory))
            self.theirs.append(value.detach().requires_grad_(value.requires_grad))
        return self.ours[at], self.theirs[at]


# --- comparison


def leaves(value: Any) -> Iterator[Any]:
    """Yield what a result holds, in order."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from leaves(value[key])
    else:
        yield value


def to_torch(tensor: mg.Tensor) -> torch.Tensor:
    """Copy a minigrad tensor."""
    return torch.from_numpy(np.array(tensor.detach().numpy()))


def compare(ours: Any, theirs: Any, values: bool, what: str) -> None:
    """Raise AssertionError unless two results agree in structure, shape, type and value."""
    mine, others = list(leaves(ours)), list(leaves(theirs))
    assert len(mine) == len(others), f"{what}: {len(mine)} results, expected {len(others)}"
    for index, (a, b) in enumerate(zip(mine, others, strict=True)):
        where = f"{what} {index}"
        if not isinstance(b, torch.Tensor):
            if isinstance(b, torch.dtype):
                b = _kind(b)
            same = a == b or (isinstance(b, float) and isinstance(a, float) and math.isclose(a, b, rel_tol=1e-6))
            both_nan = isinstance(b, float) and b != b and a != a
            assert not values or same or both_nan, f"{where}: {a!r}, expected {b!r}"
            continue
        assert isinstance(a, mg.Tensor), f"{where}: {type(a).__name__}, expected a tensor"
        assert tuple(a.shape) == tuple(b.shape), f"{where}: shape {tuple(a.shape)}, expected {tuple(b.shape)}"
        assert a.dtype.name == str(b.dtype).removeprefix("torch."), f"{where}: {a.dtype}, expected {b.dtype}"
        if values:
            torch.testing.assert_close(
                to_torch(a), b.detach(), equal_nan=True, msg=lambda text, where=where: f"{where}: {text}"
            )


def _cotangents(outputs: list[Any]) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(len(outputs))
    return [torch.randn(out.shape, dtype=torch.float64, generator=generator).to(out.dtype) for out in outputs]


def _their_gradients(outputs: Any, inputs: list[torch.Tensor]) -> list[Any] | None:
    """Return PyTorch's gradients of the inputs that require them, or None if there are none to compare."""
    roots = [b for b in leaves(outputs) if isinstance(b, torch.Tensor) and b.requires_grad and b.dtype in DTYPES]
    wanted = [t for t in inputs if t.requires_grad]
    if not roots or not wanted:
        return None
    try:
        return list(torch.autograd.grad(roots, wanted, _cotangents(roots), allow_unused=True))
    except NotImplementedError:
        return None
    except RuntimeError as error:
        if "not implemented" in str(error):
            return None
        raise


def _our_gradients(ours: Any, theirs: Any, inputs: list[Any]) -> list[Any]:
    pairs = [
        (a, b)
        for a, b in zip(leaves(ours), leaves(theirs), strict=True)
        if isinstance(b, torch.Tensor) and b.requires_grad and b.dtype in DTYPES
    ]
    weights = [to_minigrad(w) for w in _cotangents([b for _, b in pairs])]
    return list(mg.grad([a for a, _ in pairs], [t for t in inputs if t.requires_grad], weights, allow_unused=True))


def compare_gradients(got: list[Any], expected: list[Any]) -> None:
    """Raise AssertionError unless every gradient agrees; one that is missing counts as zero."""
    for position, (a, b) in enumerate(zip(got, expected, strict=True)):
        where = f"gradient {position}"
        if a is None or b is None:
            present = b if a is None else to_torch(a)
            assert present is None or not present.any(), f"{where}: {a}, expected {b}"
            continue
        compare(a, b, True, where)


def _distance(tensors: list[Any], truth: list[Any]) -> float:
    """Return the largest difference from `truth` among finite elements."""
    largest = 0.0
    for a, b in zip(tensors, truth, strict=True):
        if isinstance(b, torch.Tensor) and isinstance(a, torch.Tensor) and b.is_floating_point() and b.numel():
            gap = (a.detach().double() - b.detach().double()).abs()
            largest = max(largest, float(gap[gap.isfinite()].max()) if gap.isfinite().any() else 0.0)
    return largest


# --- runs


def samples_of(op: Any, dtype: torch.dtype, noncontiguous: bool = False) -> list[Any]:
    """Return an operator's samples, the same in every run."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 (some samples draw from it)
    grads = dtype.is_floating_point and op.supports_autograd
    samples = itertools.islice(op.sample_inputs("cpu", dtype, requires_grad=grads), 400)
    return [s.noncontiguous() if noncontiguous else s for s in samples]


def _portrait(sample: Any) -> str:
    return str(sample.summary())[:600]


def _run_theirs(op: Any, sample: Any, variant: str, theirs: Any, twins: Twins) -> tuple[Any, list[Any] | None]:
    """Return PyTorch's results and gradients."""
    function = {"function": op.op, "method": op.method_variant, "inplace": op.inplace_variant}[variant]
    first = theirs[0].clone() if variant == "inplace" else theirs[0]
    expected = function(first, *theirs[1], **theirs[2])
    return expected, _their_gradients(sample.output_process_fn_grad(expected), twins.theirs)


def _as_accurate(op: Any, sample: Any, variant: str, mine: list[Any], others: list[Any]) -> bool:
    """Whether float32 results are no farther from the float64 ones than three times PyTorch's own are."""
    twins = Twins()
    wide = sample.transform(lambda v: v.double() if isinstance(v, torch.Tensor) and v.dtype == torch.float32 else v)
    for tensor in leaves((wide.input, list(wide.args), dict(wide.kwargs))):
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
            tensor.requires_grad_()
    _, theirs = twins.pair((wide.input, list(wide.args), dict(wide.kwargs)))
    truth, gradients = _run_theirs(op, sample, variant, theirs, twins)
    known = [t for t in gradients or [] if t is not None]
    if op.name in ANY_SIGN:
        # The vectors themselves may be negated; what came of the cotangents may not.
        mine, others = mine[len(mine) - len(known) :], others[len(others) - len(known) :]
    else:
        known = [t for t in leaves(truth) if isinstance(t, torch.Tensor)] + known
    if len(known) != len(mine) or any(a.shape != b.shape for a, b in zip(mine, known, strict=True)):
        return False
    return _distance(mine, known) <= 3 * _distance(others, known)


def check_sample(op: Any, sample: Any, variant: str) -> None:
    """Raise AssertionError, or what minigrad raises, unless a sample agrees; UnsupportedError if it cannot be run."""
    twins = Twins()
    ours, theirs = twins.pair((sample.input, list(sample.args), dict(sample.kwargs)))
    function = variant_of(op, variant)
    assert function is not None
    if variant == "inplace":
        ours = (ours[0].clone(), *ours[1:])
    try:
        expected, wanted = _run_theirs(op, sample, variant, theirs, twins)
    except Exception as error:  # whatever it is, minigrad must refuse too
        try:
            function(ours[0], *ours[1], **ours[2])
        except Exception:
            return
        raise AssertionError(f"no error; expected {type(error).__name__}: {error}") from None
    if any(isinstance(t, torch.Tensor) and t.dtype not in DTYPES for t in leaves(expected)):
        raise UnsupportedError("result type")
    got = function(ours[0], *ours[1], **ours[2])
    if variant == "inplace":
        assert got is ours[0], "the in-place form must return its tensor"
    values = op.name not in ANY_VALUES
    if op.name in ANY_INDEX and not sample.kwargs.get("stable", False) and not theirs[0].is_floating_point():
        got, expected = _picked(op, sample, theirs[0], got, expected)
    made = None
    try:
        process = sample.output_process_fn_grad
        if values and wanted is not None:
            made = _our_gradients(process(got), process(expected), twins.ours)
        if op.name in ANY_SIGN:
            got, expected = process(got), process(expected)
        compare(got, expected, values, "output")
        if values and wanted is not None and made is not None:
            _compare_flags(got, expected)
            compare_gradients(made, wanted)
    except AssertionError:
        mine = [to_torch(t) for t in (*leaves(got), *(made or ())) if isinstance(t, mg.Tensor)]
        others = [t for t in (*leaves(expected), *(wanted or ())) if isinstance(t, torch.Tensor)]
        narrow = any(t.dtype == torch.float32 for t in others)
        same = [(t.shape, t.dtype) for t in mine] == [(t.shape, t.dtype) for t in others]
        if not (narrow and same and _as_accurate(op, sample, variant, mine, others)):
            raise


def _picked(op: Any, sample: Any, x: torch.Tensor, got: Any, expected: Any) -> tuple[Any, Any]:
    """Replace indices by the elements that they pick: which of several equal ones is named is left open."""
    place = ANY_INDEX[op.name]
    dim = sample.kwargs.get("dim", sample.args[place] if len(sample.args) > place else -1)

    def picked(index: torch.Tensor) -> torch.Tensor:
        if index.dtype != torch.int64 or not x.ndim:
            return index
        dropped = index.ndim < x.ndim
        elements = x.gather(dim, index.unsqueeze(dim) if dropped else index)
        return elements.squeeze(dim) if dropped else elements

    if not isinstance(expected, tuple):
        if op.name != "argsort":
            return got, expected
        return to_minigrad(picked(to_torch(got))), picked(expected)
    return (got[0], to_minigrad(picked(to_torch(got[1])))), (expected[0], picked(expected[1]))


def _compare_flags(ours: Any, theirs: Any) -> None:
    for a, b in zip(leaves(ours), leaves(theirs), strict=True):
        if isinstance(b, torch.Tensor):
            assert a.requires_grad == b.requires_grad, f"requires_grad {a.requires_grad}, expected {b.requires_grad}"


def _drops_out(op: Any, sample: Any) -> bool:
    """Whether attention weights are drawn to be zeroed."""
    if op.name == "nn.functional.multi_head_attention_forward":
        return bool(sample.args[9]) and sample.kwargs.get("training", True)
    return bool(sample.kwargs.get("dropout_p"))


def check(op: Any, dtype: torch.dtype, variant: str = "function", noncontiguous: bool = False) -> Report:
    """Run every sample of one operator; see `check_sample`."""
    report = Report()
    if dtype not in op.supported_dtypes("cpu") or variant_of(op, variant) is None:
        return report
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for sample in samples_of(op, dtype, noncontiguous):
            if variant == "inplace" and sample.broadcasts_input:
                continue
            report.samples += 1
            if _drops_out(op, sample):
                report.skipped += 1
                continue
            try:
                check_sample(op, sample, variant)
            except UnsupportedError:
                report.skipped += 1
            except Exception as error:
                text = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
                report.problems.append(f"{_portrait(sample)}\n    {text[:700]}")
    return report


def check_errors(op: Any) -> Report:
    """Misuse of an operator must raise an exception of the same family."""
    report = Report()
    function = function_of(op)
    if function is None or op.error_inputs_func is None:
        return report
    torch.manual_seed(0)
    for misuse in op.error_inputs("cpu"):
        if not issubclass(misuse.error_type, _FAMILIES):
            continue
        report.samples += 1
        sample = misuse.sample_input
        try:
            ours, _ = Twins().pair((sample.input, list(sample.args), dict(sample.kwargs)))
            function(ours[0], *ours[1], **ours[2])
        except UnsupportedError:
            report.skipped += 1
            continue
        except Exception as error:
            family = next((f for f in _FAMILIES if issubclass(misuse.error_type, f)), Exception)
            if not isinstance(error, family):
                text = f"{type(error).__name__}: {error}; expected {misuse.error_type.__name__}: {misuse.error_regex}"
                report.problems.append(f"{_portrait(sample)}\n    {text[:700]}")
            continue
        report.problems.append(
            f"{_portrait(sample)}\n    no error; expected {misuse.error_type.__name__}: {misuse.error_regex}"
        )
    return report


# --- as a program


def _rows(op: Any, args: argparse.Namespace) -> Iterator[tuple[str, Report]]:
    kinds = [getattr(torch, name) for name in args.dtype]
    variants = ["function", "method", "inplace"] if args.variant == "all" else [args.variant]
    for kind, variant in itertools.product(kinds, variants):
        yield f"{variant} {str(kind).removeprefix('torch.')}", check(op, kind, variant)
    if args.noncontiguous:
        yield "noncontiguous", check(op, kinds[0], noncontiguous=True)
    yield "errors", check_errors(op)


def main() -> None:
    """Print a table of the named operators, or of all that minigrad has."""
    parser = argparse.ArgumentParser(description="Compare minigrad with PyTorch's own operator samples.")
    parser.add_argument("names", nargs="*", help="operators (exact names); default: all that minigrad has")
    parser.add_argument("--dtype", nargs="+", default=["float64", "float32", "int64", "bool"])
    parser.add_argument("--variant", default="all", choices=["function", "method", "inplace", "all"])
    parser.add_argument("--noncontiguous", action="store_true")
    parser.add_argument("--verbose", "-v", type=int, default=2, help="problems shown for each row")
    parser.add_argument("--bad", action="store_true", help="print only rows with problems")
    parser.add_argument("--tiers", action="store_true", help="only operators of tiers A and B")
    parser.add_argument("--missing", action="store_true", help="list operators of the tiers that are missing")
    args = parser.parse_args()
    if args.missing:
        for tier, names in zip("AB", missing(), strict=True):
            print(f"tier {tier} lacks {len(names)}: {' '.join(names)}")
        return
    ops = [op for op in offered() if not args.names or op.name in args.names]
    if args.tiers:
        ops = [op for op in ops if op.name in {*TIER_A, *TIER_B}]
    total = bad = 0
    for op in ops:
        for title, report in _rows(op, args):
            total, bad = total + report.samples, bad + len(report.problems)
            if not report.samples or (args.bad and not report.problems):
                continue
            print(
                f"{name_of(op):40} {title:22} {report.samples:4} samples {report.skipped:3} skipped "
                f"{len(report.problems):4} bad",
                flush=True,
            )
            for problem in report.problems[: args.verbose]:
                print("    " + problem.replace("\n", "\n    "))
    print(f"{len(ops)} operators, {total} samples, {bad} bad")


if __name__ == "__main__":
    main()
