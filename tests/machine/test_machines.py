"""Captured machines get the tags that their folder's name ends in.

A folder has a profile that `customtags detect` wrote, or files of the machine, which tests/machines/capture.py wrote.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customtags import machine
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from sample import DETECTED, MACHINES

if TYPE_CHECKING:
    from customtags.machine.spec import Profile


def test_there_are_machines() -> None:
    assert len(MACHINES) >= 40
    assert DETECTED


def check(folder: Path, arch: str, profile: Profile) -> None:
    native = f"linux_{arch}"
    extended, _ = machine.extend([native], profile)
    best = extended[0] if extended else f"{native}_none"
    assert best == f"{native}_{folder.name.rpartition('--')[2]}"


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
def test_a_captured_machine_gets_its_tags(folder: Path) -> None:
    host = Host(str(folder))
    check(folder, str(host.arch()), machine.detect(host, Settings({})))


@pytest.mark.parametrize("folder", DETECTED, ids=lambda folder: folder.name)
def test_a_profile_gives_the_tags_of_its_machine(folder: Path) -> None:
    profile = json.loads((folder / "profile.json").read_text("utf-8"))
    check(folder, profile["platform"]["arch"], profile)
