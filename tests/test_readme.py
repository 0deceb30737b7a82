"""What README.md and CONTRIBUTING.md say is there, and what README.md shows runs."""

from __future__ import annotations

import re
import shlex

import pytest

PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(root, page):
    links = re.findall(r"\]\(([^)#]+)", (root / page).read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (root / link).exists()]
    assert not missing


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_first_block_is_the_two_commands(root):
    install, test = blocks((root / "README.md").read_text("utf-8"), "sh")[0].splitlines()
    assert install == "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/minigrad tour"
    assert shlex.split(test)[:3] == [".venv/bin/pip", "install", ".[test]"]


@pytest.mark.native
def test_the_python_of_the_readme_runs(root, run_python):
    (source,) = blocks((root / "README.md").read_text("utf-8"), "python")
    done = run_python(source)
    assert done.returncode == 0, done.stderr
    assert re.match(r"\[0\.\d+ 0\.\d+\] \{'version': ", done.stdout)
