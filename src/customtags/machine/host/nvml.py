"""The facts of NVIDIA's driver: NVML and libcuda in a child process, or nvidia-smi if Python cannot load them."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Files(Protocol):
        """What is read of a machine to tell one driver from another."""

        def glance(self, path: str, limit: int = ...) -> str | None:
            """Return the beginning of a file, None if it is not readable."""

        def names(self, path: str) -> list[str]:
            """Return the names in a folder."""


__all__ = ["from_driver", "from_program"]

#: Folders of the libraries outside the loader's path: containers of GKE and older runtimes, RPM Fusion, WSL 2, NixOS,
#: Tegra.
OUTSIDE = (
    *("/usr/local/nvidia/lib64", "/usr/lib64/nvidia", "/usr/lib/wsl/lib"),
    *(
        "/run/opengl-driver/lib",
        "/usr/lib/aarch64-linux-gnu/tegra",
        "/usr/lib/aarch64-linux-gnu/nvidia",
    ),
)

#: Folders on the loader's path.
INSIDE = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")

LIBRARIES = ("libcuda.so.1", "libnvidia-ml.so.1")

#: These hide GPUs in one session; what is installed must also fit the next session.
HIDDEN = ("CUDA_VISIBLE_DEVICES",)

#: The lifetime in seconds of a complete answer, and of a draft or a fault.
WHOLE, BRIEF = 24 * 3600, 600


def from_driver(host: Files) -> dict[str, Any] | None:
    """Return the driver's facts, or ``{"fault": why}`` if it fails.

    :returns: ``{"cuda": [12, 4], "capabilities": [[9, 0], …], "driver": "550.54.14", "library": "NVML"}``;
        None if no child process can be started, or this Python has no ctypes
    """
    from customtags.machine.host import cache

    key = _key(host)
    known: dict[str, Any] | None = cache.read("nvidia", key)
    if known is not None:
        return known
    from customtags.machine.host import child

    script = os.path.join(os.path.dirname(__file__), "_ask_nvml.py")
    try:
        answer, fault = child.run(script, _pynvml(), *OUTSIDE, hidden=HIDDEN)
    except OSError:
        return None
    if answer is None and fault is None:
        return None
    if answer is None or not _makes_sense(answer):
        answer = {"fault": f"the driver {fault or 'answered nonsense'}"}
    cache.write("nvidia", key, answer, BRIEF if fault or "fault" in answer else WHOLE)
    return answer


def from_program(host: Files) -> dict[str, Any] | None:
    """Return the CUDA version that ``nvidia-smi`` prints above its table, None without that program or line."""
    from customtags.machine.host import cache

    key = _key(host)
    known: dict[str, Any] | None = cache.read("nvidia-smi", key)
    if known is None:
        version = _smi()
        known = {"cuda": version, "capabilities": [], "driver": None} if version else {}
        cache.write("nvidia-smi", key, known, WHOLE if version else BRIEF)
    return known or None


def _smi() -> list[int] | None:
    from contextlib import closing

    from customtags.machine.host import child

    folders = os.environ.get("PATH", os.defpath).split(":")
    program = next(
        (
            f"{each}/nvidia-smi"
            for each in (*folders, *OUTSIDE)
            if os.access(f"{each}/nvidia-smi", os.X_OK)
        ),
        None,
    )
    if program is None:
        return None
    try:
        with closing(child.lines([program], child.LIMIT)) as output:
            for line in output:
                _, found, rest = line.partition(b"CUDA Version:")
                major, _, minor = (rest.split() or [b""])[0].partition(b".")
                if found:
                    numbers = (
                        [int(major), int(minor)] if major.isdigit() and minor.isdigit() else []
                    )
                    return numbers or None
    except OSError:  # TimeoutError is one, too
        pass
    return None


def _pynvml() -> str:
    """Return the folder of pynvml, empty without it; importing it would cost the installer 40 ms."""
    from importlib.util import find_spec

    try:
        found = find_spec("pynvml")
    except ValueError:  # a module without a specification in sys.modules
        found = None
    return os.path.dirname(found.origin) if found and found.origin else ""


def _makes_sense(answer: object) -> bool:
    """Return whether it is a fault, or numbers within NVML's own bounds of a version, 1000 and 99990."""
    if not isinstance(answer, dict) or "fault" in answer:
        return isinstance(answer, dict)
    numbers = [answer["cuda"], *answer["capabilities"]]
    plain = str(answer["driver"] or "").isprintable()
    return plain and all(1 <= major < 100 and 0 <= minor < 100 for major, minor in numbers)


def _key(host: Files) -> list[Any]:
    """Return what the answer depends on: the boot, the driver, the devices, and the libraries."""
    search = [each for each in os.environ.get("LD_LIBRARY_PATH", "").split(":") if each]
    return [
        host.glance("/proc/sys/kernel/random/boot_id", 64),
        host.glance("/sys/module/nvidia/version", 64),
        host.names("/proc/driver/nvidia/gpus"),
        [name for name in host.names("/dev") if name.startswith("nvidia")],
        search,
        [_stamp(f"{each}/{name}") for each in (*search, *OUTSIDE, *INSIDE) for name in LIBRARIES],
    ]


def _stamp(path: str) -> list[int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]
