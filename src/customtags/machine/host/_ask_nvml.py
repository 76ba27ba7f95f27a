"""A program that `customtags.machine.host.nvml` runs: query NVIDIA's libraries, and print the answer as lines of JSON.

Arguments: the folder of pynvml or an empty string, then folders of libraries outside the loader's path.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

answers = os.dup(1)
os.dup2(2, 1)  # discards whatever a driver prints
PYNVML, *FOLDERS = sys.argv[1:]

#: nvml.h: initialise without a GPU, too. A GPU is initialised when its handle is requested.
NO_GPUS = 1
#: cuda.h: CUDA_ERROR_NO_DEVICE, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR.
NO_DEVICE, MAJOR, MINOR = 100, 75, 76


def write(kind: bytes, answer: object) -> None:
    os.write(answers, b"customtags " + kind + b" " + json.dumps(answer).encode() + b"\n")


def query() -> object:
    """Return the answer of NVML, else of libcuda; None if this Python has no ctypes."""
    try:
        import ctypes
    except ImportError:
        return None
    libcuda, libnvml = load(ctypes, "libcuda.so.1"), load(ctypes, "libnvidia-ml.so.1")
    if libcuda is None:
        return {"fault": "libcuda.so.1 cannot be loaded"}
    if libnvml is not None and not forward_compatible():
        nvml = pynvml() or Nvml(ctypes, libnvml)
        try:
            return by_nvml(nvml)
        except (nvml.NVMLError, AttributeError):  # the driver refuses, or has no such function
            pass
    return by_libcuda(ctypes, libcuda)


def load(ctypes: Any, name: str) -> Any | None:
    for folder in ("", *FOLDERS):
        try:
            return ctypes.CDLL(os.path.join(folder, name))
        except OSError:
            continue
    return None


def forward_compatible() -> bool:
    """Return whether libcuda is that of a forward compatibility package.

    https://docs.nvidia.com/deploy/cuda-compatibility/#forward-compatibility: it reports a newer CUDA than the driver's,
    and works on some GPUs only. NVML repeats that version; only initialising libcuda shows whether it works.
    """
    try:
        with open("/proc/self/maps") as maps:
            return any("/compat/" in line and "libcuda.so" in line for line in maps)
    except OSError:
        return False


def pynvml() -> Any | None:
    if not PYNVML:
        return None
    sys.path.append(PYNVML)
    try:
        import pynvml
    except Exception:  # noqa: BLE001 - a broken one counts as missing
        return None
    return pynvml


class Nvml:
    """The part of pynvml that is used, for where it is not installed."""

    NVMLError = OSError

    def __init__(self, ctypes: Any, library: Any) -> None:
        self.ctypes, self.library = ctypes, library

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self.library, name)(*arguments)
        if status:
            raise OSError(status, name)

    def _number(self, name: str, kind: Any, *arguments: Any) -> Any:
        number = kind()
        self._call(name, *arguments, self.ctypes.byref(number))
        return number

    def nvmlInitWithFlags(self, flags: int) -> None:  # noqa: N802
        self._call("nvmlInitWithFlags", self.ctypes.c_uint(flags))

    def nvmlSystemGetCudaDriverVersion_v2(self) -> Any:  # noqa: N802
        return self._number("nvmlSystemGetCudaDriverVersion_v2", self.ctypes.c_int).value

    def nvmlSystemGetDriverVersion(self) -> Any:  # noqa: N802
        text = self.ctypes.create_string_buffer(80)
        self._call("nvmlSystemGetDriverVersion", text, self.ctypes.c_uint(80))
        return text.value

    def nvmlDeviceGetCount(self) -> Any:  # noqa: N802
        return self._number("nvmlDeviceGetCount_v2", self.ctypes.c_uint).value

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any:  # noqa: N802
        number = self.ctypes.c_uint(index)
        return self._number("nvmlDeviceGetHandleByIndex_v2", self.ctypes.c_void_p, number)

    def nvmlDeviceGetCudaComputeCapability(self, handle: Any) -> tuple[int, int]:  # noqa: N802
        major = self.ctypes.c_int()
        name, kind = "nvmlDeviceGetCudaComputeCapability", self.ctypes.c_int
        minor = self._number(name, kind, handle, self.ctypes.byref(major))
        return major.value, minor.value


def by_nvml(nvml: Any) -> dict[str, Any]:
    """Return the answer of NVML: first the versions, written as a draft, then each GPU.

    A GPU that refuses, because it fell off the bus or belongs to another container, does not count.
    """
    nvml.nvmlInitWithFlags(NO_GPUS)
    # _v2 calls libcuda; the older function invents a version if libcuda is missing.
    facts = described("NVML", nvml.nvmlSystemGetCudaDriverVersion_v2())
    driver = nvml.nvmlSystemGetDriverVersion()
    facts["driver"] = driver.decode("ascii", "replace") if isinstance(driver, bytes) else driver
    write(b"draft", facts)
    refusals = []
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            facts["capabilities"].append(list(nvml.nvmlDeviceGetCudaComputeCapability(handle)))
        except nvml.NVMLError as refusal:
            refusals.append(refusal)
    if facts["capabilities"]:
        return facts
    if refusals:
        raise refusals[0]
    return {"fault": "the driver has no GPU"}


def by_libcuda(ctypes: Any, cuda: Any) -> dict[str, Any]:
    """Return the answer of libcuda, initialised: a version alone does not show that it works."""
    status = cuda.cuInit(0)
    if status:
        why = "the driver has no GPU" if status == NO_DEVICE else f"cuInit fails with {status}"
        return {"fault": why}
    number = ctypes.c_int()

    def get(name: str, *arguments: int) -> Any:
        if getattr(cuda, name)(ctypes.byref(number), *arguments):
            raise OSError(f"{name} fails")
        return number.value

    facts = described("libcuda", get("cuDriverGetVersion"))
    for index in range(get("cuDeviceGetCount")):
        device = get("cuDeviceGet", index)
        attributes = [get("cuDeviceGetAttribute", each, device) for each in (MAJOR, MINOR)]
        facts["capabilities"].append(attributes)
    return facts


def described(library: str, number: int) -> dict[str, Any]:
    cuda = [number // 1000, number % 1000 // 10]  # 12040 is 12.4
    return {"cuda": cuda, "capabilities": [], "driver": None, "library": library}


try:
    answer = query()
except Exception as error:  # noqa: BLE001 - reported as the fault
    answer = {"fault": f"{type(error).__name__}: {error}"}
write(b"final", answer)
os._exit(0)  # nvmlShutdown, and what else runs at exit, may hang
