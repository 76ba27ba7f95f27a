"""What a stranger relies on: a release that anybody can build again, and forms that say what they ask for."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from real.environments import PROJECT, Environment, MakeEnvironment, Wheelhouse, run

#: What the session `build` takes from the last commit.
EPOCH = "1793232000"


def tracked() -> list[str]:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (PROJECT / name).exists()]


def checkout(folder: Path) -> Path:
    for name in tracked():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, target)  # its mode is that of the umask
    return folder


@pytest.fixture(scope="module")
def builder(wheelhouse: Wheelhouse, make_environment: MakeEnvironment) -> Environment:
    environment = make_environment(hooked=False)
    environment.install(wheelhouse.fetch("build"), "build")
    environment.install(wheelhouse.fetch("hatchling"), "hatchling")
    return environment


def build(builder: Environment, source: Path, *options: str) -> dict[str, str]:
    """Build a source tree; return each file's name and hash."""
    command = ("-m", "build", "--no-isolation", *options, source)
    builder.run(*command, env={"SOURCE_DATE_EPOCH": EPOCH})
    made = sorted((source / "dist").iterdir())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in made}


def test_two_builds_are_equal_to_the_byte(builder: Environment, tmp_path: Path) -> None:
    first = build(builder, checkout(tmp_path / "first"))
    before = os.umask(0o077)
    try:
        second = checkout(tmp_path / "another" / "folder")
        for path in second.rglob("*"):
            os.utime(path, (time.time() - 1e7, time.time() - 1e7))
        assert build(builder, second) == first
    finally:
        os.umask(before)
    assert [name.partition("-")[0] for name in first] == ["customtags"] * 2


def test_the_source_distribution_builds_the_same_wheel(
    builder: Environment, tmp_path: Path
) -> None:
    whole = checkout(tmp_path / "whole")
    direct = build(builder, whole, "--wheel")
    build(builder, whole, "--sdist")
    (sdist,) = (whole / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    assert build(builder, tmp_path / sdist.name[: -len(".tar.gz")], "--wheel") == direct


def test_the_source_distribution_has_the_tests_and_the_licence(
    builder: Environment, tmp_path: Path
) -> None:
    source = checkout(tmp_path / "source")
    build(builder, source, "--sdist")
    (sdist,) = (source / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    left_out = {name for name in tracked() if not name.startswith(".")} - names
    assert left_out == set()
    assert {"LICENSE", "SECURITY.md", "PKG-INFO"} <= names


def test_the_version_has_one_place() -> None:
    version = re.search(
        '__version__ = "(.*)"', (PROJECT / "src/customtags/__init__.py").read_text()
    )
    assert version is not None
    words = re.compile(rf"(?<![\d.]){re.escape(version[1])}(?![\d.])")
    for name in ("pyproject.toml", "CITATION.cff", ".github/workflows/release.yml"):
        assert not words.search((PROJECT / name).read_text()), name


def test_every_action_is_pinned_by_its_commit() -> None:
    uses = [
        line.partition("uses: ")[2]
        for path in sorted(PROJECT.glob(".github/workflows/*.yml"))
        for line in path.read_text().splitlines()
        if "uses: " in line
    ]
    assert len(uses) > 5
    pinned = {re.fullmatch(r"([\w./-]+)@([0-9a-f]{40}) # v[\d.]+", line) for line in uses}
    assert None not in pinned
    # One commit for each action.
    assert len({found[1] for found in pinned if found}) == len(
        {found[0] for found in pinned if found}
    )


def test_a_profile_names_neither_the_user_nor_the_host(
    make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    """The forms say so."""
    home = {"HOME": str(tmp_path / "lovelace"), "USER": "lovelace", "LOGNAME": "lovelace"}
    profile = run([make_environment().command("customtags"), "detect"], env=home).stdout
    words = set(re.findall(r"[\w.-]+", profile))
    assert not words & {"lovelace", socket.gethostname(), socket.getfqdn()}
    assert str(tmp_path) not in profile
