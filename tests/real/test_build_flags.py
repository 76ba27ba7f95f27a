"""Real compilers know what they are told of every level."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from customtags.building.compilers import FLAGS, flags
from customtags.machine.dimensions.isa import LEVELS
from needs import lacking

ROWS = [(arch, level) for arch in FLAGS for level, _ in LEVELS[arch]]

#: rustc's names of architectures, where they are others.
TARGETS = {"ppc64le": "powerpc64le"}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(command[0]) is None:
        lacking(command[0])
    return subprocess.run(command, input="", capture_output=True, text=True, check=False)


def rustc(arch: str, *told: str) -> str:
    """Give what rustc has to complain of; it needs no library to tell a target's configuration."""
    target = f"{TARGETS.get(arch, arch)}-unknown-linux-gnu"
    done = run("rustc", "--print", "cfg", "--target", target, *told)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize(("arch", "level"), ROWS)
def test_rustc_knows_the_level(arch: str, level: str) -> None:
    assert "not a recognized" not in rustc(arch, *flags(arch, level).rust.split())


def test_rustc_would_say_that_it_does_not() -> None:
    assert "not a recognized" in rustc("s390x", "-Ctarget-cpu=z9999")


@pytest.mark.parametrize(
    "level", [level for arch, level in ROWS if arch == platform.machine()], ids=str
)
def test_the_c_compiler_and_the_linker_know_the_level(level: str, tmp_path: Path) -> None:
    told = flags(platform.machine(), level)
    words = [
        told.compiler,
        told.linker,
        "-shared",
        "-nostdlib",
        "-xc",
        "-",
        "-o",
        str(tmp_path / "out.so"),
    ]
    done = run("cc", *filter(None, words))
    assert (done.returncode, done.stderr) == (0, "")
