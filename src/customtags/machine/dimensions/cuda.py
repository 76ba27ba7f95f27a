"""accelerator, NVIDIA: the CUDA version that the driver reports, and what its GPUs can run."""

from __future__ import annotations

from customtags.machine.dimensions import VENDORS

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
    "spell",
]

NAME = "cuda"
DIMENSION = "accelerator"

#: Toolkit → the driver that came with its first release; later drivers serve the same toolkits. "CUDA Toolkit and
#: Corresponding Driver Versions" in https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/
DRIVERS = """
13.2 595.45  13.1 590.44  13.0 580.65  12.9 575.51  12.8 570.26  12.6 560.28  12.5 555.42
12.4 550.54  12.3 545.23  12.2 535.54  12.1 530.30  12.0 525.60  11.8 520.61  11.7 515.43
11.6 510.39  11.5 495.29  11.4 470.42  11.3 465.19  11.2 460.27  11.1 455.23  11.0 450.36
"""

#: The last minor of each major that gets no more minors: https://developer.nvidia.com/cuda-toolkit-archive
LAST_MINOR = {11: 8, 12: 9}

#: The least capability that a major's toolkits make code for (release notes, "Deprecated and Dropped Features").
LEAST = {11: (3, 5), 12: (5, 0), 13: (7, 5)}

#: Capability → the first toolkit that makes code for it, as far as the notes of 11.0 and later list it: "Release Notes" in
#: https://docs.nvidia.com/cuda/parallel-thread-execution/
SINCE = {
    **dict.fromkeys(((3, 5), (3, 7), (5, 0), (5, 2), (5, 3), (6, 0), (6, 1), (6, 2)), (11, 0)),
    **dict.fromkeys(((7, 0), (7, 2), (7, 5), (8, 0)), (11, 0)),
    (8, 6): (11, 1),
    (8, 7): (11, 4),
    **dict.fromkeys(((8, 9), (9, 0)), (11, 8)),
    **dict.fromkeys(((10, 0), (12, 0)), (12, 8)),
    **dict.fromkeys(((10, 3), (12, 1)), (12, 9)),
    **dict.fromkeys(((8, 8), (11, 0)), (13, 0)),
}

#: Code for one capability only (``sm90a``), and for a family (``sm100f``) → the first toolkit that makes it.
SPECIAL = {"a": (12, 0), "f": (12, 9)}

#: The capabilities of Tegra. Code for one runs on that one only, and a Tegra runs no other code: CUDA C++ Programming
#: Guide, "Binary Compatibility". No product of capability 8.8 is known, so it counts as one.
TEGRA = frozenset(((5, 3), (6, 2), (7, 2), (8, 7), (8, 8)))

#: The policy that accepts wheels built with any minor of a major that the driver serves. NVIDIA promises this except for
#: code that the driver must compile: "CUDA Compatibility", https://docs.nvidia.com/deploy/cuda-compatibility/
MINOR = "minor"


def _from_driver(host: Host) -> Facts | None:
    return host.nvml() if any(map(host.exists, VENDORS[NAME])) else None


def _from_kernel(host: Host) -> Facts | None:
    words = (host.read("/sys/module/nvidia/version") or "").split()
    words += (host.read("/proc/driver/nvidia/version", 200) or "").split()
    for word in words:
        numbers = word.split(".")
        if len(numbers) > 1 and all(number.isdigit() for number in numbers):
            table = DRIVERS.split()
            for cuda, least in zip(table[::2], table[1::2]):
                if _pair(word) >= _pair(least):
                    return {"cuda": [*_pair(cuda)], "capabilities": [], "driver": word}
    return None


def _from_program(host: Host) -> Facts | None:
    return host.nvidia_smi() if any(map(host.exists, VENDORS[NAME])) else None


#: The driver's own answer counts even if it is a fault. The other sources serve where Python cannot call the driver.
PROBES: Mapping[str, Probe] = {
    "driver": _from_driver,
    "/proc/driver/nvidia": _from_kernel,
    "nvidia-smi": _from_program,
}


def override(value: str, arch: str | None) -> Facts | None:
    """Return the facts of ``cuda12.4``, ``cuda12.4_sm90``, or with several GPUs ``cuda12.9_sm100_sm103``."""
    if not value.startswith("cuda"):
        return None
    version, *gpus = value.removeprefix("cuda").split("_sm")
    numbers = version.split(".")
    # Three digits are a dot that was forgotten, and would accept every toolkit.
    if len(numbers) > 2 or not all(each.isdigit() and len(each) < 3 for each in numbers):
        raise ValueError("write CUDA as in cuda12.4 or cuda12.4_sm90")
    if not all(gpu.isdigit() and len(gpu) > 1 for gpu in gpus):
        raise ValueError("write a GPU as in cuda12.4_sm90")
    capabilities = [[int(gpu[:-1]), int(gpu[-1])] for gpu in gpus]
    return {"cuda": [*map(int, numbers), 0][:2], "capabilities": capabilities}


