"""accelerator, NVIDIA: the CUDA version that the driver reports, and what its GPUs can run."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from customtags.spec import Facts, Host, Probe

__all__ = ["DIMENSION", "NAME", "PROBES", "describe", "ladder", "override"]

NAME = "cuda"
DIMENSION = "accelerator"

#: A driver leaves one of these; only then is it worth asking.
SIGNS = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/nvmap")

#: Releases of the toolkit before the current major: major → its last minor.
#: https://developer.nvidia.com/cuda-toolkit-archive
LAST_MINOR = {11: 8, 12: 9}

#: Compute capabilities for which compilers make code: https://developer.nvidia.com/cuda-gpus
CAPABILITIES = (
    *((5, 0), (5, 2), (5, 3), (6, 0), (6, 1), (6, 2), (7, 0), (7, 2), (7, 5), (8, 0), (8, 6)),
    *((8, 7), (8, 8), (8, 9), (9, 0), (10, 0), (10, 3), (11, 0), (12, 0), (12, 1)),
)


def _from_nvml(host: Host) -> Facts | None:
    return host.nvml() if any(map(host.exists, SIGNS)) else None


PROBES: Mapping[str, Probe] = {"NVML": _from_nvml}


def override(value: str, arch: str | None) -> Facts | None:
    """``cuda12.4``, ``cuda12.4_sm90``."""
    if not value.startswith("cuda"):
        return None
    version, _, gpu = value.removeprefix("cuda").partition("_sm")
    numbers = version.split(".")
    if len(numbers) > 2 or not all(number.isdigit() for number in numbers):
        raise ValueError("write CUDA as in cuda12.4 or cuda12.4_sm90")
    if gpu and not (gpu.isdigit() and len(gpu) > 1):
        raise ValueError("write a GPU as in cuda12.4_sm90")
    capabilities = [[int(gpu[:-1]), int(gpu[-1])]] if gpu else []
    return {"cuda": [*map(int, numbers), 0][:2], "capabilities": capabilities}


def ladder(facts: Facts) -> list[str]:
    """Every toolkit up to the driver's version, each with the GPU code that all GPUs run, then without."""
    major, minor = facts["cuda"]
    versions = []
    for older in range(major, 10, -1):
        last = minor if older == major else LAST_MINOR.get(older, 0)
        versions += [f"cuda{older}_{each}" for each in range(last, -1, -1)] + [f"cuda{older}"]
    runnable = [_runs(*capability) for capability in facts["capabilities"]]
    common = (
        [code for code in runnable[0] if all(code in each for each in runnable)] if runnable else []
    )
    return [version + suffix for version in versions for suffix in (*(f"_{c}" for c in common), "")]


def describe(facts: Facts) -> str:
    """The driver's CUDA version, and each kind of GPU with its number."""
    major, minor = facts["cuda"]
    gpus = [f"{a}.{b}" for a, b in facts["capabilities"]]
    kinds = [f"{gpus.count(gpu)} GPU of {gpu}" for gpu in dict.fromkeys(gpus)]
    return ", ".join([f"driver for CUDA {major}.{minor}", *kinds])


def _runs(major: int, minor: int) -> list[str]:
    """The GPU code that a compute capability runs, most special first.

    CUDA C++ Programming Guide, "Compute Capability and Streaming Multiprocessor Versions": code runs on
    its own major with an equal or greater minor; ``a`` (since 9.0) on its own capability only; ``f``
    (since 10.0) within its family, which is the major.
    """
    minors = [n for m, n in CAPABILITIES if m == major and n <= minor][::-1]
    own = [f"sm{major}{minor}a"] if (major, minor) >= (9, 0) else []
    family = [f"sm{major}{n}f" for n in minors] if major >= 10 else []
    return own + family + [f"sm{major}{n}" for n in minors]
