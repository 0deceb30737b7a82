"""The window: the network, what flows through it, and the knobs, on a stage."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from minigrad import ui
from minigrad.datasets import DataError
from minigrad.projects.backprop_viz._lab import Lab
from minigrad.projects.backprop_viz._playground import ACTIVATIONS, DATA, INITS, Playground

__all__ = ["SIZE", "View"]

SIZE = (1180, 700)
_INK, _MUTED, _LINE, _ACCENT, _BAR = (34, 34, 34), (107, 107, 107), (220, 220, 220), (228, 37, 54), (87, 144, 252)
_BLUE, _RED, _PALE = np.array([33, 102, 172.0]), np.array([178, 24, 43.0]), np.array([245, 245, 245.0])
_LABELS = {"sigmoid": "[Sigmoid]", "relu": "[ReLU]", "tanh": "[Tanh]"}
_MAP = 40
_ALONG = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)  # of an edge, for its number

Color = tuple[int, int, int]
_KEYS = (
    ("SPACE", "one step"),
    ("B", "phase by phase"),
    ("ENTER", "run or pause"),
    ("1 2 3", "sigmoid, ReLU, tanh"),
    ("LEFT RIGHT", "back and forward in time"),
    ("D", "next data set"),
    ("I", "next initialisation"),
    ("K", "skip connections"),
    ("+ -", "learning rate"),
    ("L X", "a layer more, or fewer"),
    ("click + or −", "nodes of a layer"),
    ("click a sample", "follow it alone"),
    ("click an edge", "check its gradient; the wheel changes its weight"),
    ("R", "reset"),
    ("S", "save the picture"),
    ("?", "this help"),
    ("Q", "close"),
)


def colors(values: Any, scale: float) -> np.ndarray:
    """Return colours (n, 3) for values: blue below zero, pale at it, red above, on a symmetric log scale."""
    t = np.nan_to_num(np.asarray(values, float) / (scale if 0 < scale < math.inf else 1.0))
    t = np.clip(np.sign(t) * np.log1p(9 * np.abs(t)) / math.log(10), -1, 1)
    far = np.where(t[..., None] < 0, _BLUE, _RED)
    shades: np.ndarray = np.rint(_PALE + (far - _PALE) * np.abs(t)[..., None]).astype(np.uint8)
    return shades


def on(color: Color) -> Color:
    """Return what can be read on a colour: dark ink or white."""
    red, green, blue = color
    return _INK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else (255, 255, 255)


def share(value: float, top: float) -> float:
    """Return ``|value| / top`` for drawing: from 0 to 1, whatever the two are."""
    part = abs(value) / top if top > 0 else 0.0
    return min(part, 1.0) if math.isfinite(part) else 0.0


def number(value: float | None) -> str:
    """Write a number in few characters."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.2e}"


@dataclass
class _Button:
    corner: tuple[int, int]
    size: tuple[int, int]
    label: str
    act: Callable[[], None]
    on: bool = False

    def holds(self, point: tuple[int, int]) -> bool:
        """Whether `point` lies on the button."""
        x, y = point[0] - self.corner[0], point[1] - self.corner[1]
        return 0 <= x < self.size[0] and 0 <= y < self.size[1]


