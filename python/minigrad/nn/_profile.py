"""`profile`: time, floating-point operations and bytes, per operation and per line of the user's program.

While a profile is open, Python tells it of every call and return (`sys.setprofile`); it takes down
those of the framework's operations and leaves the rest alone. While none is open there is nothing to
ask and nothing to pay.
"""

from __future__ import annotations

import inspect
import math
import os
import sys
import time
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Self

from minigrad.nn import _array, _graph, _ops
from minigrad.nn._conv_pool import conv_relu_pool
from minigrad.nn._graph import Node
from minigrad.nn._tensor import Tensor
from minigrad.nn._where import Where, line_of, user_line

__all__ = ["ProfileRow", "profile"]


@dataclass
class ProfileRow:
    """The sums of one operation or one line.

    Attributes
    ----------
    name : str
        The operation, or ``file.py:12``.
    calls : int
    seconds : float
    flops : int
        Floating-point operations that the definitions of its operations need.
    bytes : int
        Of the operations' inputs and outputs.
    text : str
        The line itself.
    """

    name: str
    calls: int = 0
    seconds: float = 0.0
    flops: int = 0
    bytes: int = 0
    text: str = ""

    def add(self, seconds: float, flops: int, size: int) -> None:
        """Count one more call.

        Parameters
        ----------
        seconds : float
        flops : int
        size : int
        """
        self.calls += 1
        self.seconds += seconds
        self.flops += flops
        self.bytes += size


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, (tuple, list)):
        return [tensor for item in value for tensor in _tensors(item)]
    return []


def _flops(name: str, inputs: list[Tensor], outputs: list[Tensor]) -> int:
    """Return how many operations a result takes by its definition; one per element where nothing else is known."""
    size = sum(math.prod(output.shape) for output in outputs)
    shapes = [tensor.shape for tensor in inputs]
    if name in ("matmul", "mm", "bmm", "mv", "dot", "linear", "addmm", "baddbmm", "outer") and len(shapes) >= 2:
        inner = shapes[1] if name in ("addmm", "baddbmm") else shapes[0]
        return 2 * size * (1 if name == "outer" else inner[-1] if inner else 1)
    if name.startswith("conv") and len(shapes) >= 2:
        # Each element of the output (of the input, where transposed) meets one filter.
        weight = math.prod(shapes[1][1:]) * (4 if name == _JOINED else 1)
        return 2 * weight * (math.prod(shapes[0]) if "transpose" in name else size)
    if name == "scaled_dot_product_attention" and len(shapes) >= 3:
        return 2 * math.prod(shapes[0]) * shapes[1][-2] * 2
    return max(size, sum(math.prod(shape) for shape in shapes)) if name in _REDUCTIONS else size


_REDUCTIONS = frozenset(
    {"sum", "mean", "prod", "max", "min", "var", "std", "norm", "logsumexp", "cross_entropy", "mse_loss", "nll_loss"}
)


_STEP, _JOINED = "step", "conv2d_relu_max_pool2d"
_OPERATORS = {"truediv": "div", "rtruediv": "div", "itruediv": "div"}


def _own_name(name: str, frame: FrameType) -> str:
    """Return the name of the operation that a frame computes, where several share their code."""
    for variable in ("name", "op"):  # what the function that made them calls it
        if variable in frame.f_code.co_freevars and isinstance(frame.f_locals[variable], str):
            own: str = frame.f_locals[variable]
            return own
    return f"{type(frame.f_locals['self']).__name__}.step" if name == _STEP else name


def _codes() -> dict[CodeType, str]:
    """Return the code of every public operation, and of the optimizers' steps, with its name."""
    found: dict[CodeType, str] = {}
    for name, function in _ops.functions.items():
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is not None:
            found.setdefault(code, code.co_name if code.co_name in _ops.functions else name)
    for name, method in vars(Tensor).items():  # operators may have forms of their own
        plain = name.strip("_")
        plain = _OPERATORS.get(plain, plain if plain in _ops.functions else plain[1:])
        code = getattr(inspect.unwrap(method) if callable(method) else None, "__code__", None)
        if code is not None and plain in _ops.functions:
            found.setdefault(code, plain)
    found[conv_relu_pool.__code__] = _JOINED
    from minigrad.nn import optim

    for name in getattr(optim, "__all__", ()):
        step = getattr(getattr(optim, name), "step", None)
        code = getattr(inspect.unwrap(step) if step else None, "__code__", None)
        if code is not None and hasattr(getattr(optim, name), "zero_grad"):
            found.setdefault(code, _STEP)
    return found


