"""accelerator, AMD: the installed ROCm, and the GPUs that the kernel's KFD driver serves."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from customtags.machine.host import Host
    from customtags.machine.spec import Facts, Probe

__all__ = [
    "DIMENSION",
    "NAME",
    "PROBES",
    "common",
    "describe",
    "examples",
    "ladder",
    "override",
    "owns",
]

NAME = "rocm"
DIMENSION = "accelerator"

#: https://docs.kernel.org/gpu/amdgpu/ and drivers/gpu/drm/amd/amdkfd/kfd_topology.c
_NODES = "/sys/class/kfd/kfd/topology/nodes"

#: The folders where distributions install the runtime.
_LIBRARIES = ("/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib")

#: The GPUs that ROCm's libraries have code for: https://rocm.docs.amd.com/projects/install-on-linux (system
#: requirements). With one of these, any other GPU, such as one integrated into a processor, does not count.
SERVED = frozenset(
    (
        *("gfx900", "gfx906", "gfx908", "gfx90a", "gfx942", "gfx950", "gfx1030", "gfx1100"),
        *("gfx1101", "gfx1102", "gfx1150", "gfx1151", "gfx1200", "gfx1201"),
    )
)

#: Generic targets, without the dashes that a tag cannot contain: gfx9-4-generic is gfx94generic. "AMDGPU Generic Processors"
#: in https://llvm.org/docs/AMDGPUUsage.html
GENERIC = {
    "gfx9generic": "gfx900 gfx902 gfx904 gfx906 gfx909 gfx90c",
    "gfx94generic": "gfx940 gfx941 gfx942 gfx950",
    "gfx101generic": "gfx1010 gfx1011 gfx1012 gfx1013",
    "gfx103generic": "gfx1030 gfx1031 gfx1032 gfx1033 gfx1034 gfx1035 gfx1036",
    "gfx11generic": "gfx1100 gfx1101 gfx1102 gfx1103 gfx1150 gfx1151 gfx1152 gfx1153",
    "gfx12generic": "gfx1200 gfx1201",
}


def _from_kfd(host: Host) -> Facts | None:
    gpus = [gfx for gfx in (_gfx(host, name) for name in host.names(_NODES)) if gfx]
    if not gpus:
        return None
    facts = {"version": _version(host), "gpus": gpus}
    pretended = host.variable("HSA_OVERRIDE_GFX_VERSION")
    return {**facts, "pretended": pretended} if pretended else facts


PROBES: Mapping[str, Probe] = {"/sys/class/kfd": _from_kfd}


def override(value: str, arch: str | None) -> Facts | None:
    """Return the facts of ``rocm6.0`` or ``rocm6.0_gfx90a``."""
    if not value.startswith("rocm"):
        return None
    version, _, gpu = value.removeprefix("rocm").partition("_gfx")
    numbers = _numbers(version)
    if numbers is None or max(numbers) > 99:
        raise ValueError("write ROCm as in rocm6.0 or rocm6.0_gfx90a")
    return {"version": version, "gpus": [f"gfx{gpu}"] if gpu else []}


def ladder(facts: Facts) -> list[str]:
    """Return every minor up to the installed one; no other major, because sonames change between majors.

    A code object runs on its own gfx, or on every gfx of its generic target. Only code that every counting GPU runs is named.
    """
    numbers = _numbers(facts["version"] or "")
    if numbers is None:
        return []
    major, minor = numbers
    versions = [f"rocm{major}_{older}" for older in range(minor, -1, -1)] + [f"rocm{major}"]
    counting = {gpu for gpu in facts["gpus"] if gpu in SERVED} or set(facts["gpus"])
    codes = [*counting] if len(counting) == 1 else []
    codes += [name for name, gpus in GENERIC.items() if counting and counting <= {*gpus.split()}]
    return [version + code for version in versions for code in (*(f"_{c}" for c in codes), "")]


def owns(segment: str, arch: str) -> bool:
    """Return whether it is ``rocm6``, ``rocm6_0``, or one of these with the code for a GPU, ``rocm6_0_gfx90a``."""
    version, named, code = segment.partition("_gfx")
    numbers = version.removeprefix(NAME).split("_")
    plain = version.startswith(NAME) and len(numbers) <= 2 and all(map(str.isdigit, numbers))
    return plain and (not named or code.isalnum())


def examples(arch: str) -> list[str]:
    """Return versions as users write them, without and with a GPU."""
    return ["rocm6.0", "rocm6.0_gfx90a"]


def common(several: Sequence[Facts]) -> Iterator[Facts]:
    """Yield the oldest version with the GPUs of all, then with one kind of code that all may run, then without."""
    version = min((facts["version"] or "" for facts in several), key=_order)
    gpus = [gpu for facts in several for gpu in facts["gpus"]]
    for each in (gpus, *([name] for name in (*GENERIC, *dict.fromkeys(gpus))), []):
        yield {"version": version, "gpus": each}


def describe(facts: Facts) -> str:
    """Return the version, the number of GPUs of each kind, and a variable that is ignored."""
    words = [f"ROCm {facts['version']}" if facts["version"] else "no ROCm installed"]
    words += [f"{facts['gpus'].count(gpu)} × {gpu}" for gpu in dict.fromkeys(facts["gpus"])]
    if "pretended" in facts:
        words.append(f"HSA_OVERRIDE_GFX_VERSION={facts['pretended']} is ignored")
    return ", ".join(words)


def _gfx(host: Host, node: str) -> str | None:
    """Return the GPU of a node from ``gfx_target_version``: gfx90a of 90010, gfx1100 of 110000; None for a CPU, whose is 0."""
    # An unreadable one is not this container's.
    properties = host.glance(f"{_NODES}/{node}/properties") or ""
    for line in properties.splitlines():
        key, _, value = line.partition(" ")
        if key == "gfx_target_version" and value.strip().isdigit() and int(value):
            number = int(value)
            return f"gfx{number // 10000}{number // 100 % 100:x}{number % 100:x}"
    return None


def _version(host: Host) -> str | None:
    """Return the version of the ROCm that programs load: the system's, pip's, or the distribution's."""
    homes = [host.variable("ROCM_PATH") or "/opt/rocm"]
    # ROCm 7.9 and later are installed in /opt/rocm/core-7.9; several versions may be installed.
    for folder, prefix in (("/opt/rocm", "core"), ("/opt", "rocm-")):
        names = [name for name in host.names(folder) if name.startswith(prefix)]
        homes += [f"{folder}/{name}" for name in sorted(names, key=_order, reverse=True)]
    for home in homes:
        version = (host.read(f"{home}/.info/version") or "").strip().split("-")[0]
        if _numbers(version):
            return version
    installed = host.installed("rocm_sdk_core")
    if installed and _numbers(installed):
        return installed
    for folder in (*(f"{home}/lib" for home in homes), *_LIBRARIES):
        # libamdhip64.so.6.2.60204 is HIP 6.2 of ROCm 6.2.4; the soname has only the major.
        names = [
            name.partition(".so.")[2] for name in host.names(folder) if "libamdhip64.so." in name
        ]
        if names:
            return ".".join(max(names, key=len).split(".")[:2])
    return None


def _order(name: str) -> list[int]:
    return [int(part) if part.isdigit() else 0 for part in name.rpartition("-")[2].split(".")]


def _numbers(version: str) -> tuple[int, int] | None:
    parts = version.split(".")
    if not all(part.isdigit() for part in parts[:2]):
        return None
    return int(parts[0]), int(parts[1]) if parts[1:] else 0
