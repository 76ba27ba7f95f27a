"""Profiles are what the schema says, and serve a pip that has never heard of customtags."""

from __future__ import annotations

import copy
import json
import zipfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from command import run
from customtags import machine
from customtags.errors import ProfileError
from customtags.machine.dimensions import builtin
from customtags.profiles.intersect import intersect
from customtags.wheels.writer import create
from real.environments import NEWEST, OLDEST, MakeEnvironment
from sample import CUDAS, MACHINES, SEED, named

if TYPE_CHECKING:
    from real.environments import Environment, Wheelhouse

SCHEMA = json.loads(
    resources.files("customtags.profiles").joinpath("profile.schema.json").read_text("utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_one_and_knows_every_page() -> None:
    VALIDATOR.check_schema(SCHEMA)
    known = {*SCHEMA["properties"], *SCHEMA["properties"]["accelerator"]["properties"]}
    assert {page.NAME for page in builtin()} <= known


def test_the_wheel_brings_the_schema(wheelhouse: Wheelhouse) -> None:
    (wheel,) = wheelhouse.customtags().glob("customtags-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert json.loads(archive.read("customtags/profiles/profile.schema.json")) == SCHEMA


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
def test_what_is_detected_is_valid(folder: Path) -> None:
    VALIDATOR.validate(json.loads(run("detect", "--root", str(folder)).stdout))


@pytest.mark.parametrize(
    "overrides",
    [
        {"accelerator": "cuda12.4_sm90,rocm6.0", "site": "lab", "abi": "torch2.9"},
        {"isa": "none", "distro": "el9.4", "accelerator": "none"},
    ],
)
def test_what_is_overridden_and_intersected_is_valid(overrides: dict[str, str]) -> None:
    variables = {f"CUSTOMTAGS_{name.upper()}": value for name, value in overrides.items()}
    found = json.loads(run("detect", **variables).stdout)
    VALIDATOR.validate(found)
    VALIDATOR.validate(intersect(named([found, found, {**SEED, "rack": 7}]), builtin()))


#: The path of a key → a value that cannot stand there.
WRONG = {
    "version": 2,
    "platform.arch": 4,
    "platform.libc_version": "new",
    "platform.python": ["3"],
    "isa.features": 4,
    "distro": "fc39",
    "accelerator.cuda": CUDAS[0],
    "accelerator.rocm.gpus": None,
}


@pytest.mark.parametrize("key", WRONG)
def test_what_the_schema_refuses_is_not_read(key: str, tmp_path: Path) -> None:
    broken: dict[str, Any] = copy.deepcopy(SEED)
    *path, last = key.split(".")
    place = broken
    for name in path:
        place = place[name]
    place[last] = WRONG[key]
    assert not VALIDATOR.is_valid(broken)
    (tmp_path / "node.json").write_text(json.dumps(broken), encoding="utf-8")
    with pytest.raises(ProfileError):
        machine.read_profile(str(tmp_path / "node.json"))


#: Platforms of wheels of one version → the machines, of which each takes another one.
OFFERED = (
    *("any", "manylinux_2_17_x86_64", "linux_x86_64", "linux_x86_64_v2", "linux_x86_64_v3"),
    *("linux_x86_64_v3_fc39", "linux_x86_64_v3_fc39_rocm6_0", "linux_x86_64_el9_2_cuda12_1"),
    *("manylinux_2_28_x86_64_v4", "musllinux_1_2_x86_64_v2"),
)
NODES: dict[str, dict[str, Any]] = {
    "seed": {},
    "without GPU": {"accelerator": None},
    "el9": {
        "distro": {"segment": "el9_4"},
        "accelerator": {"cuda": {"cuda": [12, 4], "capabilities": [[9, 0]]}},
    },
    "alpine": {
        "platform": {"arch": "x86_64", "libc": "musl", "libc_version": "1.2"},
        "distro": {"segment": "alpine3_20"},
        "accelerator": None,
    },
    "bare": {
        "platform": {"arch": "x86_64", "libc": "glibc", "libc_version": "2.16"},
        "isa": None,
        "distro": None,
        "accelerator": None,
    },
}


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("offered")
    for platform in OFFERED:
        row = "py3-none" if platform == "any" else "cp312-cp312"
        create(folder, "example", "1.0", f"{row}-{platform}", {"example.py": platform.encode()})
        if platform != "any":
            create(folder, "example", "1.0", f"cp313-cp313t-{platform}", {})
    return folder


def downloaded(environment: Environment, folder: Path, wheels: Path, *options: str) -> str:
    """Download one of the wheels by pip, and return its name."""
    environment.pip(
        "download",
        "-q",
        "--no-index",
        f"--find-links={wheels}",
        f"--dest={folder}",
        *options,
        "example",
    )
    (taken,) = folder.iterdir()
    return taken.name


@pytest.mark.parametrize(
    ("node", "python"), [*((node, "3.12") for node in NODES), ("seed", "3.13t")]
)
def test_a_pip_without_the_hook_chooses_what_the_machine_would(
    node: str, python: str, make_environment: MakeEnvironment, offered: Path, tmp_path: Path
) -> None:
    profile = {**SEED, **NODES[node]}
    profile["platform"] = {**profile["platform"], "python": [python]}
    file = tmp_path / "node.json"
    file.write_text(json.dumps(profile), encoding="utf-8")
    options = run("show", "--profile", str(file), "--pip-args").stdout.split()
    shown = json.loads(run("show", "--all", "--json", "--profile", str(file)).stdout)
    row = {"3.12": "cp312-cp312", "3.13t": "cp313-cp313t"}[python]
    best = next((f"{row}-{each}" for each in shown["platforms"] if each in OFFERED), "py3-none-any")
    for pip in (OLDEST, NEWEST) if python == "3.12" else (NEWEST,):
        environment = make_environment(pip, "3.9" if pip == OLDEST else None, hooked=False)
        taken = downloaded(environment, tmp_path / pip, offered, *options)
        assert taken == f"example-1.0-{best}.whl"


def test_a_pip_with_the_hook_takes_the_same_on_this_machine(
    make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    import sys

    row = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    wheels = tmp_path / "wheels"
    for platform in json.loads(run("show", "--all", "--json").stdout)["platforms"][5:]:
        create(wheels, "example", "1.0", f"{row}-{row}-{platform}", {})
    options = run("show", "--pip-args").stdout.split()
    hooked = downloaded(make_environment(), tmp_path / "hooked", wheels)
    bare = make_environment(hooked=False)
    assert downloaded(bare, tmp_path / "bare", wheels, *options) == hooked
    assert "_v" in hooked or "deb" in hooked
