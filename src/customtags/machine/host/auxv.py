"""The auxiliary vector as the C library keeps it (getauxval(3)), which requires no /proc."""

from __future__ import annotations

__all__ = ["masks"]

#: AT_HWCAP and AT_HWCAP2 (<elf.h>).
MASKS = (16, 26)


def masks() -> dict[int, int] | None:
    """Return the entries that are masks of CPU features, None if the C library cannot be called."""
    try:
        import ctypes

        getauxval = ctypes.CDLL(None)["getauxval"]
    except (ImportError, OSError, AttributeError):  # a minimal or statically linked interpreter
        return None
    getauxval.argtypes, getauxval.restype = [ctypes.c_ulong], ctypes.c_ulong
    return {entry: getauxval(entry) for entry in MASKS}
