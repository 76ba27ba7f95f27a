"""The command line, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["run", "run_in"]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with these settings of customtags and no others."""
    return run_in(Path.cwd(), *arguments, **variables)


def run_in(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMTAGS_")}
    return subprocess.run(
        [sys.executable, "-m", "customtags", *arguments],
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
