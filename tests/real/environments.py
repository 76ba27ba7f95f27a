"""Real environments: an interpreter, a pip of some version, and customtags as a user installs it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from customtags.choosing.doctor import OLDEST_PIP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "NEWEST",
    "OLDEST",
    "PROJECT",
    "Environment",
    "MakeEnvironment",
    "Wheelhouse",
    "clean",
    "run",
    "taken",
]

#: The checkout.
PROJECT = Path(__file__).parents[2]

#: The oldest and the newest pip that are tested.
OLDEST, NEWEST = OLDEST_PIP, "26.3"


def clean(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of this process without variables that affect Python, pip or customtags."""
    ours = ("CUSTOMTAGS_", "PIP_", "PYTHON", "VIRTUAL_ENV", "_PYPROJECT", "PEP517", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {
        **kept,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_CONFIG_FILE": os.devnull,
        **(extra or {}),
    }


def run(
    command: Sequence[object],
    *,
    env: Mapping[str, str] | None = None,
    status: int | None = 0,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a clean environment, and check its exit status unless that is None."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env=clean(env), capture_output=True, text=True, check=False, timeout=300, cwd=cwd
    )
    if status is not None:
        assert done.returncode == status, f"{words}\n{done.stdout}\n{done.stderr}"
    return done


class Wheelhouse:
    """A folder of wheels from the index, each fetched once, and customtags's own.

    :param folder: where the others' are kept between runs
    :param run: a folder of this run alone, for ours
    """

    def __init__(self, folder: Path, run: Path) -> None:
        self.folder = folder
        self.run = run

    def fetch(self, requirement: str, *options: str) -> Path:
        """Return a folder with a project's wheel, or with ``--no-binary`` its sdist, and what it requires."""
        name = re.sub("[^A-Za-z0-9.-]", "_", "-".join([requirement, *options]))
        if len(name) > 100:  # a file system may allow no more than 255
            name = f"{name[:50]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        return self._once(self.folder / name, "download", "-d", *options, requirement)

    def wheel(self, requirement: str, *options: str) -> Path:
        """Return the wheel of one project, without what it requires."""
        (wheel,) = self.fetch(requirement, "--no-deps", *options).glob("*.whl")
        return wheel

    def customtags(self) -> Path:
        """Return a folder with customtags's wheel, built from the checkout, and what it requires."""
        # Pythons older than this one require tomli, and the last packaging that supports Python 3.9.
        tomli = self.wheel("tomli", "--only-binary=:all:", "--platform=any")
        packaging = self.wheel("packaging<26.4")
        folder = self.run / "customtags"
        return self._once(folder, "wheel", "-w", str(PROJECT), str(tomli), beside=[packaging])

    def _once(
        self, folder: Path, verb: str, into: str, *arguments: str, beside: Sequence[Path] = ()
    ) -> Path:
        """Fill a folder by pip and with other files, unless this or another process did already."""
        with self._locked():
            if not folder.exists():
                part = folder.with_name(f"{folder.name}.part")
                command = [sys.executable, "-m", "pip", verb, "-q", into, str(part), *arguments]
                subprocess.run(command, check=True)
                for each in beside:
                    shutil.copy(each, part)
                part.rename(folder)
        return folder

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Environment:
    """A virtual environment.

    :ivar python: its interpreter
    :ivar site: its site-packages
    """

    def __init__(self, folder: Path, interpreter: str, *options: str) -> None:
        self.folder = folder
        subprocess.run(
            [interpreter, "-m", "venv", "--without-pip", *options, folder], check=True, env=clean()
        )
        self.python = folder / "bin" / "python"
        self.site = next((folder / "lib").glob("python*/site-packages"))

    def unpack(self, wheel: Path) -> None:
        """Extract a pure wheel into site-packages without an installer."""
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.site)

    def run(
        self,
        *arguments: object,
        env: Mapping[str, str] | None = None,
        status: int | None = 0,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the interpreter, and check its exit status unless that is None."""
        return run([self.python, *arguments], env=env, status=status, cwd=cwd)

    def pip(
        self,
        *arguments: object,
        env: Mapping[str, str] | None = None,
        status: int | None = 0,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run pip."""
        return self.run("-m", "pip", *arguments, env=env, status=status, cwd=cwd)

    def install(self, wheels: Path, *requirements: object) -> None:
        """Install from a folder of wheels, and nothing else."""
        self.pip("install", "-q", "--no-index", "--find-links", wheels, *requirements)

    def command(self, name: str) -> Path:
        """Return the path of a console script."""
        return self.folder / "bin" / name


class MakeEnvironment(Protocol):
    """Makes environments with a requested pip, in which customtags is installed."""

    def __call__(
        self, pip: str = ..., python: str | None = ..., *, hooked: bool = ...
    ) -> Environment: ...


def taken(environment: Environment, target: Path, *arguments: str, **variables: str) -> str:
    """Install a project into an empty folder, and return the platform of the wheel that pip took."""
    environment.pip("install", "-q", f"--target={target}", *arguments, env=variables)
    (metadata,) = target.glob("*.dist-info/WHEEL")
    tags = [line for line in metadata.read_text().splitlines() if line.startswith("Tag: ")]
    return tags[0].rpartition("-")[2]
