"""Real pips accept every name that retag can give a wheel for a machine, and no other."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from customtags import machine
from customtags.machine import pages_for
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from customtags.tags import parse
from customtags.wheels.writer import create
from nameable import ACCELERATORS, PROJECTS, nameable
from real.environments import NEWEST, OLDEST
from sample import MACHINES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from customtags.errors import CustomtagsError
    from real.environments import Environment, MakeEnvironment

#: A pip, and a Python that it runs on.
PIPS = {OLDEST: "3.9", "23.2.1": "3.9", NEWEST: None}

#: Reads machines from a file of JSON, each with variables, architecture and names of wheels, and writes what pip accepts on each: a process per
#: machine, because pip reads a machine once. sysconfig tells packaging the architecture.
SCRIPT = """
import json, os, sys, sysconfig
from pip._internal.models.wheel import Wheel
from pip._internal.utils.compatibility_tags import get_supported
for given in json.load(open(sys.argv[1])):
    if os.fork() == 0:
        os.environ.update(given["variables"])
        if given["arch"]:
            sysconfig.get_platform = lambda: "linux-" + given["arch"]
        first, second = get_supported(), get_supported()
        assert first == second
        rows = {}
        for tag in first:
            rows.setdefault(f"{tag.interpreter}-{tag.abi}", []).append(tag.platform)
        own = next(iter(rows))
        others = {row for row, platforms in rows.items() if set(platforms) - {"any"} != set(rows[own])}
        taken = [name for name in given["wheels"] if Wheel(name).supported(set(first))]
        print(json.dumps({"platforms": rows[own], "others": sorted(others), "taken": taken}), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0
"""


def fail(problem: CustomtagsError) -> None:
    pytest.fail(str(problem))


@pytest.fixture(scope="module", params=PIPS)
def environment(request: pytest.FixtureRequest, make_environment: MakeEnvironment) -> Environment:
    return make_environment(request.param, PIPS[request.param])


def ask(
    environment: Environment, folder: Path, machines: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what a real pip accepts on each machine."""
    file = folder / "machines.json"
    file.write_text(json.dumps([{"arch": None, "wheels": [], **each} for each in machines]))
    done = environment.run("-c", SCRIPT, file)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def variables(**overrides: str) -> dict[str, str]:
    return {f"CUSTOMTAGS_{key}": value for key, value in overrides.items()}


def test_on_every_machine(environment: Environment, tmp_path: Path) -> None:
    """Captured machines by their profiles, made ones by overrides."""
    given: list[dict[str, Any]] = []
    for accelerator, projects in product(ACCELERATORS, PROJECTS):
        made = {"ISA": "v3", "DISTRO": "deb12", "SITE": "hardened"}
        made.update({"ACCELERATOR": accelerator, "ABI": projects})
        given.append({"arch": "x86_64", "variables": variables(**made)})
    server = {
        "ISA": "v4",
        "DISTRO": "el9.4",
        "ACCELERATOR": "cuda13.0_sm90",
        "ABI": "torch2.8+cu130",
    }
    given.append({"arch": "x86_64", "variables": variables(**server)})
    for folder in MACHINES:
        host = Host(str(folder))
        profile = tmp_path / f"{folder.name}.json"
        profile.write_text(json.dumps(machine.detect(host, Settings({}))))
        captured = {"PROFILE": str(profile), "ACCELERATOR": "cuda12.8", "ABI": "torch2.8+cu128"}
        given.append({"arch": host.arch(), "variables": variables(**captured)})
    answers = ask(environment, tmp_path, given)
    assert len(answers) == len(given)
    for one, answer in zip(given, answers):
        stock = [tag for tag in answer["platforms"] if not parse(tag)[1]]
        settings = Settings.read(one["variables"], [])
        pages = pages_for(settings, fail)
        names = set(nameable(machine.detect(None, settings, pages), stock, settings, pages))
        assert names
        assert set(answer["platforms"]) == names.union(stock), one
        assert answer["others"] == [], one


#: Accelerator and build of torch → what builders name, and what of it may stand beside torch. Each stands on linux,
#: manylinux_2_28 and manylinux_2_17, with Python's own ABI, abi3 and none.
USUAL = {
    ("cuda12.5", "cu124"): (
        "v2 v3 v4 cuda12 cuda12_4 cuda11_8 v3_cuda12 v3_cuda12_4 v3_cuda11_8",
        "v2 v3 v4 cuda12 cuda12_4 v3_cuda12 v3_cuda12_4",
    ),
    ("cuda12.8", "cu128"): (
        "v3 cuda12 cuda12_8 cuda12_6 cuda12_4 cuda12_1 cuda11_8 v3_cuda12_4 v3_cuda12_6 v4_cuda12_8",
        "v3 cuda12 cuda12_8 cuda12_6 cuda12_4 cuda12_1 v3_cuda12_4 v3_cuda12_6 v4_cuda12_8",
    ),
    ("cuda13.0_sm90", "cu130"): (
        "v3 cuda13 cuda13_0 cuda13_0_sm90a cuda12 cuda12_9 cuda12_8 cuda12_4 v3_cuda12_4 v4_cuda12_8_sm90 cuda11_8",
        "v3 cuda13 cuda13_0 cuda13_0_sm90a",
    ),
    ("rocm6.4_gfx90a", "rocm6.3"): (
        "v3 rocm6 rocm6_4 rocm6_3 rocm6_0 v3_rocm6_4 v4_rocm6_2 rocm6_4_gfx90a v3_rocm6_0_gfx90a",
        "v3 rocm6 rocm6_3 rocm6_0 v4_rocm6_2 v3_rocm6_0_gfx90a",
    ),
    ("cuda12.8", "cpu"): ("v3 cuda12 cuda12_4 v3_cuda12_8", "v3"),
    ("rocm6.4_gfx90a", "cu128"): ("v3 rocm6 rocm6_4 v3_rocm6_4_gfx90a", "v3"),
}


@pytest.mark.parametrize(("accelerator", "build"), USUAL)
def test_usual_names(
    environment: Environment, tmp_path: Path, accelerator: str, build: str
) -> None:
    segments, beside = (words.split() for words in USUAL[accelerator, build])
    number = environment.run("-c", "import sys; print('{}{}'.format(*sys.version_info))").stdout
    row = f"cp{number.strip()}"

    def names(segments: Iterable[str]) -> list[str]:
        rows = (f"{row}-{row}", "cp39-abi3", "py3-none")
        bases = ("linux", "manylinux_2_28", "manylinux_2_17")
        return [
            f"example-1.0-{tag}-{base}_x86_64_{each}.whl"
            for tag, base, each in product(rows, bases, segments)
        ]

    fit = names([*segments, *(f"{each}_torch2_8" for each in beside)])
    unfit = names(f"{each}_torch2_8" for each in segments if each not in beside)
    unfit += names(("cuda14", "cuda13_1", "rocm7_0", "v5", "fc39", "torch2_9", "v3_torch2_9"))
    overrides = variables(
        ISA="v4", DISTRO="deb12", ACCELERATOR=accelerator, ABI=f"torch2.8+{build}"
    )
    given = {"arch": "x86_64", "variables": overrides, "wheels": [*fit, *unfit]}
    (answer,) = ask(environment, tmp_path, [given])
    assert answer["taken"] == fit


@pytest.mark.parametrize("accelerator", ["cuda12.4", "cuda12.5", "cuda12.8", "cuda13.0"])
def test_a_wheel_for_an_older_toolkit_is_taken(
    environment: Environment, tmp_path: Path, accelerator: str
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for platform in ("manylinux_2_28_x86_64", "manylinux_2_28_x86_64_cuda12_4"):
        create(wheels, "example", "1.0", f"py3-none-{platform}", {"example.py": b""})
    target = tmp_path / "target"
    environment.pip(
        *("install", "-q", "--no-index", f"--find-links={wheels}", f"--target={target}", "example"),
        env={"CUSTOMTAGS_ACCELERATOR": accelerator},
    )
    (file,) = target.glob("*.dist-info/WHEEL")
    assert "Tag: py3-none-manylinux_2_28_x86_64_cuda12_4\n" in file.read_text()


#: torch as it is installed, requirements among its metadata → what is taken on a machine with CUDA 12.8.
BUILDS = {
    ("2.8.0+cu128", ""): "_cuda12_4_torch2_8",
    ("2.8.0", "nvidia-cuda-runtime-cu12==12.8.90"): "_cuda12_4_torch2_8",
    ("2.8.0+cpu", ""): "_torch2_8",
    ("2.8.0+rocm6.4", ""): "_torch2_8",
    ("2.8.0+cu118", ""): "_torch2_8",
    ("2.8.0", ""): "_torch2_8",
    ("2.9.0+cu128", ""): "",
}


@pytest.mark.parametrize(("version", "requirement"), BUILDS)
def test_the_build_of_torch_decides(
    environment: Environment, tmp_path: Path, version: str, requirement: str
) -> None:
    site = tmp_path / "site"
    metadata = site / f"torch-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", "Name: torch", f"Version: {version}"]
    metadata.write_text(
        "\n".join([*lines, *([f"Requires-Dist: {requirement}"] if requirement else [])])
    )
    configuration = tmp_path / "config" / "customtags" / "customtags.toml"
    configuration.parent.mkdir(parents=True)
    configuration.write_text('abi = ["torch"]\n')
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for segments in ("_cuda12_4_torch2_8", "_torch2_8", ""):
        create(wheels, "example", "1.0", f"py3-none-linux_x86_64{segments}", {"example.py": b""})
    target = tmp_path / "target"
    environment.pip(
        *("install", "-q", "--no-index", f"--find-links={wheels}", f"--target={target}", "example"),
        env={
            **variables(ACCELERATOR="cuda12.8"),
            "PYTHONPATH": str(site),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        },
    )
    (file,) = target.glob("*.dist-info/WHEEL")
    assert f"Tag: py3-none-linux_x86_64{BUILDS[version, requirement]}\n" in file.read_text()
