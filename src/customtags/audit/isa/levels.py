"""Pure: which level of its architecture an instruction needs, by the CPU feature that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ABOVE", "BASE", "FEATURES", "NAMES", "level", "name"]

#: The number of the level that is the base itself; no segment names it.
BASE = 1

#: Architecture → its levels, lowest first, as the dimension ``isa`` names them. Number 1 is the base. What is one above
#: the last is in no level: no name can promise it, so that it must stand behind a question at run time.
NAMES = {
    "x86_64": ("v1", "v2", "v3", "v4"),
    "aarch64": ("v8_0", "v8_1", "v8_3", "v8_4", "v8_5", "v8_6", "v9_0"),
}

#: Architecture → the number that stands for "in no level".
ABOVE = {arch: len(names) + 1 for arch, names in NAMES.items()}

#: Level → the features that it adds; what no row names is in the base.
#:
#: x86_64: System V psABI (gitlab.com/x86-psABIs/x86-64-ABI), "Micro-Architecture Levels", in the words of Intel's manual
#: (SDM volume 2, "CPUID feature flag"). LAHF and OSXSAVE, which levels have too, no compiled code tells.
#: What no CPU faults on (CET, PREFETCHW, PAUSE), and what is asked for one by one wherever it is used (RDRAND,
#: RTM, ADX, cache control), is left out.
#:
#: aarch64: what each version makes mandatory (Arm ARM, DDI 0487, part A2). SVE is optional before 9.0, CRC32 in 8.0.
FEATURES = {
    "x86_64": {
        2: "SSE3 SSSE3 SSE4_1 SSE4_2 POPCNT CMPXCHG16B",
        3: "AVX AVX2 BMI1 BMI2 F16C FMA LZCNT MOVBE",
        4: "AVX512F AVX512BW AVX512CD AVX512DQ AVX512VL",
        5: "AES PCLMULQDQ SHA GFNI VAES VPCLMULQDQ SM3 SM4 SHA512 SSE4A FMA4 XOP TBM"
        " AVX_VNNI AVX_IFMA AVX_NE_CONVERT AVX_VNNI_INT8 AVX_VNNI_INT16"
        " AVX512_VBMI AVX512_VBMI2 AVX512_IFMA AVX512_VNNI AVX512_BITALG AVX512_VPOPCNTDQ"
        " AVX512_BF16 AVX512_FP16 AVX512_VP2INTERSECT AVX512ER AVX512PF AVX512_4FMAPS AVX512_4VNNIW"
        " AMX_TILE AMX_INT8 AMX_BF16 AMX_FP16 AMX_COMPLEX",
    },
    "aarch64": {
        2: "LSE CRC32 RDM",
        3: "FCMA JSCVT LRCPC",
        4: "DotProd LRCPC2",
        5: "FRINTTS",
        6: "BF16 I8MM",
        7: "SVE",
        8: "AES SHA SME",
    },
}


def level(features: Iterable[str], arch: str = "x86_64") -> int:
    """Give the number of the lowest level that has all of these features.

    >>> level(["AVX", "GFNI"]), level(["AVX512VL", "AVX512F"]), level(["SSE2"])
    (5, 4, 1)
    """
    rows = FEATURES[arch].items()
    return max((number for f in features for number, has in rows if f in has.split()), default=BASE)


def name(number: int, arch: str = "x86_64") -> str:
    """Name a level as a segment does, the base ``v1``."""
    names = NAMES[arch]
    return names[number - 1] if number <= len(names) else f"more than {names[-1]}"
