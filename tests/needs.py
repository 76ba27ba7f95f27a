"""What a test requires of the machine: where that is missing, it is skipped, and in CI it fails."""

from __future__ import annotations

import os
import subprocess
from typing import NoReturn

import pytest

__all__ = ["lacking", "requires", "unshared"]


def requires(fulfilled: bool, what: str) -> pytest.MarkDecorator:
    """Return the mark of tests that run only where a condition holds; tests/conftest.py acts on it."""
    return pytest.mark.requires(fulfilled, what)


def lacking(what: str) -> NoReturn:
    """Skip a test whose tool this machine lacks; where everything must run, fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must run every test")
    pytest.skip(f"{what} is missing")


def unshared() -> list[str]:
    """Return the command that runs another one in a mount namespace of its own.

    There a test may put files in the place of the system's.
    """
    command = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        lacking("an unshare that may make mount namespaces")
    return command
