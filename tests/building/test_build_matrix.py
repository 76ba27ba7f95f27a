"""The variants of a project: selected, and listed for CI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command import run, run_in
from customtags.building.matrix import build, row, selected
from customtags.cli import build_matrix
from customtags.errors import BuildError, ToolError

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


#: A stand-in for the module build: it writes the files of a variant, and fails for the variant "broken".
BUILD = """
import pathlib, sys
variant, out = sys.argv[1].partition("=")[2], sys.argv[3]
for name in ("a-1.tar.gz", f"a-1-{variant}.whl".replace("same", "v3")):
    pathlib.Path(out, name).write_text(" ".join(sys.argv[1:]))
sys.exit(variant == "broken")
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the stand-in where this Python and its children import from."""
    folder = tmp_path / "modules" / "build"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "__main__.py").write_text(BUILD)
    monkeypatch.setenv("PYTHONPATH", str(folder.parent))
    monkeypatch.syspath_prepend(folder.parent)


#: A stand-in that writes the wheel of a variant, and the stock one for "plain".
WHEELS = """
import sys
from pathlib import Path
from customtags.wheels.writer import create
variant, out = sys.argv[1].partition("=")[2], sys.argv[3]
end = "" if variant == "plain" else f"_{variant}"
create(Path(out), "a", "1", f"py3-none-linux_x86_64{end}", {"a.py": b""})
"""


@pytest.mark.usefixtures("stand_in")
def test_each_wheel_is_copied_as_a_wheel_variant_on_request(tmp_path: Path) -> None:
    (tmp_path / "modules" / "build" / "__main__.py").write_text(WHEELS)
    project = '[tool.customtags.variants]\nplain = {}\nv3 = { isa = "v3" }\n'
    project += 'fc39 = { distro = "fc39" }\n'
    (tmp_path / "pyproject.toml").write_text(project, encoding="utf-8")
    options = ("build-matrix", "--variants", "--variant", "plain", "--variant", "v3")
    env = {"PYTHONPATH": str(tmp_path / "modules"), "CUSTOMTAGS_DISTRO": "fc39"}
    for _ in range(2):  # over the files of the first run
        done = run_in(tmp_path, *options, "--json", **env)
        assert (done.returncode, done.stderr) == (0, "")
    stock = "a-1-py3-none-linux_x86_64"
    names = {f"{stock}.whl", f"{stock}_v3.whl", f"{stock}-null.whl", f"{stock}-x86_64_v3.whl"}
    assert {each.name for each in (tmp_path / "dist").iterdir()} == {*names, "a-1-variants.json"}
    release = json.loads((tmp_path / "dist" / "a-1-variants.json").read_text("utf-8"))
    v3 = {"x86_64_v3": {"x86_64": {"level": ["v3"]}}}
    assert release["variants"] == {"null": {}, **v3}
    assert json.loads(done.stdout)["wheels"][1] == {
        "variant": "v3",
        "wheel": f"dist/{stock}_v3.whl",
        "variant_wheel": f"dist/{stock}-x86_64_v3.whl",
        "label": "x86_64_v3",
        "index": "dist/a-1-variants.json",
    }
    done = run_in(tmp_path, "build-matrix", "--variants", "--json", **env)
    assert done.returncode == 2
    assert "'fc39' of 'linux_x86_64_fc39' has no variant property" in done.stderr
    assert done.stderr.count("\n") == 1
    *_, last = json.loads(done.stdout)["wheels"]
    assert last["wheel"] == f"dist/{stock}_fc39.whl"
    assert "has no variant property" in last["error"]


#: The variant → the distribution of the machine → the distribution that the warning names; none without a warning.
BUILT_ON = {
    ("fc39", "deb12"): "fc39, and was built on deb12, whose",
    ("fc39", "none"): "fc39, and was built on an unknown distribution, whose",
    ("el9_4", "el8.10"): "el9_4, and was built on el8_10, whose",
    ("el9_4", "el9.4"): "",
    ("fc39", "fc39"): "",
    ("v3", "deb12"): "",
    ("plain", "none"): "",
}


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(("variant", "detected"), BUILT_ON)
def test_a_wheel_for_a_distribution_that_another_one_built_is_warned_of(
    tmp_path: Path, variant: str, detected: str
) -> None:
    (tmp_path / "modules" / "build" / "__main__.py").write_text(WHEELS)
    project = f"[tool.customtags.variants]\n{variant} = {{}}\n"
    (tmp_path / "pyproject.toml").write_text(project, encoding="utf-8")
    env = {"PYTHONPATH": str(tmp_path / "modules"), "CUSTOMTAGS_DISTRO": detected}
    done = run_in(tmp_path, "build-matrix", **env)
    end = "" if variant == "plain" else f"_{variant}"
    assert done.stdout == f"{variant}: dist/a-1-py3-none-linux_x86_64{end}.whl\n"
    assert done.returncode == 0
    expected = BUILT_ON[variant, detected]
    if expected:
        assert f"the variant '{variant}' is for {expected}" in done.stderr
        assert done.stderr.endswith(f"in an image of {variant}, with --variant {variant}\n")
        assert done.stderr.count("\n") == 1
    else:
        assert done.stderr == ""


@pytest.mark.usefixtures("stand_in")
def test_each_variant_is_built_by_build(tmp_path: Path) -> None:
    made = [*build(tmp_path, tmp_path / "out", {"v2": {}, "v3": {}}, ["--wheel"])]
    assert made == [(name, tmp_path / "out" / f"a-1-{name}.whl") for name in ("v2", "v3")]
    assert {each.name for each in (tmp_path / "out").iterdir()} == {
        *("a-1.tar.gz", "a-1-v2.whl", "a-1-v3.whl")
    }
    assert made[0].wheel.read_text().endswith(f" --wheel {tmp_path}")


@pytest.mark.usefixtures("stand_in")
def test_a_build_that_fails_and_two_variants_of_one_wheel_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"build of the variant 'broken' failed \(status 1\)"):
        [*build(tmp_path, tmp_path / "out", {"broken": {}}, [])]
    assert not [*(tmp_path / "out").iterdir()]
    with pytest.raises(BuildError, match=r"'v3' and 'same' both produce 'a-1-v3\.whl'"):
        [*build(tmp_path, tmp_path / "out", {"v3": {}, "same": {}}, [])]
    (tmp_path / "file").touch()
    with pytest.raises(BuildError, match=r"cannot be created .*; choose another folder with -d"):
        [*build(tmp_path, tmp_path / "file" / "out", {"v3": {}}, [])]


#: A stand-in whose back end refuses the build, and then writes more, as build does.
REFUSES = """
import os, pathlib, sys
pathlib.Path("elsewhere").mkdir(exist_ok=True)
os.chdir("elsewhere")
from customtags.building import reason
from customtags.errors import BuildError
reason.write(BuildError("CFLAGS contains\x1b '-mavx2'", "remove it"), os.environ)
print("ERROR Backend subprocess exited")
sys.exit(1)
"""


@pytest.mark.usefixtures("stand_in")
def test_the_last_line_of_a_refused_build_says_why(tmp_path: Path) -> None:
    (tmp_path / "modules" / "build" / "__main__.py").write_text(REFUSES)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    done = run_in(tmp_path, "build-matrix", PYTHONPATH=str(tmp_path / "modules"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "ERROR Backend subprocess exited",
        r"customtags: the build of the variant 'plain' failed: CFLAGS contains\x1b '-mavx2'; remove it",
    ]
    assert not [*(tmp_path / "dist").iterdir()]


def test_a_missing_build_is_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "build").mkdir()  # a folder that Python would import as an empty package
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(ToolError, match=r"'build' is not installed; pip install 'customtags\[mat"):
        [*build(tmp_path, tmp_path / "out", {"v3": {}}, [])]


def test_a_folder_without_a_project_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run_in(tmp_path, "build-matrix")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "run this in the project's folder" in done.stderr


def test_a_variant_that_is_not_named_by_the_option_is_refused(tmp_path: Path) -> None:
    done = run_in(tmp_path, "build-matrix", "-d", "out", "plain", "v3")
    assert (done.returncode, done.stderr) == (
        2,
        "customtags: 'plain' is not an option of 'python -m build'; build one variant by --variant plain\n",
    )


def test_the_verb_loads_nothing_heavy_for_others() -> None:
    assert not [each for each in vars(build_matrix) if each in ("matrix", "project")]
