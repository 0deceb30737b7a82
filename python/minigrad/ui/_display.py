"""Whether a window can open here, and opening it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigrad.ui._theme import NEUTRAL

__all__ = ["show", "window_backend"]

# The backend, the package it needs, and what to do if that is missing.
_BACKENDS = (("QtAgg", ("PySide6", "PyQt6")), ("TkAgg", ("tkinter",)))


def window_backend() -> tuple[str | None, str]:
    """Return the matplotlib backend that can open a window here, or None and the reason.

    Nothing is opened. A display that does not answer, a Qt whose libraries are missing, or
    a Python without any window toolkit all lead to None: the program then saves its
    picture instead of dying in the toolkit.

    Returns
    -------
    backend : str or None
    reason : str
        Empty where there is a backend.
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return None, "there is no display"
    if os.environ.get("MPLBACKEND", "").lower() == "agg":
        return None, "MPLBACKEND=agg asks for none"
    problem = "no window toolkit is installed (pip install 'minigrad-foundations[gui]')"
    import matplotlib.pyplot as plt

    for backend, packages in _BACKENDS:
        package = next((name for name in packages if importlib.util.find_spec(name)), None)
        if package is None:
            continue
        reason = _qt_problem(package) if backend == "QtAgg" else ""
        try:
            if not reason:
                plt.switch_backend(backend)
                return backend, ""
        except ImportError as error:
            if "headless" in str(error):
                return None, "the display does not answer"
            # A Python built without Tk has the package and not what is beneath it.
        problem = reason or problem
    return None, problem


def _qt_problem(package: str) -> str:
    """Say which library Qt's X11 plugin lacks; empty if none.

    Qt ends the process when its platform plugin does not load, so the plugin is loaded
    once beforehand, where a missing library is an ordinary exception.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return ""
    folder = Path(spec.origin).parent
    plugins = [folder / base / "plugins/platforms/libqxcb.so" for base in ("Qt", "Qt6")]
    plugin = next((path for path in plugins if path.exists()), None)
    if plugin is None or not os.environ.get("DISPLAY"):
        return ""
    importlib.import_module(f"{package}.QtCore")
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        return f"Qt lacks a library of the system: {error}"
    return ""


_KEYS = "drag with p (pan) or o (zoom)   h whole view   s save   q close"


def show(
    figure: Any,
    keys: dict[str, tuple[str, Callable[[], None]]] | None = None,
    hint: str = "",
    frames: tuple[Callable[[int], None], int] | None = None,
) -> None:
    """Show the window of `figure` and return when it is closed.

    Parameters
    ----------
    figure : Figure
        Made by `new_figure` with ``window=``.
    keys : dict, optional
        Further keys: key → (what it does, the function to call). All keys are written at
        the foot of the window.
    hint : str, optional
        Further words for the foot, such as how to turn a three-dimensional plot.
    frames : tuple of callable and int, optional
        ``draw, n_frames`` as for `render_animation`: played over and over.
    """
    import matplotlib.pyplot as plt

    own = keys or {}
    words = [*(f"{key} {what}" for key, (what, _) in own.items()), hint, _KEYS]
    # A label, not free text: the layout then keeps room for it.
    figure.supxlabel("   ".join(filter(None, words)), fontsize=9, color=NEUTRAL["muted"])

    def on_key(event: Any) -> None:
        if event.key in own:
            own[event.key][1]()
            figure.canvas.draw_idle()

    figure.canvas.mpl_connect("key_press_event", on_key)
    if frames is not None:
        _play(figure, *frames)
    plt.show(block=True)


def _play(figure: Any, draw: Callable[[int], None], n_frames: int) -> None:
    state = {"tick": 0}

    def step() -> None:
        # The last frame stays for as long as a third of the others.
        draw(min(state["tick"] % (n_frames + n_frames // 3 + 1), n_frames - 1))
        state["tick"] += 1
        figure.canvas.draw_idle()

    timer = figure.canvas.new_timer(interval=250)
    timer.add_callback(step)
    timer.start()
    figure.canvas.mpl_connect("close_event", lambda event: timer.stop())
