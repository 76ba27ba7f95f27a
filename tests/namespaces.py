"""Mount namespaces: a test in one may put files in the place of the system's."""

from __future__ import annotations

import os
import subprocess

import pytest

__all__ = ["unshared"]


def unshared() -> list[str]:
    """Give the command that runs another one in a namespace of its own; without one, skip, or fail in CI."""
    command = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        assert "CI" not in os.environ, "unshare must work where CI runs"
        pytest.skip("no mount namespaces here")
    return command
