"""A program, run by customtags.machine.host.nvml: ask NVIDIA's libraries, and print what they say as lines of JSON.

Arguments: the folder of pynvml or nothing, and the folders where the libraries may lie outside the loader's path.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

answers = os.dup(1)
os.dup2(2, 1)  # whatever a driver prints goes where nobody reads
PYNVML, *FOLDERS = sys.argv[1:]

#: nvml.h: do not fail where there is no GPU. A GPU is initialised only when its handle is taken.
NO_GPUS = 1
#: cuda.h: CUDA_ERROR_NO_DEVICE, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR.
NO_DEVICE, MAJOR, MINOR = 100, 75, 76


def say(kind: bytes, answer: object) -> None:
    os.write(answers, b"customtags " + kind + b" " + json.dumps(answer).encode() + b"\n")


def ask() -> object:
    """Ask NVML, and libcuda where that can't tell; None where this Python can't load a library."""
    try:
        import ctypes
    except ImportError:
        return None
    libcuda, libnvml = load(ctypes, "libcuda.so.1"), load(ctypes, "libnvidia-ml.so.1")
    if libcuda is None:
        return {"fault": "libcuda.so.1 can't be loaded"}
    if libnvml is not None and not forward_compatible():
        nvml = pynvml() or Nvml(ctypes, libnvml)
        try:
            return by_nvml(nvml)
        except (nvml.NVMLError, AttributeError):  # the driver refused, or lacks a function
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
    """Tell whether libcuda is that of a forward compatibility package.

    https://docs.nvidia.com/deploy/cuda-compatibility/#forward-compatibility: it speaks of a newer CUDA than the
    driver's, and works on some GPUs only. NVML repeats what it says; only initialising it shows whether it is true.
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
    except Exception:  # noqa: BLE001 - a broken one is none
        return None
    return pynvml


class Nvml:
    """What is needed of pynvml, where it is not installed."""

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
    """Ask NVML for the versions, which are a draft, and then for what each GPU is.

    A GPU that refuses, because it fell off the bus or belongs to somebody else, is not one of this machine's.
    """
    nvml.nvmlInitWithFlags(NO_GPUS)
    # _v2 asks libcuda; the one without would invent a version where that is missing.
    facts = described("NVML", nvml.nvmlSystemGetCudaDriverVersion_v2())
    driver = nvml.nvmlSystemGetDriverVersion()
    facts["driver"] = driver.decode("ascii", "replace") if isinstance(driver, bytes) else driver
    say(b"draft", facts)
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
    """Ask libcuda, which must be initialised: its version alone does not say that it works."""
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
    answer = ask()
except Exception as error:  # noqa: BLE001 - it is told
    answer = {"fault": f"{type(error).__name__}: {error}"}
say(b"final", answer)
os._exit(0)  # nvmlShutdown, and what else runs at exit, may hang
