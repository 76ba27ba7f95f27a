"""The auxiliary vector, in which the kernel tells a process what CPU it runs on (getauxval(3)).

An emulator writes it too, so it speaks of the emulated CPU, which ``/proc/cpuinfo`` often does not.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

__all__ = ["HWCAP", "HWCAP2", "from_libc", "parse"]

#: The entries that are masks of CPU features (<elf.h>); their bits are the architecture's own.
HWCAP, HWCAP2 = 16, 26


def parse(content: bytes) -> dict[int, int]:
    """Read pairs of 64-bit words, type and value, in the byte order of the machine that wrote them.

    Types are small numbers, so that the first byte tells the order.
    """
    order: Literal["big", "little"] = "big" if content[:1] == b"\0" else "little"
    words = [int.from_bytes(content[at : at + 8], order) for at in range(0, len(content), 8)]
    return dict(zip(words[::2], words[1::2]))


def from_libc() -> dict[int, int] | None:
    """Ask the C library, which keeps its own copy (glibc ≥ 2.16, musl ≥ 1.1); no ``/proc`` is needed."""
    try:
        import ctypes

        getauxval = ctypes.CDLL(None)["getauxval"]
    except (ImportError, OSError, AttributeError):  # a minimal or a static interpreter
        return None
    getauxval.argtypes, getauxval.restype = [ctypes.c_ulong], ctypes.c_ulong
    return {entry: getauxval(entry) for entry in (HWCAP, HWCAP2)}
