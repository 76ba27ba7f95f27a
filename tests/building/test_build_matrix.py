"""The variants of a project: selected, and listed for CI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command import run, run_in
from customtags.building.matrix import row, selected
from customtags.cli import build_matrix
from customtags.errors import BuildError

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "v3": {"isa": "v3", "environment": {"A": "1"}},
    "torch": {"isa": "v3", "abi": ["torch2.9", "numpy2"], "accelerator": "cuda12.4"},
    "fedora": {"distro": "fc39"},
}

PYPROJECT = """
[tool.customtags.variants]
plain = {}
v3 = { isa = "v3" }
"""


def test_variants_are_selected_by_name() -> None:
    assert selected(VARIANTS, []) == VARIANTS
    assert list(selected(VARIANTS, ["v3", "plain"])) == ["v3", "plain"]
    with pytest.raises(BuildError, match="no variant 'v5'; choose from plain, v3"):
        selected(VARIANTS, ["v5"])
    with pytest.raises(BuildError, match=r"no \[tool\.customtags\.variants\]"):
        selected({}, [])


def test_a_row_has_the_name_and_the_dimensions() -> None:
    assert row("plain", VARIANTS["plain"]) == {"variant": "plain"}
    torch = {"isa": "v3", "accelerator": "cuda12.4", "abi": "torch2.9,numpy2"}
    assert row("torch", VARIANTS["torch"]) == {"variant": "torch", **torch}


def test_variants_are_listed_for_a_shell_and_for_a_matrix(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    assert run_in(tmp_path, "build-matrix", "--list").stdout == "plain\nv3\n"
    assert run_in(tmp_path, "build-matrix", "--list", "--variant", "v3").stdout == "v3\n"
    done = run("build-matrix", "--source", str(tmp_path), "--list", "--json")
    rows = [{"variant": "plain"}, {"variant": "v3", "isa": "v3"}]
    assert json.loads(done.stdout) == {"version": 1, "variants": rows}
    assert done.stderr == ""


def test_a_folder_without_a_project_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run_in(tmp_path, "build-matrix")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "run this in the project's folder" in done.stderr


def test_the_verb_loads_nothing_heavy_for_others() -> None:
    assert not [each for each in vars(build_matrix) if each in ("matrix", "project")]
