"""The camera: from the world, y up, to the screen, y down, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from minigrad.linalg import Transform2D
from minigrad.projects.vector_graphics._scene import Point

__all__ = ["Camera"]

_NEAR, _FAR = 2.0, 4000.0  # pixels per unit of the world


@dataclass(frozen=True)
class Camera:
    """Which point of the world is in the middle, and how many pixels a unit is.

    Attributes
    ----------
    x, y : float
    zoom : float
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 64.0

    def view(self, size: tuple[int, int]) -> Transform2D:
        """Return the matrix from the world to a screen of this size."""
        middle = Transform2D.translation(size[0] / 2, size[1] / 2)
        return middle @ Transform2D.scaling(self.zoom, -self.zoom) @ Transform2D.translation(-self.x, -self.y)

    def to_world(self, position: tuple[float, float], size: tuple[int, int]) -> Point:
        """Return the point of the world under a pixel: the inverse matrix's work."""
        x, y = self.view(size).inverse().apply([position])[0].tolist()
        return x, y

    def panned(self, dx: float, dy: float) -> Camera:
        """Return the camera after the world was dragged by pixels."""
        return replace(self, x=self.x - dx / self.zoom, y=self.y + dy / self.zoom)

    def zoomed(self, factor: float, position: tuple[float, float], size: tuple[int, int]) -> Camera:
        """Return the camera nearer or farther, with the point under a pixel where it was."""
        nearer = replace(self, zoom=min(max(self.zoom * factor, _NEAR), _FAR))
        (x0, y0), (x1, y1) = self.to_world(position, size), nearer.to_world(position, size)
        return replace(nearer, x=self.x + x0 - x1, y=self.y + y0 - y1)
