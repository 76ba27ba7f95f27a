"""A machine accepts every name that retag can give a wheel for it, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customtags import machine
from customtags.machine import pages_for
from customtags.machine.host import Host
from customtags.machine.settings import Settings
from customtags.tags import stock
from nameable import ACCELERATORS, PROJECTS, nameable
from sample import MACHINES

if TYPE_CHECKING:
    from pathlib import Path

    from customtags.errors import CustomtagsError

#: One machine of many tags, with which every accelerator and every project is tried.
LARGE = next(folder for folder in MACHINES if folder.name.startswith("kvm-debian12"))

SYSTEMS = sorted((MACHINES[0].parents[1] / "os-release").glob("*--*"))


def fail(problem: CustomtagsError) -> None:
    pytest.fail(str(problem))


def check(host: Host, arch: str, overrides: dict[str, str], libc: str = "glibc") -> None:
    settings = Settings(overrides, abi=["torch", "numpy", "vectorlib"])
    pages = pages_for(settings, fail)
    profile = machine.detect(host, settings, pages)
    platforms = stock.tags(
        {"arch": arch, "libc": libc, "libc_version": "2.38" if libc == "glibc" else "1.2"}
    )
    names = list(nameable(profile, platforms, settings, pages))
    tags, dropped = machine.extend(platforms, profile, settings, pages)
    assert dropped == 0
    assert len(names) == len(tags)
    assert set(names) == set(tags)


@pytest.mark.parametrize("projects", PROJECTS)
@pytest.mark.parametrize("accelerator", ACCELERATORS)
def test_with_every_accelerator_and_every_project(accelerator: str, projects: str) -> None:
    overrides = {"accelerator": accelerator, "abi": projects, "site": "hardened"}
    check(Host(str(LARGE)), "x86_64", overrides)


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
def test_on_every_captured_machine(folder: Path) -> None:
    host = Host(str(folder))
    check(host, str(host.arch()), {"abi": "torch2.8+cu128", "accelerator": "cuda12.8"})


@pytest.mark.parametrize("file", SYSTEMS, ids=lambda file: file.name)
def test_on_every_system(file: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_bytes(file.read_bytes())
    for libc in ("glibc", "musl"):
        check(Host(str(tmp_path)), "x86_64", {"isa": "v3", "accelerator": "rocm6.4_gfx90a"}, libc)
