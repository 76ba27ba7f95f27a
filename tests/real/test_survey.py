"""The survey finds out which file an illegal instruction is in, on a real emulator."""

from __future__ import annotations

import importlib
import platform
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from needs import lacking, requires
from real.emulation import KEYS

if TYPE_CHECKING:
    import pytest

    from real.emulation import Emulator

#: An instruction of SSE4.1, which x86-64-v2 has and x86-64 has not.
LIBRARY = """
void dies(void) { __asm__ volatile ("pinsrq $0, %%rax, %%xmm0" ::: "xmm0"); }
"""
PROGRAM = "void dies(void); int main(void) { dies(); return 0; }"


@requires(platform.machine() == "x86_64", "x86-64")
def test_an_illegal_instruction_is_of_the_file_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    if not shutil.which("cc") or not shutil.which("apt-get") or not Path(KEYS).exists():
        lacking("a C compiler, or Debian's apt")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs"))
    emulated = importlib.import_module("survey.emulated")
    (tmp_path / "library.c").write_text(LIBRARY)
    (tmp_path / "program.c").write_text(PROGRAM)
    library = tmp_path / "libdies.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "library.c"], check=True)
    link = [f"-L{tmp_path}", "-ldies", f"-Wl,-rpath,{tmp_path}"]
    program = tmp_path / "program"
    subprocess.run(["cc", "-o", program, tmp_path / "program.c", *link], check=True)
    cpus = emulated.Cpus(Path(pytestconfig.cache.mkdir("emulation")))
    found = cpus.run("qemu64", [program], tmp_path)
    assert (found.status, found.path) == ("illegal", str(library.resolve()))
    assert found.code.startswith("66480f3a22c000")
    symbols = subprocess.run(["nm", library], capture_output=True, text=True, check=True).stdout
    (start,) = (int(line.split()[0], 16) for line in symbols.splitlines() if line.endswith(" dies"))
    assert start <= found.address < start + 16
    assert cpus.run("Nehalem", [program], tmp_path).status == "runs"


#: Prints the features that the system tells programs of (AT_HWCAP), and runs CRC32, which Armv8.0 leaves open.
OPTIONAL = """
import ctypes, mmap, struct
auxv = open("/proc/self/auxv", "rb").read()
print(dict(struct.iter_unpack("QQ", auxv))[16], flush=True)
code = mmap.mmap(-1, 4096, prot=7)
code.write(struct.pack("<II", 0x9AC04C00, 0xD65F03C0))  # crc32x w0, w0, x0; ret
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
"""


@requires(platform.machine() == "x86_64", "x86-64, whose QEMU is changed")
def test_the_lowest_cpu_of_arm_lacks_what_armv8_0_leaves_open(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs"))
    emulated = importlib.import_module("survey.emulated")
    qemu, root = emulator.qemu("aarch64"), emulator.root("aarch64")
    told = []
    for each, status in ((qemu, 0), (emulated.without_options(qemu, tmp_path / "qemu"), -4)):
        command = [each, "-L", root, "-cpu", "cortex-a53", f"{root}/usr/bin/python3.13"]
        command += ["-I", "-S", "-c", OPTIONAL]
        done = subprocess.run(command, capture_output=True, check=False, env=emulated.clean())
        assert done.returncode == status, done.stderr
        told.append(int(done.stdout))
    named, bare = told
    optional = 0b11111000  # AES, PMULL, SHA1, SHA2, CRC32 (asm/hwcap.h)
    assert named & optional == optional
    assert bare == named & ~optional
