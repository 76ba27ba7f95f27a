"""One environment for machines of three kinds: their profiles, the intersection, and what real pip installs of it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from command import run_in
from customtags import demo
from customtags.profiles import running
from customtags.wheels.writer import create
from real.environments import PROJECT, run

if TYPE_CHECKING:
    from real.environments import MakeEnvironment

EXAMPLE = PROJECT / "examples" / "cluster"
TESTS = PROJECT / "tests"


class Node(NamedTuple):
    """Where the facts of a machine were captured.

    :ivar machine: the folder with its CPU's, and its own system's if that is known
    :ivar system: the folder with the os-release of the system on it
    :ivar driver: what the kernel tells of NVIDIA's
    :ivar glibc: the C library of that system
    :ivar takes: the platform of the wheel that it would take by itself
    """

    machine: str
    system: str
    driver: str
    glibc: str
    takes: str


NODES = {
    "epyc": Node(
        "kvm-debian12-epyc--v4_deb12", "debian-12--deb12", "", "2.36", "linux_x86_64_v4_deb12"
    ),
    "zen3": Node(
        "archspec-ubuntu20.04-zen3--v3",
        "rocky-9.5--el9_5-el9_4-el9_3-el9_2-el9_1-el9_0-el9",
        "",
        "2.34",
        "linux_x86_64_v3",
    ),
    "gpu": Node(
        "archspec-rocky9-zen5--v4",
        "rocky-8.4--el8_4-el8_3-el8_2-el8_1-el8_0-el8",
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\n",
        "2.28",
        "linux_x86_64_v3_cuda12_4",
    ),
}

#: What the index holds: platform, and the segments it is compiled for.
OFFERED = {
    "any": (),
    "manylinux_2_17_x86_64": (),
    "manylinux_2_36_x86_64": (),
    "linux_x86_64_v2": ("v2",),
    "linux_x86_64_v3": ("v3",),
    "linux_x86_64_v4_deb12": ("v4", "deb12"),
    "linux_x86_64_v3_cuda12_4": ("v3", "cuda12_4"),
}


def captured(node: Node, root: Path) -> dict[str, Any]:
    """Put the machine together, and look at it."""
    shutil.copytree(TESTS / "machines" / node.machine, root)
    (root / "etc").mkdir(exist_ok=True)
    shutil.copy(TESTS / "os-release" / node.system, root / "etc" / "os-release")
    if node.driver:
        path = root / "proc" / "driver" / "nvidia" / "version"
        path.parent.mkdir(parents=True)
        path.write_text(node.driver, encoding="utf-8")
    found: dict[str, Any] = json.loads(run_in(root, "detect", "--root", str(root)).stdout)
    found["platform"].update(libc="glibc", libc_version=node.glibc, python=["3.12", "3.11"])
    return found


@pytest.mark.parametrize("name", NODES)
def test_the_profiles_of_the_example_are_of_captured_machines(name: str, tmp_path: Path) -> None:
    shown = json.loads((EXAMPLE / "profiles" / f"{name}.json").read_text("utf-8"))
    assert captured(NODES[name], tmp_path / name) == shown


def test_the_intersection_of_the_example() -> None:
    files = sorted(str(path.relative_to(EXAMPLE)) for path in EXAMPLE.glob("profiles/*.json"))
    assert len(files) == len(NODES)
    done = run_in(EXAMPLE, "intersect", *files)
    assert done.stdout == (EXAMPLE / "cluster.json").read_text("utf-8")


def test_one_environment_runs_on_all(make_environment: MakeEnvironment, tmp_path: Path) -> None:
    python = running.python()
    wheels = tmp_path / "wheels"
    for platform, segments in OFFERED.items():
        base = "any" if platform == "any" else platform.partition("_v")[0]
        if platform.startswith("manylinux"):
            base = platform
        demo.build(wheels, base, segments, demo.compiler())
    assert {each.stem.rpartition("-")[2] for each in wheels.iterdir()} == {*OFFERED}
    place = tmp_path / "cluster"
    shutil.copytree(EXAMPLE, place, ignore=shutil.ignore_patterns("cluster.json"))
    accepted = {}
    for path in place.glob("profiles/*.json"):
        profile = json.loads(path.read_text("utf-8"))
        profile["platform"]["python"].insert(0, python)
        path.write_text(json.dumps(profile), encoding="utf-8")
        shown = run_in(place, "show", "--all", "--json", "--profile", str(path))
        accepted[path.stem] = json.loads(shown.stdout)["platforms"]
    environment = make_environment(hooked=False)
    commands = {
        "PIP": f"{environment.python} -m pip",
        "CUSTOMTAGS": f"{sys.executable} -m customtags",
    }
    options = ("--no-index", f"--find-links={wheels}")
    run(["./install.sh", "shared", *options, "example"], env=commands, cwd=place)
    (metadata,) = place.glob("shared/*.dist-info/WHEEL")
    taken = metadata.read_text("utf-8").partition("\nTag: ")[2].split("\n")[0].rpartition("-")[2]
    assert taken == "linux_x86_64_v3"
    for name, node in NODES.items():
        assert taken in accepted[name]
        assert next(tag for tag in accepted[name] if tag in OFFERED) == node.takes
    says = environment.run(
        "-c",
        "import example; print(example.built_for())",
        env={"PYTHONPATH": str(place / "shared")},
    )
    assert says.stdout == "C, compiled for x86-64-v3\n"


def test_a_machine_that_joins_lowers_what_is_taken(
    make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    place = tmp_path / "cluster"
    shutil.copytree(EXAMPLE, place)
    old = json.loads((place / "profiles" / "epyc.json").read_text("utf-8"))
    old["isa"]["features"].remove("avx2")
    old["platform"].update(libc_version="2.17", python=["3.11"])
    (place / "profiles" / "old.json").write_text(json.dumps(old), encoding="utf-8")
    row = "cp311-cp311"
    for platform in ("linux_x86_64_v3", "linux_x86_64_v2", "manylinux_2_17_x86_64"):
        create(place / "wheels", "example", "1.0", f"{row}-{platform}", {})
    commands = {
        "PIP": f"{make_environment(hooked=False).python} -m pip",
        "CUSTOMTAGS": f"{sys.executable} -m customtags",
    }
    options = ("--no-index", "--find-links=wheels")
    run(["./install.sh", "shared", *options, "example"], env=commands, cwd=place)
    (metadata,) = place.glob("shared/*.dist-info/WHEEL")
    assert "linux_x86_64_v2\n" in metadata.read_text("utf-8")
