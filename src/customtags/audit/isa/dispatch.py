"""What tells that code is chosen at run time: names, what is imported, and the instruction that asks the CPU."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from customtags.audit.isa import symbols

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customtags.audit.isa.functions import Functions
    from customtags.wheels.elf import Elf

__all__ = ["declared", "implied", "sign"]

#: What a name says → the levels that a CPU has for which such code is chosen; 5 is what is in no level. As in
#: ``sum.avx2``, ``loops.dispatch.AVX512_SKX.c``, ``dgemm_kernel_HASWELL``, ``f.arch_x86_64_v3`` (GCC's target_clones).
_IMPLY = {
    r"ssse3|sse[34]|popcnt|nehalem|penryn|westmere|x86_64_v2": {2},
    r"aes_?ni|aes_hw|v?aes_|clmul|pclmul|sha_?ni|sha_?ext": {2, 5},
    r"avx2?(?![\da-z]*512)|fma[34]?(?![a-z])|bmi[12]?(?![a-z])|f16c|(sandy|ivy)_?bridge|haswell|broadwell"
    r"|skylake(?!_?x|_?avx)|znver[123]|zen[123]?(?![a-z\d])|x86_64_v3": {2, 3},
    r"vaes|vpclmul|avx_?vnni|alderlake|bulldozer|piledriver|steamroller|excavator|fma4|xop": {
        2,
        3,
        5,
    },
    r"avx_?512|skx|skylake_?x|skylake_?avx|cascadelake|knl|x86_64_v4": {2, 3, 4},
    r"vnni|vbmi|ifma|bf16|fp16|gfni|amx_?(bf|int|tile)|icl(?![a-z])|icelake|cooperlake|cannonlake|spr(?![a-z])"
    r"|sapphire_?rapids|znver[45]|zen[45]": {2, 3, 4, 5},
}

#: The same for AArch64, where names are few.
_IMPLY_ARM = {
    r"_?aarch64_(cas|swp|ld)|lse(?![a-z])|crc32|rdma": {2},
    r"dotprod|asimddp": {2, 3, 4},
    r"i8mm|bf16": {2, 3, 4, 5, 6},
    r"sve2?(?![a-z])|neoverse|a64fx|armv9": {2, 3, 4, 5, 6, 7},
    r"sme\d?(?![a-z])|crypto|aes_|sha": {8},
}

_NAMES = {
    arch: [
        (re.compile(f"(?<![a-z])({pattern})", re.IGNORECASE), levels)
        for pattern, levels in table.items()
    ]
    for arch, table in (("x86_64", _IMPLY), ("aarch64", _IMPLY_ARM))
}

#: What a file imports to know the CPU: libgcc's and compiler-rt's __cpu_model, glibc's __x86_get_cpuid_feature_leaf,
#: cpuinfo_has_x86_avx2, av_get_cpu_flags, getauxval (AT_HWCAP).
_ASKS = re.compile(
    r"cpu_?(id|info|model|features?|flags|supports|indicator|caps|has)|getauxval|hwcap",
    re.IGNORECASE,
)

_CPUID = b"\x0f\xa2"

#: How many places are looked at; by chance these two bytes stand once in 64 KiB.
_MOST = 100_000


class Reader(Protocol):
    """What can tell whether an instruction at a place asks the CPU."""

    def asks(self, code: bytes, place: int) -> bool:
        """Tell it."""


def implied(name: str, arch: str = "x86_64") -> set[int]:
    """Give the levels that a name says are asked for before its code is run.

    >>> implied("sum.avx2"), implied("loops.dispatch.AVX512_SKX.c:add"), implied("sum")
    ({2, 3}, {2, 3, 4}, set())
    """
    return set().union(*(levels for pattern, levels in _NAMES[arch] if pattern.search(name)))


def declared(patterns: Sequence[str], *names: str) -> bool:
    """Tell whether one of the names is in a project's list of what it chooses at run time.

    >>> declared(["polars*"], "polars/polars.abi3.so"), declared(["*_avx2"], "sum", "x.so")
    (True, False)
    """
    return any(fnmatchcase(name, pattern) for name in names if name for pattern in patterns)


def sign(elf: Elf, functions: Functions, reader: Reader) -> str:
    """Give what in a file asks the CPU what it has, as one clause; empty if nothing does."""
    for symbol in elf.dynamic_symbols(defined=False):
        if _ASKS.search(symbol.name):
            return f"{symbol.name} is imported"
    chosen = symbols.chosen_by_loader(elf)
    if chosen:
        return f"{chosen} is chosen by the loader"
    found = islice(functions.find(_CPUID), _MOST)
    if any(reader.asks(code, place) for code, place in found):
        return "cpuid is used"
    return ""
