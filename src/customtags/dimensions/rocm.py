"""accelerator, AMD: the installed ROCm, and the GPUs that the kernel's KFD driver serves."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from customtags.spec import Facts, Host, Probe

__all__ = ["DIMENSION", "NAME", "PROBES", "describe", "ladder", "override"]

NAME = "rocm"
DIMENSION = "accelerator"

#: https://docs.kernel.org/gpu/amdgpu/ and drivers/gpu/drm/amd/amdkfd/kfd_topology.c
_NODES = "/sys/class/kfd/kfd/topology/nodes"

#: GPUs for which ROCm's libraries have code: https://rocm.docs.amd.com/projects/install-on-linux (system
#: requirements). Any other, the one in a processor say, decides nothing beside one of these.
SERVED = frozenset(
    (
        *("gfx900", "gfx906", "gfx908", "gfx90a", "gfx942", "gfx950", "gfx1030", "gfx1100"),
        *("gfx1101", "gfx1102", "gfx1150", "gfx1151", "gfx1200", "gfx1201"),
    )
)


def _from_kfd(host: Host) -> Facts | None:
    nodes = [host.read(f"{_NODES}/{name}/properties") for name in host.names(_NODES)]
    gpus = [gfx for gfx in map(_gfx, nodes) if gfx]
    if not gpus:
        return None
    home = host.variable("ROCM_PATH") or "/opt/rocm"
    version = host.read(f"{home}/.info/version")
    return {"version": version.strip().split("-")[0] if version else None, "gpus": gpus}


PROBES: Mapping[str, Probe] = {"/sys/class/kfd": _from_kfd}


def override(value: str, arch: str | None) -> Facts | None:
    """``rocm6.0``, ``rocm6.0_gfx90a``."""
    if not value.startswith("rocm"):
        return None
    version, _, gpu = value.removeprefix("rocm").partition("_gfx")
    if _numbers(version) is None:
        raise ValueError("write ROCm as in rocm6.0 or rocm6.0_gfx90a")
    return {"version": version, "gpus": [f"gfx{gpu}"] if gpu else []}


def ladder(facts: Facts) -> list[str]:
    """Every minor up to the installed one; sonames change between majors.

    A code object runs on its own gfx only, so a GPU is named where all that count are the same.
    """
    numbers = _numbers(facts["version"] or "")
    if numbers is None:
        return []
    major, minor = numbers
    versions = [f"rocm{major}_{older}" for older in range(minor, -1, -1)] + [f"rocm{major}"]
    counting = {gpu for gpu in facts["gpus"] if gpu in SERVED} or set(facts["gpus"])
    suffixes = [f"_{gpu}" for gpu in counting if len(counting) == 1]
    return [version + suffix for version in versions for suffix in (*suffixes, "")]


def describe(facts: Facts) -> str:
    """The version, and each kind of GPU with its number."""
    version = f"ROCm {facts['version']}" if facts["version"] else "no ROCm installed"
    kinds = dict.fromkeys(facts["gpus"])
    return ", ".join([version, *(f"{facts['gpus'].count(gpu)} × {gpu}" for gpu in kinds)])


def _gfx(properties: str | None) -> str | None:
    """Decode ``gfx_target_version``: 90010 is gfx90a, 110000 gfx1100; 0 is a CPU."""
    for line in (properties or "").splitlines():
        key, _, value = line.partition(" ")
        if key == "gfx_target_version" and value.strip().isdigit() and int(value):
            number = int(value)
            return f"gfx{number // 10000}{number // 100 % 100:x}{number % 100:x}"
    return None


def _numbers(version: str) -> tuple[int, int] | None:
    parts = version.split(".")
    if not all(part.isdigit() for part in parts[:2]):
        return None
    return int(parts[0]), int(parts[1]) if parts[1:] else 0
