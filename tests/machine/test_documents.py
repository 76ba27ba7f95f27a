"""JSON and TOML files that anybody may have written, and files that are none."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from customtags import machine
from customtags.audit import declared
from customtags.building import project
from customtags.errors import CustomtagsError, ProfileError, SettingError
from customtags.machine import documents
from customtags.machine.dimensions import builtin
from customtags.machine.host import Host
from customtags.machine.settings import Settings

DEEP = 100_000

#: Text of a JSON document, and why it is refused.
JSON = [
    ("[" * DEEP, "nested more than 64 levels"),
    ('{"a":' * DEEP, "nested more than 64 levels"),
    ("[" * 65 + "]" * 65, "nested more than 64 levels"),
    ('{"version": 1, "isa": ' + "[" * 64 + "]" * 64 + "}", "nested more than 64 levels"),
    ("", "Expecting value"),
]

#: The same of TOML.
TOML = [
    ("a = " + "[" * DEEP, "nested more than 64 levels"),
    ("a = " + "{a=" * DEEP, "nested more than 64 levels"),
    ("a" + ".a" * 70 + " = 1", "nested more than 64 levels"),
    ("[" + ".".join("a" * 70) + "]", "nested more than 64 levels"),
    ("isa = v3", "line 1"),
]


@pytest.mark.parametrize(("text", "why"), JSON, ids=range(len(JSON)))
def test_bad_json_is_a_bad_profile(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text)
    with pytest.raises(ProfileError, match=f"is not valid JSON .*{why}"):
        machine.read_profile(str(path))


def test_what_is_not_deep_is_read() -> None:
    text = "[" * 64 + "]" * 64
    assert str(documents.parse_json(text)) == text
    assert documents.parse_json("1") == 1


@pytest.mark.parametrize(("text", "why"), TOML, ids=range(len(TOML)))
def test_bad_toml_is_refused_by_every_reader(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    for read in (
        lambda: Settings.read({}, [str(path)]),
        lambda: project.read(tmp_path),
        lambda: declared.dispatched(path),
    ):
        with pytest.raises(SettingError, match=f"is not valid TOML .*{why}"):
            read()


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "customtags.toml"
    with path.open("wb") as file:
        file.truncate(documents.SIZE + 1)
    with pytest.raises(SettingError, match=f"larger than {documents.SIZE} bytes"):
        documents.read_toml(str(path))


def test_a_pipe_in_the_place_of_a_document_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    os.mkfifo(path)
    for read in (
        lambda: machine.read_profile(str(path)),
        lambda: Settings.read({}, [str(path)]),
        lambda: project.read(tmp_path),
    ):
        with pytest.raises(CustomtagsError, match=r"cannot be read \(a pipe and not a file\)"):
            read()


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_pipe_in_the_place_of_a_machines_file_is_skipped(kind: str, tmp_path: Path) -> None:
    files = ("etc/os-release", "etc/redhat-release", "proc/cpuinfo", "proc/self/auxv", "bin/sh")
    for path in (tmp_path / each for each in files):
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "pipe":
            os.mkfifo(path)
        else:
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(os.path.relpath(path))
    host = Host(str(tmp_path))
    assert [host.read(f"/{file}") for file in files] == [None] * len(files)
    assert (host.arch(), host.auxv(), host.release()) == (None, None, None)
    release = tmp_path / "usr/lib/os-release"
    release.parent.mkdir(parents=True)
    release.write_text("ID=debian\nVERSION_ID=12\n")
    found = machine.detect(host, Settings({}), builtin())
    assert found["source"]["distro"] == "/usr/lib/os-release"
