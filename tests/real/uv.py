"""Released uvs, and how they install variants on captured machines: the CPU by its ``/proc/cpuinfo``, the GPU by uv's own overrides."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from needs import unshared
from real.environments import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from real.environments import Wheelhouse

__all__ = [
    "CPUS",
    "HASWELL",
    "MACHINES",
    "PLATFORM",
    "UVS",
    "Node",
    "install",
    "installed",
    "program",
]

#: The first uv that asks the CPU, and the newest. Before: 0.13.6 asks NVIDIA's driver alone, 0.13.5 knows no provider, and
#: 0.13.4, the first that reads variants, refuses a release whose metadata names providers.
UVS = ("0.13.8", "0.13.9")

#: Captured machine → its levels.
CPUS = {
    "archspec-scientific7-k10--none": [],
    "archspec-rhel7-ivybridge--v2": ["v2"],
    "archspec-rhel7-haswell--v3": ["v3", "v2"],
    "archspec-ubuntu24.04-alderlake--v3": ["v3", "v2"],
    "archspec-rhel7-skylake_avx512--v4": ["v4", "v3", "v2"],
}
HASWELL = "archspec-rhel7-haswell--v3"
MACHINES = Path(__file__).parents[1] / "machines"

PLATFORM = "manylinux_2_17_x86_64"


@functools.cache
def namespace() -> tuple[str, ...]:
    return tuple(unshared())


class Node(NamedTuple):
    """A machine.

    :ivar cpu: the captured one that has this CPU
    :ivar driver: the CUDA version of NVIDIA's driver, empty for none
    :ivar gpu: its compute capability, empty for unknown
    """

    cpu: str
    driver: str
    gpu: str


def program(wheelhouse: Wheelhouse, folder: Path, version: str, *options: str) -> Path:
    """Unpack a uv into a folder, and return the program."""
    shutil.unpack_archive(wheelhouse.wheel(f"uv=={version}", *options), folder, "zip")
    (found,) = folder.glob("*.data/scripts/uv")
    found.chmod(0o755)
    return found


def install(uv: Path, sources: Sequence[object], node: Node, target: Path, project: str) -> None:
    """Let uv install a project on a machine.

    :param sources: uv's options that name them
    """
    overrides = {"FORCE_CUDA_DRIVER_VERSION": node.driver, "FORCE_SM_ARCH": node.gpu}
    env = {f"NV_VARIANT_PROVIDER_{key}": value for key, value in overrides.items() if value}
    command = [uv, "pip", "install", "-q", "--no-cache", "--preview-features", "wheel-variants"]
    command += ["--no-config", "--target", target, "--python", sys.executable]
    command += [*sources, project]
    script = f'mount --bind {MACHINES / node.cpu}/proc/cpuinfo /proc/cpuinfo && exec "$@"'
    words = [*namespace(), "sh", "-c", script, "sh", *map(str, command)]
    done = subprocess.run(words, env=clean(env), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def installed(target: Path) -> str | None:
    """Return the label that the installed ``example.py`` has."""
    (line,) = (target / "example.py").read_text("utf-8").splitlines()
    return line.partition("'")[2].rstrip("'") or None
