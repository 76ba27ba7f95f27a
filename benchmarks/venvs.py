"""The environments that are measured: virtual, temporary, and with cached bytecode, as pip leaves them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import report

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("tests", "src")]

import pythons  # noqa: E402 - these lie in those folders
from real.environments import Environment, Wheelhouse, clean  # noqa: E402

__all__ = [
    "PIP",
    "Environment",
    "Wheelhouse",
    "clean",
    "compiled",
    "installed",
    "pythons",
    "temporary",
]

#: The pip that is measured.
PIP = "pip==26.3"


@contextmanager
def temporary(wheels: str | None) -> Iterator[tuple[Path, Wheelhouse]]:
    """Yield a folder that is deleted afterwards, and the wheels."""
    with tempfile.TemporaryDirectory(prefix="customtags-") as name:
        folder = Path(name)
        kept = Path(wheels or folder / "wheels").absolute()
        kept.mkdir(parents=True, exist_ok=True)
        try:
            yield folder, Wheelhouse(kept, folder)
        except subprocess.CalledProcessError as error:
            report.missing("a command that failed", " ".join(map(str, error.cmd)))


def compiled(environment: Environment, *wheels: Path) -> Environment:
    """Unpack wheels into an environment, and compile them as pip does."""
    for wheel in wheels:
        environment.unpack(wheel)
    environment.run("-m", "compileall", "-q", environment.site)
    return environment


def installed(
    folder: Path,
    wheelhouse: Wheelhouse,
    *requirements: str,
    pip: str = PIP,
    python: str = sys.executable,
) -> Environment:
    """Make an environment, by default of the running Python, with pip and what one run of pip installs of the requirements."""
    environment = Environment(folder, python)
    environment.unpack(wheelhouse.wheel(pip))
    ours = (
        [*wheelhouse.customtags().glob("customtags-*.whl")] if "customtags" in requirements else []
    )
    wanted = [each for each in requirements if each != "customtags"] + ours
    if wanted:
        # With the index that this pip is configured with; clean() would take that away.
        command = [environment.python, "-m", "pip", "install", "-q", *wanted]
        subprocess.run([*map(str, command)], check=True)
    return compiled(environment)
