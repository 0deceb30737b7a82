"""Models and checkpoints in files, read without running code: `save` and `load`.

Tensors and the plain Python values around them are kept in a safetensors file; `load` reads the
state dicts that PyTorch writes as well.
"""

from __future__ import annotations

from minigrad.storage._container import load, save

__all__ = ["load", "save"]
