"""Pages and interfaces over HTTP: the only place that imports Flask.

An application is made by a function that is handed what it serves; it knows no room and
no program. `run` serves one on this machine until Ctrl-C.
"""

from __future__ import annotations

from minigrad.serve._local import run
from minigrad.serve.backprop import backprop_app

__all__ = ["backprop_app", "run"]
