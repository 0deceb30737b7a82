"""Turn the public C headers into the source of the ``minigrad._core`` extension.

The headers are the only place where a function is declared. ``minigrad.h`` includes
one header per room; in each, the lines between ``/* cdef: begin */`` and
``/* cdef: end */`` are plain declarations that both the C compiler and cffi read, and
the compiler checks cffi's copy against the header itself.

Run by CMake: ``python build_cffi.py csrc/include/minigrad.h OUTPUT.c``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import cffi

REGION = re.compile(r"/\* cdef: begin \*/(.*?)/\* cdef: end \*/", re.DOTALL)
INCLUDE = re.compile(r'^#include "(minigrad/\w+\.h)"', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def declarations(header: Path) -> str:
    """Return the marked regions of the room headers, in the order `header` includes them."""
    parts = []
    for name in INCLUDE.findall(header.read_text("utf-8")):
        text = (header.parent / name).read_text("utf-8")
        regions = REGION.findall(text)
        if not regions:
            raise SystemExit(f"{name}: no region between 'cdef: begin' and 'cdef: end'")
        for region in regions:
            plain = COMMENT.sub(" ", region)
            if re.search(r"^\s*#|\binline\b|__attribute__", plain, re.MULTILINE):
                raise SystemExit(f"{name}: only plain declarations may stand in a cdef region")
            parts.append(plain)
    return "\n".join(parts)


def main() -> None:
    """Write the extension's C source for the header named on the command line."""
    header, output = Path(sys.argv[1]), sys.argv[2]
    ffi = cffi.FFI()
    ffi.cdef(declarations(header))
    ffi.set_source("minigrad._core", '#include "minigrad.h"')
    ffi.emit_c_code(output)


if __name__ == "__main__":
    main()
