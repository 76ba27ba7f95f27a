"""Pythons that are newer than the machine's: from Debian's unstable suite, below a folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from pythons import UNSTABLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["TOOLS", "VERSIONS", "provide"]

#: What the machine must have; debootstrap must also run as root.
TOOLS = ("debootstrap", "patchelf")

#: They stand in the archive side by side.
VERSIONS = ("3.13", "3.14", "3.15")

_ARCHIVE = "http://deb.debian.org/debian"


def provide(versions: Sequence[str] = VERSIONS, folder: Path = UNSTABLE) -> bool:
    """Fetch them once, where `pythons.find` looks; False where the machine can't."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            if os.getuid() != 0 or not all(map(shutil.which, TOOLS)):
                return False
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            packages = ",".join(f"python{each}-venv" for each in versions)
            done = subprocess.run(
                [
                    "debootstrap",
                    "--variant=minbase",
                    f"--include={packages}",
                    "sid",
                    part,
                    _ARCHIVE,
                ],
                capture_output=True,
                check=False,
            )
            if done.returncode:
                return False
            part.rename(folder)
            for version in versions:
                _make_portable(folder, folder / "usr" / "bin" / f"python{version}")
    return True


def _make_portable(root: Path, python: Path) -> None:
    """Make a program run outside its root: with the loader and the libraries of that root."""
    libraries = next((root / "usr" / "lib").glob("*-linux-gnu*"))
    loader = next(libraries.glob("ld-linux*"))
    # An RPATH, and no RUNPATH, because that also holds for the libraries that extension modules need.
    options = ("--set-interpreter", loader, "--force-rpath", "--set-rpath", libraries)
    subprocess.run(("patchelf", *options, python), check=True)
