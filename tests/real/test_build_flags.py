"""Real compilers accept the flags of every level."""

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


def rustc(arch: str, *words: str) -> str:
    """Return the warnings of rustc; it requires no library to print a target's configuration."""
    target = f"{TARGETS.get(arch, arch)}-unknown-linux-gnu"
    done = run("rustc", "--print", "cfg", "--target", target, *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize(("arch", "level"), ROWS)
def test_rustc_accepts_the_level(arch: str, level: str) -> None:
    assert "not a recognized" not in rustc(arch, *flags(arch, level).rust.split())


def test_rustc_warns_of_an_unknown_level() -> None:
    assert "not a recognized" in rustc("s390x", "-Ctarget-cpu=z9999")


@pytest.mark.parametrize(
    "level", [level for arch, level in ROWS if arch == platform.machine()], ids=str
)
def test_the_c_compiler_and_the_linker_accept_the_level(level: str, tmp_path: Path) -> None:
    ours = flags(platform.machine(), level)
    words = [
        ours.compiler,
        ours.linker,
        "-shared",
        "-nostdlib",
        "-xc",
        "-",
        "-o",
        str(tmp_path / "out.so"),
    ]
    done = run("cc", *filter(None, words))
    assert (done.returncode, done.stderr) == (0, "")
