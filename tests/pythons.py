"""The interpreters of this machine: those that pyenv keeps, those on PATH, then those fetched for the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["SUPPORTED", "UNSTABLE", "find"]

#: Every CPython that customtags is tested on, if the machine has it.
SUPPORTED = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")

#: Where tests/real/debian.py keeps the newest ones: below pytest's cache.
UNSTABLE = Path(__file__).parents[1] / ".pytest_cache" / "d" / "unstable"


def find(version: str) -> str | None:
    """Return the path of a working interpreter of that version, None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    kept = sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)
    fetched = str(UNSTABLE / "usr" / "bin" / f"python{version}")
    for candidate in (*map(str, kept), shutil.which(f"python{version}"), fetched):
        if candidate and _runs(candidate):
            return candidate
    return None


def _runs(python: str) -> bool:
    # pyenv puts names on PATH that only complain.
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
