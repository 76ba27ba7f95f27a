"""One folder of one build serves a hooked pip, a pip without customtags, and uv, each with the right file."""

from __future__ import annotations

import json
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from needs import requires, unshared
from real.environments import NEWEST, PROJECT, run
from real.projects import PROJECTS

if TYPE_CHECKING:
    from real.environments import Environment, MakeEnvironment, Wheelhouse

pytestmark = requires(platform.machine() == "x86_64", "x86-64")

#: The newest uv that was tried; later ones may read another draft.
UV = "uv==0.13.9"

MACHINES = Path(__file__).parents[1] / "machines"

#: A captured CPU → its level, empty for the baseline.
CPUS = {"archspec-rhel7-haswell--v3": "v3", "archspec-scientific7-k10--none": ""}

STEM = f"levels-1.2.3-cp3{sys.version_info[1]}-cp3{sys.version_info[1]}-linux_x86_64"


@pytest.fixture(scope="module")
def hooked(make_environment: MakeEnvironment, wheelhouse: Wheelhouse) -> Environment:
    """An environment with the newest pip, what builds, and customtags."""
    environment = make_environment(NEWEST)
    required = ("build==1.6.1", *PROJECTS[0].requires)
    links = [f"--find-links={wheelhouse.fetch(each)}" for each in required]
    environment.pip("install", "-q", "--no-index", *links, *required)
    return environment


@pytest.fixture(scope="module")
def folder(hooked: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run of build-matrix writes for the variants plain and v3."""
    root = tmp_path_factory.mktemp("one")
    tree = Path(shutil.copytree(PROJECT / "examples" / "levels", root / "tree"))
    command = ["-m", "customtags", "build-matrix", "--variants", "-d", root / "out"]
    command += ["--variant", "plain", "--variant", "v3", "--", "--no-isolation"]
    hooked.run(*command, cwd=tree)
    return root / "out"


def level(target: Path) -> str:
    """Return the level that the installed module was compiled for."""
    (module,) = target.glob("levels*.so")
    found: set[bytes] = {*re.findall(rb"level=(\w+)", module.read_bytes())}
    (only,) = found
    return only.decode()


def ranked(hooked: Environment, folder: Path, isa: str) -> dict[str, Any]:
    env = {"CUSTOMTAGS_ISA": isa or "none", "CUSTOMTAGS_ACCELERATOR": "none"}
    done = hooked.run("-m", "customtags", "rank", "--json", folder, "levels", env=env)
    shown = json.loads(done.stdout)
    return {key: shown[key] for key in ("chosen", "uv", "traps")}


def test_one_run_writes_the_files_of_both(folder: Path) -> None:
    ends = (".whl", "_v3.whl", "-null.whl", "-x86_64_v3.whl")
    names = {*(f"{STEM}{end}" for end in ends), "levels-1.2.3-variants.json", "levels-1.2.3.tar.gz"}
    assert {each.name for each in folder.iterdir()} == names


@pytest.mark.parametrize("isa", ["v3", ""])
def test_a_hooked_pip_takes_the_wheel_of_its_level(
    hooked: Environment, folder: Path, tmp_path: Path, isa: str
) -> None:
    env = {"CUSTOMTAGS_ISA": isa or "none", "CUSTOMTAGS_ACCELERATOR": "none"}
    target = tmp_path / "target"
    hooked.pip(*("install", "-q", "--no-index", f"--target={target}"), "--find-links", folder, "levels", env=env)  # fmt: skip
    assert level(target) == (isa or "base")
    assert ranked(hooked, folder, isa)["chosen"] == f"{STEM}{isa and f'_{isa}'}.whl"


def test_a_pip_without_customtags_takes_the_stock_wheel(
    make_environment: MakeEnvironment, folder: Path, tmp_path: Path
) -> None:
    environment = make_environment(NEWEST, hooked=False)
    target = tmp_path / "target"
    environment.pip("install", "-q", "--no-index", f"--target={target}", "--find-links", folder, "levels")  # fmt: skip
    assert level(target) == "base"


@pytest.mark.parametrize("cpu", CPUS)
def test_uv_takes_the_variant_of_its_level(
    hooked: Environment, folder: Path, tmp_path: Path, wheelhouse: Wheelhouse, cpu: str
) -> None:
    shutil.unpack_archive(wheelhouse.wheel(UV), tmp_path / "uv", "zip")
    (program,) = (tmp_path / "uv").glob("*.data/scripts/uv")
    program.chmod(0o755)
    target = tmp_path / "target"
    command = [program, "pip", "install", "-q", "--no-cache", "--no-config"]
    command += ["--preview-features", "wheel-variants", "--python", sys.executable]
    command += ["--target", target, "--no-index", "--find-links", folder, "levels"]
    script = f'mount --bind {MACHINES / cpu}/proc/cpuinfo /proc/cpuinfo && exec "$@"'
    run([*unshared(), "sh", "-c", script, "sh", *command])
    isa = CPUS[cpu]
    assert level(target) == (isa or "base")
    label = f"x86_64_{isa}" if isa else "null"
    (description,) = target.glob("*.dist-info/variant.json")
    assert list(json.loads(description.read_text("utf-8"))["variants"]) == [label]
    found = ranked(hooked, folder, isa)
    assert (found["uv"], found["traps"]) == (f"{STEM}-{label}.whl", [])
