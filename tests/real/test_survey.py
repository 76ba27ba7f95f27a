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
