"""The page of the backpropagation laboratory, and the interface that it calls."""

from __future__ import annotations

import math
import threading
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
    from flask import Flask, jsonify, request, send_from_directory

    app = Flask(__name__, static_folder=None)
    # One playground, many requests: each has it for itself.
    lock = threading.Lock()

    def answer(full: bool = True) -> Any:
        sample = request.args.get("sample", type=int)
        if sample is not None and not 0 <= sample < len(playground.points):
            raise ValueError(f"there is no sample {sample}; there are {len(playground.points)}")
        state = playground.state(sample)
        if full:
            state["map"] = [[round(float(v), 3) for v in row] for row in playground.decision_map(32)]
            state["losses"] = _thinned(playground.lab.losses)
        return jsonify(state)

    def body() -> dict[str, Any]:
        content = request.get_json(silent=True)
        if not isinstance(content, dict):
            raise ValueError("the body must be a JSON object")
        return content

    @app.errorhandler(ValueError)
    def refused(error: ValueError) -> Any:
        return jsonify(error=str(error)), 400

    @app.errorhandler(TypeError)
    def mistyped(error: TypeError) -> Any:
        return jsonify(error=str(error)), 400

    @app.get("/")
    def page() -> Any:
        return send_from_directory(_STATIC, "backprop.html")

    @app.get("/static/<path:name>")
    def static_file(name: str) -> Any:
        return send_from_directory(_STATIC, name)

    @app.get("/favicon.ico")
    def icon() -> Any:
        return "", 204

    @app.get("/state")
    def state() -> Any:
        with lock:
            return answer()

    @app.get("/samples")
    def samples() -> Any:
        with lock:
            return jsonify(points=playground.points.tolist(), target=[int(t) for t in playground.target])

    @app.post("/step")
    def step() -> Any:
        count = _integer(body().get("n", 1), "n", 1, _MOST_STEPS)
        with lock:
            for _ in range(count):
                if not playground.lab.step():
                    break
            return answer()

    @app.post("/change")
    def change() -> Any:
        knobs = body()
        with lock:
            playground.change(**knobs)
            return answer()

    @app.post("/time")
    def time() -> Any:
        wanted = _integer(body().get("time"), "time", 0, 10**9)
        with lock:
            playground.lab.go_to(wanted)
            return answer()

    @app.post("/weight")
    def weight() -> Any:
        content = body()
        value = content.get("value")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"value must be a number; got {value!r}")
        with lock:
            playground.lab.set_weight(*_place(content), float(value))
            return answer()

    @app.post("/check")
    def check() -> Any:
        place = _place(body())
        with lock:
            exact, difference = playground.lab.finite_difference(*place)
        return jsonify(gradient=exact, difference=difference)

    return app


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
