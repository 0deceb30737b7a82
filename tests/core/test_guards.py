"""Guards of the house: what must not slip into the build, the import, or the sources."""

from __future__ import annotations

import importlib.metadata
import json
import os
import pkgutil
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import minigrad._core

ROOT = Path(__file__).resolve().parents[2]
X86 = platform.machine() in ("x86_64", "AMD64")

# --- the build


def skip_or_fail(reason):
    """Skip, unless the build tree was promised by MINIGRAD_REQUIRE_BUILD."""
    if os.environ.get("MINIGRAD_REQUIRE_BUILD"):
        pytest.fail(reason)
    pytest.skip(reason)


def output_of(*command):
    if shutil.which(command[0]) is None:
        skip_or_fail(f"{command[0]} is not installed")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def build_tree():
    """Return the folder of CMake's build: MINIGRAD_BUILD_DIR, or the newest one under build/."""
    named = os.environ.get("MINIGRAD_BUILD_DIR")
    caches = [Path(named) / "CMakeCache.txt"] if named else sorted(ROOT.glob("build/*/CMakeCache.txt"))
    caches = [cache for cache in caches if cache.exists()]
    if not caches:
        skip_or_fail("no build tree; build with --config-settings=build-dir=..., then name it in MINIGRAD_BUILD_DIR")
    return max(caches, key=lambda cache: cache.stat().st_mtime).parent


def instructions(build_tree, target):
    """Disassemble the objects of one CMake target: one line per instruction."""
    objects = sorted((build_tree / "CMakeFiles" / f"{target}.dir").rglob("*.o"))
    assert objects, f"{target} has no objects in {build_tree}"
    return output_of("objdump", "-d", "--no-show-raw-insn", *map(str, objects)).splitlines()


WIDE_REGISTER = re.compile(r"%[yz]mm\d")
# AVX writes even its 16-byte instructions in another encoding, with names that begin with v.
AVX_ENCODING = re.compile(r"^\s+[0-9a-f]+:\s+v(?!er[rw]\b)[a-z]")


@pytest.mark.skipif(not X86, reason="an x86 matter")
@pytest.mark.parametrize("target", ["mgcore", "mgk_base", "_core"])
def test_code_for_every_cpu_holds_no_avx_instruction(build_tree, target):
    found = [
        line for line in instructions(build_tree, target) if WIDE_REGISTER.search(line) or AVX_ENCODING.match(line)
    ]
    assert not found, "\n".join(found[:10])


@pytest.mark.skipif(not X86, reason="an x86 matter")
@pytest.mark.parametrize(("target", "register"), [("mgk_avx2", "%ymm"), ("mgk_avx512", "%zmm")])
def test_the_guard_sees_wide_registers_where_they_belong(build_tree, target, register):
    assert any(register in line and AVX_ENCODING.match(line) for line in instructions(build_tree, target))


def test_only_the_modules_init_functions_are_exported():
    listing = output_of("nm", "-D", "--defined-only", minigrad._core.__file__)
    assert {line.split()[-1] for line in listing.splitlines()} == {"PyInit__core", "PyInit__direct"}


def test_the_extension_and_the_wheel_carry_the_stable_abi_tag():
    assert minigrad._core.__file__.endswith("_core.abi3.so")
    wheel = importlib.metadata.distribution("minigrad-foundations").read_text("WHEEL")
    tags = re.findall(r"^Tag: (.*)$", wheel, re.MULTILINE)
    assert tags
    assert all(tag.startswith("cp311-abi3-") for tag in tags), tags


# --- the import

HEAVY = ("matplotlib", "pygame", "pandas", "flask", "sympy", "rich", "PIL", "pooch", "click", "scipy", "sklearn")
SIDE_WINGS = {"cli", "datasets", "projects", "serve", "ui"}
ROOMS = sorted({path.parent.name for path in (ROOT / "python/minigrad").glob("*/__init__.py")} - SIDE_WINGS)


@pytest.mark.parametrize("rooms", [[], ROOMS], ids=["minigrad", "every room"])
def test_the_import_loads_no_heavy_package(run_python, rooms):
    imports = "".join(f"import minigrad.{room}\n" for room in rooms)
    done = run_python(f"import minigrad\n{imports}import sys, json; print(json.dumps(sorted(sys.modules)))")
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & set(HEAVY)


