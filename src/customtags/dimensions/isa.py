"""isa: the level of the instruction set that the CPU and the operating system support."""

from __future__ import annotations

from customtags.errors import FactError
from customtags.grammar import fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from customtags.spec import Facts, Host, Probe

__all__ = ["DIMENSION", "LEVELS", "NAME", "PROBES", "describe", "ladder", "override"]

NAME = DIMENSION = "isa"

#: Architecture → (level, what it needs beyond the level before), lowest first. The base itself is level v1.
#: x86_64: System V psABI (gitlab.com/x86-psABIs/x86-64-ABI), "Micro-Architecture Levels", in the words
#: of Linux's /proc/cpuinfo. xsave stands for OSXSAVE: kernels list avx2 where XSAVE is off.
LEVELS = {
    "x86_64": (
        ("v2", "pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"),
        ("v3", "xsave avx avx2 bmi1 bmi2 f16c fma abm movbe"),
        ("v4", "avx512f avx512bw avx512cd avx512dq avx512vl"),
    ),
}

#: CPU 0 stands in the first 4 KiB; the whole file is 400 KB on 256 cores.
_FIRST_CPU = 8192


def _from_cpuinfo(host: Host) -> Facts | None:
    text = host.read("/proc/cpuinfo", _FIRST_CPU) or ""
    for line in text.splitlines():
        key, _, words = line.partition(":")
        if key.strip() == "flags":
            return _facts("x86_64", words.split())
    return None


def _from_cpuid(host: Host) -> Facts | None:
    features = host.cpuid()
    if features is not None:
        return _facts("x86_64", features)
    if host.exists("/proc/cpuinfo") and host.arch() in LEVELS:
        raise FactError(
            "/proc/cpuinfo", "has no line of flags", "set CUSTOMTAGS_ISA to v2, v3, v4 or none"
        )
    return None


#: The kernel's reading comes first because the other one costs an import of ctypes in pip's process.
PROBES: Mapping[str, Probe] = {"/proc/cpuinfo": _from_cpuinfo, "cpuid": _from_cpuid}


def override(value: str, arch: str | None) -> Facts | None:
    """``v3``: the features of that level. Where there is no table, the value is itself the segment."""
    levels = LEVELS.get(arch or "")
    if levels is None:
        segment = fold(value)
        if segment is None:
            raise ValueError("a level begins with a letter, as in v9.0")
        return {"arch": arch, "features": [segment]}
    names = [name for name, _ in levels]
    if value not in names:
        raise ValueError(f"the levels of {arch} are {', '.join(names)}")
    needed = [needs for _, needs in levels[: names.index(value) + 1]]
    return _facts(arch or "", " ".join(needed).split())


def ladder(facts: Facts) -> list[str]:
    """Every level whose needs, and those of all before it, the machine has."""
    features = facts["features"]
    levels = LEVELS.get(facts["arch"])
    if levels is None:
        return list(features)
    reached: list[str] = []
    for name, needs in levels:
        if not set(needs.split()).issubset(features):
            break
        reached.insert(0, name)
    return reached


def describe(facts: Facts) -> str:
    """Name the level, and what the next one would need."""
    reached = ladder(facts)
    for name, needs in LEVELS.get(facts["arch"], ()):
        lacking = [word for word in needs.split() if word not in facts["features"]]
        if name not in reached:
            return f"{facts['arch']}, lacks {' '.join(lacking)} for {name}"
    return f"{facts['arch']}, {reached[0] if reached else 'no levels known'}"


def _facts(arch: str, features: list[str]) -> Facts:
    known = [word for _, needs in LEVELS[arch] for word in needs.split()]
    return {"arch": arch, "features": [word for word in known if word in features]}
