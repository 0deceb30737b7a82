"""The arena: checked sizes, alignment, reuse, and a refusal beyond the plan."""

from __future__ import annotations

import pytest

SOURCES = ("tests/core/arena_program.c", "csrc/core/arena.c")


@pytest.mark.parametrize(
    "flags",
    [
        (),
        # A block may wait for reuse; only memory that nothing points to is a leak.
        ("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
        ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DMG_SANITIZE=1"),
    ],
    ids=["plain", "sanitized", "sanitized-without-reuse"],
)
def test_the_arena_keeps_its_contract(build_program, run_program, flags):
    program = build_program(*SOURCES, flags=flags)
    run_program(program, ASAN_OPTIONS="allocator_may_return_null=1")
