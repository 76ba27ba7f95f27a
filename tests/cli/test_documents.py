"""Every verb that reads a file of somebody else's ends with one line and status 2 if that file is hostile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from command import run_in
from customtags.wheels.writer import create

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TAG = "py3-none-linux_x86_64"
WHEEL = f"a-1-{TAG}.whl"

#: The name that stands for the file → the commands that read it, and the variables that make them do so.
COMMANDS: dict[str, list[tuple[list[str], dict[str, str]]]] = {
    "node.json": [
        (["show", "--profile", "node.json"], {}),
        (["explain", "--profile", "node.json", WHEEL], {}),
        (["rank", "--profile", "node.json", "."], {}),
        (["coverage", "--profile", "node.json", "."], {}),
        (["retag", "--profile", "node.json", "--here", WHEEL], {}),
        (["intersect", "node.json", "node.json", "-o", "all.json"], {}),
        (["detect", "-o", "again.json"], {"CUSTOMTAGS_PROFILE": "node.json"}),
        (["doctor", "--json"], {"CUSTOMTAGS_PROFILE": "node.json"}),
    ],
    "customtags/customtags.toml": [
        (["config"], {"XDG_CONFIG_HOME": "."}),
        (["show"], {"XDG_CONFIG_HOME": "."}),
        (["retag", "--isa=v3", WHEEL], {"XDG_CONFIG_HOME": "."}),
    ],
    "pyproject.toml": [
        (["audit", "--only=isa", WHEEL], {}),
        (["build-matrix"], {}),
    ],
}

ROWS = [
    pytest.param(file, arguments, variables, id=f"{arguments[0]}-{file}")
    for file, commands in COMMANDS.items()
    for arguments, variables in commands
]


def deep(path: Path) -> None:
    """Write 100,000 levels, which a recursive parser does not survive."""
    before = '{"version": 1, "isa": ' if path.suffix == ".json" else "x = "
    after = "}" if path.suffix == ".json" else "\n"
    path.write_text(f"{before}{'[' * 100_000}{']' * 100_000}{after}", encoding="ascii")


def noise(path: Path) -> None:
    path.write_bytes(b"\xff\x00{[")


#: What may lie there.
HOSTILE: dict[str, Callable[[Path], None]] = {
    "deep": deep,
    "noise": noise,
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(("file", "arguments", "variables"), ROWS)
def test_a_hostile_file_is_one_line(
    file: str, arguments: list[str], variables: dict[str, str], hostile: str, tmp_path: Path
) -> None:
    create(tmp_path, "a", "1", TAG, {})
    (tmp_path / file).parent.mkdir(exist_ok=True)
    HOSTILE[hostile](tmp_path / file)
    before = sorted(tmp_path.rglob("*"))
    absolute = {name: str(tmp_path / value) for name, value in variables.items()}
    done = run_in(tmp_path, *arguments, **absolute)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith("customtags: ")
    assert os.path.basename(file) in done.stderr
    assert sorted(tmp_path.rglob("*")) == before
