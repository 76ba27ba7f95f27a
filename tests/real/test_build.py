"""The wrapping back end with real back ends, compilers and front ends."""

from __future__ import annotations

import os
import platform
import re
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from needs import lacking
from real.projects import PROJECTS, VERSION, Project

if TYPE_CHECKING:
    from pathlib import Path

    from real.conftest import MakeEnvironment
    from real.environments import Environment, Wheelhouse

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="what is compiled asks for levels of x86-64"
)

#: What runs back ends where pip does not.
FRONT_ENDS = ("build==1.6.1", "uv==0.13.9")
REQUIRES = sorted({each for project in PROJECTS for each in project.requires} | {*FRONT_ENDS})

ALL = ("-Cisa=v3", "-Cdistro=fc39", "-Caccelerator=rocm6.0", "-Clocal-version=auto")


@pytest.fixture(scope="module")
def environment(make_environment: MakeEnvironment, wheelhouse: Wheelhouse) -> Environment:
    """An environment with every back end in it, for builds without isolation."""
    environment = make_environment()
    links = [f"--find-links={wheelhouse.fetch(each)}" for each in REQUIRES]
    environment.pip("install", "-q", "--no-index", *links, *REQUIRES)
    return environment


def lay(folder: Path, project: Project, more: str = "", *, wrapped: bool = True) -> Path:
    """Write a project, wrapped or as it would be without us."""
    for tool in project.tools:
        if shutil.which(tool) is None:
            lacking(tool)
    for path, content in project.files.items():
        (folder / path).parent.mkdir(exist_ok=True, parents=True)
        (folder / path).write_text(content, encoding="utf-8")
    ours = ["customtags[build]"] if wrapped else []
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        module = "customtags.build" if wrapped else project.module
        file.write(f"[build-system]\nrequires = {[*ours, *project.requires]}\n")
        file.write(f"build-backend = {module!r}\n")
        if wrapped:
            file.write(f"[tool.customtags]\nbuild-backend = {project.module!r}\n{more}")
    return folder


def build(environment: Environment, project: Path, out: Path, *options: str) -> Path:
    """Build as pip does, where the back end is installed already: metadata first, then the wheel."""
    path = f"{environment.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "SOURCE_DATE_EPOCH": "1700000000"}
    way = ("--no-build-isolation", "--no-deps", "--no-index", "-w", out)
    environment.pip("wheel", "-q", *way, *options, ".", env=env, cwd=project)
    (wheel,) = out.glob("*.whl")
    return wheel


def levels(wheel: Path) -> set[str]:
    """Tell for which levels the binaries in a wheel were compiled."""
    with zipfile.ZipFile(wheel) as archive:
        binaries = [archive.read(name) for name in archive.namelist()]
    found = [re.findall(rb"level=(\w+)", each) for each in binaries if each[:4] == b"\x7fELF"]
    return {level.decode() for each in found for level in each}


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_what_is_compiled_is_what_the_name_says(
    environment: Environment, tmp_path: Path, project: Project
) -> None:
    """One build after the other in the same tree: none takes what another one compiled."""
    tree = lay(tmp_path / "tree", project)
    full = build(environment, tree, tmp_path / "full", *ALL)
    assert full.name.startswith(f"tiny-{VERSION}+fc39.rocm6.0-")
    assert full.name.endswith("-linux_x86_64_v3_fc39_rocm6_0.whl")
    assert levels(full) == {"v3"}
    lower = build(environment, tree, tmp_path / "lower", "-Cisa=v2")
    assert lower.name.startswith(f"tiny-{VERSION}-")
    assert lower.name.endswith("-linux_x86_64_v2.whl")
    assert levels(lower) == {"v2"}
    plain = build(environment, tree, tmp_path / "plain")
    assert plain.name.endswith("-linux_x86_64.whl")
    assert levels(plain) == {"base"}
    lay(tree, project, wrapped=False)
    own = build(environment, tree, tmp_path / "own")
    assert (own.name, own.read_bytes()) == (plain.name, plain.read_bytes())
