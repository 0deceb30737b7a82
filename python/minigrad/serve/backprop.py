"""The page of the backpropagation laboratory, and the interface that it calls.

========================  ==========================================================
``GET /``                 the page
``GET /state``            everything that is shown; ``?sample=i`` for one sample
``GET /samples``          the points and their classes
``POST /step``            ``{"n": 1}`` steps, then the state
``POST /change``          knobs, then the state
``POST /time``            ``{"time": t}``: go back or forward, then the state
``POST /weight``          ``{"layer", "to", "source", "value"}``: change one, then the state
``POST /check``           ``{"layer", "to", "source"}``: both gradients of one weight
========================  ==========================================================

What is refused answers 400 with ``{"error": "..."}``.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["backprop_app"]

_STATIC = Path(__file__).parent / "static"
_MOST_STEPS = 1000


def backprop_app(playground: Any) -> Any:
    """Return the Flask application over a playground.

    Parameters
    ----------
    playground : object
        With ``state(sample)``, ``change(**knobs)``, ``decision_map(side)``, ``points``, ``target`` and
        ``lab`` (``step()``, ``go_to(time)``, ``set_weight(...)``, ``finite_difference(...)``, ``losses``).

    Returns
    -------
    Flask

    Raises
    ------
    ValueError
        Inside a request, where it becomes the answer 400.

    Notes
    -----
    The calls are listed at the head of this module.
    """
    from flask import Flask, request, send_from_directory

    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/", "page", lambda: send_from_directory(_STATIC, "backprop.html"))
    app.add_url_rule("/static/<path:name>", "static", lambda name: send_from_directory(_STATIC, name))
    app.add_url_rule("/favicon.ico", "icon", lambda: ("", 204))
    calls = _Calls(playground)
    # One playground, many requests: each has it for itself.
    lock = threading.Lock()

    def shown() -> dict[str, Any]:
        return calls.state(request.args.get("sample", type=int))

    def get(answer: Callable[[], Any]) -> Callable[[], Any]:
        def view() -> Any:
            with lock:
                return answer()

        return view

    def post(call: Callable[[dict[str, Any]], Any]) -> Callable[[], Any]:
        def view() -> Any:
            content = request.get_json(silent=True)
            if not isinstance(content, dict):
                raise ValueError("the body must be a JSON object")
            with lock:
                answer = call(content)
                return shown() if answer is None else answer

        return view

    app.add_url_rule("/state", "state", get(shown))
    app.add_url_rule("/samples", "samples", get(calls.samples))
    for call in (calls.step, calls.change, calls.time, calls.weight, calls.check):
        app.add_url_rule(f"/{call.__name__}", call.__name__, post(call), methods=["POST"])
    for kind in (ValueError, TypeError):
        app.register_error_handler(kind, lambda error: ({"error": str(error)}, 400))
    return app


class _Calls:
    """What the page asks for; a call that returns None has changed the state, which is then the answer."""

    def __init__(self, playground: Any) -> None:
        self.playground = playground

    def state(self, sample: int | None) -> dict[str, Any]:
        playground = self.playground
        if sample is not None and not 0 <= sample < len(playground.points):
            raise ValueError(f"there is no sample {sample}; there are {len(playground.points)}")
        state: dict[str, Any] = playground.state(sample)
        state["map"] = [[_rounded(float(v)) for v in row] for row in playground.decision_map(32)]
        state["losses"] = _thinned(playground.lab.losses)
        return state

    def samples(self) -> dict[str, Any]:
        return {"points": self.playground.points.tolist(), "target": [int(t) for t in self.playground.target]}

    def step(self, content: dict[str, Any]) -> None:
        for _ in range(_integer(content.get("n", 1), "n", 1, _MOST_STEPS)):
            if not self.playground.lab.step():
                break

    def change(self, content: dict[str, Any]) -> None:
        self.playground.change(**content)

    def time(self, content: dict[str, Any]) -> None:
        self.playground.lab.go_to(_integer(content.get("time"), "time", 0, 10**9))

    def weight(self, content: dict[str, Any]) -> None:
        value = content.get("value")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"value must be a number; got {value!r}")
        self.playground.lab.set_weight(*_place(content), float(value))

    def check(self, content: dict[str, Any]) -> dict[str, float | None]:
        pair = self.playground.lab.finite_difference(*_place(content))
        exact, difference = (value if math.isfinite(value) else None for value in pair)
        return {"gradient": exact, "difference": difference}


def _rounded(value: float) -> float | None:
    """Return a number for JSON, which has no word for one that is not finite."""
    return round(value, 3) if math.isfinite(value) else None


def _integer(value: Any, name: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be an int from {low} to {high}; got {value!r}")
    return value


def _place(content: dict[str, Any]) -> tuple[int, int, int]:
    layer, to, source = (_integer(content.get(name), name, 0, 10**6) for name in ("layer", "to", "source"))
    return layer, to, source


def _thinned(losses: list[float], most: int = 400) -> list[list[float]]:
    """Return at most about `most` pairs (step, loss), the first and the last among them."""
    step = max(1, len(losses) // most)
    picked = sorted({*range(0, len(losses), step), len(losses) - 1})
    return [[i, losses[i]] for i in picked if math.isfinite(losses[i])]
