"""Captured machines get the tags that their folder's name ends in; tests/machines/capture.py wrote them."""

from __future__ import annotations

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
    host = Host(str(folder))
    native = f"linux_{host.arch()}"
    extended, _ = machine.extend([native], machine.detect(host, Settings({})))
    segments = folder.name.rpartition("--")[2]
    best = extended[0] if extended else f"{native}_none"
    assert best == f"{native}_{segments}"
