"""The matrix panel: nine numbers, the determinant, eigenvectors and factors, each of which can be edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from minigrad import ui
from minigrad.linalg import Transform2D
from minigrad.projects.vector_graphics._paint import COLORS, Color
from minigrad.projects.vector_graphics._scene import Pose, Shape, can_invert

__all__ = ["WIDTH", "Panel", "edited", "spoken", "value_of"]

WIDTH = 336

# The cells of the factors have the pose's own names; those of the matrix are m00 to m12.
_FACTORS = (
    ("T", "move", ("x", "y")),
    ("R", "turn", ("degrees",)),
    ("H", "shear", ("shear",)),
    ("S", "scale", ("scale_x", "scale_y")),
)
_LARGEST = 1e6


def spoken(value: float, digits: int = 3) -> str:
    """Write a number in at most nine characters."""
    if value == 0 or 10.0 ** (-digits) / 2 <= abs(value) < 1e5:
        return f"{value:.{digits}f}".replace("-0." + "0" * digits, "0." + "0" * digits)
    return f"{value:.2e}"


def value_of(shape: Shape, cell: str) -> float | None:
    """Return the number that a cell shows, or None if the shape has none."""
    if cell.startswith("m"):
        return float(shape.transform.matrix[int(cell[1]), int(cell[2])])
    if shape.pose.linear is not None and cell not in ("x", "y"):
        return None
    value: float = getattr(shape.pose, cell)
    return value


def edited(shape: Shape, cell: str, value: float) -> Shape:
    """Return the shape after a cell was set: the matrix follows its factors, or the factors the matrix.

    Raises
    ------
    ValueError
        If the number is too large, or the shape has no such factor.
    """
    if not abs(value) <= _LARGEST:
        raise ValueError(f"a number must be from -{_LARGEST:g} to {_LARGEST:g}; got {value:g}")
    if cell.startswith("m"):
        matrix = shape.transform.matrix.copy()
        matrix[int(cell[1]), int(cell[2])] = value
        return replace(shape, pose=Pose.of(Transform2D(matrix), shape.pivot))
    if value_of(shape, cell) is None:
        raise ValueError("this singular matrix has no such factors: edit its elements")
    factors = {**{name: getattr(shape.pose, name) for _, _, names in _FACTORS for name in names}, cell: value}
    return replace(shape, pose=Pose(**factors, linear=shape.pose.linear))


@dataclass
class Panel:
    """What the panel shows, and where its cells are.

    Attributes
    ----------
    cell : str
        The cell being edited, or empty.
    text : str
        What has been typed into it.
    """

    cell: str = ""
    text: str = ""
    _places: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)

    def at(self, position: tuple[int, int]) -> str:
        """Return the cell under a pixel, or an empty string."""
        for name, (x, y, w, h) in self._places.items():
            if x <= position[0] < x + w and y <= position[1] < y + h:
                return name
        return ""

    def begin(self, cell: str) -> None:
        """Start editing a cell, empty."""
        self.cell, self.text = cell, ""

    def end(self) -> None:
        """Stop editing."""
        self.cell, self.text = "", ""

    def type(self, key: str) -> float | None:
        """Take a key into the cell; return the number that it then holds, or None while it is none."""
        key = key.strip("[]")  # the keypad's digits
        if key == "backspace":
            self.text = self.text[:-1]
        elif key in "0123456789.-" and len(key) == 1 and len(self.text) < 10:
            self.text += key
        try:
            return float(self.text)
        except ValueError:
            return None

    # --- drawing

    def draw(self, stage: ui.Stage, left: int, height: int, chosen: Sequence[Shape], now: Transform2D | None) -> None:
        """Draw the panel for the first of the chosen shapes, whose matrix is `now` while a film plays."""
        self._places.clear()
        stage.rectangle((left, 0), (WIDTH, height), COLORS["panel"])
        stage.line((left, 0), (left, height), COLORS["edge"])
        x = left + 18
        if not chosen:
            stage.text("Nothing is selected", (x, 16), COLORS["ink"], 15, bold=True)
            stage.text("Click a shape, or press TAB.", (x, 42), COLORS["muted"], 13)
            return
        shape = chosen[0]
        transform = shape.transform if now is None else now
        title = shape.name if len(chosen) == 1 else f"{shape.name}, first of a group of {len(chosen)}"
        stage.text(title, (x, 14), COLORS["ink"], 15, bold=True)
        self._matrix(stage, x, 44, transform)
        self._determinant(stage, x, 166, transform)
        self._eigen(stage, x, 226, transform)
        if now is None:
            self._factors(stage, x, 306, shape)
        else:
            _draw_polar(stage, x, 306, now)

    def _box(self, stage: ui.Stage, name: str, x: float, y: float, w: float, value: float, color: Color) -> None:
        h = 28
        self._places[name] = (x, y, w, h)
        editing = name == self.cell
        stage.rectangle((x, y), (w, h), COLORS["night"], round_by=4)
        stage.rectangle((x, y), (w, h), COLORS["accent"] if editing else COLORS["edge"], 1, round_by=4)
        words = (self.text + "▏") if editing else spoken(value)
        stage.text(words, (x + w / 2, y + h / 2), COLORS["ink"] if editing else color, 14, "center")

    def _matrix(self, stage: ui.Stage, x: float, y: float, transform: Transform2D) -> None:
        heads = (("î goes to", COLORS["i"]), ("ĵ goes to", COLORS["j"]), ("origin to", COLORS["accent"]))
        for column, (words, color) in enumerate(heads):
            stage.text(words, (x + 12 + column * 94 + 44, y + 2), color, 11, "center")
            for row in range(2):
                value = float(transform.matrix[row, column])
                self._box(stage, f"m{row}{column}", x + 12 + column * 94, y + 12 + row * 33, 88, value, color)
            last = "1" if column == 2 else "0"
            stage.text(last, (x + 12 + column * 94 + 44, y + 92), COLORS["muted"], 14, "center")
        for side, sign in ((x + 4, 1), (x + 296, -1)):
            for p, q in (((0, 8), (0, 106)), ((0, 8), (6 * sign, 8)), ((0, 106), (6 * sign, 106))):
                stage.line((side + p[0], y + p[1]), (side + q[0], y + q[1]), COLORS["muted"], 2)

    def _determinant(self, stage: ui.Stage, x: float, y: float, transform: Transform2D) -> None:
        det = transform.determinant
        stage.text(f"det = {spoken(det)}", (x, y), COLORS["area"], 19, bold=True)
        if not can_invert(transform):
            words = "everything falls onto a line: no inverse"
        else:
            words = f"areas × {spoken(abs(det), 2)}" + (", turned over" if det < 0 else ", not turned over")
        stage.text(words, (x, y + 27), COLORS["muted"], 12)

    def _eigen(self, stage: ui.Stage, x: float, y: float, transform: Transform2D) -> None:
        values, vectors = transform.eigen()
        stage.text("eigenvectors", (x, y), COLORS["eigen"], 13, bold=True)
        lines = [
            f"λ = {spoken(v)}   along ({spoken(e[0])}, {spoken(e[1])})"
            for v, e in zip(values.real.tolist(), vectors.tolist(), strict=False)
        ]
        if not lines:
            re, im = values[0].real, abs(values[0].imag)
            lines = [f"λ = {spoken(re)} ± {spoken(im)} i", "no direction is kept: all of them turn"]
        elif len(lines) == 1:
            lines.append("only this direction is kept")
        for i, line in enumerate(lines):
            stage.text(line, (x, y + 20 + 18 * i), COLORS["ink"], 12)

    def _factors(self, stage: ui.Stage, x: float, y: float, shape: Shape) -> None:
        off = shape.pivot != (0.0, 0.0)
        words = "M = T P R H S P⁻¹" if off else "M = T R H S"
        stage.text(words, (x, y), COLORS["ink"], 15, bold=True)
        note = f"P: to ({shape.pivot[0]:.2f}, {shape.pivot[1]:.2f})" if off else "S acts first"
        stage.text(note, (x + stage.text_size(words, 15, True)[0] + 10, y + 3), COLORS["muted"], 11)
        if shape.pose.linear is not None:
            stage.text("a singular matrix that no shear explains:", (x, y + 30), COLORS["muted"], 12)
            stage.text("it has no such factors", (x, y + 48), COLORS["muted"], 12)
            return
        for i, (letter, words, names) in enumerate(_FACTORS):
            self._factor(stage, x, y + 28 + 82 * i, letter, words, names, shape.pose)

    def _factor(
        self, stage: ui.Stage, x: float, y: float, letter: str, words: str, names: Sequence[str], pose: Pose
    ) -> None:
        stage.text(letter, (x, y + 4), COLORS["accent"], 18, bold=True)
        stage.text(words, (x + 22, y + 8), COLORS["muted"], 12)
        for i, name in enumerate(names):
            self._box(stage, name, x + i * 84, y + 32, 78, getattr(pose, name), COLORS["ink"])
        if letter == "R":
            stage.text("degrees", (x + 86, y + 38), COLORS["muted"], 12)
        _draw_matrix(stage, x + 172, y + 4, _small(letter, pose))


def _draw_matrix(stage: ui.Stage, x: float, y: float, rows: Sequence[Sequence[str]]) -> None:
    """Draw a small matrix between brackets."""
    width, height = 46 * len(rows[0]) + 2, 20 * len(rows)
    for i, row in enumerate(rows):
        for k, words in enumerate(row):
            stage.text(words, (x + 24 + 46 * k, y + 10 + 20 * i), COLORS["ink"], 11, "center")
    for side, sign in ((x, 1), (x + width, -1)):
        stage.line((side, y), (side, y + height), COLORS["edge"], 1.2)
        for end in (y, y + height):
            stage.line((side, end), (side + 4 * sign, end), COLORS["edge"], 1.2)


def _draw_polar(stage: ui.Stage, x: float, y: float, transform: Transform2D) -> None:
    """Draw the polar factors, which change each by itself between keyframes."""
    degrees, stretch = transform.polar()
    stage.text("A = R G", (x, y), COLORS["ink"], 15, bold=True)
    stage.text("rotation, and a symmetric stretch", (x + 84, y + 3), COLORS["muted"], 11)
    stage.text("R", (x, y + 36), COLORS["accent"], 18, bold=True)
    stage.text(f"{degrees:.1f} degrees", (x + 30, y + 40), COLORS["ink"], 13)
    stage.text("G", (x, y + 80), COLORS["accent"], 18, bold=True)
    _draw_matrix(stage, x + 30, y + 72, [[spoken(v) for v in row] for row in stretch.tolist()])
    stage.text("each goes its way evenly: nothing collapses", (x, y + 130), COLORS["muted"], 12)


def _small(letter: str, pose: Pose) -> list[list[str]]:
    """Return one factor's matrix as it is written."""
    alone = {
        "T": Pose(x=pose.x, y=pose.y),
        "R": Pose(degrees=pose.degrees),
        "H": Pose(shear=pose.shear),
        "S": Pose(scale_x=pose.scale_x, scale_y=pose.scale_y),
    }[letter]
    matrix = alone.transform((0.0, 0.0)).matrix.tolist()
    return [[str(round(v)) if v in (0.0, 1.0) else spoken(v, 2) for v in row] for row in matrix]
