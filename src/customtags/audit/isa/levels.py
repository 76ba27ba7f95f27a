"""Pure: which level of its architecture an instruction requires, by the CPU feature that it belongs to.

The levels and their features are those of the dimension ``isa``, in the kernel's words; decoders and the manuals of
Intel and Arm have others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from customtags.machine.dimensions.isa import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ABOVE", "BASE", "NAMES", "NUMBERS", "name", "number", "title"]

#: The number of the level that is the base itself; no segment names it.
BASE = 1

#: Architecture → how the base would be named.
_BASES = {"x86_64": "v1", "aarch64": "v8_0"}

#: Architecture → the kernel's word for a feature → the manual's. What is missing here, no instruction of compiled code
#: shows: LAHF, OSXSAVE, dcpop, flagm, wfxt. v9_0 counts as SVE, which is optional before it.
#:
#: Intel: SDM volume 2, "CPUID feature flag". Arm: DDI 0487, part A2.
_MANUALS = {
    "x86_64": {
        "pni": "SSE3",
        "cx16": "CMPXCHG16B",
        "abm": "LZCNT",
        **{
            word: word.upper()
            for word in (
                *("ssse3", "sse4_1", "sse4_2", "popcnt"),
                *("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"),
                *("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
            )
        },
    },
    "aarch64": {
        "atomics": "LSE",
        "crc32": "CRC32",
        "asimdrdm": "RDM",
        "fcma": "FCMA",
        "jscvt": "JSCVT",
        "lrcpc": "LRCPC",
        "asimddp": "DotProd",
        "ilrcpc": "LRCPC2",
        "frint": "FRINTTS",
        "bf16": "BF16",
        "i8mm": "I8MM",
        "sve2": "SVE",
    },
}

#: Architecture → features that are in no level: no name can promise them, so that they require a check at run time.
#: What no CPU faults on (CET, PREFETCHW, PAUSE), and what is checked one by one wherever it is used (RDRAND, RTM, ADX,
#: cache control), is in neither table, and counts as the base.
_IN_NO_LEVEL = {
    "x86_64": "AES PCLMULQDQ SHA GFNI VAES VPCLMULQDQ SM3 SM4 SHA512 SSE4A FMA4 XOP TBM"
    " AVX_VNNI AVX_IFMA AVX_NE_CONVERT AVX_VNNI_INT8 AVX_VNNI_INT16"
    " AVX512_VBMI AVX512_VBMI2 AVX512_IFMA AVX512_VNNI AVX512_BITALG AVX512_VPOPCNTDQ"
    " AVX512_BF16 AVX512_FP16 AVX512_VP2INTERSECT AVX512ER AVX512PF AVX512_4FMAPS AVX512_4VNNIW"
    " AMX_TILE AMX_INT8 AMX_BF16 AMX_FP16 AMX_COMPLEX",
    "aarch64": "AES SHA SME",
}


def _rows(arch: str) -> dict[str, list[str]]:
    """Return the levels that instructions can show, lowest first, each with the features that it adds."""
    rows: dict[str, list[str]] = {_BASES[arch]: []}
    left = dict(_MANUALS[arch])
    for each, words in LEVELS[arch]:
        added = [left.pop(word) for word in words.split() if word in left]
        if added:
            rows[each] = added
    return rows


#: Architecture → its levels, lowest first. The first has the number 1.
NAMES = {arch: tuple(_rows(arch)) for arch in _BASES}

#: Architecture → the number that stands for "in no level".
ABOVE = {arch: len(names) + 1 for arch, names in NAMES.items()}

#: Architecture → feature, in the manual's word → the number of its level.
NUMBERS = {
    arch: {
        **{f: level for level, row in enumerate(_rows(arch).values(), BASE) for f in row},
        **dict.fromkeys(_IN_NO_LEVEL[arch].split(), ABOVE[arch]),
    }
    for arch in _BASES
}


def number(features: Iterable[str], arch: str = "x86_64") -> int:
    """Return the number of the lowest level that has all of these features.

    >>> number(["AVX", "GFNI"]), number(["AVX512VL", "AVX512F"]), number(["SSE2"])
    (5, 4, 1)
    """
    return max((NUMBERS[arch].get(each, BASE) for each in features), default=BASE)


def name(level: int, arch: str) -> str:
    """Return the segment of a level, ``v3``; the base, which has none, is ``v1`` or ``v8_0``."""
    return NAMES[arch][level - 1]


def title(level: int, arch: str) -> str:
    """Return a level as documentation calls it.

    >>> title(1, "x86_64"), title(3, "x86_64"), title(5, "x86_64"), title(2, "aarch64")
    ('x86-64', 'x86-64-v3', 'more than x86-64-v4', 'Armv8.1-A')
    """
    if level == ABOVE[arch]:
        return f"more than {title(level - 1, arch)}"
    if arch == "aarch64":
        return f"Arm{name(level, arch).replace('_', '.')}-A"
    return "x86-64" if level == BASE else f"x86-64-{name(level, arch)}"
