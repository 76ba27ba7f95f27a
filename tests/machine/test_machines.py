"""Captured machines get the tags that their folder's name ends in.

A folder has a profile that `customtags detect` wrote, or files of the machine, which tests/machines/capture.py wrote.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from customtags import machine
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from sample import MACHINES


def test_there_are_machines() -> None:
    assert len(MACHINES) >= 40


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
def test_a_captured_machine_gets_its_tags(folder: Path) -> None:
    saved = folder / "profile.json"
    if saved.exists():
        profile = json.loads(saved.read_text("utf-8"))
        arch = profile["platform"]["arch"]
    else:
        host = Host(str(folder))
        profile = machine.detect(host, Settings({}))
        arch = host.arch()
    native = f"linux_{arch}"
    extended, _ = machine.extend([native], profile)
    segments = folder.name.rpartition("--")[2]
    best = extended[0] if extended else f"{native}_none"
    assert best == f"{native}_{segments}"