SUBNORMALS = """
import numpy as np
import minigrad
from minigrad._native import lib, pointer

for dtype, gemm in [(np.float32, lib.mg_gemm_f32), (np.float64, lib.mg_gemm_f64)]:
    half = np.array([[np.finfo(dtype).tiny]], dtype) / 2
    assert half[0, 0] != 0, "NumPy lost a subnormal after the import"
    one, out = np.ones((1, 1), dtype), np.empty((1, 1), dtype)
    assert gemm(0, 0, 1, 1, 1, 1.0, pointer(half), 1, pointer(one), 1, 0.0, pointer(out, True), 1) == 0
    assert out[0, 0] == half[0, 0], "the core lost a subnormal"
    assert (out / 2 * 2)[0, 0] == half[0, 0], "NumPy lost a subnormal after a call"
"""


def test_subnormal_numbers_survive_the_import_and_a_call(run_python):
    done = run_python(SUBNORMALS)
    assert done.returncode == 0, done.stderr


# --- the sources

FOLDERS = (".ci", "benchmarks", "csrc", "docs", "examples", "python", "tests")
TEXT = {".c", ".h", ".inc", ".py", ".pyi", ".md", ".toml", ".txt", ".yaml", ".yml", ".csv", ""}


def sources(*suffixes, folders=FOLDERS):
    """Yield the text files of the project, those at its top included when all folders are asked for."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    if folders == FOLDERS:
        found += ROOT.iterdir()
    for path in sorted(found):
        if path.is_file() and path.suffix in (suffixes or TEXT) and "__pycache__" not in path.parts:
            yield path


# Written in pieces, so that this file does not hold the words itself.
FOREIGN_WORDS = re.compile(
    "|".join(
        [
            "/work/" + "(main|steering|scratch|shared)",
            "/" + "farm/",
            r"\." + "mirror/",
            "bash" + "_jobs",
            r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b",
            # A base class may say what its subclass owes; anything else unwritten is unfinished.
            "raise NotImpl" + r'ementedError(?!\(f"\{type\(self\))',
            "py" + r"pi\.org|python" + r"hosted\.org",
        ]
    )
)


def test_no_machine_path_and_no_unfinished_mark_in_the_sources():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in sources()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if FOREIGN_WORDS.search(line)
    ]
    assert not found, "\n".join(found)


def without_comments(text):
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', " ", text, flags=re.DOTALL)


def test_the_core_neither_prints_nor_ends_the_process():
    forbidden = re.compile(r"\b(printf|fprintf|puts|perror|abort|exit|_exit|assert|errno|rand|srand)\b")
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in sources(".c", ".h", ".inc", folders=("csrc",))
        for word in forbidden.findall(without_comments(path.read_text("utf-8")))
    ]
    assert not found, "\n".join(found)


def test_only_kernels_know_the_instruction_set():
    marks = re.compile(r"\b(_mm\d*_\w+|__m(128|256|512)\w*|__AVX\w+|vfma\w+|immintrin|arm_neon)\b")
    found = [
        str(path.relative_to(ROOT))
        for path in sources(".c", ".h", ".inc", folders=("csrc",))
        if path.parent.name != "kernels" and marks.search(without_comments(path.read_text("utf-8")))
    ]
    assert not found, "\n".join(found)


TAG = re.compile(r"\(D(\d+)\)")
DEFINITION = re.compile(r"^\s*\*?\s*\(D(\d+)\)\s+\S")


def test_every_numbered_line_of_a_derivation_is_cited_by_code():
    """A line inside a block that begins with its tag defines it; a comment of its own with the tag cites it."""
    problems = []
    for path in sources(".c", ".h", ".inc", ".py", folders=("csrc", "python")):
        defined, cited = set(), set()
        for line in path.read_text("utf-8").splitlines():
            definition = DEFINITION.match(line)
            if definition:
                defined.add(int(definition.group(1)))
            elif re.search(r"(/\*|//|#).*\(D\d+\)", line):
                cited |= {int(tag) for tag in TAG.findall(line)}
        name = path.relative_to(ROOT)
        problems += [f"{name}: (D{tag}) is not cited by any line of code" for tag in sorted(defined - cited)]
        problems += [f"{name}: (D{tag}) is cited, but no derivation has it" for tag in sorted(cited - defined)]
        if defined and defined != set(range(1, max(defined) + 1)):
            problems.append(f"{name}: the tags {sorted(defined)} leave a gap")
    assert not problems, "\n".join(problems)


def test_each_program_has_its_example_script_and_page():
    modules = pkgutil.iter_modules([str(ROOT / "python/minigrad/projects")])
    programs = [module.name for module in modules if not module.name.startswith("_")]
    missing = [f"examples/{name}.py" for name in programs if not (ROOT / "examples" / f"{name}.py").exists()]
    missing += [f"docs/systems/{name}.md" for name in programs if not (ROOT / f"docs/systems/{name}.md").exists()]
    assert not missing, missing
