"""The variants of a project as builders read them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from command import run, run_in
from customtags.building.matrix import FORMATS, chosen
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


def test_github_gets_one_line_of_json() -> None:
    text = FORMATS["github"](VARIANTS)
    assert "\n" not in text
    rows = json.loads(text)["include"]
    assert [row["variant"] for row in rows] == list(VARIANTS)
    assert rows[2] == {
        "variant": "torch",
        "isa": "v3",
        "abi": "torch2.9,numpy2",
        "accelerator": "cuda12.4",
    }


def test_gitlab_gets_the_variable_that_the_back_end_reads() -> None:
    *_, row = FORMATS["gitlab"](VARIANTS).splitlines()
    found = re.fullmatch(r" +- CUSTOMTAGS_BUILD_VARIANT: (\[.*\])", row)
    assert found
    assert json.loads(found[1]) == list(VARIANTS)


@pytest.mark.parametrize("name", VARIANTS)
def test_cibuildwheel_names_a_wheel_last(name: str) -> None:
    text = FORMATS["cibuildwheel"]({name: VARIANTS[name]})
    assert f'config-settings = {{ variant = "{name}" }}' in text
    named = "--isa v3 --accelerator cuda12.4 --abi torch2.9 --abi numpy2 -d {dest_dir}"
    assert (named in text) == (name == "torch")
    assert ("auditwheel repair" in text) == (name in ("v3", "torch"))
    assert ('repair-wheel-command = ""' in text) == (name == "fedora")


def test_cibuildwheel_s_shell_gets_each_value_as_one_word() -> None:
    made = FORMATS["cibuildwheel"]({"odd": {"site": "a b; c"}})
    assert "customtags retag --site 'a b; c' -d {dest_dir}" in made


def test_cibuildwheel_builds_one_variant_in_a_run() -> None:
    with pytest.raises(BuildError, match="--variant"):
        FORMATS["cibuildwheel"](VARIANTS)


def test_variants_are_chosen_by_name() -> None:
    assert chosen(VARIANTS, []) == VARIANTS
    assert list(chosen(VARIANTS, ["v3", "plain"])) == ["v3", "plain"]
    with pytest.raises(BuildError, match=r"'v5' is not in pyproject\.toml; there are plain, v3"):
        chosen(VARIANTS, ["v5"])
    with pytest.raises(BuildError, match=r"no \[tool\.customtags\.variants\]"):
        chosen({}, [])


def test_every_format_can_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    for name, write in FORMATS.items():
        done = run_in(tmp_path, "build-matrix", "--variant", "v3", "--print", name)
        assert done.stdout == write({"v3": {"isa": "v3"}}) + "\n"
    done = run("build-matrix", "--source", str(tmp_path), "--print", "github", "--json")
    assert json.loads(done.stdout)["format"] == "github"
    assert done.stderr == ""


def test_a_folder_without_a_project_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run_in(tmp_path, "build-matrix")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "run this in the project's folder" in done.stderr


def test_the_verb_loads_nothing_heavy_for_others() -> None:
    assert not [each for each in vars(build_matrix) if each in ("matrix", "project")]
