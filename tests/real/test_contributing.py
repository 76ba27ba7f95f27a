"""What the page on additions shows is true: the diffs are those of today, and each makes its tests pass."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from real.environments import PROJECT, clean

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPT = runpy.run_path(str(PROJECT / "docs/contributing/examples.py"))
EXAMPLES = SCRIPT["EXAMPLES"]


def test_the_page_shows_the_files_of_today() -> None:
    page = SCRIPT["PAGE"].read_text("utf-8")
    assert page == SCRIPT["filled"](page), "run: python docs/contributing/examples.py"
    assert page.count("```diff\n") == len(EXAMPLES)
    assert all(f"<!-- diff {name} -->" in page for name in EXAMPLES)


def passes(folder: Path, tests: Sequence[str]) -> bool:
    sources = [folder / "src", folder / "examples/customtags-mpi/src"]
    variables = {"PYTHONPATH": os.pathsep.join(map(str, sources))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=folder, env=clean(variables), check=False, stdout=sys.stderr)
    return done.returncode == 0


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_addition_makes_its_tests_pass(name: str, tmp_path: Path) -> None:
    for part in ("docs/reference", "examples", "src", "tests", "pyproject.toml"):
        place = tmp_path / part
        place.parent.mkdir(exist_ok=True)
        if (PROJECT / part).is_file():
            shutil.copy(PROJECT / part, place)
        else:
            shutil.copytree(PROJECT / part, place, ignore=shutil.ignore_patterns("__pycache__"))
    example = EXAMPLES[name]
    patch: list[str] = []
    for path, before, after in SCRIPT["changes"](example):
        patch += SCRIPT["diff"](path, before, after)
        if before is None:
            (tmp_path / path).unlink()
        else:
            (tmp_path / path).write_text(before, encoding="utf-8")
    assert not passes(tmp_path, example.tests)
    apply = ["git", "apply", "--verbose", "-"]
    text = "".join(f"{line}\n" for line in patch)
    subprocess.run(apply, cwd=tmp_path, input=text, text=True, check=True)
    assert passes(tmp_path, example.tests)
