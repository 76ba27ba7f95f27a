"""Programs on emulated CPUs: whether they run there, and which file an illegal instruction is in.

An illegal instruction kills a process by SIGILL without a word about its place. A library that the loader puts before all others
(LD_PRELOAD, `illegal.c`) handles the signal and prints it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.append(str(Path(__file__).parents[2] / "tests"))
from real.emulation import Emulator
from real.environments import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BASE", "BETWEEN", "MODELS", "Cpus", "Outcome", "clean", "without_options"]

#: The number of a level of x86-64 → QEMU's CPUs that have it and no higher one. qemu64 has SSE3 and CMPXCHG16B beyond x86-64, as CPUs have
#: had since 2005, and NumPy 1 requires SSE3; the second one has x86-64 alone. QEMU has no AVX-512.
MODELS: Mapping[int, tuple[str, ...]] = {
    1: ("qemu64", "qemu64,-pni,-cx16"),
    2: ("Nehalem",),
    3: ("Haswell",),
}

#: Architecture → its CPUs without any level, the lowest one last.
BASE: Mapping[str, tuple[str, ...]] = {"x86_64": MODELS[1], "aarch64": ("cortex-a53",)}

#: A level → CPUs that have a part of what it adds: AVX, and not AVX2 or FMA.
BETWEEN: Mapping[int, tuple[str, ...]] = {3: ("SandyBridge",)}

#: Architecture → what compiles for it. QEMU does not align the stack of a signal's handler as compilers for x86-64 expect.
COMPILERS: Mapping[str, tuple[str, ...]] = {
    "x86_64": ("cc", "-march=x86-64", "-mstackrealign"),
    "aarch64": (sys.executable, "-m", "ziglang", "cc", "-target", "aarch64-linux-gnu.2.17"),
}

#: Debian 12, which has CPython 3.11, and its packages: the interpreter, and the libraries that wheels take from the system.
SUITE = "bookworm"
PACKAGES = (
    *("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "base-files"),
    *("libc6", "libgcc-s1", "libstdc++6", "libgomp1", "libcrypt1", "libuuid1", "libffi8"),
    *("libexpat1", "zlib1g", "libbz2-1.0", "liblzma5", "libsqlite3-0", "libssl3"),
    *("libgl1", "libglvnd0", "libglx0", "libx11-6", "libxext6", "libxcb1", "libxau6", "libxdmcp6"),
    *("libbsd0", "libmd0", "libglib2.0-0", "libpcre2-8-0", "libice6", "libsm6"),
)

#: The instruction of QEMU for x86-64 that gives the Cortex-A35, A53, A57 and A72 their ID_AA64ISAR0_EL1, and its number: AES, SHA1,
#: SHA256 and CRC32.
_FEATURES = re.compile(rb"(\x48\xc7\x80.{4})\x20\x11\x01\x00", re.DOTALL)

#: After how many seconds a program is stopped: the emulation is 10 to 50 times slower than this machine.
SECONDS = 900

_ILLEGAL = re.compile(r"^ILLEGAL 0x([0-9a-f]+) ([0-9a-f]{30}) (.*)$", re.MULTILINE)

#: What a program says that checks the CPU itself, and refuses it.
_REFUSES = re.compile(
    r"\bCPU|processor|x86.64|x86_v\d|\bAVX|\bSSE|instruction set|baseline", re.IGNORECASE
)

#: A library in a message, and the Python files in a traceback.
_FILE, _CODE = re.compile(r"(/[^\s:\"]+\.so[^\s:\"]*)"), re.compile(r'File "([^"]+)"')


class Outcome(NamedTuple):
    """What came of a program on a CPU.

    :ivar model: QEMU's name of the CPU
    :ivar status: ``runs``, ``illegal`` instruction, ``refuses`` the CPU with a message, ``fails`` otherwise, or ``slow``
    :ivar path: the file of the illegal instruction, or the one that refuses; empty for code that was made at run time
    :ivar address: its address in that file
    :ivar code: its bytes, and those that follow
    :ivar says: the message of an error
    """

    model: str
    status: str
    path: str = ""
    address: int = 0
    code: str = ""
    says: str = ""


class Cpus:
    """CPUs of one architecture for single processes.

    :ivar python: an interpreter for it
    :param folder: where the emulator and the library that reports are kept
    """

    def __init__(self, folder: Path, arch: str = "x86_64") -> None:
        self.arch, self.python = arch, Path(sys.executable).resolve()
        self._reports = folder / f"illegal-{arch}.so"
        folder.mkdir(parents=True, exist_ok=True)
        qemu = Emulator(folder).qemu(arch)
        self._emulator: list[object] = [qemu]
        if arch == "aarch64":
            debian = folder / SUITE
            debian.mkdir(exist_ok=True)
            root = Emulator(debian, (SUITE,)).unpack(arch, "arm64", *PACKAGES)
            self.python = root / "usr/bin/python3.11"
            self._emulator = [without_options(qemu, debian / "qemu"), "-L", root]
        source = Path(__file__).with_name("illegal.c")
        options = ("-O1", "-shared", "-fPIC", "-o", self._reports, source)
        subprocess.run([*COMPILERS[arch], *options], check=True)

    def run(self, model: str, command: Sequence[object], site: Path) -> Outcome:
        """Run a program that is able to import what a folder has."""
        environment = {
            "LD_PRELOAD": str(self._reports),
            "PYTHONPATH": str(site),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(site),
            "OMP_NUM_THREADS": "2",
        }
        settings = [word for pair in environment.items() for word in ("-E", "=".join(pair))]
        words = [*self._emulator, "-cpu", model, *settings, *command]
        kept = {name: text for name, text in clean().items() if not name.startswith("OPENBLAS_")}
        try:
            done = subprocess.run(
                list(map(str, words)),
                capture_output=True,
                check=False,
                env=kept,
                cwd=site,
                timeout=SECONDS,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return Outcome(model, "slow", says=f"stopped after {SECONDS} s")
        errors = done.stderr.decode("utf-8", "replace")
        outcome = _outcome(model, done.returncode, errors)
        path = os.path.realpath(site / outcome.path) if outcome.path else ""
        return outcome._replace(path=path)


def without_options(qemu: Path, copy: Path) -> Path:
    """Write a copy of QEMU whose Armv8.0 cores lack what Armv8.0 leaves open, as QEMU has no option for that.

    :raises RuntimeError: it is another QEMU than the one that is known
    """
    bare, places = _FEATURES.subn(rb"\1\0\0\0\0", qemu.read_bytes())
    if not places:
        raise RuntimeError(f"{qemu}: the features of Armv8.0 cores were not found")
    copy.write_bytes(bare)
    copy.chmod(0o755)
    return copy


def _outcome(model: str, status: int, errors: str) -> Outcome:
    found = _ILLEGAL.search(errors)
    if found:
        address, code, path = found.groups()
        return Outcome(model, "illegal", path, int(address, 16), code)
    lines = [line for line in errors.splitlines() if line.strip() and not line.startswith("qemu")]
    if not status:
        return Outcome(model, "runs")
    if status in (-4, 132):
        return Outcome(model, "illegal")
    refusing = [at for at, line in enumerate(lines) if line[0] != " " and _REFUSES.search(line)]
    if refusing:
        message = " ".join(line.strip() for line in lines[refusing[0] :])[:300]
        files = _FILE.findall(lines[refusing[0]]) or _CODE.findall(errors) or [""]
        return Outcome(model, "refuses", files[-1], says=message)
    return Outcome(
        model, "fails", says=f"exit status {status}: {lines[-1].strip()[:300] if lines else ''}"
    )
