"""A picture and its history: commands in, scenes out, every one of them kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minigrad import datasets
from minigrad.projects.image_lab._commands import change, parse
from minigrad.projects.image_lab._scene import Scene
from minigrad.serialization import write_atomically

__all__ = ["Lab"]


class Lab:
    """A photograph, and the list of what was done to it.

    Parameters
    ----------
    photo : Photo
    name : str, default "picture"
        The file's name.
    """

    def __init__(self, photo: datasets.Photo, name: str = "picture") -> None:
        self.photo, self.name = photo, name
        first = Scene.of(photo.pixels)
        self._entries: list[tuple[str, Scene]] = [("", first)]
        self._at = 0
        self._rendered: tuple[Scene, np.ndarray] = (first, photo.pixels)

    @property
    def original(self) -> Scene:
        """The picture as it was read."""
        return self._entries[0][1]

    @property
    def scene(self) -> Scene:
        """The picture as it is now."""
        return self._entries[self._at][1]

    @property
    def steps(self) -> list[str]:
        """The commands that led here."""
        return [text for text, _ in self._entries[1 : self._at + 1]]

    @property
    def undone(self) -> list[str]:
        """The commands that `redo` would bring back, the nearest first."""
        return [text for text, _ in self._entries[self._at + 1 :]]

    def do(self, line: str) -> None:
        """Carry out a command that changes the picture or its history.

        Raises
        ------
        ValueError
            If it is not one, or cannot be done; nothing has changed then.
        """
        name, words, forced = parse(line)
        if name in ("undo", "redo"):
            self._walk(name, words)
        elif name == "reset":
            if words:
                raise ValueError("'reset' takes no arguments")
            self.push(line.strip(), self.original)
        else:
            self.push(line.strip(), change(self.scene, name, words, forced))

    def push(self, text: str, scene: Scene) -> None:
        """Add a step to the history; what had been undone is gone."""
        del self._entries[self._at + 1 :]
        self._entries.append((text, scene))
        self._at += 1

    def _walk(self, name: str, words: list[str]) -> None:
        if len(words) > 1 or (words and not (words[0].isascii() and words[0].isdigit() and int(words[0][:9]) > 0)):
            raise ValueError(f"'{name}' takes how many commands, a whole number above 0; got {' '.join(words)[:30]!r}")
        count = int(words[0][:9]) if words else 1
        there = self._at if name == "undo" else len(self._entries) - 1 - self._at
        if count > there:
            raise ValueError(f"there {'is' if there == 1 else 'are'} {there or 'none'} to {name}")
        self._at += -count if name == "undo" else count

    def pixels(self) -> np.ndarray:
        """Return the result; it is computed when it is asked for first."""
        if self._rendered[0] is not self.scene:
            self._rendered = (self.scene, self.scene.render())
        return self._rendered[1]

    def _profile(self) -> bytes | None:
        """Return the file's colour profile, unless grey became coloured or colours grey."""
        before, after = self.photo.pixels.shape[2:], self.pixels().shape[2:]
        return self.photo.profile if (before > (2,)) == (after > (2,)) else None

    def save(self, path: Path) -> tuple[str, ...]:
        """Write the result, and return what the format could not keep.

        Raises
        ------
        DataError
            If the suffix is unknown or the file cannot be written; an earlier one is unchanged.
        """
        data, notes = datasets.encode_photo(self.pixels(), path, profile=self._profile())
        write_atomically(path, data)
        return notes
