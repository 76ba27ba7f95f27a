"""What a test needs of the machine: where that is missing, it is skipped, and in CI it fails."""

from __future__ import annotations

import os
import subprocess
from typing import NoReturn

import pytest

__all__ = ["lacking", "unshared"]


def lacking(what: str) -> NoReturn:
    """Skip a test whose tool this machine lacks; where everything must run, fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must run every test")
    pytest.skip(f"{what} is missing")


def unshared() -> list[str]:
    """Give the command that runs another one in a mount namespace of its own.

    There a test may put files in the place of the system's.
    """
    command = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        lacking("an unshare that may make mount namespaces")
    return command
