"""Pure: the architecture that an ELF header names (ELF gABI 4, "ELF Header"; psABI supplements)."""

from __future__ import annotations

__all__ = ["arch"]

#: (e_machine, 64-bit, little-endian) → the word of ``uname -m``.
_ARCHES = {
    (3, False, True): "i686",
    (62, True, True): "x86_64",
    (40, False, True): "armv7l",
    (183, True, True): "aarch64",
    (21, True, True): "ppc64le",
    (22, True, False): "s390x",
    (243, True, True): "riscv64",
    (258, True, True): "loongarch64",
}


def arch(header: bytes) -> str | None:
    """Name the architecture of a program by its first 20 bytes, None if it is none that is known."""
    if len(header) < 20 or header[:4] != b"\x7fELF":
        return None
    little = header[5] == 1
    machine = int.from_bytes(header[18:20], "little" if little else "big")
    return _ARCHES.get((machine, header[4] == 2, little))