class profile:  # noqa: N801 (called like a function)
    """Context that measures what the framework does inside it.

    Attributes
    ----------
    ops, lines : list of ProfileRow
        By operation, forward and backward apart, and by line of the user's program (a backward belongs
        to the line that recorded its operation); the dearest first.
    seconds : float
        From the beginning to the end.
    peak_bytes : int
        The most memory that tensors over 4 KiB held at once.

    Notes
    -----
    The time of an operation is measured around it; Python's part in the telling, about a microsecond
    per call inside, is included. An operation inside another counts as part of it.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.profile() as p:
    ...     y = mg.ones(4, 8) @ mg.ones(8, 2)
    >>> [(row.name, row.flops) for row in p.ops if row.name == "matmul"]
    [('matmul', 128)]
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.peak_bytes = 0
        self._ops: dict[str, ProfileRow] = {}
        self._lines: dict[Any, ProfileRow] = {}
        self._costs: dict[Node, tuple[int, int]] = {}
        self._codes: dict[CodeType, str] = {}
        self._open: tuple[FrameType, str, float, list[Tensor], Where] | None = None
        self._before: Any = None

    def __enter__(self) -> Self:
        if _graph.profile_hook:
            raise RuntimeError("profile: must not be opened inside another profile; close that one first")
        self._codes = _codes()
        _graph.profile_hook.append(self._backward)
        self._start = time.perf_counter()
        self._before = sys.getprofile()
        sys.setprofile(self._event)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.setprofile(self._before)
        self.seconds += time.perf_counter() - self._start
        _graph.profile_hook.clear()
        self._costs.clear()
        self._open = None

    def _event(self, frame: FrameType, event: str, value: Any) -> None:
        """Take down the beginning and the end of an outermost operation; Python calls this."""
        code = frame.f_code
        if event == "call":
            if self._open is None:
                name = "backward" if code is _TIMED else self._codes.get(code)
                if name is not None:
                    name = _own_name(name, frame)
                    inputs = [] if name == "backward" else _tensors(list(frame.f_locals.values()))
                    self._open = (frame, name, 0.0, inputs, user_line())
                    self._open = (*self._open[:2], time.perf_counter(), *self._open[3:])
        elif event == "return" and self._open is not None and self._open[0] is frame:
            seconds = time.perf_counter() - self._open[2]
            _, name, _, inputs, where = self._open
            self._open = None
            if name != "backward":
                self._forward(name, seconds, inputs, _tensors(value), where)

    def _forward(self, name: str, seconds: float, inputs: list[Tensor], outputs: list[Tensor], where: Where) -> None:
        flops = _flops(name, inputs, outputs)
        size = sum(tensor._data.nbytes for tensor in (*inputs, *outputs))
        for output in outputs:
            if output._node is not None:
                self._costs[output._node] = (flops, size)
        self._add(name, where, seconds, flops, size)
        self._note_memory()

    def _backward(self, node: Node, seconds: float) -> None:
        """Take down a node's backward: each gradient wanted costs about what the operation did."""
        flops, size = self._costs.pop(node, (0, 0))
        wanted = sum(node.needs)
        self._add(f"{node.name()}", node.where, seconds, flops * wanted, size)
        self._note_memory()

    def _add(self, name: str, where: Where | None, seconds: float, flops: int, size: int) -> None:
        self._ops.setdefault(name, ProfileRow(name)).add(seconds, flops, size)
        line = line_of(where) if where is not None else None
        row = self._lines.get(line)
        if row is None:
            title = f"{os.path.basename(line.filename)}:{line.number}" if line else "(unknown)"
            row = self._lines[line] = ProfileRow(title, text=line.text if line else "")
        row.add(seconds, flops, size)

    def _note_memory(self) -> None:
        self.peak_bytes = max(self.peak_bytes, _array.busy_bytes())

    @property
    def ops(self) -> list[ProfileRow]:
        """By operation, the dearest first."""
        return sorted(self._ops.values(), key=lambda row: -row.seconds)

    @property
    def lines(self) -> list[ProfileRow]:
        """By line, the dearest first."""
        return sorted(self._lines.values(), key=lambda row: -row.seconds)

    def table(self, by: str = "op", limit: int = 20) -> str:
        """Return the sums as text.

        Parameters
        ----------
        by : {"op", "line"}
        limit : int, default 20
            How many rows.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If `by` is neither.
        """
        if by not in ("op", "line"):
            raise ValueError(f"profile.table: by must be 'op' or 'line'; got {by!r}")
        rows = self.ops if by == "op" else self.lines
        total = sum(row.seconds for row in rows) or 1.0
        width = max([len(row.name) for row in rows[:limit]] + [len(by)])
        lines = [f"{by:{width}}  {'calls':>7}  {'ms':>9}  {'%':>5}  {'Mflop':>9}  {'GF/s':>7}  {'MB':>9}"]
        for row in rows[:limit]:
            rate = row.flops / row.seconds / 1e9 if row.seconds else 0.0
            lines.append(
                f"{row.name:{width}}  {row.calls:7d}  {row.seconds * 1e3:9.3f}  {100 * row.seconds / total:5.1f}  "
                f"{row.flops / 1e6:9.2f}  {rate:7.2f}  {row.bytes / 1e6:9.2f}" + (f"  {row.text}" if row.text else "")
            )
        if len(rows) > limit:
            lines.append(f"({len(rows) - limit} more)")
        return "\n".join(lines)

    def __str__(self) -> str:
        parts = [self.table("op"), self.table("line")]
        peak = f"{self.seconds * 1e3:.3f} ms in all, peak of large tensors {self.peak_bytes / 1e6:.2f} MB"
        return "\n\n".join([*parts, peak])


_TIMED: CodeType = _graph._timed.__code__
