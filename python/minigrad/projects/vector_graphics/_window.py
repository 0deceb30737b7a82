"""The window: what the keys and the mouse do, and what one frame shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from minigrad import ui
from minigrad.linalg import Transform2D
from minigrad.projects.vector_graphics._camera import Camera
from minigrad.projects.vector_graphics._motion import Ease, Hands, Player
from minigrad.projects.vector_graphics._paint import COLORS, Painter
from minigrad.projects.vector_graphics._panel import WIDTH, Panel, edited, value_of
from minigrad.projects.vector_graphics._scene import History, Point, Pose, Scene, Shape, can_invert
from minigrad.projects.vector_graphics._shapes import KINDS, drawn, make, polygon

__all__ = ["FIRST_LINE", "SIZE", "View"]

SIZE = (1240, 740)
FIRST_LINE = "Press R to rotate, S to scale, arrow keys to move"

_STEP = 1 / 60  # seconds

_HELD = {
    "r": ("turn", 1.0),
    "s": ("grow", 1.0),
    "x": ("shear", 1.0),
    "left": ("x", -1.0),
    "right": ("x", 1.0),
    "up": ("y", 1.0),
    "down": ("y", -1.0),
}
_SIDES = ("3", "4", "5", "6", "7", "8", "9")
_HELP = (
    ("R  S  X", "hold: rotate, scale, shear; with SHIFT the other way"),
    ("ARROWS", "hold: move"),
    ("F  I", "reflect; replace the matrix by its inverse"),
    ("SPACE  H", "ease to the stored pose; store this one"),
    ("N   3 … 9", "next kind of shape; a polygon with so many sides"),
    ("D", "draw: click points, ENTER closes"),
    ("TAB  click", "select; SHIFT+click and CTRL+A make a group"),
    ("drag  wheel", "move a shape, or the view; zoom"),
    ("P", "pivot to the mouse; with SHIFT back"),
    ("click a number", "type another, ENTER; the wheel nudges it"),
    ("K  ENTER", "add a keyframe; play or pause"),
    ("M  G", "matrix panel; grid"),
    ("Z  Y  DEL", "undo, redo; remove"),
    ("CTRL+S CTRL+O  E", "save, load the scene; export SVG, PNG, GIF"),
    ("A", "Asteroids"),
    ("Q", "close"),
)


@dataclass
class View:
    """A scene on a stage: the user's hands, the time, the camera.

    Attributes
    ----------
    scene : Scene
    camera : Camera
    panel : Panel
    shows_panel, shows_grid : bool
    message : str
    done, wants_game : bool
        Whether the window is to close, and the game to begin.
    save : callable or None
        Write a file and return what to say.
    export : callable or None
        Write files in steps, and yield what to say after each.
    load : callable or None
        Return the scene and the camera that `save` wrote.
    """

    scene: Scene
    camera: Camera = field(default_factory=Camera)
    panel: Panel = field(default_factory=Panel)
    shows_panel: bool = True
    shows_grid: bool = True
    shows_help: bool = False
    message: str = FIRST_LINE
    done: bool = False
    wants_game: bool = False
    save: Callable[[], str] | None = None
    export: Callable[[], Iterator[str]] | None = None
    load: Callable[[], tuple[Scene, Camera]] | None = None
    history: History = field(default_factory=History)
    hands: Hands = field(default_factory=Hands)
    player: Player | None = None
    _ease: Ease | None = None
    _outline: list[Point] | None = None
    _exporting: Iterator[str] | None = None
    _pointer: tuple[int, int] = (0, 0)
    _drag: str = ""
    _size: tuple[int, int] = SIZE

    @property
    def world_size(self) -> tuple[int, int]:
        """The size of the part that shows the world."""
        return self._size[0] - (WIDTH if self.shows_panel else 0), self._size[1]

    # --- time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        if self.player is not None:
            self.player.advance(seconds)
        if self._ease is not None:
            self.scene = self._ease.advance(self.scene, seconds)
            if self._ease.done:
                self._ease = None
        self._drive(seconds)

    @property
    def exporting(self) -> bool:
        """Whether an export has begun and not ended."""
        return self._exporting is not None

    def work(self) -> None:
        """Do one step of an export, if there is one."""
        if self._exporting is None:
            return
        try:
            self.message = next(self._exporting)
        except StopIteration:
            self._exporting = None
        except ValueError as error:
            self.message, self._exporting = str(error), None

    def _drive(self, seconds: float) -> None:
        """Let the hands work for some time."""
        ways, scene = self.hands.advance(seconds), self.scene
        if "turn" in ways:
            scene = scene.turned(ways["turn"])
        if "grow" in ways:
            scene = scene.grown(2.0 ** ways["grow"])
        if "shear" in ways:
            scene = scene.sheared(ways["shear"])
        if "x" in ways or "y" in ways:
            scene = scene.moved(ways.get("x", 0.0), ways.get("y", 0.0))
        self.scene = scene

    def _settle(self) -> None:
        """Bring everything to rest: the film where it is, the way to a pose and the hands at their ends."""
        if self.player is not None:
            poses = {
                shape.number: Pose.of(Transform2D(matrix), shape.pivot)
                for shape, matrix in zip(self.scene.shapes, self.player.matrices(), strict=True)
            }
            self.player = None
            self.scene = self.scene.posed(poses)
        if self._ease is not None:
            self.scene, self._ease = self.scene.posed(self._ease.goals), None
        self.hands.release_all()
        while self.hands.busy:
            self._drive(_STEP)

    def _change(self, scene: Scene) -> None:
        self.history.note(self.scene)
        self.scene = scene

    # --- events

    def answers_to(self, event: ui.Event) -> bool:
        """Whether a key does anything."""
        if event.control:
            return event.key in self._chords
        return event.key in _HELD or event.key in _SIDES or event.key in self._taps(event.shift)

    @property
    def known_keys(self) -> str:
        """The keys that do something, for a person to read."""
        return " ".join([*_HELD, f"{_SIDES[0]}-{_SIDES[-1]}", *self._taps(False), *(f"ctrl+{k}" for k in self._chords)])

    def handle(self, event: ui.Event) -> None:
        """Act on one event."""
        if event.kind == "quit":
            self.done = True
        elif event.kind == "key":
            self._key(event)
        elif event.kind == "keyup":
            self.hands.release(event.key)
        elif event.kind == "wheel":
            self._wheel(event)
        elif event.kind == "press":
            self._pointer = event.position
            self._press(event)
        elif event.kind == "release":
            self._drag = ""
        elif event.kind == "move":
            self._move(event)

    def _key(self, event: ui.Event) -> None:
        key = event.key
        if self.panel.cell and self._typed(key):
            return
        if event.control:
            self._chords.get(key, lambda: None)()
        elif key in _HELD:
            self._hold(key, event.shift)
        elif key in _SIDES:
            self._add(make(polygon(int(key)), len(self.scene.shapes)))
        else:
            self._taps(event.shift).get(key, lambda: None)()

    @property
    def _chords(self) -> dict[str, Callable[[], None]]:
        return {"s": self._save, "o": self._load, "z": self._undo, "y": self._redo, "a": self._choose_all}

    def _taps(self, shift: bool) -> dict[str, Callable[[], None]]:
        return {
            "f": lambda: self._act(Scene.reflected),
            "i": self._invert,
            "space": self._go_home,
            "h": lambda: self._act(lambda s: s.changed(lambda shape: replace(shape, home=shape.pose))),
            "n": lambda: self._add(make(KINDS[len(self.scene.shapes) % len(KINDS)](), len(self.scene.shapes))),
            "d": self._draw_own,
            "tab": lambda: self._select(self.scene.choosing_next(-1 if shift else 1)),
            "delete": lambda: self._act(Scene.without_chosen),
            "backspace": lambda: self._act(Scene.without_chosen),
            "p": lambda: self._set_pivot(None if shift else self._pointer),
            "m": lambda: self._toggle("shows_panel"),
            "g": lambda: self._toggle("shows_grid"),
            "?": lambda: self._toggle("shows_help"),
            "z": self._redo if shift else self._undo,
            "y": self._redo,
            "k": self._clear_keyframes if shift else self._keyframe,
            "return": self._enter,
            "e": self._export,
            "a": self._play_game,
            "+": lambda: self._zoom(1.25),
            "=": lambda: self._zoom(1.25),
            "-": lambda: self._zoom(0.8),
            "0": lambda: setattr(self, "camera", Camera()),
            "q": self._close,
            "escape": self._escape,
        }

    def _typed(self, key: str) -> bool:
        """Let a key go into the cell being edited; return whether it did."""
        if key in ("return", "escape", "tab"):
            self.panel.end()
            return key != "tab"
        value = self.panel.type(key)
        if value is not None:
            self._edit(self.panel.cell, value)
        return True

    def _edit(self, cell: str, value: float) -> None:
        """Set a number of the first selected shape: the shape follows at once."""
        shape = self.scene.chosen[0]
        try:
            new = edited(shape, cell, value)
        except ValueError as error:
            self.message = str(error)
            return
        self.scene = self.scene.posed({shape.number: new.pose})
        if not can_invert(new.transform):
            self.message = "the determinant is 0: this matrix has no inverse"

    def _hold(self, key: str, shift: bool) -> None:
        if not self._any_chosen():
            return
        if not self.hands.busy:
            self._settle()
            self.history.note(self.scene)
        what, sign = _HELD[key]
        self.hands.press(key, what, -sign if shift and what not in "xy" else sign)

    # --- the mouse

    def _press(self, event: ui.Event) -> None:
        self.panel.end()
        if event.position[0] >= self.world_size[0]:
            cell = self.panel.at(event.position)
            if cell and self.scene.chosen:
                self._settle()
                self.history.note(self.scene)
                self.panel.begin(cell)
            return
        if event.button != 1:
            self._drag = "view"
            return
        point = self.camera.to_world(event.position, self.world_size)
        if self._outline is not None:
            self._outline.append(point)
            self.message = f"{len(self._outline)} points; ENTER closes the shape"
            return
        self._pick(point, event.shift)

    def _pick(self, point: Point, more: bool) -> None:
        self._settle()
        shape = self.scene.at(point)
        if shape is None:
            self._drag = "view"
            if not more:
                self._select(self.scene.choosing(()))
            return
        chosen = self.scene.selected
        if more:
            self._select(self.scene.choosing(chosen ^ {shape.number}))
        elif shape.number not in chosen:
            self._select(self.scene.choosing({shape.number}))
        self._drag = "shape"

    def _move(self, event: ui.Event) -> None:
        before, self._pointer = self._pointer, event.position
        dx, dy = event.position[0] - before[0], event.position[1] - before[1]
        if self._drag == "view":
            self.camera = self.camera.panned(dx, dy)
        elif self._drag.startswith("shape") and self.scene.selected and (dx or dy):
            if self._drag == "shape":
                self.history.note(self.scene)
                self._drag = "shape moves"
            self.scene = self.scene.moved(dx / self.camera.zoom, -dy / self.camera.zoom)

    def _wheel(self, event: ui.Event) -> None:
        cell = self.panel.at(event.position) if event.position[0] >= self.world_size[0] else ""
        if cell and self.scene.chosen:
            self._settle()
            now = value_of(self.scene.chosen[0], cell)
            if now is not None:
                self.history.note(self.scene)
                self._edit(cell, now + event.button * (5.0 if cell == "degrees" else 0.1))
        elif event.position[0] < self.world_size[0]:
            factor = 1.15 if event.button > 0 else 1 / 1.15
            self.camera = self.camera.zoomed(factor, event.position, self.world_size)

    # --- actions

    def _any_chosen(self) -> bool:
        if not self.scene.chosen:
            self.message = "nothing is selected: click a shape, or press TAB"
        return bool(self.scene.chosen)

    def _act(self, action: Callable[[Scene], Scene]) -> None:
        if self._any_chosen():
            self._settle()
            self._change(action(self.scene))

    def _select(self, scene: Scene) -> None:
        self._settle()
        self.scene = replace(self.scene, selected=scene.selected)
        names = [shape.name for shape in self.scene.chosen]
        self.message = f"selected: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}" if names else ""

    def _choose_all(self) -> None:
        self._select(self.scene.choosing(shape.number for shape in self.scene.shapes))

    def _add(self, shape: Shape) -> None:
        self._settle()
        x, y = self.camera.to_world((self.world_size[0] / 2, self.world_size[1] / 2), self.world_size)
        if shape.name != "drawing":
            shape = replace(shape, pose=Pose(x, y))
        self._change(self.scene.with_shape(shape))
        self.message = f"new: {shape.name}"

    def _ease_to(self, goals: dict[int, Pose]) -> None:
        self._settle()
        self.history.note(self.scene)
        self._ease = Ease(self.scene.chosen, goals)

    def _go_home(self) -> None:
        if self._any_chosen():
            self._ease_to({shape.number: shape.home for shape in self.scene.chosen})
            self.message = "back to the stored pose"

    def _invert(self) -> None:
        if not self._any_chosen():
            return
        flat = [shape.name for shape in self.scene.chosen if not can_invert(shape.transform)]
        if flat:
            self.message = f"{flat[0]}: the determinant is 0, so there is no inverse"
            return
        self._ease_to({s.number: Pose.of(s.transform.inverse(), s.pivot) for s in self.scene.chosen})
        self.message = "the inverse: what it does undoes the matrix that was"

    def _set_pivot(self, pixel: tuple[int, int] | None) -> None:
        if not self._any_chosen():
            return
        if pixel is None:
            homes = {s.number: s.transform.apply([[0.0, 0.0]])[0].tolist() for s in self.scene.chosen}
            self._act(lambda scene: _each_pivot(scene, homes))
            return
        point = self.camera.to_world(pixel, self.world_size)
        self._act(lambda scene: scene.with_pivot(point))
        self.message = f"pivot at ({point[0]:.2f}, {point[1]:.2f})"

    def _draw_own(self) -> None:
        self._settle()
        self._outline = [] if self._outline is None else None
        self.message = "click the points of a shape; ENTER closes it" if self._outline is not None else ""

    def _enter(self) -> None:
        if self._outline is not None:
            points, self._outline = self._outline, None
            if len(set(points)) < 3:
                self.message = f"a shape needs three points; got {len(set(points))}"
            else:
                self._add(drawn(points, len(self.scene.shapes)))
        elif self.player is not None:
            self.history.note(self.scene)
            self._settle()
            self.message = "stopped"
        elif len(self.scene.keyframes) < 2:
            self.message = "a film needs two keyframes: press K, move something, press K again"
        else:
            self._settle()
            self.player = Player(self.scene)
            self.message = f"playing {len(self.scene.keyframes)} keyframes; ENTER stops"

    def _keyframe(self) -> None:
        self._settle()
        self._change(self.scene.with_keyframe())
        count = len(self.scene.keyframes)
        self.message = f"keyframe {count} at {self.scene.keyframes[-1].seconds:g} s" + ("; ENTER plays" * (count > 1))

    def _clear_keyframes(self) -> None:
        self._settle()
        self._change(replace(self.scene, keyframes=()))
        self.message = "no keyframes"

    def _undo(self) -> None:
        self._settle()
        before = self.history.undo(self.scene)
        self.scene, self.message = (before, "undone") if before is not None else (self.scene, "nothing to undo")

    def _redo(self) -> None:
        self._settle()
        after = self.history.redo(self.scene)
        self.scene, self.message = (after, "done again") if after is not None else (self.scene, "nothing to redo")

    def _zoom(self, factor: float) -> None:
        middle = (self.world_size[0] / 2, self.world_size[1] / 2)
        self.camera = self.camera.zoomed(factor, middle, self.world_size)

    def _toggle(self, name: str) -> None:
        setattr(self, name, not getattr(self, name))

    def _save(self) -> None:
        if self.save is not None:
            self._settle()
            self._say(self.save)

    def _load(self) -> None:
        def load() -> str:
            assert self.load is not None
            scene, camera = self.load()
            self._change(scene)
            self.camera = camera
            return f"loaded {len(scene.shapes)} shapes"

        if self.load is not None:
            self._settle()
            self._say(load)

    def _export(self) -> None:
        if self.export is not None and not self.exporting:
            self._settle()
            self._exporting = self.export()

    def _say(self, action: Callable[[], str]) -> None:
        try:
            self.message = action()
        except ValueError as error:
            self.message = str(error)

    def _play_game(self) -> None:
        self.wants_game = self.done = True

    def _escape(self) -> None:
        if self._outline is not None:
            self._outline = None
        else:
            self.done = True

    def _close(self) -> None:
        self.done = True

    # --- drawing

    def draw(self, stage: ui.Stage, scale: float = 1.0, chrome: bool = True) -> None:
        """Draw one frame; without `chrome` the world alone, `scale` times as large."""
        if chrome:
            self._size = stage.size
        size = self.world_size if chrome else stage.size
        camera = replace(self.camera, zoom=self.camera.zoom * scale)
        paint = Painter(stage, camera.view(size), size, scale)
        stage.clear(COLORS["night"])
        matrices = self.scene.matrices if self.player is None else self.player.matrices()
        now = self._matrix_of_first(matrices)
        paint.grid()
        if now is not None and self.shows_grid:
            paint.moving_grid(now)
        paint.shapes(self.scene, matrices)
        if now is not None and self.shows_grid:
            paint.area(now)
            paint.eigenvectors(now)
            paint.basis(now)
            if self.player is None and self.scene.pivot is not None:
                paint.pivot(self.scene.pivot)
        if chrome:
            self._draw_outline(paint)
            self._draw_words(stage, size)
            if self.shows_panel:
                self.panel.draw(stage, size[0], size[1], self.scene.chosen, now if self.player else None)
            if self.shows_help:
                self._draw_help(stage, size)

    def _matrix_of_first(self, matrices: np.ndarray) -> Transform2D | None:
        return Transform2D(matrices[self.scene.places[0]]) if self.scene.places else None

    def _draw_outline(self, paint: Painter) -> None:
        if not self._outline:
            return
        places = paint.view.apply([*self._outline]).tolist()
        for p, q in zip(places, [*places[1:], self._pointer], strict=True):
            paint.line(p, q, COLORS["accent"], 2)
        for place in places:
            paint.stage.circle(place, 4, COLORS["accent"])

    def _draw_words(self, stage: ui.Stage, size: tuple[int, int]) -> None:
        for top, height, edge in ((0, 58, 57), (size[1] - 52, 52, size[1] - 52)):
            stage.rectangle((0, top), (size[0], height), COLORS["panel"])
            stage.rectangle((0, edge), (size[0], 1), COLORS["edge"])
        stage.text(FIRST_LINE, (16, 12), COLORS["ink"], 15, bold=True)
        if self.message != FIRST_LINE:
            stage.text(self.message, (16, 36), COLORS["accent"], 13)
        x, y = self.camera.to_world(self._pointer, size)
        where = f"screen ({self._pointer[0]}, {self._pointer[1]})   world ({x:.2f}, {y:.2f})"
        stage.text(where, (16, size[1] - 44), COLORS["muted"], 12)
        keys = "X shear   F flip   I inverse   SPACE home   N new   TAB select   P pivot   K keyframe   Z undo   ? all"
        stage.text(keys, (16, size[1] - 24), COLORS["muted"], 12)

    def _draw_help(self, stage: ui.Stage, size: tuple[int, int]) -> None:
        w, h = 560, 25 * len(_HELP) + 32
        x, y = (size[0] - w) / 2, (size[1] - h) / 2
        stage.rectangle((x, y), (w, h), COLORS["panel"], round_by=8)
        stage.rectangle((x, y), (w, h), COLORS["edge"], 1, round_by=8)
        for i, (keys, words) in enumerate(_HELP):
            stage.text(keys, (x + 22, y + 18 + 25 * i), COLORS["accent"], 13, bold=True)
            stage.text(words, (x + 180, y + 18 + 25 * i), COLORS["ink"], 13)


def _each_pivot(scene: Scene, places: dict[int, list[float]]) -> Scene:
    """Return the scene with the pivot of each shape at a place of its own."""
    shapes = []
    for shape in scene.shapes:
        if shape.number in places:
            x, y = places[shape.number]
            shape = replace(scene, selected=frozenset({shape.number})).with_pivot((x, y)).chosen[0]
        shapes.append(shape)
    return replace(scene, shapes=tuple(shapes))
