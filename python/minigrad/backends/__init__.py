"""Other libraries' switches, as far as scripts touch them: none of these libraries is used."""

from __future__ import annotations

from minigrad.backends import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
