"""What a wheel was compiled for, read of its binaries."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

from customtags.wheels.elf import Elf

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["V2", "V3", "levels"]

#: GNU_PROPERTY_X86_ISA_1_V2 and _V3 (psABI, section "Program Property"), as GNU ld writes them for -z x86-64-v….
V2, V3 = 1 << 1, 1 << 2


def levels(wheel: Path) -> set[tuple[str, int | None]]:
    """Return the levels that the binaries in a wheel were compiled for, and the masks that the linker wrote."""
    with zipfile.ZipFile(wheel) as archive:
        files = [archive.read(name) for name in archive.namelist()]
    return {
        (level.decode(), Elf(binary).isa_needed)
        for binary in files
        if binary[:4] == b"\x7fELF"
        for level in re.findall(rb"level=(\w+)", binary)
    }
