"""Pure: the architecture that an ELF header names (ELF gABI 4, "ELF Header"; psABI supplements)."""

from __future__ import annotations

__all__ = ["arch", "machine_name"]

#: e_machine → the word of ``uname -m``, its family's if the byte order decides, or the vendor's for GPU code.
_MACHINES = {
    3: "i686",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "armv7l",
    62: "x86_64",
    183: "aarch64",
    190: "cuda",
    224: "amdgpu",
    243: "riscv64",
    258: "loongarch64",
}

#: Of these, the ones with 32 bits, and the big-endian ones.
_SMALL, _BIG = ("i686", "ppc", "armv7l"), ("ppc", "ppc64", "s390x")


def machine_name(number: int, *, little: bool) -> str | None:
    """Return the name of an ``e_machine``, None if it is unknown."""
    name = _MACHINES.get(number)
    return "ppc64le" if name == "ppc64" and little else name


def arch(header: bytes) -> str | None:
    """Return the architecture of a program from its first 20 bytes, None if it is unknown."""
    if len(header) < 20 or header[:4] != b"\x7fELF":
        return None
    small, little = header[4] == 1, header[5] == 1
    number = int.from_bytes(header[18:20], "little" if little else "big")
    name = machine_name(number, little=little)
    usual = small == (name in _SMALL) and little == (name not in _BIG)
    return name if usual else None