@dataclass
class View:
    """What a stage shows of a laboratory, and what it does with the user's events.

    Attributes
    ----------
    lab : Lab
    playground : Playground or None
        Whose knobs are shown; None for a model from outside.
    running : bool
    phase : int
        -1, or how many phases (forward layers, then backward ones) are shown.
    sample : int or None
        The sample shown alone.
    message : str
    """

    lab: Lab
    playground: Playground | None = None
    running: bool = False
    phase: int = -1
    sample: int | None = None
    message: str = ""
    help: bool = False
    picked: tuple[int, int, int] | None = None
    pointer: tuple[int, int] = (0, 0)
    done: bool = False
    save: Callable[[], str] | None = None
    _places: list[list[tuple[float, float, float]]] = field(default_factory=list)
    _buttons: list[_Button] = field(default_factory=list)
    _plane: tuple[int, int, int] = (0, 0, 1)
    _stale: bool = True

    # --- what the user does

    def handle(self, event: ui.Event) -> None:
        """Act on one event."""
        self._stale = True
        if event.kind == "quit":
            self.done = True
        elif event.kind == "key":
            self._press(event.key)
        elif event.kind == "move":
            self.pointer = event.position
        elif event.kind == "wheel" and self.picked is not None:
            self._nudge(event.button)
        elif event.kind == "press" and event.button == 1:
            self.pointer = event.position
            self._click(event.position)

    def _press(self, key: str) -> None:
        actions: dict[str, Callable[[], None]] = {
            "space": self.step,
            "b": self.next_phase,
            "return": self._toggle,
            "left": lambda: self.go_to(self.lab.time - 1),
            "right": lambda: self.go_to(self.lab.time + 1),
            "d": lambda: self._cycle("data", DATA),
            "i": lambda: self._cycle("init", INITS),
            "k": self._skip,
            "+": lambda: self._rate(1.25),
            "=": lambda: self._rate(1.25),
            "-": lambda: self._rate(0.8),
            "l": lambda: self._layers(1),
            "x": lambda: self._layers(-1),
            "r": self._reset,
            "s": self._save,
            "?": self._help,
            "q": self._close,
            "escape": self._close,
        }
        for i, name in enumerate(ACTIVATIONS):
            actions[str(i + 1)] = lambda name=name: self._activation(name)  # type: ignore[misc]
        if key in actions:
            actions[key]()

    def _click(self, position: tuple[int, int]) -> None:
        for button in self._buttons:
            if button.holds(position):
                button.act()
                return
        edge = self.edge_at(position) if self.node_at(position) is None else None
        if edge is not None:
            self.running, self.picked = False, edge
            exact, difference = self.lab.finite_difference(*edge)
            self.message = (
                f"layer {edge[0] + 1}, {edge[2] + 1} → {edge[1] + 1}: dL/dw {exact:.6e}, "
                f"finite difference {difference:.6e}; the wheel changes the weight"
            )
            return
        self.picked = None
        self.sample = self._sample_at(position)

    def step(self) -> None:
        """Take one step and show all of it."""
        self.phase = -1
        if not self.lab.step():
            self.running = False
        self.message = self.lab.problem

    def next_phase(self) -> None:
        """Show the next layer forward, then the next one backward, then take the step."""
        self.running = False
        if self.phase >= 2 * len(self.lab.record.layers):
            self.step()
        else:
            self.phase = max(self.phase, 0) + 1

    def go_to(self, time: int) -> None:
        """Show another moment."""
        self.running, self.phase = False, -1
        self.lab.go_to(time)
        self.message = self.lab.problem

    def _toggle(self) -> None:
        self.running = not self.running

    def _close(self) -> None:
        self.done = True

    def _help(self) -> None:
        self.help = not self.help

    def _save(self) -> None:
        if self.save is not None:
            try:
                self.message = self.save()
            except DataError as error:  # the run goes on
                self.message = str(error)

    def _nudge(self, direction: int) -> None:
        assert self.picked is not None
        layer, to, source = self.picked
        value = float(self.lab.record.layers[layer].weight[to, source]) + 0.1 * direction
        if not math.isfinite(value):
            self.message = "the weight is no number: go back in time first"
            return
        self.lab.set_weight(layer, to, source, value)
        self.message = f"layer {layer + 1}, {source + 1} → {to + 1}: weight {number(value)}; the run branches here"

    def change(self, **knobs: Any) -> None:
        """Turn knobs of the playground; what is refused is said."""
        if self.playground is None:
            self.message = "the model comes from outside: its layers and data stay as they are"
            return
        try:
            self.playground.change(**knobs)
        except ValueError as error:
            self.message = str(error)
            return
        self.lab, self.phase, self.picked, self.message = self.playground.lab, -1, None, ""
        if self.sample is not None and self.sample >= len(self.lab.x):
            self.sample = None

    def _reset(self) -> None:
        self.running = False
        if self.playground is None:
            self.go_to(0)
        else:
            self.change(seed=self.playground.choice.seed)

    def _cycle(self, knob: str, values: tuple[str, ...]) -> None:
        if self.playground is not None:
            now = getattr(self.playground.choice, knob)
            self.sample = None
            self.change(**{knob: values[(values.index(now) + 1) % len(values) if now in values else 0]})

    def _skip(self) -> None:
        if self.playground is not None:
            self.change(skip=not self.playground.choice.skip)

    def _rate(self, factor: float) -> None:
        if self.playground is not None:
            self.change(lr=self.playground.choice.lr * factor)

    def _activation(self, name: str) -> None:
        if self.playground is not None:
            self.change(activations=(name,) * len(self.playground.choice.hidden))

    def _layers(self, by: int) -> None:
        if self.playground is not None:
            hidden = self.playground.choice.hidden
            self.change(hidden=(*hidden, hidden[-1] if hidden else 4) if by > 0 else hidden[:-1])

    def _nodes(self, layer: int, by: int) -> None:
        if self.playground is not None:
            hidden = list(self.playground.choice.hidden)
            hidden[layer] += by
            self.change(hidden=tuple(hidden))

    # --- what lies where

    def node_at(self, point: tuple[int, int]) -> tuple[int, int] | None:
        """Return the column and number of the node at `point`."""
        for column, places in enumerate(self._places):
            for i, (x, y, r) in enumerate(places):
                if math.hypot(x - point[0], y - point[1]) <= r + 2:
                    return column, i
        return None

    def edge_at(self, point: tuple[int, int]) -> tuple[int, int, int] | None:
        """Return (layer, to, source) of the edge nearest to `point`, within six pixels."""
        best, near = None, 6.0
        for layer in range(len(self._places) - 1):
            start = np.array(self._places[layer])[None, :, :2]
            along = np.array(self._places[layer + 1])[:, None, :2] - start
            t = ((np.array(point) - start) * along).sum(-1) / (along**2).sum(-1)
            gap = np.hypot(*np.moveaxis(start + t[..., None] * along - point, -1, 0))
            gap = np.where((t > 0.05) & (t < 0.95), gap, np.inf)
            i = int(gap.argmin())
            if gap.flat[i] < near:
                near, best = float(gap.flat[i]), (layer, *(int(k) for k in np.unravel_index(i, gap.shape)))
        return best  # type: ignore[return-value]

    def _sample_at(self, point: tuple[int, int]) -> int | None:
        x, y, side = self._plane
        if not (x <= point[0] < x + side and y <= point[1] < y + side) or self.lab.x.shape[1:] != (2,):
            return None
        where = self._on_plane(self.lab.x)
        gap = np.hypot(where[:, 0] - point[0], where[:, 1] - point[1])
        i = int(gap.argmin())
        return i if gap[i] < 10 and i != self.sample else None

    def _on_plane(self, points: np.ndarray) -> np.ndarray:
        x, y, side = self._plane
        return np.column_stack([x + (points[:, 0] + 1.3) / 2.6 * side, y + (1.3 - points[:, 1]) / 2.6 * side])

    # --- drawing

    def refresh(self, stage: ui.Stage) -> None:
        """Take the next step of a run and draw; do nothing if nothing has changed."""
        if self.running:
            self.step()
        if self.running or self._stale:
            self._stale = False
            self.draw(stage)

    def draw(self, stage: ui.Stage) -> None:
        """Draw everything."""
        # Where a run diverges, numbers overflow; the message says so.
        with np.errstate(over="ignore", invalid="ignore"):
            self._draw_all(stage)

    def _draw_all(self, stage: ui.Stage) -> None:
        width, height = stage.size
        stage.clear()
        self._buttons.clear()
        # A small window gets a smaller panel, below the buttons if they need its room.
        side = max(90, min(290, int(0.27 * width), int(0.42 * height)))
        panel = width - side - 40
        end = self._draw_header(stage, panel)
        top = 40 if end < panel + 10 else 84
        self._lay_out(panel, height)
        self._draw_edges(stage)
        self._draw_nodes(stage)
        self._draw_plane(stage, panel + 20, top, side)
        room = max(40, (height - top - side - 130) // 2)
        self._draw_loss(stage, panel + 20, top + side + 40, side, room)
        self._draw_norms(stage, panel + 20, top + side + room + 75, side, room)
        self._draw_footer(stage, height)
        self._draw_tip(stage)
        if self.help:
            self._draw_help(stage)

    def _button(self, stage: ui.Stage, x: int, y: int, label: str, act: Callable[[], None], on: bool = False) -> int:
        w = stage.text_size(label, 13)[0] + 14
        stage.rectangle((x, y), (w, 24), _INK if on else (255, 255, 255), round_by=4)
        stage.rectangle((x, y), (w, 24), _INK if on else _LINE, 1, round_by=4)
        stage.text(label, (x + w / 2, y + 12), (255, 255, 255) if on else _INK, 13, "center")
        self._buttons.append(_Button((x, y), (w, 24), label, act, on))
        return x + w + 6

    def _draw_header(self, stage: ui.Stage, panel: int) -> int:
        """Draw the buttons and what the marks mean; return where the buttons end."""
        x = 12
        legend = "blue below 0, red above   node: activation, ring delta   edge: gradient, width weight"
        if self.playground is None:
            stage.text("minigrad: gradients of your model", (x, 12), size=15, bold=True)
            stage.text(legend, (12, 38), _MUTED, 12)
            return 300
        choice = self.playground.choice
        for name in ACTIVATIONS:
            on = bool(choice.activations) and all(a == name for a in choice.activations)
            x = self._button(stage, x, 8, _LABELS[name], lambda name=name: self._activation(name), on)  # type: ignore[misc]
        x += 12
        for name in DATA:
            x = self._button(stage, x, 8, name, lambda name=name: self.change(data=name), choice.data == name)  # type: ignore[misc]
        x += 12
        x = self._button(stage, x, 8, "+ layer", lambda: self._layers(1))
        x = self._button(stage, x, 8, "− layer", lambda: self._layers(-1))
        x = self._button(stage, x, 8, "skip", self._skip, choice.skip)
        words = f"init {choice.init}   {choice.optimizer}   learning rate {choice.lr:.3g}"
        stage.text(words, (12, 38), size=12)
        begin = 36 + stage.text_size(words, 12)[0]
        if begin + stage.text_size(legend, 12)[0] < panel:
            stage.text(legend, (begin, 38), _MUTED, 12)
        return x

    def _lay_out(self, panel: int, height: int) -> None:
        widths = self.lab.widths
        step = (panel - 120) / max(1, len(widths) - 1)
        self._places = []
        for column, n in enumerate(widths):
            gap = min(84.0, (height - 190) / n)
            middle = 80 + (height - 150) / 2
            radius = min(18.0, gap * 0.4, step * 0.35)
            self._places.append([(60 + column * step, middle + (i - (n - 1) / 2) * gap, radius) for i in range(n)])

    def _forward(self, column: int) -> bool:
        return self.phase < 0 or column <= self.phase

    def _backward(self, layer: int) -> bool:
        n = len(self.lab.record.layers)
        return self.phase < 0 or self.phase > n + (n - 1 - layer)

    def _grads(self, layer: int) -> np.ndarray:
        """Return dL/dw of a layer, of the batch or of the sample: delta times activation."""
        view = self.lab.record.layers[layer]
        if self.sample is None:
            return view.weight_grad
        n = len(view.inputs)
        grads: np.ndarray = n * view.deltas[self.sample][:, None] * view.inputs[self.sample][None, :]
        return grads

    def _draw_edges(self, stage: ui.Stage) -> None:
        for index, layer in enumerate(self.lab.record.layers):
            grads = self._grads(index)
            top, steep = float(np.abs(layer.weight).max()), float(np.abs(grads).max())
            shades = colors(grads, steep)
            lit, seen = self._backward(index), self._forward(index + 1)
            for to in range(layer.weight.shape[0]):
                for source in range(layer.weight.shape[1]):
                    start, end = self._places[index][source][:2], self._places[index + 1][to][:2]
                    faint = not lit or not abs(grads[to, source]) >= 0.02 * steep
                    color = (214, 214, 214) if faint else tuple(int(c) for c in shades[to, source])
                    wide = 0.5 + 4.5 * share(layer.weight[to, source], top) if seen else 1.0
                    if self.picked == (index, to, source):
                        stage.line(start, end, _INK, wide + 4)
                    stage.line(start, end, color, wide)  # type: ignore[arg-type]
            if self.phase >= 0 and lit and layer.weight.size <= 24:
                self._number_edges(stage, index, grads)

    def _number_edges(self, stage: ui.Stage, index: int, grads: np.ndarray) -> None:
        """Write each gradient on its edge, at the first place from its middle out that no other number takes."""
        taken: list[tuple[float, float]] = []
        for to, source in np.ndindex(grads.shape):
            start, end = np.array(self._places[index][source][:2]), np.array(self._places[index + 1][to][:2])
            words = number(float(grads[to, source]))
            w, h = stage.text_size(words, 10)
            places = [start + (end - start) * t for t in _ALONG]
            free = [p for p in places if all(abs(p[0] - x) > w + 2 or abs(p[1] - y) > h for x, y in taken)]
            x, y = (float(v) for v in (free or places)[0])
            taken.append((x, y))
            stage.rectangle((x - w / 2 - 1, y - h / 2), (w + 2, h), (255, 255, 255))
            stage.text(words, (x, y), size=10, align="center")

    def _shown(self, values: np.ndarray) -> np.ndarray:
        shown: np.ndarray = values.mean(axis=0) if self.sample is None else values[self.sample]
        return shown

    def _delta(self, column: int) -> np.ndarray:
        deltas = self.lab.record.layers[column - 1].deltas
        n = len(deltas)
        shown: np.ndarray = n * np.sqrt((deltas**2).mean(axis=0)) if self.sample is None else n * deltas[self.sample]
        return shown

    def _draw_nodes(self, stage: ui.Stage) -> None:
        columns = [self._shown(a) for a in self.lab.record.activations]
        scale = max(float(np.abs(c).max()) for c in columns)
        for column, values in enumerate(columns):
            fills = colors(values, scale)
            deltas = self._delta(column) if column and self._backward(column - 1) else np.zeros(len(values))
            steep = float(np.abs(deltas).max())
            rings = colors(deltas, steep)
            for i, (x, y, r) in enumerate(self._places[column]):
                ring = tuple(int(c) for c in rings[i]) if deltas[i] else _MUTED
                stage.circle((x, y), r + 1 + r / 6 * share(deltas[i], steep), ring)  # type: ignore[arg-type]
                seen = self._forward(column)
                fill: Any = tuple(int(c) for c in fills[i]) if seen else (255, 255, 255)
                stage.circle((x, y), r, fill)
                if r > 11 and seen:
                    stage.text(f"{values[i]:.2f}" if abs(values[i]) < 100 else "…", (x, y), on(fill), 10, "center")
            self._draw_caption(stage, column, len(columns))

    def _draw_caption(self, stage: ui.Stage, column: int, n: int) -> None:
        x = self._places[column][0][0]
        hidden = 0 < column < n - 1
        words = "inputs" if column == 0 else "output" if column == n - 1 else f"layer {column}"
        if hidden and self.playground is not None:
            words = self.playground.choice.activations[column - 1]
            if n <= 12:
                self._button(stage, int(x) - 28, stage.size[1] - 92, "−", lambda: self._nodes(column - 1, -1))
                self._button(stage, int(x) + 4, stage.size[1] - 92, "+", lambda: self._nodes(column - 1, 1))
        if n <= 12 or not hidden:
            stage.text(words, (x, 66), _MUTED, 11, "center")

    def _draw_plane(self, stage: ui.Stage, x: int, y: int, side: int) -> None:
        stage.text("decision", (x, y - 20), _MUTED, 12)
        self._plane = (x, y, side)
        if self.lab.x.shape[1:] != (2,) or self.lab.record.outputs.shape[1] != 1:
            stage.text("(shown for two inputs and one output)", (x, y + 10), _MUTED, 11)
            return
        ticks = np.linspace(-1.3, 1.3, _MAP)
        grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
        chance = self.lab.predict(grid)[:, 0].reshape(_MAP, _MAP)
        stage.image(colors(2 * chance[::-1] - 1, 1.6), (x, y), (side, side))
        classes = np.asarray(self.lab.y).reshape(len(self.lab.x), -1)[:, 0] > 0.5
        for i, (px, py) in enumerate(self._on_plane(self.lab.x)):
            stage.circle((px, py), 6 if i == self.sample else 4, _INK if i == self.sample else (255, 255, 255))
            color = _RED if classes[i] else _BLUE
            stage.circle((px, py), 3, tuple(int(c) for c in color))  # type: ignore[arg-type]

    def _draw_loss(self, stage: ui.Stage, x: int, y: int, w: int, h: int) -> None:
        losses = np.array(self.lab.losses, float)
        finite = losses[np.isfinite(losses)]
        top = max(float(finite.max()), 1e-12) if finite.size else 1.0
        stage.text(
            f"loss {number(self.lab.record.loss)}  at step {self.lab.time} of {len(losses) - 1}",
            (x, y - 20),
            _MUTED,
            12,
        )
        stage.rectangle((x, y), (w, h), _LINE, 1)
        rows = np.unique(np.linspace(0, len(losses) - 1, min(len(losses), w)).astype(int))
        last = max(1, len(losses) - 1)
        points = [(x + w * i / last, y + h - h * losses[i] / top) for i in rows if math.isfinite(losses[i])]
        stage.polyline(points, _BAR, 2)
        now = x + w * self.lab.time / last
        stage.line((now, y), (now, y + h), _INK)

    def _draw_norms(self, stage: ui.Stage, x: int, y: int, w: int, h: int) -> None:
        norms = np.array([layer.grad_norm for layer in self.lab.record.layers])
        stage.text("gradient norm of each layer, 1e-12 to 100", (x, y - 20), _MUTED, 12)

        def level(value: float) -> float:
            return y + h - h * (min(max(math.log10(max(value, 1e-12)), -12), 2) + 12) / 14

        for power in (-12, -8, -4, 0):
            stage.line((x, level(10.0**power)), (x + w, level(10.0**power)), _LINE)
        cell = w / len(norms)
        for i, norm in enumerate(norms):
            bad = not math.isfinite(norm) or norm < 1e-4 * norms[-1] or norm > 1e3 or norm == 0
            top = level(float(norm) if math.isfinite(norm) else 100.0)
            stage.rectangle((x + i * cell + 2, top), (max(1, cell * 0.7), y + h - top), _ACCENT if bad else _BAR)
            if len(norms) <= 20:
                stage.text(str(i + 1), (x + (i + 0.4) * cell, y + h + 8), _MUTED, 10, "center")
        sigmoid = self.playground is not None and set(self.playground.choice.activations) == {"sigmoid"}
        if sigmoid and math.isfinite(norms[-1]):
            # Each sigmoid passes at most a quarter of what arrives.
            bound = [(x + (i + 0.4) * cell, level(norms[-1] * 0.25 ** (len(norms) - 1 - i))) for i in range(len(norms))]
            for start, end in pairwise(np.array(bound)):
                for dash in range(3):
                    stage.line(start + (end - start) * dash / 3, start + (end - start) * (dash + 0.6) / 3, _INK)

    def _draw_footer(self, stage: ui.Stage, height: int) -> None:
        n = len(self.lab.record.layers)
        if self.phase >= 0:
            words = (
                f"forward: layer {self.phase} of {n}"
                if self.phase <= n
                else f"backward: layer {2 * n - self.phase + 1} of {n}"
            )
            stage.text(
                words + ("; numbers on the edges are δ·a" if self.phase > n else ""),
                (12, height - 62),
                size=13,
                bold=True,
            )
        dead = sum(self.lab.dead_nodes())
        parts = [f"{self.lab.n_parameters} parameters"]
        if self.playground is not None:
            parts.append(f"accuracy {100 * self.playground.accuracy:.1f}%")
        parts += [f"sample {self.sample + 1}" if self.sample is not None else "mean of the batch"]
        parts += [f"{dead} dead nodes"] if dead else []
        facts = "   ".join(parts)
        stage.text(facts, (12, height - 42), size=13)
        stage.text(self.message, (40 + stage.text_size(facts, 13)[0], height - 41), _ACCENT, 12)
        keys = "SPACE step   B phases   ENTER run   1 2 3 activation   ← → time   R reset   S save   ? help   Q close"
        stage.text(keys, (12, height - 22), _MUTED, 12)

    def _draw_tip(self, stage: ui.Stage) -> None:
        node = self.node_at(self.pointer)
        edge = self.edge_at(self.pointer) if node is None else None
        if node is not None:
            self._box(stage, self.describe_node(*node))
        elif edge is not None:
            self._box(stage, self.describe_edge(*edge))

    def _box(self, stage: ui.Stage, lines: list[str]) -> None:
        w = max(stage.text_size(line, 12)[0] for line in lines) + 16
        h = 17 * len(lines) + 10
        x = min(self.pointer[0] + 14, stage.size[0] - w - 4)
        y = min(self.pointer[1] + 14, stage.size[1] - h - 4)
        stage.rectangle((x, y), (w, h), (255, 255, 255), round_by=4)
        stage.rectangle((x, y), (w, h), _MUTED, 1, round_by=4)
        for i, line in enumerate(lines):
            stage.text(line, (x + 8, y + 5 + 17 * i), size=12)

    def describe_node(self, column: int, i: int) -> list[str]:
        """Return what is said of a node: activation, sum, delta, and its layer."""
        record = self.lab.record
        lines = [f"input {i + 1}" if column == 0 else f"layer {column}, node {i + 1}"]
        lines.append(f"activation {number(float(self._shown(record.activations[column])[i]))}")
        if column == 0:
            return lines
        layer = record.layers[column - 1]
        lines.append(f"sum z {number(float(self._shown(layer.sums)[i]))}")
        if self.sample is not None and layer.inputs.shape[1] <= 8:
            terms = zip(layer.weight[i], layer.inputs[self.sample], strict=True)
            lines += [f"   {'=' if k == 0 else '+'} {number(w)} × {number(a)}" for k, (w, a) in enumerate(terms)]
            lines.append(f"   + {number(float(layer.bias[i]))}")
        lines.append(f"delta dL/dz {number(float(self._delta(column)[i]))}")
        lines.append(f"layer's gradient norm {number(layer.grad_norm)}")
        return lines

    def describe_edge(self, layer: int, to: int, source: int) -> list[str]:
        """Return what is said of an edge: weight and gradient, with its two factors."""
        view = self.lab.record.layers[layer]
        lines = [f"layer {layer + 1}: {source + 1} → {to + 1}", f"weight {number(float(view.weight[to, source]))}"]
        lines.append(f"dL/dw {number(float(self._grads(layer)[to, source]))}")
        if self.sample is not None:
            delta, a = float(self._delta(layer + 1)[to]), float(view.inputs[self.sample, source])
            lines.append(f"   = δ·a = {number(delta)} × {number(a)}")
        return lines

    def _draw_help(self, stage: ui.Stage) -> None:
        w, h = 560, 24 * len(_KEYS) + 40
        x, y = (stage.size[0] - w) // 2, (stage.size[1] - h) // 2
        stage.rectangle((x, y), (w, h), (255, 255, 255), round_by=6)
        stage.rectangle((x, y), (w, h), _MUTED, 1, round_by=6)
        for i, (keys, words) in enumerate(_KEYS):
            stage.text(keys, (x + 20, y + 20 + 24 * i), size=13, bold=True)
            stage.text(words, (x + 210, y + 20 + 24 * i), size=13)
