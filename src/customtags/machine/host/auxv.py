"""Ask the C library for its copy of the auxiliary vector (getauxval(3)), which needs no /proc."""

from __future__ import annotations

__all__ = ["masks"]

#: AT_HWCAP and AT_HWCAP2 (<elf.h>).
MASKS = (16, 26)


def masks() -> dict[int, int] | None:
    """Give the entries that are masks of CPU features; glibc and musl have them since long before PEP 600."""
    try:
        import ctypes

        getauxval = ctypes.CDLL(None)["getauxval"]
    except (ImportError, OSError, AttributeError):  # a minimal or a static interpreter
        return None
    getauxval.argtypes, getauxval.restype = [ctypes.c_ulong], ctypes.c_ulong
    return {entry: getauxval(entry) for entry in MASKS}
