"""`customtags config` shows every setting with its value, and where that comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from command import run
from configurations import REFUSED, WHOLE
from customtags.machine.configuration import KEYS
from customtags.machine.settings import CHOICES, files, variable
from customtags.profiles.provenance import ONLY_VARIABLES, provenance, unknown_variables
from customtags.tags import DIMENSIONS

if TYPE_CHECKING:
    from pathlib import Path


def known(environ: dict[str, str], *paths: str) -> dict[str, tuple[Any, str | None]]:
    return {each.key: (each.value, each.origin) for each in provenance(environ, paths)}


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The user's file."""
    path = tmp_path / "customtags" / "customtags.toml"
    path.parent.mkdir()
    return str(path)


def put(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def test_without_anything_every_key_is_usual() -> None:
    found = known({})
    assert set(found) == {*KEYS, *DIMENSIONS, *ONLY_VARIABLES}
    assert {origin for _, origin in found.values()} == {None}
    assert found["cuda-minor"] == ("strict", None)
    assert found["priority"][0][0] == "accelerator"


def test_of_a_whole_file_every_key_is_from_there(file: str) -> None:
    put(file, WHOLE)
    found = known({}, file)
    switched_on = "provider_variant_x86_64_level"  # and not overridden
    others = [key for key, (_, origin) in found.items() if origin != file]
    assert others == [switched_on, *ONLY_VARIABLES]
    assert found["mpi"] == ("openmpi40", file)


@pytest.mark.parametrize("key", [*DIMENSIONS, *CHOICES, "profile", *ONLY_VARIABLES, "mpi"])
def test_a_variable_wins_over_the_file_and_an_empty_one_is_none(key: str, file: str) -> None:
    put(file, WHOLE)
    value = CHOICES[key][1][0] if key in CHOICES else "v2"
    if key == "abi":
        rows = [
            tuple(row) for row in provenance({variable(key): value}, [file]) if row.key == "abi"
        ]
        assert rows == [("abi", "v2", variable(key)), ("abi", ["torch", "numpy"], file)]
    else:
        assert known({variable(key): value}, file)[key] == (value, variable(key))
    assert known({variable(key): ""}, file)[key] != ("", variable(key))


def test_a_variable_that_is_none_of_ours_is_named_with_the_nearest(file: str) -> None:
    environ = {"CUSTOMTAGS_ISAA": "v3", "CUSTOMTAGS_ISA": "v3", "CUSTOMTAGS_MPI": "a1", "HOME": "/"}
    assert unknown_variables(environ, []) == {
        "CUSTOMTAGS_ISAA": "write 'CUSTOMTAGS_ISA'",
        "CUSTOMTAGS_MPI": unknown_variables({"CUSTOMTAGS_MPI": ""}, [])["CUSTOMTAGS_MPI"],
    }
    put(file, WHOLE)
    assert list(unknown_variables(environ, [file])) == ["CUSTOMTAGS_ISAA"]


def test_the_command_shows_them_and_the_files(file: str, tmp_path: Path) -> None:
    put(file, 'limit = 7\nbases = []\nsite = ["lab", "acme2"]\npublic-first = true')
    done = run("config", XDG_CONFIG_HOME=str(tmp_path), CUSTOMTAGS_ISA="v2")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["isa", "v2", "CUSTOMTAGS_ISA"] in rows
    assert ["limit", "7", file] in rows
    assert ["bases", "none", file] in rows
    assert ["site", "lab,", "acme2", file] in rows
    assert ["public-first", "true", file] in rows
    assert ["cuda-minor", "strict", "default"] in rows
    assert [file, "read"] in rows
    shown = json.loads(run("config", "--json", XDG_CONFIG_HOME=str(tmp_path)).stdout)
    assert shown["files"][file] is True
    assert list(shown["files"]) == files({"XDG_CONFIG_HOME": str(tmp_path)})
    assert {"key": "limit", "value": 7, "origin": file} in shown["settings"]


def test_an_unknown_variable_ends_with_status_1() -> None:
    done = run("config", CUSTOMTAGS_ACCELERATR="cuda12.4")
    assert done.returncode == 1
    assert "Unknown variable: CUSTOMTAGS_ACCELERATR; write 'CUSTOMTAGS_ACCELERATOR'" in (
        done.stdout
    )


def test_a_wrong_value_is_shown_and_refused() -> None:
    done = run("config", CUSTOMTAGS_ISA="v9")
    assert done.returncode == 2
    assert ["isa", "v9", "CUSTOMTAGS_ISA"] in [line.split() for line in done.stdout.splitlines()]
    assert done.stderr == run("show", CUSTOMTAGS_ISA="v9").stderr


def test_a_variable_for_builds_is_known() -> None:
    assert run("config", CUSTOMTAGS_BUILD_LOCAL_VERSION="auto").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["show"], 0),
        (["show", "--json"], 0),
        (["detect"], 0),
        (["explain", "a-1.0-py3-none-any.whl"], 0),
        (["rank", "a-1.0-py3-none-any.whl"], 0),
        (["doctor"], 1),
        (["doctor", "--json"], 1),
    ],
)
def test_every_verb_about_the_machine_names_an_unknown_variable(
    arguments: list[str], status: int
) -> None:
    done = run(*arguments, CUSTOMTAGS_ISSA="v2")
    assert done.returncode == status
    assert done.stderr == "customtags: unknown variable CUSTOMTAGS_ISSA; write 'CUSTOMTAGS_ISA'\n"


@pytest.mark.parametrize("verb", ["config", "show"])
def test_a_file_that_cannot_be_looked_for_counts_as_missing(verb: str) -> None:
    done = run(verb, XDG_CONFIG_HOME=f"/{'a' * 300}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_is_one_line_with_the_cure(text: str, file: str, tmp_path: Path) -> None:
    put(file, text)
    done = run("config", XDG_CONFIG_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert REFUSED[text] in done.stderr
    assert done.stderr.count("\n") == 1
