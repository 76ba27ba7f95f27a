"""CPUID of an x86 CPU through glibc, which masks what the operating system does not support.

glibc 2.33 and later keep the *active* bits of each CPUID leaf: those that the CPU and the kernel (XCR0) support.
<sys/platform/x86.h>; glibc manual, "X86-specific Facilities".
"""

from __future__ import annotations

import os

__all__ = ["features"]

#: glibc's index of a leaf (sysdeps/x86/bits/platform/x86.h) → register (eax 0, ebx 1, ecx 2) → bit → the kernel's word.
#: Bits: Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E.
_LEAVES: dict[int, dict[int, dict[int, str]]] = {
    0: {  # leaf 1
        2: {
            0: "pni",
            9: "ssse3",
            12: "fma",
            13: "cx16",
            19: "sse4_1",
            20: "sse4_2",
            22: "movbe",
            23: "popcnt",
            27: "xsave",
            28: "avx",
            29: "f16c",
        }
    },
    1: {  # leaf 7
        1: {
            3: "bmi1",
            5: "avx2",
            8: "bmi2",
            16: "avx512f",
            17: "avx512dq",
            28: "avx512cd",
            30: "avx512bw",
            31: "avx512vl",
        }
    },
    2: {2: {0: "lahf_lm", 5: "abm"}},  # leaf 0x80000001
}


def features() -> list[str] | None:
    """Return the supported features in the kernel's words, None if the C library does not provide them."""
    try:
        _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
        major, minor = map(int, version.split(".")[:2])
    except (OSError, ValueError):  # musl has no such name
        return None
    if os.uname().machine != "x86_64" or (major, minor) < (2, 33):
        return None
    try:
        import ctypes
    except ImportError:  # a minimal interpreter
        return None

    class Leaf(ctypes.Structure):
        _fields_ = [("cpuid", ctypes.c_uint * 4), ("active", ctypes.c_uint * 4)]

    try:
        leaf_of = ctypes.CDLL(None)["__x86_get_cpuid_feature_leaf"]
    except (OSError, AttributeError):  # a statically linked interpreter
        return None
    leaf_of.restype = ctypes.POINTER(Leaf)
    leaf_of.argtypes = [ctypes.c_uint]
    return [
        word
        for index, registers in _LEAVES.items()
        for register, bits in registers.items()
        for bit, word in bits.items()
        if leaf_of(index).contents.active[register] >> bit & 1
    ]
