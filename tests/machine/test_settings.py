"""The environment and customtags.toml: who wins, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from configurations import REFUSED, WHOLE
from customtags import machine
from customtags.errors import OverrideError, SettingError
from customtags.machine import settings
from customtags.machine.configuration import KEYS
from customtags.machine.settings import Settings
from needs import requires

STOCK = ["linux_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in range(38, 16, -1))]


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    """Where the files of environment, user and site lie."""
    return [str(tmp_path / name) for name in ("environment", "user", "site")]


def put(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="utf-8")


def test_every_key_is_read(places: list[str]) -> None:
    put(places[1], WHOLE)
    found = Settings.read({}, places)
    assert all(f"\n{key} = " in WHOLE for key in KEYS)
    assert found.overrides == {
        "isa": "v3",
        "distro": "none",
        "accelerator": "cuda12.1,rocm6.0",
        "site": "hardened,acme2",
        "mpi": "openmpi40",
    }
    assert found.profile == str(Path(places[1]).with_name("gpu-node.json"))
    assert (found.dimensions, found.abi) == (["mpi"], ["torch", "numpy"])
    assert found.variant_providers == ["provider-variant-x86-64::level"]
    assert found.bases == ["manylinux_2_28", "manylinux2014", "musllinux_1_2"]
    assert (found.priority, found.limit, found.public_first) == (["isa", "mpi"], 7, True)
    assert found.override("isa") == (f"{places[1]}: isa", "v3")
    assert found.choices == {"cuda": "minor"}


def test_without_files_there_are_the_defaults(places: list[str]) -> None:
    found = Settings.read({}, places)
    assert (found.overrides, found.profile, found.limit, found.bases) == ({}, None, None, None)
    assert not found.public_first


def test_the_first_file_that_has_a_key_wins_and_a_variable_over_all(places: list[str]) -> None:
    for path, level in zip(places, ("v4", "v3", "v2")):
        put(path, f'isa = "{level}"\n')
    assert Settings.read({}, places).overrides == {"isa": "v4"}
    put(places[0], "limit = 9")
    found = Settings.read({}, places)
    assert (found.overrides, found.limit) == ({"isa": "v3"}, 9)
    found = Settings.read({"CUSTOMTAGS_ISA": "v2", "CUSTOMTAGS_DISTRO": ""}, places)
    assert found.overrides == {"isa": "v2"}
    assert found.override("isa") == ("CUSTOMTAGS_ISA", "v2")
    put(places[2], 'profile = "/srv/node.json"')
    assert Settings.read({}, places).profile == "/srv/node.json"
    assert Settings.read({"CUSTOMTAGS_PROFILE": "x.json"}, places).profile == "x.json"


@pytest.mark.parametrize("key", ["dimensions", "variant-providers"])
def test_what_is_switched_on_gets_a_variable_and_a_key(places: list[str], key: str) -> None:
    environ = {"CUSTOMTAGS_SOME_MPI": "a1"}
    assert Settings.read(environ, places).overrides == {}
    put(places[0], f'{key} = ["some-mpi"]')
    assert Settings.read(environ, places).overrides == {"some_mpi": "a1"}
    put(places[1], 'some_mpi = "b2"')
    assert Settings.read({}, places).overrides == {"some_mpi": "b2"}


def test_an_empty_list_of_labels_is_none(places: list[str]) -> None:
    put(places[0], "site = []")
    put(places[1], 'site = ["hardened"]')
    assert Settings.read({}, places).overrides == {"site": "none"}


def test_where_the_files_lie() -> None:
    environment, site = f"{sys.prefix}/customtags.toml", "/etc/customtags.toml"
    for environ, user in (
        ({"HOME": "/home/me"}, ["/home/me/.config/customtags/customtags.toml"]),
        ({"HOME": "/home/me", "XDG_CONFIG_HOME": "/x"}, ["/x/customtags/customtags.toml"]),
        ({"XDG_CONFIG_HOME": "relative"}, []),
        ({}, []),
    ):
        assert settings.files(environ) == [environment, *user, site]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_wrong_is_refused_in_one_line_with_the_cure(places: list[str], text: str) -> None:
    put(places[1], text)
    with pytest.raises(SettingError) as caught:
        Settings.read({}, places)
    assert str(caught.value).startswith(repr(places[1]))
    assert REFUSED[text] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.path == places[1]


def test_bytes_that_are_no_text_and_folders_are_refused(places: list[str]) -> None:
    Path(places[0]).write_bytes(b'isa = "\xff"')
    with pytest.raises(SettingError, match="is not valid TOML"):
        Settings.read({}, places)
    Path(places[0]).unlink()
    Path(places[0]).mkdir()
    with pytest.raises(SettingError, match=r"cannot be read \(Is a directory\)"):
        Settings.read({}, places)


#: Reads a file as nobody; before, it imports the reader of TOML, which nobody may not be allowed to.
AS_NOBODY = """
import os, sys
from customtags.machine.settings import Settings
Settings.read({}, ["/dev/null"])
os.setuid(65534)
sys.prefix = sys.argv[1]
print(Settings.read({}).overrides)
"""


@requires(os.geteuid() == 0, "root")
@pytest.mark.parametrize(
    ("folder", "file", "says"),
    [(0o700, 0o644, "{}"), (0o755, 0o600, "Permission denied"), (0o755, 0o644, "'isa': 'v3'")],
)
def test_a_closed_folder_has_no_file_and_a_closed_file_is_an_error(
    folder: int, file: int, says: str
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        path = Path(name, "customtags.toml")
        put(str(path), 'isa = "v3"')
        path.chmod(file)
        path.parent.chmod(folder)
        command = [sys.executable, "-c", AS_NOBODY, name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert says in done.stdout + done.stderr


DRIVER = {"accelerator": {"cuda": {"cuda": [12, 4], "capabilities": [], "driver": "550.54"}}}


@pytest.mark.parametrize(
    ("variable", "line", "accepted"),
    [
        ("", "", False),
        ("minor", "", True),
        ("", 'cuda-minor = "minor"', True),
        ("strict", 'cuda-minor = "minor"', False),
    ],
)
def test_the_policy_for_minor_versions_of_cuda(
    places: list[str], variable: str, line: str, accepted: bool
) -> None:
    node = Path(places[0]).with_name("node.json")
    put(str(node), json.dumps({"version": 1, "platform": {"arch": "x86_64"}, **DRIVER}))
    put(places[0], f'profile = "node.json"\n{line}')
    settings = Settings.read({"CUSTOMTAGS_CUDA_MINOR": variable}, places)
    profile = machine.detect(settings=settings)
    tags, _ = machine.extend(STOCK, profile)
    assert ("linux_x86_64_cuda12_9" in tags) is accepted
    assert "linux_x86_64_cuda13_0" not in tags
    assert tags[0] == "linux_x86_64_cuda12_4"


def test_a_profile_carries_the_policy_of_its_machine(tmp_path: Path) -> None:
    settings = Settings({"accelerator": "cuda12.1"}, choices={"cuda": "minor"})
    profile = machine.detect(settings=settings)
    (tmp_path / "node.json").write_text(json.dumps(profile), encoding="utf-8")
    again = machine.detect(settings=Settings({}, str(tmp_path / "node.json")))
    assert again["accelerator"]["cuda"]["policy"] == "minor"


@pytest.mark.parametrize(("variable", "line"), [("mayor", ""), ("", 'cuda-minor = "mayor"')])
def test_a_policy_that_does_not_exist_is_refused(
    places: list[str], variable: str, line: str
) -> None:
    put(places[0], line)
    with pytest.raises(
        OverrideError, match="'mayor' is not valid; write strict or minor"
    ) as caught:
        Settings.read({"CUSTOMTAGS_CUDA_MINOR": variable}, places)
    where = "CUSTOMTAGS_CUDA_MINOR" if variable else f"{places[0]}: cuda-minor"
    assert caught.value.setting == where


def test_settings_steer_order_bases_and_number() -> None:
    profile = {
        "distro": {"segment": "fc39"},
        "accelerator": {"rocm": {"version": "6.0", "gpus": []}},
    }
    usual, _ = machine.extend(STOCK, profile)
    assert usual[0] == "linux_x86_64_fc39_rocm6_0"
    first, _ = machine.extend(STOCK, profile, Settings({}, priority=["distro"], bases=[]))
    assert first == [
        "linux_x86_64_fc39_rocm6_0",
        "linux_x86_64_fc39_rocm6",
        "linux_x86_64_fc39",
        "linux_x86_64_rocm6_0",
        "linux_x86_64_rocm6",
    ]
    some, cut = machine.extend(STOCK, profile, Settings({}, limit=2, bases=["manylinux_2_20"]))
    assert len(some) == 2
    assert cut > 0
    assert machine.extend(STOCK, profile, Settings({}, limit=0))[0] == []


def test_a_setting_that_does_not_exist_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="unknown settings: colour"):
        Settings({}, colour="blue")
