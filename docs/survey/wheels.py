"""The wheels of the survey: which file of a project, and how pip fetches exactly that one."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from customtags.wheels import filename
from survey.emulated import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ARCHS", "digest", "fetch", "last", "newest", "options", "platforms"]

ARCHS = ("x86_64", "aarch64")

#: The interpreter whose wheels are asked for.
_PYTHON = (
    *("--python-version", "3.11", "--implementation", "cp"),
    *("--abi", "cp311", "--abi", "abi3", "--abi", "none"),
)

#: Older names of policies, which pip does not derive when it is given platforms.
_OLD = ("manylinux2014", "manylinux2010", "manylinux1", "linux")


def platforms(arch: str, minor: int) -> list[str]:
    """Return the platforms of an architecture up to glibc 2.minor, the newest first."""
    names = [f"manylinux_2_{each}" for each in range(minor, 4, -1)]
    return [f"{name}_{arch}" for name in (*names, *_OLD)]


def options(platforms: Iterable[str]) -> list[str]:
    """Return pip's options for wheels of some platforms."""
    each = [word for platform in platforms for word in ("--platform", platform)]
    return ["--only-binary", ":all:", *_PYTHON, *each]


def newest(project: str, arch: str, folder: Path, version: str = "") -> Path | None:
    """Fetch the newest release of a project that has a wheel for CPython 3.11 on glibc, and return that wheel.

    :param version: take this release
    :returns: None for a wheel without a platform
    :raises RuntimeError: the index has no such wheel, or did not answer
    """
    requirement = f"{project}=={version}" if version else project
    wheel = _download(requirement, options(platforms(arch, 40)), folder)
    if filename.parse(wheel.name).platform == "any":
        wheel.unlink()
        return None
    return wheel


def fetch(file: str, sha256: str, folder: Path) -> Path:
    """Fetch one file, unless it is there, and return its path.

    :raises RuntimeError: the index does not have it, or it is another one, or did not answer
    """
    path = folder / file
    if not path.exists():
        name = filename.parse(file)
        requirement = f"{name.project}=={name.version} --hash=sha256:{sha256}"
        _download(requirement, options(name.platforms), folder)
    return path


def digest(wheel: Path) -> str:
    """Return the SHA-256 of a file."""
    found = hashlib.sha256()
    with wheel.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def last(errors: bytes) -> str:
    """Return the line of pip's errors that says what failed: the last one, or that an index did not answer."""
    lines = errors.decode("utf-8", "replace").strip().splitlines() or ["pip failed"]
    # pip then goes on, and ends with "No matching distribution".
    return next((line for line in lines if "Retrying (Retry(total=0" in line), lines[-1])


def _download(requirement: str, chosen: Iterable[str], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as temporary:
        listed = Path(temporary, "requirements.txt")
        listed.write_text(f"{requirement}\n", "utf-8")
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-cache-dir"]
        command += [*chosen, "-d", temporary, "-r", str(listed)]
        done = subprocess.run(command, capture_output=True, check=False, env=clean())
        if done.returncode:
            raise RuntimeError(f"{requirement}: {last(done.stderr)}")
        (wheel,) = Path(temporary).glob("*.whl")
        return wheel.rename(folder / wheel.name)