def spell(facts: Facts) -> str:
    """Return the value that `override` reads as facts with the same ladder."""
    gpus = [f"_sm{major}{minor}" for major, minor in facts["capabilities"]]
    return "cuda{}.{}".format(*facts["cuda"]) + "".join(dict.fromkeys(gpus))


def ladder(facts: Facts) -> list[str]:
    """Return every toolkit up to the driver's version, each with the GPU code that all GPUs run, then without."""
    if "fault" in facts:
        return []
    gpus = [(major, minor) for major, minor in facts["capabilities"]]
    codes = [_codes(*gpu) for gpu in gpus]
    common = [code for code in codes[0] if all(code in each for each in codes)] if codes else []
    accepted = []
    driver, minor = facts["cuda"]
    for version in _toolkits(driver, minor, facts.get("policy")):
        least = LEAST.get(version[0], (0, 0))
        if min(gpus, default=least) >= least:
            name = f"cuda{version[0]}" if version[1] == ANY else f"cuda{version[0]}_{version[1]}"
            made = [code for code, gpu, since in common if since <= version and gpu >= least]
            accepted += [f"{name}_{code}" for code in made] + [name]
    return accepted


def owns(segment: str, arch: str) -> bool:
    """Return whether it is ``cuda12``, ``cuda12_4``, or one of these with the code for a GPU, ``cuda12_4_sm90a``."""
    version, named, code = segment.partition("_sm")
    numbers = version.removeprefix(NAME).split("_")
    plain = version.startswith(NAME) and len(numbers) <= 2 and all(map(str.isdigit, numbers))
    return plain and (not named or code.rstrip("af").isdigit())


def examples(arch: str) -> list[str]:
    """Return versions as users write them, without and with a GPU."""
    return ["cuda12.4", "cuda12.4_sm90"]


def common(several: Sequence[Facts]) -> Iterator[Facts]:
    """Yield the oldest driver's version, then the others that a driver serves, with all GPUs if every machine knows its own."""
    answers = [facts["capabilities"] for facts in several]
    gpus = [gpu for each in answers for gpu in each] if all(answers) else []
    policy = {"policy": MINOR} if all(facts.get("policy") == MINOR for facts in several) else {}
    versions = sorted(tuple(facts["cuda"]) for facts in several)
    for version in (versions[0], *_toolkits(*versions[-1])):
        yield {"cuda": [*version], "capabilities": gpus, **policy}


def describe(facts: Facts) -> str:
    """Return the driver, its CUDA version, and the number of GPUs of each capability."""
    if "fault" in facts:
        return str(facts["fault"])
    major, minor = facts["cuda"]
    gpus = [f"{a}.{b}" for a, b in facts["capabilities"]]
    kinds = [
        f"{gpus.count(gpu)} GPU{'s' if gpus.count(gpu) > 1 else ''} of capability {gpu}"
        for gpu in dict.fromkeys(gpus)
    ]
    driver = f"driver {facts['driver']}" if facts.get("driver") else "driver"
    library = f" ({facts['library']})" if facts.get("library") else ""
    policy = ["any minor"] if facts.get("policy") == MINOR else []
    return ", ".join([f"{driver} for CUDA {major}.{minor}{library}", *policy, *kinds])


#: The minor of a segment without one: the builder promises minor version compatibility.
ANY = 99


def _toolkits(major: int, minor: int, policy: str | None = None) -> list[tuple[int, int]]:
    """Return the versions that a driver serves, best first; after each major's minors `ANY`.

    The versions that require the policy `MINOR` follow the others of their major, the nearest to the driver's first.
    """
    found = []
    for older in range(major, 10, -1):
        last = minor if older == major else LAST_MINOR.get(older, 0)
        found += [(older, each) for each in (*range(last, -1, -1), ANY)]
        if older == major and policy == MINOR:
            known = (_pair(toolkit) for toolkit in DRIVERS.split()[::2])
            newest = LAST_MINOR.get(major) or max((m for a, m in known if a == major), default=0)
            found += [(major, each) for each in range(minor + 1, newest + 1)]
    return found


def _codes(major: int, minor: int) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Return the GPU code that a capability runs, the most special first: its name, its own capability, its first toolkit.

    CUDA Programming Guide, "Compute Capabilities": code runs on its own major with an equal or greater minor; ``a``
    (sm90a since 12.0) on its own capability only; ``f`` (since 12.9) on its own and later ones of its family, which
    by the table "Family-Specific Compatibility" is so far its major.
    """
    gpu = (major, minor)
    since = {gpu: max(SINCE.values()), **SINCE}
    known = [each for each in since if each[0] == major and each[1] <= minor and each not in TEGRA]
    runs = [gpu] if gpu in TEGRA else sorted(known, reverse=True)
    own = [(f"sm{major}{minor}a", gpu, max(since[gpu], SPECIAL["a"]))] if major >= 9 else []
    family = [(f"sm{m}{n}f", (m, n), max(since[m, n], SPECIAL["f"])) for m, n in runs if m >= 10]
    return own + family + [(f"sm{m}{n}", (m, n), since[m, n]) for m, n in runs]


def _pair(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)
