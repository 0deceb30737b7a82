"""Limited-memory BFGS, with a line search for the strong Wolfe conditions.

Problem: a step t along a direction d with f'(0) = g'd < 0, from values and slopes of
phi(t) = f(x + t d) alone.
   (D1) Sufficient decrease: phi(t) <= phi(0) + c1 t phi'(0).
   (D2) Curvature: |phi'(t)| <= c2 |phi'(0)|. Both together (c1 < c2) are the strong Wolfe
        conditions; they make y's > 0 for the pair of the next update.
   (D3) An interval that holds such a point: its low end satisfies (D1) and has the smaller
        value, and the slope there points into it. One is met going outward as soon as
        (D1) fails, phi grows, or the slope turns.
   (D4) A cubic through two values and two slopes has its minimum at
        t2 - (t2 - t1) (phi2' + r - q) / (phi2' - phi1' + 2 r) with
        q = phi1' + phi2' - 3 (phi1 - phi2) / (t1 - t2) and r = sqrt(q^2 - phi1' phi2').
   (D5) Every trial keeps a tenth of the interval's length away from its ends if the one
        before was too close, so that the interval shrinks.
Reference: Nocedal and Wright, Numerical Optimization, 2nd ed. (2006), algorithms 3.5 and 3.6,
equation 3.59.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigrad._native import check_status, ffi, lib, pointer
from minigrad.nn import _array
from minigrad.nn import _vector as vector
from minigrad.nn._graph import enable_grad, no_grad
from minigrad.nn._tensor import Tensor, fresh
from minigrad.nn.optim.optimizer import Optimizer, changed_in_place, check

__all__ = ["LBFGS"]

C1, C2 = 1e-4, 0.9


class _Point(NamedTuple):
    """A point of the line: the step, and there the value, the gradient and the slope."""

    t: float
    f: float
    g: np.ndarray
    slope: float


def _cubic(a: _Point, b: _Point, bounds: tuple[float, float] | None = None) -> float:
    """Return where the cubic through two points is least, within `bounds` or between them."""
    low, high = bounds if bounds is not None else (min(a.t, b.t), max(a.t, b.t))
    if a.t > b.t:
        a, b = b, a
    if a.t == b.t:
        return (low + high) / 2
    q = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t)  # (D4)
    square = q * q - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2
    r = math.sqrt(square)
    bottom = b.slope - a.slope + 2 * r
    if bottom == 0:
        return (low + high) / 2
    best = b.t - (b.t - a.t) * ((b.slope + r - q) / bottom)  # (D4)
    return min(max(best, low), high)


class _Search:
    """One line search along a direction."""

    def __init__(self, evaluate: Callable[[float], _Point], start: _Point, limit: int, tolerance: float) -> None:
        self.evaluate, self.start, self.limit, self.tolerance = evaluate, start, limit, tolerance
        self.trials = 0

    def try_step(self, t: float) -> _Point:
        self.trials += 1
        return self.evaluate(t)

    def too_high(self, point: _Point) -> bool:
        return point.f > self.start.f + C1 * point.t * self.start.slope  # (D1)

    def flat_enough(self, point: _Point) -> bool:
        return abs(point.slope) <= -C2 * self.start.slope  # (D2)

    def bracket(self, t: float) -> tuple[list[_Point], bool]:
        """Go outward until an interval holds a good point (D3); also say whether one was met."""
        before, point, rounds = self.start, self.try_step(t), 0
        while rounds < self.limit:
            if self.too_high(point) or (rounds > 1 and point.f >= before.f):
                return [before, point], False  # (D3)
            if self.flat_enough(point):
                return [point], True
            if point.slope >= 0:
                return [before, point], False  # (D3)
            bounds = (point.t + 0.01 * (point.t - before.t), point.t * 10)
            t = _cubic(before, point, bounds)
            before, point, rounds = point, self.try_step(t), rounds + 1
        return [self.start, point], False

    def between(self, ends: list[_Point], timid: bool) -> tuple[float, bool]:
        """Return the next trial in an interval, and whether it is close to an end."""
        t = _cubic(ends[0], ends[1])
        low, high = min(p.t for p in ends), max(p.t for p in ends)
        margin = 0.1 * (high - low)
        if min(high - t, t - low) >= margin:
            return t, False
        if not timid and low < t < high:
            return t, True
        return (high - margin if abs(t - high) < abs(t - low) else low + margin), False  # (D5)

    def run(self, t: float, length: float) -> _Point:
        """Return a point that satisfies both conditions, or the best one met within the limit."""
        ends, done = self.bracket(t)
        low = 0 if ends[0].f <= ends[-1].f else 1
        timid = False
        while not done and self.trials - 1 < self.limit:
            if abs(ends[1].t - ends[0].t) * length < self.tolerance:
                break
            t, timid = self.between(ends, timid)
            point = self.try_step(t)
            if self.too_high(point) or point.f >= ends[low].f:
                ends[1 - low] = point
                low = 0 if ends[0].f <= ends[1].f else 1
                continue
            if self.flat_enough(point):
                done = True
            elif point.slope * (ends[1 - low].t - ends[low].t) >= 0:
                ends[1 - low] = ends[low]  # (D3)
            ends[low] = point
        return ends[low]


class LBFGS(Optimizer):
    """Limited-memory BFGS [1]_: steps along the gradient times an estimate of the inverse Hessian.

    Parameters
    ----------
    params : iterable of Tensor
        What to optimize, in one group.
    lr : float or Tensor, default 1
        Length of the first trial of each line search, or of the step without one.
    max_iter : int, default 20
        Iterations per step.
    max_eval : int, optional
        Evaluations of the closure per step. Default: ``max_iter * 5 // 4``.
    tolerance_grad : float, default 1e-7
        Stop when no element of the gradient is larger.
    tolerance_change : float, default 1e-9
        Stop when neither a parameter nor the loss changes by more.
    history_size : int, default 100
        Pairs of steps and changes of the gradient that are remembered.
    line_search_fn : {None, "strong_wolfe"}, default None

    Raises
    ------
    ValueError
        If an option is out of range, or there is more than one group.

    References
    ----------
    .. [1] D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization",
       Math. Programming 45, 1989.

    Examples
    --------
    >>> import minigrad as mg
    >>> p = mg.nn.Parameter(mg.tensor([4.0, -3.0]))
    >>> optimizer = mg.optim.LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (p * p).sum()
    ...     loss.backward()
    ...     return loss
    >>> loss = optimizer.step(closure)
    >>> bool((p * p).sum() < 1e-10)
    True
    """

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check(self, "lr", lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS: doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self) -> list[Tensor]:
        params: list[Tensor] = self.param_groups[0]["params"]
        return params

    def _flat(self, gradients: bool) -> np.ndarray:
        """Return all gradients, or all parameters, as one vector."""
        params = self._params
        out = _array.zeros((sum(param._data.size for param in params),), params[0]._data.dtype)
        start = 0
        for param in params:
            source = param._grad if gradients else param
            if source is not None:
                out[start : start + param._data.size] = source._data.reshape(-1)
            start += param._data.size
        return out

    def _put(self, values: np.ndarray) -> None:
        start = 0
        for param in self._params:
            data = param._data
            data[...] = values[start : start + data.size].reshape(data.shape)
            start += data.size
        changed_in_place(self._params)

    def _evaluate_at(self, closure: Callable[[], Any], x: np.ndarray, t: float, d: np.ndarray) -> _Point:
        moved = x.copy()
        vector.move(moved, t, d)
        self._put(moved)
        loss = float(closure())
        grad = self._flat(True)
        self._put(x)
        return _Point(t, loss, grad, vector.dot(grad, d))

    def _direction(self, state: dict[str, Any], grad: np.ndarray, history: int) -> np.ndarray:
        """Take the last step's pair into the memory and return the next direction."""
        y = grad - state["prev_flat_grad"]._data
        s = state["d"]._data * grad.dtype.type(state["t"])
        product = vector.dot(y, s)
        if product > 1e-10:
            if len(state["old_dirs"]) == history:
                for name in ("old_dirs", "old_stps", "ro"):
                    state[name].pop(0)
            state["old_dirs"].append(fresh(y))
            state["old_stps"].append(fresh(s))
            state["ro"].append(1.0 / product)
            state["H_diag"] = product / vector.dot(y, y)
        out = np.empty_like(grad)
        kind, c_type = (("f32", "float"), ("f64", "double"))[grad.dtype.itemsize == 8]
        lists = [ffi.new(f"{c_type} *[]", [pointer(t._data) for t in state[name]]) for name in ("old_stps", "old_dirs")]
        rho = np.array(state["ro"], np.float64)
        function = getattr(lib, f"mg_lbfgs_direction_{kind}")
        status = function(grad.size, rho.size, *lists, pointer(rho), state["H_diag"], pointer(grad), pointer(out, True))
        check_status(status, "LBFGS")
        return out

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to `max_iter` iterations.

        Parameters
        ----------
        closure : callable
            Clears the gradients, computes the loss, calls backward and returns the loss.

        Returns
        -------
        Tensor or float
            The loss before the first iteration.

        Raises
        ------
        TypeError
            If there is no closure.
        RuntimeError
            If `line_search_fn` is unknown.
        """
        if closure is None:
            raise TypeError("LBFGS: step() missing 1 required positional argument: 'closure'; it is called repeatedly")
        with no_grad():
            return self._step(enable_grad()(closure))

    def _step(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        vector.suffix(self._params[0]._data.dtype, "LBFGS")
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = closure()
        here, evaluations = _Point(0.0, float(first), self._flat(True), 0.0), 1
        state["func_evals"] += 1
        if vector.largest(here.g) <= group["tolerance_grad"]:
            return first
        for iteration in range(1, group["max_iter"] + 1):
            d = self._next_direction(state, here.g, group)
            t = float(group["lr"])
            if state["n_iter"] == 1:
                t *= min(1.0, 1.0 / vector.norm([here.g], 1, "LBFGS"))
            state["prev_flat_grad"], state["prev_loss"], state["d"] = fresh(here.g.copy()), here.f, fresh(d)
            before, slope = here, vector.dot(here.g, d)
            state["t"] = t
            if slope > -group["tolerance_change"]:
                break
            room = group["max_eval"] - evaluations
            here, trials = self._advance(closure, here, d, t, slope, room, iteration == group["max_iter"])
            state["t"] = here.t
            evaluations += trials
            state["func_evals"] += trials
            if iteration == group["max_iter"] or evaluations >= group["max_eval"]:
                break
            if vector.largest(here.g) <= group["tolerance_grad"]:
                break
            if vector.largest(d) * abs(here.t) <= group["tolerance_change"]:
                break
            if abs(here.f - before.f) < group["tolerance_change"]:
                break
        return first

    def _next_direction(self, state: dict[str, Any], grad: np.ndarray, group: dict[str, Any]) -> np.ndarray:
        state["n_iter"] += 1
        if state["n_iter"] > 1:
            return self._direction(state, grad, group["history_size"])
        state["old_dirs"], state["old_stps"], state["ro"], state["H_diag"] = [], [], [], 1.0
        return -grad

    def _advance(
        self, closure: Callable[[], Any], here: _Point, d: np.ndarray, t: float, slope: float, room: int, last: bool
    ) -> tuple[_Point, int]:
        """Move along `d`; return the new point and how many evaluations it took."""
        group = self.param_groups[0]
        x = self._flat(False)
        if group["line_search_fn"] is not None:
            if group["line_search_fn"] != "strong_wolfe":
                raise RuntimeError(f"LBFGS: only 'strong_wolfe' is supported; got {group['line_search_fn']!r}")
            start = here._replace(t=0.0, slope=slope)
            search = _Search(lambda at: self._evaluate_at(closure, x, at, d), start, room, group["tolerance_change"])
            here = search.run(t, vector.largest(d))
            vector.move(x, here.t, d)
            self._put(x)
            return here, search.trials
        vector.move(x, t, d)
        self._put(x)
        if last:
            return here._replace(t=t), 0
        return _Point(t, float(closure()), self._flat(True), 0.0), 1
