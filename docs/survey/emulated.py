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

__all__ = ["BETWEEN", "MODELS", "Cpus", "Outcome", "clean"]

#: The number of a level → QEMU's CPUs that have it and no higher one. qemu64 has SSE3 and CMPXCHG16B beyond x86-64, as CPUs have had since
#: 2005, and NumPy 1 requires SSE3; the second one has x86-64 alone. QEMU has no AVX-512.
MODELS: Mapping[int, tuple[str, ...]] = {
    1: ("qemu64", "qemu64,-pni,-cx16"),
    2: ("Nehalem",),
    3: ("Haswell",),
}

#: A level → CPUs that have a part of what it adds: AVX, and not AVX2 or FMA.
BETWEEN: Mapping[int, tuple[str, ...]] = {3: ("SandyBridge",)}

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
    """CPUs for single processes.

    :param folder: where the emulator and the library that reports are kept
    """

    def __init__(self, folder: Path) -> None:
        self._reports = folder / "illegal.so"
        folder.mkdir(parents=True, exist_ok=True)
        self._qemu = Emulator(folder).qemu("x86_64")
        source = Path(__file__).with_name("illegal.c")
        # The emulator does not align the stack of a handler as compilers expect.
        options = ("-O1", "-march=x86-64", "-mstackrealign", "-shared", "-fPIC", "-o")
        subprocess.run(["cc", *options, self._reports, source], check=True)

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
        words = [self._qemu, "-cpu", model, *settings, *command]
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
